//! What a service holds, or a task of many: statistics of values that come one batch after the other.

#[cfg(feature = "stream")]
mod groups;
mod others;
mod passes;
mod sums;
mod table;

use arrow_schema::DataType;
use serde::{Deserialize, Serialize};

#[cfg(feature = "stream")]
pub use self::groups::GroupedAccumulator;
use self::others::OtherColumns;
pub use self::sums::ExactSums;
#[cfg(feature = "parquet")]
pub(crate) use self::table::ReadColumns;
use crate::describe::AnyScan;
use crate::error::{Error, Result, column};
use crate::interrupt::Interrupt;
use crate::num::decimal::EXACT_IN_F64;
use crate::num::figure::NumberType;
use crate::series::{Chunk, Kind, Repr, Series};
use crate::spec::{Learned, NanPolicy, NullPolicy, Spec};
use crate::state;
use crate::summary::Summary;
use crate::threads::Threads;

/// Statistics of values that come for as long as a service runs, of any number of series, and of columns of every other kind. Two that were
/// asked the same merge, whatever each has seen, and travel as bytes; an answer can be had at any time, and more values added after it.
///
/// Without quantiles, and statistics that need all values (`iqr`, `mad`, `mode`, `n_unique`, `trimmed_mean`), it stays as large as it
/// is. With them it keeps every value, 8 bytes each, and every distinct text, up to a limit: values that come once cannot be read again. Where they can,
/// [`with_kept`](Self::with_kept) bounds what it keeps, and [`another_pass`](Self::another_pass) over the same values finds the quantiles.
///
/// ```
/// use std::sync::Arc;
/// use arrow_array::Float64Array;
/// use rstats::{Accumulator, Interrupt, Series, Spec};
///
/// let batch = |values: Vec<f64>| Series::from_arrays(None, vec![Arc::new(Float64Array::from(values))]);
/// let (mut one, mut other) = (Accumulator::new(&Spec::default()), Accumulator::new(&Spec::default()));
/// one.update(&[batch(vec![1.0, 2.0])?], &Interrupt::default())?;
/// other.update(&[batch(vec![6.0])?], &Interrupt::default())?;
/// one.merge(&Accumulator::from_bytes(&other.to_bytes()?)?)?;
/// assert_eq!(one.summaries()?[0].get("mean"), Some(3.0));
/// # Ok::<(), rstats::Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Accumulator {
    spec: Spec,
    /// The columns that are wanted of tables, if not all of numbers.
    wanted: Option<Vec<String>>,
    /// The most bytes that it may take.
    limit: Option<u64>,
    rows: u64,
    columns: Vec<Column>,
    /// The columns that hold no numbers.
    #[serde(skip)]
    others: OtherColumns,
    /// Those of times among them, in ticks.
    #[serde(skip)]
    ticks: Option<Box<Accumulator>>,
    /// Where values can be read again.
    #[serde(skip)]
    passes: Option<Passes>,
}

/// The least number of values that a column keeps.
const LEAST_KEPT: u64 = 1 << 8;

/// The values of a column that are kept of several parts together: more than each keeps, so that a pass narrows down more.
const MERGED: usize = 1 << 20;

/// How values that can be read again are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Passes {
    /// How many values of a column are kept for its quantiles.
    kept: u64,
    /// Whether this is another pass, of the columns that need one.
    is_another: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Column {
    name: Option<String>,
    number_type: NumberType,
    scan: AnyScan,
}

impl Column {
    #[cfg(feature = "parquet")]
    fn new((name, number_type, scan): (&str, NumberType, AnyScan)) -> Self {
        Self { name: Some(name.to_owned()), number_type, scan }
    }

    /// The bytes that it takes once `more` values are there.
    fn bytes_with(&self, more: usize) -> usize {
        self.scan.bytes_with(more) + self.name.as_ref().map_or(0, String::len)
    }
}

impl Accumulator {
    /// Nothing seen yet.
    pub fn new(spec: &Spec) -> Self {
        Self {
            spec: spec.clone(),
            wanted: None,
            limit: None,
            rows: 0,
            columns: Vec::new(),
            others: OtherColumns::default(),
            ticks: None,
            passes: None,
        }
    }

