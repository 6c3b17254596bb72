//! Order statistics by counting and selection, in passes over the data and without a full sort.
//!
//! Values are compared by their **keys**, whose order is total. The line of keys is cut into **cells** at a few of them,
//! the **edges**: a cell holds its lower edge but not its upper one. Of every cell it is known how many values are in
//! it. In the cells that a wanted order statistic may lie in, its **brackets**, the values are kept as well:
//!
//! - a rank that falls into a kept cell is found among the few values there;
//! - a cell between a key and its successor holds one key only, and is never kept: ties and constant data cost nothing;
//! - a rank that falls anywhere else has missed its bracket. The counts say so, and say where to look in the next pass.
//!
//! Without edges there is one cell, (−∞, +∞). Where more would be kept than there is room for, the fullest cell thins out into a
//! random sample of itself, from which the next pass gets its brackets: the order statistics of the sample, some standard deviations
//! below and above the wanted rank (R. W. Floyd and R. L. Rivest, *Expected time bounds for selection*, CACM 18(3),
//! 1975). The sample decides how long the answer takes, never what it is. Among many values that are all there,
//! `select_among` goes the same way.

mod brackets;
mod candidates;
mod cells;
mod pieces;
mod sample;
mod serial;

pub use brackets::{Brackets, MARGIN, SHORT_MARGIN};
pub use candidates::Candidates;
pub use cells::{COMPARED, Cells, Key, sort_out};
#[cfg(feature = "parquet")]
pub(crate) use pieces::PIECE_BYTES;
pub use sample::{is_sampled, sample_places, sample_size};
