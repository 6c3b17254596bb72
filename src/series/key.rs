//! Columns of keys: of each row a code, by which equal keys are found and ordered.
//!
//! Where a key has 64 bits or fewer, its code is the key itself, in its order. Where it has more (text, bytes, wide
//! decimals), it is bytes in the order of the keys.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, ArrayRef, GenericBinaryArray, OffsetSizeTrait, UInt32Array, make_array};
use arrow_buffer::NullBuffer;
use arrow_row::{RowConverter, SortField};
use arrow_schema::{DataType, FieldRef, SortOptions};
use arrow_select::take::take;

use crate::arch::key::Keyed;
use crate::error::{Error, Result};
use crate::series::type_names::type_text;

/// Work on the codes of a column, of whichever kind they are.
pub trait KeyVisitor {
    /// What comes of it.
    type Outcome;

    /// Codes that are the keys, in their order.
    fn exact(self, code: impl Fn(usize) -> u64 + Copy + Sync) -> Self::Outcome;

    /// Bytes that are the keys, in their order.
    fn bytes<'a>(self, bytes: impl Fn(usize) -> &'a [u8] + Copy + Sync) -> Self::Outcome;
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
                let ranks: ArrayRef = Arc::new(UInt32Array::from(ranks));
                take(&ranks, dictionary.keys(), Some(arrow_select::take::TakeOptions { check_bounds: true }))
                    .map_err(|error| Error::Data(format!("keys '{name}': damaged dictionary: {error}")))?
            }
            DataType::RunEndEncoded(_, values) => arrow_cast::cast(&array, values.data_type())
                .map_err(|error| Error::Data(format!("keys '{name}': {error}")))?,
            _ => array.clone(),
        };
        let codes = compared(&codes)
            .ok_or_else(|| Error::NoKey { name: name.clone(), data_type: type_text(array.data_type()) })?;
        Ok(Self { field, array, codes, nulls })
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.array.len()
    }

    /// Which rows have a key, if some have none.
    pub fn nulls(&self) -> Option<&NullBuffer> {
        self.nulls.as_ref()
    }

    /// Does the work on the codes; where a row has no key, its code means nothing.
    pub fn visit<W: KeyVisitor>(&self, work: W) -> W::Outcome {
        let array = &self.codes;
        macro_rules! numbers {
            ($type:ty, $code:expr) => {{
                let values: &[_] = array.as_primitive::<$type>().values();
                work.exact(move |row| $code(values[row]))
            }};
        }
        match array.data_type() {
            DataType::Null => work.exact(|_| 0),
            DataType::Boolean => {
                let values = array.as_boolean();
                work.exact(|row| values.value(row).into())
            }
            DataType::Int32 => numbers!(Int32Type, |value| signed(i64::from(value))),
            DataType::Int64 => numbers!(Int64Type, signed),
            DataType::UInt32 => numbers!(UInt32Type, u64::from),
            DataType::UInt64 => numbers!(UInt64Type, |value| value),
            DataType::Float32 => numbers!(Float32Type, |value| float(f64::from(value))),
            DataType::Float64 => numbers!(Float64Type, float),
            DataType::Binary => offsets(work, array.as_binary::<i32>()),
            DataType::LargeBinary => offsets(work, array.as_binary::<i64>()),
            // `compared` leaves only this one.
            _ => {
                let values = array.as_binary_view();
                work.bytes(|row| values.value(row))
            }
        }
    }
}

/// The same keys as one of the few types that work is compiled for. `None` for types whose values have no order.
fn compared(array: &ArrayRef) -> Option<ArrayRef> {
    use arrow_schema::IntervalUnit::DayTime;
    let as_type = |data_type: DataType| arrow_cast::cast(array, &data_type).ok();
    match array.data_type() {
        DataType::Int8 | DataType::Int16 => as_type(DataType::Int32),
        DataType::UInt8 | DataType::UInt16 => as_type(DataType::UInt32),
        DataType::Float16 => as_type(DataType::Float32),
        DataType::Utf8 | DataType::FixedSizeBinary(_) => as_type(DataType::Binary),
        DataType::LargeUtf8 => as_type(DataType::LargeBinary),
        DataType::Utf8View => as_type(DataType::BinaryView),
        DataType::Null | DataType::Boolean | DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            Some(array.clone())
        }
        DataType::UInt32 | DataType::UInt64 | DataType::Float32 | DataType::Float64 => Some(array.clone()),
        // Its days and milliseconds are not one number.
        DataType::Interval(DayTime) => rows_as_bytes(array),
        data_type => match data_type.primitive_width() {
            Some(4) => seen_as(array, &DataType::Int32),
            Some(8) => seen_as(array, &DataType::Int64),
            _ => rows_as_bytes(array),
        },
    }
}

