//! Columns that hold no numbers, each by its kind.
//!
//! Times are described as the integers that count their ticks (`times`), booleans by how many are true, texts by their order and
//! their lengths (`texts`), anything else by its counts (`counts`). `describe` has the columns of a table, `stream` batches that come
//! once, `learned_texts` texts of batches that come in any order. The answers for the columns of one kind are a [`Part`].

mod columns;
mod counts;
mod describe;
mod distinct;
#[cfg(feature = "parquet")]
mod distinct_parts;
#[cfg(feature = "parquet")]
mod learned_texts;
mod part;
mod stream;
mod texts;
mod times;

pub use columns::TypedColumn;
#[cfg(feature = "parquet")]
pub(crate) use counts::{Counts, boolean_answers};
#[cfg(feature = "parquet")]
pub(crate) use describe::check_names;
pub use describe::describe_kinds;
#[cfg(feature = "parquet")]
pub(crate) use distinct::Distinct;
#[cfg(feature = "parquet")]
pub(crate) use distinct_parts::DistinctParts;
#[cfg(feature = "parquet")]
pub(crate) use learned_texts::{LearnedTexts, are_texts};
pub use part::Part;
pub use stream::KindsDescriber;
#[cfg(feature = "parquet")]
pub(crate) use texts::wants_distinct;
#[cfg(feature = "parquet")]
pub(crate) use times::{answers_of, ticks};
