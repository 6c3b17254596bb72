//! Groups as bytes, for another process, machine or time.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, Schema};
use arrow_select::concat::concat_batches;
use serde::{Deserialize, Serialize};

use super::GroupedAccumulator;
use super::answered::AnsweredGroups;
use super::columns::{booleans_as_numbers, failed};
use super::held::{Held, table as held_table};
use super::keys::encoded;
use crate::accumulator::others::OtherColumns;
use crate::accumulator::{Accumulator, Passes};
use crate::describe::Part;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::series::series_kind::SeriesKind;
use crate::state;
use crate::summary::{AnsweredColumn, Summaries};
use crate::table_bytes;

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

/// What is written after it where there are columns that hold no numbers, or columns were declared.
#[derive(Default, Serialize, Deserialize)]
struct WrittenOthers {
    is_declared: bool,
    /// What the keys with many rows know of them.
    many: Vec<(OtherColumns, Option<Box<Accumulator>>)>,
    /// What each answer says of them: for each kind, as its place among all, the columns.
    answered: Vec<Vec<(usize, Vec<WrittenColumn>)>>,
}

/// The name of a column, and the answers for it.
type WrittenColumn = (Option<String>, Vec<u8>);

fn damaged() -> Error {
    Error::Data("these bytes hold no groups that can be read: what they say of them does not fit together".to_owned())
}

impl GroupedAccumulator {
    /// All of it as bytes, for another process, machine or time.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for keys of a type that Arrow's IPC format has not, or if it does not fit in memory twice.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let table = |table: &RecordBatch| table_bytes::to_bytes(table).map_err(failed);
        let schema = self.held.schema.as_ref();
        let held = schema.map(|schema| table(&concat_batches(schema, &self.held.batches).map_err(failed)?));
        let keys = (!self.many.is_empty()).then(|| table(&self.keys_of_many()?));
        let answered = self.answered.iter().map(|answers| {
            let numbers = &answers.numbers;
            let columns = numbers.columns().iter().cloned().zip(numbers.types().iter().copied()).collect();
            Ok((columns, table(&answers.keys)?, table(&numbers.to_batch().map_err(failed)?)?))
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
        if !self.held.is_declared && self.number_columns()?.len() == self.value_fields().len() {
            return state::to_bytes(state::GROUPS, &written, "groups");
        }
        let part = |part: &Part| {
            let columns = part.columns().iter().map(|(name, answers)| Ok((name.clone(), table(answers)?)));
            Ok((part.kind() as usize, columns.collect::<Result<Vec<_>>>()?))
        };
        let answered = self.answered.iter().map(|answers| answers.others.iter().map(part).collect::<Result<_>>());
        let others = WrittenOthers {
            is_declared: self.held.is_declared,
            many: self.many.values().map(|of| (of.others.clone(), of.ticks.clone())).collect(),
            answered: answered.collect::<Result<_>>()?,
        };
        state::to_bytes(state::GROUPS_OF_TABLES, &(written, others), "groups")
    }

    fn passes(&self) -> Passes {
        self.question.passes.unwrap_or(Passes::ALL)
    }

    /// Whether bytes are those of groups, and not of one accumulator.
    pub fn are_bytes(bytes: &[u8]) -> bool {
        matches!(state::kind(bytes), Some(state::GROUPS | state::GROUPS_OF_TABLES))
    }

    /// What [`GroupedAccumulator::to_bytes`] has written.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for bytes that are no groups, are damaged, or were written by a version of rstats with another format.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (written, others): (Written, WrittenOthers) = match state::kind(bytes) {
            Some(state::GROUPS_OF_TABLES) => state::from_bytes(state::GROUPS_OF_TABLES, bytes, "groups")?,
            _ => (state::from_bytes(state::GROUPS, bytes, "groups")?, WrittenOthers::default()),
        };
        let are_numbers = state::kind(bytes) == Some(state::GROUPS);
        let table = |bytes: &[u8]| table_bytes::from_bytes(bytes).map_err(|_| damaged());
        let (passes, question) = written.question;
        let question = Accumulator { passes: Some(passes), ..question }.checked()?;
        let mut held = Held { is_declared: others.is_declared, ..Held::default() };
        if let Some(rows) = written.held {
            let rows = table(&rows)?;
            let rows = if are_numbers { with_numbers(rows, written.by.len())? } else { rows };
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
        let numbers = this.number_columns().map_err(|_| damaged())?;
        if are_numbers && numbers.len() != this.value_fields().len() {
            return Err(damaged());
        }
        let mut of_others = others.many.into_iter();
        let many = written.many.into_iter().map(|of| {
            let (others, ticks) = of_others.next().unwrap_or_default();
            let of = Accumulator { passes: Some(passes), others, ticks, ..of };
            of.with_checked_others().ok_or_else(damaged)?.checked()
        });
        let many = many.collect::<Result<Vec<_>>>()?;
        let keys = match written.keys {
            Some(keys) => encoded(&table(&keys)?)?,
            None => Vec::new(),
        };
        if keys.len() != many.len() || many.iter().any(|of| of.spec() != this.spec()) {
            return Err(damaged());
        }
        this.many = keys.into_iter().zip(many).collect();
        let mut of_others = others.answered.into_iter();
        // What answers for no rows are like.
        let like = match (&this.held.schema, written.answered.is_empty()) {
            (Some(schema), false) => this.answers_of(&RecordBatch::new_empty(schema.clone()), &Interrupt::default())?,
            _ => None,
        };
        for (columns, keys, answers) in written.answered {
            let (keys, answers) = (table(&keys)?, table(&answers)?);
            let numbers = Summaries::from_batch(columns, Some(keys.clone()), this.spec(), &answers);
            let numbers = numbers.ok_or_else(damaged)?;
            let others = of_others.next().unwrap_or_default().into_iter().map(|(kind, columns)| {
                let (kind, _) = *SeriesKind::ALL.get(kind).ok_or_else(damaged)?;
                let columns = columns.into_iter().map(|(name, answers)| {
                    let answers = table(&answers)?;
                    if answers.num_rows() == keys.num_rows() { Ok((name, answers)) } else { Err(damaged()) }
                });
                Ok(Part::new(kind, Some(keys.clone()), columns.collect::<Result<_>>()?))
            });
            let answers = AnsweredGroups { numbers, others: others.collect::<Result<_>>()?, keys };
            if !are_numbers && !like.as_ref().is_some_and(|like| like.is_like(&answers)) {
                return Err(damaged());
            }
            this.answered.push(answers);
        }
        Ok(this)
    }
}

/// Rows of numbers as they were held when there were no other columns beside them: booleans among them are numbers.
fn with_numbers(rows: RecordBatch, keys: usize) -> Result<RecordBatch> {
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    for (index, (field, values)) in rows.schema().fields().iter().zip(rows.columns()).enumerate() {
        let is_boolean = index >= keys && *field.data_type() == DataType::Boolean;
        let values = if is_boolean { booleans_as_numbers(values)? } else { values.clone() };
        fields.push(field.as_ref().clone().with_data_type(values.data_type().clone()));
        columns.push(values);
    }
    held_table(Arc::new(Schema::new(fields)), columns, rows.num_rows())
}
