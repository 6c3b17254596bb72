//! The values that a series can consist of, and what the kernels need to know of them.
//!
//! Most series are `f64`: every float up to 64 bits and every integer up to 32 bits is one exactly. 64-bit integers
//! stay `i64` or `u64`. All else (decimals, and columns whose files mix types) is a [`Number`]: exact, slower.

use std::cmp::Ordering;

use serde::{Deserialize, Deserializer, Serializer};

use super::moments::Moments;
use super::select::{self, Bins, Key};
use crate::arch::Tier;
use crate::arch::key::{Keyed, Range};
use crate::num::big_uint::BigUint;
use crate::num::decimal::{Decimal, EXACT_IN_F64};
use crate::num::number::{ExactKey, Number};
use crate::num::rational::Rational;

/// What the values of a block are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent<K> {
    /// There are none.
    Empty,
    /// Their least and their greatest key.
    Within(K, K),
    /// There is a NaN among them.
    HoldsNan,
}

/// A value of a series.
pub trait Value: Copy + Send + Sync + std::fmt::Debug + 'static {
    /// What values that are not NaN are compared by. The order is total, −0.0 before +0.0.
    type Key: Key;

    /// Tells the type in a state that is written: see [`crate::scan::Scan::to_bytes`].
    const TAG: u8;

    /// Whether the value is missing in the sense of IEEE 754.
    fn is_nan(self) -> bool {
        false
    }

    fn key(self) -> Self::Key;

    fn from_key(key: Self::Key) -> Self;

    /// The key of about the value that lies at this share (0 to 1) of the way from one key to another; `None` where there is no telling.
    fn between(low: Self::Key, high: Self::Key, share: f64) -> Option<Self::Key> {
        let _ = (low, high, share);
        None
    }

    /// Whether this is the key of a value that is not NaN.
    fn is_value(key: Self::Key) -> bool {
        !Self::from_key(key).is_nan()
    }

    /// The nearest f64.
    fn nearest(self) -> f64;

    /// The value itself, where quantiles interpolate it in floats: every float of a series of floats; in any other series what an f64
    /// holds, up to 2^53. Beyond that their interpolation is exact. It depends on the value alone, whichever type holds it.
    fn as_f64(self) -> Option<f64>;

    /// The value itself; not for NaN or infinities.
    fn to_rational(self) -> Rational;

    /// The value, if it is of a type of integers.
    fn to_integer(self) -> Option<i128> {
        None
    }

    /// The value, where the nearest f64 may not tell it.
    fn beyond_f64(self) -> Option<Rational> {
        (self.nearest().is_finite() && self.as_f64().is_none()).then(|| self.to_rational())
    }

    /// Whether an f64 tells the sum or the difference of values that it is nearest to.
    fn tells(sum: f64) -> bool {
        sum.abs() < EXACT_IN_F64 as f64
    }

    /// The value as exact sums take it; not for NaN or infinities.
    fn to_summand(self) -> Summand;

    /// The least key of the values that are not below this number, which is not NaN; `None` if all are below it. −0.0 is not below 0.
    fn first_from(number: f64) -> Option<Self::Key>;

    /// The least key of the values that are above this number, which is not NaN; `None` if none is above it.
    fn first_above(number: f64) -> Option<Self::Key>;

    /// The value, where −0.0 is 0.0.
    fn with_one_zero(self) -> Self {
        self
    }

    /// Calls `visit` with each value whose bit is set.
    fn each(values: &[Self], valid: Option<&[u8]>, visit: impl FnMut(Self)) {
        there(values, valid).for_each(visit);
    }

    /// Adds a block of values to the moments: those whose bit in `valid` is set. If there is a NaN among them, nothing is
    /// added.
    fn update(values: &[Self], valid: Option<&[u8]>, moments: &mut Moments, tier: Tier) -> Extent<Self::Key>;

    /// Calls `visit` with the values whose bit is set, one after the other; `false`, and it is not called, if that helps no other kernel.
    fn compacted(values: &[Self], valid: &[u8], tier: Tier, visit: impl FnOnce(&[Self])) -> bool {
        let _ = (values, valid, tier, visit);
        false
    }

    /// Clears the bits of NaNs.
    fn clear_nans(values: &[Self], valid: &mut [u8], tier: Tier) {
        let _ = (values, valid, tier);
    }

    /// Counts a block of values in bins and keeps some of them, NaNs not being among them.
    fn bucketize(values: &[Self], valid: Option<&[u8]>, bins: &mut Bins<Self::Key>, tier: Tier);
}

