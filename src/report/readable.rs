//! Numbers for people.

use crate::num::figure::Figure;

/// Six significant digits of a float; JSON has them all. Integers and decimals have all of theirs.
pub(super) fn readable(figure: Option<Figure>) -> String {
    let value = match figure {
        None => return "–".to_owned(),
        Some(Figure::Float(value)) => value,
        Some(exact) => return exact.to_string(),
    };
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞" } else { "−∞" }.to_owned();
    }
    if value == value.trunc() && value.abs() < 1e9 {
        return format!("{value:.0}");
    }
    let magnitude = value.abs().log10().floor() as i32;
    if (-5..9).contains(&magnitude) {
        let decimals = usize::try_from(5 - magnitude).unwrap_or(0).min(10);
        let text = format!("{value:.decimals$}");
        let trimmed = text.trim_end_matches('0').trim_end_matches('.');
        return if text.contains('.') { trimmed.to_owned() } else { text };
    }
    format!("{value:.5e}")
}
