//! Texts: how many there are, the first and the last in order, and their lengths.

use std::borrow::Cow;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::arch::Tier;
use crate::arch::characters::SPAN;

/// Texts whose lengths are found together.
const TOGETHER: usize = 1 << 9;

/// What is learned of texts, or of bytes. Two of them merge.
#[derive(Clone, Debug, Default)]
pub struct TextScan<'a> {
    count: u64,
    empty: u64,
    extremes: Option<Extremes<'a>>,
    lengths: Option<[u64; 2]>,
    total: u64,
}

/// As it is written.
#[derive(Serialize, Deserialize)]
struct Written<'a> {
    count: u64,
    empty: u64,
    extremes: Option<[Cow<'a, [u8]>; 2]>,
    lengths: Option<[u64; 2]>,
    total: u64,
}

impl Serialize for TextScan<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let extremes = self.extremes().map(|(min, max)| [Cow::Borrowed(min), Cow::Borrowed(max)]);
        let Self { count, empty, lengths, total, .. } = *self;
        Written { count, empty, extremes, lengths, total }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for TextScan<'static> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Written { count, empty, extremes, lengths, total } = Written::deserialize(deserializer)?;
        let end = |text: Cow<'_, [u8]>| (prefix(&text), Cow::Owned(text.into_owned()));
        let is_there = [extremes.is_some(), lengths.is_some()] == [count > 0; 2];
        if !is_there || empty > count || extremes.as_ref().is_some_and(|[min, max]| min > max) {
            return Err(D::Error::custom("what it says of texts does not fit together"));
        }
        let extremes = extremes.map(|[min, max]| Extremes { min: end(min), max: end(max) });
        Ok(Self { count, empty, extremes, lengths, total })
    }
}

/// The first and the last text, by their bytes, each after its [`prefix`].
#[derive(Clone, Debug)]
struct Extremes<'a> {
    min: (u128, Cow<'a, [u8]>),
    max: (u128, Cow<'a, [u8]>),
}

/// A text that may be the first or the last one, after its prefix.
#[derive(Clone, Copy)]
struct End<'a> {
    prefix: u128,
    bytes: &'a [u8],
}

impl End<'_> {
    /// Whether it comes before another one.
    #[inline(always)]
    fn is_before(&self, other: &Self) -> bool {
        self.prefix < other.prefix || self.prefix == other.prefix && self.is_shorter(other)
    }

    /// The same where both prefixes are equal: up to sixteen bytes, prefix and length are the text.
    #[inline(always)]
    fn is_shorter(&self, other: &Self) -> bool {
        match self.bytes.len().max(other.bytes.len()) {
            ..=16 => self.bytes.len() < other.bytes.len(),
            _ => self.bytes < other.bytes,
        }
    }
}

/// The first and the last one of some texts.
struct Ends<'a> {
    first: End<'a>,
    last: End<'a>,
}

impl<'a> Ends<'a> {
    /// One more text.
    #[inline(always)]
    fn extend(&mut self, prefix: u128, bytes: &'a [u8]) {
        let text = End { prefix, bytes };
        if text.is_before(&self.first) {
            self.first = text;
        }
        if self.last.is_before(&text) {
            self.last = text;
        }
    }

    fn extremes(&self) -> Extremes<'a> {
        let end = |end: &End<'a>| (end.prefix, Cow::Borrowed(end.bytes));
        Extremes { min: end(&self.first), max: end(&self.last) }
    }
}

/// A text as it is scanned.
#[derive(Clone, Copy, Debug)]
pub struct ScannedText<'a> {
    /// Its [`prefix`].
    pub prefix: u128,
    pub bytes: &'a [u8],
    /// In characters, or bytes.
    pub length: u64,
    /// How often it stands there: at least once.
    pub times: u64,
}

impl<'a> TextScan<'a> {
    /// More texts.
    #[inline(always)]
    pub fn update(&mut self, mut texts: impl Iterator<Item = ScannedText<'a>>) {
        let Some(text) = texts.next() else { return };
        let end = End { prefix: text.prefix, bytes: text.bytes };
        // What changes with every text stays in registers.
        let mut ends = Ends { first: end, last: end };
        let (mut count, mut empty, mut total) = (0, 0, 0);
        let [mut least, mut most] = [text.length; 2];
        for text in std::iter::once(text).chain(texts) {
            count += text.times;
            empty += if text.bytes.is_empty() { text.times } else { 0 };
            total += text.length * text.times;
            least = least.min(text.length);
            most = most.max(text.length);
            ends.extend(text.prefix, text.bytes);
        }
        self.merge(Self { count, empty, total, lengths: Some([least, most]), extremes: Some(ends.extremes()) });
    }

