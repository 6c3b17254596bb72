//! Text and streams, however they are cut.

use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampNanosecondType};
use arrow_array::{Array, ArrayRef, DictionaryArray, Float64Array, RecordBatch, StringArray};
use arrow_ipc::writer::{FileWriter, StreamWriter};
use arrow_select::concat::concat_batches;
use proptest::prelude::*;

use super::*;
use crate::Kinds;
use crate::interrupt::Interrupt;
use crate::stats::seeds;

/// Gives text in pieces of these lengths.
struct Dripping {
    text: Cursor<Vec<u8>>,
    lengths: Vec<usize>,
    turn: usize,
}

impl Read for Dripping {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.lengths[self.turn % self.lengths.len()].clamp(1, buffer.len());
        self.turn += 1;
        self.text.read(&mut buffer[..length])
    }
}

fn read_from(
    format: Format,
    text: &[u8],
    lengths: &[usize],
    wanted: &Wanted,
) -> Result<(Vec<RecordBatch>, u64), String> {
    let input = Dripping { text: Cursor::new(text.to_vec()), lengths: lengths.to_vec(), turn: 0 };
    let mut source = Source::new(format, Box::new(input), "data", wanted).map_err(|error| error.to_string())?;
    let mut all = Vec::new();
    loop {
        match source.next(None, &Interrupt::default()).map_err(|error| error.to_string())? {
            Next::Batches(batches) => all.extend(batches),
            Next::Idle => {}
            Next::End => return Ok((all, source.skipped().0)),
        }
    }
}

fn read(format: Format, text: &str, wanted: &Wanted) -> Result<RecordBatch, String> {
    let (batches, _) = read_from(format, text.as_bytes(), &[1 << 20], wanted)?;
    let schema = batches.first().ok_or("nothing")?.schema();
    concat_batches(&schema, &batches).map_err(|error| error.to_string())
}

fn wanted() -> Wanted {
    Wanted { time: Some("ts".to_owned()), keys: vec!["k".to_owned()], ..Wanted::default() }
}

fn floats(batch: &RecordBatch, name: &str) -> Vec<Option<f64>> {
    batch[name].as_primitive::<Float64Type>().iter().collect()
}

#[test]
fn records_become_columns() {
    let text = "{\"ts\": \"2026-01-01T00:00:01Z\", \"k\": \"a\", \"x\": 1.5, \"s\": \"no\"}\n\n\
                {\"ts\": \"2026-01-01T00:00:02Z\", \"x\": -2, \"k\": 7}\r\n\
                {\"k\": null, \"x\": null, \"ts\": null, \"y\": 0.1}";
    let batch = read(Format::Ndjson, text, &wanted()).unwrap();
    assert_eq!(
        batch.schema().fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>(),
        ["ts", "k", "x", "y"]
    );
    assert_eq!(floats(&batch, "x"), [Some(1.5), Some(-2.0), None]);
    assert_eq!(floats(&batch, "y"), [None, None, Some(0.1)]);
    assert_eq!(batch["k"].as_string::<i32>().iter().collect::<Vec<_>>(), [Some("a"), Some("7"), None]);
    let times = batch["ts"].as_primitive::<TimestampNanosecondType>();
    assert_eq!(times.timezone(), Some("+00:00"));
    assert_eq!(times.value(1) - times.value(0), 1_000_000_000);
    assert!(times.is_null(2));
}

#[test]
fn csv_becomes_columns() {
    let text = "ts;k;x;note\n2026-01-01 00:00:01;\"a;b\";1.5;\"two\nlines \"\"x\"\"\"\n2026-01-01 00:00:02;;NA;\r\n;b; 1e3 ;z\n";
    let batch = read(Format::Csv, text, &wanted()).unwrap();
    assert_eq!(floats(&batch, "x"), [Some(1.5), None, Some(1000.0)]);
    assert_eq!(batch["k"].as_string::<i32>().iter().collect::<Vec<_>>(), [Some("a;b"), None, Some("b")]);
    assert_eq!(batch["ts"].as_primitive::<TimestampNanosecondType>().timezone(), None);
    assert_eq!(batch.num_columns(), 3);
    let named = Wanted { columns: Some(vec!["x".to_owned()]), ..Wanted::default() };
    assert_eq!(read(Format::Csv, text, &named).unwrap().num_columns(), 1);
    let error =
        read(Format::Csv, text, &Wanted { columns: Some(vec!["z".to_owned()]), ..Wanted::default() }).unwrap_err();
    assert!(error.contains("there is no column 'z'; the columns are 'ts', 'k', 'x', 'note'"), "{error}");
    let special = read(Format::Csv, "x,y\nnan,1\ninf,2\n-Infinity,3\n", &Wanted::default()).unwrap();
    assert!(floats(&special, "x")[0].unwrap().is_nan() && floats(&special, "x")[2] == Some(f64::NEG_INFINITY));
}

