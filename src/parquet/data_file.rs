//! A file of a dataset: what it says of itself, and its columns.
//!
//! A column is one of the schema's own, or lies within one: a field of a struct (`a.b`), and the values of lists (`a.list.element`, as
//! Parquet spells the path to them).

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray, RecordBatch, make_array};
use arrow_buffer::NullBuffer;
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Fields, SchemaRef, TimeUnit};
use arrow_select::filter::filter;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit as StoredUnit, Type};
use parquet::file::metadata::ParquetMetaData;

use super::guard::footer::has_arrow_schema;
use super::storage::{FileEntry, Footer, UnreadableColumn};
use crate::error::{Error, Position, Result};
use crate::series::list::{Lists, values_of};
use crate::series::type_names::type_text;

/// A file, and what its footer says.
#[derive(Debug)]
pub(super) struct DataFile {
    pub found: FileEntry,
    pub metadata: ArrowReaderMetadata,
    /// Of its footer.
    pub checksum: u32,
    /// The columns that are in the file, and cannot be read.
    pub unreadable: Vec<UnreadableColumn>,
    /// Those of the schema, each followed by those within it.
    columns: Vec<FileColumn>,
}

/// A column of a file.
#[derive(Clone, Debug)]
pub(super) struct FileColumn {
    /// The names on the way to it, with dots between them.
    pub name: String,
    /// The same with `[]` for the values of lists and maps, which files spell in different ways.
    pub path: String,
    pub field: FieldRef,
    /// Its column chunks.
    pub leaves: Range<usize>,
    /// Those that have to be decoded for it: of a map, all of it.
    pub decoded: Range<usize>,
    pub role: Role,
    /// The place of the schema's own column that it lies in, and the first leaf of that.
    root: usize,
    first_leaf: usize,
    is_in_map: bool,
    /// The way from there.
    steps: Vec<Step>,
}

/// Who asks for a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It is described by default, if it holds numbers.
    Plain,
    /// A struct: its fields are described in its place.
    Struct,
    /// The values of lists, which are described where they are named.
    ListValues,
}

/// From an array to one within it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    /// The field of a struct at this place.
    Field(usize),
    /// The values of lists, or the entries of maps.
    Values,
}

impl DataFile {
    pub fn new(found: FileEntry, footer: Footer) -> Self {
        let Footer { metadata, checksum, unreadable } = footer;
        let mut columns = Vec::with_capacity(metadata.schema().fields().len());
        let mut leaf = 0;
        for (root, field) in metadata.schema().fields().iter().enumerate() {
            let leaves = leaf..leaf + leaf_count(field.data_type());
            leaf = leaves.end;
            let column = FileColumn {
                name: field.name().clone(),
                path: field.name().clone(),
                field: field.clone(),
                first_leaf: leaves.start,
                decoded: leaves.clone(),
                leaves,
                is_in_map: false,
                role: Role::Plain,
                root,
                steps: Vec::new(),
            };
            add_with_inner(&mut columns, column, &|leaf| {
                metadata.metadata().file_metadata().schema_descr().column(leaf).path().string()
            });
        }
        Self { found, metadata, checksum, unreadable, columns }
    }

    pub fn name(&self) -> String {
        self.found.location.to_string()
    }

    pub fn parquet(&self) -> &ParquetMetaData {
        self.metadata.metadata()
    }

    pub fn schema(&self) -> &SchemaRef {
        self.metadata.schema()
    }

    pub fn columns(&self) -> &[FileColumn] {
        &self.columns
    }

