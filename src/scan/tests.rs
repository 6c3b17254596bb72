//! Scans in parts and passes, against the slow answer.

use super::{Keep, Outcome, SAMPLE, Scan};
use crate::arch::{BLOCK, Tier};
use crate::spec::{NanPolicy, Spec, Statistic, is_count};
use crate::stats::{oracle, seeds};
use crate::summary::Summary;
use num_bigint::{BigInt, BigUint, Sign};
use proptest::prelude::*;

fn passes(spec: &Spec, keep: Keep, parts: &[&[f64]]) -> Summary {
    let scan_all = |empty: Scan<f64>| {
        parts.iter().fold(empty.clone(), |mut whole, part| {
            let mut scan = empty.clone();
            scan.update(part);
            whole.merge(scan).unwrap();
            whole
        })
    };
    let mut scan = scan_all(Scan::new(spec, keep));
    loop {
        match scan.finish(spec).unwrap() {
            Outcome::Done(summary) => return summary,
            Outcome::Again(brackets) => {
                let pass = scan_all(scan.narrow(keep, brackets));
                assert!(scan.settle(pass));
            }
        }
    }
}

fn bits(summary: &Summary) -> Vec<Option<u64>> {
    summary.statistics().map(|(_, value)| value.map(f64::to_bits)).collect()
}

fn everything() -> Spec {
    let statistics = Statistic::ALL.map(|(statistic, _)| statistic);
    Spec::default().with_statistics(statistics)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn parts_and_passes_never_show(values in seeds::long_series(), cuts in prop::collection::vec(0usize..1500, 0..4)) {
        let spec = everything();
        let expected = passes(&spec, Keep::All, &[&values]);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(values.len())).collect();
        cuts.sort_unstable();
        let mut rest = &values[..];
        let mut parts = Vec::new();
        for cut in cuts.into_iter().rev() {
            let (head, tail) = rest.split_at(cut);
            parts.push(tail); // the last part first: the order of merging must not show
            rest = head;
        }
        parts.push(rest);
        let summary = passes(&spec, Keep::AtMost(128), &parts);
        prop_assert_eq!(bits(&summary), bits(&expected));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn values_with_counts_are_values_that_are_repeated(
        values in prop::collection::vec(seeds::value(), 0..1500), seed: u64, keep in prop::option::of(128usize..5000), omit: bool,
    ) {
        let spec = everything().with_nan(if omit { NanPolicy::Omit } else { NanPolicy::Propagate });
        // Counts of any number of binary digits, many of them 0.
        let counts: Vec<u32> =
            (1..).map(|n| (seed.wrapping_mul(n) >> 58) as u32).zip(&values).map(|(count, _)| count >> (count % 7)).collect();
        let repeated: Vec<f64> =
            values.iter().zip(&counts).flat_map(|(&value, &count)| std::iter::repeat_n(value, count as usize)).collect();
        let expected = passes(&spec, Keep::All, &[&repeated]);
        let keep = keep.map_or(Keep::All, Keep::AtMost);
        let scan_all = |mut scan: Scan<f64>| {
            scan.update_repeated(&values, &counts);
            scan
        };
        let mut scan = scan_all(Scan::new(&spec, keep));
        let summary = loop {
            match scan.finish(&spec).unwrap() {
                Outcome::Done(summary) => break summary,
                Outcome::Again(brackets) => {
                    let pass = scan_all(scan.narrow(keep, brackets));
                    prop_assert!(scan.settle(pass));
                }
            }
        };
        prop_assert_eq!(summary.count, expected.count);
        prop_assert_eq!(bits(&summary), bits(&expected));
    }
}

/// What [`Spec`] asks for by full sorts and big rationals, and with the rules for NaNs and infinities.
fn slowly(spec: &Spec, values: &[f64]) -> Vec<Option<u64>> {
    let ddof = spec.ddof() as usize;
    let numbers = values.iter().all(|value| !value.is_nan());
    let finite = values.iter().all(|value| value.is_finite());
    let infinity: f64 = values.iter().filter(|value| value.is_infinite()).sum();
    let n = values.len();
    let at = |rank: u64| oracle::order_statistics(values, &[rank])[0];
    let statistics = spec.statistics().iter().map(|statistic| match statistic {
        Statistic::Sum => Some(if finite { oracle::sum(values) } else { infinity }),
        _ if n == 0 => None,
        Statistic::Min => Some(at(0)),
        Statistic::Max => Some(at(n as u64 - 1)),
        Statistic::Range => Some(at(n as u64 - 1) - at(0)),
        Statistic::Mean => Some(if finite { oracle::mean(values) } else { infinity }),
        _ if n <= ddof => None,
        _ if !finite => Some(f64::NAN),
        Statistic::Variance => Some(oracle::variance(values, ddof)),
        Statistic::Stddev => Some(oracle::stddev(values, ddof)),
        _ => None,
    });
    let quantiles = spec.quantiles().iter().map(|p| {
        let position = spec.method().position(p, (n as u64).max(1));
        (n > 0).then(|| position.blend(at(position.lower), at(position.upper)))
    });
    let canonical = |value: f64| if value.is_nan() || !numbers { 0x7ff8_0000_0000_0000 } else { value.to_bits() };
    let all = statistics.chain(quantiles);
    all.map(|value| value.or((!numbers).then_some(f64::NAN)).map(canonical)).collect()
}

