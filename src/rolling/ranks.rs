//! Quantiles, iqr and n_unique of windows, by ranks.
//!
//! The rows that a stretch of windows passes over are sorted once: each has a rank, and no two the same. A window is a set of ranks, one
//! bit each, and a quantile is the k-th of them: a cursor stays there while rows enter and leave, and moves to a neighbour where k or
//! the number of ranks below it has changed. Of every 64 words of bits another word says which of them are not empty. Short windows need no
//! cursor: among few ranks the k-th is found at once.

use std::hint::select_unpredictable;
use std::ops::Range;

use smallvec::SmallVec;

use super::answer::{Column, Measure, UNDEFINED};
use super::bounds::Bounds;
use super::rows::Rows;
use super::slide::{Window, slide};
use super::targets::Targets;
use crate::arch::Tier;
use crate::arch::few_ranks::{MOST_ROWS, NO_RANK, RANKS, RankWindows};
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::series::repr::Element;
use crate::spec::{Spec, Statistic};
use crate::stats::quantile::Position;
use crate::stats::select::Key as _;
use crate::threads::Threads;

/// Windows of fewer rows are sorted with eight times as many rows, and longer ones with four times as many.
const SHORT: usize = 256;

/// Fewer rows are sorted by one thread.
const SORTED_ALONE: usize = 1 << 16;

/// The most values whose positions of quantiles are kept.
const REMEMBERED: u64 = 1 << 12;

/// The number of windows whose rows are sorted together, if a window has about `rows` rows. For the shortest windows all these rows have a rank
/// below [`RANKS`], with room for a first window that is longer than most.
pub(super) fn stretch(rows: usize) -> usize {
    match rows {
        0..=MOST_ROWS => RANKS - rows - rows.min(RANKS / 8),
        _ if rows < SHORT => 8 * rows,
        _ => rows.saturating_mul(4),
    }
}

/// A set of ranks.
#[derive(Default)]
struct RankSet {
    words: Vec<u64>,
    /// Bit i of word k says whether word 64·k + i is not empty.
    filled: Vec<u64>,
}

impl RankSet {
    fn clear(&mut self, ranks: usize) {
        self.words.clear();
        self.words.resize(ranks.div_ceil(64), 0);
        self.filled.clear();
        self.filled.resize(self.words.len().div_ceil(64), 0);
    }

    #[inline]
    fn insert(&mut self, rank: usize) {
        self.words[rank / 64] |= 1 << (rank % 64);
        self.filled[rank / 4096] |= 1 << (rank / 64 % 64);
    }

    #[inline]
    fn remove(&mut self, rank: usize) {
        self.words[rank / 64] &= !(1 << (rank % 64));
        if self.words[rank / 64] == 0 {
            self.filled[rank / 4096] &= !(1 << (rank / 64 % 64));
        }
    }

    /// The least rank that is greater than this one.
    #[inline]
    fn next(&self, rank: usize) -> Option<usize> {
        let above = |word: u64, bit: usize| word & (!1u64 << bit);
        let here = above(self.words[rank / 64], rank % 64);
        if here != 0 {
            return Some(rank / 64 * 64 + here.trailing_zeros() as usize);
        }
        let word = rank / 64;
        let mut group = word / 64;
        let mut filled = above(self.filled[group], word % 64);
        while filled == 0 {
            group += 1;
            filled = *self.filled.get(group)?;
        }
        let word = group * 64 + filled.trailing_zeros() as usize;
        Some(word * 64 + self.words[word].trailing_zeros() as usize)
    }

    /// The greatest rank that is less than this one.
    #[inline]
    fn previous(&self, rank: usize) -> Option<usize> {
        let below = |word: u64, bit: usize| word & ((1u64 << bit) - 1);
        let last = |word: u64| 63 - word.leading_zeros() as usize;
        let here = below(self.words[rank / 64], rank % 64);
        if here != 0 {
            return Some(rank / 64 * 64 + last(here));
        }
        let word = rank / 64;
        let mut group = word / 64;
        let mut filled = below(self.filled[group], word % 64);
        while filled == 0 {
            group = group.checked_sub(1)?;
            filled = self.filled[group];
        }
        let word = group * 64 + last(filled);
        Some(word * 64 + last(self.words[word]))
    }

