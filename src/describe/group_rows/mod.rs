//! Rows with equal keys, found on the threads of the pool.
//!
//! Stripes of neighbouring rows each find their distinct keys, as long as a table of them stays in the cache. If there are too
//! many, rows are dealt out to parts by a hash of their key, so that the table of each part stays in the cache, however many keys
//! there are. The distinct keys are sorted. Then every row is written to its index: group after group, and within a group in the
//! order in which the rows came. Several keys of a row are one code ([`packed`]).

mod by_columns;
pub(super) mod code;
mod grouped_rows;
mod hash_partition;
pub(super) mod key_table;
mod packed;
#[cfg(feature = "stream")]
mod texts;

pub(crate) use by_columns::Groups;
pub(super) use by_columns::{key_columns, keys_of};
#[cfg(feature = "parquet")]
pub(crate) use code::{Code as GroupCode, is_long_text, text_code};
#[cfg(feature = "parquet")]
pub(crate) use key_table::Table as KeyTable;
pub(super) use packed::{Packed, packed};
#[cfg(feature = "stream")]
pub(crate) use texts::Texts;
