//! Rows of lists: each is a series.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, UInt64Array};
use arrow_schema::{DataType, Field, FieldRef, Schema};

use super::any_scan::Scanned;
use super::segments::{check_names, in_parts, set_segments, tasks};
use crate::error::{self, Error, Result};
use crate::interrupt::Interrupt;
use crate::num::figure::NumberType;
use crate::series::list::{Lists, values_of};
use crate::series::repr::with_repr;
use crate::series::table::number_type;
use crate::series::type_names::type_text;
use crate::series::{Kind, Repr};
use crate::spec::{NanPolicy, Spec};
use crate::summary::{AnswerRows, Answers, Summaries};

/// A column of lists: its name, and its chunks.
pub type ListColumn = (Option<String>, Vec<ArrayRef>);

/// The summaries of the rows of lists, one each, in column order and then in the order of the rows. The keys are `row`, the
/// position from 0, and what is carried along: columns of as many rows, with their fields. A list that is null has null
/// counts, an empty one has counts of 0.
///
/// # Errors
///
/// [`Error::NotNumeric`] for lists of anything but numbers, [`Error::Data`] for columns of different lengths,
/// [`Error::Nan`] as `spec` has it, [`Error::Interrupted`].
pub fn describe_lists(
    columns: Vec<ListColumn>,
    carried: Vec<(FieldRef, ArrayRef)>,
    spec: &Spec,
    interrupt: &Interrupt,
) -> Result<Summaries> {
    let names = std::iter::once("row").chain(carried.iter().map(|(field, _)| field.name().as_str()));
    check_names(names, spec)?;
    let length = |chunks: &[ArrayRef]| chunks.iter().map(|chunk| chunk.len()).sum::<usize>();
    let rows = columns.first().map_or(0, |(_, chunks)| length(chunks));
    if let Some((name, chunks)) = columns.iter().find(|(_, chunks)| length(chunks) != rows) {
        let (column, found) = (error::column(name.as_deref()), length(chunks));
        return Err(Error::Data(format!("{column} has {found} rows, and the one before {rows}")));
    }
    let mut answers = Answers::new(columns.len() * rows, spec);
    let mut rest = answers.rows();
    let chunks = columns.iter().flat_map(|(name, chunks)| {
        let starts = chunks.iter().scan(0, |rows, chunk| Some(std::mem::replace(rows, *rows + chunk.len())));
        starts.zip(chunks).map(move |(start, chunk)| (name, start, chunk))
    });
    for (name, start, chunk) in chunks {
        let lists = Lists::new(chunk)?;
        let rows = rest.split_off(chunk.len()).of_type(number_type(lists.value_type()));
        let kind = Kind::of(lists.value_type())
            .ok_or_else(|| Error::NotNumeric { name: name.clone(), data_type: type_text(chunk.data_type()) })?;
        let first_nan = with_repr!(Repr::of(&[kind]), T => set_lists::<T>(&lists, rows, spec, interrupt))
            .map_err(|error| error.of_series(name.as_deref()))?;
        if let (NanPolicy::Raise, Some(row)) = (spec.nan(), first_nan) {
            return Err(Error::Nan { name: name.clone(), file: None, row: (start + row) as u64 });
        }
    }
    let mut fields = vec![Field::new("row", DataType::UInt64, false)];
    let mut keys: Vec<ArrayRef> = vec![Arc::new(UInt64Array::from((0..rows as u64).collect::<Vec<_>>()))];
    for (field, array) in carried {
        fields.push(field.as_ref().clone().with_nullable(true).with_data_type(array.data_type().clone()));
        keys.push(array);
    }
    let keys =
        RecordBatch::try_new(Arc::new(Schema::new(fields)), keys).map_err(|error| Error::Data(error.to_string()))?;
    let columns = columns.into_iter().map(|(name, chunks)| {
        let values = chunks.iter().filter_map(|chunk| values_of(chunk.data_type()));
        (name, values.map(number_type).reduce(NumberType::joined).unwrap_or_default())
    });
    Ok(Summaries::with_keys(columns.collect(), Some(keys), spec, answers))
}

/// Sets the rows of the lists of one array; the first row with a NaN.
fn set_lists<T: Scanned>(
    lists: &Lists,
    rows: AnswerRows<'_>,
    spec: &Spec,
    interrupt: &Interrupt,
) -> Result<Option<usize>> {
    let tasks = tasks(lists.len(), |list| lists.length(list));
    // One task needs no other thread; its own series may.
    let values = if tasks.len() <= 1 { 0 } else { usize::MAX };
    in_parts(tasks, rows, values, spec, interrupt, |describer, task, rows| {
        let (values, segments) = lists.segments(task)?;
        set_segments::<T>(&values, segments.into_iter(), describer, rows)
    })
}
