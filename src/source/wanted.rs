//! What is wanted of data, and what comes of waiting for it.

use arrow_array::RecordBatch;
use arrow_schema::TimeUnit;

use crate::series::column_names::is_glob;
use crate::series::table::Kinds;

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
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// The column of times.
    pub time: Option<String>,
    /// Columns of text.
    pub keys: Vec<String>,
    /// The other columns; if none are named, those that the first lines have.
    pub columns: Option<Vec<String>>,
    /// Whether these are of every kind, as the first lines show it, or of numbers. A column that is named, and whose first value is a
    /// number, is of numbers.
    pub kinds: Kinds,
    /// What times count that are numbers; without it, such a time is an error.
    pub unit: Option<TimeUnit>,
    /// What stands between the values of CSV.
    pub delimiter: Option<u8>,
    /// Whether a line that is wrong is counted and passed over; otherwise it is an error.
    pub skips: bool,
}

impl Default for Wanted {
    /// The columns of numbers.
    fn default() -> Self {
        Self {
            time: None,
            keys: Vec::new(),
            columns: None,
            kinds: Kinds::Numbers,
            unit: None,
            delimiter: None,
            skips: false,
        }
    }
}

impl Wanted {
    /// Whether what the first lines hold decides anything.
    pub(super) fn looks(&self) -> bool {
        let may_stand_for_several = || self.columns.iter().flatten().any(|name| is_glob(name));
        self.columns.is_none() || self.kinds == Kinds::All || may_stand_for_several()
    }
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
