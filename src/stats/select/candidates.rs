//! What has been learned of the order of a series, and the selection among what was kept of it.

use super::bins::{Bins, COMPARED, Key};
use super::brackets::{Brackets, Intervals, MARGIN, SHORT_MARGIN, single_key};
use super::narrow::{Between, Means};
use super::order::{select_each, sort};
use super::sample::{Sample, is_sampled, sample_places, sample_size};
use crate::arch::{BLOCK, Tier};
use crate::interrupt::Interrupt;

/// Bins are not thinned out below this many values. From half as many sampled values on, a bracket is always narrower than
/// the sample, so that every pass gets closer.
pub(super) const LEAST_CAPACITY: usize = 128;

/// Among up to this many values, ranks are selected one by one.
const SHORT: usize = 2048;

/// The number of kept keys that go to their bins together.
pub(super) const KEPT: usize = 1 << 13;

/// What has been learned of the order of a series: counts, and the values in the brackets.
#[derive(Clone, Debug)]
pub struct Candidates<K> {
    /// The counts, and what was kept of the last blocks.
    pub(super) bins: Bins<K>,
    /// What was kept of each bin before.
    pub(super) samples: Vec<Sample<K>>,
    /// How many values all of these keep.
    pub(super) capacity: usize,
    pub(super) tier: Tier,
    /// For the selection among many candidates, kept for the next series.
    pub(super) among: Option<Box<Self>>,
}

impl<K: Key> Candidates<K> {
    /// Keeps at most `capacity` values, or 128 of each bin if that is more, beside those of the last few blocks.
    pub fn new(brackets: Brackets<K>, capacity: usize, tier: Tier) -> Self {
        let samples = brackets.kept.iter().map(|_| Sample::new()).collect();
        Self {
            bins: Bins::new(brackets.edges, brackets.kept),
            samples,
            capacity: capacity.max(LEAST_CAPACITY),
            tier,
            among: None,
        }
    }

    /// Where it looks. After parts with other brackets were merged, that may be anywhere.
    pub fn brackets(&self) -> Brackets<K> {
        Brackets { edges: self.bins.edges.clone(), kept: self.bins.kept.clone() }
    }

    pub fn set_tier(&mut self, tier: Tier) {
        self.tier = tier;
    }

    /// Forgets all values; otherwise as [`Candidates::new`].
    pub fn restart(&mut self, brackets: Brackets<K>, capacity: usize) {
        self.samples.iter_mut().for_each(Sample::clear);
        self.samples.resize_with(brackets.kept.len(), Sample::new);
        self.bins.restart(brackets.edges, brackets.kept);
        self.capacity = capacity.max(LEAST_CAPACITY);
    }

    /// From now on it keeps as many values, if it kept fewer.
    pub fn keep_at_least(&mut self, capacity: usize) {
        self.capacity = self.capacity.max(capacity);
    }

    /// More values, none of them NaN, as `bucketize` counts and keeps them in bins.
    pub fn update(&mut self, bucketize: impl FnOnce(&mut Bins<K>, Tier)) {
        // Without edges, all values belong to one bin: they need not move while there is room.
        if let [sample] = &mut self.samples[..]
            && sample.stride == 1
            && sample.len() + BLOCK <= self.capacity
        {
            let bins = &mut self.bins;
            sample.make_room(BLOCK, self.capacity);
            bins.filled = sample.keys.len();
            std::mem::swap(&mut bins.keys, &mut sample.keys);
            bucketize(bins, self.tier);
            bins.keys.truncate(bins.filled);
            std::mem::swap(&mut bins.keys, &mut sample.keys);
            bins.filled = 0;
            return;
        }
        bucketize(&mut self.bins, self.tier);
        if self.bins.filled >= KEPT {
            self.distribute();
        }
    }

    /// A value, `times` times.
    pub fn update_repeated(&mut self, key: K, mut times: u64) {
        while times > 0 {
            let some = times.min(BLOCK as u64);
            self.update(|bins, _| bins.add(key, some as usize));
            times -= some;
        }
    }

    fn update_keys(&mut self, keys: &[K]) {
        for block in keys.chunks(BLOCK) {
            self.update(|bins, tier| K::bucketize(block, bins, tier));
        }
    }

