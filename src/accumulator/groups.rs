//! Groups of rows that come in parts: an accumulator for each key that has many rows, and the rows themselves of all others.
//!
//! The state of a small group is its values, 8 bytes each, and of a large one its sums, extrema and candidates, as [`Accumulator`] has them. So a
//! key that most rows have never brings these to one place. Rows come into one table, whose groups are looked at each time that it has
//! doubled: those that have become large leave it.

use std::collections::HashMap;
use std::mem::take;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array, new_empty_array, new_null_array};
use arrow_schema::{ArrowError, DataType, FieldRef, Schema, SchemaRef};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use serde::{Deserialize, Serialize};

use super::{Accumulator, LEAST_KEPT, Passes};
use crate::describe::{Groups, check_names, describe_groups};
use crate::error::{Error, Result};
use crate::escape::{NAME, shown};
use crate::interrupt::Interrupt;
use crate::keys::{encoder, plain};
use crate::series::exact_cast::exactly;
use crate::series::from_arrow::take_rows;
use crate::series::{Repr, Series};
use crate::spec::{Learned, NanPolicy, NullPolicy, Spec};
use crate::state;
use crate::summary::{AnsweredColumn, Answers, Summaries};
use crate::table_bytes;
use crate::threads::Threads;

/// Fewer rows are not looked at.
const FEW_ROWS: usize = 1 << 16;

/// The values of a column that a key with many rows keeps of several parts together.
const MERGED: usize = 1 << 15;

/// A batch of more rows stays as it is.
const SMALL_BATCH: usize = 1 << 13;

/// Bytes of a key's entry in a table, beside the key itself.
const ENTRY: usize = 64;

/// What [`Accumulator`] is, for each distinct key of its rows: the same question, asked of each group.
///
/// It merges, travels as bytes, and makes several passes like that. What a key has few values of is kept as it is; so without quantiles it grows with
/// the number of keys, and with them by 8 bytes a value, unless [`with_kept`](Accumulator::with_kept) bounds what a key keeps.
///
/// Where many parts meet, each is [`split`](Self::split) by its keys, so that each bucket comes to a place of its own; there
/// [`condense`](Self::condense) answers what is complete. Of that, and of the keys with many rows, the whole is merged.
///
/// ```
/// use std::sync::Arc;
/// use arrow_array::{ArrayRef, Float64Array, StringArray};
/// use arrow_schema::{DataType, Field};
/// use rstats::{Accumulator, GroupedAccumulator, Interrupt, Series, Spec};
///
/// let mut temps = GroupedAccumulator::new(Accumulator::new(&Spec::default()), vec!["city".to_owned()])?;
/// for (cities, values) in [(vec!["Oslo", "Rome"], vec![1.0, 20.0]), (vec!["Oslo"], vec![3.0])] {
///     let field = Arc::new(Field::new("city", DataType::Utf8, true));
///     let keys: ArrayRef = Arc::new(StringArray::from(cities));
///     let temp = Series::from_arrays(Some("temp".to_owned()), vec![Arc::new(Float64Array::from(values))])?;
///     temps.update(vec![(field, keys)], &[temp], &Interrupt::default())?;
/// }
/// let found = temps.summaries(&Interrupt::default())?;
/// let means: Vec<_> = (0..found.len()).map(|row| found.statistics(row).find(|(name, _)| *name == "mean")).collect();
/// assert_eq!(means, [Some(("mean", Some(2.0))), Some(("mean", Some(20.0)))]);
/// # Ok::<(), rstats::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct GroupedAccumulator {
    /// What each group is asked, of nothing.
    question: Accumulator,
    by: Vec<String>,
    /// The most bytes that all of it may take.
    limit: Option<u64>,
    rows: u64,
    held: Held,
    /// The keys with many rows, as bytes that are in the order of the keys.
    many: HashMap<Box<[u8]>, Accumulator>,
    /// Groups that are complete.
    answered: Vec<Summaries>,
}

/// The rows of small groups, and those that came last: the columns of keys, then those of values.
#[derive(Clone, Debug, Default)]
struct Held {
    /// Once there were rows.
    schema: Option<SchemaRef>,
    batches: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
    /// How many of the rows were left when the groups were looked at last.
    small: usize,
}

