//! What of a footer can be read: columns that cannot are left out alone, and what writers are known to say otherwise than it is meant is
//! put right.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_schema::{DECIMAL256_MAX_PRECISION, DataType, Field, FieldRef, Schema, TimeUnit};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::parquet_to_arrow_schema;
use parquet::basic::Type as PhysicalType;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{
    ColumnChunkMetaData, FileMetaData, ParquetMetaData, ParquetMetaDataBuilder, RowGroupMetaData,
};
use parquet::schema::types::{SchemaDescriptor, Type, TypePtr};

use crate::escape::{NAME, shown};
use crate::parquet::guard::footer::{FooterFacts, MAGIC, check_rows};

/// A column of a file that cannot be read, though others can.
#[derive(Clone, Debug, PartialEq)]
pub struct UnreadableColumn {
    pub name: String,
    pub reason: String,
}

/// Why nothing of a footer can be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    #[error("not a Parquet file, or a damaged one: {0}")]
    Damaged(String),
    /// Why the first of them cannot.
    #[error("none of its columns can be read: {0}")]
    NoColumns(String),
}

impl From<ParquetError> for Unusable {
    fn from(error: ParquetError) -> Self {
        Self::Damaged(error.to_string())
    }
}

/// The metadata of the columns that can be read, and the other columns.
pub(super) fn readable(
    metadata: ParquetMetaData,
    options: &ArrowReaderOptions,
    facts: &FooterFacts,
) -> std::result::Result<(ArrowReaderMetadata, Vec<UnreadableColumn>), Unusable> {
    check_rows(&metadata).map_err(Unusable::Damaged)?;
    let metadata = without_empty_offsets(with_own_rows(metadata))?;
    arrow_metadata(Arc::new(metadata), options, &facts.encrypted)
}

/// The metadata without dictionaries that are said to begin where no page can: some writers mean that there is none.
fn without_empty_offsets(metadata: ParquetMetaData) -> Result<ParquetMetaData> {
    let is_empty = |column: &ColumnChunkMetaData| column.dictionary_page_offset().is_some_and(|at| at < MAGIC as i64);
    if !metadata.row_groups().iter().any(|group| group.columns().iter().any(is_empty)) {
        return Ok(metadata);
    }
    let groups = metadata.row_groups().iter().map(|group| {
        let columns = group.columns().iter().map(|column| match is_empty(column) {
            true => column.clone().into_builder().set_dictionary_page_offset(None).build(),
            false => Ok(column.clone()),
        });
        group.clone().into_builder().set_column_metadata(columns.collect::<Result<_>>()?).build()
    });
    let groups = groups.collect::<Result<_>>()?;
    Ok(metadata.into_builder().set_row_groups(groups).build())
}

/// The metadata with as many rows as its row groups have, whatever it says of the file: the crate decodes no more than that.
fn with_own_rows(metadata: ParquetMetaData) -> ParquetMetaData {
    let rows = metadata.row_groups().iter().map(|group| group.num_rows()).sum();
    let file = metadata.file_metadata();
    if file.num_rows() == rows {
        return metadata;
    }
    let file = FileMetaData::new(
        file.version(),
        rows,
        file.created_by().map(str::to_owned),
        file.key_value_metadata().cloned(),
        file.schema_descr_ptr(),
        file.column_orders().cloned(),
    );
    ParquetMetaDataBuilder::new(file)
        .set_row_groups(metadata.row_groups().to_vec())
        .set_column_index(metadata.column_index().cloned())
        .set_offset_index(metadata.offset_index().cloned())
        .build()
}

/// The metadata with the types of Arrow: those that the file says its columns had there, or, where that is damaged or does not fit, those
/// that the types of Parquet have. A column that is encrypted (by its leaves), or has no type of Arrow, is not in it any more.
fn arrow_metadata(
    metadata: Arc<ParquetMetaData>,
    options: &ArrowReaderOptions,
    encrypted: &BTreeSet<usize>,
) -> std::result::Result<(ArrowReaderMetadata, Vec<UnreadableColumn>), Unusable> {
    let with_types = |metadata: &Arc<ParquetMetaData>| {
        ArrowReaderMetadata::try_new(Arc::clone(metadata), options.clone()).or_else(|error| {
            tracing::info!("the Arrow schema in a file is not used: {error}");
            ArrowReaderMetadata::try_new(Arc::clone(metadata), options.clone().with_skip_arrow_metadata(true))
        })
    };
    let with_types = |metadata: &Arc<ParquetMetaData>| with_types(metadata).map(|found| in_micros(found, options));
    let is_whole = |whole: &ArrowReaderMetadata| {
        encrypted.is_empty() && !whole.schema().fields().iter().any(|field| is_too_wide(field))
    };
    if let Ok(whole) = with_types(&metadata)
        && is_whole(&whole)
    {
        return Ok((whole, Vec::new()));
    }
    let schema = metadata.file_metadata().schema_descr();
    let mut unreadable = Vec::new();
    let mut readable = Vec::new();
    for (root, field) in schema.root_schema().get_fields().iter().enumerate() {
        let mut leaves = (0..schema.num_columns()).filter(|leaf| schema.get_column_root_idx(*leaf) == root);
        // Alone: the crate converts all columns, or none.
        let alone = || {
            let alone = with_fields(schema, vec![Arc::clone(field)]);
            alone.and_then(|alone| parquet_to_arrow_schema(&alone, None))
        };
        let reason = match leaves.any(|leaf| encrypted.contains(&leaf)) {
            true => Some("is encrypted, and rstats decrypts nothing".to_owned()),
            false => match alone() {
                Ok(alone) if alone.fields().iter().any(|field| is_too_wide(field)) => {
                    Some("has more digits than Arrow's decimals".to_owned())
                }
                Ok(_) => None,
                Err(error) => Some(format!("has no type that can be read: {error}")),
            },
        };
        match reason {
            Some(reason) => unreadable.push(UnreadableColumn { name: field.name().to_owned(), reason }),
            None => readable.push(root),
        }
    }
    if let ([], [first, ..]) = (&readable[..], &unreadable[..]) {
        return Err(Unusable::NoColumns(format!("column '{}' {}", shown(&first.name, NAME), first.reason)));
    }
    Ok((with_types(&Arc::new(with_columns(&metadata, &readable)?))?, unreadable))
}

