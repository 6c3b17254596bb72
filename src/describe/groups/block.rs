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

/// Slots of the table of frequent keys, a power of two: far more than there can be, so that few of them share a slot.
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
    slots: Option<Slots<C>>,
}

/// The frequent keys, each in the slot that its hash says, and no two in one: looking a key up takes no loop.
#[derive(Clone, Debug)]
struct Slots<C> {
    keys: Box<[Slot<C>; SLOTS]>,
    /// By how many bits a hash is shifted to be the place of a slot.
    shift: u32,
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

impl<C: Code> Slots<C> {
    /// Of keys by their hashes, and which of them found a slot. Bits of the hashes are looked for of which no two keys have the same; if
    /// there are none, a slot has the last of its keys.
    fn new(frequent: &[(C, u32)], seed: u64) -> (Self, Vec<(C, u32)>) {
        let place = |code: C, shift: u32| (mixed(code, seed) >> shift) as usize % SLOTS;
        let is_free_of_clashes = |shift: &u32| {
            let mut taken = [false; SLOTS];
            frequent.iter().all(|&(code, _)| !std::mem::replace(&mut taken[place(code, *shift)], true))
        };
        let shift = (0..u64::BITS - SLOTS.ilog2()).find(is_free_of_clashes).unwrap_or_default();
        let mut keys = Box::new([Slot::default(); SLOTS]);
        for &(code, first) in frequent {
            keys[place(code, shift)] = Slot { code, first, place: 1 };
        }
        let kept: Vec<(C, u32)> =
            frequent.iter().copied().filter(|&(code, first)| keys[place(code, shift)].first == first).collect();
        for (&(code, _), number) in kept.iter().zip(1..) {
            keys[place(code, shift)].place = number;
        }
        (Self { keys, shift }, kept)
    }

    /// The place of a key among the frequent ones, after `first`; or else `other`.
    #[inline]
    fn find(
        &self,
        (code, hash): (C, u64),
        row: usize,
        same: impl Fn(C, usize, usize) -> bool,
        [first, other]: [usize; 2],
    ) -> usize {
        let Slot { code: frequent, first: seen, place } = self.keys[(hash >> self.shift) as usize % SLOTS];
        // Which keys are frequent is chance: no branches, which would be taken as often as not.
        let is_frequent = (frequent == code) & (place != 0) && same(code, seen as usize, row);
        if is_frequent { (first + usize::from(place)).wrapping_sub(1) } else { other }
    }
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
        let mut frequent: Vec<(C, u32)> = frequent.into_iter().map(|(_, code, first)| (code, first)).collect();
        if !frequent.is_empty() {
            let (slots, kept) = Slots::new(&frequent, seed);
            (found.slots, frequent) = (Some(slots), kept);
        }
        found.frequent = frequent.len();
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

    /// The partition of each of these codes, of rows from `start` on; of rows without a key it means nothing.
    fn of_all(&self, codes: &[C], start: usize, same: impl Fn(C, usize, usize) -> bool + Copy) -> Vec<u16> {
        match self.stretch {
            Some((low, shift)) => {
                let last = self.shared() as u64 - 1;
                self.of_all_by(codes, start, same, move |code, _| {
                    // What lies beyond the sample's keys joins the first or the last of them.
                    let above = if code < low { 0 } else { code.above(low).unwrap_or_default() };
                    (above >> shift).min(last) as usize
                })
            }
            None => {
                let rest = u64::BITS - 1 - self.bits;
                // In two steps: a shift by all bits is none.
                self.of_all_by(codes, start, same, move |_, hash| (hash >> 1 >> rest) as usize)
            }
        }
    }

