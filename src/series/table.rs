//! Which columns of a table are series.

use arrow_schema::{DataType, Schema};

use super::lane::Kind;
use crate::error::{Error, Result};

/// Which columns are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Columns {
    /// Every column of numbers; booleans are not among them.
    Numeric,
    /// The columns of these names, booleans included.
    Named(Vec<String>),
}

impl Columns {
    /// Whether a column of this name is to be looked at; of [`Columns::Numeric`] its type decides.
    pub fn wants(&self, name: &str) -> bool {
        match self {
            Self::Numeric => true,
            Self::Named(names) => names.iter().any(|wanted| wanted == name),
        }
    }

    /// The places of the wanted columns in `schema`, in column order.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchColumn`] and [`Error::NotNumeric`] for a name that is not there or not of numbers.
    pub fn choose(&self, schema: &Schema) -> Result<Vec<usize>> {
        let names = match self {
            Self::Numeric => {
                let wanted = schema
                    .fields()
                    .iter()
                    .enumerate()
                    .filter(|(_, field)| Kind::of_field(field).is_some() && !is_boolean(field.data_type()));
                return Ok(wanted.map(|(place, _)| place).collect());
            }
            Self::Named(names) => names,
        };
        for name in names {
            let mut fields = schema.fields().iter().filter(|field| field.name() == name).peekable();
            if fields.peek().is_none() {
                return Err(Error::NoSuchColumn {
                    name: name.clone(),
                    available: schema.fields().iter().map(|field| field.name().clone()).collect(),
                });
            }
            if let Some(field) = fields.find(|field| Kind::of_field(field).is_none()) {
                return Err(Error::NotNumeric { name: Some(name.clone()), data_type: field.data_type().to_string() });
            }
        }
        let wanted = schema.fields().iter().enumerate();
        let wanted = wanted.filter(|(_, field)| names.contains(field.name()));
        Ok(wanted.map(|(place, _)| place).collect())
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
    use arrow_schema::Field;

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
        let text = "column 's' is of type Utf8, which holds no numbers";
        assert_eq!(named(&["a", "s"]), Err(text.to_owned()));
    }
}