/// As it is written; tables are streams of Arrow IPC.
#[derive(Serialize, Deserialize)]
struct Written {
    question: (Passes, Accumulator),
    by: Vec<String>,
    limit: Option<u64>,
    rows: u64,
    /// The rows of small groups, in one table; nothing before the first rows.
    held: Option<Vec<u8>>,
    /// The keys with many rows, and what is known of each.
    keys: Option<Vec<u8>>,
    many: Vec<Accumulator>,
    /// The columns of each answer, its keys, and what is known of them.
    answered: Vec<(Vec<AnsweredColumn>, Vec<u8>, Vec<u8>)>,
}

fn failed(error: ArrowError) -> Error {
    Error::Data(format!("the rows of groups cannot be brought together: {error}"))
}

fn damaged() -> Error {
    Error::Data("these bytes hold no groups that can be read: what they say of them does not fit together".to_owned())
}

impl Held {
    /// No rows, of the same columns.
    fn emptied(&self) -> Self {
        Self { schema: self.schema.clone(), ..Self::default() }
    }

    fn push(&mut self, mut batch: RecordBatch) -> Result<()> {
        self.rows += batch.num_rows();
        self.bytes += bytes_of(&batch);
        // Batches of a few rows are joined with such before them: there are few, and each row moves a few times.
        while batch.num_rows() < SMALL_BATCH
            && let Some(before) = self.batches.pop_if(|before| before.num_rows() <= batch.num_rows())
        {
            batch = concat_batches(&before.schema(), [&before, &batch]).map_err(failed)?;
        }
        self.batches.push(batch);
        Ok(())
    }

    /// Whether it is time to look at the groups: twice as many rows as were left the last time, and not just a few.
    fn has_doubled(&self) -> bool {
        self.rows >= 2 * self.small + FEW_ROWS
    }

    /// All rows in one table, which are no longer here.
    fn take(&mut self) -> Result<Option<RecordBatch>> {
        let Some(schema) = &self.schema else { return Ok(None) };
        let batches = take(&mut self.batches);
        (self.rows, self.bytes) = (0, 0);
        match <[RecordBatch; 1]>::try_from(batches) {
            Ok([whole]) => Ok(Some(whole)),
            Err(batches) => concat_batches(schema, &batches).map(Some).map_err(failed),
        }
    }

    /// A table like the rows that are here.
    fn fitted(&mut self, batch: RecordBatch, keys: usize) -> Result<RecordBatch> {
        let Some(schema) = &self.schema else {
            let schema = batch.schema();
            let names: Vec<&String> = schema.fields().iter().skip(keys).map(|field| field.name()).collect();
            if let Some(twice) = names.iter().enumerate().find(|(index, name)| names[..*index].contains(name)) {
                let name = shown(twice.1, NAME);
                return Err(Error::Data(format!("two columns are named '{name}'; give each a name of its own")));
            }
            self.schema = Some(schema);
            return Ok(batch);
        };
        if batch.num_columns() != schema.fields().len() {
            return Err(columns_differ(&batch.schema(), schema, keys));
        }
        let fit = |(index, field): (usize, &FieldRef)| {
            // Keys are in the order in which they were asked for, values where they are.
            let column = if index < keys { Some(batch.column(index)) } else { batch.column_by_name(field.name()) };
            match column {
                None => Err(columns_differ(&batch.schema(), schema, keys)),
                Some(column) if column.data_type() == field.data_type() => Ok(column.clone()),
                Some(column) if *column.data_type() == DataType::Null => {
                    Ok(new_null_array(field.data_type(), column.len()))
                }
                // Texts are what they say, and integers what they count, whatever their type.
                Some(column) if are_alike(column.data_type(), field.data_type()) => exactly(column, field.data_type())
                    .map_err(|message| Error::Data(format!("column '{}': {message}", shown(field.name(), NAME)))),
                Some(column) => {
                    let (name, now, before) = (shown(field.name(), NAME), column.data_type(), field.data_type());
                    Err(Error::Data(format!(
                        "column '{name}' is of type {now} now, and was {before} before; give it one type from the beginning"
                    )))
                }
            }
        };
        let columns = schema.fields().iter().enumerate().map(fit).collect::<Result<_>>()?;
        table(schema.clone(), columns, batch.num_rows())
    }
}

