//! Numbers as Python spells them.

/// Any f64, as outputs name it.
pub fn any_number(value: f64) -> String {
    match name(value) {
        Some(name) => name.to_owned(),
        None => number(value),
    }
}

/// The name of what JSON has no number for.
pub(crate) fn name(value: f64) -> Option<&'static str> {
    match value {
        value if value.is_nan() => Some("NaN"),
        f64::INFINITY => Some("Infinity"),
        f64::NEG_INFINITY => Some("-Infinity"),
        _ => None,
    }
}

/// A finite f64 as Python's `repr` has it: the shortest digits (of two that are as short and as near, the even one),
/// with an exponent below 1e-4 and from 1e16 on.
pub fn number(value: f64) -> String {
    let mut text = Vec::with_capacity(24);
    write_number(&mut text, value);
    text.into_iter().map(char::from).collect() // digits, signs, a point and an e
}

/// Appends a finite f64 as [`number`] has it.
pub(crate) fn write_number(out: &mut Vec<u8>, value: f64) {
    let mut buffer = zmij::Buffer::new();
    let shortest = buffer.format_finite(value);
    // Here both spell alike. A report of many groups has millions of numbers, so nothing is allocated here or below.
    if (1e-4..1e16).contains(&value.abs()) || value == 0.0 {
        out.extend_from_slice(shortest.as_bytes());
        return;
    }
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((shortest, "0"));
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(mantissa) => ("-", mantissa),
        None => ("", mantissa),
    };
    // The mantissa is 1.5, 1.0 or 1, or without an exponent 0.000015: the digits without zeros at either end, and where the
    // point stands, counted from the first of them.
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let (first, rest, point) = match whole {
        "0" => {
            let digits = fraction.trim_start_matches('0');
            let (first, rest) = digits.split_at(digits.len().min(1));
            (first, rest, digits.len() as i32 - fraction.len() as i32)
        }
        _ => (whole, fraction, whole.len() as i32),
    };
    let rest = rest.trim_end_matches('0');
    let exponent = exponent.parse::<i32>().unwrap_or(0) + point - 1;
    out.extend_from_slice(sign.as_bytes());
    out.extend_from_slice(first.as_bytes());
    if !rest.is_empty() {
        out.push(b'.');
        out.extend_from_slice(rest.as_bytes());
    }
    out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
    let exponent = exponent.unsigned_abs();
    for power in [100, 10, 1] {
        if exponent >= power || power < 100 {
            out.push(b'0' + (exponent / power % 10) as u8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_spelled_as_python_spells_them() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (-2.5, "-2.5"),
            (0.0001, "0.0001"),
            (0.00012345, "0.00012345"),
            (0.00009999999999999999, "9.999999999999999e-05"),
            (0.00001, "1e-05"),
            (-0.0000123, "-1.23e-05"),
            (123456789012345.6, "123456789012345.6"),
            (1e15, "1000000000000000.0"),
            (9007199254740993.0, "9007199254740992.0"),
            (9999999999999998.0, "9999999999999998.0"),
            (1e16, "1e+16"),
            (-12345678901234567890.0, "-1.2345678901234567e+19"),
            (1.5e-7, "1.5e-07"),
            (1.7976931348623157e308, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
            (1e100, "1e+100"),
            (-1e-100, "-1e-100"),
            (2.5e-99, "2.5e-99"),
            (5669483463058373.0 / 4.0, "1417370865764593.2"),
        ] {
            assert_eq!(number(value), text);
        }
        assert_eq!(
            [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.0].map(any_number),
            ["NaN", "Infinity", "-Infinity", "1.0"]
        );
    }

    /// The digits and the exponent of a spelling, without zeros at either end.
    fn parts(text: &str) -> (String, i32) {
        let text = text.trim_start_matches('-');
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_start_matches('0');
        let zeros = (digits.len() - significant.len()) as i32;
        (significant.trim_end_matches('0').to_owned(), whole.len() as i32 - zeros + exponent.parse::<i32>().unwrap())
    }

    proptest! {
        /// As many digits as the standard library needs, which read back to the same bits; and by Python's rule an exponent,
        /// of two digits at least, or none.
        #[test]
        fn any_number_reads_back(value in prop_oneof![any::<f64>(), any::<u64>().prop_map(f64::from_bits), -1e17..1e17, -1e-3..1e-3, (-1000i32..1000).prop_map(f64::from)]) {
            prop_assume!(value.is_finite());
            let text = number(value);
            prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), value.to_bits(), "{}", text);
            if value == 0.0 {
                return Ok(());
            }
            let ((digits, point), (fewest, same)) = (parts(&text), parts(&format!("{value:e}")));
            prop_assert_eq!((digits.len(), point), (fewest.len(), same), "{}", text);
            match text.split_once('e') {
                None => prop_assert!((-3..=16).contains(&point) && text.contains('.') && !text.ends_with('.'), "{}", text),
                Some((mantissa, exponent)) => {
                    prop_assert!(!(-3..=16).contains(&point) && !mantissa.ends_with(".0"), "{}", text);
                    prop_assert_eq!(mantissa.trim_start_matches('-').find('.').unwrap_or(1), 1, "{}", text);
                    let padded = exponent.starts_with(['+', '-']) && exponent.len() >= 3;
                    prop_assert!(padded && (exponent.len() == 3 || !exponent[1..].starts_with('0')), "{}", text);
                }
            }
        }
    }
}
