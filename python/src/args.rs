//! The keyword arguments that say what is asked.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt, PyString};
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

pub fn spec(
    stats: Option<&Bound<'_, PyAny>>,
    q: Option<&Bound<'_, PyAny>>,
    method: &str,
    ddof: i64,
    nan: &str,
    level: f64,
) -> PyResult<Spec> {
    let ddof = u64::try_from(ddof).map_err(|_| PyValueError::new_err(format!("ddof is 0 or more, not {ddof}")))?;
    let spec = Spec::default()
        .with_method(method.parse().map_err(PyValueError::new_err)?)
        .with_nan(nan.parse().map_err(PyValueError::new_err)?)
        .with_ddof(ddof)
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
    if q.is_instance_of::<PyInt>() {
        let groups = q.extract::<u64>().unwrap_or(0); // out of range, as a negative number is
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
