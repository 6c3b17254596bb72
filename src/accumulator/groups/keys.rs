//! The keys of groups: as bytes that are in the order of the keys, and as what tells a key's bucket.

use std::mem::take;
use std::sync::Arc;

use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, Field, FieldRef, Schema, SchemaRef};

use super::GroupedAccumulator;
use super::held::{failed, in_type, table};
use crate::error::Result;
use crate::keys::encoder;
use crate::series::exact_cast::strict_cast;

impl GroupedAccumulator {
    /// Keys as bytes.
    pub(super) fn encoded(&self, keys: &RecordBatch) -> Result<Vec<Box<[u8]>>> {
        let encoded = encoder(keys.schema().fields())?.convert_columns(keys.columns()).map_err(failed)?;
        Ok(encoded.iter().map(|key| key.as_ref().into()).collect())
    }

    /// The fields of the keys, once there were rows.
    pub(super) fn key_fields(&self) -> Vec<FieldRef> {
        self.held.schema.iter().flat_map(|schema| schema.fields().iter().take(self.by.len())).cloned().collect()
    }

    /// The keys with many rows, in the order of the table.
    pub(super) fn keys_of_many(&self) -> Result<RecordBatch> {
        let fields = self.key_fields();
        let encoder = encoder(&fields)?;
        let parser = encoder.parser();
        let columns = encoder.convert_rows(self.many.keys().map(|key| parser.parse(key))).map_err(failed)?;
        table(Arc::new(Schema::new(fields)), columns, self.many.len())
    }

    /// The same rows in columns of which some have a type that they had not before.
    pub(super) fn retype(&mut self, schema: SchemaRef) -> Result<()> {
        let now = &schema.fields()[..self.by.len()];
        let is_same = self.many.is_empty() || self.key_fields() == *now;
        let keys = if is_same { None } else { Some(retyped(&self.keys_of_many()?, now)?) };
        self.held.retype(schema)?;
        if let Some(keys) = keys {
            let encoded = self.encoded(&keys)?;
            self.many = encoded.into_iter().zip(take(&mut self.many).into_values()).collect();
        }
        Ok(())
    }
}

/// Keys in the types of these fields, where those that had no type have nulls.
pub(super) fn retyped(keys: &RecordBatch, fields: &[FieldRef]) -> Result<RecordBatch> {
    let columns = keys.columns().iter().zip(fields);
    let columns = columns.map(|(column, field)| in_type(column, field.data_type())).collect::<Result<_>>()?;
    table(Arc::new(Schema::new(fields.to_vec())), columns, keys.num_rows())
}

/// Which of so many buckets each key belongs to. It is told by the values alone: an integer has the same in every width, and a null also where all
/// are null and the column has no type.
pub(super) fn buckets(keys: &RecordBatch, buckets: u32) -> Result<Vec<usize>> {
    let mut hashes = vec![crc32fast::Hasher::new(); keys.num_rows()];
    for (field, column) in keys.schema().fields().iter().zip(keys.columns()) {
        let column = match field.data_type().is_signed_integer() {
            true => strict_cast(column, &DataType::Int64).map_err(failed)?,
            false => column.clone(),
        };
        let nulls = column.logical_nulls();
        let field = Arc::new(Field::new(field.name(), column.data_type().clone(), true));
        let encoded = encoder(&[field])?.convert_columns(&[column]).map_err(failed)?;
        for (row, (hash, value)) in hashes.iter_mut().zip(&encoded).enumerate() {
            let is_null = nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
            hash.update(&[u8::from(is_null)]);
            hash.update(if is_null { &[] } else { value.data() });
        }
    }
    Ok(hashes.into_iter().map(|hash| (hash.finalize() % buckets) as usize).collect())
}
