//! Few groups of many rows: a scan for each group and series, in passes over the rows, wherever those are.

use std::sync::{Mutex, RwLock};

use arrow_array::{RecordBatch, UInt32Array};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use rayon::prelude::*;

use super::table::Table;
use crate::describe::{AnyOutcome, AnyScan, Groups, PASSES, SortedRows, changed};
use crate::error::{Error, Result};
use crate::parquet::execute::context::ExecutionContext;
use crate::parquet::execute::pass::{Scans, settle};
use crate::parquet::execute::series::SAMPLED;
use crate::parquet::plan::Plan;
use crate::scan::{Keep, SAMPLE};
use crate::series::{Chunk, Kind, Repr};
use crate::summary::{Answers, PartRow, Summaries, Summary};
use crate::unpoisoned::Unpoisoned;

/// Bytes of a scan beside the values that it keeps.
const SCAN: u64 = 16 << 10;

/// The least number of values that a scan keeps.
const LEAST_KEPT: u64 = SAMPLE as u64 >> 4;

/// Groups are few where each has at least this many of the rows that were looked at, as a mean.
const ROWS: u64 = 64;

/// The series of a group that are decided, by their place.
type Decided = Vec<(usize, Summary)>;

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

/// See the [module](self).
pub(super) struct GroupScans<'a> {
    run: &'a ExecutionContext<'a>,
    /// How many groups there may be.
    most: usize,
    /// What a scan keeps.
    keep: Keep,
    /// A scan for each series of a new group; none in a further pass, in which there can be no new one.
    empties: Option<Vec<AnyScan>>,
    found: RwLock<FoundGroups>,
}

/// The groups so far.
#[derive(Default)]
struct FoundGroups {
    /// A row of keys for each, in the order in which they came.
    keys: Option<RecordBatch>,
    /// A scan for each series; none that is decided.
    scans: Vec<Mutex<Vec<Option<AnyScan>>>>,
}

impl<'a> GroupScans<'a> {
    /// Plans one scan for each series and group, for `groups` groups seen in the first `rows` rows. `None` if they would not fit in
    /// memory, or if grouping rows in a file is faster.
    pub fn for_few(run: &'a ExecutionContext<'a>, table: &Table, groups: usize, rows: u64) -> Option<Self> {
        let plan = run.plan;
        // A third is for rows that are on their way.
        let room = plan.budget.kept() * 2 / 3 / plan.series.len().max(1) as u64;
        let size = plan.key_size();
        let possible = (room / (SCAN + size * LEAST_KEPT)) as usize;
        // Some more may come.
        let most = groups + groups / 4 + 16;
        if most > possible || groups as u64 * ROWS > rows {
            return None;
        }
        let scans = most * plan.series.len();
        let each = room / most.max(1) as u64;
        let keep = ((each - SCAN) / size) as usize;
        tracing::info!(groups, keep, "rows do not fit in memory, but a scan of each group does");
        // A longer sample would take longer to sort than it saves.
        let first = Keep::AtMost(keep.min((4 * SAMPLE).max(SAMPLED / scans)));
        let reprs = table.schema.fields().iter().skip(table.keys);
        let reprs = reprs.map(|field| Repr::of(Kind::of(field.data_type()).as_slice()));
        let empties = reprs.map(|repr| AnyScan::new(repr, plan.spec, first)).collect();
        Some(Self { run, most, keep: Keep::AtMost(keep), empties: Some(empties), found: RwLock::default() })
    }

    /// More rows; `false` if there are too many groups after all.
    pub fn add(&self, rows: &SortedRows) -> Result<bool> {
        let Some(numbers) = self.numbers(&rows.keys)? else { return Ok(false) };
        let found = self.found.read().unpoisoned();
        // Threads begin at different groups, so that they seldom want the same one.
        let first = numbers.len() * rayon::current_thread_index().unwrap_or(0) / rayon::current_num_threads();
        for group in (first..numbers.len()).chain(0..first) {
            let mut scans = found.scans[numbers[group]].lock().unpoisoned();
            for (series, scan) in scans.iter_mut().enumerate() {
                if let Some(scan) = scan {
                    scan.read(&Chunk::Array(rows.group(series, group)))?;
                }
            }
        }
        self.run.interrupt.check()?;
        Ok(true)
    }

