//! Rows that groups hold: those of small groups, and those that came last.

use std::mem::take;

use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array, new_null_array};
use arrow_schema::{ArrowError, DataType, FieldRef, Schema, SchemaRef};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;

use crate::error::{Error, Result};
use crate::escape::{NAME, shown};
use crate::keys::plain;
use crate::series::exact_cast::exactly;
use crate::series::{Repr, Series};

/// Fewer rows are not looked at.
const FEW_ROWS: usize = 1 << 16;

/// A batch of more rows stays as it is.
const SMALL_BATCH: usize = 1 << 13;

/// The rows of small groups, and those that came last: the columns of keys, then those of values.
#[derive(Clone, Debug, Default)]
pub(super) struct Held {
    /// Once there were rows.
    pub schema: Option<SchemaRef>,
    pub batches: Vec<RecordBatch>,
    pub rows: usize,
    pub bytes: usize,
    /// How many of the rows were left when the groups were looked at last.
    pub small: usize,
}

pub(super) fn failed(error: ArrowError) -> Error {
    Error::Data(format!("the rows of groups cannot be brought together: {error}"))
}

impl Held {
    /// No rows, of the same columns.
    pub fn emptied(&self) -> Self {
        Self { schema: self.schema.clone(), ..Self::default() }
    }

    pub fn push(&mut self, mut batch: RecordBatch) -> Result<()> {
        self.rows += batch.num_rows();
        self.bytes += bytes_of(&batch);
        // Batches of a few rows are joined with such before them: there are few, and each row moves a few times.
        while batch.num_rows() < SMALL_BATCH
            && let Some(before) = self.batches.pop_if(|before| before.num_rows() <= batch.num_rows())
        {
            batch = concat_batches(&before.schema(), [&before, &batch]).map_err(failed)?;
        }
        self.batches.push(batch);
        Ok(())
    }

    /// Whether it is time to look at the groups: twice as many rows as were left the last time, and not just a few.
    pub fn has_doubled(&self) -> bool {
        self.rows >= 2 * self.small + FEW_ROWS
    }

    /// All rows in one table, which are no longer here.
    pub fn take(&mut self) -> Result<Option<RecordBatch>> {
        let Some(schema) = &self.schema else { return Ok(None) };
        let batches = take(&mut self.batches);
        (self.rows, self.bytes) = (0, 0);
        match <[RecordBatch; 1]>::try_from(batches) {
            Ok([whole]) => Ok(Some(whole)),
            Err(batches) => concat_batches(schema, &batches).map(Some).map_err(failed),
        }
    }

    /// A table like the rows that are here.
    pub fn fitted(&mut self, batch: RecordBatch, keys: usize) -> Result<RecordBatch> {
        let Some(schema) = &self.schema else {
            let schema = batch.schema();
            let names: Vec<&String> = schema.fields().iter().skip(keys).map(|field| field.name()).collect();
            if let Some(twice) = names.iter().enumerate().find(|(index, name)| names[..*index].contains(name)) {
                let name = shown(twice.1, NAME);
                return Err(Error::Data(format!("two columns are named '{name}'; give each a name of its own")));
            }
            self.schema = Some(schema);
            return Ok(batch);
        };
        if batch.num_columns() != schema.fields().len() {
            return Err(columns_differ(&batch.schema(), schema, keys));
        }
        let fit = |(index, field): (usize, &FieldRef)| {
            // Keys are in the order in which they were asked for, values where they are.
            let column = if index < keys { Some(batch.column(index)) } else { batch.column_by_name(field.name()) };
            match column {
                None => Err(columns_differ(&batch.schema(), schema, keys)),
                Some(column) if column.data_type() == field.data_type() => Ok(column.clone()),
                Some(column) if *column.data_type() == DataType::Null => {
                    Ok(new_null_array(field.data_type(), column.len()))
                }
                // Texts are what they say, and integers what they count, whatever their type.
                Some(column) if are_alike(column.data_type(), field.data_type()) => exactly(column, field.data_type())
                    .map_err(|message| Error::Data(format!("column '{}': {message}", shown(field.name(), NAME)))),
                Some(column) => {
                    let (name, now, before) = (shown(field.name(), NAME), column.data_type(), field.data_type());
                    Err(Error::Data(format!(
                        "column '{name}' is of type {now} now, and was {before} before; give it one type from the beginning"
                    )))
                }
            }
        };
        let columns = schema.fields().iter().enumerate().map(fit).collect::<Result<_>>()?;
        table(schema.clone(), columns, batch.num_rows())
    }
}

/// Whether keys of two types are the same if they say the same.
fn are_alike(one: &DataType, other: &DataType) -> bool {
    let is_text = |of: &DataType| matches!(of, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    is_text(one) && is_text(other) || one.is_signed_integer() && other.is_signed_integer()
}

fn columns_differ(now: &Schema, before: &Schema, keys: usize) -> Error {
    let names = |schema: &Schema| {
        let names = schema.fields().iter().skip(keys).map(|field| shown(field.name(), NAME).to_string());
        names.collect::<Vec<_>>().join(", ")
    };
    Error::Data(format!(
        "the parts of groups have the same columns: here are {}, and before there were {}; name those that all have",
        names(now),
        names(before)
    ))
}

/// The bytes of the values of a table, whatever buffers they lie in.
pub(super) fn bytes_of(batch: &RecordBatch) -> usize {
    let of_column = |column: &ArrayRef| {
        let data = column.to_data();
        data.get_slice_memory_size().unwrap_or_else(|_| data.get_array_memory_size())
    };
    batch.columns().iter().map(of_column).sum()
}

pub(super) fn table(schema: SchemaRef, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema, columns, &options).map_err(failed)
}

/// Some rows of a table, in this order.
pub(super) fn rows_of(batch: &RecordBatch, rows: Vec<u32>) -> Result<RecordBatch> {
    take_record_batch(batch, &UInt32Array::from(rows)).map_err(failed)
}

/// The values of a series in the one type that all of its kind have here.
pub(super) fn held_values(series: &Series) -> Result<ArrayRef> {
    let values = series.whole()?.to_array()?;
    let data_type = match (series.is_boolean(), series.repr()) {
        (true, _) | (_, Repr::Exact) => return plain(series.name().unwrap_or_default(), &values),
        (_, Repr::Float) => DataType::Float64,
        (_, Repr::Signed) => DataType::Int64,
        (_, Repr::Unsigned) => DataType::UInt64,
    };
    exactly(&values, &data_type).map_err(Error::Data)
}
