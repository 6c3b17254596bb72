//! What depends on the processor: the only unsafe code of the crate.
//!
//! [`tier`] chooses the instructions at run time and holds every kernel's safe front; `portable` is each kernel in
//! plain Rust, compiled once for each tier; `avx2` and `avx512` are those that gain from being written in intrinsics, `decimals` the one of
//! them for text. All tiers compute with exact integers, so all give the same bits. `few_ranks` has the order statistics of short
//! windows, `characters` counts those of texts, `text` finds where values end in text, and [`memory`] reads what somebody else may write.

#[cfg(feature = "allocator")]
pub mod allocator;
pub mod answers;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
pub mod block;
pub mod characters;
#[cfg(target_arch = "x86_64")]
mod decimals;
pub mod double_double;
pub mod few_ranks;
pub(crate) mod floats;
pub mod index;
pub mod key;
pub mod memory;
pub mod network;
mod portable;
pub mod products;
pub mod rolling_sums;
#[cfg(feature = "cli")]
pub mod standard_output;
#[cfg(feature = "stream")]
pub mod text;
pub mod tier;
pub mod window;

pub use block::BLOCK;
pub use index::Index;
pub use tier::Tier;
pub use window::{FixedPointWindow, Sums};

/// Results of at least this many bytes are put into huge pages. Where each value is read once, the page faults of small pages took a third of the time.
const LARGE: usize = 1 << 25;

/// Tells the allocator that about `bytes` bytes are going to be allocated and written: see `LARGE`.
pub fn expect_bytes(bytes: usize) {
    if bytes >= LARGE {
        #[cfg(feature = "allocator")]
        allocator::use_huge_pages();
    }
}
