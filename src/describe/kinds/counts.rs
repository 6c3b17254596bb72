//! Columns of which values and nulls are counted, and the true ones of booleans.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch, UInt64Array};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType, Field, Schema};

use super::columns::TypedColumn;
use crate::describe::group_rows::Groups;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::spec::{KindStatistic, NullPolicy, Spec, Statistic};

/// The values and the nulls of each group, or of all rows.
pub(crate) struct Counts {
    pub count: Vec<u64>,
    pub null_count: Vec<u64>,
}

impl Counts {
    pub fn of(column: &TypedColumn, groups: Option<&Groups>, spec: &Spec) -> Result<Self> {
        let nulls_of = |chunk: &ArrayRef| chunk.logical_null_count() as u64;
        let nulls = column.chunks.iter().map(nulls_of).sum::<u64>();
        if spec.null() == NullPolicy::Raise && nulls > 0 {
            return Err(Error::Nulls { name: column.name.clone(), nulls });
        }
        let Some(groups) = groups else {
            return Ok(Self { count: vec![column.rows() as u64 - nulls], null_count: vec![nulls] });
        };
        let sizes = (0..groups.len()).map(|group| groups.rows(group..group + 1).len() as u64);
        let null_count: Vec<u64> = match nulls {
            0 => vec![0; groups.len()],
            _ => {
                let there = column.whole()?.logical_nulls();
                let is_null = |&&row: &&u32| there.as_ref().is_some_and(|there| there.is_null(row as usize));
                let of = |group| groups.rows(group..group + 1).iter().filter(is_null).count() as u64;
                (0..groups.len()).map(of).collect()
            }
        };
        Ok(Self { count: sizes.zip(&null_count).map(|(size, nulls)| size - nulls).collect(), null_count })
    }

    /// Whether statistics of a group are not defined because a null is in it.
    pub fn spoils(&self, group: usize, spec: &Spec) -> bool {
        spec.null() == NullPolicy::Propagate && self.null_count[group] > 0
    }

    /// These counts, and the statistics beside them.
    pub fn with(self, statistics: Vec<(&str, ArrayRef)>) -> std::result::Result<RecordBatch, ArrowError> {
        let counts: [(&str, ArrayRef); 2] = [
            ("count", Arc::new(UInt64Array::from(self.count))),
            ("null_count", Arc::new(UInt64Array::from(self.null_count))),
        ];
        let (mut fields, mut arrays) = (Vec::new(), Vec::new());
        for (name, array) in counts.into_iter().chain(statistics) {
            fields.push(Field::new(name, array.data_type().clone(), true));
            arrays.push(array);
        }
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
    }
}

/// A column of which nothing but its values is counted.
pub(super) fn describe_other(column: &TypedColumn, groups: Option<&Groups>, spec: &Spec) -> Result<RecordBatch> {
    Counts::of(column, groups, spec)?.with(vec![]).map_err(|error| column.failed(error))
}

/// How many values of some booleans are true.
pub(crate) fn true_count(column: &TypedColumn, chunk: &ArrayRef) -> Result<u64> {
    let bits = cast(chunk, &DataType::Boolean).map_err(|error| column.failed(error))?;
    Ok(bits.as_boolean().true_count() as u64)
}

/// A column of booleans.
pub(super) fn describe_booleans(
    column: &TypedColumn,
    groups: Option<&Groups>,
    spec: &Spec,
    interrupt: &Interrupt,
) -> Result<RecordBatch> {
    let counts = Counts::of(column, groups, spec)?;
    let n_true: Vec<u64> = match groups {
        None => vec![column.chunks.iter().map(|chunk| true_count(column, chunk)).sum::<Result<u64>>()?],
        Some(groups) => {
            let whole = cast(&column.whole()?, &DataType::Boolean).map_err(|error| column.failed(error))?;
            let bits = whole.as_boolean();
            let is_true = |&&row: &&u32| bits.is_valid(row as usize) && bits.value(row as usize);
            let of = |group| groups.rows(group..group + 1).iter().filter(is_true).count() as u64;
            (0..groups.len()).map(of).collect()
        }
    };
    interrupt.check()?;
    boolean_answers(column, counts, &n_true, spec)
}

/// The answers for a column of booleans: `n_true`, given for each group, and the share of them among its values.
pub(crate) fn boolean_answers(
    column: &TypedColumn,
    counts: Counts,
    n_true: &[u64],
    spec: &Spec,
) -> Result<RecordBatch> {
    let is_there = |group: usize| !counts.spoils(group, spec);
    // Both are integers below 2^53 in all that memory holds, so the quotient is rounded once.
    let mean = |group: usize| match counts.count[group] {
        0 => None,
        count => Some(n_true[group] as f64 / count as f64).filter(|_| is_there(group)),
    };
    let means: Float64Array = (0..n_true.len()).map(mean).collect();
    let whole: UInt64Array = n_true.iter().enumerate().map(|(group, &n)| Some(n).filter(|_| is_there(group))).collect();
    let mut statistics: Vec<(&str, ArrayRef)> = Vec::new();
    if spec.wants_of_kind(KindStatistic::NTrue) || spec.wants(Statistic::Sum) {
        statistics.push(("n_true", Arc::new(whole)));
    }
    if spec.wants(Statistic::Mean) {
        statistics.push(("mean", Arc::new(means)));
    }
    counts.with(statistics).map_err(|error| column.failed(error))
}
