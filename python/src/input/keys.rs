//! Keys of any type, as Arrow arrays.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray, new_empty_array, new_null_array,
};
use arrow_schema::{DataType, Field, FieldRef};
use arrow_select::concat::concat;
use pyo3::exceptions::{PyException, PyImportError, PyMemoryError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString};
use rstats::internal::{NAME, shown};
use rstats::series::Chunk;

use super::arrow;
use super::classes::is_instance;
use super::items::{Missing, numbers, with_none_for_missing};
use super::pandas::is_missing;
use crate::call;

/// Chunks as one array. Dictionaries that have too many values together for their indices get wider ones.
pub fn together(chunks: Vec<ArrayRef>, field: &Field) -> PyResult<ArrayRef> {
    let failed = |error: arrow_schema::ArrowError| PyValueError::new_err(error.to_string());
    match &chunks[..] {
        [] => Ok(new_empty_array(field.data_type())),
        [chunk] => Ok(chunk.clone()),
        chunks => {
            let joined = |chunks: &[ArrayRef]| concat(&chunks.iter().map(AsRef::as_ref).collect::<Vec<_>>());
            match (joined(chunks), field.data_type()) {
                (Err(_), DataType::Dictionary(_, values)) => {
                    let wide = DataType::Dictionary(Box::new(DataType::Int64), values.clone());
                    let chunks =
                        chunks.iter().map(|chunk| arrow_cast::cast(chunk, &wide)).collect::<Result<Vec<_>, _>>();
                    joined(&chunks.map_err(failed)?).map_err(failed)
                }
                (joined, _) => joined.map_err(failed),
            }
        }
    }
}

/// Keys that are Python objects, or lie in an array of NumPy or pandas that holds no numbers.
pub fn from_objects(objects: &Bound<'_, PyAny>, missing: Missing, name: &str) -> PyResult<(FieldRef, ArrayRef)> {
    let py = objects.py();
    if arrow::speaks(objects)? {
        return in_one(readable(py, name, arrow::column(objects))?);
    }
    // Dates and text of NumPy.
    if is_instance(objects, "numpy", "ndarray")? && !objects.getattr("dtype")?.getattr("hasobject")?.is_truthy()? {
        let pyarrow = py.import("pyarrow")?;
        let mut array = pyarrow.call_method1("array", (objects,));
        let kind: String = objects.getattr("dtype")?.getattr("kind")?.extract()?;
        if array.is_err() && ["m", "M"].contains(&kind.as_str()) {
            // Units that Arrow has not, of hours or of years, as seconds.
            let in_seconds = objects.call_method1("astype", (format!("{kind}8[s]"),));
            array = in_seconds.and_then(|objects| pyarrow.call_method1("array", (objects,)));
        }
        return in_one(readable(py, name, array.and_then(|array| arrow::column(&array)))?);
    }
    let items = objects.try_iter()?.enumerate().map(|(position, item)| {
        call::check_signals(py, position)?;
        item
    });
    let items: Vec<Bound<'_, PyAny>> = items.collect::<PyResult<_>>()?;
    // NaT would be the first day of the first year beside dates.
    let items = with_none_for_missing(py, items)?;
    if let Some(series) = with_nanoseconds(py, &items)? {
        return in_one(readable(py, name, arrow::column(&series))?);
    }
    // pyarrow would make dates of datetimes after a date, and take times without a zone for those of UTC after one with a zone.
    if let Some((one, other)) = kinds_of_times(&items)? {
        let name = shown(name, NAME);
        return Err(PyTypeError::new_err(format!("'{name}' holds {one} and {other}; give its values one type")));
    }
    let array: ArrayRef = match plain(&items)? {
        Some(array) => array,
        // Dates, decimals and the rest: pyarrow knows them, where it is there.
        None => match py.import("pyarrow") {
            Ok(pyarrow) => {
                let options = PyDict::new(py);
                // In pandas' columns of objects NaN is the missing value.
                options.set_item("from_pandas", missing == Missing::NullAndNan)?;
                let array = pyarrow.getattr("array")?.call((items,), Some(&options));
                let array = array.and_then(|array| arrow::column(&array));
                if let (Err(_), Ok(numbers)) = (&array, numbers(objects, missing))
                    && let [Chunk::Array(numbers)] = &numbers[..]
                {
                    // Numbers of classes of their own.
                    return Ok((Arc::new(Field::new("", numbers.data_type().clone(), true)), Arc::clone(numbers)));
                }
                return in_one(readable(py, name, array)?);
            }
            Err(error) if !error.is_instance_of::<PyImportError>(py) => return Err(error),
            Err(_) => {
                let first = items.iter().find(|item| !item.is_none()).map(Bound::get_type);
                let class = first.map(|class| class.name().map(|name| name.to_string())).transpose()?;
                let class = class.unwrap_or_default();
                return Err(PyTypeError::new_err(format!("keys of {class} need pyarrow; give an Arrow array")));
            }
        },
    };
    Ok((Arc::new(Field::new("", array.data_type().clone(), true)), array))
}

