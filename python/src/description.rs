//! The answer of `describe`.

use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema};
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::{PyIndexError, PyKeyError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule, PyDict, PyIterator, PyList, PyString, PyTuple};
use rstats::internal::is_count;
use rstats::report::{COUNTS, Keys, LeftOut, Page, Report};
use rstats::{BinCount, Error, Interrupt, Part, Probability, SeriesKind, Spec};

use crate::call::{self, Threads};
use crate::columns::{self, Columns};
use crate::errors::{special, to_python};
use crate::frames;
use crate::key_objects::{KeyObjects, with_texts};
use crate::pairs::Pairs;

/// The width of a repr: that of the terminal, or what `COLUMNS` says; where there is neither, 100.
pub fn width(py: Python<'_>) -> usize {
    let size = py.import("shutil").and_then(|shutil| shutil.call_method1("get_terminal_size", ((100, 24),)));
    let columns = size.and_then(|size| size.getattr("columns")?.extract::<usize>());
    columns.unwrap_or(100).max(40)
}

/// The names of the statistics, and the probabilities of the quantiles, that a page shows.
#[pyfunction]
pub fn _page_questions() -> PyResult<(Vec<&'static str>, Vec<f64>)> {
    let spec = Spec::default().for_page(BinCount::Auto, 1).map_err(to_python)?;
    let names = spec.statistics().iter().map(|statistic| statistic.name()).collect();
    Ok((names, spec.quantiles().iter().map(Probability::value).collect()))
}

#[doc = include_str!(concat!(env!("OUT_DIR"), "/Description.txt"))]
#[pyclass(module = "rstats", frozen)]
pub struct Description(pub Report);

