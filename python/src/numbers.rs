//! Python objects that are numbers, one by one: lists, tuples, generators.
//!
//! A float is itself. An integer of any size up to 76 digits is exact, and so is a finite `Decimal`. Anything else is what
//! its `__float__` says. `None`, and pandas' `NA` and `NaT`, are nulls where nulls are welcome, else errors. What the code of an item
//! raises passes through.

use std::sync::Arc;

use arrow_array::builder::Float64Builder;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{ArrayRef, BooleanArray, Decimal256Array, Float64Array};
use arrow_buffer::i256;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};
use rstats::series::Chunk;

use crate::arch::floats_of;
use crate::call;
use crate::errors::special;

/// What a `None` among the numbers is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum NoneMeans {
    Null,
    /// As in pandas, where NaN is a null too.
    NullAsNan,
    Error,
}

/// The most digits that a decimal of 256 bits holds.
const DIGITS: usize = 76;

/// Numbers in their order: floats as Float64, wide integers and decimals in chunks of their own scale.
struct Numbers<'py> {
    chunks: Vec<Chunk>,
    floats: Float64Builder,
    decimals: Vec<i256>,
    scale: i8,
    /// Whether no number has come that is not a boolean.
    only_booleans: bool,
    none: NoneMeans,
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
}

impl<'py> Known<'py> {
    fn new(py: Python<'py>) -> PyResult<Self> {
        let modules = py.import("sys")?.getattr("modules")?;
        let of_module = |module: &str, name: &str| -> PyResult<Option<Bound<'py, PyAny>>> {
            let module = modules.call_method1("get", (module,))?;
            if module.is_none() { Ok(None) } else { module.getattr_opt(name) }
        };
        let missing = [of_module("pandas", "NA")?, of_module("pandas", "NaT")?];
        let numbers = py.import("numbers")?;
        Ok(Self {
            decimal: of_module("decimal", "Decimal")?,
            missing: missing.into_iter().flatten().collect(),
            complex: numbers.getattr("Complex")?,
            real: numbers.getattr("Real")?,
        })
    }
}

