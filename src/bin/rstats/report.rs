//! `rstats report`.

use std::ffi::OsString;

use rstats::parquet::{Answer, Dataset, PairAnswer, Request};
use rstats::report::{Page, Report, Source};
use rstats::{Columns, Interrupt, Kinds, NanPolicy, PairMatrix, PairSpec, Series, Spec, correlate, source};

use crate::args::ReportArgs;
use crate::describe::skipped;
use crate::inputs::{self, Inputs};
use crate::output::Output;
use crate::progress;
use crate::run::{Failure, Session, tell};

/// What a page is made of.
struct Found {
    whole: Report,
    groups: Option<Report>,
    pairs: Option<PairMatrix>,
    /// What is not on it, and why.
    note: Option<String>,
}

pub fn run(args: &ReportArgs) -> Result<(), Failure> {
    let spec = args.spec().map_err(Failure::Usage)?;
    let request = args.request().map_err(Failure::Usage)?;
    let path = args.output().map_err(Failure::Usage)?;
    let output = Output::open(Some(&path))?;
    let session = Session::new(args.data.threads, args.data.verbose)?;
    let found = match inputs::of(&args.data.paths, &args.data.input)? {
        Inputs::Sources(sources) => of_sources(args, spec, &sources, &session)?,
        Inputs::Parquet(paths, _spool) => of_parquet(args, &spec, &request, &paths, &output, &session)?,
    };
    let Found { whole, groups, pairs, note } = found;
    let page = Page::new(args.title.clone().unwrap_or_else(|| args.name()));
    let page = groups.into_iter().fold(page, Page::with_groups);
    let page = pairs.into_iter().fold(page, Page::with_pairs);
    let page = note.into_iter().fold(page, Page::with_note);
    session.check()?;
    output.write_bytes(whole.to_page(&page).as_bytes(), &session.interrupt)?;
    tell(&format!("the report is {}", path.display()));
    match whole.source.errors.is_empty() {
        true => Ok(()),
        false => Err(Failure::LeftOut(whole.source.errors)),
    }
}

/// Pearson's r, of which NaNs are left out as of the statistics.
fn of_pairs() -> PairSpec {
    PairSpec { nan: NanPolicy::Omit, ..PairSpec::default() }
}

/// The columns whose pairs are correlated, unless they are too few or too many.
fn correlated(args: &ReportArgs, whole: &Report) -> Option<Vec<String>> {
    let numbers: Vec<String> = whole.series.columns().iter().flatten().cloned().collect();
    (2..=args.correlations).contains(&numbers.len()).then_some(numbers)
}

/// That the page has no correlations as there are too many columns, if any were asked for.
fn too_many(args: &ReportArgs, whole: &Report) -> Option<String> {
    let columns = whole.series.columns().iter().flatten().count();
    (args.correlations > 0 && columns > args.correlations).then(|| {
        format!(
            "{columns} columns of numbers have too many pairs to look at: --correlations {columns} shows them, -c chooses among \
             the columns."
        )
    })
}

fn of_parquet(
    args: &ReportArgs,
    spec: &Spec,
    request: &Request,
    paths: &[OsString],
    output: &Output,
    session: &Session,
) -> Result<Found, Failure> {
    let interrupt = &session.interrupt;
    let ask = |request: &Request| {
        let open = || Dataset::open_with(paths, request, interrupt);
        let dataset = session.pool.install(open).map_err(|error| session.failed(error))?;
        output.refuse_input(&dataset)?;
        let work = |progress: &_| {
            session.pool.install(|| dataset.plan(request, spec).and_then(|plan| plan.run(interrupt, progress)))
        };
        let of = |answer: &Answer| (answer.source.clone(), answer.metrics);
        let answer = progress::shown_as(progress::usual(), false, work, of).map_err(|error| session.failed(error))?;
        Ok(Report::new(spec.clone(), answer.source, answer.series).with_parts(answer.parts))
    };
    let whole = ask(&Request { by: Vec::new(), ..request.clone() })?;
    let groups = if request.by.is_empty() { None } else { Some(ask(request)?) };
    let Some(numbers) = correlated(args, &whole) else {
        let note = too_many(args, &whole);
        return Ok(Found { whole, groups, pairs: None, note });
    };
    let request =
        Request { columns: Columns::Named(numbers), kinds: Kinds::Numbers, by: Vec::new(), ..request.clone() };
    let open = || Dataset::open_with(paths, &request, interrupt);
    let dataset = session.pool.install(open).map_err(|error| session.failed(error))?;
    let question = Spec::default();
    let work = |progress: &_| {
        session.pool.install(|| dataset.plan(&request, &question)?.correlate(&of_pairs(), interrupt, progress))
    };
    let of = |answer: &PairAnswer| (answer.source.clone(), answer.metrics);
    let answer = progress::shown_as(progress::usual(), false, work, of).map_err(|error| session.failed(error))?;
    Ok(Found { whole, groups, pairs: Some(answer.matrix), note: None })
}

/// Text or Arrow. What is described as a whole, by groups and in pairs is read as often; standard input can be read once.
fn of_sources(args: &ReportArgs, spec: Spec, sources: &[source::Input], session: &Session) -> Result<Found, Failure> {
    inputs::refuse_option(args.data.option_of_parquet(), sources)?;
    let interrupt = &session.interrupt;
    let memory_limit = args.data.memory_limit().map_err(Failure::Usage)?;
    let ask = |keys: Vec<String>| {
        let wanted = source::Wanted { keys, ..args.wanted()? };
        let question = source::Question { spec: spec.clone(), columns: args.columns(), wanted, memory_limit };
        let described = session.pool.install(|| source::describe(sources, &question, interrupt));
        let described = described.map_err(|error| session.failed(error))?;
        let errors = skipped(described.skipped);
        let source = Source { files: sources.len(), rows: described.rows, errors, ..Source::default() };
        Ok::<_, Failure>(Report::new(spec.clone(), source, described.series).with_parts(described.parts))
    };
    let is_read_once = args.data.paths.is_empty();
    if is_read_once {
        let whole = ask(args.by())?;
        let note = "Standard input is read once: there are no correlations, and with --by no columns as a whole.";
        return Ok(Found { whole, groups: None, pairs: None, note: Some(note.to_owned()) });
    }
    let whole = ask(Vec::new())?;
    let groups = if args.by().is_empty() { None } else { Some(ask(args.by())?) };
    let Some(numbers) = correlated(args, &whole) else {
        let note = too_many(args, &whole);
        return Ok(Found { whole, groups, pairs: None, note });
    };
    let pairs = session.pool.install(|| pairs_of(args, sources, numbers, interrupt));
    Ok(Found { whole, groups, pairs: Some(pairs?.map_err(|error| session.failed(error))?), note: None })
}

fn pairs_of(
    args: &ReportArgs,
    sources: &[source::Input],
    numbers: Vec<String>,
    interrupt: &Interrupt,
) -> Result<rstats::Result<PairMatrix>, Failure> {
    let wanted = args.data.input.wanted_columns(Some(numbers.clone()), args.data.skips())?;
    let mut batches = Vec::new();
    let read = source::read_all(sources, &wanted, interrupt, |_, more| {
        batches.extend(more);
        Ok(())
    });
    let series = read.and_then(|_| Series::from_batches(&batches, &Columns::Named(numbers)));
    Ok(series.and_then(|series| correlate(&series, &of_pairs(), interrupt)))
}
