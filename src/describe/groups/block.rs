//! Neighbouring rows, dealt out to partitions by their key.

use std::ops::Range;

use arrow_array::ArrayRef;
use arrow_buffer::NullBuffer;

use super::super::group_rows::code::{Code, mixed};

/// Rows of a block: their codes and values stay in the second-level cache while they are dealt out.
pub(crate) const ROWS: usize = 1 << 16;

/// Rows that a partition should have: their values stay in the second-level cache while they are brought to their groups.
const PARTITION_ROWS: usize = 1 << 15;

/// The most partitions, by the binary logarithm: with more, the cache lines that are written to at a time leave the first-level cache.
const MOST_BITS: u32 = 8;

/// Rows whose keys are looked at before any is dealt out.
const SAMPLE: usize = 1 << 12;

/// A key that has this many rows of the sample has a partition of its own.
const FREQUENT: usize = 16;

/// Slots of the table of frequent keys, a power of two and more than twice as many as there can be.
const SLOTS: usize = 4 * SAMPLE / FREQUENT;

/// More than there are partitions, a power of two.
const MOST: usize = 2 * ((1 << MOST_BITS) + SAMPLE / FREQUENT);

/// In which order the groups of a partition are described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GroupOrder {
    AsTheyCame,
    /// For partitions that are stretches of the codes: what is in order here is so in the answer.
    ByCode,
}

/// To which partition a key belongs. A frequent key has one of its own, the others share those of their hash, or of a stretch of
/// numbers where the keys are numbers that are spread evenly: then neighbours in the answer are neighbours here.
#[derive(Clone, Debug)]
pub(crate) struct Partitioning<C> {
    bits: u32,
    pub seed: u64,
    /// The least code, and by how many bits a code above it is shifted to be the place of its partition.
    stretch: Option<(C, u32)>,
    /// How many keys are frequent.
    frequent: usize,
    /// Those, by their hash.
    slots: Option<Box<[Slot<C>; SLOTS]>>,
}

/// A frequent key, or none.
#[derive(Clone, Copy, Debug, Default)]
struct Slot<C> {
    code: C,
    /// The first row that was seen to have it.
    first: u32,
    /// One more than its place among the frequent keys; 0 of a free slot.
    place: u16,
}

impl<C: Code> Partitioning<C> {
    /// For `rows` rows, by a look at some of them; those that `there` is false for have no key.
    pub fn new(
        rows: usize,
        seed: u64,
        there: impl Fn(usize) -> bool,
        code: impl Fn(usize) -> C,
        same: impl Fn(C, usize, usize) -> bool,
    ) -> Self {
        let (mut found, sample) = Self::looked_at(rows, rows, seed, there, code, same);
        if found.bits > 0 {
            found.stretch = Self::stretch(&sample, found.bits);
        }
        found
    }

    /// For `expected` rows, of which these are the first ones: what comes then may be anything, so keys that are not frequent here go by
    /// their hash.
    #[cfg(feature = "parquet")]
    pub fn by_hash(
        rows: usize,
        expected: usize,
        seed: u64,
        there: impl Fn(usize) -> bool,
        code: impl Fn(usize) -> C,
    ) -> Self {
        Self::looked_at(rows, expected, seed, there, code, |_, _, _| true).0
    }

    /// With the frequent keys of these rows, and the sorted codes of a sample of the others.
    fn looked_at(
        rows: usize,
        expected: usize,
        seed: u64,
        there: impl Fn(usize) -> bool,
        code: impl Fn(usize) -> C,
        same: impl Fn(C, usize, usize) -> bool,
    ) -> (Self, Vec<(C, u32)>) {
        let bits = (expected / PARTITION_ROWS).next_power_of_two().trailing_zeros().min(MOST_BITS);
        let mut found = Self { bits, seed, stretch: None, frequent: 0, slots: None };
        let mut frequent: Vec<(usize, C, u32)> = Vec::new();
        if bits == 0 {
            return (found, Vec::new());
        }
        let size = rows.min(SAMPLE);
        let sampled = (0..size).map(|place| (place as u128 * rows as u128 / size as u128) as usize);
        let mut sample: Vec<(C, u32)> = sampled.filter(|&row| there(row)).map(|row| (code(row), row as u32)).collect();
        sample.sort_unstable();
        for keys in sample.chunk_by(|a, b| a.0 == b.0) {
            let (code, first) = keys[0];
            // Of keys that share a hash, only the first one is counted.
            let count = keys.iter().filter(|(_, row)| same(code, first as usize, *row as usize)).count();
            if count >= FREQUENT {
                frequent.push((count, code, first));
            }
        }
        // The more frequent a key is, the later its partition comes.
        frequent.sort_unstable();
        let frequent: Vec<(C, u32)> = frequent.into_iter().map(|(_, code, first)| (code, first)).collect();
        found.frequent = frequent.len();
        if !frequent.is_empty() {
            let slots = found.slots.insert(Box::new([Slot::default(); SLOTS]));
            for (&(code, first), place) in frequent.iter().zip(1..) {
                let mut slot = mixed(code, seed) as usize % SLOTS;
                while slots[slot].place != 0 {
                    slot = (slot + 1) % SLOTS;
                }
                slots[slot] = Slot { code, first, place };
            }
        }
        sample.retain(|key| !frequent.iter().any(|(frequent, _)| *frequent == key.0));
        (found, sample)
    }

