//! Several keys of a row as one code.
//!
//! Each key is a number: its own code less the least one, or the place of its text among the distinct ones. Side by side, the first key's
//! in the most significant bits, these numbers are a code in the order of the keys.

use arrow_buffer::NullBuffer;

use super::grouped_rows::{ranked_codes, ranked_column};
use crate::series::key::{KeyColumn, KeyVisitor};
use crate::threads::Threads;

/// Rows whose codes are made together.
const TOGETHER: usize = 1 << 14;

/// One code a row.
pub(in super::super) enum Packed {
    Narrow(Vec<u64>),
    Wide(Vec<u128>),
}

/// The codes of `rows` rows by several keys.
pub(in super::super) fn packed(columns: &[KeyColumn], rows: usize) -> Packed {
    let fields: Vec<Field> = columns.iter().map(Field::new).collect();
    match fields.iter().map(|field| field.bits).sum::<u32>() {
        ..=64 => {
            let mut codes = vec![0_u64; rows];
            for field in fields {
                // A shift by all bits is none, and there is nothing yet to be shifted.
                let bits = field.bits % u64::BITS;
                field.add_to(&mut codes, |code, key| *code = *code << bits | key);
            }
            Packed::Narrow(codes)
        }
        65..=128 => {
            let mut codes = vec![0_u128; rows];
            for field in fields {
                let bits = field.bits;
                field.add_to(&mut codes, |code, key| *code = *code << bits | u128::from(key));
            }
            Packed::Wide(codes)
        }
        // The place of what stands before among the distinct ones, and that of this key: 32 bits each.
        _ => {
            let places = columns.iter().map(|column| ranked_column(column).0);
            let joint = places.reduce(|before, ranks| {
                let code = |row: usize| u64::from(before[row]) << 32 | u64::from(ranks[row]);
                ranked_codes(rows, code)
            });
            Packed::Narrow(joint.unwrap_or_default().into_iter().map(u64::from).collect())
        }
    }
}

/// The numbers that stand for the keys of a column, from 0 on; that of null is the greatest.
struct Field<'a> {
    column: &'a KeyColumn,
    /// The least code.
    low: u64,
    /// The number of null.
    null: u64,
    bits: u32,
    /// The number of each row's key, where its code is not one.
    ranks: Option<Vec<u32>>,
}

impl<'a> Field<'a> {
    fn new(column: &'a KeyColumn) -> Self {
        let (low, high) = match column.visit(Range { rows: column.len(), nulls: column.nulls() }) {
            // Above all of 64 bits there is no number left for null.
            Some((low, high)) if column.nulls().is_none() || high - low < u64::MAX => (low, high),
            _ => {
                let (ranks, count) = ranked_column(column);
                let null = u64::from(count.saturating_sub(1));
                let bits = u64::BITS - null.leading_zeros();
                return Self { column, low: 0, null, bits, ranks: Some(ranks) };
            }
        };
        let null = (high - low).saturating_add(u64::from(column.nulls().is_some()));
        Self { column, low, null, bits: u64::BITS - null.leading_zeros(), ranks: None }
    }

    /// Adds the number of each row to its code.
    fn add_to<C: Send>(self, codes: &mut [C], add: impl Fn(&mut C, u64) + Sync) {
        match &self.ranks {
            Some(ranks) => each(codes, |row, code| add(code, ranks[row].into())),
            None => self.column.visit(Add { field: &self, nulls: self.column.nulls(), codes, add }),
        }
    }
}

/// Does the work for each row.
fn each<C: Send>(codes: &mut [C], work: impl Fn(usize, &mut C) + Sync) {
    let threads = Threads::unless(codes.len() <= TOGETHER);
    threads.map_items(codes.chunks_mut(TOGETHER).enumerate(), |(part, codes)| {
        codes.iter_mut().zip(part * TOGETHER..).for_each(|(code, row)| work(row, code));
    });
}

/// The least and the greatest code of a column whose codes are its keys.
struct Range<'a> {
    rows: usize,
    nulls: Option<&'a NullBuffer>,
}

impl KeyVisitor for Range<'_> {
    type Outcome = Option<(u64, u64)>;

    fn exact(self, code: impl Fn(usize) -> u64 + Copy + Sync) -> Self::Outcome {
        let Self { rows, nulls } = self;
        let some = |part: usize| {
            let start = part * TOGETHER;
            let there = |row: &usize| nulls.is_none_or(|nulls| nulls.is_valid(*row));
            let codes = (start..rows.min(start + TOGETHER)).filter(there).map(code);
            codes.fold((u64::MAX, 0), |(low, high), code| (low.min(code), high.max(code)))
        };
        let both = |a: (u64, u64), b: (u64, u64)| (a.0.min(b.0), a.1.max(b.1));
        let parts = Threads::unless(rows <= TOGETHER).map(rows.div_ceil(TOGETHER), some);
        let (low, high) = parts.into_iter().fold((u64::MAX, 0), both);
        // Without any key the range is that of one.
        Some(if low > high { (0, 0) } else { (low, high) })
    }

    fn bytes<'b>(self, _: impl Fn(usize) -> &'b [u8] + Copy + Sync) -> Self::Outcome {
        None
    }
}

/// Adds the number of each key to the code of its row.
struct Add<'a, C, A> {
    field: &'a Field<'a>,
    nulls: Option<&'a NullBuffer>,
    codes: &'a mut [C],
    add: A,
}

impl<C: Send, A: Fn(&mut C, u64) + Sync> KeyVisitor for Add<'_, C, A> {
    type Outcome = ();

    fn exact(self, code: impl Fn(usize) -> u64 + Copy + Sync) {
        let Self { field, nulls, codes, add } = self;
        each(codes, |row, whole| {
            let number = match nulls.is_none_or(|nulls| nulls.is_valid(row)) {
                true => code(row) - field.low,
                false => field.null,
            };
            add(whole, number);
        });
    }

    // Columns of these have ranks.
    fn bytes<'b>(self, _: impl Fn(usize) -> &'b [u8] + Copy + Sync) {}
}
