use arrow_array::{Decimal128Array, Float64Array, Int64Array, StringArray};
use arrow_schema::Field;

use super::*;

/// Numbers that follow from a seed: splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// Rows by two keys: one key has most of them, many have one or two, some have none at all.
struct Rows {
    text: StringArray,
    number: Int64Array,
    floats: Float64Array,
    integers: Int64Array,
    decimals: Decimal128Array,
}

impl Rows {
    fn new(seed: u64, rows: usize) -> Self {
        let mut random = Random(seed);
        let text = (0..rows).map(|_| match random.below(10) {
            0 => None,
            1 => Some(format!("a key that is longer than others {}", random.below(2000))),
            2 => Some(format!("{}", random.below(5))),
            _ => Some("hot".to_owned()),
        });
        let text = text.collect();
        let number = (0..rows).map(|_| (random.below(8) > 0).then_some(-7)).collect();
        let floats = (0..rows).map(|row| match random.below(20) {
            0 => None,
            1 => Some(1e17),
            2 if row % 3 == 0 => Some(f64::from_bits(random.next() & !(0x7ff << 52) | 0x3f0 << 52)),
            _ => Some((random.below(1 << 20) as f64).sqrt() - 500.0),
        });
        let floats = floats.collect();
        let integers = (0..rows).map(|_| Some(random.next() as i64 >> random.below(60))).collect();
        let decimals: Decimal128Array = (0..rows).map(|_| Some(random.below(1 << 40) as i128 - (1 << 39))).collect();
        Self { text, number, floats, integers, decimals: decimals.with_precision_and_scale(20, 3).unwrap() }
    }

    fn keys(&self, start: usize, length: usize) -> Vec<(FieldRef, ArrayRef)> {
        let text: ArrayRef = Arc::new(self.text.slice(start, length));
        let number: ArrayRef = Arc::new(self.number.slice(start, length));
        let field = |name: &str, keys: &ArrayRef| Arc::new(Field::new(name, keys.data_type().clone(), true));
        vec![(field("text", &text), text), (field("number", &number), number)]
    }

    fn series(&self, start: usize, length: usize) -> Vec<Series> {
        let series = |name: &str, values: ArrayRef| Series::from_arrays(Some(name.to_owned()), vec![values]).unwrap();
        vec![
            series("floats", Arc::new(self.floats.slice(start, length))),
            series("integers", Arc::new(self.integers.slice(start, length))),
            series("decimals", Arc::new(self.decimals.slice(start, length))),
        ]
    }
}

fn by() -> Vec<String> {
    vec!["text".to_owned(), "number".to_owned()]
}

fn travelled(part: GroupedAccumulator) -> GroupedAccumulator {
    GroupedAccumulator::from_bytes(&part.to_bytes().unwrap()).unwrap()
}

/// The answer of parts whose rows are cut, merged and split in an order of chance.
fn in_parts(rows: &Rows, length: usize, empty: &GroupedAccumulator, random: &mut Random) -> Summaries {
    let interrupt = Interrupt::default();
    let scan = |empty: &GroupedAccumulator, random: &mut Random| {
        let (mut parts, mut start) = (Vec::new(), 0);
        while start < length {
            let mut part = empty.clone();
            for _ in 0..1 + random.below(3) {
                let more = (1 + random.below(length as u64 / 3) as usize).min(length - start);
                part.update(rows.keys(start, more), &rows.series(start, more), &interrupt).unwrap();
                start += more;
            }
            parts.push(travelled(part));
        }
        // Each bucket comes to a place of its own.
        let buckets = 1 + random.below(4) as u32;
        let mut whole = empty.clone();
        let mut split: Vec<GroupedAccumulator> = (0..buckets).map(|_| empty.clone()).collect();
        while !parts.is_empty() {
            let part = parts.swap_remove(random.below(parts.len() as u64) as usize);
            for (bucket, part) in split.iter_mut().zip(part.split(buckets).unwrap()) {
                bucket.merge(&travelled(part)).unwrap();
            }
        }
        for mut bucket in split {
            if random.below(4) > 0 {
                bucket.condense(&interrupt).unwrap();
            }
            whole.merge(&travelled(bucket)).unwrap();
        }
        assert!(empty.is_another_pass() || whole.rows() == length as u64);
        whole
    };
    let mut whole = scan(empty, random);
    let mut passes = 1;
    while let Some(again) = whole.another_pass().unwrap() {
        passes += 1;
        assert!(passes < 10 && again.many.len() < 20);
        let found = scan(&travelled(again), random);
        whole.settle(&found).unwrap();
    }
    travelled(whole).summaries(&interrupt).unwrap()
}

