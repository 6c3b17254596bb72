//! A table of answers.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, UInt64Type};
use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch, StringArray, StructArray, UInt32Array, UInt64Array};
#[cfg(any(feature = "parquet", feature = "stream"))]
use arrow_array::{LargeBinaryArray, NullArray};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use arrow_schema::ArrowError;
#[cfg(any(feature = "parquet", feature = "stream"))]
use arrow_schema::{DataType, Field, Schema};
use arrow_select::concat::{concat, concat_batches};
use arrow_select::take::{take, take_record_batch};

use super::answers::{Answers, Kept, MANY, MISSING, is_defined};
#[cfg(any(feature = "parquet", feature = "stream"))]
use super::answers::{read_kept, write_kept};
#[cfg(any(feature = "parquet", feature = "stream"))]
use super::histograms::are_histograms;
use super::histograms::{column_of, histogram_at};
use super::one::Summary;
use crate::error::Result;
use crate::keys::Keys;
use crate::num::figure::{Figure, NumberType};
#[cfg(any(feature = "parquet", feature = "stream"))]
use crate::spec::Statistic;
use crate::spec::{Histogram, Spec, is_exact};
use crate::threads::Threads;

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
    /// The histogram of each row, if they were asked for.
    histograms: Option<StructArray>,
    /// Whether the keys are the bounds of a window, and those of its rows.
    are_windows: bool,
    /// How the keys of a column are shown, where that is not by their type.
    key_texts: HashMap<usize, StringArray>,
}

