//! Where answers go: whole or not at all.

use std::fs;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use rstats::internal::{standard_output, unfinished};
use rstats::parquet::Dataset;
use rstats::report::Report;
use rstats::{Interrupt, PairMatrix};
use tempfile::NamedTempFile;

use crate::args::{Format, Seen};
use crate::correlate::write_pairs;
use crate::run::Failure;

/// Where the answer goes. A file is written beside its place and renamed, so that it is whole or absent.
pub enum Output {
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
    pub fn open(path: Option<&Path>) -> Result<Self, Failure> {
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
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File { path, .. } => Some(path),
            _ => None,
        }
    }

    pub fn seen(&self) -> Seen {
        let terminal = match self {
            Self::Stdout => io::stdout().is_terminal(),
            Self::Special(file) => file.is_terminal(),
            Self::File { .. } => false,
        };
        if terminal { Seen::Terminal } else { Seen::Elsewhere }
    }

    pub fn write(self, report: &Report, format: Format, interrupt: &Interrupt) -> Result<(), Failure> {
        // A person is shown the first and the last rows of many.
        let whole = !matches!(self.seen(), Seen::Terminal);
        self.write_with(interrupt, |out| write_report(report, format, whole, out))
    }

    pub fn write_pairs(self, matrix: &PairMatrix, format: Format, interrupt: &Interrupt) -> Result<(), Failure> {
        self.write_with(interrupt, |out| write_pairs(matrix, format, out))
    }

    /// That it is one of the files that are read.
    pub fn refuse_input(&self, dataset: &Dataset) -> Result<(), Failure> {
        let message = "it is one of the files that are described; write the answer to another one";
        match self.path().filter(|path| dataset.reads(path)) {
            Some(path) => Err(cannot_write(path, &io::Error::other(message))),
            None => Ok(()),
        }
    }

    pub fn write_bytes(self, bytes: &[u8], interrupt: &Interrupt) -> Result<(), Failure> {
        self.write_with(interrupt, |out| out.write_all(bytes))
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

/// That a file cannot be written.
pub fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::Other(format!("cannot write {}: {error}", path.display()))
}

/// Whether a terminal is to have colours: see no-color.org.
fn has_colours() -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !is_set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Writes a report in a format.
pub fn write_report(report: &Report, format: Format, whole: bool, out: impl Write + Send) -> io::Result<()> {
    // Standard output has a small buffer of its own, which ends with each line: larger pieces pass it by.
    let mut out = BufWriter::with_capacity(1 << 16, out);
    match format {
        Format::Json => report.write_json(&mut out)?,
        Format::Ndjson => report.write_ndjson(&mut out)?,
        Format::Table => {
            // What is no terminal has lines of any length.
            let width = comfy_table::Table::new().width().map_or(usize::MAX, usize::from);
            let table = match whole {
                true => report.to_whole_table(width),
                false if has_colours() => report.to_coloured_table(width),
                false => report.to_table(width),
            };
            out.write_all(table.as_bytes())?;
        }
        Format::Md => out.write_all(report.to_markdown().as_bytes())?,
        Format::Csv => report.write_csv(&mut out)?,
        Format::Parquet => report.write_parquet(&mut out)?,
        Format::Arrow => report.write_arrow(&mut out)?,
    }
    out.flush()
}
