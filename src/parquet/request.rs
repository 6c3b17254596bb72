//! What is asked of a dataset, and what comes back beside the statistics.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use super::memory;
use super::predicate::Predicate;
use crate::describe::Part;
use crate::pairs::PairMatrix;
use crate::report::Source;
use crate::series::table::{Columns, Kinds};
use crate::summary::Summaries;

/// What to do with a file that cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnError {
    /// Give up, with an error that names it.
    #[default]
    Fail,
    /// Leave it out, whole, and name it in [`Source::errors`].
    Skip,
}

/// What is asked of a dataset, beside the [`Spec`](crate::Spec).
#[derive(Clone, Debug)]
pub struct Request {
    /// The columns to describe.
    pub columns: Columns,
    /// Which kinds of columns are described. With a [`checkpoint`](Self::checkpoint) these are numbers alone.
    pub kinds: Kinds,
    /// The columns whose distinct values make groups; partition keys of the paths are among them. None: no groups.
    pub by: Vec<String>,
    /// Which rows count.
    pub predicate: Option<Predicate>,
    /// Bytes that the whole process may take.
    pub memory_limit: u64,
    /// What to do with files that cannot be read.
    pub on_error: OnError,
    /// Where finished files' scans are kept, so that another run need not read them again.
    pub checkpoint: Option<PathBuf>,
    /// Where rows go that do not fit in memory. The files there have no names, and vanish with the process.
    pub temporary: PathBuf,
}

impl Default for Request {
    /// Every column, all rows, half of the machine's memory.
    fn default() -> Self {
        Self {
            columns: Columns::Numeric,
            kinds: Kinds::All,
            by: Vec::new(),
            predicate: None,
            memory_limit: memory::default_limit(),
            on_error: OnError::Fail,
            checkpoint: None,
            temporary: std::env::temp_dir(),
        }
    }
}

impl Request {
    /// Whether columns of every kind are described.
    pub(super) fn describes_all_kinds(&self) -> bool {
        self.kinds == Kinds::All && self.checkpoint.is_none()
    }
}

/// The answer, and how it was come by.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The answers for the columns of numbers, a row a series.
    pub series: Summaries,
    /// Those for the columns of other kinds, a part for each kind.
    pub parts: Vec<Part>,
    /// Which files it is of, and which ones were left out.
    pub source: Source,
    /// What it took. It may differ from run to run.
    pub metrics: RunMetrics,
}

/// The coefficients of pairs of columns, and how they were come by.
#[derive(Clone, Debug)]
pub struct PairAnswer {
    /// The coefficients.
    pub matrix: PairMatrix,
    /// Which files they are of, and which ones were left out.
    pub source: Source,
    /// What it took. It may differ from run to run.
    pub metrics: RunMetrics,
}

/// What a run has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunMetrics {
    /// Passes over the data, or a part of it.
    pub passes: u64,
    /// Files that were read, whatever part of them.
    pub files_read: u64,
    /// Files whose scans a checkpoint had.
    pub files_kept: u64,
    /// Of these, files that had to be read again for their quantiles.
    pub files_read_again: u64,
    /// Bytes of column chunks that were read, as they are stored.
    pub bytes: u64,
    /// Bytes that were written to temporary files.
    pub spilled: u64,
}

/// How far a run has got: it may be looked at from another thread.
#[derive(Debug, Default)]
pub struct Progress {
    pass: AtomicU64,
    files: [AtomicU64; 2],
    rows: [AtomicU64; 2],
    bytes: [AtomicU64; 2],
}

impl Progress {
    /// The pass that is under way, from 1.
    pub fn pass(&self) -> u64 {
        self.pass.load(Ordering::Relaxed)
    }

    /// Files that are done in this pass, and all of them.
    pub fn files(&self) -> (u64, u64) {
        both(&self.files)
    }

    /// Rows that are done in this pass, and all of them. A row of which only some columns are read counts in their share.
    pub fn rows(&self) -> (u64, u64) {
        both(&self.rows)
    }

    /// Bytes (as they are stored) that are done in this pass, and all of them.
    pub fn bytes(&self) -> (u64, u64) {
        both(&self.bytes)
    }

    pub(super) fn begin(&self, files: u64, rows: u64, bytes: u64) {
        for ([done, all], total) in [(&self.files, files), (&self.rows, rows), (&self.bytes, bytes)] {
            done.store(0, Ordering::Relaxed);
            all.store(total, Ordering::Relaxed);
        }
        self.pass.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_file(&self) {
        self.files[0].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add(&self, rows: u64, bytes: u64) {
        self.rows[0].fetch_add(rows, Ordering::Relaxed);
        self.bytes[0].fetch_add(bytes, Ordering::Relaxed);
    }
}

fn both([done, all]: &[AtomicU64; 2]) -> (u64, u64) {
    (done.load(Ordering::Relaxed), all.load(Ordering::Relaxed))
}
