//! What is said of windows that have closed.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, UInt32Array};
use arrow_schema::{DataType, Field, FieldRef, Schema};
use arrow_select::take::take;

use super::chunks::{Chunks, Loaded, failed};
use super::layout::{Layout, to_bounds};
use super::question::BOUNDS;
#[cfg(feature = "stream")]
use super::stored::Store;
use crate::describe::{describe_all, describe_groups};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::keys::encoder;
use crate::series::Series;
use crate::series::key::one_zero;
use crate::series::table::number_type;
use crate::spec::Spec;
use crate::summary::{AnsweredColumn, Answers, Summaries};

/// To describe rows takes this many times their memory: that of the rows, of their copies by group, and of what tells groups apart.
const TIMES: usize = 3;

/// The most parts of the keys of one window.
const MOST_PARTS: usize = 1 << 8;

/// Describes kept rows.
#[derive(Clone, Copy)]
pub(super) struct Answering<'a> {
    pub layout: &'a Layout,
    pub spec: &'a Spec,
    pub interrupt: &'a Interrupt,
    /// If there is a limit.
    pub room: Option<Room>,
}

/// The bytes of memory that may be taken, and those that are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub limit: usize,
    pub taken: usize,
}

impl Room {
    /// Whether rows that take `bytes` bytes can be described within the limit.
    pub fn fits(self, bytes: usize) -> bool {
        self.needed(bytes) <= self.limit
    }

    fn needed(self, bytes: usize) -> usize {
        self.taken + TIMES * bytes
    }
}