    /// The same for columns of these names.
    pub fn with_columns(self, names: Vec<String>) -> Self {
        Self { wanted: Some(names), ..self }
    }

    /// The same, which takes no more than this many bytes.
    pub fn with_memory_limit(self, bytes: u64) -> Self {
        Self { limit: Some(bytes), ..self }
    }

    /// What is asked.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The columns that are wanted of tables, if they were named.
    pub fn wanted(&self) -> Option<&[String]> {
        self.wanted.as_deref()
    }

    /// The names of the columns that it knows, in the order in which they were seen first.
    pub fn names(&self) -> impl Iterator<Item = Option<&str>> {
        self.columns.iter().map(|column| column.name.as_deref()).chain(self.others.names())
    }

    /// The rows seen so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The bytes that it takes.
    pub fn bytes(&self) -> u64 {
        let numbers = size_of::<Self>() + self.columns.iter().map(|column| column.bytes_with(0)).sum::<usize>();
        numbers as u64 + self.others.bytes() + self.ticks.as_ref().map_or(0, |ticks| ticks.bytes())
    }

    /// Forgets all values. With [`with_kept`](Self::with_kept) the columns stay, and where their quantiles are looked for.
    pub fn clear(&mut self) {
        match self.passes {
            Some(_) => {
                let keep = self.keep();
                self.columns.iter_mut().for_each(|column| column.scan.clear(keep));
                self.ticks.iter_mut().for_each(|ticks| ticks.clear());
                self.others.clear(|_| true);
            }
            None => *self = self.clone_empty(),
        }
        self.rows = 0;
    }

    /// More rows: series are found again by their names, and one that is new is as if it had been missing before. After an error nothing
    /// has changed.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for a series whose type does not go together with what it was before; [`Error::MemoryLimit`] for more values than
    /// there is room for; [`Error::Nan`] and [`Error::Nulls`] as the spec has it; [`Error::Interrupted`].
    pub fn update(&mut self, series: &[Series], interrupt: &Interrupt) -> Result<()> {
        self.update_all(series, &[], interrupt)
    }

    /// More rows of series, where `more` bytes are added besides.
    fn update_series(&mut self, series: &[Series], more: u64) -> Result<()> {
        let needed: Vec<Series>;
        let series = match self.is_another_pass() {
            true => {
                needed = series.iter().filter(|series| self.needs(series.name())).cloned().collect();
                &needed[..]
            }
            false => series,
        };
        let mut known: Vec<(Option<&str>, Repr)> =
            self.columns.iter().map(|column| (column.name.as_deref(), column.scan.repr())).collect();
        let mut places = Vec::with_capacity(series.len());
        for series in series {
            let index = known.iter().position(|(name, _)| *name == series.name()).unwrap_or(known.len());
            let place = self.place(series, index, known.get(index).map(|(_, repr)| *repr))?;
            if index == known.len() {
                known.push((series.name(), place.repr));
            }
            places.push(place);
        }
        let chunks = series.iter().zip(&places).map(|(series, place)| self.chunks(series, place));
        let chunks = chunks.collect::<Result<Vec<_>>>()?;
        self.make_room(series, &places, more)?;
        for (series, place) in series.iter().zip(&places) {
            if place.index == self.columns.len() {
                let name = series.name().map(str::to_owned);
                let scan = self.empty_scan(place.repr);
                self.columns.push(Column { name, number_type: series.number_type(), scan });
            }
            let column = &mut self.columns[place.index];
            column.number_type = column.number_type.joined(series.number_type());
        }
        // Two of one name go to one column, one after the other.
        let mut work: Vec<(&mut Column, Vec<&Chunk>)> =
            self.columns.iter_mut().map(|column| (column, Vec::new())).collect();
        for (chunks, place) in chunks.iter().zip(&places) {
            work[place.index].1.extend(chunks);
        }
        let read = |(column, chunks): (&mut Column, Vec<&Chunk>)| {
            chunks.into_iter().try_for_each(|chunk| column.scan.read(chunk))
        };
        Threads::for_values(series.iter().map(Series::rows).sum()).try_map_items(work, read).map(|_: Vec<()>| ())
    }

