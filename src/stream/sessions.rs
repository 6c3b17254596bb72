//! Sessions: rows of one key, each of which comes less than a gap after another one.
//!
//! A row at time t spans `[t, t + gap)`. It joins the open sessions of its key whose spans it overlaps, which become one; else it begins a
//! session, unless the watermark has passed the end of its span: then it is late. A session is closed as soon as the watermark reaches its end,
//! between two rows of a batch too: no later row joins it, even if it has not been handed out yet.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use arrow_array::{ArrayRef, UInt32Array};
use arrow_schema::FieldRef;
use arrow_select::take::take;

use super::answer::Answering;
use super::chunks::{Chunks, Loaded, failed};
use super::keys::KeyTable;
#[cfg(feature = "stream")]
use super::layout::Layout;
#[cfg(feature = "stream")]
use super::stored::Store;
use super::watermark::{Arrivals, Counters, Rows};
use crate::error::Result;
use crate::series::times::Times;
use crate::summary::Summaries;

/// The slot of a row whose session has been handed out.
pub(super) const GONE: u32 = u32::MAX;

/// See the [module](self).
#[derive(Clone, Debug)]
pub(super) struct Sessions {
    gap: i64,
    pub keys: KeyTable,
    pub slots: Vec<Slot>,
    pub free: Vec<u32>,
    /// The open sessions of each key, by their starts. Their spans do not overlap.
    by_key: Vec<BTreeMap<i64, u32>>,
    /// Ends of sessions, as they were when they were put here.
    queue: BinaryHeap<Reverse<(i64, u32)>>,
    pub chunks: Vec<Chunk>,
}

/// A session, or a part of one that it was joined with.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Slot {
    pub key: u32,
    pub start: i64,
    pub last: i64,
    /// The session that it was joined with; itself if none.
    pub parent: u32,
    /// Those that were joined with it.
    pub parts: Vec<u32>,
}

/// Rows with their slots.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    pub slots: Vec<u32>,
    pub rows: Chunks,
    /// Rows whose session is still open.
    pub left: usize,
}

/// The slot of each row of a batch; [`GONE`] of those that go nowhere.
pub(super) struct Routed(Vec<u32>);

impl Sessions {
    pub fn new(gap: i64) -> Self {
        Self {
            gap,
            keys: KeyTable::default(),
            slots: Vec::new(),
            free: Vec::new(),
            by_key: Vec::new(),
            queue: BinaryHeap::new(),
            chunks: Vec::new(),
        }
    }

    /// Sessions of whose slots those in `free` have none, where the watermark is at `watermark`.
    #[cfg(feature = "stream")]
    pub fn restored(
        gap: i64,
        watermark: i64,
        keys: KeyTable,
        (slots, free): (Vec<Slot>, Vec<u32>),
        chunks: Vec<Chunk>,
    ) -> Self {
        let mut this = Self { keys, slots, free, chunks, ..Self::new(gap) };
        this.by_key.resize(this.keys.len(), BTreeMap::new());
        let mut is_free = vec![false; this.slots.len()];
        this.free.iter().for_each(|&slot| is_free[slot as usize] = true);
        for (index, slot) in (0..).zip(&this.slots).filter(|(index, _)| !is_free[*index as usize]) {
            this.keys.use_key(slot.key);
            if slot.parent == index {
                let end = slot.last.saturating_add(gap);
                this.queue.push(Reverse((end, index)));
                if end > watermark {
                    this.by_key[slot.key as usize].insert(slot.start, index);
                }
            }
        }
        this
    }

    fn end(&self, slot: &Slot) -> i64 {
        slot.last.saturating_add(self.gap)
    }

    /// The open sessions.
    pub fn len(&self) -> usize {
        self.by_key.iter().map(BTreeMap::len).sum()
    }

