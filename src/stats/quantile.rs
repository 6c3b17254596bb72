//! Every definition of a quantile, by name.
//!
//! A quantile of n sorted values x_0 … x_{n−1} is made of two neighbours and a weight. [`Method::position`] says which
//! neighbours, [`Position::blend`] puts them together. Both follow the arithmetic of the library that the name
//! comes from, operation by operation, so that the bits are the same for finite f64 data:
//!
//! - `exclusive` and `inclusive`: `statistics.quantiles(n=n, method=…)`, for the cut points k/n. There is no
//!   rounding in the position; the blend is (x_j·(n − δ) + x_{j+1}·δ) / n.
//! - all others: `numpy.quantile(method=…)` of NumPy 2.4. The position is rounded as NumPy rounds it: a virtual index
//!   v = n·p + (α + p·(1 − α − β)) − 1, and the blend is x_j + (x_{j+1} − x_j)·γ with γ = v − ⌊v⌋.
//!
//! Definitions: R. J. Hyndman and Y. Fan, *Sample Quantiles in Statistical Packages*, The American Statistician
//! 50(4), 1996; their number stands beside each [`Method`].
//!
//! Where a neighbour is not an f64, or lies beyond 2^53 in a series that is not one of floats, the blend is the exact
//! interpolation, rounded once: see [`Value::as_f64`]. With infinities, or where x_{j+1} − x_j overflows, it is the order statistic itself if γ = 0 or the
//! neighbours are equal, else (1 − γ)·x_j + γ·x_{j+1}.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use super::value::Value;
use crate::num::big_uint::BigUint;
use crate::num::rational::{Rational, decompose};
use crate::num::rounding::{round_between, round_quotient};
use crate::suggest::hint;

/// The largest denominator with which a probability is taken as a cut point k/n.
const LARGEST_CUT: u64 = 10_000;

/// How a quantile is defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// Hyndman-Fan 6, as Python's `statistics` computes it. Below p = 1/(n+1) and above n/(n+1) it extrapolates, as
    /// Python does.
    Exclusive,
    /// Hyndman-Fan 7, as Python's `statistics` computes it.
    Inclusive,
    /// Hyndman-Fan 1.
    InvertedCdf,
    /// Hyndman-Fan 2.
    AveragedInvertedCdf,
    /// Hyndman-Fan 3.
    ClosestObservation,
    /// Hyndman-Fan 4.
    InterpolatedInvertedCdf,
    /// Hyndman-Fan 5.
    Hazen,
    /// Hyndman-Fan 6.
    Weibull,
    /// Hyndman-Fan 7; the default of NumPy, pandas and rstats.
    Linear,
    /// Hyndman-Fan 8; what statrs computes.
    MedianUnbiased,
    /// Hyndman-Fan 9.
    NormalUnbiased,
    /// The lower neighbour of Hyndman-Fan 7.
    Lower,
    /// The higher neighbour of Hyndman-Fan 7.
    Higher,
    /// The middle between the neighbours of Hyndman-Fan 7.
    Midpoint,
    /// The nearer neighbour of Hyndman-Fan 7, the even one if both are as near: NumPy's and pandas'.
    Nearest,
    /// The nearer neighbour of Hyndman-Fan 7, the higher one if both are as near: what Polars calls `nearest`.
    NearestHalfUp,
    /// Any plotting position, by its two parameters: SciPy's `mquantiles` and Julia's `quantile`.
    AlphapBetap(PlottingPosition),
}

/// The parameters α and β of a quantile at the virtual index n·p + α + p·(1 − α − β) − 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlottingPosition {
    /// The bits of the two, so that methods can be compared and hashed.
    bits: [u64; 2],
}

impl PlottingPosition {
    /// `None` for parameters that are not from 0 to 1.
    pub fn new(alphap: f64, betap: f64) -> Option<Self> {
        let is_one = |parameter: f64| (0.0..=1.0).contains(&parameter);
        // One zero.
        (is_one(alphap) && is_one(betap)).then(|| Self { bits: [alphap + 0.0, betap + 0.0].map(f64::to_bits) })
    }

    /// α.
    pub fn alphap(self) -> f64 {
        f64::from_bits(self.bits[0])
    }

    /// β.
    pub fn betap(self) -> f64 {
        f64::from_bits(self.bits[1])
    }
}

