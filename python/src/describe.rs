//! `describe`: what is asked of each kind of data.

use arrow_array::{Array, ArrayRef};
use arrow_schema::{FieldRef, Fields};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use rstats::internal::values_of;
use rstats::report::{LeftOut, Report, Source};
use rstats::{
    Accumulator, Columns, Interrupt, Kinds, ListColumn, Series, SeriesKind, Spec, StreamDescriber, Summaries, Summary,
    TypedColumn, Weighting, describe_all, describe_groups, describe_kinds, describe_lists, describe_matrix,
    describe_weighted, describe_weighted_groups,
};

use crate::args;
use crate::call::{self, Threads};
use crate::description::Description;
use crate::errors::{from_arrow, to_python};
use crate::input::arrow::TableField;
use crate::input::{
    self, AnySeries, ArrayMemory, Chosen, Column, Labels, Object, Read, ReadValues, Stream, Table, Wanted,
};
use crate::key_objects::with_texts;

#[doc = include_str!(concat!(env!("OUT_DIR"), "/describe.txt"))]
#[pyfunction]
#[pyo3(
    signature = (data, *, columns=None, by=None, axis=None, weights=None, weighting=None, stats=None, q=None, n=None, method="linear", ddof=None, nan="propagate", null="skip", min_count=None, level=0.95, trim=0.1, bias=false, bins=None, top=None, threads=None),
    text_signature = "(data, *, columns=None, by=None, axis=None, weights=None, weighting=None, stats=None, q=None, n=None, method='linear', ddof=1, nan='propagate', null='skip', min_count=0, level=0.95, trim=0.1, bias=False, bins=None, top=None, threads=None)"
)]
#[allow(clippy::too_many_arguments)] // they are the signature of the Python function
pub fn describe(
    data: &Bound<'_, PyAny>,
    columns: Option<&Bound<'_, PyAny>>,
    by: Option<&Bound<'_, PyAny>>,
    axis: Option<&Bound<'_, PyAny>>,
    weights: Option<&Bound<'_, PyAny>>,
    weighting: Option<&str>,
    stats: Option<&Bound<'_, PyAny>>,
    q: Option<&Bound<'_, PyAny>>,
    n: Option<&Bound<'_, PyAny>>,
    method: &str,
    ddof: Option<&Bound<'_, PyAny>>,
    nan: &str,
    null: &str,
    min_count: Option<&Bound<'_, PyAny>>,
    level: f64,
    trim: f64,
    bias: bool,
    bins: Option<&Bound<'_, PyAny>>,
    top: Option<&Bound<'_, PyAny>>,
    threads: Option<&Bound<'_, PyAny>>,
) -> PyResult<Description> {
    let spec = args::spec(stats, q, n, method, ddof, nan, null, min_count, level, trim, bias)?;
    let spec = args::with_bins_and_top(spec, bins, top)?;
    let threads = args::threads(threads)?;
    let axis = axis.map(args::axis).transpose()?;
    let chosen = Chosen::new(columns)?;
    let weighting = args::weighting(weights, weighting)?;
    let by = by.map(|by| Labels::new("by", by)).transpose()?;
    if by.as_ref().is_some_and(Labels::is_empty) {
        return Err(PyValueError::new_err("by= is empty; name at least one column of keys"));
    }
    let asked = Asked { spec, threads, axis, by, weights: weights.zip(weighting) };
    chosen.settle(asked.describe(data, &chosen.wanted))
}

/// What is asked of data.
struct Asked<'a, 'py> {
    spec: Spec,
    threads: Threads,
    axis: Option<i64>,
    /// Columns of keys.
    by: Option<Labels>,
    weights: Option<(&'a Bound<'py, PyAny>, Weighting)>,
}

