//! Selection among the keys of a few bins that were kept, by another look at them.
//!
//! Between two neighbouring edges values lie about evenly. So a rank among n of them is found near its share of the way, some √n
//! places to each side, as in an interpolation search. The counts say whether it is there; where it is not, or where only a few keys are
//! left, they are partitioned.

use super::bins::{Bins, COMPARED, Key};
use super::brackets::{Brackets, Intervals, single_key};
use super::order::select_each;
use crate::arch::{BLOCK, Tier};
use crate::interrupt::Interrupt;

/// Among up to this many keys there is no other look.
const FEW: u64 = 384;

/// How many standard deviations of a place among evenly spread keys an interval reaches to each side.
const MARGIN: f64 = 3.5;

/// By this share of the bin it reaches further, as values are not spread quite evenly.
const UNEVEN: f64 = 1.0 / 64.0;

/// The key of about the value that lies at this share (0 to 1) of the way from one key to another; `None` where there is no telling.
pub type Between<K> = fn(K, K, f64) -> Option<K>;

/// What selection needs beside the keys.
#[derive(Clone, Copy)]
pub(super) struct Means<'a, K> {
    pub between: Between<K>,
    pub tier: Tier,
    pub interrupt: &'a Interrupt,
}

impl<K: Key> Bins<K> {
    /// Appends the keys of these ranks (ascending, each once, from 0) to `found`; `false`, where that means nothing, if one of them is in a
    /// bin that is not kept. The bins hold all that they have kept. It reorders the keys.
    pub(super) fn select(&mut self, ranks: &[u64], found: &mut Vec<K>, means: Means<'_, K>) -> bool {
        let Self { edges, kept, counts, .. } = &*self;
        // The ranks among what was kept, and where in `found` each of these is.
        let (mut among, mut places): (Vec<u64>, Vec<usize>) = (Vec::new(), Vec::new());
        let (mut below, mut kept_below) = (0, 0);
        for (bin, (&count, &kept)) in counts.iter().zip(kept).enumerate() {
            let here = ranks.partition_point(|&rank| rank < below)..ranks.partition_point(|&rank| rank < below + count);
            if let Some(key) = single_key(edges, bin) {
                found.extend(here.map(|_| key));
            } else if kept {
                for place in here {
                    among.push(ranks[place] - below + kept_below);
                    places.push(found.len());
                    found.push(self.keys[0]);
                }
            } else if !here.is_empty() {
                return false;
            }
            below += count;
            kept_below += if kept { count } else { 0 };
        }
        let mut selected = Vec::with_capacity(among.len());
        if !self.select_narrowed(&among, &mut selected, means) {
            selected.clear();
            let keys = &mut self.keys[..self.filled];
            select_each(keys, &among, 0, &mut selected, means.tier, means.interrupt);
        }
        for (place, key) in places.into_iter().zip(selected) {
            found[place] = key;
        }
        true
    }

    /// The same for ranks among what was kept, by narrower bins; `false` where that does not help.
    fn select_narrowed(&self, among: &[u64], found: &mut Vec<K>, means: Means<'_, K>) -> bool {
        let Some(brackets) = self.narrower(among, means.between) else { return false };
        let mut narrower = Bins::new(brackets.edges, brackets.kept);
        for block in self.keys[..self.filled].chunks(BLOCK) {
            K::bucketize(block, &mut narrower, means.tier);
        }
        // Keys may crowd there: each look has to leave less than the one before.
        narrower.filled <= self.filled / 2 && narrower.select(among, found, means)
    }

