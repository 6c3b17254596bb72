//! Answers on their way to a table: columns that are filled row by row.

use std::sync::Mutex;

#[cfg(feature = "parquet")]
use arrow_array::{
    Array, RecordBatch,
    cast::AsArray,
    types::{Float64Type, UInt64Type},
};
#[cfg(feature = "parquet")]
use arrow_schema::DataType;

#[cfg(feature = "parquet")]
use super::histograms::histogram_at;
use super::one::Summary;
use crate::num::decimal::Decimal;
use crate::num::figure::NumberType;
use crate::spec::{Histogram, Spec, Statistic};
use crate::threads::Threads;
use crate::unpoisoned::Unpoisoned;

/// A statistic that its float does not tell: its row, its index, and the value.
pub(super) type Kept = (usize, usize, Decimal);

/// Answers that are being found, column by column, without the names of their series.
#[derive(Debug)]
pub(crate) struct Answers {
    pub(super) rows: usize,
    pub(super) counts: [Vec<u64>; 3],
    pub(super) statistics: Vec<Vec<f64>>,
    kept: Mutex<Vec<Kept>>,
    /// Whether histograms are wanted; those that there are, by row.
    pub(super) has_histograms: bool,
    histograms: Mutex<Vec<(usize, Histogram)>>,
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
    histograms: Option<&'a Mutex<Vec<(usize, Histogram)>>>,
}

/// From this many rows on, several threads are asked.
pub(super) const MANY: usize = 1 << 14;

/// The count of a series that is itself missing.
pub(super) const MISSING: u64 = u64::MAX;

/// A NaN that no statistic has, where one is not defined.
pub(crate) const UNDEFINED: f64 = f64::from_bits(0x7ff8_0000_0000_0001);

pub(crate) fn is_defined(value: f64) -> bool {
    value.to_bits() != UNDEFINED.to_bits()
}

impl Answers {
    /// `rows` rows, none of which has answers yet.
    pub(crate) fn new(rows: usize, spec: &Spec) -> Self {
        let width = spec.field_names().len();
        // Memory that is used again has to be cleared.
        let statistics = Threads::unless(rows < MANY).map(width, |_| vec![0.0; rows]);
        Self {
            rows,
            counts: [(); 3].map(|()| vec![0; rows]),
            statistics,
            kept: Mutex::default(),
            has_histograms: spec.wants(Statistic::Histogram),
            histograms: Mutex::default(),
        }
    }

    /// How many values and nulls each row is of.
    #[cfg(feature = "parquet")]
    pub(crate) fn sizes(&self) -> Vec<u64> {
        let [count, null_count, _] = &self.counts;
        count.iter().zip(null_count).map(|(count, nulls)| count + nulls).collect()
    }

