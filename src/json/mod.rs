//! Series from JSON: the numbers of a request's body, without a detour through objects.
//!
//! What is read is JSON as RFC 8259 has it, in UTF-8. On purpose:
//!
//! - every number that is asked for is the nearest f64, integers beyond 2^53 included; one beyond the range of f64 is an error, one
//!   too small for it is 0;
//! - `NaN` and `Infinity`, which Python's `json` takes, are errors: `null` is what is missing;
//! - of names that come twice the last one counts, whatever stands under the earlier ones, as in Python;
//! - half of a surrogate pair in a string is passed over; a name that has one is known by its escapes;
//! - a byte order mark at the front is passed over, other encodings than UTF-8 are errors;
//! - the whole body is looked through, and has to be right.

mod limits;
#[cfg(feature = "stream")]
pub(crate) mod lines;
mod numbers;
mod reader;
mod series;

pub use limits::Limits;
pub use series::{numbers, series};

#[cfg(test)]
mod tests;
