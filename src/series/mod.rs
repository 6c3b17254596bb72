//! Series from Arrow: types, nulls and chunks go in, plain values come out.
//!
//! [`lane`] says as which exact kind of number a type is read, [`mod@array`] reads Arrow arrays, [`memory`] reads
//! foreign memory, [`mod@column`] makes one series of many chunks, and [`table`] says which columns of a table are
//! series. They know no threads.

pub mod array;
pub mod column;
pub mod lane;
pub mod memory;
pub mod table;

use crate::scan::Scan;
use crate::stats::number::Value;

pub use column::{Chunk, Series};
pub use lane::{Kind, Lane};

/// Where the values of a series go, in the order of its rows within a call.
pub trait Sink<T> {
    /// More values.
    fn values(&mut self, values: &[T]);

    /// More nulls.
    fn nulls(&mut self, count: u64);
}

impl<T: Value> Sink<T> for Scan<T> {
    fn values(&mut self, values: &[T]) {
        self.update(values);
    }

    fn nulls(&mut self, count: u64) {
        self.update_nulls(count);
    }
}

/// The values alone.
impl<T: Copy> Sink<T> for Vec<T> {
    fn values(&mut self, values: &[T]) {
        self.extend_from_slice(values);
    }

    fn nulls(&mut self, _: u64) {}
}
