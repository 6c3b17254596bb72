//! Errors of the library as exceptions of Python.

use arrow_schema::ArrowError;
use pyo3::create_exception;
use pyo3::exceptions::{
    PyException, PyFileNotFoundError, PyKeyboardInterrupt, PyMemoryError, PyOSError, PyTypeError, PyValueError,
};
use pyo3::prelude::*;
use rstats::Error;

create_exception!(
    rstats,
    MemoryLimitError,
    PyMemoryError,
    "Work that does not fit in the memory that it was given; the message tells how much it would take."
);

pub fn to_python(error: Error) -> PyErr {
    let hint = match error {
        Error::MemoryLimit { .. } => "; a higher memory_limit= would do",
        Error::Nan { .. } => "; nan=\"omit\" leaves NaNs out, nan=\"propagate\" lets them through",
        Error::Nulls { .. } => "; null=\"skip\" leaves them out, null=\"propagate\" leaves its statistics undefined",
        _ => "",
    };
    let message = format!("{}{hint}", rstats::internal::shown(&error.to_string(), rstats::internal::MESSAGE));
    match error {
        Error::NotNumeric { .. } | Error::NoKey { .. } => PyTypeError::new_err(message),
        Error::File { source: Some(source), .. } if source.kind() == std::io::ErrorKind::NotFound => {
            PyFileNotFoundError::new_err(message)
        }
        Error::File { .. } => PyOSError::new_err(message),
        // What a stream's exporter failed with may come with its whole traceback: its last line is the error.
        Error::Data(text) if text.lines().count() > 1 => {
            let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
            PyValueError::new_err(format!(
                "the stream failed: {}",
                rstats::internal::shown(last.trim(), rstats::internal::MESSAGE)
            ))
        }
        Error::MemoryLimit { .. } => MemoryLimitError::new_err(message),
        Error::Interrupted => PyKeyboardInterrupt::new_err(()),
        _ => PyValueError::new_err(message),
    }
}

/// What arrow-rs says of data.
pub fn from_arrow(error: ArrowError) -> PyErr {
    to_python(Error::Data(match error {
        ArrowError::CDataInterface(text) => text,
        error => error.to_string(),
    }))
}

/// What an attempt has given, if there is another way to try: an exception that is no failure of the program or of the machine only
/// says that this way is none. Ctrl-C, `SystemExit` and want of memory pass through.
pub fn attempt<T>(py: Python<'_>, result: PyResult<T>) -> PyResult<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_instance_of::<PyException>(py) && !error.is_instance_of::<PyMemoryError>(py) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Another error in the place of one that says of an object that it is not what was asked for; what else the object's code raises passes
/// through.
pub fn instead(py: Python<'_>, error: PyErr, ours: impl FnOnce() -> PyErr) -> PyErr {
    match error.is_instance_of::<PyTypeError>(py) || error.is_instance_of::<PyValueError>(py) {
        true => ours(),
        false => error,
    }
}

/// What a special method of an object gives; `None` if it has none, or says with a `TypeError` that it is none for this object.
pub fn special<'py>(object: &Bound<'py, PyAny>, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
    let Some(method) = object.getattr_opt(name)? else { return Ok(None) };
    match method.call0() {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_instance_of::<PyTypeError>(object.py()) => Ok(None),
        Err(error) => Err(error),
    }
}

/// `statistics.StatisticsError`, a `ValueError`.
pub fn statistics_error(py: Python<'_>, message: &str) -> PyErr {
    let exception = py.import("statistics").and_then(|module| module.getattr("StatisticsError"));
    match exception.and_then(|class| class.call1((message,))) {
        Ok(error) => PyErr::from_value(error),
        Err(error) => error,
    }
}
