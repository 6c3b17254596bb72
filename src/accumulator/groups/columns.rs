//! The columns of rows that are held: each kind of values in types of its own, which every part has alike.
//!
//! | values | held as |
//! | --- | --- |
//! | numbers | floats or integers of 64 bits, decimals as they are |
//! | booleans that are described as numbers | `UInt8` |
//! | other booleans | `Boolean` |
//! | times | their type |
//! | text, bytes | `LargeUtf8`, `LargeBinary`; the values of an enum, in their order, are in the metadata of its field |
//! | others | structs of nothing, which are null or not |
//! | no type yet | `Null` |

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, BinaryArray, DictionaryArray, Int32Array, LargeStringArray, NullArray, StringArray, StructArray,
};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType, Field, FieldRef};
use arrow_select::concat::concat;

use crate::accumulator::others::order_of;
use crate::describe::{TypedColumn, check_texts, in_bytes, is_text};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::keys::plain;
use crate::series::exact_cast::{exactly, strict_cast};
use crate::series::key::values_type;
use crate::series::series_kind::SeriesKind;
use crate::series::{Repr, Series};

/// What the metadata of the field of an enum has the list of its values under.
pub(super) const ORDER: &str = "rstats.order";

/// The list of an enum of which no row has come yet.
pub(super) const NO_VALUES: &str = "[]";

pub(super) fn failed(error: ArrowError) -> Error {
    Error::Data(format!("the rows of groups cannot be brought together: {error}"))
}

/// Whether a column that is held is of numbers.
pub(super) fn is_number(field: &Field) -> bool {
    SeriesKind::from_field(field) == SeriesKind::Number
}

/// The values of a series as they are held.
pub(super) fn held_numbers(series: &Series) -> Result<(FieldRef, ArrayRef)> {
    let (name, values) = (series.name().unwrap_or_default(), series.whole()?.to_array()?);
    let values = match (series.is_boolean(), series.repr()) {
        (true, _) => booleans_as_numbers(&plain(name, &values)?)?,
        (_, Repr::Exact) => plain(name, &values)?,
        (_, Repr::Float) => exactly(&values, &DataType::Float64).map_err(Error::Data)?,
        (_, Repr::Signed) => exactly(&values, &DataType::Int64).map_err(Error::Data)?,
        (_, Repr::Unsigned) => exactly(&values, &DataType::UInt64).map_err(Error::Data)?,
    };
    Ok((Arc::new(Field::new(name, values.data_type().clone(), true)), values))
}

/// Booleans that are described as numbers, as they are held.
pub(super) fn booleans_as_numbers(values: &ArrayRef) -> Result<ArrayRef> {
    strict_cast(values, &DataType::UInt8).map_err(failed)
}

/// A column of numbers that is held, as a series.
pub(super) fn series(field: &Field, values: &ArrayRef) -> Result<Series> {
    let values = match field.data_type() {
        DataType::UInt8 => strict_cast(values, &DataType::Boolean).map_err(failed)?,
        _ => values.clone(),
    };
    Series::from_arrays(Some(field.name().clone()), vec![values])
}

