//! The rows of a table as series, across its columns.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, FixedSizeListArray};
use arrow_schema::{DataType, Field};
use arrow_select::interleave::interleave;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use rstats::internal::{NAME, common_decimals, exactly, shown};
use rstats::{Error, ListColumn, Series};

use crate::errors::to_python;

/// Each row as a list of the values of all columns, which are numbers of one type or such as mix exactly.
pub fn across(series: &[Series]) -> PyResult<ListColumn> {
    let failed = |error: arrow_schema::ArrowError| to_python(Error::Data(error.to_string()));
    let arrays = series.iter().map(|series| series.whole().and_then(|chunk| chunk.to_array()).map_err(to_python));
    let arrays = arrays.collect::<PyResult<Vec<ArrayRef>>>()?;
    let types: Vec<DataType> = arrays.iter().map(|array| array.data_type().clone()).collect();
    let Some(common) = common_type(&types) else {
        return Err(PyTypeError::new_err("axis=1 is for columns of numbers, and there are none"));
    };
    let arrays = arrays.iter().zip(series).map(|(array, series)| {
        exactly(array, &common).map_err(|why| {
            PyValueError::new_err(format!(
                "column '{}' ({}) does not mix exactly with the other columns: it {why}; cast it, or leave it out by columns=",
                shown(series.name().unwrap_or_default(), NAME),
                array.data_type()
            ))
        })
    });
    let arrays = arrays.collect::<PyResult<Vec<ArrayRef>>>()?;
    let rows = arrays[0].len();
    if let Some((other, series)) = arrays.iter().zip(series).find(|(array, _)| array.len() != rows) {
        let name = shown(series.name().unwrap_or_default(), NAME);
        return Err(PyValueError::new_err(format!(
            "column '{name}' has {} rows, and the first one {rows}",
            other.len()
        )));
    }
    let places: Vec<(usize, usize)> =
        (0..rows).flat_map(|row| (0..arrays.len()).map(move |column| (column, row))).collect();
    let values = interleave(&arrays.iter().map(AsRef::as_ref).collect::<Vec<_>>(), &places).map_err(failed)?;
    let field = Arc::new(Field::new("item", common, true));
    let width = i32::try_from(arrays.len()).map_err(|_| PyValueError::new_err("a row has too many columns"))?;
    let lists = FixedSizeListArray::try_new(field, width, values, None).map_err(failed)?;
    Ok((None, vec![Arc::new(lists)]))
}

/// The type that holds all others, if they are numbers: decimals where no other is exact, floats where there is one.
fn common_type(types: &[DataType]) -> Option<DataType> {
    let first = types.first()?;
    if types.iter().all(|of| of == first) && *first != DataType::Boolean {
        return Some(first.clone());
    }
    let is_small = |of: &DataType| {
        use DataType::{Boolean, Float16, Float32, Float64, Int8, Int16, Int32, UInt8, UInt16, UInt32};
        matches!(of, Boolean | Float16 | Float32 | Float64 | Int8 | Int16 | Int32 | UInt8 | UInt16 | UInt32)
    };
    if types.iter().all(is_small) || types.iter().any(DataType::is_floating) {
        return Some(DataType::Float64);
    }
    if types.iter().all(|of| of.is_signed_integer() || *of == DataType::Boolean) {
        return Some(DataType::Int64);
    }
    Some(common_decimals(types))
}
