//! A scan as bytes, for `serde` and a binary format, and what is checked when it is read back.
//!
//! A scan read back gives the same answers as the one that was written, to the bit, whatever is added to either, and asks
//! for the same brackets. What does not follow from the values is left out: the instructions are the best ones of the
//! machine that reads.
//!
//! Bytes are not trusted. Whatever the code takes for granted of a state is checked, so that no bytes make it panic, or ask
//! for more memory than the values in them take; and what can be checked of the numbers is checked too (S² ≤ n·Q, counts that
//! agree). A checksum against damage is the business of whoever keeps the bytes.

use serde::de::{Deserialize, Deserializer, Error};
use serde::{Serialize, Serializer};

use super::{Further, Scan};
use crate::arch::Tier;
use crate::stats::number::Value;

/// No scan has seen more rows. Counts that are not greater add up without overflow.
const MOST_ROWS: u64 = 1 << 48;

impl<T: Value> Serialize for Scan<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { tier: _, nan, null_count, nan_count, moments, extrema, candidates, further, found: _ } = self;
        (nan, null_count, nan_count, moments, extrema, candidates, further).serialize(serializer)
    }
}

impl<'de, T: Value> Deserialize<'de> for Scan<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (nan, null_count, nan_count, moments, extrema, candidates, further) =
            Deserialize::deserialize(deserializer)?;
        let tier = Tier::best();
        let scan = Self { tier, nan, null_count, nan_count, moments, extrema, candidates, further, found: Vec::new() };
        scan.check().map_err(D::Error::custom)?;
        Ok(scan)
    }
}

impl<T: Value> Scan<T> {
    /// Whether its parts can be of one series.
    fn check(&self) -> Result<(), &'static str> {
        let count = self.moments.count();
        let rows = count.checked_add(self.null_count).and_then(|rows| rows.checked_add(self.nan_count));
        if rows.is_none_or(|rows| rows > MOST_ROWS) {
            return Err("more rows than there can be");
        }
        if self.extrema.as_ref().is_some_and(|extrema| extrema.is_empty() != (count == 0)) {
            return Err("extrema of no values, or values without extrema");
        }
        if let Some(candidates) = &self.candidates {
            if candidates.count() != count {
                return Err("the cells count other values than the moments");
            }
            if !candidates.hold_values(T::is_value) {
                return Err("a key that no value of the series has");
            }
        }
        match &self.further {
            Some(further) if !further.is_possible(count) => Err("statistics that no values have"),
            _ => Ok(()),
        }
    }

    /// What is learned by it: scans that merge have this in common.
    fn shape(&self) -> impl PartialEq {
        let further = self.further.as_deref().map(|further| {
            let Further { powers, geometric, harmonic, tally, .. } = further;
            [powers.is_some(), geometric.is_some(), harmonic.is_some(), tally.is_some()]
        });
        (self.nan, self.moments.order(), self.extrema.is_some(), self.candidates.is_some(), further)
    }

    /// Whether both are asked for the same, so that they may be parts of one series.
    pub fn fits(&self, other: &Self) -> bool {
        self.shape() == other.shape()
    }
}

impl<T: Value> Further<T> {
    fn is_possible(&self, count: u64) -> bool {
        let Self { zeros, negatives, powers: _, geometric, harmonic, tally } = self;
        zeros.checked_add(*negatives).is_some_and(|both| both <= count)
            && geometric.as_ref().is_none_or(|mean| mean.is_possible(count, *zeros, *negatives))
            && harmonic.as_ref().is_none_or(|mean| mean.is_possible(*zeros, *negatives))
            && tally.as_ref().is_none_or(|tally| tally.count() == count)
    }
}

#[cfg(all(test, feature = "parquet"))]
mod tests;
