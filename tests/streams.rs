//! The command over text, Arrow and standard input: windows, and what is described as it comes.
#![cfg(feature = "cli")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::{ArrayRef, BinaryArray, Float64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::{FileWriter, StreamWriter};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use serde_json::Value;
use tempfile::TempDir;

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rstats"));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn with_input(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = command(arguments).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writing = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap();
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Readings of two sensors, ten seconds apart, the second half of each minute in the wrong order.
fn readings(rows: usize) -> Vec<(i64, String, f64)> {
    (0..rows as i64).map(|i| (1_767_225_600 + 10 * (i ^ 1), format!("s{}", i % 2), i as f64 * 0.1)).collect()
}

fn ndjson(rows: &[(i64, String, f64)]) -> String {
    rows.iter().map(|(ts, k, x)| format!("{{\"ts\": {ts}, \"k\": \"{k}\", \"x\": {x}}}\n")).collect()
}

fn csv(rows: &[(i64, String, f64)]) -> String {
    let body: String = rows.iter().map(|(ts, k, x)| format!("{ts},{k},{x}\n")).collect();
    format!("ts,k,x\n{body}")
}

fn table(rows: &[(i64, String, f64)]) -> RecordBatch {
    let times =
        TimestampMillisecondArray::from_iter_values(rows.iter().map(|row| 1000 * row.0)).with_timezone("+00:00");
    let keys = StringArray::from_iter_values(rows.iter().map(|row| &row.1));
    let values = Float64Array::from_iter_values(rows.iter().map(|row| row.2));
    RecordBatch::try_from_iter([
        ("ts", Arc::new(times) as ArrayRef),
        ("k", Arc::new(keys) as ArrayRef),
        ("x", Arc::new(values) as ArrayRef),
    ])
    .unwrap()
}

fn ipc(rows: &[(i64, String, f64)]) -> Vec<u8> {
    let batch = table(rows);
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    for start in (0..batch.num_rows()).step_by(7) {
        writer.write(&batch.slice(start, 7.min(batch.num_rows() - start))).unwrap();
    }
    writer.into_inner().unwrap()
}

/// The same rows in a file of each kind.
fn files(folder: &TempDir, rows: &[(i64, String, f64)]) -> Vec<PathBuf> {
    let path = |name: &str| folder.path().join(name);
    fs::write(path("a.csv"), csv(rows)).unwrap();
    fs::write(path("a.ndjson"), ndjson(rows)).unwrap();
    let mut gz =
        flate2::write::GzEncoder::new(fs::File::create(path("a.jsonl.gz")).unwrap(), flate2::Compression::fast());
    gz.write_all(ndjson(rows).as_bytes()).unwrap();
    gz.finish().unwrap();
    fs::write(path("a.csv.zst"), zstd::encode_all(csv(rows).as_bytes(), 1).unwrap()).unwrap();
    fs::write(path("a.json"), ndjson(rows)).unwrap();
    let batch = table(rows);
    let mut file = FileWriter::try_new(fs::File::create(path("a.arrow")).unwrap(), &batch.schema()).unwrap();
    file.write(&batch).unwrap();
    file.finish().unwrap();
    let mut file = ArrowWriter::try_new(fs::File::create(path("a.parquet")).unwrap(), batch.schema(), None).unwrap();
    file.write(&batch).unwrap();
    file.close().unwrap();
    ["a.csv", "a.ndjson", "a.jsonl.gz", "a.csv.zst", "a.json", "a.arrow", "a.parquet"].map(path).to_vec()
}

const WINDOWS: [&str; 13] =
    ["windows", "--on", "ts", "--time-unit", "s", "--size", "1min", "-g", "k", "-c", "x", "-f", "ndjson"];