/// The type of what a dictionary or runs stand for.
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
    use arrow_array::{BooleanArray, Float64Array, Int32Array, Int64Array, UInt64Array, new_null_array};

    let signed = || codes.iter().map(|code| code.map(|code| (code ^ 1 << 63) as i64));
    let floats = || signed().map(|code| code.map(f64::from_key));
    let width = data_type.primitive_width();
    let keys: ArrayRef = match data_type {
        DataType::Null => return Ok(new_null_array(data_type, codes.len())),
        DataType::Boolean => Arc::new(codes.iter().map(|code| code.map(|code| code == 1)).collect::<BooleanArray>()),
        data_type if data_type.is_floating() => Arc::new(floats().collect::<Float64Array>()),
        data_type if data_type.is_unsigned_integer() => Arc::new(codes.iter().copied().collect::<UInt64Array>()),
        data_type if data_type.is_signed_integer() || width == Some(8) => Arc::new(signed().collect::<Int64Array>()),
        _ if width == Some(4) => Arc::new(signed().map(|code| code.map(|code| code as i32)).collect::<Int32Array>()),
        other => return Err(Error::Data(format!("keys of type {other} have no codes of their own"))),
    };
    let keys = match data_type.is_integer() || data_type.is_floating() {
        true => arrow_cast::cast(&keys, data_type).ok(),
        false => seen_as(&keys, data_type),
    };
    keys.ok_or_else(|| Error::Data(format!("keys of type {data_type} have no codes of their own")))
}

/// The same bits as values of another type of their width.
fn seen_as(array: &ArrayRef, data_type: &DataType) -> Option<ArrayRef> {
    array.to_data().into_builder().data_type(data_type.clone()).build().ok().map(make_array)
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

/// Floats with one zero and one NaN, also within structs and lists: which one a key shows must not depend on the order of the rows.
pub(crate) fn one_zero(keys: ArrayRef) -> ArrayRef {
    match keys.data_type() {
        DataType::Float64 => {
            let one = |value: f64| if value.is_nan() { f64::NAN } else { value + 0.0 };
            Arc::new(keys.as_primitive::<Float64Type>().unary::<_, Float64Type>(one))
        }
        DataType::Float32 => {
            let one = |value: f32| if value.is_nan() { f32::NAN } else { value + 0.0 };
            Arc::new(keys.as_primitive::<Float32Type>().unary::<_, Float32Type>(one))
        }
        DataType::Float16 => {
            let one = |value: half::f16| if value.is_nan() { half::f16::NAN } else { value + half::f16::ZERO };
            Arc::new(keys.as_primitive::<Float16Type>().unary::<_, Float16Type>(one))
        }
        data_type if data_type.is_nested() => {
            let data = keys.to_data();
            let inner = data.child_data().iter().map(|inner| one_zero(make_array(inner.clone())).to_data()).collect();
            // It is of the same types and lengths.
            data.into_builder().child_data(inner).build().map_or(keys, make_array)
        }
        _ => keys,
    }
}

/// The values of structs, lists and wide numbers as bytes in their order. `None` for types that have none.
fn rows_as_bytes(array: &ArrayRef) -> Option<ArrayRef> {
    // Nulls last, as among keys themselves.
    let options = SortOptions { descending: false, nulls_first: false };
    let field = SortField::new_with_options(array.data_type().clone(), options);
    let converter = RowConverter::new(vec![field]).ok()?;
    let rows = converter.convert_columns(&[one_zero(array.clone())]).ok()?;
    Some(Arc::new(rows.try_into_binary().ok()?))
}

fn offsets<W: KeyVisitor, O: OffsetSizeTrait>(work: W, array: &GenericBinaryArray<O>) -> W::Outcome {
    let (offsets, bytes) = (array.value_offsets(), array.value_data());
    work.bytes(move |row| &bytes[offsets[row].as_usize()..offsets[row + 1].as_usize()])
}

/// As unsigned, in order.
fn signed(value: i64) -> u64 {
    value as u64 ^ (1 << 63)
}

/// One zero, and one NaN, which is above everything.
fn float(value: f64) -> u64 {
    let value = if value.is_nan() { f64::NAN } else { value + 0.0 };
    value.key() as u64 ^ (1 << 63)
}
