//! Which rows of a batch a predicate keeps.

use std::cmp::Ordering;

use arrow_arith::boolean::{and_kleene, not, or_kleene};
use arrow_array::array::AnyDictionaryArray;
use arrow_array::cast::AsArray;
use arrow_array::types::ArrowPrimitiveType;
use arrow_array::{Array, ArrayRef, BooleanArray, PrimitiveArray, RecordBatch};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, i256};
use arrow_schema::ArrowError;
use arrow_select::take::take;

use super::arithmetic::Formula;
use super::bind::{Bound, Node, Outside, Set, Within};
use super::like::Pattern;
use super::number::Number;
use super::ranges::{Ordered, Relation};
use super::values::{Cell, Float, Integer, ValueType, Visitor, cells};
use crate::error::{Error, Result};
use crate::series::type_names::type_text;

impl Bound {
    /// Which rows to keep: true where the predicate is, false where it is false or unknown; no nulls. Columns are found
    /// by name; of several that share one, it is the first.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchColumn`] for a column that the batch lacks, [`Error::Data`] for one that is of another type than
    /// it was bound to.
    pub fn evaluate(&self, batch: &RecordBatch) -> Result<BooleanArray> {
        let columns = self.columns.iter().map(|column| {
            let array = batch.column_by_name(&column.name).ok_or_else(|| Error::NoSuchColumn {
                name: column.name.clone(),
                available: batch.schema().fields().iter().map(|field| field.name().clone()).collect(),
            })?;
            if ValueType::of(array.data_type()) != column.kind {
                let (name, data_type) = (&column.name, type_text(array.data_type()));
                let kind = column.kind.name();
                return Err(Error::Data(format!(
                    "column '{name}' is of type {data_type} here, but the predicate was bound to one that is {kind}"
                )));
            }
            Ok(array)
        });
        let rows = Columns { columns: columns.collect::<Result<_>>()?, count: batch.num_rows() };
        let (values, nulls) = rows.evaluate(&self.root)?.into_parts();
        let kept = match nulls {
            Some(known) => &values & known.inner(),
            None => values,
        };
        Ok(BooleanArray::new(kept, None))
    }
}

struct Columns<'a> {
    columns: Vec<&'a ArrayRef>,
    count: usize,
}

impl Columns<'_> {
    /// The answer of each row; null is unknown.
    fn evaluate(&self, node: &Node) -> Result<BooleanArray> {
        match node {
            Node::Constant(Some(true)) => Ok(BooleanArray::new(BooleanBuffer::new_set(self.count), None)),
            Node::Constant(Some(false)) => Ok(BooleanArray::new(BooleanBuffer::new_unset(self.count), None)),
            Node::Constant(None) => Ok(BooleanArray::new_null(self.count)),
            Node::IsNull { column, negated } => {
                let is_there = self.columns[*column].logical_nulls().map(NullBuffer::into_inner);
                let is_there = is_there.unwrap_or_else(|| BooleanBuffer::new_set(self.count));
                Ok(BooleanArray::new(if *negated { is_there } else { !&is_there }, None))
            }
            Node::Within(within) => within.evaluate(self.columns[within.column]),
            Node::Compare { left, relation, right, negated } => self.compare(*left, *relation, *right, *negated),
            Node::Computed { left, relation, right, negated } => self.compute(left, *relation, right, *negated),
            Node::Like { column, pattern, negated, .. } => {
                let array = self.columns[*column];
                let answer = Matches(pattern).visit(array).ok_or_else(|| incomparable(array))??;
                if *negated { not(&answer).map_err(failed) } else { Ok(answer) }
            }
            Node::All(parts) => self.combine(parts, and_kleene),
            Node::Any(parts) => self.combine(parts, or_kleene),
        }
    }

    fn combine(
        &self,
        parts: &[Node],
        combine: fn(&BooleanArray, &BooleanArray) -> Result<BooleanArray, ArrowError>,
    ) -> Result<BooleanArray> {
        let mut answer: Option<BooleanArray> = None;
        for part in parts {
            let next = self.evaluate(part)?;
            answer = Some(match answer {
                Some(answer) => combine(&answer, &next).map_err(failed)?,
                None => next,
            });
        }
        answer.ok_or_else(|| Error::Data("the predicate has a part that says nothing".to_owned()))
    }

    fn compare(&self, left: usize, relation: Relation, right: usize, negated: bool) -> Result<BooleanArray> {
        let (left, right) = (self.columns[left], self.columns[right]);
        let kinds = (ValueType::of(left.data_type()), ValueType::of(right.data_type()));
        let cells = |array| cells(array).ok_or_else(|| incomparable(array));
        let (left_cells, right_cells) = (cells(left.as_ref())?, cells(right.as_ref())?);
        let nulls = NullBuffer::union(left.logical_nulls().as_ref(), right.logical_nulls().as_ref());
        let values = BooleanBuffer::collect_bool(self.count, |row| {
            // A null may stand for a key that is none.
            let is_there = nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
            is_there && relation.holds(order((left_cells(row), kinds.0), (right_cells(row), kinds.1))) != negated
        });
        Ok(BooleanArray::new(values, nulls))
    }
}

