//! Rows that groups hold: those of small groups, and those that came last.

use std::mem::take;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array, new_null_array};
use arrow_schema::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;

use super::columns::{NO_VALUES, ORDER, described_type, failed, is_number};
use crate::error::{Error, Result};
use crate::escape::{NAME, shown};
use crate::series::exact_cast::exactly;
use crate::series::series_kind::joined_times;
use crate::series::type_names::type_text;

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
    /// Whether the columns were told beforehand: a part may lack some, or have numbers in another type that those of all are in exactly.
    pub is_declared: bool,
}

impl Held {
    /// No rows, of the same columns.
    pub fn emptied(&self) -> Self {
        Self { schema: self.schema.clone(), is_declared: self.is_declared, ..Self::default() }
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

    /// The same rows in the columns of `schema`, of which some have a type, and had none here.
    pub fn retype(&mut self, schema: SchemaRef) -> Result<()> {
        if self.schema.as_ref() == Some(&schema) {
            return Ok(());
        }
        for batch in take(&mut self.batches) {
            self.bytes -= bytes_of(&batch);
            let columns = batch.columns().iter().zip(schema.fields());
            let columns = columns.map(|(column, field)| in_type(column, field.data_type())).collect::<Result<_>>()?;
            let batch = table(schema.clone(), columns, batch.num_rows())?;
            self.bytes += bytes_of(&batch);
            self.batches.push(batch);
        }
        self.schema = Some(schema);
        Ok(())
    }

    /// A table like the rows that are here, but for columns that have no type here, and one there: [`Held::retype`] gives it to them.
    pub fn fitted(&self, batch: RecordBatch, keys: usize) -> Result<RecordBatch> {
        let Some(schema) = &self.schema else {
            let schema = batch.schema();
            let names: Vec<&String> = schema.fields().iter().skip(keys).map(|field| field.name()).collect();
            if let Some(twice) = names.iter().enumerate().find(|(index, name)| names[..*index].contains(name)) {
                let name = shown(twice.1, NAME);
                return Err(Error::Data(format!("two columns are named '{name}'; give each a name of its own")));
            }
            return Ok(batch);
        };
        if batch.schema_ref() == schema {
            return Ok(batch);
        }
        let is_known = |field: &FieldRef| schema.index_of(field.name()).is_ok();
        let may_lack_some = self.is_declared && batch.schema_ref().fields().iter().skip(keys).all(is_known);
        if batch.num_columns() != schema.fields().len() && !may_lack_some {
            return Err(columns_differ(&batch.schema(), schema, keys));
        }
        let (mut fields, mut columns) = (Vec::new(), Vec::new());
        for (index, before) in schema.fields().iter().enumerate() {
            // Keys are in the order in which they were asked for, values where they are.
            let place = if index < keys { Some(index) } else { batch.schema_ref().index_of(before.name()).ok() };
            let Some(place) = place else {
                if !self.is_declared {
                    return Err(columns_differ(&batch.schema(), schema, keys));
                }
                columns.push(new_null_array(before.data_type(), batch.num_rows()));
                fields.push(before.clone());
                continue;
            };
            let field = if is_untyped(before) { batch.schema_ref().fields()[place].clone() } else { before.clone() };
            columns.push(fitted(batch.column(place), batch.schema_ref().field(place), &field, self.is_declared)?);
            fields.push(field);
        }
        table(Arc::new(Schema::new(fields)), columns, batch.num_rows())
    }
}

/// A column, whose own field is `now`, as one of the field that was before; if that was declared, it holds numbers of other types.
fn fitted(column: &ArrayRef, now: &Field, before: &Field, is_declared: bool) -> Result<ArrayRef> {
    let failed = |message| Error::Data(format!("column '{}': {message}", shown(before.name(), NAME)));
    let (from, to) = (now.data_type(), before.data_type());
    let are_of_one_enum = now.metadata().get(ORDER) == before.metadata().get(ORDER) || is_untyped(now);
    if *from == DataType::Null || from == to && are_of_one_enum {
        return in_type(column, to);
    }
    // Texts are what they say, and integers what they count, whatever their type; times come to the finer unit.
    let is_number = is_declared && is_number(now) && is_number(before);
    if is_number || are_alike(from, to) || from != to && joined_times(from, to).as_ref() == Some(to) {
        return exactly(column, to).map_err(failed);
    }
    if from == to {
        return Err(failed("it is an enum of other values now than before; give it one list of values".to_owned()));
    }
    let (name, now, before) = (shown(before.name(), NAME), called(now), called(before));
    Err(Error::Data(format!(
        "column '{name}' is {now} now, and was {before} before; give it one type from the beginning"
    )))
}

/// Whether more may follow of what its values are: no type yet, or an enum of which no row has come.
fn is_untyped(field: &Field) -> bool {
    *field.data_type() == DataType::Null || field.metadata().get(ORDER).is_some_and(|order| order == NO_VALUES)
}

/// A column in a type, where one of no type has nulls.
fn in_type(column: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    match column.data_type() == data_type {
        true => Ok(column.clone()),
        false => Ok(new_null_array(data_type, column.len())),
    }
}

/// What a column is called in messages.
fn called(field: &Field) -> String {
    match field.data_type() {
        _ if field.metadata().contains_key(ORDER) => "an enum".to_owned(),
        DataType::Struct(_) => "of a type that is only counted".to_owned(),
        data_type => format!("of type {}", type_text(&described_type(data_type))),
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