/// Whether keys of two types are the same if they say the same.
fn are_alike(one: &DataType, other: &DataType) -> bool {
    let is_text = |of: &DataType| matches!(of, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    is_text(one) && is_text(other) || one.is_signed_integer() && other.is_signed_integer()
}

fn columns_differ(now: &Schema, before: &Schema, keys: usize) -> Error {
    let names = |schema: &Schema| {
        let names = schema.fields().iter().skip(keys).map(|field| shown(field.name(), NAME).to_string());
        names.collect::<Vec<_>>().join(", ")
    };
    Error::Data(format!(
        "the parts of groups have the same columns: here are {}, and before there were {}; name those that all have",
        names(now),
        names(before)
    ))
}

/// The bytes of the values of a table, whatever buffers they lie in.
fn bytes_of(batch: &RecordBatch) -> usize {
    let of_column = |column: &ArrayRef| {
        let data = column.to_data();
        data.get_slice_memory_size().unwrap_or_else(|_| data.get_array_memory_size())
    };
    batch.columns().iter().map(of_column).sum()
}

fn table(schema: SchemaRef, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema, columns, &options).map_err(failed)
}

/// Some rows of a table, in this order.
fn rows_of(batch: &RecordBatch, rows: Vec<u32>) -> Result<RecordBatch> {
    take_record_batch(batch, &UInt32Array::from(rows)).map_err(failed)
}

/// The values of a series in the one type that all of its kind have here.
fn held_values(series: &Series) -> Result<ArrayRef> {
    let values = series.whole()?.to_array()?;
    let data_type = match (series.is_boolean(), series.repr()) {
        (true, _) | (_, Repr::Exact) => return plain(series.name().unwrap_or_default(), &values),
        (_, Repr::Float) => DataType::Float64,
        (_, Repr::Signed) => DataType::Int64,
        (_, Repr::Unsigned) => DataType::UInt64,
    };
    exactly(&values, &data_type).map_err(Error::Data)
}

impl GroupedAccumulator {
    /// Groups of rows with equal keys in columns of these names, each of which is asked what `question` is, of which nothing has been seen.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for no keys, for keys that are given twice or named as a column of the answer is, and for a question that has seen rows or was
    /// aimed: groups have their quantiles in different places.
    pub fn new(question: Accumulator, by: Vec<String>) -> Result<Self> {
        if by.is_empty() {
            return Err(Error::Invalid("groups need at least one column of keys".to_owned()));
        }
        if question.rows() > 0 || question.names().next().is_some() {
            return Err(Error::Invalid("groups begin with a question that has seen nothing".to_owned()));
        }
        check_names(by.iter().map(String::as_str), question.spec())?;
        let limit = question.limit;
        // Parts do not know each other's integers.
        let passes = question.passes.unwrap_or(Passes::ALL);
        let question = Accumulator { limit: None, passes: Some(passes), ..question };
        Ok(Self { question, by, limit, rows: 0, held: Held::default(), many: HashMap::new(), answered: Vec::new() })
    }

    /// What each group is asked.
    pub fn spec(&self) -> &Spec {
        self.question.spec()
    }

    /// The names of the columns of keys.
    pub fn by(&self) -> &[String] {
        &self.by
    }

    /// The columns that are wanted of tables, if they were named.
    pub fn wanted(&self) -> Option<&[String]> {
        self.question.wanted()
    }

    /// The rows seen so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Whether it is another pass: see [`GroupedAccumulator::another_pass`].
    pub fn is_another_pass(&self) -> bool {
        self.question.is_another_pass()
    }

    /// The bytes that it takes, about.
    pub fn bytes(&self) -> u64 {
        let many = self.many.iter().map(|(key, of)| (ENTRY + key.len()) as u64 + of.bytes());
        let answer = size_of::<f64>() * (3 + self.spec().field_names().len());
        let answered = self.answered.iter().map(|answers| (answers.len() * answer) as u64);
        self.held.bytes as u64 + many.sum::<u64>() + answered.sum::<u64>()
    }

    /// Forgets all rows.
    pub fn clear(&mut self) {
        *self = self.cleared();
    }

