//! Column chunks, before they are decoded: the headers of their pages, and what decoding them will ask for.
//!
//! The parquet crate believes what a file says of itself. These are the numbers from a file that it makes an allocation, a loop or an
//! index of, and what bounds each:
//!
//! | number | what the crate does with it | what bounds it |
//! | --- | --- | --- |
//! | footer's length, lists in it, children of the schema, its depth | reserves, recurses | [`crate::parquet::guard::footer`] |
//! | chunk's offset and size | an assertion, reads from there | [`survey`]: within the file |
//! | page's compressed size | reads as much into memory | within the chunk |
//! | page's uncompressed size | reserves it, for most codecs twice or filled with zeros | what the codec can expand to, the limit |
//! | lengths in a page's header (statistics) | skips as many bytes | `thrift`: within the header |
//! | number of values of a dictionary | fills as many values | the page holds them |
//! | number of values of a data page | the number of steps, a batch at a time | together those of the chunk, which are the group's rows |
//! | lengths of levels in a v2 header | adds them in 32 bits, slices | within the page |
//! | lengths and counts of levels and runs within a page | slices (a panic, caught), fills at most a batch | the batch |
//! | block sizes of `DELTA_BINARY_PACKED` | steps, each of which takes bytes of the page | the page |
//! | counts of lengths of `DELTA_LENGTH_BYTE_ARRAY`, `DELTA_BYTE_ARRAY` | reserves them | `delta`: the page's values |
//! | width of a `FIXED_LEN_BYTE_ARRAY` | reserves a batch of it, divides by it | [`Pages::widest`], not 0 |
//! | a long string of a dictionary, or a long prefix | repeated a batch of times | [`Pages::widest`] |
//! | dictionary indices, string lengths, decimals' widths | checked by the crate, or a panic, caught | the page |
//! | offsets in `ARROW:schema` | followed | the flatbuffers crate's verifier |
//!
//! Whether a page's stream ends where its header says, `expansion` looks at.

use bytes::Bytes;
use parquet::basic::{Compression, Type};
use parquet::column::page::{Page, PageReader};
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use parquet::file::reader::{ChunkReader, Length, SerializedPageReader};
use std::fmt;
use std::sync::Arc;

use crate::parquet::guard::delta;
use crate::parquet::guard::expansion;
use crate::parquet::guard::footer::{MAGIC, TAIL};
use crate::parquet::guard::page_header::{Header, Headers, PageKind, encoding};

/// What the headers of a column chunk tell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pages {
    /// The number of pages, the dictionary included.
    pub pages: usize,
    /// The most memory that decoding a page takes: its bytes as they are stored and decompressed, the dictionary's
    /// values, and the lengths of its strings. What a batch of decoded values takes is not part of it.
    pub largest: u64,
    /// The number of values, nulls included.
    pub values: u64,
    /// The most bytes that one decoded value takes, so that a batch of `n` rows takes `n` times as many. Of strings only those
    /// are counted that a page may repeat: the others take no more than the pages that they stand in.
    pub widest: u64,
    /// Of each page of strings that are not repeated, how many there are, and their bytes: a batch may have those of several pages.
    pub strings: Vec<(u64, u64)>,
    /// Its data pages.
    pub places: Vec<PagePlace>,
}

/// Where a data page lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PagePlace {
    /// The byte of the file at which its header begins.
    pub start: u64,
    /// The bytes of its header and of the page as it is stored.
    pub length: u64,
    /// How many values the pages before it have.
    pub first_value: u64,
}

/// A buffer of strings that grows is copied to one of twice its size, and joins others in a batch.
const GROWN: u64 = 3;

impl Pages {
    /// The most memory that decoding takes, `batch` rows at a time.
    pub fn memory(&self, batch: usize) -> u64 {
        let values = self.values.min(batch as u64);
        let strings = GROWN.saturating_mul(self.most_strings(values));
        self.largest.saturating_add(self.widest.saturating_mul(values)).saturating_add(strings)
    }

