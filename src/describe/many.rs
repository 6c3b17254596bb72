//! Many series in one: groups of rows, rows of lists, arrays of several dimensions. Short ones are scanned side by side, long ones in pieces.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, UInt64Array};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field, Schema};
use rayon::prelude::*;

use super::few::Place;
use super::group::Groups;
use super::{ALONE, Describer, Interrupt, PIECE, SHORT, Scanned, changed, describe_all, describe_one, scan_of};
use crate::error::{self, Error, Result};
use crate::num::number::Number;
use crate::scan::{Keep, Outcome, Scan};
use crate::series::lane::Lane;
use crate::series::list::Lists;
use crate::series::matrix::Matrix;
use crate::series::{Chunk, Kind, Series, array};
use crate::spec::{NanPolicy, Spec};
use crate::stats::select::Brackets;
use crate::summary::{Answers, Rows, Summaries, Summary};

/// Rows that one thread takes at a time.
const TASK: usize = 1 << 16;

/// Rows of long groups that are copied at a time.
const GATHERED: usize = 1 << 25;

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
    describe_each_group(Groups::new(by, rows)?, series, spec, interrupt)
}

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
        let rows = rows.split_off(groups.len());
        match series.lane() {
            Lane::Float => of_groups::<f64>(series, &groups, rows, spec, interrupt),
            Lane::Signed => of_groups::<i64>(series, &groups, rows, spec, interrupt),
            Lane::Unsigned => of_groups::<u64>(series, &groups, rows, spec, interrupt),
            Lane::Exact => of_groups::<Number>(series, &groups, rows, spec, interrupt),
        }?;
    }
    let columns = series.iter().map(|series| series.name().map(str::to_owned)).collect();
    Ok(Summaries::with_keys(columns, Some(groups.keys), spec, answers))
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
    if let Some((name, chunks)) = columns.iter().find(|(_, chunks)| length(chunks) != rows) {
        let (column, found) = (error::column(name.as_deref()), length(chunks));
        return Err(Error::Data(format!("{column} has {found} rows, and the one before {rows}")));
    }
    let mut answers = Answers::new(columns.len() * rows, spec);
    let mut rest = answers.rows();
    let chunks = columns.iter().flat_map(|(name, chunks)| {
        let starts = chunks.iter().scan(0, |rows, chunk| Some(std::mem::replace(rows, *rows + chunk.len())));
        starts.zip(chunks).map(move |(start, chunk)| (name, start, chunk))
    });
    for (name, start, chunk) in chunks {
        let rows = rest.split_off(chunk.len());
        let lists = Lists::new(chunk)?;
        let kind = Kind::of(lists.value_type())
            .ok_or_else(|| Error::NotNumeric { name: name.clone(), data_type: chunk.data_type().to_string() })?;
        let first_nan = match Lane::of(&[kind]) {
            Lane::Float => of_lists::<f64>(&lists, rows, spec, interrupt),
            Lane::Signed => of_lists::<i64>(&lists, rows, spec, interrupt),
            Lane::Unsigned => of_lists::<u64>(&lists, rows, spec, interrupt),
            Lane::Exact => of_lists::<Number>(&lists, rows, spec, interrupt),
        }?;
        if let (NanPolicy::Raise, Some(row)) = (spec.nan(), first_nan) {
            return Err(Error::Nan { place: error::column(name.as_deref()), row: (start + row) as u64 });
        }
    }
    let mut fields = vec![Field::new("row", DataType::UInt64, false)];
    let mut keys: Vec<ArrayRef> = vec![Arc::new(UInt64Array::from((0..rows as u64).collect::<Vec<_>>()))];
    for (name, array) in carried {
        fields.push(Field::new(name, array.data_type().clone(), true));
        keys.push(array);
    }
    let keys =
        RecordBatch::try_new(Arc::new(Schema::new(fields)), keys).map_err(|error| Error::Data(error.to_string()))?;
    Ok(Summaries::with_keys(columns.into_iter().map(|(name, _)| name).collect(), Some(keys), spec, answers))
}

