//! Numbers from text, eight at a time, in AVX-512.
//!
//! Where numbers end is found first, a bit for each comma of 64 bytes; so the numbers themselves do not wait for each other.
//!
//! **Digits.** The 32 bytes before a comma have a number's digits at their end. What stands before the point moves one place
//! further, over it, by taking those bytes from a load one place earlier. Two numbers share a register; neighbouring digits are
//! joined to pairs, pairs to fours, fours to eights. A number has up to 24 digits, d = (t·10^8 + m)·10^8 + l.
//!
//! **The nearest f64.** d = h + l' with f64s h and l', and 10^−k = H + L to a relative 2^−105, where k is the number of digits
//! after the point. hH = p + r exactly, and e = r + hL + l'H has all of d·10^−k that p has not, up to p·2^−102: three roundings
//! of terms below p·2^−51, l'L, and the error of H + L. If p + e is one f64 for both e ± p·2^−100, it is the nearest one
//! (A. Ziv, *Fast evaluation of elementary mathematical functions with correctly rounded last bit*, ACM TOMS 17(3), 1991). If not,
//! as when d·10^−k lies in the middle between two f64s, the number is left to the caller.

use std::arch::x86_64::*;

/// The most characters of a number: its digits, and the point.
const MOST: usize = 24;

/// Ends of numbers that are looked for at a time, at least.
const ENDS: usize = 256;

/// 10^−k for k up to 22, each as the nearest f64 and the rest.
static TENTHS: [[f64; 32]; 2] = tenths();

const fn tenths() -> [[f64; 32]; 2] {
    let mut tenths = [[0.0; 32]; 2];
    let (mut k, mut ten) = (0, 1_u128);
    while k <= MOST - 2 {
        // 10^22 is the last power that is an f64.
        let nearest = 1.0 / ten as f64;
        // It is m·2^−s, and the rest is (2^s − m·10^k) / 10^k · 2^−s.
        let m = nearest.to_bits() & ((1 << 52) - 1) | 1 << 52;
        let s = 1075 - (nearest.to_bits() >> 52);
        let rest = (1 << s) - (m as u128 * ten) as i128;
        tenths[0][k] = nearest;
        tenths[1][k] = rest as f64 / ten as f64 * f64::from_bits((1023 - s) << 52);
        (k, ten) = (k + 1, 10 * ten);
    }
    tenths
}

/// See [`super::Tier::decimals`].
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,bmi1,bmi2,lzcnt,popcnt")]
pub fn decimals(text: &[u8], at: usize, values: &mut [f64]) -> (usize, usize) {
    let (mut at, mut count, mut block) = (at, 0, at);
    // Before each comma there are bytes to load.
    if at < 64 {
        return (at, 0);
    }
    // At most ENDS − 1 are there when those of a block come, and up to three places behind them are written to.
    let mut ends = [0; ENDS + 64 + 3];
    let mut found = 0;
    let (indices, _) = values.as_chunks_mut::<8>();
    let mut indices = indices.iter_mut();
    loop {
        while found < ENDS
            && let Some(bytes) = text.get(block..block + 64)
        {
            // SAFETY: the slice has 64 bytes.
            let bytes = unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) };
            let mut commas = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(b',' as i8));
            let mut next = found;
            found += commas.count_ones() as usize;
            while next < found {
                for end in &mut ends[next..next + 4] {
                    *end = block + commas.trailing_zeros() as usize;
                    commas &= commas.wrapping_sub(1);
                }
                next += 4;
            }
            block += 64;
        }
        let (eights, _) = ends[..found].as_chunks::<8>();
        if eights.is_empty() {
            return (at, count);
        }
        for ends in eights {
            let Some(values) = indices.next() else { return (at, count) };
            let good = eight(text, at, ends, values).trailing_ones() as usize;
            if good > 0 {
                at = ends[good - 1] + 1;
            }
            count += good;
            if good < 8 {
                return (at, count);
            }
        }
        let done = 8 * eights.len();
        ends.copy_within(done..found, 0);
        found -= done;
    }
}

