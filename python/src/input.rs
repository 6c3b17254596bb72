//! Python objects as series, each read where it lies.

use std::collections::{HashSet, VecDeque};

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::{PyBufferError, PyStopIteration, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};
use rstats::internal::values_of;
use rstats::series::Strided;
use rstats::series::{ByteOrder, Chunk, Format, Kind, Matrix, NanMeans, Series, StridedBuffer};
use rstats::{Columns, Error, Filter, ListColumn};

use crate::arch::Items;
use crate::call;
use crate::capsules;
use crate::errors::{attempt, from_arrow, to_python};
use crate::keys;
use crate::numbers::{self, NoneMeans};

/// The names of all types of numbers.
const TYPES: [&str; 13] = [
    "float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8",
    "decimal", "bool",
];

/// Batches that come once. They are asked for on the caller's own thread: what their source raises passes through, and Ctrl-C ends a
/// source in Python that waits.
pub struct Stream {
    pub schema: Schema,
    next: Box<Next>,
    /// Whether the stream is one series without a name.
    pub unnamed: bool,
}

type Next = dyn FnMut(Python<'_>) -> PyResult<Option<RecordBatch>>;

impl Stream {
    pub fn next(&mut self, py: Python<'_>) -> PyResult<Option<RecordBatch>> {
        py.check_signals()?;
        (self.next)(py)
    }
}

/// What an object holds.
pub enum Input {
    Series(Vec<Series>),
    Matrix(Matrix),
    Stream(Stream),
}

/// Columns of lists, each with its name, and what is carried along with their rows.
pub struct ListColumns {
    pub columns: Vec<ListColumn>,
    pub carried: Vec<(String, ArrayRef)>,
}

/// The lists of an array of lists, or of a table's columns that are named. `None` where the data is something else.
pub fn read_lists(data: &Bound<'_, PyAny>, columns: &Columns, carried: &[String]) -> PyResult<Option<ListColumns>> {
    let py = data.py();
    let is_table = is_instance(data, "pandas", "DataFrame")?
        || is_instance(data, "polars", "DataFrame")?
        || is_instance(data, "pyarrow", "Table")?;
    if (!is_table && is_series_of_pandas(data)? && !is_of_arrow(data)?) || comes_in_batches(data)? {
        return Ok(None);
    }
    let (chunks, field) = if capsules::streams(data)? && data.hasattr(intern!(py, "__len__"))? {
        if matches!(columns, Columns::Named(_)) || !is_table {
            // A frame with a column that Arrow does not know is read column by column.
            let Some(stream) = attempt(py, capsules::stream(data))? else { return Ok(None) };
            let field = stream.field().clone();
            let of_lists = |data_type: &DataType| values_of(data_type).is_some();
            let wanted = match (field.data_type(), columns) {
                (DataType::Struct(fields), Columns::Named(names)) => {
                    names.iter().any(|name| fields.find(name).is_some_and(|(_, field)| of_lists(field.data_type())))
                }
                (data_type, _) => of_lists(data_type),
            };
            if !wanted {
                return Ok(None);
            }
            (capsules::all(py, stream)?, field)
        } else {
            return Ok(None);
        }
    } else if data.hasattr(intern!(py, "__arrow_c_array__"))? {
        let (array, field) = capsules::array(data)?;
        (vec![array], field.into())
    } else {
        return Ok(None);
    };
    if values_of(field.data_type()).is_some() {
        let name = (!field.name().is_empty()).then(|| field.name().clone());
        if !matches!(columns, Columns::Numeric) || !carried.is_empty() {
            return Err(PyValueError::new_err(
                "columns= and by= name columns of a table, and the data is one column of lists",
            ));
        }
        let chunks = all_checked(chunks, field.name())?;
        return Ok(Some(ListColumns { columns: vec![(name, chunks)], carried: vec![] }));
    }
    let (DataType::Struct(fields), Columns::Named(names)) = (field.data_type(), columns) else { return Ok(None) };
    let available: Vec<String> = fields.iter().map(|field| field.name().clone()).collect();
    let column = |name: &String| -> PyResult<(usize, Vec<ArrayRef>)> {
        check_column(name, &available)?;
        let index = available.iter().position(|column| column == name).unwrap_or_default();
        let chunks = chunks.iter().map(|chunk| chunk.as_struct().column(index).clone()).collect();
        Ok((index, all_checked(chunks, name)?))
    };
    let mut found = Vec::new();
    for name in names {
        let (index, chunks) = column(name)?;
        let data_type = fields[index].data_type();
        if values_of(data_type).is_none() {
            if found.is_empty() && names.len() > 1 || !found.is_empty() {
                let message =
                    format!("column '{name}' is of type {data_type}; lists are described apart from other columns");
                return Err(PyTypeError::new_err(message));
            }
            return Ok(None);
        }
        found.push((Some(name.clone()), chunks));
    }
    let carried = carried.iter().map(|name| {
        let (index, chunks) = column(name)?;
        Ok((name.clone(), keys::together(chunks, fields[index].data_type())?))
    });
    Ok(Some(ListColumns { columns: found, carried: carried.collect::<PyResult<_>>()? }))
}

/// Whether a series of pandas holds Arrow data.
fn is_of_arrow(data: &Bound<'_, PyAny>) -> PyResult<bool> {
    is_instance(&data.getattr("dtype")?, "pandas", "ArrowDtype")
}

/// A table's wanted series, and its columns of keys.
pub struct Grouped {
    pub keys: Vec<(String, ArrayRef)>,
    pub series: Vec<Series>,
}

/// The wanted series of a table and the columns of keys of these names, which are not among the series unless they are named.
pub fn read_grouped(data: &Bound<'_, PyAny>, columns: &Columns, names: &[String]) -> PyResult<Grouped> {
    let py = data.py();
    // Keys are no values, unless they are named as such.
    let wanted = match columns {
        Columns::Named(_) => columns.clone(),
        columns => {
            let (columns, keys) = (columns.clone(), names.to_vec());
            Columns::Where(Filter::new(move |name, data_type| {
                !keys.iter().any(|key| key == name) && columns.takes(name, data_type)
            }))
        }
    };
    let columns = &wanted;
    let each = |key: &dyn Fn(&str) -> PyResult<ArrayRef>| -> PyResult<Vec<(String, ArrayRef)>> {
        names.iter().map(|name| Ok((name.clone(), key(name)?))).collect()
    };
    if is_instance(data, "pandas", "DataFrame")? {
        let keys = each(&|name| keys::from_pandas(data, name))?;
        return Ok(Grouped { keys, series: data_frame(data, columns)? });
    }
    if is_instance(data, "polars", "DataFrame")? {
        let available: Vec<String> = data.getattr("columns")?.extract()?;
        let keys = each(&|name| {
            check_column(name, &available)?;
            keys::from_arrow(&data.call_method1("get_column", (name,))?)
        })?;
        return Ok(Grouped { keys, series: polars_frame(data, columns)? });
    }
    if !is_series_of_pandas(data)?
        && !capsules::speaks(data)?
        && let Some(mapping) = Mapping::new(data)?
    {
        let keys = each(&|name| {
            check_column(name, &mapping.names)?;
            let index = mapping.names.iter().position(|column| column == name).unwrap_or_default();
            keys::from_any(&mapping.values[index])
        })?;
        return Ok(Grouped { keys, series: dictionary(mapping, columns)? });
    }
    let wrong = || PyValueError::new_err("by= names columns of a table, and the data is no table");
    let (schema, batches) = if let Some(mut stream) = batches_of(data)? {
        let mut batches = Vec::new();
        while let Some(batch) = stream.next(py)? {
            batches.push(batch);
        }
        (stream.schema, batches)
    } else if !is_series_of_pandas(data)? && capsules::speaks(data)? {
        let (chunks, field) = capsules::chunks(data)?;
        let DataType::Struct(fields) = field.data_type() else { return Err(wrong()) };
        (Schema::new(fields.clone()), chunks.iter().map(batch_of).collect::<PyResult<_>>()?)
    } else {
        return Err(wrong());
    };
    let available: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    let keys = each(&|name| {
        check_column(name, &available)?;
        let index = available.iter().position(|column| column == name).unwrap_or_default();
        let parts: Vec<ArrayRef> = batches.iter().map(|batch| batch.column(index).clone()).collect();
        keys::together(all_checked(parts, name)?, schema.field(index).data_type())
    })?;
    Ok(Grouped { keys, series: table(schema, &batches, columns)? })
}

/// The weights and the wanted series: weights are a column of the table, by its name, or an array of their own.
pub fn read_weighted(
    data: &Bound<'_, PyAny>,
    columns: &Columns,
    weights: &Bound<'_, PyAny>,
) -> PyResult<(ArrayRef, Vec<Series>)> {
    if let Ok(name) = weights.cast::<PyString>() {
        let Grouped { mut keys, series } = read_grouped(data, columns, &[name.to_string()]).map_err(|error| {
            let text = error.value(data.py()).to_string();
            if text.starts_with("by= names") {
                return PyValueError::new_err(
                    "weights= names a column of a table, and the data is no table; give an array",
                );
            }
            error
        })?;
        let (_, weights) = keys.remove(0);
        return Ok((weights, series));
    }
    let weights = keys::from_any(weights)?;
    match read(data, columns, None)? {
        Input::Series(series) => Ok((weights, series)),
        Input::Matrix(matrix) => Ok((weights, matrix.to_series().map_err(to_python)?)),
        Input::Stream(_) => Err(PyValueError::new_err("of a stream, weights= is the name of a column")),
    }
}

fn check_column(name: &str, available: &[String]) -> PyResult<()> {
    if available.iter().any(|column| column == name) {
        return Ok(());
    }
    Err(to_python(Error::NoSuchColumn { name: name.to_owned(), available: available.to_vec() }))
}

/// The wanted series of a table, or the one that `data` is.
pub fn read(data: &Bound<'_, PyAny>, columns: &Columns, axis: Option<i64>) -> PyResult<Input> {
    let py = data.py();
    if let Some(stream) = batches_of(data)? {
        return Ok(Input::Stream(stream));
    }
    if let Some(matrix) = matrix(data, columns, axis)? {
        return Ok(Input::Matrix(matrix));
    }
    if is_instance(data, "pandas", "DataFrame")? {
        return data_frame(data, columns).map(Input::Series);
    }
    if is_instance(data, "polars", "DataFrame")? {
        return polars_frame(data, columns).map(Input::Series);
    }
    if !is_series_of_pandas(data)? {
        if capsules::streams(data)? {
            return stream(data, columns);
        }
        if data.hasattr(intern!(py, "__arrow_c_array__"))? {
            let (array, field) = capsules::array(data)?;
            if let DataType::Struct(fields) = field.data_type() {
                return table(Schema::new(fields.clone()), &[batch_of(&array)?], columns).map(Input::Series);
            }
            return one(from_field(vec![array], &field)?, columns).map(Input::Series);
        }
        if let Some(mapping) = Mapping::new(data)? {
            return dictionary(mapping, columns).map(Input::Series);
        }
    }
    one(series(data, NoneMeans::Null)?, columns).map(Input::Series)
}

/// A series has no columns to choose from.
fn one(series: Series, columns: &Columns) -> PyResult<Vec<Series>> {
    match columns {
        Columns::Numeric => Ok(vec![series]),
        _ => Err(PyValueError::new_err("columns= names columns of a table, and the data is one series")),
    }
}

/// The one series that an object is.
pub fn series(data: &Bound<'_, PyAny>, none: NoneMeans) -> PyResult<Series> {
    let py = data.py();
    if data.is_instance_of::<PyList>() || data.is_instance_of::<PyTuple>() {
        return Series::new(None, numbers::collect(data, none)?).map_err(to_python);
    }
    if is_series_of_pandas(data)? {
        return series_of_pandas(data);
    }
    if capsules::speaks(data)? {
        let (chunks, field) = capsules::chunks(data)?;
        return from_field(chunks, &field);
    }
    if let Some(data) = extension_array(data)? {
        return series_of_pandas(&data);
    }
    if data.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err("a string is no series of numbers"));
    }
    if let Some(buffer) = memory(data)? {
        let shape = buffer.items.dimensions();
        if shape != 1 {
            return Err(PyValueError::new_err(format!("an array of {shape} dimensions is no series; one of 1 is")));
        }
        let chunks = buffer.along(0, 0).map(Chunk::Strided).into_iter().collect();
        return Series::new(None, chunks).map_err(to_python);
    }
    if data.hasattr(intern!(py, "__iter__"))? || data.hasattr(intern!(py, "__getitem__"))? {
        return Series::new(None, numbers::collect(data, none)?).map_err(to_python);
    }
    let class = data.get_type();
    let class = class.name()?;
    Err(PyTypeError::new_err(format!(
        "{class} is no series: give a list, a tuple, an iterable of numbers, an array, or Arrow data"
    )))
}