/// The summaries of the series of an array of several dimensions, in their order. Short ones are copied together, the long ones
/// are scanned where they are.
///
/// # Errors
///
/// As [`describe_all`](super::describe_all).
pub fn describe_matrix(matrix: &Matrix, spec: &Spec, interrupt: &Interrupt) -> Result<Summaries> {
    if matrix.rows() > SHORT {
        return Ok(Summaries::new(spec, describe_all(&matrix.to_series()?, spec, interrupt)?));
    }
    let mut answers = Answers::new(matrix.len(), spec);
    let rows = answers.rows();
    let first_nan = match Lane::of(&[matrix.kind()]) {
        Lane::Float => of_matrix::<f64>(matrix, rows, spec, interrupt),
        Lane::Signed => of_matrix::<i64>(matrix, rows, spec, interrupt),
        Lane::Unsigned => of_matrix::<u64>(matrix, rows, spec, interrupt),
        Lane::Exact => of_matrix::<Number>(matrix, rows, spec, interrupt),
    }?;
    if let (NanPolicy::Raise, Some(place)) = (spec.nan(), first_nan) {
        let row = Chunk::Memory(matrix.series(place)?).first_nan()?.unwrap_or_default();
        return Err(Error::Nan { place: error::column(None), row });
    }
    Ok(Summaries::with_keys(vec![None; matrix.len()], None, spec, answers))
}

/// Sets the rows of short series; the first one with a NaN.
fn of_matrix<T: Scanned>(matrix: &Matrix, rows: Rows<'_>, spec: &Spec, interrupt: &Interrupt) -> Result<Option<usize>> {
    let length = matrix.rows();
    let tasks = tasks(matrix.len(), |_| length);
    in_parts(tasks, rows, matrix.len() * length, spec, interrupt, |describer, task, rows| {
        let segments = (0..task.len()).map(|place| Some(place * length..(place + 1) * length));
        of_segments::<T>(&matrix.to_array(task)?, segments, describer, rows)
    })
}

/// Sets the rows of the lists of one array; the first row with a NaN.
fn of_lists<T: Scanned>(lists: &Lists, rows: Rows<'_>, spec: &Spec, interrupt: &Interrupt) -> Result<Option<usize>> {
    let tasks = tasks(lists.len(), |list| lists.length(list));
    // One task needs no other thread; its own series may.
    let values = if tasks.len() <= 1 { 0 } else { usize::MAX };
    in_parts(tasks, rows, values, spec, interrupt, |describer, task, rows| {
        let (values, segments) = lists.segments(task)?;
        of_segments::<T>(&values, segments.into_iter(), describer, rows)
    })
}

