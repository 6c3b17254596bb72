//! Integers of 256 bits: wide enough for n·Σx² and (Σx)² of a series whose values share one frame.

use serde::{Deserialize, Serialize};

/// Σ limb\[i\]·2^(64·i) mod 2^256.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct U256(pub [u64; 4]);

impl U256 {
    pub const ZERO: Self = Self([0; 4]);

    pub fn plus(self, other: Self) -> Self {
        let mut carry = false;
        let mut limbs = [0; 4];
        for (i, limb) in limbs.iter_mut().enumerate() {
            let (sum, first) = self.0[i].overflowing_add(other.0[i]);
            let (sum, second) = sum.overflowing_add(carry.into());
            *limb = sum;
            carry = first | second;
        }
        Self(limbs)
    }

    pub fn minus(self, other: Self) -> Self {
        let mut borrow = false;
        let mut limbs = [0; 4];
        for (i, limb) in limbs.iter_mut().enumerate() {
            let (rest, first) = self.0[i].overflowing_sub(other.0[i]);
            let (rest, second) = rest.overflowing_sub(borrow.into());
            *limb = rest;
            borrow = first | second;
        }
        Self(limbs)
    }

    /// a·b, which always fits.
    pub fn product(a: u128, b: u128) -> Self {
        let (a0, a1) = (a as u64 as u128, a >> 64);
        let (b0, b1) = (b as u64 as u128, b >> 64);
        let low = a0 * b0;
        // At most 2·(2^64 − 1) + (2^64 − 1)² = 2^128 − 1.
        let middle = (low >> 64) + a0 * b1;
        let (middle, carry) = middle.overflowing_add(a1 * b0);
        let high = a1 * b1 + (middle >> 64) + (u128::from(carry) << 64);
        Self([low as u64, middle as u64, high as u64, (high >> 64) as u64])
    }

    /// self·factor.
    pub fn times(self, factor: u64) -> Self {
        let mut carry = 0u128;
        Self(self.0.map(|limb| {
            let product = u128::from(limb) * u128::from(factor) + carry;
            carry = product >> 64;
            product as u64
        }))
    }

    /// self·2^count; count is below 256.
    pub fn shifted_left(self, count: u32) -> Self {
        let (words, bits) = ((count / 64) as usize, count % 64);
        let mut limbs = [0; 4];
        let mut below = 0;
        for (limb, &word) in limbs[words..].iter_mut().zip(&self.0) {
            *limb = if bits == 0 { word } else { word << bits | below >> (64 - bits) };
            below = word;
        }
        Self(limbs)
    }

    /// The zero bits above the highest one that is set; 256 of zero.
    pub fn leading_zeros(self) -> u32 {
        let top = self.0.iter().rposition(|&limb| limb != 0);
        top.map_or(256, |i| 64 * (3 - i as u32) + self.0[i].leading_zeros())
    }

    /// ⌊self / divisor⌋ and the remainder; the divisor is not zero.
    pub fn divided_by(self, divisor: u64) -> (Self, u64) {
        let mut remainder = 0u64;
        let mut limbs = [0; 4];
        for i in (0..4).rev() {
            let dividend = u128::from(remainder) << 64 | u128::from(self.0[i]);
            limbs[i] = (dividend / u128::from(divisor)) as u64; // below 2^64, as the remainder is below the divisor
            remainder = (dividend % u128::from(divisor)) as u64;
        }
        (Self(limbs), remainder)
    }
}

impl From<u128> for U256 {
    fn from(value: u128) -> Self {
        Self([value as u64, (value >> 64) as u64, 0, 0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigUint;
    use num_traits::One;
    use proptest::prelude::*;

    fn big(value: U256) -> BigUint {
        value.0.iter().rev().fold(BigUint::ZERO, |sum, &limb| (sum << 64u32) + limb)
    }

    /// Limbs of few bits too, so that carries and zeros happen.
    fn limbs() -> impl Strategy<Value = U256> {
        let limb = prop_oneof![any::<u64>(), Just(0), Just(u64::MAX), 0u64..4];
        prop::array::uniform4(limb).prop_map(U256)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn it_is_arithmetic_modulo_two_to_the_256(a in limbs(), b in limbs(), factor in any::<u64>(), count in 0u32..256) {
            let modulus = BigUint::one() << 256u32;
            prop_assert_eq!(big(a.plus(b)), (big(a) + big(b)) % &modulus);
            prop_assert_eq!(big(a.minus(b)), (big(a) + &modulus - big(b)) % &modulus);
            prop_assert_eq!(big(a.times(factor)), (big(a) * factor) % &modulus);
            prop_assert_eq!(big(a.shifted_left(count)), (big(a) << count) % &modulus);
            prop_assert_eq!(u64::from(a.leading_zeros()), 256 - big(a).bits());
            let (quotient, remainder) = a.divided_by(factor.max(1));
            prop_assert_eq!(big(quotient) * factor.max(1) + remainder, big(a));
        }

        #[test]
        fn products_are_whole(a in any::<u128>(), b in any::<u128>()) {
            for (a, b) in [(a, b), (u128::MAX, b), (u128::MAX, u128::MAX)] {
                prop_assert_eq!(big(U256::product(a, b)), BigUint::from(a) * b);
            }
        }
    }
}
