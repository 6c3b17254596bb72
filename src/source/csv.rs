//! Values between commas (RFC 4180): the first line names the columns, and a value in double quotes may hold commas and line ends.
//!
//! A value of a column of numbers is the nearest float, or missing if it is empty, `NA`, `N/A` or `null`. What stands between the values is
//! found in the first line, unless it was said. Text is cut at line ends that are not within quotes. A [kernel](crate::arch::text) finds where
//! values end; then each wanted column is read by itself, or, where a line is not like the others, line by line. Text with quotes where RFC 4180
//! has none is read by the `csv` crate.

use std::borrow::Cow;

use csv::{ByteRecord, ReaderBuilder};
use memchr::{memchr, memchr_iter, memchr2};

use super::cells::{Cells, Columns};
use super::lines::{Dialect, Wrong};
use super::roles::{Class, Role, Seen, boolean, date};
use super::times::{from_digits, from_number, from_text};
use super::wanted::Wanted;
use crate::arch::text::ends_of_values;
use crate::error::Error;
use crate::escape::{NAME, shown};
use crate::num::digits::Digits;

/// Lines that are looked at for what the columns are of.
const LOOK: usize = 1000;

/// What may stand between values.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

#[derive(Clone)]
pub(super) struct Csv {
    columns: Columns,
    /// The column that each value of a line goes to.
    targets: Vec<Option<usize>>,
    delimiter: u8,
}

fn reader(text: &[u8], delimiter: u8) -> csv::Reader<&[u8]> {
    // Lines of other lengths are told here, with their number.
    ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text)
}

/// Whether a line is one of nothing.
fn is_blank(line: &[u8]) -> bool {
    matches!(line, b"" | b"\r")
}

fn is_missing(value: &[u8]) -> bool {
    matches!(value, b"" | b"NA" | b"N/A" | b"null" | b"NULL")
}

/// What a value is that is there.
fn class(value: &[u8]) -> Class {
    match std::str::from_utf8(value) {
        _ if float(value).is_ok() => Class::Number,
        _ if boolean(value).is_some() => Class::Boolean,
        Ok(text) => Class::of_text(text),
        Err(_) => Class::Text,
    }
}

/// The nearest float.
fn float(value: &[u8]) -> Result<f64, String> {
    let told = || shown(&String::from_utf8_lossy(value), NAME).to_string();
    match fast_float2::parse::<f64, _>(value) {
        Ok(number) if number.is_infinite() && value.iter().any(u8::is_ascii_digit) => {
            Err(format!("{} is beyond the range of a float", told()))
        }
        Ok(number) => Ok(number),
        Err(_) => Err(format!("'{}' is no number", told())),
    }
}