    /// Moves what was kept to the bins that it belongs to.
    fn distribute(&mut self) {
        let Bins { edges, kept, keys, filled, assigned, .. } = &mut self.bins;
        let keys = &keys[..*filled];
        if edges.len() > COMPARED {
            // Sorted by counting: the keys of each bin lie together, and go there together.
            let mut ends = vec![0; kept.len() + 1];
            let assigned = &assigned[..keys.len()];
            assigned.iter().for_each(|&index| ends[index as usize + 1] += 1);
            let mut before = 0;
            for count in &mut ends {
                before += *count;
                *count = before;
            }
            let mut sorted = keys.to_vec();
            for (&key, &index) in keys.iter().zip(assigned) {
                sorted[ends[index as usize]] = key;
                ends[index as usize] += 1;
            }
            let mut start = 0;
            for (sample, &end) in self.samples.iter_mut().zip(&ends) {
                sample.extend(&sorted[start..end], self.capacity);
                start = end;
            }
        } else {
            for (bin, sample) in self.samples.iter_mut().enumerate().filter(|(bin, _)| kept[*bin]) {
                let (low, high) = (bin.checked_sub(1).map(|lower| edges[lower]), edges.get(bin).copied());
                if sample.stride == 1 {
                    sample.make_room(keys.len(), self.capacity);
                    K::between(keys, low, high, &mut sample.keys, self.tier);
                } else {
                    let mut here = Vec::new();
                    K::between(keys, low, high, &mut here, self.tier);
                    sample.extend(&here, self.capacity);
                }
            }
        }
        self.bins.clear_kept();
        self.make_room();
    }

    /// Thins the fullest bins out, until there is room for all.
    fn make_room(&mut self) {
        let mut total = self.samples.iter().map(Sample::len).sum::<usize>();
        while total > self.capacity {
            let Some(fullest) = self.samples.iter_mut().max_by_key(|sample| sample.len()) else { break };
            let before = fullest.len();
            if before <= LEAST_CAPACITY {
                break;
            }
            fullest.thin();
            total -= before - fullest.len();
        }
    }

    /// Another part of the same series, whatever its brackets.
    pub fn merge(&mut self, mut other: Self) {
        self.distribute();
        other.distribute();
        let same = |a: &Self, b: &Self| a.bins.edges == b.bins.edges && a.bins.kept == b.bins.kept;
        if !same(self, &other) && self.holds_all() {
            std::mem::swap(self, &mut other);
        }
        if same(self, &other) {
            for (ours, theirs) in self.bins.counts.iter_mut().zip(&other.bins.counts) {
                *ours += theirs;
            }
            for (ours, theirs) in self.samples.iter_mut().zip(other.samples) {
                ours.merge(theirs);
            }
            self.make_room();
        } else if other.holds_all() {
            for sample in &mut other.samples {
                self.update_keys(sample.together());
            }
        } else {
            // Counts between different edges say nothing together: start again from what both know of the values.
            let count = self.count() + other.count();
            let mut whole = self.clone().into_sample();
            whole.merge(other.into_sample());
            self.bins = Bins::new(Vec::new(), vec![true]);
            self.bins.counts[0] = count;
            self.samples = vec![whole];
            self.make_room();
        }
        // What parts are merged into seldom sees values of its own: thousands of columns have one each.
        if self.bins.filled == 0 {
            (self.bins.keys, self.bins.assigned) = Default::default();
        }
    }

    /// The brackets for more values like those that are here, all of which are kept: by a sample of `size` of them and with
    /// this margin. `None` if they are not.
    pub fn aim(&mut self, fractions: &[f64], size: usize, margin: f64) -> Option<Brackets<K>> {
        self.distribute();
        let [values] = &mut self.samples[..] else { return None };
        let values = values.together();
        let stretch = values.len() / size.max(1);
        let mut sample: Vec<K> = sample_places(values.len(), stretch, 0).map(|index| values[index]).collect();
        sort(&mut sample, self.tier);
        (!sample.is_empty()).then(|| Brackets::from_sample(&sample, fractions, margin))
    }

    /// Whether it says as much as if it had been scanned with the brackets of the other one.
    pub fn is_aimed_like(&self, other: &Self) -> bool {
        // What waits to be moved to its bin may not all fit there.
        let fits = || self.samples.iter().map(Sample::len).sum::<usize>() + self.bins.filled <= self.capacity;
        self.holds_all() && fits() || self.bins.edges == other.bins.edges && self.bins.kept == other.bins.kept
    }

    /// Whether every value seen is still here.
    fn holds_all(&self) -> bool {
        matches!((&self.samples[..], &self.bins.kept[..]), ([sample], [true]) if sample.stride == 1)
    }

