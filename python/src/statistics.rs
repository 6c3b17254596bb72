//! `compute_stats` and its answer.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use rstats::{Interrupt, Method, Spec, Statistic, describe_all};

use crate::call;
use crate::errors::statistics_error;
use crate::input;
use crate::numbers::NoneMeans;

/// See the stub.
#[pyclass(module = "rstats", frozen, eq)]
#[derive(PartialEq)]
pub struct Statistics {
    #[pyo3(get)]
    range: f64,
    #[pyo3(get)]
    quartiles: Vec<f64>,
    #[pyo3(get)]
    mean: f64,
    #[pyo3(get)]
    stddev: f64,
}

#[pymethods]
impl Statistics {
    #[new]
    fn new(range: f64, quartiles: Vec<f64>, mean: f64, stddev: f64) -> Self {
        Self { range, quartiles, mean, stddev }
    }

    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item("range", self.range)?;
        dict.set_item("quartiles", &self.quartiles)?;
        dict.set_item("mean", self.mean)?;
        dict.set_item("stddev", self.stddev)?;
        Ok(dict)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let items = self.to_dict(py)?;
        let items = items.iter().map(|(name, value)| Ok(format!("{name}={}", value.repr()?)));
        Ok(format!("Statistics({})", items.collect::<PyResult<Vec<_>>>()?.join(", ")))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let class = py.get_type::<Self>().into_any();
        let arguments = (self.range, self.quartiles.clone(), self.mean, self.stddev);
        Ok((class, arguments.into_pyobject(py)?))
    }
}

/// See the stub.
#[pyfunction]
pub fn compute_stats(numbers: &Bound<'_, PyAny>) -> PyResult<Statistics> {
    let py = numbers.py();
    let series = input::series(numbers, NoneMeans::Error)?;
    let spec = Spec::default()
        .with_statistics([Statistic::Range, Statistic::Mean, Statistic::Stddev])
        .with_method(Method::Exclusive);
    let work = |interrupt: &Interrupt| describe_all(std::slice::from_ref(&series), &spec, interrupt);
    let summaries = call::run(py, series.rows(), None, work)?;
    let summary = match summaries.first() {
        Some(summary) if summary.count >= 2 => summary,
        _ => {
            let count = summaries.first().map_or(0, |summary| summary.count);
            let message = format!("compute_stats needs at least two values, and got {count}");
            return Err(statistics_error(py, &message));
        }
    };
    // Of two values or more every statistic is defined.
    let get = |name| summary.get(name).unwrap_or(f64::NAN);
    Ok(Statistics {
        range: get("range"),
        quartiles: ["q1", "median", "q3"].map(get).to_vec(),
        mean: get("mean"),
        stddev: get("stddev"),
    })
}
