//! What the lengths of a delta-encoded page of strings ask for, before they are decoded.
//!
//! `DELTA_LENGTH_BYTE_ARRAY` and `DELTA_BYTE_ARRAY` pages begin with `DELTA_BINARY_PACKED` integers. The parquet crate reserves
//! room for as many as the page says (a varint, whatever the page's header has) and repeats prefixes for as long as they are.
//! The layout is that of [Encodings.md], and, where it leaves room, that of the crate.
//!
//! [Encodings.md]: https://github.com/apache/parquet-format/blob/master/Encodings.md

/// Checks the lengths in a `DELTA_LENGTH_BYTE_ARRAY` page, from the first of its values on: at most `most` of them.
pub(in crate::parquet) fn check_lengths(bytes: &[u8], most: u64) -> Result<(), String> {
    Deltas::new(bytes, most).map(drop)
}

/// The longest value in a `DELTA_BYTE_ARRAY` page, which has at most `most` values.
pub(in crate::parquet) fn longest(bytes: &[u8], most: u64) -> Result<u64, String> {
    let mut prefixes = Deltas::new(bytes, most)?;
    let count = prefixes.left;
    let mut end = Deltas::new(bytes, most)?;
    while end.next()?.is_some() {}
    let mut suffixes = Deltas::new(bytes.get(end.end()..).unwrap_or_default(), most)?;
    if suffixes.left != count {
        return Err(format!("it has {count} prefixes, but {} suffixes", suffixes.left));
    }
    let (mut longest, mut last) = (0u64, 0u64);
    while let Some((prefix, suffix)) = prefixes.next()?.zip(suffixes.next()?) {
        let (Ok(prefix), Ok(suffix)) = (u64::try_from(prefix), u64::try_from(suffix)) else {
            return Err(format!("it has a prefix of {prefix} bytes and a suffix of {suffix}"));
        };
        if prefix > last {
            return Err(format!("it has a prefix of {prefix} bytes of a value of {last}"));
        }
        last = prefix + suffix;
        longest = longest.max(last);
    }
    Ok(longest)
}

/// The integers of one `DELTA_BINARY_PACKED` sequence of 32 bits.
struct Deltas<'a> {
    bytes: &'a [u8],
    /// The next byte that is read: a block's header, or the first of its next miniblock.
    at: usize,
    /// Values that are still to come.
    left: u64,
    first: bool,
    last: i32,
    per_block: u64,
    miniblocks: usize,
    min_delta: i32,
    /// The bit widths of the block's miniblocks, and the number of those that were begun.
    widths: &'a [u8],
    begun: usize,
    /// The values of the miniblock, and how many of them were read.
    miniblock: &'a [u8],
    read: u64,
}

impl<'a> Deltas<'a> {
    fn new(bytes: &'a [u8], most: u64) -> Result<Self, String> {
        let mut deltas = Deltas {
            bytes,
            at: 0,
            left: 0,
            first: true,
            last: 0,
            per_block: 0,
            miniblocks: 0,
            min_delta: 0,
            widths: &[],
            begun: 0,
            miniblock: &[],
            read: 0,
        };
        deltas.per_block = deltas.varint()?;
        let miniblocks = deltas.varint()?;
        deltas.left = deltas.varint()?;
        deltas.last = deltas.zigzag()?;
        // Blocks of at least 32 values, and few enough for their sizes to be added up.
        let sound = (128..=1 << 31).contains(&deltas.per_block)
            && miniblocks > 0
            && deltas.per_block.is_multiple_of(miniblocks)
            && (deltas.per_block / miniblocks).is_multiple_of(32);
        if !sound {
            return Err(format!("its lengths stand in blocks of {} values in {miniblocks} parts", deltas.per_block));
        }
        deltas.miniblocks = miniblocks as usize;
        if deltas.left > most {
            return Err(format!("it has {} lengths for {most} values", deltas.left));
        }
        Ok(deltas)
    }

    fn next(&mut self) -> Result<Option<i32>, String> {
        if self.left == 0 {
            return Ok(None);
        }
        if self.first {
            self.first = false;
        } else {
            let per_miniblock = self.per_block / self.miniblocks as u64;
            if self.begun == 0 || self.read == per_miniblock {
                self.begin_miniblock(per_miniblock)?;
            }
            let width = u64::from(self.widths[self.begun - 1]);
            let delta = bits(self.miniblock, self.read * width, width).ok_or_else(Self::short)?;
            self.read += 1;
            self.last = self.last.wrapping_add(self.min_delta).wrapping_add(delta as i32);
        }
        self.left -= 1;
        Ok(Some(self.last))
    }

