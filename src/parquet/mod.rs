//! Parquet files as series: columns of one name in any number of files are one series.
//!
//! [`dataset`] finds the files and fits their schemas together, `pass` reads their row groups. What a file says of itself is
//! checked before it is decoded: [`footer`] and [`pages`], by `thrift`, `format`, `header` and `delta`.

pub mod dataset;
mod delta;
pub mod footer;
mod format;
mod header;
pub mod pages;
mod pass;
mod thrift;

pub use dataset::Dataset;
