//! Arrow arrays as values and nulls.
//!
//! Float64 (and 64-bit integers in their own repr) is handed on as the slice that it is, with the bits of its validity.
//! Other types are converted as they are read, one block at a time.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use arrow_array::cast::AsArray;
use arrow_array::downcast_run_array;
use arrow_array::types::*;
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, Float64Array, PrimitiveArray, RunArray, UInt32Array, UInt64Array,
};
use arrow_buffer::{ArrowNativeType, NullBuffer, i256};
use arrow_schema::DataType;
use arrow_select::take::{TakeOptions, take};

use super::repr::{Element, Kind};
use super::sink::Sink;
use crate::arch::Tier;
use crate::error::{Error, Result};
use crate::num::decimal::Decimal;
use crate::scan::BLOCK;
use crate::series::type_names::type_text;
use crate::threads::Threads;

/// Rows that one thread puts to their places at a time.
const PUT_TOGETHER: usize = 1 << 14;

/// The values of an array that needs no conversion; nulls have some value too.
pub fn as_they_are<T: Element>(array: &dyn Array) -> Option<&[T]> {
    match array.data_type() {
        DataType::Float64 => T::floats(array.as_primitive::<Float64Type>().values()),
        DataType::Int64 => T::signed(array.as_primitive::<Int64Type>().values()),
        DataType::UInt64 => T::unsigned(array.as_primitive::<UInt64Type>().values()),
        _ => None,
    }
}

/// Hands the values and nulls of `array` to `sink`, values in the order of the rows.
///
/// # Errors
///
/// [`Error::Data`] for a type whose values `T` does not hold exactly, and for dictionary keys that lead nowhere.
pub fn read<T: Element>(array: &dyn Array, sink: &mut impl Sink<T>) -> Result<()> {
    let data_type = array.data_type();
    if *data_type == DataType::Null {
        sink.nulls(array.len() as u64);
        return Ok(());
    }
    if !Kind::of(data_type).is_some_and(|kind| T::REPR.holds(kind)) {
        return Err(Error::Data(format!("type {} is no exact {:?}", type_text(data_type), T::REPR)));
    }
    match data_type {
        DataType::Float64 => plain::<Float64Type, T>(array, sink, T::floats, T::from_float),
        DataType::Float32 => primitive::<Float32Type, T>(array, sink, |x| T::from_float(x.into())),
        DataType::Float16 => primitive::<Float16Type, T>(array, sink, |x| T::from_float(x.into())),
        DataType::Int64 => plain::<Int64Type, T>(array, sink, T::signed, T::from_signed),
        DataType::Int32 => primitive::<Int32Type, T>(array, sink, |x| T::from_signed(x.into())),
        DataType::Int16 => primitive::<Int16Type, T>(array, sink, |x| T::from_signed(x.into())),
        DataType::Int8 => primitive::<Int8Type, T>(array, sink, |x| T::from_signed(x.into())),
        DataType::UInt64 => plain::<UInt64Type, T>(array, sink, T::unsigned, T::from_unsigned),
        DataType::UInt32 => primitive::<UInt32Type, T>(array, sink, |x| T::from_signed(x.into())),
        DataType::UInt16 => primitive::<UInt16Type, T>(array, sink, |x| T::from_signed(x.into())),
        DataType::UInt8 => primitive::<UInt8Type, T>(array, sink, |x| T::from_signed(x.into())),
        DataType::Decimal32(_, scale) => {
            let scale = (*scale).into();
            primitive::<Decimal32Type, T>(array, sink, |x| decimal(i256::from(x), scale));
        }
        DataType::Decimal64(_, scale) => {
            let scale = (*scale).into();
            primitive::<Decimal64Type, T>(array, sink, |x| decimal(i256::from(x), scale));
        }
        DataType::Decimal128(_, scale) => {
            let scale = (*scale).into();
            primitive::<Decimal128Type, T>(array, sink, |x| decimal(i256::from_i128(x), scale));
        }
        DataType::Decimal256(_, scale) => {
            let scale = (*scale).into();
            primitive::<Decimal256Type, T>(array, sink, |x| decimal(x, scale));
        }
        DataType::Boolean => {
            let bits = array.as_boolean();
            let value = |row| T::from_signed(bits.value(row).into());
            let mut block = [T::from_signed(0); BLOCK];
            blocks(array.len(), nulls(array), sink, |rows, valid, sink| {
                let block = &mut block[..rows.len()];
                block.iter_mut().zip(rows).for_each(|(to, row)| *to = value(row));
                match valid {
                    None => sink.values(block),
                    Some(valid) => sink.valid(block, valid),
                }
            });
        }
        DataType::Dictionary(..) => return dictionary(array, sink),
        DataType::RunEndEncoded(..) => return runs(array, sink),
        // `Kind::of` knows no other.
        _ => return Err(Error::Data(format!("type {} holds no numbers", type_text(data_type)))),
    }
    Ok(())
}

