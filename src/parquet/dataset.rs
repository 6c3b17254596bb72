//! The files of a dataset, and their footers.

use std::ffi::OsStr;
use std::ops::Range;
use std::path::Path;

use arrow_schema::SchemaRef;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::basic::{ConvertedType, Type};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};

use super::request::{OnError, Request};
use super::storage::{self, FileEntry, Footer, Location};
use crate::error::{Error, Position, Result};
use crate::interrupt::Interrupt;
use crate::memory_pool;
use crate::parquet::guard::footer::ARROW_SCHEMA;
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

#[derive(Debug)]
pub(super) struct DataFile {
    pub found: FileEntry,
    pub metadata: ArrowReaderMetadata,
    /// Of its footer.
    pub checksum: u32,
}

impl DataFile {
    pub fn name(&self) -> String {
        self.found.location.to_string()
    }

    pub fn schema(&self) -> &SchemaRef {
        self.metadata.schema()
    }

    pub fn parquet(&self) -> &ParquetMetaData {
        self.metadata.metadata()
    }

    /// The number of its rows, as its row groups have it.
    pub fn rows(&self) -> u64 {
        self.parquet().row_groups().iter().map(|group| u64::try_from(group.num_rows()).unwrap_or(0)).sum()
    }

    /// The leaves of a column of the file, by the place of the column.
    pub fn leaves(&self, index: usize) -> Range<usize> {
        let schema = self.parquet().file_metadata().schema_descr();
        // Leaves are in the order of their columns.
        let (mut start, mut end) = (0, schema.num_columns());
        while start < end {
            let middle = start.midpoint(end);
            match schema.get_column_root_idx(middle) < index {
                true => start = middle + 1,
                false => end = middle,
            }
        }
        let count = (start..schema.num_columns()).take_while(|&leaf| schema.get_column_root_idx(leaf) == index).count();
        start..start + count
    }

    /// Whether a column is bytes of which the file does not say what they are. Impala, Hive and others have written text so.
    pub fn is_plain_bytes(&self, index: usize) -> bool {
        let parquet = self.parquet().file_metadata();
        let says = parquet.key_value_metadata().is_some_and(|pairs| pairs.iter().any(|pair| pair.key == ARROW_SCHEMA));
        let [leaf] = self.leaves(index).collect::<Vec<_>>()[..] else { return false };
        let column = parquet.schema_descr().column(leaf);
        !says
            && column.self_type().is_primitive()
            && column.physical_type() == Type::BYTE_ARRAY
            && column.logical_type_ref().is_none()
            && column.converted_type() == ConvertedType::NONE
    }

    /// An error that names this file.
    pub fn broken(&self, position: Position, message: &dyn std::fmt::Display) -> Error {
        Error::File { path: self.name().into(), position, message: message.to_string(), source: None }
    }
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
    /// that is not Parquet. [`Error::Interrupted`].
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
        // So many at a time that the operating system lets them be open at once.
        let opened = found.chunks(OPEN).flat_map(|found| {
            let opened = storage::open_all(found, &options, interrupt).into_iter();
            opened.collect::<Vec<_>>()
        });
        let mut files = Vec::new();
        let mut left_out = Vec::new();
        for (found, opened) in found.iter().cloned().zip(opened) {
            match opened {
                Ok(Footer { metadata, checksum }) => files.push(DataFile { found, metadata, checksum }),
                Err(Error::Interrupted) => return Err(Error::Interrupted),
                Err(error) if request.on_error == OnError::Skip => {
                    left_out.push(skipped(&found.location.to_string(), &error));
                }
                Err(error) => return Err(error),
            }
        }
        let keys = files.iter().map(|file| (file.schema().as_ref(), &file.found.partition[..]));
        let partitions = Partition::from_folders(&keys.collect::<Vec<_>>());
        Ok(Self { files, partitions, skipped: left_out, resident_before })
    }

    /// The number of files.
    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// The number of rows in all files, as their footers have it.
    pub fn rows(&self) -> u64 {
        self.files.iter().map(DataFile::rows).sum()
    }

    /// The bytes of memory that the metadata of all files takes.
    pub(super) fn metadata_bytes(&self) -> u64 {
        let fields = |file: &DataFile| FIELD * file.schema().fields().len();
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
        self.files[file].schema().index_of(name).is_err().then_some(index)
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
