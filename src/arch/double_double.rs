//! Moments of a few values in twice the precision of f64, each taken only if it is surely the correctly rounded one. Eight
//! series of one length are done side by side, see [`super::floats`].
//!
//! A number is an unevaluated sum h + l with |l| ≤ ulp(h)/2. With ε = 2^−104 above the relative error of each operation on
//! such numbers (M. Joldes, J.-M. Muller, V. Popescu, *Tight and rigorous error bounds for basic building blocks of
//! double-word arithmetic*, ACM TOMS 44(2), 2017: at most 2^−102 for those used here, taken together below):
//!
//! - Σx is exact: if a rounding error falls off the end, there is no answer from here;
//! - with m the rounded mean and d = x − m (exact), the sum of squared deviations is Σd² − (Σd)²/n; where the second term is
//!   not small beside the first, both are exact;
//! - an answer is rounded only if both ends of its error interval round to it (A. Ziv, *Fast evaluation of elementary
//!   mathematical functions with correctly rounded last bit*, ACM TOMS 17(3), 1991). The bound is 2^−90: of the low
//!   parts of n squares, each addition errs by 2^−53 of their sum so far, which is below n·2^−53 of the squares: n²·2^−107 together, or 2^−93 of 128.
//!   The few operations after them err by a thousandth of it.

use super::floats::Floats;
use super::key::Keyed;

/// The longest series that is described alone.
pub const MOST: usize = 32;

/// The longest series that are described eight at a time.
pub const MOST_WIDE: usize = 128;

/// Relative errors are below this.
const ERROR: f64 = 1.0 / (1u128 << 90) as f64;

/// Magnitudes whose squares, and the errors of those, are normal numbers.
const LEAST: f64 = f64::from_bits((1023 - 300) << 52);
const GREATEST: f64 = f64::from_bits((1023 + 300) << 52);

/// h + l.
#[derive(Clone, Copy, Debug)]
pub struct Double<F> {
    pub h: F,
    pub l: F,
}

/// a + b exactly (D. E. Knuth).
#[inline(always)]
pub fn two_sum<F: Floats>(a: F, b: F) -> Double<F> {
    let h = a + b;
    let t = h - a;
    Double { h, l: (a - (h - t)) + (b - t) }
}

/// a + b exactly, for |a| ≥ |b| or a = 0 (T. J. Dekker).
#[inline(always)]
pub(super) fn fast_two_sum<F: Floats>(a: F, b: F) -> Double<F> {
    let h = a + b;
    Double { h, l: b - (h - a) }
}

/// a·b exactly.
#[inline(always)]
pub(super) fn two_product<F: Floats>(a: F, b: F) -> Double<F> {
    let h = a * b;
    Double { h, l: a.mul_add(b, -h) }
}

impl<F: Floats> Double<F> {
    #[inline(always)]
    pub fn plus(self, other: Self) -> Self {
        let (s, t) = (two_sum(self.h, other.h), two_sum(self.l, other.l));
        let v = fast_two_sum(s.h, s.l + t.h);
        fast_two_sum(v.h, t.l + v.l)
    }

    #[inline(always)]
    pub fn squared(self) -> Self {
        let p = two_product(self.h, self.h);
        fast_two_sum(p.h, (self.h + self.h).mul_add(self.l, p.l))
    }

    #[inline(always)]
    fn over(self, divisor: F) -> Self {
        let h = self.h / divisor;
        let rest = (-h).mul_add(divisor, self.h) + self.l;
        fast_two_sum(h, rest / divisor)
    }

    /// The f64 nearest to the quotient of this very number, and whether it surely is. Where the quotient has an end, as after 2,
    /// a tie is frequent: then it is exact as h + l, and one addition rounds it.
    #[inline(always)]
    pub fn quotient(self, divisor: F) -> (F, F::Mask) {
        let zero = F::splat(0.0);
        let h = self.h / divisor;
        let rest = two_sum((-h).mul_add(divisor, self.h), self.l);
        let l = rest.h / divisor;
        let ends = rest.l.equals(zero) & (-l).mul_add(divisor, rest.h).equals(zero);
        let (nearest, sure) = fast_two_sum(h, l).rounded();
        ((h + l).or(ends, nearest), sure | ends)
    }

    #[inline(always)]
    fn root(self) -> Self {
        let h = self.h.sqrt();
        let rest = (-h).mul_add(h, self.h) + self.l;
        fast_two_sum(h, rest / (h + h))
    }

    /// The f64 nearest to any number within the error, and whether there is one.
    #[inline(always)]
    pub fn rounded(self) -> (F, F::Mask) {
        let error = self.h.abs() * F::splat(ERROR);
        let (below, above) = (self.h + (self.l - error), self.h + (self.l + error));
        (below, below.equals(above))
    }
}

