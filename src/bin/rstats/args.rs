//! What can be typed, and what it means.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use rstats::parquet::{OnError, Predicate, Request, memory};
use rstats::{
    Bias, BinCount, Coefficient, Columns, Kinds, Late, Method, NanPolicy, NullPolicy, PairNulls, PairSpec, SeriesKind,
    Spec, Statistic, Windowing,
};

use crate::inputs::{InputArgs, Unit};

/// Exact statistics of files and streams: correctly rounded, and the same bits on every machine.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Describe columns of Parquet, CSV, NDJSON and Arrow: counts, extrema, mean, deviation, quantiles
    Describe(Describe),
    /// Describe windows of time, over files or over a stream on standard input
    Windows(Windows),
    /// Correlate columns of Parquet, CSV, NDJSON and Arrow: Pearson, Spearman, Kendall or covariance of every pair
    Correlate(Correlate),
    /// Print completions for a shell: rstats completions bash > ~/.local/share/bash-completion/completions/rstats
    Completions(Completions),
    /// Print a man page: rstats man describe | man -l -
    Man(Man),
}

#[derive(Args)]
pub struct Completions {
    /// The shell that they are for
    pub shell: clap_complete::Shell,
}

#[derive(Args)]
pub struct Man {
    /// The command that the page is of [default: rstats itself]
    pub command: Option<String>,
}

const CORRELATE_EXAMPLES: &str = "\
Examples:
  rstats correlate prices.parquet                      Pearson's r of every pair of columns, as a table
  rstats correlate prices.parquet -c open,close -m spearman
  rstats correlate lake/ --where \"day >= '2026-11-01'\" --nulls complete -o matrix.csv
  rstats correlate readings.csv -m covariance --ddof 0 -f json

Each value is one rounding of the exact one, and the same on every machine. Of each pair the rows count in which both columns
have a value (--nulls pairwise). Pearson and covariance are made in one pass, whatever the size; Spearman and Kendall
keep all values in memory.

Exit status: 0 done; 1 failed; 2 wrong arguments; 3 done, but files were left out (--on-error skip); 130 and 143 stopped by a signal.";

#[derive(Args)]
#[command(after_help = CORRELATE_EXAMPLES)]
pub struct Correlate {
    /// Parquet, CSV, NDJSON and Arrow files, and folders of them, as for describe; without PATH, standard input: see --from
    #[arg(value_name = "PATH")]
    pub paths: Vec<OsString>,

    #[command(flatten)]
    pub input: InputArgs,

    /// Columns to correlate, by name or by * ? [ab] for several [default: all of numbers]
    #[arg(short, long, value_name = "A,B", value_parser = Names::parse)]
    columns: Option<Names>,

    /// The coefficient: pearson, spearman, kendall (τ-b) or covariance
    #[arg(short, long, default_value = "pearson", value_parser = str::parse::<Coefficient>)]
    method: Coefficient,

    /// Which rows count: of each pair those in which both have a value, or those in which all columns have one
    #[arg(long, default_value = "pairwise", value_parser = PossibleValuesParser::new(PairNulls::ALL.map(|(_, name)| name)))]
    nulls: String,

    /// What a NaN does: make the coefficients of its column NaN, or be left out as a null is
    #[arg(long, default_value = "propagate", value_parser = PossibleValuesParser::new(["propagate", "omit"]))]
    nan: String,

    /// Divide a covariance by n - DDOF: 1 for a sample, 0 for a population
    #[arg(long, default_value_t = 1, allow_negative_numbers = true)]
    ddof: u64,

    /// Of Parquet, only rows for which this is true; see describe --help
    #[arg(long = "where", value_name = "PREDICATE")]
    predicate: Option<String>,

    /// Output format: json, ndjson (a pair a line), csv, md or table [default: by FILE's extension; without FILE, a table on a terminal
    /// and json elsewhere]
    #[arg(short, long, value_enum)]
    format: Option<Format>,

    /// Write to FILE, whole or not at all [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// The most memory that all of it may take, like 512MiB or 2GiB [default: half of the machine's, or of its control group's]
    #[arg(long, value_name = "SIZE")]
    memory_limit: Option<String>,

    /// What to do with a file or a line that cannot be read: fail, or leave it out, tell which, and end with status 3
    #[arg(long, value_enum, default_value = "fail")]
    on_error: OnErrorName,

