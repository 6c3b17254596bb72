//! Columns of times, as the integers that count their ticks: days of dates, units of the others. Every statistic is one rounding of
//! the exact rational to the tick, ties to even, and keeps the column's type, unit and zone; differences are durations.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Int64Array, ListArray, RecordBatch, StructArray, UInt64Array};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Schema, TimeUnit};

use super::columns::TypedColumn;
use crate::describe::describer::describe_all;
use crate::describe::groups::describe_groups;
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::keys::HISTOGRAM;
use crate::series::Series;
use crate::series::key::values_type;
use crate::spec::{Spec, Statistic, is_count};
use crate::summary::Summaries;

/// The seconds of a day.
const DAY: i128 = 86_400;

/// The answers for each column of times.
pub(super) fn describe_times(
    columns: &[TypedColumn],
    by: Option<&[(FieldRef, ArrayRef)]>,
    asked: &Spec,
    interrupt: &Interrupt,
) -> Result<Vec<RecordBatch>> {
    let spec = asked.clone().in_whole_ticks();
    let series = columns.iter().map(in_ticks).collect::<Result<Vec<_>>>()?;
    let summaries = match by {
        None => Summaries::new(&spec, describe_all(&series, &spec, interrupt)?),
        Some(by) => describe_groups(by.to_vec(), &series, &spec, interrupt)?,
    };
    answers_of(columns, &summaries, asked)
}

/// The answers that are asked for of each column, of the summaries of their ticks.
pub(crate) fn answers_of(columns: &[TypedColumn], summaries: &Summaries, asked: &Spec) -> Result<Vec<RecordBatch>> {
    let groups = summaries.len() / columns.len().max(1);
    let answer = |(index, column): (usize, &TypedColumn)| {
        let rows = index * groups..(index + 1) * groups;
        answers(summaries, rows, values_type(column.field.data_type()), asked).map_err(|error| column.failed(error))
    };
    columns.iter().enumerate().map(answer).collect()
}

/// The ticks of a column of times.
pub(crate) fn in_ticks(column: &TypedColumn) -> Result<Series> {
    let chunks = column.chunks.iter().map(ticks).collect::<std::result::Result<Vec<_>, _>>();
    let mut chunks = chunks.map_err(|error| column.failed(error))?;
    if chunks.is_empty() {
        chunks.push(Arc::new(Int64Array::from(Vec::<i64>::new()))); // it has a type still
    }
    Series::from_arrays(column.name.clone(), chunks)
}

/// The ticks of times, without a copy where they are 64 bits wide.
pub(crate) fn ticks(times: &ArrayRef) -> std::result::Result<ArrayRef, ArrowError> {
    // Dictionaries and runs first become what they are of.
    let values = cast(times, values_type(times.data_type()))?;
    match values.data_type() {
        DataType::Date32 | DataType::Time32(_) => cast(&cast(&values, &DataType::Int32)?, &DataType::Int64),
        _ => cast(&values, &DataType::Int64),
    }
}

/// What a difference of times of a type is: its unit, and how many of it a tick is.
fn span_of(data_type: &DataType) -> (TimeUnit, i128) {
    match data_type {
        DataType::Date32 => (TimeUnit::Second, DAY),
        DataType::Time32(unit) | DataType::Time64(unit) | DataType::Timestamp(unit, _) | DataType::Duration(unit) => {
            (*unit, 1)
        }
        _ => (TimeUnit::Millisecond, 1),
    }
}

