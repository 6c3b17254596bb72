//! Times that are written as text or as numbers.

use arrow_cast::parse::string_to_timestamp_nanos;
use arrow_schema::TimeUnit;

use crate::num::digits::Digits;
use crate::series::times::factor;

/// A time as ISO 8601 writes it (`2026-01-31T12:00:00.5Z`, `2026-01-31 12:00`, `2026-01-31`), in nanoseconds since 1970, and whether it names a zone;
/// one that names none is of UTC.
pub(super) fn from_text(text: &str) -> Result<(i64, bool), String> {
    if let Some(found) = plain(text.as_bytes()) {
        return Ok(found);
    }
    let text = text.trim();
    // Without seconds.
    let minutes =
        text.split_at_checked(16).filter(|(start, rest)| start.as_bytes()[13] == b':' && !rest.starts_with(':'));
    let whole = minutes.map(|(start, rest)| format!("{start}:00{rest}"));
    let time = string_to_timestamp_nanos(whole.as_deref().unwrap_or(text)).map_err(|_| {
        format!("'{}' is no time; write it as 2026-01-31T12:00:00Z", crate::escape::shown(text, crate::escape::NAME))
    })?;
    let clock = text.get(10..).unwrap_or_default();
    Ok((time, clock.contains(['Z', 'z', '+', '-']) || clock.trim_start().contains(' ')))
}

/// A time of `YYYY-MM-DDTHH:MM:SS`, with up to nine digits behind a point and a Z.
fn plain(text: &[u8]) -> Option<(i64, bool)> {
    let (date, rest) = text.split_at_checked(19)?;
    let digit = |at: usize| {
        let digit = date[at].wrapping_sub(b'0');
        (digit < 10).then_some(i64::from(digit))
    };
    let two = |at: usize| Some(10 * digit(at)? + digit(at + 1)?);
    let is_separated =
        date[4] == b'-' && date[7] == b'-' && matches!(date[10], b'T' | b' ') && date[13] == b':' && date[16] == b':';
    if !is_separated {
        return None;
    }
    let (year, month, day) = (100 * two(0)? + two(2)?, two(5)?, two(8)?);
    let (hour, minute, second) = (two(11)?, two(14)?, two(17)?);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => return None,
    };
    if !(1678..2262).contains(&year) || !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Years that begin with March: the leap day is their last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let day = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    let seconds = 86_400 * day + 3_600 * hour + 60 * minute + second;
    let (nanoseconds, rest) = match rest {
        [b'.', fraction @ ..] => {
            let length = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if !(1..=9).contains(&length) {
                return None;
            }
            let value = fraction[..length].iter().fold(0, |value, digit| 10 * value + i64::from(digit - b'0'));
            (value * 10i64.pow(9 - length as u32), &fraction[length..])
        }
        rest => (0, rest),
    };
    let is_zoned = match rest {
        [] => false,
        [b'Z'] => true,
        _ => return None,
    };
    Some((1_000_000_000 * seconds + nanoseconds, is_zoned))
}

/// A whole number of these units since 1970, which is the plain case of [`from_number`].
#[inline]
pub(super) fn from_digits(digits: Digits, unit: Option<TimeUnit>) -> Option<i64> {
    digits.whole()?.checked_mul(factor(unit?))
}

/// A number of these units since 1970, digit by digit: no float is between.
pub(super) fn from_number(number: &[u8], unit: Option<TimeUnit>) -> Result<i64, String> {
    let shown = || String::from_utf8_lossy(number).into_owned();
    let Some(unit) = unit else {
        return Err(format!("the time {} is a number; say what it counts: s, ms, us or ns", shown()));
    };
    let beyond = || format!("the time {} is beyond the years 1677 to 2262", shown());
    let factor = factor(unit);
    if number.iter().any(|byte| matches!(byte, b'e' | b'E')) {
        let value: f64 = fast_float2::parse(number).map_err(|_| format!("{} is no number", shown()))?;
        let nanoseconds = (value * factor as f64).round();
        return if nanoseconds.abs() < 9.2e18 { Ok(nanoseconds as i64) } else { Err(beyond()) };
    }
    let (is_negative, digits) = match number {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let (whole, fraction) = match digits.iter().position(|byte| *byte == b'.') {
        Some(point) => (&digits[..point], &digits[point + 1..]),
        None => (digits, &[][..]),
    };
    let mut value: i128 = 0;
    for digit in whole {
        if !digit.is_ascii_digit() {
            return Err(format!("{} is no number", shown()));
        }
        value =
            value.checked_mul(10).and_then(|value| value.checked_add(i128::from(digit - b'0'))).ok_or_else(beyond)?;
    }
    value = value.checked_mul(factor.into()).ok_or_else(beyond)?;
    let mut scale = i128::from(factor);
    for digit in fraction {
        if !digit.is_ascii_digit() {
            return Err(format!("{} is no number", shown()));
        }
        // What is less than a nanosecond is cut off.
        scale /= 10;
        value += scale * i128::from(digit - b'0');
    }
    i64::try_from(if is_negative { -value } else { value }).map_err(|_| beyond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_as_people_write_them() {
        let noon = 1_769_860_800_000_000_000;
        for (text, expected) in [
            ("2026-01-31T12:00:00Z", (noon, true)),
            ("2026-01-31 12:00:00", (noon, false)),
            ("2026-01-31T12:00:00.25", (noon + 250_000_000, false)),
            ("2026-01-31T14:00:00+02:00", (noon, true)),
            ("2026-01-31T07:00:00.000-05:00", (noon, true)),
            ("2026-01-31T12:00", (noon, false)),
            ("2026-01-31 14:00+02:00", (noon, true)),
            ("2026-01-31", (noon - 43_200_000_000_000, false)),
            ("1969-12-31T23:59:59.999999999Z", (-1, true)),
        ] {
            assert_eq!(from_text(text), Ok(expected), "{text}");
        }
        for text in ["", "now", "2026-02-30T00:00:00Z", "2026-01-31T25:00:00", "12:00", "9999-01-01T00:00:00"] {
            assert!(from_text(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_count_units() {
        let seconds = Some(TimeUnit::Second);
        assert_eq!(from_number(b"1700000000.123456789", seconds), Ok(1_700_000_000_123_456_789));
        assert_eq!(from_number(b"-1.5", seconds), Ok(-1_500_000_000));
        assert_eq!(from_number(b"1700000000123", Some(TimeUnit::Millisecond)), Ok(1_700_000_000_123_000_000));
        assert_eq!(from_number(b"1.7e9", seconds), Ok(1_700_000_000_000_000_000));
        assert!(from_number(b"1", None).unwrap_err().contains("s, ms, us or ns"));
        assert!(from_number(b"99999999999999", seconds).is_err() && from_number(b"1e300", seconds).is_err());
    }

    proptest! {
        #[test]
        fn plain_times_are_those_of_arrow(time in -8_000_000_000_000_000_000i64..8_000_000_000_000_000_000, digits in 0usize..10) {
            let text = crate::keys::timestamp(time.div_euclid(1_000_000_000) , TimeUnit::Second);
            let text = if digits == 0 { text } else { format!("{text}.{:0digits$}", time.rem_euclid(10i64.pow(digits as u32))) };
            prop_assert_eq!(plain(text.as_bytes()).map(|found| found.0), string_to_timestamp_nanos(&text).ok(), "{}", text);
        }
    }
}
