//! Everything that comes from some inputs, described at once.

use std::collections::HashSet;

use arrow_array::RecordBatch;
use arrow_schema::Schema;

use super::files::Input;
use super::kept::Kept;
use super::reading::Source;
use super::wanted::{Format, Next, Wanted};
use crate::accumulator::Accumulator;
use crate::describe::check_names;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::series::Series;
use crate::series::table::{Columns, LeftOut};
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
    /// A row a series.
    pub series: Summaries,
    /// The rows that were read.
    pub rows: u64,
    /// Columns that were not described, though nobody chose among them.
    pub left_out: Vec<LeftOut>,
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
    mut take: impl FnMut(Vec<RecordBatch>) -> Result<()>,
) -> Result<Vec<(String, u64, String)>> {
    let mut skipped = Vec::new();
    for input in inputs {
        let mut source = Source::new(input.format, input.open()?, &input.name(), wanted)?;
        loop {
            match source.next(None, interrupt)? {
                Next::Batches(batches) => take(batches)?,
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
/// Those of the inputs; [`Error::NoSuchColumn`], [`Error::NotNumeric`] and [`Error::NoKey`] for columns that are not what they should be;
/// [`Error::MemoryLimit`] for more values than there is room for; [`Error::Nan`] and [`Error::Nulls`] as the spec has it.
pub fn describe(inputs: &[Input], question: &Question, interrupt: &Interrupt) -> Result<Described> {
    let Question { spec, columns, wanted, memory_limit } = question;
    check_names(wanted.keys.iter().map(String::as_str), spec)?;
    let mut left_out = LeftOutColumns::default();
    let is_choice = wanted.columns.is_none() && inputs.iter().any(|input| input.format == Format::Ipc);
    let mut rows = 0;
    if wanted.keys.is_empty() {
        let mut accumulator = Accumulator::new(spec).with_memory_limit(*memory_limit);
        let skipped = read_all(inputs, wanted, interrupt, |batches| {
            rows += batches.iter().map(|batch| batch.num_rows() as u64).sum::<u64>();
            if let Some(first) = batches.first().filter(|_| is_choice) {
                left_out.see(&first.schema());
            }
            accumulator.update(&Series::from_batches(&batches, columns)?, interrupt)
        })?;
        let summaries = accumulator.summaries()?;
        if summaries.is_empty() {
            return Err(Error::Invalid("there is no column of numbers; name one that is to be described".to_owned()));
        }
        return Ok(Described { series: Summaries::new(spec, summaries), rows, left_out: left_out.found, skipped });
    }
    let mut kept = Kept::default();
    let skipped = read_all(inputs, wanted, interrupt, |batches| {
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
    let series = kept.describe(spec, interrupt)?;
    Ok(Described { series, rows, left_out: Vec::new(), skipped })
}

/// The columns of Arrow data that hold no numbers.
#[derive(Default)]
struct LeftOutColumns {
    seen: HashSet<String>,
    found: Vec<LeftOut>,
}

impl LeftOutColumns {
    fn see(&mut self, schema: &Schema) {
        for field in schema.fields() {
            if self.seen.insert(field.name().clone())
                && let Some(reason) = LeftOut::why(field)
            {
                self.found.push(LeftOut { column: field.name().clone(), reason });
            }
        }
    }
}
