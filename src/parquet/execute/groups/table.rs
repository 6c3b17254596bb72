//! How rows of groups are kept, and what they take.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow_schema::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow_select::concat::{concat, concat_batches};
use rayon::prelude::*;

use crate::describe::{Groups, SortedRows, describe_each_group};
use crate::error::{Error, Result};
use crate::parquet::columns::DataColumn;
use crate::parquet::decode::{DecodedRows, plain_type};
use crate::parquet::execute::context::ExecutionContext;
use crate::parquet::plan::Plan;
use crate::parquet::plan::ScanTask;
use crate::series::exact_cast::{common_decimals, exactly};
use crate::series::{Chunk, Kind, Series};
use crate::spec::NanPolicy;
use crate::summary::{Answers, Summaries};

/// Bytes that a row takes while its group is found and described, beside twice its own width.
const ROW: u64 = 48;

/// How rows are kept: the keys, then the values, each in one type for all files.
pub(super) struct Table {
    pub schema: SchemaRef,
    /// How many of the columns are keys.
    pub keys: usize,
    /// Bytes of a row, about.
    pub width: u64,
}

impl Table {
    pub fn new(plan: &Plan<'_>) -> Result<Self> {
        let keys = plan.keys.iter().map(|key| Ok(Field::new(&key.name, key.data_type.clone(), true)));
        let values = plan.series.iter().map(|series| Ok(Field::new(&series.name, common_type(plan, series)?, true)));
        let fields = keys.chain(values).collect::<Result<Vec<_>>>()?;
        let width = fields.iter().map(|field| width(field.data_type())).sum();
        Ok(Self { schema: Arc::new(Schema::new(fields)), keys: plan.keys.len(), width })
    }

    /// Rows as they are kept.
    pub fn batch(&self, plan: &Plan<'_>, part: &ScanTask, rows: DecodedRows) -> Result<RecordBatch> {
        let values = rows.values.iter().zip(&part.series).map(|(values, &series)| {
            let data_type = self.schema.field(self.keys + series).data_type();
            let Some(values) = values else { return Ok(new_null_array(data_type, rows.count)) };
            if plan.spec.nan() == NanPolicy::Raise
                && let Some(row) = Chunk::Array(values.clone()).first_nan()?
            {
                return Err(Error::Nan {
                    name: Some(plan.series[series].name.clone()),
                    file: Some(plan.dataset.files[part.file].name().into()),
                    row: rows.row(row),
                });
            }
            exactly(values, data_type).map_err(|message| plan.unfit(part, Some(series), &message))
        });
        let values = values.collect::<Result<Vec<_>>>()?;
        let columns = rows.keys.iter().cloned().chain(values).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows.count));
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
            .map_err(|error| plan.damaged(part, None, &error))
    }

    /// The bytes that `rows` rows take until they are described.
    pub fn bytes(&self, rows: usize) -> u64 {
        rows as u64 * (2 * self.width + ROW)
    }

    /// The same for rows that are sorted out by `keys` keys.
    pub fn sorted_bytes(&self, rows: usize, keys: usize) -> u64 {
        let keys_width: u64 = self.schema.fields().iter().take(self.keys).map(|field| width(field.data_type())).sum();
        rows as u64 * (self.width - keys_width) + keys as u64 * (3 * keys_width + ROW)
    }

    /// Rows sorted out by key.
    pub fn sorted(&self, batches: &[RecordBatch]) -> Result<SortedRows> {
        let batch = self.joined(batches)?;
        SortedRows::new(self.key_columns(&batch), &batch.columns()[self.keys..], batch.num_rows())
    }

    /// Sorted rows as they were before.
    pub fn unsorted(&self, rows: &SortedRows) -> Result<RecordBatch> {
        RecordBatch::try_new(self.schema.clone(), rows.columns()?).map_err(|error| Error::Data(error.to_string()))
    }

    /// How many rows can be described at a time in `bytes` bytes.
    pub fn rows_in(&self, bytes: u64) -> u64 {
        (bytes / self.bytes(1)).max(1 << 12)
    }

    /// The bytes of the answers for `keys` keys.
    pub fn answers(&self, plan: &Plan<'_>, keys: usize) -> u64 {
        let fields = self.schema.fields();
        let key: u64 = fields.iter().take(self.keys).map(|field| width(field.data_type())).sum();
        let answer = size_of::<u64>() * (3 + plan.spec.field_names().len());
        keys as u64 * (key + (plan.series.len() * answer) as u64)
    }

    /// Refuses answers that do not fit in memory: those of `keys` keys, found in this share of all rows.
    pub fn check_answers(&self, plan: &Plan<'_>, keys: usize, share: f64) -> Result<()> {
        let found = self.answers(plan, keys);
        if found <= plan.budget.kept() {
            return Ok(());
        }
        let all = (found as f64 / share.clamp(1e-6, 1.0)) as u64;
        let (what, needed) = ("the answer for all groups".to_owned(), plan.budget.limit_for(all));
        Err(Error::MemoryLimit { what, needed, limit: plan.budget.limit })
    }

    /// Batches as one.
    pub fn joined(&self, batches: &[RecordBatch]) -> Result<RecordBatch> {
        if let [batch] = batches {
            return Ok(batch.clone());
        }
        concat_batches(&self.schema, batches).map_err(Error::from_grouping)
    }

    ///
    /// Dictionaries are in the order of their values: those of two files need not agree on another one.
    pub fn key_columns(&self, batch: &RecordBatch) -> Vec<(FieldRef, ArrayRef)> {
        let fields = self.schema.fields().iter().zip(batch.columns()).take(self.keys);
        fields.map(|(field, column)| (plain(field), column.clone())).collect()
    }

    fn series(&self, batch: &RecordBatch) -> Result<Vec<Series>> {
        let fields = self.schema.fields().iter().zip(batch.columns()).skip(self.keys);
        fields.map(|(field, column)| Series::from_arrays(Some(field.name().clone()), vec![column.clone()])).collect()
    }
}