#[test]
fn parts_have_the_bits_of_all_rows() {
    let moments = Spec::default().with_statistics_named(["mean", "stddev", "skewness", "min", "max", "sum"]).unwrap();
    let specs = [
        Spec::default().with_quantiles(&[0.0, 0.25, 0.5, 0.999]).unwrap(),
        moments.with_quantiles(&[]).unwrap(),
        Spec::default().with_statistics_named(["mode", "n_unique", "iqr", "mad"]).unwrap(),
    ];
    for seed in 0..9 {
        let mut random = Random(seed);
        let length = [300, 4_000, 70_000][seed as usize % 3];
        let rows = Rows::new(seed, length);
        let spec = &specs[seed as usize / 3];
        let expected =
            describe_groups(rows.keys(0, length), &rows.series(0, length), spec, &Interrupt::default()).unwrap();
        for kept in [None, Some(256), Some(5000)] {
            let question = Accumulator::new(spec);
            let question = match kept {
                Some(kept) => question.with_kept(kept),
                None => question,
            };
            let empty = GroupedAccumulator::new(question, by()).unwrap();
            let found = in_parts(&rows, length, &empty, &mut random);
            assert!(found.same(&expected), "seed {seed}, kept {kept:?}");
        }
    }
}

#[test]
fn a_hot_key_is_small_and_others_are_their_rows() {
    let rows = Rows::new(1, 200_000);
    let spec = Spec::default().with_quantiles(&[0.5]).unwrap();
    let mut all = GroupedAccumulator::new(Accumulator::new(&spec).with_kept(256), by()).unwrap();
    all.update(rows.keys(0, 200_000), &rows.series(0, 200_000), &Interrupt::default()).unwrap();
    all.look_at_groups().unwrap();
    assert!((1..20).contains(&all.many.len()), "{}", all.many.len());
    assert!(all.held.rows < 30_000, "{}", all.held.rows);
    // As rows they take 10 MB.
    let written = all.to_bytes().unwrap().len();
    assert!(written < 3 << 20, "{written}");
    let again = all.another_pass().unwrap().unwrap();
    assert!(again.to_bytes().unwrap().len() < 20_000);
}

