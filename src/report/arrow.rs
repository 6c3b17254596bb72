//! The answer as Arrow: one row a series.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray, UInt64Array};
use arrow_schema::{DataType, Field, Schema};

use super::{Report, SCHEMA};
use crate::error::{Error, Result};

impl Report {
    /// One row a series: `column` is Utf8, the counts are UInt64, statistics Float64. The schema's metadata holds
    /// `rstats.schema`, `rstats.method`, `rstats.ddof` and `rstats.nan`.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] if the summaries do not belong to the spec.
    pub fn to_record_batch(&self) -> Result<RecordBatch> {
        let series = &self.series;
        let names = series.iter().map(|summary| summary.column.as_deref());
        let mut fields = vec![Field::new("column", DataType::Utf8, true)];
        let mut columns: Vec<ArrayRef> = vec![Arc::new(names.collect::<StringArray>())];
        let mut count = |name: &str, values: Vec<u64>| {
            fields.push(Field::new(name, DataType::UInt64, false));
            columns.push(Arc::new(UInt64Array::from(values)));
        };
        count("count", series.iter().map(|summary| summary.count).collect());
        count("null_count", series.iter().map(|summary| summary.null_count).collect());
        count("nan_count", series.iter().map(|summary| summary.nan_count).collect());
        let mut rows: Vec<_> = series.iter().map(|summary| summary.statistics()).collect();
        for name in self.spec.field_names().iter() {
            let values = rows.iter_mut().map(|row| row.next().and_then(|(_, value)| value));
            columns.push(Arc::new(values.collect::<Float64Array>()));
            fields.push(Field::new(name, DataType::Float64, true));
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
