//! The headers of a column chunk's pages, one after the other, without their pages.
//!
//! A header costs one small positioned read. Where pages are small, the next headers are read along with it.

use bytes::Bytes;
use parquet::file::reader::ChunkReader;

use crate::parquet::guard::format::PAGE_HEADER;
use crate::parquet::guard::thrift::{Fault, Struct, Visit, walk};

/// What a page's header says, once it was found sound in itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::parquet) struct Header {
    pub kind: PageKind,
    pub encoding: i64,
    pub compressed: u64,
    pub uncompressed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::parquet) enum PageKind {
    Dictionary {
        values: u64,
    },
    Data {
        values: u64,
        /// How a v1 page's definition and repetition levels are encoded.
        level_encodings: Option<[i64; 2]>,
        v2: Option<V2>,
    },
}

/// What only the header of a v2 page says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::parquet) struct V2 {
    pub rows: u64,
    pub nulls: u64,
    /// The bytes of the definition and of the repetition levels, which are never compressed.
    pub levels: [u64; 2],
    pub is_compressed: bool,
}

/// The numbers that `parquet.thrift` gives the encodings.
pub(in crate::parquet) mod encoding {
    pub const PLAIN: i64 = 0;
    pub const PLAIN_DICTIONARY: i64 = 2;
    pub const RLE: i64 = 3;
    pub const BIT_PACKED: i64 = 4;
    pub const DELTA_BINARY_PACKED: i64 = 5;
    pub const DELTA_LENGTH_BYTE_ARRAY: i64 = 6;
    pub const DELTA_BYTE_ARRAY: i64 = 7;
    pub const RLE_DICTIONARY: i64 = 8;
    pub const BYTE_STREAM_SPLIT: i64 = 9;
}

/// The bytes in which a header is looked for at first: it is rarely longer.
const SHORT: u64 = 256;

/// Of pages that are smaller than this, several are read at once: see `AHEAD`.
const SMALL: u64 = 1 << 12;

/// The bytes that are read at once of small pages.
const AHEAD: u64 = 1 << 16;

/// No header is longer: it has two values of the column at most. Arrow's C++ reader has the same bound.
pub(in crate::parquet) const LONG: u64 = 1 << 24;

/// The headers of a chunk, one after the other.
pub(in crate::parquet) struct Headers<'a, R> {
    reader: &'a R,
    /// Where the header began that was read last.
    pub began: u64,
    /// The next byte that is read, and where the chunk ends.
    at: u64,
    end: u64,
    /// Bytes of the file, and where they stand in it.
    window: Bytes,
    window_start: u64,
    /// How many are read next time.
    ahead: u64,
}

impl<'a, R: ChunkReader> Headers<'a, R> {
    pub fn new(reader: &'a R, start: u64, end: u64) -> Self {
        let ahead = if end - start <= AHEAD { AHEAD } else { SHORT };
        Headers { reader, began: start, at: start, end, window: Bytes::new(), window_start: start, ahead }
    }

    /// The byte of the file after the header that was read last: where its page begins.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// The next header; `None` at the end of the chunk. Its page must be skipped then.
    pub fn next(&mut self) -> Result<Option<Header>, String> {
        if self.at == self.end {
            return Ok(None);
        }
        self.began = self.at;
        let mut wanted = self.ahead;
        loop {
            let seen = self.window.get((self.at - self.window_start) as usize..).unwrap_or_default();
            let mut fields = HeaderFields::default();
            let wrong = |message| format!("its page at byte {}: {message}", self.began);
            match walk(seen, &PAGE_HEADER, &mut fields) {
                Ok(length) => {
                    self.at += length as u64;
                    return fields.header(self.end - self.at).map(Some).map_err(wrong);
                }
                Err(Fault::Wrong { message, byte }) => {
                    return Err(wrong(format!("its header is damaged at byte {byte}: {message}")));
                }
                Err(Fault::Short) => {
                    let rest = self.end - self.at;
                    if seen.len() as u64 >= rest.min(LONG) {
                        return Err(wrong("its header goes beyond the chunk".to_owned()));
                    }
                    let length = wanted.min(rest);
                    self.window = self.reader.get_bytes(self.at, length as usize).map_err(|error| error.to_string())?;
                    self.window_start = self.at;
                    if (self.window.len() as u64) < length {
                        return Err(wrong("the file ends within its header".to_owned()));
                    }
                    wanted = (wanted * 8).min(LONG);
                }
            }
        }
    }

    /// Goes on after the page, whose bytes were found to be there.
    pub fn skip(&mut self, length: u64) {
        self.at += length;
        self.ahead = if self.at - self.began < SMALL { AHEAD } else { SHORT };
    }
}