#[test]
fn what_does_not_go_together_is_told() {
    let rows = Rows::new(2, 1000);
    let interrupt = Interrupt::default();
    let spec = Spec::default();
    let empty = GroupedAccumulator::new(Accumulator::new(&spec).with_kept(256), by()).unwrap();
    let mut part = empty.clone();
    part.update(rows.keys(0, 1000), &rows.series(0, 1000), &interrupt).unwrap();
    let said = |result: Result<()>| result.unwrap_err().to_string();

    let other = GroupedAccumulator::new(Accumulator::new(&spec).with_kept(256), vec!["text".to_owned()]).unwrap();
    assert!(said(part.merge(&other)).contains("this one is by text, number, the other one by text"));
    let other = GroupedAccumulator::new(Accumulator::new(&spec).with_kept(300), by()).unwrap();
    assert!(said(part.merge(&other)).contains("keep different numbers of values"));
    let fewer = part.clone().update(rows.keys(0, 10), &rows.series(0, 10)[..1], &interrupt);
    assert!(said(fewer).contains("here are floats, and before there were floats, integers, decimals"));
    let mut series = rows.series(0, 10);
    series[0] = series[1].clone().with_name(Some("floats".to_owned()));
    assert!(said(part.clone().update(rows.keys(0, 10), &series, &interrupt)).contains("'floats' is of type Int64 now"));
    series[0] = series[1].clone();
    assert!(said(empty.clone().update(rows.keys(0, 10), &series, &interrupt)).contains("two columns are named"));
    let swapped = rows.keys(0, 10).into_iter().rev().collect();
    assert!(said(part.clone().update(swapped, &rows.series(0, 10), &interrupt)).contains("the keys of these groups"));

    let mut first = GroupedAccumulator::new(Accumulator::new(&spec), by()).unwrap();
    first.update(rows.keys(0, 1000), &rows.series(0, 1000), &interrupt).unwrap();
    let mut second = first.clone();
    first.condense(&interrupt).unwrap();
    second.merge(&first).unwrap();
    assert!(said(second.summaries(&interrupt).map(|_| ())).contains("answered before all of its rows"));

    let mut limited = GroupedAccumulator::new(Accumulator::new(&spec).with_memory_limit(20_000), by()).unwrap();
    limited.update(rows.keys(0, 10), &rows.series(0, 10), &interrupt).unwrap();
    let error = limited.update(rows.keys(0, 1000), &rows.series(0, 1000), &interrupt).unwrap_err();
    assert!(matches!(error, Error::MemoryLimit { limit: 20_000, .. }), "{error}");
    assert_eq!(limited.rows(), 10);

    let again = GroupedAccumulator::new(Accumulator::new(&spec), vec![]).unwrap_err();
    assert!(again.to_string().contains("at least one column of keys"));
    assert!(GroupedAccumulator::new(Accumulator::new(&spec), vec!["mean".to_owned()]).is_err());
    let mut whole = part;
    assert!(whole.settle(&empty).is_err());
}

#[test]
fn damaged_bytes_are_an_error() {
    let rows = Rows::new(3, 900);
    let spec = Spec::default().with_quantiles(&[0.5]).unwrap();
    let mut part = GroupedAccumulator::new(Accumulator::new(&spec).with_kept(256), by()).unwrap();
    part.update(rows.keys(0, 900), &rows.series(0, 900), &Interrupt::default()).unwrap();
    part.look_at_groups().unwrap();
    let mut other = part.clone();
    other.condense(&Interrupt::default()).unwrap();
    for bytes in [part, other].map(|part| part.to_bytes().unwrap()) {
        for length in (0..bytes.len()).step_by(97) {
            assert!(GroupedAccumulator::from_bytes(&bytes[..length]).is_err(), "{length}");
        }
        // Bytes with a checksum that agrees with them: whatever they say, nothing panics.
        for place in (13..bytes.len() - 4).step_by(73) {
            let mut changed = bytes.clone();
            changed[place] ^= 1 << (place % 8);
            let end = changed.len() - 4;
            let checksum = crc32fast::hash(&changed[..end]);
            changed[end..].copy_from_slice(&checksum.to_le_bytes());
            if let Ok(mut read) = GroupedAccumulator::from_bytes(&changed) {
                let _ = read.summaries(&Interrupt::default());
            }
        }
    }
}

#[test]
fn rows_that_come_one_by_one_take_no_more_than_rows() {
    let (rows, interrupt) = (Rows::new(4, 3000), Interrupt::default());
    let spec = Spec::default().with_statistics_named(["mean", "stddev"]).unwrap().with_quantiles(&[0.5]).unwrap();
    let mut live = GroupedAccumulator::new(Accumulator::new(&spec), by()).unwrap();
    for row in 0..3000 {
        live.update(rows.keys(row, 1), &rows.series(row, 1), &interrupt).unwrap();
    }
    assert!(live.held.batches.len() < 20, "{}", live.held.batches.len());
    let expected = describe_groups(rows.keys(0, 3000), &rows.series(0, 3000), &spec, &interrupt).unwrap();
    assert!(live.summaries(&interrupt).unwrap().same(&expected));

    let strict = spec.with_null(NullPolicy::Raise);
    let mut strict = GroupedAccumulator::new(Accumulator::new(&strict), by()).unwrap();
    let error = strict.update(rows.keys(0, 3000), &rows.series(0, 3000), &interrupt).unwrap_err();
    assert!(matches!(&error, Error::Nulls { name: Some(name), .. } if name == "floats"), "{error}");
    assert_eq!(strict.rows(), 0);
}
