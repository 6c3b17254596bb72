//! What takes all values of a series in order: the mode, the number of distinct values, and the median absolute
//! deviation. All of them are kept, and sorted at the end; one zero counts as the other. What memory has no room for goes to a file, if
//! there is one ([`Overflow`]).
//!
//! - **mode**: the most frequent value, the smallest of several;
//! - **n_unique**: how many distinct values there are;
//! - **mad**: the median of |x − M|, where M is the median; both medians are the middle value, or the mean of the two middle
//!   ones, held exactly and rounded once (unscaled; P. J. Huber, *Robust Statistics*, 1981).

use std::cell::RefCell;
use std::cmp::Ordering;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::Error as _;
use serde::{Serialize, Serializer};

use super::overflow::{Overflow, Runs, Stretch};
use super::select::Key;
use super::value::Value;
use crate::error::Result;
use crate::num::rational::Rational;

/// All values of a series.
#[derive(Clone, Debug)]
pub struct ValueCounts<T: Value> {
    /// Those in memory.
    keys: Vec<T::Key>,
    /// Those in a file, and what may go there.
    runs: Option<Runs<T::Key>>,
    /// How many values are kept in memory.
    most: usize,
}

impl<T: Value> ValueCounts<T> {
    /// Nothing seen yet.
    pub fn new() -> Self {
        Self { keys: Vec::new(), runs: None, most: usize::MAX }
    }

    /// From now on, what memory has no room for goes there.
    pub(crate) fn overflow_to(&mut self, overflow: &Overflow) {
        self.most = overflow.kept;
        self.runs = Some(Runs::new(overflow.clone()));
    }

    /// Nothing seen yet, with the same room.
    pub(crate) fn empty(&self) -> Self {
        Self { keys: Vec::new(), runs: self.runs.as_ref().map(Runs::empty), most: self.most }
    }

    /// Forgets all values.
    pub fn clear(&mut self) {
        self.keys.clear();
        self.runs = self.runs.as_ref().map(Runs::empty);
    }

    /// One more value, not NaN.
    pub fn add(&mut self, value: T) {
        self.keys.push(value.with_one_zero().key());
        if self.keys.len() >= self.most {
            self.write();
        }
    }

    #[cold]
    fn write(&mut self) {
        self.runs.iter_mut().for_each(|runs| runs.write(&mut self.keys));
    }

    /// Another part of the same series.
    pub fn merge(&mut self, mut other: Self) {
        if let Some(theirs) = other.runs {
            match &mut self.runs {
                Some(ours) => ours.merge(theirs),
                None => self.runs = Some(theirs),
            }
        }
        if self.keys.len().saturating_add(other.keys.len()) >= self.most {
            self.write();
        }
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
        self.keys.len() as u64 + self.runs.as_ref().map_or(0, Runs::count)
    }

    /// The values in order, ready for the questions below.
    ///
    /// # Errors
    ///
    /// [`Error::File`](crate::Error::File) for a temporary file that could not be written or read, [`Error::Interrupted`](crate::Error::Interrupted).
    pub fn finish(&mut self) -> Result<Sorted<'_, T>> {
        if self.runs.as_ref().is_some_and(|runs| !runs.is_empty()) {
            self.write();
        }
        if let Some(runs) = self.runs.as_ref().filter(|runs| !runs.is_empty()) {
            return InFile::new(runs).map(Sorted::InFile);
        }
        self.keys.sort_unstable();
        Ok(Sorted::InMemory(&self.keys))
    }
}

impl<T: Value> Default for ValueCounts<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Value> Serialize for ValueCounts<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.runs.as_ref().is_some_and(|runs| !runs.is_empty()) {
            return Err(S::Error::custom("more values than memory has room for"));
        }
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
        Ok(Self { keys, ..Self::new() })
    }
}

/// All values of a series, ascending.
#[derive(Debug)]
pub enum Sorted<'a, T: Value> {
    /// Their keys.
    InMemory(&'a [T::Key]),
    /// Those of which some are in a file.
    InFile(InFile<'a, T>),
}

/// Values in a file, ascending.
#[derive(Debug)]
pub struct InFile<'a, T: Value> {
    runs: &'a Runs<T::Key>,
    /// Each stretch with the number of values below it.
    stretches: Vec<(u64, Stretch<T::Key>)>,
    n_unique: u64,
    mode: Option<(u64, T::Key)>,
    recent: RefCell<Vec<RecentStretch<T::Key>>>,
}

/// A stretch that was read before.
#[derive(Debug)]
struct RecentStretch<K> {
    /// Its place among the stretches.
    place: usize,
    /// Its distinct values, each with the number of all values up to it.
    values: Vec<(K, u64)>,
}

/// How many stretches are at hand: a search looks to both sides of the median.
const RECENT: usize = 2;

