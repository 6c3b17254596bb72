//! Keys and values of all rows, kept until their groups are described.
//!
//! Keys of text mostly repeat, so that a row keeps the number of its text. Threads look texts up side by side; those that are new are
//! numbered once all have looked.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, DictionaryArray, Int32Array, RecordBatch, StringArray};
use arrow_buffer::{NullBuffer, NullBufferBuilder};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Schema};
use arrow_select::concat::concat;

use super::by_kind::ByKind;
use crate::describe::{Part, Texts, TypedColumn, describe_groups, describe_kinds};
use crate::error::{Error, Result};
use crate::escape::{NAME, shown};
use crate::interrupt::Interrupt;
use crate::keys::plain;
use crate::series::Series;
use crate::series::table::Columns;
use crate::spec::Spec;
use crate::summary::Summaries;
use crate::threads::Threads;

/// The number of texts that are numbered in any case.
const FEW: usize = 1 << 12;

/// The most bytes of texts that are numbered.
const MOST: usize = 1 << 28;

#[derive(Default)]
pub(super) struct Kept {
    keys: Vec<Keys>,
    numbers: Vec<(String, Vec<ArrayRef>)>,
    others: Vec<TypedColumn>,
}

/// A column of keys.
struct Keys {
    field: FieldRef,
    rows: usize,
    form: Form,
}

enum Form {
    /// The text of each row by its number; where there is none, it means nothing.
    Numbers(Box<Texts>, Vec<i32>, NullBufferBuilder),
    Arrays(Vec<ArrayRef>),
}

impl Keys {
    fn new(field: &FieldRef, values: &ArrayRef) -> Self {
        let field = FieldRef::new(field.as_ref().clone().with_data_type(values.data_type().clone()));
        let form = match values.data_type() {
            DataType::Utf8 => Form::Numbers(Box::default(), Vec::new(), NullBufferBuilder::new(0)),
            _ => Form::Arrays(Vec::new()),
        };
        Self { field, rows: 0, form }
    }

    fn bytes(&self) -> usize {
        match &self.form {
            Form::Numbers(texts, numbers, _) => texts.memory() + numbers.capacity() * size_of::<i32>(),
            Form::Arrays(arrays) => arrays.iter().map(|array| array.get_array_memory_size()).sum(),
        }
    }

    fn add(&mut self, keys: Vec<ArrayRef>) -> Result<()> {
        if keys.iter().any(|keys| keys.data_type() != self.field.data_type()) {
            let name = self.field.name();
            return Err(Error::Data(format!("key '{name}' is of another type than in the data before")));
        }
        self.rows += keys.iter().map(|keys| keys.len()).sum::<usize>();
        let (texts, numbers, nulls) = match &mut self.form {
            Form::Arrays(arrays) => {
                arrays.extend(keys);
                return Ok(());
            }
            Form::Numbers(texts, numbers, nulls) => (texts, numbers, nulls),
        };
        let threads = Threads::for_values(keys.iter().map(|keys| keys.len()).sum());
        let known = &*texts;
        for found in threads.map_items(keys, |keys| Found::new(known, keys.as_string::<i32>())) {
            match &found.nulls {
                Some(found) => nulls.append_buffer(found),
                None => nulls.append_n_non_nulls(found.numbers.len()),
            }
            numbers.extend_from_slice(&found.numbered(texts));
        }
        if texts.len() > FEW.max(self.rows / 4) || texts.bytes() > MOST {
            let (all, nulls) = (texts.to_array()?, nulls.finish());
            let text = |(row, number): (usize, &i32)| {
                let is_there = nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
                is_there.then(|| all.value(*number as usize))
            };
            let array: StringArray = numbers.iter().enumerate().map(text).collect();
            self.form = Form::Arrays(vec![Arc::new(array)]);
        }
        Ok(())
    }

