//! A state that several threads of Python may use: a lock keeps them apart.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, TryLockError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// A state behind a lock.
pub struct Shared<T> {
    /// What it is to people.
    name: &'static str,
    state: Mutex<T>,
    /// The process that held the lock last.
    holder: AtomicU32,
}

impl<T: Send> Shared<T> {
    pub fn new(name: &'static str, state: T) -> Self {
        Self { name, state: Mutex::new(state), holder: AtomicU32::new(0) }
    }

    /// The state, as soon as no other thread has it.
    pub fn lock(&self, py: Python<'_>) -> PyResult<MutexGuard<'_, T>> {
        let process = std::process::id();
        let state = loop {
            match self.state.try_lock() {
                Ok(state) => break state,
                // Nothing changes where work panics: see `call`.
                Err(TryLockError::Poisoned(poison)) => break poison.into_inner(),
                Err(TryLockError::WouldBlock) if self.holder.load(Ordering::Relaxed) != process => {
                    return Err(PyRuntimeError::new_err(format!(
                        "the {} was being updated when this process was forked; fork before, or make a new one",
                        self.name
                    )));
                }
                // Waits without the GIL, and then tries again.
                Err(TryLockError::WouldBlock) => py.detach(|| drop(self.state.lock())),
            }
        };
        self.holder.store(process, Ordering::Relaxed);
        Ok(state)
    }
}
