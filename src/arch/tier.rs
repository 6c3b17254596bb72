//! The choice of instructions, and the safe front of every kernel.

use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::atomic::{AtomicU8, Ordering};

use super::block::{BLOCK, PADDING};
use super::characters::SPAN;
#[cfg(target_arch = "x86_64")]
use super::decimals;
use super::double_double::{EightWideRows, MOST, SmallMoments};
use super::few_ranks::{MOST_ROWS, RankWindows};
use super::index::Index;
use super::key::{BinEdges, Keyed, Located, Range, SideBySide};
use super::network::Network;
use super::portable;
use super::rolling_sums::{Asked, RollingSums, Tile, Unsure};
use super::window::{Accumulated, FixedPointWindow, Sums};
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};

/// The instructions that kernels are made of: one that this machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier(Instructions);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Instructions {
    /// What every processor of the target has: SSE2, or NEON.
    Baseline,
    /// AVX2 with FMA and BMI.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 F, BW, DQ and VL with IFMA52: Ice Lake, Zen 4, and later.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// The environment variable that forces a tier by its name; one that the machine does not have is passed over.
pub const VARIABLE: &str = "RSTATS_TIER";

impl Tier {
    /// The tiers that this machine has, the best one last.
    pub fn available() -> Vec<Self> {
        let mut tiers = vec![Self(Instructions::Baseline)];
        #[cfg(target_arch = "x86_64")]
        {
            macro_rules! has {
                ($($feature:tt)*) => { [$(is_x86_feature_detected!($feature)),*].iter().all(|has| *has) };
            }
            if has!("avx2" "fma" "bmi1" "bmi2" "lzcnt" "popcnt") {
                tiers.push(Self(Instructions::Avx2));
                if has!("avx512f" "avx512bw" "avx512dq" "avx512vl" "avx512ifma") {
                    tiers.push(Self(Instructions::Avx512));
                }
            }
        }
        tiers
    }

    /// The one that [`VARIABLE`] names, else the best one of this machine.
    pub fn best() -> Self {
        // 0 is not chosen yet, else one more than the place among the available ones.
        static CHOSEN: AtomicU8 = AtomicU8::new(0);
        let baseline = Self(Instructions::Baseline);
        let index = match CHOSEN.load(Ordering::Relaxed) {
            0 => {
                let tiers = Self::available();
                let named = std::env::var(VARIABLE).ok().and_then(|name| name.parse().ok());
                let tier = named.or(tiers.last().copied()).unwrap_or(baseline);
                CHOSEN.store(tier.0 as u8 + 1, Ordering::Relaxed);
                return tier;
            }
            index => index - 1,
        };
        // Only what is available was ever stored.
        match index {
            #[cfg(target_arch = "x86_64")]
            1 => Self(Instructions::Avx2),
            #[cfg(target_arch = "x86_64")]
            2 => Self(Instructions::Avx512),
            _ => baseline,
        }
    }

    /// The name, as [`VARIABLE`] takes it.
    pub fn name(self) -> &'static str {
        match self.0 {
            Instructions::Baseline if cfg!(target_arch = "aarch64") => "neon",
            Instructions::Baseline => "portable",
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => "avx512",
        }
    }
}

impl FromStr for Tier {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let tiers = Self::available();
        tiers.iter().find(|tier| tier.name() == name).copied().ok_or_else(|| {
            let names: Vec<_> = tiers.iter().map(|tier| tier.name()).collect();
            format!("'{name}' is not a tier of this machine; it has {}", names.join(", "))
        })
    }
}

