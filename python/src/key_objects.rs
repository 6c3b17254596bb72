//! Keys of groups as objects of Python, and as text where their type is a library's own.

use arrow_array::types::*;
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray, cast::AsArray};
use arrow_schema::{DataType, Field, FieldRef, Fields, TimeUnit};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use pyo3_arrow::PyArray;
use rstats::Summaries;
use rstats::internal::{COUNTED, HISTOGRAM};
use rstats::report::Key;

use crate::errors::attempt;

/// The metadata that names a type of a library.
const EXTENSION: &str = "ARROW:extension:name";

/// The keys of one column, one a row of the keys.
pub struct KeyObjects<'py> {
    pub name: String,
    array: ArrayRef,
    /// Where the library knows better: pyarrow's or pandas' own objects.
    objects: Option<Vec<Bound<'py, PyAny>>>,
}

impl<'py> KeyObjects<'py> {
    /// The columns of keys.
    pub fn all(py: Python<'py>, keys: &RecordBatch) -> PyResult<Vec<Self>> {
        let schema = keys.schema();
        let columns = schema.fields().iter().zip(keys.columns()).map(|(field, array)| {
            let objects = if is_of_a_library(field) { objects(py, field, array)? } else { None };
            Ok(Self { name: field.name().clone(), array: array.clone(), objects })
        });
        columns.collect()
    }

    /// The key of a row: what the library has, or what the type is to Python, or what is shown.
    pub fn get(&self, py: Python<'py>, row: usize, shown: Key<'_>) -> PyResult<Bound<'py, PyAny>> {
        if let Some(object) = self.objects.as_ref().and_then(|objects| objects.get(row)) {
            return Ok(object.clone());
        }
        if self.array.is_null(row) {
            return Ok(py.None().into_bound(py));
        }
        match shown {
            Key::Counted(values) => return self.counted(py, row, values),
            Key::Histogram { edges, counts } => return self.histogram(py, row, edges, counts),
            _ => {}
        }
        match self.array.data_type() {
            DataType::Binary => PyBytes::new(py, self.array.as_binary::<i32>().value(row)).into_bound_py_any(py),
            DataType::LargeBinary => PyBytes::new(py, self.array.as_binary::<i64>().value(row)).into_bound_py_any(py),
            DataType::BinaryView => PyBytes::new(py, self.array.as_binary_view().value(row)).into_bound_py_any(py),
            DataType::FixedSizeBinary(_) => {
                PyBytes::new(py, self.array.as_fixed_size_binary().value(row)).into_bound_py_any(py)
            }
            DataType::Duration(unit) => match duration(py, &self.array, *unit, row)? {
                Some(duration) => Ok(duration),
                None => shown.to_string().into_bound_py_any(py),
            },
            DataType::Timestamp(_, Some(zone)) => {
                let instant = from_text(py, &shown)?;
                let zone = py.import("zoneinfo")?.getattr("ZoneInfo")?.call1((zone.as_ref(),));
                let moved = match attempt(py, zone)? {
                    Some(zone) => attempt(py, instant.call_method1("astimezone", (zone,)))?,
                    None => None,
                };
                Ok(moved.unwrap_or(instant))
            }
            _ => from_text(py, &shown),
        }
    }
}

impl<'py> KeyObjects<'py> {
    /// A list of values with their counts.
    fn counted(&self, py: Python<'py>, row: usize, values: Vec<(Key<'_>, u64)>) -> PyResult<Bound<'py, PyAny>> {
        let list = self.array.as_list::<i32>().value(row);
        let of_values = Self::plain(list.as_struct().column(0).clone());
        let each = values.into_iter().enumerate().map(|(index, (value, count))| {
            let dict = PyDict::new(py);
            dict.set_item("value", of_values.get(py, index, value)?)?;
            dict.set_item("count", count)?;
            Ok(dict)
        });
        PyList::new(py, each.collect::<PyResult<Vec<_>>>()?)?.into_bound_py_any(py)
    }

    fn histogram(
        &self,
        py: Python<'py>,
        row: usize,
        edges: Vec<Key<'_>>,
        counts: Vec<u64>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let of_edges = Self::plain(self.array.as_struct().column(0).as_list::<i32>().value(row));
        let edges = edges.into_iter().enumerate().map(|(index, edge)| of_edges.get(py, index, edge));
        let dict = PyDict::new(py);
        dict.set_item("edges", edges.collect::<PyResult<Vec<_>>>()?)?;
        dict.set_item("counts", counts)?;
        dict.into_bound_py_any(py)
    }

    fn plain(array: ArrayRef) -> Self {
        Self { name: String::new(), array, objects: None }
    }
}

