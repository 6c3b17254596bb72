//! pandas: frames, series, indexes and arrays, whatever holds their values.

use std::sync::Arc;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PySlice;
use rstats::series::NanMeans;

use super::arrow::{self, Rows, Shape, Source};
use super::classes::is_instance;
use super::column::{Column, Values};
use super::items::Missing;
use super::memory::{self, Memory};
use crate::errors::attempt;

/// Whether it is a series or an index.
pub fn is_series(data: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(is_instance(data, "pandas", "Series")? || is_instance(data, "pandas", "Index")?)
}

/// An array of pandas that is no array of NumPy, as a series.
pub fn series_of_array<'py>(data: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    match is_instance(data, "pandas.api.extensions", "ExtensionArray")? {
        true => data.py().import("pandas")?.call_method1("Series", (data,)).map(Some),
        false => Ok(None),
    }
}

/// The column of a frame at an index.
pub fn column_of<'py>(frame: &Bound<'py, PyAny>, index: usize) -> PyResult<Bound<'py, PyAny>> {
    frame.getattr(intern!(frame.py(), "iloc"))?.get_item((PySlice::full(frame.py()), index))
}

/// A level of a frame's index, as a column.
pub fn level_of<'py>(frame: &Bound<'py, PyAny>, level: usize) -> PyResult<Bound<'py, PyAny>> {
    frame.getattr(intern!(frame.py(), "index"))?.call_method1(intern!(frame.py(), "get_level_values"), (level,))
}

/// A series or an index. Where NumPy holds the numbers, NaN is the missing value.
pub fn column<'py>(data: &Bound<'py, PyAny>) -> PyResult<Column<'py>> {
    let py = data.py();
    let name = data.getattr(intern!(py, "name"))?;
    let name = if name.is_none() { None } else { Some(name.str()?.to_string()) };
    let dtype = data.getattr(intern!(py, "dtype"))?;
    let no_numbers = |values| Values::NoNumbers(values, format!("of type {dtype}, which holds no numbers"));
    let values = if is_instance(&dtype, "numpy", "dtype")? {
        let kind: String = dtype.getattr(intern!(py, "kind"))?.extract()?;
        match kind.as_str() {
            "O" => Values::Items(data.call_method0(intern!(py, "to_numpy"))?, Missing::NullAndNan),
            "f" | "i" | "u" | "b" => match memory::memory(&data.call_method0(intern!(py, "to_numpy"))?)? {
                Memory::Numbers(numbers) => Values::from_memory(&numbers, NanMeans::Null),
                Memory::Others(reason) => Values::NoNumbers(data.clone(), reason),
                _ => no_numbers(data.clone()),
            },
            // An index of times gives its values one by one; a series of them speaks Arrow.
            "m" | "M" if is_instance(data, "pandas", "Index")? => {
                let series = py.import("pandas")?.call_method1("Series", (data.getattr(intern!(py, "array"))?,))?;
                no_numbers(series)
            }
            _ => no_numbers(data.clone()),
        }
    } else if is_instance(&dtype, "pandas", "SparseDtype")? {
        sparse(data, &dtype)?
    } else if is_instance(&dtype, "pandas", "StringDtype")? {
        no_numbers(data.clone())
    } else {
        let by_value = with_categories_as_values(data, &dtype)?;
        in_arrow(by_value.as_ref().unwrap_or(data))?
    };
    Ok(Column { name, values })
}

/// Categories that are intervals or periods are those themselves: Arrow's dictionaries would forget what they are.
fn with_categories_as_values<'py>(
    data: &Bound<'py, PyAny>,
    dtype: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    if !is_instance(dtype, "pandas", "CategoricalDtype")? {
        return Ok(None);
    }
    let categories = dtype.getattr("categories")?.getattr("dtype")?;
    if is_instance(&categories, "pandas", "IntervalDtype")? || is_instance(&categories, "pandas", "PeriodDtype")? {
        return data.call_method1("astype", (categories,)).map(Some);
    }
    Ok(None)
}

/// Arrow data of a series, or of an index by way of its frame.
fn in_arrow<'py>(data: &Bound<'py, PyAny>) -> PyResult<Values<'py>> {
    if arrow::streams(data)? {
        let (chunks, field) = arrow::column(data)?;
        return Ok(Values::Arrow(chunks, field));
    }
    let source = Source::new(&data.call_method1("to_frame", ("",))?)?;
    let shape = Arc::clone(source.shape());
    let chunks = source.rows(data.py(), &[0])?.into_iter().flat_map(|rows| match rows {
        Rows::Table(_, columns) => columns,
        Rows::Column(chunk) => vec![Ok(chunk)],
    });
    let field = match &*shape {
        Shape::Column(field) => Ok(Arc::clone(field)),
        Shape::Table(fields) => {
            fields.first().map_or(Err("an index without values".to_owned()), |first| first.field.clone())
        }
    };
    Ok(match (field, chunks.collect::<Result<Vec<_>, String>>()) {
        (Ok(field), Ok(chunks)) => Values::Arrow(chunks, field),
        (Err(reason), _) | (_, Err(reason)) => Values::Unreadable(reason),
    })
}

/// Sparse data. Of integers and booleans the gap may be the missing value, which an array of theirs does not hold: then the values
/// go where they belong in a masked array.
fn sparse<'py>(data: &Bound<'py, PyAny>, dtype: &Bound<'py, PyAny>) -> PyResult<Values<'py>> {
    let py = data.py();
    let pandas = py.import("pandas")?;
    let array = data.getattr("array")?;
    let subtype = dtype.getattr("subtype")?;
    let kind: String = subtype.getattr("kind")?.extract()?;
    let gap = array.getattr("fill_value")?;
    if kind == "f" || !pandas.call_method1("isna", (gap,))?.is_truthy()? {
        return Ok(column(&pandas.call_method1("Series", (array.call_method0("to_dense")?,))?)?.values);
    }
    let dense = py.import("numpy.ma")?.call_method1("masked_all", (data.len()?, subtype))?;
    let indices = array.getattr("sp_index")?.call_method0("to_int_index")?.getattr("indices")?;
    dense.set_item(indices, array.getattr("sp_values")?)?;
    Ok(match memory::memory(&dense)? {
        Memory::Numbers(numbers) => Values::from_memory(&numbers, NanMeans::Nan),
        _ => Values::NoNumbers(data.clone(), format!("of type {dtype}, which holds no numbers")),
    })
}

/// Whether an item of an object column is a missing value as pandas has it: NaN of any class, NA, NaT.
pub fn is_missing(item: &Bound<'_, PyAny>) -> PyResult<bool> {
    // A value that is not equal to itself.
    let differs = item.ne(item);
    Ok(attempt(item.py(), differs)?.unwrap_or(false))
}
