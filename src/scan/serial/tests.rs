//! Every state is written, read back, and used on, beside the one that was never written.

use proptest::prelude::*;
use proptest::sample::Index;

use super::Payload;
use crate::num::decimal::Decimal;
use crate::num::number::Number;
use crate::scan::{BLOCK, Keep, Outcome, Scan};
use crate::spec::{NanPolicy, Spec, Statistic};
use crate::state::{FORMAT, MAGIC};
use crate::stats::seeds;
use crate::stats::select::{Brackets, MARGIN};
use crate::stats::value::Value;

use crate::arch::Tier;

fn write<T: Value>(scan: &Scan<T>) -> Vec<u8> {
    scan.to_bytes().unwrap()
}

fn read<T: Value>(bytes: &[u8]) -> crate::Result<Scan<T>> {
    Scan::from_bytes(bytes)
}

/// These bytes in place of a scan's own, with the checksum that they should have.
fn enveloped<T: Value>(payload: &[u8]) -> Vec<u8> {
    let mut bytes = [&MAGIC[..], &FORMAT.to_le_bytes(), &[T::TAG], payload].concat();
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

fn payload<T: Value>(scan: &Scan<T>) -> Vec<u8> {
    postcard::to_stdvec(&Payload(scan)).unwrap()
}

/// A scan, and one that is written and read back at every step.
struct Twins<T: Value> {
    plain: Scan<T>,
    again: Scan<T>,
    again_in: Tiers,
}

/// The instructions of the scan that is read back.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Tiers {
    /// Those of the other one: it asks for the same brackets.
    Same,
    /// The best ones, as it is read. Candidates may be sorted in another way, and another sample taken of them.
    Best,
}

/// What came of a scan, for comparison.
type Came = Result<(Vec<u64>, Vec<Option<u64>>), String>;

fn finish<T: Value>(scan: &mut Scan<T>, spec: &Spec) -> (Came, Option<Brackets<T::Key>>) {
    match scan.finish(spec).unwrap() {
        Outcome::Done(summary) => {
            let counts = vec![summary.rows(), summary.count, summary.null_count, summary.nan_count];
            let statistics = summary.statistics().map(|(_, value)| value.map(f64::to_bits));
            (Ok((counts, statistics.collect())), None)
        }
        Outcome::Again(brackets) => (Err(format!("{brackets:?}")), Some(brackets)),
    }
}

impl<T: Value> Twins<T> {
    fn new(plain: Scan<T>, again_in: Tiers) -> Self {
        let mut twins = Self { again: plain.clone(), plain, again_in };
        twins.each(|_| ());
        twins
    }

    fn each(&mut self, mut step: impl FnMut(&mut Scan<T>)) {
        step(&mut self.plain);
        step(&mut self.again);
        let bytes = write(&self.again);
        self.again = read(&bytes).unwrap();
        if self.again_in == Tiers::Same {
            self.again = self.again.clone().with_tier(self.plain.tier());
        }
        assert_eq!(write(&self.again), bytes);
    }

    /// The brackets for another pass of each, if one is needed.
    fn finish(&mut self, spec: &Spec) -> Vec<Option<Brackets<T::Key>>> {
        let mut came = Vec::new();
        let mut brackets = Vec::new();
        self.each(|scan| {
            let (this, again) = finish(scan, spec);
            came.push(this);
            brackets.push(again);
        });
        let done = came.iter().all(Result::is_ok);
        if done || self.again_in == Tiers::Same {
            assert_eq!(came[0], came[1]);
        }
        brackets
    }

    /// As many passes as they ask for.
    fn pass(&mut self, spec: &Spec, keep: Keep, all: &[T], nulls: u64) {
        for _ in 0..100 {
            let brackets = self.finish(spec);
            if brackets.iter().all(Option::is_none) {
                return;
            }
            let mut brackets = brackets.into_iter().zip([false, true]);
            let again_in = self.again_in;
            self.each(|scan| {
                let Some((Some(brackets), written)) = brackets.next() else { return };
                let mut pass = Twins::new(scan.narrow(keep, brackets), again_in);
                for values in all.chunks(all.len().div_ceil(3).max(1)) {
                    pass.each(|scan| scan.update(values));
                }
                pass.each(|scan| scan.update_nulls(nulls));
                assert!(scan.settle(if written { pass.again } else { pass.plain }));
            });
        }
        panic!("no end in sight");
    }
}

