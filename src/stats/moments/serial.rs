//! The moments as bytes, and what is checked when they are read back.
//!
//! What the kernels hold is brought into `near` and `parts` first: the window belongs to a tier, and is found again.

use std::cmp::Ordering;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::accumulate::{Moments, Order};
use super::finish::Finished;
use super::sums::{Near, Part};
use crate::num::decimal::SCALES;
use crate::num::rational::Rational;
use crate::num::superaccumulator::ExactSumOfSquares;

/// The units of every tier's windows: from that of the smallest subnormal up to 101 bits below the highest top.
const UNITS: std::ops::RangeInclusive<i32> = -1074..=920;

/// See the [module](self).
#[derive(Serialize, Deserialize)]
struct Written {
    order: Order,
    count: u64,
    positive_infinities: u64,
    negative_infinities: u64,
    near: Near,
    parts: Vec<Part>,
}

impl Serialize for Moments {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut whole = self.clone();
        whole.settle();
        if self.order != Order::Second {
            whole.parts.iter_mut().for_each(|part| *part.squares = ExactSumOfSquares::default()); // only some were added up
        }
        let Self { order, count, positive_infinities, negative_infinities, near, parts, .. } = whole;
        Written { order, count, positive_infinities, negative_infinities, near, parts }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Moments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(Written::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl TryFrom<Written> for Moments {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let Written { order, count, positive_infinities, negative_infinities, near, parts } = written;
        let infinities = positive_infinities.checked_add(negative_infinities);
        let finite =
            infinities.and_then(|infinities| count.checked_sub(infinities)).ok_or("more infinities than values")?;
        // Two such sums add up without overflow: see `Near::in_unit`.
        if !UNITS.contains(&near.unit) || near.sum.unsigned_abs() >> 126 != 0 || near.squares.leading_zeros() < 2 {
            return Err("a sum is beyond its window");
        }
        let distinct = |index: usize, part: &Part| parts[..index].iter().all(|before| before.scale != part.scale);
        let scales_fit =
            parts.iter().enumerate().all(|(index, part)| SCALES.contains(&part.scale) && distinct(index, part));
        if !scales_fit || parts.iter().any(|part| part.squares.is_negative()) {
            return Err("sums of decimals that no values have");
        }
        let mut moments = Self::new(order);
        (moments.count, moments.near, moments.parts) = (count, near, parts);
        (moments.positive_infinities, moments.negative_infinities) = (positive_infinities, negative_infinities);
        if moments.are_possible(finite) { Ok(moments) } else { Err("moments that no values have") }
    }
}

impl Moments {
    /// Whether `finite` finite values can have these sums: S² ≤ n·Q, by Cauchy and Schwarz.
    fn are_possible(&self, finite: u64) -> bool {
        let sums = self.clone().finish().sums;
        let Some((sum, squares)) = (Finished { count: finite, infinity: None, sums }).exact_sums() else {
            return false;
        };
        match self.order {
            Order::Count => self.near.is_zero() && self.parts.is_empty() && finite == self.count,
            Order::First => squares.is_zero() && (finite > 0 || sum.is_zero()),
            Order::Second => {
                let most = squares.times(&Rational::integer(false, finite.into()));
                (finite > 0 || squares.is_zero()) && sum.times(&sum).compare(&most) != Ordering::Greater
            }
        }
    }
}
