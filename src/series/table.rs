//! Which columns of a table are series.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema};
use serde::{Deserialize, Serialize};

use super::column_names::expanded;
use super::exact_cast::decimal_scale;
use super::list::values_of;
use super::repr::Kind;
use crate::error::{Error, Result};
use crate::escape::{NAME, shown};
use crate::num::figure::NumberType;
use crate::series::type_names::{type_name, type_text};

/// Which columns are wanted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Columns {
    /// No column is named: every column of numbers is described as numbers, and of the others those that [`Kinds`] says.
    Numeric,
    /// The columns of these names, booleans included. A name that no column has may have `*`, `?` and `[ab]`: it stands for the columns that it
    /// matches.
    Named(Vec<String>),
    /// The columns of numbers or booleans that this lets through.
    Where(Filter),
}

/// Which kinds of columns are described where nothing else decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kinds {
    /// Every kind: see [`SeriesKind`](crate::SeriesKind).
    #[default]
    All,
    /// Numbers alone. A column of another kind is an error if it is named, and is listed as left out if it is not.
    Numbers,
}

/// Lets columns through by their name and the name of their type as NumPy has it: `float64`, `int8`, `bool`, and `decimal` for decimals of any width; a type of no
/// name is any other.
#[derive(Clone)]
pub struct Filter(Arc<Passes>);

type Passes = dyn Fn(&str, &str) -> bool + Send + Sync;

impl Filter {
    /// One that lets through what `passes` says, given a column's name and the name of its type.
    pub fn new(passes: impl Fn(&str, &str) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(passes))
    }

    /// Whether a column passes.
    pub fn passes(&self, name: &str, type_name: &str) -> bool {
        (self.0)(name, type_name)
    }

    /// Whether it is by its name that a column passes, whatever its type: one that cannot be described is told then.
    pub fn passes_name(&self, name: &str) -> bool {
        (self.0)(name, "")
    }
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Filter")
    }
}

/// A column that was not described, though nobody chose among the columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The column's name.
    pub column: String,
    /// Why: its type, or what is in it.
    pub reason: String,
}

impl LeftOut {
    /// Why booleans are left out.
    pub const BOOLEANS: &str = "booleans are described where they are named";

    /// Why a column of this field is not described unless it is named. `None` for one that is.
    pub fn why(field: &Field) -> Option<String> {
        let data_type = field.data_type();
        match Kind::from_field(field) {
            Some(_) if is_boolean(data_type) => Some(Self::BOOLEANS.to_owned()),
            Some(_) => None,
            None if values_of(data_type).is_some() => Some(format!(
                "of type {}: lists are described where they are named",
                shown(&type_text(data_type), NAME)
            )),
            None => Some(format!("of type {}, which holds no numbers", shown(&type_text(data_type), NAME))),
        }
    }
}

impl Columns {
    /// Whether these are the columns of these very names: others are left out in silence where they do not fit.
    pub fn are_named(&self) -> bool {
        matches!(self, Self::Named(_))
    }

    /// Whether a column of this name is to be looked at; where no names are given, its type decides.
    pub fn wants(&self, name: &str) -> bool {
        match self {
            Self::Numeric | Self::Where(_) => true,
            Self::Named(names) => names.iter().any(|wanted| wanted == name),
        }
    }

    /// Whether a column of numbers or booleans is wanted.
    pub fn takes(&self, name: &str, type_name: &str) -> bool {
        match self {
            Self::Numeric => type_name != "bool",
            Self::Named(_) => self.wants(name),
            Self::Where(filter) => filter.passes(name, type_name),
        }
    }

    /// The places of the wanted columns in `schema`, in column order.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchColumn`] and [`Error::NotNumeric`] for a name that is not there or not of numbers.
    pub fn choose(&self, schema: &Schema) -> Result<Vec<usize>> {
        let Self::Named(names) = self else {
            let wanted = schema.fields().iter().enumerate().filter(|(_, field)| {
                Kind::from_field(field).is_some() && self.takes(field.name(), type_name(field.data_type()))
            });
            return Ok(wanted.map(|(index, _)| index).collect());
        };
        // Each name is looked up once, however many there are.
        let mut indices: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, field) in schema.fields().iter().enumerate() {
            indices.entry(field.name()).or_default().push(index);
        }
        let mut chosen = Vec::new();
        let numeric = schema.fields().iter().filter(|field| Kind::from_field(field).is_some());
        let names = expanded(names, |name| indices.contains_key(name), numeric.map(|field| field.name().as_str()));
        for name in &names {
            let Some(found) = indices.get(name.as_str()) else {
                return Err(Error::NoSuchColumn {
                    name: name.clone(),
                    available: schema.fields().iter().map(|field| field.name().clone()).collect(),
                });
            };
            for &index in found {
                let field = schema.field(index);
                if Kind::from_field(field).is_none() {
                    let data_type = type_text(field.data_type());
                    return Err(Error::NotNumeric { name: Some(name.clone()), data_type });
                }
                chosen.push(index);
            }
        }
        chosen.sort_unstable();
        chosen.dedup(); // a name may be given twice
        Ok(chosen)
    }
}

/// What the extrema, the range, the sum and the mode of a column of this type are.
pub(crate) fn number_type(data_type: &DataType) -> NumberType {
    if let Some(scale) = decimal_scale(data_type) {
        return NumberType::Decimal(u8::try_from(scale).unwrap_or(0));
    }
    match data_type {
        DataType::Dictionary(_, values) => number_type(values),
        DataType::RunEndEncoded(_, values) => number_type(values.data_type()),
        of if of.is_integer() || *of == DataType::Boolean => NumberType::Integer,
        _ => NumberType::Float,
    }
}

/// Whether a type is boolean; dictionaries and runs are what their values are.
pub(crate) fn is_boolean(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_boolean(values),
        DataType::RunEndEncoded(_, values) => is_boolean(values.data_type()),
        data_type => *data_type == DataType::Boolean,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_chosen_in_column_order() {
        let field = |name, data_type| Field::new(name, data_type, true);
        let schema = Schema::new(vec![
            field("a", DataType::Float64),
            field("s", DataType::Utf8),
            field("b", DataType::Boolean),
            field("c", DataType::Decimal128(10, 2)),
        ]);
        let named = |names: &[&str]| {
            let names = names.iter().map(|&name| name.to_owned()).collect();
            Columns::Named(names).choose(&schema).map_err(|error| error.to_string())
        };
        assert_eq!(Columns::Numeric.choose(&schema).unwrap(), [0, 3]);
        assert_eq!(named(&["c", "b"]), Ok(vec![2, 3]));
        let missing = "there is no column 'z'; the columns are 'a', 's', 'b', 'c'";
        assert_eq!(named(&["z"]), Err(missing.to_owned()));
        let text = "column 's' is of type string, which holds no numbers";
        assert_eq!(named(&["a", "s"]), Err(text.to_owned()));
    }
}
