//! Which columns are wanted: `columns=`, `by=` and `weights=` as the caller gave them.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyList, PyString, PyTuple, PyType};
use rstats::{Columns, Filter};

use crate::errors::{attempt, instead};

/// Labels of columns: names, or what else a library calls its columns by.
pub struct Labels {
    /// What they were given for.
    argument: &'static str,
    pub each: Vec<Py<PyAny>>,
    /// The tuple that they are the items of: it may be one label itself.
    pub whole: Option<Py<PyAny>>,
}

impl Labels {
    /// One label, or several.
    pub fn new(argument: &'static str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        let given = value.get_type();
        let wrong = || PyTypeError::new_err(format!("{argument} is a name or a sequence of names, not {given}"));
        let (each, whole) = match Self::is_name(value)? {
            true => (vec![value.clone()], None),
            false => {
                let items = value.try_iter().map_err(|error| instead(value.py(), error, wrong))?;
                let whole = value.is_instance_of::<PyTuple>().then(|| value.clone().unbind());
                (items.collect::<PyResult<Vec<_>>>()?, whole)
            }
        };
        for label in &each {
            if !is_label(label)? {
                return Err(wrong());
            }
        }
        Ok(Self { argument, each: each.into_iter().map(Bound::unbind).collect(), whole })
    }

    /// The names of columns.
    pub fn of_names(py: Python<'_>, argument: &'static str, names: &[String]) -> Self {
        Self {
            argument,
            each: names.iter().map(|name| PyString::new(py, name).into_any().unbind()).collect(),
            whole: None,
        }
    }

    /// Whether a value can only be the label of a column, not data.
    pub fn is_name(value: &Bound<'_, PyAny>) -> PyResult<bool> {
        Ok(is_label(value)? && !value.is_instance_of::<PyTuple>())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.each.is_empty()
    }

    /// The names of columns of files.
    pub fn names(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        let argument = self.argument;
        let name = |label: &Py<PyAny>| {
            let label = label.bind(py);
            let given = label.get_type();
            let wrong = |_| PyTypeError::new_err(format!("{argument} is a name or a sequence of names, not {given}"));
            label.cast::<PyString>().map(|name| name.to_string()).map_err(wrong)
        };
        self.each.iter().map(name).collect()
    }
}

/// Whether an object can be the label of a column: text, or what can be found again by its value.
fn is_label(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    if value.is_instance_of::<PyString>() {
        return Ok(true);
    }
    if value.is_none() || value.is_instance_of::<PyBool>() || value.is_instance_of::<PyType>() {
        return Ok(false);
    }
    let py = value.py();
    let class = value.get_type();
    let by_identity = class.getattr("__eq__")?.is(&py.get_type::<PyAny>().getattr("__eq__")?);
    if by_identity || attempt(py, value.hash())?.is_none() {
        return Ok(false);
    }
    // A mapping's keys, a frozen set: several.
    Ok(value.is_instance_of::<PyTuple>() || !value.hasattr("__iter__")?)
}

/// The wanted columns.
pub enum Wanted {
    /// Every column of numbers; booleans are not among them.
    Numeric,
    /// The columns with these labels.
    Named(Labels),
    /// The columns of numbers or booleans that this lets through, by name and type.
    Where(Filter),
}

impl Wanted {
    /// Whether expressions and types choose.
    pub fn is_filter(&self) -> bool {
        matches!(self, Self::Where(_))
    }

    /// Whether a column is chosen by its name, or by the name of its type.
    pub fn names_or_types(&self, name: &str, type_name: &str) -> bool {
        match self {
            Self::Numeric => false,
            Self::Named(_) => true,
            Self::Where(filter) => filter.passes(name, type_name),
        }
    }
}

/// The wanted columns, and what the code that chooses them has raised.
pub struct Chosen {
    pub wanted: Wanted,
    failure: Arc<Mutex<Option<PyErr>>>,
}

impl Chosen {
    /// Names, regular expressions that a name must match somewhere, and types; one or several of them.
    pub fn new(value: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let failure = Arc::new(Mutex::new(None));
        let chosen = |wanted| Ok(Self { wanted, failure: Arc::clone(&failure) });
        let Some(value) = value else { return chosen(Wanted::Numeric) };
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
        let only_names = choices.iter().all(|choice| !matches!(choice, Ok(Choice::Matching(_) | Choice::Types(_))));
        if only_names {
            return chosen(Wanted::Named(Labels::new("columns", value)?));
        }
        let choices = choices.into_iter().map(|known| known.or_else(choice)).collect::<PyResult<Vec<_>>>()?;
        let raised = Arc::clone(&failure);
        chosen(Wanted::Where(Filter::new(move |name, type_name| {
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

    /// The same for the columns of files.
    pub fn columns(&self, py: Python<'_>) -> PyResult<Columns> {
        Ok(match &self.wanted {
            Wanted::Numeric => Columns::Numeric,
            Wanted::Named(labels) => Columns::Named(labels.names(py)?),
            Wanted::Where(filter) => Columns::Where(filter.clone()),
        })
    }

    /// What came of the work for which they were chosen, unless the choice failed.
    pub fn settle<T>(&self, outcome: PyResult<T>) -> PyResult<T> {
        match self.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(raised) => Err(raised),
            None => outcome,
        }
    }
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
