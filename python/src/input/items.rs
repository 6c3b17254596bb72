//! Python objects that are numbers, one by one: lists, tuples, generators.
//!
//! A float is itself. An integer of any size up to 76 digits is exact, and so is a finite `Decimal`. Anything else is what
//! its `__float__` says. `None`, pandas' `NA` and `NaT`, and NumPy's `NaT` are nulls where nulls are welcome, else errors. What the
//! code of an item raises passes through.

use std::sync::Arc;

use arrow_array::builder::Float64Builder;
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal256Type, Float64Type};
use arrow_array::{ArrayRef, BooleanArray, Decimal256Array, Float64Array, Int64Array, StructArray, UInt64Array};
use arrow_buffer::{NullBuffer, i256};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType};
use arrow_select::concat::concat;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use rstats::series::Chunk;

use super::column::{NoNumbers, Unread};
use super::pandas::is_missing;
use crate::arch::floats_of;
use crate::call;
use crate::errors::{attempt, special, to_python};

/// Which items are missing values.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// `None`, `NA` and `NaT`.
    Null,
    /// As in pandas' columns of objects: NaN of any class is one too.
    NullAndNan,
    /// None is: each is an error.
    Nothing,
}

/// The most digits that a decimal of 256 bits holds.
const DIGITS: usize = 76;

/// Numbers in their order: floats as Float64, wide integers and decimals in chunks of their own scale.
struct Numbers<'py> {
    chunks: Vec<Chunk>,
    floats: Float64Builder,
    decimals: Vec<Option<i256>>,
    scale: i8,
    /// Whether no number has come that is not a boolean.
    only_booleans: bool,
    /// Whether no number has come that is no integer.
    only_integers: bool,
    /// Whether any number has come.
    any: bool,
    /// All items so far, as long as each is an integer of 64 bits or missing.
    integers: Option<Vec<Option<i64>>>,
    missing: Missing,
    known: Known<'py>,
}

/// Classes and values of modules that somebody else has imported.
struct Known<'py> {
    decimal: Option<Bound<'py, PyAny>>,
    /// pandas' missing values.
    missing: Vec<Bound<'py, PyAny>>,
    /// `numbers.Complex` and `numbers.Real`: of a number that is only the first, `__float__` would lose a part.
    complex: Bound<'py, PyAny>,
    real: Bound<'py, PyAny>,
    /// NumPy's times, some of which have a `__float__`.
    times: Bound<'py, PyTuple>,
}

impl<'py> Known<'py> {
    fn new(py: Python<'py>) -> PyResult<Self> {
        let modules = py.import("sys")?.getattr("modules")?;
        let of_module = |module: &str, name: &str| -> PyResult<Option<Bound<'py, PyAny>>> {
            let module = modules.call_method1("get", (module,))?;
            if module.is_none() { Ok(None) } else { module.getattr_opt(name) }
        };
        let missing = [of_module("pandas", "NA")?, of_module("pandas", "NaT")?];
        let times = [of_module("numpy", "datetime64")?, of_module("numpy", "timedelta64")?];
        let numbers = py.import("numbers")?;
        Ok(Self {
            decimal: of_module("decimal", "Decimal")?,
            missing: missing.into_iter().flatten().collect(),
            complex: numbers.getattr("Complex")?,
            real: numbers.getattr("Real")?,
            times: PyTuple::new(py, times.into_iter().flatten().collect::<Vec<_>>())?,
        })
    }

    /// Whether it is None, or a missing value of pandas.
    fn is_missing(&self, item: &Bound<'py, PyAny>) -> bool {
        item.is_none() || self.missing.iter().any(|missing| missing.is(item))
    }
}

/// The numbers of an iterable, as chunks.
pub fn numbers(items: &Bound<'_, PyAny>, missing: Missing) -> Result<Vec<Chunk>, Unread> {
    let py = items.py();
    if let Some(floats) = floats_of(items, usize::MAX) {
        let floats = match missing {
            Missing::NullAndNan => {
                floats.into_iter().map(|value| Some(value).filter(|value| !value.is_nan())).collect()
            }
            _ => Float64Array::from(floats),
        };
        return Ok(vec![Chunk::Array(Arc::new(floats))]);
    }
    let mut collected = Numbers {
        chunks: Vec::new(),
        floats: Float64Builder::new(),
        decimals: Vec::new(),
        scale: 0,
        only_booleans: true,
        only_integers: true,
        any: false,
        integers: Some(Vec::new()),
        missing,
        known: Known::new(py)?,
    };
    for (position, item) in items.try_iter()?.enumerate() {
        call::check_signals(py, position)?;
        collected.push(&item?, position)?;
    }
    collected.finish()
}

/// Objects with `None` in place of pandas' missing values.
pub fn with_none_for_missing<'py>(py: Python<'py>, items: Vec<Bound<'py, PyAny>>) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let known = Known::new(py)?;
    let none = || py.None().into_bound(py);
    Ok(items.into_iter().map(|item| if known.is_missing(&item) { none() } else { item }).collect())
}

