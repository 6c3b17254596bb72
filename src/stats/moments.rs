//! Sum, mean, variance and standard deviation, each correctly rounded.
//!
//! With n values, S = Σx and Q = Σx² held exactly:
//!
//! - mean = S / n
//! - variance = (n·Q − S²) / (n·(n − ddof))
//! - stddev = √variance
//!
//! Each is one rounding of the exact rational, or of its exact root, so for finite data the bits are those of
//! Python's `statistics.mean`, `variance`, `stdev`, `pvariance`, `pstdev` and `math.fsum`. The formula for the
//! variance is known for its cancellation; over exact numbers there is none.
//!
//! Decimals are summed as integers of their own scale: S = Σ S_k·10^−k, and likewise Q. A series of floats or
//! integers has only the scale 0.
//!
//! Infinities follow IEEE 754: a sum with one sign of infinity is that infinity, with both it is NaN, and no
//! variance is a number.

use super::exact::{Exact, decompose};
use super::exact_sum::{ExactSum, ExactSumOfSquares};
use super::natural::Natural;
use super::number::Decimal;

/// What the wanted statistics need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// Nothing but the count.
    Count,
    /// Σx, for sum and mean.
    First,
    /// Σx and Σx², for variance and stddev.
    Second,
}

/// The exact moments of the values seen so far.
#[derive(Clone, Debug)]
pub struct Moments {
    order: Order,
    count: u64,
    positive_infinities: u64,
    negative_infinities: u64,
    /// One for each decimal scale that was seen.
    parts: Vec<Part>,
}

/// The sums of the values m·10^−scale, as sums of m.
#[derive(Clone, Debug)]
struct Part {
    scale: i16,
    sum: ExactSum,
    squares: Option<Box<ExactSumOfSquares>>,
}

impl Moments {
    pub fn new(order: Order) -> Self {
        Self { order, count: 0, positive_infinities: 0, negative_infinities: 0, parts: Vec::new() }
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    fn part(&mut self, scale: i16) -> &mut Part {
        let index = match self.parts.iter().position(|part| part.scale == scale) {
            Some(index) => index,
            None => {
                self.parts.push(Part {
                    scale,
                    sum: ExactSum::new(),
                    squares: (self.order == Order::Second).then(Box::default),
                });
                self.parts.len() - 1
            }
        };
        &mut self.parts[index]
    }

    /// More values, none of them NaN.
    pub fn update(&mut self, values: &[f64]) {
        self.count += values.len() as u64;
        if self.order == Order::Count {
            return;
        }
        let (mut positive_infinities, mut negative_infinities) = (0, 0);
        let part = self.part(0);
        for &value in values {
            let (negative, mantissa, exponent) = decompose(value);
            if value.is_infinite() {
                match negative {
                    false => positive_infinities += 1,
                    true => negative_infinities += 1,
                }
                continue;
            }
            part.sum.add(negative, mantissa, exponent);
            if let Some(squares) = &mut part.squares {
                squares.add_square(mantissa, exponent);
            }
        }
        self.positive_infinities += positive_infinities;
        self.negative_infinities += negative_infinities;
    }

    /// One more value, an integer.
    pub fn add_integer(&mut self, negative: bool, magnitude: u64) {
        self.count += 1;
        if self.order == Order::Count {
            return;
        }
        let part = self.part(0);
        part.sum.add(negative, magnitude, 0);
        if let Some(squares) = &mut part.squares {
            squares.add_square(magnitude, 0);
        }
    }

    /// One more value, a decimal.
    pub fn add_decimal(&mut self, decimal: &Decimal) {
        self.count += 1;
        if self.order == Order::Count {
            return;
        }
        let part = self.part(decimal.scale);
        part.sum.add_natural(decimal.negative, &decimal.magnitude, 0);
        if let Some(squares) = &mut part.squares {
            let [low, rest @ ..] = decimal.magnitude;
            if rest == [0; 3] {
                squares.add_square(low, 0);
            } else {
                let magnitude = Natural::from_limbs(decimal.magnitude.to_vec());
                squares.add_natural(false, magnitude.times(&magnitude).limbs(), 0);
            }
        }
    }

    /// Another part of the same series.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.positive_infinities += other.positive_infinities;
        self.negative_infinities += other.negative_infinities;
        for theirs in &other.parts {
            let ours = self.part(theirs.scale);
            ours.sum.merge(&theirs.sum);
            if let (Some(ours), Some(theirs)) = (&mut ours.squares, &theirs.squares) {
                ours.merge(theirs);
            }
        }
    }

    /// What a sum of the infinities is, if there are any.
    fn infinity(&self) -> Option<f64> {
        match (self.positive_infinities > 0, self.negative_infinities > 0) {
            (false, false) => None,
            (true, false) => Some(f64::INFINITY),
            (false, true) => Some(f64::NEG_INFINITY),
            (true, true) => Some(f64::NAN),
        }
    }

    fn exact_sum(&self) -> Exact {
        let parts = self.parts.iter();
        total(parts.map(|part| part.sum.to_exact().times(&power_of_ten(-i32::from(part.scale)))))
    }

