//! f64 side by side: what is written once over [`Floats`] runs on one number, or on eight of as many series at a time.

use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

use super::key::Keyed;

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

/// Four numbers in a register of AVX2: made only by kernels that are compiled for it.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub struct Quad(__m256d);

/// All bits of a lane for each truth.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub struct QuadMask(__m256d);

// SAFETY, of all that follows: the instructions are those of AVX2 and FMA. They are reached only through the kernels of
// `compiled::avx2`, which `Tier` calls where the machine has them.
#[cfg(target_arch = "x86_64")]
impl Floats for Quad {
    type Values = [f64; 4];
    type Mask = QuadMask;

    #[inline(always)]
    fn load(values: &[f64; 4]) -> Self {
        // SAFETY: see above; the array is 32 bytes.
        unsafe { Self(_mm256_loadu_pd(values.as_ptr())) }
    }
    #[inline(always)]
    fn store(self) -> [f64; 4] {
        let mut values = [0.0; 4];
        // SAFETY: see above; the array is 32 bytes.
        unsafe { _mm256_storeu_pd(values.as_mut_ptr(), self.0) };
        values
    }
    #[inline(always)]
    fn splat(value: f64) -> Self {
        // SAFETY: see above.
        unsafe { Self(_mm256_set1_pd(value)) }
    }
    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        // SAFETY: see above.
        unsafe { Self(_mm256_fmadd_pd(self.0, a.0, b.0)) }
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        // SAFETY: see above.
        unsafe { Self(_mm256_sqrt_pd(self.0)) }
    }
    #[inline(always)]
    fn abs(self) -> Self {
        // SAFETY: see above.
        unsafe { Self(_mm256_andnot_pd(_mm256_set1_pd(-0.0), self.0)) }
    }
    #[inline(always)]
    fn equals(self, other: Self) -> QuadMask {
        // SAFETY: see above.
        unsafe { QuadMask(_mm256_cmp_pd::<_CMP_EQ_OQ>(self.0, other.0)) }
    }
    #[inline(always)]
    fn is_at_most(self, other: Self) -> QuadMask {
        // SAFETY: see above.
        unsafe { QuadMask(_mm256_cmp_pd::<_CMP_LE_OQ>(self.0, other.0)) }
    }
    #[inline(always)]
    fn or(self, mask: QuadMask, other: Self) -> Self {
        // SAFETY: see above.
        unsafe { Self(_mm256_blendv_pd(other.0, self.0, mask.0)) }
    }
    #[inline(always)]
    fn bits(mask: QuadMask) -> u8 {
        // SAFETY: see above.
        unsafe { _mm256_movemask_pd(mask.0) as u8 }
    }
}

#[cfg(target_arch = "x86_64")]
operators!(Quad:
    // SAFETY: see above, in each.
    Add add (a, b) => unsafe { Self(_mm256_add_pd(a.0, b.0)) },
    // SAFETY: as above.
    Sub sub (a, b) => unsafe { Self(_mm256_sub_pd(a.0, b.0)) },
    // SAFETY: as above.
    Mul mul (a, b) => unsafe { Self(_mm256_mul_pd(a.0, b.0)) },
    // SAFETY: as above.
    Div div (a, b) => unsafe { Self(_mm256_div_pd(a.0, b.0)) },
);

#[cfg(target_arch = "x86_64")]
operators!(QuadMask:
    // SAFETY: see above, in each.
    BitAnd bitand (a, b) => unsafe { Self(_mm256_and_pd(a.0, b.0)) },
    // SAFETY: as above.
    BitOr bitor (a, b) => unsafe { Self(_mm256_or_pd(a.0, b.0)) },
);

#[cfg(target_arch = "x86_64")]
impl Neg for Quad {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        // SAFETY: see above.
        unsafe { Self(_mm256_xor_pd(self.0, _mm256_set1_pd(-0.0))) }
    }
}

#[cfg(target_arch = "x86_64")]
impl Not for QuadMask {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        // SAFETY: see above.
        unsafe { Self(_mm256_xor_pd(self.0, _mm256_castsi256_pd(_mm256_set1_epi64x(-1)))) }
    }
}

/// Eight numbers in two registers of AVX2.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub struct Pair([Quad; 2]);

/// Their truths.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub struct PairMask([QuadMask; 2]);

/// Both halves of a result. A closure in its place would not be compiled for AVX2, nor would what it calls be part of it.
#[cfg(target_arch = "x86_64")]
macro_rules! halves {
    ($operation:path, $($half:expr),+) => {
        [$operation($($half.0[0]),+), $operation($($half.0[1]),+)]
    };
}