    /// All rows.
    pub(crate) fn rows(&mut self) -> AnswerRows<'_> {
        AnswerRows {
            start: 0,
            number_type: NumberType::Float,
            counts: self.counts.each_mut().map(Vec::as_mut_slice),
            statistics: self.statistics.iter_mut().map(Vec::as_mut_slice).collect(),
            kept: Some(&self.kept),
            histograms: Some(&self.histograms),
        }
    }

    /// The answers of several parts to `spec`, each with the same number of series: of every series the rows of one part after the other.
    #[cfg(feature = "parquet")]
    pub(crate) fn joined(parts: Vec<Self>, series: usize, spec: &Spec) -> Self {
        fn joined<T: Copy>(parts: Vec<Vec<T>>, series: usize) -> Vec<T> {
            let mut column = Vec::with_capacity(parts.iter().map(Vec::len).sum());
            for index in 0..series {
                for part in &parts {
                    let groups = part.len() / series;
                    column.extend_from_slice(&part[index * groups..(index + 1) * groups]);
                }
            }
            column
        }
        if parts.is_empty() {
            return Self::new(0, spec);
        }
        let rows = parts.iter().map(|part| part.rows).sum();
        let width = parts[0].statistics.len();
        let (mut counts, mut statistics) = ([(); 3].map(|()| Vec::new()), vec![Vec::new(); width]);
        let (mut kept, mut histograms, mut start) = (Vec::new(), Vec::new(), 0);
        let has_histograms = parts[0].has_histograms;
        for mut part in parts {
            let groups = part.rows / series.max(1);
            let moved = |row: usize| row / groups * (rows / series.max(1)) + start + row % groups;
            kept.extend(part.take_kept().into_iter().map(|(row, index, value)| (moved(row), index, value)));
            histograms.extend(part.take_histograms().into_iter().map(|(row, histogram)| (moved(row), histogram)));
            start += groups;
            counts.iter_mut().zip(part.counts).for_each(|(counts, part)| counts.push(part));
            statistics.iter_mut().zip(part.statistics).for_each(|(statistic, part)| statistic.push(part));
        }
        let counts = counts.map(|parts| joined(parts, series));
        let statistics = Threads::unless(rows < MANY).map_items(statistics, |parts| joined(parts, series));
        let (kept, histograms) = (Mutex::new(kept), Mutex::new(histograms));
        Self { rows, counts, statistics, kept, has_histograms, histograms }
    }

    /// The rows of every series in this order: `sizes` says how many each part has of a series.
    pub(crate) fn reordered(mut self, series: usize, sizes: impl Iterator<Item = usize>, order: &[PartRow]) -> Self {
        let mut starts = vec![0];
        sizes.for_each(|size| starts.push(starts[starts.len() - 1] + size));
        let groups = starts[starts.len() - 1];
        let order = order.iter().map(|at| starts[at.part as usize] + at.row as usize);
        // Most often they are in this order.
        if order.clone().eq(0..groups) {
            return self;
        }
        let order: Vec<usize> = order.collect();
        let (mut kept, mut histograms) = (self.take_kept(), self.take_histograms());
        if !kept.is_empty() || !histograms.is_empty() {
            let mut places = vec![0; groups];
            order.iter().zip(0..).for_each(|(&row, place)| places[row] = place);
            let moved = |row: usize| row / groups * order.len() + places[row % groups];
            kept.iter_mut().for_each(|(row, ..)| *row = moved(*row));
            histograms.iter_mut().for_each(|(row, _)| *row = moved(*row));
        }
        let counts = self.counts.map(|counts| gathered(counts, series, &order));
        let threads = Threads::unless(self.rows < MANY);
        let statistics = threads.map_items(self.statistics, |column| gathered(column, series, &order));
        let (kept, histograms) = (Mutex::new(kept), Mutex::new(histograms));
        Self { rows: series * order.len(), counts, statistics, kept, histograms, has_histograms: self.has_histograms }
    }

    /// What was kept beside the floats, in the order of the rows.
    pub(super) fn take_kept(&mut self) -> Vec<Kept> {
        let kept = self.kept.get_mut().unpoisoned();
        kept.sort_unstable_by_key(|&(row, index, _)| (row, index));
        std::mem::take(kept)
    }

    /// The histograms that there are, in the order of the rows.
    pub(super) fn take_histograms(&mut self) -> Vec<(usize, Histogram)> {
        let histograms = self.histograms.get_mut().unpoisoned();
        histograms.sort_unstable_by_key(|(row, _)| *row);
        std::mem::take(histograms)
    }
}

/// The rows of each series of a column in this order.
fn gathered<T: Copy>(column: Vec<T>, series: usize, order: &[usize]) -> Vec<T> {
    let groups = column.len() / series.max(1);
    let mut ordered = Vec::with_capacity(series * order.len());
    for index in 0..series {
        let of_series = &column[index * groups..(index + 1) * groups];
        ordered.extend(order.iter().map(|&row| of_series[row]));
    }
    ordered
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
            histograms: self.histograms,
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
            kept.lock().unpoisoned().push((self.start + row, index, value));
        }
    }

    fn keep_histogram(&self, row: usize, histogram: Histogram) {
        if let Some(histograms) = self.histograms {
            histograms.lock().unpoisoned().push((self.start + row, histogram));
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
        if let Some(histogram) = summary.histogram() {
            self.keep_histogram(row, histogram.clone());
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
        let (kept, statistics) = (&batch.columns()[3], &batch.columns()[4..4 + self.statistics.len()]);
        // An array of nulls has no validity that would say so.
        if *kept.data_type() == DataType::LargeBinary && kept.is_valid(from) {
            for (index, value) in read_kept(kept.as_binary::<i64>().value(from)) {
                self.keep(row, index, value);
            }
        }
        if let Some(histograms) = batch.columns().get(4 + self.statistics.len())
            && let Some(histogram) = histogram_at(histograms.as_struct(), from)
        {
            self.keep_histogram(row, histogram);
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

/// What was kept of one row, as bytes; `None` for nothing.
#[cfg(any(feature = "parquet", feature = "stream"))]
pub(super) fn write_kept(kept: &[Kept]) -> Option<Vec<u8>> {
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
#[cfg(any(feature = "parquet", feature = "stream"))]
pub(super) fn read_kept(bytes: &[u8]) -> impl Iterator<Item = (usize, Decimal)> {
    const WIDTH: usize = 8 + 1 + 2 + 32;
    bytes.chunks_exact(WIDTH).map(|bytes| {
        let limb = |at: usize| u64::from_le_bytes(std::array::from_fn(|byte| bytes[at + byte]));
        let scale = i16::from_le_bytes([bytes[9], bytes[10]]);
        let magnitude = std::array::from_fn(|index| limb(11 + 8 * index));
        (limb(0) as usize, Decimal { negative: bytes[8] == 1, magnitude, scale })
    })
}
