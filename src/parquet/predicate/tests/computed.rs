//! What is computed of numbers, against fractions: exact of integers and decimals, of doubles operation by operation.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow_array::{ArrayRef, Decimal128Array, Float64Array, Int64Array, RecordBatch, StringArray};
use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive, Zero};
use proptest::prelude::*;

use super::super::{Bounds, Predicate, Pruning};
use super::random::Dice;

const NAMES: [&str; 4] = ["i", "j", "d", "f"];

/// A number: a fraction whose denominator is above zero, or a double.
#[derive(Clone, Debug)]
enum Number {
    Exact(BigInt, BigInt),
    Double(f64),
}

impl Number {
    fn decimal(digits: i128, scale: u32) -> Self {
        Self::Exact(digits.into(), BigInt::from(10).pow(scale))
    }

    /// The double that is nearest to a fraction, found by halving.
    fn double(&self) -> f64 {
        let (above, below) = match self {
            Self::Double(value) => return *value,
            Self::Exact(above, below) => (above.abs(), below.clone()),
        };
        if above.is_zero() {
            return 0.0;
        }
        // 53 bits and two more, the last of which is set where there is a rest.
        let shift = above.bits() as i64 - below.bits() as i64 - 56;
        let (above, below) = if shift > 0 { (above, below << shift) } else { (above << -shift, below) };
        let (mut whole, rest, mut shift) = (&above / &below, &above % &below, shift);
        while whole.bits() > 55 {
            whole = (&whole >> 1) | BigInt::from(u8::from(whole.bit(0)));
            shift += 1;
        }
        let bits = whole.to_u64().unwrap() | u64::from(!rest.is_zero());
        let (half, is_more, odd) = (bits >> 1 & 1 == 1, bits & 1 == 1, bits >> 2 & 1 == 1);
        let rounded = (bits >> 2) + u64::from(half && (is_more || odd));
        let magnitude = rounded as f64 * 2f64.powi((shift + 2) as i32);
        if matches!(self, Self::Exact(above, _) if above.is_negative()) { -magnitude } else { magnitude }
    }

    fn with(&self, operator: char, other: &Self) -> Self {
        match (self, other, operator) {
            (Self::Exact(a, b), Self::Exact(c, d), '+') => Self::Exact(a * d + c * b, b * d),
            (Self::Exact(a, b), Self::Exact(c, d), '-') => Self::Exact(a * d - c * b, b * d),
            (Self::Exact(a, b), Self::Exact(c, d), '*') => Self::Exact(a * c, b * d),
            (a, b, operator) => {
                let (a, b) = (a.double(), b.double());
                Self::Double(match operator {
                    '+' => a + b,
                    '-' => a - b,
                    '*' => a * b,
                    _ => a / b,
                })
            }
        }
    }

    fn compare(&self, other: &Self) -> Option<Ordering> {
        let fraction = |value: f64| {
            let bits = value.to_bits();
            let (exponent, digits) = ((bits >> 52 & 0x7ff) as i64, bits & ((1 << 52) - 1));
            let digits = BigInt::from(if exponent == 0 { digits } else { digits | 1 << 52 });
            let digits = if value < 0.0 { -digits } else { digits };
            let power = exponent.max(1) - 1075;
            let one = BigInt::from(1);
            if power < 0 { (digits, one << -power) } else { (digits << power, one) }
        };
        let parts = |number: &Self| match number {
            Self::Exact(above, below) => Ok((above.clone(), below.clone())),
            Self::Double(value) if value.is_finite() => Ok(fraction(*value)),
            Self::Double(value) => Err(*value),
        };
        match (parts(self), parts(other)) {
            (Ok((a, b)), Ok((c, d))) => Some((a * d).cmp(&(c * b))),
            (a, b) => a.map_or_else(|a| a, |_| 0.0).partial_cmp(&b.map_or_else(|b| b, |_| 0.0)),
        }
    }
}

/// What is computed.
#[derive(Debug)]
enum Tree {
    Column(usize),
    Literal(String, Number),
    Of(Box<Tree>, char, Box<Tree>),
}