    /// More texts, one after the other in `data`: each begins at one of the `offsets`, which `at` says as numbers, and ends at the next one.
    /// Those count that `is_there` is true for, by their places. Their lengths are in characters, or in bytes.
    pub fn update_dense<O: Copy>(
        &mut self,
        data: &'a [u8],
        offsets: &[O],
        at: impl Fn(O) -> usize + Copy,
        is_there: impl Fn(usize) -> bool + Copy,
        in_characters: bool,
    ) {
        let Some(texts) = offsets.len().checked_sub(1) else { return };
        let Some(place) = (0..texts).find(|place| is_there(*place)) else { return };
        let (start, end) = (at(offsets[place]), at(offsets[place + 1]));
        let text = End { prefix: prefix_in(data, start, end), bytes: &data[start..end] };
        let mut ends = Ends { first: text, last: text };
        let (mut count, mut empty, mut total) = (0, 0, 0);
        let [mut least, mut most] = [u64::MAX, 0];
        let mut lengths = [0; TOGETHER];
        let mut done = place;
        while done < texts {
            let start = at(offsets[done]);
            let stretch = &offsets[done..=texts.min(done + TOGETHER)];
            // As many as fill a span, or a longer one alone.
            let number = stretch[1..].partition_point(|end| at(*end) <= start + SPAN).max(1);
            let (stretch, lengths) = (&stretch[..=number], &mut lengths[..number]);
            let span = &data[start..at(stretch[number])];
            match in_characters && !span.is_ascii() {
                true if span.len() > SPAN => lengths[0] = characters(span),
                true => Tier::best().characters(span, stretch, |offset| at(offset) - start, lengths),
                false => {
                    let pairs = lengths.iter_mut().zip(stretch).zip(&stretch[1..]);
                    pairs.for_each(|((length, start), end)| *length = (at(*end) - at(*start)) as u64);
                }
            }
            for (&mut length, _) in lengths.iter_mut().zip(done..).filter(|(_, place)| is_there(*place)) {
                count += 1;
                empty += u64::from(length == 0);
                total += length;
                (least, most) = (least.min(length), most.max(length));
            }
            let mut start = start;
            for (&end, place) in stretch[1..].iter().zip(done..) {
                let end = at(end);
                if is_there(place) {
                    ends.extend(prefix_in(data, start, end), &data[start..end]);
                }
                start = end;
            }
            done += number;
        }
        let extremes = Some(ends.extremes());
        self.merge(Self { count, empty, total, lengths: Some([least, most]), extremes });
    }

    /// The same, on its own.
    pub fn into_owned(self) -> TextScan<'static> {
        let owned = |(prefix, text): (u128, Cow<'_, [u8]>)| (prefix, Cow::Owned(text.into_owned()));
        let extremes = self.extremes.map(|Extremes { min, max }| Extremes { min: owned(min), max: owned(max) });
        TextScan { extremes, count: self.count, empty: self.empty, lengths: self.lengths, total: self.total }
    }

    /// Other texts of the same series.
    pub fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.empty += other.empty;
        self.total += other.total;
        self.lengths = match (self.lengths, other.lengths) {
            (Some([a, b]), Some([c, d])) => Some([a.min(c), b.max(d)]),
            (ours, theirs) => ours.or(theirs),
        };
        self.extremes = match (self.extremes.take(), other.extremes) {
            (Some(ours), Some(theirs)) => {
                Some(Extremes { min: ours.min.min(theirs.min), max: ours.max.max(theirs.max) })
            }
            (ours, theirs) => ours.or(theirs),
        };
    }

    /// The number of texts.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How many of them are empty.
    pub fn empty(&self) -> u64 {
        self.empty
    }

    /// The first text by its bytes, and the last one.
    pub fn extremes(&self) -> Option<(&[u8], &[u8])> {
        self.extremes.as_ref().map(|extremes| (&*extremes.min.1, &*extremes.max.1))
    }

    /// The bytes that its own texts take.
    pub fn heap_bytes(&self) -> usize {
        self.extremes.as_ref().map_or(0, |extremes| extremes.min.1.len() + extremes.max.1.len())
    }

    /// The least length, and the greatest.
    pub fn lengths(&self) -> Option<[u64; 2]> {
        self.lengths
    }

    /// All lengths together.
    pub fn total_length(&self) -> u64 {
        self.total
    }
}

