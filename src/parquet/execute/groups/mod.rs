//! Groups of the rows of a dataset, each described as a series.
//!
//! Rows come from files, or from a checkpoint ([`reading`]). The keys of a row are one code ([`layout`]). A look tells which keys many rows have
//! ([`look`](mod@look)): these have scans, which take their rows as they are decoded ([`frequent`]). The other rows go to a partition each by
//! the hash of their code ([`partitioned`], [`blocks`]); what the pool has no room for goes to files ([`stored_batches`]). At the end each partition
//! finds its groups and describes them, and the answers are put in the order of the keys, once ([`finish`]). Whichever way a group goes, its
//! values are all there, so its answer has the same bits. Who groups rows in another way gets them as they are ([`rows`]).

mod blocks;
mod finish;
mod frequent;
mod layout;
mod look;
mod partitioned;
mod reading;
mod rows;
mod stored_batches;
mod table;
mod taker;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, StringArray};
use arrow_schema::Schema;

use self::layout::{KeyCode, Layout};
use self::look::look;
use self::partitioned::PartitionedRows;
use self::reading::{Reading, question};
pub(super) use self::table::Table;
pub(in crate::parquet) use self::taker::TakeGroups;
use super::checkpoint::Checkpoint;
use super::context::ExecutionContext;
use super::pass::LeftOut;
use crate::error::{Error, Result};
use crate::parquet::plan::Plan;
use crate::parquet::request::RunMetrics;
use crate::spec::NullPolicy;
use crate::summary::Summaries;

/// The answer for each column and each key, and the files that were left out.
pub(in crate::parquet) fn describe_dataset_groups(
    run: &ExecutionContext<'_>,
    metrics: &mut RunMetrics,
) -> Result<(Summaries, LeftOut)> {
    let (summaries, left_out) = attempts(run, None, metrics)?;
    Ok((run.plan.with_key_texts(summaries)?, left_out))
}

/// Counts the rows of each group of a plan with one series, and hands the groups over; the files that were left out.
pub(in crate::parquet) fn count_dataset_groups(
    run: &ExecutionContext<'_>,
    taker: &dyn TakeGroups,
    metrics: &mut RunMetrics,
) -> Result<LeftOut> {
    Ok(attempts(run, Some(taker), metrics)?.1)
}

fn attempts(
    run: &ExecutionContext<'_>,
    taker: Option<&dyn TakeGroups>,
    metrics: &mut RunMetrics,
) -> Result<(Summaries, LeftOut)> {
    let table = Table::new(run.plan)?;
    let keys = table.schema.fields().iter().take(table.keys).cloned().collect::<Vec<_>>();
    let mut ranges: Vec<Option<(u64, u64)>> = run.plan.keys.iter().map(|key| run.plan.key_range(key)).collect();
    let checkpoint = match &run.plan.request.checkpoint {
        Some(folder) => Some(Checkpoint::open(folder, &question(run, &table))?),
        None => None,
    };
    let read = Reading { run, table: &table, checkpoint: checkpoint.as_ref(), taker };
    let mut left_out = LeftOut::new();
    loop {
        let layout = Layout::new(keys.clone(), &ranges)?;
        let outcome = match layout.is_wide() {
            true => attempt::<u128>(&read, &layout, &mut left_out, metrics)?,
            false => attempt::<u64>(&read, &layout, &mut left_out, metrics)?,
        };
        match outcome {
            Attempt::Done(summaries) => return Ok((*summaries, left_out)),
            // Rows of a file that failed half-way are among the others: start again without it.
            Attempt::FileFailed => {}
            // Of the next layout the hash is another one, too.
            Attempt::Mistaken => ranges.fill(None),
        }
    }
}

