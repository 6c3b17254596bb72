//! The command line from outside: what it prints, and how it ends.
#![cfg(feature = "cli")]

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, UInt64Type};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Decimal128Array, Float32Array, Float64Array, Int64Array, NullArray, RecordBatch,
    StringArray,
};
use arrow_ipc::reader::FileReader;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::properties::WriterProperties;
use serde_json::Value;
use tempfile::TempDir;

fn rstats(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rstats")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The document that a run writes. (The Python tests check it against the schema.)
fn json(arguments: &[&str]) -> Value {
    let output = rstats(&[&["describe", "-f", "json"], arguments].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A run that fails with this status, one line on stderr that holds these words, and nothing on stdout.
fn fails(status: i32, arguments: &[&str], words: &[&str]) {
    let output = rstats(&[&["describe"], arguments].concat());
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{message}");
    assert_eq!(text(&output.stdout), "");
    assert!(!message.contains("panicked"), "{message}");
    if status == 1 {
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    for word in words {
        assert!(message.contains(word), "{message:?} does not say {word:?}");
    }
}

fn write(path: &Path, columns: Vec<(&str, ArrayRef)>, row_group: usize) {
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, c)| (n, c, true))).unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(row_group)).build();
    let mut writer = ArrowWriter::try_new(fs::File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn floats(values: impl IntoIterator<Item = f64>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<Float64Array>())
}

fn path(folder: &TempDir, name: &str) -> PathBuf {
    folder.path().join(name)
}

fn series<'a>(document: &'a Value, column: &str) -> &'a Value {
    document["series"].as_array().unwrap().iter().find(|series| series["column"] == column).unwrap()
}

#[test]
fn real_data_has_the_certified_values() {
    let document = json(&["data/", "-a", "mean,stddev", "-q", ""]);
    assert_eq!(document["source"]["files"], 7);
    for (column, mean, stddev) in [
        ("num_acc_1_decimal", 10000002.0, 1.0),
        ("num_acc_2_decimal", 1.2, 0.1),
        ("num_acc_3_decimal", 1000000.2, 0.1),
        ("num_acc_4_decimal", 10000000.2, 0.1),
        ("num_acc_1", 10000002.0, 1.0),
        ("num_acc_4", 10000000.2, 0.10000000055879354),
    ] {
        let series = series(&document, column);
        assert_eq!((series["mean"].as_f64(), series["stddev"].as_f64()), (Some(mean), Some(stddev)), "{column}");
    }
    let pi = series(&document, "pi_digits_nist");
    assert_eq!(pi["mean"], 4.5348);
    assert!((pi["stddev"].as_f64().unwrap() - 2.86733906028871).abs() < 1e-14);
}

#[test]
fn the_document_is_spelled_as_the_contract_has_it() {
    let output = rstats(&["describe", "data/nist_num_acc_1.parquet", "-c", "num_acc_1", "-a", "mean", "-q", "0.5"]);
    let expected = r#"{"schema": "rstats.describe/2",
 "spec": {"stats": ["mean"], "quantiles": [0.5], "method": "linear", "ddof": 1, "nan": "propagate"},
 "source": {"files": 1, "rows": 3, "errors": []},
 "series": [
  {"column": "num_acc_1", "kind": "number", "count": 3, "null_count": 0, "nan_count": 0, "mean": 10000002.0, "median": 10000002.0}
 ]}
"#;
    assert_eq!(text(&output.stdout), expected);
    let output = rstats(&["describe", "data/nist_num_acc_1.parquet", "-a", "", "-q", "", "-f", "ndjson"]);
    let lines: Vec<Value> = text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[1]["schema"], &lines[1]["method"]), (&"rstats.describe/2".into(), &"linear".into()));
}

#[test]
fn all_statistics_in_their_order() {
    let arguments = ["data/city_temps.parquet", "-c", "temp", "-A", "-q", "0.99,0,0.5,1,0.999"];
    let document = json(&arguments);
    let expected = "column kind count null_count nan_count min max range sum mean variance stddev mean_ci_low mean_ci_high \
        sem iqr skewness kurtosis mad mode n_unique n_zero n_negative geometric_mean harmonic_mean cv trimmed_mean \
                    lower_fence upper_fence n_low_outliers n_high_outliers p0 median p99 p99.9 p100 histogram";
    let output = rstats(&[&["describe"], &arguments[..]].concat());
    let indices: Vec<_> =
        expected.split(' ').map(|name| text(&output.stdout).rfind(&format!("\"{name}\": ")).unwrap()).collect();
    assert!(indices.is_sorted(), "{indices:?}");
    assert_eq!(document["series"][0].as_object().unwrap().len(), expected.split(' ').count());
    assert_eq!(document["spec"]["level"], 0.95);
    assert_eq!(document["spec"]["bins"], 10);
}