/// See [`Value::between`]: the keys of integers are as far from each other as they are.
fn between_integers(low: i64, high: i64, share: f64) -> i64 {
    low.saturating_add_unsigned((high.abs_diff(low) as f64 * share) as u64).min(high)
}

fn extent(range: Range) -> Extent<i64> {
    if range.is_empty() { Extent::Empty } else { Extent::Within(range.min, range.max) }
}

impl Value for f64 {
    type Key = i64;
    const TAG: u8 = 0;

    #[inline]
    fn is_nan(self) -> bool {
        self.is_nan()
    }
    fn key(self) -> i64 {
        Keyed::key(self)
    }
    fn from_key(key: i64) -> Self {
        Keyed::from_key(key)
    }
    fn between(low: i64, high: i64, share: f64) -> Option<i64> {
        let [from, to]: [Self; 2] = [low, high].map(Keyed::from_key);
        let value = from + (to - from) * share;
        value.is_finite().then(|| Keyed::key(value).clamp(low, high))
    }
    fn nearest(self) -> f64 {
        self
    }
    fn as_f64(self) -> Option<f64> {
        Some(self)
    }
    fn to_rational(self) -> Rational {
        Rational::from_f64(self)
    }
    fn to_summand(self) -> Summand {
        Summand::Float(self)
    }
    fn tells(sum: f64) -> bool {
        // Integers of up to 32 bits are floats here; their sums are below 2^96.
        const GREATEST: f64 = (1u128 << 96) as f64;
        !(EXACT_IN_F64 as f64..GREATEST).contains(&sum.abs())
    }
    fn first_from(number: f64) -> Option<i64> {
        Some(Keyed::key(if number == 0.0 { -0.0 } else { number }))
    }
    fn first_above(number: f64) -> Option<i64> {
        Keyed::key(number + 0.0).successor()
    }
    fn with_one_zero(self) -> Self {
        self + 0.0
    }
    fn update(values: &[Self], valid: Option<&[u8]>, moments: &mut Moments, tier: Tier) -> Extent<i64> {
        match moments.update(values, valid, tier) {
            range if range.holds_nan() => Extent::HoldsNan,
            range => extent(range),
        }
    }
    fn clear_nans(values: &[Self], valid: &mut [u8], tier: Tier) {
        tier.clear_nans(values, valid);
    }
    fn compacted(values: &[Self], valid: &[u8], tier: Tier, visit: impl FnOnce(&[Self])) -> bool {
        tier.compacted(values, valid, visit)
    }
    fn bucketize(values: &[Self], valid: Option<&[u8]>, bins: &mut Bins<i64>, tier: Tier) {
        select::bucketize(values, valid, bins, tier);
    }
}

impl Value for i64 {
    type Key = i64;
    const TAG: u8 = 1;

