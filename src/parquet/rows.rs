//! The rows of Parquet files, batch by batch, for who describes them in an order of their own.

use std::ffi::OsStr;

use arrow_array::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::storage::{FileEntry, find};
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
        let mut batches = open(file, columns, &wrong)?;
        loop {
            interrupt.check()?;
            let Some(batch) = catch_panic(|| batches.next()).map_err(wrong)? else { break };
            let batch = batch.map_err(|error| wrong(error.to_string()))?;
            let schema = batch.schema();
            let own = || schema.fields().iter().map(|field| field.name().clone()).collect();
            let places = names.get_or_insert_with(own).iter().map(|name| {
                schema
                    .index_of(name)
                    .map_err(|_| wrong(format!("column '{name}' is not there, and is in the files before")))
            });
            let batch = batch.project(&places.collect::<Result<Vec<_>>>()?);
            take(batch.map_err(|error| wrong(error.to_string()))?)?;
        }
    }
    Ok(files.len())
}

fn open(
    file: &FileEntry,
    columns: Option<&[String]>,
    wrong: &dyn Fn(String) -> Error,
) -> Result<impl Iterator<Item = Result<RecordBatch, arrow_schema::ArrowError>>> {
    let reader = file.open()?;
    let opened = catch_panic(|| {
        let builder = ParquetRecordBatchReaderBuilder::try_new(reader)?.with_batch_size(BATCH);
        let mask = match columns {
            None => ProjectionMask::all(),
            Some(names) => ProjectionMask::columns(builder.parquet_schema(), names.iter().map(String::as_str)),
        };
        builder.with_projection(mask).build()
    });
    opened.map_err(wrong)?.map_err(|error| wrong(error.to_string()))
}
