//! Small valid files with every page type, encoding and codec that the parquet crate writes, and where their parts lie.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Decimal128Array, Float32Array, Float64Array, Int32Array, Int64Array, RecordBatch,
};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion};

use crate::thrift::{Token, What, tokens};

/// A file, and what is to be found in it.
#[derive(Clone)]
pub struct Base {
    pub name: &'static str,
    pub bytes: Vec<u8>,
    /// Whether every page has a checksum.
    pub checked: bool,
    pub pages: Vec<Page>,
    pub footer: Vec<Token>,
    pub footer_start: usize,
}

/// Where a page lies.
#[derive(Clone, Debug)]
pub struct Page {
    pub header: usize,
    pub body: usize,
    pub end: usize,
    pub tokens: Vec<Token>,
    /// The place of its chunk among all.
    pub chunk: usize,
}

pub const ROWS: usize = 300;

/// Every file, each with other encodings.
pub fn all() -> Vec<Base> {
    let v1 = || properties(WriterVersion::PARQUET_1_0);
    let v2 = || properties(WriterVersion::PARQUET_2_0);
    let plain = |of: WriterPropertiesBuilder| of.set_dictionary_enabled(false);
    let encoded = |of: WriterPropertiesBuilder, encoding| of.set_dictionary_enabled(false).set_encoding(encoding);
    let zstd = Compression::ZSTD(Default::default());
    vec![
        base(
            "plain v1",
            &[("x", doubles(3)), ("n", longs(0))],
            plain(v1()).set_compression(Compression::UNCOMPRESSED),
            false,
        ),
        base("plain v1 checked", &[("x", doubles(3)), ("n", ints(0))], plain(v1()).set_compression(zstd), true),
        base(
            "dictionary v1 snappy",
            &[("x", prices(5)), ("n", longs(4))],
            v1().set_compression(Compression::SNAPPY),
            false,
        ),
        base("dictionary v1 plain checked", &[("x", prices(0))], v1().set_compression(Compression::UNCOMPRESSED), true),
        base("dictionary v2 zstd", &[("x", prices(5)), ("d", decimals(0, 30))], v2().set_compression(zstd), false),
        base(
            "delta v2 gzip",
            &[("n", ints(3)), ("m", longs(0))],
            encoded(v2(), Encoding::DELTA_BINARY_PACKED).set_compression(Compression::GZIP(Default::default())),
            false,
        ),
        base(
            "split v1 lz4",
            &[("x", doubles(0)), ("y", floats(4))],
            encoded(v1(), Encoding::BYTE_STREAM_SPLIT).set_compression(Compression::LZ4_RAW),
            false,
        ),
        base(
            "split v2 brotli",
            &[("x", doubles(6)), ("d", decimals(3, 30))],
            encoded(v2(), Encoding::BYTE_STREAM_SPLIT).set_compression(Compression::BROTLI(Default::default())),
            false,
        ),
        base("booleans v1 hadoop", &[("b", booleans(3))], plain(v1()).set_compression(Compression::LZ4), false),
        base(
            "booleans v2",
            &[("b", booleans(3))],
            encoded(v2(), Encoding::RLE).set_compression(Compression::SNAPPY),
            false,
        ),
        base(
            "decimals v2 delta",
            &[("d", decimals(4, 30)), ("e", decimals(0, 9)), ("f", decimals(2, 18))],
            plain(v2())
                .set_column_encoding("d".into(), Encoding::DELTA_BYTE_ARRAY)
                .set_compression(Compression::UNCOMPRESSED),
            false,
        ),
        base(
            "index and groups",
            &[("x", doubles(7)), ("n", ints(0))],
            v1().set_statistics_enabled(EnabledStatistics::Page)
                .set_write_page_header_statistics(true)
                .set_offset_index_disabled(false)
                .set_max_row_group_row_count(Some(170))
                .set_compression(zstd),
            false,
        ),
        base("nulls", &[("x", Arc::new(Float64Array::from(vec![None; ROWS])))], v1().set_compression(zstd), false),
    ]
}

fn properties(version: WriterVersion) -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_writer_version(version)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .set_write_batch_size(50)
        .set_data_page_row_count_limit(100)
        .set_created_by("w".to_owned())
}

