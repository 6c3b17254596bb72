//! The values that a series can consist of, and what the kernels need to know of them.
//!
//! Most series are `f64`: every float up to 64 bits and every integer up to 32 bits is one exactly. 64-bit integers
//! stay `i64` or `u64`. All else (decimals, and columns whose files mix types) is a [`Number`]: exact, slower.

use std::cmp::Ordering;
use std::ops::RangeInclusive;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::exact::Exact;
use super::moments::Moments;
use super::natural::Natural;
use super::select::{self, Cells, Key};
use crate::arch::Tier;
use crate::arch::tier::{Keyed, Range};

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
    fn to_exact(self) -> Exact;

    /// The value as exact sums take it; not for NaN or infinities.
    fn to_summand(self) -> Summand;

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

    /// Clears the bits of NaNs.
    fn clear_nans(values: &[Self], valid: &mut [u8], tier: Tier) {
        let _ = (values, valid, tier);
    }

    /// Counts a block of values in cells and keeps some of them, NaNs not being among them.
    fn sort_out(values: &[Self], valid: Option<&[u8]>, cells: &mut Cells<Self::Key>, tier: Tier);
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
    fn nearest(self) -> f64 {
        self
    }
    fn as_f64(self) -> Option<f64> {
        Some(self)
    }
    fn to_exact(self) -> Exact {
        Exact::from_f64(self)
    }
    fn to_summand(self) -> Summand {
        Summand::Float(self)
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
    fn sort_out(values: &[Self], valid: Option<&[u8]>, cells: &mut Cells<i64>, tier: Tier) {
        select::sort_out(values, valid, cells, tier);
    }
}

/// The largest magnitude up to which every integer is an f64.
const EXACT_IN_F64: u64 = 1 << 53;

impl Value for i64 {
    type Key = i64;
    const TAG: u8 = 1;

    fn key(self) -> i64 {
        self
    }
    fn from_key(key: i64) -> Self {
        key
    }
    fn nearest(self) -> f64 {
        self as f64
    }
    fn as_f64(self) -> Option<f64> {
        (self.unsigned_abs() <= EXACT_IN_F64).then_some(self as f64)
    }
    fn to_exact(self) -> Exact {
        Exact::integer(self < 0, self.unsigned_abs().into())
    }
    fn to_summand(self) -> Summand {
        self.as_f64().map_or_else(|| Summand::Scaled(self.to_exact(), 0), Summand::Float)
    }
    fn update(values: &[Self], valid: Option<&[u8]>, moments: &mut Moments, tier: Tier) -> Extent<i64> {
        extent(moments.update_integers(values, valid, tier))
    }
    fn sort_out(values: &[Self], valid: Option<&[u8]>, cells: &mut Cells<i64>, tier: Tier) {
        select::sort_out(values, valid, cells, tier);
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
    fn nearest(self) -> f64 {
        self as f64
    }
    fn as_f64(self) -> Option<f64> {
        (self <= EXACT_IN_F64).then_some(self as f64)
    }
    fn to_exact(self) -> Exact {
        Exact::integer(false, self.into())
    }
    fn to_summand(self) -> Summand {
        self.as_f64().map_or_else(|| Summand::Scaled(self.to_exact(), 0), Summand::Float)
    }
    fn update(values: &[Self], valid: Option<&[u8]>, moments: &mut Moments, tier: Tier) -> Extent<i64> {
        extent(moments.update_integers(values, valid, tier))
    }
    fn sort_out(values: &[Self], valid: Option<&[u8]>, cells: &mut Cells<i64>, tier: Tier) {
        select::sort_out(values, valid, cells, tier);
    }
}

/// A value as exact sums take it.
#[derive(Clone, Debug)]
pub enum Summand {
    /// What an f64 holds, of any exponent.
    Float(f64),
    /// A whole number of up to 256 bits, and the power of ten that it is divided by.
    Scaled(Exact, i16),
}

/// Any real number that a column can hold: an f64, or ±magnitude·10^−scale with a magnitude of up to 256 bits.
#[derive(Clone, Copy, Debug)]
pub struct Number {
    /// The nearest f64; the number itself where `decimal` is not there.
    nearest: f64,
    decimal: Option<Decimal>,
}

/// The scales that Arrow's decimals have.
pub const SCALES: RangeInclusive<i16> = i8::MIN as i16..=i8::MAX as i16;

/// ±magnitude·10^−scale, the magnitude in limbs, least significant first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decimal {
    pub negative: bool,
    pub magnitude: [u64; 4],
    pub scale: i16,
}

impl Decimal {
    fn to_exact(self) -> Exact {
        let magnitude = Natural::from_limbs(self.magnitude.to_vec());
        let power = Natural::power_of_ten(self.scale.unsigned_abs().into());
        if self.scale >= 0 {
            Exact::new(self.negative, magnitude, power, 0)
        } else {
            Exact::integer(self.negative, magnitude.times(&power))
        }
    }

    /// The nearest f64: by one division or multiplication where both sides of it are exact (W. D. Clinger, *How to read
    /// floating point numbers accurately*, 1990), else from the exact rational.
    fn nearest(self) -> f64 {
        const POWERS: [f64; 23] = [
            1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
            1e19, 1e20, 1e21, 1e22,
        ];
        let [low, rest @ ..] = self.magnitude;
        let power = POWERS.get(usize::from(self.scale.unsigned_abs()));
        match power {
            Some(&power) if rest == [0; 3] && low <= EXACT_IN_F64 => {
                let magnitude = low as f64;
                let magnitude = if self.scale >= 0 { magnitude / power } else { magnitude * power };
                if self.negative && low != 0 { -magnitude } else { magnitude }
            }
            _ => self.to_exact().round(),
        }
    }
}

