//! A JSON object a line.
//!
//! Nothing is guessed of what is named: a time is text or a number, a key is text (numbers and booleans as they are written), a number is one.

use std::collections::HashMap;

use memchr::{memchr, memchr_iter, memrchr};
use serde::de::IgnoredAny;

use super::cells::{Cells, Columns};
use super::lines::{Dialect, Wrong};
use super::roles::{Class, Role, Seen, date};
use super::times::{from_digits, from_number, from_text};
use super::wanted::Wanted;
use crate::escape::{NAME, shown};
use crate::interrupt::Interrupt;
use crate::json::lines::{Field, Records, each_member, float, located};
use crate::num::digits::Digits;

/// Lines that are looked at for what the members are.
const LOOK: usize = 1000;

#[derive(Clone)]
pub(super) struct Ndjson {
    columns: Columns,
    records: Records,
}

/// The lines of a text, each with where it begins.
fn lines(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let at = start;
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let length = memchr(b'\n', rest).unwrap_or(rest.len());
        start += length + 1;
        Some((at, &rest[..length]))
    })
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

/// What JSON it is whose lines are no records, as the first line that is not blank says, and what makes records of it; with the number of the line.
fn other_json(text: &[u8]) -> Option<(usize, &'static str)> {
    let (index, (_, first)) = lines(text).enumerate().find(|(_, (_, line))| !is_blank(line))?;
    match first.trim_ascii() {
        [b'[', ..] => Some((index, "an array, where each line is one record: jq -c '.[]' makes lines of its items")),
        b"{" => Some((index, "a record of several lines, where each line is one: jq -c . makes lines of records")),
        _ => None,
    }
}

impl Dialect for Ndjson {
    fn learn(text: &[u8], is_all: bool, wanted: &Wanted) -> Result<Option<(Self, usize)>, Wrong> {
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let looked_at = if is_all { text } else { &text[..whole] };
        if is_blank(looked_at) && !is_all {
            return Ok(None);
        }
        if let Some((line, message)) = other_json(looked_at).filter(|_| !wanted.skips) {
            return Err(Wrong { line, byte: 0, message: message.to_owned() });
        }
        let mut line = 0;
        let columns = Columns::new(wanted, || {
            let there =
                lines(looked_at).map(|(_, line)| line).enumerate().filter(|(_, line)| !is_blank(line)).take(LOOK);
            let there = there.map(|(index, text)| {
                line = index;
                text
            });
            let mut seen: Vec<(String, Seen)> = Vec::new();
            let is_object = |line: &[u8]| serde_json::from_slice::<HashMap<String, IgnoredAny>>(line).is_ok();
            let is_read = |line: &&[u8]| !wanted.skips || is_object(line);
            each_member(there.filter(is_read), |name, field| {
                let index = seen.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
                    seen.push((name.to_owned(), Seen::default()));
                    seen.len() - 1
                });
                if let Some(class) = class(&field) {
                    seen[index].1.add(class);
                }
            })?;
            Ok(seen)
        });
        let columns = columns.map_err(|error| {
            let (byte, message) = located(error);
            Wrong { line, byte, message }
        })?;
        let bom = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Ok(Some((Self { records: Records::new(columns.names.clone()), columns }, bom)))
    }

    fn columns(&self) -> &Columns {
        &self.columns
    }

    fn cuts(&self, text: &[u8], size: usize) -> Vec<usize> {
        let last = memrchr(b'\n', text).map_or(0, |end| end + 1);
        let mut cuts = vec![0];
        let mut at = 0;
        while at < last {
            let from = (at + size).min(last - 1);
            at = memchr(b'\n', &text[from..last]).map_or(last, |end| from + end + 1);
            cuts.push(at);
        }
        cuts
    }

    fn read(&mut self, text: &[u8], cells: &mut [Cells], wrong: &mut Vec<Wrong>) -> usize {
        let Self { columns, records } = self;
        let interrupt = Interrupt::default();
        let (mut rows, mut fields) = (0, vec![Field::Null; columns.names.len()]);
        let (mut start, mut is_alike) = (0, false);
        while start < text.len() {
            let put = |column: usize, field: Field<'_>| put(columns, column, &field, &mut cells[column]).ok();
            if let Some(end) = records.read_alike(text, start, put) {
                (rows, start, is_alike) = (rows + 1, end + 1, true);
                continue;
            }
            cells.iter_mut().for_each(|cells| cells.truncate(rows));
            let end = memchr(b'\n', &text[start..]).map_or(text.len(), |length| start + length);
            let line = &text[start..end];
            if !is_blank(line) {
                let read = records.read(line, is_alike, &mut fields, &interrupt).map_err(located);
                let read = read.and_then(|()| put_all(columns, &fields, cells).map_err(|message| (0, message)));
                match read {
                    Ok(()) => rows += 1,
                    Err((byte, message)) => {
                        cells.iter_mut().for_each(|cells| cells.truncate(rows));
                        let line = memchr_iter(b'\n', &text[..start]).count();
                        wrong.push(Wrong { line, byte: start + byte, message });
                    }
                }
                is_alike = false;
            }
            start = end + 1;
        }
        rows
    }
}

/// Adds a row.
fn put_all(columns: &Columns, fields: &[Field<'_>], cells: &mut [Cells]) -> Result<(), String> {
    for (column, (field, cells)) in fields.iter().zip(cells).enumerate() {
        put(columns, column, field, cells)
            .map_err(|message| format!("'{}': {message}", shown(&columns.names[column], NAME)))?;
    }
    Ok(())
}

#[inline(always)]
fn put(columns: &Columns, column: usize, field: &Field<'_>, cells: &mut Cells) -> Result<(), String> {
    match (columns.roles[column], field) {
        (_, Field::Null) => cells.null(),
        (Role::Number, Field::Number(number, digits)) => cells.number(match digits.and_then(Digits::float) {
            Some(number) => number,
            None => float(number)?,
        }),
        (Role::Key, Field::Text(text)) => cells.key(text),
        (Role::Time, Field::Number(number, digits)) => {
            let time = digits.and_then(|digits| from_digits(digits, columns.unit));
            cells.time((time.map_or_else(|| from_number(number, columns.unit), Ok)?, true));
        }
        (Role::Time, Field::Text(text)) => cells.time(from_text(text)?),
        (Role::Key, Field::Number(number, _)) => cells.key(&String::from_utf8_lossy(number)),
        (Role::Key, Field::Boolean(value)) => cells.key(if *value { "true" } else { "false" }),
        (Role::Boolean, Field::Boolean(value)) => cells.boolean(*value),
        (Role::Date, Field::Text(text)) if let Some(days) = date(text) => cells.date(days),
        (Role::Other, _) => cells.other(),
        (role, field) => {
            let found = match field {
                Field::Text(text) => format!("the text \"{}\"", shown(text, NAME)),
                Field::Number(number, _) => format!("the number {}", String::from_utf8_lossy(number)),
                Field::Boolean(_) => "a boolean".to_owned(),
                Field::Other(kind) => kind.name().to_owned(),
                Field::Null => "null".to_owned(),
            };
            return Err(format!("expected {}, found {found}", role.expected()));
        }
    }
    Ok(())
}

/// What a value is that is there.
fn class(field: &Field<'_>) -> Option<Class> {
    Some(match field {
        Field::Null => return None,
        Field::Number(..) => Class::Number,
        Field::Boolean(_) => Class::Boolean,
        Field::Text(text) => Class::of_text(text),
        Field::Other(_) => Class::Other,
    })
}
