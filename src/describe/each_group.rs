//! The summaries of groups whose rows are known.

use std::collections::HashMap;

use rayon::prelude::*;

use super::any_scan::Scanned;
use super::describer::describe_all;
use super::group_rows::Groups;
use super::passes::{ALONE, PIECE};
use super::segments::{in_parts, set_segments, tasks};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::series::repr::with_repr;
use crate::series::{Chunk, Series};
use crate::spec::{NanPolicy, Spec};
use crate::summary::{AnswerRows, Answers, Summaries, Summary};

/// Rows of long groups that are copied at a time.
const GATHERED: usize = 1 << 25;

/// The same for rows whose groups are known.
pub(crate) fn describe_each_group(
    groups: Groups,
    series: &[Series],
    spec: &Spec,
    interrupt: &Interrupt,
) -> Result<Summaries> {
    interrupt.check()?;
    let mut answers = Answers::new(series.len() * groups.len(), spec);
    let mut rows = answers.rows();
    for series in series {
        let rows = rows.split_off(groups.len()).of_type(series.number_type());
        with_repr!(series.repr(), T => set_groups::<T>(series, &groups, rows, spec, interrupt))
            .map_err(|error| error.of_series(series.name()))?;
    }
    let columns = series.iter().map(|series| (series.name().map(str::to_owned), series.number_type())).collect();
    Ok(Summaries::with_keys(columns, Some(groups.keys), spec, answers))
}

/// Sets the rows of one series, group by group.
fn set_groups<T: Scanned>(
    series: &Series,
    groups: &Groups,
    rows: AnswerRows<'_>,
    spec: &Spec,
    interrupt: &Interrupt,
) -> Result<()> {
    let chunk = series.whole()?;
    let large_groups = large_groups(&chunk, groups, spec, interrupt)?;
    let tasks = tasks(groups.len(), |group| groups.rows(group..group + 1).len());
    let first_nan = in_parts(tasks, rows, groups.rows.len(), spec, interrupt, |describer, task, found| {
        if let Some(summary) = large_groups.get(&task.start) {
            found.set(0, summary);
            return Ok(());
        }
        let start = groups.starts[task.start];
        let taken = chunk.take(groups.rows(task.clone()))?;
        let segments = task.map(|group| Some(groups.starts[group] - start..groups.starts[group + 1] - start));
        set_segments::<T>(&taken, segments, describer, found)
    })?;
    if spec.nan() == NanPolicy::Raise && first_nan.is_some() {
        let row = series.first_nan()?.unwrap_or_default();
        return Err(Error::Nan { name: series.name().map(str::to_owned), file: None, row });
    }
    Ok(())
}

/// The summaries of groups that are long enough to be scanned in pieces. Their values are taken stripe by stripe, for all of
/// them, so that the memory is read once.
fn large_groups(chunk: &Chunk, groups: &Groups, spec: &Spec, interrupt: &Interrupt) -> Result<HashMap<usize, Summary>> {
    let length = |group: usize| groups.rows(group..group + 1).len();
    let large_groups: Vec<usize> = (0..groups.len()).filter(|&group| length(group) > ALONE).collect();
    // A NaN is an error of the whole series, which says where it is.
    let spec = match spec.nan() {
        NanPolicy::Raise => &spec.clone().with_nan(NanPolicy::Propagate),
        _ => spec,
    };
    let mut found = HashMap::with_capacity(large_groups.len());
    let mut rest = &large_groups[..];
    while !rest.is_empty() {
        // As many as may be in memory at once.
        let rows = rest.iter().scan(0, |rows, &group| {
            *rows += length(group);
            Some(*rows)
        });
        let (large_groups, others) = rest.split_at(rows.take_while(|&rows| rows <= GATHERED).count().max(1));
        rest = others;
        let stripe = PIECE.max(large_groups.len() << 13);
        let starts: Vec<usize> = (0..chunk.len()).step_by(stripe).collect();
        let taken = starts.par_iter().map(|&start| -> Result<Vec<Chunk>> {
            interrupt.check()?;
            let pieces = large_groups.iter().map(|&group| {
                let rows = groups.rows(group..group + 1);
                let before = |end: usize| rows.partition_point(|&row| (row as usize) < end);
                Ok(Chunk::Array(chunk.take(&rows[before(start)..before(start + stripe)])?))
            });
            pieces.collect()
        });
        let mut stripes = taken.collect::<Result<Vec<_>>>()?;
        let series = (0..large_groups.len()).rev().map(|_| {
            let pieces = stripes.iter_mut().filter_map(Vec::pop).collect();
            Series::new(None, pieces)
        });
        let series = series.collect::<Result<Vec<_>>>()?;
        let summaries = describe_all(&series, spec, interrupt)?;
        found.extend(large_groups.iter().rev().copied().zip(summaries));
    }
    Ok(found)
}
