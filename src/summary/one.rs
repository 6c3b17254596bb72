//! The answer for one series.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::num::decimal::EXACT_IN_F64;
use crate::num::figure::{Figure, NumberType};
use crate::num::rational::Rational;
use crate::spec::{Histogram, is_exact};

/// The answer for one series: three counts, and the statistics that the [`Spec`](crate::Spec) asked for.
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
    pub(super) values: SmallVec<[Option<f64>; 9]>,
    /// What the extrema, the range, the sum and the mode are.
    pub(super) number_type: NumberType,
    /// Those of them that are no floats, by their index.
    exact: Option<Box<Exact>>,
    histogram: Option<Box<Histogram>>,
}

/// Statistics beyond the float that is nearest, by their index: few series have any.
type Exact = Vec<(usize, Rational)>;

impl Summary {
    /// The statistics are given in the order of [`Spec::field_names`](crate::Spec::field_names).
    pub(crate) fn new(
        rows: u64,
        counts: [u64; 3],
        names: Arc<[String]>,
        statistics: impl Iterator<Item = Option<f64>>,
    ) -> Self {
        let [count, null_count, nan_count] = counts;
        let values = statistics.map(canonical).collect();
        let (number_type, exact) = (NumberType::Float, None);
        let histogram = None;
        Self { column: None, rows, count, null_count, nan_count, names, values, number_type, exact, histogram }
    }

    /// The same with what is known of some statistics, by their index, beyond the float that is nearest.
    pub(crate) fn with_exact(self, exact: Vec<(usize, Rational)>) -> Self {
        Self { exact: (!exact.is_empty()).then(|| Box::new(exact)), ..self }
    }

    /// The same where these statistics, by their index, are these integers.
    pub(crate) fn with_integers(mut self, integers: Vec<(usize, i128)>) -> Self {
        integers.iter().for_each(|(index, integer)| self.values[*index] = Some(*integer as f64));
        let is_told = |integer: i128| integer.unsigned_abs() <= EXACT_IN_F64.into();
        let exact = integers.into_iter().filter(|(_, integer)| !is_told(*integer));
        let whole = |integer: i128| Rational::integer(integer < 0, integer.unsigned_abs().into());
        self.with_exact(exact.map(|(index, integer)| (index, whole(integer))).collect())
    }

    /// The same with this histogram.
    pub(crate) fn with_histogram(self, histogram: Option<Histogram>) -> Self {
        Self { histogram: histogram.map(Box::new), ..self }
    }

    /// The histogram; `None` where none was asked for, or there are no values, a NaN or an infinite one.
    ///
    /// ```
    /// use rstats::{Spec, Statistic, describe};
    ///
    /// let array = arrow_array::Int32Array::from(vec![1, 2, 2, 9]);
    /// let summary = describe(&array, &Spec::default().with_histogram("4".parse()?))?;
    /// let histogram = summary.histogram().unwrap();
    /// assert_eq!(histogram.edges, [1.0, 3.0, 5.0, 7.0, 9.0]);
    /// assert_eq!(histogram.counts, [3, 0, 0, 1]);
    /// # Ok::<(), rstats::Error>(())
    /// ```
    pub fn histogram(&self) -> Option<&Histogram> {
        self.histogram.as_deref()
    }

    /// The same of a series of this type.
    pub(crate) fn of_type(self, number_type: NumberType) -> Self {
        Self { number_type, ..self }
    }

    /// What is known beyond floats, by the index of the statistic.
    pub(crate) fn exact(&self) -> &[(usize, Rational)] {
        self.exact.as_deref().map_or(&[], Vec::as_slice)
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
        let index = self.names.iter().position(|candidate| candidate == name)?;
        *self.values.get(index)?
    }

    /// Every statistic with its name, in the order of every output.
    pub fn statistics(&self) -> impl Iterator<Item = (&str, Option<f64>)> {
        self.names.iter().map(String::as_str).zip(self.values.iter().copied())
    }

    /// A statistic as what it is: the extrema, the range, the sum and the mode of integers are integers, those of decimals decimals.
    ///
    /// ```
    /// use rstats::{Figure, Spec, Statistic, describe};
    ///
    /// let array = arrow_array::Int64Array::from(vec![9_007_199_254_740_993, 1]);
    /// let summary = describe(&array, &Spec::default().with_statistics([Statistic::Max]))?;
    /// assert_eq!(summary.figure("max"), Some(Figure::Integer(9_007_199_254_740_993)));
    /// # Ok::<(), rstats::Error>(())
    /// ```
    pub fn figure(&self, name: &str) -> Option<Figure> {
        let index = self.names.iter().position(|candidate| candidate == name)?;
        let value = (*self.values.get(index)?)?;
        if !is_exact(name) {
            return Some(Figure::Float(value));
        }
        let exact = self.exact().iter().find(|(exact, _)| *exact == index);
        Some(self.number_type.figure(value, exact.and_then(|(_, exact)| self.number_type.kept(exact))))
    }
}

/// Every NaN that leaves rstats is the same one: 0x7ff8000000000000.
fn canonical(value: Option<f64>) -> Option<f64> {
    value.map(|value| if value.is_nan() { f64::NAN } else { value })
}
