//! The kernels in plain Rust, in loops over a fixed number of lanes that the compiler turns into vectors of the tier that
//! they are compiled for.
//!
//! **Moments.** With the window 2^top, each x is cut into three digits of 24 bits, of the units u1 = 2^(top−23),
//! u2 = u1·2^−24 and u3 = u2·2^−24: adding and subtracting 1.5·2^52·u rounds to a multiple of u.
//!
//! - h1 = x rounded to u1, |h1| ≤ 2^23·u1; the rest |x − h1| ≤ u1/2 is exact;
//! - h2 = the rest rounded to u2, |h2| ≤ 2^23·u2; its rest ≤ u2/2 is exact;
//! - h3 = that rest rounded to u3, |h3| ≤ 2^23·u3. If any of these roundings changed it, the block is not taken.
//!
//! A product of two digits is below 2^46 in magnitude, in units of the product of theirs, so it is exact, and so are
//! sums of up to 2^7 of them: 46 + 7 = 53. After [`TERMS`] = 2^7 values a lane the sums go on as integers. Fused or not,
//! a product and an addition give the same bits, as neither of them rounds. (Digits by addition and subtraction of one
//! constant: S. M. Rump, T. Ogita, S. Oishi, *Accurate floating-point summation part I*, SIAM J. Sci. Comput. 31(1),
//! 2008.)

use super::block::BLOCK;
pub use super::characters::characters;
use super::double_double::{self, EightWideRows, MOST, MOST_WIDE, SmallMoments};
use super::few_ranks::{Counted, RankWindows, select_ranks_in};
use super::floats::{Eight, OfEight};
use super::index::Index;
use super::key::{BinEdges, Keyed, Located, MOST_SIDE_BY_SIDE, Range, SideBySide};
use super::network::Network;
use super::rolling_sums::{self, Asked, RollingSums, Tile, Unsure};
use super::window::{Accumulated, FixedPointWindow, Sums};
use crate::num::u256::U256;

/// The bits of the window: three digits of 24, of which the first has a sign.
pub const WIDTH: i32 = 71;

/// The tops of windows in which no product overflows, and none is subnormal.
pub const TOPS: std::ops::RangeInclusive<i32> = -400..=400;

/// Bits of a digit.
const DIGIT: i32 = 24;

const LANES: usize = 4;

/// Products in a lane between two conversions to integers.
pub const TERMS: usize = 1 << 7;

/// Values between two conversions.
const STRETCH: usize = LANES * TERMS;

/// Up to four values, with zeros in the place of what is missing, and of each whether it is there.
#[inline(always)]
fn lanes<V: Keyed>(values: &[V], valid: Option<&[u8]>, first: usize) -> ([V; LANES], [bool; LANES]) {
    let mut lanes = [V::default(); LANES];
    let mut there = [false; LANES];
    for (i, (lane, there)) in lanes.iter_mut().zip(&mut there).enumerate() {
        let Some(&value) = values.get(i) else { break };
        let row = first + i;
        *there = valid.is_none_or(|valid| valid[row / 8] >> (row % 8) & 1 == 1);
        *lane = if *there { value } else { V::default() };
    }
    (lanes, there)
}

/// The least and the greatest key.
#[inline(always)]
pub fn key_range<V: Keyed>(values: &[V], valid: Option<&[u8]>) -> Range {
    let mut range = Range::EMPTY;
    match valid {
        None => {
            for &value in values {
                range.include(value.key());
            }
        }
        Some(valid) => {
            for (values, &valid) in values.chunks(8).zip(valid) {
                for (i, &value) in values.iter().enumerate() {
                    if valid >> i & 1 == 1 {
                        range.include(value.key());
                    }
                }
            }
        }
    }
    range
}

/// See [`super::Tier::accumulate`].
#[inline(always)]
pub fn accumulate<const SQUARES: bool>(
    values: &[f64],
    valid: Option<&[u8]>,
    window: FixedPointWindow,
    sums: &mut Sums,
) -> Accumulated {
    accumulate_by::<SQUARES>(values, valid, window, sums, |digits, groups| {
        for group in groups {
            digits.add::<SQUARES>(group, &[true; LANES]);
        }
    })
}

