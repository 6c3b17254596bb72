//! The exact sums of every pair of columns.

use std::ops::Range;

use arrow_buffer::BooleanBuffer;

use super::chunk::{self, DigitWindow, PairColumn};
use crate::arch::Tier;
use crate::arch::products::{DIGIT, Digits, NO_DIGITS, ROWS, WEIGHTS, digit_of, digits_in_use};
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::num::big_uint::BigUint;
use crate::num::rational::Rational;
use crate::num::superaccumulator::{ExactSum, ExactSumOfSquares};
use crate::threads::Threads;

/// Columns that are looked at together with others: their digits stay in the cache.
const TILE: usize = 8;

/// Blocks of rows that one thread takes at a time.
const TASK: usize = 32;

/// What is known of the values of a column, in the rows in which the other column of a pair has values too.
#[derive(Clone, Debug)]
pub(crate) struct Sums {
    pub count: u64,
    pub sum: Rational,
    pub squares: Rational,
}

impl Sums {
    fn none() -> Self {
        Self { count: 0, sum: zero(), squares: zero() }
    }

    #[cfg(feature = "parquet")]
    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.sum = self.sum.plus(&other.sum);
        self.squares = self.squares.plus(&other.squares);
    }
}

/// The sums of all pairs of some columns. Those of parts of the rows add up, whatever the parts are.
#[derive(Clone, Debug)]
pub(crate) struct PairSums {
    columns: usize,
    /// Of each column by itself.
    own: Vec<Sums>,
    /// Of a column beside another one that lacks some rows, by both; without an entry it is `own`.
    beside: Vec<Option<Box<Sums>>>,
    /// Σxy, of both by their lower and their higher index.
    products: Vec<Rational>,
    /// Whether a column holds a NaN or an infinite value.
    spoilt: Vec<bool>,
}

fn zero() -> Rational {
    Rational::integer(false, 0u64.into())
}

impl PairSums {
    /// Of no rows.
    pub fn new(columns: usize) -> Self {
        Self {
            columns,
            own: vec![Sums::none(); columns],
            beside: vec![None; columns * columns],
            products: vec![zero(); columns * columns],
            spoilt: vec![false; columns],
        }
    }

    /// Those of a column beside another one.
    pub fn of(&self, column: usize, other: usize) -> &Sums {
        self.beside[column * self.columns + other].as_deref().unwrap_or(&self.own[column])
    }

    /// Σxy of two columns.
    pub fn products(&self, a: usize, b: usize) -> &Rational {
        &self.products[a.min(b) * self.columns + a.max(b)]
    }

    pub fn is_spoilt(&self, column: usize) -> bool {
        self.spoilt[column]
    }

    /// More rows.
    #[cfg(feature = "parquet")]
    pub fn merge(&mut self, other: &Self) {
        for column in 0..self.columns {
            for beside in 0..self.columns {
                let (at, is_beside) = (column * self.columns + beside, column != beside);
                if is_beside && (self.beside[at].is_some() || other.beside[at].is_some()) {
                    let mut sums = self.of(column, beside).clone();
                    sums.add(other.of(column, beside));
                    self.beside[at] = Some(Box::new(sums));
                }
                if column <= beside {
                    self.products[at] = self.products[at].plus(&other.products[at]);
                }
            }
        }
        for (ours, theirs) in self.own.iter_mut().zip(&other.own) {
            ours.add(theirs);
        }
        self.spoilt.iter_mut().zip(&other.spoilt).for_each(|(ours, theirs)| *ours |= theirs);
    }

