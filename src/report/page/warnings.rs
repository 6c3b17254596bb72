//! What is worth a second look.

use super::columns::{Column, Row};
use crate::pairs::{Coefficient, PairMatrix};
use crate::report::readable::percent;
use crate::series::series_kind::SeriesKind;

/// From these shares on it is worth a word.
const MISSING: f64 = 0.2;
const OUTLIERS: f64 = 0.05;
const ZEROS: f64 = 0.5;

/// The skewness from which on, in either direction.
const SKEWED: f64 = 5.0;

/// The coefficient from which on two columns tell nearly the same.
const CORRELATED: f64 = 0.95;

/// The most pairs that are named.
const PAIRS: usize = 20;

/// What is worth a look in a column as a whole.
pub fn of_column(column: &Column, row: &Row) -> Vec<String> {
    let mut found = Vec::new();
    if row.rows == 0 {
        return vec!["has no rows".to_owned()];
    }
    if row.count == 0 {
        return vec!["has no values".to_owned()];
    }
    let of_all = |count: u64| count as f64 / row.rows as f64;
    let of_values = |count: f64| count / row.count as f64;
    if of_all(row.null_count) >= MISSING {
        found.push(format!("{} missing", percent(of_all(row.null_count))));
    }
    if row.nan_count > 0 {
        found.push(format!("{} NaN", percent(of_all(row.nan_count))));
    }
    let [min, max] = ["min", "max"].map(|name| row.text(name));
    let is_constant = min.is_some() && min == max && row.text("range").is_none_or(|_| row.place("range") == Some(0.0));
    if is_constant && row.count > 1 {
        found.push(format!("constant: every value is {}", min.unwrap_or_default()));
    }
    match column.kind {
        SeriesKind::Number => of_numbers(row, of_values, &mut found),
        SeriesKind::Text => of_texts(row, column.are_bytes, of_values, &mut found),
        SeriesKind::Boolean => {
            let n_true = row.place("n_true");
            if row.count > 1 && (n_true == Some(0.0) || n_true == Some(row.count as f64)) {
                found.push(format!("constant: every value is {}", n_true != Some(0.0)));
            }
        }
        _ => {}
    }
    found
}

fn of_numbers(row: &Row, of_values: impl Fn(f64) -> f64, found: &mut Vec<String>) {
    if [row.place("min"), row.place("max")].into_iter().flatten().any(f64::is_infinite) {
        found.push("has infinite values".to_owned());
    }
    let outliers = row.place("n_low_outliers").zip(row.place("n_high_outliers"));
    if let Some(share) = outliers.map(|(low, high)| of_values(low + high)).filter(|share| *share >= OUTLIERS) {
        found.push(format!("{} outliers (beyond Tukey's fences)", percent(share)));
    }
    if let Some(skewness) = row.place("skewness").filter(|skewness| skewness.abs() >= SKEWED) {
        found.push(format!("skewed to the {}", if skewness > 0.0 { "right" } else { "left" }));
    }
    if let Some(share) = row.place("n_zero").map(of_values).filter(|share| (ZEROS..1.0).contains(share)) {
        found.push(format!("{} zeros", percent(share)));
    }
}

fn of_texts(row: &Row, are_bytes: bool, of_values: impl Fn(f64) -> f64, found: &mut Vec<String>) {
    if row.count > 1 && row.place("n_unique") == Some(row.count as f64) {
        found.push("unique: no value comes twice".to_owned());
    }
    if let Some(share) = row.place("n_empty").map(of_values).filter(|share| *share > 0.0) {
        found.push(format!("{} empty", percent(share)));
    }
    if are_bytes {
        return;
    }
    let ends = ["min", "max"].map(|name| row.text(name).map(str::to_owned)).into_iter().flatten();
    let frequent = row.top.iter().flatten().map(|(value, _)| value.clone());
    let values: Vec<String> = ends.chain(frequent).filter(|value| !value.trim().is_empty()).collect();
    let numbers = values.iter().filter(|value| value.trim().parse::<f64>().is_ok()).count();
    if numbers > 0 && numbers == values.len() {
        found.push("text that looks like numbers".to_owned());
    } else if numbers > 0 {
        found.push("mixed: some values look like numbers".to_owned());
    }
}

/// Pairs of columns that tell nearly the same, the strongest ones first.
pub fn of_pairs(pairs: &PairMatrix) -> Vec<String> {
    if pairs.coefficient == Coefficient::Covariance {
        return Vec::new();
    }
    let names = pairs.names();
    let all = (0..names.len()).flat_map(|a| (a + 1..names.len()).map(move |b| (a, b)));
    let mut strong: Vec<(f64, usize, usize)> = all
        .filter_map(|(a, b)| Some((pairs.get(a, b)?, a, b)))
        .filter(|(value, ..)| value.abs() >= CORRELATED)
        .collect();
    strong.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
    let more = strong.len().saturating_sub(PAIRS);
    let named = strong.into_iter().take(PAIRS);
    let named = named.map(|(value, a, b)| format!("{} and {} go together: r = {value:.3}", names[a], names[b]));
    named.chain((more > 0).then(|| format!("{more} more pairs go together"))).collect()
}
