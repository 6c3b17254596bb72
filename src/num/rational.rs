//! Exact rationals, and their rounding to the nearest `f64`: the only place where rstats rounds.
//!
//! An [`Rational`] is ±numerator/denominator·2^exponent. [`Rational::round`] and [`Rational::round_sqrt`] return the
//! f64 nearest to the value and to its square root, ties to even, subnormals included (IEEE 754,
//! roundTiesToEven). Both reduce the value to an integer of at least 63 bits and a *sticky* bit that says
//! whether anything non-zero was cut off below it; 55 bits and a sticky bit are enough to round to 53.

use std::cmp::Ordering;

use super::big_uint::BigUint;
use super::u256::U256;

/// ±numerator / denominator · 2^exponent.
#[derive(Clone, Debug)]
pub struct Rational {
    negative: bool,
    numerator: BigUint,
    denominator: BigUint,
    exponent: i64,
}

/// Equal values, however they are written.
impl PartialEq for Rational {
    fn eq(&self, other: &Self) -> bool {
        self.compare(other) == Ordering::Equal
    }
}

impl Rational {
    /// `denominator` is not zero.
    pub fn new(negative: bool, numerator: BigUint, denominator: BigUint, exponent: i64) -> Self {
        Self { negative, numerator, denominator, exponent }
    }

    pub fn integer(negative: bool, magnitude: BigUint) -> Self {
        Self::new(negative, magnitude, BigUint::from(1u64), 0)
    }

    /// The value of a finite `f64`.
    pub fn from_f64(value: f64) -> Self {
        let (negative, mantissa, exponent) = decompose(value);
        let one = BigUint::from(1u64);
        Self::new(negative, BigUint::from(mantissa), one, exponent.into())
    }

    /// The numerator over the common scale of `exponent`, which is at most `self.exponent`.
    fn numerator_at(&self, exponent: i64) -> BigUint {
        let shift = (self.exponent - exponent) as u64;
        self.numerator.shifted_left(shift)
    }

    /// 10^exponent.
    pub fn power_of_ten(exponent: i32) -> Self {
        let power = BigUint::power_of_ten(exponent.unsigned_abs());
        if exponent < 0 { Self::new(false, 1u64.into(), power, 0) } else { Self::integer(false, power) }
    }

    pub fn is_zero(&self) -> bool {
        self.numerator.is_zero()
    }

    /// The sign and the magnitude of what was made of integers by sums and products alone.
    pub fn as_integer(&self) -> Option<(bool, &BigUint)> {
        let whole = self.exponent == 0 && self.denominator.limbs() == [1];
        whole.then(|| (self.is_negative(), &self.numerator))
    }

    /// The sign and the magnitude, if it is an integer.
    pub fn to_integer(&self) -> Option<(bool, BigUint)> {
        let shift = self.exponent.unsigned_abs();
        let (quotient, has_rest) = match self.exponent < 0 {
            true => self.numerator.divided_by(&self.denominator.shifted_left(shift)),
            false => self.numerator.shifted_left(shift).divided_by(&self.denominator),
        };
        (!has_rest).then(|| (self.is_negative(), quotient))
    }

    pub fn is_negative(&self) -> bool {
        self.negative && !self.is_zero()
    }

    /// |self|.
    pub fn magnitude(self) -> Self {
        Self { negative: false, ..self }
    }

    /// self / other, which is not zero.
    pub fn over(&self, other: &Self) -> Self {
        Self::new(
            self.negative != other.negative,
            self.numerator.times(&other.denominator),
            self.denominator.times(&other.numerator),
            self.exponent - other.exponent,
        )
    }

    pub fn negated(mut self) -> Self {
        self.negative = !self.negative;
        self
    }

    pub fn plus(&self, other: &Self) -> Self {
        let exponent = self.exponent.min(other.exponent);
        let a = self.numerator_at(exponent).times(&other.denominator);
        let b = other.numerator_at(exponent).times(&self.denominator);
        let denominator = self.denominator.times(&other.denominator);
        let (negative, numerator) = if self.negative == other.negative {
            (self.negative, a.plus(&b))
        } else {
            let negative = if a >= b { self.negative } else { other.negative };
            (negative, a.distance(&b))
        };
        Self::new(negative, numerator, denominator, exponent)
    }

    pub fn minus(&self, other: &Self) -> Self {
        self.plus(&other.clone().negated())
    }

