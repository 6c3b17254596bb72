//! Columns that hold no numbers, a kind at a time, each over the same rows as the columns of numbers.
//!
//! Times are series of ticks, booleans series of 0 and 1, and of other columns it is a series whether there is a value: each is described as
//! numbers are, within the limit. What is learned of texts merges, and takes as much memory as its answer.

use std::sync::Mutex;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, FieldRef, Schema, SchemaRef};

use super::context::ExecutionContext;
use super::groups::{TakeGroups, count_dataset_groups};
use super::numbers::describe_numbers;
use super::pass::LeftOut;
use super::texts_in_bytes::TextsInBytes;
use crate::describe::{
    Counts, Distinct, DistinctParts, LearnedTexts, Part, TypedColumn, answers_of, boolean_answers, check_part,
    wants_distinct,
};
use crate::error::{Error, Result};
use crate::memory_pool::Reservation;
use crate::parquet::columns::DataColumn;
use crate::parquet::plan::KeySource;
use crate::parquet::request::RunMetrics;
use crate::series::series_kind::SeriesKind;
use crate::series::table;
use crate::spec::{NullPolicy, Spec, Statistic};
use crate::unpoisoned::Unpoisoned;

/// What is learned of texts is put together once it takes this many bytes, and twice as many as when that was done last.
const PUT_TOGETHER: u64 = 4 << 20;

/// The columns of other kinds.
#[derive(Default)]
pub(super) struct OtherKinds {
    pub parts: Vec<Part>,
    /// The columns that were not described, though nobody chose.
    pub left_out: Vec<table::LeftOut>,
    /// The files that failed. If there are any, nothing else holds.
    pub failed: LeftOut,
}

/// The answers for a column each, and the keys of the groups.
#[derive(Default)]
struct Answers {
    keys: Option<RecordBatch>,
    columns: Vec<RecordBatch>,
}

