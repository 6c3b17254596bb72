//! How many values a scan may keep.

/// The least number of values that a scan should keep for its quantiles.
pub const SAMPLE: usize = 1 << 16;

/// How many values a scan may keep for its quantiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Keep {
    /// Up to this many in a bracket; more are sampled, and another pass decides.
    AtMost(usize),
    /// All of them: no other pass is possible.
    All,
}

impl Keep {
    /// Whether it may keep about this many.
    #[cfg(feature = "parquet")]
    pub(crate) fn holds(self, values: f64) -> bool {
        values <= self.capacity() as f64
    }

    pub(super) fn capacity(self) -> usize {
        match self {
            Self::AtMost(capacity) => capacity,
            Self::All => usize::MAX,
        }
    }
}