    /// An empty scan for the values of a column; `None` if another pass does not need them.
    #[cfg(feature = "parquet")]
    pub(crate) fn empty_column(&self, name: &str, repr: Repr) -> Result<Option<AnyScan>> {
        if !self.needs(Some(name)) {
            return Ok(None);
        }
        let Some(known) = self.columns.iter().find(|column| column.name.as_deref() == Some(name)) else {
            return Ok(Some(self.empty_scan(repr)));
        };
        // What holds any number holds these, too.
        if known.scan.repr() != repr && known.scan.repr() != Repr::Exact {
            return Err(types_differ(Some(name), known.scan.repr(), repr));
        }
        let mut empty = known.scan.clone();
        empty.clear(self.keep());
        Ok(Some(empty))
    }

    /// That a series goes to the column of this index, and what its values are read as: as `known`, if the column holds values.
    fn place(&self, series: &Series, index: usize, known: Option<Repr>) -> Result<Place> {
        if self.spec.null() == NullPolicy::Raise {
            let nulls = series.null_count()?;
            if nulls > 0 {
                return Err(Error::Nulls { name: series.name().map(str::to_owned), nulls });
            }
        }
        if let (NanPolicy::Raise, Some(row)) = (self.spec.nan(), series.first_nan()?) {
            return Err(Error::Nan { name: series.name().map(str::to_owned), file: None, row: self.rows + row });
        }
        let as_floats = match series.repr() {
            // Ticks stay integers.
            Repr::Signed if self.spec.in_ticks() => false,
            // A part of many does not know which integers the others have.
            Repr::Signed | Repr::Unsigned if known.is_none() => self.passes.is_none() && is_narrow(series)?,
            Repr::Signed | Repr::Unsigned if known == Some(Repr::Float) => is_narrow(series)?,
            _ => false,
        };
        let natural = if as_floats { Repr::Float } else { series.repr() };
        let repr = known.unwrap_or(natural);
        let holds = |chunk: &Chunk| chunk.kind().is_none_or(|kind| repr.holds(kind));
        if !as_floats && !series.chunks().iter().all(holds) {
            return Err(types_differ(series.name(), repr, natural));
        }
        Ok(Place { index, repr, as_floats })
    }

    /// The chunks of a series as they are read.
    fn chunks(&self, series: &Series, place: &Place) -> Result<Vec<Chunk>> {
        if !place.as_floats {
            return Ok(series.chunks().to_vec());
        }
        let floats = |chunk: &Chunk| {
            let array = chunk.to_array()?;
            let floats = arrow_cast::cast(&array, &DataType::Float64);
            floats.map(Chunk::Array).map_err(|error| Error::Data(error.to_string()))
        };
        series.chunks().iter().map(floats).collect()
    }

    /// Whether there is room for the values of more rows.
    fn make_room(&self, series: &[Series], places: &[Place], others: u64) -> Result<()> {
        let Some(limit) = self.limit.filter(|_| self.keeps_values()) else { return Ok(()) };
        let more = |series: &Series, place: &Place| {
            let column = self.columns.get(place.index);
            let empty = self.empty_scan(place.repr);
            let scan = column.map_or(&empty, |column| &column.scan);
            scan.bytes_with(series.rows()) - column.map_or(0, |column| column.scan.bytes_with(0))
        };
        let more: usize = series.iter().zip(places).map(|(series, place)| more(series, place)).sum();
        let needed = self.bytes().saturating_add(more as u64).saturating_add(others);
        match needed <= limit {
            true => Ok(()),
            false => {
                Err(Error::MemoryLimit { what: format!("keeping all values for {}", asked(&self.spec)), needed, limit })
            }
        }
    }

