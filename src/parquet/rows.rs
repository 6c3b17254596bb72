//! The rows of Parquet files, batch by batch, for who describes them in an order of their own.

use std::ffi::OsStr;

use arrow_array::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::PageIndexPolicy;

use super::storage::find;
use crate::catch_panic::catch_panic;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;

/// Rows of a batch.
const BATCH: usize = 1 << 16;

/// Hands on the rows of all files that `paths` stand for, file after file: the columns of these names, else all. Columns are found by their
/// names, and come in the order that the first file has. How many files there were.
///
/// # Errors
///
/// [`Error::File`] for files that are not there, [`Error::Data`] for those that cannot be read or lack a column; what `take` says.
pub fn read_rows<S: AsRef<OsStr>>(
    paths: impl IntoIterator<Item = S>,
    columns: Option<&[String]>,
    interrupt: &Interrupt,
    mut take: impl FnMut(RecordBatch) -> Result<()>,
) -> Result<usize> {
    let files = find(paths, interrupt)?;
    let mut names: Option<Vec<String>> = None;
    for file in &files {
        let wrong = |message: String| Error::Data(format!("{}: {message}", file.location));
        let reader = file.open()?;
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Skip);
        let metadata = reader.footer(options, u64::MAX, interrupt)?.metadata;
        let mask = match columns {
            None => ProjectionMask::all(),
            Some(names) => ProjectionMask::columns(metadata.parquet_schema(), names.iter().map(String::as_str)),
        };
        for (index, group) in metadata.metadata().row_groups().iter().enumerate() {
            interrupt.check()?;
            let chunks = group.columns().iter().enumerate().filter(|(leaf, _)| mask.leaf_included(*leaf));
            let ranges = chunks.map(|(_, chunk)| {
                let (start, length) = chunk.byte_range();
                start..start.saturating_add(length)
            });
            let reader = reader.fetch(&ranges.collect::<Vec<_>>(), interrupt)?;
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(reader, metadata.clone());
            let builder = builder.with_projection(mask.clone()).with_row_groups(vec![index]).with_batch_size(BATCH);
            let batches = catch_panic(|| builder.build()).map_err(wrong)?;
            let mut batches = batches.map_err(|error| wrong(error.to_string()))?;
            while let Some(batch) = catch_panic(|| batches.next()).map_err(wrong)? {
                interrupt.check()?;
                let batch = batch.map_err(|error| wrong(error.to_string()))?;
                let schema = batch.schema();
                let own = || schema.fields().iter().map(|field| field.name().clone()).collect();
                let places = names.get_or_insert_with(own).iter().map(|name| {
                    let missing = |_| wrong(format!("column '{name}' is not there, and is in the files before"));
                    schema.index_of(name).map_err(missing)
                });
                let batch = batch.project(&places.collect::<Result<Vec<_>>>()?);
                take(batch.map_err(|error| wrong(error.to_string()))?)?;
            }
        }
        reader.check_unchanged()?;
    }
    Ok(files.len())
}
