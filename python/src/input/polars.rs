//! Polars: frames and series, column by column.

use pyo3::intern;
use pyo3::prelude::*;

use super::arrow;
use super::column::{Column, Values};
use crate::errors::attempt;

/// The column of a frame at an index.
pub fn column_of<'py>(frame: &Bound<'py, PyAny>, index: usize) -> PyResult<Bound<'py, PyAny>> {
    frame.call_method1(intern!(frame.py(), "to_series"), (index,))
}

/// A series.
pub fn column<'py>(series: &Bound<'py, PyAny>) -> PyResult<Column<'py>> {
    let py = series.py();
    let name: String = series.getattr(intern!(py, "name"))?.extract()?;
    let name = (!name.is_empty()).then_some(name);
    let dtype = series.getattr(intern!(py, "dtype"))?;
    let text = dtype.str()?.to_string();
    if text.starts_with("Object") {
        // As Arrow it would be the addresses of the objects.
        let items = series.call_method0(intern!(py, "to_list"))?;
        return Ok(Column { name, values: Values::Items(items, super::items::Missing::Null) });
    }
    let series = match text.as_str() {
        // Arrow has no such integers; decimals of 38 digits hold nearly all of them, and Polars refuses the rest.
        "UInt128" => {
            let decimal = py.import("polars")?.getattr("Decimal")?.call1((38, 0))?;
            match attempt(py, series.call_method1("cast", (decimal,)))? {
                Some(series) => series,
                None => {
                    let reason = "integers of 128 bits with more than 38 digits cannot be read".to_owned();
                    return Ok(Column { name, values: Values::Unreadable(reason) });
                }
            }
        }
        _ => series.clone(),
    };
    let (chunks, field) = arrow::column_of_sound(&series)?;
    let field = if text.starts_with("Enum") { arrow::ordered(&field) } else { field };
    Ok(Column { name, values: Values::Arrow(chunks, field) })
}
