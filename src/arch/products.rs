//! Sums of products of two columns, exact: values are cut into digits, whose products add up without rounding.
//!
//! Of a column whose magnitudes are below 2^top and whose last bits are not below 2^unit, each value is an integer of top − unit bits in
//! that unit. It is cut into digits of [`DIGIT`] bits, each a float between −2^23 and 2^23. A product of two digits is below 2^46 in magnitude, and a lane
//! adds up 128 of them: no more than 2^53, so that every sum is exact.

use std::ops::Range;

use super::tier::Tier;

/// Rows whose digits lie together.
pub const ROWS: usize = 512;

/// Bits of a digit.
pub const DIGIT: u32 = 23;

/// The most digits of a value.
pub const MOST_DIGITS: usize = 4;

/// Products of digits of the same weight go together: the weights of two values with the most digits.
pub const WEIGHTS: usize = 2 * MOST_DIGITS - 1;

const LANES: usize = 4;

/// One digit of each of some rows.
pub type Digits = [[f64; LANES]; ROWS / LANES];

/// No digits.
pub const NO_DIGITS: Digits = [[0.0; LANES]; ROWS / LANES];

/// Cuts floats, each a whole number of units once it is multiplied by `scale`, into `digits` digits, the least first; what is missing from the
/// rows are zeros.
pub fn split_floats(values: &[f64], scale: f64, digits: &mut [Digits]) {
    /// Adding and subtracting it rounds to an integer.
    const ROUND: f64 = 6_755_399_441_055_744.0; // 1.5·2^52
    digits.iter_mut().for_each(|digits| *digits = NO_DIGITS);
    let mut rest = [0.0_f64; ROWS];
    for (rest, value) in rest.iter_mut().zip(values) {
        *rest = value * scale;
    }
    for (index, digits) in digits.iter_mut().enumerate().rev() {
        let weight = f64::from(1_u32 << DIGIT).powi(index as i32);
        let share = 1.0 / weight;
        for (digit, rest) in digits.as_flattened_mut().iter_mut().zip(&mut rest) {
            *digit = (*rest * share + ROUND) - ROUND;
            *rest -= *digit * weight;
        }
    }
}

/// The same of integers.
pub fn split_integers(values: impl Iterator<Item = i128>, digits: &mut [Digits]) {
    const HALF: i128 = 1 << (DIGIT - 1);
    digits.iter_mut().for_each(|digits| *digits = NO_DIGITS);
    for (row, mut value) in values.take(ROWS).enumerate() {
        let last = digits.len().saturating_sub(1);
        for digits in &mut digits[..last] {
            let digit = ((value + HALF) & ((1 << DIGIT) - 1)) - HALF;
            digits[row / LANES][row % LANES] = digit as f64;
            value = (value - digit) >> DIGIT;
        }
        if let Some(digits) = digits.last_mut() {
            digits[row / LANES][row % LANES] = value as f64;
        }
    }
}

/// The digits that are not zero in some row: those between the first and the last such one.
pub fn digits_in_use(digits: &[Digits]) -> Range<usize> {
    let is_used = |digits: &Digits| digits.as_flattened().iter().any(|digit| *digit != 0.0);
    let end = digits.iter().rposition(is_used).map_or(0, |last| last + 1);
    digits[..end].iter().position(is_used).unwrap_or(0)..end
}

/// The digit of a row.
pub fn digit_of(digits: &Digits, row: usize) -> i64 {
    digits[row / LANES][row % LANES] as i64
}

/// Digits of which the products with those of another value are in registers.
const TOGETHER: usize = 2;

impl Tier {
    /// Adds the sums of the products of two columns' digits to the weight that each has: that of digits i and j to `sums[i + j]`.
    pub fn add_products(self, a: &[Digits], b: &[Digits], sums: &mut [i128]) {
        for (first, b) in (0..).step_by(TOGETHER).zip(b.chunks(TOGETHER)) {
            let sums = &mut sums[first..];
            match (a, b) {
                ([a], [b]) => self.add(&[a], &[b], sums),
                ([a], [b, c]) => self.add(&[a], &[b, c], sums),
                ([a, d], [b]) => self.add(&[a, d], &[b], sums),
                ([a, d], [b, c]) => self.add(&[a, d], &[b, c], sums),
                ([a, d, e], [b]) => self.add(&[a, d, e], &[b], sums),
                ([a, d, e], [b, c]) => self.add(&[a, d, e], &[b, c], sums),
                ([a, d, e, f], [b]) => self.add(&[a, d, e, f], &[b], sums),
                ([a, d, e, f], [b, c]) => self.add(&[a, d, e, f], &[b, c], sums),
                _ => {}
            }
        }
    }

