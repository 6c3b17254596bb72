//! Order statistics by counting and selection, in passes over the data and without a full sort.
//!
//! Values are compared by their **keys**, whose order is total. The line of keys is cut into **bins** at a few of them,
//! the **edges**: a bin holds its lower edge but not its upper one. Of every bin it is known how many values are in
//! it. In the bins that a wanted order statistic may lie in, its **brackets**, the values are kept as well:
//!
//! - a rank that falls into a kept bin is found among the few values there;
//! - a bin between a key and its successor holds one key only, and is never kept: ties and constant data cost nothing;
//! - a rank that falls anywhere else has missed its bracket. The counts say so, and say where to look in the next pass.
//!
//! Without edges there is one bin, (−∞, +∞). Where more would be kept than there is room for, the fullest bin thins out into a
//! random sample of itself, from which the next pass gets its brackets: the order statistics of the sample, some standard deviations
//! below and above the wanted rank (R. W. Floyd and R. L. Rivest, *Expected time bounds for selection*, CACM 18(3),
//! 1975). The sample decides how long the answer takes, never what it is. Among many values that are all there,
//! `select_among` goes the same way.

mod bins;
mod brackets;
mod candidates;
mod narrow;
mod order;
mod pieces;
mod sample;
mod serial;

pub use bins::{Bins, Key, bucketize};
pub(crate) use brackets::WIDE_MARGIN;
#[cfg(feature = "parquet")]
pub(crate) use brackets::expected_share;
pub use brackets::{Brackets, MARGIN, SHORT_MARGIN};
pub use candidates::Candidates;
pub use order::sort;
#[cfg(feature = "parquet")]
pub(crate) use pieces::PIECE_BYTES;
pub use sample::{is_sampled, sample_places, sample_size};
pub(super) use serial::{ReadKeys, WrittenKeys};
