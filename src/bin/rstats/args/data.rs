//! The data, and what all commands that read it have.

use std::ffi::OsString;

use clap::{Args, ValueEnum};
use rstats::parquet::{OnError, Predicate, Request, memory};

use crate::inputs::InputArgs;

/// Where the data is, which rows of it count, and how it is read.
#[derive(Args)]
pub struct Data {
    /// Parquet files, folders (every *.parquet below them), globs, s3:// gs:// az:// http(s):// URLs, @LIST (a file of paths),
    /// - (such a list from standard input)
    ///
    /// Also *.csv, *.tsv, *.ndjson, *.jsonl, *.arrow and *.feather files, and folders of them, also compressed by gzip or zstd (.gz, .zst).
    /// Without PATH, standard input: see --from
    #[arg(value_name = "PATH")]
    pub paths: Vec<OsString>,

    #[command(flatten)]
    pub input: InputArgs,

    /// Of Parquet, only rows for which this is true: comparisons, also of sums and products (a + 2 * b > 3), and/or/not, in (...), between,
    /// is [not] null, [i]like 'A%'; dates in quotes; a number beside a column of floats is read as such a float
    #[arg(long = "where", value_name = "PREDICATE")]
    predicate: Option<String>,

    /// The most memory that all of it may take, like 512MiB or 2GiB; of a stream, what its open windows take [default: half of the machine's,
    /// or of its control group's]
    #[arg(long, value_name = "SIZE")]
    memory_limit: Option<String>,

    /// What to do with a file or a line that cannot be read: fail, or leave it out (a file as a whole), report it, and end with status 3
    #[arg(long, value_enum, default_value = "fail")]
    on_error: OnErrorName,

    /// Threads; 0 for one a core
    #[arg(short = 'j', long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=1024))]
    pub threads: u16,

    /// Log to standard error what is done; -vv and -vvv log more
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

impl Data {
    /// What is asked of Parquet files, but for the columns.
    pub fn request(&self) -> rstats::Result<Request> {
        Ok(Request {
            predicate: self.predicate.as_deref().map(Predicate::parse).transpose()?,
            memory_limit: self.memory_limit()?,
            on_error: self.on_error.into(),
            ..Request::default()
        })
    }

    pub fn memory_limit(&self) -> rstats::Result<u64> {
        self.memory_limit.as_deref().map_or_else(|| Ok(Request::default().memory_limit), memory::parse_size)
    }

    /// Whether what is wrong is passed over.
    pub fn skips(&self) -> bool {
        self.on_error == OnErrorName::Skip
    }

    /// An option that was given and is for Parquet alone.
    pub fn option_of_parquet(&self) -> Option<&'static str> {
        self.predicate.as_ref().map(|_| "--where")
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OnErrorName {
    Fail,
    Skip,
}

impl From<OnErrorName> for OnError {
    fn from(name: OnErrorName) -> Self {
        match name {
            OnErrorName::Fail => Self::Fail,
            OnErrorName::Skip => Self::Skip,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProgressStyle {
    /// A bar that moves
    Bar,
    /// A line every few seconds
    Plain,
    /// Nothing
    None,
}