/// Describes the columns that hold no numbers.
pub(super) fn describe_other_kinds(run: &ExecutionContext<'_>, metrics: &mut RunMetrics) -> Result<OtherKinds> {
    let plan = run.plan;
    let mut others = OtherKinds::default();
    for (kind, _) in SeriesKind::ALL {
        let columns: Vec<DataColumn> = plan.others.iter().filter(|column| column.kind == kind).cloned().collect();
        if columns.is_empty() {
            continue;
        }
        let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        let found = match kind {
            SeriesKind::Time => describe_times(run, columns, metrics),
            SeriesKind::Text => describe_texts(run, columns, metrics),
            _ => describe_counted(run, columns, metrics),
        };
        match found {
            Ok((_, failed)) if !failed.is_empty() => {
                others.failed = failed;
                return Ok(others);
            }
            Ok((answers, _)) => {
                let columns = names.into_iter().map(Some).zip(answers.columns).collect();
                let part = Part::new(kind, answers.keys, columns);
                check_part(&part)?;
                others.parts.push(part);
            }
            // The numbers have their answer; of columns that nobody asked for it is told that they have none.
            Err(error @ Error::MemoryLimit { .. }) if !plan.request.columns.are_named() => {
                let left_out = |column| table::LeftOut { column, reason: error.to_string() };
                others.left_out.extend(names.into_iter().map(left_out));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(others)
}

/// Columns without data, for what is answered in their type.
fn typed(columns: &[DataColumn]) -> Vec<TypedColumn> {
    let typed = |column: &DataColumn| {
        let field = FieldRef::new(Field::new(&column.name, column.data_type.clone(), true));
        TypedColumn { name: Some(column.name.clone()), field, chunks: Vec::new() }
    };
    columns.iter().map(typed).collect()
}

fn describe_times(
    run: &ExecutionContext<'_>,
    columns: Vec<DataColumn>,
    metrics: &mut RunMetrics,
) -> Result<(Answers, LeftOut)> {
    let (spec, typed) = (run.plan.spec.clone().in_whole_ticks(), typed(&columns));
    let plan = run.plan.with_series(columns, run.plan.keys.clone(), &spec);
    let (summaries, failed) = describe_numbers(&ExecutionContext { plan: &plan, ..*run }, metrics)?;
    Ok((Answers { columns: answers_of(&typed, &summaries, run.plan.spec)?, keys: summaries.keys().cloned() }, failed))
}

/// Booleans, and columns of which only values and nulls are counted.
fn describe_counted(
    run: &ExecutionContext<'_>,
    columns: Vec<DataColumn>,
    metrics: &mut RunMetrics,
) -> Result<(Answers, LeftOut)> {
    let (spec, typed) = (run.plan.spec, typed(&columns));
    let is_boolean: Vec<bool> = columns.iter().map(|column| column.kind == SeriesKind::Boolean).collect();
    let counting = counting(spec).with_statistics(is_boolean.contains(&true).then_some(Statistic::Sum));
    let plan = run.plan.with_series(columns, run.plan.keys.clone(), &counting);
    let (summaries, failed) = describe_numbers(&ExecutionContext { plan: &plan, ..*run }, metrics)?;
    let groups = summaries.len() / typed.len();
    let [count, null_count, _] = summaries.counts_of_all();
    let answer = |(index, (column, is_boolean)): (usize, (&TypedColumn, bool))| {
        let rows = index * groups..(index + 1) * groups;
        let counts = Counts {
            count: count.values()[rows.clone()].to_vec(),
            null_count: null_count.values()[rows.clone()].to_vec(),
        };
        match is_boolean {
            true => {
                let n_true = |row| summaries.integer(row, 0).and_then(|sum| u64::try_from(sum).ok()).unwrap_or(0);
                boolean_answers(column, counts, &rows.map(n_true).collect::<Vec<_>>(), spec)
            }
            false => counts.with(Vec::new()).map_err(|error| Error::Data(error.to_string())),
        }
    };
    let answers = typed.iter().zip(is_boolean).enumerate().map(answer).collect::<Result<_>>()?;
    Ok((Answers { columns: answers, keys: summaries.keys().cloned() }, failed))
}

/// The spec of counts: a null is an error where it is one.
fn counting(spec: &Spec) -> Spec {
    let null = if spec.null() == NullPolicy::Raise { NullPolicy::Raise } else { NullPolicy::Skip };
    Spec::default().with_statistics([]).with_cut_points(1).unwrap_or_default().with_null(null)
}

fn describe_texts(
    run: &ExecutionContext<'_>,
    mut columns: Vec<DataColumn>,
    metrics: &mut RunMetrics,
) -> Result<(Answers, LeftOut)> {
    let (plan, spec) = (run.plan, run.plan.spec);
    let (learned, typed, _room) = loop {
        let rows = plan.with_series(columns.clone(), plan.keys.clone(), spec);
        let texts = Texts::new(ExecutionContext { plan: &rows, ..*run })?;
        let failed = texts.read(metrics)?;
        if !failed.is_empty() {
            return Ok((Answers::default(), failed));
        }
        let Texts { columns: typed, in_bytes, learned, keys, .. } = texts;
        if !in_bytes.correct(&mut columns) {
            let Learned { parts, room, .. } = learned.into_inner().unpoisoned();
            break (LearnedTexts::merged(parts, &keys, typed.len())?, typed, room);
        }
    };
    let mut distinct = Vec::with_capacity(columns.len());
    for (column, typed) in columns.iter().zip(&typed) {
        distinct.push(match wants_distinct(&typed.field, spec) {
            true => {
                let (found, failed) = distinct_texts(run, column, metrics)?;
                if !failed.is_empty() {
                    return Ok((Answers::default(), failed));
                }
                Some(found)
            }
            false => None,
        });
    }
    let keys = (!plan.keys.is_empty()).then(|| learned.keys().clone());
    let keys = keys.map(|keys| plan.key_texts(&keys)).transpose()?;
    Ok((Answers { columns: learned.answers(&typed, &distinct, spec)?, keys }, LeftOut::new()))
}

/// The distinct texts of a column, by the groups of the plan: those of the groups that its texts make beside its keys.
fn distinct_texts(
    run: &ExecutionContext<'_>,
    column: &DataColumn,
    metrics: &mut RunMetrics,
) -> Result<(Distinct, LeftOut)> {
    let text = KeySource {
        name: String::new(), // a name of a folder is no value of the column
        data_type: column.data_type.clone(),
        indices: Some(column.indices.clone()),
    };
    let counted = DataColumn { kind: SeriesKind::Other, ..column.clone() };
    let keys = run.plan.keys.iter().cloned().chain([text]).collect();
    let spec = counting(run.plan.spec).with_null(NullPolicy::Skip);
    let plan = run.plan.with_series(vec![counted], keys, &spec);
    let parts = DistinctParts::new(run.plan.keys.len(), run.plan.spec.top());
    let taker = DistinctTexts { run, parts, room: Mutex::default() };
    let left_out = count_dataset_groups(&ExecutionContext { plan: &plan, ..*run }, &taker, metrics)?;
    Ok((taker.parts.finish()?, left_out))
}

/// The distinct texts of a column, as their groups come.
struct DistinctTexts<'a> {
    run: &'a ExecutionContext<'a>,
    parts: DistinctParts,
    /// What they may take.
    room: Mutex<Vec<Reservation>>,
}

impl TakeGroups for DistinctTexts<'_> {
    fn clear(&self) {
        self.parts.clear();
        self.room.lock().unpoisoned().clear();
    }

    fn take(&self, keys: &RecordBatch, sizes: &[u64]) -> Result<()> {
        self.parts.add(keys, sizes)?;
        let mut room = self.room.lock().unpoisoned();
        // What there is before parts are put together, and then.
        let more = (2 * self.parts.bytes()).saturating_sub(room.iter().map(Reservation::bytes).sum());
        if more > 0 {
            room.push(self.run.reserve(more.max(PUT_TOGETHER / 4))?);
        }
        Ok(())
    }
}

/// Columns of text, whose rows are read by many threads.
struct Texts<'a> {
    run: ExecutionContext<'a>,
    columns: Vec<TypedColumn>,
    keys: SchemaRef,
    in_bytes: TextsInBytes,
    learned: Mutex<Learned>,
}

