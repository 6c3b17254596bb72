//! `Windows`: batches in, closed windows out. Large pushes run without the GIL.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, StructArray};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Schema, SchemaRef};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes, PyCapsule, PyDict, PyIterator};
use pyo3_arrow::ffi::{ArrayIterator, to_stream_pycapsule};
use rstats::report::{LeftOut, Report, Source};
use rstats::{Interrupt, Kinds, Result, Series, Summaries, Windowing, Windows as State};

use crate::args;
use crate::call::{self, Threads};
use crate::columns::Columns;
use crate::description::Description;
use crate::errors::to_python;
use crate::input::{self, Labels, Object, Read, ReadValues, Table, Wanted};
use crate::shared::Shared;

#[doc = include_str!(concat!(env!("OUT_DIR"), "/Windows.txt"))]
#[pyclass(module = "rstats", frozen)]
pub struct Windows {
    state: Shared<State>,
    /// The column of times, and those of keys.
    apart: [Labels; 2],
    /// What the caller gave with the bytes that it was read from.
    position: Vec<u8>,
    /// The columns that hold no numbers, once it has seen a table.
    left_out: Mutex<Vec<LeftOut>>,
}

#[pymethods]
impl Windows {
    #[new]
    #[pyo3(
        signature = (size=None, *, on, slide=None, gap=None, offset=None, by=None, columns=None, stats=None, q=None, method="linear", ddof=None, nan="propagate", null="skip", min_count=None, level=0.95, trim=0.1, bias=false, max_delay=None, max_ahead=None, late="count", partitions=None, memory_limit=None),
        text_signature = "(size=None, *, on, slide=None, gap=None, offset=None, by=None, columns=None, stats=None, q=None, method='linear', ddof=1, nan='propagate', null='skip', min_count=0, level=0.95, trim=0.1, bias=False, max_delay=None, max_ahead=None, late='count', partitions=None, memory_limit=None)"
    )]
    #[allow(clippy::too_many_arguments)] // they are the signature of the Python class
    fn new(
        py: Python<'_>,
        size: Option<&Bound<'_, PyAny>>,
        on: &str,
        slide: Option<&Bound<'_, PyAny>>,
        gap: Option<&Bound<'_, PyAny>>,
        offset: Option<&Bound<'_, PyAny>>,
        by: Option<&Bound<'_, PyAny>>,
        columns: Option<&Bound<'_, PyAny>>,
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
        max_delay: Option<&Bound<'_, PyAny>>,
        max_ahead: Option<&Bound<'_, PyAny>>,
        late: &str,
        partitions: Option<&Bound<'_, PyAny>>,
        memory_limit: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let spec =
            args::of_numbers(args::spec(stats, q, None, method, ddof, nan, null, min_count, level, trim, bias)?)?;
        let question = match (size, gap) {
            (Some(size), None) => {
                let size = span("size", size)?;
                let slide = slide.map_or(Ok(size), |slide| span("slide", slide))?;
                Windowing::sliding(size, slide)
            }
            (None, Some(gap)) if slide.is_none() => Windowing::session(span("gap", gap)?),
            (None, Some(_)) => {
                return Err(PyValueError::new_err("slide= is of windows of a size, and sessions have a gap"));
            }
            _ => {
                return Err(PyValueError::new_err(
                    "windows have either a size (size=\"5min\", with slide= if they overlap) or a gap that ends sessions (gap=\"30s\")",
                ));
            }
        };
        let mut question = question.map_err(to_python)?.on(on).describe(&spec);
        question = question.with_late(late.parse().map_err(to_python)?);
        if let Some(offset) = offset {
            let offset = i64::try_from(span("offset", offset)?).unwrap_or(i64::MAX);
            question = question.with_offset(offset).map_err(to_python)?;
        }
        if let Some(by) = by {
            question = question.by(args::names("by", by)?);
        }
        if let Some(columns) = columns {
            question = question.columns(args::names("columns", columns)?);
        }
        if let Some(delay) = max_delay {
            question = question.with_max_delay(span("max_delay", delay)?).map_err(to_python)?;
        }
        if let Some(ahead) = max_ahead {
            question = question.with_max_ahead(span("max_ahead", ahead)?).map_err(to_python)?;
        }
        if let Some(limit) = memory_limit {
            question = question.with_memory_limit(args::size("memory_limit", limit)?);
        }
        let mut state = State::new(question).map_err(to_python)?;
        if let Some(partitions) = partitions {
            for partition in partitions.try_iter()? {
                state.declare(&name_of(&partition?)?);
            }
        }
        Ok(Self::of(py, state, Vec::new()))
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Windows.push.txt"))]
    #[pyo3(signature = (data, partition=None, *, threads=None))]
    fn push<'py>(
        &self,
        data: &Bound<'py, PyAny>,
        partition: Option<&Bound<'py, PyAny>>,
        threads: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Description> {
        let py = data.py();
        let (threads, partition) = (args::threads(threads)?, partition_of(partition)?);
        let class = data.get_type();
        let table = match input::recognise(data)? {
            Object::Table(table) => table,
            Object::Stream(stream) if !stream.is_series => Table::from_stream(stream),
            Object::Unknown(wrong) => return Err(wrong.into_error(None)),
            _ => {
                return Err(PyTypeError::new_err(format!(
                    "windows take tables that have a column of times, not {class}"
                )));
            }
        };
        let batch = self.read(py, &table)?;
        let values = batch.num_rows() * batch.num_columns();
        self.closed(py, values, &threads, |state, interrupt| state.push_from(&partition, &batch, interrupt))
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Windows.advance.txt"))]
    #[pyo3(signature = (time, partition=None))]
    fn advance(&self, time: &Bound<'_, PyAny>, partition: Option<&Bound<'_, PyAny>>) -> PyResult<Description> {
        let at = args::time("time", time)?;
        let partition = partition.map(name_of).transpose()?;
        self.close(time.py(), |state, interrupt| state.advance(at, partition.as_deref(), interrupt))
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Windows.declare.txt"))]
    fn declare(&self, partition: &Bound<'_, PyAny>) -> PyResult<()> {
        self.state.lock(partition.py())?.declare(&name_of(partition)?);
        Ok(())
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Windows.set_idle.txt"))]
    fn set_idle(&self, partition: &Bound<'_, PyAny>) -> PyResult<Description> {
        let name = name_of(partition)?;
        self.close(partition.py(), |state, interrupt| state.set_idle(&name, interrupt))
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Windows.remove.txt"))]
    fn remove(&self, partition: &Bound<'_, PyAny>) -> PyResult<Description> {
        let name = name_of(partition)?;
        self.close(partition.py(), |state, interrupt| state.remove(&name, interrupt))
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Windows.flush.txt"))]
    fn flush(&self, py: Python<'_>) -> PyResult<Description> {
        self.close(py, State::flush)
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Windows.finish.txt"))]
    fn finish(&self, py: Python<'_>) -> PyResult<Description> {
        self.close(py, State::finish)
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Windows.late.txt"))]
    fn late(&self, py: Python<'_>) -> PyResult<Vec<Columns>> {
        Ok(self.state.lock(py)?.take_late().into_iter().map(Columns).collect())
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Windows.watermark.txt"))]
    #[getter]
    fn watermark<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let state = self.state.lock(py)?;
        let (watermark, is_zoned) = (state.watermark(), state.is_zoned());
        drop(state);
        let Some(watermark) = watermark else { return Ok(None) };
        let datetime = py.import("datetime")?;
        let options = PyDict::new(py);
        if is_zoned {
            options.set_item("tzinfo", datetime.getattr("timezone")?.getattr("utc")?)?;
        }
        let since = PyDict::new(py);
        since.set_item("microseconds", watermark.div_euclid(1000))?;
        let epoch = datetime.getattr("datetime")?.call((1970, 1, 1), Some(&options))?;
        epoch.add(datetime.getattr("timedelta")?.call((), Some(&since))?).map(Some)
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Windows.rows.txt"))]
    #[getter]
    fn rows(&self, py: Python<'_>) -> PyResult<u64> {
        Ok(self.state.lock(py)?.rows())
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Windows.late_rows.txt"))]
    #[getter]
    fn late_rows(&self, py: Python<'_>) -> PyResult<u64> {
        Ok(self.state.lock(py)?.late_rows())
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Windows.partly_late_rows.txt"))]
    #[getter]
    fn partly_late_rows(&self, py: Python<'_>) -> PyResult<u64> {
        Ok(self.state.lock(py)?.partly_late_rows())
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Windows.null_time_rows.txt"))]
    #[getter]
    fn null_time_rows(&self, py: Python<'_>) -> PyResult<u64> {
        Ok(self.state.lock(py)?.null_time_rows())
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Windows.ahead_rows.txt"))]
    #[getter]
    fn ahead_rows(&self, py: Python<'_>) -> PyResult<u64> {
        Ok(self.state.lock(py)?.ahead_rows())
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Windows.open_windows.txt"))]
    #[getter]
    fn open_windows(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.state.lock(py)?.open_windows())
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Windows.nbytes.txt"))]
    #[getter]
    fn nbytes(&self, py: Python<'_>) -> PyResult<u64> {
        Ok(self.state.lock(py)?.bytes())
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Windows.memory_limit.txt"))]
    #[getter]
    fn memory_limit(&self, py: Python<'_>) -> PyResult<Option<u64>> {
        Ok(self.state.lock(py)?.memory_limit())
    }

    #[setter]
    fn set_memory_limit(&self, py: Python<'_>, limit: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let limit = limit.map(|limit| args::size("memory_limit", limit)).transpose()?;
        self.state.lock(py)?.set_memory_limit(limit);
        Ok(())
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Windows.to_bytes.txt"))]
    #[pyo3(signature = (position=None))]
    fn to_bytes<'py>(&self, py: Python<'py>, position: Option<&Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyBytes>> {
        let position = match position {
            None => Vec::new(),
            Some(position) => {
                let json = py.import("json")?.call_method1("dumps", (position,))?;
                json.extract::<String>()?.into_bytes()
            }
        };
        self.written(py, &position)
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Windows.from_bytes.txt"))]
    #[staticmethod]
    fn from_bytes(py: Python<'_>, bytes: &[u8]) -> PyResult<Self> {
        let (state, position) = State::from_bytes(bytes).map_err(to_python)?;
        Ok(Self::of(py, state, position))
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Windows.position.txt"))]
    #[getter]
    fn position<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        if self.position.is_empty() {
            return Ok(None);
        }
        py.import("json")?.call_method1("loads", (PyBytes::new(py, &self.position),)).map(Some)
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let py = slf.py();
        Ok((slf.get_type().getattr("from_bytes")?, (slf.get().written(py, &slf.get().position)?,)))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let state = self.state.lock(py)?;
        let (rows, open, late) = (state.rows(), state.open_windows(), state.late_rows());
        let open = if open == 1 { "1 window is open".to_owned() } else { format!("{open} windows are open") };
        Ok(format!("Windows({rows} rows, {late} of them late; {open})"))
    }
}

/// A span of time.
fn span(argument: &str, value: &Bound<'_, PyAny>) -> PyResult<u64> {
    args::span(argument, value)?.ok_or_else(|| {
        let given = value.get_type();
        PyTypeError::new_err(format!("{argument} is a span of time such as '5min', or a timedelta, not {given}"))
    })
}

/// The name of a partition: text, or whatever else says which it is.
fn name_of(partition: &Bound<'_, PyAny>) -> PyResult<String> {
    Ok(partition.str()?.to_string())
}

fn partition_of(partition: Option<&Bound<'_, PyAny>>) -> PyResult<String> {
    partition.map_or(Ok(String::new()), name_of)
}

impl Windows {
    fn of(py: Python<'_>, state: State, position: Vec<u8>) -> Self {
        let question = state.question();
        let on = Labels::of_names(py, "on", &[question.time_column().to_owned()]);
        let apart = [on, Labels::of_names(py, "by", question.keys())];
        Self { apart, state: Shared::new("windows", state), position, left_out: Mutex::default() }
    }

    fn left_out(&self) -> MutexGuard<'_, Vec<LeftOut>> {
        self.left_out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The columns of a table that windows are of: times, keys and values.
    fn read<'py>(&self, py: Python<'py>, table: &Table<'py>) -> PyResult<RecordBatch> {
        let columns = self.state.lock(py)?.described_columns();
        let wanted = columns.map_or(Wanted::Numeric, |names| Wanted::Named(Labels::of_names(py, "columns", &names)));
        let apart: Vec<&Labels> = self.apart.iter().filter(|labels| !labels.is_empty()).collect();
        let Read { values, keys, left_out, .. } = table.read(py, &wanted, &apart, None, Kinds::Numbers)?;
        let ReadValues::Series(series) = values else {
            return Err(PyTypeError::new_err("windows are of columns of numbers, and these hold lists"));
        };
        if !left_out.is_empty() {
            *self.left_out() = left_out;
        }
        let (mut fields, mut arrays): (Vec<FieldRef>, Vec<ArrayRef>) = keys.into_iter().unzip();
        for series in &series {
            let array = series.whole().and_then(|chunk| chunk.to_array()).map_err(to_python)?;
            fields.push(Arc::new(Field::new(series.name().unwrap_or_default(), array.data_type().clone(), true)));
            arrays.push(array);
        }
        let rows = series.first().map_or_else(|| arrays.first().map_or(0, |array| array.len()), Series::rows);
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
            .map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// Runs `work`, which takes no new values, and returns the windows that it closes.
    fn close(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut State, &Interrupt) -> Result<Summaries> + Send,
    ) -> PyResult<Description> {
        self.closed(py, 0, &Threads::default(), work)
    }

    /// Runs `work`, which takes `values` new values, on these threads, and returns the windows that it closes.
    fn closed(
        &self,
        py: Python<'_>,
        values: usize,
        threads: &Threads,
        work: impl FnOnce(&mut State, &Interrupt) -> Result<Summaries> + Send,
    ) -> PyResult<Description> {
        let mut state = self.state.lock(py)?;
        let spec = state.question().spec().clone();
        let ours = &mut *state;
        // Whatever is open may close, and be described.
        let open = ours.bytes() as usize / size_of::<f64>();
        let series = call::run_step(py, values, open, threads, |interrupt| work(ours, interrupt))?;
        let rows = state.rows();
        drop(state);
        let source = Source { rows, left_out: self.left_out().clone(), ..Source::default() };
        Ok(Description(Report::new(spec, source, series)))
    }

    fn written<'py>(&self, py: Python<'py>, position: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let state = self.state.lock(py)?;
        let ours = &*state;
        let bytes = call::run(py, ours.bytes() as usize / 8, &Threads::default(), |_| ours.to_bytes(position))?;
        drop(state);
        Ok(PyBytes::new(py, &bytes))
    }
}

/// The batches of an Arrow stream, one by one; None for what is none.
#[pyfunction]
pub fn _batches(data: &Bound<'_, PyAny>) -> PyResult<Option<BatchIterator>> {
    let stream = match input::recognise(data)? {
        Object::Stream(stream) if !stream.is_series => stream,
        _ => return Ok(None),
    };
    let all = (0..stream.fields.len()).filter(|&index| stream.fields[index].field.is_ok()).collect();
    Ok(Some(BatchIterator(stream.select(all)?)))
}

/// See [`_batches`].
#[pyclass(unsendable)]
pub struct BatchIterator(input::Batches);

#[pymethods]
impl BatchIterator {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&mut self, py: Python<'_>) -> PyResult<Option<Columns>> {
        Ok(self.0.next(py)?.map(Columns))
    }
}

/// Closed windows as an Arrow stream: those of `first`, which says what the columns are, and all that follow.
#[pyfunction]
pub fn _stream<'py>(
    first: &Bound<'py, Description>,
    rest: &Bound<'py, PyIterator>,
    requested_schema: Option<Bound<'py, PyCapsule>>,
) -> PyResult<Bound<'py, PyCapsule>> {
    let py = first.py();
    let first = first.get().0.to_record_batch().map_err(to_python)?;
    let schema = first.schema();
    let rest = rest.clone().unbind();
    let following = std::iter::from_fn({
        let schema = schema.clone();
        move || {
            let next = Python::attach(|py| -> PyResult<Option<RecordBatch>> {
                let Some(closed) = rest.bind(py).clone().next().transpose()? else { return Ok(None) };
                closed.cast::<Description>()?.get().0.to_record_batch().map(Some).map_err(to_python)
            });
            match next {
                Ok(batch) => batch.map(|batch| as_schema(&batch, &schema)),
                Err(error) => Some(Err(ArrowError::ExternalError(error.to_string().into()))),
            }
        }
    });
    let field = Field::new("", DataType::Struct(schema.fields().clone()), false);
    let field = Arc::new(field.with_metadata(schema.metadata().clone()));
    let rows = |batch: std::result::Result<RecordBatch, ArrowError>| {
        batch.map(|batch| Arc::new(StructArray::from(batch)) as Arc<dyn Array>)
    };
    let reader = Box::new(ArrayIterator::new(std::iter::once(Ok(first)).chain(following).map(rows), field));
    Ok(to_stream_pycapsule(py, reader, requested_schema)?)
}

/// Integers beyond 64 bits are of a wider type, which a stream cannot change to.
fn as_schema(batch: &RecordBatch, schema: &SchemaRef) -> std::result::Result<RecordBatch, ArrowError> {
    let exact = CastOptions { safe: false, ..CastOptions::default() };
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| cast_with_options(column, field.data_type(), &exact));
    RecordBatch::try_new(schema.clone(), columns.collect::<std::result::Result<_, _>>()?)
}
