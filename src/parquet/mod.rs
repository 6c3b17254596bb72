//! Parquet files as series: columns of one name in any number of files are one series.
//!
//! [`storage`] finds files and reads their bytes, [`dataset`] fits their schemas together, `pass` reads their row
//! groups.

pub mod dataset;
mod pass;
pub mod storage;

pub use dataset::Dataset;
