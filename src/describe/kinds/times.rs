//! Columns of times, as the integers that count their ticks: days of dates, units of the others. Every statistic is one rounding of
//! the exact rational to the tick, ties to even, and keeps the column's type, unit and zone; differences are durations.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, UInt64Array};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Schema, TimeUnit};

use super::columns::TypedColumn;
use crate::describe::describer::describe_all;
use crate::describe::groups::describe_groups;
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::series::Series;
use crate::series::key::values_type;
use crate::spec::{Spec, is_count};
use crate::summary::Summaries;

/// The seconds of a day.
const DAY: i128 = 86_400;

/// The answers for each column of times.
pub(super) fn describe_times(
    columns: &[TypedColumn],
    by: Option<&[(FieldRef, ArrayRef)]>,
    spec: &Spec,
    interrupt: &Interrupt,
) -> Result<Vec<RecordBatch>> {
    let spec = spec.clone().in_whole_ticks();
    let series = columns.iter().map(in_ticks).collect::<Result<Vec<_>>>()?;
    let summaries = match by {
        None => Summaries::new(&spec, describe_all(&series, &spec, interrupt)?),
        Some(by) => describe_groups(by.to_vec(), &series, &spec, interrupt)?,
    };
    answers_of(columns, &summaries)
}

/// The answers for each column, of the summaries of their ticks.
pub(crate) fn answers_of(columns: &[TypedColumn], summaries: &Summaries) -> Result<Vec<RecordBatch>> {
    let groups = summaries.len() / columns.len().max(1);
    let answer = |(index, column): (usize, &TypedColumn)| {
        answers(summaries, index * groups, groups, values_type(column.field.data_type()))
            .map_err(|error| column.failed(error))
    };
    columns.iter().enumerate().map(answer).collect()
}

fn in_ticks(column: &TypedColumn) -> Result<Series> {
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

/// The answers in `rows` rows from `start` on, as values of the column's type and durations.
fn answers(
    summaries: &Summaries,
    start: usize,
    rows: usize,
    data_type: &DataType,
) -> std::result::Result<RecordBatch, ArrowError> {
    let [counts, null_counts, _] = summaries.counts_of_all();
    let mut fields =
        vec![Field::new("count", DataType::UInt64, true), Field::new("null_count", DataType::UInt64, true)];
    let mut arrays: Vec<ArrayRef> = vec![Arc::new(counts.slice(start, rows)), Arc::new(null_counts.slice(start, rows))];
    let (unit, factor) = span_of(data_type);
    for (index, name) in summaries.names().iter().enumerate() {
        let whole = |row: usize| summaries.integer(row, index);
        let is_span = ["range", "stddev", "sem", "iqr"].contains(&name.as_str());
        let array: ArrayRef = if is_count(name) {
            Arc::new((start..start + rows).map(|row| whole(row).map(|count| count as u64)).collect::<UInt64Array>())
        } else {
            let is_defined = name != "sum" || matches!(data_type, DataType::Duration(_));
            let factor = if is_span { factor } else { 1 };
            // What its type does not reach is not defined: a range of 600 years in nanoseconds.
            let ticks = |row: usize| i64::try_from(whole(row).filter(|_| is_defined)?.checked_mul(factor)?).ok();
            let ticks: Int64Array = (start..start + rows).map(ticks).collect();
            if is_span { of_ticks(ticks, &DataType::Duration(unit)) } else { of_ticks(ticks, data_type) }?
        };
        fields.push(Field::new(name, array.data_type().clone(), true));
        arrays.push(array);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
}

/// Ticks as values of a type of times.
fn of_ticks(ticks: Int64Array, data_type: &DataType) -> std::result::Result<ArrayRef, ArrowError> {
    let ticks: ArrayRef = Arc::new(ticks);
    match data_type {
        DataType::Date32 | DataType::Time32(_) => cast(&cast(&ticks, &DataType::Int32)?, data_type),
        // A zone's name need not be known here.
        DataType::Timestamp(unit, Some(_)) => {
            let instants = cast(&ticks, &DataType::Timestamp(*unit, None))?;
            let data = instants.to_data().into_builder().data_type(data_type.clone()).build()?;
            Ok(arrow_array::make_array(data))
        }
        data_type => cast(&ticks, data_type),
    }
}