    /// Those of columns of one length.
    pub(super) fn of_columns(columns: &[PairColumn], threads: Threads, interrupt: &Interrupt) -> Result<Self> {
        let windows: Vec<Option<DigitWindow>> =
            threads.map(columns.len(), |column| columns[column].window().filter(|_| !columns[column].is_spoilt));
        let rows = columns.first().map_or(0, PairColumn::rows);
        let tasks: Vec<usize> = (0..rows.div_ceil(ROWS)).step_by(TASK).collect();
        let add = |sums: &mut DigitSums<'_>, first: usize| -> Result<()> {
            interrupt.check()?;
            (first..(first + TASK).min(rows.div_ceil(ROWS))).for_each(|block| sums.add_block(block * ROWS));
            Ok(())
        };
        let empty = || DigitSums::new(columns, &windows);
        // One block is no work for several threads.
        let workers = if rows <= ROWS { Threads::This } else { threads };
        let (_, parts) = workers.fold(tasks, empty, add)?;
        let mut digits = empty();
        parts.iter().for_each(|part| digits.merge(part));
        let mut sums = Self::new(columns.len());
        digits.finish_into(&mut sums);
        let all = columns.len();
        let slow: Vec<(usize, usize)> = (0..all)
            .flat_map(|a| (a..all).map(move |b| (a, b)))
            .filter(|&(a, b)| windows[a].is_none() || windows[b].is_none())
            .filter(|&(a, b)| !columns[a].is_spoilt && !columns[b].is_spoilt)
            .collect();
        let found = threads.try_map_items(slow.iter().copied(), |(a, b)| {
            interrupt.check()?;
            Ok::<_, crate::error::Error>(by_value(&columns[a], &columns[b]))
        })?;
        for ((a, b), [of_a, of_b, products]) in slow.into_iter().zip(found) {
            sums.products[a * all + b] = products.sum;
            if a == b {
                sums.own[a] = of_a;
            } else {
                sums.beside[a * all + b] = Some(Box::new(of_a));
                sums.beside[b * all + a] = Some(Box::new(of_b));
            }
        }
        sums.scale(columns);
        // Of what is spoilt there are counts alone.
        for a in (0..all).filter(|&a| columns[a].is_spoilt) {
            sums.spoilt[a] = true;
            sums.own[a].count = (0..rows).filter(|&row| columns[a].is_valid(row)).count() as u64;
            for b in (0..all).filter(|&b| b != a) {
                let count = (0..rows).filter(|&row| columns[a].is_valid(row) && columns[b].is_valid(row)).count();
                let counted = Sums { count: count as u64, ..Sums::none() };
                sums.beside[a * all + b] = Some(Box::new(counted.clone()));
                sums.beside[b * all + a] = Some(Box::new(counted));
            }
        }
        Ok(sums)
    }

    /// Puts the point into sums of decimals, which were integers.
    fn scale(&mut self, columns: &[PairColumn]) {
        let all = columns.len();
        for (a, column) in columns.iter().enumerate().filter(|(_, column)| column.scale > 0) {
            let power = Rational::power_of_ten(-i32::from(column.scale));
            let own = std::iter::once(&mut self.own[a]);
            let beside = self.beside[a * all..(a + 1) * all].iter_mut().flatten().map(AsMut::as_mut);
            for sums in own.chain(beside) {
                sums.sum = sums.sum.times(&power);
                sums.squares = sums.squares.times(&power).times(&power);
            }
            for b in 0..all {
                let products = &mut self.products[a.min(b) * all + a.max(b)];
                *products = products.times(&power);
            }
            // Of itself it has two points.
            self.products[a * all + a] = self.products[a * all + a].times(&power);
        }
    }
}

/// The sums of two columns value by value, and those of their products: for values that digits do not reach.
fn by_value(a: &PairColumn, b: &PairColumn) -> [Sums; 3] {
    let mut sums = [ExactSum::new(), ExactSum::new()];
    let mut squares = [ExactSumOfSquares::new(), ExactSumOfSquares::new()];
    let (mut products, mut count) = (ExactSumOfSquares::new(), 0);
    for row in (0..a.rows()).filter(|&row| a.is_valid(row) && b.is_valid(row)) {
        let of_row = [a.decomposed(row), b.decomposed(row)];
        for (index, (negative, magnitude, exponent)) in of_row.into_iter().enumerate() {
            sums[index].add_u128(negative, magnitude, exponent);
            add_product(&mut squares[index], false, [magnitude, magnitude], 2 * exponent);
        }
        let [(minus_a, of_a, exponent_a), (minus_b, of_b, exponent_b)] = of_row;
        add_product(&mut products, minus_a != minus_b, [of_a, of_b], exponent_a + exponent_b);
        count += 1;
    }
    let sum = |sum: &ExactSum| {
        let (negative, magnitude) = sum.finish();
        Rational::new(negative, magnitude, 1u64.into(), -1074)
    };
    let wide = |sum: &ExactSumOfSquares| {
        let (negative, magnitude) = sum.finish();
        Rational::new(negative, magnitude, 1u64.into(), -2148)
    };
    let of = |index: usize| Sums { count, sum: sum(&sums[index]), squares: wide(&squares[index]) };
    [of(0), of(1), Sums { count, sum: wide(&products), squares: zero() }]
}