impl<'a, T: Value> InFile<'a, T> {
    fn new(runs: &'a Runs<T::Key>) -> Result<Self> {
        let (mut stretches, mut below, mut n_unique) = (Vec::new(), 0, 0);
        let mut mode: Option<(u64, T::Key)> = None;
        for stretch in runs.finish()? {
            let values = runs.read(&stretch)?;
            stretches.push((below, stretch));
            n_unique += values.len() as u64;
            for (key, count) in values {
                below += count;
                if mode.is_none_or(|(most, _)| count > most) {
                    mode = Some((count, key));
                }
            }
        }
        Ok(Self { runs, stretches, n_unique, mode, recent: RefCell::default() })
    }

    /// The value of this index among all in order.
    fn at(&self, index: u64) -> Result<T> {
        let place = self.stretches.partition_point(|(below, _)| *below <= index) - 1;
        let mut recent = self.recent.borrow_mut();
        let found = match recent.iter().position(|known| known.place == place) {
            Some(found) => recent.remove(found),
            None => {
                recent.truncate(RECENT - 1);
                let (mut up_to, stretch) = self.stretches[place];
                let mut values = self.runs.read(&stretch)?;
                for (_, count) in &mut values {
                    up_to += *count;
                    *count = up_to;
                }
                RecentStretch { place, values }
            }
        };
        let key = found.values[found.values.partition_point(|(_, up_to)| *up_to <= index)].0;
        recent.insert(0, found);
        Ok(T::from_key(key))
    }
}

