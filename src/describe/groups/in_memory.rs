//! Groups of the rows of columns that are in memory.

use std::cmp::Ordering;
use std::hash::{BuildHasher, RandomState};

use arrow_array::{Array, ArrayRef};
use arrow_buffer::NullBuffer;
use arrow_data::ArrayData;
use arrow_schema::FieldRef;

use super::super::describer::Describer;
use super::super::group_rows::code::{Code, LONG, text_code};
use super::super::group_rows::key_table::Table;
use super::super::group_rows::{Packed, key_columns, keys_of, packed};
use super::super::segments::check_names;
use super::answers::{Group, sorted};
use super::block::{Block, Partitioning, ROWS};
use super::partition::{PartitionGroups, PartitionRows, set_groups, set_one_group};
use super::places::{PlacedBlock, Places};
use crate::arch::expect_bytes;
use crate::error::{self, Error, Result};
use crate::interrupt::Interrupt;
use crate::num::figure::NumberType;
use crate::series::key::KeyVisitor;
use crate::series::{Chunk, Repr, Series};
use crate::spec::{NanPolicy, NullPolicy, Spec};
use crate::summary::{AnswerRows, Answers, PartRow, Summaries};
use crate::threads::Threads;

/// The summaries of groups of rows: one for each column and each distinct key, in column order and then in the order of the
/// keys (null last). `by` are the columns of keys, with their fields, whose names and metadata the answer keeps; every series has as many
/// rows as they.
///
/// # Errors
///
/// [`Error::NoKey`] for keys whose values have no order, [`Error::Data`] for keys of another length or 2³² rows and more,
/// [`Error::Nan`] and [`Error::Nulls`] as `spec` has it, [`Error::Interrupted`].
pub fn describe_groups(
    by: Vec<(FieldRef, ArrayRef)>,
    series: &[Series],
    spec: &Spec,
    interrupt: &Interrupt,
) -> Result<Summaries> {
    let rows = by.first().map_or(0, |(_, keys)| keys.len());
    check_names(by.iter().map(|(field, _)| field.name().as_str()), spec)?;
    for series in series {
        if series.rows() != rows {
            let (column, found) = (error::column(series.name()), series.rows());
            return Err(Error::Data(format!("{column} has {found} rows, and the keys have {rows}")));
        }
    }
    let columns = key_columns(by, rows)?;
    let chunks = series.iter().map(Series::whole).collect::<Result<Vec<_>>>()?;
    let kinds: Vec<(Repr, NumberType)> = series.iter().map(|series| (series.repr(), series.number_type())).collect();
    if spec.null() == NullPolicy::Raise {
        // Of a series as a whole: which group is done first is chance.
        for series in series {
            let nulls = series.null_count()?;
            if nulls > 0 {
                return Err(Error::Nulls { name: series.name().map(str::to_owned), nulls });
            }
        }
    }
    let data = Data { rows, chunks: &chunks, series: &kinds, spec, interrupt };
    let found = match &columns[..] {
        [column] => column.visit(OneKey { nulls: column.nulls(), data }),
        _ => match packed(&columns, rows) {
            Packed::Narrow(codes) => data.describe(None, |row| codes[row], |_, _, _| true, by_code),
            Packed::Wide(codes) => data.describe(None, |row| codes[row], |_, _, _| true, by_code),
        },
    }?;
    if spec.nan() == NanPolicy::Raise && found.holds_nan {
        for series in series {
            if let Some(row) = series.first_nan()? {
                return Err(Error::Nan { name: series.name().map(str::to_owned), file: None, row });
            }
        }
    }
    let keys = keys_of(&columns, found.firsts)?;
    let columns = series.iter().map(|series| (series.name().map(str::to_owned), series.number_type())).collect();
    Ok(Summaries::with_keys(columns, Some(keys), spec, found.answers))
}

/// What is grouped.
struct Data<'a> {
    rows: usize,
    /// Those of each series.
    chunks: &'a [Chunk],
    series: &'a [(Repr, NumberType)],
    spec: &'a Spec,
    interrupt: &'a Interrupt,
}

/// What comes of it: the first row of each group, in the order of the keys.
struct Found {
    firsts: Vec<u32>,
    answers: Answers,
    holds_nan: bool,
}