impl Answering<'_> {
    /// Whether rows that take `bytes` bytes can be described within the limit, if there is one.
    pub fn fits(&self, bytes: usize) -> bool {
        self.room.is_none_or(|room| room.fits(bytes))
    }

    fn check_room(&self, bytes: usize, what: impl FnOnce() -> String) -> Result<()> {
        match self.room.filter(|room| !room.fits(bytes)) {
            None => Ok(()),
            Some(room) => {
                Err(Error::MemoryLimit { what: what(), needed: room.needed(bytes) as u64, limit: room.limit as u64 })
            }
        }
    }

    fn series(&self, chunks: &Loaded) -> Result<Vec<Series>> {
        let keys = self.layout.keys.len();
        let series = self.layout.values.iter().enumerate();
        series
            .map(|(index, field)| Series::from_arrays(Some(field.name().clone()), chunks.column(keys + index)))
            .collect()
    }

    /// The rows of one window: a group for each key.
    pub fn window(&self, chunks: &Chunks, bounds: (i64, i64)) -> Result<Summaries> {
        let bytes = chunks.loaded_bytes();
        match self.room.filter(|_| !self.fits(bytes)) {
            None => self.loaded_window(&chunks.load()?, bounds),
            Some(_) if self.layout.keys.is_empty() => self.column_by_column(chunks, bounds),
            Some(Room { limit, taken }) => {
                // Half of the room: parts are not all of one size.
                let room = (limit.saturating_sub(taken) / 2).max(1);
                self.part_by_part(chunks, bounds, (TIMES * bytes).div_ceil(room).min(MOST_PARTS), room)
            }
        }
    }

    /// One series after the other.
    fn column_by_column(&self, chunks: &Chunks, bounds: (i64, i64)) -> Result<Summaries> {
        let summaries = self.layout.values.iter().enumerate().map(|(index, field)| {
            let column = chunks.load_column(index)?;
            self.check_room(column.bytes(), || format!("describing the {} rows of a window", chunks.rows()))?;
            let series = Series::from_arrays(Some(field.name().clone()), column.column(0))?;
            describe_all(&[series], self.spec, self.interrupt)
        });
        let found = Summaries::new(self.spec, summaries.collect::<Result<Vec<_>>>()?.concat());
        Ok(found.of_windows(self.keys(vec![bounds.0], vec![bounds.1], Vec::new())?))
    }

    /// A part of the keys after the other: rows are dealt out to parts by a hash of their key. A part that does not fit is dealt out again, by
    /// another hash.
    fn part_by_part(&self, chunks: &Chunks, bounds: (i64, i64), parts: usize, room: usize) -> Result<Summaries> {
        let encoder = encoder(&self.layout.keys)?;
        let mut dealt = vec![Chunks::default(); parts];
        #[cfg(feature = "stream")]
        let (mut store, fields) = (Store::default(), self.layout.kept());
        let (hasher, mut held) = (RandomState::new(), 0);
        let (mut first_key, mut is_one_key): (Option<Vec<u8>>, bool) = (None, true);
        for rows in chunks.each() {
            self.interrupt.check()?;
            let columns = rows?;
            let keys: Vec<ArrayRef> = columns.iter().take(self.layout.keys.len()).cloned().map(one_zero).collect();
            let keys = encoder.convert_columns(&keys).map_err(failed)?;
            is_one_key = is_one_key
                && keys
                    .iter()
                    .all(|key| key.as_ref() == first_key.get_or_insert_with(|| key.as_ref().to_vec()).as_slice());
            let mut order: Vec<(u32, u32)> = (keys.iter().zip(0..))
                .map(|(key, row)| (hasher.hash_one(key.as_ref()) as u32 % parts as u32, row))
                .collect();
            order.sort_unstable();
            let rows = UInt32Array::from_iter_values(order.iter().map(|(_, row)| *row));
            let columns = columns.iter().map(|column| take(column, &rows, None).map_err(failed));
            let columns = columns.collect::<Result<Vec<_>>>()?;
            let mut start = 0;
            for of_part in order.chunk_by(|a, b| a.0 == b.0) {
                let rows = columns.iter().map(|column| column.slice(start, of_part.len())).collect();
                dealt[of_part[0].0 as usize].push(rows, of_part.len());
                start += of_part.len();
            }
            held += order.len() * chunks.loaded_bytes() / chunks.rows().max(1);
            if TIMES * held > room {
                held = 0;
                #[cfg(feature = "stream")]
                dealt.iter_mut().try_for_each(|part| part.spill(&fields, &mut store))?;
            }
        }
        if is_one_key {
            self.check_room(chunks.loaded_bytes(), || "describing the rows that one key has in a window".to_owned())?;
        }
        let parts = dealt.iter_mut().filter(|part| part.rows() > 0);
        let found = parts.map(|part| self.window(&std::mem::take(part), bounds));
        let found = self.joined(found.collect::<Result<_>>()?)?;
        let keys = found.keys().map_or(&[][..], |keys| &keys.columns()[BOUNDS.len()..]);
        let keys = encoder.convert_columns(keys).map_err(failed)?;
        let mut order: Vec<u32> = (0..keys.num_rows() as u32).collect();
        order.sort_unstable_by(|&a, &b| keys.row(a as usize).cmp(&keys.row(b as usize)));
        found.in_order(&order).map_err(failed)
    }

    fn loaded_window(&self, chunks: &Loaded, bounds: (i64, i64)) -> Result<Summaries> {
        let series = self.series(chunks)?;
        let keys = self.layout.keys.iter().enumerate();
        let by =
            keys.map(|(index, field)| Ok((field.clone(), chunks.whole_column(index)?))).collect::<Result<Vec<_>>>()?;
        let found = match by.is_empty() {
            true => Summaries::new(self.spec, describe_all(&series, self.spec, self.interrupt)?),
            false => describe_groups(by, &series, self.spec, self.interrupt)?,
        };
        let rows = found.keys().map_or(1, RecordBatch::num_rows);
        let keys = found.keys().map_or_else(Vec::new, |keys| keys.columns().to_vec());
        let keys = self.keys(vec![bounds.0; rows], vec![bounds.1; rows], keys)?;
        Ok(found.of_windows(keys))
    }

    /// Windows whose rows have their numbers, from 0 on, and which have these bounds and keys.
    pub fn numbered(
        &self,
        chunks: &Loaded,
        numbers: Vec<u32>,
        (starts, ends): (Vec<i64>, Vec<i64>),
        keys: Vec<ArrayRef>,
    ) -> Result<Summaries> {
        let field: FieldRef = Arc::new(Field::new("window", DataType::UInt32, false));
        let by: Vec<(FieldRef, ArrayRef)> = vec![(field, Arc::new(UInt32Array::from(numbers)))];
        let found = describe_groups(by, &self.series(chunks)?, self.spec, self.interrupt)?;
        Ok(found.of_windows(self.keys(starts, ends, keys)?))
    }

    /// The keys of windows: their bounds, and those of their rows.
    pub fn keys(&self, starts: Vec<i64>, ends: Vec<i64>, keys: Vec<ArrayRef>) -> Result<RecordBatch> {
        let bounds = &self.layout.bounds;
        let fields = BOUNDS.map(|name| Arc::new(Field::new(name, bounds.clone(), false)));
        let fields = fields.into_iter().chain(self.layout.keys.iter().cloned());
        let columns = [starts, ends].map(|times| to_bounds(times, bounds)).into_iter().chain(keys);
        RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Vec<_>>())), columns.collect()).map_err(failed)
    }

    fn columns(&self) -> Vec<AnsweredColumn> {
        let columns = self.layout.values.iter();
        columns.map(|field| (Some(field.name().clone()), number_type(field.data_type()))).collect()
    }

    /// Windows with these keys, whose answers are known.
    pub fn of_answers(&self, keys: RecordBatch, answers: Answers) -> Summaries {
        Summaries::with_keys(self.columns(), Some(keys.clone()), self.spec, answers).of_windows(keys)
    }

    /// Windows one after the other.
    pub fn joined(&self, mut windows: Vec<Summaries>) -> Result<Summaries> {
        let Some(last) = windows.pop() else {
            let keys = self.layout.keys.iter().map(|field| arrow_array::new_empty_array(field.data_type()));
            let keys = self.keys(vec![], vec![], keys.collect())?;
            return Ok(self.of_answers(keys, Answers::new(0, self.spec)));
        };
        if windows.is_empty() {
            return Ok(last);
        }
        windows.push(last);
        Summaries::joined(windows).map_err(failed)
    }
}
