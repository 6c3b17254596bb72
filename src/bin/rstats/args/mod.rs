//! What can be typed, and what it means.

mod correlate;
mod data;
mod describe;
mod format;
mod names;
mod question;
mod report;
mod windows;

use clap::{Args, Parser, Subcommand};

pub use correlate::Correlate;
pub use data::ProgressStyle;
pub use describe::Describe;
pub use format::{Format, Seen};
pub use question::Question;
pub use report::ReportArgs;
pub use windows::Windows;

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
    /// Write a page about the data to look at: a card for each column, correlations, and what is worth a warning
    Report(ReportArgs),
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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
