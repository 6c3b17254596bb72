//! Runs what was asked, and writes the answer whole or not at all.

use std::fs;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rstats::internal::{standard_output, unfinished};
use rstats::parquet::Dataset;
use rstats::report::{Report, Skipped};
use rstats::{Error, Interrupt};
use signal_hook::consts::{SIGINT, SIGTERM};
use tempfile::NamedTempFile;

use crate::args::{Command, Format, Seen};
use crate::{log, progress};

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
fn tell(message: &str) {
    // Standard error may be closed too; then there is nobody to tell.
    let line = message.replace(['\n', '\r'], " ");
    let _ = writeln!(io::stderr(), "rstats: {}", rstats::internal::shown(&line, rstats::internal::MESSAGE));
}

pub fn run(Command::Describe(args): Command) -> Result<(), Failure> {
    let spec = args.spec().map_err(Failure::Usage)?;
    let request = args.request().map_err(Failure::Usage)?;
    let output = Output::open(args.output.as_deref())?;
    let format = args.format(output.seen()).map_err(Failure::Usage)?;
    // JSON has the keys of a group apart; in a table they are columns beside the others.
    if !matches!(format, Format::Json | Format::Ndjson) {
        let by = request.by.iter().map(String::as_str);
        rstats::internal::check_names(by, &spec).map_err(Failure::Usage)?;
    }
    log::start(args.verbose);

    let interrupt = Interrupt::default();
    let signal = watch_signals(&interrupt).map_err(|error| Failure::Other(error.to_string()))?;
    let failed = |error: Error| match (signal.load(Ordering::Relaxed), error) {
        (0, error) => {
            let hint = match error {
                Error::MemoryLimit { .. } => "; a higher --memory-limit would do",
                Error::Nan { .. } => "; --nan omit leaves NaNs out, --nan propagate lets them through",
                _ => "",
            };
            Failure::Other(format!("{error}{hint}"))
        }
        (number, _) => Failure::Signal(number),
    };

    let pool = rayon::ThreadPoolBuilder::new().num_threads(args.threads.into()).build();
    let pool = pool.map_err(|error| Failure::Other(format!("cannot start the threads: {error}")))?;
    let open = || Dataset::open_with(&args.paths, &request, &interrupt);
    let dataset = pool.install(open).map_err(failed)?;
    let plan = pool.install(|| dataset.plan(&request, &spec)).map_err(failed)?;
    if let Some(path) = output.path().filter(|path| dataset.reads(path)) {
        let message = "it is one of the files that are described; write the answer to another one";
        return Err(cannot_write(path, &io::Error::other(message)));
    }
    if args.explain {
        return output.write_text(&plan.to_string(), &interrupt);
    }
    let answer = progress::shown(&args, |progress| pool.install(|| plan.run(&interrupt, progress)));
    let answer = answer.map_err(failed)?;
    if signal.load(Ordering::Relaxed) != 0 {
        return Err(failed(Error::Interrupted));
    }
    let errors = answer.source.errors.clone();
    let report = Report { spec: spec.clone(), source: answer.source, series: answer.series };
    let written = output.write(&report, format, &interrupt);
    if signal.load(Ordering::Relaxed) != 0 {
        return Err(failed(Error::Interrupted)); // what was not whole is gone
    }
    written?;
    match errors.is_empty() {
        true => Ok(()),
        false => Err(Failure::LeftOut(errors)),
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

/// Where the answer goes. A file is written beside its place and renamed, so that it is whole or absent.
enum Output {
    Stdout,
    File {
        temporary: NamedTempFile,
        path: PathBuf,
    },
    /// A pipe or a device cannot be replaced.
    Special(fs::File),
}

impl Output {
    /// Finds out whether the output can be written, before any work is done.
    fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else {
            return match standard_output::was_closed() {
                false => Ok(Self::Stdout),
                true => Err(Failure::Other("standard output is closed; write to a file with -o".to_owned())),
            };
        };
        let failed = |error: io::Error| cannot_write(path, &error);
        let existing = fs::metadata(path).ok();
        let is_special = existing.as_ref().is_some_and(|metadata| !metadata.is_file() && !metadata.is_dir());
        if is_special || is_stream(path) {
            // What is there stays there: it may be a file that something is appended to.
            let file = fs::OpenOptions::new().append(true).open(path).map_err(failed)?;
            return Ok(Self::Special(file));
        }
        let path = follow_links(path).map_err(failed)?;
        if let Some(metadata) = &existing {
            if metadata.is_dir() {
                return Err(failed(io::Error::other("it is a folder")));
            }
            fs::OpenOptions::new().write(true).open(&path).map_err(failed)?;
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let temporary = temporary_file(folder).map_err(|error| match error.kind() {
            // Not the error's own text: it names the temporary file.
            io::ErrorKind::NotFound => failed(io::Error::other("there is no such folder")),
            kind => failed(kind.into()),
        })?;
        if let Some(metadata) = existing {
            temporary.as_file().set_permissions(metadata.permissions()).map_err(failed)?;
        }
        Ok(Self::File { temporary, path })
    }

    /// The file that will be written or replaced.
    fn path(&self) -> Option<&Path> {
        match self {
            Self::File { path, .. } => Some(path),
            _ => None,
        }
    }

    fn seen(&self) -> Seen {
        let terminal = match self {
            Self::Stdout => io::stdout().is_terminal(),
            Self::Special(file) => file.is_terminal(),
            Self::File { .. } => false,
        };
        if terminal { Seen::Terminal } else { Seen::Elsewhere }
    }

    fn write(self, report: &Report, format: Format, interrupt: &Interrupt) -> Result<(), Failure> {
        // A person is shown the first and the last rows of many.
        let whole = !matches!(self.seen(), Seen::Terminal);
        self.write_with(interrupt, |out| write_report(report, format, whole, out))
    }

    fn write_text(self, text: &str, interrupt: &Interrupt) -> Result<(), Failure> {
        self.write_with(interrupt, |out| out.write_all(text.as_bytes()))
    }

    fn write_with(
        self,
        interrupt: &Interrupt,
        write: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let write = |out: &mut (dyn Write + Send)| write(&mut Interruptible { out, interrupt });
        match self {
            Self::Stdout => {
                write(&mut io::stdout()).and_then(|()| io::stdout().flush()).map_err(|error| match error.kind() {
                    io::ErrorKind::BrokenPipe => Failure::ClosedPipe,
                    _ => Failure::Other(format!("cannot write to standard output: {error}")),
                })
            }
            Self::Special(mut file) => write(&mut file).map_err(|error| match error.kind() {
                io::ErrorKind::BrokenPipe => Failure::ClosedPipe,
                _ => Failure::Other(format!("cannot write the output: {error}")),
            }),
            Self::File { temporary, path } => {
                let failed = |error: io::Error| cannot_write(&path, &error);
                write(&mut temporary.as_file()).map_err(failed)?;
                temporary.as_file().sync_all().map_err(failed)?;
                temporary.persist(&path).map_err(|error| failed(error.error))?;
                Ok(())
            }
        }
    }
}

/// A writer that fails once the work is interrupted.
struct Interruptible<'a> {
    out: &'a mut (dyn Write + Send),
    interrupt: &'a Interrupt,
}

impl Write for Interruptible<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Large pieces are written a part at a time: a pipe may take long.
        const PART: usize = 1 << 20;
        match self.interrupt.is_stopped() {
            true => Err(io::Error::other("interrupted")),
            false => self.out.write(&bytes[..bytes.len().min(PART)]),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Where a path leads to: a link stays a link, and what it points to is written, even if it is not there yet.
fn follow_links(path: &Path) -> io::Result<PathBuf> {
    const LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        let Ok(target) = fs::read_link(&path) else { return Ok(path) };
        path = path.parent().map_or_else(|| target.clone(), |folder| folder.join(&target));
    }
    Err(io::Error::other("it is a link that leads back to itself"))
}

/// Whether a path is another name of what the process has open, such as `/dev/stdout` or what a shell makes of `>(command)`.
fn is_stream(path: &Path) -> bool {
    let names: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    matches!(names[..], ["/", "dev", "stdout" | "stderr"] | ["/", "dev", "fd", _] | ["/", "proc", _, "fd", _])
}

fn temporary_file(folder: &Path) -> io::Result<NamedTempFile> {
    const ENDS: (&str, &str) = (".rstats-", ".unfinished");
    unfinished::remove_abandoned(folder, ENDS.0, ENDS.1);
    let mut builder = tempfile::Builder::new();
    builder.prefix(ENDS.0).suffix(ENDS.1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any new file; the umask takes off what it takes off.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    unfinished::create(&builder, folder)
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::Other(format!("cannot write {}: {error}", path.display()))
}

fn write_report(report: &Report, format: Format, whole: bool, out: impl Write + Send) -> io::Result<()> {
    // Standard output has a small buffer of its own, which ends with each line: larger pieces pass it by.
    let mut out = BufWriter::with_capacity(1 << 16, out);
    match format {
        Format::Json => report.write_json(&mut out)?,
        Format::Ndjson => report.write_ndjson(&mut out)?,
        Format::Table => {
            let width = comfy_table::Table::new().width().map_or(100, usize::from);
            let table = if whole { report.to_whole_table(width) } else { report.to_table(width) };
            out.write_all(table.as_bytes())?;
        }
        Format::Parquet => report.write_parquet(&mut out)?,
        Format::Arrow => report.write_arrow(&mut out)?,
    }
    out.flush()
}
