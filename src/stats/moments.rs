//! Sum, mean, variance and standard deviation, each correctly rounded.
//!
//! With n values, S = Σx and Q = Σx² held exactly:
//!
//! - mean = S / n
//! - variance = (n·Q − S²) / (n·(n − ddof))
//! - stddev = √variance
//!
//! Each is one rounding of the exact rational, or of its exact root, so for finite data the bits are those of
//! Python's `statistics.mean`, `variance`, `stdev`, `pvariance`, `pstdev` and `math.fsum`. The formula for the
//! variance is known for its cancellation; over exact numbers there is none.
//!
//! S and Q are integers, held in the narrowest place that they fit:
//!
//! - blocks of values that share a [`Frame`] are added up by the kernels of [`crate::arch`], and gathered in 128 and 256
//!   bits of one unit;
//! - what does not fit there goes into superaccumulators ([`super::exact_sum`]), which hold anything; many values at once
//!   by way of [`ByExponent`].
//!
//! Decimals are summed as integers of their own scale: S = Σ S_k·10^−k, and likewise Q. A series of floats or
//! integers has only the scale 0.
//!
//! Infinities follow IEEE 754: a sum with one sign of infinity is that infinity, with both it is NaN, and no
//! variance is a number.

mod serial;

use serde::{Deserialize, Serialize};

use super::bits::{self, Bits};
use super::by_exponent::ByExponent;
use super::exact::{Exact, decompose, round_ratio, round_sqrt_ratio};
use super::exact_sum::{ExactSum, ExactSumOfSquares};
use super::natural::Natural;
use super::number::Decimal;
use super::u256::U256;
use crate::arch::tier::{Keyed, Range, Visit};
use crate::arch::{BLOCK, Frame, Sums, Tier};

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

/// After a block whose exponents are scattered over more than any frame, no frame is tried for so many more of its kind.
const SCATTERED: u32 = 15;

/// One of so many values of a block may be added one by one; with more of them, sums by exponent are faster.
const MISFITS: u64 = 8;

/// The exact moments of the values seen so far.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "serial::Written")]
pub struct Moments {
    order: Order,
    count: u64,
    positive_infinities: u64,
    negative_infinities: u64,
    /// The frame of `sums`.
    frame: Option<Frame>,
    /// Blocks for which no frame will be looked for.
    scattered: u32,
    sums: Sums,
    near: Near,
    far: Option<ByExponent>,
    /// One for each decimal scale that was seen; scale 0 also has what `near` could not hold.
    parts: Vec<Part>,
}

/// S and Q as whole numbers of 2^unit and 2^(2·unit).
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Near {
    unit: i32,
    sum: i128,
    squares: U256,
}

impl Near {
    const ZERO: Self = Self { unit: 0, sum: 0, squares: U256::ZERO };

    fn is_zero(&self) -> bool {
        self.sum == 0 && self.squares == U256::ZERO
    }

    /// The same in a smaller unit, if it then stays below 2^125 and 2^253: two such sums add up without overflow.
    fn in_unit(self, unit: i32) -> Option<Self> {
        let shift = (self.unit - unit).unsigned_abs();
        let sum_room = self.sum.unsigned_abs().leading_zeros();
        let room = sum_room.min(self.squares.leading_zeros() / 2);
        (shift + 3 <= room).then(|| Self {
            unit,
            sum: self.sum << shift,
            squares: self.squares.shifted_left(2 * shift),
        })
    }

    /// Both together, if there is room for it.
    fn plus(self, other: Self) -> Option<Self> {
        if other.is_zero() {
            return Some(self);
        } else if self.is_zero() {
            return Some(other);
        }
        let unit = self.unit.min(other.unit);
        let (a, b) = (self.in_unit(unit)?, other.in_unit(unit)?);
        Some(Self { unit, sum: a.sum + b.sum, squares: a.squares.plus(b.squares) })
    }
}

/// The sums of the values m·10^−scale, as sums of m.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Part {
    scale: i16,
    sum: Box<ExactSum>,
    squares: Box<ExactSumOfSquares>,
}

