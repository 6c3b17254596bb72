//! One pool for all memory that a run takes: every consumer reserves what it is about to ask the allocator for, and whoever is refused
//! samples, spills or waits.
//!
//! What is reserved is what the allocator gives. What nobody reserves (code, stacks, the allocator's own, memory that was freed and not yet
//! given back) is seen in the kernel's count of resident pages: a larger reservation is granted only where both agree.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

#[cfg(feature = "allocator")]
use crate::arch::allocator;
use crate::interrupt::Interrupt;
use crate::unpoisoned::Unpoisoned;

/// What the program takes where the kernel does not say: its code (and that of Python, if that calls), the allocator's own.
const PROGRAM: u64 = 34 << 20;

/// Code that is not there before the run, and comes with it: the kernel counts its pages once they are used.
const CODE: u64 = 12 << 20;

/// Of what the process holds before the run, no more than this is counted: the rest is its caller's.
const MOST_OF_PROGRAM: u64 = 44 << 20;

/// What a thread takes beside what it reserves: its stack, and what its heap keeps at hand.
const THREAD: u64 = 3 << 20;

/// One part in `SLACK` of the limit is left for what the allocator loses between blocks.
const SLACK: u64 = 10;

/// One part in `UNSEEN` of the limit is left when the kernel's count is asked: smaller reservations and what threads free later are not in it.
const UNSEEN: u64 = 16;

/// With less than one part in `TIGHT` of the limit left beside that, memory is tight.
const TIGHT: u64 = 12;

/// The least that is left to work with.
const LEAST: u64 = 12 << 20;

/// Reservations of fewer bytes are not measured: asking the kernel takes microseconds.
const MEASURED: u64 = 1 << 16;

/// How often it is looked whether the work was given up.
const LOOK: Duration = Duration::from_millis(20);

/// How much higher a limit has to be that leaves `bytes` bytes more.
pub(crate) fn with_slack(bytes: u64) -> u64 {
    bytes.saturating_add(bytes / (SLACK - 1))
}

/// Memory that is reserved before it is used. Clones are the same pool.
#[derive(Clone, Debug)]
pub(crate) struct MemoryPool {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// The most that the process may take, with what is not counted.
    most: u64,
    /// From here on, memory is tight.
    tight: u64,
    /// What can be reserved.
    capacity: u64,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    reserved: u64,
    /// What of that is given back by and by without anybody's doing: by decoders.
    passing: u64,
}

/// Memory that is taken; it is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    pool: MemoryPool,
    bytes: u64,
    is_passing: bool,
}

/// That the pool will not have the memory that was asked for, whatever is waited for.
#[derive(Debug, PartialEq)]
pub(crate) struct Refused {
    /// By how much the limit would have to be higher.
    pub missing: u64,
}

/// Why a wait ended.
#[derive(Debug, PartialEq)]
pub(crate) enum NoReservation {
    Refused(Refused),
    Interrupted,
}

impl MemoryPool {
    /// For a run on `threads` threads of a process that may take `limit` bytes, and had `resident` before anything was read; or the
    /// least limit, if that is below it.
    pub fn new(limit: u64, threads: usize, resident: Option<u64>) -> Result<Self, u64> {
        let program = resident.map_or(PROGRAM, |resident| resident + CODE).clamp(PROGRAM / 2, MOST_OF_PROGRAM);
        let uncounted = resident.map_or(0, |resident| resident.saturating_sub(program));
        let fixed = program + THREAD * threads as u64;
        let least = with_slack(fixed + LEAST);
        if limit < least {
            return Err(least);
        }
        let capacity = limit - limit / SLACK - fixed;
        let most = (limit - limit / UNSEEN).saturating_add(uncounted);
        let (tight, state) = (most - limit / TIGHT, Mutex::default());
        Ok(Self { shared: Arc::new(Shared { most, tight, capacity, state, freed: Condvar::new() }) })
    }

    /// What can be reserved in all.
    pub fn capacity(&self) -> u64 {
        self.shared.capacity
    }

    /// What is not reserved.
    pub fn free(&self) -> u64 {
        self.shared.capacity.saturating_sub(self.lock().reserved)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unpoisoned()
    }

    /// Nothing yet, to be grown.
    pub fn empty(&self) -> Reservation {
        Reservation { pool: self.clone(), bytes: 0, is_passing: false }
    }

    /// Takes `bytes` bytes for as long as they are held, if they are there and `headroom` bytes are left then.
    pub fn try_reserve(&self, bytes: u64, headroom: u64) -> Result<Reservation, Refused> {
        let mut reservation = self.empty();
        reservation.try_grow(bytes, headroom).map(|()| reservation)
    }

    /// Takes `bytes` bytes for a while, as soon as others have given theirs back.
    pub fn reserve_for_a_while(&self, bytes: u64, interrupt: &Interrupt) -> Result<Reservation, NoReservation> {
        let mut state = self.lock();
        loop {
            let missing = (state.reserved + bytes).saturating_sub(self.shared.capacity);
            // Where nothing passes, waiting would not help; what is kept at hand was given back then.
            if missing == 0 && (self.shortage(bytes) == 0 || state.passing == 0) {
                state.reserved += bytes;
                state.passing += bytes;
                return Ok(Reservation { pool: self.clone(), bytes, is_passing: true });
            }
            if missing > state.passing {
                return Err(NoReservation::Refused(Refused { missing: with_slack(missing - state.passing) }));
            }
            if interrupt.is_stopped() {
                return Err(NoReservation::Interrupted);
            }
            let waited = self.shared.freed.wait_timeout(state, LOOK);
            state = waited.map_or_else(|poison| poison.into_inner().0, |(state, _)| state);
        }
    }

