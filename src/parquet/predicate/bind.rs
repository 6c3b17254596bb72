//! From what a predicate says to what it means for columns of given types.

use arrow_buffer::i256;
use arrow_schema::DataType;

use super::arithmetic::{Figure, Formula};
use super::expression::{Expression, Literal, Name, Operand};
use super::instant::Instant;
use super::like::Pattern;
use super::ranges::{LiteralPosition, Ordered, Ranges, Relation};
use super::values::ValueType;
use crate::error::{Error, Result};
use crate::escape::{NAME, shown};
use crate::series::key::values_type;
use crate::series::type_names::type_text;

/// A predicate over columns of known types: it tells the rows of a batch that it keeps, and what bounds alone say.
#[derive(Clone, Debug)]
pub struct Bound {
    pub(super) columns: Vec<Column>,
    pub(super) root: Node,
}

#[derive(Clone, Debug)]
pub(super) struct Column {
    pub name: String,
    pub kind: ValueType,
}

/// A part of a bound predicate. Columns are places in [`Bound::columns`]. Negations have been moved into the leaves (De
/// Morgan's laws hold in three-valued logic too).
#[derive(Clone, Debug)]
pub(super) enum Node {
    Constant(Option<bool>),
    IsNull {
        column: usize,
        negated: bool,
    },
    Within(Within),
    Compare {
        left: usize,
        relation: Relation,
        right: usize,
        negated: bool,
    },
    /// What is computed of numbers.
    Computed {
        left: Formula,
        relation: Relation,
        right: Formula,
        negated: bool,
    },
    /// Texts against a pattern. Those that match are in the hull.
    Like {
        column: usize,
        pattern: Pattern,
        hull: Ranges<Box<str>>,
        negated: bool,
    },
    All(Vec<Node>),
    Any(Vec<Node>),
}

/// A column's values against literals: true within the set, false outside, unknown for null.
#[derive(Clone, Debug)]
pub(super) struct Within {
    pub column: usize,
    pub set: Set,
    /// True and false are exchanged.
    pub negated: bool,
    /// A value outside is unknown, as a null was among the literals of `in`.
    pub outside: Outside,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outside {
    False,
    Unknown,
}

#[derive(Clone, Debug)]
pub(super) enum Set {
    Integers(Ranges<i256>),
    Floats(Ranges<f64>),
    Texts(Ranges<Box<str>>),
}

impl Bound {
    /// The columns that it needs, by name: those of the predicate that the file has.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }
}

pub(super) fn bind(expression: &Expression, types: &dyn Fn(&str) -> Option<DataType>) -> Result<Bound> {
    let mut names = Vec::new();
    expression.columns(&mut names);
    let columns = names.into_iter().filter_map(|name| {
        let data_type = types(name)?;
        Some((Column { name: name.to_owned(), kind: ValueType::of(&data_type) }, data_type))
    });
    let (columns, types): (Vec<_>, Vec<_>) = columns.unzip();
    let binder = Binder { columns, types };
    let root = binder.node(expression, false)?;
    binder.keep_used(root)
}

struct Binder {
    columns: Vec<Column>,
    types: Vec<DataType>,
}

impl Binder {
    fn node(&self, expression: &Expression, negated: bool) -> Result<Node> {
        match expression {
            Expression::Constant(value) => Ok(Node::Constant(value.map(|value| value != negated))),
            Expression::Flag(name) => {
                if let Some(column) = self.column(name)
                    && !matches!(self.columns[column].kind, ValueType::Boolean | ValueType::Null)
                {
                    let data_type = self.type_text(column);
                    return Err(Error::Invalid(format!(
                        "column '{name}' is of type {data_type}; on its own it would have to be boolean: compare it, \
                         or ask '{} is not null'",
                        Name(name)
                    )));
                }
                self.against(name, Relation::Equal, &[Literal::Boolean(true)], negated)
            }
            Expression::Compare { left, relation, right } => self.compare(left, *relation, right, negated),
            Expression::Between { value, low, high } => {
                let parts = [(Relation::AtLeast, low), (Relation::AtMost, high)];
                let parts = parts.map(|(relation, bound)| self.compare(value, relation, bound, negated));
                let parts = parts.into_iter().collect::<Result<_>>()?;
                Ok(join(parts, !negated))
            }
            Expression::In { value, list } => match value {
                Operand::Computed(_) => {
                    let items = list.iter().map(|item| Operand::Literal(item.clone()));
                    let parts = items.map(|item| self.compare(value, Relation::Equal, &item, negated));
                    Ok(join(parts.collect::<Result<_>>()?, negated))
                }
                Operand::Column(name) => self.against(name, Relation::Equal, list, negated),
                Operand::Literal(literal) => {
                    let parts = list.iter().map(|item| constant(literal, Relation::Equal, item, negated));
                    Ok(join(parts.collect::<Result<_>>()?, negated))
                }
            },
            Expression::IsNull(name) => Ok(match self.column(name) {
                Some(column) if self.columns[column].kind != ValueType::Null => Node::IsNull { column, negated },
                _ => Node::Constant(Some(!negated)),
            }),
            Expression::Like { name, pattern, folds_case, escape } => {
                // It was one when it was parsed.
                let read = Pattern::new(pattern, *folds_case, *escape);
                let pattern = read.ok_or_else(|| Error::Invalid(format!("'{pattern}' is no pattern")))?;
                self.like(name, pattern, negated)
            }
            Expression::All(parts) => Ok(join(self.nodes(parts, negated)?, !negated)),
            Expression::Any(parts) => Ok(join(self.nodes(parts, negated)?, negated)),
            Expression::Not(inner) => self.node(inner, !negated),
        }
    }

