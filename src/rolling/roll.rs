//! Windows of many series, on the threads of the pool.

use std::ops::Range;

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::FieldRef;

use super::answer::{Column, Measure, UNDEFINED, names, table};
use super::bounds::Bounds;
use super::eight_wide::{eight_wide, together};
use super::extrema::extrema;
use super::higher_moments::higher_moments;
use super::question::Rolling;
use super::ranks::{ranks, stretch};
use super::rows::Rows;
use super::sums::sums;
use super::targets::Targets;
use crate::arch::{Tier, expect_bytes};
use crate::describe::Groups;
use crate::error::{self, Error, Result};
use crate::interrupt::Interrupt;
use crate::series::repr::{Element, with_repr};
use crate::series::times::{Times, nanoseconds};
use crate::series::{Series, from_arrow};
use crate::spec::{NanPolicy, NullPolicy, Spec, Statistic};
use crate::threads::Threads;

/// Windows that one thread does at a time, unless it has to be more.
const TASK: usize = 1 << 14;

/// What keeps the same of the rows in a window.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Count,
    Sums,
    /// Takes big numbers for each window.
    Ratios,
    Extrema,
    Ranks,
    HigherMoments,
}

impl Kind {
    const ALL: [Self; 6] = [Self::Count, Self::Sums, Self::Ratios, Self::Extrema, Self::Ranks, Self::HigherMoments];

    fn of(measure: Measure) -> Self {
        use Statistic::{Cv, Iqr, Kurtosis, Max, Min, NUnique, Range, Skewness};
        match measure {
            Measure::Count => Self::Count,
            Measure::Quantile(_) | Measure::Statistic(Iqr | NUnique) => Self::Ranks,
            Measure::Statistic(Min | Max | Range) => Self::Extrema,
            Measure::Statistic(Skewness | Kurtosis) => Self::HigherMoments,
            Measure::Statistic(Cv) => Self::Ratios,
            Measure::Statistic(_) => Self::Sums,
        }
    }
}

impl Rolling {
    /// The statistics of the window of each row, in the order of the rows: a column for each series and each statistic, named
    /// `{series}_{statistic}`; of one series `{statistic}`. Counts are UInt64, all others Float64; what is not defined, and what is
    /// said of too few values, is null. `by` are columns of keys: a window holds rows with the keys of its own. `on` are the times of
    /// the rows, for windows of time: timestamps or dates, in order (of each group, if there are keys), ascending or descending.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for statistics that windows do not have, and for times that are missing, of another type or out of order;
    /// [`Error::NoKey`] for keys without an order; [`Error::Data`] for columns of several lengths, or 2^32 rows and more;
    /// [`Error::Nan`] and [`Error::Nulls`] as `spec` has it, [`Error::Interrupted`].
    pub fn describe(
        &self,
        series: &[Series],
        by: Vec<(FieldRef, ArrayRef)>,
        on: Option<&ArrayRef>,
        spec: &Spec,
        interrupt: &Interrupt,
    ) -> Result<RecordBatch> {
        self.check(spec)?;
        let rows = series.first().map(Series::rows).or(on.map(|on| on.len())).unwrap_or_default();
        for series in series {
            if series.rows() != rows {
                let (column, found) = (error::column(series.name()), series.rows());
                return Err(Error::Data(format!("{column} has {found} rows, and others have {rows}")));
            }
        }
        if u32::try_from(rows).is_err() {
            return Err(Error::Data(format!("{rows} rows; windows move over {} at most", u32::MAX)));
        }
        let groups = if by.is_empty() { None } else { Some(Groups::with_indices(by, rows)?) };
        let order = groups.as_ref().map(|(groups, _)| &groups.rows[..]);
        let starts = groups.as_ref().map_or_else(|| vec![0, rows], |(groups, _)| groups.starts.clone());
        let times = match (self.needs_times(), on) {
            (false, _) => Vec::new(),
            (true, None) => {
                return Err(Error::Invalid(
                    "windows of time need the times of the rows: name their column with on".to_owned(),
                ));
            }
            (true, Some(on)) => times(on, rows, order, &starts)?,
        };
        let bounds = Bounds::new(self, &starts, &times);
        let listed: Option<Vec<u32>> = (self.step > 1).then(|| {
            let is_target = |&position: &u32| (row_of(order, position as usize) as usize).is_multiple_of(self.step);
            (0..rows as u32).filter(is_target).collect()
        });
        let targets = Targets::new(listed.as_deref(), rows);
        let measures = Measure::all(self.counts, spec);
        expect_bytes(series.len() * measures.len() * targets.len() * size_of::<f64>());
        let mut columns = Vec::with_capacity(series.len() * measures.len());
        for series in series {
            let mut values: Vec<Vec<f64>> = measures.iter().map(|_| vec![0.0; targets.len()]).collect();
            let work =
                Work { rolling: self, series, groups: groups.as_ref(), bounds, targets: &targets, spec, interrupt };
            with_repr!(series.repr(), T => work.fill::<T>(&measures, &mut values))
                .map_err(|error| error.of_series(series.name()))?;
            columns.extend(measures.iter().copied().zip(values));
        }
        if let Some((groups, indices)) = groups {
            let places = if self.step == 1 { indices } else { places(&groups.rows, &targets, self.step) };
            for (_, values) in &mut columns {
                *values = in_order(values, &places);
            }
        }
        let names =
            names(&series.iter().map(|series| series.name().map(str::to_owned)).collect::<Vec<_>>(), self.counts, spec);
        table(names, columns, targets.len())
    }
}