#[cfg(target_arch = "x86_64")]
impl Floats for Pair {
    type Values = [f64; 8];
    type Mask = PairMask;

    #[inline(always)]
    fn load(&[a, b, c, d, e, f, g, h]: &[f64; 8]) -> Self {
        Self([Quad::load(&[a, b, c, d]), Quad::load(&[e, f, g, h])])
    }
    #[inline(always)]
    fn store(self) -> [f64; 8] {
        let ([a, b, c, d], [e, f, g, h]) = (self.0[0].store(), self.0[1].store());
        [a, b, c, d, e, f, g, h]
    }
    #[inline(always)]
    fn splat(value: f64) -> Self {
        Self([Quad::splat(value); 2])
    }
    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        Self(halves!(Quad::mul_add, self, a, b))
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(halves!(Quad::sqrt, self))
    }
    #[inline(always)]
    fn abs(self) -> Self {
        Self(halves!(Quad::abs, self))
    }
    #[inline(always)]
    fn equals(self, other: Self) -> PairMask {
        PairMask(halves!(Quad::equals, self, other))
    }
    #[inline(always)]
    fn is_at_most(self, other: Self) -> PairMask {
        PairMask(halves!(Quad::is_at_most, self, other))
    }
    #[inline(always)]
    fn or(self, mask: PairMask, other: Self) -> Self {
        Self(halves!(Quad::or, self, mask, other))
    }
    #[inline(always)]
    fn bits(mask: PairMask) -> u8 {
        let [low, high] = halves!(Quad::bits, mask);
        low | high << 4
    }
}

#[cfg(target_arch = "x86_64")]
operators!(Pair:
    Add add (a, b) => Self(halves!(Quad::add, a, b)),
    Sub sub (a, b) => Self(halves!(Quad::sub, a, b)),
    Mul mul (a, b) => Self(halves!(Quad::mul, a, b)),
    Div div (a, b) => Self(halves!(Quad::div, a, b)),
);

#[cfg(target_arch = "x86_64")]
operators!(PairMask:
    BitAnd bitand (a, b) => Self(halves!(QuadMask::bitand, a, b)),
    BitOr bitor (a, b) => Self(halves!(QuadMask::bitor, a, b)),
);

#[cfg(target_arch = "x86_64")]
impl Neg for Pair {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self(halves!(Quad::neg, self))
    }
}

#[cfg(target_arch = "x86_64")]
impl Not for PairMask {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Self(halves!(QuadMask::not, self))
    }
}

#[cfg(target_arch = "x86_64")]
impl OfEight for Pair {
    type Register = Quad;
    const REGISTERS: usize = 2;

    #[inline(always)]
    fn registers(values: &[f64; 8]) -> &[[f64; 4]] {
        values.as_chunks().0
    }
    #[inline(always)]
    fn registers_mut(values: &mut [f64; 8]) -> &mut [[f64; 4]] {
        values.as_chunks_mut().0
    }
    #[inline(always)]
    fn lay(series: [&[f64]; 8], values: &mut [[f64; 8]]) {
        // SAFETY: see above.
        unsafe { lay_quads(series, values) };
    }
    #[inline(always)]
    fn keys(values: &[f64; 8]) -> [i64; 8] {
        values.map(Keyed::key)
    }
    #[inline(always)]
    fn exchange([first, second]: [&mut [i64; 8]; 2]) {
        for half in [0, 4] {
            // SAFETY: see above; four of eight keys from `half` on are in the array.
            unsafe {
                let (a, b) = (first.as_mut_ptr().add(half), second.as_mut_ptr().add(half));
                let (one, other) = (_mm256_loadu_si256(a.cast()), _mm256_loadu_si256(b.cast()));
                let greater = _mm256_cmpgt_epi64(one, other);
                _mm256_storeu_si256(a.cast(), _mm256_blendv_epi8(one, other, greater));
                _mm256_storeu_si256(b.cast(), _mm256_blendv_epi8(other, one, greater));
            }
        }
    }
}

