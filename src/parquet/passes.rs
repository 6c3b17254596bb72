//! Series of a dataset: passes over its files until every scan has its answer.
//!
//! Parts are scanned by several threads, and merged. Where a file that fails is left out, those of a file are merged first, and join
//! the whole when all are there, so that a file counts whole or not at all. Where a file fails in a later pass, after it has been
//! counted, everything starts again without it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;

use parquet::file::statistics::Statistics;
use rayon::prelude::*;

use super::checkpoint::Checkpoint;
use super::decode::ScanTask;
use super::incremental::describe_kept;
use super::probe;
use super::request::{OnError, RunMetrics};
use super::work::ExecutionContext;
use super::writer_faults::Distrust;
use crate::describe::{AnyOutcome, AnyScan, PASSES, changed};
use crate::error::{Error, Result};
use crate::report::Skipped;
use crate::scan::{Keep, SAMPLE};
use crate::series::{Chunk, Kind};
use crate::spec::{Learned, NanPolicy, Statistic};
use crate::summary::Summary;

/// How many values all series together keep in a first pass that another one follows.
pub(super) const SAMPLED: usize = 1 << 22;

/// Scans of all series, of which those that need no pass are missing.
pub(super) type Scans = Vec<Option<AnyScan>>;

/// Files that were left out, by their place.
pub(super) type LeftOut = BTreeMap<usize, Skipped>;

/// The summaries of the wanted columns, and the files that were left out.
pub(super) fn describe_series(run: &ExecutionContext<'_>, metrics: &mut RunMetrics) -> Result<(Vec<Summary>, LeftOut)> {
    check_kept_values(run)?;
    if let Some(folder) = &run.plan.request.checkpoint {
        let checkpoint = Checkpoint::open(folder, &question(run))?;
        let (plan, all) = (run.plan, run.plan.series.len());
        if plan.series_at_once(LEAST_KEPT) < all {
            return Err(Error::MemoryLimit {
                what: format!("scanning {all} columns at once, as a checkpoint is written,"),
                needed: plan.budget.limit_for(plan.bytes_kept(all, LEAST_KEPT)),
                limit: plan.budget.limit,
            });
        }
        return describe_kept(run, &checkpoint, keep(run, all), metrics);
    }
    let mut left_out = LeftOut::new();
    loop {
        let before = left_out.len();
        if let Some(summaries) = attempt(run, &mut left_out, metrics)? {
            return Ok((summaries, left_out));
        }
        // Each further attempt has left out at least one file more.
        if left_out.len() == before {
            return Err(changed());
        }
    }
}

/// What the entries of a checkpoint are answers to.
fn question(run: &ExecutionContext<'_>) -> String {
    let plan = run.plan;
    let series: Vec<_> = plan.series.iter().map(|series| (&series.name, series.repr)).collect();
    let predicate = plan.request.predicate.as_ref().map(ToString::to_string);
    // What a predicate says of a file depends on which columns are in the paths, and on their types.
    let partitions = plan.dataset.partitions.iter().filter(|_| predicate.is_some());
    let partitions: Vec<_> = partitions.map(|partition| (&partition.name, partition.data_type())).collect();
    format!("series {series:?}, where {predicate:?}, partitions {partitions:?}, asked {:?}", plan.spec)
}

/// Passes over the files that are not left out; `None` where one had to be left out after it was counted.
fn attempt(
    run: &ExecutionContext<'_>,
    left_out: &mut LeftOut,
    metrics: &mut RunMetrics,
) -> Result<Option<Vec<Summary>>> {
    let all = run.plan.series.len();
    let mut summaries: Vec<Option<Summary>> = vec![None; all];
    let at_once = run.plan.series_at_once(LEAST_KEPT);
    for first in (0..all.max(1)).step_by(at_once) {
        let before = left_out.len();
        let done = describe_some(run, first..all.min(first + at_once), left_out, metrics, &mut summaries)?;
        // What is left out now was counted for the series before.
        if !done || first > 0 && left_out.len() > before {
            return Ok(None);
        }
    }
    Ok(Some(summaries.into_iter().flatten().collect()))
}

