//! The groups of all partitions, in the order of their keys.

use std::cmp::Ordering;

use rayon::prelude::*;

use super::super::group_rows::code::Code;
use super::partition::Partition;
use crate::summary::PartRow;

/// Below this many groups, one thread is faster.
const FEW: usize = 1 << 13;

/// A group: its key, and where its answers are.
#[derive(Clone, Copy)]
pub(crate) struct Group<C> {
    pub code: C,
    /// The first row that has the key.
    pub first: u32,
    /// Its partition, and its row there.
    pub at: PartRow,
}

/// All groups in this order. Each key is in one partition alone.
pub(crate) fn sorted<C: Code, A>(
    partitions: &[Partition<C, A>],
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
