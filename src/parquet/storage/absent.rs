//! What stands for object stores in a build without them: nothing can be there, so nothing can be asked of it.

use std::fmt;
use std::ops::Range;

use bytes::Bytes;

use super::{FileEntry, refused};
use crate::error::Result;
use crate::interrupt::Interrupt;

/// An object in an object store, or on a web server. This build has none: the feature `remote` does.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Object {}

impl fmt::Display for Object {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl Object {
    pub fn check(&self) -> Result<()> {
        match *self {}
    }
}

pub fn find(url: &str, _: &Interrupt, _: &mut Vec<FileEntry>) -> Result<()> {
    Err(refused(url, "this build of rstats reads local files only; URLs need one with the feature 'remote'"))
}

pub fn fetch(object: &Object, _: &FileEntry, _: Vec<Range<u64>>, _: &Interrupt) -> Result<Vec<(u64, Bytes)>> {
    match *object {}
}

/// Requests that may be in flight at a time.
#[derive(Clone, Debug)]
pub struct Permits;

impl Permits {
    pub fn new(_: usize) -> Self {
        Self
    }
}

/// A fetch that goes on by itself.
#[derive(Debug)]
pub enum Running {}

impl Running {
    pub fn stop(&self) {
        match *self {}
    }
}

/// The store of an object, ready to be asked.
pub enum Prepared {}

pub fn prepare(object: &Object) -> Result<Prepared> {
    match *object {}
}

impl Prepared {
    pub fn start(
        self,
        _: &Object,
        _: &FileEntry,
        _: Vec<Range<u64>>,
        _: &Permits,
        _: impl FnOnce(Result<Vec<(u64, Bytes)>>) + Send + 'static,
    ) -> Running {
        match self {}
    }
}
