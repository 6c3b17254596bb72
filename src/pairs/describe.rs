//! Coefficients of columns in memory.

use super::answer::{Coefficient, PairNulls};
use super::chunk::{PairColumn, all};
use super::matrix::PairMatrix;
use super::ranks::Order;
use super::sums::{PairSums, complete};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::series::Series;
use crate::spec::NanPolicy;
use crate::threads::Threads;

/// What is asked of pairs of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairSpec {
    /// What is said of them.
    pub coefficient: Coefficient,
    /// Which rows count.
    pub nulls: PairNulls,
    /// What a NaN does: under [`NanPolicy::Propagate`] all coefficients of its column are NaN.
    pub nan: NanPolicy,
    /// What is subtracted from n in the divisor of a covariance.
    pub ddof: u64,
}

impl Default for PairSpec {
    fn default() -> Self {
        Self { coefficient: Coefficient::Pearson, nulls: PairNulls::Pairwise, nan: NanPolicy::Propagate, ddof: 1 }
    }
}

/// The coefficients of every pair of these columns, on the threads of the pool: covariance, Pearson's r, Spearman's ρ and Kendall's τ-b
/// correctly rounded.
///
/// # Errors
///
/// [`Error::Data`] for columns of different lengths, [`Error::Invalid`] for decimals of more than 27 digits, and for columns that mix wide integers and floats, [`Error::Nan`] as the spec has it, and
/// [`Error::Interrupted`].
///
/// ```
/// use std::sync::Arc;
/// use arrow_array::Float64Array;
/// use rstats::{Interrupt, PairSpec, Series, correlate};
///
/// let series = |name: &str, values: [f64; 4]| {
///     Series::from_arrays(Some(name.to_owned()), vec![Arc::new(Float64Array::from(values.to_vec()))])
/// };
/// let columns = [series("x", [1.0, 2.0, 3.0, 4.0])?, series("y", [2.0, 4.0, 6.0, 8.0])?];
/// let matrix = correlate(&columns, &PairSpec::default(), &Interrupt::default())?;
/// assert_eq!(matrix.get(0, 1), Some(1.0));
/// # Ok::<(), rstats::Error>(())
/// ```
pub fn correlate(series: &[Series], spec: &PairSpec, interrupt: &Interrupt) -> Result<PairMatrix> {
    let rows = series.first().map_or(0, Series::rows);
    if let Some(other) = series.iter().find(|series| series.rows() != rows) {
        return Err(Error::Data(format!(
            "column '{}' has {} rows, and the first column {rows}: pairs are of rows",
            other.name().unwrap_or("(unnamed)"),
            other.rows()
        )));
    }
    if u32::try_from(rows).is_err() {
        return Err(Error::Invalid(format!("pairs are of fewer than 2^32 rows, not of {rows}")));
    }
    let columns = columns_of(series, spec, Threads::for_values(rows), interrupt)?;
    let name = |(index, series): (usize, &Series)| series.name().map_or_else(|| index.to_string(), str::to_owned);
    let names: Vec<String> = series.iter().enumerate().map(name).collect();
    let found = match spec.coefficient {
        Coefficient::Covariance | Coefficient::Pearson => {
            return PairMatrix::of_sums(&PairSums::of_columns(&columns, Threads::All, interrupt)?, spec, names);
        }
        Coefficient::Spearman | Coefficient::Kendall => by_order(&columns, spec, interrupt)?,
    };
    Ok(PairMatrix::new(spec.coefficient, spec.nulls, names, found))
}

/// The columns, with what counts of them.
fn columns_of(series: &[Series], spec: &PairSpec, threads: Threads, interrupt: &Interrupt) -> Result<Vec<PairColumn>> {
    let column = |series: &Series| {
        interrupt.check()?;
        if spec.nan == NanPolicy::Raise
            && let Some(row) = series.first_nan()?
        {
            return Err(Error::Nan { name: series.name().map(str::to_owned), file: None, row });
        }
        PairColumn::new(series, spec.nan)
    };
    let mut columns = threads.try_map_items(series, column)?;
    if spec.nulls == PairNulls::Complete {
        complete(&mut columns);
    }
    Ok(columns)
}

