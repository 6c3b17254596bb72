//! Series of a few floats, without a scan: groups, rows of lists and handlers have many of them.

use crate::arch::Tier;
use crate::arch::tier::Keyed;
use crate::spec::{Method, Probability, Spec, Statistic};
use crate::stats::few::{Few, MOST};
use crate::stats::quantile::Position;
use crate::summary::{Rows, Summary};

/// The statistics that take no scan.
const KNOWN: [Statistic; 7] = [
    Statistic::Min,
    Statistic::Max,
    Statistic::Range,
    Statistic::Sum,
    Statistic::Mean,
    Statistic::Variance,
    Statistic::Stddev,
];

/// Up to so many quantiles.
const QUANTILES: usize = 16;

/// What is asked, made ready for series of each length up to [`MOST`].
#[derive(Debug)]
pub(crate) struct FewValues {
    tier: Tier,
    ddof: u64,
    statistics: Vec<Statistic>,
    quantiles: Vec<Probability>,
    method: Method,
    /// Where the quantiles lie, by the number of values; empty where it was not asked yet.
    positions: Vec<Vec<Position>>,
}

impl FewValues {
    /// `None` if something is asked that takes a scan.
    pub(crate) fn new(spec: &Spec) -> Option<Self> {
        let quantiles = spec.quantiles().len() <= QUANTILES;
        if !quantiles || !spec.statistics().iter().all(|statistic| KNOWN.contains(statistic)) {
            return None;
        }
        Some(Self {
            tier: Tier::best(),
            ddof: spec.ddof(),
            statistics: spec.statistics().to_vec(),
            quantiles: spec.quantiles().to_vec(),
            method: spec.method(),
            positions: Vec::new(),
        })
    }

    /// Adds the row of these values and so many nulls; `false` if they take a scan.
    pub(crate) fn describe(&mut self, values: &[f64], nulls: u64, rows: &mut Rows) -> bool {
        let counts = [values.len() as u64, nulls, 0];
        self.with_statistics(values, |statistics| rows.push_values(counts, statistics)).is_some()
    }

    /// The summary of these values; `None` if they take a scan.
    pub(crate) fn summary(&mut self, values: &[f64], spec: &Spec) -> Option<Summary> {
        let count = values.len() as u64;
        let names = spec.field_names();
        self.with_statistics(values, |statistics| {
            Summary::new(count, [count, 0, 0], names.clone(), statistics.iter().copied())
        })
    }

    fn with_statistics<R>(&mut self, values: &[f64], take: impl FnOnce(&[Option<f64>]) -> R) -> Option<R> {
        let n = values.len();
        if !(1..=MOST).contains(&n) {
            return None;
        }
        let mut sorted = [0; MOST];
        let few = Few::new(values, self.ddof, &mut sorted, self.tier)?;
        if self.positions.len() <= n {
            self.positions.resize_with(n + 1, Vec::new);
        }
        if self.positions[n].is_empty() {
            self.positions[n] = self.quantiles.iter().map(|p| self.method.position(p, n as u64)).collect();
        }
        let positions = &self.positions[n];
        let at = |rank: u64| f64::from_key(sorted[(rank as usize).min(n - 1)]);
        let (min, max) = (at(0), at(n as u64 - 1));
        let mut statistics = [None; KNOWN.len() + QUANTILES];
        let (own, quantiles) = statistics.split_at_mut(self.statistics.len());
        for (value, statistic) in own.iter_mut().zip(&self.statistics) {
            *value = match statistic {
                Statistic::Min => Some(min),
                Statistic::Max => Some(max),
                Statistic::Range => Some(max - min),
                Statistic::Sum => Some(few.sum),
                Statistic::Mean => Some(few.mean),
                Statistic::Variance => few.variance,
                _ => few.stddev,
            };
        }
        for (value, p) in quantiles.iter_mut().zip(positions) {
            *value = Some(p.blend(at(p.lower), at(p.upper)));
        }
        Some(take(&statistics[..self.statistics.len() + positions.len()]))
    }
}
