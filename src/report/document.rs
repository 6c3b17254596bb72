//! What every output is made of.

use super::source::Source;
use crate::describe::Part;
use crate::series::series_kind::SeriesKind;
use crate::spec::Spec;
use crate::summary::Summaries;

/// The name and version of the JSON schema.
pub const SCHEMA: &str = "rstats.describe/2";

/// The three counts that every output has.
pub const COUNTS: [&str; 3] = ["count", "null_count", "nan_count"];

/// The name of the histograms in every output.
pub(super) const HISTOGRAM: &str = "histogram";

/// What was asked, where the data came from, and the answer.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was asked.
    pub spec: Spec,
    /// Where the data came from.
    pub source: Source,
    /// The answer for the columns of numbers, a row a series.
    pub series: Summaries,
    /// The answers for columns of other kinds, a part for each kind.
    pub parts: Vec<Part>,
}

impl Report {
    /// The answer for columns of numbers alone.
    pub fn new(spec: Spec, source: Source, series: Summaries) -> Self {
        Self { spec, source, series, parts: Vec::new() }
    }

    /// The same with the answers for columns of other kinds.
    pub fn with_parts(self, parts: Vec<Part>) -> Self {
        Self { parts, ..self }
    }

    /// The number of rows: those of the numbers, and those of the other parts.
    pub fn rows(&self) -> usize {
        self.series.len() + self.parts.iter().map(Part::len).sum::<usize>()
    }

    /// The names of the columns of the table of numbers, in their order.
    pub fn columns(&self) -> Vec<String> {
        let keys = self.series.keys().map(|keys| keys.schema());
        let keys = keys.iter().flat_map(|schema| schema.fields()).map(|field| field.name().clone());
        let names = self.series.names().iter().cloned();
        let column = std::iter::once("column".to_owned());
        let first: Vec<String> = match self.series.are_windows() {
            true => keys.chain(column).collect(),
            false => column.chain(keys).collect(),
        };
        let histogram = self.series.histograms().map(|_| HISTOGRAM.to_owned());
        first.into_iter().chain(COUNTS.map(str::to_owned)).chain(names).chain(histogram).collect()
    }

    /// The cells that say what a row is of: the text for its column, and its keys.
    pub(super) fn labels(&self, column: String, keys: impl Iterator<Item = String>) -> Vec<String> {
        let column = std::iter::once(column);
        if self.series.are_windows() { keys.chain(column).collect() } else { column.chain(keys).collect() }
    }

    /// The rows that a person is shown: all, or the first and the last ones around a `None` if there are more than `most`.
    pub(super) fn shown(&self, most: usize) -> Vec<Option<usize>> {
        let places = shown_rows(self.series.len(), most).into_iter();
        places.map(|place| place.map(|place| self.series.row_at(place))).collect()
    }

    /// The same with the columns of one kind alone; `None` if there are none.
    pub fn of_kind(mut self, kind: SeriesKind) -> Option<Self> {
        self.parts.retain(|part| part.kind() == kind);
        if kind != SeriesKind::Number {
            self.series = Summaries::new(&self.spec, Vec::new());
        }
        (self.rows() > 0).then_some(self)
    }

    /// The kinds of the columns, in the order of every output.
    pub fn kinds(&self) -> Vec<SeriesKind> {
        let numbers = (!self.series.is_empty()).then_some(SeriesKind::Number);
        numbers.into_iter().chain(self.parts.iter().map(Part::kind)).collect()
    }

    /// The part that stands for all in a table of one kind: the only one there is.
    pub(super) fn only_part(&self) -> Option<&Part> {
        match &self.parts[..] {
            [part] if self.series.is_empty() => Some(part),
            _ => None,
        }
    }
}

/// The places of `rows` rows that a person is shown: all, or the first and the last ones around a `None` if there are more than `most`.
pub(super) fn shown_rows(rows: usize, most: usize) -> Vec<Option<usize>> {
    if rows <= most {
        return (0..rows).map(Some).collect();
    }
    let half = most / 2;
    (0..half).map(Some).chain([None]).chain((rows - half..rows).map(Some)).collect()
}
