//! What predicates mean, as plainly as it can be said: one row at a time, over exact fractions.

use std::cmp::Ordering;

use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Field, Schema};
use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};
use std::sync::Arc;

/// A value of a column, or a literal. Times are seconds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A numerator, and a denominator above zero.
    Fraction(BigInt, BigInt),
    /// Below or above every number.
    Infinity(Ordering),
    NaN,
    Text(String),
    Boolean(bool),
    /// Of a type that is not compared.
    Other,
}

impl Value {
    pub fn integer(value: impl Into<BigInt>) -> Self {
        Self::Fraction(value.into(), BigInt::one())
    }

    /// digits·10^exponent.
    pub fn decimal(digits: impl Into<BigInt>, exponent: i32) -> Self {
        let power = BigInt::from(10).pow(exponent.unsigned_abs());
        let digits = digits.into();
        if exponent < 0 { Self::Fraction(digits, power) } else { Self::Fraction(digits * power, BigInt::one()) }
    }

    /// From the bits of the float.
    pub fn float(value: f64) -> Self {
        if value.is_nan() {
            return Self::NaN;
        }
        if value.is_infinite() {
            return Self::Infinity(if value > 0.0 { Ordering::Greater } else { Ordering::Less });
        }
        let bits = value.to_bits();
        let (exponent, fraction) = ((bits >> 52 & 0x7ff) as i32, bits & ((1 << 52) - 1));
        let significand = if exponent == 0 { fraction } else { fraction | 1 << 52 };
        let power = exponent.max(1) - 1075;
        let significand = BigInt::from(significand) * if value < 0.0 { -1 } else { 1 };
        let two = BigInt::one() << power.unsigned_abs();
        if power < 0 { Self::Fraction(significand, two) } else { Self::Fraction(significand * two, BigInt::one()) }
    }

    /// The nearest float of the type, if it is one of floats; what is beyond the largest one stays as it is.
    fn read_as(&self, data_type: &DataType) -> Self {
        let (digits, least, largest) = match data_type {
            DataType::Dictionary(_, values) => return self.read_as(values),
            DataType::RunEndEncoded(_, values) => return self.read_as(values.data_type()),
            DataType::Float64 => (53, -1074, f64::MAX),
            DataType::Float32 => (24, -149, f32::MAX.into()),
            DataType::Float16 => (11, -24, 65504.0),
            _ => return self.clone(),
        };
        let Self::Fraction(numerator, denominator) = self else { return self.clone() };
        let scaled = |unit: i64| match unit {
            0.. => (numerator.abs(), denominator << unit),
            _ => (numerator.abs() << -unit, denominator.clone()),
        };
        let bits = |unit: i64| {
            let (above, below) = scaled(unit);
            (above / below).bits() as i64
        };
        let mut unit = (numerator.bits() as i64 - denominator.bits() as i64 - digits - 1).max(least);
        while bits(unit) > digits {
            unit += 1;
        }
        let (above, below) = scaled(unit);
        let (mut whole, rest) = (&above / &below, (&above % &below) * 2);
        if rest > below || rest == below && whole.bit(0) {
            whole += 1;
        }
        let whole = if numerator.is_negative() { -whole } else { whole };
        let rounded = match unit {
            0.. => Self::Fraction(whole << unit, BigInt::one()),
            _ => Self::Fraction(whole, BigInt::one() << -unit),
        };
        let magnitude = |value: &Self| match value {
            Self::Fraction(numerator, denominator) => Self::Fraction(numerator.abs(), denominator.clone()),
            other => other.clone(),
        };
        match magnitude(&rounded).compare(&Self::float(largest)) {
            Some(Ordering::Greater) => self.clone(),
            _ => rounded,
        }
    }

