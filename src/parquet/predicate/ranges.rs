//! Sets of values as ranges.
//!
//! Every range is half open, \[from, to). That says each comparison with a literal, in each type that knows for a value
//! the one that comes next: x ≤ v is x < next(v), and x = v is v ≤ x < next(v). A text's next one is the text with a
//! zero byte behind it, and a float's is the next float. So no comparison has cases of its own from here on, and
//! a NaN, which no order holds for, is in no range.

use std::cmp::Ordering;
use std::fmt::{self, Debug, Display};

use arrow_buffer::i256;

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Relation {
    /// The relation with its sides exchanged.
    pub fn mirrored(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::AtMost => Self::AtLeast,
            Self::Greater => Self::Less,
            Self::AtLeast => Self::AtMost,
            Self::Equal | Self::NotEqual => self,
        }
    }

    /// Whether it holds between values of this order; `None` is that of a NaN.
    pub fn holds(self, order: Option<Ordering>) -> bool {
        match self {
            Self::Equal => order == Some(Ordering::Equal),
            Self::NotEqual => order != Some(Ordering::Equal),
            Self::Less => order == Some(Ordering::Less),
            Self::AtMost => order.is_some_and(Ordering::is_le),
            Self::Greater => order == Some(Ordering::Greater),
            Self::AtLeast => order.is_some_and(Ordering::is_ge),
        }
    }
}

impl Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        })
    }
}

/// Values with a least one, and for each the one that comes next.
pub(super) trait Ordered: Clone + PartialOrd + Debug {
    fn least() -> Self;

    /// `None` of the greatest.
    fn next(&self) -> Option<Self>;
}

impl Ordered for i256 {
    fn least() -> Self {
        Self::MIN
    }
    fn next(&self) -> Option<Self> {
        self.checked_add(Self::ONE)
    }
}

impl Ordered for f64 {
    fn least() -> Self {
        Self::NEG_INFINITY
    }
    fn next(&self) -> Option<Self> {
        (*self < Self::INFINITY).then(|| self.next_up())
    }
}

impl Ordered for Box<str> {
    fn least() -> Self {
        "".into()
    }
    fn next(&self) -> Option<Self> {
        Some([self, "\0"].concat().into())
    }
}

/// Where a literal stands among the values of a type.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum LiteralPosition<T> {
    /// Below all of them.
    Below,
    /// It is one of them.
    At(T),
    /// Above this one, and below the next.
    Between(T),
    /// Above all of them.
    Above,
}

impl<T: Ordered> LiteralPosition<T> {
    /// The least value that is not below the literal.
    fn at_least(&self) -> Option<T> {
        match self {
            Self::Below => Some(T::least()),
            Self::At(value) => Some(value.clone()),
            Self::Between(below) => below.next(),
            Self::Above => None,
        }
    }

    /// The least value that is above the literal.
    fn above(&self) -> Option<T> {
        match self {
            Self::At(value) => value.next(),
            _ => self.at_least(),
        }
    }
}

/// From a value (included) to another one (not included), or without an end.
type Range<T> = (T, Option<T>);

/// Ranges in ascending order, none of them empty, and with values between one and the next.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ranges<T>(Vec<Range<T>>);

impl<T: Ordered> Ranges<T> {
    /// The values that have this relation to a literal. `NotEqual` has those of `Equal`: the caller takes what is
    /// outside, for a NaN is there too.
    pub fn of(relation: Relation, index: &LiteralPosition<T>) -> Self {
        let (from, to) = match relation {
            Relation::Equal | Relation::NotEqual => (index.at_least(), index.above()),
            Relation::Less => (Some(T::least()), index.at_least()),
            Relation::AtMost => (Some(T::least()), index.above()),
            Relation::Greater => (index.above(), None),
            Relation::AtLeast => (index.at_least(), None),
        };
        Self(from.map(|from| (from, to)).into_iter().filter(is_not_empty).collect())
    }

    /// The values that are in any of them.
    pub fn union(sets: impl IntoIterator<Item = Self>) -> Self {
        let mut ranges: Vec<Range<T>> = sets.into_iter().flat_map(|set| set.0).collect();
        ranges.sort_by(|a, b| order(&a.0, &b.0));
        let mut union: Vec<Range<T>> = Vec::with_capacity(ranges.len());
        for (from, to) in ranges {
            match union.last_mut() {
                Some((_, end)) if end.as_ref().is_none_or(|end| from <= *end) => {
                    if is_before(end.as_ref(), to.as_ref()) {
                        *end = to;
                    }
                }
                _ => union.push((from, to)),
            }
        }
        Self(union)
    }

    /// The values that are in both.
    pub fn intersection(&self, other: &Self) -> Self {
        let (mut ours, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut both = Vec::new();
        while let (Some(&a), Some(&b)) = (ours.peek(), theirs.peek()) {
            let from = if a.0 < b.0 { &b.0 } else { &a.0 };
            let first_ends = is_before(a.1.as_ref(), b.1.as_ref());
            let to = if first_ends { &a.1 } else { &b.1 };
            both.push((from.clone(), to.clone()));
            if first_ends {
                ours.next()
            } else {
                theirs.next()
            };
        }
        both.retain(is_not_empty);
        Self(both)
    }

    pub fn as_slice(&self) -> &[Range<T>] {
        &self.0
    }

    /// Whether any value from `low` to `high` (both included, `None` is without a bound) is in it.
    pub fn touches(&self, low: Option<&T>, high: Option<&T>) -> bool {
        self.ending_above(low).is_some_and(|(from, _)| high.is_none_or(|high| from <= high))
    }

    /// Whether all values from `low` to `high` (both included, `None` is without a bound) are in it.
    pub fn covers(&self, low: Option<&T>, high: Option<&T>) -> bool {
        let least = T::least();
        let low = low.unwrap_or(&least);
        // Between two ranges there is a value that is in neither, so one range must do.
        self.ending_above(Some(low))
            .is_some_and(|(from, to)| from <= low && to.as_ref().is_none_or(|to| high.is_some_and(|high| high < to)))
    }

    /// The first range that has values above, or at, `low`.
    fn ending_above(&self, low: Option<&T>) -> Option<&Range<T>> {
        let ended = |to: Option<&T>| low.is_some_and(|low| to.is_some_and(|to| to <= low));
        self.0.get(self.0.partition_point(|(_, to)| ended(to.as_ref())))
    }
}

fn is_not_empty<T: Ordered>((from, to): &Range<T>) -> bool {
    to.as_ref().is_none_or(|to| from < to)
}

/// Whether one end comes before another; `None` comes last.
fn is_before<T: PartialOrd>(end: Option<&T>, other: Option<&T>) -> bool {
    end.is_some_and(|end| other.is_none_or(|other| end < other))
}

/// No literal is a NaN.
fn order<T: PartialOrd>(a: &T, b: &T) -> Ordering {
    a.partial_cmp(b).unwrap_or(Ordering::Equal)
}
