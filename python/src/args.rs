//! The keyword arguments that say what is asked.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyString};
use rstats::parquet::memory::parse_size;
use rstats::{Bias, BinCount, Spec, Weighting, parse_span};

use crate::call::{Threads, check_signals};
use crate::errors::{instead, special, to_python};
use crate::input::is_instance;

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

/// Bytes, or a size as text.
pub fn size(argument: &str, value: &Bound<'_, PyAny>) -> PyResult<u64> {
    match value.cast::<PyString>() {
        Ok(text) => parse_size(&text.to_cow()?).map_err(to_python),
        Err(_) => whole(argument, value, 1, 1 << 60).map(|bytes| bytes as u64),
    }
}

/// A span of time in nanoseconds: text, or what Python and its libraries have for one. `None` for anything else.
pub fn span(argument: &str, value: &Bound<'_, PyAny>) -> PyResult<Option<u64>> {
    if let Ok(text) = value.cast::<PyString>() {
        return parse_span(&text.to_string()).map(Some).map_err(to_python);
    }
    let nanoseconds: i128 = if is_instance(value, "numpy", "timedelta64")? {
        value.call_method1("astype", ("timedelta64[ns]",))?.call_method1("astype", ("int64",))?.extract()?
    } else if let Some(nanoseconds) = value.getattr_opt("nanos")? {
        // Of an offset of pandas.
        nanoseconds.extract()?
    } else if is_instance(value, "pandas", "Timedelta")? {
        value.getattr("value")?.extract()?
    } else if value.hasattr("total_seconds")? {
        let part = |name: &str| value.getattr(name)?.extract::<i128>();
        let seconds = part("days")? * 86_400 + part("seconds")?;
        (seconds * 1_000_000 + part("microseconds")?) * 1000
    } else {
        return Ok(None);
    };
    let span = u64::try_from(nanoseconds);
    span.map(Some)
        .map_err(|_| PyValueError::new_err(format!("{argument} is {nanoseconds} nanoseconds; it is none below 0")))
}

/// A point in time in nanoseconds since 1970: a datetime (in UTC if it has no zone), what NumPy and pandas have for one, ISO 8601 text, or that number
/// itself.
pub fn time(argument: &str, value: &Bound<'_, PyAny>) -> PyResult<i64> {
    let py = value.py();
    let beyond =
        || PyValueError::new_err(format!("{argument} is beyond the years 1677 to 2262, which nanoseconds reach"));
    if is_instance(value, "numpy", "datetime64")? {
        let value = value.call_method1("astype", ("datetime64[ns]",))?.call_method1("astype", ("int64",))?;
        return value.extract();
    }
    if is_instance(value, "pandas", "Timestamp")? {
        return value.getattr("value")?.extract();
    }
    if let (false, Some(index)) = (value.is_instance_of::<PyBool>(), special(value, "__index__")?) {
        return index.extract().map_err(|_| beyond());
    }
    let datetime = py.import("datetime")?;
    let given = value.get_type();
    let wrong = || {
        PyTypeError::new_err(format!("{argument} is a datetime, ISO 8601 text or nanoseconds since 1970, not {given}"))
    };
    let class = datetime.getattr("datetime")?;
    let value = match value.cast::<PyString>() {
        Ok(text) => class.call_method1("fromisoformat", (text,))?,
        Err(_) => value.clone(),
    };
    if !value.is_instance(&class)? {
        return Err(wrong());
    }
    let utc = datetime.getattr("timezone")?.getattr("utc")?;
    let options = PyDict::new(py);
    options.set_item("tzinfo", &utc)?;
    let value = match value.getattr("tzinfo")?.is_none() {
        true => value.call_method("replace", (), Some(&options))?,
        false => value,
    };
    let since = value.sub(class.call((1970, 1, 1), Some(&options))?)?;
    let part = |name: &str| since.getattr(name)?.extract::<i64>();
    let seconds = part("days")? * 86_400 + part("seconds")?;
    let microseconds = seconds * 1_000_000 + part("microseconds")?;
    microseconds.checked_mul(1000).ok_or_else(beyond)
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
    n: Option<&Bound<'_, PyAny>>,
    method: &str,
    ddof: Option<&Bound<'_, PyAny>>,
    nan: &str,
    null: &str,
    min_count: Option<&Bound<'_, PyAny>>,
    level: f64,
    trim: f64,
    bias: bool,
) -> PyResult<Spec> {
    let min_count = min_count.map(|count| whole("min_count", count, 0, i64::MAX)).transpose()?.unwrap_or(0);
    let ddof = ddof.map(|ddof| whole("ddof", ddof, 0, i64::MAX)).transpose()?.unwrap_or(1);
    let spec = Spec::default()
        .with_bias(if bias { Bias::Kept } else { Bias::Corrected })
        .with_method(method.parse().map_err(PyValueError::new_err)?)
        .with_nan(nan.parse().map_err(PyValueError::new_err)?)
        .with_null(null.parse().map_err(PyValueError::new_err)?)
        .with_min_count(min_count as u64)
        .with_ddof(ddof as u64)
        .with_level(level)
        .and_then(|spec| spec.with_trim(trim))
        .map_err(to_python)?;
    let spec = match (q, n, stats) {
        (Some(_), Some(_), _) => {
            return Err(PyValueError::new_err("q and n both say which quantiles; give one of them"));
        }
        (Some(q), None, _) => quantiles(spec, q)?,
        (None, Some(n), _) => {
            let groups = special(n, "__index__")?.filter(|_| !n.is_instance_of::<PyBool>());
            let groups = groups
                .ok_or_else(|| PyTypeError::new_err(format!("n is a whole number of groups, not {}", n.get_type())))?;
            let groups = groups.extract::<u64>().map_err(|_| {
                PyValueError::new_err(format!(
                    "the number of groups that quantiles cut is from 1 to 1000000, not {groups}"
                ))
            })?;
            spec.with_cut_points(groups).map_err(to_python)?
        }
        (None, None, None) => spec,
        // The quartiles belong to the default statistics.
        (None, None, Some(_)) => spec.with_quantiles(&[]).map_err(to_python)?,
    };
    match stats {
        None => Ok(spec),
        Some(stats) => spec.with_statistics_named(names("stats", stats)?).map_err(to_python),
    }
}

