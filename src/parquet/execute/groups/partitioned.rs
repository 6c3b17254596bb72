//! Rows dealt out to partitions by their key, in memory as long as the pool has room for them, and then in a temporary file.

use std::cmp::Ordering;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock};

use arrow_array::builder::BinaryBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, UInt64Type};
use arrow_array::{Array, ArrayRef, BinaryArray, Decimal128Array, RecordBatch, RecordBatchOptions, UInt64Array};
use arrow_schema::{Field, Schema};
use arrow_select::concat::concat;
use rayon::prelude::*;

use super::layout::{Coded, KeyCode, Layout, bytes_of};
use super::spill::{Segment, Spill};
use super::table::Table;
use crate::describe::groups::{
    Block, Group, GroupOrder, Partition, PartitionRows, Partitioning, ROWS, describe, describe_one, distinct, sorted,
};
use crate::describe::{AnyOutcome, AnyScan, Describer, KeyTable, PASSES, changed, is_long_text};
use crate::error::{Error, Result};
use crate::memory_pool::Reservation;
use crate::parquet::execute::context::ExecutionContext;
use crate::parquet::request::RunMetrics;
use crate::scan::Keep;
use crate::series::Chunk;
use crate::series::from_arrow::take_rows;
use crate::summary::{Answers, PartRow, Summaries};

/// How often a partition that does not fit in memory is dealt out again.
const DEPTH: u32 = 4;

/// Of what can be reserved, rows in memory leave one part of so many to those that are decoded and described.
const HEADROOM: u64 = 3;

/// What takes memory at the end.
const ANSWER: &str = "the answer for all groups";

/// Rows of a partition that are written to the file together.
const TOGETHER: usize = 1 << 17;

/// Bytes that a row takes while its group is found and described, beside what it takes itself.
const ROW: u64 = 16;

/// Rows of partitions, with the bytes of their keys where codes do not tell all of them.
pub(super) struct Blocks<C> {
    blocks: Vec<Block<C>>,
    texts: Vec<Option<BinaryArray>>,
}

impl<C> Default for Blocks<C> {
    fn default() -> Self {
        Self { blocks: Vec::new(), texts: Vec::new() }
    }
}

impl<C: KeyCode> Blocks<C> {
    fn append(&mut self, mut other: Self) {
        self.blocks.append(&mut other.blocks);
        self.texts.append(&mut other.texts);
    }

    /// The bytes of memory that they take.
    fn bytes(&self) -> u64 {
        let arrays = |block: &Block<C>| block.values.iter().map(Array::get_array_memory_size).sum::<usize>();
        let blocks = self.blocks.iter().map(|block| block.own_bytes() + arrays(block));
        let texts = self.texts.iter().flatten().map(Array::get_array_memory_size);
        blocks.chain(texts).sum::<usize>() as u64
    }

    /// The bytes of a long key, by the number of its row.
    fn text(&self, row: u32) -> &[u8] {
        let (block, place) = (row as usize / ROWS, row as usize % ROWS);
        self.texts[block].as_ref().map_or(&[], |texts| texts.value(place))
    }
}

/// The number of a row.
fn id(block: usize, place: usize) -> u32 {
    (block * ROWS + place % ROWS) as u32
}

/// Blocks that rows have numbers for.
const MOST_BLOCKS: usize = u32::MAX as usize / ROWS;

/// See the [module](self).
pub(super) struct PartitionedRows<'a, C> {
    run: &'a ExecutionContext<'a>,
    table: &'a Table,
    layout: &'a Layout,
    seed: u64,
    depth: u32,
    /// How many rows there will be at most.
    rows: u64,
    partitioning: OnceLock<Partitioning<C>>,
    held: Mutex<Held<C>>,
    on_disk: OnceLock<OnDisk>,
}

struct Held<C> {
    rows: Blocks<C>,
    memory: Reservation,
}

/// Rows of each partition in a file.
struct OnDisk {
    spill: Arc<Spill>,
    segments: Vec<Mutex<Vec<Segment>>>,
}

/// The groups of a partition: their codes, the bytes of long keys, and their answers, in memory or in the file.
struct Part<C> {
    codes: Vec<C>,
    texts: Option<BinaryArray>,
    answers: PartAnswers,
    _memory: Reservation,
}

/// The groups of all partitions, and that of the rows without a key.
type Parts<C> = (Vec<Part<C>>, Option<Part<C>>);

