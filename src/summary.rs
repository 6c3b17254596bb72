//! What is answered: one summary a series, and tables of them.

use std::sync::Arc;

use arrow_array::{Float64Array, RecordBatch, StringArray, UInt64Array};
use arrow_buffer::NullBuffer;
use smallvec::SmallVec;

use crate::spec::Spec;

/// The answer for one series: three counts, and the statistics that the [`Spec`] asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The series' name, if it has one.
    pub column: Option<String>,
    /// The values that the statistics are of. NaNs are among them, unless they are omitted.
    pub count: u64,
    /// Missing values: Arrow nulls.
    pub null_count: u64,
    /// NaNs, whatever the policy.
    pub nan_count: u64,
    rows: u64,
    /// The statistics' names in every output.
    names: Arc<[String]>,
    /// Their values, in the order of every output; `None` where one is not defined.
    values: SmallVec<[Option<f64>; 10]>,
}

impl Summary {
    /// The statistics are given in the order of [`Spec::field_names`](crate::Spec::field_names).
    pub(crate) fn new(
        rows: u64,
        counts: [u64; 3],
        names: Arc<[String]>,
        statistics: impl Iterator<Item = Option<f64>>,
    ) -> Self {
        let [count, null_count, nan_count] = counts;
        Self { column: None, rows, count, null_count, nan_count, names, values: statistics.map(canonical).collect() }
    }

    /// The rows of the series: values, NaNs and nulls.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The same summary under the name of its series.
    pub(crate) fn named(self, column: Option<&str>) -> Self {
        let column = column.map(str::to_owned);
        Self { column, ..self }
    }

    /// A statistic by its name in every output (`mean`, `median`, `p99`, `mean_ci_low`, …); `None` where it was not
    /// asked for or is not defined.
    pub fn get(&self, name: &str) -> Option<f64> {
        let place = self.names.iter().position(|candidate| candidate == name)?;
        *self.values.get(place)?
    }

    /// Every statistic with its name, in the order of every output.
    pub fn statistics(&self) -> impl Iterator<Item = (&str, Option<f64>)> {
        self.names.iter().map(String::as_str).zip(self.values.iter().copied())
    }
}

/// The answers for many series: a row each, in the order of every output. Without keys a row is a column of the data;
/// with keys every column has a row for each of them, in their order.
#[derive(Clone, Debug)]
pub struct Summaries {
    columns: Vec<Option<String>>,
    keys: Option<RecordBatch>,
    names: Arc<[String]>,
    /// Parts of the table, each with the number of rows up to its end.
    parts: Vec<(usize, Rows)>,
}

/// Answers without their names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    /// count, null_count and nan_count; [`MISSING`] of a series that is itself missing.
    counts: Vec<[u64; 3]>,
    /// The statistics, one row after the other; [`UNDEFINED`] where one is not defined.
    values: Vec<f64>,
}

/// The counts of a series that is itself missing.
const MISSING: [u64; 3] = [u64::MAX; 3];

/// A NaN that no statistic has.
const UNDEFINED: u64 = 0x7ff8_0000_0000_0001;

impl Rows {
    pub(crate) fn with_capacity(rows: usize, spec: &Spec) -> Self {
        let width = spec.field_names().len();
        Self { counts: Vec::with_capacity(rows), values: Vec::with_capacity(rows * width) }
    }

    pub(crate) fn push(&mut self, summary: &Summary) {
        self.push_values([summary.count, summary.null_count, summary.nan_count], &summary.values);
    }

    pub(crate) fn push_values(&mut self, counts: [u64; 3], statistics: &[Option<f64>]) {
        self.counts.push(counts);
        self.values.extend(statistics.iter().map(|value| value.unwrap_or(f64::from_bits(UNDEFINED))));
    }

    /// A row for a series that is itself missing: a null in a column of lists.
    pub(crate) fn push_missing(&mut self, spec: &Spec) {
        self.counts.push(MISSING);
        self.values.extend(spec.field_names().iter().map(|_| f64::from_bits(UNDEFINED)));
    }

    pub(crate) fn len(&self) -> usize {
        self.counts.len()
    }

    /// The first series that holds a NaN.
    pub(crate) fn first_nan(&self) -> Option<usize> {
        self.counts.iter().position(|counts| *counts != MISSING && counts[2] > 0)
    }

    fn value(&self, row: usize, place: usize, width: usize) -> Option<f64> {
        let value = *self.values.get(row * width + place)?;
        (value.to_bits() != UNDEFINED).then_some(value)
    }
}

