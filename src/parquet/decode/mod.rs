//! From the pages of a row group to values: as [`arrays`], filtered, batch by batch; or, of plain numbers, [`direct`]ly into a scan.

mod arrays;
mod direct;
mod rle;

pub(super) use arrays::{DecodedRows, KEYED_BATCH, plain_type};
