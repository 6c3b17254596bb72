//! Pairs of columns: sums that merge in one pass over the rows, or, for what is made of their order, all values in memory.

use std::sync::Mutex;

use arrow_array::{ArrayRef, new_null_array};
use arrow_schema::DataType;

use super::context::ExecutionContext;
use super::pass::LeftOut;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::num::figure::NumberType;
use crate::pairs::{Coefficient, PairMatrix, PairSpec, PairSums, correlate, sums_of};
use crate::parquet::columns::DataColumn;
use crate::parquet::plan::Plan;
use crate::parquet::request::{PairAnswer, Progress, RunMetrics};
use crate::series::{Repr, Series};
use crate::unpoisoned::Unpoisoned;

/// Bytes that the sums of a pair take, those on their way to them included.
const PAIR: u64 = 1 << 10;

/// Bytes that a value takes where all are kept: itself, its place in the order, and what is made of that.
const KEPT: u64 = 48;

impl Plan<'_> {
    /// The coefficients of every pair of the columns of numbers, as [`correlate`] has them. The spec and the keys of the plan do not matter.
    ///
    /// # Errors
    ///
    /// Those of [`Plan::run`] and of [`correlate`]. What is made of the order of the values keeps all of them in memory:
    /// [`Error::MemoryLimit`] where they do not fit.
    pub fn correlate(&self, spec: &PairSpec, interrupt: &Interrupt, progress: &Progress) -> Result<PairAnswer> {
        #[cfg(feature = "allocator")]
        crate::arch::allocator::keep_within(self.budget.limit);
        let (mut metrics, mut left_out) = (RunMetrics::default(), LeftOut::new());
        if self.are_lists {
            return Err(Error::Invalid("pairs are of columns of numbers, and these hold lists".to_owned()));
        }
        loop {
            let mut made = None;
            let run = ExecutionContext { plan: self.without(&left_out, &mut made), interrupt, progress };
            let (matrix, rows, failed) = match spec.coefficient {
                Coefficient::Covariance | Coefficient::Pearson => by_sums(&run, spec, &mut metrics)?,
                Coefficient::Spearman | Coefficient::Kendall => by_order(&run, spec, &mut metrics)?,
            };
            if !failed.is_empty() {
                left_out.extend(failed);
                continue;
            }
            let kept = self.request.predicate.is_some().then_some(rows);
            return Ok(PairAnswer { matrix, source: self.source(left_out, kept), metrics });
        }
    }
}

fn names(plan: &Plan<'_>) -> Vec<String> {
    plan.series.iter().map(|series| series.name.clone()).collect()
}

/// A type of the column's numbers, for a file that lacks it.
fn type_of(column: &DataColumn) -> DataType {
    match (column.repr, column.number_type) {
        (Repr::Signed, _) => DataType::Int64,
        (Repr::Unsigned, _) => DataType::UInt64,
        (Repr::Exact, NumberType::Decimal(scale)) => DataType::Decimal128(38, scale.min(38) as i8),
        _ => DataType::Float64,
    }
}

/// The columns of a batch; one that its file lacks has nulls.
fn series_of(columns: &[DataColumn], values: Vec<Option<ArrayRef>>, rows: usize) -> Result<Vec<Series>> {
    let series = columns.iter().zip(values).map(|(column, values)| {
        let values = values.unwrap_or_else(|| new_null_array(&type_of(column), rows));
        Series::from_arrays(Some(column.name.clone()), vec![values])
    });
    series.collect()
}

fn by_sums(
    run: &ExecutionContext<'_>,
    spec: &PairSpec,
    metrics: &mut RunMetrics,
) -> Result<(PairMatrix, u64, LeftOut)> {
    let plan = run.plan;
    let pairs = (plan.series.len() * plan.series.len()) as u64;
    let threads = plan.budget.threads() as u64;
    let _room = plan.budget.hold(pairs * PAIR * (threads + 1), "the sums of all pairs of columns")?;
    let whole = Mutex::new((PairSums::new(plan.series.len()), 0));
    let failed = each_batch(run, metrics, &|series, rows| {
        let sums = sums_of(&series, spec, run.interrupt)?;
        let mut whole = whole.lock().unpoisoned();
        whole.0.merge(&sums);
        whole.1 += rows as u64;
        Ok(())
    })?;
    let (sums, rows) = whole.into_inner().unpoisoned();
    Ok((PairMatrix::of_sums(&sums, spec, names(plan))?, rows, failed))
}

fn by_order(
    run: &ExecutionContext<'_>,
    spec: &PairSpec,
    metrics: &mut RunMetrics,
) -> Result<(PairMatrix, u64, LeftOut)> {
    let plan = run.plan;
    let bytes = plan.rows() * plan.series.len() as u64 * KEPT;
    let _room = plan.budget.hold(bytes, &format!("keeping all values for {}", spec.coefficient))?;
    let whole: Mutex<(Vec<Vec<ArrayRef>>, u64)> = Mutex::new((vec![Vec::new(); plan.series.len()], 0));
    let failed = each_batch(run, metrics, &|series, rows| {
        let arrays = series.iter().map(|series| series.whole()?.to_array()).collect::<Result<Vec<_>>>()?;
        let mut whole = whole.lock().unpoisoned();
        whole.0.iter_mut().zip(arrays).for_each(|(all, array)| all.push(array));
        whole.1 += rows as u64;
        Ok(())
    })?;
    if !failed.is_empty() {
        return Ok((PairMatrix::of_sums(&PairSums::new(0), spec, Vec::new())?, 0, failed));
    }
    let (arrays, rows) = whole.into_inner().unpoisoned();
    let series = names(plan).into_iter().zip(arrays).map(|(name, arrays)| Series::from_arrays(Some(name), arrays));
    let series = series.collect::<Result<Vec<_>>>()?;
    Ok((correlate(&series, spec, run.interrupt)?, rows, failed))
}

/// Hands on the rows of all files, a batch at a time in any order. The files that failed.
fn each_batch(
    run: &ExecutionContext<'_>,
    metrics: &mut RunMetrics,
    take: &(dyn Fn(Vec<Series>, usize) -> Result<()> + Sync),
) -> Result<LeftOut> {
    let plan = run.plan;
    let files: Vec<usize> = (0..plan.files.len()).filter(|&file| !plan.files[file].row_groups.is_empty()).collect();
    let tasks = run.begin_rows(&files, metrics);
    let failures = run.each_part(&tasks.parts, |part, reader| {
        run.decode(part, reader, &mut |rows| take(series_of(&plan.series, rows.values, rows.count)?, rows.count))?;
        tasks.ends_file(run, part);
        Ok(())
    })?;
    Ok(tasks.failed(plan, failures).collect())
}