fn decimal<T: Element>(value: i256, scale: i16) -> T {
    let bytes = value.wrapping_abs().to_le_bytes();
    let mut magnitude = [0; 4];
    for (limb, bytes) in magnitude.iter_mut().zip(bytes.as_chunks().0) {
        *limb = u64::from_le_bytes(*bytes);
    }
    T::from_decimal(Decimal { negative: value.is_negative(), magnitude, scale })
}

/// An array whose values may need no conversion.
fn plain<P: ArrowPrimitiveType, T: Element>(
    array: &dyn Array,
    sink: &mut impl Sink<T>,
    as_they_are: impl for<'a> Fn(&'a [P::Native]) -> Option<&'a [T]>,
    convert: impl Fn(P::Native) -> T + Copy,
) {
    let values: &PrimitiveArray<P> = array.as_primitive();
    let Some(values) = as_they_are(values.values()) else {
        return primitive::<P, T>(array, sink, convert);
    };
    match nulls(array) {
        None => sink.values(values),
        Some(validity) => blocks(values.len(), Some(validity), sink, |rows, valid, sink| match valid {
            None => sink.values(&values[rows]),
            Some(valid) => sink.valid(&values[rows], valid),
        }),
    }
}

fn primitive<P: ArrowPrimitiveType, T: Element>(
    array: &dyn Array,
    sink: &mut impl Sink<T>,
    convert: impl Fn(P::Native) -> T + Copy,
) {
    let values = array.as_primitive::<P>().values();
    let tier = Tier::best();
    let mut block = [T::from_signed(0); BLOCK];
    blocks(values.len(), nulls(array), sink, |rows, valid, sink| {
        let block = &mut block[..rows.len()];
        tier.convert(&values[rows], block, convert);
        match valid {
            None => sink.values(block),
            Some(valid) => sink.valid(block, valid),
        }
    });
}

/// The validity of an array that has nulls.
fn nulls(array: &dyn Array) -> Option<&NullBuffer> {
    array.nulls().filter(|nulls| nulls.null_count() > 0)
}

/// Visits the rows block by block, each with the bits of its validity if some of it is null; and counts the nulls.
fn blocks<T, S: Sink<T>>(
    rows: usize,
    validity: Option<&NullBuffer>,
    sink: &mut S,
    mut visit: impl FnMut(Range<usize>, Option<&[u8]>, &mut S),
) {
    for start in (0..rows).step_by(BLOCK) {
        let block = start..rows.min(start + BLOCK);
        let Some(validity) = validity else {
            visit(block, None, sink);
            continue;
        };
        let mut bytes = [0; BLOCK / 8];
        let chunks = validity.inner().slice(start, block.len());
        let chunks = chunks.bit_chunks();
        let mut count = 0;
        for (bytes, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(chunks.iter_padded()) {
            count += word.count_ones() as usize;
            *bytes = word.to_le_bytes();
        }
        match count {
            0 => {}
            _ if count == block.len() => visit(block, None, sink),
            _ => visit(block, Some(&bytes), sink),
        }
    }
    sink.nulls(validity.map_or(0, NullBuffer::null_count) as u64);
}

/// One block of values on their way to a sink.
struct Buffer<'a, T, S> {
    values: Vec<T>,
    sink: &'a mut S,
}

impl<'a, T: Copy, S: Sink<T>> Buffer<'a, T, S> {
    fn new(sink: &'a mut S) -> Self {
        let values = Vec::with_capacity(BLOCK);
        Self { values, sink }
    }

    #[inline]
    fn push(&mut self, value: T) {
        if self.values.len() == BLOCK {
            self.flush();
        }
        self.values.push(value);
    }

    fn flush(&mut self) {
        self.sink.values(&self.values);
        self.values.clear();
    }
}

/// The values at these rows, without nulls.
///
/// # Errors
///
/// As [`read`].
pub fn pick<T: Element>(array: &dyn Array, rows: impl Iterator<Item = usize>, values: &mut Vec<T>) -> Result<()> {
    if let Some(all) = as_they_are::<T>(array).filter(|_| array.null_count() == 0) {
        // Beforehand, so that room is made for all at once, and loads follow each other closely: most of them miss the caches.
        let rows: Vec<usize> = rows.filter(|row| *row < all.len()).collect();
        values.extend(rows.iter().map(|&row| all[row]));
        return Ok(());
    }
    let rows = UInt64Array::from_iter_values(rows.map(|row| row as u64));
    let picked = take(array, &rows, None).map_err(|error| Error::Data(error.to_string()))?;
    read(&picked, values)
}

