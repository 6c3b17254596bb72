//! Objects that speak the Arrow PyCapsule interface. Everything that comes in by it comes in here, and is checked.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_data::ArrayData;
use arrow_schema::{ArrowError, Field, FieldRef};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};
use rstats::internal::catch_panic;

use super::classes::is_instance;
use super::pandas;
use crate::arch::capsule;
pub use crate::arch::capsule::{Rows, Shape, Stream, TableField};
use crate::errors::{attempt, from_arrow};

/// Whether an object gives an array, or a stream of them.
pub fn speaks(data: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(streams(data)? || data.hasattr(intern!(data.py(), "__arrow_c_array__"))?)
}

/// Whether an object gives a stream of arrays.
pub fn streams(data: &Bound<'_, PyAny>) -> PyResult<bool> {
    data.hasattr(intern!(data.py(), "__arrow_c_stream__"))
}

/// What an object gives: what it is of, and then the rows.
pub enum Source<'py> {
    Stream(Box<Stream>),
    Array(Arc<Shape>, Bound<'py, PyAny>),
}

impl<'py> Source<'py> {
    /// A stream where the object gives one, else an array. Structs are a table.
    pub fn new(data: &Bound<'py, PyAny>) -> PyResult<Self> {
        Self::of(data, false)
    }

    /// The same of an object that is one column, of structs as well.
    pub fn of_column(data: &Bound<'py, PyAny>) -> PyResult<Self> {
        Self::of(data, true)
    }

    fn of(data: &Bound<'py, PyAny>, column: bool) -> PyResult<Self> {
        // A batch gives both, and its stream would be one of a table that is made of it.
        if !streams(data)? || is_instance(data, "pyarrow", "RecordBatch")? {
            return Self::of_array(data, column);
        }
        let capsule = data.call_method0(intern!(data.py(), "__arrow_c_stream__"))?;
        import(|| Stream::new(the_capsule(&capsule)?, column)).map(Box::new).map(Self::Stream)
    }

    /// The one array that an object gives, be it empty.
    pub fn of_array(data: &Bound<'py, PyAny>, column: bool) -> PyResult<Self> {
        let pair = data.call_method0(intern!(data.py(), "__arrow_c_array__"))?;
        let pair = match pair.cast::<PyTuple>() {
            Ok(pair) if pair.len() == 2 => pair,
            _ => return Err(PyTypeError::new_err("__arrow_c_array__ returns a tuple of two capsules")),
        };
        let (schema, array) = (pair.get_item(0)?, pair.get_item(1)?);
        Ok(Self::Array(Arc::new(import(|| capsule::shape(the_capsule(&schema)?, column))?), array))
    }

    /// What the rows are of.
    pub fn shape(&self) -> &Arc<Shape> {
        match self {
            Self::Stream(stream) => stream.shape(),
            Self::Array(shape, _) => shape,
        }
    }

    /// All rows; of a table, the wanted columns.
    pub fn rows(self, py: Python<'_>, wanted: &[usize]) -> PyResult<Vec<Rows>> {
        match self {
            Self::Array(shape, array) => Ok(vec![import(|| capsule::rows(the_capsule(&array)?, &shape, wanted))?]),
            Self::Stream(stream) => {
                // Whoever makes them may need the GIL on another thread.
                let stream = stream.with_wanted(wanted);
                let rows = py.detach(|| catch_panic(|| stream.collect::<Result<Vec<_>, _>>()));
                rows.map_err(damaged)?.map_err(from_arrow)
            }
        }
    }

    /// The chunks of one column, which is of this field, and the field as its library means it.
    pub fn column(self, py: Python<'_>, field: &FieldRef) -> PyResult<(Vec<ArrayRef>, FieldRef)> {
        let field = field_as_meant(field);
        let chunks = self.rows(py, &[])?.into_iter().filter_map(|rows| match rows {
            Rows::Column(chunk) => Some(chunk),
            Rows::Table(..) => None,
        });
        Ok((chunks.collect(), field))
    }
}

/// What an object says that its rows are of.
pub fn shape(data: &Bound<'_, PyAny>) -> PyResult<Shape> {
    let schema = data.call_method0(intern!(data.py(), "__arrow_c_schema__"))?;
    import(|| capsule::shape(the_capsule(&schema)?, false))
}

/// The chunks of the one column that an object is, and their field.
pub fn column(data: &Bound<'_, PyAny>) -> PyResult<(Vec<ArrayRef>, FieldRef)> {
    check_sizes(data)?;
    column_of_sound(data)
}

