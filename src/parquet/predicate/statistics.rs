//! What Parquet's statistics tell of a column, as far as they can be trusted.
//!
//! The rules are those of the format's `ColumnOrder`, `Statistics` and `ColumnIndex`
//! (<https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift>):
//!
//! - `min_value` and `max_value`, in a footer or a page index, count only where the file declares that the column is in
//!   the order that its type defines, and where its type does define one (an INT96 timestamp's does not).
//! - The older `min` and `max` were compared as signed integers whatever the type. They count for signed INT32 and INT64.
//! - Of floats, bounds of which one is a NaN do not count. (That others leave NaNs and the sign of zero open,
//!   [`prune`](super::prune) takes care of.)
//! - A null count that is missing is unknown, except that a required column has no nulls. One that is greater than the
//!   number of rows discredits the rest.
//! - An upper bound of text may have been cut off, and not raised then: unless it is said to be exact, any text that begins with it
//!   may be there.
//! - A page that is said to hold nothing but nulls, and fewer nulls than rows, says nothing.
//! - Bounds of decimals in bytes of any number do not count: several writers compare them without their sign (apache/arrow-rs issue
//!   11073, parquet-go/parquet-go issue 592).
//! - What [a writer is known to have wrong](crate::parquet::writer_faults) does not count.
//! - Bounds count if both are there and in order, and if the column's Arrow type takes the stored values as they are:
//!   nothing that a reader casts, cuts off or reads in another unit.
//! - Only columns that are not nested have any.

use std::sync::Arc;

use arrow_array::types::{Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType};
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Date64Array, Float16Array, Float32Array, Float64Array, Int8Array, Int16Array,
    Int32Array, Int64Array, LargeStringArray, PrimitiveArray, StringArray, StringViewArray, TimestampMicrosecondArray,
    TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray, UInt8Array, UInt16Array, UInt32Array,
    UInt64Array,
};
use arrow_buffer::i256;
use arrow_schema::{DataType, TimeUnit};
use half::f16;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, RowSelection, RowSelector};
use parquet::basic::{ColumnOrder, ConvertedType, LogicalType, SortOrder, TimeUnit as ParquetUnit, Type};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnDescriptor;

use super::bind::Bound;
use super::prune::{Bounds, Hull, Pruning};
use super::values::Integer;
use crate::parquet::guard::footer::has_arrow_schema;
use crate::parquet::writer_faults::Distrust;

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// Bounds of a column in a row group, from the file's statistics. What cannot be trusted is `None`; the
/// module has the rules. `root_column` is the column's place among the file's columns.
pub fn row_group_bounds(metadata: &ArrowReaderMetadata, row_group: usize, root_column: usize) -> Bounds {
    let group = metadata.metadata().row_groups().get(row_group);
    let column = FileColumn::find(metadata, root_column);
    match (group, column) {
        (Some(group), Some(column)) => column.bounds(group),
        (group, _) => Bounds { min: None, max: None, null_count: None, rows: group.map_or(u64::MAX, rows_of) },
    }
}

/// A count that is no count is taken as the greatest one, which nothing follows from.
fn rows_of(group: &RowGroupMetaData) -> u64 {
    group.num_rows().try_into().unwrap_or(u64::MAX)
}

