//! Every window against the same values described alone.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, UInt64Type};
use arrow_array::{
    Array, ArrayRef, Decimal128Array, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray,
};
use arrow_schema::{DataType, Field};
use proptest::prelude::*;

use super::{Closed, Rolling};
use crate::stats::seeds;
use crate::{Describer, Error, Interrupt, Method, NanPolicy, NullPolicy, Series, Spec};

const STATISTICS: [&str; 13] = [
    "min", "max", "range", "sum", "mean", "variance", "stddev", "sem", "iqr", "skewness", "kurtosis", "n_unique", "cv",
];

fn spec() -> Spec {
    let spec = Spec::default().with_quantiles(&[0.0, 0.1, 0.5, 0.99]).unwrap();
    spec.with_statistics(vec![]).with_statistics_named(STATISTICS).unwrap()
}

/// The rows of the window of `row`, by comparing every row of its group.
fn slowly(rolling: &Rolling, row: usize, group: &[usize], times: &[i64]) -> Vec<usize> {
    use super::question::Extent;
    let at = group.iter().position(|other| *other == row).unwrap() as i128;
    let (first, last) = (rolling.closed.holds_first(), rolling.closed.holds_last());
    let inside = |index: usize| {
        let index = index as i128;
        match rolling.extent {
            Extent::All => index <= at,
            Extent::Rows(rows) => {
                let end = at + if rolling.center { i128::from(rows - 1) / 2 } else { 0 };
                let start = end - i128::from(rows) + 1 - i128::from(first);
                index >= start && (index < end || index == end && last)
            }
            Extent::Time(span) => {
                let (now, time) = (i128::from(times[row]), i128::from(times[group[index as usize]]));
                let (twice, span) = (2 * (time - now), i128::from(span));
                let reach = if rolling.center { span } else { 2 * span };
                let from = twice > -reach || first && twice == -reach;
                let to = match rolling.center {
                    true => twice < span || last && twice == span,
                    false if last => index <= at,
                    false => time < now,
                };
                from && to
            }
        }
    };
    (0..group.len()).filter(|&index| inside(index)).map(|index| group[index]).collect()
}

struct Data {
    values: ArrayRef,
    keys: Option<ArrayRef>,
    times: Vec<i64>,
}

impl Data {
    fn of(values: Vec<f64>) -> Self {
        Self { values: Arc::new(Float64Array::from(values)), keys: None, times: vec![] }
    }

    fn describe(&self, rolling: &Rolling, spec: &Spec) -> Result<RecordBatch, Error> {
        let series = Series::from_arrays(None, vec![self.values.clone()])?;
        let by = self.keys.iter().map(|keys| (Arc::new(Field::new("k", keys.data_type().clone(), true)), keys.clone()));
        let on: ArrayRef = Arc::new(TimestampMillisecondArray::from(self.times.clone()));
        let on = rolling.needs_times().then_some(&on);
        rolling.describe(&[series], by.collect(), on, spec, &Interrupt::default())
    }

    /// Each window of an answer, to the bit.
    fn check(&self, rolling: &Rolling, spec: &Spec) {
        let found = self.describe(&rolling.clone().with_counts(), spec).unwrap();
        let rows = self.values.len();
        assert_eq!(found.num_rows(), rows.div_ceil(rolling.step));
        let group_of = |row: usize| -> Vec<usize> {
            let Some(keys) = &self.keys else { return (0..rows).collect() };
            let keys: &StringArray = keys.as_string();
            let key = |row: usize| keys.is_valid(row).then(|| keys.value(row));
            (0..rows).filter(|&other| key(other) == key(row)).collect()
        };
        let nanoseconds: Vec<i64> = self.times.iter().map(|time| time * 1_000_000).collect();
        let mut describer = Describer::new(spec);
        for (index, row) in (0..rows).step_by(rolling.step).enumerate() {
            let window = slowly(rolling, row, &group_of(row), &nanoseconds);
            let window: Vec<u64> = window.into_iter().map(|row| row as u64).collect();
            let inside = arrow_select::take::take(&self.values, &arrow_array::UInt64Array::from(window), None).unwrap();
            let expected = describer.describe(&inside).unwrap();
            let count = found["count"].as_primitive::<UInt64Type>().value(index);
            assert_eq!(count, expected.count, "{rolling:?} row {row} {inside:?}");
            for name in spec.field_names().iter() {
                let expected = expected.get(name).filter(|_| count >= rolling.min_periods);
                let column = &found[name.as_str()];
                let value = column.is_valid(index).then(|| match column.data_type() {
                    DataType::UInt64 => column.as_primitive::<UInt64Type>().value(index) as f64,
                    _ => column.as_primitive::<Float64Type>().value(index),
                });
                assert!(
                    value.map(f64::to_bits) == expected.map(f64::to_bits)
                        || value.is_some_and(f64::is_nan) && expected.is_some_and(f64::is_nan),
                    "{name} of {rolling:?}, row {row}: {value:?}, not {expected:?}, of {inside:?}"
                );
            }
        }
    }
}

