//! Each rule of the module's head by name, and what binding refuses.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int32Array, Int64Array,
    NullArray, RecordBatch, StringArray, TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray,
    UInt64Array,
};
use arrow_schema::DataType;

use super::super::instant::Instant;
use super::super::{Bounds, Predicate, Pruning};
use super::kept;
use crate::error::Error;

/// Which rows of a column `x` are kept, as digits.
fn rows(text: &str, column: ArrayRef) -> String {
    let batch = RecordBatch::try_from_iter_with_nullable([("x", column, true)]).unwrap();
    from_batch(text, &batch)
}

fn from_batch(text: &str, batch: &RecordBatch) -> String {
    let types =
        |name: &str| batch.column_by_name(name).map(|column| DataType::clone(arrow_array::Array::data_type(column)));
    let bound = Predicate::parse(text).unwrap().bind(&types).unwrap();
    let answer = kept(&bound.evaluate(batch).unwrap());
    answer.into_iter().map(|kept| if kept { '1' } else { '0' }).collect()
}

fn refusal(text: &str, data_type: DataType) -> String {
    match Predicate::parse(text).unwrap().bind(&|name| (name != "absent").then(|| data_type.clone())) {
        Err(Error::Invalid(message)) => message,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn texts_are_like_patterns() {
    let column: ArrayRef =
        Arc::new(StringArray::from(vec![Some("Oslo"), None, Some("Bergen"), Some("os%o"), Some("")]));
    for (text, expected) in [
        ("x like 'O%'", "10000"),
        ("x like 'Oslo'", "10000"),
        ("x like '%e%'", "00100"),
        ("x like '_e%n'", "00100"),
        ("x LIKE '%o'", "10010"),
        ("x not like '%o'", "00101"),
        ("not x like '%o'", "00101"),
        ("x ilike 'OS%'", "10010"),
        ("x like 'os!%o' escape '!'", "00010"),
        ("x like ''", "00001"),
        ("x like '%'", "10111"),
        ("x like '_%'", "10110"),
        ("x like 'B%' or x is null", "01100"),
        ("absent like 'B%'", "00000"),
    ] {
        assert_eq!(rows(text, column.clone()), expected, "{text}");
        let predicate = Predicate::parse(text).unwrap();
        assert_eq!(Predicate::parse(&predicate.to_string()).unwrap(), predicate, "{text}");
    }
    // A column may have such a name.
    let batch = RecordBatch::try_from_iter([("like", column.clone()), ("escape", column)]).unwrap();
    assert_eq!(from_batch("like like 'O%' and escape not like 'B%'", &batch), "10000");
    assert!(refusal("x like 'O%'", DataType::Int32).contains("'like' is for columns of text"));
    for (text, words) in [
        ("x like O", "character 8: expected a pattern in single quotes"),
        ("x like 'a' escape 'bc'", "character 19: expected one character"),
        ("x like 'a!b' escape '!'", "character 8: expected %, _"),
        ("'a' like 'b'", "asked of a column"),
        ("x not 3", "'between', 'in' or 'like' behind 'not'"),
    ] {
        let message = Predicate::parse(text).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    }
}

/// A row group whose texts are all beside the pattern's prefix is not read.
#[test]
fn prefixes_of_patterns_prune() {
    let text = |text: &str| -> Option<ArrayRef> { Some(Arc::new(StringArray::from(vec![text]))) };
    let pruned = |predicate: &str, null_count: u64| {
        let bound = Predicate::parse(predicate).unwrap().bind(&|_| Some(DataType::Utf8)).unwrap();
        let bounds = Bounds { min: text("Bergen"), max: text("Bodø"), null_count: Some(null_count), rows: 9 };
        bound.prune(&|_| Some(bounds.clone()))
    };
    assert_eq!(pruned("x like 'O%'", 0), Pruning::Skip);
    assert_eq!(pruned("x like 'O_%o'", 0), Pruning::Skip);
    assert_eq!(pruned("x not like 'O_%o'", 0), Pruning::KeepAll);
    assert_eq!(pruned("x not like 'O_%o'", 2), Pruning::Filter);
    assert_eq!(pruned("x like 'B%'", 0), Pruning::KeepAll);
    assert_eq!(pruned("x like 'Be_%n'", 0), Pruning::Filter);
    assert_eq!(pruned("x ilike 'o%'", 0), Pruning::Filter);
    assert_eq!(pruned("x like '%n'", 0), Pruning::Filter);
}

#[test]
fn null_is_unknown() {
    let column: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]));
    for (text, expected) in [
        ("x = 1", "100"),
        ("x != 1", "001"),
        ("not x = 1", "001"),
        ("x = null", "000"),
        ("not x = null", "000"),
        ("x is null", "010"),
        ("x is not null", "101"),
        ("x in (1, null)", "100"),
        ("x not in (1, null)", "000"),
        ("x not in (1)", "001"),
        ("x = 1 or true", "111"),
        ("x = 1 or null", "100"),
        ("not (x = 1 and false)", "111"),
        ("x = 1 or x is null", "110"),
        ("absent = 1 or x = 3", "001"),
        ("absent is null", "111"),
        ("absent is not null or not absent", "000"),
        ("x = absent", "000"),
        ("1 = 1.0", "111"),
        ("2 in (1, null)", "000"),
        ("'a' < 'b' and x < 9", "101"),
    ] {
        assert_eq!(rows(text, column.clone()), expected, "{text}");
    }
    for text in ["x = 5", "x in (1)", "x", "x = y"] {
        assert_eq!(rows(text, Arc::new(NullArray::new(2))), "00", "{text}");
    }
    assert_eq!(rows("x is null", Arc::new(NullArray::new(2))), "11");
}

