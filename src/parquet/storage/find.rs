//! From what a person types to files. The rules are those of [`find`].

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use super::glob::{Pattern, is_glob};
use super::walk::{search, state};
use super::{FileEntry, Location, partition, refused, remote, unreadable};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;

/// The files of some inputs, in a fixed order: that of the inputs, and within one by name, folder by folder.
///
/// - A **file** is taken whatever its name.
/// - A **folder** stands for every `*.parquet`, `*.parq` and `*.pq` below it, in either case. Names that start with `.` or `_` are left out, folders and
///   files. Links are followed; a folder that was already searched is not searched again, so that a link may lead in a
///   circle.
/// - A **glob** has `*`, `?`, `[ab]` and `{a,b}` within a name, and `**` for any number of folders. It matches names that
///   start with `.` or `_` only where its own name starts so. A folder that matches stands for the files below it, and
///   what has just the name of the glob comes before what matches.
/// - **`@paths.txt`** is a list of paths, globs and URLs, a line each; empty lines and those that start with `#` are
///   skipped. They are relative to the current folder. **`-`** is such a list on standard input. A file of such a name
///   is `./@paths.txt`, `./-`.
/// - A **URL** is a file, a folder (a prefix: with a slash at its end, or where there is no object of the name itself)
///   or a glob. `s3://`, `s3a://`, `gs://`, `az://`, `abfs://` and `abfss://` are followed by bucket and key as they
///   are (not percent-encoded, as the providers' own tools take them). `http://` and `https://` name files only, which
///   may be signed, and are encoded; so is `file://`.
///
/// A file that is named twice counts twice, and within one input once: so do DuckDB, Polars and pyarrow.
///
/// # Errors
///
/// [`Error::Invalid`] for an empty one, [`Error::File`] for an input that is not there, or stands for no file; for a URL, also where its
/// server fails. [`Error::Interrupted`].
pub fn find<S: AsRef<OsStr>>(inputs: impl IntoIterator<Item = S>, interrupt: &Interrupt) -> Result<Vec<FileEntry>> {
    find_with(inputs, interrupt, &mut io::stdin())
}

pub(super) fn find_with<S: AsRef<OsStr>>(
    inputs: impl IntoIterator<Item = S>,
    interrupt: &Interrupt,
    stdin: &mut dyn Read,
) -> Result<Vec<FileEntry>> {
    let mut found = Vec::new();
    let mut stdin = Some(stdin);
    for input in inputs {
        interrupt.check()?;
        let input = input.as_ref();
        match input.to_str() {
            Some("-") => {
                let Some(stdin) = stdin.take() else {
                    return Err(refused(input, "standard input can be read only once"));
                };
                list(Path::new("-"), stdin, interrupt, &mut found)?;
            }
            Some(text) if text.starts_with('@') => {
                let path = Path::new(&text[1..]);
                let mut file = fs::File::open(path).map_err(|error| unreadable(path, error))?;
                list(path, &mut file, interrupt, &mut found)?;
            }
            _ => one(input, interrupt, &mut found)?,
        }
    }
    Ok(found)
}

/// The files of a list.
fn list(name: &Path, source: &mut dyn Read, interrupt: &Interrupt, found: &mut Vec<FileEntry>) -> Result<()> {
    let mut bytes = Vec::new();
    source.read_to_end(&mut bytes).map_err(|error| unreadable(name, error))?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut paths = 0;
    for (index, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        interrupt.check()?;
        let line = str::from_utf8(line)
            .map_err(|_| refused(name, format!("line {} of the list of paths is not UTF-8", index + 1)))?;
        one(line.as_ref(), interrupt, found).map_err(|error| match error {
            // Whoever pipes data in means that, mostly.
            Error::File { path, position, message, source } if name == Path::new("-") => {
                let message =
                    format!("{message} (of the paths on standard input; data there is read with --from and no PATH)");
                Error::File { path, position, message, source }
            }
            error => error,
        })?;
        paths += 1;
    }
    if paths == 0 {
        return Err(refused(
            name,
            "the list names no path; it has one a line, and lines that start with # are skipped",
        ));
    }
    Ok(())
}

