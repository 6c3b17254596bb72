//! Where to look for order statistics.

use super::bins::Key;

/// How many standard deviations of the sample's rank a bracket reaches to each side: one in four thousand
/// misses.
pub const MARGIN: f64 = 3.5;

/// The same for many series that are read again together if one of them misses: one in two million quantiles does.
pub const WIDE_MARGIN: f64 = 5.0;

/// The same among values that can be looked at again for next to nothing.
pub const SHORT_MARGIN: f64 = 2.5;

/// A value that is at least one in `FREQUENT` of a bracket's sample gets a bin of its own.
const FREQUENT: usize = 8;

/// Where to look for order statistics: edges, ascending, and which of the bins around them to keep.
#[derive(Clone, Debug)]
pub struct Brackets<K> {
    pub(super) edges: Vec<K>,
    /// One for the bin below each edge, and one for the bin above the last.
    pub(super) kept: Vec<bool>,
}

impl<K: Key> Brackets<K> {
    /// Anywhere.
    pub fn unknown() -> Self {
        Self { edges: Vec::new(), kept: vec![true] }
    }

    /// Around the quantiles at `fractions` (0 to 1) of a series, as a random sample of it suggests: `margin` standard
    /// deviations of the sample's rank to each side. It is sorted.
    pub fn from_sample(sample: &[K], fractions: &[f64], margin: f64) -> Self {
        let mut brackets = Intervals::default();
        for &fraction in fractions {
            brackets.push(sample, fraction, margin, (None, None));
        }
        Self::from_intervals(brackets)
    }

    /// Values are counted between these keys; order statistics that are known are found again. See [`Candidates::count_below`].
    ///
    /// [`Candidates::count_below`]: super::Candidates::count_below
    pub fn between(keys: &[K], known: &[K]) -> Self {
        let intervals = known.iter().map(|&key| (Some(key), key.successor())).collect();
        let known = Self::from_intervals(Intervals { intervals, frequent: Vec::new() });
        let mut edges: Vec<K> = known.edges.iter().chain(keys).copied().collect();
        edges.sort_unstable();
        edges.dedup();
        // A bin is kept as the one that it is a part of.
        let is_kept = |lower: &K| known.kept[known.edges.partition_point(|edge| edge <= lower)];
        let kept = std::iter::once(known.kept[0]).chain(edges.iter().map(is_kept)).collect();
        Self { edges, kept }
    }

    /// Around these intervals, from the first key up to but without the second, where `None` is the infinity of its side;
    /// with bins of their own for some keys.
    pub(super) fn from_intervals(Intervals { intervals, frequent }: Intervals<K>) -> Self {
        let ends = intervals.iter().flat_map(|&(low, high)| [low, high]);
        let single = frequent.into_iter().flat_map(|key| [Some(key), key.successor()]);
        let mut edges: Vec<K> = ends.chain(single).flatten().collect();
        edges.sort_unstable();
        edges.dedup();
        let bin = |key: K| edges.partition_point(|edge| *edge <= key);
        let mut kept = vec![false; edges.len() + 1];
        for &(low, high) in &intervals {
            let (first, end) = (low.map_or(0, bin), high.map_or(edges.len() + 1, bin));
            if first < end {
                kept[first..end].fill(true);
            }
        }
        let mut brackets = Self { edges, kept };
        for bin in 1..=brackets.edges.len() {
            if single_key(&brackets.edges, bin).is_some() {
                brackets.kept[bin] = false;
            }
        }
        brackets
    }

    /// The share of a sorted sample that lies in bins that are kept.
    pub fn share(&self, sample: &[K]) -> f64 {
        let mut start = 0;
        let mut inside = 0;
        for (bin, kept) in self.kept.iter().enumerate() {
            let end = self.edges.get(bin).map_or(sample.len(), |edge| sample.partition_point(|key| key < edge));
            if *kept {
                inside += end - start;
            }
            start = end;
        }
        inside as f64 / sample.len().max(1) as f64
    }
}

/// Where order statistics may lie.
pub(super) struct Intervals<K> {
    /// From the first key up to but without the second, where `None` is the infinity of its side.
    pub(super) intervals: Vec<(Option<K>, Option<K>)>,
    /// Keys that are frequent there.
    pub(super) frequent: Vec<K>,
}

impl<K> Default for Intervals<K> {
    fn default() -> Self {
        Self { intervals: Vec::new(), frequent: Vec::new() }
    }
}

impl<K: Key> Intervals<K> {
    /// Around the quantile at `fraction` of what lies between two keys, and is sampled by these; they are sorted.
    pub(super) fn push(&mut self, sample: &[K], fraction: f64, margin: f64, (low, high): (Option<K>, Option<K>)) {
        let (first, last) = around(sample.len(), fraction, margin);
        let inside = &sample[first.unwrap_or(0)..last.map_or(sample.len(), |last| last + 1)];
        let many = (inside.len() / FREQUENT).max(3);
        let mut ties = 1;
        for pair in inside.windows(2) {
            ties = if pair[0] == pair[1] { ties + 1 } else { 1 };
            if ties == many {
                self.frequent.push(pair[0]);
            }
        }
        let first = first.map(|first| sample[first]);
        let last = last.and_then(|last| sample[last].successor());
        self.intervals.push((first.or(low), last.or(high)));
    }
}

/// The key of a bin that can hold no other.
pub(super) fn single_key<K: Key>(edges: &[K], bin: usize) -> Option<K> {
    let low = *edges.get(bin.checked_sub(1)?)?;
    low.is_only_below(edges.get(bin).copied()).then_some(low)
}

/// About which share of all values lies in the brackets around quantiles that a sample of this size suggests, with this margin.
#[cfg(feature = "parquet")]
pub fn expected_share(sample: usize, fractions: &[f64], margin: f64) -> f64 {
    let width = |fraction: &f64| 2.0 * reach(sample, *fraction, margin) / sample.max(1) as f64;
    fractions.iter().map(width).sum::<f64>().min(1.0)
}

/// How many places of a sorted sample of `size` values a bracket reaches to each side.
fn reach(size: usize, fraction: f64, margin: f64) -> f64 {
    margin * (size as f64 * fraction * (1.0 - fraction)).sqrt() + 2.0
}

/// The places in a sorted sample of `size` values around the quantile at `fraction`; `None` beyond its ends.
pub(super) fn around(size: usize, fraction: f64, margin: f64) -> (Option<usize>, Option<usize>) {
    let center = fraction * size as f64;
    let reach = reach(size, fraction, margin);
    let low = (center - reach).floor();
    let high = (center + reach).ceil() as usize;
    ((low >= 0.0 && size > 0).then_some(low as usize), (high < size).then_some(high))
}