#[test]
fn every_kind_of_data_gives_the_same_windows() {
    let rows = readings(100);
    let folder = TempDir::new().unwrap();
    let mut all = Vec::new();
    for file in files(&folder, &rows) {
        let output = Command::new(env!("CARGO_BIN_EXE_rstats")).args(WINDOWS).arg(&file).output().unwrap();
        all.push(lines(&output));
    }
    let compressed = zstd::encode_all(csv(&rows).as_bytes(), 1).unwrap();
    let inputs = [
        ("ndjson", ndjson(&rows).into_bytes()),
        ("csv", csv(&rows).into_bytes()),
        ("csv", compressed),
        ("ipc", ipc(&rows)),
    ];
    for (from, input) in inputs {
        let arguments = [&WINDOWS[..], &["--from", from, "--max-delay", "10s"]].concat();
        let output = with_input(&arguments, &input);
        assert_eq!(text(&output.stderr), "");
        all.push(lines(&output));
    }
    let first = &all[0];
    assert_eq!(first.len(), 34);
    assert_eq!(first[0]["window_start"], "2026-01-01T00:00:00+00:00");
    assert_eq!((&first[0]["by"]["k"], &first[0]["count"]), (&Value::from("s0"), &Value::from(3)));
    for (index, windows) in all.iter().enumerate() {
        assert_eq!(windows, first, "{index}");
    }
}

#[test]
fn a_file_of_no_known_format_says_what_to_write() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.txt");
    fs::write(&path, "x\n1\n").unwrap();
    let describe = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_rstats")).arg("describe").arg(&path).args(arguments).output().unwrap()
    };
    let output = describe(&[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).ends_with(
        "a.txt: it is no Parquet, and its name tells no other format: if it is CSV, NDJSON or Arrow, say --from csv, ndjson or ipc\n"
    ));
    assert!(text(&describe(&["--from", "csv", "-f", "ndjson"]).stdout).contains("\"mean\": 1.0"));
}

#[test]
fn of_files_that_do_not_go_together_by_keys_the_columns_are_named() {
    let folder = TempDir::new().unwrap();
    let paths = ["a.csv", "b.csv"].map(|name| folder.path().join(name));
    fs::write(&paths[0], "k,x\nhere,1\n").unwrap();
    fs::write(&paths[1], "k,y\nhere,1\n").unwrap();
    let output =
        Command::new(env!("CARGO_BIN_EXE_rstats")).args(["describe", "-g", "k"]).args(&paths).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.contains("these are y, and those before are x; name the columns"), "{told}");
}

#[test]
fn lakes_have_keys_in_their_paths_and_predicates() {
    let rows = readings(100);
    let folder = TempDir::new().unwrap();
    files(&folder, &rows);
    let lake = folder.path().join("lake");
    for place in ["a", "b", "c"] {
        fs::create_dir_all(lake.join(format!("place={place}"))).unwrap();
        fs::copy(folder.path().join("a.parquet"), lake.join(format!("place={place}/rows.parquet"))).unwrap();
    }
    let path = lake.to_str().unwrap();
    let run = |more: &[&str]| {
        let question = ["windows", path, "--on", "ts", "--size", "1min", "-c", "x", "-f", "ndjson"];
        Command::new(env!("CARGO_BIN_EXE_rstats")).args(question).args(more).output().unwrap()
    };
    let found =
        lines(&run(&["-g", "place", "--where", "x < 1.15 and place in ('b', 'c')", "--memory-limit", "128MiB"]));
    let told: Vec<_> = found.iter().map(|row| (row["by"]["place"].as_str().unwrap(), &row["count"])).collect();
    let counts = [6, 6].map(Value::from);
    let expected: Vec<_> = counts.iter().flat_map(|count| [("b", count), ("c", count)]).collect();
    assert_eq!(told, expected);
    // A file that cannot be read is left out whole, and told.
    let damaged = lake.join("place=c/rows.parquet");
    let mut bytes = fs::read(&damaged).unwrap();
    bytes[10..40].fill(0xff);
    fs::write(&damaged, bytes).unwrap();
    let failed = run(&["-g", "place"]);
    assert_eq!((failed.status.code(), failed.stdout.is_empty()), (Some(1), true));
    let output = run(&["-g", "place", "--on-error", "skip"]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("place=c"), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout).lines().count(), 2 * 17);
    let refused = with_input(&[&WINDOWS[..], &["--from", "csv", "--where", "x > 1"]].concat(), csv(&rows).as_bytes());
    assert!(text(&refused.stderr).contains("--where is for Parquet"), "{}", text(&refused.stderr));
}

