//! The answers for groups: those of the rows that are held, of the keys with many rows, and of groups that were complete before.

use arrow_array::{ArrayRef, RecordBatch, UInt32Array, new_empty_array};
use arrow_schema::FieldRef;
use arrow_select::concat::concat_batches;

use super::GroupedAccumulator;
use super::answered::AnsweredGroups;
use super::columns::{described, failed, is_number, series};
use super::keys::encoded;
use crate::accumulator::Accumulator;
use crate::describe::{Part, describe_groups, describe_kinds};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::series::series_kind::SeriesKind;
use crate::summary::{AnsweredColumn, Answers, Summaries};

impl GroupedAccumulator {
    /// The columns of numbers.
    pub(super) fn number_columns(&self) -> Result<Vec<AnsweredColumn>> {
        let fields = self.value_fields().into_iter().filter(|field| is_number(field));
        let columns = fields.map(|field| {
            let series = series(&field, &new_empty_array(field.data_type()))?;
            Ok((Some(field.name().clone()), series.number_type()))
        });
        columns.collect()
    }

    /// The fields of the columns that are described.
    pub(super) fn value_fields(&self) -> Vec<FieldRef> {
        let fields = self.held.schema.iter().flat_map(|schema| schema.fields().iter().skip(self.by.len()));
        fields.cloned().collect()
    }

    /// The answers for the groups whose rows are held, even if there are none.
    pub(super) fn answers_of_rows(&mut self, interrupt: &Interrupt) -> Result<Option<AnsweredGroups>> {
        let Some(batch) = self.held.take()? else { return Ok(None) };
        let answers = self.answers_of(&batch, interrupt);
        // They are held as before, whatever came of it.
        self.held.push(batch)?;
        answers
    }

    /// The answers for the groups of these rows.
    pub(super) fn answers_of(&self, rows: &RecordBatch, interrupt: &Interrupt) -> Result<Option<AnsweredGroups>> {
        let schema = rows.schema();
        let columns = || schema.fields().iter().zip(rows.columns());
        let by: Vec<_> = columns().take(self.by.len()).map(|(field, keys)| (field.clone(), keys.clone())).collect();
        let (numbers, others) = described(columns().skip(self.by.len()))?;
        let found = describe_groups(by.clone(), &numbers, self.spec(), interrupt)?;
        Ok(AnsweredGroups::new(found, describe_kinds(&others, Some(&by), self.spec(), interrupt)?))
    }

    /// The answers for the keys with many rows, in no order.
    pub(super) fn answers_of_many(&mut self) -> Result<Option<AnsweredGroups>> {
        if self.many.is_empty() {
            return Ok(None);
        }
        let columns = self.number_columns()?;
        // A column that had no type yet, in all rows of a key, is of the type that it has in those of others.
        let fields = self.value_fields();
        let none: Vec<ArrayRef> = fields.iter().map(|field| new_empty_array(field.data_type())).collect();
        let (numbers, others) = described(fields.iter().zip(&none))?;
        for of in self.many.values_mut() {
            of.update_all(&numbers, &others, &Interrupt::default())?;
        }
        let groups = self.many.len();
        let mut answers = Answers::new(columns.len() * groups, self.spec());
        let mut rows = answers.rows();
        for (row, of) in self.many.values_mut().enumerate() {
            for summary in of.summaries()? {
                let place = columns.iter().position(|(name, _)| *name == summary.column).ok_or_else(columns_differ)?;
                rows.set_as(columns[place].1, place * groups + row, &summary);
            }
        }
        let keys = self.keys_of_many()?;
        let others = self.parts_of_many(&fields, &keys)?;
        let numbers = Summaries::with_keys(columns, Some(keys), self.spec(), answers);
        Ok(AnsweredGroups::new(numbers, others))
    }

