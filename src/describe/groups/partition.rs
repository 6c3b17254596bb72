//! The rows of one partition: their groups are found, brought together, and described.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Float32Type, Float64Type, Int32Type, Int64Type, UInt32Type, UInt64Type};
use arrow_array::{Array, ArrayRef, PrimitiveArray, UInt32Array};
use arrow_schema::DataType;
use arrow_select::concat::concat;
use arrow_select::take::take;

use super::super::any_scan::{AnyScan, with_scan};
use super::super::describer::{Describer, scan_of};
use super::super::group_rows::code::Code;
use super::super::group_rows::key_table::Table;
use super::super::passes;
use super::super::segments::set_segments;
use super::block::{Block, GroupOrder};
use crate::error::{Error, Result};
use crate::num::figure::NumberType;
use crate::series::repr::with_repr;
use crate::series::{Repr, Series};
use crate::summary::AnswerRows;

/// The rows of one partition, and in which order its groups are described.
#[derive(Clone, Copy)]
pub(crate) struct PartitionRows<'a, C> {
    pub blocks: &'a [Block<C>],
    pub partition: usize,
    pub order: GroupOrder,
}

/// The groups of a partition.
pub(crate) struct PartitionGroups<C> {
    /// The code of each, and the first row that has it.
    pub codes: Vec<C>,
    pub firsts: Vec<u32>,
    /// The group of each row, and where each group begins, once they are one after the other; nothing where all rows are one group.
    keys: Vec<u32>,
    starts: Vec<u32>,
}

impl<'a, C: Code> PartitionRows<'a, C> {
    /// The groups of rows with equal codes. `id` is the number of a row by its block and its place there; `same` says whether the keys of
    /// two numbers of one code are.
    pub fn groups(
        self,
        mut table: Table<C>,
        id: impl Fn(usize, usize) -> u32,
        same: impl Fn(C, usize, usize) -> bool,
    ) -> PartitionGroups<C> {
        for (number, run) in self.runs() {
            for (&code, place) in self.blocks[number].codes[run.clone()].iter().zip(run) {
                table.add(code, id(number, place), &same);
            }
        }
        let Table { mut codes, mut firsts, mut counts, mut keys, .. } = table;
        if self.order == GroupOrder::ByCode {
            let mut sorted: Vec<(C, u32)> = codes.iter().copied().zip(0..).collect();
            sorted.sort_unstable();
            let mut places = vec![0; sorted.len()];
            sorted.iter().zip(0..).for_each(|(&(_, group), place)| places[group as usize] = place);
            keys.iter_mut().for_each(|key| *key = places[*key as usize]);
            firsts = sorted.iter().map(|&(_, group)| firsts[group as usize]).collect();
            counts = sorted.iter().map(|&(_, group)| counts[group as usize]).collect();
            codes = sorted.into_iter().map(|(code, _)| code).collect();
        }
        let mut starts = Vec::with_capacity(counts.len() + 1);
        let mut end = 0_u32;
        for count in counts {
            starts.push(end);
            end += count;
        }
        starts.push(end);
        PartitionGroups { codes, firsts, keys, starts }
    }

    /// The one group of rows that all have one key, or none; no group of no rows.
    pub fn one_group(self, id: impl Fn(usize, usize) -> u32) -> PartitionGroups<C> {
        let first =
            self.runs().next().map(|(number, run)| (self.blocks[number].codes[run.start], id(number, run.start)));
        let (codes, firsts) = first.into_iter().unzip();
        PartitionGroups { codes, firsts, keys: Vec::new(), starts: Vec::new() }
    }

    /// Describes the groups; of each series the rows of its answers are set. Whether one of them has a NaN.
    pub fn describe<'b>(
        self,
        groups: &PartitionGroups<C>,
        series: &[(Repr, NumberType)],
        describer: &mut Describer,
        answers: impl IntoIterator<Item = AnswerRows<'b>>,
    ) -> Result<bool> {
        let mut holds_nan = false;
        for ((index, &(repr, number_type)), rows) in series.iter().enumerate().zip(answers) {
            let mut rows = rows.of_type(number_type);
            if !groups.keys.is_empty() {
                let values = self.grouped(index, &groups.keys, &groups.starts)?;
                let segments = groups.starts.windows(2).map(|pair| Some(pair[0] as usize..pair[1] as usize));
                with_repr!(repr, T => set_segments::<T>(&values, segments, describer, &mut rows))?;
            } else if !groups.codes.is_empty() {
                let Describer { spec, interrupt, scans, .. } = describer;
                let runs = Series::from_arrays(None, self.values(index).collect())?;
                let scan = scan_of(scans, repr, spec);
                let summary = with_scan!(scan, scan => passes::describe_one(&runs, spec, interrupt, scan))?;
                rows.set(0, &summary);
            }
            holds_nan |= rows.first_nan().is_some();
        }
        Ok(holds_nan)
    }

    /// Its rows in each block that has some.
    fn runs(self) -> impl Iterator<Item = (usize, Range<usize>)> {
        let runs = self.blocks.iter().map(move |block| block.run(self.partition));
        runs.enumerate().filter(|(_, run)| !run.is_empty())
    }

    /// The values of a series in each block.
    fn values(self, series: usize) -> impl Iterator<Item = ArrayRef> {
        self.runs().map(move |(number, run)| self.blocks[number].values[series].slice(run.start, run.len()))
    }

    /// The values of a series, one group after the other. `keys` has the group of each row, `starts` where each group begins.
    fn grouped(self, series: usize, keys: &[u32], starts: &[u32]) -> Result<ArrayRef> {
        macro_rules! plain_of {
            ($($data_type:ident => $type:ty),*) => {
                match self.blocks.first().map(|block| block.values[series].data_type()) {
                    $(Some(DataType::$data_type) => self.plain::<$type>(series, keys, starts),)*
                    _ => None,
                }
            };
        }
        let found = plain_of!(
            Float64 => Float64Type, Float32 => Float32Type, Int64 => Int64Type, UInt64 => UInt64Type,
            Int32 => Int32Type, UInt32 => UInt32Type
        );
        if let Some(found) = found {
            return Ok(found);
        }
        let runs: Vec<ArrayRef> = self.values(series).collect();
        let runs: Vec<&dyn Array> = runs.iter().map(AsRef::as_ref).collect();
        let all = concat(&runs).map_err(Error::from_grouping)?;
        let mut next = starts.to_vec();
        let mut order = vec![0; keys.len()];
        for (&key, row) in keys.iter().zip(0_u32..) {
            let next = &mut next[key as usize];
            order[*next as usize] = row;
            *next += 1;
        }
        take(&all, &UInt32Array::from(order), None).map_err(Error::from_grouping)
    }

    /// The same of values that lie side by side and are all there; `None` if they do not.
    fn plain<T: ArrowPrimitiveType>(self, series: usize, mut keys: &[u32], starts: &[u32]) -> Option<ArrayRef> {
        let mut next = starts.to_vec();
        let mut values = vec![T::default_value(); keys.len()];
        for (number, run) in self.runs() {
            let array = self.blocks[number].values[series].as_primitive_opt::<T>();
            let array = array.filter(|array| array.null_count() == 0)?;
            let (here, others) = keys.split_at(run.len());
            keys = others;
            for (&value, &key) in array.values()[run].iter().zip(here) {
                let next = &mut next[key as usize];
                values[*next as usize] = value;
                *next += 1;
            }
        }
        Some(Arc::new(PrimitiveArray::<T>::new(values.into(), None)))
    }
}
