//! The arguments of `rstats describe`.

use std::path::PathBuf;

use clap::Args;
use rstats::parquet::Request;
use rstats::source::Wanted;
use rstats::{Kinds, SeriesKind, Spec};

use super::data::{Data, ProgressStyle};
use super::format::{Format, Seen, chosen};
use super::question::Question;
use crate::run::Failure;

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

On a terminal tables have colours, unless NO_COLOR is set.

Exit status: 0 done; 1 failed; 2 wrong arguments; 3 done, but files were left out (--on-error skip); 130 and 143 stopped by a signal.";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Describe {
    #[command(flatten)]
    pub data: Data,

    #[command(flatten)]
    pub question: Question,

    /// The K most frequent values of each column of text, with their counts, and how many distinct ones it has
    #[arg(long, value_name = "K")]
    top: Option<u64>,

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

    /// Keep what was learned of each file in DIR, and read only what is new when the same is asked again; with --by, the rows of
    /// the wanted columns
    #[arg(long, value_name = "DIR")]
    checkpoint: Option<PathBuf>,

    /// Tell what would be read (files, row groups, bytes, passes, memory), without reading data
    #[arg(long)]
    pub explain: bool,

    /// How to show progress on standard error [default: a bar on a terminal, nothing elsewhere]
    #[arg(long, value_enum, value_name = "HOW", conflicts_with = "no_progress")]
    pub progress: Option<ProgressStyle>,

    /// Show no progress, also on a terminal
    #[arg(long)]
    pub no_progress: bool,
}

impl Describe {
    /// An option that was given and is for Parquet alone.
    pub fn option_of_parquet(&self) -> Option<&'static str> {
        self.data.option_of_parquet().or(self.checkpoint.as_ref().map(|_| "--checkpoint"))
    }

    pub fn has_checkpoint(&self) -> bool {
        self.checkpoint.is_some()
    }

    /// What is asked of each column.
    pub fn spec(&self) -> rstats::Result<Spec> {
        let spec = self.question.spec()?;
        self.top.map_or(Ok(spec.clone()), |k| spec.with_top(k))
    }

    /// What is wanted of text.
    pub fn wanted(&self) -> Result<Wanted, Failure> {
        self.data.input.wanted(None, &self.question, Kinds::All, self.data.skips())
    }

    /// What is asked of the files, or what is wrong with it.
    pub fn request(&self) -> rstats::Result<Request> {
        Ok(Request {
            columns: self.question.columns(),
            kinds: if self.kind == Some(SeriesKind::Number) { Kinds::Numbers } else { Kinds::All },
            by: self.question.by(),
            checkpoint: self.checkpoint.clone(),
            ..self.data.request()?
        })
    }

    /// The format that was named, else that of the output's extension, else the one that suits where the output is seen.
    pub fn format(&self, seen: Seen) -> rstats::Result<Format> {
        let usual = if seen == Seen::Terminal && self.output.is_none() { Format::Table } else { Format::Json };
        chosen(self.format, self.output.as_deref(), usual, seen)
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

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::{Cli, Command};
    use super::*;

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