    fn nodes(&self, parts: &[Expression], negated: bool) -> Result<Vec<Node>> {
        parts.iter().map(|part| self.node(part, negated)).collect()
    }

    /// The type of a column, as messages name it.
    fn type_text(&self, column: usize) -> String {
        shown(&type_text(&self.types[column]), NAME).into_owned()
    }

    /// `None` if the file lacks the column.
    fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    fn compare(&self, left: &Operand, relation: Relation, right: &Operand, negated: bool) -> Result<Node> {
        let (left, right) = (&folded(left), &folded(right));
        match (left, right) {
            (Operand::Computed(_), _) | (_, Operand::Computed(_)) => {
                let (left, right) = (self.formula(left)?, self.formula(right)?);
                Ok(match (left, right) {
                    (Some(left), Some(right)) => Node::Computed { left, relation, right, negated },
                    _ => Node::Constant(None),
                })
            }
            (Operand::Column(name), Operand::Literal(literal)) => {
                self.against(name, relation, std::slice::from_ref(literal), negated)
            }
            (Operand::Literal(literal), Operand::Column(name)) => {
                self.against(name, relation.mirrored(), std::slice::from_ref(literal), negated)
            }
            (Operand::Literal(left), Operand::Literal(right)) => constant(left, relation, right, negated),
            (Operand::Column(left), Operand::Column(right)) => self.between_columns(left, relation, right, negated),
        }
    }

    /// What is computed of columns of numbers; `None` where one of it is null in each row.
    fn formula(&self, operand: &Operand) -> Result<Option<Formula>> {
        Ok(match operand {
            Operand::Column(name) => match self.column(name) {
                Some(column) => match self.columns[column].kind {
                    ValueType::Null => None,
                    ValueType::Decimal { .. } | ValueType::Float => Some(Formula::Column(column)),
                    _ => {
                        let data_type = self.type_text(column);
                        return Err(Error::Invalid(format!(
                            "column '{name}' is of type {data_type}; sums, products and what they are compared with are \
                             of numbers"
                        )));
                    }
                },
                None => None,
            },
            Operand::Literal(Literal::Null) => None,
            Operand::Literal(Literal::Number(number)) => Some(Formula::Literal(Figure::of(number))),
            Operand::Literal(literal) => {
                return Err(Error::Invalid(format!(
                    "sums, products and what they are compared with are of numbers, and {literal} is none"
                )));
            }
            Operand::Computed(parts) => {
                let (left, operator, right) = &**parts;
                let parts = self.formula(left)?.zip(self.formula(right)?);
                parts.map(|(left, right)| Formula::Of(Box::new((left, *operator, right))))
            }
        })
    }

