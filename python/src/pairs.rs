//! `correlation` and `covariance`: the columns of a table, or two series.

use pyo3::exceptions::{PyKeyError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule, PyDict, PyList};
use rstats::{Coefficient, Error, Interrupt, Kinds, NanPolicy, PairMatrix, PairNulls, PairSpec, Series, correlate};

use crate::args;
use crate::call;
use crate::columns::to_stream;
use crate::description::width;
use crate::errors::to_python;
use crate::input::{self, Chosen, Object, Read, ReadValues, Table, Wanted};

#[doc = include_str!(concat!(env!("OUT_DIR"), "/correlation.txt"))]
#[pyfunction]
#[pyo3(signature = (data, other=None, /, *, columns=None, method="pearson", nulls="pairwise", nan="propagate", threads=None))]
pub fn correlation<'py>(
    data: &Bound<'py, PyAny>,
    other: Option<&Bound<'py, PyAny>>,
    columns: Option<&Bound<'py, PyAny>>,
    method: &str,
    nulls: &str,
    nan: &str,
    threads: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let coefficient: Coefficient = method.parse().map_err(PyValueError::new_err)?;
    if coefficient == Coefficient::Covariance {
        return Err(PyValueError::new_err("covariance is a function of its own: rstats.covariance"));
    }
    let spec = PairSpec { coefficient, ..spec(nulls, nan)? };
    describe(data, other, columns, &spec, threads)
}

#[doc = include_str!(concat!(env!("OUT_DIR"), "/covariance.txt"))]
#[pyfunction]
#[pyo3(
    signature = (data, other=None, /, *, columns=None, ddof=None, nulls="pairwise", nan="propagate", threads=None),
    text_signature = "(data, other=None, /, *, columns=None, ddof=1, nulls='pairwise', nan='propagate', threads=None)"
)]
pub fn covariance<'py>(
    data: &Bound<'py, PyAny>,
    other: Option<&Bound<'py, PyAny>>,
    columns: Option<&Bound<'py, PyAny>>,
    ddof: Option<&Bound<'py, PyAny>>,
    nulls: &str,
    nan: &str,
    threads: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let ddof = ddof.map(|ddof| args::whole("ddof", ddof, 0, i64::MAX)).transpose()?.unwrap_or(1) as u64;
    let spec = PairSpec { coefficient: Coefficient::Covariance, ddof, ..spec(nulls, nan)? };
    describe(data, other, columns, &spec, threads)
}

fn spec(nulls: &str, nan: &str) -> PyResult<PairSpec> {
    let nulls: PairNulls = nulls.parse().map_err(PyValueError::new_err)?;
    let nan: NanPolicy = nan.parse().map_err(PyValueError::new_err)?;
    Ok(PairSpec { nulls, nan, ..PairSpec::default() })
}

fn describe<'py>(
    data: &Bound<'py, PyAny>,
    other: Option<&Bound<'py, PyAny>>,
    columns: Option<&Bound<'py, PyAny>>,
    spec: &PairSpec,
    threads: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let (py, threads) = (data.py(), args::threads(threads)?);
    let chosen = Chosen::new(columns)?;
    let are_two = other.is_some();
    let series = match other {
        Some(_) if columns.is_some() => {
            return Err(PyValueError::new_err("columns= names columns of a table, and two series are given"));
        }
        Some(other) => vec![one_series(data)?, one_series(other)?],
        None => chosen.settle(columns_of(data, &chosen.wanted))?,
    };
    let rows = series.iter().map(Series::rows).max().unwrap_or(0);
    let work = |interrupt: &Interrupt| correlate(&series, spec, interrupt);
    let matrix = call::run(py, rows.saturating_mul(series.len()), &threads, work)?;
    if are_two {
        return Ok(match matrix.get(0, 1) {
            Some(value) => value.into_pyobject(py)?.into_any(),
            None => py.None().into_bound(py),
        });
    }
    Ok(Bound::new(py, Pairs(matrix))?.into_any())
}

fn one_series(data: &Bound<'_, PyAny>) -> PyResult<Series> {
    match input::recognise(data)? {
        Object::Unknown(wrong) => Err(wrong.into_error(None)),
        Object::Stream(stream) if stream.is_series => input::series_of(stream, data.py())?.into_only_series(),
        Object::Column(column) => column.into_only_series(),
        Object::Array(array) if array.dimensions() == 1 => match array.matrix(0) {
            Some(matrix) => matrix.to_series().map_err(to_python)?.pop().ok_or_else(|| no_series(data)),
            None => Err(no_series(data)),
        },
        _ => Err(no_series(data)),
    }
}

fn no_series(data: &Bound<'_, PyAny>) -> PyErr {
    let given = data.get_type();
    PyTypeError::new_err(format!("two series of one dimension are expected, or a table alone, and one is {given}"))
}

