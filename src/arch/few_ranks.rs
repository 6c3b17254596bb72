//! Order statistics of windows of few rows, by their ranks: the k-th rank is found without a branch.
//!
//! Eight words have a bit for each rank, and the eight bytes of another word have the number of bits in each of them. Multiplied by a one in
//! every byte, they are sums: of a word and all before it. The k-th rank is in the word before which there are at most k; the sums are
//! compared with k all at once, each in its byte. (S. Vigna, *Broadword implementation of rank/select queries*, WEA 2008.)

/// Ranks are below this.
pub const RANKS: usize = 512;

/// The rank of a row that has none.
pub const NO_RANK: u32 = u32::MAX;

/// The most rows of a window: with them, a sum has a bit to spare in its byte.
pub const MOST_ROWS: usize = 127;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHEST: u64 = ONES << 7;

/// Windows over rows.
#[derive(Clone, Copy, Debug)]
pub struct RankWindows<'a> {
    /// The rank of each row, below [`RANKS`] and unlike that of any other row, or [`NO_RANK`].
    pub ranks: &'a [u32],
    /// The first row of each window, and the one behind its last: neither ever falls.
    pub windows: &'a [[u32; 2]],
    /// How many rows of each window have a rank: at most [`MOST_ROWS`].
    pub counts: &'a [u8],
    /// For each such count, from 0 on, `width` pairs of numbers below it. What they are for a count that no window has is not looked at.
    pub orders: &'a [[u8; 2]],
    pub width: usize,
}

/// How a bit is found in a word.
pub(super) trait Select {
    /// How many bytes have their highest bit, of which no other one is set.
    fn count(bytes: u64) -> u64;

    /// The place of the bit before which `order` others are.
    fn place(word: u64, order: u64) -> u64;
}

/// By counting the bits of its bytes, and a table for those of one byte.
pub(super) struct Counted;

/// Of each k, the place of the k-th bit of each byte.
static BITS: [[u8; 256]; 8] = {
    let mut places = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let (mut bit, mut before) = (0, 0);
        while bit < 8 {
            if byte >> bit & 1 == 1 {
                places[before][byte] = bit;
                before += 1;
            }
            bit += 1;
        }
        byte += 1;
    }
    places
};

impl Select for Counted {
    #[inline(always)]
    fn count(bytes: u64) -> u64 {
        (bytes >> 7).wrapping_mul(ONES) >> 56
    }

    #[inline(always)]
    fn place(word: u64, order: u64) -> u64 {
        let pairs = word - (word >> 1 & 0x5555_5555_5555_5555);
        let fours = (pairs & 0x3333_3333_3333_3333) + (pairs >> 2 & 0x3333_3333_3333_3333);
        let sums = ((fours + (fours >> 4)) & 0x0f0f_0f0f_0f0f_0f0f).wrapping_mul(ONES);
        let byte = at_most::<Self>(sums, order);
        let bits = word >> (8 * byte) & 0xff;
        8 * byte + u64::from(BITS[(order - before(sums, byte)) as usize % 8][bits as usize])
    }
}

/// How many bytes of `sums`, all of them below 128, are at most `order`.
#[inline(always)]
fn at_most<S: Select>(sums: u64, order: u64) -> u64 {
    S::count((((order * ONES) | HIGHEST) - sums) & HIGHEST)
}

/// The byte before this one; before the first it is 0.
#[inline(always)]
fn before(sums: u64, byte: u64) -> u64 {
    sums << 8 >> (8 * byte) & 0xff
}

