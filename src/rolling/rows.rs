//! The values that windows pass over.

use std::borrow::Cow;
use std::ops::Range;

use arrow_array::{Array, ArrayRef};

use crate::error::Result;
use crate::series::from_arrow;
use crate::series::repr::Element;

/// The values of a series, group after group.
pub(super) struct Rows<'a, T: Clone> {
    /// Where there is no number there is some value too.
    pub values: Cow<'a, [T]>,
    /// How many numbers there are before each position, and in all; of nothing but numbers, nothing.
    numbers: Option<Vec<u32>>,
    /// The same of NaNs, if there are any.
    nans: Option<Vec<u32>>,
}

impl<'a, T: Element> Rows<'a, T> {
    /// The rows of an array, which are fewer than 2^32.
    pub fn new(array: &'a ArrayRef) -> Result<Self> {
        let nulls = array.logical_nulls().filter(|nulls| nulls.null_count() > 0);
        let values: Cow<'a, [T]> = match (from_arrow::as_they_are(array), &nulls) {
            (Some(values), _) => Cow::Borrowed(values),
            (None, None) => {
                let mut values = Vec::with_capacity(array.len());
                from_arrow::read(array, &mut values)?;
                Cow::Owned(values)
            }
            (None, Some(nulls)) => {
                let mut there = Vec::with_capacity(array.len() - nulls.null_count());
                from_arrow::read(array, &mut there)?;
                let (mut there, nothing) = (there.into_iter(), T::from_signed(0));
                let value = |is_valid| if is_valid { there.next() } else { None }.unwrap_or(nothing);
                Cow::Owned(nulls.iter().map(value).collect())
            }
        };
        let is_nan = |position: usize| values[position].is_nan();
        let is_there = |position: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(position));
        // Without branches, a block at a time; then whether it is one that is there.
        let mut blocks = values.chunks(1 << 12);
        let holds_nan = blocks.any(|block| block.iter().fold(false, |any, value| any | value.is_nan()))
            && (0..values.len()).any(|position| is_nan(position) && is_there(position));
        let before = |counts: &dyn Fn(usize) -> bool| {
            let mut sum = 0;
            let counts = (0..values.len()).map(|position| {
                sum += u32::from(counts(position));
                sum
            });
            std::iter::once(0).chain(counts).collect::<Vec<u32>>()
        };
        let numbers =
            (holds_nan || nulls.is_some()).then(|| before(&|position| is_there(position) && !is_nan(position)));
        let nans = holds_nan.then(|| before(&|position| is_there(position) && is_nan(position)));
        Ok(Self { values, numbers, nans })
    }

    /// Whether there is a number.
    #[inline]
    pub fn holds_number(&self, position: usize) -> bool {
        self.numbers.as_ref().is_none_or(|numbers| numbers[position + 1] > numbers[position])
    }

    /// How many of these rows hold a number.
    #[inline]
    pub fn numbers(&self, rows: &Range<usize>) -> u64 {
        match &self.numbers {
            None => rows.len() as u64,
            Some(numbers) => (numbers[rows.end] - numbers[rows.start]).into(),
        }
    }

    /// How many of these rows hold a NaN.
    #[inline]
    pub fn nans(&self, rows: &Range<usize>) -> u64 {
        self.nans.as_ref().map_or(0, |nans| (nans[rows.end] - nans[rows.start]).into())
    }

    /// Whether all rows hold numbers.
    pub fn is_dense(&self) -> bool {
        self.numbers.is_none()
    }

    /// The lowest position that holds a NaN.
    pub fn first_nan(&self) -> Option<usize> {
        let nans = self.nans.as_ref()?;
        nans.iter().position(|&count| count > 0).map(|end| end - 1)
    }
}
