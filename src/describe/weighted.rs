//! Series with a weight for each row.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, UInt64Type};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, FieldRef};

use super::group_rows::Groups;
use super::passes::changed;
use super::segments::check_names;
use crate::error::{self, Error, Result};
use crate::interrupt::Interrupt;
use crate::num::figure::NumberType;
use crate::scan::{Counted, Edges, Keep, Outcome, Scan};
use crate::series::exact_cast::strict_cast;
use crate::series::repr::{Element, with_repr};
use crate::series::type_names::type_text;
use crate::series::{Series, from_arrow};
use crate::spec::{Method, NanPolicy, NullPolicy, Spec, Statistic, is_count};
use crate::stats::value::Value;
use crate::stats::weighted::{Frequencies, Importances, quantile};
use crate::summary::{Answers, Summaries, Summary};
use crate::threads::Threads;

/// What weights are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Weighting {
    /// How often each value is there: whole numbers from 0 on.
    Frequencies,
    /// How much each value counts: finite numbers from 0 on.
    Importances,
}

/// The summaries of series whose rows have weights, in their order. A row of weight 0 is as if it were not there.
///
/// # Errors
///
/// [`Error::Invalid`] for a weight that is negative, NaN, infinite, null or (a frequency) no whole number, for a total of 0,
/// and for a statistic without a form weighted by importances; [`Error::Data`] for another number of rows than weights;
/// [`Error::Nan`] as `spec` has it; [`Error::Interrupted`].
pub fn describe_weighted(
    series: &[Series],
    weights: &ArrayRef,
    weighting: Weighting,
    spec: &Spec,
    interrupt: &Interrupt,
) -> Result<Vec<Summary>> {
    let weights = Weights::new(weights, weighting)?;
    if weighting == Weighting::Importances {
        check_importances(spec)?;
    }
    let each = |series: &Series| {
        interrupt.check()?;
        let summary = with_repr!(series.repr(), T => summarize_series::<T>(series, &weights, spec));
        Ok(summary?.named(series.name()).of_type(type_of(series, weighting)))
    };
    series.iter().map(each).collect()
}

/// The same for groups of rows: one summary for each column and each distinct key, in column order and then in the order of the keys.
/// A group whose weights are all 0 has a count of 0.
///
/// # Errors
///
/// Those of [`describe_weighted`], and of [`describe_groups`](crate::describe_groups) for the keys.
pub fn describe_weighted_groups(
    by: Vec<(FieldRef, ArrayRef)>,
    series: &[Series],
    weights: &ArrayRef,
    weighting: Weighting,
    spec: &Spec,
    interrupt: &Interrupt,
) -> Result<Summaries> {
    check_names(by.iter().map(|(field, _)| field.name().as_str()), spec)?;
    let weights = Weights::new(weights, weighting)?;
    if weighting == Weighting::Importances {
        check_importances(spec)?;
    }
    let groups = Groups::new(by, weights.len())?;
    let mut answers = Answers::new(series.len() * groups.len(), spec);
    let mut rest = answers.rows();
    for series in series {
        let mut answered = rest.split_off(groups.len()).of_type(type_of(series, weighting));
        let summaries =
            with_repr!(series.repr(), T => summarize_groups::<T>(series, &weights, &groups, spec, interrupt))?;
        summaries.iter().enumerate().for_each(|(row, summary)| answered.set(row, summary));
    }
    let columns = series.iter().map(|series| (series.name().map(str::to_owned), type_of(series, weighting))).collect();
    Ok(Summaries::with_keys(columns, Some(groups.keys), spec, answers))
}

/// A sum weighted by importances is a float.
fn type_of(series: &Series, weighting: Weighting) -> NumberType {
    match weighting {
        Weighting::Frequencies => series.number_type(),
        Weighting::Importances => NumberType::Float,
    }
}

fn summarize_groups<T: Element>(
    series: &Series,
    weights: &Weights,
    groups: &Groups,
    spec: &Spec,
    interrupt: &Interrupt,
) -> Result<Vec<Summary>> {
    let rows: Vec<Option<T>> = checked_rows(series, weights, spec)?;
    Threads::All.try_map(groups.len(), |group| {
        interrupt.check()?;
        let taken = groups.rows(group..group + 1);
        let rows: Vec<Option<T>> = taken.iter().map(|&row| rows[row as usize]).collect();
        summarize_rows(&rows, &weights.take(taken), spec)
    })
}