    /// The most bytes that the strings of a batch take.
    pub fn strings_of(&self, batch: usize) -> u64 {
        self.most_strings(self.values.min(batch as u64))
    }

    /// The most bytes that the strings of `values` neighbouring values take.
    fn most_strings(&self, values: u64) -> u64 {
        let (mut most, mut bytes, mut between, mut first) = (0, 0_u64, 0, 0);
        for (index, &(count, here)) in self.strings.iter().enumerate() {
            bytes = bytes.saturating_add(here);
            most = most.max(bytes);
            // Those of the pages between the first and this one are all in a batch that begins at the end of the first.
            between += count;
            while first < index && between - self.strings[first].0 >= values {
                between -= self.strings[first].0;
                bytes -= self.strings[first].1;
                first += 1;
            }
        }
        most
    }
}

/// Why a column chunk is not decoded.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// What is wrong with it.
    Damaged(String),
    /// That would take so much memory, more than there is for it.
    TooLarge {
        /// In bytes.
        memory: u64,
        /// What takes it.
        message: String,
    },
}

impl Refusal {
    fn within(self, place: &str) -> Self {
        match self {
            Self::Damaged(message) => Self::Damaged(format!("{place}: {message}")),
            Self::TooLarge { memory, message } => Self::TooLarge { memory, message: format!("{place}: {message}") },
        }
    }
}

impl From<String> for Refusal {
    fn from(message: String) -> Self {
        Self::Damaged(message)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(message) | Self::TooLarge { message, .. } => f.write_str(message),
        }
    }
}

/// Checks a column of a row group before it is decoded `batch` rows at a time.
///
/// # Errors
///
/// What [`survey`] says, and a batch that would take more memory than `limit`.
pub fn check_column<R: ChunkReader>(
    reader: &R,
    group: &RowGroupMetaData,
    leaf: usize,
    batch: usize,
    limit: u64,
) -> Result<Pages, Refusal> {
    let Some(column) = group.columns().get(leaf) else {
        return Err(format!("it has {} columns, none at place {leaf}", group.num_columns()).into());
    };
    let rows = u64::try_from(group.num_rows()).map_err(|_| format!("it is said to have {} rows", group.num_rows()))?;
    let pages = survey(reader, column, rows, limit)?;
    let memory = pages.memory(batch);
    if memory > limit {
        let Pages { largest, widest, values, .. } = &pages;
        let (largest, widest, values) = (*largest, *widest, *values);
        let batch = values.min(batch as u64);
        let message = format!(
            "decoding it {batch} rows at a time takes {memory} bytes ({largest} for its largest page, and {widest} a row), and there \
             are {limit} for it"
        );
        return Err(Refusal::TooLarge { memory, message });
    }
    Ok(pages)
}

/// Walks the pages of a column chunk of a row group of `rows` rows, and checks what their headers say.
///
/// `limit`: the most memory that decoding one page, with its dictionary, may ask for.
///
/// # Errors
///
/// What is wrong, and at which byte of the file.
pub fn survey<R: ChunkReader>(
    reader: &R,
    column: &ColumnChunkMetaData,
    rows: u64,
    limit: u64,
) -> Result<Pages, Refusal> {
    let (start, end) = range(column, reader.len())?;
    let mut check = ChunkCheck::new(column, rows, limit)?;
    let mut headers = Headers::new(reader, start, end);
    let mut bodies = 0;
    while let Some(header) = headers.next()? {
        let at = headers.began;
        check.add(&header).map_err(|refusal| refusal.within(&format!("its page at byte {at}")))?;
        check
            .follow(&header, reader, headers.at())
            .map_err(|refusal| refusal.within(&format!("its page at byte {at}")))?;
        if let PageKind::Data { values, .. } = header.kind {
            let length = headers.at() - at + header.compressed;
            check.found.places.push(PagePlace { start: at, length, first_value: check.found.values - values });
        }
        if check.wants_body(&header) {
            bodies = check.found.pages;
        }
        headers.skip(header.compressed);
    }
    if check.found.values != check.expected {
        let (found, expected) = (check.found.values, check.expected);
        return Err(format!("its pages hold {found} values, where it is said to hold {expected}").into());
    }
    let longest = if bodies > 0 { check.check_bodies(reader, bodies)? } else { 0 };
    let mut found = check.found;
    found.widest = found.widest.max(longest);
    Ok(found)
}

