//! Exact, reproducible, fast statistics over Arrow arrays and Parquet files.
//!
//! Sum, mean, variance and standard deviation are correctly rounded, bit for bit those of Python's `statistics`; quantiles are
//! exact order statistics under any of 16 definitions, by [name](Method). No result depends on chunks, threads, files or machines.
//!
//! ```
//! use arrow_array::Float64Array;
//! use rstats::{Method, Spec, describe};
//!
//! let array = Float64Array::from(vec![2.75, 1.75, 1.25, 0.25, 0.5, 1.25, 3.5]);
//! let spec = Spec::default().with_method(Method::Exclusive).with_quantiles(&[0.25, 0.99])?;
//! let summary = describe(&array, &spec)?;
//! assert_eq!(summary.get("mean"), Some(1.6071428571428572));
//! assert_eq!(summary.get("q1"), Some(0.5));
//! # Ok::<(), rstats::Error>(())
//! ```
//!
//! A [`Spec`] is the question: which statistics and quantiles, by which definition, and what a NaN does. The answer for one
//! series is a [`Summary`], for many a table of them, [`Summaries`].
//!
//! | what you have | what describes it |
//! | --- | --- |
//! | one array | [`describe`]; [`Describer`] for many, one after the other |
//! | the columns of a table | [`Series::from_batches`], [`describe_all`] |
//! | rows with keys | [`describe_groups`] |
//! | dates, times, text, flags | [`describe_kinds`] |
//! | rows of lists | [`describe_lists`] |
//! | an array of several dimensions | [`describe_matrix`] |
//! | rows with weights | [`describe_weighted`] |
//! | batches that come once | [`StreamDescriber`] |
//! | values that come for as long as a service runs | [`Accumulator`] |
//! | a row with those around it | [`Rolling`] |
//! | rows with times, a window after the other | [`Windows`] |
//! | JSON text | [`json`] |
//! | CSV, NDJSON and Arrow, from files and pipes | [`source`] |
//! | Parquet files, larger than memory | [`parquet::Dataset`] |
//! | parts on threads or machines, a source of your own | [`scan::Scan`], which merges and travels as bytes |
//!
//! [`report`] writes answers as JSON, NDJSON, tables, Arrow and Parquet. An [`Interrupt`] stops any of this from another thread; work
//! on many series runs on the rayon pool that the caller is in.
//!
//! Nulls are missing values: they are counted in `null_count` and are in no statistic. NaNs are counted in `nan_count`, and
//! [`NanPolicy`] says what they do. A statistic that is not defined (the deviation of one value) is `None`, never 0. An [`Error`] says
//! what was wrong, where, and what would be right; nothing here panics on data.
//!
//! # Features
//!
//! | feature | what it adds |
//! | --- | --- |
//! | `json` (default) | numbers from JSON text: [`json`] |
//! | `stream` (default) | text and Arrow from files and pipes: [`source`]; states of windows as bytes |
//! | `parquet` | datasets of Parquet files: [`parquet`] |
//! | `remote` (default) | Parquet files in object stores and on web servers |
//! | `table` | tables for people: `Report::to_table` |
//! | `allocator` | `Allocator`, by which a program keeps to a memory limit |
//! | `cli` (default) | the command `rstats` |

#![deny(missing_docs)]
#![cfg_attr(doctest, doc = include_str!("../docs/rust.md"))]

mod accumulator;
mod arch;
mod catch_panic;
mod describe;
mod error;
mod escape;
mod interrupt;
#[cfg(feature = "json")]
pub mod json;
mod keys;
#[cfg(feature = "parquet")]
mod memory_pool;
mod num;
mod pairs;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod report;
mod rolling;
pub mod scan;
pub mod series;
#[cfg(feature = "stream")]
pub mod source;
mod spec;
#[cfg_attr(not(feature = "parquet"), allow(dead_code, reason = "files alone are larger than memory"))]
mod spill;
mod state;
mod stats;
mod stream;
mod suggest;
mod summary;
#[cfg(any(feature = "parquet", feature = "stream"))]
mod table_bytes;
mod threads;
#[cfg(feature = "parquet")]
mod unfinished;
mod unpoisoned;

#[cfg(feature = "stream")]
pub use accumulator::GroupedAccumulator;
pub use accumulator::{Accumulator, ExactSums};
#[cfg(feature = "allocator")]
pub use arch::allocator::Allocator;
pub use describe::{
    Describer, ListColumn, Part, StreamDescriber, TypedColumn, Weighting, describe, describe_all, describe_groups,
    describe_kinds, describe_lists, describe_matrix, describe_stream, describe_weighted, describe_weighted_groups,
};
pub use error::{Error, Position, Result};
pub use interrupt::Interrupt;
pub use num::decimal::Decimal;
pub use num::figure::{Figure, NumberType};
pub use pairs::{Coefficient, PairMatrix, PairNulls, PairSpec, correlate};
pub use rolling::{Closed, Rolling};
pub use series::Series;
pub use series::series_kind::SeriesKind;
pub use series::table::{Columns, Filter, Kinds};
pub use spec::{
    Bias, BinCount, Histogram, KindStatistic, Method, NanPolicy, NullPolicy, PlottingPosition, Probability, Spec,
    Statistic, parse_span,
};
pub use stream::{Late, Windowing, Windows};
pub use summary::{Summaries, Summary};

/// What the command, the bindings and the benches share with the library: no part of its interface.
#[doc(hidden)]
pub mod internal {
    #[cfg(feature = "parquet")]
    pub mod unfinished {
        pub use crate::unfinished::{create, remove_abandoned};
    }

    pub use crate::arch::Tier;
    #[cfg(feature = "cli")]
    pub use crate::arch::standard_output;
    pub use crate::catch_panic::catch_panic;
    pub use crate::describe::check_names;
    pub use crate::error::size;
    pub use crate::escape::{MESSAGE, NAME, shown};
    pub use crate::keys::{COUNTED, HISTOGRAM};
    pub use crate::num::text::number;
    pub use crate::series::exact_cast::{common_decimals, exactly};
    pub use crate::series::from_arrow::read;
    pub use crate::series::list::values_of;
    pub use crate::series::type_names::type_name;
    pub use crate::spec::{is_count, is_exact};
    pub use crate::threads::alone;
}