/// Which statistics have a form with importances.
fn check_importances(spec: &Spec) -> Result<()> {
    use Statistic::{Max, Mean, Min, Range, Stddev, Sum, Variance};
    let known = [Min, Max, Range, Sum, Mean, Variance, Stddev];
    if let Some(statistic) = spec.statistics().iter().find(|statistic| !known.contains(statistic)) {
        let known = known.map(Statistic::name).join(", ");
        return Err(Error::Invalid(format!("'{statistic}' is not defined with importances; {known} are")));
    }
    if !spec.quantiles().is_empty() && spec.method() != Method::InvertedCdf {
        let method = spec.method();
        return Err(Error::Invalid(format!(
            "quantiles with importances are by the method inverted_cdf alone, not by {method}"
        )));
    }
    Ok(())
}

enum Weights {
    Frequencies(Vec<u64>),
    Importances(Vec<f64>),
}

impl Weights {
    fn new(weights: &ArrayRef, weighting: Weighting) -> Result<Self> {
        let wrong = |row: usize, is: &str, wanted: &str| {
            Error::Invalid(format!("the weight in row {row} (counted from 0) is {is}; {wanted}"))
        };
        let (wanted, data_type) = match weighting {
            Weighting::Frequencies => ("frequencies are whole numbers from 0 on", DataType::UInt64),
            Weighting::Importances => ("importances are finite numbers from 0 on", DataType::Float64),
        };
        let floats = strict_cast(weights, &DataType::Float64).map_err(|_| Error::NotNumeric {
            name: Some("weights".to_owned()),
            data_type: type_text(weights.data_type()),
        })?;
        if floats.null_count() > 0 {
            let row = (0..floats.len()).find(|&row| floats.is_null(row)).unwrap_or_default();
            return Err(wrong(row, "null", wanted));
        }
        let floats = floats.as_primitive::<Float64Type>();
        for (row, &weight) in floats.values().iter().enumerate() {
            let whole = weighting == Weighting::Importances || weight.fract() == 0.0;
            if !weight.is_finite() || weight < 0.0 || !whole {
                return Err(wrong(row, &crate::num::text::any_number(weight), wanted));
            }
        }
        if floats.values().iter().all(|&weight| weight == 0.0) {
            return Err(Error::Invalid("the weights add up to 0; at least one must be above it".to_owned()));
        }
        match weighting {
            Weighting::Importances => Ok(Self::Importances(floats.values().to_vec())),
            Weighting::Frequencies => {
                // From the weights themselves: whole numbers above 2^53 are no f64.
                let exact = strict_cast(weights, &data_type);
                let exact = exact.map_err(|error| Error::Invalid(format!("{wanted}: {error}")))?;
                let exact = exact.as_primitive::<UInt64Type>().values().to_vec();
                if exact.iter().try_fold(0u64, |sum, &weight| sum.checked_add(weight)).is_none() {
                    return Err(Error::Invalid("the frequencies add up to 2^64 or more".to_owned()));
                }
                Ok(Self::Frequencies(exact))
            }
        }
    }

    /// Those of some rows.
    fn take(&self, rows: &[u32]) -> Self {
        match self {
            Self::Frequencies(weights) => Self::Frequencies(rows.iter().map(|&row| weights[row as usize]).collect()),
            Self::Importances(weights) => Self::Importances(rows.iter().map(|&row| weights[row as usize]).collect()),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Frequencies(weights) => weights.len(),
            Self::Importances(weights) => weights.len(),
        }
    }
}

/// Each row's value, or `None` for a null.
fn rows<T: Element>(series: &Series) -> Result<Vec<Option<T>>> {
    let array = series.whole()?.to_array()?;
    let mut values: Vec<T> = Vec::with_capacity(array.len());
    from_arrow::read(&array, &mut values)?;
    let nulls = array.logical_nulls();
    let mut values = values.into_iter();
    let there = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
    Ok((0..array.len()).map(|row| if there(row) { values.next() } else { None }).collect())
}

fn summarize_series<T: Element>(series: &Series, weights: &Weights, spec: &Spec) -> Result<Summary> {
    summarize_rows(&checked_rows::<T>(series, weights, spec)?, weights, spec)
}

