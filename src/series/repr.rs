//! As which kind of number the values of a column are read, so that none is rounded on the way.

use arrow_schema::extension::EXTENSION_TYPE_NAME_KEY;
use arrow_schema::{DataType, Field};

use crate::num::decimal::Decimal;
use crate::num::number::Number;
use crate::stats::value::Value;

/// What the values of a type can be, as far as it matters for exactness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Floats of up to 64 bits.
    Float,
    /// Booleans and integers of up to 32 bits that are not negative: exact as f64.
    SmallUnsigned,
    /// Integers of up to 32 bits: exact as f64.
    SmallSigned,
    /// 64-bit integers.
    Signed,
    /// Unsigned 64-bit integers.
    Unsigned,
    /// Decimals of any width.
    Decimal,
}

impl Kind {
    /// The kind of a field. Extension types (periods, tensors, …) are no numbers, whatever they are stored as.
    pub fn from_field(field: &Field) -> Option<Self> {
        if field.metadata().contains_key(EXTENSION_TYPE_NAME_KEY) { None } else { Self::of(field.data_type()) }
    }

    /// The kind of a type, if its values are numbers; dictionaries and runs are of the kind of their values.
    pub fn of(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Float16 | DataType::Float32 | DataType::Float64 => Self::Float,
            DataType::Boolean | DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => Self::SmallUnsigned,
            DataType::Int8 | DataType::Int16 | DataType::Int32 => Self::SmallSigned,
            DataType::Int64 => Self::Signed,
            DataType::UInt64 => Self::Unsigned,
            DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..) => {
                Self::Decimal
            }
            DataType::Dictionary(_, values) => return Self::of(values),
            DataType::RunEndEncoded(_, values) => return Self::of(values.data_type()),
            _ => return None,
        })
    }
}

/// The kind of number that a series is scanned as: the cheapest that holds every value of its chunks exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Repr {
    /// As f64.
    Float,
    /// As i64.
    Signed,
    /// As u64.
    Unsigned,
    /// As exact decimals and floats beside each other.
    Exact,
}

impl Repr {
    /// The repr for chunks of these kinds.
    pub fn of(kinds: &[Kind]) -> Self {
        let has = |kind| kinds.contains(&kind);
        let wide = has(Kind::Signed) || has(Kind::Unsigned);
        let negative = has(Kind::Signed) || has(Kind::SmallSigned);
        if has(Kind::Decimal) || wide && has(Kind::Float) || has(Kind::Unsigned) && negative {
            Self::Exact
        } else if has(Kind::Unsigned) {
            Self::Unsigned
        } else if wide {
            Self::Signed
        } else {
            Self::Float
        }
    }

    /// Whether this repr holds every value of `kind`.
    pub fn holds(self, kind: Kind) -> bool {
        match self {
            Self::Float => matches!(kind, Kind::Float | Kind::SmallUnsigned | Kind::SmallSigned),
            Self::Signed => {
                matches!(kind, Kind::Signed | Kind::SmallSigned | Kind::SmallUnsigned)
            }
            Self::Unsigned => matches!(kind, Kind::Unsigned | Kind::SmallUnsigned),
            Self::Exact => true,
        }
    }
}

/// An expression in which `$type` is the type of values that a repr stands for.
macro_rules! with_repr {
    ($repr:expr, $type:ident => $result:expr) => {
        match $repr {
            $crate::series::Repr::Float => {
                type $type = f64;
                $result
            }
            $crate::series::Repr::Signed => {
                type $type = i64;
                $result
            }
            $crate::series::Repr::Unsigned => {
                type $type = u64;
                $result
            }
            $crate::series::Repr::Exact => {
                type $type = $crate::num::number::Number;
                $result
            }
        }
    };
}
pub(crate) use with_repr;

#[cfg(feature = "parquet")]
impl Repr {
    /// The bytes of a value as a scan keeps it.
    pub(crate) fn key_size(self) -> usize {
        with_repr!(self, T => size_of::<<T as Value>::Key>())
    }
}

/// A value that columns can be read as. The conversions are exact for the kinds that the repr holds, and are called
/// for no other.
pub trait Element: Value {
    /// The repr of this type.
    const REPR: Repr;

