//! Between which values a series is counted for its histogram and its outliers.

use crate::spec::{Histogram, Spec, Statistic};
use crate::stats::histogram::{self, Extent};
use crate::stats::value::Value;

/// The edges, as keys.
pub(crate) struct Edges<T: Value> {
    count: u64,
    fences: Option<[f64; 2]>,
    /// The keys that values below the lower fence are below, and those above the upper one are not, where outliers are wanted.
    beyond: Option<[Option<T::Key>; 2]>,
    /// The edges of the histogram, and the keys of those between its bins.
    histogram: Option<(Vec<f64>, Vec<T::Key>)>,
    keys: Vec<T::Key>,
}

/// What comes of the counts.
#[derive(Default)]
pub(crate) struct Counted {
    pub fences: Option<[f64; 2]>,
    pub outliers: Option<[u64; 2]>,
    pub histogram: Option<Histogram>,
}

impl<T: Value> Edges<T> {
    /// For `count` values, one at least, with these extrema, and quartiles if they are needed; `at` is the value of a rank among those that
    /// the quartiles are made of.
    pub fn new(
        spec: &Spec,
        count: u64,
        extrema: Option<(T, T)>,
        quartiles: Option<(f64, f64)>,
        at: impl Fn(u64) -> Option<T>,
    ) -> Self {
        let is_whole =
            |value: T| value.to_integer().is_some() || value.as_f64().is_some_and(|value| value.fract() == 0.0);
        let positions = spec.computed().iter().filter(|p| [0.25, 0.75].contains(&p.value()));
        let positions = positions.map(|p| spec.method().position(p, count));
        let around = positions.flat_map(|position| [position.lower, position.upper]).filter_map(at);
        let ends = extrema.into_iter().flat_map(|(min, max)| [min, max]);
        let extent = Extent {
            count,
            extrema: extrema.map_or([f64::NAN; 2], |(min, max)| [min.nearest(), max.nearest()]),
            quartiles: quartiles.map_or([f64::NAN; 2], |(q1, q3)| [q1, q3]),
            are_whole: around.chain(ends).all(is_whole),
        };
        let fences = quartiles.map(|_| extent.fences());
        let told =
            fences.filter(|fences| spec.wants(Statistic::Outliers) && fences.iter().all(|fence| !fence.is_nan()));
        let beyond = told.map(|[low, high]| [T::first_from(low), T::first_above(high)]);
        let edges = if spec.wants(Statistic::Histogram) { extent.edges(spec.bins()) } else { None };
        let histogram = edges.map(|edges| {
            let inner = histogram::inner_keys::<T>(&edges).collect::<Vec<_>>();
            (edges, inner)
        });
        let inner = histogram.iter().flat_map(|(_, inner)| inner).copied();
        let mut keys: Vec<T::Key> = inner.chain(beyond.into_iter().flatten().flatten()).collect();
        keys.sort_unstable();
        keys.dedup();
        Self { count, fences, beyond, histogram, keys }
    }

    /// The keys below which values are counted, ascending, each once.
    pub fn keys(&self) -> &[T::Key] {
        &self.keys
    }

    /// What comes of the numbers of values that are below each key.
    pub fn counted(self, below: &[u64]) -> Counted {
        let count = self.count;
        // All values are below what is beyond their type.
        let below = |key: Option<T::Key>| {
            let index = key.and_then(|key| self.keys.binary_search(&key).ok());
            index.and_then(|index| below.get(index).copied()).unwrap_or(count)
        };
        let outliers = self.beyond.map(|[low, high]| [below(low), count - below(high)]);
        let histogram = self.histogram.as_ref().map(|(edges, inner)| {
            let mut ends: Vec<u64> = inner.iter().map(|&key| below(Some(key))).collect();
            ends.resize(edges.len() - 1, count);
            let starts = std::iter::once(0).chain(ends.iter().copied());
            Histogram { edges: edges.clone(), counts: starts.zip(&ends).map(|(start, end)| end - start).collect() }
        });
        Counted { fences: self.fences, outliers, histogram }
    }
}
