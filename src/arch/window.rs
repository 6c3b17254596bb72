//! The fixed point that a block of floats is summed in.
//!
//! A **window** is a window of `top − unit` bits. Every finite x with |x| < 2^top whose last bit is not below 2^unit is
//! a whole number of units, so its sum and the sum of its squares are integers, and integers add up without rounding in
//! any order. The window is wide (101 bits with AVX-512, 71 without), so the values of a block nearly always share
//! one: an f64 has 53 bits of its own. What does not fit is found by the kernels and summed up another way.

use super::block::BLOCK;
use super::key::Range;
use crate::num::u256::U256;

/// Additions to a lane of 64 bits between two reductions: 2^12 summands below 2^52 stay below 2^64.
pub const LANE_TERMS: u32 = 1 << 12;

/// See the [module](self).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedPointWindow {
    /// The exponent that every magnitude is below.
    pub top: i32,
    /// The exponent of the last bit.
    pub unit: i32,
}

impl FixedPointWindow {
    /// 2^exponent, for exponents of normal numbers.
    pub fn power(exponent: i32) -> f64 {
        debug_assert!((-1022..=1023).contains(&exponent));
        f64::from_bits(((exponent + 1023) as u64) << 52)
    }

    /// Whether a finite value is a whole number of units below the top.
    pub fn holds(self, value: f64) -> bool {
        let bits = value.to_bits() & (u64::MAX >> 1);
        if bits == 0 {
            return true;
        }
        let field = (bits >> 52) as i32;
        let fraction = bits & ((1 << 52) - 1);
        let mantissa = if field == 0 { fraction } else { fraction | 1 << 52 };
        let last = field.max(1) - 1075 + mantissa.trailing_zeros() as i32;
        let magnitude = field.max(1) - 1022; // |value| < 2^magnitude
        magnitude <= self.top && last >= self.unit
    }
}

/// Σx and Σx² of values in one window, as whole units and square units.
#[derive(Clone, Debug)]
pub struct Sums {
    /// Lanes of a kernel that adds in vectors: see `avx512`.
    pub(super) lanes: [[u64; 8]; 8],
    /// Vectors that were added to the lanes.
    pub(super) vectors: u32,
    pub(super) split: Split,
    pub(super) sum: i128,
    pub(super) squares: U256,
}

/// How a value v is made of limbs: v = a1·2^bits + a0 − offset.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Split {
    pub bits: u32,
    pub offset: u128,
}

impl Sums {
    pub fn new() -> Self {
        Self { lanes: [[0; 8]; 8], vectors: 0, split: Split::default(), sum: 0, squares: U256::ZERO }
    }

    /// What was added since the last time. With values below 2^101 units in magnitude, and fewer than 2^24
    /// of them between two calls, |Σ| stays below 2^125 and Σ² below 2^226.
    pub fn take(&mut self) -> (i128, U256) {
        if self.vectors > 0 {
            self.reduce();
        }
        (std::mem::take(&mut self.sum), std::mem::take(&mut self.squares))
    }

    /// Whether the lanes have room for another block.
    pub fn has_room(&self) -> bool {
        self.vectors + (BLOCK / 8) as u32 <= LANE_TERMS
    }

    /// The lanes hold sums of limbs, of which each value is v = A − c with A = a1·2^b + a0. Over N values:
    ///
    /// - Σv = ΣA − N·c
    /// - Σv² = ΣA² − 2c·ΣA + N·c²
    /// - ΣA² = Σa1²·2^(2b) + Σa1·a0·2^(b+1) + Σa0²
    ///
    /// and each product is in two lanes, its low 52 bits and the rest.
    fn reduce(&mut self) {
        let n = 8 * u64::from(self.vectors);
        let total = |lane: &[u64; 8]| -> u128 { lane.iter().map(|&sum| u128::from(sum)).sum() };
        let [a1, a0, low00, high00, low01, high01, low11, high11] = self.lanes.each_ref().map(total);
        let Split { bits, offset } = self.split;
        let sum = (a1 << bits) + a0;
        let mut squares = U256::from(low00);
        for (part, shift) in
            [(high00, 52), (low01, bits + 1), (high01, bits + 53), (low11, 2 * bits), (high11, 2 * bits + 52)]
        {
            squares = squares.plus(U256::from(part).shifted_left(shift));
        }
        self.sum += sum as i128 - (u128::from(n) * offset) as i128;
        let squares = squares.minus(U256::product(2 * offset, sum)).plus(U256::product(offset, offset).times(n));
        self.squares = self.squares.plus(squares);
        self.lanes = [[0; 8]; 8];
        self.vectors = 0;
    }
}

impl Default for Sums {
    fn default() -> Self {
        Self::new()
    }
}

/// What was seen of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accumulated {
    pub range: Range,
    /// Whether all values were whole units of the window and below its top: if not, nothing was added.
    pub fits: bool,
}
