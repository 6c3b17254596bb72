//! The answer of `describe`.

use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::{Array, StructArray, UInt64Array};
use arrow_schema::{DataType, Field};
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyIterator, PyList};
use pyo3_arrow::ffi::{ArrayIterator, to_stream_pycapsule};
use rstats::internal::is_count;
use rstats::report::key::{Key, Keys};
use rstats::report::{COUNTS, LeftOut, Report};
use rstats::{Error, Interrupt};

use crate::call::{self, Threads};
use crate::errors::{attempt, to_python};

/// The width of a repr: that of a terminal.
const WIDTH: usize = 100;

#[doc = include_str!(concat!(env!("OUT_DIR"), "/Description.txt"))]
#[pyclass(module = "rstats", frozen)]
pub struct Description(pub Report);

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
        match place.filter(|place| *place < length) {
            Some(place) => self.row(py, self.keys()?.as_ref(), place),
            None => Err(PyIndexError::new_err(format!("row {index} of {length}"))),
        }
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Description.columns.txt"))]
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.0.columns()
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Description.errors.txt"))]
    #[getter]
    fn errors<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let errors = self.0.source.errors.iter().map(|skipped| {
            let error = PyDict::new(py);
            error.set_item("file", &skipped.file)?;
            error.set_item("column", &skipped.column)?;
            error.set_item("row_group", skipped.row_group)?;
            error.set_item("message", &skipped.message)?;
            Ok(error)
        });
        errors.collect()
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Description.left_out.txt"))]
    #[getter]
    fn left_out<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let columns = self.0.source.left_out.iter().map(|LeftOut { column, reason }| {
            let left_out = PyDict::new(py);
            left_out.set_item("column", column)?;
            left_out.set_item("reason", reason)?;
            Ok(left_out)
        });
        columns.collect()
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Description.to_dicts.txt"))]
    fn to_dicts<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let keys = self.keys()?;
        let row = |place| {
            call::check_signals(py, place)?;
            self.row(py, keys.as_ref(), place)
        };
        (0..self.0.series.len()).map(row).collect()
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Description.to_json.txt"))]
    fn to_json(&self, py: Python<'_>) -> PyResult<String> {
        let values = self.0.series.len().saturating_mul(self.0.series.names().len());
        let text = call::run(py, values, &Threads::default(), |interrupt| {
            let mut text = Text { bytes: Vec::new(), interrupt };
            match self.0.write_json(&mut text) {
                Ok(()) => Ok(text.bytes),
                Err(_) if interrupt.is_stopped() => Err(Error::Interrupted),
                Err(error) => Err(Error::Data(error.to_string())),
            }
        })?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Description.to_arrow.txt"))]
    fn to_arrow<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("pyarrow")?.call_method1("table", (slf,))
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Description.to_polars.txt"))]
    fn to_polars<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("polars")?.call_method1("DataFrame", (slf,))
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Description.to_pandas.txt"))]
    fn to_pandas<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        // pandas' own missing value in a column of floats is NaN.
        let series = &self.0.series;
        let rows = 0..series.len();
        let columns = PyDict::new(py);
        columns.set_item("column", series.columns_of_all().iter().collect::<Vec<_>>())?;
        if let Some(keys) = self.keys()? {
            let names = self.columns();
            let lists: Vec<_> =
                names.iter().skip(1).take(keys.columns()).map(|name| (name, PyList::empty(py))).collect();
            for row in rows {
                call::check_signals(py, row)?;
                for ((_, key), (_, list)) in keys.row(series.key_row(row)).zip(&lists) {
                    list.append(key_of_python(py, key)?)?;
                }
            }
            for (name, list) in lists {
                columns.set_item(name, list)?;
            }
        }
        // A column of integers with something missing is one of floats in pandas.
        let whole = |name: &str, counts: &UInt64Array| match counts.null_count() {
            0 => columns.set_item(name, counts.values().to_vec()),
            _ => columns.set_item(name, counts.iter().map(|c| c.map_or(f64::NAN, |c| c as f64)).collect::<Vec<f64>>()),
        };
        for (name, counts) in COUNTS.into_iter().zip(series.counts_of_all()) {
            whole(name, counts)?;
        }
        for (name, values) in series.names().iter().zip(series.statistics_of_all()) {
            match is_count(name) {
                true => whole(name, &values.unary(|count| count as u64))?,
                false => columns.set_item(name, values.iter().map(|v| v.unwrap_or(f64::NAN)).collect::<Vec<f64>>())?,
            }
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

/// Text that is being written, until that is interrupted.
struct Text<'a> {
    bytes: Vec<u8>,
    interrupt: &'a Interrupt,
}

impl Write for Text<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.interrupt.is_stopped() {
            return Err(io::Error::other("interrupted"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Description {
    fn keys(&self) -> PyResult<Option<Keys>> {
        self.0.series.keys().map(Keys::new).transpose().map_err(to_python)
    }

    fn row<'py>(&self, py: Python<'py>, keys: Option<&Keys>, place: usize) -> PyResult<Bound<'py, PyDict>> {
        let series = &self.0.series;
        let row = PyDict::new(py);
        row.set_item("column", series.column(place))?;
        if let Some(keys) = keys {
            for (name, key) in keys.row(series.key_row(place)) {
                row.set_item(name, key_of_python(py, key)?)?;
            }
        }
        let counts = series.counts(place);
        for (index, name) in COUNTS.into_iter().enumerate() {
            row.set_item(name, counts.map(|counts| counts[index]))?;
        }
        for (name, value) in series.statistics(place) {
            match value.filter(|_| is_count(name)) {
                Some(count) => row.set_item(name, count as u64)?,
                None => row.set_item(name, value)?,
            }
        }
        Ok(row)
    }
}

/// Dates and times are those of `datetime`, decimals those of `decimal`; what these do not hold (nanoseconds) is text.
fn key_of_python<'py>(py: Python<'py>, key: Key<'_>) -> PyResult<Bound<'py, PyAny>> {
    let parsed = |module: &str, class: &str, text: &str| {
        let class = py.import(module)?.getattr(class)?;
        match class.getattr_opt("fromisoformat")? {
            Some(parse) => parse.call1((text,)),
            None => class.call1((text,)),
        }
    };
    let nanoseconds = |text: &str| {
        text.split_once('.').is_some_and(|(_, rest)| {
            let digits = rest.chars().take_while(char::is_ascii_digit).count();
            digits > 6 && !rest[6..digits].chars().all(|digit| digit == '0')
        })
    };
    let value = match key {
        Key::Null => return Ok(py.None().into_bound(py)),
        Key::Bool(value) => return value.into_bound_py_any(py),
        Key::Integer(value) => return value.into_bound_py_any(py),
        Key::Float(value) => return value.into_bound_py_any(py),
        Key::Date(ref text) => parsed("datetime", "date", text),
        Key::Time(ref text) if !nanoseconds(text) => parsed("datetime", "time", text),
        Key::Timestamp(ref text) if !nanoseconds(text) => parsed("datetime", "datetime", text),
        Key::Decimal(ref text) => parsed("decimal", "Decimal", text),
        ref other => return other.to_string().into_bound_py_any(py),
    };
    // Years beyond 9999 are not those of `datetime`.
    attempt(py, value)?.map_or_else(|| key.to_string().into_bound_py_any(py), Ok)
}