/// The same, which has to be of numbers alone.
pub fn of_numbers(spec: Spec) -> PyResult<Spec> {
    spec.check_numbers().map_err(to_python)?;
    Ok(spec)
}

/// The same with a histogram, if the number of its bins is given: a whole number, or "auto"; and with the most frequent values, if their
/// number is.
pub fn with_bins_and_top(
    spec: Spec,
    bins: Option<&Bound<'_, PyAny>>,
    top: Option<&Bound<'_, PyAny>>,
) -> PyResult<Spec> {
    let spec = match top {
        Some(top) => spec.with_top(whole("top", top, 0, i64::MAX)? as u64).map_err(to_python)?,
        None => spec,
    };
    let Some(bins) = bins else { return Ok(spec) };
    let bins = match bins.cast::<PyString>() {
        Ok(text) => text.to_cow()?.parse(),
        Err(_) => BinCount::fixed(whole("bins", bins, 0, i64::MAX)? as u64),
    };
    Ok(spec.with_histogram(bins.map_err(to_python)?))
}

fn quantiles(spec: Spec, q: &Bound<'_, PyAny>) -> PyResult<Spec> {
    let wrong = || {
        let given = q.get_type();
        PyTypeError::new_err(format!("q is a probability or a sequence of them, not {given}"))
    };
    if q.is_instance_of::<PyString>() || q.is_instance_of::<PyBool>() {
        return Err(wrong());
    }
    let py = q.py();
    if let Some(whole) = special(q, "__index__")? {
        return match whole.extract::<u64>() {
            Ok(p @ (0 | 1)) => spec.with_quantiles(&[p as f64]).map_err(to_python),
            groups => {
                let percent = groups.as_ref().ok().filter(|percent| **percent <= 100);
                let percent =
                    percent.map(|percent| format!("for p{percent} write q={}, and ", *percent as f64 / 100.0));
                let meant = groups.ok().filter(|groups| *groups <= 1_000_000).map(|groups| {
                    let percent = percent.unwrap_or_default();
                    let points = groups - 1;
                    format!(
                        "; {percent}for the {points} cut points of {groups} groups n={groups} (of describe), or \
                             q=[k / {groups} for k in range(1, {groups})]"
                    )
                });
                let meant = meant.unwrap_or_default();
                Err(PyValueError::new_err(format!("a probability is from 0 to 1, not {whole}{meant}")))
            }
        };
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
