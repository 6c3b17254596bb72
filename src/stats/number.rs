//! The values that a series can consist of, and what the kernels need to know of them.
//!
//! Most series are `f64`: every float up to 64 bits and every integer up to 32 bits is one exactly. 64-bit integers
//! stay `i64` or `u64`. All else (decimals, and columns whose files mix types) is a [`Number`]: exact, slower.

use std::cmp::Ordering;

use super::exact::Exact;
use super::moments::Moments;
use super::natural::Natural;

/// A value of a series.
pub trait Value: Copy + Send + Sync + std::fmt::Debug + 'static {
    /// Whether the value is missing in the sense of IEEE 754.
    fn is_nan(self) -> bool {
        false
    }

    /// The order of two values that are not NaN: total, −0.0 before +0.0.
    fn order(&self, other: &Self) -> Ordering;

    /// The nearest f64.
    fn nearest(self) -> f64;

    /// The value itself, where an f64 can hold it.
    fn as_f64(self) -> Option<f64>;

    /// The value itself; not for NaN or infinities.
    fn to_exact(self) -> Exact;

    /// Adds finite or infinite values to the moments.
    fn accumulate(values: &[Self], moments: &mut Moments);
}

impl Value for f64 {
    #[inline]
    fn is_nan(self) -> bool {
        self.is_nan()
    }

    #[inline]
    fn order(&self, other: &Self) -> Ordering {
        self.total_cmp(other)
    }

    fn nearest(self) -> f64 {
        self
    }

    fn as_f64(self) -> Option<f64> {
        Some(self)
    }

    fn to_exact(self) -> Exact {
        Exact::from_f64(self)
    }

    fn accumulate(values: &[Self], moments: &mut Moments) {
        moments.update(values);
    }
}

/// The largest magnitude up to which every integer is an f64.
const EXACT_IN_F64: u64 = 1 << 53;

impl Value for i64 {
    #[inline]
    fn order(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }

    fn nearest(self) -> f64 {
        self as f64
    }

    fn as_f64(self) -> Option<f64> {
        (self.unsigned_abs() <= EXACT_IN_F64).then_some(self as f64)
    }

    fn to_exact(self) -> Exact {
        Exact::integer(self < 0, self.unsigned_abs().into())
    }

    fn accumulate(values: &[Self], moments: &mut Moments) {
        for &value in values {
            moments.add_integer(value < 0, value.unsigned_abs());
        }
    }
}

impl Value for u64 {
    #[inline]
    fn order(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }

    fn nearest(self) -> f64 {
        self as f64
    }

    fn as_f64(self) -> Option<f64> {
        (self <= EXACT_IN_F64).then_some(self as f64)
    }

    fn to_exact(self) -> Exact {
        Exact::integer(false, self.into())
    }

    fn accumulate(values: &[Self], moments: &mut Moments) {
        for &value in values {
            moments.add_integer(false, value);
        }
    }
}

/// Any real number that a column can hold: an f64, or ±magnitude·10^−scale with a magnitude of up to 256 bits.
#[derive(Clone, Copy, Debug)]
pub struct Number {
    /// The nearest f64; the number itself where `decimal` is not there.
    nearest: f64,
    decimal: Option<Decimal>,
}

/// ±magnitude·10^−scale, the magnitude in limbs, least significant first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    pub negative: bool,
    pub magnitude: [u64; 4],
    pub scale: i16,
}

impl Decimal {
    fn to_exact(self) -> Exact {
        let magnitude = Natural::from_limbs(self.magnitude.to_vec());
        let power = Natural::power_of_ten(self.scale.unsigned_abs().into());
        if self.scale >= 0 {
            Exact::new(self.negative, magnitude, power, 0)
        } else {
            Exact::integer(self.negative, magnitude.times(&power))
        }
    }

    /// The nearest f64: by one division or multiplication where both sides of it are exact (W. D. Clinger, *How to read
    /// floating point numbers accurately*, 1990), else from the exact rational.
    fn nearest(self) -> f64 {
        const POWERS: [f64; 23] = [
            1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
            1e19, 1e20, 1e21, 1e22,
        ];
        let [low, rest @ ..] = self.magnitude;
        let power = POWERS.get(usize::from(self.scale.unsigned_abs()));
        match power {
            Some(&power) if rest == [0; 3] && low <= EXACT_IN_F64 => {
                let magnitude = low as f64;
                let magnitude = if self.scale >= 0 { magnitude / power } else { magnitude * power };
                if self.negative && low != 0 { -magnitude } else { magnitude }
            }
            _ => self.to_exact().round(),
        }
    }
}

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Self { nearest: value, decimal: None }
    }
}

impl From<Decimal> for Number {
    fn from(decimal: Decimal) -> Self {
        Self { nearest: decimal.nearest(), decimal: Some(decimal) }
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self::integer(value < 0, value.unsigned_abs())
    }
}

impl From<u64> for Number {
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

impl Value for Number {
    fn is_nan(self) -> bool {
        self.nearest.is_nan()
    }

    /// Rounding keeps the order, so only numbers with the same nearest f64 need a closer look.
    fn order(&self, other: &Self) -> Ordering {
        self.nearest.total_cmp(&other.nearest).then_with(|| match (self.decimal, other.decimal) {
            (None, None) => Ordering::Equal,
            (a, b) if a == b => Ordering::Equal,
            _ => self.to_exact().compare(&other.to_exact()),
        })
    }

    fn nearest(self) -> f64 {
        self.nearest
    }

    fn as_f64(self) -> Option<f64> {
        match self.decimal {
            None => Some(self.nearest),
            Some(decimal) => {
                let same = decimal.to_exact().compare(&Exact::from_f64(self.nearest));
                (same == Ordering::Equal).then_some(self.nearest)
            }
        }
    }

    fn to_exact(self) -> Exact {
        match self.decimal {
            None => Exact::from_f64(self.nearest),
            Some(decimal) => decimal.to_exact(),
        }
    }

    fn accumulate(values: &[Self], moments: &mut Moments) {
        for value in values {
            match &value.decimal {
                None => moments.update(&[value.nearest]),
                Some(decimal) => moments.add_decimal(decimal),
            }
        }
    }
}
