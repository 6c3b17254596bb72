//! One column: typed Arrow, memory, or Python objects one by one; and what each role makes of it.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, new_empty_array};
use arrow_schema::{DataType, Field, FieldRef};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use rstats::internal::{NAME, shown, values_of};
use rstats::report::LeftOut;
use rstats::series::{Chunk, Format, Kind, NanMeans, Series, StridedBuffer};
use rstats::{Error, SeriesKind, TypedColumn};

use super::items::{self, Missing};
use super::memory::ArrayMemory;
use super::{arrow, keys};
use crate::errors::to_python;

/// A column, with its name if it has one.
#[derive(Clone)]
pub struct Column<'py> {
    pub name: Option<String>,
    pub values: Values<'py>,
}

/// What a column holds.
#[derive(Clone)]
pub enum Values<'py> {
    /// Arrow data of any type.
    Arrow(Vec<ArrayRef>, FieldRef),
    /// Numbers in memory.
    Memory(StridedBuffer),
    /// Python objects one by one, and which of them are missing values.
    Items(Bound<'py, PyAny>, Missing),
    /// What holds no numbers, and why; as keys it may serve.
    NoNumbers(Bound<'py, PyAny>, String),
    /// What cannot be read at all, and why.
    Unreadable(String),
}

/// One series, read.
pub enum AnySeries {
    Numbers(Series),
    /// Of another kind.
    Other(TypedColumn),
}

/// Why a column is no series of numbers: a sentence without the column's name.
#[derive(Clone, Debug)]
pub struct NoNumbers {
    pub reason: String,
    /// Whether it is one wrong item among numbers.
    pub is_one_item: bool,
    /// Whether it is a wrong value rather than a wrong type.
    pub is_value: bool,
}

/// A column that was not read.
pub enum Unread {
    NoNumbers(NoNumbers),
    /// What the code of the data has raised.
    Raised(PyErr),
}

impl NoNumbers {
    /// Another type.
    pub fn of_type(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_one_item: false, is_value: false }
    }

    /// An array of none or of several dimensions: a wrong shape is a wrong value.
    pub fn of_shape(dimensions: usize) -> Self {
        let reason = format!("an array of {dimensions} dimensions is no series; one of 1 is");
        Self { is_value: true, ..Self::of_type(reason) }
    }

    /// The exception, naming the column.
    pub fn into_error(self, name: Option<&str>) -> PyErr {
        let of_type = self.reason.starts_with("of type");
        let text = match name {
            Some(name) if of_type => format!("column '{}' is {}", shown(name, NAME), self.reason),
            Some(name) => format!("column '{}': {}", shown(name, NAME), self.reason),
            None if of_type => format!("the series is {}", self.reason),
            None => self.reason,
        };
        if self.is_value { PyValueError::new_err(text) } else { PyTypeError::new_err(text) }
    }
}

impl From<PyErr> for Unread {
    fn from(error: PyErr) -> Self {
        Self::Raised(error)
    }
}

impl Unread {
    /// The exception, naming the column.
    pub fn into_error(self, name: Option<&str>) -> PyErr {
        match self {
            Self::NoNumbers(wrong) => wrong.into_error(name),
            Self::Raised(error) => error,
        }
    }
}

/// Why the column of a field holds no numbers, if it holds none.
pub fn no_numbers(field: &Field) -> Option<NoNumbers> {
    Kind::from_field(field).is_none().then(|| NoNumbers::of_type(LeftOut::why(field).unwrap_or_default()))
}

impl<'py> Column<'py> {
    /// The same under another name.
    pub fn with_name(self, name: Option<String>) -> Self {
        Self { name, ..self }
    }

    /// Whether it consists of lists.
    pub fn holds_lists(&self) -> bool {
        matches!(&self.values, Values::Arrow(_, field) if values_of(field.data_type()).is_some())
    }

    /// As a series of numbers.
    pub fn into_series(self) -> Result<Series, Unread> {
        let name = self.name;
        let series = match self.values {
            Values::Arrow(chunks, field) => {
                if let Some(wrong) = no_numbers(&field) {
                    return Err(Unread::NoNumbers(wrong));
                }
                let mut chunks = checked(chunks, name.as_deref())?;
                if chunks.is_empty() {
                    chunks.push(new_empty_array(field.data_type())); // it has a type still
                }
                Series::from_arrays(name, chunks)
            }
            Values::Memory(buffer) => Series::new(name, vec![Chunk::Strided(buffer)]),
            Values::Items(items, missing) => Series::new(name, items::numbers(&items, missing)?),
            Values::NoNumbers(_, reason) | Values::Unreadable(reason) => {
                return Err(Unread::NoNumbers(NoNumbers::of_type(reason)));
            }
        };
        series.map_err(|error| Unread::Raised(to_python(error)))
    }

    /// As the only series of a call, of whatever kind. Objects of Python's that are neither numbers nor all of one other kind are a mistake,
    /// and so are those that come only once.
    pub fn into_any_series(self, py: Python<'_>) -> PyResult<AnySeries> {
        let is_other = match &self.values {
            Values::Arrow(_, field) => SeriesKind::from_field(field) >= SeriesKind::Time && !self.holds_lists(),
            Values::NoNumbers(..) => true,
            Values::Memory(_) | Values::Items(..) | Values::Unreadable(_) => false,
        };
        if is_other && let Ok(typed) = self.clone().into_typed(py) {
            return Ok(AnySeries::Other(typed));
        }
        let objects = match &self.values {
            Values::Items(items, _) if items.hasattr("__len__")? => Some(self.clone()),
            _ => None,
        };
        let name = self.name.clone();
        match (self.into_series(), objects) {
            (Ok(series), _) => Ok(AnySeries::Numbers(series)),
            (Err(Unread::NoNumbers(wrong)), Some(objects)) if !wrong.is_value => match objects.into_typed(py) {
                Ok(typed) if typed.kind() != SeriesKind::Other => Ok(AnySeries::Other(typed)),
                _ => Err(wrong.into_error(name.as_deref())),
            },
            (Err(unread), _) => Err(unread.into_error(name.as_deref())),
        }
    }