    /// Some of the values, from everywhere.
    fn into_sample(self) -> Sample<K> {
        let mut whole = Sample::new();
        whole.keys = self.bins.edges;
        whole.keys.extend(self.samples.into_iter().flat_map(|mut sample| std::mem::take(sample.together())));
        whole.stride = 2; // a sample, however many values it has
        whole
    }

    pub fn count(&self) -> u64 {
        self.bins.total()
    }

    /// The bytes of the keys that it holds and has room for, once `more` of them are there.
    pub fn bytes_with(&self, more: usize) -> usize {
        let of_sample = |sample: &Sample<K>| sample.capacity_with(more, self.capacity);
        let keys = self.samples.iter().map(of_sample).sum::<usize>() + self.bins.keys.capacity();
        keys * size_of::<K>()
    }

    /// How many values are below each of these keys, ascending and each once. `None` where that takes another pass, with
    /// [`Brackets::between`] them.
    pub fn count_below(&mut self, keys: &[K]) -> Option<Vec<u64>> {
        if let Some(below) = self.bins.count_below(keys) {
            return Some(below);
        }
        if !self.holds_all() {
            return None;
        }
        self.distribute();
        let mut bins = Bins::new(keys.to_vec(), vec![false; keys.len() + 1]);
        for block in self.samples.iter_mut().flat_map(|sample| sample.together().chunks(BLOCK)) {
            K::bucketize(block, &mut bins, self.tier);
        }
        bins.count_below(keys)
    }

    /// Appends the keys of these ranks to `found`, if all that was kept are the last blocks' keys, which then need not go to their bins
    /// first; `false` if that, or a bracket, is not so.
    fn select_among_last(&mut self, ranks: &[u64], found: &mut Vec<K>, means: Means<'_, K>) -> bool {
        // Among many edges it is noted which bin each key belongs to: their order has to stay.
        let edges = self.bins.edges.len();
        let is_last = (1..=COMPARED).contains(&edges)
            && self.samples.iter().all(|sample| sample.len() == 0 && sample.stride == 1);
        is_last && self.bins.select(ranks, found, means)
    }

    /// Writes the keys of these ranks (ascending, each once, from 0, below `count`) to `found`, or returns the brackets for another
    /// pass over the same values. It reorders the candidates. Once it is interrupted, it ends soon, and what it has found means nothing.
    pub fn finish(
        &mut self,
        ranks: &[u64],
        found: &mut Vec<K>,
        between: Between<K>,
        interrupt: &Interrupt,
    ) -> Result<(), Brackets<K>> {
        found.clear();
        let means = Means { between, tier: self.tier, interrupt };
        if self.select_among_last(ranks, found, means) {
            return Ok(());
        }
        self.distribute();
        found.clear();
        let Bins { edges, kept, counts, .. } = &self.bins;
        let total = counts.iter().sum::<u64>();
        let mut brackets = Intervals::default();
        let mut missing = false;
        let mut below = 0;
        let mut rest = ranks;
        for (bin, (&count, sample)) in counts.iter().zip(&mut self.samples).enumerate() {
            let (here, above) = rest.split_at(rest.partition_point(|&rank| rank < below + count));
            rest = above;
            if !here.is_empty() {
                let before = found.len();
                if let Some(key) = single_key(edges, bin) {
                    found.extend(here.iter().map(|_| key));
                } else if kept[bin] && sample.stride == 1 {
                    // What is left should be a small part of the values; where it is not, a sample would mislead again.
                    let small = edges.is_empty() || count <= total / 2;
                    if small && count > SHORT as u64 && is_sampled(count as usize, here.len()) {
                        let among = self
                            .among
                            .get_or_insert_with(|| Box::new(Self::new(Brackets::unknown(), usize::MAX, self.tier)));
                        sample.runs.push(std::mem::take(&mut sample.keys));
                        select_among(&mut sample.runs, here, below, found, among, means);
                        sample.keys = sample.runs.pop().unwrap_or_default();
                    } else {
                        select_each(sample.together(), here, below, found, self.tier, interrupt);
                    }
                } else {
                    missing = true;
                    sort(sample.together(), self.tier);
                    let low = bin.checked_sub(1).map(|lower| edges[lower]);
                    let high = edges.get(bin).copied();
                    for rank in here {
                        let fraction = ((rank - below) as f64 + 0.5) / count as f64;
                        brackets.push(&sample.keys, fraction, MARGIN, (low, high));
                    }
                }
                brackets.intervals.extend(found[before..].iter().map(|&key| (Some(key), key.successor())));
            }
            below += count;
        }
        if missing { Err(Brackets::from_intervals(brackets)) } else { Ok(()) }
    }
}

