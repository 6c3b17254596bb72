//! The answer as a page to look at: one file of HTML that needs no network.
//!
//! `columns` reads an answer as columns with their groups, `axis` and `charts` draw them, `warnings` says what is worth a look, and `view` lays all
//! of it out through the templates beside it. Every figure is one of the answer: nothing is computed here but shares of counts.

mod axis;
mod charts;
mod columns;
#[cfg(test)]
mod tests;
mod view;
mod warnings;

pub use view::Page;
