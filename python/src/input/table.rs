//! Tables: named columns, of which only those that are asked for are converted.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_schema::FieldRef;
use pyo3::exceptions::{PyImportError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt, PyString, PyTuple};
use rstats::internal::{NAME, shown, type_name};
use rstats::report::LeftOut;
use rstats::series::Series;
use rstats::{Error, Kinds, ListColumn, SeriesKind, TypedColumn};

use super::arrow::{self, Rows, Shape, Source, TableField};
use super::column::{Column, NoNumbers, Unread, Values, no_numbers};
use super::labels::{Labels, Wanted};
use super::stream::{Stream, unreadable};
use super::{pandas, polars, recognise};
use crate::errors::to_python;

/// The names of all types of numbers.
const TYPES: [&str; 13] = [
    "float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8",
    "decimal", "bool",
];

/// A table.
pub struct Table<'py> {
    labels: Vec<Label<'py>>,
    kind: Kind<'py>,
}

/// What a column is called: text, and the library's own label where that is no text.
struct Label<'py> {
    name: String,
    object: Option<Bound<'py, PyAny>>,
}

enum Kind<'py> {
    Pandas(Bound<'py, PyAny>),
    Polars(Bound<'py, PyAny>),
    /// An object that speaks Arrow, and what it has given already.
    Arrow(Bound<'py, PyAny>, Arc<Shape>, RefCell<Option<Source<'py>>>),
    Stream(Vec<TableField>, RefCell<Option<Stream>>),
    /// Any objects.
    Objects(Vec<Bound<'py, PyAny>>),
}

/// What was read of a table.
pub struct Read {
    pub values: ReadValues,
    /// The columns that hold no numbers, where they were asked for.
    pub others: Vec<TypedColumn>,
    pub keys: Vec<(FieldRef, ArrayRef)>,
    pub weights: Option<ArrayRef>,
    pub left_out: Vec<LeftOut>,
}

pub enum ReadValues {
    Series(Vec<Series>),
    Lists(Vec<ListColumn>),
}

/// Where keys are.
enum KeyPlace {
    Column(usize),
    /// A level of the index of a frame of pandas, and what it is called.
    Level(usize, String),
}

impl<'py> Table<'py> {
    /// A frame of pandas.
    pub fn from_pandas(frame: &Bound<'py, PyAny>) -> PyResult<Self> {
        let labels = frame.getattr("columns")?.try_iter()?.map(|label| Label::new(&label?));
        Ok(Self { labels: labels.collect::<PyResult<_>>()?, kind: Kind::Pandas(frame.clone()) })
    }

    /// A frame of Polars.
    pub fn from_polars(frame: &Bound<'py, PyAny>) -> PyResult<Self> {
        let names: Vec<String> = frame.getattr("columns")?.extract()?;
        Ok(Self { labels: names.into_iter().map(Label::of_name).collect(), kind: Kind::Polars(frame.clone()) })
    }

    /// What speaks Arrow and gives structs.
    pub fn from_source(data: &Bound<'py, PyAny>, source: Source<'py>) -> Self {
        let shape = Arc::clone(source.shape());
        let labels = fields_of(&shape).iter().map(|field| Label::of_name(field.name.clone())).collect();
        Self { labels, kind: Kind::Arrow(data.clone(), shape, RefCell::new(Some(source))) }
    }

    /// Batches that come once, to be read as a whole.
    pub fn from_stream(stream: Stream) -> Self {
        let labels = stream.fields.iter().map(|field| Label::of_name(field.name.clone())).collect();
        Self { labels, kind: Kind::Stream(stream.fields.clone(), RefCell::new(Some(stream))) }
    }

    /// A mapping of names to series.
    pub fn from_mapping(mapping: &Bound<'py, PyAny>) -> PyResult<Self> {
        let (mut labels, mut values) = (Vec::new(), Vec::new());
        for item in mapping.call_method0("items")?.try_iter()? {
            let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item?.extract()?;
            labels.push(Label::new(&name)?);
            values.push(value);
        }
        Ok(Self { labels, kind: Kind::Objects(values) })
    }

    /// Records: mappings of names to values, in which a name may be missing.
    pub fn from_records(records: &Bound<'py, PyAny>) -> PyResult<Self> {
        let py = records.py();
        let columns = PyDict::new(py);
        let mut count = 0;
        for record in records.try_iter()? {
            let record = record?;
            if !recognise::is_mapping(&record)? {
                let text = format!("the record at position {count} is {}, not a mapping", record.repr()?);
                return Err(PyTypeError::new_err(text));
            }
            for item in record.call_method0("items")?.try_iter()? {
                let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item?.extract()?;
                let column = match columns.get_item(&name)? {
                    Some(column) => column.cast_into::<pyo3::types::PyList>()?,
                    None => {
                        let column = pyo3::types::PyList::empty(py);
                        columns.set_item(&name, &column)?;
                        column
                    }
                };
                while column.len() < count {
                    column.append(py.None())?;
                }
                column.append(value)?;
            }
            count += 1;
            crate::call::check_signals(py, count)?;
        }
        for column in columns.values() {
            let column = column.cast_into::<pyo3::types::PyList>()?;
            while column.len() < count {
                column.append(py.None())?;
            }
        }
        Self::from_mapping(&columns)
    }

    /// The variables of a dataset of xarray, flat.
    pub fn from_xarray(dataset: &Bound<'py, PyAny>) -> PyResult<Self> {
        let (mut labels, mut values) = (Vec::new(), Vec::new());
        for item in dataset.getattr("data_vars")?.call_method0("items")?.try_iter()? {
            let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item?.extract()?;
            labels.push(Label::new(&name)?);
            values.push(value.getattr("values")?.call_method0("ravel")?);
        }
        Ok(Self { labels, kind: Kind::Objects(values) })
    }

    /// The fields of a structured array of NumPy.
    pub fn from_structured(array: &Bound<'py, PyAny>, names: &Bound<'py, PyAny>) -> PyResult<Self> {
        let (mut labels, mut values) = (Vec::new(), Vec::new());
        for name in names.try_iter()? {
            let name = name?;
            values.push(array.get_item(&name)?);
            labels.push(Label::new(&name)?);
        }
        Ok(Self { labels, kind: Kind::Objects(values) })
    }

    /// The wanted columns as series or lists; the columns of keys, by several arguments, which are not among them unless they are
    /// named; and the column of weights likewise. Columns that hold no numbers are among the wanted ones if `kinds` says so.
    pub fn read(
        &self,
        py: Python<'py>,
        wanted: &Wanted,
        by: &[&Labels],
        weights: Option<&Labels>,
        kinds: Kinds,
    ) -> PyResult<Read> {
        let places =
            by.iter().map(|by| self.places_of_keys(py, by)).collect::<PyResult<Vec<_>>>()?.into_iter().flatten();
        let places: Vec<KeyPlace> = places.collect();
        let weights = match weights {
            Some(label) => Some(self.find(py, label)?.first().copied().unwrap_or_default()),
            None => None,
        };
        let mut apart: Vec<usize> = places
            .iter()
            .filter_map(|place| match place {
                KeyPlace::Column(index) => Some(*index),
                KeyPlace::Level(..) => None,
            })
            .collect();
        apart.extend(weights);
        let mut left_out = Vec::new();
        let chosen = self.choose(py, wanted, &apart, kinds, &mut left_out)?;
        let mut all: Vec<usize> = chosen.iter().chain(&apart).copied().collect();
        all.sort_unstable();
        all.dedup();
        let columns: HashMap<usize, Column<'py>> = all.iter().copied().zip(self.columns(py, &all)?).collect();
        let column =
            |index: usize| columns.get(&index).cloned().ok_or_else(|| PyValueError::new_err("a column is missing"));
        let keys = places.iter().map(|place| match place {
            KeyPlace::Column(index) => column(*index)?.into_keys(),
            KeyPlace::Level(level, name) => {
                let Kind::Pandas(frame) = &self.kind else { return Err(PyValueError::new_err("an index of no frame")) };
                pandas::column(&pandas::level_of(frame, *level)?)?.with_name(Some(name.clone())).into_keys()
            }
        });
        let keys = keys.collect::<PyResult<Vec<_>>>()?;
        let weights = weights.map(|index| column(index)?.into_weights()).transpose()?;
        let chosen = chosen.into_iter().map(column).collect::<PyResult<Vec<_>>>()?;
        let mut others = Vec::new();
        let values = self.values(py, wanted, chosen, kinds, &mut others, &mut left_out)?;
        Ok(Read { values, others, keys, weights, left_out })
    }

    /// Columns as series, or as lists if they consist of them; and those that hold no numbers.
    fn values(
        &self,
        py: Python<'py>,
        wanted: &Wanted,
        chosen: Vec<Column<'py>>,
        kinds: Kinds,
        others: &mut Vec<TypedColumn>,
        left_out: &mut Vec<LeftOut>,
    ) -> PyResult<ReadValues> {
        if matches!(wanted, Wanted::Named(_)) && chosen.first().is_some_and(Column::holds_lists) {
            if let Some(other) = chosen.iter().find(|column| !column.holds_lists()) {
                let name = other.name.as_deref().unwrap_or_default();
                let name = shown(name, NAME);
                let text = format!("column '{name}' holds no lists; lists are described apart from other columns");
                return Err(PyTypeError::new_err(text));
            }
            return chosen.into_iter().map(Column::into_lists).collect::<PyResult<_>>().map(ReadValues::Lists);
        }
        let mut series = Vec::with_capacity(chosen.len());
        for column in chosen {
            let name = column.name.clone().unwrap_or_default();
            let is_list = matches!(self.kind, Kind::Objects(_)) && matches!(column.values, Values::Items(..));
            // Objects of no type that Arrow has are an error where they are named: what was expected of them is not known.
            let is_vague = matches!(column.values, Values::Items(..)) && matches!(wanted, Wanted::Named(_));
            let of_kind = (kinds == Kinds::All && column.may_be_of_another_kind()).then(|| column.clone());
            let read = column.into_series();
            let is_other = match (&read, wanted) {
                (Ok(column), Wanted::Numeric) => column.is_boolean(),
                (Ok(column), Wanted::Where(filter)) => column.is_boolean() && !filter.passes(&name, "bool"),
                (Err(Unread::NoNumbers(wrong)), _) => !(wrong.is_value || is_list && wrong.is_one_item),
                _ => false,
            };
            if let Some(column) = of_kind.filter(|_| is_other && (is_told(wanted, &name) || !wanted.is_filter())) {
                match column.into_typed(py) {
                    Ok(typed) if is_vague && typed.kind() == SeriesKind::Other => {}
                    Ok(typed) => {
                        others.push(typed);
                        continue;
                    }
                    // A type that Arrow has not, or one that pyarrow would know.
                    Err(error) if error.is_instance_of::<PyTypeError>(py) => {}
                    Err(error) if error.is_instance_of::<PyImportError>(py) => {}
                    Err(error) => return Err(error),
                }
            }
            match (read, wanted) {
                (Ok(column), Wanted::Numeric) if column.is_boolean() => leave_out(left_out, &name, LeftOut::BOOLEANS),
                (Ok(column), Wanted::Where(filter)) if !filter.passes(&name, column.type_name()) => {
                    if column.is_boolean() && is_told(wanted, &name) {
                        leave_out(left_out, &name, LeftOut::BOOLEANS);
                    }
                }
                (Ok(column), _) => series.push(column.with_name(Some(name))),
                (Err(Unread::Raised(error)), _) => return Err(error),
                // A wrong item in a list of numbers is an error wherever the list stands.
                (Err(Unread::NoNumbers(wrong)), _) if is_list && wrong.is_one_item => {
                    return Err(NoNumbers { is_value: true, ..wrong }.into_error(Some(&name)));
                }
                (Err(Unread::NoNumbers(wrong)), Wanted::Named(_)) => return Err(wrong.into_error(Some(&name))),
                (Err(Unread::NoNumbers(wrong)), _) if is_told(wanted, &name) => {
                    leave_out(left_out, &name, &wrong.reason);
                }
                (Err(Unread::NoNumbers(_)), _) => {}
            }
        }
        Ok(ReadValues::Series(series))
    }

    /// The indices of the columns that are wanted as values, as far as that can be told before they are converted.
    fn choose(
        &self,
        py: Python<'py>,
        wanted: &Wanted,
        apart: &[usize],
        kinds: Kinds,
        left_out: &mut Vec<LeftOut>,
    ) -> PyResult<Vec<usize>> {
        if let Wanted::Named(labels) = wanted {
            return self.find(py, labels);
        }
        let apart: HashSet<usize> = apart.iter().copied().collect();
        let fields = match &self.kind {
            Kind::Arrow(_, shape, _) => fields_of(shape),
            Kind::Stream(fields, _) => fields,
            _ => &[],
        };
        let mut chosen = Vec::new();
        for (index, label) in self.labels.iter().enumerate().filter(|(index, _)| !apart.contains(index)) {
            let name = &label.name;
            let field = fields.get(index).map(|field| field.field.as_ref());
            let refused = match (field, wanted) {
                (Some(Err(reason)), _) => Some(reason.clone()),
                _ if kinds == Kinds::All && is_told(wanted, name) => None,
                (Some(Ok(field)), Wanted::Numeric) => LeftOut::why(field),
                (Some(Ok(field)), Wanted::Where(filter))
                    if no_numbers(field).is_some() || !filter.passes(name, type_name(field.data_type())) =>
                {
                    Some(LeftOut::why(field).unwrap_or_default())
                }
                // A column that cannot pass whatever its type is need not be looked at.
                (None, Wanted::Where(filter)) if !TYPES.iter().any(|of| filter.passes(name, of)) => Some(String::new()),
                _ => None,
            };
            match refused {
                None => chosen.push(index),
                Some(reason) if is_told(wanted, name) => leave_out(left_out, name, &reason),
                Some(_) => {}
            }
        }
        Ok(chosen)
    }

    /// The indices of the columns with these labels, in the order of the table.
    fn find(&self, py: Python<'py>, labels: &Labels) -> PyResult<Vec<usize>> {
        let mut found = Vec::new();
        for label in self.settled(py, labels)? {
            let indices = self.with_label(&label)?;
            if indices.is_empty() {
                return Err(self.no_such(&label)?);
            }
            found.extend(indices);
        }
        found.sort_unstable();
        found.dedup(); // one may be given twice
        Ok(found)
    }

    /// A tuple is one label where a column has it, else several.
    fn settled(&self, py: Python<'py>, labels: &Labels) -> PyResult<Vec<Bound<'py, PyAny>>> {
        if let Some(whole) = &labels.whole {
            let whole = whole.bind(py);
            if !self.with_label(whole)?.is_empty() {
                return Ok(vec![whole.clone()]);
            }
        }
        Ok(labels.each.iter().map(|label| label.bind(py).clone()).collect())
    }

    /// The indices of the columns with this label: the label itself, the first levels of a label of several, or its text.
    fn with_label(&self, wanted: &Bound<'py, PyAny>) -> PyResult<Vec<usize>> {
        let text = wanted.cast::<PyString>().ok().map(|text| text.to_string());
        let mut found = Vec::new();
        for (index, label) in self.labels.iter().enumerate() {
            let is_it = match (&label.object, &text) {
                (None, Some(text)) => *text == label.name,
                (None, None) => false,
                (Some(object), _) => begins_with(object, wanted)?,
            };
            if is_it {
                found.push(index);
            }
        }
        if found.is_empty()
            && let Some(text) = &text
        {
            found = (0..self.labels.len()).filter(|&index| self.labels[index].name == *text).collect();
        }
        Ok(found)
    }

    fn no_such(&self, label: &Bound<'py, PyAny>) -> PyResult<PyErr> {
        let available = self.labels.iter().map(|label| label.name.clone()).collect();
        Ok(to_python(Error::NoSuchColumn { name: label.str()?.to_string(), available }))
    }

    /// The columns, or levels of the index, that hold the keys, in the order of the labels.
    fn places_of_keys(&self, py: Python<'py>, by: &Labels) -> PyResult<Vec<KeyPlace>> {
        let place = |label: Bound<'py, PyAny>| match (self.with_label(&label)?[..].first(), &self.kind) {
            (Some(index), _) => Ok(KeyPlace::Column(*index)),
            (None, Kind::Pandas(frame)) => level(frame, &label)?.map_or_else(|| Err(self.no_such(&label)?), Ok),
            (None, _) => Err(self.no_such(&label)?),
        };
        self.settled(py, by)?.into_iter().map(place).collect()
    }

    /// The columns at these indices, each under its name.
    fn columns(&self, py: Python<'py>, indices: &[usize]) -> PyResult<Vec<Column<'py>>> {
        let name = |index: usize| Some(self.labels[index].name.clone());
        match &self.kind {
            Kind::Pandas(frame) => {
                let column =
                    |&index: &usize| Ok(pandas::column(&pandas::column_of(frame, index)?)?.with_name(name(index)));
                indices.iter().map(column).collect()
            }
            Kind::Polars(frame) => {
                let column =
                    |&index: &usize| Ok(polars::column(&polars::column_of(frame, index)?)?.with_name(name(index)));
                indices.iter().map(column).collect()
            }
            Kind::Objects(objects) => {
                let column = |&index: &usize| {
                    Ok(recognise::column_of_table(&objects[index], &self.labels[index].name)?.with_name(name(index)))
                };
                indices.iter().map(column).collect()
            }
            Kind::Arrow(data, shape, source) => {
                arrow::check_sizes_of(data, indices)?;
                let source = source.take().map_or_else(|| Source::new(data), Ok)?;
                self.in_columns(fields_of(shape), indices, source.rows(py, indices)?)
            }
            Kind::Stream(fields, stream) => {
                let Some(stream) = stream.take() else {
                    return Err(PyValueError::new_err("the stream was read before"));
                };
                let mut batches = stream.select(indices.to_vec())?;
                let mut rows = Vec::new();
                while let Some(batch) = batches.next(py)? {
                    rows.push(Rows::Table(batch.num_rows(), batch.columns().iter().cloned().map(Ok).collect()));
                }
                self.in_columns(fields, indices, rows)
            }
        }
    }

    /// Batches of some columns as columns of chunks.
    fn in_columns(&self, fields: &[TableField], indices: &[usize], rows: Vec<Rows>) -> PyResult<Vec<Column<'py>>> {
        let mut chunks: Vec<Vec<ArrayRef>> = indices.iter().map(|_| Vec::with_capacity(rows.len())).collect();
        let mut refused: Vec<Option<String>> = vec![None; indices.len()];
        for batch in rows {
            let columns = match batch {
                Rows::Table(_, columns) => columns,
                Rows::Column(column) => vec![Ok(column)],
            };
            for (place, column) in columns.into_iter().enumerate() {
                match column {
                    Ok(column) => chunks[place].push(column),
                    Err(reason) => refused[place] = Some(reason),
                }
            }
        }
        let all = indices.iter().zip(chunks).zip(refused);
        let column = |((&index, chunks), refused): ((&usize, Vec<ArrayRef>), Option<String>)| {
            let TableField { name, field } = &fields[index];
            let values = match (refused, field) {
                // Its type is known, so what is wrong is the data.
                (Some(reason), Ok(_)) => return Err(unreadable(name, &reason)),
                (_, Err(reason)) => Values::Unreadable(reason.clone()),
                (None, Ok(field)) => Values::Arrow(chunks, arrow::field_as_meant(field)),
            };
            Ok(Column { name: Some(name.clone()), values })
        };
        all.map(column).collect()
    }
}

impl<'py> Label<'py> {
    fn new(label: &Bound<'py, PyAny>) -> PyResult<Self> {
        match label.is_exact_instance_of::<PyString>() {
            true => Ok(Self::of_name(label.extract()?)),
            false => Ok(Self { name: label.str()?.to_string(), object: Some(label.clone()) }),
        }
    }

    fn of_name(name: String) -> Self {
        Self { name, object: None }
    }
}

/// Whether a column's label is what is wanted, or has several levels and begins with it.
fn begins_with(label: &Bound<'_, PyAny>, wanted: &Bound<'_, PyAny>) -> PyResult<bool> {
    if label.eq(wanted)? {
        return Ok(true);
    }
    let Ok(levels) = label.cast::<PyTuple>() else { return Ok(false) };
    match wanted.cast::<PyTuple>() {
        Ok(first) if first.len() < levels.len() => levels.get_slice(0, first.len()).eq(first),
        Ok(_) => Ok(false),
        Err(_) => levels.get_item(0).map_or(Ok(false), |first| first.eq(wanted)),
    }
}

/// The level of a frame's index that has this name or number.
fn level(frame: &Bound<'_, PyAny>, label: &Bound<'_, PyAny>) -> PyResult<Option<KeyPlace>> {
    let names: Vec<Bound<'_, PyAny>> =
        frame.getattr("index")?.getattr("names")?.try_iter()?.collect::<PyResult<_>>()?;
    let text = |index: usize| match names[index].is_none() {
        true => Ok(format!("level_{index}")),
        false => PyResult::Ok(names[index].str()?.to_string()),
    };
    for (index, name) in names.iter().enumerate() {
        if !name.is_none()
            && (name.eq(label)?
                || label.cast::<PyString>().is_ok_and(|label| text(index).is_ok_and(|name| name == label.to_string())))
        {
            return Ok(Some(KeyPlace::Level(index, text(index)?)));
        }
    }
    if !label.is_instance_of::<PyInt>() {
        return Ok(None);
    }
    let number: i64 = label.extract()?;
    let index = if number < 0 { number + names.len() as i64 } else { number };
    match usize::try_from(index).ok().filter(|index| *index < names.len()) {
        Some(index) => Ok(Some(KeyPlace::Level(index, text(index)?))),
        None => Ok(None),
    }
}

/// The indices of the wanted columns of a stream.
pub fn choose_of_stream<'py>(
    py: Python<'py>,
    stream: &Stream,
    wanted: &Wanted,
    kinds: Kinds,
    left_out: &mut Vec<LeftOut>,
) -> PyResult<Vec<usize>> {
    let labels = stream.fields.iter().map(|field| Label::of_name(field.name.clone())).collect();
    let table = Table { labels, kind: Kind::Stream(stream.fields.clone(), RefCell::new(None)) };
    table.choose(py, wanted, &[], kinds, left_out)
}

fn fields_of(shape: &Shape) -> &[TableField] {
    match shape {
        Shape::Table(fields) => fields,
        Shape::Column(_) => &[],
    }
}

/// Whether a column that cannot be described is told: it was to be described by default, or by its name.
fn is_told(wanted: &Wanted, name: &str) -> bool {
    match wanted {
        Wanted::Numeric => true,
        Wanted::Named(_) => false,
        Wanted::Where(filter) => filter.passes_name(name),
    }
}

fn leave_out(left_out: &mut Vec<LeftOut>, column: &str, reason: &str) {
    left_out.push(LeftOut { column: column.to_owned(), reason: reason.to_owned() });
}
