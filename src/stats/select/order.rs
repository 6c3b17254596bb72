//! Selection and sorting of keys that are all there, by partitions around the keys of a sample.
//!
//! As quicksort and quickselect go (C. A. R. Hoare, *Algorithms 63 to 65*, CACM 4(7), 1961), with a pivot that lies a little beside the
//! wanted ranks, so that each partition cuts off the larger side of them (R. W. Floyd and R. L. Rivest, *Algorithm 489*, CACM 18(3), 1975).
//! Where partitions cut off little, as with data that is made to that end, the standard library goes on: its time is bounded.

use super::bins::Key;
use crate::arch::Tier;
use crate::interrupt::Interrupt;

/// The most keys that are sorted as a whole where there is no network for them.
const FEW: usize = 64;

/// The keys that a pivot is chosen among.
#[derive(Clone, Copy)]
struct Sample {
    size: usize,
    /// The pivot lies this many places beside a wanted rank: one and a half standard deviations in the middle.
    aside: usize,
}

impl Sample {
    const MOST: usize = 64;

    /// Of few keys, half as many are looked at: to sort them would take longer than the partition.
    fn of(count: usize) -> Self {
        if count < 512 { Self { size: 32, aside: 4 } } else { Self { size: Self::MOST, aside: 6 } }
    }

    /// The index of a key of the sample among `count` keys.
    fn index(self, place: usize, count: usize) -> usize {
        (2 * place + 1) * count / (2 * self.size)
    }

    /// Where in the sample a rank among `count` keys lies.
    fn place(self, rank: u64, count: usize) -> usize {
        (rank as usize * self.size / count).min(self.size - 1)
    }
}

/// The most keys that are partitioned: that needs a second buffer of their size, which no memory limit counts.
const MOST: usize = 1 << 16;

/// Partitions in a row, of which some have to cut off an eighth, before the standard library goes on.
const PATIENCE: u32 = 8;

/// What partitions need.
struct Work<'a, K> {
    tier: Tier,
    interrupt: &'a Interrupt,
    scratch: Vec<K>,
}

/// Appends the keys of these ranks (ascending, each once, counted from `first`) to `found`. It reorders the keys. Once it is interrupted,
/// what it has found means nothing.
pub(super) fn select_each<K: Key>(
    keys: &mut [K],
    ranks: &[u64],
    first: u64,
    found: &mut Vec<K>,
    tier: Tier,
    interrupt: &Interrupt,
) {
    Work { tier, interrupt, scratch: Vec::new() }.select(keys, ranks, first, found, PATIENCE);
}

/// Sorts keys.
pub fn sort<K: Key>(keys: &mut [K], tier: Tier) {
    Work { tier, interrupt: &Interrupt::default(), scratch: Vec::new() }.sort(keys, PATIENCE);
}

impl<K: Key> Work<'_, K> {
    fn select(&mut self, keys: &mut [K], ranks: &[u64], first: u64, found: &mut Vec<K>, patience: u32) {
        let (Some(&lowest), Some(&highest)) = (ranks.first(), ranks.last()) else { return };
        if self.interrupt.is_stopped() {
            return found.extend(ranks.iter().map(|_| keys[0]));
        }
        if K::sort(keys, self.tier) {
            return found.extend(ranks.iter().map(|rank| keys[(rank - first) as usize]));
        }
        if keys.len() <= FEW {
            return self.select_by_library(keys, ranks, first, found, patience);
        }
        let middle = ranks[ranks.len() / 2];
        let sample = Sample::of(keys.len());
        let last = sample.size - 1;
        let [lowest, middle, highest] = [lowest, middle, highest].map(|rank| sample.place(rank - first, keys.len()));
        let at = match () {
            () if highest - lowest > sample.size / 4 => middle,
            () if lowest > last - highest => lowest.saturating_sub(sample.aside),
            () => (highest + sample.aside).min(last),
        };
        let Some((pivot, below)) = self.partition(keys, sample, at, patience) else {
            return self.select_by_library(keys, ranks, first, found, patience);
        };
        let count = keys.len();
        let (left, right) = keys.split_at_mut(below);
        let (lower, upper) = ranks.split_at(ranks.partition_point(|rank| rank - first < below as u64));
        if left.is_empty() {
            let Some(equal) = self.count_equal(right, pivot) else {
                return self.select_by_library(right, ranks, first, found, patience);
            };
            let (least, others) = upper.split_at(upper.partition_point(|rank| rank - first < equal as u64));
            found.extend(least.iter().map(|_| pivot));
            return self.select(&mut right[equal..], others, first + equal as u64, found, patience);
        }
        self.select(left, lower, first, found, still(patience, below, count));
        self.select(right, upper, first + below as u64, found, still(patience, count - below, count));
    }

    fn sort(&mut self, keys: &mut [K], patience: u32) {
        if self.sort_few(keys) {
            return;
        }
        let sample = Sample::of(keys.len());
        let Some((pivot, below)) = self.partition(keys, sample, sample.size / 2, patience) else {
            return keys.sort_unstable();
        };
        let count = keys.len();
        let (left, right) = keys.split_at_mut(below);
        if left.is_empty() {
            return match self.count_equal(right, pivot) {
                Some(equal) => self.sort(&mut right[equal..], patience),
                None => right.sort_unstable(),
            };
        }
        self.sort(left, still(patience, below, count));
        self.sort(right, still(patience, count - below, count));
    }

    /// Whether the keys were so few that they are sorted now.
    fn sort_few(&self, keys: &mut [K]) -> bool {
        K::sort(keys, self.tier)
            || keys.len() <= FEW && {
                keys.sort_unstable();
                true
            }
    }

    /// Moves the keys below a pivot, which lies at this place of a sample, before the others. Returns the pivot and their number; `None`
    /// where the tier has no fast way, there are too many keys, or no patience is left.
    fn partition(&mut self, keys: &mut [K], sample: Sample, at: usize, patience: u32) -> Option<(K, usize)> {
        if patience == 0 || keys.len() > MOST || !K::partitions(self.tier) {
            return None;
        }
        let mut looked_at = [keys[0]; Sample::MOST];
        let looked_at = &mut looked_at[..sample.size];
        for (place, key) in looked_at.iter_mut().enumerate() {
            *key = keys[sample.index(place, keys.len())];
        }
        let pivot = match K::sort(looked_at, self.tier) {
            true => looked_at[at],
            false => *looked_at.select_nth_unstable(at).1,
        };
        Some((pivot, K::partition(keys, pivot, &mut self.scratch, self.tier)?))
    }

    /// Moves the keys that are equal to the least one before the others, and returns their number; `None` where there is no fast way.
    fn count_equal(&mut self, keys: &mut [K], least: K) -> Option<usize> {
        K::partition(keys, least.successor()?, &mut self.scratch, self.tier)
    }

    /// The middle one of the ranks by `select_nth_unstable` (introselect, linear also in the worst case).
    fn select_by_library(&mut self, keys: &mut [K], ranks: &[u64], first: u64, found: &mut Vec<K>, patience: u32) {
        let Some(&rank) = ranks.get(ranks.len() / 2) else { return };
        let (lower, upper) = (&ranks[..ranks.len() / 2], &ranks[ranks.len() / 2 + 1..]);
        let (left, key, right) = keys.select_nth_unstable((rank - first) as usize);
        let key = *key;
        self.select(left, lower, first, found, patience);
        found.push(key);
        self.select(right, upper, rank + 1, found, patience);
    }
}

