//! The numbers of an array on their way to Arrow.

use std::sync::Arc;

use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Float64Array, Int64Array, RunArray};
use arrow_buffer::{BooleanBufferBuilder, NullBuffer};

/// Numbers, some of which may be missing. What is missing takes memory once a gap.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    values: Vec<f64>,
    gaps: Vec<Gap>,
    /// With those that are missing.
    count: usize,
}

/// Numbers that are missing, one after the other.
#[derive(Debug)]
struct Gap {
    /// How many numbers are there before them.
    before: usize,
    count: usize,
}

impl Numbers {
    /// None yet, with room for `room` of them.
    pub fn with_room(room: usize) -> Self {
        Self { values: Vec::with_capacity(room), ..Self::default() }
    }

    pub fn push(&mut self, number: Option<f64>) {
        match number {
            Some(number) => {
                self.values.push(number);
                self.count += 1;
            }
            None => self.skip_to(self.count + 1),
        }
    }

    /// More of them, none of which is missing.
    pub fn extend(&mut self, numbers: &[f64]) {
        self.values.extend_from_slice(numbers);
        self.count += numbers.len();
    }

    /// With those that are missing.
    pub fn len(&self) -> usize {
        self.count
    }

    /// As many as that, those that are not there yet being missing.
    pub fn skip_to(&mut self, count: usize) {
        let more = count.saturating_sub(self.count);
        if more == 0 {
            return;
        }
        self.count = count;
        match self.gaps.last_mut() {
            Some(gap) if gap.before == self.values.len() => gap.count += more,
            _ => self.gaps.push(Gap { before: self.values.len(), count: more }),
        }
    }

    /// Takes the last one back.
    pub fn pop(&mut self) {
        self.count = self.count.saturating_sub(1);
        match self.gaps.last_mut() {
            Some(gap) if gap.before == self.values.len() => {
                gap.count -= 1;
                if gap.count == 0 {
                    self.gaps.pop();
                }
            }
            _ => drop(self.values.pop()),
        }
    }

    /// As an array: of runs, where most of it is missing.
    pub fn into_array(mut self) -> ArrayRef {
        self.values.shrink_to_fit();
        if self.gaps.is_empty() {
            return Arc::new(Float64Array::from(self.values));
        }
        if self.count / 2 > self.values.len() {
            return self.into_runs();
        }
        let mut valid = BooleanBufferBuilder::new(self.count);
        let mut all = Vec::with_capacity(self.count);
        let mut from = 0;
        for Gap { before, count } in self.gaps {
            all.extend_from_slice(&self.values[from..before]);
            valid.append_n(before - from, true);
            all.resize(all.len() + count, 0.0);
            valid.append_n(count, false);
            from = before;
        }
        all.extend_from_slice(&self.values[from..]);
        valid.append_n(self.values.len() - from, true);
        Arc::new(Float64Array::new(all.into(), Some(NullBuffer::new(valid.finish()))))
    }

    fn into_runs(self) -> ArrayRef {
        let (mut ends, mut values) = (Vec::new(), Vec::new());
        let mut end = 0;
        let mut from = 0;
        for Gap { before, count } in self.gaps.into_iter().chain([Gap { before: self.values.len(), count: 0 }]) {
            for value in &self.values[from..before] {
                end += 1;
                ends.push(end);
                values.push(Some(*value));
            }
            if count > 0 {
                end += count as i64;
                ends.push(end);
                values.push(None);
            }
            from = before;
        }
        let values = Float64Array::from(values);
        match RunArray::<Int64Type>::try_new(&Int64Array::from(ends), &values) {
            Ok(runs) => Arc::new(runs),
            // The ends ascend, and there is one for each value.
            Err(_) => Arc::new(values),
        }
    }
}
