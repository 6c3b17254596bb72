//! Numbers as they are written, exactly, and where they stand among the values of a type.

use std::cmp::Ordering;
use std::fmt;

use arrow_buffer::i256;
use arrow_schema::DataType;
use half::f16;

use super::ranges::LiteralPosition;

/// The most decimal digits of an [`i256`].
const I256_DIGITS: i64 = 77;

/// The greatest exponent that is read, either way. No type's values come near it.
const MAX_EXPONENT: i64 = 1_000_000_000;

/// The digits that a display writes without an exponent.
const PLAIN_DIGITS: i64 = 40;

/// ±0.d₁d₂d₃…·10^point, with d₁ and the last digit not 0; zero has no digits, and is not negative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Number {
    negative: bool,
    /// ASCII digits.
    digits: String,
    point: i64,
}

impl Number {
    /// The number ±digits·10^exponent. `None` if its exponent is out of all reason.
    pub fn new(negative: bool, digits: &str, exponent: i64) -> Option<Self> {
        let digits = digits.trim_start_matches('0');
        let point = i64::try_from(digits.len()).ok()?.checked_add(exponent);
        let digits = digits.trim_end_matches('0');
        if digits.is_empty() {
            return Some(Self { negative: false, digits: String::new(), point: 0 });
        }
        let point = point.filter(|point| point.abs() <= MAX_EXPONENT)?;
        Some(Self { negative, digits: digits.to_owned(), point })
    }

    /// The number that `text` spells, as the language has it: digits, perhaps with a point, perhaps with an exponent.
    /// `None` if its exponent is out of all reason.
    pub fn parse(negative: bool, text: &str) -> Option<Self> {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let indices = i64::try_from(fraction.len()).ok()?;
        // An exponent beyond i64 is beyond all reason too, unless the number is zero.
        let exponent = exponent.parse::<i64>().unwrap_or(i64::MAX);
        Self::new(negative, &[whole, fraction].concat(), exponent.saturating_sub(indices))
    }

    /// The value of a finite float, to the last of its digits. `None` of one that is not finite.
    pub fn from_float(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        // The least subnormal is 2^-1074: 1074 places hold any float whole.
        Self::parse(value < 0.0, &format!("{:.1074}", value.abs()))
    }

    /// An integer times 10^-scale.
    pub fn scaled(whole: i256, scale: i16) -> Option<Self> {
        let digits = whole.to_string();
        let (negative, digits) = digits.strip_prefix('-').map_or((false, &*digits), |digits| (true, digits));
        Self::new(negative, digits, -i64::from(scale))
    }

    /// The number with the other sign.
    pub fn negated(self) -> Self {
        Self { negative: !self.negative && !self.digits.is_empty(), ..self }
    }

    /// How many digits it has behind the point.
    pub fn decimals(&self) -> i64 {
        (self.digits.len() as i64 - self.point).max(0)
    }

    /// Where the number stands among the integers, once it is multiplied by 10^scale.
    pub fn among_integers(&self, scale: i64) -> LiteralPosition<i256> {
        let beyond = if self.negative { LiteralPosition::Below } else { LiteralPosition::Above };
        let whole_digits = self.point + scale;
        if whole_digits > I256_DIGITS {
            return beyond;
        }
        let count = usize::try_from(whole_digits).unwrap_or(0);
        let is_whole = self.digits.len() <= count;
        let whole = match self.digits.get(..count) {
            Some(whole) => whole.parse(),
            None => format!("{:0<count$}", self.digits).parse(),
        };
        // Nothing is left of a number below one.
        let magnitude = if count == 0 { Some(i256::ZERO) } else { whole.ok() };
        let floor = match (magnitude, self.negative, is_whole) {
            (Some(magnitude), false, _) => Some(magnitude),
            (Some(magnitude), true, true) => magnitude.checked_neg(),
            (Some(magnitude), true, false) => magnitude.checked_neg().and_then(|whole| whole.checked_sub(i256::ONE)),
            // The one integer whose magnitude does not fit.
            (None, true, true) => format!("-{:0<count$}", self.digits).parse().ok(),
            (None, _, _) => None,
        };
        match floor {
            Some(value) if is_whole => LiteralPosition::At(value),
            Some(floor) => LiteralPosition::Between(floor),
            None => beyond,
        }
    }

