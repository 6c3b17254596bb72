//! Answers for people and for programs: JSON, NDJSON, CSV, Arrow, files of Arrow and Parquet, and tables, also of Markdown.
//!
//! The table of numbers has the same columns in the same order everywhere: `column`, the keys under their own names, `count`,
//! `null_count`, `nan_count`, then the statistics as in [`Spec::field_names`](crate::Spec::field_names), and `histogram` if it is asked for. Columns of other kinds are
//! [parts](crate::Part) of their own; JSON, NDJSON and tables have all of them; Arrow, Parquet and CSV the numbers,
//! or another kind that was chosen ([`Report::of_kind`]).

pub mod arrow;
mod bars;
#[cfg(feature = "parquet")]
mod bytes;
#[cfg(feature = "stream")]
mod csv;
mod document;
#[cfg(feature = "parquet")]
mod file;
mod html;
pub mod json;
#[cfg(feature = "page")]
mod page;
mod pairs;
mod part_rows;
mod python_json;
#[cfg(any(feature = "page", feature = "table"))]
mod readable;
mod source;
#[cfg(feature = "table")]
pub mod table;
#[cfg(test)]
mod tests;

pub use crate::keys::{Key, Keys};
pub use crate::series::table::LeftOut;
pub use document::{COUNTS, Report, SCHEMA};
#[cfg(feature = "page")]
pub use page::Page;
pub use source::{Kept, Skipped, Source};
