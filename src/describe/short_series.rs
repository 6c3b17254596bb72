//! Series of a few floats, without a scan: groups, rows of lists and handlers have many of them.

use std::sync::{Arc, OnceLock};

use crate::arch::Tier;
use crate::arch::floats::prefetch;
use crate::arch::key::Keyed;
use crate::arch::network::Network;
use crate::spec::{Method, Probability, Spec, Statistic};
use crate::stats::quantile::Position;
use crate::stats::small_moments::{EightWide, MOST, MOST_WIDE, SmallMoments};
use crate::summary::{AnswerRows, Summary, UNDEFINED, is_defined};

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

/// The most quantiles that are asked of short series.
const QUANTILES: usize = 16;

/// Describes series of a few floats, alone or together with others of their length. A clone has nothing that waits.
#[derive(Debug)]
pub(crate) struct ShortSeries {
    asked: Arc<Asked>,
    bunches: Option<Box<Bunches>>,
}

/// What is asked, made ready for series of each length.
#[derive(Debug)]
struct Asked {
    tier: Tier,
    ddof: u64,
    statistics: Vec<Statistic>,
    quantiles: Vec<Probability>,
    method: Method,
    /// By the number of values.
    lengths: [OnceLock<Box<Length>>; MOST_WIDE + 1],
}

/// What is asked of one number of values.
#[derive(Debug)]
struct Length {
    /// Where the quantiles lie.
    positions: Vec<Position>,
    /// Brings the keys there that they, and the extrema, are made of.
    network: OnceLock<Network>,
}

/// A series: its row in the answer, where its values begin, how many there are, and how many nulls.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SeriesSlot {
    pub row: usize,
    pub start: usize,
    pub count: usize,
    pub nulls: u64,
}

/// Series that wait for others of their length.
#[derive(Debug)]
struct Bunches {
    /// By the number of values: up to eight series, and how many there are.
    waiting: Vec<([SeriesSlot; 8], usize)>,
    /// Those that turned out to take a scan.
    left: Vec<SeriesSlot>,
    eight_wide: EightWide,
}

impl Clone for ShortSeries {
    fn clone(&self) -> Self {
        Self { asked: Arc::clone(&self.asked), bunches: None }
    }
}

impl ShortSeries {
    /// `None` if something is asked that takes a scan.
    pub(crate) fn new(spec: &Spec) -> Option<Self> {
        let quantiles = spec.quantiles().len() <= QUANTILES && spec.min_count() <= 1;
        if !quantiles || !spec.statistics().iter().all(|statistic| KNOWN.contains(statistic)) {
            return None;
        }
        let asked = Asked {
            tier: Tier::best(),
            ddof: spec.ddof(),
            statistics: spec.statistics().to_vec(),
            quantiles: spec.quantiles().to_vec(),
            method: spec.method(),
            lengths: [const { OnceLock::new() }; MOST_WIDE + 1],
        };
        Some(Self { asked: Arc::new(asked), bunches: None })
    }

    /// The summary of these values; `None` if they take a scan.
    pub(crate) fn summary(&self, values: &[f64], spec: &Spec) -> Option<Summary> {
        let mut found = [UNDEFINED; KNOWN.len() + QUANTILES];
        let names = spec.field_names();
        let found = &mut found[..names.len()];
        if !self.describe_one(values, found) {
            return None;
        }
        let values_of = found.iter().map(|&value| Some(value).filter(|&value| is_defined(value)));
        let n = values.len() as u64;
        Some(Summary::new(n, [n, 0, 0], names.clone(), values_of))
    }

    /// Writes the statistics of these values in the order of every output; `false` if they take a scan.
    pub(crate) fn describe_one(&self, values: &[f64], found: &mut [f64]) -> bool {
        let n = values.len();
        if !(1..=MOST).contains(&n) {
            return false;
        }
        let asked = self.asked.as_ref();
        let mut sorted = [0; MOST];
        let Some(few) = SmallMoments::new(values, asked.ddof, &mut sorted, asked.tier) else { return false };
        let few = few.map(|value| [value]);
        let at = |rank: u64| [f64::from_key(sorted[rank as usize])];
        let extrema = [at(0), at(n as u64 - 1)];
        let (own, quantiles) = found.split_at_mut(asked.statistics.len());
        for (found, &statistic) in own.iter_mut().zip(&asked.statistics) {
            [*found] = asked.statistic(statistic, n, &few, extrema);
        }
        for (found, position) in quantiles.iter_mut().zip(&asked.length(n).positions) {
            [*found] = position.blend_all(at(position.lower), at(position.upper));
        }
        true
    }

