//! Series from JSON: the numbers of a request's body, without a detour through objects.
//!
//! What is read is JSON as RFC 8259 has it, in UTF-8. On purpose:
//!
//! - every number is the nearest f64, integers beyond 2^53 included; one beyond the range of f64 is an error, one too small for it
//!   is 0;
//! - `NaN` and `Infinity`, which Python's `json` takes, are errors: `null` is what is missing;
//! - of names that come twice the last one counts, as in Python;
//! - a byte order mark at the front is passed over, other encodings than UTF-8 are errors;
//! - the whole body is looked through, and has to be right.

mod reader;

use std::sync::Arc;

pub use reader::Limits;
use reader::{Kind, Numbers, Reader};

use crate::error::Result;
use crate::series::{Chunk, Series};

/// The numbers of the array at a JSON Pointer.
///
/// # Errors
///
/// [`Error::Json`](crate::Error::Json) with path and byte for a body that is no JSON, exceeds the limits, or has something else
/// there.
///
/// ```
/// let series = rstats::json::numbers(br#"{"values": [1, 2.5, 4]}"#, "/values", rstats::json::Limits::default())?;
/// assert_eq!(series.rows(), 3);
/// # Ok::<(), rstats::Error>(())
/// ```
pub fn numbers(body: &[u8], pointer: &str, limits: Limits) -> Result<Series> {
    let mut reader = Reader::new(body, limits)?;
    reader.at_pointer(pointer, &mut |reader: &mut Reader<'_>| array(reader, None, false))
}

/// The series at a JSON Pointer: of an array of numbers itself, of each array in an array, of each member of an object of arrays, of
/// each name in an array of records. There `null` is a null; a member that a record lacks is one too, and a name whose values are
/// text, booleans, arrays or objects is left out.
///
/// # Errors
///
/// As [`numbers`].
pub fn series(body: &[u8], pointer: &str, limits: Limits) -> Result<Vec<Series>> {
    let mut reader = Reader::new(body, limits)?;
    reader.at_pointer(pointer, &mut |reader: &mut Reader<'_>| match reader.kind()? {
        Kind::Object => {
            let mut all: Vec<Series> = Vec::new();
            reader.members(|reader, name| {
                let one = array(reader, Some(name), true)?;
                match all.iter_mut().find(|earlier| earlier.name() == Some(name)) {
                    Some(earlier) => *earlier = one,
                    None => all.push(one),
                }
                Ok(())
            })?;
            Ok(all)
        }
        Kind::Array => match reader.kind_of_first()? {
            Some(Kind::Array) => {
                let mut all = Vec::new();
                reader.elements(|reader, _| {
                    all.push(array(reader, None, true)?);
                    Ok(())
                })?;
                Ok(all)
            }
            Some(Kind::Object) => records(reader),
            _ => Ok(vec![array(reader, None, true)?]),
        },
        kind => Err(reader.wrong(&format!("expected an array or an object of numbers, found {}", kind.name()))),
    })
}

/// An array of numbers as a series.
fn array(reader: &mut Reader<'_>, name: Option<&str>, nulls: bool) -> Result<Series> {
    match reader.kind()? {
        Kind::Array => {}
        kind => return Err(reader.wrong(&format!("expected an array of numbers, found {}", kind.name()))),
    }
    let chunks = reader.numbers(nulls)?.into_iter().map(chunk);
    Series::new(name.map(str::to_owned), chunks.collect())
}

fn chunk(numbers: Numbers) -> Chunk {
    Chunk::Array(Arc::new(numbers.into_array()))
}

/// A column of records.
struct Column {
    name: String,
    numbers: Numbers,
    /// What else it holds, if it is no column of numbers.
    other: Option<Kind>,
}

