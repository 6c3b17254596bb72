//! One series: a name and its chunks, each where it lies.

use arrow_array::{Array, ArrayRef, RecordBatch, new_empty_array};
use arrow_schema::DataType;
use arrow_select::concat::concat;

use super::exact_cast::{common_decimals, exactly};
use super::from_arrow;
use super::repr::{Element, Kind, Repr};
use super::sink::Sink;
use super::strided_buffer::{Format, NanMeans, StridedBuffer};
use super::table::{Columns, is_boolean, number_type};
use super::type_names::{type_name, type_text};
use crate::error::{Error, Result, column};
use crate::num::figure::NumberType;
use crate::scan::BLOCK;
use crate::stats::select::sample_places;

/// Rows of a series that lie together.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Chunk {
    /// An Arrow array.
    Array(ArrayRef),
    /// Foreign memory.
    Strided(StridedBuffer),
}

impl Chunk {
    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Array(array) => array.len(),
            Self::Strided(buffer) => buffer.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The kind of its values, if they are numbers.
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Self::Array(array) => Kind::of(array.data_type()),
            Self::Strided(buffer) => Some(buffer.format.kind()),
        }
    }

    /// Some of the rows.
    pub fn slice(&self, start: usize, length: usize) -> Self {
        match self {
            Self::Array(array) => Self::Array(array.slice(start, length)),
            Self::Strided(buffer) => Self::Strided(buffer.slice(start, length)),
        }
    }

    /// Hands the values and nulls to `sink`.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] where `T` does not hold the values exactly, or the data is damaged.
    pub fn read<T: Element>(&self, sink: &mut impl Sink<T>) -> Result<()> {
        match self {
            Self::Array(array) => from_arrow::read(array, sink),
            Self::Strided(buffer) => buffer.read(sink),
        }
    }

    /// These rows, as an array of the same numbers.
    ///
    /// # Errors
    ///
    /// As [`Chunk::read`].
    pub fn take(&self, rows: &[u32]) -> Result<ArrayRef> {
        match self {
            Self::Array(array) => from_arrow::take_rows(array, rows),
            Self::Strided(buffer) => buffer.take(rows),
        }
    }

    /// The rows as an array; foreign memory is copied, to Float64, Int64 or UInt64.
    ///
    /// # Errors
    ///
    /// As [`Chunk::read`].
    pub fn to_array(&self) -> Result<ArrayRef> {
        match self {
            Self::Array(array) => Ok(array.clone()),
            Self::Strided(buffer) => buffer.to_array(),
        }
    }

    /// One value of each `stretch` rows, at places that follow no period; without nulls. `turn` is the number of stretches
    /// before this chunk.
    ///
    /// # Errors
    ///
    /// As [`Chunk::read`].
    pub fn sample<T: Element>(&self, stretch: usize, turn: usize) -> Result<Vec<T>> {
        let indices = sample_places(self.len(), stretch, turn);
        let mut values = Vec::with_capacity(self.len() / stretch + 1);
        match self {
            Self::Array(array) => from_arrow::pick(array, indices, &mut values),
            Self::Strided(buffer) => buffer.pick(indices, &mut values),
        }?;
        Ok(values)
    }

    /// The lowest row that holds a NaN.
    ///
    /// # Errors
    ///
    /// As [`Chunk::read`].
    pub fn first_nan(&self) -> Result<Option<u64>> {
        if self.kind() != Some(Kind::Float) {
            return Ok(None);
        }
        let holds_nan = |start, rows| -> Result<bool> {
            let mut values: Vec<f64> = Vec::with_capacity(rows);
            self.slice(start, rows).read(&mut values)?;
            Ok(values.iter().any(|value| value.is_nan()))
        };
        for start in (0..self.len()).step_by(BLOCK) {
            let rows = BLOCK.min(self.len() - start);
            if holds_nan(start, rows)? {
                for row in start..start + rows {
                    if holds_nan(row, 1)? {
                        return Ok(Some(row as u64));
                    }
                }
            }
        }
        Ok(None)
    }
}

