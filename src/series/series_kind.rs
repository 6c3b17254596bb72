//! What kind of values a column holds: what is asked of it follows from that.

use std::fmt;

use arrow_schema::extension::EXTENSION_TYPE_NAME_KEY;
use arrow_schema::{DataType, Field, TimeUnit};

use super::repr::Kind;
use super::table::is_boolean;

/// What kind of values a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SeriesKind {
    /// Integers, floats and decimals.
    Number,
    /// Booleans.
    Boolean,
    /// Dates, times of day, timestamps and durations.
    Time,
    /// Text, and bytes.
    Text,
    /// Anything else: lists, structs, intervals, extension types.
    Other,
}

impl SeriesKind {
    /// Every kind with its name, in the order of every output.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Number, "number"),
        (Self::Boolean, "boolean"),
        (Self::Time, "time"),
        (Self::Text, "text"),
        (Self::Other, "other"),
    ];

    /// The kind of a column. Extension types (periods, tensors, …) are others, whatever they are stored as.
    pub fn from_field(field: &Field) -> Self {
        match field.metadata().contains_key(EXTENSION_TYPE_NAME_KEY) {
            true => Self::Other,
            false => Self::of(field.data_type()),
        }
    }

    /// The kind of a type; dictionaries and runs are of the kind of their values.
    pub fn of(data_type: &DataType) -> Self {
        use DataType::{
            Binary, BinaryView, Date32, Date64, Dictionary, Duration, FixedSizeBinary, LargeBinary, LargeUtf8,
            RunEndEncoded, Time32, Time64, Timestamp, Utf8, Utf8View,
        };
        match data_type {
            Dictionary(_, values) => Self::of(values),
            RunEndEncoded(_, values) => Self::of(values.data_type()),
            Date32 | Date64 | Time32(_) | Time64(_) | Timestamp(..) | Duration(_) => Self::Time,
            Utf8 | LargeUtf8 | Utf8View | Binary | LargeBinary | BinaryView | FixedSizeBinary(_) => Self::Text,
            data_type if is_boolean(data_type) => Self::Boolean,
            data_type if Kind::of(data_type).is_some() => Self::Number,
            _ => Self::Other,
        }
    }

    /// The name in every interface.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// What the columns of this kind are called together.
    pub fn plural(self) -> &'static str {
        ["numbers", "booleans", "times", "texts", "others"][self as usize]
    }
}

impl fmt::Display for SeriesKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A type that holds the times of two types exactly: in the finer unit, instants of several zones in UTC; `None` for other types, and for
/// times of two sorts.
pub(crate) fn joined_times(one: &DataType, other: &DataType) -> Option<DataType> {
    use DataType::{Date32, Date64, Duration, Time32, Time64, Timestamp};
    match (one, other) {
        (Timestamp(first, zone), Timestamp(second, other)) if zone.is_some() == other.is_some() => {
            let zone = if zone == other { zone.clone() } else { Some("UTC".into()) };
            Some(Timestamp(*first.max(second), zone))
        }
        (Time32(first) | Time64(first), Time32(second) | Time64(second)) => match first.max(second) {
            unit @ (TimeUnit::Second | TimeUnit::Millisecond) => Some(Time32(*unit)),
            unit => Some(Time64(*unit)),
        },
        (Duration(first), Duration(second)) => Some(Duration(*first.max(second))),
        (Date32, Date32) => Some(Date32),
        (Date32 | Date64, Date32 | Date64) => Some(Date64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_schema::TimeUnit;

    use super::*;

    #[test]
    fn every_type_is_of_one_kind() {
        let item = Arc::new(Field::new("item", DataType::Int8, true));
        let dictionary = |values| DataType::Dictionary(Box::new(DataType::Int8), Box::new(values));
        for (data_type, kind) in [
            (DataType::Float16, SeriesKind::Number),
            (DataType::Decimal256(76, 2), SeriesKind::Number),
            (dictionary(DataType::Int64), SeriesKind::Number),
            (DataType::Boolean, SeriesKind::Boolean),
            (dictionary(DataType::Boolean), SeriesKind::Boolean),
            (DataType::Date32, SeriesKind::Time),
            (DataType::Duration(TimeUnit::Second), SeriesKind::Time),
            (dictionary(DataType::Date32), SeriesKind::Time),
            (DataType::Utf8View, SeriesKind::Text),
            (DataType::FixedSizeBinary(16), SeriesKind::Text),
            (dictionary(DataType::LargeUtf8), SeriesKind::Text),
            (DataType::Null, SeriesKind::Other),
            (DataType::List(item), SeriesKind::Other),
        ] {
            assert_eq!(SeriesKind::of(&data_type), kind, "{data_type}");
            assert_eq!(SeriesKind::ALL[kind as usize].0, kind);
        }
        let extension = Field::new("p", DataType::Int64, true)
            .with_metadata([(EXTENSION_TYPE_NAME_KEY.to_owned(), "pandas.period".to_owned())].into());
        assert_eq!(SeriesKind::from_field(&extension), SeriesKind::Other);
    }
}
