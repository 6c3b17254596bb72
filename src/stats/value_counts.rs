//! What takes all values of a series in order: the mode, the number of distinct values, and the median absolute
//! deviation. All of them are kept, and sorted at the end; one zero counts as the other.
//!
//! - **mode**: the most frequent value, the smallest of several;
//! - **n_unique**: how many distinct values there are;
//! - **mad**: the median of |x − M|, where M is the median; both medians are the middle value, or the mean of the two middle
//!   ones, held exactly and rounded once (unscaled; P. J. Huber, *Robust Statistics*, 1981).

use serde::de::{Deserialize, Deserializer, Error};
use serde::{Serialize, Serializer};

use super::select::Key;
use super::value::Value;
use crate::num::rational::Rational;

/// All values of a series.
#[derive(Clone, Debug)]
pub struct ValueCounts<T: Value> {
    keys: Vec<T::Key>,
}

impl<T: Value> ValueCounts<T> {
    /// Nothing seen yet.
    pub fn new() -> Self {
        Self { keys: Vec::new() }
    }

    /// Forgets all values.
    pub fn clear(&mut self) {
        self.keys.clear();
    }

    /// One more value, not NaN.
    pub fn add(&mut self, value: T) {
        self.keys.push(value.with_one_zero().key());
    }

    /// Another part of the same series.
    pub fn merge(&mut self, mut other: Self) {
        self.keys.append(&mut other.keys);
    }

    /// The bytes of the values that it holds and has room for, once `more` of them are there.
    pub fn bytes_with(&self, more: usize) -> usize {
        let fits = self.keys.len() + more <= self.keys.capacity();
        let capacity = if fits { self.keys.capacity() } else { 2 * (self.keys.len() + more) };
        capacity * size_of::<T::Key>()
    }

    /// How many values there are.
    pub fn count(&self) -> u64 {
        self.keys.len() as u64
    }

    /// The values in order, ready for the questions below.
    pub fn finish(&mut self) -> Sorted<'_, T> {
        self.keys.sort_unstable();
        Sorted(&self.keys)
    }
}

impl<T: Value> Default for ValueCounts<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Value> Serialize for ValueCounts<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        T::Key::write(&self.keys, serializer)
    }
}

impl<'de, T: Value> Deserialize<'de> for ValueCounts<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let keys: Vec<T::Key> = T::Key::read(deserializer)?;
        let is_value = |&key: &T::Key| T::is_value(key) && T::from_key(key).with_one_zero().key() == key;
        if !keys.iter().all(is_value) {
            return Err(D::Error::custom("a key that no value of the series has"));
        }
        Ok(Self { keys })
    }
}

/// All values of a series, ascending.
#[derive(Debug)]
pub struct Sorted<'a, T: Value>(&'a [T::Key]);

impl<T: Value> Sorted<'_, T> {
    /// The keys of the values, ascending.
    pub(super) fn keys(&self) -> &[T::Key] {
        self.0
    }

    fn runs(&self) -> impl Iterator<Item = &[T::Key]> {
        self.0.chunk_by(|a, b| a == b)
    }

    /// How many distinct values there are.
    pub fn n_unique(&self) -> u64 {
        self.runs().count() as u64
    }

    /// The most frequent value.
    pub fn mode(&self) -> Option<T> {
        let mut best: Option<&[T::Key]> = None;
        for run in self.runs() {
            if best.is_none_or(|best| run.len() > best.len()) {
                best = Some(run);
            }
        }
        Some(T::from_key(*best?.first()?))
    }

    /// The median absolute deviation.
    pub fn mad(&self) -> Option<f64> {
        let n = self.0.len();
        let at = |index: usize| T::from_key(self.0[index]);
        let (below, above) = (n.checked_sub(1)? / 2, n / 2);
        if !at(below).nearest().is_finite() || !at(above).nearest().is_finite() {
            return Some(f64::NAN);
        }
        let half = Rational::new(false, 1u64.into(), 1u64.into(), -1);
        let median = at(below).to_rational().plus(&at(above).to_rational()).times(&half);
        // Deviations grow to both sides of the median: the `index`-th smallest one takes some from each. How many from the
        // left is found by bisection: as many as have a smaller deviation than what the right would have to give.
        let left = |i: usize| at(above - 1 - i); // i-th from the median on
        let right = |i: usize| at(above + i);
        let (lefts, rights) = (above, n - above);
        let deviation = |value: T| -> Option<Rational> {
            let finite = value.nearest().is_finite();
            finite.then(|| value.to_rational().minus(&median).magnitude())
        };
        // Whether the deviation of `a` is at most that of `b`; an infinite one is above all others.
        let at_most = |a: T, b: T| match (deviation(a), deviation(b)) {
            (Some(a), Some(b)) => a.compare(&b) != std::cmp::Ordering::Greater,
            (a, _) => a.is_some(),
        };
        let smallest = |index: usize| -> Option<Rational> {
            // The least number of values from the left so that the next one there is not below the last one of the right.
            let (mut low, mut high) = (index.saturating_sub(rights), index.min(lefts));
            while low < high {
                let taken = (low + high) / 2;
                let from_right = index - taken;
                if from_right > 0 && at_most(left(taken), right(from_right - 1)) {
                    low = taken + 1;
                } else {
                    high = taken;
                }
            }
            let from_right = index - low;
            match (low < lefts, from_right < rights) {
                (true, true) if at_most(left(low), right(from_right)) => deviation(left(low)),
                (_, true) => deviation(right(from_right)),
                (true, false) => deviation(left(low)),
                (false, false) => None,
            }
        };
        match (smallest(below), smallest(above)) {
            (Some(a), Some(b)) => Some(a.plus(&b).times(&half).round()),
            _ => Some(f64::INFINITY),
        }
    }
}
