//! What is known of a pane without its values: for each key and column the counts, the sums and the extrema.
//!
//! A statistic that is made of these needs no values, and cells of several panes add up to those of a window. Windows that overlap are
//! answered by two stacks, as a queue is made of them: one has the sums of each pane and all after it up to a point, the other the sum of
//! all panes behind that point. So a window costs some additions of cells, however many panes it has.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use arrow_array::{Array, ArrayRef, RecordBatch};
use serde::{Deserialize, Serialize};

use super::answer::Answering;
use super::chunks::Loaded;
use super::keys::KeyTable;
use super::layout::Layout;
use crate::arch::answers::Divisors;
use crate::describe::Groups;
use crate::error::Result;
use crate::num::figure::NumberType;
use crate::scan::{BLOCK, Keep, Scan};
use crate::series::{Kind, Repr, from_arrow};
use crate::spec::{NanPolicy, NullPolicy, Spec, Statistic};
use crate::stats::compact::Compact;
use crate::stats::extrema::Extrema;
use crate::stats::value::Value;
use crate::summary::{AnswerRows, Answers, Summaries, UNDEFINED};
use crate::threads::Threads;

/// From this many rows on, those of a stream without keys are summed up as a scan does it, block by block. Of fewer, the answer of a frame
/// is sooner there.
pub(super) const LONG: usize = if cfg!(test) { 16 } else { 1 << 12 };

/// Rows that one thread sums up.
const STRETCH: usize = if cfg!(test) { 24 } else { 1 << 16 };

/// What is known of one key and column.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Cell {
    nulls: u64,
    nans: u64,
    extrema: Extrema<f64>,
    sums: Compact,
}

/// The cells of a pane, or of several.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Cells {
    /// The numbers of the keys, ascending.
    pub keys: Vec<u32>,
    /// Those of the first key, column by column, then those of the next one.
    cells: Vec<Cell>,
}

/// Whether cells tell what is asked, of columns like these: those that are read as floats.
pub(super) fn suffice(spec: &Spec, layout: &Layout) -> bool {
    use Statistic::{Cv, Max, Mean, Min, Range, Sem, Stddev, Sum, Variance};
    const KNOWN: [Statistic; 9] = [Min, Max, Range, Sum, Mean, Variance, Stddev, Sem, Cv];
    let is_float = |data_type| {
        crate::series::table::number_type(data_type) == NumberType::Float
            && Kind::of(data_type).is_some_and(|kind| Repr::of(&[kind]) == Repr::Float)
    };
    spec.computed().is_empty()
        && spec.statistics().iter().all(|statistic| KNOWN.contains(statistic))
        && layout.values.iter().all(|field| is_float(field.data_type()))
}

impl Cell {
    fn new(unit: i32) -> Self {
        Self { nulls: 0, nans: 0, extrema: Extrema::new(), sums: Compact::new(unit) }
    }

    /// That of many values.
    fn of_array(array: &dyn Array, unit: i32, spec: &Spec) -> Result<Self> {
        let mut scan = Scan::<f64>::new(spec, Keep::All);
        from_arrow::read(array, &mut scan)?;
        let (nulls, nans, extrema, moments) = scan.into_sums();
        Ok(Self { nulls, nans, extrema, sums: Compact::of_moments(moments, unit) })
    }

    #[inline]
    fn add(&mut self, value: f64) {
        if value.is_nan() {
            self.nans += 1;
        } else {
            let key = Value::key(value);
            self.extrema.update((key, key));
            self.sums.add(value);
        }
    }

    fn merge(&mut self, other: &Self) {
        self.nulls += other.nulls;
        self.nans += other.nans;
        self.extrema.merge(&other.extrema);
        self.sums.merge(&other.sums);
    }

