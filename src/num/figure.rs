//! Numbers as they are answered: a statistic of integers is an integer, one of decimals a decimal.
//!
//! Answers are kept as floats. A float of at most 2^53 is the integer that was rounded to it, and one of at most 15 digits the decimal;
//! only what is wider is kept beside it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::big_uint::BigUint;
use super::decimal::{Decimal, EXACT_IN_F64, POWERS_OF_TEN};
use super::rational::Rational;
use super::text;

/// What the extrema, the range, the sum and the mode of a series are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum NumberType {
    /// Floats, or values of several types.
    #[default]
    Float,
    /// Integers and booleans.
    Integer,
    /// Decimals with this many digits after the point, and integers beside them.
    Decimal(u8),
}

/// A number of an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Figure {
    /// A float.
    Float(f64),
    /// An integer.
    Integer(i128),
    /// A decimal, with the digits after the point that its series has.
    Decimal(Decimal),
}

/// Above it a decimal has more digits than the nearest float tells.
const DIGITS: u64 = 1_000_000_000_000_000;

impl NumberType {
    /// The type of values of both.
    pub(crate) fn joined(self, other: Self) -> Self {
        match (self, other) {
            (Self::Float, _) | (_, Self::Float) => Self::Float,
            (Self::Decimal(a), Self::Decimal(b)) => Self::Decimal(a.max(b)),
            (Self::Decimal(scale), Self::Integer) | (Self::Integer, Self::Decimal(scale)) => Self::Decimal(scale),
            (Self::Integer, Self::Integer) => Self::Integer,
        }
    }

    fn scale(self) -> Option<u8> {
        match self {
            Self::Float => None,
            Self::Integer => Some(0),
            Self::Decimal(scale) => Some(scale),
        }
    }

    /// An exact value as one of this type, if the float nearest to it does not tell it. `None` for one of more than 256 bits as well.
    pub(crate) fn kept(self, exact: &Rational) -> Option<Decimal> {
        let scale = self.scale()?;
        let (negative, magnitude) = match exact.as_integer().filter(|_| scale == 0) {
            Some((negative, magnitude)) => (negative, magnitude.clone()),
            None => exact.times(&Rational::integer(false, BigUint::power_of_ten(scale.into()))).to_integer()?,
        };
        let limbs = magnitude.limbs();
        let mut all = [0; 4];
        all.get_mut(..limbs.len())?.copy_from_slice(limbs);
        let decimal = Decimal { negative, magnitude: all, scale: scale.into() };
        (self.told_by(decimal.nearest()) != Some(decimal)).then_some(decimal)
    }

    /// The value of this type that a float is nearest to.
    fn told_by(self, value: f64) -> Option<Decimal> {
        let scale = self.scale()?;
        let most = if scale == 0 { EXACT_IN_F64 } else { DIGITS };
        let scaled = value.abs() * POWERS_OF_TEN.get(usize::from(scale)).copied()?;
        let magnitude = scaled.round();
        let is_told = value.is_finite() && magnitude <= most as f64;
        let magnitude = [magnitude as u64, 0, 0, 0];
        let negative = value < 0.0 && magnitude[0] > 0;
        is_told.then_some(Decimal { negative, magnitude, scale: scale.into() })
    }

    /// A statistic of this type: what was kept of it, or else what its float tells.
    pub(crate) fn figure(self, value: f64, kept: Option<Decimal>) -> Figure {
        let Some(decimal) = kept.or_else(|| self.told_by(value)) else { return Figure::Float(value) };
        match (self, decimal.to_i128()) {
            (Self::Integer, Some(integer)) => Figure::Integer(integer),
            (Self::Float, _) => Figure::Float(value),
            _ => Figure::Decimal(decimal),
        }
    }
}

impl Decimal {
    /// The digits before the point, and after it, if there are none and 128 bits hold them.
    fn to_i128(self) -> Option<i128> {
        let [low, high, 0, 0] = self.magnitude else { return None };
        let magnitude = i128::try_from(u128::from(high) << 64 | u128::from(low)).ok().filter(|_| self.scale == 0)?;
        Some(if self.negative { -magnitude } else { magnitude })
    }

