//! Skewness and kurtosis, each correctly rounded.
//!
//! With n values and the exact sums S = Σx, Q = Σx², C = Σx³ and F = Σx⁴, the central moments m_k = Σ(x − x̄)^k / n are
//!
//! - n²·m₂ = n·Q − S²
//! - n³·m₃ = n²·C − 3n·S·Q + 2S³
//! - n⁴·m₄ = n³·F − 4n²·S·C + 6n·S²·Q − 3S⁴
//!
//! and the statistics, as pandas, DuckDB and SAS define them (D. N. Joanes, C. A. Gill, *Comparing measures of sample
//! skewness and kurtosis*, The Statistician 47(1), 1998):
//!
//! - g₁ = m₃ / m₂^(3/2); corrected for bias, G₁ = g₁·√(n(n − 1)) / (n − 2)
//! - g₂ = m₄ / m₂² − 3; corrected for bias, G₂ = (n − 1) / ((n − 2)(n − 3)) · ((n + 1)·g₂ + 6)
//!
//! Each is one rounding: of a rational, or of the root of one. They are not defined where all values are equal, nor
//! (corrected) for fewer than 3 and 4 values.

use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer, Error};
use serde::{Serialize, Serializer};

use super::value::{Summand, Value};
use crate::num::big_uint::BigUint;
use crate::num::decimal::SCALES;
use crate::num::rational::{Rational, decompose};
use crate::num::superaccumulator::Superaccumulator;

/// Whether the bias of a sample is corrected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bias {
    /// As pandas and DuckDB.
    #[default]
    Corrected,
    /// As SciPy and Polars.
    Kept,
}

/// Σx³ of every f64: 2^−3222 to 2^3072.
type ExactSumOfCubes = Superaccumulator<204, 3222>;

/// Σx⁴ of every f64: 2^−4296 to 2^4096.
type ExactSumOfFourths = Superaccumulator<270, 4296>;

/// Σx³ and Σx⁴.
#[derive(Clone, Debug, Default)]
pub struct HigherMoments {
    cubes: Box<ExactSumOfCubes>,
    fourths: Box<ExactSumOfFourths>,
    /// What is no f64: decimals and wide integers, as sums of the powers of whole numbers by the power of ten that they are
    /// multiples of.
    others: BTreeMap<i16, (Rational, Rational)>,
}

impl HigherMoments {
    /// One more value, neither NaN nor infinite.
    pub fn add<T: Value>(&mut self, value: T) {
        self.change(value, false);
    }

    /// A value that was added leaves.
    pub fn remove<T: Value>(&mut self, value: T) {
        self.change(value, true);
    }

    fn change<T: Value>(&mut self, value: T, leaves: bool) {
        match value.to_summand() {
            Summand::Float(value) => {
                let (negative, mantissa, exponent) = decompose(value);
                let square = u128::from(mantissa) * u128::from(mantissa);
                let square = BigUint::from(square);
                let cube = square.times(&mantissa.into());
                self.cubes.add_natural(negative != leaves, cube.limbs(), 3 * exponent);
                self.fourths.add_natural(leaves, square.times(&square).limbs(), 4 * exponent);
            }
            Summand::Scaled(whole, scale) => {
                let square = whole.times(&whole);
                let zero = || Rational::integer(false, BigUint::default());
                let (cubes, fourths) = self.others.entry(scale).or_insert_with(|| (zero(), zero()));
                let signed = |power: Rational| if leaves { power.negated() } else { power };
                *cubes = cubes.plus(&signed(square.times(&whole)));
                *fourths = fourths.plus(&signed(square.times(&square)));
            }
        }
    }

    /// Another part of the same series.
    pub fn merge(&mut self, other: &Self) {
        self.cubes.merge(&other.cubes);
        self.fourths.merge(&other.fourths);
        for (scale, (cubes, fourths)) in &other.others {
            let ours = self.others.entry(*scale).or_insert_with(|| {
                let zero = Rational::integer(false, BigUint::default());
                (zero.clone(), zero)
            });
            *ours = (ours.0.plus(cubes), ours.1.plus(fourths));
        }
    }

    fn sums(&self) -> (Rational, Rational) {
        let mut sums = (self.cubes.to_rational(), self.fourths.to_rational());
        for (scale, (cubes, fourths)) in &self.others {
            let unit = Rational::power_of_ten(-i32::from(*scale));
            let square = unit.times(&unit);
            sums =
                (sums.0.plus(&cubes.times(&square).times(&unit)), sums.1.plus(&fourths.times(&square).times(&square)));
        }
        sums
    }

