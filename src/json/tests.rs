//! JSON against what the standard and Python say of it.

use super::reader::Reader;
use super::*;
use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::series::Series;
use crate::stats::seeds;
use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use proptest::prelude::*;

fn values(series: &Series) -> Vec<Option<f64>> {
    let plain = |array: arrow_array::ArrayRef| match array.data_type() {
        arrow_schema::DataType::RunEndEncoded(_, values) => arrow_cast::cast(&array, values.data_type()).unwrap(),
        _ => array,
    };
    let arrays = series.chunks().iter().map(|chunk| plain(chunk.to_array().unwrap()));
    arrays.flat_map(|array| array.as_primitive::<Float64Type>().iter().collect::<Vec<_>>()).collect()
}

fn read(body: &str) -> std::result::Result<Vec<Option<f64>>, String> {
    let found = numbers(body.as_bytes(), "", Limits::default(), &Interrupt::default());
    found.map(|series| values(&series)).map_err(|error| error.to_string())
}

type Columns = Vec<(Option<String>, Vec<Option<f64>>)>;

fn columns(body: &str) -> std::result::Result<Columns, String> {
    let found = series(body.as_bytes(), "", Limits::default(), &Interrupt::default());
    let found = found.map_err(|error| error.to_string())?;
    Ok(found.0.iter().map(|series| (series.name().map(str::to_owned), values(series))).collect())
}

#[test]
fn numbers_of_every_form() {
    let all = [0.0, -0.0, 1.0, -12.5, 1e5, 1.5e-7, 0.0, 9007199254740993.0];
    let body = " [0, -0,1 ,\t-12.5,\n1e5, 1.5E-7, 1e-999, 9007199254740993]\r\n";
    let found: Vec<u64> = read(body).unwrap().into_iter().map(|value| value.unwrap().to_bits()).collect();
    assert_eq!(found, all.map(f64::to_bits));
    assert_eq!(read("[]").unwrap(), []);
    assert_eq!(read("\u{feff}[1]").unwrap(), [Some(1.0)]);
}

#[test]
fn errors_name_path_and_byte() {
    let cases = [
        ("", "expected a value, and the body ends, at byte 0"),
        ("[1,2", "/1: expected ',' or ']', and the body ends, at byte 4"),
        ("[1,", "/1: expected a value, and the body ends, at byte 3"),
        ("[1,]", "/1: expected a value, at byte 3"),
        ("[1 2]", "/0: expected ',' or ']' after a number, at byte 3"),
        ("[1, \"a\"]", "/1: expected a number, found a string, at byte 4"),
        ("[null]", "/0: expected a number, found null, at byte 1"),
        ("[true]", "/0: expected a number, found a boolean, at byte 1"),
        ("[NaN]", "/0: NaN and Infinity are no JSON; null is what is missing, at byte 1"),
        ("[-Infinity]", "/0: expected a digit after '-', at byte 1"),
        ("[01]", "/0: a number begins with no zero but the one before its point, at byte 1"),
        ("[1.]", "/0: expected a digit after the point of a number, at byte 1"),
        ("[1.e5]", "/0: expected a digit after the point of a number, at byte 1"),
        ("[.5]", "/0: expected a value, at byte 1"),
        ("[+1]", "/0: expected a value, at byte 1"),
        ("[1e]", "/0: expected ',' or ']' after a number, at byte 2"),
        ("[1e999]", "/0: this number is beyond the range of a float, at byte 1"),
        ("[1] 2", "expected the end of the body, at byte 4"),
        ("{}", "expected an array of numbers, found an object, at byte 0"),
        ("[[1]]", "/0: expected a number, found an array, at byte 1"),
    ];
    for (body, expected) in cases {
        assert_eq!(read(body).unwrap_err(), expected, "{body}");
    }
    let error = numbers(b"{\"a\": \"\xff\"}", "/b", Limits::default(), &Interrupt::default()).unwrap_err();
    assert_eq!(error.to_string(), "/a: this is no UTF-8, at byte 7");
}

