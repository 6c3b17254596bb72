//! A look at a few values of a long series, before it is read: where they have the quantiles, the others most likely have them, too.
//!
//! Then the first pass keeps only what lies around there, and is most often the only one. The values come from the beginnings of row groups
//! that lie evenly over all files, so that data which drifts is seen everywhere; of one that is alike everywhere, by the extrema that
//! its files have, one row group tells as much. Whether it was right shows in the counts of the pass; what it decides is how long the
//! answer takes, never what it is.

use std::sync::Mutex;

use crate::describe::AnyScan;
use crate::error::Result;
use crate::parquet::execute::context::ExecutionContext;
use crate::parquet::execute::pass::{LeftOut, Scans};
use crate::parquet::plan::ScanTask;
use crate::parquet::statistics::extrema;
use crate::scan::Keep;
use crate::series::Chunk;

/// Shorter series are kept whole.
const LONG: u64 = 1 << 20;

/// Rows that are looked at of a series that is alike everywhere: the first ones of a row group in the middle, as many as most writers put
/// in a page.
const ROWS: usize = 1 << 17;

/// Rows that are looked at of each row group, where there are many.
const FEW_ROWS: usize = 1 << 13;

/// The most row groups that are looked at.
const LOOKS: usize = 32;

/// A look takes no longer than to read this part of the rows, if a page has as many as most writers put in one.
const SHARE: u64 = 24;

/// The least number of rows.
const LEAST_ROWS: u64 = 1 << 16;

/// So many of them make the brackets. The others are there so that where in the file they come from matters little.
const SAMPLE: usize = ROWS / 4;

/// The least number of row groups whose extrema can show whether they are alike.
const GROUPS: usize = 4;

/// Each row group has to reach over so much of what all of them reach over.
const ALIKE: f64 = 0.5;

/// Aims the empty scans of long series. `keep` is what a scan may keep, `first` what it would keep in the first pass without a look.
pub(in crate::parquet) fn aim(
    run: &ExecutionContext<'_>,
    empties: &mut Scans,
    left_out: &LeftOut,
    keep: Keep,
    first: Keep,
) -> Result<()> {
    let (plan, spec) = (run.plan, run.plan.spec);
    if spec.computed().is_empty() || plan.rows() < LONG {
        return Ok(());
    }
    let all_fit = matches!(first, Keep::AtMost(most) if most as u64 > plan.rows());
    let parts: Vec<ScanTask> = (0..empties.len())
        .filter(|&series| empties[series].is_some())
        .flat_map(|series| looks(run, series, left_out, all_fit))
        .collect();
    let found: Vec<Mutex<Option<AnyScan>>> = empties.iter().map(|_| Mutex::default()).collect();
    // A file that cannot be read is found out in the pass.
    run.each_part(&parts, |part, reader| {
        let [series] = part.series[..] else { return Ok(()) };
        let mut scan = AnyScan::new(plan.series[series].repr, spec, Keep::All);
        run.decode(part, reader, &mut |rows| match rows.values.first() {
            Some(Some(values)) => scan.read(&Chunk::Array(values.clone())),
            _ => Ok(()),
        })?;
        let mut found = found[series].lock().unwrap_or_else(|poison| poison.into_inner());
        match found.as_mut() {
            Some(found) => found.merge(scan),
            None => {
                *found = Some(scan);
                Ok(())
            }
        }
    })?;
    for (empty, found) in empties.iter_mut().zip(found) {
        if let Some(mut scan) = found.into_inner().unwrap_or_else(|poison| poison.into_inner()) {
            *empty = Some(scan.aimed(spec, keep, SAMPLE));
        }
    }
    Ok(())
}

/// What is looked at of a series.
fn looks(run: &ExecutionContext<'_>, series: usize, left_out: &LeftOut, all_fit: bool) -> Vec<ScanTask> {
    let plan = run.plan;
    let mut groups = Vec::new();
    for (file, file_plan) in plan.files.iter().enumerate() {
        let Some(index) = plan.series[series].indices[file].filter(|_| !left_out.contains_key(&file)) else { continue };
        let [leaf] = plan.leaves(file, &[index])[..] else { return Vec::new() };
        for (group, group_plan) in file_plan.row_groups.iter().enumerate() {
            if group_plan.filtered {
                return Vec::new();
            }
            let metadata = plan.dataset.files[file].parquet().row_group(group_plan.row_group);
            groups.push((file, group, group_plan.rows, metadata.column(leaf).statistics().and_then(extrema)));
        }
    }
    let look = |&(file, group, _, _): &(usize, usize, u64, Option<[f64; 2]>), rows: usize| ScanTask {
        file,
        group,
        series: vec![series],
        first: Some(rows),
    };
    if groups.len() < GROUPS {
        return Vec::new();
    }
    let (low, high) = groups
        .iter()
        .filter_map(|(_, _, _, extrema)| *extrema)
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), [least, most]| (low.min(least), high.max(most)));
    let alike = groups
        .iter()
        .all(|(_, _, _, extrema)| extrema.is_some_and(|[least, most]| most - least >= ALIKE * (high - low)));
    if let Some(middle) = groups.get(groups.len() / 2).filter(|(_, _, rows, _)| alike && *rows >= LEAST_ROWS) {
        return vec![look(middle, ROWS)];
    }
    let most = (plan.rows() / SHARE / ROWS as u64) as usize;
    if all_fit || most < GROUPS {
        return Vec::new();
    }
    let count = groups.len().min(most).min(LOOKS);
    (0..count).map(|turn| look(&groups[(2 * turn + 1) * groups.len() / (2 * count)], FEW_ROWS)).collect()
}