proptest! {
    #![proptest_config(seeds::cases(200))]
    /// Whole blocks, with nulls and without, by the instructions of every tier.
    #[test]
    fn every_tier_has_the_bits_of_the_slow_answer(
        values in seeds::blocks(), nulls in prop::option::of(prop::collection::vec(any::<u8>(), 4000 / 8)), omit: bool,
    ) {
        use Statistic::{Max, Mean, Min, Range, Stddev, Sum, Variance};
        let spec = Spec::default().with_statistics([Min, Max, Range, Sum, Mean, Variance, Stddev]);
        let spec = spec.with_nan(if omit { NanPolicy::Omit } else { NanPolicy::Propagate });
        let is_valid = |row: usize| nulls.as_ref().is_none_or(|bits| bits[row / 8] >> (row % 8) & 1 == 1);
        let there = values.iter().enumerate().filter(|(row, _)| is_valid(*row)).map(|(_, &value)| value);
        let there: Vec<f64> = there.filter(|value| !omit || !value.is_nan()).collect();
        let expected = slowly(&spec, &there);
        for tier in Tier::available() {
            let mut scan = Scan::new(&spec, Keep::All).with_tier(tier);
            match &nulls {
                None => scan.update(&values),
                Some(bits) => {
                    for (values, bits) in values.chunks(BLOCK).zip(bits.chunks(BLOCK / 8)) {
                        scan.update_valid(values, bits);
                    }
                }
            }
            let Outcome::Done(summary) = scan.finish(&spec).unwrap() else { panic!("all was kept") };
            prop_assert_eq!(summary.count, there.len() as u64);
            prop_assert_eq!(bits(&summary), expected.clone(), "{}", tier.name());
        }
    }

    /// Integers in the repr of their own.
    #[test]
    fn integers_are_summed_as_integers(
        values in prop::collection::vec(any::<i64>(), 1..3000), shift in 0u32..64, nulls in any::<[u8; 8]>(),
    ) {
        let spec = Spec::default().with_statistics([Statistic::Sum, Statistic::Variance]).with_ddof(0);
        let values: Vec<i64> = values.into_iter().map(|value| value >> shift).collect();
        let valid = nulls.repeat(BLOCK / 64);
        let is_valid = |row: usize| valid[row % BLOCK / 8] >> (row % 8) & 1 == 1;
        let there: Vec<BigInt> =
            values.iter().enumerate().filter(|(row, _)| is_valid(*row)).map(|(_, &value)| value.into()).collect();
        prop_assume!(!there.is_empty());
        let sum: BigInt = there.iter().sum();
        let squares: BigInt = there.iter().map(|value| value * value).sum();
        let n = BigUint::from(there.len());
        let spread = squares * BigInt::from(n.clone()) - &sum * &sum;
        let sign = if sum.sign() == Sign::Minus { -1.0 } else { 1.0 };
        let expected = [
            sign * oracle::nearest(sum.magnitude(), &BigUint::from(1u32), 0),
            oracle::nearest(spread.magnitude(), &(&n * &n), 0),
        ];
        for tier in Tier::available() {
            let mut signed = Scan::<i64>::new(&spec, Keep::All).with_tier(tier);
            values.chunks(BLOCK).for_each(|block| signed.update_valid(block, &valid));
            let Outcome::Done(summary) = signed.finish(&spec).unwrap() else { panic!("all was kept") };
            prop_assert_eq!([summary.get("sum"), summary.get("variance")], expected.map(Some), "{}", tier.name());
        }
    }
}

#[test]
fn every_split_point() {
    let spec = everything();
    for values in seeds::finite() {
        let expected = bits(&passes(&spec, Keep::All, &[&values]));
        for split in 0..=values.len() {
            let (left, right) = values.split_at(split);
            assert_eq!(bits(&passes(&spec, Keep::AtMost(SAMPLE), &[right, left])), expected, "{values:?} at {split}");
        }
    }
}