/// The rows of a series, if there is a weight for each, and no NaN where that is an error.
fn checked_rows<T: Element>(series: &Series, weights: &Weights, spec: &Spec) -> Result<Vec<Option<T>>> {
    let rows: Vec<Option<T>> = rows(series)?;
    if rows.len() != weights.len() {
        let (column, found) = (error::column(series.name()), rows.len());
        return Err(Error::Data(format!("{column} has {found} rows, and there are {} weights", weights.len())));
    }
    let is_there = |row: usize| match weights {
        Weights::Frequencies(weights) => weights[row] > 0,
        Weights::Importances(weights) => weights[row] > 0.0,
    };
    let is_nan = |row: &usize| rows[*row].is_some_and(Value::is_nan) && is_there(*row);
    if let (NanPolicy::Raise, Some(row)) = (spec.nan(), (0..rows.len()).find(is_nan)) {
        return Err(Error::Nan { name: series.name().map(str::to_owned), file: None, row: row as u64 });
    }
    let nulls = (0..rows.len()).filter(|&row| rows[row].is_none() && is_there(row)).count() as u64;
    if spec.null() == NullPolicy::Raise && nulls > 0 {
        return Err(Error::Nulls { name: series.name().map(str::to_owned), nulls });
    }
    Ok(rows)
}

fn summarize_rows<T: Element>(rows: &[Option<T>], weights: &Weights, spec: &Spec) -> Result<Summary> {
    match weights {
        Weights::Frequencies(weights) => with_frequencies(rows, weights, spec),
        Weights::Importances(weights) => Ok(with_importances(rows, weights, spec)),
    }
}

/// Each asked statistic, in the order of every output: those that `own` knows, and the quantiles.
fn summary(
    counts: [u64; 3],
    nan: bool,
    spec: &Spec,
    own: impl Fn(&str) -> Option<f64>,
    quantile: impl Fn(f64) -> Option<f64>,
) -> Summary {
    if counts[1] > 0 && spec.null() == NullPolicy::Propagate {
        let names = spec.field_names().clone();
        return Summary::new(counts.iter().sum(), counts, names.clone(), std::iter::repeat_n(None, names.len()));
    }
    let quantiles = spec.quantiles().iter().map(|p| p.value());
    let statistics = spec.field_names().len() - spec.quantiles().len();
    let own = spec.field_names()[..statistics].iter().map(|name| match (nan && !is_count(name), own(name)) {
        (true, _) => Some(f64::NAN),
        (false, value) => value,
    });
    let values = own.chain(quantiles.map(|p| if nan { Some(f64::NAN) } else { quantile(p) }));
    Summary::new(counts.iter().sum(), counts, spec.field_names().clone(), values)
}