/// See [`super::Tier::select_ranks`].
#[inline(always)]
pub(super) fn select_ranks_in<S: Select>(among: RankWindows<'_>, found: &mut [[u16; 2]]) {
    let RankWindows { ranks, windows, counts, orders, width } = among;
    let mut words = [0u64; RANKS / 64];
    let mut in_words = 0u64;
    let mut inside = [0, 0];
    for ((&[start, end], &count), found) in windows.iter().zip(counts).zip(found.chunks_exact_mut(width)) {
        for &rank in &ranks[inside[1]..end as usize] {
            if rank != NO_RANK {
                words[rank as usize / 64] |= 1 << (rank % 64);
                in_words += 1 << (8 * (rank / 64));
            }
        }
        for &rank in &ranks[inside[0]..start as usize] {
            if rank != NO_RANK {
                words[rank as usize / 64] &= !(1 << (rank % 64));
                in_words -= 1 << (8 * (rank / 64));
            }
        }
        inside = [start as usize, end as usize];
        if count == 0 {
            continue;
        }
        let sums = in_words.wrapping_mul(ONES);
        let select = |order: u8| {
            let order = u64::from(order);
            let word = at_most::<S>(sums, order);
            let place = S::place(words[word as usize % words.len()], order - before(sums, word));
            (64 * word + place) as u16
        };
        for (&[lower, upper], found) in orders[width * usize::from(count)..][..width].iter().zip(found) {
            *found = [select(lower), select(upper)];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Tier;
    use super::*;
    use proptest::prelude::*;

    /// All ranks of each window, by every tier.
    fn check(ranks: &[u32], windows: &[[u32; 2]]) {
        let sorted = |&[start, end]: &[u32; 2]| {
            let mut inside: Vec<u32> = ranks[start as usize..end as usize].to_vec();
            inside.retain(|rank| *rank != NO_RANK);
            inside.sort_unstable();
            inside
        };
        let expected: Vec<Vec<u32>> = windows.iter().map(sorted).collect();
        let counts: Vec<u8> = expected.iter().map(|inside| inside.len() as u8).collect();
        let width = usize::from(counts.iter().copied().max().unwrap_or_default()).max(1);
        // Each one and the next, the last again and again.
        let orders: Vec<[u8; 2]> = (0..=MOST_ROWS)
            .flat_map(|count| (0..width).map(move |k| [k, k + 1].map(|k| k.min(count.max(1) - 1) as u8)))
            .collect();
        let among = RankWindows { ranks, windows, counts: &counts, orders: &orders, width };
        for tier in Tier::available() {
            for has_deposit in [false, true] {
                let mut found = vec![[0; 2]; width * windows.len()];
                tier.select_ranks_with(has_deposit, among, &mut found);
                for (found, expected) in found.chunks(width).zip(&expected) {
                    for (k, pair) in found.iter().enumerate().filter(|_| !expected.is_empty()) {
                        let at = |k: usize| expected[k.min(expected.len() - 1)] as u16;
                        assert_eq!(*pair, [at(k), at(k + 1)], "{tier:?} {ranks:?} {expected:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn as_many_ranks_as_there_are() {
        for (count, step) in [(MOST_ROWS, 1), (MOST_ROWS, 4), (100, 5), (1, 1)] {
            for first in [0, RANKS - 1 - step * (count - 1)] {
                let ranks: Vec<u32> = (0..count).map(|index| (first + step * index) as u32).collect();
                check(&ranks, &[[0, count as u32], [0, count as u32]]);
            }
        }
        check(&[], &[]);
        check(&[NO_RANK; 3], &[[0, 0], [0, 3]]);
    }

    proptest! {
        /// Windows that overlap, touch, are apart or empty, over rows of which some have no rank.
        #[test]
        fn any_windows(
            order in Just((0..RANKS as u32).collect::<Vec<_>>()).prop_shuffle(),
            missing in prop::collection::vec(0..RANKS, 0..200),
            steps in prop::collection::vec((0u32..40, 0u32..40), 0..60),
        ) {
            let mut ranks = order;
            missing.into_iter().for_each(|row| ranks[row] = NO_RANK);
            let (mut start, mut end) = (0, 0);
            let windows = steps.into_iter().map(|(leave, enter)| {
                start = (start + leave).min(RANKS as u32);
                end = (end + enter).clamp(start, RANKS as u32).min(start + MOST_ROWS as u32).max(end);
                start = start.max(end.saturating_sub(MOST_ROWS as u32));
                [start, end]
            });
            let windows: Vec<_> = windows.collect();
            check(&ranks, &windows);
        }
    }
}
