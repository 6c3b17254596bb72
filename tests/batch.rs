//! Batch runs from outside: kills, files that cannot be read, what a second run has to read.
#![cfg(all(feature = "cli", unix))]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use tempfile::TempDir;

/// Marsaglia's xorshift64: the same values on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// From 0 to 1, in steps of 2^-53.
    fn float(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// A file with a key and a value, some of them null.
fn write(path: &Path, rows: usize, keys: u64, seed: u64) {
    let mut random = Random(seed * 2 + 1);
    let k: Int64Array = (0..rows).map(|_| Some((random.next() % keys) as i64)).collect();
    let value = |random: &mut Random| (!random.next().is_multiple_of(50)).then(|| random.float() * 100.0 - 20.0);
    let x: Float64Array = (0..rows).map(|_| value(&mut random)).collect();
    let columns: [(&str, ArrayRef); 2] = [("k", Arc::new(k)), ("x", Arc::new(x))];
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, c)| (n, c, true))).unwrap();
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(rows.div_ceil(3).max(1)))
        .set_dictionary_enabled(false)
        .set_compression(Compression::UNCOMPRESSED);
    let mut writer =
        ArrowWriter::try_new(fs::File::create(path).unwrap(), batch.schema(), Some(properties.build())).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn lake(folder: &TempDir, files: u64, rows: usize, keys: u64) -> PathBuf {
    let lake = folder.path().join("lake");
    fs::create_dir_all(&lake).unwrap();
    (0..files).for_each(|file| write(&lake.join(format!("{file:03}.parquet")), rows, keys, file + 1));
    lake
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rstats"));
    command.arg("describe").args(arguments);
    command
}