fn shapes() -> Vec<Rolling> {
    let mut shapes = vec![Rolling::expanding(), Rolling::expanding().with_step(3).unwrap()];
    for rows in [1, 2, 3, 7, 40] {
        let usual = Rolling::rows(rows).unwrap();
        shapes.push(usual.clone());
        shapes.push(usual.clone().with_min_periods(1.min(rows)).unwrap());
        shapes.push(usual.clone().centered().with_min_periods(0).unwrap());
        shapes.push(usual.clone().with_step(4).unwrap());
        for (closed, _) in Closed::ALL {
            shapes.push(usual.clone().with_closed(closed).with_min_periods(1).unwrap());
            shapes.push(usual.clone().with_closed(closed).centered().with_min_periods(1).unwrap());
        }
    }
    shapes
}

fn time_shapes() -> Vec<Rolling> {
    let mut shapes = Vec::new();
    for milliseconds in [1, 2, 5, 30, 100_000] {
        let usual = Rolling::time(milliseconds * 1_000_000).unwrap();
        for (closed, _) in Closed::ALL {
            shapes.push(usual.clone().with_closed(closed));
            shapes.push(usual.clone().with_closed(closed).centered().with_min_periods(0).unwrap());
            shapes.push(usual.clone().with_closed(closed).with_step(5).unwrap());
        }
    }
    shapes
}

/// Times in order, some of them equal, some far apart, from before 1970 on.
fn uneven(rows: usize) -> Vec<i64> {
    let mut time = -50;
    let steps = [1, 0, 3, 0, 0, 7, 1, 1, 40, 2];
    let next = |row: usize| {
        let now = time;
        time += steps[row * 7919 % steps.len()];
        now
    };
    (0..rows).map(next).collect()
}

#[test]
fn every_shape_of_every_seed() {
    for values in seeds::finite().into_iter().filter(|values| values.len() <= 120) {
        let mut data = Data::of(values);
        data.times = uneven(data.values.len());
        for rolling in shapes().iter().chain(&time_shapes()) {
            data.check(rolling, &spec());
        }
    }
}

#[test]
fn an_outlier_an_infinity_and_a_nan_enter_and_leave() {
    let usual = |row: usize| f64::from((row * 7919 % 100) as u32) / 10.0;
    for special in [1e300, f64::INFINITY, f64::NAN] {
        for (nan, _) in NanPolicy::ALL.into_iter().take(2) {
            let mut values: Vec<f64> = (0..70).map(usual).collect();
            (values[20], values[50], values[51]) = (special, special, -special);
            let mut data = Data::of(values);
            data.times = uneven(70);
            for rolling in shapes().iter().chain(&time_shapes()) {
                data.check(rolling, &spec().with_nan(nan));
            }
        }
    }
}

#[test]
fn nulls_and_keys() {
    let rows = 150;
    let values = (0..rows).map(|row| (row % 7 != 3).then(|| f64::from((row * 7919 % 1000) as u32) / 8.0));
    let keys = (0..rows).map(|row| ["a", "b", "a long key", "c"].get(row * row % 5).copied());
    let data = Data {
        values: Arc::new(values.collect::<Float64Array>()),
        keys: Some(Arc::new(keys.collect::<StringArray>())),
        times: uneven(rows),
    };
    for rolling in shapes().iter().chain(&time_shapes()) {
        data.check(rolling, &spec());
    }
    data.check(&Rolling::rows(5).unwrap().with_min_periods(1).unwrap(), &spec().with_null(NullPolicy::Propagate));
    let refused = data.describe(&Rolling::rows(5).unwrap(), &spec().with_null(NullPolicy::Raise)).unwrap_err();
    assert!(matches!(refused, Error::Nulls { nulls: 21 | 22, .. }), "{refused}");
}

