//! Sorting networks: comparisons that do not depend on the values, so that many series are sorted side by side.

/// Sorts each column of `ROWS` rows by Batcher's odd-even merges; `$compare` puts the lesser of each pair of two rows first. A macro, as a closure
/// would be a call: it has not the instructions of its caller.
macro_rules! sort_each_column {
    ($rows:expr, $compare:path) => {{
        let mut p = 1;
        while p < ROWS {
            let mut k = p;
            while k >= 1 {
                let mut j = k % p;
                while j + k < ROWS {
                    for i in j..(j + k).min(ROWS - k) {
                        if i / (2 * p) == (i + k) / (2 * p) {
                            $compare($rows, i, i + k);
                        }
                    }
                    j += 2 * k;
                }
                k /= 2;
            }
            p *= 2;
        }
    }};
}

/// The same of columns that are bitonic: they rise and then fall, or fall and then rise.
macro_rules! halve_each_column {
    ($rows:expr, $compare:path) => {{
        let mut distance = ROWS / 2;
        while distance >= 1 {
            for i in 0..ROWS {
                if i & distance == 0 {
                    $compare($rows, i, i + distance);
                }
            }
            distance /= 2;
        }
    }};
}

pub(super) use {halve_each_column, sort_each_column};

/// Comparators in their order, each of two places, of which the first one gets the lesser key.
#[derive(Clone, Debug)]
pub struct Network(Vec<[u8; 2]>);

impl Network {
    /// What brings the keys of these ranks to their places among `count` of them, at most 256: the part that leads there of the
    /// merge exchange of K. E. Batcher (D. E. Knuth, *The Art of Computer Programming* 3, 5.2.2, algorithm M).
    pub fn new(count: usize, ranks: impl Iterator<Item = usize>) -> Self {
        assert!(count <= 256);
        let mut all = Vec::new();
        let top = count.next_power_of_two() / 2;
        let mut p = top;
        while p > 0 {
            let (mut q, mut r, mut d) = (top, 0, p);
            loop {
                all.extend((0..count.saturating_sub(d)).filter(|i| i & p == r).map(|i| [i as u8, (i + d) as u8]));
                if q == p {
                    break;
                }
                (d, q, r) = (q - p, q / 2, p);
            }
            p /= 2;
        }
        let mut wanted = vec![false; count];
        ranks.for_each(|rank| wanted[rank] = true);
        let mut leads = |&[i, j]: &[u8; 2]| {
            let (i, j) = (usize::from(i), usize::from(j));
            let leads = wanted[i] || wanted[j];
            (wanted[i], wanted[j]) = (leads, leads);
            leads
        };
        let mut kept: Vec<[u8; 2]> = all.into_iter().rev().filter(|comparator| leads(comparator)).collect();
        kept.reverse();
        Self(kept)
    }

    /// The comparators, in their order.
    pub fn comparators(&self) -> &[[u8; 2]] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::super::Tier;
    use super::*;

    #[test]
    fn networks_of_tiers_sort_whatever_the_order() {
        let mut state = 1u64;
        let mut next = || {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            (state >> 1) as i64 - (1 << 62)
        };
        for tier in Tier::available() {
            let most = match tier.name() {
                "avx512" => 128,
                "avx2" => 64,
                _ => {
                    assert!(!tier.sort(&mut [2, 1]));
                    continue;
                }
            };
            assert!(!tier.sort(&mut vec![0; most + 1]));
            for length in 0..=most {
                for round in 0..50 {
                    // Random keys, few distinct ones, runs up and down, and the greatest key itself.
                    let key = |index: i64| match round % 5 {
                        0 => next(),
                        1 => next() % 3,
                        2 => index,
                        3 => -index,
                        _ => [i64::MIN, i64::MAX][(next() & 1) as usize],
                    };
                    let mut keys: Vec<i64> = (0..length as i64).map(key).collect();
                    let mut expected = keys.clone();
                    expected.sort_unstable();
                    assert!(tier.sort(&mut keys));
                    assert_eq!(keys, expected, "{tier:?}");
                }
            }
        }
    }

    fn run(network: &Network, keys: &mut [u64]) {
        for &[i, j] in network.comparators() {
            let (i, j) = (usize::from(i), usize::from(j));
            (keys[i], keys[j]) = (keys[i].min(keys[j]), keys[i].max(keys[j]));
        }
    }

    /// A network that sorts all zeros and ones sorts everything (Knuth, theorem Z). 64 patterns go through at a time: the lesser
    /// of two bits is their conjunction.
    #[test]
    fn all_zeros_and_ones_are_sorted() {
        for count in 0..=16 {
            let network = Network::new(count, 0..count);
            for patterns in 0..(1u64 << count).div_ceil(64) {
                let mut keys: Vec<u64> = (0..count)
                    .map(|index| (0..64).map(|one| ((64 * patterns + one) >> index & 1) << one).sum())
                    .collect();
                for &[i, j] in network.comparators() {
                    let (i, j) = (usize::from(i), usize::from(j));
                    (keys[i], keys[j]) = (keys[i] & keys[j], keys[i] | keys[j]);
                }
                assert!(keys.windows(2).all(|pair| pair[0] & !pair[1] == 0), "{count}");
            }
        }
    }

    #[test]
    fn every_number_of_keys_is_sorted() {
        for count in 0..=256 {
            let whole = Network::new(count, 0..count);
            let ranks =
                [0, count / 4, count / 2, count.saturating_sub(1)].map(|rank| rank.min(count.saturating_sub(1)));
            let part = Network::new(count, ranks.into_iter().take(count));
            assert!(part.0.len() <= whole.0.len());
            for seed in 1..=20u64 {
                let mut keys: Vec<u64> = (0..count as u64)
                    .map(|i| (i + 1).wrapping_mul(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (seed % 60))
                    .collect();
                let (mut sorted, mut some) = (keys.clone(), keys.clone());
                sorted.sort_unstable();
                run(&whole, &mut keys);
                run(&part, &mut some);
                assert_eq!(keys, sorted);
                assert!(ranks.iter().take(count).all(|&rank| some[rank] == sorted[rank]), "{count}");
            }
        }
    }
}