impl Columns<'_> {
    fn compute(&self, left: &Formula, relation: Relation, right: &Formula, negated: bool) -> Result<BooleanArray> {
        let mut columns = Vec::new();
        left.columns(&mut columns);
        right.columns(&mut columns);
        let nulls = columns.iter().fold(None, |nulls: Option<NullBuffer>, column| {
            NullBuffer::union(nulls.as_ref(), self.columns[*column].logical_nulls().as_ref())
        });
        let column = |index: usize| self.columns[index].as_ref();
        let figures = |formula: &Formula| {
            let figures = formula.figures(&column, self.count);
            figures.ok_or_else(|| Error::Data("what is computed is of a column that holds no numbers".to_owned()))
        };
        let (left, right) = (figures(left)?, figures(right)?);
        let values = BooleanBuffer::collect_bool(self.count, |row| {
            let (left, right) = left.get(row).beside(right.get(row));
            let is_there = nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
            is_there && relation.holds(order_scaled(left.cell(), right.cell())) != negated
        });
        Ok(BooleanArray::new(values, nulls))
    }
}

impl Within {
    fn evaluate(&self, array: &dyn Array) -> Result<BooleanArray> {
        let inside = Test(&self.set).visit(array).ok_or_else(|| incomparable(array))??;
        let (values, nulls) = inside.into_parts();
        let nulls = match self.outside {
            Outside::False => nulls,
            // Only what is inside is known.
            Outside::Unknown => {
                let known = nulls.map_or_else(|| values.clone(), |nulls| &values & nulls.inner());
                Some(NullBuffer::new(known))
            }
        };
        let answer = BooleanArray::new(values, nulls);
        if self.negated { not(&answer).map_err(failed) } else { Ok(answer) }
    }
}

fn incomparable(array: &dyn Array) -> Error {
    Error::Data(format!("values of type {} cannot be compared", array.data_type()))
}

fn failed(error: ArrowError) -> Error {
    Error::Data(error.to_string())
}

/// Which values of an array are in a set; null where they are.
struct Test<'a>(&'a Set);

