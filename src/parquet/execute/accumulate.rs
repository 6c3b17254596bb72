//! Files that an accumulator is updated with.

use std::sync::Mutex;

use super::context::ExecutionContext;
use super::pass::{LeftOut, Scans, pass};
use super::probe::{self, Look};
use crate::accumulator::Accumulator;
use crate::describe::AnyScan;
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::num::figure::NumberType;
use crate::parquet::plan::Plan;
use crate::parquet::request::{Progress, RunMetrics};
use crate::report::Source;
use crate::unpoisoned::Unpoisoned;

impl Plan<'_> {
    /// Updates an accumulator with the columns of numbers of the plan, which has no groups: as [`Accumulator::update`] does with the same rows, but
    /// straight from the pages of the files. Another pass reads the columns that need it. After an error nothing has changed.
    ///
    /// # Errors
    ///
    /// As [`Plan::run`], and [`Accumulator::update`] for a column whose type does not go together with what it was before.
    pub fn accumulate(
        &self,
        accumulator: &mut Accumulator,
        interrupt: &Interrupt,
        progress: &Progress,
    ) -> Result<(Source, RunMetrics)> {
        #[cfg(feature = "allocator")]
        crate::arch::allocator::keep_within(self.budget.limit);
        let run = ExecutionContext { plan: self, interrupt, progress };
        let mut metrics = RunMetrics::default();
        let empties = self.series.iter().map(|series| accumulator.empty_column(&series.name, series.repr));
        let empties: Scans = empties.collect::<Result<_>>()?;
        let found: Vec<Mutex<Option<AnyScan>>> = empties.iter().cloned().map(Mutex::new).collect();
        let failed = pass(&run, &empties, &|_| true, self.hand_over(), &mut metrics, &|_, scans| {
            for (series, scan) in scans {
                if let Some(whole) = found[series].lock().unpoisoned().as_mut() {
                    whole.merge(scan)?;
                }
            }
            Ok(())
        })?;
        let source = self.source(failed, None);
        let scans = found.into_iter().map(|scan| scan.into_inner().unpoisoned()).collect();
        accumulator.add_columns(self.named(scans), source.rows)?;
        Ok((source, metrics))
    }

    /// Aims an accumulator by a look at a few rows of the files, as [`Accumulator::aim`] does by a sample. Short files tell nothing, nor do those
    /// with a predicate.
    ///
    /// # Errors
    ///
    /// As [`Plan::run`], and [`Accumulator::aim`].
    pub fn aim(&self, accumulator: &mut Accumulator, interrupt: &Interrupt, progress: &Progress) -> Result<()> {
        let (spec, keep) = (accumulator.scanned(), accumulator.keep());
        let plan = self.with_series(self.series.clone(), Vec::new(), &spec);
        let run = ExecutionContext { plan: &plan, interrupt, progress };
        let mut empties: Scans =
            plan.series.iter().map(|series| Some(AnyScan::new(series.repr, &spec, keep))).collect();
        probe::aim(&run, &mut empties, &LeftOut::new(), keep, keep, Look::FOR_STATE)?;
        accumulator.aim_columns(plan.named(empties))
    }

    fn named(&self, scans: Scans) -> Vec<(&str, NumberType, AnyScan)> {
        let named = scans.into_iter().zip(&self.series);
        named.filter_map(|(scan, series)| Some((series.name.as_str(), series.number_type, scan?))).collect()
    }
}
