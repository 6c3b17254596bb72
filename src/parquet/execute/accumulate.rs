//! Files that an accumulator is updated with.

use std::sync::{Arc, Mutex};

use arrow_array::{Array, ArrayRef, NullArray, StructArray};
use arrow_schema::{DataType, Field, FieldRef};

use super::context::ExecutionContext;
use super::pass::{LeftOut, Scans, pass};
use super::probe::{self, Look};
use super::texts_in_bytes::TextsInBytes;
use crate::accumulator::{Accumulator, ReadColumns};
use crate::describe::{AnyScan, TypedColumn, of_ticks};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::num::figure::NumberType;
use crate::parquet::columns::DataColumn;
use crate::parquet::plan::Plan;
use crate::parquet::request::{Progress, RunMetrics};
use crate::report::Source;
use crate::series::series_kind::{SeriesKind, joined_times};
use crate::unpoisoned::Unpoisoned;

impl Plan<'_> {
    /// Updates an accumulator with the columns of the plan, which has no groups: as [`Accumulator::update_all`] does with the same rows, but those of
    /// numbers and times straight from the pages of the files. Another pass reads the columns that need it. After an error nothing has changed.
    ///
    /// # Errors
    ///
    /// As [`Plan::run`], and [`Accumulator::update_all`] for a column whose type does not go together with what it was before.
    pub fn accumulate(
        &self,
        accumulator: &mut Accumulator,
        interrupt: &Interrupt,
        progress: &Progress,
    ) -> Result<(Source, RunMetrics)> {
        #[cfg(feature = "allocator")]
        crate::arch::allocator::keep_within(self.budget.limit);
        let (mut metrics, mut left_out) = (RunMetrics::default(), LeftOut::new());
        loop {
            let mut made = None;
            let plan = self.without(&left_out, &mut made);
            let run = ExecutionContext { plan, interrupt, progress };
            let (numbers, failed) = run.scan_columns(accumulator, &mut metrics)?;
            left_out.extend(failed);
            let mut rest = None;
            let plan = self.without(&left_out, &mut rest);
            let run = ExecutionContext { plan, ..run };
            let ticks = accumulator.ticks();
            let times = plan.with_series(plan.times_for(accumulator), Vec::new(), ticks.spec());
            let (scans, failed) = ExecutionContext { plan: &times, ..run }.scan_columns(&ticks, &mut metrics)?;
            if !failed.is_empty() {
                left_out.extend(failed);
                continue;
            }
            let (others, failed) = run.read_others(accumulator, &mut metrics)?;
            if !failed.is_empty() {
                left_out.extend(failed);
                continue;
            }
            let source = self.source(left_out, None);
            let read = ReadColumns { numbers: self.named(numbers), times: times.named(scans), others };
            accumulator.add_columns(read, source.rows)?;
            return Ok((source, metrics));
        }
    }

    /// Aims an accumulator by a look at a few rows of the files, as [`Accumulator::aim`] does by a sample. Short files tell nothing, nor do those
    /// with a predicate; but times get the types that hold those of all files.
    ///
    /// # Errors
    ///
    /// As [`Plan::run`], and [`Accumulator::aim`].
    pub fn aim(&self, accumulator: &mut Accumulator, interrupt: &Interrupt, progress: &Progress) -> Result<()> {
        let aimed = |columns: Vec<DataColumn>, of: &Accumulator| {
            let (spec, keep) = (of.scanned(), of.keep());
            let plan = self.with_series(columns, Vec::new(), &spec);
            let run = ExecutionContext { plan: &plan, interrupt, progress };
            let empty = |column: &DataColumn| Some(AnyScan::new(column.repr, &spec, keep));
            let mut empties: Scans = plan.series.iter().map(empty).collect();
            probe::aim(&run, &mut empties, &LeftOut::new(), keep, keep, Look::FOR_STATE)?;
            Ok(empties)
        };
        let numbers = aimed(self.series.clone(), accumulator)?;
        let (ticks, times) = (accumulator.ticks(), self.times_for(accumulator));
        let scans = aimed(times.clone(), &ticks)?;
        let times = self.with_series(times, Vec::new(), ticks.spec());
        let others = accumulator.clone_empty();
        accumulator.aim_columns(ReadColumns { numbers: self.named(numbers), times: times.named(scans), others })
    }

    /// The columns of times, in the types that the accumulator has them in.
    fn times_for(&self, accumulator: &Accumulator) -> Vec<DataColumn> {
        let times = self.others.iter().filter(|column| column.kind == SeriesKind::Time);
        let typed = times.map(|column| {
            let known = accumulator.type_of_times(&column.name);
            let known = known.filter(|known| joined_times(known, &column.data_type).as_ref() == Some(known));
            DataColumn { data_type: known.unwrap_or(&column.data_type).clone(), ..column.clone() }
        });
        typed.collect()
    }

    fn named(&self, scans: Scans) -> Vec<(&str, NumberType, &DataType, AnyScan)> {
        let named = scans.into_iter().zip(&self.series);
        let named = named.filter_map(|(scan, of)| Some((of.name.as_str(), of.number_type, &of.data_type, scan?)));
        named.collect()
    }
}

