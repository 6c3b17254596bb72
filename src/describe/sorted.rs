//! Rows that were sorted out by key part by part, as they came: the values of each group are there in runs.
//!
//! A part stays in the cache while it is sorted out, and a run is copied as a whole. So many rows of some thousand groups take
//! much less time than if each value were looked up in all of them; and a key is kept once for each part, not for each row.

use std::ops::Range;

use arrow_array::types::{ArrowPrimitiveType, Float64Type, Int64Type, UInt64Type};
use arrow_array::{Array, ArrayRef, PrimitiveArray, RecordBatch, UInt32Array, cast::AsArray};
use arrow_schema::{DataType, FieldRef};
use arrow_select::concat::concat;
use arrow_select::take::take;

use super::any_scan::Scanned;
use super::describer::describe_all;
use super::group_rows::Groups;
use super::passes::ALONE;
use super::segments::{in_parts, set_segments, tasks};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::series::repr::with_repr;
use crate::series::{Kind, Repr, Series};
use crate::spec::Spec;
use crate::summary::{AnswerRows, AnsweredColumn, Answers, Summaries};

/// Rows group by group.
#[derive(Clone, Debug)]
pub(crate) struct SortedRows {
    /// The distinct keys.
    pub keys: RecordBatch,
    /// Where the rows of each key begin, and where the last ones end.
    starts: Vec<usize>,
    /// The values of each series.
    values: Vec<ArrayRef>,
}

impl SortedRows {
    /// # Errors
    ///
    /// As those of [`Groups::new`].
    pub(crate) fn new(keys: Vec<(FieldRef, ArrayRef)>, values: &[ArrayRef], rows: usize) -> Result<Self> {
        let Groups { keys, starts, rows } = Groups::in_any_order(keys, rows)?;
        let rows = UInt32Array::from(rows);
        let values = values.iter().map(|values| take(values, &rows, None).map_err(Error::from_grouping));
        Ok(Self { keys, starts, values: values.collect::<Result<_>>()? })
    }

    /// The number of groups.
    pub(crate) fn groups(&self) -> usize {
        self.keys.num_rows()
    }

    /// The number of rows.
    pub(crate) fn rows(&self) -> u64 {
        self.starts.last().map_or(0, |&end| end as u64)
    }

    /// The values of one group.
    pub(crate) fn group(&self, series: usize, group: usize) -> ArrayRef {
        let rows = self.range(group);
        self.values[series].slice(rows.start, rows.len())
    }

    fn range(&self, group: usize) -> Range<usize> {
        self.starts[group]..self.starts[group + 1]
    }

    /// The keys of each row, and its values: as they were given, but in another order.
    pub(crate) fn columns(&self) -> Result<Vec<ArrayRef>> {
        let indices = (0..self.groups() as u32).flat_map(|group| {
            let rows = self.range(group as usize).len();
            std::iter::repeat_n(group, rows)
        });
        let indices: UInt32Array = indices.collect::<Vec<_>>().into();
        let keys = self.keys.columns().iter().map(|keys| take(keys, &indices, None).map_err(Error::from_grouping));
        keys.chain(self.values.iter().cloned().map(Ok)).collect()
    }
}

/// How many groups the parts have together.
pub(crate) fn distinct(parts: &[SortedRows]) -> Result<usize> {
    Ok(Joined::new(parts)?.keys.num_rows())
}

/// Parts with the groups of all of them.
struct Joined<'a> {
    parts: &'a [SortedRows],
    keys: RecordBatch,
    /// Where the rows of each group begin, one group after the other.
    starts: Vec<usize>,
    /// The runs of one group after the other: the part, and its group there.
    runs: Vec<(u32, u32)>,
    /// Where those of each group begin.
    first_runs: Vec<usize>,
}

impl<'a> Joined<'a> {
    fn new(parts: &'a [SortedRows]) -> Result<Self> {
        let Groups { keys, starts: first_runs, rows } = Groups::from_batches(parts.iter().map(|part| &part.keys))?;
        // The part and the group of each key, of one part after the other.
        let indices: Vec<(u32, u32)> = parts
            .iter()
            .zip(0..)
            .flat_map(|(part, number)| (0..part.groups() as u32).map(move |group| (number, group)))
            .collect();
        let runs: Vec<(u32, u32)> = rows.into_iter().map(|row| indices[row as usize]).collect();
        let mut starts = Vec::with_capacity(first_runs.len());
        let mut end = 0;
        starts.push(0);
        for pair in first_runs.windows(2) {
            let lengths =
                runs[pair[0]..pair[1]].iter().map(|&(part, group)| parts[part as usize].range(group as usize).len());
            end += lengths.sum::<usize>();
            starts.push(end);
        }
        Ok(Self { parts, keys, starts, runs, first_runs })
    }