/// Chunks of one field; a field without a name is a series without one.
fn from_field(chunks: Vec<ArrayRef>, field: &Field) -> PyResult<Series> {
    let name = (!field.name().is_empty()).then(|| field.name().clone());
    if Kind::from_field(field).is_none() {
        return Err(to_python(Error::NotNumeric { name, data_type: field.data_type().to_string() }));
    }
    Series::from_arrays(name, all_checked(chunks, field.name())?).map_err(to_python)
}

/// Columns that may be read: see [`capsules::checked`].
fn all_checked(chunks: Vec<ArrayRef>, name: &str) -> PyResult<Vec<ArrayRef>> {
    chunks.into_iter().map(|chunk| capsules::checked(chunk, name)).collect()
}

/// A batch whose columns at these places may be read.
pub fn checked_columns(batch: RecordBatch, indices: impl Iterator<Item = usize>) -> PyResult<RecordBatch> {
    for index in indices {
        if let Some(column) = batch.columns().get(index) {
            capsules::checked(column.clone(), batch.schema_ref().field(index).name())?;
        }
    }
    Ok(batch)
}

/// Whether `data` is an instance of a class of a module that somebody else has imported.
pub fn is_instance(data: &Bound<'_, PyAny>, module: &str, class: &str) -> PyResult<bool> {
    let modules = data.py().import("sys")?.getattr("modules")?;
    let module = modules.call_method1("get", (module,))?;
    if module.is_none() || !module.hasattr(class)? {
        return Ok(false);
    }
    data.is_instance(&module.getattr(class)?)
}