impl Moments {
    pub fn new(order: Order) -> Self {
        Self {
            order,
            count: 0,
            positive_infinities: 0,
            negative_infinities: 0,
            frame: None,
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
        self.frame = None;
        self.scattered = 0;
        self.near = Near::ZERO;
        self.far = None;
        self.parts.clear();
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    /// So many more values, where nothing but their count is wanted.
    pub fn add_count(&mut self, count: u64) {
        debug_assert_eq!(self.order, Order::Count);
        self.count += count;
    }

    pub fn order(&self) -> Order {
        self.order
    }

    fn part(&mut self, scale: i16) -> &mut Part {
        let index = match self.parts.iter().position(|part| part.scale == scale) {
            Some(index) => index,
            None => {
                self.parts.push(Part { scale, sum: Box::default(), squares: Box::default() });
                self.parts.len() - 1
            }
        };
        &mut self.parts[index]
    }

    /// A block of values, or those of them whose bit in `valid` is set. If there is a NaN among them, which the
    /// range tells, nothing is added.
    pub fn update(&mut self, values: &[f64], valid: Option<&[u8]>, tier: Tier) -> Range {
        let squares = self.order == Order::Second;
        if self.order == Order::Count {
            let range = tier.survey(values, valid);
            if !range.holds_nan() {
                self.count += bits::count(values.len(), valid);
            }
            return range;
        }
        if !self.sums.has_room() {
            self.drain();
        }
        let frame = match self.frame {
            Some(frame) => frame,
            None => self.set_frame(tier.frame(tier.survey(values, valid).top())),
        };
        let visit = match self.scattered {
            0 => tier.visit(values, valid, frame, squares, &mut self.sums),
            _ => Visit { range: tier.survey(values, valid), fits: false },
        };
        if visit.fits {
            self.count += bits::count(values.len(), valid);
        } else if !visit.range.holds_nan() {
            self.update_misfit(values, valid, visit.range, tier);
        }
        visit.range
    }

    /// A block that does not fit the frame: most of its values may, or all may fit another one.
    #[cold]
    fn update_misfit(&mut self, values: &[f64], valid: Option<&[u8]>, range: Range, tier: Tier) {
        let mut rest = Bits::new(values.len(), valid);
        self.count += rest.count();
        if self.scattered > 0 {
            self.scattered -= 1;
        } else if self.take_held(self.frame, values, &mut rest, tier)
            // The frame that the largest value needs, or the one around the middle of them.
            || self.take_held(largest_frame(values, &rest, tier), values, &mut rest, tier)
            || self.take_held(typical_frame(values, &rest, tier), values, &mut rest, tier)
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

    /// Adds what the frame holds and takes it from `rest`, unless more than one of [`MISFITS`] values would be left.
    fn take_held(&mut self, frame: Option<Frame>, values: &[f64], rest: &mut Bits, tier: Tier) -> bool {
        let Some(frame) = frame else { return false };
        let mut held = rest.clone();
        tier.held(values, frame, held.bytes_mut());
        let fits = rest.count() - held.count() <= rest.count() / MISFITS;
        if fits {
            self.set_frame(frame);
            let visit = tier.visit(values, Some(held.bytes()), frame, self.order == Order::Second, &mut self.sums);
            debug_assert!(visit.fits);
            rest.remove(&held);
        }
        fits
    }

    /// One value that fits no frame, or is infinite.
    fn take_misfit(&mut self, value: f64) {
        if value.is_finite() {
            self.part(0).add(value);
        } else {
            self.positive_infinities += u64::from(value > 0.0);
            self.negative_infinities += u64::from(value < 0.0);
        }
    }

    /// A block of integers, likewise.
    pub fn update_integers<V: Keyed>(&mut self, values: &[V], valid: Option<&[u8]>, tier: Tier) -> Range {
        self.count += bits::count(values.len(), valid);
        if self.order == Order::Count {
            return tier.survey(values, valid);
        }
        self.frame = Some(Frame { top: 64, unit: 0 });
        if !self.sums.has_room() {
            self.drain();
        }
        tier.visit_integers(values, valid, self.order == Order::Second, &mut self.sums)
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
        let part = self.part(decimal.scale);
        part.sum.add_natural(decimal.negative, &decimal.magnitude, 0);
        let [low, rest @ ..] = decimal.magnitude;
        if rest == [0; 3] {
            part.squares.add_square(low, 0);
        } else {
            let magnitude = Natural::from_limbs(decimal.magnitude.to_vec());
            part.squares.add_natural(false, magnitude.times(&magnitude).limbs(), 0);
        }
    }

    fn set_frame(&mut self, frame: Frame) -> Frame {
        if self.frame != Some(frame) {
            self.drain();
            self.frame = Some(frame);
        }
        frame
    }

    /// Brings what the kernels have added up into `near`, or what is there out of the way first.
    fn drain(&mut self) {
        let Some(Frame { unit, .. }) = self.frame else { return };
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

    fn empty_far(&mut self) {
        if let Some(mut far) = self.far.take() {
            let part = self.part(0);
            far.empty_into(&mut part.sum, &mut part.squares);
            self.far = Some(far);
        }
    }

    /// Another part of the same series.
    pub fn merge(&mut self, mut other: Self) {
        self.count += other.count;
        self.positive_infinities += other.positive_infinities;
        self.negative_infinities += other.negative_infinities;
        self.drain();
        other.drain();
        other.empty_far();
        self.gather(other.near);
        for theirs in &other.parts {
            let ours = self.part(theirs.scale);
            ours.sum.merge(&theirs.sum);
            ours.squares.merge(&theirs.squares);
        }
    }

    /// What a sum of the infinities is, if there are any.
    fn infinity(&self) -> Option<f64> {
        match (self.positive_infinities > 0, self.negative_infinities > 0) {
            (false, false) => None,
            (true, false) => Some(f64::INFINITY),
            (false, true) => Some(f64::NEG_INFINITY),
            (true, true) => Some(f64::NAN),
        }
    }

    /// The moments as they are now.
    pub fn finish(&mut self) -> Finished {
        self.drain();
        self.empty_far();
        let near = self.near;
        // n·Q must fit 256 bits; S² is not greater.
        let narrow = self.parts.is_empty() && near.squares.leading_zeros() >= 64 - self.count.leading_zeros();
        let sums = if narrow {
            Totals::Near(near)
        } else {
            if !near.is_zero() {
                self.near = Near::ZERO;
                self.part(0).add_near(&near);
            }
            let scaled = |part: &Part, power: i32| Exact::power_of_ten(-power * i32::from(part.scale));
            let parts = self.parts.iter();
            Totals::Exact {
                sum: total(parts.clone().map(|part| part.sum.to_exact().times(&scaled(part, 1)))),
                squares: total(parts.map(|part| part.squares.to_exact().times(&scaled(part, 2)))),
            }
        };
        Finished { count: self.count, infinity: self.infinity(), sums }
    }
}

impl Part {
    fn add(&mut self, value: f64) {
        let (negative, mantissa, exponent) = decompose(value);
        self.sum.add(negative, mantissa, exponent);
        self.squares.add_square(mantissa, exponent);
    }

    fn add_near(&mut self, near: &Near) {
        self.sum.add_u128(near.sum < 0, near.sum.unsigned_abs(), near.unit);
        self.squares.add_natural(false, &near.squares.0, 2 * near.unit);
    }
}

/// The frame for the largest one of the finite magnitudes.
fn largest_frame(values: &[f64], bits: &Bits, tier: Tier) -> Option<Frame> {
    let mut largest = 0f64;
    bits.each(values, |value| {
        if value.is_finite() {
            largest = largest.max(value.abs());
        }
    });
    Some(tier.frame(Range { min: 0, max: largest.key() }.top()))
}

/// The frame whose middle is at the middle one of the magnitudes.
fn typical_frame(values: &[f64], bits: &Bits, tier: Tier) -> Option<Frame> {
    // Every eighth value tells enough.
    let mut tops = [0i16; BLOCK / 8];
    let mut count = 0;
    for (values, &bits) in values.chunks(8).zip(bits.bytes()) {
        let place = bits.trailing_zeros() as usize;
        if let Some(value) = values.get(place).filter(|value| **value != 0.0) {
            tops[count] = (value.to_bits() >> 52 & 0x7ff).max(1) as i16 - 1022;
            count += 1;
        }
    }
    let (_, middle, _) = tops[..count].select_nth_unstable(count.checked_sub(1)? / 2);
    let frame = tier.frame(0);
    Some(tier.frame(i32::from(*middle) + (frame.top - frame.unit - 53) / 2))
}

/// S and Q.
#[derive(Debug)]
enum Totals {
    Near(Near),
    Exact { sum: Exact, squares: Exact },
}

/// Moments to which nothing is added any more.
#[derive(Debug)]
pub struct Finished {
    count: u64,
    infinity: Option<f64>,
    sums: Totals,
}

impl Finished {
    /// Σx; of no values it is 0.
    pub fn sum(&self) -> f64 {
        self.quotient(1)
    }

    /// Σx / n.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.quotient(self.count))
    }

    fn quotient(&self, divisor: u64) -> f64 {
        self.infinity.unwrap_or_else(|| match &self.sums {
            Totals::Near(Near { unit, sum, .. }) => {
                round_ratio(*sum < 0, sum.unsigned_abs().into(), divisor, (*unit).into())
            }
            Totals::Exact { sum, .. } => sum.times(&reciprocal(divisor.into())).round(),
        })
    }

    /// The variance with `ddof` degrees of freedom taken off; not defined for `ddof` values or fewer.
    pub fn variance(&self, ddof: u64) -> Option<f64> {
        self.spread(ddof, 1, round_ratio_of_squares, Exact::round)
    }

    /// The root of the same, rounded once.
    pub fn stddev(&self, ddof: u64) -> Option<f64> {
        self.spread(ddof, 1, round_sqrt_ratio, Exact::round_sqrt)
    }

    /// The standard error of the mean, √(variance / n), rounded once.
    pub fn standard_error(&self, ddof: u64) -> Option<f64> {
        self.spread(ddof, self.count, round_sqrt_ratio, Exact::round_sqrt)
    }

    /// The coefficient of variation, √variance / mean, rounded once; not defined for a mean of 0.
    pub fn cv(&self, ddof: u64) -> Option<f64> {
        let freedom = self.count.checked_sub(ddof).filter(|&freedom| freedom > 0)?;
        let Some((sum, squares)) = self.exact_sums() else { return Some(f64::NAN) };
        if sum.is_zero() {
            return None;
        }
        // variance / mean² = (n·Q − S²) / (n·(n − ddof)) · n² / S²
        let n = Exact::integer(false, self.count.into());
        let square = sum.times(&sum);
        let numerator = squares.times(&n).minus(&square).times(&n);
        let root = numerator.over(&square.times(&Exact::integer(false, freedom.into()))).round_sqrt();
        Some(if sum.is_negative() && root > 0.0 { -root } else { root })
    }

    /// S and Q; `None` where infinities are among the values.
    pub fn exact_sums(&self) -> Option<(Exact, Exact)> {
        if self.infinity.is_some() {
            return None;
        }
        Some(match &self.sums {
            Totals::Near(near) => {
                let mut part = Part { scale: 0, sum: Box::default(), squares: Box::default() };
                part.add_near(near);
                (part.sum.to_exact(), part.squares.to_exact())
            }
            Totals::Exact { sum, squares } => (sum.clone(), squares.clone()),
        })
    }

    /// (n·Q − S²) / (n·(n − ddof)·divisor), rounded; n·Q − S² is not negative, by Cauchy and Schwarz.
    fn spread(
        &self,
        ddof: u64,
        divisor: u64,
        round_near: fn(U256, u64, i64) -> f64,
        round: fn(&Exact) -> f64,
    ) -> Option<f64> {
        let freedom = self.count.checked_sub(ddof).filter(|&freedom| freedom > 0)?;
        if self.infinity.is_some() {
            return Some(f64::NAN);
        }
        let denominator = self.count.checked_mul(freedom).and_then(|product| product.checked_mul(divisor));
        if let (Totals::Near(Near { unit, sum, squares }), Some(denominator)) = (&self.sums, denominator) {
            let sum = sum.unsigned_abs();
            let numerator = squares.times(self.count).minus(U256::product(sum, sum));
            return Some(round_near(numerator, denominator, 2 * i64::from(*unit)));
        }
        let (sum, squares) = self.exact_sums()?;
        let n = Exact::integer(false, self.count.into());
        let numerator = squares.times(&n).minus(&sum.times(&sum));
        let n = u128::from(self.count);
        let denominator = Natural::from(n * u128::from(freedom)).times(&divisor.into());
        Some(round(&numerator.times(&reciprocal(denominator))))
    }
}

fn round_ratio_of_squares(numerator: U256, denominator: u64, exponent: i64) -> f64 {
    round_ratio(false, numerator, denominator, exponent)
}
fn total(values: impl Iterator<Item = Exact>) -> Exact {
    values.reduce(|a, b| a.plus(&b)).unwrap_or_else(|| Exact::integer(false, Natural::default()))
}

fn reciprocal(n: Natural) -> Exact {
    Exact::new(false, 1u64.into(), n, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::oracle;
    use crate::stats::seeds;
    use proptest::prelude::*;

    fn of(tier: Tier, values: &[f64]) -> Moments {
        let mut moments = Moments::new(Order::Second);
        for block in values.chunks(BLOCK) {
            moments.update(block, None, tier);
        }
        moments
    }

    fn check(values: &[f64], split: usize) {
        for tier in Tier::available() {
            check_tier(tier, values, split);
        }
    }

    fn check_tier(tier: Tier, values: &[f64], split: usize) {
        let split = split.min(values.len());
        let mut moments = of(tier, &values[split..]);
        moments.merge(of(tier, &values[..split]));
        let moments = moments.finish();
        assert_eq!(moments.sum().to_bits(), oracle::sum(values).to_bits(), "sum {values:?}");
        if values.is_empty() {
            assert_eq!(moments.mean(), None);
            return;
        }
        assert_eq!(moments.mean().map(f64::to_bits), Some(oracle::mean(values).to_bits()), "mean {values:?}");
        for ddof in [0, 1, 2] {
            let defined = values.len() > ddof;
            let variance = defined.then(|| oracle::variance(values, ddof));
            let stddev = defined.then(|| oracle::stddev(values, ddof));
            assert_eq!(moments.variance(ddof as u64), variance, "variance({ddof}) {values:?}");
            assert_eq!(moments.stddev(ddof as u64), stddev, "stddev({ddof}) {values:?}");
        }
    }

    #[test]
    fn seeds_match_the_oracle_at_every_split() {
        for values in seeds::finite() {
            for split in [0, 1, values.len() / 2, values.len()] {
                check(&values, split);
            }
        }
    }

    proptest! {
        #![proptest_config(seeds::cases(2000))]
        #[test]
        fn random_series_match_the_oracle(values in seeds::series(), split in 0usize..40) {
            check(&values, split);
        }
    }

    #[test]
    fn infinities_follow_ieee_754() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        for (values, mean) in [(&[inf, 1.0][..], inf), (&[-inf, 1.0], -inf), (&[inf, -inf], nan)] {
            let moments = of(Tier::best(), values).finish();
            assert!(moments.mean().is_some_and(|m| m == mean || m.is_nan() && mean.is_nan()));
            assert!(moments.variance(1).is_some_and(f64::is_nan));
        }
    }

    #[test]
    fn a_stddev_is_finite_where_its_variance_is_not() {
        let moments = of(Tier::best(), &[1e300, -1e300]).finish();
        assert_eq!(moments.variance(1), Some(f64::INFINITY));
        assert_eq!(moments.stddev(1), Some(oracle::stddev(&[1e300, -1e300], 1)));
    }

    /// Kernels that add no squares leave anything in their place, which must neither crowd out the sum nor be written.
    #[test]
    fn sums_without_squares_have_none() {
        let values: Vec<f64> = (0..BLOCK).map(|i| i as f64 - 0.75).collect();
        for tier in Tier::available() {
            let mut moments = Moments::new(Order::First);
            moments.update(&values, None, tier);
            moments.drain();
            assert_eq!(moments.near.squares, U256::ZERO, "{}", tier.name());
            assert_eq!(moments.finish().sum(), oracle::sum(&values));
        }
    }

    #[test]
    fn decimals_of_several_scales_are_one_rational() {
        // 0.1 + 0.02 + (-3e2): mean and variance of exact decimals, rounded once.
        let decimal = |negative, low, scale| Decimal { negative, magnitude: [low, 0, 0, 0], scale };
        let mut moments = Moments::new(Order::Second);
        for value in [decimal(false, 1, 1), decimal(false, 2, 2), decimal(true, 3, -2)] {
            moments.add_decimal(&value);
        }
        let moments = moments.finish();
        assert_eq!(moments.sum(), -299.88);
        assert_eq!(moments.mean(), Some(-99.96));
        assert_eq!(moments.variance(1), Some(30012.0028));
    }
}
