//! Columns that are made of text, cell by cell.

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{ArrayRef, Float64Array, RecordBatch, RecordBatchOptions, TimestampNanosecondArray};
use arrow_buffer::{BooleanBufferBuilder, NullBuffer};
use arrow_schema::{Field, Schema, TimeUnit};

use super::wanted::Wanted;
use crate::error::{Error, Result};

/// What a column is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Time,
    Key,
    Number,
}

/// The columns of every batch.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub names: Vec<String>,
    pub roles: Vec<Role>,
    pub unit: Option<TimeUnit>,
}

impl Columns {
    /// Those that are wanted, where these others are of numbers.
    pub fn new(wanted: &Wanted, of_numbers: impl FnOnce() -> Result<Vec<String>>) -> Result<Self> {
        let apart = || wanted.time.iter().chain(&wanted.keys);
        let numbers = match &wanted.columns {
            Some(names) => names.clone(),
            None => of_numbers()?.into_iter().filter(|name| !apart().any(|apart| apart == name)).collect(),
        };
        let times = wanted.time.iter().map(|name| (name, Role::Time));
        let keys = wanted.keys.iter().map(|name| (name, Role::Key));
        let numbers = numbers.iter().map(|name| (name, Role::Number));
        let (mut names, mut roles) = (Vec::new(), Vec::new());
        for (name, role) in times.chain(keys).chain(numbers) {
            if names.contains(name) {
                return Err(Error::Invalid(format!("column '{name}' is wanted twice: as a time, a key or numbers")));
            }
            names.push(name.clone());
            roles.push(role);
        }
        Ok(Self { names, roles, unit: wanted.unit })
    }

    /// Cells for some rows.
    pub fn cells(&self, rows: usize) -> Vec<Cells> {
        self.roles.iter().map(|role| Cells::new(*role, rows)).collect()
    }

    /// A batch of these cells.
    pub fn batch(&self, cells: Vec<Cells>, rows: usize, is_zoned: bool) -> Result<RecordBatch> {
        let arrays: Vec<ArrayRef> = cells.into_iter().map(|cells| cells.finish(is_zoned)).collect();
        let fields = self.names.iter().zip(&arrays);
        let fields = fields.map(|(name, array)| Field::new(name, array.data_type().clone(), true));
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields.collect::<Vec<_>>())), arrays, &options)
            .map_err(|error| Error::Data(error.to_string()))
    }
}

/// The cells of a column.
pub(super) enum Cells {
    Times {
        values: Vec<i64>,
        validity: BooleanBufferBuilder,
        /// Whether the first of them names a zone.
        is_zoned: Option<bool>,
    },
    Keys(StringBuilder),
    Numbers {
        values: Vec<f64>,
        validity: BooleanBufferBuilder,
    },
}

impl Cells {
    fn new(role: Role, rows: usize) -> Self {
        let validity = || BooleanBufferBuilder::new(rows);
        match role {
            Role::Time => Self::Times { values: Vec::with_capacity(rows), validity: validity(), is_zoned: None },
            Role::Key => Self::Keys(StringBuilder::with_capacity(rows, 8 * rows)),
            Role::Number => Self::Numbers { values: Vec::with_capacity(rows), validity: validity() },
        }
    }

    pub fn null(&mut self) {
        match self {
            Self::Times { values, validity, .. } => {
                values.push(0);
                validity.append(false);
            }
            Self::Keys(keys) => keys.append_null(),
            Self::Numbers { values, validity } => {
                values.push(0.0);
                validity.append(false);
            }
        }
    }

    /// Whether the first time names a zone.
    pub fn is_zoned(&self) -> Option<bool> {
        match self {
            Self::Times { is_zoned, .. } => *is_zoned,
            _ => None,
        }
    }

    pub fn time(&mut self, (time, zoned): (i64, bool)) {
        if let Self::Times { values, validity, is_zoned } = self {
            values.push(time);
            validity.append(true);
            is_zoned.get_or_insert(zoned);
        }
    }

    pub fn key(&mut self, text: &str) {
        if let Self::Keys(keys) = self {
            keys.append_value(text);
        }
    }

    pub fn number(&mut self, value: f64) {
        if let Self::Numbers { values, validity } = self {
            values.push(value);
            validity.append(true);
        }
    }

    /// Takes back what is beyond these rows.
    pub fn truncate(&mut self, rows: usize) {
        match self {
            Self::Times { values, validity, .. } => {
                values.truncate(rows);
                validity.truncate(rows);
            }
            Self::Numbers { values, validity } => {
                values.truncate(rows);
                validity.truncate(rows);
            }
            Self::Keys(keys) => {
                use arrow_array::Array;
                let kept = keys.finish();
                let kept = kept.slice(0, rows.min(kept.len()));
                *keys = StringBuilder::with_capacity(rows, kept.value_data().len());
                kept.iter().for_each(|key| keys.append_option(key));
            }
        }
    }

    fn finish(self, zoned: bool) -> ArrayRef {
        let nulls = |mut validity: BooleanBufferBuilder| {
            let nulls = NullBuffer::new(validity.finish());
            (nulls.null_count() > 0).then_some(nulls)
        };
        match self {
            Self::Times { values, validity, .. } => {
                let times = TimestampNanosecondArray::new(values.into(), nulls(validity));
                Arc::new(times.with_timezone_opt(zoned.then_some("+00:00")))
            }
            Self::Keys(mut keys) => Arc::new(keys.finish()),
            Self::Numbers { values, validity } => Arc::new(Float64Array::new(values.into(), nulls(validity))),
        }
    }
}
