//! Fetches ahead what lies in buckets, for threads that claim their work in order.
//!
//! What is ahead is what no thread has asked for yet: it never exceeds the budget, but for one task that alone is
//! larger. What a thread asks for is fetched at once if it was not yet, whatever the budget: it is no longer ahead, and
//! no order of asking can lead to a wait without end. So all that is held is the budget, and one task a thread.

use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use super::remote::{self, Permits, Running};
use super::{Location, Reader, held_bytes};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::unpoisoned::Unpoisoned;

/// The time between two looks at the interrupt.
const PATIENCE: Duration = Duration::from_millis(50);

/// What one step of the work reads.
#[derive(Clone, Debug)]
pub struct Task {
    /// The file.
    pub reader: Reader,
    /// The bytes of it.
    pub ranges: Vec<Range<u64>>,
}

/// Tasks whose bytes are fetched before they are asked for. Dropping it ends what is under way.
#[derive(Debug)]
pub struct Prefetch {
    shared: Arc<Shared>,
    tasks: Vec<Task>,
    budget: u64,
    permits: Permits,
    interrupt: Interrupt,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Debug)]
struct State {
    slots: Vec<Slot>,
    /// The first task that was not looked at yet.
    next: usize,
    /// Bytes of the tasks that are fetched or being fetched, and were not asked for.
    ahead: u64,
}

#[derive(Debug)]
struct Slot {
    progress: Progress,
    /// What it takes of the budget.
    ahead: u64,
    /// Counts fetches, so that one that was given up does not answer for another.
    turn: u64,
}

#[derive(Debug)]
enum Progress {
    /// Not begun, or done with.
    Idle,
    Begun(Option<Running>),
    Ready(Result<Reader>),
}

impl Prefetch {
    /// Starts fetching, at most `budget` bytes ahead, and with at most `in_flight` requests at a time.
    pub fn new(tasks: Vec<Task>, budget: u64, in_flight: usize, interrupt: &Interrupt) -> Self {
        let slots = tasks.iter().map(|_| Slot { progress: Progress::Idle, ahead: 0, turn: 0 }).collect();
        let prefetch = Self {
            shared: Arc::new(Shared { state: Mutex::new(State { slots, next: 0, ahead: 0 }), arrived: Condvar::new() }),
            tasks,
            budget,
            permits: Permits::new(in_flight.max(1)),
            interrupt: interrupt.clone(),
        };
        prefetch.advance(&mut prefetch.shared.lock());
        prefetch
    }

    /// The reader of a task, with its bytes in memory: waits for them. What was taken once is fetched anew when it is
    /// taken again.
    ///
    /// # Errors
    ///
    /// As [`Reader::fetch`], and [`Error::Invalid`] for a task that is not there.
    pub fn take(&self, index: usize) -> Result<Reader> {
        let task = self.tasks.get(index);
        let task = task.ok_or_else(|| Error::Invalid(format!("there is no task {index} to fetch")))?;
        if !task.reader.is_remote() {
            return task.reader.fetch(&task.ranges, &self.interrupt);
        }
        self.interrupt.check()?;
        let mut state = self.shared.lock();
        state.free(index);
        loop {
            match std::mem::replace(&mut state.slots[index].progress, Progress::Idle) {
                Progress::Ready(outcome) => {
                    self.advance(&mut state);
                    return outcome;
                }
                Progress::Idle => self.begin(&mut state, index),
                begun => state.slots[index].progress = begun,
            }
            self.advance(&mut state);
            if matches!(state.slots[index].progress, Progress::Ready(_)) {
                continue; // it could not even be begun
            }
            self.interrupt.check()?;
            let waited = self.shared.arrived.wait_timeout(state, PATIENCE);
            state = waited.map_or_else(|poison| poison.into_inner().0, |(state, _)| state);
        }
    }

    /// Gives up a task that will not be taken, with what is held for it.
    pub fn skip(&self, index: usize) {
        let mut state = self.shared.lock();
        if index < state.slots.len() {
            state.free(index);
            state.stop(index);
            self.advance(&mut state);
        }
    }

    /// Begins what the budget allows.
    fn advance(&self, state: &mut State) {
        while let Some(task) = self.tasks.get(state.next) {
            let index = state.next;
            if task.reader.is_remote() && state.slots[index].turn == 0 {
                let bytes = held_bytes(&task.ranges);
                if state.ahead > 0 && state.ahead.saturating_add(bytes) > self.budget {
                    return;
                }
                state.slots[index].ahead = bytes;
                state.ahead += bytes;
                self.begin(state, index);
            }
            state.next += 1;
        }
    }

    fn begin(&self, state: &mut State, index: usize) {
        let Task { reader, ranges } = &self.tasks[index];
        let slot = &mut state.slots[index];
        slot.turn += 1;
        slot.progress = Progress::Begun(None);
        let turn = slot.turn;
        let started = reader.wanted(ranges).and_then(|ranges| match &reader.found().location {
            Location::Local(_) => Ok(None),
            Location::Remote(object) => {
                let store = remote::prepare(object)?;
                // From here on nothing fails: an answer that is dropped takes the lock, which is held.
                let answer = Answer { shared: Arc::clone(&self.shared), index, turn };
                let fetched = reader.clone();
                let done = move |parts: Result<Vec<_>>| answer.settle(parts.map(|parts| fetched.with(parts)));
                Ok(Some(store.start(object, reader.found(), ranges, &self.permits, done)))
            }
        });
        // The lock is held: the answer cannot have been given yet.
        slot.progress = match started {
            Ok(Some(running)) => Progress::Begun(Some(running)),
            Ok(None) => Progress::Ready(Ok(reader.clone())),
            Err(error) => Progress::Ready(Err(error)),
        };
    }
}

impl Drop for Prefetch {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        (0..self.tasks.len()).for_each(|index| state.stop(index));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unpoisoned()
    }
}

impl State {
    /// A task is no longer ahead.
    fn free(&mut self, index: usize) {
        self.ahead -= std::mem::take(&mut self.slots[index].ahead);
    }

    fn stop(&mut self, index: usize) {
        let slot = &mut self.slots[index];
        slot.turn += 1;
        if let Progress::Begun(Some(running)) = std::mem::replace(&mut slot.progress, Progress::Idle) {
            running.stop();
        }
    }
}

/// Owes the outcome of a fetch. If it is dropped without one, the fetch has panicked or was ended, and whoever waits
/// must know.
struct Answer {
    shared: Arc<Shared>,
    index: usize,
    turn: u64,
}

impl Answer {
    fn settle(&self, outcome: Result<Reader>) {
        let mut state = self.shared.lock();
        let slot = &mut state.slots[self.index];
        if slot.turn == self.turn && matches!(slot.progress, Progress::Begun(_)) {
            slot.progress = Progress::Ready(outcome);
            self.shared.arrived.notify_all();
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.settle(Err(Error::Data("a request ended without an answer".to_owned())));
    }
}
