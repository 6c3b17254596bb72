//! Rows dealt out to partitions by their key, in memory as long as the pool has room for them, and then in a temporary file.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use arrow_array::builder::BinaryBuilder;
use arrow_array::{ArrayRef, RecordBatch};

use super::blocks::{Blocks, MOST_BLOCKS, StoredRows};
use super::frequent::FrequentScans;
use super::layout::{Coded, KeyCode, Layout};
use super::stored_batches::{Segment, StoredBatches};
use super::table::Table;
use super::taker::TakeGroups;
use crate::describe::groups::{Block, Partitioning, ROWS};
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
    file: OnceLock<Arc<StoredBatches>>,
    pub on_disk: OnceLock<OnDisk>,
    /// What takes the rows of frequent keys, if there are any.
    pub frequent: Option<FrequentScans<C>>,
    /// Who takes the groups instead of an answer.
    pub taker: Option<&'a dyn TakeGroups>,
    /// Set where all rows have to be read once more, with codes of another layout.
    starts_again: &'a AtomicBool,
}

/// Rows in memory.
pub(super) struct Held<C> {
    pub rows: Blocks<C>,
    memory: Reservation,
}

/// Rows of each partition in a file.
pub(super) struct OnDisk {
    pub spill: Arc<StoredBatches>,
    segments: Vec<Mutex<Vec<RowSegment>>>,
}

/// Rows in a file.
pub(super) struct RowSegment {
    /// The least of their codes.
    low: u128,
    at: Segment,
}

impl RowSegment {
    pub fn rows(&self) -> u64 {
        self.at.rows as u64
    }

    /// Bytes in the file.
    pub fn bytes(&self) -> u64 {
        self.at.at.length as u64
    }
}

