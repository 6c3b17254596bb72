//! The answer as Arrow: one row a series.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::types::UInt64Type;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use arrow_select::concat::concat;

use super::{COUNTS, Report, SCHEMA};
use crate::error::{Error, Result};
use crate::spec::is_count;

impl Report {
    /// One row a series: `column` is Utf8, keys have their own types, the counts (and the statistics that count) are UInt64,
    /// all other statistics Float64. The schema's metadata holds
    /// `rstats.schema`, `rstats.method`, `rstats.ddof` and `rstats.nan`.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] if the summaries do not belong to the spec.
    pub fn to_record_batch(&self) -> Result<RecordBatch> {
        let series = &self.series;
        let mut fields = vec![Field::new("column", DataType::Utf8, true)];
        let mut columns: Vec<ArrayRef> = vec![Arc::new(series.columns_of_all())];
        if let Some(keys) = series.keys() {
            let schema = keys.schema();
            for (field, column) in schema.fields().iter().zip(keys.columns()) {
                fields.push(field.as_ref().clone().with_nullable(true));
                let copies = vec![column.as_ref(); series.columns().len().max(1)];
                columns.push(match copies.len() {
                    1 => column.clone(),
                    _ => concat(&copies).map_err(|error| Error::Data(error.to_string()))?,
                });
            }
        }
        for (name, values) in COUNTS.into_iter().zip(series.counts_of_all()) {
            fields.push(Field::new(name, DataType::UInt64, values.null_count() > 0));
            columns.push(Arc::new(values.clone()));
        }
        for (name, values) in series.names().iter().zip(series.statistics_of_all()) {
            let values: ArrayRef = match is_count(name) {
                true => Arc::new(values.unary::<_, UInt64Type>(|count| count as u64)),
                false => Arc::new(values.clone()),
            };
            fields.push(Field::new(name, values.data_type().clone(), true));
            columns.push(values);
        }
        let metadata = [
            ("rstats.schema", SCHEMA.to_owned()),
            ("rstats.method", self.spec.method().to_string()),
            ("rstats.ddof", self.spec.ddof().to_string()),
            ("rstats.nan", self.spec.nan().name().to_owned()),
        ];
        let metadata: HashMap<_, _> = metadata.map(|(key, value)| (key.to_owned(), value)).into();
        let schema = Schema::new(fields).with_metadata(metadata);
        RecordBatch::try_new(Arc::new(schema), columns).map_err(|error| Error::Data(error.to_string()))
    }
}