impl Method {
    /// Every method with a name of its own, in the order of the documentation: all but [`Method::AlphapBetap`].
    pub const ALL: [(Self, &'static str); 16] = [
        (Self::Exclusive, "exclusive"),
        (Self::Inclusive, "inclusive"),
        (Self::InvertedCdf, "inverted_cdf"),
        (Self::AveragedInvertedCdf, "averaged_inverted_cdf"),
        (Self::ClosestObservation, "closest_observation"),
        (Self::InterpolatedInvertedCdf, "interpolated_inverted_cdf"),
        (Self::Hazen, "hazen"),
        (Self::Weibull, "weibull"),
        (Self::Linear, "linear"),
        (Self::MedianUnbiased, "median_unbiased"),
        (Self::NormalUnbiased, "normal_unbiased"),
        (Self::Lower, "lower"),
        (Self::Higher, "higher"),
        (Self::Midpoint, "midpoint"),
        (Self::Nearest, "nearest"),
        (Self::NearestHalfUp, "nearest_half_up"),
    ];

    /// Where the quantile of `n` values lies; `n` is not zero.
    pub fn position(self, probability: &Probability, n: u64) -> Position {
        let p = probability.value;
        let count = n as f64;
        let last = (n - 1) as f64;
        match self {
            Self::Exclusive => probability.cut_position(n, CutPoints::Exclusive),
            Self::Inclusive => probability.cut_position(n, CutPoints::Inclusive),
            Self::InvertedCdf => discrete(count * p - 1.0, n, |_| true),
            Self::ClosestObservation => discrete(count * p - 1.0 - 0.5, n, |floor| floor.rem_euclid(2.0) == 1.0),
            Self::Lower => Position::pick((last * p).floor(), n),
            Self::Higher => Position::pick((last * p).ceil(), n),
            Self::Nearest => Position::pick((last * p).round_ties_even(), n),
            Self::NearestHalfUp => Position::pick((last * p).round(), n),
            Self::AlphapBetap(position) => virtual_index(count, p, position.alphap(), position.betap(), n),
            Self::AveragedInvertedCdf => {
                let gamma = |gamma| if gamma == 0.0 { 0.5 } else { 1.0 };
                Position::between(count * p - 1.0, n, gamma)
            }
            Self::Midpoint => {
                let index = 0.5 * ((last * p).floor() + (last * p).ceil());
                let gamma = if index % 1.0 == 0.0 { 0.0 } else { 0.5 };
                Position::between(index, n, |_| gamma)
            }
            Self::Linear => Position::between(last * p, n, |gamma| gamma),
            Self::InterpolatedInvertedCdf => virtual_index(count, p, 0.0, 1.0, n),
            Self::Hazen => virtual_index(count, p, 0.5, 0.5, n),
            Self::Weibull => virtual_index(count, p, 0.0, 0.0, n),
            Self::MedianUnbiased => virtual_index(count, p, 1.0 / 3.0, 1.0 / 3.0, n),
            Self::NormalUnbiased => virtual_index(count, p, 3.0 / 8.0, 3.0 / 8.0, n),
        }
    }
}

/// The name in every interface; of a plotting position `alphap=0.4,betap=0.4`.
impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::AlphapBetap(position) = self {
            return f.pad(&format!("alphap={},betap={}", position.alphap(), position.betap()));
        }
        let named = Self::ALL.iter().find(|(method, _)| method == self);
        f.pad(named.map_or("", |(_, name)| name))
    }
}

impl FromStr for Method {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        if let Some((method, _)) = Self::ALL.iter().find(|(_, candidate)| *candidate == name) {
            return Ok(*method);
        }
        if name.contains('=') {
            return plotting_position(name).ok_or_else(|| {
                format!("'{name}' is not a plotting position; one is alphap=0.4,betap=0.4, with parameters from 0 to 1")
            });
        }
        let names: Vec<_> = Self::ALL.iter().map(|(_, name)| *name).collect();
        let meant = hint(name, names.iter().copied());
        let names = names.join(", ");
        Err(format!("'{name}' is not a quantile method; it is one of {names}, or alphap=A,betap=B{meant}"))
    }
}

/// `alphap=A,betap=B`, in any order.
fn plotting_position(text: &str) -> Option<Method> {
    let (mut alphap, mut betap) = (None, None);
    for part in text.split(',') {
        let (name, value) = part.split_once('=')?;
        let parameter = match name.trim() {
            "alphap" => &mut alphap,
            "betap" => &mut betap,
            _ => return None,
        };
        if parameter.replace(value.trim().parse().ok()?).is_some() {
            return None;
        }
    }
    PlottingPosition::new(alphap?, betap?).map(Method::AlphapBetap)
}

