//! A part of a row group as arrays: decoded, filtered, batch by batch.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, new_null_array};
use arrow_buffer::BooleanBuffer;
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType, Field, Schema};
use arrow_select::filter::FilterBuilder;
use arrow_select::filter::{FilterPredicate, prep_null_mask_filter};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::describe::ticks;
use crate::error::{Error, Position, Result};
use crate::interrupt::Interrupt;
use crate::memory_pool::Reservation;
use crate::parquet::columns::DataColumn;
use crate::parquet::data_file::Extractor;
use crate::parquet::guard::column_chunk::{self, Refusal};
use crate::parquet::plan::{FilterColumn, GroupPlan, Plan, ScanTask};
use crate::parquet::storage::{self, Reader};
use crate::report::Skipped;
use crate::series::exact_cast::strict_cast;
use crate::series::series_kind::SeriesKind;

/// The most rows that are decoded at a time.
const BATCH: usize = 1 << 14;

/// The same where they are sorted out by key.
pub(in crate::parquet) const KEYED_BATCH: usize = 1 << 17;

/// The least.
const LEAST_BATCH: usize = 1 << 10;

/// Rows that were decoded, without those that a predicate rules out.
pub(in crate::parquet) struct DecodedRows {
    /// The values of each series of the part, in its order; none of a file that lacks the column.
    pub values: Vec<Option<ArrayRef>>,
    /// The keys of groups.
    pub keys: Vec<ArrayRef>,
    pub count: usize,
    /// The row of the file that the first row of this batch was, before any was left out.
    start: u64,
    kept: Option<BooleanArray>,
    /// For each series of lists, the number of values up to the end of each row.
    ends: Vec<Option<Vec<usize>>>,
}

/// Column chunks that may be decoded.
pub(in crate::parquet) struct CheckedColumns {
    /// What that takes, for as long as it is held.
    room: Reservation,
    /// How many rows at a time.
    batch: usize,
    /// Whether the page index, if there is one, has the pages that there are.
    agrees_with_index: bool,
    /// The rows of the part, where it is a share of a row group.
    pub share: Option<Range<u64>>,
}

impl DecodedRows {
    /// The row of the file that a value was in: its place among those of a series of the part.
    pub fn row(&self, series: usize, value: u64) -> u64 {
        let row = match &self.ends[series] {
            None => value as usize,
            Some(ends) => ends.partition_point(|end| *end as u64 <= value),
        };
        let index = match &self.kept {
            None => Some(row),
            Some(kept) => kept.values().set_indices().nth(row),
        };
        self.start + index.unwrap_or_default() as u64
    }
}

