//! Sums of values whose exponents lie far apart: one sum for each few exponents, of whole mantissas.
//!
//! A finite f64 is ±m·2^e with m < 2^53 and e from −1074 on. Four neighbouring exponents share a place: there it is a whole
//! number below 2^56 of the lowest one's units, and 2^16 such numbers and squares add up below 2^72 and 2^128. All places
//! together are 16 kB, half of the first-level cache. (R. M. Neal's "large superaccumulator", arXiv:1505.05571, with
//! squares.)

use super::superaccumulator::{ExactSum, ExactSumOfSquares};

/// 2046 exponents of finite values, by four.
const PLACES: usize = 512;

/// Additions between two turns of [`LargeAccumulator::empty_into`].
const ROOM: usize = 1 << 16;

/// See the [module](self).
#[derive(Clone, Debug)]
pub struct LargeAccumulator {
    /// Σ±m and Σm² for each place.
    sums: Box<[(i128, u128); PLACES]>,
    added: usize,
}

impl Default for LargeAccumulator {
    fn default() -> Self {
        Self { sums: Box::new([(0, 0); PLACES]), added: 0 }
    }
}

impl LargeAccumulator {
    /// Whether `values` more of them may be added.
    pub fn has_room(&self, values: usize) -> bool {
        values <= ROOM - self.added
    }

    /// Adds finite values.
    pub fn add(&mut self, values: &[f64]) {
        for &value in values {
            let bits = value.to_bits();
            let field = bits >> 52 & 0x7ff;
            let normal = u64::from(field != 0);
            let exponent = field - normal; // the subnormals share that of the smallest normal numbers
            let magnitude = (bits & ((1 << 52) - 1) | normal << 52) << (exponent % 4);
            let sign = bits as i64 >> 63;
            let (sum, squares) = &mut self.sums[(exponent / 4) as usize % PLACES];
            *sum += i128::from((magnitude as i64 ^ sign) - sign);
            *squares += u128::from(magnitude) * u128::from(magnitude);
        }
        self.added += values.len();
    }

    /// Moves all that was added into wider sums.
    pub fn empty_into(&mut self, sum: &mut ExactSum, squares: &mut ExactSumOfSquares) {
        for (index, exponent) in self.sums.iter_mut().zip((-1074..).step_by(4)) {
            if index.1 != 0 {
                sum.add_u128(index.0 < 0, index.0.unsigned_abs(), exponent);
                squares.add_u128(false, index.1, 2 * exponent);
                *index = (0, 0);
            }
        }
        self.added = 0;
    }
}
