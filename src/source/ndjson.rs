//! A JSON object a line.
//!
//! Nothing is guessed of what is named: a time is text or a number, a key is text (numbers and booleans as they are written), a number is one.

use memchr::{memchr, memrchr};

use super::cells::{Cells, Columns, Role};
use super::lines::{Dialect, Wrong};
use super::times::{from_number, from_text};
use super::wanted::Wanted;
use crate::escape::{NAME, shown};
use crate::interrupt::Interrupt;
use crate::json::lines::{Field, Records, float, located, names_of_numbers};

/// Lines that are looked at for which members are numbers.
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

impl Dialect for Ndjson {
    fn learn(text: &[u8], is_all: bool, wanted: &Wanted) -> Result<Option<(Self, usize)>, Wrong> {
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let looked_at = if is_all { text } else { &text[..whole] };
        if looked_at.is_empty() && !is_all {
            return Ok(None);
        }
        let mut line = 0;
        let columns = Columns::new(wanted, || {
            let there =
                lines(looked_at).map(|(_, line)| line).enumerate().filter(|(_, line)| !is_blank(line)).take(LOOK);
            names_of_numbers(
                there
                    .map(|(index, text)| {
                        line = index;
                        text
                    })
                    .filter(|line| !wanted.skips || serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok()),
            )
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
        for (index, (start, line)) in lines(text).enumerate() {
            if is_blank(line) {
                continue;
            }
            let read = records.read(line, &mut fields, &interrupt).map_err(located);
            let read = read.and_then(|()| {
                for (column, (field, cells)) in fields.iter().zip(cells.iter_mut()).enumerate() {
                    put(columns, column, field, cells)
                        .map_err(|message| (0, format!("'{}': {message}", shown(&columns.names[column], NAME))))?;
                }
                Ok(())
            });
            match read {
                Ok(()) => rows += 1,
                Err((byte, message)) => {
                    cells.iter_mut().for_each(|cells| cells.truncate(rows));
                    wrong.push(Wrong { line: index, byte: start + byte, message });
                }
            }
        }
        rows
    }
}

fn put(columns: &Columns, column: usize, field: &Field<'_>, cells: &mut Cells) -> Result<(), String> {
    match (columns.roles[column], field) {
        (_, Field::Null) => cells.null(),
        (Role::Time, Field::Text(text)) => cells.time(from_text(text)?),
        (Role::Time, Field::Number(number)) => cells.time((from_number(number, columns.unit)?, true)),
        (Role::Number, Field::Number(number)) => cells.number(float(number)?),
        (Role::Number, Field::Text(text)) => {
            return Err(format!("expected a number, found the text \"{}\"", shown(text, NAME)));
        }
        (Role::Key, Field::Text(text)) => cells.key(text),
        (Role::Key, Field::Number(number)) => cells.key(&String::from_utf8_lossy(number)),
        (Role::Key, Field::Boolean(value)) => cells.key(if *value { "true" } else { "false" }),
        (role, Field::Boolean(_)) => return Err(format!("expected {}, found a boolean", expected(role))),
        (role, Field::Other(kind)) => return Err(format!("expected {}, found {}", expected(role), kind.name())),
    }
    Ok(())
}

fn expected(role: Role) -> &'static str {
    match role {
        Role::Time => "a time",
        Role::Key => "text",
        Role::Number => "a number",
    }
}