/// Where a chunk begins and ends, within the file.
fn range(column: &ColumnChunkMetaData, file_length: u64) -> Result<(u64, u64), String> {
    let start = column.dictionary_page_offset().unwrap_or_else(|| column.data_page_offset());
    let size = column.compressed_size();
    let last = file_length.saturating_sub(TAIL);
    let range = u64::try_from(start).ok().zip(u64::try_from(size).ok());
    let range = range.and_then(|(start, size)| Some((start, start.checked_add(size)?)));
    range
        .filter(|(start, end)| *start >= MAGIC.min(*end) && *end <= last)
        .ok_or_else(|| format!("its {size} bytes from byte {start} on lie outside the file of {file_length} bytes"))
}

/// The zeros that fastparquet writes after the values of a page.
const PADDING: u64 = 8;

/// What is added up over the pages of a chunk.
struct ChunkCheck<'a> {
    column: &'a ColumnChunkMetaData,
    limit: u64,
    /// The values that the chunk is said to hold.
    expected: u64,
    found: Pages,
    /// What the dictionary takes once it is decoded.
    dictionary: Option<u64>,
    /// What a string of the dictionary can be long at most: all of it.
    repeated: u64,
}

impl<'a> ChunkCheck<'a> {
    fn new(column: &'a ColumnChunkMetaData, rows: u64, limit: u64) -> Result<Self, String> {
        let count = column.num_values();
        let expected = u64::try_from(count).map_err(|_| format!("it is said to hold {count} values"))?;
        let is_flat = column.column_descr().max_rep_level() == 0;
        if is_flat && expected != rows {
            return Err(format!("it is said to hold {expected} values, in a row group of {rows} rows"));
        }
        let widest = match column.column_type() {
            Type::BOOLEAN => 1,
            Type::INT32 | Type::FLOAT => 4,
            Type::INT64 | Type::DOUBLE => 8,
            Type::INT96 => 12,
            Type::BYTE_ARRAY => 0,
            Type::FIXED_LEN_BYTE_ARRAY => match column.column_descr().type_length() {
                width @ 1.. => width as u64,
                width => return Err(format!("its values are said to be {width} bytes wide")),
            },
        };
        let found = Pages { widest, ..Pages::default() };
        Ok(ChunkCheck { column, limit, expected, found, dictionary: None, repeated: 0 })
    }

