//! Distinct texts, each with a number.

use std::hash::RandomState;

use arrow_array::StringArray;
use arrow_buffer::OffsetBuffer;

use super::code::{LONG, text_code};
use super::key_table::Table;
use crate::error::{Error, Result};

/// Distinct texts, numbered in the order in which they came.
pub(crate) struct Texts {
    table: Table<u128>,
    /// All of them, one after the other, and where each ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    hasher: RandomState,
}

impl Default for Texts {
    fn default() -> Self {
        let hasher = RandomState::new();
        let table = Table::new(std::hash::BuildHasher::hash_one(&hasher, 0));
        Self { table, bytes: Vec::new(), ends: Vec::new(), hasher }
    }
}

impl Texts {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The bytes of memory that they take, about.
    pub fn memory(&self) -> usize {
        self.bytes.len() + self.ends.len() * 80
    }

    /// The bytes of all of them.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The text of a number, as bytes.
    pub fn get(&self, number: usize) -> &[u8] {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[number]]
    }

    /// The number of a text, or the slot that is free for it.
    #[inline]
    fn look_up(&self, text: &[u8], code: u128) -> std::result::Result<usize, usize> {
        self.table.find(code, |number| code & LONG == 0 || self.get(number) == text)
    }

    /// The number of a text, if it is among them.
    #[inline]
    pub fn find(&self, text: &[u8]) -> Option<u32> {
        self.look_up(text, text_code(&self.hasher, text)).ok().map(|number| number as u32)
    }

    /// The number of a text, which is added if it is not there.
    pub fn number(&mut self, text: &[u8]) -> u32 {
        let code = text_code(&self.hasher, text);
        let number = self.look_up(text, code).unwrap_or_else(|slot| {
            self.bytes.extend_from_slice(text);
            self.ends.push(self.bytes.len());
            self.table.insert(code, 0, slot)
        });
        number as u32
    }

    /// All of them, in the order of their numbers.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for more than 2 GiB of them, and for bytes that are no text.
    pub fn to_array(&self) -> Result<StringArray> {
        let failed = |error: String| Error::Data(error);
        let ends = std::iter::once(Ok(0)).chain(self.ends.iter().map(|end| i32::try_from(*end)));
        let ends = ends.collect::<std::result::Result<Vec<_>, _>>().map_err(|error| failed(error.to_string()))?;
        StringArray::try_new(OffsetBuffer::new(ends.into()), self.bytes.clone().into(), None)
            .map_err(|error| failed(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_has_one_number() {
        let mut texts = Texts::default();
        let of = |index: usize| format!("{}{index}", "x".repeat(index % 40));
        for _ in 0..2 {
            for index in 0..5000 {
                assert_eq!(texts.number(of(index).as_bytes()), index as u32);
            }
        }
        assert_eq!((texts.len(), texts.find(b"y"), texts.find(of(77).as_bytes())), (5000, None, Some(77)));
        assert!(texts.to_array().unwrap().iter().enumerate().all(|(index, text)| text == Some(&of(index))));
    }
}