/// Impala, Hive and others write text as bytes of which the file does not say what they are.
#[test]
fn bytes_of_no_type_are_keys_of_text() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("rows.parquet");
    let run = |question: &[&str]| {
        lines(&Command::new(env!("CARGO_BIN_EXE_rstats")).args(question).arg(&path).output().unwrap())
    };
    for (keys, expected) in [([&b"s1"[..], b"s2"], ["s1", "s2"]), ([b"s1", b"\xff"], ["7331", "ff"])] {
        let columns: [(&str, ArrayRef); 3] = [
            ("ts", Arc::new(TimestampMillisecondArray::from(vec![0, 90_000]))),
            ("k", Arc::new(BinaryArray::from_vec(keys.to_vec()))),
            ("x", Arc::new(Float64Array::from(vec![1.0, 2.0]))),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let options = ArrowWriterOptions::new().with_skip_arrow_metadata(true);
        let file = fs::File::create(&path).unwrap();
        let mut writer = ArrowWriter::try_new_with_options(file, batch.schema(), options).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let windows = ["windows", "--on", "ts", "--size", "1min", "-g", "k", "-c", "x", "-f", "ndjson"];
        for question in [&windows[..], &["describe", "-g", "k", "-c", "x", "-f", "ndjson"]] {
            assert!(run(question).iter().map(|row| &row["by"]["k"]).eq(&expected), "{question:?}");
        }
    }
}

#[test]
fn what_comes_on_standard_input_is_described() {
    let rows = readings(1000);
    let folder = TempDir::new().unwrap();
    for keys in [&[][..], &["-g", "k"]] {
        let mut all = Vec::new();
        let question = [&["describe", "-c", "x", "-q", "0.5,0.99", "-f", "ndjson"], keys].concat();
        for file in files(&folder, &rows) {
            let output = Command::new(env!("CARGO_BIN_EXE_rstats")).args(&question).arg(&file).output().unwrap();
            all.push(lines(&output));
        }
        let parquet = fs::read(folder.path().join("a.parquet")).unwrap();
        let inputs = [
            ("ndjson", ndjson(&rows).into_bytes()),
            ("csv", csv(&rows).into_bytes()),
            ("ipc", ipc(&rows)),
            ("parquet", parquet),
        ];
        for (from, input) in inputs {
            all.push(lines(&with_input(&[&question[..], &["--from", from]].concat(), &input)));
        }
        assert_eq!(all[0].len(), if keys.is_empty() { 1 } else { 2 });
        assert!(all.iter().all(|answer| *answer == all[0]), "{all:?}");
    }
}

#[test]
fn folders_hold_files_of_one_kind() {
    let rows = readings(60);
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("b")).unwrap();
    fs::write(folder.path().join("a.csv"), csv(&rows[..20])).unwrap();
    fs::write(folder.path().join("b/c.csv"), csv(&rows[20..])).unwrap();
    fs::write(folder.path().join("b/_hidden.csv"), "no").unwrap();
    let path = folder.path().to_str().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_rstats"));
    let found = { output }.args(["describe", path, "-c", "x", "-f", "json"]).output().unwrap();
    let document: Value = serde_json::from_slice(&found.stdout).unwrap();
    assert_eq!((&document["source"]["files"], &document["series"][0]["count"]), (&Value::from(2), &Value::from(60)));
    let run = |arguments: &[&str]| command(arguments).stdin(Stdio::null()).output().unwrap();
    let mixed = run(&["describe", path, "data/city_temps.parquet"]);
    assert_eq!(mixed.status.code(), Some(1));
    assert!(text(&mixed.stderr).contains("are not read together"), "{}", text(&mixed.stderr));
    let option = run(&["describe", path, "--where", "x > 0"]);
    assert_eq!(option.status.code(), Some(2));
    assert!(text(&option.stderr).contains("--where is for Parquet"), "{}", text(&option.stderr));
    let plan = run(&["describe", path, "--explain"]);
    assert!(
        text(&plan.stdout).contains("Csv, read from front to back\n  ts: Float64\n  k: Utf8\n  x: Float64"),
        "{}",
        text(&plan.stdout)
    );
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    for (arguments, input, status, told) in [
        (
            &["--from", "ndjson"][..],
            "{\"ts\": 1, \"k\": \"a\", \"x\": 1}\n{\"ts\": 2, \"x\": \"1\"}\n",
            1,
            "standard input: line 2 (byte 28): 'x': expected a number",
        ),
        (&["--from", "csv"], "ts,k,x\n1,a,b\n", 1, "line 2 (byte 7): 'x': 'b' is no number"),
        (&["--from", "csv"], "ts,k\n1,a\n", 1, "there is no column 'x'"),
        (&["--from", "ipc"], "no arrow at all", 1, "batch 1 (counted from 1)"),
        (&[], "", 2, "say with --from what standard input holds"),
        (&["--from", "ndjson", "-f", "json"], "", 2, "as ndjson, as an Arrow stream or as tables"),
        (&["--from", "ndjson", "--slide", "2min"], "", 2, "the slide is at most the size"),
        (&["--from", "ndjson", "--size", "1mo"], "", 2, "is not a span of time"),
        (&["data/", "--state", "s"], "", 2, "--state is for a stream on standard input"),
        (&["--from", "csv", "--delimiter", "ab"], "", 2, "--delimiter is one character"),
    ] {
        let size = if arguments.contains(&"--size") { &[][..] } else { &["--size", "1min"] };
        let question = ["windows", "--on", "ts", "--time-unit", "s", "-g", "k", "-c", "x"];
        let output = with_input(&[&question[..], size, arguments].concat(), input.as_bytes());
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {message}");
        assert!(message.contains(told) && !message.contains("panicked"), "{message}");
        assert_eq!(text(&output.stdout), "");
    }
    let skips = [&WINDOWS[..], &["--from", "ndjson", "--on-error", "skip"]].concat();
    let output =
        with_input(&skips, b"{\"ts\": 1, \"k\": \"a\", \"x\": 1}\noops\n{\"ts\": 2, \"k\": \"a\", \"x\": 2}\n");
    assert_eq!(output.status.code(), Some(3));
    assert!(
        text(&output.stderr).contains("1 line was passed over; the first: standard input: line 2"),
        "{}",
        text(&output.stderr)
    );
    assert!(text(&output.stdout).contains("\"count\": 2"));
}

