//! Folders of the file system, searched by name.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::unreadable;
use crate::error::Result;

/// The size and the version of a local file.
pub fn state(metadata: &fs::Metadata) -> io::Result<(u64, String)> {
    let modified = metadata.modified()?;
    let version = match modified.duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_nanos().to_string(),
        Err(before) => format!("-{}", before.duration().as_nanos()),
    };
    // A program may set the time of modification back; this one is the operating system's own.
    #[cfg(unix)]
    let version = {
        use std::os::unix::fs::MetadataExt;
        format!("{version} {}.{:09}", metadata.ctime(), metadata.ctime_nsec())
    };
    Ok((metadata.len(), version))
}

/// The Parquet files below a folder, in the order of their names.
pub fn search(folder: &Path, visited: &mut HashSet<PathBuf>, found: &mut Vec<PathBuf>) -> Result<()> {
    let names = fs::read_dir(here(folder)).and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect());
    let mut names: Vec<OsString> = names.map_err(|error| unreadable(folder, error))?;
    let canonical = fs::canonicalize(here(folder)).map_err(|error| unreadable(folder, error))?;
    if !visited.insert(canonical) {
        return Ok(()); // a link led back to it
    }
    names.sort_unstable();
    for name in names.into_iter().filter(|name| !is_hidden(name)) {
        let path = folder.join(name);
        let wanted = is_parquet(&path);
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => search(&path, visited, found)?,
            // A link that leads nowhere is told of when it is opened.
            _ if wanted => found.push(path),
            // What has no extension may be anything.
            _ if path.extension().is_none() => {
                tracing::info!(file = %path.display(), "left out: its name does not end in .parquet")
            }
            _ => {}
        }
    }
    Ok(())
}

/// A folder as the operating system takes it: the current one has an empty path while names are joined to it.
pub fn here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

/// Whether a search leaves a name out.
pub fn is_hidden(name: &OsStr) -> bool {
    matches!(name.as_encoded_bytes(), [b'.' | b'_', ..])
}

/// Whether a search of a folder takes a file of this name.
pub fn is_parquet(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str);
    extension.is_some_and(|found| EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(found)))
}

/// The extensions of Parquet files, in either case.
const EXTENSIONS: [&str; 3] = ["parquet", "parq", "pq"];
