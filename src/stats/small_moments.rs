//! Sum, mean, variance and standard deviation of a few values, each taken only if it is surely the correctly rounded one:
//! see [`crate::arch::double_double`]. Eight series of one length are done side by side.
//!
//! What is not decided here, one in some millions, is what [`super::moments`] is for.

use crate::arch::Tier;
use crate::arch::double_double::EightWideRows;
pub use crate::arch::double_double::{MOST, MOST_WIDE, SmallMoments};
use crate::arch::key::Keyed;
use crate::arch::network::Network;

/// What the squares of n values are divided by: 1 where the variance is not defined, whose value is then of no account.
fn freedom(values: usize, ddof: u64) -> f64 {
    (values as u64).saturating_sub(ddof).max(1) as f64
}

impl SmallMoments<f64> {
    /// Of 1 to [`MOST`] values; `None` if that takes more than this. The variance and its root are those of n > `ddof`. The keys
    /// are written to `sorted`, ascending.
    pub fn new(values: &[f64], ddof: u64, sorted: &mut [i64; MOST], tier: Tier) -> Option<Self> {
        assert!((1..=MOST).contains(&values.len()));
        let (few, unsure) = tier.few(values, freedom(values.len(), ddof), sorted);
        (unsure == 0).then_some(few)
    }
}

/// Eight series of one length, side by side.
#[derive(Debug)]
pub struct EightWide(Box<EightWideRows>);

impl EightWide {
    /// Room for them.
    pub fn new() -> Self {
        Self(Box::new(EightWideRows { values: [[0.0; 8]; MOST_WIDE], keys: [[0; 8]; MOST_WIDE] }))
    }

    /// Moments of eight series, each of 1 to [`MOST_WIDE`] values, and in the bits of a byte which of them take more than
    /// this. The variance and its root are those of n > `ddof`. The network, which is for as many values, brings keys to their
    /// places: see [`EightWide::at`].
    pub fn describe(
        &mut self,
        series: [&[f64]; 8],
        ddof: u64,
        network: &Network,
        tier: Tier,
    ) -> (SmallMoments<[f64; 8]>, u8) {
        let n = series[0].len();
        assert!((1..=MOST_WIDE).contains(&n) && series.iter().all(|one| one.len() == n));
        tier.eight_wide(series, freedom(n, ddof), network, &mut self.0)
    }

    /// The values of all series at a rank that the network brought to its place.
    pub fn at(&self, rank: usize) -> [f64; 8] {
        let mut values = [0.0; 8];
        values.iter_mut().zip(&self.0.keys[rank]).for_each(|(value, &key)| *value = f64::from_key(key));
        values
    }
}

impl Default for EightWide {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{oracle, seeds};
    use proptest::prelude::*;

    fn check(values: &[f64]) -> bool {
        for ddof in [0, 2, 1] {
            let mut sorted = [0; MOST];
            let of = |tier| SmallMoments::new(values, ddof, &mut sorted, tier);
            let all: Vec<_> = Tier::available().into_iter().map(of).collect();
            assert!(all.iter().all(|few| *few == all[0]), "{values:?}");
            let Some(few) = all[0] else {
                if ddof == 1 {
                    return false;
                }
                continue; // of two values the deviation with 0 is half their distance: a tie every other time
            };
            let ranks: Vec<u64> = (0..values.len() as u64).collect();
            let expected = oracle::order_statistics(values, &ranks);
            let found = sorted[..values.len()].iter().map(|&key| f64::from_key(key).to_bits());
            assert!(found.eq(expected.into_iter().map(f64::to_bits)), "{values:?}");
            assert_eq!(few.sum.to_bits(), oracle::sum(values).to_bits(), "{values:?}");
            assert_eq!(few.mean.to_bits(), oracle::mean(values).to_bits(), "{values:?}");
            if values.len() as u64 > ddof {
                let (variance, stddev) =
                    (oracle::variance(values, ddof as usize), oracle::stddev(values, ddof as usize));
                assert_eq!((few.variance, few.stddev), (variance, stddev), "{values:?}");
            }
        }
        true
    }

