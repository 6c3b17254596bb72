//! Exact, reproducible, fast statistics over Arrow arrays and Parquet files.
//!
//! Sum, mean, variance and standard deviation are correctly rounded, bit for bit those of Python's `statistics`;
//! quantiles are exact order statistics under any of 15 definitions, by name. No result depends on chunks, threads,
//! files or machines.
//!
//! Data flows one way: **source → series → scan → summary → report**.
//!
//! ```
//! use arrow_array::Float64Array;
//! use rstats::{Method, Spec, describe};
//!
//! let array = Float64Array::from(vec![2.75, 1.75, 1.25, 0.25, 0.5, 1.25, 3.5]);
//! let spec = Spec::default().with_method(Method::Exclusive);
//! let summary = describe(&array, &spec)?;
//! assert_eq!(summary.get("mean"), Some(1.6071428571428572));
//! assert_eq!(summary.get("q1"), Some(0.5));
//! # Ok::<(), rstats::Error>(())
//! ```
//!
//! Features: `json` (default) reads numbers from JSON, `parquet` reads Parquet datasets, `table` prints tables, `allocator` has what a program needs to keep to a
//! memory limit, `cli` (default) is the command `rstats`.

#![warn(missing_docs)]
#![cfg_attr(doctest, doc = include_str!("../README.md"))]

#[allow(missing_docs)]
pub mod arch;
mod describe;
pub mod error;
mod guarded;
mod interrupt;
#[cfg(feature = "json")]
pub mod json;
#[allow(missing_docs)]
pub mod num;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod report;
pub mod scan;
pub mod series;
mod shown;
pub mod spec;
#[allow(missing_docs)]
pub mod stats;
pub mod summary;

pub use describe::{
    Describer, ListColumn, StreamDescriber, Weighting, describe, describe_all, describe_groups, describe_lists,
    describe_matrix, describe_stream, describe_weighted,
};
pub use error::{Error, Result};
#[doc(hidden)]
pub use guarded::guarded;
pub use interrupt::Interrupt;
pub use series::Series;
pub use series::table::{Columns, Filter};
pub use shown::{MESSAGE, NAME, shown};
pub use spec::{Bias, Method, NanPolicy, Probability, Spec, Statistic};
pub use summary::{Summaries, Summary};
