//! Which objects there are.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::path::{self, Path};
use object_store::{GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt};

use super::super::glob::{Pattern, below, is_glob};
use super::super::{FileEntry, Location, partition, refused};
use super::Object;
use super::failure::Failure;
use super::store::{Store, Stores};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;

/// How often a list is asked for that breaks off. (What comes no further than a request is retried by object_store.)
const TRIES: u32 = 5;

/// The objects that a URL stands for, in the order of their names, folder by folder.
pub fn find(url: &str, interrupt: &Interrupt, found: &mut Vec<FileEntry>) -> Result<()> {
    let object = Object::parse(url)?;
    let stores = Stores::current()?;
    let store = stores.store(&object)?;
    if object.is_web() {
        if object.key.contains('*') || object.key.is_empty() || object.key.ends_with('/') {
            let message = "over HTTP only files are read: a web server has no list of the files that it has";
            return Err(refused(url, message));
        }
        let path = object.path()?;
        let meta = stores.wait(interrupt, async move { web_file(&*store.objects, &path).await })?;
        found.push(entry(&object, &meta.map_err(|failure| failure.of(&object, "cannot be read"))?.into()));
        return Ok(());
    }
    let named = || object.path().map(|path| (Arc::clone(&store.objects), path));
    let wait = |failure: Failure| failure.of(&object, "cannot be read");
    let is_folder = object.key.is_empty() || object.key.ends_with('/');
    let listing = |folder: &str| -> Result<Vec<Entry>> {
        let prefix = object.at(folder).path()?;
        let store = store.clone();
        let listed = stores.wait(interrupt, async move { list(&store, &prefix).await })?;
        listed.map_err(|failure| failure.of(&object, "cannot be listed"))
    };
    if is_glob(&object.key) {
        let pattern = Pattern::new(&object.key, url)?;
        let listed = listing(&pattern.literals().join("/"))?;
        if let Some(itself) = listed.iter().find(|listed| listed.key == object.key) {
            found.push(entry(&object, itself));
            return Ok(());
        }
        let matches = |listed: &&Entry| pattern.matches(&names(&listed.key)).is_some();
        let matched: Vec<_> = listed.iter().filter(matches).map(|listed| entry(&object, listed)).collect();
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
                found.push(entry(&object, &meta.into()));
                return Ok(());
            }
            Ok(meta) => {
                let before = found.len();
                found.extend(in_folder(&object, &listing(&object.key)?));
                if found.len() == before {
                    found.push(entry(&object, &meta.into()));
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
fn in_folder<'a>(folder: &Object, listed: &'a [Entry]) -> impl Iterator<Item = FileEntry> + use<'a> {
    let depth = names(&folder.key).len();
    let folder = folder.clone();
    let inside = listed.iter().filter(move |listed| names(&listed.key).get(depth..).is_some_and(below));
    inside.map(move |listed| entry(&folder, listed))
}

/// An object of a list.
struct Entry {
    key: String,
    /// `None` for one whose key object_store takes for none, as it has an empty name in it, or `..`: it cannot be read, and that is
    /// said when it is opened.
    meta: Option<ObjectMeta>,
}

impl From<ObjectMeta> for Entry {
    fn from(meta: ObjectMeta) -> Self {
        Self { key: meta.location.to_string(), meta: Some(meta) }
    }
}

/// The names in a key, without those that only a key that cannot be read has.
fn names(key: &str) -> Vec<&str> {
    key.split('/').filter(|name| !matches!(*name, "" | "." | "..")).collect()
}

/// All objects whose keys start with the names of a prefix, in the order of the names.
async fn list(store: &Store, prefix: &Path) -> Result<Vec<Entry>, Failure> {
    let prefix = Some(prefix).filter(|prefix| !prefix.as_ref().is_empty());
    let mut turn = 1;
    let mut listed: Vec<Entry> = loop {
        let failure = match store.objects.list(prefix).try_collect::<Vec<_>>().await {
            Ok(listed) => break listed.into_iter().map(Entry::from).collect(),
            Err(error) => match (&store.pages, refused_key(&error)) {
                (Some(pages), Some(_)) => match list_around(&**pages, prefix).await {
                    Ok(listed) => break listed,
                    Err(error) => error,
                },
                _ => error,
            },
        };
        if turn >= TRIES || !is_broken_off(&failure) {
            return Err(Failure::from(failure));
        }
        tokio::time::sleep(Duration::from_millis(100 << turn)).await;
        turn += 1;
    };
    // Some tools mark a folder by an empty object of its name: no file, though it be called a.parquet.
    let folders: HashSet<String> = {
        let outer = |key: &str| key.match_indices('/').map(|(slash, _)| key[..slash].to_owned()).collect::<Vec<_>>();
        listed.iter().flat_map(|listed| outer(&listed.key)).collect()
    };
    listed.retain(|listed| listed.meta.as_ref().is_none_or(|meta| meta.size > 0) || !folders.contains(&listed.key));
    listed.sort_by(|a, b| a.key.split('/').cmp(b.key.split('/')));
    Ok(listed)
}

/// The same where there are keys that object_store refuses, and with each of them the page of the list that it is on: such a page is
/// asked for in smaller and smaller ones, until the key is alone and can be passed over. A store that does not go on behind the key,
/// or whose pages are longer than they may be, is an error: the list would have objects twice, or lack some.
async fn list_around(store: &dyn PaginatedListStore, prefix: Option<&Path>) -> object_store::Result<Vec<Entry>> {
    const PAGE: usize = 1000;
    let prefix = prefix.map(|prefix| format!("{prefix}/"));
    let mut listed: Vec<Entry> = Vec::new();
    let mut refused = HashSet::new();
    let mut most = PAGE;
    let mut next = PaginatedListOptions::default();
    loop {
        let options = PaginatedListOptions { max_keys: Some(most), ..next.clone() };
        match store.list_paginated(prefix.as_deref(), options).await {
            Ok(page) => {
                if page.result.objects.len() > most {
                    return Err(lost("it gives more of a list than it is asked for"));
                }
                listed.extend(page.result.objects.into_iter().map(Entry::from));
                let Some(token) = page.page_token else { return Ok(listed) };
                if next.page_token.as_ref() == Some(&token) {
                    return Err(lost("its list stands still"));
                }
                next = PaginatedListOptions { page_token: Some(token), ..PaginatedListOptions::default() };
                most = (2 * most).min(PAGE);
            }
            Err(error) => match refused_key(&error) {
                Some(key) if most == 1 => {
                    if !refused.insert(key.clone()) {
                        return Err(lost("it does not go on behind a key"));
                    }
                    next = PaginatedListOptions { offset: Some(key.clone()), ..PaginatedListOptions::default() };
                    listed.push(Entry { key, meta: None });
                }
                Some(_) => most = most.div_ceil(4),
                None => return Err(error),
            },
        }
    }
}

/// Why a store's list cannot be had where one of its keys is refused.
fn lost(why: &str) -> object_store::Error {
    let message =
        format!("a key below has an empty name in it, or `..`, and the store cannot list the others without it: {why}");
    object_store::Error::Generic { store: "list", source: message.into() }
}

/// The key that is none to object_store, if that is why a list failed.
fn refused_key(error: &object_store::Error) -> Option<String> {
    let mut causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    causes.find_map(|cause| match cause.downcast_ref()? {
        path::Error::EmptySegment { path } | path::Error::BadSegment { path, .. } => Some(path.clone()),
        _ => None,
    })
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

fn entry(store: &Object, listed: &Entry) -> FileEntry {
    let object = store.at(&listed.key);
    let partition = partition::keys(object.folders());
    let (size, version) = listed.meta.as_ref().map_or((0, String::new()), |meta| (meta.size, version(meta)));
    FileEntry { size, version, partition, location: Location::Remote(object) }
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