/// The files of one path, glob or URL.
fn one(input: &OsStr, interrupt: &Interrupt, found: &mut Vec<FileEntry>) -> Result<()> {
    let Some(text) = input.to_str() else {
        return local(Path::new(input), None, found);
    };
    if text.is_empty() {
        return Err(Error::Invalid("a path is empty; the current folder is '.'".to_owned()));
    }
    match scheme(text) {
        Some("file") => {
            let path = file_path(text)?;
            let glob = path.to_str().map(str::to_owned);
            local(&path, glob.as_deref(), found)
        }
        Some("s3" | "s3a" | "gs" | "az" | "abfs" | "abfss" | "http" | "https") => remote::find(text, interrupt, found),
        Some(scheme) if !Path::new(text).exists() => {
            let known = "s3, gs, az, abfs, http, https and file";
            Err(refused(input, format!("URLs of the scheme '{scheme}' are not read; those of {known} are")))
        }
        _ => local(Path::new(text), Some(text), found),
    }
}

/// The scheme of a URL, if it is one.
fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once("://")?;
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_lowercase())
        && scheme.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c));
    is_scheme.then_some(scheme)
}

fn file_path(url: &str) -> Result<PathBuf> {
    let path = url.strip_prefix("file://").unwrap_or(url);
    let path = path.strip_prefix("localhost").unwrap_or(path);
    if !path.starts_with('/') {
        return Err(refused(url, "a file URL names a path on this machine: file:///folder/name"));
    }
    let path = partition::decode(path);
    Ok(PathBuf::from(if cfg!(windows) { path.trim_start_matches('/').to_owned() } else { path }))
}

/// The files of a path, or of a glob where nothing has that name.
fn local(path: &Path, glob: Option<&str>, found: &mut Vec<FileEntry>) -> Result<()> {
    let mut paths = Vec::new();
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            search(path, &mut HashSet::new(), &mut paths)?;
            if paths.is_empty() {
                return Err(refused(
                    path,
                    "the folder holds no file whose name ends in .parquet, .parq or .pq; name files of other names one by one, or by a glob",
                ));
            }
        }
        Ok(_) => paths.push(path.to_owned()),
        Err(error) => {
            let Some(glob) = glob.filter(|glob| is_glob(glob)) else {
                return Err(unreadable(path, error));
            };
            let is_root = |part: &Component<'_>| matches!(part, Component::Prefix(_) | Component::RootDir);
            let root: PathBuf = path.components().take_while(is_root).collect();
            paths = Pattern::new(&glob[root.as_os_str().len()..], glob)?.files(&root)?;
            if paths.is_empty() {
                let source = io::Error::from(io::ErrorKind::NotFound);
                return Err(Location::Local(path.to_owned()).error("no file matches", Some(source)));
            }
        }
    }
    // What vanished since it was listed, or is a link that leads nowhere, is found out when it is opened: it may be left out then.
    found.extend(
        paths.into_iter().map(|path| FileEntry::local(path.clone()).unwrap_or_else(|_| FileEntry::unknown(path))),
    );
    Ok(())
}

impl FileEntry {
    fn local(path: PathBuf) -> Result<Self> {
        let metadata = fs::metadata(&path).map_err(|error| unreadable(&path, error))?;
        let (size, version) = state(&metadata).map_err(|error| unreadable(&path, error))?;
        Ok(Self { size, version, ..Self::unknown(path) })
    }

    /// A file of which nothing is known but where it should be.
    fn unknown(path: PathBuf) -> Self {
        let folders = path.parent().into_iter().flat_map(Path::components);
        let folders: Vec<_> = folders.map(|folder| folder.as_os_str().to_string_lossy()).collect();
        let partition = partition::keys(folders.iter().map(AsRef::as_ref));
        Self { location: Location::Local(path), size: 0, version: String::new(), partition }
    }
}
