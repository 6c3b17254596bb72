//! Numbers: wide integers, exact rationals and their rounding, sums without rounding, decimals. They know nothing of the
//! statistics that are made of them, and nothing of the processor.

pub mod big_uint;
pub mod decimal;
#[cfg(feature = "stream")]
pub mod digits;
pub mod figure;
pub mod large_accumulator;
pub mod number;
pub mod rational;
pub mod rounding;
pub mod superaccumulator;
pub mod text;
pub mod u256;
