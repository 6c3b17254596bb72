//! `rstats windows`.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use arrow_array::RecordBatch;
use arrow_ipc::writer::StreamWriter;
use rstats::parquet::Dataset;
use rstats::report::{Report, Source, json};
use rstats::source::{self, Next};
use rstats::{Error, Interrupt, Kinds, Spec, Summaries, Windowing, Windows as State};

use crate::args::{Format, Windows};
use crate::describe::{finish, skipped};
use crate::inputs::{self, Inputs};
use crate::output::{Output, cannot_write, write_report};
use crate::progress;
use crate::run::{Failure, Session, tell};

/// The least time between two writes of the state.
const BETWEEN: Duration = Duration::from_secs(1);

pub fn run(args: &Windows) -> Result<(), Failure> {
    let is_stream = args.data.paths.is_empty() && args.data.input.from != Some(inputs::From::Parquet);
    let windowing = args.windowing(is_stream).map_err(Failure::Usage)?;
    let state = State::new(windowing.clone()).map_err(Failure::Usage)?;
    let wanted =
        args.data.input.wanted(Some((&args.on, args.time_unit)), &args.question, Kinds::Numbers, args.data.skips())?;
    if !is_stream {
        for (name, is_given) in [("--state", args.state.is_some()), ("--idle-timeout", args.idle_timeout().is_some())] {
            if is_given {
                let message = format!("{name} is for a stream on standard input; files are read whole");
                return Err(Failure::Usage(Error::Invalid(message)));
            }
        }
        return of_files(args, state, &wanted);
    }
    let session = Session::new(args.data.threads, args.data.verbose)?;
    let Inputs::Sources(sources) = inputs::of(&args.data.paths, &args.data.input)? else {
        return Err(Failure::Other("standard input is no stream".to_owned()));
    };
    inputs::refuse_option(args.data.option_of_parquet(), &sources)?;
    let mut late = args.late_output.as_deref().map(LateRows::open).transpose()?;
    let mut kept = args.state.as_deref().map(|path| Kept::new(path, &windowing)).transpose()?;
    let mut sink = Sink::open(args, windowing.spec())?;
    let mut windows = kept.as_mut().and_then(|kept| kept.restored.take()).unwrap_or(state);
    let mut source =
        source::Source::new(sources[0].format, sources[0].open().map_err(Failure::Usage)?, "standard input", &wanted)
            .map_err(|error| session.failed(error))?;
    let ended = loop {
        let before = kept.is_some().then(|| windows.clone());
        let step = session.pool.install(|| step(&mut source, &mut windows, args.idle_timeout(), &session));
        let written = match step {
            Ok(Step::End) => break Ok(()),
            Ok(Step::Closed(closed)) => closed.into_iter().try_for_each(|closed| sink.write(closed)),
            Err(error) => Err(session.failed(error)),
        };
        let written = written.and_then(|()| late.as_mut().map_or(Ok(()), |late| late.write(&mut windows)));
        if let Err(failure) = written {
            // What was not written is not over: neither are the rows that closed it.
            windows = before.unwrap_or(windows);
            break Err(failure);
        }
        if let Some(kept) = &mut kept {
            kept.write_now_and_then(&windows)?;
        }
    };
    match (&mut kept, ended) {
        (Some(kept), ended) => {
            kept.write(&windows)?;
            ended?;
        }
        (None, Ok(())) => {
            let closed = session.pool.install(|| windows.finish(&session.interrupt));
            sink.write(closed.map_err(|error| session.failed(error))?)?;
        }
        (None, Err(failure)) => return Err(failure),
    }
    sink.finish()?;
    tell_counts(&windows);
    let (lines, first) = source.skipped();
    match first {
        Some(first) => Err(Failure::LeftOut(skipped(vec![("standard input".to_owned(), lines, first.to_owned())]))),
        None => Ok(()),
    }
}

/// What came of waiting for data.
enum Step {
    Closed(Vec<Summaries>),
    End,
}

fn step(
    source: &mut source::Source,
    windows: &mut State,
    patience: Option<Duration>,
    session: &Session,
) -> rstats::Result<Step> {
    Ok(match source.next(patience, &session.interrupt)? {
        Next::End => Step::End,
        Next::Idle => Step::Closed(vec![windows.flush(&session.interrupt)?]),
        Next::Batches(batches) => {
            let closed = batches.iter().map(|batch| windows.push(batch, &session.interrupt));
            Step::Closed(closed.collect::<rstats::Result<_>>()?)
        }
    })
}

/// Rows that are in no window, if there are any.
fn tell_counts(windows: &State) {
    for (rows, what) in [
        (windows.late_rows(), "came after their windows had closed; a longer --max-delay would wait for them"),
        (windows.null_time_rows(), "have no time"),
        (windows.ahead_rows(), "were further ahead of the clock than --max-ahead, and closed no window"),
    ] {
        if rows > 0 {
            tell(&format!("{rows} of {} rows {what}", windows.rows()));
        }
    }
}