/// These rows of an array; those of one without nulls that needs no conversion are copied by hand, at twice the speed.
///
/// # Errors
///
/// [`Error::Data`] for a row that is not there.
pub fn take_rows(array: &ArrayRef, rows: &[u32]) -> Result<ArrayRef> {
    if let (DataType::Float64, 0) = (array.data_type(), array.null_count()) {
        let values: &[f64] = array.as_primitive::<Float64Type>().values();
        // Beforehand, so that room is made for all at once, and loads follow each other closely: most of them miss the caches.
        // Not `max()`, which calls a comparison for each row.
        let last = rows.iter().fold(0, |last, &row| last.max(row));
        if !rows.is_empty() && last as usize >= values.len() {
            return Err(Error::Data("a row beyond the end of the data".to_owned()));
        }
        let taken: Vec<f64> = rows.iter().map(|&row| values[row as usize]).collect();
        return Ok(Arc::new(Float64Array::from(taken)));
    }
    let rows = UInt32Array::from_iter_values(rows.iter().copied());
    let checked = Some(TakeOptions { check_bounds: true });
    take(array, &rows, checked).map_err(|error| Error::Data(error.to_string()))
}

/// The same of all rows, of each of which `indices` has the index among `rows`. What is not converted is written in the order in which it is read:
/// the rows of some groups are as many sequences, which stay in the caches, while each row that is looked for is missing from them.
///
/// # Errors
///
/// As those of [`take_rows`].
pub fn put_rows(array: &ArrayRef, rows: &[u32], indices: &[u32]) -> Result<ArrayRef> {
    if array.data_type() != &DataType::Float64 || array.null_count() > 0 || array.len() != indices.len() {
        return take_rows(array, rows);
    }
    let values: &[f64] = array.as_primitive::<Float64Type>().values();
    let threads = Threads::for_values(values.len());
    let places: Vec<AtomicU64> = threads.zeros(values.len());
    let parts: Vec<_> = values.chunks(PUT_TOGETHER).zip(indices.chunks(PUT_TOGETHER)).collect();
    threads.map_items(parts, |(values, indices): (&[f64], &[u32])| {
        for (value, &index) in values.iter().zip(indices) {
            places[index as usize].store(value.to_bits(), Relaxed);
        }
    });
    let put = places.into_iter().map(|bits| f64::from_bits(bits.into_inner()));
    Ok(Arc::new(Float64Array::from(put.collect::<Vec<_>>())))
}

/// A dictionary, by its values in the order of its keys.
fn dictionary<T: Element>(array: &dyn Array, sink: &mut impl Sink<T>) -> Result<()> {
    let dictionary = array.as_any_dictionary();
    let checked = Some(TakeOptions { check_bounds: true });
    let values = take(dictionary.values(), dictionary.keys(), checked);
    read(&values.map_err(|error| Error::Data(format!("damaged dictionary: {error}")))?, sink)
}

fn runs<T: Element>(array: &dyn Array, sink: &mut impl Sink<T>) -> Result<()> {
    downcast_run_array!(
        array => read_runs(array, sink),
        other => Err(Error::Data(format!("type {other} is not run-end encoded"))),
    )
}

