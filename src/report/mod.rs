//! Answers for people and for programs: JSON, NDJSON, Arrow, and a table.
//!
//! Every report has the same columns in the same order: `column`, `count`, `null_count`, `nan_count`, then the
//! statistics as in [`Spec::field_names`](crate::Spec::field_names).

pub mod arrow;
mod html;
pub mod json;
#[cfg(feature = "table")]
pub mod table;

use crate::spec::Spec;
use crate::summary::Summary;

/// The name and version of the JSON schema.
pub const SCHEMA: &str = "rstats.describe/1";

/// Where the data came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// How many files; 0 for data in memory.
    pub files: usize,
    /// Rows read, in all files together.
    pub rows: u64,
}

/// What was asked, where the data came from, and the answer.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was asked.
    pub spec: Spec,
    /// Where the data came from.
    pub source: Source,
    /// The answer, one summary a series.
    pub series: Vec<Summary>,
}
