//! Values that are written in one frame: see [`rolling_sums`](crate::arch::rolling_sums).

use std::borrow::Cow;

use crate::arch::double_double::two_sum;
use crate::arch::rolling_sums::{Frame, SPAN, UNITS};
use crate::arch::{FixedPointWindow, Tier};
use crate::num::rational::{decompose, last_bit};

/// Values that are looked at together.
const BLOCK: usize = 1 << 9;

/// How many values tell what most of them are like.
const SOME: usize = 64;

/// The bits of an origin in units: with them S of as many values as there can be fits 128 bits.
const ORIGIN: i32 = 96;

/// Values that are in one frame.
pub(super) struct Framed<'a> {
    /// The values, without their origin.
    pub values: Cow<'a, [f64]>,
    pub frame: Frame,
}

impl<'a> Framed<'a> {
    /// `None` where no frame holds all of them. If a spread is asked for, values far from zero beside it lose what they have in common: n·Q and S²
    /// would have too many leading bits in common.
    pub fn new(values: &'a [f64], spread: bool, tier: Tier) -> Option<Self> {
        if spread
            && let Some(origin) = common(values)
            && let Some(moved) = without(values, origin)
            && let Some(frame) = frame(&moved, origin, tier)
        {
            return Some(Self { values: moved.into(), frame });
        }
        Some(Self { values: values.into(), frame: frame(values, 0.0, tier)? })
    }
}

/// A value that most of these are near to.
fn common(values: &[f64]) -> Option<f64> {
    let origin = values[values.len() / 2];
    let near = |value: &&f64| (**value - origin).abs() <= origin.abs() / 1024.0;
    let some = values.iter().step_by(values.len().div_ceil(SOME));
    (origin != 0.0 && 4 * some.clone().filter(near).count() >= 3 * some.len()).then_some(origin)
}

/// The values less the origin, if none of the differences is rounded.
fn without(values: &[f64], origin: f64) -> Option<Vec<f64>> {
    let mut moved = Vec::with_capacity(values.len());
    for block in values.chunks(BLOCK) {
        let mut is_exact = true;
        moved.extend(block.iter().map(|&value| {
            let left = two_sum(value, -origin);
            is_exact &= left.l == 0.0;
            left.h
        }));
        if !is_exact {
            return None;
        }
    }
    Some(moved)
}

/// The frame that holds all of these values, from which `origin` was taken, if there is one.
fn frame(values: &[f64], origin: f64, tier: Tier) -> Option<Frame> {
    let (least, greatest) = tier.magnitudes(values);
    if greatest >= f64::INFINITY.to_bits() {
        return None;
    }
    let last = |bits: u64| decompose(f64::from_bits(bits)).2;
    let mut unit = if greatest == 0 { 0 } else { coarsest(values, last(least)) };
    if origin != 0.0 {
        unit = unit.min(last_bit(origin));
    }
    let fits = greatest == 0 || last(greatest) + 53 - unit <= SPAN;
    let holds = UNITS.contains(&unit) && fits && origin.abs() < FixedPointWindow::power(unit + ORIGIN);
    holds.then_some(Frame { unit, origin })
}

/// The greatest unit that these values, which are whole numbers of 2^unit, are whole numbers of, as far as the first of them tell.
fn coarsest(values: &[f64], unit: i32) -> i32 {
    let first = values.iter().take(SOME).filter(|&&value| value != 0.0).map(|&value| last_bit(value)).min();
    let Some(coarse) = first.filter(|&coarse| coarse > unit && UNITS.contains(&coarse)) else { return unit };
    // Adding and subtracting it rounds to a whole number of units.
    let shift = 1.5 * FixedPointWindow::power(coarse + 52);
    let most = FixedPointWindow::power(coarse + 51);
    let is_whole = |&value: &f64| (value.abs() < most) & ((value + shift) - shift == value);
    // Without branches, a block at a time.
    let mut blocks = values.chunks(BLOCK);
    match blocks.all(|block| block.iter().fold(true, |all, value| all & is_whole(value))) {
        true => coarse,
        false => unit,
    }
}
