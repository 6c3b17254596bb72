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

/// A partition whose codes span fewer than `SPARSE` numbers a row is grouped by place: each number has a count.
const SPARSE: usize = 4;

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

/// Sets the answers of groups whose values are one after the other; `starts` has where those of each begin, and where the last ones end.
pub(super) fn set_groups(
    values: &dyn Array,
    starts: &[u32],
    repr: Repr,
    describer: &mut Describer,
    rows: &mut AnswerRows<'_>,
) -> Result<()> {
    let segments = starts.windows(2).map(|pair| Some(pair[0] as usize..pair[1] as usize));
    with_repr!(repr, T => set_segments::<T>(values, segments, describer, rows))
}

/// Sets the answer of one group that has these chunks of values.
pub(super) fn set_one_group(
    chunks: Vec<ArrayRef>,
    repr: Repr,
    describer: &mut Describer,
    rows: &mut AnswerRows<'_>,
) -> Result<()> {
    let Describer { spec, interrupt, scans, .. } = describer;
    let series = Series::from_arrays(None, chunks)?;
    let scan = scan_of(scans, repr, spec);
    let summary = with_scan!(scan, scan => passes::describe_one(&series, spec, interrupt, scan))?;
    rows.set(0, &summary);
    Ok(())
}

/// Where each of several stretches begins, which lie one after the other, and where the last one ends.
fn starts(lengths: &[u32]) -> Vec<u32> {
    let mut starts = Vec::with_capacity(lengths.len() + 1);
    let mut end = 0;
    for length in lengths {
        starts.push(end);
        end += length;
    }
    starts.push(end);
    starts
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
        if self.order == GroupOrder::ByCode
            && let Some(groups) = self.groups_by_place(&id)
        {
            return groups;
        }
        table.keys.reserve(self.rows());
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
        PartitionGroups { codes, firsts, keys, starts: starts(&counts) }
    }

    /// The same of codes that lie near each other, in their order: each number from the least code to the greatest has a place. `None` for
    /// codes that are too far apart, or no numbers.
    fn groups_by_place(self, id: impl Fn(usize, usize) -> u32) -> Option<PartitionGroups<C>> {
        let rows = self.rows();
        let mut runs = self.runs().map(|(number, run)| &self.blocks[number].codes[run]).peekable();
        let first = *runs.peek()?.first()?;
        let (mut low, mut high) = (first, first);
        for codes in runs {
            (low, high) = codes.iter().fold((low, high), |(low, high), &code| (low.min(code), high.max(code)));
        }
        let places = usize::try_from(high.above(low)?).ok().filter(|range| *range < SPARSE * rows)? + 1;
        let (mut codes, mut firsts, mut counts) = (vec![C::default(); places], vec![0; places], vec![0_u32; places]);
        let mut keys = Vec::with_capacity(rows);
        for (number, run) in self.runs() {
            for (&code, row) in self.blocks[number].codes[run.clone()].iter().zip(run) {
                let place = code.above(low)? as usize;
                if counts[place] == 0 {
                    (codes[place], firsts[place]) = (code, id(number, row));
                }
                counts[place] += 1;
                keys.push(place as u32);
            }
        }
        if counts.contains(&0) {
            let is_there: Vec<u32> = counts.iter().map(|count| u32::from(*count > 0)).collect();
            let group_of = starts(&is_there);
            keys.iter_mut().for_each(|key| *key = group_of[*key as usize]);
            let groups = is_there.iter().zip(codes).zip(firsts).filter(|((is_there, _), _)| **is_there > 0);
            (codes, firsts) = groups.map(|((_, code), first)| (code, first)).unzip();
            counts.retain(|count| *count > 0);
        }
        Some(PartitionGroups { codes, firsts, keys, starts: starts(&counts) })
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
                set_groups(&values, &groups.starts, repr, describer, &mut rows)?;
            } else if !groups.codes.is_empty() {
                set_one_group(self.values(index).collect(), repr, describer, &mut rows)?;
            }
            holds_nan |= rows.first_nan().is_some();
        }
        Ok(holds_nan)
    }

    /// How many rows it has.
    fn rows(self) -> usize {
        self.runs().map(|(_, run)| run.len()).sum()
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

#[cfg(test)]
mod tests {
    use super::super::block::Partitioning;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Places find the groups that a table finds, with and without numbers that no row has.
        #[test]
        fn groups_by_place_are_those_of_a_table(
            low in prop_oneof![Just(0), Just(u64::MAX - 999), any::<u64>().prop_map(|low| low >> 10)],
            offsets in prop::collection::vec(prop_oneof![0..20_u64, 0..1000_u64], 1..400),
        ) {
            let codes: Vec<u64> = offsets.iter().map(|offset| low + offset).collect();
            let (there, code, same) = (|_| true, |row: usize| codes[row], |_, _, _| true);
            let partitioning = Partitioning::new(codes.len(), 1, there, code, same);
            let middle = codes.len() / 2;
            let dealt = |rows: Range<usize>| Block::new(rows.start as u32..rows.end as u32, None, code, same, &partitioning);
            let blocks = [dealt(0..middle), dealt(middle..codes.len())];
            let id = |block: usize, place: usize| blocks[block].rows[place];
            let rows = PartitionRows { blocks: &blocks, partition: 0, order: GroupOrder::ByCode };
            let by_table = PartitionRows { order: GroupOrder::AsTheyCame, ..rows }.groups(Table::new(1), id, same);
            let mut sorted: Vec<(u64, u32)> = by_table.codes.iter().copied().zip(0..).collect();
            sorted.sort_unstable();
            match rows.groups_by_place(id) {
                None => prop_assert!(sorted[sorted.len() - 1].0 - sorted[0].0 >= (SPARSE * codes.len()) as u64),
                Some(groups) => {
                    prop_assert_eq!(&groups.codes, &sorted.iter().map(|(code, _)| *code).collect::<Vec<_>>());
                    let firsts = sorted.iter().map(|(_, group)| by_table.firsts[*group as usize]);
                    prop_assert_eq!(&groups.firsts, &firsts.collect::<Vec<_>>());
                    let of_rows = |groups: &PartitionGroups<u64>| -> Vec<u64> {
                        groups.keys.iter().map(|key| groups.codes[*key as usize]).collect()
                    };
                    prop_assert_eq!(of_rows(&groups), of_rows(&by_table));
                    let lengths = groups.starts.windows(2).map(|pair| pair[1] - pair[0]);
                    let expected = sorted.iter().map(|(_, group)| {
                        by_table.starts[*group as usize + 1] - by_table.starts[*group as usize]
                    });
                    prop_assert_eq!(lengths.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
                }
            }
        }
    }
}
