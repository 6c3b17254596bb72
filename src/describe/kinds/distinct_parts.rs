//! The distinct texts of a column whose groups come in parts.

use std::cmp::Reverse;
use std::sync::Mutex;

use arrow_array::{Array, RecordBatch, UInt32Array, new_empty_array};
use arrow_schema::DataType;
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;

use super::columns::in_bytes;
use super::distinct::{Distinct, bytes_at, columns, failed};
use crate::describe::group_rows::Groups;
use crate::error::Result;
use crate::unpoisoned::Unpoisoned;

/// The distinct texts of a dataset, of which parts come: no text of a group is in two of them. Of each part is kept what an answer tells.
pub(crate) struct DistinctParts {
    /// How many columns of keys come before the texts.
    outer: usize,
    /// How many texts of a group are kept.
    most: usize,
    kept: Mutex<KeptTexts>,
}

#[derive(Default)]
struct KeptTexts {
    /// Rows of keys and texts, and the number of rows of the dataset that have each.
    rows: Vec<RecordBatch>,
    sizes: Vec<u64>,
    /// Rows of keys alone, and the number of distinct texts of each.
    groups: Vec<RecordBatch>,
    numbers: Vec<u64>,
    /// From how many rows on they are put together.
    most: usize,
}

/// Fewer rows are not put together until the end.
const FEW: usize = 1 << 12;

impl DistinctParts {
    /// Nothing has come yet. `outer`: the columns of keys before the texts; `top`: how many of the most frequent texts are asked for.
    pub fn new(outer: usize, top: Option<u32>) -> Self {
        // The first of them is the mode.
        Self { outer, most: top.map_or(1, |top| top.max(1) as usize), kept: Mutex::default() }
    }

    /// The bytes that it takes, about.
    pub fn bytes(&self) -> u64 {
        let kept = self.kept.lock().unpoisoned();
        let rows = kept.rows.iter().chain(&kept.groups).map(RecordBatch::get_array_memory_size).sum::<usize>();
        (rows + size_of::<u64>() * (kept.sizes.capacity() + kept.numbers.capacity())) as u64
    }

    /// Forgets all parts.
    pub fn clear(&self) {
        *self.kept.lock().unpoisoned() = KeptTexts::default();
    }

    /// A part: a row for each group and text, in any order, and how many rows of the dataset have each.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for 2³² rows and more.
    pub fn add(&self, rows: &RecordBatch, sizes: &[u64]) -> Result<()> {
        let (groups, numbers, kept) = self.most_frequent(rows, sizes)?;
        let rows = take_record_batch(rows, &kept).map_err(failed)?;
        let mut all = self.kept.lock().unpoisoned();
        all.rows.push(rows);
        all.sizes.extend(kept.values().iter().map(|&row| sizes[row as usize]));
        all.groups.push(groups);
        all.numbers.extend(numbers);
        if all.sizes.len() > all.most.max(FEW) { self.put_together(&mut all) } else { Ok(()) }
    }

    /// The groups of some rows, how many texts each has, and the rows of its most frequent ones; that of a null where there is no text.
    fn most_frequent(&self, rows: &RecordBatch, sizes: &[u64]) -> Result<(RecordBatch, Vec<u64>, UInt32Array)> {
        let groups = Groups::new(columns(rows, self.outer), rows.num_rows())?;
        let texts = in_bytes(rows.column(self.outer)).map_err(failed)?;
        let order = |a: &u32, b: &u32| {
            let size = |row: &u32| Reverse(sizes[*row as usize]);
            size(a).cmp(&size(b)).then_with(|| bytes_at(&texts, *a as usize).cmp(bytes_at(&texts, *b as usize)))
        };
        let (mut numbers, mut kept) = (Vec::with_capacity(groups.len()), Vec::<u32>::new());
        for group in 0..groups.len() {
            let all = groups.rows(group..group + 1);
            let mut there: Vec<u32> = all.iter().copied().filter(|&row| texts.is_valid(row as usize)).collect();
            numbers.push(there.len() as u64);
            if there.len() > self.most {
                there.select_nth_unstable_by(self.most, order);
                there.truncate(self.most);
            }
            let null = all.first().filter(|_| there.is_empty());
            kept.extend(there.iter().chain(null));
        }
        Ok((groups.keys, numbers, kept.into()))
    }

    fn put_together(&self, all: &mut KeptTexts) -> Result<()> {
        let [rows, keys] = [&all.rows, &all.groups].map(|parts| match parts.first() {
            Some(part) => concat_batches(&part.schema(), parts).map(Some).map_err(failed),
            None => Ok(None),
        });
        let (Some(rows), Some(keys)) = (rows?, keys?) else { return Ok(()) };
        let (_, _, kept) = self.most_frequent(&rows, &all.sizes)?;
        all.sizes = kept.values().iter().map(|&row| all.sizes[row as usize]).collect();
        all.rows = vec![take_record_batch(&rows, &kept).map_err(failed)?];
        let groups = Groups::new(columns(&keys, self.outer), all.numbers.len())?;
        let number = |group| groups.rows(group..group + 1).iter().map(|&row| all.numbers[row as usize]).sum();
        all.numbers = (0..groups.len()).map(number).collect();
        all.groups = vec![groups.keys];
        all.most = 2 * all.sizes.len();
        Ok(())
    }

    /// The number of distinct texts of each group, and its most frequent ones.
    ///
    /// # Errors
    ///
    /// As those of [`DistinctParts::add`].
    pub fn finish(self) -> Result<Distinct> {
        let mut all = std::mem::take(&mut *self.kept.lock().unpoisoned());
        self.put_together(&mut all)?;
        let Some(rows) = all.rows.pop() else {
            // Of no rows there is one group, but by keys none.
            let groups = usize::from(self.outer == 0);
            let (texts, starts) = (new_empty_array(&DataType::Binary), vec![0; groups + 1]);
            return Ok(Distinct { texts, sizes: Vec::new(), starts, numbers: Some(vec![0; groups]) });
        };
        let sorted = Groups::new(columns(&rows, self.outer + 1), rows.num_rows())?;
        let sizes = sorted.rows.iter().map(|&row| all.sizes[row as usize]).collect();
        Ok(Distinct { numbers: Some(all.numbers), ..Distinct::of_groups(&sorted.keys, sizes)? })
    }
}