/// The columns of numbers of a table or of an array of two dimensions.
fn columns_of(data: &Bound<'_, PyAny>, wanted: &Wanted) -> PyResult<Vec<Series>> {
    let py = data.py();
    let table = match input::recognise(data)? {
        Object::Unknown(wrong) => return Err(wrong.into_error(None)),
        Object::Table(table) => table,
        Object::Stream(stream) if !stream.is_series => Table::from_stream(stream),
        Object::Array(array) if array.dimensions() == 2 => {
            if !matches!(wanted, Wanted::Numeric) {
                return Err(PyValueError::new_err("columns= names columns of a table, and the array's have no names"));
            }
            let Some(matrix) = array.matrix(0) else {
                return Err(PyValueError::new_err("an array whose items lie behind further pointers is not read"));
            };
            return matrix.to_series().map_err(to_python);
        }
        _ => {
            return Err(PyTypeError::new_err(
                "pairs are of the columns of a table or of a 2-D array, or of two series: correlation(x, y)",
            ));
        }
    };
    let Read { values, .. } = table.read(py, wanted, &[], None, Kinds::Numbers)?;
    match values {
        ReadValues::Series(series) => Ok(series),
        ReadValues::Lists(_) => Err(PyTypeError::new_err("pairs are of columns of numbers, and these hold lists")),
    }
}

#[doc = include_str!(concat!(env!("OUT_DIR"), "/Pairs.txt"))]
#[pyclass(module = "rstats", frozen)]
pub struct Pairs(pub PairMatrix);

#[pymethods]
impl Pairs {
    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Pairs.names.txt"))]
    #[getter]
    fn names(&self) -> Vec<String> {
        self.0.names().to_vec()
    }

    fn __len__(&self) -> usize {
        self.0.names().len()
    }

    fn __getitem__(&self, pair: (String, String)) -> PyResult<Option<f64>> {
        Ok(self.0.get(self.index(&pair.0)?, self.index(&pair.1)?))
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Pairs.count.txt"))]
    fn count(&self, a: &str, b: &str) -> PyResult<u64> {
        Ok(self.0.count(self.index(a)?, self.index(b)?))
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Pairs.to_dict.txt"))]
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let all = PyDict::new(py);
        for (a, name) in self.0.names().iter().enumerate() {
            let row = PyDict::new(py);
            for (b, name) in self.0.names().iter().enumerate() {
                row.set_item(name, self.0.get(a, b))?;
            }
            all.set_item(name, row)?;
        }
        Ok(all)
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Pairs.to_numpy.txt"))]
    fn to_numpy<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let all = self.0.names().len();
        let values: Vec<u8> =
            (0..all * all).flat_map(|at| self.0.get(at / all, at % all).unwrap_or(f64::NAN).to_ne_bytes()).collect();
        let numpy = py.import("numpy")?;
        let flat = numpy.call_method1("frombuffer", (PyBytes::new(py, &values), "float64"))?;
        flat.call_method1("reshape", (all, all))?.call_method0("copy")
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Pairs.to_pandas.txt"))]
    fn to_pandas<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let options = PyDict::new(py);
        options.set_item("index", self.0.names())?;
        options.set_item("columns", self.0.names())?;
        py.import("pandas")?.getattr("DataFrame")?.call((self.to_numpy(py)?,), Some(&options))
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Pairs.to_arrow.txt"))]
    fn to_arrow<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("pyarrow")?.call_method1("table", (slf,))
    }

    #[doc = include_str!(concat!(env!("OUT_DIR"), "/Pairs.to_polars.txt"))]
    fn to_polars<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("polars")?.call_method1("DataFrame", (slf,))
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        to_stream(py, self.0.to_record_batch().map_err(to_python)?, requested_schema)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| self.0.same(&other.get().0))
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(PyList::new(py, self.0.names())?.try_iter()?.into_any())
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Parts)> {
        let matrix = &slf.get().0;
        let all = matrix.names().len();
        let pairs = || (0..all * all).map(|at| (at / all, at % all));
        let values = pairs().map(|(a, b)| matrix.get(a, b)).collect();
        let counts = pairs().map(|(a, b)| matrix.count(a, b)).collect();
        let names = (matrix.coefficient.name(), matrix.nulls.name());
        let parts = (names.0.to_owned(), names.1.to_owned(), matrix.names().to_vec(), values, counts);
        Ok((slf.get_type().getattr("_from_parts")?, parts))
    }

    #[staticmethod]
    fn _from_parts(
        coefficient: &str,
        nulls: &str,
        names: Vec<String>,
        values: Vec<Option<f64>>,
        counts: Vec<u64>,
    ) -> PyResult<Self> {
        let coefficient = coefficient.parse().map_err(PyValueError::new_err)?;
        let nulls = nulls.parse().map_err(PyValueError::new_err)?;
        let matrix = PairMatrix::from_parts(coefficient, nulls, names, values, counts);
        matrix.map(Self).ok_or_else(|| PyValueError::new_err("there is a value for each pair of columns"))
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        self.0.to_table(width(py))
    }

    fn _repr_html_(&self) -> String {
        self.0.to_html()
    }
}

/// What a matrix is made of: the coefficient, the treatment of nulls, the names, the values and the counts.
type Parts = (String, String, Vec<String>, Vec<Option<f64>>, Vec<u64>);

impl Pairs {
    fn index(&self, name: &str) -> PyResult<usize> {
        let names = self.0.names();
        names.iter().position(|candidate| candidate == name).ok_or_else(|| {
            PyKeyError::new_err(Error::NoSuchColumn { name: name.to_owned(), available: names.to_vec() }.to_string())
        })
    }
}
