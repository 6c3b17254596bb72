//! What is answered: one summary a series, and tables of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::{Array, Float64Array, RecordBatch, StringArray, UInt64Array};
#[cfg(feature = "parquet")]
use arrow_array::{
    ArrayRef, LargeBinaryArray, NullArray,
    cast::AsArray,
    types::{Float64Type, UInt64Type},
};
use arrow_buffer::{BooleanBuffer, NullBuffer};
#[cfg(feature = "parquet")]
use arrow_schema::{ArrowError, DataType, Field, Schema};
use rayon::prelude::*;
use smallvec::SmallVec;

use crate::error::Result;
use crate::keys::Keys;
use crate::num::decimal::Decimal;
use crate::num::figure::{Figure, NumberType};
use crate::num::rational::Rational;
use crate::spec::{Spec, is_exact};

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
    values: SmallVec<[Option<f64>; 9]>,
    /// What the extrema, the range, the sum and the mode are.
    number_type: NumberType,
    /// Those of them that are no floats, by their index.
    exact: Option<Box<Exact>>,
}

/// Statistics beyond the float that is nearest, by their index: few series have any.
type Exact = Vec<(usize, Rational)>;

impl Summary {
    /// The statistics are given in the order of [`Spec::field_names`](crate::Spec::field_names).
    pub(crate) fn new(
        rows: u64,
        counts: [u64; 3],
        names: Arc<[String]>,
        statistics: impl Iterator<Item = Option<f64>>,
    ) -> Self {
        let [count, null_count, nan_count] = counts;
        let values = statistics.map(canonical).collect();
        let (number_type, exact) = (NumberType::Float, None);
        Self { column: None, rows, count, null_count, nan_count, names, values, number_type, exact }
    }

    /// The same with what is known of some statistics, by their index, beyond the float that is nearest.
    pub(crate) fn with_exact(self, exact: Vec<(usize, Rational)>) -> Self {
        Self { exact: (!exact.is_empty()).then(|| Box::new(exact)), ..self }
    }

    /// The same of a series of this type.
    pub(crate) fn of_type(self, number_type: NumberType) -> Self {
        Self { number_type, ..self }
    }

    /// What is known beyond floats, by the index of the statistic.
    pub(crate) fn exact(&self) -> &[(usize, Rational)] {
        self.exact.as_deref().map_or(&[], Vec::as_slice)
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

    /// A statistic as what it is: the extrema, the range, the sum and the mode of integers are integers, those of decimals decimals.
    ///
    /// ```
    /// use rstats::{Figure, Spec, Statistic, describe};
    ///
    /// let array = arrow_array::Int64Array::from(vec![9_007_199_254_740_993, 1]);
    /// let summary = describe(&array, &Spec::default().with_statistics([Statistic::Max]))?;
    /// assert_eq!(summary.figure("max"), Some(Figure::Integer(9_007_199_254_740_993)));
    /// # Ok::<(), rstats::Error>(())
    /// ```
    pub fn figure(&self, name: &str) -> Option<Figure> {
        let index = self.names.iter().position(|candidate| candidate == name)?;
        let value = (*self.values.get(index)?)?;
        if !is_exact(name) {
            return Some(Figure::Float(value));
        }
        let exact = self.exact().iter().find(|(exact, _)| *exact == index);
        Some(self.number_type.figure(value, exact.and_then(|(_, exact)| self.number_type.kept(exact))))
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
    /// What the extrema, the range, the sum and the mode of each column are.
    types: Vec<NumberType>,
    /// Those of them that their float does not tell, by row and statistic.
    kept: Vec<Kept>,
    /// How the keys of a column are shown, where that is not by their type.
    key_texts: HashMap<usize, StringArray>,
}

/// A statistic that its float does not tell: its row, its index, and the value.
type Kept = (usize, usize, Decimal);

/// A column of the answer: its name, and what its extrema, range, sum and mode are.
pub(crate) type AnsweredColumn = (Option<String>, NumberType);

/// Answers that are being found, column by column, without the names of their series.
#[derive(Debug)]
pub(crate) struct Answers {
    rows: usize,
    counts: [Vec<u64>; 3],
    statistics: Vec<Vec<f64>>,
    kept: Mutex<Vec<Kept>>,
}

/// Where a row is among the answers of several parts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PartRow {
    pub part: u32,
    pub row: u32,
}

/// Some neighbours among the rows of [`Answers`].
#[derive(Debug, Default)]
pub(crate) struct AnswerRows<'a> {
    /// The first of them.
    start: usize,
    number_type: NumberType,
    counts: [&'a mut [u64]; 3],
    statistics: Vec<&'a mut [f64]>,
    kept: Option<&'a Mutex<Vec<Kept>>>,
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
        Self { rows, counts: [(); 3].map(|()| vec![0; rows]), statistics, kept: Mutex::default() }
    }

