//! Memory that somebody else owns and may write to while it is read.
//!
//! A NumPy array stays writable while rstats reads it without the GIL. A `&[f64]` over it would promise the compiler
//! that nobody writes: that would be undefined behaviour. So an item is fetched once, by volatile reads through a raw
//! pointer, into a value of our own, and only that is computed with. Whatever another thread writes meanwhile, each
//! value that is seen is some bit pattern, and every bit pattern is a number of its format. What it gains: no copy of
//! the array, and other Python threads run on.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::Tier;
use super::key::Keyed;

/// Items at a fixed distance from each other, in foreign memory that its owner keeps alive.
#[derive(Clone)]
pub struct Strided {
    start: *const u8,
    len: usize,
    stride: isize,
    /// The bytes of an item.
    width: usize,
    /// Kept for its drop.
    _owner: Arc<dyn Any + Send + Sync>,
}

// SAFETY: the memory is only ever read, by volatile reads that give the compiler nothing to assume about other
// threads; `new` requires it to be valid from any thread for as long as the owner lives, and the owner is itself Send
// and Sync.
unsafe impl Send for Strided {}
// SAFETY: as above; sharing adds nothing to sending, as there is no method that writes.
unsafe impl Sync for Strided {}

impl Strided {
    /// `len` items of `width` bytes, the first at `start`, each `stride` bytes after the one before; `stride` may be
    /// zero or negative.
    ///
    /// # Safety
    ///
    /// For every `i < len`, the `width` bytes at `start + i·stride` must be readable, from any thread, until `owner` is
    /// dropped, and lie in one allocation.
    pub unsafe fn new(
        start: *const u8,
        len: usize,
        stride: isize,
        width: usize,
        owner: Arc<dyn Any + Send + Sync>,
    ) -> Self {
        Self { start, len, stride, width, _owner: owner }
    }

    /// The number of items.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bytes from each item to the next one.
    pub fn stride(&self) -> isize {
        self.stride
    }

    /// The bytes from the first item of another one to the first item of this one.
    pub fn distance(&self, other: &Self) -> isize {
        self.start.addr().wrapping_sub(other.start.addr()) as isize
    }

    /// `len` items from item `start` on, or as many of them as there are.
    pub fn slice(&self, start: usize, len: usize) -> Self {
        let start = start.min(self.len);
        let len = len.min(self.len - start);
        // With no items left the pointer is never read, so it need not move.
        let first = if len == 0 { 0 } else { start };
        Self { start: self.start.wrapping_offset(first as isize * self.stride), len, ..self.clone() }
    }

    /// The bytes of as many items from `start` on as `items` has room for.
    ///
    /// # Panics
    ///
    /// If there are fewer, or an item has fewer bytes.
    pub fn read<const WIDTH: usize>(&self, start: usize, items: &mut [[u8; WIDTH]]) {
        if self.stride != WIDTH as isize {
            for (item, index) in items.iter_mut().zip(start..) {
                *item = self.item(index);
            }
            return;
        }
        assert!(start <= self.len && items.len() <= self.len - start && WIDTH <= self.width, "items of {self:?}");
        let from = self.start.wrapping_offset(start as isize * self.stride);
        // SAFETY: `new` requires the items to be readable, they follow each other without gaps, and none is beyond the last.
        unsafe { copy(from, items.as_flattened_mut()) };
    }

    /// The same of items that are values of 64 bits, in the byte order of this machine.
    ///
    /// # Panics
    ///
    /// As [`Strided::read`].
    pub fn read_values<V: Keyed>(&self, start: usize, values: &mut [V]) {
        let length = values.len();
        // SAFETY: `Keyed` is f64, i64 or u64: 8 bytes, of which every pattern is a value.
        let bytes = unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast::<[u8; 8]>(), length) };
        self.read(start, bytes);
    }

    /// The bytes of item `index`.
    ///
    /// # Panics
    ///
    /// If there is no such item, or an item has fewer bytes.
    #[inline]
    pub fn item<const WIDTH: usize>(&self, index: usize) -> [u8; WIDTH] {
        assert!(index < self.len && WIDTH <= self.width, "{WIDTH} bytes of item {index} of {self:?}");
        let address = self.start.wrapping_offset(index as isize * self.stride);
        let mut bytes = [0; WIDTH];
        if WIDTH == 8 && address.addr().is_multiple_of(8) {
            // SAFETY: `new` requires the item's bytes to be readable, 8 are not more, and they are aligned.
            let word = unsafe { address.cast::<u64>().read_volatile() };
            bytes.copy_from_slice(&word.to_ne_bytes());
        } else if WIDTH == 4 && address.addr().is_multiple_of(4) {
            // SAFETY: `new` requires the item's bytes to be readable, 4 are not more, and they are aligned.
            let word = unsafe { address.cast::<u32>().read_volatile() };
            bytes.copy_from_slice(&word.to_ne_bytes());
        } else {
            for (offset, byte) in bytes.iter_mut().enumerate() {
                // SAFETY: `new` requires the item's bytes to be readable, and `offset` is below their number.
                *byte = unsafe { address.wrapping_add(offset).read_volatile() };
            }
        }
        bytes
    }
}