/// Keys must not be named like what stands beside them.
pub(crate) fn check_names<'a>(keys: impl Iterator<Item = &'a str> + Clone, spec: &Spec) -> Result<()> {
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

/// Sets the rows of one series, group by group.
fn of_groups<T: Scanned>(
    series: &Series,
    groups: &Groups,
    rows: Rows<'_>,
    spec: &Spec,
    interrupt: &Interrupt,
) -> Result<()> {
    let chunk = series.whole()?;
    let giants = giants(&chunk, groups, spec, interrupt)?;
    let tasks = tasks(groups.len(), |group| groups.rows(group..group + 1).len());
    let first_nan = in_parts(tasks, rows, groups.rows.len(), spec, interrupt, |describer, task, found| {
        if let Some(summary) = giants.get(&task.start) {
            found.set(0, summary);
            return Ok(());
        }
        let start = groups.starts[task.start];
        let taken = chunk.take(groups.rows(task.clone()))?;
        let segments = task.map(|group| Some(groups.starts[group] - start..groups.starts[group + 1] - start));
        of_segments::<T>(&taken, segments, describer, found)
    })?;
    if spec.nan() == NanPolicy::Raise && first_nan.is_some() {
        let row = series.first_nan()?.unwrap_or_default();
        return Err(Error::Nan { place: error::column(series.name()), row });
    }
    Ok(())
}

/// The summaries of groups that are long enough to be scanned in pieces. Their values are taken stripe by stripe, for all of
/// them, so that the memory is read once.
fn giants(chunk: &Chunk, groups: &Groups, spec: &Spec, interrupt: &Interrupt) -> Result<HashMap<usize, Summary>> {
    let length = |group: usize| groups.rows(group..group + 1).len();
    let giants: Vec<usize> = (0..groups.len()).filter(|&group| length(group) > ALONE).collect();
    // A NaN is an error of the whole series, which says where it is.
    let spec = match spec.nan() {
        NanPolicy::Raise => &spec.clone().with_nan(NanPolicy::Propagate),
        _ => spec,
    };
    let mut found = HashMap::with_capacity(giants.len());
    let mut rest = &giants[..];
    while !rest.is_empty() {
        // As many as may be in memory at once.
        let rows = rest.iter().scan(0, |rows, &group| {
            *rows += length(group);
            Some(*rows)
        });
        let (giants, others) = rest.split_at(rows.take_while(|&rows| rows <= GATHERED).count().max(1));
        rest = others;
        let stripe = PIECE.max(giants.len() << 13);
        let starts: Vec<usize> = (0..chunk.len()).step_by(stripe).collect();
        let taken = starts.par_iter().map(|&start| -> Result<Vec<Chunk>> {
            interrupt.check()?;
            let pieces = giants.iter().map(|&group| {
                let rows = groups.rows(group..group + 1);
                let before = |end: usize| rows.partition_point(|&row| (row as usize) < end);
                Ok(Chunk::Array(chunk.take(&rows[before(start)..before(start + stripe)])?))
            });
            pieces.collect()
        });
        let mut stripes = taken.collect::<Result<Vec<_>>>()?;
        let series = (0..giants.len()).rev().map(|_| {
            let pieces = stripes.iter_mut().filter_map(Vec::pop).collect();
            Series::new(None, pieces)
        });
        let series = series.collect::<Result<Vec<_>>>()?;
        let summaries = describe_all(&series, spec, interrupt)?;
        found.extend(giants.iter().rev().copied().zip(summaries));
    }
    Ok(found)
}

/// Ranges of neighbours that have about [`TASK`] rows together; one that has more is alone.
pub(super) fn tasks(count: usize, rows: impl Fn(usize) -> usize) -> Vec<Range<usize>> {
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

/// Does the tasks, each thread with a describer of its own: each sets the rows of a range of its own. The first row with a NaN.
pub(super) fn in_parts(
    tasks: Vec<Range<usize>>,
    mut rows: Rows<'_>,
    values: usize,
    spec: &Spec,
    interrupt: &Interrupt,
    work: impl Fn(&mut Describer, Range<usize>, &mut Rows<'_>) -> Result<()> + Sync,
) -> Result<Option<usize>> {
    let all = Describer { interrupt: interrupt.clone(), ..Describer::new(spec) };
    let describer = || Describer { scans: [const { None }; 4], ..all.clone() };
    let tasks: Vec<_> = tasks.into_iter().map(|task| (rows.split_off(task.len()), task)).collect();
    let work = |describer: &mut Describer, (mut rows, task): (Rows<'_>, Range<usize>)| {
        interrupt.check()?;
        let start = task.start;
        work(describer, task, &mut rows)?;
        Ok(rows.first_nan().map(|row| start + row))
    };
    // A few values need no other thread, and must not wake rayon's own pool: see `FEW`.
    let nans: Vec<Result<Option<usize>>> = if values <= super::FEW {
        let mut describer = describer();
        tasks.into_iter().map(|task| work(&mut describer, task)).collect()
    } else {
        tasks.into_par_iter().map_init(describer, work).collect()
    };
    Ok(nans.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().next())
}

/// Sets the rows of stretches of an array, of which `None` is one that is itself missing.
pub(super) fn of_segments<T: Scanned>(
    values: &dyn Array,
    segments: impl Iterator<Item = Option<Range<usize>>>,
    describer: &mut Describer,
    found: &mut Rows<'_>,
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
    let mut few = few.as_mut().zip(T::as_floats(plain));
    for (row, segment) in segments.enumerate() {
        let Some(rows) = segment else {
            found.set_missing(row);
            continue;
        };
        if rows.len() > SHORT && !spec.computed().is_empty() {
            let series = Series::from_arrays(None, vec![values.slice(rows.start, rows.len())])?;
            found.set(row, &describe_one(&series, spec, interrupt, scan)?);
            continue;
        }
        let there = match &before {
            None => rows.clone(),
            Some(before) => before[rows.start] as usize..before[rows.end] as usize,
        };
        let nulls = (rows.len() - there.len()) as u64;
        let place = Place { row, start: there.start, count: there.len(), nulls };
        if !few.as_mut().is_some_and(|(few, floats)| few.takes(place, floats, found)) {
            found.set(row, &of_values(&plain[there], nulls, spec, scan)?);
        }
    }
    if let Some((few, floats)) = few {
        for Place { row, start, count, nulls } in few.finish(floats, found) {
            found.set(row, &of_values(&plain[start..start + count], nulls, spec, scan)?);
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

/// A few values in memory, and so many nulls.
fn of_values<T: Scanned>(values: &[T], nulls: u64, spec: &Spec, scan: &mut Scan<T>) -> Result<Summary> {
    scan.restart(Keep::All, Brackets::unknown());
    scan.update(values);
    scan.update_nulls(nulls);
    match scan.finish(spec)? {
        Outcome::Done(summary) => Ok(summary),
        Outcome::Again(_) => Err(changed()), // all values were kept
    }
}
