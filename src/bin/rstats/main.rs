//! The command `rstats`: parse, validate, run, write.

mod args;
mod correlate;
mod describe;
mod inputs;
mod log;
mod output;
mod progress;
mod report;
mod run;
mod shell;
mod windows;

use std::process::ExitCode;

use clap::Parser;
use rstats::Allocator;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

fn main() -> ExitCode {
    let args::Cli { command } = args::Cli::parse();
    match run::run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