#[test]
fn histograms_are_lists_in_files_and_bars_in_tables() {
    let folder = TempDir::new().unwrap();
    let file = path(&folder, "x.parquet");
    write(&file, vec![("x", floats([1.0, 2.0, 2.5, 3.0, 9.0])), ("k", floats([0.0, 0.0, 1.0, 1.0, 1.0]))], 2);
    let file = file.to_str().unwrap();
    let document = json(&[file, "-c", "x", "--bins", "4", "-a", "mean"]);
    let expected = serde_json::json!({"edges": [1.0, 3.0, 5.0, 7.0, 9.0], "counts": [3, 1, 0, 1]});
    assert_eq!(document["series"][0]["histogram"], expected);
    let grouped = json(&[file, "-c", "x", "-g", "k", "--bins", "2", "-a", ""]);
    assert_eq!(grouped["series"][0]["histogram"]["counts"], serde_json::json!([1, 1]));
    assert_eq!(grouped["series"][1]["histogram"]["edges"], serde_json::json!([2.5, 5.75, 9.0]));
    for (format, words) in [("table", "█▃▁▃"), ("md", "█▃▁▃"), ("csv", r#""{""edges"": [1.0, 3.0, 5.0"#)]
    {
        let output = rstats(&["describe", file, "-c", "x", "--bins", "4", "-a", "mean", "-f", format]);
        assert!(text(&output.stdout).contains(words), "{}", text(&output.stdout));
    }
    for format in ["parquet", "arrow"] {
        let out = path(&folder, &format!("out.{format}"));
        let run = rstats(&["describe", file, "-c", "x", "--bins", "4", "-o", out.to_str().unwrap()]);
        assert!(run.status.success(), "{}", text(&run.stderr));
        let bytes = fs::read(&out).unwrap();
        let rows = if format == "parquet" { parquet_rows(bytes) } else { arrow_rows(bytes) };
        let histogram = rows[0]["histogram"].as_struct();
        assert_eq!(
            histogram.column(1).as_list::<i32>().value(0).as_primitive::<UInt64Type>().values()[..],
            [3, 1, 0, 1]
        );
    }
    fails(2, &[file, "--bins", "0"], &["from 1 to 65536"]);
    fails(2, &[file, "--bins", "many"], &["or auto"]);
    fails(2, &[file, "-a", "histogramm"], &["did you mean 'histogram'"]);
}

#[test]
fn pairs_are_those_of_all_files_and_formats() {
    let folder = TempDir::new().unwrap();
    let x = [1.0, 2.0, 3.0, 4.0, 7.0];
    let y = [2.0, 1.0, 4.0, 3.0, 5.0];
    let part = |name: &str, rows: std::ops::Range<usize>| {
        let columns = vec![("x", floats(x[rows.clone()].iter().copied())), ("y", floats(y[rows].iter().copied()))];
        write(&path(&folder, name), columns, 2);
    };
    part("a.parquet", 0..2);
    part("b.parquet", 2..5);
    let all = folder.path().to_str().unwrap();
    let csv = path(&folder, "all.csv");
    let lines: Vec<String> = x.iter().zip(y).map(|(x, y)| format!("{x},{y},a")).collect();
    fs::write(&csv, format!("x,y,s\n{}\n", lines.join("\n"))).unwrap();
    let csv = csv.to_str().unwrap();
    let parquet: Vec<String> = ["a", "b"].map(|name| format!("{all}/{name}.parquet")).to_vec();
    let files: Vec<&str> = parquet.iter().map(String::as_str).collect();
    let run = |arguments: &[&str]| {
        let output = rstats(&[&["correlate"], arguments].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    for (method, value) in
        [("pearson", 0.824_163_383_692_134_2), ("spearman", 0.8), ("kendall", 0.6), ("covariance", 3.0)]
    {
        let of_files: Value =
            serde_json::from_str(&run(&[&files[..], &["-m", method, "-f", "json"]].concat())).unwrap();
        assert_eq!(of_files["schema"], "rstats.pairs/1");
        let found = of_files["values"][0][1].as_f64().unwrap();
        assert!((found - value).abs() < 1e-12, "{method}: {found}");
        assert_eq!(of_files["counts"], serde_json::json!([[5, 5], [5, 5]]));
        let of_csv: Value = serde_json::from_str(&run(&[csv, "-m", method, "-f", "json", "-c", "x,y"])).unwrap();
        assert_eq!(of_csv, of_files, "{method}");
    }
    let kept = run(&[&files[..], &["--where", "x < 4", "-f", "ndjson"]].concat());
    assert_eq!(kept, "{\"a\": \"x\", \"b\": \"y\", \"pearson\": 0.6546536707079772, \"count\": 3}\n");
    assert!(run(&[files[0], "-f", "csv"]).starts_with("column,x,y\nx,1.0,-1.0\n"));
    assert!(run(&[files[0], "-f", "md"]).contains("|"));
    assert!(run(&[files[0], "-f", "table"]).contains("pearson · nulls: pairwise"));
    let out = path(&folder, "m.csv");
    run(&[csv, "-o", out.to_str().unwrap()]);
    assert!(fs::read_to_string(out).unwrap().starts_with("column,x,y\n"));
    for (status, arguments, words) in [
        (2, vec![files[0], "-m", "pearsn"], "did you mean 'pearson'"),
        (2, vec![files[0], "-f", "parquet"], "not written as parquet"),
        (1, vec![files[0], "-c", "z"], "no column 'z'"),
        (2, vec![csv, "--where", "x > 1"], "--where is for Parquet"),
    ] {
        let output = rstats(&[&["correlate"], &arguments[..]].concat());
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{message}");
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn names_may_stand_for_several_columns() {
    let folder = TempDir::new().unwrap();
    let file = path(&folder, "x.parquet");
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
    let columns = vec![("temp_in", floats([1.0, 2.0])), ("temp_out", floats([3.0, 5.0])), ("temp_at", texts)];
    write(&file, [columns, vec![("wind", floats([4.0, 4.0])), ("a*", floats([0.0, 1.0]))]].concat(), 2);
    let csv = path(&folder, "x.csv");
    fs::write(&csv, "temp_in,temp_out,temp_at,wind,a*\n1,3,a,4,0\n2,5,b,4,1\n").unwrap();
    let lines = path(&folder, "x.ndjson");
    let line = |x: u8, y: u8, at: &str, z: u8| {
        format!(r#"{{"temp_in": {x}, "temp_out": {y}, "temp_at": "{at}", "wind": 4, "a*": {z}}}"#)
    };
    fs::write(&lines, format!("{}\n{}\n", line(1, 3, "a", 0), line(2, 5, "b", 1))).unwrap();
    for file in [&file, &csv, &lines].map(|file| file.to_str().unwrap()) {
        let names = |arguments: &[&str]| -> Vec<String> {
            let document = json(&[&[file], arguments].concat());
            let series = document["series"].as_array().unwrap();
            series.iter().map(|series| series["column"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(names(&["-c", "temp_*"]), ["temp_in", "temp_out", "temp_at"], "{file}");
        assert_eq!(names(&["-c", "*_in, wi??"]), ["temp_in", "wind"], "{file}");
        assert_eq!(names(&["-c", "a*"]), ["a*"], "{file}");
        assert_eq!(names(&["-c", "temp_[io]*", "-g", "temp_at"])[..2], ["temp_in", "temp_in"], "{file}");
        assert_eq!(names(&["-c", "*", "-g", "temp_in"]).len(), 8, "{file}");
        fails(1, &[file, "-c", "humid*"], &["no column 'humid*'"]);
        let pairs = rstats(&["correlate", file, "-c", "temp_*", "-f", "csv"]);
        assert!(text(&pairs.stdout).starts_with("column,temp_in,temp_out\n"), "{}", text(&pairs.stderr));
    }
}

/// Parquet merges the sums of its parts, text is in memory as a whole.
#[test]
fn pairs_do_not_depend_on_the_parts() {
    let folder = TempDir::new().unwrap();
    let mut state = 88_172_645_463_325_252_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut lines = vec!["a,b,c".to_owned()];
    for (file, rows) in [700, 1, 1300, 40].into_iter().enumerate() {
        let mut column = |spread: u64| -> Vec<Option<f64>> {
            let mut value = || (next() >> 11) as f64 * 2f64.powi((next() % spread) as i32 - 30);
            (0..rows).map(|row| (row % 11 != spread as usize % 11).then(&mut value)).collect()
        };
        let (a, b, c) = (column(3), column(40), column(90));
        let text = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:?}"));
        let has_c = file != 2; // a file without a column has nulls there
        for row in 0..rows {
            lines.push(format!(
                "{},{},{}",
                text(a[row]),
                text(b[row]),
                if has_c { text(c[row]) } else { String::new() }
            ));
        }
        let array = |values: Vec<Option<f64>>| Arc::new(Float64Array::from(values)) as ArrayRef;
        let mut columns = vec![("a", array(a)), ("b", array(b))];
        if has_c {
            columns.push(("c", array(c)));
        }
        write(&path(&folder, &format!("{file}.parquet")), columns, 300);
    }
    let csv = path(&folder, "all.csv");
    fs::write(&csv, lines.join("\n") + "\n").unwrap();
    let parquet: Vec<String> =
        (0..4).map(|file| path(&folder, &format!("{file}.parquet")).to_str().unwrap().to_owned()).collect();
    let parquet: Vec<&str> = parquet.iter().map(String::as_str).collect();
    for method in ["pearson", "covariance", "spearman", "kendall"] {
        for nulls in ["pairwise", "complete"] {
            let options = ["-m", method, "--nulls", nulls, "-f", "json"];
            let run = |files: &[&str], more: &[&str]| {
                let output = rstats(&[&["correlate"], files, &options[..], more].concat());
                assert!(output.status.success(), "{}", text(&output.stderr));
                text(&output.stdout)
            };
            let expected = run(&[csv.to_str().unwrap()], &[]);
            assert_eq!(run(&parquet, &[]), expected, "{method} {nulls}");
            assert_eq!(run(&parquet, &["-j", "1", "--memory-limit", "256MiB"]), expected, "{method} {nulls}");
        }
    }
}

#[test]
fn a_report_is_a_page_of_its_own() {
    let folder = TempDir::new().unwrap();
    let data = fs::canonicalize("data/city_temps.parquet").unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rstats"));
        command.current_dir(&folder).arg("report").args(arguments).output().unwrap()
    };
    let page = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    // The page has the name of the data.
    let output = run(&[data.to_str().unwrap()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "rstats: the report is city_temps.html\n");
    let whole = page("city_temps.html");
    assert!(whole.contains("<title>city_temps.parquet</title>") && whole.contains("17,518"));
    assert!(whole.contains("San Francisco") && whole.contains("8,759"));
    let by = ["-g", "city", "--where", "temp > 50", "--title", "Warm", "--top", "1", "--bins", "7", "-o", "warm.html"];
    assert!(run(&[&[data.to_str().unwrap()], &by[..]].concat()).status.success());
    let warm = page("warm.html");
    assert!(
        warm.contains("<title>Warm</title>")
            && warm.contains("groups by city")
            && warm.contains("rows where temp &#62; 50")
    );
    assert!(warm.contains("histogram of 7 bins"));
    // CSV has the same figures.
    let csv = "x,y,s\n1,2,a\n2,4.5,b\n3,6,a\n";
    fs::write(path(&folder, "t.csv"), csv).unwrap();
    assert!(run(&["t.csv", "-g", "s"]).status.success());
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("x", Arc::new(Int64Array::from(vec![1, 2, 3]))),
        ("y", floats([2.0, 4.5, 6.0])),
        ("s", Arc::new(StringArray::from(vec!["a", "b", "a"]))),
    ];
    write(&path(&folder, "t.parquet"), columns, 2);
    assert!(run(&["t.parquet", "-g", "s", "--title", "t.csv", "-o", "p.html"]).status.success());
    let without_size =
        |page: String| page.lines().filter(|line| !line.contains("<dt>size</dt>")).collect::<Vec<_>>().join("\n");
    assert_eq!(without_size(page("p.html")), without_size(page("t.html")));
    // Standard input is read once.
    let mut child = Command::new(env!("CARGO_BIN_EXE_rstats"));
    child
        .current_dir(&folder)
        .args(["report", "--from", "csv", "-o", "in.html"])
        .stdin(fs::File::open(path(&folder, "t.csv")).unwrap());
    assert!(child.output().unwrap().status.success());
    assert!(page("in.html").contains("Standard input is read once"));
    fs::copy(path(&folder, "t.parquet"), path(&folder, "data.html")).unwrap();
    for (arguments, status, message) in [
        (&["data.html", "-o", "data.html"][..], 1, "it is one of the files"),
        (&["t.parquet", "-o", "t.parquet"], 2, "name it .html"),
        (&["absent.parquet", "-o", "absent.html"], 1, "absent.parquet"),
        (&["t.csv", "--where", "x > 1"], 2, "--where is for Parquet"),
        (&["t.parquet", "--top", "0"], 2, "from 1 to 10000"),
        (&["t.parquet", "--bins", "0"], 2, "from 1 to 65536"),
        (&["t.parquet", "-c", "z"], 1, "'z'"),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}");
        assert!(text(&output.stderr).contains(message), "{}", text(&output.stderr));
    }
    assert!(!folder.path().join("absent.html").exists());
    // Too many pairs to look at are left out, and it says so.
    assert!(run(&["t.parquet", "--correlations", "1", "-o", "few.html"]).status.success());
    assert!(page("few.html").contains("have too many pairs") && !page("few.html").contains("Pearson"));
}

#[test]
fn the_most_frequent_texts_are_told_in_every_format() {
    let file = "data/city_temps.parquet";
    let document = json(&[file, "-c", "city", "--top", "1"]);
    assert_eq!(document["spec"]["top"], 1);
    let top = serde_json::json!([{"value": "San Francisco", "count": 8759}]);
    assert_eq!((&document["series"][0]["top"], &document["series"][0]["n_unique"]), (&top, &serde_json::json!(2)));
    let run = |format: &str| text(&rstats(&["describe", file, "-c", "city", "--top", "1", "-f", format]).stdout);
    assert!(run("table").contains("San Francisco ×8759"));
    assert!(run("csv").contains("[{\"\"value\"\":\"\"San Francisco\"\",\"\"count\"\":8759}]"), "{}", run("csv"));
    assert!(run("ndjson").contains("\"top\": [{\"value\":\"San Francisco\",\"count\":8759}]"));
    let output = rstats(&["windows", file, "--on", "time", "--size", "1d", "--top", "1"]);
    assert_eq!(output.status.code(), Some(2)); // windows are of numbers
}

#[test]
fn shells_and_manuals_have_what_they_take() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = text(&rstats(&["completions", shell]).stdout);
        assert!(script.contains("rstats") && script.contains("memory-limit"), "{shell}");
    }
    assert!(text(&rstats(&["man"]).stdout).contains(".TH"));
    assert!(text(&rstats(&["man", "describe"]).stdout).contains("memory\\-limit"));
    let output = rstats(&["man", "describ"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("describe, windows, correlate"), "{}", text(&output.stderr));
}

#[test]
fn columns_of_one_name_are_one_series_over_files_folders_and_types() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(path(&folder, "more")).unwrap();
    write(&path(&folder, "a.parquet"), vec![("x", floats([1.5, f64::NAN]))], 10);
    write(&path(&folder, "b.parquet"), vec![("y", floats([7.0]))], 10);
    let integers: ArrayRef = Arc::new(Int64Array::from(vec![Some((1 << 53) + 1), None]));
    write(&path(&folder, "more/c.parquet"), vec![("x", integers), ("s", Arc::new(StringArray::from(vec!["q"; 2])))], 1);
    let decimals = Decimal128Array::from(vec![5]).with_precision_and_scale(9, 1).unwrap();
    write(&path(&folder, "more/d.parquet"), vec![("x", Arc::new(decimals))], 10);
    write(&path(&folder, "_ignored.parquet"), vec![("x", floats([1e9]))], 10);
    let document = json(&[folder.path().to_str().unwrap(), "--nan", "omit", "-A", "-q", "1"]);
    assert_eq!(document["source"], serde_json::json!({"files": 4, "rows": 6, "errors": []}));
    let x = series(&document, "x");
    assert_eq!((&x["count"], &x["null_count"], &x["nan_count"]), (&3.into(), &1.into(), &1.into()));
    // 1.5 + (2^53 + 1) + 0.5 is rounded once.
    assert_eq!(x["sum"], 9007199254740995.0);
    assert_eq!(series(&document, "y")["count"], 1);
    let s = series(&document, "s");
    assert_eq!(
        (&s["kind"], &s["count"], &s["mode"], &s["mode_count"]),
        (&"text".into(), &2.into(), &"q".into(), &2.into())
    );
    assert_eq!(document["series"].as_array().unwrap().len(), 3);
}

#[test]
fn row_groups_files_and_threads_never_show() {
    let folder = TempDir::new().unwrap();
    let values: Vec<f64> = (0..400_000u64).map(|i| ((i * 0x9e37_79b9) % 1_000_003) as f64 / 7.0 - 1e4).collect();
    let whole = path(&folder, "whole.parquet");
    write(&whole, vec![("x", floats(values.iter().copied()))], usize::MAX >> 1);
    let parts = path(&folder, "parts");
    fs::create_dir(&parts).unwrap();
    for (i, part) in values.chunks(70_001).enumerate() {
        write(&parts.join(format!("{}.parquet", 9 - i)), vec![("x", floats(part.iter().copied()))], 3_333 * (i + 1));
    }
    let of = |path: &Path, threads: &str| {
        let document = json(&[path.to_str().unwrap(), "-A", "--cut-points", "100", "-j", threads, "-m", "hazen"]);
        document["series"].to_string()
    };
    let expected = of(&whole, "1");
    assert_eq!(of(&whole, "2"), expected);
    assert_eq!(of(&parts, "1"), expected);
    assert_eq!(of(&parts, "3"), expected);
    let mut sorted = values;
    sorted.sort_by(f64::total_cmp);
    let document = json(&[parts.to_str().unwrap(), "-q", "0,0.5,1", "-m", "lower"]);
    let series = &document["series"][0];
    assert_eq!((series["p0"].as_f64(), series["p100"].as_f64()), (Some(sorted[0]), Some(sorted[399_999])));
    assert_eq!(series["median"].as_f64(), Some(sorted[199_999]));
}

#[test]
fn what_json_has_no_number_for_is_a_string() {
    let folder = TempDir::new().unwrap();
    let file = path(&folder, "a.parquet");
    write(
        &file,
        vec![
            ("inf", floats([f64::INFINITY, 1.0])),
            ("low", floats([f64::NEG_INFINITY, 1.0])),
            ("nan", floats([f64::NAN, 1.0])),
            ("none", Arc::new(Float32Array::from(vec![None::<f32>; 2]))),
        ],
        10,
    );
    let document = json(&[file.to_str().unwrap(), "-q", ""]);
    assert_eq!(series(&document, "inf")["mean"], "Infinity");
    assert_eq!(series(&document, "inf")["stddev"], "NaN");
    assert_eq!(series(&document, "low")["min"], "-Infinity");
    assert_eq!(series(&document, "nan")["min"], "NaN");
    assert_eq!(series(&document, "none")["mean"], Value::Null);
}

#[test]
fn the_table_is_for_people() {
    let output = rstats(&["describe", "data/city_temps.parquet", "-f", "table"]);
    let table = text(&output.stdout);
    assert!(table.contains("│ mean       ┆ 54.4761 │"), "{table}");
    assert!(table.contains("times\n") && table.contains("│ mean_length ┆"), "{table}");
    assert!(table.ends_with("\n1 file, 17518 rows · quantiles: linear · ddof: 1 · nan: propagate\n"), "{table}");
}

#[test]
fn wrong_arguments_end_with_2() {
    let file = "data/city_temps.parquet";
    fails(2, &[], &["name files or folders", "--from"]);
    fails(2, &[file, "-m", "quartile"], &["quartile", "median_unbiased"]);
    fails(2, &[file, "-q", "1.5"], &["from 0 to 1, not 1.5"]);
    fails(2, &[file, "-q", "95"], &["not 95", "-q 0.95", "--cut-points 95 for 94 cut points"]);
    fails(2, &[file, "-q", "0.5,99"], &["-q 0.99"]);
    fails(2, &[file, "--cut-points", "0"], &["from 1 to 1000000"]);
    fails(2, &[file, "-q", "half"], &["'half' is not a probability"]);
    fails(2, &[file, "-a", "averge"], &["'averge' is not a statistic", "mean"]);
    fails(2, &[file, "--nan", "drop"], &["drop", "omit"]);
    fails(2, &[file, "--ddof", "-1"], &["--ddof"]);
    fails(2, &[file, "-j", "100000"], &["100000", "1024"]);
    fails(2, &[file, "-f", "xml"], &["xml", "ndjson"]);
    fails(2, &[file, "--level", "1"], &["confidence level"]);
    fails(2, &[file, "-A", "-a", "mean"], &["--all", "--stats"]);
}

#[test]
fn what_fails_ends_with_1_and_one_line() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| path(&folder, name).to_str().unwrap().to_owned();
    let good = fs::read("data/city_temps.parquet").unwrap();
    fs::write(at("text.parquet"), "no parquet").unwrap();
    fs::write(at("empty.parquet"), "").unwrap();
    fs::write(at("cut.parquet"), &good[..good.len() / 2]).unwrap();
    fs::create_dir(at("folder")).unwrap();
    fails(1, &[&at("text.parquet")], &["text.parquet", "not a Parquet file"]);
    fails(1, &[&at("empty.parquet")], &["empty.parquet", "the file is empty"]);
    fails(1, &[&at("cut.parquet")], &["cut.parquet", "Parquet file"]);
    fails(1, &[&at("nowhere.parquet")], &["nowhere.parquet", "no such file"]);
    fails(1, &[&at("folder")], &["folder", ".parquet"]);
    fails(1, &["data/city_temps.parquet", "-c", "tempo"], &["no column 'tempo'", "'city', 'time', 'temp'"]);
    let state = at("state");
    let kept = ["data/city_temps.parquet", "-c", "city", "--checkpoint", &state];
    fails(1, &kept, &["column 'city'", "string", "holds no numbers"]);
    fails(1, &["data/nist_pi_digits.parquet", "--kind", "time"], &["no column is of the kind time; there are number"]);
    fails(1, &["data/city_temps.parquet", "-o", &at("no/such/folder.json")], &["cannot write", "folder.json"]);
    fails(1, &["data/city_temps.parquet", "-o", &at("folder")], &["cannot write", "it is a folder"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4, "something was left behind");
}

#[test]
fn what_is_not_read_beside_parquet_is_told() {
    let folder = tempfile::tempdir().unwrap();
    write(&path(&folder, "a.parquet"), vec![("x", floats([1.0]))], 10);
    std::fs::write(path(&folder, "b.csv"), "x\n2\n").unwrap();
    let at = folder.path().to_str().unwrap();
    let found = rstats(&["describe", at]);
    assert!(found.status.success());
    let told = text(&found.stderr);
    assert!(told.contains("of other formats 1 file is not read, such as ") && told.contains("b.csv"), "{told}");
    assert_eq!(series(&json(&[at, "--from", "csv"]), "x")["max"], 2.0);
    std::fs::remove_file(path(&folder, "b.csv")).unwrap();
    assert_eq!(text(&rstats(&["describe", at]).stderr), "");
}

#[test]
fn a_clash_of_types_names_both_files() {
    let folder = TempDir::new().unwrap();
    write(&path(&folder, "a.parquet"), vec![("x", floats([1.0]))], 10);
    write(&path(&folder, "b.parquet"), vec![("x", Arc::new(StringArray::from(vec!["one"])))], 10);
    let words = ["column 'x'", "float64", "a.parquet", "string", "b.parquet"];
    let (a, b) = (path(&folder, "a.parquet"), path(&folder, "b.parquet"));
    let (a, b) = (a.to_str().unwrap(), b.to_str().unwrap());
    fails(1, &[a, b], &words);
    fails(1, &[b, a], &words);
    fails(1, &[b, a, "-c", "x"], &words);
}

#[test]
fn columns_of_nulls_and_booleans_beside_numbers() {
    let folder = TempDir::new().unwrap();
    write(&path(&folder, "a.parquet"), vec![("x", Arc::new(NullArray::new(2)))], 10);
    write(&path(&folder, "b.parquet"), vec![("x", floats([1.0]))], 10);
    let document = json(&[folder.path().to_str().unwrap(), "-q", ""]);
    assert_eq!((&document["series"][0]["count"], &document["series"][0]["null_count"]), (&1.into(), &2.into()));
    write(&path(&folder, "a.parquet"), vec![("x", Arc::new(BooleanArray::from(vec![true])))], 10);
    fails(1, &[folder.path().to_str().unwrap()], &["column 'x'", "bool", "float64"]);
    let document = json(&[folder.path().to_str().unwrap(), "-c", "x", "-a", "sum"]);
    assert_eq!(document["series"][0]["sum"], 2.0);
}

#[test]
fn columns_that_share_a_name_in_a_file_are_series_of_their_own() {
    let folder = TempDir::new().unwrap();
    let file = path(&folder, "a.parquet");
    write(&file, vec![("x", floats([1.0, 2.0])), ("x", floats([10.0, 20.0]))], 10);
    let document = json(&[file.to_str().unwrap(), file.to_str().unwrap(), "-a", "sum", "-q", ""]);
    let sums: Vec<_> = document["series"].as_array().unwrap().iter().map(|series| &series["sum"]).collect();
    assert_eq!(sums, [6.0, 60.0]);
}

#[cfg(unix)]
#[test]
fn links_are_followed_once_and_stay_links() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = TempDir::new().unwrap();
    write(&path(&folder, "a.parquet"), vec![("x", floats([1.0]))], 10);
    symlink(".", path(&folder, "round")).unwrap();
    symlink("nowhere", path(&folder, "readme.txt")).unwrap();
    assert_eq!(json(&[folder.path().to_str().unwrap()])["source"]["files"], 1);
    let (link, target) = (path(&folder, "link"), path(&folder, "target"));
    symlink("target", &link).unwrap();
    let run = || assert!(rstats(&["describe", "data/", "-o", link.to_str().unwrap()]).status.success());
    run();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink() && target.is_file());
    fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).unwrap();
    run();
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_no_parquet_file() {
    let child = Command::new("sh")
        .args(["-c", "\"$0\" describe /dev/stdin < /dev/null", env!("CARGO_BIN_EXE_rstats")])
        .output();
    let output = child.unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("not a regular file"), "{}", text(&output.stderr));
}

#[test]
fn a_nan_that_is_refused_is_told_by_file_column_and_row() {
    let folder = TempDir::new().unwrap();
    write(&path(&folder, "a.parquet"), vec![("x", floats([1.0; 9]))], 4);
    let mut values = vec![1.0; 9];
    values[6] = f64::NAN;
    values[8] = f64::NAN;
    write(&path(&folder, "b.parquet"), vec![("x", floats(values))], 4);
    fails(1, &[folder.path().to_str().unwrap(), "--nan", "raise"], &["column 'x'", "b.parquet", "row 6"]);
}

#[test]
fn a_file_is_written_whole_and_replaces_the_old_one() {
    let folder = TempDir::new().unwrap();
    let output = path(&folder, "out.json");
    fs::write(&output, "old").unwrap();
    fails(1, &["data/", "-c", "nothing", "-o", output.to_str().unwrap()], &["no column"]);
    assert_eq!(fs::read_to_string(&output).unwrap(), "old");
    let run = rstats(&["describe", "data/", "-o", output.to_str().unwrap()]);
    assert!(run.status.success() && run.stdout.is_empty());
    let document: Value = serde_json::from_slice(&fs::read(&output).unwrap()).unwrap();
    assert_eq!(document["schema"], "rstats.describe/2");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something was left behind");
}

/// The rows of a report that is a file, by the formats' own readers.
fn parquet_rows(file: Vec<u8>) -> Vec<RecordBatch> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(file)).unwrap();
    reader.build().unwrap().map(Result::unwrap).collect()
}

