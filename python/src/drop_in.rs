//! The functions of Python's `statistics` where the kernels provably have their bits.

use std::sync::LazyLock;

use pyo3::IntoPyObjectExt;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyList;
use rstats::series::{Chunk, Kind, Sink};
use rstats::{Describer, Interrupt, Method, Series, Spec, Statistic, Summary, describe_all};

use crate::arch::floats_of;
use crate::call::{self, Threads};
use crate::errors::{attempt, to_python};
use crate::input::{self, Missing, is_instance};

/// What each function asks for, after the extrema.
static MOMENTS: LazyLock<Spec> = LazyLock::new(|| {
    let statistics = [Statistic::Min, Statistic::Max, Statistic::Sum, Statistic::Mean];
    quantiles(Spec::default().with_statistics(statistics), 1)
});
static SAMPLE: LazyLock<Spec> = LazyLock::new(|| {
    let statistics = [Statistic::Min, Statistic::Max, Statistic::Variance, Statistic::Stddev];
    quantiles(Spec::default().with_statistics(statistics), 1)
});
static POPULATION: LazyLock<Spec> = LazyLock::new(|| SAMPLE.clone().with_ddof(0));
static HALVES: LazyLock<Spec> = LazyLock::new(|| cut_points(2).with_method(Method::Inclusive));
static LOW: LazyLock<Spec> = LazyLock::new(|| cut_points(2).with_method(Method::InvertedCdf));
static HIGH: LazyLock<Spec> = LazyLock::new(|| cut_points(2).with_method(Method::Higher));
static QUARTILES: LazyLock<Spec> = LazyLock::new(|| cut_points(4).with_method(Method::Exclusive));

fn cut_points(n: u64) -> Spec {
    quantiles(Spec::default().with_statistics([Statistic::Min, Statistic::Max]), n)
}

fn quantiles(spec: Spec, n: u64) -> Spec {
    // Any number of groups from 1 to a million is one; others are not asked for.
    spec.clone().with_cut_points(n).unwrap_or(spec)
}

/// The most groups that quantiles cut.
const GROUPS: u64 = 10_000;

#[doc = include_str!(concat!(env!("OUT_DIR"), "/drop_in.txt"))]
#[pyfunction]
#[pyo3(signature = (function, data, n=4, method="exclusive", /))]
pub fn drop_in<'py>(
    function: &str,
    data: &Bound<'py, PyAny>,
    n: u64,
    method: &str,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = data.py();
    let own;
    let spec: &Spec = match (function, n, method) {
        ("mean" | "fmean", ..) => &MOMENTS,
        ("variance" | "stdev", ..) => &SAMPLE,
        ("pvariance" | "pstdev", ..) => &POPULATION,
        ("median", ..) => &HALVES,
        ("median_low", ..) => &LOW,
        ("median_high", ..) => &HIGH,
        ("quantiles", 4, "exclusive") => &QUARTILES,
        ("quantiles", 1..=GROUPS, "exclusive") => {
            own = cut_points(n).with_method(Method::Exclusive);
            &own
        }
        ("quantiles", 1..=GROUPS, "inclusive") => {
            own = cut_points(n).with_method(Method::Inclusive);
            &own
        }
        _ => return Ok(None),
    };
    let Some(Floats { summary, negative_zeros }) = describe(data, spec)? else { return Ok(None) };
    let found: Vec<f64> = summary.statistics().map(|(_, value)| value.unwrap_or(f64::NAN)).collect();
    let [min, max, ref rest @ ..] = found[..] else { return Ok(None) };
    // Sums of this many of the greatest, or of as many as there are groups, are finite.
    let times = summary.count.max(2 * n) as f64;
    if summary.null_count > 0 || summary.nan_count > 0 || !(min.abs().max(max.abs()) * times).is_finite() {
        return Ok(None);
    }
    if rest.iter().any(|value| !value.is_finite()) {
        return Ok(None);
    }
    let answer = match (function, rest) {
        ("mean", &[_, mean]) => mean,
        ("fmean", &[sum, _]) => sum / summary.count as f64,
        ("variance" | "pvariance", &[variance, _]) => variance,
        ("stdev" | "pstdev", &[_, stddev]) => stddev,
        // Which of two zeros comes first is theirs to say; beside any other number it does not matter.
        (_, found) if found.contains(&0.0) && negative_zeros()? => return Ok(None),
        ("quantiles", quantiles) if summary.count >= 2 => return Ok(Some(PyList::new(py, quantiles)?.into_any())),
        ("median" | "median_low" | "median_high", &[median]) => median,
        _ => return Ok(None),
    };
    Ok(Some(answer.into_bound_py_any(py)?))
}

