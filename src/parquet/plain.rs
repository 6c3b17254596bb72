//! Columns of plain 64-bit numbers without nulls, from their pages straight into a scan.
//!
//! Such pages need no decoding but decompression: the way over arrays would copy every value, a batch at a time, twice. What is not as
//! plain as it seemed goes that way after all.

use std::sync::Arc;

use arrow_schema::DataType;
use bytes::{Buf, Bytes};
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader};
use parquet::file::reader::SerializedPageReader;

use super::decode::Part;
use super::plan::Plan;
use super::storage::Reader;
use crate::describe::{Interrupt, LaneScan};
use crate::error::Result;
use crate::spec::NanPolicy;

/// Values that are scanned at a time: they stay in the first-level cache, and are whole blocks of the kernels.
const BLOCK: usize = 2 * crate::scan::BLOCK;

impl Plan<'_> {
    /// The column chunk of a part that is one plain column, as far as its metadata tells.
    fn plain_leaf(&self, part: &Part, scan: &LaneScan) -> Option<usize> {
        let [series] = part.series[..] else { return None };
        let group = self.group(part);
        if group.filtered || group.selection.is_some() || part.first.is_some() || !self.keys.is_empty() {
            return None;
        }
        let file = &self.dataset.files[part.file];
        let place = self.series[series].places[part.file]?;
        let fits = matches!(
            (file.schema().field(place).data_type(), scan),
            (DataType::Float64, LaneScan::Float(_)) | (DataType::Int64, LaneScan::Signed(_))
        );
        let [leaf] = self.leaves(part.file, &[place])[..] else { return None };
        let column = file.parquet().row_group(group.row_group).column(leaf);
        let is_flat = column.column_descr().max_rep_level() == 0 && column.column_descr().max_def_level() <= 1;
        let is_plain = column.encodings().all(|encoding| matches!(encoding, Encoding::PLAIN | Encoding::RLE));
        (fits && is_flat && is_plain).then_some(leaf)
    }

    /// Scans a part, if it is plain; `false` if it is not, and then what was scanned counts for nothing.
    pub(super) fn scan_plain(
        &self,
        interrupt: &Interrupt,
        part: &Part,
        reader: &Reader,
        scan: &mut LaneScan,
    ) -> Result<bool> {
        let Some(leaf) = self.plain_leaf(part, scan) else { return Ok(false) };
        let damaged = |error: &dyn std::fmt::Display| self.damaged(part, None, error);
        let group = self.group(part);
        self.check_leaves(part, reader, &[leaf], BLOCK)?;
        let column = self.dataset.files[part.file].parquet().row_group(group.row_group).column(leaf);
        let has_levels = column.column_descr().max_def_level() == 1;
        let mut pages = SerializedPageReader::new(Arc::new(reader.clone()), column, group.rows as usize, None)
            .map_err(|error| damaged(&error))?;
        let mut seen = 0;
        while let Some(page) = pages.get_next_page().map_err(|error| damaged(&error))? {
            interrupt.check()?;
            let Some((values, count)) = plain_values(page, has_levels) else { return Ok(false) };
            seen += count;
            scan_bytes(&values, scan);
            if self.spec.nan() == NanPolicy::Raise && scan.nan_count() > 0 {
                return Ok(false); // where it is shows on the other way
            }
        }
        match seen == group.rows {
            true => Ok(true),
            false => Err(damaged(&format!("{seen} rows where its metadata has {}", group.rows))),
        }
    }
}