    /// Writes the answer.
    fn write(&self, spec: &Spec, row: usize, divisors: &mut (u64, Divisors<f64>), rows: &mut AnswerRows<'_>) {
        let count = self.sums.count();
        let omits = spec.nan() == NanPolicy::Omit;
        rows.set_counts(row, [if omits { count } else { count + self.nans }, self.nulls, self.nans]);
        let is_undefined = self.nulls > 0 && spec.null() == NullPolicy::Propagate;
        let is_spoilt = self.nans > 0 && !omits;
        if divisors.0 != count {
            *divisors = (count, Divisors::new(count, spec.ddof()));
        }
        let quick = if count > 0 { self.sums.answers(&divisors.1) } else { None };
        let mut finished = None;
        let has_freedom = count > spec.ddof();
        for (index, statistic) in spec.statistics().iter().enumerate() {
            let value = match (statistic, &quick) {
                _ if is_undefined => None,
                _ if is_spoilt => Some(f64::NAN),
                (Statistic::Min, _) => self.extrema.min(),
                (Statistic::Max, _) => self.extrema.max(),
                (Statistic::Range, _) => self.extrema.range(),
                (Statistic::Sum, _) if count < spec.min_count() => None,
                (Statistic::Sum, Some(answers)) => Some(answers.sum),
                (Statistic::Mean, Some(answers)) => Some(answers.mean),
                (Statistic::Variance, Some(answers)) => has_freedom.then_some(answers.variance),
                (Statistic::Stddev, Some(answers)) => has_freedom.then_some(answers.stddev),
                (Statistic::Sem, Some(answers)) => has_freedom.then_some(answers.sem),
                _ => statistic.of_sums(finished.get_or_insert_with(|| self.sums.finish()), spec.ddof()),
            };
            let value = value.map(|value| if value.is_nan() { f64::NAN } else { value });
            rows.set_statistic(row, index, value.unwrap_or(UNDEFINED));
        }
    }
}

/// The cell of each column, of rows that have no keys.
fn cells_of_columns(rows: &Loaded, count: usize, width: usize, units: &mut Vec<i32>) -> Result<Vec<Cell>> {
    use Statistic::{Max, Min, Variance};
    let mut stretches = Vec::new();
    for column in 0..width {
        let arrays = rows.column(column);
        if units.len() == column {
            let mut first = Vec::new();
            if let Some(array) = arrays.first() {
                from_arrow::read(&array.slice(0, array.len().min(BLOCK)), &mut first)?;
            }
            units.push(Compact::unit_for(&first));
        }
        for array in arrays {
            let starts = (0..array.len()).step_by(STRETCH);
            stretches.extend(starts.map(|start| (column, array.slice(start, STRETCH.min(array.len() - start)))));
        }
    }
    let spec = Spec::default().with_statistics([Min, Max, Variance]).without_order();
    let of_stretch = |(column, array): &(usize, ArrayRef)| Cell::of_array(array, units[*column], &spec);
    let parts = Threads::for_values(count * width).try_map_items(&stretches, of_stretch)?;
    let mut cells: Vec<Cell> = units[..width].iter().map(|&unit| Cell::new(unit)).collect();
    for ((column, _), part) in stretches.iter().zip(&parts) {
        cells[*column].merge(part);
    }
    Ok(cells)
}