/// The values of a column that holds no numbers, as they are held.
pub(super) fn held_others(column: &TypedColumn, interrupt: &Interrupt) -> Result<(FieldRef, ArrayRef)> {
    check_texts(column, interrupt)?;
    let data_type = column.field.data_type();
    let held = |chunk: &ArrayRef| -> std::result::Result<ArrayRef, ArrowError> {
        match column.kind() {
            _ if *data_type == DataType::Null => Ok(Arc::new(NullArray::new(chunk.len()))),
            SeriesKind::Time => strict_cast(chunk, values_type(data_type)),
            SeriesKind::Boolean => strict_cast(chunk, &DataType::Boolean),
            SeriesKind::Text => {
                let bytes = cast(&in_bytes(chunk)?, &DataType::LargeBinary)?;
                match is_text(data_type) {
                    true => Ok(Arc::new(LargeStringArray::try_from_binary(bytes.as_binary().clone())?)),
                    false => Ok(bytes),
                }
            }
            SeriesKind::Number | SeriesKind::Other => {
                Ok(Arc::new(StructArray::new_empty_fields(chunk.len(), chunk.logical_nulls())))
            }
        }
    };
    let chunks = column.chunks.iter().map(held).collect::<std::result::Result<Vec<_>, _>>();
    let chunks = chunks.map_err(|error| column.failed(error))?;
    let values = match &chunks[..] {
        [] => held(&arrow_array::new_empty_array(data_type)),
        [chunk] => Ok(chunk.clone()),
        chunks => concat(&chunks.iter().map(AsRef::as_ref).collect::<Vec<_>>()),
    };
    let values = values.map_err(|error| column.failed(error))?;
    let mut field = Field::new(column.name.as_deref().unwrap_or_default(), values.data_type().clone(), true);
    if let Some(order) = order_of(column)? {
        let order = serde_json::to_string(&order).map_err(|error| column.failed(error))?;
        field.set_metadata(HashMap::from([(ORDER.to_owned(), order)]));
    }
    Ok((Arc::new(field), values))
}

/// The type that the answers for values that are held are described by.
pub(super) fn described_type(held: &DataType) -> DataType {
    match held {
        DataType::LargeUtf8 => DataType::Utf8,
        DataType::LargeBinary => DataType::Binary,
        data_type => data_type.clone(),
    }
}

/// A column that is held and holds no numbers, as it is described.
fn typed_column(field: &Field, values: &ArrayRef) -> Result<TypedColumn> {
    let data_type = described_type(field.data_type());
    let (field, values) = match field.metadata().get(ORDER) {
        Some(order) => {
            let values = as_enum(values, order, &data_type).map_err(failed)?;
            let field = Field::new(field.name(), values.data_type().clone(), true);
            (field.with_dict_is_ordered(true), values)
        }
        None if *field.data_type() == DataType::LargeUtf8 => {
            let bytes = cast(values, &DataType::LargeBinary).map_err(failed)?;
            (Field::new(field.name(), data_type, true), bytes)
        }
        None => (Field::new(field.name(), data_type, true), values.clone()),
    };
    Ok(TypedColumn { name: Some(field.name().clone()), field: Arc::new(field), chunks: vec![values] })
}

/// Columns that are held, as they are described: those of numbers, and the others.
pub(super) fn described<'a>(
    columns: impl Iterator<Item = (&'a FieldRef, &'a ArrayRef)>,
) -> Result<(Vec<Series>, Vec<TypedColumn>)> {
    let (mut numbers, mut others) = (Vec::new(), Vec::new());
    for (field, values) in columns {
        match is_number(field) {
            true => numbers.push(series(field, values)?),
            false => others.push(typed_column(field, values)?),
        }
    }
    Ok((numbers, others))
}

/// Values of an enum whose list, in its order, this is.
fn as_enum(values: &ArrayRef, order: &str, data_type: &DataType) -> std::result::Result<ArrayRef, ArrowError> {
    let wrong = || ArrowError::InvalidArgumentError("an enum has values that its list has not".to_owned());
    let order: Vec<Vec<u8>> = serde_json::from_str(order).map_err(|_| wrong())?;
    let places: HashMap<&[u8], i32> = order.iter().map(Vec::as_slice).zip(0..).collect();
    let values = cast(values, &DataType::LargeBinary)?;
    let values = values.as_binary::<i64>().iter();
    let keys = values.map(|value| value.map(|value| places.get(value).copied().ok_or_else(wrong)).transpose());
    let keys = keys.collect::<std::result::Result<Int32Array, _>>()?;
    let list = BinaryArray::from_iter_values(&order);
    let list: ArrayRef = match is_text(data_type) {
        true => Arc::new(StringArray::try_from_binary(list)?),
        false => Arc::new(list),
    };
    Ok(Arc::new(DictionaryArray::try_new(keys, list)?))
}
