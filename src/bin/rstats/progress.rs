//! How far a run has got, for people: a bar on a terminal, or a line every few seconds.

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle as Style};
use rstats::Result;
use rstats::internal::size;
use rstats::parquet::{Answer, Progress, RunMetrics};
use rstats::report::Source;

use crate::args::{Describe, ProgressStyle};

/// Between two looks at how far it has got.
const LOOK: Duration = Duration::from_millis(100);

/// Between two lines.
const LINE: Duration = Duration::from_secs(5);

/// Does the work while its progress is shown, and says at the end what it took.
pub fn shown(args: &Describe, work: impl FnOnce(&Progress) -> Result<Answer>) -> Result<Answer> {
    let style = match args.progress {
        Some(style) => style,
        None if args.no_progress => ProgressStyle::None,
        None => usual(),
    };
    let of = |answer: &Answer| (answer.source.clone(), answer.metrics);
    shown_as(style, args.has_checkpoint(), work, of)
}

/// A bar, if there is somebody to see it.
pub fn usual() -> ProgressStyle {
    if io::stderr().is_terminal() { ProgressStyle::Bar } else { ProgressStyle::None }
}

/// The same, of other work; `of` says what it has read.
pub fn shown_as<T>(
    style: ProgressStyle,
    has_checkpoint: bool,
    work: impl FnOnce(&Progress) -> Result<T>,
    of: impl FnOnce(&T) -> (Source, RunMetrics),
) -> Result<T> {
    let progress = Progress::default();
    let started = Instant::now();
    if style == ProgressStyle::None {
        return work(&progress);
    }
    let (done, waiting) = channel::<()>();
    let answer = thread::scope(|scope| {
        let progress = &progress;
        scope.spawn(move || {
            let mut view = View::new(style);
            while waiting.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                view.show(progress);
            }
            view.clear();
        });
        let answer = work(progress);
        drop(done);
        answer
    })?;
    let seconds = started.elapsed().as_secs_f64();
    let (source, metrics) = of(&answer);
    let files = if source.files == 1 { "file" } else { "files" };
    let mut line = format!("{} {files}, {} rows", grouped(source.files as u64), grouped(source.rows));
    line += &format!("; {} in {seconds:.1} s", size(metrics.bytes));
    if seconds > 0.0 {
        line += &format!(" ({}/s)", size((metrics.bytes as f64 / seconds) as u64));
    }
    line += &match metrics.passes {
        1 => "; 1 pass".to_owned(),
        passes => format!("; {passes} passes"),
    };
    if has_checkpoint {
        let again = grouped(metrics.files_read_again);
        line += &format!("; {} files known from before, {again} of them read again", grouped(metrics.files_kept));
    }
    if metrics.spilled > 0 {
        line += &format!("; {} in temporary files", size(metrics.spilled));
    }
    tell(&line);
    Ok(answer)
}

/// Standard error may be closed; then there is nobody to tell.
fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "rstats: {line}");
}

struct View {
    bar: ProgressBar,
    style: ProgressStyle,
    pass: u64,
    since: Instant,
    last_line: Instant,
}

impl View {
    fn new(style: ProgressStyle) -> Self {
        let target = match style {
            ProgressStyle::Bar => ProgressDrawTarget::stderr(),
            _ => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(None, target);
        let template = "{wide_bar} {percent}% {msg}, {eta} left";
        if let Ok(template) = Style::with_template(template) {
            bar.set_style(template);
        }
        Self { bar, style, pass: 0, since: Instant::now(), last_line: Instant::now() }
    }

    fn show(&mut self, progress: &Progress) {
        if progress.pass() != self.pass {
            self.pass = progress.pass();
            self.since = Instant::now();
            self.bar.reset();
        }
        let ((files, all_files), (rows, all_rows), (bytes, all_bytes)) =
            (progress.files(), progress.rows(), progress.bytes());
        // The second half of groups reads rows from temporary files: it has no bytes of its own.
        let (done, all) = if all_bytes > 0 { (bytes, all_bytes) } else { (rows, all_rows) };
        let seconds = self.since.elapsed().as_secs_f64();
        let speed = size((bytes as f64 / seconds.max(1e-3)) as u64);
        let message = format!(
            "pass {}: {}/{} files, {} rows, {speed}/s",
            self.pass,
            grouped(files),
            grouped(all_files),
            grouped(rows)
        );
        match self.style {
            ProgressStyle::Bar => {
                self.bar.set_length(all);
                self.bar.set_position(done.min(all));
                self.bar.set_message(message);
            }
            _ if self.last_line.elapsed() < LINE => {}
            _ => {
                self.last_line = Instant::now();
                let left = seconds * all.saturating_sub(done) as f64 / done.max(1) as f64;
                let share = 100 * done.min(all) / all.max(1);
                match done {
                    0 => tell(&message),
                    _ => tell(&format!("{message}, {share} %, {left:.0} s left")),
                }
            }
        }
    }

    fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let indices = digits.char_indices().map(|(index, digit)| {
        let separator = if index > 0 && (digits.len() - index).is_multiple_of(3) { "," } else { "" };
        format!("{separator}{digit}")
    });
    indices.collect()
}