/// The summaries of some series; `false` where a file had to be left out after it was counted.
fn describe_some(
    run: &ExecutionContext<'_>,
    series: Range<usize>,
    left_out: &mut LeftOut,
    metrics: &mut RunMetrics,
    summaries: &mut [Option<Summary>],
) -> Result<bool> {
    let (plan, spec) = (run.plan, run.plan.spec);
    let keep = keep(run, series.len());
    // All values, or a sample of them: a longer one would take longer to sort than it saves.
    let sampled = (SAMPLED / series.len().max(1)).max(SAMPLE);
    let first = match keep {
        Keep::AtMost(most) if most as u64 <= plan.rows() => Keep::AtMost(most.min(sampled)),
        all => all,
    };
    let mut empties: Scans = vec![None; plan.series.len()];
    for series in series {
        empties[series] = Some(AnyScan::new(plan.series[series].repr, spec, first));
    }
    probe::aim(run, &mut empties, left_out, keep)?;
    let whole = Whole::new(empties.clone());
    let counted = |file: usize| !left_out.contains_key(&file);
    let failed = pass(run, &empties, &counted, plan.hand_over(), metrics, &|_, scans| whole.merge(scans))?;
    left_out.extend(failed);
    let mut scans = whole.into_scans();
    for _ in 0..PASSES {
        // Every series that is not decided yet gets an empty scan for one more pass.
        let undecided = scans.par_iter_mut().zip(&mut *summaries).zip(&plan.series).map(|((scan, summary), series)| {
            let Some(scan) = scan.as_mut().filter(|_| summary.is_none()) else { return Ok(None) };
            Ok(match scan.finish(spec, keep).map_err(|error| error.of_series(Some(&series.name)))? {
                AnyOutcome::Done(done) => {
                    *summary = Some(done.named(Some(&series.name)).of_type(series.number_type));
                    None
                }
                AnyOutcome::Again(narrow) => Some(narrow),
            })
        });
        let again: Scans = undecided.collect::<Result<_>>()?;
        run.interrupt.check()?;
        if again.iter().all(Option::is_none) {
            return Ok(true);
        }
        let whole = Whole::new(again.clone());
        let counted = |file: usize| !left_out.contains_key(&file);
        let failed = pass(run, &again, &counted, plan.hand_over(), metrics, &|_, scans| whole.merge(scans))?;
        if !failed.is_empty() {
            left_out.extend(failed);
            return Ok(false);
        }
        for (scan, narrow) in scans.iter_mut().zip(whole.into_scans()) {
            if let (Some(scan), Some(narrow)) = (scan, narrow)
                && !scan.settle(narrow)
            {
                return Err(changed());
            }
        }
    }
    Err(changed())
}

/// The values that each scan keeps where `series` of them are in memory.
fn keep(run: &ExecutionContext<'_>, series: usize) -> Keep {
    Keep::AtMost(run.plan.values_kept(series).max(LEAST_KEPT))
}

/// Sampled values from which another pass has brackets that are narrow enough.
const LEAST_KEPT: usize = SAMPLE >> 4;

/// Some statistics (`mad`, `mode`, …) need all values of a series at once: where they do not fit, that is said before any is read.
fn check_kept_values(run: &ExecutionContext<'_>) -> Result<()> {
    let plan = run.plan;
    let keeps = |statistic: &&Statistic| Learned::of(&[**statistic], false).wants(Learned::VALUE_COUNTS);
    let asked: Vec<_> = plan.spec.statistics().iter().filter(keeps).map(|statistic| statistic.name()).collect();
    let needed = 3 * 8 * plan.rows() * plan.series.len() as u64;
    if asked.is_empty() || needed <= plan.budget.kept() {
        return Ok(());
    }
    Err(Error::MemoryLimit {
        what: format!("keeping all values for {}", asked.join(", ")),
        needed: plan.budget.limit_for(needed),
        limit: plan.budget.limit,
    })
}