    /// n·Q − S²; not negative, by Cauchy and Schwarz.
    fn scaled_variance(&self) -> Exact {
        let squares = total(self.parts.iter().filter_map(|part| {
            let squares = part.squares.as_ref()?.to_exact();
            Some(squares.times(&power_of_ten(-2 * i32::from(part.scale))))
        }));
        let sum = self.exact_sum();
        let n = Exact::integer(false, self.count.into());
        squares.times(&n).minus(&sum.times(&sum))
    }

    /// Σx; of no values it is 0.
    pub fn sum(&self) -> f64 {
        self.infinity().unwrap_or_else(|| self.exact_sum().round())
    }

    /// Σx / n.
    pub fn mean(&self) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        Some(self.infinity().unwrap_or_else(|| {
            let n = reciprocal(self.count.into());
            self.exact_sum().times(&n).round()
        }))
    }

    /// The variance with `ddof` degrees of freedom taken off; not defined for `ddof` values or fewer.
    pub fn variance(&self, ddof: u64) -> Option<f64> {
        self.spread(ddof, 1, Exact::round)
    }

    /// The root of the same, rounded once.
    pub fn stddev(&self, ddof: u64) -> Option<f64> {
        self.spread(ddof, 1, Exact::round_sqrt)
    }

    /// The standard error of the mean, √(variance / n), rounded once.
    pub fn standard_error(&self) -> Option<f64> {
        self.spread(1, self.count, Exact::round_sqrt)
    }

    fn spread(&self, ddof: u64, divisor: u64, round: fn(&Exact) -> f64) -> Option<f64> {
        let freedom = self.count.checked_sub(ddof).filter(|&freedom| freedom > 0)?;
        if self.infinity().is_some() {
            return Some(f64::NAN);
        }
        let n = u128::from(self.count);
        let denominator = Natural::from(n * u128::from(freedom)).times(&divisor.into());
        Some(round(&self.scaled_variance().times(&reciprocal(denominator))))
    }
}

fn total(values: impl Iterator<Item = Exact>) -> Exact {
    values.reduce(|a, b| a.plus(&b)).unwrap_or_else(|| Exact::integer(false, Natural::default()))
}

fn reciprocal(n: Natural) -> Exact {
    Exact::new(false, 1u64.into(), n, 0)
}

fn power_of_ten(exponent: i32) -> Exact {
    let power = Natural::power_of_ten(exponent.unsigned_abs());
    if exponent < 0 { reciprocal(power) } else { Exact::integer(false, power) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::oracle;
    use crate::stats::seeds;
    use proptest::prelude::*;

    fn of(values: &[f64]) -> Moments {
        let mut moments = Moments::new(Order::Second);
        moments.update(values);
        moments
    }

    fn check(values: &[f64], split: usize) {
        let split = split.min(values.len());
        let mut moments = of(&values[split..]);
        moments.merge(&of(&values[..split]));
        assert_eq!(moments.sum().to_bits(), oracle::sum(values).to_bits(), "sum {values:?}");
        if values.is_empty() {
            assert_eq!(moments.mean(), None);
            return;
        }
        assert_eq!(moments.mean().map(f64::to_bits), Some(oracle::mean(values).to_bits()), "mean {values:?}");
        for ddof in [0, 1, 2] {
            let defined = values.len() > ddof;
            let variance = defined.then(|| oracle::variance(values, ddof));
            let stddev = defined.then(|| oracle::stddev(values, ddof));
            assert_eq!(moments.variance(ddof as u64), variance, "variance({ddof}) {values:?}");
            assert_eq!(moments.stddev(ddof as u64), stddev, "stddev({ddof}) {values:?}");
        }
    }

    #[test]
    fn seeds_match_the_oracle_at_every_split() {
        for values in seeds::finite() {
            for split in [0, 1, values.len() / 2, values.len()] {
                check(&values, split);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn random_series_match_the_oracle(values in seeds::series(), split in 0usize..40) {
            check(&values, split);
        }
    }

    #[test]
    fn infinities_follow_ieee_754() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        for (values, mean) in [(&[inf, 1.0][..], inf), (&[-inf, 1.0], -inf), (&[inf, -inf], nan)] {
            let moments = of(values);
            assert!(moments.mean().is_some_and(|m| m == mean || m.is_nan() && mean.is_nan()));
            assert!(moments.variance(1).is_some_and(f64::is_nan));
        }
    }

    #[test]
    fn a_stddev_is_finite_where_its_variance_is_not() {
        let moments = of(&[1e300, -1e300]);
        assert_eq!(moments.variance(1), Some(f64::INFINITY));
        assert_eq!(moments.stddev(1), Some(oracle::stddev(&[1e300, -1e300], 1)));
    }

    #[test]
    fn decimals_of_several_scales_are_one_rational() {
        // 0.1 + 0.02 + (-3e2): mean and variance of exact decimals, rounded once.
        let decimal = |negative, low, scale| Decimal { negative, magnitude: [low, 0, 0, 0], scale };
        let mut moments = Moments::new(Order::Second);
        for value in [decimal(false, 1, 1), decimal(false, 2, 2), decimal(true, 3, -2)] {
            moments.add_decimal(&value);
        }
        assert_eq!(moments.sum(), -299.88);
        assert_eq!(moments.mean(), Some(-99.96));
        assert_eq!(moments.variance(1), Some(30012.0028));
    }
}