    /// Where the stretches of numbers begin, and how long they are, if that spreads a sorted sample evenly.
    fn stretch(sample: &[(C, u32)], bits: u32) -> Option<(C, u32)> {
        let (&(low, _), &(high, _)) = sample.first().zip(sample.last())?;
        let range = high.above(low)?;
        let shift = (u64::BITS - range.leading_zeros()).saturating_sub(bits);
        let mut counts = vec![0; 1 << bits];
        for (code, _) in sample {
            counts[(code.above(low)? >> shift) as usize] += 1;
        }
        let mean = sample.len() >> bits;
        (counts.into_iter().max()? <= 4 * mean + FREQUENT).then_some((low, shift))
    }

    /// In which order the groups of a partition are best described.
    pub fn order(&self) -> GroupOrder {
        if self.stretch.is_some() { GroupOrder::ByCode } else { GroupOrder::AsTheyCame }
    }

    /// The partitions of keys that are not frequent.
    pub fn shared(&self) -> usize {
        1 << self.bits
    }

    /// The place of the partition of rows without a key, which is the last one.
    pub fn without(&self) -> usize {
        self.shared() + self.frequent
    }

    #[inline]
    fn of(&self, code: C, row: usize, same: impl Fn(C, usize, usize) -> bool) -> usize {
        let hash = mixed(code, self.seed);
        if let Some(slots) = &self.slots {
            let mut slot = hash as usize % SLOTS;
            while slots[slot].place != 0 {
                let Slot { code: frequent, first, place } = slots[slot];
                if frequent == code && same(code, first as usize, row) {
                    return self.shared() + usize::from(place) - 1;
                }
                slot = (slot + 1) % SLOTS;
            }
        }
        if let Some((low, shift)) = self.stretch {
            // What lies beyond the sample's keys joins the last ones.
            let above = code.above(low).unwrap_or_default() >> shift;
            return above.min(self.shared() as u64 - 1) as usize;
        }
        // In two steps: a shift by all bits is none.
        (hash >> 1 >> (u64::BITS - 1 - self.bits)) as usize
    }
}

/// Neighbouring rows, one partition after the other; in each in the order in which they came.
pub(crate) struct Block<C> {
    /// Where the rows of each partition begin.
    starts: Vec<u32>,
    pub codes: Vec<C>,
    /// Where the rows were before they were dealt out.
    pub rows: Vec<u32>,
    /// The values of each series.
    pub values: Vec<ArrayRef>,
}

impl<C: Code> Block<C> {
    /// Deals rows out: first it counts, then it places. Their values are still missing.
    pub fn new(
        rows: Range<u32>,
        nulls: Option<&NullBuffer>,
        code: impl Fn(usize) -> C,
        same: impl Fn(C, usize, usize) -> bool,
        partitioning: &Partitioning<C>,
    ) -> Self {
        let without = partitioning.without();
        let mut codes = vec![C::default(); rows.len()];
        let mut indices = vec![0_u16; rows.len()];
        // Neighbours are counted apart: one that has the key of the row before would have to wait for its count.
        let mut counts = [[0_u32; MOST]; 2];
        let dealt = codes.iter_mut().zip(&mut indices).zip(rows.start as usize..).enumerate();
        for (turn, ((to_code, to_index), row)) in dealt {
            let mut index = without;
            if nulls.is_none_or(|nulls| nulls.is_valid(row)) {
                *to_code = code(row);
                index = partitioning.of(*to_code, row, &same);
            }
            *to_index = index as u16;
            counts[turn % 2][index % MOST] += 1;
        }
        let mut starts = Vec::with_capacity(without + 2);
        let mut next = [0_u32; MOST];
        let mut end = 0;
        for (index, next) in next.iter_mut().enumerate().take(without + 1) {
            *next = end;
            starts.push(end);
            end += counts[0][index] + counts[1][index];
        }
        starts.push(end);
        let mut dealt =
            Self { codes: vec![C::default(); codes.len()], rows: vec![0; codes.len()], starts, values: vec![] };
        for ((row, code), index) in rows.zip(codes).zip(indices) {
            let next = &mut next[usize::from(index) % MOST];
            (dealt.codes[*next as usize], dealt.rows[*next as usize]) = (code, row);
            *next += 1;
        }
        dealt
    }

    /// Rows that all belong to one partition.
    #[cfg(feature = "parquet")]
    pub fn of_one(partition: usize, partitioning: &Partitioning<C>, codes: Vec<C>, values: Vec<ArrayRef>) -> Self {
        let mut starts = vec![0; partitioning.without() + 2];
        starts[partition + 1..].fill(codes.len() as u32);
        Self { starts, codes, rows: Vec::new(), values }
    }

    /// Leaves out the rows of the partitions from `first` on.
    #[cfg(feature = "parquet")]
    pub fn cut_off(&mut self, first: usize) {
        let end = self.starts[first];
        self.starts[first..].fill(end);
        self.codes.truncate(end as usize);
        self.rows.truncate(end as usize);
    }

    /// The bytes of memory that it takes beside the values.
    #[cfg(feature = "parquet")]
    pub fn own_bytes(&self) -> usize {
        4 * (self.starts.capacity() + self.rows.capacity()) + size_of::<C>() * self.codes.capacity()
    }

    /// The rows of a partition.
    #[inline]
    pub fn run(&self, partition: usize) -> Range<usize> {
        self.starts[partition] as usize..self.starts[partition + 1] as usize
    }
}
