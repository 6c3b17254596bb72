//! Exact sums that values leave as they have entered.
//!
//! Integers subtract without rounding, so a window that a value has left is as if it had never been there. S = Σx and Q = Σx² are whole
//! numbers of 2^unit and 2^(2·unit), in 128 and 256 bits: the **frame** of a [`Compact`]. What is no whole number of units, or not
//! below 2^[`SPAN`] of them, goes through superaccumulators, which hold anything; they are there for as long as such a value is.
//!
//! With fewer than 2^30 values below 2^96 units, |S| < 2^126, Q < 2^222 and n·Q < 2^252.

use serde::{Deserialize, Serialize};

use super::moments::{Finished, Moments, Near, Part, infinity};
use super::value::{Summand, Value};
use crate::arch::answers::{Answers, Divisors, of_integers};
use crate::num::decimal::Decimal;
use crate::num::rational::decompose;
use crate::num::u256::U256;

/// Magnitudes in the frame are below this power of two of units.
pub const SPAN: i32 = 96;

/// Values after which the frame is emptied into the superaccumulators.
const MOST: u64 = 1 << 30;

/// The sums of the values that are in it. NaNs and nulls are their owner's to count.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Compact {
    count: u64,
    positive_infinities: u64,
    negative_infinities: u64,
    unit: i32,
    /// Changes since the frame was emptied.
    changes: u64,
    sum: i128,
    /// Modulo 2^256: it may be negative once the frame was emptied.
    squares: U256,
    wide: Option<Box<Wide>>,
}

/// What no frame holds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Wide {
    /// Values that are in it. It is not emptied with them if the frame was emptied into it.
    count: u64,
    holds_frame: bool,
    parts: Vec<Part>,
}

impl Wide {
    fn part(&mut self, scale: i16) -> &mut Part {
        Part::of(&mut self.parts, scale)
    }
}

/// Whether a value enters or leaves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Enter,
    Leave,
}

impl Compact {
    /// Nothing, in the frame of this unit: −1074 at least.
    pub fn new(unit: i32) -> Self {
        Self {
            count: 0,
            positive_infinities: 0,
            negative_infinities: 0,
            unit,
            changes: 0,
            sum: 0,
            squares: U256::ZERO,
            wide: None,
        }
    }

    /// Values that were summed up elsewhere, as if they had entered, and their frame had been emptied. The moments have squares.
    pub fn of_moments(moments: Moments, unit: i32) -> Self {
        let (count, [positive_infinities, negative_infinities], parts) = moments.into_parts();
        let finite = count - positive_infinities - negative_infinities;
        let wide = (finite > 0).then(|| Box::new(Wide { count: 0, holds_frame: true, parts }));
        Self { count, positive_infinities, negative_infinities, wide, ..Self::new(unit) }
    }

    /// The unit of a frame whose middle is at values like this one.
    pub fn unit_around(value: f64) -> i32 {
        (decompose(value).2 - (SPAN - 53) / 2).max(-1074)
    }

    /// The unit of a frame around the middle of these magnitudes.
    pub fn unit_for(values: &[f64]) -> i32 {
        // Some of them tell enough: what the frame does not hold is slower, and as exact.
        let some = values.iter().step_by((values.len() / 64).max(1)).map(|value| value.abs());
        let mut some: Vec<f64> = some.filter(|value| *value > 0.0 && value.is_finite()).collect();
        some.sort_unstable_by(f64::total_cmp);
        some.get(some.len() / 2).map_or(0, |&middle| Self::unit_around(middle))
    }

    /// How many values are in it, infinities among them.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// A value enters; it is not NaN.
    #[inline]
    pub fn add<T: Value>(&mut self, value: T) {
        self.change(value, Change::Enter);
    }

    /// A value leaves, which has entered.
    #[inline]
    pub fn remove<T: Value>(&mut self, value: T) {
        self.change(value, Change::Leave);
    }

