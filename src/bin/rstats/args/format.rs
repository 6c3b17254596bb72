//! Formats of the output.

use std::path::Path;

use clap::ValueEnum;

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
    pub fn binary_name(self) -> Option<&'static str> {
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

/// The format that was named, else that of the output's extension, else the usual one, unless it is not for where it is seen.
pub fn chosen(named: Option<Format>, output: Option<&Path>, usual: Format, seen: Seen) -> rstats::Result<Format> {
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
