//! The groups of rows by one column of keys or several.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow_schema::{FieldRef, Schema};
use arrow_select::take::take;

use super::grouped_rows::{Outline, Place, group_codes, group_column, numbers, ranks, zeros};
use super::packed::{Packed, packed};
use crate::error::{Error, Result};
use crate::escape::{NAME, shown};
use crate::series::key::{KeyColumn, one_zero};

/// The rows of each group.
#[derive(Clone, Debug)]
pub struct Groups {
    /// A row of keys for each group, ascending, null last.
    pub keys: RecordBatch,
    /// Where each group begins among `rows`, and where the last one ends.
    pub starts: Vec<usize>,
    /// The rows of one group after the other, ascending within a group.
    pub rows: Vec<u32>,
}

impl Groups {
    /// The groups of rows whose keys are equal in every one of these columns, of `rows` rows each.
    ///
    /// # Errors
    ///
    /// [`Error::NoKey`] for a type whose values have no order, [`Error::Data`] for one of another length, or 2³² rows and more.
    pub fn new(columns: Vec<(FieldRef, ArrayRef)>, rows: usize) -> Result<Self> {
        Self::of(columns, rows, |_| ())
    }

    /// The same, and of each row its index among the rows of the groups.
    ///
    /// # Errors
    ///
    /// As those of [`Groups::new`].
    pub fn with_indices(columns: Vec<(FieldRef, ArrayRef)>, rows: usize) -> Result<(Self, Vec<u32>)> {
        let indices = zeros(rows);
        let groups = Self::of(columns, rows, |place| indices[place.row as usize].store(place.index, Relaxed))?;
        Ok((groups, numbers(indices)))
    }

    /// The same; `put` gets the place of each row.
    fn of(columns: Vec<(FieldRef, ArrayRef)>, rows: usize, put: impl Fn(Place) + Sync) -> Result<Self> {
        let columns = key_columns(columns, rows)?;
        let sorted = zeros(rows);
        let Outline { firsts, starts } = outline(&columns, rows, |place| {
            sorted[place.index as usize].store(place.row, Relaxed);
            put(place);
        });
        Ok(Self { keys: keys_of(&columns, firsts)?, starts, rows: numbers(sorted) })
    }

    /// The number of groups.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The rows of some neighbours.
    pub fn rows(&self, groups: Range<usize>) -> &[u32] {
        &self.rows[self.starts[groups.start]..self.starts[groups.end]]
    }
}

/// The groups of rows by these columns; `put` gets the place of each row.
fn outline(columns: &[KeyColumn], rows: usize, put: impl Fn(Place) + Sync) -> Outline {
    match columns {
        [] => {
            (0..rows as u32).for_each(|row| put(Place { row, index: row, group: 0 }));
            Outline { firsts: vec![], starts: vec![0, rows] }
        }
        [column] => group_column(column, put),
        several => match packed(several, rows) {
            Packed::Narrow(codes) => group_codes(rows, |row| codes[row], put),
            Packed::Wide(codes) => group_codes(rows, |row| codes[row], put),
        },
    }
}

/// Columns of `rows` keys each.
///
/// # Errors
///
/// As those of [`Groups::new`].
pub(crate) fn key_columns(columns: Vec<(FieldRef, ArrayRef)>, rows: usize) -> Result<Vec<KeyColumn>> {
    if u32::try_from(rows).is_err() {
        return Err(Error::Data(format!("{rows} rows cannot be grouped at once; at most {} can", u32::MAX)));
    }
    let columns = columns.into_iter().map(|(field, array)| {
        if array.len() != rows {
            let (name, found) = (shown(field.name(), NAME), array.len());
            return Err(Error::Data(format!("keys '{name}' have {found} rows, and the data {rows}")));
        }
        KeyColumn::new(field, array, &ranks)
    });
    columns.collect()
}

/// The keys of these rows.
pub(crate) fn keys_of(columns: &[KeyColumn], rows: Vec<u32>) -> Result<RecordBatch> {
    let rows = UInt32Array::from(rows);
    let (mut fields, mut arrays) = (Vec::new(), Vec::new());
    for column in columns {
        let keys = take(&column.array, &rows, None).map_err(|error| Error::Data(error.to_string()))?;
        fields.push(column.field.as_ref().clone().with_nullable(true).with_data_type(keys.data_type().clone()));
        arrays.push(one_zero(keys));
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
        .map_err(|error| Error::Data(error.to_string()))
}
