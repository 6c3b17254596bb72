//! The answer as Arrow: one row a series.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::types::UInt64Type;
use arrow_array::{
    Array, ArrayRef, Decimal128Array, Decimal256Array, Int64Array, RecordBatch, StringArray, UInt64Array,
};
use arrow_buffer::i256;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use arrow_select::concat::concat;
use arrow_select::take::take_record_batch;

use super::document::HISTOGRAM;
use super::{COUNTS, Report, SCHEMA};
use crate::error::{Error, Result};
use crate::num::decimal::Decimal;
use crate::num::figure::{Figure, NumberType};
use crate::spec::{NullPolicy, is_count, is_exact};
use crate::summary::Summaries;

impl Report {
    /// One row a series: `column` is Utf8, keys have their own types, the counts (and the statistics that count) are UInt64,
    /// all other statistics Float64; but `min`, `max`, `range`, `sum` and `mode` are Int64 where all series are of integers (UInt64, or
    /// Decimal128 of 38 digits, if a value is beyond it), and decimals where they are of decimals; `histogram` is a struct of the lists `edges`
    /// (Float64) and `counts` (UInt64). The schema's metadata holds `rstats.schema`, `rstats.method`, `rstats.ddof` and
    /// `rstats.nan`. If the data is of files, the members of the JSON document's `source` are there as well, as JSON text:
    /// `rstats.files`, `rstats.rows`, `rstats.errors` (`[]` if none was left out), and those that not every source has.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] if the summaries do not belong to the spec, and for more text than a column holds.
    pub fn to_record_batch(&self) -> Result<RecordBatch> {
        let keys = self.series.keys().map_or(vec![], |keys| keys.columns().to_vec());
        let batch = ArrowRows::new(self, keys)?.batch(0..self.series.len())?;
        if self.series.are_windows() { self.in_order_of_windows(&batch) } else { Ok(batch) }
    }

    /// The columns of one kind as a table: those of numbers, as [`to_record_batch`](Self::to_record_batch) has them, or those of another
    /// kind if there are no others. See [`of_kind`](Self::of_kind).
    ///
    /// # Errors
    ///
    /// As [`to_record_batch`](Self::to_record_batch).
    pub fn to_one_table(&self) -> Result<RecordBatch> {
        let Some(part) = self.only_part() else { return self.to_record_batch() };
        let batch = part.to_record_batch()?;
        let schema = batch.schema().as_ref().clone().with_metadata(HashMap::from_iter(metadata(self)?));
        batch.with_schema(Arc::new(schema)).map_err(|error| Error::Data(error.to_string()))
    }

    /// The same with the rows and the columns in the order of windows.
    fn in_order_of_windows(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let failed = |error: arrow_schema::ArrowError| Error::Data(error.to_string());
        let columns = self.columns();
        let columns = columns.iter().map(|name| batch.schema_ref().index_of(name));
        let batch = batch.project(&columns.collect::<Result<Vec<_>, _>>().map_err(failed)?).map_err(failed)?;
        if self.series.columns().len() < 2 {
            return Ok(batch);
        }
        let rows = (0..self.series.len()).map(|place| self.series.row_at(place) as u64);
        take_record_batch(&batch, &UInt64Array::from_iter_values(rows)).map_err(failed)
    }
}

/// The rows of a report as Arrow, any range of them. Counts and statistics are not copied.
pub(super) struct ArrowRows<'a> {
    report: &'a Report,
    keys: Vec<ArrayRef>,
    statistics: Vec<ArrayRef>,
    schema: SchemaRef,
}

