//! Rows that are kept until their window closes.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, UInt32Array};
use arrow_schema::{ArrowError, DataType};
use arrow_select::concat::concat;
use arrow_select::take::take;

use crate::error::{Error, Result};
use crate::threads::Threads;

/// Chunks of fewer rows are joined, so that there are few of them.
const SMALL: usize = 1 << 15;

/// From this mean length on, runs of neighbouring rows are copied run by run; shorter ones row by row.
const RUN: usize = 16;

/// Columns of rows, in chunks.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunks {
    chunks: Vec<Chunk>,
}

#[derive(Clone, Debug)]
struct Chunk {
    columns: Vec<ArrayRef>,
    rows: usize,
    bytes: usize,
    /// Whether its memory is the caller's.
    is_borrowed: bool,
}

pub(super) fn failed(error: ArrowError) -> Error {
    Error::Data(format!("the rows of open windows cannot be brought together: {error}"))
}

/// Each column by this function, on the threads of the pool where there are many rows.
fn each(
    columns: &[ArrayRef],
    rows: usize,
    make: impl Fn(&ArrayRef) -> Result<ArrayRef, ArrowError> + Sync + Send,
) -> Result<Vec<ArrayRef>> {
    Threads::for_values(rows * columns.len()).try_map_items(columns, make).map_err(failed)
}

/// A copy that holds nothing else in memory.
fn copied(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match array.data_type() {
        DataType::Utf8View => Ok(Arc::new(array.as_string_view().gc())),
        DataType::BinaryView => Ok(Arc::new(array.as_binary_view().gc())),
        // One array alone would not be copied.
        _ => concat(&[array, &array.slice(0, 0)]),
    }
}

fn bytes(columns: &[ArrayRef]) -> usize {
    // What no array can say counts as what it holds in all.
    let of =
        |array: &ArrayRef| array.to_data().get_slice_memory_size().unwrap_or_else(|_| array.get_array_memory_size());
    columns.iter().map(of).sum()
}

impl Chunks {
    pub fn rows(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.rows).sum()
    }

    /// The bytes that it takes.
    pub fn bytes(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.bytes + size_of::<Chunk>()).sum()
    }

    /// Adds rows of these columns: ranges that ascend. One range is not copied until [`Chunks::own`].
    pub fn add(&mut self, columns: &[ArrayRef], ranges: &[Range<u32>]) -> Result<()> {
        let rows: usize = ranges.iter().map(|range| range.len()).sum();
        let (columns, is_borrowed) = match ranges {
            [] => return Ok(()),
            [range] => {
                let slice = |column: &ArrayRef| column.slice(range.start as usize, range.len());
                (columns.iter().map(slice).collect(), true)
            }
            _ if rows >= RUN * ranges.len() => {
                let joined = |column: &ArrayRef| {
                    let slices: Vec<_> =
                        ranges.iter().map(|range| column.slice(range.start as usize, range.len())).collect();
                    concat(&slices.iter().map(AsRef::as_ref).collect::<Vec<_>>())
                };
                (each(columns, rows, joined)?, false)
            }
            _ => {
                let indices = UInt32Array::from_iter_values(ranges.iter().cloned().flatten());
                (each(columns, rows, |column| take(column, &indices, None))?, false)
            }
        };
        self.add_owned(columns, rows, is_borrowed);
        Ok(())
    }

    pub fn add_owned(&mut self, columns: Vec<ArrayRef>, rows: usize, is_borrowed: bool) {
        let bytes = bytes(&columns);
        self.chunks.push(Chunk { columns, rows, bytes, is_borrowed });
    }

    /// Whether some of it is the caller's, or is small.
    pub fn holds_borrowed(&self) -> bool {
        self.chunks.iter().any(|chunk| chunk.is_borrowed) || self.chunks.len() > 1 && self.chunks[0].rows < SMALL
    }

    /// Copies what is the caller's, and joins small chunks.
    pub fn own(&mut self) -> Result<()> {
        for chunk in &mut self.chunks {
            if chunk.is_borrowed {
                chunk.columns = each(&chunk.columns, chunk.rows, copied)?;
                chunk.is_borrowed = false;
            }
        }
        // As the digits of a number that counts up: each row is copied as often as there are digits.
        while let [.., before, last] = &self.chunks[..]
            && before.rows < SMALL
            && before.rows <= 2 * last.rows
        {
            let rows = before.rows + last.rows;
            let columns: Vec<ArrayRef> = (0..last.columns.len())
                .map(|index| concat(&[&before.columns[index], &last.columns[index]]).map_err(failed))
                .collect::<Result<_>>()?;
            self.chunks.truncate(self.chunks.len() - 2);
            self.add_owned(columns, rows, false);
        }
        Ok(())
    }

    /// The same rows and those of others, none of them copied.
    pub fn joined<'a>(all: impl Iterator<Item = &'a Self>) -> Self {
        Self { chunks: all.flat_map(|chunks| chunks.chunks.iter().cloned()).collect() }
    }

    /// All rows in one chunk.
    #[cfg(feature = "stream")]
    pub fn columns(&self, count: usize) -> Result<Vec<ArrayRef>> {
        (0..count).map(|index| self.whole_column(index)).collect()
    }

    /// A column, chunk by chunk.
    pub fn column(&self, index: usize) -> Vec<ArrayRef> {
        self.chunks.iter().map(|chunk| chunk.columns[index].clone()).collect()
    }

    /// A column in one piece.
    pub fn whole_column(&self, index: usize) -> Result<ArrayRef> {
        match &self.column(index)[..] {
            [array] => Ok(array.clone()),
            arrays => concat(&arrays.iter().map(AsRef::as_ref).collect::<Vec<_>>()).map_err(failed),
        }
    }
}
