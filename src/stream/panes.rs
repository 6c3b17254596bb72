//! Periodic windows: the rows of each pane, until its last window has closed.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use arrow_array::ArrayRef;

use super::answer::Answering;
use super::assign::Periods;
use super::cells::{self, Cells, Stacks};
use super::chunks::Chunks;
use super::keys::KeyTable;
use super::layout::Layout;
#[cfg(feature = "stream")]
use super::stored::Store;
use super::watermark::{Arrivals, Counters, Rows};
use crate::arch::Tier;
use crate::error::Result;
use crate::series::times::Times;
use crate::spec::Spec;
use crate::summary::Summaries;
use crate::threads::Threads;

/// Rows of a pane of which cells are made before it closes.
const MANY: usize = if cfg!(test) { 8 } else { 1 << 20 };

/// Windows that are answered together, by their cells.
const TOGETHER: usize = 32;

/// Times that are looked at together.
const BLOCK: usize = 1 << 10;

/// Panes that hold rows.
#[derive(Clone, Debug)]
pub(super) struct Panes {
    pub periods: Periods,
    /// Their rows, as they came.
    pub open: BTreeMap<i64, Chunks>,
    /// What is known of rows that are not kept.
    pub cells: BTreeMap<i64, Cells>,
    pub keys: KeyTable,
    /// The units of the sums in cells, column by column.
    pub units: Vec<i32>,
    pub stacks: Stacks,
    /// Windows that end until then have been handed out.
    pub handed_out: i64,
}

/// The rows of a batch by their pane: ranges that ascend.
pub(super) struct Routed {
    slots: Vec<(i64, Vec<Range<u32>>)>,
    known: HashMap<i64, usize>,
    last: usize,
}

impl Routed {
    fn add(&mut self, pane: i64, rows: Range<u32>) {
        if self.slots.get(self.last).is_none_or(|slot| slot.0 != pane) {
            self.last = *self.known.entry(pane).or_insert_with(|| {
                self.slots.push((pane, Vec::new()));
                self.slots.len() - 1
            });
        }
        let ranges = &mut self.slots[self.last].1;
        match ranges.last_mut() {
            Some(last) if last.end == rows.start => last.end = rows.end,
            _ => ranges.push(rows),
        }
    }
}

/// The pane of a time, found again while times stay in it.
struct Cursor {
    periods: Periods,
    pane: i64,
    bounds: (i64, i64),
    /// When its first and its last window ends.
    ends: (i64, i64),
}

impl Cursor {
    fn new(periods: Periods) -> Self {
        Self { periods, pane: 0, bounds: (0, 0), ends: (0, 0) }
    }

    #[inline]
    fn go_to(&mut self, time: i64) {
        if time < self.bounds.0 || time >= self.bounds.1 {
            self.pane = self.periods.pane(time);
            self.bounds = self.periods.bounds_of_pane(self.pane);
            self.ends = self.periods.ends(self.pane);
        }
    }
}

impl Panes {
    pub fn new(periods: Periods) -> Self {
        Self {
            periods,
            open: BTreeMap::new(),
            cells: BTreeMap::new(),
            keys: KeyTable::default(),
            units: Vec::new(),
            stacks: Stacks::default(),
            handed_out: i64::MIN,
        }
    }

    /// The same without rows: which windows have been handed out is known.
    pub fn without_rows(&self) -> Self {
        Self { handed_out: self.handed_out, ..Self::new(self.periods) }
    }