#[test]
fn integers_and_decimals() {
    let wide: Vec<i64> = (0..60).map(|row| i64::MAX - row * row * 7919).collect();
    let decimals: Vec<i128> = (0..60).map(|row| row * 7919 % 1000 - 300 + (row % 9) * 10i128.pow(30)).collect();
    let decimals = Decimal128Array::from(decimals).with_precision_and_scale(38, 3).unwrap();
    for values in [Arc::new(Int64Array::from(wide)) as ArrayRef, Arc::new(decimals)] {
        let data = Data { values, keys: None, times: vec![] };
        for rolling in shapes() {
            data.check(&rolling, &spec());
        }
    }
}

#[test]
fn every_method() {
    let values = (0..60).map(|row| f64::from(row * 7919 % 1000) * 0.1).collect();
    let data = Data::of(values);
    for (method, _) in Method::ALL {
        let spec = spec().with_method(method).with_quantiles(&[0.0, 0.123456789, 0.25, 0.7, 1.0]).unwrap();
        data.check(&Rolling::rows(9).unwrap().with_min_periods(1).unwrap(), &spec);
    }
}

/// Of series that are [`long`].
const KINDS: Range<usize> = 0..13;

/// Long enough for the sums of eight stretches side by side, and for stretches of ranks.
fn long(kind: usize, rows: usize) -> Vec<f64> {
    let mut state = 88172645463325252u64 + kind as u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as f64 / u64::MAX as f64
    };
    let value = |row: usize, random: f64| match kind {
        0 => random - 0.5,
        1 => (random * 20_000.0).floor() / 100.0,
        2 => 1e9 + random,
        3 => (random * 4.0).floor(),
        4 => ((random - 0.5) * 40.0).exp2(),
        5 => (row / 500) as f64,
        6 if row % 3000 == 1700 => 1e200 * random,
        6 => random,
        7 => f64::from_bits(0x7fe0_0000_0000_0000 | (random * 1e15) as u64),
        // Values of all 87 bits of a frame, and then of its last 53: each of the squares of these has more than 53 bits, too.
        8 => (1.0 + random) * f64::exp2(if row % 2600 < 1300 { 86.0 } else { 52.0 }),
        // Far from zero beside their spread.
        10 => 1.7e9 + row as f64,
        11 if row % 3000 == 1700 => 0.0,
        11 => -1e6 - random,
        12 => f64::exp2(53.0) + 2.0 * (random * 2.0).floor(),
        _ if row % 4000 < 2000 => (random - 0.5).signum() * (1.0 + random) * f64::exp2(86.0),
        _ => (random - 0.5).signum() * (1.0 + random) * f64::exp2(52.0),
    };
    (0..rows).map(|row| value(row, random())).collect()
}

/// These statistics of the windows of some rows.
fn same(
    names: &[&str],
    found: &RecordBatch,
    rows: impl Iterator<Item = usize>,
    values: &[f64],
    rolling: &Rolling,
    window: usize,
) {
    let spec = Spec::default().with_quantiles(&[]).unwrap().with_statistics_named(names.iter().copied()).unwrap();
    let mut describer = Describer::new(&spec);
    for row in rows {
        let inside = &values[(row + 1).saturating_sub(window)..=row];
        let expected = describer.describe_values(inside).unwrap();
        for name in names {
            let expected = expected.get(name).filter(|_| inside.len() as u64 >= rolling.min_periods);
            let column = found[*name].as_primitive::<Float64Type>();
            let value = column.is_valid(row).then(|| column.value(row));
            assert_eq!(
                value.map(f64::to_bits),
                expected.map(f64::to_bits),
                "{name} in row {row} of windows of {window}"
            );
        }
    }
}

#[test]
fn long_series_of_every_kind() {
    for kind in KINDS {
        for window in [1, 2, 3, 20, 600, 1000, 3000] {
            let rows = if window > 100 { 40_000 } else { 12_000 };
            let values = long(kind, rows);
            let data = Data::of(values.clone());
            let rolling = Rolling::rows(window as u64).unwrap().with_min_periods(1).unwrap();
            let names = ["sum", "mean", "variance", "stddev", "sem"];
            let spec = Spec::default().with_quantiles(&[]).unwrap().with_statistics(vec![]);
            let found = data.describe(&rolling, &spec.clone().with_statistics_named(names).unwrap()).unwrap();
            let some = (0..rows).filter(|row| row % if window > 100 { 37 } else { 1 } == 0);
            same(&names, &found, some, &values, &rolling, window);
            let alone = data.describe(&rolling, &spec.with_statistics_named(["sum", "mean"]).unwrap()).unwrap();
            assert_eq!((&alone["sum"], &alone["mean"]), (&found["sum"], &found["mean"]));
        }
    }
}