    /// Threads; 0 for one a core
    #[arg(short = 'j', long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=1024))]
    pub threads: u16,

    /// Log to standard error what is done; -vv and -vvv tell more
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

impl Correlate {
    pub fn spec(&self) -> rstats::Result<PairSpec> {
        let invalid = rstats::Error::Invalid;
        let nulls = self.nulls.parse().map_err(invalid)?;
        let nan = self.nan.parse().map_err(invalid)?;
        Ok(PairSpec { coefficient: self.method, nulls, nan, ddof: self.ddof })
    }

    /// The names of the columns, if any were named.
    pub fn columns(&self) -> Option<Vec<String>> {
        self.columns.as_ref().map(|names| names.0.clone())
    }

    /// The columns of what was read of text.
    pub fn columns_of_batches(&self) -> Columns {
        self.columns().map_or(Columns::Numeric, Columns::Named)
    }

    /// What is asked of Parquet files.
    pub fn request(&self) -> rstats::Result<Request> {
        Ok(Request {
            columns: self.columns_of_batches(),
            kinds: Kinds::Numbers,
            predicate: self.predicate.as_deref().map(Predicate::parse).transpose()?,
            memory_limit: memory_limit(self.memory_limit.as_deref())?,
            on_error: self.on_error.into(),
            ..Request::default()
        })
    }

    /// An option that was given and is for Parquet alone.
    pub fn option_of_parquet(&self) -> Option<&'static str> {
        self.predicate.as_ref().map(|_| "--where")
    }

    pub fn skips(&self) -> bool {
        self.on_error == OnErrorName::Skip
    }

