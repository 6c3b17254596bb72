//! Sums, differences, products and quotients of numbers.
//!
//! Of integers and decimals sums, differences and products are exact; what needs more than the 76 digits of the widest decimal goes on as
//! the nearest f64. A quotient is one of f64s, and so is whatever an f64 is part of: each operation is rounded once, as IEEE 754 has it,
//! and a quotient by zero is infinite, or NaN of zero. Integers and decimals become the nearest f64s there.

use std::fmt;

use arrow_array::Array;
use arrow_buffer::i256;

use super::number::Number;
use super::ranges::LiteralPosition;
use super::values::{Cell, ValueType, cells};

/// What is made of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Plus,
    Minus,
    Times,
    Over,
}

impl Operator {
    /// How tightly it holds its operands together: more is tighter.
    pub fn tightness(self) -> u8 {
        match self {
            Self::Plus | Self::Minus => 1,
            Self::Times | Self::Over => 2,
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Times => "*",
            Self::Over => "/",
        })
    }
}

/// What is computed of each row. Columns are places in [`Bound::columns`](super::Bound).
#[derive(Clone, Debug)]
pub(super) enum Formula {
    Column(usize),
    Literal(Figure),
    Of(Box<(Formula, Operator, Formula)>),
}

/// A number: an integer times 10^-scale, or a float.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Figure {
    Exact(i256, i16),
    Float(f64),
    /// A literal: exact, and as the f64 that is nearest, which it is beside floats.
    Literal(i256, i16, f64),
}

impl Figure {
    /// A number as it is written; a float where no decimal holds it.
    pub fn of(number: &Number) -> Self {
        let nearest = match number.among_floats(&arrow_schema::DataType::Float64) {
            LiteralPosition::At(nearest) => nearest,
            LiteralPosition::Below => f64::NEG_INFINITY,
            LiteralPosition::Between(below) if below == f64::NEG_INFINITY => below,
            _ => f64::INFINITY,
        };
        let scale = Some(number.decimals()).filter(|scale| *scale <= 76);
        match scale.map(|scale| (number.among_integers(scale), scale)) {
            Some((LiteralPosition::At(whole), scale)) => Self::Literal(whole, scale as i16, nearest),
            _ => Self::Float(nearest),
        }
    }

    fn exact(self) -> Option<(i256, i16)> {
        match self {
            Self::Exact(whole, scale) | Self::Literal(whole, scale, _) => Some((whole, scale)),
            Self::Float(_) => None,
        }
    }

    /// The nearest f64.
    fn nearest(self) -> f64 {
        match self {
            Self::Float(value) | Self::Literal(_, _, value) => value,
            Self::Exact(whole, scale) => match (whole.to_i128(), scale) {
                (Some(whole), 0) => whole as f64,
                // The standard library rounds correctly, whatever the number of digits.
                _ => format!("{whole}e{}", -i32::from(scale)).parse().unwrap_or(f64::NAN),
            },
        }
    }

    /// Both as they are compared: a literal beside a float is the nearest one.
    pub fn beside(self, other: Self) -> (Self, Self) {
        match (self, other) {
            (Self::Float(_), Self::Literal(..)) => (self, Self::Float(other.nearest())),
            (Self::Literal(..), Self::Float(_)) => (Self::Float(self.nearest()), other),
            both => both,
        }
    }

    /// The cell, and what its integer means.
    pub fn cell(self) -> (Cell<'static>, i16) {
        match self.exact() {
            Some((whole, scale)) => (Cell::Integer(whole), scale),
            None => (Cell::Float(self.nearest()), 0),
        }
    }

    /// It as a number, if it is exact.
    pub fn number(self) -> Option<Number> {
        let (whole, scale) = self.exact()?;
        Number::scaled(whole, scale)
    }

    /// What is made of both.
    pub fn with(self, operator: Operator, other: Self) -> Self {
        let exact = || {
            let ((a, a_scale), (b, b_scale)) = (self.exact()?, other.exact()?);
            if operator == Operator::Times {
                return Some(Self::Exact(a.checked_mul(b)?, a_scale.checked_add(b_scale)?));
            }
            let scale = a_scale.max(b_scale);
            let widened = |whole: i256, of: i16| {
                let power = i256::from_i128(10).checked_pow((scale - of).unsigned_abs().into())?;
                whole.checked_mul(power)
            };
            let (a, b) = (widened(a, a_scale)?, widened(b, b_scale)?);
            match operator {
                Operator::Plus => Some(Self::Exact(a.checked_add(b)?, scale)),
                Operator::Minus => Some(Self::Exact(a.checked_sub(b)?, scale)),
                Operator::Times | Operator::Over => None,
            }
        };
        exact().unwrap_or_else(|| {
            let (a, b) = (self.nearest(), other.nearest());
            Self::Float(match operator {
                Operator::Plus => a + b,
                Operator::Minus => a - b,
                Operator::Times => a * b,
                Operator::Over => a / b,
            })
        })
    }
}

/// The figures of some rows.
pub(super) enum Figures {
    Floats(Vec<f64>),
    All(Vec<Figure>),
    One(Figure),
}

impl Figures {
    pub fn get(&self, row: usize) -> Figure {
        match self {
            Self::Floats(values) => Figure::Float(values[row]),
            Self::All(figures) => figures[row],
            Self::One(figure) => *figure,
        }
    }
}

impl Formula {
    pub fn each_column(&mut self, visit: &mut dyn FnMut(&mut usize)) {
        match self {
            Self::Column(column) => visit(column),
            Self::Literal(_) => {}
            Self::Of(parts) => {
                parts.0.each_column(visit);
                parts.2.each_column(visit);
            }
        }
    }

    /// The columns that it is made of.
    pub fn columns(&self, columns: &mut Vec<usize>) {
        match self {
            Self::Column(column) => columns.push(*column),
            Self::Literal(_) => {}
            Self::Of(parts) => {
                parts.0.columns(columns);
                parts.2.columns(columns);
            }
        }
    }

    /// The figures of `rows` rows; what it says of a null means nothing. `None` for a column that holds no numbers.
    pub fn figures<'a>(&self, column: &dyn Fn(usize) -> &'a dyn Array, rows: usize) -> Option<Figures> {
        Some(match self {
            Self::Column(index) => {
                let array = column(*index);
                let cells = cells(array)?;
                match ValueType::of(array.data_type()) {
                    ValueType::Float => {
                        let float = |row| if let Cell::Float(value) = cells(row) { value } else { f64::NAN };
                        Figures::Floats((0..rows).map(float).collect())
                    }
                    ValueType::Decimal { scale } => {
                        let figure = |row| match cells(row) {
                            Cell::Integer(whole) => Figure::Exact(whole, scale.into()),
                            _ => Figure::Float(f64::NAN),
                        };
                        Figures::All((0..rows).map(figure).collect())
                    }
                    _ => return None,
                }
            }
            Self::Literal(figure) => Figures::One(*figure),
            Self::Of(parts) => {
                let (left, operator, right) = &**parts;
                match (left.figures(column, rows)?, right.figures(column, rows)?) {
                    (Figures::One(a), Figures::One(b)) => Figures::One(a.with(*operator, b)),
                    (a @ (Figures::Floats(_) | Figures::One(_)), b @ (Figures::Floats(_) | Figures::One(_))) => {
                        // One of them is a float in every row.
                        let value = |row| a.get(row).with(*operator, b.get(row)).nearest();
                        Figures::Floats((0..rows).map(value).collect())
                    }
                    (a, b) => Figures::All((0..rows).map(|row| a.get(row).with(*operator, b.get(row))).collect()),
                }
            }
        })
    }
}