/// What happens to a series.
#[derive(Clone, Debug)]
enum Step<T> {
    Update(Vec<T>),
    /// A block, its validity, and how many nulls there are beside it.
    Valid(Vec<T>, Vec<u8>, u64),
    /// Another part, scanned with the same brackets or with unknown ones.
    Merge(Vec<T>, Keep, bool),
    Finish,
}

fn steps<T: Value>(values: impl Strategy<Value = Vec<T>> + Clone + 'static) -> impl Strategy<Value = Vec<Step<T>>> {
    let step = prop_oneof![
        4 => values.clone().prop_map(Step::Update),
        1 => (values.clone(), prop::collection::vec(any::<u8>(), BLOCK / 8), 0u64..9).prop_map(|(mut values, valid, nulls)| {
            values.truncate(BLOCK);
            Step::Valid(values, valid, nulls)
        }),
        2 => (values, keep(), any::<bool>()).prop_map(|(values, keep, same)| Step::Merge(values, keep, same)),
        1 => Just(Step::Finish),
    ];
    prop::collection::vec(step, 0..7)
}

fn keep() -> impl Strategy<Value = Keep> {
    prop_oneof![3 => (1usize..600).prop_map(Keep::AtMost), 1 => Just(Keep::All)]
}

/// Everything, or quantiles of more edges than are compared, or no quantiles, or hardly anything; and how NaNs are taken.
fn spec() -> impl Strategy<Value = Spec> {
    let everything = Spec::default().with_statistics(Statistic::ALL.map(|(statistic, _)| statistic));
    let specs = vec![
        everything.clone(),
        everything.clone().with_cut_points(20).unwrap(),
        everything.with_quantiles(&[]).unwrap(),
        Spec::default().with_cut_points(20).unwrap(),
        Spec::default().with_statistics([Statistic::Sum]),
        Spec::default().with_statistics([Statistic::Max]).with_quantiles(&[]).unwrap(),
        Spec::default().with_statistics([Statistic::NZero, Statistic::HarmonicMean]).with_quantiles(&[0.01]).unwrap(),
    ];
    let nan = prop_oneof![2 => Just(NanPolicy::Omit), 1 => Just(NanPolicy::Propagate)];
    (prop::sample::select(specs), nan).prop_map(|(spec, nan)| spec.with_nan(nan))
}

fn valid<T: Copy>(values: &[T], valid: &[u8]) -> Vec<T> {
    let there = values.iter().enumerate().filter(|(row, _)| valid[row / 8] >> (row % 8) & 1 == 1);
    there.map(|(_, value)| *value).collect()
}

/// Takes both scans through the steps, and through as many passes as they ask for.
fn check<T: Value>(spec: &Spec, keep: Keep, steps: &[Step<T>], (tier, again_in): (Tier, Tiers), narrow: Option<Index>) {
    let mut all: Vec<T> = Vec::new();
    let mut nulls = 0;
    for step in steps {
        match step {
            Step::Update(values) | Step::Merge(values, ..) => all.extend(values),
            Step::Valid(values, bits, more) => {
                all.extend(valid(values, bits));
                nulls += more;
            }
            Step::Finish => {}
        }
    }
    let mut sample: Vec<T::Key> = all.iter().filter(|value| !value.is_nan()).map(|value| value.key()).collect();
    let brackets = match narrow {
        Some(first) if !sample.is_empty() => {
            let first = first.index(sample.len());
            sample.rotate_left(first);
            sample.truncate(sample.len().div_ceil(3));
            sample.sort_unstable();
            let fractions: Vec<f64> = spec.quantiles().iter().map(|p| p.value()).collect();
            Brackets::from_sample(&sample, &fractions, MARGIN)
        }
        _ => Brackets::unknown(),
    };
    let empty = Scan::with_brackets(spec, keep, brackets).with_tier(tier);
    let mut twins = Twins::new(empty.clone(), again_in);
    for step in steps {
        match step {
            Step::Update(values) => twins.each(|scan| scan.update(values)),
            Step::Valid(values, bits, nulls) => twins.each(|scan| {
                scan.update_valid(values, bits);
                scan.update_nulls(*nulls);
            }),
            Step::Merge(values, keep, same) => twins.each(|scan| {
                let mut part = if *same { empty.clone() } else { Scan::new(spec, *keep) };
                part.update(values);
                scan.merge(part).unwrap();
            }),
            Step::Finish => drop(twins.finish(spec)),
        }
    }
    twins.pass(spec, keep, &all, nulls);
}