/// Every portable kernel, compiled for some instructions.
#[cfg(target_arch = "x86_64")]
macro_rules! compiled_for {
    ($features:literal, $floats:ident) => {
        use super::super::super::few_ranks::{Counted, RankWindows, select_ranks_in};
        use super::super::super::floats::$floats;
        use super::super::super::rolling_sums::{self, Asked, RollingSums, Tile, Unsure};
        use super::super::portable;
        use super::{
            Accumulated, BinEdges, EightWideRows, FixedPointWindow, Index, Keyed, Located, MOST, Network, Range,
            SideBySide, SmallMoments, Sums,
        };

        #[target_feature(enable = $features)]
        pub fn key_range<V: Keyed>(values: &[V], valid: Option<&[u8]>) -> Range {
            portable::key_range(values, valid)
        }
        #[target_feature(enable = $features)]
        pub fn accumulate<const SQUARES: bool>(
            values: &[f64],
            valid: Option<&[u8]>,
            window: FixedPointWindow,
            sums: &mut Sums,
        ) -> Accumulated {
            portable::accumulate::<SQUARES>(values, valid, window, sums)
        }
        #[target_feature(enable = $features)]
        pub fn accumulate_integers<V: Keyed, const SQUARES: bool>(
            values: &[V],
            valid: Option<&[u8]>,
            sums: &mut Sums,
        ) -> Range {
            portable::accumulate_integers::<V, SQUARES>(values, valid, sums)
        }
        #[target_feature(enable = $features)]
        pub fn clear_nans(values: &[f64], valid: &mut [u8]) {
            portable::clear_nans(values, valid);
        }
        #[target_feature(enable = $features)]
        pub fn mask_representable(values: &[f64], window: FixedPointWindow, valid: &mut [u8]) {
            portable::mask_representable(values, window, valid);
        }
        #[target_feature(enable = $features)]
        pub fn bucketize<V: Keyed>(
            values: &[V],
            valid: Option<&[u8]>,
            edges: BinEdges<'_>,
            below: &mut [u64],
            kept: &mut [i64],
        ) -> usize {
            portable::bucketize(values, valid, edges, below, kept)
        }
        #[target_feature(enable = $features)]
        pub fn search<V: Keyed>(
            values: &[V],
            valid: Option<&[u8]>,
            edges: &[i64],
            index: Option<&Index>,
            found: &mut Located,
        ) -> usize {
            portable::search(values, valid, edges, index, found)
        }
        #[target_feature(enable = $features)]
        pub fn count_bins<V: Keyed>(values: &[V], valid: Option<&[u8]>, index: &Index, counts: &mut SideBySide) {
            portable::count_bins(values, valid, index, counts);
        }
        #[target_feature(enable = $features)]
        pub fn few(values: &[f64], freedom: f64, sorted: &mut [i64; MOST]) -> (SmallMoments<f64>, u8) {
            portable::few(values, freedom, sorted)
        }
        #[target_feature(enable = $features)]
        pub fn eight_wide(
            series: [&[f64]; 8],
            freedom: f64,
            network: &Network,
            rows: &mut EightWideRows,
        ) -> (SmallMoments<[f64; 8]>, u8) {
            portable::eight_wide_in::<$floats>(series, freedom, network, rows)
        }
        #[target_feature(enable = $features)]
        pub fn to_series(rows: &[[f64; 8]], series: [&mut [f64]; 8]) {
            rolling_sums::to_series_in::<$floats>(rows, series);
        }
        #[target_feature(enable = $features)]
        pub fn magnitudes(values: &[f64]) -> (u64, u64) {
            rolling_sums::magnitudes(values)
        }
        #[target_feature(enable = $features)]
        pub fn enter(state: &mut RollingSums, series: [&[f64]; 8], asked: Asked) {
            rolling_sums::enter_in::<$floats>(state, series, asked);
        }
        #[target_feature(enable = $features)]
        pub fn roll(
            state: &mut RollingSums,
            entering: [&[f64]; 8],
            leaving: [&[f64]; 8],
            asked: Asked,
            tile: &mut Tile,
            unsure: &mut Vec<Unsure>,
        ) {
            rolling_sums::roll_in::<$floats>(state, entering, leaving, asked, tile, unsure);
        }
        #[target_feature(enable = $features)]
        pub fn select_ranks(among: RankWindows<'_>, found: &mut [[u16; 2]]) {
            select_ranks_in::<Counted>(among, found);
        }
        #[target_feature(enable = $features)]
        pub fn characters<O: Copy>(data: &[u8], offsets: &[O], at: impl Fn(O) -> usize, lengths: &mut [u64]) {
            portable::characters(data, offsets, at, lengths);
        }
        #[target_feature(enable = $features)]
        pub fn convert<A: Copy, B>(from: &[A], to: &mut [B], convert: impl Fn(A) -> B) {
            portable::convert(from, to, convert);
        }
    };
}

#[cfg(target_arch = "x86_64")]
#[allow(dead_code, reason = "AVX-512 has some kernels of its own")]
mod compiled {
    use super::{
        Accumulated, BinEdges, EightWideRows, FixedPointWindow, Index, Keyed, Located, MOST, Network, Range,
        SideBySide, SmallMoments, Sums,
    };

    pub mod avx2 {
        compiled_for!("avx2,fma,bmi1,bmi2,lzcnt,popcnt", Pair);
    }
    pub mod avx512 {
        compiled_for!("avx512f,avx512dq,avx512vl,avx512bw,avx512ifma,avx2,fma,bmi1,bmi2,lzcnt,popcnt", Wide);
    }
}

