//! Values sorted out into bins.

use std::fmt::Debug;

use serde::{Deserializer, Serializer};
use smallvec::SmallVec;

use super::pieces;
use crate::arch::block;
use crate::arch::key::{BinEdges, Keyed, Located, MOST_SIDE_BY_SIDE, SideBySide};
use crate::arch::{BLOCK, Index, Tier};

/// The most edges that are all compared with every key; among more of them its bin is searched.
pub const COMPARED: usize = 24;

/// What values are compared by.
pub trait Key: Copy + Ord + Send + Sync + Debug + 'static {
    /// An edge directly above this key: no key lies between the two. `None` where no such edge can be written, which says nothing
    /// of the keys above this one.
    fn successor(self) -> Option<Self>;

    /// Whether this is the only key from itself up to but without `end`, where `None` is the infinity.
    fn is_only_below(self, end: Option<Self>) -> bool;

    /// As [`bucketize`], for keys.
    fn bucketize(keys: &[Self], bins: &mut Bins<Self>, tier: Tier) {
        let _ = tier;
        for &key in keys {
            bins.add(key, 1);
        }
    }

    /// Sorts a few keys in a network of the tier; `false` if it has none.
    fn sort(keys: &mut [Self], tier: Tier) -> bool {
        let _ = (keys, tier);
        false
    }

    /// Appends these pairs to `sorted`, in the order of their keys.
    fn sort_pairs(pairs: &[(Self, u32)], sorted: &mut Vec<(Self, u32)>) {
        let start = sorted.len();
        sorted.extend_from_slice(pairs);
        sorted[start..].sort_unstable_by_key(|(key, _)| *key);
    }

    /// Whether the tier has a fast way for [`Key::partition`].
    fn partitions(tier: Tier) -> bool {
        let _ = tier;
        false
    }

    /// Moves the keys below `pivot` before the others, and returns how many there are; `None` where the tier has no fast way.
    fn partition(keys: &mut [Self], pivot: Self, scratch: &mut Vec<Self>, tier: Tier) -> Option<usize> {
        let _ = (keys, pivot, scratch, tier);
        None
    }

    /// Appends the keys from `low` on, up to but without `high`, where `None` is the infinity of its side.
    fn between(keys: &[Self], low: Option<Self>, high: Option<Self>, to: &mut Vec<Self>, tier: Tier) {
        let _ = tier;
        let inside = |key: &Self| low.is_none_or(|low| low <= *key) && high.is_none_or(|high| *key < high);
        to.extend(keys.iter().copied().filter(inside));
    }

    /// Keys as bytes, for a binary format.
    fn write<S: Serializer>(keys: &[Self], serializer: S) -> Result<S::Ok, S::Error>;

    /// What [`Key::write`] has written. It takes no more memory than the keys that are there, whatever their number is said to be.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Self>, D::Error>;
}

/// Bins with their counts, and the keys that are kept of them, in no order.
#[derive(Clone, Debug)]
pub struct Bins<K> {
    pub(super) edges: Vec<K>,
    /// Of more than [`COMPARED`] edges, once it was looked for; not every place has one.
    pub(super) index: Option<Option<Index>>,
    pub(super) kept: Vec<bool>,
    /// Whether none is kept.
    pub(super) counts_alone: bool,
    pub(super) counts: Vec<u64>,
    /// Only the first `filled` of them count: the kernels write whole vectors, and what is behind is written over.
    pub(super) keys: Vec<K>,
    pub(super) filled: usize,
    /// The bin of each of these keys, where there are more than [`COMPARED`] edges.
    pub(super) assigned: Vec<u32>,
}

impl<K: Key> Bins<K> {
    pub(super) fn new(edges: Vec<K>, kept: Vec<bool>) -> Self {
        let (counts, counts_alone) = (vec![0; kept.len()], !kept.contains(&true));
        Self { edges, index: None, kept, counts_alone, counts, keys: Vec::new(), filled: 0, assigned: Vec::new() }
    }