    #[test]
    fn seeds_match_the_oracle() {
        for values in seeds::finite().iter().filter(|values| (1..=MOST).contains(&values.len())) {
            check(values);
        }
        assert!(check(&[0.1; 10]) && check(&[1.0, 2.0]) && check(&[2.5, 0.1, -7.25, 1e-3]));
    }

    /// Each of eight series is as it would be alone, whatever stands beside it.
    fn check_eight_wide(series: [&[f64]; 8]) -> u8 {
        let n = series[0].len();
        let network = Network::new(n, 0..n);
        let ranks: Vec<u64> = (0..n as u64).collect();
        let expected = series.map(|one| {
            let sorted = oracle::order_statistics(one, &ranks);
            let spread = (n > 1).then(|| (oracle::variance(one, 1), oracle::stddev(one, 1)));
            (sorted, oracle::sum(one), oracle::mean(one), spread)
        });
        let mut all = Tier::available().into_iter().map(|tier| {
            let mut eight_wide = EightWide::new();
            let (few, unsure) = eight_wide.describe(series, 1, &network, tier);
            for (lane, (one, (sorted, sum, mean, spread))) in series.into_iter().zip(&expected).enumerate() {
                let found = (0..n).map(|rank| eight_wide.at(rank)[lane].to_bits());
                assert!(found.eq(sorted.iter().map(|value| value.to_bits())), "{one:?}");
                if unsure >> lane & 1 == 1 {
                    continue;
                }
                assert_eq!(few.sum[lane].to_bits(), sum.to_bits(), "{one:?}");
                assert_eq!(few.mean[lane].to_bits(), mean.to_bits(), "{one:?}");
                if let Some(spread) = spread {
                    assert_eq!((few.variance[lane], few.stddev[lane]), *spread, "{one:?}");
                }
            }
            unsure
        });
        let first = all.next().unwrap();
        assert!(all.all(|unsure| unsure == first));
        first
    }

    #[test]
    fn seeds_side_by_side_match_the_oracle() {
        for values in seeds::finite().iter().filter(|values| (1..=MOST_WIDE).contains(&values.len())) {
            let one = vec![1.5; values.len()];
            check_eight_wide([values, &one, values, values, &one, values, values, values]);
        }
    }

    proptest! {
        #![proptest_config(seeds::cases(5000))]
        #[test]
        fn random_values_match_the_oracle(
            values in prop::collection::vec(prop_oneof![
                seeds::value(), -1.0..1.0f64, (-50i32..50).prop_map(f64::from), 1e9..1.000001e9f64,
                (0u64..1 << 20).prop_map(|bits| f64::from_bits(1.0f64.to_bits() + bits)),
            ], 1..=MOST),
        ) {
            check(&values);
        }

        #[test]
        fn random_values_side_by_side_match_the_oracle(
            n in 1..=MOST_WIDE,
            values in prop::collection::vec(prop_oneof![
                8 => -1.0..1.0f64, 1 => seeds::value(), 4 => 1e9..1.000001e9f64,
                4 => (0u64..1 << 20).prop_map(|bits| f64::from_bits(1.0f64.to_bits() + bits)),
            ], 8 * MOST_WIDE),
        ) {
            check_eight_wide(std::array::from_fn(|lane| &values[lane * n..lane * n + n]));
        }

        #[test]
        fn ordinary_values_side_by_side_are_decided_here(
            n in 3..=MOST_WIDE, values in prop::collection::vec(0.001..1.0f64, 8 * MOST_WIDE),
        ) {
            prop_assert_eq!(check_eight_wide(std::array::from_fn(|lane| &values[lane * n..lane * n + n])), 0);
        }

        #[test]
        fn ordinary_values_are_decided_here(values in prop::collection::vec(-1.0..1.0f64, 1..=MOST)) {
            prop_assert!(check(&values) || values.iter().any(|value| value.abs() < 1e-10));
        }
    }
}
