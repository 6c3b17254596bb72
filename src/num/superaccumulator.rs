//! The exact sum of any number of values: a superaccumulator.
//!
//! A [`Superaccumulator`] is a fixed-point number wide enough for every value that can be added and for
//! 2^64 of them, so that nothing is ever rounded:
//!
//! value = Σ limb\[i\]·2^(32·i − OFFSET)
//!
//! Limbs are signed and hold 32 bits each, so additions need no carries: an addition changes a limb by
//! less than 2^32, and 2^30 of them stay below 2^62. Then the carries are brought up to date.
//! (R. M. Neal, *Fast exact summation using small and large superaccumulators*, arXiv:1505.05571.)
//! The sum of integers is exact, so it does not depend on order or grouping: states merge by adding limbs.

use serde::de::{Deserialize, Deserializer, Error};
use serde::{Serialize, Serializer};

use super::big_uint::BigUint;
use super::rational::Rational;

/// Additions between two propagations of the carries.
const CARRY_EVERY: u32 = 1 << 30;

/// Σx for every finite f64 (2^−1074 to 2^1024) and every integer or decimal mantissa of up to 256 bits.
pub type ExactSum = Superaccumulator<69, 1074>;

/// Σx² for the same: 2^−2148 to 2^2048.
pub type ExactSumOfSquares = Superaccumulator<136, 2148>;

#[derive(Clone, Debug)]
pub struct Superaccumulator<const LIMBS: usize, const OFFSET: u32> {
    limbs: [i64; LIMBS],
    /// Additions since the carries were last propagated.
    pending: u32,
}

impl<const LIMBS: usize, const OFFSET: u32> Superaccumulator<LIMBS, OFFSET> {
    pub fn new() -> Self {
        Self { limbs: [0; LIMBS], pending: 0 }
    }

    /// Adds ±magnitude·2^exponent, where exponent ≥ −OFFSET and the value is within the range of the type.
    #[inline]
    pub fn add(&mut self, negative: bool, magnitude: u64, exponent: i32) {
        self.add_wide::<3>(negative, magnitude.into(), exponent);
    }

    /// The same for ±(magnitude·2^exponent)².
    #[inline]
    pub fn add_square(&mut self, negative: bool, magnitude: u64, exponent: i32) {
        let square = u128::from(magnitude) * u128::from(magnitude);
        self.add_wide::<5>(negative, square, 2 * exponent);
    }

    /// Adds ±magnitude·2^exponent for a wider magnitude.
    pub fn add_u128(&mut self, negative: bool, magnitude: u128, exponent: i32) {
        self.add_wide::<5>(negative, magnitude, exponent);
    }

    /// Adds a number that is given by its limbs.
    pub fn add_natural(&mut self, negative: bool, limbs: &[u64], exponent: i32) {
        for (&limb, i) in limbs.iter().zip(0..) {
            self.add(negative, limb, exponent + 64 * i);
        }
    }

    /// `SPAN` is how many limbs the magnitude can touch: 3 for 64 bits, 5 for 128.
    #[inline]
    fn add_wide<const SPAN: usize>(&mut self, negative: bool, magnitude: u128, exponent: i32) {
        let position = (exponent + OFFSET as i32) as usize;
        let (first, shift) = (position / 32, position % 32);
        let sign = -i64::from(negative);
        // The top of a 128-bit magnitude may leave the 128 bits when shifted: its last chunk is cut from `high`.
        let low = magnitude << shift;
        let high = magnitude >> 96 >> (32 - shift);
        for (i, limb) in self.limbs[first..first + SPAN].iter_mut().enumerate() {
            let chunk = if i < 4 { (low >> (32 * i)) as u32 } else { high as u32 };
            *limb += (i64::from(chunk) ^ sign) - sign;
        }
        self.pending += 1;
        if self.pending == CARRY_EVERY {
            self.propagate();
        }
    }

    /// Adds what another part of the series has summed up.
    pub fn merge(&mut self, other: &Self) {
        if self.pending + other.pending >= CARRY_EVERY {
            self.propagate();
        }
        for (limb, addend) in self.limbs.iter_mut().zip(&other.limbs) {
            *limb += addend;
        }
        self.pending += other.pending + 1;
    }

    /// Brings every limb but the top one into 0..2^32.
    fn propagate(&mut self) {
        let mut carry = 0;
        let (top, rest) = match self.limbs.split_last_mut() {
            Some(split) => split,
            None => return,
        };
        for limb in rest {
            let sum = *limb + carry;
            *limb = sum & 0xffff_ffff;
            carry = sum >> 32;
        }
        *top += carry;
        self.pending = 1; // limbs now differ from zero by up to one addition's worth
    }

    /// The sum times 2^OFFSET, as sign and magnitude.
    pub fn finish(&self) -> (bool, BigUint) {
        let mut state = self.clone();
        state.propagate();
        let negative = state.limbs[LIMBS - 1] < 0;
        if negative {
            for limb in &mut state.limbs {
                *limb = -*limb;
            }
            state.propagate();
        }
        let limbs = state.limbs.chunks(2).map(|pair| match *pair {
            [low, high] => low as u64 | (high as u64) << 32,
            _ => pair[0] as u64,
        });
        (negative, BigUint::from_limbs(limbs.collect()))
    }

