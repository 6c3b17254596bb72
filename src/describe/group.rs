//! Rows with equal keys, found on the threads of the pool.
//!
//! Stripes of neighbouring rows each find their distinct keys, as long as a table of them stays in the cache. If there are too
//! many, rows are dealt out to parts by a hash of their key, so that the keys of a part do, however many there are in all. The
//! distinct keys are sorted; then every row goes to its place: group after group, and within a group in the order in which
//! the rows came.

use std::cmp::Ordering;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use arrow_array::{Array, ArrayRef, RecordBatch, UInt32Array};
use arrow_buffer::NullBuffer;
use arrow_schema::{Field, Schema};
#[cfg(feature = "parquet")]
use arrow_select::concat::concat_batches;
use arrow_select::take::take;
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::series::key::{KeyColumn, Work};

/// Parts that rows are dealt out to.
const PARTS: usize = 256;

/// Up to so many rows are no work for several threads.
const FEW: usize = 1 << 14;

/// Up to so many distinct keys are found in each stripe.
const TABLE: usize = 1 << 14;

/// Codes that are no further apart have a slot each.
const NEAR: usize = 1 << 16;

/// Groups whose rows are ranked together.
const TOGETHER: usize = 1 << 10;

/// Neighbouring rows that are looked at together.
const STRIPE: usize = 1 << 19;

/// The rows of each group.
#[derive(Clone, Debug)]
pub struct Groups {
    /// A row of keys for each group, ascending, null last.
    pub keys: RecordBatch,
    /// Where each group begins among `rows`, and where the last one ends.
    pub starts: Vec<usize>,
    /// The rows of one group after the other, ascending within a group.
    pub rows: Vec<u32>,
}

impl Groups {
    /// The groups of rows whose keys are equal in every one of these columns, of `rows` rows each.
    ///
    /// # Errors
    ///
    /// [`Error::NoKey`] for a column of a nested type, [`Error::Data`] for one of another length, or 2³² rows and more.
    pub fn new(columns: Vec<(String, ArrayRef)>, rows: usize) -> Result<Self> {
        Self::sorted(columns, rows, true)
    }

    /// The same, but the keys may be in any order.
    #[cfg(feature = "parquet")]
    pub fn in_any_order(columns: Vec<(String, ArrayRef)>, rows: usize) -> Result<Self> {
        Self::sorted(columns, rows, false)
    }

    /// The groups of rows of keys that are in several batches, one after the other.
    ///
    /// # Errors
    ///
    /// As above, and [`Error::Data`] for no batches or such as do not fit together.
    #[cfg(feature = "parquet")]
    pub fn of_batches<'a>(batches: impl IntoIterator<Item = &'a RecordBatch>) -> Result<Self> {
        let mut batches = batches.into_iter().peekable();
        let schema = batches.peek().map(|batch| batch.schema());
        let schema = schema.ok_or_else(|| Error::Data("there are no rows to be grouped".to_owned()))?;
        let all = concat_batches(&schema, batches).map_err(Error::of_groups)?;
        let named = schema.fields().iter().zip(all.columns());
        Self::new(named.map(|(field, column)| (field.name().clone(), column.clone())).collect(), all.num_rows())
    }

    fn sorted(columns: Vec<(String, ArrayRef)>, rows: usize, sorts: bool) -> Result<Self> {
        if u32::try_from(rows).is_err() {
            return Err(Error::Data(format!("{rows} rows cannot be grouped at once; at most {} can", u32::MAX)));
        }
        let columns = columns.into_iter().map(|(name, array)| {
            if array.len() != rows {
                return Err(Error::Data(format!("keys '{name}' have {} rows, and the data {rows}", array.len())));
            }
            KeyColumn::new(name, array, &ranks)
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let places = match &columns[..] {
            [] => Places { firsts: vec![], starts: vec![0, rows], rows: (0..rows as u32).collect() },
            [column] => places(column, sorts),
            [first, rest @ ..] => {
                // Keys side by side are a number of two digits: the ranks of what is before, and of this column.
                let mut joint = places(first, sorts);
                for column in rest {
                    let (before, _) = ranked(joint);
                    let (ranks, count) = ranked(places(column, sorts));
                    let pair = |row: usize| u64::from(before[row]) * u64::from(count) + u64::from(ranks[row]);
                    joint = sort_out(rows, None, pair, |_, _, _| true, by_code, sorts);
                }
                joint
            }
        };
        let firsts = UInt32Array::from(places.firsts);
        let mut fields = Vec::new();
        let mut arrays = Vec::new();
        for column in columns {
            let keys = take(&column.array, &firsts, None).map_err(|error| Error::Data(error.to_string()))?;
            fields.push(Field::new(column.name, keys.data_type().clone(), true));
            arrays.push(one_zero(keys));
        }
        let groups = firsts.len();
        let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(groups));
        let keys = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
            .map_err(|error| Error::Data(error.to_string()))?;
        Ok(Self { keys, starts: places.starts, rows: places.rows })
    }

    /// The number of groups.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The rows of some neighbours.
    pub fn rows(&self, groups: Range<usize>) -> &[u32] {
        &self.rows[self.starts[groups.start]..self.starts[groups.end]]
    }
}

