//! The slow and obvious answers that the kernels are tested against: big rationals from num-bigint, and full
//! sorts. Nothing here shares a line with the code that it judges.

use std::cmp::Ordering;

use num_bigint::{BigInt, BigUint, Sign};
use num_traits::{One, Signed, Zero};

/// value·2^1074: every finite f64 is a whole number of the smallest subnormal.
pub fn units(value: f64) -> BigInt {
    let bits = value.to_bits();
    let field = (bits >> 52) & 0x7ff;
    let fraction = bits & 0x000f_ffff_ffff_ffff;
    let magnitude = match field {
        0 => BigUint::from(fraction),
        _ => BigUint::from(fraction + 0x0010_0000_0000_0000) << (field - 1),
    };
    let sign = if value < 0.0 { Sign::Minus } else { Sign::Plus };
    BigInt::from_biguint(sign, magnitude)
}

/// The f64 nearest to n/d·2^exponent, by bisection over all non-negative floats.
pub fn nearest(n: &BigUint, d: &BigUint, exponent: i64) -> f64 {
    let scale = |value: &BigUint, power: i64| value << power.max(0) as u64;
    // n·2^exponent/d against the midpoint of `low` and its successor, both sides times 2^1075·d.
    let target = scale(n, exponent + 1075) << (5000 + (exponent + 1075).min(0)) as u64;
    bisect(|midpoint| target.cmp(&((midpoint * d) << 5000u64)))
}

/// The float to which a value rounds that compares like this with midpoints of neighbours, in units of 2^-1075.
fn bisect(compare: impl Fn(BigUint) -> Ordering) -> f64 {
    // Past the largest float stands 2^1024, as if the exponent had no limit.
    let beyond = BigUint::one() << (1024 + 1074) as u64;
    let magnitude = |bits| match f64::from_bits(bits) {
        f64::INFINITY => beyond.clone(),
        float => units(float).magnitude().clone(),
    };
    let (mut low, mut high) = (0, f64::INFINITY.to_bits());
    while low < high {
        let middle = low + (high - low) / 2;
        match compare(magnitude(middle) + magnitude(middle + 1)) {
            Ordering::Greater => low = middle + 1,
            Ordering::Equal if middle & 1 == 1 => low = middle + 1,
            _ => high = middle,
        }
    }
    f64::from_bits(low)
}

fn nearest_signed(n: &BigInt, d: &BigUint, exponent: i64) -> f64 {
    let magnitude = nearest(n.magnitude(), d, exponent);
    if n.is_negative() { -magnitude } else { magnitude }
}

fn sums(values: &[f64]) -> (BigInt, BigInt) {
    values.iter().fold((BigInt::zero(), BigInt::zero()), |(s, q), &x| {
        let x = units(x);
        (s + &x, q + &x * &x)
    })
}

pub fn sum(values: &[f64]) -> f64 {
    nearest_signed(&sums(values).0, &BigUint::one(), -1074)
}

pub fn mean(values: &[f64]) -> f64 {
    nearest_signed(&sums(values).0, &values.len().into(), -1074)
}

/// (n·Q − S²) and n·(n − ddof), the variance's numerator in units of 2^-2148 and denominator.
fn variance_ratio(values: &[f64], ddof: usize) -> (BigUint, BigUint) {
    let (s, q) = sums(values);
    let n = values.len();
    let numerator = q * n - &s * &s;
    (numerator.magnitude().clone(), BigUint::from(n) * (n - ddof))
}

pub fn variance(values: &[f64], ddof: usize) -> f64 {
    let (n, d) = variance_ratio(values, ddof);
    nearest(&n, &d, -2148)
}

/// The f64 nearest to the root of the exact variance: its square lies between the squares of the midpoints around it.
pub fn stddev(values: &[f64], ddof: usize) -> f64 {
    let (n, d) = variance_ratio(values, ddof);
    bisect(|midpoint| (&n * 4u32).cmp(&(&midpoint * &midpoint * &d)))
}

/// The value of each rank, by a full sort in the order in which −0.0 comes before +0.0.
pub fn order_statistics(values: &[f64], ranks: &[u64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    ranks.iter().map(|&rank| sorted[rank as usize]).collect()
}
