//! Columns of bytes that are taken for text, as no file says what their bytes are, until a value is none.

use std::sync::atomic::{AtomicBool, Ordering};

use arrow_array::ArrayRef;

use crate::describe::are_texts;
use crate::parquet::columns::DataColumn;

/// For each column of a pass whether bytes were seen in it that are no text.
pub(super) struct TextsInBytes(Vec<(bool, AtomicBool)>);

impl TextsInBytes {
    pub fn new(columns: &[DataColumn]) -> Self {
        Self(columns.iter().map(|column| (column.is_text_in_bytes, AtomicBool::new(false))).collect())
    }

    /// Whether these values of a column may be taken for what it was taken for. If not, the pass has to be repeated.
    pub fn check(&self, column: usize, values: &ArrayRef) -> bool {
        let (is_taken_for_text, has_others) = &self.0[column];
        let is_right = !is_taken_for_text || are_texts(values);
        if !is_right {
            has_others.store(true, Ordering::Relaxed);
        }
        is_right
    }

    /// Takes the columns of the pass that are no text for bytes. Whether there are any: then the pass has to be repeated.
    pub fn correct(self, columns: &mut [DataColumn]) -> bool {
        let mut is_any = false;
        for (column, (_, has_others)) in columns.iter_mut().zip(self.0) {
            let has_others = has_others.into_inner();
            column.is_text_in_bytes &= !has_others;
            is_any |= has_others;
        }
        is_any
    }
}
