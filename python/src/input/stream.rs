//! Batches that come once: a `LazyFrame` of Polars, a dataset or scanner of pyarrow, a relation of DuckDB, a record batch reader, and
//! whatever else gives an Arrow stream that has no length.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{FieldRef, Schema, SchemaRef};
use pyo3::exceptions::{PyStopIteration, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use rstats::internal::{NAME, shown};

use super::arrow::{self, Rows, Shape, Source, TableField};
use super::classes::is_instance;
use crate::call;
use crate::errors::from_arrow;

/// The fields of a stream, and its batches. They are asked for on the caller's own thread: what their source raises passes through,
/// and Ctrl-C ends a source in Python that waits.
pub struct Stream {
    pub fields: Vec<TableField>,
    /// Whether it is one series and no table.
    pub is_series: bool,
    /// Whether that has no name.
    pub is_unnamed: bool,
    next: Box<Next>,
}

/// Gives the next rows; of a table the columns at these indices.
type Next = dyn FnMut(Python<'_>, &[usize]) -> PyResult<Option<Rows>>;

/// Some columns of a stream.
pub struct Batches {
    pub schema: SchemaRef,
    wanted: Vec<usize>,
    next: Box<Next>,
}

impl Stream {
    /// Its columns at these indices.
    pub fn select(self, wanted: Vec<usize>) -> PyResult<Batches> {
        let field = |&index: &usize| -> PyResult<FieldRef> {
            let TableField { name, field } = &self.fields[index];
            let field = field.clone().map_err(|reason| unreadable(name, &reason))?;
            Ok(Arc::new(field.as_ref().clone().with_name(name).with_nullable(true)))
        };
        let fields: Vec<FieldRef> = wanted.iter().map(field).collect::<PyResult<_>>()?;
        Ok(Batches { schema: Arc::new(Schema::new(fields)), wanted, next: self.next })
    }
}

impl Batches {
    /// The next batch. Its columns may be read: see [`arrow::checked`].
    pub fn next(&mut self, py: Python<'_>) -> PyResult<Option<RecordBatch>> {
        py.check_signals()?;
        let Some(rows) = (self.next)(py, &self.wanted)? else { return Ok(None) };
        let (rows, columns) = match rows {
            Rows::Column(column) => (column.len(), vec![Ok(column)]),
            Rows::Table(rows, columns) => (rows, columns),
        };
        let columns = columns.into_iter().zip(self.schema.fields()).map(|(column, field)| {
            let column = column.map_err(|reason| unreadable(field.name(), &reason))?;
            arrow::checked(column, field.name())
        });
        let columns: Vec<ArrayRef> = columns.collect::<PyResult<_>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &options).map(Some).map_err(from_arrow)
    }
}

/// A column whose type or memory cannot be read.
pub fn unreadable(name: &str, reason: &str) -> PyErr {
    PyValueError::new_err(format!("column '{}': {reason}", shown(name, NAME)))
}

/// What comes in batches from a library that says so.
pub fn stream_of(data: &Bound<'_, PyAny>) -> PyResult<Option<Stream>> {
    let py = data.py();
    if is_instance(data, "polars", "LazyFrame")? {
        return lazy_frame(data).map(Some);
    }
    if is_instance(data, "duckdb", "DuckDBPyRelation")? {
        let mut stream = from_reader(&data.call_method0("to_arrow_reader")?)?;
        // Its dictionaries are its ENUMs, which have an order of their own.
        for field in &mut stream.fields {
            field.field = field.field.as_ref().map(|field| arrow::ordered(field)).map_err(String::clone);
        }
        return Ok(Some(stream));
    }
    if is_instance(data, "pyarrow.dataset", "Dataset")? {
        return from_reader(&data.call_method0("scanner")?.call_method0("to_reader")?).map(Some);
    }
    if is_instance(data, "pyarrow.dataset", "Scanner")? {
        return from_reader(&data.call_method0("to_reader")?).map(Some);
    }
    let is_reader = data.hasattr(intern!(py, "read_next_batch"))?
        && data.hasattr(intern!(py, "schema"))?
        && !data.hasattr(intern!(py, "__len__"))?;
    if is_reader { from_reader(data).map(Some) } else { Ok(None) }
}

/// An Arrow stream that has no length.
pub fn from_source(source: arrow::Stream) -> Stream {
    let (fields, is_series) = match &**source.shape() {
        Shape::Table(fields) => (fields.clone(), false),
        Shape::Column(field) => {
            let field = TableField { name: field.name().clone(), field: Ok(Arc::clone(field)) };
            (vec![field], true)
        }
    };
    let is_unnamed = is_series && fields[0].name.is_empty();
    let mut source = Some(source);
    let next = move |py: Python<'_>, wanted: &[usize]| {
        let mut stream = source.take().map(|source| source.with_wanted(wanted));
        let rows = stream.as_mut().map(|stream| arrow::next(py, stream)).transpose()?.flatten();
        source = stream;
        Ok(rows)
    };
    Stream { fields, is_series, is_unnamed, next: Box::new(next) }
}

/// A lazy frame, collected by Polars' streaming engine batch by batch.
fn lazy_frame(frame: &Bound<'_, PyAny>) -> PyResult<Stream> {
    let empty = frame.call_method0("collect_schema")?.call_method0("to_frame")?;
    let source = Source::new(&empty)?;
    let Shape::Table(fields) = &**source.shape() else {
        return Err(PyTypeError::new_err("a lazy frame without columns"));
    };
    let fields = fields.iter().map(|TableField { name, field }| TableField {
        name: name.clone(),
        field: field.as_ref().map(arrow::field_as_meant).map_err(String::clone),
    });
    let fields: Vec<TableField> = fields.collect();
    let frames = frame.call_method0("collect_batches")?.try_iter()?.unbind();
    let mut ready: VecDeque<Rows> = VecDeque::new();
    let next = move |py: Python<'_>, wanted: &[usize]| {
        while ready.is_empty() {
            let frames = frames.clone_ref(py);
            let frame = call::wait(py, move |py| {
                let frame = frames.bind(py).clone().next().transpose()?;
                Ok(frame.map(Bound::unbind))
            })?;
            let Some(frame) = frame else { return Ok(None) };
            ready.extend(Source::new(frame.bind(py))?.rows(py, wanted)?);
        }
        Ok(ready.pop_front())
    };
    Ok(Stream { fields, is_series: false, is_unnamed: false, next: Box::new(next) })
}

/// A reader whose batches are asked for in Python, so that what its generator raises is not lost on the way.
fn from_reader(reader: &Bound<'_, PyAny>) -> PyResult<Stream> {
    let Shape::Table(fields) = arrow::shape(&reader.getattr("schema")?)? else {
        return Err(PyTypeError::new_err("a reader whose schema is none of a table"));
    };
    let reader = reader.clone().unbind();
    let next =
        move |py: Python<'_>, wanted: &[usize]| match reader.bind(py).call_method0(intern!(py, "read_next_batch")) {
            Ok(batch) => {
                arrow::check_sizes_of(&batch, wanted)?;
                Ok(Source::of_array(&batch, false)?.rows(py, wanted)?.pop())
            }
            Err(error) if error.is_instance_of::<PyStopIteration>(py) => Ok(None),
            Err(error) => Err(error),
        };
    Ok(Stream { fields, is_series: false, is_unnamed: false, next: Box::new(next) })
}
