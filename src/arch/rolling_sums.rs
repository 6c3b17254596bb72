//! Sums of windows of a fixed number of rows: eight stretches of a series side by side, each in a lane.
//!
//! A stretch has a **frame**: every x is a whole number of 2^unit below 2^([`SPAN`] + unit). It is split into four digits of 22
//! bits, x = d₁ + d₂ + d₃ + d₄, by adding and subtracting 1.5·2^(52 + e), which rounds to a multiple of 2^e. The digits of each
//! place, and the products of each weight, are added to a lane when their row enters the window, and subtracted when it leaves:
//!
//! - S = Σd₁ + Σd₂ + Σd₃ + Σd₄
//! - Q = Σd₁² + Σ2d₁d₂ + Σ(2d₁d₃ + d₂²) + Σ(2d₁d₄ + 2d₂d₃) + Σ(2d₂d₄ + d₃²) + Σ2d₃d₄ + Σd₄²
//!
//! With |d| ≤ 2²¹ of its own place, a row adds at most 1.5·2⁴³ of its weight to a lane, so the lanes of a window of up to
//! [`WITHOUT_CARRY`] rows stay below 2⁵³, and nothing is rounded. In longer windows so do [`CARRY_EVERY`] rows that enter and as many that
//! leave; then what is a multiple of 2⁴⁸ of the weight moves to a second lane of its own, where it is exact for 2⁵⁰ rows. Either lane may be far
//! greater than the rows in the window have it, once greater ones have left. So the two of a weight are added first, exactly.
//!
//! S and Q become sums h + l of two floats: S exactly, Q to 2^−100 of itself, as its terms cancel to no less than a quarter. The
//! variance is (n·Q − S²) / (n·(n − ddof)), to 2^−96 of n·Q before the division. What surely is the nearest float is taken ([`answers`](super::answers));
//! other windows are handed out with their sums, as integers.

use std::slice::from_ref;

use super::answers::{Answers, Divisors, ERROR, mean, moved, of_integers, spread};
use super::double_double::{Double, two_product, two_sum};
use super::floats::{Floats, OfEight};
use super::window::FixedPointWindow;
use crate::num::u256::U256;

/// The bits of a frame: four digits of 22 bits with a sign.
pub const SPAN: i32 = 87;

/// The units of frames: squares of all digits are normal numbers.
pub const UNITS: std::ops::RangeInclusive<i32> = -400..=300;

/// Rows that are done in one call at most, and between two carries.
pub const TILE: usize = 32;
const CARRY_EVERY: usize = 256;

/// Rows of a window that need no carry: 1.5·2⁴³ times as many are below 2⁵³.
const WITHOUT_CARRY: u64 = 682;

const DIGIT: i32 = 22;
const DIGITS: usize = 4;

/// The weight of each lane of products: what it is a multiple of, as a power of two of the unit's square.
const WEIGHTS: [i32; 7] = [132, 111, 88, 67, 44, 23, 0];

/// What moves to the second lane is a multiple of this power of two of the weight.
const CARRIED: i32 = 48;

/// What values are written in: each is its origin and a whole number of 2^unit.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    pub unit: i32,
    /// What was taken from every value beforehand. The spread is that of what is left; sum and mean are those of the values.
    pub origin: f64,
}

/// The sums of the rows that are in the window, in eight stretches.
#[derive(Clone, Debug)]
pub struct RollingSums {
    frame: Frame,
    sums: [[f64; 8]; DIGITS],
    low: [[f64; 8]; 7],
    high: [[f64; 8]; 7],
    /// Rows since the last carry.
    rows: usize,
}

/// What is asked of each window.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The rows of a window.
    pub rows: u64,
    pub ddof: u64,
    /// Whether anything but sum and mean is asked.
    pub squares: bool,
    /// Whether the standard error is.
    pub sem: bool,
}

