//! Several passes over values that can be read again, in parts, on any number of threads, processes or machines.
//!
//! ```text
//! let empty = Accumulator::new(&spec).with_kept(4096);    // the question
//! whole = empty.clone() updated with each part, merged     // anywhere, in any order
//! while let Some(again) = whole.another_pass()? {          // an empty one, which knows where the quantiles are: some KB
//!     whole.settle(again.clone() updated with each part, merged)?;
//! }
//! whole.summaries()
//! ```
//!
//! A pass narrows down where the quantiles are; the last one keeps the values around them. One that has seen other values than the first pass is
//! refused: it has another count, or another exact sum.

use super::others::OtherColumns;
#[cfg(feature = "parquet")]
use super::table::ReadColumns;
use super::{Accumulator, Column, LEAST_KEPT, Passes};
use crate::describe::{AnyScan, TypedColumn};
use crate::error::{Error, Result, column};
use crate::interrupt::Interrupt;
use crate::scan::Keep;
use crate::series::{Repr, Series};
use crate::spec::{Spec, Statistic};

impl Passes {
    /// One pass, which keeps all values.
    #[cfg(feature = "stream")]
    pub(super) const ALL: Self = Self { kept: u64::MAX, is_another: false };

    /// Whether [`Accumulator::with_kept`] makes such.
    pub(super) fn is_possible(self) -> bool {
        self.kept >= LEAST_KEPT
    }
}

impl Accumulator {
    /// The same, which keeps about `values` values of each column for its quantiles (at least 256), as its values can be read again. Of the same column
    /// all parts have to have one type: integers are not read as floats.
    pub fn with_kept(self, values: u64) -> Self {
        let passes = Passes { kept: values.max(LEAST_KEPT), is_another: false };
        Self { passes: Some(passes), ..self }
    }

    /// How many values of a column it keeps; `None` for all.
    pub fn kept(&self) -> Option<u64> {
        self.passes.map(|passes| passes.kept)
    }

    /// Whether it is another pass: see [`Accumulator::another_pass`].
    pub fn is_another_pass(&self) -> bool {
        self.passes.is_some_and(|passes| passes.is_another)
    }

    /// Whether it looks for quantiles, and does not keep all values for them: [`Accumulator::aim`] mostly saves it a pass.
    pub fn may_need_passes(&self) -> bool {
        self.passes.is_some() && self.spec.looks_at_order()
    }

    /// Looks for the quantiles where these rows, a sample of all, have them: then one pass is mostly enough. It does not count the rows. Times get
    /// the types that they have here, to which those of other rows come.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for one that keeps all values, or has seen some; as [`Accumulator::update`] for the sample.
    pub fn aim(&mut self, sample: &[Series], interrupt: &Interrupt) -> Result<()> {
        self.aim_all(sample, &[], interrupt)
    }

    /// As [`Accumulator::aim`], with columns that hold no numbers beside the series.
    ///
    /// # Errors
    ///
    /// As [`Accumulator::aim`].
    pub fn aim_all(&mut self, sample: &[Series], others: &[TypedColumn], interrupt: &Interrupt) -> Result<()> {
        let passes = self.passes_to_aim()?;
        // All values of the sample are kept.
        let mut seen = Self { passes: Some(Passes { kept: u64::MAX, ..passes }), limit: None, ..self.clone_empty() };
        seen.update_all(sample, others, interrupt)?;
        self.take_aim(seen);
        Ok(())
    }

    /// Looks for quantiles where this one has them, which has kept all values of a sample.
    fn take_aim(&mut self, seen: Self) {
        let (spec, keep) = (self.scanned(), self.keep());
        let aimed = |mut column: Column| Column { scan: column.scan.aimed_by_itself(&spec, keep), ..column };
        self.columns = seen.columns.into_iter().map(aimed).collect();
        self.others = seen.others;
        self.others.clear(|_| true);
        self.ticks = seen.ticks.map(|seen| {
            let mut ticks = Self { passes: self.passes, ..seen.clone_empty() };
            ticks.take_aim(*seen);
            Box::new(ticks)
        });
    }

    /// The same with columns that are aimed already.
    #[cfg(feature = "parquet")]
    pub(crate) fn aim_columns(&mut self, aimed: ReadColumns<'_>) -> Result<()> {
        self.passes_to_aim()?;
        let Self { columns, others, ticks, .. } = self.part_of(aimed);
        (self.columns, self.others, self.ticks) = (columns, others, ticks);
        Ok(())
    }

    fn passes_to_aim(&self) -> Result<Passes> {
        self.passes.filter(|passes| !passes.is_another && self.rows == 0).ok_or_else(|| {
            Error::Invalid(
                "only an accumulator that keeps some values, and has seen none, is aimed by a sample".to_owned(),
            )
        })
    }

