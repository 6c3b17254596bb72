//! The arguments of `rstats report`.

use std::path::PathBuf;

use clap::Args;
use rstats::parquet::Request;
use rstats::source::Wanted;
use rstats::{BinCount, Columns, Kinds, Spec};

use super::data::Data;
use super::names::Names;
use crate::run::Failure;

const EXAMPLES: &str = "\
Examples:
  rstats report sales.parquet                          writes sales.html
  rstats report lake/ -o lake.html --by region --where \"day >= '2026-11-01'\"
  rstats report readings.csv -c 'temp_*' --bins 80 --top 20

The page is one file that needs no network: statistics, histograms, box plots and frequent values of every column by its kind,
the correlations of its numbers, and warnings. The figures are those of rstats describe and rstats correlate: exact.

Exit status: 0 done; 1 failed; 2 wrong arguments; 3 done, but files were left out (--on-error skip); 130 and 143 stopped by a signal.";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct ReportArgs {
    #[command(flatten)]
    pub data: Data,

    /// Columns to report, by name or by * ? [ab] for several [default: all]
    #[arg(short, long, value_name = "A,B", value_parser = Names::parse)]
    columns: Option<Names>,

    /// Compare the groups of these columns: pictures beside each other, on one scale
    #[arg(short = 'g', long, value_name = "A,B", value_parser = Names::parse)]
    by: Option<Names>,

    /// The bins of each histogram: their number, or as many as NumPy's auto finds
    #[arg(long, value_name = "N|auto", default_value = "auto", value_parser = str::parse::<BinCount>)]
    bins: BinCount,

    /// How many frequent values of each column of text are shown
    #[arg(long, value_name = "K", default_value_t = 10)]
    top: u64,

    /// The most columns whose pairs are correlated: of more columns none are; 0 for no correlations
    #[arg(long, value_name = "N", default_value_t = 60)]
    pub correlations: usize,

    /// What the page is called [default: the name of the data]
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,

    /// The page, written whole or not at all [default: the name of the data with .html]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl ReportArgs {
    /// What is asked of each column.
    pub fn spec(&self) -> rstats::Result<Spec> {
        Spec::default().for_page(self.bins, self.top)
    }

    fn named(&self) -> Option<Vec<String>> {
        self.columns.as_ref().map(|names| names.0.clone())
    }

    pub fn columns(&self) -> Columns {
        self.named().map_or(Columns::Numeric, Columns::Named)
    }

    /// The keys of groups.
    pub fn by(&self) -> Vec<String> {
        self.by.iter().flat_map(|names| names.0.clone()).collect()
    }

    /// What is asked of Parquet files.
    pub fn request(&self) -> rstats::Result<Request> {
        Ok(Request { columns: self.columns(), kinds: Kinds::All, by: self.by(), ..self.data.request()? })
    }

    /// What is wanted of text.
    pub fn wanted(&self) -> Result<Wanted, Failure> {
        let wanted = self.data.input.wanted_columns(self.named(), self.data.skips())?;
        Ok(Wanted { keys: self.by(), kinds: Kinds::All, ..wanted })
    }

    /// The name of the data: that of its first file or folder.
    pub fn name(&self) -> String {
        let first = self.data.paths.first().map(|path| path.to_string_lossy().into_owned());
        let first = first.unwrap_or_else(|| "standard input".to_owned());
        let more = match self.data.paths.len() {
            0 | 1 => String::new(),
            paths => format!(" and {} more", paths - 1),
        };
        format!("{}{more}", first.trim_end_matches('/').rsplit('/').next().unwrap_or("data"))
    }

    /// Where the page is written.
    ///
    /// # Errors
    ///
    /// [`rstats::Error::Invalid`] for a file that is named as what a page is not.
    pub fn output(&self) -> rstats::Result<PathBuf> {
        if let Some(output) = &self.output {
            let extension = output.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
            return match extension.as_deref() {
                None | Some("html" | "htm" | "xhtml") => Ok(output.clone()),
                Some(_) => {
                    let output = output.display();
                    Err(rstats::Error::Invalid(format!(
                        "the report is a page of HTML, and {output} is named otherwise; name it .html"
                    )))
                }
            };
        }
        // A list of paths is not the data itself.
        let path =
            self.data.paths.first().map(PathBuf::from).filter(|path| !path.to_string_lossy().starts_with(['-', '@']));
        let name = path.as_ref().and_then(|path| if path.is_dir() { path.file_name() } else { path.file_stem() });
        Ok(PathBuf::from(format!("{}.html", name.map_or("report".into(), |name| name.to_string_lossy()))))
    }
}
