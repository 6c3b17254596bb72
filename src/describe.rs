//! Many series at once, on the rayon pool that the caller is in: passes over sources until every scan has its answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow_array::{Array, RecordBatch};
use arrow_schema::{ArrowError, Schema};
use rayon::prelude::*;

use crate::error::{self, Error, Result};
use crate::scan::{Keep, Outcome, SAMPLE, Scan};
use crate::series::lane::Element;
use crate::series::table::Columns;
use crate::series::{Chunk, Kind, Lane, Series};
use crate::spec::{NanPolicy, Spec};
use crate::stats::number::Number;
use crate::stats::select::Brackets;
use crate::summary::Summary;

/// Up to so many rows in all series together, no other thread is asked: that would take longer than the work, and outside
/// of a pool it would wake rayon's own, which a forked child does not have.
const FEW: usize = 1 << 12;

/// Series up to this many rows are scanned as a whole, without a sample.
const SHORT: usize = 1 << 18;

/// Rows of a long series that are scanned at a time.
const PIECE: usize = 1 << 17;

/// Passes over one series before it is said to change under way: of data that stays as it is, each pass leaves a small
/// part of the candidates of the one before.
pub(crate) const PASSES: usize = 64;

/// Stops work from outside: from a signal handler, or another thread. Clones stop the same work.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on, the work ends soon with [`Error::Interrupted`].
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// The flag that stops the work once it is true.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.0.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        Ok(())
    }
}

/// The summary of one Arrow array.
///
/// # Errors
///
/// [`Error::NotNumeric`] for an array that holds no numbers, [`Error::Nan`] as `spec` has it.
///
/// ```
/// let array = arrow_array::Float64Array::from(vec![1.5, 2.5, 4.0]);
/// let summary = rstats::describe(&array, &rstats::Spec::default())?;
/// assert_eq!(summary.get("median"), Some(2.5));
/// # Ok::<(), rstats::Error>(())
/// ```
pub fn describe(array: &dyn Array, spec: &Spec) -> Result<Summary> {
    let series = Series::from_arrays(None, vec![array.slice(0, array.len())])?;
    describe_series(&series, spec, &Interrupt::default())
}

/// The summaries of many series, in their order. They are scanned side by side, and long ones in pieces.
///
/// # Errors
///
/// That of the first series that has one: [`Error::Nan`] as `spec` has it, [`Error::Data`] for damaged data,
/// [`Error::Interrupted`].
pub fn describe_all(series: &[Series], spec: &Spec, interrupt: &Interrupt) -> Result<Vec<Summary>> {
    let describe = |series| describe_series(series, spec, interrupt);
    if series.iter().map(Series::rows).sum::<usize>() <= FEW {
        return series.iter().map(describe).collect();
    }
    series.par_iter().map(describe).collect::<Vec<_>>().into_iter().collect()
}

fn describe_series(series: &Series, spec: &Spec, interrupt: &Interrupt) -> Result<Summary> {
    let summary = match series.lane() {
        Lane::Float => passes::<f64>(series, spec, interrupt),
        Lane::Signed => passes::<i64>(series, spec, interrupt),
        Lane::Unsigned => passes::<u64>(series, spec, interrupt),
        Lane::Exact => passes::<Number>(series, spec, interrupt),
    }?;
    if spec.nan() == NanPolicy::Raise && summary.nan_count > 0 {
        let place = error::column(series.name());
        let row = series.first_nan()?.unwrap_or_default();
        return Err(Error::Nan { place, row });
    }
    Ok(summary.named(series.name()))
}

