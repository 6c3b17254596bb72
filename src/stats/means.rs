//! The geometric and the harmonic mean, in integers of fixed point: the same on every machine, in any order.
//!
//! **Geometric**: exp(Σ ln x / n), with x = 2^e·c·(x / 2^e c), c of 64 fractions between 1 and 2:
//! ln(a/b) = 2·artanh(z) = 2·(z + z³/3 + z⁵/5 + …), z = (a − b)/(a + b), in units of 2^−126. Each logarithm errs by fewer than
//! 64 units, and so does their mean; the exponential, a Taylor series below ln 2, adds as many. The result is rounded
//! from a number that is within 2^−110 of the true one, relatively: half a unit in the last place and 2^−57 of one.
//!
//! **Harmonic**: n / Σ(1/x). Each 1/x is cut off after 126 bits and summed exactly; nothing cancels, as all are positive, so
//! the sum is within 2^−125, and the result within half a unit and 2^−70 of one.
//!
//! A zero makes both 0; a negative value leaves both undefined, where Python's `statistics` raises.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::num::big_uint::BigUint;
use crate::num::rational::{Rational, decompose};
use crate::num::superaccumulator::Superaccumulator;
use crate::num::u256::U256;

/// Fraction bits of fixed-point numbers.
const BITS: u32 = 126;

const ONE: u128 = 1 << BITS;

/// a·b in fixed point, cut off.
fn product(a: u128, b: u128) -> u128 {
    let U256([_, low, high, top]) = U256::product(a, b);
    // 252 fraction bits, of which 126 stay: from bit 126 on.
    (u128::from(top) << 64 | u128::from(high)) << 2 | u128::from(low >> 62)
}

/// ln(a / b) for b ≤ a ≤ 2b, both below 2^62.
fn logarithm(a: u64, b: u64) -> u128 {
    let quotient = U256::from(u128::from(a - b)).shifted_left(BITS).divided_by(a + b).0;
    let U256([low, high, ..]) = quotient;
    let z = u128::from(high) << 64 | u128::from(low);
    let square = product(z, z);
    let (mut power, mut sum, mut k) = (z, z, 3);
    while power > 0 {
        power = product(power, square);
        sum += power / k;
        k += 2;
    }
    2 * sum
}

/// ln of 1 + j/64, and of 2.
fn table() -> &'static [u128; 65] {
    static TABLE: OnceLock<[u128; 65]> = OnceLock::new();
    TABLE.get_or_init(|| std::array::from_fn(|j| logarithm(64 + j as u64, 64)))
}

/// What has been learned of the logarithms.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct GeometricMean {
    zero: bool,
    negative: bool,
    infinite: bool,
    /// Σ of the exponents of 2.
    exponents: i128,
    /// Σ of the logarithms of what is between 1 and 2: whole ones, and the rest in fixed point.
    whole: u64,
    rest: u128,
}

impl GeometricMean {
    /// One more value, not NaN.
    pub fn add(&mut self, value: f64) {
        if value <= 0.0 || value.is_infinite() {
            self.zero |= value == 0.0;
            self.negative |= value < 0.0;
            self.infinite |= value > 0.0;
            return;
        }
        let (_, mantissa, exponent) = decompose(value);
        let shift = mantissa.leading_zeros() - 11;
        let mantissa = mantissa << shift; // 2^52 up to 2^53
        self.exponents += i128::from(exponent) + 52 - i128::from(shift);
        let j = (mantissa >> 46) - 64;
        // mantissa / 2^52 over (64 + j) / 64
        let logarithm = logarithm(mantissa << 6, (64 + j) << 52) + table()[j as usize];
        self.rest += logarithm;
        self.whole += (self.rest >> BITS) as u64;
        self.rest &= ONE - 1;
    }

    /// Another part of the same series.
    pub fn merge(&mut self, other: &Self) {
        self.zero |= other.zero;
        self.negative |= other.negative;
        self.infinite |= other.infinite;
        self.exponents += other.exponents;
        self.rest += other.rest;
        self.whole += other.whole + (self.rest >> BITS) as u64;
        self.rest &= ONE - 1;
    }