fn virtual_index(count: f64, p: f64, alpha: f64, beta: f64, n: u64) -> Position {
    let index = count * p + (alpha + p * (1.0 - alpha - beta)) - 1.0;
    Position::between(index, n, |gamma| gamma)
}

/// The floor of a virtual index if it is whole and `stays` says so of it, else the next rank.
fn discrete(index: f64, n: u64, stays: impl Fn(f64) -> bool) -> Position {
    let floor = index.floor();
    if index == floor && stays(floor) { Position::pick(floor, n) } else { Position::pick(floor + 1.0, n) }
}

/// A probability, and the cut point that it is.
#[derive(Clone, Debug)]
pub struct Probability {
    value: f64,
    /// (k, n) with k/n = value.
    cut: Option<(u64, u64)>,
}

/// Two cut points of one value are equal, whichever way they were asked for.
impl PartialEq for Probability {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Probability {
    /// `p` in 0..=1, as k/n with the smallest n up to 10,000 for which the f64 k/n is `p`, if there is one.
    pub fn new(p: f64) -> Option<Self> {
        if !(0.0..=1.0).contains(&p) {
            return None;
        }
        let value = p + 0.0; // −0.0 is 0
        Some(Self { value, cut: cut_point(value) })
    }

    /// The n − 1 cut points that part a distribution into `n` groups of equal probability.
    pub fn cut_points(n: u64) -> Vec<Self> {
        let point = |k| Self { value: k as f64 / n as f64, cut: Some((k, n)) };
        (1..n).map(point).collect()
    }

    /// The probability, from 0 to 1.
    pub fn value(&self) -> f64 {
        self.value
    }

    fn cut_position(&self, n: u64, kind: CutPoints) -> Position {
        if n == 1 {
            return Position::pick(0.0, 1);
        }
        match self.cut {
            Some((k, groups)) => {
                let (k, groups) = (i128::from(k), i128::from(groups));
                let (lower, delta) = kind.lower_neighbour(k, groups, n.into());
                // Both are small: |δ| is at most twice the number of groups.
                let weight = Weight::Cut { delta: delta as i64, groups: groups as i64 };
                Position { lower, upper: (lower + 1).min(n - 1), weight }
            }
            // p is a dyadic rational: p·m, its floor and its fraction are exact.
            None => {
                let index = Rational::from_f64(self.value).times(&kind.scale(n));
                let floor = index.floor_of_magnitude().unwrap_or(0);
                let lower = kind.clamp(floor as i128, n.into());
                let origin = Rational::integer(false, u128::from(lower + kind.first_rank()).into());
                Position { lower, upper: (lower + 1).min(n - 1), weight: Weight::Exact(index.minus(&origin)) }
            }
        }
    }
}

/// k and n with k/n = p as floats, n being the smallest and at most [`LARGEST_CUT`].
///
/// The reals that round to p lie between the middles to its neighbours. Of all fractions there, the simplest one has the smallest n;
/// it is found by the continued fraction that both ends have in common (R. L. Graham, D. E. Knuth and O. Patashnik, *Concrete
/// Mathematics*, 4.5). The ends themselves have more bits than a fraction with so small an n, so it does not matter whether they
/// belong to it.
fn cut_point(p: f64) -> Option<(u64, u64)> {
    if p == 0.0 {
        return Some((0, 1));
    }
    if p < 0.5 / LARGEST_CUT as f64 {
        return None; // k is 1 at least
    }
    // In units of 2^-80, a float of this range is a whole number.
    let units = |value: f64| (value * 2f64.powi(80)) as u128;
    let (low, high) = (units(p.next_down()) + units(p), units(p) + units(p.next_up()));
    let (k, n) = simplest_between((low, 1 << 81), (high, 1 << 81));
    (n <= LARGEST_CUT.into()).then_some((k as u64, n as u64))
}

/// The fraction of the smallest terms from one to another, which is greater.
fn simplest_between((a, b): (u128, u128), (c, d): (u128, u128)) -> (u128, u128) {
    let whole = a / b;
    if whole * b == a {
        return (whole, 1);
    }
    if (whole + 1) * d <= c {
        return (whole + 1, 1);
    }
    // Both lie within the same whole number: the rest is found upside down.
    let (n, k) = simplest_between((d, c - whole * d), (b, a - whole * b));
    (whole * n + k, n)
}

/// The two definitions of Python's `statistics.quantiles`.
#[derive(Clone, Copy)]
enum CutPoints {
    Exclusive,
    Inclusive,
}

impl CutPoints {
    /// The rank that x_0 has: p·(n + 1) counts from 1, p·(n − 1) from 0.
    fn first_rank(self) -> u64 {
        match self {
            Self::Exclusive => 1,
            Self::Inclusive => 0,
        }
    }