/// Files are read whole, in any order of times; then all windows close.
fn of_files(args: &Windows, windows: State, wanted: &source::Wanted) -> Result<(), Failure> {
    let output = Output::open(args.output.as_deref())?;
    let format = args.format(output.seen()).map_err(Failure::Usage)?;
    let session = Session::new(args.data.threads, args.data.verbose)?;
    let mut late = args.late_output.as_deref().map(LateRows::open).transpose()?;
    let work = match inputs::of(&args.data.paths, &args.data.input)? {
        Inputs::Sources(sources) => of_sources(args, &sources, windows, wanted, &session),
        Inputs::Parquet(paths, _spool) => of_parquet(args, &paths, windows, &session, &output),
    };
    let Work { mut windows, closed, source } = work?;
    if let Some(late) = &mut late {
        late.write(&mut windows)?;
    }
    tell_counts(&windows);
    let series = windows.joined(closed).map_err(|error| session.failed(error))?;
    finish(Report::new(windows.question().spec().clone(), source, series), &session, output, format)
}

/// Windows, as rows come.
struct Work {
    windows: State,
    closed: Vec<Summaries>,
    source: Source,
}

impl Work {
    fn new(windows: State) -> Self {
        Self { windows, closed: Vec::new(), source: Source::default() }
    }

    fn push(&mut self, batch: &RecordBatch, interrupt: &Interrupt) -> rstats::Result<()> {
        let closed = self.windows.push(batch, interrupt)?;
        if !closed.is_empty() {
            self.closed.push(closed);
        }
        Ok(())
    }

    /// Closes the windows that are open after the last row.
    fn finish(mut self, source: Source, interrupt: &Interrupt) -> rstats::Result<Self> {
        self.closed.push(self.windows.finish(interrupt)?);
        Ok(Self { source, ..self })
    }
}

fn of_sources(
    args: &Windows,
    sources: &[source::Input],
    windows: State,
    wanted: &source::Wanted,
    session: &Session,
) -> Result<Work, Failure> {
    inputs::refuse_option(args.data.option_of_parquet(), sources)?;
    let mut work = Work::new(windows);
    let read = source::read_all(sources, wanted, &session.interrupt, |_, batches| {
        session.pool.install(|| batches.iter().try_for_each(|batch| work.push(batch, &session.interrupt)))
    });
    let errors = skipped(read.map_err(|error| session.failed(error))?);
    let source = Source { files: sources.len(), rows: work.windows.rows(), errors, ..Source::default() };
    let work = session.pool.install(|| work.finish(source, &session.interrupt));
    work.map_err(|error| session.failed(error))
}

fn of_parquet(
    args: &Windows,
    paths: &[OsString],
    windows: State,
    session: &Session,
    output: &Output,
) -> Result<Work, Failure> {
    let request = args.request().map_err(Failure::Usage)?;
    let (interrupt, spec) = (&session.interrupt, windows.question().spec().clone());
    let open = || Dataset::open_with(paths, &request, interrupt);
    let dataset = session.pool.install(open).map_err(|error| session.failed(error))?;
    output.refuse_input(&dataset)?;
    let plan = session.pool.install(|| dataset.plan(&request, &spec)).map_err(|error| session.failed(error))?;
    let empty = || {
        let mut windows = windows.clone();
        windows.set_memory_limit(Some(plan.memory_for_rows()));
        Work::new(windows)
    };
    // Threads decode side by side, and wait for each other here.
    let work = Mutex::new(empty());
    let held = || work.lock().unwrap_or_else(PoisonError::into_inner);
    let read = progress::shown_as(
        progress::usual(),
        false,
        |progress| {
            let take = |batch: RecordBatch| held().push(&batch, interrupt).map_err(|error| plan.limit_error(error));
            session.pool.install(|| plan.read_rows(interrupt, progress, &mut || *held() = empty(), &take))
        },
        Clone::clone,
    );
    let (source, _) = read.map_err(|error| session.failed(error))?;
    let work = work.into_inner().unwrap_or_else(PoisonError::into_inner);
    let work = session.pool.install(|| work.finish(source, interrupt));
    let Work { windows, closed, source } = work.map_err(|error| session.failed(plan.limit_error(error)))?;
    let series = windows.joined(closed).and_then(|series| plan.with_key_texts(series));
    Ok(Work { windows, closed: vec![series.map_err(|error| session.failed(error))?], source })
}

/// The state in its file.
struct Kept<'a> {
    path: &'a Path,
    restored: Option<State>,
    last: Instant,
}