/// Which zero or NaN a float key shows must not depend on the order of the rows.
fn one_zero(keys: ArrayRef) -> ArrayRef {
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Float32Type, Float64Type};
    use arrow_schema::DataType;
    match keys.data_type() {
        DataType::Float64 => {
            let one = |value: f64| if value.is_nan() { f64::NAN } else { value + 0.0 };
            Arc::new(keys.as_primitive::<Float64Type>().unary::<_, Float64Type>(one))
        }
        DataType::Float32 => {
            let one = |value: f32| if value.is_nan() { f32::NAN } else { value + 0.0 };
            Arc::new(keys.as_primitive::<Float32Type>().unary::<_, Float32Type>(one))
        }
        _ => keys,
    }
}

/// Groups by their rows alone.
struct Places {
    /// The first row of each group.
    firsts: Vec<u32>,
    starts: Vec<usize>,
    rows: Vec<u32>,
}

/// What keys are told apart by.
trait Code: Copy + Default + Ord + Send + Sync {
    /// 64 bits that depend on all of it.
    fn folded(self) -> u64;

    /// How far it is above another one, if equal codes alone are equal keys.
    fn above(self, low: Self) -> Option<u64> {
        let _ = low;
        None
    }
}

impl Code for u64 {
    fn folded(self) -> u64 {
        self
    }

    fn above(self, low: Self) -> Option<u64> {
        Some(self.wrapping_sub(low))
    }
}

/// What keys have in common that may be equal.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Hash(u64);

impl Code for Hash {
    fn folded(self) -> u64 {
        self.0
    }
}

impl Code for u128 {
    fn folded(self) -> u64 {
        (self >> 64) as u64 ^ (self as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// One of the distinct keys.
#[derive(Clone, Copy)]
struct Distinct<C> {
    code: C,
    /// The first row that has it.
    first: u32,
    table: u32,
    /// Its number there.
    key: u32,
}

/// Codes that are in the order of the keys.
fn by_code<C: Ord>(a: Distinct<C>, b: Distinct<C>) -> Ordering {
    a.code.cmp(&b.code)
}

/// The groups of one column, in the order of their keys or in any.
fn places(column: &KeyColumn, sorts: bool) -> Places {
    struct Sort<'a> {
        sorts: bool,
        rows: usize,
        nulls: Option<&'a NullBuffer>,
    }
    impl Work for Sort<'_> {
        type Outcome = Places;

        fn exact(self, code: impl Fn(usize) -> u64 + Sync) -> Places {
            sort_out(self.rows, self.nulls, code, |_, _, _| true, by_code, self.sorts)
        }
        fn bytes<'b>(self, bytes: impl Fn(usize) -> &'b [u8] + Sync) -> Places {
            // Short text is its own code, in its order; of longer text the code is a hash, and the order that of the bytes.
            let hasher = RandomState::new();
            let code = |row| text_code(&hasher, bytes(row));
            let same = |code: u128, a, b| code & LONG == 0 || bytes(a) == bytes(b);
            let order = |a: Distinct<u128>, b: Distinct<u128>| match (a.code | b.code) & LONG {
                0 => a.code.cmp(&b.code),
                _ => bytes(a.first as usize).cmp(bytes(b.first as usize)),
            };
            sort_out(self.rows, self.nulls, code, same, order, self.sorts)
        }
        fn ordered<'b>(
            self,
            bytes: impl Fn(usize) -> &'b [u8] + Sync,
            order: impl Fn(usize, usize) -> Ordering + Sync,
        ) -> Places {
            let hasher = RandomState::new();
            let code = |row| Hash(hasher.hash_one(bytes(row)));
            let order = |a: Distinct<Hash>, b: Distinct<Hash>| order(a.first as usize, b.first as usize);
            let same = |_, a, b| bytes(a) == bytes(b);
            sort_out(self.rows, self.nulls, code, same, order, self.sorts)
        }
    }
    column.visit(Sort { sorts, rows: column.len(), nulls: column.nulls() })
}

