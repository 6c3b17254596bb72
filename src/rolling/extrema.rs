//! Least, greatest, and their distance, by queues of the rows that no later row outdoes: the first one of each is the answer.
//! (D. Lemire, *Streaming maximum-minimum filter using no more than three comparisons per element*, Nordic J. Computing 13(4), 2006.)

use std::collections::VecDeque;

use super::answer::{Column, Measure, UNDEFINED};
use super::bounds::Bounds;
use super::rows::Rows;
use super::slide::{Window, slide};
use super::targets::Targets;
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::series::repr::Element;
use crate::spec::Statistic;
use crate::stats::extrema::Extrema;

/// The rows of a window that may be its least or its greatest one.
struct Queues<'a, T: Element> {
    rows: &'a Rows<'a, T>,
    least: VecDeque<(T::Key, usize)>,
    greatest: VecDeque<(T::Key, usize)>,
}

impl<T: Element> Window for Queues<'_, T> {
    #[inline]
    fn enter(&mut self, position: usize) {
        if !self.rows.holds_number(position) {
            return;
        }
        let key = self.rows.values[position].key();
        while self.least.back().is_some_and(|(other, _)| *other >= key) {
            self.least.pop_back();
        }
        while self.greatest.back().is_some_and(|(other, _)| *other <= key) {
            self.greatest.pop_back();
        }
        self.least.push_back((key, position));
        self.greatest.push_back((key, position));
    }

    #[inline]
    fn leave(&mut self, position: usize) {
        for queue in [&mut self.least, &mut self.greatest] {
            if queue.front().is_some_and(|(_, first)| *first == position) {
                queue.pop_front();
            }
        }
    }

    fn clear(&mut self) {
        self.least.clear();
        self.greatest.clear();
    }
}

/// Writes these statistics of each window to its place in the columns.
pub(super) fn extrema<T: Element>(
    rows: &Rows<'_, T>,
    bounds: Bounds<'_>,
    targets: &Targets<'_>,
    interrupt: &Interrupt,
    columns: &mut [Column<'_>],
) -> Result<()> {
    let mut queues = Queues { rows, least: VecDeque::new(), greatest: VecDeque::new() };
    slide(bounds.windows(targets.all()), &mut queues, interrupt, |queues, index, _| {
        let mut extrema = Extrema::<T>::new();
        if let (Some((least, _)), Some((greatest, _))) = (queues.least.front(), queues.greatest.front()) {
            extrema.update((*least, *greatest));
        }
        for column in &mut *columns {
            column.values[index] = match column.measure {
                Measure::Statistic(Statistic::Min) => extrema.min(),
                Measure::Statistic(Statistic::Max) => extrema.max(),
                _ => extrema.range(),
            }
            .unwrap_or(UNDEFINED);
        }
    })
}