fn with_frequencies<T: Element>(rows: &[Option<T>], weights: &[u64], spec: &Spec) -> Result<Summary> {
    let scanned = spec.clone().with_nan(NanPolicy::Omit).with_null(NullPolicy::Skip).without_order();
    let (mut values, mut frequencies) = (Vec::new(), Vec::new());
    let (mut null_count, mut nan_count) = (0, 0);
    for (value, &weight) in rows.iter().zip(weights).filter(|(_, weight)| **weight > 0) {
        match value {
            None => null_count += weight,
            Some(value) if value.is_nan() => nan_count += weight,
            Some(value) => {
                values.push(*value);
                frequencies.push(weight);
            }
        }
    }
    let mut scan = Scan::new(&scanned, Keep::All);
    scan.update_repeated(&values, &frequencies);
    let Outcome::Done(sums) = scan.finish(&scanned)? else { return Err(changed()) };
    let keys = values.iter().map(|value| value.key());
    let mut sorted: Vec<(T::Key, u64)> = keys.zip(frequencies).collect();
    sorted.sort_unstable_by_key(|&(key, _)| key);
    let n = sums.count;
    let frequencies = Frequencies::<T>::new(&sorted, n);
    let nan = nan_count > 0 && spec.nan() != NanPolicy::Omit;
    let at = |p: &crate::Probability| {
        let position = spec.method().position(p, n.max(1));
        Some(position.blend(frequencies.at(position.lower)?, frequencies.at(position.upper)?))
    };
    let computed = |wanted: f64| spec.computed().iter().find(|p| p.value() == wanted).and_then(at);
    let one_zero: Vec<_> =
        sorted.iter().map(|&(key, weight)| (T::from_key(key).with_one_zero().key(), weight)).collect();
    let distinct = Frequencies::<T>::new(&one_zero, n);
    let counted = match n > 0 && !nan && spec.counts_between() {
        true => {
            let ends = sorted.first().zip(sorted.last()).map(|(min, max)| (T::from_key(min.0), T::from_key(max.0)));
            let edges = Edges::<T>::new(spec, n, ends, computed(0.25).zip(computed(0.75)), |rank| frequencies.at(rank));
            let below = frequencies.below(edges.keys());
            edges.counted(&below)
        }
        false => Counted::default(),
    };
    let own = |name: &str| match name {
        "lower_fence" => counted.fences.map(|fences| fences[0]),
        "upper_fence" => counted.fences.map(|fences| fences[1]),
        "n_low_outliers" => counted.outliers.map(|outliers| outliers[0] as f64),
        "n_high_outliers" => counted.outliers.map(|outliers| outliers[1] as f64),
        "iqr" => computed(0.75).zip(computed(0.25)).map(|(high, low)| high - low),
        "mad" => frequencies.mad(),
        "mode" => distinct.mode().map(Value::nearest),
        "trimmed_mean" => frequencies.trimmed_mean(spec.trim()),
        "n_unique" => Some((distinct.n_unique() + u64::from(nan)) as f64),
        name => sums.get(name),
    };
    let count = n + if spec.nan() == NanPolicy::Omit { 0 } else { nan_count };
    let summary = summary([count, null_count, nan_count], nan, spec, own, computed).with_histogram(counted.histogram);
    if nan {
        return Ok(summary);
    }
    // The sums were asked without what takes the values in order.
    let index = |name: &str| spec.field_names().iter().position(|candidate| candidate == name);
    let of_sums =
        sums.exact().iter().filter_map(|(at, exact)| Some((index(scanned.field_names().get(*at)?)?, exact.clone())));
    let of_mode = || Some((index("mode")?, distinct.mode()?.beyond_f64()?));
    let exact = of_sums.chain(of_mode()).collect();
    Ok(summary.with_exact(exact))
}

fn with_importances<T: Element>(rows: &[Option<T>], weights: &[f64], spec: &Spec) -> Summary {
    let mut sums = Importances::default();
    // Infinite values are among them.
    let mut sorted: Vec<(T::Key, f64)> = Vec::new();
    let (mut count, mut null_count, mut nan_count) = (0, 0, 0);
    let (mut positive, mut negative) = (false, false);
    for (value, &weight) in rows.iter().zip(weights).filter(|(_, weight)| **weight > 0.0) {
        match value {
            None => null_count += 1,
            Some(value) if value.is_nan() => nan_count += 1,
            Some(value) => {
                count += 1;
                match value.nearest() {
                    f64::INFINITY => positive = true,
                    f64::NEG_INFINITY => negative = true,
                    _ => sums.add(*value, weight),
                }
                sorted.push((value.key(), weight));
            }
        }
    }
    // Of equal values the least weight first: which row it is of must not matter.
    sorted.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let infinity = match (positive, negative) {
        (false, false) => None,
        (true, false) => Some(f64::INFINITY),
        (false, true) => Some(f64::NEG_INFINITY),
        (true, true) => Some(f64::NAN),
    };
    let finished = sums.finish();
    let extreme = |pair: Option<&(T::Key, f64)>| pair.map(|&(key, _)| T::from_key(key));
    let (min, max) = (extreme(sorted.first()), extreme(sorted.last()));
    let spread = |value: Option<f64>| if infinity.is_some() { Some(f64::NAN) } else { value };
    let own = |name: &str| match name {
        "min" => min.map(Value::nearest),
        "max" => max.map(Value::nearest),
        "range" => min.zip(max).map(|(min, max)| match (min.as_f64(), max.as_f64()) {
            (Some(min), Some(max)) => max - min,
            _ => max.to_rational().minus(&min.to_rational()).round(),
        }),
        "sum" => infinity.or_else(|| (count >= spec.min_count()).then(|| finished.sum())),
        "mean" => infinity.or_else(|| finished.mean()),
        "variance" => spread(finished.variance(spec.ddof())),
        "stddev" => spread(finished.stddev(spec.ddof())),
        _ => None,
    };
    let nan = nan_count > 0 && spec.nan() != NanPolicy::Omit;
    let count = count + if spec.nan() == NanPolicy::Omit { 0 } else { nan_count };
    summary([count, null_count, nan_count], nan, spec, own, |p| quantile::<T>(&sorted, p).map(Value::nearest))
}