    /// All rows.
    pub(crate) fn rows(&mut self) -> AnswerRows<'_> {
        AnswerRows {
            start: 0,
            number_type: NumberType::Float,
            counts: self.counts.each_mut().map(Vec::as_mut_slice),
            statistics: self.statistics.iter_mut().map(Vec::as_mut_slice).collect(),
            kept: Some(&self.kept),
        }
    }

    /// The answers of several parts, each with the same number of series, in the order of `order`: of every series these rows.
    pub(crate) fn in_order(parts: Vec<Self>, series: usize, order: &[PartRow]) -> Self {
        let rows = series * order.len();
        let groups: Vec<usize> = parts.iter().map(|part| part.rows / series.max(1)).collect();
        let width = parts.first().map_or(0, |part| part.statistics.len());
        let (mut counts, mut statistics) = ([(); 3].map(|()| Vec::new()), vec![Vec::new(); width]);
        let mut kept = Vec::new();
        for (part, mut answers) in parts.into_iter().enumerate() {
            kept.extend(answers.take_kept().into_iter().map(|(row, index, value)| (part, row, index, value)));
            counts.iter_mut().zip(answers.counts).for_each(|(counts, part)| counts.push(part));
            statistics.iter_mut().zip(answers.statistics).for_each(|(statistic, part)| statistic.push(part));
        }
        let mut places: Vec<Vec<usize>> = Vec::new();
        if !kept.is_empty() {
            places = groups.iter().map(|&groups| vec![0; groups]).collect();
            order.iter().enumerate().for_each(|(place, at)| places[at.part as usize][at.row as usize] = place);
        }
        let moved = |(part, row, index, value): (usize, usize, usize, Decimal)| {
            let groups = groups[part];
            (row / groups * order.len() + places[part][row % groups], index, value)
        };
        let kept = kept.into_iter().map(moved).collect::<Vec<_>>();
        let mut starts = vec![0];
        groups.iter().for_each(|groups| starts.push(starts[starts.len() - 1] + groups));
        let flat: Vec<usize> = order.iter().map(|at| starts[at.part as usize] + at.row as usize).collect();
        let counts = counts.map(|parts| gathered(parts, series, &flat));
        let statistics = match rows < MANY {
            true => statistics.into_iter().map(|parts| gathered(parts, series, &flat)).collect(),
            false => statistics.into_par_iter().map(|parts| gathered(parts, series, &flat)).collect(),
        };
        Self { rows, counts, statistics, kept: Mutex::new(kept) }
    }

    /// What was kept beside the floats, in the order of the rows.
    fn take_kept(&mut self) -> Vec<Kept> {
        let kept = self.kept.get_mut().unwrap_or_else(PoisonError::into_inner);
        kept.sort_unstable_by_key(|&(row, index, _)| (row, index));
        std::mem::take(kept)
    }
}

/// A column of several parts in one, whose memory is given back: of each series the rows in this order, counted over all parts.
fn gathered<T: Copy>(parts: Vec<Vec<T>>, series: usize, order: &[usize]) -> Vec<T> {
    let mut column = Vec::with_capacity(series * order.len());
    for index in 0..series {
        let mut together = Vec::with_capacity(order.len());
        for part in &parts {
            let groups = part.len() / series;
            together.extend_from_slice(&part[index * groups..(index + 1) * groups]);
        }
        column.extend(order.iter().map(|&row| together[row]));
    }
    column
}

