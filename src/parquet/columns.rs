//! How the columns of several files fit together.
//!
//! Columns are matched by name, in whatever order a file has them; a file without the column adds nothing to it. Numeric types
//! mix exactly: the series is scanned as the cheapest kind of number that holds every value of every file. A type that is only
//! null fits any other. Anything else is a clash, which names both files.
//!
//! The fields of a struct are columns of their own, by dotted names, and stand in its place: its name stands for all of them. The values
//! of lists are a column where they are named.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;

use arrow_schema::{DataType, Field};

use super::data_file::Role;
use super::dataset::Dataset;
use super::guard::footer::has_arrow_schema;
use super::request::Request;
use super::storage::UnreadableColumn;
use crate::error::{Error, Position, Result};
use crate::escape::{NAME, shown};
use crate::num::figure::NumberType;
use crate::series::key::values_type;
use crate::series::list::values_of;
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

/// The names of the columns that are described.
#[derive(Default)]
struct Wanted {
    /// All of them. The name of a struct stands for its fields, which are among them.
    names: HashSet<String>,
    /// Those that are wanted by the name of their struct alone.
    by_struct: HashSet<String>,
}

impl DataColumn {
    /// The files that have it, with its place there.
    pub fn places(&self) -> impl Iterator<Item = (usize, usize)> {
        self.indices.iter().enumerate().filter_map(|(file, index)| Some((file, (*index)?)))
    }

    /// The first of them.
    fn first(&self) -> Option<(usize, usize)> {
        self.places().next()
    }
}

impl Dataset {
    fn field(&self, file: usize, index: usize) -> &Field {
        self.files[file].field(index)
    }

    fn role(&self, file: usize, index: usize) -> Role {
        self.files[file].columns()[index].role
    }

    /// The role of a column in the first file that has it.
    fn first_role(&self, column: &DataColumn) -> Role {
        column.first().map_or(Role::Plain, |(file, index)| self.role(file, index))
    }

