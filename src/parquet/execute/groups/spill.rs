//! What does not fit in memory, in temporary files without a name: they vanish with the process, however that ends.
//!
//! A record batch is written as its buffers lie in memory, after their lengths: nothing is copied on the way, and a column is read as a part
//! of one allocation. Each thread has a file of its own, as a file has one writer at a time.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use arrow_array::{Array, RecordBatch, RecordBatchOptions, make_array};
use arrow_buffer::{Buffer, MutableBuffer};
use arrow_data::{ArrayData, layout};
use arrow_schema::{ArrowError, SchemaRef};

use crate::error::{Error, Result};
use crate::unpoisoned::Unpoisoned;

/// The alignment of each buffer in a file, in bytes: that of a vector of the widest tier.
const ALIGNED: usize = 64;

/// The most files.
const FILES: usize = 16;

/// Record batches on disk. Their columns are of types without children.
pub(super) struct Spill {
    folder: PathBuf,
    files: Vec<SpillFile>,
    /// Each of the schemas once: there are few, and many batches.
    schemas: Mutex<Vec<SchemaRef>>,
}

struct SpillFile {
    file: File,
    /// Its length.
    end: AtomicU64,
}

/// Where a batch is.
#[derive(Debug)]
pub(super) struct Segment {
    file: usize,
    start: u64,
    pub length: usize,
    pub rows: usize,
    schema: SchemaRef,
}

impl Spill {
    /// New files in this folder, for `threads` threads.
    pub fn new(folder: &Path, threads: usize) -> Result<Self> {
        let files = (0..threads.clamp(1, FILES)).map(|_| {
            let file = tempfile::tempfile_in(folder).map_err(|error| failed(folder, error))?;
            Ok(SpillFile { file, end: AtomicU64::new(0) })
        });
        Ok(Self { folder: folder.to_owned(), files: files.collect::<Result<_>>()?, schemas: Mutex::default() })
    }

    /// Bytes that were written.
    pub fn len(&self) -> u64 {
        self.files.iter().map(|file| file.end.load(Relaxed)).sum()
    }

    pub fn write(&self, batch: &RecordBatch) -> Result<Segment> {
        let (mut lengths, mut buffers) = (Vec::new(), Vec::new());
        for column in batch.columns() {
            let data = column.to_data();
            let validity = data.nulls().map(|nulls| nulls.inner().sliced());
            lengths.push(validity.as_ref().map_or(0, Buffer::len));
            lengths.extend(data.buffers().iter().map(Buffer::len));
            buffers.extend(validity.into_iter().chain(data.buffers().iter().cloned()));
        }
        let head: Vec<u8> = lengths.iter().flat_map(|length| (*length as u64).to_le_bytes()).collect();
        let (mut length, mut pieces) = (0, Vec::with_capacity(1 + buffers.len()));
        let mut end = 0;
        for bytes in std::iter::once(&head[..]).chain(buffers.iter().map(Buffer::as_slice)) {
            if !bytes.is_empty() {
                pieces.push((end, bytes));
                length = end + bytes.len();
                end = length.next_multiple_of(ALIGNED);
            }
        }

        let file = rayon::current_thread_index().unwrap_or(0) % self.files.len();
        let start = self.files[file].end.fetch_add(end as u64, Relaxed);
        for (at, bytes) in pieces {
            let written = write_all_at(&self.files[file].file, bytes, start + at as u64);
            written.map_err(|error| failed(&self.folder, error))?;
        }
        Ok(Segment { file, start, length, rows: batch.num_rows(), schema: self.known(batch.schema()) })
    }

    pub fn read(&self, segment: &Segment) -> Result<RecordBatch> {
        let mut bytes = MutableBuffer::from_len_zeroed(segment.length);
        let file = &self.files[segment.file].file;
        read_exact_at(file, &mut bytes, segment.start).map_err(|error| failed(&self.folder, error))?;
        read_batch(&bytes.into(), segment).map_err(|error| {
            let message = format!("a temporary file: {error}");
            Error::file(&self.folder, message, None)
        })
    }

    /// A schema, as it is kept.
    fn known(&self, schema: SchemaRef) -> SchemaRef {
        let mut schemas = self.schemas.lock().unpoisoned();
        if let Some(known) = schemas.iter().find(|known| **known == schema) {
            return Arc::clone(known);
        }
        schemas.push(Arc::clone(&schema));
        schema
    }
}

/// What [`Spill::write`] has written. Lengths are checked against what is there, and arrays against their lengths.
fn read_batch(bytes: &Buffer, segment: &Segment) -> Result<RecordBatch, ArrowError> {
    let missing = || ArrowError::InvalidArgumentError("rows are missing".to_owned());
    let fields = segment.schema.fields();
    let layouts: Vec<_> = fields.iter().map(|field| layout(field.data_type()).buffers.len()).collect();
    let count: usize = layouts.iter().map(|buffers| 1 + buffers).sum();
    let head = bytes.get(..8 * count).ok_or_else(missing)?;
    let mut lengths = head.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word) as usize);
    let mut start = head.len().next_multiple_of(ALIGNED);
    let mut next = || {
        let length = lengths.next().ok_or_else(missing)?;
        if length == 0 {
            return Ok(MutableBuffer::new(0).into());
        }
        if start.checked_add(length).is_none_or(|end| end > bytes.len()) {
            return Err(missing());
        }
        let buffer = bytes.slice_with_length(start, length);
        start += length.next_multiple_of(ALIGNED);
        Ok(buffer)
    };
    let columns = fields.iter().zip(&layouts).map(|(field, buffers)| {
        let validity = Some(next()?).filter(|validity| !validity.is_empty());
        let buffers = (0..*buffers).map(|_| next()).collect::<Result<_, _>>()?;
        ArrayData::try_new(field.data_type().clone(), segment.rows, validity, 0, buffers, Vec::new()).map(make_array)
    });
    let columns = columns.collect::<Result<_, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(segment.rows));
    RecordBatch::try_new_with_options(Arc::clone(&segment.schema), columns, &options)
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
