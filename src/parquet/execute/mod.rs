//! A plan, carried out.
//!
//! [`context`] hands the tasks of a plan to threads, in their order. Columns are described ([`series`]) in passes over them ([`pass`]), after a look
//! at a few values ([`probe`]), with what a [`checkpoint`] has of earlier runs ([`incremental`]); [`groups`] have a way of their own, and so have rows of
//! [`lists`]: [`numbers`] knows which. Columns of other [`kinds`] are described in the same ways; [`pairs`] of columns have their sums.
//! [`run`] is where it begins.

mod accumulate;
#[cfg(feature = "stream")]
mod accumulate_groups;
mod checkpoint;
mod context;
mod groups;
mod incremental;
mod kept_rows;
mod kinds;
mod lists;
mod numbers;
mod pairs;
mod pass;
mod probe;
mod run;
mod series;
mod texts_in_bytes;