    /// Brackets that hold less than half of what these bins have kept, and these ranks among it, if it is spread evenly.
    fn narrower(&self, among: &[u64], between: Between<K>) -> Option<Brackets<K>> {
        if self.filled as u64 <= FEW {
            return None;
        }
        let mut intervals = Intervals::default();
        let (mut below, mut rest, mut share) = (0, among, 0.0);
        for (bin, &count) in self.counts.iter().enumerate().filter(|(bin, _)| self.kept[*bin]) {
            let (here, others) = rest.split_at(rest.partition_point(|&rank| rank < below + count));
            (rest, below) = (others, below + count);
            let first = below - count;
            let (low, high) = (bin.checked_sub(1).map(|lower| self.edges[lower]), self.edges.get(bin).copied());
            let n = count as f64;
            let mut ranges: Vec<(f64, f64)> = Vec::with_capacity(here.len());
            for rank in here {
                let place = (rank - first) as f64 + 0.5;
                let reach = MARGIN * (place * (n - place) / n).sqrt() + n * UNEVEN;
                match ranges.last_mut() {
                    Some((_, end)) if place - reach <= *end => *end = place + reach,
                    _ => ranges.push((place - reach, place + reach)),
                }
            }
            for (start, end) in ranges {
                let key = |place: f64| low.zip(high).and_then(|(low, high)| between(low, high, place / n));
                share += (end.min(n) - start.max(0.0)) / self.filled as f64;
                intervals.intervals.push((
                    if start > 0.0 { Some(key(start)?) } else { low },
                    if end < n { Some(key(end)?) } else { high },
                ));
            }
        }
        let brackets = Brackets::from_intervals(intervals);
        (share < 0.5 && brackets.edges.len() <= COMPARED).then_some(brackets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::seeds;
    use crate::stats::value::Value;
    use proptest::prelude::*;

    /// The bins of these edges, every other one of which is kept; and the keys in order.
    fn bins(values: &[f64], edges: &[f64], tier: Tier) -> (Bins<i64>, Vec<i64>) {
        let mut keys: Vec<i64> = values.iter().map(|value| Value::key(*value)).collect();
        let mut edges: Vec<i64> = edges.iter().map(|edge| Value::key(*edge)).collect();
        edges.sort_unstable();
        edges.dedup();
        let kept = (0..=edges.len()).map(|bin| bin % 2 == 1 && single_key(&edges, bin).is_none()).collect();
        let mut bins = Bins::new(edges, kept);
        keys.chunks(BLOCK).for_each(|block| Key::bucketize(block, &mut bins, tier));
        keys.sort_unstable();
        (bins, keys)
    }

    /// Every rank that can be told is, and right.
    fn check(values: &[f64], edges: &[f64]) {
        for tier in Tier::available() {
            let (whole, sorted) = bins(values, edges, tier);
            for between in [f64::between, |_, _, _| None, |low, _, _| Some(low), |_, high, _| Some(high)] {
                let means = Means { between, tier, interrupt: &Interrupt::default() };
                let is_told = |rank: &u64| {
                    let bin = whole.edges.partition_point(|edge| *edge <= sorted[*rank as usize]);
                    whole.kept[bin] || single_key(&whole.edges, bin).is_some()
                };
                let told: Vec<u64> = (0..sorted.len() as u64).filter(is_told).collect();
                let few = [told.len() / 4, told.len() / 4 + 1, told.len() / 2, told.len() - 1]
                    .map(|at| told[at.min(told.len() - 1)]);
                let mut few = few.to_vec();
                few.dedup();
                for ranks in [told.clone(), few, vec![told[0]]] {
                    let mut found = Vec::new();
                    assert!(whole.clone().select(&ranks, &mut found, means), "{tier:?}");
                    let expected: Vec<i64> = ranks.iter().map(|rank| sorted[*rank as usize]).collect();
                    assert_eq!(found, expected, "{tier:?}");
                }
                if let Some(rank) = (0..sorted.len() as u64).find(|rank| !is_told(rank)) {
                    assert!(!whole.clone().select(&[rank], &mut Vec::new(), means));
                }
            }
        }
    }

    #[test]
    fn keys_that_lie_evenly_and_that_do_not() {
        for count in [385, 1000, 5000] {
            for values in seeds::orders(count) {
                let mut sorted = values.clone();
                sorted.sort_unstable_by(f64::total_cmp);
                let at = |share: f64| sorted[(share * (count - 1) as f64) as usize];
                check(&values, &[at(0.2), at(0.3), at(0.45), at(0.55)]);
                check(&values, &[at(0.0), at(1.0)]);
            }
            // Two crowds at the ends of a bin, and one key in the middle.
            let crowds = |index: usize| if index == 7 { 0.5 } else { (index % 2) as f64 + index as f64 * 1e-9 };
            check(&(0..count).map(crowds).collect::<Vec<_>>(), &[-1.0, 3.0]);
            // Powers, infinities and zeros of both signs.
            let powers = |index: usize| 2f64.powi(index as i32 % 2000 - 1000) * [1.0, -1.0][index / 3 % 2];
            check(&(0..count).map(powers).collect::<Vec<_>>(), &[f64::NEG_INFINITY, f64::INFINITY]);
            check(&(0..count).map(powers).collect::<Vec<_>>(), &[-1e-9, 1e9]);
            let ends = |index: usize| [f64::INFINITY, 0.0, -0.0, f64::NEG_INFINITY, 1.0][index * 7 % 5];
            check(&(0..count).map(ends).collect::<Vec<_>>(), &[f64::NEG_INFINITY, 2.0]);
        }
    }

    #[test]
    fn another_look_leaves_a_part_of_them() {
        let values: Vec<f64> = (0..4000).map(|index| (index * 7919 % 4000) as f64).collect();
        let (bins, _) = bins(&values, &[1000.0, 3000.0], Tier::best());
        let brackets = bins.narrower(&[1000, 1001], f64::between).unwrap();
        let [low, high] = brackets.edges[..] else { panic!("{brackets:?}") };
        assert_eq!(brackets.kept, [false, true, false]);
        let [low, high] = [low, high].map(f64::from_key);
        assert!((1850.0..1995.0).contains(&low) && (2005.0..2150.0).contains(&high), "{low} {high}");
    }

    proptest! {
        #[test]
        fn any_values(values in prop::collection::vec(-1e3..1e3f64, 400..1500), low in -1e3..0f64, high in 0f64..1e3) {
            let values: Vec<f64> = [&values[..], &[low.midpoint(high)]].concat();
            check(&values, &[low, high, high + 1.0, high + 2.0]);
        }
    }
}
