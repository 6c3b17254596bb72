//! Columns that hold no numbers, each by its kind.
//!
//! Times are described as the integers that count their ticks (`times`), booleans by how many are true, texts by their order and
//! their lengths (`texts`), anything else by its counts (`counts`). `describe` has the columns of a table, `stream` batches that come once.
//! The answers for the columns of one kind are a [`Part`].

mod columns;
mod counts;
mod describe;
mod part;
mod stream;
mod texts;
mod times;

pub use columns::TypedColumn;
pub use describe::describe_kinds;
pub use part::Part;
pub use stream::KindsDescriber;