/// The numbers before these commas, the first one from `at` on: a bit for each that was read.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,bmi1,bmi2,lzcnt,popcnt")]
fn eight(text: &[u8], at: usize, ends: &[usize; 8], values: &mut [f64; 8]) -> u8 {
    let zero = _mm256_set1_epi8(b'0' as i8);
    let mut at = at;
    let mut wrong = 0_u8;
    // k, and the sign in the highest bit.
    let mut scales = [0; 8];
    let mut fours = [_mm512_setzero_si512(); 4];
    for (pair, fours) in fours.iter_mut().enumerate() {
        let mut digits = [zero; 2];
        for (half, digits) in digits.iter_mut().enumerate() {
            let index = 2 * pair + half;
            let end = ends[index];
            let before: &[u8; 33] = text[end - 33..end].try_into().expect("33 bytes");
            at += usize::from(text[at] == b' ');
            let negative = text[at] == b'-';
            at += usize::from(negative);
            let length = (end - at).min(32) as u32;
            // The bits of its bytes, which are the last ones.
            let number = (0xffff_ffff_0000_0000_u64 >> length) as u32;
            // SAFETY: the array has 33 bytes.
            let (bytes, earlier) = unsafe {
                let bytes = before.as_ptr();
                (_mm256_loadu_si256(bytes.add(1).cast()), _mm256_loadu_si256(bytes.cast()))
            };
            let figures = _mm256_sub_epi8(bytes, zero);
            let others = _mm256_cmpgt_epu8_mask(figures, _mm256_set1_epi8(9)) & number;
            let points = _mm256_cmpeq_epi8_mask(bytes, _mm256_set1_epi8(b'.' as i8)) & number;
            let point = u32::from(points != 0);
            let fraction = points.leading_zeros() % 32;
            let whole = length.wrapping_sub(point + fraction);
            // All tests are done, none of them by a branch.
            let is_wrong = (others != points)
                | (points & points.wrapping_sub(1) != 0)
                | (points >> 31 == 1)
                | (whole == 0)
                | ((whole > 1) & (text[at] == b'0'))
                | (length > MOST as u32);
            wrong |= u8::from(is_wrong) << index;
            // All up to the point.
            let upper = (points ^ points.wrapping_sub(1)) & point.wrapping_neg();
            let moved = _mm256_mask_sub_epi8(figures, upper, earlier, zero);
            *digits = _mm256_maskz_mov_epi8(number << point, moved);
            scales[index] = u64::from(fraction) | u64::from(negative) << 63;
            at = end + 1;
        }
        let digits = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(digits[0]), digits[1]);
        let twos = _mm512_maddubs_epi16(digits, _mm512_set1_epi16(0x010a));
        *fours = _mm512_madd_epi16(twos, _mm512_set1_epi32(0x0001_0064));
    }
    // In 64 bits each: 0 and t, m and l, of the numbers 0, 2, 1, 3 and 4, 6, 5, 7.
    let weights = _mm512_set1_epi32(0x0001_2710);
    let first = _mm512_madd_epi16(_mm512_packus_epi32(fours[0], fours[1]), weights);
    let second = _mm512_madd_epi16(_mm512_packus_epi32(fours[2], fours[3]), weights);
    let tops = _mm512_permutex2var_epi64(first, _mm512_setr_epi64(0, 4, 1, 5, 8, 12, 9, 13), second);
    let rests = _mm512_permutex2var_epi64(first, _mm512_setr_epi64(2, 6, 3, 7, 10, 14, 11, 15), second);
    let t = _mm512_cvtepu64_pd(_mm512_srli_epi64::<32>(tops));
    let m = _mm512_cvtepu64_pd(_mm512_and_si512(rests, _mm512_set1_epi64(0xffff_ffff)));
    let l = _mm512_cvtepu64_pd(_mm512_srli_epi64::<32>(rests));

    // t·10^8 + m is exact below 2^53, and its product with 10^8 is 0 or above l.
    let e8 = _mm512_set1_pd(1e8);
    let exact = _mm512_cmple_pd_mask(t, _mm512_set1_pd(90_000_000.0));
    let upper = _mm512_fmadd_pd(t, e8, m);
    let product = _mm512_mul_pd(upper, e8);
    let high = _mm512_add_pd(product, l);
    let low = _mm512_sub_pd(l, _mm512_sub_pd(high, product));
    let low = _mm512_add_pd(low, _mm512_fmsub_pd(upper, e8, product));

    // SAFETY: the array is 64 bytes.
    let scales = unsafe { _mm512_loadu_si512(scales.as_ptr().cast()) };
    let (tenth, tenth_rest) = (look_up(&TENTHS[0], scales), look_up(&TENTHS[1], scales));
    let p = _mm512_mul_pd(high, tenth);
    let e = _mm512_fmsub_pd(high, tenth, p);
    let e = _mm512_fmadd_pd(high, tenth_rest, e);
    let e = _mm512_fmadd_pd(low, tenth, e);
    let error = _mm512_mul_pd(p, _mm512_set1_pd(1.0 / (1_u128 << 100) as f64));
    let value = _mm512_add_pd(p, _mm512_sub_pd(e, error));
    let sure = _mm512_cmpeq_pd_mask(value, _mm512_add_pd(p, _mm512_add_pd(e, error)));

    let sign = _mm512_and_si512(scales, _mm512_set1_epi64(i64::MIN));
    let value = _mm512_or_pd(value, _mm512_castsi512_pd(sign));
    // SAFETY: the array is 64 bytes.
    unsafe { _mm512_storeu_pd(values.as_mut_ptr(), value) };
    exact & sure & !wrong
}