/// The rows of a row group that may satisfy the predicate, by the page index, if `metadata` has it, and by what is known
/// of columns that are not in the file (`others`; it is asked first, also for a column that is). `None` if nothing can
/// be left out.
pub fn select_rows(
    bound: &Bound,
    metadata: &ArrowReaderMetadata,
    row_group: usize,
    others: &dyn Fn(&str) -> Option<Bounds>,
) -> Option<RowSelection> {
    let group = metadata.metadata().row_groups().get(row_group)?;
    let rows = usize::try_from(group.num_rows()).ok()?;
    let columns = bound.columns.iter().map(|column| {
        let stretch = |bounds: &Bounds| vec![(0, Hull::of(bounds, column.kind))];
        if let Some(bounds) = others(&column.name) {
            return stretch(&bounds);
        }
        let index = metadata.schema().fields().find(&column.name).map(|(index, _)| index);
        let Some(found) = index.and_then(|index| FileColumn::find(metadata, index)) else {
            return vec![(0, Hull::default())];
        };
        match found.pages(metadata, row_group, rows) {
            Some(pages) => pages.iter().map(|(start, bounds)| (*start, Hull::of(bounds, column.kind))).collect(),
            None => stretch(&found.bounds(group)),
        }
    });
    let columns: Vec<Vec<(usize, Hull)>> = columns.collect();
    let mut starts: Vec<usize> = columns.iter().flatten().map(|(start, _)| *start).chain([0]).collect();
    starts.sort_unstable();
    starts.dedup();
    let mut pages = vec![0; columns.len()]; // the page of each column that the stretch at hand lies in
    let mut selectors: Vec<RowSelector> = Vec::new();
    for (i, &start) in starts.iter().enumerate() {
        let end = starts.get(i + 1).copied().unwrap_or(rows);
        let hulls = columns.iter().zip(&mut pages).map(|(column, page)| {
            while column.get(*page + 1).is_some_and(|(next, _)| *next <= start) {
                *page += 1;
            }
            &column[*page].1
        });
        let skip = bound.verdict(&hulls.collect::<Vec<_>>()) == Pruning::Skip;
        match selectors.last_mut() {
            Some(last) if last.skip == skip => last.row_count += end - start,
            _ => selectors.push(RowSelector { row_count: end - start, skip }),
        }
    }
    selectors.iter().any(|selector| selector.skip && selector.row_count > 0).then(|| selectors.into())
}

/// A column that is not nested, in a file.
struct FileColumn<'a> {
    /// Its place among the leaves of the file's schema.
    leaf: usize,
    descriptor: &'a ColumnDescriptor,
    order: ColumnOrder,
    /// The Arrow type of its values.
    data_type: &'a DataType,
    distrust: Distrust,
    /// Whether it may have been a dictionary of Arrow when it was written.
    may_be_dictionary: bool,
}

/// A bound as it is stored.
#[derive(Clone, Copy)]
enum Stored<'a> {
    Boolean(bool),
    Int32(i32),
    Int64(i64),
    Float(f32),
    Double(f64),
    Bytes(&'a [u8]),
}

/// Min and max as they are stored.
type StoredBounds<'a> = Option<(Stored<'a>, Stored<'a>)>;

impl<'a> FileColumn<'a> {
    fn find(metadata: &'a ArrowReaderMetadata, root_column: usize) -> Option<Self> {
        let file = metadata.metadata().file_metadata();
        let schema = file.schema_descr();
        let leaf = (0..schema.num_columns()).find(|leaf| schema.get_column_root_idx(*leaf) == root_column)?;
        let descriptor = schema.columns().get(leaf)?;
        let is_flat = schema.get_column_root(leaf).is_primitive() && descriptor.max_rep_level() == 0;
        let (data_type, is_dictionary) = match metadata.schema().fields().get(root_column)?.data_type() {
            DataType::Dictionary(_, values) => (&**values, true),
            other => (other, false),
        };
        is_flat.then_some(Self {
            leaf,
            descriptor,
            order: file.column_order(leaf),
            data_type,
            distrust: Distrust::of(file),
            may_be_dictionary: is_dictionary || !has_arrow_schema(file),
        })
    }

    fn bounds(&self, group: &RowGroupMetaData) -> Bounds {
        let rows = rows_of(group);
        let statistics = group.columns().get(self.leaf).and_then(|chunk| chunk.statistics());
        let null_count = statistics.and_then(Statistics::null_count_opt);
        let stored = statistics.filter(|statistics| {
            self.counts(statistics.is_min_max_deprecated()) && !(self.distrust.dictionaries && self.may_be_dictionary)
        });
        let is_exact = statistics.is_some_and(Statistics::max_is_exact);
        self.checked(stored.and_then(from_statistics), is_exact, null_count, rows)
    }

    /// Whether min and max count at all.
    fn counts(&self, is_deprecated: bool) -> bool {
        let physical = self.descriptor.physical_type();
        let is_integer = matches!(physical, Type::INT32 | Type::INT64);
        let from_bytes = self.data_type.is_decimal() && !is_integer;
        let Distrust { bounds, byte_decimals, unsigned, .. } = self.distrust;
        let unordered = from_bytes && (byte_decimals || physical == Type::BYTE_ARRAY);
        if bounds || unordered || unsigned && *self.data_type == DataType::UInt64 {
            return false;
        }
        match self.order {
            ColumnOrder::UNKNOWN => false,
            _ if is_deprecated => is_integer && self.descriptor.sort_order() == SortOrder::SIGNED,
            ColumnOrder::TYPE_DEFINED_ORDER(order) => order != SortOrder::UNDEFINED,
            ColumnOrder::UNDEFINED => false,
        }
    }