/// Rows to columns, four by four.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2")]
fn lay_quads(series: [&[f64]; 8], values: &mut [[f64; 8]]) {
    let count = series[0].len().min(values.len());
    for (half, series) in series.as_chunks::<4>().0.iter().enumerate() {
        assert!(series.iter().all(|one| one.len() >= count));
        let mut row = 0;
        while row + 4 <= count {
            let [a, b, c, d] = series;
            // SAFETY: each series has four numbers from `row` on.
            let [a, b, c, d] = unsafe {
                [
                    _mm256_loadu_pd(a.as_ptr().add(row)),
                    _mm256_loadu_pd(b.as_ptr().add(row)),
                    _mm256_loadu_pd(c.as_ptr().add(row)),
                    _mm256_loadu_pd(d.as_ptr().add(row)),
                ]
            };
            let (ab, cd) = (_mm256_unpacklo_pd(a, b), _mm256_unpacklo_pd(c, d));
            let (ab_high, cd_high) = (_mm256_unpackhi_pd(a, b), _mm256_unpackhi_pd(c, d));
            let columns = [
                _mm256_permute2f128_pd::<0x20>(ab, cd),
                _mm256_permute2f128_pd::<0x20>(ab_high, cd_high),
                _mm256_permute2f128_pd::<0x31>(ab, cd),
                _mm256_permute2f128_pd::<0x31>(ab_high, cd_high),
            ];
            for (values, column) in values[row..row + 4].iter_mut().zip(columns) {
                // SAFETY: half of the array is 32 bytes.
                unsafe { _mm256_storeu_pd(values.as_mut_ptr().add(4 * half), column) };
            }
            row += 4;
        }
        for (row, values) in values[..count].iter_mut().enumerate().skip(row) {
            for (lane, one) in series.iter().enumerate() {
                values[4 * half + lane] = one[row];
            }
        }
    }
}

/// Eight numbers in a register of AVX-512: made only by kernels that are compiled for it.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub struct Wide(__m512d);

// SAFETY, of all that follows: the instructions are those of AVX-512 F and DQ. They are reached only through the kernels of
// `compiled::avx512`, which `Tier` calls where the machine has them.
#[cfg(target_arch = "x86_64")]
impl Floats for Wide {
    type Values = [f64; 8];
    type Mask = u8;

    #[inline(always)]
    fn load(values: &[f64; 8]) -> Self {
        // SAFETY: see above; the array is 64 bytes.
        unsafe { Self(_mm512_loadu_pd(values.as_ptr())) }
    }
    #[inline(always)]
    fn store(self) -> [f64; 8] {
        let mut values = [0.0; 8];
        // SAFETY: see above; the array is 64 bytes.
        unsafe { _mm512_storeu_pd(values.as_mut_ptr(), self.0) };
        values
    }
    #[inline(always)]
    fn splat(value: f64) -> Self {
        // SAFETY: see above.
        unsafe { Self(_mm512_set1_pd(value)) }
    }
    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        // SAFETY: see above.
        unsafe { Self(_mm512_fmadd_pd(self.0, a.0, b.0)) }
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        // SAFETY: see above.
        unsafe { Self(_mm512_sqrt_pd(self.0)) }
    }
    #[inline(always)]
    fn abs(self) -> Self {
        // SAFETY: see above.
        unsafe { Self(_mm512_abs_pd(self.0)) }
    }
    #[inline(always)]
    fn equals(self, other: Self) -> u8 {
        // SAFETY: see above.
        unsafe { _mm512_cmp_pd_mask::<_CMP_EQ_OQ>(self.0, other.0) }
    }
    #[inline(always)]
    fn is_at_most(self, other: Self) -> u8 {
        // SAFETY: see above.
        unsafe { _mm512_cmp_pd_mask::<_CMP_LE_OQ>(self.0, other.0) }
    }
    #[inline(always)]
    fn or(self, mask: u8, other: Self) -> Self {
        // SAFETY: see above.
        unsafe { Self(_mm512_mask_blend_pd(mask, other.0, self.0)) }
    }
    #[inline(always)]
    fn bits(mask: u8) -> u8 {
        mask
    }
}

#[cfg(target_arch = "x86_64")]
operators!(Wide:
    // SAFETY: see above, in each.
    Add add (a, b) => unsafe { Self(_mm512_add_pd(a.0, b.0)) },
    // SAFETY: as above.
    Sub sub (a, b) => unsafe { Self(_mm512_sub_pd(a.0, b.0)) },
    // SAFETY: as above.
    Mul mul (a, b) => unsafe { Self(_mm512_mul_pd(a.0, b.0)) },
    // SAFETY: as above.
    Div div (a, b) => unsafe { Self(_mm512_div_pd(a.0, b.0)) },
);

#[cfg(target_arch = "x86_64")]
impl Neg for Wide {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        // SAFETY: see above.
        unsafe { Self(_mm512_xor_pd(self.0, _mm512_set1_pd(-0.0))) }
    }
}

