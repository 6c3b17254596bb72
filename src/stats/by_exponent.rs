//! Sums of values whose exponents lie far apart: one sum for each exponent, of whole mantissas.
//!
//! A finite f64 is ±m·2^e with m < 2^53. Among the values with one e, the m and m² are integers, and 2^20 of them add up
//! below 2^74 and 2^126. (R. M. Neal's "large superaccumulator", arXiv:1505.05571, with squares.)

use super::exact::decompose;
use super::exact_sum::{ExactSum, ExactSumOfSquares};

/// Biased exponents of finite values; the subnormals share theirs with the smallest normal numbers.
const EXPONENTS: usize = 2046;

/// Additions between two turns of [`ByExponent::empty_into`].
const ROOM: u32 = 1 << 20;

/// See the [module](self).
#[derive(Clone, Debug)]
pub struct ByExponent {
    /// Σ±m and Σm² for each exponent, from −1074 on.
    sums: Vec<(i128, u128)>,
    added: u32,
}

impl ByExponent {
    pub fn new() -> Self {
        Self { sums: vec![(0, 0); EXPONENTS], added: 0 }
    }

    /// Whether so many more values may be added.
    pub fn has_room(&self, values: usize) -> bool {
        values <= (ROOM - self.added) as usize
    }

    /// Adds a finite value.
    #[inline]
    pub fn add(&mut self, value: f64) {
        let (negative, mantissa, exponent) = decompose(value);
        let sign = -i128::from(negative);
        let (sum, squares) = &mut self.sums[(exponent + 1074) as usize];
        *sum += (i128::from(mantissa) ^ sign) - sign;
        *squares += u128::from(mantissa) * u128::from(mantissa);
        self.added += 1;
    }

    /// Moves all that was added into wider sums.
    pub fn empty_into(&mut self, sum: &mut ExactSum, squares: &mut ExactSumOfSquares) {
        for (place, exponent) in self.sums.iter_mut().zip(-1074..) {
            if place.1 != 0 {
                sum.add_u128(place.0 < 0, place.0.unsigned_abs(), exponent);
                squares.add_u128(false, place.1, 2 * exponent);
                *place = (0, 0);
            }
        }
        self.added = 0;
    }
}
