//! Order statistics by counting and selection, in passes over the data and without a full sort.
//!
//! The real line is cut at a few values, the **edges**. Of every value it is known whether it equals an edge or in
//! which open gap between two edges it lies, and both are counted. In the gaps that a wanted order statistic may lie
//! in, its **brackets**, the values are kept as well:
//!
//! - a rank that falls on an edge is that edge: ties and constant data cost nothing;
//! - a rank that falls into a kept gap is found by selection among the few values there (`select_nth_unstable`:
//!   introselect, linear also in the worst case);
//! - a rank that falls anywhere else has missed its bracket. The counts say so, and say where to look in the next pass.
//!
//! Without edges there is one gap, (−∞, +∞). A gap that would grow beyond its capacity thins out into a random sample
//! of itself, from which the next pass gets its brackets: the order statistics of the sample, some standard deviations
//! below and above the wanted rank (R. W. Floyd and R. L. Rivest, *Expected time bounds for selection*, CACM 18(3),
//! 1975). The sample decides how long the answer takes, never what it is.

use std::cmp::Ordering;

use super::number::Value;

/// How many standard deviations of the sample's rank a bracket reaches to each side: one in a million misses.
const MARGIN: f64 = 5.0;

/// The least capacity of a gap. From half as many sampled values on, a bracket is always narrower than the sample, so
/// that every pass gets closer.
const LEAST_CAPACITY: usize = 128;

/// Where to look for order statistics: edges, ascending, and which of the gaps around them to keep.
#[derive(Clone, Debug)]
pub struct Brackets<T> {
    edges: Vec<T>,
    /// One for the gap below each edge, and one for the gap above the last.
    kept: Vec<bool>,
}

impl<T: Value> Brackets<T> {
    /// Anywhere.
    pub fn unknown() -> Self {
        Self { edges: Vec::new(), kept: vec![true] }
    }

    /// Around the quantiles at `fractions` (0 to 1) of a series, as a random sample of it suggests.
    pub fn from_sample(mut sample: Vec<T>, fractions: &[f64]) -> Self {
        sample.sort_unstable_by(T::order);
        let intervals = fractions.iter().map(|&f| around(&sample, f)).collect();
        Self::from_intervals(intervals)
    }

    /// Around these intervals, closed, where `None` is the infinity of its side.
    fn from_intervals(intervals: Vec<(Option<T>, Option<T>)>) -> Self {
        let ends = intervals.iter().flat_map(|&(low, high)| [low, high]);
        let mut edges: Vec<T> = ends.flatten().collect();
        edges.sort_unstable_by(T::order);
        edges.dedup_by(|a, b| a.order(b) == Ordering::Equal);
        let mut kept = vec![false; edges.len() + 1];
        for (low, high) in intervals {
            let first = low.map_or(0, |low| locate(&edges, &low).index + 1);
            let last = high.map_or(edges.len(), |high| locate(&edges, &high).index);
            if first <= last {
                kept[first..=last].fill(true);
            }
        }
        Self { edges, kept }
    }
}

/// The bracket around the quantile at `fraction` of what `sorted` is a sample of.
fn around<T: Value>(sorted: &[T], fraction: f64) -> (Option<T>, Option<T>) {
    let size = sorted.len() as f64;
    let center = fraction * size;
    let margin = MARGIN * (size * fraction * (1.0 - fraction)).sqrt() + 2.0;
    let at = |index: f64| (index >= 0.0).then(|| sorted.get(index as usize).copied()).flatten();
    (at((center - margin).floor()), at((center + margin).ceil()))
}

/// The gap below edge `index`, or the edge itself.
struct Place {
    index: usize,
    on_edge: bool,
}

#[inline]
fn locate<T: Value>(edges: &[T], value: &T) -> Place {
    let index = edges.partition_point(|edge| edge.order(value) == Ordering::Less);
    let on_edge = edges.get(index).is_some_and(|edge| edge.order(value) == Ordering::Equal);
    Place { index, on_edge }
}

/// What has been learned of the order of a series: counts, and the values in the brackets.
#[derive(Clone, Debug)]
pub struct Candidates<T> {
    edges: Vec<T>,
    on_edge: Vec<u64>,
    gaps: Vec<Gap<T>>,
    capacity: usize,
}

impl<T: Value> Candidates<T> {
    /// Keeps at most `capacity` values in a gap, or 128 if that is more.
    pub fn new(brackets: Brackets<T>, capacity: usize) -> Self {
        Self {
            on_edge: vec![0; brackets.edges.len()],
            gaps: brackets.kept.into_iter().map(Gap::new).collect(),
            edges: brackets.edges,
            capacity: capacity.max(LEAST_CAPACITY),
        }
    }

    /// More values, none of them NaN.
    pub fn update(&mut self, values: &[T]) {
        if self.edges.is_empty() {
            self.gaps[0].extend(values, self.capacity);
            return;
        }
        for value in values {
            let place = locate(&self.edges, value);
            if place.on_edge {
                self.on_edge[place.index] += 1;
            } else {
                self.gaps[place.index].extend(std::slice::from_ref(value), self.capacity);
            }
        }
    }

