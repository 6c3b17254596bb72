//! The groups of all partitions, in the order of their keys.

use std::cmp::Ordering;

use super::super::group_rows::code::Code;
use crate::summary::PartRow;
use crate::threads::Threads;

/// Below this many groups, one thread is faster.
const FEW: usize = 1 << 13;

/// A group: its key, and where its answers are.
#[derive(Clone, Copy)]
pub(crate) struct Group<C> {
    pub code: C,
    /// Its partition, and its row there.
    pub at: PartRow,
}

/// The groups of all partitions in this order, by the codes of each. Each key is in one partition alone.
pub(crate) fn sorted<'a, C: Code + 'a>(
    partitions: impl Iterator<Item = &'a [C]> + Clone,
    order: impl Fn(&Group<C>, &Group<C>) -> Ordering + Sync,
) -> Vec<Group<C>> {
    let mut groups = Vec::with_capacity(partitions.clone().map(<[C]>::len).sum());
    for (part, codes) in (0..).zip(partitions) {
        groups.extend(codes.iter().zip(0..).map(|(&code, row)| Group { code, at: PartRow { part, row } }));
    }
    // Of partitions that are stretches of the codes they are in order.
    if !groups.is_sorted_by(|a, b| order(a, b).is_le()) {
        Threads::unless(groups.len() <= FEW).sort_by(&mut groups, order);
    }
    groups
}