    /// The digits of the magnitude.
    pub(crate) fn digits(self) -> String {
        const GROUP: u64 = 10_000_000_000_000_000_000;
        let mut limbs = self.magnitude;
        let mut groups = Vec::new();
        loop {
            // Division by a group of 19 digits, from the greatest limb on.
            let rest = limbs.iter_mut().rev().fold(0, |rest, limb| {
                let value = u128::from(rest) << 64 | u128::from(*limb);
                *limb = (value / u128::from(GROUP)) as u64;
                (value % u128::from(GROUP)) as u64
            });
            groups.push(rest);
            if limbs == [0; 4] {
                break;
            }
        }
        let (first, others) = (groups.pop().unwrap_or_default(), groups.iter().rev());
        others.fold(first.to_string(), |digits, group| digits + &format!("{group:019}"))
    }
}

/// All digits.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = usize::try_from(self.scale).unwrap_or(0);
        let digits = format!("{:0>width$}", self.digits(), width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let sign = if self.negative { "-" } else { "" };
        let point = if scale > 0 { "." } else { "" };
        f.pad(&format!("{sign}{whole}{point}{fraction}"))
    }
}

/// All digits; a float as Python spells it.
impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Float(value) => f.pad(&text::any_number(*value)),
            Self::Integer(value) => value.fmt(f),
            Self::Decimal(decimal) => decimal.fmt(f),
        }
    }
}

impl Figure {
    /// The nearest float.
    pub fn nearest(self) -> f64 {
        match self {
            Self::Float(value) => value,
            Self::Integer(value) => value as f64,
            Self::Decimal(decimal) => decimal.nearest(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_those_of_the_integer() {
        for value in [0, 9, 10, u128::from(u64::MAX), 10_000_000_000_000_000_000, u128::MAX, 10u128.pow(38)] {
            let magnitude = [value as u64, (value >> 64) as u64, 0, 0];
            assert_eq!(Decimal { negative: false, magnitude, scale: 0 }.digits(), value.to_string());
        }
    }

    fn whole(value: i128) -> Rational {
        Rational::integer(value < 0, value.unsigned_abs().into())
    }

    #[test]
    fn what_a_float_tells_is_not_kept() {
        let integers = NumberType::Integer;
        for value in [0, 7, -7, 1 << 53, -(1i128 << 53)] {
            assert_eq!(integers.kept(&whole(value)), None);
            assert_eq!(integers.figure(value as f64, None), Figure::Integer(value));
        }
        for value in [(1i128 << 53) + 1, -(1i128 << 53) - 1, i128::from(u64::MAX), i128::from(i64::MIN)] {
            let kept = integers.kept(&whole(value));
            assert!(kept.is_some());
            assert_eq!(integers.figure(value as f64, kept), Figure::Integer(value));
        }
        assert_eq!(integers.figure(f64::NAN, None).nearest().to_bits(), f64::NAN.to_bits());
    }

    #[test]
    fn decimals_have_the_digits_of_their_series() {
        let cents = NumberType::Decimal(2);
        assert_eq!(cents.figure(1.1, None).to_string(), "1.10");
        assert_eq!(cents.figure(-0.05, None).to_string(), "-0.05");
        assert_eq!(cents.figure(-0.0, None).to_string(), "0.00");
        // Every decimal of fifteen digits comes back from the float nearest to it.
        let mut magnitude = 3_u64;
        for scale in 0..=22_u8 {
            let decimals = NumberType::Decimal(scale);
            for _ in 0..200 {
                magnitude = magnitude.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1) % DIGITS;
                let decimal = Decimal { negative: magnitude > 0, magnitude: [magnitude, 0, 0, 0], scale: scale.into() };
                assert_eq!(decimals.figure(decimal.nearest(), None), Figure::Decimal(decimal), "{decimal}");
                assert_eq!(decimals.kept(&decimal.to_rational()), None, "{decimal}");
            }
        }
        let wide = Decimal { negative: false, magnitude: [u64::MAX, u64::MAX, 1, 0], scale: 2 };
        assert_eq!(cents.kept(&wide.to_rational()), Some(wide));
    }

    #[test]
    fn types_are_joined() {
        use NumberType::{Decimal, Float, Integer};
        assert_eq!(Integer.joined(Decimal(3)), Decimal(3));
        assert_eq!(Decimal(1).joined(Decimal(2)), Decimal(2));
        assert_eq!(Float.joined(Integer), Float);
    }
}