/// Set in the code of text that is longer than [`SHORT`] bytes.
const LONG: u128 = 1 << 7;

/// Bytes of text that fit a code beside their number.
const SHORT: usize = 15;

fn text_code(hasher: &RandomState, bytes: &[u8]) -> u128 {
    if bytes.len() > SHORT {
        return u128::from(hasher.hash_one(bytes)) << 64 | LONG;
    }
    let mut word = [0; 16];
    word[..bytes.len()].copy_from_slice(bytes);
    word[SHORT] = bytes.len() as u8;
    u128::from_be_bytes(word)
}

/// The place of each row's key among the distinct ones, of a column that is a dictionary's.
fn ranks(column: KeyColumn) -> Result<Vec<u32>> {
    Ok(ranked(places(&column, true)).0)
}

/// The rank of each row's group, and the number of groups.
fn ranked(places: Places) -> (Vec<u32>, u32) {
    let ranks = zeros(places.rows.len());
    let groups = places.firsts.len();
    let starts: Vec<usize> = (0..groups).step_by(TOGETHER).collect();
    each(&starts, places.rows.len(), |&start| {
        for group in start..groups.min(start + TOGETHER) {
            let rows = &places.rows[places.starts[group]..places.starts[group + 1]];
            rows.iter().for_each(|&row| ranks[row as usize].store(group as u32, Relaxed));
        }
    });
    (ranks.into_iter().map(AtomicU32::into_inner).collect(), groups as u32)
}

/// Groups rows by equal codes, if they are also the `same`; in this order of the keys, or in any.
fn sort_out<C: Code>(
    rows: usize,
    nulls: Option<&NullBuffer>,
    code: impl Fn(usize) -> C + Sync,
    same: impl Fn(C, usize, usize) -> bool + Sync,
    order: impl Fn(Distinct<C>, Distinct<C>) -> Ordering + Sync,
    sorts: bool,
) -> Places {
    let seed = RandomState::new().hash_one(0) | 1;
    let there = |row: &u32| nulls.is_none_or(|nulls| nulls.is_valid(*row as usize));
    let starts: Vec<usize> = (0..rows).step_by(STRIPE).collect();
    let stripe = |start: usize| start as u32..rows.min(start + STRIPE) as u32;
    let null_rows = match nulls {
        Some(nulls) if nulls.null_count() > 0 => (0..rows as u32).filter(|row| !there(row)).collect(),
        _ => Vec::new(),
    };

    let most = if rows <= FEW { FEW } else { TABLE };
    let too_many = AtomicBool::new(false);
    let tables = each(&starts, rows, |&start| {
        let mut table =
            Table::near(stripe(start).filter(there).map(|row| code(row as usize)), stripe(start).len(), seed);
        table.keys.reserve(stripe(start).len());
        for row in stripe(start).filter(there) {
            table.add(code(row as usize), row, &same);
            if table.codes.len() > most || row % 1024 == 0 && too_many.load(Relaxed) {
                too_many.store(true, Relaxed);
                return None;
            }
        }
        Some(table)
    });
    if let Some(tables) = tables.into_iter().collect::<Option<Vec<_>>>() {
        // Several tables may have keys in common, which are brought together by sorting.
        let sorts = sorts || tables.len() > 1;
        return placed(rows, &tables, |table| stripe(starts[table]).filter(there), null_rows, order, sorts);
    }

    let part_of = |code: C| (mixed(code, seed) >> 56) as usize;
    let dealt: Vec<Dealt<C>> = each(&starts, rows, |&start| Dealt::new(stripe(start).filter(there), &code, part_of));
    let rows_of = |part: usize| {
        dealt.iter().flat_map(move |dealt| dealt.rows[dealt.starts[part]..dealt.starts[part + 1]].iter().copied())
    };
    let parts: Vec<usize> = (0..PARTS).collect();
    let tables = each(&parts, rows, |&part| {
        let mut table = Table::new(seed);
        for dealt in &dealt {
            let section = dealt.starts[part]..dealt.starts[part + 1];
            for (&code, &row) in dealt.codes[section.clone()].iter().zip(&dealt.rows[section]) {
                table.add(code, row, &same);
            }
        }
        table
    });
    placed(rows, &tables, rows_of, null_rows, order, sorts)
}

