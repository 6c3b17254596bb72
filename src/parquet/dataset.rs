//! The files of a dataset, and their footers.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;

use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::file::metadata::PageIndexPolicy;

use super::data_file::DataFile;
use super::request::{OnError, Request};
use super::storage::{self, Location};
use crate::error::{Error, Position, Result};
use crate::interrupt::Interrupt;
use crate::memory_pool;
use crate::parquet::hive::Partition;
use crate::report::Skipped;

/// Files whose footers are read together.
const OPEN: usize = 256;

/// Bytes that a field of a schema takes, and what is planned for it.
const FIELD: usize = 512;

/// Parquet files whose columns of one name are one series.
#[derive(Debug)]
pub struct Dataset {
    pub(super) files: Vec<DataFile>,
    /// What the folders' names say of the files: `day=2026-11-01/`.
    pub(super) partitions: Vec<Partition>,
    /// Files that were left out because their footers cannot be read.
    pub(super) skipped: Vec<Skipped>,
    /// The bytes that the process had in memory before any footer was read.
    pub(super) resident_before: Option<u64>,
}

impl Dataset {
    /// Finds files, and reads their footers: as [`Dataset::open_with`], where every file has to be right.
    ///
    /// # Errors
    ///
    /// [`Error::File`] for a path that is not there, a folder without Parquet files, and a file that is not Parquet.
    pub fn open<S: AsRef<OsStr>>(paths: impl IntoIterator<Item = S>) -> Result<Self> {
        Self::open_with(paths, &Request::default(), &Interrupt::default())
    }

    /// Finds files, folders, globs, lists and URLs (in object stores and on web servers too), and reads their footers on the threads of the pool.
    ///
    /// # Errors
    ///
    /// [`Error::File`] for a path that is not there or a folder without Parquet files; under [`OnError::Fail`] also for a file
    /// that is not Parquet. [`Error::MemoryLimit`] for a footer beyond the limit, [`Error::Interrupted`].
    pub fn open_with<S: AsRef<OsStr>>(
        paths: impl IntoIterator<Item = S>,
        request: &Request,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        let resident_before = memory_pool::resident();
        let found = storage::find(paths, interrupt)?;
        // The page index tells which pages a predicate needs; nothing else asks for it.
        let policy = if request.predicate.is_some() { PageIndexPolicy::Optional } else { PageIndexPolicy::Skip };
        let options = ArrowReaderOptions::new().with_page_index_policy(policy);
        // No more at a time than the operating system lets be open at once.
        let opened = found.chunks(OPEN).flat_map(|found| {
            let opened = storage::open_all(found, &options, request.memory_limit, interrupt).into_iter();
            opened.collect::<Vec<_>>()
        });
        let mut files = Vec::new();
        let mut left_out = Vec::new();
        for (found, opened) in found.iter().cloned().zip(opened) {
            match opened {
                Ok(footer) => files.push(DataFile::new(found, footer)),
                Err(error @ (Error::Interrupted | Error::MemoryLimit { .. })) => return Err(error),
                Err(error) if request.on_error == OnError::Skip => {
                    left_out.push(skipped(&found.location.to_string(), &error));
                }
                Err(error) => return Err(error),
            }
        }
        let mut dataset = Self { files, partitions: Vec::new(), skipped: left_out, resident_before };
        dataset.partitions = dataset.partitions_of_folders();
        if request.on_error == OnError::Skip {
            dataset.leave_out_unfit(request);
        }
        Ok(dataset)
    }

    fn partitions_of_folders(&self) -> Vec<Partition> {
        let keys = self.files.iter().map(|file| (file.schema().as_ref(), &file.found.partition[..]));
        Partition::from_folders(&keys.collect::<Vec<_>>())
    }

    /// Leaves out the files that the predicate does not fit, then those whose columns do not fit those of the files before them.
    fn leave_out_unfit(&mut self, request: &Request) {
        if let Some(predicate) = &request.predicate {
            self.leave_out(self.unfiltered(predicate));
        }
        self.leave_out(self.unfit(request));
    }

    /// Leaves out files, by their places, each for its reason.
    fn leave_out(&mut self, mut unfit: BTreeMap<usize, Error>) {
        if unfit.is_empty() {
            return;
        }
        for (index, file) in std::mem::take(&mut self.files).into_iter().enumerate() {
            match unfit.remove(&index) {
                Some(error) => self.skipped.push(skipped(&file.name(), &error)),
                None => self.files.push(file),
            }
        }
        self.partitions = self.partitions_of_folders();
    }

    /// The number of files.
    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// Their paths or addresses, in the order in which they are read.
    pub fn names(&self) -> Vec<String> {
        self.files.iter().map(DataFile::name).collect()
    }

    /// The number of rows in all files, as their footers have it.
    pub fn rows(&self) -> u64 {
        self.files.iter().map(DataFile::rows).sum()
    }

    /// The bytes of memory that the metadata of all files takes.
    pub(super) fn metadata_bytes(&self) -> u64 {
        let fields = |file: &DataFile| FIELD * file.columns().len();
        let bytes = self.files.iter().map(|file| file.parquet().memory_size() + fields(file));
        bytes.sum::<usize>() as u64
    }

    /// Whether a file is one of those that are read, by whatever name.
    pub fn reads(&self, path: &Path) -> bool {
        let Ok(wanted) = path.canonicalize() else { return false };
        self.files.iter().any(|file| match &file.found.location {
            Location::Local(path) => path.canonicalize().is_ok_and(|path| path == wanted),
            Location::Remote(_) => false,
        })
    }

    /// What the folders say of a column.
    pub(super) fn partition(&self, name: &str) -> Option<&Partition> {
        self.partitions.iter().find(|partition| partition.name == name)
    }

    /// The place of what the folders say of a column, for a file that has no such column itself.
    pub(super) fn partition_of(&self, file: usize, name: &str) -> Option<usize> {
        let index = self.partitions.iter().position(|partition| partition.name == name)?;
        self.files[file].index_of(name).is_none().then_some(index)
    }
}

/// An error of a file, as the report tells it.
pub(super) fn skipped(file: &str, error: &Error) -> Skipped {
    let Error::File { position, message, .. } = error else {
        return Skipped { file: file.to_owned(), column: None, row_group: None, message: error.to_string() };
    };
    let Position { column, row_group, row } = position.clone();
    let message = match row {
        Some(_) => format!("{}: {message}", Position { row, ..Position::default() }),
        None => message.clone(),
    };
    Skipped { file: file.to_owned(), column, row_group, message }
}
