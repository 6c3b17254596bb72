//! Keys that many rows have: each has scans that take its rows as they are decoded, so that none of these is kept.
//!
//! They are aimed by rows that were looked at before, so one pass most often decides them.

use std::sync::Mutex;

use arrow_array::{ArrayRef, BinaryArray};

use super::blocks::{Blocks, id};
use super::layout::{KeyCode, Layout};
use crate::describe::groups::{Block, Partitioning};
use crate::describe::{AnyOutcome, AnyScan, PASSES, changed};
use crate::error::Result;
use crate::memory_pool::Reservation;
use crate::num::figure::NumberType;
use crate::parquet::execute::pass::{Scans, settle};
use crate::parquet::plan::Plan;
use crate::scan::Keep;
use crate::series::from_arrow::take_rows;
use crate::series::{Chunk, Repr};
use crate::stats::select::{WIDE_MARGIN, expected_share};
use crate::summary::Summary;
use crate::threads::Threads;
use crate::unpoisoned::Unpoisoned;

/// The least number of rows of a key in a look that tell where its quantiles lie: around three of them lies a seventh of its rows then.
const LEAST_SEEN: usize = 1 << 13;

/// Bytes of a scan beside the values that it keeps.
const SCAN: u64 = 16 << 10;

/// How many times as many values a scan may keep as a look promises.
const MORE: f64 = 1.5;

/// The series of a group that are decided, by their place.
type Decided = Vec<(usize, Summary)>;

/// The scans of frequent keys.
pub(super) struct FrequentScans<C> {
    /// The partitions from this one on are scanned: those of frequent keys, and that of the rows without a key.
    first: usize,
    partitions: Vec<PartitionScans<C>>,
    /// What a scan may keep.
    keep: Keep,
    _memory: Reservation,
}

/// The scans of the rows of one key.
struct PartitionScans<C> {
    code: C,
    /// The bytes of a long key.
    text: Option<Vec<u8>>,
    /// One for each series; none of a series that is decided.
    empties: Scans,
    /// Those that no thread is busy with: as many as there were threads at a time.
    idle: Mutex<Vec<Scans>>,
}

/// A frequent key, and a summary of each series.
pub(super) struct FrequentGroup<C> {
    /// `None` for the rows without a key.
    pub code: Option<C>,
    pub text: Option<Vec<u8>>,
    pub summaries: Vec<Summary>,
}

/// Finishes the scans of a group: what is decided, and whose scans are gone then; for the other series a scan for another pass.
pub(super) fn finished(plan: &Plan<'_>, scans: &mut [Option<AnyScan>], keep: Keep) -> Result<(Decided, Scans)> {
    let mut decided = Vec::new();
    let again = scans.iter_mut().zip(&plan.series).enumerate().map(|(index, (slot, series))| {
        let Some(scan) = slot else { return Ok(None) };
        Ok(match scan.finish(plan.spec, keep).map_err(|error| error.of_series(Some(&series.name)))? {
            AnyOutcome::Again(narrow) => Some(narrow),
            AnyOutcome::Done(summary) => {
                decided.push((index, summary));
                *slot = None;
                None
            }
        })
    });
    let again = again.collect::<Result<_>>()?;
    Ok((decided, again))
}

impl<C: KeyCode> FrequentScans<C> {
    /// Scans for the keys that have many of the rows that were looked at, aimed by them; `None` if there are no such keys.
    pub fn aimed(
        plan: &Plan<'_>,
        kinds: &[(Repr, NumberType)],
        layout: &Layout,
        partitioning: &Partitioning<C>,
        looked_at: &Blocks<C>,
    ) -> Result<Option<Self>> {
        let (shared, without) = (partitioning.shared(), partitioning.without());
        let rows_of = |partition: usize| looked_at.blocks.iter().map(|block| block.run(partition).len()).sum();
        let seen: Vec<usize> = (shared..=without).map(rows_of).collect();
        let seen = |partition: usize| seen[partition - shared];
        let fractions = plan.spec.fractions();
        let all: usize = looked_at.blocks.iter().map(|block| block.codes.len()).sum();
        let kept = |partition: usize| {
            let expected = plan.rows() as f64 * seen(partition) as f64 / all as f64;
            (expected * expected_share(seen(partition), &fractions, WIDE_MARGIN) * MORE) as usize
        };
        let threads = plan.budget.threads() as u64;
        let of_key = |kept: usize| {
            plan.series.len() as u64 * ((SCAN + plan.bin_bytes()) * threads + plan.key_size() * kept as u64)
        };
        let room = plan.budget.kept();
        let needed = |first: usize| (first..=without).map(|partition| of_key(kept(partition))).sum::<u64>();
        // The more frequent a key is, the later its partition comes.
        let mut first = (shared..without).find(|&partition| seen(partition) >= LEAST_SEEN).unwrap_or(without);
        while first < without && needed(first) > room {
            first += 1;
        }
        if first == without && seen(without) < LEAST_SEEN {
            return Ok(None);
        }
        let Ok(memory) = plan.budget.pool.try_reserve(needed(first).min(room), plan.budget.pool.capacity() / 4) else {
            return Ok(None);
        };
        let most = (first..=without).map(kept).max().unwrap_or(0).min((room / plan.key_size()) as usize);
        let keep = Keep::AtMost(most);
        let partitions = Threads::All.try_map_items(first..without + 1, |partition| {
            let runs = || {
                looked_at.blocks.iter().map(|block| (block, block.run(partition))).filter(|(_, run)| !run.is_empty())
            };
            let first = looked_at.blocks.iter().enumerate().find_map(|(number, block)| {
                let start = block.run(partition).next()?;
                let code = block.codes[start];
                let is_long = partition < without && layout.has_texts() && code.is_long_text();
                Some((code, is_long.then(|| looked_at.text(id(number, start)).to_vec())))
            });
            let (code, text) = first.unwrap_or_default();
            let empties = kinds.iter().enumerate().map(|(series, &(repr, _))| {
                let mut scan = AnyScan::new(repr, plan.spec, Keep::All);
                for (block, run) in runs() {
                    scan.read(&Chunk::Array(block.values[series].slice(run.start, run.len())))?;
                }
                Ok(Some(scan.aimed(plan.spec, keep, seen(partition), WIDE_MARGIN)))
            });
            Ok(PartitionScans { code, text, empties: empties.collect::<Result<_>>()?, idle: Mutex::default() })
        })?;
        tracing::info!(keys = without - first, "rows of frequent keys are scanned as they are decoded");
        Ok(Some(Self { first, partitions, keep, _memory: memory }))
    }

