//! The only unsafe code of the bindings.

mod buffer;

pub use buffer::Items;
