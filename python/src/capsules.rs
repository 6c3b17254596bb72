//! Objects that speak the Arrow PyCapsule interface. Everything that comes in by it comes in here, and is checked.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_data::ArrayData;
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Schema};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};
use rstats::internal::catch_panic;

pub use crate::arch::Stream;
use crate::arch::capsule;
use crate::errors::from_arrow;
use crate::input::is_instance;

/// Whether an object gives an array, or a stream of them.
pub fn speaks(data: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(streams(data)? || data.hasattr(intern!(data.py(), "__arrow_c_array__"))?)
}

/// Whether an object gives a stream of arrays.
pub fn streams(data: &Bound<'_, PyAny>) -> PyResult<bool> {
    data.hasattr(intern!(data.py(), "__arrow_c_stream__"))
}

/// The stream that an object gives.
pub fn stream(data: &Bound<'_, PyAny>) -> PyResult<Stream> {
    known_sizes(data)?;
    let capsule = data.call_method0(intern!(data.py(), "__arrow_c_stream__"))?;
    import(|| Stream::new(the_capsule(&capsule)?))
}

/// The array that an object gives, and its field.
pub fn array(data: &Bound<'_, PyAny>) -> PyResult<(ArrayRef, Field)> {
    known_sizes(data)?;
    let pair = data.call_method0(intern!(data.py(), "__arrow_c_array__"))?;
    let pair = match pair.cast::<PyTuple>() {
        Ok(pair) if pair.len() == 2 => pair,
        _ => return Err(PyTypeError::new_err("__arrow_c_array__ returns a tuple of two capsules")),
    };
    let (schema, array) = (pair.get_item(0)?, pair.get_item(1)?);
    let field = import(|| capsule::field(the_capsule(&schema)?))?;
    let array = import(|| capsule::array(the_capsule(&array)?, &field))?;
    Ok((array, field))
}

/// The schema that an object gives.
pub fn schema(data: &Bound<'_, PyAny>) -> PyResult<Schema> {
    let schema = data.call_method0(intern!(data.py(), "__arrow_c_schema__"))?;
    let field = import(|| capsule::field(the_capsule(&schema)?))?;
    match field.data_type() {
        DataType::Struct(fields) => Ok(Schema::new(fields.clone()).with_metadata(field.metadata().clone())),
        other => Err(PyValueError::new_err(format!("a schema of type {other} is none of a table"))),
    }
}

/// All arrays of an object, and their field.
pub fn chunks(data: &Bound<'_, PyAny>) -> PyResult<(Vec<ArrayRef>, FieldRef)> {
    if streams(data)? {
        let stream = stream(data)?;
        let field = stream.field().clone();
        return Ok((all(data.py(), stream)?, field));
    }
    let (array, field) = array(data)?;
    Ok((vec![array], field.into()))
}

/// All arrays of a stream. Whoever makes them may need the GIL on another thread.
pub fn all(py: Python<'_>, stream: Stream) -> PyResult<Vec<ArrayRef>> {
    let arrays = py.detach(|| catch_panic(|| stream.collect::<Result<Vec<_>, _>>()));
    arrays.map_err(damaged)?.map_err(from_arrow)
}

/// The next array of a stream.
pub fn next(py: Python<'_>, stream: &mut Stream) -> PyResult<Option<ArrayRef>> {
    py.detach(|| catch_panic(|| stream.next())).map_err(damaged)?.transpose().map_err(from_arrow)
}

/// A column as it may be read: its offsets, views, indices, runs and text are what they should be.
pub fn checked(array: ArrayRef, name: &str) -> PyResult<ArrayRef> {
    let data = array.to_data();
    let valid = catch_panic(|| data.validate_full());
    let Err(error) = valid.unwrap_or_else(|panic| Err(ArrowError::CDataInterface(panic))) else {
        return Ok(array);
    };
    let column = if name.is_empty() { "the data".to_owned() } else { format!("column '{name}'") };
    Err(PyValueError::new_err(match first_invalid_text(&data) {
        Some(row) => format!("{column}: the text in row {row} (of its chunk, counted from 0) is no UTF-8"),
        None => format!("{column}: damaged Arrow data: {error}"),
    }))
}

/// The first row of text that is no UTF-8, if that is all that is wrong with it.
fn first_invalid_text(data: &ArrayData) -> Option<usize> {
    let (data, text) = match data.data_type() {
        DataType::Utf8 => (data, DataType::Binary),
        DataType::LargeUtf8 => (data, DataType::LargeBinary),
        DataType::Utf8View => (data, DataType::BinaryView),
        _ => return None,
    };
    let bytes = data.clone().into_builder().data_type(text).build().ok()?;
    bytes.validate_full().ok()?;
    let bytes = arrow_array::make_array(bytes);
    let row = |row: usize| match bytes.data_type() {
        DataType::Binary => bytes.as_binary::<i32>().value(row),
        DataType::LargeBinary => bytes.as_binary::<i64>().value(row),
        _ => bytes.as_binary_view().value(row),
    };
    (0..bytes.len()).find(|&index| bytes.is_valid(index) && std::str::from_utf8(row(index)).is_err())
}

/// pyarrow knows how long its buffers are, which the interface does not tell: what it reads from a damaged file it takes as it is.
fn known_sizes(data: &Bound<'_, PyAny>) -> PyResult<()> {
    for class in ["Array", "ChunkedArray", "RecordBatch", "Table"] {
        if is_instance(data, "pyarrow", class)? {
            data.call_method0(intern!(data.py(), "validate"))?;
            break;
        }
    }
    Ok(())
}

fn the_capsule<'a, 'py>(object: &'a Bound<'py, PyAny>) -> PyResult<&'a Bound<'py, PyCapsule>> {
    object.cast::<PyCapsule>().map_err(|_| PyTypeError::new_err("the Arrow interface gives capsules"))
}

/// What is left for arrow-rs to stumble over is damaged data, too.
fn import<T>(read: impl FnOnce() -> PyResult<Result<T, ArrowError>>) -> PyResult<T> {
    catch_panic(read).map_err(damaged)??.map_err(from_arrow)
}

fn damaged(panic: String) -> PyErr {
    PyValueError::new_err(format!("damaged Arrow data: what the exporter says of it does not fit together: {panic}"))
}
