//! `describe` and its answer.

use std::sync::Arc;

use arrow_array::{Array, StructArray};
use arrow_schema::{DataType, Field};
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyIterator, PyList};
use pyo3_arrow::ffi::{ArrayIterator, to_stream_pycapsule};
use rstats::report::{Report, Source};
use rstats::{Columns, Interrupt, Summary, describe_all, describe_stream};

use crate::args;
use crate::call;
use crate::errors::to_python;
use crate::input::{self, Input};

/// The width of a repr: that of a terminal.
const WIDTH: usize = 100;

/// See the stub.
#[pyclass(module = "rstats", frozen)]
pub struct Description(Report);

/// See the stub.
#[pyfunction]
#[pyo3(
    signature = (data, *, columns=None, axis=None, stats=None, q=None, method="linear", ddof=None, nan="propagate", level=0.95, threads=None),
    text_signature = "(data, *, columns=None, axis=None, stats=None, q=None, method='linear', ddof=1, nan='propagate', level=0.95, threads=None)"
)]
#[allow(clippy::too_many_arguments)] // they are the signature of the Python function
pub fn describe(
    data: &Bound<'_, PyAny>,
    columns: Option<&Bound<'_, PyAny>>,
    axis: Option<&Bound<'_, PyAny>>,
    stats: Option<&Bound<'_, PyAny>>,
    q: Option<&Bound<'_, PyAny>>,
    method: &str,
    ddof: Option<&Bound<'_, PyAny>>,
    nan: &str,
    level: f64,
    threads: Option<&Bound<'_, PyAny>>,
) -> PyResult<Description> {
    let py = data.py();
    let ddof = ddof.map(|ddof| args::whole("ddof", ddof, 0, i64::MAX)).transpose()?;
    let spec = args::spec(stats, q, method, ddof.unwrap_or(1), nan, level)?;
    let threads = threads.map(|threads| args::whole("threads", threads, 1, 1024)).transpose()?;
    let axis = axis.map(|axis| args::whole("axis", axis, 0, 1)).transpose()?;
    let columns = match columns {
        None => Columns::Numeric,
        Some(names) => Columns::Named(args::names("columns", names)?),
    };
    let series = match input::read(data, &columns, axis)? {
        Input::Series(series) => {
            let values = series.iter().map(|series| series.rows()).sum();
            let work = |interrupt: &Interrupt| describe_all(&series, &spec, interrupt);
            call::run(py, values, threads, work)?
        }
        Input::Stream(stream) => {
            let work =
                |interrupt: &Interrupt| describe_stream(&stream.schema, stream.batches, &columns, &spec, interrupt);
            // How long a stream is shows only at its end.
            let outcome = call::run(py, usize::MAX, threads, work);
            let mut series = match stream.failure.take() {
                Some(raised) => return Err(raised),
                None => outcome?,
            };
            if stream.unnamed {
                series.iter_mut().for_each(|summary| summary.column = None);
            }
            series
        }
    };
    let rows = series.first().map_or(0, Summary::rows);
    Ok(Description(Report { spec, source: Source { files: 0, rows }, series }))
}

#[pymethods]
impl Description {
    fn __len__(&self) -> usize {
        self.0.series.len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        PyList::new(py, self.to_dicts(py)?)?.try_iter()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, index: isize) -> PyResult<Bound<'py, PyDict>> {
        let length = self.0.series.len();
        let place = if index < 0 { index.checked_add_unsigned(length) } else { Some(index) };
        let place = place.and_then(|place| usize::try_from(place).ok());
        match place.and_then(|place| self.0.series.get(place)) {
            Some(summary) => row(py, summary),
            None => Err(PyIndexError::new_err(format!("row {index} of {length}"))),
        }
    }

    #[getter]
    fn columns(&self) -> Vec<String> {
        let names = ["column", "count", "null_count", "nan_count"].map(str::to_owned);
        names.into_iter().chain(self.0.spec.field_names().iter().cloned()).collect()
    }

    fn to_dicts<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.0.series.iter().map(|summary| row(py, summary)).collect()
    }

    fn to_json(&self) -> PyResult<String> {
        let mut text = Vec::new();
        self.0.write_json(&mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    fn to_arrow<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("pyarrow")?.call_method1("table", (slf,))
    }

    fn to_polars<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("polars")?.call_method1("DataFrame", (slf,))
    }

    /// pandas' own missing value in a column of floats is NaN.
    fn to_pandas<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let columns = PyDict::new(py);
        let rows = self.to_dicts(py)?;
        for (place, name) in self.columns().into_iter().enumerate() {
            let values = PyList::empty(py);
            for row in &rows {
                let value = row.get_item(&name)?;
                match value.filter(|value| !value.is_none() || place == 0) {
                    Some(value) => values.append(value)?,
                    None => values.append(f64::NAN)?,
                }
            }
            columns.set_item(name, values)?;
        }
        py.import("pandas")?.call_method1("DataFrame", (columns,))
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let batch = self.0.to_record_batch().map_err(to_python)?;
        let schema = batch.schema();
        let field = Field::new("", DataType::Struct(schema.fields().clone()), false);
        let field = Arc::new(field.with_metadata(schema.metadata().clone()));
        let rows: Arc<dyn Array> = Arc::new(StructArray::from(batch));
        let reader = Box::new(ArrayIterator::new(std::iter::once(Ok(rows)), field));
        Ok(to_stream_pycapsule(py, reader, requested_schema)?)
    }

    fn __repr__(&self) -> String {
        self.0.to_table(WIDTH).trim_end().to_owned()
    }

    fn _repr_html_(&self) -> String {
        self.0.to_html()
    }
}

fn row<'py>(py: Python<'py>, summary: &Summary) -> PyResult<Bound<'py, PyDict>> {
    let row = PyDict::new(py);
    row.set_item("column", &summary.column)?;
    row.set_item("count", summary.count)?;
    row.set_item("null_count", summary.null_count)?;
    row.set_item("nan_count", summary.nan_count)?;
    for (name, value) in summary.statistics() {
        row.set_item(name, value)?;
    }
    Ok(row)
}