    /// m, the factor of p.
    fn factor(self, n: i128) -> i128 {
        match self {
            Self::Exclusive => n + 1,
            Self::Inclusive => n - 1,
        }
    }

    fn scale(self, n: u64) -> Rational {
        Rational::integer(false, BigUint::from(self.factor(n.into()) as u128))
    }

    /// The lower neighbour for ⌊p·m⌋, such that there is an upper one.
    fn clamp(self, floor: i128, n: i128) -> u64 {
        match self {
            Self::Exclusive => (floor.clamp(1, n - 1) - 1) as u64,
            Self::Inclusive => floor.min(n - 1) as u64,
        }
    }

    /// j and δ of p = k/groups.
    fn lower_neighbour(self, k: i128, groups: i128, n: i128) -> (u64, i128) {
        let index = k * self.factor(n);
        let lower = self.clamp(index / groups, n);
        let rank = i128::from(lower + self.first_rank());
        (lower, index - rank * groups)
    }
}

/// Two ranks (from 0) and the weight of the upper one.
#[derive(Clone, Debug)]
pub struct Position {
    pub lower: u64,
    pub upper: u64,
    weight: Weight,
}

#[derive(Clone, Debug)]
enum Weight {
    /// None: the lower neighbour is the quantile.
    Pick,
    /// γ, and NumPy's interpolation.
    Float(f64),
    /// δ/groups, and Python's interpolation. δ may lie outside 0..groups: then it is an extrapolation.
    Cut { delta: i64, groups: i64 },
    /// An exact γ: the exact interpolation, rounded once.
    Exact(Rational),
}

impl Position {
    /// The value of one rank, below and above clamped to the first and the last.
    fn pick(rank: f64, n: u64) -> Self {
        let rank = (rank as u64).min(n - 1); // `as` makes negative numbers 0
        Self { lower: rank, upper: rank, weight: Weight::Pick }
    }

    /// NumPy's neighbours of a virtual index. Beyond the ends both are the end value, and γ still tells how far
    /// beyond: it cancels, but for the sign of a zero.
    fn between(index: f64, n: u64, fix_gamma: impl Fn(f64) -> f64) -> Self {
        let (lower, upper, origin) = if index >= (n - 1) as f64 {
            (n - 1, n - 1, -1.0)
        } else if index < 0.0 {
            (0, 0, 0.0)
        } else {
            let floor = index.floor();
            (floor as u64, floor as u64 + 1, floor)
        };
        Self { lower, upper, weight: Weight::Float(fix_gamma(index - origin)) }
    }

    /// The quantile, from the values of the two ranks.
    pub fn blend<T: Value>(&self, lower: T, upper: T) -> f64 {
        match (lower.as_f64(), upper.as_f64(), &self.weight) {
            (_, _, Weight::Pick) => lower.nearest(),
            (Some(a), Some(b), weight) if !(b - a).is_finite() => weight.blend_wide(a, b),
            (Some(a), Some(b), Weight::Float(gamma)) => lerp(a, b, *gamma),
            (Some(a), Some(b), Weight::Cut { delta, groups }) => cut(a, b, *delta, *groups),
            (_, _, weight) => {
                let (a, b) = (lower.nearest(), upper.nearest());
                if a.is_infinite() || b.is_infinite() {
                    return weight.blend_wide(a, b);
                }
                let (a, b) = (lower.to_rational(), upper.to_rational());
                a.plus(&b.minus(&a).times(&weight.to_rational())).round()
            }
        }
    }

    /// The quantile of two integers, to the nearest integer, ties to even.
    pub fn blend_to_integer<T: Value>(&self, lower: T, upper: T) -> Option<i128> {
        let quick = |a: i128, b: i128| match self.weight {
            Weight::Pick => Some(a),
            _ if a == b => Some(a),
            Weight::Float(gamma) => {
                let (negative, mantissa, exponent) = decompose(gamma);
                let shift = u32::try_from(-exponent).ok().filter(|_| !negative)?;
                round_between(a, b, mantissa, shift)
            }
            Weight::Cut { delta, groups } => {
                // a + (b − a)·delta / groups over one denominator.
                let product = (b - a).checked_mul(delta.into())?.checked_add(a.checked_mul(groups.into())?)?;
                u64::try_from(groups).ok().map(|groups| round_quotient(product, groups))
            }
            Weight::Exact(_) => None,
        };
        lower.to_integer().zip(upper.to_integer()).and_then(|(a, b)| quick(a, b)).or_else(|| {
            let (a, b) = (lower.to_rational(), upper.to_rational());
            a.plus(&b.minus(&a).times(&self.weight.to_rational())).round_to_integer()?.to_i128()
        })
    }

