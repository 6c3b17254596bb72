//! Histograms and Tukey's fences: how many values are between edges.
//!
//! - **histogram**: bins of equal width from the least to the greatest value. A bin holds the values from its lower edge up to but without
//!   its upper one, the last bin both. The edges are those of `numpy.histogram`, bit by bit: of values that are all equal, ½ to each side.
//! - **fences**: q1 − 1.5·iqr and q3 + 1.5·iqr (Tukey, Exploratory Data Analysis, 1977); **outliers** are the values beyond them.
//!
//! Values are compared with the edges exactly: integers and decimals do not become floats first.

use std::fmt;
use std::str::FromStr;

use super::value::Value;
use crate::error::Error;

/// How many bins a histogram has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BinCount {
    /// This number; at most [`BinCount::MOST`].
    Fixed(u32),
    /// As many as NumPy's `"auto"`: bins as wide as Freedman and Diaconis or Sturges say, whichever are narrower, but no more than
    /// 2·√n by the former; and none narrower than 1 where the extrema and the values around the quartiles are whole numbers, as NumPy does for
    /// arrays of integers.
    Auto,
}

impl BinCount {
    /// The most bins that can be asked for.
    pub const MOST: u32 = 1 << 16;

    /// Exactly `bins` bins.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for none, and for more than [`BinCount::MOST`].
    pub fn fixed(bins: u64) -> Result<Self, Error> {
        let wrong = || Error::Invalid(format!("the number of bins is from 1 to {}, not {bins}", Self::MOST));
        u32::try_from(bins).ok().filter(|bins| (1..=Self::MOST).contains(bins)).map(Self::Fixed).ok_or_else(wrong)
    }

    /// The number of bins for `count` finite values, one at least.
    fn of(self, count: u64, [min, max]: [f64; 2], [q1, q3]: [f64; 2], are_whole: bool) -> usize {
        let bins = match self {
            Self::Fixed(bins) => return bins as usize,
            Self::Auto => {
                let (extent, n) = (max - min, count as f64);
                let freedman_diaconis = 2.0 * (q3 - q1) * inverse_cube_root(count);
                let sturges = extent / (log2(count) + 1.0);
                let width = freedman_diaconis.max(extent / n.sqrt() / 2.0).min(sturges);
                let width = if are_whole && width > 0.0 { width.max(1.0) } else { width };
                (extent / width).ceil()
            }
        };
        // Of equal values, and where the extent is beyond the floats, there is no width.
        if bins.is_finite() { bins.clamp(1.0, self.most(count) as f64) as usize } else { 1 }
    }

    /// The most bins that a histogram of `count` values can have.
    pub(crate) fn most(self, count: u64) -> u64 {
        match self {
            Self::Fixed(bins) => bins.into(),
            // Those of Freedman and Diaconis, or of Sturges, of which there are never more than 65.
            Self::Auto => (2.0 * (count as f64).sqrt()) as u64 + 65,
        }
    }
}

impl Default for BinCount {
    /// 10, as NumPy has it.
    fn default() -> Self {
        Self::Fixed(10)
    }
}

impl fmt::Display for BinCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(bins) => bins.fmt(f),
            Self::Auto => f.pad("auto"),
        }
    }
}

impl FromStr for BinCount {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.trim() {
            "auto" => Ok(Self::Auto),
            number => match number.parse() {
                Ok(bins) => Self::fixed(bins),
                Err(_) => Err(Error::Invalid(format!(
                    "the bins of a histogram are a number from 1 to {}, or auto, not '{text}'",
                    Self::MOST
                ))),
            },
        }
    }
}

/// The values of a series in bins of equal width, from the least value to the greatest. A bin holds the values from its lower edge up to but without
/// its upper one, the last bin both; the edges are those of `numpy.histogram`, and values are compared with them exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// The edges of the bins, ascending: one more than there are bins.
    pub edges: Vec<f64>,
    /// How many values are in each bin.
    pub counts: Vec<u64>,
}

/// What is known of a series before its values are counted between edges.
pub(crate) struct Extent {
    pub count: u64,
    pub extrema: [f64; 2],
    pub quartiles: [f64; 2],
    /// Whether the extrema, and the values around the quartiles, are whole numbers.
    pub are_whole: bool,
}

impl Extent {
    /// The edges of a histogram; `None` where a value is infinite.
    pub(crate) fn edges(&self, bins: BinCount) -> Option<Vec<f64>> {
        if self.extrema.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let bins = bins.of(self.count, self.extrema, self.quartiles, self.are_whole);
        let [first, last] = match self.extrema {
            [min, max] if min == max => [min - 0.5, max + 0.5],
            extrema => extrema,
        };
        Some(equal_widths(first, last, bins))
    }

    /// Tukey's fences.
    pub(crate) fn fences(&self) -> [f64; 2] {
        let [q1, q3] = self.quartiles;
        let reach = 1.5 * (q3 - q1);
        [q1 - reach, q3 + reach]
    }
}

