//! Work on the parts of a dataset, in their order, on all threads of the pool.
//!
//! Threads claim one part after the other, so that what is read together lies together, and what an object store has to send
//! can be asked for ahead.

use std::ops::Range;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::describe::AnyScan;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::memory_pool::Reservation;
use crate::parquet::decode::DecodedRows;
use crate::parquet::guard::damage::guarded;
use crate::parquet::plan::Plan;
use crate::parquet::plan::ScanTask;
use crate::parquet::request::{OnError, Progress, RunMetrics};
use crate::parquet::storage::{Prefetch, Reader, Task, held_bytes};
use crate::report::Skipped;
use crate::unpoisoned::Unpoisoned;

/// What a run has at hand everywhere.
#[derive(Clone, Copy)]
pub(in crate::parquet) struct ExecutionContext<'a> {
    pub plan: &'a Plan<'a>,
    pub interrupt: &'a Interrupt,
    pub progress: &'a Progress,
}

impl ExecutionContext<'_> {
    /// Does the work for each part. Under [`OnError::Fail`], the failure of the first part that has one ends it; otherwise the first
    /// failure of each file is returned, and the rest of that file is passed over.
    pub fn each_part(
        &self,
        parts: &[ScanTask],
        work: impl Fn(&ScanTask, Reader) -> Result<()> + Sync,
    ) -> Result<Vec<(usize, Error)>> {
        let next = AtomicUsize::new(0);
        let stop = AtomicBool::new(false);
        let failed: Vec<AtomicBool> = self.plan.files.iter().map(|_| AtomicBool::new(false)).collect();
        let failures: Mutex<Vec<(usize, Error)>> = Mutex::new(Vec::new());
        let readers = Readers::new(self, parts)?;
        let fail = |index: usize, error: Error| {
            tracing::warn!(file = self.plan.dataset.files[parts[index].file].name(), %error, "cannot be read");
            failed[parts[index].file].store(true, Ordering::Relaxed);
            if self.is_fatal(&error) || self.plan.request.on_error == OnError::Fail {
                stop.store(true, Ordering::Relaxed);
            }
            failures.lock().unpoisoned().push((index, error));
        };
        rayon::broadcast(|_| {
            while !stop.load(Ordering::Relaxed) {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(part) = parts.get(index) else { break };
                if failed[part.file].load(Ordering::Relaxed) {
                    readers.skip(index);
                    continue;
                }
                let reader = self.interrupt.check().and_then(|()| readers.take(index));
                let outcome = reader.and_then(|reader| work(part, reader));
                match outcome {
                    Ok(()) => {
                        let group = self.plan.group(part);
                        let stored = self.plan.stored(part.file, group, &part.series);
                        let all = self.plan.series.len().max(1) as u64;
                        let rows = part.share.as_ref().map_or(group.rows, |share| share.end - share.start);
                        let bytes = (u128::from(stored) * u128::from(rows) / u128::from(group.rows.max(1))) as u64;
                        self.progress.add(rows * part.series.len().max(1) as u64 / all, bytes);
                    }
                    Err(error) => fail(index, error),
                }
            }
        });
        let mut failures = failures.into_inner().unpoisoned();
        // In the order of the parts, so that the error is the same one on every run.
        failures.sort_by_key(|(index, _)| *index);
        if let Some(place) = failures.iter().position(|(_, error)| self.is_fatal(error)) {
            return Err(failures.swap_remove(place).1);
        }
        if self.plan.request.on_error == OnError::Fail
            && let Some((_, error)) = failures.first_mut()
        {
            return Err(std::mem::replace(error, Error::Interrupted));
        }
        failures.dedup_by_key(|(index, _)| parts[*index].file);
        Ok(failures)
    }

    /// Whether a failure is none of the file that was read, so that to leave that out would not help.
    fn is_fatal(&self, error: &Error) -> bool {
        let request = self.plan.request;
        match error {
            Error::Interrupted | Error::MemoryLimit { .. } | Error::Nan { .. } | Error::Invalid(_) => true,
            Error::File { path, .. } => *path == request.temporary || Some(path) == request.checkpoint.as_ref(),
            _ => false,
        }
    }

    /// Decodes a part of a file, as [`Plan::decode`].
    pub fn decode(
        &self,
        part: &ScanTask,
        reader: Reader,
        sink: &mut dyn FnMut(DecodedRows) -> Result<()>,
    ) -> Result<()> {
        self.guarded(part, &reader, || self.plan.decode(part, reader.clone(), self.interrupt, sink))
    }

    /// The same straight into a scan, as [`Plan::scan_direct`].
    pub fn scan_direct(&self, part: &ScanTask, reader: &Reader, scan: &mut AnyScan) -> Result<bool> {
        self.guarded(part, reader, || self.plan.scan_direct(self.interrupt, part, reader, scan))
    }

    /// Does what may panic over a damaged file, of one that is still what it was, and stays so.
    fn guarded<T>(&self, part: &ScanTask, reader: &Reader, decode: impl FnOnce() -> Result<T>) -> Result<T> {
        let name = self.plan.dataset.files[part.file].name();
        reader.check_unchanged()?;
        let decoded = guarded(Path::new(&name), decode)?;
        reader.check_unchanged()?;
        Ok(decoded)
    }

    /// The bytes of a file that a part needs.
    fn ranges(&self, part: &ScanTask) -> Vec<Range<u64>> {
        let group = self.plan.group(part);
        let metadata = self.plan.dataset.files[part.file].parquet();
        let leaves = self.plan.leaves(part.file, &self.plan.columns(part.file, &part.series, group.filtered));
        let ranges = leaves.into_iter().flat_map(|leaf| {
            let (start, length) = metadata.row_group(group.row_group).column(leaf).byte_range();
            let pages = metadata.offset_index().and_then(|index| index.get(group.row_group)?.get(leaf));
            match (&group.selection, pages.map(|pages| pages.page_locations())) {
                (Some(selection), Some(pages)) if !pages.is_empty() => {
                    let first = u64::try_from(pages[0].offset).unwrap_or(start);
                    // The dictionary lies before the pages.
                    let mut ranges = selection.scan_ranges(pages);
                    if first > start {
                        ranges.insert(0, start..first);
                    }
                    ranges
                }
                _ => std::iter::once(start..start.saturating_add(length)).collect(),
            }
        });
        ranges.collect()
    }
}

