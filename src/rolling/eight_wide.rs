//! Sums of windows of a fixed number of rows, eight stretches side by side.

use std::ops::Range;

use super::answer::{Column, Measure, UNDEFINED};
use super::bounds::Bounds;
use super::framed::Framed;
use super::rows::Rows;
use super::sums::{is_spread, of, sums, write, write_finished};
use super::targets::Targets;
use crate::arch::Tier;
use crate::arch::answers::Divisors;
use crate::arch::rolling_sums::{Asked, RollingSums, TILE, Tile};
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::series::repr::Element;
use crate::spec::{Spec, Statistic};
use crate::stats::moments::{Finished, Near};

/// The longest windows whose sums are exact in lanes.
const LONGEST: usize = 1 << 19;

/// The least number of windows for which eight lanes are faster.
const LEAST: usize = 1 << 10;

/// How many windows are done together: far more than there are rows that only enter.
pub(super) fn together(rows: usize) -> usize {
    (32 * rows.min(LONGEST)).max(1 << 16)
}

/// Writes these statistics of the windows of the targets to their places in the columns; what does not go side by side goes alone.
pub(super) fn eight_wide<T: Element>(
    rows: &Rows<'_, T>,
    bounds: Bounds<'_>,
    targets: &Targets<'_>,
    spec: &Spec,
    tier: Tier,
    interrupt: &Interrupt,
    columns: &mut [Column<'_>],
) -> Result<()> {
    let (Some(window), Some(positions), Some(values)) =
        (bounds.fixed(), targets.neighbours(), T::as_floats(&rows.values))
    else {
        return sums(rows, bounds, targets, spec, interrupt, columns);
    };
    let squares = columns.iter().any(|column| is_spread(column.measure));
    let sem = columns.iter().any(|column| column.measure == Measure::Statistic(Statistic::Sem));
    let asked = Asked { rows: window as u64, ddof: spec.ddof(), squares, sem };
    let lanes = Lanes { window, asked, spec, tier, interrupt };
    let alone = |part: Range<usize>, columns: &mut [Column<'_>]| {
        let index = part.start - positions.start..part.end - positions.start;
        let mut columns = part_of(columns, index.clone());
        sums(rows, bounds, &targets.slice(index), spec, interrupt, &mut columns)
    };
    let mut done = positions.start;
    for group in bounds.groups_of(positions.clone()) {
        // Those with all of their rows.
        let whole = positions.start.max(group.start + window - 1)..positions.end.min(group.end);
        let mut parts = vec![whole];
        while let Some(part) = parts.pop() {
            if part.len() < LEAST.max(2 * window) || window > LONGEST {
                continue;
            }
            let covered = part.start + 1 - window..part.end;
            let framed = match rows.numbers(&covered) == covered.len() as u64 {
                true => Framed::new(&values[covered], squares, tier),
                false => None,
            };
            let Some(framed) = framed else {
                // What is in the way may be in one half.
                let middle = part.start + part.len() / 2;
                parts.extend([middle..part.end, part.start..middle]);
                continue;
            };
            if done < part.start {
                alone(done..part.start, columns)?;
            }
            let each = part.len() / 8;
            let start = part.start - positions.start;
            lanes.roll(&framed, each, &mut part_of(columns, start..start + 8 * each))?;
            done = part.start + 8 * each;
        }
    }
    if done < positions.end {
        alone(done..positions.end, columns)?;
    }
    Ok(())
}

/// Some places of columns.
fn part_of<'a>(columns: &'a mut [Column<'_>], part: Range<usize>) -> Vec<Column<'a>> {
    let part =
        |column: &'a mut Column<'_>| Column { measure: column.measure, values: &mut column.values[part.clone()] };
    columns.iter_mut().map(part).collect()
}

/// What is the same for all stretches.
struct Lanes<'a> {
    window: usize,
    asked: Asked,
    spec: &'a Spec,
    tier: Tier,
    interrupt: &'a Interrupt,
}

impl Lanes<'_> {
    /// Eight stretches of `each` windows, one after the other; the first value is that of the first window.
    fn roll(&self, framed: &Framed<'_>, each: usize, columns: &mut [Column<'_>]) -> Result<()> {
        let Self { window, asked, spec, tier, interrupt } = *self;
        let unit = framed.frame.unit;
        let rows = |from: usize, count: usize| -> [&[f64]; 8] {
            std::array::from_fn(|lane| &framed.values[from + lane * each..from + lane * each + count])
        };
        let mut state = RollingSums::new(framed.frame);
        tier.enter(&mut state, rows(0, window - 1), asked);
        let mut tile = Tile::NONE;
        let mut unsure = Vec::new();
        let divisors = Divisors::new(asked.rows, asked.ddof);
        for first in (0..each).step_by(TILE) {
            interrupt.check()?;
            let count = TILE.min(each - first);
            let (entering, leaving) = (rows(first + window - 1, count), rows(first, count));
            tier.roll(&mut state, entering, leaving, asked, &mut tile, &mut unsure);
            for column in &mut *columns {
                if is_spread(column.measure) && asked.rows <= asked.ddof {
                    (0..8).for_each(|lane| column.values[lane * each + first..][..count].fill(UNDEFINED));
                    continue;
                }
                let Some(found) = of(&tile.answers, column.measure) else { continue };
                let mut places = column.values.chunks_mut(each).map(|lane| &mut lane[first..first + count]);
                tier.to_series(&found[..count], std::array::from_fn(|_| places.next().unwrap_or_default()));
            }
            for open in unsure.drain(..) {
                let index = open.lane * each + first + open.row;
                if let Some(answers) = open.answers(asked, unit, &divisors) {
                    write(&answers, asked.rows, spec, index, columns);
                    continue;
                }
                let near = Near { unit, sum: open.sum, squares: open.squares };
                write_finished(&Finished::of_near(asked.rows, None, near), spec, index, columns);
            }
        }
        Ok(())
    }
}
