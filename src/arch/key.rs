//! Keys: the order of values as that of integers, and what kernels say of many keys.

use super::block::BLOCK;

/// How the bits of a value become its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Float,
    Signed,
    Unsigned,
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f64 {}
    impl Sealed for i64 {}
    impl Sealed for u64 {}
}

/// Values of 64 bits whose order is that of an integer, their **key**: f64 with −0.0 before +0.0 and NaNs outside of the
/// infinities, i64, u64.
pub trait Keyed: sealed::Sealed + Copy + Default + Send + Sync {
    const ENCODING: Encoding;

    fn key(self) -> i64;
    fn from_key(key: i64) -> Self;

    /// An f64 near the value, and never a lower one for a higher value.
    fn approximate(self) -> f64;

    /// The value, if it is of an integer type.
    fn to_integer(self) -> Option<i128>;
    /// The low 64 bits of the value, if it is of an integer type.
    fn low_bits(self) -> u64;
}

impl Keyed for f64 {
    const ENCODING: Encoding = Encoding::Float;

    #[inline(always)]
    fn key(self) -> i64 {
        let bits = self.to_bits() as i64;
        bits ^ ((bits >> 63) & i64::MAX)
    }
    #[inline(always)]
    fn from_key(key: i64) -> Self {
        Self::from_bits((key ^ ((key >> 63) & i64::MAX)) as u64)
    }
    #[inline(always)]
    fn approximate(self) -> f64 {
        self
    }
    fn to_integer(self) -> Option<i128> {
        None
    }
    fn low_bits(self) -> u64 {
        0
    }
}

impl Keyed for i64 {
    const ENCODING: Encoding = Encoding::Signed;

    #[inline(always)]
    fn key(self) -> i64 {
        self
    }
    #[inline(always)]
    fn from_key(key: i64) -> Self {
        key
    }
    #[inline(always)]
    fn approximate(self) -> f64 {
        self as f64
    }
    #[inline(always)]
    fn to_integer(self) -> Option<i128> {
        Some(self.into())
    }
    #[inline(always)]
    fn low_bits(self) -> u64 {
        self as u64
    }
}

impl Keyed for u64 {
    const ENCODING: Encoding = Encoding::Unsigned;

    #[inline(always)]
    fn key(self) -> i64 {
        (self ^ (1 << 63)) as i64
    }
    #[inline(always)]
    fn from_key(key: i64) -> Self {
        key as u64 ^ (1 << 63)
    }
    #[inline(always)]
    fn approximate(self) -> f64 {
        self as f64
    }
    #[inline(always)]
    fn to_integer(self) -> Option<i128> {
        Some(self.into())
    }
    #[inline(always)]
    fn low_bits(self) -> u64 {
        self
    }
}

/// The least and the greatest key of some values; of none, the least is above the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    pub min: i64,
    pub max: i64,
}

impl Range {
    pub const EMPTY: Self = Self { min: i64::MAX, max: i64::MIN };

    #[inline(always)]
    pub fn include(&mut self, key: i64) {
        self.min = self.min.min(key);
        self.max = self.max.max(key);
    }

    pub fn with(self, other: Self) -> Self {
        Self { min: self.min.min(other.min), max: self.max.max(other.max) }
    }

    pub fn is_empty(self) -> bool {
        self.min > self.max
    }

    /// Whether there is a NaN among these keys of floats.
    pub fn holds_nan(self) -> bool {
        !self.is_empty() && (self.max > f64::INFINITY.key() || self.min < f64::NEG_INFINITY.key())
    }

    /// The least exponent that all these floats are below in magnitude; 1025 with infinities or NaNs.
    pub fn top(self) -> i32 {
        if self.is_empty() {
            return -1074;
        }
        let bits = |key| f64::from_key(key).to_bits() & (u64::MAX >> 1);
        let field = (bits(self.min).max(bits(self.max)) >> 52) as i32;
        field.max(1) - 1022
    }

    /// Whether all these floats are below 2^top in magnitude.
    #[inline(always)]
    pub fn is_below(self, top: i32) -> bool {
        self.top() <= top
    }
}

/// Edges, ascending, and which of the bins around them are kept.
#[derive(Clone, Copy, Debug)]
pub struct BinEdges<'a> {
    pub edges: &'a [i64],
    /// Whether the bin below the first edge is kept.
    pub first: bool,
    /// Of each edge, whether that changes there.
    pub flips: &'a [bool],
}

/// The most bins that are counted side by side.
pub const MOST_SIDE_BY_SIDE: usize = 64;

/// Counts of bins, of which each of four values in turn has its own.
pub type SideBySide = [[u32; MOST_SIDE_BY_SIDE]; 4];

/// The keys of a block, and their bins.
pub struct Located {
    pub keys: [i64; BLOCK],
    pub bins: [u64; BLOCK],
}

impl Located {
    pub fn new() -> Self {
        Self { keys: [0; BLOCK], bins: [0; BLOCK] }
    }
}

impl Default for Located {
    fn default() -> Self {
        Self::new()
    }
}