    pub fn times(&self, other: &Self) -> Self {
        Self::new(
            self.negative != other.negative,
            self.numerator.times(&other.numerator),
            self.denominator.times(&other.denominator),
            self.exponent + other.exponent,
        )
    }

    /// The order of two exact values.
    pub fn compare(&self, other: &Self) -> Ordering {
        let difference = self.minus(other);
        match (difference.numerator.is_zero(), difference.negative) {
            (true, _) => Ordering::Equal,
            (false, true) => Ordering::Less,
            (false, false) => Ordering::Greater,
        }
    }

    /// ⌊|self|⌋, if it is below 2^128.
    pub fn floor_of_magnitude(&self) -> Option<u128> {
        let quotient = if self.exponent >= 0 {
            self.numerator_at(0).divided_by(&self.denominator).0
        } else {
            let scale = self.exponent.unsigned_abs();
            let denominator = self.denominator.shifted_left(scale);
            self.numerator.divided_by(&denominator).0
        };
        quotient.to_u128()
    }

    /// The nearest `f64`, ties to even; ±inf beyond the range. An exact zero is +0.0.
    pub fn round(&self) -> f64 {
        if self.numerator.is_zero() {
            return 0.0;
        }
        let (quotient, sticky, exponent) = self.leading_bits(65);
        let magnitude = assemble(quotient, sticky, exponent);
        if self.negative { -magnitude } else { magnitude }
    }

    /// The `f64` nearest to √|self|, ties to even.
    pub fn round_sqrt(&self) -> f64 {
        if self.numerator.is_zero() {
            return 0.0;
        }
        let (quotient, sticky, exponent) = self.leading_bits(126);
        root(quotient, sticky, exponent)
    }

    /// An integer of any sign that 127 bits hold; `None` for another value.
    pub fn to_i128(&self) -> Option<i128> {
        let (negative, magnitude) = self.to_integer()?;
        let magnitude = i128::try_from(magnitude.to_u128()?).ok()?;
        Some(if negative { -magnitude } else { magnitude })
    }

    /// The nearest integer, ties to even. `None` where its magnitude is 2^127 or more.
    pub fn round_to_integer(&self) -> Option<Self> {
        let halves = self.times(&Self::integer(false, 2u64.into()));
        let twice = halves.floor_of_magnitude()?;
        let is_cut = halves.compare(&Self::integer(self.negative, twice.into())) != Ordering::Equal;
        let floor = twice / 2;
        // Above the half, or at it beside an odd floor.
        let up = twice % 2 == 1 && (is_cut || floor % 2 == 1);
        Some(Self::integer(self.negative, (floor + u128::from(up)).into()))
    }

    /// The integer nearest to √|self|, ties to even. `None` where |self| is 2^126 or more.
    pub fn round_sqrt_to_integer(&self) -> Option<Self> {
        // The root of 4·|self| is twice that of |self|.
        let fourfold = self.clone().magnitude().times(&Self::integer(false, 4u64.into()));
        let floor_of_fourfold = fourfold.floor_of_magnitude()?;
        let twice = floor_of_fourfold.isqrt();
        let is_cut = fourfold.compare(&Self::integer(false, (twice * twice).into())) != Ordering::Equal;
        let floor = twice / 2;
        let up = twice % 2 == 1 && (is_cut || floor % 2 == 1);
        Some(Self::integer(false, (floor + u128::from(up)).into()))
    }

    /// |self| as (quotient, sticky, exponent): quotient·2^exponent with `bits` − 1 or `bits` bits in the quotient,
    /// rounded down, and whether that cut something off.
    fn leading_bits(&self, bits: u64) -> (u128, bool, i64) {
        let excess = self.numerator.bits() as i64 - self.denominator.bits() as i64;
        let shift = bits as i64 - 1 - excess;
        let (numerator, lost) = if shift >= 0 {
            (self.numerator.shifted_left(shift as u64), false)
        } else {
            self.numerator.shifted_right(shift.unsigned_abs())
        };
        let (quotient, rest) = numerator.divided_by(&self.denominator);
        let quotient = quotient.to_u128().unwrap_or(u128::MAX); // `bits` is at most 126
        (quotient, lost || rest, self.exponent - shift)
    }
}

