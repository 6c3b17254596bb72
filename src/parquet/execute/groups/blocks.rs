//! Rows of partitions in memory, and the form in which they are written to a file.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::builder::BinaryBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, UInt32Type, UInt64Type};
use arrow_array::{Array, ArrayRef, BinaryArray, Decimal128Array, RecordBatch, UInt32Array, UInt64Array};
use arrow_schema::{Field, Schema};
use arrow_select::concat::concat;

use super::layout::{Coded, KeyCode, Layout};
use crate::describe::groups::{Block, ROWS};
use crate::error::{Error, Result};

/// Rows of a partition that are written to the file together.
const TOGETHER: usize = 1 << 17;

/// Blocks that rows have numbers for.
pub(super) const MOST_BLOCKS: usize = u32::MAX as usize / ROWS;

/// Rows of partitions, with the bytes of their keys where codes do not tell all of them.
pub(super) struct Blocks<C> {
    pub blocks: Vec<Block<C>>,
    /// Of each block the bytes of its long keys, if it has any.
    texts: Vec<Option<BinaryArray>>,
}

impl<C> Default for Blocks<C> {
    fn default() -> Self {
        Self { blocks: Vec::new(), texts: Vec::new() }
    }
}

/// Rows of a partition in the form in which they are written to a file.
pub(super) struct StoredRows {
    /// The least of their codes.
    pub low: u128,
    /// How far each code is above it, in the fewest bytes; the bytes of long keys, if the layout has any; the values.
    pub columns: RecordBatch,
}

/// The number of a row.
pub(super) fn id(block: usize, place: usize) -> u32 {
    (block * ROWS + place % ROWS) as u32
}

impl<C: KeyCode> Blocks<C> {
    pub fn push(&mut self, block: Block<C>, texts: Option<BinaryArray>) {
        self.blocks.push(block);
        self.texts.push(texts);
    }

    pub fn append(&mut self, mut other: Self) {
        self.blocks.append(&mut other.blocks);
        self.texts.append(&mut other.texts);
    }

    /// The bytes of memory that they take.
    pub fn bytes(&self) -> u64 {
        let arrays = |block: &Block<C>| block.values.iter().map(Array::get_array_memory_size).sum::<usize>();
        let blocks = self.blocks.iter().map(|block| block.own_bytes() + arrays(block));
        let texts = self.texts.iter().flatten().map(Array::get_array_memory_size);
        blocks.chain(texts).sum::<usize>() as u64
    }

    /// The bytes of a long key, by the number of its row.
    pub fn text(&self, row: u32) -> &[u8] {
        let (block, place) = (row as usize / ROWS, row as usize % ROWS);
        self.texts[block].as_ref().map_or(&[], |texts| texts.value(place))
    }

    /// Hands the rows of a partition to `write`, those of a few blocks at a time.
    pub fn write(
        &self,
        layout: &Layout,
        partition: usize,
        mut write: impl FnMut(StoredRows) -> Result<()>,
    ) -> Result<()> {
        let mut start = 0;
        while start < self.blocks.len() {
            let mut rows = 0;
            let together = self.blocks[start..].iter().take_while(|block| {
                let fits = rows < TOGETHER;
                rows += block.run(partition).len();
                fits
            });
            let end = start + together.count();
            if let Some(rows) = self.stored(layout, partition, start..end)? {
                write(rows)?;
            }
            start = end;
        }
        Ok(())
    }

