//! Columns of keys, of any type: as Arrow arrays.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray, new_empty_array, new_null_array,
};
use arrow_schema::DataType;
use arrow_select::concat::concat;
use pyo3::exceptions::{PyImportError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};

use crate::call;
use crate::capsules;
use crate::errors::to_python;
use crate::input;
use crate::numbers::NoneMeans;

/// The column of a pandas frame, or the level of its index, of this name.
pub fn from_pandas(frame: &Bound<'_, PyAny>, name: &str) -> PyResult<ArrayRef> {
    let columns = frame.getattr("columns")?;
    let names: Vec<String> = columns.try_iter()?.map(|name| Ok(name?.str()?.to_string())).collect::<PyResult<_>>()?;
    if let Some(place) = names.iter().position(|column| column == name) {
        let whole = pyo3::types::PySlice::full(frame.py());
        return from_any(&frame.getattr("iloc")?.get_item((whole, place))?);
    }
    let index = frame.getattr("index")?;
    for (level, label) in index.getattr("names")?.try_iter()?.enumerate() {
        let label = label?;
        if !label.is_none() && label.str()? == name {
            return from_any(&index.call_method1("get_level_values", (level,))?.call_method0("to_series")?);
        }
    }
    Err(to_python(rstats::Error::NoSuchColumn { name: name.to_owned(), available: names }))
}

/// Whatever speaks Arrow.
pub fn from_arrow(data: &Bound<'_, PyAny>) -> PyResult<ArrayRef> {
    let (chunks, field) = capsules::chunks(data)?;
    let chunks = chunks.into_iter().map(|chunk| capsules::checked(chunk, field.name()));
    together(chunks.collect::<PyResult<_>>()?, field.data_type())
}

/// Chunks as one array.
pub fn together(chunks: Vec<ArrayRef>, data_type: &DataType) -> PyResult<ArrayRef> {
    match &chunks[..] {
        [] => Ok(new_empty_array(data_type)),
        [chunk] => Ok(chunk.clone()),
        chunks => {
            let chunks: Vec<&dyn Array> = chunks.iter().map(AsRef::as_ref).collect();
            concat(&chunks).map_err(|error| PyValueError::new_err(error.to_string()))
        }
    }
}

/// A series of pandas, an Arrow or NumPy array, or a sequence of Python objects.
pub fn from_any(data: &Bound<'_, PyAny>) -> PyResult<ArrayRef> {
    let py = data.py();
    let kind = match data.getattr_opt(intern!(py, "dtype"))? {
        Some(dtype) => dtype.getattr_opt(intern!(py, "kind"))?.and_then(|kind| kind.extract::<String>().ok()),
        None => None,
    };
    // Numbers of NumPy, and of pandas on NumPy, lie in memory; in pandas NaN is the missing value among them.
    let numbers = kind.as_deref().is_some_and(|kind| ["i", "u", "f", "b"].contains(&kind));
    let on_numpy = match data.getattr_opt(intern!(py, "dtype"))? {
        Some(dtype) => {
            input::is_instance(&dtype, "numpy", "dtype")? || input::is_instance(&dtype, "pandas", "SparseDtype")?
        }
        None => false,
    };
    if numbers && on_numpy {
        let series = input::series(data, NoneMeans::Null)?;
        let is_boolean = series.is_boolean();
        let array = series.whole().and_then(|chunk| chunk.to_array()).map_err(to_python)?;
        if is_boolean {
            return arrow_cast::cast(&array, &DataType::Boolean)
                .map_err(|error| PyValueError::new_err(error.to_string()));
        }
        return Ok(array);
    }
    if capsules::speaks(data)? {
        return from_arrow(data);
    }
    let items = data.try_iter()?.enumerate().map(|(position, item)| {
        call::check_signals(py, position)?;
        item
    });
    let items: Vec<Bound<'_, PyAny>> = items.collect::<PyResult<_>>()?;
    let Some(first) = items.iter().find(|item| !item.is_none()) else {
        return Ok(new_null_array(&DataType::Null, items.len()));
    };
    let all = |matches: &dyn Fn(&Bound<'_, PyAny>) -> bool| items.iter().all(|item| item.is_none() || matches(item));
    if all(&|item| item.is_instance_of::<PyString>()) {
        let values: Vec<Option<String>> = items.iter().map(|item| item.extract()).collect::<PyResult<_>>()?;
        return Ok(Arc::new(StringArray::from(values)));
    }
    if all(&|item| item.is_instance_of::<PyBool>()) {
        let values: Vec<Option<bool>> = items.iter().map(|item| item.extract()).collect::<PyResult<_>>()?;
        return Ok(Arc::new(BooleanArray::from(values)));
    }
    if all(&|item| item.is_instance_of::<PyInt>() && !item.is_instance_of::<PyBool>())
        && let Ok(values) = items.iter().map(|item| item.extract()).collect::<PyResult<Vec<Option<i64>>>>()
    {
        return Ok(Arc::new(Int64Array::from(values)));
    }
    if all(&|item| item.is_instance_of::<PyFloat>()) {
        let values: Vec<Option<f64>> = items.iter().map(|item| item.extract()).collect::<PyResult<_>>()?;
        return Ok(Arc::new(Float64Array::from(values)));
    }
    // Dates, decimals and the rest: pyarrow knows them, where it is there.
    match py.import("pyarrow") {
        Ok(pyarrow) => from_arrow(&pyarrow.call_method1("array", (items,))?),
        Err(error) if !error.is_instance_of::<PyImportError>(py) => Err(error),
        Err(_) => {
            let class = first.get_type();
            Err(PyTypeError::new_err(format!("keys of {} need pyarrow; give an Arrow array", class.name()?)))
        }
    }
}
