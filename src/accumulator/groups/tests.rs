use arrow_array::{
    BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float64Array, Int8Array, Int64Array,
    NullArray, StringArray, StructArray, TimestampMillisecondArray,
};
use arrow_schema::{DataType, Field};

use super::columns::{is_number, series};
use super::*;
use crate::describe::{Part, describe_groups, describe_kinds};
use crate::spec::Statistic;
use crate::summary::Summaries;

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

    /// Columns that hold no numbers, each value by its row. Of `late` and `late_number` there is none in the first rows: parts that have only such do
    /// not know their types.
    fn others(seed: u64, rows: usize) -> Vec<(Field, ArrayRef)> {
        let mut random = Random(seed ^ 0xa5a5);
        let mut some = |of: u64| (random.below(9) > 0).then(|| random.below(of));
        let text = |value: u64| ["", "é", "Zürich", "a text that is longer than twelve bytes"][value as usize % 4];
        let days: Date32Array = (0..rows).map(|_| some(40_000).map(|day| day as i32 - 20_000)).collect();
        let times: TimestampMillisecondArray = (0..rows).map(|_| some(1 << 40).map(|time| time as i64)).collect();
        let flags: BooleanArray = (0..rows).map(|_| some(3).map(|value| value == 0)).collect();
        let texts: StringArray = (0..rows).map(|_| some(4).map(text)).collect();
        let bytes: BinaryArray = (0..rows).map(|_| some(200).map(|byte| vec![byte as u8, 255])).collect();
        let sizes = Int8Array::from_iter((0..rows).map(|_| some(3).map(|size| size as i8)));
        let sizes = DictionaryArray::new(sizes, Arc::new(StringArray::from(vec!["small", "medium", "large"])));
        let valid: Vec<bool> = (0..rows).map(|_| some(2).is_some()).collect();
        let nested = StructArray::new_empty_fields(rows, Some(valid.into()));
        let late: StringArray = (0..rows).map(|row| some(50).filter(|_| 5 * row > 2 * rows).map(text)).collect();
        let late_number: Int64Array =
            (0..rows).map(|row| some(50).filter(|_| 3 * row > rows).map(|value| value as i64)).collect();
        let arrays: [(&str, ArrayRef); 9] = [
            ("day", Arc::new(days)),
            ("time", Arc::new(times.with_timezone("+01:00"))),
            ("flag", Arc::new(flags)),
            ("word", Arc::new(texts)),
            ("bytes", Arc::new(bytes)),
            ("size", Arc::new(sizes)),
            ("nested", Arc::new(nested)),
            ("late", Arc::new(late)),
            ("late_number", Arc::new(late_number)),
        ];
        let field = |name: &str, array: &ArrayRef| {
            Field::new(name, array.data_type().clone(), true).with_dict_is_ordered(name == "size")
        };
        arrays.into_iter().map(|(name, array)| (field(name, &array), array)).collect()
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

/// Some rows of columns, as a part has them: text in one of several types, and no type where all are null.
fn part_of(columns: &[(Field, ArrayRef)], start: usize, length: usize) -> (Vec<Series>, Vec<TypedColumn>) {
    let (mut numbers, mut others) = (Vec::new(), Vec::new());
    for (field, values) in columns {
        let (mut field, mut values) = (field.clone(), values.slice(start, length));
        if values.null_count() == length && field.name().starts_with("late") {
            values = Arc::new(NullArray::new(length));
        } else if field.name() == "word" {
            let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
            let types = [DataType::Utf8, DataType::LargeUtf8, DataType::Utf8View, dictionary];
            values = arrow_cast::cast(&values, &types[start % types.len()]).unwrap();
        }
        field.set_data_type(values.data_type().clone());
        let name = Some(field.name().clone());
        match field.data_type() {
            DataType::Int64 => numbers.push(Series::from_arrays(name, vec![values]).unwrap()),
            _ => others.push(TypedColumn { name, field: Arc::new(field), chunks: vec![values] }),
        }
    }
    (numbers, others)
}

fn by() -> Vec<String> {
    vec!["text".to_owned(), "number".to_owned()]
}

fn travelled(part: GroupedAccumulator) -> GroupedAccumulator {
    GroupedAccumulator::from_bytes(&part.to_bytes().unwrap()).unwrap()
}

/// The answer of parts whose rows are cut, merged and split in an order of chance.
fn in_parts(
    rows: &Rows,
    others: &[(Field, ArrayRef)],
    length: usize,
    empty: &GroupedAccumulator,
    random: &mut Random,
) -> (Summaries, Vec<Part>) {
    let interrupt = Interrupt::default();
    let scan = |empty: &GroupedAccumulator, random: &mut Random| {
        let (mut parts, mut start) = (Vec::new(), 0);
        while start < length {
            let mut part = empty.clone();
            for _ in 0..1 + random.below(3) {
                let more = (1 + random.below(length as u64 / 3) as usize).min(length - start);
                let (numbers, others) = part_of(others, start, more);
                let series = [rows.series(start, more), numbers].concat();
                part.update_all(rows.keys(start, more), &series, &others, &interrupt).unwrap();
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
    travelled(whole).answers(&interrupt).unwrap()
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
            let (found, _) = in_parts(&rows, &[], length, &empty, &mut random);
            assert!(found.same(&expected), "seed {seed}, kept {kept:?}");
        }
    }
}

#[test]
fn parts_have_the_answers_of_all_rows_for_every_kind() {
    let interrupt = Interrupt::default();
    let named = ["n_empty", "max_length", "n_unique", "mode", "n_true", "mean", "min", "max"];
    let specs = [
        Spec::default().with_quantiles(&[0.25, 0.5]).unwrap(),
        Spec::default().with_statistics_named(named).unwrap().with_top(2).unwrap(),
    ];
    for seed in 0..4 {
        let mut random = Random(seed);
        let length = [500, 70_000][seed as usize % 2];
        let (rows, others) = (Rows::new(seed, length), Rows::others(seed, length));
        let spec = &specs[seed as usize / 2];
        let (numbers, typed): (Vec<_>, Vec<_>) = others.iter().partition(|(field, _)| is_number(field));
        let series = numbers.iter().map(|(field, values)| series(field, values).unwrap());
        let series: Vec<Series> = rows.series(0, length).into_iter().chain(series).collect();
        let typed = typed.into_iter().map(|(field, values)| TypedColumn {
            name: Some(field.name().clone()),
            field: Arc::new(field.clone()),
            chunks: vec![values.clone()],
        });
        let expected = describe_groups(rows.keys(0, length), &series, spec, &interrupt).unwrap();
        let parts = describe_kinds(&typed.collect::<Vec<_>>(), Some(&rows.keys(0, length)), spec, &interrupt).unwrap();
        for kept in [None, Some(256)] {
            let question = Accumulator::new(spec);
            let question = match kept {
                Some(kept) => question.with_kept(kept),
                None => question,
            };
            let empty = GroupedAccumulator::new(question, by()).unwrap();
            let (found, found_parts) = in_parts(&rows, &others, length, &empty, &mut random);
            assert!(found.same(&expected), "seed {seed}, kept {kept:?}");
            for part in &found_parts {
                let like = parts.iter().find(|expected| expected.kind() == part.kind()).unwrap();
                assert_eq!(part.keys(), like.keys());
                for (name, answers) in part.columns() {
                    let (_, expected) = like.columns().iter().find(|(other, _)| other == name).unwrap();
                    assert_eq!(answers, expected, "seed {seed}, kept {kept:?}, {name:?}");
                }
            }
            let columns = |parts: &[Part]| parts.iter().map(|part| part.columns().len()).collect::<Vec<_>>();
            assert_eq!(columns(&found_parts), columns(&parts));
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
fn what_was_not_condensed_loses_nothing() {
    const ROWS: usize = 100_000;
    let rows = Rows::new(6, ROWS);
    let (interrupt, stopped) = (Interrupt::default(), Interrupt::default());
    stopped.stop();
    // Keys with many rows of which another pass is needed, and such that are decided.
    for (quantiles, is_decided) in [(&[0.5][..], false), (&[], true)] {
        let spec = Spec::default().with_statistics([Statistic::Mean]).with_quantiles(quantiles).unwrap();
        let mut all = GroupedAccumulator::new(Accumulator::new(&spec).with_kept(256), by()).unwrap();
        all.update(rows.keys(0, ROWS), &rows.series(0, ROWS), &interrupt).unwrap();
        all.look_at_groups().unwrap();
        let (many, held) = (all.many.len(), all.held.rows);
        assert!(many > 0 && held > 0, "{many} {held}");
        assert!(matches!(all.condense(&stopped), Err(Error::Interrupted)));
        assert_eq!((all.many.len(), all.held.rows, all.answered.len()), (many, held, 0));
        all.condense(&interrupt).unwrap();
        assert_eq!((all.many.is_empty(), all.held.rows), (is_decided, 0));
    }
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
    assert!(said(part.clone().update(rows.keys(0, 10), &series, &interrupt)).contains("'floats' is of type int64 now"));
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
    let mut table = part.clone();
    part.update(rows.keys(0, 900), &rows.series(0, 900), &Interrupt::default()).unwrap();
    let (_, others) = part_of(&Rows::others(3, 900), 0, 900);
    table.update_all(rows.keys(0, 900), &rows.series(0, 900)[..1], &others, &Interrupt::default()).unwrap();
    let mut states = vec![part, table];
    for state in &mut states {
        state.look_at_groups().unwrap();
    }
    for state in states.clone() {
        let mut answered = state;
        answered.condense(&Interrupt::default()).unwrap();
        states.push(answered);
    }
    for bytes in states.iter().map(|state| state.to_bytes().unwrap()) {
        for length in (0..bytes.len()).step_by(97) {
            assert!(GroupedAccumulator::from_bytes(&bytes[..length]).is_err(), "{length}");
        }
        // Bytes with a checksum that agrees with them: whatever they say, nothing panics.
        for place in (13..bytes.len() - 4).step_by(1 + bytes.len() / 90) {
            let mut changed = bytes.clone();
            changed[place] ^= 1 << (place % 8);
            let end = changed.len() - 4;
            let checksum = crc32fast::hash(&changed[..end]);
            changed[end..].copy_from_slice(&checksum.to_le_bytes());
            if let Ok(mut read) = GroupedAccumulator::from_bytes(&changed) {
                let _ = read.answers(&Interrupt::default());
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