/// Every row at its place, the nulls last. Tables may have keys in common, each with rows after those of the table before.
fn placed<C: Code, R: Iterator<Item = u32>>(
    rows: usize,
    tables: &[Table<C>],
    rows_of: impl Fn(usize) -> R + Sync,
    null_rows: Vec<u32>,
    order: impl Fn(Distinct<C>, Distinct<C>) -> Ordering + Sync,
    sorts: bool,
) -> Places {
    let mut all: Vec<Distinct<C>> = Vec::with_capacity(tables.iter().map(|table| table.codes.len()).sum());
    for (number, table) in tables.iter().enumerate() {
        let keys = table.codes.iter().zip(&table.firsts).zip(0..);
        all.extend(keys.map(|((&code, &first), key)| Distinct { code, first, table: number as u32, key }));
    }
    let ascending = |a: &Distinct<C>, b: &Distinct<C>| order(*a, *b).then(a.table.cmp(&b.table));
    match rows <= FEW {
        _ if !sorts => {}
        true => all.sort_unstable_by(ascending),
        false => all.par_sort_unstable_by(ascending),
    }
    let mut firsts = Vec::with_capacity(all.len() + 1);
    let mut starts = Vec::with_capacity(all.len() + 2);
    let mut places: Vec<Vec<u32>> = tables.iter().map(|table| vec![0; table.codes.len()]).collect();
    let mut end = 0;
    let mut before = None;
    for distinct in all {
        if before.is_none_or(|before| order(before, distinct).is_ne()) {
            firsts.push(distinct.first);
            starts.push(end);
        }
        let (table, key) = (distinct.table as usize, distinct.key as usize);
        places[table][key] = end as u32;
        end += tables[table].counts[key] as usize;
        before = Some(distinct);
    }
    starts.push(end);
    if let Some(&first) = null_rows.first() {
        firsts.push(first);
        starts.push(end + null_rows.len());
    }

    let sorted = zeros(rows);
    let places: Vec<_> = places.into_iter().enumerate().collect();
    each(&places, rows, |(table, places)| {
        let mut places = places.clone();
        for (row, &key) in rows_of(*table).zip(&tables[*table].keys) {
            let place = &mut places[key as usize];
            sorted[*place as usize].store(row, Relaxed);
            *place += 1;
        }
    });
    let mut rows: Vec<u32> = sorted.into_iter().map(AtomicU32::into_inner).collect();
    rows[end..].copy_from_slice(&null_rows);
    Places { firsts, starts, rows }
}

/// As many zeros, which threads can write to.
fn zeros(count: usize) -> Vec<AtomicU32> {
    match count <= FEW {
        true => (0..count).map(|_| AtomicU32::new(0)).collect(),
        false => (0..count).into_par_iter().map(|_| AtomicU32::new(0)).collect(),
    }
}

/// Does the work for each item: on the pool, unless there are only a few rows in all. Those must not wake rayon's own pool,
/// which a forked child does not have.
fn each<T: Sync, R: Send>(items: &[T], rows: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    match rows <= FEW {
        true => items.iter().map(&work).collect(),
        false => items.par_iter().map(&work).collect(),
    }
}

/// Rows of a stripe on their way to parts: their codes, and themselves.
struct Dealt<C> {
    /// Where each part begins.
    starts: Vec<usize>,
    codes: Vec<C>,
    rows: Vec<u32>,
}