/// Which of some objects are there, as an array of structs of nothing: their values are of no one type.
pub fn presence(items: &Bound<'_, PyAny>, missing: Missing) -> PyResult<ArrayRef> {
    let known = Known::new(items.py())?;
    let mut there = Vec::new();
    for (position, item) in items.try_iter()?.enumerate() {
        call::check_signals(items.py(), position)?;
        let item = item?;
        let is_missing = known.is_missing(&item) || missing == Missing::NullAndNan && is_missing(&item)?;
        there.push(!is_missing);
    }
    Ok(Arc::new(StructArray::new_empty_fields(there.len(), Some(NullBuffer::from(there)))))
}

/// Whether a number is a boolean of Python or NumPy.
fn is_boolean(item: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(item.is_instance_of::<PyBool>() || item.get_type().name()?.to_string().starts_with("bool"))
}

/// Whether it is what stands for a missing value among the items of a masked array.
fn is_masked(item: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(item.get_type().name()? == "MaskedConstant")
}

impl Numbers<'_> {
    fn finish(mut self) -> Result<Vec<Chunk>, Unread> {
        self.end_decimals()?;
        self.end_floats();
        let one = |array: ArrayRef| Ok(vec![Chunk::Array(array)]);
        match &self.chunks[..] {
            [Chunk::Array(floats)] if self.only_booleans && floats.null_count() < floats.len() => {
                let booleans = floats.as_primitive::<Float64Type>().iter().map(|value| value.map(|value| value != 0.0));
                one(Arc::new(booleans.collect::<BooleanArray>()))
            }
            [_, ..] if !self.only_booleans => match self.integers {
                Some(integers) => one(Arc::new(Int64Array::from(integers))),
                None if self.only_integers => integers_of(self.chunks),
                None => Ok(self.chunks),
            },
            _ => Ok(self.chunks),
        }
    }

    fn push(&mut self, item: &Bound<'_, PyAny>, position: usize) -> Result<(), Unread> {
        if let Ok(float) = item.cast::<PyFloat>() {
            return self.push_number(float.value());
        }
        if item.is_instance_of::<PyInt>() {
            return self.push_integer(item, item, position);
        }
        let missing = self.known.is_missing(item);
        if missing && self.missing != Missing::Nothing || is_masked(item)? {
            return self.push_null();
        }
        if let Some(decimal) = &self.known.decimal
            && item.is_instance(decimal)?
        {
            return match self::decimal(item, position)? {
                Some((value, scale)) => self.push_decimal(value, scale),
                None => self.push_number(item.extract().map_err(Unread::Raised)?),
            };
        }
        let is_time = item.is_instance(&self.known.times)?;
        if !missing
            && !is_time
            && let Some(integer) = special(item, "__index__")?
        {
            return self.push_integer(item, &integer, position);
        }
        let is_complex = item.is_instance(&self.known.complex)? && !item.is_instance(&self.known.real)?;
        let number = match missing || is_time || is_complex || item.is_instance_of::<PyString>() {
            true => None,
            false => special(item, "__float__")?,
        };
        let Some(number) = number else {
            // NumPy's NaT, and what else is not equal to itself.
            if self.missing != Missing::Nothing && is_missing(item)? {
                return self.push_null();
            }
            return Err(Unread::NoNumbers(self.no_number(item, position)?));
        };
        let number = number.extract().map_err(Unread::Raised)?;
        if self.only_booleans && is_boolean(item)? { self.push_float(number) } else { self.push_number(number) }
    }

    /// Why an item is no number, and what to write where its kind is known.
    fn no_number(&self, item: &Bound<'_, PyAny>, position: usize) -> PyResult<NoNumbers> {
        let (class, text) = (item.get_type(), item.repr()?);
        let class = class.name()?;
        let hint = if item.is_instance_of::<PyDict>() {
            "; records are described from a list or a tuple of them"
        } else if item.is_instance_of::<PyList>() || item.is_instance_of::<PyTuple>() {
            "; numpy.array(data) has the inner lists as rows, and pyarrow.array(data) describes each of them"
        } else {
            ""
        };
        let reason = format!("the item at position {position} is {text} ({class}), not a number{hint}");
        Ok(NoNumbers { is_one_item: self.any, ..NoNumbers::of_type(reason) })
    }

    /// An item that is an integer, or whose `__index__` gives one.
    fn push_integer(
        &mut self,
        item: &Bound<'_, PyAny>,
        integer: &Bound<'_, PyAny>,
        position: usize,
    ) -> Result<(), Unread> {
        let narrow = integer.extract::<i64>().ok();
        // Whatever pushes the value below ends the row of integers.
        let (integers, only_integers) = (self.integers.take(), self.only_integers);
        match narrow.filter(|narrow| narrow.unsigned_abs() <= 1 << 53) {
            Some(small) if self.only_booleans && is_boolean(item)? => self.push_float(small as f64),
            Some(small) => self.push_number(small as f64),
            None => self.push_decimal(wide_integer(integer, position)?, 0),
        }?;
        self.only_integers = only_integers;
        self.integers = integers.zip(narrow).map(|(mut integers, narrow)| {
            integers.push(Some(narrow));
            integers
        });
        Ok(())
    }

    /// A float that is no boolean. In pandas NaN is the missing value.
    fn push_number(&mut self, value: f64) -> Result<(), Unread> {
        if self.missing == Missing::NullAndNan && value.is_nan() {
            return self.push_null();
        }
        self.only_booleans = false;
        self.push_float(value)
    }

    fn push_null(&mut self) -> Result<(), Unread> {
        let integers = self.integers.take();
        match self.decimals.is_empty() {
            true => self.floats.append_null(),
            false => self.decimals.push(None),
        }
        self.integers = integers.map(|mut integers| {
            integers.push(None);
            integers
        });
        Ok(())
    }

    fn push_float(&mut self, value: f64) -> Result<(), Unread> {
        self.end_decimals()?;
        self.integers = None;
        self.only_integers = false;
        self.any = true;
        self.floats.append_value(value);
        Ok(())
    }

    fn push_decimal(&mut self, value: i256, scale: i8) -> Result<(), Unread> {
        // Nulls before the first number are not yet floats.
        if self.decimals.is_empty() && self.chunks.is_empty() && !self.any {
            self.decimals = vec![None; self.floats.finish().len()];
        }
        self.only_booleans = false;
        self.any = true;
        self.integers = None;
        self.only_integers = false;
        self.end_floats();
        if scale != self.scale {
            self.end_decimals()?;
            self.scale = scale;
        }
        self.decimals.push(Some(value));
        Ok(())
    }

    fn end_floats(&mut self) {
        let floats = self.floats.finish();
        if !floats.is_empty() {
            self.chunks.push(Chunk::Array(Arc::new(floats)));
        }
    }

    fn end_decimals(&mut self) -> PyResult<()> {
        if self.decimals.is_empty() {
            return Ok(());
        }
        let array = Decimal256Array::from_iter(self.decimals.drain(..));
        let array = array.with_precision_and_scale(DIGITS as u8, self.scale);
        let array: ArrayRef = Arc::new(array.map_err(|error| PyValueError::new_err(error.to_string()))?);
        self.chunks.push(Chunk::Array(array));
        Ok(())
    }
}

