//! The only unsafe code of the crate. Each unsafe function says what it requires, each block why that holds.

pub mod memory;
