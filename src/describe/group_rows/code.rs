//! What keys are told apart by: a number for each, or for text a hash.

use std::hash::{BuildHasher, RandomState};

/// What keys are told apart by.
pub(super) trait Code: Copy + Default + Ord + Send + Sync {
    /// 64 bits that depend on all of it.
    fn folded(self) -> u64;

    /// How far it is above another one, if equal codes alone are equal keys.
    fn above(self, low: Self) -> Option<u64> {
        let _ = low;
        None
    }
}

impl Code for u64 {
    fn folded(self) -> u64 {
        self
    }

    fn above(self, low: Self) -> Option<u64> {
        Some(self.wrapping_sub(low))
    }
}

/// What keys have in common that may be equal.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hash(pub(super) u64);

impl Code for Hash {
    fn folded(self) -> u64 {
        self.0
    }
}

impl Code for u128 {
    fn folded(self) -> u64 {
        (self >> 64) as u64 ^ (self as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// Set in the code of text that is longer than [`SHORT`] bytes.
pub(super) const LONG: u128 = 1 << 7;

/// Bytes of text that fit a code beside their number.
const SHORT: usize = 15;

pub(super) fn text_code(hasher: &RandomState, bytes: &[u8]) -> u128 {
    if bytes.len() > SHORT {
        return u128::from(hasher.hash_one(bytes)) << 64 | LONG;
    }
    let mut word = [0; 16];
    word[..bytes.len()].copy_from_slice(bytes);
    word[SHORT] = bytes.len() as u8;
    u128::from_be_bytes(word)
}

/// Bits of a code, well spread: all of them depend on all of it.
pub(super) fn mixed(code: impl Code, seed: u64) -> u64 {
    mixed_bits(code.folded(), seed)
}

/// Bits all of which depend on all of both.
pub(crate) fn mixed_bits(bits: u64, seed: u64) -> u64 {
    let product = u128::from(bits ^ seed) * 0x9e37_79b9_7f4a_7c15;
    (product as u64) ^ (product >> 64) as u64
}
