//! Series that hurt, for every test of a kernel.

use proptest::prelude::*;

/// A finite value of any kind: the edges of the format, short decimals, any bits.
pub fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        3 => any::<i32>().prop_map(|i| f64::from(i) / 1000.0),
        2 => (-3i32..4).prop_map(f64::from),
        1 => any::<u64>().prop_map(f64::from_bits).prop_filter("finite", |x| x.is_finite()),
        1 => (0u64..1 << 52).prop_map(f64::from_bits), // subnormal
        1 => prop::sample::select(vec![0.0, -0.0, f64::MAX, -f64::MAX, 1e300, -1e300, 1e16, 5e-324]),
    ]
}

pub fn series() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(value(), 0..40)
}

/// Long enough for selection to work with samples.
pub fn long_series() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(value(), 0..1500)
}

/// Finite series: cancellation, wide exponents, offsets, subnormals, overflow on the way.
pub fn finite() -> Vec<Vec<f64>> {
    let tiny = f64::from_bits(1);
    vec![
        vec![],
        vec![0.0],
        vec![-0.0],
        vec![0.0, -0.0],
        vec![1.0],
        vec![tiny],
        vec![tiny, -tiny, tiny],
        vec![f64::MIN_POSITIVE, tiny],
        vec![f64::MAX, f64::MAX],
        vec![f64::MAX, -f64::MAX, 1.0],
        vec![f64::MAX, f64::MAX, -f64::MAX, -f64::MAX],
        vec![1e300, 1.0, -1e300],
        vec![1e308, 1e-308, tiny],
        vec![0.1; 10],
        vec![0.1; 1025],
        (0..1000).map(f64::from).collect(),
        (0..1000).map(|i| 1e9 + f64::from(i) / 10.0).collect(), // large offset
        (0..999).map(|i| f64::from(i) * if i % 2 == 0 { 1.0 } else { -1.0 }).collect(),
        (-500..500).map(|i| 1.5f64.powi(i)).collect(), // wide exponents
        std::iter::once(1e300).chain((0..100).map(f64::from)).collect(), // an outlier
        vec![9007199254740993.0, 9007199254740995.0, 1.0],
    ]
}

/// Finite series of `n` values in the orders that trouble selection.
pub fn orders(n: usize) -> Vec<Vec<f64>> {
    let at = |i: usize| i as f64;
    let scrambled = |i: usize| ((i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) as f64;
    vec![
        (0..n).map(scrambled).collect(),
        (0..n).map(at).collect(),
        (0..n).rev().map(at).collect(),
        (0..n).map(|i| at(i.min(n - i))).collect(), // organ pipe
        (0..n).map(|i| at(i % 3)).collect(),        // few distinct
        vec![7.0; n],
        (0..n).map(|i| if i % 100 == 0 { scrambled(i) } else { 0.0 }).collect(), // mostly ties
        (0..n).map(|i| if i % 2 == 0 { 0.0 } else { -0.0 }).collect(),
        (0..n).map(|i| (at(i) - at(n) / 2.0) * 1.001f64.powi((i % 1000) as i32)).collect(),
        (0..n).map(|i| if i % 64 == 0 { 1e300 } else { at(i) }).collect(), // periodic
    ]
}
