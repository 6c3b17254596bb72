//! Tables as bytes: streams of Arrow IPC.

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::ArrowError;

use crate::catch_panic::catch_panic;

/// A table as bytes.
pub(crate) fn to_bytes(table: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
    let mut bytes = Vec::new();
    let mut writer = StreamWriter::try_new(&mut bytes, &table.schema())?;
    writer.write(table)?;
    writer.finish()?;
    drop(writer);
    Ok(bytes)
}

/// What [`to_bytes`] has written. Bytes are not trusted: the decoder asks for no more memory than they take themselves, and where what is not Arrow
/// makes it panic, that is an error.
pub(crate) fn from_bytes(bytes: &[u8]) -> Result<RecordBatch, ArrowError> {
    let read = || {
        let (mut decoder, mut bytes) = (StreamDecoder::new(), Buffer::from(bytes));
        let mut batch = None;
        while batch.is_none() && !bytes.is_empty() {
            batch = decoder.decode(&mut bytes)?;
        }
        match (batch, decoder.schema()) {
            (Some(batch), _) => Ok(batch),
            (None, Some(schema)) => Ok(RecordBatch::new_empty(schema)),
            (None, None) => Err(ArrowError::ParseError("a table that is cut off".to_owned())),
        }
    };
    catch_panic(read).map_err(ArrowError::ParseError)?
}