#[test]
fn nan_is_unequal_to_all_and_not_null() {
    let column: ArrayRef = Arc::new(Float64Array::from(vec![Some(f64::NAN), Some(1.0), None, Some(f64::INFINITY)]));
    for (text, expected) in [
        ("x = 1", "0100"),
        ("x != 1", "1001"),
        ("not x = 1", "1001"),
        ("x > 0", "0101"),
        ("x <= 0", "0000"),
        ("not x > 0", "1000"),
        ("x in (1)", "0100"),
        ("x not in (1)", "1001"),
        ("x between 0 and 2", "0100"),
        ("x not between 0 and 2", "1001"),
        ("x is null", "0010"),
        ("x = x", "0101"),
        ("x != x", "1000"),
        ("x > 1e308", "0001"),
        ("x > 1e400", "0001"),
        ("x < 1e400", "0100"),
    ] {
        assert_eq!(rows(text, column.clone()), expected, "{text}");
    }
}

#[test]
fn zeros_are_equal() {
    let column: ArrayRef = Arc::new(Float64Array::from(vec![-0.0, 0.0, 5e-324]));
    for (text, expected) in
        [("x = 0", "110"), ("x = -0", "110"), ("x < 0", "000"), ("x > 0", "001"), ("x = 1e-400", "110")]
    {
        assert_eq!(rows(text, column.clone()), expected, "{text}");
    }
}

#[test]
fn comparison_is_that_of_the_reals() {
    let integers: ArrayRef = Arc::new(Int64Array::from(vec![2, 3, 9_007_199_254_740_992, 9_007_199_254_740_993]));
    for (text, expected) in [
        ("x > 2.5", "0111"),
        ("x = 2.5", "0000"),
        ("x != 2.5", "1111"),
        ("x = 9007199254740993", "0001"),
        ("x < 9007199254740992.5", "1110"),
        ("x < 1e30", "1111"),
        ("x > -1e30", "1111"),
        ("x between 1.5 and 3.0", "1100"),
    ] {
        assert_eq!(rows(text, integers.clone()), expected, "{text}");
    }
    // Literals are floats there: no f64 is 2^53 + 1, and the nearest one is below.
    let floats: ArrayRef = Arc::new(Float64Array::from(vec![9_007_199_254_740_992.0, 9_007_199_254_740_994.0, 0.1]));
    for (text, expected) in [
        ("x = 9007199254740993", "100"),
        ("x < 9007199254740993", "001"),
        ("x >= 9007199254740993", "110"),
        ("x = 0.1", "001"),
        ("x > 0.1", "110"),
        ("x in (0.1, 0.2)", "001"),
        ("x = 0.1000000000000000055511151231257827021181583404541015625", "001"),
    ] {
        assert_eq!(rows(text, floats.clone()), expected, "{text}");
    }
    assert_eq!(rows("x = 0.1", Arc::new(Float32Array::from(vec![0.1, 0.5]))), "10");
    let unsigned: ArrayRef = Arc::new(UInt64Array::from(vec![0, u64::MAX]));
    for (text, expected) in
        [("x > -1", "11"), ("x < -0.5", "00"), ("x = 18446744073709551615", "01"), ("x < 18446744073709551615.5", "11")]
    {
        assert_eq!(rows(text, unsigned.clone()), expected, "{text}");
    }
    let decimals = Decimal128Array::from(vec![125, -5]).with_precision_and_scale(10, 2).unwrap();
    let decimals: ArrayRef = Arc::new(decimals);
    for (text, expected) in [("x = 1.25", "10"), ("x < 1.2500001", "11"), ("x > -0.051", "11"), ("x > -0.05", "10")] {
        assert_eq!(rows(text, decimals.clone()), expected, "{text}");
    }
}

