//! Four numbers in a register of AVX2, and eight in two.

use std::arch::x86_64::*;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

use super::{Floats, OfEight};
use crate::arch::key::Keyed;

/// Four numbers in a register of AVX2: made only by kernels that are compiled for it.
#[derive(Clone, Copy)]
pub struct Quad(__m256d);

/// All bits of a lane for each truth.
#[derive(Clone, Copy)]
pub struct QuadMask(__m256d);

// SAFETY, of all that follows: the instructions are those of AVX2 and FMA. They are reached only through the kernels of
// `compiled::avx2`, which `Tier` calls where the machine has them.
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

operators!(QuadMask:
    // SAFETY: see above, in each.
    BitAnd bitand (a, b) => unsafe { Self(_mm256_and_pd(a.0, b.0)) },
    // SAFETY: as above.
    BitOr bitor (a, b) => unsafe { Self(_mm256_or_pd(a.0, b.0)) },
);

impl Neg for Quad {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        // SAFETY: see above.
        unsafe { Self(_mm256_xor_pd(self.0, _mm256_set1_pd(-0.0))) }
    }
}

impl Not for QuadMask {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        // SAFETY: see above.
        unsafe { Self(_mm256_xor_pd(self.0, _mm256_castsi256_pd(_mm256_set1_epi64x(-1)))) }
    }
}

/// Eight numbers in two registers of AVX2.
#[derive(Clone, Copy)]
pub struct Pair([Quad; 2]);

/// Their truths.
#[derive(Clone, Copy)]
pub struct PairMask([QuadMask; 2]);

/// Both halves of a result. A closure in its place would not be compiled for AVX2, nor would what it calls be part of it.
macro_rules! halves {
    ($operation:path, $($half:expr),+) => {
        [$operation($($half.0[0]),+), $operation($($half.0[1]),+)]
    };
}

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

operators!(Pair:
    Add add (a, b) => Self(halves!(Quad::add, a, b)),
    Sub sub (a, b) => Self(halves!(Quad::sub, a, b)),
    Mul mul (a, b) => Self(halves!(Quad::mul, a, b)),
    Div div (a, b) => Self(halves!(Quad::div, a, b)),
);

operators!(PairMask:
    BitAnd bitand (a, b) => Self(halves!(QuadMask::bitand, a, b)),
    BitOr bitor (a, b) => Self(halves!(QuadMask::bitor, a, b)),
);

impl Neg for Pair {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self(halves!(Quad::neg, self))
    }
}

impl Not for PairMask {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Self(halves!(QuadMask::not, self))
    }
}

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
