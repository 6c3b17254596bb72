//! A look at rows from everywhere, before all are read: which keys many rows have, and where the quantiles of each lie.
//!
//! What it says decides how long the answer takes, never what it is.

use std::sync::Mutex;

use arrow_array::RecordBatch;

use super::frequent::FrequentScans;
use super::layout::KeyCode;
use super::partitioned::PartitionedRows;
use super::reading::Reading;
use crate::error::{Error, Result};
use crate::parquet::execute::pass::LeftOut;
use crate::parquet::execute::probe::{Look, looks};
use crate::parquet::plan::ScanTask;
use crate::spec::Learned;
use crate::unpoisoned::Unpoisoned;

/// How often the number of rows is halved at most.
const HALVINGS: u32 = 3;

/// Chooses the partitions by a look, and makes scans for the keys that many rows have; `None` if there are no such keys, or too few rows to
/// look at.
pub(super) fn look<C: KeyCode>(
    read: &Reading<'_>,
    rows: &PartitionedRows<'_, C>,
    left_out: &LeftOut,
) -> Result<Option<FrequentScans<C>>> {
    let (run, plan) = (read.run, read.run.plan);
    let keeps_values = Learned::of(plan.spec.statistics(), false).wants(Learned::VALUE_COUNTS);
    let is_short = plan.series.is_empty() || plan.rows() < Look::FOR_GROUPS.long;
    if read.checkpoint.is_some() || keeps_values || is_short {
        return Ok(None);
    }
    let series: Vec<usize> = (0..plan.series.len()).collect();
    let tasks = looks(run, 0, left_out, false, Look::FOR_GROUPS);
    let looked_at: usize = tasks.iter().filter_map(|task| task.first).sum();
    // As they are decoded, and as they are dealt out; fewer of them where there is little memory.
    let (bytes, pool) = (2 * read.table.row() * looked_at as u64, &plan.budget.pool);
    let room = (0..=HALVINGS).find_map(|halvings| {
        let room = pool.try_reserve(bytes >> halvings, 3 * (pool.capacity() / 4));
        room.ok().map(|room| (room, halvings))
    });
    let Some((_room, halvings)) = room else { return Ok(None) };
    let fewer =
        |task: ScanTask| ScanTask { series: series.clone(), first: task.first.map(|rows| rows >> halvings), ..task };
    let tasks: Vec<ScanTask> = tasks.into_iter().map(fewer).collect();
    let batches: Mutex<Vec<RecordBatch>> = Mutex::default();
    let looked = run.each_part(&tasks, |task, reader| {
        run.decode(task, reader, &mut |rows| {
            batches.lock().unpoisoned().push(read.table.batch(plan, task, rows)?);
            Ok(())
        })
    });
    match looked {
        Ok(_) => {}
        Err(Error::Interrupted) => return Err(Error::Interrupted),
        // Whatever is wrong is found out in the pass.
        Err(_) => return Ok(None),
    }
    let batches = batches.into_inner().unpoisoned();
    match (rows.deal_looked_at(&batches)?, rows.partitioning.get()) {
        (Some(dealt), Some(partitioning)) if !dealt.blocks.is_empty() => {
            FrequentScans::aimed(plan, &rows.table.kinds(plan), rows.layout, partitioning, &dealt)
        }
        _ => Ok(None),
    }
}