    /// The float of this type that is nearest to the number, ties to even, as any language reads such a literal: where it stands among
    /// the floats, infinities included. One beyond the largest is not rounded.
    pub fn among_floats(&self, data_type: &DataType) -> LiteralPosition<f64> {
        if self.digits.is_empty() {
            return LiteralPosition::At(0.0);
        }
        // The standard library rounds correctly, whatever the number of digits.
        let text = format!("0.{}e{}", self.digits, self.point);
        let magnitude = match data_type {
            DataType::Float32 => text.parse::<f32>().map(f64::from),
            DataType::Float16 => text.parse().map(|nearest| f16::from_f32(self.to_odd(nearest)).to_f64()),
            _ => text.parse(),
        };
        match magnitude {
            Ok(magnitude) if magnitude.is_finite() => {
                LiteralPosition::At(if self.negative && magnitude > 0.0 { -magnitude } else { magnitude })
            }
            _ if self.negative => LiteralPosition::Between(f64::NEG_INFINITY),
            _ => LiteralPosition::Between(f64::MAX),
        }
    }

    /// The magnitude, to which this f64 is the nearest, as an f32 that shows in its last bit that it is not exact, so that it can be
    /// rounded once more (S. Boldo and G. Melquiond, *When double rounding is odd*, IMACS 2005).
    fn to_odd(&self, nearest: f64) -> f32 {
        let magnitude = Self { negative: false, ..self.clone() };
        let odd = match Self::from_float(nearest).map(|exact| magnitude.cmp(&exact)) {
            Some(Ordering::Less) => f64::from_bits(nearest.next_down().to_bits() | 1),
            Some(Ordering::Greater) => f64::from_bits(nearest.to_bits() | 1),
            Some(Ordering::Equal) | None => nearest,
        };
        let near = odd as f32;
        match f64::from(near).total_cmp(&odd) {
            Ordering::Less => f32::from_bits(near.to_bits() | 1),
            Ordering::Equal => near,
            Ordering::Greater => f32::from_bits(near.next_down().to_bits() | 1),
        }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |number: &Self| match (number.digits.is_empty(), number.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        // No digit is left out in front, and none is zero at the end, so that digits order as text.
        let magnitude = self.point.cmp(&other.point).then_with(|| self.digits.cmp(&other.digits));
        sign(self).cmp(&sign(other)).then(if self.negative { magnitude.reverse() } else { magnitude })
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.negative { "-" } else { "" };
        let digits = &self.digits;
        let indices = digits.len() as i64 - self.point;
        if digits.is_empty() {
            return f.write_str("0");
        }
        match usize::try_from(self.point) {
            Ok(point) if indices <= 0 && self.point <= PLAIN_DIGITS => write!(f, "{sign}{digits:0<point$}"),
            Ok(point) if point > 0 && indices > 0 => {
                let (whole, fraction) = digits.split_at(point);
                write!(f, "{sign}{whole}.{fraction}")
            }
            _ if self.point <= 0 && indices <= PLAIN_DIGITS => {
                let zeros = usize::try_from(-self.point).unwrap_or(0);
                write!(f, "{sign}0.{:0<zeros$}{digits}", "")
            }
            _ => write!(f, "{sign}{digits}e{}", -indices),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
        Number::parse(negative, text).unwrap()
    }

    #[test]
    fn one_value_has_one_form() {
        for (text, form) in [
            ("0", "0"),
            ("-0.00e7", "0"),
            ("0e99999999999999999999", "0"),
            ("007.50", "7.5"),
            ("-120", "-120"),
            (".5", "0.5"),
            ("5.", "5"),
            ("1e3", "1000"),
            ("1.5e-3", "0.0015"),
            ("-123456e-3", "-123.456"),
            ("1e-400", "1e-400"),
            ("12.5e400", "125e399"),
        ] {
            assert_eq!(number(text).to_string(), form, "{text}");
            assert_eq!(number(form), number(text));
        }
        assert_eq!(Number::parse(false, "1e1000000001"), None);
        assert_eq!(Number::parse(false, "1e-99999999999999999999"), None);
    }

    #[test]
    fn places_among_integers() {
        let at = |text: &str, scale| number(text).among_integers(scale);
        let int = |value: i128| i256::from_i128(value);
        assert_eq!(at("2.5", 0), LiteralPosition::Between(int(2)));
        assert_eq!(at("-2.5", 0), LiteralPosition::Between(int(-3)));
        assert_eq!(at("2.5", 1), LiteralPosition::At(int(25)));
        assert_eq!(at("-2.5", 3), LiteralPosition::At(int(-2500)));
        assert_eq!(at("1200", -2), LiteralPosition::At(int(12)));
        assert_eq!(at("1250", -2), LiteralPosition::Between(int(12)));
        assert_eq!(at("0.001", 0), LiteralPosition::Between(int(0)));
        assert_eq!(at("-0.001", 0), LiteralPosition::Between(int(-1)));
        assert_eq!(at("0", 0), LiteralPosition::At(int(0)));
        assert_eq!(at("1e-900000000", 0), LiteralPosition::Between(int(0)));
        assert_eq!(at("1e900000000", 0), LiteralPosition::Above);
        assert_eq!(at("-1e78", 0), LiteralPosition::Below);
        let (max, min) = (i256::MAX.to_string(), i256::MIN.to_string());
        assert_eq!(at(&max, 0), LiteralPosition::At(i256::MAX));
        assert_eq!(at(&min, 0), LiteralPosition::At(i256::MIN));
        assert_eq!(at(&format!("{max}.5"), 0), LiteralPosition::Between(i256::MAX));
        assert_eq!(at(&format!("{min}.5"), 0), LiteralPosition::Below);
        assert_eq!(at(&min[1..], 0), LiteralPosition::Above);
        assert_eq!(at(&format!("{}9", &min[..min.len() - 1]), 0), LiteralPosition::Below);
    }

    #[test]
    fn places_among_floats() {
        let at = |text: &str| number(text).among_floats(&DataType::Float64);
        assert_eq!(at("0.5"), LiteralPosition::At(0.5));
        assert_eq!(at("0"), LiteralPosition::At(0.0));
        assert_eq!(at("0.1"), LiteralPosition::At(0.1));
        assert_eq!(at("-0.1"), LiteralPosition::At(-0.1));
        assert_eq!(at("9007199254740993"), LiteralPosition::At(9007199254740992.0));
        assert_eq!(at("1e309"), LiteralPosition::Between(f64::MAX));
        assert_eq!(at("-1e900000000"), LiteralPosition::Between(f64::NEG_INFINITY));
        assert_eq!(at("1e-900000000"), LiteralPosition::At(0.0));
        assert!(matches!(at("-1e-400"), LiteralPosition::At(zero) if zero.is_sign_positive()));
        for value in [f64::MAX, f64::MIN_POSITIVE, 5e-324, -5e-324, 0.1, -1e300] {
            let exact = Number::from_float(value).unwrap();
            assert_eq!(exact.among_floats(&DataType::Float64), LiteralPosition::At(value));
            assert_eq!(number(&exact.to_string()), exact);
        }
        let at = |text: &str| number(text).among_floats(&DataType::Float32);
        assert_eq!(at("0.1"), LiteralPosition::At(f64::from(0.1f32)));
        assert_eq!(at("1e39"), LiteralPosition::Between(f64::MAX));
        let at = |text: &str| number(text).among_floats(&DataType::Float16);
        assert_eq!(at("0.1"), LiteralPosition::At(f16::from_f64(0.1).to_f64()));
        // Halfway between two of them, and a little above, which no f64 tells from it.
        assert_eq!(at("2049"), LiteralPosition::At(2048.0));
        assert_eq!(at("-2049.00000000000000001"), LiteralPosition::At(-2050.0));
        assert_eq!(at("2050.99999999999999999"), LiteralPosition::At(2050.0));
        assert_eq!(at("65520"), LiteralPosition::Between(f64::MAX));
    }
}
