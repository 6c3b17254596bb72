//! Exact sums that values leave as they have entered.

use arrow_array::{Array, ArrayRef, BooleanArray};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::series::repr::with_repr;
use crate::series::{Series, from_arrow};
use crate::stats::compact::Compact;
use crate::stats::moments::Finished;
use crate::stats::value::Value;

/// Frames of values that differ by less than this many powers of two are the same mostly, so that they merge quickly.
const STEP: i32 = 16;

/// The exact sums of floats: those that are in it, of which any may leave again. Sum, mean, variance and standard deviation are those of
/// the values that are left, each rounded once, as if the others had never been there; whatever order they came in, and however they were merged.
///
/// It takes some 120 bytes, unless values are 2^43 times as great as others. NaNs are counted: an answer is NaN for as long as one is there.
///
/// ```
/// use rstats::ExactSums;
///
/// let mut window = ExactSums::default();
/// [1e17, 1.0, 2.0, 6.0].map(|value| window.add(value));
/// window.remove(1e17);
/// assert_eq!(window.mean(), Some(3.0));
/// assert_eq!(window.variance(1), Some(7.0));
/// ```
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ExactSums {
    /// Once there was a value that is not NaN.
    sums: Option<Compact>,
    nans: u64,
}

impl ExactSums {
    /// A value enters.
    #[inline]
    pub fn add(&mut self, value: f64) {
        self.enter(value);
    }

    /// A value leaves, which has entered; nothing happens where there is none.
    #[inline]
    pub fn remove(&mut self, value: f64) {
        self.leave(value);
    }

    fn enter<T: Value>(&mut self, value: T) {
        if value.is_nan() {
            self.nans += 1;
            return;
        }
        let new = || {
            let near = Some(value.nearest()).filter(|value| value.is_finite() && *value != 0.0).unwrap_or(1.0);
            Compact::new((Compact::unit_around(near).div_euclid(STEP) * STEP).max(-1074))
        };
        self.sums.get_or_insert_with(new).add(value);
    }

    fn leave<T: Value>(&mut self, value: T) {
        if value.is_nan() {
            self.nans = self.nans.saturating_sub(1);
        } else if let Some(sums) = self.sums.as_mut().filter(|sums| sums.count() > 0) {
            sums.remove(value);
        }
    }

    /// The numbers of an array enter, of any type; nulls do not.
    ///
    /// # Errors
    ///
    /// [`Error::NotNumeric`] for an array of anything else.
    pub fn add_array(&mut self, values: &ArrayRef) -> Result<()> {
        self.change_by_array(values, false)
    }

    /// The numbers of an array leave, which have entered.
    ///
    /// # Errors
    ///
    /// As [`ExactSums::add_array`].
    pub fn remove_array(&mut self, values: &ArrayRef) -> Result<()> {
        self.change_by_array(values, true)
    }

    fn change_by_array(&mut self, values: &ArrayRef, leave: bool) -> Result<()> {
        let repr = Series::from_arrays(None, vec![values.clone()])?.repr();
        with_repr!(repr, T => {
            let mut read: Vec<T> = Vec::new();
            from_arrow::read(values, &mut read)?;
            read.into_iter().for_each(|value| if leave { self.leave(value) } else { self.enter(value) });
        });
        Ok(())
    }