/// Numbers of [`TILE`] rows of eight stretches.
pub type Rows = [[f64; 8]; TILE];

/// The answers of their windows, and what these are made of.
#[derive(Debug)]
pub struct Tile {
    pub answers: Answers<Rows>,
    entering: Rows,
    leaving: Rows,
    windows: [WindowSums; TILE],
}

impl Tile {
    pub const NONE: Self = {
        let none = [[0.0; 8]; TILE];
        Self {
            answers: Answers { sum: none, mean: none, variance: none, stddev: none, sem: none },
            entering: none,
            leaving: none,
            windows: [WindowSums::NONE; TILE],
        }
    };
}

/// S and Q of a window of each stretch: h + l.
#[derive(Clone, Copy, Debug)]
struct WindowSums {
    sum: Double<[f64; 8]>,
    squares: Double<[f64; 8]>,
}

impl WindowSums {
    const NONE: Self = {
        let none = Double { h: [0.0; 8], l: [0.0; 8] };
        Self { sum: none, squares: none }
    };
}

/// A window that takes exact numbers to decide.
#[derive(Clone, Copy, Debug)]
pub struct Unsure {
    pub lane: usize,
    /// Of the call.
    pub row: usize,
    /// S of the values in units.
    pub sum: i128,
    /// Q in square units; nothing that counts unless it was asked.
    pub squares: U256,
}

impl Unsure {
    /// The answers, where the integers decide them without big numbers.
    pub fn answers(&self, asked: Asked, unit: i32, divisors: &Divisors<f64>) -> Option<Answers<f64>> {
        if !asked.squares {
            return None;
        }
        of_integers(self.sum, self.squares, asked.rows, unit, divisors)
    }
}

impl RollingSums {
    /// Nothing in the window yet.
    pub fn new(frame: Frame) -> Self {
        assert!(UNITS.contains(&frame.unit));
        Self { frame, sums: [[0.0; 8]; DIGITS], low: [[0.0; 8]; 7], high: [[0.0; 8]; 7], rows: 0 }
    }

    /// S and Q of `count` values in a lane as integers.
    fn exact(&self, lane: usize, count: u64) -> (i128, U256) {
        let (sum, squares) = self.exact_of_rest(lane);
        let origin = (self.frame.origin * FixedPointWindow::power(-self.frame.unit)) as i128;
        let size = origin.unsigned_abs();
        // Σ(y + c)² = Σy² + 2cΣy + nc².
        let square = U256::product(size, size).times(count);
        let twice = U256::product(size, sum.unsigned_abs()).shifted_left(1);
        let squares = squares.plus(square);
        let squares = if (origin < 0) == (sum < 0) { squares.plus(twice) } else { squares.minus(twice) };
        (sum + origin * i128::from(count), squares)
    }

    /// The same of what is left of them.
    fn exact_of_rest(&self, lane: usize) -> (i128, U256) {
        let places = (0..DIGITS as i32).rev().map(|place| DIGIT * place);
        let sum = self.sums.iter().zip(places).map(|(sum, place)| {
            let digits = sum[lane] * FixedPointWindow::power(-self.frame.unit - place);
            i128::from(digits as i64) << place
        });
        let (mut more, mut less) = (U256::ZERO, U256::ZERO);
        for ((low, high), weight) in self.low.iter().zip(&self.high).zip(WEIGHTS) {
            let scale = FixedPointWindow::power(-2 * self.frame.unit - weight);
            let units = i128::from((low[lane] * scale) as i64)
                + (((high[lane] * scale * FixedPointWindow::power(-CARRIED)) as i128) << CARRIED);
            let part = U256::from(units.unsigned_abs()).shifted_left(weight as u32);
            let side = if units < 0 { &mut less } else { &mut more };
            *side = side.plus(part);
        }
        (sum.sum(), more.minus(less))
    }
}

/// The lanes of some stretches, each of them in a register.
struct Lanes<F> {
    sums: [F; DIGITS],
    low: [F; 7],
}

