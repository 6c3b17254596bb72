use super::*;
use crate::{Method, describe_all};
use arrow_array::{ArrayRef, Decimal128Array, Float64Array, Int64Array};
use std::sync::Arc;

fn series(name: &str, array: impl Into<ArrayRef>) -> Series {
    Series::from_arrays(Some(name.to_owned()), vec![array.into()]).unwrap()
}

fn floats(values: &[f64]) -> ArrayRef {
    Arc::new(Float64Array::from(values.to_vec()))
}

fn spec() -> Spec {
    Spec::default().with_statistics_named(["variance", "sem", "skewness", "n_unique", "mode", "iqr"]).unwrap()
}

#[test]
fn an_answer_at_any_time_is_that_of_the_values_so_far() {
    let values: Vec<f64> = (0..10_000).map(|index| f64::from(index * 7919 % 1000) / 8.0).collect();
    let mut all = Accumulator::new(&spec());
    for end in [0, 3, 700, 5000, 10_000] {
        let start = all.rows() as usize;
        all.update(&[series("x", floats(&values[start..end]))], &Interrupt::default()).unwrap();
        let expected = describe_all(&[series("x", floats(&values[..end]))], &spec(), &Interrupt::default()).unwrap();
        for _ in 0..2 {
            let found = all.summaries().unwrap();
            for name in spec().field_names().iter() {
                assert_eq!(found[0].get(name), expected[0].get(name), "{name} of {end}");
            }
        }
    }
}

#[test]
fn parts_merge_in_any_order_and_travel() {
    let values: Vec<f64> = (0..3000).map(|index| f64::from(index).sin()).collect();
    let part = |part: &[f64]| {
        let mut accumulator = Accumulator::new(&spec());
        accumulator.update(&[series("x", floats(part))], &Interrupt::default()).unwrap();
        Accumulator::from_bytes(&accumulator.to_bytes().unwrap()).unwrap()
    };
    let parts = [part(&values[..10]), part(&values[10..2000]), part(&values[2000..])];
    let expected = part(&values).summaries().unwrap();
    for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
        let mut whole = Accumulator::new(&spec());
        for index in order {
            whole.merge(&parts[index]).unwrap();
        }
        assert_eq!(whole.rows(), 3000);
        let found = whole.summaries().unwrap();
        for name in spec().field_names().iter() {
            assert_eq!(found[0].get(name), expected[0].get(name), "{name}");
        }
    }
}

#[test]
fn without_quantiles_it_stays_as_large_as_it_is() {
    let spec = Spec::default().with_quantiles(&[]).unwrap();
    let mut accumulator = Accumulator::new(&spec).with_memory_limit(100_000);
    accumulator.update(&[series("x", floats(&[1.0; 1000]))], &Interrupt::default()).unwrap();
    let before = accumulator.bytes();
    for _ in 0..100 {
        accumulator.update(&[series("x", floats(&[2.5; 1000]))], &Interrupt::default()).unwrap();
    }
    assert_eq!(accumulator.bytes(), before);
    assert!(before < 10_000, "{before}");
}

#[test]
fn a_limit_is_kept_and_nothing_is_lost() {
    let mut accumulator = Accumulator::new(&Spec::default()).with_memory_limit(100_000);
    let batch = [series("x", floats(&[1.5; 1000]))];
    let mut updates = 0;
    let refused = loop {
        match accumulator.update(&batch, &Interrupt::default()) {
            Ok(()) => updates += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, Error::MemoryLimit { limit: 100_000, .. }), "{refused}");
    assert!((3..=12).contains(&updates) && accumulator.bytes() <= 100_000, "{updates}");
    assert_eq!(accumulator.summaries().unwrap()[0].count, 1000 * updates);
}

#[test]
fn columns_come_and_go() {
    let mut accumulator = Accumulator::new(&Spec::default());
    accumulator.update(&[series("x", floats(&[1.0]))], &Interrupt::default()).unwrap();
    let both = [series("y", floats(&[5.0])), series("z", floats(&[])), series("x", floats(&[3.0]))];
    accumulator.update(&both, &Interrupt::default()).unwrap();
    let found = accumulator.summaries().unwrap();
    let told: Vec<_> = found.iter().map(|one| (one.column.as_deref(), one.count, one.get("mean"))).collect();
    assert_eq!(told, [(Some("x"), 2, Some(2.0)), (Some("y"), 1, Some(5.0)), (Some("z"), 0, None)]);
    accumulator.clear();
    assert_eq!((accumulator.rows(), accumulator.summaries().unwrap().len()), (0, 0));
}