fn floats() -> impl Strategy<Value = Vec<f64>> + Clone {
    let special = prop_oneof![Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(f64::NAN)];
    let any = prop_oneof![9 => seeds::value(), 1 => special];
    let positive = seeds::series().prop_map(|values| values.into_iter().map(f64::abs).collect());
    let ties = prop::collection::vec((-3i32..4).prop_map(f64::from), 0..900);
    prop_oneof![seeds::blocks(), seeds::long_series(), prop::collection::vec(any, 0..40), positive, ties].boxed()
}

fn integers<T: std::fmt::Debug + Clone + 'static>(
    value: impl Strategy<Value = T> + Clone + 'static,
) -> impl Strategy<Value = Vec<T>> + Clone {
    prop_oneof![prop::collection::vec(value.clone(), 0..9), prop::collection::vec(value, 0..2500)].boxed()
}

fn numbers() -> impl Strategy<Value = Vec<Number>> + Clone {
    let limb = || prop_oneof![3 => Just(0), 1 => any::<u64>()];
    let low = prop_oneof![2 => 0u64..300, 1 => any::<u64>()];
    let decimal = (any::<bool>(), low, limb(), limb(), limb(), -5i16..20)
        .prop_map(|(negative, a, b, c, d, scale)| Number::from(Decimal { negative, magnitude: [a, b, c, d], scale }));
    let special = prop::sample::select(vec![f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -0.0]).prop_map(Number::from);
    let number = prop_oneof![
        8 => decimal,
        4 => any::<i64>().prop_map(Number::from),
        4 => seeds::value().prop_map(Number::from),
        1 => special,
    ];
    prop_oneof![prop::collection::vec(number.clone(), 0..9), prop::collection::vec(number, 0..300)].boxed()
}

fn tiers() -> impl Strategy<Value = (Tier, Tiers)> {
    (prop::sample::select(Tier::available()), prop::sample::select(vec![Tiers::Same, Tiers::Best]))
}

proptest! {
    #![proptest_config(seeds::cases(100))]
    #[test]
    fn floats_go_on_as_if_never_written(
        spec in spec(), keep in keep(), steps in steps(floats()), tiers in tiers(), narrow: Option<Index>,
    ) {
        check(&spec, keep, &steps, tiers, narrow);
    }

    #[test]
    fn signed_integers_go_on_as_if_never_written(
        spec in spec(), keep in keep(), tiers in tiers(), narrow: Option<Index>,
        steps in steps(integers((any::<i64>(), 0u32..64).prop_map(|(value, shift)| value >> shift))),
    ) {
        check(&spec, keep, &steps, tiers, narrow);
    }

    #[test]
    fn unsigned_integers_go_on_as_if_never_written(
        spec in spec(), keep in keep(), tiers in tiers(), narrow: Option<Index>,
        steps in steps(integers((any::<u64>(), 0u32..64).prop_map(|(value, shift)| value >> shift))),
    ) {
        check(&spec, keep, &steps, tiers, narrow);
    }
}

