//! Rows dealt out to partitions by their key, in memory as long as the pool has room for them, and then in a temporary file.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use arrow_array::builder::BinaryBuilder;
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};

use super::blocks::{Blocks, MOST_BLOCKS};
use super::layout::{Coded, KeyCode, Layout};
use super::spill::{Segment, Spill};
use super::table::Table;
use crate::describe::KeyTable;
use crate::describe::groups::{Block, Partitioning, ROWS, distinct};
use crate::error::{Error, Result};
use crate::memory_pool::Reservation;
use crate::parquet::execute::context::ExecutionContext;
use crate::series::from_arrow::take_rows;
use crate::unpoisoned::Unpoisoned;

/// One part in `HEADROOM` of the pool is left to rows that are decoded and groups that are described.
const HEADROOM: u64 = 3;

/// The least number of rows that a partition is dealt out again for, so that there are several partitions, however few and wide the rows are.
const LEAST_ROWS: u64 = 1 << 20;

/// See the [module](self).
pub(super) struct PartitionedRows<'a, C> {
    pub run: &'a ExecutionContext<'a>,
    pub table: &'a Table,
    pub layout: &'a Layout,
    pub seed: u64,
    /// How often the rows were dealt out before.
    pub depth: u32,
    /// How many rows there will be at most.
    rows: u64,
    pub partitioning: OnceLock<Partitioning<C>>,
    held: Mutex<Held<C>>,
    file: OnceLock<Arc<Spill>>,
    pub on_disk: OnceLock<OnDisk>,
}

/// Rows in memory.
pub(super) struct Held<C> {
    pub rows: Blocks<C>,
    memory: Reservation,
}

/// Rows of each partition in a file.
pub(super) struct OnDisk {
    pub spill: Arc<Spill>,
    pub segments: Vec<Mutex<Vec<Segment>>>,
}

impl<'a, C: KeyCode> PartitionedRows<'a, C> {
    /// Nothing dealt out yet; `rows` are expected.
    pub fn new(run: &'a ExecutionContext<'a>, table: &'a Table, layout: &'a Layout, rows: u64) -> Self {
        let held = Held { rows: Blocks::default(), memory: run.plan.budget.pool.empty() };
        Self {
            run,
            table,
            layout,
            seed: RandomState::new().hash_one(0) | 1,
            depth: 0,
            rows,
            partitioning: OnceLock::new(),
            held: Mutex::new(held),
            file: OnceLock::new(),
            on_disk: OnceLock::new(),
        }
    }

    /// The same for `rows` rows of one partition, in the same file.
    pub fn deeper(&self, on_disk: &OnDisk, rows: u64) -> Self {
        Self {
            depth: self.depth + 1,
            file: OnceLock::from(Arc::clone(&on_disk.spill)),
            ..Self::new(self.run, self.table, self.layout, rows.max(LEAST_ROWS))
        }
    }

    /// Rows, dealt out; `None` if a key does not fit the layout.
    pub fn dealt(&self, batch: &RecordBatch) -> Result<Option<Blocks<C>>> {
        let mut dealt = Blocks::default();
        for start in (0..batch.num_rows()).step_by(ROWS) {
            let rows = batch.slice(start, ROWS.min(batch.num_rows() - start));
            let (keys, values) = rows.columns().split_at(self.table.keys);
            let Some(coded) = self.layout.codes(keys, rows.num_rows())? else { return Ok(None) };
            self.deal(coded, values, &mut dealt)?;
        }
        Ok(Some(dealt))
    }

