//! Any real number that a column can hold, and the keys that such numbers are ordered by.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::decimal::{Decimal, EXACT_IN_F64, SCALES};
use super::rational::Rational;

/// Any real number that a column can hold: an f64, or ±magnitude·10^−scale with a magnitude of up to 256 bits.
#[derive(Clone, Copy, Debug)]
pub struct Number {
    /// The nearest f64; the number itself where `decimal` is not there.
    pub(crate) nearest: f64,
    pub(crate) decimal: Option<Decimal>,
}

impl From<f64> for Number {
    #[inline]
    fn from(value: f64) -> Self {
        Self { nearest: value, decimal: None }
    }
}

impl From<Decimal> for Number {
    #[inline]
    fn from(decimal: Decimal) -> Self {
        Self { nearest: decimal.nearest(), decimal: Some(decimal) }
    }
}

impl From<i64> for Number {
    #[inline]
    fn from(value: i64) -> Self {
        Self::integer(value < 0, value.unsigned_abs())
    }
}

impl From<u64> for Number {
    #[inline]
    fn from(value: u64) -> Self {
        Self::integer(false, value)
    }
}

impl Number {
    fn integer(negative: bool, magnitude: u64) -> Self {
        if magnitude <= EXACT_IN_F64 {
            let value = magnitude as f64;
            return Self::from(if negative && magnitude != 0 { -value } else { value });
        }
        Self::from(Decimal { negative, magnitude: [magnitude, 0, 0, 0], scale: 0 })
    }
}

/// A number, or the place directly above it and below every greater one.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(try_from = "WrittenKey", into = "WrittenKey")]
pub struct ExactKey {
    pub(crate) number: Number,
    pub(crate) above: bool,
}

/// A place as it is written: the f64 nearest to a decimal follows from it.
#[derive(Serialize, Deserialize)]
enum WrittenNumber {
    Float(f64),
    Decimal(Decimal),
}

#[derive(Serialize, Deserialize)]
struct WrittenKey {
    number: WrittenNumber,
    above: bool,
}

impl From<ExactKey> for WrittenKey {
    #[inline]
    fn from(ExactKey { number, above }: ExactKey) -> Self {
        let number = match number.decimal {
            None => WrittenNumber::Float(number.nearest),
            Some(decimal) => WrittenNumber::Decimal(decimal),
        };
        Self { number, above }
    }
}

impl TryFrom<WrittenKey> for ExactKey {
    type Error = &'static str;

    fn try_from(WrittenKey { number, above }: WrittenKey) -> Result<Self, Self::Error> {
        let number = match number {
            WrittenNumber::Float(value) if value.is_nan() => return Err("NaN is no place among numbers"),
            WrittenNumber::Float(value) => value.into(),
            WrittenNumber::Decimal(decimal) if !SCALES.contains(&decimal.scale) => {
                return Err("no decimal has such a scale");
            }
            WrittenNumber::Decimal(decimal) => decimal.into(),
        };
        Ok(Self { number, above })
    }
}

impl Ord for ExactKey {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.number.order(&other.number).then(self.above.cmp(&other.above))
    }
}

impl PartialOrd for ExactKey {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for ExactKey {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for ExactKey {}

impl Number {
    /// The value; not for NaN or infinities.
    #[inline]
    pub fn to_rational(self) -> Rational {
        match self.decimal {
            None => Rational::from_f64(self.nearest),
            Some(decimal) => decimal.to_rational(),
        }
    }

    /// Rounding keeps the order, so only numbers with the same nearest f64 need a closer look.
    #[inline]
    fn order(&self, other: &Self) -> Ordering {
        self.nearest.total_cmp(&other.nearest).then_with(|| match (self.decimal, other.decimal) {
            (None, None) => Ordering::Equal,
            (a, b) if a == b => Ordering::Equal,
            _ => self.to_rational().compare(&other.to_rational()),
        })
    }
}