impl Plan<'_> {
    /// The same answer with keys that are bytes of no type as text, where all of them are.
    ///
    /// # Errors
    ///
    /// None that depends on the data.
    pub fn with_key_texts(&self, summaries: Summaries) -> Result<Summaries> {
        summaries.with_keys_as(|keys| self.key_texts(&keys))
    }

    /// The same of the keys alone.
    pub(in crate::parquet) fn key_texts(&self, keys: &RecordBatch) -> Result<RecordBatch> {
        let (mut fields, mut columns) = (Vec::new(), Vec::new());
        for (field, column) in keys.schema().fields().iter().zip(keys.columns()) {
            let is_bytes = || self.keys.iter().any(|key| key.name == *field.name() && self.is_plain_bytes(key));
            let text = column.as_binary_opt::<i32>().filter(|_| is_bytes());
            let text = text.and_then(|bytes| StringArray::try_from_binary(bytes.clone()).ok());
            let column = text.map_or_else(|| column.clone(), |text| Arc::new(text) as ArrayRef);
            fields.push(field.as_ref().clone().with_data_type(column.data_type().clone()));
            columns.push(column);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(keys.num_rows()));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
            .map_err(Error::from_grouping)
    }
}

/// What came of reading all rows.
enum Attempt {
    Done(Box<Summaries>),
    FileFailed,
    /// Codes did not tell the keys.
    Mistaken,
}

fn attempt<C: KeyCode>(
    read: &Reading<'_>,
    layout: &Layout,
    left_out: &mut LeftOut,
    metrics: &mut RunMetrics,
) -> Result<Attempt> {
    let starts_again = AtomicBool::new(false);
    let outcome = gather::<C>(read, layout, &starts_again, left_out, metrics);
    match starts_again.into_inner() {
        true => Ok(Attempt::Mistaken),
        false => outcome,
    }
}

fn gather<C: KeyCode>(
    read: &Reading<'_>,
    layout: &Layout,
    starts_again: &AtomicBool,
    left_out: &mut LeftOut,
    metrics: &mut RunMetrics,
) -> Result<Attempt> {
    let Reading { run, table, taker, .. } = *read;
    let mut rows = PartitionedRows::<C>::new(run, table, layout, run.plan.rows(), starts_again);
    rows.taker = taker;
    taker.iter().for_each(|taker| taker.clear());
    rows.frequent = look(read, &rows, left_out)?;
    // They are counted only where they are an error.
    let counted = run.plan.series.iter().filter(|_| run.plan.spec.null() == NullPolicy::Raise);
    let nulls: Vec<AtomicU64> = counted.map(|_| AtomicU64::new(0)).collect();
    let all = read.all(left_out, metrics, &|batch: RecordBatch| {
        for (nulls, values) in nulls.iter().zip(&batch.columns()[table.keys..]) {
            nulls.fetch_add(values.null_count() as u64, Ordering::Relaxed);
        }
        let dealt = rows.dealt(&batch, rows.frequent.as_ref())?.ok_or_else(|| rows.start_again())?;
        rows.keep(dealt).or_else(|dealt| rows.spill(dealt))
    });
    if !all? {
        return Ok(Attempt::FileFailed);
    }
    check_nulls(run, nulls)?;
    let frequent = match rows.frequent.take() {
        Some(scans) => scans.finish(run.plan, &mut |narrow| {
            read.all(left_out, metrics, &|batch| rows.dealt(&batch, Some(narrow)).map(|_| ()))
        })?,
        None => Some(Vec::new()),
    };
    match frequent {
        Some(frequent) => Ok(Attempt::Done(Box::new(rows.finish(frequent, metrics)?))),
        None => Ok(Attempt::FileFailed),
    }
}

/// Nulls under [`NullPolicy::Raise`] are told of a series as a whole: which group is done first is chance.
fn check_nulls(run: &ExecutionContext<'_>, nulls: Vec<AtomicU64>) -> Result<()> {
    let nulls = nulls.into_iter().map(AtomicU64::into_inner);
    match run.plan.series.iter().zip(nulls).find(|(_, nulls)| *nulls > 0) {
        Some((series, nulls)) => Err(Error::Nulls { name: Some(series.name.clone()), nulls }),
        None => Ok(()),
    }
}
