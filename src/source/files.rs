//! Files of text and of Arrow, by their names.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::compressed::{Decompressed, without_suffix};
use super::wanted::Format;
use crate::error::{Error, Position, Result};

/// Something to read from front to back: a file, or standard input.
#[derive(Clone, Debug)]
pub struct Input {
    /// How its data is written.
    pub format: Format,
    path: Option<PathBuf>,
}

impl Format {
    /// The format that a file's name says, in letters of either case; `.gz` or `.zst` may follow.
    pub fn of_name(path: &Path) -> Option<Self> {
        match extension(path)?.as_str() {
            "csv" | "tsv" => Some(Self::Csv),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            "arrow" | "arrows" | "feather" | "ipc" => Some(Self::Ipc),
            _ => None,
        }
    }

    /// The same of a file that is named by itself: `.json`, which beside data is often something else, is a record a line.
    fn of_one(path: &Path) -> Option<Self> {
        Self::of_name(path).or_else(|| (extension(path)? == "json").then_some(Self::Ndjson))
    }
}

impl Input {
    /// Standard input.
    pub fn stdin(format: Format) -> Self {
        Self { format, path: None }
    }

    /// What it is called where something is wrong.
    pub fn name(&self) -> String {
        self.path.as_ref().map_or_else(|| "standard input".to_owned(), |path| path.display().to_string())
    }

    /// Opens it; what is compressed by gzip or zstd is decompressed, whatever its name.
    ///
    /// # Errors
    ///
    /// [`Error::File`] for a file that cannot be opened.
    pub fn open(&self) -> Result<Box<dyn Read + Send>> {
        let input: Box<dyn Read + Send> = match &self.path {
            None => Box::new(io::stdin()),
            Some(path) => Box::new(File::open(path).map_err(|error| unreadable(path, error))?),
        };
        Ok(Box::new(Decompressed::new(input)))
    }
}

/// What a name ends with, in lower case, before it was compressed.
fn extension(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    Some(without_suffix(&name).rsplit_once('.')?.1.to_owned())
}

fn unreadable(path: &Path, error: io::Error) -> Error {
    Error::File {
        path: path.to_owned(),
        position: Position::default(),
        message: format!("cannot be read: {error}"),
        source: Some(error),
    }
}

/// The files that paths stand for, if these are of text or of Arrow: those whose name says so, and folders that hold such files and none of
/// Parquet. `None` for Parquet, and for anything else that is found by [`find`](crate::parquet). Where a format is given, all files are of it. `tell` is given
/// a sentence for each folder of Parquet whose other files are not read.
///
/// # Errors
///
/// [`Error::Invalid`] for files of Parquet beside others, and [`Error::File`] for a folder that cannot be read or holds none, and for one file
/// of no format that is told by its name or is Parquet.
pub fn inputs(paths: &[OsString], format: Option<Format>, tell: &mut dyn FnMut(String)) -> Result<Option<Vec<Input>>> {
    let (mut found, mut others) = (Vec::new(), None);
    for path in paths {
        let path = Path::new(path);
        if path.is_dir() {
            let mut files = Vec::new();
            search(path, &mut files)?;
            let is_wanted = |file: &PathBuf| format.is_none_or(|format| Format::of_name(file) == Some(format));
            let holds_parquet = format.is_none() && files.iter().any(|file| is_parquet(file));
            let of_folder = files.into_iter().filter(is_wanted);
            let of_folder: Vec<Input> = of_folder
                .filter_map(|file| Some(Input { format: format.or_else(|| Format::of_name(&file))?, path: Some(file) }))
                .collect();
            if holds_parquet && let Some(first) = of_folder.first() {
                let (folder, first, more) = (path.display(), first.name(), of_folder.len());
                let files = if more == 1 { "file is" } else { "files are" };
                tell(format!(
                    "{folder}: Parquet is read by itself; of other formats {more} {files} not read, such as {first}"
                ));
            }
            match of_folder.is_empty() || holds_parquet {
                true if format.is_none() => others = others.or(Some(path)),
                true => {
                    return Err(unreadable(path, io::Error::other("no file below it has a name of this format")));
                }
                false => found.extend(of_folder),
            }
        } else {
            match format.or_else(|| Format::of_one(path)) {
                Some(format) => found.push(Input { format, path: Some(path.to_owned()) }),
                None => {
                    if paths.len() == 1 {
                        check_parquet(path)?;
                    }
                    others = others.or(Some(path));
                }
            }
        }
    }
    match (found.first(), others) {
        (None, _) => Ok(None),
        (Some(_), None) => Ok(Some(found)),
        (Some(first), Some(other)) => Err(Error::Invalid(format!(
            "{} and {} are not read together: Parquet is read by itself; say --from where a name does not tell the format",
            first.name(),
            other.display()
        ))),
    }
}

/// Refuses a file that does not begin as Parquet does, unless its name is one of Parquet, or nothing is there.
fn check_parquet(path: &Path) -> Result<()> {
    let mut first = Vec::new();
    let Some(file) = path.is_file().then(|| File::open(path).ok()).flatten() else { return Ok(()) };
    if is_parquet(path) || path.extension().is_none() || file.take(4).read_to_end(&mut first).is_err() {
        return Ok(());
    }
    match &first[..] {
        b"PAR1" | b"PARE" => Ok(()),
        _ => Err(Error::File {
            path: path.to_owned(),
            position: Position::default(),
            message: "it is no Parquet, and its name tells no other format: if it is CSV, NDJSON or Arrow, say --from csv, ndjson or ipc"
                .to_owned(),
            source: None,
        }),
    }
}

fn is_parquet(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase();
    matches!(extension.as_str(), "parquet" | "parq" | "pq")
}

/// The files below a folder in the order of their names, but for those whose names begin with a point or an underscore.
fn search(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect());
    let mut names: Vec<OsString> = entries.map_err(|error| unreadable(folder, error))?;
    names.sort_unstable();
    for name in names {
        if name.to_string_lossy().starts_with(['.', '_']) {
            continue;
        }
        let path = folder.join(name);
        // Links to folders are not followed: they may lead in a circle.
        let is_folder = fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir());
        if is_folder {
            search(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}
