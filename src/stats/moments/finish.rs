//! The statistics that are made of the sums, each rounded once.

use super::accumulate::Moments;
use super::sums::{Near, Part};
use crate::num::big_uint::BigUint;
use crate::num::rational::{Rational, round_ratio, round_sqrt_ratio};
use crate::num::rounding::{round_quotient, round_root};
use crate::num::u256::U256;

impl Moments {
    /// The moments as they are now.
    pub fn finish(&mut self) -> Finished {
        self.settle();
        let infinity = infinity(self.positive_infinities, self.negative_infinities);
        if self.parts.is_empty() {
            return Finished::of_near(self.count, infinity, self.near);
        }
        self.empty_near();
        Finished::of_parts(self.count, infinity, &self.parts)
    }

    /// The count of the values, how many of them are positive and negative infinities, and the sums of the others.
    pub fn into_parts(mut self) -> (u64, [u64; 2], Vec<Part>) {
        self.settle();
        self.empty_near();
        (self.count, [self.positive_infinities, self.negative_infinities], self.parts)
    }

    fn empty_near(&mut self) {
        let near = std::mem::replace(&mut self.near, Near::ZERO);
        if !near.is_zero() {
            self.part(0).add_near(&near);
        }
    }
}

/// What a sum of `positive` positive and `negative` negative infinities is; `None` if there are none of either.
pub fn infinity(positive: u64, negative: u64) -> Option<f64> {
    match (positive > 0, negative > 0) {
        (false, false) => None,
        (true, false) => Some(f64::INFINITY),
        (false, true) => Some(f64::NEG_INFINITY),
        (true, true) => Some(f64::NAN),
    }
}

/// S and Q.
#[derive(Debug)]
pub(super) enum Totals {
    Near(Near),
    Exact { sum: Rational, squares: Rational },
}

/// Moments to which nothing is added any more.
#[derive(Debug)]
pub struct Finished {
    pub(super) count: u64,
    pub(super) infinity: Option<f64>,
    pub(super) sums: Totals,
}

impl Finished {
    /// Of `count` values, and what a sum of their infinities is.
    pub fn of_near(count: u64, infinity: Option<f64>, near: Near) -> Self {
        // n·Q must fit 256 bits; S² is not greater.
        if near.squares.leading_zeros() >= 64 - count.leading_zeros() {
            return Self { count, infinity, sums: Totals::Near(near) };
        }
        let mut part = Part { scale: 0, sum: Box::default(), squares: Box::default() };
        part.add_near(&near);
        Self::of_parts(count, infinity, &[part])
    }

    /// The same of sums by their scale.
    pub fn of_parts(count: u64, infinity: Option<f64>, parts: &[Part]) -> Self {
        let scaled = |part: &Part, power: i32| Rational::power_of_ten(-power * i32::from(part.scale));
        let sums = Totals::Exact {
            sum: total(parts.iter().map(|part| part.sum.to_rational().times(&scaled(part, 1)))),
            squares: total(parts.iter().map(|part| part.squares.to_rational().times(&scaled(part, 2)))),
        };
        Self { count, infinity, sums }
    }

    /// Σx; of no values it is 0.
    pub fn sum(&self) -> f64 {
        self.quotient(1)
    }