impl<T: Value> Sorted<'_, T> {
    /// Hands on the values from index `first` on and below `end`, in order, some at a time.
    pub(super) fn each(&self, first: u64, end: u64, visit: &mut dyn FnMut(&[T])) -> Result<()> {
        const PIECE: usize = crate::arch::BLOCK;
        let mut piece = Vec::with_capacity(PIECE);
        let mut add = |key: T::Key, times: u64| {
            for _ in 0..times {
                piece.push(T::from_key(key));
                if piece.len() == PIECE {
                    visit(&piece);
                    piece.clear();
                }
            }
        };
        match self {
            Self::InMemory(keys) => keys[first as usize..end as usize].iter().for_each(|&key| add(key, 1)),
            Self::InFile(file) => {
                for (below, stretch) in &file.stretches {
                    let mut below = *below;
                    if below >= end {
                        break;
                    }
                    for (key, count) in file.runs.read(stretch)? {
                        add(key, end.min(below + count).saturating_sub(first.max(below)));
                        below += count;
                    }
                }
            }
        }
        if !piece.is_empty() {
            visit(&piece);
        }
        Ok(())
    }

    /// How many values there are.
    pub(super) fn count(&self) -> u64 {
        match self {
            Self::InMemory(keys) => keys.len() as u64,
            Self::InFile(file) => file.runs.count(),
        }
    }

    /// How many distinct values there are.
    pub fn n_unique(&self) -> u64 {
        match self {
            Self::InMemory(keys) => keys.chunk_by(|a, b| a == b).count() as u64,
            Self::InFile(file) => file.n_unique,
        }
    }

    /// The most frequent value.
    pub fn mode(&self) -> Option<T> {
        let key = match self {
            Self::InMemory(keys) => {
                let mut best: Option<&[T::Key]> = None;
                for run in keys.chunk_by(|a, b| a == b) {
                    if best.is_none_or(|best| run.len() > best.len()) {
                        best = Some(run);
                    }
                }
                *best?.first()?
            }
            Self::InFile(file) => file.mode?.1,
        };
        Some(T::from_key(key))
    }

    /// The median absolute deviation; `None` of no values.
    ///
    /// # Errors
    ///
    /// [`Error::File`](crate::Error::File) where a temporary file cannot be read, [`Error::Interrupted`](crate::Error::Interrupted).
    pub fn mad(&self) -> Result<Option<f64>> {
        let n = self.count();
        let at = |index: u64| match self {
            Self::InMemory(keys) => Ok(T::from_key(keys[index as usize])),
            Self::InFile(file) => file.at(index),
        };
        let (Some(below), above) = (n.checked_sub(1).map(|last| last / 2), n / 2) else { return Ok(None) };
        let (middle, other) = (at(below)?, at(above)?);
        if !middle.nearest().is_finite() || !other.nearest().is_finite() {
            return Ok(Some(f64::NAN));
        }
        let half = Rational::new(false, 1u64.into(), 1u64.into(), -1);
        let median = middle.to_rational().plus(&other.to_rational()).times(&half);
        // Deviations grow to both sides of the median: the `index`-th smallest one takes some from each. How many from the
        // left is found by bisection: as many as have a smaller deviation than what the right would have to give.
        let left = |i: u64| at(above - 1 - i); // i-th from the median on
        let right = |i: u64| at(above + i);
        let (lefts, rights) = (above, n - above);
        let deviation = |value: T| -> Option<Rational> {
            let finite = value.nearest().is_finite();
            finite.then(|| value.to_rational().minus(&median).magnitude())
        };
        // Whether the deviation of `a` is at most that of `b`; an infinite one is above all others.
        let at_most = |a: T, b: T| match (deviation(a), deviation(b)) {
            (Some(a), Some(b)) => a.compare(&b) != Ordering::Greater,
            (a, _) => a.is_some(),
        };
        let smallest = |index: u64| -> Result<Option<Rational>> {
            // The least number of values from the left so that the next one there is not below the last one of the right.
            let (mut low, mut high) = (index.saturating_sub(rights), index.min(lefts));
            while low < high {
                let taken = (low + high) / 2;
                let from_right = index - taken;
                if from_right > 0 && at_most(left(taken)?, right(from_right - 1)?) {
                    low = taken + 1;
                } else {
                    high = taken;
                }
            }
            let from_right = index - low;
            Ok(match (low < lefts, from_right < rights) {
                (true, true) if at_most(left(low)?, right(from_right)?) => deviation(left(low)?),
                (_, true) => deviation(right(from_right)?),
                (true, false) => deviation(left(low)?),
                (false, false) => None,
            })
        };
        Ok(Some(match (smallest(below)?, smallest(above)?) {
            (Some(a), Some(b)) => a.plus(&b).times(&half).round(),
            _ => f64::INFINITY,
        }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::interrupt::Interrupt;
    use crate::num::decimal::Decimal;
    use crate::num::number::Number;
    use crate::stats::seeds;

    fn overflow(kept: usize, interrupt: &Interrupt) -> Overflow {
        Overflow::new(&std::env::temp_dir(), 2, kept, 1, interrupt).unwrap()
    }

    /// What all questions are answered with, as bits.
    fn answers<T: Value>(mut counts: ValueCounts<T>) -> (u64, Option<T::Key>, [Option<u64>; 4]) {
        let sorted = counts.finish().unwrap();
        let trimmed = |share| sorted.trimmed_mean(share).unwrap();
        let means = [sorted.mad().unwrap(), trimmed(0.0), trimmed(0.1), trimmed(0.499)];
        (sorted.n_unique(), sorted.mode().map(T::key), means.map(|mean| mean.map(f64::to_bits)))
    }

    /// The values in parts, each of which writes what is more than `kept`, are answered as those in memory are.
    fn check<T: Value>(values: &[T], kept: usize, parts: usize) {
        let mut in_memory = ValueCounts::new();
        values.iter().for_each(|&value| in_memory.add(value));
        let mut empty = ValueCounts::new();
        empty.overflow_to(&overflow(kept, &Interrupt::default()));
        let mut whole = empty.empty();
        for part in values.chunks(values.len().div_ceil(parts).max(1)) {
            let mut counts = empty.empty();
            part.iter().for_each(|&value| counts.add(value));
            whole.merge(counts);
        }
        assert_eq!(whole.count(), values.len() as u64);
        assert_eq!(whole.runs.as_ref().is_some_and(|runs| !runs.is_empty()), values.len() >= kept);
        assert_eq!(answers(whole), answers(in_memory));
    }

    #[test]
    fn values_in_a_file_are_answered_as_those_in_memory() {
        for values in seeds::orders(20_000) {
            for kept in [1_500, 7_000, 20_000] {
                check(&values, kept, 3);
            }
            let cents: Vec<f64> = values.iter().map(|value| (value % 50.0).round() / 100.0).collect();
            check(&cents, 1_000, 2);
        }
        let wide: Vec<Number> = (0..9_000_u64)
            .map(|row| Decimal { negative: row % 3 == 0, magnitude: [row % 4_001, 7, 0, 0], scale: 4 }.into())
            .collect();
        check(&wide, 500, 2);
    }

    proptest! {
        #![proptest_config(seeds::cases(200))]
        #[test]
        fn random_values_in_a_file(values in seeds::series(), kept in 1..40_usize, parts in 1..4_usize) {
            check(&values, kept, parts);
        }

        #[test]
        fn random_integers_in_a_file(values in prop::collection::vec(any::<u64>(), 0..300), kept in 1..40_usize) {
            check(&values, kept, 2);
            check(&values.iter().map(|value| (value % 5) as i64 - 2).collect::<Vec<i64>>(), kept, 3);
        }
    }

    #[test]
    fn what_is_in_a_file_can_be_stopped_and_is_no_state() {
        let interrupt = Interrupt::default();
        let mut counts = ValueCounts::<i64>::new();
        counts.overflow_to(&overflow(10, &interrupt));
        (0..100).for_each(|value| counts.add(value));
        assert!(postcard::to_stdvec(&counts).is_err());
        interrupt.stop();
        assert!(matches!(counts.finish(), Err(crate::Error::Interrupted)));
    }

    #[test]
    fn a_folder_that_is_none_is_told() {
        let folder = std::env::temp_dir().join("rstats-no-such-folder");
        let error = Overflow::new(&folder, 1, 10, 10, &Interrupt::default()).unwrap_err();
        assert!(error.to_string().contains("TMPDIR"), "{error}");
    }
}
