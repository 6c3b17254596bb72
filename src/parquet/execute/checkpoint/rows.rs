//! The rows of finished files whose groups are described: keys and values, as Arrow IPC has them.
//!
//! The state of many small groups is their rows. What is kept is no more than the wanted columns of the rows that count, so that
//! another run need not read, decompress and filter the files again; and it serves for whatever statistics are asked.

use std::io::{self, BufReader, Take};
use std::path::PathBuf;
use std::sync::Mutex;

use arrow_array::RecordBatch;
use arrow_ipc::CompressionType;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::{IpcWriteOptions, StreamWriter};
use arrow_schema::{ArrowError, Schema};
use std::fs::File;
use tempfile::NamedTempFile;

use super::{Checkpoint, FileKey, Unusable, Writer, decode};
use crate::error::{Error, Result};
use crate::unpoisoned::Unpoisoned;

/// The rows of a file, batch by batch.
pub(crate) struct KeptRows {
    path: PathBuf,
    batches: StreamReader<BufReader<Take<File>>>,
}

impl Iterator for KeptRows {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.batches.next()?;
        Some(batch.map_err(|error| {
            Error::file(&self.path, format!("its rows in the checkpoint cannot be read: {error}"), None)
        }))
    }
}

/// The rows of a file as they come, in any order.
pub(crate) struct RowsWriter<'a> {
    checkpoint: &'a Checkpoint,
    file: FileKey,
    to: Mutex<Option<(NamedTempFile, StreamWriter<Writer>)>>,
}

impl Checkpoint {
    /// The rows that were kept of this very file, if it had as many in all.
    pub fn rows(&self, file: &FileKey, rows: u64) -> Option<KeptRows> {
        let path = self.entry(file).with_extension("rows");
        let open = || -> Result<Option<KeptRows>, Unusable> {
            let Some(mut entry) = self.open_entry(&path, file)? else { return Ok(None) };
            let kept: u64 = decode(&mut entry, &mut [])?;
            let batches =
                StreamReader::try_new(entry, None).map_err(|_| Unusable::Damaged("its rows are no Arrow stream"))?;
            Ok((kept == rows).then(|| KeptRows { path: path.clone(), batches }))
        };
        open().unwrap_or_else(|unusable| {
            tracing::warn!(entry = %path.display(), file = file.name, "a checkpoint is left out: {unusable}");
            None
        })
    }

    /// Keeps the rows of a file, of which there are `rows` in all before any predicate.
    ///
    /// # Errors
    ///
    /// [`Error::File`] for what the operating system says.
    pub fn keep_rows(&self, file: FileKey, rows: u64, schema: &Schema) -> Result<RowsWriter<'_>> {
        let begin = || -> Result<_, ArrowError> {
            let (unfinished, mut out) = self.begin(&file)?;
            postcard::to_io(&rows, &mut out)
                .map_err(|error| ArrowError::IoError(error.to_string(), io::Error::other(error)))?;
            let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::LZ4_FRAME))?;
            Ok((unfinished, StreamWriter::try_new_with_options(out, schema, options)?))
        };
        let to = begin().map_err(|error| self.unwritten(&file, error))?;
        Ok(RowsWriter { checkpoint: self, file, to: Mutex::new(Some(to)) })
    }

    fn unwritten(&self, file: &FileKey, error: ArrowError) -> Error {
        let (said, source) = match error {
            ArrowError::IoError(_, error) => (error.to_string(), Some(error)),
            other => (other.to_string(), None),
        };
        let message = format!("the rows of {} cannot be written to the checkpoint: {said}", file.name);
        Error::file(&self.folder, message, source)
    }
}

impl RowsWriter<'_> {
    /// More rows.
    ///
    /// # Errors
    ///
    /// [`Error::File`] for what the operating system says.
    pub fn write(&self, batch: &RecordBatch) -> Result<()> {
        let mut to = self.to.lock().unpoisoned();
        match to.as_mut() {
            Some((_, writer)) => writer.write(batch).map_err(|error| self.checkpoint.unwritten(&self.file, error)),
            None => Ok(()),
        }
    }

    /// All rows were written: from now on they are there.
    ///
    /// # Errors
    ///
    /// [`Error::File`] for what the operating system says.
    pub fn finish(&self) -> Result<()> {
        let to = self.to.lock().unpoisoned().take();
        let Some((unfinished, writer)) = to else { return Ok(()) };
        let path = self.checkpoint.entry(&self.file).with_extension("rows");
        let end = || -> Result<(), ArrowError> { Ok(self.checkpoint.end(unfinished, writer.into_inner()?, &path)?) };
        end().map_err(|error| self.checkpoint.unwritten(&self.file, error))
    }
}
