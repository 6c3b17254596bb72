//! Data that comes as text or as an Arrow stream, from a pipe or a file: batches of the columns that are wanted.
//!
//! `feed` reads ahead on a thread of its own, so that who waits can be interrupted, and can tell when nothing comes. `text` reads text into memory that is used again, `lines` cuts it where
//! lines end and reads the pieces on all threads: `ndjson` and `csv` say what a line holds, `cells` makes columns of it, `times` reads times, `roles`
//! tells from the first lines what columns are of. `ipc` is
//! for Arrow streams and files, `compressed` for what is compressed. `wanted` says what is wanted, `reading` reads any format, `files` finds files by their names, `describe` describes all that comes from them,
//! numbers and others (`by_kind`) apart, with keys after `kept` has all rows.

mod by_kind;
mod cells;
mod compressed;
mod csv;
mod describe;
mod feed;
mod files;
mod ipc;
mod kept;
mod lines;
mod ndjson;
mod reading;
mod roles;
#[cfg(test)]
mod tests;
mod text;
mod times;
mod wanted;

pub use describe::{Described, Question, describe, read_all};
pub use files::{Input, inputs};
pub use reading::Source;
pub use wanted::{Format, Next, Wanted};