fn arrow_rows(file: Vec<u8>) -> Vec<RecordBatch> {
    FileReader::try_new(Cursor::new(file), None).unwrap().map(Result::unwrap).collect()
}

#[test]
fn the_extension_of_the_output_is_its_format() {
    let folder = TempDir::new().unwrap();
    let run = |name: &str, more: &[&str]| {
        let output = path(&folder, name);
        let run = rstats(&[&["describe", "data/", "-A", "-o", output.to_str().unwrap()], more].concat());
        assert!(run.status.success() && run.stdout.is_empty(), "{}", text(&run.stderr));
        fs::read(output).unwrap()
    };
    let document: Value = serde_json::from_slice(&run("a.json", &[])).unwrap();
    let all = document["series"].as_array().unwrap();
    let rows = all.len();
    assert_eq!(run("unknown", &[]), run("a.json", &[]));
    fails(2, &["data/", "-o", "a.unknown"], &["a.unknown", "names no format", "-f"]);
    assert_eq!(text(&run("a.ndjson", &[])).lines().count(), rows);
    assert_eq!(run("a.jsonl", &[]), run("a.ndjson", &[]));
    assert!(text(&run("a.txt", &[])).contains("quantiles: linear"));
    assert_eq!(run("a.json", &["-f", "parquet"]), run("a.parquet", &[]));
    assert_eq!(run("a.parquet", &["-f", "json"]), run("a.json", &[]));
    assert_eq!(run("a.feather", &[]), run("a.arrow", &[]));

    let (parquet, arrow) = (parquet_rows(run("a.parquet", &[])), arrow_rows(run("a.arrow", &[])));
    let numbers: Vec<&Value> = all.iter().filter(|series| series["kind"] == "number").collect();
    for batch in [&parquet[0], &arrow[0]] {
        assert_eq!(batch.num_rows(), numbers.len());
        for (row, series) in numbers.iter().enumerate() {
            assert_eq!(batch["column"].as_string::<i32>().value(row), series["column"]);
            assert_eq!(batch["count"].as_primitive::<UInt64Type>().value(row), series["count"].as_u64().unwrap());
            let median = batch["median"].as_primitive::<Float64Type>();
            assert_eq!(median.is_valid(row).then(|| median.value(row)), series["median"].as_f64());
        }
    }
    assert_eq!(arrow[0].schema().metadata()["rstats.files"], "7");
    // A table of one kind is of numbers, or of the kind that is asked for.
    let csv = text(&run("a.csv", &[])).to_owned();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 1 + numbers.len());
    assert!(lines[0].starts_with("column,count,null_count,nan_count,min,max,range,sum,mean,"), "{}", lines[0]);
    let means: Vec<f64> = lines[1..].iter().map(|line| line.split(',').nth(8).unwrap().parse().unwrap()).collect();
    assert_eq!(means, numbers.iter().map(|series| series["mean"].as_f64().unwrap()).collect::<Vec<_>>());
    let of_times: Vec<&Value> = all.iter().filter(|series| series["kind"] == "time").collect();
    for batch in
        [&parquet_rows(run("a.parquet", &["--kind", "time"]))[0], &arrow_rows(run("a.arrow", &["--kind", "times"]))[0]]
    {
        assert_eq!(
            (batch.num_rows(), batch["count"].as_primitive::<UInt64Type>().value(0)),
            (of_times.len(), of_times[0]["count"].as_u64().unwrap())
        );
    }
    let times = arrow_rows(run("a.arrow", &["--kind", "times"]));
    assert_eq!(times[0].schema().metadata()["rstats.method"], "linear");
    let texts = run("a.csv", &["--kind", "text"]);
    assert!(
        text(&texts).starts_with(
            "column,count,null_count,n_empty,min,max,min_length,max_length,mean_length,mode,mode_count,n_unique\n"
        ),
        "{}",
        text(&texts)
    );
    let output = path(&folder, "b.csv");
    let told = rstats(&["describe", "data/", "-o", output.to_str().unwrap()]);
    assert!(text(&told.stderr).contains("--kind writes another one: time, text"), "{}", text(&told.stderr));
    let markdown = run("a.md", &["--kind", "number"]);
    assert!(text(&markdown).starts_with("| ") && text(&markdown).contains("|---"), "{}", text(&markdown));
}

