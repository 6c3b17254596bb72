//! The keys of groups as values that JSON, Python and people know.

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::DataType;
use arrow_select::take::take;

use crate::error::{Error, Result};

/// One key.
#[derive(Clone, Debug, PartialEq)]
pub enum Key {
    /// No value: a group of its own.
    Null,
    /// true or false.
    Bool(bool),
    /// Any integer.
    Integer(i128),
    /// A float.
    Float(f64),
    /// Text, as it is.
    Text(String),
    /// A date, as ISO 8601 has it.
    Date(String),
    /// A time of day, as ISO 8601 has it.
    Time(String),
    /// A date and a time, as ISO 8601 has it: with `+00:00` if it is of a time zone.
    Timestamp(String),
    /// A decimal, with all its digits.
    Decimal(String),
    /// Anything else, as Arrow prints it; bytes are hexadecimal.
    Other(String),
}

/// Columns of keys, read row by row.
pub struct Keys {
    columns: Vec<(String, ArrayRef)>,
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
            let column = match column.as_any_dictionary_opt() {
                Some(dictionary) => take(dictionary.values(), dictionary.keys(), None)
                    .map_err(|error| Error::Data(format!("keys '{}': {error}", field.name())))?,
                None => column.clone(),
            };
            Ok((field.name().clone(), column))
        });
        Ok(Self { columns: columns.collect::<Result<_>>()? })
    }

    /// The number of columns.
    pub fn columns(&self) -> usize {
        self.columns.len()
    }

    /// The keys of one row, with their names.
    pub fn row(&self, row: usize) -> impl Iterator<Item = (&str, Key)> {
        self.columns.iter().map(move |(name, column)| (name.as_str(), key(column, row)))
    }
}

/// The value of a row.
fn key(column: &dyn Array, row: usize) -> Key {
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
        DataType::Utf8 => Key::Text(column.as_string::<i32>().value(row).to_owned()),
        DataType::LargeUtf8 => Key::Text(column.as_string::<i64>().value(row).to_owned()),
        DataType::Utf8View => Key::Text(column.as_string_view().value(row).to_owned()),
        DataType::Timestamp(unit, Some(_)) => {
            // The instant itself, in UTC: the zone's name need not be known here.
            let plain = arrow_cast::cast(&column.slice(row, 1), &DataType::Int64)
                .and_then(|instant| arrow_cast::cast(&instant, &DataType::Timestamp(*unit, None)));
            match plain {
                Ok(plain) => Key::Timestamp(format!("{}+00:00", text(&plain, 0))),
                Err(_) => Key::Other(text(column, row)),
            }
        }
        DataType::Timestamp(_, None) => Key::Timestamp(text(column, row)),
        DataType::Date32 => Key::Date(text(column, row)),
        DataType::Date64 => Key::Date(text(column, row).chars().take_while(|c| *c != 'T').collect()),
        DataType::Time32(_) | DataType::Time64(_) => Key::Time(text(column, row)),
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..) => {
            Key::Decimal(text(column, row))
        }
        _ => Key::Other(text(column, row)),
    }
}

fn text(column: &dyn Array, row: usize) -> String {
    let formatter = ArrayFormatter::try_new(column, &FormatOptions::default());
    formatter.and_then(|formatter| formatter.value(row).try_to_string()).unwrap_or_else(|error| error.to_string())
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => f.pad("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Float(value) => f.pad(&super::json::any_number(*value)),
            Self::Text(text)
            | Self::Date(text)
            | Self::Time(text)
            | Self::Timestamp(text)
            | Self::Decimal(text)
            | Self::Other(text) => f.pad(text),
        }
    }
}