impl Tree {
    fn new(dice: &mut Dice, depth: usize) -> Self {
        match dice.below(if depth == 0 { 2 } else { 5 }) {
            0 => Self::Column(dice.below(NAMES.len())),
            1 => {
                let (digits, scale) = (dice.below(2_000) as i128 - 1_000, dice.below(4) as u32);
                Self::Literal(format!("{digits}e-{scale}"), Number::decimal(digits, scale))
            }
            _ => {
                let operator = ['+', '-', '*', '/'][dice.below(4)];
                Self::Of(Box::new(Self::new(dice, depth - 1)), operator, Box::new(Self::new(dice, depth - 1)))
            }
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Column(column) => NAMES[*column].to_owned(),
            Self::Literal(text, _) => text.clone(),
            Self::Of(left, operator, right) => format!("({} {operator} {})", left.text(), right.text()),
        }
    }

    fn is_of_literals(&self) -> bool {
        match self {
            Self::Column(_) => false,
            Self::Literal(..) => true,
            Self::Of(left, _, right) => left.is_of_literals() && right.is_of_literals(),
        }
    }

    /// `None` where a null is part of it.
    fn value(&self, row: &[Option<Number>]) -> Option<Number> {
        match self {
            Self::Column(column) => row[*column].clone(),
            Self::Literal(_, number) => Some(number.clone()),
            Self::Of(left, operator, right) => Some(left.value(row)?.with(*operator, &right.value(row)?)),
        }
    }
}

fn table(dice: &mut Dice, rows: usize) -> (RecordBatch, Vec<Vec<Option<Number>>>) {
    let mut some = |value: i128| (dice.below(8) > 0).then_some(value);
    let mut numbers = vec![Vec::new(); rows];
    let whole =
        |numbers: &mut Vec<Vec<Option<Number>>>, dice: &mut dyn FnMut(i128) -> Option<i128>, seed: i128, scale| {
            (0..rows)
                .map(|row| {
                    let value = dice((row as i128 * 7 + seed) * (seed - row as i128) % 1_000_003);
                    numbers[row].push(value.map(|value| Number::decimal(value, scale)));
                    value
                })
                .collect::<Vec<_>>()
        };
    let i = whole(&mut numbers, &mut some, 3, 0);
    let j = whole(&mut numbers, &mut |value| some(value * 9_000_000_000_000), 11, 0);
    let d = whole(&mut numbers, &mut |value| some(value * 10_000_000_000_000_000_000_000_000), 5, 3);
    let f: Vec<Option<f64>> = (0..rows)
        .map(|row| {
            let odd = [0.1, -0.0, f64::INFINITY, f64::NAN, 1e300, 5e-324, 3.0, -2.5];
            let value =
                (dice.below(8) > 0).then(|| odd[dice.below(odd.len())] * if dice.below(2) == 0 { 1.0 } else { 7.0 });
            numbers[row].push(value.map(Number::Double));
            value
        })
        .collect();
    let narrow = |values: Vec<Option<i128>>| -> Int64Array {
        values.into_iter().map(|value| value.map(|value| value as i64)).collect()
    };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("i", Arc::new(narrow(i))),
        ("j", Arc::new(narrow(j))),
        ("d", Arc::new(Decimal128Array::from(d).with_precision_and_scale(38, 3).unwrap())),
        ("f", Arc::new(Float64Array::from(f))),
    ];
    (RecordBatch::try_from_iter(columns).unwrap(), numbers)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn what_is_computed_is_what_fractions_say(seed in any::<u64>()) {
        let mut dice = Dice(seed);
        let rows = dice.below(30);
        let (batch, numbers) = table(&mut dice, rows);
        let (left, right) = (Tree::new(&mut dice, 3), Tree::new(&mut dice, 2));
        let relation = ["=", "!=", "<", "<=", ">", ">="][dice.below(6)];
        let text = format!("{} {relation} {}", left.text(), right.text());
        let predicate = Predicate::parse(&text).unwrap();
        prop_assert_eq!(&Predicate::parse(&predicate.to_string()).unwrap(), &predicate, "{}", text);
        let bound = predicate.bind(&|name| batch.column_by_name(name).map(|array| arrow_array::Array::data_type(array).clone())).unwrap();
        let kept = bound.evaluate(&batch).unwrap();
        for (row, number) in numbers.iter().enumerate() {
            // Two literals and a column beside one are compared as they always were.
            let is_plain = |tree: &Tree| !matches!(tree, Tree::Of(..));
            prop_assume!(!(is_plain(&left) && is_plain(&right)));
            let answer = left.value(number).zip(right.value(number)).is_some_and(|(a, b)| {
                let beside = |tree: &Tree, value: Number, other: &Number| match other {
                    Number::Double(_) if tree.is_of_literals() => Number::Double(value.double()),
                    _ => value,
                };
                let (a, b) = (beside(&left, a.clone(), &b), beside(&right, b, &a));
                let order = a.compare(&b);
                match relation {
                    "=" => order == Some(Ordering::Equal),
                    "!=" => order != Some(Ordering::Equal),
                    "<" => order == Some(Ordering::Less),
                    "<=" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
                    ">" => order == Some(Ordering::Greater),
                    _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
                }
            });
            prop_assert_eq!(kept.value(row), answer, "{} in row {}: {:?}", text, row, number);
        }
    }
}

