//! Locks whose holder may have panicked: what they guard is used on. A panic of a decoder is caught and told as the failure of its
//! file, and nothing here leaves what it guards half-changed.

use std::sync::PoisonError;

/// What a lock guards, poisoned or not.
pub(crate) trait Unpoisoned<T> {
    /// The guard, or the value.
    fn unpoisoned(self) -> T;
}

impl<T> Unpoisoned<T> for Result<T, PoisonError<T>> {
    fn unpoisoned(self) -> T {
        self.unwrap_or_else(PoisonError::into_inner)
    }
}
