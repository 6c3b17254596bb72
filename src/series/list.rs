//! Columns of lists: each row is a series of its own.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, GenericListViewArray, OffsetSizeTrait};
use arrow_buffer::{ArrowNativeType, NullBuffer};
use arrow_schema::DataType;

use super::from_arrow::take_rows;
use crate::error::{Error, Result};
use crate::series::type_names::type_text;

/// The lists of an array, whatever its layout.
#[derive(Clone, Debug)]
pub struct Lists {
    values: ArrayRef,
    indices: Layout,
    nulls: Option<NullBuffer>,
    len: usize,
}

#[derive(Clone, Debug)]
enum Layout {
    /// One list after the other: where each begins, and where the last one ends.
    Offsets(Vec<usize>),
    /// All of one length.
    Fixed(usize),
    /// Anywhere, in any order.
    Views(Vec<(usize, usize)>),
}

/// The type of the values, if this is a type of lists.
pub fn values_of(data_type: &DataType) -> Option<&DataType> {
    match data_type {
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _) => Some(field.data_type()),
        _ => None,
    }
}

impl Lists {
    /// The lists of an array.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for an array of another type, and for views that lie outside of their values.
    pub fn new(array: &ArrayRef) -> Result<Self> {
        fn views<O: OffsetSizeTrait>(array: &GenericListViewArray<O>) -> Vec<(usize, usize)> {
            array.offsets().iter().zip(array.sizes()).map(|(start, size)| (start.as_usize(), size.as_usize())).collect()
        }
        let (values, indices) = match array.data_type() {
            DataType::List(_) => {
                let lists = array.as_list::<i32>();
                (lists.values(), Layout::Offsets(lists.offsets().iter().map(|offset| offset.as_usize()).collect()))
            }
            DataType::LargeList(_) => {
                let lists = array.as_list::<i64>();
                (lists.values(), Layout::Offsets(lists.offsets().iter().map(|offset| offset.as_usize()).collect()))
            }
            DataType::FixedSizeList(_, size) => {
                let lists = array.as_fixed_size_list();
                (lists.values(), Layout::Fixed(usize::try_from(*size).unwrap_or(0)))
            }
            DataType::ListView(_) => {
                let lists = array.as_list_view::<i32>();
                (lists.values(), Layout::Views(views(lists)))
            }
            DataType::LargeListView(_) => {
                let lists = array.as_list_view::<i64>();
                (lists.values(), Layout::Views(views(lists)))
            }
            other => return Err(Error::Data(format!("type {} is no list", type_text(other)))),
        };
        let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0).cloned();
        let lists = Self { values: values.clone(), indices, nulls, len: array.len() };
        if (0..lists.len).any(|row| lists.rows(row).end > lists.values.len()) {
            return Err(Error::Data("a list lies outside of its values".to_owned()));
        }
        Ok(lists)
    }

    /// The number of lists.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The type of the values.
    pub fn value_type(&self) -> &DataType {
        self.values.data_type()
    }

    /// Whether a list is there; an empty one is.
    pub fn is_valid(&self, list: usize) -> bool {
        self.nulls.as_ref().is_none_or(|nulls| nulls.is_valid(list))
    }

    /// The number of values in a list; 0 of one that is not there.
    pub fn length(&self, list: usize) -> usize {
        if self.is_valid(list) { self.rows(list).len() } else { 0 }
    }

    fn rows(&self, list: usize) -> Range<usize> {
        match &self.indices {
            Layout::Offsets(offsets) => offsets[list]..offsets[list + 1],
            Layout::Fixed(size) => list * size..(list + 1) * size,
            Layout::Views(views) => {
                let (start, size) = views[list];
                start..start.saturating_add(size)
            }
        }
    }

    /// The values of some neighbours, and where each list is among them; `None` for one that is not there. Views are copied
    /// together, all else lies together as it is.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for views on more than 2³² values.
    pub fn segments(&self, lists: Range<usize>) -> Result<(ArrayRef, Vec<Option<Range<usize>>>)> {
        let there = |list: usize| self.is_valid(list).then(|| self.rows(list));
        if let Layout::Views(_) = self.indices {
            let mut rows = Vec::new();
            let mut segments = Vec::with_capacity(lists.len());
            for list in lists {
                let start = rows.len();
                let range = there(list);
                for row in range.clone().unwrap_or_default() {
                    rows.push(
                        u32::try_from(row).map_err(|_| Error::Data("views on more than 2^32 values".to_owned()))?,
                    );
                }
                segments.push(range.map(|_| start..rows.len()));
            }
            return Ok((take_rows(&self.values, &rows)?, segments));
        }
        let (start, end) = match lists.is_empty() {
            true => (0, 0),
            false => (self.rows(lists.start).start, self.rows(lists.end - 1).end),
        };
        let segments = lists.map(|list| there(list).map(|rows| rows.start - start..rows.end - start)).collect();
        Ok((self.values.slice(start, end - start), segments))
    }
}
