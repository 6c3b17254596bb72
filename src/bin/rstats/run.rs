//! Runs what was asked, and says how it ended.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rstats::report::Skipped;
use rstats::{Error, Interrupt};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::args::Command;
use crate::{correlate, describe, log, report, shell, windows};

/// Why the command ends with another status than 0.
pub enum Failure {
    /// The arguments alone show it to be wrong.
    Usage(Error),
    /// Anything else.
    Other(String),
    /// All is done, but for files that were left out.
    LeftOut(Vec<Skipped>),
    /// A signal of this number.
    Signal(usize),
    /// Nobody reads the output any more.
    ClosedPipe,
}

impl Failure {
    /// Tells it in one line, and the exit status.
    pub fn report(self) -> ExitCode {
        if let Self::LeftOut(files) = &self {
            for file in files {
                tell(&format!("left out: {file}"));
            }
        }
        let (message, status) = match self {
            Self::LeftOut(_) => (None, 3),
            Self::Usage(error) => (Some(error.to_string()), 2),
            Self::Other(message) => (Some(message), 1),
            Self::Signal(number) => (None, 128 + number as u8),
            Self::ClosedPipe => (None, 0),
        };
        if let Some(message) = message {
            tell(&message);
        }
        ExitCode::from(status)
    }
}

/// A message in one line.
pub fn tell(message: &str) {
    // Standard error may be closed too; then there is nobody to tell.
    let line = message.replace(['\n', '\r'], " ");
    let _ = writeln!(io::stderr(), "rstats: {}", rstats::internal::shown(&line, rstats::internal::MESSAGE));
}

/// What all commands have: a signal stops the work, and the threads that do it.
pub struct Session {
    pub interrupt: Interrupt,
    signal: Arc<AtomicUsize>,
    pub pool: rayon::ThreadPool,
}

impl Session {
    pub fn new(threads: u16, verbose: u8) -> Result<Self, Failure> {
        log::start(verbose);
        let interrupt = Interrupt::default();
        let signal = watch_signals(&interrupt).map_err(|error| Failure::Other(error.to_string()))?;
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build();
        let pool = pool.map_err(|error| Failure::Other(format!("cannot start the threads: {error}")))?;
        Ok(Self { interrupt, signal, pool })
    }

    /// Why the command ends with an error: a signal, if one came.
    pub fn failed(&self, error: Error) -> Failure {
        match (self.signal.load(Ordering::Relaxed), error) {
            (0, error) => {
                let hint = match error {
                    Error::MemoryLimit { .. } => "; a higher --memory-limit would do",
                    Error::Nan { .. } => "; --nan omit leaves NaNs out, --nan propagate lets them through",
                    _ => "",
                };
                Failure::Other(format!("{error}{hint}"))
            }
            (number, _) => Failure::Signal(number),
        }
    }

    /// That no signal came.
    pub fn check(&self) -> Result<(), Failure> {
        match self.signal.load(Ordering::Relaxed) {
            0 => Ok(()),
            number => Err(Failure::Signal(number)),
        }
    }
}

pub fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Describe(args) => describe::run(&args),
        Command::Windows(args) => windows::run(&args),
        Command::Correlate(args) => correlate::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Completions(args) => shell::completions(&args),
        Command::Man(args) => shell::man(&args),
    }
}

/// Makes SIGINT and SIGTERM stop the work; the number of the one that came is in the returned cell, 0 if none did. A
/// second one ends the process at once.
fn watch_signals(interrupt: &Interrupt) -> io::Result<Arc<AtomicUsize>> {
    let signal = Arc::new(AtomicUsize::new(0));
    for number in [SIGINT, SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(number, 128 + number, interrupt.flag())?;
        signal_hook::flag::register(number, interrupt.flag())?;
        signal_hook::flag::register_usize(number, Arc::clone(&signal), number as usize)?;
    }
    // A file that would get larger than the shell's limit is then an error of the write, as a full disk is.
    #[cfg(unix)]
    signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default())?;
    Ok(signal)
}