    /// Scans those rows of a block that have one of the keys, and leaves the others; `false` if one has another key of the same code.
    pub fn take(&self, block: &mut Block<C>, values: &[ArrayRef], texts: Option<&BinaryArray>) -> Result<bool> {
        for (index, partition) in self.partitions.iter().enumerate() {
            let rows = &block.rows[block.run(self.first + index)];
            if let (Some(text), Some(texts)) = (&partition.text, texts)
                && rows.iter().any(|&row| texts.value(row as usize) != text)
            {
                return Ok(false);
            }
            if !rows.is_empty() {
                partition.add(rows, values)?;
            }
        }
        block.cut_off(self.first);
        Ok(true)
    }

    /// The answers. `again` hands all rows to other scans once more, and says whether it could: `None` if not.
    pub fn finish(
        self,
        plan: &Plan<'_>,
        again: &mut dyn FnMut(&Self) -> Result<bool>,
    ) -> Result<Option<Vec<FrequentGroup<C>>>> {
        let Self { first, partitions, keep, _memory } = self;
        let last = partitions.len() - 1;
        let keys: Vec<(C, Option<Vec<u8>>)> =
            partitions.iter().map(|partition| (partition.code, partition.text.clone())).collect();
        let mut scans: Vec<Scans> = Threads::All.try_map_items(partitions, PartitionScans::merged)?;
        let mut summaries: Vec<Vec<Option<Summary>>> = scans.iter().map(|scans| vec![None; scans.len()]).collect();
        let mut pass = Self { first, partitions: Vec::new(), keep, _memory };
        for _ in 0..PASSES {
            let outcomes = Threads::All.try_map_items(&mut scans, |scans| finished(plan, scans, keep))?;
            pass.partitions.clear();
            for (((done, empties), summaries), (code, text)) in outcomes.into_iter().zip(&mut summaries).zip(&keys) {
                done.into_iter().for_each(|(series, summary)| summaries[series] = Some(summary));
                let (code, text) = (*code, text.clone());
                pass.partitions.push(PartitionScans { code, text, empties, idle: Mutex::default() });
            }
            if pass.partitions.iter().all(|partition| partition.empties.iter().all(Option::is_none)) {
                let groups = keys.into_iter().zip(summaries).enumerate().map(|(index, ((code, text), summaries))| {
                    FrequentGroup {
                        code: (index < last).then_some(code),
                        text,
                        summaries: summaries.into_iter().flatten().collect(),
                    }
                });
                // A key without rows is none: what was looked at may have been left out since.
                return Ok(Some(groups.filter(FrequentGroup::has_rows).collect()));
            }
            if !again(&pass)? {
                return Ok(None);
            }
            for (scans, partition) in scans.iter_mut().zip(pass.partitions.drain(..)) {
                settle(scans, partition.merged()?)?;
            }
        }
        Err(changed())
    }
}

impl<C> FrequentGroup<C> {
    fn has_rows(&self) -> bool {
        self.summaries.iter().any(|summary| summary.count + summary.null_count + summary.nan_count > 0)
    }
}

impl<C> PartitionScans<C> {
    fn add(&self, rows: &[u32], values: &[ArrayRef]) -> Result<()> {
        if self.empties.iter().all(Option::is_none) {
            return Ok(());
        }
        let idle = self.idle.lock().unpoisoned().pop();
        let mut scans = idle.unwrap_or_else(|| self.empties.clone());
        for (scan, values) in scans.iter_mut().zip(values) {
            if let Some(scan) = scan {
                scan.read(&Chunk::Array(take_rows(values, rows)?))?;
            }
        }
        self.idle.lock().unpoisoned().push(scans);
        Ok(())
    }

    /// What the scans of all threads have found.
    fn merged(self) -> Result<Scans> {
        let mut all = self.idle.into_inner().unpoisoned().into_iter();
        let mut whole = all.next().unwrap_or(self.empties);
        for scans in all {
            for (whole, scan) in whole.iter_mut().zip(scans) {
                if let (Some(whole), Some(scan)) = (whole, scan) {
                    whole.merge(scan)?;
                }
            }
        }
        Ok(whole)
    }
}
