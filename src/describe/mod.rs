//! Many series at once, on the rayon pool that the caller is in: passes over sources until every scan has its answer.
//!
//! `group` finds the rows of groups, `many` describes them, and rows of lists; `sorted` those that came in parts. `few` is for the
//! shortest series, `stream` for batches that come once, `weighted` for those whose rows have weights.

mod few;
mod group;
mod many;
#[cfg(feature = "parquet")]
mod sorted;
mod stream;
mod weighted;

use few::FewValues;
#[cfg(feature = "parquet")]
pub(crate) use group::{Groups, mixed_bits};
pub use many::{ListColumn, describe_groups, describe_lists, describe_matrix};
#[cfg(feature = "parquet")]
pub(crate) use many::{check_names, describe_each_group};
#[cfg(feature = "parquet")]
pub(crate) use sorted::{SortedRows, describe_sorted, distinct};
pub use stream::{StreamDescriber, describe_stream};
pub use weighted::{Weighting, describe_weighted};

use arrow_array::{Array, Float64Array};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{self, Error, Result};
use crate::interrupt::Interrupt;
use crate::num::number::Number;
use crate::scan::{Keep, Outcome, SAMPLE, Scan, serial};
use crate::series::lane::Element;
use crate::series::memory::Memory;
use crate::series::{Chunk, Kind, Lane, Series, array};
use crate::spec::{NanPolicy, Spec};
use crate::stats::select::{self, Brackets};
use crate::summary::Summary;

/// Up to so many rows in all series together, no other thread is asked: that would take longer than the work, and outside
/// of a pool it would wake rayon's own, which a forked child does not have.
const FEW: usize = 1 << 12;

/// Of series up to this many rows all values are kept; longer ones are sampled first.
const SHORT: usize = 1 << 11;

/// Samples of fewer values are sorted by one thread.
const SORTED_ALONE: usize = 1 << 15;

/// Series up to this many rows are scanned on one thread.
const ALONE: usize = 1 << 18;

/// Rows of a long series that are scanned at a time.
const PIECE: usize = 1 << 17;

/// Passes over one series before it is said to change under way: of data that stays as it is, each pass leaves a small
/// part of the candidates of the one before.
pub(crate) const PASSES: usize = 64;

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
    Describer::new(spec).describe(array)
}

/// The summaries of many series, in their order. They are scanned side by side, and long ones in pieces.
///
/// # Errors
///
/// That of the first series that has one: [`Error::Nan`] as `spec` has it, [`Error::Data`] for damaged data,
/// [`Error::Interrupted`].
pub fn describe_all(series: &[Series], spec: &Spec, interrupt: &Interrupt) -> Result<Vec<Summary>> {
    let describer = || Describer { interrupt: interrupt.clone(), ..Describer::new(spec) };
    if series.iter().map(Series::rows).sum::<usize>() <= FEW {
        let mut describer = describer();
        return series.iter().map(|series| describer.describe_series(series)).collect();
    }
    let summaries = series.par_chunks(Memory::TOGETHER).map_init(describer, |describer, neighbours| {
        let near: Option<Vec<&Memory>> = neighbours.iter().map(Series::memory).collect();
        match near.filter(|near| Memory::are_near(near)) {
            None => neighbours.iter().map(|series| describer.describe_series(series)).collect(),
            Some(near) => {
                let arrays = Memory::to_arrays(&near)?.into_iter().zip(neighbours);
                arrays.map(|(array, series)| describer.describe_series(&series.with_array(array))).collect()
            }
        }
    });
    let summaries = summaries.collect::<Vec<Result<Vec<_>>>>();
    let mut all = Vec::with_capacity(series.len());
    for summaries in summaries {
        all.append(&mut summaries?);
    }
    Ok(all)
}

/// Describes one series after another in the same memory: for many short ones.
///
/// ```
/// use arrow_array::Float64Array;
///
/// let mut describer = rstats::Describer::new(&rstats::Spec::default());
/// for values in [vec![1.0, 2.0], vec![3.0, 5.0]] {
///     println!("{:?}", describer.describe(&Float64Array::from(values))?.get("mean"));
/// }
/// # Ok::<(), rstats::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Describer {
    spec: Spec,
    interrupt: Interrupt,
    /// A scan for each lane that short series came in.
    scans: [Option<LaneScan>; 4],
    few: Option<FewValues>,
}

impl Describer {
    /// Nothing described yet.
    pub fn new(spec: &Spec) -> Self {
        Self {
            spec: spec.clone(),
            interrupt: Interrupt::default(),
            scans: [const { None }; 4],
            few: FewValues::new(spec),
        }
    }