impl ExecutionContext<'_> {
    /// Scans the series of the plan for an accumulator: those that it needs. The files that failed.
    fn scan_columns(&self, accumulator: &Accumulator, metrics: &mut RunMetrics) -> Result<(Scans, LeftOut)> {
        let empties = self.plan.series.iter().map(|series| accumulator.empty_column(&series.name, series.repr));
        let empties: Scans = empties.collect::<Result<_>>()?;
        if empties.iter().all(Option::is_none) {
            return Ok((empties, LeftOut::new()));
        }
        let found: Vec<Mutex<Option<AnyScan>>> = empties.iter().cloned().map(Mutex::new).collect();
        let failed = pass(self, &empties, &|_| true, self.plan.hand_over(), metrics, &|_, scans| {
            for (series, scan) in scans {
                if let Some(whole) = found[series].lock().unpoisoned().as_mut() {
                    whole.merge(scan)?;
                }
            }
            Ok(())
        })?;
        Ok((found.into_iter().map(|scan| scan.into_inner().unpoisoned()).collect(), failed))
    }

    /// What the rows tell of columns that hold neither numbers nor times. If files failed, nothing else holds.
    fn read_others(&self, question: &Accumulator, metrics: &mut RunMetrics) -> Result<(Accumulator, LeftOut)> {
        let plan = self.plan;
        let is_other = |column: &&DataColumn| column.kind != SeriesKind::Time && question.looks_at(Some(&column.name));
        let mut columns: Vec<DataColumn> = plan.others.iter().filter(is_other).cloned().collect();
        if columns.is_empty() {
            return Ok((question.clone_for_rows(), LeftOut::new()));
        }
        loop {
            let rows = plan.with_series(columns.clone(), Vec::new(), plan.spec);
            let texts = TextsInBytes::new(&columns);
            let (whole, failed) = ExecutionContext { plan: &rows, ..*self }.read_rows_of(question, &texts, metrics)?;
            if !failed.is_empty() || !texts.correct(&mut columns) {
                return Ok((whole, failed));
            }
        }
    }

    /// The same in one pass, which has to be repeated if it finds columns that are no text.
    fn read_rows_of(
        &self,
        question: &Accumulator,
        texts: &TextsInBytes,
        metrics: &mut RunMetrics,
    ) -> Result<(Accumulator, LeftOut)> {
        const WHAT: &str = "what is learned of columns that hold no numbers";
        let plan = self.plan;
        let files: Vec<usize> = (0..plan.files.len()).filter(|&file| !plan.files[file].row_groups.is_empty()).collect();
        let tasks = self.begin_rows(&files, metrics);
        let whole = Mutex::new((question.clone_for_rows(), plan.budget.pool.empty()));
        let failures = self.each_part(&tasks.parts, |part, reader| {
            let (mut learned, mut room) = (question.clone_for_rows(), plan.budget.pool.empty());
            self.decode(part, reader, &mut |rows| {
                let columns = plan.series.iter().zip(rows.values).enumerate();
                let columns = columns.filter_map(|(index, (column, values))| {
                    values.filter(|values| texts.check(index, values)).map(|values| typed(column, values))
                });
                let columns = columns.collect::<Result<Vec<_>>>()?;
                learned.update_all(&[], &columns, self.interrupt).map_err(|error| match error {
                    Error::Data(message) => plan.damaged(part, None, &message),
                    error => error,
                })?;
                plan.budget.grow(&mut room, learned.bytes(), WHAT)
            })?;
            let mut whole = whole.lock().unpoisoned();
            let (all, of_all) = &mut *whole;
            all.merge(&learned)?;
            // What is there before they merge, and then.
            plan.budget.grow(of_all, 2 * all.bytes(), WHAT)?;
            tasks.ends_file(self, part);
            Ok(())
        })?;
        Ok((whole.into_inner().unpoisoned().0, tasks.failed(plan, failures).collect()))
    }
}

/// Decoded values of a column that holds no numbers, as a column of its type.
pub(super) fn typed(column: &DataColumn, values: ArrayRef) -> Result<TypedColumn> {
    let (data_type, values): (DataType, ArrayRef) = match column.kind {
        SeriesKind::Time => {
            let times = of_ticks(&values, &column.data_type).map_err(|error| Error::Data(error.to_string()))?;
            (column.data_type.clone(), times)
        }
        SeriesKind::Text if column.is_text_in_bytes => (DataType::Utf8, values),
        SeriesKind::Text | SeriesKind::Boolean => (values.data_type().clone(), values),
        _ if column.data_type == DataType::Null => (DataType::Null, Arc::new(NullArray::new(values.len()))),
        _ => {
            let counted = StructArray::new_empty_fields(values.len(), values.logical_nulls());
            (counted.data_type().clone(), Arc::new(counted))
        }
    };
    let field = FieldRef::new(Field::new(&column.name, data_type, true));
    Ok(TypedColumn { name: Some(column.name.clone()), field, chunks: vec![values] })
}
