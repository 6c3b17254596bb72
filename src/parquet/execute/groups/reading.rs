//! Where the rows come from: the files, or what a checkpoint keeps of them.

use std::sync::OnceLock;

use arrow_array::RecordBatch;

use super::table::Table;
use super::taker::TakeGroups;
use crate::error::Result;
use crate::parquet::decode::KEYED_BATCH;
use crate::parquet::execute::checkpoint::rows::RowsWriter;
use crate::parquet::execute::checkpoint::{Checkpoint, FileKey};
use crate::parquet::execute::context::ExecutionContext;
use crate::parquet::execute::pass::LeftOut;
use crate::parquet::request::RunMetrics;
use crate::spec::NanPolicy;
use crate::threads::Threads;

/// What the rows that a checkpoint keeps are an answer to. They serve for any statistics.
pub(super) fn question(run: &ExecutionContext<'_>, table: &Table) -> String {
    let plan = run.plan;
    let fields: Vec<_> = table.schema.fields().iter().map(|field| (field.name(), field.data_type())).collect();
    let predicate = plan.request.predicate.as_ref().map(ToString::to_string);
    let partitions: Vec<_> = plan.dataset.partitions.iter().map(|of| (&of.name, of.data_type())).collect();
    let raises = plan.spec.nan() == NanPolicy::Raise;
    format!(
        "rows of {} keys in {fields:?}, where {predicate:?}, partitions {partitions:?}, raises {raises}",
        table.keys
    )
}

/// Where the rows come from.
pub(super) struct Reading<'a> {
    pub run: &'a ExecutionContext<'a>,
    pub table: &'a Table,
    pub checkpoint: Option<&'a Checkpoint>,
    /// Who takes the groups instead of an answer.
    pub taker: Option<&'a dyn TakeGroups>,
}

impl Reading<'_> {
    /// Reads the rows of all files that are not left out; `false` if some failed, which are left out then.
    pub fn all(
        &self,
        left_out: &mut LeftOut,
        metrics: &mut RunMetrics,
        add: &(dyn Fn(RecordBatch) -> Result<()> + Sync),
    ) -> Result<bool> {
        let plan = self.run.plan;
        let wanted: Vec<usize> = (0..plan.files.len())
            .filter(|file| !left_out.contains_key(file) && !plan.files[*file].row_groups.is_empty())
            .collect();
        let new: Vec<usize> = match self.checkpoint {
            None => wanted,
            Some(checkpoint) => {
                let read: Vec<Option<usize>> = Threads::All.try_map_items(wanted, |file| {
                    let Some(kept) = checkpoint.rows(&FileKey::of(&plan.dataset.files[file]), plan.files[file].rows())
                    else {
                        return Ok(Some(file));
                    };
                    // A batch as it is stored, and as it is decompressed.
                    let memory = 2 * self.table.row() * KEYED_BATCH as u64;
                    let what = || format!("the rows of {} in the checkpoint", plan.dataset.files[file].name());
                    let _room = plan.budget.decode(memory, self.run.interrupt, what)?;
                    for batch in kept {
                        self.run.interrupt.check()?;
                        add(batch?)?;
                    }
                    Ok(None)
                })?;
                if metrics.passes == 0 {
                    metrics.files_kept = read.iter().filter(|file| file.is_none()).count() as u64;
                }
                read.into_iter().flatten().collect()
            }
        };
        self.files(&new, left_out, metrics, add)
    }

    /// Reads the rows of files.
    fn files(
        &self,
        files: &[usize],
        left_out: &mut LeftOut,
        metrics: &mut RunMetrics,
        add: &(dyn Fn(RecordBatch) -> Result<()> + Sync),
    ) -> Result<bool> {
        if files.is_empty() {
            return Ok(true);
        }
        let (run, plan) = (self.run, self.run.plan);
        let tasks = run.begin_rows(files, metrics);
        let kept: Vec<OnceLock<RowsWriter<'_>>> = plan.files.iter().map(|_| OnceLock::new()).collect();
        let failures = run.each_part(&tasks.parts, |part, reader| {
            let kept = self.kept(&kept[part.file], part.file)?;
            run.decode(part, reader, &mut |rows| {
                let batch = self.table.batch(plan, part, rows)?;
                if let Some(kept) = kept {
                    kept.write(&batch)?;
                }
                add(batch)
            })?;
            if tasks.ends_file(run, part)
                && let Some(kept) = kept
            {
                kept.finish()?;
            }
            Ok(())
        })?;
        let all_read = failures.is_empty();
        left_out.extend(tasks.failed(plan, failures));
        Ok(all_read)
    }

    /// Where the rows of a file are kept, if they are.
    fn kept<'k>(&'k self, slot: &'k OnceLock<RowsWriter<'k>>, file: usize) -> Result<Option<&'k RowsWriter<'k>>> {
        let Some(checkpoint) = self.checkpoint else { return Ok(None) };
        let plan = self.run.plan;
        if slot.get().is_none() {
            let (key, rows) = (FileKey::of(&plan.dataset.files[file]), plan.files[file].rows());
            let writer = checkpoint.keep_rows(key, rows, &self.table.schema)?;
            // Another thread may have been faster: then what this one has begun vanishes.
            let _ = slot.set(writer);
        }
        Ok(slot.get())
    }
}