proptest! {
    #![proptest_config(seeds::cases(40))]
    #[test]
    fn decimals_go_on_as_if_never_written(
        spec in spec(), keep in keep(), steps in steps(numbers()), narrow: Option<Index>,
    ) {
        check(&spec, keep, &steps, (Tier::best(), Tiers::Same), narrow);
    }
}

#[test]
fn seeds_go_on_as_if_never_written() {
    let everything = Spec::default().with_statistics(Statistic::ALL.map(|(statistic, _)| statistic));
    let series = seeds::finite().into_iter().chain(seeds::orders(5000));
    for values in series {
        let (left, right) = values.split_at(values.len() / 3);
        for tier in Tier::available() {
            let steps = [
                Step::Update(left.to_vec()),
                Step::Merge(right.to_vec(), Keep::AtMost(300), true),
                Step::Finish,
                Step::Update(left.to_vec()),
                Step::Merge(right.to_vec(), Keep::All, false),
            ];
            for again_in in [Tiers::Same, Tiers::Best] {
                check(&everything, Keep::AtMost(300), &steps, (tier, again_in), None);
            }
        }
    }
}

/// Whatever can be asked of a scan, which must not panic.
fn use_up<T: Value>(scan: &Scan<T>, spec: &Spec, values: &[T]) {
    let mut scan = scan.clone();
    let mut other = Scan::new(spec, Keep::AtMost(200));
    other.update(values);
    for _ in 0..2 {
        let mut whole = scan.clone();
        let _ = whole.finish(spec);
        whole.update(values);
        let _ = whole.merge(other.clone());
        let mut merged = other.clone();
        let _ = merged.merge(whole.clone());
        let _ = merged.finish(spec);
        whole.merge(scan.clone()).unwrap();
        if let Ok(Outcome::Again(brackets)) = whole.finish(spec) {
            let mut pass = whole.narrow(Keep::AtMost(200), brackets);
            pass.update(values);
            let _ = whole.settle(pass); // they are not the same values
            let _ = whole.finish(spec);
        }
        let _ = scan.merge(other.clone());
        scan = read(&write(&scan)).unwrap();
    }
}

/// Bytes of scans with some of them changed, cut out or put in.
fn forged<T: Value>(spec: &Spec, scan: &Scan<T>, changes: &[(Index, u8, u8)], values: &[T]) {
    let mut bytes = payload(scan);
    for (place, kind, byte) in changes {
        let place = place.index(bytes.len().max(1));
        match kind {
            0..6 if place < bytes.len() => bytes[place] = *byte,
            6 if place < bytes.len() => drop(bytes.remove(place)),
            _ => bytes.insert(place, *byte),
        }
    }
    if let Ok(scan) = read::<T>(&enveloped::<T>(&bytes)) {
        use_up(&scan, spec, values);
    }
}

fn changes() -> impl Strategy<Value = Vec<(Index, u8, u8)>> {
    let byte = prop_oneof![any::<u8>(), 0u8..4, Just(0xff), Just(0x80)];
    prop::collection::vec((any::<Index>(), 0u8..8, byte), 1..4)
}

proptest! {
    #![proptest_config(seeds::cases(1000))]
    #[test]
    fn forged_floats_are_refused_or_harmless(
        spec in spec(), values in prop_oneof![seeds::series(), floats()], keep in keep(), changes in changes(),
    ) {
        let mut scan = Scan::new(&spec, keep);
        scan.update(&values);
        forged(&spec, &scan, &changes, &values);
    }

    #[test]
    fn forged_decimals_are_refused_or_harmless(spec in spec(), values in numbers(), changes in changes()) {
        let mut scan = Scan::new(&spec, Keep::AtMost(128));
        scan.update(&values[..values.len().min(40)]);
        forged(&spec, &scan, &changes, &values[..values.len().min(20)]);
    }
}