/// The sums of some rows of the columns, on this thread.
#[cfg(feature = "parquet")]
pub(crate) fn sums_of(series: &[Series], spec: &PairSpec, interrupt: &Interrupt) -> Result<PairSums> {
    PairSums::of_columns(&columns_of(series, spec, Threads::This, interrupt)?, Threads::This, interrupt)
}

impl PairMatrix {
    /// What the sums of all rows say.
    pub(crate) fn of_sums(sums: &PairSums, spec: &PairSpec, names: Vec<String>) -> Result<Self> {
        let found = each_pair(names.len(), |a, b| match spec.coefficient {
            Coefficient::Covariance => Ok((sums.covariance(a, b, spec.ddof), sums.of(a, b).count)),
            _ => Ok((sums.pearson(a, b), sums.of(a, b).count)),
        })?;
        Ok(Self::new(spec.coefficient, spec.nulls, names, found))
    }
}

/// Every pair, of which one is computed and the other is the same.
fn each_pair(
    columns: usize,
    of: impl Fn(usize, usize) -> Result<(Option<f64>, u64)> + Sync,
) -> Result<Vec<(Option<f64>, u64)>> {
    let pairs: Vec<(usize, usize)> = (0..columns).flat_map(|a| (a..columns).map(move |b| (a, b))).collect();
    let found = Threads::unless(pairs.len() < 2).try_map_items(pairs.iter().copied(), |(a, b)| of(a, b))?;
    let mut matrix = vec![(None, 0); columns * columns];
    for ((a, b), value) in pairs.into_iter().zip(found) {
        matrix[a * columns + b] = value;
        matrix[b * columns + a] = value;
    }
    Ok(matrix)
}

fn by_order(columns: &[PairColumn], spec: &PairSpec, interrupt: &Interrupt) -> Result<Vec<(Option<f64>, u64)>> {
    let order = |column: &PairColumn| {
        interrupt.check()?;
        Ok::<_, Error>(Order::new(column))
    };
    let orders = Threads::All.try_map_items(columns, order)?;
    // Infinite values have their ranks; NaNs have none.
    let holds_nan = |column: &PairColumn| column.is_spoilt && column.holds_nan();
    let nans: Vec<bool> = columns.iter().map(|column| spec.nan != NanPolicy::Omit && holds_nan(column)).collect();
    let is_alike = columns.iter().all(|column| column.valid == columns[0].valid);
    if spec.coefficient == Coefficient::Spearman && is_alike {
        let ranks: Vec<PairColumn> = Threads::All.map(columns.len(), |column| orders[column].twice_the_ranks(None));
        let sums = PairSums::of_columns(&ranks, Threads::All, interrupt)?;
        return each_pair(columns.len(), |a, b| {
            let count = sums.of(a, b).count;
            Ok((if nans[a] || nans[b] { nan(count) } else { sums.pearson(a, b) }, count))
        });
    }
    let rows = columns.first().map_or(0, PairColumn::rows);
    each_pair(columns.len(), |a, b| {
        interrupt.check()?;
        let valid = [&columns[a], &columns[b]].map(|column| column.valid.clone().unwrap_or_else(|| all(rows)));
        let both = &valid[0] & &valid[1];
        let (value, count) = match spec.coefficient {
            Coefficient::Kendall => orders[a].kendall(&orders[b], Some(&both)),
            _ => {
                let ranks = [a, b].map(|column| orders[column].twice_the_ranks(Some(&both)));
                let sums = PairSums::of_columns(&ranks, Threads::This, interrupt)?;
                (sums.pearson(0, 1), sums.of(0, 1).count)
            }
        };
        Ok((if nans[a] || nans[b] { nan(count) } else { value }, count))
    })
}

/// What is said where a NaN is among the values.
fn nan(count: u64) -> Option<f64> {
    (count >= 2).then_some(f64::NAN)
}