/// The numbers of a row that are in register `part`, as their digits.
#[inline(always)]
fn digits_of<F: OfEight>(row: &[f64; 8], part: usize, frame: Frame) -> [F::Register; DIGITS] {
    digits(F::Register::load(&F::registers(row)[part]), frame.unit)
}

/// x as its digits.
#[inline(always)]
fn digits<F: Floats>(x: F, unit: i32) -> [F; DIGITS] {
    let (first, rest) = split(x, unit + 3 * DIGIT);
    let (second, rest) = split(rest, unit + 2 * DIGIT);
    let (third, rest) = split(rest, unit + DIGIT);
    [first, second, third, rest]
}

/// x as the nearest multiple of 2^place, and the rest.
#[inline(always)]
fn split<F: Floats>(x: F, place: i32) -> (F, F) {
    let shift = F::splat(1.5 * FixedPointWindow::power(place + 52));
    let digit = (x + shift) - shift;
    (digit, x - digit)
}

impl<F: Floats> Lanes<F> {
    /// Those of register `part`.
    #[inline(always)]
    fn load<E: OfEight<Register = F>>(state: &RollingSums, part: usize) -> Self {
        let mut lanes = Self { sums: [F::splat(0.0); DIGITS], low: [F::splat(0.0); 7] };
        for (lane, sum) in lanes.sums.iter_mut().zip(&state.sums) {
            *lane = F::load(&E::registers(sum)[part]);
        }
        for (lane, sum) in lanes.low.iter_mut().zip(&state.low) {
            *lane = F::load(&E::registers(sum)[part]);
        }
        lanes
    }

    #[inline(always)]
    fn store<E: OfEight<Register = F>>(&self, state: &mut RollingSums, part: usize) {
        for (lane, sum) in self.sums.iter().zip(&mut state.sums) {
            E::registers_mut(sum)[part] = lane.store();
        }
        for (lane, sum) in self.low.iter().zip(&mut state.low) {
            E::registers_mut(sum)[part] = lane.store();
        }
    }

    #[inline(always)]
    fn enter<const SQUARES: bool>(&mut self, digits: [F; DIGITS]) {
        for (sum, digit) in self.sums.iter_mut().zip(digits) {
            *sum = *sum + digit;
        }
        if SQUARES {
            self.add_products(digits, digits);
        }
    }

    #[inline(always)]
    fn leave<const SQUARES: bool>(&mut self, digits: [F; DIGITS]) {
        for (sum, digit) in self.sums.iter_mut().zip(digits) {
            *sum = *sum - digit;
        }
        if SQUARES {
            let [d1, d2, d3, d4] = digits;
            self.add_products(digits, [-d1, -d2, -d3, -d4]);
        }
    }

    /// Adds the products of digits with the same digits, each of which may have the other sign.
    #[inline(always)]
    fn add_products(&mut self, [d1, d2, d3, d4]: [F; DIGITS], [e1, e2, e3, e4]: [F; DIGITS]) {
        let (t1, t2, t3) = (d1 + d1, d2 + d2, d3 + d3);
        let q = &mut self.low;
        q[0] = d1.mul_add(e1, q[0]);
        q[1] = t1.mul_add(e2, q[1]);
        q[2] = t1.mul_add(e3, d2.mul_add(e2, q[2]));
        q[3] = t1.mul_add(e4, t2.mul_add(e3, q[3]));
        q[4] = t2.mul_add(e4, d3.mul_add(e3, q[4]));
        q[5] = t3.mul_add(e4, q[5]);
        q[6] = d4.mul_add(e4, q[6]);
    }

    /// S, exactly: all terms are multiples of the unit, and those below the first 53 bits take less than as many more.
    #[inline(always)]
    fn sum(&self) -> Double<F> {
        let [first, second, third, fourth] = self.sums;
        let last = two_sum(third, fourth);
        let next = two_sum(second, last.h);
        let all = two_sum(first, next.h);
        two_sum(all.h, all.l + (next.l + last.l))
    }

