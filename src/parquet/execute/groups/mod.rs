//! Groups of the rows of a dataset: the rows are sorted out by key, and each group is described as a series.
//!
//! As long as all rows fit in memory, they are one [`table`], which is taken apart there. Beyond that, few groups have a scan each,
//! in passes over the dataset ([`scans`]); the rows of many are dealt out on disk to partitions that fit ([`deal`]), and
//! the answers of the partitions are put in the order of the keys. Whichever way a group goes, its values are all
//! there, so its answer has the same bits.

mod hash_partition;
mod scans;
mod spill;
mod table;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, RwLock};

use arrow_array::RecordBatch;

use self::hash_partition::HashPartitions;
use self::scans::GroupScans;
use self::table::{Table, describe_rows, join};
use crate::describe::{SortedRows, describe_sorted, distinct};
use crate::error::{Error, Result};
use crate::parquet::execute::context::ExecutionContext;
use crate::parquet::execute::pass::LeftOut;
use crate::parquet::plan::ScanTask;
use crate::parquet::request::RunMetrics;
use crate::summary::Summaries;

/// Keys that have fewer of the rows that come together, as a mean, are not sorted out as they come.
const FEW_ROWS: u64 = 4;

/// Rows that are sorted out together.
const TOGETHER: u64 = 1 << 18;

/// The answer for each column and each key, and the files that were left out.
pub(in crate::parquet) fn describe_dataset_groups(
    run: &ExecutionContext<'_>,
    metrics: &mut RunMetrics,
) -> Result<(Summaries, LeftOut)> {
    let table = Table::new(run.plan)?;
    let mut left_out = LeftOut::new();
    let mut may_be_few = true;
    loop {
        let sorting = Sorting::new(run, &table, may_be_few);
        match sorting.read(&mut left_out, metrics) {
            Ok(true) => {}
            // Rows of a file that failed half-way are among the others: start again without it.
            Ok(false) => continue,
            Err(Error::MemoryLimit { .. }) if sorting.were_not_few.load(Ordering::Relaxed) => {
                may_be_few = false;
                continue;
            }
            Err(error) => return Err(error),
        }
        if let Some(summaries) = sorting.finish(&mut left_out, metrics)? {
            return Ok((summaries, left_out));
        }
    }
}

/// Rows on their way to their groups.
struct Sorting<'a> {
    run: &'a ExecutionContext<'a>,
    table: &'a Table,
    may_be_few: bool,
    /// Whether the groups turned out to be too many to have a scan each.
    were_not_few: AtomicBool,
    /// Whether rows in memory are sorted out as they come: not where most of them have a key of their own.
    sorts: AtomicBool,
    index: RwLock<RowStore<'a>>,
}