    /// All columns by name, in the order in which the files first have them. Of columns that share a name within a file, the first
    /// ones of all files belong together, and the second ones.
    fn all_columns(&self) -> Vec<DataColumn> {
        let mut all: Vec<DataColumn> = Vec::new();
        let mut known: HashMap<(&str, usize), usize> = HashMap::new();
        for (index, file) in self.files.iter().enumerate() {
            let mut repeated: HashMap<&str, usize> = HashMap::new();
            for (place, field) in file.columns().iter().enumerate() {
                let nth = repeated.entry(&field.name).or_default();
                let series = *known.entry((&field.name, *nth)).or_insert_with(|| {
                    let indices = vec![None; self.files.len()];
                    all.push(DataColumn {
                        name: field.name.clone(),
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

    /// The wanted columns, and after them those that are left out though nobody chose.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchColumn`] and [`Error::NotNumeric`] for what is named; [`Error::Clash`] for types that do not fit, [`Error::File`]
    /// for a column of a file that cannot be read.
    pub(super) fn columns(&self, request: &Request) -> Result<(Vec<DataColumn>, Vec<LeftOut>)> {
        self.fitting_columns(request, &mut |_, error| Err(error))
    }

    /// The place of a column of this name in each file, and the type that all of them are cast to.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchColumn`] where no file has it, [`Error::Clash`] for types that do not fit.
    pub(super) fn key(&self, name: &str) -> Result<(DataType, Vec<Option<usize>>)> {
        self.fitting_key(name, &mut |_, error| Err(error))
    }

    /// The files whose columns do not go together with those of the files before them, each with what does not fit first.
    pub(super) fn unfit(&self, request: &Request) -> BTreeMap<usize, Error> {
        let mut unfit = BTreeMap::new();
        let mut note = |file: usize, error: Error| {
            unfit.entry(file).or_insert(error);
            Ok(())
        };
        // What is wrong with the request itself is told when it is planned.
        let _ = self.fitting_columns(request, &mut note);
        for name in &request.by {
            let _ = self.fitting_key(name, &mut note);
        }
        unfit
    }

    /// The wanted columns; those that are keys are wanted only by their name. What does not fit goes to `unfit`.
    fn fitting_columns(
        &self,
        request: &Request,
        unfit: &mut dyn FnMut(usize, Error) -> Result<()>,
    ) -> Result<(Vec<DataColumn>, Vec<LeftOut>)> {
        let Request { columns, by, .. } = request;
        let mut all = self.all_columns();
        let named = columns.are_named();
        let Wanted { names: wanted, by_struct } = self.wanted(&all, columns)?;
        for column in &all {
            // A struct in one file is no number in another.
            let Some(first) = column.first() else { continue };
            let is_asked = if named { wanted.contains(&column.name) } else { !by.contains(&column.name) };
            if !is_asked {
                continue;
            }
            let is_struct = self.first_role(column) == Role::Struct;
            for at in column.places() {
                let is_same = (self.role(at.0, at.1) == Role::Struct) == is_struct;
                if !is_same && *self.field(at.0, at.1).data_type() != DataType::Null {
                    unfit(at.0, self.clash(&column.name, first, at))?;
                }
            }
        }
        all.retain(|column| match named {
            true => wanted.contains(&column.name) && self.first_role(column) != Role::Struct,
            false => !by.contains(&column.name) && self.first_role(column) == Role::Plain,
        });
        let (mut series, mut left_out) = (Vec::new(), Vec::new());
        for column in all {
            let first = column.first().map(|(file, index)| self.field(file, index));
            // What is named by its struct alone is left out as what is not named.
            let is_named = named && !by_struct.contains(&column.name);
            let by_default = first.filter(|_| matches!(columns, Columns::Numeric | Columns::Named(_)) && !is_named);
            let why = by_default.and_then(|field| self.list_values(&column, field).or_else(|| LeftOut::why(field)));
            let name = column.name.clone();
            match (self.fit(column, columns, is_named, unfit)?, why) {
                (Some(column), _) => series.push(column),
                (None, Some(reason)) => left_out.push(LeftOut { column: name, reason }),
                (None, None) => {}
            }
        }
        let asked: Vec<&str> = request.predicate.iter().flat_map(|predicate| predicate.columns()).collect();
        let mut told = HashSet::new();
        for (index, file) in self.files.iter().enumerate() {
            for UnreadableColumn { name, reason } in &file.unreadable {
                let is_asked = wanted.contains(name) || by.contains(name) || asked.contains(&name.as_str());
                if is_asked || series.iter().any(|series| series.name == *name) {
                    let position = Position { column: Some(name.clone()), ..Position::default() };
                    unfit(index, file.broken(position, &reason))?;
                } else if matches!(columns, Columns::Numeric) && told.insert(name) {
                    left_out.push(LeftOut { column: name.clone(), reason: reason.clone() });
                }
            }
        }
        Ok((series, left_out))
    }

    /// The names of the wanted columns, where they are named.
    fn wanted(&self, all: &[DataColumn], columns: &Columns) -> Result<Wanted> {
        let Columns::Named(wanted) = columns else { return Ok(Wanted::default()) };
        let unreadable = self.files.iter().flat_map(|file| &file.unreadable).map(|column| column.name.as_str());
        let known: HashSet<&str> = all.iter().map(|column| column.name.as_str()).chain(unreadable).collect();
        if let Some(missing) = wanted.iter().find(|name| !known.contains(name.as_str())) {
            let available = all.iter().map(|column| column.name.clone()).collect();
            return Err(Error::NoSuchColumn { name: missing.clone(), available });
        }
        let mut names: HashSet<String> = wanted.iter().cloned().collect();
        let is_struct = |column: &&DataColumn| self.first_role(column) == Role::Struct && names.contains(&column.name);
        let structs: HashSet<&str> = all.iter().filter(is_struct).map(|column| column.name.as_str()).collect();
        let in_struct = |column: &&DataColumn| {
            let mut dots = column.name.match_indices('.');
            self.first_role(column) == Role::Plain && dots.any(|(dot, _)| structs.contains(&column.name[..dot]))
        };
        let fields = all.iter().filter(in_struct).map(|column| column.name.clone());
        let by_struct = fields.filter(|name| names.insert(name.clone())).collect();
        Ok(Wanted { names, by_struct })
    }

    /// Whether a row of any file has any number of values of the column of this name.
    pub(super) fn holds_lists(&self, name: &str) -> bool {
        self.files.iter().any(|file| file.index_of(name).is_some_and(|index| file.columns()[index].is_repeated()))
    }

    /// The same of a column.
    pub(super) fn is_repeated(&self, column: &DataColumn) -> bool {
        column.places().any(|(file, index)| self.files[file].columns()[index].is_repeated())
    }

    /// How the values in a column of lists are named; `None` for a column of anything else.
    fn list_values(&self, column: &DataColumn, field: &Field) -> Option<String> {
        let data_type = field.data_type();
        if values_of(data_type).is_none() && !matches!(data_type, DataType::Map(..)) {
            return None;
        }
        let (file, _) = column.first()?;
        let prefix = format!("{}.", column.name);
        let inner = self.files[file].columns().iter().filter(|inner| {
            inner.role == Role::ListValues
                && inner.name.starts_with(&prefix)
                && Kind::from_field(&inner.field).is_some()
        });
        let names: Vec<String> = inner.map(|inner| format!("'{}'", shown(&inner.name, NAME))).collect();
        let kind = if matches!(data_type, DataType::Map(..)) { "maps" } else { "lists" };
        Some(match names.is_empty() {
            true => format!("{kind}, which hold no numbers"),
            false => format!("{kind}; name their values: {}", names.join(", ")),
        })
    }

    /// As [`Dataset::key`]; what does not fit goes to `unfit`.
    fn fitting_key(
        &self,
        name: &str,
        unfit: &mut dyn FnMut(usize, Error) -> Result<()>,
    ) -> Result<(DataType, Vec<Option<usize>>)> {
        let all = self.all_columns();
        let Some(column) = all.iter().find(|column| column.name == name) else {
            let mut available: Vec<String> = all.into_iter().map(|column| column.name).collect();
            available.extend(self.partitions.iter().map(|partition| partition.name.clone()));
            return Err(Error::NoSuchColumn { name: name.to_owned(), available });
        };
        if column.places().any(|(file, index)| self.role(file, index) != Role::Plain) {
            return Err(Error::Invalid(format!(
                "key '{}' has several values a row, or none: a key is a column of one value a row, or a field of a struct",
                shown(name, NAME)
            )));
        }
        let mut whole: Option<(DataType, (usize, usize))> = None;
        for at in column.places() {
            let data_type = key_type(self.field(at.0, at.1).data_type());
            self.check_interval(name, at, &data_type)?;
            whole = Some(match whole {
                None | Some((DataType::Null, _)) => (data_type, at),
                Some(first) if data_type == DataType::Null || data_type == first.0 => first,
                Some((first, index)) => match common_key(&first, &data_type) {
                    Some(common) => (common, index),
                    None => {
                        unfit(at.0, self.clash(name, index, at))?;
                        (first, index)
                    }
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
        if !matches!(data_type, DataType::Interval(_)) || has_arrow_schema(file.parquet().file_metadata()) {
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

    /// The column with its repr; `None` for one that holds no numbers and was not named by its own name. What does not fit goes to `unfit`.
    fn fit(
        &self,
        mut column: DataColumn,
        columns: &Columns,
        is_named: bool,
        unfit: &mut dyn FnMut(usize, Error) -> Result<()>,
    ) -> Result<Option<DataColumn>> {
        let indices: Vec<(usize, usize)> = column.places().collect();
        let field = |&(file, index): &(usize, usize)| self.field(file, index);
        let is_series = |index: &(usize, usize)| {
            let data_type = field(index).data_type();
            Kind::from_field(field(index)).is_some()
                && match columns {
                    Columns::Where(filter) => filter.passes(&column.name, type_name(data_type)),
                    _ => is_named || !is_boolean(data_type),
                }
        };
        let Some(fitting) = indices.iter().find(|index| is_series(index)) else {
            return match indices.first().filter(|_| is_named) {
                Some(index) => Err(match self.list_values(&column, field(index)) {
                    Some(values) => Error::Invalid(format!("column '{}' holds {values}", shown(&column.name, NAME))),
                    None => {
                        Error::NotNumeric { data_type: field(index).data_type().to_string(), name: Some(column.name) }
                    }
                }),
                None => Ok(None),
            };
        };
        let other = |index: &&(usize, usize)| !is_series(index) && *field(index).data_type() != DataType::Null;
        for clashing in indices.iter().filter(other) {
            let (first, second) = if fitting < clashing { (fitting, clashing) } else { (clashing, fitting) };
            unfit(clashing.0, self.clash(&column.name, *first, *second))?;
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
