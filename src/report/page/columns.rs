//! An answer as columns with their groups: what a page reads of it.

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, UInt64Type};
use arrow_array::{Array, ArrayRef};
use arrow_cast::cast;
use arrow_schema::{DataType, TimeUnit};

use super::axis::Axis;
use crate::describe::Part;
use crate::escape::{NAME, shown};
use crate::keys::Key;
use crate::num::figure::Figure;
use crate::report::Report;
use crate::report::part_rows::PartRows;
use crate::report::readable::readable;
use crate::series::series_kind::SeriesKind;
use crate::spec::NanPolicy;

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// A column, and what is known of it: a row, or a row a group.
#[derive(Clone, Debug)]
pub struct Column {
    pub name: String,
    pub kind: SeriesKind,
    pub axis: Axis,
    /// Whether texts are bytes, which are shown in hexadecimal digits.
    pub are_bytes: bool,
    pub rows: Vec<Row>,
}

/// What is known of a column, or of a group of it.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// The keys of the group; nothing for a whole column.
    pub group: String,
    /// All rows, those without a value too.
    pub rows: u64,
    pub count: u64,
    pub null_count: u64,
    pub nan_count: u64,
    pub answers: Vec<Answer>,
    pub histogram: Option<Bins>,
    /// The most frequent values with their counts.
    pub top: Option<Vec<(String, u64)>>,
}

/// A statistic.
#[derive(Clone, Debug)]
pub struct Answer {
    pub name: String,
    /// For people; `None` where it is not defined.
    pub text: Option<String>,
    /// Its place on the axis of the column.
    pub place: Option<f64>,
}

/// A histogram on the axis of its column.
#[derive(Clone, Debug, PartialEq)]
pub struct Bins {
    pub edges: Vec<f64>,
    pub counts: Vec<u64>,
}

impl Row {
    fn answer(&self, name: &str) -> Option<&Answer> {
        self.answers.iter().find(|answer| answer.name == name)
    }

    /// A statistic for people.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.answer(name)?.text.as_deref()
    }

    /// The place of a statistic.
    pub fn place(&self, name: &str) -> Option<f64> {
        self.answer(name)?.place
    }
}

/// The columns of an answer, by their kinds.
pub fn columns_of(report: &Report) -> Vec<Column> {
    let parts = report.parts.iter().flat_map(of_part);
    numbers(report).into_iter().chain(parts).collect()
}

fn name_of(name: Option<&str>) -> String {
    shown(name.unwrap_or("(unnamed)"), NAME).into_owned()
}

/// The keys of a group as one text.
fn group_of<'a>(keys: impl Iterator<Item = (&'a str, Key<'a>)>) -> String {
    keys.map(|(_, key)| value_of(&key)).collect::<Vec<_>>().join(" · ")
}

/// A value for people: what nobody would read to its end is cut, and blanks are seen.
fn value_of(value: &Key<'_>) -> String {
    match value {
        Key::Float(value) => readable(Some(Figure::Float(*value))),
        // Times with a zone are of UTC.
        Key::Timestamp(text) => text.replacen('T', " ", 1).replace("+00:00", ""),
        Key::Text(text) if text.trim().is_empty() => format!("“{}”", shown(text, NAME)),
        value => shown(&value.to_string(), NAME).into_owned(),
    }
}

fn numbers(report: &Report) -> Vec<Column> {
    let series = &report.series;
    let keys = series.read_keys().ok().flatten();
    let row = |place: usize| {
        let [count, null_count, nan_count] = series.counts(place).unwrap_or_default();
        let answers = series.figures(place).map(|(name, figure)| Answer {
            name: name.to_owned(),
            place: figure.map(Figure::nearest),
            text: figure.map(|figure| readable(Some(figure))),
        });
        let histogram = series.histogram(place).map(|bins| Bins { edges: bins.edges, counts: bins.counts });
        let group = keys.as_ref().map_or(String::new(), |keys| group_of(keys.row(series.key_row(place))));
        // What is left out is not counted among the values.
        let apart = if report.spec.nan() == NanPolicy::Omit { nan_count } else { 0 };
        let rows = count + null_count + apart;
        Row { group, rows, count, null_count, nan_count, answers: answers.collect(), histogram, top: None }
    };
    let groups = series.keys().map_or(1, |keys| keys.num_rows()).max(1);
    let starts = (0..series.len()).step_by(groups);
    let column = |start: usize| Column {
        name: name_of(series.column(start)),
        kind: SeriesKind::Number,
        axis: Axis::Number,
        are_bytes: false,
        rows: (start..start + groups).map(row).collect(),
    };
    starts.map(column).collect()
}