    /// The place of a column. Where the name of one of the schema's own is the path to another one, it is the former.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        let own = self.columns.iter().position(|column| column.steps.is_empty() && column.name == name);
        own.or_else(|| self.columns.iter().position(|column| column.name == name))
    }

    pub fn field(&self, index: usize) -> &Field {
        &self.columns[index].field
    }

    /// The number of its rows, as its row groups have it.
    pub fn rows(&self) -> u64 {
        self.parquet().row_groups().iter().map(|group| u64::try_from(group.num_rows()).unwrap_or(0)).sum()
    }

    /// The place among the schema's own columns; `None` for one that lies in another.
    pub fn own_place(&self, index: usize) -> Option<usize> {
        let column = &self.columns[index];
        column.steps.is_empty().then_some(column.root)
    }

    /// The column chunk of a column that has one value a row and lies in no other; `None` for any other.
    pub fn flat_leaf(&self, index: usize) -> Option<usize> {
        let column = &self.columns[index];
        let leaf = column.only_leaf().filter(|_| column.steps.is_empty())?;
        let descriptor = self.parquet().file_metadata().schema_descr().column(leaf);
        (descriptor.self_type().is_primitive() && descriptor.max_rep_level() == 0).then_some(leaf)
    }

    /// Whether a column is bytes of which the file does not say what they are. Impala, Hive and others have written text so.
    pub fn is_plain_bytes(&self, index: usize) -> bool {
        let parquet = self.parquet().file_metadata();
        let Some(leaf) = self.columns[index].only_leaf().filter(|_| !has_arrow_schema(parquet)) else { return false };
        let column = parquet.schema_descr().column(leaf);
        // The values of an enum are text, and Arrow has no type for them.
        let is_enum =
            column.logical_type_ref() == Some(&LogicalType::Enum) || column.converted_type() == ConvertedType::ENUM;
        let is_untyped = column.logical_type_ref().is_none() && column.converted_type() == ConvertedType::NONE;
        column.self_type().is_primitive() && column.physical_type() == Type::BYTE_ARRAY && (is_enum || is_untyped)
    }

    /// Whether the numbers that the file has for a column of times are the ticks of its type in Arrow, 64 bits each.
    pub fn stores_ticks(&self, index: usize) -> bool {
        let column = &self.columns[index];
        let Some(leaf) = column.only_leaf() else { return false };
        let leaf = self.parquet().file_metadata().schema_descr().column(leaf);
        let unit = match (column.field.data_type(), leaf.logical_type_ref()) {
            (DataType::Timestamp(unit, _), Some(LogicalType::Timestamp(stored))) => (unit, &stored.unit),
            (DataType::Time64(unit), Some(LogicalType::Time(stored))) => (unit, &stored.unit),
            _ => return false,
        };
        let is_same = matches!(
            unit,
            (TimeUnit::Millisecond, StoredUnit::MILLIS)
                | (TimeUnit::Microsecond, StoredUnit::MICROS)
                | (TimeUnit::Nanosecond, StoredUnit::NANOS)
        );
        is_same && leaf.physical_type() == Type::INT64
    }

    /// An error that names this file.
    pub fn broken(&self, position: Position, message: &dyn std::fmt::Display) -> Error {
        Error::File { path: self.name().into(), position, message: message.to_string(), source: None }
    }

    /// Takes columns out of batches that have these leaves, in their order, and no others.
    pub fn extractor<'a>(&'a self, leaves: &'a [usize]) -> Extractor<'a> {
        let schema = self.parquet().file_metadata().schema_descr();
        let mut roots: Vec<usize> = leaves.iter().map(|leaf| schema.get_column_root_idx(*leaf)).collect();
        roots.dedup();
        Extractor { file: self, leaves, roots }
    }
}

impl FileColumn {
    /// Its column chunk, if it has no other.
    pub fn only_leaf(&self) -> Option<usize> {
        (self.leaves.len() == 1).then_some(self.leaves.start)
    }

    /// Whether a row has any number of values of it.
    pub fn is_repeated(&self) -> bool {
        self.steps.contains(&Step::Values)
    }
}

/// Adds a column, and those within it. `path`: how Parquet spells the way to a leaf.
fn add_with_inner(columns: &mut Vec<FileColumn>, mut column: FileColumn, path: &dyn Fn(usize) -> String) {
    let inner = |name: String, field: &FieldRef, leaves: Range<usize>, role: Role, step: Step| {
        let steps = column.steps.iter().copied().chain([step]).collect();
        let (root, first_leaf) = (column.root, column.first_leaf);
        // The parquet crate decodes maps as a whole.
        let is_in_map = column.is_in_map || matches!(column.field.data_type(), DataType::Map(..));
        let decoded = if is_in_map { column.decoded.clone() } else { leaves.clone() };
        let path = match step {
            Step::Field(_) => format!("{}.{}", column.path, field.name()),
            Step::Values => format!("{}[]", column.path),
        };
        FileColumn { name, path, field: field.clone(), leaves, decoded, is_in_map, role, root, first_leaf, steps }
    };
    match column.field.data_type() {
        DataType::Struct(fields) => {
            let role = column.role;
            let inner: Vec<FileColumn> = with_leaves(fields, column.leaves.start)
                .enumerate()
                .map(|(index, (field, leaves))| {
                    let name = format!("{}.{}", column.name, field.name());
                    inner(name, field, leaves, role, Step::Field(index))
                })
                .collect();
            // Those of lists have no name but that of their values.
            if role == Role::Plain {
                column.role = Role::Struct;
                columns.push(column);
            }
            inner.into_iter().for_each(|inner| add_with_inner(columns, inner, path));
        }
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => {
            let name = column.name.clone();
            let values = inner(name, field, column.leaves.clone(), Role::ListValues, Step::Values);
            if column.role == Role::Plain {
                columns.push(column);
            }
            add_with_inner(columns, values, path);
        }
        _ => {
            if column.role == Role::ListValues {
                column.name = path(column.leaves.start);
            }
            columns.push(column);
        }
    }
}

