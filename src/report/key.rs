//! The keys of groups as values that JSON, Python and people know.

use std::borrow::Cow;

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::DataType;
use arrow_select::take::take;

use crate::error::{Error, Result};

/// One key.
#[derive(Clone, Debug, PartialEq)]
pub enum Key<'a> {
    /// No value: a group of its own.
    Null,
    /// true or false.
    Bool(bool),
    /// Any integer.
    Integer(i128),
    /// A float.
    Float(f64),
    /// Text, as it is.
    Text(Cow<'a, str>),
    /// A date, as ISO 8601 has it.
    Date(Cow<'a, str>),
    /// A time of day, as ISO 8601 has it.
    Time(Cow<'a, str>),
    /// A date and a time, as ISO 8601 has it: with `+00:00` if it is of a time zone.
    Timestamp(Cow<'a, str>),
    /// A decimal, with all its digits.
    Decimal(Cow<'a, str>),
    /// Anything else, as Arrow prints it; bytes are hexadecimal.
    Other(Cow<'a, str>),
}

/// Columns of keys, read row by row.
pub struct Keys {
    columns: Vec<Column>,
}

struct Column {
    name: String,
    array: ArrayRef,
    /// Timestamps of a time zone, held as those of UTC: the zone's name need not be known here.
    zoned: bool,
}

impl Keys {
    /// The columns of `keys`.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for dictionaries whose keys lead nowhere.
    pub fn new(keys: &RecordBatch) -> Result<Self> {
        let schema = keys.schema();
        let columns = schema.fields().iter().zip(keys.columns()).map(|(field, column)| {
            let name = field.name().clone();
            let array = plain(&name, column)?;
            let DataType::Timestamp(unit, Some(_)) = *array.data_type() else {
                return Ok(Column { name, array, zoned: false });
            };
            let instants = arrow_cast::cast(&array, &DataType::Int64)
                .and_then(|instants| arrow_cast::cast(&instants, &DataType::Timestamp(unit, None)));
            match instants {
                Ok(array) => Ok(Column { name, array, zoned: true }),
                Err(error) => Err(Error::Data(format!("keys '{name}': {error}"))),
            }
        });
        Ok(Self { columns: columns.collect::<Result<_>>()? })
    }

    /// The columns' names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// The number of columns.
    pub fn columns(&self) -> usize {
        self.columns.len()
    }

    /// The keys of one row, with their names.
    pub fn row(&self, row: usize) -> impl Iterator<Item = (&str, Key<'_>)> {
        self.columns.iter().map(move |column| (column.name.as_str(), key(column, row)))
    }
}

/// Keys without the form they are stored in: dictionaries and runs as what they stand for.
pub(super) fn plain(name: &str, column: &ArrayRef) -> Result<ArrayRef> {
    let values = match column.data_type() {
        DataType::Dictionary(..) => {
            let dictionary = column.as_any_dictionary();
            take(dictionary.values(), dictionary.keys(), None)
        }
        DataType::RunEndEncoded(_, values) => arrow_cast::cast(column, values.data_type()),
        _ => return Ok(column.clone()),
    };
    values.map_err(|error| Error::Data(format!("keys '{name}': {error}")))
}

/// The value of a row.
fn key(column: &Column, row: usize) -> Key<'_> {
    let Column { array: column, zoned, .. } = column;
    if column.is_null(row) {
        return Key::Null;
    }
    macro_rules! integer {
        ($type:ty) => {
            Key::Integer(column.as_primitive::<$type>().value(row).into())
        };
    }
    match column.data_type() {
        DataType::Boolean => Key::Bool(column.as_boolean().value(row)),
        DataType::Int8 => integer!(Int8Type),
        DataType::Int16 => integer!(Int16Type),
        DataType::Int32 => integer!(Int32Type),
        DataType::Int64 => integer!(Int64Type),
        DataType::UInt8 => integer!(UInt8Type),
        DataType::UInt16 => integer!(UInt16Type),
        DataType::UInt32 => integer!(UInt32Type),
        DataType::UInt64 => integer!(UInt64Type),
        DataType::Float64 => Key::Float(column.as_primitive::<Float64Type>().value(row)),
        DataType::Float32 => Key::Float(column.as_primitive::<Float32Type>().value(row).into()),
        DataType::Float16 => Key::Float(column.as_primitive::<Float16Type>().value(row).into()),
        DataType::Utf8 => Key::Text(column.as_string::<i32>().value(row).into()),
        DataType::LargeUtf8 => Key::Text(column.as_string::<i64>().value(row).into()),
        DataType::Utf8View => Key::Text(column.as_string_view().value(row).into()),
        DataType::Timestamp(..) if *zoned => Key::Timestamp((text(column, row) + "+00:00").into()),
        DataType::Timestamp(..) => Key::Timestamp(text(column, row).into()),
        DataType::Date32 => Key::Date(text(column, row).into()),
        DataType::Date64 => Key::Date(text(column, row).chars().take_while(|c| *c != 'T').collect()),
        DataType::Time32(_) | DataType::Time64(_) => Key::Time(text(column, row).into()),
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..) => {
            Key::Decimal(text(column, row).into())
        }
        _ => Key::Other(text(column, row).into()),
    }
}

fn text(column: &dyn Array, row: usize) -> String {
    let formatter = ArrayFormatter::try_new(column, &FormatOptions::default());
    formatter.and_then(|formatter| formatter.value(row).try_to_string()).unwrap_or_else(|error| error.to_string())
}

impl std::fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => f.pad("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Float(value) => f.pad(&super::number::any_number(*value)),
            Self::Text(text)
            | Self::Date(text)
            | Self::Time(text)
            | Self::Timestamp(text)
            | Self::Decimal(text)
            | Self::Other(text) => f.pad(text),
        }
    }
}