fn run(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

fn answer(arguments: &[&str]) -> Vec<u8> {
    let output = run(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_run_that_is_killed_goes_on_where_it_was() {
    let folder = TempDir::new().unwrap();
    let lake = lake(&folder, 12, 60_000, 50);
    let (lake, out) = (lake.to_str().unwrap(), folder.path().join("out.json"));
    let expected = answer(&[lake, "-f", "json", "-A"]);
    let state = folder.path().join("state");
    let arguments = [lake, "-A", "--checkpoint", state.to_str().unwrap(), "-o", out.to_str().unwrap(), "-j", "2"];
    let started = Instant::now();
    let fresh = folder.path().join("fresh");
    answer(&[lake, "-A", "--checkpoint", fresh.to_str().unwrap(), "-f", "json"]);
    let whole = started.elapsed();
    let mut random = Random(7);
    let mut killed = 0;
    for _ in 0..50 {
        let mut child = command(&arguments).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(whole.mul_f64(random.float() * 0.6));
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());
        match fs::read(&out) {
            Ok(bytes) => assert!(bytes == expected, "an output that is not whole"),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound),
        }
        // Start from scratch now and then, so that kills hit every stage.
        if random.next().is_multiple_of(4) {
            let _ = fs::remove_dir_all(&state);
            let _ = fs::remove_file(&out);
        }
    }
    assert!(killed > 5, "only {killed} were killed before they were done");
    let output = run(&arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(fs::read(&out).unwrap() == expected);
}

#[test]
fn a_second_run_reads_only_what_is_new() {
    let folder = TempDir::new().unwrap();
    let lake = lake(&folder, 5, 30_000, 50);
    let state = folder.path().join("state");
    let arguments = [lake.to_str().unwrap(), "-f", "json", "--checkpoint", state.to_str().unwrap(), "--progress=plain"];
    let first = run(&arguments);
    assert!(first.status.success());
    let again = run(&arguments);
    assert_eq!(first.stdout, again.stdout);
    let said = text(&again.stderr);
    assert!(said.contains("5 files known from before, 0 of them read again"), "{said}");
    assert!(said.contains("; 0 B in "), "{said}");

    write(&lake.join("new.parquet"), 30_000, 50, 99);
    let grown = run(&arguments);
    let said = text(&grown.stderr);
    assert!(said.contains("6 files, 180,000 rows") && said.contains("5 files known from before"), "{said}");
    assert_eq!(text(&grown.stdout), text(&answer(&[lake.to_str().unwrap(), "-f", "json"])));
    // Without quantiles nothing is read again.
    let moments = [&arguments[..], &["-q", ""]].concat();
    run(&moments);
    write(&lake.join("newer.parquet"), 30_000, 50, 100);
    let said = text(&run(&moments).stderr);
    assert!(said.contains("6 files known from before, 0 of them read again"), "{said}");
}

#[test]
fn files_that_cannot_be_read_are_left_out_by_name() {
    let folder = TempDir::new().unwrap();
    let lake = lake(&folder, 3, 9_000, 50);
    let bad = lake.join("001.parquet");
    let bytes = fs::read(&bad).unwrap();
    // A whole footer, and zeros where the last row group was: the first two of its row groups can be read.
    let mut damaged = bytes.clone();
    let middle = bytes.len() * 3 / 4;
    damaged[middle..bytes.len() - 4_000].fill(0);
    fs::write(&bad, &damaged).unwrap();
    fs::write(lake.join("002.parquet"), &bytes[..bytes.len() / 2]).unwrap();
    let lake = lake.to_str().unwrap();
    let good = answer(&[&format!("{lake}/000.parquet"), "-f", "ndjson"]);

    let failed = run(&[lake, "-f", "json"]);
    assert_eq!(failed.status.code(), Some(1));
    assert_eq!((text(&failed.stdout).as_str(), text(&failed.stderr).lines().count()), ("", 1));
    for by in [&[][..], &["-g", "k"]] {
        let skipped = run(&[&[lake, "-f", "json", "--on-error", "skip"], by].concat());
        assert_eq!(skipped.status.code(), Some(3), "{}", text(&skipped.stderr));
        let said = text(&skipped.stderr);
        assert_eq!(said.lines().filter(|line| line.starts_with("rstats: left out: ")).count(), 2, "{said}");
        let document: serde_json::Value = serde_json::from_slice(&skipped.stdout).unwrap();
        let errors = document["source"]["errors"].as_array().unwrap();
        let files: Vec<_> = errors.iter().map(|error| error["file"].as_str().unwrap()).collect();
        assert_eq!(files, [format!("{lake}/001.parquet"), format!("{lake}/002.parquet")]);
        assert_eq!(errors[0]["row_group"], 2, "{errors:?}");
        assert_eq!(document["source"]["files"], 1);
    }
    let lines = run(&[lake, "-f", "ndjson", "--on-error", "skip"]);
    let plain =
        |bytes: &[u8]| text(bytes).replace("\"files_left_out\": 2, ", "").replace(", \"files_left_out\": 2", "");
    assert_eq!(plain(&lines.stdout), plain(&good));
}

#[test]
fn a_plan_tells_what_would_be_read() {
    let folder = TempDir::new().unwrap();
    let lake = lake(&folder, 2, 9_000, 50);
    let lake = lake.to_str().unwrap();
    let said = text(&answer(&[lake, "--explain", "-c", "x", "--where", "k > 1000", "--memory-limit", "1GiB"]));
    for line in
        ["files        0 of 2", "row groups   0 of 6", "columns      x", "where        k > 1000", "up to 1.0 GiB"]
    {
        assert!(said.contains(line), "{said}");
    }
    let said = text(&answer(&[lake, "--explain", "-c", "x", "-g", "k"]));
    for line in ["files        2 of 2", "rows         18000 of 18000", "groups by    k"] {
        assert!(said.contains(line), "{said}");
    }
}

#[test]
fn wrong_arguments_are_told_before_anything_is_read() {
    for (arguments, word) in [
        (["--where", "x >"], "expected"),
        (["--memory-limit", "much"], "512MiB"),
        (["--on-error", "ignore"], "skip"),
        (["--progress", "loud"], "plain"),
    ] {
        let output = run(&[&["nowhere.parquet"], &arguments[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(word), "{}", text(&output.stderr));
    }
}

#[test]
fn signals_end_a_run_soon_and_leave_nothing() {
    let folder = TempDir::new().unwrap();
    let lake = lake(&folder, 6, 300_000, 100_000);
    let out = folder.path().join("out.json");
    for (signal, status) in [("-INT", 130), ("-TERM", 143)] {
        let mut child = command(&[lake.to_str().unwrap(), "-g", "k", "-o", out.to_str().unwrap()]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(60));
        let pid = child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        let sent = Instant::now();
        let code = child.wait().unwrap().code();
        // It may have been done before.
        if code != Some(0) {
            assert_eq!(code, Some(status));
            assert!(sent.elapsed() < Duration::from_secs(5));
            assert!(!out.exists());
        }
        let _ = fs::remove_file(&out);
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["lake"]);
    }
}

/// One file without any of the columns, beside one of more than 4,096 values: "its entry in the checkpoint vanished", for good.
#[test]
fn a_file_without_the_columns_is_kept_as_well() {
    let folder = TempDir::new().unwrap();
    let lake = lake(&folder, 2, 6000, 10);
    let other = RecordBatch::try_from_iter([("other", Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef)]).unwrap();
    for name in ["0-without.parquet", "z-without.parquet"] {
        let mut writer =
            ArrowWriter::try_new(fs::File::create(lake.join(name)).unwrap(), other.schema(), None).unwrap();
        writer.write(&other).unwrap();
        writer.close().unwrap();
    }
    let state = folder.path().join("state");
    let lake = lake.to_str().unwrap();
    for columns in ["x", "x,other"] {
        let plain = answer(&[lake, "-c", columns, "-f", "json"]);
        for _ in 0..3 {
            let kept = [lake, "-c", columns, "-f", "json", "--checkpoint", state.to_str().unwrap()];
            assert_eq!(text(&answer(&kept)), text(&plain));
        }
    }
}

/// A file that was changed in place, and whose old time was set again, was taken for the same.
#[cfg(unix)]
#[test]
fn a_file_with_its_old_time_is_not_the_same() {
    let folder = TempDir::new().unwrap();
    let lake = lake(&folder, 1, 100, 3);
    let file = fs::read_dir(&lake).unwrap().next().unwrap().unwrap().path();
    let (state, path) = (folder.path().join("state"), lake.to_str().unwrap());
    let kept = [path, "-c", "x", "-f", "json", "--checkpoint", state.to_str().unwrap()];
    let before = answer(&kept);
    let metadata = fs::metadata(&file).unwrap();
    write(&file, 100, 3, 77);
    let opened = fs::File::options().write(true).open(&file).unwrap();
    opened.set_modified(metadata.modified().unwrap()).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), metadata.modified().unwrap());
    let after = answer(&kept);
    assert_eq!(text(&after), text(&answer(&[path, "-c", "x", "-f", "json"])));
    assert_ne!(text(&after), text(&before));
}
