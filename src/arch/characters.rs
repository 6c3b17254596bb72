//! How many characters texts have: a bit for each byte that continues one, and how many there are before each word of bits.

/// Bytes of a word of bits.
const WORD: usize = 64;

/// The most bytes of texts whose characters are counted together.
pub const SPAN: usize = 1 << 15;

/// See [`super::Tier::characters`].
#[inline(always)]
pub fn characters<O: Copy>(data: &[u8], offsets: &[O], at: impl Fn(O) -> usize, lengths: &mut [u64]) {
    // Of each word a bit for each byte that continues a character, and how many there are before it.
    let mut words = [(0_u64, 0_u32); SPAN / WORD + 1];
    let mut before = 0;
    let (whole, rest) = data.as_chunks::<WORD>();
    let mut last = [0; WORD];
    last[..rest.len()].copy_from_slice(rest);
    for (word, bytes) in words.iter_mut().zip(whole.iter().chain([&last])) {
        let bits = continuing(bytes);
        *word = (bits, before);
        before += bits.count_ones();
    }
    let rank = |offset: usize| {
        let (bits, before) = words[offset / WORD];
        u64::from(before + (bits & !(u64::MAX << (offset % WORD))).count_ones())
    };
    let Some((&first, ends)) = offsets.split_first() else { return };
    let mut start = at(first);
    let mut continued = rank(start);
    for (length, &end) in lengths.iter_mut().zip(ends) {
        let end = at(end);
        let until = rank(end);
        *length = (end - start) as u64 - (until - continued);
        (start, continued) = (end, until);
    }
}

/// A bit for each byte that continues a character of UTF-8.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn continuing(word: &[u8; WORD]) -> u64 {
    use std::arch::x86_64::{__m128i, _mm_cmplt_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_set1_epi8};
    let (lanes, _) = word.as_chunks::<16>();
    let mut bits = 0;
    for (place, lane) in lanes.iter().enumerate() {
        // SAFETY: a lane has 16 bytes, and every processor of the target has SSE2.
        let lane = unsafe {
            let lane = _mm_loadu_si128(lane.as_ptr().cast::<__m128i>());
            // From 0x80 to 0xbf, which are the least of signed bytes.
            _mm_movemask_epi8(_mm_cmplt_epi8(lane, _mm_set1_epi8(-0x40)))
        };
        bits |= u64::from(lane as u16) << (16 * place);
    }
    bits
}

/// The same byte by byte.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn continuing(word: &[u8; WORD]) -> u64 {
    word.iter().rev().fold(0, |bits, byte| bits << 1 | u64::from(byte & 0xc0 == 0x80))
}

#[cfg(test)]
mod tests {
    use crate::arch::Tier;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn characters_are_those_of_the_text(
            texts in prop::collection::vec("[a\u{e9}\u{20ac}\u{1f600}]{0,9}|[a-z]{60,70}|[\u{20ac}\u{1f600}]{0,99}", 0..60),
        ) {
            let data = texts.concat();
            let mut offsets = vec![0];
            offsets.extend(texts.iter().scan(0, |end, text| {
                *end += text.len();
                Some(*end)
            }));
            let expected: Vec<u64> = texts.iter().map(|text| text.chars().count() as u64).collect();
            for tier in Tier::available() {
                let mut lengths = vec![0; texts.len()];
                tier.characters(data.as_bytes(), &offsets, |offset| offset, &mut lengths);
                prop_assert_eq!(&lengths, &expected);
            }
        }
    }
}
