//! Which objects there are.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt};

use super::super::glob::{Pattern, below, is_glob};
use super::super::{Found, Location, partition, refused};
use super::Object;
use super::failure::Failure;
use super::store::Stores;
use crate::Interrupt;
use crate::error::{Error, Result};

/// How often a list is asked for that breaks off. (What comes no further than a request is retried by object_store.)
const TRIES: u32 = 5;

/// The objects that a URL stands for, in the order of their names, folder by folder.
pub fn find(url: &str, interrupt: &Interrupt, found: &mut Vec<Found>) -> Result<()> {
    let object = Object::parse(url)?;
    let stores = Stores::current()?;
    let store = stores.store(&object)?;
    if object.is_web() {
        if object.key.contains('*') || object.key.is_empty() || object.key.ends_with('/') {
            let message = "over HTTP only files are read: a web server has no list of the files that it has";
            return Err(refused(url, message));
        }
        let path = object.path()?;
        let meta = stores.wait(interrupt, async move { web_file(&*store, &path).await })?;
        found.push(of_meta(&object, &meta.map_err(|failure| failure.of(&object, "cannot be read"))?));
        return Ok(());
    }
    let named = || object.path().map(|path| (Arc::clone(&store), path));
    let wait = |failure: Failure| failure.of(&object, "cannot be read");
    let is_folder = object.key.is_empty() || object.key.ends_with('/');
    let listing = |folder: &str| -> Result<Vec<ObjectMeta>> {
        let prefix = object.at(folder).path()?;
        let store = Arc::clone(&store);
        let listed = stores.wait(interrupt, async move { list(&*store, &prefix).await })?;
        listed.map_err(|failure| failure.of(&object, "cannot be listed"))
    };
    if is_glob(&object.key) {
        let pattern = Pattern::new(&object.key, url)?;
        let listed = listing(&pattern.literals().join("/"))?;
        if let Some(meta) = listed.iter().find(|meta| meta.location.as_ref() == object.key) {
            found.push(of_meta(&object, meta));
            return Ok(());
        }
        let matches = |meta: &&ObjectMeta| pattern.matches(&names(meta.location.as_ref())).is_some();
        let matched: Vec<_> = listed.iter().filter(matches).map(|meta| of_meta(&object, meta)).collect();
        if matched.is_empty() {
            return Err(nothing(&object, "no object matches"));
        }
        found.extend(matched);
        return Ok(());
    }
    if !is_folder {
        let (store, path) = named()?;
        match stores.wait(interrupt, async move { store.head(&path).await.map_err(Failure::from) })? {
            // An empty one may be how a store marks a folder.
            Ok(meta) if meta.size > 0 => {
                found.push(of_meta(&object, &meta));
                return Ok(());
            }
            Ok(meta) => {
                let before = found.len();
                found.extend(in_folder(&object, &listing(&object.key)?));
                if found.len() == before {
                    found.push(of_meta(&object, &meta));
                }
                return Ok(());
            }
            Err(Failure::Missing) => {}
            Err(failure) => return Err(wait(failure)),
        }
    }
    let listed = listing(&object.key)?;
    let before = found.len();
    found.extend(in_folder(&object, &listed));
    match (found.len() > before, listed.is_empty() && !is_folder) {
        (true, _) => Ok(()),
        (false, true) => Err(nothing(&object, "no such file or folder")),
        (false, false) => Err(nothing(&object, "the folder holds no file whose name ends in .parquet")),
    }
}

fn nothing(object: &Object, message: &str) -> Error {
    let source = std::io::Error::from(std::io::ErrorKind::NotFound);
    Location::Remote(object.clone()).error(message, Some(source))
}

/// The Parquet files below a folder.
fn in_folder<'a>(folder: &Object, listed: &'a [ObjectMeta]) -> impl Iterator<Item = Found> + use<'a> {
    let depth = names(&folder.key).len();
    let folder = folder.clone();
    let inside = listed.iter().filter(move |meta| names(meta.location.as_ref()).get(depth..).is_some_and(below));
    inside.map(move |meta| of_meta(&folder, meta))
}

fn names(key: &str) -> Vec<&str> {
    key.split('/').filter(|name| !name.is_empty()).collect()
}

/// All objects whose keys start with the names of a prefix, in the order of the names.
async fn list(store: &dyn ObjectStore, prefix: &Path) -> Result<Vec<ObjectMeta>, Failure> {
    let mut turn = 1;
    let mut listed: Vec<ObjectMeta> = loop {
        let prefix = Some(prefix).filter(|prefix| !prefix.as_ref().is_empty());
        match store.list(prefix).try_collect().await {
            Ok(listed) => break listed,
            Err(error) => {
                let again = turn < TRIES && is_broken_off(&error);
                let failure = Failure::from(error);
                if !again {
                    return Err(failure);
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(100 << turn)).await;
        turn += 1;
    };
    // Some tools mark a folder by an empty object of its name: no file, though it be called a.parquet.
    let folders: HashSet<String> = {
        let outer = |key: &str| key.match_indices('/').map(|(slash, _)| key[..slash].to_owned()).collect::<Vec<_>>();
        listed.iter().flat_map(|meta| outer(meta.location.as_ref())).collect()
    };
    listed.retain(|meta| meta.size > 0 || !folders.contains(meta.location.as_ref()));
    listed.sort_by(|a, b| a.location.as_ref().split('/').cmp(b.location.as_ref().split('/')));
    Ok(listed)
}

/// Whether an answer stopped coming once it had begun.
fn is_broken_off(error: &object_store::Error) -> bool {
    let text = error.to_string();
    !text.contains("Error performing")
        && std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source())
            .any(|cause| cause.is::<object_store::client::HttpError>())
}

/// What a web server says of a file. Some answer no HEAD (a signed URL is good for GET alone): these are asked for the
/// first byte, whose answer also tells the length.
async fn web_file(store: &dyn ObjectStore, path: &Path) -> Result<ObjectMeta, Failure> {
    match store.head(path).await {
        Ok(meta) => Ok(meta),
        Err(error) => match Failure::from(error) {
            Failure::Missing => Err(Failure::Missing),
            failure => {
                let options = GetOptions { range: Some(GetRange::Bounded(0..1)), ..GetOptions::default() };
                store.get_opts(path, options).await.map(|answer| answer.meta).map_err(|_| failure)
            }
        },
    }
}

fn of_meta(store: &Object, meta: &ObjectMeta) -> Found {
    let object = store.at(meta.location.as_ref());
    let partition = partition::keys(object.folders());
    Found { size: meta.size, version: version(meta), partition, location: Location::Remote(object) }
}

/// What is known of an object's version: its ETag, always in quotes (Azure lists them without), or the time when it was
/// last modified.
pub fn version(meta: &ObjectMeta) -> String {
    match &meta.e_tag {
        Some(tag) if tag.starts_with("W/") || tag.starts_with('"') => tag.clone(),
        Some(tag) => format!("\"{tag}\""),
        None if meta.last_modified.timestamp() == 0 => String::new(),
        None => meta.last_modified.to_rfc3339(),
    }
}