    pub fn rows(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.left).sum()
    }

    pub fn bytes(&self) -> usize {
        let rows: usize = self.chunks.iter().map(|chunk| chunk.rows.bytes() + 4 * chunk.slots.len()).sum();
        let tables =
            size_of::<Slot>() * self.slots.len() + 16 * self.queue.len() + 24 * (self.by_key.len() + self.len());
        rows + tables + self.keys.bytes()
    }

    /// When the last one ends that is open now.
    pub fn last_end(&self) -> Option<i64> {
        let open = self.by_key.iter().flat_map(BTreeMap::values).map(|&slot| self.end(&self.slots[slot as usize]));
        open.max()
    }

    /// Where the rows of a batch go, as the watermark moves with them; a time beyond `horizon` does not move it.
    pub fn route(
        &mut self,
        keys: Vec<(FieldRef, ArrayRef)>,
        times: &Times,
        horizon: i64,
        rows: &mut Rows,
    ) -> Result<Arrivals<Routed>> {
        let keys = self.keys.ids(keys, times.values.len())?;
        self.by_key.resize(self.keys.len(), BTreeMap::new());
        let mut slots = vec![GONE; times.values.len()];
        let (mut late, mut counters) = (Vec::new(), Counters::default());
        for (row, (&time, &key)) in (0..).zip(times.values.iter().zip(&keys)) {
            if times.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row as usize)) {
                counters.null_time_rows += 1;
                continue;
            }
            match self.slot(key, time, rows.value()) {
                Some(slot) => slots[row as usize] = slot,
                None => late.push(row),
            }
            if time <= horizon {
                rows.see(time);
            } else {
                counters.ahead_rows += 1;
            }
        }
        // All rows of some keys may have been late.
        self.keys.free_unused(keys);
        Ok(Arrivals { to: Routed(slots), late, counters, stopped: None })
    }

    /// The session that a row is in; `None` if it is late.
    fn slot(&mut self, key: u32, time: i64, watermark: i64) -> Option<u32> {
        let (gap, slots) = (self.gap, &mut self.slots);
        let open = &mut self.by_key[key as usize];
        // Those that have ended wait to be handed out.
        while let Some(first) = open.first_entry()
            && slots[*first.get() as usize].last.saturating_add(gap) <= watermark
        {
            first.remove();
        }
        let before = open.range(..=time).next_back().map(|(_, &index)| index);
        let before = before.filter(|&index| time < slots[index as usize].last.saturating_add(gap));
        let after = match time.checked_add(1) {
            Some(next) => open.range(next..time.saturating_add(gap).max(next)).next().map(|(_, &index)| index),
            None => None,
        };
        let into = match (before, after) {
            (Some(before), Some(after)) => {
                // Both are one from now on: that with fewer parts joins the other.
                let is_less = slots[before as usize].parts.len() < slots[after as usize].parts.len();
                let (into, other) = if is_less { (after, before) } else { (before, after) };
                let (start, last) = (slots[before as usize].start, slots[after as usize].last);
                open.remove(&slots[after as usize].start);
                open.insert(start, into);
                let parts = std::mem::take(&mut slots[other as usize].parts);
                parts.iter().chain([&other]).for_each(|&part| slots[part as usize].parent = into);
                let whole = &mut slots[into as usize];
                (whole.start, whole.last) = (start, last);
                whole.parts.extend(parts.into_iter().chain([other]));
                Some(into)
            }
            (Some(before), None) => {
                let slot = &mut slots[before as usize];
                slot.last = slot.last.max(time);
                Some(before)
            }
            (None, Some(after)) => {
                let slot = &mut slots[after as usize];
                open.remove(&slot.start);
                slot.start = time;
                open.insert(time, after);
                Some(after)
            }
            (None, None) => None,
        };
        if into.is_some() {
            return into;
        }
        let end = time.saturating_add(gap);
        if end <= watermark {
            return None;
        }
        let index = self.free.pop().unwrap_or(slots.len() as u32);
        let slot = Slot { key, start: time, last: time, parent: index, parts: Vec::new() };
        match slots.get_mut(index as usize) {
            Some(free) => *free = slot,
            None => slots.push(slot),
        }
        open.insert(time, index);
        self.keys.use_key(key);
        self.queue.push(Reverse((end, index)));
        Some(index)
    }

    /// Takes the rows of a batch.
    pub fn add(&mut self, columns: &[ArrayRef], Routed(slots): &Routed) -> Result<()> {
        let there: Vec<u32> = (0..).zip(slots).filter(|(_, slot)| **slot != GONE).map(|(row, _)| row).collect();
        if there.is_empty() {
            return Ok(());
        }
        let slots: Vec<u32> = slots.iter().copied().filter(|&slot| slot != GONE).collect();
        let mut rows = Chunks::default();
        let ranges: Vec<_> = there.chunk_by(|a, b| a + 1 == *b).map(|run| run[0]..run[run.len() - 1] + 1).collect();
        rows.add(columns, &ranges)?;
        self.chunks.push(Chunk { left: slots.len(), slots, rows });
        Ok(())
    }

    /// Writes rows to files, those that came last first, until the others take no more than `most` bytes.
    #[cfg(feature = "stream")]
    pub fn spill(&mut self, layout: &Layout, store: &mut Store, most: usize) -> Result<()> {
        let excess = self.bytes().saturating_sub(most);
        let rows = self.chunks.iter_mut().rev().map(|chunk| &mut chunk.rows);
        Chunks::spill_some(rows, excess, &layout.kept(), store)
    }

    /// The bytes of its rows once they are all in memory.
    pub fn loaded_bytes(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.rows.loaded_bytes()).sum()
    }

    /// Copies what is the caller's, and joins small chunks.
    pub fn own(&mut self) -> Result<()> {
        if let Some(last) = self.chunks.last_mut() {
            last.rows.own()?;
        }
        while let [.., before, last] = &mut self.chunks[..]
            && before.slots.len() <= 2 * last.slots.len()
            && last.slots.len() < 1 << 15
            && before.rows.are_in_memory()
            && last.rows.are_in_memory()
        {
            before.rows = Chunks::joined([&before.rows, &last.rows].into_iter());
            before.rows.own()?;
            before.slots.append(&mut last.slots);
            before.left += last.left;
            self.chunks.pop();
        }
        Ok(())
    }

    /// Whether one may end until `watermark`.
    pub fn closes(&self, watermark: i64) -> bool {
        self.queue.peek().is_some_and(|Reverse((end, _))| *end <= watermark)
    }

    /// The session that a slot has become a part of.
    fn root(&self, slot: u32) -> u32 {
        self.slots[slot as usize].parent
    }

    /// The sessions that end until `watermark`, by their ends, then their keys. What was handed out is gone from here.
    pub fn close(&mut self, watermark: i64, answering: Answering<'_>) -> Result<Option<Summaries>> {
        let mut closing: Vec<u32> = Vec::new();
        while let Some(&Reverse((end, index))) = self.queue.peek()
            && end <= watermark
        {
            self.queue.pop();
            let slot = &self.slots[index as usize];
            let now = self.end(slot);
            if slot.parent != index {
                continue;
            }
            if now > watermark {
                self.queue.push(Reverse((now, index)));
            } else {
                closing.push(index);
            }
        }
        if closing.is_empty() {
            return Ok(None);
        }
        closing.sort_by_cached_key(|&index| {
            let slot = &self.slots[index as usize];
            (self.end(slot), self.keys.encoded(slot.key))
        });
        let found = self.in_runs(&closing, answering).into_iter().map(|run| self.describe(run, answering));
        match found.collect::<Result<_>>().and_then(|found| answering.joined(found)) {
            Ok(found) => {
                self.forget(&closing);
                Ok(Some(found))
            }
            // They come with the next call.
            Err(error) => {
                let back = closing.into_iter().map(|index| Reverse((self.end(&self.slots[index as usize]), index)));
                self.queue.extend(back.collect::<Vec<_>>());
                Err(error)
            }
        }
    }

    /// Sessions whose rows fit in memory together; a run of one may not.
    fn in_runs<'a>(&self, closing: &'a [u32], answering: Answering<'_>) -> Vec<&'a [u32]> {
        let (bytes, rows) = (self.loaded_bytes(), self.chunks.iter().map(|chunk| chunk.slots.len()).sum::<usize>());
        if answering.fits(bytes) {
            return vec![closing];
        }
        let mut sizes: HashMap<u32, usize> = closing.iter().map(|&index| (index, 0)).collect();
        for &slot in self.chunks.iter().flat_map(|chunk| &chunk.slots).filter(|slot| **slot != GONE) {
            if let Some(size) = sizes.get_mut(&self.root(slot)) {
                *size += 1;
            }
        }
        let (mut runs, mut start, mut size) = (Vec::new(), 0, 0);
        for (place, index) in closing.iter().enumerate() {
            size += sizes[index];
            if place > start && !answering.fits(bytes / rows.max(1) * size) {
                runs.push(&closing[start..place]);
                (start, size) = (place, sizes[index]);
            }
        }
        runs.push(&closing[start..]);
        runs
    }

    fn describe(&self, closing: &[u32], answering: Answering<'_>) -> Result<Summaries> {
        let numbers: HashMap<u32, u32> = closing.iter().copied().zip(0..).collect();
        let (mut rows, mut of_rows) = (Vec::new(), Vec::new());
        for chunk in &self.chunks {
            let mut indices = Vec::new();
            for (&slot, row) in chunk.slots.iter().zip(0u32..) {
                if slot != GONE
                    && let Some(&number) = numbers.get(&self.root(slot))
                {
                    indices.push(row);
                    of_rows.push(number);
                }
            }
            if !indices.is_empty() {
                let indices = UInt32Array::from(indices);
                let columns =
                    chunk.rows.load()?.columns(answering.layout.keys.len() + answering.layout.values.len())?;
                let taken = columns.iter().map(|column| take(column, &indices, None).map_err(failed));
                rows.push(taken.collect::<Result<Vec<_>>>()?);
            }
        }
        let sessions = || closing.iter().map(|&index| &self.slots[index as usize]);
        let bounds = (sessions().map(|slot| slot.start).collect(), sessions().map(|slot| self.end(slot)).collect());
        let keys = self.keys.columns(&sessions().map(|slot| slot.key).collect::<Vec<_>>())?;
        answering.numbered(&Loaded::of(rows), of_rows, bounds, keys)
    }

    /// What was handed out.
    fn forget(&mut self, closing: &[u32]) {
        let mut is_gone = vec![false; self.slots.len()];
        for &index in closing {
            let Slot { key, start, parts, .. } = &mut self.slots[index as usize];
            let (key, start, parts) = (*key, *start, std::mem::take(parts));
            let open = &mut self.by_key[key as usize];
            if open.get(&start) == Some(&index) {
                open.remove(&start);
            }
            for index in parts.into_iter().chain([index]) {
                is_gone[index as usize] = true;
                self.slots[index as usize].parent = index;
                self.free.push(index);
                self.keys.release(key);
            }
        }
        for chunk in &mut self.chunks {
            for slot in &mut chunk.slots {
                if *slot != GONE && is_gone[*slot as usize] {
                    *slot = GONE;
                    chunk.left -= 1;
                }
            }
        }
        self.chunks.retain(|chunk| chunk.left > 0);
        self.keys.free_unused(closing.iter().map(|&index| self.slots[index as usize].key).collect());
    }
}
