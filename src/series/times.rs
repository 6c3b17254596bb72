//! Columns of times.

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef};
use arrow_buffer::{NullBuffer, ScalarBuffer};
use arrow_cast::cast;
use arrow_schema::{DataType, TimeUnit};

use super::type_names::type_text;
use crate::error::{Error, Result};
use crate::escape::{NAME, shown};
use crate::series::key::values_type;

/// Times in nanoseconds since 1970, in UTC.
pub(crate) struct Times {
    /// Where a time is null, there is some number.
    pub values: ScalarBuffer<i64>,
    pub nulls: Option<NullBuffer>,
}

/// The nanoseconds of a unit.
pub(crate) fn factor(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Nanosecond => 1,
        TimeUnit::Microsecond => 1_000,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Second => 1_000_000_000,
    }
}

/// The times of an array of timestamps or dates; nanoseconds are not copied.
///
/// # Errors
///
/// [`Error::Invalid`] for an array of another type, and for times beyond what nanoseconds reach.
pub(crate) fn nanoseconds(array: &ArrayRef) -> Result<Times> {
    let data_type = values_type(array.data_type());
    let factor = match data_type {
        DataType::Timestamp(unit, _) => factor(*unit),
        DataType::Date64 => factor(TimeUnit::Millisecond),
        DataType::Date32 => 86_400 * factor(TimeUnit::Second),
        other => {
            return Err(Error::Invalid(format!(
                "times are of type {}; windows of time need timestamps or dates",
                shown(&type_text(other), NAME)
            )));
        }
    };
    // Dictionaries and runs first become what they are of.
    let integers = cast(array, data_type).and_then(|times| cast(&times, &DataType::Int64));
    let integers = integers.map_err(|error| Error::Data(error.to_string()))?;
    let nulls = integers.logical_nulls().filter(|nulls| nulls.null_count() > 0);
    let values = integers.as_primitive::<Int64Type>().values().clone();
    if factor == 1 {
        return Ok(Times { values, nulls });
    }
    let reach = i64::MIN / factor..=i64::MAX / factor;
    let is_there = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
    // A block at a time without a branch: few columns have such times.
    let mut blocks = values.chunks(1 << 10).zip((0..).step_by(1 << 10));
    let far = blocks.find_map(|(block, start)| {
        let holds_far = block.iter().fold(false, |any, time| any | !reach.contains(time));
        let is_far = |index: &usize| !reach.contains(&block[*index]) && is_there(start + *index);
        (0..block.len()).filter(|_| holds_far).find(is_far).map(|index| start + index)
    });
    if let Some(row) = far {
        return Err(Error::Invalid(format!(
            "the time of row {row} (counted from 0) is beyond the years 1677 to 2262, which nanoseconds reach"
        )));
    }
    Ok(Times { values: values.iter().map(|time| time.wrapping_mul(factor)).collect(), nulls })
}
