//! `rstats correlate`.

use std::ffi::OsString;
use std::io::{self, Write};

use rstats::parquet::{Dataset, PairAnswer};
use rstats::report::Source;
use rstats::{PairMatrix, Series, Spec, correlate, source};

use crate::args::{Correlate, Format};
use crate::describe::skipped;
use crate::inputs::{self, Inputs};
use crate::output::Output;
use crate::progress;
use crate::run::{Failure, Session};

pub fn run(args: &Correlate) -> Result<(), Failure> {
    let spec = args.spec().map_err(Failure::Usage)?;
    let request = args.request().map_err(Failure::Usage)?;
    let output = Output::open(args.output.as_deref())?;
    let format = args.format(output.seen()).map_err(Failure::Usage)?;
    let session = Session::new(args.data.threads, args.data.verbose)?;
    let interrupt = &session.interrupt;
    let (paths, _spool): (Vec<OsString>, _) = match inputs::of(&args.data.paths, &args.data.input)? {
        Inputs::Sources(sources) => {
            inputs::refuse_option(args.data.option_of_parquet(), &sources)?;
            let (matrix, source) = of_sources(args, &sources, &session)?;
            return finish(&matrix, source, &session, output, format);
        }
        Inputs::Parquet(paths, spool) => (paths, spool),
    };
    let open = || Dataset::open_with(&paths, &request, interrupt);
    let dataset = session.pool.install(open).map_err(|error| session.failed(error))?;
    let question = Spec::default();
    let plan = session.pool.install(|| dataset.plan(&request, &question)).map_err(|error| session.failed(error))?;
    output.refuse_input(&dataset)?;
    let work = |progress: &_| session.pool.install(|| plan.correlate(&spec, interrupt, progress));
    let of = |answer: &PairAnswer| (answer.source.clone(), answer.metrics);
    let answer = progress::shown_as(progress::usual(), false, work, of).map_err(|error| session.failed(error))?;
    finish(&answer.matrix, answer.source, &session, output, format)
}

/// Text or Arrow, all of whose columns of numbers are kept.
fn of_sources(args: &Correlate, sources: &[source::Input], session: &Session) -> Result<(PairMatrix, Source), Failure> {
    let spec = args.spec().map_err(Failure::Usage)?;
    let wanted = args.data.input.wanted_columns(args.columns(), args.data.skips())?;
    let mut batches = Vec::new();
    let read = || {
        source::read_all(sources, &wanted, &session.interrupt, |_, more| {
            batches.extend(more);
            Ok(())
        })
    };
    let errors = skipped(session.pool.install(read).map_err(|error| session.failed(error))?);
    let rows = batches.iter().map(|batch| batch.num_rows() as u64).sum();
    let of_batches =
        || correlate(&Series::from_batches(&batches, &args.columns_of_batches())?, &spec, &session.interrupt);
    let matrix = session.pool.install(of_batches).map_err(|error| session.failed(error))?;
    Ok((matrix, Source { files: sources.len(), rows, errors, ..Source::default() }))
}

fn finish(
    matrix: &PairMatrix,
    source: Source,
    session: &Session,
    output: Output,
    format: Format,
) -> Result<(), Failure> {
    session.check()?;
    let written = output.write_pairs(matrix, format, &session.interrupt);
    session.check()?; // what was not whole is gone
    written?;
    match source.errors.is_empty() {
        true => Ok(()),
        false => Err(Failure::LeftOut(source.errors)),
    }
}

/// Writes the coefficients in a format.
pub fn write_pairs(matrix: &PairMatrix, format: Format, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Json => matrix.write_json(out),
        Format::Ndjson => matrix.write_ndjson(out),
        Format::Csv => matrix.write_csv(out),
        Format::Md => out.write_all(matrix.to_markdown().as_bytes()),
        // What else there is was refused.
        Format::Table | Format::Parquet | Format::Arrow => {
            let width = comfy_table::Table::new().width().map_or(usize::MAX, usize::from);
            writeln!(out, "{}", matrix.to_table(width))
        }
    }
}