impl Dialect for Csv {
    fn learn(text: &[u8], is_all: bool, wanted: &Wanted) -> Result<Option<(Self, usize)>, Wrong> {
        let at_start = |message: String| Wrong { line: 0, byte: 0, message };
        let bom = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let may_delimit = [&DELIMITERS[..], wanted.delimiter.as_slice()].concat();
        let end = match end_of_line(&text[bom..], 0, &may_delimit) {
            Some(end) => bom + end,
            None if is_all => text.len(),
            None => return Ok(None),
        };
        let head = &text[bom..end];
        if head.iter().all(u8::is_ascii_whitespace) {
            return match is_all {
                true => Err(at_start("there is no line with the names of the columns".to_owned())),
                false => Ok(None),
            };
        }
        let count = |delimiter: &u8| head.iter().filter(|byte| *byte == delimiter).count();
        let found = DELIMITERS.into_iter().rev().max_by_key(count).unwrap_or(b',');
        let delimiter = wanted.delimiter.unwrap_or(found);
        let (mut names, mut first) = (ByteRecord::new(), reader(head, delimiter));
        first.read_byte_record(&mut names).map_err(|error| at_start(error.to_string()))?;
        if head.get(first.position().byte() as usize..).is_some_and(|rest| !rest.trim_ascii().is_empty()) {
            return Err(at_start(
                "lines end with carriage returns alone: tr '\\r' '\\n' makes them line feeds".to_owned(),
            ));
        }
        let names: Vec<String> = names.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
        let mut seen = vec![Seen::default(); names.len()];
        if wanted.looks() {
            let (mut rest, mut record) = (reader(&text[end..], delimiter), ByteRecord::new());
            // The last line may not be whole.
            let whole = if is_all {
                text.len() - end
            } else {
                text[end..].iter().rposition(|byte| *byte == b'\n').unwrap_or(0)
            };
            for _ in 0..LOOK {
                if !rest.read_byte_record(&mut record).unwrap_or(false) || rest.position().byte() as usize > whole + 1 {
                    break;
                }
                for (value, seen) in record.iter().map(<[u8]>::trim_ascii).zip(&mut seen) {
                    if !is_missing(value) {
                        seen.add(class(value));
                    }
                }
            }
            if !is_all && whole == 0 {
                return Ok(None);
            }
        }
        let seen = || Ok(names.iter().cloned().zip(seen).collect::<Vec<(String, Seen)>>());
        let columns = Columns::new(wanted, seen).map_err(|error| at_start(error.to_string()))?;
        let mut targets = vec![None; names.len()];
        for (column, name) in columns.names.iter().enumerate() {
            let mut places = (0..names.len()).filter(|place| names[*place] == *name);
            let place = places.next().ok_or_else(|| {
                at_start(Error::NoSuchColumn { name: name.clone(), available: names.clone() }.to_string())
            })?;
            if places.next().is_some() {
                return Err(at_start(format!(
                    "several columns are named '{}': which is meant is not known",
                    shown(name, NAME)
                )));
            }
            targets[place] = Some(column);
        }
        Ok(Some((Self { columns, targets, delimiter }, end)))
    }

    fn columns(&self) -> &Columns {
        &self.columns
    }

    fn cuts(&self, text: &[u8], size: usize) -> Vec<usize> {
        let (mut cuts, mut at, delimiters) = (vec![0], 0, [self.delimiter]);
        // The end of the first line that goes on `size` bytes later.
        let next = |at: usize| {
            let (mut outside, from) = (at, (at + size).min(text.len()));
            while outside < from {
                outside = match memchr(b'"', &text[outside..from]) {
                    None => from,
                    Some(length) if is_start(text, outside + length, &delimiters) => {
                        end_of_quotes(text, outside + length + 1)?
                    }
                    Some(length) => outside + length + 1,
                };
            }
            end_of_line(text, outside, &delimiters)
        };
        while let Some(end) = next(at) {
            cuts.push(end);
            at = end;
        }
        // The end of the last line that is whole.
        let mut last = at;
        while let Some(end) = end_of_line(text, last, &delimiters) {
            last = end;
        }
        if last > at {
            cuts.push(last);
        }
        cuts
    }

    fn read(&mut self, text: &[u8], cells: &mut [Cells], wrong: &mut Vec<Wrong>) -> usize {
        match ends_of_values(text, self.delimiter) {
            Some(ends) => match self.read_columns(text, &ends, cells) {
                Some(rows) => rows,
                None => self.read_lines(text, &ends, cells, wrong),
            },
            None => self.read_quoted(text, cells, wrong),
        }
    }
}

/// The end of the line that goes on at `from`, which is not within quotes.
fn end_of_line(text: &[u8], from: usize, delimiters: &[u8]) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr2(b'"', b'\n', &text[at..])?;
        match text[at] {
            b'\n' => return Some(at + 1),
            _ if is_start(text, at, delimiters) => at = end_of_quotes(text, at + 1)?,
            _ => at += 1,
        }
    }
}

/// Whether a value begins here: only there a quote is one.
fn is_start(text: &[u8], at: usize, delimiters: &[u8]) -> bool {
    at == 0 || text[at - 1] == b'\n' || delimiters.contains(&text[at - 1])
}

