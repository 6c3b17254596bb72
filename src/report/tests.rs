//! Reports of every shape, written and read back.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow_schema::Field;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Report, Skipped, Source};
use crate::spec::{Spec, Statistic, is_count};
use crate::summary::{Answers, Summaries, UNDEFINED};
use crate::{Interrupt, NanPolicy, NumberType, Series, describe_groups};

/// A report of the columns `columns`, each with a row for each row of the keys; `value` gives the statistic at a row and a place.
pub(super) fn report(
    columns: &[Option<&str>],
    keys: Option<RecordBatch>,
    spec: Spec,
    value: impl Fn(usize, usize) -> f64,
) -> Report {
    let groups = keys.as_ref().map_or(1, RecordBatch::num_rows);
    let mut answers = Answers::new(columns.len() * groups, &spec);
    let mut rows = answers.rows();
    for row in 0..columns.len() * groups {
        rows.set_counts(row, [row as u64 + 1, row as u64 % 3, 0]);
        for (index, name) in spec.field_names().iter().enumerate() {
            let value = value(row, index);
            rows.set_statistic(row, index, if is_count(name) { (row + index) as f64 } else { value });
        }
    }
    let columns = columns.iter().map(|name| (name.map(str::to_owned), NumberType::Float)).collect();
    let series = Summaries::with_keys(columns, keys, &spec, answers);
    Report::new(spec, Source::default(), series)
}

pub(super) fn keys(columns: Vec<(&str, ArrayRef)>) -> Option<RecordBatch> {
    let columns = columns.into_iter().map(|(name, column)| (name, column, true));
    Some(RecordBatch::try_from_iter_with_nullable(columns).unwrap())
}

pub(super) fn skipped(file: &str, column: Option<&str>, row_group: Option<usize>, message: &str) -> Skipped {
    Skipped { file: file.to_owned(), column: column.map(str::to_owned), row_group, message: message.to_owned() }
}

/// Four errors in three files.
pub(super) fn errors() -> Vec<Skipped> {
    vec![
        skipped(
            "day=2026-11-02/b.parquet",
            Some("temp"),
            Some(10),
            "the page at byte 4096 does not match its checksum",
        ),
        skipped("day=2026-11-02/b.parquet", Some("temp"), Some(3), "the page at byte 812 ends early"),
        skipped("day=2026-11-01/a.parquet", None, None, "not a Parquet file: it ends with \"<html>\""),
        skipped("s3://bucket/c.parquet", Some("temp"), None, "is Utf8 here"),
    ]
}

