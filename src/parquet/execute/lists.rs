//! Rows of lists: each is a series, so a batch of rows is described as soon as it is decoded.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use arrow_array::{Array, ArrayRef, RecordBatch, UInt64Array, new_empty_array, new_null_array};
use arrow_schema::{DataType, Field, FieldRef};

use super::context::ExecutionContext;
use super::pass::LeftOut;
use crate::describe::describe_lists;
use crate::error::{Error, Result};
use crate::memory_pool::Reservation;
use crate::parquet::decode::DecodedRows;
use crate::parquet::plan::{Plan, ScanTask};
use crate::parquet::request::RunMetrics;
use crate::summary::Summaries;
use crate::unpoisoned::Unpoisoned;

/// What the pool is asked for.
const ANSWER: &str = "the answer, which has a row for each list,";

/// The answers of batches, each with its memory, by file, row group and first row: in the order of the rows, whichever thread is done first.
type Answered = BTreeMap<(usize, usize, u64), Vec<(Summaries, Reservation)>>;

/// The answer for each list: of each column in the order of the files and their rows. The keys are `row`, the position from 0 among the rows
/// that count, and the columns of [`Request::by`](crate::parquet::Request::by). The files that were left out come along.
pub(super) fn describe_dataset_lists(
    run: &ExecutionContext<'_>,
    metrics: &mut RunMetrics,
) -> Result<(Summaries, LeftOut)> {
    let plan = run.plan;
    if plan.request.checkpoint.is_some() {
        return Err(Error::Invalid(
            "a checkpoint keeps what is known of whole columns, and each list is described by itself".to_owned(),
        ));
    }
    let files: Vec<usize> = (0..plan.files.len()).filter(|&file| !plan.files[file].row_groups.is_empty()).collect();
    let tasks = run.begin_rows(&files, metrics);
    let answers: Mutex<Answered> = Mutex::default();
    let failures = run.each_part(&tasks.parts, |part, reader| {
        let mut found = Vec::new();
        run.decode(part, reader, &mut |rows| {
            let room = plan.budget.hold(plan.bytes_of_answers(&rows), ANSWER)?;
            found.push((describe_batch(run, part, rows)?, room));
            Ok(())
        })?;
        let place = (part.file, part.group, part.share.as_ref().map_or(0, |share| share.start));
        answers.lock().unpoisoned().insert(place, found);
        tasks.ends_file(run, part);
        Ok(())
    })?;
    let left_out: LeftOut = tasks.failed(plan, failures).collect();
    let mut answers = answers.into_inner().unpoisoned();
    answers.retain(|(file, ..), _| !left_out.contains_key(file));
    let (answers, rooms): (Vec<_>, Vec<_>) = answers.into_values().flatten().unzip();
    // All of it is copied once.
    let _copy = plan.budget.hold(rooms.iter().map(Reservation::bytes).sum(), ANSWER)?;
    let parts = std::iter::once(empty(run)?).chain(answers).collect();
    let whole = Summaries::joined(parts).map_err(Error::from_grouping)?.of_columns(plan.answered_columns());
    let whole = whole.with_keys_as(|keys| {
        let mut columns = keys.columns().to_vec();
        columns[0] = Arc::new(UInt64Array::from_iter_values(0..keys.num_rows() as u64));
        RecordBatch::try_new(keys.schema(), columns).map_err(Error::from_grouping)
    })?;
    Ok((plan.with_key_texts(whole)?, left_out))
}

impl Plan<'_> {
    /// What the answers for a batch of lists take.
    fn bytes_of_answers(&self, rows: &DecodedRows) -> u64 {
        let keys: usize = rows.keys.iter().map(|keys| keys.get_array_memory_size()).sum();
        rows.count as u64 * (size_of::<u64>() as u64 + self.answer_bytes()) + keys as u64
    }

    /// The fields of what is carried along.
    fn carried(&self, keys: Vec<ArrayRef>) -> Vec<(FieldRef, ArrayRef)> {
        let fields = self.keys.iter().map(|key| Arc::new(Field::new(&key.name, key.data_type.clone(), true)));
        fields.zip(keys).collect()
    }
}

/// The answer for lists of no rows.
fn empty(run: &ExecutionContext<'_>) -> Result<Summaries> {
    let plan = run.plan;
    let columns = plan.series.iter().map(|series| (Some(series.name.clone()), vec![new_empty_array(&no_lists())]));
    let keys = plan.keys.iter().map(|key| new_empty_array(&key.data_type)).collect();
    describe_lists(columns.collect(), plan.carried(keys), plan.spec, run.interrupt)
}

/// The type of lists that are all missing.
fn no_lists() -> DataType {
    DataType::new_list(DataType::Float64, true)
}

fn describe_batch(run: &ExecutionContext<'_>, part: &ScanTask, rows: DecodedRows) -> Result<Summaries> {
    let plan = run.plan;
    let columns = plan.series.iter().zip(&rows.values).map(|(series, lists)| {
        let lists = lists.clone().filter(|lists| *lists.data_type() != DataType::Null);
        (Some(series.name.clone()), vec![lists.unwrap_or_else(|| new_null_array(&no_lists(), rows.count))])
    });
    let (columns, keys) = (columns.collect(), plan.carried(rows.keys.clone()));
    describe_lists(columns, keys, plan.spec, run.interrupt).map_err(|error| match error {
        Error::Nan { name, row, .. } => {
            let series = plan.series.iter().position(|series| Some(&series.name) == name.as_ref());
            let file = plan.dataset.files[part.file].name().into();
            Error::Nan { row: rows.row(series.unwrap_or_default(), row), name, file: Some(file) }
        }
        error => error,
    })
}
