//! Texts: how many there are, the first and the last in order, and their lengths.

use std::borrow::Cow;
use std::cmp::Ordering;

/// What is learned of texts, or of bytes. Two of them merge.
#[derive(Clone, Debug, Default)]
pub struct TextScan<'a> {
    count: u64,
    empty: u64,
    extremes: Option<Extremes<'a>>,
    lengths: Option<[u64; 2]>,
    total: u64,
}

/// The first and the last text, by their bytes, each after its [`prefix`].
#[derive(Clone, Debug)]
struct Extremes<'a> {
    min: (u64, Cow<'a, [u8]>),
    max: (u64, Cow<'a, [u8]>),
}

/// A text that may be the first or the last one: its prefix, that of what follows its eighth byte, and the text.
#[derive(Clone, Copy)]
struct End<'a> {
    prefix: u64,
    second: u64,
    bytes: &'a [u8],
}

impl End<'_> {
    /// The order of two texts whose first prefixes are equal: up to sixteen bytes, prefixes and length are the text.
    fn compare(&self, other: &Self) -> Ordering {
        self.second.cmp(&other.second).then_with(|| match self.bytes.len().max(other.bytes.len()) {
            ..=16 => self.bytes.len().cmp(&other.bytes.len()),
            _ => self.bytes.cmp(other.bytes),
        })
    }
}

/// The first and the last one of some texts.
struct Ends<'a> {
    first: End<'a>,
    last: End<'a>,
}

impl<'a> Ends<'a> {
    /// One more text; `second` is asked for only where the prefix does not tell that it is between the others.
    #[inline(always)]
    fn extend(&mut self, prefix: u64, bytes: &'a [u8], second: impl Fn() -> u64) {
        if prefix > self.first.prefix && prefix < self.last.prefix {
            return;
        }
        let text = End { prefix, second: second(), bytes };
        if prefix < self.first.prefix || prefix == self.first.prefix && text.compare(&self.first).is_lt() {
            self.first = text;
        }
        if prefix > self.last.prefix || prefix == self.last.prefix && text.compare(&self.last).is_gt() {
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
    pub prefix: u64,
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
        let second = |text: &ScannedText<'a>| text.bytes.get(8..).map_or(0, prefix);
        let Some(text) = texts.next() else { return };
        let end = End { prefix: text.prefix, second: second(&text), bytes: text.bytes };
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
            ends.extend(text.prefix, text.bytes, || second(&text));
        }
        self.merge(Self { count, empty, total, lengths: Some([least, most]), extremes: Some(ends.extremes()) });
    }

    /// More texts, one after the other in `data`: each begins at one of the `offsets`, and ends at the next one. Their lengths are in
    /// characters, or in bytes.
    pub fn update_dense(
        &mut self,
        data: &'a [u8],
        mut offsets: impl ExactSizeIterator<Item = usize> + Clone,
        in_characters: bool,
    ) {
        let Some(first) = offsets.next() else { return };
        let pairs = || {
            let mut before = first;
            offsets.clone().map(move |end| (std::mem::replace(&mut before, end), end))
        };
        let Some((start, end)) = pairs().next() else { return };
        let (mut empty, mut total) = (0, 0);
        let [mut least, mut most] = [u64::MAX, 0];
        let mut length = |length: u64| {
            empty += u64::from(length == 0);
            total += length;
            (least, most) = (least.min(length), most.max(length));
        };
        match in_characters {
            false => pairs().for_each(|(start, end)| length((end - start) as u64)),
            true => pairs().for_each(|(start, end)| length(characters(&data[start..end]))),
        }
        let second = |start: usize, end: usize| if end - start > 8 { prefix_in(data, start + 8, end) } else { 0 };
        let text = End { prefix: prefix_in(data, start, end), second: second(start, end), bytes: &data[start..end] };
        let mut ends = Ends { first: text, last: text };
        for (start, end) in pairs() {
            ends.extend(prefix_in(data, start, end), &data[start..end], || second(start, end));
        }
        let (count, extremes) = (offsets.len() as u64, Some(ends.extremes()));
        self.merge(Self { count, empty, total, lengths: Some([least, most]), extremes });
    }

    /// The same, on its own.
    pub fn into_owned(self) -> TextScan<'static> {
        let owned = |(prefix, text): (u64, Cow<'_, [u8]>)| (prefix, Cow::Owned(text.into_owned()));
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
    #[cfg(feature = "parquet")]
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

/// The first eight bytes as a number: texts whose prefixes differ are in the order of these.
#[inline]
pub fn prefix(text: &[u8]) -> u64 {
    match text.first_chunk::<8>() {
        Some(bytes) => u64::from_be_bytes(*bytes),
        None => text.iter().fold(0, |prefix, &byte| prefix << 8 | u64::from(byte)) << ((8 * (8 - text.len())) % 64),
    }
}

/// The prefix of the text from `start` to `end` of `data`: without a loop, unless it ends there.
#[inline]
pub fn prefix_in(data: &[u8], start: usize, end: usize) -> u64 {
    match data[start..].first_chunk::<8>() {
        Some(bytes) => match end - start {
            0 => 0,
            length @ 1..8 => u64::from_be_bytes(*bytes) & u64::MAX << (64 - 8 * length),
            _ => u64::from_be_bytes(*bytes),
        },
        None => prefix(&data[start..end]),
    }
}

/// How many characters UTF-8 text has: all bytes but those that continue one.
#[inline]
pub fn characters(text: &[u8]) -> u64 {
    // A byte that continues a character has its highest bit and not the next one.
    let continuing = |word: u64| u64::from((word >> 7 & !word >> 6 & 0x0101_0101_0101_0101).count_ones());
    let (words, rest) = text.as_chunks::<8>();
    let of_words: u64 = words.iter().map(|word| continuing(u64::from_le_bytes(*word))).sum();
    let rest = rest.iter().fold(0, |word, &byte| word << 8 | u64::from(byte));
    text.len() as u64 - of_words - continuing(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_are_those_of_sorted_lists(
            texts in prop::collection::vec("(aaaaaaaa|aaaaaaaaaaaaaaaa)?[\u{0}a-c\u{e9}\u{1f600}]{0,9}", 0..40), cut in 0usize..40, times in 1u64..4,
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
                    parts[1].update_dense(joined.as_bytes(), offsets[cut..].iter().copied(), true);
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
