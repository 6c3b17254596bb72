//! What is answered: one summary a series.

use std::sync::Arc;

use smallvec::SmallVec;

/// The answer for one series: three counts, and the statistics that the [`Spec`](crate::spec::Spec) asked for.
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
    /// The statistics' names in every output.
    names: Arc<[String]>,
    /// Their values, in the order of every output; `None` where one is not defined.
    values: SmallVec<[Option<f64>; 10]>,
}

impl Summary {
    /// The statistics are given in the order of [`Spec::field_names`](crate::Spec::field_names).
    pub(crate) fn new(
        rows: u64,
        counts: [u64; 3],
        names: Arc<[String]>,
        statistics: impl Iterator<Item = Option<f64>>,
    ) -> Self {
        let [count, null_count, nan_count] = counts;
        Self { column: None, rows, count, null_count, nan_count, names, values: statistics.map(canonical).collect() }
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
        let place = self.names.iter().position(|candidate| candidate == name)?;
        *self.values.get(place)?
    }

    /// Every statistic with its name, in the order of every output.
    pub fn statistics(&self) -> impl Iterator<Item = (&str, Option<f64>)> {
        self.names.iter().map(String::as_str).zip(self.values.iter().copied())
    }
}

/// Every NaN that leaves rstats is the same one: 0x7ff8000000000000.
fn canonical(value: Option<f64>) -> Option<f64> {
    value.map(|value| if value.is_nan() { f64::NAN } else { value })
}