    /// The rank before which `order` others are.
    fn select(&self, mut order: u64) -> Option<usize> {
        for (index, &word) in self.words.iter().enumerate() {
            let here = u64::from(word.count_ones());
            if order < here {
                let mut rest = word;
                for _ in 0..order {
                    rest &= rest - 1;
                }
                return Some(index * 64 + rest.trailing_zeros() as usize);
            }
            order -= here;
        }
        None
    }
}

/// A rank in the set, and how many of the set are below it.
#[derive(Clone, Copy, Default)]
struct Cursor {
    rank: usize,
    below: u64,
}

/// How often each value is in a window.
#[derive(Default)]
struct Distinct {
    /// Of each rank, which value it has.
    values: Vec<u32>,
    counts: Vec<u32>,
    unique: u64,
}

/// The ranks of the rows in a window.
struct Ranks<'a, T: Element> {
    rows: &'a Rows<'a, T>,
    /// The position of the first row that has a rank.
    first: usize,
    ranks: Vec<u32>,
    /// The keys in order, each with its row.
    sorted: Vec<(T::Key, u32)>,
    /// The same in the order of the rows.
    pairs: Vec<(T::Key, u32)>,
    set: RankSet,
    count: u64,
    /// One for each quantile; they are found when the first window is asked for.
    cursors: Vec<Cursor>,
    are_placed: bool,
    distinct: Option<Distinct>,
}

impl<T: Element> Ranks<'_, T> {
    /// Nothing in the window, of rows of this span.
    fn restart(&mut self, span: Range<usize>) {
        self.first = span.start;
        let numbers = span.clone().filter(|&position| self.rows.holds_number(position));
        let pairs = numbers.map(|position| (self.rows.values[position].key(), (position - span.start) as u32));
        self.sorted.clear();
        if span.len() < SORTED_ALONE {
            self.pairs.clear();
            self.pairs.extend(pairs);
            T::Key::sort_pairs(&self.pairs, &mut self.sorted);
        } else {
            self.sorted.extend(pairs);
            Threads::All.sort_by(&mut self.sorted, |a, b| a.0.cmp(&b.0));
        }
        self.ranks.clear();
        self.ranks.resize(span.len(), NO_RANK);
        for ((_, row), rank) in self.sorted.iter().zip(0..) {
            self.ranks[*row as usize] = rank;
        }
        if let Some(distinct) = &mut self.distinct {
            let value = |key| T::from_key(key).with_one_zero().key();
            let mut number = 0;
            let mut before = None;
            distinct.values.clear();
            distinct.values.extend(self.sorted.iter().map(|(key, _)| {
                let value = value(*key);
                number += u32::from(before.is_some_and(|before| before != value));
                before = Some(value);
                number
            }));
            distinct.counts.clear();
            distinct.counts.resize(number as usize + 1, 0);
        }
        self.clear();
    }

    /// Puts the cursors where these orders are; there are as many.
    #[inline]
    fn place(&mut self, positions: &[Position]) {
        if !self.are_placed {
            self.are_placed = true;
            for (cursor, position) in self.cursors.iter_mut().zip(positions) {
                *cursor = Cursor { rank: self.set.select(position.lower).unwrap_or_default(), below: position.lower };
            }
            return;
        }
        for (cursor, position) in self.cursors.iter_mut().zip(positions) {
            while cursor.below < position.lower
                && let Some(next) = self.set.next(cursor.rank)
            {
                *cursor = Cursor { rank: next, below: cursor.below + 1 };
            }
            while cursor.below > position.lower
                && let Some(previous) = self.set.previous(cursor.rank)
            {
                *cursor = Cursor { rank: previous, below: cursor.below - 1 };
            }
        }
    }

    fn quantile(&self, index: usize, position: &Position) -> f64 {
        let rank = self.cursors[index].rank;
        let upper = if position.upper > position.lower { self.set.next(rank) } else { None }.unwrap_or(rank);
        let value = |rank: usize| T::from_key(self.sorted[rank].0);
        position.blend(value(rank), value(upper))
    }
}

