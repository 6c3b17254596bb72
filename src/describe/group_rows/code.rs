//! What keys are told apart by: a number for each, or for text a hash.

use std::hash::{BuildHasher, RandomState};

use crate::stats::texts::prefix;

/// What keys are told apart by.
pub(crate) trait Code: Copy + Default + Ord + Send + Sync {
    /// 64 bits that depend on all of it.
    fn folded(self) -> u64;

    /// How far it is above another one, if equal codes alone are equal keys.
    fn above(self, low: Self) -> Option<u64> {
        let _ = low;
        None
    }
}

impl Code for u64 {
    #[inline]
    fn folded(self) -> u64 {
        self
    }

    #[inline]
    fn above(self, low: Self) -> Option<u64> {
        Some(self.wrapping_sub(low))
    }
}

impl Code for u128 {
    #[inline]
    fn folded(self) -> u64 {
        (self >> 64) as u64 ^ (self as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// Set in the code of text that is longer than [`SHORT`] bytes.
pub(in super::super) const LONG: u128 = 1 << 7;

/// Whether a code of text is that of a longer one, of which it is a hash.
#[cfg(feature = "parquet")]
pub(crate) fn is_long_text(code: u128) -> bool {
    code & LONG != 0
}

/// Bytes of text that fit a code beside their number.
const SHORT: usize = 15;

#[inline]
pub(crate) fn text_code(hasher: &RandomState, bytes: &[u8]) -> u128 {
    if bytes.len() > SHORT {
        return u128::from(hasher.hash_one(bytes)) << 64 | LONG;
    }
    prefix(bytes) | bytes.len() as u128
}

/// Bits of a code, well spread: all of them depend on all of it.
#[inline]
pub(in super::super) fn mixed(code: impl Code, seed: u64) -> u64 {
    mixed_bits(code.folded(), seed)
}

/// Bits all of which depend on all of both.
#[inline]
pub(crate) fn mixed_bits(bits: u64, seed: u64) -> u64 {
    let product = u128::from(bits ^ seed) * 0x9e37_79b9_7f4a_7c15;
    (product as u64) ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The code of short text is its bytes, zeros behind them, and their number.
        #[test]
        fn short_text_is_its_own_code(bytes in prop::collection::vec(any::<u8>(), 0..=SHORT)) {
            let mut word = [0; 16];
            word[..bytes.len()].copy_from_slice(&bytes);
            word[SHORT] = bytes.len() as u8;
            prop_assert_eq!(text_code(&RandomState::new(), &bytes), u128::from_be_bytes(word));
        }
    }
}
