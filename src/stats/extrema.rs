//! Smallest and largest value, and their distance.

use std::cmp::Ordering;

use super::number::Value;

/// The extrema of the values seen so far: none of none. −0.0 is below +0.0, so that their order never shows.
#[derive(Clone, Debug)]
pub struct Extrema<T> {
    bounds: Option<(T, T)>,
}

impl<T: Value> Extrema<T> {
    pub fn new() -> Self {
        Self { bounds: None }
    }

    /// More values, none of them NaN.
    pub fn update(&mut self, values: &[T]) {
        let Some(&first) = values.first() else {
            return;
        };
        let (mut min, mut max) = self.bounds.unwrap_or((first, first));
        for value in values {
            if value.order(&min) == Ordering::Less {
                min = *value;
            }
            if value.order(&max) == Ordering::Greater {
                max = *value;
            }
        }
        self.bounds = Some((min, max));
    }

    /// Another part of the same series.
    pub fn merge(&mut self, other: &Self) {
        if let Some((min, max)) = other.bounds {
            self.update(&[min, max]);
        }
    }

    pub fn min(&self) -> Option<f64> {
        self.bounds.map(|(min, _)| min.nearest())
    }

    pub fn max(&self) -> Option<f64> {
        self.bounds.map(|(_, max)| max.nearest())
    }

    /// max − min, rounded once. IEEE 754 for infinities: inf − inf is NaN.
    pub fn range(&self) -> Option<f64> {
        let (min, max) = self.bounds?;
        Some(match (min.as_f64(), max.as_f64()) {
            (Some(min), Some(max)) => max - min,
            _ if min.nearest().is_infinite() || max.nearest().is_infinite() => max.nearest() - min.nearest(),
            _ => max.to_exact().minus(&min.to_exact()).round(),
        })
    }
}

impl<T: Value> Default for Extrema<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<T: Value>(values: &[T]) -> Extrema<T> {
        let mut extrema = Extrema::new();
        extrema.update(values);
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