    /// As the only series of a call: what is wrong with it is an error that names it.
    pub fn into_only_series(self) -> PyResult<Series> {
        let name = self.name.clone();
        self.into_series().map_err(|unread| unread.into_error(name.as_deref()))
    }

    /// As keys, or whatever else is carried along with rows: any type, as it is.
    pub fn into_keys(self) -> PyResult<(FieldRef, ArrayRef)> {
        let name = self.name.unwrap_or_default();
        let (field, array) = match self.values {
            Values::Arrow(chunks, field) => {
                (Arc::clone(&field), keys::together(checked(chunks, Some(&name))?, &field)?)
            }
            Values::Memory(buffer) => {
                let array = numbers_of_their_type(&buffer)?;
                (Arc::new(Field::new("", array.data_type().clone(), true)), array)
            }
            Values::Items(items, missing) => keys::from_objects(&items, missing, &name)?,
            Values::NoNumbers(items, _) => keys::from_objects(&items, Missing::Null, &name)?,
            Values::Unreadable(reason) => return Err(NoNumbers::of_type(reason).into_error(Some(&name))),
        };
        // The type of what was put together may be wider.
        let field =
            field.as_ref().clone().with_name(name).with_data_type(array.data_type().clone()).with_nullable(true);
        Ok((Arc::new(field), array))
    }

    /// As a column of whatever type. Of objects that are of no one type, it is known which are there.
    pub fn into_typed(self, py: Python<'py>) -> PyResult<TypedColumn> {
        let name = self.name.clone();
        if let Values::Arrow(chunks, field) = self.values {
            let checked =
                chunks.into_iter().map(|chunk| arrow::checked_in_part(chunk, name.as_deref().unwrap_or_default()));
            let chunks = checked.collect::<PyResult<_>>()?;
            return Ok(TypedColumn { name, field, chunks });
        }
        let items = match &self.values {
            Values::Items(items, missing) => Some((items.clone(), *missing)),
            _ => None,
        };
        match (self.into_keys(), items) {
            (Ok((field, array)), _) => Ok(TypedColumn { name, field, chunks: vec![array] }),
            (Err(error), Some((items, missing))) if error.is_instance_of::<PyTypeError>(py) => {
                let array = items::presence(&items, missing)?;
                let field = Arc::new(Field::new("", array.data_type().clone(), true));
                Ok(TypedColumn { name, field, chunks: vec![array] })
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Whether it may be of another kind than numbers, and can be read.
    pub fn may_be_of_another_kind(&self) -> bool {
        match &self.values {
            Values::Arrow(_, field) => SeriesKind::from_field(field) != SeriesKind::Number,
            Values::Memory(buffer) => matches!(buffer.format, Format::Bool),
            Values::Items(..) | Values::NoNumbers(..) => true,
            Values::Unreadable(_) => false,
        }
    }

    /// As the weights of rows: numbers, as they are.
    pub fn into_weights(self) -> PyResult<ArrayRef> {
        match self.values {
            Values::Items(..) => {
                let series = self.into_series().map_err(|unread| unread.into_error(Some("weights")))?;
                series.whole().and_then(|chunk| chunk.to_array()).map_err(to_python)
            }
            _ => Ok(self.into_keys()?.1),
        }
    }

    /// As lists, one a row, if it consists of them.
    pub fn into_lists(self) -> PyResult<(Option<String>, Vec<ArrayRef>)> {
        match self.values {
            Values::Arrow(chunks, _) => Ok((self.name.clone(), checked(chunks, self.name.as_deref())?)),
            _ => Ok((self.name, Vec::new())),
        }
    }
}

/// Chunks that may be read: see [`arrow::checked`].
fn checked(chunks: Vec<ArrayRef>, name: Option<&str>) -> PyResult<Vec<ArrayRef>> {
    chunks.into_iter().map(|chunk| arrow::checked(chunk, name.unwrap_or_default())).collect()
}

/// Numbers in memory as an array of the type that they have there.
fn numbers_of_their_type(buffer: &StridedBuffer) -> PyResult<ArrayRef> {
    let data_type = match buffer.format {
        Format::Bool => DataType::Boolean,
        Format::Float16 => DataType::Float16,
        Format::Float32 => DataType::Float32,
        Format::Signed(1) => DataType::Int8,
        Format::Signed(2) => DataType::Int16,
        Format::Signed(4) => DataType::Int32,
        Format::Signed(_) => DataType::Int64,
        Format::Unsigned(1) => DataType::UInt8,
        Format::Unsigned(2) => DataType::UInt16,
        Format::Unsigned(4) => DataType::UInt32,
        Format::Unsigned(_) => DataType::UInt64,
        _ => DataType::Float64,
    };
    let array = buffer.to_array().map_err(to_python)?;
    arrow_cast::cast(&array, &data_type).map_err(|error| to_python(Error::Data(error.to_string())))
}

impl Values<'_> {
    /// The numbers of an array of one dimension, and whether NaN is the missing value among them, as in pandas.
    pub fn from_memory(numbers: &ArrayMemory, nan: NanMeans) -> Self {
        match numbers.series() {
            Some(buffer) => Self::Memory(StridedBuffer { nan, ..buffer }),
            None => Self::Unreadable("an array that has no rows".to_owned()),
        }
    }
}