/// Fields with their leaves, of which the first one's first is `leaf`.
fn with_leaves(fields: &Fields, mut leaf: usize) -> impl Iterator<Item = (&FieldRef, Range<usize>)> {
    fields.iter().map(move |field| {
        let leaves = leaf..leaf + leaf_count(field.data_type());
        leaf = leaves.end;
        (field, leaves)
    })
}

/// The number of column chunks that a type takes.
fn leaf_count(data_type: &DataType) -> usize {
    match data_type {
        DataType::Struct(fields) => fields.iter().map(|field| leaf_count(field.data_type())).sum(),
        DataType::Map(entries, _) => leaf_count(entries.data_type()),
        other => values_of(other).map_or(1, leaf_count),
    }
}

/// Takes columns out of batches that have only some leaves of a file.
pub(super) struct Extractor<'a> {
    file: &'a DataFile,
    leaves: &'a [usize],
    /// The columns of a batch, by their places in the file.
    roots: Vec<usize>,
}

/// The values of a column in a batch of rows.
pub(super) struct Extracted {
    pub values: ArrayRef,
    /// For lists: the number of values up to the end of each row.
    pub ends: Option<Vec<usize>>,
}

impl Extractor<'_> {
    fn has(&self, leaves: &Range<usize>) -> bool {
        let first = self.leaves.partition_point(|leaf| *leaf < leaves.start);
        self.leaves.get(first).is_some_and(|leaf| *leaf < leaves.end)
    }

    /// The values of a column; `filtered` is applied to the rows of what it lies in.
    pub fn extract(
        &self,
        batch: &RecordBatch,
        index: usize,
        filtered: &dyn Fn(ArrayRef) -> std::result::Result<ArrayRef, ArrowError>,
    ) -> Result<Extracted> {
        let column = &self.file.columns[index];
        let place = self.roots.partition_point(|root| *root < column.root);
        let mut values = filtered(batch.column(place).clone()).map_err(unextracted)?;
        let mut ends: Option<Vec<usize>> = None;
        let mut data_type = self.file.schema().field(column.root).data_type();
        let mut leaf = column.first_leaf;
        for step in &column.steps {
            match (step, data_type) {
                (Step::Field(place), DataType::Struct(fields)) => {
                    let before = with_leaves(fields, leaf).take(*place);
                    let there = before.filter(|(_, leaves)| self.has(leaves)).count();
                    leaf += fields.iter().take(*place).map(|field| leaf_count(field.data_type())).sum::<usize>();
                    data_type = fields[*place].data_type();
                    values = field_of(&values, there)?;
                }
                (Step::Values, DataType::Map(field, _)) => {
                    data_type = field.data_type();
                    (values, ends) = values_in(&values, ends)?;
                }
                (Step::Values, lists) => {
                    let Some(inner) = values_of(lists) else { break };
                    data_type = inner;
                    (values, ends) = values_in(&values, ends)?;
                }
                (Step::Field(_), _) => break,
            }
        }
        Ok(Extracted { values, ends })
    }
}

/// A field of structs: null where the struct is.
fn field_of(structs: &ArrayRef, place: usize) -> Result<ArrayRef> {
    let Some(array) = structs.as_struct_opt().filter(|array| place < array.num_columns()) else {
        return Err(Error::Data(format!("type {} has no field {place}", type_text(structs.data_type()))));
    };
    let field = array.column(place).clone();
    if array.null_count() == 0 || *field.data_type() == DataType::Null {
        return Ok(field);
    }
    let nulls = NullBuffer::union(array.nulls(), field.nulls());
    let data = field.to_data().into_builder().nulls(nulls).build().map_err(unextracted)?;
    Ok(make_array(data))
}

/// The values of lists or maps one after the other, and how many there are up to the end of each row. `ends`: up to which of these lists
/// each row reaches, where that is not one each.
fn values_in(array: &ArrayRef, ends: Option<Vec<usize>>) -> Result<(ArrayRef, Option<Vec<usize>>)> {
    let array: ArrayRef = match array.as_map_opt() {
        Some(maps) => Arc::new(ListArray::from(maps.clone())),
        None => array.clone(),
    };
    // What lies beneath a list that is null is no value.
    let there = match array.nulls().filter(|nulls| nulls.null_count() > 0) {
        Some(nulls) => filter(&array, &nulls.inner().clone().into()).map_err(unextracted)?,
        None => array.clone(),
    };
    let there = Lists::new(&there)?;
    let (values, _) = there.segments(0..there.len())?;
    let lists = Lists::new(&array)?;
    let lengths = (0..lists.len()).scan(0, |end, list| {
        *end += lists.length(list);
        Some(*end)
    });
    let all: Vec<usize> = lengths.collect();
    let ends = match ends {
        None => all,
        Some(ends) => ends.into_iter().map(|end| end.checked_sub(1).map_or(0, |last| all[last])).collect(),
    };
    Ok((values, Some(ends)))
}

fn unextracted(error: ArrowError) -> Error {
    Error::Data(error.to_string())
}
