//! The statistics that have a name of their own, and what a NaN does to them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use smallvec::{SmallVec, smallvec};

use crate::stats::moments::Finished;

/// A statistic that has a name of its own. Quantiles have probabilities instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Statistic {
    /// The smallest value.
    Min,
    /// The largest value.
    Max,
    /// max − min, rounded once.
    Range,
    /// The sum, correctly rounded: `math.fsum`.
    Sum,
    /// The mean, correctly rounded: `statistics.mean`.
    Mean,
    /// The variance, correctly rounded: `statistics.variance` for `ddof` 1, `pvariance` for 0.
    Variance,
    /// The standard deviation, correctly rounded: `statistics.stdev` for `ddof` 1, `pstdev` for 0.
    Stddev,
    /// The confidence interval of the mean by Student's t, for [`Spec::level`](crate::Spec::level).
    MeanCi,
    /// The standard error of the mean, √(variance / n), correctly rounded.
    Sem,
    /// The interquartile range: q3 − q1 by the spec's method, each rounded, and then their difference.
    Iqr,
    /// The skewness m₃ / m₂^(3/2), where m_k is the mean of (x − mean)^k; corrected for bias (√(n(n − 1)) / (n − 2) times as much)
    /// unless [`Spec::bias`](crate::Spec::bias) says otherwise. Correctly rounded; not defined where all values are equal.
    Skewness,
    /// The excess kurtosis g₂ = m₄ / m₂² − 3; corrected for bias, (n − 1) / ((n − 2)(n − 3)) · ((n + 1)·g₂ + 6), unless
    /// [`Spec::bias`](crate::Spec::bias) says otherwise. Correctly rounded; not defined where all values are equal.
    Kurtosis,
    /// The median absolute deviation, unscaled, exact and rounded once: the median of |x − median|.
    Mad,
    /// The most frequent value, the smallest of several.
    Mode,
    /// How many distinct values there are.
    NUnique,
    /// How many values are 0.
    NZero,
    /// How many values are below 0.
    NNegative,
    /// The geometric mean, to half a unit in the last place and 2^−57 of one.
    GeometricMean,
    /// The harmonic mean, to half a unit in the last place and 2^−70 of one.
    HarmonicMean,
    /// The coefficient of variation, stddev / mean, correctly rounded; not defined for a mean of 0.
    Cv,
    /// The mean without the least and the greatest values, the share [`Spec::trim`](crate::Spec::trim) of each, correctly rounded.
    TrimmedMean,
    /// Tukey's fences, q1 − 1.5·iqr and q3 + 1.5·iqr, each operation rounded: values beyond them are outliers.
    Fences,
    /// How many values are below the lower fence, and how many above the upper one.
    Outliers,
    /// How many values are in each of [`Spec::bins`](crate::Spec::bins) bins of equal width: see [`Histogram`](crate::Histogram).
    Histogram,
}

impl Statistic {
    /// Its value where the sums of the values and of their squares tell it; `None` for any other statistic, and where it is not defined.
    pub(crate) fn of_sums(self, sums: &Finished, ddof: u64) -> Option<f64> {
        match self {
            Self::Sum => Some(sums.sum()),
            Self::Mean => sums.mean(),
            Self::Variance => sums.variance(ddof),
            Self::Stddev => sums.stddev(ddof),
            Self::Sem => sums.standard_error(ddof),
            Self::Cv => sums.cv(ddof),
            Self::Min | Self::Max | Self::Range | Self::MeanCi | Self::Iqr | Self::Skewness | Self::Kurtosis => None,
            Self::Mad | Self::Mode | Self::NUnique | Self::NZero | Self::NNegative | Self::GeometricMean => None,
            Self::HarmonicMean | Self::TrimmedMean | Self::Fences | Self::Outliers | Self::Histogram => None,
        }
    }

