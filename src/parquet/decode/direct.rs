//! Columns of 64-bit numbers, from their pages straight into a scan.
//!
//! Plain pages need no decoding but decompression, and of what a dictionary stands for it is enough to count how often each of its
//! values is there: the way over arrays would write every value to memory, a batch at a time, twice. A page that is not as it seemed
//! goes that way after all.

use std::sync::Arc;

use arrow_schema::DataType;
use bytes::{Buf, Bytes};
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader};
use parquet::file::reader::SerializedPageReader;

use crate::arch::block;
use crate::describe::AnyScan;
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::parquet::decode::rle::{GROUP, Run, each_run};
use crate::parquet::plan::Plan;
use crate::parquet::plan::ScanTask;
use crate::parquet::storage::Reader;
use crate::scan::Scan;
use crate::spec::NanPolicy;
use crate::stats::value::Value;

/// Values that are scanned at a time: they stay in the first-level cache, and are whole blocks of the kernels.
const BLOCK: usize = 2 * crate::scan::BLOCK;

impl Plan<'_> {
    /// Scans a part, if that can be done directly; `false` if not, and then what was scanned counts for nothing.
    pub(in crate::parquet) fn scan_direct(
        &self,
        interrupt: &Interrupt,
        part: &ScanTask,
        reader: &Reader,
        scan: &mut AnyScan,
    ) -> Result<bool> {
        let [series] = part.series[..] else { return Ok(false) };
        let Some(index) = self.series[series].indices[part.file] else { return Ok(false) };
        let file = &self.dataset.files[part.file];
        match (file.field(index).data_type(), scan) {
            (DataType::Float64, AnyScan::Float(scan)) => self.scan_pages(interrupt, part, index, reader, scan),
            (DataType::Int64, AnyScan::Signed(scan)) => self.scan_pages(interrupt, part, index, reader, scan),
            (time, AnyScan::Signed(scan)) if *time == self.series[series].data_type && file.stores_ticks(index) => {
                self.scan_pages(interrupt, part, index, reader, scan)
            }
            _ => Ok(false),
        }
    }

    /// The column chunk of a column, if all its rows are wanted and it can be scanned directly, as far as its metadata tells.
    fn direct_leaf(&self, part: &ScanTask, index: usize) -> Option<usize> {
        let group = self.group(part);
        if group.filtered || group.selection.is_some() || part.first.is_some() || !self.keys.is_empty() {
            return None;
        }
        let [leaf] = self.leaves(part.file, &[index])[..] else { return None };
        let column = self.dataset.files[part.file].parquet().row_group(group.row_group).column(leaf);
        let is_flat = column.column_descr().max_rep_level() == 0 && column.column_descr().max_def_level() <= 1;
        let is_other = |encoding| matches!(encoding, Encoding::DELTA_BINARY_PACKED | Encoding::BYTE_STREAM_SPLIT);
        (is_flat && !column.encodings().any(is_other) && group.rows <= u64::from(u32::MAX)).then_some(leaf)
    }

    fn scan_pages<T: Direct>(
        &self,
        interrupt: &Interrupt,
        part: &ScanTask,
        index: usize,
        reader: &Reader,
        scan: &mut Scan<T>,
    ) -> Result<bool> {
        let Some(leaf) = self.direct_leaf(part, index) else { return Ok(false) };
        let damaged = |error: &dyn std::fmt::Display| self.damaged(part, None, error);
        let group = self.group(part);
        let checked = self.check_leaves(part, reader, &[leaf], BLOCK, u64::MAX, interrupt)?;
        let column = self.dataset.files[part.file].parquet().row_group(group.row_group).column(leaf);
        let has_levels = column.column_descr().max_def_level() == 1;
        let mut pages = SerializedPageReader::new(Arc::new(reader.clone()), column, group.rows as usize, None)
            .map_err(|error| damaged(&error))?;
        let mut dictionary = None;
        let share = checked.share.clone().unwrap_or(0..group.rows);
        // The row at which the next data page begins.
        let mut row = 0;
        let mut seen = 0;
        while let Some(next) = pages.peek_next_page().map_err(|error| damaged(&error))? {
            interrupt.check()?;
            let begin = row;
            if !next.is_dict {
                let Some(count) = next.num_levels.or(next.num_rows) else { return Ok(false) };
                row += count as u64;
                if begin >= share.end {
                    break;
                }
                if begin < share.start {
                    pages.skip_next_page().map_err(|error| damaged(&error))?;
                    continue;
                }
            }
            let Some(page) = pages.get_next_page().map_err(|error| damaged(&error))? else { break };
            if let Page::DictionaryPage { buf, num_values, .. } = page {
                dictionary = Dictionary::from_page(&buf, num_values, group.rows);
                continue;
            }
            let Some(data) = Data::from_page(page, has_levels) else { return Ok(false) };
            seen += u64::from(data.values) + u64::from(data.nulls);
            scan.update_nulls(data.nulls.into());
            if !data.indices {
                scan_values(&data.bytes, scan);
            } else if dictionary.as_mut().and_then(|dictionary| dictionary.scan(&data, scan)).is_none() {
                return Ok(false);
            }
        }
        if dictionary.is_some_and(|dictionary| dictionary.finish(scan).is_none()) {
            return Ok(false);
        }
        if self.spec.nan() == NanPolicy::Raise && scan.nan_count() > 0 {
            return Ok(false); // where it is shows on the other way
        }
        let expected = share.end - share.start;
        match seen == expected {
            true => Ok(true),
            false => Err(damaged(&format!("{seen} rows where its metadata has {expected}"))),
        }
    }
}

