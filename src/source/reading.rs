//! Data of any format, batch by batch.

use std::io::Read;
use std::time::Duration;

use super::wanted::{Format, Next, Wanted};
use super::{csv, ipc, lines, ndjson};
use crate::error::Result;
use crate::interrupt::Interrupt;

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
