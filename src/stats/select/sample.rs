//! Samples of values, from everywhere.

use super::bins::Key;
use crate::arch::BLOCK;

/// Runs that are shorter as a mean are moved together before they are thinned out.
const SHORTEST_RUN: usize = 64;

/// The size of a sample of `values` values from which the brackets of `ranks` ranks are taken: more of it takes
/// longer to sort, less of it leaves more candidates. Both are about as much work at the power of 2/3.
pub fn sample_size(values: usize, ranks: usize) -> usize {
    (values as f64 * (ranks as f64 / 6.0).max(1.0)).powf(2.0 / 3.0) as usize
}

/// Whether a sample of `values` values tells where to look for `ranks` ranks: the brackets around them are some √sample values wide, and
/// where there are too many, they hold nearly all values.
pub fn is_sampled(values: usize, ranks: usize) -> bool {
    ranks > 0 && ranks.saturating_pow(2) <= sample_size(values, ranks).min(values)
}

/// Places below `values`, one of each `stretch`, that follow no period. `turn` is the number of stretches before.
pub fn sample_places(values: usize, stretch: usize, turn: usize) -> impl Iterator<Item = usize> {
    let stretch = stretch.max(1);
    (0..values).step_by(stretch).zip(turn as u64 + 1..).filter_map(move |(start, turn)| {
        // Multiples of the golden ratio are spread evenly over the stretch.
        let index = turn.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let index = start + ((index * stretch as u64) >> 32) as usize;
        (index < values).then_some(index)
    })
}

/// Keys that lie together at most: more of them go to another place, so that none is ever copied to a larger one.
const RUN: usize = 1 << 17;

/// The values of a bin, or a sample of them.
#[derive(Clone, Debug)]
pub(super) struct Sample<K> {
    pub(super) keys: Vec<K>,
    /// What was merged, as it came: to move it together would take longer than to select among it. None of them is empty.
    pub(super) runs: Vec<Vec<K>>,
    /// `keys` and `runs` hold one of every `stride` values: all of them if 1.
    pub(super) stride: u64,
    /// How many values to pass over before the next one is taken.
    pub(super) skip: u64,
    /// How many values of the current window follow the one that is taken.
    pub(super) rest: u64,
    pub(super) random: u64,
}

impl<K: Key> Sample<K> {
    pub(super) fn new() -> Self {
        Self { keys: Vec::new(), runs: Vec::new(), stride: 1, skip: 0, rest: 0, random: 0x9e37_79b9_7f4a_7c15 }
    }

    pub(super) fn clear(&mut self) {
        self.keys.clear();
        self.runs.clear();
        (self.stride, self.skip, self.rest) = (1, 0, 0);
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len() + self.runs.iter().map(Vec::len).sum::<usize>()
    }

    /// Makes room for `more` keys behind those that lie together: as a `Vec` does, but for hardly more than `capacity` in all.
    pub(super) fn make_room(&mut self, more: usize, capacity: usize) {
        if self.keys.len() >= RUN {
            self.runs.push(std::mem::take(&mut self.keys));
        }
        if self.stride == 1 {
            let room = self.room_for(more, capacity);
            self.keys.reserve_exact(room - self.keys.len());
        }
    }

    /// The keys that there is to be room for in one place.
    fn room_for(&self, more: usize, capacity: usize) -> usize {
        // The kernels write a block at a time, of which some is left.
        let needed = self.keys.len() + more + BLOCK;
        let doubled = (2 * self.keys.capacity()).min(RUN + more + BLOCK).min(capacity.saturating_add(BLOCK));
        match needed > self.keys.capacity() {
            true => needed.max(doubled),
            false => self.keys.capacity(),
        }
    }

    /// How many keys there is room for once `more` were added.
    pub(super) fn capacity_with(&self, more: usize, capacity: usize) -> usize {
        let runs = self.runs.iter().map(Vec::capacity).sum::<usize>();
        // Keys are added a block at a time, and many go on in other places.
        let blocks = more.next_multiple_of(BLOCK);
        let here = if more == 0 { self.keys.capacity() } else { self.room_for(blocks.min(RUN), capacity) };
        runs + here + blocks.saturating_sub(RUN)
    }

    /// All of them in one place.
    pub(super) fn together(&mut self) -> &mut Vec<K> {
        self.keys.reserve_exact(self.len() - self.keys.len());
        for mut run in self.runs.drain(..) {
            self.keys.append(&mut run);
        }
        &mut self.keys
    }

    /// Marsaglia's xorshift64. It only decides which values are sampled.
    pub(super) fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    /// More values, of which it keeps all or a sample.
    #[inline]
    pub(super) fn extend(&mut self, mut keys: &[K], capacity: usize) {
        self.make_room(keys.len(), capacity);
        if self.stride == 1 {
            return self.keys.extend_from_slice(keys);
        }
        while (self.skip as usize) < keys.len() {
            let index = self.skip as usize;
            self.keys.push(keys[index]);
            keys = &keys[index + 1..];
            self.next_window();
        }
        self.skip -= keys.len() as u64;
    }

    /// One of the next `stride` values, each as likely, is the next to be taken.
    pub(super) fn next_window(&mut self) {
        let offset = self.random() % self.stride;
        self.skip = self.rest + offset;
        self.rest = self.stride - 1 - offset;
    }

    /// Keeps one of each two neighbours, either as likely.
    pub(super) fn thin(&mut self) {
        // Short runs would hardly get shorter.
        if self.runs.len() * SHORTEST_RUN > self.len() {
            self.together();
        }
        let mut keys = std::mem::take(&mut self.keys);
        self.halve(&mut keys);
        self.keys = keys;
        let mut runs = std::mem::take(&mut self.runs);
        for run in &mut runs {
            self.halve(run);
            run.shrink_to_fit();
        }
        self.runs = runs;
        self.stride *= 2;
        self.rest = 0;
        self.next_window();
    }

    pub(super) fn halve(&mut self, keys: &mut Vec<K>) {
        for i in 0..keys.len() / 2 {
            let choice = (self.random() & 1) as usize;
            keys[i] = keys[2 * i + choice];
        }
        let halved = keys.len().div_ceil(2);
        if keys.len() % 2 == 1 {
            keys[halved - 1] = keys[2 * halved - 2]; // the odd one stays, so that no sample is empty
        }
        keys.truncate(halved);
    }

    pub(super) fn merge(&mut self, mut other: Self) {
        while self.stride < other.stride {
            self.thin();
        }
        while other.stride < self.stride {
            other.thin();
        }
        if !other.keys.is_empty() {
            if other.keys.capacity() - other.keys.len() > other.keys.len() / 4 {
                other.keys.shrink_to_fit();
            }
            self.runs.push(other.keys);
        }
        self.runs.append(&mut other.runs);
    }
}
