//! What a predicate says, as it was written.

use std::fmt::{self, Display, Write};

use super::arithmetic::Operator;
use super::number::Number;
use super::ranges::Relation;

/// The words that are no column's plain name.
pub(super) const WORDS: [&str; 9] = ["and", "or", "not", "in", "is", "null", "between", "true", "false"];

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    /// A literal on its own.
    Constant(Option<bool>),
    /// A boolean column on its own.
    Flag(String),
    Compare {
        left: Operand,
        relation: Relation,
        right: Operand,
    },
    Between {
        value: Operand,
        low: Operand,
        high: Operand,
    },
    In {
        value: Operand,
        list: Vec<Literal>,
    },
    IsNull(String),
    Like {
        name: String,
        pattern: String,
        folds_case: bool,
        escape: Option<char>,
    },
    /// At least two; none of them is an `All`.
    All(Vec<Expression>),
    /// At least two; none of them is an `Any`.
    Any(Vec<Expression>),
    /// Never of a `Not`.
    Not(Box<Expression>),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    Column(String),
    Literal(Literal),
    Computed(Box<(Operand, Operator, Operand)>),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Number(Number),
    Text(String),
    Boolean(bool),
    Null,
}

impl Expression {
    pub fn columns<'a>(&'a self, columns: &mut Vec<&'a str>) {
        let mut add = |name: &'a str| {
            if !columns.contains(&name) {
                columns.push(name);
            }
        };
        match self {
            Self::Constant(_) => {}
            Self::Flag(name) | Self::IsNull(name) | Self::Like { name, .. } => add(name),
            Self::Compare { left, right, .. } => [left, right].into_iter().for_each(|side| side.columns(&mut add)),
            Self::Between { value, low, high } => {
                [value, low, high].into_iter().for_each(|side| side.columns(&mut add))
            }
            Self::In { value, .. } => value.columns(&mut add),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.columns(columns)),
            Self::Not(inner) => inner.columns(columns),
        }
    }

    /// A comparison of a column with a name that is none, most likely a text without quotes; and how it is written with them.
    pub fn unquoted(&self, is_column: &dyn Fn(&str) -> bool) -> Option<(String, String)> {
        match self {
            Self::Compare { left: Operand::Column(column), relation, right: Operand::Column(word) }
                if is_column(column) && !is_column(word) =>
            {
                let left = Operand::Column(column.clone());
                let right = Operand::Literal(Literal::Text(word.clone()));
                Some((self.to_string(), Self::Compare { left, relation: *relation, right }.to_string()))
            }
            Self::All(parts) | Self::Any(parts) => parts.iter().find_map(|part| part.unquoted(is_column)),
            Self::Not(inner) => inner.unquoted(is_column),
            _ => None,
        }
    }

    /// Of several expressions that hold together.
    pub fn all(parts: Vec<Self>) -> Self {
        Self::joined(parts, Self::All, |part| match part {
            Self::All(parts) => Ok(parts),
            other => Err(other),
        })
    }

    /// Of several expressions of which one holds.
    pub fn any(parts: Vec<Self>) -> Self {
        Self::joined(parts, Self::Any, |part| match part {
            Self::Any(parts) => Ok(parts),
            other => Err(other),
        })
    }

    /// The parts, and the parts of those of the same kind, in a row.
    fn joined(parts: Vec<Self>, join: fn(Vec<Self>) -> Self, open: fn(Self) -> Result<Vec<Self>, Self>) -> Self {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match open(part) {
                Ok(parts) => flat.extend(parts),
                Err(part) => flat.push(part),
            }
        }
        match flat.pop() {
            Some(only) if flat.is_empty() => only,
            last => {
                flat.extend(last);
                join(flat)
            }
        }
    }

    pub fn negated(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    /// How tightly it holds its parts together: less is looser.
    fn tightness(&self) -> u8 {
        match self {
            Self::Any(_) => 0,
            Self::All(_) => 1,
            Self::Not(inner) if !inner.takes_not() => 2,
            _ => 3,
        }
    }

    /// Whether its negation has a `not` of its own inside.
    fn takes_not(&self) -> bool {
        matches!(self, Self::Between { .. } | Self::In { .. } | Self::IsNull(_) | Self::Like { .. })
    }

    fn write(&self, not: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(None) => f.write_str("null"),
            Self::Constant(Some(value)) => write!(f, "{value}"),
            Self::Flag(name) => Name(name).fmt(f),
            Self::Compare { left, relation, right } => write!(f, "{left} {relation} {right}"),
            Self::Between { value, low, high } => write!(f, "{value} {not}between {low} and {high}"),
            Self::In { value, list } => {
                write!(f, "{value} {not}in (")?;
                separated(list, ", ", f)?;
                f.write_char(')')
            }
            Self::IsNull(name) => write!(f, "{} is {not}null", Name(name)),
            Self::Like { name, pattern, folds_case, escape } => {
                let word = if *folds_case { "ilike" } else { "like" };
                write!(f, "{} {not}{word} {}", Name(name), Literal::Text(pattern.clone()))?;
                match escape {
                    Some(escape) => write!(f, " escape {}", Literal::Text(escape.to_string())),
                    None => Ok(()),
                }
            }
            Self::All(parts) => separated(parts.iter().map(|part| Within(1, part)), " and ", f),
            Self::Any(parts) => separated(parts.iter().map(|part| Within(0, part)), " or ", f),
            Self::Not(inner) if inner.takes_not() => inner.write("not ", f),
            Self::Not(inner) => write!(f, "not {}", Within(2, inner)),
        }
    }
}

