//! The trimmed mean: the mean of what is left when a share of the values is cut off at each end.
//!
//! Of n values in order, the g = ⌊p·n⌋ least and the g greatest ones are cut, and the mean of the others is
//!
//! - (x₍g+1₎ + … + x₍n−g₎) / (n − 2g)
//!
//! rounded once. p·n is the product of two floats, as in SciPy's `trim_mean`, so that the same values are cut; p is below ½, so that one
//! is always left. With p = 0 it is the mean. (J. W. Tukey, *A survey of sampling from contaminated distributions*, 1960.)

use super::moments::{Moments, Order};
use super::value::Value;
use super::value_counts::Sorted;
use super::weighted::Frequencies;
use crate::arch::Tier;
use crate::error::Result;
use crate::num::rational::Rational;

/// How many of `n` values are cut off at each end.
fn cut(n: u64, share: f64) -> u64 {
    ((share * n as f64) as u64).min(n.saturating_sub(1) / 2)
}

impl<T: Value> Sorted<'_, T> {
    /// The mean without `share` of the values at each end; `None` of no values.
    ///
    /// # Errors
    ///
    /// [`Error::File`](crate::Error::File) where a temporary file cannot be read, [`Error::Interrupted`](crate::Error::Interrupted).
    pub fn trimmed_mean(&self, share: f64) -> Result<Option<f64>> {
        let n = self.count();
        let cut = cut(n, share);
        let mut moments = Moments::new(Order::First);
        self.each(cut, n - cut, &mut |values| {
            T::update(values, None, &mut moments, Tier::best());
        })?;
        Ok(moments.finish().mean())
    }
}

impl<T: Value> Frequencies<'_, T> {
    /// The same of values that are there as often as their frequencies say.
    pub fn trimmed_mean(&self, share: f64) -> Option<f64> {
        let cut = cut(self.total(), share);
        let (first, end) = (cut, self.total() - cut);
        let mut sum = Rational::integer(false, 0u64.into());
        let mut infinite = None;
        let mut below = 0;
        for (value, frequency) in self.values() {
            let kept = end.min(below + frequency).saturating_sub(first.max(below));
            below += frequency;
            if kept == 0 {
                continue;
            }
            match value.nearest() {
                nearest if nearest.is_finite() => {
                    sum = sum.plus(&value.to_rational().times(&Rational::integer(false, kept.into())));
                }
                nearest => infinite = Some(infinite.unwrap_or(0.0) + nearest),
            }
        }
        (end > first)
            .then(|| infinite.unwrap_or_else(|| sum.over(&Rational::integer(false, (end - first).into())).round()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stats::value_counts::ValueCounts;
    use crate::stats::{oracle, seeds};

    fn slowly(values: &[f64], share: f64) -> Option<f64> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let cut = (share * values.len() as f64) as usize;
        let kept = sorted.get(cut..values.len().checked_sub(cut)?).filter(|kept| !kept.is_empty())?;
        Some(oracle::mean(kept))
    }

    fn check(values: &[f64], share: f64) {
        let mut counts = ValueCounts::new();
        values.iter().for_each(|&value| counts.add(value));
        let expected = slowly(values, share);
        assert_eq!(counts.finish().unwrap().trimmed_mean(share).unwrap(), expected, "{values:?} without {share}");
        let mut sorted: Vec<i64> = values.iter().map(|value| (value + 0.0).key()).collect();
        sorted.sort_unstable();
        let frequencies: Vec<(i64, u64)> =
            sorted.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as u64)).collect();
        assert_eq!(Frequencies::<f64>::new(&frequencies, sorted.len() as u64).trimmed_mean(share), expected);
    }

    #[test]
    fn seeds_match_the_oracle() {
        for values in seeds::finite().into_iter().chain(seeds::orders(3000)) {
            for share in [0.0, 0.1, 0.25, 0.5f64.next_down()] {
                if values.len() as f64 * share < values.len() as f64 / 2.0 || values.is_empty() {
                    check(&values, share);
                }
            }
        }
    }

    #[test]
    fn what_is_left_is_never_nothing() {
        // p·n rounds to n/2.
        let values: Vec<f64> = (0..1 << 12).map(f64::from).collect();
        let mut counts = ValueCounts::new();
        values.iter().for_each(|&value| counts.add(value));
        assert_eq!(counts.finish().unwrap().trimmed_mean(0.5f64.next_down()).unwrap(), Some(2047.5));
    }

    #[test]
    fn infinities_count_where_they_are_left() {
        let mut counts = ValueCounts::new();
        [f64::NEG_INFINITY, 1.0, 2.0, 3.0, f64::INFINITY].into_iter().for_each(|value| counts.add(value));
        assert_eq!(counts.finish().unwrap().trimmed_mean(0.2).unwrap(), Some(2.0));
        assert!(counts.finish().unwrap().trimmed_mean(0.1).unwrap().is_some_and(f64::is_nan));
    }

    proptest! {
        #![proptest_config(seeds::cases(500))]
        #[test]
        fn random_series_match_the_oracle(values in seeds::series(), share in 0.0..0.45f64) {
            check(&values, share);
        }
    }
}
