//! Parquet files as series: columns of one name in any number of files are one series.
//!
//! A [`Dataset`] is the files, a [`Request`] what is asked of them, an [`Answer`] what comes of it; a [`Predicate`] says which rows
//! count, and [`Progress`] tells another thread how far a run has got. Memory is kept to [`Request::memory_limit`]: see [`memory`].

mod columns;
mod data_file;
mod dataset;
mod decode;
mod execute;
mod guard;
mod hive;
pub mod memory;
mod plan;
mod predicate;
mod request;
mod statistics;
mod storage;
mod writer_faults;

pub use dataset::Dataset;
pub use plan::Plan;
pub use predicate::Predicate;
pub use request::{Answer, OnError, PairAnswer, Progress, Request, RunMetrics};