    /// An empty accumulator for one more pass over the same values, which [`Accumulator::settle`] takes then; `None` where everything is decided.
    ///
    /// # Errors
    ///
    /// [`Error::Nulls`] as the spec has it, [`Error::Invalid`] if this is another pass itself.
    pub fn another_pass(&mut self) -> Result<Option<Self>> {
        if self.is_another_pass() {
            return Err(Error::Invalid("settle the accumulator that asked for this pass, and ask that one".to_owned()));
        }
        let Some(passes) = self.passes else { return Ok(None) };
        let (spec, keep) = (&self.spec, self.keep());
        let mut columns = Vec::new();
        for column in &mut self.columns {
            let name = column.name.as_deref();
            let next = column.scan.next_pass(spec, keep).map_err(|error| error.of_series(name))?;
            columns.extend(next.map(|scan| Column {
                name: column.name.clone(),
                number_type: column.number_type,
                scan,
            }));
        }
        let ticks = self.ticks.as_mut().map(|ticks| ticks.another_pass()).transpose()?.flatten().map(Box::new);
        let mut others = self.others.clone();
        others.clear(|name| ticks.as_ref().is_some_and(|ticks| ticks.needs(name)));
        let passes = Some(Passes { is_another: true, ..passes });
        let is_needed = !columns.is_empty() || ticks.is_some();
        Ok(is_needed.then(|| Self { passes, columns, others, ticks, ..self.clone_empty() }))
    }

    /// Takes over what another pass over the same values has found.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for what is no pass of this one, [`Error::Data`] for one over other values.
    pub fn settle(&mut self, pass: &Self) -> Result<()> {
        let is_its_own = pass.is_another_pass()
            && !self.is_another_pass()
            && (&self.spec, &self.wanted, self.kept()) == (&pass.spec, &pass.wanted, pass.kept())
            && (self.ticks.is_some() || pass.ticks.is_none());
        let place = |column: &Column| self.columns.iter().position(|ours| ours.name == column.name);
        let places: Option<Vec<usize>> = pass.columns.iter().map(place).collect();
        let (true, Some(places)) = (is_its_own, places) else {
            return Err(Error::Invalid("this is no other pass of the accumulator that is settled".to_owned()));
        };
        for (found, &place) in pass.columns.iter().zip(&places) {
            let ours = &mut self.columns[place].scan;
            if !ours.saw_as(&found.scan) {
                return Err(Error::Data(format!(
                    "{} has other values in this pass than in the first one; keep (persist, cache) the data, or read files that stay as they are",
                    column(found.name.as_deref())
                )));
            }
        }
        if let (Some(ours), Some(theirs)) = (&mut self.ticks, &pass.ticks) {
            ours.settle(theirs)?;
        }
        for (found, place) in pass.columns.iter().zip(places) {
            self.columns[place].scan.take_candidates(found.scan.clone());
        }
        Ok(())
    }

    /// Whether a series of this name is looked at: another pass has the columns that need it.
    pub(super) fn needs(&self, name: Option<&str>) -> bool {
        !self.is_another_pass() || self.columns.iter().any(|column| column.name.as_deref() == name)
    }

    /// How many values its scans keep.
    pub(crate) fn keep(&self) -> Keep {
        match self.passes {
            None | Some(Passes { kept: u64::MAX, .. }) => Keep::All,
            Some(passes) => Keep::AtMost(usize::try_from(passes.kept).unwrap_or(usize::MAX)),
        }
    }

    /// What its scans are made for: with passes the sum, by which they are compared.
    pub(crate) fn scanned(&self) -> Spec {
        match self.passes {
            Some(_) if self.spec.looks_at_order() => {
                let statistics = self.spec.statistics().iter().copied().chain([Statistic::Sum]);
                self.spec.clone().with_statistics(statistics.collect::<Vec<_>>())
            }
            _ => self.spec.clone(),
        }
    }

    /// A scan of nothing.
    pub(super) fn empty_scan(&self, repr: Repr) -> AnyScan {
        AnyScan::new(repr, &self.scanned(), self.keep())
    }

    /// A scan that a column of this repr may have.
    pub(super) fn fresh_scan(&self, repr: Repr) -> AnyScan {
        let scan = self.empty_scan(repr);
        if self.is_another_pass() { scan.narrowed_with_sum(self.keep()) } else { scan }
    }

    /// The same question of nothing, for rows of columns that hold neither numbers nor times: all of them, in every pass.
    #[cfg(feature = "parquet")]
    pub(crate) fn clone_for_rows(&self) -> Self {
        let passes = self.passes.map(|passes| Passes { is_another: false, ..passes });
        Self { passes, ..self.clone_empty() }
    }

    /// The same question of nothing.
    pub(crate) fn clone_empty(&self) -> Self {
        Self {
            spec: self.spec.clone(),
            wanted: self.wanted.clone(),
            limit: self.limit,
            rows: 0,
            columns: Vec::new(),
            others: OtherColumns::default(),
            ticks: None,
            passes: self.passes,
        }
    }
}