#[test]
fn columns_compare_exactly_with_each_other() {
    let batch = RecordBatch::try_from_iter([
        ("int", Arc::new(Int64Array::from(vec![9_007_199_254_740_993, i64::MAX, -1, 0])) as ArrayRef),
        ("float", Arc::new(Float64Array::from(vec![9_007_199_254_740_992.0, 9.3e18, -1.5, -0.0])) as ArrayRef),
        (
            "dec",
            Arc::new(Decimal128Array::from(vec![i128::MAX, 0, -15, 0]).with_precision_and_scale(38, 1).unwrap())
                as ArrayRef,
        ),
        ("day", Arc::new(Date32Array::from(vec![0, 1, -1, i32::MAX])) as ArrayRef),
        ("ms", Arc::new(TimestampMillisecondArray::from(vec![0, 86_399_999, -86_400_000, 0])) as ArrayRef),
    ])
    .unwrap();
    for (text, expected) in [
        ("int > float", "1010"),
        ("float = int", "0001"),
        ("dec = float", "0011"),
        ("dec >= int", "1001"),
        ("day = ms", "1010"),
        ("day > ms", "0101"),
    ] {
        assert_eq!(from_batch(text, &batch), expected, "{text}");
    }
}

#[test]
fn dates_and_timestamps_are_instants() {
    let days: ArrayRef = Arc::new(Date32Array::from(vec![20_757, 20_758, -1])); // 2026-10-31 and the day after
    for (text, expected) in [
        ("x >= '2026-11-01'", "010"),
        ("x = '2026-11-01T00:00:00Z'", "010"),
        ("x = '2026-11-01T01:00+01:00'", "010"),
        ("x < '2026-10-31T00:00:00.000000000001'", "101"),
        ("x = '1969-12-31'", "001"),
        ("'2026-11-01' > x", "101"),
        ("x < '+999999999-01-01'", "111"),
        ("x > '-999999999-01-01'", "111"),
    ] {
        assert_eq!(rows(text, days.clone()), expected, "{text}");
    }
    let zoned = TimestampSecondArray::from(vec![0, 3600, -1]).with_timezone("+01:00");
    for (text, expected) in [
        ("x = '1970-01-01'", "100"),
        ("x = '1970-01-01 02:00+01:00'", "010"),
        ("x > '1969-12-31T23:59:59.5'", "110"),
        ("x < '1969-12-31T23:59:59.5'", "001"),
        ("x between '1969-12-31' and '1970-01-01T00:59:59,999Z'", "101"),
    ] {
        assert_eq!(rows(text, Arc::new(zoned.clone())), expected, "{text}");
    }
    // A nanosecond timestamp ends in 2262, which no comparison has to mind.
    let nanos: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![i64::MAX, i64::MIN, 1]));
    for (text, expected) in [
        ("x < '2300-01-01'", "111"),
        ("x > '1600-01-01'", "111"),
        ("x = '1970-01-01T00:00:00.000000001'", "001"),
        ("x > '1970-01-01T00:00:00.0000000009'", "101"),
    ] {
        assert_eq!(rows(text, nanos.clone()), expected, "{text}");
    }
}