impl<'py> Asked<'_, 'py> {
    fn describe(self, data: &Bound<'py, PyAny>, wanted: &Wanted) -> PyResult<Description> {
        let py = data.py();
        match input::recognise(data)? {
            Object::Unknown(wrong) => Err(wrong.into_error(None)),
            Object::Array(array) => self.describe_array(py, array, wanted),
            Object::Column(column) => self.describe_column(py, column, wanted),
            Object::Table(table) => self.describe_table(py, &table, wanted),
            Object::Stream(stream) if self.reads_all_of(&stream, wanted) => match stream.is_series {
                true => self.describe_column(py, input::series_of(stream, py)?, wanted),
                false => self.describe_table(py, &Table::from_stream(stream), wanted),
            },
            Object::Stream(stream) => self.describe_stream(py, stream, wanted),
        }
    }

    /// Whether a stream is read as a whole before it is described: columns of lists may be among the wanted ones.
    fn reads_all_of(&self, stream: &Stream, wanted: &Wanted) -> bool {
        let holds_lists =
            |field: &TableField| field.field.as_ref().is_ok_and(|field| values_of(field.data_type()).is_some());
        let may_name_lists = stream.is_series || matches!(wanted, Wanted::Named(_));
        self.by.is_some()
            || self.weights.is_some()
            || self.axis.is_some_and(|axis| axis != 0)
            || may_name_lists && stream.fields.iter().any(holds_lists)
    }

    /// The axis, counted from the front.
    fn check_axis(&self, dimensions: usize) -> PyResult<usize> {
        let axis = self.axis.unwrap_or(0);
        let along = if axis < 0 { axis.checked_add_unsigned(dimensions as u64) } else { Some(axis) };
        let along = along.and_then(|along| usize::try_from(along).ok()).filter(|along| *along < dimensions);
        along.ok_or_else(|| PyValueError::new_err(format!("axis {axis} of data with {dimensions} dimension(s)")))
    }

    fn report(self, rows: u64, series: Summaries, left_out: Vec<LeftOut>) -> Description {
        let source = Source { rows, left_out, ..Source::default() };
        Description(Report::new(self.spec, source, series))
    }

    /// The same with the columns that hold no numbers, by these keys if there are any.
    fn with_others(
        py: Python<'py>,
        threads: &Threads,
        description: Description,
        others: &[TypedColumn],
        by: Option<&[(FieldRef, ArrayRef)]>,
    ) -> PyResult<Description> {
        let Some(first) = others.first() else { return Ok(description) };
        let Description(mut report) = description;
        let rows = first.rows();
        let values = rows.saturating_mul(others.len());
        let work = |interrupt: &Interrupt| describe_kinds(others, by, &report.spec, interrupt);
        let parts = call::run(py, values, threads, work)?;
        report.source.rows = report.source.rows.max(rows as u64);
        Ok(Description(report.with_parts(parts)))
    }

    /// The series of an array of several dimensions.
    fn describe_array(self, py: Python<'py>, array: ArrayMemory, wanted: &Wanted) -> PyResult<Description> {
        let along = self.check_axis(array.dimensions())?;
        if !matches!(wanted, Wanted::Numeric) {
            return Err(PyValueError::new_err("columns= names columns of a table, and the array's have no names"));
        }
        if self.by.is_some() {
            return Err(no_table("by="));
        }
        let Some(matrix) = array.matrix(along) else {
            return Err(PyValueError::new_err("an array whose items lie behind further pointers is not read"));
        };
        if self.weights.is_some() {
            let series = matrix.to_series().map_err(to_python)?;
            return self.describe_weighted(py, series, None, None, vec![]);
        }
        let values = matrix.len().saturating_mul(matrix.rows().max(1));
        let work = |interrupt: &Interrupt| describe_matrix(&matrix, &self.spec, interrupt);
        let series = call::run(py, values, &self.threads, work)?;
        let rows = if matrix.is_empty() { 0 } else { matrix.rows() as u64 };
        Ok(self.report(rows, series, vec![]))
    }

    /// One series, or one column of lists.
    fn describe_column(self, py: Python<'py>, column: Column<'py>, wanted: &Wanted) -> PyResult<Description> {
        if !matches!(wanted, Wanted::Numeric) {
            return Err(PyValueError::new_err("columns= names columns of a table, and the data is one series"));
        }
        if self.by.is_some() {
            return Err(no_table("by="));
        }
        if column.holds_lists() && self.axis.is_none() && self.weights.is_none() {
            let lists = column.into_lists()?;
            return self.describe_rows(py, vec![lists], vec![], vec![]);
        }
        self.check_axis(1)?;
        if self.weights.is_some() {
            return self.describe_weighted(py, vec![column.into_only_series()?], None, None, vec![]);
        }
        match column.into_any_series(py)? {
            AnySeries::Numbers(series) => self.describe_series(py, vec![series], vec![]),
            AnySeries::Other(typed) => {
                let threads = self.threads.clone();
                let description = self.describe_series(py, vec![], vec![])?;
                Self::with_others(py, &threads, description, &[typed], None)
            }
        }
    }

    fn describe_table(self, py: Python<'py>, table: &Table<'py>, wanted: &Wanted) -> PyResult<Description> {
        let across = self.check_axis(2)? == 1;
        let weights = match &self.weights {
            Some(_) if across => {
                return Err(PyValueError::new_err(
                    "weights= are of the rows of a table, and axis=1 describes each row",
                ));
            }
            Some((weights, _)) if Labels::is_name(weights)? => Some(Labels::new("weights", weights)?),
            _ => None,
        };
        let by: Vec<&Labels> = self.by.iter().collect();
        let kinds = if self.weights.is_some() || across { Kinds::Numbers } else { Kinds::All };
        let Read { values, others, keys, weights, left_out } = table.read(py, wanted, &by, weights.as_ref(), kinds)?;
        match values {
            ReadValues::Lists(_) if self.weights.is_some() || across => {
                Err(PyValueError::new_err("weights= and axis= are for columns of numbers, and these hold lists"))
            }
            ReadValues::Lists(lists) => self.describe_rows(py, lists, keys, left_out),
            ReadValues::Series(series) if across => {
                let lists = input::across(&series)?;
                self.describe_rows(py, vec![lists], keys, left_out)
            }
            ReadValues::Series(series) if self.weights.is_some() => {
                let by = self.by.is_some().then_some(keys);
                self.describe_weighted(py, series, by, weights, left_out)
            }
            ReadValues::Series(series) if self.by.is_some() => {
                let rows = keys.first().map_or(0, |(_, keys)| keys.len());
                let values = rows.saturating_mul(series.len() + keys.len());
                let work = |interrupt: &Interrupt| describe_groups(keys.clone(), &series, &self.spec, interrupt);
                let series = with_texts(py, call::run(py, values, &self.threads, work)?)?;
                let threads = self.threads.clone();
                let description = self.report(rows as u64, series, left_out);
                Self::with_others(py, &threads, description, &others, Some(&keys))
            }
            ReadValues::Series(series) => {
                let threads = self.threads.clone();
                let description = self.describe_series(py, series, left_out)?;
                Self::with_others(py, &threads, description, &others, None)
            }
        }
    }

    fn describe_series(self, py: Python<'py>, series: Vec<Series>, left_out: Vec<LeftOut>) -> PyResult<Description> {
        let values = series.iter().map(|series| series.rows()).sum();
        let work = |interrupt: &Interrupt| Ok(of_one_length(&self.spec, describe_all(&series, &self.spec, interrupt)?));
        let (rows, series) = call::run(py, values, &self.threads, work)?;
        Ok(self.report(rows, series, left_out))
    }

    /// Rows of lists.
    fn describe_rows(
        self,
        py: Python<'py>,
        lists: Vec<ListColumn>,
        carried: Vec<(FieldRef, ArrayRef)>,
        left_out: Vec<LeftOut>,
    ) -> PyResult<Description> {
        let rows: usize = lists.first().map_or(0, |(_, chunks)| chunks.iter().map(|chunk| chunk.len()).sum());
        let work = |interrupt: &Interrupt| describe_lists(lists, carried, &self.spec, interrupt);
        // How many values the lists hold is not counted before.
        let series = with_texts(py, call::run(py, usize::MAX, &self.threads, work)?)?;
        Ok(self.report(rows as u64, series, left_out))
    }

    /// Series whose rows have weights: those of a column of the table, or those that were given apart.
    fn describe_weighted(
        self,
        py: Python<'py>,
        series: Vec<Series>,
        by: Option<Vec<(FieldRef, ArrayRef)>>,
        of_column: Option<ArrayRef>,
        left_out: Vec<LeftOut>,
    ) -> PyResult<Description> {
        let Some((given, weighting)) = self.weights else { return self.describe_series(py, series, left_out) };
        let weights = match of_column {
            Some(weights) => weights,
            None if Labels::is_name(given)? => return Err(no_table("weights=")),
            None => input::weights(given)?,
        };
        let values = weights.len().saturating_mul(series.len() + 1);
        let rows = weights.len() as u64;
        let work = |interrupt: &Interrupt| match by {
            Some(by) => describe_weighted_groups(by, &series, &weights, weighting, &self.spec, interrupt),
            None => {
                let summaries = describe_weighted(&series, &weights, weighting, &self.spec, interrupt)?;
                Ok(Summaries::new(&self.spec, summaries))
            }
        };
        let series = with_texts(py, call::run(py, values, &self.threads, work)?)?;
        Ok(self.report(rows, series, left_out))
    }

    /// Batches that come once, one after the other.
    fn describe_stream(self, py: Python<'py>, stream: Stream, wanted: &Wanted) -> PyResult<Description> {
        if stream.is_series && !matches!(wanted, Wanted::Numeric) {
            return Err(PyValueError::new_err("columns= names columns of a table, and the data is one series"));
        }
        let (is_series, is_unnamed) = (stream.is_series, stream.is_unnamed);
        let mut left_out = Vec::new();
        let indices = match is_series {
            true => vec![0],
            false => input::choose_of_stream(py, &stream, wanted, Kinds::All, &mut left_out)?,
        };
        let mut batches = stream.select(indices)?;
        let fields = batches.schema.fields().clone();
        // Booleans are numbers where they are named, as in tables.
        let is_number = |index: &usize| match SeriesKind::from_field(&fields[*index]) {
            SeriesKind::Number => true,
            SeriesKind::Boolean => is_series || wanted.names_or_types(fields[*index].name(), "bool"),
            _ => false,
        };
        let (numbers, others): (Vec<usize>, Vec<usize>) = (0..fields.len()).partition(is_number);
        let schema = batches.schema.project(&numbers).map_err(from_arrow)?;
        let columns = Columns::Named(schema.fields().iter().map(|field| field.name().clone()).collect());
        let mut describer = StreamDescriber::new(&schema, &columns, &self.spec).map_err(to_python)?;
        // Several may have one name: here each has one of its own.
        let names: Vec<String> = (0..fields.len()).map(|index| name_of_its_own(&fields, index)).collect();
        let mut kinds = Accumulator::new(&self.spec);
        let typed = |index: usize, chunks: Vec<ArrayRef>| TypedColumn {
            name: Some(names[index].clone()),
            field: fields[index].clone(),
            chunks,
        };
        // Without a batch they are columns still.
        let empty: Vec<TypedColumn> = others.iter().map(|&index| typed(index, Vec::new())).collect();
        kinds.update_all(&[], &empty, &Interrupt::default()).map_err(to_python)?;
        let (mut values, mut rows) = (0usize, 0);
        while let Some(batch) = batches.next(py)? {
            let here = batch.num_rows().saturating_mul(batch.num_columns());
            values = values.saturating_add(here);
            rows += batch.num_rows() as u64;
            let of_others = others.iter().map(|&index| typed(index, vec![batch.column(index).clone()]));
            let of_others: Vec<TypedColumn> = of_others.collect();
            let of_numbers = batch.project(&numbers).map_err(from_arrow)?;
            call::run(py, here, &self.threads, |interrupt| {
                describer.update(&of_numbers, interrupt)?;
                kinds.update_all(&[], &of_others, interrupt)
            })?;
        }
        let (series, parts) = call::run(py, values, &self.threads, |_| {
            let mut summaries = describer.finish()?;
            if is_unnamed {
                summaries.iter_mut().for_each(|summary| summary.column = None);
            }
            let parts = kinds.parts()?.into_iter().map(|part| {
                part.with_names(|name| {
                    let place = names.iter().position(|of_its_own| name == Some(of_its_own))?;
                    (!is_unnamed).then(|| fields[place].name().clone())
                })
            });
            Ok((Summaries::new(&self.spec, summaries), parts.collect::<Vec<_>>()))
        })?;
        let Description(report) = self.report(rows, series, left_out);
        Ok(Description(report.with_parts(parts)))
    }
}

/// The name of a column that no column before it has.
fn name_of_its_own(fields: &Fields, index: usize) -> String {
    let name = fields[index].name();
    match fields[..index].iter().any(|before| before.name() == name) {
        true => format!("{name} ({index})"),
        false => name.clone(),
    }
}

fn no_table(argument: &str) -> PyErr {
    PyValueError::new_err(match argument {
        "by=" => "by= names columns of a table, and the data is no table",
        _ => "weights= names a column of a table, and the data is no table; give an array",
    })
}

/// The rows of series of one length, and their summaries.
fn of_one_length(spec: &Spec, summaries: Vec<Summary>) -> (u64, Summaries) {
    (summaries.first().map_or(0, Summary::rows), Summaries::new(spec, summaries))
}
