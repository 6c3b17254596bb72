//! Footers, before they are decoded.
//!
//! The parquet crate reserves room for as many row groups and children of a schema's group as the footer says, and descends
//! into the schema by recursion: a few wrong bytes abort the process, which nothing catches. So a footer is
//! walked (`thrift`) first. Then each list has as many elements as it says, the children of the schema add up, and what
//! decoding will take is known from what is really there.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use parquet::file::metadata::{ColumnChunkMetaData, FileMetaData, ParquetMetaData, RowGroupMetaData};

use crate::parquet::guard::format::FILE_METADATA;
use crate::parquet::guard::thrift::{Fault, Struct, Visit, walk};

/// The length of the metadata and the magic bytes, at the end of every file.
pub const TAIL: u64 = 8;

/// The magic bytes alone, at the beginning of every file.
pub(in crate::parquet) const MAGIC: u64 = 4;

/// The key under which a file has the types that its columns had in Arrow.
const ARROW_SCHEMA: &str = "ARROW:schema";

/// Whether a file says which types its columns had in Arrow.
pub fn has_arrow_schema(file: &FileMetaData) -> bool {
    file.key_value_metadata().is_some_and(|pairs| pairs.iter().any(|pair| pair.key == ARROW_SCHEMA))
}

/// How deeply a schema may be nested. A list takes two levels; the Arrow schema beside it is only read to 64 tables in
/// each other. The crate's recursion takes less than 8 KiB a level.
const SCHEMA_DEPTH: usize = 128;

/// What a footer tells before it is decoded.
#[derive(Debug, PartialEq)]
pub struct FooterFacts {
    /// The most bytes of memory that decoding it takes.
    pub memory: u64,
    /// The leaves that are encrypted in any row group.
    pub encrypted: BTreeSet<usize>,
}

/// Checks the metadata of a footer, without its last 8 bytes.
///
/// # Errors
///
/// What is wrong in it.
pub fn check_footer(metadata: &[u8]) -> Result<FooterFacts, String> {
    let mut survey = Survey::default();
    walk(metadata, &FILE_METADATA, &mut survey).map_err(|fault| match fault {
        Fault::Short => "its footer ends too early".to_owned(),
        Fault::Wrong { message, byte } => format!("its footer is damaged at byte {byte}: {message}"),
    })?;
    survey.find_leaves();
    if let Some(message) = survey.fault {
        return Err(message);
    }
    Ok(FooterFacts { memory: survey.memory, encrypted: survey.encrypted })
}

/// Checks the numbers of rows of decoded metadata. What the file says of all its rows is not asked: some writers say another number, and
/// nothing goes by it.
///
/// # Errors
///
/// A row group is said to have a number of rows that is none, or another one than any of its columns; all of them have more than can be
/// counted.
pub fn check_rows(metadata: &ParquetMetaData) -> Result<(), String> {
    let mut sum = 0u64;
    for (index, group) in metadata.row_groups().iter().enumerate() {
        let rows = group.num_rows();
        let wrong = || format!("its row group {index} is said to have {rows} rows");
        sum = u64::try_from(rows).ok().and_then(|rows| sum.checked_add(rows)).ok_or_else(wrong)?;
        // A row has one value of each column that is not in a list. A column for itself is found out when it is read.
        let mut flat = group.columns().iter().filter(|column| column.column_descr().max_rep_level() == 0).peekable();
        if let Some(values) = flat.peek().map(|column| column.num_values())
            && flat.all(|column| column.num_values() != rows)
        {
            return Err(format!("its row group {index} is said to have {rows} rows, and its columns {values} values"));
        }
    }
    Ok(())
}

/// What a footer holds, as it is walked.
#[derive(Default)]
struct Survey {
    schema: Vec<Element>,
    /// The columns, in their order, once the schema was walked.
    leaves: Vec<Leaf>,
    /// The most that decoding what has been walked takes.
    memory: u64,
    /// The place of the column chunk in its row group, and what it says of its column.
    place: usize,
    chunk: Leaf,
    /// The places of encrypted columns.
    encrypted: BTreeSet<usize>,
    /// What is wrong first.
    fault: Option<String>,
}

/// A node of the schema, in the order of the file: a group is followed by its children.
#[derive(Default)]
struct Element {
    children: i64,
    kind: Option<i64>,
    name_length: u64,
    name_hash: u64,
}

/// A column: its physical type, and a hash of the names down to it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Leaf {
    kind: Option<i64>,
    path: Option<u64>,
}

/// What a node of the schema takes as Thrift, Parquet and Arrow have it; a key with its value takes less.
const NODE: u64 = 1024;

/// Text is copied out of the footer, and the Arrow schema, which is text there, is decoded into
/// fields: at most this many bytes for each of its own.
const TEXT: u64 = 8;

