//! What is asked of a stream: which windows, of which columns, and what happens to rows that come late.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::assign::Periods;
use crate::describe::check_names;
use crate::error::{Error, Result};
use crate::spec::{Spec, span_text};
use crate::suggest::hint;

/// The names of the columns that say which window a row of the answer is of.
pub(super) const BOUNDS: [&str; 2] = ["window_start", "window_end"];

/// What happens to a row that comes after its windows were closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Late {
    /// It is counted, and left out.
    #[default]
    Count,
    /// It is counted, and handed out by [`Windows::take_late`](super::Windows::take_late).
    Keep,
    /// It is an error; so is a row whose time is null.
    Error,
}

impl Late {
    /// Each with its name.
    pub const ALL: [(Self, &'static str); 3] = [(Self::Count, "count"), (Self::Keep, "keep"), (Self::Error, "error")];
}

impl FromStr for Late {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(late, _)| *late).ok_or_else(|| {
            let meant = hint(name, Self::ALL.iter().map(|(_, name)| *name));
            Error::Invalid(format!("'{name}' is not a policy for late rows; it is one of count, keep or error{meant}"))
        })
    }
}

/// Which rows share a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Shape {
    Periodic(Periods),
    /// Rows of one key that are less than this many nanoseconds apart.
    Session(i64),
}

/// Windows of event time: those of a length that follow each other ([`Windowing::tumbling`]) or overlap ([`Windowing::sliding`]), and
/// sessions, which end once nothing comes for a while ([`Windowing::session`]). Lengths are in nanoseconds;
/// [`parse_span`](crate::parse_span) reads them as people write them.
///
/// A window holds the rows from its start on, and before its end. Periodic windows begin at whole multiples of their slide since 1970,
/// in UTC, plus an offset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Windowing {
    pub(super) shape: Shape,
    pub(super) on: String,
    pub(super) by: Vec<String>,
    /// The columns that are described; else those of numbers.
    pub(super) columns: Option<Vec<String>>,
    pub(super) spec: Spec,
    pub(super) max_delay: i64,
    pub(super) max_ahead: Option<i64>,
    pub(super) late: Late,
    pub(super) memory_limit: Option<u64>,
}

/// A span of time as a positive number of nanoseconds.
fn span(what: &str, nanoseconds: u64) -> Result<i64> {
    i64::try_from(nanoseconds).ok().filter(|&span| span > 0).ok_or_else(|| {
        Error::Invalid(format!("{what} is {}; it is 1ns at least, and 292 years at most", span_text(nanoseconds)))
    })
}

impl Windowing {
    fn new(shape: Shape) -> Self {
        Self {
            shape,
            on: String::new(),
            by: Vec::new(),
            columns: None,
            spec: Spec::default(),
            max_delay: 0,
            max_ahead: None,
            late: Late::default(),
            memory_limit: None,
        }
    }

    /// Windows of this length, each beginning where the one before ends.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a length of 0, or of 292 years and more.
    pub fn tumbling(size: u64) -> Result<Self> {
        Self::sliding(size, size)
    }

    /// Windows of this length, one of which begins each `slide`.
    ///
    /// # Errors
    ///
    /// As [`Windowing::tumbling`], and for a slide that is longer than a window: some rows would be in none.
    pub fn sliding(size: u64, slide: u64) -> Result<Self> {
        let (size, slide) = (span("the size of a window", size)?, span("the slide of windows", slide)?);
        Ok(Self::new(Shape::Periodic(Periods::new(size, slide)?)))
    }

    /// Sessions: rows of one key are in one if each comes less than `gap` after the one before. A session ends `gap` after its last row.
    ///
    /// # Errors
    ///
    /// As [`Windowing::tumbling`].
    pub fn session(gap: u64) -> Result<Self> {
        Ok(Self::new(Shape::Session(span("the gap between sessions", gap)?)))
    }

    /// The same, beginning this many nanoseconds after whole multiples of the slide.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for sessions, which begin with a row.
    pub fn with_offset(mut self, offset: i64) -> Result<Self> {
        match &mut self.shape {
            Shape::Periodic(periods) => *periods = periods.with_offset(offset),
            Shape::Session(_) => {
                return Err(Error::Invalid(
                    "sessions begin with a row; only windows of a size have an offset".to_owned(),
                ));
            }
        }
        Ok(self)
    }

    /// The name of the column that holds the time of each row.
    pub fn on(self, column: &str) -> Self {
        Self { on: column.to_owned(), ..self }
    }

    /// A group for each distinct value of these columns.
    pub fn by(self, columns: Vec<String>) -> Self {
        Self { by: columns, ..self }
    }

    /// The columns that are described; else all of numbers, but for those of times and keys.
    pub fn columns(self, columns: Vec<String>) -> Self {
        Self { columns: Some(columns), ..self }
    }

    /// What is asked of each window.
    pub fn describe(self, spec: &Spec) -> Self {
        Self { spec: spec.clone(), ..self }
    }

    /// By how many nanoseconds a row may be behind the latest one of its partition without being late.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for 292 years and more.
    pub fn with_max_delay(self, nanoseconds: u64) -> Result<Self> {
        let max_delay = if nanoseconds == 0 { 0 } else { span("the longest delay", nanoseconds)? };
        Ok(Self { max_delay, ..self })
    }

    /// A row that is further ahead of the clock than this many nanoseconds is counted where it belongs, but closes no window.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for 292 years and more.
    pub fn with_max_ahead(self, nanoseconds: u64) -> Result<Self> {
        let ahead = if nanoseconds == 0 { 0 } else { span("the longest time ahead", nanoseconds)? };
        Ok(Self { max_ahead: Some(ahead), ..self })
    }

    /// What happens to late rows.
    pub fn with_late(self, late: Late) -> Self {
        Self { late, ..self }
    }

    /// The most bytes of memory that open windows may take, while they are described too. Rows beyond it are written to temporary
    /// files, with the feature `stream`; it is an error once the rows of one key in one window do not fit.
    pub fn with_memory_limit(self, bytes: u64) -> Self {
        Self { memory_limit: Some(bytes), ..self }
    }

    /// What is asked of each window.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The column of times.
    pub fn time_column(&self) -> &str {
        &self.on
    }

    /// The columns of keys.
    pub fn keys(&self) -> &[String] {
        &self.by
    }

    /// The columns that are described, if they were named.
    pub fn wanted(&self) -> Option<&[String]> {
        self.columns.as_deref()
    }

    /// Whether the names of the answer's columns differ.
    pub(super) fn check(&self) -> Result<()> {
        if self.on.is_empty() {
            return Err(Error::Invalid("windows need the name of the column of times: on".to_owned()));
        }
        if let Some(name) = self.by.iter().find(|name| BOUNDS.contains(&name.as_str())) {
            return Err(Error::Invalid(format!("a key is named '{name}', like a column of the answer; rename it")));
        }
        check_names(self.by.iter().map(String::as_str), &self.spec)
    }

    /// The spans that the bounds of windows are sums of.
    pub(super) fn spans(&self) -> Vec<i64> {
        match self.shape {
            Shape::Periodic(periods) => periods.spans(),
            Shape::Session(gap) => vec![gap],
        }
    }
}