/// Calls a kernel of the tier: `$avx2` and `$avx512` are the modules that those have it in.
macro_rules! dispatch {
    ($tier:expr, [$($avx2:ident)::+, $($avx512:ident)::+], $($call:tt)*) => {
        match $tier.0 {
            Instructions::Baseline => portable::$($call)*,
            // SAFETY: a tier is only made where the machine has its instructions.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => unsafe { $($avx2)::+::$($call)* },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => unsafe { $($avx512)::+::$($call)* },
        }
    };
}

/// Blocks are of up to [`BLOCK`] values. `valid` has a bit for each of them, the first in the lowest bit of the first
/// byte; without it, all values count.
impl Tier {
    /// The least and the greatest key.
    pub fn key_range<V: Keyed>(self, values: &[V], valid: Option<&[u8]>) -> Range {
        check(values.len(), valid);
        dispatch!(self, [compiled::avx2, avx512], key_range(values, valid))
    }

    /// A window for magnitudes below 2^top, and a little room above them, so that it serves the blocks that follow too;
    /// the nearest one where there is none so high or so low.
    pub fn window(self, top: i32) -> FixedPointWindow {
        let (tops, width, room) = self.windows();
        let top = (top + room).clamp(*tops.start(), *tops.end());
        FixedPointWindow { top, unit: top - width }
    }