#[cfg(target_arch = "x86_64")]
impl OfEight for Wide {
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
    #[inline(always)]
    fn lay(series: [&[f64]; 8], values: &mut [[f64; 8]]) {
        // SAFETY: see above.
        unsafe { lay(series, values) };
    }
    #[inline(always)]
    fn keys(values: &[f64; 8]) -> [i64; 8] {
        let mut keys = [0; 8];
        // SAFETY: see above; both arrays are 64 bytes.
        unsafe {
            let bits = _mm512_loadu_si512(values.as_ptr().cast());
            _mm512_storeu_si512(keys.as_mut_ptr().cast(), float_keys(bits));
        }
        keys
    }
    #[inline(always)]
    fn exchange([first, second]: [&mut [i64; 8]; 2]) {
        // SAFETY: see above; both arrays are 64 bytes.
        unsafe {
            let one = _mm512_loadu_si512(first.as_ptr().cast());
            let other = _mm512_loadu_si512(second.as_ptr().cast());
            _mm512_storeu_si512(first.as_mut_ptr().cast(), _mm512_min_epi64(one, other));
            _mm512_storeu_si512(second.as_mut_ptr().cast(), _mm512_max_epi64(one, other));
        }
    }
}

/// The order of f64 as that of i64: negative numbers with all bits but the sign turned over.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx512f")]
pub fn float_keys(bits: __m512i) -> __m512i {
    let sign = _mm512_srai_epi64::<63>(bits);
    // bits ^ (sign & MAX)
    _mm512_ternarylogic_epi64::<0x78>(bits, sign, _mm512_set1_epi64(i64::MAX))
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx512f")]
fn lay(series: [&[f64]; 8], values: &mut [[f64; 8]]) {
    for (block, values) in values.chunks_mut(8).enumerate() {
        let mut rows = [_mm512_setzero_pd(); 8];
        for (row, one) in rows.iter_mut().zip(series) {
            let one = one.get(8 * block..).unwrap_or_default();
            let mask = if one.len() >= 8 { 0xff } else { (1u8 << one.len()) - 1 };
            // SAFETY: as many numbers are read as there are, at most eight.
            *row = unsafe { _mm512_maskz_loadu_pd(mask, one.as_ptr()) };
        }
        for (row, values) in transposed(rows).into_iter().zip(values) {
            // SAFETY: the array is 64 bytes.
            unsafe { _mm512_storeu_pd(values.as_mut_ptr(), row) };
        }
    }
}

/// Rows to columns: pairs of lanes, then quarters of registers.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx512f")]
fn transposed(rows: [__m512d; 8]) -> [__m512d; 8] {
    let [a, b, c, d, e, f, g, h] = rows;
    // Lane 2k, or 2k + 1, of two rows in quarter k.
    let low = [_mm512_unpacklo_pd(a, b), _mm512_unpacklo_pd(c, d), _mm512_unpacklo_pd(e, f), _mm512_unpacklo_pd(g, h)];
    let high = [_mm512_unpackhi_pd(a, b), _mm512_unpackhi_pd(c, d), _mm512_unpackhi_pd(e, f), _mm512_unpackhi_pd(g, h)];
    // Quarters 0 and 2, or 1 and 3, of rows 0 to 3 and of rows 4 to 7; and of these the first and the third, or the others.
    let quarters = |[ab, cd, ef, gh]: [__m512d; 4]| {
        let (even, odd) = (_mm512_shuffle_f64x2::<0x88>(ab, cd), _mm512_shuffle_f64x2::<0xdd>(ab, cd));
        let (even_below, odd_below) = (_mm512_shuffle_f64x2::<0x88>(ef, gh), _mm512_shuffle_f64x2::<0xdd>(ef, gh));
        [
            _mm512_shuffle_f64x2::<0x88>(even, even_below),
            _mm512_shuffle_f64x2::<0x88>(odd, odd_below),
            _mm512_shuffle_f64x2::<0xdd>(even, even_below),
            _mm512_shuffle_f64x2::<0xdd>(odd, odd_below),
        ]
    };
    let ([a, c, e, g], [b, d, f, h]) = (quarters(low), quarters(high));
    [a, b, c, d, e, f, g, h]
}

/// Asks for the cache lines of values that are read soon.
#[inline(always)]
pub fn prefetch(values: &[f64]) {
    // A line holds eight.
    for line in values.chunks(8) {
        // SAFETY: the address is that of a value; and prefetching never faults.
        #[cfg(target_arch = "x86_64")]
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast());
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = line;
    }
}
