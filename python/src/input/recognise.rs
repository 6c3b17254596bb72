//! What an object is: the one place that looks at it.
//!
//! The libraries' own classes come first, then the protocols (Arrow's capsules, mappings, the buffer protocol, NumPy's and DLPack's),
//! then whatever can be iterated. From here on everything is a [`Column`], a [`Table`], a [`Stream`] or an array of several dimensions.

use std::sync::Arc;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

use super::arrow::{self, Shape, Source};
use super::classes::{is_instance, what_to_write};
use super::column::{Column, NoNumbers, Values};
use super::items::Missing;
use super::memory::{self, ArrayMemory, Memory};
use super::stream::{self, Stream};
use super::table::Table;
use super::{pandas, polars};

/// What an object is.
pub enum Object<'py> {
    /// One series, of whatever type.
    Column(Column<'py>),
    Table(Table<'py>),
    Stream(Stream),
    /// Numbers in two dimensions and more.
    Array(ArrayMemory),
    /// None of them, and what to write instead.
    Unknown(NoNumbers),
}

/// Looks at an object. Nothing is converted but what is one column of Arrow data.
pub fn recognise<'py>(data: &Bound<'py, PyAny>) -> PyResult<Object<'py>> {
    let py = data.py();
    if data.is_instance_of::<PyList>() || data.is_instance_of::<PyTuple>() {
        return items(data);
    }
    if data.is_exact_instance_of::<PyDict>() {
        return Table::from_mapping(data).map(Object::Table);
    }
    if is_instance(data, "numpy", "ndarray")? {
        return array(data);
    }
    if data.is_instance_of::<PyString>() {
        return Ok(Object::Unknown(NoNumbers::of_type("a string is no series of numbers")));
    }
    if arrow::is_of_pyarrow(data)? {
        return by_arrow(data);
    }
    if is_instance(data, "pandas", "DataFrame")? {
        return Table::from_pandas(data).map(Object::Table);
    }
    if pandas::is_series(data)? {
        return pandas::column(data).map(Object::Column);
    }
    if let Some(series) = pandas::series_of_array(data)? {
        return Ok(Object::Column(pandas::column(&series)?.with_name(None)));
    }
    if is_instance(data, "polars", "DataFrame")? {
        return Table::from_polars(data).map(Object::Table);
    }
    if is_instance(data, "polars", "Series")? {
        return polars::column(data).map(Object::Column);
    }
    if is_instance(data, "xarray", "Dataset")? {
        return Table::from_xarray(data).map(Object::Table);
    }
    if is_instance(data, "xarray", "DataArray")? {
        return array(&data.getattr("values")?);
    }
    if let Some(stream) = stream::stream_of(data)? {
        return Ok(Object::Stream(stream));
    }
    if let Some(sentence) = what_to_write(data)? {
        return Ok(Object::Unknown(NoNumbers::of_type(sentence)));
    }
    if arrow::speaks(data)? && !is_array_of_several_dimensions(data)? {
        return by_arrow(data);
    }
    if is_mapping(data)? {
        return Table::from_mapping(data).map(Object::Table);
    }
    match memory::memory(data)? {
        Memory::None => {}
        _ => return array(data),
    }
    if let Some(of_numpy) = memory::array_of(data)? {
        return array(&of_numpy);
    }
    if data.hasattr(intern!(py, "__iter__"))? || data.hasattr(intern!(py, "__getitem__"))? {
        return items(data);
    }
    let class = data.get_type();
    Ok(Object::Unknown(NoNumbers::of_type(format!(
        "{} is no series: give a list, a tuple, an iterable of numbers, an array, a frame, or Arrow data",
        class.name()?
    ))))
}

/// The column of a table that is made of objects: one of them.
pub fn column_of_table<'py>(data: &Bound<'py, PyAny>, name: &str) -> PyResult<Column<'py>> {
    let values = match recognise(data)? {
        Object::Column(column) => column.values,
        // An array of structs.
        Object::Table(_) if arrow::speaks(data)? && !data.hasattr("columns")? && !data.hasattr("column_names")? => {
            let (chunks, field) = arrow::column(data)?;
            Values::Arrow(chunks, field)
        }
        Object::Table(_) => {
            let class = data.get_type();
            Values::Unreadable(format!("a {} is no column", class.name()?))
        }
        Object::Stream(stream) if stream.is_series => return series_of(stream, data.py()),
        Object::Stream(_) => Values::Unreadable("batches of a table are no column".to_owned()),
        Object::Array(array) => {
            Values::Unreadable(format!("an array of {} dimensions is no column", array.dimensions()))
        }
        Object::Unknown(wrong) => return Err(NoNumbers { is_value: false, ..wrong }.into_error(Some(name))),
    };
    Ok(Column { name: None, values })
}