#[test]
fn what_is_no_text_is_told() {
    let utf16 = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> { "x,y\n1,2\n".encode_utf16().flat_map(bytes).collect() };
    let cases: [(Vec<u8>, &str); 8] = [
        (utf16(u16::to_le_bytes), "this is UTF-16"),
        (utf16(u16::to_be_bytes), "this is UTF-16"),
        ([vec![0xff, 0xfe], utf16(u16::to_le_bytes)].concat(), "this is UTF-16"),
        (b"PAR1\x15\x00".to_vec(), "this is Parquet: say --from parquet"),
        (b"ARROW1\0\0".to_vec(), "this is Arrow: say --from ipc"),
        (b"PK\x03\x04\x14\0".to_vec(), "this is a zip archive"),
        (b"\xfd7zXZ\0\0".to_vec(), "this is compressed by xz"),
        (b"BZh91AY&SY".to_vec(), "this is compressed by bzip2"),
    ];
    for (bytes, told) in &cases {
        for format in [Format::Csv, Format::Ndjson] {
            let error = read_from(format, bytes, &[1 << 20], &Wanted::default()).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }
    // Names that begin alike.
    let names = "PAR1,BZh,PK,ARROW1\n1,2,3,4\n";
    assert_eq!(floats(&read(Format::Csv, names, &Wanted::default()).unwrap(), "PAR1"), [Some(1.0)]);
}

#[test]
fn errors_name_line_and_byte() {
    let numbers = Wanted { columns: Some(vec!["x".to_owned()]), ..Wanted::default() };
    let cases = [
        (
            Format::Ndjson,
            "{\"x\": 1}\n{\"x\": \"2\"}\n",
            "data: line 2 (byte 9): 'x': expected a number, found the text \"2\"",
        ),
        (
            Format::Ndjson,
            "{\"x\": 1}\n\n{\"x\": 1e999}\n",
            "data: line 3 (byte 10): 'x': this number is beyond the range of a float",
        ),
        (
            Format::Ndjson,
            "{\"x\": 1}\n{\"x\": 1,,}\n",
            "data: line 2 (byte 17): expected the name of a member, in quotes",
        ),
        (Format::Ndjson, "{\"x\": true}\n", "'x': expected a number, found a boolean"),
        (Format::Ndjson, "{\"x\": 1}\n{\"x\"", "data: line 2 (byte 13): expected ':' after a name"),
        (Format::Ndjson, "{\"x\": 1}\n[1]\n", "line 2 (byte 9): expected an object"),
        (Format::Csv, "x\n1\n2,3\n", "data: line 3 (byte 4): 2 values, and the first line names 1 columns"),
        (Format::Csv, "x,y\n1,\"a\nb\"\nzwei,\n", "data: line 4 (byte 12): 'x': 'zwei' is no number"),
        (Format::Csv, "x\n1e999\n", "line 2 (byte 2): 'x': 1e999 is beyond the range of a float"),
        (Format::Csv, "", "there is no line with the names of the columns"),
        (Format::Csv, "x,y\r1,2\r3,4\r", "data: line 1 (byte 0): lines end with carriage returns alone"),
        (Format::Ndjson, "\n[{\"x\": 1},\n{\"x\": 2}]\n", "data: line 2 (byte 0): an array, where each line"),
        (Format::Ndjson, "{\n\"x\": 1\n}\n", "data: line 1 (byte 0): a record of several lines"),
    ];
    for (format, text, told) in cases {
        for length in [1 << 20, 1] {
            let error = read_from(format, text.as_bytes(), &[length], &numbers).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
    let timed = Wanted { time: Some("ts".to_owned()), ..numbers };
    let error = read(Format::Ndjson, "{\"ts\": 1700000000, \"x\": 1}", &timed).unwrap_err();
    assert!(error.contains("'ts': the time 1700000000 is a number; say what it counts: s, ms, us or ns"), "{error}");
    let error = read(Format::Csv, "ts,x\nsoon,1\n", &timed).unwrap_err();
    assert!(error.contains("'ts': 'soon' is no time; write it as"), "{error}");
}

#[test]
fn lines_that_are_wrong_are_passed_over_where_that_is_wanted() {
    let wanted = Wanted { columns: Some(vec!["x".to_owned()]), skips: true, ..Wanted::default() };
    for (format, text) in
        [(Format::Ndjson, "{\"x\": 1}\ngarbage\n{\"x\": \"a\"}\n{\"x\": 2}\n"), (Format::Csv, "x\n1\n1,2\na\n2\n")]
    {
        let (batches, skipped) = read_from(format, text.as_bytes(), &[5], &wanted).unwrap();
        let values: Vec<Option<f64>> = batches.iter().flat_map(|batch| floats(batch, "x")).collect();
        assert_eq!((values, skipped), (vec![Some(1.0), Some(2.0)], 2));
    }
    // What is JSON and no record, while it is looked for columns.
    let looking = Wanted { columns: None, ..wanted };
    for line in ["[1]", "5", "null", "\"x\"", "{\"x\""] {
        let text = format!("{line}\n{{\"x\": 1}}\n{line}\n{{\"x\": 2}}\n");
        let (batches, skipped) = read_from(Format::Ndjson, text.as_bytes(), &[1 << 20], &looking).unwrap();
        let values: Vec<Option<f64>> = batches.iter().flat_map(|batch| floats(batch, "x")).collect();
        assert_eq!((values, skipped), (vec![Some(1.0), Some(2.0)], 2), "{line}");
    }
}

#[test]
fn columns_without_a_row_are_columns() {
    for text in ["x,y\n", "x,y", "x;y\r\n"] {
        for length in [1 << 20, 1] {
            let all = Wanted { kinds: Kinds::All, ..Wanted::default() };
            let (batches, _) = read_from(Format::Csv, text.as_bytes(), &[length], &all).unwrap();
            let names =
                |batch: &RecordBatch| batch.schema().fields().iter().map(|field| field.name().clone()).collect();
            let names: Vec<Vec<String>> = batches.iter().map(names).collect();
            assert_eq!((names, batches[0].num_rows()), (vec![vec!["x".to_owned(), "y".to_owned()]], 0), "{text}");
        }
    }
}

#[test]
fn a_line_without_end_is_refused() {
    let text = format!("{{\"x\": 1}}\n{{\"y\": \"{}", "a".repeat(70 << 20));
    let error = read_from(Format::Ndjson, text.as_bytes(), &[1 << 24], &Wanted::default()).unwrap_err();
    assert!(error.contains("line 2 (byte 9): a line of more than 64 MiB"), "{error}");
}

#[test]
fn arrow_streams_and_files_are_read() {
    let values: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.5), None]));
    let keys: ArrayRef = Arc::new(["a", "b"].into_iter().collect::<DictionaryArray<arrow_array::types::Int8Type>>());
    let batch = RecordBatch::try_from_iter([("x", values), ("k", keys)]).unwrap();
    let mut stream = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    let mut file = FileWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    for _ in 0..3 {
        stream.write(&batch).unwrap();
        file.write(&batch).unwrap();
    }
    stream.finish().unwrap();
    file.finish().unwrap();
    for bytes in [stream.into_inner().unwrap(), file.into_inner().unwrap()] {
        let (batches, _) = read_from(Format::Ipc, &bytes, &[7, 100], &Wanted::default()).unwrap();
        assert_eq!(batches.len(), 3);
        assert_eq!(batches[2], batch);
        // However it is cut off or damaged, it is an error or fewer batches, and no panic.
        for length in (0..bytes.len() - 8).step_by(3) {
            let _ = read_from(Format::Ipc, &bytes[..length], &[1 << 20], &Wanted::default());
        }
        for index in (0..bytes.len()).step_by(5) {
            let mut damaged = bytes.clone();
            damaged[index] ^= 0x41;
            let _ = read_from(Format::Ipc, &damaged, &[1 << 20], &Wanted::default());
        }
    }
    let error = read_from(Format::Ipc, b"{\"x\": 1}\n{\"x\": 2}\n", &[100], &Wanted::default()).unwrap_err();
    assert!(error.starts_with("data: batch 1 (counted from 1): "), "{error}");
    // A message that says that it is very long is not believed.
    let mut long = vec![0xff; 4];
    long.extend(i32::MAX.to_le_bytes());
    assert!(read_from(Format::Ipc, &long, &[100], &Wanted::default()).unwrap_err().contains("ends within a message"));
}