fn is_series_of_pandas(data: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(is_instance(data, "pandas", "Series")? || is_instance(data, "pandas", "Index")?)
}

/// A pandas Series or Index. In a NumPy-backed one NaN is the missing value.
fn series_of_pandas(data: &Bound<'_, PyAny>) -> PyResult<Series> {
    let name = data.getattr("name")?;
    let name = if name.is_none() { None } else { Some(name.str()?.to_string()) };
    let called = |field: &Field| field.clone().with_name(name.clone().unwrap_or_default());
    let dtype = data.getattr("dtype")?;
    let series = if is_instance(&dtype, "numpy", "dtype")? {
        let kind: String = dtype.getattr("kind")?.extract()?;
        if kind == "O" {
            let numbers = numbers::collect(&data.call_method0("to_numpy")?, NoneMeans::NullAsNan)?;
            return Series::new(name, numbers).map_err(to_python);
        }
        if !"fiub".contains(&kind) {
            let error = Error::NotNumeric { name: name.clone(), data_type: dtype.str()?.to_string() };
            return Err(to_python(error));
        }
        series(&data.call_method0("to_numpy")?, NoneMeans::Null)?.with_nan_as_null()
    } else if is_instance(&dtype, "pandas", "SparseDtype")? {
        sparse(data, &dtype)?
    } else if capsules::streams(data)? {
        let (chunks, field) = capsules::chunks(data)?;
        from_field(chunks, &called(&field))?
    } else {
        // An index, or a series of an older pandas: its frame speaks Arrow.
        let frame = data.call_method1("to_frame", ("",))?;
        let (chunks, field) = capsules::chunks(&frame)?;
        let columns = chunks.iter().map(|chunk| chunk.as_struct_opt()?.columns().first().cloned());
        let columns: Option<Vec<_>> = columns.collect();
        match (columns, field.data_type()) {
            (Some(columns), DataType::Struct(fields)) if !fields.is_empty() => {
                from_field(columns, &called(&fields[0]))?
            }
            _ => return Err(PyTypeError::new_err(format!("{dtype} holds no numbers"))),
        }
    };
    Ok(series.with_name(name))
}