impl Visit for Survey {
    fn begin(&mut self, it: &'static Struct) {
        self.memory += match it.name {
            "RowGroup" => size_of::<RowGroupMetaData>() as u64,
            // The statistics are boxed beside it.
            "ColumnChunk" => size_of::<ColumnChunkMetaData>() as u64 + 64,
            "SchemaElement" | "KeyValue" => NODE,
            _ => 0,
        };
        match it.name {
            "SchemaElement" => self.schema.push(Element::default()),
            "ColumnCryptoMetaData" => {
                self.encrypted.insert(self.place);
            }
            "RowGroup" => {
                self.place = 0;
                self.find_leaves();
            }
            "ColumnMetaData" => self.chunk = Leaf::default(),
            _ => {}
        }
    }

    fn end(&mut self, it: &'static Struct) {
        match it.name {
            "ColumnMetaData" => self.check_column(),
            "ColumnChunk" => self.place += 1,
            _ => {}
        }
    }

    fn integer(&mut self, of: &'static Struct, field: i16, value: i64) {
        match (of.name, field, self.schema.last_mut()) {
            ("SchemaElement", 1, Some(element)) => element.kind = Some(value),
            ("SchemaElement", 5, Some(element)) => element.children = value,
            ("ColumnMetaData", 1, _) => self.chunk.kind = Some(value),
            _ => {}
        }
    }

    fn binary(&mut self, of: &'static Struct, field: i16, bytes: &[u8]) {
        let length = bytes.len() as u64;
        self.memory += TEXT * length;
        match (of.name, field, self.schema.last_mut()) {
            ("SchemaElement", 4, Some(element)) => {
                element.name_length = length;
                element.name_hash = hash(&bytes);
            }
            ("ColumnMetaData", 3, _) => {
                let above = self.chunk.path.unwrap_or_default();
                self.chunk.path = Some(hash(&(above, hash(&bytes))));
            }
            _ => {}
        }
    }

    fn list(&mut self, _of: &'static Struct, _field: i16, length: usize) {
        self.memory += size_of::<i64>() as u64 * length as u64;
    }
}