/// Whether a type is one that a library has made of one of Arrow's, or is nested, but for the answers that are.
fn is_of_a_library(field: &Field) -> bool {
    let names = |fields: &Fields| fields.iter().map(|field| field.name().clone()).collect::<Vec<_>>();
    let is_answer = match field.data_type() {
        DataType::List(values) => matches!(values.data_type(), DataType::Struct(fields) if names(fields) == COUNTED),
        DataType::Struct(fields) => names(fields) == HISTOGRAM,
        _ => false,
    };
    field.metadata().contains_key(EXTENSION) || field.data_type().is_nested() && !is_answer
}

/// The objects that pyarrow makes of a column, or pandas of its own types. `None` where they are not there, or do not know it.
fn objects<'py>(py: Python<'py>, field: &FieldRef, array: &ArrayRef) -> PyResult<Option<Vec<Bound<'py, PyAny>>>> {
    let is_of_pandas = field.metadata().get(EXTENSION).is_some_and(|name| name.starts_with("pandas."));
    if is_of_pandas {
        // It tells pyarrow of its types.
        attempt(py, py.import("pandas.core.arrays.arrow.extension_types"))?;
    }
    let Some(array) = attempt(py, to_pyarrow(py, field, array))? else { return Ok(None) };
    let list = match is_of_pandas {
        true => array.call_method0("to_pandas").and_then(|series| series.call_method0("tolist")),
        false => array.call_method0("to_pylist"),
    };
    match attempt(py, list)? {
        Some(list) => list.try_iter()?.collect::<PyResult<_>>().map(Some),
        None => Ok(None),
    }
}

/// A column as pyarrow has it.
pub fn to_pyarrow<'py>(py: Python<'py>, field: &FieldRef, array: &ArrayRef) -> PyResult<Bound<'py, PyAny>> {
    let array = PyArray::new(array.clone(), field.clone()).into_pyobject(py)?;
    py.import("pyarrow")?.call_method1("array", (array,))
}

/// Keys of a library's own types as it shows them; the others are shown by their type.
pub fn with_texts(py: Python<'_>, series: Summaries) -> PyResult<Summaries> {
    let Some(keys) = series.keys().cloned() else { return Ok(series) };
    let schema = keys.schema();
    let mut series = series;
    for (index, (field, array)) in schema.fields().iter().zip(keys.columns()).enumerate() {
        if !field.metadata().contains_key(EXTENSION) {
            continue;
        }
        let Some(objects) = objects(py, field, array)? else { continue };
        let texts = objects.iter().map(|object| match object.is_none() {
            true => Ok(None),
            false => object.str()?.extract::<String>().map(Some),
        });
        series = series.with_key_texts(index, texts.collect::<PyResult<StringArray>>()?);
    }
    Ok(series)
}

/// A `timedelta`; `None` for one that it does not hold, of nanoseconds or of too many days.
fn duration<'py>(py: Python<'py>, array: &ArrayRef, unit: TimeUnit, row: usize) -> PyResult<Option<Bound<'py, PyAny>>> {
    let microseconds = match unit {
        TimeUnit::Second => array.as_primitive::<DurationSecondType>().value(row).checked_mul(1_000_000),
        TimeUnit::Millisecond => array.as_primitive::<DurationMillisecondType>().value(row).checked_mul(1_000),
        TimeUnit::Microsecond => Some(array.as_primitive::<DurationMicrosecondType>().value(row)),
        TimeUnit::Nanosecond => match array.as_primitive::<DurationNanosecondType>().value(row) {
            ticks if ticks % 1_000 == 0 => Some(ticks / 1_000),
            _ => None,
        },
    };
    let Some(microseconds) = microseconds else { return Ok(None) };
    let class = py.import("datetime")?.getattr("timedelta")?;
    attempt(py, class.call1((0, 0, microseconds)))
}

/// Dates and times are those of `datetime`, decimals those of `decimal`; what these do not hold (nanoseconds) is text.
fn from_text<'py>(py: Python<'py>, key: &Key<'_>) -> PyResult<Bound<'py, PyAny>> {
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
        Key::Date(text) => parsed("datetime", "date", text),
        Key::Time(text) if !nanoseconds(text) => parsed("datetime", "time", text),
        Key::Timestamp(text) if !nanoseconds(text) => parsed("datetime", "datetime", text),
        Key::Decimal(text) => parsed("decimal", "Decimal", text),
        other => return other.iso().into_bound_py_any(py),
    };
    // Years beyond 9999 are not those of `datetime`.
    attempt(py, value)?.map_or_else(|| key.to_string().into_bound_py_any(py), Ok)
}
