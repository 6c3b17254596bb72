//! Numbers for people.

use crate::num::figure::Figure;
use crate::spec::{NullPolicy, Spec};

/// What was asked, as far as the figures depend on it.
pub(super) fn asked(spec: &Spec) -> Vec<String> {
    let quantiles = (!spec.quantiles().is_empty()).then(|| format!("quantiles: {}", spec.method()));
    let null = (spec.null() != NullPolicy::Skip).then(|| format!("null: {}", spec.null().name()));
    let always = [format!("ddof: {}", spec.ddof()), format!("nan: {}", spec.nan().name())];
    quantiles.into_iter().chain(always).chain(null).collect()
}

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

/// A count with its thousands apart.
#[cfg(feature = "page")]
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share in percent: what is not all is never 100, and what is not nothing never 0.
#[cfg(feature = "page")]
pub(super) fn percent(share: f64) -> String {
    match share * 100.0 {
        percent if percent > 0.0 && percent < 0.1 => "<\u{a0}0.1\u{a0}%".to_owned(),
        percent if percent < 100.0 && percent > 99.9 => ">\u{a0}99.9\u{a0}%".to_owned(),
        percent if percent == percent.round() => format!("{percent}\u{a0}%"),
        percent => format!("{percent:.1}\u{a0}%"),
    }
}