/// Text of several reads: lines that go on over the end of one, lines longer than what is kept free for them, and quotes of all kinds.
#[test]
fn long_text_is_read_to_its_end() {
    let rows = 150_000;
    let wanted = Wanted { keys: vec!["k".to_owned()], columns: Some(vec!["x".to_owned()]), ..Wanted::default() };
    let value = |row: usize| (row * 37 % 10_007) as f64 / 8.0;
    let key = |row: usize| match row % 4001 {
        0 => "long ".repeat(10_000),
        1 => "a,\"b\"\n".to_owned(),
        2 => "5\" wide".to_owned(),
        other => format!("k{other}"),
    };
    let quoted = |row: usize| format!("{},\"{}\"\n", value(row), key(row).replace('"', "\"\""));
    // A quote within a value that does not begin with one is a character.
    let plain = |row: usize| format!("{},{}\r\n", value(row), key(row).replace([',', '\n'], "_"));
    let record =
        |row: usize| format!("{{\"x\": {}, \"k\": {}}}\n", value(row), serde_json::to_string(&key(row)).unwrap());
    let trimmed = |row: usize| key(row).trim().to_owned();
    for (format, head, line, expected) in [
        (Format::Csv, "x,k\n", &quoted as &dyn Fn(usize) -> String, &trimmed as &dyn Fn(usize) -> String),
        (Format::Csv, "x,k\r\n", &plain, &|row| key(row).replace([',', '\n'], "_").trim().to_owned()),
        (Format::Ndjson, "", &record, &key),
    ] {
        let text = head.to_owned() + &(0..rows).map(line).collect::<String>();
        for lengths in [vec![usize::MAX], vec![65_536], vec![1 << 20, 7, 300_000]] {
            let (batches, _) = read_from(format, text.as_bytes(), &lengths, &wanted).unwrap();
            let all = concat_batches(&batches[0].schema(), &batches).unwrap();
            assert_eq!(all.num_rows(), rows);
            let (keys, values) = (all["k"].as_string::<i32>(), all["x"].as_primitive::<Float64Type>());
            for row in 0..rows {
                assert_eq!((values.value(row), keys.value(row)), (value(row), &*expected(row)), "{format:?} {row}");
            }
        }
    }
}