    /// Where the rows of a batch go, from row `from` on, as the watermark moves with them; a time beyond `horizon` does not move it. It stops
    /// before a row that would be in a window that has closed and was not handed out yet: the row does not belong there any more.
    pub fn route(&self, times: &Times, from: usize, horizon: i64, rows: &mut Rows) -> Arrivals<Routed> {
        let mut routed = Routed { slots: Vec::new(), known: HashMap::new(), last: 0 };
        let (mut late, mut counters) = (Vec::new(), Counters::default());
        let (mut cursor, tier) = (Cursor::new(self.periods), Tier::best());
        let starts = (from as u32..).step_by(BLOCK);
        for (block, start) in times.values[from..].chunks(BLOCK).zip(starts) {
            let nulls = times.nulls.as_ref();
            if nulls.is_none() {
                let seen = tier.key_range(block, None);
                let (first, last) = (seen.min, seen.max);
                let mut after = *rows;
                after.see(last);
                cursor.go_to(first);
                // No row of the block is late, in whatever order they came: the earliest would not be after the latest.
                if last <= horizon && cursor.ends.0 > after.value() {
                    *rows = after;
                    if last < cursor.bounds.1 {
                        routed.add(cursor.pane, start..start + block.len() as u32);
                        continue;
                    }
                    let (mut from, mut pane) = (start, None);
                    for (&time, row) in block.iter().zip(start..) {
                        cursor.go_to(time);
                        if pane != Some(cursor.pane) {
                            if let Some(pane) = pane {
                                routed.add(pane, from..row);
                            }
                            (from, pane) = (row, Some(cursor.pane));
                        }
                    }
                    if let Some(pane) = pane {
                        routed.add(pane, from..start + block.len() as u32);
                    }
                    continue;
                }
            }
            for (&time, row) in block.iter().zip(start..) {
                if nulls.is_some_and(|nulls| nulls.is_null(row as usize)) {
                    counters.null_time_rows += 1;
                    continue;
                }
                cursor.go_to(time);
                let before = rows.value();
                if cursor.ends.0 <= before && cursor.ends.1 > before && self.holds(cursor.pane, before) {
                    return Arrivals { to: routed, late, counters, stopped: Some(row as usize) };
                }
                if cursor.ends.1 <= before {
                    late.push(row);
                } else {
                    counters.partly_late_rows += u64::from(cursor.ends.0 <= before);
                    routed.add(cursor.pane, row..row + 1);
                }
                if time <= horizon {
                    rows.see(time);
                } else {
                    counters.ahead_rows += 1;
                }
            }
        }
        Arrivals { to: routed, late, counters, stopped: None }
    }

    /// Whether a window of this pane has closed and was not handed out yet.
    fn holds(&self, pane: i64, watermark: i64) -> bool {
        self.periods.ends_within(pane, self.handed_out, watermark)
    }

    /// Takes the rows of a batch.
    pub fn add(&mut self, columns: &[ArrayRef], routed: &Routed) -> Result<()> {
        for (pane, ranges) in &routed.slots {
            self.open.entry(*pane).or_default().add(columns, ranges)?;
        }
        Ok(())
    }

    /// Of a pane with many rows only cells are kept, where these tell what is asked. Of the other rows, copies what is the caller's.
    pub fn own(&mut self, layout: &Layout, spec: &Spec) -> Result<()> {
        if cells::suffice(spec, layout) {
            let many = if layout.keys.is_empty() { cells::LONG } else { MANY };
            let many = self.open.iter().filter(|(_, rows)| rows.rows() >= many).map(|(&pane, _)| pane);
            for pane in many.collect::<Vec<_>>() {
                self.fold(pane, layout)?;
            }
        }
        self.open.values_mut().filter(|chunks| chunks.holds_borrowed()).try_for_each(Chunks::own)
    }

    /// Makes cells of the rows of a pane.
    fn fold(&mut self, pane: i64, layout: &Layout) -> Result<()> {
        let Some(rows) = self.open.get(&pane) else { return Ok(()) };
        let more = Cells::of_rows(&rows.load()?, rows.rows(), layout, &mut self.keys, &mut self.units)?;
        self.open.remove(&pane);
        match self.cells.get_mut(&pane) {
            None => {
                more.keys.iter().for_each(|&key| self.keys.use_key(key));
                self.cells.insert(pane, more);
            }
            Some(cells) => {
                cells.keys.iter().for_each(|&key| self.keys.release(key));
                cells.merge(&more, layout.values.len());
                cells.keys.iter().for_each(|&key| self.keys.use_key(key));
            }
        }
        self.stacks.change(pane);
        Ok(())
    }

    pub fn bytes(&self) -> usize {
        let rows: usize = self.open.values().map(Chunks::bytes).sum();
        rows + self.cells.values().map(Cells::bytes).sum::<usize>() + self.stacks.bytes() + self.keys.bytes()
    }

    /// The bytes of its rows once they are all in memory.
    pub fn loaded_bytes(&self) -> usize {
        self.open.values().map(Chunks::loaded_bytes).sum()
    }