    /// Another part of the same series, whatever its brackets.
    pub fn merge(&mut self, mut other: Self) {
        if !self.same_edges(&other) && self.holds_all() {
            std::mem::swap(self, &mut other);
        }
        if self.same_edges(&other) {
            for (ours, theirs) in self.on_edge.iter_mut().zip(&other.on_edge) {
                *ours += theirs;
            }
            for (ours, theirs) in self.gaps.iter_mut().zip(other.gaps) {
                ours.merge(theirs, self.capacity);
            }
        } else if other.holds_all() {
            for gap in other.gaps {
                self.update(&gap.values);
            }
        } else {
            // Counts between different edges say nothing together: start again from what both know of the values.
            let mut whole = self.clone().into_sample();
            whole.merge(other.into_sample(), self.capacity);
            self.edges.clear();
            self.on_edge.clear();
            self.gaps = vec![whole];
        }
    }

    fn same_edges(&self, other: &Self) -> bool {
        let same = |(a, b): (&T, &T)| a.order(b) == Ordering::Equal;
        self.edges.len() == other.edges.len()
            && self.edges.iter().zip(&other.edges).all(same)
            && self.gaps.iter().zip(&other.gaps).all(|(a, b)| a.kept == b.kept)
    }

    /// Whether every value seen is still here.
    fn holds_all(&self) -> bool {
        self.edges.is_empty() && self.gaps.iter().all(Gap::is_complete)
    }

    /// One gap over the whole line, with the right count and some of the values.
    fn into_sample(self) -> Gap<T> {
        let mut whole = Gap::new(true);
        whole.count = self.count();
        whole.values = self.edges;
        whole.values.extend(self.gaps.into_iter().flat_map(|gap| gap.values));
        whole.stride = 2; // a sample, however many values it has
        whole
    }

    pub fn count(&self) -> u64 {
        self.on_edge.iter().sum::<u64>() + self.gaps.iter().map(|gap| gap.count).sum::<u64>()
    }

    /// The values of these ranks (from 0, below `count`), or the brackets for another pass over the same values. It
    /// reorders the candidates.
    pub fn finish(&mut self, ranks: &[u64]) -> Result<Vec<T>, Brackets<T>> {
        let found: Vec<_> = ranks.iter().map(|&rank| self.find(rank)).collect();
        let values: Option<Vec<T>> = found
            .iter()
            .map(|place| match place {
                Found::Value(value) => Some(*value),
                Found::Within(..) => None,
            })
            .collect();
        values.ok_or_else(|| {
            let interval = |place| match place {
                Found::Value(value) => (Some(value), Some(value)),
                Found::Within(low, high) => (low, high),
            };
            Brackets::from_intervals(found.into_iter().map(interval).collect())
        })
    }

    fn find(&mut self, rank: u64) -> Found<T> {
        let mut below = 0;
        for (index, gap) in self.gaps.iter_mut().enumerate() {
            if rank < below + gap.count {
                return match gap.find(rank - below) {
                    Found::Within(low, high) => Found::Within(
                        low.or_else(|| self.edges[..index].last().copied()),
                        high.or_else(|| self.edges.get(index).copied()),
                    ),
                    value => value,
                };
            }
            below += gap.count;
            if let Some(&ties) = self.on_edge.get(index) {
                if rank < below + ties {
                    return Found::Value(self.edges[index]);
                }
                below += ties;
            }
        }
        Found::Within(None, None) // a rank beyond the count
    }
}

enum Found<T> {
    Value(T),
    Within(Option<T>, Option<T>),
}

/// The values strictly between two edges.
#[derive(Clone, Debug)]
struct Gap<T> {
    kept: bool,
    count: u64,
    values: Vec<T>,
    /// `values` holds one of every `stride` values: all of them if 1.
    stride: u64,
    /// How many values to pass over before the next one is taken.
    skip: u64,
    /// How many values of the current window follow the one that is taken.
    rest: u64,
    random: u64,
}

impl<T: Value> Gap<T> {
    fn new(kept: bool) -> Self {
        Self { kept, count: 0, values: Vec::new(), stride: 1, skip: 0, rest: 0, random: 0x9e37_79b9_7f4a_7c15 }
    }

    fn is_complete(&self) -> bool {
        self.values.len() as u64 == self.count && self.stride == 1
    }

    /// Marsaglia's xorshift64. It only decides which values are sampled.
    fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    fn extend(&mut self, mut values: &[T], capacity: usize) {
        self.count += values.len() as u64;
        if !self.kept {
            return;
        }
        while !values.is_empty() {
            if self.stride == 1 {
                let room = (capacity - self.values.len()).min(values.len());
                self.values.extend_from_slice(&values[..room]);
                values = &values[room..];
            } else if self.skip >= values.len() as u64 {
                self.skip -= values.len() as u64;
                return;
            } else {
                let index = self.skip as usize;
                self.values.push(values[index]);
                values = &values[index + 1..];
                self.next_window();
            }
            if self.values.len() >= capacity && !values.is_empty() {
                self.thin();
            }
        }
    }

