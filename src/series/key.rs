//! Columns of keys: of each row a code, by which equal keys are found and ordered.
//!
//! Where a key has 64 bits or fewer, its code is the key itself, in its order. Where it has more (text, bytes, wide
//! decimals), the code is a hash, and bytes decide.

use std::cmp::Ordering;

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, ArrayRef, UInt32Array};
use arrow_buffer::{ArrowNativeType, NullBuffer};
use arrow_row::{RowConverter, SortField};
use arrow_schema::{DataType, FieldRef, SortOptions, TimeUnit};
use arrow_select::take::take;

use crate::arch::key::Keyed;
use crate::error::{Error, Result};
use crate::series::type_names::type_text;

/// Applies a macro to the Arrow type of a data type whose values are signed whole numbers of up to 64 bits, another one to that of unsigned
/// ones; of any other data type the result is that of the expression.
macro_rules! with_integer_type {
    ($data_type:expr, $signed:ident, $unsigned:ident, $otherwise:expr) => {
        match $data_type {
            DataType::Int8 => $signed!(Int8Type),
            DataType::Int16 => $signed!(Int16Type),
            DataType::Int32 => $signed!(Int32Type),
            DataType::Int64 => $signed!(Int64Type),
            DataType::UInt8 => $unsigned!(UInt8Type),
            DataType::UInt16 => $unsigned!(UInt16Type),
            DataType::UInt32 => $unsigned!(UInt32Type),
            DataType::UInt64 => $unsigned!(UInt64Type),
            DataType::Date32 => $signed!(Date32Type),
            DataType::Date64 => $signed!(Date64Type),
            DataType::Time32(TimeUnit::Second) => $signed!(Time32SecondType),
            DataType::Time32(_) => $signed!(Time32MillisecondType),
            DataType::Time64(TimeUnit::Microsecond) => $signed!(Time64MicrosecondType),
            DataType::Time64(_) => $signed!(Time64NanosecondType),
            DataType::Timestamp(TimeUnit::Second, _) => $signed!(TimestampSecondType),
            DataType::Timestamp(TimeUnit::Millisecond, _) => $signed!(TimestampMillisecondType),
            DataType::Timestamp(TimeUnit::Microsecond, _) => $signed!(TimestampMicrosecondType),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => $signed!(TimestampNanosecondType),
            DataType::Duration(TimeUnit::Second) => $signed!(DurationSecondType),
            DataType::Duration(TimeUnit::Millisecond) => $signed!(DurationMillisecondType),
            DataType::Duration(TimeUnit::Microsecond) => $signed!(DurationMicrosecondType),
            DataType::Duration(TimeUnit::Nanosecond) => $signed!(DurationNanosecondType),
            DataType::Interval(arrow_schema::IntervalUnit::YearMonth) => $signed!(IntervalYearMonthType),
            DataType::Decimal32(..) => $signed!(Decimal32Type),
            DataType::Decimal64(..) => $signed!(Decimal64Type),
            _ => $otherwise,
        }
    };
}

/// Work on the codes of a column, of whichever kind they are.
pub trait KeyVisitor {
    /// What comes of it.
    type Outcome;

    /// Codes that are the keys, in their order.
    fn exact(self, code: impl Fn(usize) -> u64 + Sync) -> Self::Outcome;

    /// Bytes that are the keys, in their order.
    fn bytes<'a>(self, bytes: impl Fn(usize) -> &'a [u8] + Sync) -> Self::Outcome;

    /// Bytes that are equal for equal keys, and the order of the keys.
    fn ordered<'a>(
        self,
        bytes: impl Fn(usize) -> &'a [u8] + Sync,
        order: impl Fn(usize, usize) -> Ordering + Sync,
    ) -> Self::Outcome;
}

/// A column as it is grouped by: dictionaries and runs as what they stand for.
#[derive(Clone, Debug)]
pub struct KeyColumn {
    /// Its name, what its library says of its type, and whether its dictionary has an order of its own.
    pub field: FieldRef,
    /// As it was given: the keys of the answer are taken from here.
    pub array: ArrayRef,
    /// As it is compared.
    codes: ArrayRef,
    nulls: Option<NullBuffer>,
}

