//! Windows as bytes: everything that is open, and how far the reader had come.

use arrow_array::{Array, ArrayRef, RecordBatch, new_empty_array};
use arrow_schema::{FieldRef, SchemaRef};
use serde::{Deserialize, Serialize};

use super::cells::Cells;
use super::chunks::Chunks;
use super::keys::KeyTable;
use super::layout::Layout;
use super::panes::Panes;
use super::question::{Shape, Windowing};
use super::sessions::{Chunk, GONE, Sessions, Slot};
use super::stored::Store;
use super::table::{damaged, table, table_from_bytes, table_to_bytes};
use super::watermark::{Counters, Watermark};
use super::windows::{Open, Windows};
use crate::error::{Error, Result};
use crate::state;

/// Windows as they are written. Tables are streams of Arrow IPC.
#[derive(Serialize, Deserialize)]
struct Written {
    question: Windowing,
    position: Vec<u8>,
    watermark: Watermark,
    counters: Counters,
    /// An empty table of the batches' schema, once there was one.
    schema: Option<Vec<u8>>,
    open: WrittenOpen,
    late: Vec<Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
enum WrittenOpen {
    Panes {
        handed_out: i64,
        panes: Vec<(i64, Vec<u8>)>,
        keys: Vec<u8>,
        units: Vec<i32>,
        cells: Vec<(i64, Cells)>,
    },
    Sessions {
        keys: Vec<u8>,
        slots: Vec<Slot>,
        free: Vec<u32>,
        /// Slots of rows, and the rows.
        chunks: Vec<(Vec<u32>, Vec<u8>)>,
    },
}

/// The columns of a table with these types.
fn columns(bytes: &[u8], fields: &[FieldRef]) -> Result<(Vec<ArrayRef>, usize)> {
    let batch = table_from_bytes(bytes)?;
    let fits = batch.num_columns() == fields.len()
        && batch.columns().iter().zip(fields).all(|(column, field)| column.data_type() == field.data_type());
    if fits { Ok((batch.columns().to_vec(), batch.num_rows())) } else { Err(damaged()) }
}

impl Windows {
    /// All of it as bytes, with the caller's own word on how far it has read: read on from there after [`Windows::from_bytes`], and the
    /// windows that come are the same, bit by bit, as if nothing had happened.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] while windows wait that have closed in a call that failed: another call hands them out. [`Error::Data`] if it
    /// does not fit in memory twice.
    pub fn to_bytes(&self, position: &[u8]) -> Result<Vec<u8>> {
        if !self.waiting.is_empty() {
            return Err(Error::Invalid(
                "windows have closed in a call that failed, and wait: the next call hands them out; write the state after it".to_owned(),
            ));
        }
        let fields = self.layout.as_ref().map_or_else(Vec::new, Layout::kept);
        let rows = |chunks: &Chunks| {
            table_to_bytes(&table(fields.clone(), chunks.load()?.columns(fields.len())?, chunks.rows())?)
        };
        // The keys that are in use, and the place of each.
        let keys_of = |keys: &KeyTable| {
            let (numbers, columns) = keys.all()?;
            let fields = self.layout.as_ref().map_or(&[][..], |layout| &layout.keys).to_vec();
            let columns = match numbers.is_empty() {
                true => fields.iter().map(|field| new_empty_array(field.data_type())).collect(),
                false => columns,
            };
            let bytes = table_to_bytes(&table(fields, columns, numbers.len())?)?;
            let mut places = vec![0; keys.len()];
            numbers.iter().zip(0..).for_each(|(&number, place)| places[number as usize] = place);
            Ok::<_, Error>((bytes, places))
        };
        let open = match &self.open {
            Open::Panes(panes) => {
                let (keys, places) = keys_of(&panes.keys)?;
                let cells = panes.cells.iter().map(|(&pane, cells)| (pane, cells.renumbered(&places)));
                let rows = panes.open.iter().map(|(&pane, chunks)| Ok((pane, rows(chunks)?)));
                WrittenOpen::Panes {
                    handed_out: panes.handed_out,
                    panes: rows.collect::<Result<_>>()?,
                    keys,
                    units: panes.units.clone(),
                    cells: cells.collect(),
                }
            }
            Open::Sessions(sessions) => {
                let (keys, places) = keys_of(&sessions.keys)?;
                let slots = sessions.slots.iter().cloned();
                WrittenOpen::Sessions {
                    keys,
                    slots: slots.map(|slot| Slot { key: places[slot.key as usize], ..slot }).collect(),
                    free: sessions.free.clone(),
                    chunks: (sessions.chunks.iter().map(|chunk| Ok((chunk.slots.clone(), rows(&chunk.rows)?))))
                        .collect::<Result<_>>()?,
                }
            }
        };
        let empty = |schema: &SchemaRef| table_to_bytes(&RecordBatch::new_empty(schema.clone()));
        let written = Written {
            question: self.question.clone(),
            position: position.to_vec(),
            watermark: self.watermark.clone(),
            counters: self.counters,
            schema: self.layout.as_ref().map(|layout| empty(&layout.schema)).transpose()?,
            open,
            late: self.late.iter().map(table_to_bytes).collect::<Result<_>>()?,
        };
        state::to_bytes(state::WINDOWS, &written, "windows")
    }

