//! The only unsafe code of the bindings.

mod buffer;
pub mod capsule;
mod floats;

pub use buffer::Items;
pub use floats::floats_of;
