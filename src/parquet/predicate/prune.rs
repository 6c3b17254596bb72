//! What a predicate can be for rows of which only bounds are known.
//!
//! For every part of the predicate this finds a set of answers (true, false, unknown) outside of which no row's answer
//! lies. If true is not in the set of the whole, no row is kept; if nothing else is in it, all are.
//!
//! Bounds say that every value that is there, and is not a NaN, lies between them; they need not be values themselves, so
//! it does not matter whether a writer has shortened them. A NaN may hide among floats whatever their bounds: it makes `!=`
//! true and each other comparison false. Zeros compare as equal, so their signs do not matter here.

use std::cmp::Ordering;

use arrow_array::{Array, ArrayRef};
use arrow_buffer::i256;

use super::bind::{Bound, Node, Outside, Set, Within};
use super::ranges::{Ordered, Ranges};
use super::values::{Cell, ValueType, cells};

/// What is known of a column's values in some rows.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// An array of one value, of the column's type (or that of its dictionary's values): none that is there is below it,
    /// NaNs aside.
    pub min: Option<ArrayRef>,
    /// An array of one value, of the column's type (or that of its dictionary's values): none that is there is above it,
    /// NaNs aside.
    pub max: Option<ArrayRef>,
    /// How many are null.
    pub null_count: Option<u64>,
    /// How many rows there are.
    pub rows: u64,
}

impl Bounds {
    /// Of a column that has one value in all rows, the first one of `value`.
    pub fn from_value(value: &ArrayRef, rows: u64) -> Self {
        if value.is_empty() || value.is_null(0) {
            return Self { min: None, max: None, null_count: Some(rows), rows };
        }
        let value = Some(value.slice(0, 1));
        Self { min: value.clone(), max: value, null_count: Some(0), rows }
    }
}

/// What bounds tell of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pruning {
    /// No row is kept.
    Skip,
    /// Rows may be kept, and may not.
    Filter,
    /// Every row is kept.
    KeepAll,
}

impl Bound {
    /// What bounds alone tell of rows: `bounds` gives those of a column, and `None` if nothing is known of it.
    pub fn prune(&self, bounds: &dyn Fn(&str) -> Option<Bounds>) -> Pruning {
        let bounds: Vec<_> = self.columns.iter().map(|column| bounds(&column.name)).collect();
        if bounds.iter().flatten().any(|bounds| bounds.rows == 0) {
            return Pruning::Skip;
        }
        let hulls = self.columns.iter().zip(&bounds).map(|(column, bounds)| {
            let bounds = bounds.as_ref();
            bounds.map_or_else(Hull::default, |bounds| Hull::of(bounds, column.kind))
        });
        let hulls: Vec<Hull> = hulls.collect();
        self.verdict(&hulls.iter().collect::<Vec<_>>())
    }

    /// What the hulls of its columns tell of rows.
    pub(super) fn verdict(&self, hulls: &[&Hull]) -> Pruning {
        let answers = self.root.answers(hulls);
        if !answers.has(Answers::TRUE) {
            Pruning::Skip
        } else if answers == Answers::TRUE {
            Pruning::KeepAll
        } else {
            Pruning::Filter
        }
    }
}

/// Bounds, as a predicate sees values. What holds for rows holds for any part of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Hull {
    low: Option<Value>,
    high: Option<Value>,
    nulls: Nulls,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Nulls {
    None,
    #[default]
    Some,
    All,
}

#[derive(Clone, Debug, PartialEq, PartialOrd)]
enum Value {
    Integer(i256),
    Float(f64),
    Text(Box<str>),
}

impl Value {
    /// The one value of an array. `None` if it is null or a NaN, or not of this kind.
    fn of(array: Option<&ArrayRef>, kind: ValueType) -> Option<Self> {
        let array = array.filter(|array| ValueType::of(array.data_type()) == kind && array.len() == 1)?;
        if array.logical_nulls().is_some_and(|nulls| nulls.null_count() > 0) {
            return None;
        }
        match cells(array)?(0) {
            Cell::Integer(value) => Some(Self::Integer(value)),
            Cell::Float(value) => Some(Self::Float(value)).filter(|_| !value.is_nan()),
            Cell::Text(value) => Some(Self::Text(value.into())),
        }
    }
}

impl Hull {
    pub fn of(bounds: &Bounds, kind: ValueType) -> Self {
        let (low, high) = (Value::of(bounds.min.as_ref(), kind), Value::of(bounds.max.as_ref(), kind));
        let nulls = match bounds.null_count {
            Some(0) => Nulls::None,
            Some(count) if count == bounds.rows => Nulls::All,
            _ => Nulls::Some,
        };
        // Bounds that no value fits, nor a null, are wrong somewhere; nothing is left of them.
        let are_crossed = low.partial_cmp(&high) == Some(Ordering::Greater) && low.is_some() && high.is_some();
        if are_crossed { Self { nulls, ..Self::default() } } else { Self { low, high, nulls } }
    }
}

/// A set of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Answers(u8);

