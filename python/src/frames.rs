//! Answers as frames of pandas.

use std::ops::Range;

use arrow_array::{Array, RecordBatch, UInt64Array};
use arrow_schema::FieldRef;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use rstats::internal::{is_count, is_exact};
use rstats::report::{COUNTS, Keys, Report};
use rstats::{Figure, Histogram, NumberType, Part};

use crate::call;
use crate::errors::{attempt, to_python};
use crate::key_objects::{KeyObjects, to_pyarrow};

/// One row a series, as in every other output.
pub fn tidy<'py>(py: Python<'py>, report: &Report) -> PyResult<Bound<'py, PyAny>> {
    let series = &report.series;
    let columns = PyDict::new(py);
    columns.set_item("column", series.columns_of_all().iter().collect::<Vec<_>>())?;
    for (name, keys) in keys(py, report)? {
        columns.set_item(name, keys)?;
    }
    // A column of integers with something missing is one of floats in pandas.
    let whole = |name: &str, counts: &UInt64Array| match counts.null_count() {
        0 => columns.set_item(name, counts.values().to_vec()),
        _ => columns.set_item(name, counts.iter().map(|c| c.map_or(f64::NAN, |c| c as f64)).collect::<Vec<f64>>()),
    };
    for (name, counts) in COUNTS.into_iter().zip(series.counts_of_all()) {
        whole(name, counts)?;
    }
    for (index, (name, values)) in series.names().iter().zip(series.statistics_of_all()).enumerate() {
        if is_count(name) {
            whole(name, &values.unary(|count| count as u64))?;
        } else if is_exact(name) && series.common_type() != NumberType::Float {
            let figures = (0..series.len()).map(|row| figure(py, series.figure(row, index)));
            columns.set_item(name, figures.collect::<PyResult<Vec<_>>>()?)?;
        } else {
            // pandas' own missing value in a column of floats is NaN.
            columns.set_item(name, values.iter().map(|v| v.unwrap_or(f64::NAN)).collect::<Vec<f64>>())?;
        }
    }
    if series.histograms().is_some() {
        columns.set_item("histogram", histograms(py, report, 0..series.len())?)?;
    }
    let pandas = py.import("pandas")?;
    let frame = pandas.call_method1("DataFrame", (columns,))?;
    if !series.are_windows() {
        return with_parts_below(&pandas, report, frame);
    }
    let places: Vec<usize> = (0..series.len()).map(|place| series.row_at(place)).collect();
    let options = PyDict::new(py);
    options.set_item("drop", true)?;
    let rows = frame.get_item(report.columns())?.getattr("iloc")?.get_item(places)?;
    rows.call_method("reset_index", (), Some(&options))
}

/// A tidy frame of numbers with the rows of the columns of other kinds below it.
fn with_parts_below<'py>(
    pandas: &Bound<'py, PyModule>,
    report: &Report,
    numbers: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    if report.parts.is_empty() {
        return Ok(numbers);
    }
    let py = pandas.py();
    let frames = PyList::empty(py);
    if !report.series.is_empty() {
        frames.append(numbers)?;
    }
    for part in &report.parts {
        for (name, answers) in part.columns() {
            let columns = PyDict::new(py);
            let names = vec![name.as_deref(); answers.num_rows()];
            columns.set_item("column", names)?;
            let keys = part.keys().into_iter();
            for table in keys.chain([answers]) {
                for (field, array) in table.schema().fields().iter().zip(table.columns()) {
                    columns.set_item(field.name(), values_of_pandas(py, field, array)?)?;
                }
            }
            frames.append(pandas.call_method1("DataFrame", (columns,))?)?;
        }
    }
    let options = PyDict::new(py);
    options.set_item("ignore_index", true)?;
    pandas.getattr("concat")?.call((frames,), Some(&options))
}

/// A column as pandas has it, or as a list of objects where pyarrow is not there.
fn values_of_pandas<'py>(
    py: Python<'py>,
    field: &FieldRef,
    array: &arrow_array::ArrayRef,
) -> PyResult<Bound<'py, PyAny>> {
    if let Some(series) = attempt(py, of_pandas(py, field, array))? {
        return Ok(series);
    }
    let table = arrow_array::RecordBatch::try_new(
        std::sync::Arc::new(arrow_schema::Schema::new(vec![field.clone()])),
        vec![array.clone()],
    );
    let table = table.map_err(crate::errors::from_arrow)?;
    let (objects, shown) = (KeyObjects::all(py, &table)?, Keys::of(&table).map_err(to_python)?);
    let list = PyList::empty(py);
    for row in 0..array.len() {
        for (objects, (_, key)) in objects.iter().zip(shown.row(row)) {
            list.append(objects.get(py, row, key)?)?;
        }
    }
    Ok(list.into_any())
}

