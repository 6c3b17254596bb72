//! Windows of event time over a stream that need not end.
//!
//! `question` says which windows there are, `assign` which of them a time is in, `watermark` how far time has come and what is late, `layout`
//! which columns of a batch are read. `windows` takes batches in and hands closed windows out: periodic ones from `panes`, sessions from `sessions`.
//! `snapshot` makes bytes of all of it; `stored` keeps rows in files where memory has no room for them.
//!
//! Rows of open windows are kept as they came, and described together once their window closes: so the answer is that of a batch
//! [`describe_groups`](crate::describe_groups), bit by bit, for every statistic and every type.

mod answer;
mod assign;
mod cells;
mod chunks;
mod keys;
mod layout;
mod panes;
mod question;
mod sessions;
#[cfg(feature = "stream")]
mod snapshot;
#[cfg(feature = "stream")]
mod stored;
#[cfg(feature = "stream")]
mod table;
#[cfg(test)]
mod tests;
mod watermark;
mod windows;

pub use question::{Late, Windowing};
pub use windows::Windows;
