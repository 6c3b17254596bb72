//! `rolling` and `expanding`: what is asked of each kind of data.

use arrow_array::ArrayRef;
use arrow_schema::FieldRef;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyString};
use rstats::{Closed, Interrupt, Kinds, Rolling, Series, Spec};

use crate::args;
use crate::call::{self, Threads};
use crate::columns::Columns;
use crate::errors::{special, to_python};
use crate::input::{self, Chosen, Labels, Object, Read, ReadValues, Table, Wanted, is_instance};

/// The number of values, which is in every description, and here in the answers that ask for it.
const COUNT: &str = "count";

#[doc = include_str!(concat!(env!("OUT_DIR"), "/rolling.txt"))]
#[pyfunction]
#[pyo3(
    signature = (data, window, *, on=None, by=None, columns=None, stats=None, q=None, method="linear", ddof=None, nan="propagate", null="skip", min_count=None, bias=false, min_periods=None, closed=None, center=false, step=None, threads=None),
    text_signature = "(data, window, *, on=None, by=None, columns=None, stats=None, q=None, method='linear', ddof=1, nan='propagate', null='skip', min_count=0, bias=False, min_periods=None, closed=None, center=False, step=1, threads=None)"
)]
#[allow(clippy::too_many_arguments)] // they are the signature of the Python function
pub fn rolling(
    data: &Bound<'_, PyAny>,
    window: &Bound<'_, PyAny>,
    on: Option<&Bound<'_, PyAny>>,
    by: Option<&Bound<'_, PyAny>>,
    columns: Option<&Bound<'_, PyAny>>,
    stats: Option<&Bound<'_, PyAny>>,
    q: Option<&Bound<'_, PyAny>>,
    method: &str,
    ddof: Option<&Bound<'_, PyAny>>,
    nan: &str,
    null: &str,
    min_count: Option<&Bound<'_, PyAny>>,
    bias: bool,
    min_periods: Option<&Bound<'_, PyAny>>,
    closed: Option<&str>,
    center: bool,
    step: Option<&Bound<'_, PyAny>>,
    threads: Option<&Bound<'_, PyAny>>,
) -> PyResult<Columns> {
    let spec = args::of_numbers(args::spec(stats, q, None, method, ddof, nan, null, min_count, 0.95, 0.1, bias)?)?;
    let mut windows = windows(window)?;
    if let Some(closed) = closed {
        windows = windows.with_closed(closed.parse::<Closed>().map_err(to_python)?);
    }
    if center {
        windows = windows.centered();
    }
    let shape = Shape { windows, min_periods, step };
    asked(spec, shape, stats, threads, on, by)?.describe(data, &Chosen::new(columns)?)
}

#[doc = include_str!(concat!(env!("OUT_DIR"), "/expanding.txt"))]
#[pyfunction]
#[pyo3(
    signature = (data, *, by=None, columns=None, stats=None, q=None, method="linear", ddof=None, nan="propagate", null="skip", min_count=None, bias=false, min_periods=None, step=None, threads=None),
    text_signature = "(data, *, by=None, columns=None, stats=None, q=None, method='linear', ddof=1, nan='propagate', null='skip', min_count=0, bias=False, min_periods=1, step=1, threads=None)"
)]
#[allow(clippy::too_many_arguments)] // they are the signature of the Python function
pub fn expanding(
    data: &Bound<'_, PyAny>,
    by: Option<&Bound<'_, PyAny>>,
    columns: Option<&Bound<'_, PyAny>>,
    stats: Option<&Bound<'_, PyAny>>,
    q: Option<&Bound<'_, PyAny>>,
    method: &str,
    ddof: Option<&Bound<'_, PyAny>>,
    nan: &str,
    null: &str,
    min_count: Option<&Bound<'_, PyAny>>,
    bias: bool,
    min_periods: Option<&Bound<'_, PyAny>>,
    step: Option<&Bound<'_, PyAny>>,
    threads: Option<&Bound<'_, PyAny>>,
) -> PyResult<Columns> {
    let spec = args::of_numbers(args::spec(stats, q, None, method, ddof, nan, null, min_count, 0.95, 0.1, bias)?)?;
    let shape = Shape { windows: Rolling::expanding(), min_periods, step };
    asked(spec, shape, stats, threads, None, by)?.describe(data, &Chosen::new(columns)?)
}

/// Windows as a number of rows, or as a span of time.
fn windows(window: &Bound<'_, PyAny>) -> PyResult<Rolling> {
    if let Ok(text) = window.cast::<PyString>() {
        return Rolling::parse(&text.to_string()).map_err(to_python);
    }
    if let Some(nanoseconds) = args::span("window", window)? {
        return Rolling::time(nanoseconds).map_err(to_python);
    }
    if window.is_instance_of::<PyBool>() || special(window, "__index__")?.is_none() {
        let class = window.get_type();
        return Err(PyTypeError::new_err(format!(
            "window is a number of rows, a span of time such as '5min', or a timedelta, not {class}"
        )));
    }
    // pandas has windows of no rows, and says nothing of them.
    Rolling::rows(args::whole("window", window, 1, i64::MAX)? as u64).map_err(to_python)
}

/// What all kinds of windows have.
struct Shape<'a, 'py> {
    windows: Rolling,
    min_periods: Option<&'a Bound<'py, PyAny>>,
    step: Option<&'a Bound<'py, PyAny>>,
}