    /// The format of the output, which a person sees or not.
    pub fn format(&self, seen: Seen) -> rstats::Result<Format> {
        let usual = if seen == Seen::Terminal && self.output.is_none() { Format::Table } else { Format::Json };
        let format = chosen(self.format, self.output.as_deref(), usual, seen)?;
        match format.binary_name() {
            None => Ok(format),
            Some(name) => Err(rstats::Error::Invalid(format!(
                "correlations are not written as {name}; -f json, ndjson, csv, md or table"
            ))),
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  rstats describe weather.parquet                      every column by its kind, as tables
  rstats describe 2025/ 2026/ -c temp,wind             two columns of all *.parquet below two folders
  rstats describe temps.parquet -q 0.5,0.99 -f json    median and 99th percentile, as JSON
  rstats describe temps.parquet -a q1,median,q3 -m exclusive      quartiles as Python's statistics.quantiles
  rstats describe temps.parquet -a mean,mean_ci        mean with its 95 % confidence interval alone
  rstats describe 'lake/day=*/' -g sensor -o out.json  a group for each sensor, all days together
  rstats describe lake/ --where \"day >= '2026-11-01' and temp is not null\"
  rstats describe s3://bucket/lake/ --memory-limit 2GiB --on-error skip --checkpoint state/ -o out.parquet
  rstats describe temps.parquet -o summary.parquet     a Parquet file of the numbers, a row a series
  rstats describe temps.parquet --kind time -o t.csv   the columns of times alone, as CSV
  rstats describe windows.parquet -c samples -g id     each list of the column samples by itself, with its id
  psql -c 'copy prices to stdout csv header' | rstats describe --from csv -c price

Columns of one name in several files are one series, in whatever order the files have them; a file without the column
adds nothing to it (with --by, its rows count as null). Numeric types mix exactly. Names of folders like day=2026-11-01
are columns for --by and --where, where the file has no such column itself. A field of a struct is a column a.b. Lists
have a row each where their column is named (-c a), or one of all their values (-c a.list.element). Sum, mean, variance
and stddev are correctly rounded; quantiles are exact, whatever the size and the limit.

Buckets: credentials and settings come from the environment (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, GOOGLE_SERVICE_ACCOUNT,
AZURE_STORAGE_ACCOUNT_NAME, ...). What does not fit in memory goes to files without names in TMPDIR.

Exit status: 0 done; 1 failed; 2 wrong arguments; 3 done, but files were left out (--on-error skip); 130 and 143 stopped by a signal.";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Describe {
    /// Parquet files, folders (every *.parquet below them), globs, s3:// gs:// az:// http(s):// URLs, @LIST (a file of paths),
    /// - (such a list from standard input)
    ///
    /// Also *.csv, *.tsv, *.ndjson, *.jsonl (and each with .gz), *.arrow and *.feather files, and folders of them. Without PATH, standard
    /// input: see --from
    #[arg(value_name = "PATH")]
    pub paths: Vec<OsString>,

    #[command(flatten)]
    pub input: InputArgs,

    #[command(flatten)]
    pub question: Question,

    /// Only rows for which this is true: comparisons, and/or/not, in (...), between, is [not] null, [i]like 'A%'; dates in quotes;
    /// a number beside a column of floats is read as such a float
    #[arg(long = "where", value_name = "PREDICATE")]
    predicate: Option<String>,

    /// Output format [default: by FILE's extension; without FILE, a table on a terminal and json elsewhere]
    #[arg(short, long, value_enum)]
    pub format: Option<Format>,

    /// Write columns of one kind alone: number, boolean, time, text or other. CSV, Parquet and Arrow hold one table, of numbers where
    /// this does not say another kind
    #[arg(long, value_name = "KIND", value_parser = parse_kind)]
    pub kind: Option<SeriesKind>,

    /// Write to FILE, whole or not at all: .json, .ndjson or .jsonl, .csv, .md, .parquet, .arrow, .feather or .ipc, .txt for a table;
    /// without extension as .json [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// The most memory that all of it may take, like 512MiB or 2GiB [default: half of the machine's, or of its control group's]
    #[arg(long, value_name = "SIZE")]
    memory_limit: Option<String>,

    /// What to do with a file that cannot be read: fail, or leave it out whole, name it in the output, and end with status 3
    #[arg(long, value_enum, default_value = "fail")]
    on_error: OnErrorName,

    /// Keep what was learned of each file in DIR, and read only what is new when the same is asked again; with --by, the rows of
    /// the wanted columns
    #[arg(long, value_name = "DIR")]
    checkpoint: Option<PathBuf>,

    /// Tell what would be read (files, row groups, bytes, passes, memory), without reading data
    #[arg(long)]
    pub explain: bool,

    /// Threads; 0 for one a core
    #[arg(short = 'j', long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=1024))]
    pub threads: u16,

    /// How to show progress on standard error [default: a bar on a terminal, nothing elsewhere]
    #[arg(long, value_enum, value_name = "HOW", conflicts_with = "no_progress")]
    pub progress: Option<ProgressStyle>,

    /// Show no progress, also on a terminal
    #[arg(long)]
    pub no_progress: bool,

    /// Log to standard error what is done; -vv and -vvv tell more
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

const WINDOWS_EXAMPLES: &str = "\
Examples:
  rstats windows readings.csv --on ts --size 5min                       all numeric columns, five minutes at a time
  rstats windows lake/ --on ts --size 1h --slide 5min -g sensor -o windows.parquet
  tail -F app.ndjson | rstats windows --from ndjson --on time --size 1min -c latency -q 0.5,0.99
  kcat -C -t sensors -u | rstats windows --from ndjson --on ts --size 5min -g sensor -c temp --max-delay 10s --state s.state
  rstats windows clicks.ndjson --on ts --gap 30min -g user -c price     sessions: rows less than 30 minutes apart

A window holds the rows from its start on, and before its end; windows of a size begin at whole multiples of it since 1970, in UTC. Of files, all
rows are read first, in any order. Of a stream, a window closes once the latest time so far, minus --max-delay, has reached its end; a
row that comes after that is late: it is counted, told at the end, and written to --late-output. Which rows are late does not depend on how the
stream is cut. Each window has the bits of rstats describe over its rows.

A stream ends with its input, with Ctrl-C or SIGTERM, or when nobody reads the output. Then all windows close; but with --state what is open is kept
in FILE, and the next run goes on from there: give it what comes after the rows that were read, whose number is told when it starts.

Exit status: 0 done; 1 failed; 2 wrong arguments; 3 done, but lines were passed over (--on-error skip); 130 and 143 stopped by a signal.";

#[derive(Args)]
#[command(after_help = WINDOWS_EXAMPLES)]
pub struct Windows {
    /// Parquet, CSV, NDJSON and Arrow files, and folders of them; without PATH, standard input: see --from
    #[arg(value_name = "PATH")]
    pub paths: Vec<OsString>,

    #[command(flatten)]
    pub input: InputArgs,

    /// The column of times: timestamps or dates, or, in text, ISO 8601 (2026-01-31T12:00:00Z) or numbers (--time-unit)
    #[arg(long, value_name = "COLUMN")]
    pub on: String,

    /// What times count that are numbers in text, since 1970
    #[arg(long, value_enum, value_name = "UNIT")]
    pub time_unit: Option<Unit>,

    /// How long a window is, like 30s, 5min, 1h, 1d
    #[arg(long, value_name = "SPAN", required_unless_present = "gap", value_parser = parse_span)]
    size: Option<u64>,

    /// A window begins each SPAN, so that windows overlap [default: where the one before ends]
    #[arg(long, value_name = "SPAN", requires = "size", value_parser = parse_span)]
    slide: Option<u64>,

    /// Sessions: rows of one key belong together if each comes less than SPAN after the one before
    #[arg(long, value_name = "SPAN", conflicts_with_all = ["size", "slide", "offset"], value_parser = parse_span)]
    gap: Option<u64>,

    /// Windows begin SPAN after whole multiples of their slide: 2h for days that begin at 2
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    offset: Option<u64>,

    #[command(flatten)]
    pub question: Question,

    /// Of Parquet, describe only the rows that this keeps: 'price >= 10 and city = "Rome"'; see describe --help
    #[arg(long = "where", value_name = "PREDICATE")]
    predicate: Option<String>,

    /// By how much a row may be behind the latest one without being late [default: 0 for a stream; files are read whole]
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    max_delay: Option<u64>,

    /// A row that is further ahead of the clock is counted where it belongs, but closes no window
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    max_ahead: Option<u64>,

    /// Append late rows to FILE, as NDJSON
    #[arg(long, value_name = "FILE")]
    pub late_output: Option<PathBuf>,

    /// When nothing has come for SPAN, close the windows until the latest time so far
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    idle_timeout: Option<u64>,

    /// Keep what is open in FILE, and go on from there
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,

    /// Output format [default: by FILE's extension; without FILE, a table on a terminal and ndjson elsewhere]
    #[arg(short, long, value_enum)]
    pub format: Option<Format>,

    /// Write to FILE: of files whole or not at all, of a stream as it comes, behind what is there (ndjson) [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// The most memory that open windows may take, or with Parquet all of it, like 512MiB or 2GiB; other rows wait in files without
    /// names in TMPDIR [default: half of the machine's, or of its control group's]
    #[arg(long, value_name = "SIZE")]
    memory_limit: Option<String>,

    /// What to do with a line or a Parquet file that cannot be read: fail, or pass it over, tell which, and end with status 3
    #[arg(long, value_enum, default_value = "fail")]
    on_error: OnErrorName,

    /// Threads; 0 for one a core
    #[arg(short = 'j', long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=1024))]
    pub threads: u16,

    /// Log to standard error what is done; -vv and -vvv tell more
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

fn memory_limit(text: Option<&str>) -> rstats::Result<u64> {
    text.map_or_else(|| Ok(Request::default().memory_limit), memory::parse_size)
}

fn parse_span(text: &str) -> Result<u64, String> {
    rstats::parse_span(text).map_err(|error| error.to_string())
}

impl Windows {
    /// What is asked, of a stream or of files that are read whole.
    pub fn windowing(&self, is_stream: bool) -> rstats::Result<Windowing> {
        let windowing = match (self.size, self.gap) {
            (Some(size), _) => Windowing::sliding(size, self.slide.unwrap_or(size))?,
            (None, gap) => Windowing::session(gap.unwrap_or_default())?,
        };
        let windowing = match self.offset {
            Some(offset) => windowing.with_offset(i64::try_from(offset).unwrap_or(i64::MAX))?,
            None => windowing,
        };
        let whole = if is_stream { 0 } else { i64::MAX as u64 };
        let windowing = windowing.with_max_delay(self.max_delay.unwrap_or(whole))?;
        let windowing = match self.max_ahead {
            Some(ahead) => windowing.with_max_ahead(ahead)?,
            None => windowing,
        };
        let windowing = match self.question.named() {
            Some(columns) => windowing.columns(columns),
            None => windowing,
        };
        let limit = memory_limit(self.memory_limit.as_deref())?;
        let late = if self.late_output.is_some() { Late::Keep } else { Late::Count };
        let windowing = windowing.on(&self.on).by(self.question.by()).describe(&self.question.spec()?);
        Ok(windowing.with_late(late).with_memory_limit(limit))
    }

    /// What is asked of Parquet files: their rows, with the time among the keys.
    pub fn request(&self) -> rstats::Result<Request> {
        let defaults = Request::default();
        Ok(Request {
            columns: self.question.columns(),
            kinds: Kinds::Numbers,
            by: [vec![self.on.clone()], self.question.by()].concat(),
            predicate: self.predicate.as_deref().map(Predicate::parse).transpose()?,
            memory_limit: memory_limit(self.memory_limit.as_deref())?,
            on_error: self.on_error.into(),
            ..defaults
        })
    }

    /// An option that was given and is for Parquet alone.
    pub fn option_of_parquet(&self) -> Option<&'static str> {
        self.predicate.as_ref().map(|_| "--where")
    }

    pub fn idle_timeout(&self) -> Option<Duration> {
        self.idle_timeout.map(Duration::from_nanos)
    }

    pub fn skips(&self) -> bool {
        self.on_error == OnErrorName::Skip
    }

    /// The format of the output, which a person sees or not.
    pub fn format(&self, seen: Seen) -> rstats::Result<Format> {
        let usual = if seen == Seen::Terminal && self.output.is_none() { Format::Table } else { Format::Ndjson };
        chosen(self.format, self.output.as_deref(), usual, seen)
    }
}

/// What is asked of each series.
#[derive(Args)]
pub struct Question {
    /// Columns to describe, by name or by * ? [ab] for several [default: all; of windows, those of numbers]; booleans that are named are
    /// numbers, 0 and 1. A name with a comma stands in double quotes: -c '"a,b",temp_*'
    #[arg(short, long, value_name = "A,B", value_parser = Names::parse)]
    columns: Option<Names>,

    /// A group for each distinct value of these columns, or of the names of folders (KEY=value/). Beside lists these columns are carried
    /// along, row by row
    #[arg(short = 'g', long, value_name = "KEY,...", value_parser = Names::parse)]
    by: Vec<Names>,

    /// Statistics, of min, max, range, sum, mean, variance, stddev, mean_ci, sem, iqr, skewness, kurtosis, mad, mode, n_unique,
    /// n_zero, n_negative, geometric_mean, harmonic_mean, cv, trimmed_mean, fences, outliers, histogram, q1, median, q3, p95, 95%; '' for none. The quantiles of -q
    /// are there as well [default: min,max,range,mean,stddev]
    #[arg(short = 'a', long, value_name = "NAME,...", value_delimiter = ',')]
    stats: Option<Vec<String>>,

    /// All statistics
    #[arg(short = 'A', long, conflicts_with = "stats")]
    all: bool,

    /// Quantiles: probabilities from 0 to 1; '' for none [default: 0.25,0.5,0.75 if no statistics are named]
    #[arg(short, long, value_name = "P,...", conflicts_with = "cut_points")]
    quantiles: Option<String>,

    /// The quantiles that cut the values into N groups of equal probability: 4 for quartiles, 100 for percentiles
    #[arg(long, value_name = "N")]
    cut_points: Option<u64>,

    /// A histogram of N bins, or of as many as NumPy's auto finds, beside each column [default: 10 if -a histogram]
    #[arg(long, value_name = "N|auto", value_parser = str::parse::<BinCount>)]
    bins: Option<BinCount>,

    /// How a quantile is defined
    ///
    /// One of exclusive, inclusive, inverted_cdf, averaged_inverted_cdf, closest_observation, interpolated_inverted_cdf, hazen,
    /// weibull, linear, median_unbiased, normal_unbiased, lower, higher, midpoint, nearest, nearest_half_up; or any plotting position,
    /// like alphap=0.4,betap=0.4
    #[arg(short, long, default_value = "linear", value_parser = parse_method)]
    method: Method,

    /// Divide variance and stddev by n - DDOF: 1 for a sample, 0 for a population
    #[arg(long, default_value_t = 1, allow_negative_numbers = true)]
    ddof: u64,

    /// What a NaN does: make its series' statistics NaN, be left out, or be an error
    #[arg(long, default_value = "propagate", value_parser = PossibleValuesParser::new(NanPolicy::ALL.map(|(_, name)| name)))]
    nan: String,

    /// What a null does: be skipped, leave its series' statistics undefined, or be an error
    #[arg(long, default_value = "skip", value_parser = PossibleValuesParser::new(NullPolicy::ALL.map(|(_, name)| name)))]
    null: String,

    /// Leave the sum of fewer than N values undefined; 0: the sum of nothing is 0, unlike in SQL
    #[arg(long, default_value_t = 0, value_name = "N")]
    min_count: u64,

    /// The confidence level of mean_ci
    #[arg(long, default_value_t = 0.95)]
    level: f64,

    /// The share of the values that trimmed_mean leaves out at each end
    #[arg(long, default_value_t = 0.1, allow_negative_numbers = true)]
    trim: f64,

    /// Leave skewness and kurtosis uncorrected for the bias of a sample, as SciPy does
    #[arg(long)]
    bias: bool,
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
pub enum Format {
    /// One document
    Json,
    /// One object a series, each on its line
    Ndjson,
    /// For people
    Table,
    /// Tables of Markdown
    Md,
    /// Values between commas, a row a series
    Csv,
    /// A Parquet file, a row a series
    Parquet,
    /// An Arrow IPC file (Feather), a row a series
    Arrow,
}

impl Format {
    /// The format that a file's extension names, in letters of either case.
    ///
    /// # Errors
    ///
    /// [`rstats::Error::Invalid`] for an extension that names none.
    fn from_extension(path: &Path) -> rstats::Result<Option<Self>> {
        let Some(extension) = path.extension() else { return Ok(None) };
        let extension = extension.to_string_lossy().to_ascii_lowercase();
        let format = match extension.as_str() {
            "json" => Some(Self::Json),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            "txt" => Some(Self::Table),
            "md" => Some(Self::Md),
            "csv" => Some(Self::Csv),
            "parquet" => Some(Self::Parquet),
            "arrow" | "feather" | "ipc" => Some(Self::Arrow),
            _ => None,
        };
        format.map(Some).ok_or_else(|| {
            rstats::Error::Invalid(format!(
                "the extension of {} names no format; it is one of .json, .ndjson, .jsonl, .csv, .md, .txt, .parquet, .arrow, .feather and \
                 .ipc, or say which with -f",
                path.display()
            ))
        })
    }

    /// Whether it has a table of one kind of columns.
    pub fn has_one_kind(self) -> bool {
        matches!(self, Self::Csv | Self::Parquet | Self::Arrow)
    }

    /// The name of a format that no person reads.
    fn binary_name(self) -> Option<&'static str> {
        match self {
            Self::Parquet => Some("parquet"),
            Self::Arrow => Some("arrow"),
            Self::Json | Self::Ndjson | Self::Table | Self::Md | Self::Csv => None,
        }
    }
}

/// Whether a person sees the output as it is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// On a terminal.
    Terminal,
    /// A file, a pipe or a device.
    Elsewhere,
}

/// Names between commas. Blanks around them do not count, but within double quotes everything does, where a doubled quote is one.
#[derive(Clone, Debug, PartialEq)]
struct Names(Vec<String>);

impl Names {
    fn parse(text: &str) -> Result<Self, String> {
        let mut names = Vec::new();
        let mut rest = text.trim_start();
        loop {
            let (name, behind) = match rest.strip_prefix('"') {
                None => rest.split_at(rest.find(',').unwrap_or(rest.len())),
                Some(quoted) => {
                    let mut quotes = quoted.match_indices('"').map(|(place, _)| place).peekable();
                    let end = loop {
                        let Some(place) = quotes.next() else {
                            return Err("a name in double quotes has no end".to_owned());
                        };
                        // A doubled quote is one of the name.
                        if quotes.next_if_eq(&(place + 1)).is_none() {
                            break place;
                        }
                    };
                    (&quoted[..end], quoted[end + 1..].trim_start())
                }
            };
            names.push(match rest.starts_with('"') {
                true => name.replace("\"\"", "\""),
                false => name.trim_end().to_owned(),
            });
            match behind.strip_prefix(',') {
                Some(others) => rest = others.trim_start(),
                None if behind.is_empty() => return Ok(Self(names)),
                None => return Err(format!("a comma is expected behind a name in double quotes, not '{behind}'")),
            }
        }
    }
}

impl Describe {
    /// Whether what is wrong is passed over.
    pub fn skips(&self) -> bool {
        self.on_error == OnErrorName::Skip
    }

    /// An option that was given and is for Parquet alone.
    pub fn option_of_parquet(&self) -> Option<&'static str> {
        match (&self.predicate, &self.checkpoint) {
            (Some(_), _) => Some("--where"),
            (_, Some(_)) => Some("--checkpoint"),
            _ => None,
        }
    }

    pub fn has_checkpoint(&self) -> bool {
        self.checkpoint.is_some()
    }

    /// What is asked of the files, or what is wrong with it.
    pub fn request(&self) -> rstats::Result<Request> {
        let defaults = Request::default();
        Ok(Request {
            columns: self.question.columns(),
            kinds: if self.kind == Some(SeriesKind::Number) { Kinds::Numbers } else { Kinds::All },
            by: self.question.by(),
            predicate: self.predicate.as_deref().map(Predicate::parse).transpose()?,
            memory_limit: memory_limit(self.memory_limit.as_deref())?,
            on_error: self.on_error.into(),
            checkpoint: self.checkpoint.clone(),
            ..defaults
        })
    }

    /// The format that was named, else that of the output's extension, else the one that suits where the output is seen.
    pub fn format(&self, seen: Seen) -> rstats::Result<Format> {
        let usual = if seen == Seen::Terminal && self.output.is_none() { Format::Table } else { Format::Json };
        chosen(self.format, self.output.as_deref(), usual, seen)
    }
}

impl Question {
    /// The names of the columns that are described, if any were named.
    pub fn named(&self) -> Option<Vec<String>> {
        self.columns.as_ref().map(|names| names.0.clone())
    }