/// Sparse data of pandas. Of integers and booleans the gap may be the missing value, which an array of theirs does not hold: then the
/// values go where they belong in a masked array.
fn sparse(data: &Bound<'_, PyAny>, dtype: &Bound<'_, PyAny>) -> PyResult<Series> {
    let py = data.py();
    let array = data.getattr("array")?;
    let subtype = dtype.getattr("subtype")?;
    let kind: String = subtype.getattr("kind")?.extract()?;
    let gap = array.getattr("fill_value")?;
    if kind == "f" || !py.import("pandas")?.call_method1("isna", (gap,))?.is_truthy()? {
        return series_of_pandas(&py.import("pandas")?.call_method1("Series", (array.call_method0("to_dense")?,))?);
    }
    let dense = py.import("numpy.ma")?.call_method1("masked_all", (data.len()?, subtype))?;
    let indices = array.getattr("sp_index")?.call_method0("to_int_index")?.getattr("indices")?;
    dense.set_item(indices, array.getattr("sp_values")?)?;
    series(&dense, NoneMeans::Null)
}

/// An array of pandas that is no array of NumPy, as a series of pandas.
fn extension_array<'py>(data: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    match is_instance(data, "pandas.api.extensions", "ExtensionArray")? {
        true => data.py().import("pandas")?.call_method1("Series", (data,)).map(Some),
        false => Ok(None),
    }
}

