//! Files of the file system: each rule of finding, and reading.

mod finding;
pub(super) mod reading;

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{FileEntry, find};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;

/// A folder with files of these names, each of which holds its name.
fn folder(names: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        write(folder.path(), name);
    }
    folder
}

fn write(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, name).unwrap();
    path
}

/// What is found, below the folder.
fn below(folder: &Path, found: &[FileEntry]) -> Vec<String> {
    let name = |found: &FileEntry| {
        let text = found.location.to_string();
        let name = text.strip_prefix(folder.to_str().unwrap()).unwrap_or(&text);
        name.trim_start_matches('/').to_owned()
    };
    found.iter().map(name).collect()
}

/// What is found for inputs below a folder.
fn names(folder: &Path, inputs: &[&str]) -> Result<Vec<String>> {
    let inputs = inputs.iter().map(|input| folder.join(input));
    Ok(below(folder, &find(inputs, &Interrupt::default())?))
}

fn message(outcome: Result<impl std::fmt::Debug>) -> String {
    outcome.unwrap_err().to_string()
}

fn is_missing(error: &Error) -> bool {
    matches!(error, Error::File { source: Some(source), .. } if source.kind() == std::io::ErrorKind::NotFound)
}
