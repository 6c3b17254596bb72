//! What a service holds: statistics of values that come one batch after the other.

use serde::{Deserialize, Serialize};

use crate::describe::{AnyOutcome, AnyScan, changed};
use crate::error::{Error, Result, column};
use crate::interrupt::Interrupt;
use crate::num::decimal::EXACT_IN_F64;
use crate::num::figure::NumberType;
use crate::scan::Keep;
use crate::series::{Chunk, Kind, Repr, Series};
use crate::spec::{Learned, NanPolicy, NullPolicy, Spec};
use crate::state;
use crate::summary::Summary;
use crate::threads::Threads;

/// Statistics of values that come for as long as a service runs, of any number of series. Two that were asked the same merge, whatever
/// each has seen, and travel as bytes; an answer can be had at any time, and more values added after it.
///
/// Without quantiles, and statistics that need all values (`iqr`, `mad`, `mode`, `n_unique`, `trimmed_mean`), it stays as large as it
/// is. With them it keeps every value, 8 bytes each, up to a limit: values that come once cannot be read again.
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
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Column {
    name: Option<String>,
    number_type: NumberType,
    scan: AnyScan,
}

impl Column {
    /// The bytes that it takes once `more` values are there.
    fn bytes_with(&self, more: usize) -> usize {
        self.scan.bytes_with(more) + self.name.as_ref().map_or(0, String::len)
    }
}

