//! What is said of windows that have closed.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, UInt32Array};
use arrow_schema::{DataType, Field, FieldRef, Schema};

use super::chunks::{Chunks, failed};
use super::layout::{Layout, to_bounds};
use super::question::BOUNDS;
use crate::describe::{describe_all, describe_groups};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::series::Series;
use crate::series::table::number_type;
use crate::spec::Spec;
use crate::summary::{AnsweredColumn, Answers, Summaries};

/// Describes kept rows.
#[derive(Clone, Copy)]
pub(super) struct Answering<'a> {
    pub layout: &'a Layout,
    pub spec: &'a Spec,
    pub interrupt: &'a Interrupt,
}

impl Answering<'_> {
    fn series(&self, chunks: &Chunks) -> Result<Vec<Series>> {
        let keys = self.layout.keys.len();
        let series = self.layout.values.iter().enumerate();
        series
            .map(|(index, field)| Series::from_arrays(Some(field.name().clone()), chunks.column(keys + index)))
            .collect()
    }

    /// The rows of one window: a group for each key.
    pub fn window(&self, chunks: &Chunks, bounds: (i64, i64)) -> Result<Summaries> {
        let series = self.series(chunks)?;
        let keys = self.layout.keys.iter().enumerate();
        let by =
            keys.map(|(index, field)| Ok((field.clone(), chunks.whole_column(index)?))).collect::<Result<Vec<_>>>()?;
        let found = match by.is_empty() {
            true => Summaries::new(self.spec, describe_all(&series, self.spec, self.interrupt)?),
            false => describe_groups(by, &series, self.spec, self.interrupt)?,
        };
        let rows = found.keys().map_or(1, RecordBatch::num_rows);
        let keys = found.keys().map_or_else(Vec::new, |keys| keys.columns().to_vec());
        let keys = self.keys(vec![bounds.0; rows], vec![bounds.1; rows], keys)?;
        Ok(found.of_windows(keys))
    }

    /// Windows whose rows have their numbers, from 0 on, and which have these bounds and keys.
    pub fn numbered(
        &self,
        chunks: &Chunks,
        numbers: Vec<u32>,
        (starts, ends): (Vec<i64>, Vec<i64>),
        keys: Vec<ArrayRef>,
    ) -> Result<Summaries> {
        let field: FieldRef = Arc::new(Field::new("window", DataType::UInt32, false));
        let by: Vec<(FieldRef, ArrayRef)> = vec![(field, Arc::new(UInt32Array::from(numbers)))];
        let found = describe_groups(by, &self.series(chunks)?, self.spec, self.interrupt)?;
        Ok(found.of_windows(self.keys(starts, ends, keys)?))
    }

    /// The keys of windows: their bounds, and those of their rows.
    pub fn keys(&self, starts: Vec<i64>, ends: Vec<i64>, keys: Vec<ArrayRef>) -> Result<RecordBatch> {
        let bounds = &self.layout.bounds;
        let fields = BOUNDS.map(|name| Arc::new(Field::new(name, bounds.clone(), false)));
        let fields = fields.into_iter().chain(self.layout.keys.iter().cloned());
        let columns = [starts, ends].map(|times| to_bounds(times, bounds)).into_iter().chain(keys);
        RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Vec<_>>())), columns.collect()).map_err(failed)
    }

    fn columns(&self) -> Vec<AnsweredColumn> {
        let columns = self.layout.values.iter();
        columns.map(|field| (Some(field.name().clone()), number_type(field.data_type()))).collect()
    }

    /// Windows with these keys, whose answers are known.
    pub fn of_answers(&self, keys: RecordBatch, answers: Answers) -> Summaries {
        Summaries::with_keys(self.columns(), Some(keys.clone()), self.spec, answers).of_windows(keys)
    }

    /// Windows one after the other.
    pub fn joined(&self, windows: Vec<Summaries>) -> Result<Summaries> {
        if let [_] = &windows[..] {
            return windows.into_iter().next().ok_or(Error::Interrupted);
        }
        let keys = self.layout.keys.iter().map(|field| arrow_array::new_empty_array(field.data_type()));
        let keys = self.keys(vec![], vec![], keys.collect())?;
        let none = self.of_answers(keys, Answers::new(0, self.spec));
        Summaries::joined(std::iter::once(none).chain(windows).collect()).map_err(failed)
    }
}
