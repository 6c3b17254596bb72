//! Records, each on its line: NDJSON.
//!
//! Most lines differ from the one before in their values alone: what stands between them is compared, and numbers are read eight digits at a time. A
//! line that is written otherwise, of names and text without escapes, numbers and words, is read by one look at each byte. Any other line, and
//! any that seems to be wrong, goes through the [reader](super::reader), which has the last word.

use super::limits::Limits;
use super::reader::Reader;
pub(crate) use super::reader::{Field, JsonType};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::num::digits::Digits;

/// Lines unlike the pattern, one after the other, from which on it is learned anew.
const PATIENCE: u32 = 8;

/// Reads the members of these names.
#[derive(Clone, Debug)]
pub(crate) struct Records {
    names: Vec<String>,
    pattern: Pattern,
    /// How many lines were unlike it since one was like it.
    unlike: u32,
}

/// How a line is written but for its values.
#[derive(Clone, Debug, Default)]
struct Pattern {
    /// What stands before each value, and which of ours that is.
    before: Vec<(Box<[u8]>, Option<usize>)>,
    /// What stands behind the last one.
    after: Box<[u8]>,
    /// Which of ours are not on it.
    absent: Vec<usize>,
}

/// A place in a text that is read as long as it is plain.
struct Plain<'a> {
    text: &'a [u8],
    at: usize,
}

impl Records {
    pub fn new(names: Vec<String>) -> Self {
        Self { names, pattern: Pattern::default(), unlike: PATIENCE }
    }

    /// Reads the line that begins at `at`, if it is like those before, and returns where it ends. `take` is given the members, each with its index, and may
    /// refuse one; of a line that is not read, or not to its end, it has been given some.
    #[inline(always)]
    pub fn read_alike<'a>(
        &self,
        text: &'a [u8],
        at: usize,
        mut take: impl FnMut(usize, Field<'a>) -> Option<()>,
    ) -> Option<usize> {
        let Pattern { before, after, absent } = &self.pattern;
        if before.is_empty() {
            return None;
        }
        let mut plain = Plain { text, at };
        for (before, index) in before {
            plain.pass(before)?;
            let value = plain.value()?;
            if let Some(index) = index {
                take(*index, value)?;
            }
        }
        plain.pass(after)?;
        for index in absent {
            take(*index, Field::Null)?;
        }
        text.get(plain.at).is_none_or(|byte| *byte == b'\n').then_some(plain.at)
    }

    /// Reads any line: `fields` has a place for each name. Of names that come twice the last one counts. `is_alike`: whether the line before
    /// was like those before it.
    ///
    /// # Errors
    ///
    /// [`Error::Json`], with the byte in the line, for what is no object of JSON.
    pub fn read<'a>(
        &mut self,
        line: &'a [u8],
        is_alike: bool,
        fields: &mut [Field<'a>],
        interrupt: &'a Interrupt,
    ) -> Result<()> {
        self.unlike = if is_alike { 0 } else { self.unlike.saturating_add(1) };
        fields.fill(Field::Null);
        if self.read_plain(line, fields).is_some() {
            return Ok(());
        }
        fields.fill(Field::Null);
        self.read_any(line, fields, interrupt)
    }

    /// Reads any line.
    fn read_any<'a>(&self, line: &'a [u8], fields: &mut [Field<'a>], interrupt: &'a Interrupt) -> Result<()> {
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

    fn learn(&mut self, mut before: Vec<(Box<[u8]>, Option<usize>)>, after: Box<[u8]>) {
        // Of names that come twice the last one counts.
        let mut is_there = vec![false; self.names.len()];
        for (_, index) in before.iter_mut().rev() {
            *index = index.filter(|index| !std::mem::replace(&mut is_there[*index], true));
        }
        let absent = (0..is_there.len()).filter(|index| !is_there[*index]).collect();
        self.pattern = Pattern { before, after, absent };
        self.unlike = 0;
    }

    /// Reads a plain line, and learns the pattern from it where many lines were unlike the last one.
    fn read_plain<'a>(&mut self, line: &'a [u8], fields: &mut [Field<'a>]) -> Option<()> {
        let mut plain = Plain { text: line, at: 0 };
        let mut learned = (self.unlike >= PATIENCE).then(Vec::new);
        plain.expect(b'{')?;
        if plain.peek()? == b'}' {
            plain.at += 1;
            return plain.end();
        }
        let mut value_end = 0;
        loop {
            plain.peek()?;
            let name = plain.string()?;
            let index = self.names.iter().position(|wanted| wanted == name);
            plain.expect(b':')?;
            plain.peek()?;
            if let Some(before) = &mut learned {
                before.push((line[value_end..plain.at].into(), index));
            }
            let field = plain.value()?;
            value_end = plain.at;
            if let Some(index) = index {
                fields[index] = field;
            }
            match plain.peek()? {
                b',' => plain.at += 1,
                b'}' => {
                    plain.at += 1;
                    plain.end()?;
                    if let Some(before) = learned {
                        self.learn(before, line[value_end..].into());
                    }
                    return Some(());
                }
                _ => return None,
            }
        }
    }
}

impl<'a> Plain<'a> {
    /// The next byte that is no white space.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            match *self.text.get(self.at)? {
                b' ' | b'\t' | b'\r' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Passes over these bytes, if they come next.
    #[inline(always)]
    fn pass(&mut self, bytes: &[u8]) -> Option<()> {
        let next = self.text.get(self.at..self.at + bytes.len())?;
        is_same(next, bytes).then(|| self.at += bytes.len())
    }