fn data_frame(frame: &Bound<'_, PyAny>, columns: &Columns) -> PyResult<Vec<Series>> {
    let names: Vec<String> =
        frame.getattr("columns")?.try_iter()?.map(|name| Ok(name?.str()?.to_string())).collect::<PyResult<_>>()?;
    let at = frame.getattr("iloc")?;
    let whole = pyo3::types::PySlice::full(frame.py());
    let column = |index: usize| at.get_item((&whole, index));
    choose(names, columns, |index| series_of_pandas(&column(index)?))
}

/// A Polars frame, column by column: what is no number need not be known to Arrow.
fn polars_frame(frame: &Bound<'_, PyAny>, columns: &Columns) -> PyResult<Vec<Series>> {
    let names: Vec<String> = frame.getattr("columns")?.extract()?;
    choose(names, columns, |index| {
        let column = frame.call_method1("to_series", (index,))?;
        let dtype = column.getattr("dtype")?;
        let text = dtype.str()?.to_string();
        if ["Int128", "UInt128"].contains(&text.as_str()) {
            // Arrow has no such integers; decimals of 38 digits hold nearly all of them, and Polars refuses the rest.
            let decimal = frame.py().import("polars")?.getattr("Decimal")?.call1((38, 0))?;
            return series(&column.call_method1("cast", (decimal,))?, NoneMeans::Null);
        }
        if text == "Null" {
            return Err(PyTypeError::new_err("type Null holds no numbers"));
        }
        series(&column, NoneMeans::Null)
    })
}

/// A mapping's names, and what stands under them.
struct Mapping<'py> {
    names: Vec<String>,
    values: Vec<Bound<'py, PyAny>>,
}

impl<'py> Mapping<'py> {
    /// `None` for what is no mapping. (PyO3's own question swallows what is raised meanwhile, Ctrl-C as well.)
    fn new(data: &Bound<'py, PyAny>) -> PyResult<Option<Self>> {
        let py = data.py();
        let class = py.import("collections.abc")?.getattr(intern!(py, "Mapping"))?;
        if !data.is_instance_of::<PyDict>() && !data.is_instance(&class)? {
            return Ok(None);
        }
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for item in data.call_method0(intern!(py, "items"))?.try_iter()? {
            let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item?.extract()?;
            names.push(name.str()?.to_string());
            values.push(value);
        }
        Ok(Some(Self { names, values }))
    }
}

fn dictionary(Mapping { names, values }: Mapping<'_>, columns: &Columns) -> PyResult<Vec<Series>> {
    choose(names, columns, |index| {
        let value = &values[index];
        match series(value, NoneMeans::Null) {
            Err(error) if error.is_instance_of::<PyTypeError>(value.py()) && is_untyped(value)? => {
                Err(PyValueError::new_err(error.value(value.py()).to_string()))
            }
            series => series,
        }
    })
}

/// A list with a wrong item is an error wherever it stands; an array of another type is just not a column of numbers.
fn is_untyped(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(!capsules::speaks(value)? && !value.hasattr("dtype")?)
}

