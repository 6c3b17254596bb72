//! Smallest and largest value, and their distance.

use serde::de::{Deserialize, Deserializer, Error};
use serde::{Serialize, Serializer};

use super::select::Key;
use super::value::Value;

/// The extrema of the values seen so far: none of none. −0.0 is below +0.0, so that their order never shows.
#[derive(Clone, Debug)]
pub struct Extrema<T: Value> {
    bounds: Option<(T::Key, T::Key)>,
}

impl<T: Value> Extrema<T> {
    pub fn new() -> Self {
        Self { bounds: None }
    }

    /// Forgets all values.
    pub fn clear(&mut self) {
        self.bounds = None;
    }

    /// The least and the greatest key of more values, none of them NaN.
    pub fn update(&mut self, (least, greatest): (T::Key, T::Key)) {
        self.bounds = Some(match self.bounds {
            None => (least, greatest),
            Some((min, max)) => (min.min(least), max.max(greatest)),
        });
    }

    /// Another part of the same series.
    pub fn merge(&mut self, other: &Self) {
        if let Some(bounds) = other.bounds {
            self.update(bounds);
        }
    }

    /// Whether nothing was seen.
    pub fn is_empty(&self) -> bool {
        self.bounds.is_none()
    }

    /// The least and the greatest value.
    pub fn values(&self) -> Option<(T, T)> {
        self.bounds.map(|(min, max)| (T::from_key(min), T::from_key(max)))
    }

    pub fn min(&self) -> Option<f64> {
        self.bounds.map(|(min, _)| T::from_key(min).nearest())
    }

    pub fn max(&self) -> Option<f64> {
        self.bounds.map(|(_, max)| T::from_key(max).nearest())
    }

    /// max − min, rounded once. IEEE 754 for infinities: inf − inf is NaN.
    pub fn range(&self) -> Option<f64> {
        let (min, max) = self.bounds?;
        let (min, max) = (T::from_key(min), T::from_key(max));
        Some(match (min.as_f64(), max.as_f64()) {
            (Some(min), Some(max)) => max - min,
            _ if min.nearest().is_infinite() || max.nearest().is_infinite() => max.nearest() - min.nearest(),
            _ => max.to_rational().minus(&min.to_rational()).round(),
        })
    }
}

impl<T: Value> Default for Extrema<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Of nothing, no keys; else the two of them.
impl<T: Value> Serialize for Extrema<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.bounds {
            None => T::Key::write(&[], serializer),
            Some((min, max)) => T::Key::write(&[min, max], serializer),
        }
    }
}

impl<'de, T: Value> Deserialize<'de> for Extrema<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match T::Key::read(deserializer)?[..] {
            [] => Ok(Self { bounds: None }),
            [min, max] if min <= max && T::is_value(min) && T::is_value(max) => Ok(Self { bounds: Some((min, max)) }),
            _ => Err(D::Error::custom("extrema that no values have")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<T: Value>(values: &[T]) -> Extrema<T> {
        let mut extrema = Extrema::new();
        for value in values {
            extrema.update((value.key(), value.key()));
        }
        extrema
    }

    #[test]
    fn the_order_of_zeros_never_shows() {
        for values in [[0.0, -0.0], [-0.0, 0.0]] {
            let extrema = of(&values);
            assert_eq!(extrema.min().map(f64::to_bits), Some((-0.0f64).to_bits()));
            assert_eq!(extrema.max().map(f64::to_bits), Some(0.0f64.to_bits()));
        }
    }

    #[test]
    fn the_range_of_integers_is_exact() {
        assert_eq!(of(&[i64::MIN, i64::MAX]).range(), Some(18446744073709551615.0));
        assert_eq!(of(&[u64::MAX, u64::MAX - 1]).range(), Some(1.0));
        assert_eq!(of::<i64>(&[]).range(), None);
    }
}