fn json(report: &Report) -> String {
    let mut text = Vec::new();
    report.write_json(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}

fn ndjson(report: &Report) -> Vec<Value> {
    let mut text = Vec::new();
    report.write_ndjson(&mut text).unwrap();
    String::from_utf8(text).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The report of `schemas/describe-2.example.json`, which the Python tests check against the schema.
fn example() -> Report {
    let temps = Float64Array::from(vec![Some(54.5), Some(f64::NAN), None, Some(61.25), Some(1e16)]);
    let cities = StringArray::from(vec![Some("Seattle"), Some("São Paulo"), Some("Seattle"), Some("Seattle"), None]);
    let hours = TimestampMicrosecondArray::from(vec![0, 3_600_000_000, 0, 0, 0]).with_timezone("America/Los_Angeles");
    let codes = Int64Array::from(vec![7, i64::MAX, 7, 7, 7]);
    let by: Vec<(&str, ArrayRef)> =
        vec![("city", Arc::new(cities)), ("hour", Arc::new(hours)), ("code", Arc::new(codes))];
    let by = by.into_iter().map(|(name, keys)| (Field::new(name, keys.data_type().clone(), true).into(), keys));
    let spec = Spec::default().with_statistics([Statistic::Mean, Statistic::Stddev, Statistic::NUnique]);
    let series = Series::from_arrays(Some("temp".to_owned()), vec![Arc::new(temps)]).unwrap();
    let series = describe_groups(by.collect(), &[series], &spec, &Interrupt::default()).unwrap();
    let kept = super::Kept { predicate: "temp > 0 or temp is null".to_owned(), rows: 5 };
    let source =
        Source { files: 2, rows: 17518, bytes: Some(133_742), kept: Some(kept), errors: errors(), left_out: vec![] };
    Report::new(spec, source, series)
}

#[test]
fn the_example_is_what_is_written() {
    let expected = include_str!("../../schemas/describe-2.example.json");
    assert_eq!(json(&example()), expected);
    let document: Value = serde_json::from_str(expected).unwrap();
    let lines = ndjson(&example());
    assert_eq!(lines.len(), document["series"].as_array().unwrap().len());
    for (mut line, series) in lines.into_iter().zip(document["series"].as_array().unwrap()) {
        let head = ["schema", "method", "ddof", "nan", "files_left_out"]
            .map(|name| line.as_object_mut().unwrap().remove(name).unwrap());
        assert_eq!(head, [json!("rstats.describe/2"), json!("linear"), json!(1), json!("propagate"), json!(3)]);
        assert_eq!(&line, series);
    }
}

#[test]
fn a_source_says_what_it_knows() {
    let mut report = report(&[Some("x")], None, Spec::default(), |_, index| index as f64);
    let source = |report: &Report| serde_json::from_str::<Value>(&json(report)).unwrap()["source"].clone();
    assert_eq!(source(&report), json!({"files": 0, "rows": 0, "errors": []}));
    assert!(ndjson(&report)[0].get("files_left_out").is_none());
    report.source = Source { files: 3, rows: 9, ..Source::default() };
    assert_eq!(source(&report), json!({"files": 3, "rows": 9, "errors": []}));
    report.source.errors = vec![skipped("a", None, Some(0), "m"), skipped("a", None, None, "\u{1b}\n")];
    let expected = json!([{"file": "a", "message": "\u{1b}\n"}, {"file": "a", "row_group": 0, "message": "m"}]);
    assert_eq!(source(&report)["errors"], expected);
    assert_eq!(ndjson(&report)[0]["files_left_out"], 1);
}

#[test]
fn the_order_in_which_errors_were_found_never_shows() {
    let (first, mut second) = (example(), example());
    second.source.errors.reverse();
    assert_eq!(json(&first), json(&second));
    assert_eq!(first.to_html(), second.to_html());
    assert_eq!(first.to_record_batch().unwrap(), second.to_record_batch().unwrap());
}

#[test]
fn html_names_what_was_left_out() {
    let mut report = example();
    report.source.errors.push(skipped("<d>", None, None, "a & b"));
    let html = report.to_html();
    let (_, below) = html.split_once("</table>").unwrap();
    assert!(below.contains("<p>4 files left out:</p>"), "{below}");
    assert!(below.contains("<li>&lt;d&gt;: a &amp; b</li>"), "{below}");
    assert!(below.contains("<li>day=2026-11-02/b.parquet: column 'temp', row group 3: the page"), "{below}");
    assert_eq!(below.matches("<li>").count(), 5);
    report.source.errors.clear();
    assert!(report.to_html().ends_with("</table>"));
}

#[cfg(feature = "table")]
#[test]
fn the_table_names_what_was_left_out() {
    let mut report = example();
    report.source.errors.push(skipped("d\u{1b}[31m", None, None, "two\nlines"));
    let table = report.to_table(100);
    let (_, footer) = table.split_once("2 files, 17518 rows").unwrap();
    let expected = " · where temp > 0 or temp is null: 5 rows · quantiles: linear · ddof: 1 · nan: propagate\n\
        4 files left out:\n  d\\u{1b}[31m: two\\u{a}lines\n  day=2026-11-01/a.parquet: not a Parquet file: it ends with \"<html>\"\n";
    assert!(footer.starts_with(expected), "{footer}");
    assert_eq!(footer.lines().count(), 7);
    report.source = Source {
        errors: (0..999).map(|i| skipped(&format!("{i:03}"), None, None, "m")).collect(),
        ..Source::default()
    };
    let table = report.to_table(100);
    assert!(table.contains("\n0 files, 0 rows · quantiles"), "{table}");
    assert!(table.contains("\n999 files left out:\n  000: m\n"), "{table}");
    assert!(table.ends_with("\n  019: m\n  … and 979 more; the JSON names all of them\n"), "{table}");
}

#[test]
fn errors_are_in_the_metadata_of_arrow() {
    let batch = example().to_record_batch().unwrap();
    let schema = batch.schema();
    let metadata = |name: &str| schema.metadata().get(name).map(|text| serde_json::from_str::<Value>(text).unwrap());
    let document: Value = serde_json::from_str(&json(&example())).unwrap();
    for name in ["files", "rows", "bytes", "where", "errors"] {
        assert_eq!(metadata(&format!("rstats.{name}")), Some(document["source"][name].clone()), "{name}");
    }
    let mut report = example();
    report.source = Source { files: 1, ..Source::default() };
    let batch = report.to_record_batch().unwrap();
    assert_eq!(batch.schema().metadata()["rstats.errors"], "[]");
    report.source.files = 0;
    assert!(!report.to_record_batch().unwrap().schema().metadata().contains_key("rstats.errors"));
}

/// A statistic as it stands in a line of JSON; a quote within a string is escaped, so its name is found only there.
fn spelled<'a>(line: &'a str, name: &str) -> &'a str {
    let (_, rest) = line.split_once(&format!("\"{name}\": ")).unwrap();
    rest.split([',', '}']).next().unwrap()
}