/// The first rows do not matter once they have left.
#[test]
fn windows_do_not_depend_on_where_the_series_begins() {
    for kind in KINDS {
        let values = long(kind, 30_000);
        let rolling = Rolling::rows(100).unwrap();
        let spec = Spec::default().with_statistics_named(["variance", "sem"]).unwrap();
        let whole = Data::of(values.clone()).describe(&rolling, &spec).unwrap();
        for dropped in [1, 777, 9000] {
            let rest = Data::of(values[dropped..].to_vec()).describe(&rolling, &spec).unwrap();
            let (from, count) = (dropped + 99, values.len() - dropped - 99);
            assert_eq!(whole.slice(from, count).columns(), rest.slice(99, count).columns(), "{kind} {dropped}");
        }
    }
}

#[test]
fn times_that_are_no_order_are_refused() {
    let mut data = Data::of(vec![1.0; 5]);
    let rolling = Rolling::time(3_000_000).unwrap();
    let refused = |data: &Data| data.describe(&rolling, &Spec::default()).unwrap_err().to_string();
    data.times = vec![0, 1, 5, 4, 6];
    assert!(refused(&data).contains("row 3 (counted from 0)"), "{}", refused(&data));
    data.times = vec![0, 1];
    assert!(refused(&data).contains("2 times and 5 rows"), "{}", refused(&data));
    data.times = vec![0, 1, 2, 3, i64::MAX / 1000];
    assert!(refused(&data).contains("row 4"), "{}", refused(&data));
    let series = Series::from_arrays(None, vec![data.values.clone()]).unwrap();
    let describe = |on: Option<&ArrayRef>| {
        rolling
            .describe(std::slice::from_ref(&series), vec![], on, &Spec::default(), &Interrupt::default())
            .unwrap_err()
    };
    assert!(describe(None).to_string().contains("name their column with on"));
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3, 4, 5]));
    assert!(describe(Some(&numbers)).to_string().contains("type int64"), "{}", describe(Some(&numbers)));
    let nulls: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![Some(1), None, Some(2), Some(3), Some(4)]));
    assert!(describe(Some(&nulls)).to_string().contains("row 1 (counted from 0) is null"));
}

/// As in pandas, a series that goes back in time is one that goes forward.
#[test]
fn descending_times_are_an_order_too() {
    let mut data = Data::of((0..40).map(f64::from).collect());
    data.times = uneven(40);
    let rolling = Rolling::time(5_000_000).unwrap();
    let forward = data.describe(&rolling, &spec()).unwrap();
    data.times.iter_mut().for_each(|time| *time = -*time);
    assert_eq!(data.describe(&rolling, &spec()).unwrap(), forward);
}

#[test]
fn what_windows_do_not_have_is_refused_by_name() {
    let data = Data::of(vec![1.0, 2.0]);
    for name in ["mad", "mode", "geometric_mean", "harmonic_mean", "trimmed_mean", "mean_ci"] {
        let spec = Spec::default().with_statistics_named([name]).unwrap();
        let refused = data.describe(&Rolling::rows(2).unwrap(), &spec).unwrap_err().to_string();
        assert!(refused.starts_with(&format!("windows have no {name}; they have count, min")), "{refused}");
    }
}

#[test]
fn no_rows_no_series() {
    let empty = Data::of(vec![]);
    let found = empty.describe(&Rolling::rows(3).unwrap(), &spec()).unwrap();
    assert_eq!((found.num_rows(), found.num_columns()), (0, spec().field_names().len()));
    let found = Rolling::rows(3).unwrap().describe(&[], vec![], None, &spec(), &Interrupt::default()).unwrap();
    assert_eq!((found.num_rows(), found.num_columns()), (0, 0));
}

proptest! {
    #![proptest_config(seeds::cases(40))]
    #[test]
    fn random_series_match(values in prop::collection::vec(seeds::value(), 1..80), shape in any::<prop::sample::Index>()) {
        let mut data = Data::of(values);
        data.times = uneven(data.values.len());
        let shapes: Vec<Rolling> = shapes().into_iter().chain(time_shapes()).collect();
        data.check(shape.get(&shapes), &spec());
    }
}
