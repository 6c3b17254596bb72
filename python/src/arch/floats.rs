//! Lists and tuples of Python floats.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

/// The values of a list or a tuple of at most `most` items that are floats, of that very class; `None` of anything else. The
/// items are not counted up and down one by one: that would take as long as all the rest.
pub fn floats_of(data: &Bound<'_, PyAny>, most: usize) -> Option<Vec<f64>> {
    if let Ok(list) = data.cast_exact::<PyList>() {
        // SAFETY: the place is below the list's length, which nothing changes meanwhile: this thread has the GIL, and no code of
        // Python runs between two items.
        return floats(list.len(), most, |index| unsafe { ffi::PyList_GetItem(list.as_ptr(), index) });
    }
    let tuple = data.cast_exact::<PyTuple>().ok()?;
    // SAFETY: the place is below the tuple's length.
    floats(tuple.len(), most, |index| unsafe { ffi::PyTuple_GetItem(tuple.as_ptr(), index) })
}

/// `item` gives a borrowed reference to each of `length` items.
fn floats(length: usize, most: usize, item: impl Fn(ffi::Py_ssize_t) -> *mut ffi::PyObject) -> Option<Vec<f64>> {
    if length > most {
        return None;
    }
    let mut values = Vec::with_capacity(length);
    for index in 0..length {
        let item = item(index as ffi::Py_ssize_t);
        // SAFETY: the item is there, and its container keeps it alive; of a float `PyFloat_AsDouble` runs no code of Python.
        let value = unsafe {
            if item.is_null() || ffi::PyFloat_CheckExact(item) == 0 {
                return None;
            }
            ffi::PyFloat_AsDouble(item)
        };
        values.push(value);
    }
    Some(values)
}