fn kept(text: &str, batch: &RecordBatch) -> Vec<bool> {
    let types = |name: &str| batch.column_by_name(name).map(|array| arrow_array::Array::data_type(array).clone());
    let bound = Predicate::parse(text).unwrap().bind(&types).unwrap();
    bound.evaluate(batch).unwrap().values().iter().collect()
}

#[test]
fn sums_and_products_are_of_numbers() {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("temp", Arc::new(Float64Array::from(vec![Some(20.0), Some(1.0), None]))),
        ("hum", Arc::new(Int64Array::from(vec![1, 2, i64::MAX]))),
        ("s", Arc::new(StringArray::from(vec!["a"; 3]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    assert_eq!(kept("temp + hum > 3", &batch), [true, false, false]);
    assert_eq!(kept("temp * 1.8 + 32 between 60 and 70", &batch), [true, false, false]);
    assert_eq!(kept("hum + 1 in (2, 9223372036854775808)", &batch), [true, false, true]);
    assert_eq!(kept("not hum * hum > 4 or temp / 0 > 0", &batch), [true, true, false]);
    assert_eq!(kept("absent + 1 > 0 or hum = 2", &batch), [false, true, false]);
    assert_eq!(kept("hum + null > 0", &batch), [false; 3]);
    // What is made of literals prunes as one literal does.
    let bound = Predicate::parse("hum > 60 * 60 * 24 - 0.5").unwrap();
    assert_eq!(bound.to_string(), "hum > 60 * 60 * 24 - 0.5");
    let bound = bound.bind(&|_| Some(arrow_schema::DataType::Int64)).unwrap();
    let bounds = |most: i64| {
        let end = |value: i64| -> Option<ArrayRef> { Some(Arc::new(Int64Array::from(vec![value]))) };
        Bounds { min: end(0), max: end(most), null_count: Some(0), rows: 9 }
    };
    assert_eq!(bound.prune(&|_| Some(bounds(86_399))), Pruning::Skip);
    assert_eq!(bound.prune(&|_| Some(bounds(86_400))), Pruning::Filter);
    for (text, message) in [
        ("s + 1 > 2", "column 's' is of type string; sums, products and what they are compared with are of numbers"),
        ("hum + 'a' > 2", "are of numbers, and 'a' is none"),
        ("hum + 1 > s", "column 's' is of type string"),
        ("hum * true = 1", "and true is none"),
    ] {
        let types = |name: &str| batch.column_by_name(name).map(|array| arrow_array::Array::data_type(array).clone());
        let error = Predicate::parse(text).unwrap().bind(&types).unwrap_err().to_string();
        assert!(error.contains(message), "{text}: {error}");
    }
}
