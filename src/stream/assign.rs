//! Which periodic windows a time is in.
//!
//! Windows of length *size* begin each *slide*, at *offset* + k·slide. With *pane* = gcd(size, slide), time falls into panes, and each window
//! is a number of whole panes. Division is by floor, so that times before 1970 are as any others. Sums are formed in 128 bits: a bound
//! beyond what nanoseconds reach is the last one that they reach.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::spec::span_text;

/// See the [module](self).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Periods {
    size: i64,
    slide: i64,
    offset: i64,
    pane: i64,
}

/// A number of nanoseconds where it is one, else the one that is nearest.
fn clamped(time: i128) -> i64 {
    time.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

impl Periods {
    /// Both are positive.
    pub fn new(size: i64, slide: i64) -> Result<Self> {
        if slide > size {
            return Err(Error::Invalid(format!(
                "windows of {} begin each {}: rows between them would be in none; the slide is at most the size",
                span_text(size as u64),
                span_text(slide as u64)
            )));
        }
        let (mut a, mut b) = (size, slide);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        Ok(Self { size, slide, offset: 0, pane: a })
    }

    /// Offsets that differ by a slide are the same.
    pub fn with_offset(self, offset: i64) -> Self {
        Self { offset: offset.rem_euclid(self.slide), ..self }
    }

    /// Whether a time is in several windows.
    pub fn overlap(self) -> bool {
        self.size > self.slide
    }

    pub fn spans(self) -> Vec<i64> {
        vec![self.size, self.slide, self.offset]
    }

    /// The pane of a time.
    pub fn pane(self, time: i64) -> i64 {
        let since = i128::from(time) - i128::from(self.offset);
        clamped(since.div_euclid(self.pane.into()))
    }

    /// The first nanosecond of a pane, and the first one after it.
    pub fn bounds_of_pane(self, pane: i64) -> (i64, i64) {
        let start = i128::from(self.offset) + i128::from(pane) * i128::from(self.pane);
        (clamped(start), clamped(start + i128::from(self.pane)))
    }

    /// The windows that a pane is in, by their k.
    pub fn windows(self, pane: i64) -> RangeInclusive<i64> {
        let (size, slide) = (i128::from(self.size), i128::from(self.slide));
        let start = i128::from(pane) * i128::from(self.pane);
        let last = start.div_euclid(slide);
        // The first one that ends behind the pane.
        let first = -(size - start - i128::from(self.pane)).div_euclid(slide);
        clamped(first)..=clamped(last)
    }

    /// Where a window begins and ends.
    pub fn bounds(self, window: i64) -> (i64, i64) {
        let start = i128::from(self.offset) + i128::from(window) * i128::from(self.slide);
        (clamped(start), clamped(start + i128::from(self.size)))
    }

    /// The panes of a window.
    pub fn panes(self, window: i64) -> RangeInclusive<i64> {
        let start = i128::from(window) * i128::from(self.slide) / i128::from(self.pane);
        clamped(start)..=clamped(start + i128::from(self.size / self.pane) - 1)
    }

    /// Whether a window of this pane ends after one time, and until another one.
    pub fn ends_within(self, pane: i64, after: i64, until: i64) -> bool {
        let windows = self.windows(pane);
        // The first window that ends after that time.
        let since = i128::from(after) - i128::from(self.size) - i128::from(self.offset);
        let first = clamped(since.div_euclid(self.slide.into()) + 1).max(*windows.start());
        first <= *windows.end() && self.bounds(first).1 <= until
    }

    /// When the first and when the last window of a pane ends.
    pub fn ends(self, pane: i64) -> (i64, i64) {
        let windows = self.windows(pane);
        (self.bounds(*windows.start()).1, self.bounds(*windows.end()).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(crate::stats::seeds::cases(2000))]
        /// A time is in the windows of its pane and in no other.
        #[test]
        fn panes_and_windows_agree(
            lengths in (1i64..200, 1i64..200), offset in -500i64..500, time in -2000i64..2000,
        ) {
            let (size, slide) = (lengths.0.max(lengths.1), lengths.0.min(lengths.1));
            let periods = Periods::new(size, slide).unwrap().with_offset(offset);
            let pane = periods.pane(time);
            let (start, end) = periods.bounds_of_pane(pane);
            prop_assert!(start <= time && time < end);
            let windows = periods.windows(pane);
            for window in windows.start() - 3..=windows.end() + 3 {
                let (start, end) = periods.bounds(window);
                prop_assert_eq!((start - offset).rem_euclid(slide), 0);
                prop_assert_eq!(end - start, size);
                prop_assert_eq!(windows.contains(&window), start <= time && time < end);
                prop_assert_eq!(periods.panes(window).contains(&pane), start <= time && time < end);
            }
            for (after, until) in [(time - 7, time + 9), (time, time + size), (time + slide, time + size - 1)] {
                let mut ends = windows.clone().map(|window| periods.bounds(window).1);
                let ends_within = ends.any(|end| after < end && end <= until);
                prop_assert_eq!(periods.ends_within(pane, after, until), ends_within);
            }
            prop_assert_eq!(periods.ends(pane), (periods.bounds(*windows.start()).1, periods.bounds(*windows.end()).1));
        }
    }

    #[test]
    fn the_ends_of_time_are_no_error() {
        for time in [i64::MIN, i64::MAX] {
            for (size, slide) in [(1, 1), (7, 3), (i64::MAX, i64::MAX), (i64::MAX, 1), (60_000_000_000, 7)] {
                let periods = Periods::new(size, slide).unwrap().with_offset(5);
                let pane = periods.pane(time);
                let (start, end) = periods.bounds_of_pane(pane);
                assert!(start <= end, "{time} {size} {slide}");
                assert!(periods.windows(pane).start() <= periods.windows(pane).end());
            }
        }
        assert!(Periods::new(5, 6).is_err());
    }
}
