//! Rows that do not fit in memory, dealt out on disk to partitions that do.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex};

use arrow_array::{RecordBatch, UInt32Array};
use arrow_buffer::NullBuffer;
use arrow_select::take::take_record_batch;

use super::scans::GroupScans;
use super::spill::{Segment, Spill};
use super::table::{Table, describe_rows, join};
use crate::describe::mixed_bits;
use crate::error::{Error, Result};
use crate::parquet::execute::context::ExecutionContext;
use crate::parquet::request::RunMetrics;
use crate::series::key::{KeyColumn, KeyVisitor};
use crate::summary::Summaries;

/// The most partitions that rows are dealt out to at a time.
const PARTITIONS: u64 = 512;

/// How often a partition that is too long is dealt out again.
const DEPTH: u32 = 3;

/// Partitions of rows on disk, by a hash of their keys.
pub(super) struct HashPartitions<'a> {
    run: &'a ExecutionContext<'a>,
    table: &'a Table,
    hasher: RandomState,
    spill: Arc<Spill>,
    depth: u32,
    partitions: Vec<Mutex<Vec<Segment>>>,
}

/// What has been answered. It is kept on disk as well, as small pieces between what comes and goes would tear the memory up.
#[derive(Default)]
struct Answered {
    parts: Vec<Segment>,
    keys: Vec<RecordBatch>,
    /// How many keys that is.
    groups: usize,
    /// How many rows they have.
    rows: u64,
}

impl<'a> HashPartitions<'a> {
    /// Nothing dealt out yet; `rows` are expected.
    pub fn new(run: &'a ExecutionContext<'a>, table: &'a Table, rows: u64) -> Result<Self> {
        let spill = Arc::new(Spill::new(&run.plan.request.temporary)?);
        Ok(Self { run, table, hasher: RandomState::new(), spill, depth: 0, partitions: partitions(run, table, rows) })
    }

    /// The same file, for rows of one partition.
    fn deeper(&self, rows: u64) -> Self {
        Self {
            hasher: RandomState::new(),
            spill: Arc::clone(&self.spill),
            depth: self.depth + 1,
            partitions: partitions(self.run, self.table, rows),
            ..*self
        }
    }

    /// Deals rows out.
    pub fn add(&self, batches: &[RecordBatch]) -> Result<()> {
        let batch = self.table.joined(batches)?;
        let count = self.partitions.len();
        let partition_of = |hash: u64| ((u128::from(hash) * count as u128) >> 64) as usize;
        let indices: Vec<usize> = self.hashes(&batch)?.into_iter().map(partition_of).collect();
        let mut starts = vec![0; count + 1];
        indices.iter().for_each(|&index| starts[index + 1] += 1);
        for partition in 0..count {
            starts[partition + 1] += starts[partition];
        }
        let mut next = starts.clone();
        let mut rows = vec![0; batch.num_rows()];
        for (row, &index) in (0..).zip(&indices) {
            rows[next[index]] = row;
            next[index] += 1;
        }
        let sorted = take_record_batch(&batch, &UInt32Array::from(rows)).map_err(Error::from_grouping)?;
        drop(batch);
        for (partition, segments) in self.partitions.iter().enumerate() {
            let length = starts[partition + 1] - starts[partition];
            if length > 0 {
                let segment = self.spill.write(&sorted.slice(starts[partition], length))?;
                segments.lock().unwrap_or_else(|poison| poison.into_inner()).push(segment);
            }
        }
        self.run.interrupt.check()
    }

    /// A hash of the keys of each row.
    fn hashes(&self, batch: &RecordBatch) -> Result<Vec<u64>> {
        let mut hashes = vec![0; batch.num_rows()];
        for (field, array) in self.table.key_columns(batch) {
            let column = KeyColumn::new(field, array, &|_| Ok(Vec::new()))?;
            column.visit(Hashing { hashes: &mut hashes, nulls: column.nulls(), hasher: &self.hasher });
        }
        let seed = self.hasher.hash_one(0);
        hashes.iter_mut().for_each(|hash| *hash = mixed_bits(*hash, seed));
        Ok(hashes)
    }

    /// The answers, in the order of the keys.
    pub fn finish(self, metrics: &mut RunMetrics) -> Result<Summaries> {
        let spill = Arc::clone(&self.spill);
        let rows = self.rows();
        self.run.progress.begin(0, rows, 0);
        let (run, mut answered) = (self.run, Answered::default());
        self.answer(rows, &mut answered)?;
        metrics.spilled += spill.len();
        join(run, answered.keys, answered.parts.into_iter().map(|part| spill.read(part)))
    }

    fn rows(&self) -> u64 {
        let rows = self.partitions.iter().map(|partition| {
            let segments = partition.lock().unwrap_or_else(|poison| poison.into_inner());
            segments.iter().map(|segment| segment.rows as u64).sum::<u64>()
        });
        rows.sum()
    }