impl Answers {
    const NONE: Self = Self(0);
    const FALSE: Self = Self(1);
    const UNKNOWN: Self = Self(2);
    const TRUE: Self = Self(4);
    /// From false to true: `and` is the lesser of two, `or` the greater.
    const EACH: [Self; 3] = [Self::FALSE, Self::UNKNOWN, Self::TRUE];

    fn has(self, answer: Self) -> bool {
        self.0 & answer.0 != 0
    }

    fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn only_if(self, is_possible: bool) -> Self {
        if is_possible { self } else { Self::NONE }
    }

    /// The answers to a combination of two parts, whichever come together.
    fn combined(self, other: Self, choose: fn(u8, u8) -> u8) -> Self {
        let mut answers = Self::NONE;
        for ours in Self::EACH.into_iter().filter(|answer| self.has(*answer)) {
            for theirs in Self::EACH.into_iter().filter(|answer| other.has(*answer)) {
                answers = answers.with(Self(choose(ours.0, theirs.0)));
            }
        }
        answers
    }

    fn negated_if(self, negated: bool) -> Self {
        if !negated {
            return self;
        }
        let unknown = Self::UNKNOWN.only_if(self.has(Self::UNKNOWN));
        unknown.with(Self::TRUE.only_if(self.has(Self::FALSE))).with(Self::FALSE.only_if(self.has(Self::TRUE)))
    }
}

impl Node {
    fn answers(&self, hulls: &[&Hull]) -> Answers {
        match self {
            Self::Constant(None) => Answers::UNKNOWN,
            Self::Constant(Some(value)) => Answers::TRUE.negated_if(!*value),
            Self::IsNull { column, negated } => {
                let nulls = hulls[*column].nulls;
                let is = Answers::TRUE.only_if(nulls != Nulls::None);
                is.with(Answers::FALSE.only_if(nulls != Nulls::All)).negated_if(*negated)
            }
            Self::Within(within) => within.answers(hulls[within.column]),
            Self::Like { column, hull: texts, negated, .. } => {
                let hull = hulls[*column];
                let null = Answers::UNKNOWN.only_if(hull.nulls != Nulls::None);
                if hull.nulls == Nulls::All {
                    return null;
                }
                let (may_match, _) = answers(texts, hull.low.as_ref(), hull.high.as_ref(), |value| match value {
                    Value::Text(value) => Some(value),
                    _ => None,
                });
                Answers::TRUE.only_if(may_match).with(Answers::FALSE).negated_if(*negated).with(null)
            }
            Self::Compare { left, right, .. } => anything(&[*left, *right], hulls),
            Self::Computed { left, right, .. } => {
                let mut columns = Vec::new();
                left.columns(&mut columns);
                right.columns(&mut columns);
                anything(&columns, hulls)
            }
            Self::All(parts) => {
                let answers = parts.iter().map(|part| part.answers(hulls));
                answers.fold(Answers::TRUE, |all, part| all.combined(part, u8::min))
            }
            Self::Any(parts) => {
                let answers = parts.iter().map(|part| part.answers(hulls));
                answers.fold(Answers::FALSE, |any, part| any.combined(part, u8::max))
            }
        }
    }
}

/// Any answer, of which the nulls of the columns alone are known.
fn anything(columns: &[usize], hulls: &[&Hull]) -> Answers {
    let has = |nulls: Nulls| columns.iter().any(|column| hulls[*column].nulls == nulls);
    if has(Nulls::All) {
        return Answers::UNKNOWN;
    }
    Answers::TRUE.with(Answers::FALSE).with(Answers::UNKNOWN.only_if(has(Nulls::Some)))
}

impl Within {
    fn answers(&self, hull: &Hull) -> Answers {
        let null = Answers::UNKNOWN.only_if(hull.nulls != Nulls::None);
        if hull.nulls == Nulls::All {
            return null;
        }
        let (low, high) = (hull.low.as_ref(), hull.high.as_ref());
        let (inside, outside) = match &self.set {
            Set::Integers(ranges) => answers(ranges, low, high, |value| match value {
                Value::Integer(value) => Some(value),
                _ => None,
            }),
            Set::Texts(ranges) => answers(ranges, low, high, |value| match value {
                Value::Text(value) => Some(value),
                _ => None,
            }),
            Set::Floats(ranges) => {
                let (inside, _) = answers(ranges, low, high, |value| match value {
                    Value::Float(value) => Some(value),
                    _ => None,
                });
                (inside, true) // a NaN is outside
            }
        };
        let outside_is = match self.outside {
            Outside::False => Answers::FALSE,
            Outside::Unknown => Answers::UNKNOWN,
        };
        let there = Answers::TRUE.only_if(inside).with(outside_is.only_if(outside)).negated_if(self.negated);
        there.with(null)
    }
}

/// Whether values between bounds may be inside of ranges, and outside.
fn answers<T: Ordered>(
    ranges: &Ranges<T>,
    low: Option<&Value>,
    high: Option<&Value>,
    value: impl Fn(&Value) -> Option<&T>,
) -> (bool, bool) {
    let (low, high) = (low.and_then(&value), high.and_then(&value));
    (ranges.touches(low, high), !ranges.covers(low, high))
}