impl From<f64> for Number {
    fn from(value: f64) -> Self {
        Self { nearest: value, decimal: None }
    }
}

impl From<Decimal> for Number {
    fn from(decimal: Decimal) -> Self {
        Self { nearest: decimal.nearest(), decimal: Some(decimal) }
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self::integer(value < 0, value.unsigned_abs())
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self::integer(false, value)
    }
}

impl Number {
    fn integer(negative: bool, magnitude: u64) -> Self {
        if magnitude <= EXACT_IN_F64 {
            let value = magnitude as f64;
            return Self::from(if negative && magnitude != 0 { -value } else { value });
        }
        Self::from(Decimal { negative, magnitude: [magnitude, 0, 0, 0], scale: 0 })
    }
}

/// A number, or the place directly above it and below every greater one.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(try_from = "WrittenPlace", into = "WrittenPlace")]
pub struct Place {
    number: Number,
    above: bool,
}

/// A place as it is written: the f64 nearest to a decimal follows from it.
#[derive(Serialize, Deserialize)]
enum WrittenNumber {
    Float(f64),
    Decimal(Decimal),
}

#[derive(Serialize, Deserialize)]
struct WrittenPlace {
    number: WrittenNumber,
    above: bool,
}

impl From<Place> for WrittenPlace {
    fn from(Place { number, above }: Place) -> Self {
        let number = match number.decimal {
            None => WrittenNumber::Float(number.nearest),
            Some(decimal) => WrittenNumber::Decimal(decimal),
        };
        Self { number, above }
    }
}

impl TryFrom<WrittenPlace> for Place {
    type Error = &'static str;

    fn try_from(WrittenPlace { number, above }: WrittenPlace) -> Result<Self, Self::Error> {
        let number = match number {
            WrittenNumber::Float(value) if value.is_nan() => return Err("NaN is no place among numbers"),
            WrittenNumber::Float(value) => value.into(),
            WrittenNumber::Decimal(decimal) if !SCALES.contains(&decimal.scale) => {
                return Err("no decimal has such a scale");
            }
            WrittenNumber::Decimal(decimal) => decimal.into(),
        };
        Ok(Self { number, above })
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        self.number.order(&other.number).then(self.above.cmp(&other.above))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Place {}

impl Key for Place {
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

impl Number {
    /// Rounding keeps the order, so only numbers with the same nearest f64 need a closer look.
    fn order(&self, other: &Self) -> Ordering {
        self.nearest.total_cmp(&other.nearest).then_with(|| match (self.decimal, other.decimal) {
            (None, None) => Ordering::Equal,
            (a, b) if a == b => Ordering::Equal,
            _ => self.to_exact().compare(&other.to_exact()),
        })
    }
}

/// The values whose bit is set.
fn there<'a, T: Copy>(values: &'a [T], valid: Option<&'a [u8]>) -> impl Iterator<Item = T> + 'a {
    let is_there = move |row: usize| valid.is_none_or(|valid| valid[row / 8] >> (row % 8) & 1 == 1);
    values.iter().enumerate().filter(move |(row, _)| is_there(*row)).map(|(_, value)| *value)
}

impl Value for Number {
    type Key = Place;
    const TAG: u8 = 3;

    fn is_nan(self) -> bool {
        self.nearest.is_nan()
    }
    fn key(self) -> Place {
        Place { number: self, above: false }
    }
    fn from_key(key: Place) -> Self {
        key.number
    }
    fn is_value(key: Place) -> bool {
        !key.above
    }
    fn nearest(self) -> f64 {
        self.nearest
    }
    fn as_f64(self) -> Option<f64> {
        let is_near = self.nearest.abs() <= EXACT_IN_F64 as f64 || !self.nearest.is_finite();
        let is_held = match self.decimal {
            None => true,
            Some(decimal) => is_near && decimal.to_exact().compare(&Exact::from_f64(self.nearest)) == Ordering::Equal,
        };
        (is_near && is_held).then_some(self.nearest)
    }
    fn to_exact(self) -> Exact {
        match self.decimal {
            None => Exact::from_f64(self.nearest),
            Some(decimal) => decimal.to_exact(),
        }
    }
    fn to_summand(self) -> Summand {
        match self.decimal {
            None => Summand::Float(self.nearest),
            Some(Decimal { negative, magnitude, scale }) => match self.as_f64() {
                Some(value) => Summand::Float(value),
                None => Summand::Scaled(Exact::integer(negative, Natural::from_limbs(magnitude.to_vec())), scale),
            },
        }
    }
    fn with_one_zero(self) -> Self {
        Self { nearest: self.nearest + 0.0, ..self }
    }
    fn update(values: &[Self], valid: Option<&[u8]>, moments: &mut Moments, _: Tier) -> Extent<Place> {
        if there(values, valid).any(Self::is_nan) {
            return Extent::HoldsNan;
        }
        let mut extent: Extent<Place> = Extent::Empty;
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
    fn sort_out(values: &[Self], valid: Option<&[u8]>, cells: &mut Cells<Place>, _: Tier) {
        for value in there(values, valid) {
            cells.add(value.key(), 1);
        }
    }
}