/// A number that is eight bytes in a file, the lowest first.
trait Direct: Value + Default {
    fn from_bytes(bytes: [u8; 8]) -> Self;
}

impl Direct for f64 {
    fn from_bytes(bytes: [u8; 8]) -> Self {
        Self::from_le_bytes(bytes)
    }
}

impl Direct for i64 {
    fn from_bytes(bytes: [u8; 8]) -> Self {
        Self::from_le_bytes(bytes)
    }
}

/// What a data page holds.
#[derive(Debug, PartialEq)]
struct Data {
    /// The values that are there.
    values: u32,
    nulls: u32,
    /// Whether they are places in the dictionary.
    indices: bool,
    /// Those, or the values themselves.
    bytes: Bytes,
}

impl Data {
    /// `None` if there is anything unusual about the page.
    fn from_page(page: Page, has_levels: bool) -> Option<Self> {
        let (mut bytes, levels, rows, encoding, nulls_there) = match page {
            Page::DataPage { mut buf, num_values, encoding, def_level_encoding, .. } => {
                if has_levels && def_level_encoding != Encoding::RLE {
                    return None;
                }
                let length = if has_levels { buf.try_get_u32_le().ok()? as usize } else { 0 };
                let levels = (length <= buf.len()).then(|| buf.split_to(length))?;
                (buf, levels, num_values, encoding, None)
            }
            Page::DataPageV2 {
                mut buf,
                num_values,
                encoding,
                num_nulls,
                def_levels_byte_len,
                rep_levels_byte_len: 0,
                ..
            } => {
                let length = def_levels_byte_len as usize;
                let levels = (length <= buf.len()).then(|| buf.split_to(length))?;
                (buf, levels, num_values, encoding, Some(num_nulls))
            }
            Page::DataPageV2 { .. } | Page::DictionaryPage { .. } => return None,
        };
        let values = if has_levels { there(&levels, rows)? } else { rows };
        let nulls = rows - values;
        let indices = match encoding {
            Encoding::PLAIN => {
                let length = 8 * values as usize;
                bytes = (length <= bytes.len()).then(|| bytes.split_to(length))?;
                false
            }
            Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY => true,
            _ => return None,
        };
        let fits = nulls_there.is_none_or(|there| there == nulls);
        fits.then_some(Self { values, nulls, indices, bytes })
    }
}