    /// The number of each of these groups; those of new ones are added. `None` if there are too many.
    fn numbers(&self, keys: &RecordBatch) -> Result<Option<Vec<usize>>> {
        {
            let found = self.found.read().unpoisoned();
            if let Some(known) = &found.keys {
                let (numbers, more) = Self::look_up(known, keys)?;
                if more.num_rows() == known.num_rows() {
                    return Ok(Some(numbers));
                }
            }
        }
        let Some(empties) = &self.empties else { return Err(changed()) };
        let mut found = self.found.write().unpoisoned();
        let (numbers, all) = match &found.keys {
            Some(known) => Self::look_up(known, keys)?,
            None => ((0..keys.num_rows()).collect(), keys.clone()),
        };
        if all.num_rows() > self.most {
            return Ok(None);
        }
        found.scans.resize_with(all.num_rows(), || Mutex::new(empties.iter().cloned().map(Some).collect()));
        found.keys = Some(all);
        Ok(Some(numbers))
    }

    /// The number of each of these keys, and the known ones with those of them that are new.
    fn look_up(known: &RecordBatch, keys: &RecordBatch) -> Result<(Vec<usize>, RecordBatch)> {
        let joint = Groups::from_batches([known, keys])?;
        let before = known.num_rows();
        let mut numbers = vec![0; keys.num_rows()];
        let mut new = Vec::new();
        for group in 0..joint.len() {
            // Rows ascend within a group, so that a key that is known comes first.
            match *joint.rows(group..group + 1) {
                [row] if (row as usize) < before => {}
                [row] => {
                    numbers[row as usize - before] = before + new.len();
                    new.push(row);
                }
                [old, row, ..] => numbers[row as usize - before] = old as usize,
                [] => {}
            }
        }
        if new.is_empty() {
            return Ok((numbers, known.clone()));
        }
        let new = UInt32Array::from_iter_values(new.into_iter().map(|row| row - before as u32));
        let new = take_record_batch(keys, &new).map_err(Error::from_grouping)?;
        Ok((numbers, concat_batches(&known.schema(), [known, &new]).map_err(Error::from_grouping)?))
    }

    /// The answers, in the order of the keys. `again` goes through all rows once more, and says whether it could: `None` if not.
    pub fn finish(self, again: &mut dyn FnMut(&Self) -> Result<bool>) -> Result<Option<Summaries>> {
        let (plan, spec) = (self.run.plan, self.run.plan.spec);
        let FoundGroups { keys, scans } = self.found.into_inner().unpoisoned();
        let keys = keys.ok_or_else(|| Error::Data("there are no rows to be grouped".to_owned()))?;
        let (groups, series) = (scans.len(), plan.series.len());
        let mut scans: Vec<Vec<Option<AnyScan>>> =
            scans.into_iter().map(|scans| scans.into_inner().unpoisoned()).collect();
        let mut answers = Answers::new(groups * series, spec);
        let mut undecided = groups * series;
        for _ in 0..PASSES {
            let outcomes = scans.par_iter_mut().map(|scans| finished(plan, scans, self.keep));
            let outcomes = outcomes.collect::<Result<Vec<_>>>()?;
            self.run.interrupt.check()?;
            let mut rows = answers.rows();
            let mut narrow = Vec::with_capacity(groups);
            for (group, (done, again)) in outcomes.into_iter().enumerate() {
                for (series, summary) in done {
                    rows.set_as(plan.series[series].number_type, series * groups + group, &summary);
                    undecided -= 1;
                }
                narrow.push(Mutex::new(again));
            }
            if undecided == 0 {
                let Groups { keys, rows: order, .. } = Groups::from_batches([&keys])?;
                let order: Vec<PartRow> = order.into_iter().map(|row| PartRow { part: 0, row }).collect();
                let answers = Answers::in_order(vec![answers], series, &order);
                return Ok(Some(Summaries::with_keys(plan.answered_columns(), Some(keys), spec, answers)));
            }
            let pass = Self {
                empties: None,
                found: RwLock::new(FoundGroups { keys: Some(keys.clone()), scans: narrow }),
                ..self
            };
            if !again(&pass)? {
                return Ok(None);
            }
            let narrow = pass.found.into_inner().unpoisoned().scans;
            for (scans, narrow) in scans.iter_mut().zip(narrow) {
                settle(scans, narrow.into_inner().unpoisoned())?;
            }
        }
        Err(changed())
    }
}
