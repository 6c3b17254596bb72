//! Pairs of columns: covariance and correlation.
//!
//! `sums` has the exact sums of products of every pair, `chunk` the rows that they are of, `ranks` what Spearman and Kendall make of the order,
//! `answer` the coefficients, each one rounding of an exact rational (or of its square root), `matrix` the table of them.

mod answer;
mod chunk;
mod describe;
mod matrix;
mod ranks;
mod sums;

pub use answer::{Coefficient, PairNulls};
#[cfg(feature = "parquet")]
pub(crate) use describe::sums_of;
pub use describe::{PairSpec, correlate};
pub use matrix::PairMatrix;
#[cfg(feature = "parquet")]
pub(crate) use sums::PairSums;
