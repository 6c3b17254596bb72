//! Record batches in temporary files, as their buffers lie in memory, after their lengths: nothing is copied on the way, and a column is read
//! as a part of one allocation.

use std::path::Path;
use std::sync::{Arc, Mutex};

use arrow_array::{Array, RecordBatch, RecordBatchOptions, make_array};
use arrow_buffer::{Buffer, MutableBuffer};
use arrow_data::{ArrayData, layout};
use arrow_schema::{ArrowError, SchemaRef};

use crate::error::Result;
use crate::spill::{ALIGNED, Place, Spill};
use crate::unpoisoned::Unpoisoned;

/// Record batches on disk. Their columns are of types without children.
pub(super) struct StoredBatches {
    spill: Spill,
    /// Each of the schemas once: there are few, and many batches.
    schemas: Mutex<Vec<SchemaRef>>,
}

/// Where a batch is.
#[derive(Debug)]
pub(super) struct Segment {
    pub at: Place,
    pub rows: usize,
    schema: SchemaRef,
}

impl StoredBatches {
    /// New files in this folder, for `threads` threads.
    pub fn new(folder: &Path, threads: usize) -> Result<Self> {
        Ok(Self { spill: Spill::new(folder, threads)?, schemas: Mutex::default() })
    }

    /// Bytes that were written.
    pub fn len(&self) -> u64 {
        self.spill.len()
    }

    pub fn write(&self, batch: &RecordBatch) -> Result<Segment> {
        let (mut lengths, mut buffers) = (Vec::new(), Vec::new());
        for column in batch.columns() {
            let data = column.to_data();
            let validity = data.nulls().map(|nulls| nulls.inner().sliced());
            lengths.push(validity.as_ref().map_or(0, Buffer::len));
            lengths.extend(data.buffers().iter().map(Buffer::len));
            buffers.extend(validity.into_iter().chain(data.buffers().iter().cloned()));
        }
        let head: Vec<u8> = lengths.iter().flat_map(|length| (*length as u64).to_le_bytes()).collect();
        let at = self.spill.write(std::iter::once(&head[..]).chain(buffers.iter().map(Buffer::as_slice)))?;
        Ok(Segment { at, rows: batch.num_rows(), schema: self.known(batch.schema()) })
    }

    pub fn read(&self, segment: &Segment) -> Result<RecordBatch> {
        read_batch(&self.spill.read(segment.at)?, segment).map_err(|error| self.spill.damaged(error))
    }

    /// A schema, as it is kept.
    fn known(&self, schema: SchemaRef) -> SchemaRef {
        let mut schemas = self.schemas.lock().unpoisoned();
        if let Some(known) = schemas.iter().find(|known| **known == schema) {
            return Arc::clone(known);
        }
        schemas.push(Arc::clone(&schema));
        schema
    }
}

/// What [`StoredBatches::write`] has written. Lengths are checked against what is there, and arrays against their lengths.
fn read_batch(bytes: &Buffer, segment: &Segment) -> Result<RecordBatch, ArrowError> {
    let missing = || ArrowError::InvalidArgumentError("rows are missing".to_owned());
    let fields = segment.schema.fields();
    let layouts: Vec<_> = fields.iter().map(|field| layout(field.data_type()).buffers.len()).collect();
    let count: usize = layouts.iter().map(|buffers| 1 + buffers).sum();
    let head = bytes.get(..8 * count).ok_or_else(missing)?;
    let mut lengths = head.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word) as usize);
    let mut start = head.len().next_multiple_of(ALIGNED);
    let mut next = || {
        let length = lengths.next().ok_or_else(missing)?;
        if length == 0 {
            return Ok(MutableBuffer::new(0).into());
        }
        if start.checked_add(length).is_none_or(|end| end > bytes.len()) {
            return Err(missing());
        }
        let buffer = bytes.slice_with_length(start, length);
        start += length.next_multiple_of(ALIGNED);
        Ok(buffer)
    };
    let columns = fields.iter().zip(&layouts).map(|(field, buffers)| {
        let validity = Some(next()?).filter(|validity| !validity.is_empty());
        let buffers = (0..*buffers).map(|_| next()).collect::<Result<_, _>>()?;
        ArrayData::try_new(field.data_type().clone(), segment.rows, validity, 0, buffers, Vec::new()).map(make_array)
    });
    let columns = columns.collect::<Result<_, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(segment.rows));
    RecordBatch::try_new_with_options(Arc::clone(&segment.schema), columns, &options)
}
