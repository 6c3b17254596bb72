//! Where the data comes from: files of Parquet, and text or Arrow in files or on standard input.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io;

use arrow_schema::TimeUnit;
use clap::{Args, ValueEnum};
use rstats::source::{self, Input, Next, Source, Wanted};
use rstats::{Error, Kinds};
use tempfile::NamedTempFile;

use crate::args::Question;
use crate::run::{Failure, Session, tell};

/// How data is written that is no Parquet file.
#[derive(Args)]
pub struct InputArgs {
    /// The format of the data: that of files whose names do not tell, or, without PATH, of standard input
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub from: Option<From>,

    /// What stands between the values of csv: a character, or tab [default: what the first line shows]
    #[arg(long, value_name = "CHARACTER")]
    delimiter: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum From {
    /// An Arrow stream, or a Feather file
    Ipc,
    /// A JSON object a line
    Ndjson,
    /// Values between commas, the names of the columns in the first line
    Csv,
    /// Parquet
    Parquet,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Unit {
    S,
    Ms,
    Us,
    Ns,
}

impl Unit {
    pub fn time_unit(self) -> TimeUnit {
        match self {
            Self::S => TimeUnit::Second,
            Self::Ms => TimeUnit::Millisecond,
            Self::Us => TimeUnit::Microsecond,
            Self::Ns => TimeUnit::Nanosecond,
        }
    }
}

impl InputArgs {
    fn format(&self) -> Option<source::Format> {
        match self.from? {
            From::Ipc => Some(source::Format::Ipc),
            From::Ndjson => Some(source::Format::Ndjson),
            From::Csv => Some(source::Format::Csv),
            From::Parquet => None,
        }
    }

    /// What is wanted of text.
    pub fn wanted(
        &self,
        on: Option<(&str, Option<Unit>)>,
        question: &Question,
        kinds: Kinds,
        skips: bool,
    ) -> Result<Wanted, Failure> {
        Ok(Wanted {
            time: on.map(|(name, _)| name.to_owned()),
            keys: question.by(),
            kinds,
            unit: on.and_then(|(_, unit)| unit).map(Unit::time_unit),
            ..self.wanted_columns(question.named(), skips)?
        })
    }

    /// Columns of numbers alone: these, or all.
    pub fn wanted_columns(&self, columns: Option<Vec<String>>, skips: bool) -> Result<Wanted, Failure> {
        let delimiter = match self.delimiter.as_deref() {
            None => None,
            Some("tab" | "\\t" | "\t") => Some(b'\t'),
            Some(text) if text.len() == 1 => Some(text.as_bytes()[0]),
            Some(text) => {
                let message = format!("--delimiter is one character of ASCII, or tab, not '{text}'");
                return Err(Failure::Usage(Error::Invalid(message)));
            }
        };
        Ok(Wanted { time: None, keys: Vec::new(), columns, kinds: Kinds::Numbers, unit: None, delimiter, skips })
    }
}

/// What the paths stand for.
pub enum Inputs {
    /// What Parquet is found by; and the file that standard input was written to, which is gone with it.
    Parquet(Vec<OsString>, Option<NamedTempFile>),
    Sources(Vec<Input>),
}

pub fn of(paths: &[OsString], args: &InputArgs) -> Result<Inputs, Failure> {
    match (paths.is_empty(), args.from, args.format()) {
        (true, _, Some(format)) => Ok(Inputs::Sources(vec![Input::stdin(format)])),
        (true, Some(From::Parquet), _) => {
            // The end of a Parquet file says what is in it.
            let failed = |error: io::Error| Failure::Other(format!("standard input cannot be kept in a file: {error}"));
            let mut spool = tempfile::Builder::new().suffix(".parquet").tempfile().map_err(failed)?;
            io::copy(&mut io::stdin(), spool.as_file_mut()).map_err(failed)?;
            Ok(Inputs::Parquet(vec![spool.path().into()], Some(spool)))
        }
        (true, ..) => Err(Failure::Usage(Error::Invalid(
            "name files or folders, or say with --from what standard input holds: ipc, ndjson, csv or parquet"
                .to_owned(),
        ))),
        (false, Some(From::Parquet), _) => Ok(Inputs::Parquet(paths.to_vec(), None)),
        (false, _, format) => match source::inputs(paths, format, &mut |note| tell(&note))
            .map_err(|error| Failure::Other(error.to_string()))?
        {
            Some(sources) => Ok(Inputs::Sources(sources)),
            None => Ok(Inputs::Parquet(paths.to_vec(), None)),
        },
    }
}

/// That an option was given which is for Parquet alone.
pub fn refuse_option(option: Option<&str>, sources: &[Input]) -> Result<(), Failure> {
    let Some(option) = option else { return Ok(()) };
    let message = format!("{option} is for Parquet, and {} is not", sources[0].name());
    Err(Failure::Usage(Error::Invalid(message)))
}

/// What would be read of text or Arrow: of each input the columns that a look at its beginning finds.
pub fn explain(sources: &[Input], wanted: &Wanted, session: &Session) -> Result<String, Failure> {
    let mut text = String::new();
    for input in sources {
        let open = || -> rstats::Result<_> {
            let mut source = Source::new(input.format, input.open()?, &input.name(), wanted)?;
            loop {
                match source.next(None, &session.interrupt)? {
                    Next::Batches(batches) if batches.is_empty() => {}
                    Next::Batches(batches) => return Ok(Some(batches[0].schema())),
                    Next::Idle => {}
                    Next::End => return Ok(None),
                }
            }
        };
        let schema = open().map_err(|error| session.failed(error))?;
        let _ = writeln!(text, "{}: {:?}, read from front to back", input.name(), input.format);
        for field in schema.iter().flat_map(|schema| schema.fields()) {
            let _ = writeln!(text, "  {}: {}", field.name(), field.data_type());
        }
    }
    Ok(text)
}