impl KeyColumn {
    /// A column of any type that can be compared as a whole. `ranks` gives the place of each value of a dictionary among
    /// its distinct ones. The values of an ordered dictionary are in the order in which they first stand there.
    ///
    /// # Errors
    ///
    /// [`Error::NoKey`] for a type whose values have no order, [`Error::Data`] for damaged dictionaries.
    pub fn new(field: FieldRef, array: ArrayRef, ranks: &dyn Fn(KeyColumn) -> Result<Vec<u32>>) -> Result<Self> {
        let name = field.name();
        let nulls = array.logical_nulls().filter(|nulls| nulls.null_count() > 0);
        let codes = match array.data_type() {
            DataType::Dictionary(..) => {
                let dictionary = array.as_any_dictionary();
                let values = field.as_ref().clone().with_data_type(dictionary.values().data_type().clone());
                let ranks = ranks(Self::new(values.into(), dictionary.values().clone(), ranks)?)?;
                let ranks = if field.dict_is_ordered() == Some(true) { by_first_place(ranks) } else { ranks };
                let ranks: ArrayRef = std::sync::Arc::new(UInt32Array::from(ranks));
                take(&ranks, dictionary.keys(), Some(arrow_select::take::TakeOptions { check_bounds: true }))
                    .map_err(|error| Error::Data(format!("keys '{name}': damaged dictionary: {error}")))?
            }
            DataType::RunEndEncoded(_, values) => arrow_cast::cast(&array, values.data_type())
                .map_err(|error| Error::Data(format!("keys '{name}': {error}")))?,
            data_type if data_type.is_nested() => rows_as_bytes(&array)
                .ok_or_else(|| Error::NoKey { name: name.clone(), data_type: type_text(data_type) })?,
            _ => array.clone(),
        };
        let column = Self { field, array, codes, nulls };
        if !column.is_hashable() {
            let (name, data_type) = (column.field.name().clone(), type_text(column.array.data_type()));
            return Err(Error::NoKey { name, data_type });
        }
        Ok(column)
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.array.len()
    }

    /// Which rows have a key, if some have none.
    pub fn nulls(&self) -> Option<&NullBuffer> {
        self.nulls.as_ref()
    }

    fn is_hashable(&self) -> bool {
        let data_type = self.codes.data_type();
        data_type.is_primitive()
            || matches!(
                data_type,
                DataType::Null
                    | DataType::Boolean
                    | DataType::Utf8
                    | DataType::LargeUtf8
                    | DataType::Utf8View
                    | DataType::Binary
                    | DataType::LargeBinary
                    | DataType::BinaryView
                    | DataType::FixedSizeBinary(_)
            )
    }

    /// Does the work on the codes; where a row has no key, its code means nothing.
    pub fn visit<W: KeyVisitor>(&self, work: W) -> W::Outcome {
        let array = &self.codes;
        macro_rules! integers {
            ($type:ty) => {{
                let values = array.as_primitive::<$type>().values();
                // From signed to unsigned, in order.
                work.exact(|row| (values[row] as i64 as u64) ^ (1 << 63))
            }};
        }
        macro_rules! naturals {
            ($type:ty) => {{
                let values = array.as_primitive::<$type>().values();
                work.exact(|row| u64::from(values[row]))
            }};
        }
        macro_rules! wide {
            ($type:ty) => {{
                let values = array.as_primitive::<$type>().values();
                let (all, width) = (values.inner().as_slice(), size_of::<<$type as ArrowPrimitiveType>::Native>());
                work.ordered(|row| &all[row * width..(row + 1) * width], |a, b| values[a].cmp(&values[b]))
            }};
        }
        with_integer_type!(
            array.data_type(),
            integers,
            naturals,
            match array.data_type() {
                DataType::Null => work.exact(|_| 0),
                DataType::Boolean => {
                    let values = array.as_boolean();
                    work.exact(|row| values.value(row).into())
                }
                DataType::Interval(arrow_schema::IntervalUnit::DayTime) => wide!(IntervalDayTimeType),
                DataType::Interval(arrow_schema::IntervalUnit::MonthDayNano) => wide!(IntervalMonthDayNanoType),
                DataType::Decimal128(..) => wide!(Decimal128Type),
                DataType::Decimal256(..) => wide!(Decimal256Type),
                DataType::Float16 => {
                    let values = array.as_primitive::<Float16Type>().values();
                    work.exact(|row| float(values[row].into()))
                }
                DataType::Float32 => {
                    let values = array.as_primitive::<Float32Type>().values();
                    work.exact(|row| float(values[row].into()))
                }
                DataType::Float64 => {
                    let values = array.as_primitive::<Float64Type>().values();
                    work.exact(|row| float(values[row]))
                }
                DataType::Utf8 =>
                    offsets(work, array.as_string::<i32>().offsets(), array.as_string::<i32>().value_data()),
                DataType::LargeUtf8 => {
                    offsets(work, array.as_string::<i64>().offsets(), array.as_string::<i64>().value_data())
                }
                DataType::Binary => {
                    offsets(work, array.as_binary::<i32>().offsets(), array.as_binary::<i32>().value_data())
                }
                DataType::LargeBinary => {
                    offsets(work, array.as_binary::<i64>().offsets(), array.as_binary::<i64>().value_data())
                }
                DataType::Utf8View => {
                    let values = array.as_string_view();
                    work.bytes(|row| values.value(row).as_bytes())
                }
                DataType::BinaryView => {
                    let values = array.as_binary_view();
                    work.bytes(|row| values.value(row))
                }
                _ => {
                    // `is_hashable` leaves only this one.
                    let values = array.as_fixed_size_binary();
                    work.bytes(|row| values.value(row))
                }
            }
        )
    }
}

