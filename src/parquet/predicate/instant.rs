//! Dates and timestamps as ISO 8601 writes them: `2026-11-01`, `2026-11-01T08:30:00.25+01:00`.
//!
//! A time follows its date behind a `T` or a space; seconds and their fraction may be left out; the offset is `Z`,
//! `±hh`, `±hhmm` or `±hh:mm`, and UTC if there is none. Years of more than four digits have a sign. The calendar is the
//! Gregorian one at all times, as ISO 8601 has it.

use arrow_buffer::i256;

use super::ranges::LiteralPosition;

const SECONDS_PER_DAY: i64 = 86_400;

/// A point in time: whole seconds since 1970-01-01T00:00:00Z, and digits of a further fraction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Instant {
    seconds: i64,
    fraction: String,
}

impl Instant {
    /// `None` if the text is no date and no timestamp.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = Rest(text);
        let days = rest.date()?;
        let mut seconds = days * SECONDS_PER_DAY;
        let mut fraction = String::new();
        if rest.take(&['T', 't', ' ']).is_some() {
            let time;
            (time, fraction) = rest.time()?;
            seconds += time - rest.offset()?;
        }
        rest.0.is_empty().then_some(Self { seconds, fraction })
    }

    /// A time of day: the time since midnight. `None` if the text is none.
    pub fn parse_time(text: &str) -> Option<Self> {
        let mut rest = Rest(text);
        let (seconds, fraction) = rest.time()?;
        rest.0.is_empty().then_some(Self { seconds, fraction })
    }

    /// Where it stands among timestamps that count 10^-scale seconds.
    pub fn among_timestamps(&self, scale: u8) -> LiteralPosition<i256> {
        // A fraction counts forward in time, also before 1970: so floor first.
        let digits = self.fraction.trim_end_matches('0');
        let kept: String = digits.chars().chain("000000000".chars()).take(scale.into()).collect();
        let fraction = kept.parse::<i64>().unwrap_or(0); // no digits are kept of seconds
        let units = i128::from(self.seconds) * 10i128.pow(u32::from(scale)) + i128::from(fraction);
        let units = i256::from_i128(units);
        if digits.len() <= usize::from(scale) { LiteralPosition::At(units) } else { LiteralPosition::Between(units) }
    }

    /// Where it stands among days, each of which is its midnight in UTC.
    pub fn among_days(&self) -> LiteralPosition<i256> {
        let days = i256::from_i128(self.seconds.div_euclid(SECONDS_PER_DAY).into());
        let is_midnight = self.seconds.rem_euclid(SECONDS_PER_DAY) == 0;
        let has_fraction = self.fraction.contains(|digit| digit != '0');
        if is_midnight && !has_fraction { LiteralPosition::At(days) } else { LiteralPosition::Between(days) }
    }
}

/// What has not been read yet.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn take(&mut self, wanted: &[char]) -> Option<char> {
        let first = self.0.chars().next().filter(|first| wanted.contains(first))?;
        self.0 = &self.0[first.len_utf8()..];
        Some(first)
    }

    fn digits(&mut self) -> &'a str {
        let end = self.0.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        digits
    }

    fn two_digits(&mut self, most: i64) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(2)?;
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        let value = digits.parse().ok().filter(|value| is_number && *value <= most)?;
        self.0 = rest;
        Some(value)
    }

    /// The day, counted from 1970-01-01.
    fn date(&mut self) -> Option<i64> {
        let sign = self.take(&['+', '-']);
        let digits = self.digits();
        let is_year = digits.len() == 4 || (sign.is_some() && (5..=9).contains(&digits.len()));
        let year = digits.parse::<i64>().ok().filter(|_| is_year)?;
        let year = if sign == Some('-') { -year } else { year };
        self.take(&['-'])?;
        let month = self.two_digits(12).filter(|month| *month > 0)?;
        self.take(&['-'])?;
        let day = self.two_digits(31).filter(|day| *day > 0)?;
        (day <= days_of_month(year, month)).then(|| day_of(year, month, day))
    }

    /// Seconds since midnight, and the digits of a fraction.
    fn time(&mut self) -> Option<(i64, String)> {
        let hours = self.two_digits(23)?;
        self.take(&[':'])?;
        let mut seconds = 3600 * hours + 60 * self.two_digits(59)?;
        let mut fraction = "";
        if self.take(&[':']).is_some() {
            seconds += self.two_digits(59)?;
            if self.take(&['.', ',']).is_some() {
                fraction = Some(self.digits()).filter(|digits| !digits.is_empty())?;
            }
        }
        Some((seconds, fraction.to_owned()))
    }

    /// Seconds east of UTC.
    fn offset(&mut self) -> Option<i64> {
        if self.0.is_empty() || self.take(&['Z', 'z']).is_some() {
            return Some(0);
        }
        let sign = self.take(&['+', '-'])?;
        let mut offset = 3600 * self.two_digits(23)?;
        if self.take(&[':']).is_some() || !self.0.is_empty() {
            offset += 60 * self.two_digits(59)?;
        }
        Some(if sign == '-' { -offset } else { offset })
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01. Years are counted from March, so that a leap day ends its year, in cycles of 400 years
/// (146,097 days); from March on, month m begins on day ⌊(153·m + 2) / 5⌋ of its year.
fn day_of(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (cycle, year) = (year.div_euclid(400), year.rem_euclid(400));
    let days = 365 * year + year / 4 - year / 100 + (153 * month + 2) / 5 + day - 1;
    // 1970-01-01 is day 719,468 from 0000-03-01.
    146_097 * cycle + days - 719_468
}
