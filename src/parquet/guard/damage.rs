//! Failures that name the file.

use std::path::Path;

use crate::error::{Error, Result};

/// What is wrong with a file.
pub(in crate::parquet) fn broken(path: &Path, message: &str) -> Error {
    Error::file(path, message, None)
}

/// Runs a decoder, and makes its panic an error that names the file: the parquet crate panics on some damaged files.
pub(in crate::parquet) fn guarded<T>(path: &Path, decode: impl FnOnce() -> Result<T>) -> Result<T> {
    crate::catch_panic::catch_panic(decode)
        .unwrap_or_else(|panic| Err(broken(path, &format!("damaged: its decoder gave up: {panic}"))))
}