impl Accumulator {
    /// Nothing seen yet.
    pub fn new(spec: &Spec) -> Self {
        Self { spec: spec.clone(), wanted: None, limit: None, rows: 0, columns: Vec::new() }
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

    /// The rows seen so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The bytes that it takes.
    pub fn bytes(&self) -> u64 {
        (size_of::<Self>() + self.columns.iter().map(|column| column.bytes_with(0)).sum::<usize>()) as u64
    }

    /// Forgets all values, and all columns.
    pub fn clear(&mut self) {
        self.columns.clear();
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
        interrupt.check()?;
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
        self.make_room(series, &places)?;
        for (series, place) in series.iter().zip(&places) {
            if place.index == self.columns.len() {
                let name = series.name().map(str::to_owned);
                let scan = AnyScan::new(place.repr, &self.spec, Keep::All);
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
        Threads::for_values(series.iter().map(Series::rows).sum()).try_map_items(work, read)?;
        self.rows += series.iter().map(Series::rows).max().unwrap_or_default() as u64;
        Ok(())
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
            Repr::Signed | Repr::Unsigned if known.is_none_or(|repr| repr == Repr::Float) => is_narrow(series)?,
            _ => false,
        };
        let natural = if as_floats { Repr::Float } else { series.repr() };
        let repr = known.unwrap_or(natural);
        let holds = |chunk: &Chunk| chunk.kind().is_none_or(|kind| repr.holds(kind));
        if !as_floats && !series.chunks().iter().all(holds) {
            let name = column(series.name());
            return Err(Error::Data(format!(
                "{name} holds {} now, and held {} before; give it one type from the beginning",
                called(natural),
                called(repr)
            )));
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
            let floats = arrow_cast::cast(&array, &arrow_schema::DataType::Float64);
            floats.map(Chunk::Array).map_err(|error| Error::Data(error.to_string()))
        };
        series.chunks().iter().map(floats).collect()
    }

    /// Whether there is room for the values of more rows.
    fn make_room(&self, series: &[Series], places: &[Place]) -> Result<()> {
        let Some(limit) = self.limit.filter(|_| self.keeps_values()) else { return Ok(()) };
        let more = |series: &Series, place: &Place| {
            let column = self.columns.get(place.index);
            let empty = AnyScan::new(place.repr, &self.spec, Keep::All);
            let scan = column.map_or(&empty, |column| &column.scan);
            scan.bytes_with(series.rows()) - column.map_or(0, |column| column.scan.bytes_with(0))
        };
        let more: usize = series.iter().zip(places).map(|(series, place)| more(series, place)).sum();
        let needed = self.bytes().saturating_add(more as u64);
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
        learned.wants(Learned::QUANTILES) || learned.wants(Learned::VALUE_COUNTS)
    }

    /// What another one has seen, which was asked the same. After an error nothing has changed.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for one with another spec or other columns, [`Error::Data`] for a column of another type,
    /// [`Error::MemoryLimit`] for more values than there is room for.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
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
                    "{name} holds {} here, and {} there; give it one type from the beginning",
                    called(ours),
                    called(theirs)
                )));
            }
        }
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
                    ours.scan.merge(theirs.scan.clone())?;
                }
                None => self.columns.push(theirs.clone()),
            }
        }
        self.rows += other.rows;
        Ok(())
    }

    /// The summaries as they are now, in the order in which the columns were seen first: those of the same values described at once.
    /// More values may follow.
    ///
    /// # Errors
    ///
    /// None that depends on the data: what may be wrong with it was said by [`Accumulator::update`].
    pub fn summaries(&mut self) -> Result<Vec<Summary>> {
        let spec = &self.spec;
        let finish = |column: &mut Column| {
            let name = column.name.as_deref();
            match column.scan.finish(spec, Keep::All).map_err(|error| error.of_series(name))? {
                AnyOutcome::Done(summary) => Ok(summary.named(name).of_type(column.number_type)),
                AnyOutcome::Again(_) => Err(changed()), // all values were kept
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
        state::to_bytes(state::ACCUMULATOR, self, "accumulator")
    }

    /// What [`Accumulator::to_bytes`] has written.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for bytes that are no accumulator, are damaged, or were written by a version of rstats with another format.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let this: Self = state::from_bytes(state::ACCUMULATOR, bytes, "accumulator")?;
        let fits = |column: &Column| column.scan.fits(&AnyScan::new(column.scan.repr(), &this.spec, Keep::All));
        match this.columns.iter().all(fits) {
            true => Ok(this),
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

/// What values of a repr are called.
fn called(repr: Repr) -> &'static str {
    match repr {
        Repr::Float => "floats or small integers",
        Repr::Signed => "signed integers beyond 2^53",
        Repr::Unsigned => "unsigned integers beyond 2^53",
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
mod tests {
    use super::*;
    use crate::{Method, describe_all};
    use arrow_array::{ArrayRef, Decimal128Array, Float64Array, Int64Array};
    use std::sync::Arc;

    fn series(name: &str, array: impl Into<ArrayRef>) -> Series {
        Series::from_arrays(Some(name.to_owned()), vec![array.into()]).unwrap()
    }

    fn floats(values: &[f64]) -> ArrayRef {
        Arc::new(Float64Array::from(values.to_vec()))
    }

    fn spec() -> Spec {
        Spec::default().with_statistics_named(["variance", "sem", "skewness", "n_unique", "mode", "iqr"]).unwrap()
    }

    #[test]
    fn an_answer_at_any_time_is_that_of_the_values_so_far() {
        let values: Vec<f64> = (0..10_000).map(|index| f64::from(index * 7919 % 1000) / 8.0).collect();
        let mut all = Accumulator::new(&spec());
        for end in [0, 3, 700, 5000, 10_000] {
            let start = all.rows() as usize;
            all.update(&[series("x", floats(&values[start..end]))], &Interrupt::default()).unwrap();
            let expected =
                describe_all(&[series("x", floats(&values[..end]))], &spec(), &Interrupt::default()).unwrap();
            for _ in 0..2 {
                let found = all.summaries().unwrap();
                for name in spec().field_names().iter() {
                    assert_eq!(found[0].get(name), expected[0].get(name), "{name} of {end}");
                }
            }
        }
    }

    #[test]
    fn parts_merge_in_any_order_and_travel() {
        let values: Vec<f64> = (0..3000).map(|index| f64::from(index).sin()).collect();
        let part = |part: &[f64]| {
            let mut accumulator = Accumulator::new(&spec());
            accumulator.update(&[series("x", floats(part))], &Interrupt::default()).unwrap();
            Accumulator::from_bytes(&accumulator.to_bytes().unwrap()).unwrap()
        };
        let parts = [part(&values[..10]), part(&values[10..2000]), part(&values[2000..])];
        let expected = part(&values).summaries().unwrap();
        for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
            let mut whole = Accumulator::new(&spec());
            for index in order {
                whole.merge(&parts[index]).unwrap();
            }
            assert_eq!(whole.rows(), 3000);
            let found = whole.summaries().unwrap();
            for name in spec().field_names().iter() {
                assert_eq!(found[0].get(name), expected[0].get(name), "{name}");
            }
        }
    }

    #[test]
    fn without_quantiles_it_stays_as_large_as_it_is() {
        let spec = Spec::default().with_quantiles(&[]).unwrap();
        let mut accumulator = Accumulator::new(&spec).with_memory_limit(100_000);
        accumulator.update(&[series("x", floats(&[1.0; 1000]))], &Interrupt::default()).unwrap();
        let before = accumulator.bytes();
        for _ in 0..100 {
            accumulator.update(&[series("x", floats(&[2.5; 1000]))], &Interrupt::default()).unwrap();
        }
        assert_eq!(accumulator.bytes(), before);
        assert!(before < 10_000, "{before}");
    }

    #[test]
    fn a_limit_is_kept_and_nothing_is_lost() {
        let mut accumulator = Accumulator::new(&Spec::default()).with_memory_limit(100_000);
        let batch = [series("x", floats(&[1.5; 1000]))];
        let mut updates = 0;
        let refused = loop {
            match accumulator.update(&batch, &Interrupt::default()) {
                Ok(()) => updates += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(refused, Error::MemoryLimit { limit: 100_000, .. }), "{refused}");
        assert!((3..=12).contains(&updates) && accumulator.bytes() <= 100_000, "{updates}");
        assert_eq!(accumulator.summaries().unwrap()[0].count, 1000 * updates);
    }

    #[test]
    fn columns_come_and_go() {
        let mut accumulator = Accumulator::new(&Spec::default());
        accumulator.update(&[series("x", floats(&[1.0]))], &Interrupt::default()).unwrap();
        let both = [series("y", floats(&[5.0])), series("z", floats(&[])), series("x", floats(&[3.0]))];
        accumulator.update(&both, &Interrupt::default()).unwrap();
        let found = accumulator.summaries().unwrap();
        let told: Vec<_> = found.iter().map(|one| (one.column.as_deref(), one.count, one.get("mean"))).collect();
        assert_eq!(told, [(Some("x"), 2, Some(2.0)), (Some("y"), 1, Some(5.0)), (Some("z"), 0, None)]);
        accumulator.clear();
        assert_eq!((accumulator.rows(), accumulator.summaries().unwrap().len()), (0, 0));
    }

    #[test]
    fn integers_go_with_floats_where_these_hold_them() {
        let integers = |values: Vec<i64>| -> ArrayRef { Arc::new(Int64Array::from(values)) };
        let mut accumulator = Accumulator::new(&Spec::default());
        accumulator.update(&[series("x", integers(vec![1, 2]))], &Interrupt::default()).unwrap();
        accumulator.update(&[series("x", floats(&[0.5]))], &Interrupt::default()).unwrap();
        assert_eq!(accumulator.summaries().unwrap()[0].get("max"), Some(2.0));
        let refused = accumulator.update(&[series("x", integers(vec![i64::MAX]))], &Interrupt::default()).unwrap_err();
        assert!(refused.to_string().contains("column 'x' holds signed integers beyond 2^53 now"), "{refused}");
        // Of two new ones of one name, the second one does not fit: nothing of the first one is there.
        let twice = [series("y", floats(&[0.5])), series("y", integers(vec![i64::MAX]))];
        assert!(accumulator.update(&twice, &Interrupt::default()).is_err());
        assert_eq!(accumulator.summaries().unwrap().len(), 1);
        let decimals: ArrayRef = Arc::new(Decimal128Array::from(vec![1]));
        assert!(accumulator.update(&[series("x", decimals)], &Interrupt::default()).is_err());
        assert_eq!(accumulator.summaries().unwrap()[0].count, 3);
        let mut wide = Accumulator::new(&Spec::default());
        wide.update(&[series("x", integers(vec![i64::MAX, 1]))], &Interrupt::default()).unwrap();
        assert!(wide.merge(&accumulator).is_err() && accumulator.merge(&wide).is_err());
    }

    #[test]
    fn other_questions_do_not_merge() {
        let mut ours = Accumulator::new(&Spec::default());
        let others = [
            Accumulator::new(&Spec::default().with_ddof(0)),
            Accumulator::new(&Spec::default().with_method(Method::Hazen)),
            Accumulator::new(&Spec::default().with_nan(NanPolicy::Omit)),
            Accumulator::new(&spec()),
            Accumulator::new(&Spec::default()).with_columns(vec!["x".to_owned()]),
        ];
        for other in others {
            assert!(ours.merge(&other).unwrap_err().to_string().starts_with("accumulators of different"));
        }
    }

    #[test]
    fn bytes_that_are_damaged_are_refused() {
        let mut accumulator = Accumulator::new(&spec());
        accumulator.update(&[series("x", floats(&[1.0, 2.0, 4.0]))], &Interrupt::default()).unwrap();
        let bytes = accumulator.to_bytes().unwrap();
        for length in 0..bytes.len() {
            assert!(Accumulator::from_bytes(&bytes[..length]).is_err(), "{length}");
        }
        for index in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[index] ^= 1 << (index % 8);
            assert!(Accumulator::from_bytes(&damaged).is_err(), "{index}");
        }
    }
}