/// The answers in some rows, as values of the column's type and durations.
fn answers(
    summaries: &Summaries,
    rows: Range<usize>,
    data_type: &DataType,
    asked: &Spec,
) -> std::result::Result<RecordBatch, ArrowError> {
    let [counts, null_counts, _] = summaries.counts_of_all();
    let (start, length) = (rows.start, rows.len());
    let mut fields =
        vec![Field::new("count", DataType::UInt64, true), Field::new("null_count", DataType::UInt64, true)];
    let mut arrays: Vec<ArrayRef> =
        vec![Arc::new(counts.slice(start, length)), Arc::new(null_counts.slice(start, length))];
    let (unit, factor) = span_of(data_type);
    for (index, name) in summaries.names().iter().enumerate().filter(|(_, name)| asked.field_names().contains(name)) {
        let whole = |row: usize| summaries.integer(row, index);
        let is_span = ["range", "stddev", "sem", "iqr"].contains(&name.as_str());
        let array: ArrayRef = if is_count(name) {
            Arc::new(rows.clone().map(|row| whole(row).map(|count| count as u64)).collect::<UInt64Array>())
        } else {
            let is_defined = name != "sum" || matches!(data_type, DataType::Duration(_));
            let factor = if is_span { factor } else { 1 };
            // What its type does not reach is not defined: a range of 600 years in nanoseconds.
            let ticks = |row: usize| i64::try_from(whole(row).filter(|_| is_defined)?.checked_mul(factor)?).ok();
            let ticks: Int64Array = rows.clone().map(ticks).collect();
            let ticks: ArrayRef = Arc::new(ticks);
            if is_span { of_ticks(&ticks, &DataType::Duration(unit)) } else { of_ticks(&ticks, data_type) }?
        };
        fields.push(Field::new(name, array.data_type().clone(), true));
        arrays.push(array);
    }
    if asked.wants(Statistic::Histogram) {
        let array = histograms(summaries, rows, data_type)?;
        fields.push(Field::new("histogram", array.data_type().clone(), true));
        arrays.push(array);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
}

/// The histograms of ticks in some rows, with edges of the column's type. A bin from an edge on holds the ticks from the next whole one on, so the
/// edges are rounded up; the outer ones are the extrema, which the nearest float need not be.
fn histograms(
    summaries: &Summaries,
    rows: Range<usize>,
    data_type: &DataType,
) -> std::result::Result<ArrayRef, ArrowError> {
    let index_of = |name: &str| summaries.names().iter().position(|known| known == name);
    let ends = [index_of("min"), index_of("max")];
    let (mut ticks, mut counts, mut lengths) = (Vec::new(), Vec::new(), Vec::new());
    let mut is_there = Vec::with_capacity(rows.len());
    for row in rows {
        let histogram = summaries.histogram(row);
        is_there.push(histogram.is_some());
        let Some(histogram) = histogram else {
            lengths.push([0, 0]);
            continue;
        };
        let mut edges: Vec<i64> = histogram.edges.iter().map(|edge| edge.ceil() as i64).collect();
        let ends = ends.map(|index| summaries.integer(row, index?).and_then(|end| i64::try_from(end).ok()));
        if let ([Some(min), Some(max)], [first, .., last]) = (ends, &mut edges[..])
            && min < max
        {
            (*first, *last) = (min, max);
        }
        lengths.push([edges.len(), histogram.counts.len()]);
        ticks.extend(edges);
        counts.extend(histogram.counts);
    }
    let list = |index: usize, values: ArrayRef| -> std::result::Result<ArrayRef, ArrowError> {
        let field = Arc::new(Field::new_list_field(values.data_type().clone(), false));
        let offsets = OffsetBuffer::from_lengths(lengths.iter().map(|lengths| lengths[index]));
        Ok(Arc::new(ListArray::try_new(field, offsets, values, None)?))
    };
    let arrays = vec![
        list(0, of_ticks(&(Arc::new(Int64Array::from(ticks)) as ArrayRef), data_type)?)?,
        list(1, Arc::new(UInt64Array::from(counts)))?,
    ];
    let fields = HISTOGRAM.iter().zip(&arrays).map(|(name, array)| Field::new(*name, array.data_type().clone(), false));
    Ok(Arc::new(StructArray::try_new(fields.collect(), arrays, Some(NullBuffer::from(is_there)))?))
}

/// Ticks as values of a type of times.
pub(crate) fn of_ticks(ticks: &ArrayRef, data_type: &DataType) -> std::result::Result<ArrayRef, ArrowError> {
    match data_type {
        DataType::Date32 | DataType::Time32(_) => cast(&cast(ticks, &DataType::Int32)?, data_type),
        // A zone's name need not be known here.
        DataType::Timestamp(unit, Some(_)) => {
            let instants = cast(ticks, &DataType::Timestamp(*unit, None))?;
            let data = instants.to_data().into_builder().data_type(data_type.clone()).build()?;
            Ok(arrow_array::make_array(data))
        }
        data_type => cast(ticks, data_type),
    }
}