    /// One of the next `stride` values, each as likely, is the next to be taken.
    fn next_window(&mut self) {
        let offset = self.random() % self.stride;
        self.skip = self.rest + offset;
        self.rest = self.stride - 1 - offset;
    }

    /// Keeps one of each two neighbours, either as likely.
    fn thin(&mut self) {
        let halved = self.values.len().div_ceil(2);
        for i in 0..self.values.len() / 2 {
            let choice = (self.random() & 1) as usize;
            self.values[i] = self.values[2 * i + choice];
        }
        if self.values.len() % 2 == 1 {
            self.values[halved - 1] = self.values[2 * halved - 2]; // the odd one stays, so that no sample is empty
        }
        self.values.truncate(halved);
        self.stride *= 2;
        self.rest = 0;
        self.next_window();
    }

    fn merge(&mut self, mut other: Self, capacity: usize) {
        self.count += other.count;
        while self.stride < other.stride {
            self.thin();
        }
        while other.stride < self.stride {
            other.thin();
        }
        self.values.append(&mut other.values);
        while self.values.len() > capacity {
            self.thin();
        }
    }

    /// The value of a rank within the gap, or the bracket that it lies in.
    fn find(&mut self, rank: u64) -> Found<T> {
        if self.is_complete() {
            let (_, value, _) = self.values.select_nth_unstable_by(rank as usize, T::order);
            return Found::Value(*value);
        }
        self.values.sort_unstable_by(T::order);
        let fraction = (rank as f64 + 0.5) / self.count as f64;
        let (low, high) = around(&self.values, fraction);
        Found::Within(low, high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::oracle;
    use crate::stats::seeds;
    use proptest::prelude::*;

    /// Passes until all ranks are found, the series in parts that are merged; and how many passes it took.
    fn select(values: &[f64], ranks: &[u64], capacity: usize, parts: usize) -> (Vec<f64>, usize) {
        let mut brackets = Brackets::unknown();
        for pass in 1..100 {
            let size = values.len().div_ceil(parts).max(1);
            let parts = values.chunks(size).map(|part| {
                let mut candidates = Candidates::new(brackets.clone(), capacity);
                candidates.update(part);
                candidates
            });
            let mut whole = parts
                .reduce(|mut a, b| {
                    a.merge(b);
                    a
                })
                .unwrap();
            assert_eq!(whole.count(), values.len() as u64);
            match whole.finish(ranks) {
                Ok(found) => return (found, pass),
                Err(narrower) => brackets = narrower,
            }
        }
        panic!("no end in sight");
    }

    fn bits(values: &[f64]) -> Vec<u64> {
        values.iter().map(|value| value.to_bits()).collect()
    }

    #[test]
    fn shapes_that_hurt_take_few_passes() {
        for values in seeds::orders(20_000) {
            let n = values.len() as u64;
            let ranks = [0, 1, n / 4, n / 2, n / 2 + 1, n - 2, n - 1];
            for parts in [1, 7] {
                let (found, passes) = select(&values, &ranks, 1000, parts);
                assert_eq!(bits(&found), bits(&oracle::order_statistics(&values, &ranks)));
                assert!(passes <= 4, "{passes} passes");
            }
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
            let ranks = [0, rank, values.len() as u64 - 1];
            let (found, _) = select(&values, &ranks, capacity, parts);
            prop_assert_eq!(bits(&found), bits(&oracle::order_statistics(&values, &ranks)));
        }

        #[test]
        fn parts_with_other_brackets_merge(
            values in seeds::long_series(), pivots in prop::collection::vec(seeds::value(), 1..4), capacity in 128usize..200,
        ) {
            prop_assume!(values.len() > 2);
            let (left, right) = values.split_at(values.len() / 2);
            let bracket = |edge: f64| Brackets::from_intervals(vec![(Some(edge), None)]);
            let mut whole = Candidates::new(bracket(pivots[0]), capacity);
            whole.update(left);
            let mut other = Candidates::new(bracket(pivots[pivots.len() - 1]), capacity);
            other.update(right);
            whole.merge(other);
            prop_assert_eq!(whole.count(), values.len() as u64);
            let rank = values.len() as u64 / 2;
            let mut outcome = whole.finish(&[rank]);
            for _ in 0..100 {
                let Err(brackets) = outcome else { break };
                let mut again = Candidates::new(brackets, capacity);
                again.update(&values);
                outcome = again.finish(&[rank]);
            }
            prop_assert_eq!(bits(&outcome.unwrap()), bits(&oracle::order_statistics(&values, &[rank])));
        }
    }

    #[test]
    fn constant_data_needs_no_candidates() {
        let values = vec![2.5; 100_000];
        let (found, passes) = select(&values, &[0, 50_000, 99_999], 100, 3);
        assert_eq!((found, passes), (vec![2.5; 3], 2));
    }
}
