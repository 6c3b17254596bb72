//! The columns of batches, those of numbers and the others.

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::Schema;

use crate::describe::TypedColumn;
use crate::error::{Error, Result};
use crate::series::Series;
use crate::series::column_names::expanded;
use crate::series::series_kind::SeriesKind;
use crate::series::table::Columns;

/// The places of the wanted columns of a schema, by what they hold.
pub(super) struct ByKind {
    pub numbers: Vec<usize>,
    pub others: Vec<usize>,
}

impl ByKind {
    /// The columns of a schema that are described; those of keys only if they are named. Booleans are numbers where they are named.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchColumn`] for a name that is not there.
    pub fn new(schema: &Schema, columns: &Columns, keys: &[usize]) -> Result<Self> {
        let names = match columns {
            Columns::Named(names) => {
                let apart = schema.fields().iter().enumerate().filter(|(index, _)| !keys.contains(index));
                let apart = apart.map(|(_, field)| field.name().as_str());
                Some(expanded(names, |name| schema.index_of(name).is_ok(), apart))
            }
            _ => None,
        };
        if let Some(missing) = names.iter().flatten().find(|name| schema.index_of(name).is_err()) {
            let available = schema.fields().iter().map(|field| field.name().clone()).collect();
            return Err(Error::NoSuchColumn { name: missing.clone(), available });
        }
        let is_wanted = |index: &usize| names.as_ref().is_none_or(|names| names.contains(schema.field(*index).name()));
        let all = (0..schema.fields().len()).filter(|index| columns.are_named() || !keys.contains(index));
        let (numbers, others) =
            all.filter(is_wanted).partition(|index| match SeriesKind::from_field(schema.field(*index)) {
                SeriesKind::Number => true,
                SeriesKind::Boolean => columns.are_named(),
                _ => false,
            });
        Ok(Self { numbers, others })
    }

    /// The names of the columns, and whether each is of numbers.
    pub fn names<'a>(&'a self, schema: &'a Schema) -> impl Iterator<Item = (String, bool)> + 'a {
        let name = |index: &usize| schema.field(*index).name().clone();
        let numbers = self.numbers.iter().map(move |index| (name(index), true));
        numbers.chain(self.others.iter().map(move |index| (name(index), false)))
    }

    /// The columns of numbers of batches of this schema.
    pub fn numbers(&self, batches: &[RecordBatch]) -> Result<Vec<Series>> {
        let series = |&index: &usize| {
            let name = batches[0].schema_ref().field(index).name().clone();
            Series::from_arrays(Some(name), chunks(batches, index))
        };
        self.numbers.iter().map(series).collect()
    }

    /// The other ones.
    pub fn others(&self, batches: &[RecordBatch]) -> Vec<TypedColumn> {
        let column = |&index: &usize| {
            let field = batches[0].schema_ref().fields()[index].clone();
            TypedColumn { name: Some(field.name().clone()), chunks: chunks(batches, index), field }
        };
        self.others.iter().map(column).collect()
    }
}

fn chunks(batches: &[RecordBatch], column: usize) -> Vec<ArrayRef> {
    batches.iter().map(|batch| batch.column(column).clone()).collect()
}
