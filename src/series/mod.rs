//! Series from Arrow: types, nulls and chunks go in, plain values come out.
//!
//! [`lane`] says as which exact kind of number a type is read, [`mod@array`] reads Arrow arrays, [`memory`] reads
//! foreign memory, [`matrix`] that of many series, [`mod@column`] makes one series of many chunks, [`list`] takes columns of lists apart, [`mod@key`] says
//! which rows belong to one group, and [`table`] says which columns of a table are series. They know no threads.

pub mod array;
pub mod column;
pub mod key;
pub mod lane;
pub mod list;
pub mod matrix;
pub mod memory;
pub mod table;

use crate::scan::Scan;
use crate::stats::value::Value;

pub use column::{Chunk, Series};
pub use lane::{Kind, Lane};

/// Where the values of a series go, in the order of its rows within a call.
pub trait Sink<T> {
    /// More values.
    fn values(&mut self, values: &[T]);

    /// More values: those of up to [`BLOCK`](crate::scan::BLOCK) whose bit is set, the first one's being the lowest bit of
    /// the first byte.
    fn valid(&mut self, values: &[T], valid: &[u8]);

    /// More nulls.
    fn nulls(&mut self, count: u64);
}

impl<T: Value> Sink<T> for Scan<T> {
    fn values(&mut self, values: &[T]) {
        self.update(values);
    }

    fn valid(&mut self, values: &[T], valid: &[u8]) {
        self.update_valid(values, valid);
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

    fn valid(&mut self, values: &[T], valid: &[u8]) {
        let is_valid = |row: usize| valid[row / 8] >> (row % 8) & 1 == 1;
        self.extend(values.iter().enumerate().filter(|(row, _)| is_valid(*row)).map(|(_, value)| *value));
    }

    fn nulls(&mut self, _: u64) {}
}
