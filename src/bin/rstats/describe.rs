//! `rstats describe`.

use std::ffi::OsString;

use rstats::parquet::{Answer, Dataset};
use rstats::report::{Report, Skipped, Source};
use rstats::{SeriesKind, source};

use crate::args::{Describe, Format, Seen};
use crate::inputs::{self, Inputs};
use crate::output::Output;
use crate::progress;
use crate::run::{Failure, Session, tell};

pub fn run(args: &Describe) -> Result<(), Failure> {
    let spec = args.spec().map_err(Failure::Usage)?;
    let request = args.request().map_err(Failure::Usage)?;
    let output = Output::open(args.output.as_deref())?;
    let format = args.format(output.seen()).map_err(Failure::Usage)?;
    // JSON has the keys of a group apart; in a table they are columns beside the others.
    if !matches!(format, Format::Json | Format::Ndjson) {
        let by = request.by.iter().map(String::as_str);
        rstats::internal::check_names(by, &spec).map_err(Failure::Usage)?;
    }
    let session = Session::new(args.data.threads, args.data.verbose)?;
    let (paths, _spool): (Vec<OsString>, _) = match inputs::of(&args.data.paths, &args.data.input)? {
        Inputs::Sources(sources) => return describe_sources(args, &sources, &session, output, format),
        Inputs::Parquet(paths, spool) => (paths, spool),
    };
    let interrupt = &session.interrupt;
    let open = || Dataset::open_with(&paths, &request, interrupt);
    let dataset = session.pool.install(open).map_err(|error| session.failed(error))?;
    let plan = session.pool.install(|| dataset.plan(&request, &spec)).map_err(|error| session.failed(error))?;
    output.refuse_input(&dataset)?;
    if args.explain {
        return output.write_bytes(plan.to_string().as_bytes(), interrupt);
    }
    let answer = progress::shown(args, |progress| session.pool.install(|| plan.run(interrupt, progress)));
    let Answer { source, series, parts, .. } = answer.map_err(|error| session.failed(error))?;
    let report = of_kind(Report::new(spec, source, series).with_parts(parts), args.kind, format)?;
    finish(report, &session, output, format)
}

/// The report with the columns of the kind that was asked for, if one was. What a format has no place for is told.
fn of_kind(report: Report, kind: Option<SeriesKind>, format: Format) -> Result<Report, Failure> {
    let names = |kinds: &[SeriesKind]| kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ");
    let kinds = report.kinds();
    let Some(kind) = kind else {
        if let ([first, others @ ..], true) = (&kinds[..], format.has_one_kind())
            && !others.is_empty()
        {
            tell(&format!(
                "only columns of the kind {first} are written; --kind writes another one: {}",
                names(others)
            ));
        }
        return Ok(report);
    };
    let absent = || Failure::Other(format!("no column is of the kind {kind}; there are {}", names(&kinds)));
    report.of_kind(kind).ok_or_else(absent)
}

/// Writes a report, and tells what was left out.
pub fn finish(report: Report, session: &Session, output: Output, format: Format) -> Result<(), Failure> {
    session.check()?;
    // On a terminal they stand below the table already.
    let are_seen = output.seen() == Seen::Terminal && matches!(format, Format::Table | Format::Md);
    let written = output.write(&report, format, &session.interrupt);
    session.check()?; // what was not whole is gone
    written?;
    let mut errors = report.source.errors;
    if errors.is_empty() {
        return Ok(());
    }
    if are_seen {
        errors.clear();
    }
    Err(Failure::LeftOut(errors))
}

/// Text or Arrow, read from front to back.
fn describe_sources(
    args: &Describe,
    sources: &[source::Input],
    session: &Session,
    output: Output,
    format: Format,
) -> Result<(), Failure> {
    inputs::refuse_option(args.option_of_parquet(), sources)?;
    let question = source::Question {
        spec: args.spec().map_err(Failure::Usage)?,
        columns: args.question.columns(),
        wanted: args.wanted()?,
        memory_limit: args.request().map_err(Failure::Usage)?.memory_limit,
    };
    if args.explain {
        let text = inputs::explain(sources, &question.wanted, session)?;
        return output.write_bytes(text.as_bytes(), &session.interrupt);
    }
    let described = session.pool.install(|| source::describe(sources, &question, &session.interrupt));
    let described = described.map_err(|error| session.failed(error))?;
    let errors = skipped(described.skipped);
    let source = Source { files: sources.len(), rows: described.rows, errors, ..Source::default() };
    let report = Report::new(question.spec, source, described.series).with_parts(described.parts);
    finish(of_kind(report, args.kind, format)?, session, output, format)
}

/// Lines that were passed over, as what was left out.
pub fn skipped(inputs: Vec<(String, u64, String)>) -> Vec<Skipped> {
    let told = inputs.into_iter().map(|(file, lines, first)| {
        let plural = if lines == 1 { "line was" } else { "lines were" };
        let message = format!("{lines} {plural} passed over; the first: {first}");
        Skipped { file, column: None, row_group: None, message }
    });
    told.collect()
}
