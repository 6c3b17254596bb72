//! Groups of the rows of a dataset, each described as a series.
//!
//! Rows come from files, or from a checkpoint ([`reading`]). The keys of a row are one code ([`layout`]), by whose hash the row goes to a partition as it is decoded ([`partitioned`], [`blocks`]); what
//! the pool has no room for goes to a file ([`spill`]). At the end each partition finds its groups and describes them, and the answers
//! are put in the order of the keys, once ([`finish`]). Only where rows do not fit, and their groups are few, each group has a scan instead
//! ([`scans`]), in passes over the dataset. Whichever way a group goes, its values are all there, so its answer has the same bits.

mod blocks;
mod finish;
mod layout;
mod partitioned;
mod reading;
mod scans;
mod spill;
mod table;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, StringArray};
use arrow_schema::Schema;

use self::blocks::Blocks;
use self::layout::{KeyCode, Layout};
use self::partitioned::PartitionedRows;
use self::reading::{Reading, question};
use self::scans::GroupScans;
use self::table::Table;
use super::checkpoint::Checkpoint;
use super::context::ExecutionContext;
use super::pass::LeftOut;
use crate::error::{Error, Result};
use crate::parquet::request::RunMetrics;
use crate::spec::NullPolicy;
use crate::summary::Summaries;
use crate::unpoisoned::Unpoisoned;

/// The answer for each column and each key, and the files that were left out.
pub(in crate::parquet) fn describe_dataset_groups(
    run: &ExecutionContext<'_>,
    metrics: &mut RunMetrics,
) -> Result<(Summaries, LeftOut)> {
    let table = Table::new(run.plan)?;
    let keys = table.schema.fields().iter().take(table.keys).cloned().collect::<Vec<_>>();
    let mut ranges: Vec<Option<(u64, u64)>> = run.plan.keys.iter().map(|key| run.plan.key_range(key)).collect();
    let checkpoint = match &run.plan.request.checkpoint {
        Some(folder) => Some(Checkpoint::open(folder, &question(run, &table))?),
        None => None,
    };
    let read = Reading { run, table: &table, checkpoint: checkpoint.as_ref() };
    let mut left_out = LeftOut::new();
    let mut may_be_few = true;
    loop {
        let layout = Layout::new(keys.clone(), &ranges)?;
        let outcome = match layout.is_wide() {
            true => attempt::<u128>(&read, &layout, may_be_few, &mut left_out, metrics)?,
            false => attempt::<u64>(&read, &layout, may_be_few, &mut left_out, metrics)?,
        };
        match outcome {
            Attempt::Done(summaries) => return Ok((summaries.with_keys_as(|keys| texts(run, keys)), left_out)),
            // Rows of a file that failed half-way are among the others: start again without it.
            Attempt::FileFailed => {}
            Attempt::WereNotFew => may_be_few = false,
            Attempt::BeyondRanges => ranges.fill(None),
        }
    }
}

