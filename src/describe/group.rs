//! Rows with equal keys, found on the threads of the pool.
//!
//! Rows are dealt out to parts by a hash of their key, so that the keys of a part, and a table of them, stay in the
//! cache however many there are in all. The distinct keys are sorted; then every row goes to its place: group after
//! group, and within a group in the order in which the rows came.

use std::cmp::Ordering;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use arrow_array::{Array, ArrayRef, RecordBatch, UInt32Array};
use arrow_buffer::NullBuffer;
use arrow_schema::{Field, Schema};
use arrow_select::take::take;
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::series::key::{KeyColumn, Work};

/// Parts that rows are dealt out to.
const PARTS: usize = 256;

/// Up to so many rows make a single part.
const FEW: usize = 1 << 14;

/// Groups whose rows are ranked together.
const TOGETHER: usize = 1 << 10;

/// Rows that are dealt out together.
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
            [column] => places(column),
            [first, rest @ ..] => {
                // Keys side by side are a number of two digits: the ranks of what is before, and of this column.
                let mut joint = places(first);
                for column in rest {
                    let (before, _) = ranked(joint);
                    let (ranks, count) = ranked(places(column));
                    let pair = |row: usize| u64::from(before[row]) * u64::from(count) + u64::from(ranks[row]);
                    joint = sort_out(rows, None, pair, |_, _, _| true, by_code);
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
}

impl Code for u64 {
    fn folded(self) -> u64 {
        self
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
    part: u16,
    /// Its number there.
    key: u32,
}

/// Codes that are in the order of the keys.
fn by_code<C: Ord>(a: Distinct<C>, b: Distinct<C>) -> Ordering {
    a.code.cmp(&b.code)
}

/// The groups of one column.
fn places(column: &KeyColumn) -> Places {
    struct Sort<'a> {
        rows: usize,
        nulls: Option<&'a NullBuffer>,
    }
    impl Work for Sort<'_> {
        type Outcome = Places;

        fn exact(self, code: impl Fn(usize) -> u64 + Sync) -> Places {
            sort_out(self.rows, self.nulls, code, |_, _, _| true, by_code)
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
            sort_out(self.rows, self.nulls, code, same, order)
        }
        fn ordered<'b>(
            self,
            bytes: impl Fn(usize) -> &'b [u8] + Sync,
            order: impl Fn(usize, usize) -> Ordering + Sync,
        ) -> Places {
            let hasher = RandomState::new();
            let code = |row| hasher.hash_one(bytes(row));
            let order = |a: Distinct<u64>, b: Distinct<u64>| order(a.first as usize, b.first as usize);
            sort_out(self.rows, self.nulls, code, |_, a, b| bytes(a) == bytes(b), order)
        }
    }
    column.visit(Sort { rows: column.len(), nulls: column.nulls() })
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
    Ok(ranked(places(&column)).0)
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

/// Rows on their way to a part: their codes, and themselves.
struct Stripe<C> {
    /// Where each part begins.
    starts: Vec<usize>,
    codes: Vec<C>,
    rows: Vec<u32>,
    nulls: Vec<u32>,
}

/// The distinct keys of a part.
struct Part<C> {
    codes: Vec<C>,
    firsts: Vec<u32>,
    counts: Vec<u32>,
    /// The key of each row, stripe by stripe.
    keys: Vec<u32>,
}

/// Groups rows by equal codes, if they are also the `same`; in the order of the codes, unless there is another one.
fn sort_out<C: Code>(
    rows: usize,
    nulls: Option<&NullBuffer>,
    code: impl Fn(usize) -> C + Sync,
    same: impl Fn(C, usize, usize) -> bool + Sync,
    order: impl Fn(Distinct<C>, Distinct<C>) -> Ordering + Sync,
) -> Places {
    let parts = if rows <= FEW { 1 } else { PARTS };
    let seed = RandomState::new().hash_one(0) | 1;
    let part_of = |code: C| if parts == 1 { 0 } else { (mixed(code, seed) >> 56) as usize };
    let stripe = |start: usize| deal(start..rows.min(start + STRIPE), nulls, parts, &code, part_of);
    let starts: Vec<usize> = (0..rows).step_by(STRIPE).collect();
    let stripes: Vec<Stripe<C>> = each(&starts, rows, |&start| stripe(start));
    let of_part = |part: usize| {
        let sections = stripes.iter().map(move |stripe| stripe.starts[part]..stripe.starts[part + 1]);
        stripes.iter().zip(sections)
    };
    let numbers: Vec<usize> = (0..parts).collect();
    let found: Vec<Part<C>> = each(&numbers, rows, |&part| {
        let sections = of_part(part).map(|(stripe, section)| (&stripe.codes[section.clone()], &stripe.rows[section]));
        Part::new(sections, &same, seed)
    });

    let mut all: Vec<Distinct<C>> = Vec::with_capacity(found.iter().map(|part| part.codes.len()).sum());
    for (number, part) in found.iter().enumerate() {
        let keys = part.codes.iter().zip(&part.firsts).zip(0..);
        all.extend(keys.map(|((&code, &first), key)| Distinct { code, first, part: number as u16, key }));
    }
    match rows <= FEW {
        true => all.sort_unstable_by(|a, b| order(*a, *b)),
        false => all.par_sort_unstable_by(|a, b| order(*a, *b)),
    }
    let mut firsts = Vec::with_capacity(all.len() + 1);
    let mut starts = Vec::with_capacity(all.len() + 2);
    let mut places: Vec<Vec<u32>> = found.iter().map(|part| vec![0; part.codes.len()]).collect();
    let mut end = 0;
    for Distinct { first, part, key, .. } in all {
        firsts.push(first);
        starts.push(end);
        let (part, key) = (usize::from(part), key as usize);
        places[part][key] = end as u32;
        end += found[part].counts[key] as usize;
    }
    starts.push(end);
    // A null is a key of its own, after all others.
    let null_rows: usize = stripes.iter().map(|stripe| stripe.nulls.len()).sum();
    if let Some(&first) = stripes.iter().flat_map(|stripe| &stripe.nulls).next() {
        firsts.push(first);
        starts.push(end + null_rows);
    }

    let sorted = zeros(rows);
    let parts: Vec<_> = places.into_iter().enumerate().collect();
    each(&parts, rows, |(part, places)| {
        let mut places = places.clone();
        let rows = of_part(*part).flat_map(|(stripe, section)| &stripe.rows[section]);
        for (&row, &key) in rows.zip(&found[*part].keys) {
            let place = &mut places[key as usize];
            sorted[*place as usize].store(row, Relaxed);
            *place += 1;
        }
    });
    let mut rows: Vec<u32> = sorted.into_iter().map(AtomicU32::into_inner).collect();
    let null_rows = stripes.iter().flat_map(|stripe| &stripe.nulls);
    rows[end..].iter_mut().zip(null_rows).for_each(|(place, &row)| *place = row);
    Places { firsts, starts, rows }
}

