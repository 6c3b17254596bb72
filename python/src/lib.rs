//! The module `rstats._rstats`: bindings only. Nothing is computed here.

// The docstrings of the stub are reStructuredText for Python, not Markdown.
#![allow(clippy::doc_lazy_continuation)]

mod accumulator;
mod arch;
mod args;
mod call;
mod columns;
mod dataset;
mod describe;
mod description;
mod drop_in;
mod errors;
mod frames;
mod input;
mod json;
mod key_objects;
mod pairs;
mod rolling;
mod shared;
mod statistics;
mod windows;

use pyo3::prelude::*;
use rstats::Allocator;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

#[pymodule]
mod _rstats {
    use super::*;

    #[pymodule_export]
    use super::accumulator::Accumulator;
    #[pymodule_export]
    use super::columns::Columns;
    #[pymodule_export]
    use super::dataset::{describe_parquet, parquet_files};
    #[pymodule_export]
    use super::describe::describe;
    #[pymodule_export]
    use super::description::{_page_questions, Description};
    #[pymodule_export]
    use super::drop_in::drop_in;
    #[pymodule_export]
    use super::errors::MemoryLimitError;
    #[pymodule_export]
    use super::json::{compute_stats_json, describe_json};
    #[pymodule_export]
    use super::pairs::{Pairs, correlation, covariance};
    #[pymodule_export]
    use super::rolling::{expanding, rolling};
    #[pymodule_export]
    use super::statistics::{Statistics, compute_stats};
    #[pymodule_export]
    use super::windows::{_batches, _stream, Windows};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