    /// Whether `n` values, of which `zeros` are 0 and `negatives` below it, may have left this behind.
    pub(crate) fn is_possible(&self, n: u64, zeros: u64, negatives: u64) -> bool {
        let logarithms = BigUint::from(self.whole).shifted_left(BITS.into()).plus(&self.rest.into());
        // Each is below ln 2 and errs by fewer than 64 units; ln 2 itself does so too.
        let most = BigUint::from(table()[64] + 128).times(&n.into());
        self.rest < ONE
            && logarithms <= most
            && self.exponents.unsigned_abs() <= 1074 * u128::from(n)
            && self.zero == (zeros > 0)
            && self.negative == (negatives > 0)
    }

    /// Of `n` values.
    pub fn finish(&self, n: u64) -> Option<f64> {
        if self.negative || n == 0 {
            return None;
        } else if self.zero {
            return Some(if self.infinite { f64::NAN } else { 0.0 });
        } else if self.infinite {
            return Some(f64::INFINITY);
        }
        let two = table()[64];
        // Σ ln x in fixed point: exponents·ln 2 + whole + rest, as a natural number above k·n·ln 2 for the least exponent.
        let n128 = i128::from(n);
        let least = self.exponents.div_euclid(n128);
        let above = self.exponents.rem_euclid(n128).unsigned_abs();
        let sum = BigUint::from(above).times(&two.into());
        let sum = sum.plus(&BigUint::from(self.whole).shifted_left(BITS.into())).plus(&self.rest.into());
        // Below n·2·ln 2, so the mean is below 2·ln 2.
        let mean = sum.divided_by(&n.into()).0.to_u128().unwrap_or(0);
        let (mean, exponent) = if mean >= two { (mean - two, least + 1) } else { (mean, least) };
        let (mut term, mut exponential, mut k) = (ONE, ONE, 1);
        while term > 0 {
            term = product(term, mean) / k;
            exponential += term;
            k += 1;
        }
        let exponent = i64::try_from(exponent).unwrap_or(0) - i64::from(BITS);
        Some(Rational::new(false, exponential.into(), 1u64.into(), exponent).round())
    }
}

/// Σ1/x for every f64: 2^−1024, cut off after 127 bits, to 2^1074.
type Reciprocals = Superaccumulator<78, 1280>;

/// What has been learned of the reciprocals.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct HarmonicMean {
    zero: bool,
    negative: bool,
    sum: Box<Reciprocals>,
}

impl HarmonicMean {
    /// One more value, not NaN.
    pub fn add(&mut self, value: f64) {
        if value <= 0.0 || value.is_infinite() {
            self.zero |= value == 0.0;
            self.negative |= value < 0.0;
            return; // one over infinity is nothing
        }
        let (_, mantissa, exponent) = decompose(value);
        let shift = mantissa.leading_zeros();
        // 2^190 / mantissa, which has its highest bit at 2^63.
        let U256([low, high, ..]) = U256::from(1).shifted_left(190).divided_by(mantissa << shift).0;
        self.sum.add_u128(false, u128::from(high) << 64 | u128::from(low), shift as i32 - exponent - 190);
    }

    /// Another part of the same series.
    pub fn merge(&mut self, other: &Self) {
        self.zero |= other.zero;
        self.negative |= other.negative;
        self.sum.merge(&other.sum);
    }

    /// As [`GeometricMean::is_possible`].
    pub(crate) fn is_possible(&self, zeros: u64, negatives: u64) -> bool {
        !self.sum.is_negative() && self.zero == (zeros > 0) && self.negative == (negatives > 0)
    }

    /// Of `n` values.
    pub fn finish(&self, n: u64) -> Option<f64> {
        if self.negative || n == 0 {
            return None;
        } else if self.zero {
            return Some(0.0);
        }
        let sum = self.sum.to_rational();
        if sum.is_zero() {
            return Some(f64::INFINITY); // of infinities alone
        }
        Some(Rational::integer(false, n.into()).over(&sum).round())
    }
}
