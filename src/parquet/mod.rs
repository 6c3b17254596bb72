//! Parquet files as series: columns of one name in any number of files are one series.
//!
//! [`storage`] finds the files and reads their bytes, [`dataset`] fits their schemas together, `plan` says what of them has to be
//! read for a [`Request`], `decode` turns a part of a row group into arrays, and `direct` scans its pages without them where it can.
//! `passes` scans series, `groups` sorts rows out by key; both keep to the [`memory`] they are given. What a file says of itself is
//! checked before it is decoded: [`footer`] and [`pages`], by `thrift`, `format`, `header`, `expansion` and `delta`; `writers` are those that are known
//! to say what is not so.

mod checkpoint;
mod columns;
pub mod dataset;
mod decode;
mod delta;
mod direct;
mod expansion;
pub mod footer;
mod format;
mod groups;
mod header;
mod incremental;
pub mod memory;
pub mod pages;
mod partition;
mod passes;
mod plan;
pub mod predicate;
mod probe;
mod request;
mod runs;
pub mod storage;
mod thrift;
mod work;
mod writers;

pub use dataset::Dataset;
pub use plan::Plan;
pub use predicate::Predicate;
pub use request::{Answer, OnError, Progress, Request, Tally};
