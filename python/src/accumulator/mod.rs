//! `Accumulator`: what a service holds. Large updates run without the GIL.

use std::sync::MutexGuard;

mod state;

use arrow_array::ArrayRef;
use arrow_schema::FieldRef;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes};
use rstats::parquet::{Dataset, Plan, Predicate, Progress, Request};
use rstats::report::{Report, Source};
use rstats::{
    Accumulator as Question, Columns, Error, GroupedAccumulator, Interrupt, Kinds, Series, SeriesKind, TypedColumn,
};

use self::state::State;
use crate::args;
use crate::call::{self, Threads};
use crate::dataset;
use crate::description::Description;
use crate::errors::to_python;
use crate::input::{self, AnySeries, Column, Labels, Object, Read, ReadValues, Table, Wanted};
use crate::key_objects::with_texts;
use crate::shared::Shared;

#[doc = include_str!(concat!(env!("OUT_DIR"), "/Accumulator.txt"))]
#[pyclass(module = "rstats", frozen)]
pub struct Accumulator(Shared<State>);

/// Rows of a table, or of a column.
#[derive(Default)]
struct ReadRows {
    /// None where there are no groups.
    keys: Vec<(FieldRef, ArrayRef)>,
    series: Vec<Series>,
    others: Vec<TypedColumn>,
}

impl ReadRows {
    fn of_column(py: Python<'_>, column: Column<'_>) -> PyResult<Self> {
        Ok(match column.into_any_series(py)? {
            AnySeries::Numbers(series) => Self { series: vec![series], ..Self::default() },
            AnySeries::Other(typed) => Self { others: vec![typed], ..Self::default() },
        })
    }

    /// The number of values.
    fn values(&self) -> usize {
        self.series.iter().map(Series::rows).chain(self.others.iter().map(TypedColumn::rows)).sum()
    }
}

impl Accumulator {
    fn of(state: State) -> Self {
        Self(Shared::new("accumulator", state))
    }