/// The row at a position.
fn row_of(order: Option<&[u32]>, position: usize) -> u32 {
    order.map_or(position as u32, |order| order[position])
}

/// Where among the targets each row that gets an answer is.
fn places(order: &[u32], targets: &Targets<'_>, step: usize) -> Vec<u32> {
    let mut places = vec![0; targets.len()];
    for (index, position) in targets.all().enumerate() {
        places[order[position] as usize / step] = index as u32;
    }
    places
}

/// The value at each of these places.
fn in_order(values: &[f64], places: &[u32]) -> Vec<f64> {
    let mut ordered = vec![0.0; places.len()];
    let parts = ordered.chunks_mut(TASK).zip(places.chunks(TASK));
    Threads::for_values(places.len()).map_items(parts, |(ordered, places)| {
        for (value, &place) in ordered.iter_mut().zip(places) {
            *value = values[place as usize];
        }
    });
    ordered
}

/// Times in nanoseconds, group after group, ascending: descending ones are turned around.
fn times(on: &ArrayRef, rows: usize, order: Option<&[u32]>, groups: &[usize]) -> Result<Vec<i64>> {
    if on.len() != rows {
        return Err(Error::Data(format!("there are {} times and {rows} rows", on.len())));
    }
    let Times { values, nulls } = nanoseconds(on)?;
    if let Some(row) = nulls.as_ref().and_then(|nulls| nulls.iter().position(|is_valid| !is_valid)) {
        return Err(Error::Invalid(format!("the time of row {row} (counted from 0) is null; leave such rows out")));
    }
    let mut times: Vec<i64> = match order {
        None => values.to_vec(),
        Some(order) => order.iter().map(|&row| values[row as usize]).collect(),
    };
    for group in groups.windows(2) {
        let times = &mut times[group[0]..group[1]];
        if let [first, .., last] = times[..]
            && last < first
        {
            times.iter_mut().for_each(|time| *time = !*time);
        }
        if let Some(index) = times.windows(2).position(|pair| pair[1] < pair[0]) {
            let row = row_of(order, group[0] + index + 1);
            return Err(Error::Invalid(format!(
                "the times are not in order: that of row {row} (counted from 0) is on the wrong side of the one before it; sort the rows"
            )));
        }
    }
    Ok(times)
}

/// The windows of one series.
struct Work<'a> {
    rolling: &'a Rolling,
    series: &'a Series,
    /// The rows of each group, and the index of each row among them.
    groups: Option<&'a (Groups, Vec<u32>)>,
    bounds: Bounds<'a>,
    targets: &'a Targets<'a>,
    spec: &'a Spec,
    interrupt: &'a Interrupt,
}