    /// All of them; text as a dictionary.
    fn finish(self) -> Result<(FieldRef, ArrayRef)> {
        let failed = |error: ArrowError| Error::Data(error.to_string());
        let keys: ArrayRef = match self.form {
            Form::Arrays(arrays) => {
                let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
                concat(&arrays).map_err(failed)?
            }
            Form::Numbers(texts, numbers, mut nulls) => {
                let numbers = Int32Array::try_new(numbers.into(), nulls.finish()).map_err(failed)?;
                Arc::new(DictionaryArray::try_new(numbers, Arc::new(texts.to_array()?)).map_err(failed)?)
            }
        };
        Ok((FieldRef::new(self.field.as_ref().clone().with_data_type(keys.data_type().clone())), keys))
    }
}

/// The texts of a batch, before those that are new have a number.
struct Found {
    numbers: Vec<i32>,
    nulls: Option<NullBuffer>,
    /// The texts that are new: the first one stands as −1, the next as −2.
    new: Texts,
}

impl Found {
    fn new(known: &Texts, keys: &StringArray) -> Self {
        let mut new = Texts::default();
        let number = |row: usize| {
            if keys.is_null(row) {
                return 0;
            }
            let text = keys.value(row).as_bytes();
            known.find(text).map_or_else(|| -1 - new.number(text) as i32, |number| number as i32)
        };
        Self { numbers: (0..keys.len()).map(number).collect(), nulls: keys.nulls().cloned(), new }
    }

    fn numbered(mut self, texts: &mut Texts) -> Vec<i32> {
        if self.new.len() > 0 {
            let new: Vec<i32> = (0..self.new.len()).map(|new| texts.number(self.new.get(new)) as i32).collect();
            for number in self.numbers.iter_mut().filter(|number| **number < 0) {
                *number = new[(-1 - *number) as usize];
            }
        }
        self.numbers
    }
}

impl Kept {
    /// The bytes that it takes.
    pub fn bytes(&self) -> u64 {
        let others = self.others.iter().flat_map(|column| &column.chunks);
        let values = self.numbers.iter().flat_map(|(_, chunks)| chunks).chain(others);
        let values = values.map(|array| array.get_array_memory_size());
        (self.keys.iter().map(Keys::bytes).sum::<usize>() + values.sum::<usize>()) as u64
    }

    /// More rows, of batches of one schema.
    pub fn add(&mut self, batches: &[RecordBatch], columns: &Columns, by: &[String]) -> Result<()> {
        let Some(first) = batches.first() else { return Ok(()) };
        let schema = first.schema();
        let keys = by.iter().map(|name| {
            schema.index_of(name).map_err(|_| Error::NoSuchColumn {
                name: name.clone(),
                available: schema.fields().iter().map(|field| field.name().clone()).collect(),
            })
        });
        let keys = keys.collect::<Result<Vec<_>>>()?;
        let by_kind = ByKind::new(&schema, columns, &keys)?;
        let of_column = |index: usize| batches.iter().map(move |batch| batch.column(index));
        let key_arrays = keys.iter().map(|&index| {
            let arrays = of_column(index).map(|array| plain(schema.field(index).name(), array));
            arrays.collect::<Result<Vec<_>>>()
        });
        let key_arrays = key_arrays.collect::<Result<Vec<_>>>()?;
        if self.keys.is_empty() {
            let keys = keys.iter().zip(&key_arrays);
            self.keys = keys.map(|(&index, arrays)| Keys::new(&schema.fields()[index], &arrays[0])).collect();
            let numbers = by_kind.numbers.iter();
            self.numbers = numbers.map(|&index| (schema.field(index).name().clone(), Vec::new())).collect();
            self.others = by_kind.others(&[first.slice(0, 0)]);
            self.others.iter_mut().for_each(|column| column.chunks.clear());
        }
        let numbers = by_kind.numbers.iter().map(|&index| schema.field(index).name());
        let others = by_kind.others.iter().map(|&index| schema.field(index));
        let others_before = self.others.iter().map(|column| (column.field.name(), column.field.data_type()));
        let is_same = numbers.clone().eq(self.numbers.iter().map(|(name, _)| name))
            && others.clone().map(|field| (field.name(), field.data_type())).eq(others_before);
        if !is_same {
            let names = |names: Vec<&String>| {
                names.iter().map(|name| shown(name, NAME).to_string()).collect::<Vec<_>>().join(", ")
            };
            let others_before = self.others.iter().map(|column| column.field.name());
            let before = names(self.numbers.iter().map(|(name, _)| name).chain(others_before).collect());
            let here = names(numbers.chain(others.map(Field::name)).collect());
            return Err(Error::Data(format!(
                "with keys, all data has the same columns, of the same types: these are {here}, and those before are {before}; \
                 name the columns that are to be described"
            )));
        }
        self.keys.iter_mut().zip(key_arrays).try_for_each(|(keys, arrays)| keys.add(arrays))?;
        for (index, (_, chunks)) in by_kind.numbers.iter().zip(&mut self.numbers) {
            chunks.extend(of_column(*index).cloned());
        }
        for (index, column) in by_kind.others.iter().zip(&mut self.others) {
            column.chunks.extend(of_column(*index).cloned());
        }
        Ok(())
    }

