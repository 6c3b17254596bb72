//! Passes over one series, until its scan has the answer.

use crate::arch::Tier;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::scan::{Keep, Outcome, SAMPLE, Scan};
use crate::series::repr::Element;
use crate::series::{Chunk, Series};
use crate::spec::Spec;
use crate::stats::select::{self, Brackets};
use crate::summary::Summary;
use crate::threads::Threads;

/// Of series up to this many rows all values are kept; longer ones are sampled first.
pub(super) const SHORT: usize = 1 << 11;

/// Samples of fewer values are sorted by one thread.
pub(super) const SORTED_ALONE: usize = 1 << 15;

/// Series up to this many rows are scanned on one thread.
pub(super) const ALONE: usize = 1 << 18;

/// Rows of a long series that are scanned at a time.
pub(super) const PIECE: usize = 1 << 17;

/// Passes over one series before it is said to change under way: of data that stays as it is, each pass leaves a small
/// part of the candidates of the one before.
pub(crate) const PASSES: usize = 64;

/// One series, in the memory of `scan`.
pub(super) fn describe_one<T: Element>(
    series: &Series,
    spec: &Spec,
    interrupt: &Interrupt,
    scan: &mut Scan<T>,
) -> Result<Summary> {
    let rows = series.rows();
    let sampled = |chunk: &Chunk, stretch, turn| -> Result<Vec<T::Key>> {
        let sample: Vec<T> = chunk.sample(stretch, turn)?;
        Ok(sample.into_iter().filter(|value| !value.is_nan()).map(T::key).collect())
    };
    if rows <= ALONE {
        let chunks = series.chunks();
        let pass = |scan: &mut Scan<T>| chunks.iter().try_for_each(|chunk| chunk.read(scan));
        if spec.counts_alone() && rows > SHORT {
            scan.restart(Keep::AtMost(SAMPLE), Brackets::between(&[], &[]));
            return passes(rows, spec, interrupt, scan, pass);
        }
        if rows <= SHORT || keeps_all(rows, spec) {
            scan.restart(Keep::All, Brackets::unknown());
            return passes(rows, spec, interrupt, scan, pass);
        }
        let stretch = stretch(rows, spec);
        let samples = chunks.iter().scan(0, |turn, chunk| {
            let sample = sampled(chunk, stretch, *turn);
            *turn += chunk.len() / stretch;
            Some(sample)
        });
        let mut sample = samples.collect::<Result<Vec<_>>>()?.concat();
        select::sort(&mut sample, Tier::best());
        restart_around(sample, select::SHORT_MARGIN, rows, spec, scan);
        return passes(rows, spec, interrupt, scan, pass);
    }
    let pieces = series.pieces(PIECE);
    let pass = |scan: &mut Scan<T>| {
        let read = |scan: &mut Scan<T>, piece: &Chunk| {
            interrupt.check()?;
            piece.read(scan)
        };
        let (_, parts) = Threads::All.fold(&pieces, || scan.clone(), read)?;
        if let Some(whole) = parts.into_iter().map(Ok).reduce(|a, b| merged(a?, b?)) {
            *scan = whole?;
        }
        Ok(())
    };
    if spec.counts_alone() {
        scan.restart(Keep::AtMost(SAMPLE), Brackets::between(&[], &[]));
    } else if keeps_all(rows, spec) {
        scan.restart(Keep::All, Brackets::unknown());
    } else {
        let stretch = stretch(rows, spec);
        let sampled = |index: usize| sampled(&pieces[index], stretch, index * (PIECE / stretch));
        let mut sample = Threads::All.try_map(pieces.len(), sampled)?.concat();
        // Threads take longer to begin with a short one than to sort it.
        match sample.len() {
            ..SORTED_ALONE => select::sort(&mut sample, Tier::best()),
            _ => Threads::All.sort_by(&mut sample, Ord::cmp),
        }
        restart_around(sample, select::MARGIN, rows, spec, scan);
    }
    passes(rows, spec, interrupt, scan, pass)
}

/// One of how many rows is sampled.
fn stretch(rows: usize, spec: &Spec) -> usize {
    // Each quantile has two neighbours.
    rows / select::sample_size(rows, 2 * spec.computed().len()).clamp(1, rows)
}

/// Whether no sample is taken before all values are kept: nothing is asked of the order, or too much.
fn keeps_all(rows: usize, spec: &Spec) -> bool {
    // Each quantile has two neighbours.
    !select::is_sampled(rows, 2 * spec.computed().len())
}

/// Empties a scan, and aims it at where a sorted sample has the quantiles.
fn restart_around<T: Element>(sample: Vec<T::Key>, margin: f64, rows: usize, spec: &Spec, scan: &mut Scan<T>) {
    let fractions = spec.fractions();
    let brackets = Brackets::from_sample(&sample, &fractions, margin);
    let share = brackets.share(&sample);
    scan.restart(keep(rows, share), brackets);
}

/// Half as many again as a sample promises, or what another pass finds.
fn keep(rows: usize, share: f64) -> Keep {
    Keep::AtMost(((rows as f64 * share * 1.5) as usize).max(rows / 16).max(SAMPLE))
}

/// Passes over one series until it is decided, the first into an empty scan, with the brackets that it has.
fn passes<T: Element>(
    rows: usize,
    spec: &Spec,
    interrupt: &Interrupt,
    scan: &mut Scan<T>,
    pass: impl Fn(&mut Scan<T>) -> Result<()>,
) -> Result<Summary> {
    pass(scan)?;
    for _ in 0..PASSES {
        match scan.finish_unless(interrupt, spec)? {
            Outcome::Done(summary) => return Ok(summary),
            Outcome::Again(brackets) => {
                let mut again = scan.narrow(keep(rows, 0.0), brackets);
                pass(&mut again)?;
                if !scan.settle(again) {
                    break;
                }
            }
        }
    }
    Err(changed())
}

fn merged<T: Element>(mut left: Scan<T>, right: Scan<T>) -> Result<Scan<T>> {
    left.merge(right)?;
    Ok(left)
}

pub(crate) fn changed() -> Error {
    Error::Data("the data changed while it was read; describe a copy of it".to_owned())
}
