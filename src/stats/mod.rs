//! The statistics: slices of values in, numbers out. They know neither Arrow nor threads.
//!
//! One statistic a file, each with the same verbs (`new`, `update`, `merge`, and a method for each answer). What is
//! not defined is `None`.

pub mod compact;
pub mod extrema;
pub mod higher_moments;
pub mod histogram;
pub mod interval;
pub mod means;
pub mod moments;
#[cfg_attr(not(feature = "parquet"), allow(dead_code, reason = "files alone are larger than memory"))]
pub(crate) mod overflow;
pub mod quantile;
pub mod select;
pub mod small_moments;
pub mod texts;
pub mod trimmed_mean;
pub mod value;
pub mod value_counts;
pub mod weighted;

#[cfg(test)]
pub(crate) mod oracle;
#[cfg(test)]
pub(crate) mod seeds;
