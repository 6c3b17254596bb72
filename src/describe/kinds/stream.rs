//! Columns that hold no numbers, in batches that come once.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, FieldRef, Schema};

use super::columns::TypedColumn;
use super::counts::{Counts, boolean_answers, true_count};
use super::describe::parts;
use super::texts::{self, Distinct, scans_of, wants_distinct};
use super::times::{answers_of, ticks};
use crate::describe::stream::StreamDescriber;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::series::series_kind::SeriesKind;
use crate::series::table::Columns;
use crate::spec::{NullPolicy, Spec};
use crate::stats::texts::TextScan;
use crate::summary::Summaries;

/// What [`describe_kinds`](crate::describe_kinds) does, of columns whose rows come in batches. Of times the ticks are kept if
/// quantiles are asked, or what else needs all of them; texts only if distinct ones are.
pub struct KindsDescriber {
    spec: Spec,
    columns: Vec<State>,
    /// The ticks of all columns of times.
    times: StreamDescriber,
}

/// A column, and what is known of it.
struct State {
    /// With the chunks that are kept.
    column: TypedColumn,
    count: u64,
    null_count: u64,
    n_true: u64,
    scan: TextScan<'static>,
}

impl KindsDescriber {
    /// Columns of these names and fields, of which nothing has come yet.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a spec that streams do not answer.
    pub fn new(columns: Vec<(Option<String>, FieldRef)>, spec: &Spec) -> Result<Self> {
        let state = |(name, field)| State {
            column: TypedColumn { name, field, chunks: Vec::new() },
            count: 0,
            null_count: 0,
            n_true: 0,
            scan: TextScan::default(),
        };
        let columns: Vec<State> = columns.into_iter().map(state).collect();
        let names: Vec<String> = of_times(&columns).map(|(index, _)| index.to_string()).collect();
        let fields: Vec<Field> = names.iter().map(|name| Field::new(name, DataType::Int64, true)).collect();
        let in_ticks = spec.clone().in_whole_ticks();
        let times = StreamDescriber::new(&Schema::new(fields), &Columns::Named(names), &in_ticks)?;
        Ok(Self { spec: spec.clone(), columns, times })
    }

    /// More rows: an array for each column.
    ///
    /// # Errors
    ///
    /// [`Error::Nulls`] as the spec has it, [`Error::Data`] for damaged data, [`Error::Interrupted`].
    pub fn update(&mut self, arrays: &[ArrayRef], interrupt: &Interrupt) -> Result<()> {
        if arrays.len() != self.columns.len() {
            let (found, wanted) = (arrays.len(), self.columns.len());
            return Err(Error::Data(format!("{found} arrays for {wanted} columns")));
        }
        let mut of_ticks: Vec<(String, ArrayRef)> = Vec::new();
        for (index, (state, array)) in self.columns.iter_mut().zip(arrays).enumerate() {
            let nulls = array.logical_null_count() as u64;
            state.null_count += nulls;
            state.count += array.len() as u64 - nulls;
            if self.spec.null() == NullPolicy::Raise && nulls > 0 {
                return Err(Error::Nulls { name: state.column.name.clone(), nulls: state.null_count });
            }
            match state.column.kind() {
                SeriesKind::Time => {
                    let ticks = ticks(array).map_err(|error| state.column.failed(error))?;
                    of_ticks.push((index.to_string(), ticks));
                }
                SeriesKind::Boolean => state.n_true += true_count(&state.column, array)?,
                SeriesKind::Text => {
                    let more = TypedColumn { chunks: vec![Arc::clone(array)], ..state.column.clone() };
                    scans_of(&more, None, &self.spec, interrupt)?.into_iter().for_each(|scan| state.scan.merge(scan));
                    if wants_distinct(&state.column.field, &self.spec) {
                        state.column.chunks.push(Arc::clone(array));
                    }
                }
                SeriesKind::Number | SeriesKind::Other => {}
            }
        }
        if of_ticks.is_empty() {
            return Ok(());
        }
        let batch =
            RecordBatch::try_from_iter_with_nullable(of_ticks.into_iter().map(|(name, array)| (name, array, true)));
        self.times.update(&batch.map_err(|error| Error::Data(error.to_string()))?, interrupt)
    }

    /// The answers: see [`describe_kinds`](crate::describe_kinds).
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for damaged data, [`Error::Interrupted`].
    pub fn finish(self, interrupt: &Interrupt) -> Result<Vec<super::part::Part>> {
        let Self { spec, columns, times } = self;
        let in_ticks = spec.clone().in_whole_ticks();
        let of_times: Vec<TypedColumn> = of_times(&columns).map(|(_, state)| state.column.clone()).collect();
        let summaries = Summaries::new(&in_ticks, times.finish()?);
        let mut of_times = answers_of(&of_times, &summaries)?.into_iter();
        let mut answers = Vec::with_capacity(columns.len());
        for State { column, count, null_count, n_true, scan } in columns {
            interrupt.check()?;
            let counts = Counts { count: vec![count], null_count: vec![null_count] };
            let batch = match column.kind() {
                SeriesKind::Time => of_times.next(),
                SeriesKind::Boolean => Some(boolean_answers(&column, counts, &[n_true], &spec)?),
                SeriesKind::Text => {
                    let distinct = match wants_distinct(&column.field, &spec) {
                        true => Some(Distinct::new(&column, None)?),
                        false => None,
                    };
                    Some(texts::answers(&column, counts, &[scan], distinct.as_ref(), &spec)?)
                }
                SeriesKind::Number => None,
                SeriesKind::Other => Some(counts.with(vec![]).map_err(|error| column.failed(error))?),
            };
            answers.extend(batch.map(|batch| (column.kind(), column.name, batch)));
        }
        parts(answers, None)
    }
}

fn of_times(columns: &[State]) -> impl Iterator<Item = (usize, &State)> {
    columns.iter().enumerate().filter(|(_, state)| state.column.kind() == SeriesKind::Time)
}
