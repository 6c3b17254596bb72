//! A look at a few values of a long series, before it is read: where they have the quantiles, the others most likely have them, too.
//!
//! Then the first pass keeps only what lies around there, and is the only one. That serves data that is alike everywhere. Of
//! data that drifts from one row group to the next, a few values tell nothing of the rest: so a series is only looked at where the
//! extrema that the file's statistics have are much the same in all row groups. Whether it was right shows in the counts of the pass; what
//! it decides is how long the answer takes, never what it is.

use std::sync::Mutex;

use parquet::file::statistics::Statistics;

use crate::describe::AnyScan;
use crate::error::Result;
use crate::parquet::execute::context::ExecutionContext;
use crate::parquet::execute::pass::{LeftOut, Scans};
use crate::parquet::plan::ScanTask;
use crate::scan::Keep;
use crate::series::Chunk;

/// Shorter series are kept whole.
const LONG: u64 = 1 << 20;

/// Rows that are looked at: the first ones of a row group in the middle, as many as most writers put in a page.
const ROWS: usize = 1 << 17;

/// The least number of them.
const LEAST_ROWS: u64 = 1 << 16;

/// So many of them make the brackets. The others are there so that where in the file they come from matters little.
const SAMPLE: usize = ROWS / 4;

/// The least number of row groups whose extrema can show whether they are alike.
const GROUPS: usize = 4;

/// Each row group has to reach over so much of what all of them reach over.
const ALIKE: f64 = 0.5;

/// Aims the empty scans of series that are alike everywhere.
pub(in crate::parquet) fn aim(
    run: &ExecutionContext<'_>,
    empties: &mut Scans,
    left_out: &LeftOut,
    keep: Keep,
) -> Result<()> {
    let (plan, spec) = (run.plan, run.plan.spec);
    if spec.computed().is_empty() || plan.rows() < LONG {
        return Ok(());
    }
    let parts: Vec<ScanTask> = (0..empties.len())
        .filter(|&series| empties[series].is_some())
        .filter_map(|series| middle(run, series, left_out))
        .collect();
    let aimed: Mutex<Vec<(usize, AnyScan)>> = Mutex::new(Vec::new());
    // A file that cannot be read is found out in the pass.
    run.each_part(&parts, |part, reader| {
        let [series] = part.series[..] else { return Ok(()) };
        let mut scan = AnyScan::new(plan.series[series].repr, spec, Keep::All);
        run.decode(part, reader, &mut |rows| match rows.values.first() {
            Some(Some(values)) => scan.read(&Chunk::Array(values.clone())),
            _ => Ok(()),
        })?;
        let mut aimed = aimed.lock().unwrap_or_else(|poison| poison.into_inner());
        aimed.push((series, scan.aimed(spec, keep, SAMPLE)));
        Ok(())
    })?;
    for (series, scan) in aimed.into_inner().unwrap_or_else(|poison| poison.into_inner()) {
        empties[series] = Some(scan);
    }
    Ok(())
}

/// The part of a series that is looked at, if its row groups are alike.
fn middle(run: &ExecutionContext<'_>, series: usize, left_out: &LeftOut) -> Option<ScanTask> {
    let plan = run.plan;
    let mut groups = Vec::new();
    for (file, file_plan) in plan.files.iter().enumerate() {
        let Some(index) = plan.series[series].indices[file].filter(|_| !left_out.contains_key(&file)) else { continue };
        let [leaf] = plan.leaves(file, &[index])[..] else { return None };
        for (group, group_plan) in file_plan.row_groups.iter().enumerate() {
            if group_plan.filtered {
                return None;
            }
            let metadata = plan.dataset.files[file].parquet().row_group(group_plan.row_group);
            let extrema = extrema(metadata.column(leaf).statistics()?)?;
            groups.push((file, group, group_plan.rows, extrema));
        }
    }
    let (low, high) = groups.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (_, _, _, extrema)| {
        (low.min(extrema[0]), high.max(extrema[1]))
    });
    let alike = groups.iter().all(|(_, _, _, extrema)| extrema[1] - extrema[0] >= ALIKE * (high - low));
    let &(file, group, rows, _) = groups.get(groups.len() / 2)?;
    (groups.len() >= GROUPS && alike && rows >= LEAST_ROWS).then(|| ScanTask {
        file,
        group,
        series: vec![series],
        first: Some(ROWS),
    })
}

/// The extrema that a file says a row group has: a hint, so that it does not matter how exact they are.
fn extrema(statistics: &Statistics) -> Option<[f64; 2]> {
    Some(match statistics {
        Statistics::Int32(of) => [f64::from(*of.min_opt()?), f64::from(*of.max_opt()?)],
        Statistics::Int64(of) => [*of.min_opt()? as f64, *of.max_opt()? as f64],
        Statistics::Float(of) => [f64::from(*of.min_opt()?), f64::from(*of.max_opt()?)],
        Statistics::Double(of) => [*of.min_opt()?, *of.max_opt()?],
        _ => return None,
    })
}
