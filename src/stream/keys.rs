//! The keys of what is open, each with a number.

use std::collections::HashMap;

use arrow_array::ArrayRef;
use arrow_row::RowConverter;
use arrow_schema::FieldRef;

use super::chunks::failed;
use crate::describe::Groups;
use crate::error::Result;
use crate::keys::encoder;

/// The distinct keys of what is open, by number.
#[derive(Clone, Debug, Default)]
pub(super) struct KeyTable {
    fields: Vec<FieldRef>,
    numbers: HashMap<Box<[u8]>, u32>,
    /// Of each number the key, as bytes that are in the order of the keys.
    encoded: Vec<Box<[u8]>>,
    /// How often it is used.
    uses: Vec<u32>,
    free: Vec<u32>,
}

impl KeyTable {
    fn encoder(&self) -> Result<RowConverter> {
        encoder(&self.fields)
    }

    /// The numbers of the keys of some rows; keys that are new get one.
    pub fn ids(&mut self, keys: Vec<(FieldRef, ArrayRef)>, rows: usize) -> Result<Vec<u32>> {
        self.fields = keys.iter().map(|(field, _)| field.clone()).collect();
        if keys.is_empty() {
            // All rows are of one key, which is empty.
            let number = self.number(&[]);
            return Ok(vec![number; rows]);
        }
        let groups = Groups::new(keys, rows)?;
        let numbers = self.of_groups(&groups)?;
        let mut of_rows = vec![0; rows];
        for (group, number) in numbers.into_iter().enumerate() {
            for &row in groups.rows(group..group + 1) {
                of_rows[row as usize] = number;
            }
        }
        Ok(of_rows)
    }

    /// The numbers of the keys of groups; keys that are new get one.
    pub fn of_groups(&mut self, groups: &Groups) -> Result<Vec<u32>> {
        let schema = groups.keys.schema();
        if self.fields.is_empty() {
            self.fields = schema.fields().iter().cloned().collect();
        }
        if self.fields.is_empty() {
            return Ok(vec![self.number(&[])]);
        }
        let encoded = self.encoder()?.convert_columns(groups.keys.columns()).map_err(failed)?;
        Ok(encoded.iter().map(|key| self.number(key.as_ref())).collect())
    }

    fn number(&mut self, key: &[u8]) -> u32 {
        if let Some(&number) = self.numbers.get(key) {
            return number;
        }
        let number = self.free.pop().unwrap_or(self.encoded.len() as u32);
        if number as usize == self.encoded.len() {
            self.encoded.push(Box::default());
            self.uses.push(0);
        }
        self.encoded[number as usize] = key.into();
        self.numbers.insert(key.into(), number);
        number
    }

    /// More than the greatest number.
    pub fn len(&self) -> usize {
        self.encoded.len()
    }

    pub fn bytes(&self) -> usize {
        self.numbers.keys().map(|key| 2 * key.len() + 64).sum()
    }

    /// A key in the order of keys.
    pub fn encoded(&self, number: u32) -> &[u8] {
        &self.encoded[number as usize]
    }

    pub fn use_key(&mut self, number: u32) {
        self.uses[number as usize] += 1;
    }

    pub fn release(&mut self, number: u32) {
        self.uses[number as usize] -= 1;
    }

    /// Forgets those of these keys that are not used.
    pub fn free_unused(&mut self, mut numbers: Vec<u32>) {
        numbers.sort_unstable();
        numbers.dedup();
        for number in numbers.into_iter().filter(|&number| self.uses[number as usize] == 0) {
            let key = std::mem::take(&mut self.encoded[number as usize]);
            self.numbers.remove(&key);
            self.free.push(number);
        }
    }

    /// The keys that are in use, and their numbers.
    #[cfg(feature = "stream")]
    pub fn all(&self) -> Result<(Vec<u32>, Vec<ArrayRef>)> {
        let numbers: Vec<u32> = (0..self.len() as u32).filter(|&number| self.uses[number as usize] > 0).collect();
        let columns = self.columns(&numbers)?;
        Ok((numbers, columns))
    }

    /// These keys, numbered in their order; not in use yet.
    #[cfg(feature = "stream")]
    pub fn restored(fields: Vec<FieldRef>, columns: &[ArrayRef], rows: usize) -> Result<Self> {
        let mut this = Self { fields, ..Self::default() };
        if this.fields.is_empty() {
            if rows > 0 {
                this.number(&[]);
            }
            return Ok(this);
        }
        for key in &this.encoder()?.convert_columns(columns).map_err(failed)? {
            this.number(key.as_ref());
        }
        Ok(this)
    }

    /// The keys of these numbers, column by column.
    pub fn columns(&self, numbers: &[u32]) -> Result<Vec<ArrayRef>> {
        if self.fields.is_empty() {
            return Ok(Vec::new());
        }
        let encoder = self.encoder()?;
        let parser = encoder.parser();
        encoder.convert_rows(numbers.iter().map(|&number| parser.parse(self.encoded(number)))).map_err(failed)
    }
}