#[test]
fn pointers_lead_anywhere() {
    let body = br#"{"x": {"~/": [{}, [1, 2]], "y": [3]}, "values": [4], "values": [5], "": [6], "s": "\u00e9\n]", "\u0073t": [7]}"#;
    let at = |pointer| {
        numbers(body, pointer, Limits::default(), &Interrupt::default())
            .map(|series| values(&series))
            .map_err(|e| e.to_string())
    };
    assert_eq!(at("/x/~0~1/1").unwrap(), [Some(1.0), Some(2.0)]);
    assert_eq!(at("/x/y").unwrap(), [Some(3.0)]);
    assert_eq!(at("/values").unwrap(), [Some(5.0)]);
    assert_eq!(at("/").unwrap(), [Some(6.0)]);
    assert_eq!(at("/st").unwrap(), [Some(7.0)]);
    assert_eq!(at("/x/z").unwrap_err(), "there is nothing at '/x/z', at byte 110");
    assert_eq!(at("/s").unwrap_err(), "/s: expected an array of numbers, found a string, at byte 82");
    assert!(at("x").unwrap_err().starts_with("a JSON Pointer is empty or begins with '/'"));
}

#[test]
fn limits_are_kept() {
    let body = "[".repeat(200) + &"]".repeat(200);
    let error = |limits| numbers(body.as_bytes(), "", limits, &Interrupt::default()).unwrap_err().to_string();
    let limits = Limits { bytes: 100, ..Limits::default() };
    assert_eq!(error(limits), "the body has 400 bytes, and at most 100 are read, at byte 100");
    let deep = series(format!("{{\"a\": {body}}}").as_bytes(), "/b", Limits::default(), &Interrupt::default())
        .unwrap_err()
        .to_string();
    assert!(deep.contains("deeper within each other than is read"), "{deep}");
    assert!(
        series(
            format!("{{\"a\": {body}, \"b\": [1]}}").as_bytes(),
            "/b",
            Limits { depth: 500, ..Limits::default() },
            &Interrupt::default()
        )
        .is_ok()
    );
}

