//! How the columns of several files fit together.
//!
//! Columns are matched by name, in whatever order a file has them; a file without the column adds nothing to it. Numeric types
//! mix exactly: the series is scanned as the cheapest kind of number that holds every value of every file. A type that is only
//! null fits any other. Anything else is a clash, which names both files.

use std::collections::HashMap;
use std::path::PathBuf;

use arrow_schema::{DataType, Field};

use super::dataset::Dataset;
use super::guard::footer::ARROW_SCHEMA;
use crate::error::{Error, Position, Result};
use crate::escape::{NAME, shown};
use crate::num::figure::NumberType;
use crate::series::key::values_type;
use crate::series::table::{Columns, LeftOut, is_boolean, number_type, type_name};
use crate::series::{Kind, Repr};

/// One series of a dataset.
#[derive(Clone, Debug)]
pub(super) struct DataColumn {
    pub name: String,
    pub repr: Repr,
    /// What its extrema, its range, its sum and its mode are.
    pub number_type: NumberType,
    /// Its place among the columns of each file that has it.
    pub indices: Vec<Option<usize>>,
}

impl Dataset {
    fn field(&self, file: usize, index: usize) -> &Field {
        self.files[file].schema().field(index)
    }

    /// All columns by name, in the order in which the files first have them. Of columns that share a name within a file, the first
    /// ones of all files belong together, and the second ones.
    fn all_columns(&self) -> Vec<DataColumn> {
        let mut all: Vec<DataColumn> = Vec::new();
        let mut known: HashMap<(&str, usize), usize> = HashMap::new();
        for (index, file) in self.files.iter().enumerate() {
            let mut repeated: HashMap<&str, usize> = HashMap::new();
            for (place, field) in file.schema().fields().iter().enumerate() {
                let nth = repeated.entry(field.name()).or_default();
                let series = *known.entry((field.name(), *nth)).or_insert_with(|| {
                    let indices = vec![None; self.files.len()];
                    all.push(DataColumn {
                        name: field.name().clone(),
                        repr: Repr::Float,
                        number_type: NumberType::Float,
                        indices,
                    });
                    all.len() - 1
                });
                *nth += 1;
                all[series].indices[index] = Some(place);
            }
        }
        all
    }

    /// The wanted columns; those that `by` names are keys, and wanted only by their name.
    /// Those that are left out though nobody chose come after them.
    pub(super) fn columns(&self, columns: &Columns, by: &[String]) -> Result<(Vec<DataColumn>, Vec<LeftOut>)> {
        let mut all = self.all_columns();
        let names: Vec<String> = all.iter().map(|column| column.name.clone()).collect();
        if let Columns::Named(wanted) = columns
            && let Some(missing) = wanted.iter().find(|name| !names.contains(name))
        {
            return Err(Error::NoSuchColumn { name: missing.clone(), available: names });
        }
        let named = columns.are_named();
        all.retain(|column| columns.wants(&column.name) && (named || !by.contains(&column.name)));
        let (mut series, mut left_out) = (Vec::new(), Vec::new());
        for column in all {
            let first = column.indices.iter().enumerate().find_map(|(file, index)| Some(self.field(file, (*index)?)));
            let why = first.filter(|_| matches!(columns, Columns::Numeric)).and_then(LeftOut::why);
            let name = column.name.clone();
            match (self.fit(column, columns)?, why) {
                (Some(column), _) => series.push(column),
                (None, Some(reason)) => left_out.push(LeftOut { column: name, reason }),
                (None, None) => {}
            }
        }
        Ok((series, left_out))
    }

    /// The place of a column of this name in each file, and the type that all of them are cast to.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchColumn`] where no file has it, [`Error::Clash`] for types that do not fit.
    pub(super) fn key(&self, name: &str) -> Result<(DataType, Vec<Option<usize>>)> {
        let all = self.all_columns();
        let Some(column) = all.iter().find(|column| column.name == name) else {
            let mut available: Vec<String> = all.into_iter().map(|column| column.name).collect();
            available.extend(self.partitions.iter().map(|partition| partition.name.clone()));
            return Err(Error::NoSuchColumn { name: name.to_owned(), available });
        };
        let indices = (0..self.files.len()).filter_map(|file| Some((file, column.indices[file]?)));
        let mut whole: Option<(DataType, (usize, usize))> = None;
        for at in indices {
            let data_type = key_type(self.field(at.0, at.1).data_type());
            self.check_interval(name, at, &data_type)?;
            whole = Some(match whole {
                None | Some((DataType::Null, _)) => (data_type, at),
                Some(first) if data_type == DataType::Null || data_type == first.0 => first,
                Some((first, index)) => match common_key(&first, &data_type) {
                    Some(common) => (common, index),
                    None => return Err(self.clash(name, index, at)),
                },
            });
        }
        let data_type = whole.map_or(DataType::Null, |(data_type, _)| data_type);
        Ok((data_type, column.indices.clone()))
    }

