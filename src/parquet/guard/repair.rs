//! Footers that other readers read and the parquet crate refuses, written anew without what is in the way.
//!
//! - A field of another type than its number has: readers that Thrift generates pass over it.
//! - A column that does not say whether it may be null: it may not.
//! - A type of a column that no release of the format has (`ConvertedType` 24, which pandas wrote for columns of nulls before 2020), or that
//!   does not fit what the column is made of (a decimal without scale, an INTERVAL of another kind, an ENUM that is said to be text): the
//!   column is read as what it is made of, or by that part of its type which fits.

use parquet::arrow::parquet_to_arrow_schema;
use parquet::file::metadata::ParquetMetaDataReader;

use crate::parquet::guard::format::FILE_METADATA;
use crate::parquet::guard::thrift::{Fault, RawField, rewritten, structure};

/// Numbers of the fields of a node of the schema.
mod field {
    pub const REPETITION: i16 = 3;
    pub const NAME: i16 = 4;
    pub const CHILDREN: i16 = 5;
    pub const CONVERTED_TYPE: i16 = 6;
    pub const SCALE: i16 = 7;
    pub const PRECISION: i16 = 8;
    pub const LOGICAL_TYPE: i16 = 10;
}

/// The number of a decimal among the converted types.
const DECIMAL: i64 = 5;

/// The longest footer that is repaired: its fields are copied one by one.
const LONGEST: usize = 1 << 26;

/// A footer without what the crate refuses and others do not, `None` if there is nothing of that kind.
pub fn repaired(footer: &[u8]) -> Option<Vec<u8>> {
    if footer.len() > LONGEST {
        return None;
    }
    let repaired = repair(footer).ok()?;
    (repaired != footer).then_some(repaired)
}

fn repair(footer: &[u8]) -> Result<Vec<u8>, Fault> {
    rewritten(footer, &FILE_METADATA, &mut |shape, fields| {
        if shape.name == "SchemaElement" && !is_taken(fields) {
            let others = readings(fields);
            if let Some(reading) = others.into_iter().find(|reading| is_taken(reading)) {
                *fields = reading;
            }
        }
    })
}

/// What a node of the schema may be taken for, the fullest first.
fn readings(fields: &[RawField]) -> Vec<Vec<RawField>> {
    let without = |fields: &[RawField], numbers: &[i16]| -> Vec<RawField> {
        fields.iter().filter(|field| !numbers.contains(&field.number)).cloned().collect()
    };
    let is_decimal = |field: &RawField| field.number == field::CONVERTED_TYPE && field.value() == Some(DECIMAL);
    let mut readings = Vec::new();
    if !fields.iter().any(|field| field.number == field::REPETITION) {
        // What is not said to be optional is required.
        let mut required = fields.to_vec();
        let place = required.partition_point(|field| field.number < field::REPETITION);
        required.insert(place, RawField::integer(field::REPETITION, 0));
        readings.push(required);
    }
    if fields.iter().any(is_decimal) && !fields.iter().any(|field| field.number == field::SCALE) {
        // A scale that is not given is 0.
        let mut scaled = fields.to_vec();
        let place = scaled.partition_point(|field| field.number < field::SCALE);
        scaled.insert(place, RawField::integer(field::SCALE, 0));
        readings.push(scaled);
    }
    let converted = [field::CONVERTED_TYPE, field::SCALE, field::PRECISION];
    readings.push(without(fields, &[field::LOGICAL_TYPE]));
    readings.push(without(fields, &converted));
    readings.push(without(&without(fields, &converted), &[field::LOGICAL_TYPE]));
    readings
}

/// Whether the crate takes a node of the schema, and has an Arrow type for it.
fn is_taken(fields: &[RawField]) -> bool {
    let is_group = fields.iter().any(|field| field.number == field::CHILDREN && field.value() > Some(0));
    let mut node = fields.to_vec();
    let mut nodes = vec![structure(&[RawField::binary(field::NAME, b"schema"), RawField::integer(field::CHILDREN, 1)])];
    if is_group {
        let one_child = |field: &mut RawField| {
            if field.number == field::CHILDREN {
                *field = RawField::integer(field::CHILDREN, 1);
            }
        };
        node.iter_mut().for_each(one_child);
    }
    nodes.push(structure(&node));
    if is_group {
        // An optional INT32.
        let child = [RawField::integer(1, 1), RawField::integer(3, 1), RawField::binary(field::NAME, b"x")];
        nodes.push(structure(&child));
    }
    let version = RawField::integer(1, 1);
    let rows = RawField::long(3, 0);
    let footer = structure(&[version, RawField::structs(2, &nodes), rows, RawField::structs(4, &[])]);
    let decoded = ParquetMetaDataReader::decode_metadata(&footer);
    // A group is no more than what is in it.
    decoded
        .is_ok_and(|decoded| is_group || parquet_to_arrow_schema(decoded.file_metadata().schema_descr(), None).is_ok())
}
