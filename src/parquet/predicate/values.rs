//! How a predicate sees the values of an Arrow type.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
    Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType,
    Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, PrimitiveArray};
use arrow_buffer::{ArrowNativeType, i256};
use arrow_schema::{DataType, TimeUnit};
use half::f16;

use crate::series::exact_cast::decimal_scale;

/// What the values of a column mean. Those of a dictionary are its values'.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValueType {
    Boolean,
    /// Integers that stand for themselves times 10^-scale.
    Decimal {
        scale: i8,
    },
    Float,
    Text,
    /// Days since 1970-01-01.
    Day,
    /// Times since 1970-01-01T00:00:00Z, in units of 10^-scale seconds.
    Timestamp {
        scale: u8,
    },
    /// Times since midnight, in units of 10^-scale seconds.
    TimeOfDay {
        scale: u8,
    },
    /// Nothing but nulls.
    Null,
    /// Anything else: there or not is all that is asked.
    Other,
}

impl ValueType {
    pub fn of(data_type: &DataType) -> Self {
        if let Some(scale) = decimal_scale(data_type) {
            return Self::Decimal { scale };
        }
        match data_type {
            DataType::Boolean => Self::Boolean,
            data_type if data_type.is_integer() => Self::Decimal { scale: 0 },
            DataType::Float16 | DataType::Float32 | DataType::Float64 => Self::Float,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::Text,
            DataType::Date32 => Self::Day,
            DataType::Date64 => Self::Timestamp { scale: 3 },
            DataType::Timestamp(unit, _) => Self::Timestamp { scale: scale_of(*unit) },
            DataType::Time32(unit) | DataType::Time64(unit) => Self::TimeOfDay { scale: scale_of(*unit) },
            DataType::Null => Self::Null,
            DataType::Dictionary(_, values) => Self::of(values),
            _ => Self::Other,
        }
    }

    /// As a message speaks of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Decimal { .. } | Self::Float => "numeric",
            Self::Text => "text",
            Self::Day => "a date",
            Self::Timestamp { .. } => "a timestamp",
            Self::TimeOfDay { .. } => "a time of day",
            Self::Null => "null",
            Self::Other => "of another kind",
        }
    }

    /// What its values are compared with, as a message says it.
    pub fn wanted(self) -> &'static str {
        match self {
            Self::Boolean => "true or false",
            Self::Decimal { .. } | Self::Float => "a number",
            Self::Text => "'text'",
            Self::Day => "a date such as '2026-11-01'",
            Self::Timestamp { .. } => "a timestamp such as '2026-11-01T08:30:00Z'",
            Self::TimeOfDay { .. } => "a time of day such as '08:30:00'",
            Self::Null | Self::Other => "'is null' or 'is not null' alone",
        }
    }
}

/// The digits of a second that a unit has.
fn scale_of(unit: TimeUnit) -> u8 {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    }
}

/// A value of an array.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    /// An integer, a decimal's digits, days, units of time, or 0 and 1 for false and true.
    Integer(i256),
    Float(f64),
    Text(&'a str),
}

/// The native integers that [`Ranges`](super::ranges::Ranges) of [`i256`] are narrowed to.
pub(super) trait Integer: ArrowNativeType + PartialOrd {
    const LEAST: Self;
    const GREATEST: Self;

    fn widened(self) -> i256;

    /// `None` if it does not fit.
    fn narrowed(value: i256) -> Option<Self>;

    /// The values from `from` up to, and without, `to` that the type has: the first and the last. `None` if there is none.
    fn within(from: i256, to: Option<i256>) -> Option<(Self, Self)> {
        let first = if from <= Self::LEAST.widened() { Self::LEAST } else { Self::narrowed(from)? };
        let last = to.and_then(|to| to.checked_sub(i256::ONE)).filter(|last| *last < Self::GREATEST.widened());
        let last = match last {
            Some(last) => Self::narrowed(last)?, // none if it is below the least
            None => Self::GREATEST,
        };
        (first <= last).then_some((first, last))
    }
}

macro_rules! integer {
    ($($native:ty),*) => {$(
        impl Integer for $native {
            const LEAST: Self = <$native>::MIN;
            const GREATEST: Self = <$native>::MAX;

            fn widened(self) -> i256 {
                i256::from_i128(self.into())
            }
            fn narrowed(value: i256) -> Option<Self> {
                value.to_i128()?.try_into().ok()
            }
        }
    )*};
}

integer!(i8, i16, i32, i64, i128, u8, u16, u32, u64);

impl Integer for i256 {
    const LEAST: Self = Self::MIN;
    const GREATEST: Self = Self::MAX;

    fn widened(self) -> i256 {
        self
    }
    fn narrowed(value: i256) -> Option<Self> {
        Some(value)
    }
}

/// The native floats; all of them are f64s.
pub(super) trait Float: ArrowNativeType {
    fn widened(self) -> f64;
}

impl Float for f16 {
    fn widened(self) -> f64 {
        self.to_f64()
    }
}

impl Float for f32 {
    fn widened(self) -> f64 {
        self.into()
    }
}

impl Float for f64 {
    fn widened(self) -> f64 {
        self
    }
}