fn passes<T: Element>(series: &Series, spec: &Spec, interrupt: &Interrupt) -> Result<Summary> {
    interrupt.check()?;
    let rows = series.rows();
    if rows <= SHORT {
        let mut scan = Scan::<T>::new(spec, Keep::All);
        for piece in series.pieces(PIECE) {
            interrupt.check()?;
            piece.read(&mut scan)?;
        }
        return match scan.finish(spec) {
            Outcome::Done(summary) => Ok(summary),
            Outcome::Again(_) => Err(changed()), // all values were kept
        };
    }
    let pieces = series.pieces(PIECE);
    let pass = |empty: Scan<T>| -> Result<Scan<T>> {
        let parts = pieces.par_iter().map(|piece| {
            interrupt.check()?;
            let mut scan = empty.clone();
            piece.read(&mut scan)?;
            Ok(scan)
        });
        parts.try_reduce_with(merged).unwrap_or(Ok(empty.clone()))
    };
    let keep = Keep::AtMost((rows / 16).max(SAMPLE));
    let brackets = if spec.quantiles().is_empty() {
        Brackets::unknown()
    } else {
        let mut sample: Vec<T::Key> =
            series.sample::<T>(SAMPLE)?.into_iter().filter(|v| !v.is_nan()).map(T::key).collect();
        sample.sort_unstable();
        let fractions: Vec<f64> = spec.quantiles().iter().map(|p| p.value()).collect();
        Brackets::from_sample(&sample, &fractions)
    };
    let mut scan = pass(Scan::with_brackets(spec, keep, brackets))?;
    for _ in 0..PASSES {
        match scan.finish(spec) {
            Outcome::Done(summary) => return Ok(summary),
            Outcome::Again(brackets) => {
                let again = pass(scan.narrow(keep, brackets))?;
                if !scan.settle(again) {
                    break;
                }
            }
        }
    }
    Err(changed())
}

fn merged<T: Element>(mut left: Scan<T>, right: Scan<T>) -> Result<Scan<T>> {
    left.merge(right);
    Ok(left)
}

pub(crate) fn changed() -> Error {
    Error::Data("the data changed while it was read; describe a copy of it".to_owned())
}

/// The summaries of the wanted columns of a stream of record batches, in column order. The stream is read once; of it,
/// nothing but the values of these columns is kept, and only if `spec` asks for quantiles.
///
/// # Errors
///
/// What [`Columns::choose`] says of the schema, the stream's own errors as [`Error::Data`], and [`Error::Nan`] as
/// `spec` has it.
pub fn describe_stream(
    schema: &Schema,
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
    columns: &Columns,
    spec: &Spec,
    interrupt: &Interrupt,
) -> Result<Vec<Summary>> {
    let places = columns.choose(schema)?;
    let mut scans: Vec<LaneScan> = places
        .iter()
        .map(|&place| {
            let kind = Kind::of(schema.field(place).data_type());
            LaneScan::new(Lane::of(kind.as_slice()), spec, Keep::All)
        })
        .collect();
    let mut row = 0;
    for batch in batches {
        interrupt.check()?;
        let batch = batch.map_err(|error| Error::Data(error.to_string()))?;
        let read = scans.par_iter_mut().zip(&places).map(|(scan, &place)| {
            let column = batch
                .columns()
                .get(place)
                .ok_or_else(|| Error::Data("a batch of the stream has fewer columns than its schema".to_owned()))?;
            let chunk = Chunk::Array(column.clone());
            scan.read(&chunk)?;
            if spec.nan() == NanPolicy::Raise && scan.nan_count() > 0 {
                let place = error::column(Some(schema.field(place).name()));
                let row = row + chunk.first_nan()?.unwrap_or_default();
                return Err(Error::Nan { place, row });
            }
            Ok(())
        });
        read.collect::<Vec<_>>().into_iter().collect::<Result<()>>()?;
        row += batch.num_rows() as u64;
    }
    let summaries = scans.into_iter().zip(&places).map(|(mut scan, &place)| match scan.finish(spec) {
        LaneOutcome::Done(summary) => Ok(summary.named(Some(schema.field(place).name()))),
        LaneOutcome::Again(_) => Err(changed()), // all values were kept
    });
    summaries.collect()
}

/// A [`Scan`] of the kind of number that its series is scanned as.
#[derive(Clone, Debug)]
pub(crate) enum LaneScan {
    Float(Scan<f64>),
    Signed(Scan<i64>),
    Unsigned(Scan<u64>),
    Exact(Box<Scan<Number>>),
}

