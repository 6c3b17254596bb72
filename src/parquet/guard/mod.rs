//! What a file says of itself, checked before anything is decoded: nothing behind this door reserves memory, loops or recurses on the
//! word of a file alone.
//!
//! [`thrift`] walks structs by the shapes of [`format`]; [`footer`] and [`page_header`] read what they say; [`column_chunk`] adds up the
//! pages of a chunk, with a look into [`delta`] encodings and at [`expansion`] by codecs. [`repair`] writes a footer anew without what only the parquet crate refuses. [`damage`] is how
//! a failure is told.

pub(super) mod column_chunk;
pub(super) mod damage;
mod delta;
mod expansion;
pub(super) mod footer;
mod format;
pub(super) mod page_header;
pub(super) mod repair;
pub(super) mod thrift;