    /// From a float.
    fn from_float(value: f64) -> Self;
    /// From a signed integer, or a small unsigned one.
    fn from_signed(value: i64) -> Self;
    /// From an unsigned integer.
    fn from_unsigned(value: u64) -> Self;
    /// From a decimal.
    fn from_decimal(value: Decimal) -> Self;

    /// Floats as they are, where they need no conversion.
    fn floats(_: &[f64]) -> Option<&[Self]> {
        None
    }
    /// Signed integers as they are, where they need no conversion.
    fn signed(_: &[i64]) -> Option<&[Self]> {
        None
    }
    /// Unsigned integers as they are, where they need no conversion.
    fn unsigned(_: &[u64]) -> Option<&[Self]> {
        None
    }

    /// These values, if they are floats.
    fn as_floats(_: &[Self]) -> Option<&[f64]> {
        None
    }

    /// Where to read values of 64 bits to, if these are floats.
    fn floats_mut(_: &mut [Self]) -> Option<&mut [f64]> {
        None
    }
    /// The same for signed integers.
    fn signed_mut(_: &mut [Self]) -> Option<&mut [i64]> {
        None
    }
    /// The same for unsigned integers.
    fn unsigned_mut(_: &mut [Self]) -> Option<&mut [u64]> {
        None
    }
}

impl Element for f64 {
    const REPR: Repr = Repr::Float;

    fn from_float(value: f64) -> Self {
        value
    }
    fn from_signed(value: i64) -> Self {
        value as f64
    }
    fn from_unsigned(value: u64) -> Self {
        value as f64
    }
    fn from_decimal(value: Decimal) -> Self {
        Number::from(value).nearest()
    }
    fn floats(values: &[f64]) -> Option<&[Self]> {
        Some(values)
    }
    fn as_floats(values: &[Self]) -> Option<&[f64]> {
        Some(values)
    }
    fn floats_mut(values: &mut [Self]) -> Option<&mut [f64]> {
        Some(values)
    }
}

impl Element for i64 {
    const REPR: Repr = Repr::Signed;

    fn from_float(value: f64) -> Self {
        value as i64
    }
    fn from_signed(value: i64) -> Self {
        value
    }
    fn from_unsigned(value: u64) -> Self {
        value as i64
    }
    fn from_decimal(value: Decimal) -> Self {
        value.magnitude[0] as i64
    }
    fn signed(values: &[i64]) -> Option<&[Self]> {
        Some(values)
    }
    fn signed_mut(values: &mut [Self]) -> Option<&mut [i64]> {
        Some(values)
    }
}

impl Element for u64 {
    const REPR: Repr = Repr::Unsigned;

    fn from_float(value: f64) -> Self {
        value as u64
    }
    fn from_signed(value: i64) -> Self {
        value as u64
    }
    fn from_unsigned(value: u64) -> Self {
        value
    }
    fn from_decimal(value: Decimal) -> Self {
        value.magnitude[0]
    }
    fn unsigned(values: &[u64]) -> Option<&[Self]> {
        Some(values)
    }
    fn unsigned_mut(values: &mut [Self]) -> Option<&mut [u64]> {
        Some(values)
    }
}

impl Element for Number {
    const REPR: Repr = Repr::Exact;

    fn from_float(value: f64) -> Self {
        value.into()
    }
    fn from_signed(value: i64) -> Self {
        value.into()
    }
    fn from_unsigned(value: u64) -> Self {
        value.into()
    }
    fn from_decimal(value: Decimal) -> Self {
        value.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repr_holds_what_it_was_chosen_for() {
        use Kind::*;
        let kinds = [Float, SmallUnsigned, SmallSigned, Signed, Unsigned, Decimal];
        for a in kinds {
            for b in kinds {
                for c in kinds {
                    let repr = Repr::of(&[a, b, c]);
                    assert!([a, b, c].iter().all(|&kind| repr.holds(kind)), "{repr:?} for {a:?} {b:?} {c:?}");
                }
            }
        }
        assert_eq!(Repr::of(&[Float, SmallSigned]), Repr::Float);
        assert_eq!(Repr::of(&[Signed, SmallUnsigned]), Repr::Signed);
        assert_eq!(Repr::of(&[Unsigned, SmallSigned]), Repr::Exact);
        assert_eq!(Repr::of(&[Signed, Float]), Repr::Exact);
        assert_eq!(Repr::of(&[]), Repr::Float);
    }
}
