//! The keys of groups as values that JSON, Python and people know.

use std::borrow::Cow;
use std::collections::HashMap;

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_row::{RowConverter, SortField};
use arrow_schema::{DataType, FieldRef, SortOptions, TimeUnit};
use arrow_select::take::take;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::escape::shown;

/// What is beside each other in a list of values with their counts.
pub const COUNTED: [&str; 2] = ["value", "count"];

/// The two lists of a histogram.
pub const HISTOGRAM: [&str; 2] = ["edges", "counts"];

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// One key.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
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
    /// A date, as ISO 8601 has it: with a sign before a year that has not four digits.
    Date(Cow<'a, str>),
    /// A time of day, as ISO 8601 has it; what lies outside of a day is a number of units.
    Time(Cow<'a, str>),
    /// A date and a time, as ISO 8601 has it: with `+00:00` if it is of a time zone.
    Timestamp(Cow<'a, str>),
    /// A span of time: a number of units.
    Duration(i64, TimeUnit),
    /// A decimal, with all its digits.
    Decimal(Cow<'a, str>),
    /// Anything else, as Arrow prints it; bytes are hexadecimal.
    Other(Cow<'a, str>),
    /// An answer: values, each with how often it is there.
    Counted(Vec<(Key<'a>, u64)>),
    /// An answer: a histogram of values that are no floats, such as times.
    Histogram {
        /// The edges of the bins, ascending: one more than there are bins.
        edges: Vec<Key<'a>>,
        /// How many values are in each bin.
        counts: Vec<u64>,
    },
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
    /// How the keys are shown, where that is not by their type.
    texts: Option<StringArray>,
}

impl Keys {
    /// The columns of `keys`.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for dictionaries whose keys lead nowhere.
    pub(crate) fn new(keys: &RecordBatch, texts: &HashMap<usize, StringArray>) -> Result<Self> {
        let schema = keys.schema();
        let columns = schema.fields().iter().zip(keys.columns()).enumerate().map(|(index, (field, column))| {
            let texts = texts.get(&index).cloned();
            let name = field.name().clone();
            let array = plain(&name, column)?;
            let DataType::Timestamp(unit, Some(_)) = *array.data_type() else {
                return Ok(Column { name, array, zoned: false, texts });
            };
            let instants = arrow_cast::cast(&array, &DataType::Int64)
                .and_then(|instants| arrow_cast::cast(&instants, &DataType::Timestamp(unit, None)));
            match instants {
                Ok(array) => Ok(Column { name, array, zoned: true, texts }),
                Err(error) => Err(Error::Data(format!("keys '{name}': {error}"))),
            }
        });
        Ok(Self { columns: columns.collect::<Result<_>>()? })
    }

    /// The columns of any table.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for dictionaries whose keys lead nowhere.
    pub fn of(table: &RecordBatch) -> Result<Self> {
        Self::new(table, &HashMap::new())
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
pub(crate) fn plain(name: &str, column: &ArrayRef) -> Result<ArrayRef> {
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

/// Makes bytes of keys of these columns that are in the order of the keys, null last.
///
/// # Errors
///
/// [`Error::Data`] for a type whose values have no order.
pub(crate) fn encoder(fields: &[FieldRef]) -> Result<RowConverter> {
    let options = SortOptions { descending: false, nulls_first: false };
    let fields = fields.iter().map(|field| SortField::new_with_options(field.data_type().clone(), options));
    RowConverter::new(fields.collect()).map_err(|error| Error::Data(format!("keys: {error}")))
}

/// The value of a row.
fn key(column: &Column, row: usize) -> Key<'_> {
    let Column { array: column, zoned, texts, .. } = column;
    // An array of nulls has no validity that would say so.
    if *column.data_type() == DataType::Null || column.is_null(row) {
        return Key::Null;
    }
    if let Some(texts) = texts {
        return Key::Other(texts.value(row).into());
    }
    macro_rules! integer {
        ($type:ty) => {
            Key::Integer(column.as_primitive::<$type>().value(row).into())
        };
    }
    macro_rules! duration {
        ($type:ty, $unit:expr) => {
            Key::Duration(column.as_primitive::<$type>().value(row), $unit)
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
        DataType::Date64 => match column.as_primitive::<Date64Type>().value(row) % DAY {
            0 => Key::Date(text(column, row).chars().take_while(|c| *c != 'T').collect()),
            _ => Key::Timestamp(text(column, row).into()),
        },
        DataType::Time32(_) | DataType::Time64(_) => Key::Time(text(column, row).into()),
        DataType::Duration(unit @ TimeUnit::Second) => duration!(DurationSecondType, *unit),
        DataType::Duration(unit @ TimeUnit::Millisecond) => duration!(DurationMillisecondType, *unit),
        DataType::Duration(unit @ TimeUnit::Microsecond) => duration!(DurationMicrosecondType, *unit),
        DataType::Duration(unit @ TimeUnit::Nanosecond) => duration!(DurationNanosecondType, *unit),
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..) => {
            Key::Decimal(text(column, row).into())
        }
        _ => answer(column, row).unwrap_or_else(|| Key::Other(text(column, row).into())),
    }
}

/// The list or the struct of an answer: see `describe::kinds`.
fn answer(column: &ArrayRef, row: usize) -> Option<Key<'static>> {
    let counts = |array: &ArrayRef| Some(array.as_primitive_opt::<UInt64Type>()?.values().to_vec());
    let (first, second) = match column.data_type() {
        DataType::List(_) => {
            let list = column.as_list::<i32>().value(row);
            let list = list.as_struct_opt().filter(|list| list.column_names() == COUNTED)?;
            (list.column(0).clone(), list.column(1).clone())
        }
        DataType::Struct(_) => {
            let histogram = column.as_struct();
            if histogram.column_names() != HISTOGRAM {
                return None;
            }
            let list = |index: usize| Some(histogram.column(index).as_list_opt::<i32>()?.value(row));
            (list(0)?, list(1)?)
        }
        _ => return None,
    };
    let counts = counts(&second)?;
    let table = RecordBatch::try_from_iter([("", first)]).ok()?;
    let values = Keys::of(&table).ok()?;
    let values = (0..table.num_rows()).filter_map(|row| values.row(row).next().map(|(_, value)| value.into_owned()));
    Some(match column.data_type() {
        DataType::List(_) => Key::Counted(values.zip(counts).collect()),
        _ => Key::Histogram { edges: values.collect(), counts },
    })
}

/// A value as Arrow prints it, or, where its calendar does not go so far, by the one below: what is different is printed differently.
fn text(column: &dyn Array, row: usize) -> String {
    let formatter = ArrayFormatter::try_new(column, &FormatOptions::default());
    let printed = formatter.and_then(|formatter| formatter.value(row).try_to_string());
    match printed {
        Ok(text) => text,
        printed => beyond(column, row).unwrap_or_else(|| printed.unwrap_or_else(|error| error.to_string())),
    }
}

/// A point in time far away, in the proleptic Gregorian calendar, or a time of day outside of it as a number of units.
fn beyond(column: &dyn Array, row: usize) -> Option<String> {
    let ticks = arrow_cast::cast(&column.slice(row, 1), &DataType::Int64).ok()?;
    let ticks = ticks.as_primitive::<Int64Type>().value(0);
    let name = |unit: TimeUnit| match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
    };
    Some(match *column.data_type() {
        DataType::Date32 => date(ticks),
        DataType::Date64 => timestamp(ticks, TimeUnit::Millisecond),
        DataType::Timestamp(unit, _) => timestamp(ticks, unit),
        DataType::Time32(unit) | DataType::Time64(unit) => format!("{ticks} {}", name(unit)),
        _ => return None,
    })
}

/// The units in a second, and the digits that they have after the point of one.
fn second(unit: TimeUnit) -> (i64, usize) {
    match unit {
        TimeUnit::Second => (1, 0),
        TimeUnit::Millisecond => (1_000, 3),
        TimeUnit::Microsecond => (1_000_000, 6),
        TimeUnit::Nanosecond => (1_000_000_000, 9),
    }
}

/// A span of time: its sign, days, hours, minutes, seconds, and the fraction of a second with its point, without zeros at its end.
fn parts(ticks: i64, unit: TimeUnit) -> (&'static str, [u64; 4], String) {
    let (second, digits) = second(unit);
    let (seconds, fraction) = (ticks.unsigned_abs() / second as u64, ticks.unsigned_abs() % second as u64);
    let parts = [seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60];
    let fraction = if fraction == 0 { String::new() } else { format!(".{fraction:0digits$}") };
    (if ticks < 0 { "-" } else { "" }, parts, fraction.trim_end_matches('0').to_owned())
}

/// A span of time as ISO 8601 has it: `P1DT2H3M4.5S`, `PT0S`, `-PT0.001S`.
pub(crate) fn iso_duration(ticks: i64, unit: TimeUnit) -> String {
    let (sign, [days, hours, minutes, seconds], fraction) = parts(ticks, unit);
    let part = |number: u64, letter: char| if number == 0 { String::new() } else { format!("{number}{letter}") };
    let seconds = if seconds == 0 && fraction.is_empty() { String::new() } else { format!("{seconds}{fraction}S") };
    let clock = part(hours, 'H') + &part(minutes, 'M') + &seconds;
    match (part(days, 'D'), clock.is_empty()) {
        (days, true) if days.is_empty() => "PT0S".to_owned(),
        (days, true) => format!("{sign}P{days}"),
        (days, false) => format!("{sign}P{days}T{clock}"),
    }
}

/// A span of time for people: `1 d 02:03:04.5`.
fn readable_duration(ticks: i64, unit: TimeUnit) -> String {
    let (sign, [days, hours, minutes, seconds], fraction) = parts(ticks, unit);
    match days {
        0 => format!("{sign}{hours:02}:{minutes:02}:{seconds:02}{fraction}"),
        _ if hours + minutes + seconds == 0 && fraction.is_empty() => format!("{sign}{days} d"),
        _ => format!("{sign}{days} d {hours:02}:{minutes:02}:{seconds:02}{fraction}"),
    }
}

/// A point in time as ISO 8601 has it.
pub(crate) fn timestamp(ticks: i64, unit: TimeUnit) -> String {
    let (second, digits) = second(unit);
    let (seconds, fraction) = (ticks.div_euclid(second), ticks.rem_euclid(second));
    let (day, clock) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (hours, minutes, seconds) = (clock / 3_600, clock / 60 % 60, clock % 60);
    let whole = format!("{}T{hours:02}:{minutes:02}:{seconds:02}", date(day));
    if fraction == 0 { whole } else { format!("{whole}.{fraction:0digits$}") }
}

/// The date `days` days after 1970-01-01.
fn date(day: i64) -> String {
    // Years that begin with March end with the leap day; 400 of them have 146,097 days. Day 0 is 0000-03-01.
    let day = i128::from(day) + 719_468;
    let (era, day) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // Their months have 31, 30, 31, 30, 31 days, over and over.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = 400 * era + year + i128::from(month <= 2);
    match year {
        0..=9_999 => format!("{year:04}-{month:02}-{day:02}"),
        _ => format!("{year:+05}-{month:02}-{day:02}"),
    }
}

#[derive(Serialize)]
struct CountedJson {
    value: Option<String>,
    count: u64,
}

#[derive(Serialize)]
struct HistogramJson<'a> {
    edges: Vec<Option<String>>,
    counts: &'a [u64],
}

impl Key<'_> {
    /// The same, of which nothing is borrowed.
    fn into_owned(self) -> Key<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        match self {
            Self::Null => Key::Null,
            Self::Bool(value) => Key::Bool(value),
            Self::Integer(value) => Key::Integer(value),
            Self::Float(value) => Key::Float(value),
            Self::Text(text) => Key::Text(owned(text)),
            Self::Date(text) => Key::Date(owned(text)),
            Self::Time(text) => Key::Time(owned(text)),
            Self::Timestamp(text) => Key::Timestamp(owned(text)),
            Self::Duration(ticks, unit) => Key::Duration(ticks, unit),
            Self::Decimal(text) => Key::Decimal(owned(text)),
            Self::Other(text) => Key::Other(owned(text)),
            Self::Counted(values) => {
                Key::Counted(values.into_iter().map(|(value, count)| (value.into_owned(), count)).collect())
            }
            Self::Histogram { edges, counts } => {
                Key::Histogram { edges: edges.into_iter().map(Key::into_owned).collect(), counts }
            }
        }
    }

    /// The value as text that programs read: as it is displayed, but durations as ISO 8601 has them, and what is made of several values as
    /// JSON has it. `None` for null.
    pub fn iso(&self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Counted(values) => {
                let values = values.iter().map(|(value, count)| CountedJson { value: value.iso(), count: *count });
                serde_json::to_string(&values.collect::<Vec<_>>()).ok()
            }
            Self::Histogram { edges, counts } => {
                serde_json::to_string(&HistogramJson { edges: edges.iter().map(Key::iso).collect(), counts }).ok()
            }
            Self::Duration(ticks, unit) => Some(iso_duration(*ticks, *unit)),
            value => Some(value.to_string()),
        }
    }
}

/// The most characters of a text among others.
const VALUE: usize = 24;

/// For people: durations as `1 d 02:03:04.5`, values with their counts as `a ×3, b ×2`.
impl std::fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => f.pad("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Float(value) => f.pad(&crate::num::text::any_number(*value)),
            Self::Duration(ticks, unit) => f.pad(&readable_duration(*ticks, *unit)),
            Self::Text(text)
            | Self::Date(text)
            | Self::Time(text)
            | Self::Timestamp(text)
            | Self::Decimal(text)
            | Self::Other(text) => f.pad(text),
            Self::Counted(values) => {
                let each = values.iter().map(|(value, count)| format!("{} ×{count}", shown(&value.to_string(), VALUE)));
                f.pad(&each.collect::<Vec<_>>().join(", "))
            }
            Self::Histogram { counts, .. } => write!(f, "{} bins", counts.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::*;
    use std::sync::Arc;

    fn texts(array: impl Array + 'static) -> Vec<String> {
        let batch = RecordBatch::try_from_iter([("k", Arc::new(array) as ArrayRef)]).unwrap();
        let keys = Keys::new(&batch, &HashMap::new()).unwrap();
        (0..batch.num_rows()).map(|row| keys.row(row).next().unwrap().1.to_string()).collect()
    }

    #[test]
    fn the_calendar_goes_on_where_that_of_arrow_ends() {
        // Arrow prints what it can.
        for day in [-719_162, -1, 0, 59, 11_016, 20_784, 2_932_896] {
            assert_eq!(date(day), texts(Date32Array::from(vec![day as i32]))[0]);
        }
        assert_eq!(date(2_932_897), "+10000-01-01");
        assert_eq!(date(-719_529), "-0001-12-31");
        assert_eq!(timestamp(-1, TimeUnit::Millisecond), "1969-12-31T23:59:59.999");
    }

    #[test]
    fn keys_beyond_the_calendar_differ() {
        let seconds = TimestampSecondArray::from(vec![i64::MAX, i64::MAX - 1, i64::MIN, 0]);
        assert_eq!(
            texts(seconds),
            [
                "+292277026596-12-04T15:30:07",
                "+292277026596-12-04T15:30:06",
                "-292277022657-01-27T08:29:52",
                "1970-01-01T00:00:00"
            ]
        );
        assert_eq!(texts(Date32Array::from(vec![i32::MAX, i32::MIN])), ["+5881580-07-11", "-5877641-06-23"]);
        // Dates in milliseconds need not be whole days.
        let days = texts(Date64Array::from(vec![i64::MAX, i64::MAX - 1, i64::MAX - i64::MAX % DAY, DAY, DAY + 1]));
        assert_eq!(days[0], "+292278994-08-17T07:12:55.807");
        assert_eq!(days[1], "+292278994-08-17T07:12:55.806");
        assert_eq!(days[2..], ["+292278994-08-17", "1970-01-02", "1970-01-02T00:00:00.001"]);
        let durations = texts(DurationSecondArray::from(vec![i64::MAX, i64::MAX - 1]));
        assert_ne!(durations[0], durations[1]);
    }

    #[test]
    fn durations_for_people_and_programs() {
        let milliseconds = DurationMillisecondArray::from(vec![0, 1, -1_500, 93_784_005, 86_400_000, i64::MIN]);
        let iso: Vec<String> =
            milliseconds.values().iter().map(|&ticks| iso_duration(ticks, TimeUnit::Millisecond)).collect();
        let expected = ["PT0S", "PT0.001S", "-PT1.5S", "P1DT2H3M4.005S", "P1D", "-P106751991167DT7H12M55.808S"];
        assert_eq!(iso, expected);
        let expected =
            ["00:00:00", "00:00:00.001", "-00:00:01.5", "1 d 02:03:04.005", "1 d", "-106751991167 d 07:12:55.808"];
        assert_eq!(texts(milliseconds), expected);
    }

    #[test]
    fn times_outside_of_a_day_are_units() {
        let times = texts(Time32SecondArray::from(vec![86_400, -5]));
        assert_eq!(times, ["86400 s", "-5 s"]);
        assert_eq!(texts(NullArray::new(2)), ["null", "null"]);
    }
}
