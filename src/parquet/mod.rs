//! Parquet files as series: columns of one name in any number of files are one series.
//!
//! [`dataset`] finds the files and fits their schemas together, `pass` reads their row groups.

#[cfg_attr(not(test), expect(dead_code, reason = "no pass asks for it yet"))]
mod checkpoint;
pub mod dataset;
mod pass;

pub use dataset::Dataset;
