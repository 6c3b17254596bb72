//! Where the data came from, and which files of it are not in the answer.
//!
//! Only what is the same on every run over the same data is told in an answer. How many bytes were fetched and how many passes
//! it took depends on the memory limit, on checkpoints and on the network, so that is for messages, not for the answer.

use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};

use super::python_json;
use crate::escape::{NAME, shown};
use crate::series::table::LeftOut;

/// Where the data came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// How many files are counted in the answer; 0 for data in memory.
    pub files: usize,
    /// Rows of these files, whatever a predicate kept of them; or of the data in memory.
    pub rows: u64,
    /// The size of these files, where it is known.
    pub bytes: Option<u64>,
    /// What a predicate kept of the rows, if there was one.
    pub kept: Option<Kept>,
    /// What was left out, in any order: outputs have it by file, column and row group.
    pub errors: Vec<Skipped>,
    /// The columns that were not described though nobody chose among them, in column order.
    pub left_out: Vec<LeftOut>,
}

/// The rows that a predicate kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The predicate, as it was written.
    pub predicate: String,
    /// How many rows it kept.
    pub rows: u64,
}

/// A file that was left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Skipped {
    /// The file, as a path or an address.
    pub file: String,
    /// The column that could not be read, if it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The row group that could not be read, from 0, if it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row_group: Option<usize>,
    /// What is wrong, without the names above.
    pub message: String,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, column, row_group, message } = self;
        write!(f, "{file}: ")?;
        match (column, row_group) {
            (None, None) => {}
            (Some(column), None) => write!(f, "column '{column}': ")?,
            (None, Some(row_group)) => write!(f, "row group {row_group}: ")?,
            (Some(column), Some(row_group)) => write!(f, "column '{column}', row group {row_group}: ")?,
        }
        f.write_str(message)
    }
}

impl Source {
    /// Whether the data is of files, those that were left out included.
    pub fn is_files(&self) -> bool {
        self.files > 0 || !self.errors.is_empty()
    }

    /// How many files were left out; one may have several errors.
    pub fn files_left_out(&self) -> usize {
        let mut files: Vec<_> = self.errors.iter().map(|error| error.file.as_str()).collect();
        files.sort_unstable();
        files.dedup();
        files.len()
    }

    /// The errors in the order of every output: threads find them in another one each time.
    pub fn sorted_errors(&self) -> Vec<&Skipped> {
        let mut errors: Vec<_> = self.errors.iter().collect();
        errors.sort_unstable();
        errors
    }

    /// The members of the JSON document's `source`, in their order: name and JSON text.
    pub(super) fn members(&self) -> io::Result<Vec<(&'static str, String)>> {
        let mut members = vec![("files", self.files.to_string()), ("rows", self.rows.to_string())];
        if let Some(bytes) = self.bytes {
            members.push(("bytes", bytes.to_string()));
        }
        if let Some(kept) = &self.kept {
            members.push(("where", python_json::text(kept)?));
        }
        members.push(("errors", python_json::text(&self.sorted_errors())?));
        if !self.left_out.is_empty() {
            members.push(("left_out", python_json::text(&self.left_out)?));
        }
        Ok(members)
    }

    /// For people: how many files were left out, and up to `most` of the errors, each with its file. Nothing if none was.
    pub(super) fn skipped(&self, most: usize) -> Option<(String, Vec<String>)> {
        let title = match self.files_left_out() {
            0 => return None,
            1 => "1 file left out".to_owned(),
            files => format!("{files} files left out"),
        };
        let errors = self.sorted_errors();
        let mut lines: Vec<_> = errors.iter().take(most).map(ToString::to_string).collect();
        if errors.len() > most {
            lines.push(format!("… and {} more; the JSON names all of them", errors.len() - most));
        }
        Some((title, lines))
    }

    /// For people: which columns were left out, and why; up to `most` of them. Nothing if none was.
    pub(super) fn columns_left_out(&self, most: usize) -> Option<String> {
        // Columns left out for one reason stand together.
        let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
        for LeftOut { column, reason } in self.left_out.iter().take(most) {
            match reasons.iter_mut().find(|(known, _)| known == reason) {
                Some((_, columns)) => columns.push(column),
                None => reasons.push((reason, vec![column])),
            }
        }
        let named = |columns: &[&str]| columns.iter().map(|name| shown(name, NAME)).collect::<Vec<_>>().join(", ");
        let mut parts: Vec<_> =
            reasons.iter().map(|(reason, columns)| format!("{} ({})", named(columns), shown(reason, NAME))).collect();
        if self.left_out.len() > most {
            parts.push(format!("and {} more", self.left_out.len() - most));
        }
        (!parts.is_empty()).then(|| format!("left out: {}", parts.join(", ")))
    }
}