/// Where rows go.
enum RowStore<'a> {
    Memory(Mutex<Held>),
    Scans(GroupScans<'a>),
    Disk(HashPartitions<'a>),
}

/// Rows in memory.
#[derive(Default)]
struct Held {
    sorted: Vec<SortedRows>,
    others: Vec<RecordBatch>,
    bytes: u64,
}

impl Held {
    fn push(&mut self, rows: GatheredRows) {
        match rows {
            GatheredRows::Sorted(rows) => self.sorted.push(rows),
            GatheredRows::Others(batches) => self.others.extend(batches),
        }
    }
}

/// Rows that have come together.
enum GatheredRows {
    Sorted(SortedRows),
    Others(Vec<RecordBatch>),
}

impl<'a> Sorting<'a> {
    fn new(run: &'a ExecutionContext<'a>, table: &'a Table, may_be_few: bool) -> Self {
        let index = RwLock::new(RowStore::Memory(Mutex::default()));
        let (were_not_few, sorts) = (AtomicBool::new(false), AtomicBool::new(true));
        Self { run, table, may_be_few, were_not_few, sorts, index }
    }

    /// Reads all files; `false` if some failed, which are left out then.
    fn read(&self, left_out: &mut LeftOut, metrics: &mut RunMetrics) -> Result<bool> {
        read(self.run, self.table, left_out, metrics, &|batches| self.add(batches))
    }

    /// More rows, to where they are going.
    fn add(&self, batches: Vec<RecordBatch>) -> Result<()> {
        let rows = {
            let index = self.index.read().unwrap_or_else(|poison| poison.into_inner());
            let RowStore::Memory(held) = &*index else { return self.pass_on(&index, GatheredRows::Others(batches)) };
            let (rows, bytes) = self.prepared(batches)?;
            let mut held = held.lock().unwrap_or_else(|poison| poison.into_inner());
            // A third is for the answers.
            if held.bytes + bytes <= self.run.plan.budget.kept() * 2 / 3 {
                held.bytes += bytes;
                held.push(rows);
                return Ok(());
            }
            rows
        };
        let mut index = self.index.write().unwrap_or_else(|poison| poison.into_inner());
        // Another thread may have been first.
        if let RowStore::Memory(held) = &mut *index {
            let mut held = std::mem::take(held.get_mut().unwrap_or_else(|poison| poison.into_inner()));
            held.push(rows);
            *index = self.place_for(&held)?;
            for rows in held.sorted {
                self.pass_on(&index, GatheredRows::Sorted(rows))?;
            }
            let mut others = held.others;
            while !others.is_empty() {
                let mut rows = 0;
                let together = others.iter().take_while(|batch| {
                    rows += batch.num_rows() as u64;
                    rows <= TOGETHER
                });
                let rest = others.split_off(together.count().max(1));
                self.pass_on(&index, GatheredRows::Others(others))?;
                others = rest;
            }
            return Ok(());
        }
        self.pass_on(&index, rows)
    }

    /// Rows as they are kept in memory, and how many bytes of it they take.
    fn prepared(&self, batches: Vec<RecordBatch>) -> Result<(GatheredRows, u64)> {
        if !self.sorts.load(Ordering::Relaxed) {
            let bytes = self.table.bytes(batches.iter().map(RecordBatch::num_rows).sum());
            return Ok((GatheredRows::Others(batches), bytes));
        }
        let rows = self.table.sorted(&batches)?;
        // A few rows tell little.
        if rows.rows() >= TOGETHER / 8 && rows.groups() as u64 > rows.rows() / FEW_ROWS {
            self.sorts.store(false, Ordering::Relaxed);
        }
        let bytes = self.table.sorted_bytes(rows.rows() as usize, rows.groups());
        Ok((GatheredRows::Sorted(rows), bytes))
    }

    /// Where rows go that do not fit in memory, such as these.
    fn place_for(&self, held: &Held) -> Result<RowStore<'a>> {
        if self.may_be_few && held.others.is_empty() {
            let rows = held.sorted.iter().map(SortedRows::rows).sum();
            if let Some(scans) = GroupScans::for_few(self.run, self.table, distinct(&held.sorted)?, rows, false) {
                return Ok(RowStore::Scans(scans));
            }
        }
        Ok(RowStore::Disk(HashPartitions::new(self.run, self.table, self.run.plan.rows())?))
    }

    /// Rows that do not stay in memory.
    fn pass_on(&self, index: &RowStore<'_>, rows: GatheredRows) -> Result<()> {
        match index {
            RowStore::Memory(_) => Ok(()),
            RowStore::Disk(dealt) => match rows {
                GatheredRows::Sorted(rows) => dealt.add(&[self.table.unsorted(&rows)?]),
                GatheredRows::Others(batches) => dealt.add(&batches),
            },
            RowStore::Scans(scans) => {
                let rows = match rows {
                    GatheredRows::Sorted(rows) => rows,
                    GatheredRows::Others(batches) => self.table.sorted(&batches)?,
                };
                if scans.add(&rows)? {
                    return Ok(());
                }
                self.were_not_few.store(true, Ordering::Relaxed);
                let limit = self.run.plan.budget.limit;
                Err(Error::MemoryLimit { what: "a scan of each group".to_owned(), needed: limit, limit })
            }
        }
    }

    /// The answers, in the order of the keys; `None` if a file failed in a further pass, which is left out then.
    fn finish(self, left_out: &mut LeftOut, metrics: &mut RunMetrics) -> Result<Option<Summaries>> {
        let Self { run, table, .. } = self;
        let plan = run.plan;
        match self.index.into_inner().unwrap_or_else(|poison| poison.into_inner()) {
            RowStore::Memory(held) => {
                let Held { mut sorted, others, .. } = held.into_inner().unwrap_or_else(|poison| poison.into_inner());
                if sorted.is_empty() {
                    return Ok(Some(describe_rows(run, table, others, (0, 1.0))?));
                }
                if !others.is_empty() {
                    sorted.push(table.sorted(&others)?);
                    drop(others);
                }
                let check = |groups| table.check_answers(plan, groups, 1.0);
                describe_sorted(&sorted, plan.answered_columns(), plan.spec, run.interrupt, check).map(Some)
            }
            RowStore::Disk(dealt) => Ok(Some(dealt.finish(metrics)?)),
            RowStore::Scans(scans) => {
                let found = scans.finish(&mut |narrow| {
                    read(run, table, left_out, metrics, &|batches| narrow.add(&table.sorted(&batches)?).map(|_| ()))
                })?;
                let sorted = found.map(|found| {
                    let answers = found.to_batch().map_err(|error| Error::Data(error.to_string()));
                    join(run, found.keys().cloned().into_iter().collect(), std::iter::once(answers))
                });
                sorted.transpose()
            }
        }
    }
}

