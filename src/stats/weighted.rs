//! Statistics of weighted values, exactly.
//!
//! **Frequencies** are whole numbers: everything is as if each value were repeated so often. Sums are those of
//! [`Scan::update_repeated`](crate::scan::Scan::update_repeated); order statistics are found by cumulative frequency.
//!
//! **Importances** w are any numbers from 0 on. With W = Σw, V = Σw², S = Σwx and Q = Σwx²:
//!
//! - mean = S / W
//! - variance = Σw(x − mean)² / (W − ddof·V/W) = (W·Q − S²) / (W² − ddof·V), not defined unless W² > ddof·V
//! - a quantile (`inverted_cdf`) is the smallest value whose cumulative weight, divided by W, is at least p: in floats, as NumPy has it
//!
//! Each is one rounding of the exact rational, or of its root. (*Reliability weights*; with ddof 1 the variance is without
//! bias for independent values: GNU Scientific Library, section "Weighted Samples".)

use std::collections::BTreeMap;

use super::value::{Summand, Value};
use crate::num::rational::{Rational, decompose};
use crate::num::superaccumulator::{ExactSum, ExactSumOfSquares, Superaccumulator};

/// Σwx² of all f64: 2^−3222 to 2^3072.
type ExactSumOfProducts = Superaccumulator<204, 3222>;

/// The sums W, V, S and Q.
#[derive(Debug, Default)]
pub struct Importances {
    weights: Box<ExactSum>,
    squared_weights: Box<ExactSumOfSquares>,
    sum: Box<ExactSumOfSquares>,
    squares: Box<ExactSumOfProducts>,
    /// What is no f64: sums of w·m and w·m² of m·10^−scale, by the scale.
    others: BTreeMap<i16, (Rational, Rational)>,
}

impl Importances {
    /// One more finite value, with a positive weight.
    pub fn add<T: Value>(&mut self, value: T, weight: f64) {
        let (_, w, e) = decompose(weight);
        self.weights.add(false, w, e);
        self.squared_weights.add_square(false, w, e);
        match value.to_summand() {
            Summand::Float(value) => {
                let (negative, x, f) = decompose(value);
                let product = u128::from(w) * u128::from(x);
                self.sum.add_u128(negative, product, e + f);
                let square = crate::num::big_uint::BigUint::from(product).times(&x.into());
                self.squares.add_natural(false, square.limbs(), e + 2 * f);
            }
            Summand::Scaled(whole, scale) => {
                let product = whole.times(&Rational::from_f64(weight));
                let zero = || Rational::integer(false, 0u64.into());
                let (sum, squares) = self.others.entry(scale).or_insert_with(|| (zero(), zero()));
                *squares = squares.plus(&product.times(&whole));
                *sum = sum.plus(&product);
            }
        }
    }

    /// W.
    pub fn total(&self) -> Rational {
        self.weights.to_rational()
    }

    /// What is to be rounded.
    pub fn finish(&self) -> Weighted {
        let mut sums = (self.sum.to_rational(), self.squares.to_rational());
        for (scale, (sum, squares)) in &self.others {
            let unit = Rational::power_of_ten(-i32::from(*scale));
            sums = (sums.0.plus(&sum.times(&unit)), sums.1.plus(&squares.times(&unit).times(&unit)));
        }
        let (sum, squares) = sums;
        Weighted { total: self.total(), squared_weights: self.squared_weights.to_rational(), sum, squares }
    }
}

/// The sums as rationals.
#[derive(Debug)]
pub struct Weighted {
    total: Rational,
    squared_weights: Rational,
    sum: Rational,
    squares: Rational,
}

impl Weighted {
    /// S.
    pub fn sum(&self) -> f64 {
        self.sum.round()
    }

    /// S / W, where W is not zero.
    pub fn mean(&self) -> Option<f64> {
        (!self.total.is_zero()).then(|| self.sum.over(&self.total).round())
    }

    fn spread(&self, ddof: u64, round: fn(&Rational) -> f64) -> Option<f64> {
        let ddof = Rational::integer(false, ddof.into());
        let divisor = self.total.times(&self.total).minus(&ddof.times(&self.squared_weights));
        if divisor.is_zero() || divisor.is_negative() {
            return None;
        }
        let numerator = self.total.times(&self.squares).minus(&self.sum.times(&self.sum));
        Some(round(&numerator.over(&divisor)))
    }

    /// The variance.
    pub fn variance(&self, ddof: u64) -> Option<f64> {
        self.spread(ddof, Rational::round)
    }

    /// Its root.
    pub fn stddev(&self, ddof: u64) -> Option<f64> {
        self.spread(ddof, Rational::round_sqrt)
    }
}

