//! How many rows a predicate keeps, where nothing else tells.

use std::sync::atomic::{AtomicU64, Ordering};

use super::context::ExecutionContext;
use super::pass::LeftOut;
use crate::error::Result;
use crate::parquet::plan::ScanTask;

/// Counts the rows that a predicate keeps. Files that cannot be read are added to `left_out`, and count as much as could be read.
pub(super) fn count_kept_rows(run: &ExecutionContext<'_>, left_out: &mut LeftOut) -> Result<u64> {
    let plan = run.plan;
    let kept = AtomicU64::new(0);
    let mut parts = Vec::new();
    for (file, file_plan) in plan.files.iter().enumerate().filter(|(file, _)| !left_out.contains_key(file)) {
        for (group, group_plan) in file_plan.row_groups.iter().enumerate() {
            match group_plan.filtered {
                true => parts.push(ScanTask { file, group, series: Vec::new(), first: None, share: None }),
                false => _ = kept.fetch_add(group_plan.rows, Ordering::Relaxed),
            }
        }
    }
    let failures = run.each_part(&parts, |part, reader| {
        run.decode(part, reader, &mut |rows| {
            kept.fetch_add(rows.count as u64, Ordering::Relaxed);
            Ok(())
        })
    })?;
    left_out
        .extend(failures.into_iter().map(|(index, error)| (parts[index].file, plan.skipped(&parts[index], &error))));
    Ok(kept.into_inner())
}