    /// Answers one partition after the other, of `rows` rows in all.
    fn answer(self, all: u64, answered: &mut Answered) -> Result<()> {
        let most = most_rows(self.run, self.table);
        for partition in &self.partitions {
            self.run.interrupt.check()?;
            let segments = std::mem::take(&mut *partition.lock().unwrap_or_else(|poison| poison.into_inner()));
            let rows: u64 = segments.iter().map(|segment| segment.rows as u64).sum();
            if rows == 0 {
                continue;
            }
            let summaries = match rows <= most {
                true => {
                    let batches = segments.iter().map(|&segment| self.spill.read(segment)).collect::<Result<_>>()?;
                    let share = (answered.rows + rows) as f64 / all.max(1) as f64;
                    Some(describe_rows(self.run, self.table, batches, (answered.groups, share))?)
                }
                false => self.scan(&segments, most)?,
            };
            match summaries {
                Some(summaries) => {
                    let answers = summaries.to_batch().map_err(|error| Error::Data(error.to_string()))?;
                    answered.parts.push(self.spill.write(&answers)?);
                    if let Some(keys) = summaries.keys() {
                        answered.groups += keys.num_rows();
                        answered.keys.push(keys.clone());
                    }
                    answered.rows += rows;
                    self.run.progress.add(rows, 0);
                }
                None if self.depth < DEPTH => {
                    let deeper = self.deeper(rows);
                    for segment in segments {
                        deeper.add(&[self.spill.read(segment)?])?;
                    }
                    deeper.answer(all, answered)?;
                }
                None => {
                    let limit = self.run.plan.budget.limit;
                    let what =
                        "several groups that are each too long for memory and have to be scanned in passes,".to_owned();
                    return Err(Error::MemoryLimit { what, needed: 2 * limit, limit });
                }
            }
        }
        Ok(())
    }

    /// Scans the groups of a partition that does not fit in memory because few keys have most of its rows. `None` if it is not so.
    fn scan(&self, segments: &[Segment], most: u64) -> Result<Option<Summaries>> {
        // Some from everywhere, as many as fit.
        let rows: u64 = segments.iter().map(|segment| segment.rows as u64).sum();
        let few = segments.iter().step_by(rows.div_ceil(most.max(1)).max(1) as usize);
        let few = self.table.sorted(&few.map(|&segment| self.spill.read(segment)).collect::<Result<Vec<_>>>()?)?;
        let is_last = self.depth == DEPTH;
        let scans = GroupScans::for_few(self.run, self.table, few.groups(), few.rows(), is_last);
        let Some(scans) = scans else { return Ok(None) };
        drop(few);
        let read = |scans: &GroupScans<'_>| {
            for &segment in segments {
                let rows = self.table.sorted(&[self.spill.read(segment)?])?;
                if !scans.add(&rows)? {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        match read(&scans)? {
            true => scans.finish(&mut |narrow| read(narrow)),
            false => Ok(None),
        }
    }
}

/// How many rows of one partition are described at a time: in the memory that decoding has left.
fn most_rows(run: &ExecutionContext<'_>, table: &Table) -> u64 {
    let budget = run.plan.budget;
    table.rows_in(budget.decoding_of_all())
}

fn partitions(run: &ExecutionContext<'_>, table: &Table, rows: u64) -> Vec<Mutex<Vec<Segment>>> {
    // A third more than an even share, as hashes are not that even.
    let count = (rows * 4 / 3 / most_rows(run, table) + 1).clamp(2, PARTITIONS);
    tracing::info!(rows, partitions = count, "rows do not fit in memory, and go to a temporary file");
    (0..count).map(|_| Mutex::new(Vec::new())).collect()
}

/// Adds the hash of a column to those of the columns before.
struct Hashing<'a> {
    hashes: &'a mut [u64],
    nulls: Option<&'a NullBuffer>,
    hasher: &'a RandomState,
}

impl Hashing<'_> {
    fn add(self, hash: impl Fn(usize) -> u64) {
        for (row, whole) in self.hashes.iter_mut().enumerate() {
            let hash = match self.nulls.is_none_or(|nulls| nulls.is_valid(row)) {
                true => hash(row),
                false => 1,
            };
            *whole = mixed_bits(*whole, hash);
        }
    }
}

impl KeyVisitor for Hashing<'_> {
    type Outcome = ();

    fn exact(self, code: impl Fn(usize) -> u64 + Sync) {
        self.add(code);
    }

    fn bytes<'a>(self, bytes: impl Fn(usize) -> &'a [u8] + Sync) {
        let hasher = self.hasher;
        self.add(|row| hasher.hash_one(bytes(row)));
    }

    fn ordered<'a>(
        self,
        bytes: impl Fn(usize) -> &'a [u8] + Sync,
        _: impl Fn(usize, usize) -> std::cmp::Ordering + Sync,
    ) {
        self.bytes(bytes);
    }
}
