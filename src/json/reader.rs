//! JSON as RFC 8259 has it, read once from front to back; numbers go straight into memory.
//!
//! A number is the nearest f64, as Python's `float` has it: by a kernel where there is one and the number is plain ([`Tier::decimals`]),
//! else by `fast-float2` (D. Lemire, *Number parsing at a gigabyte per second*, Software: Practice and Experience 51(8), 2021).

use std::borrow::Cow;

use super::limits::Limits;
use super::numbers::Numbers;
use crate::arch::{BLOCK, Tier};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
#[cfg(feature = "stream")]
use crate::num::digits::Digits;
use crate::threads::Threads;

/// Text of an array that one thread reads at a time.
const PIECE: usize = 1 << 18;

/// Numbers that are read one by one where the kernel has stopped, before it is tried again.
const PATIENCE: usize = 16;

/// A place in the body.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    body: &'a [u8],
    at: usize,
    path: Vec<Step<'a>>,
    depth: usize,
    interrupt: &'a Interrupt,
}

/// Members and elements between two looks at the interrupt.
const STEPS: usize = 1 << 12;

/// A step of a JSON Pointer.
#[derive(Clone, Debug)]
enum Step<'a> {
    Name(Cow<'a, str>),
    Place(usize),
}

/// What a value is, by its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JsonType {
    Object,
    Array,
    String,
    Number,
    Null,
    Boolean,
}

impl JsonType {
    pub fn name(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Array => "an array",
            Self::String => "a string",
            Self::Number => "a number",
            Self::Null => "null",
            Self::Boolean => "a boolean",
        }
    }
}