/// An [`Outcome`]; the scan for another pass stands ready.
#[cfg_attr(not(feature = "parquet"), expect(dead_code, reason = "a stream has one pass"))]
pub(crate) enum LaneOutcome {
    Done(Summary),
    Again(LaneScan),
}

#[cfg_attr(not(feature = "parquet"), expect(dead_code, reason = "a stream has one pass and no parts"))]
impl LaneScan {
    pub(crate) fn new(lane: Lane, spec: &Spec, keep: Keep) -> Self {
        match lane {
            Lane::Float => Self::Float(Scan::new(spec, keep)),
            Lane::Signed => Self::Signed(Scan::new(spec, keep)),
            Lane::Unsigned => Self::Unsigned(Scan::new(spec, keep)),
            Lane::Exact => Self::Exact(Box::new(Scan::new(spec, keep))),
        }
    }

    pub(crate) fn read(&mut self, chunk: &Chunk) -> Result<()> {
        match self {
            Self::Float(scan) => chunk.read(scan),
            Self::Signed(scan) => chunk.read(scan),
            Self::Unsigned(scan) => chunk.read(scan),
            Self::Exact(scan) => chunk.read(scan.as_mut()),
        }
    }

    pub(crate) fn nan_count(&self) -> u64 {
        match self {
            Self::Float(scan) => scan.nan_count(),
            Self::Signed(scan) => scan.nan_count(),
            Self::Unsigned(scan) => scan.nan_count(),
            Self::Exact(scan) => scan.nan_count(),
        }
    }

    pub(crate) fn rows(&self) -> u64 {
        match self {
            Self::Float(scan) => scan.rows(),
            Self::Signed(scan) => scan.rows(),
            Self::Unsigned(scan) => scan.rows(),
            Self::Exact(scan) => scan.rows(),
        }
    }

    /// Another part of the same series, scanned in the same lane.
    pub(crate) fn merge(&mut self, other: Self) {
        match (self, other) {
            (Self::Float(ours), Self::Float(theirs)) => ours.merge(theirs),
            (Self::Signed(ours), Self::Signed(theirs)) => ours.merge(theirs),
            (Self::Unsigned(ours), Self::Unsigned(theirs)) => ours.merge(theirs),
            (Self::Exact(ours), Self::Exact(theirs)) => ours.merge(*theirs),
            _ => debug_assert!(false, "a series is scanned in one lane"),
        }
    }

    /// As [`Scan::settle`].
    pub(crate) fn settle(&mut self, pass: Self) -> bool {
        match (self, pass) {
            (Self::Float(ours), Self::Float(theirs)) => ours.settle(theirs),
            (Self::Signed(ours), Self::Signed(theirs)) => ours.settle(theirs),
            (Self::Unsigned(ours), Self::Unsigned(theirs)) => ours.settle(theirs),
            (Self::Exact(ours), Self::Exact(theirs)) => ours.settle(*theirs),
            _ => false,
        }
    }

    pub(crate) fn finish(&mut self, spec: &Spec) -> LaneOutcome {
        // A bracket holds a few percent of a series; one that would not fit is sampled and narrowed again.
        let keep = Keep::AtMost((self.rows() as usize / 16).max(SAMPLE));
        match self {
            Self::Float(scan) => lane_outcome(scan, spec, keep, Self::Float),
            Self::Signed(scan) => lane_outcome(scan, spec, keep, Self::Signed),
            Self::Unsigned(scan) => lane_outcome(scan, spec, keep, Self::Unsigned),
            Self::Exact(scan) => lane_outcome(scan, spec, keep, |scan| Self::Exact(Box::new(scan))),
        }
    }
}

fn lane_outcome<T: Element>(
    scan: &mut Scan<T>,
    spec: &Spec,
    keep: Keep,
    wrap: impl Fn(Scan<T>) -> LaneScan,
) -> LaneOutcome {
    match scan.finish(spec) {
        Outcome::Done(summary) => LaneOutcome::Done(summary),
        Outcome::Again(brackets) => LaneOutcome::Again(wrap(scan.narrow(keep, brackets))),
    }
}
