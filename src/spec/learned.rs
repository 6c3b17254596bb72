//! What a scan learns of its values, as a set: two scans merge if they learn the same, and a spec is answered by a scan that
//! learns what it needs.

use std::fmt;

use super::statistic::Statistic;
use crate::stats::moments::Order;

/// See the [module](self).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Learned(u16);

impl Learned {
    const SUM: Self = Self(1);
    const SQUARES: Self = Self(1 << 1);
    pub(crate) const EXTREMA: Self = Self(1 << 2);
    pub(crate) const QUANTILES: Self = Self(1 << 3);
    /// Zeros and negative values, and what is kept beside them.
    pub(crate) const OPTIONAL: Self = Self(1 << 4);
    pub(crate) const HIGHER_MOMENTS: Self = Self(1 << 5);
    pub(crate) const GEOMETRIC: Self = Self(1 << 6);
    pub(crate) const HARMONIC: Self = Self(1 << 7);
    /// All values.
    pub(crate) const VALUE_COUNTS: Self = Self(1 << 8);

    const NAMES: [(Self, &'static str); 9] = [
        (Self::SUM, "the sum"),
        (Self::SQUARES, "the sum of squares"),
        (Self::EXTREMA, "the extrema"),
        (Self::QUANTILES, "quantiles"),
        (Self::OPTIONAL, "counts of zeros and negative values"),
        (Self::HIGHER_MOMENTS, "the sums of third and fourth powers"),
        (Self::GEOMETRIC, "the geometric mean"),
        (Self::HARMONIC, "the harmonic mean"),
        (Self::VALUE_COUNTS, "all values"),
    ];

    /// The count, and these sums.
    pub(crate) fn new(order: Order) -> Self {
        match order {
            Order::Count => Self(0),
            Order::First => Self::SUM,
            Order::Second => Self(Self::SUM.0 | Self::SQUARES.0),
        }
    }

    /// What these statistics are made of, and quantiles if any are computed.
    pub(crate) fn of(statistics: &[Statistic], quantiles: bool) -> Self {
        let second = Self::new(Order::Second).0;
        let parts = statistics.iter().map(|statistic| match statistic {
            Statistic::Min | Statistic::Max | Statistic::Range => Self::EXTREMA.0,
            Statistic::Sum | Statistic::Mean => Self::SUM.0,
            Statistic::Variance | Statistic::Stddev | Statistic::MeanCi | Statistic::Sem | Statistic::Cv => second,
            Statistic::Iqr | Statistic::Fences | Statistic::Outliers => Self::QUANTILES.0,
            Statistic::Histogram => Self::QUANTILES.0 | Self::EXTREMA.0,
            Statistic::Skewness | Statistic::Kurtosis => second | Self::OPTIONAL.0 | Self::HIGHER_MOMENTS.0,
            Statistic::Mad | Statistic::Mode | Statistic::NUnique | Statistic::TrimmedMean => {
                Self::OPTIONAL.0 | Self::VALUE_COUNTS.0
            }
            Statistic::NZero | Statistic::NNegative => Self::OPTIONAL.0,
            Statistic::GeometricMean => Self::OPTIONAL.0 | Self::GEOMETRIC.0,
            Statistic::HarmonicMean => Self::OPTIONAL.0 | Self::HARMONIC.0,
        });
        Self(parts.fold(0, |all, part| all | part)).with(Self::QUANTILES, quantiles)
    }

    pub(crate) fn with(self, part: Self, is_there: bool) -> Self {
        if is_there { Self(self.0 | part.0) } else { self }
    }

    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn wants(self, part: Self) -> bool {
        self.0 & part.0 != 0
    }

    /// The sums that it has.
    pub(crate) fn order(self) -> Order {
        match (self.wants(Self::SQUARES), self.wants(Self::SUM)) {
            (true, _) => Order::Second,
            (false, true) => Order::First,
            (false, false) => Order::Count,
        }
    }
}

/// What it has beside the count, for an error.
impl fmt::Display for Learned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Self::NAMES.iter().filter(|(part, _)| self.wants(*part)).map(|(_, name)| *name);
        let names: Vec<_> = names.collect();
        f.write_str(if names.is_empty() { "counts alone".to_owned() } else { names.join(", ") }.as_str())
    }
}