    #[inline]
    fn change<T: Value>(&mut self, value: T, change: Change) {
        match change {
            Change::Enter => self.count += 1,
            Change::Leave => self.count -= 1,
        }
        match value.to_summand() {
            Summand::Float(value) => self.change_float(value, change),
            Summand::Scaled(whole, scale) => {
                let (negative, magnitude) = whole.as_integer().map_or_else(Default::default, |(n, m)| (n, m.clone()));
                let mut limbs = [0; 4];
                limbs.iter_mut().zip(magnitude.limbs()).for_each(|(to, from)| *to = *from);
                let decimal = Decimal { negative, magnitude: limbs, scale };
                self.change_wide(change, |wide, leaves| wide.part(scale).add_decimal(&decimal, leaves));
            }
        }
        if self.count == 0 {
            *self = Self::new(self.unit);
        }
    }

    #[inline]
    fn change_float(&mut self, value: f64, change: Change) {
        let (negative, mantissa, exponent) = decompose(value);
        let shift = exponent - self.unit;
        let magnitude = if value.is_infinite() {
            return self.change_unusual(value, change);
        } else if (0..=SPAN - 53).contains(&shift) {
            u128::from(mantissa) << shift
        } else if shift < 0 && (mantissa == 0 || mantissa.trailing_zeros() as i32 >= -shift) {
            u128::from(mantissa >> shift.unsigned_abs().min(63))
        } else {
            return self.change_unusual(value, change);
        };
        let square = U256::product(magnitude, magnitude);
        let leaves = change == Change::Leave;
        self.squares = if leaves { self.squares.minus(square) } else { self.squares.plus(square) };
        let units = magnitude as i128;
        self.sum += if leaves != negative { -units } else { units };
        self.changes += 1;
        if self.changes == MOST {
            self.empty_frame();
        }
    }

    /// An infinity, or a value that the frame does not hold.
    #[cold]
    fn change_unusual(&mut self, value: f64, change: Change) {
        if value.is_infinite() {
            let count = if value > 0.0 { &mut self.positive_infinities } else { &mut self.negative_infinities };
            *count = if change == Change::Enter { *count + 1 } else { *count - 1 };
        } else {
            self.change_wide(change, |wide, leaves| wide.part(0).change(value, leaves));
        }
    }

    fn change_wide(&mut self, change: Change, add: impl FnOnce(&mut Wide, bool)) {
        let wide = self.wide.get_or_insert_default();
        wide.count = if change == Change::Enter { wide.count + 1 } else { wide.count.saturating_sub(1) };
        add(wide, change == Change::Leave);
        if wide.count == 0 && !wide.holds_frame {
            self.wide = None;
        }
    }

    /// Moves what the frame holds into the superaccumulators.
    #[cold]
    fn empty_frame(&mut self) {
        let wide = self.wide.get_or_insert_default();
        wide.holds_frame = true;
        let part = wide.part(0);
        let is_negative = self.squares.leading_zeros() == 0;
        let squares = if is_negative { U256::ZERO.minus(self.squares) } else { self.squares };
        part.sum.add_u128(self.sum < 0, self.sum.unsigned_abs(), self.unit);
        part.squares.add_natural(is_negative, &squares.0, 2 * self.unit);
        (self.sum, self.squares, self.changes) = (0, U256::ZERO, 0);
    }

    /// What is in another one, of the same unit.
    pub fn merge(&mut self, other: &Self) {
        debug_assert_eq!(self.unit, other.unit);
        self.count += other.count;
        self.positive_infinities += other.positive_infinities;
        self.negative_infinities += other.negative_infinities;
        if self.changes + other.changes >= MOST {
            self.empty_frame();
        }
        self.sum += other.sum;
        self.squares = self.squares.plus(other.squares);
        self.changes += other.changes;
        if let Some(theirs) = &other.wide {
            let ours = self.wide.get_or_insert_default();
            ours.count += theirs.count;
            ours.holds_frame |= theirs.holds_frame;
            for part in &theirs.parts {
                ours.part(part.scale()).merge(part);
            }
        }
    }

    /// What is in another one, whatever its unit.
    pub fn merge_any(&mut self, other: &Self) {
        if self.unit == other.unit {
            return self.merge(other);
        }
        let mut moved = other.clone();
        moved.empty_frame();
        moved.unit = self.unit;
        self.merge(&moved);
    }

