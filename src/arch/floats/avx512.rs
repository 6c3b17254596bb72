//! Eight numbers in a register of AVX-512.

use std::arch::x86_64::*;
use std::ops::{Add, Div, Mul, Neg, Sub};

use super::{Floats, OfEight};

/// Eight numbers in a register of AVX-512: made only by kernels that are compiled for it.
#[derive(Clone, Copy)]
pub struct Wide(__m512d);

// SAFETY, of all that follows: the instructions are those of AVX-512 F and DQ. They are reached only through the kernels of
// `compiled::avx512`, which `Tier` calls where the machine has them.
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

impl Neg for Wide {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        // SAFETY: see above.
        unsafe { Self(_mm512_xor_pd(self.0, _mm512_set1_pd(-0.0))) }
    }
}

impl OfEight for Wide {
    one_register!();
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
#[inline]
#[target_feature(enable = "avx512f")]
pub fn float_keys(bits: __m512i) -> __m512i {
    let sign = _mm512_srai_epi64::<63>(bits);
    // bits ^ (sign & MAX)
    _mm512_ternarylogic_epi64::<0x78>(bits, sign, _mm512_set1_epi64(i64::MAX))
}

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