    /// n²·m₂ and n³·m₃ and n⁴·m₄ of `n` values with the sum S and the sum of squares Q.
    fn central(&self, n: u64, s: &Rational, q: &Rational) -> [Rational; 3] {
        let (c, f) = self.sums();
        let whole = |number: u64| Rational::integer(false, number.into());
        let n = whole(n);
        let s2 = s.times(s);
        let second = n.times(q).minus(&s2);
        let third = n.times(&n).times(&c);
        let third = third.minus(&whole(3).times(&n).times(s).times(q)).plus(&whole(2).times(&s2).times(s));
        let fourth = n.times(&n).times(&n).times(&f);
        let fourth = fourth.minus(&whole(4).times(&n).times(&n).times(s).times(&c));
        let fourth = fourth.plus(&whole(6).times(&n).times(&s2).times(q)).minus(&whole(3).times(&s2).times(&s2));
        [second, third, fourth]
    }

    /// The skewness of `n` values with the sum S and the sum of squares Q.
    pub fn skewness(&self, n: u64, s: &Rational, q: &Rational, bias: Bias) -> Option<f64> {
        let [second, third, _] = self.central(n, s, q);
        if second.is_zero() || bias == Bias::Corrected && n < 3 {
            return None;
        }
        // g₁² = m₃² / m₂³, in which the powers of n cancel.
        let cube = second.times(&second).times(&second);
        let mut square = third.times(&third).over(&cube);
        if bias == Bias::Corrected {
            let whole = |number: u64| Rational::integer(false, number.into());
            square = square.times(&whole(n)).times(&whole(n - 1)).over(&whole(n - 2).times(&whole(n - 2)));
        }
        let root = square.round_sqrt();
        Some(if third.is_negative() { -root } else { root })
    }

    /// The excess kurtosis of `n` values with the sum S and the sum of squares Q.
    pub fn kurtosis(&self, n: u64, s: &Rational, q: &Rational, bias: Bias) -> Option<f64> {
        let [second, _, fourth] = self.central(n, s, q);
        if second.is_zero() || bias == Bias::Corrected && n < 4 {
            return None;
        }
        let whole = |number: u64| Rational::integer(false, number.into());
        let excess = fourth.over(&second.times(&second)).minus(&whole(3));
        if bias == Bias::Kept {
            return Some(excess.round());
        }
        let inner = whole(n + 1).times(&excess).plus(&whole(6));
        Some(whole(n - 1).times(&inner).over(&whole(n - 2).times(&whole(n - 3))).round())
    }
}

/// A whole number as sign and magnitude.
type Whole = (bool, BigUint);

/// Sums of cubes and of fourth powers in units of a power of ten, by its scale.
type Scaled = Vec<(i16, Whole, Whole)>;

/// Sums of up to 2^64 powers of magnitudes of 256 bits.
fn most_bits(power: u64) -> u64 {
    256 * power + 64
}

impl Serialize for HigherMoments {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error;
        let whole = |sum: &Rational| sum.as_integer().map(|(negative, magnitude)| (negative, magnitude.clone()));
        let others = self.others.iter().map(|(&scale, (cubes, fourths))| {
            let sums = whole(cubes).zip(whole(fourths));
            let (cubes, fourths) = sums.ok_or_else(|| S::Error::custom("a sum of whole numbers is none"))?;
            Ok((scale, cubes, fourths))
        });
        let others: Scaled = others.collect::<Result<_, _>>()?;
        (&self.cubes, &self.fourths, others).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for HigherMoments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (cubes, fourths, others): (Box<ExactSumOfCubes>, Box<ExactSumOfFourths>, Scaled) =
            Deserialize::deserialize(deserializer)?;
        let fits = |(negative, magnitude): &Whole, power| {
            magnitude.bits() <= most_bits(power) && !(*negative && magnitude.is_zero())
        };
        let possible = !fourths.is_negative()
            && others.windows(2).all(|pair| pair[0].0 < pair[1].0)
            && others.iter().all(|(scale, cubes, fourths)| {
                SCALES.contains(scale) && fits(cubes, 3) && fits(fourths, 4) && !fourths.0
            });
        if !possible {
            return Err(D::Error::custom("sums of cubes and fourth powers that no values have"));
        }
        let exact = |(negative, magnitude)| Rational::integer(negative, magnitude);
        let others = others.into_iter().map(|(scale, cubes, fourths)| (scale, (exact(cubes), exact(fourths))));
        Ok(Self { cubes, fourths, others: others.collect() })
    }
}