    pub(super) fn restart(&mut self, edges: Vec<K>, kept: Vec<bool>) {
        self.counts.clear();
        self.counts.resize(kept.len(), 0);
        self.counts_alone = !kept.contains(&true);
        (self.edges, self.kept) = (edges, kept);
        self.index = None;
        self.filled = 0;
    }

    /// A key, `times` times.
    pub fn add(&mut self, key: K, times: usize) {
        let bin = self.edges.partition_point(|edge| *edge <= key);
        self.counts[bin] += times as u64;
        if self.kept[bin] {
            let filled = self.filled + times;
            self.keys.truncate(self.filled);
            self.keys.resize(filled, key);
            if self.edges.len() > COMPARED {
                self.assigned.truncate(self.filled);
                self.assigned.resize(filled, bin as u32);
            }
            self.filled = filled;
        }
    }

    /// How many keys are below each of these, if all of them are edges.
    pub(super) fn count_below(&self, keys: &[K]) -> Option<Vec<u64>> {
        let mut below = 0;
        let sum = |count: &u64| {
            below += count;
            below
        };
        let sums: Vec<u64> = self.counts.iter().map(sum).collect();
        keys.iter().map(|key| Some(sums[self.edges.binary_search(key).ok()?])).collect()
    }

    pub(super) fn clear_kept(&mut self) {
        self.filled = 0;
    }

    pub(super) fn total(&self) -> u64 {
        self.counts.iter().sum()
    }
}

impl Key for i64 {
    fn successor(self) -> Option<Self> {
        self.checked_add(1)
    }

    fn is_only_below(self, end: Option<Self>) -> bool {
        // Above the greatest integer there is nothing: there, both are `None`.
        self.successor() == end
    }

    fn bucketize(keys: &[Self], bins: &mut Bins<Self>, tier: Tier) {
        bucketize(keys, None, bins, tier);
    }

    fn sort(keys: &mut [Self], tier: Tier) -> bool {
        tier.sort(keys)
    }

    /// Few pairs are sorted by one word each, with the place of the pair in its lowest bits. Keys that differ in these bits alone are rare.
    fn sort_pairs(pairs: &[(Self, u32)], sorted: &mut Vec<(Self, u32)>) {
        const PLACES: usize = 512;
        let start = sorted.len();
        let mut words = [0; PLACES];
        match words.get_mut(..pairs.len()) {
            Some(words) => {
                let low = PLACES as i64 - 1;
                for ((word, (key, _)), place) in words.iter_mut().zip(pairs).zip(0..) {
                    *word = key & !low | place;
                }
                words.sort_unstable();
                sorted.extend(words.iter().map(|word| pairs[(word & low) as usize]));
            }
            None => sorted.extend_from_slice(pairs),
        }
        let sorted = &mut sorted[start..];
        if !sorted.is_sorted_by_key(|(key, _)| *key) {
            sorted.sort_unstable_by_key(|(key, _)| *key);
        }
    }

    fn partitions(tier: Tier) -> bool {
        tier.partitions()
    }

    fn partition(keys: &mut [Self], pivot: Self, scratch: &mut Vec<Self>, tier: Tier) -> Option<usize> {
        tier.partition(keys, pivot, scratch)
    }

    fn between(keys: &[Self], low: Option<Self>, high: Option<Self>, to: &mut Vec<Self>, tier: Tier) {
        let ends: SmallVec<[i64; 2]> = [low, high].into_iter().flatten().collect();
        let cuts = BinEdges { edges: &ends, first: low.is_none(), flips: &[true; 2][..ends.len()] };
        for block in keys.chunks(BLOCK) {
            let filled = to.len();
            to.resize(filled + block.len().next_multiple_of(64), 0);
            let added = tier.bucketize(block, None, cuts, &mut [0; 2][..ends.len()], &mut to[filled..]);
            to.truncate(filled + added);
        }
    }

