//! Errors of the library as exceptions of Python.

use pyo3::create_exception;
use pyo3::exceptions::{PyFileNotFoundError, PyKeyboardInterrupt, PyMemoryError, PyOSError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use rstats::Error;

create_exception!(rstats, MemoryLimitError, PyMemoryError, "Work that does not fit in the memory that it was given.");

pub fn to_python(error: Error) -> PyErr {
    let message = error.to_string();
    match error {
        Error::NotNumeric { .. } | Error::NoKey { .. } => PyTypeError::new_err(message),
        Error::File { source: Some(source), .. } if source.kind() == std::io::ErrorKind::NotFound => {
            PyFileNotFoundError::new_err(message)
        }
        Error::File { .. } => PyOSError::new_err(message),
        // What a stream's exporter failed with may come with its whole traceback: its last line is the error.
        Error::Data(text) if text.lines().count() > 1 => {
            let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
            PyValueError::new_err(format!("the stream failed: {}", last.trim()))
        }
        Error::MemoryLimit { .. } => MemoryLimitError::new_err(message),
        Error::Interrupted => PyKeyboardInterrupt::new_err(()),
        _ => PyValueError::new_err(message),
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