    /// Deals rows out, no more than a block has.
    pub fn deal(&self, coded: Coded<C>, values: &[ArrayRef], to: &mut Blocks<C>) -> Result<()> {
        let Coded { codes, nulls, texts } = coded;
        let is_long = |code: C| texts.is_some() && code.is_long_text();
        let partitioning = self.partitioning.get_or_init(|| {
            // Of keys that their code does not tell, none is taken for a frequent one.
            let there = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) && !is_long(codes[row]);
            Partitioning::by_hash(codes.len(), self.rows as usize, self.seed, there, |row| codes[row])
        });
        let rows = 0..codes.len() as u32;
        let mut block = Block::new(rows, nulls.as_ref(), |row| codes[row], |_, _, _| true, partitioning);
        block.values = values.iter().map(|values| take_rows(values, &block.rows)).collect::<Result<_>>()?;
        let long = texts.as_ref().filter(|_| codes.iter().any(|&code| is_long(code))).map(|texts| {
            let long = codes.iter().enumerate().filter(|(_, code)| is_long(**code));
            let bytes = long.map(|(row, _)| texts.value_length(row) as usize).sum();
            let mut long = BinaryBuilder::with_capacity(codes.len(), bytes);
            for (&row, &code) in block.rows.iter().zip(&block.codes) {
                long.append_value(if is_long(code) { texts.value(row as usize) } else { &[] });
            }
            long.finish()
        });
        block.rows = Vec::new();
        to.push(block, long);
        Ok(())
    }

    pub fn held(&self) -> MutexGuard<'_, Held<C>> {
        self.held.lock().unpoisoned()
    }

    /// The rows in memory, which are no longer there then.
    pub fn take(&self) -> Held<C> {
        let nothing = Held { rows: Blocks::default(), memory: self.run.plan.budget.pool.empty() };
        std::mem::replace(&mut *self.held(), nothing)
    }

    /// Keeps rows in memory, or gives them back if there is no room for them.
    pub fn keep(&self, rows: Blocks<C>) -> Result<(), Blocks<C>> {
        let (bytes, pool) = (rows.bytes(), &self.run.plan.budget.pool);
        let mut held = self.held();
        let fits = held.rows.blocks.len() + rows.blocks.len() <= MOST_BLOCKS;
        if !fits || held.memory.try_grow(bytes, pool.capacity() / HEADROOM).is_err() {
            return Err(rows);
        }
        held.rows.append(rows);
        Ok(())
    }

    /// Whether rows have been written to the file.
    pub fn has_spilled(&self) -> bool {
        self.on_disk.get().is_some()
    }

    /// Writes these rows to the file, and those in memory.
    pub fn spill(&self, mut rows: Blocks<C>) -> Result<()> {
        let Held { rows: held, memory } = self.take();
        rows.append(held);
        let Some(partitioning) = self.partitioning.get() else { return Ok(()) };
        let on_disk = match self.on_disk.get() {
            Some(on_disk) => on_disk,
            None => {
                tracing::info!(rows = self.rows, "rows do not fit in memory, and go to a temporary file");
                let spill = match self.file.get() {
                    Some(file) => Arc::clone(file),
                    None => Arc::new(Spill::new(&self.run.plan.request.temporary)?),
                };
                self.on_disk.get_or_init(|| OnDisk::new(spill, partitioning.without() + 1))
            }
        };
        for partition in 0..=partitioning.without() {
            self.run.interrupt.check()?;
            rows.write(self.layout, partition, |batch| on_disk.write(partition, batch))?;
        }
        drop((rows, memory));
        Ok(())
    }

    /// The rows in memory, with their keys, block by block.
    pub fn batches(&self) -> impl Iterator<Item = Result<RecordBatch>> {
        let Held { rows, memory } = self.take();
        let without = self.partitioning.get().map_or(0, Partitioning::without);
        rows.into_blocks().map(move |(block, texts)| {
            let _held = &memory;
            let null = block.run(without);
            let codes = block.codes.iter().enumerate();
            let codes: Vec<Option<C>> =
                codes.map(|(place, &code)| Some(code).filter(|_| !null.contains(&place))).collect();
            let keys = self.layout.keys(&codes, &|place| texts.as_ref().map_or(&[], |texts| texts.value(place)))?;
            let columns = keys.columns().iter().chain(&block.values).cloned().collect();
            let options = RecordBatchOptions::new().with_row_count(Some(codes.len()));
            RecordBatch::try_new_with_options(self.table.schema.clone(), columns, &options)
                .map_err(Error::from_grouping)
        })
    }

    /// About how many groups the rows in memory have, and how many rows there are.
    pub fn groups(&self) -> (usize, u64) {
        let held = self.held();
        let Some(partitioning) = self.partitioning.get() else { return (0, 0) };
        let of_partition = |partition: usize| distinct(&held.rows.blocks, partition, KeyTable::new(self.seed));
        (0..=partitioning.without())
            .map(of_partition)
            .fold((0, 0), |(groups, rows), (more, here)| (groups + more, rows + here))
    }
}

impl OnDisk {
    fn new(spill: Arc<Spill>, partitions: usize) -> Self {
        Self { spill, segments: (0..partitions).map(|_| Mutex::default()).collect() }
    }

    fn write(&self, partition: usize, batch: &RecordBatch) -> Result<()> {
        let segment = self.spill.write(batch)?;
        self.segments[partition].lock().unpoisoned().push(segment);
        Ok(())
    }

    /// The segments of a partition, which are no longer known then.
    pub fn take(&self, partition: usize) -> Vec<Segment> {
        std::mem::take(&mut *self.segments[partition].lock().unpoisoned())
    }

    /// How many rows were written.
    pub fn rows(&self) -> u64 {
        let rows = self.segments.iter().map(|segments| {
            let segments = segments.lock().unpoisoned();
            segments.iter().map(|segment| segment.rows as u64).sum::<u64>()
        });
        rows.sum()
    }
}
