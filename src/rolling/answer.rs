//! The columns of an answer.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, RecordBatchOptions, UInt64Array};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use arrow_schema::{DataType, Field, Schema};

use crate::error::{Error, Result};
use crate::spec::{Spec, Statistic, is_count};

/// Stands for what is not defined: no NaN that is an answer has these bits.
pub(super) const UNDEFINED: f64 = f64::from_bits(0x7ff8_0000_5d15_ab1e);

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// The number of values.
    Count,
    Statistic(Statistic),
    /// The quantile of this place among those that are computed.
    Quantile(usize),
}

impl Measure {
    /// What is asked, in the order of every output.
    pub fn all(counts: bool, spec: &Spec) -> Vec<Self> {
        let quantiles = spec.computed().iter().enumerate();
        let asked = quantiles.filter(|(_, p)| spec.quantiles().iter().any(|wanted| wanted.value() == p.value()));
        let statistics = spec.statistics().iter().map(|&statistic| Self::Statistic(statistic));
        let counts = counts.then_some(Self::Count);
        counts.into_iter().chain(statistics).chain(asked.map(|(index, _)| Self::Quantile(index))).collect()
    }

    /// Whether its values are whole numbers.
    pub fn is_count(self) -> bool {
        match self {
            Self::Count => true,
            Self::Statistic(statistic) => is_count(statistic.name()),
            Self::Quantile(_) => false,
        }
    }
}

/// The values of one measure: those of a stretch of windows.
#[derive(Debug)]
pub(super) struct Column<'a> {
    pub measure: Measure,
    pub values: &'a mut [f64],
}

/// The name of each column: that of the series and of what is asked; of the only series, if it has no name, of what is asked.
pub(super) fn names(series: &[Option<String>], counts: bool, spec: &Spec) -> Vec<String> {
    let asked: Vec<&str> =
        counts.then_some("count").into_iter().chain(spec.field_names().iter().map(String::as_str)).collect();
    let of = |name: &Option<String>| -> Vec<String> {
        let prefix = if series.len() == 1 { None } else { name.as_ref() };
        asked.iter().map(|asked| prefix.map_or((*asked).to_owned(), |name| format!("{name}_{asked}"))).collect()
    };
    series.iter().flat_map(of).collect()
}

/// The columns as a table of so many rows.
pub(super) fn table(names: Vec<String>, columns: Vec<(Measure, Vec<f64>)>, rows: usize) -> Result<RecordBatch> {
    let mut fields = Vec::with_capacity(names.len());
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(names.len());
    for (name, (measure, values)) in names.into_iter().zip(columns) {
        let there = BooleanBuffer::collect_bool(values.len(), |row| values[row].to_bits() != UNDEFINED.to_bits());
        let nulls = Some(NullBuffer::new(there)).filter(|nulls| nulls.null_count() > 0);
        let array: ArrayRef = match measure.is_count() {
            true => Arc::new(UInt64Array::new(values.iter().map(|&count| count as u64).collect(), nulls)),
            false => Arc::new(Float64Array::new(values.into(), nulls)),
        };
        let data_type = if measure.is_count() { DataType::UInt64 } else { DataType::Float64 };
        fields.push(Field::new(name, data_type, true));
        arrays.push(array);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
        .map_err(|error| Error::Data(error.to_string()))
}
