//! Series from Arrow: types, nulls and chunks go in, plain values come out.
//!
//! A [`Series`] is a name and [`Chunk`]s, each where it lies: an Arrow array, or memory of another library's
//! ([`StridedBuffer`]). Its values are read as the cheapest kind of number that holds all of them exactly: [`Repr`].
//! A [`Matrix`] is many series of one length in one buffer. A [`Sink`] takes the values of a series: a
//! [`Scan`](crate::scan::Scan) is one.

pub(crate) mod column;
pub(crate) mod column_names;
pub(crate) mod exact_cast;
pub(crate) mod from_arrow;
pub(crate) mod key;
pub(crate) mod list;
pub(crate) mod matrix;
pub(crate) mod repr;
pub(crate) mod series_kind;
mod sink;
pub(crate) mod strided_buffer;
pub(crate) mod table;
pub(crate) mod times;
pub(crate) mod type_names;

pub use crate::arch::memory::Strided;
pub use column::{Chunk, Series};
pub use matrix::Matrix;
pub use repr::{Kind, Repr};
pub use sink::Sink;
pub use strided_buffer::{ByteOrder, Format, NanMeans, StridedBuffer};