impl Cells {
    /// The cells of rows. `units` has the unit of each column, once it is known.
    pub fn of_rows(
        rows: &Loaded,
        count: usize,
        layout: &Layout,
        keys: &mut KeyTable,
        units: &mut Vec<i32>,
    ) -> Result<Self> {
        if layout.keys.is_empty() && count >= LONG {
            let keys = keys.ids(Vec::new(), 1)?;
            return Ok(Self { keys, cells: cells_of_columns(rows, count, layout.values.len(), units)? });
        }
        let by = layout.keys.iter().enumerate();
        let by = by.map(|(index, field)| Ok((field.clone(), rows.whole_column(index)?))).collect::<Result<Vec<_>>>()?;
        let (groups, indices) = Groups::with_indices(by, count)?;
        let numbers = keys.of_groups(&groups)?;
        let mut order: Vec<usize> = (0..numbers.len()).collect();
        order.sort_unstable_by_key(|&group| numbers[group]);
        let mut values = Vec::with_capacity(layout.values.len());
        for index in 0..layout.values.len() {
            let array = rows.whole_column(layout.keys.len() + index)?;
            let array = from_arrow::put_rows(&array, &groups.rows, &indices)?;
            let mut there: Vec<f64> = Vec::with_capacity(array.len());
            from_arrow::read(&array, &mut there)?;
            if units.len() == index {
                units.push(Compact::unit_for(&there));
            }
            values.push((there, array.logical_nulls().filter(|nulls| nulls.null_count() > 0)));
        }
        let width = values.len();
        // Where the values of each group begin, in a column that lacks its nulls.
        let before: Vec<Option<Vec<usize>>> = (values.iter())
            .map(|(_, nulls)| {
                nulls.as_ref().map(|nulls| {
                    let counts = groups.starts.windows(2);
                    let counts = counts.map(|pair| {
                        let length = pair[1] - pair[0];
                        length - nulls.slice(pair[0], length).null_count()
                    });
                    let mut sum = 0;
                    let mut starts = vec![0];
                    starts.extend(counts.map(|count| {
                        sum += count;
                        sum
                    }));
                    starts
                })
            })
            .collect();
        let of_group = |&group: &usize| -> Vec<Cell> {
            let of_column = |column: usize| {
                let mut cell = Cell::new(units[column]);
                let range = match &before[column] {
                    None => groups.starts[group]..groups.starts[group + 1],
                    Some(starts) => starts[group]..starts[group + 1],
                };
                cell.nulls = (groups.starts[group + 1] - groups.starts[group] - range.len()) as u64;
                values[column].0[range].iter().for_each(|&value| cell.add(value));
                cell
            };
            (0..width).map(of_column).collect()
        };
        let of_groups = |groups: &[usize]| groups.iter().flat_map(of_group).collect();
        let groups: Vec<&[usize]> = order.chunks(64).collect();
        let cells: Vec<Vec<Cell>> = Threads::for_values(count * width).map_items(groups, of_groups);
        let numbers: Vec<u32> = order.into_iter().map(|group| numbers[group]).collect();
        Ok(Self { keys: numbers, cells: cells.into_iter().flatten().collect() })
    }

    /// Adds those of another one.
    pub fn merge(&mut self, other: &Self, width: usize) {
        if other.keys.is_empty() {
            return;
        }
        if self.keys == other.keys {
            self.cells.iter_mut().zip(&other.cells).for_each(|(ours, theirs)| ours.merge(theirs));
            return;
        }
        let ours = std::mem::take(self);
        self.keys.reserve(ours.keys.len().max(other.keys.len()));
        self.cells.reserve(width * ours.keys.len().max(other.keys.len()));
        let (mut cells, mut theirs) =
            (ours.cells.into_iter(), other.keys.iter().zip(other.cells.chunks(width)).peekable());
        for key in ours.keys {
            while let Some((&number, new)) = theirs.next_if(|(number, _)| **number < key) {
                self.keys.push(number);
                self.cells.extend_from_slice(new);
            }
            self.keys.push(key);
            let start = self.cells.len();
            self.cells.extend(cells.by_ref().take(width));
            if let Some((_, more)) = theirs.next_if(|(number, _)| **number == key) {
                self.cells[start..].iter_mut().zip(more).for_each(|(ours, theirs)| ours.merge(theirs));
            }
        }
        for (&number, new) in theirs {
            self.keys.push(number);
            self.cells.extend_from_slice(new);
        }
    }

    pub fn bytes(&self) -> usize {
        size_of::<Cell>() * self.cells.len() + 4 * self.keys.len()
    }

    /// Whether they are what cells of `width` columns and keys below `count` can be.
    #[cfg(feature = "stream")]
    pub fn fit(&self, width: usize, count: usize) -> bool {
        self.cells.len() == width * self.keys.len()
            && self.keys.is_sorted_by(|a, b| a < b)
            && self.keys.last().is_none_or(|last| (*last as usize) < count)
    }

