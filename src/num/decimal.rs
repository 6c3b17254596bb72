//! Decimals: whole numbers of up to 256 bits, and the power of ten that they are divided by.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::big_uint::BigUint;
use super::rational::Rational;

/// The largest magnitude up to which every integer is an f64.
pub const EXACT_IN_F64: u64 = 1 << 53;

/// The powers of ten that are floats.
pub const POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// The scales that Arrow's decimals have.
pub const SCALES: RangeInclusive<i16> = i8::MIN as i16..=i8::MAX as i16;

/// ±magnitude·10^−scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decimal {
    /// Whether it is below 0.
    pub negative: bool,
    /// The digits as an integer, in limbs, the least significant first.
    pub magnitude: [u64; 4],
    /// The power of ten that the digits are divided by.
    pub scale: i16,
}

impl Decimal {
    /// The value.
    pub fn to_rational(self) -> Rational {
        let magnitude = BigUint::from_limbs(self.magnitude.to_vec());
        let power = BigUint::power_of_ten(self.scale.unsigned_abs().into());
        if self.scale >= 0 {
            Rational::new(self.negative, magnitude, power, 0)
        } else {
            Rational::integer(self.negative, magnitude.times(&power))
        }
    }

    /// The nearest f64: by one division or multiplication where both sides of it are exact (W. D. Clinger, *How to read
    /// floating point numbers accurately*, 1990), else from the exact rational.
    #[inline]
    pub fn nearest(self) -> f64 {
        let [low, rest @ ..] = self.magnitude;
        let power = POWERS_OF_TEN.get(usize::from(self.scale.unsigned_abs()));
        match power {
            Some(&power) if rest == [0; 3] && low <= EXACT_IN_F64 => {
                let magnitude = low as f64;
                let magnitude = if self.scale >= 0 { magnitude / power } else { magnitude * power };
                if self.negative && low != 0 { -magnitude } else { magnitude }
            }
            _ => self.to_rational().round(),
        }
    }
}
