//! Series one by one, and side by side.

use arrow_array::{Array, Float64Array};

use super::any_scan::{AnyOutcome, AnyScan, with_scan};
use super::passes::{SHORT, changed, describe_one};
use super::short_series::ShortSeries;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::scan::Keep;
use crate::series::strided_buffer::StridedBuffer;
use crate::series::table::number_type;
use crate::series::{Chunk, Kind, Repr, Series, from_arrow};
use crate::spec::{NanPolicy, Spec};
use crate::summary::Summary;
use crate::threads::Threads;

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
    let describe = |describer: &mut Describer, neighbours: &[Series]| -> Result<Vec<Summary>> {
        let near: Option<Vec<&StridedBuffer>> = neighbours.iter().map(Series::memory).collect();
        match near.filter(|near| StridedBuffer::are_near(near)) {
            None => neighbours.iter().map(|series| describer.describe_series(series)).collect(),
            Some(near) => {
                let arrays = StridedBuffer::to_arrays(&near)?.into_iter().zip(neighbours);
                arrays.map(|(array, series)| describer.describe_series(&series.with_array(array))).collect()
            }
        }
    };
    let threads = Threads::for_values(series.iter().map(Series::rows).sum());
    Ok(threads
        .try_map_with(series.chunks(StridedBuffer::TOGETHER), describer, describe)?
        .into_iter()
        .flatten()
        .collect())
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
    pub(super) spec: Spec,
    pub(super) interrupt: Interrupt,
    /// A scan for each repr that short series came in.
    pub(super) scans: [Option<AnyScan>; 4],
    pub(super) few: Option<ShortSeries>,
}

impl Describer {
    /// Nothing described yet.
    pub fn new(spec: &Spec) -> Self {
        Self {
            spec: spec.clone(),
            interrupt: Interrupt::default(),
            scans: [const { None }; 4],
            few: ShortSeries::new(spec),
        }
    }

    /// The same, given up when `interrupt` says so.
    #[cfg(feature = "parquet")]
    pub(crate) fn with_interrupt(spec: &Spec, interrupt: &Interrupt) -> Self {
        Self { interrupt: interrupt.clone(), ..Self::new(spec) }
    }

    /// The summary of one Arrow array.
    ///
    /// # Errors
    ///
    /// As [`describe`].
    pub fn describe(&mut self, array: &dyn Array) -> Result<Summary> {
        match Kind::of(array.data_type()) {
            Some(kind) if array.len() <= SHORT && self.spec.nan() != NanPolicy::Raise => {
                let number_type = number_type(array.data_type());
                if let Some(summary) = self.few(array) {
                    return Ok(summary.of_type(number_type));
                }
                let scan = scan_of(&mut self.scans, Repr::of(&[kind]), &self.spec);
                scan.restart();
                scan.read_array(array)?;
                match scan.finish(&self.spec, Keep::All)? {
                    AnyOutcome::Done(summary) => Ok(summary.of_type(number_type)),
                    AnyOutcome::Again(_) => Err(changed()), // all values were kept
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
        let values = from_arrow::as_they_are::<f64>(array).filter(|_| array.null_count() == 0)?;
        self.few.as_ref()?.summary(values, &self.spec)
    }

    fn describe_series(&mut self, series: &Series) -> Result<Summary> {
        self.interrupt.check()?;
        if let [Chunk::Array(array)] = series.chunks()
            && let Some(summary) = self.few(array)
        {
            return Ok(summary.named(series.name()).of_type(series.number_type()));
        }
        let (spec, interrupt) = (&self.spec, &self.interrupt);
        let scan = scan_of(&mut self.scans, series.repr(), spec);
        let summary = with_scan!(scan, scan => describe_one(series, spec, interrupt, scan));
        let summary = summary.map_err(|error| error.of_series(series.name()))?;
        if self.spec.nan() == NanPolicy::Raise && summary.nan_count > 0 {
            let row = series.first_nan()?.unwrap_or_default();
            return Err(Error::Nan { name: series.name().map(str::to_owned), file: None, row });
        }
        Ok(summary.named(series.name()).of_type(series.number_type()))
    }
}

pub(super) fn scan_of<'a>(scans: &'a mut [Option<AnyScan>; 4], repr: Repr, spec: &Spec) -> &'a mut AnyScan {
    scans[repr as usize].get_or_insert_with(|| AnyScan::new(repr, spec, Keep::All))
}
