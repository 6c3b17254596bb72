//! Arrays in memory: the buffer protocol, and what leads to it (`__array__`, `__array_interface__`, DLPack).

use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::{PyBufferError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use rstats::series::{ByteOrder, Format, Matrix, NanMeans, Strided, StridedBuffer};

use super::classes::is_instance;
use crate::arch::Items;
use crate::errors::attempt;

/// What the memory of an object holds.
pub enum Memory {
    /// Numbers.
    Numbers(ArrayMemory),
    /// Python objects.
    Objects,
    /// Something else: why it is no numbers.
    Others(String),
    /// It has none.
    None,
}

/// An array of numbers in memory, and its mask if it has one.
pub struct ArrayMemory {
    items: Items,
    format: Format,
    order: ByteOrder,
    mask: Option<Items>,
}

impl ArrayMemory {
    /// The number of dimensions.
    pub fn dimensions(&self) -> usize {
        self.items.dimensions()
    }

    /// The one series of an array of one dimension.
    pub fn series(&self) -> Option<StridedBuffer> {
        self.along(0, 0)
    }

    /// The series along an axis, one for each index of the others, the last of which runs fastest.
    pub fn matrix(self, axis: usize) -> Option<Matrix> {
        let (indices, whole) = (self.items.indices(axis), self.of(|items| items.whole(axis)));
        Matrix::new(indices, move |index| self.along(axis, index), whole)
    }

    /// One series along an axis: see [`Items::along`].
    fn along(&self, axis: usize, index: usize) -> Option<StridedBuffer> {
        self.of(|items| items.along(axis, index))
    }

    fn of(&self, part: impl Fn(&Items) -> Option<Strided>) -> Option<StridedBuffer> {
        let mask = match &self.mask {
            Some(mask) => Some(part(mask)?),
            None => None,
        };
        Some(StridedBuffer {
            items: part(&self.items)?,
            format: self.format,
            order: self.order,
            nan: NanMeans::Nan,
            mask,
        })
    }
}

/// What is in the memory of an object with the buffer protocol.
pub fn memory(data: &Bound<'_, PyAny>) -> PyResult<Memory> {
    let py = data.py();
    let (data, mask) = if is_instance(data, "numpy.ma", "MaskedArray")? {
        let mask = py.import("numpy.ma")?.call_method1("getmaskarray", (data,))?;
        let mask = if mask.getattr("dtype")?.getattr("names")?.is_none() {
            Some(Items::new(PyUntypedBuffer::get(&mask)?))
        } else {
            None
        };
        (data.getattr("data")?, mask)
    } else {
        (data.clone(), None)
    };
    let buffer = match PyUntypedBuffer::get(&data) {
        Ok(buffer) => buffer,
        // The three that say that there is no buffer; arrays of dates and the like are of the last kind.
        Err(error)
            if error.is_instance_of::<PyTypeError>(py)
                || error.is_instance_of::<PyBufferError>(py)
                || error.is_instance_of::<PyValueError>(py) =>
        {
            return match data.getattr_opt(intern!(py, "dtype"))? {
                Some(dtype) if is_instance(&data, "numpy", "ndarray")? => {
                    Ok(Memory::Others(format!("an array of {dtype} holds no numbers")))
                }
                _ => Ok(Memory::None),
            };
        }
        Err(error) => return Err(error),
    };
    let code = buffer.format().to_bytes();
    if code == b"O" || buffer.suboffsets().is_some() {
        return Ok(Memory::Objects); // item by item
    }
    let Some((format, order)) = format(code, buffer.item_size()) else {
        let text = String::from_utf8_lossy(code).into_owned();
        let text = data.getattr_opt("dtype")?.map_or(format!("format '{text}'"), |dtype| dtype.to_string());
        return Ok(Memory::Others(format!("an array of {text} holds no numbers that rstats reads")));
    };
    Ok(Memory::Numbers(ArrayMemory { items: Items::new(buffer), format, order, mask }))
}

/// The array of NumPy that an object of another library gives by one of the protocols of arrays: memory of the CPU, not copied
/// where that can be.
pub fn array_of<'py>(data: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = data.py();
    if is_instance(data, "numpy", "ndarray")? {
        return Ok(None);
    }
    let has = |protocol: &str| data.hasattr(protocol);
    let is_array = has("__array__")? || has("__array_interface__")?;
    if !is_array && !has("__dlpack__")? {
        return Ok(None);
    }
    // A tensor that remembers how it was computed gives its values only without that memory.
    let data = match data.getattr_opt(intern!(py, "detach"))? {
        Some(detach) => detach.call0()?,
        None => data.clone(),
    };
    let array = if is_array {
        py.import("numpy")?.call_method1("asarray", (&data,))?
    } else {
        let array = py.import("numpy")?.call_method1("from_dlpack", (&data,));
        let Some(array) = attempt(py, array)? else {
            let class = data.get_type();
            let text = format!(
                "{} gives its values by DLPack from where NumPy cannot read them: copy them to the CPU",
                class.name()?
            );
            return Err(PyTypeError::new_err(text));
        };
        array
    };
    Ok(is_instance(&array, "numpy", "ndarray")?.then_some(array))
}

/// The meaning of a format of the `struct` module for one item.
fn format(code: &[u8], width: usize) -> Option<(Format, ByteOrder)> {
    let (prefix, letter) = match *code {
        [letter] => (b'@', letter),
        [prefix, letter] => (prefix, letter),
        _ => return None,
    };
    let big = match prefix {
        b'>' | b'!' => true,
        b'<' => false,
        b'@' | b'=' => cfg!(target_endian = "big"),
        _ => return None,
    };
    let order = if big == cfg!(target_endian = "big") { ByteOrder::Native } else { ByteOrder::Swapped };
    let bytes = u8::try_from(width).ok()?;
    let format = match letter {
        b'e' => Format::Float16,
        b'f' => Format::Float32,
        b'd' => Format::Float64,
        b'?' => Format::Bool,
        b'b' | b'h' | b'i' | b'l' | b'q' | b'n' => Format::Signed(bytes),
        b'B' | b'H' | b'I' | b'L' | b'Q' | b'N' => Format::Unsigned(bytes),
        _ => return None,
    };
    (format.width() == width && matches!(width, 1 | 2 | 4 | 8)).then_some((format, order))
}
