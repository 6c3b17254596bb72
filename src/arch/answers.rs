//! Sum, mean, variance, stddev and sem, of S = Σx and n·Q − S², where Q = Σx²: each where it surely is the nearest float.
//!
//! A result is taken only where both ends of its error interval round alike (A. Ziv, *Fast evaluation of elementary mathematical functions
//! with correctly rounded last bit*, ACM TOMS 17(3), 1991).

use super::double_double::{Double, two_product, two_sum};
use super::floats::Floats;
use super::window::FixedPointWindow;
use crate::num::u256::U256;

/// The relative errors of Q and of a quotient, and that of n·Q − S² beside n·Q, are below this.
pub(super) const ERROR: f64 = 1.0 / (1u128 << 96) as f64;

/// The answers of a window: those of no degree of freedom mean nothing, nor what was not asked.
#[derive(Clone, Copy, Debug)]
pub struct Answers<V> {
    pub sum: V,
    pub mean: V,
    pub variance: V,
    pub stddev: V,
    pub sem: V,
}

/// The divisors of a window.
#[derive(Clone, Copy)]
pub struct Divisors<F> {
    pub(super) n: F,
    /// 1 / n, rounded.
    inverse: F,
    /// 1 / (n·(n − ddof)), and the same by n.
    pub(super) spread: Double<F>,
    pub(super) error: Double<F>,
}

impl<F: Floats> Divisors<F> {
    /// The divisors for `count` values; `count - ddof` is taken as 1 at least.
    #[inline(always)]
    pub fn new(count: u64, ddof: u64) -> Self {
        let n = count as f64;
        let freedom = count.saturating_sub(ddof).max(1) as f64;
        let spread = two_product(n, freedom);
        let error = Double { h: spread.h * n, l: spread.h.mul_add(n, -(spread.h * n)) + spread.l * n };
        Self { n: F::splat(n), inverse: F::splat(1.0 / n), spread: inverse(spread), error: inverse(error) }
    }
}

/// S of values from which `origin` was taken as S of the values, and whether it is exact.
#[inline(always)]
pub(super) fn moved<F: Floats>(sum: Double<F>, origin: f64, divisors: &Divisors<F>) -> (Double<F>, F::Mask) {
    let zero = F::splat(0.0);
    let far = two_product(divisors.n, F::splat(origin));
    let (high, low) = (two_sum(far.h, sum.h), two_sum(far.l, sum.l));
    let rest = two_sum(high.l, low.h);
    (two_sum(high.h, rest.h), rest.l.equals(zero) & low.l.equals(zero))
}

/// 1 / divisor.
#[inline(always)]
fn inverse<F: Floats>(divisor: Double<f64>) -> Double<F> {
    let h = 1.0 / divisor.h;
    let l = ((-h).mul_add(divisor.h, 1.0) - h * divisor.l) * h;
    Double { h: F::splat(h), l: F::splat(l) }
}

/// S / n, and whether it surely is the nearest.
#[inline(always)]
pub(super) fn mean<F: Floats>(sum: Double<F>, divisors: &Divisors<F>) -> (F, F::Mask) {
    let h = sum.h * divisors.inverse;
    let rest = (-h).mul_add(divisors.n, sum.h) + sum.l;
    let (nearest, sure) = two_sum(h, rest * divisors.inverse).rounded();
    if F::bits(!sure) == 0 {
        return (nearest, sure);
    }
    sum.quotient(divisors.n)
}

/// A number and what it errs by at most, times an inverse: its nearest float and that of its root, and whether they surely are.
#[inline(always)]
pub(super) fn spread<F: Floats>(number: Double<F>, error: F, inverse: Double<F>) -> (F, F, F::Mask) {
    let h = number.h * inverse.h;
    let l = number.h.mul_add(inverse.h, -h) + number.h.mul_add(inverse.l, number.l * inverse.h);
    let error = error * inverse.h + h.abs() * F::splat(ERROR);
    let (least, greatest) = (h + (l - error), h + (l + error));
    let root = h.sqrt();
    let half = F::splat(0.5) / root;
    let rest = ((-root).mul_add(root, h) + l) * half;
    // The root is as far off by half, and by the square of what it lacked.
    let error = error * half + root * F::splat(ERROR);
    let (least_root, greatest_root) = (root + (rest - error), root + (rest + error));
    // Of a number that its error may turn to nothing there is no root.
    let is_positive = (error + error).is_at_most(root);
    (least, least_root, least.equals(greatest) & least_root.equals(greatest_root) & is_positive)
}

/// The answers of `count` values with S in units and Q in square units, whose product with the count has no more than 256 bits; `None` where that
/// takes big numbers. n·Q − S² is exact here, however near the two are.
#[inline]
pub fn of_integers(sum: i128, squares: U256, count: u64, unit: i32, divisors: &Divisors<f64>) -> Option<Answers<f64>> {
    // Powers by which a result stays a normal number, and exact.
    const POWERS: std::ops::RangeInclusive<i32> = -700..=700;
    let size = sum.unsigned_abs();
    let number = squares.times(count).minus(U256::product(size, size));
    let h = sum as f64;
    let rest = sum - h as i128;
    let l = rest as f64;
    let top = 128 - (number.leading_zeros() & !1) as i32;
    let (power, root_power) = (top + 2 * unit, top / 2 + unit);
    if l as i128 != rest || !POWERS.contains(&unit) || !POWERS.contains(&power) {
        return None;
    }
    let scale = FixedPointWindow::power(unit);
    let (mean, sure) = mean(Double { h, l }, divisors);
    let zero = number == U256::ZERO;
    let U256([_, _, low, high]) = number.shifted_left(if zero { 0 } else { (128 - top) as u32 });
    let bits = u128::from(high) << 64 | u128::from(low);
    let h_bits = bits as f64;
    // The conversion rounds: what is left may be negative, and is below 2^75.
    let l_bits = bits.wrapping_sub(h_bits as u128) as i128 as f64;
    let number = Double { h: h_bits, l: l_bits };
    let (variance, stddev, sure_spread) = spread(number, 0.0, divisors.spread);
    let (_, sem, sure_error) = spread(number, 0.0, divisors.error);
    let [variance, stddev, sem] = match zero {
        true => [0.0; 3],
        false => {
            let root = FixedPointWindow::power(root_power);
            [variance * FixedPointWindow::power(power), stddev * root, sem * root]
        }
    };
    let answers = Answers { sum: h * scale + 0.0, mean: mean * scale + 0.0, variance, stddev, sem };
    (sure && (zero || sure_spread && sure_error)).then_some(answers)
}
