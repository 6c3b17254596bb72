//! Everything that comes from some inputs, described at once.

use std::collections::HashMap;

use arrow_array::RecordBatch;

use super::by_kind::ByKind;
use super::files::Input;
use super::kept::Kept;
use super::reading::Source;
use super::wanted::{Next, Wanted};
use crate::accumulator::Accumulator;
use crate::describe::{Part, check_names};
use crate::error::{Error, Result};
use crate::escape::{NAME, shown};
use crate::interrupt::Interrupt;
use crate::series::table::Columns;
use crate::spec::Spec;
use crate::summary::Summaries;

/// What is asked of all rows.
#[derive(Clone, Debug)]
pub struct Question {
    /// What is asked of each series.
    pub spec: Spec,
    /// The columns of data that says what they are: of Arrow.
    pub columns: Columns,
    /// The columns of text: see [`Wanted`].
    pub wanted: Wanted,
    /// The most bytes that kept values may take.
    pub memory_limit: u64,
}

/// The answer.
#[derive(Debug)]
pub struct Described {
    /// The answers for the columns of numbers, a row a series.
    pub series: Summaries,
    /// Those for the columns of other kinds, a part for each kind.
    pub parts: Vec<Part>,
    /// The rows that were read.
    pub rows: u64,
    /// Inputs of which lines were passed over: the name, how many, and what is wrong with the first.
    pub skipped: Vec<(String, u64, String)>,
}

/// Reads inputs one after the other, and hands their batches on: those of one call come from one input, and have one schema.
///
/// # Errors
///
/// Those of the inputs, and of `take`.
pub fn read_all(
    inputs: &[Input],
    wanted: &Wanted,
    interrupt: &Interrupt,
    mut take: impl FnMut(&Input, Vec<RecordBatch>) -> Result<()>,
) -> Result<Vec<(String, u64, String)>> {
    let mut skipped = Vec::new();
    for input in inputs {
        let mut source = Source::new(input.format, input.open()?, &input.name(), wanted)?;
        loop {
            match source.next(None, interrupt)? {
                Next::Batches(batches) => take(input, batches)?,
                Next::Idle => {}
                Next::End => break,
            }
        }
        if let (lines @ 1.., first) = source.skipped() {
            skipped.push((input.name(), lines, first.unwrap_or_default().to_owned()));
        }
    }
    Ok(skipped)
}

/// Describes all rows of some inputs: columns of one name are one series.
///
/// # Errors
///
/// Those of the inputs; [`Error::NoSuchColumn`] and [`Error::NoKey`] for columns that are not what they should be; [`Error::Data`] for a
/// column of another kind than in the data before; [`Error::MemoryLimit`] for more values than there is room for; [`Error::Nan`] and
/// [`Error::Nulls`] as the spec has it.
pub fn describe(inputs: &[Input], question: &Question, interrupt: &Interrupt) -> Result<Described> {
    let Question { spec, columns, wanted, memory_limit } = question;
    check_names(wanted.keys.iter().map(String::as_str), spec)?;
    let mut rows = 0;
    if wanted.keys.is_empty() {
        let mut whole = Accumulator::new(spec).with_memory_limit(*memory_limit);
        // A column of numbers is one everywhere.
        let mut known: HashMap<String, (bool, String)> = HashMap::new();
        let skipped = read_all(inputs, wanted, interrupt, |input, batches| {
            let Some(first) = batches.first() else { return Ok(()) };
            rows += batches.iter().map(|batch| batch.num_rows() as u64).sum::<u64>();
            let of_kinds = ByKind::new(&first.schema(), columns, &[])?;
            for (name, is_number) in of_kinds.names(&first.schema()) {
                let (was_number, before) = known.entry(name.clone()).or_insert_with(|| (is_number, input.name()));
                if *was_number != is_number {
                    let [now, then] = [is_number, *was_number].map(|is| if is { "numbers" } else { "no numbers" });
                    let (name, input) = (shown(&name, NAME).into_owned(), input.name());
                    return Err(Error::Data(format!(
                        "{input}: column '{name}' holds {now}, and {then} in {before}; name other columns, or read the files apart"
                    )));
                }
            }
            let (numbers, others) = (of_kinds.numbers(&batches)?, of_kinds.others(&batches));
            whole.update_all(&numbers, &others, interrupt).map_err(|error| match error {
                Error::Data(message) => Error::Data(format!("{}: {message}", input.name())),
                error => error,
            })
        })?;
        let (summaries, parts) = (whole.summaries()?, whole.parts()?);
        if summaries.is_empty() && parts.is_empty() {
            return Err(Error::Invalid("there is no column to be described".to_owned()));
        }
        return Ok(Described { series: Summaries::new(spec, summaries), parts, rows, skipped });
    }
    let mut kept = Kept::default();
    let skipped = read_all(inputs, wanted, interrupt, |_, batches| {
        rows += batches.iter().map(|batch| batch.num_rows() as u64).sum::<u64>();
        kept.add(&batches, columns, &wanted.keys)?;
        match kept.bytes() > *memory_limit {
            true => {
                let what = format!("keeping the values and keys of {rows} rows");
                Err(Error::MemoryLimit { what, needed: kept.bytes(), limit: *memory_limit })
            }
            false => Ok(()),
        }
    })?;
    let (series, parts) = kept.describe(spec, interrupt)?;
    Ok(Described { series, parts, rows, skipped })
}
