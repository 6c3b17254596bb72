//! Where the values of delimited text end: found by a bit for each byte, 64 of them at a time.
//!
//! Where quotes are, the exclusive or of all of them before a byte tells whether it is within (G. Langdale, D. Lemire, *Parsing gigabytes of JSON
//! per second*, VLDB Journal 28(6), 2019).

/// Bytes of a word of bits.
const WORD: usize = 64;

/// Bits that are looked for together.
const STRIDE: usize = 8;

/// The place of each delimiter and each line end that is not between quotes, and the end of the text behind a line that has none. `None` where quotes
/// are not as RFC 4180 has them: one within a value that is not quoted, anything between a closing quote and the end of its value, or one without
/// an end; and for a text whose places are no `u32`.
pub fn ends_of_values(text: &[u8], delimiter: u8) -> Option<Vec<u32>> {
    let length = u32::try_from(text.len()).ok()?;
    let mut ends = Ends { places: Vec::new(), count: 0 };
    let mut quotes = Quotes { within: 0, after: After::Separator };
    let (words, rest) = text.as_chunks::<WORD>();
    let mut first = 0;
    for word in words {
        let separators = equal(word, delimiter) | equal(word, b'\n');
        ends.add(first, quotes.outside(word, separators, 0)?);
        first += WORD as u32;
    }
    if !rest.is_empty() {
        let (mut word, beyond) = ([0; WORD], u64::MAX << rest.len());
        word[..rest.len()].copy_from_slice(rest);
        let separators = (equal(&word, delimiter) | equal(&word, b'\n')) & !beyond;
        ends.add(first, quotes.outside(&word, separators, beyond)?);
    }
    let mut places = ends.places;
    places.truncate(ends.count);
    if text.last().is_some_and(|last| *last != b'\n') {
        places.push(length);
    }
    (quotes.within == 0).then_some(places)
}

/// The places found, and whatever behind them.
struct Ends {
    places: Vec<u32>,
    count: usize,
}

impl Ends {
    /// Adds the places of bits.
    #[inline]
    fn add(&mut self, first: u32, mut bits: u64) {
        if self.places.len() < self.count + WORD {
            self.places.resize(2 * self.count + 16 * WORD, 0);
        }
        let mut at = self.count;
        self.count += bits.count_ones() as usize;
        // As many at a time as are mostly there: what is beyond them is written over.
        while at < self.count {
            for place in &mut self.places[at..at + STRIDE] {
                *place = first.wrapping_add(bits.trailing_zeros());
                bits &= bits.wrapping_sub(1);
            }
            at += STRIDE;
        }
    }
}

/// What the words before have left.
struct Quotes {
    /// All ones within quotes.
    within: u64,
    after: After,
}

/// What the last byte was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    /// The end of a value, or of nothing.
    Separator,
    /// A quote that closes a value, unless another one follows.
    Close,
    Other,
}

impl Quotes {
    /// The separators that are not within quotes. `beyond` are the bytes behind the text.
    #[inline]
    fn outside(&mut self, word: &[u8; WORD], separators: u64, beyond: u64) -> Option<u64> {
        let last = |bits: u64| bits >> (WORD - 1) == 1;
        let quotes = equal(word, b'"');
        if quotes == 0 && self.within == 0 && self.after != After::Close {
            self.after = if last(separators) { After::Separator } else { After::Other };
            return Some(separators);
        }
        let mut within = quotes;
        for shift in [1, 2, 4, 8, 16, 32] {
            within ^= within << shift;
        }
        within ^= self.within;
        let (opening, closing, outside) = (quotes & within, quotes & !within, separators & !within);
        let (begins, closed) = (self.after == After::Separator, self.after == After::Close);
        // A quote within quotes is two: they look like one that closes, and one that opens again.
        let starts = outside << 1 | closing << 1 | u64::from(begins || closed);
        let ends = closing << 1 | u64::from(closed);
        let may_follow = outside | opening | equal(word, b'\r') | beyond;
        if opening & !starts != 0 || ends & !may_follow != 0 {
            return None;
        }
        self.within = 0_u64.wrapping_sub(within >> (WORD - 1));
        self.after = match () {
            () if last(outside) => After::Separator,
            () if last(closing) => After::Close,
            () => After::Other,
        };
        Some(outside)
    }
}