#[test]
fn what_is_no_date() {
    for text in [
        "",
        "2026",
        "2026-11",
        "2026-1-1",
        "2026-13-01",
        "2026-00-01",
        "2026-02-29",
        "1900-02-29",
        "2026-04-31",
        "2026-11-00",
        "12026-11-01",
        "2026-11-01T",
        "2026-11-01T24:00",
        "2026-11-01T10",
        "2026-11-01T10:60",
        "2026-11-01T10:00:60",
        "2026-11-01T10:00:00.",
        "2026-11-01T10:00Zulu",
        "2026-11-01T10:00+1",
        "2026-11-01 ",
        "2026-11-01Z",
        " 2026-11-01",
        "2026-11-01T10:00+01:",
        "2026/11/01",
        "٢٠٢٦-11-01",
        "2026-11-é",
        "+1-01-01",
    ] {
        assert_eq!(Instant::parse(text), None, "{text:?}");
    }
    for text in ["2000-02-29", "2024-02-29", "0000-02-29", "-0001-12-31", "2026-11-01t10:00z", "2026-11-01 10:00-0330"]
    {
        assert!(Instant::parse(text).is_some(), "{text:?}");
    }
}

#[test]
fn text_orders_by_its_bytes() {
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["", "a", "a\0", "ab", "é"]));
    for (text, expected) in [
        ("x = 'a'", "01000"),
        ("x > 'a'", "00111"),
        ("x <= 'a'", "11000"),
        ("x < 'a\0'", "11000"),
        ("x >= ''", "11111"),
        ("x < ''", "00000"),
        ("x > 'z'", "00001"),
        ("x in ('ab', 'é', 'none')", "00011"),
    ] {
        assert_eq!(rows(text, texts.clone()), expected, "{text}");
    }
}

#[test]
fn booleans() {
    let flags: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]));
    for (text, expected) in [
        ("x", "100"),
        ("not x", "010"),
        ("x = true", "100"),
        ("x != true", "010"),
        ("x < true", "010"),
        ("x >= false", "110"),
        ("x in (true, false)", "110"),
        ("x and not x", "000"),
    ] {
        assert_eq!(rows(text, flags.clone()), expected, "{text}");
    }
}

#[test]
fn type_errors_say_what_would_be_right() {
    for (text, data_type, message) in [
        ("city = 5", DataType::Utf8, "column 'city' is text; compare it with 'text', not with 5"),
        ("temp > 'a'", DataType::Float64, "column 'temp' is numeric; compare it with a number, not with 'a'"),
        ("'5' in (1)", DataType::Int8, "'5' and 1 are of different kinds and cannot be compared"),
        ("ok = 1", DataType::Boolean, "column 'ok' is boolean; compare it with true or false, not with 1"),
        (
            "day > '2026-02-30'",
            DataType::Date32,
            "column 'day' is a date; compare it with a date such as '2026-11-01', not with '2026-02-30'",
        ),
        (
            "at in (null, 5)",
            DataType::Date64,
            "column 'at' is a timestamp; compare it with a timestamp such as '2026-11-01T08:30:00Z', not with 5",
        ),
        (
            "temp and true",
            DataType::Int32,
            "column 'temp' is of type int32; on its own it would have to be boolean: compare it, or ask 'temp is not null'",
        ),
        (
            "\"a b\" = 'x'",
            DataType::Binary,
            "column 'a b' is of type binary, which is not compared; ask '\"a b\" is null' or '\"a b\" is not null'",
        ),
        (
            "blob < other",
            DataType::Binary,
            "column 'blob' is of type binary and column 'other' of type binary; they cannot be compared",
        ),
    ] {
        assert_eq!(refusal(text, data_type), message, "{text}");
    }
    // What the file lacks is null, whatever it is compared with, but the other parts are looked at.
    assert!(refusal("absent = 5 and city = 5", DataType::Utf8).starts_with("column 'city'"));
}

#[test]
fn a_batch_must_be_what_was_bound() {
    let bound = Predicate::parse("x > 1").unwrap().bind(&|_| Some(DataType::Int64)).unwrap();
    let batch = |name: &str, column: ArrayRef| RecordBatch::try_from_iter([(name, column)]).unwrap();
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    assert_eq!(kept(&bound.evaluate(&batch("x", numbers.clone())).unwrap()), [false, true]);
    assert!(matches!(bound.evaluate(&batch("y", numbers)), Err(Error::NoSuchColumn { .. })));
    let texts = batch("x", Arc::new(StringArray::from(vec!["a"])));
    let message = bound.evaluate(&texts).unwrap_err().to_string();
    assert_eq!(message, "column 'x' is of type string here, but the predicate was bound to one that is numeric");
    assert_eq!(bound.columns().collect::<Vec<_>>(), ["x"]);
}