    fn write<S: Serializer>(keys: &[Self], serializer: S) -> Result<S::Ok, S::Error> {
        pieces::write_integers(keys, serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Self>, D::Error> {
        pieces::read_integers(deserializer)
    }
}

/// Counts a block of values in bins of which none is kept.
fn count<V: Keyed>(values: &[V], valid: Option<&[u8]>, bins: &mut Bins<i64>, tier: Tier) {
    let Bins { edges, index, counts, .. } = bins;
    let index = index.get_or_insert_with(|| Index::new::<V>(edges)).as_ref();
    if let Some(index) = index.filter(|index| index.is_for::<V>() && counts.len() <= MOST_SIDE_BY_SIDE) {
        let mut side_by_side: SideBySide = [[0; MOST_SIDE_BY_SIDE]; 4];
        tier.count_bins(values, valid, index, &mut side_by_side);
        for (bin, count) in counts.iter_mut().enumerate() {
            *count += side_by_side.iter().map(|counts| u64::from(counts[bin])).sum::<u64>();
        }
        return;
    }
    let mut found = Located::new();
    let count = tier.search(values, valid, edges, index, &mut found);
    for bin in &found.bins[..count] {
        counts[*bin as usize] += 1;
    }
}

/// Sorts a block of values out by the kernels of the tier; those of them whose bit is set.
pub fn bucketize<V: Keyed>(values: &[V], valid: Option<&[u8]>, bins: &mut Bins<i64>, tier: Tier) {
    match bins.edges.len() {
        0 if bins.counts_alone => {
            bins.counts[0] += block::count(values.len(), valid);
            return;
        }
        edges if bins.counts_alone && edges > tier.compared_edges() => return count(values, valid, bins, tier),
        _ => {}
    }
    let Bins { edges, index, kept, counts, keys, filled, assigned, .. } = bins;
    if edges.len() <= COMPARED {
        let mut below = [0; COMPARED + 1];
        let mut flips = [false; COMPARED];
        for (flip, pair) in flips.iter_mut().zip(kept.windows(2)) {
            *flip = pair[0] != pair[1];
        }
        let room = *filled + values.len().next_multiple_of(64);
        if keys.len() < room {
            keys.resize(room, 0);
        }
        let cuts = BinEdges { edges, first: kept[0], flips: &flips[..edges.len()] };
        *filled += tier.bucketize(values, valid, cuts, &mut below[..edges.len()], &mut keys[*filled..]);
        below[edges.len()] = block::count(values.len(), valid);
        let mut before = 0;
        for (count, below) in counts.iter_mut().zip(below) {
            *count += below - before;
            before = below;
        }
    } else {
        let mut found = Located::new();
        let count =
            tier.search(values, valid, edges, index.get_or_insert_with(|| Index::new::<V>(edges)).as_ref(), &mut found);
        if keys.len() < *filled + BLOCK {
            keys.resize(*filled + BLOCK, 0);
        }
        assigned.resize(keys.len(), 0);
        let (keys, assigned) = (&mut keys[*filled..], &mut assigned[*filled..]);
        let mut added = 0;
        for (&key, &bin) in found.keys.iter().zip(&found.bins).take(count) {
            let bin = bin as usize;
            counts[bin] += 1;
            // Written in any case, and kept if its bin is: a branch would be guessed wrong too often.
            (keys[added], assigned[added]) = (key, bin as u32);
            added += usize::from(kept[bin]);
        }
        *filled += added;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Also those that differ in their lowest bits alone, and more than one word has places for.
    #[test]
    fn pairs_are_in_the_order_of_their_keys() {
        let of: [fn(i64) -> i64; 6] = [
            |index| i64::MAX - index,
            |index| i64::MIN + index * 7919 % 511,
            |index| -index,
            |index| index * 7919 % 10,
            |_| -1,
            |index| index.wrapping_mul(6_364_136_223_846_793_005),
        ];
        for count in [0, 1, 2, 500, 511, 512, 513, 2000] {
            for of in of {
                let pairs: Vec<(i64, u32)> = (0..count).map(|index| (of(index), index as u32)).collect();
                let before = (0, 7);
                let mut sorted = vec![before];
                Key::sort_pairs(&pairs, &mut sorted);
                assert_eq!(sorted[0], before);
                assert!(sorted[1..].is_sorted_by_key(|(key, _)| *key));
                let mut rows = sorted.split_off(1);
                rows.sort_unstable_by_key(|(_, row)| *row);
                assert_eq!(rows, pairs);
            }
        }
    }
}
