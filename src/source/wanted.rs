//! What is wanted of data, and what comes of waiting for it.

use arrow_array::RecordBatch;
use arrow_schema::TimeUnit;

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
