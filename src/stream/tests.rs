//! Windows against a model that looks at one row after the other, keeps lists, and describes each window alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::*;
use proptest::prelude::*;

use super::assign::Periods;
use super::question::Shape;
use super::*;
use crate::describe::describe;
use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::spec::{Spec, Statistic, parse_span};
use crate::stats::seeds;
use crate::summary::Summaries;

/// A row: its partition, time, key and value.
type Row = (usize, Option<i64>, Option<u8>, Option<f64>);

/// A window: its end, its start, its key (null last) and the values in it.
type Expected = (i64, i64, (bool, Option<u8>), Vec<Option<f64>>);

struct Model {
    shape: Shape,
    max_delay: i64,
    partitions: Vec<i64>,
    watermark: i64,
    open: Vec<Expected>,
    closed: Vec<Expected>,
    late: u64,
    partly_late: u64,
}

impl Model {
    fn new(shape: Shape, max_delay: i64, partitions: usize) -> Self {
        Self {
            shape,
            max_delay,
            partitions: vec![i64::MIN; partitions],
            watermark: i64::MIN,
            open: vec![],
            closed: vec![],
            late: 0,
            partly_late: 0,
        }
    }

    fn push(&mut self, (partition, time, key, value): Row) {
        let Some(time) = time else { return };
        let key = (key.is_none(), key);
        match self.shape {
            Shape::Periodic(periods) => {
                // All windows that hold the time, found by trying.
                let k = (time - periods.bounds(0).0) / periods.spans()[1];
                let far = periods.spans()[0] / periods.spans()[1] + 2;
                let all = (k - far..=k + 2).map(|k| periods.bounds(k)).filter(|(from, to)| *from <= time && time < *to);
                let (gone, here): (Vec<_>, Vec<_>) = all.partition(|(_, end)| *end <= self.watermark);
                self.late += u64::from(here.is_empty());
                self.partly_late += u64::from(!here.is_empty() && !gone.is_empty());
                for (start, end) in here {
                    let known = self.open.iter_mut().find(|open| (open.0, open.1, open.2) == (end, start, key));
                    match known {
                        Some(open) => open.3.push(value),
                        None => self.open.push((end, start, key, vec![value])),
                    }
                }
            }
            Shape::Session(gap) => {
                let joins = |open: &Expected| open.2 == key && time < open.0 && open.1 < time + gap;
                let (joined, others): (Vec<_>, Vec<_>) = self.open.drain(..).partition(joins);
                self.open = others;
                if joined.is_empty() && time + gap <= self.watermark {
                    self.late += 1;
                } else {
                    let mut session = (time + gap, time, key, vec![value]);
                    for (end, start, _, values) in joined {
                        session.0 = session.0.max(end);
                        session.1 = session.1.min(start);
                        session.3.extend(values);
                    }
                    self.open.push(session);
                }
            }
        }
        self.partitions[partition] = self.partitions[partition].max(time - self.max_delay);
        self.advance(*self.partitions.iter().min().unwrap());
    }

    fn advance(&mut self, to: i64) {
        self.watermark = self.watermark.max(to);
        let (mut closed, open): (Vec<_>, Vec<_>) = self.open.drain(..).partition(|open| open.0 <= self.watermark);
        self.open = open;
        closed.sort_by_key(|closed| (closed.0, closed.2));
        self.closed.extend(closed);
    }

    fn finish(mut self) -> Vec<Expected> {
        self.advance(i64::MAX);
        self.closed
    }
}

fn batch(rows: &[Row]) -> RecordBatch {
    let times: TimestampNanosecondArray = rows.iter().map(|row| row.1).collect();
    let keys: UInt8Array = rows.iter().map(|row| row.2).collect();
    let values: Float64Array = rows.iter().map(|row| row.3).collect();
    RecordBatch::try_from_iter_with_nullable([
        ("ts", Arc::new(times) as ArrayRef, true),
        ("key", Arc::new(keys) as ArrayRef, true),
        ("x", Arc::new(values) as ArrayRef, true),
    ])
    .unwrap()
}

