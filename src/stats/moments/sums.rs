//! S and Q, where they are narrow, and where they are wide.

use serde::{Deserialize, Serialize};

use crate::num::big_uint::BigUint;
use crate::num::decimal::Decimal;
use crate::num::rational::decompose;
use crate::num::superaccumulator::{ExactSum, ExactSumOfSquares};
use crate::num::u256::U256;

/// S and Q as whole numbers of 2^unit and 2^(2·unit).
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Near {
    pub unit: i32,
    pub sum: i128,
    pub squares: U256,
}

impl Near {
    pub(super) const ZERO: Self = Self { unit: 0, sum: 0, squares: U256::ZERO };

    pub(super) fn is_zero(&self) -> bool {
        self.sum == 0 && self.squares == U256::ZERO
    }

    /// The same in a smaller unit, if it then stays below 2^125 and 2^253: two such sums add up without overflow.
    fn in_unit(self, unit: i32) -> Option<Self> {
        let shift = (self.unit - unit).unsigned_abs();
        let sum_room = self.sum.unsigned_abs().leading_zeros();
        let room = sum_room.min(self.squares.leading_zeros() / 2);
        (shift + 3 <= room).then(|| Self {
            unit,
            sum: self.sum << shift,
            squares: self.squares.shifted_left(2 * shift),
        })
    }

    /// Both together, if there is room for it.
    pub(super) fn plus(self, other: Self) -> Option<Self> {
        if other.is_zero() {
            return Some(self);
        } else if self.is_zero() {
            return Some(other);
        }
        let unit = self.unit.min(other.unit);
        let (a, b) = (self.in_unit(unit)?, other.in_unit(unit)?);
        Some(Self { unit, sum: a.sum + b.sum, squares: a.squares.plus(b.squares) })
    }
}

/// The sums of the values m·10^−scale, as sums of m.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Part {
    pub(super) scale: i16,
    pub sum: Box<ExactSum>,
    pub squares: Box<ExactSumOfSquares>,
}

impl Part {
    /// That of this scale; a new one if there is none.
    pub fn of(parts: &mut Vec<Self>, scale: i16) -> &mut Self {
        let index = match parts.iter().position(|part| part.scale == scale) {
            Some(index) => index,
            None => {
                parts.push(Self { scale, sum: Box::default(), squares: Box::default() });
                parts.len() - 1
            }
        };
        &mut parts[index]
    }

    pub fn scale(&self) -> i16 {
        self.scale
    }

    /// Another part of the same scale.
    pub fn merge(&mut self, other: &Self) {
        self.sum.merge(&other.sum);
        self.squares.merge(&other.squares);
    }

    /// A finite value enters, or leaves.
    pub fn change(&mut self, value: f64, leaves: bool) {
        let (negative, mantissa, exponent) = decompose(value);
        self.sum.add(negative != leaves, mantissa, exponent);
        self.squares.add_square(leaves, mantissa, exponent);
    }

    /// A decimal of this scale enters, or leaves.
    pub fn add_decimal(&mut self, decimal: &Decimal, leaves: bool) {
        self.sum.add_natural(decimal.negative != leaves, &decimal.magnitude, 0);
        let [low, rest @ ..] = decimal.magnitude;
        if rest == [0; 3] {
            self.squares.add_square(leaves, low, 0);
        } else {
            let magnitude = BigUint::from_limbs(decimal.magnitude.to_vec());
            self.squares.add_natural(leaves, magnitude.times(&magnitude).limbs(), 0);
        }
    }

    pub(super) fn add_near(&mut self, near: &Near) {
        self.sum.add_u128(near.sum < 0, near.sum.unsigned_abs(), near.unit);
        self.squares.add_natural(false, &near.squares.0, 2 * near.unit);
    }
}
