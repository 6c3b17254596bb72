//! What has been learned of one series so far: the only thing that merges.
//!
//! ```text
//! Scan::new(&spec)            nothing seen
//! scan.update(values)         more of the series: a slice, a chunk, a row group, a batch
//! scan.merge(other)           another part of the same series, in any order
//! scan.finish(&spec)          the summary, or the brackets for one more pass
//! ```
//!
//! Scans merge if they learn the same: those of one [`Spec`](crate::Spec) do, and those of specs that differ in probabilities, `method`, `ddof`,
//! `level`, `trim` or `bias` alone. [`Scan::to_bytes`] writes a scan for another process or machine.
//!
//! Sums are exact and order statistics are order statistics, so the answer depends neither on the parts nor on their
//! order. A scan holds a bounded number of values: if that does not decide a quantile, it asks for another pass over
//! the same values, which looks only into the brackets that this one has found. A source that cannot be read again is
//! scanned with [`Keep::All`].

mod edges;
mod finish;
mod keep;
mod optional_states;
pub(crate) mod serial;
mod state;

pub use crate::arch::BLOCK;
pub(crate) use edges::{Counted, Edges};
pub use finish::Outcome;
pub use keep::{Keep, SAMPLE};
pub use state::Scan;

#[cfg(test)]
mod tests;
