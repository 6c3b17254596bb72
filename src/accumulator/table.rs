//! Tables: columns of numbers, and beside them those of every other kind.

use arrow_schema::DataType;

use super::others::{LearnedRows, Nulls, OtherColumns, in_type, nulls_of};
use super::{Accumulator, Passes};
#[cfg(feature = "parquet")]
use super::{Column, NumberType};
#[cfg(feature = "parquet")]
use crate::describe::AnyScan;
use crate::describe::{Part, TypedColumn};
use crate::error::{Error, Result, column};
use crate::interrupt::Interrupt;
use crate::series::{Chunk, Repr, Series};
use crate::spec::Spec;

/// Columns as they were read of files.
#[cfg(feature = "parquet")]
pub(crate) struct ReadColumns<'a> {
    pub numbers: Vec<ScannedColumn<'a>>,
    pub times: Vec<ScannedColumn<'a>>,
    /// What the other columns are in.
    pub others: Accumulator,
}

/// The name of a column, what numbers and of which type it has, and what was scanned of it.
#[cfg(feature = "parquet")]
pub(crate) type ScannedColumn<'a> = (&'a str, NumberType, &'a DataType, AnyScan);

impl Accumulator {
    /// As [`Accumulator::update`], with columns that hold no numbers beside the series: what is asked of each kind is what
    /// [`describe_kinds`](crate::describe_kinds) answers. A column of type null is of the type that it has in other rows; times come to the unit
    /// that they had first, if that is the finer one.
    ///
    /// # Errors
    ///
    /// As [`Accumulator::update`].
    pub fn update_all(&mut self, series: &[Series], others: &[TypedColumn], interrupt: &Interrupt) -> Result<()> {
        interrupt.check()?;
        let rows = series.iter().map(Series::rows).chain(others.iter().map(TypedColumn::rows)).max();
        let LearnedRows { columns, ticks } = LearnedRows::of(&self.fitting(others)?, &self.spec, interrupt)?;
        self.check_kinds(series.iter().map(Series::name), &columns)?;
        let values = ticks.iter().map(Series::rows).sum::<usize>() * size_of::<i64>();
        let more = columns.bytes() + if self.keeps_values() { values as u64 } else { 0 };
        self.update_series(series, more)?;
        if !ticks.is_empty() {
            // What may be wrong with them was found out.
            self.ticks_mut().update(&ticks, &Interrupt::default())?;
        }
        let nulls = self.others.merge(columns);
        self.count_nulls(nulls)?;
        self.rows += rows.unwrap_or_default() as u64;
        Ok(())
    }

    /// The columns that are looked at, times as those that are known.
    fn fitting(&self, columns: &[TypedColumn]) -> Result<Vec<TypedColumn>> {
        let fitted = |column: &TypedColumn| {
            let known = self.others.type_of_times(column.name.as_deref());
            known.map_or_else(|| Ok(column.clone()), |known| in_type(column, known))
        };
        columns.iter().filter(|column| self.looks_at(column.name.as_deref())).map(fitted).collect()
    }

    /// Whether a column is looked at, of numbers or not: another pass has those that need it.
    pub(crate) fn looks_at(&self, name: Option<&str>) -> bool {
        self.needs(name) || self.ticks.as_ref().is_some_and(|ticks| ticks.needs(name))
    }

