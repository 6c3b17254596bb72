//! Numbers from text, eight digits at a time.
//!
//! Eight bytes are read as one integer, and joined to pairs, fours and eights by multiplications (D. Lemire, *Number parsing at a gigabyte
//! per second*, Software: Practice and Experience 51(8), 2021). A number of up to 2^53 over a power of ten of up to 10^22 is the quotient of
//! two floats, so one division rounds it (W. D. Clinger, *How to read floating point numbers accurately*, PLDI 1990).

use super::decimal::{EXACT_IN_F64, POWERS_OF_TEN};

/// Digits that always fit into 64 bits.
const MOST: usize = 19;

const TENS: [u64; MOST + 1] = {
    let mut tens = [1; MOST + 1];
    let mut places = 1;
    while places <= MOST {
        tens[places] = 10 * tens[places - 1];
        places += 1;
    }
    tens
};

/// ±digits·10^−places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digits {
    is_negative: bool,
    digits: u64,
    places: u8,
}

impl Digits {
    /// Reads the number that the text has at `at`, and where it ends: digits, with a minus before and a point within, as JSON writes them. `None`
    /// for what is written otherwise, and for more digits than fit.
    #[inline(always)]
    pub fn read(text: &[u8], at: usize) -> Option<(Self, usize)> {
        let is_negative = *text.get(at)? == b'-';
        let start = at + usize::from(is_negative);
        let (mut digits, mut end) = whole(text, start)?;
        let count = end - start;
        if count > 1 && text[start] == b'0' {
            return None;
        }
        let mut places = 0;
        if text.get(end) == Some(&b'.') {
            let (fraction, fraction_end) = whole(text, end + 1)?;
            places = fraction_end - end - 1;
            if count + places > MOST {
                return None;
            }
            digits = digits * TENS[places] + fraction;
            end = fraction_end;
        }
        let goes_on = matches!(text.get(end), Some(b'e' | b'E' | b'.'));
        (!goes_on).then_some((Self { is_negative, digits, places: places as u8 }, end))
    }

    /// The nearest float, if one division rounds it.
    #[inline]
    pub fn float(self) -> Option<f64> {
        let value = self.digits as f64 / POWERS_OF_TEN[usize::from(self.places)];
        let sign = u64::from(self.is_negative) << 63;
        (self.digits <= EXACT_IN_F64).then_some(f64::from_bits(value.to_bits() | sign))
    }

    /// The integer that it is written as, if it is not below zero.
    #[inline]
    pub fn whole(self) -> Option<i64> {
        let is_whole = !self.is_negative && self.places == 0;
        i64::try_from(self.digits).ok().filter(|_| is_whole)
    }
}

/// The digits that the text has at `at`, as an integer, and where they end; `None` if there are none, or more than fit.
#[inline(always)]
fn whole(text: &[u8], at: usize) -> Option<(u64, usize)> {
    let (value, count) = eight(bytes(text, at));
    match count {
        0 => None,
        8 => many(text, at, value),
        _ => Some((value, at + count)),
    }
}

/// The same where the first eight are digits.
fn many(text: &[u8], at: usize, first: u64) -> Option<(u64, usize)> {
    let (mut value, mut end) = (first, at + 8);
    loop {
        let (next, count) = eight(bytes(text, end));
        end += count;
        if end - at > MOST {
            return None;
        }
        value = value * TENS[count] + next;
        if count < 8 {
            return Some((value, end));
        }
    }
}

/// The eight bytes from `at` on, the first one the lowest; those beyond the text are zero.
#[inline(always)]
fn bytes(text: &[u8], at: usize) -> u64 {
    #[cold]
    fn last(text: &[u8], at: usize) -> u64 {
        let rest = text.get(at..).unwrap_or_default();
        rest.iter().rev().fold(0, |bytes, byte| bytes << 8 | u64::from(*byte))
    }
    match text.get(at..at + 8).and_then(|bytes| bytes.first_chunk()) {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => last(text, at),
    }
}

/// Up to eight digits, and how many there are.
#[inline(always)]
fn eight(bytes: u64) -> (u64, usize) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let figures = bytes ^ (u64::from(b'0') * ONES);
    // A bit for each byte above 9: no sum goes beyond its byte.
    let others = (((figures & (0x7f * ONES)) + 0x76 * ONES) | figures) & (0x80 * ONES);
    let count = others.trailing_zeros() / 8;
    // The first digit is in the lowest byte; zeros come before those that are fewer than eight.
    let eight = if count == 0 { 0 } else { figures << (64 - 8 * count) };
    let pairs = eight.wrapping_mul(10).wrapping_add(eight >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    (fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff, count as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn float(text: &str, at: usize) -> Option<(f64, usize)> {
        Digits::read(text.as_bytes(), at).and_then(|(digits, end)| Some((digits.float()?, end)))
    }

    #[test]
    fn numbers_end_where_json_has_them_end() {
        for (text, expected) in [
            ("0", Some((0.0, 1))),
            ("-0", Some((-0.0, 2))),
            ("-0.0,", Some((-0.0, 4))),
            ("12345678", Some((12_345_678.0, 8))),
            ("123456789 ", Some((123_456_789.0, 9))),
            ("0.1}", Some((0.1, 3))),
            ("1.25\n2", Some((1.25, 4))),
            ("9007199254740992", Some((9_007_199_254_740_992.0, 16))),
            ("-12345678.90123", Some((-12_345_678.901_23, 15))),
            ("9007199254740993", None),
            ("1.0000000000000000000", None),
            ("12345678901234567890", None),
            ("", None),
            ("-", None),
            (".5", None),
            ("5.", None),
            ("5.x", None),
            ("01", None),
            ("+1", None),
            ("1e5", None),
            ("1.5E5", None),
            ("1.2.3", None),
            ("NaN", None),
            ("\u{b2}", None),
        ] {
            let found = float(text, 0).map(|(value, end)| (value.to_bits(), end));
            assert_eq!(found, expected.map(|(value, end)| (f64::to_bits(value), end)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_the_nearest_float(number in "-?(0|[1-9][0-9]{0,17})(\\.[0-9]{1,20})?", after in "[ ,}x]?", before in "[0-9.]{0,3}") {
            let text = format!("{before}{number}{after}");
            if let Some((value, end)) = float(&text, before.len()) {
                prop_assert_eq!(end, before.len() + number.len());
                prop_assert_eq!(value.to_bits(), number.parse::<f64>().unwrap().to_bits());
            } else {
                // A number of few digits is always read.
                prop_assert!(number.len() > 15);
            }
        }

        /// Every byte is a digit or none, whatever stands beside it.
        #[test]
        fn digits_are_told_from_all_other_bytes(text in prop::collection::vec(any::<u8>(), 0..12)) {
            let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let expected = std::str::from_utf8(&text[..count]).ok().and_then(|digits| digits.parse().ok());
            prop_assert_eq!(whole(&text, 0), expected.map(|value| (value, count)));
        }
    }
}
