//! How the columns of several files fit together.
//!
//! Columns are matched by name, in whatever order a file has them; a file without the column adds nothing to it. Numeric types
//! mix exactly: the series is scanned as the cheapest kind of number that holds every value of every file. A type that is only
//! null fits any other. Anything else is a clash, which names both files.
//!
//! The fields of a struct are columns of their own, by dotted names, and stand in its place: its name stands for all of them. A
//! list of numbers is a series of its own where its column is named. The values of all lists are a column where they are named;
//! files may spell the way to them differently. What is a struct or lists in one file, and something else in another, is a clash
//! too, also where only what lies within is asked for.

use std::collections::{BTreeMap, HashMap, HashSet};

use arrow_schema::{DataType, Field};

use super::data_file::Role;
use super::dataset::Dataset;
use super::request::Request;
use super::storage::UnreadableColumn;
use crate::error::{Error, Position, Result};
use crate::escape::{NAME, shown};
use crate::num::figure::NumberType;
use crate::series::column_names::expanded;
use crate::series::key::values_type;
use crate::series::list::values_of;
use crate::series::series_kind::{SeriesKind, joined_times};
use crate::series::table::{Columns, LeftOut, is_boolean, number_type};
use crate::series::type_names::{type_name, type_text};
use crate::series::{Kind, Repr};

/// One series of a dataset.
#[derive(Clone, Debug)]
pub(super) struct DataColumn {
    pub name: String,
    pub kind: SeriesKind,
    /// Of times and texts the type that holds those of every file.
    pub data_type: DataType,
    /// Whether it is text, kept as bytes: of some files that do not say what their bytes are.
    pub is_text_in_bytes: bool,
    /// As what its values are scanned: times as their ticks, booleans as 0 and 1, and of others whether there is a value.
    pub repr: Repr,
    /// What its extrema, its range, its sum and its mode are.
    pub number_type: NumberType,
    /// Its place among the columns of each file that has it.
    pub indices: Vec<Option<usize>>,
}

/// The columns of a dataset that are described.
pub(super) struct DescribedColumns {
    /// Those of numbers.
    pub columns: Vec<DataColumn>,
    /// Those of other kinds.
    pub others: Vec<DataColumn>,
    /// Whether each row of theirs is a list, and a series of its own.
    pub are_lists: bool,
    pub left_out: Vec<LeftOut>,
}

/// Takes what does not fit, with the place of its file; an error ends it.
type Unfit<'a> = &'a mut dyn FnMut(usize, Error) -> Result<()>;

/// What the values of a column are, as far as other columns may lie within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Plain,
    Struct,
    Lists,
}

impl Shape {
    /// `None` for values that are all null.
    fn of(data_type: &DataType) -> Option<Self> {
        match data_type {
            DataType::Null => None,
            DataType::Struct(_) => Some(Self::Struct),
            DataType::Map(..) => Some(Self::Lists),
            data_type if values_of(data_type).is_some() => Some(Self::Lists),
            _ => Some(Self::Plain),
        }
    }
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
}

impl Dataset {
    fn field(&self, file: usize, index: usize) -> &Field {
        self.files[file].field(index)
    }

    fn role(&self, file: usize, index: usize) -> Role {
        self.files[file].columns()[index].role
    }

    /// The first file that has it with values, with its place there; where it is only null, the first file that has it.
    fn first(&self, column: &DataColumn) -> Option<(usize, usize)> {
        let has_values = |at: &(usize, usize)| *self.field(at.0, at.1).data_type() != DataType::Null;
        column.places().find(has_values).or_else(|| column.places().next())
    }

    /// The role of a column there.
    fn first_role(&self, column: &DataColumn) -> Role {
        self.first(column).map_or(Role::Plain, |(file, index)| self.role(file, index))
    }

