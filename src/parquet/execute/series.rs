//! Series of a dataset: passes over its files until every scan has its answer.
//!
//! Parts are scanned by several threads, and merged. Where a file that fails is left out, those of a file are merged first, and join
//! the whole when all are there, so that a file counts whole or not at all. Where a file fails in a later pass, after it has been
//! counted, everything starts again without it.

use std::ops::Range;
use std::sync::Mutex;

use super::pass::{LeftOut, Scanned, Scans, pass, settle};
use crate::describe::{AnyOutcome, AnyScan, PASSES, changed};
use crate::error::{Error, Result};
use crate::parquet::execute::checkpoint::Checkpoint;
use crate::parquet::execute::context::ExecutionContext;
use crate::parquet::execute::incremental::describe_kept;
use crate::parquet::execute::probe::{self, Look};
use crate::parquet::request::RunMetrics;
use crate::scan::{Keep, SAMPLE};
use crate::spec::{Learned, Statistic};
use crate::stats::overflow::Overflow;
use crate::summary::Summary;
use crate::threads::Threads;
use crate::unpoisoned::Unpoisoned;

/// How many values all series together keep in a first pass that another one follows.
pub(in crate::parquet) const SAMPLED: usize = 1 << 22;

/// How many values all series together keep where they are too short for a look. If these are all values, there is no second pass.
const WHOLE: usize = 1 << 24;

