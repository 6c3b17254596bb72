//! What is added up: blocks by the kernels in a window, what does not fit it value by value.

use serde::{Deserialize, Serialize};

use super::sums::{Near, Part};
use crate::arch::block::{self, Bits};
use crate::arch::key::{Keyed, Range};
use crate::arch::window::Accumulated;
use crate::arch::{BLOCK, FixedPointWindow, Sums, Tier};
use crate::num::decimal::Decimal;
use crate::num::large_accumulator::LargeAccumulator;
use crate::num::u256::U256;

/// What the wanted statistics need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Order {
    /// Nothing but the count.
    Count,
    /// Σx, for sum and mean.
    First,
    /// Σx and Σx², for variance and stddev.
    Second,
}

/// After a block whose exponents are scattered over more than any window, no window is tried for this many more of its kind.
const SCATTERED: u32 = 15;

/// Up to one in `MISFITS` values of a block are added one by one; with more of them, sums by exponent are faster.
const MISFITS: u64 = 8;

/// The exact moments of the values seen so far.
#[derive(Clone, Debug)]
pub struct Moments {
    pub(super) order: Order,
    pub(super) count: u64,
    pub(super) positive_infinities: u64,
    pub(super) negative_infinities: u64,
    /// The window of `sums`.
    window: Option<FixedPointWindow>,
    /// Blocks for which no window will be looked for.
    scattered: u32,
    sums: Sums,
    pub(super) near: Near,
    far: Option<LargeAccumulator>,
    /// One for each decimal scale that was seen; scale 0 also has what `near` could not hold.
    pub(super) parts: Vec<Part>,
}

impl Moments {
    pub fn new(order: Order) -> Self {
        Self {
            order,
            count: 0,
            positive_infinities: 0,
            negative_infinities: 0,
            window: None,
            scattered: 0,
            sums: Sums::new(),
            near: Near::ZERO,
            far: None,
            parts: Vec::new(),
        }
    }