/// What Spark tells of itself in a file.
const SPARK: [&str; 2] = ["org.apache.spark.version", "org.apache.spark.sql.parquet.row.metadata"];

/// The metadata with INT96 in microseconds, which is what Spark's timestamps are: the nanoseconds that INT96 is read in otherwise do not reach
/// the year 9999, which often stands for "never".
fn in_micros(found: ArrowReaderMetadata, options: &ArrowReaderOptions) -> ArrowReaderMetadata {
    let file = found.metadata().file_metadata();
    let told = file.key_value_metadata().into_iter().flatten();
    let is_int96 = || file.schema_descr().columns().iter().any(|leaf| leaf.physical_type() == PhysicalType::INT96);
    if !told.map(|told| told.key.as_str()).any(|key| SPARK.contains(&key)) || !is_int96() {
        return found;
    }
    // Spark has no other timestamps of nanoseconds.
    let fields: Vec<FieldRef> = found.schema().fields().iter().map(field_in_micros).collect();
    let schema = Schema::new_with_metadata(fields, found.schema().metadata().clone());
    let options = options.clone().with_schema(Arc::new(schema));
    ArrowReaderMetadata::try_new(Arc::clone(found.metadata()), options).unwrap_or(found)
}

fn field_in_micros(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(field_in_micros).collect()),
        DataType::List(values) => DataType::List(field_in_micros(values)),
        DataType::Map(entries, is_sorted) => DataType::Map(field_in_micros(entries), *is_sorted),
        data_type => data_type.clone(),
    };
    Arc::new(field.as_ref().clone().with_data_type(data_type))
}

/// Whether there are decimals in a column of more digits than any of Arrow's has.
fn is_too_wide(field: &Field) -> bool {
    match field.data_type() {
        DataType::Decimal256(precision, _) => *precision > DECIMAL256_MAX_PRECISION,
        DataType::Struct(fields) => fields.iter().any(|field| is_too_wide(field)),
        DataType::List(values) | DataType::LargeList(values) | DataType::Map(values, _) => is_too_wide(values),
        _ => false,
    }
}

/// The schema with these of its fields alone.
fn with_fields(schema: &SchemaDescriptor, fields: Vec<TypePtr>) -> Result<SchemaDescriptor> {
    let root = Type::group_type_builder(schema.root_schema().name()).with_fields(fields).build()?;
    Ok(SchemaDescriptor::new(Arc::new(root)))
}

/// The metadata with these of its columns alone, and without the index of pages.
fn with_columns(metadata: &ParquetMetaData, roots: &[usize]) -> Result<ParquetMetaData> {
    let file = metadata.file_metadata();
    let schema = file.schema_descr();
    let all = schema.root_schema();
    let narrow = with_fields(schema, roots.iter().map(|&root| Arc::clone(&all.get_fields()[root])).collect())?;
    let narrow = Arc::new(narrow);
    let is_kept = |leaf: &usize| roots.binary_search(&schema.get_column_root_idx(*leaf)).is_ok();
    let leaves: Vec<usize> = (0..schema.num_columns()).filter(is_kept).collect();
    let orders = file.column_orders().map(|orders| leaves.iter().map(|&leaf| orders[leaf]).collect());
    let groups = metadata.row_groups().iter().map(|group| {
        let columns = leaves.iter().map(|&leaf| group.column(leaf).clone()).collect();
        let narrow = RowGroupMetaData::builder(Arc::clone(&narrow));
        narrow.set_num_rows(group.num_rows()).set_column_metadata(columns).build()
    });
    let groups = groups.collect::<Result<_>>()?;
    let (created_by, pairs) = (file.created_by().map(str::to_owned), file.key_value_metadata().cloned());
    let file = FileMetaData::new(file.version(), file.num_rows(), created_by, pairs, narrow, orders);
    Ok(ParquetMetaDataBuilder::new(file).set_row_groups(groups).build())
}

/// The same metadata without the page index, which the crate would go by.
pub fn without_index(metadata: &ArrowReaderMetadata) -> Result<ArrowReaderMetadata> {
    let plain = metadata.metadata().as_ref().clone().into_builder();
    let plain = plain.set_column_index(None).set_offset_index(None).build();
    let found = arrow_metadata(Arc::new(plain), &ArrowReaderOptions::new(), &BTreeSet::new());
    found
        .map(|(metadata, _)| metadata)
        .map_err(|_| ParquetError::General("without its index, it has no columns".to_owned()))
}
