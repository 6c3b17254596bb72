//! Moments of a few values in twice the precision of f64, each taken only if it is surely the correctly rounded one.
//!
//! A number is an unevaluated sum h + l with |l| ≤ ulp(h)/2. With ε = 2^−104 above the relative error of each operation on
//! such numbers (M. Joldes, J.-M. Muller, V. Popescu, *Tight and rigorous error bounds for basic building blocks of
//! double-word arithmetic*, ACM TOMS 44(2), 2017: at most 2^−102 for those used here, taken together below):
//!
//! - Σx is exact: if a rounding error falls off the end, there is no answer from here;
//! - with m near the mean and d = x − m (exact), n·variance·… = Σd² − (Σd)²/n, where the second term is at most a few
//!   units of the last place, so that nothing cancels;
//! - an answer is rounded only if both ends of its error interval round to it (A. Ziv, *Fast evaluation of elementary
//!   mathematical functions with correctly rounded last bit*, ACM TOMS 17(3), 1991). The bound is 2^−90, a thousand times
//!   what the few operations can err by.
//!
//! What is not decided here, one in some millions, is what [`super::moments`] is for.

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
fn two_sum(a: f64, b: f64) -> Double {
    let h = a + b;
    let t = h - a;
    Double { h, l: (a - (h - t)) + (b - t) }
}

/// a + b exactly, for |a| ≥ |b| or a = 0 (T. J. Dekker).
fn fast_two_sum(a: f64, b: f64) -> Double {
    let h = a + b;
    Double { h, l: b - (h - a) }
}

/// a·b exactly.
fn two_product(a: f64, b: f64) -> Double {
    let h = a * b;
    Double { h, l: a.mul_add(b, -h) }
}

impl Double {
    fn plus(self, other: Self) -> Self {
        let (s, t) = (two_sum(self.h, other.h), two_sum(self.l, other.l));
        let v = fast_two_sum(s.h, s.l + t.h);
        fast_two_sum(v.h, t.l + v.l)
    }

    fn squared(self) -> Self {
        let p = two_product(self.h, self.h);
        fast_two_sum(p.h, (2.0 * self.h).mul_add(self.l, p.l))
    }

    fn over(self, divisor: f64) -> Self {
        let h = self.h / divisor;
        let rest = (-h).mul_add(divisor, self.h) + self.l;
        fast_two_sum(h, rest / divisor)
    }

    /// The f64 nearest to the quotient of this very number. Where it has an end, as after 2, a tie is frequent: then it is
    /// exact as h + l, and one addition rounds it.
    fn quotient(self, divisor: f64) -> Option<f64> {
        let h = self.h / divisor;
        let rest = two_sum((-h).mul_add(divisor, self.h), self.l);
        let l = rest.h / divisor;
        if rest.l == 0.0 && (-l).mul_add(divisor, rest.h) == 0.0 {
            return Some(h + l);
        }
        self.over(divisor).rounded()
    }

    fn root(self) -> Self {
        let h = self.h.sqrt();
        let rest = (-h).mul_add(h, self.h) + self.l;
        fast_two_sum(h, rest / (2.0 * h))
    }

    /// The f64 nearest to any number within the error.
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
    /// Of 1 to [`MOST`] values; `None` if that takes more than this.
    pub fn new(values: &[f64], ddof: u64) -> Option<Self> {
        debug_assert!((1..=MOST).contains(&values.len()));
        let fits = |&value: &f64| value == 0.0 || (LEAST..=GREATEST).contains(&value.abs());
        if !values.iter().all(fits) {
            return None;
        }
        let n = values.len() as f64;
        let mut sum = Double { h: 0.0, l: 0.0 };
        let mut lost = 0.0f64;
        for &value in values {
            let high = two_sum(sum.h, value);
            let low = two_sum(sum.l, high.l);
            sum = Double { h: high.h, l: low.h };
            lost = if low.l != 0.0 { low.l } else { lost };
        }
        let sum = two_sum(sum.h, sum.l);
        if lost != 0.0 || (sum.h != 0.0 && sum.h.abs() < LEAST) {
            return None;
        }
        let mean = sum.quotient(n)?;
        let mut few = Self { sum: sum.h + 0.0, mean: mean + 0.0, variance: None, stddev: None };
        let freedom = match (values.len() as u64).checked_sub(ddof) {
            Some(freedom @ 1..) => freedom as f64,
            _ => return Some(few),
        };
        let mut squares = Double { h: 0.0, l: 0.0 };
        let mut rest = Double { h: 0.0, l: 0.0 };
        for &value in values {
            let deviation = two_sum(value, -mean);
            squares = squares.plus(deviation.squared());
            rest = rest.plus(deviation);
        }
        if squares.h == 0.0 {
            (few.variance, few.stddev) = (Some(0.0), Some(0.0));
            return Some(few);
        }
        let correction = rest.squared().over(n);
        let squares = squares.plus(Double { h: -correction.h, l: -correction.l });
        let variance = squares.over(freedom);
        few.variance = Some(variance.rounded()?);
        few.stddev = Some(variance.root().rounded()?);
        Some(few)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{oracle, seeds};
    use proptest::prelude::*;

    fn check(values: &[f64]) -> bool {
        for ddof in [0, 2, 1] {
            let Some(few) = Few::new(values, ddof) else {
                if ddof == 1 {
                    return false;
                }
                continue; // of two values the deviation with 0 is half their distance: a tie every other time
            };
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
