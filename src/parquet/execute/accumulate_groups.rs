//! Files that an accumulator of groups is updated with.

use std::sync::{Arc, Mutex};

use arrow_array::RecordBatch;
use arrow_schema::Schema;

use crate::accumulator::GroupedAccumulator;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::parquet::plan::Plan;
use crate::parquet::request::{Progress, RunMetrics};
use crate::report::Source;
use crate::unpoisoned::Unpoisoned;

impl Plan<'_> {
    /// Updates an accumulator of groups with the rows of the plan, whose keys are those of the groups, as [`GroupedAccumulator::update`] does.
    /// Another pass reads all rows. After an error nothing has changed.
    ///
    /// # Errors
    ///
    /// As [`Plan::run`], and [`GroupedAccumulator::update`].
    pub fn accumulate_groups(
        &self,
        accumulator: &mut GroupedAccumulator,
        interrupt: &Interrupt,
        progress: &Progress,
    ) -> Result<(Source, RunMetrics)> {
        let part = Mutex::new(accumulator.part(self.memory_for_rows()));
        let (source, metrics) = self
            .read_rows(interrupt, progress, &mut || part.lock().unpoisoned().clear(), &|batch| {
                let keys: Vec<usize> = (0..self.keys.len()).collect();
                let keys = self.key_texts(&batch.project(&keys).map_err(Error::from_grouping)?)?;
                let (fields, columns) = (keys.schema().fields().clone(), keys.columns().to_vec());
                let schema = batch.schema();
                let fields = fields.iter().chain(schema.fields().iter().skip(self.keys.len())).cloned();
                let columns = columns.into_iter().chain(batch.columns().iter().skip(self.keys.len()).cloned());
                let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
                let batch = RecordBatch::try_new(schema, columns.collect()).map_err(Error::from_grouping)?;
                part.lock().unpoisoned().update_rows(batch, interrupt)
            })
            .map_err(|error| self.limit_error(error))?;
        accumulator.merge(&part.into_inner().unpoisoned())?;
        Ok((source, metrics))
    }
}