    /// The summary of one Arrow array.
    ///
    /// # Errors
    ///
    /// As [`describe`].
    pub fn describe(&mut self, array: &dyn Array) -> Result<Summary> {
        match Kind::of(array.data_type()) {
            Some(kind) if array.len() <= SHORT && self.spec.nan() != NanPolicy::Raise => {
                if let Some(summary) = self.few(array) {
                    return Ok(summary);
                }
                let scan = scan_of(&mut self.scans, Lane::of(&[kind]), &self.spec);
                scan.restart();
                scan.read_array(array)?;
                match scan.finish(&self.spec, Keep::All)? {
                    LaneOutcome::Done(summary) => Ok(summary),
                    LaneOutcome::Again(_) => Err(changed()), // all values were kept
                }
            }
            _ => self.describe_series(&Series::from_arrays(None, vec![array.slice(0, array.len())])?),
        }
    }

    /// The summary of some floats.
    ///
    /// # Errors
    ///
    /// As [`describe`].
    ///
    /// ```
    /// let mut describer = rstats::Describer::new(&rstats::Spec::default());
    /// assert_eq!(describer.describe_values(&[1.0, 2.0, 6.0])?.get("mean"), Some(3.0));
    /// # Ok::<(), rstats::Error>(())
    /// ```
    pub fn describe_values(&mut self, values: &[f64]) -> Result<Summary> {
        if let Some(summary) = self.few.as_ref().and_then(|few| few.summary(values, &self.spec)) {
            return Ok(summary);
        }
        self.describe(&Float64Array::from(values.to_vec()))
    }

    /// Writes the statistics of a few finite floats to `found`, one for each of [`Spec::field_names`], in a tenth of a
    /// microsecond; NaN where one is not defined. `false`, and nothing that counts is written, if that takes more: then
    /// [`Describer::describe_values`] has them.
    pub fn describe_few(&self, values: &[f64], found: &mut [f64]) -> bool {
        found.len() == self.spec.field_names().len()
            && self.few.as_ref().is_some_and(|few| few.describe_one(values, found))
    }

    /// The summary of a few floats without nulls, if that takes no scan.
    fn few(&mut self, array: &dyn Array) -> Option<Summary> {
        let values = array::as_they_are::<f64>(array).filter(|_| array.null_count() == 0)?;
        self.few.as_ref()?.summary(values, &self.spec)
    }

    fn describe_series(&mut self, series: &Series) -> Result<Summary> {
        self.interrupt.check()?;
        if let [Chunk::Array(array)] = series.chunks()
            && let Some(summary) = self.few(array)
        {
            return Ok(summary.named(series.name()));
        }
        let (spec, interrupt) = (&self.spec, &self.interrupt);
        let summary = match scan_of(&mut self.scans, series.lane(), spec) {
            LaneScan::Float(scan) => describe_one(series, spec, interrupt, scan),
            LaneScan::Signed(scan) => describe_one(series, spec, interrupt, scan),
            LaneScan::Unsigned(scan) => describe_one(series, spec, interrupt, scan),
            LaneScan::Exact(scan) => describe_one(series, spec, interrupt, scan.as_mut()),
        }?;
        if self.spec.nan() == NanPolicy::Raise && summary.nan_count > 0 {
            let place = error::column(series.name());
            let row = series.first_nan()?.unwrap_or_default();
            return Err(Error::Nan { place, row });
        }
        Ok(summary.named(series.name()))
    }
}

fn scan_of<'a>(scans: &'a mut [Option<LaneScan>; 4], lane: Lane, spec: &Spec) -> &'a mut LaneScan {
    scans[lane as usize].get_or_insert_with(|| LaneScan::new(lane, spec, Keep::All))
}