/// What takes values, or what cells tell.
fn spec(of_values: bool) -> Spec {
    use Statistic::{Cv, Mean, Min, Range, Sem, Stddev, Sum};
    match of_values {
        true => Spec::default().with_statistics([Min, Sum, Mean, Stddev]).with_quantiles(&[0.5, 0.9]).unwrap(),
        false => Spec::default().with_statistics([Min, Range, Sum, Mean, Stddev, Sem, Cv]).with_quantiles(&[]).unwrap(),
    }
}

/// The windows as text: two that differ in a bit differ here.
fn told(windows: &Summaries) -> Vec<String> {
    if windows.is_empty() {
        return vec![];
    }
    let keys = windows.keys().unwrap();
    let at = |column: usize, row: usize| keys.column(column).as_primitive::<TimestampNanosecondType>().value(row);
    (0..windows.len())
        .map(|row| {
            let key_row = windows.key_row(row);
            let key = keys.columns().get(2).map(|key| key.as_primitive::<UInt8Type>());
            let key = key.and_then(|key| key.is_valid(key_row).then(|| key.value(key_row)));
            let statistics: Vec<_> = windows.statistics(row).map(|(_, value)| value.map(f64::to_bits)).collect();
            format!("{} {} {key:?} {:?} {statistics:?}", at(0, key_row), at(1, key_row), windows.counts(row))
        })
        .collect()
}

fn expected(windows: &[Expected], spec: &Spec) -> Vec<String> {
    let of = |(end, start, (_, key), values): &Expected| {
        let summary = describe(&Float64Array::from(values.clone()), spec).unwrap();
        let statistics: Vec<_> = summary.statistics().map(|(_, value)| value.map(f64::to_bits)).collect();
        let counts = Some([summary.count, summary.null_count, summary.nan_count]);
        format!("{start} {end} {key:?} {counts:?} {statistics:?}")
    };
    windows.iter().map(of).collect()
}

/// Pushes rows, cut where `cuts` says so; where a second number is odd, the windows are written and read again, and from 2 on their rows
/// are put into files.
fn windows_of(
    question: &Windowing,
    partitions: usize,
    rows: &[Row],
    cuts: &[(usize, usize)],
) -> (Vec<String>, Windows) {
    let mut windows = Windows::new(question.clone()).unwrap();
    (0..partitions).for_each(|partition| windows.declare(&partition.to_string()));
    let (mut found, mut rest, interrupt) = (Vec::new(), rows, Interrupt::default());
    for &(length, restores) in cuts.iter().cycle() {
        let Some(first) = rest.first() else { break };
        let same = rest.iter().take_while(|row| row.0 == first.0).count();
        let (now, later) = rest.split_at(same.min(length + 1));
        rest = later;
        found.extend(told(&windows.push_from(&first.0.to_string(), &batch(now), &interrupt).unwrap()));
        #[cfg(feature = "stream")]
        {
            if restores >= 2 {
                windows.spill(0).unwrap();
            }
            if restores % 2 == 1 {
                let bytes = windows.to_bytes(b"here").unwrap();
                let (restored, position) = Windows::from_bytes(&bytes).unwrap();
                assert_eq!(position, b"here");
                windows = restored;
            }
        }
    }
    found.extend(told(&windows.finish(&interrupt).unwrap()));
    assert_eq!(windows.open_windows(), 0);
    (found, windows)
}

fn shape() -> impl Strategy<Value = Shape> {
    let periodic =
        (1i64..60, 1i64..60, -100i64..100).prop_filter_map("a slide is at most the size", |(a, b, offset)| {
            Periods::new(a.max(b), a.min(b)).ok().map(|periods| Shape::Periodic(periods.with_offset(offset)))
        });
    prop_oneof![2 => periodic, 1 => (1i64..40).prop_map(Shape::Session)]
}

