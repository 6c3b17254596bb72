//! Axes: the places of a value and their labels.

use chrono::{DateTime, Datelike, NaiveDate};

use crate::num::figure::Figure;
use crate::report::readable::readable;

/// About as many labels stand at an axis.
const LABELS: f64 = 6.0;

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// What the values of a column are measured in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Axis {
    /// Numbers.
    Number,
    /// Seconds since 1970, in UTC.
    Instant,
    /// Seconds: of a day, or as a duration.
    Span,
}

impl Axis {
    /// The places of an axis from `low` to `high` that have a label, and their labels.
    pub fn ticks(self, low: f64, high: f64) -> Vec<(f64, String)> {
        let range = high - low;
        if !range.is_finite() || range <= 0.0 {
            return Vec::new();
        }
        match self {
            Self::Number => {
                let number = |place: f64| match readable(Some(Figure::Float(place))).split_once('e') {
                    Some((digits, exponent)) => {
                        format!("{}e{exponent}", digits.trim_end_matches('0').trim_end_matches('.'))
                    }
                    None => readable(Some(Figure::Float(place))),
                };
                multiples(low, high, round_step(range / LABELS)).map(|place| (place, number(place))).collect()
            }
            Self::Span => {
                const UNITS: [(f64, &str); 5] = [(DAY, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms")];
                let largest = low.abs().max(high.abs());
                let (unit, name) = UNITS.into_iter().find(|(unit, _)| largest >= 2.0 * unit).unwrap_or((1e-6, "µs"));
                let places = multiples(low / unit, high / unit, round_step(range / unit / LABELS));
                places.map(|place| (place * unit, format!("{} {name}", readable(Some(Figure::Float(place)))))).collect()
            }
            Self::Instant if range > 60.0 * DAY => months(low, high),
            Self::Instant => {
                const STEPS: [f64; 18] = [
                    1.0,
                    2.0,
                    5.0,
                    10.0,
                    15.0,
                    30.0,
                    60.0,
                    120.0,
                    300.0,
                    600.0,
                    1_800.0,
                    3_600.0,
                    7_200.0,
                    10_800.0,
                    21_600.0,
                    43_200.0,
                    DAY,
                    7.0 * DAY,
                ];
                let step = STEPS.into_iter().find(|step| range / step <= 1.5 * LABELS).unwrap_or(14.0 * DAY);
                let step = if range < LABELS { round_step(range / LABELS) } else { step };
                let format = match step {
                    step if step >= DAY => "%Y-%m-%d",
                    step if step >= 60.0 => "%m-%d %H:%M",
                    step if step >= 1.0 => "%H:%M:%S",
                    _ => "%H:%M:%S%.6f",
                };
                let label = |place: f64| Some((place, instant(place)?.format(format).to_string()));
                multiples(low, high, step).filter_map(label).collect()
            }
        }
    }
}

/// A time in UTC, if the calendar has it.
fn instant(seconds: f64) -> Option<DateTime<chrono::Utc>> {
    DateTime::from_timestamp_micros((seconds * 1e6).round() as i64)
}

/// The least of 1, 2 and 5 times a power of ten that is not below `step`.
fn round_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    [1.0, 2.0, 5.0].into_iter().map(|factor| factor * power).find(|round| *round >= step).unwrap_or(10.0 * power)
}

/// The multiples of `step` from `low` to `high`.
fn multiples(low: f64, high: f64, step: f64) -> impl Iterator<Item = f64> {
    let first = (low / step).ceil();
    // However large the numbers are beside the step, the axis has an end.
    (0..40).map(move |index| (first + f64::from(index)) * step).take_while(move |place| *place <= high)
}

/// The beginnings of months or years.
fn months(low: f64, high: f64) -> Vec<(f64, String)> {
    let (Some(first), Some(last)) = (instant(low), instant(high)) else { return Vec::new() };
    let all = (last.year() - first.year()) * 12 + last.month0() as i32 - first.month0() as i32;
    let step =
        [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1_200].into_iter().find(|step| f64::from(all / step) <= LABELS + 2.0);
    let step = step.unwrap_or(all / 5 / 1_200 * 1_200).max(1);
    let start = first.year() * 12 + first.month0() as i32;
    let start = start.div_euclid(step) * step;
    let date = |month: i32| NaiveDate::from_ymd_opt(month.div_euclid(12), month.rem_euclid(12) as u32 + 1, 1);
    let places = (0..).map_while(|index| date(start.checked_add(index * step)?)).take(40);
    let format = if step % 12 == 0 { "%Y" } else { "%Y-%m" };
    let seconds = |date: &NaiveDate| date.and_hms_opt(0, 0, 0).map(|time| time.and_utc().timestamp() as f64);
    let labelled = places.filter_map(|date| Some((seconds(&date)?, date.format(format).to_string())));
    labelled.take_while(|(place, _)| *place <= high).filter(|(place, _)| *place >= low).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: Axis, low: f64, high: f64) -> Vec<String> {
        axis.ticks(low, high).into_iter().map(|(_, label)| label).collect()
    }

    fn seconds(year: i32, month: u32, day: u32) -> f64 {
        NaiveDate::from_ymd_opt(year, month, day).unwrap().and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp() as f64
    }

    #[test]
    fn round_numbers_stand_at_an_axis() {
        assert_eq!(labels(Axis::Number, -0.3, 1.1), ["0", "0.5", "1"]);
        assert_eq!(labels(Axis::Number, 3.0, 97.0), ["20", "40", "60", "80"]);
        assert_eq!(labels(Axis::Span, 0.0, 86_400.0), ["0 h", "5 h", "10 h", "15 h", "20 h"]);
        assert_eq!(labels(Axis::Number, 0.0, 2e19), ["0", "5e18", "1e19", "1.5e19", "2e19"]);
        assert_eq!(labels(Axis::Number, 5.0, 5.0), [""; 0]);
    }

    #[test]
    fn times_have_the_steps_of_clock_and_calendar() {
        let day = seconds(2026, 3, 1);
        assert_eq!(labels(Axis::Instant, day, day + 86_400.0).first().unwrap(), "03-01 00:00");
        assert_eq!(
            labels(Axis::Instant, seconds(2026, 1, 5), seconds(2026, 5, 2)),
            ["2026-02", "2026-03", "2026-04", "2026-05"]
        );
        assert_eq!(
            labels(Axis::Instant, seconds(1990, 6, 1), seconds(2026, 1, 1)),
            ["1995", "2000", "2005", "2010", "2015", "2020", "2025"]
        );
        assert_eq!(labels(Axis::Instant, day, day + 0.5).len(), 6);
    }

    #[test]
    fn no_axis_is_endless() {
        for (low, high) in [(1e300, 1.1e300), (0.0, f64::MAX), (-f64::MAX, f64::MAX), (1e16, 1e16 + 2.0), (0.0, 5e-324)]
        {
            for axis in [Axis::Number, Axis::Instant, Axis::Span] {
                assert!(axis.ticks(low, high).len() <= 40, "{axis:?} {low} {high}");
            }
        }
    }
}