/// A bit for each byte that is this one.
#[cfg(target_arch = "x86_64")]
#[inline]
fn equal(word: &[u8; WORD], byte: u8) -> u64 {
    use std::arch::x86_64::{__m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_set1_epi8};
    let (lanes, _) = word.as_chunks::<16>();
    let mut bits = 0;
    for (place, lane) in lanes.iter().enumerate() {
        // SAFETY: a lane has 16 bytes, and every processor of the target has SSE2.
        let lane = unsafe {
            let lane = _mm_loadu_si128(lane.as_ptr().cast::<__m128i>());
            _mm_movemask_epi8(_mm_cmpeq_epi8(lane, _mm_set1_epi8(byte as i8)))
        };
        bits |= u64::from(lane as u16) << (16 * place);
    }
    bits
}

#[cfg(not(target_arch = "x86_64"))]
use portable as equal;

/// The same eight bytes at a time.
#[cfg(any(test, not(target_arch = "x86_64")))]
#[inline]
fn portable(word: &[u8; WORD], byte: u8) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let (lanes, _) = word.as_chunks::<8>();
    lanes.iter().rev().fold(0, |bits, lane| {
        let others = u64::from_le_bytes(*lane) ^ (u64::from(byte) * ONES);
        // The highest bit of each byte that is zero, then those bits side by side.
        let equal = !((((others & (0x7f * ONES)) + 0x7f * ONES) | others) | (0x7f * ONES));
        bits << 8 | (equal >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The separators, byte by byte.
    fn plainly(text: &[u8]) -> Option<Vec<bool>> {
        let (mut marks, mut at) = (vec![false; text.len()], 0);
        let is_end = |at: usize| matches!(text.get(at), None | Some(b',' | b'\n'));
        while at < text.len() {
            if text[at] == b'"' {
                at += 1;
                loop {
                    match (text.get(at)?, text.get(at + 1)) {
                        (b'"', Some(b'"')) => at += 2,
                        (b'"', _) => break,
                        _ => at += 1,
                    }
                }
                at += 1;
                if text.get(at) == Some(&b'\r') {
                    at += 1;
                } else if !is_end(at) {
                    return None;
                }
            }
            while !is_end(at) {
                if text[at] == b'"' {
                    return None;
                }
                at += 1;
            }
            if at < text.len() {
                marks[at] = true;
            }
            at += 1;
        }
        Some(marks)
    }

    fn marked(text: &[u8]) -> Option<Vec<bool>> {
        let mut ends = ends_of_values(text, b',')?;
        assert_eq!(ends.last() == Some(&(text.len() as u32)), text.last().is_some_and(|last| *last != b'\n'));
        ends.pop_if(|last| *last as usize == text.len());
        let mut marks = vec![false; text.len()];
        ends.into_iter().for_each(|end| marks[end as usize] = true);
        Some(marks)
    }

    #[test]
    fn quotes_hide_separators() {
        let long = format!("{},\"{}\n,{}\",x\n", "a".repeat(60), "b".repeat(80), "c\"\"".repeat(30));
        for text in ["", "a", "a,b\n", "\"a,b\",c\n", "\"a\"\"\n\",\"\"\r\n", "\"\",\"\"", "\"\"\"\"\n", &long] {
            assert_eq!(marked(text.as_bytes()), plainly(text.as_bytes()), "{text}");
            assert!(marked(text.as_bytes()).is_some(), "{text}");
        }
        for text in ["a\"b", "5\" pipe,\n", "\"a", "\"a\"b,", " \"a\"", "a,\"b\"\"", "\"a\" ,b"] {
            assert_eq!(marked(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn bytes_are_found_in_any_way(word in prop::array::uniform32(any::<u16>()), byte in any::<u8>()) {
            let bytes: Vec<u8> = word.into_iter().flat_map(u16::to_le_bytes).map(|any| if any % 3 == 0 { byte } else { any }).collect();
            let word: &[u8; WORD] = bytes.as_slice().try_into().unwrap();
            let plainly = bytes.iter().enumerate().fold(0, |bits, (at, found)| bits | u64::from(*found == byte) << at);
            prop_assert_eq!(equal(word, byte), plainly);
            prop_assert_eq!(portable(word, byte), plainly);
        }

        #[test]
        fn separators_are_those_that_a_plain_loop_finds(
            text in prop::collection::vec(prop::sample::select(vec!["a", "bcd", ",", ",", "\n", "\"", "\"\"", "\"x,\n\"", "\r\n"]), 0..90)
        ) {
            let text = text.concat();
            prop_assert_eq!(marked(text.as_bytes()), plainly(text.as_bytes()), "{:?}", text);
        }

        #[test]
        fn quoted_values_are_always_taken(values in prop::collection::vec("(\"([a,\n]|\"\"){0,9}\"|[a ]{0,9}),", 0..60)) {
            let text = values.concat();
            prop_assert!(plainly(text.as_bytes()).is_some());
            prop_assert_eq!(marked(text.as_bytes()), plainly(text.as_bytes()), "{:?}", text);
        }
    }
}