    fn compare(&self, other: &Self) -> Option<Ordering> {
        use Value::{Boolean, Fraction, Infinity, NaN, Text};
        match (self, other) {
            (NaN, _) | (_, NaN) => None,
            (Infinity(a), Infinity(b)) => Some(a.cmp(b)),
            (Infinity(a), _) => Some(*a),
            (_, Infinity(b)) => Some(b.reverse()),
            (Fraction(a, b), Fraction(c, d)) => Some((a * d).cmp(&(c * b))),
            (Text(a), Text(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
            (Boolean(a), Boolean(b)) => Some(a.cmp(b)),
            _ => panic!("{self:?} is not compared with {other:?}"),
        }
    }

    /// The digits and the exponent of a fraction whose denominator is made of twos and fives.
    pub fn digits(&self) -> (BigInt, i32) {
        let Self::Fraction(numerator, denominator) = self else { panic!("{self:?} has no digits") };
        let (mut digits, mut rest, mut exponent) = (numerator.clone(), denominator.clone(), 0);
        let (two, five) = (BigInt::from(2), BigInt::from(5));
        while (&rest % 10u32).is_zero() {
            rest /= 10u32;
            exponent -= 1;
        }
        while (&rest % &two).is_zero() {
            (rest, digits, exponent) = (rest / &two, digits * &five, exponent - 1);
        }
        while (&rest % &five).is_zero() {
            (rest, digits, exponent) = (rest / &five, digits * &two, exponent - 1);
        }
        assert!(rest.is_one() && !rest.is_negative());
        (digits, exponent)
    }
}

#[derive(Clone, Debug)]
pub struct TestColumn {
    pub name: String,
    pub array: ArrayRef,
    /// What the rows hold.
    pub values: Vec<Option<Value>>,
}

#[derive(Clone, Debug)]
pub struct Table {
    pub columns: Vec<TestColumn>,
    pub rows: usize,
}

impl Table {
    pub fn index(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    pub fn data_type(&self, name: &str) -> Option<DataType> {
        Some(self.columns[self.index(name)?].array.data_type().clone())
    }

    pub fn batch(&self) -> RecordBatch {
        let fields = self.columns.iter().map(|column| Field::new(&column.name, column.array.data_type().clone(), true));
        let schema = Schema::new(fields.collect::<Vec<_>>());
        let arrays = self.columns.iter().map(|column| column.array.clone()).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        RecordBatch::try_new_with_options(Arc::new(schema), arrays, &options).unwrap()
    }

    /// The least and the greatest value of a column, nulls and NaNs aside, and the number of nulls.
    pub fn bounds(&self, index: usize) -> (Option<ArrayRef>, Option<ArrayRef>, u64) {
        let column = &self.columns[index];
        let known = column.values.iter().enumerate().filter_map(|(row, value)| Some((row, value.as_ref()?)));
        let known: Vec<_> = known.filter(|(_, value)| !matches!(value, Value::NaN | Value::Other)).collect();
        let order = |a: &&(usize, &Value), b: &&(usize, &Value)| a.1.compare(b.1).unwrap();
        let slice = |found: Option<&(usize, &Value)>| found.map(|(row, _)| column.array.slice(*row, 1));
        let nulls = column.values.iter().filter(|value| value.is_none()).count();
        (slice(known.iter().min_by(order)), slice(known.iter().max_by(order)), nulls as u64)
    }
}

#[derive(Clone, Debug)]
pub enum Side {
    /// A column's place; `None` is one that the table lacks.
    Column(Option<usize>),
    Literal(Option<Value>),
}

impl Side {
    fn value(&self, table: &Table, row: usize) -> Option<Value> {
        match self {
            Self::Column(index) => table.columns[(*index)?].values[row].clone(),
            Self::Literal(value) => value.clone(),
        }
    }
}

#[derive(Clone, Debug)]
pub enum Tree {
    Constant(Option<bool>),
    Flag(Side),
    Compare(Side, &'static str, Side),
    Between(Side, Side, Side),
    In(Side, Vec<Side>),
    IsNull(Side),
    Not(Box<Tree>),
    And(Vec<Tree>),
    Or(Vec<Tree>),
}

impl Tree {
    /// True, false, or unknown.
    pub fn answer(&self, table: &Table, row: usize) -> Option<bool> {
        let value = |side: &Side| side.value(table, row);
        // Literals beside floats are such floats.
        let beside = |side: &Side, other: &Side| match (side, other) {
            (Side::Literal(Some(literal)), Side::Column(Some(index))) => {
                Some(literal.read_as(table.columns[*index].array.data_type()))
            }
            _ => value(side),
        };
        match self {
            Self::Constant(answer) => *answer,
            Self::Flag(side) => match value(side)? {
                Value::Boolean(value) => Some(value),
                other => panic!("{other:?} is no answer"),
            },
            Self::Compare(left, relation, right) => compare(beside(left, right), relation, beside(right, left)),
            Self::Between(side, low, high) => and(&[
                compare(beside(side, low), ">=", beside(low, side)),
                compare(beside(side, high), "<=", beside(high, side)),
            ]),
            Self::In(side, list) => {
                let answer = |item| compare(beside(side, item), "=", beside(item, side));
                let answers: Vec<_> = list.iter().map(answer).collect();
                not(and(&answers.into_iter().map(not).collect::<Vec<_>>()))
            }
            Self::IsNull(side) => Some(value(side).is_none()),
            Self::Not(inner) => not(inner.answer(table, row)),
            Self::And(parts) => and(&parts.iter().map(|part| part.answer(table, row)).collect::<Vec<_>>()),
            Self::Or(parts) => {
                let answers = parts.iter().map(|part| not(part.answer(table, row)));
                not(and(&answers.collect::<Vec<_>>()))
            }
        }
    }
}

fn not(answer: Option<bool>) -> Option<bool> {
    answer.map(|answer| !answer)
}

fn and(answers: &[Option<bool>]) -> Option<bool> {
    if answers.contains(&Some(false)) {
        Some(false)
    } else if answers.contains(&None) {
        None
    } else {
        Some(true)
    }
}

fn compare(left: Option<Value>, relation: &str, right: Option<Value>) -> Option<bool> {
    let order = left?.compare(&right?);
    Some(match relation {
        "=" | "==" => order == Some(Ordering::Equal),
        "!=" | "<>" => order != Some(Ordering::Equal),
        "<" => order == Some(Ordering::Less),
        "<=" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        ">" => order == Some(Ordering::Greater),
        ">=" => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        other => panic!("no relation {other}"),
    })
}
