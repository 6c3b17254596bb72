//! Many series at once, on the rayon pool that the caller is in: passes over sources until every scan has its answer.
//!
//! `describer` has series one by one and side by side, `passes` the passes over one, `any_scan` its scan whatever the values
//! are. `group_rows` finds the rows of groups, `groups` describes them, `lists` rows of lists, `matrix` arrays of several
//! dimensions; `segments` has the many short series that all of these consist of, and `short_series` the
//! shortest. `kinds` is for columns that hold no numbers, `stream` for batches that come once, `weighted` for series whose rows
//! have weights.

mod any_scan;
mod describer;
mod group_rows;
pub(crate) mod groups;
mod kinds;
mod lists;
mod matrix;
mod passes;
mod segments;
mod short_series;
mod stream;
mod weighted;

#[cfg(feature = "parquet")]
pub(crate) use any_scan::AnyOutcome;
pub(crate) use any_scan::AnyScan;
pub use describer::{Describer, describe, describe_all};
pub(crate) use group_rows::Groups;
#[cfg(feature = "stream")]
pub(crate) use group_rows::Texts;
#[cfg(feature = "parquet")]
pub(crate) use group_rows::{GroupCode, KeyTable, is_long_text, text_code};
pub use groups::describe_groups;
#[cfg(feature = "parquet")]
pub(crate) use kinds::check_names as check_part;
pub(crate) use kinds::{
    Counts, Distinct, answers_of, boolean_answers, in_ticks, is_text, parts, scans_of, text_answers, true_count,
    wants_distinct,
};
#[cfg(feature = "parquet")]
pub(crate) use kinds::{DistinctParts, LearnedTexts, are_texts, of_ticks, ticks};
pub use kinds::{Part, TypedColumn, describe_kinds};
#[cfg(feature = "stream")]
pub(crate) use kinds::{check_texts, in_bytes};
pub use lists::{ListColumn, describe_lists};
pub use matrix::describe_matrix;
#[cfg(feature = "parquet")]
pub(crate) use passes::PASSES;
#[cfg(feature = "parquet")]
pub(crate) use passes::changed;
#[cfg(feature = "parquet")]
pub(crate) use segments::check_distinct;
pub use segments::check_names;
pub use stream::{StreamDescriber, describe_stream};
pub use weighted::{Weighting, describe_weighted, describe_weighted_groups};
