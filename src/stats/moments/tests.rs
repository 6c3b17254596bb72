//! The moments against big rationals.

use super::{Moments, Order};
use crate::arch::{BLOCK, Tier};
use crate::num::decimal::Decimal;
use crate::num::u256::U256;
use crate::stats::oracle;
use crate::stats::seeds;
use proptest::prelude::*;

fn of(tier: Tier, values: &[f64]) -> Moments {
    let mut moments = Moments::new(Order::Second);
    for block in values.chunks(BLOCK) {
        moments.update(block, None, tier);
    }
    moments
}

fn check(values: &[f64], split: usize) {
    for tier in Tier::available() {
        check_tier(tier, values, split);
    }
}

fn check_tier(tier: Tier, values: &[f64], split: usize) {
    let split = split.min(values.len());
    let mut moments = of(tier, &values[split..]);
    moments.merge(of(tier, &values[..split]));
    let moments = moments.finish();
    assert_eq!(moments.sum().to_bits(), oracle::sum(values).to_bits(), "sum {values:?}");
    if values.is_empty() {
        assert_eq!(moments.mean(), None);
        return;
    }
    assert_eq!(moments.mean().map(f64::to_bits), Some(oracle::mean(values).to_bits()), "mean {values:?}");
    for ddof in [0, 1, 2] {
        let defined = values.len() > ddof;
        let variance = defined.then(|| oracle::variance(values, ddof));
        let stddev = defined.then(|| oracle::stddev(values, ddof));
        assert_eq!(moments.variance(ddof as u64), variance, "variance({ddof}) {values:?}");
        assert_eq!(moments.stddev(ddof as u64), stddev, "stddev({ddof}) {values:?}");
    }
}

#[test]
fn seeds_match_the_oracle_at_every_split() {
    for values in seeds::finite() {
        for split in [0, 1, values.len() / 2, values.len()] {
            check(&values, split);
        }
    }
}

proptest! {
    #![proptest_config(seeds::cases(2000))]
    #[test]
    fn random_series_match_the_oracle(values in seeds::series(), split in 0usize..40) {
        check(&values, split);
    }
}

#[test]
fn infinities_follow_ieee_754() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    for (values, mean) in [(&[inf, 1.0][..], inf), (&[-inf, 1.0], -inf), (&[inf, -inf], nan)] {
        let moments = of(Tier::best(), values).finish();
        assert!(moments.mean().is_some_and(|m| m == mean || m.is_nan() && mean.is_nan()));
        assert!(moments.variance(1).is_some_and(f64::is_nan));
    }
}

#[test]
fn a_stddev_is_finite_where_its_variance_is_not() {
    let moments = of(Tier::best(), &[1e300, -1e300]).finish();
    assert_eq!(moments.variance(1), Some(f64::INFINITY));
    assert_eq!(moments.stddev(1), Some(oracle::stddev(&[1e300, -1e300], 1)));
}

/// Kernels that add no squares leave anything in their place, which must neither crowd out the sum nor be written.
#[test]
fn sums_without_squares_have_none() {
    let values: Vec<f64> = (0..BLOCK).map(|i| i as f64 - 0.75).collect();
    for tier in Tier::available() {
        let mut moments = Moments::new(Order::First);
        moments.update(&values, None, tier);
        moments.drain();
        assert_eq!(moments.near.squares, U256::ZERO, "{}", tier.name());
        assert_eq!(moments.finish().sum(), oracle::sum(&values));
    }
}

#[test]
fn decimals_of_several_scales_are_one_rational() {
    // 0.1 + 0.02 + (-3e2): mean and variance of exact decimals, rounded once.
    let decimal = |negative, low, scale| Decimal { negative, magnitude: [low, 0, 0, 0], scale };
    let mut moments = Moments::new(Order::Second);
    for value in [decimal(false, 1, 1), decimal(false, 2, 2), decimal(true, 3, -2)] {
        moments.add_decimal(&value);
    }
    let moments = moments.finish();
    assert_eq!(moments.sum(), -299.88);
    assert_eq!(moments.mean(), Some(-99.96));
    assert_eq!(moments.variance(1), Some(30012.0028));
}