/// Times of pandas as a series, if one of them has nanoseconds: of single ones pyarrow would take the microseconds.
fn with_nanoseconds<'py>(py: Python<'py>, items: &[Bound<'py, PyAny>]) -> PyResult<Option<Bound<'py, PyAny>>> {
    for (class, part) in [("Timestamp", "nanosecond"), ("Timedelta", "nanoseconds")] {
        let mut has_some = false;
        for item in items.iter().filter(|item| !item.is_none()) {
            if !is_instance(item, "pandas", class)? {
                has_some = false;
                break;
            }
            has_some |= item.getattr(part)?.is_truthy()?;
        }
        if has_some {
            let series = py.import("pandas")?.call_method1("Series", (PyList::new(py, items)?,))?;
            // Of several zones it is one of objects.
            return Ok((!series.getattr("dtype")?.getattr("kind")?.eq("O")?).then_some(series));
        }
    }
    Ok(None)
}

/// Two kinds of Python's times that objects are of, if they are of several: dates, datetimes with and without a zone.
fn kinds_of_times(items: &[Bound<'_, PyAny>]) -> PyResult<Option<(&'static str, &'static str)>> {
    // What is not equal to itself is missing: NaT is a datetime of Python's.
    let is_there = |item: &&Bound<'_, PyAny>| !item.is_none() && is_missing(item).is_ok_and(|is_missing| !is_missing);
    let mut there = items.iter().filter(is_there);
    let Some(first) = there.clone().next() else { return Ok(None) };
    let module = first.py().import("datetime")?;
    let [date, datetime] = [module.getattr("date")?, module.getattr("datetime")?];
    let kind = |item: &Bound<'_, PyAny>| {
        Ok::<_, PyErr>(match item.is_instance(&date)? {
            false => "other values",
            true if !item.is_instance(&datetime)? => "dates",
            true if item.getattr("tzinfo")?.is_none() => "datetimes without a zone",
            true => "datetimes with a zone",
        })
    };
    let known = kind(first)?;
    if known == "other values" {
        return Ok(None); // what pyarrow refuses beside them
    }
    let other = there.find_map(|item| kind(item).map(|kind| (kind != known).then_some(kind)).transpose());
    Ok(other.transpose()?.map(|other| (known, other)))
}

/// All of an Arrow column in one array, which may be read: see [`arrow::checked`].
fn in_one((chunks, field): (Vec<ArrayRef>, FieldRef)) -> PyResult<(FieldRef, ArrayRef)> {
    let chunks = chunks.into_iter().map(|chunk| arrow::checked(chunk, field.name()));
    let array = together(chunks.collect::<PyResult<_>>()?, &field)?;
    Ok((field, array))
}

/// What pyarrow says of objects that it does not know, with the key's name.
fn readable<T>(py: Python<'_>, name: &str, result: PyResult<T>) -> PyResult<T> {
    result.map_err(|error| {
        if !error.is_instance_of::<PyException>(py) || error.is_instance_of::<PyMemoryError>(py) {
            return error;
        }
        let wrong = PyTypeError::new_err(format!(
            "key '{}' cannot be read as Arrow data: {}",
            shown(name, NAME),
            error.value(py)
        ));
        wrong.set_cause(py, Some(error));
        wrong
    })
}

/// Text, booleans, integers and floats of Python.
fn plain(items: &[Bound<'_, PyAny>]) -> PyResult<Option<ArrayRef>> {
    if items.iter().all(|item| item.is_none()) {
        return Ok(Some(new_null_array(&DataType::Null, items.len())));
    }
    let all = |matches: &dyn Fn(&Bound<'_, PyAny>) -> bool| items.iter().all(|item| item.is_none() || matches(item));
    if all(&|item| item.is_exact_instance_of::<PyString>()) {
        let values: Vec<Option<String>> = items.iter().map(|item| item.extract()).collect::<PyResult<_>>()?;
        return Ok(Some(Arc::new(StringArray::from(values))));
    }
    if all(&|item| item.is_exact_instance_of::<PyBool>()) {
        let values: Vec<Option<bool>> = items.iter().map(|item| item.extract()).collect::<PyResult<_>>()?;
        return Ok(Some(Arc::new(BooleanArray::from(values))));
    }
    if all(&|item| item.is_exact_instance_of::<PyInt>())
        && let Ok(values) = items.iter().map(|item| item.extract()).collect::<PyResult<Vec<Option<i64>>>>()
    {
        return Ok(Some(Arc::new(Int64Array::from(values))));
    }
    if all(&|item| item.is_exact_instance_of::<PyFloat>()) {
        let values: Vec<Option<f64>> = items.iter().map(|item| item.extract()).collect::<PyResult<_>>()?;
        return Ok(Some(Arc::new(Float64Array::from(values))));
    }
    Ok(None)
}
