//! Classes of libraries that somebody else has imported: rstats imports none of them to look at an object.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

/// Whether `data` is an instance of a class of a module that somebody else has imported.
pub fn is_instance(data: &Bound<'_, PyAny>, module: &str, class: &str) -> PyResult<bool> {
    // Asked several times of every column of a table: to import `sys` each time would take most of what a small column takes.
    static MODULES: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    let py = data.py();
    let modules = MODULES.get_or_try_init(py, || {
        let modules = py.import("sys")?.getattr("modules")?.cast_into::<PyDict>()?;
        PyResult::Ok(modules.unbind())
    })?;
    let Some(module) = modules.bind(py).get_item(module)? else { return Ok(false) };
    match module.getattr_opt(class)? {
        Some(class) => data.is_instance(&class),
        None => Ok(false),
    }
}

/// Objects that hold data in a form that is not described, and what to write instead.
const OTHERS: [(&str, &str, &str); 15] = [
    ("pandas.api.typing", "DataFrameGroupBy", "a groupby: write describe(frame, by=[...]) with the keys"),
    ("pandas.api.typing", "SeriesGroupBy", "a groupby: write describe(frame, columns=..., by=[...]) with the keys"),
    (
        "pandas.api.typing",
        "Resampler",
        "a resampler: write describe(frame.assign(bin=frame.index.floor(...)), by=\"bin\")",
    ),
    ("pandas.api.typing", "Rolling", "a rolling window: write rstats.rolling(data, window)"),
    ("pandas.api.typing", "Expanding", "an expanding window: write rstats.expanding(data)"),
    ("pandas.api.typing", "ExponentialMovingWindow", "a moving window: describe the series that its own methods give"),
    ("polars.dataframe.group_by", "GroupBy", "a group_by: write describe(frame, by=[...]) with the keys"),
    (
        "polars.dataframe.group_by",
        "DynamicGroupBy",
        "a group_by: write describe(frame, by=[...]) with a column of keys",
    ),
    ("polars.lazyframe.group_by", "LazyGroupBy", "a group_by: write describe(frame, by=[...]) with the keys"),
    ("polars", "Expr", "an expression of Polars: describe the frame that select() gives"),
    ("pyarrow", "TableGroupBy", "a group_by: write describe(table, by=[...]) with the keys"),
    (
        "scipy.sparse",
        "sparray",
        "a sparse array of SciPy: write describe(array.toarray()), or describe(array.data) for what it stores",
    ),
    (
        "scipy.sparse",
        "spmatrix",
        "a sparse matrix of SciPy: write describe(matrix.toarray()), or describe(matrix.data) for what it stores",
    ),
    (
        "xarray.core.groupby",
        "GroupBy",
        "a groupby of xarray: write describe(dataset.to_dataframe(), by=[...]) with the keys",
    ),
    ("dask.base", "DaskMethodsMixin", "a collection of Dask: write describe(collection.compute())"),
];

/// What to write in place of an object that holds data in another form.
pub fn what_to_write(data: &Bound<'_, PyAny>) -> PyResult<Option<&'static str>> {
    for (module, class, sentence) in OTHERS {
        if is_instance(data, module, class)? {
            return Ok(Some(sentence));
        }
    }
    Ok(None)
}