impl Plan<'_> {
    pub(in crate::parquet) fn group(&self, part: &ScanTask) -> &GroupPlan {
        &self.files[part.file].row_groups[part.group]
    }

    /// A failure to read a part, with its position.
    pub(in crate::parquet) fn damaged(
        &self,
        part: &ScanTask,
        series: Option<usize>,
        error: &dyn std::fmt::Display,
    ) -> Error {
        self.dataset.files[part.file].broken(self.position_of(part, series), error)
    }

    /// What a part holds does not go together with other files: none of them is damaged.
    pub(in crate::parquet) fn unfit(
        &self,
        part: &ScanTask,
        series: Option<usize>,
        error: &dyn std::fmt::Display,
    ) -> Error {
        let position = self.position_of(part, series);
        Error::Invalid(format!("{}: {position}: {error}", self.dataset.files[part.file].name()))
    }

    fn position_of(&self, part: &ScanTask, series: Option<usize>) -> Position {
        let series = series.or(if let [one] = part.series[..] { Some(one) } else { None });
        self.position(part, series.map(|series| self.series[series].name.as_str()))
    }

    fn position(&self, part: &ScanTask, column: Option<&str>) -> Position {
        let row_group = Some(self.group(part).row_group);
        Position { column: column.map(str::to_owned), row_group, ..Position::default() }
    }

    /// The failure of a part as the report tells it.
    pub(in crate::parquet) fn skipped(&self, part: &ScanTask, error: &Error) -> Skipped {
        crate::parquet::dataset::skipped(&self.dataset.files[part.file].name(), error)
    }

    /// Decodes a part, and hands its rows to `sink`. The parquet crate may panic: [`ExecutionContext::decode`](crate::parquet::execute::context::ExecutionContext::decode) sees to that.
    pub(in crate::parquet) fn decode(
        &self,
        part: &ScanTask,
        reader: Reader,
        interrupt: &Interrupt,
        sink: &mut dyn FnMut(DecodedRows) -> Result<()>,
    ) -> Result<()> {
        let file = &self.dataset.files[part.file];
        let group = self.group(part);
        let metadata = file.parquet();
        let columns = self.columns(part.file, &part.series, group.filtered);
        let damaged = |error: &dyn std::fmt::Display| self.damaged(part, None, error);
        let earlier = metadata.row_groups()[..group.row_group].iter();
        let first_row: u64 = earlier.map(|group| u64::try_from(group.num_rows()).unwrap_or(0)).sum();
        let leaves = self.leaves(part.file, &columns);
        let extractor = file.extractor(&leaves);
        if leaves.is_empty() {
            // Nothing but partitions: the rows are known without reading any.
            let rows = part.share.clone().unwrap_or(0..group.rows);
            let mut start = first_row + rows.start;
            let mut left = rows.end - rows.start;
            while left > 0 {
                let count = left.min(BATCH as u64) as usize;
                self.deliver(part, &RecordBatch::new_empty(Arc::new(Schema::empty())), &extractor, count, start, sink)?;
                (start, left) = (start + count as u64, left - count as u64);
            }
            return Ok(());
        }
        let mask = ProjectionMask::leaves(metadata.file_metadata().schema_descr(), leaves.iter().copied());
        let row_bytes = 16 * leaves.len() as u64;
        let memory = self.budget.decoding() / self.budget.threads() as u64;
        let most = if self.keys.is_empty() { BATCH } else { KEYED_BATCH };
        let batch = (memory / 8 / row_bytes).clamp(LEAST_BATCH as u64, most as u64);
        let mut batch = batch.min(group.rows.max(1)) as usize;
        // Of a remote file whose pages are selected, only these are there.
        let mut selection = group.selection.as_ref();
        let mut footer = file.metadata.clone();
        let mut share = part.share.clone();
        let room = match group.selection.is_none() || !reader.is_remote() {
            true => {
                let checked = self.check_leaves(part, &reader, &leaves, batch, memory, interrupt)?;
                batch = checked.batch;
                share = checked.share;
                // A page index that leads elsewhere is not gone by: what it would have passed over is filtered.
                if !checked.agrees_with_index {
                    selection = None;
                    footer = storage::without_index(&file.metadata).map_err(|error| damaged(&error))?;
                }
                Some(checked.room)
            }
            false => None,
        };
        let all = match selection.is_some() {
            true => group.rows,
            false => u64::try_from(metadata.row_group(group.row_group).num_rows()).unwrap_or(0),
        };
        // A share of the rows that were selected is one of all rows as well.
        let of_all =
            |row: u64| if selection.is_none() && group.selection.is_some() { row * all / group.rows } else { row };
        let range = share.map_or(0..all, |share| of_all(share.start)..of_all(share.end));
        let first_row = first_row + range.start;
        let again = room.is_some().then(|| reader.clone());
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(reader, footer)
            .with_projection(mask)
            .with_row_groups(vec![group.row_group])
            .with_batch_size(batch);
        if let Some(selection) = selection {
            builder = builder.with_row_selection(selection.clone());
        }
        builder = builder
            .with_offset(range.start as usize)
            .with_limit(part.first.unwrap_or((range.end - range.start) as usize));
        let batches = builder.build().map_err(|error| damaged(&error))?;
        let mut decoded = 0;
        for rows in batches {
            interrupt.check()?;
            let rows = match rows {
                Ok(rows) => rows,
                Err(error) => {
                    return Err(self.undecodable(part, again, batch, (first_row, &range), &error, interrupt)?);
                }
            };
            let count = rows.num_rows();
            self.deliver(part, &rows, &extractor, count, first_row + decoded, sink)?;
            decoded += count as u64;
        }
        if part.first.is_none() && decoded != range.end - range.start {
            return Err(damaged(&format!("{decoded} rows where its metadata has {}", range.end - range.start)));
        }
        Ok(())
    }

    /// The error for a part that cannot be decoded. Each of its columns is decoded alone, to name the one with this error, and the
    /// row at which it shows, if all rows are decoded. What was not checked is not decoded again.
    fn undecodable(
        &self,
        part: &ScanTask,
        reader: Option<Reader>,
        batch: usize,
        (first_row, range): (u64, &Range<u64>),
        error: &ArrowError,
        interrupt: &Interrupt,
    ) -> Result<Error> {
        let (file, group) = (&self.dataset.files[part.file], self.group(part));
        let schema = file.parquet().file_metadata().schema_descr();
        let Some(reader) = reader else { return Ok(self.damaged(part, None, error)) };
        // The rows before the batch that cannot be decoded, and why it cannot.
        let decode = |column: usize, skip: usize, batch: usize| -> Result<Option<(usize, String)>> {
            let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(reader.clone(), file.metadata.clone())
                .with_projection(ProjectionMask::leaves(schema, file.columns()[column].decoded.clone()))
                .with_row_groups(vec![group.row_group])
                .with_batch_size(batch)
                .with_offset(range.start as usize + skip)
                .with_limit(part.first.unwrap_or((range.end - range.start) as usize) - skip);
            if let Some(selection) = &group.selection {
                builder = builder.with_row_selection(selection.clone());
            }
            let Ok(batches) = builder.build() else { return Ok(None) };
            let mut rows = skip;
            for batch in batches {
                interrupt.check()?;
                match batch {
                    Ok(batch) => rows += batch.num_rows(),
                    Err(error) => return Ok(Some((rows, error.to_string()))),
                }
            }
            Ok(None)
        };
        for column in self.columns(part.file, &part.series, group.filtered) {
            let Some((mut row, _)) = decode(column, 0, batch)?.filter(|(_, found)| *found == error.to_string()) else {
                continue;
            };
            let position = self.position(part, Some(&file.columns()[column].name));
            if group.selection.is_some() {
                return Ok(file.broken(position, error));
            }
            for batch in [LEAST_BATCH, 1] {
                row = decode(column, row, batch)?.map_or(row, |(row, _)| row);
            }
            let row = Some(first_row + row as u64);
            return Ok(file.broken(Position { row, ..position }, error));
        }
        Ok(self.damaged(part, None, error))
    }

    /// Checks column chunks before they are decoded together, `batch` rows at a time or as many fewer as take no more than `share`, and
    /// waits until there is room for that: for as long as it is held.
    pub(in crate::parquet) fn check_leaves(
        &self,
        part: &ScanTask,
        reader: &Reader,
        leaves: &[usize],
        mut batch: usize,
        share: u64,
        interrupt: &Interrupt,
    ) -> Result<CheckedColumns> {
        let file = &self.dataset.files[part.file];
        let row_group = file.parquet().row_group(self.group(part).row_group);
        let schema = file.parquet().file_metadata().schema_descr();
        let most = self.budget.pool.capacity();
        let what = |position: &Position| format!("decoding {position} of {}", file.name());
        let mut columns = Vec::with_capacity(leaves.len());
        for &leaf in leaves {
            let column = schema.column(leaf).path().string();
            let position = self.position(part, Some(&column));
            let least = self.values_of_batch(part, leaf, LEAST_BATCH.min(batch));
            let pages = column_chunk::check_column(reader, row_group, leaf, least, most);
            columns.push(pages.map_err(|refusal| match refusal {
                Refusal::Damaged(message) => file.broken(position.clone(), &message),
                Refusal::TooLarge { memory, .. } => Error::MemoryLimit {
                    what: what(&position),
                    needed: self.budget.beyond(memory.saturating_sub(self.budget.pool.free())),
                    limit: self.budget.limit,
                },
            })?);
        }
        // Rows of groups are copied to their partitions while the batch is there.
        let copies = if self.keys.is_empty() { 0 } else { 1 };
        let memory = |batch: usize| {
            let columns = leaves.iter().zip(&columns).map(|(&leaf, pages)| {
                let values = self.values_of_batch(part, leaf, batch);
                pages.memory(values).saturating_add(copies * pages.strings_of(values))
            });
            columns.fold(0, u64::saturating_add)
        };
        while batch > LEAST_BATCH && memory(batch) > share {
            batch = (batch / 2).max(LEAST_BATCH);
        }
        let room = self.budget.decode(memory(batch), interrupt, || what(&self.position(part, None)))?;
        let index = file.parquet().offset_index().and_then(|index| index.get(self.group(part).row_group));
        let agrees_with_index = leaves.iter().zip(&columns).all(|(&leaf, pages)| {
            let locations = index.and_then(|index| index.get(leaf)).map(|index| index.page_locations());
            let is_flat = schema.column(leaf).max_rep_level() == 0;
            locations.is_none_or(|locations| {
                locations.is_empty()
                    || locations.len() == pages.places.len()
                        && locations.iter().zip(&pages.places).all(|(said, page)| {
                            u64::try_from(said.offset) == Ok(page.start)
                                && u64::try_from(said.compressed_page_size) == Ok(page.length)
                                && (!is_flat || u64::try_from(said.first_row_index) == Ok(page.first_value))
                        })
            })
        });
        let group_rows = u64::try_from(row_group.num_rows()).unwrap_or(0);
        let share = part.share.clone().map(|share| match &columns[..] {
            // The pages that begin in it.
            [pages] if !self.group(part).filtered && schema.column(leaves[0]).max_rep_level() == 0 => {
                let begin = |row: u64| {
                    let mut starts = pages.places.iter().map(|place| place.first_value);
                    starts.find(|start| *start >= row).unwrap_or(group_rows)
                };
                begin(share.start)..begin(share.end)
            }
            _ => share,
        });
        Ok(CheckedColumns { room, batch, agrees_with_index, share })
    }

    /// The number of values of a column that a batch of rows has: of lists about the most, if they are not much longer than others.
    fn values_of_batch(&self, part: &ScanTask, leaf: usize, batch: usize) -> usize {
        let metadata = self.dataset.files[part.file].parquet();
        if metadata.file_metadata().schema_descr().column(leaf).max_rep_level() == 0 {
            return batch;
        }
        let group = metadata.row_group(self.group(part).row_group);
        let values = usize::try_from(group.column(leaf).num_values()).unwrap_or(0);
        let rows = usize::try_from(group.num_rows()).unwrap_or(0);
        (values / rows.max(1) + 1).saturating_mul(4 * batch).min(values)
    }

    fn deliver(
        &self,
        part: &ScanTask,
        batch: &RecordBatch,
        extractor: &Extractor<'_>,
        count: usize,
        start: u64,
        sink: &mut dyn FnMut(DecodedRows) -> Result<()>,
    ) -> Result<()> {
        let mut kept = None;
        let mut filter: Option<FilterPredicate> = None;
        let mut rows = count;
        if self.group(part).filtered
            && let Some(mask) = self.mask(part, batch, extractor, count)?
        {
            rows = mask.true_count();
            if rows == 0 {
                return Ok(());
            }
            if rows < count {
                filter = Some(FilterBuilder::new(&mask).optimize().build());
                kept = Some(mask);
            }
        }
        let filtered = |array: ArrayRef| match &filter {
            None => Ok(array),
            Some(filter) => filter.filter(&array),
        };
        let column = |series: Option<usize>, index: usize| {
            extractor.extract(batch, index, &filtered).map_err(|error| self.damaged(part, series, &error))
        };
        let values = part.series.iter().map(|&series| {
            let found = self.series[series].indices[part.file].map(|index| column(Some(series), index)).transpose()?;
            let Some(found) = found else { return Ok((None, None)) };
            let values = as_scanned(&self.series[series], found.values);
            Ok((Some(values.map_err(|error| self.unfit(part, Some(series), &error))?), found.ends))
        });
        let (values, ends) = values.collect::<Result<Vec<_>>>()?.into_iter().unzip();
        let keys = self.keys.iter().map(|key| {
            let array = match key.indices.as_ref().and_then(|indices| indices[part.file]) {
                Some(index) => column(None, index)?.values,
                None => match self.dataset.partition(&key.name) {
                    Some(partition) => partition.repeated(part.file, rows)?,
                    None => new_null_array(&key.data_type, rows),
                },
            };
            match *array.data_type() == key.data_type {
                true => Ok(array),
                false => strict_cast(&array, &key.data_type)
                    .map_err(|error| self.unfit(part, None, &format!("key '{}': {error}", key.name))),
            }
        });
        let keys = keys.collect::<Result<Vec<_>>>()?;
        sink(DecodedRows { values, keys, count: rows, start, kept, ends })
    }

    /// Which rows of a batch are kept.
    fn mask(
        &self,
        part: &ScanTask,
        batch: &RecordBatch,
        extractor: &Extractor<'_>,
        count: usize,
    ) -> Result<Option<BooleanArray>> {
        let Some(filter) = &self.files[part.file].filter else { return Ok(None) };
        let mut fields = Vec::new();
        let mut arrays = Vec::new();
        for FilterColumn { name, index, is_plain_bytes } in &filter.columns {
            let found = extractor.extract(batch, *index, &Ok).map_err(|error| self.damaged(part, None, &error))?;
            let mut array = found.values;
            if *is_plain_bytes {
                // What is no text is no text that it could be equal to.
                array = cast(&array, &DataType::Utf8).map_err(|error| self.damaged(part, None, &error))?;
            }
            fields.push(Field::new(name, array.data_type().clone(), true));
            arrays.push(array);
        }
        for &partition in &filter.partitions {
            let partition = &self.dataset.partitions[partition];
            fields.push(Field::new(&partition.name, partition.data_type().clone(), true));
            arrays.push(partition.repeated(part.file, count)?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
            .map_err(|error| self.damaged(part, None, &error))?;
        let mask = filter.bound.evaluate(&batch)?;
        Ok(Some(if mask.null_count() > 0 { prep_null_mask_filter(&mask) } else { mask }))
    }
}

/// The values of a column as what is scanned of them.
fn as_scanned(column: &DataColumn, values: ArrayRef) -> std::result::Result<ArrayRef, ArrowError> {
    match column.kind {
        SeriesKind::Time => ticks(&strict_cast(&values, &column.data_type)?),
        SeriesKind::Text if *values.data_type() != column.data_type => strict_cast(&values, &column.data_type),
        SeriesKind::Other => {
            let there = BooleanBuffer::new_set(values.len());
            Ok(Arc::new(BooleanArray::new(there, values.logical_nulls())))
        }
        _ => Ok(values),
    }
}

/// Values as floats or integers of 64 bits, exactly; `None` for what only decimals and mixed columns need.
pub(in crate::parquet) fn plain_type(repr: crate::series::Repr) -> Option<DataType> {
    match repr {
        crate::series::Repr::Float => Some(DataType::Float64),
        crate::series::Repr::Signed => Some(DataType::Int64),
        crate::series::Repr::Unsigned => Some(DataType::UInt64),
        crate::series::Repr::Exact => None,
    }
}