impl<'a> ArrowRows<'a> {
    /// `keys` are the columns of the report's keys, or the same keys as arrays of other types.
    pub(super) fn new(report: &'a Report, keys: Vec<ArrayRef>) -> Result<Self> {
        let series = &report.series;
        let mut fields = vec![Field::new("column", DataType::Utf8, true)];
        let names = series.keys().map(RecordBatch::schema);
        for (field, column) in names.iter().flat_map(|schema| schema.fields()).zip(&keys) {
            fields.push(field.as_ref().clone().with_data_type(column.data_type().clone()).with_nullable(true));
        }
        for (name, values) in COUNTS.into_iter().zip(series.counts_of_all()) {
            fields.push(Field::new(name, DataType::UInt64, values.null_count() > 0));
        }
        let mut statistics: Vec<ArrayRef> = (0..series.names().len()).map(|index| statistic(series, index)).collect();
        for (name, values) in series.names().iter().zip(&statistics) {
            fields.push(Field::new(name, values.data_type().clone(), true));
        }
        if let Some(histograms) = series.histograms() {
            fields.push(Field::new(HISTOGRAM, histograms.data_type().clone(), true));
            statistics.push(Arc::new(histograms.clone()));
        }
        let schema = Schema::new(fields).with_metadata(HashMap::from_iter(metadata(report)?));
        Ok(Self { report, keys, statistics, schema: Arc::new(schema) })
    }

    #[cfg(feature = "parquet")]
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// All rows, in batches of at most `most` rows.
    #[cfg(feature = "parquet")]
    pub(super) fn into_batches(self, most: usize) -> impl Iterator<Item = Result<RecordBatch>> {
        let rows = self.report.series.len();
        (0..rows).step_by(most).map(move |start| self.batch(start..rows.min(start + most)))
    }

    pub(super) fn batch(&self, rows: Range<usize>) -> Result<RecordBatch> {
        let failed = |error: arrow_schema::ArrowError| Error::Data(error.to_string());
        let series = &self.report.series;
        let mut columns: Vec<ArrayRef> = vec![Arc::new(self.names(rows.clone())?)];
        for keys in &self.keys {
            columns.push(repeated(keys, rows.clone()).map_err(failed)?);
        }
        for values in series.counts_of_all() {
            columns.push(Arc::new(values.slice(rows.start, rows.len())));
        }
        columns.extend(self.statistics.iter().map(|values| values.slice(rows.start, rows.len())));
        RecordBatch::try_new(self.schema.clone(), columns).map_err(failed)
    }

    /// The column that each row is of.
    fn names(&self, rows: Range<usize>) -> Result<StringArray> {
        let name = |row| self.report.series.column(row);
        let bytes: usize = rows.clone().map(|row| name(row).map_or(0, str::len)).sum();
        if i32::try_from(bytes).is_err() {
            return Err(Error::Data(format!(
                "the names of the columns in {} rows are {bytes} bytes, more than a column of Arrow holds",
                rows.len()
            )));
        }
        Ok(rows.map(name).collect())
    }
}

/// A statistic of all rows, as what it is: see [`Report::to_record_batch`].
fn statistic(series: &Summaries, index: usize) -> ArrayRef {
    let values = &series.statistics_of_all()[index];
    let name = &series.names()[index];
    if is_count(name) {
        return Arc::new(values.unary::<_, UInt64Type>(|count| count as u64));
    }
    let exact = match series.common_type() {
        _ if !is_exact(name) => None,
        NumberType::Float => None,
        NumberType::Integer => integers(series, index),
        NumberType::Decimal(scale) => decimals(series, index, scale),
    };
    exact.unwrap_or_else(|| Arc::new(values.clone()))
}

