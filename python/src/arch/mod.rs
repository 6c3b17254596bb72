//! The only unsafe code of the bindings.

mod buffer;
mod floats;

pub use buffer::Items;
pub use floats::floats_of;