    fn checked(&self, stored: StoredBounds, is_max_exact: bool, null_count: Option<u64>, rows: u64) -> Bounds {
        let nothing = Bounds { min: None, max: None, null_count: None, rows };
        if null_count.is_some_and(|count| count > rows) {
            return nothing;
        }
        let null_count = match self.descriptor.max_def_level() {
            0 => Some(0),
            _ => null_count.filter(|_| !self.distrust.null_counts),
        };
        let values = stored.and_then(|(min, max)| Some((self.value(min)?, self.value(max)?)));
        let (min, mut max) = values.unzip();
        if let (Some((_, Stored::Bytes(bytes))), false) = (stored, is_max_exact)
            && self.data_type.is_string()
        {
            max = above_all_that_begin_with(bytes).and_then(|text| self.value(Stored::Bytes(text.as_bytes())));
        }
        Bounds { min, max, null_count, rows }
    }

    /// The first row of each page and its bounds. `None` if the page index does not say.
    fn pages(&self, metadata: &ArrowReaderMetadata, row_group: usize, rows: usize) -> Option<Vec<(usize, Bounds)>> {
        let metadata = metadata.metadata();
        let index = metadata.column_index()?.get(row_group)?.get(self.leaf)?;
        let locations = metadata.offset_index()?.get(row_group)?.get(self.leaf)?.page_locations();
        let starts = locations.iter().map(|location| usize::try_from(location.first_row_index).ok());
        let starts: Vec<usize> = starts.collect::<Option<_>>()?;
        let are_rows = starts.first() == Some(&0) && starts.is_sorted_by(|a, b| a < b) && *starts.last()? < rows;
        let is_none = matches!(index, ColumnIndexMetaData::NONE);
        if !are_rows || is_none || index.num_pages() != starts.len() as u64 {
            return None;
        }
        let ends = starts[1..].iter().chain([&rows]);
        let pages = starts.iter().zip(ends).enumerate().map(|(page, (start, end))| {
            let rows = (end - start) as u64;
            let is_null = index.is_null_page(page);
            let nothing = (*start, Bounds { min: None, max: None, null_count: None, rows });
            let null_count = match index.null_count(page).map(u64::try_from) {
                // A page of NaNs has no bounds either.
                Some(Ok(count)) if is_null && count < rows && !self.data_type.is_floating() => return nothing,
                Some(Ok(count)) => Some(count),
                Some(Err(_)) => return nothing,
                // A page of NaNs has no bounds either: of floats, this does not say enough.
                None if is_null && !self.data_type.is_floating() => Some(rows),
                None => None,
            };
            let stored = if self.counts(false) { from_page(index, page) } else { None };
            (*start, self.checked(stored, false, null_count, rows))
        });
        Some(pages.collect())
    }