    /// The same question of nothing; of another pass also what it looks for.
    fn cleared(&self) -> Self {
        let mut cleared = self.empty();
        if self.is_another_pass() {
            cleared.held = self.held.emptied();
            cleared.many = self.many.clone();
            cleared.many.values_mut().for_each(Accumulator::clear);
        }
        cleared
    }

    /// An empty accumulator that merges with this one and takes at most `limit` bytes; of another pass it knows what that looks for.
    #[cfg(feature = "parquet")]
    pub(crate) fn part(&self, limit: u64) -> Self {
        let limit = Some(self.limit.map_or(limit, |ours| ours.min(limit)));
        Self { limit, ..self.cleared() }
    }

    /// The same question of nothing.
    fn empty(&self) -> Self {
        let (question, by) = (self.question.clone(), self.by.clone());
        Self {
            question,
            by,
            limit: self.limit,
            rows: 0,
            held: Held::default(),
            many: HashMap::new(),
            answered: Vec::new(),
        }
    }

    /// A group of more rows has an accumulator.
    fn most_rows(&self) -> usize {
        let learned = self.spec().learned();
        let kept = self.question.kept().unwrap_or(u64::MAX);
        let most = match learned.wants(Learned::VALUE_COUNTS) {
            true => u64::MAX,
            false if learned.wants(Learned::QUANTILES) => kept,
            false => LEAST_KEPT,
        };
        usize::try_from(most).unwrap_or(usize::MAX)
    }

    /// More rows: `keys` are the columns of keys, in the order of their names, and every series has as many rows as they. All parts have the
    /// same columns, of the same types. After an error nothing has changed.
    ///
    /// # Errors
    ///
    /// [`Error::NoKey`] for keys whose values have no order, [`Error::Data`] for other columns or types than before, and for columns of
    /// different lengths, [`Error::Nan`] and [`Error::Nulls`] as the spec has it, [`Error::MemoryLimit`], [`Error::Interrupted`].
    pub fn update(&mut self, keys: Vec<(FieldRef, ArrayRef)>, series: &[Series], interrupt: &Interrupt) -> Result<()> {
        if !keys.iter().map(|(field, _)| field.name()).eq(&self.by) {
            return Err(Error::Invalid(format!("the keys of these groups are {}", self.by.join(", "))));
        }
        let rows = keys.first().map_or(0, |(_, keys)| keys.len());
        let (mut fields, mut columns) = (Vec::new(), Vec::new());
        for (field, keys) in keys {
            let keys = plain(field.name(), &keys)?;
            fields.push(Arc::new(field.as_ref().clone().with_nullable(true).with_data_type(keys.data_type().clone())));
            columns.push(keys);
        }
        for series in series {
            if let (NanPolicy::Raise, Some(row)) = (self.spec().nan(), series.first_nan()?) {
                let name = series.name().map(str::to_owned);
                return Err(Error::Nan { name, file: None, row: self.rows + row });
            }
            let values = held_values(series)?;
            let name = series.name().unwrap_or_default();
            fields.push(Arc::new(arrow_schema::Field::new(name, values.data_type().clone(), true)));
            columns.push(values);
        }
        self.update_rows(table(Arc::new(Schema::new(fields)), columns, rows)?, interrupt)
    }

    /// More rows: the columns of keys, then those of values, each in a type of its kind.
    pub(crate) fn update_rows(&mut self, batch: RecordBatch, interrupt: &Interrupt) -> Result<()> {
        interrupt.check()?;
        let rows = batch.num_rows();
        self.check_limit(bytes_of(&batch) as u64, "keeping the rows of small groups")?;
        if self.spec().null() == NullPolicy::Raise {
            let schema = batch.schema();
            for (field, column) in schema.fields().iter().zip(batch.columns()).skip(self.by.len()) {
                let nulls = column.logical_null_count() as u64;
                if nulls > 0 {
                    return Err(Error::Nulls { name: Some(field.name().clone()), nulls });
                }
            }
        }
        let batch = self.held.fitted(batch, self.by.len())?;
        self.held.push(batch)?;
        self.rows += rows as u64;
        // Of another pass most rows are not needed.
        if self.is_another_pass() || self.held.has_doubled() { self.look_at_groups() } else { Ok(()) }
    }

    fn check_limit(&self, more: u64, what: &str) -> Result<()> {
        let Some(limit) = self.limit else { return Ok(()) };
        let needed = self.bytes().saturating_add(more);
        if needed > limit { Err(Error::MemoryLimit { what: what.to_owned(), needed, limit }) } else { Ok(()) }
    }