impl Data<'_> {
    /// Describes the rows of equal codes that are also the `same`, in this order of the keys, each by its code and its first row; null is
    /// the last of them.
    fn describe<C: Code>(
        &self,
        nulls: Option<&NullBuffer>,
        code: impl Fn(usize) -> C + Copy + Sync,
        same: impl Fn(C, usize, usize) -> bool + Copy + Sync,
        order: impl Fn((C, u32), (C, u32)) -> Ordering + Sync,
    ) -> Result<Found> {
        self.interrupt.check()?;
        if let Some(places) = Places::new(self.rows, nulls, code) {
            return self.describe_places(places, nulls, code);
        }
        expect_bytes(self.rows * (size_of::<C>() + size_of::<f64>() * self.chunks.len()));
        let seed = RandomState::new().hash_one(0) | 1;
        let there = |row: usize| nulls.is_none_or(|nulls| nulls.is_valid(row));
        let partitioning = Partitioning::new(self.rows, seed, there, code, same);
        let block = |number: usize| {
            self.interrupt.check()?;
            let start = number * ROWS;
            let rows = start as u32..self.rows.min(start + ROWS) as u32;
            let mut block = Block::new(rows, nulls, code, same, &partitioning);
            block.values = self.chunks.iter().map(|chunk| chunk.take(&block.rows)).collect::<Result<_>>()?;
            Ok(block)
        };
        let threads = Threads::for_values(self.rows);
        let blocks: Vec<Block<C>> = threads.try_map(self.rows.div_ceil(ROWS), block)?;
        let partitions = partitioning.without() + 1;
        let id = |block: usize, place: usize| blocks[block].rows[place];
        let rows_of = |partition: usize| PartitionRows { blocks: &blocks, partition, order: partitioning.order() };
        let groups_of = |partition: usize| {
            self.interrupt.check()?;
            Ok(match partition < partitioning.shared() {
                true => rows_of(partition).groups(Table::new(seed), id, same),
                false => rows_of(partition).one_group(id),
            })
        };
        let found: Vec<PartitionGroups<C>> = threads.try_map(partitions, groups_of)?;

        let sizes: Vec<usize> = found.iter().map(|found| found.codes.len()).collect();
        let describe = |index: usize, describer: &mut Describer, answers: Vec<AnswerRows<'_>>| {
            rows_of(index).describe(&found[index], self.series, describer, answers)
        };
        // Each partition has its rows of the answer, so that none is moved where partitions are in the order of the keys.
        let (answers, holds_nan) = self.answers(&sizes, describe)?;
        drop(blocks);

        // Rows without a key are no part of the order.
        let (keyed, last) = found.split_at(partitions - 1);
        let first = |at: PartRow| found[at.part as usize].firsts[at.row as usize];
        let by_first = |a: &Group<C>, b: &Group<C>| order((a.code, first(a.at)), (b.code, first(b.at)));
        let sorted = sorted(keyed.iter().map(|found| &found.codes[..]), by_first);
        let mut rows: Vec<PartRow> = sorted.into_iter().map(|group| group.at).collect();
        let at = PartRow { part: partitions as u32 - 1, row: 0 };
        rows.extend(last.iter().flat_map(|last| &last.codes).map(|_| at));
        let firsts = rows.iter().map(|&at| first(at)).collect();
        Ok(Found { firsts, answers: answers.reordered(self.series.len(), sizes.into_iter(), &rows), holds_nan })
    }

    /// Describes the rows of equal keys, where each key has one of these places.
    fn describe_places<C: Code>(
        &self,
        places: Places<C>,
        nulls: Option<&NullBuffer>,
        code: impl Fn(usize) -> C + Copy + Sync,
    ) -> Result<Found> {
        expect_bytes(self.rows * (size_of::<u32>() + size_of::<f64>() * self.chunks.len()));
        let block = |number: usize| {
            self.interrupt.check()?;
            let mut block = places.deal(number * ROWS..self.rows.min((number + 1) * ROWS), nulls, code);
            block.values = self.chunks.iter().map(|chunk| chunk.take(&block.rows)).collect::<Result<_>>()?;
            Ok(block)
        };
        let blocks: Vec<PlacedBlock> = Threads::for_values(self.rows).try_map(self.rows.div_ceil(ROWS), block)?;
        let groups = places.groups(&blocks);
        let values = |series: usize| blocks.iter().map(|block| block.values[series].to_data()).collect();
        let values: Vec<Vec<ArrayData>> = (0..self.series.len()).map(values).collect();
        let describe = |index: usize, describer: &mut Describer, answers: Vec<AnswerRows<'_>>| {
            let (groups, mut holds_nan) = (&groups[index], false);
            for ((series, &(repr, number_type)), answers) in self.series.iter().enumerate().zip(answers) {
                let mut answers = answers.of_type(number_type);
                match groups.values_of_one(&blocks, series) {
                    Some(chunks) => set_one_group(chunks, repr, describer, &mut answers)?,
                    None => {
                        let values = groups.values(&blocks, &values[series])?;
                        set_groups(&values, &groups.starts, repr, describer, &mut answers)?;
                    }
                }
                holds_nan |= answers.first_nan().is_some();
            }
            Ok(holds_nan)
        };
        let sizes: Vec<usize> = groups.iter().map(|groups| groups.firsts.len()).collect();
        let (answers, holds_nan) = self.answers(&sizes, describe)?;
        Ok(Found { firsts: groups.into_iter().flat_map(|groups| groups.firsts).collect(), answers, holds_nan })
    }

    /// The answers of groups that are described part by part. `sizes` has the number of groups of each part. `describe` is called with the index of
    /// a part and sets its answers, those of each series apart; it returns whether one of them has a NaN. Returned are the answers, series by series
    /// and in each part by part, and whether any part has a NaN.
    fn answers(
        &self,
        sizes: &[usize],
        describe: impl Fn(usize, &mut Describer, Vec<AnswerRows<'_>>) -> Result<bool> + Sync,
    ) -> Result<(Answers, bool)> {
        let groups: usize = sizes.iter().sum();
        let mut answers = Answers::new(self.series.len() * groups, self.spec);
        let mut rows = answers.rows();
        let mut tasks: Vec<(usize, Vec<AnswerRows<'_>>)> = (0..sizes.len()).map(|part| (part, Vec::new())).collect();
        for _ in self.series {
            tasks.iter_mut().for_each(|(part, of)| of.push(rows.split_off(sizes[*part])));
        }
        let describer = || Describer { interrupt: self.interrupt.clone(), ..Describer::new(self.spec) };
        let describe = |describer: &mut Describer, (part, answers): (usize, Vec<AnswerRows<'_>>)| {
            self.interrupt.check()?;
            describe(part, describer, answers)
        };
        let nans: Vec<bool> = Threads::for_values(self.rows).try_map_with(tasks, describer, describe)?;
        self.interrupt.check()?;
        Ok((answers, nans.contains(&true)))
    }
}

/// The order of codes that are in the order of the keys.
fn by_code<C: Code>((a, _): (C, u32), (b, _): (C, u32)) -> Ordering {
    a.cmp(&b)
}

/// Groups by one column of keys.
struct OneKey<'a> {
    nulls: Option<&'a NullBuffer>,
    data: Data<'a>,
}

impl KeyVisitor for OneKey<'_> {
    type Outcome = Result<Found>;

    fn exact(self, code: impl Fn(usize) -> u64 + Copy + Sync) -> Self::Outcome {
        self.data.describe(self.nulls, code, |_, _, _| true, by_code)
    }

    fn bytes<'b>(self, bytes: impl Fn(usize) -> &'b [u8] + Copy + Sync) -> Self::Outcome {
        // Short text is its own code, in its order; of longer text the code is a hash, and the order that of the bytes.
        let hasher = RandomState::new();
        let hasher = &hasher;
        let code = |row| text_code(hasher, bytes(row));
        let same = |code: u128, a, b| code & LONG == 0 || bytes(a) == bytes(b);
        let order = |a: (u128, u32), b: (u128, u32)| match (a.0 | b.0) & LONG {
            0 => a.0.cmp(&b.0),
            _ => bytes(a.1 as usize).cmp(bytes(b.1 as usize)),
        };
        self.data.describe(self.nulls, code, same, order)
    }
}
