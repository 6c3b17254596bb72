//! Groups of rows that come in parts: an accumulator for each key that has many rows, and the rows themselves of all others.
//!
//! The state of a small group is its values, 8 bytes each, and of a large one its sums, extrema and candidates, as [`Accumulator`] has them. So a
//! key that most rows have never brings these to one place. Rows come into one table, whose groups are looked at each time that it has
//! doubled: those that have become large leave it.

mod answered;
mod answers;
mod bytes;
mod columns;
mod held;
mod keys;

use std::collections::HashMap;
use std::mem::take;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{FieldRef, Schema, SchemaRef};

use self::answered::AnsweredGroups;
use self::columns::{described, held_numbers, held_others};
use self::held::{Held, bytes_of, rows_of, table};
use self::keys::{buckets, decoded, encoded, retyped};
use super::{Accumulator, LEAST_KEPT, Passes};
use crate::describe::{Groups, TypedColumn, check_names};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::keys::plain;
use crate::series::Series;
use crate::series::from_arrow::take_rows;
use crate::spec::{Learned, NanPolicy, NullPolicy, Spec};
use crate::threads::Threads;

/// The values of a column that a key with many rows keeps of several parts together.
const MERGED: usize = 1 << 15;

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
    answered: Vec<AnsweredGroups>,
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
        let answered = self.answered.iter().map(|answers| answers.bytes(self.spec()));
        self.held.bytes as u64 + many.sum::<u64>() + answered.sum::<u64>()
    }

    /// Forgets all rows.
    pub fn clear(&mut self) {
        *self = self.cleared();
    }

    /// Tells beforehand which columns of keys and of numbers, and which others, all parts have together, by rows of which there are none: then a part
    /// may lack columns, and have its numbers in other types.
    #[cfg(feature = "parquet")]
    pub(crate) fn declare(&mut self, numbers: RecordBatch, others: &[TypedColumn]) -> Result<()> {
        if self.rows > 0 || self.is_another_pass() {
            return Err(Error::Invalid("only an accumulator that has seen nothing is told of its columns".to_owned()));
        }
        let none = with_others(numbers, others, &Interrupt::default())?;
        self.held = Held { is_declared: true, ..Held::default() };
        let none = self.held.fitted(none, self.by.len())?;
        self.retype(none.schema())
    }

    /// Whether its columns were told beforehand.
    pub fn is_declared(&self) -> bool {
        self.held.is_declared
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
            held: if self.held.is_declared { self.held.emptied() } else { Held::default() },
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
        self.update_all(keys, series, &[], interrupt)
    }

    /// As [`GroupedAccumulator::update`], with columns that hold no numbers beside the series: of a column of type null in all rows of a part, other
    /// parts tell the type.
    ///
    /// # Errors
    ///
    /// As [`GroupedAccumulator::update`].
    pub fn update_all(
        &mut self,
        keys: Vec<(FieldRef, ArrayRef)>,
        series: &[Series],
        others: &[TypedColumn],
        interrupt: &Interrupt,
    ) -> Result<()> {
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
            let (field, values) = held_numbers(series)?;
            fields.push(field);
            columns.push(values);
        }
        self.update_rows(table(Arc::new(Schema::new(fields)), columns, rows)?, others, interrupt)
    }

    /// More rows: the columns of keys, then those of numbers, each in the type of its kind, and beside them columns that hold none.
    pub(crate) fn update_rows(
        &mut self,
        numbers: RecordBatch,
        others: &[TypedColumn],
        interrupt: &Interrupt,
    ) -> Result<()> {
        interrupt.check()?;
        let batch = with_others(numbers, others, interrupt)?;
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
        self.retype(batch.schema())?;
        self.held.push(batch)?;
        self.rows += rows as u64;
        // Of another pass most rows are not needed.
        if self.is_another_pass() || self.held.has_doubled() { self.look_at_groups() } else { Ok(()) }
    }

    /// The fields of the keys, once there were rows.
    fn key_fields(&self) -> Vec<FieldRef> {
        self.held.schema.iter().flat_map(|schema| schema.fields().iter().take(self.by.len())).cloned().collect()
    }

    /// The keys with many rows, in the order of the table.
    fn keys_of_many(&self) -> Result<RecordBatch> {
        decoded(self.many.keys().map(AsRef::as_ref), self.key_fields())
    }

    /// The same rows in columns of which some have a type that they had not before.
    fn retype(&mut self, schema: SchemaRef) -> Result<()> {
        let now = &schema.fields()[..self.by.len()];
        let is_same = self.many.is_empty() || self.key_fields() == *now;
        let keys = if is_same { None } else { Some(retyped(&self.keys_of_many()?, now)?) };
        self.held.retype(schema)?;
        if let Some(keys) = keys {
            let encoded = encoded(&keys)?;
            self.many = encoded.into_iter().zip(take(&mut self.many).into_values()).collect();
        }
        Ok(())
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
        let encoded = encoded(&groups.keys)?;
        Ok((groups, encoded))
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
            let columns = batch.columns().iter().skip(self.by.len()).map(|column| take_rows(column, &order));
            let columns = columns.collect::<Result<Vec<_>>>()?;
            let (numbers, others) = described(schema.fields().iter().skip(self.by.len()).zip(&columns))?;
            let work = self.many.iter_mut().filter_map(|(key, of)| Some((of, *moved.get(key)?)));
            let update = |(of, (start, length)): (&mut Accumulator, (usize, usize))| {
                let numbers = numbers.iter().map(|series| {
                    let chunks = series.chunks().iter().map(|chunk| chunk.slice(start, length));
                    Series::new(series.name().map(str::to_owned), chunks.collect())
                });
                let others: Vec<TypedColumn> = others.iter().map(|column| column.slice(start, length)).collect();
                // Rows are here and there in between: it is not interrupted.
                of.update_all(&numbers.collect::<Result<Vec<_>>>()?, &others, &Interrupt::default())
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
            let none = held.fitted(RecordBatch::new_empty(schema.clone()), self.by.len())?;
            held.retype(none.schema())?;
        }
        for batch in &other.held.batches {
            let batch = held.fitted(batch.clone(), self.by.len())?;
            held.push(batch)?;
        }
        if let Some(schema) = held.schema {
            self.retype(schema)?;
        }
        if !other.many.is_empty() {
            let keys = encoded(&retyped(&other.keys_of_many()?, &self.key_fields())?)?;
            let merged = keys.into_iter().zip(other.many.values()).map(|(key, theirs)| match self.many.get(&key) {
                Some(ours) => {
                    let mut merged = ours.clone();
                    merged.merge_keeping(theirs, MERGED)?;
                    Ok((key, merged))
                }
                None => Ok((key, theirs.clone())),
            });
            let merged = merged.collect::<Result<Vec<_>>>()?;
            self.many.extend(merged);
        }
        held.batches.into_iter().try_for_each(|batch| self.held.push(batch))?;
        self.answered.extend(other.answered.iter().cloned());
        self.held.is_declared |= other.held.is_declared;
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
    pub fn split(mut self, number: u32) -> Result<Vec<Self>> {
        if number == 0 {
            return Err(Error::Invalid("keys are split into one bucket at least".to_owned()));
        }
        self.look_at_groups()?;
        let empty = self.empty();
        let mut split: Vec<Self> = (0..number).map(|_| empty.clone()).collect();
        let of_many = if self.many.is_empty() { Vec::new() } else { buckets(&self.keys_of_many()?, number)? };
        if let Some(batch) = self.held.take()? {
            let mut rows_of_bucket: Vec<Vec<u32>> = vec![Vec::new(); number as usize];
            let (groups, _) = self.groups(&batch)?;
            for (group, bucket) in buckets(&groups.keys, number)?.into_iter().enumerate() {
                rows_of_bucket[bucket].extend_from_slice(groups.rows(group..group + 1));
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
        for ((key, of), bucket) in self.many.into_iter().zip(of_many) {
            let split = &mut split[bucket];
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
        let mut unfinished = Vec::new();
        for (key, of) in &mut self.many {
            if of.another_pass()?.is_some() {
                unfinished.push(key.clone());
            }
        }
        let of_rows = self.answers_of_rows(interrupt)?;
        let unfinished: HashMap<_, _> = unfinished.iter().filter_map(|key| self.many.remove_entry(key)).collect();
        let of_many = match self.answers_of_many() {
            Ok(of_many) => of_many,
            Err(error) => {
                self.many.extend(unfinished);
                return Err(error);
            }
        };
        let answers = [of_rows, of_many].into_iter().flatten();
        self.answered.extend(answers.filter(|answers| answers.keys.num_rows() > 0));
        self.held = self.held.emptied();
        self.many = unfinished;
        Ok(())
    }
}

/// Rows with columns of other kinds beside those that are there.
fn with_others(rows: RecordBatch, others: &[TypedColumn], interrupt: &Interrupt) -> Result<RecordBatch> {
    if others.is_empty() {
        return Ok(rows);
    }
    let (mut fields, mut columns) = (rows.schema().fields().to_vec(), rows.columns().to_vec());
    for column in others {
        let (field, values) = held_others(column, interrupt)?;
        fields.push(field);
        columns.push(values);
    }
    table(Arc::new(Schema::new(fields)), columns, rows.num_rows())
}

#[cfg(test)]
mod tests;
