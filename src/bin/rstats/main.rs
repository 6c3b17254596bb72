//! The command `rstats`: parse, validate, run, write.

mod args;
mod log;
mod progress;
mod run;

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

/// Gives back what is freed, so that a memory limit is kept; and threads have heaps of their own.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let args::Cli { command } = args::Cli::parse();
    match run::run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