    fn add(&mut self, header: &Header) -> Result<(), Refusal> {
        let codec = self.column.compression();
        let Header { compressed, uncompressed, .. } = *header;
        let expands = self.expands(header);
        let mut memory = compressed;
        match header.kind {
            PageKind::Dictionary { values } => {
                if self.found.pages > 0 {
                    return Err("a dictionary that is not its first page".to_owned().into());
                }
                let body = self.body_length(header);
                let decoded = self.dictionary_memory(values, body)?;
                self.dictionary = Some(decoded);
                if self.column.column_type() == Type::BYTE_ARRAY {
                    self.repeated = body;
                    if !self.may_repeat_too_much() {
                        self.found.widest = body;
                    }
                }
            }
            PageKind::Data { values, .. } => {
                self.check_data(header)?;
                self.found.values += values;
                if self.found.values > self.expected {
                    let (found, expected) = (self.found.values, self.expected);
                    return Err(
                        format!("{found} values up to there, where the chunk is said to hold {expected}").into()
                    );
                }
                if self.column.column_type() == Type::BYTE_ARRAY {
                    let is_dictionary =
                        matches!(header.encoding, encoding::PLAIN_DICTIONARY | encoding::RLE_DICTIONARY);
                    let bytes = if is_dictionary { 0 } else { self.body_length(header) };
                    self.found.strings.push((values, bytes));
                }
                match header.encoding {
                    encoding::DELTA_LENGTH_BYTE_ARRAY => memory += 4 * values,
                    encoding::DELTA_BYTE_ARRAY => memory += 8 * values,
                    _ => {}
                }
            }
        }
        if expands {
            check_expansion(header, codec)?;
            // Brotli is decompressed through a buffer of that size.
            let copies = if matches!(codec, Compression::BROTLI(_)) { 2 } else { 1 };
            memory += copies * uncompressed;
        }
        memory = memory.saturating_add(self.dictionary.unwrap_or(0));
        if memory > self.limit {
            let message = format!(
                "{compressed} bytes, {uncompressed} decompressed, take {memory} bytes to decode, and there are {} for it",
                self.limit
            );
            return Err(Refusal::TooLarge { memory, message });
        }
        self.found.pages += 1;
        self.found.largest = self.found.largest.max(memory);
        Ok(())
    }

    /// Looks whether a page that begins at this byte ends where its header says.
    fn follow<R: ChunkReader>(&self, header: &Header, reader: &R, at: u64) -> Result<(), Refusal> {
        let codec = self.column.compression();
        if !self.expands(header) || !expansion::has_to_be_followed(codec, header.compressed, self.limit / 4) {
            return Ok(());
        }
        // The levels of a v2 page come first, as they are.
        let levels = header.levels();
        let (compressed, uncompressed) = (header.compressed - levels, header.uncompressed - levels);
        let page = reader.get_bytes(at + levels, compressed as usize).map_err(|error| error.to_string())?;
        Ok(expansion::follow(codec, &page, uncompressed)?)
    }

    /// Whether a page is decompressed.
    fn expands(&self, header: &Header) -> bool {
        let is_stored = matches!(header.kind, PageKind::Data { v2: Some(v2), .. } if !v2.is_compressed);
        self.column.compression() != Compression::UNCOMPRESSED && !is_stored
    }

    /// The bytes of a page as they are decoded.
    fn body_length(&self, header: &Header) -> u64 {
        if self.expands(header) { header.uncompressed } else { header.compressed }
    }