impl<T: Element> Window for Ranks<'_, T> {
    #[inline]
    fn enter(&mut self, position: usize) {
        if !self.rows.holds_number(position) {
            return;
        }
        let rank = self.ranks[position - self.first] as usize;
        self.set.insert(rank);
        self.count += 1;
        if self.are_placed {
            self.cursors.iter_mut().for_each(|cursor| cursor.below += u64::from(rank < cursor.rank));
        }
        if let Some(distinct) = &mut self.distinct {
            let count = &mut distinct.counts[distinct.values[rank] as usize];
            distinct.unique += u64::from(*count == 0);
            *count += 1;
        }
    }

    #[inline]
    fn leave(&mut self, position: usize) {
        if !self.rows.holds_number(position) {
            return;
        }
        let rank = self.ranks[position - self.first] as usize;
        self.count -= 1;
        if self.are_placed {
            for cursor in &mut self.cursors {
                if rank != cursor.rank {
                    cursor.below -= u64::from(rank < cursor.rank);
                } else if let Some(next) = self.set.next(rank) {
                    cursor.rank = next;
                } else if let Some(previous) = self.set.previous(rank) {
                    *cursor = Cursor { rank: previous, below: cursor.below - 1 };
                } else {
                    self.are_placed = false;
                }
            }
        }
        self.set.remove(rank);
        if let Some(distinct) = &mut self.distinct {
            let count = &mut distinct.counts[distinct.values[rank] as usize];
            *count -= 1;
            distinct.unique -= u64::from(*count == 0);
        }
    }

    fn clear(&mut self) {
        self.set.clear(self.sorted.len());
        self.count = 0;
        self.are_placed = false;
        if let Some(distinct) = &mut self.distinct {
            distinct.counts.fill(0);
            distinct.unique = 0;
        }
    }
}

/// Where the quantiles of a number of values lie, each number being computed once.
struct Positions<'a> {
    spec: &'a Spec,
    /// Those of few values, one after the other, as far as they were asked for.
    few: Vec<Vec<Position>>,
    count: u64,
    many: Vec<Position>,
    /// What [`RankWindows`] has of them.
    orders: Vec<[u8; 2]>,
    /// The counts that these are known of.
    ordered: [bool; MOST_ROWS + 1],
}

impl<'a> Positions<'a> {
    fn new(spec: &'a Spec) -> Self {
        let ordered = [false; MOST_ROWS + 1];
        Self { spec, few: Vec::new(), count: 0, many: Vec::new(), orders: Vec::new(), ordered }
    }

    /// The orders for [`RankWindows`] with these counts.
    fn orders(&mut self, counts: &[u8]) -> &[[u8; 2]] {
        let width = self.spec.computed().len();
        self.orders.resize((MOST_ROWS + 1) * width, [0; 2]);
        for &count in counts.iter().filter(|count| **count > 0) {
            let count = usize::from(count);
            if !self.ordered[count] {
                self.ordered[count] = true;
                let orders = self.of(count as u64).iter().map(|position| [position.lower as u8, position.upper as u8]);
                let orders: SmallVec<[_; 8]> = orders.collect();
                self.orders[width * count..width * (count + 1)].copy_from_slice(&orders);
            }
        }
        &self.orders
    }

    #[inline]
    fn of(&mut self, count: u64) -> &[Position] {
        let spec = self.spec;
        let all = || spec.computed().iter().map(|p| spec.method().position(p, count));
        if count < REMEMBERED {
            let index = count as usize;
            if self.few.len() <= index {
                self.few.resize_with(index + 1, Vec::new);
            }
            if self.few[index].is_empty() {
                self.few[index].extend(all());
            }
            return &self.few[index];
        }
        if self.count != count {
            self.many.clear();
            self.many.extend(all());
            self.count = count;
        }
        &self.many
    }
}

