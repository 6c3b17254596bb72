//! Rows that are dealt out to parts by a hash of their key, so that the distinct keys of each part stay in the cache.

use super::code::Code;

/// Parts that rows are dealt out to.
pub(super) const PARTS: usize = 256;

/// Neighbouring rows that are looked at together.
pub(super) const STRIPE: usize = 1 << 19;

/// Rows of a stripe on their way to parts: their codes, and themselves.
pub(super) struct HashPartitions<C> {
    /// Where each part begins.
    pub(super) starts: Vec<usize>,
    pub(super) codes: Vec<C>,
    pub(super) rows: Vec<u32>,
}

impl<C: Code> HashPartitions<C> {
    /// Deals rows out: first it counts, then it places.
    pub(super) fn new(
        rows: impl Iterator<Item = u32> + Clone,
        code: impl Fn(usize) -> C,
        part_of: impl Fn(C) -> usize,
    ) -> Self {
        let mut codes = Vec::with_capacity(STRIPE);
        let mut starts = vec![0; PARTS + 1];
        for row in rows.clone() {
            let code = code(row as usize);
            codes.push(code);
            starts[part_of(code) + 1] += 1;
        }
        for part in 0..PARTS {
            starts[part + 1] += starts[part];
        }
        let mut next = starts.clone();
        let mut partitions = Self { codes: vec![C::default(); codes.len()], rows: vec![0; codes.len()], starts };
        for (row, code) in rows.zip(codes) {
            let index = &mut next[part_of(code)];
            (partitions.codes[*index], partitions.rows[*index]) = (code, row);
            *index += 1;
        }
        partitions
    }
}
