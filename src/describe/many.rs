//! Many series in one: groups of rows, and rows of lists. Short ones are scanned side by side, long ones in pieces.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, UInt64Array};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field, Schema};
use rayon::prelude::*;

use super::group::Groups;
use super::{ALONE, Describer, Interrupt, PIECE, SHORT, Scanned, changed, describe_one, scan_of};
use crate::error::{self, Error, Result};
use crate::scan::{Keep, Outcome, Scan};
use crate::series::lane::Lane;
use crate::series::list::Lists;
use crate::series::{Chunk, Kind, Series, array};
use crate::spec::{NanPolicy, Spec};
use crate::stats::number::Number;
use crate::stats::select::Brackets;
use crate::summary::{Rows, Summaries, Summary};

/// Rows that one thread takes at a time.
const TASK: usize = 1 << 16;

/// The summaries of groups of rows: one for each column and each distinct key, in column order and then in the order of the
/// keys (null last). `by` are the columns of keys, with their names; every series has as many rows as they.
///
/// # Errors
///
/// [`Error::NoKey`] for keys of a nested type, [`Error::Data`] for keys of another length, [`Error::Nan`] as `spec` has it,
/// [`Error::Interrupted`].
pub fn describe_groups(
    by: Vec<(String, ArrayRef)>,
    series: &[Series],
    spec: &Spec,
    interrupt: &Interrupt,
) -> Result<Summaries> {
    let rows = by.first().map_or(0, |(_, keys)| keys.len());
    check_names(by.iter().map(|(name, _)| name.as_str()), spec)?;
    for series in series {
        if series.rows() != rows {
            let (column, found) = (error::column(series.name()), series.rows());
            return Err(Error::Data(format!("{column} has {found} rows, and the keys have {rows}")));
        }
    }
    let groups = Groups::new(by, rows)?;
    interrupt.check()?;
    let mut all = Vec::new();
    for series in series {
        let part = match series.lane() {
            Lane::Float => of_groups::<f64>(series, &groups, spec, interrupt),
            Lane::Signed => of_groups::<i64>(series, &groups, spec, interrupt),
            Lane::Unsigned => of_groups::<u64>(series, &groups, spec, interrupt),
            Lane::Exact => of_groups::<Number>(series, &groups, spec, interrupt),
        };
        all.append(&mut part?);
    }
    let columns = series.iter().map(|series| series.name().map(str::to_owned)).collect();
    Ok(Summaries::with_keys(columns, groups.keys, spec, all))
}

/// A column of lists: its name, and its chunks.
pub type ListColumn = (Option<String>, Vec<ArrayRef>);

/// The summaries of the rows of lists, one each, in column order and then in the order of the rows. The keys are `row`, the
/// position from 0, and what is carried along: columns of as many rows, with their names. A list that is null has null
/// counts, an empty one has counts of 0.
///
/// # Errors
///
/// [`Error::NotNumeric`] for lists of anything but numbers, [`Error::Data`] for columns of different lengths,
/// [`Error::Nan`] as `spec` has it, [`Error::Interrupted`].
pub fn describe_lists(
    columns: Vec<ListColumn>,
    carried: Vec<(String, ArrayRef)>,
    spec: &Spec,
    interrupt: &Interrupt,
) -> Result<Summaries> {
    let names = std::iter::once("row").chain(carried.iter().map(|(name, _)| name.as_str()));
    check_names(names, spec)?;
    let length = |chunks: &[ArrayRef]| chunks.iter().map(|chunk| chunk.len()).sum::<usize>();
    let rows = columns.first().map_or(0, |(_, chunks)| length(chunks));
    let mut all = Vec::new();
    for (name, chunks) in &columns {
        if length(chunks) != rows {
            let (column, found) = (error::column(name.as_deref()), length(chunks));
            return Err(Error::Data(format!("{column} has {found} rows, and the one before {rows}")));
        }
        let mut before = 0;
        for chunk in chunks {
            let lists = Lists::new(chunk)?;
            let kind = Kind::of(lists.value_type())
                .ok_or_else(|| Error::NotNumeric { name: name.clone(), data_type: chunk.data_type().to_string() })?;
            let parts = match Lane::of(&[kind]) {
                Lane::Float => of_lists::<f64>(&lists, spec, interrupt),
                Lane::Signed => of_lists::<i64>(&lists, spec, interrupt),
                Lane::Unsigned => of_lists::<u64>(&lists, spec, interrupt),
                Lane::Exact => of_lists::<Number>(&lists, spec, interrupt),
            };
            let mut parts = parts?;
            if let (NanPolicy::Raise, Some(row)) = (spec.nan(), parts.iter().find_map(Rows::first_nan)) {
                let skipped: usize = parts.iter().take_while(|part| part.first_nan().is_none()).map(Rows::len).sum();
                let row = (before + skipped + row) as u64;
                return Err(Error::Nan { place: error::column(name.as_deref()), row });
            }
            all.append(&mut parts);
            before += chunk.len();
        }
    }
    let mut fields = vec![Field::new("row", DataType::UInt64, false)];
    let mut keys: Vec<ArrayRef> = vec![Arc::new((0..rows as u64).collect::<UInt64Array>())];
    for (name, array) in carried {
        fields.push(Field::new(name, array.data_type().clone(), true));
        keys.push(array);
    }
    let keys =
        RecordBatch::try_new(Arc::new(Schema::new(fields)), keys).map_err(|error| Error::Data(error.to_string()))?;
    Ok(Summaries::with_keys(columns.into_iter().map(|(name, _)| name).collect(), keys, spec, all))
}

