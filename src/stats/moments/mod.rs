//! Sum, mean, variance and standard deviation, each correctly rounded.
//!
//! With n values, S = Σx and Q = Σx² held exactly:
//!
//! - mean = S / n
//! - variance = (n·Q − S²) / (n·(n − ddof))
//! - stddev = √variance
//!
//! Each is one rounding of the exact rational, or of its exact root, so for finite data the bits are those of
//! Python's `statistics.mean`, `variance`, `stdev`, `pvariance`, `pstdev` and `math.fsum`. The formula for the
//! variance is known for its cancellation; over exact numbers there is none.
//!
//! S and Q are integers, held in the narrowest place that they fit:
//!
//! - blocks of values that share a [`FixedPointWindow`] are added up by the kernels of [`crate::arch`], and gathered in 128 and 256
//!   bits of one unit;
//! - what does not fit there goes into superaccumulators ([`super::exact_sum`]), which hold anything; many values at once
//!   by way of [`LargeAccumulator`].
//!
//! Decimals are summed as integers of their own scale: S = Σ S_k·10^−k, and likewise Q. A series of floats or
//! integers has only the scale 0.
//!
//! Infinities follow IEEE 754: a sum with one sign of infinity is that infinity, with both it is NaN, and no
//! variance is a number.

mod accumulate;
mod finish;
mod serial;
mod sums;

pub use accumulate::{Moments, Order};
pub use finish::{Finished, infinity};
pub use sums::{Near, Part};

#[cfg(test)]
mod tests;