/// The values at some places; higher bits than those of a place are passed over.
#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
fn look_up(table: &[f64; 32], indices: __m512i) -> __m512d {
    // SAFETY: each load is of 64 bytes within the table.
    let [a, b, c, d] = unsafe {
        let table = table.as_ptr();
        [
            _mm512_loadu_pd(table),
            _mm512_loadu_pd(table.add(8)),
            _mm512_loadu_pd(table.add(16)),
            _mm512_loadu_pd(table.add(24)),
        ]
    };
    let below = _mm512_permutex2var_pd(a, indices, b);
    let above = _mm512_permutex2var_pd(c, indices, d);
    _mm512_mask_blend_pd(_mm512_test_epi64_mask(indices, _mm512_set1_epi64(16)), below, above)
}

#[cfg(test)]
mod tests {
    use super::super::Tier;
    use proptest::prelude::*;

    /// What the kernel reads of these numbers, behind and before others.
    fn read(numbers: &[String]) -> Option<Vec<f64>> {
        let tier = *Tier::available().last()?;
        if tier.name() != "avx512" {
            return None;
        }
        let (before, after) = ("1,".repeat(40), "2,".repeat(40));
        let text = format!("{before}{},{after}", numbers.join(","));
        let mut values = vec![0.0; 8 * numbers.len() + 80];
        let (at, count) = tier.decimals(text.as_bytes(), before.len(), &mut values);
        assert_eq!(text.as_bytes()[at - 1], b',');
        assert_eq!(text[before.len()..at].matches(',').count(), count);
        values.truncate(count.min(numbers.len()));
        Some(values)
    }

    #[test]
    fn plain_numbers_are_read_and_others_left() {
        let plain = [
            "0",
            "-0",
            "-0.0",
            "0.5",
            "12",
            " 12",
            " -12.25",
            "9007199254740991",
            "0.30000000000000004",
            "123456789012345678",
            "0.0000000000000000000001",
            "8999999.9999999999999999",
            "999999999999999999999999",
        ];
        let Some(values) = read(&plain.map(str::to_owned)) else { return };
        // The last one lies beyond what t may be.
        let expected = plain[..12].iter().map(|number| number.trim().parse::<f64>().unwrap().to_bits());
        assert!(values.iter().map(|value| value.to_bits()).eq(expected), "{values:?}");
        let others = [
            "",
            " ",
            "  1",
            "1 ",
            "+1",
            "--1",
            "-",
            "-.5",
            ".5",
            "1.",
            "1.e5",
            "1e5",
            "01",
            "-01",
            "00.5",
            "1.2.3",
            "1..2",
            "null",
            "\"1\"",
            "1]",
            "[1",
            // In the middle between two f64s; and one place too many.
            "9007199254740993",
            "4503599627370496.5",
            "0.00000000000000000000001",
        ];
        for other in others {
            let values = read(&["1.5".to_owned(), other.to_owned(), "2.5".to_owned()]).unwrap();
            assert_eq!(values, [1.5], "{other}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 2_000 } else { 100_000 }))]
        #[test]
        fn what_is_read_is_the_nearest_f64(
            digits in prop::collection::vec("0|[1-9][0-9]{0,18}", 8..20), indices in prop::collection::vec(0usize..19, 8..20)
        ) {
            let numbers: Vec<String> = digits.iter().zip(&indices).map(|(digits, &indices)| {
                let padded = format!("{digits:0>width$}", width = indices + 1);
                let (whole, fraction) = padded.split_at(padded.len() - indices);
                if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
            }).collect();
            if let Some(values) = read(&numbers) {
                for (value, number) in values.iter().zip(&numbers) {
                    prop_assert_eq!(value.to_bits(), number.parse::<f64>().unwrap().to_bits(), "{}", number);
                }
                // Middles are rare among these, and refused.
                for number in &numbers[values.len()..numbers.len().min(values.len() + 1)] {
                    let digits: u128 = number.replace('.', "").parse().unwrap();
                    prop_assert!(digits > 1 << 53, "{}", number);
                }
            }
        }
    }
}