/// A process that is fed line by line.
struct Piped {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
}

impl Piped {
    fn new(arguments: &[&str]) -> Self {
        let mut child = command(arguments).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    fn send(&mut self, rows: &[(i64, String, f64)]) {
        self.child.stdin.as_mut().unwrap().write_all(ndjson(rows).as_bytes()).unwrap();
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn signal(&self, signal: &str) {
        let killed = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
    }

    /// The exit status and what was said, in so many seconds.
    fn end(mut self) -> (Option<i32>, String) {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(start.elapsed() < Duration::from_secs(60), "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        };
        let mut message = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut message).unwrap();
        (status.code(), message)
    }
}

#[test]
fn windows_come_as_they_close() {
    let rows = readings(30);
    let arguments = [&WINDOWS[..], &["--from", "ndjson", "--max-delay", "10s", "--idle-timeout", "200ms"]].concat();
    let mut piped = Piped::new(&arguments);
    piped.send(&rows[..10]);
    // The first minute has closed; the second one is closed because nothing comes.
    for start in ["00:00", "00:00", "01:00", "01:00"] {
        assert_eq!(piped.line()["window_start"], format!("2026-01-01T00:{start}+00:00"));
    }
    piped.send(&rows[..1]);
    drop(piped.child.stdin.take());
    let (status, message) = piped.end();
    assert_eq!(
        (status, message.as_str()),
        (
            Some(0),
            "rstats: 1 of 11 rows came after their windows had closed; a longer --max-delay would wait for them\n"
        )
    );
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it_and_the_state_goes_on() {
    let rows = readings(60);
    let whole = lines(&with_input(
        &[&WINDOWS[..], &["--from", "ndjson", "--max-delay", "10s"]].concat(),
        ndjson(&rows).as_bytes(),
    ));
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let folder = TempDir::new().unwrap();
        let state = folder.path().join("state");
        let arguments =
            [&WINDOWS[..], &["--from", "ndjson", "--max-delay", "10s", "--state", state.to_str().unwrap()]].concat();
        let mut piped = Piped::new(&arguments);
        piped.send(&rows[..20]);
        let mut found: Vec<Value> = (0..6).map(|_| piped.line()).collect();
        piped.signal(signal);
        assert_eq!(piped.end(), (Some(code), String::new()));
        let mut piped = Piped::new(&arguments);
        piped.send(&rows[20..40]);
        drop(piped.child.stdin.take());
        let mut rest = String::new();
        piped.out.read_to_string(&mut rest).unwrap();
        found.extend(rest.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
        let (status, message) = piped.end();
        assert_eq!(status, Some(0));
        assert!(message.contains("state: going on after 20 rows"), "{message}");
        let mut piped = Piped::new(&arguments);
        piped.send(&rows[40..]);
        drop(piped.child.stdin.take());
        let mut rest = String::new();
        piped.out.read_to_string(&mut rest).unwrap();
        found.extend(rest.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
        assert_eq!(piped.end().0, Some(0));
        // What is still open is in the state.
        assert_eq!(found, whole[..found.len()]);
        assert_eq!(found.len(), whole.len() - 2);
        let other = with_input(&[&arguments[..], &["-q", ""]].concat(), b"");
        assert!(text(&other.stderr).contains("this state is of another question"), "{}", text(&other.stderr));
    }
}

#[test]
fn a_closed_pipe_is_silence_and_leaves_the_state() {
    let folder = TempDir::new().unwrap();
    let state = folder.path().join("state");
    let arguments = [&WINDOWS[..], &["--from", "ndjson", "--state", state.to_str().unwrap()]].concat();
    let mut piped = Piped::new(&arguments);
    piped.send(&readings(8));
    piped.line();
    drop(std::mem::replace(&mut piped.out, BufReader::new(empty_stdout())));
    for start in (8..4000).step_by(8) {
        let rows = readings(start + 8);
        if piped.child.stdin.as_mut().unwrap().write_all(ndjson(&rows[start..]).as_bytes()).is_err() {
            break;
        }
    }
    let (status, message) = piped.end();
    assert_eq!((status, message.as_str()), (Some(0), ""));
    assert!(state.exists());
}

/// The output of a process that says nothing.
fn empty_stdout() -> std::process::ChildStdout {
    let mut child = command(&["--version"]).spawn().unwrap();
    let out = child.stdout.take().unwrap();
    child.wait().unwrap();
    out
}

#[test]
fn late_rows_and_arrow_streams_are_written() {
    let folder = TempDir::new().unwrap();
    let late = folder.path().join("late.ndjson");
    let rows = readings(40);
    let mixed = [&rows[..], &rows[..3]].concat();
    let arguments = [
        "windows",
        "--on",
        "ts",
        "--time-unit",
        "s",
        "--gap",
        "1min",
        "-c",
        "x",
        "-g",
        "k",
        "--from",
        "ndjson",
        "--max-delay",
        "10s",
    ];
    let late_output = ["--late-output", late.to_str().unwrap(), "-f", "arrow"];
    let output = with_input(&[&arguments[..], &late_output].concat(), ndjson(&mixed).as_bytes());
    assert!(output.status.success(), "{}", text(&output.stderr));
    // A session goes on for as long as rows come.
    let batches: Vec<RecordBatch> =
        StreamReader::try_new(&output.stdout[..], None).unwrap().map(Result::unwrap).collect();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 2);
    let arguments =
        [&WINDOWS[..], &["--from", "ndjson", "--max-delay", "10s", "--late-output", late.to_str().unwrap()]].concat();
    let output = with_input(&arguments, ndjson(&mixed).as_bytes());
    assert!(text(&output.stderr).starts_with("rstats: 3 of 43 rows came after their windows had closed"));
    let kept = fs::read_to_string(&late).unwrap();
    let first: Value = serde_json::from_str(kept.lines().next().unwrap()).unwrap();
    assert_eq!(kept.lines().count(), 3);
    assert_eq!(
        (&first["ts"], &first["k"], &first["x"]),
        (&Value::from("2026-01-01T00:00:10+00:00"), &Value::from("s0"), &Value::from(0.0))
    );
    // A file takes the windows of a stream behind what it has.
    let out = folder.path().join("out.ndjson");
    for _ in 0..2 {
        let arguments =
            [&WINDOWS[..], &["--from", "ndjson", "--max-delay", "10s", "-o", out.to_str().unwrap()]].concat();
        assert!(with_input(&arguments, ndjson(&rows).as_bytes()).status.success());
    }
    assert_eq!(fs::read_to_string(&out).unwrap().lines().count(), 28);
}

#[test]
fn help_teaches() {
    let help = text(&command(&["windows", "--help"]).output().unwrap().stdout);
    for word in ["kcat", "--max-delay", "--state", "Exit status", "window begins each SPAN"] {
        assert!(help.contains(word), "{word}");
    }
}