#[test]
fn a_pipe_that_is_quiet_is_told() {
    struct Quiet;
    impl Read for Quiet {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            std::thread::sleep(Duration::from_secs(3600));
            Ok(0)
        }
    }
    let mut source = Source::new(Format::Ndjson, Box::new(Quiet), "data", &Wanted::default()).unwrap();
    assert!(matches!(source.next(Some(Duration::from_millis(10)), &Interrupt::default()), Ok(Next::Idle)));
    let stopped = Interrupt::default();
    stopped.stop();
    assert!(matches!(source.next(None, &stopped), Err(crate::Error::Interrupted)));
}

proptest! {
    #![proptest_config(seeds::cases(60))]
    /// However text is cut, it says the same.
    #[test]
    fn cuts_do_not_show(
        rows in prop::collection::vec((prop::option::of(-1e6..1e6f64), "[a-c,\"\n ]{0,5}"), 1..60),
        lengths in prop::collection::vec(1usize..40, 1..5), ends_with_line in any::<bool>(),
    ) {
        let keys: StringArray = rows.iter().map(|(_, key)| Some(key.trim()).filter(|key| !key.is_empty())).collect();
        let values: Vec<Option<f64>> = rows.iter().map(|(value, _)| *value).collect();
        let number = |value: &Option<f64>, none: &str| value.map_or(none.to_owned(), |value| value.to_string());
        let csv: Vec<String> = rows.iter().map(|(value, key)| format!("{},\"{}\"", number(value, ""), key.replace('"', "\"\""))).collect();
        let json: Vec<String> = rows.iter().map(|(value, key)| {
            let key = Some(key.trim()).filter(|key| !key.is_empty());
            format!("{{\"x\": {}, \"k\": {}}}", number(value, "null"), serde_json::to_string(&key).unwrap())
        }).collect();
        let plain: Vec<String> = rows.iter().map(|(value, key)| format!("{},{}", number(value, "NA"), key.replace(['"', '\n', ','], "d"))).collect();
        let end = if ends_with_line { "\n" } else { "" };
        let wanted = Wanted { keys: vec!["k".to_owned()], columns: Some(vec!["x".to_owned()]), ..Wanted::default() };
        for (format, text) in [
            (Format::Csv, format!("x,k\n{}{end}", csv.join("\n"))),
            (Format::Ndjson, format!("{}{end}", json.join("\n"))),
        ] {
            let (batches, _) = read_from(format, text.as_bytes(), &lengths, &wanted).unwrap();
            let batches: Vec<RecordBatch> = batches.into_iter().filter(|batch| batch.num_rows() > 0).collect();
            let all = concat_batches(&batches[0].schema(), &batches).unwrap();
            prop_assert_eq!(floats(&all, "x"), values.clone());
            prop_assert_eq!(all["k"].as_string::<i32>(), &keys);
        }
        let (batches, _) = read_from(Format::Csv, format!("x,k\n{}{end}", plain.join("\n")).as_bytes(), &lengths, &wanted).unwrap();
        let batches: Vec<RecordBatch> = batches.into_iter().filter(|batch| batch.num_rows() > 0).collect();
        prop_assert_eq!(floats(&concat_batches(&batches[0].schema(), &batches).unwrap(), "x"), values);
    }
}
