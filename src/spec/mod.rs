//! What is asked of a series.
//!
//! A [`Spec`] is the question: `statistic` has the names, `question` what can be set, `learned` what a scan has to learn for it,
//! `serial` how it is written; `span` reads spans of time.

mod learned;
mod question;
mod serial;
mod span;
mod statistic;

pub use crate::stats::higher_moments::Bias;
pub use crate::stats::histogram::{BinCount, Histogram};
pub use crate::stats::quantile::{Method, PlottingPosition, Probability};
pub(crate) use learned::Learned;
pub use question::Spec;
pub use span::parse_span;
pub(crate) use span::span_text;
pub use statistic::{KindStatistic, NanPolicy, NullPolicy, Statistic, is_count, is_exact};