/// A series of floats described, and whether there are negative zeros in it.
struct Floats {
    summary: Summary,
    negative_zeros: Box<dyn Fn() -> PyResult<bool>>,
}

/// `None` for what is no series of floats, or empty.
fn describe(data: &Bound<'_, PyAny>, spec: &Spec) -> PyResult<Option<Floats>> {
    let py = data.py();
    if let Some(values) = floats_of(data, call::SMALL) {
        let summary = Describer::new(spec).describe_values(&values).map_err(to_python)?;
        let negative = values.iter().any(|value| is_negative_zero(*value));
        return Ok((!values.is_empty()).then(|| Floats { summary, negative_zeros: Box::new(move || Ok(negative)) }));
    }
    let Some(series) = series(data)? else { return Ok(None) };
    if series.rows() == 0 {
        return Ok(None);
    }
    let work = |interrupt: &Interrupt| describe_all(std::slice::from_ref(&series), spec, interrupt);
    let summary = call::run(py, series.rows(), &Threads::default(), work)?.remove(0);
    let negative_zeros = move || {
        let mut found = NegativeZeros(false);
        let read = series.chunks().iter().try_for_each(|chunk| chunk.read::<f64>(&mut found));
        read.map_err(to_python)?;
        Ok(found.0)
    };
    Ok(Some(Floats { summary, negative_zeros: Box::new(negative_zeros) }))
}

/// Floats of 64 bits in a list, a tuple or an array of NumPy; floats in an `array.array`, Arrow data, or a series of pandas or
/// Polars, whose items are Python's own floats.
fn series(data: &Bound<'_, PyAny>) -> PyResult<Option<Series>> {
    let py = data.py();
    if let Some(floats) = floats_of(data, usize::MAX) {
        let array = arrow_array::Float64Array::from(floats);
        return Series::new(None, vec![Chunk::Array(std::sync::Arc::new(array))]).map(Some).map_err(to_python);
    }
    let class = data.get_type();
    let of_numpy = is_instance(data, "numpy", "ndarray")?;
    if of_numpy {
        let one = class.module()?.to_cow()? == "numpy" && data.getattr(intern!(py, "ndim"))?.extract::<usize>()? == 1;
        if !one || data.getattr(intern!(py, "dtype"))?.getattr(intern!(py, "num"))?.extract::<i64>()? != NUMPY_DOUBLE {
            return Ok(None);
        }
    }
    let known = of_numpy
        || is_instance(data, "array", "array")?
        || (is_instance(data, "pandas", "Series")? && !has_scalars_of_numpy(data)?)
        || is_instance(data, "polars", "Series")?
        || is_instance(data, "pyarrow", "Array")?
        || is_instance(data, "pyarrow", "ChunkedArray")?;
    if !known {
        return Ok(None);
    }
    // What is no series of numbers is for the module itself to refuse.
    let Some(series) = attempt(py, input::series(data, Missing::Nothing))? else { return Ok(None) };
    let floats = |chunk: &Chunk| {
        chunk.kind() == Some(Kind::Float) && !matches!(chunk, Chunk::Array(array) if array.data_type().is_nested())
    };
    Ok(series.chunks().iter().all(floats).then_some(series))
}

/// Whether the items of a series of pandas are NumPy's: those of its own nullable types are.
fn has_scalars_of_numpy(series: &Bound<'_, PyAny>) -> PyResult<bool> {
    let dtype = series.getattr("dtype")?;
    Ok(!is_instance(&dtype, "numpy", "dtype")? && !is_instance(&dtype, "pandas", "ArrowDtype")?)
}

/// NumPy's number of its type of 64-bit floats.
const NUMPY_DOUBLE: i64 = 12;

fn is_negative_zero(value: f64) -> bool {
    value.to_bits() == (-0.0f64).to_bits()
}

struct NegativeZeros(bool);

impl Sink<f64> for NegativeZeros {
    fn values(&mut self, values: &[f64]) {
        self.0 |= values.iter().fold(false, |found, &value| found | is_negative_zero(value));
    }

    fn valid(&mut self, values: &[f64], _: &[u8]) {
        self.values(values);
    }

    fn nulls(&mut self, _: u64) {}
}
