//! Rows whose keys are numbers near each other: each number has a place, and rows are dealt out to their places in one step.

use std::ops::Range;

use arrow_array::{Array, ArrayRef, make_array};
use arrow_buffer::NullBuffer;
use arrow_data::ArrayData;
use arrow_data::transform::MutableArrayData;

use super::super::group_rows::code::Code;
use super::super::segments::tasks;
use super::block::{ROWS, starts};
use crate::error::{Error, Result};
use crate::threads::Threads;

/// The most places of keys: the ends of all of them stay in the first-level cache.
const MOST: usize = 1 << 12;

/// Below this number of places, fewer counts are cleared.
const FEW: usize = 1 << 8;

/// The least number of rows for each place, on average.
const ROWS_OF_PLACE: usize = 16;

/// Rows whose keys are looked at before those of all rows are.
const LOOK: usize = 64;

/// A place for each number from the lowest key to the highest one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places<C> {
    low: C,
    /// The place of rows without a key, which is the last one.
    without: usize,
}

/// Neighbouring rows, one place after the other; at each in the order in which they came.
pub(super) struct PlacedBlock {
    /// Where the rows of each place begin, and where the last ones end.
    starts: Vec<u32>,
    /// Where the rows were before they were dealt out.
    pub rows: Vec<u32>,
    /// The values of each series.
    pub values: Vec<ArrayRef>,
}

/// The groups of some neighbouring places.
pub(super) struct PlacedGroups {
    places: Range<usize>,
    /// The first row of each.
    pub firsts: Vec<u32>,
    /// Where the rows of each begin, once they are one after the other, and where the last ones end.
    pub starts: Vec<u32>,
}

impl<C: Code> Places<C> {
    /// For these rows. `None` where their keys are too far apart, are no numbers, or are all null.
    pub fn new(rows: usize, nulls: Option<&NullBuffer>, code: impl Fn(usize) -> C + Sync) -> Option<Self> {
        C::default().above(C::default())?;
        let most = MOST.min(rows / ROWS_OF_PLACE) as u64;
        let without =
            |(low, high): (C, C)| high.above(low).filter(|above| *above < most).map(|above| above as usize + 1);
        let some = (0..rows).step_by(rows.div_ceil(LOOK).max(1));
        if let Some(span) = span(some, nulls, &code) {
            without(span)?;
        }
        let block = |number: usize| span(number * ROWS..rows.min((number + 1) * ROWS), nulls, &code);
        let spans = Threads::for_values(rows).map(rows.div_ceil(ROWS), block);
        let all = spans.into_iter().flatten().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
        Some(Self { low: all.0, without: without(all)? })
    }

    /// Deals out these rows. Their values are still missing.
    pub fn deal(self, rows: Range<usize>, nulls: Option<&NullBuffer>, code: impl Fn(usize) -> C) -> PlacedBlock {
        match self.without {
            0..FEW => self.deal_among::<FEW>(rows, nulls, code),
            _ => self.deal_among::<{ 2 * MOST }>(rows, nulls, code),
        }
    }

    /// The same with counts for `SLOTS` places, a power of two above all places.
    fn deal_among<const SLOTS: usize>(
        self,
        rows: Range<usize>,
        nulls: Option<&NullBuffer>,
        code: impl Fn(usize) -> C,
    ) -> PlacedBlock {
        let place = |row: usize| code(row).above(self.low).map_or(self.without, |above| above as usize) as u16;
        let places: Vec<u16> = match nulls {
            None => rows.clone().map(place).collect(),
            Some(nulls) => {
                let place = |row: usize| if nulls.is_valid(row) { place(row) } else { self.without as u16 };
                rows.clone().map(place).collect()
            }
        };
        let (starts, mut next) = starts::<SLOTS>(&places, self.without + 1);
        let mut dealt = vec![0; places.len()];
        for (&place, row) in places.iter().zip(rows.start as u32..) {
            let next = &mut next[usize::from(place) % SLOTS];
            dealt[*next as usize] = row;
            *next += 1;
        }
        PlacedBlock { starts, rows: dealt, values: Vec::new() }
    }

    /// The groups that have rows in these blocks, in the order of their keys: those of some neighbouring places after those of others, as many
    /// as are described together.
    pub fn groups(self, blocks: &[PlacedBlock]) -> Vec<PlacedGroups> {
        let (mut lengths, mut firsts) = (vec![0_usize; self.without + 1], vec![0; self.without + 1]);
        for block in blocks.iter().rev() {
            for (place, run) in block.runs() {
                lengths[place] += run.len();
                firsts[place] = block.rows[run.start];
            }
        }
        let of = |places: Range<usize>| {
            let there = |place: &usize| lengths[*place] > 0;
            let firsts = places.clone().filter(there).map(|place| firsts[place]).collect();
            let mut end = 0;
            let ends = places.clone().filter(there).map(|place| {
                end += lengths[place] as u32;
                end
            });
            PlacedGroups { firsts, starts: std::iter::once(0).chain(ends).collect(), places }
        };
        let together = tasks(lengths.len(), |place| lengths[place]).into_iter().map(of);
        together.filter(|groups| !groups.firsts.is_empty()).collect()
    }
}

/// The lowest and the highest code of these rows, if one has a key.
fn span<C: Code>(
    mut rows: impl Iterator<Item = usize>,
    nulls: Option<&NullBuffer>,
    code: impl Fn(usize) -> C,
) -> Option<(C, C)> {
    let there = |row: usize| nulls.is_none_or(|nulls| nulls.is_valid(row));
    let first = code(rows.find(|&row| there(row))?);
    let wider = |(low, high): (C, C), code: C| (low.min(code), high.max(code));
    Some(match nulls {
        None => rows.map(code).fold((first, first), wider),
        Some(_) => rows.filter(|&row| there(row)).map(code).fold((first, first), wider),
    })
}