fn row() -> impl Strategy<Value = Row> {
    let value = prop_oneof![8 => (-50i32..50).prop_map(|v| Some(f64::from(v) / 7.0)), 1 => Just(None),
        1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(-0.0), Just(0.0), Just(1e300)].prop_map(Some)];
    let key = prop::option::weighted(0.9, 0u8..3);
    (0usize..3, prop::option::weighted(0.97, 0i64..40), key, value)
}

proptest! {
    #![proptest_config(seeds::cases(150))]
    #[test]
    fn windows_are_those_of_the_model(
        shape in shape(), max_delay in 0i64..50, partitions in 1usize..4, drift in 0i64..20, of_values in any::<bool>(), has_keys in any::<bool>(),
        rows in prop::collection::vec(row(), 0..150), cuts in prop::collection::vec((0usize..20, 0usize..4), 1..8),
        start in prop_oneof![Just(0i64), Just(-1000), Just(1_700_000_000_000_000_000)],
    ) {
        // Times that drift, within each partition.
        let rows: Vec<Row> = rows.into_iter().enumerate().map(|(index, (partition, time, key, value))| {
            let key = key.filter(|_| has_keys);
            (partition % partitions, time.map(|time| start + time + drift * index as i64 / 4), key, value)
        }).collect();
        let mut model = Model::new(shape, max_delay, partitions);
        rows.iter().for_each(|&row| model.push(row));
        let (late, partly_late) = (model.late, model.partly_late);
        let spec = spec(of_values);
        let question = Windowing { shape, max_delay, spec: spec.clone(), ..Windowing::tumbling(1).unwrap() };
        let by = if has_keys { vec!["key".to_owned()] } else { vec![] };
        let question = question.on("ts").by(by).columns(vec!["x".to_owned()]).with_late(Late::Keep);
        let expected = expected(&model.finish(), &spec);
        for cuts in [&cuts[..], &[(1000, 0)], &[(0, 0)]] {
            let (found, mut windows) = windows_of(&question, partitions, &rows, cuts);
            prop_assert_eq!(&found, &expected, "{:?}", cuts);
            prop_assert_eq!((windows.late_rows(), windows.partly_late_rows()), (late, partly_late));
            prop_assert_eq!(windows.take_late().iter().map(RecordBatch::num_rows).sum::<usize>() as u64, late);
            prop_assert_eq!(windows.null_time_rows(), rows.iter().filter(|row| row.1.is_none()).count() as u64);
        }
    }

    /// Where every partition is in order up to the longest delay, nothing is late, whatever the interleaving.
    #[test]
    fn nothing_is_late_within_the_delay(
        shape in shape(), max_delay in 0i64..50, of_values in any::<bool>(), has_keys in any::<bool>(), noise in prop::collection::vec((0usize..3, 0i64..1000), 1..50),
    ) {
        let mut clocks = [0i64; 3];
        let rows: Vec<Row> = noise.iter().map(|&(partition, noise)| {
            clocks[partition] += noise % 17;
            (partition, Some(clocks[partition] - noise % (max_delay + 1)), has_keys.then_some(noise as u8 % 3), Some(noise as f64))
        }).collect();
        let spec = spec(of_values);
        let question = Windowing { shape, max_delay, spec: spec.clone(), ..Windowing::tumbling(1).unwrap() };
        let by = if has_keys { vec!["key".to_owned()] } else { vec![] };
        let question = question.on("ts").by(by).columns(vec!["x".to_owned()]).with_late(Late::Error);
        let (mut found, windows) = windows_of(&question, 3, &rows, &[(7, 1)]);
        prop_assert_eq!(windows.late_rows(), 0);
        let mut model = Model::new(shape, i64::MAX / 4, 1);
        rows.iter().for_each(|&(_, time, key, value)| model.push((0, time, key, value)));
        let mut expected = expected(&model.finish(), &spec);
        found.sort_unstable();
        expected.sort_unstable();
        prop_assert_eq!(found, expected);
    }
}