    /// Whether the series at this place among the values is one of those that wait for others of their length; its row is then
    /// set by and by.
    pub(crate) fn takes(&mut self, index: SeriesSlot, values: &[f64], rows: &mut AnswerRows<'_>) -> bool {
        if !(1..=MOST_WIDE).contains(&index.count) {
            return false;
        }
        let bunches = self.bunches.get_or_insert_with(Box::default);
        let (indices, count) = &mut bunches.waiting[index.count];
        // By the time that its bunch is complete, the values are there.
        prefetch(&values[index.start..index.start + index.count]);
        indices[*count] = index;
        *count += 1;
        if *count == indices.len() {
            self.asked.describe(bunches, index.count, values, rows);
        }
        true
    }

    /// Sets the rows of all that still wait. What is given back takes a scan.
    pub(crate) fn finish(&mut self, values: &[f64], rows: &mut AnswerRows<'_>) -> Vec<SeriesSlot> {
        let Some(bunches) = &mut self.bunches else { return Vec::new() };
        for count in 1..=MOST_WIDE {
            self.asked.describe(bunches, count, values, rows);
        }
        std::mem::take(&mut bunches.left)
    }
}

impl Default for Bunches {
    fn default() -> Self {
        let nothing = ([SeriesSlot::default(); 8], 0);
        Self { waiting: vec![nothing; MOST_WIDE + 1], left: Vec::new(), eight_wide: EightWide::new() }
    }
}

impl Asked {
    fn length(&self, n: usize) -> &Length {
        self.lengths[n].get_or_init(|| {
            let positions = self.quantiles.iter().map(|p| self.method.position(p, n as u64)).collect();
            Box::new(Length { positions, network: OnceLock::new() })
        })
    }

    /// A statistic of one series or several of n values, with their least and their greatest value.
    fn statistic<const N: usize>(
        &self,
        statistic: Statistic,
        n: usize,
        few: &SmallMoments<[f64; N]>,
        [min, max]: [[f64; N]; 2],
    ) -> [f64; N] {
        match statistic {
            Statistic::Min => min,
            Statistic::Max => max,
            Statistic::Range => {
                let mut range = max;
                range.iter_mut().zip(min).for_each(|(range, min)| *range -= min);
                range
            }
            Statistic::Sum => few.sum,
            Statistic::Mean => few.mean,
            _ if n as u64 <= self.ddof => [UNDEFINED; N],
            Statistic::Variance => few.variance,
            _ => few.stddev,
        }
    }

    /// Describes the series of `n` values that wait.
    fn describe(&self, bunches: &mut Bunches, n: usize, values: &[f64], rows: &mut AnswerRows<'_>) {
        let Bunches { waiting, left, eight_wide } = bunches;
        let (indices, waiting) = &mut waiting[n];
        let indices = &indices[..std::mem::take(waiting)];
        let Some(first) = indices.first() else { return };
        let Length { positions, network } = self.length(n);
        let network = network.get_or_init(|| {
            let ranks = positions.iter().flat_map(|p| [p.lower as usize, p.upper as usize]);
            Network::new(n, ranks.chain([0, n - 1]))
        });
        // A lane without a series of its own has the first one.
        let mut series = [&values[first.start..first.start + n]; 8];
        for (series, index) in series.iter_mut().zip(indices) {
            *series = &values[index.start..index.start + n];
        }
        let (few, unsure) = eight_wide.describe(series, self.ddof, network, self.tier);
        let extrema = [eight_wide.at(0), eight_wide.at(n - 1)];
        let own = self.statistics.iter().map(|&statistic| self.statistic(statistic, n, &few, extrema));
        let quantiles =
            positions.iter().map(|p| p.blend_all(eight_wide.at(p.lower as usize), eight_wide.at(p.upper as usize)));
        for (column, values) in own.chain(quantiles).enumerate() {
            for (index, value) in indices.iter().zip(&values) {
                rows.set_statistic(index.row, column, *value);
            }
        }
        for (lane, index) in indices.iter().enumerate() {
            // A row is set once: the counts of what is left may be smaller, as of NaNs that are left out.
            match unsure >> lane & 1 == 1 {
                true => left.push(*index),
                false => rows.set_counts(index.row, [n as u64, index.nulls, 0]),
            }
        }
    }
}