/// Keys that are bytes of no type as text, where all of them are.
fn texts(run: &ExecutionContext<'_>, keys: RecordBatch) -> RecordBatch {
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    for ((key, field), column) in run.plan.keys.iter().zip(keys.schema().fields()).zip(keys.columns()) {
        let text = column.as_binary_opt::<i32>().filter(|_| run.plan.is_plain_bytes(key));
        let text = text.and_then(|bytes| StringArray::try_from_binary(bytes.clone()).ok());
        let column = text.map_or_else(|| column.clone(), |text| Arc::new(text) as ArrayRef);
        fields.push(field.as_ref().clone().with_data_type(column.data_type().clone()));
        columns.push(column);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(keys.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options).unwrap_or(keys)
}

/// What came of reading all rows.
enum Attempt {
    Done(Box<Summaries>),
    FileFailed,
    WereNotFew,
    BeyondRanges,
}

fn attempt<C: KeyCode>(
    read: &Reading<'_>,
    layout: &Layout,
    may_be_few: bool,
    left_out: &mut LeftOut,
    metrics: &mut RunMetrics,
) -> Result<Attempt> {
    let Reading { run, table, .. } = *read;
    let rows = PartitionedRows::<C>::new(run, table, layout, run.plan.rows());
    let gathering = Gathering {
        run,
        table,
        may_be_few,
        were_not_few: AtomicBool::new(false),
        beyond_ranges: AtomicBool::new(false),
        store: RwLock::new(RowStore::Partitions(rows)),
    };
    // They are counted only where they are an error.
    let counted = run.plan.series.iter().filter(|_| run.plan.spec.null() == NullPolicy::Raise);
    let nulls: Vec<AtomicU64> = counted.map(|_| AtomicU64::new(0)).collect();
    let add = |batch: RecordBatch| {
        for (nulls, values) in nulls.iter().zip(&batch.columns()[table.keys..]) {
            nulls.fetch_add(values.null_count() as u64, Ordering::Relaxed);
        }
        gathering.add(&batch)
    };
    match read.all(left_out, metrics, &add) {
        Ok(true) => check_nulls(run, nulls)?,
        Ok(false) => return Ok(Attempt::FileFailed),
        Err(_) if gathering.were_not_few.load(Ordering::Relaxed) => return Ok(Attempt::WereNotFew),
        Err(_) if gathering.beyond_ranges.load(Ordering::Relaxed) => return Ok(Attempt::BeyondRanges),
        Err(error) => return Err(error),
    }
    match gathering.store.into_inner().unpoisoned() {
        RowStore::Partitions(rows) => Ok(Attempt::Done(Box::new(rows.finish(metrics)?))),
        RowStore::Scans(scans) => {
            let found = scans.finish(&mut |narrow| {
                read.all(left_out, metrics, &|batch| narrow.add(&table.sorted(&batch)?).map(|_| ()))
            })?;
            Ok(found.map_or(Attempt::FileFailed, |found| Attempt::Done(Box::new(found))))
        }
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

/// Rows on their way to their groups.
struct Gathering<'a, C> {
    run: &'a ExecutionContext<'a>,
    table: &'a Table,
    may_be_few: bool,
    /// Whether the groups turned out to be too many to have a scan each.
    were_not_few: AtomicBool,
    /// Whether a key was found where files said that there are none.
    beyond_ranges: AtomicBool,
    store: RwLock<RowStore<'a, C>>,
}

/// Where rows go.
enum RowStore<'a, C> {
    Partitions(PartitionedRows<'a, C>),
    Scans(GroupScans<'a>),
}

impl<C: KeyCode> Gathering<'_, C> {
    /// More rows, to where they are going.
    fn add(&self, batch: &RecordBatch) -> Result<()> {
        let refused = {
            let store = self.store.read().unpoisoned();
            match &*store {
                RowStore::Scans(scans) => return self.scan(scans, batch),
                RowStore::Partitions(rows) => {
                    let Some(dealt) = rows.dealt(batch)? else {
                        self.beyond_ranges.store(true, Ordering::Relaxed);
                        return Err(Error::Invalid("keys lie beyond the statistics of their file".to_owned()));
                    };
                    match rows.keep(dealt) {
                        Ok(()) => return Ok(()),
                        Err(dealt) if rows.has_spilled() || !self.may_be_few => return rows.spill(dealt),
                        Err(dealt) => dealt,
                    }
                }
            }
        };
        self.make_room(refused, batch)
    }

    /// Rows that do not fit in memory: scans from now on, if the groups are few, or else a file.
    fn make_room(&self, refused: Blocks<C>, batch: &RecordBatch) -> Result<()> {
        let mut store = self.store.write().unpoisoned();
        let rows = match &*store {
            RowStore::Scans(scans) => return self.scan(scans, batch),
            RowStore::Partitions(rows) if rows.has_spilled() => return rows.spill(refused),
            RowStore::Partitions(rows) => rows,
        };
        let (groups, seen) = rows.groups();
        let Some(scans) = GroupScans::for_few(self.run, self.table, groups, seen) else { return rows.spill(refused) };
        drop(refused);
        for batch in rows.batches() {
            self.scan(&scans, &batch?)?;
        }
        self.scan(&scans, batch)?;
        *store = RowStore::Scans(scans);
        Ok(())
    }

    fn scan(&self, scans: &GroupScans<'_>, batch: &RecordBatch) -> Result<()> {
        if scans.add(&self.table.sorted(batch)?)? {
            return Ok(());
        }
        self.were_not_few.store(true, Ordering::Relaxed);
        let limit = self.run.plan.budget.limit;
        Err(Error::MemoryLimit { what: "a scan of each group".to_owned(), needed: limit, limit })
    }
}