    fn key(self) -> i64 {
        self
    }
    fn from_key(key: i64) -> Self {
        key
    }
    fn between(low: i64, high: i64, share: f64) -> Option<i64> {
        Some(between_integers(low, high, share))
    }
    fn nearest(self) -> f64 {
        self as f64
    }
    fn as_f64(self) -> Option<f64> {
        (self.unsigned_abs() <= EXACT_IN_F64).then_some(self as f64)
    }
    fn to_rational(self) -> Rational {
        Rational::integer(self < 0, self.unsigned_abs().into())
    }
    fn to_integer(self) -> Option<i128> {
        Some(self.into())
    }
    fn first_from(number: f64) -> Option<i64> {
        // Conversions stop at the ends of the type.
        let first = number.ceil();
        (first < 9_223_372_036_854_775_808.0).then_some(Value::key(first as Self))
    }
    fn first_above(number: f64) -> Option<i64> {
        let last = number.floor();
        if last < Self::MIN as f64 {
            return Some(Value::key(Self::MIN));
        }
        (last < 9_223_372_036_854_775_808.0).then(|| (last as Self).checked_add(1).map(Value::key)).flatten()
    }
    fn to_summand(self) -> Summand {
        self.as_f64().map_or_else(|| Summand::Scaled(self.to_rational(), 0), Summand::Float)
    }
    fn update(values: &[Self], valid: Option<&[u8]>, moments: &mut Moments, tier: Tier) -> Extent<i64> {
        extent(moments.update_integers(values, valid, tier))
    }
    fn compacted(values: &[Self], valid: &[u8], tier: Tier, visit: impl FnOnce(&[Self])) -> bool {
        tier.compacted(values, valid, visit)
    }
    fn bucketize(values: &[Self], valid: Option<&[u8]>, bins: &mut Bins<i64>, tier: Tier) {
        select::bucketize(values, valid, bins, tier);
    }
}

impl Value for u64 {
    type Key = i64;
    const TAG: u8 = 2;

    fn key(self) -> i64 {
        Keyed::key(self)
    }
    fn from_key(key: i64) -> Self {
        Keyed::from_key(key)
    }
    fn between(low: i64, high: i64, share: f64) -> Option<i64> {
        Some(between_integers(low, high, share))
    }
    fn nearest(self) -> f64 {
        self as f64
    }
    fn as_f64(self) -> Option<f64> {
        (self <= EXACT_IN_F64).then_some(self as f64)
    }
    fn to_rational(self) -> Rational {
        Rational::integer(false, self.into())
    }
    fn to_integer(self) -> Option<i128> {
        Some(self.into())
    }
    fn first_from(number: f64) -> Option<i64> {
        // Conversions stop at the ends of the type.
        let first = number.ceil();
        (first < 18_446_744_073_709_551_616.0).then_some(Value::key(first as Self))
    }
    fn first_above(number: f64) -> Option<i64> {
        let last = number.floor();
        if last < Self::MIN as f64 {
            return Some(Value::key(Self::MIN));
        }
        (last < 18_446_744_073_709_551_616.0).then(|| (last as Self).checked_add(1).map(Value::key)).flatten()
    }
    fn to_summand(self) -> Summand {
        self.as_f64().map_or_else(|| Summand::Scaled(self.to_rational(), 0), Summand::Float)
    }
    fn update(values: &[Self], valid: Option<&[u8]>, moments: &mut Moments, tier: Tier) -> Extent<i64> {
        extent(moments.update_integers(values, valid, tier))
    }
    fn compacted(values: &[Self], valid: &[u8], tier: Tier, visit: impl FnOnce(&[Self])) -> bool {
        tier.compacted(values, valid, visit)
    }
    fn bucketize(values: &[Self], valid: Option<&[u8]>, bins: &mut Bins<i64>, tier: Tier) {
        select::bucketize(values, valid, bins, tier);
    }
}

/// A value as exact sums take it.
#[derive(Clone, Debug)]
pub enum Summand {
    /// What an f64 holds, of any exponent.
    Float(f64),
    /// A whole number of up to 256 bits, and the power of ten that it is divided by.
    Scaled(Rational, i16),
}

impl Key for ExactKey {
    fn successor(self) -> Option<Self> {
        (!self.above).then_some(Self { above: true, ..self })
    }

