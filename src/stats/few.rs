//! Moments of a few values in twice the precision of f64, each taken only if it is surely the correctly rounded one.
//!
//! A number is an unevaluated sum h + l with |l| ≤ ulp(h)/2. With ε = 2^−104 above the relative error of each operation on
//! such numbers (M. Joldes, J.-M. Muller, V. Popescu, *Tight and rigorous error bounds for basic building blocks of
//! double-word arithmetic*, ACM TOMS 44(2), 2017: at most 2^−102 for those used here, taken together below):
//!
//! - Σx is exact: if a rounding error falls off the end, there is no answer from here;
//! - with m the rounded mean and d = x − m (exact), the sum of squared deviations is Σd² − (Σd)²/n; where the second term is
//!   not small beside the first, both are exact;
//! - an answer is rounded only if both ends of its error interval round to it (A. Ziv, *Fast evaluation of elementary
//!   mathematical functions with correctly rounded last bit*, ACM TOMS 17(3), 1991). The bound is 2^−90, a thousand times
//!   what the few operations can err by.
//!
//! What is not decided here, one in some millions, is what [`super::moments`] is for.

use crate::arch::Tier;
use crate::arch::tier::Keyed;

/// Up to so many values.
pub const MOST: usize = 32;

/// Relative errors are below this.
const ERROR: f64 = 1.0 / (1u128 << 90) as f64;

/// Magnitudes whose squares, and the errors of those, are normal numbers.
const LEAST: f64 = f64::from_bits((1023 - 300) << 52);
const GREATEST: f64 = f64::from_bits((1023 + 300) << 52);

/// h + l.
#[derive(Clone, Copy)]
struct Double {
    h: f64,
    l: f64,
}

/// a + b exactly (D. E. Knuth).
#[inline(always)]
fn two_sum(a: f64, b: f64) -> Double {
    let h = a + b;
    let t = h - a;
    Double { h, l: (a - (h - t)) + (b - t) }
}

/// a + b exactly, for |a| ≥ |b| or a = 0 (T. J. Dekker).
#[inline(always)]
fn fast_two_sum(a: f64, b: f64) -> Double {
    let h = a + b;
    Double { h, l: b - (h - a) }
}

/// a·b exactly.
#[inline(always)]
fn two_product(a: f64, b: f64) -> Double {
    let h = a * b;
    Double { h, l: a.mul_add(b, -h) }
}

impl Double {
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        let (s, t) = (two_sum(self.h, other.h), two_sum(self.l, other.l));
        let v = fast_two_sum(s.h, s.l + t.h);
        fast_two_sum(v.h, t.l + v.l)
    }

    #[inline(always)]
    fn squared(self) -> Self {
        let p = two_product(self.h, self.h);
        fast_two_sum(p.h, (2.0 * self.h).mul_add(self.l, p.l))
    }

    #[inline(always)]
    fn over(self, divisor: f64) -> Self {
        let h = self.h / divisor;
        let rest = (-h).mul_add(divisor, self.h) + self.l;
        fast_two_sum(h, rest / divisor)
    }

    /// The f64 nearest to the quotient of this very number. Where it has an end, as after 2, a tie is frequent: then it is
    /// exact as h + l, and one addition rounds it.
    #[inline(always)]
    fn quotient(self, divisor: f64) -> Option<f64> {
        let h = self.h / divisor;
        let rest = two_sum((-h).mul_add(divisor, self.h), self.l);
        let l = rest.h / divisor;
        if rest.l == 0.0 && (-l).mul_add(divisor, rest.h) == 0.0 {
            return Some(h + l);
        }
        self.over(divisor).rounded()
    }

    #[inline(always)]
    fn root(self) -> Self {
        let h = self.h.sqrt();
        let rest = (-h).mul_add(h, self.h) + self.l;
        fast_two_sum(h, rest / (2.0 * h))
    }

    /// The f64 nearest to any number within the error.
    #[inline(always)]
    fn rounded(self) -> Option<f64> {
        let error = self.h.abs() * ERROR;
        let (below, above) = (self.h + (self.l - error), self.h + (self.l + error));
        (below == above).then_some(below)
    }
}

/// Sum, mean, and the variance and its root with `ddof` (not defined for `ddof` values or fewer), each correctly rounded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Few {
    /// Σx.
    pub sum: f64,
    /// Σx / n.
    pub mean: f64,
    /// As [`super::moments::Finished::variance`].
    pub variance: Option<f64>,
    /// As [`super::moments::Finished::stddev`].
    pub stddev: Option<f64>,
}

impl Few {
    /// Of 1 to [`MOST`] values; `None` if that takes more than this. Their keys are written to `sorted`, ascending.
    pub fn new(values: &[f64], ddof: u64, sorted: &mut [i64; MOST], tier: Tier) -> Option<Self> {
        assert!((1..=MOST).contains(&values.len()));
        tier.few(values, ddof, sorted)
    }