fn base(name: &'static str, columns: &[(&str, ArrayRef)], properties: WriterPropertiesBuilder, checked: bool) -> Base {
    let batch = RecordBatch::try_from_iter(columns.iter().cloned()).unwrap();
    // The Arrow schema would be most of the footer, and is a text that Arrow's readers check; one file has it.
    let options = ArrowWriterOptions::new().with_properties(properties.build());
    let options = options.with_skip_arrow_metadata(name != "index and groups");
    let mut writer = ArrowWriter::try_new_with_options(Vec::new(), batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    let bytes = writer.into_inner().unwrap();
    let mut base = Base::of(name, bytes);
    if checked {
        for page in 0..base.pages.len() {
            base = base.with_checksum(page);
        }
        base.checked = true;
    }
    assert!(base.pages.iter().filter(|page| page.chunk == 0).count() > 1, "{name}: several pages a chunk");
    base
}

impl Base {
    fn of(name: &'static str, bytes: Vec<u8>) -> Self {
        let end = bytes.len() - 8;
        let length = u32::from_le_bytes(bytes[end..end + 4].try_into().unwrap()) as usize;
        let footer_start = end - length;
        let (footer, footer_end) = tokens(&bytes, footer_start);
        assert_eq!(footer_end, end, "{name}: the footer is read whole");
        let mut pages = Vec::new();
        for chunk in 0..chunks(&footer) {
            let (start, length) = range(&footer, chunk);
            let mut at = start;
            while at < start + length {
                let (tokens, body) = tokens(&bytes, at);
                let field = |number| tokens.iter().find(|token| token.path == [number]).map(|token| token.value);
                let end = body + field(3).unwrap() as usize;
                pages.push(Page { header: at, body, end, chunk, tokens });
                at = end;
            }
            assert_eq!(at, start + length, "{name}: pages fill their chunk");
        }
        Base { name, bytes, checked: false, pages, footer, footer_start }
    }

    /// The file with other bytes in a stretch before its footer, whose offsets and sizes follow.
    pub fn splice(&self, start: usize, end: usize, with: &[u8]) -> Vec<u8> {
        let grown = with.len() as i64 - (end - start) as i64;
        let mut edits = Vec::new();
        for chunk in 0..chunks(&self.footer) {
            let (chunk_start, length) = range(&self.footer, chunk);
            for token in self.footer.iter().filter(|token| chunk_of(token) == Some(chunk)) {
                let moved = match token.path[4..] {
                    [3, 9 | 11] => token.value as usize > start,
                    [4 | 6] => token.value as usize > start,
                    [3, 7] => (chunk_start..chunk_start + length).contains(&start),
                    _ => false,
                };
                if moved {
                    edits.push((token, token.value + grown));
                }
            }
        }
        let body = [&self.bytes[..start], with, &self.bytes[end..self.footer_start]].concat();
        self.with_footer(&body, &edits)
    }

    /// The file with other numbers in its footer.
    pub fn edit(&self, token: &Token, value: i64) -> Vec<u8> {
        self.with_footer(&self.bytes[..self.footer_start], &[(token, value)])
    }

    fn with_footer(&self, body: &[u8], edits: &[(&Token, i64)]) -> Vec<u8> {
        let mut footer = Vec::new();
        let mut at = self.footer_start;
        let mut edits = edits.to_vec();
        edits.sort_by_key(|(token, _)| token.start);
        for (token, value) in edits {
            footer.extend(&self.bytes[at..token.start]);
            footer.extend(token.encode(value));
            at = token.end;
        }
        footer.extend(&self.bytes[at..self.bytes.len() - 8]);
        [body, &footer, &(footer.len() as u32).to_le_bytes(), b"PAR1"].concat()
    }

    /// The file with a checksum in a page's header, which the parquet crate's writer leaves out.
    fn with_checksum(&self, page: usize) -> Base {
        let Page { header, body, end, tokens, .. } = &self.pages[page];
        let after = tokens.iter().find(|token| token.path == [3]).unwrap().end;
        let next = self.bytes[after];
        assert!(next >> 4 > 1, "field 4 is free");
        let number = Token { path: vec![4], what: What::Integer, start: 0, end: 0, value: 0 };
        let mut with = self.bytes[*header..after].to_vec();
        with.push(0x15);
        with.extend(number.encode(i64::from(crc32(&self.bytes[*body..*end]) as i32)));
        with.push(next - 0x10);
        with.extend(&self.bytes[after + 1..*body]);
        Base::of(self.name, self.splice(*header, *body, &with))
    }
}

fn chunks(footer: &[Token]) -> usize {
    footer.iter().filter_map(chunk_of).max().unwrap() + 1
}

/// The place of the chunk that a token of a footer belongs to: chunks of all row groups, one after the other.
pub fn chunk_of(token: &Token) -> Option<usize> {
    match token.path[..] {
        [4, group, 1, column, _, ..] => Some(group * COLUMNS + column),
        _ => None,
    }
}

/// Of files with several row groups.
const COLUMNS: usize = 2;

fn range(footer: &[Token], chunk: usize) -> (usize, usize) {
    let field = |number| {
        let mut all = footer.iter().filter(|token| chunk_of(token) == Some(chunk));
        all.find(|token| token.path[4..] == [3, number]).map(|token| token.value as usize)
    };
    (field(11).or(field(9)).unwrap(), field(7).unwrap())
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
    })
}

fn rows<T>(nulls: usize, value: impl Fn(i64) -> T) -> Vec<Option<T>> {
    let row = |row: usize| (nulls == 0 || row % nulls != 1).then(|| value((row as i64 * 7919) % 1009 - 500));
    (0..ROWS).map(row).collect()
}

fn doubles(nulls: usize) -> ArrayRef {
    let values = rows(nulls, |value| value as f64 * 1.25);
    if nulls == 0 {
        Arc::new(Float64Array::from_iter_values(values.into_iter().flatten()))
    } else {
        Arc::new(Float64Array::from(values))
    }
}

fn floats(nulls: usize) -> ArrayRef {
    Arc::new(Float32Array::from(rows(nulls, |value| value as f32 / 3.0)))
}

fn prices(nulls: usize) -> ArrayRef {
    Arc::new(Float64Array::from(rows(nulls, |value| (value % 20) as f64 / 100.0)))
}

fn ints(nulls: usize) -> ArrayRef {
    Arc::new(Int32Array::from(rows(nulls, |value| value as i32 * 3)))
}

fn longs(nulls: usize) -> ArrayRef {
    Arc::new(Int64Array::from(rows(nulls, |value| value % 40 * 1_000_000_007)))
}

fn booleans(nulls: usize) -> ArrayRef {
    Arc::new(BooleanArray::from(rows(nulls, |value| value % 3 == 0)))
}

fn decimals(nulls: usize, precision: u8) -> ArrayRef {
    let values = Decimal128Array::from(rows(nulls, |value| i128::from(value) * 1001));
    Arc::new(values.with_precision_and_scale(precision, 2).unwrap())
}
