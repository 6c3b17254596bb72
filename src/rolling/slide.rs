//! A window that moves along a stretch.

use std::ops::Range;

use crate::error::Result;
use crate::interrupt::Interrupt;

/// What is kept of the rows in a window.
pub(super) trait Window {
    /// The row at this position enters: it is after all others.
    fn enter(&mut self, position: usize);

    /// The row at this position leaves: it is before all others.
    fn leave(&mut self, position: usize);

    /// All rows leave.
    fn clear(&mut self);
}

/// Windows between two looks at whether the work was given up.
const LOOK: usize = 1 << 12;

/// Moves a window from one range of rows to the next, and calls `found` at each, with the number of the window.
///
/// # Errors
///
/// [`Error::Interrupted`](crate::Error::Interrupted).
pub(super) fn slide<W: Window>(
    windows: impl Iterator<Item = (usize, Range<usize>)>,
    window: &mut W,
    interrupt: &Interrupt,
    mut found: impl FnMut(&mut W, usize, Range<usize>),
) -> Result<()> {
    let mut inside = 0..0;
    for (index, (_, next)) in windows.enumerate() {
        if index % LOOK == 0 {
            interrupt.check()?;
        }
        if next.start >= inside.end {
            if !inside.is_empty() {
                window.clear();
            }
            inside = next.start..next.start;
        }
        for position in inside.end..next.end {
            window.enter(position);
        }
        for position in inside.start..next.start {
            window.leave(position);
        }
        inside = next.clone();
        found(window, index, next);
    }
    Ok(())
}
