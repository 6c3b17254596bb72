//! How much memory a run may take, and what its consumers reserve of it.
//!
//! The limit is one for everything together: the program itself, what decoders hold, what is kept for quantiles, the rows of groups, the
//! answer. They share one pool.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::memory_pool::{MemoryPool, NoReservation, Refused, Reservation, with_slack};

/// How often room is asked for, and how long is waited in between, where only the kernel's count says that there is none.
const PATIENCE: u32 = 40;
const PAUSE: Duration = Duration::from_millis(10);

/// The least that is taken for what grows.
const SMALL: u64 = 1 << 16;

/// What is taken for the machine's memory where nothing tells it.
const UNKNOWN: u64 = 4 << 30;

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
    let invalid =
        || Error::Invalid(format!("'{text}' is not a size of memory; write for example 512MiB, 2GiB or 1.5GB"));
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

/// The memory of a run.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    pub limit: u64,
    pub pool: MemoryPool,
    threads: usize,
}

impl Budget {
    /// Of a process that had `before` bytes in memory before anything was read.
    ///
    /// # Errors
    ///
    /// [`Error::MemoryLimit`] for a limit that is too low for any run.
    pub fn new(limit: u64, threads: usize, before: Option<u64>) -> Result<Self> {
        let pool = MemoryPool::new(limit, threads, before).map_err(|least| {
            let what = format!("a run on {threads} {}", if threads == 1 { "thread" } else { "threads" });
            Error::MemoryLimit { what, needed: least, limit }
        })?;
        Ok(Self { limit, pool, threads })
    }

    /// What is there for the values that quantiles need, or for the rows of groups.
    pub fn kept(&self) -> u64 {
        self.pool.capacity() / 2
    }

    /// The limit that would leave `kept` bytes for [`Budget::kept`].
    pub fn limit_for(&self, kept: u64) -> u64 {
        self.beyond(2 * kept.saturating_sub(self.kept()))
    }

    /// The limit that would leave `missing` bytes more.
    pub fn beyond(&self, missing: u64) -> u64 {
        self.higher(with_slack(missing))
    }

    /// A limit that is higher by this much, and still is as a message rounds it.
    fn higher(&self, more: u64) -> u64 {
        let limit = self.limit.saturating_add(more);
        limit.saturating_add(limit / 200)
    }

    /// That the limit is too low for `what`.
    fn too_low(&self, what: String, refused: &Refused) -> Error {
        Error::MemoryLimit { what, needed: self.higher(refused.missing), limit: self.limit }
    }

    /// What decoding may take at a time.
    pub fn decoding(&self) -> u64 {
        self.pool.capacity() / 2
    }

    /// Gives memory that was freed back to the system, on all threads of the pool: each has some of its own.
    pub fn give_back(&self) {
        #[cfg(feature = "allocator")]
        rayon::broadcast(|_| crate::arch::allocator::give_back());
    }

    /// Takes `bytes` bytes for as long as they are held.
    ///
    /// # Errors
    ///
    /// [`Error::MemoryLimit`] if there is no room for `what`.
    pub fn hold(&self, bytes: u64, what: &str) -> Result<Reservation> {
        let mut room = self.pool.empty();
        self.take(&mut room, bytes, what).map(|()| room)
    }

    /// Takes `bytes` bytes more.
    fn take(&self, room: &mut Reservation, bytes: u64, what: &str) -> Result<()> {
        let mut found = room.try_grow(bytes, 0);
        for _ in 0..PATIENCE {
            if found.is_ok() || bytes > self.pool.free() {
                break;
            }
            // What other threads are about to give back is still in the kernel's count.
            std::thread::sleep(PAUSE);
            found = room.try_grow(bytes, 0);
        }
        found.map_err(|refused| self.too_low(what.to_owned(), &refused))
    }

    /// Has a reservation be of `bytes` bytes at least, and takes a half more where it grows: what grows by and by asks seldom.
    ///
    /// # Errors
    ///
    /// As [`Budget::hold`].
    pub fn grow(&self, room: &mut Reservation, bytes: u64, what: &str) -> Result<()> {
        if bytes <= room.bytes() {
            return Ok(());
        }
        let wanted = (bytes + bytes / 2).max(SMALL);
        let more = wanted - room.bytes();
        self.take(room, more, what)
    }

    /// Takes what decoding asks for, as soon as it is there.
    ///
    /// # Errors
    ///
    /// [`Error::MemoryLimit`] for `what` cannot be decoded within the limit, [`Error::Interrupted`].
    pub fn decode(&self, bytes: u64, interrupt: &Interrupt, what: impl Fn() -> String) -> Result<Reservation> {
        self.pool.reserve_for_a_while(bytes, interrupt).map_err(|no| match no {
            NoReservation::Interrupted => Error::Interrupted,
            NoReservation::Refused(refused) => self.too_low(what(), &refused),
        })
    }

    pub fn threads(&self) -> usize {
        self.threads
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
    fn the_machine_tells_what_it_has() {
        assert_eq!(meminfo_total("MemTotal:       24683640 kB\nMemFree: 1 kB\n"), Some(24683640 * 1024));
    }
}
