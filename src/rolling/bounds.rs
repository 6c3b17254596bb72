//! Which rows are in the window of a row.
//!
//! Positions count the rows group after group; a window stays within the group of its row. Both of its ends only ever move forward.
//! They are those of pandas: a window of w rows ends with its row, or (w − 1) / 2 rows after it if the row is its middle. One of time
//! ends with its row too, also where rows after it have the same time, or with the last row before that time if its end is open; about
//! its middle it reaches half of its length to each side.

use std::ops::Range;

use super::question::{Extent, Rolling};

/// See the [module](self).
#[derive(Clone, Copy)]
pub(super) struct Bounds<'a> {
    rolling: &'a Rolling,
    /// Where each group begins, and where the last one ends.
    groups: &'a [usize],
    /// Of each position, in nanoseconds, ascending within a group; of windows of rows nothing.
    times: &'a [i64],
}

impl<'a> Bounds<'a> {
    pub fn new(rolling: &'a Rolling, groups: &'a [usize], times: &'a [i64]) -> Self {
        Self { rolling, groups, times }
    }

    /// The number of positions.
    pub fn len(&self) -> usize {
        self.groups.last().copied().unwrap_or_default()
    }

    /// The windows of these positions, which ascend.
    pub fn windows<P: Iterator<Item = usize>>(self, positions: P) -> Windows<'a, P> {
        Windows { bounds: self, positions, group: 0, before: 0..0 }
    }

    /// The groups, each with the positions that it has.
    pub fn groups(&self) -> impl Iterator<Item = Range<usize>> + 'a {
        self.groups.windows(2).map(|pair| pair[0]..pair[1])
    }

    /// The groups that some positions are of.
    pub fn groups_of(&self, positions: Range<usize>) -> impl Iterator<Item = Range<usize>> + use<'a> {
        let first = self.groups.partition_point(|&start| start <= positions.start).saturating_sub(1);
        let groups = self.groups[first..].windows(2).map(|pair| pair[0]..pair[1]);
        groups.take_while(move |group| group.start < positions.end)
    }

    /// The number of rows of each window, where that is fixed and the window ends with its row.
    pub fn fixed(&self) -> Option<usize> {
        let Rolling { extent: Extent::Rows(rows), closed, center: false, .. } = self.rolling else { return None };
        let is_usual = closed.holds_last() && !closed.holds_first();
        usize::try_from(*rows).ok().filter(|_| is_usual)
    }

    /// Rows that a window may have, about.
    pub fn usual(&self) -> usize {
        match self.rolling.extent {
            Extent::Rows(rows) => usize::try_from(rows).unwrap_or(usize::MAX).min(self.len()),
            Extent::All => self.len(),
            Extent::Time(span) => {
                // As many as would be there if all rows were evenly far apart.
                let spans = self.groups().filter(|group| !group.is_empty());
                let spans =
                    spans.map(|group| (self.times[group.end - 1].abs_diff(self.times[group.start]), group.len()));
                let (time, rows) = spans.fold((0u128, 0), |sum, (time, rows)| (sum.0 + u128::from(time), sum.1 + rows));
                let share = span as f64 / (time as f64).max(1.0);
                ((rows as f64 * share.min(1.0)) as usize).max(1)
            }
        }
    }
}

/// Windows of positions, one after the other.
pub(super) struct Windows<'a, P> {
    bounds: Bounds<'a>,
    positions: P,
    /// That of the last position.
    group: usize,
    /// The last window.
    before: Range<usize>,
}

impl<P: Iterator<Item = usize>> Iterator for Windows<'_, P> {
    type Item = (usize, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        let position = self.positions.next()?;
        let Bounds { rolling, groups, times } = self.bounds;
        if position >= groups[self.group + 1] {
            self.group += groups[self.group + 1..].partition_point(|&start| start <= position);
        }
        let group = groups[self.group]..groups[self.group + 1];
        let (first, last) = (rolling.closed.holds_first(), rolling.closed.holds_last());
        let window = match rolling.extent {
            Extent::All => group.start..position + 1,
            Extent::Rows(rows) => {
                let after = if rolling.center { (rows - 1) / 2 } else { 0 };
                let end = (position as u64).saturating_add(after + 1);
                let start = end.saturating_sub(rows).saturating_sub(u64::from(first));
                let end = (end - u64::from(!last)).min(group.end as u64) as usize;
                let start = usize::try_from(start).unwrap_or(usize::MAX).max(group.start);
                start.min(end)..end
            }
            Extent::Time(span) => {
                // A row is in if it is less than this away.
                let (open, closed) = match rolling.center {
                    true => (span.div_ceil(2), span / 2 + 1),
                    false => (span, span + 1),
                };
                let now = times[position];
                let reach = if first { closed } else { open };
                let from = self.before.start.max(group.start);
                let start = from + gallop(&times[from..position], |&time| now.abs_diff(time) >= reach);
                let end = match rolling.center {
                    true => {
                        let reach = if last { closed } else { open };
                        let from = self.before.end.max(position + 1);
                        from + gallop(&times[from..group.end], |&time| time.abs_diff(now) < reach)
                    }
                    false if last => position + 1,
                    false => {
                        let from = self.before.end.clamp(group.start, position);
                        from + gallop(&times[from..position], |&time| time < now)
                    }
                };
                start.min(end)..end
            }
        };
        self.before = window.clone();
        Some((position, window))
    }
}

/// Items that are looked at one by one, before steps grow.
const ONE_BY_ONE: usize = 4;

/// How many of the first items pass: few, mostly.
#[inline]
fn gallop<T>(items: &[T], passes: impl Fn(&T) -> bool) -> usize {
    let mut start = 0;
    while start < items.len() && passes(&items[start]) {
        start += 1;
        if start == ONE_BY_ONE {
            return start + many(&items[start..], &passes);
        }
    }
    start
}

/// The same of many items.
#[inline(never)]
fn many<T>(items: &[T], passes: &impl Fn(&T) -> bool) -> usize {
    let mut step = 1;
    let mut start = 0;
    while start + step <= items.len() && passes(&items[start + step - 1]) {
        start += step;
        step *= 2;
    }
    let end = items.len().min(start + step);
    start + items[start..end].partition_point(passes)
}