    /// The panes that hold rows, ascending.
    fn panes(&self) -> Vec<i64> {
        let mut all: Vec<i64> = self.open.keys().chain(self.cells.keys()).copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// When the last window ends that holds rows.
    pub fn last_end(&self) -> Option<i64> {
        self.panes().last().map(|&pane| self.periods.ends(pane).1)
    }

    /// Windows that hold rows and are still open.
    pub fn windows(&self) -> Vec<i64> {
        let all = self.panes().into_iter().flat_map(|pane| self.periods.windows(pane));
        let mut open: Vec<i64> = all.filter(|&window| self.periods.bounds(window).1 > self.handed_out).collect();
        open.sort_unstable();
        open.dedup();
        open
    }

    /// The windows that end until `watermark` and were not handed out yet, in their order.
    fn closing(&self, watermark: i64) -> Vec<i64> {
        let mut windows: Vec<i64> = Vec::new();
        for pane in self.panes() {
            let of_pane = self.periods.windows(pane);
            if self.periods.bounds(*of_pane.start()).1 > watermark {
                break;
            }
            let from = windows.last().map_or(*of_pane.start(), |last| (last + 1).max(*of_pane.start()));
            windows.extend((from..=*of_pane.end()).filter(|&window| {
                let end = self.periods.bounds(window).1;
                self.handed_out < end && end <= watermark
            }));
        }
        windows
    }

    /// Writes rows to files, those that are wanted last first, until the others take no more than `most` bytes.
    #[cfg(feature = "stream")]
    pub fn spill(&mut self, layout: &Layout, store: &mut Store, most: usize) -> Result<()> {
        let excess = self.bytes().saturating_sub(most);
        Chunks::spill_some(self.open.values_mut().rev(), excess, &layout.kept(), store)
    }

    /// The bytes of the rows of the largest window that ends until `watermark`.
    pub fn largest(&self, watermark: i64) -> usize {
        let panes_of = |window: i64| self.open.range(self.periods.panes(window));
        let bytes = |window: i64| panes_of(window).map(|(_, chunks)| chunks.loaded_bytes()).sum();
        self.closing(watermark).into_iter().map(bytes).max().unwrap_or_default()
    }

    /// The windows that end until `watermark` and were not handed out yet, in their order. What was handed out is gone from here.
    pub fn close(&mut self, watermark: i64, answering: Answering<'_>) -> Result<Vec<Summaries>> {
        if self.handed_out >= watermark {
            return Ok(Vec::new());
        }
        let windows = self.closing(watermark);
        let by_cells = !self.cells.is_empty()
            || self.periods.overlap() && cells::suffice(answering.spec, answering.layout) && !windows.is_empty();
        let found = match by_cells {
            true => self.answer_by_cells(&windows, answering).inspect_err(|_| self.stacks.clear())?,
            false => self.answer_by_rows(&windows, answering)?,
        };
        self.handed_out = self.handed_out.max(watermark);
        while let Some(first) = self.open.first_entry()
            && self.periods.ends(*first.key()).1 <= watermark
        {
            first.remove();
        }
        while let Some(first) = self.cells.first_entry()
            && self.periods.ends(*first.key()).1 <= watermark
        {
            let cells = first.remove();
            cells.keys.iter().for_each(|&key| self.keys.release(key));
            self.keys.free_unused(cells.keys);
        }
        Ok(found)
    }

    /// The rows of a window.
    fn rows_of(&self, window: i64) -> Chunks {
        Chunks::joined(self.open.range(self.periods.panes(window)).map(|(_, chunks)| chunks))
    }

    fn answer_by_rows(&self, windows: &[i64], answering: Answering<'_>) -> Result<Vec<Summaries>> {
        let describe = |&window: &i64| {
            answering.interrupt.check()?;
            answering.window(&self.rows_of(window), self.periods.bounds(window))
        };
        let rows: usize = self.open.values().map(Chunks::rows).sum();
        // Where there is no room for all of them, each may take all that there is.
        let is_ample = answering.fits(self.loaded_bytes()) && self.open.values().all(Chunks::are_in_memory);
        let one_by_one = windows.len() == 1 || !is_ample;
        let threads = if one_by_one { Threads::This } else { Threads::for_values(rows) };
        threads.try_map_items(windows, describe)
    }

    fn answer_by_cells(&mut self, windows: &[i64], answering: Answering<'_>) -> Result<Vec<Summaries>> {
        let width = answering.layout.values.len();
        let mut found = Vec::with_capacity(windows.len());
        for some in windows.chunks(TOGETHER) {
            let mut sums = Vec::with_capacity(some.len());
            for &window in some {
                answering.interrupt.check()?;
                let panes = self.periods.panes(window);
                let rows: Vec<i64> = self.open.range(panes.clone()).map(|(&pane, _)| pane).collect();
                for pane in rows {
                    self.fold(pane, answering.layout)?;
                }
                sums.push((self.periods.bounds(window), self.stacks.window(panes, &self.cells, width)));
            }
            let keys = &self.keys;
            let answer = |(bounds, cells): &((i64, i64), Cells)| cells.answer(*bounds, keys, answering);
            let cells: usize = sums.iter().map(|(_, cells)| cells.keys.len() * width).sum();
            found.extend(Threads::for_values(cells).try_map_items(&sums, answer)?);
        }
        Ok(found)
    }
}