/// Everything that scans can be asked for, one by one.
fn questions() -> Vec<Spec> {
    let none = Spec::default().with_statistics([]).with_quantiles(&[]).unwrap();
    let each = Statistic::ALL.map(|(statistic, _)| none.clone().with_statistics([statistic]));
    let quantiles = Spec::default().with_statistics([]);
    let nan = Spec::default().with_nan(NanPolicy::Omit);
    each.into_iter().chain([none, quantiles, Spec::default(), nan, everything()]).collect()
}

/// A scan of another spec once merged without a word: the mean was 249.75 where 999.5 was right.
#[test]
fn scans_of_other_questions_do_not_merge() {
    let scan = |spec: &Spec, first: f64| {
        let mut scan = Scan::new(spec, Keep::All);
        scan.update(&[first, first + 1.0]);
        scan
    };
    for ours in questions() {
        for theirs in questions() {
            let mut whole = scan(&ours, 1.0);
            let fits = ours.nan() == theirs.nan() && ours.learned() == theirs.learned();
            assert_eq!(whole.merge(scan(&theirs, 3.0)).is_ok(), fits, "{ours:?} {theirs:?}");
            // What was refused has changed nothing.
            let Outcome::Done(summary) = whole.finish(&ours).unwrap() else { panic!("all was kept") };
            let expected = if fits { &[1.0, 2.0, 3.0, 4.0][..] } else { &[1.0, 2.0] };
            assert_eq!(bits(&summary), bits(&passes(&ours, Keep::All, &[expected])));
        }
    }
}

/// Finished for a wider spec, a mean was 0.
#[test]
fn a_scan_answers_only_what_it_has_learned() {
    for ours in questions() {
        for theirs in questions() {
            let mut scan = Scan::new(&ours, Keep::All);
            scan.update(&[1.0, 2.0, 4.0]);
            let answers = ours.nan() == theirs.nan() && theirs.learned().without(ours.learned()).is_empty();
            match scan.finish(&theirs) {
                Ok(Outcome::Done(summary)) => {
                    assert!(answers, "{ours:?} {theirs:?}");
                    assert_eq!(bits(&summary), bits(&passes(&theirs, Keep::All, &[&[1.0, 2.0, 4.0]])));
                }
                outcome => assert!(!answers && outcome.is_err(), "{ours:?} {theirs:?}"),
            }
        }
    }
    // Its candidates given up, it waits for the pass that finds them again.
    let mut scan = Scan::new(&Spec::default(), Keep::All);
    scan.update(&[1.0]);
    scan.forget_candidates();
    assert!(scan.finish(&Spec::default()).is_err());
}

#[test]
fn nans_follow_their_policy() {
    let values = [1.0, f64::NAN, 3.0];
    let with = |nan| everything().with_nan(nan);
    let propagated = passes(&with(NanPolicy::Propagate), Keep::AtMost(SAMPLE), &[&values]);
    assert_eq!((propagated.count, propagated.nan_count), (3, 1));
    let canonical = Some(0x7ff8_0000_0000_0000);
    let floats = || propagated.statistics().filter(|(name, _)| !is_count(name));
    assert!(floats().all(|(_, value)| value.map(f64::to_bits) == canonical));
    let omitted = passes(&with(NanPolicy::Omit), Keep::AtMost(SAMPLE), &[&values]);
    assert_eq!((omitted.count, omitted.nan_count), (2, 1));
    assert_eq!((omitted.get("mean"), omitted.get("median")), (Some(2.0), Some(2.0)));
}

#[test]
fn what_is_not_defined_is_none() {
    let none = passes(&everything(), Keep::AtMost(SAMPLE), &[]);
    let defined = |summary: &Summary| -> Vec<String> {
        let defined = summary.statistics().filter(|(_, value)| value.is_some());
        defined.map(|(name, _)| name.to_owned()).collect()
    };
    let counts = ["n_unique", "n_zero", "n_negative"];
    assert_eq!(defined(&none), [&["sum"], &counts[..]].concat());
    let one = passes(&everything(), Keep::AtMost(SAMPLE), &[&[2.0]]);
    let moments = ["min", "max", "range", "sum", "mean", "iqr", "mad", "mode"];
    let rest = ["geometric_mean", "harmonic_mean", "trimmed_mean"];
    let order = ["lower_fence", "upper_fence", "n_low_outliers", "n_high_outliers", "q1", "median", "q3"];
    assert_eq!(defined(&one), [&moments[..], &counts, &rest, &order].concat());
}