    /// The state of a sum as [`Superaccumulator::finish`] has it; `None` for one that the type does not hold. The top
    /// limb is left for carries and the sign, so that any number of such states merge.
    fn from_sum(negative: bool, magnitude: &BigUint) -> Option<Self> {
        let bits = 32 * (LIMBS as u64).checked_sub(1)?;
        if magnitude.bits() > bits || negative && magnitude.is_zero() {
            return None;
        }
        let sign = if negative { -1 } else { 1 };
        let mut state = Self::new();
        for (pair, &limb) in state.limbs.chunks_mut(2).zip(magnitude.limbs()) {
            for (half, shift) in pair.iter_mut().zip([0, 32]) {
                *half = sign * i64::from((limb >> shift) as u32);
            }
        }
        state.pending = 1;
        Some(state)
    }

    /// Whether the sum is below zero.
    pub fn is_negative(&self) -> bool {
        self.finish().0
    }

    /// The sum as an exact rational.
    pub fn to_rational(&self) -> Rational {
        let (negative, magnitude) = self.finish();
        Rational::new(negative, magnitude, 1u64.into(), -i64::from(OFFSET))
    }
}

impl<const LIMBS: usize, const OFFSET: u32> Default for Superaccumulator<LIMBS, OFFSET> {
    fn default() -> Self {
        Self::new()
    }
}

/// As a whole number of 2^−OFFSET: the limbs as they are depend on what was added, and in which order.
impl<const LIMBS: usize, const OFFSET: u32> Serialize for Superaccumulator<LIMBS, OFFSET> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.finish().serialize(serializer)
    }
}

impl<'de, const LIMBS: usize, const OFFSET: u32> Deserialize<'de> for Superaccumulator<LIMBS, OFFSET> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (negative, magnitude) = <(bool, BigUint)>::deserialize(deserializer)?;
        Self::from_sum(negative, &magnitude)
            .ok_or_else(|| D::Error::custom("a sum is beyond what its values add up to"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::rational::decompose;
    use crate::stats::oracle;

    fn sum_of(values: &[f64]) -> ExactSum {
        let mut sum = ExactSum::new();
        for &value in values {
            let (negative, mantissa, exponent) = decompose(value);
            sum.add(negative, mantissa, exponent);
        }
        sum
    }

    /// After the tables of xsum-check: repetition, subnormals, overflow that cancels, carries through all limbs.
    const TABLES: &[&[f64]] = &[
        &[],
        &[0.0, -0.0],
        &[5e-324, 5e-324],
        &[f64::MAX, f64::MAX, -f64::MAX, -f64::MAX],
        &[f64::MAX, f64::MAX],
        &[f64::MAX, 5e-324, -f64::MAX],
        &[1.0, f64::EPSILON / 2.0, f64::EPSILON * f64::EPSILON],
        &[1e300, 1.0, -1e300, 1e-300],
        &[0.1; 10],
        &[-1.0, 5e-324],
        &[4503599627370495.5, 0.25, 0.25],
        &[f64::MIN_POSITIVE, -5e-324],
    ];

    #[test]
    fn tables_repeated_and_negated() {
        for &values in TABLES {
            for repeat in [1, 2, 3, 100] {
                let many = values.repeat(repeat);
                let negated: Vec<f64> = many.iter().map(|x| -x).collect();
                let expected = oracle::sum(&many);
                assert_eq!(sum_of(&many).to_rational().round().to_bits(), expected.to_bits(), "{many:?}");
                assert_eq!(sum_of(&negated).to_rational().round(), -expected, "{negated:?}");
            }
        }
    }

    #[test]
    fn a_state_made_of_its_sum_is_that_sum() {
        for &values in TABLES {
            let mut sum = sum_of(values);
            let (negative, magnitude) = sum.finish();
            let mut again = ExactSum::from_sum(negative, &magnitude).unwrap();
            assert_eq!(again.finish(), (negative, magnitude));
            for value in [f64::MAX, -0.1, 5e-324] {
                let (negative, mantissa, exponent) = decompose(value);
                sum.add(negative, mantissa, exponent);
                again.add(negative, mantissa, exponent);
                assert_eq!(again.finish(), sum.finish(), "{values:?}");
            }
        }
        let largest = BigUint::from(1u64).shifted_left(68 * 32).distance(&1u64.into());
        for negative in [false, true] {
            let sum = ExactSum::from_sum(negative, &largest).unwrap();
            assert_eq!(sum.finish(), (negative, largest.clone()));
            assert!(ExactSum::from_sum(negative, &largest.plus(&1u64.into())).is_none());
        }
        assert!(ExactSum::from_sum(true, &BigUint::default()).is_none());
    }

    #[test]
    fn carries_are_propagated_in_time() {
        let values = [f64::MAX, 1.5, -5e-324, 0.1];
        let once = sum_of(&values);
        let mut doubled = once.clone();
        // 2^40 repetitions by doubling: `pending` passes its limit many times.
        for _ in 0..40 {
            let copy = doubled.clone();
            doubled.merge(&copy);
            assert!(doubled.pending <= CARRY_EVERY);
        }
        let (negative, magnitude) = doubled.finish();
        assert_eq!((negative, magnitude), (false, once.finish().1.shifted_left(40)));
    }
}
