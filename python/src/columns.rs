//! `Columns`: an answer of a row for each row of the data.

use std::fmt::Write;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, UInt64Type};
use arrow_array::{Array, ArrayRef, RecordBatch, StructArray};
use arrow_schema::{DataType, Field};
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyList};
use pyo3_arrow::ffi::{ArrayIterator, to_stream_pycapsule};
use rstats::internal::number;
use rstats::report::Keys;

use crate::call;
use crate::errors::{from_arrow, to_python};
use crate::key_objects::KeyObjects;

/// Rows that are shown at each end.
const SHOWN: usize = 5;

#[doc = include_str!(concat!(env!("OUT_DIR"), "/Columns.txt"))]
#[pyclass(module = "rstats", frozen)]
pub struct Columns(pub RecordBatch);

#[pymethods]
impl Columns {
    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Columns.names.txt"))]
    #[getter]
    fn names(&self) -> Vec<String> {
        self.0.schema_ref().fields().iter().map(|field| field.name().clone()).collect()
    }

    fn __len__(&self) -> usize {
        self.0.num_rows()
    }

    fn __getitem__(&self, name: &str) -> PyResult<Self> {
        let Ok(index) = self.0.schema_ref().index_of(name) else {
            let error = rstats::Error::NoSuchColumn { name: name.to_owned(), available: self.names() };
            return Err(PyKeyError::new_err(error.to_string()));
        };
        let one = self.0.project(&[index]);
        Ok(Self(one.map_err(|error| PyKeyError::new_err(error.to_string()))?))
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Columns.to_dict.txt"))]
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (all, others) = (PyDict::new(py), Others::new(py, &self.0)?);
        for (name, column) in self.names().into_iter().zip(self.0.columns()) {
            let values = PyList::empty(py);
            for row in 0..column.len() {
                call::check_signals(py, row)?;
                match column.is_valid(row) {
                    false => values.append(py.None())?,
                    true if is_count(column) => values.append(column.as_primitive::<UInt64Type>().value(row))?,
                    true if is_float(column) => values.append(column.as_primitive::<Float64Type>().value(row))?,
                    true => values.append(others.get(py, row, &name)?)?,
                }
            }
            all.set_item(name, values)?;
        }
        Ok(all)
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Columns.to_numpy.txt"))]
    fn to_numpy<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (numpy, all, others) = (py.import("numpy")?, PyDict::new(py), Others::new(py, &self.0)?);
        for (name, column) in self.names().into_iter().zip(self.0.columns()) {
            let has_nulls = column.null_count() > 0;
            let array = if is_count(column) && !has_nulls {
                let array = numpy.call_method1("empty", (column.len(), "uint64"))?;
                PyBuffer::<u64>::get(&array)?.copy_from_slice(py, column.as_primitive::<UInt64Type>().values())?;
                array
            } else if !is_count(column) && !is_float(column) {
                let values = (0..column.len()).map(|row| others.get(py, row, &name)).collect::<PyResult<Vec<_>>>()?;
                numpy.call_method1("array", (values,))?
            } else {
                let array = numpy.call_method1("empty", (column.len(), "float64"))?;
                let buffer = PyBuffer::<f64>::get(&array)?;
                match (is_count(column), has_nulls) {
                    (false, false) => buffer.copy_from_slice(py, column.as_primitive::<Float64Type>().values())?,
                    (true, _) => {
                        let counts = column.as_primitive::<UInt64Type>().iter();
                        let counts: Vec<f64> = counts.map(|count| count.map_or(f64::NAN, |n| n as f64)).collect();
                        buffer.copy_from_slice(py, &counts)?;
                    }
                    (false, true) => {
                        let values = column.as_primitive::<Float64Type>().iter();
                        let values: Vec<f64> = values.map(|value| value.unwrap_or(f64::NAN)).collect();
                        buffer.copy_from_slice(py, &values)?;
                    }
                }
                array
            };
            all.set_item(name, array)?;
        }
        Ok(all)
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Columns.to_arrow.txt"))]
    fn to_arrow<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("pyarrow")?.call_method1("table", (slf,))
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Columns.to_polars.txt"))]
    fn to_polars<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("polars")?.call_method1("DataFrame", (slf,))
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Columns.to_pandas.txt"))]
    #[pyo3(signature = (index=None))]
    fn to_pandas<'py>(&self, py: Python<'py>, index: Option<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        let options = PyDict::new(py);
        options.set_item("index", index)?;
        options.set_item("copy", false)?;
        py.import("pandas")?.getattr("DataFrame")?.call((self.to_numpy(py)?,), Some(&options))
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        to_stream(py, self.0.clone(), requested_schema)
    }