    fn begin_miniblock(&mut self, values: u64) -> Result<(), String> {
        if self.begun == self.widths.len() {
            self.min_delta = self.zigzag()?;
            let end = self.at.checked_add(self.miniblocks).ok_or_else(Self::short)?;
            self.widths = self.bytes.get(self.at..end).ok_or_else(Self::short)?;
            self.at = end;
            self.begun = 0;
        }
        let width = self.widths[self.begun];
        if width > 32 {
            return Err(format!("a length of {width} bits"));
        }
        // The last one may be cut short after its last value, which is found when that is read.
        let length = (u64::from(width) * values / 8) as usize;
        self.miniblock = &self.bytes[self.at..self.bytes.len().min(self.at + length)];
        self.at += length;
        self.at = self.at.min(self.bytes.len());
        self.begun += 1;
        self.read = 0;
        Ok(())
    }

    /// Where the bytes after the sequence begin, once it was read: after the padding of its last miniblock. Miniblocks without
    /// values have no bytes, whatever their widths say.
    fn end(&self) -> usize {
        self.at
    }

    fn zigzag(&mut self) -> Result<i32, String> {
        let value = self.varint()?;
        let value = (value >> 1) as i64 ^ -((value & 1) as i64);
        i32::try_from(value).map_err(|_| format!("a length of {value}"))
    }

    fn varint(&mut self) -> Result<u64, String> {
        let mut value = 0;
        for shift in (0..63).step_by(7) {
            let byte = *self.bytes.get(self.at).ok_or_else(Self::short)?;
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("its lengths have an integer of more than 63 bits".to_owned())
    }

    fn short() -> String {
        "it ends within its lengths".to_owned()
    }
}

/// The `width` bits from bit `start` on, the lowest first.
fn bits(bytes: &[u8], start: u64, width: u64) -> Option<u32> {
    let mut value = 0u64;
    let (first, last) = ((start / 8) as usize, ((start + width).div_ceil(8)) as usize);
    for (index, byte) in bytes.get(first..last)?.iter().enumerate() {
        value |= u64::from(*byte) << (8 * index);
    }
    Some(((value >> (start % 8)) & ((1 << width) - 1)) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::basic::{Encoding, Repetition, Type};
    use parquet::column::page::Page;
    use parquet::data_type::{ByteArray, ByteArrayType};
    use parquet::file::properties::WriterProperties;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::types;
    use proptest::prelude::*;
    use std::sync::Arc;

    /// The values of the only page of a file in which the parquet crate wrote `strings`.
    fn encoded(strings: &[String], encoding: Encoding) -> Vec<u8> {
        let field = types::Type::primitive_type_builder("s", Type::BYTE_ARRAY);
        let field = field.with_repetition(Repetition::REQUIRED).build().unwrap();
        let schema = types::Type::group_type_builder("schema").with_fields(vec![Arc::new(field)]).build().unwrap();
        let properties = WriterProperties::builder().set_dictionary_enabled(false).set_encoding(encoding).build();
        let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties)).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let values: Vec<ByteArray> = strings.iter().map(|string| string.as_str().into()).collect();
        column.typed::<ByteArrayType>().write_batch(&values, None, None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
        let file = SerializedFileReader::new(bytes::Bytes::from(writer.into_inner().unwrap())).unwrap();
        let page = file.get_row_group(0).unwrap().get_column_page_reader(0).unwrap().get_next_page().unwrap().unwrap();
        assert!(matches!(page, Page::DataPage { .. }) && page.encoding() == encoding);
        page.buffer().to_vec()
    }

    proptest! {
        #[test]
        fn the_crate_s_pages_pass(strings in prop::collection::vec("[ab]{0,40}", 1..700)) {
            let count = strings.len() as u64;
            let longest_string = strings.iter().map(String::len).max().unwrap_or_default() as u64;
            let lengths = encoded(&strings, Encoding::DELTA_LENGTH_BYTE_ARRAY);
            prop_assert_eq!(check_lengths(&lengths, count), Ok(()));
            prop_assert!(check_lengths(&lengths, count - 1).unwrap_err().contains("lengths for"));
            let prefixed = encoded(&strings, Encoding::DELTA_BYTE_ARRAY);
            prop_assert_eq!(longest(&prefixed, count), Ok(longest_string));
            prop_assert!(longest(&prefixed, count - 1).is_err());
        }

        #[test]
        fn no_bytes_make_it_panic_or_stall(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if longest(&bytes, 1000).is_ok() {
                prop_assert!(check_lengths(&bytes, 1000).is_ok());
            }
        }
    }

    #[test]
    fn a_count_that_would_be_reserved() {
        // 2^40 lengths in blocks of 128: the crate would reserve 4 TiB.
        let bytes = [0x80, 1, 4, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 0];
        assert_eq!(check_lengths(&bytes, 1000), Err("it has 1099511627776 lengths for 1000 values".to_owned()));
        assert!(longest(&bytes, 1000).is_err());
    }

    #[test]
    fn blocks_that_do_not_add_up() {
        for header in [[0, 1, 1, 0], [64, 1, 1, 0], [0x7f, 0, 1, 0]] {
            assert!(check_lengths(&header, 1000).unwrap_err().contains("in blocks of"), "{header:?}");
        }
    }
}
