//! Rows of open windows in temporary files, where memory has no room for them.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_schema::FieldRef;

use super::table::{table, table_from_bytes, table_to_bytes};
use crate::error::Result;
use crate::spill::{Place, Spill};

/// Bytes of one file, after which the next one is begun: the disk's room is given back file by file, once nothing in one is wanted.
const FILE: u64 = 1 << 30;

/// Where rows are written.
#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    file: Option<Arc<Spill>>,
    /// Bytes that were written, to all files.
    pub written: u64,
}

/// Rows in a file, as a stream of Arrow IPC. The last of those in a file takes it away.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    file: Arc<Spill>,
    place: Place,
}

impl Store {
    pub fn write(&mut self, fields: &[FieldRef], columns: Vec<ArrayRef>, rows: usize) -> Result<Stored> {
        let file = match self.file.take().filter(|file| file.len() < FILE) {
            Some(file) => file,
            None => Arc::new(Spill::new(&std::env::temp_dir(), 1)?),
        };
        let bytes = table_to_bytes(&table(fields.to_vec(), columns, rows)?)?;
        let place = file.write([&bytes[..]])?;
        self.written += bytes.len() as u64;
        self.file = Some(Arc::clone(&file));
        Ok(Stored { file, place })
    }

    /// Nothing that was written is wanted any more.
    pub fn give_back(&mut self) {
        if self.file.as_ref().is_some_and(|file| Arc::strong_count(file) == 1) {
            self.file = None;
        }
    }
}

impl Stored {
    pub fn read(&self) -> Result<Vec<ArrayRef>> {
        let bytes = self.file.read(self.place)?;
        Ok(table_from_bytes(&bytes).map_err(|error| self.file.damaged(error))?.columns().to_vec())
    }
}
