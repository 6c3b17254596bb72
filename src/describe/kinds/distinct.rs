//! The distinct texts of columns.

use std::cmp::Reverse;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, LargeBinaryArray, ListArray, RecordBatch, StructArray, UInt64Array};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Fields};
use arrow_select::take::take;

use super::columns::{Grouping, TypedColumn, in_bytes};
use crate::describe::group_rows::Groups;
use crate::error::{Error, Result};
use crate::keys::COUNTED;

/// The distinct texts of each group, ascending: all of them, or those that an answer tells.
pub(crate) struct Distinct {
    /// Those of one group after the other, as bytes.
    pub(super) texts: ArrayRef,
    /// How many rows have each of them.
    pub(super) sizes: Vec<u64>,
    /// Where the texts of each group begin, and where those of the last one end. A null is the last of its group.
    pub(super) starts: Vec<usize>,
    /// How many distinct ones each group has, where not all of them are here.
    pub(super) numbers: Option<Vec<u64>>,
}

impl Distinct {
    /// Those of a column, by these groups if there are any.
    pub fn new(column: &TypedColumn, grouping: Grouping<'_>) -> Result<Self> {
        let by = grouping.map_or(&[][..], |(by, _)| by);
        let columns = by.iter().cloned().chain([(Arc::clone(&column.field), column.whole()?)]);
        let groups = Groups::new(columns.collect(), column.rows())?;
        let sizes = (0..groups.len()).map(|group| groups.rows(group..group + 1).len() as u64).collect();
        Self::of_groups(&groups.keys, sizes).map_err(|error| column.failed(error))
    }

    /// Those of groups by keys, and by the texts after them: one row a text and group, in their order. `sizes`: the rows of each.
    pub fn of_groups(keys: &RecordBatch, sizes: Vec<u64>) -> Result<Self> {
        let outer = keys.num_columns() - 1;
        // Both are in the order of the keys, so the texts of one group are neighbours.
        let starts = Groups::new(columns(keys, outer), keys.num_rows())?.starts;
        let texts = in_bytes(keys.column(outer)).map_err(failed)?;
        Ok(Self { texts, sizes, starts, numbers: None })
    }

    /// Those of one group, in their order, and how many rows have each.
    pub fn of_counts<'a>(counts: impl Iterator<Item = (&'a [u8], u64)>) -> Self {
        let (texts, sizes): (Vec<&[u8]>, Vec<u64>) = counts.unzip();
        let starts = vec![0, texts.len()];
        Self { texts: Arc::new(LargeBinaryArray::from_vec(texts)), sizes, starts, numbers: None }
    }

    /// The texts of all groups, without nulls, and how many rows have each.
    pub fn counts(&self) -> impl Iterator<Item = (&[u8], u64)> {
        let there = (0..self.sizes.len()).filter(|place| self.texts.is_valid(*place));
        there.map(|place| (bytes_at(&self.texts, place), self.sizes[place]))
    }

    /// The places of the texts of a group.
    fn of_group(&self, group: usize) -> Range<usize> {
        let (start, end) = (self.starts[group], self.starts[group + 1]);
        let has_null = end > start && self.texts.is_null(end - 1);
        start..end - usize::from(has_null)
    }

    /// How many distinct texts a group has.
    pub(super) fn number(&self, group: usize) -> u64 {
        self.numbers.as_ref().map_or_else(|| self.of_group(group).len() as u64, |numbers| numbers[group])
    }

    /// The place of the first or the last text of a group.
    pub(super) fn end(&self, group: usize, is_first: bool) -> Option<usize> {
        let mut places = self.of_group(group);
        if is_first { places.next() } else { places.next_back() }
    }

    /// How many rows have the text of a place.
    pub(super) fn size(&self, place: usize) -> u64 {
        self.sizes[place]
    }

    /// The place of the most frequent text of a group, the first of several.
    pub(super) fn mode(&self, group: usize) -> Option<usize> {
        self.of_group(group).rev().max_by_key(|&place| self.size(place))
    }

    /// The places of the `most` most frequent texts of a group: the most frequent one first, equally frequent ones in their order.
    pub(super) fn top(&self, group: usize, most: usize) -> Vec<usize> {
        let mut places: Vec<usize> = self.of_group(group).collect();
        let rank = |place: &usize| (Reverse(self.size(*place)), *place);
        if places.len() > most {
            places.select_nth_unstable_by_key(most, rank);
            places.truncate(most);
        }
        places.sort_unstable_by_key(rank);
        places
    }

    /// For each group a list of texts, given by their places, with their counts.
    pub(super) fn counted(
        &self,
        groups: Vec<Option<Vec<usize>>>,
        is_text: bool,
    ) -> std::result::Result<ArrayRef, ArrowError> {
        let places = || groups.iter().flatten().flatten().copied();
        let texts = self.texts(places().map(Some), is_text)?;
        let sizes: ArrayRef = Arc::new(places().map(|place| self.size(place)).collect::<UInt64Array>());
        let fields = COUNTED.iter().zip([&texts, &sizes]);
        let fields: Fields = fields.map(|(name, array)| Field::new(*name, array.data_type().clone(), false)).collect();
        let values = StructArray::try_new(fields, vec![texts, sizes], None)?;
        let lengths = groups.iter().map(|places| places.as_ref().map_or(0, Vec::len));
        let is_there: NullBuffer = groups.iter().map(Option::is_some).collect();
        let field = Arc::new(Field::new_list_field(values.data_type().clone(), false));
        Ok(Arc::new(ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), Arc::new(values), Some(is_there))?))
    }

    /// The texts of these places.
    pub(super) fn texts(
        &self,
        places: impl Iterator<Item = Option<usize>>,
        is_text: bool,
    ) -> std::result::Result<ArrayRef, ArrowError> {
        let places: UInt64Array = places.map(|place| place.map(|place| place as u64)).collect();
        cast(&take(&self.texts, &places, None)?, &if is_text { DataType::Utf8 } else { DataType::Binary })
    }
}

/// The first columns of some rows, with their fields.
pub(super) fn columns(rows: &RecordBatch, number: usize) -> Vec<(FieldRef, ArrayRef)> {
    rows.schema_ref().fields().iter().cloned().zip(rows.columns().iter().cloned()).take(number).collect()
}

pub(super) fn failed(error: ArrowError) -> Error {
    Error::Data(error.to_string())
}

/// The bytes of a text of [`in_bytes`].
pub(super) fn bytes_at(texts: &ArrayRef, place: usize) -> &[u8] {
    match texts.data_type() {
        DataType::LargeBinary => texts.as_binary::<i64>().value(place),
        DataType::BinaryView => texts.as_binary_view().value(place),
        _ => texts.as_binary::<i32>().value(place),
    }
}