    /// Q.
    #[inline(always)]
    fn squares(&self, high: Option<&[F; 7]>) -> Double<F> {
        let (mut lanes, mut l) = (self.low, F::splat(0.0));
        if let Some(high) = high {
            for (lane, high) in lanes.iter_mut().zip(high) {
                let whole = two_sum(*lane, *high);
                (*lane, l) = (whole.h, l + whole.l);
            }
        }
        let mut h = lanes[6];
        for lane in lanes[..6].iter().rev() {
            let sum = two_sum(*lane, h);
            // What is rounded off is gathered.
            (h, l) = (sum.h, l + sum.l);
        }
        two_sum(h, l)
    }
}

/// Adds rows to the window, whose sums nobody asks for yet: those of each series from the first to the last.
#[inline(always)]
pub fn enter_in<F: OfEight>(state: &mut RollingSums, series: [&[f64]; 8], asked: Asked) {
    match asked.squares {
        true => enter::<F, true>(state, series, asked),
        false => enter::<F, false>(state, series, asked),
    }
}

#[inline(always)]
fn enter<F: OfEight, const SQUARES: bool>(state: &mut RollingSums, series: [&[f64]; 8], asked: Asked) {
    let mut rows = [[0.0; 8]; TILE];
    let count = series[0].len();
    for start in (0..count).step_by(TILE) {
        let end = count.min(start + TILE);
        make_room::<F>(state, end - start, asked);
        F::lay(series.map(|one| &one[start..end]), &mut rows);
        enter_rows::<F, SQUARES>(state, &rows[..end - start]);
    }
}

#[inline(always)]
fn enter_rows<F: OfEight, const SQUARES: bool>(state: &mut RollingSums, rows: &[[f64; 8]]) {
    for part in 0..F::REGISTERS {
        let mut lanes = Lanes::load::<F>(state, part);
        for row in rows {
            lanes.enter::<SQUARES>(digits_of::<F>(row, part, state.frame));
        }
        lanes.store::<F>(state, part);
    }
}

#[inline(always)]
fn leave_rows<F: OfEight, const SQUARES: bool>(state: &mut RollingSums, rows: &[[f64; 8]]) {
    for part in 0..F::REGISTERS {
        let mut lanes = Lanes::load::<F>(state, part);
        for row in rows {
            lanes.leave::<SQUARES>(digits_of::<F>(row, part, state.frame));
        }
        lanes.store::<F>(state, part);
    }
}

/// Carries, if `rows` more would be too many.
#[inline(always)]
fn make_room<F: Floats<Values = [f64; 8]>>(state: &mut RollingSums, rows: usize, asked: Asked) {
    if asked.rows <= WITHOUT_CARRY {
        return;
    }
    state.rows += rows;
    if state.rows <= CARRY_EVERY {
        return;
    }
    state.rows = rows;
    for ((low, high), weight) in state.low.iter_mut().zip(&mut state.high).zip(WEIGHTS) {
        let shift = F::splat(1.5 * FixedPointWindow::power(2 * state.frame.unit + weight + CARRIED + 52));
        let all = F::load(low);
        let carried = (all + shift) - shift;
        *low = (all - carried).store();
        *high = (F::load(high) + carried).store();
    }
}

/// For each of up to [`TILE`] rows: it enters the window, which is answered for, and then one leaves. All series are of one length.
#[inline(always)]
pub fn roll_in<F: OfEight>(
    state: &mut RollingSums,
    entering: [&[f64]; 8],
    leaving: [&[f64]; 8],
    asked: Asked,
    tile: &mut Tile,
    unsure: &mut Vec<Unsure>,
) {
    match asked.squares {
        true => roll::<F, true>(state, entering, leaving, asked, tile, unsure),
        false => roll::<F, false>(state, entering, leaving, asked, tile, unsure),
    }
}