/// The quantile of values, ascending and each with its weight, as `numpy.quantile(weights=…)` finds it: the first one whose cumulative
/// weight, added up in floats and divided by the last one, is at least p.
pub fn quantile<T: Value>(sorted: &[(T::Key, f64)], p: f64) -> Option<T> {
    let sum = |scale: f64| sorted.iter().fold(0.0, |sum, (_, weight)| sum + weight * scale);
    // Weights that overflow together are made smaller.
    let scale = if sum(1.0).is_finite() { 1.0 } else { 2f64.powi(-64) };
    let total = sum(scale);
    let mut cumulative = 0.0;
    let mut reaches = |weight: f64| {
        cumulative += weight * scale;
        cumulative / total >= p
    };
    let found = sorted.iter().find(|(_, weight)| reaches(*weight)).or(sorted.last());
    found.map(|&(key, _)| T::from_key(key))
}

/// Values with how often each is there, ascending.
#[derive(Debug)]
pub struct Frequencies<'a, T: Value> {
    sorted: &'a [(T::Key, u64)],
    total: u64,
}

impl<'a, T: Value> Frequencies<'a, T> {
    /// `sorted` is ascending, and its frequencies add up to `total`.
    pub fn new(sorted: &'a [(T::Key, u64)], total: u64) -> Self {
        Self { sorted, total }
    }

    /// The number of values, each as often as it is there.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// The values, ascending, with their frequencies.
    pub(super) fn values(&self) -> impl Iterator<Item = (T, u64)> {
        self.sorted.iter().map(|&(key, frequency)| (T::from_key(key), frequency))
    }

    /// The value of a rank, from 0; the total is above it.
    pub fn at(&self, rank: u64) -> Option<T> {
        let mut below = 0u64;
        for &(key, frequency) in self.sorted {
            below += frequency;
            if rank < below {
                return Some(T::from_key(key));
            }
        }
        None
    }

    /// How many values are below each of these keys, which are ascending.
    pub fn below(&self, keys: &[T::Key]) -> Vec<u64> {
        let (mut sorted, mut below) = (self.sorted.iter().peekable(), 0);
        let count = |key: &T::Key| {
            while let Some((_, frequency)) = sorted.next_if(|(value, _)| value < key) {
                below += frequency;
            }
            below
        };
        keys.iter().map(count).collect()
    }

    /// The most frequent value, the smallest of several.
    pub fn mode(&self) -> Option<T> {
        let mut best: Option<(u64, T::Key)> = None;
        for run in self.sorted.chunk_by(|a, b| a.0 == b.0) {
            let frequency = run.iter().map(|(_, frequency)| frequency).sum();
            if best.is_none_or(|(most, _)| frequency > most) {
                best = Some((frequency, run[0].0));
            }
        }
        best.map(|(_, key)| T::from_key(key))
    }

    /// How many distinct values there are.
    pub fn n_unique(&self) -> u64 {
        self.sorted.chunk_by(|a, b| a.0 == b.0).count() as u64
    }

    /// The median absolute deviation: values are passed from the median outwards, the nearer side first.
    pub fn mad(&self) -> Option<f64> {
        let ranks = [self.total.checked_sub(1)? / 2, self.total / 2];
        let (low, high) = (self.at(ranks[0])?, self.at(ranks[1])?);
        if !low.nearest().is_finite() || !high.nearest().is_finite() {
            return Some(f64::NAN);
        }
        let half = Rational::new(false, 1u64.into(), 1u64.into(), -1);
        let median = low.to_rational().plus(&high.to_rational()).times(&half);
        let deviation = |index: usize| {
            let value = T::from_key(self.sorted[index].0);
            value.nearest().is_finite().then(|| value.to_rational().minus(&median).magnitude())
        };
        let split = self.sorted.partition_point(|(key, _)| *key < high.key());
        let (mut left, mut right) = (split, split);
        let mut passed = 0u64;
        let mut found = Vec::new();
        while found.len() < 2 {
            let sides = (left.checked_sub(1), (right < self.sorted.len()).then_some(right));
            let (index, deviation) = match sides {
                (Some(l), Some(r)) => match (deviation(l), deviation(r)) {
                    (Some(a), Some(b)) if a.compare(&b) == std::cmp::Ordering::Less => (l, Some(a)),
                    (Some(a), None) => (l, Some(a)),
                    (_, b) => (r, b),
                },
                (Some(l), None) => (l, deviation(l)),
                (None, Some(r)) => (r, deviation(r)),
                (None, None) => return None,
            };
            if index == right {
                right += 1
            } else {
                left -= 1
            }
            passed += self.sorted[index].1;
            while found.len() < 2 && ranks[found.len()] < passed {
                found.push(deviation.clone());
            }
        }
        match &found[..] {
            [Some(a), Some(b)] => Some(a.plus(b).times(&half).round()),
            _ => Some(f64::INFINITY),
        }
    }
}
