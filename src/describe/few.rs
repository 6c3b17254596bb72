//! Series of a few floats, without a scan: groups, rows of lists and handlers have many of them.

use smallvec::SmallVec;

use crate::arch::tier::Keyed;
use crate::spec::{Spec, Statistic};
use crate::stats::few::{Few, MOST};
use crate::stats::quantile::Position;
use crate::summary::{Rows, Summary};

/// What is asked, made ready for series of each length up to [`MOST`].
#[derive(Debug)]
pub(crate) struct FewValues {
    ddof: u64,
    statistics: Vec<Statistic>,
    /// Where the quantiles lie, by the number of values.
    positions: Vec<Vec<Position>>,
}

impl FewValues {
    /// `None` if something is asked that takes a scan.
    pub(crate) fn new(spec: &Spec) -> Option<Self> {
        use Statistic::{Max, Mean, Min, Range, Stddev, Sum, Variance};
        let known = [Min, Max, Range, Sum, Mean, Variance, Stddev];
        let quantiles = spec.quantiles().len() <= MOST;
        if !quantiles || !spec.statistics().iter().all(|statistic| known.contains(statistic)) {
            return None;
        }
        let positions = |n: u64| spec.quantiles().iter().map(|p| spec.method().position(p, n)).collect();
        let positions = (1..=MOST as u64).map(positions).collect();
        Some(Self { ddof: spec.ddof(), statistics: spec.statistics().to_vec(), positions })
    }

    /// Adds the row of these values and so many nulls; `false` if they take a scan.
    pub(crate) fn describe(&self, values: &[f64], nulls: u64, rows: &mut Rows) -> bool {
        let Some(statistics) = self.statistics(values) else { return false };
        rows.push_values([values.len() as u64, nulls, 0], statistics.into_iter());
        true
    }

    /// The summary of these values; `None` if they take a scan.
    pub(crate) fn summary(&self, values: &[f64], spec: &Spec) -> Option<Summary> {
        let count = values.len() as u64;
        let statistics = self.statistics(values)?;
        Some(Summary::new(count, [count, 0, 0], spec.field_names().clone(), statistics.into_iter()))
    }

    fn statistics(&self, values: &[f64]) -> Option<SmallVec<[Option<f64>; 10]>> {
        let n = values.len();
        let positions = self.positions.get(n.checked_sub(1)?)?;
        let few = Few::new(values, self.ddof)?;
        let mut sorted = [0i64; MOST];
        for (length, value) in values.iter().enumerate() {
            let key = value.key();
            let mut place = length;
            while place > 0 && sorted[place - 1] > key {
                sorted[place] = sorted[place - 1];
                place -= 1;
            }
            sorted[place] = key;
        }
        let at = |rank: usize| f64::from_key(sorted[rank.min(n - 1)]);
        let statistics = self.statistics.iter().map(|statistic| match statistic {
            Statistic::Min => Some(at(0)),
            Statistic::Max => Some(at(n - 1)),
            Statistic::Range => Some(at(n - 1) - at(0)),
            Statistic::Sum => Some(few.sum),
            Statistic::Mean => Some(few.mean),
            Statistic::Variance => few.variance,
            _ => few.stddev,
        });
        let quantiles = positions.iter().map(|p| Some(p.blend(at(p.lower as usize), at(p.upper as usize))));
        Some(statistics.chain(quantiles).collect())
    }
}