/// ±numerator/denominator·2^exponent, rounded as [`Rational::round`] does; the denominator is not zero.
pub fn round_ratio(negative: bool, numerator: U256, denominator: u64, exponent: i64) -> f64 {
    let (quotient, sticky, exponent) = leading_bits(numerator, denominator, exponent);
    if quotient == 0 {
        return 0.0;
    }
    let magnitude = assemble(quotient, sticky, exponent);
    if negative { -magnitude } else { magnitude }
}

/// √(numerator/denominator·2^exponent), rounded as [`Rational::round_sqrt`] does; the denominator is not zero.
pub fn round_sqrt_ratio(numerator: U256, denominator: u64, exponent: i64) -> f64 {
    let (quotient, sticky, exponent) = leading_bits(numerator, denominator, exponent);
    if quotient == 0 {
        return 0.0;
    }
    root(quotient, sticky, exponent)
}

/// √(quotient·2^exponent), where the quotient has 125 or 126 bits; its root has 63 or 64.
fn root(quotient: u128, sticky: bool, exponent: i64) -> f64 {
    let odd = exponent.rem_euclid(2);
    let quotient = quotient << odd;
    let root = quotient.isqrt();
    assemble(root, sticky || root * root != quotient, (exponent - odd) / 2)
}

/// numerator/denominator·2^exponent as (quotient, sticky, exponent), as [`Rational::leading_bits`] has it, with 126 bits
/// in the quotient; or zeros.
fn leading_bits(numerator: U256, denominator: u64, exponent: i64) -> (u128, bool, i64) {
    if numerator == U256::ZERO {
        return (0, false, 0);
    }
    let shift = numerator.leading_zeros();
    // At least 256 − 64 bits are left of the quotient.
    let (quotient, remainder) = match denominator {
        1 => (numerator.shifted_left(shift), 0),
        _ => numerator.shifted_left(shift).divided_by(denominator),
    };
    let again = quotient.leading_zeros();
    let U256([low, next, third, top]) = quotient.shifted_left(again);
    let leading = u128::from(top) << 64 | u128::from(third);
    let cut = low | next | remainder | leading as u64 & 3;
    (leading >> 2, cut != 0, exponent - i64::from(shift) - i64::from(again) + 130)
}

/// A finite f64 as (sign, mantissa, exponent): ±mantissa·2^exponent, with exponent ≥ −1074.
pub fn decompose(value: f64) -> (bool, u64, i32) {
    let bits = value.to_bits();
    let biased = (bits >> 52 & 0x7ff) as i32;
    let fraction = bits & ((1 << 52) - 1);
    let mantissa = if biased == 0 { fraction } else { fraction | 1 << 52 };
    (value.is_sign_negative(), mantissa, biased.max(1) - 1075)
}

/// The exponent of the last bit of a finite f64 that is one; of zero it means nothing.
pub fn last_bit(value: f64) -> i32 {
    let (_, mantissa, exponent) = decompose(value);
    exponent + mantissa.trailing_zeros() as i32
}