/// What is done with the values of an array, whatever its type.
pub(super) trait Visitor<'a>: Sized {
    type Output;

    fn boolean(self, array: &'a arrow_array::BooleanArray) -> Self::Output;
    fn integers<T: ArrowPrimitiveType<Native: Integer>>(self, array: &'a PrimitiveArray<T>) -> Self::Output;
    fn floats<T: ArrowPrimitiveType<Native: Float>>(self, array: &'a PrimitiveArray<T>) -> Self::Output;
    fn texts(self, array: &'a dyn Array, value: impl Fn(usize) -> &'a str + 'a) -> Self::Output;
    fn dictionary(self, array: &'a dyn arrow_array::array::AnyDictionaryArray) -> Self::Output;

    /// `None` if the values of such an array cannot be compared.
    fn visit(self, array: &'a dyn Array) -> Option<Self::Output> {
        Some(match array.data_type() {
            DataType::Boolean => self.boolean(array.as_boolean()),
            DataType::Int8 => self.integers(array.as_primitive::<Int8Type>()),
            DataType::Int16 => self.integers(array.as_primitive::<Int16Type>()),
            DataType::Int32 => self.integers(array.as_primitive::<Int32Type>()),
            DataType::Int64 => self.integers(array.as_primitive::<Int64Type>()),
            DataType::UInt8 => self.integers(array.as_primitive::<UInt8Type>()),
            DataType::UInt16 => self.integers(array.as_primitive::<UInt16Type>()),
            DataType::UInt32 => self.integers(array.as_primitive::<UInt32Type>()),
            DataType::UInt64 => self.integers(array.as_primitive::<UInt64Type>()),
            DataType::Decimal32(..) => self.integers(array.as_primitive::<Decimal32Type>()),
            DataType::Decimal64(..) => self.integers(array.as_primitive::<Decimal64Type>()),
            DataType::Decimal128(..) => self.integers(array.as_primitive::<Decimal128Type>()),
            DataType::Decimal256(..) => self.integers(array.as_primitive::<Decimal256Type>()),
            DataType::Date32 => self.integers(array.as_primitive::<Date32Type>()),
            DataType::Date64 => self.integers(array.as_primitive::<Date64Type>()),
            DataType::Timestamp(unit, _) => match unit {
                TimeUnit::Second => self.integers(array.as_primitive::<TimestampSecondType>()),
                TimeUnit::Millisecond => self.integers(array.as_primitive::<TimestampMillisecondType>()),
                TimeUnit::Microsecond => self.integers(array.as_primitive::<TimestampMicrosecondType>()),
                TimeUnit::Nanosecond => self.integers(array.as_primitive::<TimestampNanosecondType>()),
            },
            DataType::Time32(TimeUnit::Second) => self.integers(array.as_primitive::<Time32SecondType>()),
            DataType::Time32(TimeUnit::Millisecond) => self.integers(array.as_primitive::<Time32MillisecondType>()),
            DataType::Time64(TimeUnit::Microsecond) => self.integers(array.as_primitive::<Time64MicrosecondType>()),
            DataType::Time64(TimeUnit::Nanosecond) => self.integers(array.as_primitive::<Time64NanosecondType>()),
            DataType::Float16 => self.floats(array.as_primitive::<Float16Type>()),
            DataType::Float32 => self.floats(array.as_primitive::<Float32Type>()),
            DataType::Float64 => self.floats(array.as_primitive::<Float64Type>()),
            DataType::Utf8 => {
                let texts = array.as_string::<i32>();
                self.texts(array, move |row| texts.value(row))
            }
            DataType::LargeUtf8 => {
                let texts = array.as_string::<i64>();
                self.texts(array, move |row| texts.value(row))
            }
            DataType::Utf8View => {
                let texts = array.as_string_view();
                self.texts(array, move |row| texts.value(row))
            }
            DataType::Dictionary(..) => self.dictionary(array.as_any_dictionary_opt()?),
            _ => return None,
        })
    }
}

type Cells<'a> = Box<dyn Fn(usize) -> Cell<'a> + 'a>;

struct ToCells;

impl<'a> Visitor<'a> for ToCells {
    type Output = Option<Cells<'a>>;

    fn boolean(self, array: &'a arrow_array::BooleanArray) -> Self::Output {
        Some(Box::new(move |row| Cell::Integer(i256::from_i128(array.value(row).into()))))
    }
    fn integers<T: ArrowPrimitiveType<Native: Integer>>(self, array: &'a PrimitiveArray<T>) -> Self::Output {
        Some(Box::new(move |row| Cell::Integer(array.value(row).widened())))
    }
    fn floats<T: ArrowPrimitiveType<Native: Float>>(self, array: &'a PrimitiveArray<T>) -> Self::Output {
        Some(Box::new(move |row| Cell::Float(array.value(row).widened())))
    }
    fn texts(self, _: &'a dyn Array, value: impl Fn(usize) -> &'a str + 'a) -> Self::Output {
        Some(Box::new(move |row| Cell::Text(value(row))))
    }
    fn dictionary(self, array: &'a dyn arrow_array::array::AnyDictionaryArray) -> Self::Output {
        if array.values().is_empty() {
            return Some(Box::new(|_| Cell::Integer(i256::ZERO))); // every row is null
        }
        let (values, keys) = (cells(array.values().as_ref())?, array.normalized_keys());
        Some(Box::new(move |row| values(keys[row])))
    }
}

/// The values of an array by row; what it says of a null means nothing. `None` if such values cannot be compared.
pub(super) fn cells(array: &dyn Array) -> Option<Cells<'_>> {
    ToCells.visit(array)?
}
