//! Every row at the place of its group, by the codes of the keys of one column.

use std::cmp::Ordering;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use arrow_buffer::NullBuffer;

use super::code::{Code, LONG, mixed, text_code};
use super::hash_partition::{HashPartitions, PARTS, STRIPE};
use super::key_table::Table;
use crate::error::Result;
use crate::series::key::{KeyColumn, KeyVisitor};
use crate::threads::Threads;

/// Below this many rows, one thread is faster.
const FEW: usize = 1 << 14;

/// The most distinct keys that are found in one stripe; with more, rows are dealt out to parts.
const TABLE: usize = 1 << 14;

/// What is known of the groups beside their rows.
pub(super) struct Outline {
    /// The first row of each group.
    pub(super) firsts: Vec<u32>,
    /// Where each begins among the rows of one after the other, and where the last one ends.
    pub(super) starts: Vec<usize>,
}

/// Where a row goes.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) row: u32,
    /// Its index among the rows of one group after the other.
    pub(super) index: u32,
    /// The number of its group.
    pub(super) group: u32,
}

/// One of the distinct keys.
#[derive(Clone, Copy)]
pub(super) struct Distinct<C> {
    code: C,
    /// The first row that has it.
    first: u32,
    table: u32,
    /// Its number there.
    key: u32,
}

/// Codes that are in the order of the keys.
pub(super) fn by_code<C: Ord>(a: Distinct<C>, b: Distinct<C>) -> Ordering {
    a.code.cmp(&b.code)
}

/// The groups of one column, in the order of their keys; `put` gets the place of each row.
pub(super) fn group_column(column: &KeyColumn, put: impl Fn(Place) + Sync) -> Outline {
    struct Sort<'a, P> {
        rows: usize,
        nulls: Option<&'a NullBuffer>,
        put: P,
    }
    impl<P: Fn(Place) + Sync> KeyVisitor for Sort<'_, P> {
        type Outcome = Outline;

        fn exact(self, code: impl Fn(usize) -> u64 + Copy + Sync) -> Outline {
            group_rows(self.rows, self.nulls, code, |_, _, _| true, by_code, self.put)
        }
        fn bytes<'b>(self, bytes: impl Fn(usize) -> &'b [u8] + Copy + Sync) -> Outline {
            // Short text is its own code, in its order; of longer text the code is a hash, and the order that of the bytes.
            let hasher = RandomState::new();
            let code = |row| text_code(&hasher, bytes(row));
            let same = |code: u128, a, b| code & LONG == 0 || bytes(a) == bytes(b);
            let order = |a: Distinct<u128>, b: Distinct<u128>| match (a.code | b.code) & LONG {
                0 => a.code.cmp(&b.code),
                _ => bytes(a.first as usize).cmp(bytes(b.first as usize)),
            };
            group_rows(self.rows, self.nulls, code, same, order, self.put)
        }
    }
    column.visit(Sort { rows: column.len(), nulls: column.nulls(), put })
}

/// The place of each row's key among the distinct ones, of a column that is a dictionary's.
pub(super) fn ranks(column: KeyColumn) -> Result<Vec<u32>> {
    Ok(ranked_column(&column).0)
}

/// The rank of each row's key among the distinct ones of a column, and how many these are.
pub(super) fn ranked_column(column: &KeyColumn) -> (Vec<u32>, u32) {
    let ranks = zeros(column.len());
    let outline = group_column(column, |place| ranks[place.row as usize].store(place.group, Relaxed));
    (numbers(ranks), outline.firsts.len() as u32)
}

/// The same of codes that are in the order of the keys.
pub(super) fn ranked_codes(rows: usize, code: impl Fn(usize) -> u64 + Copy + Sync) -> Vec<u32> {
    let ranks = zeros(rows);
    group_codes(rows, code, |place| ranks[place.row as usize].store(place.group, Relaxed));
    numbers(ranks)
}

/// The groups of codes that are in the order of the keys, in that order.
pub(super) fn group_codes<C: Code>(
    rows: usize,
    code: impl Fn(usize) -> C + Copy + Sync,
    put: impl Fn(Place) + Sync,
) -> Outline {
    group_rows(rows, None, code, |_, _, _| true, by_code, put)
}