impl<C: Code> Dealt<C> {
    /// Deals rows out: first it counts, then it places.
    fn new(rows: impl Iterator<Item = u32> + Clone, code: impl Fn(usize) -> C, part_of: impl Fn(C) -> usize) -> Self {
        let mut codes = Vec::with_capacity(STRIPE);
        let mut starts = vec![0; PARTS + 1];
        for row in rows.clone() {
            let code = code(row as usize);
            codes.push(code);
            starts[part_of(code) + 1] += 1;
        }
        for part in 0..PARTS {
            starts[part + 1] += starts[part];
        }
        let mut next = starts.clone();
        let mut dealt = Self { codes: vec![C::default(); codes.len()], rows: vec![0; codes.len()], starts };
        for (row, code) in rows.zip(codes) {
            let place = &mut next[part_of(code)];
            (dealt.codes[*place], dealt.rows[*place]) = (code, row);
            *place += 1;
        }
        dealt
    }
}

/// Bits of a code, well spread: all of them depend on all of it.
fn mixed(code: impl Code, seed: u64) -> u64 {
    mixed_bits(code.folded(), seed)
}

/// Bits all of which depend on all of both.
pub(crate) fn mixed_bits(bits: u64, seed: u64) -> u64 {
    let product = u128::from(bits ^ seed) * 0x9e37_79b9_7f4a_7c15;
    (product as u64) ^ (product >> 64) as u64
}

/// The distinct keys of some rows, found by open addressing: a key's slot, or the next one that is free.
struct Table<C> {
    codes: Vec<C>,
    firsts: Vec<u32>,
    counts: Vec<u32>,
    /// The key of each row, in their order.
    keys: Vec<u32>,
    /// One more than the key in a slot; 0 of a free one. At most half of the slots are taken.
    slots: Vec<u32>,
    seed: u64,
    /// The lowest code, if all of them are near it: the slot of a code is how far it is above.
    low: Option<C>,
}

impl<C: Code> Table<C> {
    fn new(seed: u64) -> Self {
        Self { codes: vec![], firsts: vec![], counts: vec![], keys: vec![], slots: vec![0; 64], seed, low: None }
    }

    /// For these codes, of so many rows at most.
    fn near(codes: impl Iterator<Item = C> + Clone, rows: usize, seed: u64) -> Self {
        let empty = Self::new(seed);
        let Some(first) = codes.clone().next().filter(|first| first.above(*first).is_some()) else { return empty };
        let (low, high) = codes.fold((first, first), |(low, high), code| (low.min(code), high.max(code)));
        match high.above(low).and_then(|range| usize::try_from(range).ok()) {
            // Twice as many as can be taken.
            Some(range) if range < rows.min(NEAR) => Self { slots: vec![0; 2 * (range + 1)], low: Some(low), ..empty },
            _ => empty,
        }
    }

    #[inline]
    fn add(&mut self, code: C, row: u32, same: impl Fn(C, usize, usize) -> bool) {
        if let Some(slot) = self.low.and_then(|low| code.above(low)) {
            let slot = slot as usize;
            let key = match self.slots[slot] {
                0 => self.insert(code, row, slot),
                taken => (taken - 1) as usize,
            };
            self.counts[key] += 1;
            return self.keys.push(key as u32);
        }
        let mask = self.slots.len() - 1;
        let mut slot = mixed(code, self.seed) as usize & mask;
        let key = loop {
            match self.slots[slot] {
                0 => break self.insert(code, row, slot),
                taken => {
                    let key = (taken - 1) as usize;
                    if self.codes[key] == code && same(code, self.firsts[key] as usize, row as usize) {
                        break key;
                    }
                }
            }
            slot = (slot + 1) & mask;
        };
        self.counts[key] += 1;
        self.keys.push(key as u32);
    }

    /// A new key in a free slot.
    #[cold]
    fn insert(&mut self, code: C, row: u32, slot: usize) -> usize {
        self.codes.push(code);
        self.firsts.push(row);
        self.counts.push(0);
        self.slots[slot] = self.codes.len() as u32;
        if 2 * self.codes.len() > self.slots.len() {
            self.spread(4 * self.slots.len());
        }
        self.codes.len() - 1
    }

    /// The keys in so many slots.
    fn spread(&mut self, size: usize) {
        self.slots = vec![0; size];
        for (key, &code) in self.codes.iter().enumerate() {
            let mut slot = mixed(code, self.seed) as usize & (size - 1);
            while self.slots[slot] != 0 {
                slot = (slot + 1) & (size - 1);
            }
            self.slots[slot] = key as u32 + 1;
        }
    }
}