    /// The same, where `shared` says the partition of a key that is not frequent, by its code and its hash.
    fn of_all_by(
        &self,
        codes: &[C],
        start: usize,
        same: impl Fn(C, usize, usize) -> bool + Copy,
        shared: impl Fn(C, u64) -> usize,
    ) -> Vec<u16> {
        let (seed, first) = (self.seed, self.shared());
        let hashed = codes.iter().map(|&code| (code, mixed(code, seed)));
        match &self.slots {
            None => hashed.map(|(code, hash)| shared(code, hash) as u16).collect(),
            Some(slots) => {
                let of = |(key, row)| slots.find(key, row, same, [first, shared(key.0, key.1)]) as u16;
                hashed.zip(start..).map(of).collect()
            }
        }
    }
}

/// Where the rows of each of `places` places begin once they are dealt out, and where the last ones end; `rows` has the place of each row. The
/// second array has the starts again, at their places: where the next row of each place goes. `SLOTS` is a power of two above all places.
pub(super) fn starts<const SLOTS: usize>(rows: &[u16], places: usize) -> (Vec<u32>, [u32; SLOTS]) {
    // Neighbours are counted apart: one that has the place of the row before would have to wait for its count.
    let mut counts = [[0_u32; SLOTS]; 2];
    for (&place, turn) in rows.iter().zip(0_usize..) {
        counts[turn % 2][usize::from(place) % SLOTS] += 1;
    }
    let mut starts = Vec::with_capacity(places + 1);
    let mut next = [0_u32; SLOTS];
    let mut end = 0;
    for (place, next) in next.iter_mut().enumerate().take(places) {
        *next = end;
        starts.push(end);
        end += counts[0][place] + counts[1][place];
    }
    starts.push(end);
    (starts, next)
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
        same: impl Fn(C, usize, usize) -> bool + Copy,
        partitioning: &Partitioning<C>,
    ) -> Self {
        let without = partitioning.without();
        let there = |row: usize| nulls.is_none_or(|nulls| nulls.is_valid(row));
        let all = rows.start as usize..rows.end as usize;
        let codes: Vec<C> = match nulls {
            None => all.clone().map(code).collect(),
            Some(_) => all.clone().map(|row| if there(row) { code(row) } else { C::default() }).collect(),
        };
        let mut indices = partitioning.of_all(&codes, all.start, same);
        if nulls.is_some() {
            let missing = indices.iter_mut().zip(all).filter(|(_, row)| !there(*row));
            missing.for_each(|(index, _)| *index = without as u16);
        }
        let (starts, mut next) = starts::<MOST>(&indices, without + 1);
        let mut dealt =
            Self { codes: vec![C::default(); codes.len()], rows: vec![0; codes.len()], starts, values: vec![] };
        let (to_codes, to_rows) = (&mut dealt.codes[..], &mut dealt.rows[..codes.len()]);
        for ((&code, &index), row) in codes.iter().zip(&indices).zip(rows) {
            let next = &mut next[usize::from(index) % MOST];
            (to_codes[*next as usize], to_rows[*next as usize]) = (code, row);
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        /// A key above another one is in no partition before it, whether a look at some rows has seen them or not. Those that were frequent
        /// have one of their own.
        #[test]
        fn stretches_are_in_the_order_of_the_keys(
            keys in prop::collection::vec(prop_oneof![4 => 0..1_000_000_u64, 1 => Just(7_u64), 1 => any::<u64>()], 400),
            frequent in any::<bool>(),
        ) {
            // Most rows hold the evenly spread keys that are looked at; those of the test lie between them.
            let spread = |row: usize| 100_000 + row as u64 % 800_000;
            let code = |row: usize| match row % 1_000 {
                1 => keys[row / 1_000 % keys.len()],
                2..50 if frequent => 500_000,
                _ => spread(row),
            };
            let rows = 1 << 17;
            let partitioning = Partitioning::new(rows, 1, |_| true, code, |_, _, _| true);
            prop_assert_eq!(partitioning.order(), GroupOrder::ByCode);
            let codes: Vec<u64> = (0..rows).map(code).collect();
            let mut partitions: Vec<(u64, u16)> = codes.iter().copied().zip(partitioning.of_all(&codes, 0, |_, _, _| true)).collect();
            partitions.sort_unstable();
            let shared = partitioning.shared() as u16;
            prop_assert!(partitions.iter().filter(|(_, at)| *at < shared).is_sorted_by_key(|(_, at)| *at));
            let own = |at: &u16| *at >= shared;
            prop_assert!(partitions.iter().filter(|(_, at)| own(at)).all(|(code, _)| *code == 500_000));
            prop_assert_eq!(partitions.iter().any(|(_, at)| own(at)), frequent);
            prop_assert_eq!(partitioning.without(), usize::from(shared) + usize::from(frequent));
        }

        /// Frequent keys are found, each at a place of its own, and no others.
        #[test]
        fn a_frequent_key_has_a_slot(mut codes in prop::collection::vec(any::<u64>(), 2..500), seed in any::<u64>()) {
            codes.sort_unstable();
            codes.dedup();
            let frequent: Vec<(u64, u32)> = codes.iter().copied().zip(0..).collect();
            let (slots, kept) = Slots::new(&frequent[..frequent.len() / 2], seed);
            let find = |code: u64| slots.find((code, mixed(code, seed)), 0, |_, _, _| true, [0, usize::MAX]);
            let found: Vec<(u64, usize)> =
                codes.iter().map(|&code| (code, find(code))).filter(|(_, place)| *place != usize::MAX).collect();
            prop_assert_eq!(found, kept.iter().map(|(code, _)| *code).zip(0..).collect::<Vec<_>>());
            prop_assert!(kept.len() * 4 >= frequent.len() / 2 * 3);
        }
    }
}