    /// A column against each of several literals: whether one relation holds.
    fn against(&self, name: &str, relation: Relation, literals: &[Literal], negated: bool) -> Result<Node> {
        let Some(column) = self.column(name) else {
            return Ok(Node::Constant(None));
        };
        let kind = self.columns[column].kind;
        let set = match kind {
            ValueType::Null => return Ok(Node::Constant(None)),
            ValueType::Other => {
                let data_type = self.type_text(column);
                return Err(Error::Invalid(format!(
                    "column '{name}' is of type {data_type}, which is not compared; ask '{0} is null' or '{0} is not \
                     null'",
                    Name(name)
                )));
            }
            ValueType::Boolean => Set::Integers(ranges(relation, literals, |literal| match literal {
                Literal::Boolean(value) => Ok(LiteralPosition::At(i256::from_i128((*value).into()))),
                other => Err(unfit(name, kind, other)),
            })?),
            ValueType::Decimal { scale } => Set::Integers(ranges(relation, literals, |literal| match literal {
                Literal::Number(number) => Ok(number.among_integers(scale.into())),
                other => Err(unfit(name, kind, other)),
            })?),
            ValueType::Float => Set::Floats(ranges(relation, literals, |literal| match literal {
                Literal::Number(number) => Ok(number.among_floats(values_type(&self.types[column]))),
                other => Err(unfit(name, kind, other)),
            })?),
            ValueType::Text => Set::Texts(ranges(relation, literals, |literal| match literal {
                Literal::Text(text) => Ok(LiteralPosition::At(text.as_str().into())),
                other => Err(unfit(name, kind, other)),
            })?),
            ValueType::Day => {
                Set::Integers(ranges(relation, literals, |literal| Ok(instant(name, kind, literal)?.among_days()))?)
            }
            ValueType::Timestamp { scale } => Set::Integers(ranges(relation, literals, |literal| {
                Ok(instant(name, kind, literal)?.among_timestamps(scale))
            })?),
            ValueType::TimeOfDay { scale } => Set::Integers(ranges(relation, literals, |literal| match literal {
                Literal::Text(text) => {
                    let time = Instant::parse_time(text).ok_or_else(|| unfit(name, kind, literal))?;
                    Ok(time.among_timestamps(scale))
                }
                other => Err(unfit(name, kind, other)),
            })?),
        };
        if literals.iter().all(|literal| *literal == Literal::Null) {
            return Ok(Node::Constant(None));
        }
        let outside = if literals.contains(&Literal::Null) { Outside::Unknown } else { Outside::False };
        // The ranges of `!=` are those of `=`.
        let negated = negated != (relation == Relation::NotEqual);
        Ok(Node::Within(Within { column, set, negated, outside }))
    }

    /// A column of text against a pattern.
    fn like(&self, name: &str, pattern: Pattern, negated: bool) -> Result<Node> {
        let Some(column) = self.column(name) else {
            return Ok(Node::Constant(None));
        };
        match self.columns[column].kind {
            ValueType::Null => Ok(Node::Constant(None)),
            ValueType::Text => Ok(match pattern.hull() {
                // A prefix, or a text without wildcards.
                (hull, true) => {
                    Node::Within(Within { column, set: Set::Texts(hull), negated, outside: Outside::False })
                }
                (hull, false) => Node::Like { column, pattern, hull, negated },
            }),
            _ => {
                let data_type = self.type_text(column);
                Err(Error::Invalid(format!("column '{name}' is of type {data_type}; 'like' is for columns of text")))
            }
        }
    }

    fn between_columns(&self, left_name: &str, relation: Relation, right_name: &str, negated: bool) -> Result<Node> {
        let (Some(left), Some(right)) = (self.column(left_name), self.column(right_name)) else {
            return Ok(Node::Constant(None));
        };
        let kinds = (self.columns[left].kind, self.columns[right].kind);
        match kinds {
            (ValueType::Null, _) | (_, ValueType::Null) => Ok(Node::Constant(None)),
            (ValueType::Boolean, ValueType::Boolean)
            | (ValueType::Text, ValueType::Text)
            | (ValueType::TimeOfDay { .. }, ValueType::TimeOfDay { .. })
            | (ValueType::Decimal { .. } | ValueType::Float, ValueType::Decimal { .. } | ValueType::Float)
            | (ValueType::Day | ValueType::Timestamp { .. }, ValueType::Day | ValueType::Timestamp { .. }) => {
                Ok(Node::Compare { left, relation, right, negated })
            }
            _ => Err(Error::Invalid(format!(
                "column '{left_name}' is of type {} and column '{right_name}' of type {}; they cannot be compared",
                self.type_text(left),
                self.type_text(right)
            ))),
        }
    }