fn simple(times: &[i64]) -> RecordBatch {
    let rows: Vec<Row> = times.iter().map(|&time| (0, Some(time), Some(1), Some(time as f64))).collect();
    batch(&rows)
}

fn minutes() -> Windowing {
    Windowing::tumbling(60).unwrap().on("ts").columns(vec!["x".to_owned()])
}

fn no_interrupt() -> Interrupt {
    Interrupt::default()
}

#[test]
fn an_interrupted_call_loses_nothing() {
    for question in [minutes(), Windowing::session(60).unwrap().on("ts").by(vec!["key".to_owned()])] {
        let mut windows = Windows::new(question).unwrap();
        windows.push(&simple(&[0, 5, 30]), &no_interrupt()).unwrap();
        let stopped = Interrupt::default();
        stopped.stop();
        assert!(matches!(windows.advance(1000, None, &stopped), Err(Error::Interrupted)));
        assert!(matches!(windows.push(&simple(&[2000]), &stopped), Err(Error::Interrupted)));
        let closed = windows.push(&simple(&[2000]), &no_interrupt()).unwrap();
        assert_eq!(closed.counts(0), Some([3, 0, 0]));
        assert_eq!(closed.len(), 1);
    }
}

#[test]
fn batches_of_another_schema_are_refused() {
    let mut windows = Windows::new(minutes()).unwrap();
    windows.push(&simple(&[0]), &no_interrupt()).unwrap();
    let floats = RecordBatch::try_from_iter([
        ("ts", Arc::new(Float64Array::from(vec![1.0])) as ArrayRef),
        ("key", Arc::new(UInt8Array::from(vec![1]))),
        ("x", Arc::new(Float64Array::from(vec![1.0]))),
    ]);
    let error = windows.push(&floats.unwrap(), &no_interrupt()).unwrap_err().to_string();
    assert!(error.contains("column 'ts' is of type") && error.contains("one schema"), "{error}");
    let error = windows.push(&simple(&[0]).project(&[1, 2]).unwrap(), &no_interrupt()).unwrap_err().to_string();
    assert!(error.contains("column 'ts' is not where it was"), "{error}");
    assert_eq!(windows.rows(), 1);
}

#[test]
fn late_rows_are_an_error_that_names_the_first() {
    for question in [minutes(), Windowing::session(60).unwrap().on("ts").columns(vec!["x".to_owned()])] {
        let mut windows = Windows::new(question.with_late(Late::Error)).unwrap();
        windows.push(&simple(&[0, 500]), &no_interrupt()).unwrap();
        let error = windows.push(&simple(&[501, 502, 7, 600]), &no_interrupt()).unwrap_err().to_string();
        assert!(error.starts_with("row 4 (counted from 0) is late"), "{error}");
        let null = batch(&[(0, Some(600), None, None), (0, None, None, None)]);
        let error = windows.push(&null, &no_interrupt()).unwrap_err().to_string();
        assert!(error.starts_with("the time 'ts' of row 3"), "{error}");
        assert_eq!((windows.rows(), windows.watermark()), (2, Some(500)));
        assert_eq!(windows.push(&simple(&[501]), &no_interrupt()).unwrap().len(), 0);
    }
}

#[test]
fn a_row_from_the_future_closes_no_window() {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as i64;
    let hour = parse_span("1h").unwrap();
    let mut windows = Windows::new(minutes().with_max_ahead(hour).unwrap()).unwrap();
    let closed = windows.push(&simple(&[now - 1000, now + 3 * hour as i64, now]), &no_interrupt()).unwrap();
    assert_eq!((windows.ahead_rows(), windows.late_rows(), windows.watermark()), (1, 0, Some(now)));
    let at_once = closed.len();
    // What is flushed are the windows until the last time that counts.
    let flushed = windows.flush(&no_interrupt()).unwrap().len();
    assert_eq!((at_once + flushed, windows.open_windows()), (2, 1));
    assert_eq!(windows.finish(&no_interrupt()).unwrap().len(), 1);
}