/// The summaries of the wanted columns, and the files that were left out.
pub(in crate::parquet) fn describe_series(
    run: &ExecutionContext<'_>,
    metrics: &mut RunMetrics,
) -> Result<(Vec<Summary>, LeftOut)> {
    let overflow = overflow(run)?;
    if let Some(folder) = &run.plan.request.checkpoint {
        let checkpoint = Checkpoint::open(folder, &question(run))?;
        let (plan, all) = (run.plan, run.plan.series.len());
        if plan.series_at_once(least_kept(run)) < all {
            return Err(Error::MemoryLimit {
                what: format!("scanning {all} columns at once, as a checkpoint is written,"),
                needed: plan.budget.limit_for(plan.bytes_kept(all, least_kept(run))),
                limit: plan.budget.limit,
            });
        }
        return describe_kept(run, &checkpoint, keep(run, all), metrics);
    }
    let mut left_out = LeftOut::new();
    loop {
        let before = left_out.len();
        if let Some(summaries) = attempt(run, overflow.as_ref(), &mut left_out, metrics)? {
            metrics.spilled += overflow.as_ref().map_or(0, Overflow::written);
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
    overflow: Option<&Overflow>,
    left_out: &mut LeftOut,
    metrics: &mut RunMetrics,
) -> Result<Option<Vec<Summary>>> {
    let all = run.plan.series.len();
    let mut summaries: Vec<Option<Summary>> = vec![None; all];
    let at_once = match overflow {
        None => run.plan.series_at_once(least_kept(run)),
        Some(_) => run.plan.series_at_once(2 * least_kept(run)).min(overflowing_at_once(run)),
    };
    for first in (0..all.max(1)).step_by(at_once) {
        let before = left_out.len();
        let series = first..all.min(first + at_once);
        let done = describe_some(run, series, overflow, left_out, metrics, &mut summaries)?;
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
    overflow: Option<&Overflow>,
    left_out: &mut LeftOut,
    metrics: &mut RunMetrics,
    summaries: &mut [Option<Summary>],
) -> Result<bool> {
    let (plan, spec) = (run.plan, run.plan.spec);
    let keep = match (keep(run, series.len()), overflow) {
        // The other half is for the values on their way to the file.
        (Keep::AtMost(most), Some(_)) => Keep::AtMost((most / 2).max(LEAST_KEPT)),
        (keep, _) => keep,
    };
    let overflow = overflow.map(|overflow| overflow.with_kept(values_overflowing(run, series.len())));
    // All values of a short series; of a longer one what lies where its quantiles seem to be, or a sample. To keep all of them where that is
    // possible takes several times as long: each is written to memory, and read again.
    let sampled = if plan.rows() < Look::FOR_SPEED.long { WHOLE } else { SAMPLED };
    let sampled = (sampled / series.len().max(1)).max(SAMPLE);
    let first = match keep {
        Keep::AtMost(most) if most.min(sampled) as u64 <= plan.rows() => Keep::AtMost(most.min(sampled)),
        all => all,
    };
    let mut empties: Scans = vec![None; plan.series.len()];
    for series in series {
        empties[series] = Some(AnyScan::new(plan.series[series].repr, spec, first));
    }
    probe::aim(run, &mut empties, left_out, keep, first, Look::FOR_SPEED)?;
    if let Some(overflow) = &overflow {
        empties.iter_mut().flatten().for_each(|scan| scan.overflow_to(overflow));
    }
    let whole = Whole::new(empties.clone());
    let counted = |file: usize| !left_out.contains_key(&file);
    let failed = pass(run, &empties, &counted, plan.hand_over(), metrics, &|_, scans| whole.merge(scans))?;
    left_out.extend(failed);
    let mut scans = whole.into_scans();
    for _ in 0..PASSES {
        // Every series that is not decided yet gets an empty scan for one more pass.
        let undecided = scans.iter_mut().zip(&mut *summaries).zip(&plan.series);
        let again: Scans = Threads::All.try_map_items(undecided, |((scan, summary), series)| {
            let Some(scan) = scan.as_mut().filter(|_| summary.is_none()) else { return Ok(None) };
            Ok(match scan.finish(spec, keep).map_err(|error| error.of_series(Some(&series.name)))? {
                AnyOutcome::Done(done) => {
                    *summary = Some(done.named(Some(&series.name)).of_type(series.number_type));
                    None
                }
                AnyOutcome::Again(narrow) => Some(narrow),
            })
        })?;
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
        settle(&mut scans, whole.into_scans())?;
    }
    Err(changed())
}

/// The values that each scan keeps where `series` of them are in memory.
fn keep(run: &ExecutionContext<'_>, series: usize) -> Keep {
    Keep::AtMost(run.plan.values_kept(series).max(LEAST_KEPT))
}

/// Sampled values from which another pass has brackets that are narrow enough.
const LEAST_KEPT: usize = SAMPLE >> 4;

/// The same of short series: all their values.
fn least_kept(run: &ExecutionContext<'_>) -> usize {
    LEAST_KEPT.min(usize::try_from(run.plan.rows()).unwrap_or(usize::MAX))
}

/// The least number of values that a scan keeps until it writes them to a file.
const LEAST_WRITTEN: usize = 1 << 12;

/// Where values go that are wanted all at once (`mad`, `mode`, …) and do not all fit in memory; `None` if they do.
fn overflow(run: &ExecutionContext<'_>) -> Result<Option<Overflow>> {
    let (plan, budget) = (run.plan, &run.plan.budget);
    let keeps = |statistic: &&Statistic| Learned::of(&[**statistic], false).wants(Learned::VALUE_COUNTS);
    let asked: Vec<_> = plan.spec.statistics().iter().filter(keeps).map(|statistic| statistic.name()).collect();
    let needed = plan.rows().saturating_mul(3 * plan.key_size().max(8) * plan.series.len() as u64);
    // Of lists there may be any number of values.
    let is_repeated = plan.series.iter().any(|series| plan.dataset.is_repeated(series));
    if asked.is_empty() || !is_repeated && needed <= budget.kept() {
        return Ok(None);
    }
    if plan.request.checkpoint.is_some() {
        if needed <= budget.kept() {
            return Ok(None);
        }
        return Err(Error::MemoryLimit {
            what: format!("keeping all values for {}, as a checkpoint is written,", asked.join(", ")),
            needed: budget.limit_for(needed),
            limit: budget.limit,
        });
    }
    let threads = budget.threads();
    // What is read is sorted with half as much beside it, and every thread finishes a series of its own.
    let read = budget.kept() / 2 / threads as u64 / (2 * (plan.key_size() + 8));
    tracing::info!(statistics = asked.join(", "), "values do not fit in memory, and go to a temporary file");
    let kept = values_overflowing(run, plan.series.len());
    Overflow::new(&plan.request.temporary, threads, kept, read as usize, run.interrupt).map(Some)
}

/// The values that each scan keeps until it writes them where `series` of them are in memory.
fn values_overflowing(run: &ExecutionContext<'_>, series: usize) -> usize {
    // The whole of each, and what tasks and the files that they are of hold.
    let scans = (series.max(1) * (1 + 2 * run.plan.budget.threads())) as u64;
    let most = run.plan.budget.kept() / 2 / run.plan.key_size() / scans;
    (most as usize).max(LEAST_WRITTEN)
}

/// How many series are scanned at a time, so that each scan keeps enough values.
fn overflowing_at_once(run: &ExecutionContext<'_>) -> usize {
    (values_overflowing(run, 1) / LEAST_WRITTEN).max(1)
}

/// Scans that those of one file after the other are merged into.
struct Whole(Vec<Mutex<Option<AnyScan>>>);

impl Whole {
    fn new(empties: Scans) -> Self {
        Self(empties.into_iter().map(Mutex::new).collect())
    }

    fn merge(&self, scans: Scanned) -> Result<()> {
        for (series, scan) in scans {
            let mut whole = self.0[series].lock().unpoisoned();
            if let Some(whole) = whole.as_mut() {
                whole.merge(scan)?;
            }
        }
        Ok(())
    }

    fn into_scans(self) -> Scans {
        self.0.into_iter().map(|scan| scan.into_inner().unpoisoned()).collect()
    }
}
