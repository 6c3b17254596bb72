//! The groups of all partitions, in the order of their keys.

use std::cmp::Ordering;

use rayon::prelude::*;

use super::super::group_rows::code::Code;
use super::partition::Partition;
use crate::summary::{Answers, PartRow};

/// Below this many groups, one thread is faster.
const FEW: usize = 1 << 13;

/// A group: its key, and where its answers are.
#[derive(Clone, Copy)]
pub(super) struct Group<C> {
    pub code: C,
    /// The first row that has the key.
    pub first: u32,
    /// Its partition, and its row there.
    pub at: PartRow,
}

/// All groups in this order. Each key is in one partition alone.
pub(super) fn sorted<C: Code>(
    partitions: &[Partition<C>],
    order: impl Fn(&Group<C>, &Group<C>) -> Ordering + Sync,
) -> Vec<Group<C>> {
    let mut groups = Vec::with_capacity(partitions.iter().map(|partition| partition.codes.len()).sum());
    for (part, partition) in (0..).zip(partitions) {
        let keys = partition.codes.iter().zip(&partition.firsts).zip(0..);
        groups.extend(keys.map(|((&code, &first), row)| Group { code, first, at: PartRow { part, row } }));
    }
    match groups.len() <= FEW {
        true => groups.sort_unstable_by(order),
        false => groups.par_sort_unstable_by(order),
    }
    groups
}

/// The answers of all groups of `series` series, in the order of `rows`.
pub(super) fn in_order<C>(partitions: Vec<Partition<C>>, series: usize, rows: &[PartRow]) -> Answers {
    Answers::in_order(partitions.into_iter().map(|partition| partition.answers).collect(), series, rows)
}
