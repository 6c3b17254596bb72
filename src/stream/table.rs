//! Tables of the rows of windows, as bytes and back.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, FieldRef, Schema};

use crate::error::{Error, Result};
use crate::table_bytes;

fn cannot_write(error: ArrowError) -> Error {
    Error::Data(format!("the windows cannot be written: {error}"))
}

pub(super) fn damaged() -> Error {
    Error::Data("these bytes hold no windows that can be read: what they say of them does not fit together".to_owned())
}

pub(super) fn table_to_bytes(table: &RecordBatch) -> Result<Vec<u8>> {
    table_bytes::to_bytes(table).map_err(cannot_write)
}

pub(super) fn table_from_bytes(bytes: &[u8]) -> Result<RecordBatch> {
    table_bytes::from_bytes(bytes).map_err(|_| damaged())
}

pub(super) fn table(fields: Vec<FieldRef>, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options).map_err(cannot_write)
}