impl<'a> Visitor<'a> for Test<'_> {
    type Output = Result<BooleanArray>;

    fn boolean(self, array: &'a BooleanArray) -> Self::Output {
        let Set::Integers(ranges) = self.0 else {
            return Err(incomparable(array));
        };
        let has = |value: i128| {
            let value = i256::from_i128(value);
            ranges.touches(Some(&value), Some(&value))
        };
        let values = match (has(0), has(1)) {
            (false, false) => BooleanBuffer::new_unset(array.len()),
            (false, true) => array.values().clone(),
            (true, false) => !array.values(),
            (true, true) => BooleanBuffer::new_set(array.len()),
        };
        Ok(BooleanArray::new(values, array.nulls().cloned()))
    }

    fn integers<T: ArrowPrimitiveType<Native: Integer>>(self, array: &'a PrimitiveArray<T>) -> Self::Output {
        let Set::Integers(ranges) = self.0 else {
            return Err(incomparable(array));
        };
        let ranges = ranges.as_slice().iter().filter_map(|(from, to)| T::Native::within(*from, *to));
        let ranges: Vec<(T::Native, T::Native)> = ranges.collect();
        let values = array.values();
        let inside = match ranges[..] {
            [] => BooleanBuffer::new_unset(array.len()),
            [(first, last)] if first == last => each(values, |value| value == first),
            [(first, last)] => each(values, |value| (value >= first) & (value <= last)),
            _ => each(values, |value| {
                let begun = ranges.partition_point(|(first, _)| *first <= value);
                begun > 0 && value <= ranges[begun - 1].1
            }),
        };
        Ok(BooleanArray::new(inside, array.nulls().cloned()))
    }

    fn floats<T: ArrowPrimitiveType<Native: Float>>(self, array: &'a PrimitiveArray<T>) -> Self::Output {
        let Set::Floats(ranges) = self.0 else {
            return Err(incomparable(array));
        };
        let values = array.values();
        let inside = match *ranges.as_slice() {
            [] => BooleanBuffer::new_unset(array.len()),
            [(from, None)] => each(values, |value| value.widened() >= from),
            [(from, Some(to))] => each(values, |value| (value.widened() >= from) & (value.widened() < to)),
            ref ranges => each(values, |value| {
                let value = value.widened();
                let begun = ranges.partition_point(|(from, _)| *from <= value);
                begun > 0 && ranges[begun - 1].1.is_none_or(|to| value < to)
            }),
        };
        Ok(BooleanArray::new(inside, array.nulls().cloned()))
    }

    fn texts(self, array: &'a dyn Array, value: impl Fn(usize) -> &'a str + 'a) -> Self::Output {
        let Set::Texts(ranges) = self.0 else {
            return Err(incomparable(array));
        };
        let count = array.len();
        let inside = match ranges.as_slice() {
            [] => BooleanBuffer::new_unset(count),
            [(only, Some(to))] if only.next().as_ref() == Some(to) => {
                BooleanBuffer::collect_bool(count, |row| value(row) == &**only)
            }
            ranges => BooleanBuffer::collect_bool(count, |row| {
                let value = value(row);
                let begun = ranges.partition_point(|(from, _)| **from <= *value);
                begun > 0 && ranges[begun - 1].1.as_ref().is_none_or(|to| *value < **to)
            }),
        };
        Ok(BooleanArray::new(inside, array.nulls().cloned()))
    }

    fn dictionary(self, array: &'a dyn AnyDictionaryArray) -> Self::Output {
        let values = array.values().as_ref();
        let inside = self.visit(values).ok_or_else(|| incomparable(values))??;
        Ok(take(&inside, array.keys(), None).map_err(failed)?.as_boolean().clone())
    }
}

/// Which texts of an array match a pattern; null where they are.
struct Matches<'a>(&'a Pattern);

impl<'a> Visitor<'a> for Matches<'_> {
    type Output = Result<BooleanArray>;

    fn boolean(self, array: &'a BooleanArray) -> Self::Output {
        Err(incomparable(array))
    }

    fn integers<T: ArrowPrimitiveType<Native: Integer>>(self, array: &'a PrimitiveArray<T>) -> Self::Output {
        Err(incomparable(array))
    }

    fn floats<T: ArrowPrimitiveType<Native: Float>>(self, array: &'a PrimitiveArray<T>) -> Self::Output {
        Err(incomparable(array))
    }

    fn texts(self, array: &'a dyn Array, value: impl Fn(usize) -> &'a str + 'a) -> Self::Output {
        // What lies below a null need not be a text.
        let is_match = |row: usize| array.is_valid(row) && self.0.matches(value(row));
        Ok(BooleanArray::new(BooleanBuffer::collect_bool(array.len(), is_match), array.nulls().cloned()))
    }

    fn dictionary(self, array: &'a dyn AnyDictionaryArray) -> Self::Output {
        let values = array.values().as_ref();
        let matching = self.visit(values).ok_or_else(|| incomparable(values))??;
        Ok(take(&matching, array.keys(), None).map_err(failed)?.as_boolean().clone())
    }
}

