//! A look at a few values of a long series, before it is read: where they have the quantiles, the others most likely have them, too.
//!
//! Then the first pass keeps only what lies around there, and is most often the only one. The values come from the beginnings of row
//! groups, or of pages of long ones, that lie evenly over all files, so that data which drifts is seen everywhere; of a series that is alike
//! everywhere, by the extrema that its files have, one row group tells as much. Whether it was right shows in the counts of the pass; what it
//! decides is how long the answer takes, never what it is.

use std::sync::Mutex;

use crate::describe::AnyScan;
use crate::error::Result;
use crate::parquet::execute::context::ExecutionContext;
use crate::parquet::execute::pass::{LeftOut, Scans};
use crate::parquet::plan::ScanTask;
use crate::parquet::statistics::extrema;
use crate::scan::Keep;
use crate::series::Chunk;
use crate::stats::select::{MARGIN, expected_share};
use crate::unpoisoned::Unpoisoned;

/// Rows that are looked at of a series that is alike everywhere: the first ones of a row group in the middle, as many as most writers put
/// in a page.
const ROWS: usize = 1 << 17;

/// The most places that are looked at.
const LOOKS: u64 = 32;

/// The least number of rows.
const LEAST_ROWS: u64 = 1 << 16;

/// The least number of row groups whose extrema can show whether they are alike.
const GROUPS: usize = 4;

/// What a look is for.
#[derive(Clone, Copy, Debug)]
pub(in crate::parquet) struct Look {
    /// At shorter series it does not look.
    pub long: u64,
    /// Rows that are looked at of each row group, where there are several.
    rows: usize,
    /// Values that make the brackets. The others are there so that where in the file they come from matters little.
    sample: usize,
    /// What is looked at is no more than this part of the rows, as far as whole pages are read: one in `share`.
    share: u64,
    /// Whether it only has to spare another pass: then one row group is enough where the extrema of all are alike, and of fewer rows a
    /// third may be read for a look.
    is_instead_of_a_pass: bool,
}

impl Look {
    /// To be fast: a series whose values would be kept otherwise is read in about the same time.
    pub const FOR_SPEED: Self = Self {
        long: 6 * ROWS as u64,
        rows: 1 << 13,
        sample: ROWS / 4,
        share: 24 * (ROWS >> 13) as u64,
        is_instead_of_a_pass: true,
    };

    /// To keep little: the brackets are so narrow that few values lie in them.
    pub const FOR_STATE: Self =
        Self { long: 1 << 16, rows: 1 << 14, sample: 1 << 18, share: 8, is_instead_of_a_pass: false };

    /// To find frequent keys, and where the quantiles of each lie: of the pages that are read for it more rows count.
    pub const FOR_GROUPS: Self = Self {
        long: 1 << 20,
        rows: 1 << 15,
        share: 24 * (ROWS >> 15) as u64,
        is_instead_of_a_pass: false,
        ..Self::FOR_SPEED
    };
}

/// Each row group has to reach over so much of what all of them reach over.
const ALIKE: f64 = 0.5;

/// Aims the empty scans of long series. `keep` is what a scan may keep, `first` what it would keep in the first pass without a look.
pub(in crate::parquet) fn aim(
    run: &ExecutionContext<'_>,
    empties: &mut Scans,
    left_out: &LeftOut,
    keep: Keep,
    first: Keep,
    look: Look,
) -> Result<()> {
    let (plan, spec) = (run.plan, run.plan.spec);
    if spec.computed().is_empty() || plan.rows() < look.long {
        return Ok(());
    }
    let all_fit = matches!(first, Keep::AtMost(most) if most as u64 > plan.rows());
    let parts: Vec<ScanTask> = (0..empties.len())
        .filter(|&series| empties[series].is_some())
        .flat_map(|series| looks(run, series, left_out, all_fit, look))
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
        let mut found = found[series].lock().unpoisoned();
        match found.as_mut() {
            Some(found) => found.merge(scan),
            None => {
                *found = Some(scan);
                Ok(())
            }
        }
    })?;
    for (empty, found) in empties.iter_mut().zip(found) {
        if let Some(mut scan) = found.into_inner().unpoisoned() {
            // A few of the values that were looked at make brackets soon; all of them make narrow ones.
            let values = plan.rows() as f64 * expected_share(look.sample, &spec.fractions(), MARGIN);
            let sample = if keep.holds(2.0 * values) { look.sample } else { usize::MAX };
            *empty = Some(scan.aimed(spec, keep, sample, MARGIN));
        }
    }
    Ok(())
}

