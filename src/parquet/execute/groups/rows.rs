//! The rows themselves, for who groups them in a way of their own.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use arrow_array::RecordBatch;

use super::reading::Reading;
use super::table::Table;
use crate::error::{Error, Result};
use crate::escape::{NAME, shown};
use crate::interrupt::Interrupt;
use crate::parquet::execute::context::ExecutionContext;
use crate::parquet::execute::pass::LeftOut;
use crate::parquet::plan::Plan;
use crate::parquet::request::{Progress, RunMetrics};
use crate::report::Source;

impl Plan<'_> {
    /// Bytes of memory for what is made of the rows of [`Plan::read_rows`]: half of the limit, but for what the process took before.
    pub fn memory_for_rows(&self) -> u64 {
        self.budget.pool.capacity() / 2
    }

    /// That [`Plan::memory_for_rows`] is not enough, as what it means for the limit of all.
    pub fn limit_error(&self, error: Error) -> Error {
        match error {
            Error::MemoryLimit { what, needed, .. } => {
                let missing = 2 * needed.saturating_sub(self.memory_for_rows());
                Error::MemoryLimit { what, needed: self.budget.beyond(missing), limit: self.budget.limit }
            }
            error => error,
        }
    }

    /// Hands on the rows that count, batch by batch: in any order, from any thread of the pool. Each batch has the columns of [`Request::by`],
    /// then the series, in one schema for all files. Where a file fails half-way and is to be left out, `start_again` is called, and
    /// all other rows come once more.
    ///
    /// # Errors
    ///
    /// As [`Plan::run`]; what `take` says.
    ///
    /// [`Request::by`]: crate::parquet::Request::by
    pub fn read_rows(
        &self,
        interrupt: &Interrupt,
        progress: &Progress,
        start_again: &mut dyn FnMut(),
        take: &(dyn Fn(RecordBatch) -> Result<()> + Sync),
    ) -> Result<(Source, RunMetrics)> {
        #[cfg(feature = "allocator")]
        crate::arch::allocator::keep_within(self.budget.limit);
        if self.are_lists {
            let name = shown(&self.series[0].name, NAME);
            return Err(Error::Invalid(format!(
                "column '{name}' holds lists, which have no windows: a row has one value there"
            )));
        }
        let run = ExecutionContext { plan: self, interrupt, progress };
        let _room = self.budget.hold(self.memory_for_rows(), "what is made of the rows")?;
        let table = Table::new(self)?;
        let read = Reading { run: &run, table: &table, checkpoint: None, taker: None };
        let (mut left_out, mut metrics) = (LeftOut::new(), RunMetrics::default());
        loop {
            let rows = AtomicU64::new(0);
            let whole = read.all(&mut left_out, &mut metrics, &|batch: RecordBatch| {
                rows.fetch_add(batch.num_rows() as u64, Relaxed);
                take(batch)
            })?;
            if whole {
                return Ok((self.source(left_out, Some(rows.into_inner())), metrics));
            }
            start_again();
        }
    }
}