#[pymethods]
impl Description {
    fn __len__(&self) -> usize {
        self.0.rows()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        PyList::new(py, self.to_dicts(py)?)?.try_iter()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, index: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let rows = self.rows(py)?;
        if let Ok(name) = index.cast::<PyString>() {
            return self.of_column(py, &rows, &name.to_cow()?, None);
        }
        if let Ok(pair) = index.cast::<PyTuple>()
            && let Ok(name) = pair.get_item(0)?.cast_into::<PyString>()
        {
            return self.of_column(py, &rows, &name.to_cow()?, Some(&pair.get_slice(1, pair.len())));
        }
        let Some(position) = special(index, "__index__")? else {
            let given = index.get_type();
            return Err(PyTypeError::new_err(format!(
                "a row is taken by its number, by the name of its column, or by that name and its keys, not by {given}"
            )));
        };
        let length = self.0.rows();
        let place = position.extract::<isize>().ok();
        let place = place.and_then(|place| if place < 0 { place.checked_add_unsigned(length) } else { Some(place) });
        let place = place.and_then(|place| usize::try_from(place).ok());
        match place.filter(|place| *place < length) {
            Some(place) => Ok(rows.at(place)?.into_any()),
            None => Err(PyIndexError::new_err(format!("row {position} of {length}"))),
        }
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Description.columns.txt"))]
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.0.columns()
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Description.errors.txt"))]
    #[getter]
    fn errors<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let errors = self.0.source.errors.iter().map(|skipped| {
            let error = PyDict::new(py);
            error.set_item("file", &skipped.file)?;
            error.set_item("column", &skipped.column)?;
            error.set_item("row_group", skipped.row_group)?;
            error.set_item("message", &skipped.message)?;
            Ok(error)
        });
        errors.collect()
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Description.left_out.txt"))]
    #[getter]
    fn left_out<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let columns = self.0.source.left_out.iter().map(|LeftOut { column, reason }| {
            let left_out = PyDict::new(py);
            left_out.set_item("column", column)?;
            left_out.set_item("reason", reason)?;
            Ok(left_out)
        });
        columns.collect()
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Description.numbers.txt"))]
    #[getter]
    fn numbers(&self) -> PyResult<Columns> {
        self.0.to_record_batch().map(Columns).map_err(to_python)
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Description.booleans.txt"))]
    #[getter]
    fn booleans(&self) -> PyResult<Columns> {
        self.of_kind(SeriesKind::Boolean)
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Description.times.txt"))]
    #[getter]
    fn times(&self) -> PyResult<Columns> {
        self.of_kind(SeriesKind::Time)
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Description.texts.txt"))]
    #[getter]
    fn texts(&self) -> PyResult<Columns> {
        self.of_kind(SeriesKind::Text)
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Description.others.txt"))]
    #[getter]
    fn others(&self) -> PyResult<Columns> {
        self.of_kind(SeriesKind::Other)
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Description.to_dicts.txt"))]
    fn to_dicts<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let rows = self.rows(py)?;
        let row = |place| {
            call::check_signals(py, place)?;
            rows.at(place)
        };
        (0..self.0.rows()).map(row).collect()
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Description.to_json.txt"))]
    fn to_json(&self, py: Python<'_>) -> PyResult<String> {
        let values = self.0.rows().saturating_mul(self.0.series.names().len().max(8));
        let text = call::run(py, values, &Threads::default(), |interrupt| {
            let mut text = Text { bytes: Vec::new(), interrupt };
            match self.0.write_json(&mut text) {
                Ok(()) => Ok(text.bytes),
                Err(_) if interrupt.is_stopped() => Err(Error::Interrupted),
                Err(error) => Err(Error::Data(error.to_string())),
            }
        })?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Description.to_arrow.txt"))]
    fn to_arrow<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("pyarrow")?.call_method1("table", (slf,))
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Description.to_polars.txt"))]
    fn to_polars<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("polars")?.call_method1("DataFrame", (slf,))
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Description.to_pandas.txt"))]
    #[pyo3(signature = (*, tidy=false))]
    fn to_pandas<'py>(&self, py: Python<'py>, tidy: bool) -> PyResult<Bound<'py, PyAny>> {
        if tidy { frames::tidy(py, &self.0) } else { frames::as_described(py, &self.0) }
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Description.report.txt"))]
    #[pyo3(
        signature = (path=None, *, title=None, groups=None, pairs=None),
        text_signature = "($self, path=None, *, title=None, groups=None, pairs=None)"
    )]
    fn report<'py>(
        &self,
        py: Python<'py>,
        path: Option<&Bound<'py, PyAny>>,
        title: Option<String>,
        groups: Option<&Bound<'py, Self>>,
        pairs: Option<&Bound<'py, Pairs>>,
    ) -> PyResult<Option<String>> {
        let page = Page::new(title.unwrap_or_else(|| "Report".to_owned()));
        let page = groups.into_iter().fold(page, |page, groups| page.with_groups(groups.get().0.clone()));
        let page = pairs.into_iter().fold(page, |page, pairs| page.with_pairs(pairs.get().0.clone()));
        let html = py.detach(|| self.0.to_page(&page));
        match path {
            None => Ok(Some(html)),
            Some(path) => {
                py.import("rstats._report")?.call_method1("write", (path, html))?;
                Ok(None)
            }
        }
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Description.plot.txt"))]
    #[pyo3(signature = (kind=None, ax=None))]
    fn plot<'py>(
        slf: &Bound<'py, Self>,
        kind: Option<&str>,
        ax: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("rstats._plot")?.call_method1("plot", (slf, kind, ax))
    }

    fn __eq__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        // Of anything else the other side is asked.
        let Ok(other) = other.cast::<Self>() else { return py.NotImplemented().into_bound_py_any(py) };
        let (ours, theirs) = (&self.0, &other.get().0);
        (ours.spec == theirs.spec && ours.series.same(&theirs.series) && ours.parts == theirs.parts)
            .into_bound_py_any(py)
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let py = slf.py();
        let bytes = slf.get().0.to_bytes().map_err(to_python)?;
        let restore = slf.get_type().getattr("_from_bytes")?;
        Ok((restore, (PyBytes::new(py, &bytes),)))
    }

    #[staticmethod]
    fn _from_bytes(py: Python<'_>, bytes: &[u8]) -> PyResult<Self> {
        let report = Report::from_bytes(bytes).map_err(to_python)?;
        Ok(Self(Report { series: with_texts(py, report.series)?, ..report }))
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        columns::to_stream(py, self.0.to_record_batch().map_err(to_python)?, requested_schema)
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        self.0.to_table(width(py)).trim_end().to_owned()
    }

    fn _repr_html_(&self) -> String {
        self.0.to_html()
    }
}

/// Text that is being written, until that is interrupted.
struct Text<'a> {
    bytes: Vec<u8>,
    interrupt: &'a Interrupt,
}

impl Write for Text<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.interrupt.is_stopped() {
            return Err(io::Error::other("interrupted"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Description {
    fn rows<'a, 'py>(&'a self, py: Python<'py>) -> PyResult<Rows<'a, 'py>> {
        let series = &self.0.series;
        let objects = series.keys().map_or(Ok(Vec::new()), |keys| KeyObjects::all(py, keys))?;
        let parts = self.0.parts.iter().map(|part| PartRows::new(py, part)).collect::<PyResult<_>>()?;
        Ok(Rows { py, report: &self.0, keys: series.read_keys().map_err(to_python)?, objects, parts })
    }

    /// The answers for the columns of a kind, as a table of its own.
    fn of_kind(&self, kind: SeriesKind) -> PyResult<Columns> {
        let part = self.0.parts.iter().find(|part| part.kind() == kind);
        let empty = || RecordBatch::new_empty(Arc::new(Schema::new(vec![Field::new("column", DataType::Utf8, true)])));
        part.map_or_else(|| Ok(empty()), |part| part.to_record_batch().map_err(to_python)).map(Columns)
    }

    /// The row of a column and of keys, or all rows of a column that has keys.
    fn of_column<'py>(
        &self,
        py: Python<'py>,
        rows: &Rows<'_, 'py>,
        name: &str,
        keys: Option<&Bound<'py, PyTuple>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let series = &self.0.series;
        let of_parts = self.0.parts.iter().flat_map(|part| part.columns().iter().map(|(name, _)| name));
        let names: Vec<&Option<String>> = series.columns().iter().chain(of_parts).collect();
        let columns: Vec<usize> = (0..names.len()).filter(|&column| names[column].as_deref() == Some(name)).collect();
        let keys_of_parts = self.0.parts.first().and_then(Part::keys);
        let groups = series.keys().or(keys_of_parts).map_or(1, |keys| keys.num_rows());
        let column = match columns[..] {
            [column] => column,
            [] => {
                let names: Vec<String> = names.into_iter().flatten().cloned().collect();
                let error = rstats::Error::NoSuchColumn { name: name.to_owned(), available: names };
                return Err(PyKeyError::new_err(error.to_string()));
            }
            _ => {
                return Err(PyKeyError::new_err(format!(
                    "{} columns are called '{name}'; take one by its number",
                    columns.len()
                )));
            }
        };
        let all = column * groups..(column + 1) * groups;
        match keys {
            None if series.keys().or(keys_of_parts).is_none() => Ok(rows.get(column)?.into_any()),
            None => Ok(PyList::new(py, all.map(|row| rows.get(row)).collect::<PyResult<Vec<_>>>()?)?.into_any()),
            Some(keys) => {
                for row in all {
                    call::check_signals(py, row)?;
                    if PyTuple::new(py, rows.keys_of(row)?)?.eq(keys)? {
                        return Ok(rows.get(row)?.into_any());
                    }
                }
                Err(PyKeyError::new_err(format!("column '{name}' has no group {}", keys.repr()?)))
            }
        }
    }
}

/// The rows of an answer, one by one.
struct Rows<'a, 'py> {
    py: Python<'py>,
    report: &'a Report,
    keys: Option<Keys>,
    objects: Vec<KeyObjects<'py>>,
    parts: Vec<PartRows<'a, 'py>>,
}

impl<'py> Rows<'_, 'py> {
    /// The row at a place of an output.
    fn at(&self, place: usize) -> PyResult<Bound<'py, PyDict>> {
        self.get(if place < self.report.series.len() { self.report.series.row_at(place) } else { place })
    }

