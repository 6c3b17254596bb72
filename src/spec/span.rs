//! Spans of time as people write them.

use crate::error::{Error, Result};

/// The units of a span of time, and their nanoseconds.
const UNITS: [(&str, u64); 17] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("sec", 1_000_000_000),
    ("m", 60_000_000_000),
    ("min", 60_000_000_000),
    ("T", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("H", 3_600_000_000_000),
    ("hr", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
    ("D", 86_400_000_000_000),
    ("day", 86_400_000_000_000),
    ("w", 604_800_000_000_000),
    ("W", 604_800_000_000_000),
];

/// A span of time as pandas and Polars write it: `5min`, `30s`, `1h30m`, `2d`, `1.5h`, `100ms`; in nanoseconds.
///
/// # Errors
///
/// [`Error::Invalid`] for anything else: months, quarters and years have no fixed length.
pub fn parse_span(text: &str) -> Result<u64> {
    let invalid = || {
        Error::Invalid(format!(
            "'{text}' is not a span of time; write for example 30s, 5min, 1h30min, 2d or 1w (months and years have no fixed length)"
        ))
    };
    let (mut rest, mut total) = (text.trim(), 0u64);
    if rest.is_empty() {
        return Err(invalid());
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(invalid)?;
        let (number, after) = rest.split_at(end);
        let end = after.find(|c: char| c.is_ascii_digit() || c.is_whitespace()).unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(invalid)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        // A unit alone is one of it.
        let whole: u64 = if number.is_empty() { 1 } else { whole.parse().map_err(|_| invalid())? };
        let mut part = whole.checked_mul(*factor).ok_or_else(invalid)?;
        if !fraction.is_empty() {
            let digits: u64 = fraction.parse().map_err(|_| invalid())?;
            let scale = 10u64.checked_pow(fraction.len() as u32).ok_or_else(invalid)?;
            let units = u128::from(digits) * u128::from(*factor);
            if units % u128::from(scale) != 0 {
                return Err(invalid());
            }
            part += (units / u128::from(scale)) as u64;
        }
        total = total.checked_add(part).ok_or_else(invalid)?;
        rest = after.trim_start();
    }
    Ok(total)
}

/// A number of nanoseconds as a span of time: in the largest unit of which it is a whole number.
pub(crate) fn span_text(nanoseconds: u64) -> String {
    const SHOWN: [&str; 7] = ["d", "h", "min", "s", "ms", "us", "ns"];
    let unit = |name: &str| UNITS.iter().find(|(known, _)| *known == name).map_or(1, |(_, factor)| *factor);
    let fits = |name: &&&str| nanoseconds > 0 && nanoseconds.is_multiple_of(unit(name));
    let name = SHOWN.iter().find(fits).unwrap_or(&"ns");
    format!("{}{name}", nanoseconds / unit(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_shown_as_they_are_written() {
        for text in ["1d", "36h", "5min", "90s", "1500ms", "7us", "1ns", "14d"] {
            assert_eq!(span_text(parse_span(text).unwrap()), text);
        }
        assert_eq!([span_text(0), span_text(parse_span("1w").unwrap())], ["0ns", "7d"]);
    }

    #[test]
    fn spans_as_people_write_them() {
        let seconds = 1_000_000_000;
        for (text, span) in [
            ("30s", 30 * seconds),
            ("5min", 300 * seconds),
            ("5m", 300 * seconds),
            ("1h30min", 5400 * seconds),
            ("1h 30m", 5400 * seconds),
            ("1.5h", 5400 * seconds),
            ("2D", 172_800 * seconds),
            ("h", 3600 * seconds),
            ("250ms", seconds / 4),
            ("7ns", 7),
            ("1w", 604_800 * seconds),
        ] {
            assert_eq!(parse_span(text).unwrap(), span, "{text}");
        }
        for text in ["", "5", "1mo", "1y", "-5s", "5 parsecs", "1.5ns", "99999999999w", "1q", "s5"] {
            assert!(parse_span(text).is_err(), "{text}");
        }
    }
}