/// Tasks that read whole rows: all columns of the plan together.
pub(in crate::parquet) struct RowTasks {
    pub parts: Vec<ScanTask>,
    /// For each file, how many of its tasks are not done.
    left: Vec<AtomicUsize>,
}

impl ExecutionContext<'_> {
    /// Begins a pass over the rows of files.
    pub fn begin_rows(&self, files: &[usize], metrics: &mut RunMetrics) -> RowTasks {
        let plan = self.plan;
        let series: Vec<usize> = (0..plan.series.len()).collect();
        let of_file = |&file: &usize| (0..plan.files[file].row_groups.len()).map(move |group| (file, group));
        let groups: Vec<(usize, usize)> = files.iter().flat_map(of_file).collect();
        let (mut rows, mut bytes) = (0, 0);
        let mut parts: Vec<ScanTask> = Vec::new();
        let mut left = vec![0; plan.files.len()];
        for &(file, group) in &groups {
            let group_plan = &plan.files[file].row_groups[group];
            rows += group_plan.rows;
            bytes += plan.stored(file, group_plan, &series);
            for share in plan.shares(file, group_plan, groups.len()) {
                parts.push(ScanTask { file, group, series: series.clone(), first: None, share });
                left[file] += 1;
            }
        }
        self.progress.begin(files.len() as u64, rows, bytes);
        tracing::debug!(files = files.len(), rows, bytes, "a pass over rows begins");
        metrics.passes += 1;
        metrics.files_read += files.len() as u64;
        metrics.bytes += bytes;
        RowTasks { parts, left: left.into_iter().map(AtomicUsize::new).collect() }
    }
}

impl RowTasks {
    /// A task is done. Whether it was the last one of its file, whichever that is.
    pub fn ends_file(&self, run: &ExecutionContext<'_>, part: &ScanTask) -> bool {
        let is_last = self.left[part.file].fetch_sub(1, Ordering::Relaxed) == 1;
        if is_last {
            tracing::info!(file = run.plan.dataset.files[part.file].name(), "read");
            run.progress.add_file();
        }
        is_last
    }

    /// The files of failures, which are left out.
    pub fn failed(&self, plan: &Plan<'_>, failures: Vec<(usize, Error)>) -> impl Iterator<Item = (usize, Skipped)> {
        failures.into_iter().map(|(index, error)| (self.parts[index].file, plan.skipped(&self.parts[index], &error)))
    }
}

/// Opens the files of parts; what lies in an object store is fetched ahead.
struct Readers<'a> {
    run: ExecutionContext<'a>,
    parts: &'a [ScanTask],
    ahead: Option<Prefetch>,
    /// What is fetched: ahead, and for the tasks that threads are at.
    _fetched: Reservation,
    /// The task of each part among those that are fetched ahead.
    tasks: Vec<Option<usize>>,
}

/// Requests that are under way at a time.
const IN_FLIGHT: usize = 16;

impl<'a> Readers<'a> {
    fn new(run: &ExecutionContext<'a>, parts: &'a [ScanTask]) -> Result<Self> {
        let mut ahead = Vec::new();
        let mut tasks = vec![None; parts.len()];
        for (part, task) in parts.iter().zip(&mut tasks) {
            let found = &run.plan.dataset.files[part.file].found;
            // Local files are opened only when it is their turn: there may be more than can be open at once.
            if found.location.is_remote() {
                *task = Some(ahead.len());
                ahead.push(Task { reader: found.open()?, ranges: run.ranges(part) });
            }
        }
        let budget = &run.plan.budget;
        let bytes: Vec<u64> = ahead.iter().map(|task| held_bytes(&task.ranges)).collect();
        let taken = bytes.iter().max().unwrap_or(&0) * budget.threads().min(bytes.len()) as u64;
        let before = bytes.iter().sum::<u64>().saturating_sub(taken).min(budget.decoding() / 2);
        let fetched =
            budget.hold(taken + before, "what is fetched of remote row groups, one a thread and some ahead,")?;
        let ahead = (!ahead.is_empty()).then(|| Prefetch::new(ahead, before, IN_FLIGHT, run.interrupt));
        Ok(Self { run: *run, parts, ahead, _fetched: fetched, tasks })
    }

    fn take(&self, index: usize) -> Result<Reader> {
        let reader = match (self.tasks[index], &self.ahead) {
            (Some(task), Some(ahead)) => ahead.take(task)?,
            _ => self.run.plan.dataset.files[self.parts[index].file].found.open()?,
        };
        Ok(reader.with_page_limit(self.run.plan.budget.pool.capacity()))
    }

    /// Gives up a part that nobody wants any more.
    fn skip(&self, index: usize) {
        if let (Some(task), Some(ahead)) = (self.tasks[index], &self.ahead) {
            ahead.skip(task);
        }
    }
}