    /// Forgets all values.
    pub fn clear(&mut self) {
        self.sums.take();
        self.count = 0;
        self.positive_infinities = 0;
        self.negative_infinities = 0;
        self.window = None;
        self.scattered = 0;
        self.near = Near::ZERO;
        self.far = None;
        self.parts.clear();
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    /// Counts `count` more values, where nothing else of them is wanted.
    pub fn add_count(&mut self, count: u64) {
        debug_assert_eq!(self.order, Order::Count);
        self.count += count;
    }

    pub fn order(&self) -> Order {
        self.order
    }

    pub(super) fn part(&mut self, scale: i16) -> &mut Part {
        Part::of(&mut self.parts, scale)
    }

    /// A block of values, or those of them whose bit in `valid` is set. If there is a NaN among them, which the
    /// range tells, nothing is added.
    pub fn update(&mut self, values: &[f64], valid: Option<&[u8]>, tier: Tier) -> Range {
        let squares = self.order == Order::Second;
        if self.order == Order::Count {
            let range = tier.key_range(values, valid);
            if !range.holds_nan() {
                self.count += block::count(values.len(), valid);
            }
            return range;
        }
        if !self.sums.has_room() {
            self.drain();
        }
        let window = match self.window {
            Some(window) => window,
            None => self.set_window(tier.window(tier.key_range(values, valid).top())),
        };
        let seen = match self.scattered {
            0 => tier.accumulate(values, valid, window, squares, &mut self.sums),
            _ => Accumulated { range: tier.key_range(values, valid), fits: false },
        };
        if seen.fits {
            self.count += block::count(values.len(), valid);
        } else if !seen.range.holds_nan() {
            self.update_misfit(values, valid, seen.range, tier);
        }
        seen.range
    }

    /// A block that does not fit the window: most of its values may, or all may fit another one.
    #[cold]
    fn update_misfit(&mut self, values: &[f64], valid: Option<&[u8]>, range: Range, tier: Tier) {
        let mut rest = Bits::new(values.len(), valid);
        self.count += rest.count();
        if self.scattered > 0 {
            self.scattered -= 1;
        } else if self.take_representable(self.window, values, &mut rest, tier)
            // The window that the largest value needs, or the one around the middle of them.
            || self.take_representable(largest_window(values, &rest, tier), values, &mut rest, tier)
            || self.take_representable(typical_window(values, &rest, tier), values, &mut rest, tier)
        {
            rest.each(values, |value| self.take_misfit(value));
            return;
        } else {
            self.scattered = SCATTERED;
        }
        if self.far.as_ref().is_some_and(|far| !far.has_room(BLOCK)) {
            self.empty_far();
        }
        let mut far = self.far.take().unwrap_or_default();
        let infinite = range.max == f64::INFINITY.key() || range.min == f64::NEG_INFINITY.key();
        if infinite || rest.count() < values.len() as u64 {
            let mut finite = [0.0; BLOCK];
            let mut count = 0;
            rest.each(values, |value| {
                if value.is_finite() {
                    finite[count] = value;
                    count += 1;
                } else {
                    self.take_misfit(value);
                }
            });
            far.add(&finite[..count]);
        } else {
            far.add(values);
        }
        self.far = Some(far);
    }

    /// Adds what the window holds and takes it from `rest`, unless more than one of [`MISFITS`] values would be left.
    fn take_representable(
        &mut self,
        window: Option<FixedPointWindow>,
        values: &[f64],
        rest: &mut Bits,
        tier: Tier,
    ) -> bool {
        let Some(window) = window else { return false };
        let mut held = rest.clone();
        tier.mask_representable(values, window, held.bytes_mut());
        let fits = rest.count() - held.count() <= rest.count() / MISFITS;
        if fits {
            self.set_window(window);
            let seen = tier.accumulate(values, Some(held.bytes()), window, self.order == Order::Second, &mut self.sums);
            debug_assert!(seen.fits);
            rest.remove(&held);
        }
        fits
    }

    /// One value that fits no window, or is infinite.
    fn take_misfit(&mut self, value: f64) {
        if value.is_finite() {
            self.part(0).change(value, false);
        } else {
            self.positive_infinities += u64::from(value > 0.0);
            self.negative_infinities += u64::from(value < 0.0);
        }
    }

    /// A block of integers, likewise.
    pub fn update_integers<V: Keyed>(&mut self, values: &[V], valid: Option<&[u8]>, tier: Tier) -> Range {
        self.count += block::count(values.len(), valid);
        if self.order == Order::Count {
            return tier.key_range(values, valid);
        }
        self.window = Some(FixedPointWindow { top: 64, unit: 0 });
        if !self.sums.has_room() {
            self.drain();
        }
        tier.accumulate_integers(values, valid, self.order == Order::Second, &mut self.sums)
    }

    /// One more value, not NaN.
    pub fn add_float(&mut self, value: f64) {
        self.count += 1;
        if self.order != Order::Count {
            self.take_misfit(value);
        }
    }

    /// One more value, a decimal.
    pub fn add_decimal(&mut self, decimal: &Decimal) {
        self.count += 1;
        if self.order == Order::Count {
            return;
        }
        self.part(decimal.scale).add_decimal(decimal, false);
    }

    fn set_window(&mut self, window: FixedPointWindow) -> FixedPointWindow {
        if self.window != Some(window) {
            self.drain();
            self.window = Some(window);
        }
        window
    }

    /// Brings what the kernels have added up into `near`, or what is there out of the way first.
    pub(super) fn drain(&mut self) {
        let Some(FixedPointWindow { unit, .. }) = self.window else { return };
        let (sum, squares) = self.sums.take();
        // Kernels that add no squares leave anything there.
        let squares = if self.order == Order::Second { squares } else { U256::ZERO };
        self.gather(Near { unit, sum, squares });
    }

    fn gather(&mut self, more: Near) {
        if let Some(sum) = self.near.plus(more) {
            self.near = sum;
            return;
        }
        let near = std::mem::replace(&mut self.near, more);
        self.part(0).add_near(&near);
    }

    pub(super) fn empty_far(&mut self) {
        if let Some(mut far) = self.far.take() {
            let part = self.part(0);
            far.empty_into(&mut part.sum, &mut part.squares);
            self.far = Some(far);
        }
    }

    /// Brings what the kernels hold into `near` and `parts`.
    pub(super) fn settle(&mut self) {
        self.drain();
        self.empty_far();
    }

    /// Another part of the same series.
    pub fn merge(&mut self, mut other: Self) {
        self.count += other.count;
        self.positive_infinities += other.positive_infinities;
        self.negative_infinities += other.negative_infinities;
        self.drain();
        other.settle();
        self.gather(other.near);
        for theirs in &other.parts {
            let ours = self.part(theirs.scale);
            ours.sum.merge(&theirs.sum);
            ours.squares.merge(&theirs.squares);
        }
    }
}

/// The window for the largest one of the finite magnitudes.
fn largest_window(values: &[f64], bits: &Bits, tier: Tier) -> Option<FixedPointWindow> {
    let mut largest = 0f64;
    bits.each(values, |value| {
        if value.is_finite() {
            largest = largest.max(value.abs());
        }
    });
    Some(tier.window(Range { min: 0, max: largest.key() }.top()))
}

/// The window whose middle is at the middle one of the magnitudes.
fn typical_window(values: &[f64], bits: &Bits, tier: Tier) -> Option<FixedPointWindow> {
    // Every eighth value tells enough.
    let mut tops = [0i16; BLOCK / 8];
    let mut count = 0;
    for (values, &bits) in values.chunks(8).zip(bits.bytes()) {
        let index = bits.trailing_zeros() as usize;
        if let Some(value) = values.get(index).filter(|value| **value != 0.0) {
            tops[count] = (value.to_bits() >> 52 & 0x7ff).max(1) as i16 - 1022;
            count += 1;
        }
    }
    let (_, middle, _) = tops[..count].select_nth_unstable(count.checked_sub(1)? / 2);
    let window = tier.window(0);
    Some(tier.window(i32::from(*middle) + (window.top - window.unit - 53) / 2))
}
