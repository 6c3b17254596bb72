//! The bytes of a file, as the parquet crate asks for them.
//!
//! Local files are read at positions, never through an offset that clones would share. Remote ones serve what was
//! fetched before. Each request is held against the file's length before memory is asked for, and each page header is
//! walked before the decoder believes the lengths in it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use super::walk::state;
use super::{FileEntry, Location, ranges, refused, remote, unreadable};
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::parquet::guard::page_header::{LONG, uncompressed_size};
use crate::parquet::guard::thrift::Fault;

/// What is first read where a page header is expected: most are shorter.
const HEADER: usize = 512;

/// An open file. Clones share it, and what was fetched of it.
#[derive(Clone, Debug)]
pub struct Reader {
    file: Arc<Opened>,
    /// What was fetched of a remote file: starts and bytes, in order.
    parts: Arc<[(u64, Bytes)]>,
    /// The largest page that is decoded.
    page_limit: u64,
}

#[derive(Debug)]
struct Opened {
    found: FileEntry,
    /// For local ones.
    file: Option<File>,
}

impl FileEntry {
    /// Opens the file. A local one must still be what was found; a remote one is asked for nothing yet.
    ///
    /// # Errors
    ///
    /// [`Error::File`](crate::Error::File) for one that cannot be opened, is no regular file, or has changed.
    pub fn open(&self) -> Result<Reader> {
        let file = match &self.location {
            Location::Remote(object) => {
                object.check()?;
                None
            }
            Location::Local(path) => {
                let metadata = fs::metadata(path).map_err(|error| unreadable(path, error))?;
                // Asked before it is opened: that would wait for ever at the reading end of a pipe.
                if !metadata.is_file() {
                    let message =
                        "not a regular file; Parquet is read from its end, which a pipe or a device does not have";
                    return Err(refused(path, message));
                }
                Some(File::open(path).map_err(|error| unreadable(path, error))?)
            }
        };
        let reader =
            Reader { file: Arc::new(Opened { found: self.clone(), file }), parts: Arc::new([]), page_limit: u64::MAX };
        reader.check_unchanged()?;
        Ok(reader)
    }
}

impl Reader {
    /// What was found.
    pub fn found(&self) -> &FileEntry {
        &self.file.found
    }

    /// Whether its bytes come over a network, and so must be fetched.
    pub fn is_remote(&self) -> bool {
        self.found().location.is_remote()
    }

    /// The same file, with pages that are longer once decompressed than `bytes` refused before memory is asked for
    /// them. (Where pages are read by an offset index their headers do not come by here.)
    #[must_use]
    pub fn with_page_limit(mut self, bytes: u64) -> Self {
        self.page_limit = bytes;
        self
    }

    /// Checks that a local file still has the size and the time of modification with which it was found. Of a remote one every fetch
    /// checks the version.
    ///
    /// # Errors
    ///
    /// [`Error::File`](crate::Error::File) if not, or if it is gone.
    pub fn check_unchanged(&self) -> Result<()> {
        let (Some(file), Location::Local(path)) = (&self.file.file, &self.found().location) else {
            return Ok(());
        };
        // The system's own time also changes with permissions and links, which change no byte.
        let modified = |version: &str| version.split(' ').next().map(str::to_owned);
        // What is open, and what has its name now: another file may have been moved there.
        for metadata in [file.metadata(), fs::metadata(path)] {
            let now = metadata.and_then(|metadata| state(&metadata)).map_err(|error| unreadable(path, error))?;
            if now.0 != self.found().size || modified(&now.1) != modified(&self.found().version) {
                return Err(refused(path, "the file changed while it was read; describe a copy of it"));
            }
        }
        Ok(())
    }

    /// The file with these ranges readable, and, if it is remote, no others: near ones are fetched together, several
    /// at a time, and each is checked to be whole and of the version that was found.
    ///
    /// # Errors
    ///
    /// [`Error::File`](crate::Error::File) where a range lies outside of the file, the object changed, or its server
    /// fails; [`Error::Interrupted`](crate::Error::Interrupted).
    pub fn fetch(&self, ranges: &[Range<u64>], interrupt: &Interrupt) -> Result<Self> {
        let wanted = self.wanted(ranges)?;
        match &self.found().location {
            Location::Local(_) => Ok(self.clone()),
            Location::Remote(object) => Ok(self.with(remote::fetch(object, self.found(), wanted, interrupt)?)),
        }
    }

