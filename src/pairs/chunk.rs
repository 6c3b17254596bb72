//! The rows of several columns that are looked at together.

use arrow_array::Array;
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder};

use crate::arch::products::{DIGIT, Digits, MOST_DIGITS, ROWS, split_floats, split_integers};
use crate::error::{Error, Result};
use crate::num::figure::NumberType;
use crate::num::number::Number;
use crate::num::rational::{Rational, decompose};
use crate::series::{Chunk, Repr, Series};
use crate::spec::NanPolicy;

/// The magnitude that decimals are below, without their point: what digits have room for, with a sign.
const MOST_DECIMAL: u128 = 10_u128.pow(27);

/// The numbers of a column, in some rows.
#[derive(Clone, Debug)]
pub(super) enum Values {
    Floats(Vec<f64>),
    Integers(Vec<i128>),
}

/// A column in some rows.
#[derive(Clone, Debug)]
pub(super) struct PairColumn {
    pub values: Values,
    /// Which rows have a value; all if there is none.
    pub valid: Option<BooleanBuffer>,
    /// Whether a value is NaN, or infinite: no sum of it says anything.
    pub is_spoilt: bool,
    /// Of decimals, whose values are integers here, the digits behind the point.
    pub scale: u8,
}

/// The bits that all values of a column fit into: from 2^unit to below 2^(unit + 23·digits).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DigitWindow {
    pub unit: i32,
    pub digits: usize,
}

impl PairColumn {
    /// The column of a series, as one piece.
    pub fn new(series: &Series, nan: NanPolicy) -> Result<Self> {
        let array = match series.whole()? {
            Chunk::Array(array) => array,
            chunk => chunk.to_array()?,
        };
        let there = array.logical_nulls().filter(|nulls| nulls.null_count() > 0).map(|nulls| nulls.inner().clone());
        let whole = Chunk::Array(array);
        match series.repr() {
            Repr::Float => {
                let mut values: Vec<f64> = Vec::new();
                whole.read(&mut values)?;
                let values = spread_out(values, there.as_ref());
                let (mut valid, mut is_spoilt) = (there, false);
                if values.iter().any(|value| !value.is_finite()) {
                    let is_there = |row: usize| valid.as_ref().is_none_or(|valid| valid.value(row));
                    let keeps_nan = nan != NanPolicy::Omit;
                    is_spoilt = (0..values.len())
                        .any(|row| is_there(row) && (values[row].is_infinite() || keeps_nan && values[row].is_nan()));
                    let numbers = (0..values.len()).map(|row| is_there(row) && !values[row].is_nan());
                    valid = Some(numbers.collect());
                }
                Ok(Self { values: Values::Floats(values), valid, is_spoilt, scale: 0 })
            }
            Repr::Signed => {
                let mut values: Vec<i64> = Vec::new();
                whole.read(&mut values)?;
                let values = spread_out(values, there.as_ref()).into_iter().map(i128::from).collect();
                Ok(Self { values: Values::Integers(values), valid: there, is_spoilt: false, scale: 0 })
            }
            Repr::Unsigned => {
                let mut values: Vec<u64> = Vec::new();
                whole.read(&mut values)?;
                let values = spread_out(values, there.as_ref()).into_iter().map(i128::from).collect();
                Ok(Self { values: Values::Integers(values), valid: there, is_spoilt: false, scale: 0 })
            }
            Repr::Exact => {
                let refused = |why: &str| {
                    let name = series.name().unwrap_or("(unnamed)");
                    Error::Invalid(format!("column '{name}' is of {why}; cast it to float64 to have it beside others"))
                };
                let NumberType::Decimal(scale) = series.number_type() else {
                    return Err(refused("floats and wide integers together"));
                };
                let mut values: Vec<Number> = Vec::new();
                whole.read(&mut values)?;
                let power = Rational::power_of_ten(scale.into());
                let whole = |value: Number| value.to_rational().times(&power).to_i128();
                let values: Option<Vec<i128>> = values.into_iter().map(whole).collect();
                let fits = |values: &Vec<i128>| values.iter().all(|value| value.unsigned_abs() < MOST_DECIMAL);
                let values = values.filter(fits).ok_or_else(|| refused("decimals of more than 27 digits"))?;
                let values = Values::Integers(spread_out(values, there.as_ref()));
                Ok(Self { values, valid: there, is_spoilt: false, scale })
            }
        }
    }