/// A series: rows in one or many chunks, with an optional name.
#[derive(Clone, Debug)]
pub struct Series {
    name: Option<String>,
    chunks: Vec<Chunk>,
    repr: Repr,
}

impl Series {
    /// A series of these chunks, whose types may differ.
    ///
    /// # Errors
    ///
    /// [`Error::NotNumeric`] for a chunk that holds no numbers.
    pub fn new(name: Option<String>, chunks: Vec<Chunk>) -> Result<Self> {
        let kinds = chunks.iter().map(|chunk| {
            chunk.kind().ok_or_else(|| Error::NotNumeric {
                name: name.clone(),
                data_type: match chunk {
                    Chunk::Array(array) => type_text(array.data_type()),
                    Chunk::Strided(buffer) => format!("{:?}", buffer.format),
                },
            })
        });
        let repr = Repr::of(&kinds.collect::<Result<Vec<_>>>()?);
        Ok(Self { name, chunks, repr })
    }

    /// A series of Arrow arrays.
    ///
    /// # Errors
    ///
    /// As [`Series::new`].
    pub fn from_arrays(name: Option<String>, arrays: Vec<ArrayRef>) -> Result<Self> {
        Self::new(name, arrays.into_iter().map(Chunk::Array).collect())
    }

    /// The wanted columns of a table, in column order: a chunk for each batch, nothing copied.
    ///
    /// # Errors
    ///
    /// What [`Columns::choose`] says of the schema, and [`Error::Data`] for batches of different schemas.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use arrow_array::{Float64Array, Int64Array, RecordBatch, StringArray};
    /// use rstats::{Columns, Interrupt, Series, Spec, describe_all};
    ///
    /// let batch = RecordBatch::try_from_iter([
    ///     ("city", Arc::new(StringArray::from(vec!["Oslo", "Rome"])) as _),
    ///     ("temp", Arc::new(Float64Array::from(vec![Some(-3.5), None])) as _),
    ///     ("visits", Arc::new(Int64Array::from(vec![1, 2])) as _),
    /// ])?;
    /// let series = Series::from_batches(&[batch], &Columns::Numeric)?;
    /// let summaries = describe_all(&series, &Spec::default(), &Interrupt::default())?;
    /// assert_eq!(summaries[0].column.as_deref(), Some("temp"));
    /// assert_eq!((summaries[0].count, summaries[0].null_count), (1, 1));
    /// assert_eq!(summaries[1].get("mean"), Some(1.5));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_batches(batches: &[RecordBatch], columns: &Columns) -> Result<Vec<Self>> {
        let Some(first) = batches.first() else { return Ok(Vec::new()) };
        if batches.iter().any(|batch| batch.schema().fields() != first.schema().fields()) {
            return Err(Error::Data("the batches of a table are of one schema, and these are not".to_owned()));
        }
        let series = columns.choose(&first.schema())?.into_iter().map(|index| {
            let name = first.schema().field(index).name().clone();
            Self::from_arrays(Some(name), batches.iter().map(|batch| batch.column(index).clone()).collect())
        });
        series.collect()
    }

    /// The name.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The same series under another name.
    pub fn with_name(self, name: Option<String>) -> Self {
        Self { name, ..self }
    }

    /// The foreign memory that it is, if it is that alone.
    pub fn memory(&self) -> Option<&StridedBuffer> {
        match &self.chunks[..] {
            [Chunk::Strided(buffer)] => Some(buffer),
            _ => None,
        }
    }

    /// The same series, its values copied to an array of the same numbers.
    pub(crate) fn with_array(&self, array: ArrayRef) -> Self {
        Self { name: self.name.clone(), chunks: vec![Chunk::Array(array)], repr: self.repr }
    }

    /// The kind of number that it is scanned as.
    pub fn repr(&self) -> Repr {
        self.repr
    }

    /// Whether it consists of booleans: those are described only where they are named.
    pub fn is_boolean(&self) -> bool {
        let boolean = |chunk: &Chunk| match chunk {
            Chunk::Array(array) => is_boolean(array.data_type()),
            Chunk::Strided(buffer) => buffer.format == Format::Bool,
        };
        !self.chunks.is_empty() && self.chunks.iter().all(boolean)
    }

    /// What its extrema, its range, its sum and its mode are.
    pub fn number_type(&self) -> NumberType {
        let of = |chunk: &Chunk| match chunk {
            Chunk::Array(array) => number_type(array.data_type()),
            Chunk::Strided(buffer) => buffer.format.number_type(),
        };
        self.chunks.iter().map(of).reduce(NumberType::joined).unwrap_or_default()
    }

    /// What its type is called in a choice of columns; empty where its chunks differ.
    pub fn type_name(&self) -> &'static str {
        let name = |chunk: &Chunk| match chunk {
            Chunk::Array(array) => type_name(array.data_type()),
            Chunk::Strided(buffer) => buffer.format.type_name(),
        };
        let Some(first) = self.chunks.first().map(name) else { return "" };
        if self.chunks.iter().all(|chunk| name(chunk) == first) { first } else { "" }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.chunks.iter().map(Chunk::len).sum()
    }

    /// The number of rows that hold nothing.
    ///
    /// # Errors
    ///
    /// As [`Chunk::read`].
    pub fn null_count(&self) -> Result<u64> {
        let counts = self.chunks.iter().map(|chunk| Ok(chunk.to_array()?.logical_null_count() as u64));
        counts.sum()
    }

    /// The chunks.
    pub fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    /// All rows in one chunk: several ones are copied together.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for chunks whose types differ.
    pub fn whole(&self) -> Result<Chunk> {
        let arrays = match &self.chunks[..] {
            [] => return Ok(Chunk::Array(new_empty_array(&DataType::Float64))),
            [chunk] => return Ok(chunk.clone()),
            chunks => chunks.iter().map(Chunk::to_array).collect::<Result<Vec<_>>>()?,
        };
        let arrays = if arrays.iter().all(|array| array.data_type() == arrays[0].data_type()) {
            arrays
        } else {
            let common = common_decimals(arrays.iter().map(|array| array.data_type()));
            let all = arrays.iter().map(|array| exactly(array, &common)).collect::<Result<_, _>>();
            all.map_err(|_| {
                let of = column(self.name());
                Error::Data(format!("{of} mixes types of which none holds all of its values; make it one of them"))
            })?
        };
        let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
        concat(&arrays).map(Chunk::Array).map_err(|error| Error::Data(error.to_string()))
    }

    /// The rows in pieces of at most `rows`, each within a chunk.
    pub fn pieces(&self, rows: usize) -> Vec<Chunk> {
        let pieces = self.chunks.iter().flat_map(|chunk| {
            let starts = (0..chunk.len()).step_by(rows);
            starts.map(move |start| chunk.slice(start, rows.min(chunk.len() - start)))
        });
        pieces.collect()
    }

    /// The lowest row that holds a NaN.
    ///
    /// # Errors
    ///
    /// As [`Chunk::read`].
    pub fn first_nan(&self) -> Result<Option<u64>> {
        let mut before = 0;
        for chunk in &self.chunks {
            if let Some(row) = chunk.first_nan()? {
                return Ok(Some(before + row));
            }
            before += chunk.len() as u64;
        }
        Ok(None)
    }

    /// The same series with NaN as the missing value, as in pandas. Arrow arrays know nulls of their own and stay as
    /// they are.
    pub fn with_nan_as_null(mut self) -> Self {
        for chunk in &mut self.chunks {
            if let Chunk::Strided(buffer) = chunk {
                buffer.nan = NanMeans::Null;
            }
        }
        self
    }
}