#[test]
fn bounds_are_of_the_unit_and_the_zone_of_the_times() {
    use arrow_schema::{DataType, TimeUnit};
    let second = parse_span("1s").unwrap();
    let zone: Option<Arc<str>> = Some("+02:00".into());
    let seconds: ArrayRef = Arc::new(TimestampSecondArray::from(vec![-1, 90]).with_timezone_opt(zone.clone()));
    let dates: ArrayRef = Arc::new(Date32Array::from(vec![-1, 0]));
    let cases = [
        (seconds.clone(), 60 * second, DataType::Timestamp(TimeUnit::Second, zone.clone()), [-60, 60]),
        (seconds, second / 4, DataType::Timestamp(TimeUnit::Millisecond, zone), [-1000, 90_000]),
        (dates, 6 * 3600 * second, DataType::Timestamp(TimeUnit::Second, None), [-86_400, 0]),
    ];
    for (times, size, data_type, starts) in cases {
        let x: ArrayRef = Arc::new(Int32Array::from(vec![1, 2]));
        let batch = RecordBatch::try_from_iter([("ts", times), ("x", x)]).unwrap();
        let mut windows = Windows::new(Windowing::tumbling(size).unwrap().on("ts")).unwrap();
        let first = windows.push(&batch, &no_interrupt()).unwrap();
        let last = windows.finish(&no_interrupt()).unwrap();
        for (closed, start) in [first, last].iter().zip(starts) {
            let keys = closed.keys().unwrap();
            assert_eq!(*keys.column(0).data_type(), data_type);
            let found = arrow_cast::cast(keys.column(0), &DataType::Int64).unwrap();
            assert_eq!(found.as_primitive::<Int64Type>().value(0), start);
        }
    }
}

/// Many keys and few, in windows that fit one by one, in windows of which only a part of the keys fits, and in sessions.
#[cfg(feature = "stream")]
#[test]
fn what_memory_has_no_room_for_goes_to_files() {
    let rows: Vec<Row> = (0..20_000i64)
        .map(|i| {
            let key = (i * 7919 % 251) as u8;
            (0, Some(i * 37 % 4000), (key > 3).then_some(key), (i % 11 > 0).then_some((i % 97) as f64 / 7.0))
        })
        .collect();
    for (spec, by) in [(spec(true), vec!["key".to_owned()]), (spec(false), vec![]), (spec(true), vec![])] {
        for shape in [
            Windowing::tumbling(100).unwrap(),
            Windowing::tumbling(4000).unwrap(),
            Windowing::sliding(400, 100).unwrap(),
            Windowing::session(20).unwrap(),
        ] {
            let question = shape.on("ts").by(by.clone()).columns(vec!["x".to_owned()]).describe(&spec);
            let question = question.with_max_delay(10_000).unwrap();
            let all = |question: Windowing| {
                let mut windows = Windows::new(question).unwrap();
                for rows in rows.chunks(1000) {
                    assert!(windows.push(&batch(rows), &no_interrupt()).unwrap().is_empty());
                    assert!(windows.question.memory_limit.is_none_or(|limit| windows.bytes() <= limit));
                }
                let spilled = windows.store.written;
                (format!("{:?}", windows.finish(&no_interrupt())), spilled)
            };
            // One window of one key is not divided: see the next test.
            let is_large = by.is_empty() && question.spans()[0] > 1000 || question.spans().len() == 1;
            let limit = if is_large { 3_000_000 } else { 120_000 };
            let (found, spilled) = all(question.clone().with_memory_limit(limit));
            let (expected, none) = all(question);
            assert_eq!(found, expected);
            assert_eq!(none, 0);
            // Cells take less.
            assert!(spilled > 0 || is_large || spec.quantiles().is_empty());
        }
    }
}

