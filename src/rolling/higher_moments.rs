//! Skewness and kurtosis of windows.

use super::answer::{Column, Measure, UNDEFINED};
use super::bounds::Bounds;
use super::rows::Rows;
use super::slide::{Window, slide};
use super::sums::Sums;
use super::targets::Targets;
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::series::repr::Element;
use crate::spec::{Spec, Statistic};
use crate::stats::higher_moments::HigherMoments;

/// The sums of the first four powers of the rows in a window.
struct Powers<'a, T: Element> {
    rows: &'a Rows<'a, T>,
    sums: Sums<'a, T>,
    higher: HigherMoments,
    count: u64,
    /// Infinities are in no exact sum.
    infinities: u64,
}

impl<T: Element> Window for Powers<'_, T> {
    fn enter(&mut self, position: usize) {
        self.sums.enter(position);
        if self.rows.holds_number(position) {
            let value = self.rows.values[position];
            self.count += 1;
            match value.nearest().is_infinite() {
                true => self.infinities += 1,
                false => self.higher.add(value),
            }
        }
    }

    fn leave(&mut self, position: usize) {
        self.sums.leave(position);
        if self.rows.holds_number(position) {
            let value = self.rows.values[position];
            self.count -= 1;
            match value.nearest().is_infinite() {
                true => self.infinities -= 1,
                false => self.higher.remove(value),
            }
        }
    }

    fn clear(&mut self) {
        self.sums.clear();
        self.higher = HigherMoments::default();
        (self.count, self.infinities) = (0, 0);
    }
}

/// Writes these statistics of each window to its place in the columns.
pub(super) fn higher_moments<T: Element>(
    rows: &Rows<'_, T>,
    bounds: Bounds<'_>,
    targets: &Targets<'_>,
    spec: &Spec,
    interrupt: &Interrupt,
    columns: &mut [Column<'_>],
) -> Result<()> {
    let sums = Sums::new(rows, targets.span(bounds));
    let mut powers = Powers { rows, sums, higher: HigherMoments::default(), count: 0, infinities: 0 };
    slide(bounds.windows(targets.all()), &mut powers, interrupt, |powers, index, _| {
        let (n, higher) = (powers.count, &powers.higher);
        let sums = powers.sums.finish().exact_sums();
        for column in &mut *columns {
            let value = match (&sums, column.measure) {
                _ if n == 0 => None,
                (None, _) => Some(f64::NAN),
                (Some((sum, squares)), Measure::Statistic(Statistic::Skewness)) => {
                    higher.skewness(n, sum, squares, spec.bias())
                }
                (Some((sum, squares)), _) => higher.kurtosis(n, sum, squares, spec.bias()),
            };
            column.values[index] = value.unwrap_or(UNDEFINED);
        }
    })
}