/// The wanted columns of a table that is no Arrow table: `column` gives the one at a place.
fn choose(names: Vec<String>, columns: &Columns, column: impl Fn(usize) -> PyResult<Series>) -> PyResult<Vec<Series>> {
    let available: HashSet<&String> = names.iter().collect();
    if let Columns::Named(wanted) = columns
        && let Some(missing) = wanted.iter().find(|name| !available.contains(name))
    {
        return Err(to_python(Error::NoSuchColumn { name: missing.clone(), available: names }));
    }
    let wanted: Option<HashSet<&str>> = match columns {
        Columns::Named(wanted) => Some(wanted.iter().map(String::as_str).collect()),
        _ => None,
    };
    let mut series = Vec::new();
    for (index, name) in names.iter().enumerate() {
        // A column that cannot pass whatever its type is need not be looked at: a list of text as a key is no bad number.
        let possible = match (&wanted, columns) {
            (Some(wanted), _) => wanted.contains(name.as_str()),
            (None, Columns::Where(filter)) => TYPES.iter().any(|type_name| filter.passes(name, type_name)),
            (None, _) => true,
        };
        if !possible {
            continue;
        }
        match column(index) {
            Ok(column) if wanted.is_none() && !columns.takes(name, column.type_name()) => {}
            Ok(column) => series.push(column.with_name(Some(name.clone()))),
            // What holds no numbers is left out, unless it was named.
            Err(error) if wanted.is_none() && is_type_error(&error) => {}
            Err(error) if is_type_error(&error) => {
                let text = Python::attach(|py| error.value(py).to_string());
                let index = format!("column '{name}'");
                let text = if text.starts_with(&index) { text } else { format!("{index}: {text}") };
                return Err(PyTypeError::new_err(text));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(series)
}

fn is_type_error(error: &PyErr) -> bool {
    Python::attach(|py| error.is_instance_of::<PyTypeError>(py))
}

/// An object with `__arrow_c_stream__`. If it has a length, its data is in memory, and is described where it lies; if
/// not, it is read batch by batch, once.
fn stream(data: &Bound<'_, PyAny>, columns: &Columns) -> PyResult<Input> {
    let py = data.py();
    let in_memory = data.hasattr(intern!(py, "__len__"))?;
    let mut stream = capsules::stream(data)?;
    let field = stream.field().clone();
    let fields = match field.data_type() {
        DataType::Struct(fields) => Some(fields.clone()),
        _ => None,
    };
    if in_memory {
        let chunks = capsules::all(py, stream)?;
        return match fields {
            Some(fields) => {
                let batches = chunks.iter().map(batch_of).collect::<PyResult<Vec<_>>>()?;
                table(Schema::new(fields), &batches, columns).map(Input::Series)
            }
            None => one(from_field(chunks, &field)?, columns).map(Input::Series),
        };
    }
    if fields.is_none() && !matches!(columns, Columns::Numeric) {
        return Err(PyValueError::new_err("columns= names columns of a table, and the data is one series"));
    }
    let unnamed = fields.is_none() && field.name().is_empty();
    let schema = match fields {
        Some(fields) => Schema::new(fields),
        None => Schema::new(vec![field]),
    };
    let batch_schema = std::sync::Arc::new(schema.clone());
    let next = move |py: Python<'_>| {
        let Some(array) = capsules::next(py, &mut stream)? else { return Ok(None) };
        match array.as_struct_opt() {
            Some(_) => batch_of(&array).map(Some),
            None => RecordBatch::try_new(batch_schema.clone(), vec![array]).map(Some).map_err(from_arrow),
        }
    };
    Ok(Input::Stream(Stream { schema, next: Box::new(next), unnamed }))
}

/// What comes in batches from a library that says so: a `LazyFrame` of Polars, a dataset or scanner of pyarrow, a relation of
/// DuckDB, a record batch reader.
fn batches_of(data: &Bound<'_, PyAny>) -> PyResult<Option<Stream>> {
    let py = data.py();
    if is_instance(data, "polars", "LazyFrame")? {
        return lazy_frame(data).map(Some);
    }
    if is_instance(data, "duckdb", "DuckDBPyRelation")? {
        return batches_of_python(&data.call_method0("to_arrow_reader")?).map(Some);
    }
    if is_instance(data, "pyarrow.dataset", "Dataset")? {
        return batches_of_python(&data.call_method0("scanner")?.call_method0("to_reader")?).map(Some);
    }
    if is_instance(data, "pyarrow.dataset", "Scanner")? {
        return batches_of_python(&data.call_method0("to_reader")?).map(Some);
    }
    let is_reader = data.hasattr(intern!(py, "read_next_batch"))?
        && data.hasattr(intern!(py, "schema"))?
        && !data.hasattr(intern!(py, "__len__"))?;
    if is_reader { batches_of_python(data).map(Some) } else { Ok(None) }
}

/// Whether data comes in batches: see [`batches_of`].
fn comes_in_batches(data: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(is_instance(data, "polars", "LazyFrame")?
        || is_instance(data, "duckdb", "DuckDBPyRelation")?
        || data.hasattr(intern!(data.py(), "read_next_batch"))?)
}

/// A lazy frame, collected by Polars' streaming engine batch by batch.
fn lazy_frame(frame: &Bound<'_, PyAny>) -> PyResult<Stream> {
    let empty = frame.call_method0("collect_schema")?.call_method0("to_frame")?;
    let field = capsules::stream(&empty)?.field().clone();
    let DataType::Struct(fields) = field.data_type() else {
        return Err(PyTypeError::new_err("a lazy frame without columns"));
    };
    let frames = frame.call_method0("collect_batches")?.try_iter()?.unbind();
    let mut ready: VecDeque<ArrayRef> = VecDeque::new();
    let next = move |py: Python<'_>| {
        while ready.is_empty() {
            let frames = frames.clone_ref(py);
            let frame = call::wait(py, move |py| {
                let frame = frames.bind(py).clone().next().transpose()?;
                Ok(frame.map(Bound::unbind))
            })?;
            let Some(frame) = frame else { return Ok(None) };
            ready.extend(capsules::chunks(frame.bind(py))?.0);
        }
        ready.pop_front().as_ref().map(batch_of).transpose()
    };
    Ok(Stream { schema: Schema::new(fields.clone()), next: Box::new(next), unnamed: false })
}

/// A reader whose batches are asked for in Python, so that what its generator raises is not lost on the way.
fn batches_of_python(reader: &Bound<'_, PyAny>) -> PyResult<Stream> {
    let schema = capsules::schema(&reader.getattr("schema")?)?;
    let reader = reader.clone().unbind();
    let next = move |py: Python<'_>| match reader.bind(py).call_method0(intern!(py, "read_next_batch")) {
        Ok(batch) => batch_of(&capsules::array(&batch)?.0).map(Some),
        Err(error) if error.is_instance_of::<PyStopIteration>(py) => Ok(None),
        Err(error) => Err(error),
    };
    Ok(Stream { schema, next: Box::new(next), unnamed: false })
}

