//! Groups as bytes, for another process, machine or time.

use std::collections::HashMap;

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;
use serde::{Deserialize, Serialize};

use super::GroupedAccumulator;
use super::held::{Held, failed};
use crate::accumulator::{Accumulator, Passes};
use crate::error::{Error, Result};
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