    fn __repr__(&self) -> String {
        let rows = self.0.num_rows();
        let shown: Vec<Option<usize>> = match rows <= 2 * SHOWN + 1 {
            true => (0..rows).map(Some).collect(),
            false => (0..SHOWN).map(Some).chain([None]).chain((rows - SHOWN..rows).map(Some)).collect(),
        };
        let keys = Keys::of(&self.0).ok();
        let text = |row: usize, name: &str| {
            let key = keys.as_ref().and_then(|keys| keys.row(row).find(|(column, _)| *column == name));
            key.map_or(String::new(), |(_, key)| key.to_string())
        };
        let cell = |name: &str, column: &ArrayRef, row: Option<usize>| match row {
            None => "…".to_owned(),
            Some(row) if column.is_null(row) => "null".to_owned(),
            Some(row) if is_count(column) => column.as_primitive::<UInt64Type>().value(row).to_string(),
            Some(row) if is_float(column) => match column.as_primitive::<Float64Type>().value(row) {
                value if value.is_finite() => number(value),
                value => value.to_string(),
            },
            Some(row) => text(row, name),
        };
        let columns: Vec<Vec<String>> = self
            .names()
            .into_iter()
            .zip(self.0.columns())
            .map(|(name, column)| {
                let cells: Vec<String> =
                    std::iter::once(name.clone()).chain(shown.iter().map(|&row| cell(&name, column, row))).collect();
                let width = cells.iter().map(|cell| cell.chars().count()).max().unwrap_or(0);
                cells.into_iter().map(|cell| format!("{cell:>width$}")).collect()
            })
            .collect();
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let width = columns.len();
        let mut text = format!("{rows} row{} of {width} column{}", plural(rows), plural(width));
        for line in 0..=shown.len() {
            let cells: Vec<&str> = columns.iter().map(|column| column[line].as_str()).collect();
            let _ = write!(text, "\n{}", cells.join("  ").trim_end());
        }
        text
    }
}

/// A table as a stream of one batch, as the Arrow PyCapsule protocol has it.
pub fn to_stream<'py>(
    py: Python<'py>,
    table: RecordBatch,
    requested_schema: Option<Bound<'py, PyCapsule>>,
) -> PyResult<Bound<'py, PyCapsule>> {
    let schema = table.schema();
    let field = Field::new("", DataType::Struct(schema.fields().clone()), false);
    let field = Arc::new(field.with_metadata(schema.metadata().clone()));
    let rows: Arc<dyn Array> = Arc::new(StructArray::from(table));
    let reader = Box::new(ArrayIterator::new(std::iter::once(Ok(rows)), field));
    Ok(to_stream_pycapsule(py, reader, requested_schema)?)
}

/// The columns that are neither counts nor floats.
struct Others<'py> {
    keys: Option<Keys>,
    objects: Vec<KeyObjects<'py>>,
}

impl<'py> Others<'py> {
    fn new(py: Python<'py>, batch: &RecordBatch) -> PyResult<Self> {
        let others: Vec<usize> = (0..batch.num_columns())
            .filter(|&index| !is_count(batch.column(index)) && !is_float(batch.column(index)))
            .collect();
        if others.is_empty() {
            return Ok(Self { keys: None, objects: Vec::new() });
        }
        let batch = batch.project(&others).map_err(from_arrow)?;
        Ok(Self { keys: Some(Keys::of(&batch).map_err(to_python)?), objects: KeyObjects::all(py, &batch)? })
    }

    fn get(&self, py: Python<'py>, row: usize, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let place = self.objects.iter().position(|objects| objects.name == name);
        let key = place.and_then(|place| self.keys.as_ref()?.row(row).nth(place).map(|(_, key)| (place, key)));
        match key {
            Some((place, key)) => self.objects[place].get(py, row, key),
            None => Ok(py.None().into_bound(py)),
        }
    }
}

fn is_float(column: &ArrayRef) -> bool {
    *column.data_type() == DataType::Float64
}

fn is_count(column: &ArrayRef) -> bool {
    *column.data_type() == DataType::UInt64
}
