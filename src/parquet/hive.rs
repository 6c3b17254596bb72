//! Hive partitions: what the names of folders say of the files in them.
//!
//! A key whose values are all whole numbers is an Int64 (`month=02` is 2, as Spark and DuckDB read it), one whose values are all ISO dates a Date32, any other is text.
//! `__HIVE_DEFAULT_PARTITION__`, and the absence of the key in a path, is null. Where a file has a column of that name as
//! well, the file's own values count: a table format that names folders for people (Iceberg writes `j=null`) has the values there.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Int64Array, StringArray, UInt32Array};
use arrow_cast::cast;
use arrow_schema::{DataType, Schema};
use arrow_select::take::take;

use crate::error::{Error, Result};

/// What the folders of a file say: keys with their values, outermost first.
pub(super) type FolderKeys = [(String, Option<String>)];

/// One key, with its value for each file.
#[derive(Clone, Debug)]
pub(super) struct Partition {
    pub name: String,
    values: ArrayRef,
}

impl Partition {
    /// The keys of all files, in the order in which they first come: of each file its schema, and what its folders say. What a file
    /// has itself, the folders do not say.
    pub fn from_folders(files: &[(&Schema, &FolderKeys)]) -> Vec<Self> {
        let mut names: Vec<&str> = Vec::new();
        let mut known = HashSet::new();
        let says = |schema: &Schema, name: &str| schema.index_of(name).is_err();
        for (schema, (name, _)) in files.iter().flat_map(|(schema, keys)| keys.iter().map(move |key| (schema, key))) {
            if says(schema, name) && known.insert(name.as_str()) {
                names.push(name);
            }
        }
        let value = |(schema, keys): &(&Schema, &FolderKeys), name: &str| {
            if !says(schema, name) {
                return None;
            }
            // Of a name that comes twice in one path, the inner one counts.
            let (_, value) = keys.iter().rev().find(|(key, _)| key == name)?;
            value.clone()
        };
        let all = names.into_iter().map(|name| {
            let texts: Vec<Option<String>> = files.iter().map(|file| value(file, name)).collect();
            Self { name: name.to_owned(), values: typed(&texts) }
        });
        all.collect()
    }

    pub fn data_type(&self) -> &DataType {
        self.values.data_type()
    }

    /// The value of a file: an array of one row.
    pub fn value(&self, file: usize) -> ArrayRef {
        self.values.slice(file, 1)
    }

    /// The value of a file, `rows` times.
    ///
    /// # Errors
    ///
    /// [`Error::Data`], if Arrow fails.
    pub fn repeated(&self, file: usize, rows: usize) -> Result<ArrayRef> {
        let indices = UInt32Array::from(vec![0; rows]);
        take(&self.value(file), &indices, None).map_err(|error| Error::Data(error.to_string()))
    }
}

fn typed(texts: &[Option<String>]) -> ArrayRef {
    let there = || texts.iter().flatten();
    // Zeros before a number, as in `month=02`, are there for the order of the folders.
    let number = |text: &str| text.parse::<i64>().ok().filter(|_| !text.starts_with('+'));
    if there().next().is_some() && there().all(|text| number(text).is_some()) {
        return Arc::new(texts.iter().map(|text| text.as_deref().and_then(number)).collect::<Int64Array>());
    }
    let array: ArrayRef = Arc::new(texts.iter().map(Option::as_deref).collect::<StringArray>());
    if there().next().is_some() && there().all(|text| is_date(text)) {
        // A text that is no date, like the 31st of June, would become null.
        if let Ok(dates) = cast(&array, &DataType::Date32)
            && dates.null_count() == array.null_count()
        {
            return dates;
        }
    }
    array
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 10
        && bytes.iter().enumerate().all(|(index, byte)| match index {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_get_the_narrowest_type() {
        let typed_of = |texts: &[Option<&str>]| {
            let texts: Vec<_> = texts.iter().map(|text| text.map(str::to_owned)).collect();
            typed(&texts)
        };
        assert_eq!(*typed_of(&[Some("1"), None, Some("-20")]).data_type(), DataType::Int64);
        assert_eq!(*typed_of(&[Some("01"), Some("2")]).data_type(), DataType::Int64);
        assert_eq!(*typed_of(&[Some("2026-11-01"), None]).data_type(), DataType::Date32);
        for texts in [
            [Some("+1"), Some("2")],
            [Some("2026-06-31"), None],
            [Some("2026-11-01"), Some("x")],
            [Some("99999999999999999999"), Some("1")],
            [None, None],
        ] {
            assert_eq!(*typed_of(&texts).data_type(), DataType::Utf8, "{texts:?}");
        }
    }
}
