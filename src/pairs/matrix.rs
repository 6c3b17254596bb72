//! The table of coefficients.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};

use super::answer::{Coefficient, PairNulls};
use crate::error::{Error, Result};

/// A coefficient of each pair of columns.
#[derive(Clone, Debug, PartialEq)]
pub struct PairMatrix {
    /// What they are.
    pub coefficient: Coefficient,
    /// Which rows counted.
    pub nulls: PairNulls,
    names: Vec<String>,
    values: Vec<Option<f64>>,
    counts: Vec<u64>,
}

impl PairMatrix {
    /// `of` is the coefficient of two columns, and the number of rows it is of.
    pub(super) fn new(
        coefficient: Coefficient,
        nulls: PairNulls,
        names: Vec<String>,
        of: Vec<(Option<f64>, u64)>,
    ) -> Self {
        let (values, counts) = of.into_iter().unzip();
        Self { coefficient, nulls, names, values, counts }
    }

    /// The one of these values and counts, row by row; `None` if there are not as many as there are pairs.
    pub fn from_parts(
        coefficient: Coefficient,
        nulls: PairNulls,
        names: Vec<String>,
        values: Vec<Option<f64>>,
        counts: Vec<u64>,
    ) -> Option<Self> {
        let pairs = names.len().checked_mul(names.len())?;
        let is_so = values.len() == pairs && counts.len() == pairs;
        is_so.then_some(Self { coefficient, nulls, names, values, counts })
    }

    /// The names of the columns, in their order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The coefficient of two columns by their indices; `None` where it is not defined.
    pub fn get(&self, a: usize, b: usize) -> Option<f64> {
        *self.values.get(a * self.names.len() + b)?
    }

    /// The number of rows in which both columns have values.
    pub fn count(&self, a: usize, b: usize) -> u64 {
        self.counts.get(a * self.names.len() + b).copied().unwrap_or_default()
    }

    /// Whether both are the same, bit by bit.
    pub fn same(&self, other: &Self) -> bool {
        let bits = |matrix: &Self| matrix.values.iter().map(|value| value.map(f64::to_bits)).collect::<Vec<_>>();
        let asked = |matrix: &Self| (matrix.coefficient, matrix.nulls);
        asked(self) == asked(other)
            && self.names == other.names
            && self.counts == other.counts
            && bits(self) == bits(other)
    }

    /// A row a column: its name in `column`, then its coefficient with each column.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] where two columns have one name.
    pub fn to_record_batch(&self) -> Result<RecordBatch> {
        let all = self.names.len();
        let mut fields = vec![Field::new("column", DataType::Utf8, false)];
        let mut columns: Vec<ArrayRef> = vec![Arc::new(StringArray::from_iter_values(&self.names))];
        for (column, name) in self.names.iter().enumerate() {
            fields.push(Field::new(name, DataType::Float64, true));
            columns.push(Arc::new((0..all).map(|row| self.get(row, column)).collect::<Float64Array>()));
        }
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(|error| Error::Data(error.to_string()))
    }
}