/// The same with another way to add groups of values that are all there.
#[inline(always)]
pub(super) fn accumulate_by<const SQUARES: bool>(
    values: &[f64],
    valid: Option<&[u8]>,
    window: FixedPointWindow,
    sums: &mut Sums,
    add: impl Fn(&mut Digits, &[Lanes]),
) -> Accumulated {
    let mut range = Range::EMPTY;
    let (mut sum, mut squares) = (0i128, U256::ZERO);
    let mut fits = true;
    for (index, stretch) in values.chunks(STRETCH).enumerate() {
        let valid = valid.map(|valid| &valid[index * STRETCH / 8..]);
        let mut digits = Digits::new(window);
        let (groups, rest) = match valid {
            None => stretch.as_chunks::<LANES>(),
            Some(_) => (&[][..], stretch),
        };
        add(&mut digits, groups);
        for (group, first) in rest.chunks(LANES).zip((0..).step_by(LANES)) {
            let (group, there) = lanes(group, valid, first);
            digits.add::<SQUARES>(&group, &there);
        }
        range = range.with(digits.range());
        fits &= digits.lost == [0; LANES];
        if fits && range.is_below(window.top) {
            let (s, q) = digits.finish::<SQUARES>();
            sum += s;
            squares = squares.plus(q);
        }
    }
    fits &= range.is_below(window.top);
    if fits {
        sums.sum += sum;
        sums.squares = sums.squares.plus(squares);
    }
    Accumulated { range, fits }
}

pub(super) type Lanes = [f64; LANES];

/// Sums of digits and of their products.
pub(super) struct Digits {
    units: [f64; 3],
    pub sums: [Lanes; 3],
    /// Of digits 1·1, 1·2, 1·3, 2·2, 2·3, 3·3.
    pub products: [Lanes; 6],
    /// Zero, unless a value had more digits.
    pub lost: [u64; LANES],
    pub min: [i64; LANES],
    pub max: [i64; LANES],
}

impl Digits {
    #[inline(always)]
    fn new(window: FixedPointWindow) -> Self {
        let first = window.top - (DIGIT - 1);
        Self {
            units: [first, first - DIGIT, first - 2 * DIGIT].map(FixedPointWindow::power),
            sums: [[0.0; LANES]; 3],
            products: [[0.0; LANES]; 6],
            lost: [0; LANES],
            min: [i64::MAX; LANES],
            max: [i64::MIN; LANES],
        }
    }

    /// 1.5·2^52 of the unit of each digit.
    #[inline(always)]
    pub fn shifts(&self) -> [f64; 3] {
        self.units.map(|unit| unit * 6755399441055744.0)
    }