fn batch_of(rows: &ArrayRef) -> PyResult<RecordBatch> {
    match rows.as_struct_opt() {
        Some(rows) if rows.null_count() == 0 => Ok(RecordBatch::from(rows)),
        Some(_) => Err(PyValueError::new_err("a table has no null rows; these structs have")),
        None => Err(PyTypeError::new_err(format!("an array of type {} is no batch of a table", rows.data_type()))),
    }
}

fn table(schema: Schema, batches: &[RecordBatch], columns: &Columns) -> PyResult<Vec<Series>> {
    let indices = columns.choose(&schema).map_err(to_python)?;
    let series = indices.into_iter().map(|index| {
        let name = schema.field(index).name();
        let arrays = batches.iter().map(|batch| {
            let column = batch.columns().get(index).cloned();
            column.ok_or_else(|| PyValueError::new_err("a batch of the data has fewer columns than its schema"))
        });
        let arrays = all_checked(arrays.collect::<PyResult<_>>()?, name)?;
        Series::from_arrays(Some(name.clone()), arrays).map_err(to_python)
    });
    series.collect()
}

/// The series of an array of several dimensions, along one of them: the columns of a table for axis 0, its rows for axis 1.
/// There is one for each index of the others, the last of which runs fastest. `None` for what is no such array.
fn matrix(data: &Bound<'_, PyAny>, columns: &Columns, axis: Option<i64>) -> PyResult<Option<Matrix>> {
    let py = data.py();
    let is_frame = data.hasattr(intern!(py, "iloc"))?;
    let dimensions = if is_frame { 1 } else { dimensions(data)?.unwrap_or(1) };
    let axis = axis.unwrap_or(0);
    let along = if axis < 0 { axis.checked_add_unsigned(dimensions.max(1) as u64) } else { Some(axis) };
    let along = along.and_then(|along| usize::try_from(along).ok()).filter(|along| *along < dimensions.max(1));
    let Some(along) = along else {
        let message = format!("axis {axis} of data with {dimensions} dimension(s)");
        return Err(PyValueError::new_err(message));
    };
    // An array that speaks Arrow as well (one of xarray does) is an array still.
    if dimensions < 2 || capsules::streams(data)? && !data.hasattr(intern!(py, "__array__"))? {
        return Ok(None);
    }
    if !matches!(columns, Columns::Numeric) {
        return Err(PyValueError::new_err("columns= names columns of a table, and the array's have no names"));
    }
    let Some(buffer) = memory(data)? else { return Ok(None) };
    let (indices, whole) = (buffer.items.indices(along), buffer.whole(along));
    Ok(Matrix::new(indices, move |index| buffer.along(along, index), whole))
}

/// The number of dimensions that an object says it has.
fn dimensions(data: &Bound<'_, PyAny>) -> PyResult<Option<usize>> {
    match data.getattr_opt(intern!(data.py(), "ndim"))? {
        Some(dimensions) => attempt(data.py(), dimensions.extract()),
        None => Ok(None),
    }
}

