//! Memory behind Python's buffer protocol: NumPy arrays, `array.array`, `memoryview`.

use std::sync::Arc;

use pyo3::buffer::PyUntypedBuffer;
use rstats::arch::memory::Strided;

/// A buffer that is kept from being freed or resized, and its layout.
#[derive(Clone)]
pub struct Items(Arc<PyUntypedBuffer>);

impl Items {
    pub fn new(buffer: PyUntypedBuffer) -> Self {
        Self(Arc::new(buffer))
    }

    /// The items along `axis`, at `place` among the indices of all other axes, the last of which runs fastest. `None` if
    /// there is no such place.
    pub fn along(&self, axis: usize, place: usize) -> Option<Strided> {
        let (shape, strides) = (self.0.shape(), self.0.strides());
        let (&len, &stride) = (shape.get(axis)?, strides.get(axis)?);
        let start: *const u8 = self.0.buf_ptr().cast();
        let mut offset = 0;
        let mut rest = place;
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