impl Work<'_> {
    fn fill<T: Element>(&self, measures: &[Measure], values: &mut [Vec<f64>]) -> Result<()> {
        let array = self.series.whole()?.to_array()?;
        let array = match self.groups {
            Some((groups, indices)) => from_arrow::put_rows(&array, &groups.rows, indices)?,
            None => array,
        };
        let rows = Rows::<T>::new(&array)?;
        let nulls = array.logical_null_count() as u64;
        if nulls > 0 && self.spec.null() == NullPolicy::Raise {
            return Err(Error::Nulls { name: None, nulls });
        }
        if let (NanPolicy::Raise, Some(_)) = (self.spec.nan(), rows.first_nan()) {
            let row = self.series.first_nan()?.unwrap_or_default();
            return Err(Error::Nan { name: None, file: None, row });
        }
        for kind in Kind::ALL {
            let mut columns: Vec<(Measure, &mut [f64])> = measures
                .iter()
                .zip(&mut *values)
                .filter(|(measure, _)| Kind::of(**measure) == kind)
                .map(|(measure, values)| (*measure, &mut values[..]))
                .collect();
            if columns.is_empty() {
                continue;
            }
            let size = self.task(kind);
            let mut tasks: Vec<(Range<usize>, Vec<Column<'_>>)> = Vec::new();
            for start in (0..self.targets.len()).step_by(size) {
                let part = start..self.targets.len().min(start + size);
                let mut of_part = Vec::with_capacity(columns.len());
                for (measure, rest) in &mut columns {
                    let (values, after) = std::mem::take(rest).split_at_mut(part.len());
                    *rest = after;
                    of_part.push(Column { measure: *measure, values });
                }
                tasks.push((part, of_part));
            }
            let work = |(part, mut columns): (Range<usize>, Vec<Column<'_>>)| {
                self.interrupt.check()?;
                let targets = self.targets.slice(part);
                self.fill_part(&rows, kind, &targets, &mut columns)?;
                self.mask(&rows, &targets, &mut columns);
                Ok(())
            };
            Threads::for_values(self.bounds.len()).try_map_items(tasks, work)?;
        }
        Ok(())
    }

    /// How many windows one thread does at a time: enough that the rows of its first window, which only enter, are a small part.
    fn task(&self, kind: Kind) -> usize {
        let usual = self.bounds.usual();
        let rows = match kind {
            Kind::Count => TASK,
            Kind::Sums if self.bounds.fixed().is_some() => together(usual),
            Kind::Ranks => stretch(usual).max(TASK),
            _ => usual.saturating_mul(8).max(TASK),
        };
        (rows / self.rolling.step).max(1)
    }

    fn fill_part<T: Element>(
        &self,
        rows: &Rows<'_, T>,
        kind: Kind,
        targets: &Targets<'_>,
        columns: &mut [Column<'_>],
    ) -> Result<()> {
        let Self { bounds, spec, interrupt, .. } = *self;
        match kind {
            Kind::Count => {
                for (index, (_, window)) in bounds.windows(targets.all()).enumerate() {
                    let count = self.count(rows, &window);
                    columns.iter_mut().for_each(|column| column.values[index] = count as f64);
                }
                Ok(())
            }
            Kind::Sums => eight_wide(rows, bounds, targets, spec, Tier::best(), interrupt, columns),
            Kind::Ratios => sums(rows, bounds, targets, spec, interrupt, columns),
            Kind::Extrema => extrema(rows, bounds, targets, interrupt, columns),
            Kind::Ranks => ranks(rows, bounds, targets, spec, interrupt, columns),
            Kind::HigherMoments => higher_moments(rows, bounds, targets, spec, interrupt, columns),
        }
    }

    /// The values of a window.
    fn count<T: Element>(&self, rows: &Rows<'_, T>, window: &Range<usize>) -> u64 {
        let numbers = rows.numbers(window);
        if self.spec.nan() == NanPolicy::Omit { numbers } else { numbers + rows.nans(window) }
    }

    /// Takes back what is said of too few values, and of NaNs and nulls, as the policies have it.
    fn mask<T: Element>(&self, rows: &Rows<'_, T>, targets: &Targets<'_>, columns: &mut [Column<'_>]) {
        let least = self.rolling.min_periods;
        let least_of_sum = if self.spec.wants(Statistic::Sum) { self.spec.min_count() } else { 0 };
        let is_dense = rows.is_dense() && least_of_sum <= 1;
        // A row is in its own window.
        if is_dense && least <= 1 && self.rolling.is_of_its_row() {
            return;
        }
        if let (true, Some(_), Some(positions)) = (is_dense, self.bounds.fixed(), targets.neighbours()) {
            // Only the first windows of a group are not full.
            for group in self.bounds.groups_of(positions.clone()) {
                let end = group.end.min(group.start.saturating_add(least.saturating_sub(1) as usize));
                let (start, end) = (group.start.max(positions.start), end.min(positions.end));
                for column in columns.iter_mut().filter(|column| column.measure != Measure::Count && start < end) {
                    column.values[start - positions.start..end - positions.start].fill(UNDEFINED);
                }
            }
            return;
        }
        for (index, (_, window)) in self.bounds.windows(targets.all()).enumerate() {
            let (count, nans) = (self.count(rows, &window), rows.nans(&window));
            let numbers = rows.numbers(&window);
            let nulls = window.len() as u64 - numbers - nans;
            let is_undefined = count < least || nulls > 0 && self.spec.null() == NullPolicy::Propagate;
            let is_spoilt = nans > 0 && self.spec.nan() != NanPolicy::Omit;
            if !is_undefined && !is_spoilt && count > 0 && numbers >= least_of_sum {
                continue;
            }
            for column in &mut *columns {
                let value = &mut column.values[index];
                let sum_of_few =
                    column.measure == Measure::Statistic(Statistic::Sum) && !is_spoilt && numbers < least_of_sum;
                if column.measure == Measure::Count {
                } else if is_undefined || sum_of_few {
                    *value = UNDEFINED;
                } else if is_spoilt {
                    *value = if column.measure.is_count() { *value + 1.0 } else { f64::NAN };
                }
            }
        }
    }
}
