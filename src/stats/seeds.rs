//! Series that hurt, for every test of a kernel.

use proptest::prelude::*;

/// The number of random cases of a test: `RSTATS_SERIES`, or else `usual`.
pub fn cases(usual: u32) -> ProptestConfig {
    let wanted = std::env::var("RSTATS_SERIES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig::with_cases(wanted.unwrap_or(usual))
}

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

/// Long series of one kind each: in a narrow window of exponents, a wider one, all over them, with a few infinities or
/// NaNs, or of any values.
pub fn blocks() -> impl Strategy<Value = Vec<f64>> {
    let scaled = |bits: u64, width: i32, exponent: i32| {
        // A mantissa of 53 bits at any place of the window.
        let mantissa = (bits >> 12 | 1 << 52) as f64;
        let shift = (bits & 0xfff) as i32 % width;
        let value = mantissa * 2f64.powi((exponent + shift).clamp(-1074, 970));
        if bits & 0x800 == 0 { value } else { -value }
    };
    let windows = (prop::sample::select(vec![1, 8, 19, 40, 49, 60, 400, 1900]), -1074i32..970);
    let window = (windows, prop::collection::vec(any::<u64>(), 0..4000))
        .prop_map(move |((width, exponent), bits)| bits.iter().map(|&bits| scaled(bits, width, exponent)).collect());
    let special = prop::sample::select(vec![f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e300, 5e-324, 0.0, -0.0]);
    let spoilt = (window.clone(), special, any::<prop::sample::Index>(), 1usize..500).prop_map(
        |(mut values, special, first, step): (Vec<f64>, _, _, _)| {
            let first = if values.is_empty() { 0 } else { first.index(values.len()) };
            values.iter_mut().skip(first).step_by(step).for_each(|value| *value = special);
            values
        },
    );
    prop_oneof![3 => window, 2 => spoilt, 1 => prop::collection::vec(value(), 0..3000)]
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