/// An array of objects: a series for each name that numbers stand under, in the order in which they first came.
fn records(reader: &mut Reader<'_>) -> Result<Vec<Series>> {
    let mut columns: Vec<Column> = Vec::new();
    reader.elements(|reader, row| {
        match reader.kind()? {
            Kind::Object => {}
            kind => return Err(reader.wrong(&format!("expected a record, found {}", kind.name()))),
        }
        let mut guess = 0;
        reader.members(|reader, name| {
            // Records mostly have their members in one order.
            let place = match columns.get(guess) {
                Some(column) if column.name == name => Some(guess),
                _ => columns.iter().position(|column| column.name == name),
            };
            let place = place.unwrap_or_else(|| {
                columns.push(Column { name: name.to_owned(), numbers: Numbers::default(), other: None });
                columns.len() - 1
            });
            guess = place + 1;
            let column = &mut columns[place];
            column.numbers.resize(row);
            let kind = reader.kind()?;
            if !matches!(kind, Kind::Number | Kind::Null) {
                if !column.numbers.are_missing() {
                    return Err(
                        reader.wrong(&format!("expected a number, as in the records before, found {}", kind.name()))
                    );
                }
                column.other = Some(kind);
                return reader.skip();
            }
            if let (Kind::Number, Some(other)) = (kind, column.other) {
                return Err(reader.wrong(&format!("expected {}, as in a record before, found a number", other.name())));
            }
            let number = reader.number_or_null(true).map_err(|message| reader.wrong(&message))?;
            column.numbers.push(number);
            Ok(())
        })?;
        columns.iter_mut().for_each(|column| column.numbers.resize(row + 1));
        Ok(())
    })?;
    let numeric = columns.into_iter().filter(|column| column.other.is_none());
    numeric.map(|column| Series::new(Some(column.name), vec![chunk(column.numbers)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::seeds;
    use arrow_array::cast::AsArray;
    use arrow_array::types::Float64Type;
    use proptest::prelude::*;

    fn values(series: &Series) -> Vec<Option<f64>> {
        let arrays = series.chunks().iter().map(|chunk| chunk.to_array().unwrap());
        arrays.flat_map(|array| array.as_primitive::<Float64Type>().iter().collect::<Vec<_>>()).collect()
    }

    fn read(body: &str) -> std::result::Result<Vec<Option<f64>>, String> {
        let found = numbers(body.as_bytes(), "", Limits::default());
        found.map(|series| values(&series)).map_err(|error| error.to_string())
    }

    type Columns = Vec<(Option<String>, Vec<Option<f64>>)>;

    fn columns(body: &str) -> std::result::Result<Columns, String> {
        let found = series(body.as_bytes(), "", Limits::default());
        let found = found.map_err(|error| error.to_string())?;
        Ok(found.iter().map(|series| (series.name().map(str::to_owned), values(series))).collect())
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
        let error = numbers(b"{\"a\": \"\xff\"}", "/b", Limits::default()).unwrap_err();
        assert_eq!(error.to_string(), "/a: this is no UTF-8, at byte 7");
    }

    #[test]
    fn pointers_lead_anywhere() {
        let body = br#"{"x": {"~/": [{}, [1, 2]], "y": [3]}, "values": [4], "values": [5], "": [6], "s": "\u00e9\n]", "\u0073t": [7]}"#;
        let at = |pointer| {
            numbers(body, pointer, Limits::default()).map(|series| values(&series)).map_err(|e| e.to_string())
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
        let error = |limits| numbers(body.as_bytes(), "", limits).unwrap_err().to_string();
        let limits = Limits { bytes: 100, ..Limits::default() };
        assert_eq!(error(limits), "the body has 400 bytes, and at most 100 are read, at byte 100");
        let deep = series(format!("{{\"a\": {body}}}").as_bytes(), "/b", Limits::default()).unwrap_err().to_string();
        assert!(deep.contains("deeper within each other than is read"), "{deep}");
        assert!(
            series(
                format!("{{\"a\": {body}, \"b\": [1]}}").as_bytes(),
                "/b",
                Limits { depth: 500, ..Limits::default() }
            )
            .is_ok()
        );
    }

    #[test]
    fn series_of_every_shape() {
        let name = |name: &str| Some(name.to_owned());
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

    #[test]
    fn long_arrays_are_read_in_pieces() {
        let count = 700_000;
        let text: Vec<String> = (0..count).map(|i| format!("{}.5e0", i * 791 % 100_003)).collect();
        let mut body = format!("{{\"values\": [{}], \"more\": [1, 2]}}", text.join(", "));
        let found = numbers(body.as_bytes(), "/values", Limits::default()).unwrap();
        let expected = (0..count).map(|i| Some(f64::from(i * 791 % 100_003) + 0.5));
        assert!(values(&found).into_iter().eq(expected));
        assert!(found.chunks().len() > 1);
        body.insert_str(body.rfind(']').unwrap(), ", 1, \"x\"");
        let body = body.replace("\"more\": [1, 2, 1, \"x\"]", "\"more\": 1").replacen("], ", ", \"x\"], ", 1);
        let error = numbers(body.as_bytes(), "/values", Limits::default()).unwrap_err().to_string();
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
            let ours = Reader::new(body.as_bytes(), Limits::default()).and_then(|mut reader| reader.at_pointer("", &mut |reader| reader.skip()));
            let theirs = serde_json::from_str::<serde_json::Value>(&body);
            prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{} {:?}", body, ours);
        }
    }
}
