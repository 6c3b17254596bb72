//! The series at a JSON Pointer: an array of numbers, an object of such arrays, or an array of objects.

use std::collections::HashMap;

use super::limits::Limits;
use super::numbers::Numbers;
use super::reader::{JsonType, Reader};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::series::table::LeftOut;
use crate::series::{Chunk, Series};

/// The numbers of the array at a JSON Pointer.
///
/// # Errors
///
/// [`Error::Json`] with path and byte for a body that is no JSON, exceeds the limits, or has something else
/// there. [`Error::Interrupted`].
///
/// ```
/// use rstats::{Interrupt, json::Limits};
///
/// let body = br#"{"values": [1, 2.5, 4]}"#;
/// let series = rstats::json::numbers(body, "/values", Limits::default(), &Interrupt::default())?;
/// assert_eq!(series.rows(), 3);
/// # Ok::<(), rstats::Error>(())
/// ```
pub fn numbers(body: &[u8], pointer: &str, limits: Limits, interrupt: &Interrupt) -> Result<Series> {
    let mut reader = Reader::new(body, limits, interrupt)?;
    reader.at_pointer(pointer, &mut |reader: &mut Reader<'_>| array(reader, None, false))
}

/// The series at a JSON Pointer: of an array of numbers itself, of each array in an array, of each member of an object of arrays, of
/// each name in an array of records. There `null` is a null; a member that a record lacks is one too. A name whose values are
/// text, booleans, arrays or objects is left out, and told beside the series.
///
/// # Errors
///
/// As [`numbers`].
pub fn series(
    body: &[u8],
    pointer: &str,
    limits: Limits,
    interrupt: &Interrupt,
) -> Result<(Vec<Series>, Vec<LeftOut>)> {
    let mut reader = Reader::new(body, limits, interrupt)?;
    reader.at_pointer(pointer, &mut |reader: &mut Reader<'_>| match reader.kind()? {
        JsonType::Object => {
            let mut all = Named::new(limits);
            reader.members(|reader, name| {
                let one = reader.attempt(&mut |reader: &mut Reader<'_>| array(reader, Some(name), true))?;
                *all.index(reader, name)? = Some(one);
                Ok(())
            })?;
            let all = all.items.into_iter().flatten().collect::<Result<_>>()?;
            Ok((all, Vec::new()))
        }
        JsonType::Array => match reader.kind_of_first()? {
            Some(JsonType::Array) => {
                let mut all = Vec::new();
                reader.elements(|reader, _| {
                    check_count(reader, all.len(), limits)?;
                    all.push(array(reader, None, true)?);
                    Ok(())
                })?;
                Ok((all, Vec::new()))
            }
            Some(JsonType::Object) => records(reader, limits),
            _ => Ok((vec![array(reader, None, true)?], Vec::new())),
        },
        kind => Err(reader.wrong(&format!("expected an array or an object of numbers, found {}", kind.name()))),
    })
}

/// An error if one series more than `count` would exceed the limit.
fn check_count(reader: &Reader<'_>, count: usize, limits: Limits) -> Result<()> {
    if count < limits.series {
        return Ok(());
    }
    Err(reader.wrong(&format!(
        "at most {count} series are read, and this would be one more; a higher limit of series would do"
    )))
}

/// What stands under names, in the order in which they first came.
struct Named<T> {
    limits: Limits,
    names: HashMap<String, usize>,
    items: Vec<T>,
}

impl<T: Default> Named<T> {
    fn new(limits: Limits) -> Self {
        Self { limits, names: HashMap::new(), items: Vec::new() }
    }

    /// The place of what stands under a name; a new one is empty.
    fn find(&mut self, reader: &Reader<'_>, name: &str) -> Result<usize> {
        if let Some(&index) = self.names.get(name) {
            return Ok(index);
        }
        check_count(reader, self.items.len(), self.limits)?;
        self.names.insert(name.to_owned(), self.items.len());
        self.items.push(T::default());
        Ok(self.items.len() - 1)
    }

    fn index(&mut self, reader: &Reader<'_>, name: &str) -> Result<&mut T> {
        let index = self.find(reader, name)?;
        Ok(&mut self.items[index])
    }
}

/// An array of numbers as a series.
fn array(reader: &mut Reader<'_>, name: Option<&str>, nulls: bool) -> Result<Series> {
    match reader.kind()? {
        JsonType::Array => {}
        kind => return Err(reader.wrong(&format!("expected an array of numbers, found {}", kind.name()))),
    }
    let chunks = reader.numbers(nulls)?.into_iter().map(chunk);
    Series::new(name.map(str::to_owned), chunks.collect())
}

fn chunk(numbers: Numbers) -> Chunk {
    Chunk::Array(numbers.into_array())
}

/// A column of records.
#[derive(Default)]
struct Column {
    name: String,
    numbers: Numbers,
    /// What the first records had that are not null: numbers, or something else.
    kind: Option<JsonType>,
    /// What the records before this one had.
    before: Option<JsonType>,
    /// What is wrong with its value in this record, if it is the last one of its name there.
    wrong: Option<Error>,
}

impl Column {
    /// Its value in a record.
    fn read(&mut self, reader: &mut Reader<'_>, row: usize) -> Result<()> {
        self.numbers.skip_to(row);
        if self.numbers.len() > row {
            // A name that came before in this record.
            self.numbers.pop();
            self.kind = self.before;
        }
        (self.before, self.wrong) = (self.kind, None);
        let kind = reader.kind()?;
        match (self.kind, kind) {
            (_, JsonType::Null) => {}
            (None, kind) => self.kind = Some(kind),
            (Some(JsonType::Number), JsonType::Number) => {}
            (Some(JsonType::Number), kind) => {
                let message = format!("expected a number, as in the records before, found {}", kind.name());
                self.wrong = Some(reader.wrong(&message));
            }
            (Some(before), JsonType::Number) => {
                let message = format!("expected {}, as in a record before, found a number", before.name());
                self.wrong = Some(reader.wrong(&message));
            }
            _ => {}
        }
        let number = match kind {
            JsonType::Number | JsonType::Null => match reader.number_or_null(true) {
                Ok(number) => number,
                Err(message) => {
                    // It counts only if it is no number at all, or the last of its name.
                    self.wrong = Some(reader.wrong(&message));
                    reader.skip()?;
                    None
                }
            },
            _ => {
                reader.skip()?;
                None
            }
        };
        self.numbers.push(number);
        Ok(())
    }
}

/// An array of objects: a series for each name that numbers stand under, in the order in which they first came.
fn records(reader: &mut Reader<'_>, limits: Limits) -> Result<(Vec<Series>, Vec<LeftOut>)> {
    let mut columns: Named<Column> = Named::new(limits);
    let mut rows = 0;
    reader.elements(|reader, row| {
        match reader.kind()? {
            JsonType::Object => {}
            kind => return Err(reader.wrong(&format!("expected a record, found {}", kind.name()))),
        }
        rows = row + 1;
        let mut guess = 0;
        let mut wrong = Vec::new();
        reader.members(|reader, name| {
            // Records mostly have their members in one order.
            let index = match columns.items.get(guess) {
                Some(column) if column.name == name => guess,
                _ => columns.find(reader, name)?,
            };
            guess = index + 1;
            let column = &mut columns.items[index];
            if column.name.is_empty() {
                name.clone_into(&mut column.name);
            }
            column.read(reader, row)?;
            if column.wrong.is_some() {
                wrong.push(index);
            }
            Ok(())
        })?;
        // What was wrong, and is still there.
        match wrong.into_iter().find_map(|index| columns.items[index].wrong.take()) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    })?;
    let (mut series, mut left_out) = (Vec::new(), Vec::new());
    for mut column in columns.items {
        match column.kind {
            None | Some(JsonType::Number) => {
                column.numbers.skip_to(rows);
                series.push(Series::new(Some(column.name), vec![chunk(column.numbers)])?);
            }
            Some(kind) => {
                left_out.push(LeftOut { column: column.name, reason: format!("{}, not a number", kind.name()) })
            }
        }
    }
    Ok((series, left_out))
}
