//! Kernels in AVX2 intrinsics, which has no way to move lanes together: a table of permutations does that. The others are the portable ones,
//! compiled for it.

use std::arch::x86_64::*;

use super::block::{BLOCK, PADDING};
use super::few_ranks::{RankWindows, Select, select_ranks_in};
use super::key::{BinEdges, Encoding, Keyed};
use super::network::{halve_each_column, sort_each_column};
use super::portable::{self, Digits, keys_of, partition_rest};
use super::window::{Accumulated, FixedPointWindow, Sums};

/// The most edges that are compared in one visit.
const MOST_EDGES: usize = 32;

/// Groups of four values that are visited twice, one time after the other: what memory takes to bring more goes on meanwhile.
const VISITED_TWICE: usize = 32;

/// For each set of four lanes, the halves of those lanes that are in it, one after the other; then whatever.
const TO_FRONT: [[i32; 8]; 16] = {
    let mut table = [[0; 8]; 16];
    let mut mask = 0;
    while mask < 16 {
        let (mut lane, mut filled) = (0, 0);
        while lane < 4 {
            if mask >> lane & 1 == 1 {
                table[mask][filled] = 2 * lane;
                table[mask][filled + 1] = 2 * lane + 1;
                filled += 2;
            }
            lane += 1;
        }
        mask += 1;
    }
    table
};

/// The lanes of this set, one after the other.
#[inline]
#[target_feature(enable = "avx2")]
fn compress(vector: __m256i, mask: usize) -> __m256i {
    // SAFETY: an entry of the table is 32 bytes.
    let order = unsafe { _mm256_loadu_si256(TO_FRONT[mask & 15].as_ptr().cast()) };
    _mm256_permutevar8x32_epi32(vector, order)
}

/// The keys of four values.
#[inline]
#[target_feature(enable = "avx2")]
fn keys<V: Keyed>(bits: __m256i) -> __m256i {
    match V::ENCODING {
        Encoding::Float => {
            let sign = _mm256_cmpgt_epi64(_mm256_setzero_si256(), bits);
            _mm256_xor_si256(bits, _mm256_and_si256(sign, _mm256_set1_epi64x(i64::MAX)))
        }
        Encoding::Signed => bits,
        Encoding::Unsigned => _mm256_xor_si256(bits, _mm256_set1_epi64x(i64::MIN)),
    }
}

