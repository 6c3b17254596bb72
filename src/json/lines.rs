//! Records, each on its line: NDJSON.
//!
//! A plain line is read by one look at each byte: names and text without escapes, numbers and words. Any other line, and any that seems to be
//! wrong, goes through the [reader](super::reader), which has the last word.

use super::limits::Limits;
use super::reader::Reader;
pub(crate) use super::reader::{Field, JsonType};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;

/// Reads the members of these names.
#[derive(Clone, Debug)]
pub(crate) struct Records {
    names: Vec<String>,
    /// The names of the last line, each in its quotes, and which of ours it is: the next line mostly has the same ones in the same order.
    order: Vec<(Box<[u8]>, Option<usize>)>,
}

/// A place in a line that is read as long as it is plain.
struct Plain<'a> {
    line: &'a [u8],
    at: usize,
}

impl Records {
    pub fn new(names: Vec<String>) -> Self {
        Self { names, order: Vec::new() }
    }

    /// Reads one line: `fields` has a place for each name. Of names that come twice the last one counts.
    ///
    /// # Errors
    ///
    /// [`Error::Json`], with the byte in the line, for what is no object of JSON.
    pub fn read<'a>(&mut self, line: &'a [u8], fields: &mut [Field<'a>], interrupt: &'a Interrupt) -> Result<()> {
        fields.fill(Field::Null);
        if self.read_plain(line, fields).is_some() {
            return Ok(());
        }
        fields.fill(Field::Null);
        let mut reader = Reader::new(line, Limits::default(), interrupt)?;
        if reader.kind()? != JsonType::Object {
            return Err(reader.wrong("expected an object: each line is one record"));
        }
        reader.members(|reader, name| {
            match self.names.iter().position(|wanted| wanted == name) {
                Some(index) => fields[index] = reader.field()?,
                None => reader.skip()?,
            }
            Ok(())
        })?;
        reader.end()
    }

    fn read_plain<'a>(&mut self, line: &'a [u8], fields: &mut [Field<'a>]) -> Option<()> {
        let mut plain = Plain { line, at: 0 };
        plain.expect(b'{')?;
        if plain.peek()? == b'}' {
            plain.at += 1;
            return plain.end();
        }
        for member in 0.. {
            plain.peek()?;
            let index = match self.order.get(member) {
                Some((name, index)) if line[plain.at..].starts_with(name) => {
                    plain.at += name.len();
                    *index
                }
                _ => {
                    let start = plain.at;
                    let name = plain.string()?;
                    let index = self.names.iter().position(|wanted| wanted.as_bytes() == name);
                    if std::str::from_utf8(name).is_err() {
                        return None;
                    }
                    self.order.truncate(member);
                    self.order.push((line[start..plain.at].into(), index));
                    index
                }
            };
            plain.expect(b':')?;
            let field = match plain.peek()? {
                b'"' => {
                    let text = plain.string()?;
                    match index {
                        Some(_) => Field::Text(std::str::from_utf8(text).ok()?.into()),
                        // That it is text is looked at where it is not plain.
                        None if text.is_ascii() => Field::Null,
                        None => std::str::from_utf8(text).ok().map(|_| Field::Null)?,
                    }
                }
                b'-' | b'0'..=b'9' => Field::Number(plain.number()?),
                b'n' => plain.word(b"null", Field::Null)?,
                b't' => plain.word(b"true", Field::Boolean(true))?,
                b'f' => plain.word(b"false", Field::Boolean(false))?,
                _ => return None,
            };
            if let Some(index) = index {
                fields[index] = field;
            }
            match plain.peek()? {
                b',' => plain.at += 1,
                b'}' => {
                    plain.at += 1;
                    return plain.end();
                }
                _ => return None,
            }
        }
        None
    }
}

impl<'a> Plain<'a> {
    /// The next byte that is no white space.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            match *self.line.get(self.at)? {
                b' ' | b'\t' | b'\r' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// A string without escapes: what is between its quotes.
    #[inline]
    fn string(&mut self) -> Option<&'a [u8]> {
        self.expect(b'"')?;
        let rest = &self.line[self.at..];
        let mut length = 0;
        loop {
            match *rest.get(length)? {
                b'"' => break,
                b'\\' | 0..0x20 => return None,
                _ => length += 1,
            }
        }
        self.at += length + 1;
        Some(&rest[..length])
    }

    #[inline]
    fn number(&mut self) -> Option<&'a [u8]> {
        let rest = &self.line[self.at..];
        let length = number_length(rest)?;
        self.at += length;
        Some(&rest[..length])
    }

    fn word(&mut self, word: &[u8], field: Field<'a>) -> Option<Field<'a>> {
        self.line[self.at..].starts_with(word).then(|| {
            self.at += word.len();
            field
        })
    }

    /// That nothing but white space follows.
    fn end(&mut self) -> Option<()> {
        self.peek().is_none().then_some(())
    }
}

/// How long the number is that a text begins with; `None` for what JSON has no number for.
fn number_length(text: &[u8]) -> Option<usize> {
    let digits = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = usize::from(text.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || whole > 1 && text[at] == b'0' {
        return None;
    }
    at += whole;
    if text.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return None;
        }
        at += 1 + fraction;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        let sign = usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at + 1 + sign);
        if exponent == 0 {
            return None;
        }
        at += 1 + sign + exponent;
    }
    Some(at)
}

/// The nearest float of a number as JSON writes it.
///
/// # Errors
///
/// Why it is none.
pub(crate) fn float(number: &[u8]) -> Result<f64, String> {
    match fast_float2::parse::<f64, _>(number) {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err("this number is beyond the range of a float".to_owned()),
    }
}

