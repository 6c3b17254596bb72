//! Python objects as series, keys, weights and lists, each read where it lies.
//!
//! `recognise` says what an object is, once; `column`, `table` and `stream` are what it can be, and what each role makes of it.
//! `labels` has which columns are wanted. How a library's data is read is in `pandas` and `polars`; `arrow` is for what speaks the
//! Arrow PyCapsule interface, `memory` for arrays, `items` for Python objects one by one, `keys` for keys. `classes` knows the
//! libraries' classes, and what to write in place of those that are not described. `across` has the rows of a table as series.

mod across;
pub mod arrow;
mod classes;
mod column;
mod items;
mod keys;
mod labels;
mod memory;
mod pandas;
mod polars;
mod recognise;
mod stream;
mod table;

use arrow_array::ArrayRef;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use rstats::Series;

use column::NoNumbers;

pub use across::across;
pub use classes::is_instance;
pub use column::{AnySeries, Column, Values};
pub use items::Missing;
pub use labels::{Chosen, Labels, Wanted};
pub use memory::ArrayMemory;
pub use recognise::{Object, recognise, series_of};
pub use stream::{Batches, Stream};
pub use table::{Read, ReadValues, Table, choose_of_stream};

/// The one series that an object is. What is missing among Python objects may be an error.
pub fn series(data: &Bound<'_, PyAny>, missing: Missing) -> PyResult<Series> {
    let mut column = column(data)?;
    if let Values::Items(_, of_items @ Missing::Null) = &mut column.values {
        *of_items = missing;
    }
    column.into_only_series()
}

/// The weights of rows.
pub fn weights(data: &Bound<'_, PyAny>) -> PyResult<ArrayRef> {
    column(data)?.with_name(Some("weights".to_owned())).into_weights()
}

/// The times of rows.
pub fn times(data: &Bound<'_, PyAny>) -> PyResult<ArrayRef> {
    Ok(column(data)?.with_name(Some("on".to_owned())).into_keys()?.1)
}

/// The one column that an object is.
fn column<'py>(data: &Bound<'py, PyAny>) -> PyResult<Column<'py>> {
    let class = data.get_type();
    match recognise(data)? {
        Object::Column(column) => Ok(column),
        Object::Stream(stream) if stream.is_series => recognise::series_of(stream, data.py()),
        Object::Array(array) => Err(NoNumbers::of_shape(array.dimensions()).into_error(None)),
        Object::Table(_) | Object::Stream(_) => {
            Err(PyTypeError::new_err(format!("{} is a table, and one series is wanted: give a column", class.name()?)))
        }
        Object::Unknown(wrong) => Err(wrong.into_error(None)),
    }
}