impl<'a> Kept<'a> {
    fn new(path: &'a Path, windowing: &Windowing) -> Result<Self, Failure> {
        let failed = |message: String| Failure::Other(format!("{}: {message}", path.display()));
        let restored = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(format!("cannot be read: {error}"))),
            Ok(bytes) => {
                let (state, _) = State::from_bytes(&bytes).map_err(|error| failed(error.to_string()))?;
                if state.question() != windowing {
                    return Err(failed(
                        "this state is of another question; ask the same, or name another file".to_owned(),
                    ));
                }
                tell(&format!("{}: going on after {} rows", path.display(), state.rows()));
                Some(state)
            }
        };
        // That it can be written shows before any work is done.
        Output::open(Some(path))?;
        Ok(Self { path, restored, last: Instant::now() })
    }

    fn write(&mut self, windows: &State) -> Result<(), Failure> {
        self.last = Instant::now();
        let bytes = windows.to_bytes(b"").map_err(|error| Failure::Other(error.to_string()))?;
        // A signal that ends the work does not end this.
        Output::open(Some(self.path))?.write_bytes(&bytes, &Interrupt::default())
    }

    fn write_now_and_then(&mut self, windows: &State) -> Result<(), Failure> {
        if self.last.elapsed() < BETWEEN { Ok(()) } else { self.write(windows) }
    }
}

/// Where late rows go.
struct LateRows {
    file: File,
}

impl LateRows {
    fn open(path: &Path) -> Result<Self, Failure> {
        let file = OpenOptions::new().create(true).append(true).open(path);
        Ok(Self { file: file.map_err(|error| cannot_write(path, &error))? })
    }

    fn write(&mut self, windows: &mut State) -> Result<(), Failure> {
        let mut lines = Vec::new();
        let failed = |error: io::Error| Failure::Other(format!("late rows cannot be written: {error}"));
        for rows in windows.take_late() {
            json::write_rows(&rows, &mut lines).map_err(failed)?;
        }
        self.file.write_all(&lines).map_err(failed)
    }
}

/// Where windows go as they close: each time in one write.
struct Sink<'a> {
    to: To,
    format: Format,
    spec: &'a Spec,
}

enum To {
    Stdout,
    File(File),
    Arrow(Option<Box<StreamWriter<io::Stdout>>>),
}

impl<'a> Sink<'a> {
    fn open(args: &Windows, spec: &'a Spec) -> Result<Self, Failure> {
        let output = Output::open(None)?;
        let format = args.format(if args.output.is_some() { crate::args::Seen::Elsewhere } else { output.seen() });
        let format = format.map_err(Failure::Usage)?;
        let usage = |message: &str| Err(Failure::Usage(Error::Invalid(message.to_owned())));
        let to = match (&args.output, format) {
            (Some(path), Format::Ndjson) => {
                let file = OpenOptions::new().create(true).append(true).open(path);
                To::File(file.map_err(|error| cannot_write(path, &error))?)
            }
            (Some(_), _) => {
                return usage("a stream is written to a file as ndjson: name one that ends so, or say -f ndjson");
            }
            (None, Format::Ndjson | Format::Table) => To::Stdout,
            (None, Format::Arrow) => To::Arrow(None),
            (None, _) => return usage("a stream is written as ndjson, as an Arrow stream or as tables, as it comes"),
        };
        Ok(Self { to, format, spec })
    }

    fn write(&mut self, closed: Summaries) -> Result<(), Failure> {
        if closed.is_empty() {
            return Ok(());
        }
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::ClosedPipe,
            _ => Failure::Other(format!("cannot write the output: {error}")),
        };
        let arrow = |error: arrow_schema::ArrowError| match error {
            arrow_schema::ArrowError::IoError(_, error) => failed(error),
            error => Failure::Other(format!("cannot write the output: {error}")),
        };
        let report = Report::new(self.spec.clone(), Source::default(), closed);
        if let To::Arrow(writer) = &mut self.to {
            let batch = report.to_record_batch().map_err(|error| Failure::Other(error.to_string()))?;
            let writer = match writer {
                Some(writer) => writer,
                None => writer.insert(Box::new(StreamWriter::try_new(io::stdout(), &batch.schema()).map_err(arrow)?)),
            };
            writer.write(&batch).and_then(|()| writer.flush()).map_err(arrow)?;
            return Ok(());
        }
        let mut bytes = Vec::new();
        write_report(&report, self.format, true, &mut bytes).map_err(failed)?;
        match &mut self.to {
            To::File(file) => file.write_all(&bytes).map_err(failed),
            _ => {
                let mut out = io::stdout().lock();
                out.write_all(&bytes).and_then(|()| out.flush()).map_err(failed)
            }
        }
    }

    fn finish(&mut self) -> Result<(), Failure> {
        match &mut self.to {
            To::Arrow(Some(writer)) => {
                writer.finish().map_err(|error| Failure::Other(format!("cannot write the output: {error}")))
            }
            _ => Ok(()),
        }
    }
}