/// The bytes that the page after this header is said to have once it is decompressed.
pub(in crate::parquet) fn uncompressed_size(header: &[u8]) -> Result<u64, Fault> {
    let mut fields = HeaderFields::default();
    walk(header, &PAGE_HEADER, &mut fields)?;
    Ok(fields.page[2].and_then(|size| u64::try_from(size).ok()).unwrap_or(0))
}

/// The fields of a page's header, as they come.
#[derive(Default)]
struct HeaderFields {
    page: [Option<i64>; 5],
    data: [Option<i64>; 5],
    dictionary: [Option<i64>; 3],
    v2: [Option<i64>; 7],
    is_uncompressed: bool,
}

impl Visit for HeaderFields {
    fn integer(&mut self, of: &'static Struct, field: i16, value: i64) {
        let fields: &mut [Option<i64>] = match of.name {
            "PageHeader" => &mut self.page,
            "DataPageHeader" => &mut self.data,
            "DictionaryPageHeader" => &mut self.dictionary,
            "DataPageHeaderV2" => &mut self.v2,
            _ => return,
        };
        if let Some(index) = fields.get_mut(field as usize) {
            *index = Some(value);
        }
    }

    fn boolean(&mut self, of: &'static Struct, field: i16, value: bool) {
        if (of.name, field) == ("DataPageHeaderV2", 7) {
            self.is_uncompressed = !value;
        }
    }

    fn begin(&mut self, it: &'static Struct) {
        // A header that comes twice counts as it came last, for the crate too.
        match it.name {
            "DataPageHeader" => self.data = Default::default(),
            "DictionaryPageHeader" => self.dictionary = Default::default(),
            "DataPageHeaderV2" => (self.v2, self.is_uncompressed) = Default::default(),
            _ => {}
        }
    }
}

impl Header {
    /// The bytes of levels that stand before the values and are never compressed.
    pub fn levels(&self) -> u64 {
        match self.kind {
            PageKind::Data { v2: Some(v2), .. } => v2.levels[0] + v2.levels[1],
            _ => 0,
        }
    }
}

impl HeaderFields {
    /// The header of a page; `room`: the bytes from there to the end of the chunk.
    fn header(&self, room: u64) -> Result<Header, String> {
        let size = |fields: &[Option<i64>], field: usize, name: &str| match fields[field] {
            Some(value) => u64::try_from(value).map_err(|_| format!("its header has {name} {value}")),
            None => Err(format!("its header has no {name}")),
        };
        let uncompressed = size(&self.page, 2, "uncompressed_page_size")?;
        let compressed = size(&self.page, 3, "compressed_page_size")?;
        if compressed > room {
            return Err(format!(
                "its {compressed} bytes go beyond the chunk, which ends {room} bytes after its header"
            ));
        }
        // The crate takes the lengths of levels from a v2 header whatever the page's type is.
        if self.v2.iter().any(Option::is_some) && self.page[1] != Some(3) {
            return Err("its header has two types of page".to_owned());
        }
        let (fields, encoding, kind): (&[Option<i64>], _, _) = match self.page[1] {
            Some(0) => {
                let values = size(&self.data, 1, "num_values")?;
                let level = |field, name| size(&self.data, field, name).map(|encoding| encoding as i64);
                let level_encodings =
                    Some([level(3, "definition_level_encoding")?, level(4, "repetition_level_encoding")?]);
                (&self.data, 2, PageKind::Data { values, level_encodings, v2: None })
            }
            Some(2) => (&self.dictionary, 2, PageKind::Dictionary { values: size(&self.dictionary, 1, "num_values")? }),
            Some(3) => {
                let values = size(&self.v2, 1, "num_values")?;
                let nulls = size(&self.v2, 2, "num_nulls")?;
                let rows = size(&self.v2, 3, "num_rows")?;
                if nulls > values {
                    return Err(format!("its header has {nulls} nulls among {values} values"));
                }
                let levels = [
                    size(&self.v2, 5, "definition_levels_byte_length")?,
                    size(&self.v2, 6, "repetition_levels_byte_length")?,
                ];
                let v2 = Some(V2 { rows, nulls, levels, is_compressed: !self.is_uncompressed });
                (&self.v2, 4, PageKind::Data { values, level_encodings: None, v2 })
            }
            // The crate loses its way over index pages, which no writer has ever written.
            Some(1) => return Err("it is an index page, which is not supported".to_owned()),
            Some(other) => return Err(format!("there is no page type {other}")),
            None => return Err("its header has no type".to_owned()),
        };
        let encoding = size(fields, encoding, "encoding")? as i64;
        Ok(Header { kind, encoding, compressed, uncompressed })
    }
}
