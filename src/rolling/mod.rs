//! Rolling statistics: an answer for each row, of the rows around it.
//!
//! `question` is what is asked, `targets` are the rows that get an answer, `bounds` says which rows are in the
//! window of each, and `rows` has the values in the order in which
//! windows pass over them: group after group. `roll` deals stretches of rows out to the threads of the pool, and `slide` moves a window
//! along one: rows enter, and leave. What is kept of the rows in it is one file a kind of statistic: `sums` (with `eight_wide` and
//! `framed`, for windows of a fixed number of rows), `extrema`, `ranks` and `higher_moments`. `answer` makes columns of what they find.
//!
//! Every window has the bits of the same values described alone: what leaves a window leaves nothing behind.

mod answer;
mod bounds;
mod eight_wide;
mod extrema;
mod framed;
mod higher_moments;
mod question;
mod ranks;
mod roll;
mod rows;
mod slide;
mod sums;
mod targets;

pub use question::{Closed, Rolling};

#[cfg(test)]
mod tests;
