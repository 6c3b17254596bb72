//! Series of a dataset whose finished files are kept in a checkpoint.
//!
//! Every file has an entry: its scans, all of them with the same brackets. A file without an entry is scanned whole; one whose
//! entry has other brackets is read once more for its candidates alone. The answer is made of the entries; where they
//! do not decide a quantile, they say the brackets of the next round. A file whose values are all in its entry
//! is never read again.

use std::collections::BTreeSet;
use std::sync::Mutex;

use crate::describe::{AnyOutcome, AnyScan, PASSES, changed};
use crate::error::{Error, Result};
use crate::parquet::execute::checkpoint::{Checkpoint, FileKey, Kept};
use crate::parquet::execute::context::ExecutionContext;
use crate::parquet::execute::pass::{LeftOut, Scanned, Scans, pass};
use crate::parquet::execute::probe::{self, Look};
use crate::parquet::plan::MergeGranularity;
use crate::parquet::request::RunMetrics;
use crate::scan::Keep;
use crate::summary::Summary;
use crate::unpoisoned::Unpoisoned;

/// The least that an entry keeps of the values of a series, of which nothing is known yet.
const LEAST_KEPT: usize = 1 << 12;

/// As `describe_series`, with the help of what is kept of each file.
pub(in crate::parquet) fn describe_kept(
    run: &ExecutionContext<'_>,
    checkpoint: &Checkpoint,
    keep: Keep,
    metrics: &mut RunMetrics,
) -> Result<(Vec<Summary>, LeftOut)> {
    let (plan, spec) = (run.plan, run.plan.spec);
    let files: Vec<usize> = (0..plan.files.len()).filter(|&file| !plan.files[file].row_groups.is_empty()).collect();
    let key = |file: usize| FileKey::of(&plan.dataset.files[file]);
    let rows = |file: usize| plan.files[file].rows();
    // As much as a sample needs whose brackets leave few candidates; the rest of a long file need not be in its entry.
    let longest = files.iter().map(|&file| rows(file)).max().unwrap_or(0);
    let sampled = (2.0 * (longest as f64).powf(2.0 / 3.0)) as usize;
    let first = match keep {
        Keep::AtMost(most) => Keep::AtMost(sampled.max(LEAST_KEPT).min(most)),
        Keep::All => Keep::All,
    };
    let mut target: Vec<AnyScan> = plan.series.iter().map(|series| AnyScan::new(series.repr, spec, first)).collect();

    // What every entry has to be an answer to.
    let asked: Scans = target.iter().cloned().map(Some).collect();
    let load = |file: usize| checkpoint.load(&key(file), &asked).filter(|kept| kept.rows == rows(file));

    let mut left_out = LeftOut::new();
    let mut entries: BTreeSet<usize> = BTreeSet::new();
    // The brackets of the first entry are the ones that the others most likely have.
    let mut chosen = vec![false; target.len()];
    for &file in &files {
        let Some(Kept { scans, .. }) = load(file) else { continue };
        entries.insert(file);
        for ((target, chosen), scan) in target.iter_mut().zip(&mut chosen).zip(&scans) {
            if let Some(scan) = scan.as_ref().filter(|scan| !*chosen && !scan.is_aimed_like(target)) {
                *target = AnyScan::with_brackets_of(scan, spec, keep);
                *chosen = true;
            }
        }
    }
    // With narrow brackets one pass is enough, and the entries are small. Those of entries most likely fit other files too.
    let mut has_looked = entries.is_empty();
    if has_looked {
        let mut empties: Scans = target.into_iter().map(Some).collect();
        probe::aim(run, &mut empties, &left_out, keep, first, Look::FOR_STATE)?;
        target = empties.into_iter().flatten().collect();
    }
    let from_before = entries.clone();
    metrics.files_kept = from_before.len() as u64;
    let mut read_again = BTreeSet::new();
    let damaged = |file: usize| {
        Error::file(
            plan.dataset.files[file].name(),
            "its entry in the checkpoint vanished or changed while it was used",
            None,
        )
    };
    for _ in 0..PASSES {
        let new: BTreeSet<usize> =
            files.iter().copied().filter(|file| !entries.contains(file) && !left_out.contains_key(file)).collect();
        let whole = Mutex::new(target.clone());
        let merge = |scans: Scans| -> Result<()> {
            let mut whole = whole.lock().unpoisoned();
            for (whole, scan) in whole.iter_mut().zip(scans) {
                if let Some(scan) = scan {
                    whole.merge(scan)?;
                }
            }
            Ok(())
        };
        // Entries that have other brackets wait for their files to be read once more.
        let mut stale = BTreeSet::new();
        for &file in &entries {
            run.interrupt.check()?;
            let Kept { scans, .. } = load(file).ok_or_else(|| damaged(file))?;
            let is_like = |(scan, target): (&Option<AnyScan>, &AnyScan)| {
                scan.as_ref().is_none_or(|scan| scan.is_aimed_like(target))
            };
            match scans.iter().zip(&target).all(is_like) {
                true => merge(scans)?,
                false => _ = stale.insert(file),
            }
        }
        let mut failed = LeftOut::new();
        if !new.is_empty() {
            let empties: Scans = target.iter().cloned().map(Some).collect();
            let save = |file: usize, scanned: Scanned| {
                let mut scans: Scans = vec![None; target.len()];
                scanned.into_iter().for_each(|(series, scan)| scans[series] = Some(scan));
                checkpoint.save(&key(file), rows(file), &scans)?;
                merge(scans)
            };
            failed.extend(pass(run, &empties, &|file| new.contains(&file), MergeGranularity::File, metrics, &save)?);
        }
        if !stale.is_empty() {
            let empties: Scans = target.iter().map(|target| Some(target.narrowed(keep))).collect();
            let save = |file: usize, narrow: Scanned| {
                let Kept { mut scans, .. } = load(file).ok_or_else(|| damaged(file))?;
                for (series, narrow) in narrow {
                    if let Some(scan) = scans[series].as_mut()
                        && !scan.is_aimed_like(&target[series])
                        && !scan.settle(narrow)
                    {
                        return Err(changed());
                    }
                }
                checkpoint.save(&key(file), rows(file), &scans)?;
                merge(scans)
            };
            failed.extend(pass(run, &empties, &|file| stale.contains(&file), MergeGranularity::File, metrics, &save)?);
            read_again.extend(stale.intersection(&from_before).copied());
            metrics.files_read_again = read_again.len() as u64;
        }
        entries.extend(new);
        entries.retain(|file| !failed.contains_key(file));
        left_out.extend(failed);

        let mut whole = whole.into_inner().unpoisoned();
        let mut summaries = Vec::with_capacity(whole.len());
        let mut next = target.clone();
        let mut undecided: Scans = vec![None; target.len()];
        for (((whole, next), undecided), series) in
            whole.iter_mut().zip(&mut next).zip(&mut undecided).zip(&plan.series)
        {
            match whole.finish(spec, keep).map_err(|error| error.of_series(Some(&series.name)))? {
                AnyOutcome::Done(summary) => {
                    summaries.push(summary.named(Some(&series.name)).of_type(series.number_type))
                }
                AnyOutcome::Again(narrow) => {
                    *next = AnyScan::with_brackets_of(&narrow, spec, keep);
                    *undecided = Some(next.clone());
                }
            }
        }
        if summaries.len() == target.len() {
            return Ok((summaries, left_out));
        }
        if !std::mem::replace(&mut has_looked, true) {
            // The new files are not as those before: a look at all of them leaves fewer candidates than what the pass has told.
            probe::aim(run, &mut undecided, &left_out, keep, first, Look::FOR_STATE)?;
            for (next, looked) in next.iter_mut().zip(undecided) {
                *next = looked.unwrap_or_else(|| next.clone());
            }
        }
        target = next;
    }
    Err(changed())
}
