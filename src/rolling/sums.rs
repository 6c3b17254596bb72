//! Sum, mean, variance, stddev, sem and cv of windows of any kind.

use std::ops::Range;

use super::answer::{Column, Measure, UNDEFINED};
use super::bounds::Bounds;
use super::rows::Rows;
use super::slide::{Window, slide};
use super::targets::Targets;
use crate::arch::answers::{Answers, Divisors};
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::series::repr::Element;
use crate::spec::{Spec, Statistic};
use crate::stats::compact::Compact;
use crate::stats::moments::Finished;

/// The sums of the rows in a window.
pub(super) struct Sums<'a, T: Element> {
    rows: &'a Rows<'a, T>,
    compact: Compact,
    unit: i32,
}

impl<'a, T: Element> Sums<'a, T> {
    /// In a frame that most of these rows share.
    pub fn new(rows: &'a Rows<'a, T>, span: Range<usize>) -> Self {
        let unit = T::as_floats(&rows.values[span]).map_or(0, Compact::unit_for);
        Self { rows, compact: Compact::new(unit), unit }
    }

    pub fn finish(&self) -> Finished {
        self.compact.finish()
    }
}

impl<T: Element> Window for Sums<'_, T> {
    fn enter(&mut self, position: usize) {
        if self.rows.holds_number(position) {
            self.compact.add(self.rows.values[position]);
        }
    }

    fn leave(&mut self, position: usize) {
        if self.rows.holds_number(position) {
            self.compact.remove(self.rows.values[position]);
        }
    }

    fn clear(&mut self) {
        self.compact = Compact::new(self.unit);
    }
}

/// Writes these statistics of each window to its place in the columns.
pub(super) fn sums<T: Element>(
    rows: &Rows<'_, T>,
    bounds: Bounds<'_>,
    targets: &Targets<'_>,
    spec: &Spec,
    interrupt: &Interrupt,
    columns: &mut [Column<'_>],
) -> Result<()> {
    let has_cv = columns.iter().any(|column| column.measure == Measure::Statistic(Statistic::Cv));
    let mut divisors = (0, Divisors::new(1, 0));
    let mut sums = Sums::new(rows, targets.span(bounds));
    slide(bounds.windows(targets.all()), &mut sums, interrupt, |sums, index, _| {
        let count = sums.compact.count();
        if divisors.0 != count {
            divisors = (count, Divisors::new(count, spec.ddof()));
        }
        let quick = if count == 0 || has_cv { None } else { sums.compact.answers(&divisors.1) };
        match quick {
            Some(answers) => write(&answers, count, spec, index, columns),
            None => write_finished(&sums.finish(), spec, index, columns),
        }
    })
}

/// The value of a statistic among these answers.
pub(super) fn of<V>(answers: &Answers<V>, measure: Measure) -> Option<&V> {
    match measure {
        Measure::Statistic(Statistic::Sum) => Some(&answers.sum),
        Measure::Statistic(Statistic::Mean) => Some(&answers.mean),
        Measure::Statistic(Statistic::Variance) => Some(&answers.variance),
        Measure::Statistic(Statistic::Stddev) => Some(&answers.stddev),
        Measure::Statistic(Statistic::Sem) => Some(&answers.sem),
        _ => None,
    }
}

/// Whether it needs a degree of freedom.
pub(super) fn is_spread(measure: Measure) -> bool {
    !matches!(measure, Measure::Statistic(Statistic::Sum | Statistic::Mean))
}

/// Writes the answers of a window to its place in the columns.
pub(super) fn write(answers: &Answers<f64>, count: u64, spec: &Spec, index: usize, columns: &mut [Column<'_>]) {
    for column in columns {
        let is_defined = count > spec.ddof() || !is_spread(column.measure);
        column.values[index] = of(answers, column.measure).filter(|_| is_defined).copied().unwrap_or(UNDEFINED);
    }
}

/// The same of what takes big numbers.
pub(super) fn write_finished(finished: &Finished, spec: &Spec, index: usize, columns: &mut [Column<'_>]) {
    for column in columns {
        let value = match column.measure {
            Measure::Statistic(statistic) => statistic.of_sums(finished, spec.ddof()),
            Measure::Count | Measure::Quantile(_) => None,
        };
        column.values[index] = value.unwrap_or(UNDEFINED);
    }
}
