//! Temporary files without a name, for what does not fit in memory: they vanish with the process, however that ends.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use arrow_buffer::{Buffer, MutableBuffer};

use crate::error::{Error, Result};

/// The alignment of what is written, in bytes: that of a vector of the widest tier.
pub(crate) const ALIGNED: usize = 64;

/// The most files.
const FILES: usize = 16;

/// Bytes on disk. Each thread has a file of its own, as a file has one writer at a time.
#[derive(Debug)]
pub(crate) struct Spill {
    folder: PathBuf,
    files: Vec<SpillFile>,
}

#[derive(Debug)]
struct SpillFile {
    file: File,
    /// Its length.
    end: AtomicU64,
}

/// Where some bytes are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    file: usize,
    start: u64,
    pub length: usize,
}

impl Spill {
    /// New files in this folder, for `threads` threads.
    pub fn new(folder: &Path, threads: usize) -> Result<Self> {
        let files = (0..threads.clamp(1, FILES)).map(|_| {
            let file = tempfile::tempfile_in(folder).map_err(|error| failed(folder, error))?;
            Ok(SpillFile { file, end: AtomicU64::new(0) })
        });
        Ok(Self { folder: folder.to_owned(), files: files.collect::<Result<_>>()? })
    }

    /// Bytes that were written.
    pub fn len(&self) -> u64 {
        self.files.iter().map(|file| file.end.load(Relaxed)).sum()
    }

    /// Writes pieces one after the other, each [`ALIGNED`].
    pub fn write<'a>(&self, pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Place> {
        let (mut placed, mut length, mut end) = (Vec::new(), 0, 0);
        for piece in pieces.into_iter().filter(|piece| !piece.is_empty()) {
            placed.push((end, piece));
            length = end + piece.len();
            end = length.next_multiple_of(ALIGNED);
        }
        let file = rayon::current_thread_index().unwrap_or(0) % self.files.len();
        let start = self.files[file].end.fetch_add(end as u64, Relaxed);
        for (at, bytes) in placed {
            let written = write_all_at(&self.files[file].file, bytes, start + at as u64);
            written.map_err(|error| failed(&self.folder, error))?;
        }
        Ok(Place { file, start, length })
    }

    /// What was written there.
    pub fn read(&self, place: Place) -> Result<Buffer> {
        let mut bytes = MutableBuffer::from_len_zeroed(place.length);
        let file = &self.files[place.file].file;
        read_exact_at(file, &mut bytes, place.start).map_err(|error| failed(&self.folder, error))?;
        Ok(bytes.into())
    }

    /// What was read is not what was written.
    pub fn damaged(&self, error: impl std::fmt::Display) -> Error {
        Error::file(&self.folder, format!("a temporary file: {error}"), None)
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
