//! Passes over a dataset: row groups are decoded in parallel, column by column, and never held.

use std::fs::File;
use std::sync::Mutex;

use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rayon::prelude::*;

use super::dataset::{DataColumn, Dataset, LIMIT, broken, guarded, unreadable};
use super::pages;
use crate::describe::{Interrupt, LaneOutcome, LaneScan, PASSES, changed};
use crate::error::{Error, Result};
use crate::scan::{Keep, SAMPLE};
use crate::series::Chunk;
use crate::series::table::Columns;
use crate::spec::{NanPolicy, Spec};
use crate::summary::Summary;

/// Rows that are decoded at a time.
const BATCH: usize = 1 << 14;

/// How many values all series together keep in the first pass. A series that has no more needs no second one.
const KEPT: usize = 1 << 22;

/// A column of one row group.
struct Task {
    series: usize,
    file: usize,
    place: usize,
    row_group: usize,
}

impl Dataset {
    /// The summaries of the wanted columns, in the order in which the files first have them. `progress` is told the
    /// rows of every column that was read, as they come.
    ///
    /// # Errors
    ///
    /// What [`Columns::choose`] says of all columns together, [`Error::Clash`] for columns that do not fit,
    /// [`Error::File`] for damaged files, [`Error::Nan`] as `spec` has it.
    pub fn describe(
        &self,
        columns: &Columns,
        spec: &Spec,
        interrupt: &Interrupt,
        progress: impl Fn(u64) + Sync,
    ) -> Result<Vec<Summary>> {
        let columns = self.columns(columns)?;
        let kept = (KEPT / columns.len().max(1)).max(SAMPLE);
        let empty = |column: &DataColumn| LaneScan::new(column.lane, spec, Keep::AtMost(kept));
        let empties: Vec<_> = columns.iter().map(|column| Some(empty(column))).collect();
        let mut scans = self.pass(&columns, empties, spec, interrupt, &progress)?;
        let mut summaries: Vec<Option<Summary>> = vec![None; columns.len()];
        for _ in 0..PASSES {
            // Every series that is not decided yet gets an empty scan for one more pass.
            let mut again: Vec<Option<LaneScan>> = vec![None; columns.len()];
            for (series, scan) in scans.iter_mut().enumerate() {
                let Some(scan) = scan.as_mut().filter(|_| summaries[series].is_none()) else {
                    continue;
                };
                match scan.finish(spec) {
                    LaneOutcome::Done(summary) => {
                        summaries[series] = Some(summary.named(Some(&columns[series].name)));
                    }
                    LaneOutcome::Again(narrow) => again[series] = Some(narrow),
                }
            }
            if again.iter().all(Option::is_none) {
                return Ok(summaries.into_iter().flatten().collect());
            }
            let passed = self.pass(&columns, again, spec, interrupt, &progress)?;
            for (scan, pass) in scans.iter_mut().zip(passed) {
                if let (Some(scan), Some(pass)) = (scan, pass)
                    && !scan.settle(pass)
                {
                    return Err(changed());
                }
            }
        }
        Err(changed())
    }

    /// Feeds every series that has an empty scan, and returns it filled.
    fn pass(
        &self,
        columns: &[DataColumn],
        empties: Vec<Option<LaneScan>>,
        spec: &Spec,
        interrupt: &Interrupt,
        progress: &(impl Fn(u64) + Sync),
    ) -> Result<Vec<Option<LaneScan>>> {
        let mut tasks = Vec::new();
        for (series, column) in columns.iter().enumerate().filter(|(series, _)| empties[*series].is_some()) {
            for &(file, place) in &column.places {
                let row_groups = self.files[file].metadata.metadata().num_row_groups();
                let task = |row_group| Task { series, file, place, row_group };
                tasks.extend((0..row_groups).map(task));
            }
        }
        // File by file and row group by row group, so that what is read together lies together.
        tasks.sort_by_key(|task| (task.file, task.row_group, task.series));
        let scans: Vec<_> = empties.iter().cloned().map(Mutex::new).collect();
        let failures: Vec<Error> = tasks
            .par_iter()
            .map(|task| {
                let Some(mut scan) = empties[task.series].clone() else {
                    return Ok(());
                };
                self.read(task, &mut scan, spec, interrupt)?;
                progress(scan.rows());
                let mut whole = scans[task.series].lock().unwrap_or_else(|poison| poison.into_inner());
                match whole.as_mut() {
                    Some(whole) => whole.merge(scan),
                    None => *whole = Some(scan),
                }
                Ok(())
            })
            .filter_map(Result::err)
            .collect();
        // The tasks' order is kept: the first failure is the same one on every run.
        match failures.into_iter().next() {
            Some(failure) => Err(failure),
            None => Ok(scans
                .into_iter()
                .map(|scan| scan.into_inner().unwrap_or_else(|poison| poison.into_inner()))
                .collect()),
        }
    }

    fn read(&self, task: &Task, scan: &mut LaneScan, spec: &Spec, interrupt: &Interrupt) -> Result<()> {
        let file = &self.files[task.file];
        let name = || file.metadata.schema().field(task.place).name().clone();
        let damaged = |error: &dyn std::fmt::Display| {
            let (name, row_group) = (name(), task.row_group);
            broken(&file.path, &format!("column '{name}', row group {row_group}: {error}"))
        };
        guarded(&file.path, || {
            // One open file a task: clones of a file share its offset.
            let open = File::open(&file.path).map_err(|error| unreadable(&file.path, error))?;
            let metadata = file.metadata.metadata();
            let group = metadata.row_group(task.row_group);
            let expected = u64::try_from(group.num_rows()).unwrap_or(0);
            let schema = metadata.file_metadata().schema_descr();
            for leaf in (0..schema.num_columns()).filter(|leaf| schema.get_column_root_idx(*leaf) == task.place) {
                pages::check_column(&open, group, leaf, BATCH, LIMIT).map_err(|message| damaged(&message))?;
            }
            let mask = ProjectionMask::roots(schema, [task.place]);
            let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(open, file.metadata.clone())
                .with_projection(mask)
                .with_row_groups(vec![task.row_group])
                .with_batch_size(BATCH.min(expected.max(1) as usize))
                .build()
                .map_err(|error| damaged(&error))?;
            for batch in reader {
                interrupt.check()?;
                let batch = batch.map_err(|error| damaged(&error))?;
                let before = scan.rows();
                let chunk = Chunk::Array(batch.column(0).clone());
                scan.read(&chunk).map_err(|error| damaged(&error))?;
                if spec.nan() == NanPolicy::Raise && scan.nan_count() > 0 {
                    let groups = metadata.row_groups()[..task.row_group].iter();
                    let earlier: i64 = groups.map(|group| group.num_rows()).sum();
                    return Err(Error::Nan {
                        place: format!("column '{}' of {}", name(), file.path.display()),
                        row: earlier as u64 + before + chunk.first_nan()?.unwrap_or_default(),
                    });
                }
            }
            if scan.rows() != expected {
                let rows = scan.rows();
                return Err(damaged(&format!("{rows} rows where its metadata has {expected}")));
            }
            Ok(())
        })
    }
}
