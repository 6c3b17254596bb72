//! The allocator of programs that keep to a memory limit: it gives back what is freed, and its threads have heaps of their own.

use std::ffi::c_long;

use libmimalloc_sys::{mi_option_set, mi_option_t};

pub use mimalloc::MiMalloc as Allocator;

/// `mi_option_purge_delay` of mimalloc 2: for how many milliseconds memory that was freed is kept for the next who asks.
const PURGE_DELAY: mi_option_t = 15;

/// From so much on, the memory that waits to be given back is a small part of a limit.
const AMPLE: u64 = 2 << 30;

/// Gives memory back at once where the process has little, and else keeps it for a while, which is faster.
pub fn keep_within(limit: u64) {
    let delay: c_long = if limit < AMPLE { 10 } else { 1000 };
    // SAFETY: the place is in the table, see the test; what is stored there is one word, of which other threads see the old or the new.
    unsafe { mi_option_set(PURGE_DELAY, delay) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_is_the_delay() {
        use libmimalloc_sys::mi_option_get;
        // SAFETY: as above.
        let delay = || unsafe { mi_option_get(PURGE_DELAY) };
        assert_eq!(delay(), 10, "what mimalloc's documentation says of it");
        keep_within(u64::MAX);
        assert_eq!(delay(), 1000);
        keep_within(0);
        assert_eq!(delay(), 10);
    }
}