#[test]
fn what_nobody_reads_goes_into_a_pipe() {
    for (format, rows) in [("parquet", parquet_rows as fn(_) -> _), ("arrow", arrow_rows)] {
        let run = || rstats(&["describe", "data/city_temps.parquet", "-f", format]);
        let output = run();
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_eq!(run().stdout, output.stdout, "{format}");
        assert_eq!(rows(output.stdout)[0].num_rows(), 1, "{format}");
    }
}

#[cfg(unix)]
#[test]
fn what_is_open_under_a_name_is_written_to_and_not_replaced() {
    let folder = TempDir::new().unwrap();
    let log = path(&folder, "log");
    fs::write(&log, "precious\n").unwrap();
    let run = |out: Stdio| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rstats"));
        command.args(["describe", "data/city_temps.parquet", "-f", "ndjson", "-o", "/dev/stdout"]).stdout(out);
        command.output().unwrap()
    };
    let piped = run(Stdio::piped());
    assert!(piped.status.success() && !piped.stdout.is_empty(), "{}", text(&piped.stderr));
    let appended = run(fs::OpenOptions::new().append(true).open(&log).unwrap().into());
    assert!(appended.status.success(), "{}", text(&appended.stderr));
    assert_eq!(fs::read_to_string(&log).unwrap(), format!("precious\n{}", text(&piped.stdout)));
    let circle = path(&folder, "circle");
    std::os::unix::fs::symlink("circle", &circle).unwrap();
    fails(1, &["data/", "-o", circle.to_str().unwrap()], &["a link that leads back to itself"]);
}