/// The same of an object whose library is known to see to the sizes of its buffers.
pub fn column_of_sound(data: &Bound<'_, PyAny>) -> PyResult<(Vec<ArrayRef>, FieldRef)> {
    let source = Source::of_column(data)?;
    let Shape::Column(field) = &**source.shape() else {
        return Err(PyTypeError::new_err("a table, where one column is wanted"));
    };
    let field = Arc::clone(field);
    source.column(data.py(), &field)
}

/// The next rows of a stream.
pub fn next(py: Python<'_>, stream: &mut Stream) -> PyResult<Option<Rows>> {
    py.detach(|| catch_panic(|| stream.next())).map_err(damaged)?.transpose().map_err(from_arrow)
}

/// A field as its library means it: the values of an Enum of Polars have an order of their own.
pub fn field_as_meant(field: &FieldRef) -> FieldRef {
    let is_enum = field.metadata().keys().any(|key| key.starts_with("_PL_ENUM_VALUES"));
    if is_enum { ordered(field) } else { Arc::clone(field) }
}

/// A field whose dictionary, if it has one, has its values in their order.
pub fn ordered(field: &Field) -> FieldRef {
    Arc::new(field.clone().with_dict_is_ordered(true))
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

/// The same of a column that is described by its kind: whether text is UTF-8 is checked there, on all threads, so it is bytes here.
pub fn checked_in_part(array: ArrayRef, name: &str) -> PyResult<ArrayRef> {
    match catch_panic(|| bytes_of(&array.to_data())) {
        Ok(Some(bytes)) => Ok(arrow_array::make_array(bytes)),
        _ => checked(array, name),
    }
}

/// Text as the bytes that it is, whatever they are: its offsets are checked. `None` for another type, and for what is damaged otherwise.
fn bytes_of(data: &ArrayData) -> Option<ArrayData> {
    use arrow_schema::DataType;
    let bytes = match data.data_type() {
        DataType::Utf8 => DataType::Binary,
        DataType::LargeUtf8 => DataType::LargeBinary,
        DataType::Utf8View => DataType::BinaryView,
        _ => return None,
    };
    data.clone().into_builder().data_type(bytes).build().ok()
}

/// The first row of text that is no UTF-8, if that is all that is wrong with it.
fn first_invalid_text(data: &ArrayData) -> Option<usize> {
    use arrow_schema::DataType;
    let bytes = arrow_array::make_array(bytes_of(data)?);
    let row = |row: usize| match bytes.data_type() {
        DataType::Binary => bytes.as_binary::<i32>().value(row),
        DataType::LargeBinary => bytes.as_binary::<i64>().value(row),
        _ => bytes.as_binary_view().value(row),
    };
    (0..bytes.len()).find(|&index| bytes.is_valid(index) && std::str::from_utf8(row(index)).is_err())
}

/// Whether pyarrow holds an object in memory.
pub fn is_of_pyarrow(data: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(is_table_of_pyarrow(data)?
        || is_instance(data, "pyarrow", "Array")?
        || is_instance(data, "pyarrow", "ChunkedArray")?)
}

fn is_table_of_pyarrow(data: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(is_instance(data, "pyarrow", "RecordBatch")? || is_instance(data, "pyarrow", "Table")?)
}

/// pyarrow knows how long its buffers are, which the interface does not tell: what it reads from a damaged file it takes as it is.
pub fn check_sizes(data: &Bound<'_, PyAny>) -> PyResult<()> {
    let array = array_in_series(data)?;
    let data = array.as_ref().unwrap_or(data);
    if is_of_pyarrow(data)? {
        data.call_method0(intern!(data.py(), "validate"))?;
    }
    Ok(())
}

/// The array of pyarrow that a series or an index of pandas has its values in, if it has.
fn array_in_series<'py>(data: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    if !pandas::is_series(data)? {
        return Ok(None);
    }
    let array = data.getattr(intern!(data.py(), "array"))?;
    match is_instance(&array, "pandas.arrays", "ArrowExtensionArray")? {
        true => array.call_method0(intern!(data.py(), "__arrow_array__")).map(Some),
        false => Ok(None),
    }
}

/// The same for the `wanted` ones of the columns of a table, or of structs, in which all are checked.
pub fn check_sizes_of(table: &Bound<'_, PyAny>, wanted: &[usize]) -> PyResult<()> {
    if !is_table_of_pyarrow(table)? {
        return check_sizes(table);
    }
    // A type that pyarrow itself cannot select is not read either.
    let columns = table.call_method1(intern!(table.py(), "select"), (wanted.to_vec(),));
    if let Some(columns) = attempt(table.py(), columns)? {
        columns.call_method0(intern!(table.py(), "validate"))?;
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
