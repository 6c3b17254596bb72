//! Columns that hold no numbers, each by its kind.
//!
//! Times are described as the integers that count their ticks (`times`), booleans by how many are true, texts by their order and
//! their lengths (`texts`), anything else by its counts (`counts`). `describe` has the columns of a table, `learned_texts` texts of batches
//! that come in any order, by groups. The answers for the columns of one kind are a [`Part`].

mod columns;
mod counts;
mod describe;
mod distinct;
#[cfg(feature = "parquet")]
mod distinct_parts;
#[cfg(feature = "parquet")]
mod learned_texts;
mod part;
mod texts;
mod times;

pub use columns::TypedColumn;
#[cfg(feature = "stream")]
pub(crate) use columns::in_bytes;
pub(crate) use counts::{Counts, boolean_answers, true_count};
#[cfg(feature = "parquet")]
pub(crate) use describe::check_names;
pub use describe::describe_kinds;
pub(crate) use describe::parts;
pub(crate) use distinct::Distinct;
#[cfg(feature = "parquet")]
pub(crate) use distinct_parts::DistinctParts;
#[cfg(feature = "parquet")]
pub(crate) use learned_texts::{LearnedTexts, are_texts};
pub use part::Part;
#[cfg(feature = "stream")]
pub(crate) use texts::check as check_texts;
pub(crate) use texts::{answers as text_answers, is_text, scans_of, wants_distinct};
pub(crate) use times::{answers_of, in_ticks};
#[cfg(feature = "parquet")]
pub(crate) use times::{of_ticks, ticks};