    /// The ranges as they are fetched.
    pub(super) fn wanted(&self, wanted: &[Range<u64>]) -> Result<Vec<Range<u64>>> {
        let size = self.found().size;
        if let Some(outside) = wanted.iter().find(|range| range.start > range.end || range.end > size) {
            let Range { start, end } = outside;
            let message = format!("damaged: its bytes {start} to {end} are asked for, and it has {size}");
            return Err(self.found().location.error(message, None));
        }
        Ok(ranges::coalesce(wanted))
    }

    pub(super) fn with(&self, parts: Vec<(u64, Bytes)>) -> Self {
        Self { parts: parts.into(), ..self.clone() }
    }

    /// All that can be read at once from `start` on, at most `length` bytes; not empty.
    fn read_at(&self, start: u64, length: usize) -> io::Result<Bytes> {
        if start >= self.len() {
            return Err(outside(start, length as u64, self.len()));
        }
        match &self.file.file {
            Some(file) => {
                let there = usize::try_from(self.len() - start).unwrap_or(usize::MAX);
                let mut bytes = vec![0; length.min(there)];
                read_exact_at(file, &mut bytes, start).map_err(shortened)?;
                Ok(bytes.into())
            }
            None => {
                let after = self.parts.partition_point(|(part, _)| *part <= start);
                let part = after.checked_sub(1).map(|index| &self.parts[index]);
                let within = part.and_then(|(part, bytes)| {
                    let from = usize::try_from(start - part).ok().filter(|from| *from < bytes.len())?;
                    Some(bytes.slice(from..bytes.len().min(from.saturating_add(length))))
                });
                within
                    .ok_or_else(|| io::Error::other(format!("bytes from {start} on are read that were not asked for")))
            }
        }
    }
}

impl Length for Reader {
    fn len(&self) -> u64 {
        self.found().size
    }
}

impl ChunkReader for Reader {
    type T = PageReader;

    fn get_read(&self, start: u64) -> parquet::errors::Result<PageReader> {
        Ok(PageReader { reader: self.clone(), buffer: Bytes::new(), position: start, checked: false })
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        if length == 0 {
            return Ok(Bytes::new());
        }
        let end = start.checked_add(length as u64).filter(|end| *end <= self.len());
        if end.is_none() {
            return Err(outside(start, length as u64, self.len()).into());
        }
        let bytes = self.read_at(start, length)?;
        if bytes.len() < length {
            let message = format!("{length} bytes from byte {start} on, of which {} were asked for", bytes.len());
            return Err(ParquetError::EOF(message));
        }
        Ok(bytes)
    }
}

/// The bytes of a file from a position on, where the parquet crate expects a page header.
#[derive(Debug)]
pub struct PageReader {
    reader: Reader,
    /// What is read ahead of `position`.
    buffer: Bytes,
    /// Where the buffer ends.
    position: u64,
    checked: bool,
}

impl PageReader {
    /// Reads the page header that is expected here, whole, and checks the lengths in it. Not before something is read:
    /// the parquet crate also asks for readers that it does not use, at places where there is no header.
    fn check(&mut self) -> io::Result<()> {
        let start = self.position;
        let damaged = |message: String| io::Error::new(io::ErrorKind::InvalidData, message);
        let mut length = HEADER;
        loop {
            let bytes = self.reader.read_at(start, length)?;
            let limit = self.reader.page_limit;
            match uncompressed_size(&bytes) {
                Ok(size) if size > limit => {
                    return Err(damaged(format!(
                        "the page at byte {start} is said to be {size} bytes long, more than the {limit} that it may be"
                    )));
                }
                Ok(_) => {
                    self.position = start + bytes.len() as u64;
                    self.buffer = bytes;
                    return Ok(());
                }
                Err(Fault::Short) if bytes.len() == length && (length as u64) < LONG => length *= 8,
                Err(_) => return Err(damaged(format!("the page header at byte {start} is damaged"))),
            }
        }
    }
}

impl Read for PageReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        if !self.checked {
            self.check()?;
            self.checked = true;
        }
        if self.buffer.is_empty() {
            if self.position >= self.reader.len() {
                return Ok(0);
            }
            self.buffer = self.reader.read_at(self.position, into.len().max(HEADER))?;
            self.position += self.buffer.len() as u64;
        }
        let length = into.len().min(self.buffer.len());
        into[..length].copy_from_slice(&self.buffer.split_to(length));
        Ok(length)
    }
}

fn outside(start: u64, length: u64, size: u64) -> io::Error {
    let message = format!("{length} bytes from byte {start} on lie outside the file of {size} bytes");
    io::Error::new(io::ErrorKind::UnexpectedEof, message)
}

fn shortened(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => io::Error::new(error.kind(), "the file became shorter while it was read"),
        _ => error,
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], start: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, start)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut bytes: &mut [u8], mut start: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, start) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                bytes = &mut bytes[read..];
                start += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