fn of_lists<T: Scanned>(lists: &Lists, spec: &Spec, interrupt: &Interrupt) -> Result<Vec<Rows>> {
    let tasks = tasks(lists.len(), |list| lists.length(list));
    // One task needs no other thread; its own series may.
    let rows = if tasks.len() <= 1 { 0 } else { usize::MAX };
    in_order(&tasks, rows, spec, interrupt, |describer, task| {
        interrupt.check()?;
        let (values, segments) = lists.segments(task.clone())?;
        let mut found = Rows::with_capacity(task.len(), spec);
        of_segments::<T>(&values, segments.into_iter(), describer, &mut found)?;
        Ok(found)
    })
}

/// Keys must not be named like what stands beside them.
fn check_names<'a>(keys: impl Iterator<Item = &'a str> + Clone, spec: &Spec) -> Result<()> {
    let taken = |name: &str| {
        ["column", "count", "null_count", "nan_count"].contains(&name) || spec.field_names().iter().any(|n| n == name)
    };
    for (place, name) in keys.clone().enumerate() {
        if taken(name) {
            return Err(Error::Invalid(format!("a key is named '{name}', like a column of the answer; rename it")));
        }
        if keys.clone().take(place).any(|earlier| earlier == name) {
            return Err(Error::Invalid(format!("'{name}' is given twice as a key")));
        }
    }
    Ok(())
}

/// The summaries of one series, group by group.
fn of_groups<T: Scanned>(series: &Series, groups: &Groups, spec: &Spec, interrupt: &Interrupt) -> Result<Vec<Rows>> {
    let chunk = series.whole()?;
    let tasks = tasks(groups.len(), |group| groups.starts[group + 1] - groups.starts[group]);
    let work = |describer: &mut Describer, task: &Range<usize>| -> Result<Rows> {
        interrupt.check()?;
        let rows = &groups.rows[groups.starts[task.start]..groups.starts[task.end]];
        let mut found = Rows::with_capacity(task.len(), spec);
        if let (1, true) = (task.len(), rows.len() > ALONE) {
            let pieces = rows.par_chunks(PIECE).map(|rows| Ok(Chunk::Array(chunk.take(rows)?)));
            let whole = Series::new(None, pieces.collect::<Result<_>>()?)?;
            let scan = T::scan(scan_of(&mut describer.scans, series.lane(), spec)).ok_or_else(changed)?;
            found.push(&describe_one(&whole, spec, interrupt, scan)?);
            return Ok(found);
        }
        let taken = chunk.take(rows)?;
        let ends = task.clone().map(|group| Some(groups.starts[group]..groups.starts[group + 1]));
        let start = groups.starts[task.start];
        let segments = ends.map(|rows| rows.map(|rows| rows.start - start..rows.end - start));
        of_segments::<T>(&taken, segments, describer, &mut found)?;
        Ok(found)
    };
    let parts = in_order(&tasks, groups.rows.len(), spec, interrupt, work)?;
    if spec.nan() == NanPolicy::Raise && parts.iter().any(|rows| rows.first_nan().is_some()) {
        let row = series.first_nan()?.unwrap_or_default();
        return Err(Error::Nan { place: error::column(series.name()), row });
    }
    Ok(parts)
}