    fn add<const A: usize, const B: usize>(self, a: &[&Digits; A], b: &[&Digits; B], sums: &mut [i128]) {
        let found = match self.has_fused() {
            // SAFETY: the machine has these instructions.
            #[cfg(target_arch = "x86_64")]
            true => unsafe { fused(a, b) },
            _ => plain(a, b),
        };
        for i in 0..A {
            for j in 0..B {
                let [first, second, third, fourth] = found[i][j];
                sums[i + j] += i128::from(first as i64 + second as i64 + third as i64 + fourth as i64);
            }
        }
    }
}

fn plain<const A: usize, const B: usize>(a: &[&Digits; A], b: &[&Digits; B]) -> [[[f64; LANES]; B]; A] {
    let mut sums = [[[0.0; LANES]; B]; A];
    for row in 0..ROWS / LANES {
        for i in 0..A {
            for j in 0..B {
                for lane in 0..LANES {
                    sums[i][j][lane] += a[i][row][lane] * b[j][row][lane];
                }
            }
        }
    }
    sums
}

/// The same in vectors.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn fused<const A: usize, const B: usize>(a: &[&Digits; A], b: &[&Digits; B]) -> [[[f64; LANES]; B]; A] {
    use std::arch::x86_64::{_mm256_fmadd_pd, _mm256_loadu_pd, _mm256_setzero_pd, _mm256_storeu_pd};
    let mut sums = [[_mm256_setzero_pd(); B]; A];
    for row in 0..ROWS / LANES {
        let mut right = [_mm256_setzero_pd(); B];
        for j in 0..B {
            // SAFETY: an array of four floats.
            right[j] = unsafe { _mm256_loadu_pd(b[j][row].as_ptr()) };
        }
        for i in 0..A {
            // SAFETY: as above.
            let left = unsafe { _mm256_loadu_pd(a[i][row].as_ptr()) };
            for j in 0..B {
                sums[i][j] = _mm256_fmadd_pd(left, right[j], sums[i][j]);
            }
        }
    }
    let mut stored = [[[0.0; LANES]; B]; A];
    for i in 0..A {
        for j in 0..B {
            // SAFETY: as above.
            unsafe { _mm256_storeu_pd(stored[i][j].as_mut_ptr(), sums[i][j]) };
        }
    }
    stored
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// On every tier, with the largest digits as well.
        #[test]
        fn products_add_up_exactly(
            values in prop::collection::vec(prop_oneof![-(1i128 << 91)..1i128 << 91, Just((1i128 << 91) - 1), -9i128..9], 1..ROWS + 1),
            (a, b) in (1usize..5, 1usize..5),
        ) {
            let cut = |digits: usize, shift: usize| -> Vec<i128> {
                let values = values.iter().map(|value| value >> (92 - digits as u32 * DIGIT));
                let mut values: Vec<i128> = values.collect();
                let shift = shift % values.len();
                values.rotate_left(shift);
                values
            };
            let (left, right) = (cut(a, 0), cut(b, 7));
            let split = |values: &[i128], digits: usize| {
                let mut split = vec![NO_DIGITS; digits];
                split_integers(values.iter().copied(), &mut split);
                split
            };
            let (of_left, of_right) = (split(&left, a), split(&right, b));
            let whole = |digits: &[Digits], row: usize| -> i128 {
                digits.iter().zip(0..).map(|(digits, index)| i128::from(digit_of(digits, row)) << (DIGIT * index)).sum()
            };
            prop_assert!((0..left.len()).all(|row| whole(&of_left, row) == left[row]));
            // Of floats: what 53 bits tell of the values.
            let floats: Vec<f64> = left.iter().map(|value| *value as f64).collect();
            let mut of_floats = vec![NO_DIGITS; a];
            split_floats(&floats, 1.0, &mut of_floats);
            prop_assert!((0..left.len()).all(|row| whole(&of_floats, row) == floats[row] as i128));
            let big = |value: i128| num_bigint::BigInt::from(value);
            let expected: num_bigint::BigInt = left.iter().zip(&right).map(|(a, b)| big(*a) * big(*b)).sum();
            for tier in Tier::available() {
                let mut sums = [0; WEIGHTS];
                tier.add_products(&of_left, &of_right, &mut sums);
                let found = sums.iter().zip(0..).map(|(sum, weight)| big(*sum) << (DIGIT * weight));
                prop_assert_eq!(found.sum::<num_bigint::BigInt>(), expected.clone());
            }
        }
    }
}
