//! One pass over files: each task fills scans of its own, which are merged by the file or at once.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::context::ExecutionContext;
use crate::describe::{AnyScan, changed};
use crate::error::{Error, Result};
use crate::parquet::plan::{MergeGranularity, ScanTask};
use crate::parquet::request::{OnError, RunMetrics};
use crate::parquet::statistics::{Signedness, integer_bounds};
use crate::parquet::storage::Reader;
use crate::parquet::writer_faults::Distrust;
use crate::report::Skipped;
use crate::series::{Chunk, Kind};
use crate::spec::NanPolicy;
use crate::unpoisoned::Unpoisoned;

/// Scans of all series, of which those that need no pass are missing.
pub(in crate::parquet) type Scans = Vec<Option<AnyScan>>;

/// Files that were left out, by their place.
pub(in crate::parquet) type LeftOut = BTreeMap<usize, Skipped>;

/// What is there of a file whose parts are being scanned.
struct Pending {
    parts: usize,
    scans: Scans,
}

/// Scans with the places of their series.
pub(in crate::parquet) type Scanned = Vec<(usize, AnyScan)>;

/// Fills copies of the empty scans with each wanted file, and hands them over to `done`. The files that failed.
pub(in crate::parquet) fn pass(
    run: &ExecutionContext<'_>,
    empties: &Scans,
    wanted_file: &dyn Fn(usize) -> bool,
    hand_over: MergeGranularity,
    metrics: &mut RunMetrics,
    done: &(dyn Fn(usize, Scanned) -> Result<()> + Sync),
) -> Result<LeftOut> {
    let plan = run.plan;
    let wanted: Vec<usize> = (0..empties.len()).filter(|&series| empties[series].is_some()).collect();
    let mut parts = Vec::new();
    let mut pending = Vec::new();
    let (mut rows, mut bytes, mut files) = (0, 0, 0);
    let groups =
        plan.files.iter().enumerate().filter(|(file, _)| wanted_file(*file)).flat_map(|(_, of)| &of.row_groups);
    let tasks = groups.map(|group| wanted.len().div_ceil(plan.together(group).max(1))).sum();
    for (file, file_plan) in plan.files.iter().enumerate() {
        if !wanted_file(file) {
            pending.push(Mutex::new(None));
            continue;
        }
        let here: Vec<usize> =
            wanted.iter().copied().filter(|&series| plan.series[series].indices[file].is_some()).collect();
        let mut scans: Scans = Vec::new();
        let first = parts.len();
        for (group, group_plan) in file_plan.row_groups.iter().enumerate() {
            let mut to_read = Vec::new();
            for &series in &here {
                match known(run, file, group, series) {
                    Some(known) => {
                        if let Some(empty) = &empties[series] {
                            scans.resize(empties.len(), None);
                            known.add_to(scans[series].get_or_insert_with(|| empty.clone()));
                        }
                    }
                    None => to_read.push(series),
                }
            }
            for series in to_read.chunks(plan.together(group_plan).max(1)) {
                bytes += plan.stored(file, group_plan, series);
                for share in plan.shares(file, group_plan, tasks) {
                    parts.push(ScanTask { file, group, series: series.to_vec(), first: None, share });
                }
            }
            rows += group_plan.rows;
        }
        let count = parts.len() - first;
        files += u64::from(count > 0);
        if count == 0 || hand_over == MergeGranularity::Task {
            let known = scanned(std::mem::take(&mut scans));
            // A file without any of the columns is done as well: whoever keeps what is known of each file keeps that.
            if !known.is_empty() || hand_over == MergeGranularity::File {
                done(file, known)?;
            }
        }
        pending.push(Mutex::new((count > 0).then_some(Pending { parts: count, scans })));
    }
    run.progress.begin(files, rows, bytes);
    tracing::debug!(files, rows, bytes, series = wanted.len(), "a pass over series begins");
    metrics.passes += 1;
    metrics.files_read += files;
    metrics.bytes += bytes;
    let failures = run.each_part(&parts, |part, reader| {
        let mut scans = scan_part(run, part, reader, empties)?;
        if hand_over == MergeGranularity::Task {
            done(part.file, std::mem::take(&mut scans))?;
        }
        let mut slot = pending[part.file].lock().unpoisoned();
        let Some(file) = slot.as_mut() else { return Ok(()) };
        for (series, scan) in scans {
            file.scans.resize(empties.len(), None);
            match file.scans[series].as_mut() {
                Some(whole) => whole.merge(scan)?,
                None => file.scans[series] = Some(scan),
            }
        }
        file.parts -= 1;
        if file.parts == 0 {
            let whole = slot.take().map(|file| scanned(file.scans)).unwrap_or_default();
            drop(slot);
            if hand_over == MergeGranularity::File {
                done(part.file, whole)?;
            }
            tracing::info!(file = plan.dataset.files[part.file].name(), "scanned");
            run.progress.add_file();
        }
        Ok(())
    })?;
    let failed = failures.into_iter().map(|(index, error)| {
        debug_assert_eq!(plan.request.on_error, OnError::Skip);
        (parts[index].file, plan.skipped(&parts[index], &error))
    });
    Ok(failed.collect())
}