/// The bytes of the values of a page that holds no nulls, and how many values those are.
fn plain_values(page: Page, has_levels: bool) -> Option<(Bytes, u64)> {
    let (mut buffer, count) = match page {
        Page::DataPage {
            mut buf, num_values, encoding: Encoding::PLAIN, def_level_encoding: Encoding::RLE, ..
        } => {
            if has_levels {
                let length = buf.try_get_u32_le().ok()? as usize;
                let levels = (length <= buf.len()).then(|| buf.split_to(length))?;
                all_there(&levels, num_values)?;
            }
            (buf, num_values)
        }
        Page::DataPageV2 {
            buf,
            num_values,
            encoding: Encoding::PLAIN,
            num_nulls: 0,
            def_levels_byte_len,
            rep_levels_byte_len: 0,
            ..
        } => {
            let length = def_levels_byte_len as usize;
            if length > buf.len() {
                return None;
            }
            if has_levels {
                all_there(&buf[..length], num_values)?;
            }
            (buf.slice(length..), num_values)
        }
        _ => return None,
    };
    let length = 8 * count as usize;
    (length <= buffer.len()).then(|| (buffer.split_to(length), u64::from(count)))
}

/// `Some` if the definition levels are runs of ones (each a length, shifted left by one, and the byte that is repeated), so many in all.
fn all_there(mut levels: &[u8], count: u32) -> Option<()> {
    let mut left = u64::from(count);
    while left > 0 {
        let mut header: u64 = 0;
        for shift in (0..35).step_by(7) {
            let (&byte, rest) = levels.split_first()?;
            levels = rest;
            header |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        let (&value, rest) = levels.split_first()?;
        levels = rest;
        let run = header >> 1;
        if header & 1 == 1 || value != 1 || run == 0 || run > left {
            return None;
        }
        left -= run;
    }
    Some(())
}

/// Values as they lie in a file: eight bytes each, the lowest first.
fn scan_bytes(bytes: &[u8], scan: &mut LaneScan) {
    let (values, _) = bytes.as_chunks::<8>();
    match scan {
        LaneScan::Float(scan) => {
            let mut block = [0.0; BLOCK];
            for values in values.chunks(BLOCK) {
                block.iter_mut().zip(values).for_each(|(value, bytes)| *value = f64::from_le_bytes(*bytes));
                scan.update(&block[..values.len()]);
            }
        }
        LaneScan::Signed(scan) => {
            let mut block = [0; BLOCK];
            for values in values.chunks(BLOCK) {
                block.iter_mut().zip(values).for_each(|(value, bytes)| *value = i64::from_le_bytes(*bytes));
                scan.update(&block[..values.len()]);
            }
        }
        LaneScan::Unsigned(_) | LaneScan::Exact(_) => debug_assert!(false, "only what is plain comes here"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_runs_of_ones() {
        assert!(all_there(&[20, 1], 10).is_some());
        assert!(all_there(&[10, 1, 10, 1], 10).is_some());
        assert!(all_there(&[0x80, 0x80, 0x40, 1], 1 << 19).is_some());
        for (levels, why) in [
            (&[20, 0][..], "nulls"),
            (&[18, 1], "too few"),
            (&[22, 1], "too many"),
            (&[3, 255, 3], "packed bits"),
            (&[0, 1, 20, 1], "a run of none"),
            (&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80], "a length without end"),
            (&[20], "no value"),
            (&[], "nothing"),
        ] {
            assert!(all_there(levels, 10).is_none(), "{why}");
        }
        assert!(all_there(&[], 0).is_some());
    }

    #[test]
    fn pages_that_are_cut_short_are_not_plain() {
        let page = |bytes: &[u8], num_values| Page::DataPage {
            buf: Bytes::copy_from_slice(bytes),
            num_values,
            encoding: Encoding::PLAIN,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let whole = [&[2, 0, 0, 0, 2, 1][..], &1.5f64.to_le_bytes()].concat();
        let (values, count) = plain_values(page(&whole, 1), true).unwrap();
        assert_eq!((&values[..], count), (&1.5f64.to_le_bytes()[..], 1));
        for length in 0..whole.len() {
            assert!(plain_values(page(&whole[..length], 1), true).is_none(), "{length}");
        }
        assert!(plain_values(page(&whole, u32::MAX), true).is_none());
    }
}
