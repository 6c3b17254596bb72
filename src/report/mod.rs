//! Answers for people and for programs: JSON, NDJSON, Arrow, and a table.
//!
//! Every report has the same columns in the same order: `column`, the keys under their own names, `count`, `null_count`,
//! `nan_count`, then the statistics as in [`Spec::field_names`](crate::Spec::field_names).

pub mod arrow;
mod html;
pub mod json;
pub mod key;
#[cfg(feature = "table")]
pub mod table;

use crate::spec::Spec;
use crate::summary::Summaries;

/// The name and version of the JSON schema.
pub const SCHEMA: &str = "rstats.describe/1";

/// Where the data came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// How many files; 0 for data in memory.
    pub files: usize,
    /// Rows read, in all files together.
    pub rows: u64,
    /// Files that were left out.
    pub errors: Vec<Skipped>,
}

/// A file that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped { pub file: String, pub column: Option<String>, pub row_group: Option<usize>, pub message: String }

impl std::fmt::Display for Skipped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, "{}: {}", self.file, self.message) }
}

/// The three counts that every output has.
pub const COUNTS: [&str; 3] = ["count", "null_count", "nan_count"];

/// What was asked, where the data came from, and the answer.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was asked.
    pub spec: Spec,
    /// Where the data came from.
    pub source: Source,
    /// The answer, a row a series.
    pub series: Summaries,
}

impl Report {
    /// The names of the columns, in their order.
    pub fn columns(&self) -> Vec<String> {
        let keys = self.series.keys().map(|keys| keys.schema());
        let keys = keys.iter().flat_map(|schema| schema.fields()).map(|field| field.name().clone());
        let names = self.series.names().iter().cloned();
        std::iter::once("column".to_owned()).chain(keys).chain(COUNTS.map(str::to_owned)).chain(names).collect()
    }

    /// The rows that a person is shown: all, or the first and the last ones around a `None` if there are more than `most`.
    fn shown(&self, most: usize) -> Vec<Option<usize>> {
        let rows = self.series.len();
        if rows <= most {
            return (0..rows).map(Some).collect();
        }
        let half = most / 2;
        (0..half).map(Some).chain([None]).chain((rows - half..rows).map(Some)).collect()
    }
}