#[test]
fn integers_go_with_floats_where_these_hold_them() {
    let integers = |values: Vec<i64>| -> ArrayRef { Arc::new(Int64Array::from(values)) };
    let mut accumulator = Accumulator::new(&Spec::default());
    accumulator.update(&[series("x", integers(vec![1, 2]))], &Interrupt::default()).unwrap();
    accumulator.update(&[series("x", floats(&[0.5]))], &Interrupt::default()).unwrap();
    assert_eq!(accumulator.summaries().unwrap()[0].get("max"), Some(2.0));
    let refused = accumulator.update(&[series("x", integers(vec![i64::MAX]))], &Interrupt::default()).unwrap_err();
    assert!(refused.to_string().contains("column 'x' holds signed integers now"), "{refused}");
    // Of two new ones of one name, the second one does not fit: nothing of the first one is there.
    let twice = [series("y", floats(&[0.5])), series("y", integers(vec![i64::MAX]))];
    assert!(accumulator.update(&twice, &Interrupt::default()).is_err());
    assert_eq!(accumulator.summaries().unwrap().len(), 1);
    let decimals: ArrayRef = Arc::new(Decimal128Array::from(vec![1]));
    assert!(accumulator.update(&[series("x", decimals)], &Interrupt::default()).is_err());
    assert_eq!(accumulator.summaries().unwrap()[0].count, 3);
    let mut wide = Accumulator::new(&Spec::default());
    wide.update(&[series("x", integers(vec![i64::MAX, 1]))], &Interrupt::default()).unwrap();
    assert!(wide.merge(&accumulator).is_err() && accumulator.merge(&wide).is_err());
}

#[test]
fn other_questions_do_not_merge() {
    let mut ours = Accumulator::new(&Spec::default());
    let others = [
        Accumulator::new(&Spec::default().with_ddof(0)),
        Accumulator::new(&Spec::default().with_method(Method::Hazen)),
        Accumulator::new(&Spec::default().with_nan(NanPolicy::Omit)),
        Accumulator::new(&spec()),
        Accumulator::new(&Spec::default()).with_columns(vec!["x".to_owned()]),
    ];
    for other in others {
        assert!(ours.merge(&other).unwrap_err().to_string().starts_with("accumulators of different"));
    }
}

#[test]
fn bytes_that_are_damaged_are_refused() {
    let mut accumulator = Accumulator::new(&spec());
    accumulator.update(&[series("x", floats(&[1.0, 2.0, 4.0]))], &Interrupt::default()).unwrap();
    let bytes = accumulator.to_bytes().unwrap();
    for length in 0..bytes.len() {
        assert!(Accumulator::from_bytes(&bytes[..length]).is_err(), "{length}");
    }
    for index in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[index] ^= 1 << (index % 8);
        assert!(Accumulator::from_bytes(&damaged).is_err(), "{index}");
    }
}

/// Parts of a series are updated, merged, and passed over again until all is decided; how many passes it took.
fn by_passes(empty: &Accumulator, parts: &[Vec<Series>]) -> (Accumulator, usize) {
    let pass = |empty: &Accumulator| {
        let scanned = parts.iter().map(|part| {
            let mut one = Accumulator::from_bytes(&empty.to_bytes().unwrap()).unwrap();
            one.update(part, &Interrupt::default()).unwrap();
            Accumulator::from_bytes(&one.to_bytes().unwrap()).unwrap()
        });
        let merged = scanned.reduce(|mut a, b| {
            a.merge(&b).unwrap();
            a
        });
        merged.unwrap()
    };
    let mut whole = pass(empty);
    let mut passes = 1;
    while let Some(again) = whole.another_pass().unwrap() {
        assert!(again.bytes() < 200_000, "{}", again.bytes());
        whole.settle(&pass(&again)).unwrap();
        passes += 1;
        assert!(passes < 12);
    }
    (whole, passes)
}

#[test]
fn passes_over_parts_have_the_answers_of_all_values() {
    let spec = Spec::default()
        .with_statistics_named(["mean", "stddev", "skewness", "fences", "outliers", "histogram"])
        .unwrap()
        .with_quantiles(&[0.0, 0.01, 0.5, 0.9, 0.999, 1.0])
        .unwrap();
    let rows = 600_000;
    let value = |row: u64| ((row * 7_919 % 60_013) as f64 / 60_013.0 - 0.5) / ((row * 31 % 101) as f64 + 0.25);
    let x: Vec<f64> = (0..rows).map(value).collect();
    let k: Vec<i64> = (0..rows as i64).map(|row| (1 << 60) + row * row % 1_009).collect();
    let parts: Vec<Vec<Series>> = (0..7)
        .map(|part| {
            let of = part * 90_000..600_000.min((part + 1) * 90_000);
            vec![
                series("x", floats(&x[of.clone()])),
                series("k", Arc::new(Int64Array::from(k[of].to_vec())) as ArrayRef),
            ]
        })
        .collect();
    let all = [series("x", floats(&x)), series("k", Arc::new(Int64Array::from(k)) as ArrayRef)];
    let expected = describe_all(&all, &spec, &Interrupt::default()).unwrap();
    let empty = Accumulator::new(&spec).with_kept(2_000);
    let mut aimed = empty.clone();
    aimed.aim(&parts[3], &Interrupt::default()).unwrap();
    for empty in [&empty, &aimed] {
        let (mut whole, passes) = by_passes(empty, &parts);
        assert!(passes > 1);
        assert_eq!(whole.rows(), rows);
        for (found, expected) in whole.summaries().unwrap().iter().zip(&expected) {
            for (name, value) in expected.statistics() {
                assert_eq!(found.get(name).map(f64::to_bits), value.map(f64::to_bits), "{name} of {:?}", found.column);
            }
            assert_eq!(found.histogram(), expected.histogram());
        }
    }
}