/// Chunks of integers, some of which are wider than 64 bits with a sign: without a sign if they fit, else as decimals.
fn integers_of(chunks: Vec<Chunk>) -> Result<Vec<Chunk>, Unread> {
    let failed = |error: ArrowError| Unread::Raised(PyValueError::new_err(error.to_string()));
    let decimals = chunks.into_iter().map(|chunk| match chunk {
        Chunk::Array(array) => cast(&array, &DataType::Decimal256(DIGITS as u8, 0)).map_err(failed),
        chunk => chunk.to_array().map_err(|error| Unread::Raised(to_python(error))),
    });
    let decimals = decimals.collect::<Result<Vec<ArrayRef>, Unread>>()?;
    let all = concat(&decimals.iter().map(AsRef::as_ref).collect::<Vec<_>>()).map_err(failed)?;
    let values = all.as_primitive::<Decimal256Type>().iter();
    let narrow = values.map(|value| match value {
        None => Some(None),
        Some(value) => value.to_i128().and_then(|value| u64::try_from(value).ok()).map(Some),
    });
    Ok(vec![Chunk::Array(match narrow.collect::<Option<UInt64Array>>() {
        Some(narrow) => Arc::new(narrow),
        None => all,
    })])
}

/// A number that is wider than what is computed with.
fn too_wide(reason: String) -> Unread {
    Unread::NoNumbers(NoNumbers { is_value: true, is_one_item: true, reason })
}

fn wide_integer(integer: &Bound<'_, PyAny>, position: usize) -> Result<i256, Unread> {
    let wrong = || too_wide(format!("the integer at position {position} has more than {DIGITS} digits"));
    // Python itself refuses to spell integers of some thousand digits.
    let Some(text) = attempt(integer.py(), integer.str())? else { return Err(wrong()) };
    let text: String = text.extract()?;
    if text.trim_start_matches('-').len() > DIGITS {
        return Err(wrong());
    }
    i256::from_string(&text).ok_or_else(wrong)
}

/// A finite `Decimal` as value·10^−scale; `None` for NaN and the infinities.
fn decimal(item: &Bound<'_, PyAny>, position: usize) -> Result<Option<(i256, i8)>, Unread> {
    let (negative, digits, exponent): (u8, Vec<u8>, Bound<'_, PyAny>) = item.call_method0("as_tuple")?.extract()?;
    let Ok(exponent) = exponent.extract::<i64>() else {
        return Ok(None);
    };
    let wrong = || {
        too_wide(format!("the Decimal at position {position} has more than {DIGITS} digits, or an exponent beyond 127"))
    };
    let scale = exponent.checked_neg().and_then(|scale| i8::try_from(scale).ok()).ok_or_else(wrong)?;
    if digits.len() > DIGITS || scale > DIGITS as i8 {
        return Err(wrong());
    }
    let sign = if negative == 1 { "-" } else { "" };
    let digits: String = digits.iter().map(|&digit| char::from(b'0' + digit)).collect();
    let value = i256::from_string(&format!("{sign}{digits}")).ok_or_else(wrong)?;
    Ok(Some((value, scale)))
}
