//! Which files there are, and how their columns fit together.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use arrow_schema::DataType;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::metadata::ParquetMetaDataReader;

use super::footer;
use crate::error::{Error, Result};
use crate::series::table::{Columns, is_boolean};
use crate::series::{Kind, Lane};

/// The most memory that decoding a footer, or a column chunk's page and batch, may ask for.
pub(super) const LIMIT: u64 = 1 << 31;

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
    /// Opens files, and every `*.parquet` below folders (hidden ones, and those whose names start with `_`, left out),
    /// in the order of their names, and reads their footers.
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

    /// The wanted columns, in the order in which the files first have them. Of columns that share a name within a
    /// file, the first ones of all files are one series, the second ones another.
    pub(super) fn columns(&self, columns: &Columns) -> Result<Vec<DataColumn>> {
        let mut all: Vec<DataColumn> = Vec::new();
        let mut known: HashMap<(&str, usize), usize> = HashMap::new();
        for (index, file) in self.files.iter().enumerate() {
            let mut repeated: HashMap<&str, usize> = HashMap::new();
            for (place, field) in file.metadata.schema().fields().iter().enumerate() {
                let nth = repeated.entry(field.name()).or_default();
                let series = *known.entry((field.name(), *nth)).or_insert_with(|| {
                    all.push(DataColumn { name: field.name().clone(), lane: Lane::Float, places: Vec::new() });
                    all.len() - 1
                });
                *nth += 1;
                all[series].places.push((index, place));
            }
        }
        if let Columns::Named(names) = columns
            && let Some(missing) = names.iter().find(|name| !known.contains_key(&(name.as_str(), 0)))
        {
            let available = all.into_iter().map(|column| column.name).collect();
            return Err(Error::NoSuchColumn { name: missing.clone(), available });
        }
        let wanted = all.into_iter().filter(|column| columns.wants(&column.name));
        let named = columns.are_named();
        wanted.filter_map(|column| self.fit(column, named).transpose()).collect()
    }

    /// The column with its lane; `None` for one that holds no numbers and was not named. A type that is only null fits
    /// any other.
    fn fit(&self, mut column: DataColumn, named: bool) -> Result<Option<DataColumn>> {
        let schema = |file: usize| self.files[file].metadata.schema();
        let field = |&(file, place): &(usize, usize)| schema(file).field(place);
        let is_series = |place: &(usize, usize)| {
            Kind::of_field(field(place)).is_some() && (named || !is_boolean(field(place).data_type()))
        };
        let Some(fitting) = column.places.iter().find(|place| is_series(place)) else {
            return match column.places.first().filter(|_| named) {
                Some(place) => {
                    Err(Error::NotNumeric { data_type: field(place).data_type().to_string(), name: Some(column.name) })
                }
                None => Ok(None),
            };
        };
        let other = |place: &&(usize, usize)| !is_series(place) && *field(place).data_type() != DataType::Null;
        if let Some(clashing) = column.places.iter().find(other) {
            let (first, second) = if fitting < clashing { (fitting, clashing) } else { (clashing, fitting) };
            return Err(Error::Clash {
                first: self.files[first.0].path.clone(),
                first_type: field(first).data_type().to_string(),
                second: self.files[second.0].path.clone(),
                second_type: field(second).data_type().to_string(),
                column: column.name,
            });
        }
        let kinds: Vec<Kind> = column.places.iter().filter_map(|place| Kind::of_field(field(place))).collect();
        column.lane = Lane::of(&kinds);
        Ok(Some(column))
    }
}

fn find(path: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, error))?;
    if !metadata.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    let before = found.len();
    search(path, &mut HashSet::new(), found)?;
    if found.len() == before {
        let message = "the folder holds no file whose name ends in .parquet".to_owned();
        return Err(Error::File { path: path.to_owned(), message, source: None });
    }
    Ok(())
}

/// The Parquet files below a folder, in the order of their names.
fn search(folder: &Path, visited: &mut HashSet<PathBuf>, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut entries = entries.map_err(|error| unreadable(folder, error))?;
    let canonical = fs::canonicalize(folder).map_err(|error| unreadable(folder, error))?;
    if !visited.insert(canonical) {
        return Ok(()); // a link led back to it
    }
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(b".") || name.as_encoded_bytes().starts_with(b"_") {
            continue;
        }
        let path = entry.path();
        let wanted = path.extension().is_some_and(|extension| extension == "parquet");
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => search(&path, visited, found)?,
            Ok(_) if wanted => found.push(path),
            Err(error) if wanted => return Err(unreadable(&path, error)),
            Ok(_) | Err(_) => {} // another file, or a link that leads nowhere
        }
    }
    Ok(())
}

fn read_metadata(path: &Path) -> Result<ArrowReaderMetadata> {
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, error))?;
    if !metadata.is_file() {
        return Err(broken(
            path,
            "not a regular file; Parquet is read from its end, which a pipe or a device does not have",
        ));
    }
    let file = File::open(path).map_err(|error| unreadable(path, error))?;
    let length = metadata.len();
    if length == 0 {
        return Err(broken(path, "the file is empty, so it is not a Parquet file"));
    }
    let not_parquet =
        |message: &dyn std::fmt::Display| broken(path, &format!("not a Parquet file, or a damaged one: {message}"));
    let footer = footer::read_footer(&file, LIMIT).map_err(|message| not_parquet(&message))?;
    let metadata = ParquetMetaDataReader::decode_metadata(&footer).map_err(|error| not_parquet(&error))?;
    footer::check_rows(&metadata).map_err(|message| not_parquet(&message))?;
    ArrowReaderMetadata::try_new(metadata.into(), ArrowReaderOptions::new()).map_err(|error| not_parquet(&error))
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
