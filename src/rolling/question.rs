//! What is asked: which rows are in a window, and of how many of them something is said.

use std::str::FromStr;

use crate::error::{Error, Result};
use crate::spec::{Spec, Statistic, parse_span, span_text};
use crate::suggest::hint;

/// Windows that move along the rows of a series. The names and the defaults are those of pandas.
///
/// ```
/// use arrow_array::Float64Array;
/// use rstats::{Interrupt, Rolling, Series, Spec};
///
/// let series = Series::from_arrays(None, vec![std::sync::Arc::new(Float64Array::from(vec![1.0, 2.0, 6.0, 4.0]))])?;
/// let spec = Spec::default().with_quantiles(&[])?.with_statistics_named(["mean"])?;
/// let table = Rolling::rows(2)?.describe(&[series], vec![], None, &spec, &Interrupt::default())?;
/// let means: &Float64Array = table["mean"].as_any().downcast_ref().unwrap();
/// assert_eq!(means.iter().collect::<Vec<_>>(), [None, Some(1.5), Some(4.0), Some(5.0)]);
/// # Ok::<(), rstats::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Rolling {
    pub(super) extent: Extent,
    pub(super) min_periods: u64,
    pub(super) closed: Closed,
    pub(super) center: bool,
    pub(super) step: usize,
    pub(super) counts: bool,
}

/// How far a window reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// A number of rows.
    Rows(u64),
    /// A span of nanoseconds.
    Time(u64),
    /// From the first row on.
    All,
}

/// Which ends of a window belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Closed {
    /// The last one: the default.
    Right,
    /// The first one.
    Left,
    /// Both.
    Both,
    /// None.
    Neither,
}

impl Closed {
    /// Each with its name.
    pub const ALL: [(Self, &'static str); 4] =
        [(Self::Right, "right"), (Self::Left, "left"), (Self::Both, "both"), (Self::Neither, "neither")];

    pub(super) fn holds_first(self) -> bool {
        matches!(self, Self::Left | Self::Both)
    }

    pub(super) fn holds_last(self) -> bool {
        matches!(self, Self::Right | Self::Both)
    }
}

impl FromStr for Closed {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(closed, _)| *closed).ok_or_else(|| {
            let meant = hint(name, Self::ALL.iter().map(|(_, name)| *name));
            Error::Invalid(format!(
                "'{name}' is not a way to close a window; that is right, left, both or neither{meant}"
            ))
        })
    }
}

impl Rolling {
    fn new(extent: Extent, min_periods: u64) -> Self {
        Self { extent, min_periods, closed: Closed::Right, center: false, step: 1, counts: false }
    }

    /// Windows of `count` rows: a row, and those before it. Something is said of a window where all of its rows hold a value.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for windows of no rows.
    pub fn rows(count: u64) -> Result<Self> {
        if count == 0 {
            return Err(Error::Invalid("a window of 0 rows holds nothing; it has 1 row at least".to_owned()));
        }
        Ok(Self::new(Extent::Rows(count), count))
    }

    /// Windows of this many nanoseconds of the times that [`Rolling::describe`] is given: a row, and those before it that are less than
    /// that away. Something is said of each that holds a value.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for windows of no time, and for 2^63 nanoseconds (292 years) and more.
    pub fn time(nanoseconds: u64) -> Result<Self> {
        if nanoseconds == 0 || nanoseconds > i64::MAX as u64 {
            return Err(Error::Invalid(format!(
                "a window of {}; it is 1ns long at least, and 292 years at most",
                span_text(nanoseconds)
            )));
        }
        Ok(Self::new(Extent::Time(nanoseconds), 1))
    }

    /// Windows of this text: the number of their rows, or a span of time such as `30s`, `5min`, `1h30min`, `2d`.
    ///
    /// # Errors
    ///
    /// As [`Rolling::rows`] and [`Rolling::time`], and [`Error::Invalid`] for any other text.
    pub fn parse(text: &str) -> Result<Self> {
        match text.trim().parse() {
            Ok(rows) => Self::rows(rows),
            Err(_) => Self::time(parse_span(text)?),
        }
    }

    /// Windows from the first row on.
    pub fn expanding() -> Self {
        Self::new(Extent::All, 1)
    }

    /// Something is said of windows that hold this many values at least.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for more values than the rows of a window.
    pub fn with_min_periods(self, min_periods: u64) -> Result<Self> {
        match self.extent {
            Extent::Rows(rows) if min_periods > rows => Err(Error::Invalid(format!(
                "min_periods is {min_periods}, and a window has {rows} {}; it is that at most",
                if rows == 1 { "row" } else { "rows" }
            ))),
            _ => Ok(Self { min_periods, ..self }),
        }
    }

    /// The same with these ends.
    pub fn with_closed(self, closed: Closed) -> Self {
        Self { closed, ..self }
    }

    /// The same with each row in the middle of its window.
    pub fn centered(self) -> Self {
        Self { center: true, ..self }
    }

    /// The same of each `step`-th row only, from the first one on.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a step of 0.
    pub fn with_step(self, step: usize) -> Result<Self> {
        if step == 0 {
            return Err(Error::Invalid("a step of 0 rows; it is 1 at least".to_owned()));
        }
        Ok(Self { step, ..self })
    }

    /// The same with the number of values of each window before all statistics.
    pub fn with_counts(self) -> Self {
        Self { counts: true, ..self }
    }

    /// Whether the rows need times.
    pub fn needs_times(&self) -> bool {
        matches!(self.extent, Extent::Time(_))
    }

    /// Whether each row is surely in its own window.
    pub(super) fn is_of_its_row(&self) -> bool {
        self.closed.holds_last() || self.extent == Extent::All
    }

    /// The statistics that windows have.
    const STATISTICS: [Statistic; 13] = [
        Statistic::Min,
        Statistic::Max,
        Statistic::Range,
        Statistic::Sum,
        Statistic::Mean,
        Statistic::Variance,
        Statistic::Stddev,
        Statistic::Sem,
        Statistic::Iqr,
        Statistic::Skewness,
        Statistic::Kurtosis,
        Statistic::NUnique,
        Statistic::Cv,
    ];

    pub(super) fn check(&self, spec: &Spec) -> Result<()> {
        match spec.statistics().iter().find(|statistic| !Self::STATISTICS.contains(statistic)) {
            None => Ok(()),
            Some(statistic) => {
                let names: Vec<_> = Self::STATISTICS.iter().map(|statistic| statistic.name()).collect();
                Err(Error::Invalid(format!(
                    "windows have no {statistic}; they have count, {} and quantiles",
                    names.join(", ")
                )))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_window_is_is_refused() {
        assert!(Rolling::rows(0).is_err());
        assert!(Rolling::time(0).is_err());
        assert!(Rolling::parse("0").is_err());
        assert!(Rolling::parse("1mo").is_err());
        assert_eq!(Rolling::parse("100").unwrap(), Rolling::rows(100).unwrap());
        assert!(Rolling::rows(3).unwrap().with_min_periods(4).is_err());
        assert!(Rolling::rows(3).unwrap().with_step(0).is_err());
        assert_eq!("both".parse::<Closed>().unwrap(), Closed::Both);
        let error = "rigth".parse::<Closed>().unwrap_err().to_string();
        assert!(error.ends_with("did you mean 'right'?"), "{error}");
    }
}
