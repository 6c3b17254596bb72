pub mod error;
pub mod scan;
pub mod spec;
pub mod stats;
pub mod summary;
pub use error::{Error, Result};
pub use spec::NanPolicy;
pub use spec::Spec;
