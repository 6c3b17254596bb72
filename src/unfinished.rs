//! Files that stand under another name until they are whole. What a killed process leaves of them is found, and removed.
//!
//! Whoever writes one holds a lock on it, which ends with the process, however that ends.

use std::fs::{self, DirEntry, File};
use std::io;
use std::path::Path;
use std::time::Duration;

use tempfile::{Builder, NamedTempFile};

/// The time between the making of a file and its lock is shorter.
const YOUNG: Duration = Duration::from_secs(60);

/// A new file in a folder, as `builder` makes it.
///
/// # Errors
///
/// What the operating system says.
pub fn create(builder: &Builder<'_, '_>, folder: &Path) -> io::Result<NamedTempFile> {
    let file = builder.tempfile_in(folder)?;
    // Where a file system has no locks, nothing is removed.
    let _ = file.as_file().try_lock();
    Ok(file)
}

/// Removes those in a folder whose names begin and end so, and which nobody writes any more. Another process may do so at the same time.
pub fn remove_abandoned(folder: &Path, prefix: &str, suffix: &str) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        if name.starts_with(prefix.as_bytes()) && name.ends_with(suffix.as_bytes()) && is_abandoned(&entry) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn is_abandoned(entry: &DirEntry) -> bool {
    let is_old = entry.metadata().is_ok_and(|metadata| {
        let age = metadata.modified().ok().and_then(|modified| modified.elapsed().ok());
        metadata.is_file() && age.is_some_and(|age| age > YOUNG)
    });
    is_old && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    #[test]
    fn what_nobody_writes_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let mut builder = Builder::new();
        builder.prefix(".x-").suffix(".tmp");
        let [written, left] = [(); 2].map(|()| create(&builder, folder.path()).unwrap());
        let old = SystemTime::now() - 2 * YOUNG;
        for file in [&written, &left] {
            file.as_file().set_modified(old).unwrap();
        }
        let (file, left) = left.keep().unwrap();
        drop(file);
        let other = folder.path().join("x.tmp");
        fs::write(&other, "").unwrap();
        File::options().write(true).open(&other).unwrap().set_modified(old).unwrap();
        let young = builder.tempfile_in(folder.path()).unwrap();
        remove_abandoned(folder.path(), ".x-", ".tmp");
        assert!(!left.exists());
        assert!(written.path().exists() && other.exists() && young.path().exists());
        drop(written);
    }
}
