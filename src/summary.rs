//! What is answered: one summary a series.

use crate::spec::{Spec, Statistic, quantile_name};

/// The answer for one series: three counts, and the statistics that the [`Spec`] asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The series' name, if it has one.
    pub column: Option<String>,
    /// The values that the statistics are of. NaNs are among them, unless they are omitted.
    pub count: u64,
    /// Missing values: Arrow nulls.
    pub null_count: u64,
    /// NaNs, whatever the policy.
    pub nan_count: u64,
    rows: u64,
    /// The statistics by their names in every output, in the order of every output; `None` where one is not defined.
    statistics: Vec<(String, Option<f64>)>,
}

impl Summary {
    /// The statistics are given in the order of [`field_names`].
    pub(crate) fn new(
        rows: u64,
        counts: [u64; 3],
        names: Vec<String>,
        statistics: impl Iterator<Item = Option<f64>>,
    ) -> Self {
        let [count, null_count, nan_count] = counts;
        Self {
            column: None,
            rows,
            count,
            null_count,
            nan_count,
            statistics: names.into_iter().zip(statistics.map(canonical)).collect(),
        }
    }

    /// The rows of the series: values, NaNs and nulls.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The same summary under the name of its series.
    pub(crate) fn named(self, column: Option<&str>) -> Self {
        let column = column.map(str::to_owned);
        Self { column, ..self }
    }

    /// A statistic by its name in every output (`mean`, `median`, `p99`, `mean_ci_low`, …); `None` where it was not
    /// asked for or is not defined.
    pub fn get(&self, name: &str) -> Option<f64> {
        let named = self.statistics.iter().find(|(candidate, _)| candidate == name);
        named.and_then(|(_, value)| *value)
    }

    /// Every statistic with its name, in the order of every output.
    pub fn statistics(&self) -> impl Iterator<Item = (&str, Option<f64>)> {
        self.statistics.iter().map(|(name, value)| (name.as_str(), *value))
    }
}

/// Every NaN that leaves rstats is the same one: 0x7ff8000000000000.
fn canonical(value: Option<f64>) -> Option<f64> {
    value.map(|value| if value.is_nan() { f64::NAN } else { value })
}

/// The names of a summary's statistics, after the three counts: what `spec` asks for, in the order of every output.
pub fn field_names(spec: &Spec) -> Vec<String> {
    let statistics = spec.statistics().iter().flat_map(|statistic| match statistic {
        Statistic::MeanCi => vec!["mean_ci_low".to_owned(), "mean_ci_high".to_owned()],
        statistic => vec![statistic.name().to_owned()],
    });
    let quantiles = spec.quantiles().iter().map(|p| quantile_name(p.value()));
    statistics.chain(quantiles).collect()
}