    /// What [`Windows::to_bytes`] has written, and the position that it was given.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for bytes that are no windows, are damaged, or were written by a version of rstats with another format.
    pub fn from_bytes(bytes: &[u8]) -> Result<(Self, Vec<u8>)> {
        let written: Written = state::from_bytes(state::WINDOWS, bytes, "windows")?;
        let question = written.question;
        question.check()?;
        let schema = written.schema.map(|schema| table_from_bytes(&schema)).transpose()?;
        let layout = schema.map(|empty| Layout::new(&question, &empty.schema())).transpose()?;
        let keys = layout.as_ref().map_or(&[][..], |layout| &layout.keys).to_vec();
        let fields = layout.as_ref().map_or_else(Vec::new, Layout::kept);
        let rows = |bytes: &[u8]| {
            let (columns, rows) = columns(bytes, &fields)?;
            Ok::<_, Error>(Chunks::owned(columns, rows))
        };
        let watermark = written.watermark;
        let open = match (written.open, question.shape) {
            (WrittenOpen::Panes { handed_out, panes, keys: bytes, units, cells }, Shape::Periodic(periods)) => {
                let open = panes.into_iter().map(|(pane, bytes)| Ok((pane, rows(&bytes)?))).collect::<Result<_>>()?;
                let (columns, count) = columns(&bytes, &keys)?;
                let width = fields.len() - keys.len();
                let fits = cells.iter().all(|(_, cells)| cells.fit(width, count))
                    && (cells.is_empty() || units.len() == width && layout.is_some());
                if !fits {
                    return Err(damaged());
                }
                let mut keys = KeyTable::restored(keys, &columns, count)?;
                cells.iter().flat_map(|(_, cells)| &cells.keys).for_each(|&key| keys.use_key(key));
                let cells = cells.into_iter().collect();
                let panes = Panes { open, cells, keys, units, handed_out, ..Panes::new(periods) };
                Open::Panes(Box::new(panes))
            }
            (WrittenOpen::Sessions { keys: bytes, slots, free, chunks }, Shape::Session(gap)) => {
                let (columns, count) = columns(&bytes, &keys)?;
                let chunks = chunks.into_iter().map(|(slots, bytes)| {
                    let left = slots.iter().filter(|slot| **slot != GONE).count();
                    Ok(Chunk { left, rows: rows(&bytes)?, slots })
                });
                let chunks = chunks.collect::<Result<Vec<_>>>()?;
                let is_slot = |slot: &u32| (*slot as usize) < slots.len();
                let is_root = |slot: &u32| is_slot(slot) && slots[*slot as usize].parent == *slot;
                let fits = slots.iter().all(|slot| is_root(&slot.parent) && slot.parts.iter().all(is_slot))
                    && (slots.len() == free.len() || slots.iter().all(|slot| (slot.key as usize) < count))
                    && free.iter().all(is_slot)
                    && chunks.iter().all(|chunk| {
                        chunk.rows.rows() == chunk.slots.len()
                            && chunk.slots.iter().all(|slot| *slot == GONE || is_slot(slot))
                    });
                if !fits {
                    return Err(damaged());
                }
                let keys = KeyTable::restored(keys, &columns, count)?;
                let at = watermark.value().unwrap_or(i64::MIN);
                Open::Sessions(Box::new(Sessions::restored(gap, at, keys, (slots, free), chunks)))
            }
            _ => return Err(damaged()),
        };
        let late = written.late.iter().map(|bytes| table_from_bytes(bytes)).collect::<Result<_>>()?;
        let counters = written.counters;
        let (waiting, store) = (Vec::new(), Store::default());
        Ok((Self { question, layout, watermark, counters, open, late, waiting, store }, written.position))
    }
}