    /// The answers for each group.
    pub fn describe(self, spec: &Spec, interrupt: &Interrupt) -> Result<(Summaries, Vec<Part>)> {
        let by = self.keys.into_iter().map(Keys::finish).collect::<Result<Vec<_>>>()?;
        let series = self.numbers.into_iter().map(|(name, chunks)| Series::from_arrays(Some(name), chunks));
        let parts = describe_kinds(&self.others, Some(&by), spec, interrupt)?;
        let summaries = describe_groups(by, &series.collect::<Result<Vec<_>>>()?, spec, interrupt)?;
        let parts = parts.into_iter().map(|part| part.with_keys_as(plain_keys)).collect::<Result<_>>()?;
        Ok((summaries.with_keys_as(plain_keys)?, parts))
    }
}

/// Keys as what they stand for.
fn plain_keys(keys: RecordBatch) -> Result<RecordBatch> {
    let schema = keys.schema();
    let columns = schema.fields().iter().zip(keys.columns()).map(|(field, column)| {
        let column = plain(field.name(), column)?;
        Ok((field.as_ref().clone().with_data_type(column.data_type().clone()), column))
    });
    let (fields, columns): (Vec<Field>, _) = columns.collect::<Result<Vec<_>>>()?.into_iter().unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(|error| Error::Data(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Float64Array;

    /// Texts by number give the groups of the texts themselves, also where there are too many of them.
    #[test]
    fn texts_are_grouped_however_many_there_are() {
        let rows = 40_000;
        let long = |index: usize| format!("a text of more than a few bytes {index}");
        let texts: [Vec<Option<String>>; 4] = [
            (0..rows).map(|row| (row % 7 > 0).then(|| format!("s{}", row * row % 100))).collect(),
            (0..rows).map(|row| Some(long(row * row % 1000))).collect(),
            (0..rows).map(|row| (row % 999 > 0).then(|| long(row))).collect(),
            // Few at first, many later.
            (0..rows).map(|row| Some(if row < 15_000 { "x".to_owned() } else { format!("{row}") })).collect(),
        ];
        for (which, texts) in texts.iter().enumerate() {
            let values: ArrayRef = Arc::new((0..rows).map(|row| Some((row % 1013) as f64)).collect::<Float64Array>());
            let keys: ArrayRef = Arc::new(texts.iter().map(Option::as_deref).collect::<StringArray>());
            let all = RecordBatch::try_from_iter([("k", keys.clone()), ("x", values.clone())]).unwrap();
            let mut kept = Kept::default();
            for start in (0..rows).step_by(12_000) {
                let batches: Vec<RecordBatch> = (start..rows.min(start + 12_000))
                    .step_by(5000)
                    .map(|from| all.slice(from, 5000.min(rows - from).min(start + 12_000 - from)))
                    .collect();
                kept.add(&batches, &Columns::Numeric, &["k".to_owned()]).unwrap();
            }
            assert_eq!(matches!(kept.keys[0].form, Form::Numbers(..)), which < 2);
            let found = kept.describe(&Spec::default(), &Interrupt::default()).unwrap().0;
            let field = all.schema().fields()[0].clone();
            let series = Series::from_arrays(Some("x".to_owned()), vec![values]).unwrap();
            let expected = describe_groups(vec![(field, keys)], &[series], &Spec::default(), &Interrupt::default());
            assert!(found.same(&expected.unwrap()));
        }
    }
}