    /// The rows of a partition in some blocks, if there are any.
    fn stored(&self, layout: &Layout, partition: usize, blocks: Range<usize>) -> Result<Option<StoredRows>> {
        let runs = blocks.map(|number| (number, self.blocks[number].run(partition)));
        let runs: Vec<(usize, Range<usize>)> = runs.filter(|(_, run)| !run.is_empty()).collect();
        let Some((first, _)) = runs.first() else { return Ok(None) };
        let codes = || runs.iter().map(|(block, run)| &self.blocks[*block].codes[run.clone()]);
        let rows = runs.iter().map(|(_, run)| run.len()).sum();
        let bounds = codes().flatten().copied();
        let bounds =
            bounds.fold((u128::MAX, 0), |(low, high), code| (low.min(code.to_u128()), high.max(code.to_u128())));
        let (low, range) = (bounds.0, bounds.1 - bounds.0);
        let mut columns: Vec<ArrayRef> = vec![match () {
            () if u32::try_from(range).is_ok() => {
                Arc::new(UInt32Array::from(together(codes(), rows, |code| (code.to_u128() - low) as u32)))
            }
            () if u64::try_from(range).is_ok() => {
                Arc::new(UInt64Array::from(together(codes(), rows, |code| (code.to_u128() - low) as u64)))
            }
            () => Arc::new(Decimal128Array::from(together(codes(), rows, |code| (code.to_u128() - low) as i128))),
        }];
        if layout.has_texts() {
            let lengths = runs.iter().filter_map(|(block, run)| {
                let offsets = self.texts[*block].as_ref()?.value_offsets();
                Some((offsets[run.end] - offsets[run.start]) as usize)
            });
            let mut texts = BinaryBuilder::with_capacity(rows, lengths.sum());
            for (block, run) in &runs {
                let here = self.texts[*block].as_ref();
                run.clone().for_each(|place| texts.append_value(here.map_or(&[][..], |here| here.value(place))));
            }
            columns.push(Arc::new(texts.finish()));
        }
        for series in 0..self.blocks[*first].values.len() {
            let slices = runs.iter().map(|(block, run)| self.blocks[*block].values[series].slice(run.start, run.len()));
            let slices: Vec<ArrayRef> = slices.collect();
            let slices: Vec<&dyn Array> = slices.iter().map(AsRef::as_ref).collect();
            columns.push(concat(&slices).map_err(Error::from_grouping)?);
        }
        let fields = columns.iter().enumerate();
        let fields = fields.map(|(index, column)| Field::new(index.to_string(), column.data_type().clone(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let columns = RecordBatch::try_new(schema, columns).map_err(Error::from_grouping)?;
        Ok(Some(StoredRows { low, columns }))
    }
}

/// The codes of several runs, one after the other, each as another number.
fn together<'a, C: Copy + 'a, N>(runs: impl Iterator<Item = &'a [C]>, rows: usize, number: impl Fn(C) -> N) -> Vec<N> {
    let mut numbers = Vec::with_capacity(rows);
    runs.for_each(|run| numbers.extend(run.iter().map(|&code| number(code))));
    numbers
}

/// Rows as they were written, in pieces of no more than a block has: their codes, and their values.
pub(super) fn pieces<C: KeyCode>(
    layout: &Layout,
    StoredRows { low, columns }: StoredRows,
) -> impl Iterator<Item = (Coded<C>, Vec<ArrayRef>)> {
    let codes = columns.column(0).clone();
    let texts = layout.has_texts().then(|| columns.column(1).as_binary::<i32>().clone());
    let values = columns.columns()[1 + usize::from(texts.is_some())..].to_vec();
    (0..codes.len()).step_by(ROWS).map(move |start| {
        let rows = ROWS.min(codes.len() - start);
        let texts = texts.as_ref().map(|texts| texts.slice(start, rows));
        let coded = Coded { codes: read_codes(low, &codes.slice(start, rows)), nulls: None, texts };
        (coded, values.iter().map(|values| values.slice(start, rows)).collect())
    })
}

fn read_codes<C: KeyCode>(low: u128, above: &ArrayRef) -> Vec<C> {
    if let Some(above) = above.as_primitive_opt::<UInt32Type>() {
        return above.values().iter().map(|&above| C::from_u128(low + u128::from(above))).collect();
    }
    if let Some(above) = above.as_primitive_opt::<UInt64Type>() {
        return above.values().iter().map(|&above| C::from_u128(low + u128::from(above))).collect();
    }
    above.as_primitive::<Decimal128Type>().values().iter().map(|&above| C::from_u128(low + above as u128)).collect()
}
