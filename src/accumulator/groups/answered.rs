//! Answers for some groups.

use arrow_array::RecordBatch;
use arrow_schema::FieldRef;

use super::held::bytes_of;
use super::keys::retyped;
use crate::describe::Part;
use crate::error::Result;
use crate::spec::Spec;
use crate::summary::Summaries;

/// The answers for some groups.
#[derive(Clone, Debug)]
pub(super) struct AnsweredGroups {
    pub keys: RecordBatch,
    /// Those of the columns of numbers, by these keys.
    pub numbers: Summaries,
    /// Those of the other columns, by these keys.
    pub others: Vec<Part>,
}

impl AnsweredGroups {
    /// `None` for answers without keys.
    pub fn new(numbers: Summaries, others: Vec<Part>) -> Option<Self> {
        Some(Self { keys: numbers.keys()?.clone(), numbers, others })
    }

    /// The same with keys of these fields, where columns of keys had no type.
    pub fn with_key_types(&self, fields: &[FieldRef]) -> Result<Self> {
        if self.keys.schema().fields()[..] == *fields {
            return Ok(self.clone());
        }
        let keys = retyped(&self.keys, fields)?;
        let others = self.others.iter().cloned().map(|part| part.with_keys_as(|_| Ok(keys.clone())));
        Ok(Self {
            numbers: self.numbers.clone().with_keys_as(|_| Ok(keys.clone()))?,
            others: others.collect::<Result<_>>()?,
            keys,
        })
    }

    /// The bytes that they take, about.
    pub fn bytes(&self, spec: &Spec) -> u64 {
        let row = size_of::<f64>() * (3 + spec.field_names().len());
        let others = self.others.iter().flat_map(Part::columns).map(|(_, answers)| bytes_of(answers));
        (self.numbers.len() * row + others.sum::<usize>()) as u64
    }

    /// Whether those for other groups are of the same columns, and of the same types.
    pub fn is_like(&self, other: &Self) -> bool {
        self.keys.schema() == other.keys.schema()
            && self.numbers.columns() == other.numbers.columns()
            && self.others.len() == other.others.len()
            && self.others.iter().zip(&other.others).all(|(part, other)| part.is_like(other))
    }
}