    /// The part that a row is of, and its row there. `None` for one of numbers.
    fn of_part(&self, row: usize) -> Option<(&PartRows<'_, 'py>, usize)> {
        let mut row = row.checked_sub(self.report.series.len())?;
        for part in &self.parts {
            match row.checked_sub(part.part.len()) {
                None => return Some((part, row)),
                Some(rest) => row = rest,
            }
        }
        None
    }

    fn keys_of(&self, row: usize) -> PyResult<Vec<Bound<'py, PyAny>>> {
        if let Some((part, row)) = self.of_part(row) {
            return part.keys_of(self.py, row);
        }
        let Some(keys) = &self.keys else { return Ok(Vec::new()) };
        let row = self.report.series.key_row(row);
        self.objects.iter().zip(keys.row(row)).map(|(objects, (_, key))| objects.get(self.py, row, key)).collect()
    }

    fn get(&self, place: usize) -> PyResult<Bound<'py, PyDict>> {
        let (py, series) = (self.py, &self.report.series);
        if let Some((part, row)) = self.of_part(place) {
            return part.get(py, row);
        }
        let row = PyDict::new(py);
        if !series.are_windows() {
            row.set_item("column", series.column(place))?;
            row.set_item("kind", SeriesKind::Number.name())?;
        }
        for (objects, key) in self.objects.iter().zip(self.keys_of(place)?) {
            row.set_item(&objects.name, key)?;
        }
        if series.are_windows() {
            row.set_item("column", series.column(place))?;
            row.set_item("kind", SeriesKind::Number.name())?;
        }
        let counts = series.counts(place);
        for (index, name) in COUNTS.into_iter().enumerate() {
            row.set_item(name, counts.map(|counts| counts[index]))?;
        }
        for (name, value) in series.figures(place) {
            match value.filter(|_| is_count(name)) {
                Some(count) => row.set_item(name, count.nearest() as u64)?,
                None => row.set_item(name, frames::figure(py, value)?)?,
            }
        }
        if series.histograms().is_some() {
            row.set_item("histogram", frames::histogram(py, series.histogram(place))?)?;
        }
        Ok(row)
    }
}

