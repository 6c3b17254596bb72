//! What depends on the processor: the only unsafe code of the crate.
//!
//! [`tier`] chooses the instructions at run time and holds every kernel's safe front; `portable` is each kernel in
//! plain Rust, compiled once for each tier; `avx512` is those that gain from being written in intrinsics, `decimals` the one of them for text. All tiers
//! compute with exact integers, so all give the same bits. [`memory`] reads what somebody else may write.

#[cfg(feature = "allocator")]
pub mod allocator;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod decimals;
pub(crate) mod floats;
pub mod frame;
pub mod index;

pub mod memory;
mod portable;
#[cfg(feature = "cli")]
pub mod standard_output;
pub mod tier;

pub use frame::{Frame, Sums};
pub use index::Index;
pub use tier::Tier;

/// Values that are looked at together: they stay in the first-level cache.
pub const BLOCK: usize = 1024;