/// One series, in the memory of `scan`.
fn describe_one<T: Element>(
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
        sample.sort_unstable();
        restart_around(sample, select::SHORT_MARGIN, rows, spec, scan);
        return passes(rows, spec, interrupt, scan, pass);
    }
    let pieces = series.pieces(PIECE);
    let pass = |scan: &mut Scan<T>| {
        let parts = pieces.par_iter().try_fold(
            || scan.clone(),
            |mut scan, piece| {
                interrupt.check()?;
                piece.read(&mut scan)?;
                Ok(scan)
            },
        );
        if let Some(whole) = parts.try_reduce_with(merged) {
            *scan = whole?;
        }
        Ok(())
    };
    if keeps_all(rows, spec) {
        scan.restart(Keep::All, Brackets::unknown());
    } else {
        let stretch = stretch(rows, spec);
        let samples =
            pieces.par_iter().enumerate().map(|(index, piece)| sampled(piece, stretch, index * (PIECE / stretch)));
        let mut sample = samples.collect::<Result<Vec<_>>>()?.concat();
        // Threads take longer to begin with a short one than to sort it.
        match sample.len() {
            ..SORTED_ALONE => sample.sort_unstable(),
            _ => sample.par_sort_unstable(),
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
    let fractions: Vec<f64> = spec.computed().iter().map(|p| p.value()).collect();
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

/// A [`Scan`] of the kind of number that its series is scanned as.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum LaneScan {
    Float(#[serde(with = "serial")] Scan<f64>),
    Signed(#[serde(with = "serial")] Scan<i64>),
    Unsigned(#[serde(with = "serial")] Scan<u64>),
    Exact(#[serde(with = "serial::boxed")] Box<Scan<Number>>),
}

/// The scan of a lane as what it is.
pub(crate) trait Scanned: Element {
    fn scan(scan: &mut LaneScan) -> Option<&mut Scan<Self>>;
}

macro_rules! scanned {
    ($($type:ty => $lane:ident $(.$unbox:ident())?),*) => {$(
        impl Scanned for $type {
            fn scan(scan: &mut LaneScan) -> Option<&mut Scan<Self>> {
                match scan {
                    LaneScan::$lane(scan) => Some(scan $(.$unbox())?),
                    _ => None,
                }
            }
        }
    )*};
}
scanned!(f64 => Float, i64 => Signed, u64 => Unsigned, Number => Exact.as_mut());

/// An [`Outcome`]; the scan for another pass stands ready.
#[cfg_attr(not(feature = "parquet"), expect(dead_code, reason = "a stream has one pass"))]
#[expect(clippy::large_enum_variant, reason = "one a series, taken apart where it is made")]
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

    /// Nothing seen yet, with the brackets of a scan of the same series: see [`Scan::brackets`].
    pub(crate) fn with_brackets_of(scan: &Self, spec: &Spec, keep: Keep) -> Self {
        fn like<T: Element>(scan: &Scan<T>, spec: &Spec, keep: Keep) -> Scan<T> {
            Scan::with_brackets(spec, keep, scan.brackets().unwrap_or_else(Brackets::unknown))
        }
        match scan {
            Self::Float(scan) => Self::Float(like(scan, spec, keep)),
            Self::Signed(scan) => Self::Signed(like(scan, spec, keep)),
            Self::Unsigned(scan) => Self::Unsigned(like(scan, spec, keep)),
            Self::Exact(scan) => Self::Exact(Box::new(like(scan, spec, keep))),
        }
    }

    /// As [`Scan::aimed`].
    pub(crate) fn aimed(&mut self, spec: &Spec, keep: Keep, sample: usize) -> Self {
        match self {
            Self::Float(scan) => Self::Float(scan.aimed(spec, keep, sample)),
            Self::Signed(scan) => Self::Signed(scan.aimed(spec, keep, sample)),
            Self::Unsigned(scan) => Self::Unsigned(scan.aimed(spec, keep, sample)),
            Self::Exact(scan) => Self::Exact(Box::new(scan.aimed(spec, keep, sample))),
        }
    }

    /// As [`Scan::is_aimed_like`].
    pub(crate) fn is_aimed_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Float(ours), Self::Float(theirs)) => ours.is_aimed_like(theirs),
            (Self::Signed(ours), Self::Signed(theirs)) => ours.is_aimed_like(theirs),
            (Self::Unsigned(ours), Self::Unsigned(theirs)) => ours.is_aimed_like(theirs),
            (Self::Exact(ours), Self::Exact(theirs)) => ours.is_aimed_like(theirs),
            _ => false,
        }
    }

    /// An empty scan for one more pass, with the brackets that this one has: see [`Scan::narrow`].
    pub(crate) fn narrowed(&self, keep: Keep) -> Self {
        fn narrow<T: Element>(scan: &Scan<T>, keep: Keep) -> Scan<T> {
            scan.narrow(keep, scan.brackets().unwrap_or_else(Brackets::unknown))
        }
        match self {
            Self::Float(scan) => Self::Float(narrow(scan, keep)),
            Self::Signed(scan) => Self::Signed(narrow(scan, keep)),
            Self::Unsigned(scan) => Self::Unsigned(narrow(scan, keep)),
            Self::Exact(scan) => Self::Exact(Box::new(narrow(scan, keep))),
        }
    }

    /// Whether both are scanned in one lane and asked for the same, so that they may be parts of one series.
    pub(crate) fn fits(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Float(ours), Self::Float(theirs)) => ours.fits(theirs),
            (Self::Signed(ours), Self::Signed(theirs)) => ours.fits(theirs),
            (Self::Unsigned(ours), Self::Unsigned(theirs)) => ours.fits(theirs),
            (Self::Exact(ours), Self::Exact(theirs)) => ours.fits(theirs),
            _ => false,
        }
    }

    /// As [`Scan::restart`], with all values kept.
    fn restart(&mut self) {
        match self {
            Self::Float(scan) => scan.restart(Keep::All, Brackets::unknown()),
            Self::Signed(scan) => scan.restart(Keep::All, Brackets::unknown()),
            Self::Unsigned(scan) => scan.restart(Keep::All, Brackets::unknown()),
            Self::Exact(scan) => scan.restart(Keep::All, Brackets::unknown()),
        }
    }

    fn read_array(&mut self, array: &dyn Array) -> Result<()> {
        match self {
            Self::Float(scan) => array::read(array, scan),
            Self::Signed(scan) => array::read(array, scan),
            Self::Unsigned(scan) => array::read(array, scan),
            Self::Exact(scan) => array::read(array, scan.as_mut()),
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

    /// Another part of the same series: as [`Scan::merge`], and an error for scans of two lanes.
    pub(crate) fn merge(&mut self, other: Self) -> Result<()> {
        match (self, other) {
            (Self::Float(ours), Self::Float(theirs)) => ours.merge(theirs),
            (Self::Signed(ours), Self::Signed(theirs)) => ours.merge(theirs),
            (Self::Unsigned(ours), Self::Unsigned(theirs)) => ours.merge(theirs),
            (Self::Exact(ours), Self::Exact(theirs)) => ours.merge(*theirs),
            _ => Err(Error::Invalid("scans of two types of numbers do not merge".to_owned())),
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

    /// As [`Scan::update_known`], for integers that the lane holds.
    pub(crate) fn update_known(&mut self, count: u64, nulls: u64, bounds: Option<[i128; 2]>) {
        match self {
            Self::Float(scan) => scan.update_known(count, nulls, bounds.map(pair(|bound| bound as f64))),
            Self::Signed(scan) => scan.update_known(count, nulls, bounds.map(pair(|bound| bound as i64))),
            Self::Unsigned(scan) => scan.update_known(count, nulls, bounds.map(pair(|bound| bound as u64))),
            Self::Exact(scan) => {
                let number = |bound: i128| match i64::try_from(bound) {
                    Ok(bound) => Number::from_signed(bound),
                    Err(_) => Number::from_unsigned(bound as u64),
                };
                scan.update_known(count, nulls, bounds.map(pair(number)));
            }
        }
    }

    /// The answer, or the scan for another pass, which keeps so many values: a bracket that would not fit is sampled and narrowed
    /// again.
    pub(crate) fn finish(&mut self, spec: &Spec, keep: Keep) -> Result<LaneOutcome> {
        match self {
            Self::Float(scan) => lane_outcome(scan, spec, keep, Self::Float),
            Self::Signed(scan) => lane_outcome(scan, spec, keep, Self::Signed),
            Self::Unsigned(scan) => lane_outcome(scan, spec, keep, Self::Unsigned),
            Self::Exact(scan) => lane_outcome(scan, spec, keep, |scan| Self::Exact(Box::new(scan))),
        }
    }
}

fn pair<T>(convert: impl Fn(i128) -> T) -> impl Fn([i128; 2]) -> (T, T) {
    move |[min, max]| (convert(min), convert(max))
}

fn lane_outcome<T: Element>(
    scan: &mut Scan<T>,
    spec: &Spec,
    keep: Keep,
    wrap: impl Fn(Scan<T>) -> LaneScan,
) -> Result<LaneOutcome> {
    Ok(match scan.finish(spec)? {
        Outcome::Done(summary) => LaneOutcome::Done(summary),
        Outcome::Again(brackets) => {
            let narrow = scan.narrow(keep, brackets);
            scan.forget_candidates();
            LaneOutcome::Again(wrap(narrow))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scans of two types of numbers were an assertion of debug builds alone.
    #[test]
    fn scans_of_two_types_do_not_merge() {
        let spec = Spec::default();
        let lanes = [Lane::Float, Lane::Signed, Lane::Unsigned, Lane::Exact];
        for ours in lanes {
            for theirs in lanes {
                let mut scan = LaneScan::new(ours, &spec, Keep::All);
                let other = LaneScan::new(theirs, &spec, Keep::All);
                assert_eq!((scan.fits(&other), scan.merge(other).is_ok()), (ours == theirs, ours == theirs));
                let other = LaneScan::new(ours, &spec.clone().with_nan(NanPolicy::Omit), Keep::All);
                assert!(!scan.fits(&other) && scan.merge(other).is_err());
            }
        }
    }
}