impl Operand {
    fn columns<'a>(&'a self, add: &mut dyn FnMut(&'a str)) {
        match self {
            Self::Column(name) => add(name),
            Self::Literal(_) => {}
            Self::Computed(parts) => {
                parts.0.columns(add);
                parts.2.columns(add);
            }
        }
    }

    /// How tightly it holds its parts together: more is tighter.
    fn tightness(&self) -> u8 {
        match self {
            Self::Computed(parts) => parts.1.tightness(),
            Self::Column(_) | Self::Literal(_) => 3,
        }
    }
}

/// A part, in parentheses if it holds together more loosely than what is around it.
struct Within<'a>(u8, &'a Expression);

impl Display for Within<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(around, part) = self;
        if part.tightness() <= *around { write!(f, "({part})") } else { write!(f, "{part}") }
    }
}

/// A column's name, in quotes if it is not plain.
pub(super) struct Name<'a>(pub &'a str);

impl Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(name) = self;
        let is_name = |part: &str| part.starts_with(starts_name) && part.chars().all(continues_name);
        let is_plain = name.split('.').all(is_name);
        if is_plain && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(name)) {
            return f.write_str(name);
        }
        write!(f, "\"{}\"", name.replace('"', "\"\""))
    }
}

pub(super) fn starts_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

pub(super) fn continues_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn separated<T: Display>(
    items: impl IntoIterator<Item = T>,
    separator: &str,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            f.write_str(separator)?;
        }
        item.fmt(f)?;
    }
    Ok(())
}

impl Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write("", f)
    }
}

impl Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column(name) => Name(name).fmt(f),
            Self::Literal(literal) => literal.fmt(f),
            Self::Computed(parts) => {
                let (left, operator, right) = &**parts;
                let side = |operand: &Self, is_within: bool| match is_within {
                    true => format!("({operand})"),
                    false => operand.to_string(),
                };
                let tightness = operator.tightness();
                let left = side(left, left.tightness() < tightness);
                // What is equally tight goes from the left to the right.
                let right = side(right, right.tightness() <= tightness);
                write!(f, "{left} {operator} {right}")
            }
        }
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => write!(f, "'{}'", text.replace('\'', "''")),
            Self::Boolean(value) => value.fmt(f),
            Self::Null => f.write_str("null"),
        }
    }
}
