//! What is answered: one summary a series, and tables of them.

use std::sync::Arc;

use arrow_array::{Array, Float64Array, RecordBatch, StringArray, UInt64Array};
#[cfg(feature = "parquet")]
use arrow_array::{
    ArrayRef,
    cast::AsArray,
    types::{Float64Type, UInt64Type},
};
use arrow_buffer::{BooleanBuffer, NullBuffer};
#[cfg(feature = "parquet")]
use arrow_schema::{ArrowError, Field, Schema};
use rayon::prelude::*;
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
        let index = self.names.iter().position(|candidate| candidate == name)?;
        *self.values.get(index)?
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
    rows: usize,
    /// count, null_count and nan_count, column by column.
    counts: [UInt64Array; 3],
    /// Each statistic of all rows.
    statistics: Vec<Float64Array>,
}

/// Answers that are being found, column by column, without the names of their series.
#[derive(Debug)]
pub(crate) struct Answers {
    rows: usize,
    counts: [Vec<u64>; 3],
    statistics: Vec<Vec<f64>>,
}

/// Some neighbours among the rows of [`Answers`].
#[derive(Debug, Default)]
pub(crate) struct AnswerRows<'a> {
    counts: [&'a mut [u64]; 3],
    statistics: Vec<&'a mut [f64]>,
}

/// From this many rows on, several threads are asked.
const MANY: usize = 1 << 14;

/// The count of a series that is itself missing.
const MISSING: u64 = u64::MAX;

/// A NaN that no statistic has, where one is not defined.
pub(crate) const UNDEFINED: f64 = f64::from_bits(0x7ff8_0000_0000_0001);

pub(crate) fn is_defined(value: f64) -> bool {
    value.to_bits() != UNDEFINED.to_bits()
}

impl Answers {
    /// So many rows without answers.
    pub(crate) fn new(rows: usize, spec: &Spec) -> Self {
        let width = spec.field_names().len();
        // Memory that is used again has to be cleared.
        let statistics = match rows < MANY {
            true => (0..width).map(|_| vec![0.0; rows]).collect(),
            false => (0..width).into_par_iter().map(|_| vec![0.0; rows]).collect(),
        };
        Self { rows, counts: [(); 3].map(|()| vec![0; rows]), statistics }
    }

    /// All rows.
    pub(crate) fn rows(&mut self) -> AnswerRows<'_> {
        AnswerRows {
            counts: self.counts.each_mut().map(Vec::as_mut_slice),
            statistics: self.statistics.iter_mut().map(Vec::as_mut_slice).collect(),
        }
    }
}

impl<'a> AnswerRows<'a> {
    /// The first `length` rows; the others stay.
    pub(crate) fn split_off(&mut self, length: usize) -> Self {
        fn first<'a, T>(slice: &mut &'a mut [T], length: usize) -> &'a mut [T] {
            let (first, rest) = std::mem::take(slice).split_at_mut(length);
            *slice = rest;
            first
        }
        Self {
            counts: self.counts.each_mut().map(|counts| first(counts, length)),
            statistics: self.statistics.iter_mut().map(|statistic| first(statistic, length)).collect(),
        }
    }

    pub(crate) fn set(&mut self, row: usize, summary: &Summary) {
        self.set_counts(row, [summary.count, summary.null_count, summary.nan_count]);
        for (index, value) in summary.values.iter().enumerate() {
            self.set_statistic(row, index, value.unwrap_or(UNDEFINED));
        }
    }

    /// The row of what [`Summaries::to_batch`] has made.
    #[cfg(feature = "parquet")]
    pub(crate) fn set_from(&mut self, row: usize, batch: &RecordBatch, from: usize) {
        let counts = [0, 1, 2].map(|which| batch.column(which).as_primitive::<UInt64Type>().value(from));
        self.set_counts(row, counts);
        for (index, column) in batch.columns()[3..].iter().enumerate() {
            let column = column.as_primitive::<Float64Type>();
            self.set_statistic(row, index, if column.is_valid(from) { column.value(from) } else { UNDEFINED });
        }
    }

    /// Once a row.
    pub(crate) fn set_counts(&mut self, row: usize, counts: [u64; 3]) {
        for (column, count) in self.counts.iter_mut().zip(counts) {
            // Most are zeros, which are there already: memory that nobody writes to is not even asked for.
            if count != 0 {
                column[row] = count;
            }
        }
    }

    /// [`UNDEFINED`] is one that is not defined.
    pub(crate) fn set_statistic(&mut self, row: usize, index: usize, value: f64) {
        self.statistics[index][row] = value;
    }

    /// A series that is itself missing: a null in a column of lists.
    pub(crate) fn set_missing(&mut self, row: usize) {
        self.set_counts(row, [MISSING; 3]);
        self.statistics.iter_mut().for_each(|statistic| statistic[row] = UNDEFINED);
    }

    /// The first series that holds a NaN.
    pub(crate) fn first_nan(&self) -> Option<usize> {
        self.counts[2].iter().position(|&count| count != 0 && count != MISSING)
    }
}

