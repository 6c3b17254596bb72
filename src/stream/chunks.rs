//! Rows that are kept until their window closes.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, UInt32Array};
#[cfg(feature = "stream")]
use arrow_schema::FieldRef;
use arrow_schema::{ArrowError, DataType};
use arrow_select::concat::concat;
use arrow_select::take::take;

#[cfg(feature = "stream")]
use super::stored::{Store, Stored};
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
    place: Place,
    rows: usize,
    /// What its columns take in memory.
    bytes: usize,
}

#[derive(Clone, Debug)]
enum Place {
    /// Memory that is the caller's.
    Borrowed(Vec<ArrayRef>),
    Memory(Vec<ArrayRef>),
    #[cfg(feature = "stream")]
    File(Stored),
}

/// The rows of chunks, all of them in memory.
#[derive(Clone, Debug)]
pub(super) struct Loaded {
    chunks: Vec<Vec<ArrayRef>>,
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

impl Place {
    /// `None` if they are in a file.
    fn columns(&self) -> Option<&Vec<ArrayRef>> {
        match self {
            Self::Borrowed(columns) | Self::Memory(columns) => Some(columns),
            #[cfg(feature = "stream")]
            Self::File(_) => None,
        }
    }
}

impl Chunk {
    fn owned(columns: Vec<ArrayRef>, rows: usize) -> Self {
        Self { bytes: bytes(&columns), place: Place::Memory(columns), rows }
    }

    fn load(&self) -> Result<Vec<ArrayRef>> {
        match &self.place {
            Place::Borrowed(columns) | Place::Memory(columns) => Ok(columns.clone()),
            #[cfg(feature = "stream")]
            Place::File(stored) => stored.read(),
        }
    }
}

impl Chunks {
    /// Rows that are the caller's no more.
    #[cfg(feature = "stream")]
    pub fn owned(columns: Vec<ArrayRef>, rows: usize) -> Self {
        Self { chunks: vec![Chunk::owned(columns, rows)] }
    }

    pub fn rows(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.rows).sum()
    }

    /// The bytes of memory that it takes.
    pub fn bytes(&self) -> usize {
        let in_memory = |chunk: &&Chunk| chunk.place.columns().is_some();
        let columns: usize = self.chunks.iter().filter(in_memory).map(|chunk| chunk.bytes).sum();
        columns + size_of::<Chunk>() * self.chunks.len()
    }

