//! Candidates as bytes, and what is checked when they are read back.
//!
//! Everything that decides what is sampled next is written, so that a state read back asks for the same brackets as the
//! one that was written. Bins that are not kept hold nothing but their count.

use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize, Serializer};

use super::bins::{Bins, COMPARED, Key};
use super::brackets::single_key;
use super::candidates::{Candidates, KEPT, LEAST_CAPACITY};
use super::sample::Sample;
use crate::arch::{BLOCK, Tier};

/// The greatest stride that is read back: a power of two that no series is long enough for.
const MOST_STRIDE: u64 = 1 << 48;

/// Keys as [`Key::write`] has them.
pub(in crate::stats) struct WrittenKeys<'a, K>(pub &'a [K]);

impl<K: Key> Serialize for WrittenKeys<'_, K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        K::write(self.0, serializer)
    }
}

/// What was written so.
pub(in crate::stats) struct ReadKeys<K>(pub Vec<K>);

impl<'de, K: Key> Deserialize<'de> for ReadKeys<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        K::read(deserializer).map(Self)
    }
}

impl<K: Key> Serialize for Sample<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { keys, runs, stride, skip, rest, random } = self;
        let runs: Vec<_> = runs.iter().map(|run| WrittenKeys(run)).collect();
        (WrittenKeys(keys), runs, stride, skip, rest, random).serialize(serializer)
    }
}

impl<'de, K: Key> Deserialize<'de> for Sample<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (keys, runs, stride, skip, rest, random): (ReadKeys<K>, Vec<ReadKeys<K>>, _, _, _, _) =
            Deserialize::deserialize(deserializer)?;
        let sample =
            Self { keys: keys.0, runs: runs.into_iter().map(|run| run.0).collect(), stride, skip, rest, random };
        if sample.is_possible() { Ok(sample) } else { Err(D::Error::custom("a sample that no values leave behind")) }
    }
}

impl<K: Key> Sample<K> {
    fn is_possible(&self) -> bool {
        let windows = match self.stride {
            1 => self.skip == 0 && self.rest == 0,
            stride @ 2..=MOST_STRIDE => {
                stride.is_power_of_two() && self.rest < stride && self.skip < 2 * stride && self.len() > 0
            }
            _ => false,
        };
        windows && self.random != 0 && self.runs.iter().all(|run| !run.is_empty())
    }

    fn all(&self) -> impl Iterator<Item = K> {
        self.keys.iter().chain(self.runs.iter().flatten()).copied()
    }
}

impl<K: Key> Serialize for Candidates<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Bins { edges, kept, counts, keys, filled, .. } = &self.bins;
        let capacity = (self.capacity != usize::MAX).then_some(self.capacity);
        let samples: Vec<_> = self.samples.iter().zip(kept).filter(|(_, kept)| **kept).map(|(s, _)| s).collect();
        (WrittenKeys(edges), kept, counts, capacity, WrittenKeys(&keys[..*filled]), samples).serialize(serializer)
    }
}

impl<'de, K: Key> Deserialize<'de> for Candidates<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Parts::deserialize(deserializer)?.candidates().map_err(D::Error::custom)
    }
}

/// What was written of candidates.
#[derive(Deserialize)]
#[serde(bound = "K: Key")]
struct Parts<K> {
    edges: ReadKeys<K>,
    kept: Vec<bool>,
    counts: Vec<u64>,
    /// `None` for any number of values.
    capacity: Option<usize>,
    /// What was kept of the last blocks and is not in the samples yet.
    pending: ReadKeys<K>,
    /// Those of bins that are kept.
    samples: Vec<Sample<K>>,
}

impl<K: Key> Parts<K> {
    fn candidates(self) -> Result<Candidates<K>, &'static str> {
        let Self { edges: ReadKeys(edges), kept, counts, capacity, pending: ReadKeys(pending), samples: written } =
            self;
        let bins = edges.len() + 1;
        if u32::try_from(bins).is_err() || kept.len() != bins || counts.len() != bins {
            return Err("the bins are not those around the edges");
        }
        if !edges.is_sorted_by(|a, b| a < b) {
            return Err("the edges do not ascend");
        }
        if (0..bins).any(|bin| kept[bin] && single_key(&edges, bin).is_some()) {
            return Err("a bin is kept that can hold one key only");
        }
        if counts.iter().try_fold(0u64, |sum, count| sum.checked_add(*count)).is_none() {
            return Err("more values than can be counted");
        }
        let capacity = capacity.unwrap_or(usize::MAX);
        if capacity < LEAST_CAPACITY || written.len() != kept.iter().filter(|kept| **kept).count() {
            return Err("the samples are not those of the bins");
        }
        let assigned: Vec<usize> = pending.iter().map(|key| edges.partition_point(|edge| edge <= key)).collect();
        let mut expected = vec![0u64; bins];
        assigned.iter().for_each(|&bin| expected[bin] += 1);
        if pending.len() >= KEPT || assigned.iter().any(|&bin| !kept[bin]) {
            return Err("keys of bins that are not kept");
        }
        let mut written = written.into_iter();
        let mut samples = Vec::with_capacity(bins);
        for (bin, kept) in kept.iter().enumerate() {
            let Some(sample) = (if *kept { written.next() } else { Some(Sample::new()) }) else { break };
            let (low, high) = (bin.checked_sub(1).map(|lower| edges[lower]), edges.get(bin).copied());
            let inside = |key: K| low.is_none_or(|low| low <= key) && high.is_none_or(|high| key < high);
            let count = sample.len() as u64 + expected[bin];
            let whole = !*kept || if sample.stride == 1 { count == counts[bin] } else { expected[bin] <= counts[bin] };
            if sample.len() > capacity || !whole || !sample.all().all(inside) {
                return Err("a bin does not hold what it counts");
            }
            samples.push(sample);
        }
        // `Candidates::update` takes the only bin's keys for all that there are.
        let moved = matches!(&samples[..], [sample] if sample.stride == 1 && sample.runs.is_empty()
            && sample.keys.len().saturating_add(BLOCK) <= capacity);
        if moved && !pending.is_empty() {
            return Err("keys that were left behind");
        }
        let assigned =
            if edges.len() > COMPARED { assigned.into_iter().map(|bin| bin as u32).collect() } else { Vec::new() };
        let filled = pending.len();
        let counts_alone = !kept.contains(&true);
        let bins = Bins { edges, index: None, kept, counts_alone, counts, keys: pending, filled, assigned };
        Ok(Candidates { bins, samples, capacity, tier: Tier::best(), among: None })
    }
}

impl<K: Key> Candidates<K> {
    /// Whether everything that is kept because it may be an answer is a value, as `is_value` has it. A mere sample of a
    /// bin may have edges in it.
    pub(crate) fn hold_values(&self, is_value: impl Fn(K) -> bool) -> bool {
        let pending = self.bins.keys[..self.bins.filled].iter().copied();
        let whole = self.samples.iter().filter(|sample| sample.stride == 1);
        pending.chain(whole.flat_map(Sample::all)).all(is_value)
    }
}