/// How many of `count` definition levels, which are 0 or 1, say that a value is there.
fn there(levels: &[u8], rows: u32) -> Option<u32> {
    let mut values = 0;
    each_run(levels, 1, rows as usize, &mut |run| {
        match run {
            Run::Same { value: 0, .. } => {}
            Run::Same { value: 1, count } => values += count as u32,
            Run::Same { .. } => return None,
            Run::Packed { bytes, count, .. } => values += block::count(count, Some(bytes)) as u32,
        }
        Some(())
    })?;
    Some(values)
}

/// If the dictionary is longer than one in `REPEATED` of the values, these are taken one by one: it would take longer to go through
/// it with its counts.
const REPEATED: u64 = 8;

/// Nor are those of a longer one counted: the counts would not stay in the second-level cache.
const COUNTED: usize = 1 << 16;

/// The number of counts of each value, which are added to in turn: adding to what was just written takes a while.
const TURNS: usize = 4;

/// The values of a dictionary, and those places in it that data pages have.
struct Dictionary<T> {
    values: Vec<T>,
    /// How often each of them was seen, where that is counted.
    counts: Option<Vec<[u32; TURNS]>>,
    /// Indices into the dictionary that were not counted yet: the first `filled` of them.
    indices: Box<[u32; BLOCK]>,
    filled: usize,
}

impl<T: Direct> Dictionary<T> {
    fn from_page(bytes: &[u8], count: u32, rows: u64) -> Option<Self> {
        let values = bytes.as_chunks::<8>().0.get(..count as usize)?;
        let counted = values.len() <= COUNTED && u64::from(count) * REPEATED <= rows;
        Some(Self {
            values: values.iter().map(|bytes| T::from_bytes(*bytes)).collect(),
            counts: counted.then(|| vec![[0; TURNS]; values.len()]),
            indices: Box::new([0; BLOCK]),
            filled: 0,
        })
    }

    /// The values of a page; `None` if there are such as the dictionary does not have.
    fn scan(&mut self, data: &Data, scan: &mut Scan<T>) -> Option<()> {
        if data.values == 0 {
            return Some(());
        }
        let (&width, indices) = data.bytes.split_first()?;
        if width > 32 {
            return None;
        }
        each_run(indices, width.into(), data.values as usize, &mut |run| {
            if let (Run::Same { value: index, count }, Some(counts)) = (run, &mut self.counts) {
                counts.get_mut(index as usize)?[0] += count as u32;
                return Some(());
            }
            let mut from = 0;
            while from < run.count() {
                if self.filled + GROUP > BLOCK {
                    self.look_up(scan)?;
                }
                let count = run.read(from, &mut self.indices[self.filled..]);
                from += count;
                self.filled += count;
            }
            Some(())
        })
    }

    /// What the places stand for.
    fn look_up(&mut self, scan: &mut Scan<T>) -> Option<()> {
        let indices = &self.indices[..std::mem::take(&mut self.filled)];
        if indices.iter().any(|index| *index as usize >= self.values.len()) {
            return None;
        }
        match &mut self.counts {
            Some(counts) => {
                for (turn, &index) in indices.iter().enumerate() {
                    counts[index as usize][turn % TURNS] += 1;
                }
            }
            None => {
                let mut block = [T::default(); BLOCK];
                block.iter_mut().zip(indices).for_each(|(value, &index)| *value = self.values[index as usize]);
                scan.update(&block[..indices.len()]);
            }
        }
        Some(())
    }

    /// What is left of the places, and the values that were counted.
    fn finish(mut self, scan: &mut Scan<T>) -> Option<()> {
        self.look_up(scan)?;
        if let Some(counts) = self.counts {
            let counts: Vec<u64> = counts.iter().map(|turns| turns.iter().copied().map(u64::from).sum()).collect();
            scan.update_repeated(&self.values, &counts);
        }
        Some(())
    }
}