/// The one column of a stream of one.
pub fn series_of<'py>(stream: Stream, py: Python<'py>) -> PyResult<Column<'py>> {
    let name = (!stream.is_unnamed).then(|| stream.fields[0].name.clone());
    let mut batches = stream.select(vec![0])?;
    let field = Arc::clone(&batches.schema.fields()[0]);
    let mut chunks = Vec::new();
    while let Some(batch) = batches.next(py)? {
        chunks.push(Arc::clone(batch.column(0)));
    }
    Ok(Column { name, values: Values::Arrow(chunks, field) })
}

/// Whether it is a mapping. (PyO3's own question swallows what is raised meanwhile, Ctrl-C as well.)
pub fn is_mapping(data: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = data.py();
    Ok(data.is_instance_of::<PyDict>()
        || data.is_instance(&py.import("collections.abc")?.getattr(intern!(py, "Mapping"))?)?)
}

/// Python objects one by one; a list or a tuple of records is a table.
fn items<'py>(data: &Bound<'py, PyAny>) -> PyResult<Object<'py>> {
    let first = match (data.cast::<PyList>(), data.cast::<PyTuple>()) {
        (Ok(list), _) if !list.is_empty() => Some(list.get_item(0)?),
        (_, Ok(tuple)) if !tuple.is_empty() => Some(tuple.get_item(0)?),
        _ => None,
    };
    if let Some(first) = first
        && first.is_instance_of::<PyDict>()
    {
        return Table::from_records(data).map(Object::Table);
    }
    Ok(Object::Column(Column { name: None, values: Values::Items(data.clone(), Missing::Null) }))
}

/// An array of NumPy, or another object with the buffer protocol.
fn array<'py>(data: &Bound<'py, PyAny>) -> PyResult<Object<'py>> {
    let py = data.py();
    let dimensions: Option<usize> = match data.getattr_opt(intern!(py, "ndim"))? {
        Some(dimensions) => crate::errors::attempt(py, dimensions.extract())?,
        None => None,
    };
    if let Some(dtype) = data.getattr_opt(intern!(py, "dtype"))?
        && let Some(names) = dtype.getattr_opt(intern!(py, "names"))?
        && !names.is_none()
        && dimensions == Some(1)
    {
        return Table::from_structured(data, &names).map(Object::Table);
    }
    let values = match memory::memory(data)? {
        Memory::Numbers(numbers) if numbers.dimensions() > 1 => return Ok(Object::Array(numbers)),
        Memory::Numbers(numbers) => match numbers.series() {
            Some(buffer) => Values::Memory(buffer),
            None => return Ok(Object::Unknown(NoNumbers::of_shape(numbers.dimensions()))),
        },
        _ if dimensions.is_some_and(|dimensions| dimensions != 1) => {
            return Ok(Object::Unknown(NoNumbers::of_shape(dimensions.unwrap_or_default())));
        }
        Memory::Objects => Values::Items(data.clone(), Missing::Null),
        Memory::Others(reason) => Values::NoNumbers(data.clone(), reason),
        Memory::None => return items(data),
    };
    Ok(Object::Column(Column { name: None, values }))
}

/// What speaks Arrow: in memory if it has a length, else a stream that comes once.
fn by_arrow<'py>(data: &Bound<'py, PyAny>) -> PyResult<Object<'py>> {
    let in_memory = !arrow::streams(data)? || data.hasattr(intern!(data.py(), "__len__"))?;
    let source = Source::new(data)?;
    let shape = Arc::clone(source.shape());
    match (source, &*shape) {
        (Source::Stream(source), _) if !in_memory => Ok(Object::Stream(stream::from_source(*source))),
        (source, Shape::Table(_)) => Ok(Object::Table(Table::from_source(data, source))),
        (source, Shape::Column(field)) => {
            arrow::check_sizes(data)?;
            let (chunks, field) = source.column(data.py(), field)?;
            let name = (!field.name().is_empty()).then(|| field.name().clone());
            Ok(Object::Column(Column { name, values: Values::Arrow(chunks, field) }))
        }
    }
}

/// Whether an object that speaks Arrow is an array of several dimensions as well.
fn is_array_of_several_dimensions(data: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = data.py();
    let Some(dimensions) = data.getattr_opt(intern!(py, "ndim"))? else { return Ok(false) };
    let dimensions: Option<usize> = crate::errors::attempt(py, dimensions.extract())?;
    Ok(dimensions.is_some_and(|dimensions| dimensions > 1) && data.hasattr(intern!(py, "__array__"))?)
}