    /// The same with other numbers for the keys: in their place.
    #[cfg(feature = "stream")]
    pub fn renumbered(&self, places: &[u32]) -> Self {
        // The order of the numbers stays.
        Self { keys: self.keys.iter().map(|&key| places[key as usize]).collect(), cells: self.cells.clone() }
    }

    /// The window of which these are the cells.
    pub fn answer(&self, bounds: (i64, i64), keys: &KeyTable, answering: Answering<'_>) -> Result<Summaries> {
        let spec = answering.spec;
        let width = answering.layout.values.len();
        let mut order: Vec<u32> = (0..self.keys.len() as u32).collect();
        order.sort_by_key(|&place| keys.encoded(self.keys[place as usize]));
        let mut answers = Answers::new(width * order.len(), spec);
        let mut rows = answers.rows();
        let mut divisors = (0, Divisors::new(1, 0));
        for column in 0..width {
            for (row, &place) in order.iter().enumerate() {
                let cell = &self.cells[place as usize * width + column];
                cell.write(spec, column * order.len() + row, &mut divisors, &mut rows);
            }
        }
        let numbers: Vec<u32> = order.iter().map(|&place| self.keys[place as usize]).collect();
        let columns = keys.columns(&numbers)?;
        let keys: RecordBatch =
            answering.keys(vec![bounds.0; numbers.len()], vec![bounds.1; numbers.len()], columns)?;
        Ok(answering.of_answers(keys, answers))
    }
}

/// Two stacks of panes.
#[derive(Clone, Debug)]
pub(super) struct Stacks {
    /// Of each pane, the latest first, the cells of it and of all after it until the point.
    front: Vec<(i64, Cells)>,
    /// The cells of the panes behind the point, the first and the last of them.
    back: Option<(i64, i64, Cells)>,
    /// The last pane before the point.
    point: i64,
    /// The last pane of the last window: all until there are in a stack.
    reached: i64,
}

impl Default for Stacks {
    fn default() -> Self {
        Self { front: Vec::new(), back: None, point: i64::MIN, reached: i64::MIN }
    }
}

impl Stacks {
    /// A pane has changed, or is a new one.
    pub fn change(&mut self, pane: i64) {
        if pane <= self.reached {
            self.clear();
        }
    }

    /// Begins anew.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    pub fn bytes(&self) -> usize {
        let back = self.back.as_ref().map_or(0, |(_, _, cells)| cells.bytes());
        self.front.iter().map(|(_, cells)| cells.bytes()).sum::<usize>() + back
    }

    /// The cells of all panes of a window. Windows come in their order.
    pub fn window(&mut self, window: RangeInclusive<i64>, panes: &BTreeMap<i64, Cells>, width: usize) -> Cells {
        let (first, last) = (*window.start(), *window.end());
        self.reached = last;
        while self.front.last().is_some_and(|(pane, _)| *pane < first) {
            self.front.pop();
        }
        let turns = match &self.back {
            // The panes behind the point are too old.
            Some((oldest, _, _)) => *oldest < first,
            None => self.front.is_empty(),
        };
        if turns {
            self.front.clear();
            self.back = None;
            self.point = last;
            let mut sum = Cells::default();
            for (&pane, cells) in panes.range(first..=last).rev() {
                sum.merge(cells, width);
                self.front.push((pane, sum.clone()));
            }
        }
        let from = self.back.as_ref().map_or(self.point, |(_, last, _)| *last);
        if from < last {
            for (&pane, cells) in panes.range(from + 1..=last) {
                let (_, until, sum) = self.back.get_or_insert_with(|| (pane, pane, Cells::default()));
                sum.merge(cells, width);
                *until = pane;
            }
        }
        let mut sum = self.front.last().map_or_else(Cells::default, |(_, cells)| cells.clone());
        if let Some((_, _, back)) = &self.back {
            sum.merge(back, width);
        }
        sum
    }
}