/// Takes over what another pass over the same rows has found.
pub(in crate::parquet) fn settle(scans: &mut [Option<AnyScan>], narrow: Scans) -> Result<()> {
    for (scan, narrow) in scans.iter_mut().zip(narrow) {
        if let (Some(scan), Some(narrow)) = (scan, narrow)
            && !scan.settle(narrow)
        {
            return Err(changed());
        }
    }
    Ok(())
}

/// The scans that are there.
fn scanned(scans: Scans) -> Scanned {
    scans.into_iter().enumerate().filter_map(|(series, scan)| Some((series, scan?))).collect()
}

/// The scans of the series of one part.
fn scan_part(run: &ExecutionContext<'_>, part: &ScanTask, reader: Reader, empties: &Scans) -> Result<Scanned> {
    let plan = run.plan;
    let mut scans: Scanned =
        part.series.iter().filter_map(|&series| Some((series, empties[series].clone()?))).collect();
    if let [(_, scan)] = &mut scans[..] {
        let mut direct = scan.clone();
        if run.scan_direct(part, &reader, &mut direct)? {
            *scan = direct;
            return Ok(scans);
        }
    }
    run.decode(part, reader, &mut |rows| {
        for (index, ((series, scan), values)) in scans.iter_mut().zip(&rows.values).enumerate() {
            let Some(values) = values else { continue };
            let chunk = Chunk::Array(values.clone());
            scan.read(&chunk).map_err(|error| plan.damaged(part, Some(*series), &error))?;
            if plan.spec.nan() == NanPolicy::Raise && scan.nan_count() > 0 {
                return Err(Error::Nan {
                    name: Some(plan.series[*series].name.clone()),
                    file: Some(plan.dataset.files[part.file].name().into()),
                    row: rows.row(index, chunk.first_nan()?.unwrap_or_default()),
                });
            }
        }
        Ok(())
    })?;
    Ok(scans)
}

/// What metadata alone tells of a series in a row group.
struct Known {
    count: u64,
    nulls: u64,
    bounds: Option<[i128; 2]>,
}

impl Known {
    fn add_to(&self, scan: &mut AnyScan) {
        scan.update_known(self.count, self.nulls, self.bounds);
    }
}

/// Counts and extrema of integers, where nothing else is wanted, all rows count, and the file's statistics are exact. Floats
/// have no such thing: their statistics pass over NaNs.
fn known(run: &ExecutionContext<'_>, file: usize, group: usize, series: usize) -> Option<Known> {
    let plan = run.plan;
    let group = &plan.files[file].row_groups[group];
    if !plan.spec.wants_only_extrema() || group.filtered {
        return None;
    }
    let index = plan.series[series].indices[file]?;
    let data_file = &plan.dataset.files[file];
    let field = data_file.field(index);
    let signedness = match Kind::from_field(field)? {
        Kind::Signed | Kind::SmallSigned => Signedness::Signed,
        Kind::Unsigned => Signedness::Unsigned,
        Kind::SmallUnsigned if field.data_type().is_unsigned_integer() => Signedness::Unsigned,
        _ => return None,
    };
    if !field.data_type().is_integer() {
        return None; // a dictionary: its leaf may be of another type
    }
    let leaf = data_file.flat_leaf(index)?;
    let column = data_file.parquet().row_group(group.row_group).column(leaf);
    let statistics = column.statistics()?;
    let distrust = Distrust::of(data_file.parquet().file_metadata());
    if distrust != Distrust::default() {
        return None;
    }
    let nulls = statistics.null_count_opt().filter(|&nulls| nulls <= group.rows)?;
    let count = group.rows - nulls;
    if count == 0 {
        return Some(Known { count, nulls, bounds: None });
    }
    let is_exact = statistics.min_is_exact() && statistics.max_is_exact() && !statistics.is_min_max_deprecated();
    let bounds = integer_bounds(statistics, signedness)?;
    is_exact.then_some(Known { count, nulls, bounds: Some(bounds) })
}