    /// Every statistic with its name, in the order of every output.
    pub const ALL: [(Self, &'static str); 24] = [
        (Self::Min, "min"),
        (Self::Max, "max"),
        (Self::Range, "range"),
        (Self::Sum, "sum"),
        (Self::Mean, "mean"),
        (Self::Variance, "variance"),
        (Self::Stddev, "stddev"),
        (Self::MeanCi, "mean_ci"),
        (Self::Sem, "sem"),
        (Self::Iqr, "iqr"),
        (Self::Skewness, "skewness"),
        (Self::Kurtosis, "kurtosis"),
        (Self::Mad, "mad"),
        (Self::Mode, "mode"),
        (Self::NUnique, "n_unique"),
        (Self::NZero, "n_zero"),
        (Self::NNegative, "n_negative"),
        (Self::GeometricMean, "geometric_mean"),
        (Self::HarmonicMean, "harmonic_mean"),
        (Self::Cv, "cv"),
        (Self::TrimmedMean, "trimmed_mean"),
        (Self::Fences, "fences"),
        (Self::Outliers, "outliers"),
        (Self::Histogram, "histogram"),
    ];

    /// The name in every interface.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The names of its values in every output: one, but of a statistic that has two values, and of a histogram, which is no number.
    pub(crate) fn field_names(self) -> SmallVec<[&'static str; 2]> {
        match self {
            Self::MeanCi => smallvec!["mean_ci_low", "mean_ci_high"],
            Self::Fences => smallvec!["lower_fence", "upper_fence"],
            Self::Outliers => smallvec!["n_low_outliers", "n_high_outliers"],
            Self::Histogram => SmallVec::new(),
            statistic => smallvec![statistic.name()],
        }
    }
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A statistic that columns of one kind alone have. All of them come with the default statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum KindStatistic {
    /// Of booleans: how many are true.
    NTrue,
    /// Of texts: how many have no characters.
    NEmpty,
    /// Of texts: the characters of the shortest one; of bytes their number.
    MinLength,
    /// Of texts: the characters of the longest one.
    MaxLength,
    /// Of texts: the mean of their characters, rounded once.
    MeanLength,
}

impl KindStatistic {
    /// Every one with its name.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::NTrue, "n_true"),
        (Self::NEmpty, "n_empty"),
        (Self::MinLength, "min_length"),
        (Self::MaxLength, "max_length"),
        (Self::MeanLength, "mean_length"),
    ];

    /// The name in every interface.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// What a NaN does to its series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum NanPolicy {
    /// Every statistic of the series is NaN.
    #[default]
    Propagate,
    /// It is left out, as if it were null.
    Omit,
    /// It is an error that names the series and the lowest row.
    Raise,
}

impl NanPolicy {
    /// Every policy with its name.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Propagate, "propagate"), (Self::Omit, "omit"), (Self::Raise, "raise")];

    /// The name in every interface.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

impl FromStr for NanPolicy {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        named(&Self::ALL, name, "a NaN policy")
    }
}

/// The policy of this name.
fn named<P: Copy>(all: &[(P, &str)], name: &str, what: &str) -> Result<P, String> {
    let named = all.iter().find(|(_, candidate)| *candidate == name);
    named.map(|(policy, _)| *policy).ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|(_, name)| *name).collect();
        format!("'{name}' is not {what}; it is one of {}", names.join(", "))
    })
}

/// What a null does to its series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum NullPolicy {
    /// It is left out.
    #[default]
    Skip,
    /// No statistic of the series is defined.
    Propagate,
    /// It is an error that names the series.
    Raise,
}

impl NullPolicy {
    /// Every policy with its name.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Skip, "skip"), (Self::Propagate, "propagate"), (Self::Raise, "raise")];

    /// The name in every interface.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

impl FromStr for NullPolicy {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        named(&Self::ALL, name, "a policy for nulls")
    }
}

/// Whether the statistic of this name is a value of the series, or a sum or difference of such: of integers an integer, of decimals a
/// decimal.
pub fn is_exact(name: &str) -> bool {
    ["min", "max", "range", "sum", "mode"].contains(&name)
}

/// Whether the statistic of this name is a whole number: such ones stay integers in every output.
pub fn is_count(name: &str) -> bool {
    ["n_unique", "n_zero", "n_negative", "n_low_outliers", "n_high_outliers"].contains(&name)
}
