//! The scans of finished files, or their rows where groups are described, kept in a folder, so that a run that was stopped, or one over
//! more files, reads only what is new.
//!
//! ```text
//! DIR/<hash of the question>/<hash of the file's name>.scans (.rows)
//! ```
//!
//! An **entry** is a file of one question and one data file:
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | `MAGIC` |
//! | 4 | `FORMAT`, lowest byte first |
//! | … | question, name, size and version, as postcard has a tuple of them |
//! | … | the rows and the scans, likewise; of groups the number of rows, and the rows (`rows`) |
//! | 4 | CRC-32 (ISO-HDLC, the one of zlib) of all bytes before, lowest byte first |
//!
//! It is used if it is whole and the question, name, size and version in it are exactly those that are asked for; anything
//! else is as if it were not there. Hashes (FNV-1a of 128 bits, by G. Fowler, L. C. Noll and K.-P. Vo) only name
//! files: two questions or files with one hash take each other's place, and cost time.
//!
//! An entry is written under another name, synced, and renamed, so that whatever happens there is the old one or the
//! new one. Processes that write the same entry at once each have a file of their own, and either result is right: there
//! are no locks. What a killed process leaves behind is removed by the next one.
//!
//! Entries hold values of the data, and are readable for their owner only.

use std::fs::{self, DirEntry, File};
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use tempfile::NamedTempFile;

use crate::describe::AnyScan;
use crate::error::{Error, Result};
use crate::parquet::data_file::DataFile;
use crate::state::{FORMAT, MAGIC};
use crate::stats::select::PIECE_BYTES;
use crate::unfinished;

/// Magic and format.
const FIXED: usize = MAGIC.len() + size_of::<u32>();

/// The checksum at the end.
const CHECKSUM: usize = size_of::<u32>();

/// Bytes that are read or written together.
const BUFFER: usize = 1 << 16;

/// How the names of unfinished files begin and end.
const UNFINISHED: (&str, &str) = (".unfinished-", ".tmp");

/// What a file is known by: as long as all of it is the same, so is what is in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileKey {
    /// Its path or address.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// Its times of change, or its ETag, and the checksum of its footer.
    pub version: String,
}

impl FileKey {
    pub fn of(file: &DataFile) -> Self {
        let DataFile { found, checksum, .. } = file;
        let version = format!("{} {checksum:08x}", found.version);
        Self { name: found.location.absolute(), size: found.size, version }
    }
}

/// What was kept of a file.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// As it was given to [`Checkpoint::save`].
    pub rows: u64,
    /// Its scans; none where the file has no such column.
    pub scans: Vec<Option<AnyScan>>,
}

/// See the [module](self). Threads may use it at once.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    /// The folder of the question.
    folder: PathBuf,
    question: String,
}

impl Checkpoint {
    /// Opens the folder, or makes it. `question` is a text that says all that scans depend on but the file: columns, reprs,
    /// what is asked, the predicate. Scans for other questions stay where they are.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a path without a name, [`Error::File`] if there is no such folder and none can be made.
    pub fn open(folder: &Path, question: &str) -> Result<Self> {
        if folder.as_os_str().is_empty() {
            return Err(Error::Invalid(
                "the checkpoint's folder is an empty path; the current folder is '.'".to_owned(),
            ));
        }
        let own = folder.join(hash(question));
        fs::create_dir_all(&own).map_err(|error| {
            let message = format!("no folder for checkpoints can be made there: {error}");
            Error::file(folder, message, Some(error))
        })?;
        remove_abandoned(folder);
        Ok(Self { folder: own, question: question.to_owned() })
    }

    /// The scans that were kept of this very file, if all of them may be merged with the empty ones that are given; a scan is
    /// only taken where there is an empty one. Entries that are damaged or of another format are told to the log, and count
    /// as absent.
    pub fn load(&self, file: &FileKey, empty: &[Option<AnyScan>]) -> Option<Kept> {
        let path = self.entry(file);
        self.read(&path, file, empty).unwrap_or_else(|unusable| {
            tracing::warn!(entry = %path.display(), file = file.name, "a checkpoint is left out: {unusable}");
            None
        })
    }

