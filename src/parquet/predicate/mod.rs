//! Predicates over rows: what `--where` says.
//!
//! ```text
//! predicate  = conjunction { "or" conjunction }
//! conjunction = negation { "and" negation }
//! negation   = { "not" } ( "(" predicate ")" | test )
//! test       = value [ comparison value | [ "not" ] "between" value "and" value
//!                    | [ "not" ] "in" "(" literal { "," literal } ")" | "is" [ "not" ] "null"
//!                    | [ "not" ] ( "like" | "ilike" ) text [ "escape" text ] ]
//! comparison = "=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">="
//! value      = product { ( "+" | "-" ) product }
//! product    = factor { ( "*" | "/" ) factor }
//! factor     = { "+" | "-" } ( column | literal | "(" value ")" )
//! column     = name { "." name } | '"' any text, "" for one " '"'
//! name       = letter or _ { letter, digit or _ }
//! literal    = number | "'" any text, '' for one ' "'" | "true" | "false" | "null"
//! ```
//!
//! In the text behind `like` a `%` stands for any characters and a `_` for one; `ilike` takes letters in either case. A character that is named behind
//! `escape` makes the wildcard behind it stand for itself. Words are words in any case. A column on its own must be boolean. Dates and timestamps are quoted ISO 8601 text; one
//! without an offset is UTC, and so is a column without a time zone. A time of day is quoted too: `'08:30:00.25'`.
//!
//! The logic is SQL's, of three values: a null compares as unknown, `not` leaves unknown as it is, and a row is kept
//! where the answer is true. Comparison is that of the real numbers, whatever the types: an integer column against 2.5, or
//! against a column of floats, is not rounded. Only a literal beside a column of floats is read as a float of the column's type,
//! so that `x = 0.1` finds what was written as 0.1. A NaN satisfies `!=` and no other comparison (IEEE 754), and it is not null.
//!
//! What is computed is of numbers: exact of integers and decimals but for quotients, and rounded to a double where a float has part in it (`arithmetic`).
//! It prunes nothing; what is made of literals alone is one literal.
//!
//! A predicate is [parsed](Predicate::parse), then [bound](Predicate::bind) to the types of a file's columns. There each
//! comparison with a literal becomes a set of ranges of the column's own values (`ranges`), and negations move into the
//! comparisons. What is bound tells which rows of a batch to keep (`evaluate`), and what the bounds of a row group or a
//! page alone tell (`prune`, `statistics`).

mod arithmetic;
mod bind;
mod evaluate;
mod expression;
mod instant;
mod like;
mod number;
mod parse;
mod prune;
mod ranges;
mod statistics;
#[cfg(test)]
mod tests;
mod values;

use std::fmt;

use arrow_schema::DataType;

pub use bind::Bound;
pub use prune::{Bounds, Pruning};
pub use statistics::{row_group_bounds, select_rows};

use crate::error::Result;

/// What is asked of a row. Its display is a normal form, which parses to the same predicate.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicate {
    expression: expression::Expression,
}

impl Predicate {
    /// Reads a predicate, in the language that [`Predicate`] tells.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`](crate::Error::Invalid) with the character where something else was expected, and what.
    pub fn parse(text: &str) -> Result<Self> {
        Ok(Self { expression: parse::parse(text)? })
    }

    /// The columns that it names, each once, in the order in which they appear.
    pub fn columns(&self) -> Vec<&str> {
        let mut columns = Vec::new();
        self.expression.columns(&mut columns);
        columns
    }

    /// A comparison of a column with a name that is none, most likely a text without quotes; and how it is written with them.
    pub(super) fn unquoted(&self, is_column: &dyn Fn(&str) -> bool) -> Option<(String, String)> {
        self.expression.unquoted(is_column)
    }

    /// The predicate over a file whose columns have the Arrow types that `types` says; `None` is a column that the file
    /// lacks, which is null in all its rows.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`](crate::Error::Invalid) for a column that is compared with something of another kind.
    pub fn bind(&self, types: &dyn Fn(&str) -> Option<DataType>) -> Result<Bound> {
        bind::bind(&self.expression, types)
    }
}

impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expression.fmt(f)
    }
}