/// The patience with one side of a partition: as before where an eighth at least is gone.
fn still(patience: u32, side: usize, count: usize) -> u32 {
    if side > count - count / 8 { patience - 1 } else { patience }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::key::Keyed;
    use crate::stats::seeds;
    use proptest::prelude::*;

    fn check(keys: &[i64], ranks: &[u64]) {
        let mut expected = keys.to_vec();
        expected.sort_unstable();
        let wanted: Vec<i64> = ranks.iter().map(|&rank| expected[rank as usize]).collect();
        for tier in Tier::available() {
            let (mut sorted, mut found) = (keys.to_vec(), Vec::new());
            sort(&mut sorted, tier);
            assert_eq!(sorted, expected, "{tier:?}");
            let shifted: Vec<u64> = ranks.iter().map(|rank| rank + 7).collect();
            select_each(&mut keys.to_vec(), &shifted, 7, &mut found, tier, &Interrupt::default());
            assert_eq!(found, wanted, "{tier:?}");
        }
    }

    #[test]
    fn whatever_the_order_and_the_number() {
        for count in (1..=300).chain([1000, 1023, 1024, 1025, 20_000, MOST + 1]) {
            for values in seeds::orders(count) {
                let keys: Vec<i64> = values.iter().map(|value| value.key()).collect();
                let last = count as u64 - 1;
                let mut ranks = vec![0, last / 4, last / 4 + 1, last / 2, last - last / 4, last];
                ranks.retain(|rank| *rank <= last);
                ranks.sort_unstable();
                ranks.dedup();
                check(&keys, &ranks);
                check(&keys, &[last / 3]);
            }
        }
    }

    #[test]
    fn ends_of_the_line_and_many_ties() {
        for count in [129, 500, 3000] {
            for few in [1, 2, 3, 10] {
                let keys: Vec<i64> = (0..count)
                    .map(|index| [i64::MAX, i64::MIN, 0, 1, -1, 5, i64::MAX - 1, 7, 8, 9][index * 7919 % few])
                    .collect();
                let all: Vec<u64> = (0..count as u64).collect();
                check(&keys, &all);
                check(&keys, &[0, count as u64 / 2]);
            }
        }
    }

    /// The sample sees the greatest keys only.
    #[test]
    fn a_sample_that_misleads() {
        let count = 4096;
        let mut keys: Vec<i64> = (0..count as i64).map(|index| index * 7919 % 4093).collect();
        let sample = Sample::of(count);
        for place in 0..sample.size {
            keys[sample.index(place, count)] = i64::MAX - place as i64;
        }
        check(&keys, &[0, 100, 2048, 4000]);
        keys.iter_mut().for_each(|key| *key = -*key);
        check(&keys, &[0, 100, 2048, 4000]);
    }

    proptest! {
        #[test]
        fn any_keys(keys in prop::collection::vec(any::<i64>(), 1..2000), rank in any::<prop::sample::Index>()) {
            check(&keys, &[rank.index(keys.len()) as u64]);
            let few: Vec<i64> = keys.iter().map(|key| key % 5).collect();
            check(&few, &[rank.index(keys.len()) as u64]);
        }
    }
}
