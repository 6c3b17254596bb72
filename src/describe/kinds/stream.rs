//! Columns that hold no numbers, in batches that come once.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef};
use arrow_schema::FieldRef;

use super::columns::TypedColumn;
use super::counts::{Counts, boolean_answers, true_count};
use super::describe::parts;
use super::distinct::Distinct;
use super::part::Part;
use super::texts::{self, scans_of, wants_distinct};
use super::times::{answers_of, ticks};
use crate::describe::any_scan::{AnyOutcome, AnyScan};
use crate::describe::passes::changed;
use crate::error::{Error, Result, column};
use crate::interrupt::Interrupt;
use crate::num::figure::NumberType;
use crate::scan::Keep;
use crate::series::series_kind::SeriesKind;
use crate::series::type_names::type_text;
use crate::series::{Chunk, Repr};
use crate::spec::{NullPolicy, Spec};
use crate::stats::texts::TextScan;
use crate::summary::Summaries;
use crate::threads::Threads;

/// What [`describe_kinds`](crate::describe_kinds) does, of columns whose rows come in batches. Of times the ticks are kept if
/// quantiles are asked, or what else needs all of them; texts only if distinct ones are.
pub struct KindsDescriber {
    spec: Spec,
    in_ticks: Spec,
    columns: Vec<State>,
}

/// A column, and what is known of it.
struct State {
    /// With the chunks that are kept.
    column: TypedColumn,
    count: u64,
    null_count: u64,
    n_true: u64,
    ticks: AnyScan,
    texts: TextScan<'static>,
}

impl State {
    fn new(name: Option<String>, field: FieldRef, in_ticks: &Spec) -> Self {
        Self {
            column: TypedColumn { name, field, chunks: Vec::new() },
            count: 0,
            null_count: 0,
            n_true: 0,
            ticks: AnyScan::new(Repr::Signed, in_ticks, Keep::All),
            texts: TextScan::default(),
        }
    }

    /// More rows.
    fn update(&mut self, array: &ArrayRef, spec: &Spec, interrupt: &Interrupt) -> Result<()> {
        interrupt.check()?;
        let nulls = array.logical_null_count() as u64;
        self.null_count += nulls;
        self.count += array.len() as u64 - nulls;
        if spec.null() == NullPolicy::Raise && nulls > 0 {
            return Err(Error::Nulls { name: self.column.name.clone(), nulls: self.null_count });
        }
        match self.column.kind() {
            SeriesKind::Time => {
                let ticks = ticks(array).map_err(|error| self.column.failed(error))?;
                self.ticks.read(&Chunk::Array(ticks))?;
            }
            SeriesKind::Boolean => self.n_true += true_count(&self.column, array)?,
            SeriesKind::Text => {
                let more = TypedColumn { chunks: vec![Arc::clone(array)], ..self.column.clone() };
                scans_of(&more, None, spec, interrupt)?.into_iter().for_each(|scan| self.texts.merge(scan));
                if wants_distinct(&self.column.field, spec) {
                    self.column.chunks.push(Arc::clone(array));
                }
            }
            SeriesKind::Number | SeriesKind::Other => {}
        }
        Ok(())
    }
}

impl KindsDescriber {
    /// Columns of these names and fields, of which nothing has come yet.
    pub fn new(columns: Vec<(Option<String>, FieldRef)>, spec: &Spec) -> Self {
        let in_ticks = spec.clone().in_whole_ticks();
        let columns = columns.into_iter().map(|(name, field)| State::new(name, field, &in_ticks)).collect();
        Self { spec: spec.clone(), in_ticks, columns }
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
        let rows = arrays.iter().map(|array| array.len()).sum();
        let (spec, work) = (&self.spec, self.columns.iter_mut().zip(arrays));
        let update = |(state, array): (&mut State, &ArrayRef)| state.update(array, spec, interrupt);
        Threads::for_values(rows).try_map_items(work, update).map(|_: Vec<()>| ())
    }

    /// More rows of columns that are found again by their names; one that is new is as if nothing had come of it before.
    ///
    /// # Errors
    ///
    /// As [`KindsDescriber::update`]; [`Error::Data`] also for a column of another type than before.
    pub fn update_named(&mut self, columns: &[TypedColumn], interrupt: &Interrupt) -> Result<()> {
        for more in columns {
            let place = self.columns.iter().position(|state| state.column.name == more.name);
            let place = place.unwrap_or_else(|| {
                self.columns.push(State::new(more.name.clone(), Arc::clone(&more.field), &self.in_ticks));
                self.columns.len() - 1
            });
            let state = &mut self.columns[place];
            if state.column.field.data_type() != more.field.data_type() {
                let types = [more, &state.column].map(|column| type_text(column.field.data_type()));
                let name = column(more.name.as_deref());
                return Err(Error::Data(format!("{name} is of type {} now, and was {} before", types[0], types[1])));
            }
            more.chunks.iter().try_for_each(|chunk| state.update(chunk, &self.spec, interrupt))?;
        }
        Ok(())
    }

    /// The names of the columns.
    pub fn names(&self) -> impl Iterator<Item = Option<&str>> {
        self.columns.iter().map(|state| state.column.name.as_deref())
    }

    /// The bytes that it takes.
    pub fn bytes(&self) -> u64 {
        let kept = |state: &State| {
            let texts = state.column.chunks.iter().map(|chunk| chunk.get_array_memory_size());
            texts.sum::<usize>() + state.ticks.bytes_with(0)
        };
        self.columns.iter().map(kept).sum::<usize>() as u64
    }

    /// The answers: see [`describe_kinds`](crate::describe_kinds).
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for damaged data, [`Error::Interrupted`].
    pub fn finish(self, interrupt: &Interrupt) -> Result<Vec<Part>> {
        let Self { spec, in_ticks, columns } = self;
        let answer = |state: State| {
            interrupt.check()?;
            let State { column, count, null_count, n_true, mut ticks, texts } = state;
            let counts = Counts { count: vec![count], null_count: vec![null_count] };
            let batch = match column.kind() {
                SeriesKind::Time => {
                    let done = ticks.finish(&in_ticks, Keep::All);
                    let AnyOutcome::Done(summary) = done.map_err(|error| error.of_series(column.name.as_deref()))?
                    else {
                        return Err(changed()); // all values were kept
                    };
                    let summaries = Summaries::new(&in_ticks, vec![summary.of_type(NumberType::Integer)]);
                    answers_of(std::slice::from_ref(&column), &summaries, &spec)?.pop()
                }
                SeriesKind::Boolean => Some(boolean_answers(&column, counts, &[n_true], &spec)?),
                SeriesKind::Text => {
                    let distinct = match wants_distinct(&column.field, &spec) {
                        true => Some(Distinct::new(&column, None)?),
                        false => None,
                    };
                    Some(texts::answers(&column, counts, &[texts], distinct.as_ref(), &spec)?)
                }
                SeriesKind::Number => None,
                SeriesKind::Other => Some(counts.with(vec![]).map_err(|error| column.failed(error))?),
            };
            Ok(batch.map(|batch| (column.kind(), column.name, batch)))
        };
        let rows = columns.iter().map(|state| state.count as usize).sum();
        let answers = Threads::for_values(rows).try_map_items(columns, answer)?;
        parts(answers.into_iter().flatten().collect(), None)
    }
}