    /// An INTERVAL of Parquet has months, days and milliseconds, and is read as one of Arrow's that has either the months or the rest:
    /// which of them it holds, only Arrow's own schema in the file tells.
    fn check_interval(&self, name: &str, (file, _): (usize, usize), data_type: &DataType) -> Result<()> {
        let file = &self.files[file];
        let pairs = file.parquet().file_metadata().key_value_metadata();
        let has_types = pairs.is_some_and(|pairs| pairs.iter().any(|pair| pair.key == ARROW_SCHEMA));
        if !matches!(data_type, DataType::Interval(_)) || has_types {
            return Ok(());
        }
        Err(file.broken(Position::default(), &format!(
            "key '{}' is an INTERVAL of months, days and milliseconds, which cannot be kept as a whole; group by a column that is \
             made of it",
            shown(name, NAME)
        )))
    }

    fn clash(&self, column: &str, first: (usize, usize), second: (usize, usize)) -> Error {
        let path = |file: usize| PathBuf::from(self.files[file].name());
        let data_type = |(file, index): (usize, usize)| self.field(file, index).data_type().to_string();
        Error::Clash {
            column: column.to_owned(),
            first: path(first.0),
            first_type: data_type(first),
            second: path(second.0),
            second_type: data_type(second),
        }
    }

    /// The column with its repr; `None` for one that holds no numbers and was not named.
    fn fit(&self, mut column: DataColumn, columns: &Columns) -> Result<Option<DataColumn>> {
        let named = columns.are_named();
        let indices: Vec<(usize, usize)> =
            column.indices.iter().enumerate().filter_map(|(file, index)| Some((file, (*index)?))).collect();
        let field = |&(file, index): &(usize, usize)| self.field(file, index);
        let is_series = |index: &(usize, usize)| {
            let data_type = field(index).data_type();
            Kind::from_field(field(index)).is_some()
                && match columns {
                    Columns::Where(filter) => filter.passes(&column.name, type_name(data_type)),
                    _ => named || !is_boolean(data_type),
                }
        };
        let Some(fitting) = indices.iter().find(|index| is_series(index)) else {
            return match indices.first().filter(|_| named) {
                Some(index) => {
                    Err(Error::NotNumeric { data_type: field(index).data_type().to_string(), name: Some(column.name) })
                }
                None => Ok(None),
            };
        };
        let other = |index: &&(usize, usize)| !is_series(index) && *field(index).data_type() != DataType::Null;
        if let Some(clashing) = indices.iter().find(other) {
            let (first, second) = if fitting < clashing { (fitting, clashing) } else { (clashing, fitting) };
            return Err(self.clash(&column.name, *first, *second));
        }
        let kinds: Vec<Kind> = indices.iter().filter_map(|index| Kind::from_field(field(index))).collect();
        column.repr = Repr::of(&kinds);
        let types = indices.iter().filter(|index| is_series(index)).map(|index| number_type(field(index).data_type()));
        column.number_type = types.reduce(NumberType::joined).unwrap_or_default();
        Ok(Some(column))
    }
}

/// The type that a key is told apart by: dictionaries and runs are what they stand for.
fn key_type(data_type: &DataType) -> DataType {
    match values_type(data_type) {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        data_type => data_type.clone(),
    }
}

/// A type that holds the keys of both exactly.
fn common_key(a: &DataType, b: &DataType) -> Option<DataType> {
    use DataType::{Float16, Float32, Float64, Int64, Timestamp, UInt64};
    let small = |data_type: &DataType| data_type.is_integer() && !matches!(data_type, Int64 | UInt64);
    let float = |data_type: &DataType| matches!(data_type, Float16 | Float32 | Float64);
    let signed = |data_type: &DataType| data_type.is_integer() && *data_type != UInt64;
    match (a, b) {
        (a, b) if signed(a) && signed(b) => Some(Int64),
        (a, b) if a.is_unsigned_integer() && b.is_unsigned_integer() => Some(UInt64),
        (a, b) if (float(a) || small(a)) && (float(b) || small(b)) => Some(Float64),
        (Timestamp(first, zone), Timestamp(second, other)) if zone == other => {
            Some(Timestamp(*first.max(second), zone.clone()))
        }
        _ => None,
    }
}