    /// Whether a data page is one of its chunk, and whether what its header says fits together.
    fn check_data(&self, header: &Header) -> Result<(), String> {
        let PageKind::Data { values, level_encodings, v2 } = header.kind else { return Ok(()) };
        let column = self.column.column_descr();
        let maxima = [column.max_def_level(), column.max_rep_level()];
        let is_dictionary = matches!(header.encoding, encoding::PLAIN_DICTIONARY | encoding::RLE_DICTIONARY);
        if is_dictionary && self.dictionary.is_none() {
            return Err("encoded by a dictionary, which the chunk does not have".to_owned());
        }
        // Lists of some writers are empty, or have only some of the common encodings: PLAIN, or a dictionary's. Levels are run-length
        // encoded, but in very old files.
        let listed = || self.column.encodings().map(|listed| listed as i64);
        let is_common = |encoding: i64| encoding <= encoding::BIT_PACKED || encoding == encoding::RLE_DICTIONARY;
        let may_be = |encoding: i64| listed().next().is_none() || listed().any(|listed| listed == encoding);
        let are_common = || is_common(header.encoding) && listed().all(is_common);
        // What is encoded by differences says so itself: `delta` looks whether it is.
        let is_delta = (encoding::DELTA_BINARY_PACKED..=encoding::DELTA_BYTE_ARRAY).contains(&header.encoding);
        if !may_be(header.encoding) && !are_common() && !is_delta {
            return Err(format!("encoding {}, which is not among those of the chunk", header.encoding));
        }
        for (level, most) in level_encodings.into_iter().flatten().zip(maxima) {
            if most > 0 && level != encoding::RLE && !may_be(level) {
                return Err(format!("levels in encoding {level}, which is not among those of the chunk"));
            }
        }
        let levels = header.levels();
        let Header { compressed, uncompressed, .. } = *header;
        if levels > compressed || levels > uncompressed {
            return Err(format!("levels of {levels} bytes in {compressed} bytes, {uncompressed} decompressed"));
        }
        if let Some(v2) = v2 {
            if maxima[1] == 0 && v2.rows != values {
                return Err(format!("{values} values in {} rows", v2.rows));
            }
            if maxima.into_iter().zip(v2.levels).any(|(most, bytes)| most > 0 && bytes == 0 && values > 0) {
                let ([definition, repetition], [most, deepest]) = (v2.levels, maxima);
                return Err(format!(
                    "definition levels up to {most} in {definition} bytes, repetition levels up to {deepest} in {repetition} bytes"
                ));
            }
        }
        // Values of one width stand there without gaps, where it is known how many are not null.
        let present = match v2 {
            Some(v2) if maxima[1] == 0 => Some(values - v2.nulls),
            _ => Some(values).filter(|_| maxima == [0, 0]),
        };
        let padding = match header.encoding {
            encoding::PLAIN => PADDING,
            encoding::BYTE_STREAM_SPLIT => 0,
            _ => return Ok(()),
        };
        if let Some(present) = present.filter(|_| self.column.column_type() != Type::BYTE_ARRAY) {
            let (bytes, body) = (self.packed(present), self.body_length(header) - levels);
            if bytes != body && bytes.saturating_add(padding) != body {
                return Err(format!("{present} values, which take {bytes} bytes, in {body}"));
            }
        }
        Ok(())
    }

    /// The bytes of `values` values of a type of one width, one after the other.
    fn packed(&self, values: u64) -> u64 {
        match self.column.column_type() {
            Type::BOOLEAN => values.div_ceil(8),
            _ => self.found.widest.saturating_mul(values),
        }
    }

    /// What `values` values of a dictionary take decoded, which stand in `body` bytes one after the other.
    fn dictionary_memory(&self, values: u64, body: u64) -> Result<u64, String> {
        let (encoded, decoded) = match self.column.column_type() {
            // Each has its length before it; decoded, it is 16 bytes of a view, or an offset, beside the bytes.
            Type::BYTE_ARRAY => (4 * values, body + 16 * values),
            _ => (self.packed(values), self.found.widest.saturating_mul(values)),
        };
        if encoded > body {
            return Err(format!("a dictionary of {values} values in {body} bytes"));
        }
        Ok(decoded)
    }

    /// Whether the whole chunk may go beyond the limit if each of its strings is as long as the dictionary. If not, that is
    /// known well enough.
    fn may_repeat_too_much(&self) -> bool {
        self.repeated.saturating_mul(self.expected) > self.limit / 2
    }

    /// Whether the header does not tell what its page asks for.
    fn wants_body(&self, header: &Header) -> bool {
        match header.kind {
            PageKind::Dictionary { .. } => self.may_repeat_too_much(),
            PageKind::Data { .. } => {
                matches!(header.encoding, encoding::DELTA_LENGTH_BYTE_ARRAY | encoding::DELTA_BYTE_ARRAY)
            }
        }
    }

    /// Looks into the first pages, whose headers were found sound, for the longest string that may be repeated.
    fn check_bodies<R: ChunkReader>(&self, reader: &R, count: usize) -> Result<u64, String> {
        let (lent, rows) = (Arc::new(Lent(reader)), usize::try_from(self.expected).map_err(|e| e.to_string())?);
        let mut pages = SerializedPageReader::new(lent, self.column, rows, None).map_err(|error| error.to_string())?;
        let mut longest = 0;
        for index in 0..count {
            let Some(page) = pages.get_next_page().map_err(|error| error.to_string())? else { break };
            let found = self.look_into(&page).map_err(|message| format!("its page {index}: {message}"))?;
            longest = longest.max(found);
        }
        Ok(longest)
    }