#[test]
fn series_of_every_shape() {
    let name = |name: &str| Some(name.to_owned());
    assert_eq!(columns("[null, null, 1, null, null, 2, null]").unwrap()[0].1.iter().flatten().count(), 2);
    assert_eq!(
        columns("[null, null, null, 1, 3, null, null, null, null, null, 2]").unwrap(),
        [(None, [vec![None; 3], vec![Some(1.0), Some(3.0)], vec![None; 5], vec![Some(2.0)]].concat())]
    );
    assert_eq!(columns("[1, null]").unwrap(), [(None, vec![Some(1.0), None])]);
    assert_eq!(
        columns("[[1], [], [null, 2]]").unwrap(),
        [(None, vec![Some(1.0)]), (None, vec![]), (None, vec![None, Some(2.0)])]
    );
    let object = columns(r#"{"a": [1], "b": [2, 3], "a": [4]}"#).unwrap();
    assert_eq!(object, [(name("a"), vec![Some(4.0)]), (name("b"), vec![Some(2.0), Some(3.0)])]);
    let records = r#"[{"t": "x", "a": 1, "n": null}, {"a": 2, "a": 3, "b": 5}, {}, {"b": 7, "t": null}]"#;
    let expected = [
        (name("a"), vec![Some(1.0), Some(3.0), None, None]),
        (name("n"), vec![None; 4]),
        (name("b"), vec![None, Some(5.0), None, Some(7.0)]),
    ];
    assert_eq!(columns(records).unwrap(), expected);
    assert_eq!(
        columns(r#"[{"a": 1}, {"a": "x"}]"#).unwrap_err(),
        "/1/a: expected a number, as in the records before, found a string, at byte 17"
    );
    assert_eq!(
        columns(r#"[{"a": "x"}, {"a": 1}]"#).unwrap_err(),
        "/1/a: expected a string, as in a record before, found a number, at byte 19"
    );
    assert_eq!(columns(r#"{"a": 1}"#).unwrap_err(), "/a: expected an array of numbers, found a number, at byte 6");
    assert_eq!(columns("3").unwrap_err(), "expected an array or an object of numbers, found a number, at byte 0");
}

/// `{"values": "x", "values": [1, 2]}` was refused, though the last one counts.
#[test]
fn of_names_that_come_twice_the_last_one_counts_whatever_was_before() {
    let at = |body: &str| {
        let found = numbers(body.as_bytes(), "/values", Limits::default(), &Interrupt::default());
        found.map(|series| values(&series)).map_err(|error| error.to_string())
    };
    let both = vec![Some(1.0), Some(2.0)];
    for earlier in ["\"x\"", "[1, \"x\"]", "{\"a\": [{}]}", "null", "[[1]]", "[1e999]"] {
        assert_eq!(at(&format!("{{\"values\": {earlier}, \"values\": [1, 2]}}")), Ok(both.clone()), "{earlier}");
        let error = at(&format!("{{\"values\": [1, 2], \"values\": {earlier}}}")).unwrap_err();
        assert!(error.starts_with("/values"), "{error}");
        let body = format!("{{\"a\": {earlier}, \"b\": [3], \"a\": [1, 2]}}");
        assert_eq!(columns(&body).unwrap()[0], (Some("a".to_owned()), both.clone()), "{earlier}");
    }
    assert!(at("{\"values\": [1, }, \"values\": [1, 2]}").is_err(), "no JSON is none");
    assert_eq!(columns(r#"[{"a": "x", "a": 1}, {"a": [], "a": 2}]"#).unwrap()[0].1, both);
    assert_eq!(columns(r#"[{"a": 1e999, "a": 1}, {"a": 2}]"#).unwrap()[0].1, both);
    assert!(columns(r#"[{"a": 1}, {"a": 2, "a": 1e999}]"#).unwrap_err().starts_with("/1/a: this number is beyond"));
    assert!(columns(r#"[{"a": 01, "a": 1}]"#).unwrap_err().starts_with("/0/a: a number begins with no zero"));
    assert_eq!(columns(r#"[{"a": 1}, {"a": "x", "a": 2}]"#).unwrap()[0].1, both);
    assert_eq!(columns(r#"[{"a": 1}, {"a": 7, "a": null}]"#).unwrap()[0].1, [Some(1.0), None]);
    assert!(columns(r#"[{"a": 1}, {"a": 2, "a": "x"}]"#).unwrap_err().starts_with("/1/a: expected a number"));
    assert!(columns(r#"[{"a": 1, "a": "x"}, {"a": 2}]"#).unwrap_err().starts_with("/1/a: expected a string"));
}

/// A field that nobody asked for was refused for half of a surrogate pair, which Python's `json` takes.
#[test]
fn half_of_a_surrogate_pair_is_passed_over() {
    for text in [r#""\ud800""#, r#""\udc00x""#, r#""\ud800\ud800""#, r#"{"\ud800": 1}"#] {
        let body = format!("{{\"other\": {text}, \"values\": [1]}}");
        assert!(numbers(body.as_bytes(), "/values", Limits::default(), &Interrupt::default()).is_ok(), "{text}");
    }
    let names: Vec<_> =
        columns(r#"{"\ud800": [1], "\ud801": [2]}"#).unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, [Some("\\ud800".to_owned()), Some("\\ud801".to_owned())]);
    for text in [r#""\ud80""#, r#""\x""#, r#""\"#, "\"\n\""] {
        let body = format!("{{\"other\": {text}, \"values\": [1]}}");
        assert!(numbers(body.as_bytes(), "/values", Limits::default(), &Interrupt::default()).is_err(), "{text}");
    }
}

/// 8,000 records with a name each took 1.1 GB and 20 s, 40,000 names quadratic time.
#[test]
fn what_is_missing_takes_no_memory() {
    let records: Vec<String> = (0..20_000).map(|row| format!("{{\"n{row}\": {row}}}")).collect();
    let body = format!("[{}]", records.join(","));
    let (found, _) = series(body.as_bytes(), "", Limits::default(), &Interrupt::default()).unwrap();
    assert_eq!(found.len(), 20_000);
    let taken =
        |series: &Series| series.chunks().iter().map(|c| c.to_array().unwrap().get_buffer_memory_size()).sum::<usize>();
    assert!(found.iter().map(taken).sum::<usize>() < 20 * body.len());
    assert!(found.iter().all(|series| series.rows() == 20_000));
    let arrays = format!("[{}]", vec!["[1]"; 50_000].join(","));
    let (found, _) = series(arrays.as_bytes(), "", Limits::default(), &Interrupt::default()).unwrap();
    assert!(found.iter().map(taken).sum::<usize>() < 40 * arrays.len());
}

#[test]
fn there_are_no_more_series_than_the_limit() {
    let limits = Limits { series: 2, ..Limits::default() };
    let count = |body: &str| series(body.as_bytes(), "", limits, &Interrupt::default()).map(|all| all.0.len());
    for (body, more) in [
        (r#"[{"a": 1, "b": 2}, {"a": 3}]"#, r#"[{"a": 1, "b": 2}, {"c": 3}]"#),
        (r#"{"a": [1], "b": [2], "a": [3]}"#, r#"{"a": [1], "b": [2], "c": [3]}"#),
        ("[[1], [2]]", "[[1], [2], [3]]"),
    ] {
        assert_eq!(count(body).unwrap(), 2);
        assert!(count(more).unwrap_err().to_string().contains("at most 2 series are read"), "{more}");
    }
}

#[test]
fn reading_ends_where_it_is_interrupted() {
    let interrupt = Interrupt::default();
    interrupt.stop();
    for body in ["[1, 2]", "[[1]]", r#"{"a": [1]}"#, r#"[{"a": 1}]"#] {
        assert!(
            matches!(series(body.as_bytes(), "", Limits::default(), &interrupt), Err(Error::Interrupted)),
            "{body}"
        );
    }
}

#[test]
fn long_arrays_are_read_in_pieces() {
    let count = 700_000;
    let text: Vec<String> = (0..count).map(|i| format!("{}.5e0", i * 791 % 100_003)).collect();
    let mut body = format!("{{\"values\": [{}], \"more\": [1, 2]}}", text.join(", "));
    let found = numbers(body.as_bytes(), "/values", Limits::default(), &Interrupt::default()).unwrap();
    let expected = (0..count).map(|i| Some(f64::from(i * 791 % 100_003) + 0.5));
    assert!(values(&found).into_iter().eq(expected));
    assert!(found.chunks().len() > 1);
    body.insert_str(body.rfind(']').unwrap(), ", 1, \"x\"");
    let body = body.replace("\"more\": [1, 2, 1, \"x\"]", "\"more\": 1").replacen("], ", ", \"x\"], ", 1);
    let error = numbers(body.as_bytes(), "/values", Limits::default(), &Interrupt::default()).unwrap_err().to_string();
    assert!(error.starts_with("/values/700000: expected a number, found a string"), "{error}");
}

proptest! {
    #![proptest_config(seeds::cases(20_000))]
    #[test]
    fn every_literal_is_the_nearest_float(value in seeds::value(), digits in 0usize..25, more in "[0-9]{0,30}") {
        let forms = [format!("{value}"), format!("{value:e}"), format!("{value:.digits$e}"), format!("{value:.digits$}"), format!("{value:.1e}").replacen('e', &format!("{more}e"), 1)];
        for form in forms {
            let expected: f64 = form.parse().unwrap();
            if expected.is_finite() {
                prop_assert_eq!(read(&format!("[{form}]")).unwrap()[0].unwrap().to_bits(), expected.to_bits(), "{}", form);
                // Among others, where kernels read.
                let body = format!("[{}{form},{form}, {form},{}]", "1,".repeat(40), "2 ,".repeat(40) + "3");
                let found = read(&body).unwrap();
                prop_assert_eq!(found.len(), 84);
                for number in &found[40..43] {
                    prop_assert_eq!(number.unwrap().to_bits(), expected.to_bits(), "{}", form);
                }
            }
        }
    }

    #[test]
    fn any_bytes_are_taken_as_serde_takes_them(body in "[\\[\\]{},:\"0-9.eE+nul \\\\-]{0,24}") {
        let interrupt = Interrupt::default();
        let ours = Reader::new(body.as_bytes(), Limits::default(), &interrupt).and_then(|mut reader| reader.at_pointer("", &mut |reader| reader.skip()));
        let theirs = serde_json::from_str::<serde_json::Value>(&body);
        // A number that is beyond a float is JSON, where nobody asks for it; serde_json ends there.
        prop_assume!(!theirs.as_ref().is_err_and(|error| error.to_string().contains("out of range")));
        prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{} {:?}", body, ours);
    }
}
