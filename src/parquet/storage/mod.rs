//! Where Parquet files are, and how their bytes are read.
//!
//! [`find`](find()) takes what a person types (files, folders, globs, lists, URLs) and answers [`FileEntry`] files;
//! [`FileEntry::open`] gives a [`Reader`], which is what the parquet crate reads from; [`Prefetch`] fetches ahead what lies
//! in a bucket. `glob`, `partition` and `ranges` are the rules that these go by, each in one file; `remote`
//! holds all that needs a network.

mod find;
mod footer;
mod glob;
mod partition;
mod prefetch;
mod ranges;
mod readable;
mod reader;
#[cfg(not(feature = "remote"))]
#[path = "absent.rs"]
mod remote;
#[cfg(feature = "remote")]
mod remote;
#[cfg(test)]
#[expect(clippy::single_range_in_vec_init, reason = "lists of one range are meant")]
mod tests;
mod walk;

pub use find::find;
pub use footer::{Footer, open_all};
pub use prefetch::{Prefetch, Task};
pub use ranges::held_bytes;
pub use readable::{UnreadableColumn, without_index};
pub use reader::Reader;
pub use remote::Object;

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::error::Error;

/// A file that was found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileEntry {
    /// Where it is.
    pub location: Location,
    /// Its length in bytes.
    pub size: u64,
    /// What changes when its content does: a local file's times of modification and of change (where there is one) since 1970, an
    /// object's ETag, or else its time of modification; empty where a server tells neither.
    pub version: String,
    /// The hive keys of the folders it is in, outermost first; a key that is there twice counts where it is deepest.
    pub partition: Vec<(String, Option<String>)>,
}

/// Where a file is. Displayed, it is the path as it was typed, or the URL (without its query, which may hold a
/// signature).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Location {
    /// In the file system.
    Local(PathBuf),
    /// In an object store, or on a web server.
    #[cfg_attr(not(feature = "remote"), expect(dead_code, reason = "without that feature, there are none"))]
    Remote(Object),
}

impl Location {
    /// Whether its bytes come over a network.
    pub fn is_remote(&self) -> bool {
        matches!(self, Self::Remote(_))
    }

    /// The path, or the URL in its place: what errors and reports name.
    pub fn to_path(&self) -> PathBuf {
        match self {
            Self::Local(path) => path.clone(),
            Self::Remote(object) => PathBuf::from(object.to_string()),
        }
    }

    /// The same, whatever the current folder: a checkpoint may be used from another one.
    pub fn absolute(&self) -> String {
        match self {
            Self::Local(path) => std::path::absolute(path).unwrap_or_else(|_| path.clone()).display().to_string(),
            Self::Remote(object) => object.to_string(),
        }
    }

    fn error(&self, message: impl Into<String>, source: Option<io::Error>) -> Error {
        Error::file(self.to_path(), message, source)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(path) => path.display().fmt(formatter),
            Self::Remote(object) => object.fmt(formatter),
        }
    }
}

/// A file that the operating system does not read.
pub(super) fn unreadable(path: impl Into<PathBuf>, error: io::Error) -> Error {
    let message = match error.kind() {
        io::ErrorKind::NotFound => "no such file or folder".to_owned(),
        _ => error.to_string(),
    };
    Error::file(path, message, Some(error))
}

/// An input that does not say what is to be read.
fn refused(input: impl Into<PathBuf>, message: impl Into<String>) -> Error {
    Error::file(input, message, None)
}
