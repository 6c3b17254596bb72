//! The keys of groups: as bytes that are in the order of the keys, and as what tells a key's bucket.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, new_null_array};
use arrow_schema::{DataType, Field, FieldRef, Schema};

use super::columns::failed;
use super::held::table;
use crate::error::{Error, Result};
use crate::keys::encoder;
use crate::series::exact_cast::{exactly, strict_cast};

/// Keys as bytes that are in their order.
pub(super) fn encoded(keys: &RecordBatch) -> Result<Vec<Box<[u8]>>> {
    let encoded = encoder(keys.schema().fields())?.convert_columns(keys.columns()).map_err(failed)?;
    Ok(encoded.iter().map(|key| key.as_ref().into()).collect())
}

/// Keys of these fields that [`encoded`] has made bytes of.
pub(super) fn decoded<'a>(keys: impl Iterator<Item = &'a [u8]>, fields: Vec<FieldRef>) -> Result<RecordBatch> {
    let encoder = encoder(&fields)?;
    let (parser, mut rows) = (encoder.parser(), 0);
    let columns = encoder.convert_rows(keys.inspect(|_| rows += 1).map(|key| parser.parse(key))).map_err(failed)?;
    table(Arc::new(Schema::new(fields)), columns, rows)
}

/// Keys in the types of these fields, which hold them; those that had no type are nulls.
pub(super) fn retyped(keys: &RecordBatch, fields: &[FieldRef]) -> Result<RecordBatch> {
    let in_type = |(column, field): (&ArrayRef, &FieldRef)| match column.data_type() {
        DataType::Null => Ok(new_null_array(field.data_type(), column.len())),
        _ => exactly(column, field.data_type()).map_err(Error::Data),
    };
    let columns = keys.columns().iter().zip(fields).map(in_type).collect::<Result<_>>()?;
    table(Arc::new(Schema::new(fields.to_vec())), columns, keys.num_rows())
}

/// For each key the bucket that it belongs to, from 0 to `buckets` - 1. Keys of equal values have one bucket, whatever types the columns of their part
/// have: integers of any width, and nulls also in a column of type null.
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
