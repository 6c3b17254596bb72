//! The allocator of programs that keep to a memory limit: it gives back what is freed, and its threads have heaps of their own.

use std::ffi::c_long;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use libmimalloc_sys::{mi_option_set, mi_option_t};

pub use mimalloc::MiMalloc as Allocator;

/// `mi_option_purge_delay` of mimalloc 2: for how many milliseconds memory that was freed is kept for the next who asks.
const PURGE_DELAY: mi_option_t = 15;

/// What it is by default.
const SHORT: c_long = 10;

/// What it is while memory is not short.
static DELAY: AtomicI64 = AtomicI64::new(SHORT);

/// From so much on, the memory that waits to be given back is a small part of a limit.
const AMPLE: u64 = 2 << 30;

/// Gives memory back at once where the process has little, and else keeps it for a while and asks for it in huge pages, which is
/// faster.
pub fn keep_within(limit: u64) {
    let delay: c_long = if limit < AMPLE { SHORT } else { 1000 };
    DELAY.store(delay, Relaxed);
    give_back_at_once(false);
    if limit >= AMPLE {
        use_huge_pages();
    }
}

/// Whether all threads give memory back as soon as it is freed. This is slow, and for when there is next to none left.
pub fn give_back_at_once(at_once: bool) {
    let delay = if at_once { 0 } else { DELAY.load(Relaxed) };
    // SAFETY: the place is in the table, see the test; what is stored there is one word, of which other threads see the old or the new.
    unsafe { mi_option_set(PURGE_DELAY, delay) };
}

/// Gives back to the operating system what this thread's heap, and those of threads that have ended, keep at hand.
pub fn give_back() {
    // SAFETY: it may be called at any time, and moves nothing that is in use.
    unsafe { libmimalloc_sys::mi_collect(true) };
}

/// From now on, memory of the allocator that was not touched yet comes in huge pages. Until this is asked for it does not: a process that
/// describes a few arrays would grow by several megabytes.
#[cfg(target_os = "linux")]
pub fn use_huge_pages() {
    use std::ffi::{c_int, c_void};

    unsafe extern "C" {
        /// Where an arena of mimalloc 2 lies, and how long it is; null if there is none of this number.
        fn mi_arena_area(arena: c_int, size: *mut usize) -> *mut c_void;
    }
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let mut size = 0;
        // SAFETY: the size is written to a variable of ours; the first arena has the number 1 and is never given back.
        let start = unsafe { mi_arena_area(1, &raw mut size) };
        if !start.is_null() {
            // SAFETY: the range is mapped by mimalloc, and the advice changes what its pages are made of, not what is in them. A kernel
            // that does not take it says so, and all stays as it is.
            unsafe { libc::madvise(start, size, libc::MADV_HUGEPAGE) };
        }
    });
}

/// There is no such advice here.
#[cfg(not(target_os = "linux"))]
pub fn use_huge_pages() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_is_the_delay() {
        use libmimalloc_sys::mi_option_get;
        // SAFETY: as above.
        let delay = || unsafe { mi_option_get(PURGE_DELAY) };
        assert_eq!(delay(), SHORT, "what mimalloc's documentation says of it");
        keep_within(u64::MAX);
        assert_eq!(delay(), 1000);
        give_back_at_once(true);
        assert_eq!(delay(), 0);
        give_back_at_once(false);
        assert_eq!(delay(), 1000);
        keep_within(0);
        assert_eq!(delay(), SHORT);
    }
}
