use super::*;
use crate::TypedColumn;
use crate::{Method, describe_all, describe_kinds};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float64Array,
    Int64Array, NullArray, StringArray, StructArray, TimestampMillisecondArray, new_null_array,
};
use arrow_schema::{Field, FieldRef, TimeUnit};
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
    assert!(refused.to_string().contains("column 'x' holds integers of 64 bits now"), "{refused}");
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

fn typed(name: &str, array: ArrayRef) -> TypedColumn {
    let is_enum = matches!(array.data_type(), DataType::Dictionary(..));
    let field = Field::new(name, array.data_type().clone(), true).with_dict_is_ordered(is_enum);
    TypedColumn { name: Some(name.to_owned()), field: FieldRef::new(field), chunks: vec![array] }
}

/// Columns of every kind that is not numbers, with nulls.
fn of_every_kind(rows: usize) -> Vec<TypedColumn> {
    let number = |row: usize| (row as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let there = |row: usize| number(row) % 7 > 0;
    let text = |row: usize| ["", "a", "Ås", "a longer text than sixteen bytes", "b"][number(row) as usize % 5];
    let of = |row: usize| there(row).then(|| text(row));
    let days: Date32Array = (0..rows).map(|row| there(row).then(|| number(row) as i32 % 20_000)).collect();
    let times: TimestampMillisecondArray =
        (0..rows).map(|row| there(row).then(|| number(row) as i64 * 1_000_003)).collect();
    let flags: BooleanArray = (0..rows).map(|row| there(row).then(|| number(row) % 2 == 0)).collect();
    let texts: StringArray = (0..rows).map(of).collect();
    let bytes: BinaryArray = (0..rows).map(|row| of(row).map(|text| &text.as_bytes()[..text.len().min(3)])).collect();
    let values: ArrayRef = Arc::new(StringArray::from(vec!["low", "middle", "high"]));
    let keys = (0..rows).map(|row| there(row).then(|| number(row) as i32 % 3)).collect();
    let enums = DictionaryArray::<arrow_array::types::Int32Type>::new(keys, values);
    let nested = StructArray::new_empty_fields(rows, days.nulls().cloned());
    vec![
        typed("day", Arc::new(days)),
        typed("time", Arc::new(times)),
        typed("flag", Arc::new(flags)),
        typed("text", Arc::new(texts)),
        typed("bytes", Arc::new(bytes)),
        typed("enum", Arc::new(enums)),
        typed("nested", Arc::new(nested)),
        typed("nothing", Arc::new(NullArray::new(rows))),
    ]
}

fn slice(columns: &[TypedColumn], start: usize, length: usize) -> Vec<TypedColumn> {
    let cut =
        |column: &TypedColumn| TypedColumn { chunks: vec![column.chunks[0].slice(start, length)], ..column.clone() };
    columns.iter().map(cut).collect()
}

#[test]
fn columns_of_every_kind_merge_travel_and_are_described_as_at_once() {
    let columns = of_every_kind(4_000);
    let all = ["mean", "min", "max", "range", "stddev", "sum", "n_true", "n_empty", "mean_length"];
    let distinct = ["mode", "n_unique", "min", "max", "iqr", "histogram"];
    for (names, q) in [(&all[..], &[][..]), (&distinct[..], &[0.25, 0.5][..]), (&["mean"][..], &[0.1][..])] {
        let spec = Spec::default().with_quantiles(q).unwrap().with_statistics_named(names).unwrap();
        let expected = describe_kinds(&columns, None, &spec, &Interrupt::default()).unwrap();
        for kept in [None, Some(300)] {
            let empty = kept.map_or(Accumulator::new(&spec), |kept| Accumulator::new(&spec).with_kept(kept));
            let mut aimed = empty.clone();
            if kept.is_some() {
                aimed.aim_all(&[], &slice(&columns, 700, 500), &Interrupt::default()).unwrap();
            }
            for empty in [empty, aimed] {
                let scan = |empty: &Accumulator| {
                    let parts = [(0, 1), (1, 1700), (1701, 0), (1701, 2299)].map(|(start, length)| {
                        let mut part = empty.clone();
                        part.update_all(&[], &slice(&columns, start, length), &Interrupt::default()).unwrap();
                        Accumulator::from_bytes(&part.to_bytes().unwrap()).unwrap()
                    });
                    let mut whole = empty.clone();
                    [2, 0, 3, 1].iter().for_each(|&index| whole.merge(&parts[index]).unwrap());
                    whole
                };
                let mut whole = scan(&empty);
                while let Some(again) = whole.another_pass().unwrap() {
                    let again = Accumulator::from_bytes(&again.to_bytes().unwrap()).unwrap();
                    whole.settle(&scan(&again)).unwrap();
                }
                assert_eq!(whole.rows(), 4_000);
                assert_eq!(whole.parts().unwrap(), expected, "{names:?} {kept:?}");
            }
        }
    }
}

#[test]
fn a_column_of_no_type_is_of_the_type_that_it_has_elsewhere() {
    let interrupt = Interrupt::default();
    let nulls = |name: &str| typed(name, Arc::new(NullArray::new(3)));
    let columns = of_every_kind(50);
    let spec = Spec::default().with_statistics_named(["mean", "min", "mode"]).unwrap();
    for kept in [None, Some(256)] {
        let empty = kept.map_or(Accumulator::new(&spec), |kept| Accumulator::new(&spec).with_kept(kept));
        let names = ["x", "day", "time", "flag", "text", "bytes", "nested"].map(nulls);
        let (mut first, mut later) = (empty.clone(), empty.clone());
        first.update_all(&[], &names, &interrupt).unwrap();
        let numbers = [series("x", floats(&[1.0, 2.0]))];
        later.update_all(&numbers, &columns, &interrupt).unwrap();
        let mut merged = [first.clone(), later.clone()];
        merged[0].merge(&later).unwrap();
        merged[1].merge(&first).unwrap();
        first.update_all(&numbers, &columns, &interrupt).unwrap();
        later.update_all(&[], &names, &interrupt).unwrap();
        let padded: Vec<TypedColumn> = columns
            .iter()
            .map(|column| {
                let nulls = new_null_array(column.field.data_type(), 3);
                let is_padded = !["enum", "nothing"].contains(&column.name.as_deref().unwrap());
                let chunks = column.chunks.iter().cloned().chain(is_padded.then_some(nulls)).collect();
                TypedColumn { chunks, ..column.clone() }
            })
            .collect();
        let expected = describe_kinds(&padded, None, &spec, &interrupt).unwrap();
        for mut whole in [first, later].into_iter().chain(merged) {
            let parts = whole.parts().unwrap();
            assert_eq!(parts.len(), expected.len());
            for (found, expected) in parts.iter().zip(&expected) {
                for (name, answers) in expected.columns() {
                    let found = found.columns().iter().find(|(of, _)| of == name);
                    assert_eq!(found.map(|(_, answers)| answers), Some(answers), "{name:?}");
                }
            }
            let summary = &whole.summaries().unwrap()[0];
            assert_eq!((summary.get("mean"), summary.rows(), summary.null_count), (Some(1.5), 5, 3));
        }
    }
}

#[test]
fn a_column_that_changes_its_kind_is_refused_and_nothing_is_taken() {
    let interrupt = Interrupt::default();
    let [days, texts, flags]: [ArrayRef; 3] = [
        Arc::new(Date32Array::from(vec![1, 2])),
        Arc::new(StringArray::from(vec!["a", "b"])),
        Arc::new(BooleanArray::from(vec![true, false])),
    ];
    let numbers = [series("x", floats(&[1.0]))];
    for (first, then) in [(&days, &texts), (&texts, &flags), (&flags, &days)] {
        let mut whole = Accumulator::new(&Spec::default());
        whole.update_all(&[], &[typed("x", first.clone())], &interrupt).unwrap();
        let before = (whole.rows(), whole.parts().unwrap());
        let refused = whole.update_all(&[], &[typed("y", days.clone()), typed("x", then.clone())], &interrupt);
        assert!(refused.unwrap_err().to_string().starts_with("column 'x' is of type "));
        let refused = whole.update(&numbers, &interrupt).unwrap_err().to_string();
        assert!(refused.starts_with("column 'x' is of numbers now, and was of type "), "{refused}");
        let mut other = Accumulator::new(&Spec::default());
        other.update(&numbers, &interrupt).unwrap();
        assert!(whole.merge(&other).is_err() && other.merge(&whole).is_err());
        assert!(other.update_all(&[], &[typed("x", then.clone())], &interrupt).is_err());
        assert_eq!((whole.rows(), whole.parts().unwrap()), before);
        assert_eq!((other.rows(), other.parts().unwrap().len()), (1, 0));
    }
    // Coarser times are of the finer unit that was first; finer ones are none of the coarser.
    let [seconds, millis] = [TimeUnit::Second, TimeUnit::Millisecond].map(|unit| {
        arrow_cast::cast(
            &(Arc::new(Int64Array::from(vec![5_000, 7_000])) as ArrayRef),
            &DataType::Timestamp(unit, None),
        )
        .unwrap()
    });
    let mut whole = Accumulator::new(&Spec::default());
    whole.update_all(&[], &[typed("t", millis.clone()), typed("t", seconds.clone())], &interrupt).unwrap_err();
    whole.update_all(&[], &[typed("t", millis.clone())], &interrupt).unwrap();
    whole.update_all(&[], &[typed("t", seconds.clone())], &interrupt).unwrap();
    let parts = whole.parts().unwrap();
    let max = parts[0].columns()[0].1.column_by_name("max").unwrap();
    assert_eq!(max.as_ref(), &TimestampMillisecondArray::from(vec![7_000_000]) as &dyn Array);
    let mut whole = Accumulator::new(&Spec::default());
    whole.update_all(&[], &[typed("t", seconds)], &interrupt).unwrap();
    assert!(whole.update_all(&[], &[typed("t", millis)], &interrupt).is_err());
}

#[test]
fn bytes_of_every_kind_that_are_damaged_are_errors() {
    let spec = Spec::default().with_statistics_named(["mode", "mean"]).unwrap();
    let mut whole = Accumulator::new(&spec).with_kept(300);
    whole.update_all(&[series("x", floats(&[1.0]))], &of_every_kind(40), &Interrupt::default()).unwrap();
    let bytes = whole.to_bytes().unwrap();
    let body = bytes.len() - 4;
    for place in 13..body {
        for bit in [1, 0x80] {
            let mut damaged = bytes[..body].to_vec();
            damaged[place] ^= bit;
            // With the right checksum it is read: then it is an error, or an accumulator that answers.
            damaged.extend(crc32fast::hash(&damaged).to_le_bytes());
            if let Ok(mut read) = Accumulator::from_bytes(&damaged) {
                let _ = (read.summaries(), read.parts(), read.merge(&whole), read.another_pass());
            }
        }
    }
}