/// Adds a product of two magnitudes: those of floats and of 64-bit integers fit 64 bits, those of decimals may not.
fn add_product(sum: &mut ExactSumOfSquares, negative: bool, [a, b]: [u128; 2], exponent: i32) {
    match a.checked_mul(b) {
        Some(product) => sum.add_u128(negative, product, exponent),
        None => sum.add_natural(negative, BigUint::from(a).times(&BigUint::from(b)).limbs(), exponent),
    }
}

/// The sums of digits, for the columns that have a window.
struct DigitSums<'a> {
    columns: &'a [PairColumn],
    windows: &'a [Option<DigitWindow>],
    tier: Tier,
    /// Where the digits of each column begin.
    starts: Vec<usize>,
    digits: Vec<Digits>,
    /// Those that are not zero in the rows at hand.
    in_use: Vec<Range<usize>>,
    /// Σx of each column by the weights of its digits, and of each ordered pair what is missing from it: x in the rows that the other column lacks.
    own: Vec<[i128; WEIGHTS]>,
    missing: Vec<Option<Box<Missing>>>,
    /// Σxy by weights; on the diagonal Σx².
    products: Vec<[i128; WEIGHTS]>,
}

/// What a column has in the rows that another one lacks.
#[derive(Clone, Default)]
struct Missing {
    count: u64,
    sum: [i128; WEIGHTS],
    squares: [i128; WEIGHTS],
}

impl<'a> DigitSums<'a> {
    fn new(columns: &'a [PairColumn], windows: &'a [Option<DigitWindow>]) -> Self {
        let all = columns.len();
        let (mut starts, mut total) = (Vec::with_capacity(all), 0);
        for window in windows {
            starts.push(total);
            total += window.map_or(0, |window| window.digits);
        }
        let lacks = |column: usize| columns[column].valid.is_some();
        let missing = |at: usize| (at / all != at % all && lacks(at % all)).then(Box::default);
        Self {
            columns,
            windows,
            tier: Tier::best(),
            starts,
            digits: vec![NO_DIGITS; total],
            in_use: vec![0..0; all],
            own: vec![[0; WEIGHTS]; all],
            missing: (0..all * all).map(missing).collect(),
            products: vec![[0; WEIGHTS]; all * all],
        }
    }

    /// The rows from `start` on.
    fn add_block(&mut self, start: usize) {
        let all = self.columns.len();
        for column in 0..all {
            if let Some(window) = self.windows[column] {
                let first = self.starts[column];
                let digits = &mut self.digits[first..first + window.digits];
                self.columns[column].split(start, window, digits);
                self.in_use[column] = digits_in_use(digits);
                for (sum, digits) in self.own[column].iter_mut().zip(digits.iter()) {
                    let of_lanes = digits.iter().fold([0.0; 4], |mut sums: [f64; 4], lanes| {
                        sums.iter_mut().zip(lanes).for_each(|(sum, lane)| *sum += lane);
                        sums
                    });
                    *sum += of_lanes.iter().map(|lane| *lane as i128).sum::<i128>();
                }
            }
        }
        for first in (0..all).step_by(TILE) {
            for b in first..all {
                for a in first..(first + TILE).min(b + 1) {
                    let (of_a, of_b) = (self.in_use[a].clone(), self.in_use[b].clone());
                    let sums = &mut self.products[a * all + b][of_a.start + of_b.start..];
                    let digits_a = &self.digits[self.starts[a]..][of_a];
                    self.tier.add_products(digits_a, &self.digits[self.starts[b]..][of_b], sums);
                }
            }
        }
        let rows = start..self.columns.first().map_or(0, PairColumn::rows).min(start + ROWS);
        for b in (0..all).filter(|&b| self.windows[b].is_some()) {
            let Some(valid) = &self.columns[b].valid else { continue };
            let lacking: Vec<usize> = rows.clone().filter(|&row| !valid.value(row)).collect();
            for a in (0..all).filter(|&a| a != b && self.windows[a].is_some()) {
                let digits = &self.digits[self.starts[a]..][..self.windows[a].map_or(0, |window| window.digits)];
                if let Some(missing) = &mut self.missing[a * all + b] {
                    missing.add(&self.columns[a], digits, start, &lacking);
                }
            }
        }
    }