/// As many zeros, which threads can write to.
fn zeros(count: usize) -> Vec<AtomicU32> {
    (0..count).map(|_| AtomicU32::new(0)).collect()
}

/// Does the work for each item: on the pool, unless there are only a few rows in all. Those must not wake rayon's own pool,
/// which a forked child does not have.
fn each<T: Sync, R: Send>(items: &[T], rows: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    match rows <= FEW {
        true => items.iter().map(&work).collect(),
        false => items.par_iter().map(&work).collect(),
    }
}

/// Deals rows out to parts: first it counts, then it places.
fn deal<C: Code>(
    rows: Range<usize>,
    nulls: Option<&NullBuffer>,
    parts: usize,
    code: impl Fn(usize) -> C,
    part_of: impl Fn(C) -> usize,
) -> Stripe<C> {
    let mut null_rows = Vec::new();
    let there = |row: usize| nulls.is_none_or(|nulls| nulls.is_valid(row));
    let mut codes = Vec::with_capacity(rows.len());
    let mut starts = vec![0; parts + 1];
    for row in rows.clone() {
        if !there(row) {
            null_rows.push(row as u32);
            codes.push(C::default());
            continue;
        }
        let code = code(row);
        codes.push(code);
        starts[part_of(code) + 1] += 1;
    }
    for part in 0..parts {
        starts[part + 1] += starts[part];
    }
    let mut stripe =
        Stripe { codes: vec![C::default(); starts[parts]], rows: vec![0; starts[parts]], starts, nulls: null_rows };
    let mut next = stripe.starts.clone();
    for (row, &code) in rows.zip(&codes) {
        if there(row) {
            let place = &mut next[part_of(code)];
            (stripe.codes[*place], stripe.rows[*place]) = (code, row as u32);
            *place += 1;
        }
    }
    stripe
}

/// Bits of a code, well spread: all of them depend on all of it.
fn mixed(code: impl Code, seed: u64) -> u64 {
    let product = u128::from(code.folded() ^ seed) * 0x9e37_79b9_7f4a_7c15;
    (product as u64) ^ (product >> 64) as u64
}

impl<C: Code> Part<C> {
    /// Finds the distinct keys by open addressing: a key's slot, or the next one that is free.
    fn new<'a>(
        sections: impl Iterator<Item = (&'a [C], &'a [u32])> + Clone,
        same: impl Fn(C, usize, usize) -> bool,
        seed: u64,
    ) -> Self
    where
        C: 'a,
    {
        let rows = sections.clone().map(|(codes, _)| codes.len()).sum();
        let mut part = Self { codes: vec![], firsts: vec![], counts: vec![], keys: Vec::with_capacity(rows) };
        // One more than the key in a slot; 0 of a free one. At most half of the slots are taken.
        let mut slots = vec![0u32; 64];
        for (codes, rows) in sections {
            for (&code, &row) in codes.iter().zip(rows) {
                let mask = slots.len() - 1;
                let mut slot = mixed(code, seed) as usize & mask;
                let key = loop {
                    match slots[slot] {
                        0 => break None,
                        taken => {
                            let key = (taken - 1) as usize;
                            if part.codes[key] == code && same(code, part.firsts[key] as usize, row as usize) {
                                break Some(key);
                            }
                        }
                    }
                    slot = (slot + 1) & mask;
                };
                let key = key.unwrap_or_else(|| {
                    part.codes.push(code);
                    part.firsts.push(row);
                    part.counts.push(0);
                    slots[slot] = part.codes.len() as u32;
                    part.codes.len() - 1
                });
                part.counts[key] += 1;
                part.keys.push(key as u32);
                if 2 * part.codes.len() > slots.len() {
                    slots = part.spread(4 * slots.len(), seed);
                }
            }
        }
        part
    }

    /// The keys in so many slots.
    fn spread(&self, size: usize, seed: u64) -> Vec<u32> {
        let mut slots = vec![0; size];
        for (key, &code) in self.codes.iter().enumerate() {
            let mut slot = mixed(code, seed) as usize & (size - 1);
            while slots[slot] != 0 {
                slot = (slot + 1) & (size - 1);
            }
            slots[slot] = key as u32 + 1;
        }
        slots
    }
}
