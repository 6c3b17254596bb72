//! Reads ahead on a thread of its own.

use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::interrupt::Interrupt;

/// How many pieces are read ahead.
const AHEAD: usize = 2;

/// The time between two looks at the interrupt.
const LOOK: Duration = Duration::from_millis(50);

/// What a thread reads, piece by piece.
#[derive(Debug)]
pub(super) struct Feed<T> {
    pieces: Receiver<Result<T>>,
}

/// What has come.
pub(super) enum Piece<T> {
    Some(T),
    Idle,
    End,
}

impl<T: Send + 'static> Feed<T> {
    /// Starts to read. The thread ends with the data, with an error, or once nobody takes what it reads; one that waits for a pipe ends with
    /// the process.
    pub fn new(mut read: impl FnMut() -> Result<Option<T>> + Send + 'static) -> Result<Self> {
        let (sender, pieces) = sync_channel(AHEAD);
        let work = move || {
            while let Some(piece) = read().transpose() {
                let is_last = piece.is_err();
                if sender.send(piece).is_err() || is_last {
                    break;
                }
            }
        };
        let started = std::thread::Builder::new().name("rstats-source".to_owned()).spawn(work);
        started.map_err(|error| Error::Data(format!("cannot start a thread: {error}")))?;
        Ok(Self { pieces })
    }

    /// The next piece, waited for as long as `patience`.
    pub fn next(&self, patience: Option<Duration>, interrupt: &Interrupt) -> Result<Piece<T>> {
        let start = Instant::now();
        loop {
            interrupt.check()?;
            let left = patience.map(|patience| patience.saturating_sub(start.elapsed()));
            match self.pieces.recv_timeout(left.map_or(LOOK, |left| left.min(LOOK))) {
                Ok(piece) => return piece.map(Piece::Some),
                Err(RecvTimeoutError::Disconnected) => return Ok(Piece::End),
                Err(RecvTimeoutError::Timeout) if left.is_some_and(|left| left <= LOOK) => return Ok(Piece::Idle),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// A piece that is there already.
    pub fn next_at_once(&self) -> Option<Result<T>> {
        self.pieces.try_recv().ok()
    }
}
