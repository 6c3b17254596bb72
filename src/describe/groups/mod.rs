//! Groups of rows: those with equal keys are a series.
//!
//! Rows are dealt out to [`block`]s of partitions by a hash of their key, keys and values side by side, so that each partition later
//! fits the second-level cache. Each [`partition`] finds its distinct keys in a small table, brings the values of one group after the
//! other, and describes them. At last the distinct keys of all partitions are sorted, once, and the [`answers`] follow them.
//! Where keys are numbers near each other, each has one of the [`places`] instead. [`in_memory`] does all that for columns that are there.

mod answers;
mod block;
mod in_memory;
mod partition;
mod places;

#[cfg(feature = "parquet")]
pub(crate) use answers::{Group, sorted};
#[cfg(feature = "parquet")]
pub(crate) use block::{Block, GroupOrder, Partitioning, ROWS};
pub use in_memory::describe_groups;
#[cfg(feature = "parquet")]
pub(crate) use partition::{PartitionGroups, PartitionRows};
