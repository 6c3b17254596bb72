//! Rows of partitions in memory, and the form in which they are written to a file.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::builder::BinaryBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, UInt64Type};
use arrow_array::{Array, ArrayRef, BinaryArray, Decimal128Array, RecordBatch, UInt64Array};
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

    /// The blocks one by one.
    pub fn into_blocks(self) -> impl Iterator<Item = (Block<C>, Option<BinaryArray>)> {
        self.blocks.into_iter().zip(self.texts)
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

    /// Hands the rows of a partition to `write`, those of a few blocks at a time: codes, long keys, values.
    pub fn write(
        &self,
        layout: &Layout,
        partition: usize,
        mut write: impl FnMut(&RecordBatch) -> Result<()>,
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
            if let Some(batch) = self.batch(layout, partition, start..end)? {
                write(&batch)?;
            }
            start = end;
        }
        Ok(())
    }

    /// The rows of a partition in some blocks, if there are any.
    fn batch(&self, layout: &Layout, partition: usize, blocks: Range<usize>) -> Result<Option<RecordBatch>> {
        let runs = blocks.map(|number| (number, self.blocks[number].run(partition)));
        let runs: Vec<(usize, Range<usize>)> = runs.filter(|(_, run)| !run.is_empty()).collect();
        let Some((first, _)) = runs.first() else { return Ok(None) };
        let codes = runs.iter().flat_map(|(block, run)| &self.blocks[*block].codes[run.clone()]);
        let mut columns: Vec<ArrayRef> = vec![match layout.is_wide() {
            true => Arc::new(Decimal128Array::from_iter_values(codes.map(|code| code.to_u128() as i128))),
            false => Arc::new(UInt64Array::from_iter_values(codes.map(|code| code.to_u128() as u64))),
        }];
        if layout.has_texts() {
            let lengths = runs.iter().filter_map(|(block, run)| {
                let offsets = self.texts[*block].as_ref()?.value_offsets();
                Some((offsets[run.end] - offsets[run.start]) as usize)
            });
            let rows = runs.iter().map(|(_, run)| run.len()).sum();
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
        RecordBatch::try_new(schema, columns).map(Some).map_err(Error::from_grouping)
    }
}

/// What [`Blocks::write`] has written, in pieces of no more rows than a block: their codes, and their values.
pub(super) fn pieces<C: KeyCode>(
    layout: &Layout,
    batch: &RecordBatch,
) -> impl Iterator<Item = (Coded<C>, Vec<ArrayRef>)> {
    let codes: Vec<C> = match batch.column(0).as_primitive_opt::<UInt64Type>() {
        Some(narrow) => narrow.values().iter().map(|&code| C::from_u128(code.into())).collect(),
        None => {
            let wide = batch.column(0).as_primitive::<Decimal128Type>();
            wide.values().iter().map(|&code| C::from_u128(code as u128)).collect()
        }
    };
    let texts = layout.has_texts().then(|| batch.column(1).as_binary::<i32>().clone());
    let values = batch.columns()[1 + usize::from(texts.is_some())..].to_vec();
    (0..codes.len()).step_by(ROWS).map(move |start| {
        let rows = ROWS.min(codes.len() - start);
        let texts = texts.as_ref().map(|texts| texts.slice(start, rows));
        let coded = Coded { codes: codes[start..start + rows].to_vec(), nulls: None, texts };
        (coded, values.iter().map(|values| values.slice(start, rows)).collect())
    })
}