#[test]
fn lengths_that_lie_take_no_memory() {
    let spec = Spec::default().with_statistics(Statistic::ALL.map(|(statistic, _)| statistic));
    let mut scan = Scan::<f64>::new(&spec, Keep::AtMost(128));
    scan.update(&[1.5, -2.0, 0.0, 1e300]);
    let bytes = payload(&scan);
    for length in [1u64 << 36, 1 << 48, u64::MAX >> 4, u64::MAX] {
        let length = postcard::to_stdvec(&length).unwrap();
        for index in 0..bytes.len() {
            let forged = [&bytes[..index], &length, &bytes[index + 1..]].concat();
            if let Ok(scan) = read::<f64>(&enveloped::<f64>(&forged)) {
                use_up(&scan, &spec, &[2.5]);
            }
        }
    }
}

#[test]
fn what_no_values_leave_behind_is_refused() {
    // NaN policy, nulls, NaNs; order, count, two infinities, unit, sum, squares, parts; extrema, candidates, optional.
    let moments = |count: u64, infinities: u64, unit: i32, sum: i128, squares: u64| {
        (1u8, 0u64, 0u64, (2u8, count, infinities, 0u64, (unit, sum, [squares, 0, 0, 0]), 0u8), 0u8, 0u8, 0u8)
    };
    let accepted = |count, infinities, unit, sum, squares| {
        let bytes = postcard::to_stdvec(&moments(count, infinities, unit, sum, squares)).unwrap();
        read::<f64>(&enveloped::<f64>(&bytes)).is_ok()
    };
    assert!(accepted(2, 0, 0, 5, 13)); // of 2 and 3
    assert!(accepted(3, 1, 0, 5, 13));
    assert!(!accepted(2, 0, 0, 6, 13), "S² > n·Q");
    assert!(!accepted(2, 1, 0, 5, 13), "S² > n·Q of what is finite");
    assert!(!accepted(1, 2, 0, 0, 0), "more infinities than values");
    assert!(!accepted(0, 0, 0, 0, 13), "squares of nothing");
    assert!(!accepted(2, 0, -1075, 5, 13), "below the least unit");
    assert!(!accepted(2, 0, 921, 5, 13), "above the greatest unit");
    assert!(!accepted(2, 0, 0, i128::MIN, u64::MAX), "beyond the frame");
    assert!(!accepted((1 << 48) + 1, 0, 0, 5, 13), "more rows than there can be");
}

