//! Which bytes are asked for together.
//!
//! A request costs a round trip, some tens of milliseconds, in which a bucket would deliver some hundred KiB: nearer
//! ranges than that are one request, the gap included. What is long is asked for in pieces, side by side.

use std::ops::Range;

/// Ranges with a gap of at most this many bytes are read as one.
const GAP: u64 = 1 << 18;

/// The longest piece that is asked for at once.
const PIECE: u64 = 1 << 23;

/// How many bytes a remote [`Reader`](super::Reader) holds once it has fetched these ranges: those of the gaps that are
/// fetched along with them included.
pub fn held_bytes(ranges: &[Range<u64>]) -> u64 {
    coalesce(ranges).iter().map(|range| range.end - range.start).sum()
}

/// The fewest ranges, in order, that hold all of these.
pub fn coalesce(ranges: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut ranges: Vec<Range<u64>> = ranges.iter().filter(|range| range.start < range.end).cloned().collect();
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    let mut joined: Vec<Range<u64>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end.saturating_add(GAP) => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

/// The lengths of the pieces of a range.
#[cfg_attr(not(feature = "remote"), allow(dead_code, reason = "only requests are in pieces"))]
pub fn pieces(range: &Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let end = range.end;
    let starts = std::iter::successors(Some(range.start), move |start| start.checked_add(PIECE));
    starts.take_while(move |start| *start < end).map(move |start| start..end.min(start.saturating_add(PIECE)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ranges_are_held_in_order_with_wide_gaps(starts in prop::collection::vec((0u64..8 << 20, 0u64..1 << 19), 0..30)) {
            let ranges: Vec<_> = starts.iter().map(|(start, length)| *start..start + length).collect();
            let joined = coalesce(&ranges);
            for range in ranges.iter().filter(|range| !range.is_empty()) {
                let holding = joined.iter().filter(|held| held.start <= range.start && range.end <= held.end);
                prop_assert_eq!(holding.count(), 1);
            }
            for pair in joined.windows(2) {
                prop_assert!(pair[0].end + GAP < pair[1].start);
            }
            // Nothing is fetched but the ranges and the gaps: each end is the end of one.
            for held in &joined {
                prop_assert!(ranges.iter().any(|range| range.start == held.start));
                prop_assert!(ranges.iter().any(|range| range.end == held.end));
            }
        }

        #[test]
        fn pieces_are_the_range(start in 0u64..1 << 40, length in 0u64..5 * PIECE) {
            let range = start..start + length;
            let pieces: Vec<_> = pieces(&range).collect();
            prop_assert_eq!(pieces.iter().map(|piece| piece.end - piece.start).sum::<u64>(), length);
            prop_assert!(pieces.iter().all(|piece| piece.start < piece.end && piece.end - piece.start <= PIECE));
            prop_assert!(pieces.windows(2).all(|pair| pair[0].end == pair[1].start));
        }
    }

    #[test]
    fn bytes_held_include_the_gaps() {
        assert_eq!(held_bytes(&[0..10, 20..30]), 30);
        assert_eq!(held_bytes(&[0..10, 10 + GAP + 1..20 + GAP + 1]), 20);
        assert_eq!(held_bytes(&[5..5, 9..9]), 0);
    }
}