    /// Appends the quantiles of many pairs of neighbours.
    pub fn blend_each<T: Value>(&self, lower: &[T], upper: &[T], found: &mut Vec<f64>) {
        let pairs = lower.iter().zip(upper);
        match self.weight {
            Weight::Pick => found.extend(lower.iter().map(|lower| lower.nearest())),
            Weight::Float(gamma) => {
                found.extend(pairs.map(|(&lower, &upper)| match (lower.as_f64(), upper.as_f64()) {
                    (Some(a), Some(b)) if (b - a).is_finite() => lerp(a, b, gamma),
                    _ => self.blend(lower, upper),
                }))
            }
            _ => found.extend(pairs.map(|(&lower, &upper)| self.blend(lower, upper))),
        }
    }

    /// The quantiles of several series of one length, each as [`Position::blend`]; no two neighbours are so far apart that their
    /// difference overflows.
    pub fn blend_all<const N: usize>(&self, lower: [f64; N], upper: [f64; N]) -> [f64; N] {
        // A loop: the functions of arrays call their closure for each element.
        let mut found = lower;
        let pairs = found.iter_mut().zip(upper);
        match self.weight {
            Weight::Pick => {}
            Weight::Float(gamma) => pairs.for_each(|(a, b)| *a = lerp(*a, b, gamma)),
            Weight::Cut { delta, groups } => pairs.for_each(|(a, b)| *a = cut(*a, b, delta, groups)),
            Weight::Exact(_) => pairs.for_each(|(a, b)| *a = self.blend(*a, b)),
        }
        found
    }
}

impl Weight {
    fn to_rational(&self) -> Rational {
        match self {
            Self::Pick => Rational::integer(false, BigUint::default()),
            Self::Float(gamma) => Rational::from_f64(*gamma),
            Self::Cut { delta, groups } => Rational::new(
                *delta < 0,
                u128::from(delta.unsigned_abs()).into(),
                u128::from(groups.unsigned_abs()).into(),
                0,
            ),
            Self::Exact(gamma) => gamma.clone(),
        }
    }

    /// The blend of neighbours that are infinite or so far apart that their difference overflows.
    fn blend_wide(&self, a: f64, b: f64) -> f64 {
        let gamma = match self {
            Self::Pick => 0.0,
            Self::Float(gamma) => *gamma,
            Self::Cut { delta, groups } => *delta as f64 / *groups as f64,
            Self::Exact(gamma) => gamma.round(),
        };
        if gamma == 0.0 || a.total_cmp(&b) == Ordering::Equal { a } else { (1.0 - gamma) * a + gamma * b }
    }
}

/// The interpolation of Python's `statistics`.
fn cut(a: f64, b: f64, delta: i64, groups: i64) -> f64 {
    (a * (groups - delta) as f64 + b * delta as f64) / groups as f64
}

/// NumPy's `_lerp`: from the nearer end, so that γ = 1 gives b.
fn lerp(a: f64, b: f64, gamma: f64) -> f64 {
    let difference = b - a;
    if gamma >= 0.5 { b - difference * (1.0 - gamma) } else { a + difference * gamma }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sorted: &[f64], p: f64, method: Method) -> f64 {
        let probability = Probability::new(p).unwrap();
        let position = method.position(&probability, sorted.len() as u64);
        position.blend(sorted[position.lower as usize], sorted[position.upper as usize])
    }

    /// 1, 2, …, 9 shows each definition apart: the first quartile by each method, from the definitions of Hyndman and
    /// Fan.
    #[test]
    fn first_quartiles_of_nine_values() {
        let sorted: Vec<f64> = (1..=9).map(f64::from).collect();
        let expected = [2.5, 3.0, 3.0, 3.0, 2.0, 2.25, 2.75, 2.5, 3.0, 2.0 + 2.0 / 3.0, 2.6875, 3.0, 3.0, 3.0, 3.0];
        for ((method, name), expected) in Method::ALL.into_iter().zip(expected) {
            let quartile = of(&sorted, 0.25, method);
            assert!((quartile - expected).abs() < 1e-14, "{name}: {quartile}, not {expected}");
        }
    }

