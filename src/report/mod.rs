//! Answers for people and for programs: JSON, NDJSON, Arrow, files of Arrow and Parquet, and tables.
//!
//! The table of numbers has the same columns in the same order everywhere: `column`, the keys under their own names, `count`,
//! `null_count`, `nan_count`, then the statistics as in [`Spec::field_names`](crate::Spec::field_names). Columns of other kinds are
//! [parts](crate::Part) of their own; JSON, NDJSON and tables have all of them, Arrow and Parquet the numbers.

pub mod arrow;
#[cfg(feature = "parquet")]
mod bytes;
mod document;
#[cfg(feature = "parquet")]
mod file;
mod html;
pub mod json;
mod python_json;
mod source;
#[cfg(feature = "table")]
pub mod table;
#[cfg(test)]
mod tests;

pub use crate::keys::{Key, Keys};
pub use crate::series::table::LeftOut;
pub use document::{COUNTS, Report, SCHEMA};
pub use source::{Kept, Skipped, Source};