    #[inline(always)]
    fn add<const SQUARES: bool>(&mut self, x: &[f64; LANES], there: &[bool; LANES]) {
        let mut h = [[0.0; LANES]; 3];
        let mut rest = *x;
        for (digit, shift) in h.iter_mut().zip(self.shifts()) {
            for i in 0..LANES {
                digit[i] = (rest[i] + shift) - shift;
                rest[i] -= digit[i];
            }
        }
        for i in 0..LANES {
            self.lost[i] |= rest[i].to_bits() << 1; // either zero is nothing
            let key = x[i].key();
            self.min[i] = self.min[i].min(if there[i] { key } else { i64::MAX });
            self.max[i] = self.max[i].max(if there[i] { key } else { i64::MIN });
        }
        for (sum, digit) in self.sums.iter_mut().zip(&h) {
            for i in 0..LANES {
                sum[i] += digit[i];
            }
        }
        if SQUARES {
            let pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)];
            for (sum, (a, b)) in self.products.iter_mut().zip(pairs) {
                for i in 0..LANES {
                    sum[i] = multiply_add(h[a][i], h[b][i], sum[i]);
                }
            }
        }
    }

    #[inline(always)]
    fn range(&self) -> Range {
        Range {
            min: self.min.iter().copied().fold(i64::MAX, i64::min),
            max: self.max.iter().copied().fold(i64::MIN, i64::max),
        }
    }

    /// Σx in units of u3, and Σx² in units of u3².
    #[inline(always)]
    fn finish<const SQUARES: bool>(&self) -> (i128, U256) {
        // A whole number of units, of at most 2^53 of them. Units are powers of two, and so is what they are divided by: that is exact.
        let total = |lanes: &Lanes, unit: f64| -> i128 {
            let per_unit = 1.0 / unit;
            lanes.iter().map(|sum| (sum * per_unit) as i64).sum::<i64>().into()
        };
        let [u1, u2, u3] = self.units;
        let sums = &self.sums;
        let sum = (total(&sums[0], u1) << (2 * DIGIT)) + (total(&sums[1], u2) << DIGIT) + total(&sums[2], u3);
        if !SQUARES {
            return (sum, U256::ZERO);
        }
        let [q11, q12, q13, q22, q23, q33] = &self.products;
        let parts = [
            (total(q11, u1 * u1), 4 * DIGIT),
            (total(q12, u1 * u2), 3 * DIGIT + 1),
            (total(q13, u1 * u3) * 2 + total(q22, u2 * u2), 2 * DIGIT),
            (total(q23, u2 * u3), DIGIT + 1),
            (total(q33, u3 * u3), 0),
        ];
        let squares = parts.iter().fold(U256::ZERO, |squares, &(part, shift)| {
            let magnitude = U256::from(part.unsigned_abs()).shifted_left(shift as u32);
            if part < 0 { squares.minus(magnitude) } else { squares.plus(magnitude) }
        });
        (sum, squares)
    }
}

/// a·b + c, where none of it rounds: fused where that is one instruction.
#[inline(always)]
fn multiply_add(a: f64, b: f64, c: f64) -> f64 {
    if cfg!(any(target_arch = "aarch64", target_feature = "fma")) { a.mul_add(b, c) } else { a * b + c }
}

/// Integers below this magnitude have squares of which a block's sum is below 2^63.
const SMALL: i64 = 1 << 26;

/// See [`super::Tier::accumulate_integers`].
#[inline(always)]
pub fn accumulate_integers<V: Keyed, const SQUARES: bool>(
    values: &[V],
    valid: Option<&[u8]>,
    sums: &mut Sums,
) -> Range {
    let range = key_range(values, valid);
    match valid {
        None => integers::<V, SQUARES>(values, range, sums),
        Some(valid) => {
            let mut there = [V::default(); BLOCK];
            let count = compact(values, valid, &mut there);
            integers::<V, SQUARES>(&there[..count], range, sums);
        }
    }
    range
}

#[inline(always)]
fn integers<V: Keyed, const SQUARES: bool>(values: &[V], range: Range, sums: &mut Sums) {
    let is_small =
        |key| matches!(V::from_key(key).to_integer(), Some(x) if x.unsigned_abs() < SMALL.unsigned_abs().into());
    if is_small(range.min) && is_small(range.max) {
        let (mut sum, mut squares) = (0i64, 0i64);
        for value in values {
            let value = value.low_bits() as i64;
            sum += value;
            squares += value * value;
        }
        sums.sum += i128::from(sum);
        sums.squares = sums.squares.plus(U256::from(squares as u128));
        return;
    }
    // A square is below 2^128, and its halves are summed apart.
    let (mut sum, mut low, mut high) = (0i128, 0u128, 0u128);
    for value in values {
        let Some(value) = value.to_integer() else { continue };
        sum += value;
        if SQUARES {
            let magnitude = value.unsigned_abs() as u64;
            let square = u128::from(magnitude) * u128::from(magnitude);
            low += square & u128::from(u64::MAX);
            high += square >> 64;
        }
    }
    sums.sum += sum;
    sums.squares = sums.squares.plus(U256::from(low)).plus(U256::from(high).shifted_left(64));
}

/// The values that are there, one after the other.
#[inline(always)]
pub fn compact<V: Copy>(values: &[V], valid: &[u8], there: &mut [V]) -> usize {
    let mut count = 0;
    for (values, &valid) in values.chunks(8).zip(valid) {
        for (i, &value) in values.iter().enumerate() {
            // Written in any case, and kept if it is there.
            there[count] = value;
            count += usize::from(valid >> i & 1);
            if count == there.len() {
                return count;
            }
        }
    }
    count
}