/// Values as they lie in a file.
fn scan_values<T: Direct>(bytes: &[u8], scan: &mut Scan<T>) {
    let mut block = [T::default(); BLOCK];
    for values in bytes.as_chunks::<8>().0.chunks(BLOCK) {
        block.iter_mut().zip(values).for_each(|(value, bytes)| *value = T::from_bytes(*bytes));
        scan.update(&block[..values.len()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::{Keep, Outcome};
    use crate::spec::{Spec, Statistic};

    #[test]
    fn levels_tell_how_many_values_are_there() {
        assert_eq!(there(&[20, 1], 10), Some(10));
        assert_eq!(there(&[10, 1, 10, 0], 10), Some(5));
        assert_eq!(there(&[5, 0b1010_1010, 255], 10), Some(6));
        for (levels, why) in [(&[20, 2][..], "a level beyond 1"), (&[18, 1], "too few"), (&[], "nothing")] {
            assert_eq!(there(levels, 10), None, "{why}");
        }
        assert_eq!(there(&[], 0), Some(0));
    }

    fn page(bytes: &[u8], num_values: u32, encoding: Encoding) -> Page {
        Page::DataPage {
            buf: Bytes::copy_from_slice(bytes),
            num_values,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        }
    }

    #[test]
    fn pages_that_are_cut_short_are_left_alone() {
        let whole = [&[2, 0, 0, 0, 2, 1][..], &1.5f64.to_le_bytes()].concat();
        let data = Data::from_page(page(&whole, 1, Encoding::PLAIN), true).unwrap();
        let bytes = Bytes::copy_from_slice(&1.5f64.to_le_bytes());
        assert_eq!(data, Data { values: 1, nulls: 0, indices: false, bytes });
        for length in 0..whole.len() {
            assert_eq!(Data::from_page(page(&whole[..length], 1, Encoding::PLAIN), true), None, "{length}");
        }
        assert_eq!(Data::from_page(page(&whole, u32::MAX, Encoding::PLAIN), true), None);
    }

    /// Counted, and one by one.
    #[test]
    fn values_of_a_dictionary_are_those_of_their_places() {
        let bytes = [2.5f64, 3.5].map(f64::to_le_bytes).concat();
        assert!(Dictionary::<f64>::from_page(&bytes, 3, 100).is_none());
        let sum = |bytes_of_page: &[u8], values, rows| {
            let data = Data::from_page(page(bytes_of_page, values, Encoding::RLE_DICTIONARY), false).unwrap();
            let spec = Spec::default().with_statistics([Statistic::Sum]);
            let mut scan = Scan::<f64>::new(&spec, Keep::All);
            let mut dictionary = Dictionary::from_page(&bytes, 2, rows).unwrap();
            assert_eq!(dictionary.counts.is_some(), rows > 10);
            dictionary.scan(&data, &mut scan)?;
            dictionary.finish(&mut scan)?;
            let Outcome::Done(summary) = scan.finish(&spec).unwrap() else { panic!("all was kept") };
            Some((summary.count, summary.get("sum").unwrap()))
        };
        for rows in [10, 1000] {
            assert_eq!(sum(&[1, 10, 1, 3, 0b0000_0100], 8, rows), Some((8, 5.0 * 3.5 + 2.5 + 2.5 + 3.5)));
            assert_eq!(sum(&[0, 6], 3, rows), Some((3, 7.5)));
            assert_eq!(sum(&[], 0, rows), Some((0, 0.0)));
            assert_eq!(sum(&[], 1, rows), None);
            assert_eq!(sum(&[33, 2], 1, rows), None);
            assert_eq!(sum(&[8, 2, 2], 1, rows), None, "a place beyond the dictionary");
            assert_eq!(sum(&[2, 3, 0, 3], 8, rows), None, "the same, packed");
        }
    }
}
