//! Many short series that lie in one array, one after the other.

use std::ops::Range;

use arrow_array::Array;
use arrow_buffer::NullBuffer;

use super::any_scan::Scanned;
use super::describer::{Describer, scan_of};
use super::passes::{SHORT, changed, describe_one};
use super::short_series::SeriesSlot;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::scan::{Keep, Outcome, Scan};
use crate::series::{Series, from_arrow};
use crate::spec::{NullPolicy, Spec, Statistic};
use crate::stats::select::Brackets;
use crate::summary::{AnswerRows, Summary};
use crate::threads::Threads;

/// Rows that one thread takes at a time.
const TASK: usize = 1 << 16;

/// Keys must not be named like what stands beside them, where both are columns of one table.
pub fn check_names<'a>(keys: impl Iterator<Item = &'a str> + Clone, spec: &Spec) -> Result<()> {
    let taken = |name: &str| {
        ["column", "count", "null_count", "nan_count"].contains(&name)
            || name == Statistic::Histogram.name() && spec.wants(Statistic::Histogram)
            || spec.field_names().iter().any(|n| n == name)
    };
    if let Some(name) = keys.clone().find(|name| taken(name)) {
        return Err(Error::Invalid(format!(
            "a key is named '{name}', like a column of the answer; rename it, or write JSON (-f json), which has keys apart"
        )));
    }
    check_distinct(keys)
}

/// A key is given once.
pub(crate) fn check_distinct<'a>(keys: impl Iterator<Item = &'a str> + Clone) -> Result<()> {
    for (index, name) in keys.clone().enumerate() {
        if keys.clone().take(index).any(|earlier| earlier == name) {
            return Err(Error::Invalid(format!("'{name}' is given twice as a key")));
        }
    }
    Ok(())
}

/// Ranges of neighbours that have about [`TASK`] rows together; one that has more is alone.
pub(super) fn tasks(count: usize, rows: impl Fn(usize) -> usize) -> Vec<Range<usize>> {
    let mut tasks = Vec::new();
    let (mut start, mut filled) = (0, 0);
    for index in 0..count {
        let more = rows(index);
        if filled > 0 && filled + more > TASK {
            tasks.push(start..index);
            (start, filled) = (index, 0);
        }
        // A row that is empty is work as well.
        filled += more.max(16);
    }
    if start < count {
        tasks.push(start..count);
    }
    tasks
}

/// Does the tasks, each thread with a describer of its own: each sets the rows of a range of its own. The first row with a NaN.
pub(super) fn in_parts(
    tasks: Vec<Range<usize>>,
    mut rows: AnswerRows<'_>,
    values: usize,
    spec: &Spec,
    interrupt: &Interrupt,
    work: impl Fn(&mut Describer, Range<usize>, &mut AnswerRows<'_>) -> Result<()> + Sync,
) -> Result<Option<usize>> {
    let all = Describer { interrupt: interrupt.clone(), ..Describer::new(spec) };
    let describer = || Describer { scans: [const { None }; 4], ..all.clone() };
    let tasks = tasks.into_iter().map(|task| (rows.split_off(task.len()), task));
    let work = |describer: &mut Describer, (mut rows, task): (AnswerRows<'_>, Range<usize>)| {
        interrupt.check()?;
        let start = task.start;
        work(describer, task, &mut rows)?;
        Ok(rows.first_nan().map(|row| start + row))
    };
    let nans = Threads::for_values(values).try_map_with(tasks, describer, work)?;
    Ok(nans.into_iter().flatten().next())
}

/// Sets the rows of stretches of an array, of which `None` is one that is itself missing.
pub(super) fn set_segments<T: Scanned>(
    values: &dyn Array,
    segments: impl Iterator<Item = Option<Range<usize>>>,
    describer: &mut Describer,
    found: &mut AnswerRows<'_>,
) -> Result<()> {
    let Describer { spec, interrupt, scans, few } = describer;
    let scan = T::scan(scan_of(scans, T::REPR, spec)).ok_or_else(changed)?;
    let nulls = values.logical_nulls().filter(|nulls| nulls.null_count() > 0);
    // Values that are there, as they are or converted; with the number of them before each row where some are missing.
    let mut converted = Vec::new();
    let plain: &[T] = match (from_arrow::as_they_are::<T>(values), &nulls) {
        (Some(plain), None) => plain,
        _ => {
            converted.reserve(values.len());
            from_arrow::read(values, &mut converted)?;
            &converted
        }
    };
    let before = nulls.as_ref().map(positions);
    let mut few = few.as_mut().zip(T::as_floats(plain));
    for (row, segment) in segments.enumerate() {
        let Some(rows) = segment else {
            found.set_missing(row);
            continue;
        };
        if rows.len() > SHORT && spec.looks_at_order() {
            let series = Series::from_arrays(None, vec![values.slice(rows.start, rows.len())])?;
            found.set(row, &describe_one(&series, spec, interrupt, scan)?);
            continue;
        }
        let there = match &before {
            None => rows.clone(),
            Some(before) => before[rows.start] as usize..before[rows.end] as usize,
        };
        let nulls = (rows.len() - there.len()) as u64;
        let index = SeriesSlot { row, start: there.start, count: there.len(), nulls };
        let is_plain = nulls == 0 || spec.null() == NullPolicy::Skip;
        if !(is_plain && few.as_mut().is_some_and(|(few, floats)| few.takes(index, floats, found))) {
            found.set(row, &summarize_values(&plain[there], nulls, spec, scan)?);
        }
    }
    if let Some((few, floats)) = few {
        for SeriesSlot { row, start, count, nulls } in few.finish(floats, found) {
            found.set(row, &summarize_values(&plain[start..start + count], nulls, spec, scan)?);
        }
    }
    Ok(())
}

/// How many rows before each one are there.
fn positions(nulls: &NullBuffer) -> Vec<u32> {
    let mut before = Vec::with_capacity(nulls.len() + 1);
    let mut count = 0;
    before.push(0);
    for valid in nulls {
        count += u32::from(valid);
        before.push(count);
    }
    before
}

/// A few values in memory, and `nulls` nulls.
fn summarize_values<T: Scanned>(values: &[T], nulls: u64, spec: &Spec, scan: &mut Scan<T>) -> Result<Summary> {
    scan.restart(Keep::All, Brackets::unknown());
    scan.update(values);
    scan.update_nulls(nulls);
    match scan.finish(spec)? {
        Outcome::Done(summary) => Ok(summary),
        Outcome::Again(_) => Err(changed()), // all values were kept
    }
}
