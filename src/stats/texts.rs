//! Texts: how many there are, the first and the last in order, and their lengths.

use std::borrow::Cow;

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

impl<'a> TextScan<'a> {
    /// A text of this length, `times` times. `times` is at least 1.
    #[inline]
    pub fn push(&mut self, text: &'a [u8], length: u64, times: u64) {
        self.count += times;
        self.empty += if text.is_empty() { times } else { 0 };
        self.total += length * times;
        let [least, most] = self.lengths.unwrap_or([length; 2]);
        self.lengths = Some([least.min(length), most.max(length)]);
        let new = (prefix(text), text);
        match &mut self.extremes {
            None => {
                let text = || (new.0, Cow::Borrowed(new.1));
                self.extremes = Some(Extremes { min: text(), max: text() });
            }
            Some(Extremes { min, max }) => {
                // Pairs of which the first items differ are not compared further.
                if new < (min.0, &*min.1) {
                    *min = (new.0, Cow::Borrowed(new.1));
                }
                if new > (max.0, &*max.1) {
                    *max = (new.0, Cow::Borrowed(new.1));
                }
            }
        }
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
fn prefix(text: &[u8]) -> u64 {
    match text.first_chunk::<8>() {
        Some(bytes) => u64::from_be_bytes(*bytes),
        None => text.iter().fold(0, |prefix, &byte| prefix << 8 | u64::from(byte)) << (8 * (8 - text.len())) % 64,
    }
}

/// How many characters UTF-8 text has: the bytes that begin one.
#[inline]
pub fn characters(text: &[u8]) -> u64 {
    text.iter().map(|&byte| u64::from(byte & 0xc0 != 0x80)).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_are_those_of_sorted_lists(
            texts in prop::collection::vec("[\u{0}a-c\u{e9}\u{1f600}]{0,11}", 0..40), cut in 0usize..40, times in 1u64..4,
        ) {
            let mut parts = [TextScan::default(), TextScan::default()];
            for (index, text) in texts.iter().enumerate() {
                parts[usize::from(index >= cut)].push(text.as_bytes(), characters(text.as_bytes()), times);
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
