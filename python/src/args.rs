//! The keyword arguments that say what is asked.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyString};
use rstats::Spec;

use crate::errors::to_python;

/// One string, or several.
pub fn names(argument: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    if let Ok(name) = value.cast::<PyString>() {
        return Ok(vec![name.to_string()]);
    }
    let wrong = |_| {
        let given = value.get_type();
        PyTypeError::new_err(format!("{argument} is a name or a sequence of names, not {given}"))
    };
    let items = value.try_iter().map_err(wrong)?;
    items.map(|item| item?.cast::<PyString>().map(|name| name.to_string()).map_err(|e| wrong(e.into()))).collect()
}

/// A whole number from `least` to `most`.
pub fn whole(argument: &str, value: &Bound<'_, PyAny>, least: i64, most: i64) -> PyResult<usize> {
    let index = value.call_method0("__index__").map_err(|_| {
        let given = value.get_type();
        PyTypeError::new_err(format!("{argument} is a whole number, not {given}"))
    })?;
    match index.extract::<i64>() {
        Ok(number) if (least..=most).contains(&number) => Ok(number as usize),
        _ => Err(PyValueError::new_err(format!("{argument} is from {least} to {most}, not {index}"))),
    }
}

pub fn spec(
    stats: Option<&Bound<'_, PyAny>>,
    q: Option<&Bound<'_, PyAny>>,
    method: &str,
    ddof: usize,
    nan: &str,
    level: f64,
) -> PyResult<Spec> {
    let spec = Spec::default()
        .with_method(method.parse().map_err(PyValueError::new_err)?)
        .with_nan(nan.parse().map_err(PyValueError::new_err)?)
        .with_ddof(ddof as u64)
        .with_level(level)
        .map_err(to_python)?;
    let spec = match q {
        None => spec,
        Some(q) => quantiles(spec, q)?,
    };
    match stats {
        None => Ok(spec),
        Some(stats) => spec.with_statistics_named(names("stats", stats)?).map_err(to_python),
    }
}

fn quantiles(spec: Spec, q: &Bound<'_, PyAny>) -> PyResult<Spec> {
    let wrong = || {
        let given = q.get_type();
        PyTypeError::new_err(format!(
            "q is a probability, a sequence of them, or an integer n for n - 1 cut points, not {given}"
        ))
    };
    if q.is_instance_of::<PyString>() || q.is_instance_of::<PyBool>() {
        return Err(wrong());
    }
    if let Ok(groups) = q.call_method0("__index__") {
        let groups = groups.extract::<u64>().map_err(|_| {
            PyValueError::new_err(format!("the number of groups that quantiles cut is from 1 to 1000000, not {groups}"))
        })?;
        return spec.with_cut_points(groups).map_err(to_python);
    }
    let probabilities = match q.extract::<f64>() {
        Ok(p) => vec![p],
        Err(_) => {
            let items = q.try_iter().map_err(|_| wrong())?;
            items.map(|p| p?.extract::<f64>().map_err(|_| wrong())).collect::<PyResult<_>>()?
        }
    };
    spec.with_quantiles(&probabilities).map_err(to_python)
}