#[test]
fn bounds_and_verdicts() {
    let ints = |value: i64| Some(Arc::new(Int64Array::from(vec![value])) as ArrayRef);
    let floats = |value: f64| Some(Arc::new(Float64Array::from(vec![value])) as ArrayRef);
    let verdict = |text: &str, min: &Option<ArrayRef>, max: &Option<ArrayRef>, null_count| {
        let data_type = min.as_ref().or(max.as_ref()).map(|bound| arrow_array::Array::data_type(bound).clone());
        let bound = Predicate::parse(text).unwrap().bind(&|_| data_type.clone()).unwrap();
        bound.prune(&|_| Some(Bounds { min: min.clone(), max: max.clone(), null_count, rows: 9 }))
    };
    for (text, nulls, expected) in [
        ("x > 20", Some(0), Pruning::Skip),
        ("x > 9", Some(0), Pruning::KeepAll),
        ("x > 9", None, Pruning::Filter),
        ("x > 9", Some(1), Pruning::Filter),
        ("x > 10", Some(0), Pruning::Filter),
        ("x > 20", None, Pruning::Skip),
        ("x != 5", Some(0), Pruning::KeepAll),
        ("x in (1, 2, 30)", None, Pruning::Skip),
        ("x not in (1, null)", Some(0), Pruning::Skip),
        ("x is null", Some(0), Pruning::Skip),
        ("x is null", Some(9), Pruning::KeepAll),
        ("x is not null", Some(0), Pruning::KeepAll),
        ("x is null or x > 9", None, Pruning::Filter),
        ("x > 0", Some(9), Pruning::Skip),
        ("not (x < 5 or x > 50)", Some(0), Pruning::KeepAll),
        ("x > 12.5 and x < 13", None, Pruning::Skip),
    ] {
        assert_eq!(verdict(text, &ints(10), &ints(20), nulls), expected, "{text}, {nulls:?} null");
    }
    // A NaN may be among them.
    for (text, expected) in [
        ("x > 9", Pruning::Filter),
        ("not x > 9", Pruning::Filter),
        ("x > 20", Pruning::Skip),
        ("x = 5", Pruning::Skip),
        ("x != 5", Pruning::KeepAll),
        ("not x between 30 and 40", Pruning::KeepAll),
    ] {
        assert_eq!(verdict(text, &floats(10.0), &floats(20.0), Some(0)), expected, "{text}");
    }
    // The sign of a zero is open, and a NaN is no bound.
    assert_eq!(verdict("x = 0", &floats(0.0), &floats(0.0), Some(0)), Pruning::Filter);
    assert_eq!(verdict("x <= -0.0", &floats(0.0), &floats(1.0), Some(0)), Pruning::Filter);
    assert_eq!(verdict("x > 50", &floats(f64::NAN), &floats(f64::NAN), Some(0)), Pruning::Filter);
    assert_eq!(verdict("x > 50", &floats(1.0), &floats(f64::NAN), Some(0)), Pruning::Filter);
    // Bounds that are crossed are wrong.
    assert_eq!(verdict("x > 50", &ints(20), &ints(10), Some(0)), Pruning::Filter);
    // One bound is enough where it decides.
    assert_eq!(verdict("x < 5", &ints(10), &None, None), Pruning::Skip);
    assert_eq!(verdict("x < 5", &None, &ints(4), Some(0)), Pruning::KeepAll);
    let bound = Predicate::parse("x = 5 or y = 1").unwrap().bind(&|_| Some(DataType::Int64)).unwrap();
    assert_eq!(bound.prune(&|_| None), Pruning::Filter);
    let five: ArrayRef = Arc::new(Int64Array::from(vec![5]));
    assert_eq!(bound.prune(&|name| (name == "x").then(|| Bounds::from_value(&five, 9))), Pruning::KeepAll);
    assert_eq!(bound.prune(&|_| Some(Bounds::from_value(&five.slice(0, 0), 9))), Pruning::Skip);
    assert_eq!(bound.prune(&|_| Some(Bounds::from_value(&five, 0))), Pruning::Skip);
}
