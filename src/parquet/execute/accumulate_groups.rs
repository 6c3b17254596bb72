//! Files that an accumulator of groups is updated with.

use std::sync::{Arc, Mutex};

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::Schema;

use super::accumulate::typed;
use super::groups::Table;
use super::texts_in_bytes::TextsInBytes;
use crate::accumulator::GroupedAccumulator;
use crate::describe::TypedColumn;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::parquet::columns::DataColumn;
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
        let mut columns: Vec<DataColumn> = self.series.iter().chain(&self.others).cloned().collect();
        loop {
            let plan = self.with_series(columns.clone(), self.keys.clone(), self.spec);
            let texts = TextsInBytes::new(&columns);
            let part = Mutex::new(accumulator.part(self.memory_for_rows()));
            let (source, metrics) = plan
                .read_rows(interrupt, progress, &mut || part.lock().unpoisoned().clear(), &|batch| {
                    let (numbers, others) = plan.rows_of_groups(&batch, self.series.len(), &texts)?;
                    part.lock().unpoisoned().update_rows(numbers, &others, interrupt)
                })
                .map_err(|error| self.limit_error(error))?;
            if !texts.correct(&mut columns) {
                accumulator.merge(&part.into_inner().unpoisoned())?;
                return Ok((source, metrics));
            }
        }
    }

    /// Tells an accumulator of groups which columns all files have together, so that a file may lack some, or have numbers in other types. Where no file
    /// says what the bytes of a column are, nothing is told: each file's rows say it.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for an accumulator that has seen rows, and for columns that no type holds together.
    pub fn aim_groups(&self, accumulator: &mut GroupedAccumulator) -> Result<()> {
        let columns: Vec<DataColumn> = self.series.iter().chain(&self.others).cloned().collect();
        let is_unsure = columns.iter().any(|column| column.is_text_in_bytes);
        if is_unsure || self.keys.iter().any(|key| self.is_plain_bytes(key)) {
            return Ok(());
        }
        let texts = TextsInBytes::new(&columns);
        let plan = self.with_series(columns, self.keys.clone(), self.spec);
        let none = RecordBatch::new_empty(Table::new(&plan)?.schema);
        let (numbers, others) = plan.rows_of_groups(&none, self.series.len(), &texts)?;
        accumulator.declare(numbers, &others)
    }

    /// The keys and the columns of numbers of some rows, the first `numbers` of the plan; and the others, without those that are no text.
    fn rows_of_groups(
        &self,
        rows: &RecordBatch,
        numbers: usize,
        texts: &TextsInBytes,
    ) -> Result<(RecordBatch, Vec<TypedColumn>)> {
        let keys: Vec<usize> = (0..self.keys.len()).collect();
        let keys = self.key_texts(&rows.project(&keys).map_err(Error::from_grouping)?)?;
        let schema = rows.schema();
        let values = || schema.fields().iter().zip(rows.columns()).skip(self.keys.len());
        let key_fields = keys.schema().fields().clone();
        let fields = key_fields.iter().chain(values().take(numbers).map(|(field, _)| field)).cloned();
        let columns = keys.columns().iter().chain(values().take(numbers).map(|(_, values)| values)).cloned();
        let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let batch = RecordBatch::try_new_with_options(schema, columns.collect(), &options);
        let others = self.series.iter().zip(values()).enumerate().skip(numbers);
        let others = others.filter(|(index, (_, (_, values)))| texts.check(*index, values));
        let others = others.map(|(_, (column, (_, values)))| typed(column, values.clone()));
        Ok((batch.map_err(Error::from_grouping)?, others.collect::<Result<_>>()?))
    }
}