/// Lanes of four values.
#[inline]
#[target_feature(enable = "avx2")]
fn load<V: Keyed>(values: &[V; 4]) -> __m256i {
    // SAFETY: `Keyed` is f64, i64 or u64, so the array is 32 bytes that may be read as bits.
    unsafe { _mm256_loadu_si256(values.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_floats(values: &[f64; 4]) -> __m256d {
    _mm256_castsi256_pd(load(values))
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(lanes: __m256i) -> [i64; 4] {
    let mut values = [0; 4];
    // SAFETY: the array is 32 bytes.
    unsafe { _mm256_storeu_si256(values.as_mut_ptr().cast(), lanes) };
    values
}

#[inline]
#[target_feature(enable = "avx2")]
fn store_floats(lanes: __m256d) -> [f64; 4] {
    store(_mm256_castpd_si256(lanes)).map(|bits| f64::from_bits(bits as u64))
}

/// Bit 0 to 3 for the lanes that are all ones.
#[inline]
#[target_feature(enable = "avx2")]
fn mask(lanes: __m256i) -> usize {
    _mm256_movemask_pd(_mm256_castsi256_pd(lanes)) as usize
}

/// See [`super::Tier::accumulate`]. The digits are those of [`portable`], whose loop the compiler makes into vectors of half this width, and
/// without fused products.
#[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
pub fn accumulate<const SQUARES: bool>(
    values: &[f64],
    valid: Option<&[u8]>,
    window: FixedPointWindow,
    sums: &mut Sums,
) -> Accumulated {
    portable::accumulate_by::<SQUARES>(values, valid, window, sums, |digits, groups| {
        for groups in groups.chunks(VISITED_TWICE) {
            // There are not registers enough for all at once.
            find_extrema(digits, groups);
            add_groups::<SQUARES>(digits, groups);
        }
    })
}

#[inline]
#[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
#[expect(
    clippy::needless_range_loop,
    reason = "iterators and closures may become calls, as they have not the instructions of their caller"
)]
fn add_groups<const SQUARES: bool>(digits: &mut Digits, groups: &[[f64; 4]]) {
    let shifts = digits.shifts();
    let [s1, s2, s3] = [_mm256_set1_pd(shifts[0]), _mm256_set1_pd(shifts[1]), _mm256_set1_pd(shifts[2])];
    let (mut sums, mut products) = ([_mm256_setzero_pd(); 3], [_mm256_setzero_pd(); 6]);
    for digit in 0..3 {
        sums[digit] = load_floats(&digits.sums[digit]);
    }
    for pair in 0..6 {
        products[pair] = load_floats(&digits.products[pair]);
    }
    let mut lost = load(&digits.lost);
    for group in groups {
        let x = load_floats(group);
        let h1 = _mm256_sub_pd(_mm256_add_pd(x, s1), s1);
        let rest = _mm256_sub_pd(x, h1);
        let h2 = _mm256_sub_pd(_mm256_add_pd(rest, s2), s2);
        let rest = _mm256_sub_pd(rest, h2);
        let h3 = _mm256_sub_pd(_mm256_add_pd(rest, s3), s3);
        // Either zero is nothing.
        let rest = _mm256_castpd_si256(_mm256_sub_pd(rest, h3));
        lost = _mm256_or_si256(lost, _mm256_add_epi64(rest, rest));
        sums[0] = _mm256_add_pd(sums[0], h1);
        sums[1] = _mm256_add_pd(sums[1], h2);
        sums[2] = _mm256_add_pd(sums[2], h3);
        if SQUARES {
            products[0] = _mm256_fmadd_pd(h1, h1, products[0]);
            products[1] = _mm256_fmadd_pd(h1, h2, products[1]);
            products[2] = _mm256_fmadd_pd(h1, h3, products[2]);
            products[3] = _mm256_fmadd_pd(h2, h2, products[3]);
            products[4] = _mm256_fmadd_pd(h2, h3, products[4]);
            products[5] = _mm256_fmadd_pd(h3, h3, products[5]);
        }
    }
    for digit in 0..3 {
        digits.sums[digit] = store_floats(sums[digit]);
    }
    for pair in 0..6 {
        digits.products[pair] = store_floats(products[pair]);
    }
    let lost = store(lost);
    for lane in 0..4 {
        digits.lost[lane] = lost[lane] as u64;
    }
}

/// The least and the greatest key of each lane.
#[inline]
#[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
fn find_extrema(digits: &mut Digits, groups: &[[f64; 4]]) {
    let (mut min, mut max) = ([load(&digits.min); 2], [load(&digits.max); 2]);
    let (pairs, rest) = groups.as_chunks::<2>();
    for pair in pairs {
        for side in 0..2 {
            let key = keys::<f64>(load(&pair[side]));
            min[side] = lesser(min[side], key);
            max[side] = greater(max[side], key);
        }
    }
    for group in rest {
        let key = keys::<f64>(load(group));
        (min[0], max[0]) = (lesser(min[0], key), greater(max[0], key));
    }
    digits.min = store(lesser(min[0], min[1]));
    digits.max = store(greater(max[0], max[1]));
}

#[inline]
#[target_feature(enable = "avx2")]
fn lesser(a: __m256i, b: __m256i) -> __m256i {
    _mm256_blendv_epi8(a, b, _mm256_cmpgt_epi64(a, b))
}

#[inline]
#[target_feature(enable = "avx2")]
fn greater(a: __m256i, b: __m256i) -> __m256i {
    _mm256_blendv_epi8(b, a, _mm256_cmpgt_epi64(a, b))
}

/// See [`super::Tier::compact`].
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
pub fn compact<V: Keyed>(values: &[V], valid: &[u8], there: &mut [V; BLOCK]) -> usize {
    assert!(values.len() <= BLOCK && 8 * valid.len() >= values.len());
    let (groups, rest) = values.as_chunks::<8>();
    let start = there.as_mut_ptr();
    let mut count = 0;
    for (index, group) in groups.iter().enumerate() {
        let bits = usize::from(valid[index]);
        for half in 0..2 {
            let mask = bits >> (4 * half) & 15;
            let lanes: &[V; 4] = &group.as_chunks::<4>().0[half];
            // SAFETY: no more values were there than were read before these four, for which there is room as well; each is 8 bytes.
            unsafe { _mm256_storeu_si256(start.add(count).cast(), compress(load(lanes), mask)) };
            count += mask.count_ones() as usize;
        }
    }
    for (place, value) in rest.iter().enumerate() {
        // SAFETY: as above.
        unsafe { start.add(count).write(*value) };
        count += usize::from(valid[groups.len()] >> place & 1);
    }
    count
}

/// See [`super::Tier::bucketize`].
#[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
pub fn bucketize<V: Keyed>(
    values: &[V],
    valid: Option<&[u8]>,
    edges: BinEdges<'_>,
    below: &mut [u64],
    kept: &mut [i64],
) -> usize {
    if edges.edges.len() > MOST_EDGES {
        return portable::bucketize(values, valid, edges, below, kept);
    }
    if valid.is_none() {
        return bucketize_all(values, edges, below, kept);
    }
    let mut there = [0; BLOCK];
    let count = keys_of(values, valid, &mut there);
    bucketize_all(&there[..count], edges, below, kept)
}

#[inline]
#[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
fn bucketize_all<V: Keyed>(
    values: &[V],
    BinEdges { edges, first, flips }: BinEdges<'_>,
    below: &mut [u64],
    kept: &mut [i64],
) -> usize {
    // A vector is stored whole, also where only some of its lanes are kept: no more than was read before it, and its four.
    assert!(kept.len() >= values.len() && below.len() == edges.len() && flips.len() == edges.len());
    let none = _mm256_setzero_si256();
    let all = _mm256_set1_epi64x(-1);
    // Each flip turns over the keys that are not below it: all of them, and those below it back.
    let odd = flips.iter().filter(|flip| **flip).count() % 2 == 1;
    let start = if first != odd { all } else { none };
    let (groups, rest) = values.as_chunks::<16>();
    let mut counts = [none; MOST_EDGES];
    let mut filled = 0;
    for group in groups {
        let mut lanes = [none; 4];
        let mut wanted = [start; 4];
        for (lanes, values) in lanes.iter_mut().zip(group.as_chunks::<4>().0) {
            *lanes = keys::<V>(load(values));
        }
        // The block after this one will be visited next, where the series goes on there.
        _mm_prefetch::<_MM_HINT_T0>(group.as_ptr().wrapping_add(BLOCK).cast());
        _mm_prefetch::<_MM_HINT_T0>(group.as_ptr().wrapping_add(BLOCK + 8).cast());
        for ((&edge, &flip), count) in edges.iter().zip(flips).zip(&mut counts) {
            let edge = _mm256_set1_epi64x(edge);
            let flip = if flip { all } else { none };
            for (lanes, wanted) in lanes.iter().zip(&mut wanted) {
                let less = _mm256_cmpgt_epi64(edge, *lanes);
                *count = _mm256_sub_epi64(*count, less);
                *wanted = _mm256_xor_si256(*wanted, _mm256_and_si256(less, flip));
            }
        }
        for (lanes, wanted) in lanes.into_iter().zip(wanted) {
            let mask = mask(wanted);
            debug_assert!(filled + 4 <= kept.len());
            // SAFETY: `filled` is at most the number of values before this vector, and they, with this vector's four, are no more than
            // there are, for which there is room.
            unsafe { _mm256_storeu_si256(kept.as_mut_ptr().add(filled).cast(), compress(lanes, mask)) };
            filled += mask.count_ones() as usize;
        }
    }
    for (count, below) in counts.into_iter().zip(below.iter_mut()) {
        let halves = _mm_add_epi64(_mm256_castsi256_si128(count), _mm256_extracti128_si256::<1>(count));
        *below += (_mm_cvtsi128_si64(halves) + _mm_extract_epi64::<1>(halves)) as u64;
    }
    for value in rest {
        let key = value.key();
        let mut wanted = first;
        for ((&edge, &flip), below) in edges.iter().zip(flips).zip(below.iter_mut()) {
            *below += u64::from(key < edge);
            wanted ^= flip && key >= edge;
        }
        if wanted {
            kept[filled] = key;
            filled += 1;
        }
    }
    filled
}

/// Moves the keys below `pivot` before the others, and returns how many there are.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
pub fn partition(keys: &mut [i64], pivot: i64, others: &mut [i64]) -> usize {
    assert!(others.len() >= keys.len() + PADDING);
    let edge = _mm256_set1_epi64x(pivot);
    let vectors = keys.len() / 4;
    let (start, aside) = (keys.as_mut_ptr(), others.as_mut_ptr());
    let (mut below, mut above) = (0, 0);
    for index in 0..vectors {
        // SAFETY: there are four keys.
        let vector = unsafe { _mm256_loadu_si256(start.add(4 * index).cast()) };
        let mask = mask(_mm256_cmpgt_epi64(edge, vector));
        // SAFETY: no more keys lie below than were read before these four, so only keys that were read are written over.
        unsafe { _mm256_storeu_si256(start.add(below).cast(), compress(vector, mask)) };
        // SAFETY: so it is with the others, for which there is room for four more.
        unsafe { _mm256_storeu_si256(aside.add(above).cast(), compress(vector, !mask)) };
        let count = mask.count_ones() as usize;
        (below, above) = (below + count, above + 4 - count);
    }
    partition_rest(keys, pivot, others, 4 * vectors, [below, above])
}

/// Keys that [`sort`] sorts at most: twice as many would not stay in the registers.
pub const SORTED: usize = 64;

/// Sorts up to [`SORTED`] keys, in a network of minima and maxima that has no branch to be guessed. Measured: three times as fast as the
/// standard library.
#[target_feature(enable = "avx2")]
pub fn sort(keys: &mut [i64]) {
    assert!(keys.len() <= SORTED);
    if keys.len() <= 32 { sort_columns::<8>(keys) } else { sort_columns::<16>(keys) }
}

/// Four columns (the lanes) of `ROWS` keys each: the same network as that of [`super::avx512`], in two steps of merging. In the end the
/// columns are in the order 0, 2, 1, 3.
#[inline]
#[target_feature(enable = "avx2")]
fn sort_columns<const ROWS: usize>(keys: &mut [i64]) {
    let mut padded = [[i64::MAX; 4]; ROWS];
    padded.as_flattened_mut()[..keys.len()].copy_from_slice(keys);
    let mut rows = [_mm256_setzero_si256(); ROWS];
    for (row, keys) in rows.iter_mut().zip(&padded) {
        // SAFETY: there are four keys.
        *row = unsafe { _mm256_loadu_si256(keys.as_ptr().cast()) };
    }
    sort_each_column!(&mut rows, compare);
    const SWAPPED: i32 = 0b01_00_11_10; // lanes xor 2
    const REVERSED: i32 = 0b00_01_10_11; // lanes xor 3
    let (upper_half, odd) = (_mm256_set_epi64x(-1, -1, 0, 0), _mm256_set_epi64x(-1, 0, -1, 0));
    let before = rows;
    for (row, (x, y)) in rows.iter_mut().zip(before.iter().zip(before.iter().rev())) {
        *row = halves(*x, _mm256_permute4x64_epi64::<SWAPPED>(*y), upper_half);
    }
    halve_each_column!(&mut rows, compare);
    let before = rows;
    for (row, (x, y)) in rows.iter_mut().zip(before.iter().zip(before.iter().rev())) {
        *row = halves(*x, _mm256_permute4x64_epi64::<REVERSED>(*y), odd);
    }
    for row in &mut rows {
        *row = halves(*row, _mm256_permute4x64_epi64::<SWAPPED>(*row), upper_half);
    }
    halve_each_column!(&mut rows, compare);
    let sorted = padded.as_flattened_mut();
    for (block, four) in rows.chunks_exact(4).enumerate() {
        let even = [_mm256_unpacklo_epi64(four[0], four[1]), _mm256_unpacklo_epi64(four[2], four[3])];
        let odd = [_mm256_unpackhi_epi64(four[0], four[1]), _mm256_unpackhi_epi64(four[2], four[3])];
        let columns = [
            _mm256_permute2x128_si256::<0x20>(even[0], even[1]),
            _mm256_permute2x128_si256::<0x31>(even[0], even[1]),
            _mm256_permute2x128_si256::<0x20>(odd[0], odd[1]),
            _mm256_permute2x128_si256::<0x31>(odd[0], odd[1]),
        ];
        for (place, column) in columns.into_iter().enumerate() {
            let to = &mut sorted[place * ROWS + 4 * block..][..4];
            // SAFETY: there is room for four keys.
            unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), column) };
        }
    }
    keys.copy_from_slice(&sorted[..keys.len()]);
}

