//! What went wrong with a request, in one line.

use std::io;

use super::super::refused;
use super::Object;
use crate::error::Error;

/// The longest cause that is told in full.
const LONGEST: usize = 300;

/// Why a request failed.
#[derive(Debug)]
pub enum Failure {
    /// There is no such object.
    Missing,
    /// It is not what was found.
    Changed,
    /// Its bytes stopped coming: worth another try.
    Broken(String),
    /// Anything else.
    Other { cause: String, kind: Option<io::ErrorKind> },
}

impl From<object_store::Error> for Failure {
    fn from(error: object_store::Error) -> Self {
        use object_store::Error::{NotFound, NotSupported, PermissionDenied, Precondition, Unauthenticated};
        let cause = cause(&error);
        let kind = match error {
            NotFound { .. } if !cause.contains("NoSuchBucket") => return Self::Missing,
            Precondition { .. } => return Self::Changed,
            NotSupported { .. } if cause.starts_with("Range request") => {
                let cause =
                    "the server does not send parts of files (HTTP ranges), which Parquet is read by".to_owned();
                return Self::Other { cause, kind: None };
            }
            _ if cause.contains("NoSuchBucket") => Some(io::ErrorKind::NotFound),
            PermissionDenied { .. } | Unauthenticated { .. } => Some(io::ErrorKind::PermissionDenied),
            _ => None,
        };
        Self::Other { cause, kind }
    }
}

impl Failure {
    /// The error that names the object. `what` was not possible.
    pub fn of(self, object: &Object, what: &str) -> Error {
        let (message, kind) = match self {
            Self::Missing => ("no such file or folder".to_owned(), Some(io::ErrorKind::NotFound)),
            Self::Changed => ("the file changed while it was read; describe a copy of it".to_owned(), None),
            Self::Broken(cause) => (format!("{what}: {cause}"), None),
            Self::Other { cause, kind } => (format!("{what}: {cause}{}", hint(&object.root, &cause)), kind),
        };
        let Error::File { path, message, .. } = refused(object.to_string(), message) else {
            return Error::Interrupted;
        };
        Error::file(path, message, kind.map(io::Error::from))
    }
}

/// The innermost cause, which is what the others only wrap, on one line.
fn cause(error: &object_store::Error) -> String {
    let outer = error.to_string();
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    // The machine's own role is asked for when there are no credentials; where there is none either, that is the cause.
    if outer.contains("169.254.169.254") || outer.contains("metadata.google.internal") {
        return "no credentials were found".to_owned();
    }
    one_line(&inner.to_string())
}

fn one_line(text: &str) -> String {
    let told = |tag: &str| {
        let (_, rest) = text.split_once(&format!("<{tag}>"))?;
        Some(rest.split_once("</")?.0)
    };
    let text = match (text.split_once(": <").or_else(|| text.split_once(": \u{feff}<")), told("Code")) {
        (Some((status, _)), Some(code)) => {
            let message = told("Message").map(|message| format!(": {message}")).unwrap_or_default();
            format!("{status} ({code}{message})")
        }
        (Some((status, _)), None) => status.to_owned(), // a page for browsers
        _ => text.to_owned(),
    };
    let text = text.replace("Server returned non-2xx status code:", "the server answered");
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut line = words.join(" ").trim_end_matches(':').to_owned();
    if line.len() > LONGEST {
        let cut = (0..=LONGEST).rev().find(|index| line.is_char_boundary(*index)).unwrap_or(0);
        line.truncate(cut);
        line.push('…');
    }
    line
}

/// What would be right.
fn hint(root: &str, cause: &str) -> &'static str {
    if cause.starts_with("Received redirect without LOCATION") {
        return "; set AWS_REGION to the region of the bucket";
    }
    if cause.contains("No CA certificates") {
        return "; install the system's certificates (the package ca-certificates), or set SSL_CERT_FILE";
    }
    if cause != "no credentials were found" {
        return "";
    }
    match root.split(':').next() {
        Some("s3" | "s3a") => {
            "; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SKIP_SIGNATURE=true for a public bucket"
        }
        Some("gs") => "; set GOOGLE_SERVICE_ACCOUNT, or GOOGLE_SKIP_SIGNATURE=true for a public bucket",
        _ => {
            "; set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or AZURE_SKIP_SIGNATURE=true for a public container"
        }
    }
}