/// Sum, mean, and the variance and its root, each correctly rounded: of one series, or of eight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SmallMoments<V> {
    /// Σx.
    pub sum: V,
    /// Σx / n.
    pub mean: V,
    /// As [`super::moments::Finished::variance`].
    pub variance: V,
    /// As [`super::moments::Finished::stddev`].
    pub stddev: V,
}

impl<V> SmallMoments<V> {
    /// Each of them in another form.
    pub fn map<W>(self, f: impl Fn(V) -> W) -> SmallMoments<W> {
        SmallMoments { sum: f(self.sum), mean: f(self.mean), variance: f(self.variance), stddev: f(self.stddev) }
    }
}

/// Whether the square of a value, and the error of that, are normal numbers, or the value is zero. (As a closure it would be a call, as it
/// has not the instructions of its caller.)
#[inline(always)]
fn fits<F: Floats>(value: F) -> F::Mask {
    let size = value.abs();
    value.equals(F::splat(0.0)) | (F::splat(LEAST).is_at_most(size) & size.is_at_most(F::splat(GREATEST)))
}

/// Of `values`, the first of each series, then the second; and which of the series take more than this. `freedom` is what the
/// squares are divided by.
#[inline(always)]
pub(crate) fn compute<F: Floats>(values: &[F::Values], freedom: f64) -> (SmallMoments<F::Values>, u8) {
    let zero = F::splat(0.0);
    let n = F::splat(values.len() as f64);
    let mut sum = Double { h: zero, l: zero };
    let mut sure = zero.equals(zero);
    for value in values {
        let value = F::load(value);
        let high = two_sum(sum.h, value);
        let low = two_sum(sum.l, high.l);
        sum = Double { h: high.h, l: low.h };
        sure = sure & fits(value) & low.l.equals(zero);
    }
    let sum = two_sum(sum.h, sum.l);
    let (mean, sure_mean) = sum.quotient(n);
    // Nothing here is negative: the errors of the low parts stay relative to the whole.
    let (mut high, mut low) = (zero, zero);
    for value in values {
        let deviation = two_sum(F::load(value), -mean);
        let product = two_product(deviation.h, deviation.h);
        let sum = two_sum(high, product.h);
        high = sum.h;
        low = low + (sum.l + (deviation.h + deviation.h).mul_add(deviation.l, product.l));
    }
    // Σd = Σx − n·m: what the mean's own rounding leaves.
    let multiple = two_product(mean, n);
    let rest = two_sum(sum.h, -multiple.h).plus(two_sum(sum.l, -multiple.l));
    let correction = rest.squared().over(n);
    let squares = fast_two_sum(high, low).plus(Double { h: -correction.h, l: -correction.l });
    let variance = squares.over(F::splat(freedom));
    let constant = high.equals(zero);
    let (stddev, sure_stddev) = variance.root().rounded();
    let (variance, sure_variance) = variance.rounded();
    let sure = sure & fits(sum.h) & sure_mean & (constant | (sure_variance & sure_stddev));
    let few = SmallMoments {
        sum: (sum.h + zero).store(),
        mean: (mean + zero).store(),
        variance: zero.or(constant, variance).store(),
        stddev: zero.or(constant, stddev).store(),
    };
    (few, F::bits(!sure))
}

/// The first value of each, then the second; and keys.
#[derive(Debug)]
pub(crate) struct EightWideRows {
    pub values: [[f64; 8]; MOST_WIDE],
    pub keys: [[i64; 8]; MOST_WIDE],
}

/// Each key goes to the place that is the number of keys before it: more comparisons than other sorts, and none to be guessed.
#[inline(always)]
pub(crate) fn sort(values: &[f64], sorted: &mut [i64; MOST]) {
    let mut keys = [i64::MAX; MOST];
    for (key, value) in keys.iter_mut().zip(values) {
        *key = value.key();
    }
    // Eight places are found at a time; those of lanes beyond the values, which are above all of them, are not written.
    for (start, eight) in keys.chunks_exact(8).enumerate().map(|(block, eight)| (8 * block, eight)) {
        if start >= values.len() {
            break;
        }
        let mut indices = [0u64; 8];
        for (&other, j) in keys[..values.len()].iter().zip(0u64..) {
            for ((index, &key), i) in indices.iter_mut().zip(eight).zip(start as u64..) {
                *index += u64::from(other < key) | u64::from(other == key) & u64::from(j < i);
            }
        }
        for (&key, &index) in eight[..8.min(values.len() - start)].iter().zip(&indices) {
            sorted[index as usize % MOST] = key;
        }
    }
}