/// What is looked at of a series.
pub(in crate::parquet) fn looks(
    run: &ExecutionContext<'_>,
    series: usize,
    left_out: &LeftOut,
    all_fit: bool,
    look: Look,
) -> Vec<ScanTask> {
    let plan = run.plan;
    let mut groups = Vec::new();
    for (file, file_plan) in plan.files.iter().enumerate() {
        let Some(index) = plan.series[series].indices[file].filter(|_| !left_out.contains_key(&file)) else { continue };
        let column = &plan.dataset.files[file].columns()[index];
        // Of lists there are more values than rows, or fewer.
        let Some(leaf) = column.only_leaf().filter(|_| !column.is_repeated()) else { return Vec::new() };
        for (group, group_plan) in file_plan.row_groups.iter().enumerate() {
            if group_plan.filtered {
                return Vec::new();
            }
            let metadata = plan.dataset.files[file].parquet().row_group(group_plan.row_group);
            groups.push((file, group, group_plan.rows, metadata.column(leaf).statistics().and_then(extrema)));
        }
    }
    let part = |(file, group, offset): (usize, usize, u64), rows: usize| ScanTask {
        file,
        group,
        series: vec![series],
        first: Some(rows),
        share: (offset > 0).then_some(offset..offset + ROWS as u64),
    };
    let (low, high) = groups
        .iter()
        .filter_map(|(_, _, _, extrema)| *extrema)
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), [least, most]| (low.min(least), high.max(most)));
    let alike = groups
        .iter()
        .all(|(_, _, _, extrema)| extrema.is_some_and(|[least, most]| most - least >= ALIKE * (high - low)));
    let may_be_one = look.is_instead_of_a_pass && groups.len() >= GROUPS && alike;
    if let Some(&(file, group, ..)) =
        groups.get(groups.len() / 2).filter(|(_, _, rows, _)| may_be_one && *rows >= LEAST_ROWS)
    {
        return vec![part((file, group, 0), ROWS)];
    }
    let rows: u64 = groups.iter().map(|(_, _, rows, _)| rows).sum();
    let count = rows / look.share / look.rows as u64;
    let (count, least) = match look.is_instead_of_a_pass {
        // Another pass would read all rows, and these pages are a third of them at most.
        true => (count.max((rows / (3 * ROWS as u64)).min(GROUPS as u64)), 2),
        false => (count, GROUPS as u64),
    };
    if look.is_instead_of_a_pass && all_fit || count < least {
        return Vec::new();
    }
    let count = count.min(LOOKS);
    let (mut ends, mut end) = (Vec::with_capacity(groups.len()), 0);
    for (_, _, rows, _) in &groups {
        end += rows;
        ends.push(end);
    }
    // At even distances; of a row group that is not long, from its beginning.
    let places = (0..count).map(|turn| {
        let row = rows * (2 * turn + 1) / (2 * count);
        let index = ends.partition_point(|end| *end <= row);
        let (file, group, rows, _) = groups[index];
        let offset = if rows < 2 * ROWS as u64 { 0 } else { row - (ends[index] - rows) };
        (file, group, if groups.len() as u64 >= count { 0 } else { offset })
    });
    let mut places: Vec<(usize, usize, u64)> = places.collect();
    places.dedup();
    places.into_iter().map(|place| part(place, look.rows)).collect()
}