    /// The groups of rows, and the key of each as bytes.
    fn groups(&self, batch: &RecordBatch) -> Result<(Groups, Vec<Box<[u8]>>)> {
        let schema = batch.schema();
        let keys = schema.fields().iter().zip(batch.columns()).take(self.by.len());
        let groups = Groups::new(keys.map(|(field, keys)| (field.clone(), keys.clone())).collect(), batch.num_rows())?;
        let encoded = self.encoded(&groups.keys)?;
        Ok((groups, encoded))
    }

    fn encoded(&self, keys: &RecordBatch) -> Result<Vec<Box<[u8]>>> {
        let encoded = encoder(keys.schema().fields())?.convert_columns(keys.columns()).map_err(failed)?;
        Ok(encoded.iter().map(|key| key.as_ref().into()).collect())
    }

    /// Moves the rows of keys with many rows to their accumulators.
    fn look_at_groups(&mut self) -> Result<()> {
        let most = self.most_rows();
        if most == usize::MAX && self.many.is_empty() {
            self.held.small = self.held.rows;
            return Ok(());
        }
        let Some(batch) = self.held.take()? else { return Ok(()) };
        let (groups, encoded) = self.groups(&batch)?;
        let (is_another, question) = (self.is_another_pass(), &self.question);
        let (mut moved, mut order, mut rest) = (HashMap::new(), Vec::new(), Vec::new());
        for (group, key) in encoded.into_iter().enumerate() {
            let rows = groups.rows(group..group + 1);
            if self.many.contains_key(&key) || rows.len() > most && !is_another {
                self.many.entry(key.clone()).or_insert_with(|| question.clone());
                moved.insert(key, (order.len(), rows.len()));
                order.extend_from_slice(rows);
            } else if !is_another {
                rest.extend_from_slice(rows);
            }
        }
        if !moved.is_empty() {
            let schema = batch.schema();
            let values = schema.fields().iter().zip(batch.columns()).skip(self.by.len());
            let values = values.map(|(field, column)| Ok((field, take_rows(column, &order)?)));
            let values = values.collect::<Result<Vec<_>>>()?;
            let work = self.many.iter_mut().filter_map(|(key, of)| Some((of, *moved.get(key)?)));
            let update = |(of, (start, length)): (&mut Accumulator, (usize, usize))| {
                let series = values.iter().map(|(field, column)| {
                    Series::from_arrays(Some(field.name().clone()), vec![column.slice(start, length)])
                });
                // Rows are here and there in between: it is not interrupted.
                of.update(&series.collect::<Result<Vec<_>>>()?, &Interrupt::default())
            };
            let done: Vec<()> = Threads::for_values(order.len()).try_map_items(work, update)?;
            debug_assert_eq!(done.len(), moved.len());
        }
        self.held.small = rest.len();
        match rest.len() == batch.num_rows() {
            true => self.held.push(batch),
            false if !rest.is_empty() => self.held.push(rows_of(&batch, rest)?),
            false => Ok(()),
        }
    }