    /// Whether a NaN is among its numbers.
    pub fn holds_nan(&self) -> bool {
        match &self.values {
            Values::Floats(values) => values.iter().any(|value| value.is_nan()),
            Values::Integers(_) => false,
        }
    }

    pub fn rows(&self) -> usize {
        match &self.values {
            Values::Floats(values) => values.len(),
            Values::Integers(values) => values.len(),
        }
    }

    pub fn is_valid(&self, row: usize) -> bool {
        self.valid.as_ref().is_none_or(|valid| valid.value(row))
    }

    /// The bits that its values fit into; `None` where digits do not reach so far.
    pub fn window(&self) -> Option<DigitWindow> {
        match &self.values {
            Values::Integers(values) => {
                let there = values.iter().enumerate().filter(|(row, _)| self.is_valid(*row));
                let most = there.map(|(_, value)| value.unsigned_abs()).max().unwrap_or(0);
                // With a sign.
                Some(DigitWindow { unit: 0, digits: digits(129 - most.leading_zeros()) })
            }
            Values::Floats(values) => {
                let (mut top, mut unit) = (i32::MIN, i32::MAX);
                for (row, value) in values.iter().enumerate() {
                    if *value != 0.0 && self.is_valid(row) {
                        let (_, mantissa, exponent) = decompose(*value);
                        top = top.max(exponent + (u64::BITS - mantissa.leading_zeros()) as i32);
                        unit = unit.min(exponent + mantissa.trailing_zeros() as i32);
                    }
                }
                if top < unit {
                    return Some(DigitWindow { unit: 0, digits: 1 });
                }
                let bits = (top - unit) as u32;
                // From the top down: of most blocks of rows the last digits are zeros.
                let digits = digits(bits);
                let unit = top - (digits as u32 * DIGIT) as i32;
                // The scale is a float.
                (digits <= MOST_DIGITS && (-1000..=900).contains(&unit)).then_some(DigitWindow { unit, digits })
            }
        }
    }

    /// The digits of up to [`ROWS`] rows; rows without a value have zeros.
    pub fn split(&self, start: usize, window: DigitWindow, to: &mut [Digits]) {
        let end = self.rows().min(start + ROWS);
        match &self.values {
            Values::Floats(values) => {
                let scale = 2f64.powi(-window.unit);
                match &self.valid {
                    None => split_floats(&values[start..end], scale, to),
                    Some(valid) => {
                        let mut there = [0.0; ROWS];
                        for (index, there) in there[..end - start].iter_mut().enumerate() {
                            *there = if valid.value(start + index) { values[start + index] } else { 0.0 };
                        }
                        split_floats(&there[..end - start], scale, to);
                    }
                }
            }
            Values::Integers(values) => {
                let there = |row: usize| if self.is_valid(row) { values[row] } else { 0 };
                split_integers((start..end).map(there), to);
            }
        }
    }

    /// The value of a row as an integer and a power of two.
    pub fn decomposed(&self, row: usize) -> (bool, u128, i32) {
        match &self.values {
            Values::Floats(values) => {
                let (negative, mantissa, exponent) = decompose(values[row]);
                (negative, mantissa.into(), exponent)
            }
            Values::Integers(values) => (values[row] < 0, values[row].unsigned_abs(), 0),
        }
    }

    /// The same column without these rows.
    pub fn without(&mut self, valid: &BooleanBuffer) {
        self.valid = Some(match &self.valid {
            Some(ours) => ours & valid,
            None => valid.clone(),
        });
    }
}

fn digits(bits: u32) -> usize {
    bits.div_ceil(DIGIT).max(1) as usize
}

/// Values at the rows that have one, anything at the others.
fn spread_out<T: Copy + Default>(values: Vec<T>, there: Option<&BooleanBuffer>) -> Vec<T> {
    let Some(there) = there else { return values };
    let mut spread = vec![T::default(); there.len()];
    for (row, value) in there.set_indices().zip(values) {
        spread[row] = value;
    }
    spread
}

/// The rows in which every column has a value; `None` if that is all of them.
pub(super) fn complete(columns: &[PairColumn]) -> Option<BooleanBuffer> {
    columns.iter().filter_map(|column| column.valid.clone()).reduce(|a, b| &a & &b)
}

/// All rows.
pub(super) fn all(rows: usize) -> BooleanBuffer {
    let mut bits = BooleanBufferBuilder::new(rows);
    bits.append_n(rows, true);
    bits.finish()
}