    /// A value that is no array and no object.
    #[inline(always)]
    fn value(&mut self) -> Option<Field<'a>> {
        match *self.text.get(self.at)? {
            b'"' => Some(Field::Text(self.string()?.into())),
            b'-' | b'0'..=b'9' => {
                let start = self.at;
                let digits = match Digits::read(self.text, start) {
                    Some((digits, end)) => {
                        self.at = end;
                        Some(digits)
                    }
                    None => {
                        self.at += number_length(&self.text[start..])?;
                        None
                    }
                };
                Some(Field::Number(&self.text[start..self.at], digits))
            }
            b'n' => self.pass(b"null").map(|()| Field::Null),
            b't' => self.pass(b"true").map(|()| Field::Boolean(true)),
            b'f' => self.pass(b"false").map(|()| Field::Boolean(false)),
            _ => None,
        }
    }

    /// A string without escapes: what is between its quotes.
    #[inline(always)]
    fn string(&mut self) -> Option<&'a str> {
        self.expect(b'"')?;
        let start = self.at;
        let end = start + end_of_string(&self.text[start..])?;
        self.at = end + 1;
        std::str::from_utf8(&self.text[start..end]).ok()
    }

    /// That nothing but white space follows.
    fn end(&mut self) -> Option<()> {
        self.peek().is_none().then_some(())
    }
}

/// Whether two texts of one length are the same: they are short, so some bytes at a time, of which the last ones may be seen twice.
#[inline(always)]
fn is_same(one: &[u8], other: &[u8]) -> bool {
    fn ends<const N: usize>(text: &[u8]) -> Option<(&[u8; N], &[u8; N])> {
        Some((text.first_chunk()?, text.last_chunk()?))
    }
    match one.len() {
        0..4 => one.iter().zip(other).all(|(one, other)| one == other),
        4..8 => ends::<4>(one) == ends::<4>(other),
        8..=16 => ends::<8>(one) == ends::<8>(other),
        _ => one == other,
    }
}

/// Where the quote is that ends a string; `None` if an escape or a control character comes before it.
#[inline]
fn end_of_string(text: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let (eights, rest) = text.as_chunks::<8>();
    for (index, eight) in eights.iter().enumerate() {
        let bytes = u64::from_le_bytes(*eight);
        // The lowest bit that is set is right: what is subtracted is borrowed only from bytes above.
        let below = |bytes: u64, limit: u64| bytes.wrapping_sub(limit * ONES) & !bytes;
        let is = |byte: u8| below(bytes ^ (u64::from(byte) * ONES), 1);
        let found = (is(b'"') | is(b'\\') | below(bytes, 0x20)) & (0x80 * ONES);
        if found != 0 {
            let at = 8 * index + found.trailing_zeros() as usize / 8;
            return (text[at] == b'"').then_some(at);
        }
    }
    let at = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
    (rest[at] == b'"').then_some(text.len() - rest.len() + at)
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

/// Hands on each member of some lines, in the order in which they come.
///
/// # Errors
///
/// As [`Records::read`].
pub(crate) fn each_member<'a>(
    lines: impl Iterator<Item = &'a [u8]>,
    mut take: impl FnMut(&str, Field<'_>),
) -> Result<()> {
    let interrupt = Interrupt::default();
    for line in lines {
        let mut reader = Reader::new(line, Limits::default(), &interrupt)?;
        if reader.kind()? != JsonType::Object {
            return Err(reader.wrong("expected an object: each line is one record"));
        }
        reader.members(|reader, name| {
            take(name, reader.field()?);
            Ok(())
        })?;
        reader.end()?;
    }
    Ok(())
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
        records.unlike = PATIENCE;
        records.read(line.as_bytes(), false, &mut fields, &NEVER).map_err(|error| error.to_string())?;
        // The pattern of the line itself, if it has one, gives the same.
        let mut again = vec![None; fields.len()];
        let end = records.read_alike(line.as_bytes(), 0, |index, field| {
            assert_eq!(again[index].replace(field), None);
            Some(())
        });
        if let Some(end) = end {
            assert_eq!((end, again), (line.len(), fields.iter().cloned().map(Some).collect()));
        }
        Ok(fields)
    }

    #[test]
    fn members_are_found_wherever_they_stand() {
        let mut records = Records::new(vec!["ts".to_owned(), "x".to_owned()]);
        let [ts, x] = [Field::Text("now".into()), Field::Number(b"-1.5e3", None)];
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
        assert!(records.read(b"{\"y\": \"\xff\"}", false, &mut fields, &NEVER).is_err());
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
                    (Field::Number(number, _), Some(value)) => prop_assert_eq!(Some(float(number).unwrap()), value.as_f64()),
                    (Field::Text(ours), Some(value)) => prop_assert_eq!(Some(&**ours), value.as_str()),
                    (Field::Boolean(ours), Some(value)) => prop_assert_eq!(Some(*ours), value.as_bool()),
                    (Field::Other(_), Some(value)) => prop_assert!(value.is_array() || value.is_object()),
                    (ours, theirs) => prop_assert!(false, "{:?} {:?}", ours, theirs),
                }
            }
        }
    }
}