/// A column of the answer: its name, and what its extrema, range, sum and mode are.
pub(crate) type AnsweredColumn = (Option<String>, NumberType);

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
        answers: Answers,
    ) -> Self {
        debug_assert_eq!(columns.len() * keys.as_ref().map_or(1, RecordBatch::num_rows), answers.rows);
        let (columns, types) = columns.into_iter().unzip();
        Self { columns, keys, types, ..Self::nameless(spec, answers) }
    }

    /// Rows of which it is not said what columns and keys they are of.
    fn nameless(spec: &Spec, mut answers: Answers) -> Self {
        let (rows, kept, histograms) = (answers.rows, answers.take_kept(), answers.take_histograms());
        let histograms = answers.has_histograms.then(|| column_of(rows, histograms));
        let statistics = Threads::unless(rows < MANY).map_items(answers.statistics, statistic);
        let (names, counts) = (spec.field_names().clone(), answers.counts.map(counts));
        let (columns, keys, types) = (Vec::new(), None, Vec::new());
        Self {
            columns,
            keys,
            names,
            rows,
            counts,
            statistics,
            types,
            kept,
            histograms,
            are_windows: false,
            key_texts: HashMap::new(),
        }
    }

    /// The same of windows, whose bounds and keys these are.
    pub(crate) fn of_windows(self, keys: RecordBatch) -> Self {
        debug_assert_eq!(self.columns.len() * keys.num_rows(), self.rows);
        Self { keys: Some(keys), are_windows: true, key_texts: HashMap::new(), ..self }
    }

    /// Whether a row is a window: its bounds are the first keys. Outputs then have the rows of one window beside each other, and the keys
    /// before the column.
    pub fn are_windows(&self) -> bool {
        self.are_windows
    }

    /// The row that an output has at a place.
    pub fn row_at(&self, place: usize) -> usize {
        match (&self.keys, self.columns.len()) {
            (Some(keys), columns @ 2..) if self.are_windows => place % columns * keys.num_rows() + place / columns,
            _ => place,
        }
    }

    /// The rows of several answers to one question about the same columns, by keys of the same names: for each column those of one after the
    /// other. There is one at least.
    pub(crate) fn joined(parts: Vec<Self>) -> Result<Self, ArrowError> {
        let groups: Vec<usize> = parts.iter().map(|part| part.keys.as_ref().map_or(1, RecordBatch::num_rows)).collect();
        let total: usize = groups.iter().sum();
        let keys: Vec<&RecordBatch> = parts.iter().filter_map(|part| part.keys.as_ref()).collect();
        let keys = match keys.first() {
            Some(first) => Some(concat_batches(&first.schema(), keys)?),
            None => None,
        };
        let first = &parts[0];
        let width = first.columns.len();
        // Of each part the rows of one column.
        let pieces = |column: usize| parts.iter().zip(&groups).map(move |(part, &rows)| (part, column * rows, rows));
        let all = || (0..width).flat_map(pieces);
        let joined = |array: &dyn Fn(&Self) -> ArrayRef| {
            let mut slices: Vec<ArrayRef> = all().map(|(part, start, rows)| array(part).slice(start, rows)).collect();
            if slices.is_empty() {
                // Without columns there is nothing, but of this type.
                slices.push(array(first).slice(0, 0));
            }
            concat(&slices.iter().map(AsRef::as_ref).collect::<Vec<_>>())
        };
        let counts = [0, 1, 2].map(|which| joined(&|part| Arc::new(part.counts[which].clone())));
        let [count, nulls, nans] = counts;
        let counts = [count?, nulls?, nans?].map(|counts| counts.as_primitive::<UInt64Type>().clone());
        let statistics = (0..first.statistics.len()).map(|index| {
            let values = joined(&|part| Arc::new(part.statistics[index].clone()))?;
            Ok(values.as_primitive::<Float64Type>().clone())
        });
        let statistics = statistics.collect::<Result<Vec<_>, ArrowError>>()?;
        let histograms = match first.histograms {
            Some(_) => {
                let of = |part: &Self| -> ArrayRef {
                    let none = || column_of(part.rows, Vec::new());
                    Arc::new(part.histograms.clone().unwrap_or_else(none))
                };
                Some(joined(&of)?.as_struct().clone())
            }
            None => None,
        };
        let (mut kept, mut before) = (Vec::new(), 0);
        for (part, start, rows) in all() {
            let from = part.kept.partition_point(|&(row, _, _)| row < start);
            let of_piece = part.kept[from..].iter().take_while(|(row, _, _)| *row < start + rows);
            kept.extend(of_piece.map(|&(row, index, value)| (row - start + before, index, value)));
            before += rows;
        }
        Ok(Self {
            columns: first.columns.clone(),
            names: first.names.clone(),
            types: first.types.clone(),
            rows: width * total,
            keys,
            counts,
            statistics,
            kept,
            histograms,
            are_windows: first.are_windows,
            key_texts: HashMap::new(),
        })
    }

    /// The same of these columns.
    #[cfg(feature = "parquet")]
    pub(crate) fn of_columns(self, columns: Vec<AnsweredColumn>) -> Self {
        let (columns, types) = columns.into_iter().unzip();
        Self { columns, types, ..self }
    }

    /// The groups of keys in this order, which has each of them once.
    pub(crate) fn in_order(self, order: &[u32]) -> Result<Self, ArrowError> {
        let groups = order.len() as u64;
        let starts = (0..self.columns.len() as u64).map(|column| column * groups);
        let rows = starts.flat_map(|start| order.iter().map(move |&group| start + u64::from(group)));
        let rows = UInt64Array::from_iter_values(rows);
        let mut places = vec![0; order.len()];
        order.iter().zip(0..).for_each(|(&group, place)| places[group as usize] = place);
        let mut kept = self.kept;
        kept.iter_mut().for_each(|(row, ..)| *row = *row / order.len() * order.len() + places[*row % order.len()]);
        kept.sort_unstable_by_key(|(row, index, _)| (*row, *index));
        let keys = self.keys.map(|keys| take_record_batch(&keys, &UInt32Array::from(order.to_vec()))).transpose()?;
        let counts = |counts: UInt64Array| -> Result<_, ArrowError> {
            Ok(take(&counts, &rows, None)?.as_primitive::<UInt64Type>().clone())
        };
        let statistic = |values: &Float64Array| -> Result<_, ArrowError> {
            Ok(take(values, &rows, None)?.as_primitive::<Float64Type>().clone())
        };
        let [count, nulls, nans] = self.counts.map(counts);
        let statistics = self.statistics.iter().map(statistic).collect::<Result<_, _>>()?;
        let histograms = match &self.histograms {
            Some(histograms) => Some(take(histograms, &rows, None)?.as_struct().clone()),
            None => None,
        };
        let counts = [count?, nulls?, nans?];
        Ok(Self { keys, counts, statistics, kept, histograms, key_texts: HashMap::new(), ..self })
    }

    /// The same with other keys for the same groups.
    #[cfg(any(feature = "parquet", feature = "stream"))]
    pub(crate) fn with_keys_as(mut self, make: impl FnOnce(RecordBatch) -> Result<RecordBatch>) -> Result<Self> {
        self.keys = self.keys.map(make).transpose()?;
        Ok(self)
    }

    /// The counts and the statistics of all rows, as they are kept elsewhere for a while.
    #[cfg(any(feature = "parquet", feature = "stream"))]
    pub(crate) fn to_batch(&self) -> Result<RecordBatch, ArrowError> {
        let counts = self.counts.iter().map(|counts| Arc::new(counts.clone()) as ArrayRef);
        let statistics = self.statistics.iter().map(|statistic| Arc::new(statistic.clone()) as ArrayRef);
        let kept: ArrayRef = match self.kept.is_empty() {
            true => Arc::new(NullArray::new(self.rows)),
            false => Arc::new((0..self.rows).map(|row| write_kept(self.kept_of(row))).collect::<LargeBinaryArray>()),
        };
        let histograms = self.histograms.iter().map(|histograms| Arc::new(histograms.clone()) as ArrayRef);
        let columns: Vec<ArrayRef> = counts.chain([kept]).chain(statistics).chain(histograms).collect();
        let fields = columns.iter().enumerate();
        let fields = fields.map(|(index, column)| Field::new(index.to_string(), column.data_type().clone(), true));
        RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Vec<_>>())), columns)
    }

    /// What [`Summaries::to_batch`] has made of answers with these columns and keys. `None` for what it cannot have made.
    #[cfg(any(feature = "parquet", feature = "stream"))]
    pub(crate) fn from_batch(
        columns: Vec<AnsweredColumn>,
        keys: Option<RecordBatch>,
        spec: &Spec,
        batch: &RecordBatch,
    ) -> Option<Self> {
        let rows = batch.num_rows();
        let end = 4 + spec.field_names().len();
        let histograms = spec.wants(Statistic::Histogram);
        let is_so = batch.num_columns() == end + usize::from(histograms)
            && batch.columns()[..3].iter().all(|column| *column.data_type() == DataType::UInt64)
            && matches!(batch.column(3).data_type(), DataType::Null | DataType::LargeBinary)
            && batch.columns()[4..end].iter().all(|column| *column.data_type() == DataType::Float64)
            && batch.columns()[end..].iter().all(|column| are_histograms(column))
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
            statistics: batch.columns()[4..end]
                .iter()
                .map(|values| values.as_primitive::<Float64Type>().clone())
                .collect(),
            types,
            kept: kept.collect(),
            histograms: batch.columns().get(end).map(|histograms| histograms.as_struct().clone()),
            are_windows: false,
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
            && (self.types == other.types && self.kept == other.kept && self.histograms == other.histograms)
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

    /// A statistic of a column of integers that is an integer itself, whatever its name.
    pub(crate) fn integer(&self, row: usize, index: usize) -> Option<i128> {
        let value = self.value(row, index)?;
        let kept = self.kept_of(row).iter().find(|&&(_, kept, _)| kept == index);
        match NumberType::Integer.figure(value, kept.map(|&(_, _, value)| value)) {
            Figure::Integer(value) => Some(value),
            _ => None,
        }
    }

    /// The histogram of a row: see [`Summary::histogram`].
    pub fn histogram(&self, row: usize) -> Option<Histogram> {
        histogram_at(self.histograms.as_ref()?, row)
    }

    /// The histograms of all rows, as structs of `edges` and `counts`; `None` if they were not asked for.
    pub fn histograms(&self) -> Option<&StructArray> {
        self.histograms.as_ref()
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

#[cfg(feature = "parquet")]
impl Answers {
    /// The rows as they are kept elsewhere for a while: see [`AnswerRows::set_from`](super::AnswerRows::set_from).
    pub(crate) fn into_batch(self, spec: &Spec) -> Result<RecordBatch, ArrowError> {
        Summaries::nameless(spec, self).to_batch()
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