    /// The columns that are described.
    pub fn columns(&self) -> Columns {
        match &self.columns {
            None => Columns::Numeric,
            Some(names) => Columns::Named(names.0.clone()),
        }
    }

    /// The keys of groups.
    pub fn by(&self) -> Vec<String> {
        self.by.iter().flat_map(|names| names.0.clone()).collect()
    }

    /// What is asked, or what is wrong with it.
    pub fn spec(&self) -> rstats::Result<Spec> {
        let invalid = rstats::Error::Invalid;
        let spec = Spec::default()
            .with_method(self.method)
            .with_nan(self.nan.parse().map_err(invalid)?)
            .with_null(self.null.parse().map_err(invalid)?)
            .with_min_count(self.min_count)
            .with_ddof(self.ddof)
            .with_bias(if self.bias { Bias::Kept } else { Bias::Corrected })
            .with_level(self.level)?
            .with_trim(self.trim)?;
        let spec = self.with_quantiles(spec)?;
        let spec = match &self.stats {
            _ if self.all => spec.with_statistics(Statistic::ALL.map(|(statistic, _)| statistic)),
            None => spec,
            Some(stats) => {
                spec.with_statistics_named(stats.iter().map(|name| name.trim()).filter(|name| !name.is_empty()))?
            }
        };
        Ok(match self.bins {
            Some(bins) => spec.with_histogram(bins),
            None => spec,
        })
    }