impl<T: Element> Ranks<'_, T> {
    /// The quantiles of windows of few rows, for each of which `found` has a place.
    fn few(&self, windows: &[Range<usize>], positions: &mut Positions<'_>, found: &mut [Vec<f64>]) {
        let values: Vec<T> = self.sorted.iter().map(|(key, _)| T::from_key(*key)).collect();
        let counts: Vec<u8> = windows.iter().map(|window| self.rows.numbers(window) as u8).collect();
        let orders = positions.orders(&counts);
        let place = |position: usize| position.saturating_sub(self.first) as u32;
        let places: Vec<[u32; 2]> = windows.iter().map(|window| [place(window.start), place(window.end)]).collect();
        let width = found.len();
        let mut pairs = vec![[0; 2]; width * windows.len()];
        let among = RankWindows { ranks: &self.ranks, windows: &places, counts: &counts, orders, width };
        Tier::best().select_ranks(among, &mut pairs);
        let first = counts.first().copied().unwrap_or_default();
        let are_equal = first > 0 && counts.iter().all(|count| *count == first);
        let mut bounds = (Vec::with_capacity(windows.len()), Vec::with_capacity(windows.len()));
        for (index, found) in found.iter_mut().enumerate() {
            found.clear();
            let pairs = pairs.chunks_exact(width).map(|pairs| pairs[index]);
            if are_equal {
                bounds.0.clear();
                bounds.0.extend(pairs.clone().map(|[lower, _]| values[usize::from(lower)]));
                bounds.1.clear();
                bounds.1.extend(pairs.map(|[_, upper]| values[usize::from(upper)]));
                positions.of(first.into())[index].blend_each(&bounds.0, &bounds.1, found);
                continue;
            }
            found.extend(pairs.zip(&counts).map(|(pair, &count)| match count {
                0 => UNDEFINED,
                _ => {
                    let [lower, upper] = pair.map(|rank| values[usize::from(rank)]);
                    positions.of(count.into())[index].blend(lower, upper)
                }
            }));
        }
    }

    /// The quantiles of windows of a fixed number of rows, all of which hold numbers: those that end with the rows of `ends`, for each of
    /// which `found` has a place.
    ///
    /// A row enters where another one leaves, so the k-th rank moves to a neighbour or stays. Both neighbours are looked for, and one is
    /// chosen: a branch would be guessed wrong every other time.
    fn fixed(&mut self, ends: Range<usize>, rows: usize, positions: &[Position], found: &mut [Vec<f64>]) {
        let first = ends.start + 1 - rows;
        self.restart(first..ends.end);
        let values: Vec<T> = self.sorted.iter().map(|(key, _)| T::from_key(*key)).collect();
        let (set, ranks) = (&mut self.set, &self.ranks);
        let rank = |position: usize| ranks[position - first] as usize;
        for position in first..=ends.start {
            set.insert(rank(position));
        }
        let mut at: Vec<usize> = positions.iter().map(|p| set.select(p.lower).unwrap_or_default()).collect();
        let mut bounds = vec![(Vec::with_capacity(ends.len()), Vec::with_capacity(ends.len())); positions.len()];
        for end in ends {
            if end + 1 > first + rows {
                let (enters, leaves) = (rank(end), rank(end - rows));
                set.insert(enters);
                for at in &mut at {
                    let below = set.previous(*at).unwrap_or(*at);
                    let middle = select_unpredictable(enters < *at, below, *at);
                    let above = set.next(middle).unwrap_or(middle);
                    *at = select_unpredictable(leaves <= middle, above, middle);
                }
                set.remove(leaves);
            }
            for ((at, position), (lower, upper)) in at.iter().zip(positions).zip(&mut bounds) {
                lower.push(values[*at]);
                let above = if position.upper > position.lower { set.next(*at) } else { None };
                upper.push(values[above.unwrap_or(*at)]);
            }
        }
        for ((position, (lower, upper)), found) in positions.iter().zip(bounds).zip(found) {
            found.clear();
            position.blend_each(&lower, &upper, found);
        }
    }
}