/// The type of what a dictionary or runs stand for.
#[cfg(feature = "parquet")]
pub(crate) fn values_type(data_type: &DataType) -> &DataType {
    match data_type {
        DataType::Dictionary(_, values) => values_type(values),
        DataType::RunEndEncoded(_, values) => values_type(values.data_type()),
        plain => plain,
    }
}

/// How the codes of a type lie whose codes are its keys: the least one, and how many bits tell them apart. `None` for other types.
#[cfg(feature = "parquet")]
pub fn exact_codes(data_type: &DataType) -> Option<(u64, u32)> {
    Some(match data_type {
        DataType::Null => (0, 1),
        DataType::Boolean => (0, 1),
        DataType::Float16 | DataType::Float32 | DataType::Float64 => (0, u64::BITS),
        DataType::Interval(arrow_schema::IntervalUnit::DayTime | arrow_schema::IntervalUnit::MonthDayNano) => {
            return None;
        }
        data_type if data_type.is_unsigned_integer() => (0, 8 * data_type.primitive_width()? as u32),
        data_type => match data_type.primitive_width()? {
            width @ ..=8 => {
                let bits = 8 * width as u32;
                ((1 << 63) - (1 << (bits - 1)), bits)
            }
            _ => return None,
        },
    })
}

/// The keys that have these codes; `None` is null.
///
/// # Errors
///
/// [`Error::Data`] for a type whose codes are not its keys.
#[cfg(feature = "parquet")]
pub fn from_exact_codes(data_type: &DataType, codes: &[Option<u64>]) -> Result<ArrayRef> {
    use arrow_array::{BooleanArray, PrimitiveArray, new_null_array};
    use std::sync::Arc;

    macro_rules! integers {
        ($type:ty) => {{
            let keys = codes.iter().map(|code| code.map(|code| (code ^ 1 << 63) as i64 as _));
            Arc::new(keys.collect::<PrimitiveArray<$type>>().with_data_type(data_type.clone()))
        }};
    }
    macro_rules! naturals {
        ($type:ty) => {
            Arc::new(codes.iter().map(|code| code.map(|code| code as _)).collect::<PrimitiveArray<$type>>())
        };
    }
    let float = |code: &Option<u64>| code.map(|code| f64::from_key((code ^ 1 << 63) as i64));
    Ok(with_integer_type!(
        data_type,
        integers,
        naturals,
        match data_type {
            DataType::Null => new_null_array(data_type, codes.len()),
            DataType::Boolean =>
                Arc::new(codes.iter().map(|code| code.map(|code| code == 1)).collect::<BooleanArray>()),
            DataType::Float16 => {
                let keys = codes.iter().map(|code| float(code).map(half::f16::from_f64));
                Arc::new(keys.collect::<PrimitiveArray<Float16Type>>())
            }
            DataType::Float32 => Arc::new(
                codes.iter().map(|code| float(code).map(|key| key as f32)).collect::<PrimitiveArray<Float32Type>>(),
            ),
            DataType::Float64 => Arc::new(codes.iter().map(float).collect::<PrimitiveArray<Float64Type>>()),
            other => return Err(Error::Data(format!("keys of type {other} have no codes of their own"))),
        }
    ))
}

/// Each rank as the place of the first value that has it.
fn by_first_place(ranks: Vec<u32>) -> Vec<u32> {
    let mut first = vec![u32::MAX; ranks.len()];
    for (place, &rank) in ranks.iter().enumerate() {
        let first = &mut first[rank as usize];
        *first = (*first).min(place as u32);
    }
    ranks.into_iter().map(|rank| first[rank as usize]).collect()
}

/// The rows of structs and lists as bytes in their order. `None` for types that have none.
fn rows_as_bytes(array: &ArrayRef) -> Option<ArrayRef> {
    // Nulls last, as among keys themselves.
    let options = SortOptions { descending: false, nulls_first: false };
    let field = SortField::new_with_options(array.data_type().clone(), options);
    let converter = RowConverter::new(vec![field]).ok()?;
    let rows = converter.convert_columns(std::slice::from_ref(array)).ok()?;
    Some(std::sync::Arc::new(rows.try_into_binary().ok()?))
}

fn offsets<W: KeyVisitor, O: ArrowNativeType>(work: W, offsets: &[O], data: &[u8]) -> W::Outcome {
    work.bytes(|row| &data[offsets[row].as_usize()..offsets[row + 1].as_usize()])
}

/// One zero, and one NaN, which is above everything.
fn float(value: f64) -> u64 {
    let value = if value.is_nan() { f64::NAN } else { value + 0.0 };
    value.key() as u64 ^ (1 << 63)
}