#[inline(always)]
fn roll<F: OfEight, const SQUARES: bool>(
    state: &mut RollingSums,
    entering: [&[f64]; 8],
    leaving: [&[f64]; 8],
    asked: Asked,
    tile: &mut Tile,
    unsure: &mut Vec<Unsure>,
) {
    let count = entering[0].len();
    assert!(count <= TILE);
    make_room::<F>(state, count, asked);
    let Tile { answers, entering: rows, leaving: old, windows } = tile;
    F::lay(entering, rows);
    F::lay(leaving, old);
    let (rows, old, windows) = (&rows[..count], &old[..count], &mut windows[..count]);
    let begin = state.clone();
    for part in 0..F::REGISTERS {
        slide::<F, SQUARES>(state, part, rows, old, asked, windows);
    }
    let divisors = Divisors::<F>::new(asked.rows, asked.ddof);
    let mut open = [0; TILE];
    for (index, window) in windows.iter().enumerate() {
        open[index] = answer::<F, SQUARES>(window, &divisors, asked, state.frame, index, answers);
    }
    if open.iter().any(|lanes| *lanes != 0) {
        replay::<F, SQUARES>(begin, rows, old, &open, asked, unsure);
    }
}

/// Each row enters, the sums are noted, and an old row leaves: in the stretches of one register, as there are no registers for all
/// lanes of two.
#[inline(always)]
fn slide<F: OfEight, const SQUARES: bool>(
    state: &mut RollingSums,
    part: usize,
    rows: &[[f64; 8]],
    old: &[[f64; 8]],
    asked: Asked,
    windows: &mut [WindowSums],
) {
    let mut high = [F::Register::splat(0.0); 7];
    for (lane, high) in high.iter_mut().zip(&state.high) {
        *lane = F::Register::load(&F::registers(high)[part]);
    }
    let high = (asked.rows > WITHOUT_CARRY).then_some(&high);
    let mut lanes = Lanes::load::<F>(state, part);
    for ((row, old), window) in rows.iter().zip(old).zip(windows) {
        lanes.enter::<SQUARES>(digits_of::<F>(row, part, state.frame));
        let sum = lanes.sum();
        F::registers_mut(&mut window.sum.h)[part] = sum.h.store();
        F::registers_mut(&mut window.sum.l)[part] = sum.l.store();
        if SQUARES {
            let squares = lanes.squares(high);
            F::registers_mut(&mut window.squares.h)[part] = squares.h.store();
            F::registers_mut(&mut window.squares.l)[part] = squares.l.store();
        }
        lanes.leave::<SQUARES>(digits_of::<F>(old, part, state.frame));
    }
    lanes.store::<F>(state, part);
}

/// Writes what is asked of a window to row `index`; which stretches are unsure of it.
#[inline(always)]
fn answer<F: OfEight, const SQUARES: bool>(
    window: &WindowSums,
    divisors: &Divisors<F>,
    asked: Asked,
    frame: Frame,
    index: usize,
    answers: &mut Answers<Rows>,
) -> u8 {
    let zero = F::splat(0.0);
    let sum = Double { h: F::load(&window.sum.h), l: F::load(&window.sum.l) };
    let (total, is_exact) = match frame.origin == 0.0 {
        true => (sum, zero.equals(zero)),
        false => moved(sum, frame.origin, divisors),
    };
    let (mean, sure) = mean(total, divisors);
    let mut sure = sure & is_exact;
    answers.sum[index] = (total.h + zero).store();
    answers.mean[index] = (mean + zero).store();
    if SQUARES {
        let squares = Double { h: F::load(&window.squares.h), l: F::load(&window.squares.l) };
        // n·Q − S².
        let multiple = two_product(squares.h, divisors.n);
        let square = sum.squared();
        let all = two_sum(multiple.h, -square.h);
        let low = all.l + (squares.l.mul_add(divisors.n, multiple.l) - square.l);
        let number = two_sum(all.h, low);
        let error = multiple.h * F::splat(ERROR);
        // It is a whole number of square units, so if it is nearer to none of them than to one, it is none.
        let square_unit = F::splat(FixedPointWindow::power(2 * frame.unit));
        let is_zero = squares.h.equals(zero) | number.h.equals(zero) & (error + error).is_at_most(square_unit);
        let (variance, stddev, sure_spread) = spread(number, error, divisors.spread);
        answers.variance[index] = zero.or(is_zero, variance).store();
        answers.stddev[index] = zero.or(is_zero, stddev).store();
        sure = sure & (is_zero | sure_spread);
        if asked.sem {
            let (_, sem, sure_error) = spread(number, error, divisors.error);
            answers.sem[index] = zero.or(is_zero, sem).store();
            sure = sure & (is_zero | sure_error);
        }
    }
    F::bits(!sure)
}