impl<'a> AnswerRows<'a> {
    /// The first `length` rows; the others stay.
    pub(crate) fn split_off(&mut self, length: usize) -> Self {
        fn first<'a, T>(slice: &mut &'a mut [T], length: usize) -> &'a mut [T] {
            let (first, rest) = std::mem::take(slice).split_at_mut(length);
            *slice = rest;
            first
        }
        let start = self.start;
        self.start += length;
        Self {
            start,
            number_type: self.number_type,
            kept: self.kept,
            counts: self.counts.each_mut().map(|counts| first(counts, length)),
            statistics: self.statistics.iter_mut().map(|statistic| first(statistic, length)).collect(),
        }
    }

    /// The same rows, of a column of this type.
    pub(crate) fn of_type(self, number_type: NumberType) -> Self {
        Self { number_type, ..self }
    }

    fn keep(&self, row: usize, index: usize, value: Decimal) {
        if let Some(kept) = self.kept {
            kept.lock().unwrap_or_else(PoisonError::into_inner).push((self.start + row, index, value));
        }
    }

    pub(crate) fn set(&mut self, row: usize, summary: &Summary) {
        self.set_as(self.number_type, row, summary);
    }

    /// The same where the row is of a column of this type.
    pub(crate) fn set_as(&mut self, number_type: NumberType, row: usize, summary: &Summary) {
        self.set_counts(row, [summary.count, summary.null_count, summary.nan_count]);
        for (index, exact) in summary.exact() {
            if let Some(value) = number_type.kept(exact) {
                self.keep(row, *index, value);
            }
        }
        for (index, value) in summary.values.iter().enumerate() {
            self.set_statistic(row, index, value.unwrap_or(UNDEFINED));
        }
    }

    /// The row of what [`Summaries::to_batch`] has made.
    #[cfg(feature = "parquet")]
    pub(crate) fn set_from(&mut self, row: usize, batch: &RecordBatch, from: usize) {
        let counts = [0, 1, 2].map(|which| batch.column(which).as_primitive::<UInt64Type>().value(from));
        self.set_counts(row, counts);
        let (kept, statistics) = (&batch.columns()[3], &batch.columns()[4..]);
        // An array of nulls has no validity that would say so.
        if *kept.data_type() == DataType::LargeBinary && kept.is_valid(from) {
            for (index, value) in read_kept(kept.as_binary::<i64>().value(from)) {
                self.keep(row, index, value);
            }
        }
        for (index, column) in statistics.iter().enumerate() {
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
        for (row, summary) in summaries.iter().enumerate() {
            rows.set_as(summary.number_type, row, summary);
        }
        let columns = summaries.into_iter().map(|summary| (summary.column, summary.number_type));
        Self::with_keys(columns.collect(), None, spec, answers)
    }

    /// For each column the rows of all keys; made on the threads of the pool where there are many.
    pub(crate) fn with_keys(
        columns: Vec<AnsweredColumn>,
        keys: Option<RecordBatch>,
        spec: &Spec,
        mut answers: Answers,
    ) -> Self {
        let (columns, types): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        let kept = answers.take_kept();
        debug_assert_eq!(columns.len() * keys.as_ref().map_or(1, RecordBatch::num_rows), answers.rows);
        let rows = answers.rows;
        let statistics = match rows < MANY {
            true => answers.statistics.into_iter().map(statistic).collect(),
            false => answers.statistics.into_par_iter().map(statistic).collect(),
        };
        let (names, counts) = (spec.field_names().clone(), answers.counts.map(counts));
        Self { columns, keys, names, rows, counts, statistics, types, kept, key_texts: HashMap::new() }
    }

    /// The same with other keys for the same groups.
    #[cfg(feature = "parquet")]
    pub(crate) fn with_keys_as(mut self, make: impl FnOnce(RecordBatch) -> RecordBatch) -> Self {
        self.keys = self.keys.map(make);
        self
    }

    /// The counts and the statistics of all rows, as they are kept elsewhere for a while.
    #[cfg(feature = "parquet")]
    pub(crate) fn to_batch(&self) -> Result<RecordBatch, ArrowError> {
        let counts = self.counts.iter().map(|counts| Arc::new(counts.clone()) as ArrayRef);
        let statistics = self.statistics.iter().map(|statistic| Arc::new(statistic.clone()) as ArrayRef);
        let kept: ArrayRef = match self.kept.is_empty() {
            true => Arc::new(NullArray::new(self.rows)),
            false => Arc::new((0..self.rows).map(|row| write_kept(self.kept_of(row))).collect::<LargeBinaryArray>()),
        };
        let columns: Vec<ArrayRef> = counts.chain([kept]).chain(statistics).collect();
        let fields = columns.iter().enumerate();
        let fields = fields.map(|(index, column)| Field::new(index.to_string(), column.data_type().clone(), true));
        RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Vec<_>>())), columns)
    }

    /// What [`Summaries::to_batch`] has made of answers with these columns and keys. `None` for what it cannot have made.
    #[cfg(feature = "parquet")]
    pub(crate) fn from_batch(
        columns: Vec<AnsweredColumn>,
        keys: Option<RecordBatch>,
        spec: &Spec,
        batch: &RecordBatch,
    ) -> Option<Self> {
        let rows = batch.num_rows();
        let is_so = batch.num_columns() == 4 + spec.field_names().len()
            && batch.columns()[..3].iter().all(|column| *column.data_type() == DataType::UInt64)
            && matches!(batch.column(3).data_type(), DataType::Null | DataType::LargeBinary)
            && batch.columns()[4..].iter().all(|column| *column.data_type() == DataType::Float64)
            && rows == columns.len() * keys.as_ref().map_or(1, RecordBatch::num_rows);
        if !is_so {
            return None;
        }
        let (columns, types) = columns.into_iter().unzip();
        let kept_of = |row: usize| match batch.column(3).as_binary_opt::<i64>() {
            Some(kept) if kept.is_valid(row) => read_kept(kept.value(row)).collect(),
            _ => Vec::new(),
        };
        let kept = (0..rows).flat_map(|row| kept_of(row).into_iter().map(move |(index, value)| (row, index, value)));
        Some(Self {
            columns,
            keys,
            names: spec.field_names().clone(),
            rows,
            counts: [0, 1, 2].map(|which| batch.column(which).as_primitive::<UInt64Type>().clone()),
            statistics: batch.columns()[4..]
                .iter()
                .map(|values| values.as_primitive::<Float64Type>().clone())
                .collect(),
            types,
            kept: kept.collect(),
            key_texts: HashMap::new(),
        })
    }

    /// Whether the answers are the same, bit by bit.
    pub fn same(&self, other: &Self) -> bool {
        let bits = |statistic: &Float64Array| -> Vec<Option<u64>> {
            statistic.iter().map(|value| value.map(f64::to_bits)).collect()
        };
        self.columns == other.columns
            && self.keys == other.keys
            && self.names == other.names
            && self.counts == other.counts
            && (self.types == other.types && self.kept == other.kept)
            && self.statistics.iter().map(bits).eq(other.statistics.iter().map(bits))
    }

    /// What the extrema, the range, the sum and the mode of each column are.
    pub fn types(&self) -> &[NumberType] {
        &self.types
    }

    /// The keys, to be read row by row.
    ///
    /// # Errors
    ///
    /// [`Error::Data`](crate::Error::Data) for dictionaries whose keys lead nowhere.
    pub fn read_keys(&self) -> Result<Option<Keys>> {
        self.keys.as_ref().map(|keys| Keys::new(keys, &self.key_texts)).transpose()
    }

    /// The same, with the keys of a column shown as these texts where they are text: those of a library's own types. Without an effect
    /// unless there is one for each key.
    pub fn with_key_texts(mut self, column: usize, texts: StringArray) -> Self {
        if self.keys.as_ref().is_some_and(|keys| keys.num_rows() == texts.len()) {
            self.key_texts.insert(column, texts);
        }
        self
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

    /// What was kept of a row beside the floats.
    fn kept_of(&self, row: usize) -> &[Kept] {
        let start = self.kept.partition_point(|&(kept, _, _)| kept < row);
        let length = self.kept[start..].partition_point(|&(kept, _, _)| kept == row);
        &self.kept[start..start + length]
    }

    /// What the extrema, the range, the sum and the mode of a row are.
    pub fn number_type(&self, row: usize) -> NumberType {
        let keys = self.keys.as_ref().map_or(1, RecordBatch::num_rows).max(1);
        self.types.get(row / keys).copied().unwrap_or_default()
    }

    /// What those of all rows can be together.
    pub fn common_type(&self) -> NumberType {
        self.types.iter().copied().reduce(NumberType::joined).unwrap_or_default()
    }

    /// A statistic as what it is, by its place among the names: see [`Summary::figure`].
    pub fn figure(&self, row: usize, index: usize) -> Option<Figure> {
        let value = self.value(row, index)?;
        let number_type = self.number_type(row);
        if number_type == NumberType::Float || !self.names.get(index).is_some_and(|name| is_exact(name)) {
            return Some(Figure::Float(value));
        }
        let kept = self.kept_of(row).iter().find(|&&(_, kept, _)| kept == index);
        Some(number_type.figure(value, kept.map(|&(_, _, value)| value)))
    }

    /// Every statistic of a row as what it is, with its name, in the order of every output.
    pub fn figures(&self, row: usize) -> impl Iterator<Item = (&str, Option<Figure>)> {
        self.names.iter().enumerate().map(move |(index, name)| (name.as_str(), self.figure(row, index)))
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

/// What was kept of one row, as bytes; `None` for nothing.
#[cfg(feature = "parquet")]
fn write_kept(kept: &[Kept]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for &(_, index, Decimal { negative, magnitude, scale }) in kept {
        bytes.extend_from_slice(&(index as u64).to_le_bytes());
        bytes.push(negative.into());
        bytes.extend_from_slice(&scale.to_le_bytes());
        magnitude.iter().for_each(|limb| bytes.extend_from_slice(&limb.to_le_bytes()));
    }
    (!kept.is_empty()).then_some(bytes)
}

/// The same, read again.
#[cfg(feature = "parquet")]
fn read_kept(bytes: &[u8]) -> impl Iterator<Item = (usize, Decimal)> {
    const WIDTH: usize = 8 + 1 + 2 + 32;
    bytes.chunks_exact(WIDTH).map(|bytes| {
        let limb = |at: usize| u64::from_le_bytes(std::array::from_fn(|byte| bytes[at + byte]));
        let scale = i16::from_le_bytes([bytes[9], bytes[10]]);
        let magnitude = std::array::from_fn(|index| limb(11 + 8 * index));
        (limb(0) as usize, Decimal { negative: bytes[8] == 1, magnitude, scale })
    })
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
