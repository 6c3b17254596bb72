//! Footers: the end of a file, and what of its metadata lies before that.

use std::path::Path;
use std::slice;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use parquet::DecodeResult;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataPushDecoder, ParquetMetaDataReader};
use parquet::file::reader::ChunkReader;

use super::readable::{UnreadableColumn, Unusable, readable};
use super::{FileEntry, Reader};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::parquet::guard::damage::guarded;
use crate::parquet::guard::footer::{FooterFacts, check_footer};
use crate::parquet::guard::repair::repaired;
use crate::unpoisoned::Unpoisoned;

/// What is asked for first: with it come the footers of all but the widest files.
const TAIL: u64 = 1 << 16;

/// The number of files that are opened at a time, if some of them are remote: most of the time is spent on waiting.
const REMOTE: usize = 32;

/// More steps than a footer has parts: the footer itself, and the indexes of its pages.
const STEPS: usize = 4;

/// What a file ends with: the length of its footer, and the mark.
const END: u64 = 8;

/// What a file says of itself.
#[derive(Clone, Debug)]
pub struct Footer {
    /// What is in it.
    pub metadata: ArrowReaderMetadata,
    /// The CRC-32 of its bytes.
    pub checksum: u32,
    /// The columns that are not among those of the metadata.
    pub unreadable: Vec<UnreadableColumn>,
}

impl Reader {
    /// The metadata that a file ends with. For a remote file, one request brings its last 64 KiB, and only what these
    /// lack is asked for after that. `limit`: the most memory that it may take.
    ///
    /// # Errors
    ///
    /// [`Error::File`] for a file that is not Parquet, is damaged, encrypted or has changed, or whose server fails;
    /// [`Error::MemoryLimit`], [`Error::Interrupted`].
    pub fn footer(&self, options: ArrowReaderOptions, limit: u64, interrupt: &Interrupt) -> Result<Footer> {
        self.check_unchanged()?;
        let path = self.found().location.to_path();
        let found = self.guarded_footer(&path, options.clone(), limit, interrupt);
        if matches!(found, Ok(_) | Err(Error::MemoryLimit { .. }))
            || options.offset_index_policy() == PageIndexPolicy::Skip
        {
            return found;
        }
        // A bad page index is no reason to leave the file: it only says which pages a predicate can pass over.
        let without = options.with_page_index_policy(PageIndexPolicy::Skip);
        let Ok(footer) = self.guarded_footer(&path, without, limit, interrupt) else { return found };
        let index = found.err().map(|error| error.to_string()).unwrap_or_default();
        tracing::info!(file = %path.display(), "its page index is not used: {index}");
        Ok(footer)
    }

    fn guarded_footer(
        &self,
        path: &Path,
        options: ArrowReaderOptions,
        limit: u64,
        interrupt: &Interrupt,
    ) -> Result<Footer> {
        guarded(path, || {
            self.decode(options, limit, interrupt).map_err(|failure| match failure {
                Failure::Told(error) => error,
                Failure::Unusable(unusable) => self.found().location.error(unusable.to_string(), None),
            })
        })
    }

    fn decode(&self, options: ArrowReaderOptions, limit: u64, interrupt: &Interrupt) -> Result<Footer, Failure> {
        let size = self.found().size;
        if size == 0 {
            let message = "the file is empty, so it is not a Parquet file";
            return Err(Failure::Told(self.found().location.error(message, None)));
        }
        if size < 2 * END {
            return Err(Failure::damaged(format!("it has {size} bytes, fewer than any")));
        }
        let tail = size.saturating_sub(TAIL)..size;
        let mut reader = self.fetch(slice::from_ref(&tail), interrupt)?;
        let end = reader.get_bytes(size - END, END as usize)?;
        if end.ends_with(b"PARE") {
            let message = "the file is encrypted, its footer included, and rstats decrypts nothing";
            return Err(Failure::Told(self.found().location.error(message, None)));
        }
        let length = footer_length(&end).map_err(Failure::damaged)?;
        let Some(start) = size.checked_sub(END + length).filter(|start| *start >= 4) else {
            return Err(Failure::damaged(format!("its footer of {length} bytes is longer than the file of {size}")));
        };
        let from = start.min(tail.start);
        if from < tail.start {
            reader = self.fetch(slice::from_ref(&(from..size)), interrupt)?;
        }
        let whole = reader.get_bytes(from, (size - from) as usize)?;
        let skipped = (start - from) as usize;
        let footer = &whole[skipped..whole.len() - END as usize];
        let checksum = crc32fast::hash(footer);
        let found = |(metadata, unreadable)| Footer { metadata, checksum, unreadable };
        let decoded = self.check(footer, limit).and_then(|facts| {
            let metadata = self.decode_checked(from, whole.clone(), &options, interrupt)?;
            Ok(readable(metadata, &options, &facts)?)
        });
        match &decoded {
            Ok((_, unreadable)) if unreadable.is_empty() => return decoded.map(found),
            Err(Failure::Told(_)) => return decoded.map(found),
            _ => {}
        }
        let Some(footer) = repaired(footer) else { return decoded.map(found) };
        let anew = self.check(&footer, limit).and_then(|facts| {
            let metadata = ParquetMetaDataReader::decode_metadata(&footer)?;
            Ok(readable(metadata, &options, &facts)?)
        });
        if anew.is_ok() {
            tracing::info!(file = %self.found().location, "what does not fit in its footer is passed over");
        }
        anew.or(decoded).map(found)
    }