proptest! {
    /// Every value of every row is in the JSON, to the bit, under its name.
    #[test]
    fn json_holds_the_whole_report(
        values in prop::collection::vec(prop_oneof![any::<f64>(), Just(UNDEFINED), Just(-0.0), -1e3..1e3], 1..200),
        names in prop::collection::vec(prop::option::of(any::<String>()), 0..4),
        texts in prop::collection::vec(prop::option::of(any::<String>()), 1..40),
    ) {
        let spec = Spec::default().with_statistics(Statistic::ALL.map(|(statistic, _)| statistic)).with_nan(NanPolicy::Omit);
        let names: Vec<_> = names.iter().map(Option::as_deref).collect();
        let by = keys(vec![("k \"1\"", Arc::new(StringArray::from(texts.clone())))]);
        let report = report(&names, by, spec, |row, index| values[(row * 31 + index) % values.len()]);
        let document: Value = serde_json::from_str(&json(&report)).unwrap();
        let rows = document["series"].as_array().unwrap();
        prop_assert_eq!(rows.len(), names.len() * texts.len());
        let text = json(&report);
        let lines = text.lines().filter(|line| line.starts_with("  {"));
        for (row, (object, line)) in rows.iter().zip(lines).enumerate() {
            prop_assert_eq!(&object["column"], &json!(names[row / texts.len()]));
            prop_assert_eq!(&object["by"], &json!({"k \"1\"": texts[row % texts.len()]}));
            prop_assert_eq!(&object["count"], &json!(row + 1));
            for (index, (name, value)) in report.series.statistics(row).enumerate() {
                let text = spelled(line, name);
                match value {
                    _ if is_count(name) => prop_assert_eq!(text, (row + index).to_string()),
                    None => prop_assert_eq!(text, "null"),
                    Some(value) if value.is_nan() => prop_assert_eq!(text, "\"NaN\""),
                    Some(f64::INFINITY) => prop_assert_eq!(text, "\"Infinity\""),
                    Some(f64::NEG_INFINITY) => prop_assert_eq!(text, "\"-Infinity\""),
                    // Not serde_json's reader: its numbers may be off in the last bit.
                    Some(value) => prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), value.to_bits()),
                }
            }
        }
        let lines = ndjson(&report);
        prop_assert_eq!(lines.len(), rows.len());
        for (line, object) in lines.iter().zip(rows) {
            for (name, value) in object.as_object().unwrap() {
                prop_assert_eq!(&line[name], value);
            }
        }
    }
}

/// What is longer than a piece is written in several.
#[test]
fn rows_beyond_a_piece_are_all_there() {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..5000));
    let report = report(&[Some("x"), None], keys(vec![("id", ids)]), Spec::default(), |row, index| {
        row as f64 / (index + 1) as f64
    });
    let document: Value = serde_json::from_str(&json(&report)).unwrap();
    let rows = document["series"].as_array().unwrap();
    assert_eq!(rows.len(), 10_000);
    for (row, object) in rows.iter().enumerate() {
        assert_eq!((&object["by"]["id"], &object["min"]), (&json!(row % 5000), &json!(row as f64)));
    }
    assert_eq!(ndjson(&report).len(), 10_000);
}

/// A series that is itself missing has no counts.
#[test]
fn missing_series_are_null() {
    let spec = Spec::default();
    let mut answers = Answers::new(2, &spec);
    answers.rows().set_missing(1);
    let series = Summaries::with_keys(
        vec![(Some("a".to_owned()), NumberType::Float), (None, NumberType::Float)],
        None,
        &spec,
        answers,
    );
    let report = Report::new(spec, Source::default(), series);
    let document: Value = serde_json::from_str(&json(&report)).unwrap();
    assert_eq!(document["series"][1]["count"], Value::Null);
    assert_eq!(document["series"][1]["mean"], Value::Null);
    assert_eq!(document["series"][0]["count"], 0);
    let batch = report.to_record_batch().unwrap();
    assert!(batch["count"].is_null(1) && batch["mean"].is_null(1) && batch["column"].is_null(1));
}
