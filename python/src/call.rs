//! Calls into the library: without the GIL, on a pool that survives a fork, and ended by Ctrl-C.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use rstats::internal::alone;
use rstats::{Interrupt, Result};

use crate::errors::to_python;

/// Work on up to this many values is done at once: it takes some 20 µs, and letting go of the GIL would cost as much as it
/// gains.
pub const SMALL: usize = 1000;

/// A step of a stream on up to this many values is done on the caller's thread: see [`run_step`].
const STEP: usize = 1 << 17;

/// From this many values on, Ctrl-C is looked for while the work is done.
const LONG: usize = 1 << 22;

/// The time between two looks for Ctrl-C.
const PATIENCE: Duration = Duration::from_millis(50);

/// Looks for Ctrl-C at some of the positions of a loop over Python objects.
pub fn check_signals(py: Python<'_>, position: usize) -> PyResult<()> {
    // Often enough for items that take a microsecond each.
    if position.is_multiple_of(1 << 12) { py.check_signals() } else { Ok(()) }
}

/// Waits for what foreign code gives that does not look for Ctrl-C itself. It runs on a thread of its own, which goes on by itself, for
/// nobody, once Ctrl-C has ended the waiting.
pub fn wait<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce(Python<'_>) -> PyResult<T> + Send + 'static,
) -> PyResult<T> {
    let (sender, receiver) = channel();
    let started = std::thread::Builder::new().spawn(move || {
        let _ = sender.send(Python::attach(work)); // nobody waits after Ctrl-C
    });
    started.map_err(|error| PyRuntimeError::new_err(format!("cannot start threads: {error}")))?;
    let mut receiver = receiver;
    loop {
        let (received, again) = py.detach(move || (receiver.recv_timeout(PATIENCE), receiver));
        receiver = again;
        match received {
            Ok(outcome) => return outcome,
            Err(RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(PyRuntimeError::new_err("a thread ended without an answer"));
            }
        }
    }
}

/// Runs `work` on about `values` values, on these threads.
pub fn run<T: Send>(
    py: Python<'_>,
    values: usize,
    threads: &Threads,
    work: impl FnOnce(&Interrupt) -> Result<T> + Send,
) -> PyResult<T> {
    let interrupt = Interrupt::default();
    if values <= SMALL {
        return settle(catch_unwind(AssertUnwindSafe(|| alone(|| work(&interrupt)))));
    }
    let pool = threads.pool()?;
    if values < LONG {
        let outcome = py.detach(|| catch_unwind(AssertUnwindSafe(|| pool.install(|| work(&interrupt)))));
        return settle(outcome);
    }
    on_pool(py, &pool, &interrupt, work, &mut |py| py.check_signals())
}

/// Runs a step of a stream. `values` come in, and `held` ones, which came before, may be needed. It runs on this thread if that takes less time
/// than to hand it to another one and back.
pub fn run_step<T: Send>(
    py: Python<'_>,
    values: usize,
    held: usize,
    threads: &Threads,
    work: impl FnOnce(&Interrupt) -> Result<T> + Send,
) -> PyResult<T> {
    let values = if held > STEP / 4 { values.saturating_add(held) } else { values };
    if !(SMALL..=STEP).contains(&values) {
        return run(py, values, threads, work);
    }
    settle(py.detach(|| catch_unwind(AssertUnwindSafe(|| alone(|| work(&Interrupt::default()))))))
}

/// Runs long work of unknown length. `tick` is called now and then, with the GIL; its exception ends the work and is raised.
pub fn run_long<T: Send>(
    py: Python<'_>,
    threads: &Threads,
    work: impl FnOnce(&Interrupt) -> Result<T> + Send,
    tick: &mut (dyn FnMut(Python<'_>) -> PyResult<()> + Send),
) -> PyResult<T> {
    let pool = threads.pool()?;
    on_pool(py, &pool, &Interrupt::default(), work, &mut |py| {
        py.check_signals()?;
        tick(py)
    })
}

fn on_pool<T: Send>(
    py: Python<'_>,
    pool: &ThreadPool,
    interrupt: &Interrupt,
    work: impl FnOnce(&Interrupt) -> Result<T> + Send,
    tick: &mut (dyn FnMut(Python<'_>) -> PyResult<()> + Send),
) -> PyResult<T> {
    let mut signal = Ok(());
    let outcome = py.detach(|| {
        let (sender, receiver) = channel();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let outcome = catch_unwind(AssertUnwindSafe(|| pool.install(|| work(interrupt))));
                let _ = sender.send(outcome); // the receiver waits for it
            });
            loop {
                match receiver.recv_timeout(PATIENCE) {
                    Ok(outcome) => return outcome,
                    Err(RecvTimeoutError::Disconnected) => return Ok(Err(rstats::Error::Interrupted)),
                    Err(RecvTimeoutError::Timeout) if signal.is_ok() => {
                        signal = Python::attach(&mut *tick);
                        if signal.is_err() {
                            interrupt.stop();
                        }
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                }
            }
        })
    });
    signal?;
    settle(outcome)
}

/// A panic is a defect of ours; it must not be another kind of exception than Python knows.
fn settle<T>(outcome: std::result::Result<Result<T>, Box<dyn Any + Send>>) -> PyResult<T> {
    match outcome {
        Ok(result) => result.map_err(to_python),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
            let message = format!("a defect in rstats, or damaged Arrow data: {text}");
            Err(PyRuntimeError::new_err(message))
        }
    }
}

/// Pools, and the number of threads that was asked for of each.
type Pools = Vec<(usize, Arc<ThreadPool>)>;

/// The pools of the process, and the process that they belong to: their threads are not there in a forked child.
static POOLS: Mutex<(u32, Pools)> = Mutex::new((0, Vec::new()));

/// The threads of a call: a number of its own, or those of the process, one a core.
#[derive(Clone, Default)]
pub struct Threads(Option<Arc<ThreadPool>>);

impl Threads {
    /// A number of threads of its own.
    pub fn new(threads: usize) -> PyResult<Self> {
        pool(threads).map(Some).map(Self)
    }

    fn pool(&self) -> PyResult<Arc<ThreadPool>> {
        match &self.0 {
            Some(pool) => Ok(Arc::clone(pool)),
            None => pool(0),
        }
    }
}

/// A pool with this number of threads; 0 stands for one thread a core. Starting threads can take longer than a call, so two pools are kept for
/// the next one: that of 0, and that of the number that was asked for last.
fn pool(threads: usize) -> PyResult<Arc<ThreadPool>> {
    // If another thread held the lock at the moment of a fork, it is locked for ever in the child: then do without.
    let Ok(mut kept) = POOLS.try_lock() else {
        return build(threads);
    };
    let (process, pools) = &mut *kept;
    if *process != std::process::id() {
        // The parent's pools have no threads here that their drop could end.
        std::mem::forget(std::mem::take(pools));
        *process = std::process::id();
    }
    if let Some((_, pool)) = pools.iter().find(|(count, _)| *count == threads) {
        return Ok(Arc::clone(pool));
    }
    let pool = build(threads)?;
    pools.retain(|(count, _)| *count == 0);
    pools.push((threads, Arc::clone(&pool)));
    Ok(pool)
}

fn build(threads: usize) -> PyResult<Arc<ThreadPool>> {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| PyRuntimeError::new_err(format!("cannot start threads: {error}")))?;
    Ok(Arc::new(pool))
}
