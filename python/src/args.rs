//! The keyword arguments that say what is asked.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyList, PyString, PyTuple, PyType};
use rstats::{Bias, Columns, Filter, Spec, Weighting};

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

/// Which columns are wanted: names, regular expressions that a name must match somewhere, and types; one or several of them.
pub fn columns(value: Option<&Bound<'_, PyAny>>) -> PyResult<Columns> {
    let Some(value) = value else { return Ok(Columns::Numeric) };
    let is_sequence = value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>();
    let items = match is_sequence {
        true => value.try_iter()?.collect::<PyResult<Vec<_>>>()?,
        false => vec![value.clone()],
    };
    if items.iter().all(|item| item.is_instance_of::<PyString>()) || items.iter().all(|item| choice(item).is_err()) {
        return names("columns", value).map(Columns::Named);
    }
    let choices = items.iter().map(choice).collect::<PyResult<Vec<_>>>()?;
    Ok(Columns::Where(Filter::new(move |name, type_name| {
        choices.iter().any(|choice| match choice {
            Choice::Name(wanted) => wanted == name,
            Choice::Types(types) => types.contains(&type_name),
            Choice::Matching(pattern) => {
                type_name != "bool"
                    && Python::attach(|py| {
                        let found = pattern.call_method1(py, "search", (name,));
                        found.is_ok_and(|found| !found.is_none(py))
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
    let index = value.call_method0("__index__").map_err(|_| {
        let given = value.get_type();
        PyTypeError::new_err(format!("axis is a whole number, not {given}"))
    })?;
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
    let index = value.call_method0("__index__").map_err(|_| {
        let given = value.get_type();
        PyTypeError::new_err(format!("{argument} is a whole number, not {given}"))
    })?;
    match index.extract::<i64>() {
        Ok(number) if (least..=most).contains(&number) => Ok(number as usize),
        _ => Err(PyValueError::new_err(format!("{argument} is from {least} to {most}, not {index}"))),
    }
}

/// How many threads may work, if that was said.
pub fn threads(threads: Option<&Bound<'_, PyAny>>) -> PyResult<Option<usize>> {
    threads.map(|threads| whole("threads", threads, 1, 1024)).transpose()
}

/// What is asked, by the arguments that have the same names everywhere.
pub fn spec(
    stats: Option<&Bound<'_, PyAny>>,
    q: Option<&Bound<'_, PyAny>>,
    method: &str,
    ddof: Option<&Bound<'_, PyAny>>,
    nan: &str,
    level: f64,
    bias: bool,
) -> PyResult<Spec> {
    let ddof = ddof.map(|ddof| whole("ddof", ddof, 0, i64::MAX)).transpose()?.unwrap_or(1);
    let spec = Spec::default()
        .with_bias(if bias { Bias::Kept } else { Bias::Corrected })
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