impl Summaries {
    /// One row a summary, without keys; the summaries are answers to `spec`.
    pub fn new(spec: &Spec, summaries: Vec<Summary>) -> Self {
        let mut answers = Answers::new(summaries.len(), spec);
        let mut rows = answers.rows();
        summaries.iter().enumerate().for_each(|(row, summary)| rows.set(row, summary));
        let columns = summaries.into_iter().map(|summary| summary.column).collect();
        let statistics = answers.statistics.into_iter().map(statistic).collect();
        Self {
            columns,
            keys: None,
            names: spec.field_names().clone(),
            rows: answers.rows,
            counts: answers.counts.map(counts),
            statistics,
        }
    }

    /// For each column the rows of all keys; made on the threads of the pool where there are many.
    pub(crate) fn with_keys(
        columns: Vec<Option<String>>,
        keys: Option<RecordBatch>,
        spec: &Spec,
        answers: Answers,
    ) -> Self {
        debug_assert_eq!(columns.len() * keys.as_ref().map_or(1, RecordBatch::num_rows), answers.rows);
        let rows = answers.rows;
        let statistics = match rows < MANY {
            true => answers.statistics.into_iter().map(statistic).collect(),
            false => answers.statistics.into_par_iter().map(statistic).collect(),
        };
        Self { columns, keys, names: spec.field_names().clone(), rows, counts: answers.counts.map(counts), statistics }
    }

    /// The counts and the statistics of all rows, as they are kept elsewhere for a while.
    #[cfg(feature = "parquet")]
    pub(crate) fn to_batch(&self) -> Result<RecordBatch, ArrowError> {
        let counts = self.counts.iter().map(|counts| Arc::new(counts.clone()) as ArrayRef);
        let statistics = self.statistics.iter().map(|statistic| Arc::new(statistic.clone()) as ArrayRef);
        let columns: Vec<ArrayRef> = counts.chain(statistics).collect();
        let fields = columns.iter().enumerate();
        let fields = fields.map(|(index, column)| Field::new(index.to_string(), column.data_type().clone(), true));
        RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Vec<_>>())), columns)
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows
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
        (row < self.rows && self.counts[0].is_valid(row))
            .then(|| self.counts.each_ref().map(|counts| counts.value(row)))
    }

    /// A statistic, by its place among the names.
    pub fn value(&self, row: usize, index: usize) -> Option<f64> {
        let statistic = self.statistics.get(index)?;
        (row < self.rows && statistic.is_valid(row)).then(|| statistic.value(row))
    }

    /// count, null_count and nan_count of every row; null for a series that is itself missing.
    pub fn counts_of_all(&self) -> &[UInt64Array; 3] {
        &self.counts
    }

    /// Every statistic of every row, in the order of the names; null where it is not defined.
    pub fn statistics_of_all(&self) -> &[Float64Array] {
        &self.statistics
    }

    /// The column that each row is of.
    pub fn columns_of_all(&self) -> StringArray {
        if self.columns.iter().all(Option::is_none) {
            return StringArray::new_null(self.rows);
        }
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
        self.names.iter().enumerate().map(move |(index, name)| (name.as_str(), self.value(row, index)))
    }
}

fn statistic(values: Vec<f64>) -> Float64Array {
    let nulls = nulls(&values, is_defined);
    Float64Array::new(values.into(), nulls)
}

fn counts(values: Vec<u64>) -> UInt64Array {
    let nulls = nulls(&values, |count| count != MISSING);
    UInt64Array::new(values.into(), nulls)
}

/// The validity of a column, if something is missing from it.
fn nulls<T: Copy>(values: &[T], is_there: impl Fn(T) -> bool) -> Option<NullBuffer> {
    // A block at a time without a branch: this is most of what is done with most columns.
    let all = values.chunks(1 << 10).all(|values| values.iter().fold(true, |all, &value| all & is_there(value)));
    (!all).then(|| NullBuffer::new(BooleanBuffer::collect_bool(values.len(), |row| is_there(values[row]))))
}

/// Every NaN that leaves rstats is the same one: 0x7ff8000000000000.
fn canonical(value: Option<f64>) -> Option<f64> {
    value.map(|value| if value.is_nan() { f64::NAN } else { value })
}
