//! `compute_stats` and its answer.

use std::cell::RefCell;
use std::sync::LazyLock;

use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyIterator, PyList, PyTuple};
use pyo3::{IntoPyObjectExt, intern};
use rstats::internal::number;
use rstats::{Describer, Interrupt, Method, Spec, Statistic, Summary, describe_all};

use crate::arch::floats_of;
use crate::call::{self, Threads};
use crate::errors::{statistics_error, to_python};
use crate::input;
use crate::input::Missing;

/// The names of the statistics, in their order.
const NAMES: [&str; 4] = ["range", "quartiles", "mean", "stddev"];

#[doc = include_str!(concat!(env!("OUT_DIR"), "/Statistics.txt"))]
#[pyclass(module = "rstats", frozen, eq, mapping)]
#[derive(PartialEq)]
pub struct Statistics {
    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Statistics.range.txt"))]
    #[pyo3(get)]
    range: f64,
    quartiles: [f64; 3],
    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Statistics.mean.txt"))]
    #[pyo3(get)]
    mean: f64,
    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Statistics.stddev.txt"))]
    #[pyo3(get)]
    stddev: f64,
}

#[pymethods]
impl Statistics {
    #[new]
    fn new(range: f64, quartiles: [f64; 3], mean: f64, stddev: f64) -> Self {
        Self { range, quartiles, mean, stddev }
    }

    #[classattr]
    fn __match_args__() -> (&'static str, &'static str, &'static str, &'static str) {
        NAMES.into()
    }

    /// What `dataclasses`, and with it Flask and orjson, know a dataclass by: its fields, read from one that is made for that.
    #[classattr]
    fn __dataclass_fields__(py: Python<'_>) -> PyResult<Py<PyAny>> {
        let class = py.import("dataclasses")?.call_method1("make_dataclass", ("Statistics", NAMES))?;
        Ok(class.getattr("__dataclass_fields__")?.unbind())
    }

    /// For `vars`, and for orjson, which reads a dataclass there.
    #[getter]
    fn __dict__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.to_dict(py)
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Statistics.quartiles.txt"))]
    #[getter]
    fn quartiles<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.quartiles)
    }

    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, NAMES)
    }

    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        Ok(self.to_dict(py)?.values())
    }

    fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        Ok(self.to_dict(py)?.items())
    }

    #[pyo3(signature = (key, default=None, /))]
    fn get<'py>(&self, key: &Bound<'py, PyAny>, default: Option<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        match self.statistic(key)? {
            Some(statistic) => Ok(statistic),
            None => default.into_bound_py_any(key.py()),
        }
    }

    fn __getitem__<'py>(&self, key: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.statistic(key)?.ok_or_else(|| PyKeyError::new_err(key.clone().unbind()))
    }

    fn __contains__(&self, key: &Bound<'_, PyAny>) -> PyResult<bool> {
        Ok(self.statistic(key)?.is_some())
    }

    fn __len__(&self) -> usize {
        NAMES.len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.keys(py)?.try_iter()
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Statistics.to_dict.txt"))]
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item(intern!(py, "range"), self.range)?;
        dict.set_item(intern!(py, "quartiles"), self.quartiles(py)?)?;
        dict.set_item(intern!(py, "mean"), self.mean)?;
        dict.set_item(intern!(py, "stddev"), self.stddev)?;
        Ok(dict)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let items = self.to_dict(py)?;
        let items = items.iter().map(|(name, value)| Ok(format!("{name}={}", value.repr()?)));
        Ok(format!("Statistics({})", items.collect::<PyResult<Vec<_>>>()?.join(", ")))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let class = py.get_type::<Self>().into_any();
        let arguments = (self.range, self.quartiles, self.mean, self.stddev);
        Ok((class, arguments.into_pyobject(py)?))
    }
}

impl Statistics {
    /// One of them by its name.
    fn statistic<'py>(&self, key: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = key.py();
        Ok(match key.extract::<&str>() {
            Ok("range") => Some(self.range.into_bound_py_any(py)?),
            Ok("quartiles") => Some(self.quartiles(py)?.into_any()),
            Ok("mean") => Some(self.mean.into_bound_py_any(py)?),
            Ok("stddev") => Some(self.stddev.into_bound_py_any(py)?),
            _ => None,
        })
    }

    /// The object that Flask's `jsonify` makes of it; what is not finite is null.
    pub fn to_json(&self) -> String {
        let number = |value: f64| if value.is_finite() { number(value) } else { "null".to_owned() };
        let (range, mean, stddev) = (number(self.range), number(self.mean), number(self.stddev));
        let quartiles = self.quartiles.map(number).join(",");
        format!(r#"{{"range":{range},"quartiles":[{quartiles}],"mean":{mean},"stddev":{stddev}}}"#)
    }

    /// Of two values or more every statistic is defined.
    pub fn of(summary: &Summary) -> std::result::Result<Self, String> {
        if summary.count < 2 {
            return Err(format!("compute_stats needs at least two values, and got {}", summary.count));
        }
        let mut statistics = summary.statistics().map(|(_, value)| value.unwrap_or(f64::NAN));
        Ok(Self::from([(); 6].map(|()| statistics.next().unwrap_or(f64::NAN))))
    }
}

/// In the order of [`ASKED`].
impl From<[f64; 6]> for Statistics {
    fn from([range, mean, stddev, q1, median, q3]: [f64; 6]) -> Self {
        Self { range, quartiles: [q1, median, q3], mean, stddev }
    }
}

/// What `compute_stats` asks for.
pub static ASKED: LazyLock<Spec> = LazyLock::new(|| {
    Spec::default()
        .with_statistics([Statistic::Range, Statistic::Mean, Statistic::Stddev])
        .with_method(Method::Exclusive)
});

thread_local! {
    /// Describes short lists, one after the other.
    static DESCRIBER: RefCell<Describer> = RefCell::new(Describer::new(&ASKED));
}

#[doc = include_str!(concat!(env!("OUT_DIR"), "/compute_stats.txt"))]
#[pyfunction]
pub fn compute_stats(numbers: &Bound<'_, PyAny>) -> PyResult<Statistics> {
    let py = numbers.py();
    let summary = match floats_of(numbers, call::SMALL) {
        Some(values) => {
            let mut found = [0.0; 6];
            if values.len() >= 2 && DESCRIBER.with_borrow(|describer| describer.describe_few(&values, &mut found)) {
                return Ok(Statistics::from(found));
            }
            DESCRIBER.with_borrow_mut(|describer| describer.describe_values(&values)).map_err(to_python)?
        }
        None => {
            let series = input::series(numbers, Missing::Nothing)?;
            let work = |interrupt: &Interrupt| describe_all(std::slice::from_ref(&series), &ASKED, interrupt);
            let mut summaries = call::run(py, series.rows(), &Threads::default(), work)?;
            summaries.remove(0)
        }
    };
    Statistics::of(&summary).map_err(|message| statistics_error(py, &message))
}