    fn length(&self, group: usize) -> usize {
        self.starts[group + 1] - self.starts[group]
    }

    /// The runs of some neighbours: the part, and its rows.
    fn runs(&self, groups: Range<usize>) -> impl Iterator<Item = (&'a SortedRows, Range<usize>)> {
        let runs = &self.runs[self.first_runs[groups.start]..self.first_runs[groups.end]];
        runs.iter().map(|&(part, group)| {
            let part = &self.parts[part as usize];
            (part, part.range(group as usize))
        })
    }

    /// The values of some neighbours, one group after the other.
    fn values(&self, series: usize, groups: Range<usize>) -> Result<ArrayRef> {
        fn plain<T: ArrowPrimitiveType>(joined: &Joined<'_>, series: usize, groups: Range<usize>) -> Option<ArrayRef> {
            let mut values = Vec::with_capacity(joined.starts[groups.end] - joined.starts[groups.start]);
            for (part, rows) in joined.runs(groups) {
                let array = part.values[series].as_primitive_opt::<T>().filter(|array| array.null_count() == 0)?;
                values.extend_from_slice(&array.values()[rows]);
            }
            Some(std::sync::Arc::new(PrimitiveArray::<T>::new(values.into(), None)))
        }
        let here = || groups.clone();
        let found = match self.parts[0].values[series].data_type() {
            DataType::Float64 => plain::<Float64Type>(self, series, here()),
            DataType::Int64 => plain::<Int64Type>(self, series, here()),
            DataType::UInt64 => plain::<UInt64Type>(self, series, here()),
            _ => None,
        };
        if let Some(found) = found {
            return Ok(found);
        }
        let runs: Vec<ArrayRef> =
            self.runs(groups).map(|(part, rows)| part.values[series].slice(rows.start, rows.len())).collect();
        let runs: Vec<&dyn Array> = runs.iter().map(AsRef::as_ref).collect();
        concat(&runs).map_err(Error::from_grouping)
    }

    /// Sets the rows of one series, group by group.
    fn describe<T: Scanned>(
        &self,
        series: usize,
        rows: AnswerRows<'_>,
        spec: &Spec,
        interrupt: &Interrupt,
    ) -> Result<()> {
        let groups = self.keys.num_rows();
        let tasks = tasks(groups, |group| self.length(group));
        let large_groups = (0..groups).filter(|&group| self.length(group) > ALONE).map(|group| {
            let pieces = self.runs(group..group + 1);
            let pieces = pieces.map(|(part, rows)| part.values[series].slice(rows.start, rows.len())).collect();
            let summaries = describe_all(&[Series::from_arrays(None, pieces)?], spec, interrupt)?;
            Ok(summaries.into_iter().next().map(|summary| (group, summary)))
        });
        let large_groups =
            large_groups.filter_map(Result::transpose).collect::<Result<std::collections::HashMap<_, _>>>()?;
        let count = self.starts[groups];
        in_parts(tasks, rows, count, spec, interrupt, |describer, task, found| {
            if let Some(summary) = large_groups.get(&task.start) {
                found.set(0, summary);
                return Ok(());
            }
            let start = self.starts[task.start];
            let values = self.values(series, task.clone())?;
            let segments = task.map(|group| Some(self.starts[group] - start..self.starts[group + 1] - start));
            set_segments::<T>(&values, segments, describer, found)
        })?;
        Ok(())
    }
}

/// The summaries of the groups of all parts, each of which has the same series. Whether there are NaNs, where they are an error,
/// is for the caller to know. `check` is asked whether the number of groups will do.
///
/// # Errors
///
/// What `check` says; [`Error::Interrupted`].
pub(crate) fn describe_sorted(
    parts: &[SortedRows],
    columns: Vec<AnsweredColumn>,
    spec: &Spec,
    interrupt: &Interrupt,
    check: impl FnOnce(usize) -> Result<()>,
) -> Result<Summaries> {
    let joined = Joined::new(parts)?;
    let groups = joined.keys.num_rows();
    check(groups)?;
    interrupt.check()?;
    let mut answers = Answers::new(columns.len() * groups, spec);
    let mut rows = answers.rows();
    for (series, (name, number_type)) in columns.iter().enumerate() {
        let rows = rows.split_off(groups).of_type(*number_type);
        let kind = Kind::of(parts[0].values[series].data_type());
        with_repr!(Repr::of(kind.as_slice()), T => joined.describe::<T>(series, rows, spec, interrupt))
            .map_err(|error| error.of_series(name.as_deref()))?;
    }
    Ok(Summaries::with_keys(columns, Some(joined.keys), spec, answers))
}