/// Puts the lesser of each pair first.
#[inline]
#[target_feature(enable = "avx2")]
fn compare<const ROWS: usize>(rows: &mut [__m256i; ROWS], a: usize, b: usize) {
    let (x, y) = (rows[a], rows[b]);
    let greater = _mm256_cmpgt_epi64(x, y);
    rows[a] = _mm256_blendv_epi8(x, y, greater);
    rows[b] = _mm256_blendv_epi8(y, x, greater);
}

/// The lesser of each pair, or the greater in the upper lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn halves(x: __m256i, y: __m256i, upper: __m256i) -> __m256i {
    _mm256_blendv_epi8(x, y, _mm256_xor_si256(_mm256_cmpgt_epi64(x, y), upper))
}

/// By a deposit of bits.
struct Deposited;

impl Select for Deposited {
    #[inline(always)]
    fn count(bytes: u64) -> u64 {
        bytes.count_ones().into()
    }

    #[inline(always)]
    fn place(word: u64, order: u64) -> u64 {
        // SAFETY: only `select_ranks` calls it, which has these instructions.
        unsafe { _tzcnt_u64(_pdep_u64(1 << order, word)) }
    }
}

/// See [`super::Tier::select_ranks`].
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
pub fn select_ranks(among: RankWindows<'_>, found: &mut [[u16; 2]]) {
    select_ranks_in::<Deposited>(among, found);
}