    fn with_quantiles(&self, spec: Spec) -> rstats::Result<Spec> {
        if let Some(groups) = self.cut_points {
            return spec.with_cut_points(groups);
        }
        let Some(text) = &self.quantiles else {
            // The quartiles belong to the default statistics, and to all of them.
            return if self.stats.is_some() { spec.with_quantiles(&[]) } else { Ok(spec) };
        };
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let probabilities = parts.map(|part| {
            let percent = part.parse().ok().filter(|percent: &u32| (2..=100).contains(percent));
            if let Some(percent) = percent {
                let meant = format!("{}", f64::from(percent) / 100.0);
                return Err(rstats::Error::Invalid(format!(
                    "a probability is from 0 to 1, not {part}: write -q {meant} for p{part}, or --cut-points {part} for {} \
                     cut points",
                    percent - 1
                )));
            }
            part.parse().map_err(|_| {
                rstats::Error::Invalid(format!("'{part}' is no probability; write for example -q 0.5,0.99"))
            })
        });
        spec.with_quantiles(&probabilities.collect::<rstats::Result<Vec<f64>>>()?)
    }
}

/// The format that was named, else that of the output's extension, else the usual one, unless it is not for where it is seen.
fn chosen(named: Option<Format>, output: Option<&Path>, usual: Format, seen: Seen) -> rstats::Result<Format> {
    let format = match (named, output) {
        (Some(named), _) => named,
        (None, Some(output)) => Format::from_extension(output)?.unwrap_or(usual),
        (None, None) => usual,
    };
    match format.binary_name().filter(|_| seen == Seen::Terminal) {
        None => Ok(format),
        Some(name) => Err(rstats::Error::Invalid(format!(
            "'{name}' is not for a terminal; write it to a file, for example with -o summary.{name}, or into a pipe"
        ))),
    }
}

fn parse_kind(name: &str) -> Result<SeriesKind, String> {
    let is_meant = |kind: &SeriesKind| kind.name() == name || kind.plural() == name;
    let kinds = SeriesKind::ALL.map(|(kind, _)| kind);
    kinds
        .into_iter()
        .find(is_meant)
        .ok_or_else(|| format!("it is one of {}", SeriesKind::ALL.map(|(_, name)| name).join(", ")))
}

fn parse_method(name: &str) -> Result<Method, String> {
    name.parse()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn names_between_commas() {
        let names = |text: &str| Names::parse(text).map(|names| names.0);
        for (text, expected) in [
            ("a,b", &["a", "b"][..]),
            (" a , b c ", &["a", "b c"]),
            ("\"a,b\",c", &["a,b", "c"]),
            ("\" a\" , \"say \"\"x\"\"\"", &[" a", "say \"x\""]),
            ("5\" pipe", &["5\" pipe"]),
            ("\"\"", &[""]),
        ] {
            assert_eq!(names(text).unwrap(), expected, "{text}");
        }
        assert!(names("\"a").unwrap_err().contains("no end"));
        assert!(names("\"a\"b").unwrap_err().contains("a comma is expected"));
    }

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    fn format(arguments: &[&str], seen: Seen) -> Result<&'static str, String> {
        let all = [&["rstats", "describe", "a.parquet"], arguments].concat();
        let Command::Describe(describe) = Cli::try_parse_from(all).map_err(|error| error.to_string())?.command else {
            return Err("another command".to_owned());
        };
        match describe.format(seen).map_err(|error| error.to_string())? {
            Format::Json => Ok("json"),
            Format::Ndjson => Ok("ndjson"),
            Format::Table => Ok("table"),
            Format::Md => Ok("md"),
            Format::Csv => Ok("csv"),
            Format::Parquet => Ok("parquet"),
            Format::Arrow => Ok("arrow"),
        }
    }

