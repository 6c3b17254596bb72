//! Coefficients, each one rounding of exact sums.

use std::fmt;
use std::str::FromStr;

use super::sums::{PairSums, Sums};
use crate::num::rational::Rational;
use crate::suggest::hint;

/// What is said of two columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Coefficient {
    /// Σ(x − x̄)(y − ȳ) / (n − ddof): of a column with itself the variance.
    Covariance,
    /// Pearson's r: the covariance divided by both deviations.
    #[default]
    Pearson,
    /// Spearman's ρ: Pearson's r of the ranks, of which equal values share the mean.
    Spearman,
    /// Kendall's τ-b: (concordant − discordant) / √((pairs not tied in x) · (pairs not tied in y)).
    Kendall,
}

impl Coefficient {
    /// Each with its name.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Covariance, "covariance"),
        (Self::Pearson, "pearson"),
        (Self::Spearman, "spearman"),
        (Self::Kendall, "kendall"),
    ];

    /// The name in every interface.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

impl fmt::Display for Coefficient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Coefficient {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        named(&Self::ALL, name, "is not a coefficient; it is covariance, pearson, spearman or kendall")
    }
}

/// Which rows count for a pair of columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PairNulls {
    /// Those in which both have a value.
    #[default]
    Pairwise,
    /// Those in which all columns have a value: the same for every pair.
    Complete,
}

impl PairNulls {
    /// Each with its name.
    pub const ALL: [(Self, &'static str); 2] = [(Self::Pairwise, "pairwise"), (Self::Complete, "complete")];

    /// The name in every interface.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

impl FromStr for PairNulls {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        named(&Self::ALL, name, "is not a way to treat nulls of pairs; that is pairwise or complete")
    }
}

/// What has this name; `wrong` says what is wrong with another one.
fn named<T: Copy>(all: &[(T, &'static str)], name: &str, wrong: &str) -> Result<T, String> {
    let found = all.iter().find(|(_, known)| *known == name);
    found.map(|(named, _)| *named).ok_or_else(|| {
        let meant = hint(name, all.iter().map(|(_, name)| *name));
        format!("'{name}' {wrong}{meant}")
    })
}

impl PairSums {
    /// The covariance of two columns, correctly rounded; `None` for `ddof` rows or fewer, NaN if one is not finite.
    pub fn covariance(&self, a: usize, b: usize, ddof: u64) -> Option<f64> {
        let count = self.of(a, b).count;
        if count <= ddof {
            return None;
        }
        if self.is_spoilt(a) || self.is_spoilt(b) {
            return Some(f64::NAN);
        }
        let divisor = whole(count).times(&whole(count - ddof));
        Some(self.deviations(a, b).over(&divisor).round())
    }

    /// Pearson's r of two columns, correctly rounded; `None` where one of them has fewer than two values, or equal ones alone, NaN if one
    /// is not finite.
    pub fn pearson(&self, a: usize, b: usize) -> Option<f64> {
        let (of_a, of_b) = (self.of(a, b), self.of(b, a));
        if of_a.count < 2 {
            return None;
        }
        if self.is_spoilt(a) || self.is_spoilt(b) {
            return Some(f64::NAN);
        }
        let (spread_a, spread_b) = (spread(of_a), spread(of_b));
        if spread_a.is_zero() || spread_b.is_zero() {
            return None;
        }
        let both = self.deviations(a, b);
        let root = both.times(&both).over(&spread_a.times(&spread_b)).round_sqrt();
        Some(if both.is_negative() { -root } else { root })
    }

    /// n·Σxy − Σx·Σy.
    fn deviations(&self, a: usize, b: usize) -> Rational {
        let (of_a, of_b) = (self.of(a, b), self.of(b, a));
        whole(of_a.count).times(self.products(a, b)).minus(&of_a.sum.times(&of_b.sum))
    }
}

/// n·Σx² − (Σx)².
fn spread(sums: &Sums) -> Rational {
    whole(sums.count).times(&sums.squares).minus(&sums.sum.times(&sums.sum))
}

fn whole(count: u64) -> Rational {
    Rational::integer(false, count.into())
}
