//! Values between commas (RFC 4180): the first line names the columns, and a value in double quotes may hold commas and line ends.
//!
//! A value of a column of numbers is the nearest float, or missing if it is empty, `NA`, `N/A` or `null`. What stands between the values is
//! found in the first line, unless it was said. Text is cut where lines end and a line has as many quotes before it as make pairs.

use csv::{ByteRecord, ReaderBuilder};
use memchr::{memchr, memchr_iter, memchr2};

use super::cells::{Cells, Columns, Role};
use super::lines::{Dialect, Wrong};
use super::times::{from_number, from_text};
use super::wanted::Wanted;
use crate::error::Error;
use crate::escape::{NAME, shown};

/// Lines that are looked at for which columns are numbers.
const LOOK: usize = 1000;

/// What may stand between values.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

#[derive(Clone)]
pub(super) struct Csv {
    columns: Columns,
    /// Where each of them stands in a line.
    places: Vec<usize>,
    width: usize,
    delimiter: u8,
}

fn reader(text: &[u8], delimiter: u8) -> csv::Reader<&[u8]> {
    // Lines of other lengths are told here, with their number.
    ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text)
}

fn is_missing(value: &[u8]) -> bool {
    matches!(value, b"" | b"NA" | b"N/A" | b"null" | b"NULL")
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
        let end = match end_of_line(&text[bom..], 0, false) {
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
        let mut names = ByteRecord::new();
        reader(head, delimiter).read_byte_record(&mut names).map_err(|error| at_start(error.to_string()))?;
        let names: Vec<String> = names.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
        let mut is_number = vec![(false, true); names.len()];
        if wanted.columns.is_none() {
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
                for (value, (any, all)) in record.iter().zip(&mut is_number) {
                    let value = value.trim_ascii();
                    let is_there = !is_missing(value);
                    *any |= is_there;
                    *all &= !is_there || float(value).is_ok();
                }
            }
            if !is_all && whole == 0 {
                return Ok(None);
            }
        }
        let of_numbers = || {
            Ok(names
                .iter()
                .zip(&is_number)
                .filter(|(_, is)| **is == (true, true))
                .map(|(name, _)| name.clone())
                .collect())
        };
        let columns = Columns::new(wanted, of_numbers).map_err(|error| at_start(error.to_string()))?;
        let places = columns.names.iter().map(|name| {
            names.iter().position(|known| known == name).ok_or_else(|| {
                at_start(Error::NoSuchColumn { name: name.clone(), available: names.clone() }.to_string())
            })
        });
        let places = places.collect::<Result<_, _>>()?;
        Ok(Some((Self { columns, places, width: names.len(), delimiter }, end)))
    }

    fn columns(&self) -> &Columns {
        &self.columns
    }

    fn cuts(&self, text: &[u8], size: usize) -> Vec<usize> {
        let (mut cuts, mut at) = (vec![0], 0);
        loop {
            let from = (at + size).min(text.len());
            let quotes = memchr_iter(b'"', &text[at..from]).count();
            let Some(end) = end_of_line(text, from, quotes % 2 == 1) else { break };
            cuts.push(end);
            at = end;
        }
        // The end of the last line that is whole.
        let mut last = at;
        while let Some(end) = end_of_line(text, last, false) {
            last = end;
        }
        if last > at {
            cuts.push(last);
        }
        cuts
    }

    fn read(&mut self, text: &[u8], cells: &mut [Cells], wrong: &mut Vec<Wrong>) -> usize {
        match memchr(b'"', text) {
            Some(_) => self.read_quoted(text, cells, wrong),
            None => self.read_plain(text, cells, wrong),
        }
    }
}

/// The end of the line that goes on at `from`, within quotes or not.
fn end_of_line(text: &[u8], from: usize, mut is_quoted: bool) -> Option<usize> {
    let mut at = from;
    loop {
        at += match is_quoted {
            true => memchr(b'"', &text[at..])? + 1,
            false => memchr2(b'"', b'\n', &text[at..])? + 1,
        };
        match text[at - 1] {
            b'\n' => return Some(at),
            _ => is_quoted = !is_quoted,
        }
    }
}

impl Csv {
    /// Reads lines in which values may be quoted.
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
            match self.put(record.len(), |place| record.get(place).unwrap_or_default(), cells) {
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

    /// Reads lines without any quote: what is between two delimiters is a value.
    fn read_plain(&self, text: &[u8], cells: &mut [Cells], wrong: &mut Vec<Wrong>) -> usize {
        let (mut rows, mut start, mut index) = (0, 0, 0);
        let mut ends = Vec::with_capacity(self.width);
        while start < text.len() {
            let end = memchr(b'\n', &text[start..]).map_or(text.len(), |length| start + length);
            let line = text[start..end].strip_suffix(b"\r").unwrap_or(&text[start..end]);
            if !line.is_empty() {
                ends.clear();
                ends.extend(memchr_iter(self.delimiter, line));
                ends.push(line.len());
                let value = |place: usize| {
                    let from = place.checked_sub(1).map_or(0, |before| ends[before] + 1);
                    &line[from..ends[place]]
                };
                match self.put(ends.len(), value, cells) {
                    Ok(()) => rows += 1,
                    Err(message) => {
                        cells.iter_mut().for_each(|cells| cells.truncate(rows));
                        wrong.push(Wrong { line: index, byte: start, message });
                    }
                }
            }
            (start, index) = (end + 1, index + 1);
        }
        rows
    }

    /// Adds a line that has `found` values to the cells: `value` gives the one at a place.
    fn put<'a>(&self, found: usize, value: impl Fn(usize) -> &'a [u8], cells: &mut [Cells]) -> Result<(), String> {
        let width = self.width;
        if found != width {
            let plural = if found == 1 { "" } else { "s" };
            return Err(format!("{found} value{plural}, and the first line names {width} columns"));
        }
        for (column, (place, cells)) in self.places.iter().zip(cells).enumerate() {
            let value = value(*place).trim_ascii();
            let in_column = |message: String| format!("'{}': {message}", shown(&self.columns.names[column], NAME));
            match self.columns.roles[column] {
                _ if is_missing(value) => cells.null(),
                Role::Number => cells.number(float(value).map_err(in_column)?),
                Role::Key => {
                    cells.key(std::str::from_utf8(value).map_err(|_| in_column("this is no UTF-8".to_owned()))?);
                }
                Role::Time => {
                    let is_number = value
                        .iter()
                        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E'));
                    let is_number = is_number && fast_float2::parse::<f64, _>(value).is_ok();
                    let time = match is_number {
                        true => from_number(value, self.columns.unit).map(|time| (time, true)),
                        false => {
                            std::str::from_utf8(value).map_err(|_| "this is no UTF-8".to_owned()).and_then(from_text)
                        }
                    };
                    cells.time(time.map_err(in_column)?);
                }
            }
        }
        Ok(())
    }
}
