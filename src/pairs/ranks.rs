//! What is made of the order of the values: ranks, and pairs of rows that are in order.

use std::cmp::Ordering;

use arrow_buffer::BooleanBuffer;

use super::chunk::{PairColumn, Values};
use crate::num::rational::Rational;

/// A column's rows in the order of their values; rows without one are left out.
pub(super) struct Order {
    rows: Vec<u32>,
    /// Of each row the place of its value among the distinct ones.
    places: Vec<u32>,
}

impl Order {
    /// `column` holds no NaN, and fewer than 2^32 rows.
    pub fn new(column: &PairColumn) -> Self {
        let mut rows: Vec<u32> = (0..column.rows() as u32).filter(|&row| column.is_valid(row as usize)).collect();
        let compare: &dyn Fn(u32, u32) -> Ordering = match &column.values {
            // Both zeros are one value.
            Values::Floats(values) => &|a, b| (values[a as usize] + 0.0).total_cmp(&(values[b as usize] + 0.0)),
            Values::Integers(values) => &|a, b| values[a as usize].cmp(&values[b as usize]),
        };
        rows.sort_unstable_by(|a, b| compare(*a, *b));
        let mut places = vec![0; column.rows()];
        let mut place = 0;
        for pair in rows.windows(2) {
            place += u32::from(compare(pair[0], pair[1]) != Ordering::Equal);
            places[pair[1] as usize] = place;
        }
        Self { rows, places }
    }

    /// Twice the rank of each row among those where `valid` is set too, equal values sharing the mean of theirs: whole numbers. As a column
    /// that has values in these rows.
    pub fn twice_the_ranks(&self, valid: Option<&BooleanBuffer>) -> PairColumn {
        let mut ranks = vec![0.0; self.places.len()];
        let mut is_there = vec![false; self.places.len()];
        let taken = |row: &&u32| valid.is_none_or(|valid| valid.value(**row as usize));
        let rows: Vec<u32> = self.rows.iter().filter(taken).copied().collect();
        let mut start = 0;
        for tied in rows.chunk_by(|a, b| self.places[*a as usize] == self.places[*b as usize]) {
            // The mean of the ranks start + 1 to start + tied.
            let twice = (2 * start + tied.len() + 1) as f64;
            for &row in tied {
                ranks[row as usize] = twice;
                is_there[row as usize] = true;
            }
            start += tied.len();
        }
        let valid = (rows.len() < is_there.len()).then(|| is_there.into_iter().collect());
        PairColumn { values: Values::Floats(ranks), valid, is_spoilt: false, scale: 0 }
    }

    /// Kendall's τ-b with another column of as many rows, correctly rounded, and the number of rows in which both have values. `None` of
    /// fewer than two rows, or where one has equal values alone.
    ///
    /// By W. R. Knight, *A computer method for calculating Kendall's tau with ungrouped data*, JASA 61, 1966: the rows are in the order of one
    /// column, and those of it that are equal in that of the other; what a merge sort by the other one exchanges are discordant pairs.
    pub fn kendall(&self, other: &Self, valid: Option<&BooleanBuffer>) -> (Option<f64>, u64) {
        let taken = |row: &&u32| valid.is_none_or(|valid| valid.value(**row as usize));
        let mut pairs: Vec<(u32, u32)> = self
            .rows
            .iter()
            .filter(taken)
            .map(|&row| (self.places[row as usize], other.places[row as usize]))
            .collect();
        pairs.chunk_by_mut(|a, b| a.0 == b.0).for_each(<[_]>::sort_unstable);
        let n = pairs.len() as u64;
        let of = |tied: u64| i128::from(tied) * (i128::from(tied) - 1) / 2;
        let tied_in_both: i128 = pairs.chunk_by(|a, b| a == b).map(|tied| of(tied.len() as u64)).sum();
        let tied_here: i128 = pairs.chunk_by(|a, b| a.0 == b.0).map(|tied| of(tied.len() as u64)).sum();
        let mut others: Vec<u32> = pairs.into_iter().map(|(_, other)| other).collect();
        let discordant = i128::from(exchanges(&mut others));
        let tied_there: i128 = others.chunk_by(|a, b| a == b).map(|tied| of(tied.len() as u64)).sum();
        let (not_here, not_there) = (of(n) - tied_here, of(n) - tied_there);
        if not_here == 0 || not_there == 0 {
            return (None, n);
        }
        // Concordant and discordant pairs are those that are tied in neither.
        let difference = of(n) - tied_here - tied_there + tied_in_both - 2 * discordant;
        let whole = |value: i128| Rational::integer(value < 0, value.unsigned_abs().into());
        let root =
            whole(difference).times(&whole(difference)).over(&whole(not_here).times(&whole(not_there))).round_sqrt();
        (Some(if difference < 0 { -root } else { root }), n)
    }
}

/// Sorts, and counts the pairs that were in the wrong order.
fn exchanges(values: &mut Vec<u32>) -> u64 {
    let (mut count, mut merged) = (0, vec![0; values.len()]);
    let mut width = 1;
    while width < values.len() {
        for (from, to) in values.chunks(2 * width).zip(merged.chunks_mut(2 * width)) {
            let (left, right) = from.split_at(width.min(from.len()));
            let (mut i, mut j) = (0, 0);
            for slot in to {
                let takes_left = j == right.len() || i < left.len() && left[i] <= right[j];
                if takes_left {
                    *slot = left[i];
                    i += 1;
                } else {
                    // What is left there is greater.
                    count += (left.len() - i) as u64;
                    *slot = right[j];
                    j += 1;
                }
            }
        }
        std::mem::swap(values, &mut merged);
        width *= 2;
    }
    count
}
