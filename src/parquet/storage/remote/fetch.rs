//! Ranges of objects, fetched side by side, each checked to be whole and of the version that was found.
//!
//! object_store retries requests that fail, and a body that breaks off where there is an ETag to go on by; here are
//! retried bodies that break off without one, and those that are short. Only single ranges are asked for: not every
//! server answers several in one request as it should.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use futures::future::try_join_all;
use memmap2::MmapMut;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore};
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

use super::super::{FileEntry, ranges};
use super::Object;
use super::failure::Failure;
use super::listing::version;
use super::store::Stores;
use crate::error::Result;
use crate::interrupt::Interrupt;

/// Requests in flight for one fetch that is waited for.
const IN_FLIGHT: usize = 8;

/// A piece of at most some megabytes that is not there after so long never comes.
const LONGEST: Duration = Duration::from_secs(60);

/// How often a piece is asked for that breaks off, where object_store does not go on by itself.
const TRIES: u32 = 5;

/// Requests that may be in flight at a time.
#[derive(Clone, Debug)]
pub struct Permits(Arc<Semaphore>);

impl Permits {
    pub fn new(requests: usize) -> Self {
        Self(Arc::new(Semaphore::new(requests.min(Semaphore::MAX_PERMITS))))
    }
}

/// Fetches ranges, which are in order and apart, and waits for them.
pub fn fetch(
    object: &Object,
    found: &FileEntry,
    ranges: Vec<Range<u64>>,
    interrupt: &Interrupt,
) -> Result<Vec<(u64, Bytes)>> {
    let stores = Stores::current()?;
    let request = Request::new(stores.store(object)?.objects, object, found, Permits::new(IN_FLIGHT))?;
    let fetched = stores.wait(interrupt, async move { request.ranges(ranges).await })?;
    fetched.map_err(|failure| failure.of(object, "cannot be read"))
}

/// The store of an object, ready to be asked.
pub struct Prepared {
    stores: Arc<Stores>,
    store: Arc<dyn ObjectStore>,
    path: Path,
}

pub fn prepare(object: &Object) -> Result<Prepared> {
    let stores = Stores::current()?;
    Ok(Prepared { store: stores.store(object)?.objects, path: object.path()?, stores })
}

/// A fetch that goes on by itself.
pub struct Running {
    task: AbortHandle,
    /// The threads that it runs on must not go before it.
    _stores: Arc<Stores>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.task.fmt(formatter)
    }
}

impl Running {
    pub fn stop(&self) {
        self.task.abort();
    }
}

impl Prepared {
    /// Fetches ranges in the background, and hands them to `done`, which is dropped if the fetch is stopped.
    pub fn start(
        self,
        object: &Object,
        found: &FileEntry,
        ranges: Vec<Range<u64>>,
        permits: &Permits,
        done: impl FnOnce(Result<Vec<(u64, Bytes)>>) + Send + 'static,
    ) -> Running {
        let object = object.clone();
        let request = Request::of(self.store, self.path, found, permits.clone());
        let task = self.stores.spawn(async move {
            let fetched = request.ranges(ranges).await;
            done(fetched.map_err(|failure| failure.of(&object, "cannot be read")));
        });
        Running { task, _stores: self.stores }
    }
}

/// What is asked of one object.
struct Request {
    store: Arc<dyn ObjectStore>,
    path: Path,
    size: u64,
    version: String,
    permits: Permits,
}

impl Request {
    fn new(store: Arc<dyn ObjectStore>, object: &Object, found: &FileEntry, permits: Permits) -> Result<Self> {
        Ok(Self::of(store, object.path()?, found, permits))
    }

    fn of(store: Arc<dyn ObjectStore>, path: Path, found: &FileEntry, permits: Permits) -> Self {
        Self { store, path, size: found.size, version: found.version.clone(), permits }
    }

    async fn ranges(&self, ranges: Vec<Range<u64>>) -> Result<Vec<(u64, Bytes)>, Failure> {
        try_join_all(ranges.into_iter().map(|range| self.range(range))).await
    }

    /// One range, in pieces that are written to one buffer. It is mapped, so that whoever drops it gives its memory back: the allocator
    /// would keep it for the thread that fetches.
    async fn range(&self, range: Range<u64>) -> Result<(u64, Bytes), Failure> {
        let length = usize::try_from(range.end - range.start).map_err(|_| Failure::Broken("too long".to_owned()))?;
        let mut whole = MmapMut::map_anon(length).map_err(|error| Failure::Broken(error.to_string()))?;
        let mut rest = &mut whole[..];
        let pieces: Vec<_> = ranges::pieces(&range)
            .map(|piece| {
                let buffer;
                (buffer, rest) = std::mem::take(&mut rest).split_at_mut((piece.end - piece.start) as usize);
                self.piece(piece, buffer)
            })
            .collect();
        try_join_all(pieces).await?;
        Ok((range.start, Bytes::from_owner(whole)))
    }

    async fn piece(&self, piece: Range<u64>, buffer: &mut [u8]) -> Result<(), Failure> {
        // It is never closed.
        let _permit = self.permits.0.acquire().await;
        let outcome = tokio::time::timeout(LONGEST, self.tries(piece, buffer)).await;
        outcome.unwrap_or_else(|_| Err(Failure::Broken(format!("no whole answer came within {} s", LONGEST.as_secs()))))
    }

    async fn tries(&self, piece: Range<u64>, buffer: &mut [u8]) -> Result<(), Failure> {
        // With an ETag, object_store has gone on as often as it should: one more try tells whether the object changed.
        let tries = if self.version.starts_with('"') { 2 } else { TRIES };
        let mut turn = 1;
        loop {
            match self.once(piece.clone(), buffer).await {
                Err(Failure::Broken(cause)) if turn < tries => {
                    tracing::info!("{} broke off ({cause}): asked for again", self.path);
                }
                outcome => return outcome,
            }
            tokio::time::sleep(Duration::from_millis(100 << turn)).await;
            turn += 1;
        }
    }

    async fn once(&self, piece: Range<u64>, buffer: &mut [u8]) -> Result<(), Failure> {
        let strong = self.version.starts_with('"');
        let options = GetOptions {
            range: Some(GetRange::Bounded(piece)),
            // A weak ETag never matches in If-Match (RFC 9110, 13.1.1).
            if_match: strong.then(|| self.version.clone()),
            ..GetOptions::default()
        };
        let answer = self.store.get_opts(&self.path, options).await?;
        // Where If-Match was asked and the answer has no ETag, the server has compared them.
        let told = answer.meta.e_tag.is_some() || !strong;
        if answer.meta.size != self.size || told && version(&answer.meta) != self.version {
            return Err(Failure::Changed);
        }
        let mut body = answer.into_stream();
        let mut filled = 0;
        let broken = |error: object_store::Error| match Failure::from(error) {
            Failure::Other { cause, .. } => Failure::Broken(cause),
            failure => failure,
        };
        while let Some(bytes) = body.try_next().await.map_err(broken)? {
            let Some(into) = buffer.get_mut(filled..filled + bytes.len()) else {
                return Err(Failure::Broken("more bytes came than were asked for".to_owned()));
            };
            into.copy_from_slice(&bytes);
            filled += bytes.len();
        }
        if filled < buffer.len() {
            return Err(Failure::Broken(format!("only {filled} of {} bytes came", buffer.len())));
        }
        Ok(())
    }
}