/// Writes the quantiles of neighbouring windows, and what is made of them, to the columns from this place on.
fn write(columns: &mut [Column<'_>], start: usize, found: &[Vec<f64>], quartiles: Option<(usize, usize)>) {
    for Column { measure, values } in columns {
        let quantile = if let Measure::Quantile(index) = measure { Some(*index) } else { None };
        match (quantile, quartiles) {
            (Some(index), _) => values[start..start + found[index].len()].copy_from_slice(&found[index]),
            (None, Some((low, high))) => {
                let quartiles = found[low].iter().zip(&found[high]);
                values[start..].iter_mut().zip(quartiles).for_each(|(place, (low, high))| {
                    *place = if low.to_bits() == UNDEFINED.to_bits() { UNDEFINED } else { high - low };
                });
            }
            (None, None) => {}
        }
    }
}

/// Writes these statistics of the windows of the targets to their places in the columns.
pub(super) fn ranks<T: Element>(
    rows: &Rows<'_, T>,
    bounds: Bounds<'_>,
    targets: &Targets<'_>,
    spec: &Spec,
    interrupt: &Interrupt,
    columns: &mut [Column<'_>],
) -> Result<()> {
    let counts_values = columns.iter().any(|column| column.measure == Measure::Statistic(Statistic::NUnique));
    let ordered = columns.iter().any(|column| column.measure != Measure::Statistic(Statistic::NUnique));
    let mut ranks = Ranks {
        rows,
        first: 0,
        ranks: Vec::new(),
        sorted: Vec::new(),
        pairs: Vec::new(),
        set: RankSet::default(),
        count: 0,
        cursors: vec![Cursor::default(); if ordered { spec.computed().len() } else { 0 }],
        are_placed: false,
        distinct: counts_values.then(Distinct::default),
    };
    let mut positions = Positions::new(spec);
    let mut quantiles = vec![0.0; ranks.cursors.len()];
    let mut of_few: Vec<Vec<f64>> = vec![Vec::new(); ranks.cursors.len()];
    let [low, high] = [0.25, 0.75].map(|p| spec.computed().iter().position(|computed| computed.value() == p));
    let quartiles = low.zip(high);
    let mut alone = |ranks: &mut Ranks<'_, T>, part: Range<usize>, columns: &mut [Column<'_>]| -> Result<()> {
        let targets = targets.slice(part.clone());
        for some in targets.stretches(stretch(bounds.usual())) {
            ranks.restart(targets.slice(some.clone()).span(bounds));
            let windows = bounds.windows(targets.positions(some.clone()));
            if !counts_values && ranks.sorted.len() <= RANKS {
                let windows: Vec<_> = windows.map(|(_, window)| window).collect();
                if windows.iter().all(|window| window.len() <= MOST_ROWS) {
                    interrupt.check()?;
                    ranks.few(&windows, &mut positions, &mut of_few);
                    write(columns, part.start + some.start, &of_few, quartiles);
                    continue;
                }
            }
            let windows = bounds.windows(targets.positions(some.clone()));
            slide(windows, ranks, interrupt, |ranks, index, _| {
                if ranks.count > 0 && ordered {
                    let positions = positions.of(ranks.count);
                    ranks.place(positions);
                    for (index, position) in positions.iter().enumerate() {
                        quantiles[index] = ranks.quantile(index, position);
                    }
                }
                for column in &mut *columns {
                    column.values[part.start + some.start + index] = match column.measure {
                        Measure::Statistic(Statistic::NUnique) => {
                            ranks.distinct.as_ref().map_or(UNDEFINED, |distinct| distinct.unique as f64)
                        }
                        _ if ranks.count == 0 => UNDEFINED,
                        Measure::Quantile(index) => quantiles[index],
                        _ => quartiles.map_or(UNDEFINED, |(low, high)| quantiles[high] - quantiles[low]),
                    };
                }
            })?;
        }
        Ok(())
    };
    let (Some(window), Some(range), true, false) =
        (bounds.fixed().filter(|rows| *rows > MOST_ROWS), targets.neighbours(), rows.is_dense(), counts_values)
    else {
        return alone(&mut ranks, 0..targets.len(), columns);
    };
    // Windows with all of their rows, and before them those without.
    let positions: Vec<Position> = spec.computed().iter().map(|p| spec.method().position(p, window as u64)).collect();
    let mut found: Vec<Vec<f64>> = vec![Vec::new(); positions.len()];
    let mut done = 0;
    for group in bounds.groups_of(range.clone()) {
        let whole = range.start.max(group.start.saturating_add(window - 1))..range.end.min(group.end);
        for start in whole.clone().step_by(stretch(window)) {
            interrupt.check()?;
            if done < start - range.start {
                alone(&mut ranks, done..start - range.start, columns)?;
            }
            let ends = start..whole.end.min(start.saturating_add(stretch(window)));
            ranks.fixed(ends.clone(), window, &positions, &mut found);
            write(columns, ends.start - range.start, &found, quartiles);
            done = ends.end - range.start;
        }
    }
    alone(&mut ranks, done..targets.len(), columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_found_across_words() {
        for ranks in [vec![0, 1, 63, 64, 4095, 4096, 20_000], vec![5], vec![9000, 9001]] {
            let mut set = RankSet::default();
            set.clear(20_001);
            ranks.iter().for_each(|&rank| set.insert(rank));
            set.insert(12_345);
            set.remove(12_345);
            for (order, &rank) in ranks.iter().enumerate() {
                assert_eq!(set.next(rank), ranks.get(order + 1).copied());
                assert_eq!(set.previous(rank), order.checked_sub(1).map(|before| ranks[before]));
                assert_eq!(set.select(order as u64), Some(rank));
            }
            assert_eq!(set.select(ranks.len() as u64), None);
        }
    }
}