/// An array in memory, and its mask if it has one.
struct ArrayMemory {
    items: Items,
    format: Format,
    order: ByteOrder,
    mask: Option<Items>,
}

impl ArrayMemory {
    /// One series along an axis: see [`Items::along`].
    fn along(&self, axis: usize, index: usize) -> Option<StridedBuffer> {
        self.of(|items| items.along(axis, index))
    }

    /// All series along an axis: see [`Items::whole`].
    fn whole(&self, axis: usize) -> Option<StridedBuffer> {
        self.of(|items| items.whole(axis))
    }

    fn of(&self, part: impl Fn(&Items) -> Option<Strided>) -> Option<StridedBuffer> {
        let mask = match &self.mask {
            Some(mask) => Some(part(mask)?),
            None => None,
        };
        Some(StridedBuffer {
            items: part(&self.items)?,
            format: self.format,
            order: self.order,
            nan: NanMeans::Nan,
            mask,
        })
    }
}

/// The memory of an array. `None` for objects without the buffer protocol, and for arrays of objects.
fn memory(data: &Bound<'_, PyAny>) -> PyResult<Option<ArrayMemory>> {
    if dimensions(data)? == Some(0) {
        return Err(PyValueError::new_err("an array of 0 dimensions is no series; one of 1 is"));
    }
    let (data, mask) = if is_instance(data, "numpy.ma", "MaskedArray")? {
        let mask = data.py().import("numpy.ma")?.call_method1("getmaskarray", (data,))?;
        (data.getattr("data")?, Some(Items::new(PyUntypedBuffer::get(&mask)?)))
    } else {
        (data.clone(), None)
    };
    let py = data.py();
    let buffer = match PyUntypedBuffer::get(&data) {
        Ok(buffer) => buffer,
        // The two that say that there is no buffer; arrays of dates and the like are of the second kind.
        Err(error)
            if !(error.is_instance_of::<PyTypeError>(py)
                || error.is_instance_of::<PyBufferError>(py)
                || error.is_instance_of::<PyValueError>(py)) =>
        {
            return Err(error);
        }
        // What is no array itself may give one: those of xarray and of other libraries.
        Err(_) if data.hasattr(intern!(py, "__array__"))? && !is_instance(&data, "numpy", "ndarray")? => {
            return memory(&py.import("numpy")?.call_method1("asarray", (data,))?);
        }
        Err(_) => {
            return match data.getattr_opt(intern!(py, "dtype"))? {
                Some(dtype) => Err(PyTypeError::new_err(format!("an array of {dtype} holds no numbers"))),
                None => Ok(None),
            };
        }
    };
    let code = buffer.format().to_bytes();
    if code == b"O" || buffer.suboffsets().is_some() {
        return Ok(None); // item by item
    }
    let Some((format, order)) = format(code, buffer.item_size()) else {
        let text = String::from_utf8_lossy(code).into_owned();
        let text = data.getattr_opt("dtype")?.map_or(format!("format '{text}'"), |dtype| dtype.to_string());
        return Err(PyTypeError::new_err(format!("an array of {text} holds no numbers that rstats reads")));
    };
    Ok(Some(ArrayMemory { items: Items::new(buffer), format, order, mask }))
}

/// The meaning of a format of the `struct` module for one item.
fn format(code: &[u8], width: usize) -> Option<(Format, ByteOrder)> {
    let (prefix, letter) = match *code {
        [letter] => (b'@', letter),
        [prefix, letter] => (prefix, letter),
        _ => return None,
    };
    let big = match prefix {
        b'>' | b'!' => true,
        b'<' => false,
        b'@' | b'=' => cfg!(target_endian = "big"),
        _ => return None,
    };
    let order = if big == cfg!(target_endian = "big") { ByteOrder::Native } else { ByteOrder::Swapped };
    let bytes = u8::try_from(width).ok()?;
    let format = match letter {
        b'e' => Format::Float16,
        b'f' => Format::Float32,
        b'd' => Format::Float64,
        b'?' => Format::Bool,
        b'b' | b'h' | b'i' | b'l' | b'q' | b'n' => Format::Signed(bytes),
        b'B' | b'H' | b'I' | b'L' | b'Q' | b'N' => Format::Unsigned(bytes),
        _ => return None,
    };
    (format.width() == width && matches!(width, 1 | 2 | 4 | 8)).then_some((format, order))
}