    /// The predicate with the columns that it still looks at: what is null throughout has become a constant.
    fn keep_used(self, mut root: Node) -> Result<Bound> {
        let mut places = vec![None; self.columns.len()];
        let mut used = Vec::new();
        root.each_column(&mut |column| {
            let place = places[*column].get_or_insert_with(|| {
                used.push(*column);
                used.len() - 1
            });
            *column = *place;
        });
        let columns = used.into_iter().map(|column| self.columns[column].clone()).collect();
        Ok(Bound { columns, root })
    }
}

impl Node {
    fn each_column(&mut self, visit: &mut dyn FnMut(&mut usize)) {
        match self {
            Self::Constant(_) => {}
            Self::IsNull { column, .. } | Self::Within(Within { column, .. }) | Self::Like { column, .. } => {
                visit(column)
            }
            Self::Compare { left, right, .. } => {
                visit(left);
                visit(right);
            }
            Self::Computed { left, right, .. } => {
                left.each_column(visit);
                right.each_column(visit);
            }
            Self::All(parts) | Self::Any(parts) => {
                for part in parts {
                    part.each_column(visit);
                }
            }
        }
    }
}

fn ranges<T: Ordered>(
    relation: Relation,
    literals: &[Literal],
    place: impl Fn(&Literal) -> Result<LiteralPosition<T>>,
) -> Result<Ranges<T>> {
    let known = literals.iter().filter(|literal| **literal != Literal::Null);
    let sets = known.map(|literal| Ok(Ranges::of(relation, &place(literal)?)));
    Ok(Ranges::union(sets.collect::<Result<Vec<_>>>()?))
}

fn unfit(name: &str, kind: ValueType, literal: &Literal) -> Error {
    Error::Invalid(format!("column '{name}' is {}; compare it with {}, not with {literal}", kind.name(), kind.wanted()))
}

fn instant(name: &str, kind: ValueType, literal: &Literal) -> Result<Instant> {
    let Literal::Text(text) = literal else {
        return Err(unfit(name, kind, literal));
    };
    Instant::parse(text).ok_or_else(|| unfit(name, kind, literal))
}

/// The same, where what is made of literals alone and exact is one literal.
fn folded(operand: &Operand) -> Operand {
    let Operand::Computed(parts) = operand else { return operand.clone() };
    let (left, operator, right) = (folded(&parts.0), parts.1, folded(&parts.2));
    if let (Operand::Literal(Literal::Number(a)), Operand::Literal(Literal::Number(b))) = (&left, &right)
        && let Some(number) = Figure::of(a).with(operator, Figure::of(b)).number()
    {
        return Operand::Literal(Literal::Number(number));
    }
    Operand::Computed(Box::new((left, operator, right)))
}

/// Two literals.
fn constant(left: &Literal, relation: Relation, right: &Literal, negated: bool) -> Result<Node> {
    let order = match (left, right) {
        (Literal::Null, _) | (_, Literal::Null) => return Ok(Node::Constant(None)),
        (Literal::Number(left), Literal::Number(right)) => left.cmp(right),
        (Literal::Text(left), Literal::Text(right)) => left.cmp(right),
        (Literal::Boolean(left), Literal::Boolean(right)) => left.cmp(right),
        _ => return Err(Error::Invalid(format!("{left} and {right} are of different kinds and cannot be compared"))),
    };
    Ok(Node::Constant(Some(relation.holds(Some(order)) != negated)))
}

/// Parts that all hold, or of which one holds. Those that ask the same column become one: they are unknown in the same
/// rows, so that sets do what the logic does, and a column is looked at once.
fn join(parts: Vec<Node>, is_all: bool) -> Node {
    let mut joined: Vec<Node> = Vec::with_capacity(parts.len());
    let mut groups: Vec<(usize, bool, usize, Vec<Set>)> = Vec::new();
    for part in parts {
        match part {
            Node::Within(Within { column, set, negated, outside: Outside::False }) => {
                match groups.iter_mut().find(|group| (group.0, group.1) == (column, negated)) {
                    Some(group) => group.3.push(set),
                    None => {
                        groups.push((column, negated, joined.len(), vec![set]));
                        joined.push(Node::Constant(None)); // its place; the set follows below
                    }
                }
            }
            other => joined.push(other),
        }
    }
    for (column, negated, index, sets) in groups {
        // What lies outside of both sets lies outside of their union.
        let set = Set::joined(sets, is_all != negated);
        joined[index] = Node::Within(Within { column, set, negated, outside: Outside::False });
    }
    match joined.pop() {
        Some(only) if joined.is_empty() => only,
        last => {
            joined.extend(last);
            if is_all { Node::All(joined) } else { Node::Any(joined) }
        }
    }
}

impl Set {
    /// The values that are in all sets, or in any; all are of one column.
    fn joined(sets: Vec<Self>, is_all: bool) -> Self {
        let (mut integers, mut floats, mut texts) = (Vec::new(), Vec::new(), Vec::new());
        for set in sets {
            match set {
                Self::Integers(ranges) => integers.push(ranges),
                Self::Floats(ranges) => floats.push(ranges),
                Self::Texts(ranges) => texts.push(ranges),
            }
        }
        fn one<T: Ordered>(sets: Vec<Ranges<T>>, is_all: bool) -> Ranges<T> {
            if is_all {
                let all = sets.into_iter().reduce(|a, b| a.intersection(&b));
                return all.unwrap_or_else(|| Ranges::union([]));
            }
            Ranges::union(sets)
        }
        match (integers.is_empty(), floats.is_empty()) {
            (false, _) => Self::Integers(one(integers, is_all)),
            (_, false) => Self::Floats(one(floats, is_all)),
            _ => Self::Texts(one(texts, is_all)),
        }
    }
}