/// As pandas' own `describe` has it: the statistics below each other and the series side by side; of groups a row each, and the
/// statistics of each column side by side.
pub fn as_described<'py>(py: Python<'py>, report: &Report) -> PyResult<Bound<'py, PyAny>> {
    let series = &report.series;
    if series.are_windows() {
        return tidy(py, report);
    }
    let pandas = py.import("pandas")?;
    let options = PyDict::new(py);
    let mut statistics: Vec<&str> = COUNTS.into_iter().chain(series.names().iter().map(String::as_str)).collect();
    let value = |row: usize, index: usize| match index.checked_sub(COUNTS.len()) {
        None => series.counts(row).map_or(f64::NAN, |counts| counts[index] as f64),
        Some(index) => series.value(row, index).unwrap_or(f64::NAN),
    };
    let label = |column: usize, name: &Option<String>| match name {
        Some(name) => name.into_bound_py_any(py),
        None => column.into_bound_py_any(py),
    };
    let labels = series.columns().iter().enumerate().map(|(column, name)| label(column, name));
    let labels = labels.collect::<PyResult<Vec<_>>>()?;
    if series.keys().is_none() {
        let of_all = |index: usize| PyList::new(py, (0..series.len()).map(|row| value(row, index)));
        let mut rows = (0..statistics.len()).map(of_all).collect::<PyResult<Vec<_>>>()?;
        if series.histograms().is_some() {
            statistics.push("histogram");
            rows.push(histograms(py, report, 0..series.len())?);
        }
        options.set_item("index", &statistics)?;
        options.set_item("columns", labels)?;
        let numbers = pandas.getattr("DataFrame")?.call((rows,), Some(&options))?;
        return with_parts_beside(&pandas, report, numbers, &statistics);
    }
    let groups = series.keys().map_or(0, RecordBatch::num_rows);
    let columns = PyDict::new(py);
    for (column, label) in labels.iter().enumerate() {
        for (index, statistic) in statistics.iter().enumerate() {
            let rows = (0..groups).map(|group| value(column * groups + group, index));
            columns.set_item((label, statistic), rows.collect::<Vec<f64>>())?;
        }
        if series.histograms().is_some() {
            let rows = column * groups..(column + 1) * groups;
            columns.set_item((label, "histogram"), histograms(py, report, rows)?)?;
        }
        call::check_signals(py, 0)?;
    }
    for (name, answers) in report.parts.iter().flat_map(Part::columns) {
        for (field, array) in answers.schema().fields().iter().zip(answers.columns()) {
            columns.set_item((name, field.name()), values_of_pandas(py, field, array)?)?;
        }
    }
    let first = PyList::empty(py);
    let names = PyList::empty(py);
    for (name, keys) in keys(py, report)? {
        // The same keys belong to each column.
        let keys = pandas.call_method1("Series", (keys,))?.getattr("iloc")?;
        first.append(keys.get_item(pyo3::types::PySlice::new(py, 0, groups as isize, 1))?)?;
        names.append(name)?;
    }
    let index = PyDict::new(py);
    let index = match first.len() {
        1 => {
            index.set_item("name", names.get_item(0)?)?;
            pandas.getattr("Index")?.call((first.get_item(0)?,), Some(&index))?
        }
        _ => {
            index.set_item("names", names)?;
            pandas.getattr("MultiIndex")?.getattr("from_arrays")?.call((first,), Some(&index))?
        }
    };
    let frame = pandas.getattr("DataFrame")?.call((columns,), None)?;
    frame.setattr("index", index)?;
    Ok(frame)
}