impl Summaries {
    /// One row a summary, without keys; the summaries are answers to `spec`.
    pub fn new(spec: &Spec, summaries: impl IntoIterator<Item = Summary>) -> Self {
        let mut rows = Rows::default();
        let mut columns = Vec::new();
        for summary in summaries {
            rows.push(&summary);
            columns.push(summary.column);
        }
        Self { columns, keys: None, names: spec.field_names().clone(), parts: vec![(rows.counts.len(), rows)] }
    }

    /// For each column the rows of all keys.
    pub(crate) fn with_keys(columns: Vec<Option<String>>, keys: RecordBatch, spec: &Spec, parts: Vec<Rows>) -> Self {
        let mut end = 0;
        let parts = parts.into_iter().filter(|rows| !rows.counts.is_empty()).map(|rows| {
            end += rows.counts.len();
            (end, rows)
        });
        let parts = parts.collect();
        debug_assert_eq!(columns.len() * keys.num_rows(), end);
        Self { columns, keys: Some(keys), names: spec.field_names().clone(), parts }
    }

    /// The part that a row is in, and its place there.
    fn part(&self, row: usize) -> Option<(&Rows, usize)> {
        let place = self.parts.partition_point(|(end, _)| *end <= row);
        let (end, rows) = self.parts.get(place)?;
        Some((rows, rows.counts.len() - (end - row)))
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.parts.last().map_or(0, |(end, _)| *end)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The keys, if there are any: the same ones for each column.
    pub fn keys(&self) -> Option<&RecordBatch> {
        self.keys.as_ref()
    }

    /// The row of the keys that belongs to a row.
    pub fn key_row(&self, row: usize) -> usize {
        row % self.keys.as_ref().map_or(1, RecordBatch::num_rows).max(1)
    }

    /// The columns of the data, in their order.
    pub fn columns(&self) -> &[Option<String>] {
        &self.columns
    }

    /// The column that a row is of.
    pub fn column(&self, row: usize) -> Option<&str> {
        let keys = self.keys.as_ref().map_or(1, RecordBatch::num_rows).max(1);
        self.columns.get(row / keys)?.as_deref()
    }

    /// count, null_count and nan_count of a row; `None` for a series that is itself missing.
    pub fn counts(&self, row: usize) -> Option<[u64; 3]> {
        let (rows, row) = self.part(row)?;
        let counts = *rows.counts.get(row)?;
        (counts != MISSING).then_some(counts)
    }

    /// A statistic, by its place among the names.
    pub fn value(&self, row: usize, place: usize) -> Option<f64> {
        let (rows, row) = self.part(row)?;
        rows.value(row, place, self.names.len())
    }

    /// Every statistic of every row, in the order of the names; null where it is not defined.
    pub fn statistics_of_all(&self) -> Vec<Float64Array> {
        let width = self.names.len();
        let mut columns: Vec<Vec<f64>> = (0..width).map(|_| Vec::with_capacity(self.len())).collect();
        // Part by part, while it is in the cache.
        for (_, rows) in &self.parts {
            for (place, column) in columns.iter_mut().enumerate() {
                column.extend(rows.values.iter().skip(place).step_by(width));
            }
        }
        let defined = |value: &f64| value.to_bits() != UNDEFINED;
        let arrays = columns.into_iter().map(|values| {
            let nulls = match values.iter().all(defined) {
                true => None,
                false => Some(values.iter().map(defined).collect::<NullBuffer>()),
            };
            Float64Array::new(values.into(), nulls)
        });
        arrays.collect()
    }

    /// One of the three counts of every row, by its place among them; null for a series that is itself missing.
    pub fn counts_of_all(&self, place: usize) -> UInt64Array {
        let all = || self.parts.iter().flat_map(|(_, rows)| &rows.counts);
        let values: Vec<u64> = all().map(|counts| counts[place]).collect();
        let nulls = match all().any(|counts| *counts == MISSING) {
            true => Some(all().map(|counts| *counts != MISSING).collect::<NullBuffer>()),
            false => None,
        };
        UInt64Array::new(values.into(), nulls)
    }

    /// The column that each row is of.
    pub fn columns_of_all(&self) -> StringArray {
        let keys = self.keys.as_ref().map_or(1, RecordBatch::num_rows);
        let names = self.columns.iter().flat_map(|name| std::iter::repeat_n(name.as_deref(), keys));
        names.collect()
    }

    /// The names of the statistics, in the order of every output.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Every statistic of a row with its name, in the order of every output.
    pub fn statistics(&self, row: usize) -> impl Iterator<Item = (&str, Option<f64>)> {
        self.names.iter().enumerate().map(move |(place, name)| (name.as_str(), self.value(row, place)))
    }
}

/// Every NaN that leaves rstats is the same one: 0x7ff8000000000000.
fn canonical(value: Option<f64>) -> Option<f64> {
    value.map(|value| if value.is_nan() { f64::NAN } else { value })
}
