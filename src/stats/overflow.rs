//! Values that memory has no room for, in order: sorted runs of them in a temporary file.
//!
//! A run has each of its values once, with how often it is there, so few distinct values take little room however many there are. It is written
//! in blocks, and of each block it is known which values it holds. A stretch of all values in order is what the blocks of all runs have of it.

use std::path::Path;
use std::sync::{Arc, Mutex};

use super::select::{Key, ReadKeys, WrittenKeys};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::spill::{Place, Spill};
use crate::unpoisoned::Unpoisoned;

/// The distinct values of a block.
const BLOCK: usize = 1 << 10;

/// Where values go that memory has no room for. Clones are the same file.
#[derive(Clone, Debug)]
pub(crate) struct Overflow {
    /// How many values a series keeps in memory until it writes them.
    pub kept: usize,
    /// How many distinct values are read at a time, about.
    read: usize,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    spill: Spill,
    interrupt: Interrupt,
    /// What went wrong where values are added: it is told when they are finished.
    failure: Mutex<Option<Error>>,
}

impl Overflow {
    /// New files in this folder, for `threads` threads. `kept`: how many values a series keeps in memory; `read`: how many distinct ones are
    /// read at a time.
    ///
    /// # Errors
    ///
    /// [`Error::File`] if there can be no file in the folder.
    pub fn new(folder: &Path, threads: usize, kept: usize, read: usize, interrupt: &Interrupt) -> Result<Self> {
        let (spill, interrupt) = (Spill::new(folder, threads)?, interrupt.clone());
        let shared = Arc::new(Shared { spill, interrupt, failure: Mutex::default() });
        Ok(Self { kept: kept.max(1), read: read.max(BLOCK), shared })
    }

    /// The same file, for series that keep this many values.
    pub fn with_kept(&self, kept: usize) -> Self {
        Self { kept: kept.max(1), ..self.clone() }
    }

    /// Bytes that were written.
    pub fn written(&self) -> u64 {
        self.shared.spill.len()
    }
}

/// A block of a run, each value of which lies in one block of the run alone.
#[derive(Clone, Copy, Debug)]
struct Block<K> {
    first: K,
    last: K,
    place: Place,
}

/// The runs of a series. Clones share what is written.
#[derive(Clone, Debug)]
pub(super) struct Runs<K> {
    overflow: Overflow,
    /// The blocks of one run after the other.
    blocks: Vec<Block<K>>,
    /// How many values there are.
    count: u64,
}

impl<K: Key> Runs<K> {
    pub fn new(overflow: Overflow) -> Self {
        Self { overflow, blocks: Vec::new(), count: 0 }
    }

    /// No values, with room in the same file.
    pub fn empty(&self) -> Self {
        Self::new(self.overflow.clone())
    }

    /// How many values there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Another part of the same series.
    pub fn merge(&mut self, other: Self) {
        self.blocks.extend(other.blocks);
        self.count += other.count;
    }

    /// One more run of these values, which are no longer there then. A failure is told by [`Runs::finish`].
    pub fn write(&mut self, keys: &mut Vec<K>) {
        self.count += keys.len() as u64;
        keys.sort_unstable();
        let mut distinct = keys.chunk_by(|a, b| a == b).map(|equal| (equal[0], equal.len() as u64)).peekable();
        while distinct.peek().is_some() {
            let block: Vec<(K, u64)> = distinct.by_ref().take(BLOCK).collect();
            match self.write_block(&block) {
                Ok(block) => self.blocks.push(block),
                Err(error) => {
                    self.overflow.shared.failure.lock().unpoisoned().get_or_insert(error);
                    break;
                }
            }
        }
        keys.clear();
    }

    fn write_block(&self, block: &[(K, u64)]) -> Result<Block<K>> {
        self.overflow.shared.interrupt.check()?;
        let (keys, counts): (Vec<K>, Vec<u64>) = block.iter().copied().unzip();
        let bytes = postcard::to_stdvec(&(WrittenKeys(&keys), counts)).map_err(|error| self.damaged(error))?;
        let place = self.overflow.shared.spill.write([&bytes[..]])?;
        Ok(Block { first: keys[0], last: keys[keys.len() - 1], place })
    }

    fn read_block(&self, block: &Block<K>) -> Result<impl Iterator<Item = (K, u64)> + use<K>> {
        let bytes = self.overflow.shared.spill.read(block.place)?;
        let read: Result<(ReadKeys<K>, Vec<u64>), _> = postcard::from_bytes(&bytes);
        let (ReadKeys(keys), counts) = read.map_err(|error| self.damaged(error))?;
        if keys.len() != counts.len() {
            return Err(self.damaged("a block of other values than were written"));
        }
        Ok(keys.into_iter().zip(counts))
    }

    fn damaged(&self, error: impl std::fmt::Display) -> Error {
        self.overflow.shared.spill.damaged(error)
    }

    /// The values in order, ready to be read stretch by stretch.
    ///
    /// # Errors
    ///
    /// What went wrong while they were written.
    pub fn finish(&self) -> Result<Vec<Stretch<K>>> {
        if let Some(error) = self.overflow.shared.failure.lock().unpoisoned().take() {
            return Err(error);
        }
        let mut firsts: Vec<K> = self.blocks.iter().map(|block| block.first).collect();
        firsts.sort_unstable();
        // As many blocks begin in a stretch as may be read; of each run one more may reach into it.
        let step = (self.overflow.read / BLOCK).max(1);
        let mut cuts: Vec<K> = firsts.into_iter().step_by(step).skip(1).collect();
        cuts.dedup();
        let lows = std::iter::once(None).chain(cuts.iter().copied().map(Some));
        let highs = cuts.iter().copied().map(Some).chain([None]);
        Ok(lows.zip(highs).map(|(low, high)| Stretch { low, high }).collect())
    }

    /// The distinct values of a stretch, ascending, each with how often it is there.
    ///
    /// # Errors
    ///
    /// [`Error::File`] where the file cannot be read, [`Error::Interrupted`].
    pub fn read(&self, stretch: &Stretch<K>) -> Result<Vec<(K, u64)>> {
        self.overflow.shared.interrupt.check()?;
        let is_above = |key: &K| stretch.low.is_none_or(|low| low <= *key);
        let is_below = |key: &K| stretch.high.is_none_or(|high| *key < high);
        let mut found: Vec<(K, u64)> = Vec::new();
        for block in self.blocks.iter().filter(|block| is_above(&block.last) && is_below(&block.first)) {
            found.extend(self.read_block(block)?.filter(|(key, _)| is_above(key) && is_below(key)));
        }
        // Blocks are sorted each: this sort finds and merges them.
        found.sort_by_key(|(key, _)| *key);
        found.dedup_by(|next, kept| {
            let is_same = next.0 == kept.0;
            if is_same {
                kept.1 += next.1;
            }
            is_same
        });
        Ok(found)
    }
}

/// The values from `low` on and below `high`, where `None` is the infinity of its side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch<K> {
    low: Option<K>,
    high: Option<K>,
}