    /// Each number of an array enters the sums of its group, unless `filter` is not true for its row; nulls do not.
    ///
    /// # Errors
    ///
    /// As [`ExactSums::add_array`]; [`Error::Data`] for a group that is not there, and other numbers of rows.
    pub fn add_to_groups(
        sums: &mut [Self],
        values: &ArrayRef,
        groups: &[usize],
        filter: Option<&BooleanArray>,
    ) -> Result<()> {
        let is_so = groups.len() == values.len()
            && filter.is_none_or(|filter| filter.len() == values.len())
            && groups.iter().all(|&group| group < sums.len());
        if !is_so {
            return Err(Error::Data(format!(
                "{} values take as many groups (and as long a filter), each below {}; here are {} groups",
                values.len(),
                sums.len(),
                groups.len()
            )));
        }
        let nulls = values.logical_nulls();
        let is_there = |&row: &usize| {
            nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row))
                && filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row))
        };
        let rows: Vec<usize> = (0..values.len()).filter(is_there).collect();
        let repr = Series::from_arrays(None, vec![values.clone()])?.repr();
        with_repr!(repr, T => {
            let mut picked: Vec<T> = Vec::with_capacity(rows.len());
            from_arrow::pick(values, rows.iter().copied(), &mut picked)?;
            rows.into_iter().zip(picked).for_each(|(row, value)| sums[groups[row]].enter(value));
        });
        Ok(())
    }

    /// The values of another one enter.
    pub fn merge(&mut self, other: &Self) {
        self.nans += other.nans;
        match (&mut self.sums, &other.sums) {
            (_, None) => {}
            (Some(ours), Some(theirs)) if ours.count() > 0 => ours.merge_any(theirs),
            (ours, Some(theirs)) => *ours = Some(theirs.clone()),
        }
    }

    /// How many values are in it, NaNs among them.
    pub fn count(&self) -> u64 {
        self.nans + self.sums.as_ref().map_or(0, Compact::count)
    }

    fn finished(&self, statistic: impl Fn(Finished) -> Option<f64>) -> Option<f64> {
        if self.nans > 0 {
            return Some(f64::NAN);
        }
        statistic(self.sums.as_ref().filter(|sums| sums.count() > 0)?.finish())
    }

    /// The bytes of memory that it takes, about.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.sums.as_ref().map_or(0, Compact::wide_bytes)
    }

    /// Their sum; `None` of nothing.
    pub fn sum(&self) -> Option<f64> {
        self.finished(|finished| Some(finished.sum()))
    }

    /// Their mean; `None` of nothing.
    pub fn mean(&self) -> Option<f64> {
        self.finished(|finished| finished.mean())
    }

    /// Their variance, whose divisor is `count() - ddof`. `None` where there are `ddof` values or fewer, unless one of them is NaN.
    pub fn variance(&self, ddof: u64) -> Option<f64> {
        self.finished(|finished| finished.variance(ddof))
    }

    /// Their standard deviation: see [`ExactSums::variance`].
    pub fn stddev(&self, ddof: u64) -> Option<f64> {
        self.finished(|finished| finished.stddev(ddof))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{Decimal128Array, Float64Array, Int64Array};
    use proptest::prelude::*;

    use super::*;
    use crate::{Interrupt, Series, Spec, describe_all};

    fn expected(values: &[f64], ddof: u64) -> [Option<u64>; 4] {
        let spec =
            Spec::default().with_statistics_named(["sum", "mean", "variance", "stddev"]).unwrap().with_ddof(ddof);
        let series = Series::from_arrays(None, vec![Arc::new(Float64Array::from(values.to_vec()))]).unwrap();
        let summary = describe_all(&[series], &spec, &Interrupt::default()).unwrap().remove(0);
        let sum = summary.get("sum").filter(|_| !values.is_empty());
        [sum, summary.get("mean"), summary.get("variance"), summary.get("stddev")].map(|found| found.map(f64::to_bits))
    }

    fn found(sums: &ExactSums, ddof: u64) -> [Option<u64>; 4] {
        [sums.sum(), sums.mean(), sums.variance(ddof), sums.stddev(ddof)].map(|found| found.map(f64::to_bits))
    }

    proptest! {
        #[test]
        fn what_left_was_never_there(
            values in prop::collection::vec(prop_oneof![any::<f64>(), -1e6..1e6, Just(f64::NAN), Just(f64::INFINITY)], 0..60),
            cuts in prop::collection::vec(0_usize..60, 3),
            ddof in 0_u64..3,
        ) {
            let mut cuts = cuts.into_iter().map(|cut| cut.min(values.len())).collect::<Vec<_>>();
            cuts.sort_unstable();
            let sums = |values: &[f64]| {
                let mut sums = ExactSums::default();
                values.iter().for_each(|&value| sums.add(value));
                sums
            };
            // The values before the first cut leave; the others came in three parts.
            let mut all = sums(&values[..cuts[1]]);
            all.merge(&sums(&values[cuts[2]..]));
            let between = sums(&values[cuts[1]..cuts[2]]);
            all.merge(&postcard::from_bytes(&postcard::to_stdvec(&between).unwrap()).unwrap());
            values[..cuts[0]].iter().for_each(|&value| all.remove(value));
            prop_assert_eq!(all.count() as usize, values.len() - cuts[0]);
            prop_assert_eq!(found(&all, ddof), expected(&values[cuts[0]..], ddof));
        }
    }
    #[test]
    fn numbers_of_any_type_enter_leave_and_have_groups() {
        let integers: ArrayRef = Arc::new(Int64Array::from(vec![Some(i64::MAX), None, Some(i64::MAX - 2), Some(5)]));
        let mut sums = ExactSums::default();
        sums.add_array(&integers).unwrap();
        sums.remove_array(&integers.slice(3, 1)).unwrap();
        assert_eq!((sums.count(), sums.variance(1)), (2, Some(2.0)));
        let decimals: ArrayRef = Arc::new(
            Decimal128Array::from(vec![10_i128.pow(30) + 1, 10_i128.pow(30) + 3])
                .with_precision_and_scale(35, 2)
                .unwrap(),
        );
        let mut groups = vec![ExactSums::default(); 3];
        let filter = BooleanArray::from(vec![Some(true), Some(true)]);
        ExactSums::add_to_groups(&mut groups, &decimals, &[2, 2], Some(&filter)).unwrap();
        assert_eq!(groups[2].variance(1), Some(2e-4));
        let filter = BooleanArray::from(vec![None, Some(true), Some(true), Some(false)]);
        ExactSums::add_to_groups(&mut groups, &integers, &[0, 0, 0, 1], Some(&filter)).unwrap();
        assert_eq!(groups.iter().map(ExactSums::count).collect::<Vec<_>>(), [1, 0, 2]);
        assert!(ExactSums::add_to_groups(&mut groups, &integers, &[0, 0, 0, 3], None).is_err());
        assert!(ExactSums::add_to_groups(&mut groups, &integers, &[0], None).is_err());
        let texts: ArrayRef = Arc::new(arrow_array::StringArray::from(vec!["1"]));
        assert!(ExactSums::default().add_array(&texts).is_err());
    }
}