/// Appends the keys of these ranks (ascending, each once, counted from `first`) among many to `found`, by way of a sample, and
/// in the memory of `candidates`.
fn select_among<K: Key>(
    runs: &mut [Vec<K>],
    ranks: &[u64],
    first: u64,
    found: &mut Vec<K>,
    candidates: &mut Candidates<K>,
    means: Means<'_, K>,
) {
    let count = runs.iter().map(Vec::len).sum();
    let stretch = count / sample_size(count, ranks.len());
    let mut sample: Vec<K> = Vec::new();
    for run in &*runs {
        let turn = sample.len();
        sample.extend(sample_places(run.len(), stretch, turn).map(|index| run[index]));
    }
    sort(&mut sample, candidates.tier);
    let local: Vec<u64> = ranks.iter().map(|rank| rank - first).collect();
    let fractions: Vec<f64> = local.iter().map(|&rank| rank as f64 / count as f64).collect();
    let mut brackets = Brackets::from_sample(&sample, &fractions, SHORT_MARGIN);
    let mut here = Vec::new();
    // A bracket that was missed is replaced by one that cannot be.
    for _ in 0..2 {
        candidates.restart(brackets, usize::MAX);
        runs.iter().for_each(|run| candidates.update_keys(run));
        match candidates.finish(&local, &mut here, means.between, means.interrupt) {
            Ok(()) => return found.extend(here),
            Err(wider) => brackets = wider,
        }
    }
    select_each(&mut runs.concat(), ranks, first, found, candidates.tier, means.interrupt);
}

#[cfg(test)]
mod tests {
    use super::super::bucketize;
    use super::*;
    use crate::stats::oracle;
    use crate::stats::seeds;
    use crate::stats::value::Value;
    use proptest::prelude::*;

    /// Passes until all ranks are found, the series in parts that are merged; and how many passes it took.
    fn select(values: &[f64], ranks: &[u64], capacity: usize, parts: usize, tier: Tier) -> (Vec<f64>, usize) {
        let mut brackets = Brackets::unknown();
        let mut found = Vec::new();
        for pass in 1..100 {
            let size = values.len().div_ceil(parts).max(1);
            let parts = values.chunks(size).map(|part| candidates(part, brackets.clone(), capacity, tier));
            let mut whole = parts
                .reduce(|mut a, b| {
                    a.merge(b);
                    a
                })
                .unwrap();
            assert_eq!(whole.count(), values.len() as u64);
            match whole.finish(ranks, &mut found, f64::between, &Interrupt::default()) {
                Ok(()) => return (found.into_iter().map(f64::from_key).collect(), pass),
                Err(narrower) => brackets = narrower,
            }
        }
        panic!("no end in sight");
    }

    fn candidates(values: &[f64], brackets: Brackets<i64>, capacity: usize, tier: Tier) -> Candidates<i64> {
        let mut candidates = Candidates::new(brackets, capacity, tier);
        for block in values.chunks(BLOCK) {
            candidates.update(|bins, tier| bucketize(block, None, bins, tier));
        }
        candidates
    }

    fn bits(values: &[f64]) -> Vec<u64> {
        values.iter().map(|value| value.to_bits()).collect()
    }

