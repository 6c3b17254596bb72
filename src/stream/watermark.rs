//! How far event time has come, and which rows are late.
//!
//! The watermark of a partition is its latest time so far, minus the longest delay; that of the stream is the least of its partitions, and
//! never falls. It moves with every row: a row is late if the rows *before* it have closed its windows, in whatever batches they came.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The watermark of a stream of one partition or several. [`i64::MIN`] is before any row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Watermark {
    max_delay: i64,
    value: i64,
    /// The latest time so far.
    latest: i64,
    partitions: BTreeMap<String, Partition>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Partition {
    /// Its watermark.
    value: i64,
    /// Whether it holds nothing up, as long as nothing comes of it.
    is_idle: bool,
}

impl Default for Partition {
    fn default() -> Self {
        Self { value: i64::MIN, is_idle: false }
    }
}

impl Watermark {
    pub fn new(max_delay: i64) -> Self {
        Self { max_delay, value: i64::MIN, latest: i64::MIN, partitions: BTreeMap::new() }
    }

    /// Where it is; `None` before the first row.
    pub fn value(&self) -> Option<i64> {
        (self.value > i64::MIN).then_some(self.value)
    }

    /// The latest time so far, in whatever partition; `None` before the first row.
    pub fn latest(&self) -> Option<i64> {
        (self.latest > i64::MIN).then_some(self.latest)
    }

    /// A partition that may not have sent anything yet: until it does, it holds the others up.
    pub fn declare(&mut self, partition: &str) {
        self.partitions.entry(partition.to_owned()).or_default();
    }

    /// Nothing comes of a partition for now: until something does, it holds nothing up.
    pub fn set_idle(&mut self, partition: &str) {
        self.partitions.entry(partition.to_owned()).or_default().is_idle = true;
        self.settle();
    }

    /// A partition that comes no more.
    pub fn remove(&mut self, partition: &str) {
        self.partitions.remove(partition);
        self.settle();
    }

    /// No row before this time is to come, of one partition or of any.
    pub fn advance(&mut self, time: i64, partition: Option<&str>) {
        match partition {
            Some(name) => {
                let partition = self.partitions.entry(name.to_owned()).or_default();
                partition.value = partition.value.max(time);
                partition.is_idle = false;
            }
            None => {
                self.partitions.values_mut().for_each(|partition| partition.value = partition.value.max(time));
                self.value = self.value.max(time);
            }
        }
        self.settle();
    }

    fn settle(&mut self) {
        let live = self.partitions.values().filter(|partition| !partition.is_idle);
        if let Some(least) = live.map(|partition| partition.value).min() {
            self.value = self.value.max(least);
        }
    }

    /// Rows of a partition come one after the other.
    pub fn rows(&self, partition: &str) -> Rows {
        let own = self.partitions.get(partition).map_or(i64::MIN, |partition| partition.value);
        let others = self.partitions.iter().filter(|(name, other)| *name != partition && !other.is_idle);
        let others = others.map(|(_, other)| other.value).min().unwrap_or(i64::MAX);
        Rows { max_delay: self.max_delay, own, others, latest: self.latest, value: self.value.max(own.min(others)) }
    }

    /// All of them have come.
    pub fn end_rows(&mut self, partition: &str, rows: Rows) {
        let at = self.partitions.entry(partition.to_owned()).or_default();
        (at.value, at.is_idle) = (rows.own, false);
        self.value = self.value.max(rows.value);
        self.latest = self.latest.max(rows.latest);
    }
}

/// The watermark as it moves with the rows of one partition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows {
    max_delay: i64,
    own: i64,
    /// The least of all other partitions.
    others: i64,
    latest: i64,
    value: i64,
}

impl Rows {
    /// Where it is before the next row.
    #[inline]
    pub fn value(&self) -> i64 {
        self.value
    }

    /// A row of this time has come.
    #[inline]
    pub fn see(&mut self, time: i64) {
        self.latest = self.latest.max(time);
        self.own = self.own.max(time.saturating_sub(self.max_delay));
        self.value = self.value.max(self.own.min(self.others));
    }
}

/// Rows that did not go where the others went.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Counters {
    pub rows: u64,
    pub late_rows: u64,
    pub partly_late_rows: u64,
    pub null_time_rows: u64,
    pub ahead_rows: u64,
}

impl Counters {
    pub fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        self.late_rows += other.late_rows;
        self.partly_late_rows += other.partly_late_rows;
        self.null_time_rows += other.null_time_rows;
        self.ahead_rows += other.ahead_rows;
    }
}

/// What becomes of the rows of a batch.
pub(super) struct Arrivals<T> {
    /// Where they go.
    pub to: T,
    /// Those that are late.
    pub late: Vec<u32>,
    pub counters: Counters,
    /// The row before which windows are to be handed out first.
    pub stopped: Option<usize>,
}

impl<T> Arrivals<T> {
    pub fn map<U>(self, map: impl FnOnce(T) -> U) -> Arrivals<U> {
        Arrivals { to: map(self.to), late: self.late, counters: self.counters, stopped: self.stopped }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn see(watermark: &mut Watermark, partition: &str, times: &[i64]) -> Vec<i64> {
        let mut rows = watermark.rows(partition);
        let seen = times.iter().map(|&time| {
            rows.see(time);
            rows.value()
        });
        let seen = seen.collect();
        watermark.end_rows(partition, rows);
        seen
    }

    #[test]
    fn it_is_the_least_of_the_partitions_and_never_falls() {
        let mut watermark = Watermark::new(10);
        assert_eq!(watermark.value(), None);
        assert_eq!(see(&mut watermark, "a", &[100, 90, 120]), [90, 90, 110]);
        // A new partition begins behind; what was said stays said.
        assert_eq!(see(&mut watermark, "b", &[50, 115, 200]), [110, 110, 110]);
        assert_eq!(see(&mut watermark, "a", &[300]), [190]);
        watermark.set_idle("b");
        assert_eq!(watermark.value(), Some(290));
        assert_eq!(see(&mut watermark, "b", &[250]), [290]);
        watermark.advance(400, Some("a"));
        assert_eq!(watermark.value(), Some(290));
        watermark.remove("b");
        assert_eq!(watermark.value(), Some(400));
        watermark.advance(500, None);
        assert_eq!(watermark.value(), Some(500));
        assert_eq!(see(&mut watermark, "a", &[505]), [500]);
    }

    #[test]
    fn a_declared_partition_holds_up() {
        let mut watermark = Watermark::new(0);
        watermark.declare("b");
        assert_eq!(see(&mut watermark, "a", &[100]), [i64::MIN]);
        assert_eq!(watermark.value(), None);
        assert_eq!(see(&mut watermark, "b", &[70, 130]), [70, 100]);
        assert_eq!(see(&mut watermark, "a", &[i64::MIN, i64::MAX]), [100, 130]);
    }
}