    /// Whether it keeps every value.
    fn keeps_values(&self) -> bool {
        let learned = self.spec.learned();
        learned.wants(Learned::QUANTILES) || learned.wants(Learned::VALUE_COUNTS) || self.spec.top().is_some()
    }

    /// What another one has seen, which was asked the same. After an error nothing has changed. With [`with_kept`](Self::with_kept) a column keeps the
    /// values that both had kept, up to 2²⁰ of them.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for one with another spec or other columns, [`Error::Data`] for a column of another type,
    /// [`Error::MemoryLimit`] for more values than there is room for.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        self.merge_keeping(other, MERGED)
    }

    /// As [`Accumulator::merge`], where a column of the whole keeps up to `values` values for its quantiles.
    fn merge_keeping(&mut self, other: &Self, values: usize) -> Result<()> {
        if self.spec != other.spec {
            return Err(Error::Invalid(format!(
                "accumulators of different questions do not merge: this one is asked {}, the other one {}",
                asked(&self.spec),
                asked(&other.spec)
            )));
        }
        if self.wanted != other.wanted {
            return Err(Error::Invalid(
                "accumulators of different columns do not merge: give both the same columns".to_owned(),
            ));
        }
        let place = |name: &Option<String>| self.columns.iter().position(|column| column.name == *name);
        let places: Vec<Option<usize>> = other.columns.iter().map(|column| place(&column.name)).collect();
        for (theirs, place) in other.columns.iter().zip(&places) {
            if let Some(ours) = place.map(|place| &self.columns[place])
                && !ours.scan.fits(&theirs.scan)
            {
                let (name, ours, theirs) = (column(ours.name.as_deref()), ours.scan.repr(), theirs.scan.repr());
                return Err(Error::Data(format!(
                    "{name} holds {} in one part and {} in another; give all parts one type, such as float64",
                    called(ours),
                    called(theirs)
                )));
            }
        }
        if self.passes != other.passes {
            return Err(Error::Invalid(
                "accumulators of different passes, or that keep different numbers of values, do not merge".to_owned(),
            ));
        }
        self.check_kinds(other.columns.iter().map(|column| column.name.as_deref()), &other.others)?;
        let needed = self.bytes().saturating_add(other.bytes());
        if let Some(limit) = self.limit.filter(|limit| self.keeps_values() && needed > *limit) {
            return Err(Error::MemoryLimit {
                what: "keeping the values of both accumulators".to_owned(),
                needed,
                limit,
            });
        }
        for (theirs, place) in other.columns.iter().zip(places) {
            match place {
                Some(place) => {
                    let ours = &mut self.columns[place];
                    ours.number_type = ours.number_type.joined(theirs.number_type);
                    let mut theirs = theirs.scan.clone();
                    for scan in [&mut ours.scan, &mut theirs] {
                        scan.keep_at_least(values);
                    }
                    ours.scan.merge(theirs)?;
                }
                None => self.columns.push(theirs.clone()),
            }
        }
        self.merge_others(other, values)?;
        self.rows += other.rows;
        Ok(())
    }

    /// The summaries of the series as they are now, in the order in which the columns were seen first: those of the same values described at once.
    /// More values may follow.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] where another pass is needed, or this is one; else none that depends on the data: what may be wrong with it was said
    /// by [`Accumulator::update`].
    pub fn summaries(&mut self) -> Result<Vec<Summary>> {
        let spec = &self.spec;
        if self.is_another_pass() {
            return Err(Error::Invalid(
                "another pass has no answer of its own: settle the accumulator that asked for it with it".to_owned(),
            ));
        }
        let finish = |column: &mut Column| {
            let name = column.name.as_deref();
            match column.scan.finish_or_next(spec).map_err(|error| error.of_series(name))? {
                Some(summary) => Ok(summary.named(name).of_type(column.number_type)),
                None => Err(Error::Invalid(
                    "it has not kept enough values for its quantiles: another_pass() over the same values finds them"
                        .to_owned(),
                )),
            }
        };
        self.columns.iter_mut().map(finish).collect()
    }

    /// All of it as bytes, for another process, machine or time.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] if it does not fit in memory twice.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        match (self.passes, self.has_others()) {
            (passes, true) => state::to_bytes(state::TABLE, &(passes, self, &self.others, &self.ticks), "accumulator"),
            (None, false) => state::to_bytes(state::ACCUMULATOR, self, "accumulator"),
            (Some(passes), false) => state::to_bytes(state::PASSES, &(passes, self), "accumulator"),
        }
    }

    /// What [`Accumulator::to_bytes`] has written.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for bytes that are no accumulator, are damaged, or were written by a version of rstats with another format.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (passes, this): (Option<Passes>, Self) = match state::kind(bytes) {
            Some(state::TABLE) => {
                let (passes, this, others, ticks): (_, Self, _, _) =
                    state::from_bytes(state::TABLE, bytes, "accumulator")?;
                (passes, Self { others, ticks, ..this })
            }
            Some(state::PASSES) => {
                let (passes, this) = state::from_bytes(state::PASSES, bytes, "accumulator")?;
                (Some(passes), this)
            }
            _ => (None, state::from_bytes(state::ACCUMULATOR, bytes, "accumulator")?),
        };
        let wrong = |why: &str| Error::Data(format!("these bytes hold no accumulator that can be read: {why}"));
        if passes.is_some_and(|passes| !passes.is_possible()) {
            return Err(wrong("it keeps too few values"));
        }
        let this = Self { passes, ..this };
        let this = this.with_checked_others().ok_or_else(|| wrong("its columns are of another question"))?;
        this.checked()
    }

    /// The same, if its columns are of its question.
    fn checked(self) -> Result<Self> {
        let fits = |column: &Column| column.scan.fits(&self.fresh_scan(column.scan.repr()));
        match self.columns.iter().all(fits) {
            true => Ok(self),
            false => Err(Error::Data(
                "these bytes hold no accumulator that can be read: it is of another question".to_owned(),
            )),
        }
    }
}