    /// The tops of its windows, the bits in one, and how many of them are left free above.
    fn windows(self) -> (RangeInclusive<i32>, i32, i32) {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => (avx512::TOPS, avx512::WIDTH, 8),
            _ => (portable::TOPS, portable::WIDTH, 1),
        }
    }

    /// Adds Σx, and Σx² if `squares`, in units of the window, which is one of [`Tier::window`]; unless a value does not
    /// fit it. Before that, `sums` must have room. Extrema come with it, whether the values fit or not.
    pub fn accumulate(
        self,
        values: &[f64],
        valid: Option<&[u8]>,
        window: FixedPointWindow,
        squares: bool,
        sums: &mut Sums,
    ) -> Accumulated {
        check(values.len(), valid);
        let (tops, width, _) = self.windows();
        assert!(sums.has_room());
        assert!(tops.contains(&window.top) && window.top - window.unit == width);
        if squares {
            dispatch!(self, [avx2, avx512], accumulate::<true>(values, valid, window, sums))
        } else {
            dispatch!(self, [avx2, avx512], accumulate::<false>(values, valid, window, sums))
        }
    }

    /// The same for integers, whose window has 1 as its unit and no top.
    pub fn accumulate_integers<V: Keyed>(
        self,
        values: &[V],
        valid: Option<&[u8]>,
        squares: bool,
        sums: &mut Sums,
    ) -> Range {
        check(values.len(), valid);
        assert!(sums.has_room());
        if squares {
            dispatch!(self, [compiled::avx2, avx512], accumulate_integers::<V, true>(values, valid, sums))
        } else {
            dispatch!(self, [compiled::avx2, avx512], accumulate_integers::<V, false>(values, valid, sums))
        }
    }

    /// Clears the bits of NaNs.
    pub fn clear_nans(self, values: &[f64], valid: &mut [u8]) {
        dispatch!(self, [compiled::avx2, avx512], clear_nans(values, valid));
    }

    /// Clears the bits of what the window does not hold.
    pub fn mask_representable(self, values: &[f64], window: FixedPointWindow, valid: &mut [u8]) {
        dispatch!(self, [compiled::avx2, avx512], mask_representable(values, window, valid));
    }

    /// Calls `visit` with the values whose bit is set, one after the other; `false`, and it is not called, if the kernels of the tier pass over
    /// the others as fast.
    pub fn compacted<V: Keyed>(self, values: &[V], valid: &[u8], visit: impl FnOnce(&[V])) -> bool {
        check(values.len(), Some(valid));
        let mut there = [V::default(); BLOCK];
        let count = match self.0 {
            Instructions::Baseline => portable::compact(values, valid, &mut there),
            // SAFETY: a tier is only made where the machine has its instructions.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => unsafe { avx2::compact(values, valid, &mut there) },
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => return false,
        };
        visit(&there[..count]);
        true
    }

    /// Sorts keys into the bins between edges: the first bin is below the first edge, and a bin holds its lower edge
    /// but not its upper one. `below[i]` grows by the number of keys below edge i. The keys of some bins are written to
    /// `kept`, in their order, and counted. `kept` has room for `values.len()` rounded up to a multiple of 64.
    pub fn bucketize<V: Keyed>(
        self,
        values: &[V],
        valid: Option<&[u8]>,
        edges: BinEdges<'_>,
        below: &mut [u64],
        kept: &mut [i64],
    ) -> usize {
        check(values.len(), valid);
        dispatch!(self, [avx2, avx512], bucketize(values, valid, edges, below, kept))
    }

    /// Copies cache lines, each by as few volatile reads as can be.
    ///
    /// # Safety
    ///
    /// `from` is aligned to 64 bytes, and as many bytes as `to` has must be readable from there.
    pub(super) unsafe fn copy_lines(self, from: *const u8, to: &mut [[u8; 64]]) {
        match self.0 {
            // SAFETY: as above; the rest is what the caller has promised.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => unsafe { avx512::copy_lines(from, to) },
            // SAFETY: what the caller has promised.
            _ => unsafe { portable::copy_lines(from, to) },
        }
    }

    /// The key and the bin of each value: the number of edges that are not above it. Any number of edges, ascending; the
    /// index is one of them.
    pub fn search<V: Keyed>(
        self,
        values: &[V],
        valid: Option<&[u8]>,
        edges: &[i64],
        index: Option<&Index>,
        found: &mut Located,
    ) -> usize {
        check(values.len(), valid);
        dispatch!(self, [compiled::avx2, compiled::avx512], search(values, valid, edges, index, found))
    }

    /// Counts each value in its bin, for at most [`MOST_SIDE_BY_SIDE`] bins around the edges of the index, which is for values of this type.
    pub fn count_bins<V: Keyed>(self, values: &[V], valid: Option<&[u8]>, index: &Index, counts: &mut SideBySide) {
        check(values.len(), valid);
        assert!(index.encoding == V::ENCODING);
        dispatch!(self, [compiled::avx2, compiled::avx512], count_bins(values, valid, index, counts));
    }

    /// Sorts keys in a network; `false` if the tier has none for their number.
    pub fn sort(self, keys: &mut [i64]) -> bool {
        match self.0 {
            // SAFETY: a tier is only made where the machine has its instructions.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 if keys.len() <= avx512::SORTED => {
                unsafe { avx512::sort(keys) };
                true
            }
            // SAFETY: the same.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 if keys.len() <= avx2::SORTED => {
                unsafe { avx2::sort(keys) };
                true
            }
            _ => false,
        }
    }

    /// Whether a product and a sum are one instruction.
    pub(super) fn has_fused(self) -> bool {
        self.0 != Instructions::Baseline
    }

    /// The most edges with which counting a block is faster by comparing each key with every edge than by searching for its bin.
    pub fn compared_edges(self) -> usize {
        // SSE2 compares no integers of 64 bits; NEON does, but was not measured.
        if self.0 == Instructions::Baseline { 3 } else { 15 }
    }

    /// Whether there is a fast [`Tier::partition`].
    pub fn partitions(self) -> bool {
        self.0 != Instructions::Baseline
    }

    /// Moves the keys below `pivot` before the others, and returns how many there are; `None` if the tier has no fast way. `scratch` is
    /// memory for it.
    pub fn partition(self, keys: &mut [i64], pivot: i64, scratch: &mut Vec<i64>) -> Option<usize> {
        let kernel: unsafe fn(&mut [i64], i64, &mut [i64]) -> usize = match self.0 {
            Instructions::Baseline => return None,
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => avx2::partition,
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => avx512::partition,
        };
        let needed = keys.len() + PADDING;
        if scratch.len() < needed {
            scratch.resize(needed, 0);
        }
        // SAFETY: a tier is only made where the machine has its instructions.
        Some(unsafe { kernel(keys, pivot, scratch) })
    }

    /// See [`SmallMoments::new`].
    pub(crate) fn few(self, values: &[f64], freedom: f64, sorted: &mut [i64; MOST]) -> (SmallMoments<f64>, u8) {
        dispatch!(self, [compiled::avx2, compiled::avx512], few(values, freedom, sorted))
    }

    /// See [`crate::stats::small_moments::EightWide::describe`].
    pub(crate) fn eight_wide(
        self,
        series: [&[f64]; 8],
        freedom: f64,
        network: &Network,
        rows: &mut EightWideRows,
    ) -> (SmallMoments<[f64; 8]>, u8) {
        dispatch!(self, [compiled::avx2, compiled::avx512], eight_wide(series, freedom, network, rows))
    }

    /// Reads numbers that are each followed by a comma, from `at` on: as many as are plainly written, with up to one space before
    /// them and 24 places, and need no more than these to be rounded; at most `values` has room for. Where it has stopped, and how
    /// many it has read; not every tier reads any, and none reads those that begin in the first 64 bytes or end in the last.
    pub fn decimals(self, text: &[u8], at: usize, values: &mut [f64]) -> (usize, usize) {
        match self.0 {
            // SAFETY: a tier is only made where the machine has its instructions.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => unsafe { decimals::decimals(text, at, values) },
            _ => (at, 0),
        }
    }

    /// The least magnitude that is not zero, and the greatest, as the bits of floats; of nothing but zeros the least is 2^63 − 1.
    pub fn magnitudes(self, values: &[f64]) -> (u64, u64) {
        dispatch!(self, [compiled::avx2, compiled::avx512], magnitudes(values))
    }

    /// Writes the columns of these rows one after the other: to each of the eight series as many numbers as there are rows.
    pub fn to_series(self, rows: &[[f64; 8]], series: [&mut [f64]; 8]) {
        dispatch!(self, [compiled::avx2, compiled::avx512], to_series(rows, series));
    }

    /// Rows of eight stretches enter the window: see [`super::rolling_sums`].
    pub fn enter(self, state: &mut RollingSums, series: [&[f64]; 8], asked: Asked) {
        assert!(series.iter().all(|one| one.len() == series[0].len()));
        dispatch!(self, [compiled::avx2, compiled::avx512], enter(state, series, asked));
    }

    /// For each of up to [`TILE`](super::rolling_sums::TILE) rows of eight stretches: it enters the window, which is answered for, and then
    /// one leaves.
    pub fn roll(
        self,
        state: &mut RollingSums,
        entering: [&[f64]; 8],
        leaving: [&[f64]; 8],
        asked: Asked,
        tile: &mut Tile,
        unsure: &mut Vec<Unsure>,
    ) {
        let rows = entering[0].len();
        assert!(entering.iter().chain(&leaving).all(|one| one.len() == rows));
        dispatch!(self, [compiled::avx2, compiled::avx512], roll(state, entering, leaving, asked, tile, unsure));
    }

    /// Of each window the ranks that are wanted of as many: see [`super::few_ranks`]. Of a window without ranks, `found` stays as it is.
    pub fn select_ranks(self, among: RankWindows<'_>, found: &mut [[u16; 2]]) {
        self.select_ranks_with(deposits_quickly(), among, found);
    }

    /// The same, by instructions that deposit bits or by others.
    pub(super) fn select_ranks_with(self, deposits: bool, among: RankWindows<'_>, found: &mut [[u16; 2]]) {
        let RankWindows { windows, counts, width, .. } = among;
        assert!(counts.len() == windows.len() && found.len() == width * windows.len() && width > 0);
        assert!(counts.iter().all(|count| usize::from(*count) <= MOST_ROWS));
        #[cfg(target_arch = "x86_64")]
        if deposits && self.0 != Instructions::Baseline {
            // SAFETY: both tiers have what is in the name of the first.
            return unsafe { avx2::select_ranks(among, found) };
        }
        let _ = deposits;
        dispatch!(self, [compiled::avx2, compiled::avx512], select_ranks(among, found));
    }

    /// The number of characters of texts of UTF-8, which lie one after the other in `data`, of at most [`SPAN`] bytes: each begins at one of
    /// the `offsets`, which `at` says as numbers, and ends at the next one.
    pub fn characters<O: Copy>(self, data: &[u8], offsets: &[O], at: impl Fn(O) -> usize, lengths: &mut [u64]) {
        assert!(data.len() <= SPAN);
        dispatch!(self, [compiled::avx2, compiled::avx512], characters(data, offsets, at, lengths));
    }

    /// Converts each value; both slices are of one length.
    pub fn convert<A: Copy, B>(self, from: &[A], to: &mut [B], convert: impl Fn(A) -> B) {
        dispatch!(self, [compiled::avx2, compiled::avx512], convert(from, to, convert));
    }
}

/// Whether the deposit of bits takes a few cycles. On AMD's processors before Zen 3, which brought VAES, it takes some hundred; SSE4a is theirs
/// alone.
fn deposits_quickly() -> bool {
    #[cfg(target_arch = "x86_64")]
    let is_slow = is_x86_feature_detected!("sse4a") && !is_x86_feature_detected!("vaes");
    #[cfg(not(target_arch = "x86_64"))]
    let is_slow = true;
    !is_slow
}

fn check(values: usize, valid: Option<&[u8]>) {
    assert!(values <= BLOCK && valid.is_none_or(|valid| 8 * valid.len() >= values));
}