fn asked<'a, 'py>(
    spec: Spec,
    Shape { mut windows, min_periods, step }: Shape<'_, 'py>,
    stats: Option<&Bound<'py, PyAny>>,
    threads: Option<&Bound<'py, PyAny>>,
    on: Option<&'a Bound<'py, PyAny>>,
    by: Option<&Bound<'py, PyAny>>,
) -> PyResult<Asked<'a, 'py>> {
    if let Some(least) = min_periods {
        windows =
            windows.with_min_periods(args::whole("min_periods", least, 0, i64::MAX)? as u64).map_err(to_python)?;
    }
    if let Some(step) = step {
        windows = windows.with_step(args::whole("step", step, 1, i64::MAX)?).map_err(to_python)?;
    }
    if let Some(stats) = stats
        && args::names("stats", stats)?.iter().any(|name| name == COUNT)
    {
        windows = windows.with_counts();
    }
    let by = by.map(|by| Labels::new("by", by)).transpose()?;
    if by.as_ref().is_some_and(Labels::is_empty) {
        return Err(PyValueError::new_err("by= is empty; name at least one column of keys"));
    }
    Ok(Asked { spec, windows, threads: args::threads(threads)?, by, on })
}

/// What is asked of data.
struct Asked<'a, 'py> {
    spec: Spec,
    windows: Rolling,
    threads: Threads,
    by: Option<Labels>,
    /// The times of the rows: the name of a column, or the times themselves.
    on: Option<&'a Bound<'py, PyAny>>,
}

impl<'py> Asked<'_, 'py> {
    fn describe(self, data: &Bound<'py, PyAny>, chosen: &Chosen) -> PyResult<Columns> {
        chosen.settle(self.describe_columns(data, &chosen.wanted))
    }

    fn describe_columns(self, data: &Bound<'py, PyAny>, wanted: &Wanted) -> PyResult<Columns> {
        let py = data.py();
        let column = match input::recognise(data)? {
            Object::Unknown(wrong) => return Err(wrong.into_error(None)),
            Object::Table(table) => return self.describe_table(data, &table, wanted),
            Object::Stream(stream) if !stream.is_series => {
                return self.describe_table(data, &Table::from_stream(stream), wanted);
            }
            Object::Stream(stream) => input::series_of(stream, py)?,
            Object::Column(column) => column,
            Object::Array(array) => {
                let dimensions = array.dimensions();
                let Some(matrix) = array.matrix(0).filter(|_| dimensions == 2) else {
                    return Err(PyValueError::new_err(format!(
                        "windows move along one dimension or along the columns of two, and the array has {dimensions}"
                    )));
                };
                let series = matrix.to_series().map_err(to_python)?;
                let named = series.into_iter().enumerate().map(|(index, one)| one.with_name(Some(index.to_string())));
                let (named, on) = (named.collect(), self.times(data)?);
                return self.finish(py, named, vec![], on);
            }
        };
        if !matches!(wanted, Wanted::Numeric) {
            return Err(PyValueError::new_err("columns= names columns of a table, and the data is one series"));
        }
        if self.by.is_some() {
            return Err(PyValueError::new_err("by= names columns of a table, and the data is no table"));
        }
        let (series, on) = (vec![column.into_only_series()?], self.times(data)?);
        self.finish(py, series, vec![], on)
    }

    fn describe_table(self, data: &Bound<'py, PyAny>, table: &Table<'py>, wanted: &Wanted) -> PyResult<Columns> {
        let py = data.py();
        let label = match self.on {
            Some(on) if Labels::is_name(on)? => Some(Labels::new("on", on)?),
            _ => None,
        };
        let apart: Vec<&Labels> = self.by.iter().chain(&label).collect();
        let Read { values, mut keys, .. } = table.read(py, wanted, &apart, None, Kinds::Numbers)?;
        let on = match label {
            Some(_) => keys.pop().map(|(_, times)| times),
            None => self.times(data)?,
        };
        let ReadValues::Series(series) = values else {
            return Err(PyTypeError::new_err("windows move over columns of numbers, and these hold lists"));
        };
        self.finish(py, series, keys, on)
    }

    /// Times that were given apart, or those of an index of pandas, where windows need times.
    fn times(&self, data: &Bound<'py, PyAny>) -> PyResult<Option<ArrayRef>> {
        match self.on {
            Some(on) if Labels::is_name(on)? => {
                Err(PyValueError::new_err("on= names a column of a table, and the data is no table; give the times"))
            }
            Some(on) => input::times(on).map(Some),
            None if !self.windows.needs_times() => Ok(None),
            None if is_instance(data, "pandas", "DataFrame")? || is_instance(data, "pandas", "Series")? => {
                input::times(&data.getattr("index")?).map(Some)
            }
            None => Ok(None),
        }
    }

    fn finish(
        self,
        py: Python<'py>,
        series: Vec<Series>,
        by: Vec<(FieldRef, ArrayRef)>,
        on: Option<ArrayRef>,
    ) -> PyResult<Columns> {
        let rows = series.first().map_or(0, Series::rows);
        let work = |interrupt: &Interrupt| self.windows.describe(&series, by, on.as_ref(), &self.spec, interrupt);
        // Each value takes as much as ten of a description.
        let values = rows.saturating_mul(10 * series.len());
        Ok(Columns(call::run(py, values, &self.threads, work)?))
    }
}
