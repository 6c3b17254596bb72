//! The columns of an answer.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch, RecordBatchOptions, UInt64Array};
use arrow_buffer::{BooleanBufferBuilder, NullBuffer};
use arrow_schema::{Field, Schema};

use crate::error::{Error, Result};
use crate::spec::{Spec, Statistic, is_count};
use crate::threads::Threads;

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

/// The validity of values, if some of them are not defined.
fn nulls(values: &[f64]) -> Option<NullBuffer> {
    let is_undefined = |value: &f64| value.to_bits() == UNDEFINED.to_bits();
    let mut there = BooleanBufferBuilder::new(values.len());
    for block in values.chunks(1 << 9) {
        // Without branches: there are seldom any.
        match block.iter().fold(false, |any, value| any | is_undefined(value)) {
            false => there.append_n(block.len(), true),
            true => block.iter().for_each(|value| there.append(!is_undefined(value))),
        }
    }
    Some(NullBuffer::new(there.finish())).filter(|nulls| nulls.null_count() > 0)
}

/// The columns as a table of `rows` rows.
pub(super) fn table(names: Vec<String>, columns: Vec<(Measure, Vec<f64>)>, rows: usize) -> Result<RecordBatch> {
    let array = |(measure, values): (Measure, Vec<f64>)| -> ArrayRef {
        let nulls = nulls(&values);
        match measure.is_count() {
            true => Arc::new(UInt64Array::new(values.iter().map(|&count| count as u64).collect(), nulls)),
            false => Arc::new(Float64Array::new(values.into(), nulls)),
        }
    };
    let arrays: Vec<ArrayRef> = Threads::for_values(rows).map_items(columns, array);
    let fields = names.into_iter().zip(&arrays).map(|(name, array)| Field::new(name, array.data_type().clone(), true));
    let fields: Vec<Field> = fields.collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
        .map_err(|error| Error::Data(error.to_string()))
}
