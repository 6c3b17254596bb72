//! JSON in, JSON out: bodies of requests.

use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::{PyBytes, PyString};
use rstats::json::{self, Limits};
use rstats::report::{Report, Source};
use rstats::{Interrupt, Summaries, describe_all};

use crate::args;
use crate::call::{self, Threads};
use crate::description::Description;
use crate::errors::statistics_error;
use crate::statistics::{ASKED, Statistics};

/// The bytes of a body, kept as they are.
enum Body {
    Bytes(PyBackedBytes),
    Text(PyBackedStr),
}

impl Body {
    fn new(body: &Bound<'_, PyAny>) -> PyResult<Self> {
        if body.is_instance_of::<PyString>() {
            return Ok(Self::Text(body.extract()?));
        }
        if let Ok(bytes) = body.extract::<PyBackedBytes>() {
            return Ok(Self::Bytes(bytes));
        }
        match PyUntypedBuffer::get(body) {
            Ok(_) => Ok(Self::Bytes(body.py().get_type::<PyBytes>().call1((body,))?.extract()?)),
            Err(error) if error.is_instance_of::<PyTypeError>(body.py()) => {
                let class = body.get_type();
                Err(PyTypeError::new_err(format!("a body is bytes or text, not {}", class.name()?)))
            }
            Err(error) => Err(error),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Text(text) => text.as_bytes(),
        }
    }
}

fn limits(
    max_bytes: Option<&Bound<'_, PyAny>>,
    max_depth: Option<&Bound<'_, PyAny>>,
    max_series: Option<&Bound<'_, PyAny>>,
) -> PyResult<Limits> {
    let default = Limits::default();
    let series = max_series.map(|series| args::whole("max_series", series, 0, i64::MAX)).transpose()?;
    let bytes = max_bytes.map(|bytes| args::whole("max_bytes", bytes, 0, i64::MAX)).transpose()?;
    let depth = max_depth.map(|depth| args::whole("max_depth", depth, 0, 1000)).transpose()?;
    Ok(Limits {
        bytes: bytes.unwrap_or(default.bytes),
        depth: depth.unwrap_or(default.depth),
        series: series.unwrap_or(default.series),
    })
}

/// The most numbers that a body can hold: what a call is planned by.
fn numbers_in(body: &[u8]) -> usize {
    body.len() / 2
}

#[doc = include_str!(concat!(env!("OUT_DIR"), "/compute_stats_json.txt"))]
#[pyfunction]
#[pyo3(signature = (body, pointer="/values", *, max_bytes=None, max_depth=None))]
pub fn compute_stats_json<'py>(
    body: &Bound<'py, PyAny>,
    pointer: &str,
    max_bytes: Option<&Bound<'py, PyAny>>,
    max_depth: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyBytes>> {
    let py = body.py();
    let body = Body::new(body)?;
    let limits = limits(max_bytes, max_depth, None)?;
    let work = |interrupt: &Interrupt| {
        let series = json::numbers(body.bytes(), pointer, limits, interrupt)?;
        Ok(describe_all(&[series], &ASKED, interrupt)?.remove(0))
    };
    let summary = call::run(py, numbers_in(body.bytes()), &Threads::default(), work)?;
    let statistics = Statistics::of(&summary).map_err(|message| statistics_error(py, &message))?;
    Ok(PyBytes::new(py, statistics.to_json().as_bytes()))
}

#[doc = include_str!(concat!(env!("OUT_DIR"), "/describe_json.txt"))]
#[pyfunction]
#[pyo3(
    signature = (body, pointer="", *, stats=None, q=None, n=None, method="linear", ddof=None, nan="propagate", null="skip", min_count=None, level=0.95, trim=0.1, bias=false, threads=None, max_bytes=None, max_depth=None, max_series=None),
    text_signature = "(body, pointer='', *, stats=None, q=None, n=None, method='linear', ddof=1, nan='propagate', null='skip', min_count=0, level=0.95, trim=0.1, bias=False, threads=None, max_bytes=None, max_depth=None, max_series=None)"
)]
#[allow(clippy::too_many_arguments)] // they are the signature of the Python function
pub fn describe_json(
    body: &Bound<'_, PyAny>,
    pointer: &str,
    stats: Option<&Bound<'_, PyAny>>,
    q: Option<&Bound<'_, PyAny>>,
    n: Option<&Bound<'_, PyAny>>,
    method: &str,
    ddof: Option<&Bound<'_, PyAny>>,
    nan: &str,
    null: &str,
    min_count: Option<&Bound<'_, PyAny>>,
    level: f64,
    trim: f64,
    bias: bool,
    threads: Option<&Bound<'_, PyAny>>,
    max_bytes: Option<&Bound<'_, PyAny>>,
    max_depth: Option<&Bound<'_, PyAny>>,
    max_series: Option<&Bound<'_, PyAny>>,
) -> PyResult<Description> {
    let py = body.py();
    let body = Body::new(body)?;
    let spec = args::of_numbers(args::spec(stats, q, n, method, ddof, nan, null, min_count, level, trim, bias)?)?;
    let threads = args::threads(threads)?;
    let limits = limits(max_bytes, max_depth, max_series)?;
    let work = |interrupt: &Interrupt| {
        let (all, left_out) = json::series(body.bytes(), pointer, limits, interrupt)?;
        let rows = all.iter().map(|series| series.rows()).max().unwrap_or(0);
        Ok((rows as u64, Summaries::new(&spec, describe_all(&all, &spec, interrupt)?), left_out))
    };
    let (rows, series, left_out) = call::run(py, numbers_in(body.bytes()), &threads, work)?;
    Ok(Description(Report::new(spec, Source { rows, left_out, ..Source::default() }, series)))
}
