//! A column of any type.

use arrow_array::{Array, ArrayRef, new_empty_array};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType, FieldRef};
use arrow_select::concat::concat;

use crate::describe::group_rows::Groups;
use crate::error::{Error, Result};
use crate::escape::{NAME, shown};
use crate::series::series_kind::SeriesKind;

/// A column of any type: its field, and its rows in one or many arrays of the field's type. Text that nobody has checked may be in arrays of
/// bytes under a field of text: it is checked when it is described.
#[derive(Clone, Debug)]
pub struct TypedColumn {
    /// The column's name, if it has one.
    pub name: Option<String>,
    /// Its type, with what a library has noted about it.
    pub field: FieldRef,
    /// Its rows.
    pub chunks: Vec<ArrayRef>,
}

impl TypedColumn {
    /// What kind of values it holds.
    pub fn kind(&self) -> SeriesKind {
        SeriesKind::from_field(&self.field)
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.len()).sum()
    }

    /// Some of the rows of a column in one array.
    #[cfg(feature = "stream")]
    pub(crate) fn slice(&self, start: usize, length: usize) -> Self {
        debug_assert!(self.chunks.len() <= 1);
        Self { chunks: self.chunks.iter().map(|chunk| chunk.slice(start, length)).collect(), ..self.clone() }
    }

    /// The rows in one array; those of several are copied.
    pub(super) fn whole(&self) -> Result<ArrayRef> {
        match &self.chunks[..] {
            [] => Ok(new_empty_array(self.field.data_type())),
            [chunk] => Ok(chunk.clone()),
            chunks => {
                let whole = concat(&chunks.iter().map(AsRef::as_ref).collect::<Vec<_>>());
                whole.map_err(|error| self.failed(error))
            }
        }
    }

    /// What went wrong with it, as an error that names it.
    pub(crate) fn failed(&self, error: impl std::fmt::Display) -> Error {
        match &self.name {
            Some(name) => Error::Data(format!("column '{}': {error}", shown(name, NAME))),
            None => Error::Data(error.to_string()),
        }
    }
}

/// The keys that rows are grouped by, and the groups.
pub(super) type Grouping<'a> = Option<(&'a [(FieldRef, ArrayRef)], &'a Groups)>;

/// Text and bytes as bytes: nothing is copied but what is of fixed size, or of runs.
pub(crate) fn in_bytes(array: &ArrayRef) -> std::result::Result<ArrayRef, ArrowError> {
    match array.data_type() {
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => Ok(array.clone()),
        DataType::LargeUtf8 => cast(array, &DataType::LargeBinary),
        DataType::Utf8View => cast(array, &DataType::BinaryView),
        DataType::Dictionary(_, values) => in_bytes(&cast(array, values)?),
        DataType::RunEndEncoded(_, values) => in_bytes(&cast(array, values.data_type())?),
        _ => cast(array, &DataType::Binary),
    }
}
