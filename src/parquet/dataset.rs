//! Which files there are, and how their columns fit together.

use std::fs::{self, File};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_schema::Schema;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};

use crate::error::{Error, Result};
use crate::series::table::Columns;
use crate::series::{Kind, Lane};

/// Parquet files whose columns of one name are one series.
#[derive(Debug)]
pub struct Dataset {
    pub(super) files: Vec<DataFile>,
}

#[derive(Debug)]
pub(super) struct DataFile {
    pub path: PathBuf,
    pub metadata: ArrowReaderMetadata,
}

/// One series of a dataset: where it stands in each file.
#[derive(Debug)]
pub(super) struct DataColumn {
    pub name: String,
    pub lane: Lane,
    /// (file, place among the file's columns), for the files that have it.
    pub places: Vec<(usize, usize)>,
}

impl Dataset {
    /// Opens files, and every `*.parquet` below folders (hidden ones, and those whose names start with `_`, left out), in the order of their
    /// names, and reads their footers.
    ///
    /// # Errors
    ///
    /// [`Error::File`] for a path that is not there, a folder without Parquet files, and a file that is not Parquet.
    pub fn open<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Result<Self> {
        let mut found = Vec::new();
        for path in paths {
            find(path.as_ref(), &mut found)?;
        }
        let files = found.into_iter().map(|path| {
            let metadata = guarded(&path, || read_metadata(&path))?;
            Ok(DataFile { path, metadata })
        });
        Ok(Self { files: files.collect::<Result<_>>()? })
    }

    /// The number of files.
    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// The number of rows in all files, as their footers have it.
    pub fn rows(&self) -> u64 {
        let rows = self.files.iter().map(|file| file.metadata.metadata().file_metadata().num_rows());
        rows.map(|rows| u64::try_from(rows).unwrap_or(0)).sum()
    }

    /// The wanted columns, in the order in which the files first have them.
    pub(super) fn columns(&self, columns: &Columns) -> Result<Vec<DataColumn>> {
        // All columns of the dataset as one schema: each name with its type in the first file that has it.
        let mut firsts: Vec<(usize, Arc<arrow_schema::Field>)> = Vec::new();
        for (index, file) in self.files.iter().enumerate() {
            for field in file.metadata.schema().fields() {
                if !firsts.iter().any(|(_, first)| first.name() == field.name()) {
                    firsts.push((index, Arc::clone(field)));
                }
            }
        }
        let all: Vec<_> = firsts.iter().map(|(_, field)| Arc::clone(field)).collect();
        let all = Schema::new(all);
        let chosen = columns.choose(&all)?;
        let series = chosen.into_iter().map(|place| self.column(firsts[place].0, all.field(place).name()));
        series.collect()
    }

    fn column(&self, first: usize, name: &str) -> Result<DataColumn> {
        let mut kinds: Vec<Kind> = Vec::new();
        let mut places = Vec::new();
        for (index, file) in self.files.iter().enumerate() {
            let fields = file.metadata.schema().fields();
            for (place, field) in fields.iter().enumerate().filter(|(_, field)| field.name() == name) {
                let Some(kind) = Kind::of(field.data_type()) else {
                    let first_type = self.files[first].metadata.schema().field_with_name(name);
                    return Err(Error::Clash {
                        column: name.to_owned(),
                        first: self.files[first].path.clone(),
                        first_type: first_type.map_or_else(|_| String::new(), |f| f.data_type().to_string()),
                        second: file.path.clone(),
                        second_type: field.data_type().to_string(),
                    });
                };
                kinds.push(kind);
                places.push((index, place));
            }
        }
        Ok(DataColumn { name: name.to_owned(), lane: Lane::of(&kinds), places })
    }
}

fn find(path: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, error))?;
    if !metadata.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    let before = found.len();
    search(path, found)?;
    if found.len() == before {
        let message = "the folder holds no file whose name ends in .parquet".to_owned();
        return Err(Error::File { path: path.to_owned(), message, source: None });
    }
    Ok(())
}

/// The Parquet files below a folder, in the order of their names.
fn search(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut entries = entries.map_err(|error| unreadable(folder, error))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(b".") || name.as_encoded_bytes().starts_with(b"_") {
            continue;
        }
        let path = entry.path();
        let metadata = fs::metadata(&path).map_err(|error| unreadable(&path, error))?;
        if metadata.is_dir() {
            search(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "parquet") {
            found.push(path);
        }
    }
    Ok(())
}

fn read_metadata(path: &Path) -> Result<ArrowReaderMetadata> {
    let file = File::open(path).map_err(|error| unreadable(path, error))?;
    let length = file.metadata().map_err(|error| unreadable(path, error))?.len();
    if length == 0 {
        return Err(broken(path, "the file is empty, so it is not a Parquet file"));
    }
    ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())
        .map_err(|error| broken(path, &format!("not a Parquet file, or a damaged one: {error}")))
}

pub(super) fn unreadable(path: &Path, error: std::io::Error) -> Error {
    let message = match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or folder".to_owned(),
        _ => error.to_string(),
    };
    Error::File { path: path.to_owned(), message, source: Some(error) }
}

pub(super) fn broken(path: &Path, message: &str) -> Error {
    Error::File { path: path.to_owned(), message: message.to_owned(), source: None }
}

/// Runs a decoder, and makes its panic an error that names the file: the parquet crate panics on some damaged files.
pub(super) fn guarded<T>(path: &Path, decode: impl FnOnce() -> Result<T>) -> Result<T> {
    thread_local! {
        static GUARDED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
    }
    static QUIET: std::sync::Once = std::sync::Once::new();
    QUIET.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !GUARDED.get() {
                usual(info);
            }
        }));
    });
    let outer = GUARDED.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(decode));
    GUARDED.set(outer);
    outcome.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        Err(broken(path, &format!("damaged: its decoder gave up: {text}")))
    })
}