    /// A stored bound as a value of the column's type. `None` if the type does not take it as it is.
    fn value(&self, stored: Stored) -> Option<ArrayRef> {
        use Stored::{Boolean, Bytes, Double, Float, Int32, Int64};
        let is_signed = self.descriptor.sort_order() == SortOrder::SIGNED;
        let is_bare =
            self.descriptor.logical_type_ref().is_none() && self.descriptor.converted_type() == ConvertedType::NONE;
        Some(match (self.data_type, stored) {
            (DataType::Boolean, Boolean(value)) => Arc::new(BooleanArray::from(vec![value])),
            (DataType::Int8, Int32(value)) if is_signed => Arc::new(Int8Array::from(vec![i8::try_from(value).ok()?])),
            (DataType::Int16, Int32(value)) if is_signed => {
                Arc::new(Int16Array::from(vec![i16::try_from(value).ok()?]))
            }
            (DataType::Int32, Int32(value)) if is_signed => Arc::new(Int32Array::from(vec![value])),
            (DataType::Int64, Int64(value)) if is_signed => Arc::new(Int64Array::from(vec![value])),
            (DataType::UInt8, Int32(value)) if !is_signed => {
                Arc::new(UInt8Array::from(vec![u8::try_from(value).ok()?]))
            }
            (DataType::UInt16, Int32(value)) if !is_signed => {
                Arc::new(UInt16Array::from(vec![u16::try_from(value).ok()?]))
            }
            (DataType::UInt32, Int32(value)) if !is_signed => Arc::new(UInt32Array::from(vec![value.cast_unsigned()])),
            (DataType::UInt64, Int64(value)) if !is_signed => Arc::new(UInt64Array::from(vec![value.cast_unsigned()])),
            (DataType::Float32, Float(value)) if !value.is_nan() => Arc::new(Float32Array::from(vec![value])),
            (DataType::Float64, Double(value)) if !value.is_nan() => Arc::new(Float64Array::from(vec![value])),
            (DataType::Float16, Bytes(bytes)) if self.descriptor.logical_type_ref() == Some(&LogicalType::Float16) => {
                let value = f16::from_le_bytes(bytes.try_into().ok()?);
                Some(Arc::new(Float16Array::from(vec![value]))).filter(|_| !value.is_nan())?
            }
            (DataType::Date32, Int32(value)) if is_signed => Arc::new(Date32Array::from(vec![value])),
            (DataType::Date64, Int32(value)) if is_signed => {
                Arc::new(Date64Array::from(vec![i64::from(value).checked_mul(DAY)?]))
            }
            (DataType::Date64, Int64(value)) if is_bare => Arc::new(Date64Array::from(vec![value])),
            (DataType::Timestamp(unit, zone), Int64(value)) if is_bare || self.unit() == Some(*unit) => {
                let (value, zone) = (vec![value], zone.clone());
                match unit {
                    TimeUnit::Second => Arc::new(TimestampSecondArray::from(value).with_timezone_opt(zone)),
                    TimeUnit::Millisecond => Arc::new(TimestampMillisecondArray::from(value).with_timezone_opt(zone)),
                    TimeUnit::Microsecond => Arc::new(TimestampMicrosecondArray::from(value).with_timezone_opt(zone)),
                    TimeUnit::Nanosecond => Arc::new(TimestampNanosecondArray::from(value).with_timezone_opt(zone)),
                }
            }
            (DataType::Decimal32(..), stored) => self.decimal::<Decimal32Type>(stored)?,
            (DataType::Decimal64(..), stored) => self.decimal::<Decimal64Type>(stored)?,
            (DataType::Decimal128(..), stored) => self.decimal::<Decimal128Type>(stored)?,
            (DataType::Decimal256(..), stored) => self.decimal::<Decimal256Type>(stored)?,
            (DataType::Utf8, Bytes(bytes)) => Arc::new(StringArray::from(vec![self.text(bytes)?])),
            (DataType::LargeUtf8, Bytes(bytes)) => Arc::new(LargeStringArray::from(vec![self.text(bytes)?])),
            (DataType::Utf8View, Bytes(bytes)) => Arc::new(StringViewArray::from(vec![self.text(bytes)?])),
            _ => return None,
        })
    }

    /// The unit that the file declares for timestamps.
    fn unit(&self) -> Option<TimeUnit> {
        match (self.descriptor.logical_type_ref(), self.descriptor.converted_type()) {
            (Some(LogicalType::Timestamp(timestamp)), _) => Some(match timestamp.unit {
                ParquetUnit::MILLIS => TimeUnit::Millisecond,
                ParquetUnit::MICROS => TimeUnit::Microsecond,
                ParquetUnit::NANOS => TimeUnit::Nanosecond,
            }),
            (None, ConvertedType::TIMESTAMP_MILLIS) => Some(TimeUnit::Millisecond),
            (None, ConvertedType::TIMESTAMP_MICROS) => Some(TimeUnit::Microsecond),
            _ => None,
        }
    }