/// Scans that those of one file after the other are merged into.
struct Whole(Vec<Mutex<Option<AnyScan>>>);

impl Whole {
    fn new(empties: Scans) -> Self {
        Self(empties.into_iter().map(Mutex::new).collect())
    }

    fn merge(&self, scans: Scanned) -> Result<()> {
        for (series, scan) in scans {
            let mut whole = self.0[series].lock().unwrap_or_else(|poison| poison.into_inner());
            if let Some(whole) = whole.as_mut() {
                whole.merge(scan)?;
            }
        }
        Ok(())
    }

    fn into_scans(self) -> Scans {
        self.0.into_iter().map(|scan| scan.into_inner().unwrap_or_else(|poison| poison.into_inner())).collect()
    }
}

/// What is there of a file whose parts are being scanned.
struct Pending {
    parts: usize,
    scans: Scans,
}

/// When scans are handed over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum MergeGranularity {
    /// Those of a part as soon as it is scanned: less is in memory at a time.
    Task,
    /// Those of a file when all are there.
    File,
}

/// Scans with the places of their series.
pub(super) type Scanned = Vec<(usize, AnyScan)>;

/// Fills copies of the empty scans with each wanted file, and hands them over to `done`. The files that failed.
pub(super) fn pass(
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
                parts.push(ScanTask { file, group, series: series.to_vec(), first: None });
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
        let mut slot = pending[part.file].lock().unwrap_or_else(|poison| poison.into_inner());
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

/// The scans that are there.
fn scanned(scans: Scans) -> Scanned {
    scans.into_iter().enumerate().filter_map(|(series, scan)| Some((series, scan?))).collect()
}

/// The scans of the series of one part.
fn scan_part(
    run: &ExecutionContext<'_>,
    part: &ScanTask,
    reader: super::storage::Reader,
    empties: &Scans,
) -> Result<Scanned> {
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
        for ((series, scan), values) in scans.iter_mut().zip(&rows.values) {
            let Some(values) = values else { continue };
            let chunk = Chunk::Array(values.clone());
            scan.read(&chunk).map_err(|error| plan.damaged(part, Some(*series), &error))?;
            if plan.spec.nan() == NanPolicy::Raise && scan.nan_count() > 0 {
                return Err(Error::Nan {
                    name: Some(plan.series[*series].name.clone()),
                    file: Some(plan.dataset.files[part.file].name().into()),
                    row: rows.row(chunk.first_nan()?.unwrap_or_default()),
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
    let field = data_file.schema().field(index);
    let unsigned = match Kind::from_field(field)? {
        Kind::Signed | Kind::SmallSigned => false,
        Kind::Unsigned => true,
        Kind::SmallUnsigned if field.data_type().is_unsigned_integer() => true,
        _ => return None,
    };
    if !field.data_type().is_integer() {
        return None; // a dictionary: its leaf may be of another type
    }
    let [leaf] = plan.leaves(file, &[index])[..] else { return None };
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
    let bounds: [i128; 2] = match statistics {
        Statistics::Int32(of) if unsigned => [*of.min_opt()? as u32, *of.max_opt()? as u32].map(i128::from),
        Statistics::Int64(of) if unsigned => [*of.min_opt()? as u64, *of.max_opt()? as u64].map(i128::from),
        Statistics::Int32(of) => [*of.min_opt()?, *of.max_opt()?].map(i128::from),
        Statistics::Int64(of) => [*of.min_opt()?, *of.max_opt()?].map(i128::from),
        _ => return None,
    };
    (is_exact && bounds[0] <= bounds[1]).then_some(Known { count, nulls, bounds: Some(bounds) })
}