    fn is_only_below(self, end: Option<Self>) -> bool {
        // There is always a greater number, so no key is the only one up to the infinity; and above a place that is no number
        // itself there are many before any edge.
        self.successor().is_some_and(|successor| end == Some(successor))
    }

    fn write<S: Serializer>(keys: &[Self], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(keys)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Self>, D::Error> {
        Vec::deserialize(deserializer)
    }
}

/// The values whose bit is set.
fn there<'a, T: Copy>(values: &'a [T], valid: Option<&'a [u8]>) -> impl Iterator<Item = T> + 'a {
    let is_there = move |row: usize| valid.is_none_or(|valid| valid[row / 8] >> (row % 8) & 1 == 1);
    values.iter().enumerate().filter(move |(row, _)| is_there(*row)).map(|(_, value)| *value)
}

impl Value for Number {
    type Key = ExactKey;
    const TAG: u8 = 3;

    fn is_nan(self) -> bool {
        self.nearest.is_nan()
    }
    fn key(self) -> ExactKey {
        ExactKey { number: self, above: false }
    }
    fn from_key(key: ExactKey) -> Self {
        key.number
    }
    fn is_value(key: ExactKey) -> bool {
        !key.above
    }
    fn nearest(self) -> f64 {
        self.nearest
    }
    fn as_f64(self) -> Option<f64> {
        let is_near = self.nearest.abs() <= EXACT_IN_F64 as f64 || !self.nearest.is_finite();
        let is_held = match self.decimal {
            None => true,
            Some(decimal) => {
                is_near && decimal.to_rational().compare(&Rational::from_f64(self.nearest)) == Ordering::Equal
            }
        };
        (is_near && is_held).then_some(self.nearest)
    }
    fn to_rational(self) -> Rational {
        Self::to_rational(self)
    }
    fn beyond_f64(self) -> Option<Rational> {
        self.nearest.is_finite().then(|| Self::to_rational(self))
    }
    fn tells(sum: f64) -> bool {
        !sum.is_finite()
    }
    fn first_from(number: f64) -> Option<ExactKey> {
        Some(Self::from(if number == 0.0 { -0.0 } else { number }).key())
    }
    fn first_above(number: f64) -> Option<ExactKey> {
        Self::from(number + 0.0).key().successor()
    }
    fn to_summand(self) -> Summand {
        match self.decimal {
            None => Summand::Float(self.nearest),
            Some(Decimal { negative, magnitude, scale }) => match self.as_f64() {
                Some(value) => Summand::Float(value),
                None => Summand::Scaled(Rational::integer(negative, BigUint::from_limbs(magnitude.to_vec())), scale),
            },
        }
    }
    fn with_one_zero(self) -> Self {
        Self { nearest: self.nearest + 0.0, ..self }
    }
    fn update(values: &[Self], valid: Option<&[u8]>, moments: &mut Moments, _: Tier) -> Extent<ExactKey> {
        if there(values, valid).any(Self::is_nan) {
            return Extent::HoldsNan;
        }
        let mut extent: Extent<ExactKey> = Extent::Empty;
        for value in there(values, valid) {
            match &value.decimal {
                None => moments.add_float(value.nearest),
                Some(decimal) => moments.add_decimal(decimal),
            }
            let key = value.key();
            extent = match extent {
                Extent::Within(min, max) => Extent::Within(min.min(key), max.max(key)),
                _ => Extent::Within(key, key),
            };
        }
        extent
    }
    fn clear_nans(values: &[Self], valid: &mut [u8], _: Tier) {
        for (values, valid) in values.chunks(8).zip(valid) {
            for (i, value) in values.iter().enumerate() {
                *valid &= !(u8::from(value.is_nan()) << i);
            }
        }
    }
    fn bucketize(values: &[Self], valid: Option<&[u8]>, bins: &mut Bins<ExactKey>, _: Tier) {
        for value in there(values, valid) {
            bins.add(value.key(), 1);
        }
    }
}