/// The end of the quotes that one at `from - 1` begins.
fn end_of_quotes(text: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr(b'"', &text[at..])? + 1;
        match text.get(at) {
            Some(b'"') => at += 1,
            _ => return Some(at),
        }
    }
}

/// A value without its quotes; two of them within are one.
fn unquoted(value: &[u8]) -> Cow<'_, [u8]> {
    let [b'"', rest @ ..] = value else { return Cow::Borrowed(value) };
    match memchr(b'"', rest) {
        Some(end) if end + 1 == rest.len() => Cow::Borrowed(&rest[..end]),
        _ => {
            let (mut text, mut bytes) = (Vec::with_capacity(rest.len()), rest.iter());
            while let Some(byte) = bytes.next() {
                match byte {
                    b'"' => text.extend(bytes.next()),
                    byte => text.push(*byte),
                }
            }
            Cow::Owned(text)
        }
    }
}

impl Csv {
    /// Reads one column after the other, if every line has as many values as the first one has names, and nothing is wrong with them. `ends`: where
    /// values end.
    fn read_columns(&self, text: &[u8], ends: &[u32], cells: &mut [Cells]) -> Option<usize> {
        let width = self.targets.len();
        if ends.is_empty() {
            return Some(0);
        }
        let is_end = |end: u32| text.get(end as usize).is_none_or(|byte| *byte == b'\n');
        let is_line = |ends: &[u32]| is_end(ends[width - 1]) && !ends[..width - 1].iter().any(|end| is_end(*end));
        // A line of nothing is none.
        let is_blank = |start: u32, end: u32| end - start < 2 && is_blank(&text[start as usize..end as usize]);
        let has_blank = || is_blank(0, ends[0]) || ends.windows(2).any(|ends| is_blank(ends[0] + 1, ends[1]));
        let lines = ends.chunks_exact(width);
        if !lines.remainder().is_empty() || !lines.clone().all(is_line) || width == 1 && has_blank() {
            return None;
        }
        for (place, column) in self.targets.iter().enumerate() {
            let Some(column) = *column else { continue };
            let starts = [0].into_iter().chain(ends.iter().map(|end| *end as usize + 1)).skip(place).step_by(width);
            let ends = ends[place..].iter().step_by(width);
            let mut values = starts.zip(ends).map(|(start, end)| (start, *end as usize));
            if values.try_for_each(|(start, end)| self.put(column, text, start, end, &mut cells[column])).is_err() {
                cells.iter_mut().for_each(|cells| cells.truncate(0));
                return None;
            }
        }
        Some(ends.len() / width)
    }

    /// Reads one line after the other.
    fn read_lines(&self, text: &[u8], ends: &[u32], cells: &mut [Cells], wrong: &mut Vec<Wrong>) -> usize {
        let (mut rows, mut start, mut place, mut first) = (0, 0, 0, 0);
        let mut failed = None;
        for end in ends.iter().map(|end| *end as usize) {
            let is_last = text.get(end).is_none_or(|byte| *byte == b'\n');
            if let Some(&Some(column)) = self.targets.get(place)
                && failed.is_none()
            {
                failed = self.put(column, text, start, end, &mut cells[column]).err();
            }
            (start, place) = (end + 1, place + 1);
            if !is_last {
                continue;
            }
            let is_empty = place == 1 && is_blank(&text[first..end]);
            if failed.is_none() && place == self.targets.len() && !is_empty {
                rows += 1;
            } else {
                cells.iter_mut().for_each(|cells| cells.truncate(rows));
                if !is_empty {
                    let message = if place == self.targets.len() { failed.take() } else { None };
                    let message = message.unwrap_or_else(|| self.wrong_width(place));
                    wrong.push(Wrong { line: memchr_iter(b'\n', &text[..first]).count(), byte: first, message });
                }
                failed = None;
            }
            (first, place) = (start, 0);
        }
        rows
    }