    /// The answers for the columns of these that hold no numbers, of the keys with many rows.
    fn parts_of_many(&mut self, fields: &[FieldRef], keys: &RecordBatch) -> Result<Vec<Part>> {
        if fields.iter().all(|field| is_number(field)) {
            return Ok(Vec::new());
        }
        let found = self.many.values_mut().map(Accumulator::parts).collect::<Result<Vec<_>>>()?;
        let mut parts = Vec::new();
        for (kind, _) in SeriesKind::ALL.into_iter().filter(|(kind, _)| *kind != SeriesKind::Number) {
            let of_kind = fields.iter().filter(|field| SeriesKind::from_field(field) == kind);
            let columns = of_kind.map(|field| {
                let answers = found.iter().map(|parts| {
                    let part = parts.iter().find(|part| part.kind() == kind).ok_or_else(columns_differ)?;
                    let column = part.columns().iter().find(|(name, _)| name.as_ref() == Some(field.name()));
                    Ok(&column.ok_or_else(columns_differ)?.1)
                });
                let answers = answers.collect::<Result<Vec<_>>>()?;
                let answers = concat_batches(answers[0].schema_ref(), answers).map_err(failed)?;
                Ok((Some(field.name().clone()), answers))
            });
            let columns = columns.collect::<Result<Vec<_>>>()?;
            if !columns.is_empty() {
                parts.push(Part::new(kind, Some(keys.clone()), columns));
            }
        }
        Ok(parts)
    }

    /// As [`GroupedAccumulator::answers`], of the columns of numbers alone.
    ///
    /// # Errors
    ///
    /// As [`GroupedAccumulator::answers`].
    pub fn summaries(&mut self, interrupt: &Interrupt) -> Result<Summaries> {
        Ok(self.answers(interrupt)?.0)
    }

    /// The answers as they are now, for each column those of all keys in their order: what [`describe_groups`] finds in the same rows, and
    /// [`describe_kinds`] in the columns that hold no numbers. More rows may follow.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] where another pass is needed, or this is one, and for keys that are named as an answer is; [`Error::Data`] for a key that
    /// was answered before all of its rows had come; [`Error::Interrupted`].
    pub fn answers(&mut self, interrupt: &Interrupt) -> Result<(Summaries, Vec<Part>)> {
        if self.is_another_pass() {
            return Err(Error::Invalid(
                "another pass has no answer of its own: settle the accumulator that asked for it with it".to_owned(),
            ));
        }
        self.look_at_groups()?;
        let found = [self.answers_of_rows(interrupt)?, self.answers_of_many()?];
        let fields = self.key_fields();
        let answered = self.answered.iter().map(|groups| groups.with_key_types(&fields));
        let found = answered.chain(found.into_iter().flatten().map(Ok)).collect::<Result<Vec<AnsweredGroups>>>()?;
        let Some(first) = found.first() else { return Ok((Summaries::new(self.spec(), Vec::new()), Vec::new())) };
        if !found.iter().all(|other| first.is_like(other)) {
            return Err(Error::Data("the answered groups are of different columns or types".to_owned()));
        }
        let others = (0..first.others.len()).map(|index| {
            let parts: Vec<&Part> = found.iter().map(|groups| &groups.others[index]).collect();
            Part::joined(&parts).map_err(failed)
        });
        let others = others.collect::<Result<Vec<_>>>()?;
        let joined = Summaries::joined(found.into_iter().map(|groups| groups.numbers).collect()).map_err(failed)?;
        let Some(keys) = joined.keys() else { return Ok((joined, others)) };
        let encoded = encoded(keys)?;
        let mut order: Vec<u32> = (0..encoded.len() as u32).collect();
        order.sort_unstable_by_key(|&row| &encoded[row as usize]);
        if order.windows(2).any(|pair| encoded[pair[0] as usize] == encoded[pair[1] as usize]) {
            return Err(Error::Data(
                "a key was answered before all of its rows had come: split all parts by their keys before they are condensed"
                    .to_owned(),
            ));
        }
        let joined = joined.in_order(&order).map_err(failed)?;
        let order = UInt32Array::from(order);
        let others = others.into_iter().map(|part| part.in_order(&order).map_err(failed)).collect::<Result<_>>()?;
        Ok((joined, others))
    }
}

fn columns_differ() -> Error {
    Error::Data("a group has other columns than the others".to_owned())
}