    /// The bytes of memory of what no frame holds, about.
    pub fn wide_bytes(&self) -> usize {
        self.wide.as_ref().map_or(0, |wide| size_of::<Wide>() + wide.parts.capacity() * size_of::<Part>())
    }

    /// The statistics of what is in it, where they are decided without big numbers; else see [`Compact::finish`]. The divisors are
    /// those of its count.
    #[inline]
    pub fn answers(&self, divisors: &Divisors<f64>) -> Option<Answers<f64>> {
        let is_narrow = self.wide.is_none() && self.positive_infinities == 0 && self.negative_infinities == 0;
        if !is_narrow || self.count >= MOST {
            return None;
        }
        of_integers(self.sum, self.squares, self.count, self.unit, divisors)
    }

    /// What is in it as finished moments.
    pub fn finish(&self) -> Finished {
        let infinity = infinity(self.positive_infinities, self.negative_infinities);
        if self.wide.is_none() {
            let near = Near { unit: self.unit, sum: self.sum, squares: self.squares };
            return Finished::of_near(self.count, infinity, near);
        }
        let mut all = self.clone();
        all.empty_frame();
        Finished::of_parts(self.count, infinity, &all.wide.unwrap_or_default().parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::number::Number;
    use crate::stats::{oracle, seeds};
    use proptest::prelude::*;

    /// What is in a window of the last `rows` values, at each value.
    fn check(values: &[f64], rows: usize, unit: i32) {
        let mut window = Compact::new(unit);
        for (index, &value) in values.iter().enumerate() {
            window.add(value);
            if let Some(old) = index.checked_sub(rows) {
                window.remove(values[old]);
            }
            let inside = &values[(index + 1).saturating_sub(rows)..=index];
            assert_eq!(window.count(), inside.len() as u64);
            let finished = window.finish();
            let n = inside.len() as u64;
            assert_eq!(finished.sum().to_bits(), oracle::sum(inside).to_bits(), "{inside:?}");
            assert_eq!(finished.mean(), Some(oracle::mean(inside)), "{inside:?}");
            for ddof in [0, 1] {
                let answers = window.answers(&Divisors::new(n, ddof));
                if n <= ddof {
                    continue;
                }
                let expected = (oracle::variance(inside, ddof as usize), oracle::stddev(inside, ddof as usize));
                assert_eq!((finished.variance(ddof), finished.stddev(ddof)), (Some(expected.0), Some(expected.1)));
                if let Some(found) = answers {
                    assert_eq!((found.sum, found.mean), (oracle::sum(inside), oracle::mean(inside)), "{inside:?}");
                    assert_eq!((found.variance, found.stddev), expected, "{inside:?}");
                    assert_eq!(Some(found.sem), finished.standard_error(ddof));
                }
            }
        }
    }

    #[test]
    fn seeds_match_the_oracle() {
        for values in seeds::finite().iter().filter(|values| values.len() <= 300) {
            for rows in [1, 2, 7, 100] {
                for unit in [-1074, -80, 0] {
                    check(values, rows, unit);
                }
            }
        }
    }

    #[test]
    fn ordinary_windows_need_no_big_numbers() {
        let values: Vec<f64> = (0..500).map(|index| f64::from(index * 7919 % 1000) * 0.37 + 5.0).collect();
        let mut window = Compact::new(Compact::unit_around(100.0));
        let mut open = 0;
        for (index, &value) in values.iter().enumerate() {
            window.add(value);
            if index >= 50 {
                window.remove(values[index - 50]);
            }
            open += u32::from(index > 1 && window.answers(&Divisors::new(window.count(), 1)).is_none());
        }
        assert_eq!(open, 0);
    }

    #[test]
    fn an_outlier_leaves_nothing_behind() {
        let mut window = Compact::new(-60);
        for value in [0.5, 1e300, f64::INFINITY, f64::NEG_INFINITY, 5e-324] {
            window.add(value);
        }
        assert!(window.wide.is_some() && window.finish().mean().is_some_and(f64::is_nan));
        for value in [f64::INFINITY, f64::NEG_INFINITY, 1e300, 5e-324] {
            window.remove(value);
        }
        assert!(window.wide.is_none());
        window.add(0.25);
        assert_eq!(window.finish().mean(), Some(0.375));
    }

    /// Beside values as great as there are, an infinity has an exponent that the frame holds.
    #[test]
    fn an_infinity_is_in_no_frame() {
        let mut window = Compact::new(Compact::unit_around(1e308));
        window.add(1e308);
        window.add(f64::INFINITY);
        assert_eq!(window.finish().mean(), Some(f64::INFINITY));
        assert!(window.answers(&Divisors::new(2, 1)).is_none());
        window.remove(f64::INFINITY);
        assert_eq!((window.finish().mean(), window.wide.is_none()), (Some(1e308), true));
    }

    #[test]
    fn a_frame_that_was_emptied_still_subtracts() {
        let mut window = Compact::new(-60);
        window.add(3.0);
        window.add(0.5);
        window.empty_frame();
        window.remove(3.0);
        window.add(1.0);
        assert_eq!(window.finish().sum(), 1.5);
        assert_eq!(window.finish().variance(1), Some(0.125));
        window.remove(0.5);
        window.remove(1.0);
        assert!(window.wide.is_none() && window.finish().sum() == 0.0);
    }

    #[test]
    fn integers_and_decimals_are_exact() {
        let mut window = Compact::new(0);
        window.add(i64::MAX);
        window.add(i64::MAX - 2);
        window.add(-4i64);
        window.remove(i64::MAX);
        assert_eq!(window.finish().sum(), (i64::MAX - 6) as f64);
        let mut window = Compact::new(0);
        let tenth = Number::from(Decimal { negative: false, magnitude: [1, 0, 0, 0], scale: 1 });
        let minus = Number::from(Decimal { negative: true, magnitude: [7, 0, 0, 0], scale: 3 });
        for _ in 0..3 {
            window.add(tenth);
        }
        window.add(minus);
        assert_eq!(window.finish().sum(), 0.293);
        window.remove(minus);
        assert_eq!((window.finish().sum(), window.finish().variance(1)), (0.3, Some(0.0)));
    }

    proptest! {
        #![proptest_config(seeds::cases(300))]
        /// Parts that are merged are the whole, also where some of it leaves again.
        #[test]
        fn parts_are_the_whole(
            parts in prop::collection::vec(prop::collection::vec(prop_oneof![
                seeds::value(), -1.0..1.0f64, Just(f64::INFINITY), Just(1e300),
            ], 0..12), 1..6),
            unit in prop_oneof![Just(-1074i32), -70i32..-40],
        ) {
            let parts: Vec<Vec<f64>> = parts.into_iter().map(|part| part.into_iter().filter(|v| !v.is_nan()).collect()).collect();
            let of = |values: &[f64]| {
                let mut compact = Compact::new(unit);
                values.iter().for_each(|&value| compact.add(value));
                compact
            };
            let mut merged = Compact::new(unit);
            for part in &parts {
                let mut other = of(part);
                if other.count() % 2 == 1 {
                    other.empty_frame();
                }
                merged.merge(&other);
            }
            parts[0].iter().for_each(|&value| merged.remove(value));
            let whole = of(&parts[1..].concat());
            prop_assert_eq!(merged.count(), whole.count());
            let (ours, theirs) = (merged.finish(), whole.finish());
            prop_assert_eq!(ours.sum().to_bits(), theirs.sum().to_bits());
            prop_assert_eq!(ours.variance(1).map(f64::to_bits), theirs.variance(1).map(f64::to_bits));
        }
    }

    proptest! {
        #![proptest_config(seeds::cases(500))]
        #[test]
        fn random_values_match_the_oracle(
            values in prop::collection::vec(prop_oneof![
                seeds::value(), -1.0..1.0f64, (-50i32..50).prop_map(f64::from), 1e9..1.000001e9f64,
                (0i32..20000).prop_map(|cents| f64::from(cents) / 100.0),
            ], 1..60),
            rows in 1usize..40, unit in prop_oneof![-1074i32..100, -70i32..-40],
        ) {
            check(&values.into_iter().filter(|value| value.is_finite()).collect::<Vec<_>>(), rows, unit);
        }
    }
}
