//! The distinct keys of some rows.

use super::code::{Code, mixed};

/// Codes that are no further apart have a slot each.
const NEAR: usize = 1 << 16;

/// The distinct keys of some rows, found by open addressing: a key's slot, or the next one that is free.
pub(crate) struct Table<C> {
    pub(in super::super) codes: Vec<C>,
    pub(in super::super) firsts: Vec<u32>,
    pub(in super::super) counts: Vec<u32>,
    /// The key of each row, in their order.
    pub(in super::super) keys: Vec<u32>,
    /// One more than the key in a slot; 0 of a free one. At most half of the slots are taken.
    slots: Vec<u32>,
    seed: u64,
    /// The lowest code, if all of them are near it: the slot of a code is how far it is above.
    low: Option<C>,
}

impl<C: Code> Table<C> {
    pub(crate) fn new(seed: u64) -> Self {
        Self { codes: vec![], firsts: vec![], counts: vec![], keys: vec![], slots: vec![0; 64], seed, low: None }
    }

    /// For these codes, of at most `rows` rows.
    pub(in super::super) fn near(codes: impl Iterator<Item = C> + Clone, rows: usize, seed: u64) -> Self {
        let empty = Self::new(seed);
        let Some(first) = codes.clone().next().filter(|first| first.above(*first).is_some()) else { return empty };
        let (low, high) = codes.fold((first, first), |(low, high), code| (low.min(code), high.max(code)));
        match high.above(low).and_then(|range| usize::try_from(range).ok()) {
            // Twice as many as can be taken.
            Some(range) if range < rows.min(NEAR) => Self { slots: vec![0; 2 * (range + 1)], low: Some(low), ..empty },
            _ => empty,
        }
    }

    #[inline]
    pub(in super::super) fn add(&mut self, code: C, row: u32, same: impl Fn(C, usize, usize) -> bool) {
        if let Some(slot) = self.low.and_then(|low| code.above(low)) {
            let slot = slot as usize;
            let key = match self.slots[slot] {
                0 => self.insert(code, row, slot),
                taken => (taken - 1) as usize,
            };
            self.counts[key] += 1;
            return self.keys.push(key as u32);
        }
        let key = match self.find(code, |key| same(code, self.firsts[key] as usize, row as usize)) {
            Ok(key) => key,
            Err(slot) => self.insert(code, row, slot),
        };
        self.counts[key] += 1;
        self.keys.push(key as u32);
    }

    /// The key of this code that is also the `same`, or the slot that is free for it.
    #[inline]
    pub(super) fn find(&self, code: C, same: impl Fn(usize) -> bool) -> Result<usize, usize> {
        let mask = self.slots.len() - 1;
        let mut slot = mixed(code, self.seed) as usize & mask;
        loop {
            match self.slots[slot] {
                0 => return Err(slot),
                taken => {
                    let key = (taken - 1) as usize;
                    if self.codes[key] == code && same(key) {
                        return Ok(key);
                    }
                }
            }
            slot = (slot + 1) & mask;
        }
    }

    /// A new key in a free slot.
    #[cold]
    pub(super) fn insert(&mut self, code: C, row: u32, slot: usize) -> usize {
        self.codes.push(code);
        self.firsts.push(row);
        self.counts.push(0);
        self.slots[slot] = self.codes.len() as u32;
        if 2 * self.codes.len() > self.slots.len() {
            self.spread(4 * self.slots.len());
        }
        self.codes.len() - 1
    }

    /// The keys in `size` slots.
    fn spread(&mut self, size: usize) {
        self.slots = vec![0; size];
        for (key, &code) in self.codes.iter().enumerate() {
            let mut slot = mixed(code, self.seed) as usize & (size - 1);
            while self.slots[slot] != 0 {
                slot = (slot + 1) & (size - 1);
            }
            self.slots[slot] = key as u32 + 1;
        }
    }
}
