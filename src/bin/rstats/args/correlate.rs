//! The arguments of `rstats correlate`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use rstats::parquet::Request;
use rstats::{Coefficient, Columns, Kinds, PairNulls, PairSpec};

use super::data::Data;
use super::format::{Format, Seen, chosen};
use super::names::Names;

const EXAMPLES: &str = "\
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
#[command(after_help = EXAMPLES)]
pub struct Correlate {
    #[command(flatten)]
    pub data: Data,

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

    /// Output format: json, ndjson (a pair a line), csv, md or table [default: by FILE's extension; without FILE, a table on a terminal
    /// and json elsewhere]
    #[arg(short, long, value_enum)]
    format: Option<Format>,

    /// Write to FILE, whole or not at all [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
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
        Ok(Request { columns: self.columns_of_batches(), kinds: Kinds::Numbers, ..self.data.request()? })
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