/// Ranges of neighbours that have about [`TASK`] rows together; one that has more is alone.
fn tasks(count: usize, rows: impl Fn(usize) -> usize) -> Vec<Range<usize>> {
    let mut tasks = Vec::new();
    let (mut start, mut filled) = (0, 0);
    for place in 0..count {
        let more = rows(place);
        if filled > 0 && filled + more > TASK {
            tasks.push(start..place);
            (start, filled) = (place, 0);
        }
        // A row that is empty is work as well.
        filled += more.max(16);
    }
    if start < count {
        tasks.push(start..count);
    }
    tasks
}

/// Does the tasks, each thread with a describer of its own; what they found is in their order.
fn in_order<K: Sync>(
    tasks: &[K],
    rows: usize,
    spec: &Spec,
    interrupt: &Interrupt,
    work: impl Fn(&mut Describer, &K) -> Result<Rows> + Sync,
) -> Result<Vec<Rows>> {
    let describer = || Describer { interrupt: interrupt.clone(), ..Describer::new(spec) };
    // A few rows need no other thread, and must not wake rayon's own pool: see `FEW`.
    let parts: Vec<Result<Rows>> = if rows <= super::FEW {
        let mut describer = describer();
        tasks.iter().map(|task| work(&mut describer, task)).collect()
    } else {
        tasks.par_iter().map_init(describer, &work).collect()
    };
    parts.into_iter().collect()
}

/// The summaries of stretches of an array, of which `None` is one that is itself missing.
fn of_segments<T: Scanned>(
    values: &dyn Array,
    segments: impl Iterator<Item = Option<Range<usize>>>,
    describer: &mut Describer,
    found: &mut Rows,
) -> Result<()> {
    let Describer { spec, interrupt, scans, few } = describer;
    let scan = T::scan(scan_of(scans, T::LANE, spec)).ok_or_else(changed)?;
    let nulls = values.logical_nulls().filter(|nulls| nulls.null_count() > 0);
    // Values that are there, as they are or converted; with the number of them before each row where some are missing.
    let mut converted = Vec::new();
    let plain: &[T] = match (array::as_they_are::<T>(values), &nulls) {
        (Some(plain), None) => plain,
        _ => {
            converted.reserve(values.len());
            array::read(values, &mut converted)?;
            &converted
        }
    };
    let before = nulls.as_ref().map(positions);
    for segment in segments {
        let Some(rows) = segment else {
            found.push_missing(spec);
            continue;
        };
        if rows.len() > SHORT && !spec.computed().is_empty() {
            let series = Series::from_arrays(None, vec![values.slice(rows.start, rows.len())])?;
            found.push(&describe_one(&series, spec, interrupt, scan)?);
            continue;
        }
        let there = match &before {
            None => rows.clone(),
            Some(before) => before[rows.start] as usize..before[rows.end] as usize,
        };
        let null_count = (rows.len() - there.len()) as u64;
        if let (Some(few), Some(values)) = (few.as_mut(), T::as_floats(&plain[there.clone()]))
            && few.describe(values, null_count, found)
        {
            continue;
        }
        found.push(&of_values(&plain[there], null_count, spec, scan)?);
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

/// A few values in memory, and so many nulls.
fn of_values<T: Scanned>(values: &[T], nulls: u64, spec: &Spec, scan: &mut Scan<T>) -> Result<Summary> {
    scan.restart(Keep::All, Brackets::unknown());
    scan.update(values);
    scan.update_nulls(nulls);
    match scan.finish(spec) {
        Outcome::Done(summary) => Ok(summary),
        Outcome::Again(_) => Err(changed()), // all values were kept
    }
}