/// The bits of the values that are numbers.
#[inline(always)]
pub fn clear_nans(values: &[f64], valid: &mut [u8]) {
    for (values, valid) in values.chunks(8).zip(valid) {
        let mut bits = 0;
        for (i, value) in values.iter().enumerate() {
            bits |= u8::from(!value.is_nan()) << i;
        }
        *valid &= bits;
    }
}

/// The bits of the values that a window holds.
#[inline(always)]
pub fn mask_representable(values: &[f64], window: FixedPointWindow, valid: &mut [u8]) {
    for (values, valid) in values.chunks(8).zip(valid) {
        let mut bits = 0;
        for (i, &value) in values.iter().enumerate() {
            bits |= u8::from(value.is_finite() && window.holds(value)) << i;
        }
        *valid &= bits;
    }
}

/// See [`SmallMoments::new`].
#[inline(always)]
pub fn few(values: &[f64], freedom: f64, sorted: &mut [i64; MOST]) -> (SmallMoments<f64>, u8) {
    double_double::sort(values, sorted);
    double_double::compute::<f64>(values, freedom)
}

pub use super::rolling_sums::magnitudes;

/// See [`super::Tier::select_ranks`].
pub fn select_ranks(among: RankWindows<'_>, found: &mut [[u16; 2]]) {
    select_ranks_in::<Counted>(among, found);
}

/// See [`super::Tier::to_series`].
#[inline(always)]
pub fn to_series(rows: &[[f64; 8]], series: [&mut [f64]; 8]) {
    rolling_sums::to_series_in::<Eight>(rows, series);
}

/// See [`super::Tier::enter`].
#[inline(always)]
pub fn enter(state: &mut RollingSums, series: [&[f64]; 8], asked: Asked) {
    rolling_sums::enter_in::<Eight>(state, series, asked);
}

/// See [`super::Tier::roll`].
#[inline(always)]
pub fn roll(
    state: &mut RollingSums,
    entering: [&[f64]; 8],
    leaving: [&[f64]; 8],
    asked: Asked,
    tile: &mut Tile,
    unsure: &mut Vec<Unsure>,
) {
    rolling_sums::roll_in::<Eight>(state, entering, leaving, asked, tile, unsure);
}

/// See [`super::Tier::eight_wide`].
#[inline(always)]
pub fn eight_wide(
    series: [&[f64]; 8],
    freedom: f64,
    network: &Network,
    rows: &mut EightWideRows,
) -> (SmallMoments<[f64; 8]>, u8) {
    eight_wide_in::<Eight>(series, freedom, network, rows)
}

/// The same in these lanes.
#[inline(always)]
pub fn eight_wide_in<F: OfEight>(
    series: [&[f64]; 8],
    freedom: f64,
    network: &Network,
    rows: &mut EightWideRows,
) -> (SmallMoments<[f64; 8]>, u8) {
    let values = &mut rows.values[..series[0].len()];
    let keys = &mut rows.keys;
    F::lay(series, values);
    for (keys, values) in keys.iter_mut().zip(&*values) {
        *keys = F::keys(values);
    }
    for comparator in network.comparators() {
        // Without a closure: it would be a call, as it has not the instructions of its caller.
        let [first, second] = [usize::from(comparator[0]) % MOST_WIDE, usize::from(comparator[1]) % MOST_WIDE];
        if let Ok(pair) = keys.get_disjoint_mut([first, second]) {
            F::exchange(pair);
        }
    }
    double_double::compute::<F>(values, freedom)
}

/// Converts each value.
#[inline(always)]
pub fn convert<A: Copy, B>(from: &[A], to: &mut [B], convert: impl Fn(A) -> B) {
    for (&from, to) in from.iter().zip(to) {
        *to = convert(from);
    }
}

