//! Arrays of several dimensions in foreign memory: many series of one length, along one dimension.

use std::fmt;
use std::ops::Range;

use arrow_array::ArrayRef;

use super::strided_buffer::StridedBuffer;
use super::{Chunk, Kind, Series};
use crate::error::{Error, Result};
use crate::num::figure::NumberType;

/// The series of an array along one of its dimensions.
pub struct Matrix {
    at: Box<dyn Fn(usize) -> Option<StridedBuffer> + Send + Sync>,
    whole: Option<StridedBuffer>,
    count: usize,
    length: usize,
    kind: Kind,
    number_type: NumberType,
}

impl Matrix {
    /// `count` series of one length, where `at` says; `None` if there is one of them nowhere. `whole` is all of them, one after
    /// the other, if they lie so in memory.
    pub fn new(
        count: usize,
        at: impl Fn(usize) -> Option<StridedBuffer> + Send + Sync + 'static,
        whole: Option<StridedBuffer>,
    ) -> Option<Self> {
        let (length, kind, number_type) = match at(0) {
            Some(first) => (first.len(), first.format.kind(), first.format.number_type()),
            None if count == 0 => (0, Kind::Float, NumberType::Float),
            None => return None,
        };
        let whole = whole.filter(|whole| whole.len() == count * length);
        Some(Self { at: Box::new(at), whole, count, length, kind, number_type })
    }

    /// The number of series.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The rows of each series.
    pub fn rows(&self) -> usize {
        self.length
    }

    /// What their extrema, their range, their sum and their mode are.
    pub fn number_type(&self) -> NumberType {
        self.number_type
    }

    /// The kind of their values.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// One of the series.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] if there is none.
    pub fn series(&self, index: usize) -> Result<StridedBuffer> {
        let series = (index < self.count).then(|| (self.at)(index)).flatten();
        series.ok_or_else(|| Error::Data(format!("series {index} of an array of {}", self.count)))
    }

    /// Copies of some neighbours, one after the other.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for a mask of another length.
    pub fn to_array(&self, indices: Range<usize>) -> Result<ArrayRef> {
        match &self.whole {
            Some(whole) => whole.slice(indices.start * self.length, indices.len() * self.length).to_array(),
            None => {
                let parts = indices.map(|index| self.series(index)).collect::<Result<Vec<_>>>()?;
                StridedBuffer::to_array_of_all(&parts)
            }
        }
    }

    /// Each of them.
    ///
    /// # Errors
    ///
    /// As [`Matrix::series`].
    pub fn to_series(&self) -> Result<Vec<Series>> {
        (0..self.count).map(|index| Series::new(None, vec![Chunk::Strided(self.series(index)?)])).collect()
    }
}

impl fmt::Debug for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Matrix").field("count", &self.count).field("length", &self.length).finish_non_exhaustive()
    }
}
