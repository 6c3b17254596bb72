//! The keyword arguments that say what is asked.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyList, PyString, PyTuple, PyType};
use rstats::{Bias, Columns, Filter, Spec, Weighting};

use crate::call::{Threads, check_signals};
use crate::errors::{attempt, instead, special, to_python};

/// One string, or several.
pub fn names(argument: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    if let Ok(name) = value.cast::<PyString>() {
        return Ok(vec![name.to_string()]);
    }
    let wrong = || {
        let given = value.get_type();
        PyTypeError::new_err(format!("{argument} is a name or a sequence of names, not {given}"))
    };
    let items = value.try_iter().map_err(|error| instead(value.py(), error, wrong))?;
    items.map(|item| item?.cast::<PyString>().map(|name| name.to_string()).map_err(|_| wrong())).collect()
}

/// The wanted columns, and what the code that chooses them has raised.
pub struct Chosen {
    pub columns: Columns,
    failure: Arc<Mutex<Option<PyErr>>>,
}

impl Chosen {
    /// What came of the work for which they were chosen, unless the choice failed.
    pub fn settle<T>(&self, outcome: PyResult<T>) -> PyResult<T> {
        match self.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(raised) => Err(raised),
            None => outcome,
        }
    }
}

/// Which columns are wanted: names, regular expressions that a name must match somewhere, and types; one or several of them.
pub fn columns(value: Option<&Bound<'_, PyAny>>) -> PyResult<Chosen> {
    let failure = Arc::new(Mutex::new(None));
    let chosen = |columns| Ok(Chosen { columns, failure: Arc::clone(&failure) });
    let Some(value) = value else { return chosen(Columns::Numeric) };
    let is_sequence = value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>();
    let items = match is_sequence {
        true => value.try_iter()?.collect::<PyResult<Vec<_>>>()?,
        false => vec![value.clone()],
    };
    let mut choices = Vec::with_capacity(items.len());
    if !items.iter().all(|item| item.is_instance_of::<PyString>()) {
        for item in &items {
            choices.push(attempt(item.py(), choice(item))?.ok_or(item));
        }
    }
    if choices.iter().all(Result::is_err) {
        return chosen(Columns::Named(names("columns", value)?));
    }
    let choices = choices.into_iter().map(|known| known.or_else(choice)).collect::<PyResult<Vec<_>>>()?;
    let raised = Arc::clone(&failure);
    chosen(Columns::Where(Filter::new(move |name, type_name| {
        choices.iter().any(|choice| match choice {
            Choice::Name(wanted) => wanted == name,
            Choice::Types(types) => types.contains(&type_name),
            Choice::Matching(pattern) => {
                type_name != "bool"
                    && Python::attach(|py| {
                        let found = pattern.call_method1(py, "search", (name,));
                        found.map(|found| !found.is_none(py)).unwrap_or_else(|error| {
                            *raised.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                            false
                        })
                    })
            }
        })
    })))
}