    /// The same, compiled for the instructions of the caller.
    #[inline(always)]
    pub(crate) fn compute(values: &[f64], ddof: u64, sorted: &mut [i64; MOST]) -> Option<Self> {
        let fits = |value: f64| value == 0.0 || (LEAST..=GREATEST).contains(&value.abs());
        let n = values.len() as f64;
        let mut sum = Double { h: 0.0, l: 0.0 };
        let (mut fit, mut exact) = (true, true);
        for &value in values {
            fit &= fits(value);
            let high = two_sum(sum.h, value);
            let low = two_sum(sum.l, high.l);
            sum = Double { h: high.h, l: low.h };
            exact &= low.l == 0.0;
        }
        let sum = two_sum(sum.h, sum.l);
        if !fit || !exact || (sum.h != 0.0 && sum.h.abs() < LEAST) {
            return None;
        }
        sort(values, sorted);
        let mean = sum.quotient(n)?;
        let mut few = Self { sum: sum.h + 0.0, mean: mean + 0.0, variance: None, stddev: None };
        let freedom = match (values.len() as u64).checked_sub(ddof) {
            Some(freedom @ 1..) => freedom as f64,
            _ => return Some(few),
        };
        // Nothing here is negative: the errors of the low parts stay relative to the whole.
        let (mut high, mut low) = (0.0, 0.0);
        for &value in values {
            let deviation = two_sum(value, -mean);
            let product = two_product(deviation.h, deviation.h);
            let sum = two_sum(high, product.h);
            high = sum.h;
            low += sum.l + (2.0 * deviation.h).mul_add(deviation.l, product.l);
        }
        if high == 0.0 {
            (few.variance, few.stddev) = (Some(0.0), Some(0.0));
            return Some(few);
        }
        // Σd = Σx − n·m: what the mean's own rounding leaves.
        let multiple = two_product(mean, n);
        let rest = two_sum(sum.h, -multiple.h).plus(two_sum(sum.l, -multiple.l));
        let correction = rest.squared().over(n);
        let squares = fast_two_sum(high, low).plus(Double { h: -correction.h, l: -correction.l });
        let variance = squares.over(freedom);
        few.variance = Some(variance.rounded()?);
        few.stddev = Some(variance.root().rounded()?);
        Some(few)
    }
}

/// Each key goes to the place that is the number of keys before it: more comparisons than other sorts, and none to be guessed.
#[inline(always)]
fn sort(values: &[f64], sorted: &mut [i64; MOST]) {
    let mut keys = [i64::MAX; MOST];
    for (key, value) in keys.iter_mut().zip(values) {
        *key = value.key();
    }
    // Lanes beyond the values are above all of them, and are not written.
    let lanes = if values.len() <= 8 { 8 } else { values.len().next_multiple_of(8).min(MOST) };
    let mut places = [0u64; MOST];
    for (j, &other) in keys[..values.len()].iter().enumerate() {
        let pairs = places[..lanes].iter_mut().zip(&keys[..lanes]).zip(0u64..);
        for ((place, &key), i) in pairs {
            *place += u64::from(other < key) | u64::from(other == key) & u64::from((j as u64) < i);
        }
    }
    for (&key, &place) in keys[..values.len()].iter().zip(&places) {
        sorted[place as usize % MOST] = key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{oracle, seeds};
    use proptest::prelude::*;

    fn check(values: &[f64]) -> bool {
        for ddof in [0, 2, 1] {
            let mut sorted = [0; MOST];
            let tiers = Tier::available().into_iter().map(|tier| Few::new(values, ddof, &mut sorted, tier));
            let all: Vec<_> = tiers.collect();
            assert!(all.iter().all(|few| *few == all[0]), "{values:?}");
            let Some(few) = all[0] else {
                if ddof == 1 {
                    return false;
                }
                continue; // of two values the deviation with 0 is half their distance: a tie every other time
            };
            let ranks: Vec<u64> = (0..values.len() as u64).collect();
            let expected = oracle::order_statistics(values, &ranks);
            let found = sorted[..values.len()].iter().map(|&key| f64::from_key(key).to_bits());
            assert!(found.eq(expected.into_iter().map(f64::to_bits)), "{values:?}");
            assert_eq!(few.sum.to_bits(), oracle::sum(values).to_bits(), "{values:?}");
            assert_eq!(few.mean.to_bits(), oracle::mean(values).to_bits(), "{values:?}");
            let defined = values.len() as u64 > ddof;
            let variance = defined.then(|| oracle::variance(values, ddof as usize));
            let stddev = defined.then(|| oracle::stddev(values, ddof as usize));
            assert_eq!((few.variance, few.stddev), (variance, stddev), "{values:?}");
        }
        true
    }

    #[test]
    fn seeds_match_the_oracle() {
        for values in seeds::finite().iter().filter(|values| (1..=MOST).contains(&values.len())) {
            check(values);
        }
        assert!(check(&[0.1; 10]) && check(&[1.0, 2.0]) && check(&[2.5, 0.1, -7.25, 1e-3]));
    }

    proptest! {
        #![proptest_config(seeds::cases(5000))]
        #[test]
        fn random_values_match_the_oracle(
            values in prop::collection::vec(prop_oneof![
                seeds::value(), -1.0..1.0f64, (-50i32..50).prop_map(f64::from), 1e9..1.000001e9f64,
                (0u64..1 << 20).prop_map(|bits| f64::from_bits(1.0f64.to_bits() + bits)),
            ], 1..=MOST),
        ) {
            check(&values);
        }

        #[test]
        fn ordinary_values_are_decided_here(values in prop::collection::vec(-1.0..1.0f64, 1..=MOST)) {
            prop_assert!(check(&values) || values.iter().any(|value| value.abs() < 1e-10));
        }
    }
}
