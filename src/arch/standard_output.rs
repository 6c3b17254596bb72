//! Whether a program was started without a standard output.
//!
//! Rust's runtime opens `/dev/null` in the place of standard streams that are closed, before `main`, so that what is written is lost
//! without a word. So it is looked at before that, among the functions that the loader calls.

use std::sync::atomic::{AtomicBool, Ordering};

static CLOSED: AtomicBool = AtomicBool::new(false);

/// Whether standard output was closed when the program began; `false` where that cannot be known.
pub fn was_closed() -> bool {
    #[cfg(target_os = "linux")]
    std::hint::black_box(&LOOK);
    CLOSED.load(Ordering::Relaxed)
}

#[cfg(target_os = "linux")]
extern "C" fn look() {
    // SAFETY: it asks for the flags of a descriptor, and changes nothing.
    let flags = unsafe { libc::fcntl(libc::STDOUT_FILENO, libc::F_GETFD) };
    CLOSED.store(flags == -1, Ordering::Relaxed);
}

// SAFETY: the section holds pointers to functions of the C ABI; `look` needs nothing of Rust's runtime.
#[cfg(target_os = "linux")]
#[used]
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = look;
