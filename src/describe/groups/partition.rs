//! The rows of one partition: their groups are found, brought together, and described.

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
use crate::summary::Answers;

/// The groups of a partition.
pub(crate) struct Partition<C> {
    /// The code of each, and the first row that has it.
    pub codes: Vec<C>,
    pub firsts: Vec<u32>,
    /// The rows of each series, one series after the other.
    pub answers: Answers,
    /// Whether a series has a NaN.
    pub holds_nan: bool,
}

/// The rows of one partition, and in which order its groups are described.
pub(crate) struct PartitionRows<'a, C> {
    pub blocks: &'a [Block<C>],
    pub partition: usize,
    pub order: GroupOrder,
}

/// Describes the rows of a partition, those of each key for themselves. `id` is the number of a row by its block and its place there;
/// `same` says whether the keys of two numbers of one code are.
pub(crate) fn describe<C: Code>(
    PartitionRows { blocks, partition, order }: PartitionRows<'_, C>,
    mut table: Table<C>,
    id: impl Fn(usize, usize) -> u32,
    same: impl Fn(C, usize, usize) -> bool,
    series: &[(Repr, NumberType)],
    describer: &mut Describer,
) -> Result<Partition<C>> {
    for (number, block) in blocks.iter().enumerate() {
        let run = block.run(partition);
        for (&code, place) in block.codes[run.clone()].iter().zip(run) {
            table.add(code, id(number, place), &same);
        }
    }
    let Table { mut codes, mut firsts, mut counts, mut keys, .. } = table;
    if keys.is_empty() {
        let answers = Answers::new(0, &describer.spec);
        return Ok(Partition { codes, firsts, answers, holds_nan: false });
    }
    if order == GroupOrder::ByCode {
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
    let groups = codes.len();
    let mut answers = Answers::new(series.len() * groups, &describer.spec);
    let mut rows = answers.rows();
    let mut holds_nan = false;
    for (index, &(repr, number_type)) in series.iter().enumerate() {
        let mut rows = rows.split_off(groups).of_type(number_type);
        let values = grouped(blocks, partition, index, &keys, &starts)?;
        let segments = starts.windows(2).map(|pair| Some(pair[0] as usize..pair[1] as usize));
        with_repr!(repr, T => set_segments::<T>(&values, segments, describer, &mut rows))?;
        holds_nan |= rows.first_nan().is_some();
    }
    Ok(Partition { codes, firsts, answers, holds_nan })
}

/// Describes the rows of a partition that all have one key, or none.
pub(crate) fn describe_one<C: Code>(
    blocks: &[Block<C>],
    partition: usize,
    id: impl Fn(usize, usize) -> u32,
    series: &[(Repr, NumberType)],
    describer: &mut Describer,
) -> Result<Partition<C>> {
    let first = blocks.iter().enumerate().find_map(|(number, block)| {
        let start = block.run(partition).next()?;
        Some((block.codes[start], id(number, start)))
    });
    let (codes, firsts) = first.into_iter().unzip::<_, _, Vec<_>, Vec<_>>();
    let mut answers = Answers::new(series.len() * codes.len(), &describer.spec);
    let mut holds_nan = false;
    if !codes.is_empty() {
        let Describer { spec, interrupt, scans, .. } = describer;
        let mut rows = answers.rows();
        for (index, &(repr, number_type)) in series.iter().enumerate() {
            let runs = blocks.iter().map(|block| (block.run(partition), &block.values[index]));
            let runs = runs.filter(|(run, _)| !run.is_empty()).map(|(run, values)| values.slice(run.start, run.len()));
            let runs = Series::from_arrays(None, runs.collect())?;
            let scan = scan_of(scans, repr, spec);
            let summary = with_scan!(scan, scan => passes::describe_one(&runs, spec, interrupt, scan))?;
            holds_nan |= summary.nan_count > 0;
            rows.set_as(number_type, index, &summary);
        }
    }
    Ok(Partition { codes, firsts, answers, holds_nan })
}

/// The values of a series, one group after the other. `keys` has the group of each row, `starts` where each group begins.
fn grouped<C: Code>(
    blocks: &[Block<C>],
    partition: usize,
    series: usize,
    keys: &[u32],
    starts: &[u32],
) -> Result<ArrayRef> {
    fn plain<T: ArrowPrimitiveType, C: Code>(
        blocks: &[Block<C>],
        partition: usize,
        series: usize,
        mut keys: &[u32],
        starts: &[u32],
    ) -> Option<ArrayRef> {
        let mut next = starts.to_vec();
        let mut values = vec![T::default_value(); keys.len()];
        for block in blocks {
            let run = block.run(partition);
            let array = block.values[series].as_primitive_opt::<T>().filter(|array| array.null_count() == 0)?;
            let (here, others) = keys.split_at(run.len());
            keys = others;
            for (&value, &key) in array.values()[run].iter().zip(here) {
                let next = &mut next[key as usize];
                values[*next as usize] = value;
                *next += 1;
            }
        }
        Some(std::sync::Arc::new(PrimitiveArray::<T>::new(values.into(), None)))
    }
    macro_rules! plain_of {
        ($($data_type:ident => $type:ty),*) => {
            match blocks.first().map(|block| block.values[series].data_type()) {
                $(Some(DataType::$data_type) => plain::<$type, C>(blocks, partition, series, keys, starts),)*
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
    let runs: Vec<ArrayRef> = blocks
        .iter()
        .map(|block| (block.run(partition), &block.values[series]))
        .map(|(run, values)| values.slice(run.start, run.len()))
        .collect();
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