    /// What another one has seen, which was asked the same. After an error nothing has changed.
    ///
    /// # Errors
    ///
    /// As [`Accumulator::merge`]; [`Error::Data`] for other columns, or types, than here.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if self.by != other.by {
            return Err(Error::Invalid(format!(
                "accumulators of different groups do not merge: this one is by {}, the other one by {}",
                self.by.join(", "),
                other.by.join(", ")
            )));
        }
        self.question.clone().merge(&other.question)?;
        self.check_limit(other.bytes(), "keeping the rows of both accumulators")?;
        let mut held = self.held.emptied();
        if let Some(schema) = &other.held.schema {
            // Of keys with many rows no rows may be left.
            held.fitted(RecordBatch::new_empty(schema.clone()), self.by.len())?;
        }
        for batch in &other.held.batches {
            let batch = held.fitted(batch.clone(), self.by.len())?;
            held.push(batch)?;
        }
        for (key, theirs) in &other.many {
            if let Some(ours) = self.many.get_mut(key) {
                ours.merge_keeping(theirs, MERGED)?;
            } else {
                self.many.insert(key.clone(), theirs.clone());
            }
        }
        self.held.schema = held.schema;
        held.batches.into_iter().try_for_each(|batch| self.held.push(batch))?;
        self.answered.extend(other.answered.iter().cloned());
        self.rows += other.rows;
        if self.held.has_doubled() { self.look_at_groups() } else { Ok(()) }
    }

    /// An empty accumulator for one more pass over the same rows, which [`GroupedAccumulator::settle`] takes then: it looks at the keys that need
    /// one. `None` where everything is decided.
    ///
    /// # Errors
    ///
    /// As [`Accumulator::another_pass`].
    pub fn another_pass(&mut self) -> Result<Option<Self>> {
        self.look_at_groups()?;
        let mut many = HashMap::new();
        for (key, of) in &mut self.many {
            if let Some(again) = of.another_pass()? {
                many.insert(key.clone(), again);
            }
        }
        if many.is_empty() {
            return Ok(None);
        }
        let passes = self.question.passes.map(|passes| Passes { is_another: true, ..passes });
        let question = Accumulator { passes, ..self.question.clone() };
        Ok(Some(Self { question, many, held: self.held.emptied(), ..self.empty() }))
    }

    /// Takes over what another pass over the same rows has found.
    ///
    /// # Errors
    ///
    /// As [`Accumulator::settle`].
    pub fn settle(&mut self, pass: &Self) -> Result<()> {
        let is_its_own = pass.is_another_pass()
            && !self.is_another_pass()
            && self.by == pass.by
            && pass.many.keys().all(|key| self.many.contains_key(key));
        if !is_its_own {
            return Err(Error::Invalid("this is no other pass of the accumulator that is settled".to_owned()));
        }
        let mut settled = Vec::with_capacity(pass.many.len());
        for (key, found) in &pass.many {
            let mut ours = self.many[key].clone();
            ours.settle(found)?;
            settled.push((key.clone(), ours));
        }
        self.many.extend(settled);
        Ok(())
    }

    /// The same rows in as many accumulators as asked, all rows of a key in one: which, is told by the key alone, in every process and on every
    /// machine.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for no buckets.
    pub fn split(mut self, buckets: u32) -> Result<Vec<Self>> {
        if buckets == 0 {
            return Err(Error::Invalid("keys are split into one bucket at least".to_owned()));
        }
        let bucket = |key: &[u8]| (crc32fast::hash(key) % buckets) as usize;
        self.look_at_groups()?;
        let empty = self.empty();
        let mut split: Vec<Self> = (0..buckets).map(|_| empty.clone()).collect();
        if let Some(batch) = self.held.take()? {
            let mut rows_of_bucket: Vec<Vec<u32>> = vec![Vec::new(); buckets as usize];
            let (groups, encoded) = self.groups(&batch)?;
            for (group, key) in encoded.iter().enumerate() {
                rows_of_bucket[bucket(key)].extend_from_slice(groups.rows(group..group + 1));
            }
            for (split, rows) in split.iter_mut().zip(rows_of_bucket) {
                split.held.schema = Some(batch.schema());
                split.rows += rows.len() as u64;
                if !rows.is_empty() {
                    split.held.push(rows_of(&batch, rows)?)?;
                }
                split.held.small = split.held.rows;
            }
        }
        for (key, of) in self.many {
            let split = &mut split[bucket(&key)];
            split.rows += of.rows();
            split.many.insert(key, of);
        }
        // These have their answers: it is only they that are in one of them.
        split[0].answered = self.answered;
        Ok(split)
    }

    /// Answers the groups that are complete, so that their rows need not be kept any longer: no more rows of their keys may come. Those that need
    /// another pass stay as they are; another pass itself does, too.
    ///
    /// # Errors
    ///
    /// As [`GroupedAccumulator::summaries`].
    pub fn condense(&mut self, interrupt: &Interrupt) -> Result<()> {
        if self.is_another_pass() {
            return Ok(());
        }
        self.look_at_groups()?;
        let mut unfinished = HashMap::new();
        for (key, mut of) in take(&mut self.many) {
            match of.another_pass()? {
                Some(_) => unfinished.insert(key, of),
                None => self.many.insert(key, of),
            };
        }
        let answers = [self.answers_of_rows(interrupt)?, self.answers_of_many()?];
        self.answered.extend(answers.into_iter().flatten().filter(|answers| !answers.is_empty()));
        self.held = self.held.emptied();
        self.many = unfinished;
        Ok(())
    }

    /// The columns of values.
    fn columns(&self) -> Result<Vec<AnsweredColumn>> {
        let fields = self.held.schema.iter().flat_map(|schema| schema.fields().iter().skip(self.by.len()));
        let columns = fields.map(|field| {
            let none = new_empty_array(field.data_type());
            let series = Series::from_arrays(Some(field.name().clone()), vec![none])?;
            Ok((Some(field.name().clone()), series.number_type()))
        });
        columns.collect()
    }

    /// The answers for the groups whose rows are held, even if there are none.
    fn answers_of_rows(&mut self, interrupt: &Interrupt) -> Result<Option<Summaries>> {
        let Some(batch) = self.held.take()? else { return Ok(None) };
        let schema = batch.schema();
        let mut columns = schema.fields().iter().zip(batch.columns());
        let by = columns.by_ref().take(self.by.len()).map(|(field, keys)| (field.clone(), keys.clone())).collect();
        let series =
            columns.map(|(field, column)| Series::from_arrays(Some(field.name().clone()), vec![column.clone()]));
        let answers =
            series.collect::<Result<Vec<_>>>().and_then(|series| describe_groups(by, &series, self.spec(), interrupt));
        // They are held as before, whatever came of it.
        self.held.push(batch)?;
        answers.map(Some)
    }

    /// The answers for the keys with many rows, in no order.
    fn answers_of_many(&mut self) -> Result<Option<Summaries>> {
        let Some(schema) = self.held.schema.clone().filter(|_| !self.many.is_empty()) else { return Ok(None) };
        let columns = self.columns()?;
        let groups = self.many.len();
        let mut answers = Answers::new(columns.len() * groups, self.spec());
        let mut rows = answers.rows();
        for (row, of) in self.many.values_mut().enumerate() {
            for summary in of.summaries()? {
                let place = columns.iter().position(|(name, _)| *name == summary.column);
                let place = place.ok_or_else(|| Error::Data("a group has a column that the others lack".to_owned()))?;
                rows.set_as(columns[place].1, place * groups + row, &summary);
            }
        }
        let fields = schema.fields().iter().take(self.by.len()).cloned().collect::<Vec<_>>();
        let keys = self.keys(&fields)?;
        Ok(Some(Summaries::with_keys(columns, Some(keys), self.spec(), answers)))
    }

    /// The keys with many rows, in the order of the table.
    fn keys(&self, fields: &[FieldRef]) -> Result<RecordBatch> {
        let encoder = encoder(fields)?;
        let parser = encoder.parser();
        let columns = encoder.convert_rows(self.many.keys().map(|key| parser.parse(key))).map_err(failed)?;
        table(Arc::new(Schema::new(fields.to_vec())), columns, self.many.len())
    }

    /// The answers as they are now, for each column those of all keys in their order: what [`describe_groups`] finds in the same rows. More rows
    /// may follow.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] where another pass is needed, or this is one; [`Error::Data`] for a key that was answered before all of its rows had come;
    /// [`Error::Interrupted`].
    pub fn summaries(&mut self, interrupt: &Interrupt) -> Result<Summaries> {
        if self.is_another_pass() {
            return Err(Error::Invalid(
                "another pass has no answer of its own: settle the accumulator that asked for it with it".to_owned(),
            ));
        }
        self.look_at_groups()?;
        let found = [self.answers_of_rows(interrupt)?, self.answers_of_many()?];
        let parts: Vec<Summaries> = self.answered.iter().cloned().chain(found.into_iter().flatten()).collect();
        let Some(first) = parts.first() else { return Ok(Summaries::new(self.spec(), Vec::new())) };
        let is_one = first.keys().is_some()
            && parts.iter().all(|part| {
                part.keys().map(RecordBatch::schema) == first.keys().map(RecordBatch::schema)
                    && part.columns() == first.columns()
            });
        if !is_one {
            return Err(Error::Data("the answered groups are of different columns or types".to_owned()));
        }
        let joined = Summaries::joined(parts).map_err(failed)?;
        let Some(keys) = joined.keys() else { return Ok(joined) };
        let encoded = self.encoded(keys)?;
        let mut order: Vec<u32> = (0..encoded.len() as u32).collect();
        order.sort_unstable_by_key(|&row| &encoded[row as usize]);
        if order.windows(2).any(|pair| encoded[pair[0] as usize] == encoded[pair[1] as usize]) {
            return Err(Error::Data(
                "a key was answered before all of its rows had come: split all parts by their keys before they are condensed"
                    .to_owned(),
            ));
        }
        joined.in_order(&order).map_err(failed)
    }

    /// All of it as bytes, for another process, machine or time.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for keys of a type that Arrow's IPC format has not, or if it does not fit in memory twice.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let table = |table: &RecordBatch| table_bytes::to_bytes(table).map_err(failed);
        let schema = self.held.schema.as_ref();
        let held = schema.map(|schema| table(&concat_batches(schema, &self.held.batches).map_err(failed)?));
        let fields = schema.map(|schema| schema.fields().iter().take(self.by.len()).cloned().collect::<Vec<_>>());
        let keys = fields.filter(|_| !self.many.is_empty()).map(|fields| table(&self.keys(&fields)?));
        let answered = self.answered.iter().map(|answers| {
            let columns = answers.columns().iter().cloned().zip(answers.types().iter().copied()).collect();
            let keys = answers.keys().ok_or_else(damaged)?;
            Ok((columns, table(keys)?, table(&answers.to_batch().map_err(failed)?)?))
        });
        let written = Written {
            question: (self.passes(), self.question.clone()),
            by: self.by.clone(),
            limit: self.limit,
            rows: self.rows,
            held: held.transpose()?,
            keys: keys.transpose()?,
            many: self.many.values().cloned().collect(),
            answered: answered.collect::<Result<_>>()?,
        };
        state::to_bytes(state::GROUPS, &written, "groups")
    }

    fn passes(&self) -> Passes {
        self.question.passes.unwrap_or(Passes::ALL)
    }

    /// Whether bytes are those of groups, and not of one accumulator.
    pub fn are_bytes(bytes: &[u8]) -> bool {
        state::kind(bytes) == Some(state::GROUPS)
    }

    /// What [`GroupedAccumulator::to_bytes`] has written.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for bytes that are no groups, are damaged, or were written by a version of rstats with another format.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let written: Written = state::from_bytes(state::GROUPS, bytes, "groups")?;
        let table = |bytes: &[u8]| table_bytes::from_bytes(bytes).map_err(|_| damaged());
        let (passes, question) = written.question;
        let question = Accumulator { passes: Some(passes), ..question }.checked()?;
        let mut held = Held::default();
        if let Some(rows) = written.held {
            let rows = table(&rows)?;
            let schema = rows.schema();
            let names = schema.fields().iter().map(|field| field.name());
            if rows.num_columns() < written.by.len() || !names.take(written.by.len()).eq(&written.by) {
                return Err(damaged());
            }
            held.schema = Some(schema);
            held.small = rows.num_rows();
            if rows.num_rows() > 0 {
                held.push(rows)?;
            }
        }
        let Written { by, limit, rows, .. } = written;
        let mut this = Self { question, by, limit, rows, held, many: HashMap::new(), answered: Vec::new() };
        if this.question.rows() > 0 || this.question.names().next().is_some() || !passes.is_possible() {
            return Err(damaged());
        }
        // What they hold has to be numbers.
        this.columns().map_err(|_| damaged())?;
        let many = written.many.into_iter().map(|of| Accumulator { passes: Some(passes), ..of }.checked());
        let many = many.collect::<Result<Vec<_>>>()?;
        let keys = match written.keys {
            Some(keys) => this.encoded(&table(&keys)?)?,
            None => Vec::new(),
        };
        if keys.len() != many.len() || many.iter().any(|of| of.spec() != this.spec()) {
            return Err(damaged());
        }
        this.many = keys.into_iter().zip(many).collect();
        for (columns, keys, answers) in written.answered {
            let (keys, answers) = (table(&keys)?, table(&answers)?);
            let answers = Summaries::from_batch(columns, Some(keys), this.spec(), &answers);
            this.answered.push(answers.ok_or_else(damaged)?);
        }
        Ok(this)
    }
}

#[cfg(test)]
mod tests;
