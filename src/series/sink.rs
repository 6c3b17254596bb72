//! Where values go.

use crate::scan::Scan;
use crate::stats::value::Value;

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