/// A field whose dictionary, if it has one, is in the order of its values.
fn plain(field: &FieldRef) -> FieldRef {
    match field.dict_is_ordered() {
        Some(true) => Arc::new(field.as_ref().clone().with_dict_is_ordered(false)),
        _ => Arc::clone(field),
    }
}

/// Bytes of a value, about.
fn width(data_type: &DataType) -> u64 {
    data_type.primitive_width().unwrap_or(24) as u64
}

/// A type that holds the values of a column in every file exactly.
fn common_type(plan: &Plan<'_>, series: &DataColumn) -> Result<DataType> {
    if let Some(plain) = plain_type(series.repr) {
        return Ok(plain);
    }
    let indices = series.indices.iter().enumerate().filter_map(|(file, index)| Some((file, (*index)?)));
    let fields = indices.map(|(file, index)| plan.dataset.files[file].schema().field(index));
    let numeric: Vec<&DataType> =
        fields.filter(|field| Kind::from_field(field).is_some()).map(Field::data_type).collect();
    let kinds: Vec<Kind> = numeric.iter().filter_map(|data_type| Kind::of(data_type)).collect();
    if let [first, rest @ ..] = &numeric[..]
        && rest.iter().all(|data_type| data_type == first)
    {
        return Ok((*first).clone());
    }
    if !kinds.contains(&Kind::Float) {
        // Whole numbers of either sign have 20 digits at most; decimals have their own.
        return Ok(common_decimals(numeric));
    }
    if kinds.contains(&Kind::Decimal) {
        let column = &series.name;
        return Err(Error::Invalid(format!(
            "column '{column}' holds decimals in one file and floats in another, which no type holds together; group them apart"
        )));
    }
    Ok(DataType::Float64)
}

/// Describes the groups of rows that are in memory.
///
/// # Errors
///
/// [`Error::MemoryLimit`] for more groups than their answers have room for, beside those of the keys in the share of all
/// rows that this makes complete.
pub(super) fn describe_rows(
    run: &ExecutionContext<'_>,
    table: &Table,
    batches: Vec<RecordBatch>,
    (before, share): (usize, f64),
) -> Result<Summaries> {
    // Column by column, so that the batches need not all be there twice.
    let mut columns: Vec<Vec<ArrayRef>> = vec![Vec::with_capacity(batches.len()); table.schema.fields().len()];
    let rows = batches.iter().map(RecordBatch::num_rows).sum();
    for batch in batches {
        columns.iter_mut().zip(batch.columns()).for_each(|(chunks, column)| chunks.push(column.clone()));
    }
    let whole = columns.into_par_iter().zip(&table.schema.fields()[..]).map(|(chunks, field)| {
        let chunks: Vec<&dyn Array> = chunks.iter().map(AsRef::as_ref).collect();
        match chunks[..] {
            [] => Ok(new_null_array(field.data_type(), 0)),
            _ => concat(&chunks).map_err(Error::from_grouping),
        }
    });
    let whole = whole.collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let batch = RecordBatch::try_new_with_options(table.schema.clone(), whole, &options)
        .map_err(|error| Error::Data(error.to_string()))?;
    let (keys, series) = (table.key_columns(&batch), table.series(&batch)?);
    drop(batch);
    let groups = Groups::new(keys, rows)?;
    table.check_answers(run.plan, before + groups.len(), share)?;
    describe_each_group(groups, &series, run.plan.spec, run.interrupt)
}

/// Answers of which each has keys of its own as one, in the order of the keys.
pub(super) fn join(
    run: &ExecutionContext<'_>,
    keys: Vec<RecordBatch>,
    parts: impl Iterator<Item = Result<RecordBatch>>,
) -> Result<Summaries> {
    let plan = run.plan;
    let lengths: Vec<usize> = keys.iter().map(RecordBatch::num_rows).collect();
    let groups = Groups::from_batches(&keys)?;
    drop(keys);
    let Groups { keys, rows, .. } = groups;
    // The place of each key of one part after the other.
    let mut indices = vec![0; rows.len()];
    rows.iter().zip(0_u32..).for_each(|(&row, index)| indices[row as usize] = index);
    drop(rows);
    let mut answers = Answers::new(plan.series.len() * indices.len(), plan.spec);
    let mut answered = answers.rows();
    let mut rest = &indices[..];
    for (part, length) in parts.zip(lengths) {
        run.interrupt.check()?;
        let (part, (here, others)) = (part?, rest.split_at(length));
        rest = others;
        for (from, (series, &index)) in
            (0..plan.series.len()).flat_map(|series| here.iter().map(move |index| (series, index))).enumerate()
        {
            answered.set_from(series * indices.len() + index as usize, &part, from);
        }
    }
    let columns = plan.answered_columns();
    Ok(Summaries::with_keys(columns, Some(keys), plan.spec, answers))
}