/// The numbers of an iterable, as chunks.
pub fn collect(numbers: &Bound<'_, PyAny>, none: NoneMeans) -> PyResult<Vec<Chunk>> {
    let py = numbers.py();
    if let Some(floats) = floats_of(numbers, usize::MAX) {
        let floats = match none {
            NoneMeans::NullAsNan => {
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
        none,
        known: Known::new(py)?,
    };
    for (position, item) in numbers.try_iter()?.enumerate() {
        call::check_signals(py, position)?;
        collected.push(&item?, position)?;
    }
    collected.end_decimals()?;
    collected.end_floats();
    match (collected.only_booleans, &collected.chunks[..]) {
        (true, [Chunk::Array(floats)]) if floats.null_count() < floats.len() => {
            let booleans = floats.as_primitive::<Float64Type>().iter().map(|value| value.map(|value| value != 0.0));
            Ok(vec![Chunk::Array(Arc::new(booleans.collect::<BooleanArray>()))])
        }
        _ => Ok(collected.chunks),
    }
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
    fn push(&mut self, item: &Bound<'_, PyAny>, position: usize) -> PyResult<()> {
        if let Ok(float) = item.cast::<PyFloat>() {
            return self.push_number(float.value());
        }
        if item.is_instance_of::<PyInt>() {
            return self.push_integer(item, item, position);
        }
        let missing = item.is_none() || self.known.missing.iter().any(|missing| missing.is(item));
        if missing && self.none != NoneMeans::Error || is_masked(item)? {
            return self.push_float(None);
        }
        if let Some(decimal) = &self.known.decimal
            && item.is_instance(decimal)?
        {
            return match self::decimal(item, position)? {
                Some((value, scale)) => self.push_decimal(value, scale),
                None => self.push_number(item.extract()?),
            };
        }
        if !missing && let Some(integer) = special(item, "__index__")? {
            return self.push_integer(item, &integer, position);
        }
        let is_complex = item.is_instance(&self.known.complex)? && !item.is_instance(&self.known.real)?;
        let number = match missing || is_complex || item.is_instance_of::<PyString>() {
            true => None,
            false => special(item, "__float__")?,
        };
        let Some(number) = number else {
            let (class, text) = (item.get_type(), item.repr()?);
            let class = class.name()?;
            let message = format!("the item at position {position} is {text} ({class}), not a number");
            return Err(PyTypeError::new_err(message));
        };
        let number = number.extract()?;
        if self.only_booleans && is_boolean(item)? { self.push_float(Some(number)) } else { self.push_number(number) }
    }

    /// An item that is an integer, or whose `__index__` gives one.
    fn push_integer(&mut self, item: &Bound<'_, PyAny>, integer: &Bound<'_, PyAny>, position: usize) -> PyResult<()> {
        let small = integer.extract::<i64>().ok().filter(|small| small.unsigned_abs() <= 1 << 53);
        match small {
            Some(small) if self.only_booleans && is_boolean(item)? => self.push_float(Some(small as f64)),
            Some(small) => self.push_number(small as f64),
            None => self.push_decimal(wide_integer(integer, position)?, 0),
        }
    }

    /// A float that is no boolean. In pandas NaN is the missing value.
    fn push_number(&mut self, value: f64) -> PyResult<()> {
        let missing = self.none == NoneMeans::NullAsNan && value.is_nan();
        self.only_booleans = self.only_booleans && missing;
        self.push_float((!missing).then_some(value))
    }

    fn push_float(&mut self, value: Option<f64>) -> PyResult<()> {
        self.end_decimals()?;
        self.floats.append_option(value);
        Ok(())
    }

    fn push_decimal(&mut self, value: i256, scale: i8) -> PyResult<()> {
        self.only_booleans = false;
        self.end_floats();
        if scale != self.scale {
            self.end_decimals()?;
            self.scale = scale;
        }
        self.decimals.push(value);
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
        let array = Decimal256Array::from_iter_values(self.decimals.drain(..));
        let array = array.with_precision_and_scale(DIGITS as u8, self.scale);
        let array: ArrayRef = Arc::new(array.map_err(|error| PyValueError::new_err(error.to_string()))?);
        self.chunks.push(Chunk::Array(array));
        Ok(())
    }
}

fn wide_integer(integer: &Bound<'_, PyAny>, position: usize) -> PyResult<i256> {
    let too_wide =
        |_| PyValueError::new_err(format!("the integer at position {position} has more than {DIGITS} digits"));
    let text: String = integer.str().map_err(too_wide)?.extract()?;
    if text.trim_start_matches('-').len() > DIGITS {
        return Err(too_wide(PyValueError::new_err(())));
    }
    i256::from_string(&text).ok_or_else(|| too_wide(PyValueError::new_err(())))
}

/// A finite `Decimal` as value·10^−scale; `None` for NaN and the infinities.
fn decimal(item: &Bound<'_, PyAny>, position: usize) -> PyResult<Option<(i256, i8)>> {
    let (negative, digits, exponent): (u8, Vec<u8>, Bound<'_, PyAny>) = item.call_method0("as_tuple")?.extract()?;
    let Ok(exponent) = exponent.extract::<i64>() else {
        return Ok(None);
    };
    let too_wide = || {
        PyValueError::new_err(format!(
            "the Decimal at position {position} has more than {DIGITS} digits, or an exponent beyond 127"
        ))
    };
    let scale = exponent.checked_neg().and_then(|scale| i8::try_from(scale).ok()).ok_or_else(too_wide)?;
    if digits.len() > DIGITS || scale > DIGITS as i8 {
        return Err(too_wide());
    }
    let sign = if negative == 1 { "-" } else { "" };
    let digits: String = digits.iter().map(|&digit| char::from(b'0' + digit)).collect();
    let value = i256::from_string(&format!("{sign}{digits}")).ok_or_else(too_wide)?;
    Ok(Some((value, scale)))
}