/// What a physical type is called.
fn type_name(kind: Option<i64>) -> String {
    const NAMES: [&str; 8] =
        ["BOOLEAN", "INT32", "INT64", "INT96", "FLOAT", "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"];
    match kind.map(|kind| (kind, usize::try_from(kind).ok().and_then(|kind| NAMES.get(kind)))) {
        Some((_, Some(name))) => (*name).to_owned(),
        Some((kind, None)) => format!("{kind}, which is none"),
        None => "none".to_owned(),
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

impl Survey {
    /// The columns of the schema, before the first row group: the crate wants it before them too.
    fn find_leaves(&mut self) {
        if self.leaves.is_empty() && self.fault.is_none() {
            match self.check_schema() {
                Ok((leaves, paths)) => {
                    self.leaves = leaves;
                    self.memory = self.memory.saturating_add(paths);
                }
                Err(message) => self.fault = Some(message),
            }
        }
    }

    /// Whether a column chunk says of its column what the schema says, which is all that the crate looks at. Newer
    /// writers may leave the path out.
    fn check_column(&mut self) {
        let Some(leaf) = self.leaves.get(self.place).filter(|_| self.fault.is_none()) else {
            return; // too many chunks are an error of the crate's
        };
        let place = self.place;
        if self.chunk.kind != leaf.kind {
            let (chunk, schema) = (type_name(self.chunk.kind), type_name(leaf.kind));
            self.fault =
                Some(format!("its footer says that column {place} is of type {schema}, and of a chunk of it, {chunk}"));
        } else if self.chunk.path.is_some() && self.chunk.path != leaf.path {
            self.fault = Some(format!("the names of column {place} in its footer differ"));
        }
    }

    /// The leaves of the schema, if its nodes are one tree, and what the paths to them take.
    fn check_schema(&self) -> Result<(Vec<Leaf>, u64), String> {
        let Some((root, nodes)) = self.schema.split_first() else {
            return Err("its footer has no schema".to_owned());
        };
        let wrong = |what: String| format!("the schema in its footer is damaged: {what}");
        let children = |element: &Element, rest: usize| match u64::try_from(element.children) {
            Ok(children) if children <= rest as u64 => Ok(children),
            _ => Err(wrong(format!("a group of {} children, where {rest} nodes follow", element.children))),
        };
        let (mut leaves, mut memory) = (Vec::new(), 0u64);
        // Children that are still to come, and the length and the hash of the path down to them.
        let mut open = vec![(children(root, nodes.len())?, 0u64, 0u64)];
        for (index, node) in nodes.iter().enumerate() {
            while open.last().is_some_and(|(left, ..)| *left == 0) {
                open.pop();
            }
            let Some((left, length, path)) = open.last_mut() else {
                return Err(wrong(format!("{} nodes that belong to no group", nodes.len() - index)));
            };
            *left -= 1;
            let length = *length + node.name_length + size_of::<String>() as u64;
            let path = hash(&(*path, node.name_hash));
            match children(node, nodes.len() - index - 1)? {
                0 => {
                    memory = memory.saturating_add(length);
                    // A group without children is no column.
                    leaves.extend(node.kind.map(|kind| Leaf { kind: Some(kind), path: Some(path) }));
                }
                count if open.len() < SCHEMA_DEPTH => open.push((count, length, path)),
                _ => return Err(wrong(format!("more than {SCHEMA_DEPTH} groups in each other"))),
            }
        }
        match open.iter().map(|(left, ..)| left).sum::<u64>() {
            0 => Ok((leaves, memory)),
            missing => Err(wrong(format!("{missing} nodes are missing"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parquet::guard::thrift::put_varint;
    use parquet::file::metadata::ParquetMetaDataReader;

    /// A list of `length` elements, in its long form.
    fn list(elements: u8, length: u32) -> Vec<u8> {
        let mut bytes = vec![0xf0 | elements];
        put_varint(u64::from(length), &mut bytes);
        bytes
    }

    /// A node: a required group of `children`, or an optional double.
    fn node(name: &str, children: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        if children == 0 {
            bytes.extend([0x15, 10, 0x25, 2, 0x18]);
        } else {
            bytes.extend([0x35, 0, 0x18]);
        }
        put_varint(name.len() as u64, &mut bytes);
        bytes.extend(name.bytes());
        if children > 0 {
            bytes.push(0x15);
            put_varint(u64::from(children) << 1, &mut bytes);
        }
        bytes.push(0);
        bytes
    }

    /// A footer with these nodes, and what is said of its row groups.
    fn footer(nodes: &[Vec<u8>], row_groups: &[u8]) -> Vec<u8> {
        let schema = [list(12, nodes.len() as u32), nodes.concat()].concat();
        [&[0x15, 2, 0x19][..], &schema, &[0x16, 0, 0x19], row_groups, &[0]].concat()
    }

    #[test]
    fn a_sound_footer_passes_and_is_decoded() {
        let metadata = footer(&[node("schema", 1), node("x", 0)], &[0x0c]);
        check_footer(&metadata).unwrap();
        let decoded = ParquetMetaDataReader::decode_metadata(&metadata).unwrap();
        assert_eq!(decoded.file_metadata().schema_descr().num_columns(), 1);
    }

    #[test]
    fn more_row_groups_than_there_are_bytes() {
        // The crate would reserve 2 GiB times the size of a row group, and abort.
        let metadata = footer(&[node("schema", 1), node("x", 0)], &list(12, i32::MAX as u32));
        assert_eq!(check_footer(&metadata), Err("its footer ends too early".to_owned()));
    }

    #[test]
    fn more_children_than_there_are_nodes() {
        let metadata = footer(&[node("schema", i32::MAX as u32), node("x", 0)], &[0x0c]);
        assert!(check_footer(&metadata).unwrap_err().contains("2147483647 children, where 1 nodes follow"));
        let metadata = footer(&[node("schema", 1), node("x", 0), node("y", 0)], &[0x0c]);
        assert!(check_footer(&metadata).unwrap_err().contains("1 nodes that belong to no group"));
        let metadata = footer(&[node("schema", 2), node("g", 1), node("x", 0)], &[0x0c]);
        assert!(check_footer(&metadata).unwrap_err().contains("1 nodes are missing"));
    }

    #[test]
    fn the_deepest_schema_that_passes_is_decoded_on_a_small_stack() {
        let nested = |groups: usize| {
            let mut nodes = vec![node("schema", 1)];
            nodes.extend((1..groups).map(|_| node("g", 1)));
            nodes.push(node("x", 0));
            footer(&nodes, &[0x0c])
        };
        let deepest = nested(SCHEMA_DEPTH);
        check_footer(&deepest).unwrap();
        let decoding = std::thread::Builder::new().stack_size(1 << 20).spawn(move || {
            use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
            let decoded = ParquetMetaDataReader::decode_metadata(&deepest).unwrap();
            ArrowReaderMetadata::try_new(decoded.into(), ArrowReaderOptions::new()).unwrap().schema().fields().len()
        });
        assert_eq!(decoding.unwrap().join().unwrap(), 1);
        assert!(check_footer(&nested(SCHEMA_DEPTH + 1)).unwrap_err().contains("more than 128 groups"));
    }

    #[test]
    fn memory_grows_beyond_the_file() {
        // Paths repeat the names above them.
        let long = "g".repeat(1 << 20);
        let mut nodes = vec![node("schema", 1), node(&long, 1000)];
        nodes.extend((0..1000).map(|_| node("x", 0)));
        let metadata = footer(&nodes, &[0x0c]);
        assert!(check_footer(&metadata).unwrap().memory > 1_000_000_000);
        // A row group without fields takes one byte of the file.
        let groups = [list(12, 1 << 20), vec![0; 1 << 20]].concat();
        let metadata = footer(&[node("schema", 1), node("x", 0)], &groups);
        assert!(check_footer(&metadata).unwrap().memory > 1 << 26);
    }
}