    #[test]
    fn the_format_is_that_of_f_then_of_the_extension_then_of_the_place() {
        for (arguments, expected) in [
            (&[][..], "json"),
            (&["-o", "a.json"], "json"),
            (&["-o", "a.ndjson"], "ndjson"),
            (&["-o", "a.jsonl"], "ndjson"),
            (&["-o", "folder.json/a.parquet"], "parquet"),
            (&["-o", "a.arrow"], "arrow"),
            (&["-o", "a.feather"], "arrow"),
            (&["-o", "A.IPC"], "arrow"),
            (&["-o", "a.txt"], "table"),
            (&["-o", "a.csv"], "csv"),
            (&["-o", "a.MD"], "md"),
            (&["-o", "folder.parquet/a"], "json"),
            (&["-o", ".parquet"], "json"),
            (&["-o", "a.parquet", "-f", "ndjson"], "ndjson"),
            (&["-o", "a.json", "-f", "arrow"], "arrow"),
            (&["-f", "parquet"], "parquet"),
        ] {
            assert_eq!(format(arguments, Seen::Elsewhere).as_deref(), Ok(expected), "{arguments:?}");
        }
        for name in ["a.xml", "a.json.gz", "a.b/c.xlsx"] {
            let message = format(&["-o", name], Seen::Elsewhere).unwrap_err();
            assert!(message.contains(name) && message.contains(".parquet") && message.contains("-f"), "{message}");
        }
        assert_eq!(format(&["-o", "a.xml", "-f", "ndjson"], Seen::Elsewhere).as_deref(), Ok("ndjson"));
        assert_eq!(format(&[], Seen::Terminal).as_deref(), Ok("table"));
        assert_eq!(format(&["-f", "ndjson"], Seen::Terminal).as_deref(), Ok("ndjson"));
        assert_eq!(format(&["-o", "/dev/tty"], Seen::Terminal).as_deref(), Ok("json"));
    }

    #[test]
    fn a_terminal_is_spared_what_nobody_can_read() {
        for name in ["parquet", "arrow"] {
            let message = format(&["-f", name], Seen::Terminal).unwrap_err();
            assert!(message.contains(&format!("-o summary.{name}")) && message.contains("terminal"), "{message}");
        }
    }
}
