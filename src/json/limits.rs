//! What is read at most.

/// What is read at most, before any memory is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the body.
    pub bytes: usize,
    /// Arrays and objects within each other, at most 1,000.
    pub depth: usize,
    /// Series: each of them takes some memory, however few numbers it has.
    pub series: usize,
}

impl Default for Limits {
    /// As large as memory, 128 deep, and 100,000 series.
    fn default() -> Self {
        Self { bytes: usize::MAX, depth: 128, series: 100_000 }
    }
}