fn read_runs<R: RunEndIndexType, T: Element>(array: &RunArray<R>, sink: &mut impl Sink<T>) -> Result<()> {
    if array.is_empty() {
        return Ok(());
    }
    let (first, last) = (array.get_start_physical_index(), array.get_end_physical_index());
    let values = array.values().slice(first, last + 1 - first);
    let mut valid = Vec::with_capacity(values.len());
    read::<T>(&values, &mut valid)?;
    let mut valid = valid.into_iter();
    let nulls = values.logical_nulls();
    let (mut row, end) = (array.offset(), array.offset() + array.len());
    let mut null_count = 0;
    let mut buffer = Buffer::new(sink);
    for (index, run_end) in array.run_ends().values()[first..=last].iter().enumerate() {
        let run_end = run_end.as_usize().min(end);
        let length = run_end.saturating_sub(row);
        let is_null = nulls.as_ref().is_some_and(|nulls| nulls.is_null(index));
        let value = if is_null { None } else { valid.next() };
        match value {
            Some(value) => (0..length).for_each(|_| buffer.push(value)),
            None => null_count += length as u64,
        }
        row = row.max(run_end);
    }
    buffer.flush();
    sink.nulls(null_count);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::number::Number;
    use crate::stats::value::Value;
    use arrow_array::*;

    #[derive(Default)]
    struct Seen {
        values: Vec<f64>,
        nulls: u64,
    }

    impl<T: Value> Sink<T> for Seen {
        fn values(&mut self, values: &[T]) {
            self.values.extend(values.iter().map(|value| value.nearest()));
        }
        fn valid(&mut self, values: &[T], valid: &[u8]) {
            let there = values.iter().enumerate().filter(|(row, _)| valid[row / 8] >> (row % 8) & 1 == 1);
            self.values.extend(there.map(|(_, value)| value.nearest()));
        }
        fn nulls(&mut self, count: u64) {
            self.nulls += count;
        }
    }

    fn check<T: Element>(array: &dyn Array, values: &[f64], nulls: u64) {
        let mut seen = Seen::default();
        read::<T>(array, &mut seen).unwrap();
        assert_eq!((seen.values.as_slice(), seen.nulls), (values, nulls), "{}", array.data_type());
        // A slice of it, and the part before and after: together the same.
        for cut in 0..=array.len() {
            let mut seen = Seen::default();
            read::<T>(&array.slice(0, cut), &mut seen).unwrap();
            read::<T>(&array.slice(cut, array.len() - cut), &mut seen).unwrap();
            assert_eq!((seen.values.as_slice(), seen.nulls), (values, nulls));
        }
    }

    #[test]
    fn every_type_with_nulls_and_slices() {
        let values = [3.0, 1.0, 2.0];
        macro_rules! primitive {
            ($($array:ident $native:ty),*) => {$(
                let array = $array::from(vec![Some(3 as $native), None, Some(1 as $native), Some(2 as $native), None]);
                check::<Number>(&array, &values, 2);
                if Repr::Float.holds(Kind::of(array.data_type()).unwrap()) {
                    check::<f64>(&array, &values, 2);
                }
            )*};
        }
        use super::super::repr::Repr;
        primitive!(Float64Array f64, Float32Array f32, Int64Array i64, Int32Array i32, Int16Array i16, Int8Array i8,
            UInt64Array u64, UInt32Array u32, UInt16Array u16, UInt8Array u8);
        let half = |x: f32| Some(half::f16::from_f32(x));
        check::<f64>(&Float16Array::from(vec![half(3.0), None, half(1.0), half(2.0)]), &values, 1);
        check::<f64>(&BooleanArray::from(vec![Some(true), None, Some(false)]), &[1.0, 0.0], 1);
        check::<i64>(&Int64Array::from(vec![Some(3), None, Some(1), Some(2)]), &values, 1);
        check::<u64>(&UInt64Array::from(vec![3, 1, 2]), &values, 0);
    }

    #[test]
    fn decimals_of_every_width_and_sign() {
        let expected = [-1.5, 0.25];
        let array = Decimal32Array::from(vec![Some(-150), None, Some(25)]);
        check::<Number>(&array.with_precision_and_scale(9, 2).unwrap(), &expected, 1);
        let array = Decimal64Array::from(vec![Some(-150), None, Some(25)]);
        check::<Number>(&array.with_precision_and_scale(18, 2).unwrap(), &expected, 1);
        let array = Decimal128Array::from(vec![Some(-150), None, Some(25)]);
        check::<Number>(&array.with_precision_and_scale(38, 2).unwrap(), &expected, 1);
        let wide = |x: i128| Some(i256::from_i128(x));
        let array = Decimal256Array::from(vec![wide(-150), None, wide(25)]);
        check::<Number>(&array.with_precision_and_scale(76, 2).unwrap(), &expected, 1);
        let array = Decimal128Array::from(vec![2]).with_precision_and_scale(5, -3).unwrap();
        check::<Number>(&array, &[2000.0], 0);
    }

    #[test]
    fn dictionaries_and_runs_are_of_their_values() {
        let keys = Int8Array::from(vec![Some(2), None, Some(0), Some(1), Some(2)]);
        let values = Arc::new(Float64Array::from(vec![Some(0.5), None, Some(2.5)]));
        let array = DictionaryArray::new(keys, values);
        check::<f64>(&array, &[2.5, 0.5, 2.5], 2);
        let ends = Int32Array::from(vec![2, 3, 2003]);
        let values = Int32Array::from(vec![Some(7), None, Some(-1)]);
        let array = RunArray::<Int32Type>::try_new(&ends, &values).unwrap();
        let mut expected = vec![7.0, 7.0];
        expected.extend([-1.0; 2000]);
        check::<f64>(&array, &expected, 1);
    }

    #[test]
    fn what_a_repr_does_not_hold_is_refused() {
        let mut seen = Seen::default();
        assert!(read::<f64>(&Int64Array::from(vec![1]), &mut seen).is_err());
        assert!(read::<Number>(&StringArray::from(vec!["a"]), &mut seen).is_err());
    }
}
