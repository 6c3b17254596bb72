//! Numbers in another type, of which none changes.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt64Type};
use arrow_array::{Array, ArrayRef};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{ArrowError, DataType};

use crate::num::decimal::EXACT_IN_F64;

/// The digits after the point of a type of decimals.
pub fn decimal_scale(data_type: &DataType) -> Option<i8> {
    match data_type {
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale) => Some(*scale),
        _ => None,
    }
}

/// The decimals that hold integers, and decimals of these types.
pub fn common_decimals<'a>(types: impl IntoIterator<Item = &'a DataType>) -> DataType {
    DataType::Decimal256(76, types.into_iter().filter_map(decimal_scale).max().unwrap_or(0).max(0))
}

/// Values in another type: one that does not fit is an error, where Arrow's `cast` makes it null.
pub fn strict_cast(values: &dyn Array, data_type: &DataType) -> Result<ArrayRef, ArrowError> {
    cast_with_options(values, data_type, &CastOptions { safe: false, ..CastOptions::default() })
}

/// The same numbers in another type, or why it does not hold them.
pub fn exactly(values: &ArrayRef, data_type: &DataType) -> Result<ArrayRef, String> {
    if values.data_type() == data_type {
        return Ok(values.clone());
    }
    let cast =
        |values: &ArrayRef, data_type: &DataType| strict_cast(values, data_type).map_err(|error| error.to_string());
    match (values.data_type(), data_type) {
        // What they stand for.
        (DataType::Dictionary(_, plain), _) => exactly(&cast(values, plain)?, data_type),
        (DataType::RunEndEncoded(_, plain), _) => exactly(&cast(values, plain.data_type())?, data_type),
        (DataType::Int64 | DataType::UInt64, DataType::Float64) => {
            let is_beyond = match values.as_primitive_opt::<Int64Type>() {
                Some(values) => values.iter().flatten().any(|value| value.unsigned_abs() > EXACT_IN_F64),
                None => values.as_primitive::<UInt64Type>().iter().flatten().any(|value| value > EXACT_IN_F64),
            };
            match is_beyond {
                true => {
                    Err("holds integers beyond 2^53, and there are floats beside it: no type holds both exactly"
                        .to_owned())
                }
                false => cast(values, data_type),
            }
        }
        (from, DataType::Float64) if decimal_scale(from).is_some() => {
            Err("holds decimals, and there are floats beside it: no type holds both exactly".to_owned())
        }
        (DataType::Boolean, to) if decimal_scale(to).is_some() => cast(&cast(values, &DataType::Int64)?, to),
        (from, to) if from.is_floating() && decimal_scale(to).is_some() => {
            let whole = cast(values, &DataType::Int64)?;
            let (floats, back) = (cast(values, &DataType::Float64)?, cast(&whole, &DataType::Float64)?);
            match floats.as_primitive::<Float64Type>().iter().eq(back.as_primitive::<Float64Type>().iter()) {
                true => cast(&whole, to),
                false => Err("holds floats that are no integers".to_owned()),
            }
        }
        _ => cast(values, data_type),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{BooleanArray, Decimal128Array, Float64Array, Int64Array, UInt64Array};

    use super::*;

    fn fits(values: impl Array + 'static, data_type: DataType) -> bool {
        exactly(&(Arc::new(values) as ArrayRef), &data_type).is_ok()
    }

    #[test]
    fn no_number_changes() {
        let edge = 1_i64 << 53;
        for (value, is_a_float) in
            [(edge, true), (-edge, true), (edge + 1, false), (-edge - 1, false), (1 << 60, false)]
        {
            assert_eq!(fits(Int64Array::from(vec![Some(value), None]), DataType::Float64), is_a_float, "{value}");
        }
        assert!(!fits(UInt64Array::from(vec![u64::MAX]), DataType::Float64));
        assert!(!fits(UInt64Array::from(vec![u64::MAX]), DataType::Int64));
        let decimals = DataType::Decimal256(76, 2);
        assert!(fits(Float64Array::from(vec![Some(3.0), None, Some(-0.0)]), decimals.clone()));
        assert!(!fits(Float64Array::from(vec![0.5]), decimals.clone()));
        assert!(!fits(Float64Array::from(vec![f64::INFINITY]), decimals.clone()));
        assert!(fits(BooleanArray::from(vec![true]), decimals.clone()));
        let cents = Decimal128Array::from(vec![150]).with_precision_and_scale(5, 2).unwrap();
        assert!(fits(cents.clone(), decimals));
        assert!(!fits(cents, DataType::Float64));
    }
}
