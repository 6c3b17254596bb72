//! Windows of a stream as Arrow.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, UInt32Array};
use arrow_schema::{FieldRef, Schema};
use arrow_select::take::take;

use super::{Report, Source};
use crate::error::{Error, Result};
use crate::spec::Spec;
use crate::summary::Summaries;

/// The rows of windows in the order in which people read them: for each window and key all columns.
pub(super) fn by_window(windows: &Summaries) -> impl Iterator<Item = usize> + use<> {
    let keys = windows.keys().map_or(1, RecordBatch::num_rows);
    let columns = windows.columns().len();
    (0..keys).flat_map(move |key| (0..columns).map(move |column| column * keys + key))
}

/// Windows, those that [`Windows`](crate::Windows) hands out, as a table: `window_start` and `window_end`, the keys, `column`, and then what
/// [`Report::to_record_batch`] has; a row for each window, key and column.
///
/// # Errors
///
/// As [`Report::to_record_batch`].
pub fn windows_to_batch(windows: Summaries, spec: &Spec) -> Result<RecordBatch> {
    let keys = windows.keys().map_or(0, RecordBatch::num_columns);
    let (order, columns) = (by_window(&windows), windows.columns().len());
    let batch = Report { spec: spec.clone(), source: Source::default(), series: windows }.to_record_batch()?;
    let order = (columns > 1).then(|| UInt32Array::from_iter_values(order.map(|row| row as u32)));
    let schema = batch.schema();
    let places = (1..=keys).chain([0]).chain(keys + 1..batch.num_columns());
    let in_order = places.map(|place| {
        let array = match &order {
            Some(order) => take(batch.column(place), order, None).map_err(|error| Error::Data(error.to_string()))?,
            None => batch.column(place).clone(),
        };
        Ok((schema.fields()[place].clone(), array))
    });
    let (fields, columns): (Vec<FieldRef>, Vec<ArrayRef>) = in_order.collect::<Result<Vec<_>>>()?.into_iter().unzip();
    let schema = Arc::new(Schema::new(fields).with_metadata(schema.metadata().clone()));
    RecordBatch::try_new(schema, columns).map_err(|error| Error::Data(error.to_string()))
}
