//! The rows of a part as values that JSON, tables and people know.

use crate::describe::Part;
use crate::error::Result;
use crate::keys::{Key, Keys};

/// The rows of a part: every column with each of its groups.
pub(super) struct PartRows<'a> {
    part: &'a Part,
    keys: Option<Keys>,
    /// The answers for each column.
    answers: Vec<Keys>,
    groups: usize,
}

impl<'a> PartRows<'a> {
    /// # Errors
    ///
    /// As those of [`Keys::of`].
    pub fn new(part: &'a Part) -> Result<Self> {
        let answers = part.columns().iter().map(|(_, answers)| Keys::of(answers)).collect::<Result<_>>()?;
        let groups = part.keys().map_or(1, |keys| keys.num_rows());
        Ok(Self { part, keys: part.keys().map(Keys::of).transpose()?, answers, groups })
    }

    pub fn len(&self) -> usize {
        self.part.len()
    }

    /// The names of the keys, if rows are grouped.
    pub fn key_names(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().flat_map(Keys::names)
    }

    /// The name of the column that a row is of.
    pub fn column(&self, row: usize) -> Option<&'a str> {
        self.part.columns()[row / self.groups].0.as_deref()
    }

    /// The keys of a row, if rows are grouped.
    pub fn keys(&self, row: usize) -> Option<impl Iterator<Item = (&str, Key<'_>)>> {
        self.keys.as_ref().map(|keys| keys.row(row % self.groups))
    }

    /// The answers of a row.
    pub fn answers(&self, row: usize) -> impl Iterator<Item = (&str, Key<'_>)> {
        self.answers[row / self.groups].row(row % self.groups)
    }
}