/// See [`super::Tier::bucketize`].
#[inline(always)]
pub fn bucketize<V: Keyed>(
    values: &[V],
    valid: Option<&[u8]>,
    BinEdges { edges, first, flips }: BinEdges<'_>,
    below: &mut [u64],
    kept: &mut [i64],
) -> usize {
    let mut keys = [0; BLOCK];
    let count = keys_of(values, valid, &mut keys);
    let keys = &keys[..count];
    for (&edge, below) in edges.iter().zip(below) {
        *below += keys.iter().map(|&key| u64::from(key < edge)).sum::<u64>();
    }
    // From one flip to the next, the bins are kept, or not.
    let mut filled = 0;
    let mut low = first.then_some(i64::MIN);
    let flipped = edges.iter().zip(flips).filter(|(_, flip)| **flip).map(|(&edge, _)| Some(edge));
    for edge in flipped.chain([None]) {
        match low.take() {
            None => low = edge,
            Some(low) => filled += between(keys, low, edge, &mut kept[filled..]),
        }
    }
    filled
}

/// The end of [`super::Tier::partition`]: the keys from `start` on, which do not fill a vector, after `below` keys that lie below the pivot and
/// `above` of the others, which stand aside.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn partition_rest(
    keys: &mut [i64],
    pivot: i64,
    others: &mut [i64],
    start: usize,
    [mut below, mut above]: [usize; 2],
) -> usize {
    for index in start..keys.len() {
        let key = keys[index];
        match key < pivot {
            true => {
                keys[below] = key;
                below += 1;
            }
            false => {
                others[above] = key;
                above += 1;
            }
        }
    }
    keys[below..].copy_from_slice(&others[..above]);
    below
}

/// See [`super::Tier::copy_lines`].
///
/// # Safety
///
/// As there.
pub unsafe fn copy_lines(from: *const u8, to: &mut [[u8; 64]]) {
    for (index, word) in to.as_flattened_mut().as_chunks_mut::<8>().0.iter_mut().enumerate() {
        // SAFETY: the caller has it that these bytes are readable, and aligned.
        let value = unsafe { from.wrapping_add(8 * index).cast::<u64>().read_volatile() };
        *word = value.to_ne_bytes();
    }
}

/// The keys of the values that are there, and their number.
#[inline(always)]
pub(super) fn keys_of<V: Keyed>(values: &[V], valid: Option<&[u8]>, keys: &mut [i64; BLOCK]) -> usize {
    let mut there = [V::default(); BLOCK];
    let values = match valid {
        None => values,
        Some(valid) => {
            let count = compact(values, valid, &mut there);
            &there[..count]
        }
    };
    for (key, value) in keys.iter_mut().zip(values) {
        *key = value.key();
    }
    values.len()
}

/// See [`super::Tier::search`]. All keys go in step, so that none waits for another.
#[inline(always)]
pub fn search<V: Keyed>(
    values: &[V],
    valid: Option<&[u8]>,
    edges: &[i64],
    index: Option<&Index>,
    found: &mut Located,
) -> usize {
    let Located { keys, bins } = found;
    let count = keys_of(values, valid, keys);
    let (keys, bins) = (&keys[..count], &mut bins[..count]);
    if let Some(index) = index.filter(|index| index.encoding == V::ENCODING) {
        for (key, bin) in keys.iter().zip(bins.iter_mut()) {
            *bin = index.starts[index.step(V::from_key(*key).approximate())].into();
        }
        for _ in 0..index.crowd {
            for (key, bin) in keys.iter().zip(bins.iter_mut()) {
                // SAFETY: a start is at most the number of edges, and as many are behind them as steps are taken from there.
                let edge = unsafe { *index.edges.get_unchecked(*bin as usize) };
                *bin += u64::from(edge <= *key);
            }
        }
        // The greatest key of all reaches what nothing else does.
        bins.iter_mut().for_each(|bin| *bin = (*bin).min(edges.len() as u64));
        return count;
    }
    bins.fill(0);
    let mut size = edges.len();
    while size > 0 {
        // The edges from `bin` on, `size` of them, are not decided yet.
        let half = size.div_ceil(2);
        for (key, bin) in keys.iter().zip(bins.iter_mut()) {
            let middle = *bin as usize + half - 1;
            // SAFETY: `bin + size` never exceeds the number of edges, and `half` is at most `size`: `bin` starts at 0, and
            // grows by `half` only where `size` shrinks by it. Without the check the loop becomes gathers.
            let edge = unsafe { *edges.get_unchecked(middle) };
            *bin += if edge <= *key { half as u64 } else { 0 };
        }
        size -= half;
    }
    count
}

