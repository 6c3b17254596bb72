//! The rows that get an answer.

use std::ops::Range;

use super::bounds::Bounds;

/// Some of the positions that get an answer, in their order.
#[derive(Clone)]
pub(super) struct Targets<'a> {
    /// Where there is not one at each position: all that get one.
    listed: Option<&'a [u32]>,
    /// Which of them: of the list, or of the positions.
    range: Range<usize>,
}

impl<'a> Targets<'a> {
    /// Those of all `positions` positions, or of these.
    pub fn new(listed: Option<&'a [u32]>, positions: usize) -> Self {
        Self { listed, range: 0..listed.map_or(positions, <[u32]>::len) }
    }

    pub fn len(&self) -> usize {
        self.range.len()
    }

    /// Some of these.
    pub fn slice(&self, range: Range<usize>) -> Self {
        Self { listed: self.listed, range: self.range.start + range.start..self.range.start + range.end }
    }

    /// The positions, if they are neighbours.
    pub fn neighbours(&self) -> Option<Range<usize>> {
        self.listed.is_none().then(|| self.range.clone())
    }

    /// The position of one of them.
    pub fn position(&self, index: usize) -> usize {
        let index = self.range.start + index;
        self.listed.map_or(index, |listed| listed[index] as usize)
    }

    /// The positions of some of them.
    pub fn positions(&self, some: Range<usize>) -> impl Iterator<Item = usize> + use<'a> {
        let this = self.clone();
        some.map(move |index| this.position(index))
    }

    pub fn all(&self) -> impl Iterator<Item = usize> + use<'a> {
        self.positions(0..self.len())
    }

    /// The rows from the first window to the last.
    pub fn span(&self, bounds: Bounds<'_>) -> Range<usize> {
        if self.len() == 0 {
            return 0..0;
        }
        let ends = [self.position(0), self.position(self.len() - 1)];
        let mut windows = bounds.windows(ends.into_iter()).map(|(_, window)| window);
        let (first, last) = (windows.next().unwrap_or_default(), windows.next().unwrap_or_default());
        first.start..last.end.max(first.start)
    }

    /// Neighbours of these, such that no stretch passes over many more rows than this.
    pub fn stretches(&self, rows: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let all = self.len();
        let ends = [0, all.saturating_sub(1)].map(|index| if all == 0 { 0 } else { self.position(index) });
        let passed = (ends[1] - ends[0]) / all.max(1) + 1;
        let step = (rows / passed).max(1);
        (0..all).step_by(step).map(move |start| start..all.min(start + step))
    }
}
