//! Data that comes as text or as an Arrow stream, from a pipe or a file: batches of the columns that are wanted.
//!
//! `feed` reads ahead on a thread of its own, so that who waits can be interrupted, and can tell when nothing comes. `lines` cuts text where lines
//! end and reads the pieces on all threads: `ndjson` and `csv` say what a line holds, `cells` makes columns of it, `times` reads times. `ipc` is
//! for Arrow streams and files. `files` finds files by their names, `describe` describes all that comes from them.

mod cells;
mod csv;
mod describe;
mod feed;
mod files;
mod ipc;
mod lines;
mod ndjson;
mod times;

use std::io::Read;
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_schema::TimeUnit;

pub use describe::{Described, Question, describe, read_all};
pub use files::{Input, inputs};

use crate::error::Result;
use crate::interrupt::Interrupt;

/// How data is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// A stream of Arrow's IPC format, or a file of it (Feather).
    Ipc,
    /// A JSON object a line.
    Ndjson,
    /// Values between commas, the names of the columns in the first line.
    Csv,
}

/// The columns that are wanted of text, and what they are. Arrow says itself what its columns are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// The column of times.
    pub time: Option<String>,
    /// Columns of text.
    pub keys: Vec<String>,
    /// Columns of numbers; if none are named, those that are of numbers in the first lines.
    pub columns: Option<Vec<String>>,
    /// What times count that are numbers; without it, such a time is an error.
    pub unit: Option<TimeUnit>,
    /// What stands between the values of CSV.
    pub delimiter: Option<u8>,
    /// Whether a line that is wrong is counted and passed over; otherwise it is an error.
    pub skips: bool,
}

/// What comes next.
#[derive(Debug)]
pub enum Next {
    /// Batches, in their order; there may be none.
    Batches(Vec<RecordBatch>),
    /// Nothing has come for as long as was waited.
    Idle,
    /// Nothing comes any more.
    End,
}

/// Data that is read from front to back.
pub struct Source {
    reader: Reader,
}

enum Reader {
    Ipc(ipc::Batches),
    Ndjson(lines::Lines<ndjson::Ndjson>),
    Csv(lines::Lines<csv::Csv>),
}

impl Source {
    /// Reads `input`, which is called `name` where something is wrong.
    ///
    /// # Errors
    ///
    /// [`Error::Data`](crate::Error::Data) if no thread can be started.
    pub fn new(format: Format, input: Box<dyn Read + Send>, name: &str, wanted: &Wanted) -> Result<Self> {
        let reader = match format {
            Format::Ipc => Reader::Ipc(ipc::Batches::new(input, name)?),
            Format::Ndjson => Reader::Ndjson(lines::Lines::new(input, name, wanted)?),
            Format::Csv => Reader::Csv(lines::Lines::new(input, name, wanted)?),
        };
        Ok(Self { reader })
    }

    /// What has come since, or comes within `patience`.
    ///
    /// # Errors
    ///
    /// [`Error::Data`](crate::Error::Data), with the line and the byte, for what is not of its format or not what is wanted;
    /// [`Error::Interrupted`](crate::Error::Interrupted).
    pub fn next(&mut self, patience: Option<Duration>, interrupt: &Interrupt) -> Result<Next> {
        match &mut self.reader {
            Reader::Ipc(batches) => batches.next(patience, interrupt),
            Reader::Ndjson(lines) => lines.next(patience, interrupt),
            Reader::Csv(lines) => lines.next(patience, interrupt),
        }
    }

    /// The lines that were passed over, and what is wrong with the first of them.
    pub fn skipped(&self) -> (u64, Option<&str>) {
        match &self.reader {
            Reader::Ipc(_) => (0, None),
            Reader::Ndjson(lines) => lines.skipped(),
            Reader::Csv(lines) => lines.skipped(),
        }
    }
}

#[cfg(test)]
mod tests;