#[test]
fn a_sample_that_tells_saves_a_pass() {
    let values: Vec<f64> = (0..100_000_u64).map(|row| (row * 7_919 % 100_003) as f64).collect();
    let parts: Vec<Vec<Series>> = values.chunks(9_999).map(|part| vec![series("x", floats(part))]).collect();
    let spec = Spec::default().with_quantiles(&[0.5]).unwrap();
    let mut aimed = Accumulator::new(&spec).with_kept(20_000);
    let sample: Vec<f64> = values.iter().copied().step_by(20).collect();
    aimed.aim(&[series("x", floats(&sample))], &Interrupt::default()).unwrap();
    assert_eq!(by_passes(&aimed, &parts).1, 1);
}

#[test]
fn a_pass_over_other_values_is_refused() {
    let spec = Spec::default().with_statistics([]).with_quantiles(&[0.5]).unwrap();
    let values: Vec<f64> = (0..50_000).map(f64::from).collect();
    let mut whole = Accumulator::new(&spec).with_kept(500);
    whole.update(&[series("x", floats(&values))], &Interrupt::default()).unwrap();
    let again = whole.another_pass().unwrap().unwrap();
    // As many values, one of which is another one.
    let mut others = values.clone();
    others[17] += 1.0;
    for wrong in [&others[..], &values[1..]] {
        let mut pass = again.clone();
        pass.update(&[series("x", floats(wrong))], &Interrupt::default()).unwrap();
        let refused = whole.settle(&pass).unwrap_err();
        assert!(refused.to_string().starts_with("column 'x' has other values in this pass"), "{refused}");
    }
    assert!(whole.summaries().unwrap_err().to_string().contains("another_pass()"));
    assert!(again.clone().summaries().is_err() && again.clone().another_pass().is_err());
    let (mut first, mut stranger) = (Accumulator::new(&spec), Accumulator::new(&spec).with_kept(400));
    assert!(whole.settle(&first).is_err() && stranger.settle(&again).is_err() && first.settle(&again).is_err());
    assert!(whole.merge(&again).is_err() && whole.merge(&stranger).is_err());
    assert!(first.aim(&[], &Interrupt::default()).is_err() && whole.aim(&[], &Interrupt::default()).is_err());
    let mut pass = again.clone();
    pass.update(&[series("x", floats(&values)), series("y", floats(&values))], &Interrupt::default()).unwrap();
    pass.clear();
    pass.update(&[series("x", floats(&values))], &Interrupt::default()).unwrap();
    whole.settle(&pass).unwrap();
    while let Some(mut again) = whole.another_pass().unwrap() {
        again.update(&[series("x", floats(&values))], &Interrupt::default()).unwrap();
        whole.settle(&again).unwrap();
    }
    assert_eq!(whole.summaries().unwrap()[0].get("median"), Some(24_999.5));
}

#[test]
fn the_whole_keeps_more_than_its_parts() {
    let spec = Spec::default().with_statistics_named(["mean"]).unwrap().with_quantiles(&[0.25, 0.5]).unwrap();
    let part = |empty: &Accumulator, index: u32| {
        let values: Vec<f64> = (0..20_000).map(|row| f64::from(row * 20 + index).sin()).collect();
        let mut part = empty.clone();
        part.update(&[series("x", floats(&values))], &Interrupt::default()).unwrap();
        Accumulator::from_bytes(&part.to_bytes().unwrap()).unwrap()
    };
    let passes = |most: usize| {
        let scan = |empty: &Accumulator| {
            let mut whole = empty.clone();
            (0..20).for_each(|index| whole.merge_keeping(&part(empty, index), most).unwrap());
            whole
        };
        let (mut whole, mut passes) = (scan(&Accumulator::new(&spec).with_kept(256)), 1);
        while let Some(again) = whole.another_pass().unwrap() {
            whole.settle(&scan(&again)).unwrap();
            passes += 1;
        }
        (passes, whole.summaries().unwrap())
    };
    let values: Vec<f64> = (0..400_000).map(|index| f64::from(index).sin()).collect();
    let expected = describe_all(&[series("x", floats(&values))], &spec, &Interrupt::default()).unwrap();
    let [(few, found), (more, same)] = [MERGED, 0].map(passes);
    for name in ["q1", "median", "mean"] {
        assert_eq!(found[0].get(name), expected[0].get(name), "{name}");
        assert_eq!(same[0].get(name), expected[0].get(name), "{name}");
    }
    assert!(few == 2 && more > 2, "{few} {more}");
}