    /// How much of the room for `bytes` bytes more is missing by the kernel's count. Where room is tight, what this thread keeps at hand is
    /// given back first, and all threads give back at once what they free from then on: otherwise what each of them keeps adds up.
    fn shortage(&self, bytes: u64) -> u64 {
        let over = |most: u64| resident().map_or(0, |resident| resident.saturating_add(bytes).saturating_sub(most));
        if bytes < MEASURED {
            return 0;
        }
        let is_tight = over(self.shared.tight) > 0;
        #[cfg(feature = "allocator")]
        {
            allocator::give_back_at_once(is_tight);
            if is_tight {
                allocator::give_back();
            }
        }
        if is_tight { over(self.shared.most) } else { 0 }
    }
}

/// Whoever allocates next is not in want of memory.
#[cfg(feature = "allocator")]
impl Drop for Shared {
    fn drop(&mut self) {
        allocator::give_back_at_once(false);
    }
}

impl Reservation {
    /// Takes more, if that is there and `headroom` bytes are left then.
    pub fn try_grow(&mut self, bytes: u64, headroom: u64) -> Result<(), Refused> {
        let mut state = self.pool.lock();
        let missing = (state.reserved + bytes).saturating_add(headroom).saturating_sub(self.pool.shared.capacity);
        if missing > 0 {
            return Err(Refused { missing: with_slack(missing) });
        }
        let missing = self.pool.shortage(bytes);
        if missing > 0 {
            return Err(Refused { missing: with_slack(missing) });
        }
        state.reserved += bytes;
        if self.is_passing {
            state.passing += bytes;
        }
        drop(state);
        self.bytes += bytes;
        Ok(())
    }

    /// What it has taken.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Gives back what is more than `bytes` bytes.
    pub fn shrink_to(&mut self, bytes: u64) {
        let given = self.bytes.saturating_sub(bytes);
        self.bytes -= given;
        let mut state = self.pool.lock();
        state.reserved -= given;
        if self.is_passing {
            state.passing -= given;
        }
        drop(state);
        self.pool.shared.freed.notify_all();
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

/// The bytes of memory that the process has in pages, as the kernel counts them; `None` where it does not tell.
pub(crate) fn resident() -> Option<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = pages.split(' ').nth(1)?.parse().ok()?;
    Some(pages * PAGE)
}

/// The bytes of a page. Where they are more, the kernel's count is taken for less than it is, and the reservations alone decide.
const PAGE: u64 = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(capacity: u64) -> MemoryPool {
        let state = Mutex::default();
        let (most, tight) = (u64::MAX, u64::MAX);
        MemoryPool { shared: Arc::new(Shared { most, tight, capacity, state, freed: Condvar::new() }) }
    }

    #[test]
    fn what_is_taken_is_given_back() {
        let pool = pool(100);
        let mut first = pool.try_reserve(60, 0).unwrap();
        assert_eq!(pool.try_reserve(41, 0).unwrap_err().missing, 1);
        assert_eq!(pool.try_reserve(30, 20).unwrap_err().missing, with_slack(10));
        first.try_grow(40, 0).unwrap();
        assert_eq!((first.bytes(), pool.free()), (100, 0));
        first.shrink_to(10);
        let second = pool.try_reserve(90, 0).unwrap();
        assert_eq!((first.bytes(), second.bytes(), pool.free()), (10, 90, 0));
        drop((first, second));
        assert_eq!(pool.free(), 100);
    }

    #[test]
    fn who_waits_gets_what_passes() {
        let pool = pool(100);
        let interrupt = Interrupt::default();
        let held = pool.try_reserve(30, 0).unwrap();
        let passing = pool.reserve_for_a_while(50, &interrupt).unwrap();
        // More than there will be, once all that passes has passed.
        let refused = pool.reserve_for_a_while(71, &interrupt).unwrap_err();
        assert_eq!(refused, NoReservation::Refused(Refused { missing: 1 }));
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| pool.reserve_for_a_while(70, &interrupt).map(|taken| taken.bytes()));
            std::thread::sleep(3 * LOOK);
            assert!(!waits.is_finished());
            drop(passing);
            assert_eq!(waits.join().unwrap(), Ok(70));
        });
        drop(held);
        let _all = pool.reserve_for_a_while(100, &interrupt).unwrap();
        interrupt.stop();
        assert_eq!(pool.reserve_for_a_while(1, &interrupt).unwrap_err(), NoReservation::Interrupted);
    }

    #[test]
    fn what_a_caller_holds_is_not_counted() {
        let limit = 256 << 20;
        let small = MemoryPool::new(limit, 2, Some(20 << 20)).unwrap();
        let large = MemoryPool::new(limit, 2, Some(4 << 30)).unwrap();
        assert_eq!(small.capacity() - large.capacity(), MOST_OF_PROGRAM - CODE - (20 << 20));
        assert_eq!(small.shared.most, limit - limit / UNSEEN);
        assert_eq!(large.shared.most, limit - limit / UNSEEN + (4 << 30) - MOST_OF_PROGRAM);
        let least = MemoryPool::new(1, 2, None).unwrap_err();
        assert_eq!(MemoryPool::new(least - 1, 2, None).unwrap_err(), least);
        let least = MemoryPool::new(least, 2, None).unwrap().capacity();
        assert!((LEAST..LEAST + 16).contains(&least), "{least}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_kernel_counts_what_is_written_to() {
        let before = resident().unwrap();
        let written = vec![1_u8; 64 << 20];
        let after = resident().unwrap();
        assert!(after >= before + (60 << 20), "{before} {after} {}", written[1]);
    }
}