    /// Keeps the scans of a file, in the place of what is there of any file of this name. A kill at any moment leaves
    /// the old entry or the new one.
    ///
    /// # Errors
    ///
    /// [`Error::File`] for what the operating system says; then the old entry is still there.
    pub fn save(&self, file: &FileKey, rows: u64, scans: &[Option<AnyScan>]) -> Result<()> {
        self.write(file, rows, scans).map_err(|error| {
            let message = format!("the checkpoint of {} cannot be written: {error}", file.name);
            Error::file(&self.folder, message, Some(error))
        })
    }

    fn write(&self, file: &FileKey, rows: u64, scans: &[Option<AnyScan>]) -> io::Result<()> {
        let (unfinished, mut out) = self.begin(file)?;
        let written = postcard::to_io(&(rows, scans), &mut out).map(|_| ());
        // postcard does not say what the writer has said.
        if let Some(error) = out.get_mut().failure.take() {
            return Err(error);
        }
        written.map_err(io::Error::other)?;
        self.end(unfinished, out, &self.entry(file))
    }

    /// A new entry, up to where what is kept begins.
    fn begin(&self, file: &FileKey) -> io::Result<(NamedTempFile, Writer)> {
        let (prefix, suffix) = UNFINISHED;
        let unfinished = unfinished::create(tempfile::Builder::new().prefix(prefix).suffix(suffix), &self.folder)?;
        let mut out = BufWriter::with_capacity(BUFFER, Summed::new(unfinished.as_file().try_clone()?));
        out.write_all(&self.head(file)?)?;
        Ok((unfinished, out))
    }

    /// The checksum, and the name.
    fn end(&self, unfinished: NamedTempFile, out: Writer, name: &Path) -> io::Result<()> {
        let mut summed = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        let checksum = summed.checksum.finalize();
        summed.to.write_all(&checksum.to_le_bytes())?;
        unfinished.as_file().sync_all()?;
        unfinished.persist(name)?;
        sync_names(&self.folder);
        Ok(())
    }

    /// An entry, from where what is kept begins; `None` if there is none of this very file.
    fn open_entry(&self, path: &Path, file: &FileKey) -> Result<Option<BufReader<io::Take<File>>>, Unusable> {
        let metadata = match fs::metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            metadata => metadata?,
        };
        if !metadata.is_file() {
            return Err(Unusable::Damaged("it is no regular file"));
        }
        let mut entry = File::open(path)?;
        let mut fixed = [0; FIXED];
        entry.read_exact(&mut fixed)?;
        let (magic, format) = fixed.split_at(MAGIC.len());
        if magic != MAGIC {
            return Err(Unusable::Damaged("it does not begin as one"));
        }
        if format != FORMAT.to_le_bytes() {
            return Err(Unusable::Format);
        }
        let length = whole(&mut entry)?;
        let head = self.head(file)?;
        entry.rewind()?;
        let mut entry = BufReader::with_capacity(BUFFER, entry.take(length));
        let mut kept_for = Vec::new();
        entry.by_ref().take(head.len() as u64).read_to_end(&mut kept_for)?;
        // Else another question, or the file as it was before.
        Ok((kept_for == head).then_some(entry))
    }

    fn read(&self, path: &Path, file: &FileKey, empty: &[Option<AnyScan>]) -> Result<Option<Kept>, Unusable> {
        let Some(mut entry) = self.open_entry(path, file)? else { return Ok(None) };
        let mut scratch = vec![0; PIECE_BYTES];
        let rows: u64 = decode(&mut entry, &mut scratch)?;
        let count: u64 = decode(&mut entry, &mut scratch)?;
        if count != empty.len() as u64 {
            return Err(Unusable::Damaged("it holds another number of scans"));
        }
        let mut scans = Vec::with_capacity(empty.len());
        for empty in empty {
            let scan: Option<AnyScan> = decode(&mut entry, &mut scratch)?;
            let fits = match (&scan, empty) {
                (Some(scan), Some(empty)) => scan.fits(empty),
                (scan, _) => scan.is_none(),
            };
            if !fits {
                return Err(Unusable::Damaged("it holds a scan that is asked for something else"));
            }
            scans.push(scan);
        }
        match entry.read(&mut [0])? {
            0 => Ok(Some(Kept { rows, scans })),
            _ => Err(Unusable::Damaged("it holds more than its scans")),
        }
    }

    /// What the entry of this file begins with.
    fn head(&self, file: &FileKey) -> io::Result<Vec<u8>> {
        let key = (&self.question, &file.name, file.size, &file.version);
        let head = [&MAGIC[..], &FORMAT.to_le_bytes()].concat();
        postcard::to_extend(&key, head).map_err(io::Error::other)
    }

    fn entry(&self, file: &FileKey) -> PathBuf {
        self.folder.join(hash(&file.name)).with_extension("scans")
    }
}