    fn lock(&self, py: Python<'_>) -> PyResult<MutexGuard<'_, State>> {
        self.0.lock(py)
    }
}

#[pymethods]
impl Accumulator {
    #[new]
    #[pyo3(
        signature = (*, columns=None, by=None, stats=None, q=None, method="linear", ddof=None, nan="propagate", null="skip", min_count=None, level=0.95, trim=0.1, bias=false, memory_limit=None, keep=None),
        text_signature = "(*, columns=None, by=None, stats=None, q=None, method='linear', ddof=1, nan='propagate', null='skip', min_count=0, level=0.95, trim=0.1, bias=False, memory_limit=None, keep=None)"
    )]
    #[allow(clippy::too_many_arguments)] // they are the signature of the Python class
    fn new(
        columns: Option<&Bound<'_, PyAny>>,
        by: Option<&Bound<'_, PyAny>>,
        stats: Option<&Bound<'_, PyAny>>,
        q: Option<&Bound<'_, PyAny>>,
        method: &str,
        ddof: Option<&Bound<'_, PyAny>>,
        nan: &str,
        null: &str,
        min_count: Option<&Bound<'_, PyAny>>,
        level: f64,
        trim: f64,
        bias: bool,
        memory_limit: Option<&Bound<'_, PyAny>>,
        keep: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let spec = args::spec(stats, q, None, method, ddof, nan, null, min_count, level, trim, bias)?;
        let mut question = Question::new(&spec);
        if let Some(columns) = columns {
            question = question.with_columns(args::names("columns", columns)?);
        }
        if let Some(limit) = memory_limit {
            question = question.with_memory_limit(args::size("memory_limit", limit)?);
        }
        if let Some(keep) = keep {
            question = question.with_kept(args::whole("keep", keep, 1, 1 << 40)? as u64);
        }
        Ok(Self::of(match by {
            None => State::One(question),
            Some(by) => State::Groups(GroupedAccumulator::new(question, args::names("by", by)?).map_err(to_python)?),
        }))
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Accumulator.update.txt"))]
    #[pyo3(signature = (data, *, threads=None))]
    fn update<'py>(
        slf: Bound<'py, Self>,
        data: &Bound<'py, PyAny>,
        threads: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, Self>> {
        let (py, this) = (slf.py(), slf.get());
        let threads = args::threads(threads)?;
        match input::recognise(data)? {
            Object::Unknown(wrong) => return Err(wrong.into_error(None)),
            Object::Array(array) => {
                return Err(PyTypeError::new_err(format!(
                    "an accumulator takes one series or a table, not an array of {} dimensions",
                    array.dimensions()
                )));
            }
            Object::Column(column) => this.add(py, ReadRows::of_column(py, column)?, &threads)?,
            Object::Table(table) => this.add(py, this.read(py, &table)?, &threads)?,
            Object::Stream(stream) if stream.is_series => {
                this.add(py, ReadRows::of_column(py, input::series_of(stream, py)?)?, &threads)?;
            }
            Object::Stream(stream) => this.add_stream(py, stream, &threads)?,
        }
        Ok(slf)
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Accumulator.update_parquet.txt"))]
    #[pyo3(signature = (paths, *, r#where=None, memory_limit=None, threads=None))]
    fn update_parquet<'py>(
        slf: Bound<'py, Self>,
        paths: &Bound<'py, PyAny>,
        r#where: Option<&str>,
        memory_limit: Option<&Bound<'py, PyAny>>,
        threads: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, Self>> {
        slf.get().with_plan(paths, r#where, memory_limit, threads, |state, plan, interrupt| {
            state.update_plan(plan, interrupt)
        })?;
        Ok(slf)
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Accumulator.aim_parquet.txt"))]
    #[pyo3(signature = (paths, *, r#where=None, memory_limit=None, threads=None))]
    fn aim_parquet<'py>(
        slf: Bound<'py, Self>,
        paths: &Bound<'py, PyAny>,
        r#where: Option<&str>,
        memory_limit: Option<&Bound<'py, PyAny>>,
        threads: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, Self>> {
        slf.get().with_plan(paths, r#where, memory_limit, threads, |state, plan, interrupt| match state {
            State::One(one) => plan.aim(one, interrupt, &Progress::default()),
            State::Groups(groups) => plan.aim_groups(groups),
        })?;
        Ok(slf)
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Accumulator.aim.txt"))]
    fn aim<'py>(slf: Bound<'py, Self>, sample: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        let (py, this) = (slf.py(), slf.get());
        let rows = match input::recognise(sample)? {
            Object::Column(column) => ReadRows::of_column(py, column)?,
            Object::Table(table) => this.read(py, &table)?,
            _ => return Err(PyTypeError::new_err("a sample is one series or a table in memory")),
        };
        let mut state = this.lock(py)?;
        let ours = &mut *state;
        call::run(py, rows.values(), &Threads::default(), |interrupt| {
            question_to_aim(ours)?.aim_all(&rows.series, &rows.others, interrupt)
        })?;
        drop(state);
        Ok(slf)
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Accumulator.another_pass.txt"))]
    fn another_pass(&self, py: Python<'_>) -> PyResult<Option<Self>> {
        let mut state = self.lock(py)?;
        let ours = &mut *state;
        let again = call::run(py, ours.rows() as usize, &Threads::default(), |_| ours.another_pass())?;
        Ok(again.map(Self::of))
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Accumulator.settle.txt"))]
    fn settle<'py>(slf: Bound<'py, Self>, other: &Bound<'py, Self>) -> PyResult<Bound<'py, Self>> {
        let (py, this) = (slf.py(), slf.get());
        let other = other.get().lock(py)?.clone();
        this.lock(py)?.settle(&other).map_err(to_python)?;
        Ok(slf)
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Accumulator.merge.txt"))]
    fn merge<'py>(slf: Bound<'py, Self>, other: &Bound<'py, Self>) -> PyResult<Bound<'py, Self>> {
        let (py, this) = (slf.py(), slf.get());
        // Of the other one a copy, so that two that merge into each other do not wait for each other, nor one for itself.
        let other = other.get().lock(py)?.clone();
        let values = other.rows() as usize;
        let mut state = this.lock(py)?;
        let ours = &mut *state;
        call::run(py, values, &Threads::default(), |_| ours.merge(&other))?;
        drop(state);
        Ok(slf)
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Accumulator.summary.txt"))]
    fn summary(&self, py: Python<'_>) -> PyResult<Description> {
        let mut state = self.lock(py)?;
        let (rows, spec) = (state.rows(), state.spec().clone());
        let ours = &mut *state;
        let (series, parts) = call::run(py, rows as usize, &Threads::default(), |interrupt| ours.answers(interrupt))?;
        drop(state);
        let series = with_texts(py, series)?;
        Ok(Description(Report::new(spec, Source { rows, ..Source::default() }, series).with_parts(parts)))
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Accumulator.split.txt"))]
    fn split(&self, py: Python<'_>, buckets: &Bound<'_, PyAny>) -> PyResult<Vec<Self>> {
        let buckets = args::whole("buckets", buckets, 1, 1 << 20)? as u32;
        let state = self.lock(py)?.clone();
        let parts = call::run(py, state.rows() as usize, &Threads::default(), |_| state.split(buckets))?;
        Ok(parts.into_iter().map(Self::of).collect())
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Accumulator.condense.txt"))]
    fn condense(slf: Bound<'_, Self>) -> PyResult<Bound<'_, Self>> {
        let (py, this) = (slf.py(), slf.get());
        let mut state = this.lock(py)?;
        let ours = &mut *state;
        call::run(py, ours.rows() as usize, &Threads::default(), |interrupt| ours.condense(interrupt))?;
        drop(state);
        Ok(slf)
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Accumulator.copy.txt"))]
    fn copy(&self, py: Python<'_>) -> PyResult<Self> {
        Ok(Self::of(self.lock(py)?.clone()))
    }

    fn __copy__(&self, py: Python<'_>) -> PyResult<Self> {
        self.copy(py)
    }

    fn __deepcopy__(&self, py: Python<'_>, _memo: &Bound<'_, PyAny>) -> PyResult<Self> {
        self.copy(py)
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Accumulator.clear.txt"))]
    fn clear(&self, py: Python<'_>) -> PyResult<()> {
        self.lock(py)?.clear();
        Ok(())
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Accumulator.by.txt"))]
    #[getter]
    fn by(&self, py: Python<'_>) -> PyResult<Option<Vec<String>>> {
        Ok(self.lock(py)?.by().map(<[String]>::to_vec))
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Accumulator.may_need_passes.txt"))]
    #[getter]
    fn may_need_passes(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.lock(py)?.may_need_passes())
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Accumulator.rows.txt"))]
    #[getter]
    fn rows(&self, py: Python<'_>) -> PyResult<u64> {
        Ok(self.lock(py)?.rows())
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Accumulator.nbytes.txt"))]
    #[getter]
    fn nbytes(&self, py: Python<'_>) -> PyResult<u64> {
        Ok(self.lock(py)?.bytes())
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Accumulator.to_bytes.txt"))]
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let state = self.lock(py)?;
        let ours = &*state;
        let bytes = call::run(py, ours.rows() as usize, &Threads::default(), |_| ours.to_bytes())?;
        drop(state);
        Ok(PyBytes::new(py, &bytes))
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Accumulator.from_bytes.txt"))]
    #[staticmethod]
    fn from_bytes(bytes: &[u8]) -> PyResult<Self> {
        State::from_bytes(bytes).map(Self::of).map_err(to_python)
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let py = slf.py();
        Ok((slf.get_type().getattr("from_bytes")?, (slf.get().to_bytes(py)?,)))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let state = self.lock(py)?;
        let asked = state.spec().field_names().join(", ");
        let by = state.by().map_or_else(String::new, |by| format!(" by {}", by.join(", ")));
        Ok(format!("Accumulator({} rows; {asked}{by})", state.rows()))
    }
}

impl Accumulator {
    fn add(&self, py: Python<'_>, rows: ReadRows, threads: &Threads) -> PyResult<()> {
        let values = rows.values();
        let ReadRows { keys, series, others } = rows;
        let mut state = self.lock(py)?;
        let ours = &mut *state;
        if keys.is_empty() && ours.by().is_some() {
            return Err(PyTypeError::new_err("by= names columns of a table, and the data is one series"));
        }
        call::run(py, values, threads, |interrupt: &Interrupt| match ours {
            State::One(one) => one.update_all(&series, &others, interrupt),
            State::Groups(groups) => groups.update_all(keys, &series, &others, interrupt),
        })
    }

    /// Works with the plan for Parquet files.
    fn with_plan(
        &self,
        paths: &Bound<'_, PyAny>,
        r#where: Option<&str>,
        memory_limit: Option<&Bound<'_, PyAny>>,
        threads: Option<&Bound<'_, PyAny>>,
        work: impl FnOnce(&mut State, &Plan<'_>, &Interrupt) -> rstats::Result<()> + Send,
    ) -> PyResult<()> {
        let (py, threads, defaults) = (paths.py(), args::threads(threads)?, Request::default());
        let paths = dataset::files(paths)?;
        let mut state = self.lock(py)?;
        let request = Request {
            columns: state.wanted().map_or(Columns::Numeric, |names| Columns::Named(names.to_vec())),
            by: state.by().map_or_else(Vec::new, <[String]>::to_vec),
            kinds: Kinds::All,
            predicate: r#where.map(Predicate::parse).transpose().map_err(to_python)?,
            memory_limit: match memory_limit {
                Some(limit) => args::size("memory_limit", limit)?,
                None => defaults.memory_limit,
            },
            ..defaults
        };
        // A part of many may lack some of the columns that are described, not those of keys or of `where`.
        let may_lack_some = match &*state {
            State::One(one) => one.kept().is_some() && one.names().next().is_some(),
            State::Groups(groups) => groups.is_declared(),
        };
        let describes = |request: &Request, name: &String| matches!(&request.columns, Columns::Named(names) if names.contains(name));
        let (spec, ours) = (state.spec().clone(), &mut *state);
        let planned = |interrupt: &Interrupt| {
            let mut request = request;
            loop {
                let dataset = Dataset::open_with(&paths, &request, interrupt)?;
                let available = match dataset.plan(&request, &spec) {
                    Err(Error::NoSuchColumn { name, available }) if may_lack_some && describes(&request, &name) => {
                        available
                    }
                    plan => return work(ours, &plan?, interrupt),
                };
                if let Columns::Named(names) = &mut request.columns {
                    names.retain(|name| available.contains(name));
                }
            }
        };
        call::run_long(py, &threads, planned, &mut |_| Ok(()))
    }

    /// The columns that are wanted of tables.
    fn wanted(&self, py: Python<'_>) -> PyResult<Wanted> {
        let state = self.lock(py)?;
        let names = state.wanted().map(|names| Labels::of_names(py, "columns", names));
        Ok(names.map_or(Wanted::Numeric, Wanted::Named))
    }

    /// What is wanted of a table.
    fn read<'py>(&self, py: Python<'py>, table: &Table<'py>) -> PyResult<ReadRows> {
        let by = self.lock(py)?.by().map(|names| Labels::of_names(py, "by", names));
        let by: Vec<&Labels> = by.iter().collect();
        let Read { values, others, keys, .. } = table.read(py, &self.wanted(py)?, &by, None, Kinds::All)?;
        match values {
            ReadValues::Series(series) => Ok(ReadRows { keys, series, others }),
            ReadValues::Lists(_) => {
                Err(PyTypeError::new_err("an accumulator takes columns of single values, and these hold lists"))
            }
        }
    }

    fn add_stream(&self, py: Python<'_>, stream: input::Stream, threads: &Threads) -> PyResult<()> {
        let by = self.lock(py)?.by().map_or_else(Vec::new, <[String]>::to_vec);
        let wanted = self.wanted(py)?;
        let are_all = self.lock(py)?.wanted().is_none();
        let mut indices = Vec::new();
        for name in &by {
            let index = stream.fields.iter().position(|field| field.name == *name);
            let available = || stream.fields.iter().map(|field| field.name.clone()).collect();
            let missing = || Error::NoSuchColumn { name: name.clone(), available: available() };
            indices.push(index.ok_or_else(missing).map_err(to_python)?);
        }
        let values = input::choose_of_stream(py, &stream, &wanted, Kinds::All, &mut Vec::new())?;
        indices.extend(values.into_iter().filter(|index| !are_all || !indices.contains(index)).collect::<Vec<_>>());
        let mut batches = stream.select(indices)?;
        while let Some(batch) = batches.next(py)? {
            let schema = batch.schema();
            let mut columns = schema.fields().iter().zip(batch.columns());
            let keys = columns.by_ref().take(by.len()).map(|(field, keys)| (field.clone(), keys.clone())).collect();
            let mut rows = ReadRows { keys, ..ReadRows::default() };
            for (field, column) in columns {
                let (name, chunks) = (Some(field.name().clone()), vec![column.clone()]);
                // Booleans are numbers where they are named, as in tables.
                match SeriesKind::from_field(field) {
                    SeriesKind::Number => rows.series.push(Series::from_arrays(name, chunks).map_err(to_python)?),
                    SeriesKind::Boolean if !are_all => {
                        rows.series.push(Series::from_arrays(name, chunks).map_err(to_python)?);
                    }
                    _ => rows.others.push(TypedColumn { name, field: field.clone(), chunks }),
                }
            }
            self.add(py, rows, threads)?;
        }
        Ok(())
    }
}

/// What is aimed: one question, of all rows.
fn question_to_aim(state: &mut State) -> rstats::Result<&mut Question> {
    match state {
        State::One(one) => Ok(one),
        State::Groups(_) => Err(rstats::Error::Invalid(
            "groups have their quantiles in different places: an accumulator of groups is not aimed".to_owned(),
        )),
    }
}