/// A member of a record.
#[cfg(feature = "stream")]
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Field<'a> {
    /// It is null, or not there.
    Null,
    /// A number, as it is written, and its digits if it is plain.
    Number(&'a [u8], Option<Digits>),
    Text(Cow<'a, str>),
    Boolean(bool),
    /// An array or an object.
    Other(JsonType),
}

/// Numbers of an array, and how it went on.
struct Piece {
    numbers: Numbers,
    /// Where the reading ended, and how.
    at: usize,
    end: End,
}

enum End {
    /// After a comma: the array goes on.
    Comma,
    /// After the bracket that ends it.
    Bracket,
    /// What is wrong.
    Wrong(String),
}

impl<'a> Reader<'a> {
    /// # Errors
    ///
    /// [`Error::Json`] for a body that is too long, or UTF-16.
    pub fn new(body: &'a [u8], limits: Limits, interrupt: &'a Interrupt) -> Result<Self> {
        if body.len() > limits.bytes {
            let message = format!("the body has {} bytes, and at most {} are read", body.len(), limits.bytes);
            return Err(Error::Json { path: String::new(), byte: limits.bytes, message });
        }
        let reader = Self { body, at: 0, path: Vec::new(), depth: limits.depth.min(1000), interrupt };
        match body {
            // A byte order mark at the front means nothing.
            [0xef, 0xbb, 0xbf, ..] => Ok(Self { at: 3, ..reader }),
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Err(reader.wrong("this is UTF-16, and no UTF-8")),
            _ => Ok(reader),
        }
    }

    /// The value at a JSON Pointer (RFC 6901), read by `read`, and the rest of the body looked through. Of names that come twice the
    /// last one counts.
    pub fn at_pointer<T>(&mut self, pointer: &str, read: &mut impl FnMut(&mut Self) -> Result<T>) -> Result<T> {
        if !pointer.is_empty() && !pointer.starts_with('/') {
            return Err(Error::Invalid(format!("a JSON Pointer is empty or begins with '/', unlike '{pointer}'")));
        }
        let steps: Vec<String> =
            pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
        let found = self.descend(&steps, read)?;
        if self.next().is_some() {
            return Err(self.wrong("expected the end of the body"));
        }
        found.transpose()?.ok_or_else(|| {
            let message = format!("there is nothing at '{pointer}'");
            Error::Json { path: String::new(), byte: self.body.len(), message }
        })
    }

    /// What is found at the end of these steps, or what is wrong with it; `None` if there is nothing.
    fn descend<T>(
        &mut self,
        steps: &[String],
        read: &mut impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Option<Result<T>>> {
        let Some((step, rest)) = steps.split_first() else { return self.attempt(read).map(Some) };
        let mut found = None;
        match self.kind()? {
            JsonType::Object => self.members(|reader, name| {
                match name == step {
                    true => found = reader.descend(rest, read)?,
                    false => reader.skip()?,
                }
                Ok(())
            })?,
            JsonType::Array => self.elements(|reader, index| {
                match index.to_string() == *step {
                    true => found = reader.descend(rest, read)?,
                    false => reader.skip()?,
                }
                Ok(())
            })?,
            _ => self.skip()?,
        }
        Ok(found)
    }

    /// Reads a value. Where it is not what it should be, it is passed over, and what is wrong is for the caller to tell, if the value
    /// counts: another one of the same name may follow.
    pub fn attempt<T>(&mut self, read: &mut impl FnMut(&mut Self) -> Result<T>) -> Result<Result<T>> {
        let (at, depth, length) = (self.at, self.depth, self.path.len());
        let error = match read(self) {
            Ok(value) => return Ok(Ok(value)),
            Err(error @ Error::Json { .. }) => error,
            Err(error) => return Err(error),
        };
        (self.at, self.depth) = (at, depth);
        self.path.truncate(length);
        match self.skip() {
            Ok(()) => Ok(Err(error)),
            // It is no JSON at all, and that was said already.
            Err(Error::Json { .. }) => Err(error),
            Err(interrupted) => Err(interrupted),
        }
    }

    /// The kind of the value that comes next.
    pub fn kind(&mut self) -> Result<JsonType> {
        Ok(match self.next() {
            Some(b'{') => JsonType::Object,
            Some(b'[') => JsonType::Array,
            Some(b'"') => JsonType::String,
            Some(b'-' | b'0'..=b'9') => JsonType::Number,
            Some(b'n') => JsonType::Null,
            Some(b't' | b'f') => JsonType::Boolean,
            Some(b'N' | b'I') => return Err(self.wrong("NaN and Infinity are no JSON; null is what is missing")),
            Some(_) => return Err(self.wrong("expected a value")),
            None => return Err(self.wrong("expected a value, and the body ends")),
        })
    }

    /// The kind of the first element of the array that comes next, if it has one.
    pub fn kind_of_first(&self) -> Result<Option<JsonType>> {
        let mut ahead = Self { path: self.path.clone(), at: self.at + 1, ..*self };
        ahead.path.push(Step::Place(0));
        match ahead.next() {
            Some(b']') => Ok(None),
            _ => ahead.kind().map(Some),
        }
    }

    /// Each member of an object, whose value `visit` reads.
    pub fn members(&mut self, mut visit: impl FnMut(&mut Self, &str) -> Result<()>) -> Result<()> {
        self.enter()?;
        let length = self.path.len();
        if self.next() == Some(b'}') {
            self.at += 1;
        } else {
            for index in 0.. {
                self.look_up(index)?;
                if self.next() != Some(b'"') {
                    return Err(self.wrong("expected the name of a member, in quotes"));
                }
                let name = self.name()?;
                if self.next() != Some(b':') {
                    return Err(self.wrong("expected ':' after a name"));
                }
                self.at += 1;
                self.path.push(Step::Name(name.clone()));
                visit(self, &name)?;
                self.path.truncate(length);
                if !self.goes_on(b'}')? {
                    break;
                }
            }
        }
        self.depth += 1;
        Ok(())
    }

    /// Each element of an array, which `visit` reads.
    pub fn elements(&mut self, mut visit: impl FnMut(&mut Self, usize) -> Result<()>) -> Result<()> {
        self.enter()?;
        let length = self.path.len();
        if self.next() == Some(b']') {
            self.at += 1;
        } else {
            for index in 0.. {
                self.look_up(index)?;
                self.path.push(Step::Place(index));
                visit(self, index)?;
                self.path.truncate(length);
                if !self.goes_on(b']')? {
                    break;
                }
            }
        }
        self.depth += 1;
        Ok(())
    }

    /// Looks at the interrupt now and then.
    fn look_up(&self, step: usize) -> Result<()> {
        if step.is_multiple_of(STEPS) { self.interrupt.check() } else { Ok(()) }
    }

    /// The numbers of an array that holds nothing else, but nulls if they are welcome; the text of a long one is read in pieces,
    /// on all threads.
    pub fn numbers(&mut self, nulls: bool) -> Result<Vec<Numbers>> {
        self.enter()?;
        let mut found = Vec::new();
        let mut count = 0;
        if self.next() == Some(b']') {
            (self.at, self.depth) = (self.at + 1, self.depth + 1);
            return Ok(found);
        }
        let mut round = 1;
        loop {
            // The pieces of one round, each up to a comma; whether the array goes on so far only their reading shows, so each round
            // is twice as long as the one before.
            let mut ends = vec![self.at];
            while ends.len() == 1 || (ends.len() <= round && ends[ends.len() - 1] < self.body.len()) {
                let from = (ends[ends.len() - 1] + PIECE).min(self.body.len());
                let comma = self.body[from..].iter().position(|&byte| byte == b',');
                ends.push(comma.map_or(self.body.len(), |comma| from + comma + 1));
            }
            round *= 2;
            let (body, interrupt) = (self.body, self.interrupt);
            // An array that is short takes no room for a long one.
            let first = found.is_empty() && ends.len() == 2;
            let read = |pair: &[usize]| {
                let piece = Self { body: &body[..pair[1]], at: pair[0], path: Vec::new(), depth: 0, interrupt };
                let room = if first { 0 } else { (pair[1] - pair[0]) / 16 };
                piece.piece(nulls, room)
            };
            let pieces: Vec<Piece> = Threads::unless(ends.len() == 2).map_items(ends.windows(2), read);
            self.interrupt.check()?;
            for Piece { numbers, at, end } in pieces {
                self.at = at;
                count += numbers.len();
                found.push(numbers);
                match end {
                    End::Comma => {}
                    End::Bracket => {
                        self.depth += 1;
                        return Ok(found);
                    }
                    End::Wrong(message) => {
                        self.path.push(Step::Place(count));
                        return Err(self.wrong(&message));
                    }
                }
            }
        }
    }

    /// A piece of an array. `room`: how many numbers memory is asked for at first.
    fn piece(mut self, nulls: bool, room: usize) -> Piece {
        let mut numbers = Numbers::with_room(room);
        if self.interrupt.check().is_err() {
            return Piece { numbers, at: self.at, end: End::Comma }; // the caller ends as well
        }
        let (tier, mut plain, mut patience) = (Tier::best(), [0.0; BLOCK], 0);
        let end = loop {
            if patience == 0 {
                let (at, count) = tier.decimals(self.body, self.at, &mut plain);
                numbers.extend(&plain[..count]);
                self.at = at;
                if count > 0 && at == self.body.len() {
                    break End::Comma;
                }
                patience = if count < BLOCK { PATIENCE } else { 0 };
                continue;
            }
            patience -= 1;
            match self.number_or_null(nulls) {
                Ok(number) => numbers.push(number),
                Err(message) => break End::Wrong(message),
            }
            match self.next() {
                Some(b',') => {
                    self.at += 1;
                    if self.at == self.body.len() {
                        break End::Comma;
                    }
                }
                Some(b']') => {
                    self.at += 1;
                    break End::Bracket;
                }
                Some(_) => {
                    numbers.pop();
                    break End::Wrong("expected ',' or ']' after a number".to_owned());
                }
                None => {
                    numbers.pop();
                    break End::Wrong("expected ',' or ']', and the body ends".to_owned());
                }
            }
        };
        Piece { numbers, at: self.at, end }
    }

    /// A number, or a null if that is welcome.
    pub fn number_or_null(&mut self, nulls: bool) -> Result<Option<f64>, String> {
        match self.next() {
            Some(b'-' | b'0'..=b'9') => self.number().map(Some),
            Some(b'n') if nulls && self.body[self.at..].starts_with(b"null") => {
                self.at += 4;
                Ok(None)
            }
            _ => match self.kind() {
                Ok(kind) => Err(format!("expected a number, found {}", kind.name())),
                Err(Error::Json { message, .. }) => Err(message),
                Err(error) => Err(error.to_string()),
            },
        }
    }

    /// A number within the range of a float.
    fn number(&mut self) -> Result<f64, String> {
        let start = self.at;
        let value = self.any_number()?;
        if value.is_infinite() {
            self.at = start;
            return Err("this number is beyond the range of a float".to_owned());
        }
        Ok(value)
    }

    /// A number, infinite beyond the range of a float: what the parser takes beyond JSON's own numbers is refused here.
    fn any_number(&mut self) -> Result<f64, String> {
        let rest = &self.body[self.at..];
        let digits = &rest[usize::from(rest[0] == b'-')..];
        match digits {
            [b'0', b'0'..=b'9', ..] => {
                return Err("a number begins with no zero but the one before its point".to_owned());
            }
            [b'0'..=b'9', ..] => {}
            _ => return Err("expected a digit after '-'".to_owned()),
        }
        let (value, length) = fast_float2::parse_partial::<f64, _>(rest).map_err(|_| "expected a number".to_owned())?;
        let whole = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits.get(whole) == Some(&b'.') && !digits.get(whole + 1).is_some_and(u8::is_ascii_digit) {
            return Err("expected a digit after the point of a number".to_owned());
        }
        self.at += length;
        Ok(value)
    }

    /// The member of a record that comes next.
    #[cfg(feature = "stream")]
    pub fn field(&mut self) -> Result<Field<'a>> {
        let body: &'a [u8] = self.body;
        Ok(match self.kind()? {
            JsonType::Null => {
                self.skip()?;
                Field::Null
            }
            JsonType::Number => {
                let start = self.at;
                self.skip()?;
                Field::Number(&body[start..self.at], None)
            }
            JsonType::String => Field::Text(self.name()?),
            JsonType::Boolean => {
                let is_true = body[self.at] == b't';
                self.skip()?;
                Field::Boolean(is_true)
            }
            kind => {
                self.skip()?;
                Field::Other(kind)
            }
        })
    }

    /// That the body ends here.
    #[cfg(feature = "stream")]
    pub fn end(&mut self) -> Result<()> {
        if self.next().is_none() { Ok(()) } else { Err(self.wrong("expected the end of the line")) }
    }

    /// Looks through a value.
    pub fn skip(&mut self) -> Result<()> {
        match self.kind()? {
            JsonType::Object => self.members(|reader, _| reader.skip()),
            JsonType::Array => self.elements(|reader, _| reader.skip()),
            JsonType::String => self.skip_string().map(drop),
            JsonType::Number => self.any_number().map(drop).map_err(|message| self.wrong(&message)),
            JsonType::Null | JsonType::Boolean => {
                let rest = &self.body[self.at..];
                let word = [&b"null"[..], b"true", b"false"].into_iter().find(|word| rest.starts_with(word));
                let word = word.ok_or_else(|| self.wrong("expected a value"))?;
                self.at += word.len();
                Ok(())
            }
        }
    }

    /// A name, without its escapes. One with half of a surrogate pair, which is no text, is named by its escapes.
    fn name(&mut self) -> Result<Cow<'a, str>> {
        let text = self.skip_string()?;
        if !text.contains('\\') {
            return Ok(Cow::Borrowed(&text[1..text.len() - 1]));
        }
        Ok(serde_json::from_str(text).map_or(Cow::Borrowed(&text[1..text.len() - 1]), Cow::Owned))
    }

    /// Looks through a string, and returns it as it stands there, with its quotes.
    fn skip_string(&mut self) -> Result<&'a str> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.body.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    let is_digit = |byte: &u8| byte.is_ascii_hexdigit();
                    self.at += match self.body.get(self.at + 1..) {
                        Some([b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..]) => 2,
                        Some([b'u', a, b, c, d, ..]) if [a, b, c, d].into_iter().all(is_digit) => 6,
                        _ => {
                            self.at = start;
                            return Err(self.wrong("a string with an escape that is none"));
                        }
                    };
                }
                Some(0..0x20) => return Err(self.wrong("a control character in a string stands as an escape")),
                Some(_) => self.at += 1,
                None => {
                    self.at = self.body.len();
                    return Err(self.wrong("expected the end of a string, and the body ends"));
                }
            }
        }
        self.at += 1;
        let body: &'a [u8] = self.body;
        std::str::from_utf8(&body[start..self.at]).map_err(|error| {
            self.at = start + error.valid_up_to();
            self.wrong("this is no UTF-8")
        })
    }

    /// Into an array or an object.
    fn enter(&mut self) -> Result<()> {
        self.depth = match self.depth.checked_sub(1) {
            Some(depth) => depth,
            None => return Err(self.wrong("arrays and objects lie deeper within each other than is read")),
        };
        self.at += 1;
        Ok(())
    }

    /// After a member or an element: a comma, or the end.
    fn goes_on(&mut self, end: u8) -> Result<bool> {
        let next = self.next();
        if next != Some(b',') && next != Some(end) {
            let found = if next.is_none() { ", and the body ends" } else { "" };
            return Err(self.wrong(&format!("expected ',' or '{}'{found}", char::from(end))));
        }
        self.at += 1;
        Ok(next == Some(b','))
    }

    /// The next byte that is no white space.
    fn next(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.body.get(self.at) {
            self.at += 1;
        }
        self.body.get(self.at).copied()
    }

    /// What is wrong here.
    pub fn wrong(&self, message: &str) -> Error {
        let steps = self.path.iter().map(|step| match step {
            Step::Name(name) => format!("/{}", name.replace('~', "~0").replace('/', "~1")),
            Step::Place(index) => format!("/{index}"),
        });
        Error::Json { path: steps.collect(), byte: self.at, message: message.to_owned() }
    }
}