    /// Reads lines in which quotes stand anywhere.
    fn read_quoted(&self, text: &[u8], cells: &mut [Cells], wrong: &mut Vec<Wrong>) -> usize {
        let (mut reader, mut record, mut rows) = (reader(text, self.delimiter), ByteRecord::new(), 0);
        loop {
            match reader.read_byte_record(&mut record) {
                Ok(false) => return rows,
                Ok(true) => {}
                Err(error) => {
                    wrong.push(Wrong { line: 0, byte: 0, message: error.to_string() });
                    return rows;
                }
            }
            let found = match record.len() == self.targets.len() {
                true => record.iter().zip(&self.targets).try_for_each(|(value, target)| match *target {
                    Some(column) => self.put_value(column, value, &mut cells[column]),
                    None => Ok(()),
                }),
                false => Err(self.wrong_width(record.len())),
            };
            match found {
                Ok(()) => rows += 1,
                Err(message) => {
                    cells.iter_mut().for_each(|cells| cells.truncate(rows));
                    let at = record.position();
                    let (line, byte) = at.map_or((0, 0), |at| (at.line() as usize - 1, at.byte() as usize));
                    wrong.push(Wrong { line, byte, message });
                }
            }
        }
    }

    fn wrong_width(&self, found: usize) -> String {
        let (plural, width) = (if found == 1 { "" } else { "s" }, self.targets.len());
        format!("{found} value{plural}, and the first line names {width} columns")
    }

    /// Adds the value that stands in the text from `start` to `end` to a column.
    #[inline(always)]
    fn put(&self, column: usize, text: &[u8], start: usize, end: usize, cells: &mut Cells) -> Result<(), String> {
        if let Some((digits, digits_end)) = Digits::read(text, start)
            && (digits_end == end || text[digits_end..end] == *b"\r")
        {
            match self.columns.roles[column] {
                Role::Number => {
                    if let Some(number) = digits.float() {
                        cells.number(number);
                        return Ok(());
                    }
                }
                Role::Time => {
                    if let Some(time) = from_digits(digits, self.columns.unit) {
                        cells.time((time, true));
                        return Ok(());
                    }
                }
                _ => {}
            }
        }
        let value = &text[start..end];
        // A part of what ends a line is none of its last value.
        self.put_value(column, &unquoted(value.strip_suffix(b"\r").unwrap_or(value)), cells)
    }

    /// Adds a value to a column.
    fn put_value(&self, column: usize, value: &[u8], cells: &mut Cells) -> Result<(), String> {
        let value = value.trim_ascii();
        let role = self.columns.roles[column];
        let in_column = |message: String| format!("'{}': {message}", shown(&self.columns.names[column], NAME));
        let text = || std::str::from_utf8(value).map_err(|_| in_column("this is no UTF-8".to_owned()));
        let other = |text: &str| in_column(format!("expected {}, found '{}'", role.expected(), shown(text, NAME)));
        match role {
            _ if is_missing(value) => cells.null(),
            Role::Number => cells.number(float(value).map_err(in_column)?),
            Role::Key => cells.key(text()?),
            Role::Time => {
                let time = match is_number(value) {
                    true => from_number(value, self.columns.unit).map(|time| (time, true)),
                    false => from_text(text()?),
                };
                cells.time(time.map_err(in_column)?);
            }
            Role::Boolean => match boolean(value) {
                Some(value) => cells.boolean(value),
                None => return Err(other(text()?)),
            },
            Role::Date => match text().map(date)? {
                Some(days) => cells.date(days),
                None => return Err(other(text()?)),
            },
            Role::Other => cells.other(),
        }
        Ok(())
    }
}

/// Whether a time is written as a number.
fn is_number(value: &[u8]) -> bool {
    let may_be = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E');
    value.iter().all(may_be) && fast_float2::parse::<f64, _>(value).is_ok()
}
