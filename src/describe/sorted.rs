//! Rows of a batch, group by group: the values of each group are a run.

use std::ops::Range;

use arrow_array::{Array, ArrayRef, RecordBatch, UInt32Array};
use arrow_schema::FieldRef;
use arrow_select::take::take;

use super::group_rows::Groups;
use crate::error::{Error, Result};

/// Rows group by group.
#[derive(Clone, Debug)]
pub(crate) struct SortedRows {
    /// The distinct keys.
    pub keys: RecordBatch,
    /// Where the rows of each key begin, and where the last ones end.
    starts: Vec<usize>,
    /// The values of each series.
    values: Vec<ArrayRef>,
}

impl SortedRows {
    /// # Errors
    ///
    /// As those of [`Groups::new`].
    pub(crate) fn new(keys: Vec<(FieldRef, ArrayRef)>, values: &[ArrayRef], rows: usize) -> Result<Self> {
        let Groups { keys, starts, rows } = Groups::in_any_order(keys, rows)?;
        let rows = UInt32Array::from(rows);
        let values = values.iter().map(|values| take(values, &rows, None).map_err(Error::from_grouping));
        Ok(Self { keys, starts, values: values.collect::<Result<_>>()? })
    }

    /// The values of one group.
    pub(crate) fn group(&self, series: usize, group: usize) -> ArrayRef {
        let rows = self.range(group);
        self.values[series].slice(rows.start, rows.len())
    }

    fn range(&self, group: usize) -> Range<usize> {
        self.starts[group]..self.starts[group + 1]
    }
}
