//! What is answered: one [`Summary`] a series; a table of them, [`Summaries`]; and [`Answers`], which are such a table while it is being made.

mod answers;
mod histograms;
mod one;
mod table;

pub(crate) use answers::{AnswerRows, Answers, PartRow, UNDEFINED, is_defined};
#[cfg(feature = "stream")]
pub(crate) use histograms::histogram_at;
pub use one::Summary;
pub(crate) use table::AnsweredColumn;
pub use table::Summaries;