/// Copies `to.len()` bytes, each read once, by volatile reads. In cache lines it is some twenty times as fast as item by
/// item.
///
/// # Safety
///
/// `to.len()` bytes from `from` on must be readable.
unsafe fn copy(from: *const u8, to: &mut [u8]) {
    let head = from.align_offset(64).min(to.len());
    let (first, rest) = to.split_at_mut(head);
    let (lines, last) = rest.as_chunks_mut::<64>();
    let end = head + 64 * lines.len();
    for (part, offset) in [(first, 0), (last, end)] {
        let from = from.wrapping_add(offset);
        // In words where they are aligned.
        let words = if from.addr().is_multiple_of(8) { part.len() / 8 } else { 0 };
        let (whole, rest) = part.split_at_mut(8 * words);
        for (index, word) in whole.as_chunks_mut::<8>().0.iter_mut().enumerate() {
            // SAFETY: these 8 bytes are among those that may be read, and aligned.
            *word = unsafe { from.wrapping_add(8 * index).cast::<u64>().read_volatile() }.to_ne_bytes();
        }
        for (byte, offset) in rest.iter_mut().zip(8 * words..) {
            // SAFETY: this byte is one of those that may be read.
            *byte = unsafe { from.wrapping_add(offset).read_volatile() };
        }
    }
    // SAFETY: so is each byte of these lines, and they are aligned, as `head` bytes have gone before.
    unsafe { Tier::best().copy_lines(from.wrapping_add(head), lines) };
}

impl fmt::Debug for Strided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Strided");
        debug.field("len", &self.len).field("stride", &self.stride).field("width", &self.width);
        debug.finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strided(values: Vec<f64>, first: usize, len: usize, stride: isize) -> Strided {
        let owner = Arc::new(values);
        let start = owner[first..].as_ptr().cast();
        // SAFETY: each test stays within `values`, which the owner keeps alive.
        unsafe { Strided::new(start, len, stride, 8, owner) }
    }

    fn floats(strided: &Strided) -> Vec<f64> {
        (0..strided.len()).map(|i| f64::from_ne_bytes(strided.item(i))).collect()
    }

    #[test]
    fn strides_of_every_sign() {
        let values: Vec<f64> = (0..6).map(f64::from).collect();
        assert_eq!(floats(&strided(values.clone(), 0, 6, 8)), values);
        assert_eq!(floats(&strided(values.clone(), 0, 3, 16)), [0.0, 2.0, 4.0]);
        assert_eq!(floats(&strided(values.clone(), 5, 3, -16)), [5.0, 3.0, 1.0]);
        assert_eq!(floats(&strided(values.clone(), 2, 3, 0)), [2.0; 3]);
        let reversed = strided(values, 5, 6, -8);
        assert_eq!(floats(&reversed.slice(1, 2)), [4.0, 3.0]);
        assert_eq!(floats(&reversed.slice(6, 1)), [0.0; 0]);
        assert_eq!(floats(&reversed.slice(4, 9)), [1.0, 0.0]);
    }

    #[test]
    fn items_need_not_be_aligned() {
        let owner: Arc<Vec<u8>> = Arc::new((0..32).collect());
        let start = owner[1..].as_ptr();
        // SAFETY: 3 items of up to 8 bytes from byte 1 on, 9 apart, end before byte 32.
        let strided = unsafe { Strided::new(start, 3, 9, 8, owner) };
        assert_eq!(strided.item::<8>(1), [10, 11, 12, 13, 14, 15, 16, 17]);
        assert_eq!(strided.item::<4>(2), [19, 20, 21, 22]);
        assert_eq!(strided.item::<2>(0), [1, 2]);
    }

    #[test]
    fn many_items_are_those_one_by_one() {
        let owner: Arc<Vec<u8>> = Arc::new((0..=255).collect());
        for (first, stride) in [(0, 8), (1, 8), (3, 8), (8, 9), (240, -8), (5, 0)] {
            let start = owner[first..].as_ptr();
            // SAFETY: 24 items of 8 bytes from these first bytes on, at these distances, stay within the 256 bytes.
            let strided = unsafe { Strided::new(start, 24, stride, 8, owner.clone()) };
            for (start, len) in [(0, 24), (1, 23), (5, 7), (24, 0)] {
                let mut items = vec![[0; 8]; len];
                strided.read(start, &mut items);
                let expected: Vec<[u8; 8]> = (start..start + len).map(|index| strided.item(index)).collect();
                assert_eq!(items, expected);
            }
        }
    }
}