/// `None` where some are no integers.
fn integers(series: &Summaries, index: usize) -> Option<ArrayRef> {
    let figures = (0..series.len()).map(|row| match series.figure(row, index) {
        None => Some(None),
        Some(Figure::Integer(value)) => Some(Some(value)),
        Some(_) => None,
    });
    let all: Vec<Option<i128>> = figures.collect::<Option<_>>()?;
    let narrow: Result<Int64Array, _> = all.iter().map(|value| value.map(i64::try_from).transpose()).collect();
    if let Ok(narrow) = narrow {
        return Some(Arc::new(narrow));
    }
    let narrow: Result<UInt64Array, _> = all.iter().map(|value| value.map(u64::try_from).transpose()).collect();
    if let Ok(narrow) = narrow {
        return Some(Arc::new(narrow));
    }
    let wide = Decimal128Array::from(all).with_precision_and_scale(38, 0).ok()?;
    wide.validate_decimal_precision(38).ok()?;
    Some(Arc::new(wide))
}

/// `None` where some are no decimals, or have more than 76 digits.
fn decimals(series: &Summaries, index: usize, scale: u8) -> Option<ArrayRef> {
    let with_scale = |value: i256, digits: i16| {
        let power = i256::from_i128(10).checked_pow((i16::from(scale) - digits).try_into().ok()?)?;
        value.checked_mul(power)
    };
    let figures = (0..series.len()).map(|row| match series.figure(row, index) {
        None => Some(None),
        Some(Figure::Integer(value)) => with_scale(i256::from_i128(value), 0).map(Some),
        Some(Figure::Decimal(Decimal { negative, magnitude: [a, b, c, d], scale })) => {
            let (low, high) = (u128::from(b) << 64 | u128::from(a), u128::from(d) << 64 | u128::from(c));
            let magnitude = i256::from_parts(low, i128::try_from(high).ok()?);
            with_scale(if negative { magnitude.wrapping_neg() } else { magnitude }, scale).map(Some)
        }
        Some(Figure::Float(_)) => None,
    });
    let all: Vec<Option<i256>> = figures.collect::<Option<_>>()?;
    let scale = scale.try_into().ok()?;
    let narrow = all.iter().map(|value| value.map(|value| value.to_i128().ok_or(())).transpose());
    if let Ok(narrow) = narrow.collect::<Result<Decimal128Array, _>>()
        && let Ok(narrow) = narrow.with_precision_and_scale(38, scale)
        && narrow.validate_decimal_precision(38).is_ok()
    {
        return Some(Arc::new(narrow));
    }
    let wide = Decimal256Array::from(all).with_precision_and_scale(76, scale).ok()?;
    wide.validate_decimal_precision(76).ok()?;
    Some(Arc::new(wide))
}

/// Some rows of `keys` repeated without end.
fn repeated(keys: &ArrayRef, rows: Range<usize>) -> Result<ArrayRef, arrow_schema::ArrowError> {
    let mut pieces = Vec::new();
    let mut start = rows.start;
    while start < rows.end {
        let from = start % keys.len();
        let length = (keys.len() - from).min(rows.end - start);
        pieces.push(keys.slice(from, length));
        start += length;
    }
    match pieces.as_slice() {
        [] => Ok(keys.slice(0, 0)),
        [piece] => Ok(piece.clone()),
        pieces => concat(&pieces.iter().map(AsRef::as_ref).collect::<Vec<_>>()),
    }
}

/// What was asked, and where the data came from, in the order of the names.
pub(super) fn metadata(report: &Report) -> Result<Vec<(String, String)>> {
    let spec = &report.spec;
    let mut metadata = vec![
        ("rstats.schema".to_owned(), SCHEMA.to_owned()),
        ("rstats.method".to_owned(), spec.method().to_string()),
        ("rstats.ddof".to_owned(), spec.ddof().to_string()),
        ("rstats.nan".to_owned(), spec.nan().name().to_owned()),
    ];
    if spec.null() != NullPolicy::Skip {
        metadata.push(("rstats.null".to_owned(), spec.null().name().to_owned()));
    }
    if report.source.is_files() {
        let members = report.source.members().map_err(|error| Error::Data(error.to_string()))?;
        metadata.extend(members.into_iter().map(|(name, value)| (format!("rstats.{name}"), value)));
    }
    metadata.sort_unstable();
    Ok(metadata)
}