/// The statistics of numbers with those of the columns of other kinds beside them: in one column a row a statistic.
fn with_parts_beside<'py>(
    pandas: &Bound<'py, PyModule>,
    report: &Report,
    numbers: Bound<'py, PyAny>,
    names: &[&str],
) -> PyResult<Bound<'py, PyAny>> {
    if report.parts.is_empty() {
        return Ok(numbers);
    }
    let py = pandas.py();
    let (all, frames) = (PyList::new(py, if report.series.is_empty() { &[] } else { names })?, PyList::empty(py));
    if !report.series.is_empty() {
        frames.append(&numbers)?;
    }
    for (place, (name, answers)) in report.parts.iter().flat_map(Part::columns).enumerate() {
        let (index, values) = (PyList::empty(py), PyList::empty(py));
        for (field, array) in answers.schema().fields().iter().zip(answers.columns()) {
            index.append(field.name())?;
            if !all.contains(field.name())? {
                all.append(field.name())?;
            }
            let column = values_of_pandas(py, field, array)?;
            values.append(pandas.call_method1("Series", (column,))?.getattr("iloc")?.get_item(0)?)?;
        }
        let options = PyDict::new(py);
        options.set_item("index", index)?;
        options.set_item("dtype", "object")?;
        options.set_item(
            "name",
            name.as_ref().map_or_else(|| place.into_bound_py_any(py), |name| name.into_bound_py_any(py))?,
        )?;
        frames.append(pandas.getattr("Series")?.call((values,), Some(&options))?)?;
    }
    let options = PyDict::new(py);
    options.set_item("axis", 1)?;
    let frame = pandas.getattr("concat")?.call((frames,), Some(&options))?;
    frame.call_method1("reindex", (all,))
}

/// The keys of every row, column by column: with the type that pandas has for theirs where pyarrow is there, else as objects.
fn keys<'py>(py: Python<'py>, report: &Report) -> PyResult<Vec<(String, Bound<'py, PyAny>)>> {
    let series = &report.series;
    let Some(keys) = series.keys() else { return Ok(Vec::new()) };
    let repeats = series.columns().len();
    let schema = keys.schema();
    let mut found = Vec::new();
    let mut objects = None;
    for (index, (field, array)) in schema.fields().iter().zip(keys.columns()).enumerate() {
        let name = field.name().clone();
        if let Some(of_pandas) = attempt(py, of_pandas(py, field, array))? {
            found.push((name, repeated(py, of_pandas, repeats)?));
            continue;
        }
        if objects.is_none() {
            objects = Some((KeyObjects::all(py, keys)?, series.read_keys().map_err(to_python)?));
        }
        let Some((objects, Some(shown))) = &objects else { continue };
        let list = PyList::empty(py);
        for row in 0..keys.num_rows() {
            call::check_signals(py, row)?;
            if let Some((_, key)) = shown.row(row).nth(index) {
                list.append(objects[index].get(py, row, key)?)?;
            }
        }
        let list = py.import("pandas")?.call_method1("Series", (list,))?;
        found.push((name, repeated(py, list, repeats)?));
    }
    Ok(found)
}

fn of_pandas<'py>(py: Python<'py>, field: &FieldRef, array: &arrow_array::ArrayRef) -> PyResult<Bound<'py, PyAny>> {
    if field.metadata().values().any(|name| name.starts_with("pandas.")) {
        py.import("pandas.core.arrays.arrow.extension_types")?;
    }
    to_pyarrow(py, field, array)?.call_method0("to_pandas")
}

/// A series as often as there are columns, one after the other.
fn repeated<'py>(py: Python<'py>, series: Bound<'py, PyAny>, times: usize) -> PyResult<Bound<'py, PyAny>> {
    if times == 1 {
        return Ok(series);
    }
    let options = PyDict::new(py);
    options.set_item("ignore_index", true)?;
    let parts = vec![series; times];
    py.import("pandas")?.getattr("concat")?.call((parts,), Some(&options))
}

/// The histograms of some rows.
fn histograms<'py>(py: Python<'py>, report: &Report, rows: Range<usize>) -> PyResult<Bound<'py, PyList>> {
    let histograms = rows.map(|row| histogram(py, report.series.histogram(row)));
    PyList::new(py, histograms.collect::<PyResult<Vec<_>>>()?)
}

/// A histogram as Python has it: a dictionary of lists.
pub fn histogram(py: Python<'_>, histogram: Option<Histogram>) -> PyResult<Option<Bound<'_, PyDict>>> {
    let Some(Histogram { edges, counts }) = histogram else { return Ok(None) };
    let dict = PyDict::new(py);
    dict.set_item("edges", edges)?;
    dict.set_item("counts", counts)?;
    Ok(Some(dict))
}

/// A statistic as Python has it.
pub fn figure<'py>(py: Python<'py>, figure: Option<Figure>) -> PyResult<Bound<'py, PyAny>> {
    match figure {
        None => Ok(py.None().into_bound(py)),
        Some(Figure::Integer(value)) => value.into_bound_py_any(py),
        Some(Figure::Decimal(value)) => py.import("decimal")?.getattr("Decimal")?.call1((value.to_string(),)),
        Some(other) => other.nearest().into_bound_py_any(py),
    }
}