/// See [`super::Tier::count_bins`].
#[inline(always)]
pub fn count_bins<V: Keyed>(values: &[V], valid: Option<&[u8]>, index: &Index, counts: &mut SideBySide) {
    if valid.is_some() {
        let mut keys = [0; BLOCK];
        let count = keys_of(values, valid, &mut keys);
        let mut there = [V::default(); BLOCK];
        for row in 0..count {
            there[row] = V::from_key(keys[row]);
        }
        return count_all(&there[..count], index, counts);
    }
    count_all(values, index, counts);
}

/// The same of all values. They go by fours, each to counts of its own, so that none waits for the one before.
#[inline(always)]
fn count_all<V: Keyed>(values: &[V], index: &Index, counts: &mut SideBySide) {
    let (groups, rest) = values.as_chunks::<4>();
    for group in groups {
        for lane in 0..4 {
            counts[lane][index.bin(group[lane]) % MOST_SIDE_BY_SIDE] += 1;
        }
    }
    for value in rest {
        counts[0][index.bin(*value) % MOST_SIDE_BY_SIDE] += 1;
    }
}

/// Copies the keys from `low` to below `high`; those from `low` on without it.
#[inline(always)]
pub fn between(keys: &[i64], low: i64, high: Option<i64>, kept: &mut [i64]) -> usize {
    let mut filled = 0;
    for &key in keys {
        // Written in any case, and kept if it counts.
        let Some(slot) = kept.get_mut(filled) else { break };
        *slot = key;
        filled += usize::from(key >= low && high.is_none_or(|high| key < high));
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All three digits at their largest: (2^23 − 1/2 + 2^−25)·u1.
    fn largest(window: FixedPointWindow) -> (f64, u128) {
        let units = (1u128 << (23 + 2 * DIGIT)) - (1 << (2 * DIGIT - 1)) + (1 << (2 * DIGIT - 25));
        (units as f64 * FixedPointWindow::power(window.unit), units)
    }

    #[test]
    fn digits_are_exact_up_to_their_bound_and_not_beyond() {
        for top in [*TOPS.start(), 0, *TOPS.end()] {
            let window = FixedPointWindow { top, unit: top - WIDTH };
            for sign in [1.0, -1.0] {
                let (value, units) = largest(window);
                let mut digits = Digits::new(window);
                let all = LANES * TERMS;
                (0..TERMS).for_each(|_| digits.add::<true>(&[sign * value; LANES], &[true; LANES]));
                assert_eq!(digits.lost, [0; LANES]);
                let (sum, squares) = digits.finish::<true>();
                assert_eq!((sum * sign as i128) as u128, units * all as u128);
                assert_eq!(squares, U256::product(units, units).times(all as u64));
                // The sum of first digits' squares is 2^53 of its units now: one more of them is lost.
                digits.add::<true>(&[digits.units[0]; LANES], &[true; LANES]);
                let one_more = U256::from(1u128 << (4 * DIGIT)).times(LANES as u64);
                assert_eq!(digits.finish::<true>().1, squares);
                assert_ne!(digits.finish::<true>().1, squares.plus(one_more));
            }
        }
    }

    #[test]
    fn a_value_just_outside_of_the_window_is_found() {
        let window = FixedPointWindow { top: 10, unit: 10 - WIDTH };
        let (top, unit) = (FixedPointWindow::power(window.top), FixedPointWindow::power(window.unit));
        for (value, fits) in [(top.next_down(), true), (top, false), (unit, true), (unit / 2.0, false), (-unit, true)] {
            let mut sums = Sums::new();
            assert_eq!(accumulate::<true>(&[value, 1.0], None, window, &mut sums).fits, fits, "{value:e}");
            assert_eq!(window.holds(value), fits);
            if !fits {
                assert_eq!(sums.take(), (0, U256::ZERO));
            }
        }
    }
}