/// The first sixteen bytes as a number, the first byte in its highest bits: texts whose prefixes differ are in the order of these.
#[inline]
pub fn prefix(text: &[u8]) -> u128 {
    if let Some(bytes) = text.first_chunk::<16>() {
        return u128::from_be_bytes(*bytes);
    }
    // The first and the last word overlap: loading both is faster than a copy of these bytes.
    let behind = 8 * (16 - text.len());
    match (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        (Some(first), Some(last)) => {
            let (first, last) = (u64::from_be_bytes(*first), u64::from_be_bytes(*last));
            u128::from(first) << 64 | u128::from(last) << behind
        }
        _ => match (text.first_chunk::<4>(), text.last_chunk::<4>()) {
            (Some(first), Some(last)) => {
                let (first, last) = (u32::from_be_bytes(*first), u32::from_be_bytes(*last));
                u128::from(first) << 96 | u128::from(last) << behind
            }
            _ => text.iter().zip(0..).fold(0, |word, (&byte, place)| word | u128::from(byte) << (120 - 8 * place)),
        },
    }
}

/// The bits of a prefix that a text has, by its length.
const MASKS: [u128; 17] = {
    let mut masks = [u128::MAX; 17];
    let mut length = 0;
    while length < 16 {
        masks[length] = !(u128::MAX >> (8 * length));
        length += 1;
    }
    masks
};

/// The prefix of the text from `start` to `end` of `data`: without a branch for its length, unless it ends there.
#[inline]
fn prefix_in(data: &[u8], start: usize, end: usize) -> u128 {
    match data[start..].first_chunk::<16>() {
        Some(bytes) => u128::from_be_bytes(*bytes) & MASKS[(end - start).min(16)],
        None => prefix(&data[start..end]),
    }
}

/// How many characters UTF-8 text has: all bytes but those that continue one.
#[inline]
pub fn characters(text: &[u8]) -> u64 {
    let of_two = |two: u128| continuing((two >> 64) as u64) + continuing(two as u64);
    let (twos, rest) = text.as_chunks::<16>();
    let of_twos: u64 = twos.iter().map(|two| of_two(u128::from_ne_bytes(*two))).sum();
    text.len() as u64 - of_twos - of_two(prefix(rest))
}

/// How many of eight bytes continue a character: those with the highest bit and not the next one.
#[inline]
fn continuing(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    (word >> 7 & !word >> 6 & ONES).wrapping_mul(ONES) >> 56
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_are_those_of_sorted_lists(
            texts in prop::collection::vec("(aaaaaaaa|aaaaaaaaaaaaaaaa|(\u{e9}a){40})?[\u{0}a-c\u{e9}\u{1f600}]{0,9}", 0..40), cut in 0usize..40, times in 1u64..4,
        ) {
            let mut parts = [TextScan::default(), TextScan::default()];
            let joined = texts.concat();
            let mut start = 0;
            let scanned: Vec<ScannedText<'_>> = texts.iter().map(|text| {
                let (bytes, from) = (text.as_bytes(), start);
                start += bytes.len();
                let prefix = prefix_in(joined.as_bytes(), from, start);
                assert_eq!(prefix, super::prefix(bytes));
                ScannedText { prefix, bytes, length: characters(bytes), times }
            }).collect();
            let cut = cut.min(texts.len());
            parts[0].update(scanned[..cut].iter().copied());
            match times {
                1 => {
                    let ends = scanned.iter().scan(0, |end, text| {
                        *end += text.bytes.len();
                        Some(*end)
                    });
                    let offsets: Vec<usize> = std::iter::once(0).chain(ends).collect();
                    parts[1].update_dense(joined.as_bytes(), &offsets[cut..], |offset| offset, |_| true, true);
                }
                _ => parts[1].update(scanned[cut..].iter().copied()),
            }
            let [scan, other] = parts;
            let mut scan = scan.into_owned();
            scan.merge(other);
            let mut sorted = texts.clone();
            sorted.sort();
            let lengths: Vec<u64> = texts.iter().map(|text| text.chars().count() as u64).collect();
            let ends = sorted.first().zip(sorted.last()).map(|(a, b)| (a.as_bytes(), b.as_bytes()));
            prop_assert_eq!(scan.extremes(), ends);
            prop_assert_eq!(scan.count(), times * texts.len() as u64);
            prop_assert_eq!(scan.empty(), times * texts.iter().filter(|text| text.is_empty()).count() as u64);
            prop_assert_eq!(scan.total_length(), times * lengths.iter().sum::<u64>());
            let range = lengths.iter().min().zip(lengths.iter().max()).map(|(a, b)| [*a, *b]);
            prop_assert_eq!(scan.lengths(), range);
        }
    }
}
