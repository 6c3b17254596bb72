//! Where to look for a key among many edges: a table of equal steps from the first edge to the last.
//!
//! The step of a value is a function of it that never falls, so that an edge of a lower step is below it and one of a higher
//! step is above it. Only the edges of its own step have to be compared, and there are few of them, unless the edges
//! crowd together: then there is no table, and the search is a binary one.

use super::key::{Encoding, Keyed};

/// Steps of the table.
const STEPS: usize = 4096;

/// The most edges in one step.
const CROWD: usize = 6;

/// See the [module](self).
#[derive(Clone, Debug)]
pub struct Index {
    pub(super) encoding: Encoding,
    pub(super) origin: f64,
    pub(super) scale: f64,
    /// The number of edges below each step.
    pub(super) starts: Box<[u16; STEPS]>,
    /// The most edges that one step has.
    pub(super) crowd: usize,
    /// The edges, and behind them as many that nothing reaches.
    pub(super) edges: Vec<i64>,
}

impl Index {
    /// For edges (ascending) among the keys of `V`, if they are far enough from each other.
    pub fn new<V: Keyed>(edges: &[i64]) -> Option<Self> {
        let value = |key: i64| V::from_key(key).approximate();
        let (origin, last) = (value(*edges.first()?), value(*edges.last()?));
        let scale = (STEPS - 1) as f64 / (last - origin);
        if edges.len() > usize::from(u16::MAX) || !scale.is_normal() {
            return None;
        }
        let mut index = Self {
            encoding: V::ENCODING,
            origin,
            scale,
            starts: Box::new([0; STEPS]),
            crowd: 0,
            edges: [edges, &[i64::MAX; CROWD]].concat(),
        };
        let mut inside = vec![0; STEPS];
        edges.iter().for_each(|&edge| inside[index.step(value(edge))] += 1);
        index.crowd = inside.iter().copied().max().unwrap_or(0);
        let mut below = 0;
        for (start, inside) in index.starts.iter_mut().zip(inside) {
            *start = below as u16;
            below += inside;
        }
        (index.crowd <= CROWD).then_some(index)
    }

    /// Whether it is for values of this type.
    pub fn is_for<V: Keyed>(&self) -> bool {
        self.encoding == V::ENCODING
    }

    /// The number of edges that are not above a value.
    #[inline(always)]
    pub(super) fn bin<V: Keyed>(&self, value: V) -> usize {
        let (key, mut bin) = (value.key(), usize::from(self.starts[self.step(value.approximate())]));
        for _ in 0..self.crowd {
            bin += usize::from(self.edges[bin] <= key);
        }
        // The greatest key of all reaches what nothing else does.
        bin.min(self.edges.len() - CROWD)
    }

    /// The step of a value; the first or the last where it is beyond the table.
    #[inline(always)]
    pub(super) fn step(&self, value: f64) -> usize {
        // `as` takes what is negative for 0. In this form the conversion is one instruction for each of many values.
        let step = ((value - self.origin) * self.scale).clamp(0.0, (STEPS - 1) as f64);
        step as u32 as usize % STEPS
    }
}