    fn merge(&mut self, other: &Self) {
        let add = |ours: &mut [i128; WEIGHTS], theirs: &[i128; WEIGHTS]| {
            ours.iter_mut().zip(theirs).for_each(|(ours, theirs)| *ours += theirs);
        };
        self.own.iter_mut().zip(&other.own).for_each(|(ours, theirs)| add(ours, theirs));
        self.products.iter_mut().zip(&other.products).for_each(|(ours, theirs)| add(ours, theirs));
        for (ours, theirs) in self.missing.iter_mut().zip(&other.missing) {
            if let (Some(ours), Some(theirs)) = (ours, theirs) {
                ours.count += theirs.count;
                add(&mut ours.sum, &theirs.sum);
                add(&mut ours.squares, &theirs.squares);
            }
        }
    }

    /// Sets the sums of the pairs of columns that both have a window.
    fn finish_into(self, sums: &mut PairSums) {
        let all = self.columns.len();
        for a in 0..all {
            let Some(window) = self.windows[a] else { continue };
            let valid = self.columns[a].valid.as_ref();
            let count = valid.map_or(self.columns[a].rows(), BooleanBuffer::count_set_bits) as u64;
            let (sum, squares) = (&self.own[a], &self.products[a * all + a]);
            sums.own[a] = Sums { count, sum: number(sum, window.unit), squares: number(squares, 2 * window.unit) };
            for b in 0..all {
                let Some(of_b) = self.windows[b] else { continue };
                if let Some(missing) = &self.missing[a * all + b] {
                    let less = |from: &[i128; WEIGHTS], missing: &[i128; WEIGHTS], unit: i32| {
                        number(&std::array::from_fn(|weight| from[weight] - missing[weight]), unit)
                    };
                    sums.beside[a * all + b] = Some(Box::new(Sums {
                        count: count - missing.count,
                        sum: less(sum, &missing.sum, window.unit),
                        squares: less(squares, &missing.squares, 2 * window.unit),
                    }));
                }
                if a <= b {
                    sums.products[a * all + b] = number(&self.products[a * all + b], window.unit + of_b.unit);
                }
            }
        }
    }
}

impl Missing {
    /// What a column, whose digits of the rows from `start` on these are, has in some of them.
    fn add(&mut self, column: &PairColumn, digits: &[Digits], start: usize, rows: &[usize]) {
        let (mut sum, mut squares) = ([0_i64; WEIGHTS], [0_i64; WEIGHTS]);
        for &row in rows {
            self.count += u64::from(column.is_valid(row));
            for (i, first) in digits.iter().enumerate() {
                let of_first = digit_of(first, row - start);
                sum[i] += of_first;
                for (j, second) in digits.iter().enumerate() {
                    squares[i + j] += of_first * digit_of(second, row - start);
                }
            }
        }
        for weight in 0..WEIGHTS {
            self.sum[weight] += i128::from(sum[weight]);
            self.squares[weight] += i128::from(squares[weight]);
        }
    }
}

/// The number of these sums by weights, in units of 2^unit.
fn number(sums: &[i128; WEIGHTS], unit: i32) -> Rational {
    let mut number = zero();
    for (sum, weight) in sums.iter().zip(0_i32..).filter(|(sum, _)| **sum != 0) {
        let exponent = i64::from(unit + weight * DIGIT as i32);
        number = number.plus(&Rational::new(*sum < 0, sum.unsigned_abs().into(), 1u64.into(), exponent));
    }
    number
}

/// The columns where all of them have values: see [`chunk::complete`].
pub(super) fn complete(columns: &mut [PairColumn]) {
    if let Some(valid) = chunk::complete(columns) {
        columns.iter_mut().for_each(|column| column.without(&valid));
    }
}