    /// Σx / n.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.quotient(self.count))
    }

    fn quotient(&self, divisor: u64) -> f64 {
        self.infinity.unwrap_or_else(|| match &self.sums {
            Totals::Near(Near { unit, sum, .. }) => {
                round_ratio(*sum < 0, sum.unsigned_abs().into(), divisor, (*unit).into())
            }
            Totals::Exact { sum, .. } => sum.times(&reciprocal(divisor.into())).round(),
        })
    }

    /// The variance with `ddof` degrees of freedom taken off; not defined for `ddof` values or fewer.
    pub fn variance(&self, ddof: u64) -> Option<f64> {
        self.spread(ddof, 1, round_ratio_of_squares, Rational::round)
    }

    /// The root of the same, rounded once.
    pub fn stddev(&self, ddof: u64) -> Option<f64> {
        self.spread(ddof, 1, round_sqrt_ratio, Rational::round_sqrt)
    }

    /// The standard error of the mean, √(variance / n), rounded once.
    pub fn standard_error(&self, ddof: u64) -> Option<f64> {
        self.spread(ddof, self.count, round_sqrt_ratio, Rational::round_sqrt)
    }

    /// The coefficient of variation, √variance / mean, rounded once; not defined for a mean of 0.
    pub fn cv(&self, ddof: u64) -> Option<f64> {
        let freedom = self.count.checked_sub(ddof).filter(|&freedom| freedom > 0)?;
        let Some((sum, squares)) = self.exact_sums() else { return Some(f64::NAN) };
        if sum.is_zero() {
            return None;
        }
        // variance / mean² = (n·Q − S²) / (n·(n − ddof)) · n² / S²
        let n = Rational::integer(false, self.count.into());
        let square = sum.times(&sum);
        let numerator = squares.times(&n).minus(&square).times(&n);
        let root = numerator.over(&square.times(&Rational::integer(false, freedom.into()))).round_sqrt();
        Some(if sum.is_negative() && root > 0.0 { -root } else { root })
    }

    /// S; `None` where infinities are among the values.
    pub fn exact_sum(&self) -> Option<Rational> {
        if self.infinity.is_some() {
            return None;
        }
        Some(match &self.sums {
            Totals::Near(Near { unit, sum, .. }) => {
                let sum_of_units = Rational::integer(*sum < 0, sum.unsigned_abs().into());
                sum_of_units.times(&Rational::new(false, 1u64.into(), 1u64.into(), i64::from(*unit)))
            }
            Totals::Exact { sum, .. } => sum.clone(),
        })
    }

    /// S and Q; `None` where infinities are among the values.
    pub fn exact_sums(&self) -> Option<(Rational, Rational)> {
        if self.infinity.is_some() {
            return None;
        }
        Some(match &self.sums {
            Totals::Near(near) => {
                let mut part = Part { scale: 0, sum: Box::default(), squares: Box::default() };
                part.add_near(near);
                (part.sum.to_rational(), part.squares.to_rational())
            }
            Totals::Exact { sum, squares } => (sum.clone(), squares.clone()),
        })
    }

    /// (n·Q − S²) / (n·(n − ddof)·divisor), rounded; n·Q − S² is not negative, by Cauchy and Schwarz.
    fn spread(
        &self,
        ddof: u64,
        divisor: u64,
        round_near: fn(U256, u64, i64) -> f64,
        round: fn(&Rational) -> f64,
    ) -> Option<f64> {
        let freedom = self.count.checked_sub(ddof).filter(|&freedom| freedom > 0)?;
        if self.infinity.is_some() {
            return Some(f64::NAN);
        }
        let denominator = self.count.checked_mul(freedom).and_then(|product| product.checked_mul(divisor));
        if let (Totals::Near(Near { unit, sum, squares }), Some(denominator)) = (&self.sums, denominator) {
            let sum = sum.unsigned_abs();
            let numerator = squares.times(self.count).minus(U256::product(sum, sum));
            return Some(round_near(numerator, denominator, 2 * i64::from(*unit)));
        }
        self.exact_variance(ddof, divisor).map(|variance| round(&variance))
    }

    /// The variance over `divisor`; `None` where it is not defined, or infinities are among the values.
    fn exact_variance(&self, ddof: u64, divisor: u64) -> Option<Rational> {
        let freedom = self.count.checked_sub(ddof).filter(|&freedom| freedom > 0)?;
        let (sum, squares) = self.exact_sums()?;
        let n = Rational::integer(false, self.count.into());
        let numerator = squares.times(&n).minus(&sum.times(&sum));
        let n = u128::from(self.count);
        let denominator = BigUint::from(n * u128::from(freedom)).times(&divisor.into());
        Some(numerator.times(&reciprocal(denominator)))
    }

    /// S of integers; `None` where 127 bits do not hold it.
    pub fn integer_sum(&self) -> Option<i128> {
        match &self.sums {
            Totals::Near(Near { unit, sum, .. }) if (0..64).contains(unit) => sum.checked_mul(1 << unit),
            _ => self.exact_sum()?.to_i128(),
        }
    }

    /// The mean of integers to the nearest one, ties to even; `None` of no values.
    pub fn integer_mean(&self) -> Option<i128> {
        (self.count > 0).then(|| self.integer_sum())?.map(|sum| round_quotient(sum, self.count))
    }

    /// The root of the variance of integers over `divisor`, to the nearest integer, ties to even; not defined for `ddof` values or fewer.
    pub fn integer_deviation(&self, ddof: u64, divisor: u64) -> Option<i128> {
        let freedom = self.count.checked_sub(ddof).filter(|&freedom| freedom > 0)?;
        let quick = |Near { unit, sum, squares }: &Near| {
            let sum = sum.unsigned_abs();
            let U256([low, high, 0, 0]) = squares.times(self.count).minus(U256::product(sum, sum)) else { return None };
            let unit = u32::try_from(2 * *unit).ok().filter(|unit| *unit < 64)?;
            let numerator = (u128::from(high) << 64 | u128::from(low)).checked_mul(1 << unit)?;
            let denominator = u128::from(self.count).checked_mul(freedom.into())?.checked_mul(divisor.into())?;
            round_root(numerator, denominator)
        };
        let root = match &self.sums {
            Totals::Near(near) => quick(near),
            Totals::Exact { .. } => None,
        };
        match root {
            Some(root) => i128::try_from(root).ok(),
            None => self.exact_variance(ddof, divisor)?.round_sqrt_to_integer()?.to_i128(),
        }
    }
}

fn round_ratio_of_squares(numerator: U256, denominator: u64, exponent: i64) -> f64 {
    round_ratio(false, numerator, denominator, exponent)
}
fn total(values: impl Iterator<Item = Rational>) -> Rational {
    values.reduce(|a, b| a.plus(&b)).unwrap_or_else(|| Rational::integer(false, BigUint::default()))
}

fn reciprocal(n: BigUint) -> Rational {
    Rational::new(false, 1u64.into(), n, 0)
}
