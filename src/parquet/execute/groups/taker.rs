//! Groups that are not answered, but counted by somebody.

use arrow_array::RecordBatch;

use crate::error::Result;

/// Who takes the groups, some at a time and in no order, instead of an answer for all of them.
pub(in crate::parquet) trait TakeGroups: Sync {
    /// What was taken counts no more: all rows are read once more.
    fn clear(&self);

    /// The keys of some groups, and the number of rows of each.
    fn take(&self, keys: &RecordBatch, sizes: &[u64]) -> Result<()>;
}