    #[test]
    fn names_lead_back_to_methods() {
        for (method, name) in Method::ALL {
            assert_eq!(name.parse(), Ok(method));
            assert_eq!(method.to_string(), name);
        }
        assert!(Method::from_str("Linear").is_err());
    }

    #[test]
    fn one_value_is_every_quantile() {
        for (method, name) in Method::ALL {
            for p in [0.0, 0.3, 0.5, 1.0] {
                assert_eq!(of(&[7.5], p, method), 7.5, "{name} {p}");
            }
        }
    }

    /// A million of them took 21 seconds, as each was looked for among 10,000 denominators.
    #[test]
    fn the_cut_point_is_the_one_with_the_smallest_denominator() {
        let slowly = |p: f64| {
            (1..=LARGEST_CUT).find_map(|n| {
                let k = (p * n as f64).round();
                (k / n as f64 == p).then_some((k as u64, n))
            })
        };
        let mut state = 1_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 11
        };
        for _ in 0..3000 {
            let n = random() % (2 * LARGEST_CUT) + 1;
            let exact = (random() % (n + 1)) as f64 / n as f64;
            let any = random() as f64 / (1_u64 << 53) as f64;
            let small = any * any * any * any;
            for p in [exact, exact.next_up(), exact.next_down(), any, small] {
                if (0.0..=1.0).contains(&p) {
                    assert_eq!(cut_point(p), slowly(p), "{p:e}");
                }
            }
        }
        for p in [0.0, 1.0, 0.5, 1.0 / 3.0, 1e-4, 0.5e-4, 1e-5, 5e-324, 1.0f64.next_down()] {
            assert_eq!(cut_point(p), slowly(p), "{p:e}");
        }
    }

    #[test]
    fn probabilities_are_cut_points_where_they_can_be() {
        let cut = |p| Probability::new(p).unwrap().cut;
        assert_eq!(cut(0.25), Some((1, 4)));
        assert_eq!(cut(1.0 / 3.0), Some((1, 3)));
        assert_eq!(cut(0.1234), Some((617, 5000)));
        assert_eq!(cut(0.0), Some((0, 1)));
        assert_eq!(cut(1.0), Some((1, 1)));
        assert_eq!(cut(1e-9), None);
        for p in [-0.1, 1.1, f64::NAN] {
            assert_eq!(Probability::new(p), None);
        }
    }

    #[test]
    fn a_probability_that_is_no_cut_point_is_interpolated_exactly() {
        let p = 0.123456789;
        assert_eq!(Probability::new(p).unwrap().cut, None);
        let sorted: Vec<f64> = (0..101).map(f64::from).collect();
        // p·100 and p·102 − 1, where the values are their own ranks: only p itself is rounded.
        assert_eq!(of(&sorted, p, Method::Inclusive), 12.3456789);
        assert_eq!(of(&sorted, p, Method::Exclusive), 102.0 * p - 1.0);
    }

    #[test]
    fn integers_beyond_2_to_53_are_interpolated_exactly() {
        let (a, b) = (i64::MAX - 3, i64::MAX);
        let position = Method::Linear.position(&Probability::new(0.5).unwrap(), 2);
        // a + 1.5 is nearest to 2^63; a rounded difference from rounded ends would be too, so look at a small one.
        assert_eq!(position.blend(a, b), 9223372036854775808.0);
        let (a, b) = ((1i64 << 53) + 1, (1i64 << 53) + 3);
        assert_eq!(position.blend(a, b), 9007199254740994.0); // 2^53 + 2, not the even neighbour of a rounded end
    }

    #[test]
    fn infinite_neighbours_follow_ieee_754() {
        let inf = f64::INFINITY;
        assert_eq!(of(&[1.0, 2.0, inf], 0.5, Method::Linear), 2.0);
        assert_eq!(of(&[1.0, inf, inf], 0.5, Method::Exclusive), inf);
        assert_eq!(of(&[1.0, inf], 0.25, Method::Linear), inf);
        assert!(of(&[-inf, inf], 0.5, Method::Linear).is_nan());
        assert_eq!(of(&[-f64::MAX, f64::MAX], 0.5, Method::Linear), 0.0);
        assert_eq!(of(&[-f64::MAX, f64::MAX], 0.5, Method::Inclusive), 0.0);
    }
}