#[test]
fn cells_are_those_around_their_edges() {
    use crate::stats::select::Candidates;
    let key = |x: i64| x.to_le_bytes();
    let keys = |of: &[i64]| -> Vec<Vec<u8>> {
        if of.is_empty() { Vec::new() } else { vec![of.iter().flat_map(|x| key(*x)).collect()] }
    };
    type Pieces = Vec<Vec<u8>>;
    type Sample = (Pieces, Vec<Pieces>, u64, u64, u64, u64);
    type Whole = (Pieces, Vec<bool>, Vec<u64>, Option<u64>, Pieces, Vec<Sample>);
    let whole = || -> Whole {
        let sample = (keys(&[12, 15]), vec![keys(&[19])], 1, 0, 0, 7);
        (keys(&[10, 20]), vec![false, true, false], vec![4, 4, 9], Some(128), keys(&[13]), vec![sample])
    };
    let accepted = |change: fn(&mut Whole)| {
        let mut whole = whole();
        change(&mut whole);
        // Bytes as pieces are written, which `Vec<u8>` is not told apart from.
        postcard::from_bytes::<Candidates<i64>>(&postcard::to_stdvec(&whole).unwrap()).is_ok()
    };
    assert!(accepted(|_| {}));
    assert!(!accepted(|whole| whole.0[0].swap(0, 8)), "edges that descend");
    assert!(!accepted(|whole| whole.0[0].truncate(15)), "half an edge");
    assert!(!accepted(|whole| whole.0[0][8] = 11), "a kept bin of a single key");
    assert!(!accepted(|whole| whole.1.truncate(2)), "too few bins");
    assert!(!accepted(|whole| whole.1[0] = true), "a sample is missing");
    assert!(!accepted(|whole| whole.2.truncate(2)), "too few counts");
    assert!(!accepted(|whole| whole.2[1] = 5), "a value is missing");
    assert!(!accepted(|whole| whole.2[0] = u64::MAX), "counts that overflow");
    assert!(!accepted(|whole| whole.3 = Some(127)), "too small a capacity");
    assert!(!accepted(|whole| whole.4[0][0] = 9), "a key of a bin that is not kept");
    assert!(!accepted(|whole| whole.5[0].0[0][0] = 9), "a key of another bin");
    assert!(!accepted(|whole| whole.5[0].1[0][0][0] = 20), "a key of another bin");
    assert!(!accepted(|whole| whole.5[0].1.push(Vec::new())), "an empty run");
    assert!(!accepted(|whole| whole.5[0].2 = 0), "no stride");
    assert!(!accepted(|whole| whole.5[0].2 = 3), "a stride that is no power of two");
    assert!(accepted(|whole| (whole.5[0].2, whole.5[0].3, whole.5[0].4) = (4, 7, 3)));
    assert!(!accepted(|whole| (whole.5[0].2, whole.5[0].3, whole.5[0].4) = (4, 8, 3)), "beyond the window");
    assert!(!accepted(|whole| (whole.5[0].2, whole.5[0].3, whole.5[0].4) = (4, 7, 4)), "beyond the window");
    assert!(!accepted(|whole| whole.5[0].3 = 1), "all of them, but for one");
    assert!(!accepted(|whole| whole.5[0].5 = 0), "a generator that stands still");
    let alone = |pending: &[i64], runs: Vec<Pieces>| {
        let sample: Sample = (keys(&[1]), runs, 1, 0, 0, 7);
        let whole: Whole = (keys(&[]), vec![true], vec![2], None, keys(pending), vec![sample]);
        postcard::from_bytes::<Candidates<i64>>(&postcard::to_stdvec(&whole).unwrap()).is_ok()
    };
    assert!(alone(&[], vec![keys(&[2])]));
    assert!(!alone(&[2], Vec::new()), "it would be forgotten with the next block");
}

#[test]
fn bytes_that_are_damaged_or_of_another_kind_are_refused() {
    let mut scan = Scan::<f64>::new(&Spec::default(), Keep::All);
    scan.update(&[1.0, 2.5]);
    let bytes = write(&scan);
    assert!(read::<f64>(&bytes).is_ok());
    for index in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[index] ^= 0x10;
        assert!(read::<f64>(&damaged).is_err(), "byte {index}");
        assert!(read::<f64>(&bytes[..index]).is_err(), "cut off at {index}");
    }
    assert!(read::<f64>(&[&bytes[..], &[0]].concat()).is_err());
    assert!(read::<i64>(&bytes).unwrap_err().to_string().contains("they hold a scan of floats, and a scan of signed"));
    assert!(read::<Number>(&bytes).is_err());
    let newer = [&MAGIC[..], &[2, 0, 0, 0], &bytes[12..]].concat();
    assert!(read::<f64>(&newer).unwrap_err().to_string().contains("format is 2"));
}

/// Fails when scans are written in another way: then the format of checkpoints has to grow by one.
#[test]
fn the_form_is_that_of_format_1() {
    let everything = Spec::default().with_statistics(Statistic::ALL.map(|(statistic, _)| statistic));
    // Units are those of the tier's frames.
    let mut floats = Scan::<f64>::new(&everything, Keep::AtMost(200)).with_tier(Tier::available()[0]);
    floats.update(&[0.5, -3.0, 0.0, 1e300, f64::INFINITY]);
    floats.update_nulls(2);
    let mut decimals = Scan::<Number>::new(&everything, Keep::All);
    decimals.update(&[Decimal { negative: true, magnitude: [7, 0, 1, 0], scale: 2 }.into(), 2.5.into()]);
    let form = |bytes: Vec<u8>| (bytes.len(), crc32fast::hash(&bytes));
    assert_eq!(form(payload(&floats)), (1173, 3_431_467_464));
    assert_eq!(form(payload(&decimals)), (478, 3_584_653_504));
}
