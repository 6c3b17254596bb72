//! Rows that do not fit in memory, in a temporary file without a name: it vanishes with the process, however that ends.

use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use arrow_array::RecordBatch;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;

use crate::error::{Error, Result};

/// Record batches on disk, as Arrow IPC streams one after the other.
pub(super) struct Spill {
    folder: PathBuf,
    /// The file, and its length.
    file: Mutex<(File, u64)>,
}

/// Where a batch is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    start: u64,
    pub length: usize,
    pub rows: usize,
}

impl Spill {
    /// A new file in this folder.
    pub fn new(folder: &Path) -> Result<Self> {
        let file = tempfile::tempfile_in(folder).map_err(|error| failed(folder, error))?;
        Ok(Self { folder: folder.to_owned(), file: Mutex::new((file, 0)) })
    }

    /// Bytes that were written.
    pub fn len(&self) -> u64 {
        self.file.lock().unwrap_or_else(|poison| poison.into_inner()).1
    }

    pub fn write(&self, batch: &RecordBatch) -> Result<Segment> {
        let mut bytes = Vec::new();
        let written = StreamWriter::try_new(&mut bytes, &batch.schema()).and_then(|mut writer| {
            writer.write(batch)?;
            writer.finish()
        });
        written.map_err(|error| self.damaged(&error))?;
        let mut file = self.file.lock().unwrap_or_else(|poison| poison.into_inner());
        let (file, end) = &mut *file;
        let outcome = file.seek(SeekFrom::Start(*end)).and_then(|_| file.write_all(&bytes));
        outcome.map_err(|error| failed(&self.folder, error))?;
        let segment = Segment { start: *end, length: bytes.len(), rows: batch.num_rows() };
        *end += bytes.len() as u64;
        Ok(segment)
    }

    pub fn read(&self, segment: Segment) -> Result<RecordBatch> {
        let mut bytes = vec![0; segment.length];
        {
            let mut file = self.file.lock().unwrap_or_else(|poison| poison.into_inner());
            let outcome = file.0.seek(SeekFrom::Start(segment.start)).and_then(|_| file.0.read_exact(&mut bytes));
            outcome.map_err(|error| failed(&self.folder, error))?;
        }
        let mut batches = StreamReader::try_new(Cursor::new(bytes), None).map_err(|error| self.damaged(&error))?;
        match batches.next() {
            Some(Ok(batch)) if batch.num_rows() == segment.rows => Ok(batch),
            Some(Err(error)) => Err(self.damaged(&error)),
            _ => Err(self.damaged(&"rows are missing")),
        }
    }

    fn damaged(&self, error: &dyn std::fmt::Display) -> Error {
        let message = format!("a temporary file: {error}");
        Error::file(&self.folder, message, None)
    }
}

fn failed(folder: &Path, error: std::io::Error) -> Error {
    let message = format!("a temporary file for what does not fit in memory: {error}; TMPDIR names another folder");
    Error::file(folder, message, Some(error))
}