    /// The bytes of memory that its rows take once they are all there.
    pub fn loaded_bytes(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.bytes).sum()
    }

    pub fn are_in_memory(&self) -> bool {
        self.chunks.iter().all(|chunk| chunk.place.columns().is_some())
    }

    /// Adds rows of these columns: ranges that ascend. One range is not copied until [`Chunks::own`].
    pub fn add(&mut self, columns: &[ArrayRef], ranges: &[Range<u32>]) -> Result<()> {
        let rows: usize = ranges.iter().map(|range| range.len()).sum();
        let place = match ranges {
            [] => return Ok(()),
            [range] => {
                let slice = |column: &ArrayRef| column.slice(range.start as usize, range.len());
                Place::Borrowed(columns.iter().map(slice).collect())
            }
            _ if rows >= RUN * ranges.len() => {
                let joined = |column: &ArrayRef| {
                    let slices: Vec<_> =
                        ranges.iter().map(|range| column.slice(range.start as usize, range.len())).collect();
                    concat(&slices.iter().map(AsRef::as_ref).collect::<Vec<_>>())
                };
                Place::Memory(each(columns, rows, joined)?)
            }
            _ => {
                let indices = UInt32Array::from_iter_values(ranges.iter().cloned().flatten());
                Place::Memory(each(columns, rows, |column| take(column, &indices, None))?)
            }
        };
        let bytes = place.columns().map_or(0, |columns| bytes(columns));
        self.chunks.push(Chunk { place, rows, bytes });
        Ok(())
    }

    /// Adds rows that nobody else has.
    pub fn push(&mut self, columns: Vec<ArrayRef>, rows: usize) {
        self.chunks.push(Chunk::owned(columns, rows));
    }

    /// Whether some of it is the caller's, or is small.
    pub fn holds_borrowed(&self) -> bool {
        self.chunks.iter().any(|chunk| matches!(chunk.place, Place::Borrowed(_)))
            || self.chunks.len() > 1 && self.chunks[0].rows < SMALL
    }

    /// Copies what is the caller's, and joins small chunks.
    pub fn own(&mut self) -> Result<()> {
        for chunk in &mut self.chunks {
            if let Place::Borrowed(columns) = &chunk.place {
                chunk.place = Place::Memory(each(columns, chunk.rows, copied)?);
            }
        }
        // As the digits of a number that counts up: each row is copied as often as there are digits.
        while let [.., before, last] = &self.chunks[..]
            && before.rows < SMALL
            && before.rows <= 2 * last.rows
            && let (Some(of_before), Some(of_last)) = (before.place.columns(), last.place.columns())
        {
            let rows = before.rows + last.rows;
            let columns: Vec<ArrayRef> = (of_before.iter().zip(of_last))
                .map(|(before, last)| concat(&[before, last]).map_err(failed))
                .collect::<Result<_>>()?;
            self.chunks.truncate(self.chunks.len() - 2);
            self.chunks.push(Chunk::owned(columns, rows));
        }
        Ok(())
    }

    /// Writes what is in memory to a file.
    #[cfg(feature = "stream")]
    pub fn spill(&mut self, fields: &[FieldRef], store: &mut Store) -> Result<()> {
        for chunk in &mut self.chunks {
            if let Place::Borrowed(columns) | Place::Memory(columns) = &mut chunk.place {
                chunk.place = Place::File(store.write(fields, std::mem::take(columns), chunk.rows)?);
            }
        }
        Ok(())
    }

    /// Writes one after the other to files, until `excess` bytes of memory are free.
    #[cfg(feature = "stream")]
    pub fn spill_some<'a>(
        all: impl Iterator<Item = &'a mut Self>,
        mut excess: usize,
        fields: &[FieldRef],
        store: &mut Store,
    ) -> Result<()> {
        for chunks in all {
            if excess == 0 {
                break;
            }
            let before = chunks.bytes();
            chunks.spill(fields, store)?;
            excess = excess.saturating_sub(before - chunks.bytes());
        }
        Ok(())
    }

    /// The same rows and those of others, none of them copied.
    pub fn joined<'a>(all: impl Iterator<Item = &'a Self>) -> Self {
        Self { chunks: all.flat_map(|chunks| chunks.chunks.iter().cloned()).collect() }
    }

    /// All rows, those of files too.
    pub fn load(&self) -> Result<Loaded> {
        Ok(Loaded { chunks: self.each().collect::<Result<_>>()? })
    }

    /// One column of all rows.
    pub fn load_column(&self, index: usize) -> Result<Loaded> {
        let chunks = self.each().map(|columns| Ok(vec![columns?.swap_remove(index)]));
        Ok(Loaded { chunks: chunks.collect::<Result<_>>()? })
    }

    /// The columns of one chunk after the other.
    pub fn each(&self) -> impl Iterator<Item = Result<Vec<ArrayRef>>> {
        self.chunks.iter().map(Chunk::load)
    }
}

impl Loaded {
    /// Chunks with these columns.
    pub fn of(chunks: Vec<Vec<ArrayRef>>) -> Self {
        Self { chunks }
    }

    /// All rows in one chunk.
    pub fn columns(&self, count: usize) -> Result<Vec<ArrayRef>> {
        (0..count).map(|index| self.whole_column(index)).collect()
    }

    /// A column, chunk by chunk.
    pub fn column(&self, index: usize) -> Vec<ArrayRef> {
        self.chunks.iter().map(|columns| columns[index].clone()).collect()
    }

    /// A column in one piece.
    pub fn whole_column(&self, index: usize) -> Result<ArrayRef> {
        match &self.column(index)[..] {
            [array] => Ok(array.clone()),
            arrays => concat(&arrays.iter().map(AsRef::as_ref).collect::<Vec<_>>()).map_err(failed),
        }
    }

    /// The bytes that it takes.
    pub fn bytes(&self) -> usize {
        self.chunks.iter().map(|columns| bytes(columns)).sum()
    }
}