    /// Text is ordered by its unsigned bytes, as `str` is.
    fn text<'b>(&self, bytes: &'b [u8]) -> Option<&'b str> {
        let is_ordered = self.descriptor.sort_order() == SortOrder::UNSIGNED;
        let text = std::str::from_utf8(bytes).ok();
        text.filter(|_| is_ordered && self.descriptor.physical_type() == Type::BYTE_ARRAY)
    }

    fn decimal<T: DecimalType<Native: Integer>>(&self, stored: Stored) -> Option<ArrayRef> {
        let is_decimal = matches!(self.descriptor.logical_type_ref(), Some(LogicalType::Decimal(_)))
            || self.descriptor.converted_type() == ConvertedType::DECIMAL;
        let scale = match self.descriptor.logical_type_ref() {
            Some(LogicalType::Decimal(decimal)) => decimal.scale,
            _ => self.descriptor.type_scale(),
        };
        let (precision, arrow_scale) = match *self.data_type {
            DataType::Decimal32(precision, scale)
            | DataType::Decimal64(precision, scale)
            | DataType::Decimal128(precision, scale)
            | DataType::Decimal256(precision, scale) => (precision, scale),
            _ => return None,
        };
        if !is_decimal || i32::from(arrow_scale) != scale {
            return None;
        }
        let value = match stored {
            Stored::Int32(value) => i256::from_i128(value.into()),
            Stored::Int64(value) => i256::from_i128(value.into()),
            Stored::Bytes(bytes) => signed_big_endian(bytes)?,
            _ => return None,
        };
        let value = PrimitiveArray::<T>::from_iter_values([T::Native::narrowed(value)?]);
        Some(Arc::new(value.with_precision_and_scale(precision, arrow_scale).ok()?))
    }
}

/// A text that is above every text that begins with this one; `None` if there is none.
fn above_all_that_begin_with(bytes: &[u8]) -> Option<String> {
    let mut text = std::str::from_utf8(bytes).ok()?.to_owned();
    while let Some(last) = text.pop() {
        // Code points are in the order of their bytes; the range passes over those that are no characters.
        if let Some(next) = (last..=char::MAX).nth(1) {
            text.push(next);
            return Some(text);
        }
    }
    None
}

/// A number in two's complement, its most significant byte first.
fn signed_big_endian(bytes: &[u8]) -> Option<i256> {
    let fill = if *bytes.first()? >= 0x80 { 0xff } else { 0 };
    let mut whole = [fill; 32];
    let start = whole.len().checked_sub(bytes.len())?;
    whole[start..].copy_from_slice(bytes);
    Some(i256::from_be_bytes(whole))
}

fn from_statistics(statistics: &Statistics) -> StoredBounds<'_> {
    Some(match statistics {
        Statistics::Boolean(of) => (Stored::Boolean(*of.min_opt()?), Stored::Boolean(*of.max_opt()?)),
        Statistics::Int32(of) => (Stored::Int32(*of.min_opt()?), Stored::Int32(*of.max_opt()?)),
        Statistics::Int64(of) => (Stored::Int64(*of.min_opt()?), Stored::Int64(*of.max_opt()?)),
        Statistics::Float(of) => (Stored::Float(*of.min_opt()?), Stored::Float(*of.max_opt()?)),
        Statistics::Double(of) => (Stored::Double(*of.min_opt()?), Stored::Double(*of.max_opt()?)),
        Statistics::ByteArray(_) | Statistics::FixedLenByteArray(_) => {
            (Stored::Bytes(statistics.min_bytes_opt()?), Stored::Bytes(statistics.max_bytes_opt()?))
        }
        Statistics::Int96(_) => return None,
    })
}

fn from_page(index: &ColumnIndexMetaData, page: usize) -> StoredBounds<'_> {
    use ColumnIndexMetaData as Index;
    Some(match index {
        Index::BOOLEAN(of) => (Stored::Boolean(*of.min_value(page)?), Stored::Boolean(*of.max_value(page)?)),
        Index::INT32(of) => (Stored::Int32(*of.min_value(page)?), Stored::Int32(*of.max_value(page)?)),
        Index::INT64(of) => (Stored::Int64(*of.min_value(page)?), Stored::Int64(*of.max_value(page)?)),
        Index::FLOAT(of) => (Stored::Float(*of.min_value(page)?), Stored::Float(*of.max_value(page)?)),
        Index::DOUBLE(of) => (Stored::Double(*of.min_value(page)?), Stored::Double(*of.max_value(page)?)),
        Index::BYTE_ARRAY(of) => (Stored::Bytes(of.min_value(page)?), Stored::Bytes(of.max_value(page)?)),
        Index::FIXED_LEN_BYTE_ARRAY(of) => (Stored::Bytes(of.min_value(page)?), Stored::Bytes(of.max_value(page)?)),
        Index::NONE | Index::INT96(_) => return None,
    })
}