/// Where a series goes.
struct Place {
    /// The index of its column, which may be a new one.
    index: usize,
    repr: Repr,
    /// Whether its integers are read as floats, which hold them.
    as_floats: bool,
}

/// Whether floats hold all of these integers.
fn is_narrow(series: &Series) -> Result<bool> {
    fn within<T: Copy>(values: &[T], magnitude: impl Fn(T) -> u64) -> bool {
        values.iter().all(|&value| magnitude(value) <= EXACT_IN_F64)
    }
    for chunk in series.chunks() {
        let is_narrow = match chunk.kind() {
            Some(Kind::Signed) => {
                let mut values: Vec<i64> = Vec::new();
                chunk.read(&mut values)?;
                within(&values, i64::unsigned_abs)
            }
            Some(Kind::Unsigned) => {
                let mut values: Vec<u64> = Vec::new();
                chunk.read(&mut values)?;
                within(&values, |value| value)
            }
            _ => true,
        };
        if !is_narrow {
            return Ok(false);
        }
    }
    Ok(true)
}

/// That a column holds values of another repr than before.
fn types_differ(name: Option<&str>, before: Repr, now: Repr) -> Error {
    let (name, now, before) = (column(name), called(now), called(before));
    Error::Data(format!("{name} holds {now} now, and held {before} before; give all parts one type, such as float64"))
}

/// What values of a repr are called. Integers that floats hold are read as floats, unless they are a part of many.
fn called(repr: Repr) -> &'static str {
    match repr {
        Repr::Float => "floats or integers of up to 53 bits",
        Repr::Signed => "integers of 64 bits",
        Repr::Unsigned => "unsigned integers of 64 bits",
        Repr::Exact => "decimals, or integers and floats side by side",
    }
}

/// What is asked, in a few words.
fn asked(spec: &Spec) -> String {
    let names = spec.field_names().join(", ");
    format!(
        "{names} (method {}, ddof {}, nan {}, null {})",
        spec.method(),
        spec.ddof(),
        spec.nan().name(),
        spec.null().name()
    )
}

#[cfg(test)]
mod tests;
