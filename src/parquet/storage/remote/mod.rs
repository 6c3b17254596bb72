//! Files in object stores and on web servers, through the object_store crate.
//!
//! `store` makes the stores and the threads that talk to them, `listing` finds objects, `fetch` brings their bytes,
//! `failure` says what went wrong.
//!
//! Credentials and options are that crate's, from the environment: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
//! `AWS_SESSION_TOKEN`, `AWS_REGION`, `AWS_ENDPOINT_URL`, `AWS_ALLOW_HTTP=true`, `AWS_SKIP_SIGNATURE=true` for a public
//! bucket; `GOOGLE_SERVICE_ACCOUNT` and the like; `AZURE_STORAGE_ACCOUNT_NAME`, `AZURE_STORAGE_ACCOUNT_KEY` and the
//! like. Without any, the machine's own role is asked for. Certificates are checked by rustls against the operating
//! system's root store (on Linux, where OpenSSL has it, or `SSL_CERT_FILE`, `SSL_CERT_DIR`).

mod failure;
mod fetch;
mod listing;
#[cfg(test)]
mod server;
mod store;
#[cfg(test)]
#[expect(clippy::single_range_in_vec_init, reason = "lists of one range are meant")]
mod tests;

pub use fetch::{Permits, Running, fetch, prepare};
pub use listing::find;

use std::fmt;

use object_store::path::Path;
use url::Url;

use super::{partition, refused};
use crate::error::Result;

/// An object in an object store, or a file on a web server.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Object {
    /// Scheme and authority, `s3://bucket`: the store that it is in.
    root: String,
    /// Its key there, as it is; for web servers the path of the URL, decoded.
    key: String,
    /// The query of a web server's URL, with its question mark: it may hold a signature, and is never shown.
    query: String,
}

impl fmt::Display for Object {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Url::parse(&self.root).ok().filter(|_| self.is_web()) {
            Some(mut url) => {
                url.set_path(&self.key.replace('%', "%25"));
                url.fmt(formatter)
            }
            None => write!(formatter, "{}/{}", self.root, self.key),
        }
    }
}

impl Object {
    /// The object that a URL names, its key possibly a folder's or a glob.
    fn parse(url: &str) -> Result<Self> {
        if url.starts_with("http") { Self::parse_web(url) } else { Self::parse_bucket(url) }
    }

    fn parse_bucket(url: &str) -> Result<Self> {
        let authority = url.find("://").map_or(0, |index| index + 3);
        let (root, key) = match url[authority..].find('/') {
            Some(slash) => url.split_at(authority + slash),
            None => (url, ""),
        };
        let key = key.strip_prefix('/').unwrap_or(key);
        if root.len() == authority {
            return Err(refused(url, "the URL names no bucket; it has the form s3://bucket/folder/name.parquet"));
        }
        Ok(Self { root: root.to_owned(), key: key.to_owned(), query: String::new() })
    }

    fn parse_web(url: &str) -> Result<Self> {
        let shown = url.split_once('?').map_or(url, |(shown, _)| shown);
        let parsed = Url::parse(url).map_err(|error| refused(shown, format!("not a URL: {error}")))?;
        let root = parsed.origin().ascii_serialization();
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(refused(root, "a user's name and password in a URL are not read"));
        }
        Ok(Self {
            root,
            key: partition::decode(parsed.path().trim_start_matches('/')),
            query: parsed.query().map(|query| format!("?{query}")).unwrap_or_default(),
        })
    }

    fn is_web(&self) -> bool {
        self.root.starts_with("http")
    }

    /// The same store's object of another key.
    fn at(&self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self.clone() }
    }

    /// The key as object_store has it, which takes no empty names.
    fn path(&self) -> Result<Path> {
        let path = Path::parse(&self.key);
        path.map_err(|error| refused(self.to_string(), format!("not a key that can be read: {error}")))
    }

    /// Whether its key is one that can be read.
    ///
    /// # Errors
    ///
    /// [`Error::File`](crate::Error::File) that names it.
    pub fn check(&self) -> Result<()> {
        self.path().map(drop)
    }

    fn folders(&self) -> impl Iterator<Item = &str> {
        let folders = self.key.rsplit_once('/').map_or("", |(folders, _)| folders);
        folders.split('/')
    }
}