/// Tests each value, and packs the answers 64 at a time, which compiles to code without branches.
fn each<T: Copy>(values: &[T], test: impl Fn(T) -> bool) -> BooleanBuffer {
    let word = |values: &[T]| {
        let bits = values.iter().enumerate().map(|(i, value)| u64::from(test(*value)) << i);
        bits.fold(0, |word, bit| word | bit).to_le()
    };
    let words: Vec<u64> = values.chunks(64).map(word).collect();
    BooleanBuffer::new(Buffer::from_vec(words), 0, values.len())
}

/// How two values compare as real numbers, texts or times; `None` if one is a NaN.
fn order(left: (Cell, ValueType), right: (Cell, ValueType)) -> Option<Ordering> {
    match (left, right) {
        ((Cell::Text(left), _), (Cell::Text(right), _)) => Some(left.cmp(right)),
        ((Cell::Text(_), _), _) | (_, (Cell::Text(_), _)) => None, // no such pair was bound
        ((left, left_kind), (right, right_kind)) => order_scaled(scaled(left, left_kind), scaled(right, right_kind)),
    }
}

/// How two numbers compare, integers of which are times 10^-scale.
fn order_scaled(left: (Cell, i16), right: (Cell, i16)) -> Option<Ordering> {
    match (left, right) {
        ((Cell::Float(left), _), (Cell::Float(right), _)) => left.partial_cmp(&right),
        ((Cell::Integer(left), left_scale), (Cell::Integer(right), right_scale)) => {
            Some(match left_scale.cmp(&right_scale) {
                Ordering::Equal => left.cmp(&right),
                Ordering::Less => times_power(left, right_scale.abs_diff(left_scale), right),
                Ordering::Greater => times_power(right, left_scale.abs_diff(right_scale), left).reverse(),
            })
        }
        ((Cell::Float(left), _), (Cell::Integer(right), scale)) => float_against(left, (right, scale)),
        ((Cell::Integer(left), scale), (Cell::Float(right), _)) => {
            float_against(right, (left, scale)).map(Ordering::reverse)
        }
        ((Cell::Text(_), _), _) | (_, (Cell::Text(_), _)) => None,
    }
}

/// The value as an integer times 10^-scale.
fn scaled(cell: Cell, kind: ValueType) -> (Cell, i16) {
    let Cell::Integer(value) = cell else { return (cell, 0) };
    match kind {
        ValueType::Decimal { scale } => (cell, scale.into()),
        // Days are 32 bits wide.
        ValueType::Day => (Cell::Integer(value.wrapping_mul(i256::from_i128(86_400))), 0),
        ValueType::Timestamp { scale } | ValueType::TimeOfDay { scale } => (cell, scale.into()),
        _ => (cell, 0),
    }
}

/// value·10^exponent against another one.
fn times_power(value: i256, exponent: u16, other: i256) -> Ordering {
    let power = i256::from_i128(10).checked_pow(exponent.into());
    match power.and_then(|power| value.checked_mul(power)) {
        Some(product) => product.cmp(&other),
        // What does not fit is beyond all that does; zero always fits, if its power does not.
        None => value.cmp(&i256::ZERO).then_with(|| i256::ZERO.cmp(&other)),
    }
}

fn float_against(float: f64, (integer, scale): (i256, i16)) -> Option<Ordering> {
    /// The whole part of lesser floats fits an i128.
    const FITS: f64 = (1u128 << 126) as f64;
    if float.is_nan() || float.is_infinite() {
        return float.partial_cmp(&0.0);
    }
    if scale == 0 && float.abs() < FITS {
        let floor = float.floor();
        let fraction = if float > floor { Ordering::Greater } else { Ordering::Equal };
        return Some(i256::from_i128(floor as i128).cmp(&integer).then(fraction));
    }
    Some(Number::from_float(float)?.cmp(&Number::scaled(integer, scale)?))
}
