//! f64 side by side: what is written once over [`Floats`] runs on one number, or on eight of as many series at a time.

use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

use super::key::Keyed;

/// The operators of a type, each by what it makes of two values.
macro_rules! operators {
    ($type:ty: $($trait:ident $name:ident ($left:ident, $right:ident) => $result:expr),* $(,)?) => {$(
        impl $trait for $type {
            type Output = Self;
            #[inline(always)]
            fn $name(self, other: Self) -> Self {
                let ($left, $right) = (self, other);
                $result
            }
        }
    )*};
}

/// That all eight numbers of a type are one register.
macro_rules! one_register {
    () => {
        type Register = Self;
        const REGISTERS: usize = 1;

        #[inline(always)]
        fn registers(values: &[f64; 8]) -> &[[f64; 8]] {
            std::slice::from_ref(values)
        }
        #[inline(always)]
        fn registers_mut(values: &mut [f64; 8]) -> &mut [[f64; 8]] {
            std::slice::from_mut(values)
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

#[cfg(target_arch = "x86_64")]
pub use avx2::Pair;
#[cfg(target_arch = "x86_64")]
pub use avx512::{Wide, float_keys};

/// Numbers side by side; each operation is that of IEEE 754 on every one of them.
pub trait Floats:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    /// As they lie in memory.
    type Values: Copy;
    /// A truth for each of them.
    type Mask: Copy + BitAnd<Output = Self::Mask> + BitOr<Output = Self::Mask> + Not<Output = Self::Mask>;

    fn load(values: &Self::Values) -> Self;
    fn store(self) -> Self::Values;
    /// The same number in each place.
    fn splat(value: f64) -> Self;
    /// self·a + b, rounded once.
    fn mul_add(self, a: Self, b: Self) -> Self;
    fn sqrt(self) -> Self;
    fn abs(self) -> Self;
    fn equals(self, other: Self) -> Self::Mask;
    fn is_at_most(self, other: Self) -> Self::Mask;
    /// `self` where the mask says so, else `other`.
    fn or(self, mask: Self::Mask, other: Self) -> Self;
    /// The mask, the first number in the lowest bit.
    fn bits(mask: Self::Mask) -> u8;
}

/// Numbers of eight series side by side.
pub trait OfEight: Floats<Values = [f64; 8]> {
    /// Those that one register holds.
    type Register: Floats;
    /// How many of these hold eight numbers.
    const REGISTERS: usize;

    /// Eight numbers, a register after the other.
    fn registers(values: &[f64; 8]) -> &[<Self::Register as Floats>::Values];
    /// The same to write to.
    fn registers_mut(values: &mut [f64; 8]) -> &mut [<Self::Register as Floats>::Values];
    /// The first number of each series, then the second: as many as `values` has room for, and the series have.
    fn lay(series: [&[f64]; 8], values: &mut [[f64; 8]]);
    /// Their keys.
    fn keys(values: &[f64; 8]) -> [i64; 8];
    /// The lesser of each two keys to the first place, the greater one to the second.
    fn exchange(keys: [&mut [i64; 8]; 2]);
}

impl Floats for f64 {
    type Values = f64;
    type Mask = bool;

    #[inline(always)]
    fn load(value: &f64) -> Self {
        *value
    }
    #[inline(always)]
    fn store(self) -> f64 {
        self
    }
    #[inline(always)]
    fn splat(value: f64) -> Self {
        value
    }
    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        f64::mul_add(self, a, b)
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        f64::sqrt(self)
    }
    #[inline(always)]
    fn abs(self) -> Self {
        f64::abs(self)
    }
    #[inline(always)]
    fn equals(self, other: Self) -> bool {
        self == other
    }
    #[inline(always)]
    fn is_at_most(self, other: Self) -> bool {
        self <= other
    }
    #[inline(always)]
    fn or(self, mask: bool, other: Self) -> Self {
        if mask { self } else { other }
    }
    #[inline(always)]
    fn bits(mask: bool) -> u8 {
        mask.into()
    }
}

/// Eight numbers in whatever registers there are.
#[derive(Clone, Copy)]
pub struct Eight([f64; 8]);

/// Eight truths.
#[derive(Clone, Copy)]
pub struct Truths([bool; 8]);

impl Eight {
    #[inline(always)]
    fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self(self.0.map(f))
    }
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        Self(std::array::from_fn(|lane| f(self.0[lane], other.0[lane])))
    }
    #[inline(always)]
    fn test(self, other: Self, f: impl Fn(f64, f64) -> bool) -> Truths {
        Truths(std::array::from_fn(|lane| f(self.0[lane], other.0[lane])))
    }
}

impl Floats for Eight {
    type Values = [f64; 8];
    type Mask = Truths;

    #[inline(always)]
    fn load(values: &[f64; 8]) -> Self {
        Self(*values)
    }
    #[inline(always)]
    fn store(self) -> [f64; 8] {
        self.0
    }
    #[inline(always)]
    fn splat(value: f64) -> Self {
        Self([value; 8])
    }
    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane].mul_add(a.0[lane], b.0[lane])))
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        self.map(f64::sqrt)
    }
    #[inline(always)]
    fn abs(self) -> Self {
        self.map(f64::abs)
    }
    #[inline(always)]
    fn equals(self, other: Self) -> Truths {
        self.test(other, |a, b| a == b)
    }
    #[inline(always)]
    fn is_at_most(self, other: Self) -> Truths {
        self.test(other, |a, b| a <= b)
    }
    #[inline(always)]
    fn or(self, mask: Truths, other: Self) -> Self {
        Self(std::array::from_fn(|lane| if mask.0[lane] { self.0[lane] } else { other.0[lane] }))
    }
    #[inline(always)]
    fn bits(mask: Truths) -> u8 {
        mask.0.iter().rev().fold(0, |bits, &truth| bits << 1 | u8::from(truth))
    }
}

impl OfEight for Eight {
    one_register!();
    #[inline(always)]
    fn lay(series: [&[f64]; 8], values: &mut [[f64; 8]]) {
        for (lane, one) in series.into_iter().enumerate() {
            for (values, value) in values.iter_mut().zip(one) {
                values[lane] = *value;
            }
        }
    }
    #[inline(always)]
    fn keys(values: &[f64; 8]) -> [i64; 8] {
        values.map(Keyed::key)
    }
    #[inline(always)]
    fn exchange([first, second]: [&mut [i64; 8]; 2]) {
        for (first, second) in first.iter_mut().zip(second) {
            (*first, *second) = ((*first).min(*second), (*first).max(*second));
        }
    }
}

operators!(Eight:
    Add add (a, b) => a.zip(b, f64::add),
    Sub sub (a, b) => a.zip(b, f64::sub),
    Mul mul (a, b) => a.zip(b, f64::mul),
    Div div (a, b) => a.zip(b, f64::div),
);

operators!(Truths:
    BitAnd bitand (a, b) => Self(std::array::from_fn(|lane| a.0[lane] & b.0[lane])),
    BitOr bitor (a, b) => Self(std::array::from_fn(|lane| a.0[lane] | b.0[lane])),
);

impl Neg for Eight {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        self.map(f64::neg)
    }
}

impl Not for Truths {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Self(self.0.map(|truth| !truth))
    }
}

/// Asks for the cache lines of values that are read soon.
#[inline(always)]
pub fn prefetch(values: &[f64]) {
    // A line holds eight.
    for line in values.chunks(8) {
        // SAFETY: the address is that of a value; and prefetching never faults.
        #[cfg(target_arch = "x86_64")]
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast());
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = line;
    }
}