/// Why an entry is not used.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
    #[error("it is damaged: {0}")]
    Scans(#[from] postcard::Error),
    #[error("it was written by another version of this program")]
    Format,
}

/// Checks an entry's bytes, and returns how many there are before the checksum.
fn whole(entry: &mut File) -> Result<u64, Unusable> {
    let length = entry.seek(SeekFrom::End(0))?;
    let length = length.checked_sub(CHECKSUM as u64).ok_or(Unusable::Damaged("it is cut off"))?;
    entry.rewind()?;
    let mut hasher = crc32fast::Hasher::new();
    let mut buffer = vec![0; BUFFER];
    let mut rest = length;
    while rest > 0 {
        let piece = buffer.len().min(usize::try_from(rest).unwrap_or(usize::MAX));
        entry.read_exact(&mut buffer[..piece])?;
        hasher.update(&buffer[..piece]);
        rest -= piece as u64;
    }
    let mut expected = [0; CHECKSUM];
    entry.read_exact(&mut expected)?;
    if hasher.finalize().to_le_bytes() == expected {
        Ok(length)
    } else {
        Err(Unusable::Damaged("its checksum does not agree with it"))
    }
}

/// One more value of a stream, with `scratch` as room for pieces of it.
fn decode<T: DeserializeOwned>(from: &mut impl Read, scratch: &mut [u8]) -> Result<T, Unusable> {
    let (value, _) = postcard::from_io((from, scratch))?;
    Ok(value)
}

/// Where an entry is written.
type Writer = BufWriter<Summed<File>>;

/// Sums up what is written.
#[derive(Debug)]
struct Summed<W> {
    to: W,
    checksum: crc32fast::Hasher,
    failure: Option<io::Error>,
}

impl<W> Summed<W> {
    fn new(to: W) -> Self {
        Self { to, checksum: crc32fast::Hasher::new(), failure: None }
    }
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.to.write(bytes) {
            Ok(written) => {
                self.checksum.update(&bytes[..written]);
                Ok(written)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Err(error), // it is tried again
            Err(error) => {
                let kind = error.kind();
                self.failure = Some(error);
                Err(kind.into())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// A name for a text: FNV-1a, 128 bits.
fn hash(text: &str) -> String {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let hash = text.bytes().fold(BASIS, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME));
    format!("{hash:032x}")
}

/// Removes what killed processes have left in the folders of any question.
fn remove_abandoned(folder: &Path) {
    let is_question = |entry: &DirEntry| {
        let name = entry.file_name();
        name.len() == 32 && name.as_encoded_bytes().iter().all(u8::is_ascii_hexdigit)
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for question in entries.filter(|entry| entry.file_type().is_ok_and(|t| t.is_dir()) && is_question(entry)) {
        unfinished::remove_abandoned(&question.path(), UNFINISHED.0, UNFINISHED.1);
    }
}

/// Lets the names in a folder outlast a power failure. Not every file system can; without it, the old entry may be back.
fn sync_names(folder: &Path) {
    if cfg!(unix)
        && let Err(error) = File::open(folder).and_then(|folder| folder.sync_all())
    {
        tracing::debug!("{} cannot be synced: {error}", folder.display());
    }
}

pub(in crate::parquet) mod rows;
#[cfg(test)]
mod tests;