enum Choice {
    Name(String),
    /// A compiled regular expression of Python.
    Matching(Py<PyAny>),
    Types(Vec<&'static str>),
}

fn choice(item: &Bound<'_, PyAny>) -> PyResult<Choice> {
    const FLOATS: [&str; 3] = ["float16", "float32", "float64"];
    const INTEGERS: [&str; 8] = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"];
    if let Ok(name) = item.cast::<PyString>() {
        return Ok(Choice::Name(name.to_string()));
    }
    if item.hasattr("search")? {
        return Ok(Choice::Matching(item.clone().unbind()));
    }
    // A type of Python by its own name, those of the libraries by what they call themselves.
    let name = match item.getattr_opt("__name__")? {
        Some(name) => name.str()?.to_string(),
        None => item.str()?.to_string(),
    };
    let types = match name.to_lowercase().as_str() {
        "float" if item.is_instance_of::<PyType>() => FLOATS.to_vec(),
        "int" => INTEGERS.to_vec(),
        "bool" | "bool_" | "boolean" => vec!["bool"],
        "halffloat" => vec!["float16"],
        "float" => vec!["float32"],
        "double" => vec!["float64"],
        name if name.starts_with("decimal") => vec!["decimal"],
        name => FLOATS.iter().chain(&INTEGERS).copied().filter(|known| *known == name).collect(),
    };
    if types.is_empty() {
        let given = item.get_type();
        return Err(PyTypeError::new_err(format!(
            "columns is a name, a compiled regular expression, a type of numbers, or a sequence of these, not {given}"
        )));
    }
    Ok(Choice::Types(types))
}

/// An axis, as NumPy counts it: from the end if it is negative.
pub fn axis(value: &Bound<'_, PyAny>) -> PyResult<i64> {
    let Some(index) = special(value, "__index__")? else {
        let given = value.get_type();
        return Err(PyTypeError::new_err(format!("axis is a whole number, not {given}")));
    };
    index.extract().map_err(|_| PyValueError::new_err(format!("axis {index} is beyond any array")))
}

/// What weights are, if there are any.
pub fn weighting(weights: Option<&Bound<'_, PyAny>>, weighting: Option<&str>) -> PyResult<Option<Weighting>> {
    let known = "weighting= says what weights are: \"frequencies\" (how often each value is there) or \"importances\" (how much it counts)";
    match (weights, weighting) {
        (None, None) => Ok(None),
        (Some(_), Some("frequencies")) => Ok(Some(Weighting::Frequencies)),
        (Some(_), Some("importances")) => Ok(Some(Weighting::Importances)),
        (None, Some(_)) => Err(PyValueError::new_err("weighting= is given, and weights= is not")),
        (Some(_), None) => Err(PyValueError::new_err(known)),
        (Some(_), Some(other)) => Err(PyValueError::new_err(format!("{known}, not '{other}'"))),
    }
}

/// A whole number from `least` to `most`.
pub fn whole(argument: &str, value: &Bound<'_, PyAny>, least: i64, most: i64) -> PyResult<usize> {
    let Some(index) = special(value, "__index__")? else {
        let given = value.get_type();
        return Err(PyTypeError::new_err(format!("{argument} is a whole number, not {given}")));
    };
    match index.extract::<i64>() {
        Ok(number) if (least..=most).contains(&number) => Ok(number as usize),
        _ => Err(PyValueError::new_err(format!("{argument} is from {least} to {most}, not {index}"))),
    }
}

/// How many threads may work, if that was said.
pub fn threads(threads: Option<&Bound<'_, PyAny>>) -> PyResult<Threads> {
    threads.map_or(Ok(Threads::default()), |threads| Threads::new(whole("threads", threads, 1, 1024)?))
}

/// What is asked, by the arguments that have the same names everywhere.
#[allow(clippy::too_many_arguments)] // they are those of the Python functions
pub fn spec(
    stats: Option<&Bound<'_, PyAny>>,
    q: Option<&Bound<'_, PyAny>>,
    method: &str,
    ddof: Option<&Bound<'_, PyAny>>,
    nan: &str,
    level: f64,
    trim: f64,
    bias: bool,
) -> PyResult<Spec> {
    let ddof = ddof.map(|ddof| whole("ddof", ddof, 0, i64::MAX)).transpose()?.unwrap_or(1);
    let spec = Spec::default()
        .with_bias(if bias { Bias::Kept } else { Bias::Corrected })
        .with_method(method.parse().map_err(PyValueError::new_err)?)
        .with_nan(nan.parse().map_err(PyValueError::new_err)?)
        .with_ddof(ddof as u64)
        .with_level(level)
        .and_then(|spec| spec.with_trim(trim))
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
    let py = q.py();
    if let Some(groups) = special(q, "__index__")? {
        let groups = groups.extract::<u64>().map_err(|_| {
            PyValueError::new_err(format!("the number of groups that quantiles cut is from 1 to 1000000, not {groups}"))
        })?;
        return spec.with_cut_points(groups).map_err(to_python);
    }
    let probabilities = match q.extract::<f64>() {
        Ok(p) => vec![p],
        Err(error) if !error.is_instance_of::<PyTypeError>(py) => return Err(error),
        Err(_) => {
            let items = q.try_iter().map_err(|error| instead(py, error, wrong))?.enumerate();
            let probability = |(position, p): (usize, PyResult<Bound<'_, PyAny>>)| {
                check_signals(py, position)?;
                p?.extract::<f64>().map_err(|error| instead(py, error, wrong))
            };
            items.map(probability).collect::<PyResult<_>>()?
        }
    };
    spec.with_quantiles(&probabilities).map_err(to_python)
}