/// `numpy.linspace(first, last, bins + 1)`.
fn equal_widths(first: f64, last: f64, bins: usize) -> Vec<f64> {
    let (extent, n) = (last - first, bins as f64);
    let step = extent / n;
    let edge = |index: usize| match index {
        index if index == bins => last,
        index if step.is_infinite() || extent.is_infinite() => {
            // By halves, whose difference is a float.
            2.0 * (first / 2.0 + index as f64 * ((last / 2.0 - first / 2.0) / n))
        }
        index if step == 0.0 => index as f64 / n * extent + first,
        index => index as f64 * step + first,
    };
    (0..=bins).map(edge).collect()
}

/// The keys by which values are counted in the bins between `edges`, ascending, each once. Values below the first edge are in the first bin and
/// those above the last one in the last: the nearest floats of the extrema may be within them.
pub(crate) fn inner_keys<T: Value>(edges: &[f64]) -> impl Iterator<Item = T::Key> {
    edges[1..edges.len() - 1].iter().filter_map(|&edge| T::first_from(edge))
}

/// n^(−1/3), where −1/3 is the float, correctly rounded: that of a library of mathematics differs between machines.
fn inverse_cube_root(n: u64) -> f64 {
    /// What the float −1/3 is above the number.
    const ABOVE: f64 = 1.850_371_707_708_594e-17;
    let n = n as f64;
    let near = 1.0 / n.cbrt();
    // near³·n in two floats: its distance from 1 is what the root is wrong by, three times.
    let square = near * near;
    let of_square = near.mul_add(near, -square);
    let cube = square * near;
    let of_cube = square.mul_add(near, -cube) + of_square * near;
    let product = cube * n;
    let of_product = cube.mul_add(n, -product) + of_cube * n;
    let wrong = (1.0 - product) - of_product;
    near + near * (wrong / 3.0 + ABOVE * n.ln())
}

/// The binary logarithm; of a power of two the integer.
fn log2(n: u64) -> f64 {
    if n.is_power_of_two() { f64::from(n.trailing_zeros()) } else { (n as f64).log2() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::decimal::Decimal;
    use crate::num::number::Number;

    #[test]
    fn edges_are_those_of_linspace() {
        assert_eq!(equal_widths(0.0, 1.0, 4), [0.0, 0.25, 0.5, 0.75, 1.0]);
        // numpy.linspace(-0.1, 0.2, 4)
        assert_eq!(equal_widths(-0.1, 0.2, 3), [-0.1, 1.387_778_780_781_445_7e-17, 0.100_000_000_000_000_03, 0.2]);
        // The step is 0 among the least floats.
        assert_eq!(equal_widths(0.0, 5e-324, 4), [0.0, 0.0, 0.0, 5e-324, 5e-324]);
        // Where the extent is beyond the floats, its halves are not.
        let wide = equal_widths(-f64::MAX, f64::MAX, 4);
        assert_eq!(wide, [-f64::MAX, -f64::MAX / 2.0, 0.0, (f64::MAX / 2.0).next_down(), f64::MAX]);
    }

    #[test]
    fn roots_are_those_of_python() {
        // n ** (-1.0 / 3.0)
        for (n, root) in [
            (1, 1.0),
            (2, 0.793_700_525_984_099_8),
            (8, 0.5),
            (1_000, 0.100_000_000_000_000_02),
            (1_000_000, 0.010_000_000_000_000_002),
            (50_000_000, 0.002_714_417_616_594_907_3),
        ] {
            assert_eq!(inverse_cube_root(n), root, "{n}");
        }
    }

    #[test]
    fn keys_are_exact_where_floats_are_not() {
        let edge = (1u64 << 53) as f64 + 2.0;
        assert_eq!(i64::first_from(edge), Some((1 << 53) + 2));
        assert_eq!(i64::first_from(-0.5), Some(0));
        assert_eq!(i64::first_above(-0.5), Some(0));
        assert_eq!(i64::first_above(2.0), Some(3));
        assert_eq!(i64::first_from(1e300), None);
        assert_eq!(i64::first_above(9.3e18), None);
        assert_eq!(i64::first_from(-1e300), Some(i64::MIN));
        assert_eq!(u64::first_from(-1.0), Some(Value::key(0_u64)));
        assert_eq!(u64::first_above(-1.0), Some(Value::key(0_u64)));
        assert_eq!(u64::first_from(2f64.powi(64)), None);
        assert_eq!(u64::first_above(1.5), Some(Value::key(2_u64)));
        // −0.0 is not below an edge at 0, and not above one.
        assert!(f64::first_from(0.0) <= Some(Value::key(-0.0)) && f64::first_above(-0.0) > Some(Value::key(0.0)));
        // A tenth is below the float that is nearest to it.
        let tenth = Number::from(Decimal { negative: false, magnitude: [1, 0, 0, 0], scale: 1 });
        assert!(Some(tenth.key()) < Number::first_from(0.1));
        assert!(Some(tenth.key()) < Number::first_above(0.1));
    }

    #[test]
    fn numbers_of_bins_are_read() {
        assert_eq!("auto".parse::<BinCount>().unwrap(), BinCount::Auto);
        assert_eq!(" 20 ".parse::<BinCount>().unwrap(), BinCount::Fixed(20));
        for wrong in ["0", "65537", "-3", "ten", ""] {
            assert!(wrong.parse::<BinCount>().unwrap_err().to_string().contains("from 1 to 65536"), "{wrong}");
        }
    }
}