/// The names of the members of some lines that are numbers or null, and a number at least once, in the order in which they come.
///
/// # Errors
///
/// As [`Records::read`].
pub(crate) fn names_of_numbers<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Result<Vec<String>> {
    let mut found: Vec<(String, [bool; 2])> = Vec::new();
    let interrupt = Interrupt::default();
    for line in lines {
        let mut reader = Reader::new(line, Limits::default(), &interrupt)?;
        if reader.kind()? != JsonType::Object {
            return Err(reader.wrong("expected an object: each line is one record"));
        }
        reader.members(|reader, name| {
            let kind = reader.kind()?;
            reader.skip()?;
            let index = found.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
                found.push((name.to_owned(), [false; 2]));
                found.len() - 1
            });
            found[index].1[0] |= kind == JsonType::Number;
            found[index].1[1] |= !matches!(kind, JsonType::Number | JsonType::Null);
            Ok(())
        })?;
        reader.end()?;
    }
    Ok(found.into_iter().filter(|(_, is)| *is == [true, false]).map(|(name, _)| name).collect())
}

/// The byte of a line at which something is wrong, and what.
pub(crate) fn located(error: Error) -> (usize, String) {
    match error {
        Error::Json { path, byte, message } if path.is_empty() => (byte, message),
        Error::Json { path, byte, message } => (byte, format!("{path}: {message}")),
        error => (0, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::seeds;
    use proptest::prelude::*;

    /// The interrupt of all reads.
    static NEVER: std::sync::LazyLock<Interrupt> = std::sync::LazyLock::new(Interrupt::default);

    fn read<'a>(records: &mut Records, line: &'a str) -> Result<Vec<Field<'a>>, String> {
        let mut fields = vec![Field::Null; records.names.len()];
        records.read(line.as_bytes(), &mut fields, &NEVER).map_err(|error| error.to_string())?;
        Ok(fields)
    }

    #[test]
    fn members_are_found_wherever_they_stand() {
        let mut records = Records::new(vec!["ts".to_owned(), "x".to_owned()]);
        let [ts, x] = [Field::Text("now".into()), Field::Number(b"-1.5e3")];
        for line in [
            r#"{"ts": "now", "x": -1.5e3}"#,
            r#"{"x":-1.5e3,"ts":"now"}"#,
            r#" { "other" : [1, {"x": 2}], "x" : -1.5e3 , "ts" : "now" } "#,
            r#"{"x": 7, "ts": "now", "a": true, "b": null, "c": "é", "x": -1.5e3}"#,
            "{\"t\\u0073\": \"n\\u006fw\", \"x\": -1.5e3}\r",
        ] {
            assert_eq!(read(&mut records, line).unwrap(), [ts.clone(), x.clone()], "{line}");
        }
        assert_eq!(read(&mut records, "{}").unwrap(), [Field::Null, Field::Null]);
        assert_eq!(read(&mut records, r#"{"x": true}"#).unwrap()[1], Field::Boolean(true));
        assert!(matches!(read(&mut records, r#"{"x": [1]}"#).unwrap()[1], Field::Other(JsonType::Array)));
    }

    #[test]
    fn what_is_no_record_is_told() {
        let mut records = Records::new(vec!["x".to_owned()]);
        for (line, told) in [
            ("[1]", "expected an object: each line is one record, at byte 0"),
            (r#"{"x": 01}"#, "a number begins with no zero"),
            (r#"{"x": 1} {"x": 2}"#, "expected the end of the line, at byte 9"),
            (r#"{"x": NaN}"#, "NaN and Infinity are no JSON"),
            (r#"{"x": 1"#, "expected ',' or '}', and the body ends"),
            ("{\"y\": \"a\u{0}\"}", "control character"),
            (r#"{"x": 1,}"#, "expected the name of a member"),
            ("", "expected a value"),
        ] {
            let error = read(&mut records, line).unwrap_err();
            assert!(error.contains(told), "{line}: {error}");
        }
        let mut fields = [Field::Null];
        assert!(records.read(b"{\"y\": \"\xff\"}", &mut fields, &NEVER).is_err());
    }

    proptest! {
        #![proptest_config(seeds::cases(300))]
        /// Whatever a line is, serde's parser and this one agree on it.
        #[test]
        fn lines_are_what_serde_reads(text in r#"\{("(a|x|\\u0078|é)" ?: ?(-?[0-9]{1,3}(\.[0-9]{1,2})?(e[+-]?[0-9])?|null|true|"[a-zé\\n]{0,3}"|\[1\]|\{\}),?){0,4}\}"#) {
            let mut records = Records::new(vec!["x".to_owned()]);
            let ours = read(&mut records, &text);
            let theirs: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(&text);
            prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{}", text);
            if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
                match (&ours[0], theirs.get("x")) {
                    (Field::Null, None | Some(serde_json::Value::Null)) => {}
                    (Field::Number(number), Some(value)) => prop_assert_eq!(Some(float(number).unwrap()), value.as_f64()),
                    (Field::Text(ours), Some(value)) => prop_assert_eq!(Some(&**ours), value.as_str()),
                    (Field::Boolean(ours), Some(value)) => prop_assert_eq!(Some(*ours), value.as_bool()),
                    (Field::Other(_), Some(value)) => prop_assert!(value.is_array() || value.is_object()),
                    (ours, theirs) => prop_assert!(false, "{:?} {:?}", ours, theirs),
                }
            }
        }
    }
}