#[test]
fn a_table_in_a_file_has_all_rows() {
    let folder = TempDir::new().unwrap();
    let input = path(&folder, "a.parquet");
    write(&input, vec![("k", floats((0..99).map(f64::from))), ("x", floats((0..99).map(f64::from)))], 100);
    let table = text(&rstats(&["describe", input.to_str().unwrap(), "-g", "k", "-f", "table"]).stdout);
    assert!(!table.contains('…') && table.lines().filter(|line| line.contains(" x ")).count() == 99, "{table}");
}

#[test]
fn what_is_described_is_not_replaced() {
    let folder = TempDir::new().unwrap();
    let input = path(&folder, "a.parquet");
    write(&input, vec![("x", floats([1.0]))], 10);
    let before = fs::read(&input).unwrap();
    let again = folder.path().join(".").join("a.parquet");
    fails(1, &[input.to_str().unwrap(), "-o", again.to_str().unwrap()], &["one of the files that are described"]);
    assert_eq!(fs::read(&input).unwrap(), before);
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_silence() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_rstats"))
        .args(["describe", "data/", "--cut-points", "100"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}

/// Every byte of a small file in turn is damaged: an error that names the file, or an answer, but never a panic or an
/// abort.
#[test]
fn damaged_files_never_panic() {
    let folder = TempDir::new().unwrap();
    let good = fs::read("data/nist_num_acc_1.parquet").unwrap();
    let file = path(&folder, "damaged.parquet");
    // A pass over some positions a test run; together with the pattern that is a different damage each.
    for (round, position) in (0..good.len()).step_by(3).enumerate() {
        let mut bad = good.clone();
        bad[position] ^= [0xff, 0x01, 0x80][round % 3];
        fs::write(&file, &bad).unwrap();
        let output = rstats(&["describe", file.to_str().unwrap()]);
        let message = text(&output.stderr);
        assert!(matches!(output.status.code(), Some(0 | 1)), "byte {position}: {:?} {message}", output.status);
        assert!(!message.contains("panicked"), "byte {position}: {message}");
        if output.status.code() == Some(1) {
            assert!(message.contains("damaged.parquet") && message.lines().count() == 1, "byte {position}: {message}");
        }
    }
}

#[test]
fn help_teaches() {
    let help = text(&rstats(&["describe", "--help"]).stdout);
    for word in ["Examples:", "exclusive", "Exit status:", "mean_ci", ".feather"] {
        assert!(help.contains(word), "{help}");
    }
}

/// Terminal escapes in names reached the terminal by `--explain`, by errors and by `-v`; a message had 10 MB.
#[test]
fn names_from_outside_do_nothing_to_a_terminal() {
    let folder = TempDir::new().unwrap();
    let name = "a\u{1b}[2J\u{202e}b";
    let file = path(&folder, "x\u{1b}]0;t\u{7}.parquet");
    write(&file, vec![(name, floats([1.0])), (&"k".repeat(1 << 20), floats([2.0]))], 10);
    let file = file.to_str().unwrap();
    let broken = path(&folder, "broken\u{1b}[31m.parquet");
    fs::write(&broken, "no parquet").unwrap();
    let folder = folder.path().to_str().unwrap();
    for arguments in [
        &["describe", file, "--explain"][..],
        &["describe", file, "-c", "z"],
        &["describe", file, "-f", "table"],
        &["describe", file, "-g", name, "-f", "table"],
        &["describe", file, "-vvv", "-f", "table"],
        &["describe", folder],
        &["describe", folder, "--on-error", "skip", "-v", "-f", "table"],
        &["describe", file, "--where", &format!("\"{name}\" is null"), "--explain"],
        &["describe", file, "-c", &"x".repeat(100_000)],
    ] {
        let output = rstats(arguments);
        for stream in [&output.stdout, &output.stderr] {
            let stream = text(stream);
            assert!(!stream.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{arguments:?}: {stream}");
            assert!(stream.len() < 40_000, "{arguments:?}: {}", stream.len());
        }
    }
    assert!(text(&rstats(&["describe", file, "--explain"]).stdout).contains("a\\u{1b}[2J\\u{202e}b"));
}

/// A standard output that is closed was a success.
#[cfg(target_os = "linux")]
#[test]
fn a_closed_standard_output_is_a_failure() {
    let run = |redirection: &str| {
        let command = format!("\"$0\" describe data/nist_num_acc_1.parquet {redirection}");
        Command::new("sh").args(["-c", &command, env!("CARGO_BIN_EXE_rstats")]).output().unwrap()
    };
    let closed = run(">&-");
    assert_eq!(closed.status.code(), Some(1));
    assert!(text(&closed.stderr).contains("standard output is closed"), "{}", text(&closed.stderr));
    assert_eq!(run("--explain >&-").status.code(), Some(1));
    assert_eq!(run(">/dev/null").status.code(), Some(0));
    assert_eq!(run("<&- 2>&-").status.code(), Some(0));
    assert_eq!(run("1<>/dev/null").status.code(), Some(0));
    let folder = TempDir::new().unwrap();
    let file = path(&folder, "out.json");
    assert_eq!(run(&format!("-o {} >&-", file.display())).status.code(), Some(0));
    assert!(file.exists());
}

/// SIGXFSZ killed without a word.
#[cfg(unix)]
#[test]
fn a_file_beyond_the_shells_limit_is_an_error_and_absent() {
    let folder = TempDir::new().unwrap();
    let input = path(&folder, "wide.parquet");
    let columns: Vec<String> = (0..2000).map(|index| format!("column {index}")).collect();
    write(&input, columns.iter().map(|name| (name.as_str(), floats([1.0, 2.5]))).collect(), 10);
    for output in ["out.json", "out.parquet", "out.txt"] {
        let output = path(&folder, output);
        let command = "ulimit -f 1; exec \"$0\" describe \"$1\" -o \"$2\"";
        let arguments = [env!("CARGO_BIN_EXE_rstats"), input.to_str().unwrap(), output.to_str().unwrap()];
        let done = Command::new("sh").args(["-c", command]).args(arguments).output().unwrap();
        assert_eq!(done.status.code(), Some(1), "{}", text(&done.stderr));
        assert!(text(&done.stderr).to_lowercase().contains("too large"), "{}", text(&done.stderr));
        assert!(!output.exists());
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
}

/// The command went on writing its answer, whatever was pressed.
#[cfg(unix)]
#[test]
fn a_signal_ends_the_writing_of_the_answer() {
    let folder = TempDir::new().unwrap();
    let input = path(&folder, "many.parquet");
    let keys: ArrayRef = Arc::new((0..200_000).collect::<Int64Array>());
    write(&input, vec![("k", keys), ("x", floats((0..200_000).map(f64::from)))], 100_000);
    // Nobody reads the pipe, so that the writing does not end by itself.
    let mut running = Command::new(env!("CARGO_BIN_EXE_rstats"))
        .args(["describe", input.to_str().unwrap(), "-g", "k", "-f", "ndjson"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = running.stdout.take().unwrap();
    let mut first = [0];
    std::io::Read::read_exact(&mut out, &mut first).unwrap();
    let kill = Command::new("kill").args(["-INT", &running.id().to_string()]).status().unwrap();
    assert!(kill.success());
    // What waits in the pipe is read; after that, the rest is not written.
    let mut rest = Vec::new();
    std::io::Read::read_to_end(&mut out, &mut rest).unwrap();
    let status = running.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    assert!(rest.len() < 30 << 20, "{}", rest.len());
}

/// The folder's `j=null` hid the file's own column.
#[test]
fn a_column_of_the_file_goes_before_the_name_of_its_folder() {
    let folder = TempDir::new().unwrap();
    for (name, values) in [("j=null", vec![None, None]), ("j=1", vec![Some(1), Some(1)])] {
        fs::create_dir(path(&folder, name)).unwrap();
        let own: ArrayRef = Arc::new(Int64Array::from(values));
        write(&path(&folder, &format!("{name}/a.parquet")), vec![("j", own), ("x", floats([1.0, 3.0]))], 10);
    }
    // Of a file without the column, the folder says the value.
    fs::create_dir(path(&folder, "j=2")).unwrap();
    write(&path(&folder, "j=2/a.parquet"), vec![("x", floats([5.0]))], 10);
    let lake = folder.path().to_str().unwrap();
    let document = json(&[lake, "-g", "j", "-c", "x", "-a", "mean", "-q", ""]);
    let groups: Vec<_> = document["series"].as_array().unwrap().iter().map(|s| (&s["by"]["j"], &s["mean"])).collect();
    assert_eq!(groups, [(&1.into(), &2.0.into()), (&2.into(), &5.0.into()), (&Value::Null, &2.0.into())]);
    for (predicate, rows) in [("j is null", 2), ("j = 1", 2), ("j = 2", 1), ("j is not null", 3), ("j in (1, 2)", 3)] {
        let document = json(&[lake, "-c", "x", "--where", predicate, "-a", "", "-q", ""]);
        assert_eq!(document["series"][0]["count"], rows, "{predicate}");
    }
    let of_nothing_else = TempDir::new().unwrap();
    fs::create_dir(path(&of_nothing_else, "j=null")).unwrap();
    write(&path(&of_nothing_else, "j=null/a.parquet"), vec![("x", floats([5.0]))], 10);
    let document = json(&[of_nothing_else.path().to_str().unwrap(), "-g", "j", "-a", "", "-q", ""]);
    assert_eq!(document["series"][0]["by"]["j"], "null");
}

/// The row group's null count of 0 that old Arrow wrote for dictionaries lost all rows of `is null`.
#[test]
fn statistics_of_writers_that_lie_lose_no_rows() {
    let folder = TempDir::new().unwrap();
    let file = path(&folder, "a.parquet");
    let batch = RecordBatch::try_from_iter_with_nullable([("x", floats([1.0, 2.0]), true)]).unwrap();
    let properties =
        WriterProperties::builder().set_created_by("parquet-cpp version 1.5.1-SNAPSHOT".to_owned()).build();
    let mut writer = ArrowWriter::try_new(fs::File::create(&file).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let explained = rstats(&["describe", file.to_str().unwrap(), "--where", "x is null", "--explain"]);
    assert!(text(&explained.stdout).contains("row groups   1 of 1"), "{}", text(&explained.stdout));
}