fn of_part(part: &Part) -> Vec<Column> {
    let Ok(rows) = PartRows::new(part) else { return Vec::new() };
    let groups = part.keys().map_or(1, |keys| keys.num_rows());
    let column = |(index, (name, answers)): (usize, &(Option<String>, arrow_array::RecordBatch))| {
        let row = |group: usize| {
            let row = index * groups + group;
            let mut found = Row { group: rows.keys(row).map_or(String::new(), group_of), ..Row::default() };
            for ((name, value), array) in rows.answers(row).zip(answers.columns()) {
                let whole = if let Key::Integer(value) = value { u64::try_from(value).unwrap_or_default() } else { 0 };
                match (name, value) {
                    ("count", _) => found.count = whole,
                    ("null_count", _) => found.null_count = whole,
                    (_, Key::Counted(top)) => {
                        found.top = Some(top.into_iter().map(|(value, count)| (value_of(&value), count)).collect());
                    }
                    (_, Key::Histogram { .. }) => found.histogram = histogram(array, group),
                    (name, value) => found.answers.push(Answer {
                        name: name.to_owned(),
                        place: match &value {
                            Key::Integer(value) => Some(*value as f64),
                            Key::Float(value) => Some(*value),
                            _ => seconds(array, group),
                        },
                        text: (value != Key::Null).then(|| value_of(&value)),
                    }),
                }
            }
            found.rows = found.count + found.null_count;
            // What is not defined for the type, such as the sum of dates.
            found.answers.retain(|answer| answer.text.is_some() || found.count == 0);
            found
        };
        let type_of_min = answers.column_by_name("min").map(|min| min.data_type());
        let is_instant = type_of_min.is_some_and(is_instant);
        let are_bytes = type_of_min == Some(&DataType::Binary);
        let axis = match part.kind() {
            SeriesKind::Time if is_instant => Axis::Instant,
            SeriesKind::Time => Axis::Span,
            _ => Axis::Number,
        };
        Column {
            name: name_of(name.as_deref()),
            kind: part.kind(),
            axis,
            are_bytes,
            rows: (0..groups).map(row).collect(),
        }
    };
    part.columns().iter().enumerate().map(column).collect()
}

fn is_instant(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Date32 | DataType::Date64 | DataType::Timestamp(..))
}

/// A time in seconds: since 1970, of the day, or of a duration.
fn seconds(array: &ArrayRef, row: usize) -> Option<f64> {
    let a_second = match array.data_type() {
        DataType::Date32 => 1.0 / DAY,
        DataType::Date64 => 1e3,
        DataType::Timestamp(unit, _) | DataType::Time32(unit) | DataType::Time64(unit) | DataType::Duration(unit) => {
            match unit {
                TimeUnit::Second => 1.0,
                TimeUnit::Millisecond => 1e3,
                TimeUnit::Microsecond => 1e6,
                TimeUnit::Nanosecond => 1e9,
            }
        }
        _ => return None,
    };
    let array = array.slice(row, 1);
    // Arrow has no cast from a time of day of 32 bits to 64.
    let array = if let DataType::Time32(_) = array.data_type() { cast(&array, &DataType::Int32).ok()? } else { array };
    let ticks = cast(&array, &DataType::Int64).ok()?;
    let ticks = ticks.as_primitive::<Int64Type>();
    ticks.is_valid(0).then(|| ticks.value(0) as f64 / a_second)
}

fn histogram(array: &ArrayRef, row: usize) -> Option<Bins> {
    let histogram = array.as_struct_opt()?;
    let edges = histogram.column(0).as_list_opt::<i32>()?.value(row);
    let is_days = *edges.data_type() == DataType::Date32;
    let mut edges: Vec<f64> = (0..edges.len()).map(|edge| seconds(&edges, edge)).collect::<Option<_>>()?;
    if let Some(last) = edges.last_mut().filter(|_| is_days) {
        *last += DAY; // the last bin holds the last day, which is as long as others
    }
    let counts = histogram.column(1).as_list_opt::<i32>()?.value(row);
    Some(Bins { edges, counts: counts.as_primitive_opt::<UInt64Type>()?.values().to_vec() })
}