    #[test]
    fn shapes_that_hurt_take_few_passes() {
        for values in seeds::orders(20_000) {
            let n = values.len() as u64;
            let ranks = [0, 1, n / 4, n / 2, n / 2 + 1, n - 2, n - 1];
            let expected = bits(&oracle::order_statistics(&values, &ranks));
            for (parts, tier) in
                [1, 7].into_iter().flat_map(|parts| Tier::available().into_iter().map(move |t| (parts, t)))
            {
                let (found, passes) = select(&values, &ranks, 1000, parts, tier);
                assert_eq!(bits(&found), expected);
                assert!(passes <= 4, "{passes} passes");
            }
            let keys: Vec<i64> = values.iter().map(|value| value.key()).collect();
            let mut found = Vec::new();
            let (left, right) = keys.split_at(keys.len() / 3);
            select_among(
                &mut [left.to_vec(), right.to_vec()],
                &ranks,
                0,
                &mut found,
                &mut Candidates::new(Brackets::unknown(), usize::MAX, Tier::best()),
                Means { between: f64::between, tier: Tier::best(), interrupt: &Interrupt::default() },
            );
            assert_eq!(found.into_iter().map(|key| f64::from_key(key).to_bits()).collect::<Vec<_>>(), expected);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        #[test]
        fn every_rank_is_that_of_a_full_sort(
            values in seeds::long_series(), capacity in 128usize..300, parts in 1usize..5, rank in any::<prop::sample::Index>(),
        ) {
            prop_assume!(!values.is_empty());
            let rank = rank.index(values.len()) as u64;
            let mut ranks = vec![0, rank, values.len() as u64 - 1];
            ranks.dedup();
            for tier in Tier::available() {
                let (found, _) = select(&values, &ranks, capacity, parts, tier);
                prop_assert_eq!(bits(&found), bits(&oracle::order_statistics(&values, &ranks)));
            }
        }

        #[test]
        fn parts_with_other_brackets_merge(
            values in seeds::long_series(), pivots in prop::collection::vec(seeds::value(), 1..4), capacity in 128usize..200,
        ) {
            prop_assume!(values.len() > 2);
            let (left, right) = values.split_at(values.len() / 2);
            let tier = Tier::best();
            let bracket = |edge: f64| {
                Brackets::from_intervals(Intervals { intervals: vec![(Some(edge.key()), None)], frequent: Vec::new() })
            };
            let mut whole = candidates(left, bracket(pivots[0]), capacity, tier);
            whole.merge(candidates(right, bracket(pivots[pivots.len() - 1]), capacity, tier));
            prop_assert_eq!(whole.count(), values.len() as u64);
            let rank = values.len() as u64 / 2;
            let mut found = Vec::new();
            let mut outcome = whole.finish(&[rank], &mut found, f64::between, &Interrupt::default());
            for _ in 0..100 {
                let Err(brackets) = outcome else { break };
                outcome = candidates(&values, brackets, capacity, tier).finish(&[rank], &mut found, f64::between, &Interrupt::default());
            }
            prop_assert!(outcome.is_ok());
            prop_assert_eq!(f64::from_key(found[0]).to_bits(), oracle::order_statistics(&values, &[rank])[0].to_bits());
        }
    }

    #[test]
    fn any_number_of_ranks_at_once() {
        for values in seeds::orders(20_000) {
            let n = values.len() as u64;
            let ranks: Vec<u64> = (1..100).flat_map(|k| [k * n / 100, k * n / 100 + 1]).collect();
            let expected = bits(&oracle::order_statistics(&values, &ranks));
            let mut sample: Vec<i64> = sample_places(values.len(), 5, 0).map(|index| values[index].key()).collect();
            sample.sort_unstable();
            let fractions: Vec<f64> = ranks.iter().map(|&rank| rank as f64 / n as f64).collect();
            for tier in Tier::available() {
                assert_eq!(bits(&select(&values, &ranks, 4000, 3, tier).0), expected);
                let mut brackets = Brackets::from_sample(&sample, &fractions, MARGIN);
                let mut found = Vec::new();
                while let Err(again) = candidates(&values, brackets, 9000, tier).finish(
                    &ranks,
                    &mut found,
                    f64::between,
                    &Interrupt::default(),
                ) {
                    brackets = again;
                }
                let found: Vec<f64> = found.into_iter().map(f64::from_key).collect();
                assert_eq!(bits(&found), expected);
            }
        }
    }

    /// Brackets around no quantile at all keep nothing, which is not the same as to hold all that was seen.
    #[test]
    fn a_single_bin_that_is_not_kept_merges_by_its_count() {
        let nowhere = Brackets::from_sample(&[1, 2, 3], &[], MARGIN);
        let values = [0.5, 1.5, 2.5];
        let mut whole = candidates(&values, nowhere, 200, Tier::best());
        whole.merge(candidates(&values, Brackets::unknown(), 200, Tier::best()));
        assert_eq!(whole.count(), 6);
        let mut found = Vec::new();
        let Err(brackets) = whole.finish(&[2], &mut found, f64::between, &Interrupt::default()) else {
            panic!("three values were not kept")
        };
        let mut again = candidates(&values.repeat(2), brackets, 200, Tier::best());
        assert!(again.finish(&[2], &mut found, f64::between, &Interrupt::default()).is_ok());
        assert_eq!(found, [1.5.key()]);
    }

    #[test]
    fn constant_data_needs_no_candidates() {
        let values = vec![2.5; 100_000];
        let (found, passes) = select(&values, &[0, 50_000, 99_999], 100, 3, Tier::best());
        assert_eq!((found, passes), (vec![2.5; 3], 2));
    }
}