enum PartAnswers {
    Here(Answers),
    OnDisk(Segment),
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
            on_disk: OnceLock::new(),
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

    fn deal(&self, coded: Coded<C>, values: &[ArrayRef], to: &mut Blocks<C>) -> Result<()> {
        let Coded { codes, nulls, texts } = coded;
        let partitioning = self.partitioning.get_or_init(|| {
            // Of keys that their code does not tell, none is taken for a frequent one.
            let there = |row: usize| {
                nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row))
                    && !(texts.is_some() && is_long_text(codes[row].to_u128()))
            };
            Partitioning::by_hash(codes.len(), self.rows as usize, self.seed, there, |row| codes[row])
        });
        let rows = 0..codes.len() as u32;
        let mut block = Block::new(rows, nulls.as_ref(), |row| codes[row], |_, _, _| true, partitioning);
        block.values = values.iter().map(|values| take_rows(values, &block.rows)).collect::<Result<_>>()?;
        let texts = texts.filter(|_| codes.iter().any(|code| is_long_text(code.to_u128()))).map(|texts| {
            let lengths = (0..texts.len()).zip(&codes).filter(|(_, code)| is_long_text(code.to_u128()));
            let bytes = lengths.map(|(row, _)| texts.value_length(row) as usize).sum();
            let mut long = BinaryBuilder::with_capacity(codes.len(), bytes);
            for (&row, code) in block.rows.iter().zip(&block.codes) {
                long.append_value(if is_long_text(code.to_u128()) { texts.value(row as usize) } else { &[] });
            }
            long.finish()
        });
        block.rows = Vec::new();
        to.blocks.push(block);
        to.texts.push(texts);
        Ok(())
    }

    /// Keeps rows in memory, or gives them back if there is no room for them.
    pub fn keep(&self, rows: Blocks<C>) -> Result<(), Blocks<C>> {
        let (bytes, pool) = (rows.bytes(), &self.run.plan.budget.pool);
        let mut held = self.held.lock().unwrap_or_else(|poison| poison.into_inner());
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
        let (here, memory) = {
            let mut held = self.held.lock().unwrap_or_else(|poison| poison.into_inner());
            let memory = std::mem::replace(&mut held.memory, self.run.plan.budget.pool.empty());
            (std::mem::take(&mut held.rows), memory)
        };
        rows.append(here);
        let Some(partitioning) = self.partitioning.get() else { return Ok(()) };
        let on_disk = match self.on_disk.get() {
            Some(on_disk) => on_disk,
            None => {
                tracing::info!(rows = self.rows, "rows do not fit in memory, and go to a temporary file");
                let spill = Arc::new(Spill::new(&self.run.plan.request.temporary)?);
                self.on_disk.get_or_init(|| OnDisk::new(spill, partitioning))
            }
        };
        for partition in 0..=partitioning.without() {
            self.run.interrupt.check()?;
            // A few blocks at a time: what is written together is read together.
            let mut start = 0;
            while start < rows.blocks.len() {
                let mut count = 0;
                let together = rows.blocks[start..].iter().take_while(|block| {
                    let fits = count < TOGETHER;
                    count += block.run(partition).len();
                    fits
                });
                let end = start + together.count();
                if let Some(batch) = self.rows_of(&rows, start..end, partition)? {
                    on_disk.write(partition, &batch)?;
                }
                start = end;
            }
        }
        drop(rows);
        drop(memory);
        Ok(())
    }

    /// The rows of a partition as one batch: codes, long keys, values.
    fn rows_of(&self, rows: &Blocks<C>, blocks: Range<usize>, partition: usize) -> Result<Option<RecordBatch>> {
        let runs: Vec<(usize, Range<usize>)> = blocks
            .clone()
            .zip(&rows.blocks[blocks])
            .map(|(number, block)| (number, block.run(partition)))
            .filter(|(_, run)| !run.is_empty())
            .collect();
        if runs.is_empty() {
            return Ok(None);
        }
        let codes = runs.iter().flat_map(|(block, run)| &rows.blocks[*block].codes[run.clone()]);
        let codes: ArrayRef = match self.layout.is_wide() {
            true => {
                Arc::new(codes.map(|code| code.to_u128() as i128).collect::<Vec<_>>().into_iter().collect::<Wide>().0)
            }
            false => Arc::new(UInt64Array::from_iter_values(codes.map(|code| code.to_u128() as u64))),
        };
        let mut columns = vec![codes];
        if self.layout.has_texts() {
            let mut bytes = 0;
            for (block, run) in &runs {
                if let Some(here) = &rows.texts[*block] {
                    bytes += (here.value_offsets()[run.end] - here.value_offsets()[run.start]) as usize;
                }
            }
            let mut texts = BinaryBuilder::with_capacity(runs.iter().map(|(_, run)| run.len()).sum(), bytes);
            for (block, run) in &runs {
                match &rows.texts[*block] {
                    Some(here) => run.clone().for_each(|place| texts.append_value(here.value(place))),
                    None => run.clone().for_each(|_| texts.append_value([])),
                }
            }
            columns.push(Arc::new(texts.finish()));
        }
        for series in 0..self.run.plan.series.len() {
            let slices: Vec<ArrayRef> = runs
                .iter()
                .map(|(block, run)| rows.blocks[*block].values[series].slice(run.start, run.len()))
                .collect();
            let slices: Vec<&dyn Array> = slices.iter().map(AsRef::as_ref).collect();
            columns.push(concat(&slices).map_err(Error::from_grouping)?);
        }
        let fields = (0..)
            .zip(&columns)
            .map(|(index, column): (usize, _)| Field::new(index.to_string(), column.data_type().clone(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        RecordBatch::try_new(schema, columns).map(Some).map_err(Error::from_grouping)
    }

    /// What [`PartitionedRows::rows_of`] has made: codes, long keys, values.
    fn read_rows(&self, batch: &RecordBatch) -> (Vec<C>, Option<BinaryArray>, Vec<ArrayRef>) {
        let codes: Vec<C> = match self.layout.is_wide() {
            true => batch
                .column(0)
                .as_primitive::<Decimal128Type>()
                .values()
                .iter()
                .map(|&code| C::from_u128(code as u128))
                .collect(),
            false => batch
                .column(0)
                .as_primitive::<UInt64Type>()
                .values()
                .iter()
                .map(|&code| C::from_u128(code.into()))
                .collect(),
        };
        let texts = self.layout.has_texts().then(|| batch.column(1).as_binary::<i32>().clone());
        let first = 1 + usize::from(texts.is_some());
        (codes, texts, batch.columns()[first..].to_vec())
    }

    /// The rows in memory, with their keys, block by block.
    pub fn batches(&self) -> impl Iterator<Item = Result<RecordBatch>> {
        let Held { rows, memory } = {
            let mut held = self.held.lock().unwrap_or_else(|poison| poison.into_inner());
            let memory = std::mem::replace(&mut held.memory, self.run.plan.budget.pool.empty());
            Held { rows: std::mem::take(&mut held.rows), memory }
        };
        let without = self.partitioning.get().map_or(0, Partitioning::without);
        rows.blocks.into_iter().zip(rows.texts).map(move |(block, texts)| {
            let _held = &memory;
            let null = block.run(without);
            let codes: Vec<Option<C>> =
                (0..).zip(&block.codes).map(|(place, &code)| Some(code).filter(|_| !null.contains(&place))).collect();
            let keys = self.layout.keys(&codes, &|place| texts.as_ref().map_or(&[], |texts| texts.value(place)))?;
            let columns = keys.columns().iter().chain(&block.values).cloned().collect();
            let options = RecordBatchOptions::new().with_row_count(Some(codes.len()));
            RecordBatch::try_new_with_options(self.table.schema.clone(), columns, &options)
                .map_err(Error::from_grouping)
        })
    }

    /// About how many groups the rows in memory have, and how many rows there are.
    pub fn groups(&self) -> (usize, u64) {
        let held = self.held.lock().unwrap_or_else(|poison| poison.into_inner());
        let Some(partitioning) = self.partitioning.get() else { return (0, 0) };
        let of_partition = |partition: usize| distinct(&held.rows.blocks, partition, KeyTable::new(self.seed));
        (0..=partitioning.without())
            .map(of_partition)
            .fold((0, 0), |(groups, rows), (more, here)| (groups + more, rows + here))
    }

    /// The answers, in the order of the keys.
    pub fn finish(self, metrics: &mut RunMetrics) -> Result<Summaries> {
        let mut parts: Vec<Part<C>> = Vec::new();
        let mut null = None;
        if !self.has_spilled() {
            match self.finish_in_memory() {
                Ok(found) => {
                    (parts, null) = found;
                    // The rows have done what they are for.
                    *self.held.lock().unwrap_or_else(|poison| poison.into_inner()) =
                        Held { rows: Blocks::default(), memory: self.run.plan.budget.pool.empty() };
                }
                Err(Error::MemoryLimit { .. }) => self.spill(Blocks::default())?,
                Err(error) => return Err(error),
            }
        } else {
            self.spill(Blocks::default())?;
        }
        if let Some(on_disk) = self.on_disk.get() {
            (parts, null) = self.finish_on_disk(on_disk)?;
            metrics.spilled += on_disk.spill.len();
        }
        self.join(parts, null)
    }

    /// Describes the partitions that are in memory.
    fn finish_in_memory(&self) -> Result<Parts<C>> {
        let held = self.held.lock().unwrap_or_else(|poison| poison.into_inner());
        let Some(partitioning) = self.partitioning.get() else { return Ok((Vec::new(), None)) };
        let describer = || Describer::with_interrupt(self.run.plan.spec, self.run.interrupt);
        let work = |describer: &mut Describer, partition: usize| {
            self.run.interrupt.check()?;
            let part = self.describe(&held.rows, partition, partitioning, describer)?;
            let bytes = self.table.answers(self.run.plan, part.codes.len());
            let memory = self.run.plan.budget.hold(bytes, ANSWER)?;
            let texts = self.texts(&held.rows, &part);
            Ok(Part { codes: part.codes, texts, answers: PartAnswers::Here(part.answers), _memory: memory })
        };
        let parts = (0..=partitioning.without()).into_par_iter().map_init(describer, work);
        let mut parts: Vec<Part<C>> = parts.collect::<Result<_>>()?;
        let null = parts.pop().filter(|part| !part.codes.is_empty());
        Ok((parts, null))
    }

    fn describe(
        &self,
        rows: &Blocks<C>,
        partition: usize,
        partitioning: &Partitioning<C>,
        describer: &mut Describer,
    ) -> Result<Partition<C>> {
        let kinds = self.table.kinds(self.run.plan);
        if partition >= partitioning.shared() {
            return describe_one(&rows.blocks, partition, id, &kinds, describer);
        }
        let here = PartitionRows { blocks: &rows.blocks, partition, order: GroupOrder::AsTheyCame };
        let table = KeyTable::new(self.seed);
        if !self.layout.has_texts() {
            return describe(here, table, id, |_, _, _| true, &kinds, describer);
        }
        let same =
            |code: C, a: usize, b: usize| !is_long_text(code.to_u128()) || rows.text(a as u32) == rows.text(b as u32);
        describe(here, table, id, same, &kinds, describer)
    }

    /// The bytes of the long ones among the keys of a partition.
    fn texts(&self, rows: &Blocks<C>, part: &Partition<C>) -> Option<BinaryArray> {
        let is_long = |code: &C| is_long_text(code.to_u128());
        (self.layout.has_texts() && part.codes.iter().any(is_long)).then(|| {
            let texts = part.codes.iter().zip(&part.firsts);
            texts.map(|(code, &first)| Some(if is_long(code) { rows.text(first) } else { &[] })).collect()
        })
    }

    /// Describes the partitions that are in the file.
    fn finish_on_disk(&self, on_disk: &OnDisk) -> Result<Parts<C>> {
        let Some(partitioning) = self.partitioning.get() else { return Ok((Vec::new(), None)) };
        if self.depth == 0 {
            self.run.progress.begin(0, on_disk.rows(), 0);
        }
        let found: Mutex<Parts<C>> = Mutex::default();
        let next = AtomicUsize::new(0);
        let work = || -> Result<()> {
            let mut describer = Describer::with_interrupt(self.run.plan.spec, self.run.interrupt);
            loop {
                let partition = next.fetch_add(1, Relaxed);
                if partition > partitioning.without() {
                    return Ok(());
                }
                self.run.interrupt.check()?;
                let segments = std::mem::take(
                    &mut *on_disk.segments[partition].lock().unwrap_or_else(|poison| poison.into_inner()),
                );
                if segments.is_empty() {
                    continue;
                }
                let rows: u64 = segments.iter().map(|segment| segment.rows as u64).sum();
                let parts = self.finish_partition(on_disk, partition, partitioning, &segments, &mut describer)?;
                let mut found = found.lock().unwrap_or_else(|poison| poison.into_inner());
                match partition == partitioning.without() {
                    true => found.1 = parts.into_iter().next(),
                    false => found.0.extend(parts),
                }
                if self.depth == 0 {
                    self.run.progress.add(rows, 0);
                }
            }
        };
        match self.depth {
            // Each thread takes one partition after the other: none may begin a second one while it waits for memory.
            0 => rayon::broadcast(|_| work().inspect_err(|_| next.store(usize::MAX / 2, Relaxed)))
                .into_iter()
                .collect::<Result<Vec<()>>>()
                .map(drop)?,
            _ => work()?,
        }
        Ok(found.into_inner().unwrap_or_else(|poison| poison.into_inner()))
    }

    fn finish_partition(
        &self,
        on_disk: &OnDisk,
        partition: usize,
        partitioning: &Partitioning<C>,
        segments: &[Segment],
        describer: &mut Describer,
    ) -> Result<Vec<Part<C>>> {
        let rows: u64 = segments.iter().map(|segment| segment.rows as u64).sum();
        let stored: u64 = segments.iter().map(|segment| segment.length as u64).sum();
        // What is read, and the values of the groups.
        let needed = 2 * stored + ROW * rows;
        let pool = &self.run.plan.budget.pool;
        let is_one = partition >= partitioning.shared();
        if needed > pool.capacity() / 2 / self.run.plan.budget.threads() as u64 {
            return match is_one {
                true => self.scan(on_disk, segments).map(|part| vec![part]),
                false => self.deeper(on_disk, segments, rows),
            };
        }
        let what = || "describing a part of the groups".to_owned();
        let _memory = self.run.plan.budget.decode(needed, self.run.interrupt, what)?;
        let mut blocks = Blocks::default();
        for &segment in segments {
            let (codes, texts, values) = self.read_rows(&on_disk.spill.read(segment)?);
            for start in (0..codes.len()).step_by(ROWS) {
                let rows = ROWS.min(codes.len() - start);
                let values = values.iter().map(|values| values.slice(start, rows)).collect();
                blocks.blocks.push(Block::of_one(partition, partitioning, codes[start..start + rows].to_vec(), values));
                blocks.texts.push(texts.as_ref().map(|texts| texts.slice(start, rows)));
            }
        }
        let part = self.describe(&blocks, partition, partitioning, describer)?;
        let texts = self.texts(&blocks, &part);
        drop(blocks);
        self.part_on_disk(on_disk, part.codes, texts, part.answers).map(|part| vec![part])
    }

    /// Answers are kept in the file as well: small pieces between what comes and goes would tear the memory up.
    fn part_on_disk(
        &self,
        on_disk: &OnDisk,
        codes: Vec<C>,
        texts: Option<BinaryArray>,
        answers: Answers,
    ) -> Result<Part<C>> {
        let plan = self.run.plan;
        let options = RecordBatchOptions::new().with_row_count(Some(codes.len()));
        let keys = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &options);
        let keys = keys.map_err(Error::from_grouping)?;
        let answers = Summaries::with_keys(plan.answered_columns(), Some(keys), plan.spec, answers);
        let answers = on_disk.spill.write(&answers.to_batch().map_err(Error::from_grouping)?)?;
        let bytes = codes.capacity() * size_of::<C>() + texts.as_ref().map_or(0, Array::get_array_memory_size);
        let memory = plan.budget.hold(bytes as u64, "the keys of all groups")?;
        Ok(Part { codes, texts, answers: PartAnswers::OnDisk(answers), _memory: memory })
    }

    /// Scans the rows of one key, in passes over the file.
    fn scan(&self, on_disk: &OnDisk, segments: &[Segment]) -> Result<Part<C>> {
        let plan = self.run.plan;
        let series = plan.series.len().max(1);
        let pool = &plan.budget.pool;
        let what = || "scanning the rows of one group".to_owned();
        let memory =
            plan.budget.decode(pool.capacity() / 3 / plan.budget.threads() as u64, self.run.interrupt, what)?;
        let largest = segments.iter().map(|segment| 2 * segment.length as u64).max().unwrap_or(0);
        // A scan, the one for another pass, and what is copied while it is finished.
        let each = memory.bytes().saturating_sub(largest) / (3 * series as u64 * plan.key_size());
        let keep = Keep::AtMost((each as usize).max(1 << 12));
        let kinds = self.table.kinds(plan);
        let mut scans: Vec<Option<AnyScan>> =
            kinds.iter().map(|(repr, _)| Some(AnyScan::new(*repr, plan.spec, keep))).collect();
        let mut code = None;
        let mut read = |scans: &mut [Option<AnyScan>]| -> Result<()> {
            for &segment in segments {
                self.run.interrupt.check()?;
                let (codes, _, values) = self.read_rows(&on_disk.spill.read(segment)?);
                code = codes.first().copied().or(code);
                for (scan, values) in scans.iter_mut().zip(values) {
                    if let Some(scan) = scan {
                        scan.read(&Chunk::Array(values))?;
                    }
                }
            }
            Ok(())
        };
        read(&mut scans)?;
        let mut answers = Answers::new(plan.series.len(), plan.spec);
        let mut rows = answers.rows();
        for _ in 0..PASSES {
            let mut again: Vec<Option<AnyScan>> = Vec::with_capacity(scans.len());
            for (index, scan) in scans.iter_mut().enumerate() {
                let outcome = scan.as_mut().map(|scan| scan.finish(plan.spec, keep)).transpose();
                let outcome = outcome.map_err(|error| error.of_series(Some(&plan.series[index].name)))?;
                again.push(match outcome {
                    Some(AnyOutcome::Done(summary)) => {
                        rows.set_as(plan.series[index].number_type, index, &summary);
                        *scan = None;
                        None
                    }
                    Some(AnyOutcome::Again(narrow)) => Some(narrow),
                    None => None,
                });
            }
            if again.iter().all(Option::is_none) {
                return self.part_on_disk(on_disk, code.into_iter().collect(), None, answers);
            }
            read(&mut again)?;
            for (scan, narrow) in scans.iter_mut().zip(again) {
                if let (Some(scan), Some(narrow)) = (scan, narrow)
                    && !scan.settle(narrow)
                {
                    return Err(changed());
                }
            }
        }
        Err(changed())
    }

    /// Deals the rows of a partition out once more.
    fn deeper(&self, on_disk: &OnDisk, segments: &[Segment], rows: u64) -> Result<Vec<Part<C>>> {
        if self.depth == DEPTH {
            let limit = self.run.plan.budget.limit;
            let what = "groups that are each too long for memory, and that no hash tells apart,".to_owned();
            return Err(Error::MemoryLimit { what, needed: 2 * limit, limit });
        }
        let nested = Self {
            depth: self.depth + 1,
            seed: RandomState::new().hash_one(0) | 1,
            ..Self::new(self.run, self.table, self.layout, rows)
        };
        for &segment in segments {
            let (codes, texts, values) = self.read_rows(&on_disk.spill.read(segment)?);
            let mut dealt = Blocks::default();
            for start in (0..codes.len()).step_by(ROWS) {
                let rows = ROWS.min(codes.len() - start);
                let values: Vec<ArrayRef> = values.iter().map(|values| values.slice(start, rows)).collect();
                let codes = codes[start..start + rows].to_vec();
                let texts = texts.as_ref().map(|texts| texts.slice(start, rows));
                nested.deal(Coded { codes, nulls: None, texts }, &values, &mut dealt)?;
            }
            nested.spill(dealt)?;
        }
        let Some(below) = nested.on_disk.get() else { return Ok(Vec::new()) };
        let (parts, _) = nested.finish_on_disk(below)?;
        // Their answers move to the file of this one.
        let moved = parts.into_iter().map(|part| {
            let PartAnswers::OnDisk(segment) = part.answers else { return Ok(part) };
            let answers = PartAnswers::OnDisk(on_disk.spill.write(&below.spill.read(segment)?)?);
            Ok(Part { answers, ..part })
        });
        moved.collect()
    }

    /// The answers of all parts, in the order of their keys; the rows without one are the last.
    fn join(&self, parts: Vec<Part<C>>, null: Option<Part<C>>) -> Result<Summaries> {
        let plan = self.run.plan;
        let series = plan.series.len();
        let (mut parts, texts): (Vec<_>, Vec<_>) = parts
            .into_iter()
            .map(|Part { codes, texts, answers, _memory }| {
                let holds_nan = false;
                (Partition { firsts: vec![0; codes.len()], codes, answers: (answers, _memory), holds_nan }, texts)
            })
            .unzip();
        let text = |at: PartRow| {
            texts[at.part as usize].as_ref().map_or(&[][..], |texts: &BinaryArray| texts.value(at.row as usize))
        };
        let has_texts = self.layout.has_texts();
        let order = |a: &Group<C>, b: &Group<C>| -> Ordering {
            let (left, right) = (a.code.to_u128(), b.code.to_u128());
            if !has_texts || !is_long_text(left) && !is_long_text(right) {
                return left.cmp(&right);
            }
            let (mut short, mut other) = ([0; 16], [0; 16]);
            bytes_of(left, &mut short, || text(a.at)).cmp(bytes_of(right, &mut other, || text(b.at)))
        };
        let count = parts.iter().map(|part| part.codes.len()).sum::<usize>() + 1;
        // Answers in memory are moved a few columns at a time, those in the file join what is there for all of them.
        let answers = self.table.answers(plan, count);
        let moved = if self.has_spilled() { answers } else { answers / 4 };
        let sorting = (count * (size_of::<Group<C>>() + 4 * size_of::<C>())) as u64;
        let _memory = plan.budget.hold(moved + sorting, ANSWER)?;
        let groups = sorted(&parts, order);
        let mut codes: Vec<Option<C>> = Vec::with_capacity(groups.len() + 1);
        codes.extend(groups.iter().map(|group| Some(group.code)));
        let mut rows: Vec<PartRow> = Vec::with_capacity(groups.len() + 1);
        rows.extend(groups.iter().map(|group| group.at));
        drop(groups);
        if let Some(Part { answers, _memory, .. }) = null {
            codes.push(None);
            rows.push(PartRow { part: parts.len() as u32, row: 0 });
            let holds_nan = false;
            parts.push(Partition {
                codes: vec![C::default()],
                firsts: vec![0],
                answers: (answers, _memory),
                holds_nan,
            });
        }
        let keys = self.layout.keys(&codes, &|place| text(rows[place]))?;
        drop(codes);
        let answers = match self.on_disk.get() {
            None => {
                let here = parts.into_iter().map(|part| match part.answers {
                    (PartAnswers::Here(answers), _) => answers,
                    (PartAnswers::OnDisk(_), _) => Answers::new(0, plan.spec),
                });
                Answers::in_order(here.collect(), series, &rows)
            }
            Some(on_disk) => self.read_answers(on_disk, &parts, &rows)?,
        };
        Ok(Summaries::with_keys(plan.answered_columns(), Some(keys), plan.spec, answers))
    }

    /// The answers that are in the file, in this order.
    fn read_answers(
        &self,
        on_disk: &OnDisk,
        parts: &[Partition<C, (PartAnswers, Reservation)>],
        rows: &[PartRow],
    ) -> Result<Answers> {
        let series = self.run.plan.series.len();
        let mut places: Vec<Vec<u32>> = parts.iter().map(|part| vec![0; part.codes.len()]).collect();
        (0..).zip(rows).for_each(|(place, at)| places[at.part as usize][at.row as usize] = place);
        let mut answers = Answers::new(series * rows.len(), self.run.plan.spec);
        let mut answered = answers.rows();
        for (part, places) in parts.iter().zip(places) {
            self.run.interrupt.check()?;
            let (PartAnswers::OnDisk(segment), _) = &part.answers else { continue };
            let batch = on_disk.spill.read(*segment)?;
            for series in 0..series {
                for (row, &place) in places.iter().enumerate() {
                    answered.set_from(series * rows.len() + place as usize, &batch, series * places.len() + row);
                }
            }
        }
        Ok(answers)
    }
}

impl OnDisk {
    fn new<C: KeyCode>(spill: Arc<Spill>, partitioning: &Partitioning<C>) -> Self {
        Self { spill, segments: (0..=partitioning.without()).map(|_| Mutex::default()).collect() }
    }

    fn write(&self, partition: usize, batch: &RecordBatch) -> Result<()> {
        let segment = self.spill.write(batch)?;
        self.segments[partition].lock().unwrap_or_else(|poison| poison.into_inner()).push(segment);
        Ok(())
    }

    fn rows(&self) -> u64 {
        let rows = self.segments.iter().map(|segments| {
            let segments = segments.lock().unwrap_or_else(|poison| poison.into_inner());
            segments.iter().map(|segment| segment.rows as u64).sum::<u64>()
        });
        rows.sum()
    }
}

/// Codes of 128 bits as Arrow has them.
struct Wide(Decimal128Array);

impl FromIterator<i128> for Wide {
    fn from_iter<I: IntoIterator<Item = i128>>(codes: I) -> Self {
        Self(Decimal128Array::from_iter_values(codes))
    }
}
