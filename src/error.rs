//! What can go wrong, told to the person who can mend it.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::escape::{MESSAGE, NAME, shown};

/// A failure: what was wrong, where, and what would be right.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument that is not valid: a setting, a name, a weight, a predicate or a size; or scans that do not fit together.
    #[error("{0}")]
    Invalid(String),

    /// A column that was named and is not there.
    #[error("there is no column '{}'; the columns are {}{}", shown(name, NAME), list(.available), meant(name, .available))]
    NoSuchColumn {
        /// The name.
        name: String,
        /// The columns that are there.
        available: Vec<String>,
    },

    /// A series that does not hold numbers.
    #[error("{} is of type {}, which holds no numbers", column(name.as_deref()), shown(data_type, NAME))]
    NotNumeric {
        /// The column, if it has a name.
        name: Option<String>,
        /// Its Arrow type.
        data_type: String,
    },

    /// A key of groups whose values have no order.
    #[error(
        "key '{}' is of type {}; its values have no order to be grouped by",
        shown(name, NAME),
        shown(data_type, NAME)
    )]
    NoKey {
        /// The key's name.
        name: String,
        /// Its Arrow type.
        data_type: String,
    },

    /// A NaN under [`NanPolicy::Raise`](crate::NanPolicy::Raise).
    #[error("{}{} holds a NaN in row {row} (counted from 0)", column(name.as_deref()), of_file(file.as_deref()))]
    Nan {
        /// The series, if it has a name.
        name: Option<String>,
        /// Its file, if it is of one.
        file: Option<PathBuf>,
        /// The lowest row that holds one, from 0.
        row: u64,
    },

    /// Nulls under [`NullPolicy::Raise`](crate::NullPolicy::Raise).
    #[error("{} holds {nulls} {}", column(name.as_deref()), if *nulls == 1 { "null" } else { "nulls" })]
    Nulls {
        /// The series, if it has a name.
        name: Option<String>,
        /// How many it holds; of groups or rows of lists, one of them.
        nulls: u64,
    },

    /// Two files whose columns of one name do not fit together.
    #[error(
        "column '{}' is of type {} in {}, but {} in {}; leave it out, or describe the files apart",
        shown(column, NAME),
        shown(first_type, NAME),
        path(first),
        shown(second_type, NAME),
        path(second)
    )]
    Clash {
        /// The column.
        column: String,
        /// The file that has it first.
        first: PathBuf,
        /// Its type there.
        first_type: String,
        /// The file that differs.
        second: PathBuf,
        /// Its type there.
        second_type: String,
    },

    /// A file that cannot be read.
    #[error("{}: {}{message}", self::path(path), before(position))]
    File {
        /// The file.
        path: PathBuf,
        /// Where in it.
        position: Position,
        /// What is wrong with it.
        message: String,
        /// What the operating system said, if it did.
        #[source]
        source: Option<std::io::Error>,
    },

    /// Work that does not fit in the memory that it was given.
    #[error("{what} takes about {}, and the memory limit is {}", size(*.needed), size(*.limit))]
    MemoryLimit {
        /// What does not fit.
        what: String,
        /// About how many bytes it takes.
        needed: u64,
        /// The limit, in bytes.
        limit: u64,
    },

    /// Arrow data that cannot be read.
    #[error("{0}")]
    Data(String),

    /// Text that is not valid JSON, or JSON that does not hold what was asked for.
    #[error("{}{message}, at byte {byte}", if path.is_empty() { String::new() } else { format!("{path}: ") })]
    Json {
        /// The JSON Pointer of the value.
        path: String,
        /// The byte of the body, from 0.
        byte: usize,
        /// What is wrong there.
        message: String,
    },

    /// The work was stopped from outside.
    #[error("interrupted")]
    Interrupted,
}

/// Where in a file something is; what is not known is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Position {
    /// The column.
    pub column: Option<String>,
    /// The row group, from 0.
    pub row_group: Option<usize>,
    /// The row of the file, from 0.
    pub row: Option<u64>,
}

/// `column 'temp', row group 3, row 7 (counted from 0)`; nothing where nothing is known.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = self.column.as_deref().map(|name| column(Some(name)));
        let row_group = self.row_group.map(|row_group| format!("row group {row_group}"));
        let row = self.row.map(|row| format!("row {row} (counted from 0)"));
        let known: Vec<String> = [column, row_group, row].into_iter().flatten().collect();
        f.write_str(&known.join(", "))
    }
}

/// The result of anything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The same of a series with this name, where it was not known yet.
    pub(crate) fn of_series(self, series: Option<&str>) -> Self {
        match self {
            Self::Nulls { name: None, nulls } => Self::Nulls { name: series.map(str::to_owned), nulls },
            other => other,
        }
    }
}

impl Error {
    /// A file that cannot be read as a whole.
    pub(crate) fn file(path: impl Into<PathBuf>, message: impl Into<String>, source: Option<std::io::Error>) -> Self {
        Self::File { path: path.into(), position: Position::default(), message: message.into(), source }
    }

    /// Rows that could not be put together by their keys.
    pub(crate) fn from_grouping(error: arrow_schema::ArrowError) -> Self {
        Self::Data(format!("rows of groups: {error}"))
    }
}

/// A series as messages speak of it.
pub(crate) fn column(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("column '{}'", shown(name, NAME)),
        None => "the series".to_owned(),
    }
}

fn of_file(file: Option<&Path>) -> String {
    file.map(|file| format!(" of {}", path(file))).unwrap_or_default()
}

/// The position in front of a message.
fn before(position: &Position) -> String {
    if *position == Position::default() { String::new() } else { format!("{position}: ") }
}

/// A path as messages speak of it: cut only where no file system has such a one.
fn path(path: &Path) -> String {
    shown(&path.to_string_lossy(), MESSAGE).into_owned()
}

fn meant(name: &str, available: &[String]) -> String {
    crate::suggest::closest(name, available.iter().map(String::as_str))
        .map(|name| format!("; did you mean '{}'?", shown(name, NAME)))
        .unwrap_or_default()
}

fn list(names: &[String]) -> String {
    const SHOWN: usize = 20;
    if names.is_empty() {
        return "none".to_owned();
    }
    let mut shown: Vec<_> = names.iter().take(SHOWN).map(|name| format!("'{}'", shown(name, NAME))).collect();
    if names.len() > SHOWN {
        shown.push(format!("and {} more", names.len() - SHOWN));
    }
    shown.join(", ")
}

/// A size as messages tell it.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let index = (0..UNITS.len() - 1).find(|index| bytes >> (10 * index) < 1024).unwrap_or(UNITS.len() - 1);
    let value = bytes as f64 / (1u64 << (10 * index)) as f64;
    match index {
        0 => format!("{bytes} B"),
        _ if value < 10.0 => format!("{value:.1} {}", UNITS[index]),
        _ => format!("{value:.0} {}", UNITS[index]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_as_messages_tell_them() {
        for (bytes, text) in [(5, "5 B"), (1 << 10, "1.0 KiB"), (256 << 20, "256 MiB"), (3 << 29, "1.5 GiB")] {
            assert_eq!(size(bytes), text);
        }
    }
}