    fn check(&self, footer: &[u8], limit: u64) -> Result<FooterFacts, Failure> {
        let facts = check_footer(footer).map_err(Failure::damaged)?;
        let what = || format!("the footer of {}", self.found().location);
        match facts.memory <= limit {
            true => Ok(facts),
            false => Err(Failure::Told(Error::MemoryLimit { what: what(), needed: facts.memory, limit })),
        }
    }

    /// The metadata of a footer that was checked, and the index of its pages, if that is wanted. `whole`: the bytes of the file from
    /// `from` on.
    fn decode_checked(
        &self,
        from: u64,
        whole: Bytes,
        options: &ArrowReaderOptions,
        interrupt: &Interrupt,
    ) -> Result<ParquetMetaData, Failure> {
        let size = self.found().size;
        let mut decoder = ParquetMetaDataPushDecoder::try_new(size)?
            .with_column_index_policy(options.column_index_policy())
            .with_offset_index_policy(options.offset_index_policy())
            .with_metadata_options(Some(Arc::new(options.metadata_options().clone())));
        decoder.push_range(from..size, whole)?;
        for _ in 0..STEPS {
            match decoder.try_decode()? {
                DecodeResult::Data(metadata) => return Ok(metadata),
                DecodeResult::Finished => break,
                DecodeResult::NeedsData(ranges) => {
                    let reader = self.fetch(&ranges, interrupt)?;
                    for range in ranges {
                        let bytes = reader.get_bytes(range.start, (range.end - range.start) as usize)?;
                        decoder.push_range(range, bytes)?;
                    }
                }
            }
        }
        Err(Failure::damaged("its footer leads nowhere".to_owned()))
    }
}

/// The length of the footer, from the last 8 bytes of a file.
fn footer_length(end: &[u8]) -> Result<u64, String> {
    match end {
        [a, b, c, d, b'P', b'A', b'R', b'1'] => Ok(u64::from(u32::from_le_bytes([*a, *b, *c, *d]))),
        _ => Err("it does not end in PAR1".to_owned()),
    }
}

/// Opens files and reads their metadata, many at a time, and the remote ones with many requests in flight. The answers
/// are in the order of the files.
pub fn open_all(
    files: &[FileEntry],
    options: &ArrowReaderOptions,
    limit: u64,
    interrupt: &Interrupt,
) -> Vec<Result<Footer>> {
    // Each is closed again: there may be more files than can be open at once.
    let open = |found: &FileEntry| {
        interrupt.check()?;
        found.open()?.footer(options.clone(), limit, interrupt)
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = if files.iter().any(|found| found.location.is_remote()) { REMOTE } else { cores };
    let next = AtomicUsize::new(0);
    let opened: Mutex<Vec<_>> = Mutex::new(files.iter().map(|_| None).collect());
    let work = || {
        while let Some((index, found)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, files.get(i)?)))
        {
            let outcome = open(found);
            opened.lock().unpoisoned()[index] = Some(outcome);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(files.len()) {
            // Where no thread can be had, the others do its work.
            let _ = std::thread::Builder::new().name("rstats-open".to_owned()).spawn_scoped(scope, work);
        }
        work();
    });
    let opened = opened.into_inner().unpoisoned();
    opened.into_iter().map(|outcome| outcome.unwrap_or(Err(Error::Interrupted))).collect()
}

/// Why there is no metadata.
enum Failure {
    /// An error that says all.
    Told(Error),
    Unusable(Unusable),
}

impl Failure {
    fn damaged(reason: String) -> Self {
        Self::Unusable(Unusable::Damaged(reason))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Told(error)
    }
}

impl From<parquet::errors::ParquetError> for Failure {
    fn from(error: parquet::errors::ParquetError) -> Self {
        Self::Unusable(error.into())
    }
}

impl From<Unusable> for Failure {
    fn from(unusable: Unusable) -> Self {
        Self::Unusable(unusable)
    }
}
