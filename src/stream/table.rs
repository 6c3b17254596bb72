//! Tables as bytes: streams of Arrow IPC.

use std::io::Cursor;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, FieldRef, Schema};

use crate::catch_panic::catch_panic;
use crate::error::{Error, Result};

fn cannot_write(error: ArrowError) -> Error {
    Error::Data(format!("the windows cannot be written: {error}"))
}

pub(super) fn damaged() -> Error {
    Error::Data("these bytes hold no windows that can be read: what they say of them does not fit together".to_owned())
}

pub(super) fn table_to_bytes(batch: &RecordBatch) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let written = StreamWriter::try_new(&mut bytes, &batch.schema()).and_then(|mut writer| {
        writer.write(batch)?;
        writer.finish()
    });
    written.map_err(cannot_write)?;
    Ok(bytes)
}

pub(super) fn table_from_bytes(bytes: &[u8]) -> Result<RecordBatch> {
    let read = || {
        let mut reader = StreamReader::try_new(Cursor::new(bytes), None)?;
        reader.next().unwrap_or_else(|| Ok(RecordBatch::new_empty(reader.schema())))
    };
    // What is not Arrow may make its reader panic.
    match catch_panic(read) {
        Ok(Ok(batch)) => Ok(batch),
        _ => Err(damaged()),
    }
}

pub(super) fn table(fields: Vec<FieldRef>, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options).map_err(cannot_write)
}
