//! Parquet files as series: columns of one name in any number of files are one series.
//!
//! [`dataset`] finds the files and fits their schemas together, `pass` reads their row groups.

pub mod dataset;
mod pass;
pub mod predicate;

pub use dataset::Dataset;