    /// All columns by name, in the order in which the files first have them. Of columns that share a name within a file, the first
    /// ones of all files belong together, and the second ones. Values of lists are named as the first file spells it.
    fn all_columns(&self) -> Vec<DataColumn> {
        let mut all: Vec<DataColumn> = Vec::new();
        let mut known: HashMap<(&str, usize), usize> = HashMap::new();
        for (index, file) in self.files.iter().enumerate() {
            let mut repeated: HashMap<&str, usize> = HashMap::new();
            for (place, column) in file.columns().iter().enumerate() {
                let nth = repeated.entry(&column.path).or_default();
                let series = *known.entry((&column.path, *nth)).or_insert_with(|| {
                    let indices = vec![None; self.files.len()];
                    all.push(DataColumn {
                        name: column.name.clone(),
                        kind: SeriesKind::Number,
                        data_type: DataType::Null,
                        is_text_in_bytes: false,
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

    /// The wanted columns, and those that are left out though nobody chose.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchColumn`] and [`Error::NotNumeric`] for what is named; [`Error::Clash`] for types that do not fit, [`Error::File`]
    /// for a column of a file that cannot be read; [`Error::Invalid`] for lists beside anything else.
    pub(super) fn columns(&self, request: &Request) -> Result<DescribedColumns> {
        self.fitting_columns(request, &mut |_, error| Err(error))
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
    fn fitting_columns(&self, request: &Request, unfit: Unfit<'_>) -> Result<DescribedColumns> {
        let Request { columns, by, .. } = request;
        let mut all = self.all_columns();
        let named = columns.are_named();
        let Wanted { names: wanted, by_struct } = self.wanted(&all, request)?;
        let asked: Vec<&str> = request.predicate.iter().flat_map(|predicate| predicate.columns()).collect();
        // A key stands for all that lies in it; a column of its own may have a dot in its name.
        let lies_within = |(file, index): (usize, usize)| self.files[file].own_place(index).is_none();
        let is_key = |column: &DataColumn| {
            let mut around = names_around(&column.name);
            by.contains(&column.name)
                || self.first(column).is_some_and(lies_within) && around.any(|name| by.iter().any(|key| key == name))
        };
        let is_asked = |column: &DataColumn| if named { wanted.contains(&column.name) } else { !is_key(column) };
        let by_name = wanted.iter().chain(by).map(String::as_str).chain(asked.iter().copied());
        self.check_shapes(&all, &is_asked, &by_name.flat_map(names_around).collect(), unfit)?;
        all.retain(|column| match named {
            true => wanted.contains(&column.name) && self.first_role(column) != Role::Struct,
            false => !is_key(column) && self.first_role(column) == Role::Plain,
        });
        let (mut series, mut lists, mut others, mut left_out) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let has_others = request.describes_all_kinds() && !matches!(columns, Columns::Where(_));
        for column in all {
            let first = self.first(&column).map(|(file, index)| self.field(file, index));
            // What is named by its struct alone is left out as what is not named.
            let is_named = named && !by_struct.contains(&column.name);
            let is_told = match columns {
                Columns::Where(filter) => filter.passes_name(&column.name),
                Columns::Numeric | Columns::Named(_) => !is_named,
            };
            let by_default = first.filter(|_| is_told);
            if is_named && self.holds_number_lists(&column) {
                lists.push(self.fit_lists(column, unfit)?);
                continue;
            }
            if has_others && self.first_role(&column) == Role::Plain && !self.holds_numbers(&column, named) {
                others.push(self.fit_other_kind(column, unfit)?);
                continue;
            }
            let why = by_default.and_then(|field| self.list_values(&column, field).or_else(|| LeftOut::why(field)));
            let name = column.name.clone();
            match (self.fit(column, columns, is_named, unfit)?, why) {
                (Some(column), _) => series.push(column),
                (None, Some(reason)) => left_out.push(LeftOut { column: name, reason }),
                (None, None) => {}
            }
        }
        let mut told = HashSet::new();
        for (index, file) in self.files.iter().enumerate() {
            for UnreadableColumn { name, reason } in &file.unreadable {
                let is_asked = wanted.contains(name) || by.contains(name) || asked.contains(&name.as_str());
                if is_asked || series.iter().chain(&others).any(|series| series.name == *name) {
                    let position = Position { column: Some(name.clone()), ..Position::default() };
                    unfit(index, file.broken(position, &reason))?;
                } else if matches!(columns, Columns::Numeric) && told.insert(name) {
                    left_out.push(LeftOut { column: name.clone(), reason: reason.clone() });
                }
            }
        }
        if let (Some(plain), Some(list)) = (series.first().or(others.first()), lists.first()) {
            let [plain, list] = [plain, list].map(|column: &DataColumn| shown(&column.name, NAME));
            return Err(Error::Invalid(format!(
                "column '{plain}' holds no lists, and '{list}' does: each list is a series; lists are described apart from other columns"
            )));
        }
        let are_lists = !lists.is_empty();
        Ok(DescribedColumns { columns: if are_lists { lists } else { series }, others, are_lists, left_out })
    }

    /// The names of the wanted columns, where they are named.
    fn wanted(&self, all: &[DataColumn], request: &Request) -> Result<Wanted> {
        let Request { columns, by, .. } = request;
        let Columns::Named(wanted) = columns else { return Ok(Wanted::default()) };
        let unreadable = self.files.iter().flat_map(|file| &file.unreadable).map(|column| column.name.as_str());
        let spelled = self.files.iter().flat_map(|file| file.columns()).map(|column| column.name.as_str());
        let known: HashSet<&str> = spelled.chain(unreadable).collect();
        // A glob stands for columns that can be described, and are no keys.
        let is_described = |column: &DataColumn| request.describes_all_kinds() || self.holds_numbers(column, true);
        let apart = all.iter().filter(|column| {
            self.first_role(column) == Role::Plain && !by.contains(&column.name) && is_described(column)
        });
        let wanted = expanded(wanted, |name| known.contains(name), apart.map(|column| column.name.as_str()));
        if let Some(missing) = wanted.iter().find(|name| !known.contains(name.as_str())) {
            let available = all.iter().map(|column| column.name.clone()).collect();
            return Err(Error::NoSuchColumn { name: missing.clone(), available });
        }
        let mut names: HashSet<String> = wanted.iter().cloned().collect();
        // A column goes by the name that its first file has for it.
        let has_such_name = |(file, index): (usize, usize)| names.contains(&self.files[file].columns()[index].name);
        let by_other_names = all.iter().filter(|column| column.places().any(has_such_name));
        let by_other_names: Vec<String> = by_other_names.map(|column| column.name.clone()).collect();
        names.extend(by_other_names);
        let is_struct = |column: &&DataColumn| self.first_role(column) == Role::Struct && names.contains(&column.name);
        let structs: HashSet<&str> = all.iter().filter(is_struct).map(|column| column.name.as_str()).collect();
        let in_struct = |column: &&DataColumn| {
            let mut around = names_around(&column.name);
            self.first_role(column) == Role::Plain && around.any(|name| structs.contains(name))
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
        if Shape::of(data_type) != Some(Shape::Lists) {
            return None;
        }
        let (file, _) = self.first(column)?;
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
            false if kind == "lists" && self.holds_number_lists(column) => {
                format!("lists; name the column for an answer a list, {} for one of all values", names.join(", "))
            }
            false => format!("{kind}; name their values: {}", names.join(", ")),
        })
    }

    /// Whether the first values of a column are lists of numbers.
    fn holds_number_lists(&self, column: &DataColumn) -> bool {
        self.first(column).is_some_and(|(file, index)| list_numbers(self.field(file, index).data_type()).is_some())
    }

    /// A column of lists of numbers, of any type in each file. What does not fit goes to `unfit`.
    fn fit_lists(&self, mut column: DataColumn, unfit: Unfit<'_>) -> Result<DataColumn> {
        let first = self.first(&column).unwrap_or_default();
        let mut types = Vec::new();
        for at in column.places() {
            match self.field(at.0, at.1).data_type() {
                DataType::Null => {}
                data_type => match list_numbers(data_type) {
                    Some(values) => types.push(number_type(values)),
                    None => unfit(at.0, self.clash(&column.name, first, at))?,
                },
            }
        }
        column.number_type = types.into_iter().reduce(NumberType::joined).unwrap_or_default();
        Ok(column)
    }

    /// Whether a column has numbers in any file; booleans are numbers where they are named.
    fn holds_numbers(&self, column: &DataColumn, is_named: bool) -> bool {
        column.places().any(|(file, index)| {
            let field = self.field(file, index);
            Kind::from_field(field).is_some() && (is_named || !is_boolean(field.data_type()))
        })
    }

    /// A column that holds no numbers, with its kind. What does not fit goes to `unfit`.
    fn fit_other_kind(&self, mut column: DataColumn, unfit: Unfit<'_>) -> Result<DataColumn> {
        // Bytes of which their file does not say what they are may be text, as those of other files are.
        let is_plain = |at: &(usize, usize)| self.files[at.0].is_plain_bytes(at.1);
        let has_type = |at: &(usize, usize)| *self.field(at.0, at.1).data_type() != DataType::Null;
        let (plain, typed): (Vec<_>, Vec<_>) = column.places().filter(has_type).partition(is_plain);
        let mut whole: Option<(SeriesKind, DataType, (usize, usize))> = None;
        for at in typed {
            let field = self.field(at.0, at.1);
            let (kind, data_type) = (SeriesKind::from_field(field), common_type(field.data_type()));
            whole = Some(match whole {
                None => (kind, data_type, at),
                Some((of, first, place)) => match joined((of, &first), (kind, &data_type)) {
                    Some(joined) => (of, joined, place),
                    None => {
                        unfit(at.0, self.clash(&column.name, place, at))?;
                        (of, first, place)
                    }
                },
            });
        }
        for &at in &plain {
            let is_fit = whole.as_ref().is_none_or(|(kind, ..)| *kind == SeriesKind::Text);
            if let Some((.., place)) = whole.as_ref().filter(|_| !is_fit) {
                unfit(at.0, self.clash(&column.name, *place, at))?;
            }
        }
        let (kind, data_type) = match whole {
            Some((SeriesKind::Text, data_type, _)) if !plain.is_empty() => {
                column.is_text_in_bytes = data_type == DataType::Utf8;
                (SeriesKind::Text, DataType::Binary)
            }
            Some((kind, data_type, _)) => (kind, data_type),
            None if plain.is_empty() => (SeriesKind::Other, DataType::Null),
            None => {
                column.is_text_in_bytes = true;
                (SeriesKind::Text, DataType::Binary)
            }
        };
        column.repr = match kind {
            SeriesKind::Time => Repr::Signed,
            _ => Repr::of(Kind::of(&DataType::Boolean).as_slice()),
        };
        column.number_type = NumberType::Integer;
        Ok(DataColumn { kind, data_type, ..column })
    }

    /// The column with its repr; `None` for one that holds no numbers and was not named by its own name. What does not fit goes to `unfit`.
    fn fit(
        &self,
        mut column: DataColumn,
        columns: &Columns,
        is_named: bool,
        unfit: Unfit<'_>,
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
            return match self.first(&column).filter(|_| is_named) {
                Some(index) => Err(match self.list_values(&column, field(&index)) {
                    Some(values) => Error::Invalid(format!("column '{}' holds {values}", shown(&column.name, NAME))),
                    None => {
                        Error::NotNumeric { data_type: type_text(field(&index).data_type()), name: Some(column.name) }
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

/// The type as which values of one type are described: dictionaries and runs are what they stand for, text has one layout, and bytes have.
fn common_type(data_type: &DataType) -> DataType {
    match values_type(data_type) {
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => DataType::Binary,
        data_type => data_type.clone(),
    }
}

/// A type that holds what is of two types, each of its kind, exactly.
fn joined((kind, a): (SeriesKind, &DataType), (other, b): (SeriesKind, &DataType)) -> Option<DataType> {
    match kind {
        _ if kind != other => None,
        SeriesKind::Other => Some(a.clone()),
        _ if a == b => Some(a.clone()),
        _ => joined_times(a, b),
    }
}

/// The type of the values, if this is a type of lists of numbers.
fn list_numbers(data_type: &DataType) -> Option<&DataType> {
    values_of(data_type).filter(|values| Kind::of(values).is_some())
}

/// The names of the columns that one of this name may lie in: `a` and `a.b` for `a.b.c`.
fn names_around(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('.').map(|(dot, _)| &name[..dot])
}

mod keys;
mod shapes;