impl PlacedBlock {
    /// The places that have rows, and where these are.
    fn runs(&self) -> impl Iterator<Item = (usize, Range<usize>)> {
        let runs = self.starts.windows(2).map(|pair| pair[0] as usize..pair[1] as usize);
        runs.enumerate().filter(|(_, run)| !run.is_empty())
    }

    fn run(&self, places: Range<usize>) -> Range<usize> {
        self.starts[places.start] as usize..self.starts[places.end] as usize
    }
}

impl PlacedGroups {
    /// The values of a series in each block that has some, if they are of one group.
    pub fn values_of_one(&self, blocks: &[PlacedBlock], series: usize) -> Option<Vec<ArrayRef>> {
        let run = |block: &PlacedBlock| {
            let run = block.run(self.places.clone());
            (!run.is_empty()).then(|| block.values[series].slice(run.start, run.len()))
        };
        (self.firsts.len() == 1).then(|| blocks.iter().filter_map(run).collect())
    }

    /// The values of a series, one group after the other; `all` has those of each block.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for texts that are too many for their offsets.
    pub fn values(&self, blocks: &[PlacedBlock], all: &[ArrayData]) -> Result<ArrayRef> {
        if let ([block], [values]) = (blocks, all) {
            let run = block.run(self.places.clone());
            return Ok(make_array(values.slice(run.start, run.len())));
        }
        let rows = self.starts.last().map_or(0, |end| *end as usize);
        let mut values = MutableArrayData::new(all.iter().collect(), false, rows);
        for place in self.places.clone() {
            for (number, block) in blocks.iter().enumerate() {
                let run = block.run(place..place + 1);
                if !run.is_empty() {
                    values.try_extend(number, run.start, run.end).map_err(Error::from_grouping)?;
                }
            }
        }
        Ok(make_array(values.freeze()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::cast::AsArray;
    use arrow_array::types::Int64Type;
    use arrow_array::{Decimal128Array, Float32Array, Float64Array, Int64Array, UInt64Array};
    use arrow_schema::{DataType, Field};
    use proptest::prelude::*;

    use super::super::describe_groups;
    use super::*;
    use crate::interrupt::Interrupt;
    use crate::series::Series;
    use crate::spec::{Spec, Statistic};

    /// Series of each way that values are brought together.
    fn series(rows: usize, seed: u64) -> Vec<Series> {
        let number = |row: usize| (row as u64 ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        let decimals = (0..rows).map(|row| i128::from(number(row))).collect::<Decimal128Array>();
        let arrays: [ArrayRef; 5] = [
            Arc::new((0..rows).map(|row| Some(number(row) as f64 / 1024.0)).collect::<Float64Array>()),
            Arc::new((0..rows).map(|row| (row % 7 > 0).then(|| number(row) as f64)).collect::<Float64Array>()),
            Arc::new((0..rows).map(|row| Some(number(row) as f32)).collect::<Float32Array>()),
            Arc::new((0..rows).map(|row| (row % 5 > 0).then(|| number(row))).collect::<UInt64Array>()),
            Arc::new(decimals.with_precision_and_scale(20, 3).unwrap()),
        ];
        let names = "abcde".chars().map(|name| Some(name.to_string()));
        names.zip(arrays).map(|(name, array)| Series::from_arrays(name, vec![array]).unwrap()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        /// Keys with places have the answers of the same rows by keys that are far apart.
        #[test]
        fn keys_with_places_are_described_as_others_are(
            rows in prop_oneof![1..3000_usize, 60_000..70_000_usize, Just(3 * ROWS), 140_000..200_000_usize],
            keys in prop_oneof![1..5_i64, 100..2000_i64],
            low in prop_oneof![Just(-3_i64), Just(0), Just(1 << 20)],
            nulls in prop_oneof![Just(0_usize), Just(1), 3..50_usize],
            drift in any::<bool>(),
            seed in any::<u64>(),
        ) {
            let key = |row: usize| {
                let any = ((row as u64 ^ seed).wrapping_mul(0xd134_2543_de82_ef95) >> 33) as i64;
                low + if drift { row as i64 * keys / rows as i64 } else { any % keys }
            };
            let there = |row: usize| nulls == 0 || !row.is_multiple_of(nulls);
            let key_column = |width: i64| -> ArrayRef {
                Arc::new((0..rows).map(|row| there(row).then(|| key(row) * width)).collect::<Int64Array>())
            };
            let near = key_column(1);
            let code = |row: usize| key(row) as u64 ^ 1 << 63;
            let is_placed = Places::new(rows, near.nulls(), code).is_some();
            prop_assert!(is_placed || nulls == 1 || keys as usize * ROWS_OF_PLACE > rows);
            let spec = Spec::default().with_statistics([Statistic::Mean, Statistic::Stddev, Statistic::Min, Statistic::Mode]);
            let described = |column: ArrayRef| {
                let field = Arc::new(Field::new("k", DataType::Int64, true));
                describe_groups(vec![(field, column)], &series(rows, seed), &spec, &Interrupt::default()).unwrap()
            };
            let (found, expected) = (described(near), described(key_column(1 << 30)));
            prop_assert_eq!(found.to_batch().unwrap(), expected.to_batch().unwrap());
            let keys_of = |summaries: &crate::Summaries| summaries.keys().unwrap().column(0).clone();
            let expected: Int64Array = keys_of(&expected).as_primitive::<Int64Type>().unary(|key| key >> 30);
            prop_assert_eq!(keys_of(&found).to_data(), expected.to_data());
        }
    }
}
