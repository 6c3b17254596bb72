//! The arguments of `rstats windows`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use rstats::parquet::Request;
use rstats::{Kinds, Late, Windowing};

use super::data::Data;
use super::format::{Format, Seen, chosen};
use super::question::Question;
use crate::inputs::Unit;

const EXAMPLES: &str = "\
Examples:
  rstats windows readings.csv --on ts --size 5min                       all numeric columns, five minutes at a time
  rstats windows lake/ --on ts --size 1h --slide 5min -g sensor -o windows.parquet
  tail -F app.ndjson | rstats windows --from ndjson --on time --size 1min -c latency -q 0.5,0.99
  kcat -C -t sensors -u | rstats windows --from ndjson --on ts --size 5min -g sensor -c temp --max-delay 10s --state s.state
  rstats windows clicks.ndjson --on ts --gap 30min -g user -c price     sessions: rows less than 30 minutes apart

A window holds the rows from its start on, and before its end; windows of a size begin at whole multiples of it since 1970, in UTC. Of files, all
rows are read first, in any order. Of a stream, a window closes once the latest time so far, minus --max-delay, has reached its end; a
row that comes after that is late: it is counted, reported at the end, and written to --late-output. Which rows are late does not depend on how the
stream is cut. Each window has the bits of rstats describe over its rows.

A stream ends with its input, with Ctrl-C or SIGTERM, or when nobody reads the output. Then all windows close; but with --state what is open is kept
in FILE, and the next run goes on from there: give it what comes after the rows that were read, whose number is printed when it starts.

Exit status: 0 done; 1 failed; 2 wrong arguments; 3 done, but lines were passed over (--on-error skip); 130 and 143 stopped by a signal.";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Windows {
    #[command(flatten)]
    pub data: Data,

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
        let limit = self.data.memory_limit()?;
        let late = if self.late_output.is_some() { Late::Keep } else { Late::Count };
        let spec = self.question.spec()?;
        spec.check_numbers()?;
        let windowing = windowing.on(&self.on).by(self.question.by()).describe(&spec);
        Ok(windowing.with_late(late).with_memory_limit(limit))
    }

    /// What is asked of Parquet files: their rows, with the time among the keys.
    pub fn request(&self) -> rstats::Result<Request> {
        Ok(Request {
            columns: self.question.columns(),
            kinds: Kinds::Numbers,
            by: [vec![self.on.clone()], self.question.by()].concat(),
            ..self.data.request()?
        })
    }

    pub fn idle_timeout(&self) -> Option<Duration> {
        self.idle_timeout.map(Duration::from_nanos)
    }

    /// The format of the output, which a person sees or not.
    pub fn format(&self, seen: Seen) -> rstats::Result<Format> {
        let usual = if seen == Seen::Terminal && self.output.is_none() { Format::Table } else { Format::Ndjson };
        chosen(self.format, self.output.as_deref(), usual, seen)
    }
}
