//! Memory behind Python's buffer protocol: NumPy arrays, `array.array`, `memoryview`.

use std::sync::Arc;

use pyo3::buffer::PyUntypedBuffer;
use rstats::series::Strided;

/// A buffer that is kept from being freed or resized, and its layout.
#[derive(Clone)]
pub struct Items(Arc<PyUntypedBuffer>);

impl Items {
    pub fn new(buffer: PyUntypedBuffer) -> Self {
        Self(Arc::new(buffer))
    }

    /// The items along `axis` of all places, one place after the other in the order of [`Items::along`], if they lie so.
    pub fn whole(&self, axis: usize) -> Option<Strided> {
        let dimensions = self.0.dimensions();
        let lie_so = match axis {
            last if last + 1 == dimensions => self.0.is_c_contiguous(),
            0 if dimensions == 2 => self.0.is_fortran_contiguous(),
            _ => false,
        };
        if !lie_so || self.0.suboffsets().is_some() {
            return None;
        }
        let (start, width) = (self.0.buf_ptr().cast(), self.0.item_size());
        // SAFETY: a contiguous buffer has `item_count` items of `itemsize` readable bytes from `buf` on; all else as in `along`.
        Some(unsafe { Strided::new(start, self.0.item_count(), width.cast_signed(), width, Arc::clone(&self.0) as _) })
    }

    /// The number of dimensions.
    pub fn dimensions(&self) -> usize {
        self.0.dimensions()
    }

    /// The number of places along `axis`.
    pub fn indices(&self, axis: usize) -> usize {
        let others = self.0.shape().iter().enumerate().filter(|(other, _)| *other != axis);
        others.map(|(_, length)| length).product()
    }

    /// The items along `axis`, at `index` among the indices of all other axes, the last of which runs fastest. `None` if
    /// there is no such place.
    pub fn along(&self, axis: usize, index: usize) -> Option<Strided> {
        let (shape, strides) = (self.0.shape(), self.0.strides());
        let (&len, &stride) = (shape.get(axis)?, strides.get(axis)?);
        let start: *const u8 = self.0.buf_ptr().cast();
        let mut offset = 0;
        let mut rest = index;
        for other in (0..shape.len()).rev().filter(|&other| other != axis) {
            if shape[other] == 0 {
                return None;
            }
            offset += (rest % shape[other]) as isize * strides[other];
            rest /= shape[other];
        }
        if rest > 0 {
            return None;
        }
        if self.0.suboffsets().is_some() {
            return None; // items behind further pointers
        }
        // SAFETY: the buffer protocol promises `itemsize` readable bytes at `buf + Σ index·stride` for every index
        // within the shape, until the buffer is released, which the `Arc` puts off. The memory is not bound to a
        // thread. Other threads may write to it meanwhile: `Strided` reads with that in mind.
        Some(unsafe {
            Strided::new(start.wrapping_offset(offset), len, stride, self.0.item_size(), Arc::clone(&self.0) as _)
        })
    }
}