/// Parts of the keys are dealt out again until each fits, however many keys a hash has put together.
#[cfg(feature = "stream")]
#[test]
fn a_part_of_the_keys_that_does_not_fit_is_divided() {
    let rows: Vec<Row> = (0..40_000).map(|i| (0, Some(i % 50), Some((i % 20) as u8), Some(i as f64))).collect();
    for _ in 0..20 {
        let mut answers = Vec::new();
        // Twice what one of the keys takes.
        for limit in [None, Some(3 * 2 * 2_000 * 10 + 10_000)] {
            let mut windows = Windows::new(minutes().by(vec!["key".to_owned()])).unwrap();
            windows.set_memory_limit(limit);
            rows.chunks(4000).for_each(|rows| assert!(windows.push(&batch(rows), &no_interrupt()).unwrap().is_empty()));
            answers.push(format!("{:?}", windows.finish(&no_interrupt()).unwrap()));
        }
        assert_eq!(answers[0], answers[1]);
    }
}

/// What closes and has no room is told, and waits until there is some.
#[test]
fn a_limit_takes_no_window_away() {
    for by in [vec![], vec!["key".to_owned()]] {
        let question = minutes().by(by).with_memory_limit(1 << 14);
        let mut windows = Windows::new(question).unwrap();
        let times: Vec<i64> = [0, 1, 2].into_iter().chain(std::iter::repeat_n(100, 5000)).collect();
        // Without files, the push fails and hands nothing out.
        let mut found: Vec<_> = windows.push(&simple(&times), &no_interrupt()).into_iter().collect();
        for _ in 0..2 {
            let error = windows.finish(&no_interrupt()).unwrap_err();
            assert!(matches!(error, Error::MemoryLimit { limit: 16_384, .. }), "{error}");
        }
        windows.set_memory_limit(None);
        found.push(windows.finish(&no_interrupt()).unwrap());
        let counts: Vec<_> = found.iter().flat_map(|found| (0..found.len()).map(|row| found.counts(row))).collect();
        assert_eq!(counts, [Some([3, 0, 0]), Some([5000, 0, 0])]);
    }
}

/// What no session needs any more is forgotten, whatever the keys.
#[test]
fn keys_that_expire_leave_nothing_behind() {
    let question = Windowing::session(10).unwrap().on("ts").by(vec!["key".to_owned()]);
    let mut windows = Windows::new(question).unwrap();
    let mut most = 0;
    for round in 0..300i64 {
        let rows: Vec<Row> =
            (0..40).map(|i| (0, Some(round * 20 + i % 7), Some((round * 40 + i) as u8), Some(1.0))).collect();
        windows.push(&batch(&rows), &no_interrupt()).unwrap();
        if round == 20 {
            most = windows.bytes();
        }
    }
    assert!(windows.bytes() <= 2 * most, "{} {most}", windows.bytes());
    let sessions = windows.finish(&no_interrupt()).unwrap();
    assert!(!sessions.is_empty());
}

#[cfg(feature = "stream")]
#[test]
fn bytes_that_are_damaged_are_refused() {
    for question in [minutes(), Windowing::session(60).unwrap().on("ts").by(vec!["key".to_owned()])] {
        let mut windows = Windows::new(question).unwrap();
        windows.push(&simple(&[0, 5, 130]), &no_interrupt()).unwrap();
        let bytes = windows.to_bytes(b"offset 7").unwrap();
        assert_eq!(Windows::from_bytes(&bytes).unwrap().1, b"offset 7");
        for length in (0..bytes.len()).step_by(7) {
            assert!(Windows::from_bytes(&bytes[..length]).is_err(), "{length}");
        }
        for index in (0..bytes.len()).step_by(5) {
            let mut damaged = bytes.clone();
            damaged[index] ^= 1 << (index % 8);
            assert!(Windows::from_bytes(&damaged).is_err(), "{index}");
        }
    }
}