/// Moves along the rows once more, for the exact sums of the windows that are open.
#[inline(always)]
fn replay<F: OfEight, const SQUARES: bool>(
    begin: RollingSums,
    rows: &[[f64; 8]],
    old: &[[f64; 8]],
    open: &[u8; TILE],
    asked: Asked,
    unsure: &mut Vec<Unsure>,
) {
    let mut state = begin;
    for (index, ((row, old), open)) in rows.iter().zip(old).zip(open).enumerate() {
        enter_rows::<F, SQUARES>(&mut state, from_ref(row));
        for lane in (0..8).filter(|lane| open >> lane & 1 == 1) {
            let (sum, squares) = state.exact(lane, asked.rows);
            unsure.push(Unsure { lane, row: index, sum, squares });
        }
        leave_rows::<F, SQUARES>(&mut state, from_ref(old));
    }
}

/// Writes the columns of these rows one after the other: to each of the eight series as many numbers as there are rows.
#[inline(always)]
pub fn to_series_in<F: OfEight>(rows: &[[f64; 8]], series: [&mut [f64]; 8]) {
    let (eights, rest) = rows.as_chunks::<8>();
    let mut columns = [[0.0; 8]; 8];
    let mut series = series;
    for (block, eight) in eights.iter().enumerate() {
        let [a, b, c, d, e, f, g, h] = eight;
        F::lay([a, b, c, d, e, f, g, h], &mut columns);
        for (one, column) in series.iter_mut().zip(&columns) {
            one[8 * block..8 * block + 8].copy_from_slice(column);
        }
    }
    let done = 8 * eights.len();
    for (row, values) in rest.iter().enumerate() {
        for (one, value) in series.iter_mut().zip(values) {
            one[done + row] = *value;
        }
    }
}

/// The least magnitude that is not zero, and the greatest, as the bits of floats; of nothing but zeros the least is 2^63 − 1.
#[inline(always)]
pub fn magnitudes(values: &[f64]) -> (u64, u64) {
    let (mut least, mut greatest) = ([i64::MAX; 8], [0; 8]);
    let (eights, rest) = values.as_chunks::<8>();
    let mut visit = |lane: usize, value: f64| {
        let magnitude = (value.to_bits() & (u64::MAX >> 1)) as i64;
        // Zero becomes the greatest.
        let key = magnitude.wrapping_sub(1) & i64::MAX;
        least[lane] = least[lane].min(key);
        greatest[lane] = greatest[lane].max(magnitude);
    };
    for eight in eights {
        for (lane, &value) in eight.iter().enumerate() {
            visit(lane, value);
        }
    }
    for (lane, &value) in rest.iter().enumerate() {
        visit(lane, value);
    }
    let least = least.into_iter().fold(i64::MAX, i64::min);
    let least = if least == i64::MAX { least } else { least + 1 };
    (least as u64, greatest.into_iter().fold(0, i64::max) as u64)
}