/// Reads the rows of all files that are not left out; `false` if some failed, which are left out then.
fn read(
    run: &ExecutionContext<'_>,
    table: &Table,
    left_out: &mut LeftOut,
    metrics: &mut RunMetrics,
    add: &(dyn Fn(Vec<RecordBatch>) -> Result<()> + Sync),
) -> Result<bool> {
    let plan = run.plan;
    let series: Vec<usize> = (0..plan.series.len()).collect();
    let files = plan.files.iter().enumerate().filter(|(file, _)| !left_out.contains_key(file));
    let parts: Vec<ScanTask> = files
        .flat_map(|(file, of)| (0..of.row_groups.len()).map(move |group| (file, group)))
        .map(|(file, group)| ScanTask { file, group, series: series.clone(), first: None })
        .collect();
    let rows: u64 = parts.iter().map(|part| plan.group(part).rows).sum();
    let bytes: u64 = parts.iter().map(|part| plan.stored(part.file, plan.group(part), &part.series)).sum();
    let mut distinct: Vec<usize> = parts.iter().map(|part| part.file).collect();
    distinct.dedup();
    let files = distinct.len() as u64;
    run.progress.begin(files, rows, bytes);
    metrics.passes += 1;
    metrics.files_read += files;
    metrics.bytes += bytes;
    let together = (plan.budget.decoding() / 3 / table.width).clamp(1 << 10, TOGETHER) as usize;
    let left: Vec<AtomicUsize> = plan.files.iter().map(|file| AtomicUsize::new(file.row_groups.len())).collect();
    tracing::debug!(files, rows, bytes, "a pass over groups begins");
    let waiting = Mutex::new((Vec::new(), 0));
    let failures = run.each_part(&parts, |part, reader| {
        run.decode(part, reader, &mut |rows| {
            let batch = table.batch(plan, part, rows)?;
            let batches = {
                let mut waiting = waiting.lock().unwrap_or_else(|poison| poison.into_inner());
                let (batches, count) = &mut *waiting;
                *count += batch.num_rows();
                batches.push(batch);
                if *count < together {
                    return Ok(());
                }
                *count = 0;
                std::mem::take(batches)
            };
            add(batches)
        })?;
        // The last one to be done, whichever that is.
        if left[part.file].fetch_sub(1, Ordering::Relaxed) == 1 {
            tracing::info!(file = plan.dataset.files[part.file].name(), "read");
            run.progress.add_file();
        }
        Ok(())
    })?;
    let (batches, _) = waiting.into_inner().unwrap_or_else(|poison| poison.into_inner());
    let all_read = failures.is_empty();
    if all_read && !batches.is_empty() {
        add(batches)?;
    }
    let failed = failures.into_iter().map(|(index, error)| (parts[index].file, plan.skipped(&parts[index], &error)));
    left_out.extend(failed);
    Ok(all_read)
}
