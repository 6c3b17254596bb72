//! `describe_parquet`.

use std::path::PathBuf;

use pyo3::exceptions::{PyTypeError, PyUserWarning, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use rstats::Interrupt;
use rstats::internal::check_names;
use rstats::parquet::{Dataset, OnError, Predicate, Progress, Request};
use rstats::report::Report;

use crate::args;
use crate::call::{self, Threads};
use crate::description::Description;
use crate::errors::{instead, to_python};
use crate::input::{Chosen, Labels};

#[doc = include_str!(concat!(env!("OUT_DIR"), "/describe_parquet.txt"))]
#[pyfunction]
#[pyo3(
    signature = (paths, *, columns=None, by=None, r#where=None, memory_limit=None, on_error="fail", checkpoint=None, progress=None, stats=None, q=None, n=None, method="linear", ddof=None, nan="propagate", null="skip", min_count=None, level=0.95, trim=0.1, bias=false, bins=None, top=None, threads=None),
    text_signature = "(paths, *, columns=None, by=None, where=None, memory_limit=None, on_error='fail', checkpoint=None, progress=None, stats=None, q=None, n=None, method='linear', ddof=1, nan='propagate', null='skip', min_count=0, level=0.95, trim=0.1, bias=False, bins=None, top=None, threads=None)"
)]
#[allow(clippy::too_many_arguments)] // they are the signature of the Python function
pub fn describe_parquet(
    paths: &Bound<'_, PyAny>,
    columns: Option<&Bound<'_, PyAny>>,
    by: Option<&Bound<'_, PyAny>>,
    r#where: Option<&str>,
    memory_limit: Option<&Bound<'_, PyAny>>,
    on_error: &str,
    checkpoint: Option<PathBuf>,
    progress: Option<Py<PyAny>>,
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
    bins: Option<&Bound<'_, PyAny>>,
    top: Option<&Bound<'_, PyAny>>,
    threads: Option<&Bound<'_, PyAny>>,
) -> PyResult<Description> {
    let py = paths.py();
    let spec = args::spec(stats, q, n, method, ddof, nan, null, min_count, level, trim, bias)?;
    let spec = args::with_bins_and_top(spec, bins, top)?;
    let threads = args::threads(threads)?;
    let defaults = Request::default();
    let chosen = Chosen::new(columns)?;
    let request = Request {
        columns: chosen.columns(py)?,
        by: match by {
            Some(by) => Labels::new("by", by)?.names(py)?,
            None => vec![],
        },
        predicate: r#where.map(Predicate::parse).transpose().map_err(to_python)?,
        memory_limit: memory_limit
            .map(|limit| args::size("memory_limit", limit))
            .transpose()?
            .unwrap_or(defaults.memory_limit),
        on_error: match on_error {
            "fail" => OnError::Fail,
            "skip" => OnError::Skip,
            other => return Err(PyValueError::new_err(format!("on_error is 'fail' or 'skip', not '{other}'"))),
        },
        checkpoint,
        ..defaults
    };
    let paths = files(paths)?;
    let done = Progress::default();
    let work = |interrupt: &Interrupt| {
        let dataset = Dataset::open_with(&paths, &request, interrupt)?;
        check_names(request.by.iter().map(String::as_str), &spec)?;
        dataset.plan(&request, &spec)?.run(interrupt, &done)
    };
    let mut tick = |py: Python<'_>| match &progress {
        Some(callback) => callback.call1(py, (figures(py, &done)?,)).map(|_| ()),
        None => Ok(()),
    };
    let answer = chosen.settle(call::run_long(py, &threads, work, &mut tick))?;
    tick(py)?;
    if !answer.source.errors.is_empty() {
        let names: Vec<String> = answer.source.errors.iter().map(ToString::to_string).collect();
        let files = if names.len() == 1 { "file was" } else { "files were" };
        let message = format!("{} {files} left out: {}", names.len(), names.join("; "));
        let warn = py.import("warnings")?.getattr("warn")?;
        warn.call1((message, py.get_type::<PyUserWarning>(), 2))?;
    }
    Ok(Description(Report::new(spec, answer.source, answer.series).with_parts(answer.parts)))
}

#[doc = include_str!(concat!(env!("OUT_DIR"), "/parquet_files.txt"))]
#[pyfunction]
pub fn parquet_files(paths: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    let found = files(paths)?;
    let open = |interrupt: &Interrupt| Ok(Dataset::open_with(&found, &Request::default(), interrupt)?.names());
    call::run_long(paths.py(), &Threads::default(), open, &mut |_| Ok(()))
}

/// How far the work has got, for a callback.
fn figures<'py>(py: Python<'py>, progress: &Progress) -> PyResult<Bound<'py, PyDict>> {
    let figures = PyDict::new(py);
    figures.set_item("pass", progress.pass())?;
    let all = [("files", progress.files()), ("rows", progress.rows()), ("bytes", progress.bytes())];
    for (name, (done, total)) in all {
        figures.set_item(name, done)?;
        figures.set_item(format!("{name}_total"), total)?;
    }
    Ok(figures)
}

/// One path, or a list or tuple of them.
pub fn files(paths: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    let fspath = paths.py().import("os")?.getattr("fspath")?;
    let one = |path: &Bound<'_, PyAny>| {
        let path = fspath.call1((path,)).map_err(|error| {
            instead(path.py(), error, || {
                let given = path.get_type();
                PyTypeError::new_err(format!("paths is a path or a list of paths, as str or os.PathLike, not {given}"))
            })
        })?;
        path.extract::<String>().map_err(|_| PyTypeError::new_err("a path is text, not bytes"))
    };
    if paths.is_instance_of::<PyList>() || paths.is_instance_of::<PyTuple>() {
        return paths.try_iter()?.map(|path| one(&path?)).collect();
    }
    Ok(vec![one(paths)?])
}