/// Groups rows by equal codes, if they are also the `same`; in this order of the keys.
pub(super) fn group_rows<C: Code>(
    rows: usize,
    nulls: Option<&NullBuffer>,
    code: impl Fn(usize) -> C + Copy + Sync,
    same: impl Fn(C, usize, usize) -> bool + Copy + Sync,
    order: impl Fn(Distinct<C>, Distinct<C>) -> Ordering + Sync,
    put: impl Fn(Place) + Sync,
) -> Outline {
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
            table.add(code(row as usize), row, same);
            if table.codes.len() > most || row % 1024 == 0 && too_many.load(Relaxed) {
                too_many.store(true, Relaxed);
                return None;
            }
        }
        Some(table)
    });
    if let Some(tables) = tables.into_iter().collect::<Option<Vec<_>>>() {
        // Several tables may have keys in common, which are brought together by sorting.
        return placed(rows, &tables, |table| stripe(starts[table]).filter(there), null_rows, order, put);
    }

    let part_of = |code: C| (mixed(code, seed) >> 56) as usize;
    let partitions: Vec<HashPartitions<C>> =
        each(&starts, rows, |&start| HashPartitions::new(stripe(start).filter(there), code, part_of));
    let rows_of = |part: usize| {
        partitions.iter().flat_map(move |partitions| {
            partitions.rows[partitions.starts[part]..partitions.starts[part + 1]].iter().copied()
        })
    };
    let parts: Vec<usize> = (0..PARTS).collect();
    let tables = each(&parts, rows, |&part| {
        let mut table = Table::new(seed);
        for partitions in &partitions {
            let section = partitions.starts[part]..partitions.starts[part + 1];
            for (&code, &row) in partitions.codes[section.clone()].iter().zip(&partitions.rows[section]) {
                table.add(code, row, same);
            }
        }
        table
    });
    placed(rows, &tables, rows_of, null_rows, order, put)
}

/// Puts every row at its place, the nulls last. Tables may have keys in common, each with rows after those of the table before.
pub(super) fn placed<C: Code, R: Iterator<Item = u32>>(
    rows: usize,
    tables: &[Table<C>],
    rows_of: impl Fn(usize) -> R + Sync,
    null_rows: Vec<u32>,
    order: impl Fn(Distinct<C>, Distinct<C>) -> Ordering + Sync,
    put: impl Fn(Place) + Sync,
) -> Outline {
    let mut all: Vec<Distinct<C>> = Vec::with_capacity(tables.iter().map(|table| table.codes.len()).sum());
    for (number, table) in tables.iter().enumerate() {
        let keys = table.codes.iter().zip(&table.firsts).zip(0..);
        all.extend(keys.map(|((&code, &first), key)| Distinct { code, first, table: number as u32, key }));
    }
    let ascending = |a: &Distinct<C>, b: &Distinct<C>| order(*a, *b).then(a.table.cmp(&b.table));
    Threads::unless(rows <= FEW).sort_by(&mut all, ascending);
    let mut firsts = Vec::with_capacity(all.len() + 1);
    let mut starts = Vec::with_capacity(all.len() + 2);
    // The index of the next row of each key, and the number of its group.
    let mut places: Vec<Vec<(u32, u32)>> = tables.iter().map(|table| vec![(0, 0); table.codes.len()]).collect();
    let mut end = 0;
    let mut before = None;
    for distinct in all {
        if before.is_none_or(|before| order(before, distinct).is_ne()) {
            firsts.push(distinct.first);
            starts.push(end);
        }
        let (table, key) = (distinct.table as usize, distinct.key as usize);
        places[table][key] = (end as u32, firsts.len() as u32 - 1);
        end += tables[table].counts[key] as usize;
        before = Some(distinct);
    }
    starts.push(end);
    if let Some(&first) = null_rows.first() {
        firsts.push(first);
        starts.push(end + null_rows.len());
    }

    let places: Vec<_> = places.into_iter().enumerate().collect();
    each(&places, rows, |(table, places)| {
        let mut places = places.clone();
        for (row, &key) in rows_of(*table).zip(&tables[*table].keys) {
            let (index, group) = &mut places[key as usize];
            put(Place { row, index: *index, group: *group });
            *index += 1;
        }
    });
    for (row, index) in null_rows.into_iter().zip(end as u32..) {
        put(Place { row, index, group: firsts.len() as u32 - 1 });
    }
    Outline { firsts, starts }
}

/// As many zeros, which threads can write to.
pub(super) fn zeros(count: usize) -> Vec<AtomicU32> {
    Threads::unless(count <= FEW).zeros(count)
}

/// What the threads have written.
pub(super) fn numbers(written: Vec<AtomicU32>) -> Vec<u32> {
    written.into_iter().map(AtomicU32::into_inner).collect()
}

/// Does the work for each item: on the pool, unless there are only a few rows in all. Those must not wake rayon's own pool,
/// which a forked child does not have.
fn each<T: Sync, R: Send>(items: &[T], rows: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    Threads::unless(rows <= FEW).map(items.len(), |index| work(&items[index]))
}