impl<'a, C: KeyCode> PartitionedRows<'a, C> {
    /// Nothing dealt out yet; `rows` are expected. See [`PartitionedRows::start_again`].
    pub fn new(
        run: &'a ExecutionContext<'a>,
        table: &'a Table,
        layout: &'a Layout,
        rows: u64,
        starts_again: &'a AtomicBool,
    ) -> Self {
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
            frequent: None,
            taker: None,
            starts_again,
        }
    }

    /// The same for `rows` rows of one partition, in the same file.
    pub fn deeper(&self, on_disk: &OnDisk, rows: u64) -> Self {
        Self {
            depth: self.depth + 1,
            file: OnceLock::from(Arc::clone(&on_disk.spill)),
            taker: self.taker,
            ..Self::new(self.run, self.table, self.layout, rows.max(LEAST_ROWS), self.starts_again)
        }
    }

    /// Two long keys have one hash, or a key lies where files said that there are none: what is returned ends the attempt.
    pub fn start_again(&self) -> Error {
        self.starts_again.store(true, Relaxed);
        Error::Invalid("keys that their codes do not tell".to_owned())
    }

    /// Chooses the partitions by these rows, from wherever they come, and deals them out; `None` if a key does not fit the layout.
    pub fn deal_looked_at(&self, batches: &[RecordBatch]) -> Result<Option<Blocks<C>>> {
        let pieces = batches.iter().flat_map(|batch| self.coded(batch)).collect::<Result<Option<Vec<_>>>>()?;
        let Some(pieces) = pieces else { return Ok(None) };
        let rows = || pieces.iter().flat_map(|(coded, _)| (0..coded.codes.len()).map(move |row| (coded, row)));
        let codes: Vec<C> = rows().map(|(coded, row)| coded.codes[row]).collect();
        let have_key: Vec<bool> = rows().map(|(coded, row)| coded.has_key(row)).collect();
        let partitioning =
            Partitioning::by_hash(codes.len(), self.rows as usize, self.seed, |row| have_key[row], |row| codes[row]);
        self.partitioning.get_or_init(|| partitioning);
        let mut looked_at = Blocks::default();
        for (coded, values) in pieces {
            self.deal(coded, &values, None, &mut looked_at)?;
        }
        Ok(Some(looked_at))
    }

    /// Rows, dealt out, without those that scans of frequent keys take; `None` if a key does not fit the layout.
    pub fn dealt(&self, batch: &RecordBatch, frequent: Option<&FrequentScans<C>>) -> Result<Option<Blocks<C>>> {
        let mut dealt = Blocks::default();
        for piece in self.coded(batch) {
            let Some((coded, values)) = piece? else { return Ok(None) };
            self.deal(coded, &values, frequent, &mut dealt)?;
        }
        Ok(Some(dealt))
    }

    /// Rows in pieces of no more than a block has: their codes, if their keys fit the layout, and their values.
    fn coded(&self, batch: &RecordBatch) -> impl Iterator<Item = Result<Option<(Coded<C>, Vec<ArrayRef>)>>> {
        (0..batch.num_rows()).step_by(ROWS).map(move |start| {
            let rows = batch.slice(start, ROWS.min(batch.num_rows() - start));
            let (keys, values) = rows.columns().split_at(self.table.keys);
            Ok(self.layout.codes(keys, rows.num_rows())?.map(|coded| (coded, values.to_vec())))
        })
    }

    /// Deals rows out, no more than a block has.
    pub fn deal(
        &self,
        coded: Coded<C>,
        values: &[ArrayRef],
        frequent: Option<&FrequentScans<C>>,
        to: &mut Blocks<C>,
    ) -> Result<()> {
        let partitioning = self.partitioning.get_or_init(|| {
            let rows = coded.codes.len();
            Partitioning::by_hash(rows, self.rows as usize, self.seed, |row| coded.has_key(row), |row| coded.codes[row])
        });
        let Coded { codes, nulls, texts } = coded;
        let rows = 0..codes.len() as u32;
        let mut block = Block::new(rows, nulls.as_ref(), |row| codes[row], |_, _, _| true, partitioning);
        if let Some(frequent) = frequent {
            if !frequent.take(&mut block, values, texts.as_ref())? {
                return Err(self.start_again());
            }
            if block.rows.is_empty() {
                return Ok(());
            }
        }
        block.values = values.iter().map(|values| take_rows(values, &block.rows)).collect::<Result<_>>()?;
        let long = texts.filter(|_| block.codes.iter().any(|code| code.is_long_text())).map(|texts| {
            let long = || block.rows.iter().zip(&block.codes).map(|(row, code)| (*row, code.is_long_text()));
            let bytes = long().filter(|(_, is_long)| *is_long).map(|(row, _)| texts.value(row as usize).len()).sum();
            let mut builder = BinaryBuilder::with_capacity(block.rows.len(), bytes);
            long()
                .for_each(|(row, is_long)| builder.append_value(if is_long { texts.value(row as usize) } else { &[] }));
            builder.finish()
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
                    None => {
                        Arc::new(StoredBatches::new(&self.run.plan.request.temporary, self.run.plan.budget.threads())?)
                    }
                };
                self.on_disk.get_or_init(|| OnDisk::new(spill, partitioning.without() + 1))
            }
        };
        for partition in 0..=partitioning.without() {
            self.run.interrupt.check()?;
            rows.write(self.layout, partition, |rows| on_disk.write(partition, &rows))?;
        }
        drop((rows, memory));
        Ok(())
    }
}

impl OnDisk {
    fn new(spill: Arc<StoredBatches>, partitions: usize) -> Self {
        Self { spill, segments: (0..partitions).map(|_| Mutex::default()).collect() }
    }

    fn write(&self, partition: usize, rows: &StoredRows) -> Result<()> {
        let segment = RowSegment { low: rows.low, at: self.spill.write(&rows.columns)? };
        self.segments[partition].lock().unpoisoned().push(segment);
        Ok(())
    }

    pub fn read(&self, segment: &RowSegment) -> Result<StoredRows> {
        Ok(StoredRows { low: segment.low, columns: self.spill.read(&segment.at)? })
    }

    /// The segments of a partition, which are no longer known then.
    pub fn take(&self, partition: usize) -> Vec<RowSegment> {
        std::mem::take(&mut *self.segments[partition].lock().unpoisoned())
    }

    /// How many rows were written.
    pub fn rows(&self) -> u64 {
        let rows = self.segments.iter().map(|segments| {
            let segments = segments.lock().unpoisoned();
            segments.iter().map(RowSegment::rows).sum::<u64>()
        });
        rows.sum()
    }
}