/// The f64 nearest to (integer + ε)·2^exponent, where 0 < ε < 1 if `sticky`, else ε = 0. With `sticky`, `integer`
/// has at least 55 bits.
fn assemble(integer: u128, sticky: bool, exponent: i64) -> f64 {
    let top = exponent + 127 - i64::from(integer.leading_zeros());
    if top > 1023 {
        return f64::INFINITY;
    }
    // The exponent of the last place of the result.
    let last = (top - 52).max(-1074);
    let drop = last - exponent;
    let mantissa = if drop <= 0 {
        integer << drop.unsigned_abs()
    } else if drop > 127 {
        0 // below half of the smallest subnormal
    } else {
        let kept = integer >> drop;
        let cut = integer & ((1 << drop) - 1);
        let half = 1 << (drop - 1);
        let up = cut > half || cut == half && (sticky || kept & 1 == 1);
        kept + u128::from(up)
    };
    // The implicit bit of the mantissa adds one to the exponent field; a mantissa that was rounded up to 2^53 adds
    // two, as it should.
    f64::from_bits((((last + 1074) as u64) << 52) + mantissa as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{oracle, seeds};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn ratios_of_limbs_round_as_those_of_any_size(
            limbs in prop::array::uniform4(prop_oneof![any::<u64>(), 0u64..9]), size in 0usize..5,
            denominator in prop_oneof![any::<u64>(), 1u64..1000], exponent in -1200i64..1100, negative in any::<bool>(),
        ) {
            let denominator = denominator.max(1);
            let mut limbs = limbs;
            limbs[size..].fill(0);
            let exact = Rational::new(negative, BigUint::from_limbs(limbs.to_vec()), denominator.into(), exponent);
            prop_assert_eq!(round_ratio(negative, U256(limbs), denominator, exponent).to_bits(), exact.round().to_bits());
            let root = round_sqrt_ratio(U256(limbs), denominator, exponent);
            prop_assert_eq!(root.to_bits(), exact.round_sqrt().to_bits());
        }

        #[test]
        fn a_float_rounds_to_itself(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite() && value != 0.0);
            prop_assert_eq!(Rational::from_f64(value).round().to_bits(), value.to_bits());
        }

        #[test]
        fn a_square_root_is_that_of_ieee_754(bits in any::<u64>()) {
            let value = f64::from_bits(bits).abs();
            prop_assume!(value.is_finite());
            prop_assert_eq!(Rational::from_f64(value).round_sqrt().to_bits(), value.sqrt().to_bits());
        }

        #[test]
        fn sums_and_products_round_as_ieee_754_does(a in seeds::value(), b in seeds::value()) {
            let (x, y) = (Rational::from_f64(a), Rational::from_f64(b));
            // The sign of an exact zero is +; that of a product too small for a float is its own.
            let bits = |value: f64| if value == 0.0 { 0 } else { value.to_bits() };
            prop_assert_eq!(bits(x.plus(&y).round()), bits(a + b));
            prop_assert_eq!(bits(x.minus(&y).round()), bits(a - b));
            prop_assert_eq!(bits(x.times(&y).round()), bits(a * b));
            prop_assert_eq!(x.compare(&y), a.partial_cmp(&b).unwrap());
        }

        #[test]
        fn ratios_round_to_the_nearest(n in any::<u64>(), d in 1..u64::MAX, exponent in -1200i64..1100) {
            let rounded = Rational::new(false, n.into(), d.into(), exponent).round();
            let nearest = oracle::nearest(&n.into(), &d.into(), exponent);
            prop_assert_eq!(rounded.to_bits(), nearest.to_bits());
        }
    }

    #[test]
    fn integers_are_the_nearest_ones() {
        let of = |value: f64| Rational::from_f64(value);
        let whole = |value: f64| Rational::from_f64(value);
        for value in [0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.5, 3.5, 4.4999, 1e15 + 0.5, 2f64.powi(90)] {
            let expected = value.round_ties_even();
            assert_eq!(of(value).round_to_integer().unwrap(), whole(expected), "{value}");
            assert_eq!(of(-value).round_to_integer().unwrap(), whole(-expected), "-{value}");
            // Of a square the root is the number itself.
            if value < 1e6 {
                let root = of(value).times(&of(value)).round_sqrt_to_integer().unwrap();
                assert_eq!(root, whole(expected), "root of {value}²");
            }
        }
        // Just above and below 2.5² and 3.5², which no float tells.
        let tiny = Rational::new(false, 1u64.into(), BigUint::power_of_ten(40), 0);
        let root = |square: f64, up: bool| {
            let square = of(square);
            if up { square.plus(&tiny) } else { square.minus(&tiny) }.round_sqrt_to_integer().unwrap()
        };
        assert_eq!([root(6.25, false), root(6.25, true)], [whole(2.0), whole(3.0)]);
        assert_eq!([root(12.25, false), root(12.25, true)], [whole(3.0), whole(4.0)]);
        assert!(of(2f64.powi(130)).round_to_integer().is_none());
        assert!(of(2f64.powi(130)).round_sqrt_to_integer().is_none());
    }

    #[test]
    fn ties_and_limits() {
        let at = |n: u64, exponent| Rational::new(false, n.into(), 1u64.into(), exponent).round();
        assert_eq!(at(1, -1075), 0.0); // half of the smallest subnormal: to even
        assert_eq!(at(3, -1076), f64::from_bits(1));
        assert_eq!(at(3, -1075), f64::from_bits(2));
        assert_eq!(at((1 << 54) - 1, 970), f64::INFINITY); // half a place beyond the largest
        assert_eq!(at((1 << 54) - 2, 970), f64::MAX);
        assert_eq!(at(1, 1024), f64::INFINITY);
        assert_eq!(at(1, -5000), 0.0);
    }
}