    /// Whether columns are of the kind that they were of before: those of numbers, which have these names, and others.
    pub(super) fn check_kinds<'a>(
        &self,
        mut numbers: impl Iterator<Item = Option<&'a str>>,
        others: &OtherColumns,
    ) -> Result<()> {
        let differ = |name, now: &str, before: &str| {
            Err(Error::Data(format!("{} is {now} now, and was {before} before", column(name))))
        };
        if let Some((name, before)) = numbers.find_map(|name| Some((name, self.others.type_text(name)?))) {
            return differ(name, "of numbers", &before);
        }
        let is_number = |name: Option<&str>| self.columns.iter().any(|column| column.name.as_deref() == name);
        let clash =
            others.names().filter(|name| is_number(*name)).find_map(|name| Some((name, others.type_text(name)?)));
        clash.map_or_else(|| others.check(&self.others), |(name, now)| differ(name, &now, "of numbers"))
    }

    /// Columns of another one that hold no numbers, which were checked; of times up to `values` values are kept.
    pub(super) fn merge_others(&mut self, other: &Self, values: usize) -> Result<()> {
        if let Some(theirs) = &other.ticks {
            self.ticks_mut().merge_keeping(theirs, values)?;
        }
        let nulls = self.others.merge(other.others.clone());
        self.count_nulls(nulls)
    }

    /// Counts nulls of columns that had no type and are of times, and of those that are of numbers.
    fn count_nulls(&mut self, of_times: Nulls) -> Result<()> {
        for (name, nulls) in of_times {
            for array in nulls_of(&DataType::Int64, nulls) {
                let nulls = Series::from_arrays(name.clone(), vec![array])?;
                self.ticks_mut().update(&[nulls], &Interrupt::default())?;
            }
        }
        let columns = &mut self.columns;
        let is_number = |name: Option<&str>| columns.iter().any(|column| column.name.as_deref() == name);
        for (name, nulls) in self.others.take_nulls(is_number) {
            let Some(column) = columns.iter_mut().find(|column| column.name == name) else { continue };
            let data_type = match column.scan.repr() {
                Repr::Float => DataType::Float64,
                Repr::Unsigned => DataType::UInt64,
                Repr::Signed | Repr::Exact => DataType::Int64,
            };
            for array in nulls_of(&data_type, nulls) {
                column.scan.read(&Chunk::Array(array))?;
            }
        }
        Ok(())
    }

    /// The accumulator of the ticks of times, which is made when the first come.
    fn ticks_mut(&mut self) -> &mut Self {
        let (spec, passes) = (&self.spec, self.passes);
        self.ticks.get_or_insert_with(|| Box::new(no_ticks(spec, passes)))
    }

    /// Whether there are columns that hold no numbers.
    pub(super) fn has_others(&self) -> bool {
        !self.others.is_empty() || self.ticks.is_some()
    }

    /// The answers for the columns that hold no numbers as they are now, a [`Part`] a kind.
    ///
    /// # Errors
    ///
    /// As [`Accumulator::summaries`].
    pub fn parts(&mut self) -> Result<Vec<Part>> {
        let times = self.ticks.as_mut().map_or(Ok(Vec::new()), |ticks| ticks.summaries())?;
        self.others.parts(&times, &self.spec.clone().in_whole_ticks(), &self.spec)
    }

    /// The same as it was read, if its columns that hold no numbers can be of its question.
    pub(super) fn with_checked_others(mut self) -> Option<Self> {
        let asked = self.spec.clone().in_whole_ticks();
        if let Some(ticks) = &mut self.ticks {
            // That it is of ticks is not written.
            ticks.spec = std::mem::take(&mut ticks.spec).in_whole_ticks();
            ticks.passes = self.passes;
            let are_ticks = ticks.columns.iter().all(|column| column.scan.repr() == Repr::Signed);
            if ticks.spec != asked || !are_ticks || ticks.has_others() || ticks.clone().checked().is_err() {
                return None;
            }
        }
        let of_ticks: Vec<Option<&str>> = self.ticks.iter().flat_map(|ticks| ticks.names()).collect();
        let are_possible = self.others.are_possible(|name| of_ticks.contains(&name))
            && of_ticks.iter().all(|name| self.others.type_of_times(*name).is_some());
        are_possible.then_some(self)
    }
}

/// An accumulator of ticks beside one of this question.
fn no_ticks(spec: &Spec, passes: Option<Passes>) -> Accumulator {
    Accumulator { passes, ..Accumulator::new(&spec.clone().in_whole_ticks()) }
}

#[cfg(feature = "parquet")]
impl Accumulator {
    /// What was read of columns, from scans of [`Accumulator::empty_column`], of `rows` rows.
    pub(crate) fn add_columns(&mut self, read: ReadColumns<'_>, rows: u64) -> Result<()> {
        let part = self.part_of(read);
        self.merge(&Self { rows, ..part })
    }

    /// An accumulator of what was read.
    pub(super) fn part_of(&self, read: ReadColumns<'_>) -> Self {
        let ReadColumns { numbers, times, others } = read;
        let numbers = numbers.into_iter().map(|(name, number_type, _, scan)| Column::new((name, number_type, scan)));
        let mut part = Self { columns: numbers.collect(), others: others.others, ..self.clone_empty() };
        for (name, number_type, data_type, scan) in times {
            part.others.push_times(name, data_type);
            part.ticks_mut().columns.push(Column::new((name, number_type, scan)));
        }
        part
    }

    /// A copy of the accumulator of the ticks of times; an empty one where none came.
    pub(crate) fn ticks(&self) -> Self {
        self.ticks.as_ref().map_or_else(|| no_ticks(&self.spec, self.passes), |ticks| ticks.as_ref().clone())
    }

    /// The type of a column of times that it knows.
    pub(crate) fn type_of_times(&self, name: &str) -> Option<&DataType> {
        self.others.type_of_times(Some(name))
    }
}