    fn look_into(&self, page: &Page) -> Result<u64, String> {
        let values = u64::from(page.num_values());
        let strings = self.column.column_type() == Type::BYTE_ARRAY;
        match page.encoding() as i64 {
            _ if page.is_dictionary_page() => Ok(if strings { longest_plain(page.buffer()) } else { 0 }),
            encoding::DELTA_LENGTH_BYTE_ARRAY => delta::check_lengths(self.body(page)?, values).map(|()| 0),
            encoding::DELTA_BYTE_ARRAY => {
                delta::longest(self.body(page)?, values).map(|longest| if strings { longest } else { 0 })
            }
            _ => Ok(0),
        }
    }

    /// The values of a data page, after its levels.
    fn body<'p>(&self, page: &'p Page) -> Result<&'p [u8], String> {
        let mut bytes: &[u8] = page.buffer();
        let short = || "it ends within its levels".to_owned();
        match page {
            Page::DataPageV2 { def_levels_byte_len, rep_levels_byte_len, .. } => {
                let levels = *def_levels_byte_len as usize + *rep_levels_byte_len as usize;
                bytes.get(levels..).ok_or_else(short)
            }
            Page::DataPage { num_values, def_level_encoding, rep_level_encoding, .. } => {
                let levels = self.column.column_descr();
                let levels =
                    [(levels.max_rep_level(), rep_level_encoding), (levels.max_def_level(), def_level_encoding)];
                for (most, encoding) in levels.into_iter().filter(|(most, _)| *most > 0) {
                    let length = if *encoding as i64 == encoding::RLE {
                        let (length, rest) = bytes.split_first_chunk().ok_or_else(short)?;
                        bytes = rest;
                        u32::from_le_bytes(*length) as usize
                    } else {
                        let bits = 16 - u64::from((most as u16).leading_zeros());
                        (u64::from(*num_values) * bits).div_ceil(8) as usize
                    };
                    bytes = bytes.get(length..).ok_or_else(short)?;
                }
                Ok(bytes)
            }
            Page::DictionaryPage { .. } => Ok(bytes),
        }
    }
}

/// The longest of the strings that stand one after the other, each after its length. The crate finds those that are cut short.
fn longest_plain(mut bytes: &[u8]) -> u64 {
    let mut longest = 0;
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let length = u32::from_le_bytes(*length);
        let Some(rest) = rest.get(length as usize..) else { break };
        longest = longest.max(u64::from(length));
        bytes = rest;
    }
    longest
}

/// Whether a page can be as large decompressed as its header says.
fn check_expansion(header: &Header, codec: Compression) -> Result<(), String> {
    if codec == Compression::UNCOMPRESSED {
        return Ok(());
    }
    let levels = header.levels();
    let (compressed, uncompressed) = (header.compressed - levels, header.uncompressed - levels);
    if uncompressed > compressed.saturating_mul(expansion::most(codec)) {
        return Err(format!("{compressed} bytes, which {codec} cannot expand to {uncompressed}"));
    }
    Ok(())
}

/// A reader that is lent to the crate, which wants to share one.
struct Lent<'a, R>(&'a R);

impl<R: ChunkReader> Length for Lent<'_, R> {
    fn len(&self) -> u64 {
        self.0.len()
    }
}

impl<R: ChunkReader> ChunkReader for Lent<'_, R> {
    type T = R::T;

    fn get_read(&self, start: u64) -> parquet::errors::Result<R::T> {
        self.0.get_read(start)
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        self.0.get_bytes(start, length)
    }
}

#[cfg(test)]
mod tests;
