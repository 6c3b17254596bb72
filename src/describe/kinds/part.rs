//! The answers for the columns of one kind.

use std::sync::Arc;

#[cfg(feature = "stream")]
use arrow_array::UInt32Array;
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow_schema::{ArrowError, Field, Schema};
use arrow_select::concat::concat;
#[cfg(feature = "stream")]
use arrow_select::concat::concat_batches;
#[cfg(feature = "stream")]
use arrow_select::take::take_record_batch;

use crate::error::{Error, Result};
use crate::keys::Keys;
use crate::series::series_kind::SeriesKind;

/// The answers for the columns of one kind that is not numbers: a row a column, or a row for each column and group.
///
/// Every column has answers of the same names, in the same order: `count` and `null_count`, then its statistics. Their types are
/// those of the column: the `min` of dates is a date.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    kind: SeriesKind,
    /// The keys of the groups, if there are any.
    keys: Option<RecordBatch>,
    /// The answers for each column, a row a group.
    columns: Vec<(Option<String>, RecordBatch)>,
}

impl Part {
    /// The answers for at least one column, each with as many rows as there are keys.
    pub(crate) fn new(
        kind: SeriesKind,
        keys: Option<RecordBatch>,
        columns: Vec<(Option<String>, RecordBatch)>,
    ) -> Self {
        debug_assert!(columns.iter().all(|(_, answers)| answers.num_rows() == groups(keys.as_ref())));
        Self { kind, keys, columns }
    }

    /// The same with other keys for the same groups.
    #[cfg(feature = "stream")]
    pub(crate) fn with_keys_as(mut self, make: impl FnOnce(RecordBatch) -> Result<RecordBatch>) -> Result<Self> {
        self.keys = self.keys.map(make).transpose()?;
        Ok(self)
    }

    /// The answers for all groups of several parts, those of one after the other, which are of the same columns. There is one at least.
    #[cfg(feature = "stream")]
    pub(crate) fn joined(parts: &[&Self]) -> std::result::Result<Self, ArrowError> {
        let concat = |batches: Vec<&RecordBatch>| concat_batches(batches[0].schema_ref(), batches);
        let keys: Vec<&RecordBatch> = parts.iter().filter_map(|part| part.keys.as_ref()).collect();
        let columns = parts[0].columns.iter().enumerate().map(|(index, (name, _))| {
            Ok((name.clone(), concat(parts.iter().map(|part| &part.columns[index].1).collect())?))
        });
        Ok(Self {
            kind: parts[0].kind,
            columns: columns.collect::<std::result::Result<_, ArrowError>>()?,
            keys: if keys.is_empty() { None } else { Some(concat(keys)?) },
        })
    }

    /// The groups of keys in this order, which has each of them once.
    #[cfg(feature = "stream")]
    pub(crate) fn in_order(self, order: &UInt32Array) -> std::result::Result<Self, ArrowError> {
        let ordered = |batch: &RecordBatch| take_record_batch(batch, order);
        let columns = self.columns.iter().map(|(name, answers)| Ok((name.clone(), ordered(answers)?)));
        Ok(Self {
            kind: self.kind,
            columns: columns.collect::<std::result::Result<_, ArrowError>>()?,
            keys: self.keys.as_ref().map(ordered).transpose()?,
        })
    }

    /// Whether answers for other groups are of the same columns, and of the same types.
    #[cfg(feature = "stream")]
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let columns = |part: &Self| {
            let columns = part.columns.iter().map(|(name, answers)| (name.clone(), answers.schema()));
            columns.collect::<Vec<_>>()
        };
        self.kind == other.kind && columns(self) == columns(other)
    }

    /// The same with other names of its columns.
    pub fn with_names(mut self, rename: impl Fn(Option<&str>) -> Option<String>) -> Self {
        self.columns.iter_mut().for_each(|(name, _)| *name = rename(name.as_deref()));
        self
    }

    /// The kind of the columns.
    pub fn kind(&self) -> SeriesKind {
        self.kind
    }

    /// The keys of the groups, if there are any: the same ones for each column.
    pub fn keys(&self) -> Option<&RecordBatch> {
        self.keys.as_ref()
    }

    /// Each column with its answers, a row a group.
    pub fn columns(&self) -> &[(Option<String>, RecordBatch)] {
        &self.columns
    }

    /// The names of the answers, in the order of every output.
    pub fn names(&self) -> Vec<String> {
        let schema = self.columns.first().map(|(_, answers)| answers.schema());
        schema.iter().flat_map(|schema| schema.fields()).map(|field| field.name().clone()).collect()
    }

    /// The number of rows: one a column, or one for each column and group.
    pub fn len(&self) -> usize {
        self.columns.len() * groups(self.keys.as_ref())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The answers as one table: `column`, the keys under their own names, then the answers. An answer that is of several
    /// types, such as the `min` of a date and of a timestamp, is text there, as JSON has it.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for more text than a column holds.
    pub fn to_record_batch(&self) -> Result<RecordBatch> {
        self.table().map_err(|error| Error::Data(error.to_string()))
    }

    fn table(&self) -> std::result::Result<RecordBatch, ArrowError> {
        let groups = groups(self.keys.as_ref());
        let names = self.columns.iter().flat_map(|(name, _)| std::iter::repeat_n(name.as_deref(), groups));
        let names: ArrayRef = Arc::new(names.collect::<StringArray>());
        let mut fields = vec![Field::new("column", names.data_type().clone(), true)];
        let mut arrays = vec![names];
        for (field, keys) in self.keys.iter().flat_map(|keys| {
            let fields = keys.schema_ref().fields().iter().cloned().collect::<Vec<_>>();
            fields.into_iter().zip(keys.columns())
        }) {
            fields.push(field.as_ref().clone().with_nullable(true));
            arrays.push(concat(&vec![keys.as_ref(); self.columns.len()])?);
        }
        for (index, name) in self.names().iter().enumerate() {
            let answers: Vec<ArrayRef> =
                self.columns.iter().map(|(_, answers)| answers.column(index).clone()).collect();
            let array = match answers.iter().all(|answer| answer.data_type() == answers[0].data_type()) {
                true => concat(&answers.iter().map(AsRef::as_ref).collect::<Vec<_>>())?,
                false => Arc::new(texts(&answers)?),
            };
            fields.push(Field::new(name, array.data_type().clone(), true));
            arrays.push(array);
        }
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
    }
}

fn groups(keys: Option<&RecordBatch>) -> usize {
    keys.map_or(1, RecordBatch::num_rows)
}

/// Values of several types as text.
fn texts(arrays: &[ArrayRef]) -> std::result::Result<StringArray, ArrowError> {
    let mut all: Vec<Option<String>> = Vec::new();
    for array in arrays {
        let batch = RecordBatch::try_from_iter([("", array.clone())])?;
        let values = Keys::of(&batch).map_err(|error| ArrowError::ExternalError(Box::new(error)))?;
        all.extend((0..array.len()).map(|row| values.row(row).next().and_then(|(_, value)| value.iso())));
    }
    Ok(all.into_iter().collect())
}