/// Many rows of many types, in one batch and in many, against groups by the start of their window.
#[test]
fn long_streams_are_groups_by_the_start_of_their_window() {
    let rows = 20_000;
    let times: Vec<i64> = (0..rows).map(|i| i * 37 + (i * 7919) % 500 - 400_000).collect();
    let keys: StringArray =
        (0..rows).map(|i| if i % 11 == 0 { None } else { Some(format!("k{}", i * i % 13)) }).collect();
    let floats: Float64Array =
        (0..rows).map(|i| if i % 17 == 0 { None } else { Some((i as f64).sin() * 1e3) }).collect();
    let integers: Int64Array = (0..rows).map(|i| i64::MAX - i * i).map(Some).collect();
    let decimals = Decimal128Array::from_iter_values((0..rows).map(|i| i128::from(i) * 7 % 1000));
    let dictionary: DictionaryArray<Int8Type> = keys.iter().collect();
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("ts", Arc::new(TimestampNanosecondArray::from(times.clone())) as ArrayRef, true),
        ("floats", Arc::new(floats), true),
        ("key", Arc::new(dictionary), true),
        ("integers", Arc::new(integers), true),
        ("decimals", Arc::new(decimals), true),
    ])
    .unwrap();
    let spec = Spec::default().with_statistics(Statistic::ALL.map(|(statistic, _)| statistic));
    let starts = Int64Array::from_iter_values(times.iter().map(|time| time.div_euclid(10_000) * 10_000));
    let field =
        |name: &str, array: &dyn Array| Arc::new(arrow_schema::Field::new(name, array.data_type().clone(), true));
    let by = vec![
        (field("window_start", &starts), Arc::new(starts) as ArrayRef),
        (field("key", &keys), Arc::new(keys) as ArrayRef),
    ];
    let columns = crate::Columns::Numeric;
    let values = batch.project(&[1, 3, 4]).unwrap();
    let series = crate::Series::from_batches(&[values], &columns).unwrap();
    let expected = crate::describe_groups(by, &series, &spec, &no_interrupt()).unwrap();
    for step in [20_000, 7_000, 611] {
        let question = Windowing::tumbling(10_000).unwrap().on("ts").by(vec!["key".to_owned()]).describe(&spec);
        let mut windows = Windows::new(question.with_max_delay(500).unwrap()).unwrap();
        let mut found = vec![];
        for start in (0..rows as usize).step_by(step) {
            let piece = batch.slice(start, step.min(rows as usize - start));
            found.push(windows.push(&piece, &no_interrupt()).unwrap());
        }
        found.push(windows.finish(&no_interrupt()).unwrap());
        assert_eq!(windows.late_rows(), 0);
        found.retain(|windows| !windows.is_empty());
        let found = Summaries::joined(found).unwrap();
        assert_eq!(found.len(), expected.len());
        let mut known = BTreeMap::new();
        let texts = |summaries: &Summaries, row: usize| -> Vec<String> {
            summaries.figures(row).map(|(name, figure)| format!("{name} {figure:?}")).collect()
        };
        let keys = expected.keys().unwrap();
        for row in 0..expected.len() {
            let start = keys.column(0).as_primitive::<Int64Type>().value(expected.key_row(row));
            let key = format!("{:?}", keys.column(1).slice(expected.key_row(row), 1));
            known.insert(
                (start, key, expected.column(row).map(str::to_owned)),
                (expected.counts(row), texts(&expected, row)),
            );
        }
        let keys = found.keys().unwrap();
        for row in 0..found.len() {
            let start = keys.column(0).as_primitive::<TimestampNanosecondType>().value(found.key_row(row));
            let key = format!("{:?}", keys.column(2).slice(found.key_row(row), 1));
            let of = known.remove(&(start, key, found.column(row).map(str::to_owned)));
            assert_eq!(of, Some((found.counts(row), texts(&found, row))));
        }
        assert!(known.is_empty());
    }
}
