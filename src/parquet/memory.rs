//! How much memory a run may take, and what each of its parts gets.
//!
//! The limit is one for everything together: the program itself, what decoders hold, what is kept for quantiles, the
//! tables of groups, the answer. It is divided beforehand, so that no part has to ask another one at run time.

use std::fs;
use std::path::Path;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::interrupt::Interrupt;

/// What the program takes before any data: its code (and that of Python, if that calls), the allocator's own.
const PROGRAM: u64 = 34 << 20;

/// The same for each thread.
const THREAD: u64 = 2 << 20;

/// The least that is left to work with.
const LEAST: u64 = 32 << 20;

/// What is taken for the machine's memory where nothing tells it.
const UNKNOWN: u64 = 4 << 30;

/// The least limit that a run on `threads` threads can be given.
pub fn least_limit(threads: usize) -> u64 {
    PROGRAM + THREAD * threads as u64 + LEAST
}

/// The limit of a run that was given none: half of what the machine has, or of what its control group allows.
pub fn default_limit() -> u64 {
    let total = fs::read_to_string("/proc/meminfo").ok().and_then(|text| meminfo_total(&text));
    let group = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let group = group.iter().filter_map(|path| fs::read_to_string(Path::new(path)).ok()?.trim().parse::<u64>().ok());
    group.chain(total).min().unwrap_or(UNKNOWN) / 2
}

fn meminfo_total(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// A size as people write it: `512MiB`, `2 GiB`, `1.5GB`, `800000000`. `K`, `M`, `G` and `T` alone are binary, as for
/// most commands.
///
/// # Errors
///
/// [`Error::Invalid`] for anything else.
pub fn parse_size(text: &str) -> Result<u64> {
    let invalid = || Error::Invalid(format!("'{text}' is no size of memory; write for example 512MiB, 2GiB or 1.5GB"));
    let trimmed = text.trim();
    let end = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(end);
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        _ => return Err(invalid()),
    };
    let number: f64 = number.parse().map_err(|_| invalid())?;
    let size = number * factor as f64;
    if !(1.0..=(1u64 << 60) as f64).contains(&size) {
        return Err(invalid());
    }
    Ok(size as u64)
}

/// What each part of a run gets of the limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    pub limit: u64,
    threads: u64,
}

impl Budget {
    /// # Errors
    ///
    /// [`Error::MemoryLimit`] for a limit below [`least_limit`].
    pub fn new(limit: u64, threads: usize) -> Result<Self> {
        let least = least_limit(threads);
        if limit < least {
            let what = format!("a run on {threads} {}", if threads == 1 { "thread" } else { "threads" });
            return Err(Error::MemoryLimit { what, needed: least, limit });
        }
        Ok(Self { limit, threads: threads as u64 })
    }

    fn rest(self) -> u64 {
        self.limit - PROGRAM - THREAD * self.threads
    }

    /// What one thread may hold to decode a part of a row group, unless the part's pages are larger.
    pub fn decoding(self) -> u64 {
        self.decoding_of_all() / self.threads
    }

    /// What all threads together may hold for that.
    pub fn decoding_of_all(self) -> u64 {
        self.rest() / 4
    }

    /// What a single part may take to be decoded, while no other one is: the last quarter as well.
    pub fn decoding_alone(self) -> u64 {
        self.rest() / 2
    }

    /// What is there for the values that quantiles need, or for the rows of groups. The last quarter is the allocator's, and the
    /// answer's.
    pub fn kept(self) -> u64 {
        self.rest() / 2
    }

    /// The limit that would leave so much for [`Budget::kept`], or [`Budget::decoding_alone`].
    pub fn limit_for(self, kept: u64) -> u64 {
        self.limit - self.rest() + 2 * kept
    }

    pub fn threads(self) -> usize {
        self.threads as usize
    }
}

/// Memory that threads take from and give back to: where one needs more than its share, others wait.
#[derive(Debug)]
pub(super) struct MemoryPool {
    all: u64,
    free: Mutex<u64>,
    freed: Condvar,
}

/// How often it is looked whether the work was given up.
const LOOK: Duration = Duration::from_millis(50);

impl MemoryPool {
    pub fn new(bytes: u64) -> Self {
        Self { all: bytes, free: Mutex::new(bytes), freed: Condvar::new() }
    }

    /// Takes `bytes` bytes as soon as they are free, or all that there are.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`].
    pub fn take(&self, bytes: u64, interrupt: &Interrupt) -> Result<Reservation<'_>> {
        let bytes = bytes.min(self.all);
        let mut free = self.free.lock().unwrap_or_else(|poison| poison.into_inner());
        while *free < bytes {
            interrupt.check()?;
            (free, _) = self.freed.wait_timeout(free, LOOK).unwrap_or_else(|poison| poison.into_inner());
        }
        *free -= bytes;
        Ok(Reservation { room: self, bytes })
    }
}

/// Goes back when it is dropped.
#[derive(Debug)]
pub(super) struct Reservation<'a> {
    room: &'a MemoryPool,
    bytes: u64,
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        *self.room.free.lock().unwrap_or_else(|poison| poison.into_inner()) += self.bytes;
        self.room.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_as_people_write_them() {
        for (text, bytes) in [
            ("1", 1),
            ("512MiB", 512 << 20),
            ("2 GiB", 2 << 30),
            ("2g", 2 << 30),
            ("1.5GB", 1_500_000_000),
            (" 64 k ", 64 << 10),
        ] {
            assert_eq!(parse_size(text).unwrap(), bytes, "{text}");
        }
        for text in ["", "MiB", "-1", "1 XB", "1e9", "0", "9999999999999 TiB", "1.2.3G", "nan"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_parts_stay_within_the_limit() {
        for threads in [1, 2, 64] {
            let least = least_limit(threads);
            assert!(Budget::new(least - 1, threads).is_err());
            for limit in [least, 1 << 30, 1 << 40] {
                let Ok(budget) = Budget::new(limit, threads) else { continue };
                let decoding = budget.decoding() * threads as u64;
                assert!(PROGRAM + THREAD * threads as u64 + decoding + budget.kept() <= limit);
            }
        }
        assert_eq!(meminfo_total("MemTotal:       24683640 kB\nMemFree: 1 kB\n"), Some(24683640 * 1024));
    }
}
