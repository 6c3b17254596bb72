//! A scan as bytes, and what is checked when it is read back.
//!
//! A scan read back gives the same answers as the one that was written, to the bit, whatever is added to either, and asks
//! for the same brackets. What does not follow from the values is left out: the instructions are the best ones of the
//! machine that reads.
//!
//! Bytes are not trusted. Whatever the code takes for granted of a state is checked, so that no bytes make it panic, or ask
//! for more memory than the values in them take; and what can be checked of the numbers is checked too (S² ≤ n·Q, counts that
//! agree).
//!
//! A [`Scan`] has no `serde` traits of its own: formats for people (JSON) lose bits of floats and of wide integers, and none of
//! them has a checksum. Checkpoints, which have an envelope of their own, go through the functions here.

use serde::de::{Deserialize, Deserializer};
use serde::{Serialize, Serializer};

use super::optional_states::OptionalStates;
use super::state::Scan;
use crate::arch::Tier;
use crate::error::{Error, Result};
use crate::state;
use crate::stats::value::Value;

/// No scan has seen more rows. Counts that are not greater add up without overflow.
const MOST_ROWS: u64 = 1 << 48;

/// Writes a scan, for a binary format.
pub(crate) fn serialize<T: Value, S: Serializer>(scan: &Scan<T>, serializer: S) -> Result<S::Ok, S::Error> {
    let Scan { tier: _, nan, null_count, nan_count, moments, extrema, candidates, optional, found: _ } = scan;
    (nan, null_count, nan_count, moments, extrema, candidates, optional).serialize(serializer)
}

/// What [`serialize`] has written, checked.
pub(crate) fn deserialize<'de, T: Value, D: Deserializer<'de>>(deserializer: D) -> Result<Scan<T>, D::Error> {
    let (nan, null_count, nan_count, moments, extrema, candidates, optional) = Deserialize::deserialize(deserializer)?;
    let tier = Tier::best();
    let scan = Scan { tier, nan, null_count, nan_count, moments, extrema, candidates, optional, found: Vec::new() };
    scan.check().map_err(serde::de::Error::custom)?;
    Ok(scan)
}

/// The same of a scan in a box.
pub(crate) mod boxed {
    use super::{Deserializer, Scan, Serializer, Value};

    pub(crate) fn serialize<T: Value, S: Serializer>(scan: &Scan<T>, serializer: S) -> Result<S::Ok, S::Error> {
        super::serialize(scan, serializer)
    }

    pub(crate) fn deserialize<'de, T: Value, D: Deserializer<'de>>(deserializer: D) -> Result<Box<Scan<T>>, D::Error> {
        super::deserialize(deserializer).map(Box::new)
    }
}

/// A scan as `serde` takes it.
struct Payload<S>(S);

impl<T: Value> Serialize for Payload<&Scan<T>> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(self.0, serializer)
    }
}

impl<'de, T: Value> Deserialize<'de> for Payload<Scan<T>> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize(deserializer).map(Self)
    }
}

impl<T: Value> Scan<T> {
    /// The scan as bytes, for another process, machine or time: [`Scan::from_bytes`] reads them back. They hold values of the series
    /// where quantiles are asked.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] if it does not fit in memory twice.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        state::to_bytes(T::TAG, &Payload(self), "scan")
    }

    /// A scan from the bytes of [`Scan::to_bytes`]. It gives the same answers, to the bit, and merges as the one that was written.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for bytes that are no scan, are damaged, were written by a version of rstats with another format, or hold a
    /// scan of another type of values.
    ///
    /// ```
    /// use rstats::Spec;
    /// use rstats::scan::{Keep, Scan};
    ///
    /// let mut scan = Scan::<f64>::new(&Spec::default(), Keep::All);
    /// scan.update(&[1.5, 2.5]);
    /// let again = Scan::<f64>::from_bytes(&scan.to_bytes()?)?;
    /// assert_eq!(again.rows(), 2);
    /// # Ok::<(), rstats::Error>(())
    /// ```
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        state::from_bytes(T::TAG, bytes, "scan").map(|Payload(scan)| scan)
    }

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
                return Err("the bins count other values than the moments");
            }
            if !candidates.hold_values(T::is_value) {
                return Err("a key that no value of the series has");
            }
        }
        match &self.optional {
            Some(optional) if !optional.is_possible(count) => Err("statistics that no values have"),
            _ => Ok(()),
        }
    }
}

/// As [`Scan::from_bytes`].
impl<T: Value> TryFrom<&[u8]> for Scan<T> {
    type Error = Error;

    fn try_from(bytes: &[u8]) -> Result<Self> {
        Self::from_bytes(bytes)
    }
}

impl<T: Value> OptionalStates<T> {
    fn is_possible(&self, count: u64) -> bool {
        let Self { zeros, negatives, powers: _, geometric, harmonic, value_counts } = self;
        zeros.checked_add(*negatives).is_some_and(|both| both <= count)
            && geometric.as_ref().is_none_or(|mean| mean.is_possible(count, *zeros, *negatives))
            && harmonic.as_ref().is_none_or(|mean| mean.is_possible(*zeros, *negatives))
            && value_counts.as_ref().is_none_or(|value_counts| value_counts.count() == count)
    }
}

#[cfg(test)]
mod tests;