/// What is learned so far, in parts.
struct Learned {
    parts: Vec<LearnedTexts>,
    bytes: u64,
    /// What it may take.
    room: Vec<Reservation>,
    /// The bytes from which on it is put together.
    most: u64,
}

impl<'a> Texts<'a> {
    fn new(run: ExecutionContext<'a>) -> Result<Self> {
        let plan = run.plan;
        let mut columns = typed(&plan.series);
        for (column, series) in columns.iter_mut().zip(&plan.series).filter(|(_, series)| series.is_text_in_bytes) {
            column.field = FieldRef::new(Field::new(&series.name, DataType::Utf8, true));
        }
        let keys = plan.keys.iter().map(|key| Field::new(&key.name, key.data_type.clone(), true));
        let learned =
            Learned { parts: Vec::new(), bytes: 0, room: vec![run.reserve(2 * PUT_TOGETHER)?], most: PUT_TOGETHER };
        Ok(Self {
            keys: SchemaRef::new(Schema::new(keys.collect::<Vec<_>>())),
            in_bytes: TextsInBytes::new(&plan.series),
            columns,
            learned: Mutex::new(learned),
            run,
        })
    }

    /// Reads all rows. The files that failed.
    fn read(&self, metrics: &mut RunMetrics) -> Result<LeftOut> {
        let (run, plan) = (&self.run, self.run.plan);
        let files: Vec<usize> = (0..plan.files.len()).filter(|&file| !plan.files[file].row_groups.is_empty()).collect();
        let tasks = run.begin_rows(&files, metrics);
        let failures = run.each_part(&tasks.parts, |part, reader| {
            run.decode(part, reader, &mut |rows| {
                self.learn(rows.values, rows.keys, rows.count).map_err(|error| match error {
                    Error::Data(message) => plan.damaged(part, None, &message),
                    error => error,
                })
            })?;
            tasks.ends_file(run, part);
            Ok(())
        })?;
        Ok(tasks.failed(plan, failures).collect())
    }

    /// A batch of rows: the texts of each column that its file has, and the keys.
    fn learn(&self, values: Vec<Option<ArrayRef>>, keys: Vec<ArrayRef>, rows: usize) -> Result<()> {
        let by_groups = !keys.is_empty();
        let columns = self.columns.iter().zip(values).enumerate().map(|(index, (column, values))| {
            // A row of a file without the column is null in its group, and none of a whole.
            let values = match values {
                None if by_groups => Some(arrow_array::new_null_array(column.field.data_type(), rows)),
                values => values,
            };
            let values = values.filter(|values| self.in_bytes.check(index, values));
            TypedColumn { chunks: values.into_iter().collect(), ..column.clone() }
        });
        let columns: Vec<TypedColumn> = columns.collect();
        let keys = self.keys.fields().iter().cloned().zip(keys).collect();
        let learned = LearnedTexts::new(&columns, keys, rows, self.run.plan.spec, self.run.interrupt)?;
        let mut all = self.learned.lock().unpoisoned();
        all.bytes += learned.bytes();
        all.parts.push(learned);
        if all.bytes > all.most { self.put_together(&mut all) } else { Ok(()) }
    }

    fn put_together(&self, all: &mut Learned) -> Result<()> {
        let whole = LearnedTexts::merged(std::mem::take(&mut all.parts), &self.keys, self.columns.len())?;
        all.bytes = whole.bytes();
        all.parts.push(whole);
        all.most = PUT_TOGETHER.max(2 * all.bytes);
        // What there is before it is put together, and then.
        let more = (2 * all.most).saturating_sub(all.room.iter().map(Reservation::bytes).sum());
        all.room.push(self.run.reserve(more)?);
        Ok(())
    }
}

impl ExecutionContext<'_> {
    fn reserve(&self, bytes: u64) -> Result<Reservation> {
        self.plan.budget.hold(bytes, "what is learned of texts by groups")
    }
}
