//! Rows that do not fit in memory, in a temporary file without a name: it vanishes with the process, however that ends.

use std::fs::File;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use arrow_array::RecordBatch;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;

use crate::error::{Error, Result};

/// Record batches on disk, as Arrow IPC streams one after the other.
pub(super) struct Spill {
    folder: PathBuf,
    file: File,
    /// The length of the file.
    end: AtomicU64,
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
        Ok(Self { folder: folder.to_owned(), file, end: AtomicU64::new(0) })
    }

    /// Bytes that were written.
    pub fn len(&self) -> u64 {
        self.end.load(Relaxed)
    }

    pub fn write(&self, batch: &RecordBatch) -> Result<Segment> {
        let mut bytes = Vec::new();
        let written = StreamWriter::try_new(&mut bytes, &batch.schema()).and_then(|mut writer| {
            writer.write(batch)?;
            writer.finish()
        });
        written.map_err(|error| self.damaged(&error))?;
        let segment = Segment {
            start: self.end.fetch_add(bytes.len() as u64, Relaxed),
            length: bytes.len(),
            rows: batch.num_rows(),
        };
        write_all_at(&self.file, &bytes, segment.start).map_err(|error| failed(&self.folder, error))?;
        Ok(segment)
    }

    pub fn read(&self, segment: Segment) -> Result<RecordBatch> {
        let mut bytes = vec![0; segment.length];
        read_exact_at(&self.file, &mut bytes, segment.start).map_err(|error| failed(&self.folder, error))?;
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

#[cfg(unix)]
fn write_all_at(file: &File, bytes: &[u8], start: u64) -> std::io::Result<()> {
    use std::os::unix::fs::FileExt;
    file.write_all_at(bytes, start)
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], start: u64) -> std::io::Result<()> {
    use std::os::unix::fs::FileExt;
    file.read_exact_at(bytes, start)
}

#[cfg(windows)]
fn write_all_at(file: &File, mut bytes: &[u8], mut start: u64) -> std::io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !bytes.is_empty() {
        let written = file.seek_write(bytes, start)?;
        (bytes, start) = (&bytes[written..], start + written as u64);
    }
    Ok(())
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut bytes: &mut [u8], mut start: u64) -> std::io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !bytes.is_empty() {
        let read = file.seek_read(bytes, start)?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        (bytes, start) = (&mut bytes[read..], start + read as u64);
    }
    Ok(())
}

fn failed(folder: &Path, error: std::io::Error) -> Error {
    let message = format!("a temporary file for what does not fit in memory: {error}; TMPDIR names another folder");
    Error::file(folder, message, Some(error))
}