/// The rows of a part, one by one.
struct PartRows<'a, 'py> {
    part: &'a Part,
    keys: Option<Keys>,
    key_objects: Vec<KeyObjects<'py>>,
    /// Of each column the answers.
    answers: Vec<(Keys, Vec<KeyObjects<'py>>)>,
}

impl<'a, 'py> PartRows<'a, 'py> {
    fn new(py: Python<'py>, part: &'a Part) -> PyResult<Self> {
        let read = |table: &RecordBatch| Ok((Keys::of(table).map_err(to_python)?, KeyObjects::all(py, table)?));
        let (keys, key_objects) = match part.keys() {
            Some(keys) => read(keys).map(|(keys, objects)| (Some(keys), objects))?,
            None => (None, Vec::new()),
        };
        let answers = part.columns().iter().map(|(_, answers)| read(answers)).collect::<PyResult<_>>()?;
        Ok(Self { part, keys, key_objects, answers })
    }

    /// The column of a row, and the row of its answers.
    fn place(&self, row: usize) -> (usize, usize) {
        let groups = self.part.keys().map_or(1, RecordBatch::num_rows).max(1);
        (row / groups, row % groups)
    }

    fn keys_of(&self, py: Python<'py>, row: usize) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let Some(keys) = &self.keys else { return Ok(Vec::new()) };
        let (_, row) = self.place(row);
        self.key_objects.iter().zip(keys.row(row)).map(|(objects, (_, key))| objects.get(py, row, key)).collect()
    }

    fn get(&self, py: Python<'py>, row: usize) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        let (column, group) = self.place(row);
        dict.set_item("column", &self.part.columns()[column].0)?;
        dict.set_item("kind", self.part.kind().name())?;
        for (objects, key) in self.key_objects.iter().zip(self.keys_of(py, row)?) {
            dict.set_item(&objects.name, key)?;
        }
        let (answers, objects) = &self.answers[column];
        for (objects, (name, value)) in objects.iter().zip(answers.row(group)) {
            dict.set_item(name, objects.get(py, group, value)?)?;
        }
        Ok(dict)
    }
}
