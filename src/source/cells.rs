//! Columns that are made of text, cell by cell.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, RecordBatch, RecordBatchOptions, StringArray, StructArray,
    TimestampNanosecondArray,
};
use arrow_buffer::{BooleanBufferBuilder, NullBuffer, OffsetBuffer};
use arrow_schema::{Field, Schema, TimeUnit};

use super::roles::{Role, Seen};
use super::wanted::Wanted;
use crate::error::{Error, Result};
use crate::escape::{NAME, shown};
use crate::series::column_names::{expanded, is_glob};
use crate::series::table::Kinds;

/// The columns of every batch.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub names: Vec<String>,
    pub roles: Vec<Role>,
    pub unit: Option<TimeUnit>,
}

impl Columns {
    /// Those that are wanted, of which the first lines show these. `seen` is not asked where that decides nothing.
    pub fn new(wanted: &Wanted, seen: impl FnOnce() -> Result<Vec<(String, Seen)>>) -> Result<Self> {
        let apart = || wanted.time.iter().chain(&wanted.keys);
        let seen = if wanted.looks() { seen()? } else { Vec::new() };
        let is_taken = |(name, seen): &&(String, Seen)| {
            (wanted.kinds == Kinds::All || seen.role() == Role::Number) && !apart().any(|apart| apart == name)
        };
        let matched = seen.iter().filter(is_taken).map(|(name, _)| name.as_str());
        let is_there = |name: &str| seen.iter().any(|(known, _)| known == name);
        let named = wanted.columns.as_ref().map(|names| expanded(names, is_there, matched));
        // A line may lack a column, but what stands for several stands for one at least.
        if let Some(glob) = named.iter().flatten().find(|name| is_glob(name) && !is_there(name)) {
            let available = seen.iter().map(|(name, _)| name.clone()).collect();
            return Err(Error::NoSuchColumn { name: glob.clone(), available });
        }
        let described: Vec<(String, Role)> = match (&named, wanted.kinds) {
            (Some(names), Kinds::Numbers) => names.iter().map(|name| (name.clone(), Role::Number)).collect(),
            (Some(names), Kinds::All) => {
                let of = |name| seen.iter().find(|(known, _)| known == name).map(|(_, seen)| *seen);
                names.iter().map(|name| (name.clone(), of(name).unwrap_or_default().role_of_named())).collect()
            }
            (None, kinds) => {
                let there = seen.into_iter().map(|(name, seen)| (name, seen.role()));
                let is_wanted = |role| kinds == Kinds::All || role == Role::Number;
                there.filter(|(name, role)| is_wanted(*role) && !apart().any(|apart| apart == name)).collect()
            }
        };
        let times = wanted.time.iter().map(|name| (name, Role::Time));
        let keys = wanted.keys.iter().map(|name| (name, Role::Key));
        let (mut names, mut roles) = (Vec::new(), Vec::new());
        for (name, role) in times.chain(keys).chain(described.iter().map(|(name, role)| (name, *role))) {
            if names.contains(name) {
                let is_named = named.as_ref().is_some_and(|names| names.contains(name));
                let name = shown(name, NAME);
                return Err(Error::Invalid(match is_named || apart().any(|apart| *apart == name) {
                    true => format!("column '{name}' is wanted twice: as a time, as a key or to be described"),
                    false => format!(
                        "several columns are named '{name}', and which is which is not known: give each a name of its own, or name others \
                         to be described"
                    ),
                }));
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
    pub fn batch(&self, cells: Vec<Cells>, rows: usize, is_zoned: &[Option<bool>]) -> Result<RecordBatch> {
        let arrays = cells.into_iter().zip(is_zoned).map(|(cells, is_zoned)| cells.finish(is_zoned.unwrap_or(false)));
        let arrays = arrays.collect::<Result<Vec<_>>>()?;
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
        validity: Validity,
        /// Whether the first of them names a zone.
        is_zoned: Option<bool>,
    },
    Keys {
        /// The text of all of them, and where that of each ends.
        text: Vec<u8>,
        ends: Vec<i32>,
        validity: Validity,
    },
    Numbers {
        values: Vec<f64>,
        validity: Validity,
    },
    Booleans {
        values: BooleanBufferBuilder,
        validity: Validity,
    },
    Dates {
        values: Vec<i32>,
        validity: Validity,
    },
    Others {
        rows: usize,
        validity: Validity,
    },
}

/// Which cells are there; nothing is written down until one is not.
#[derive(Default)]
pub(super) struct Validity(Option<BooleanBufferBuilder>);

impl Validity {
    #[inline]
    fn valid(&mut self) {
        if let Some(bits) = &mut self.0 {
            bits.append(true);
        }
    }

    /// One is missing behind `before` others.
    fn null(&mut self, before: usize) {
        let bits = self.0.get_or_insert_with(|| {
            let mut bits = BooleanBufferBuilder::new(before + 64);
            bits.append_n(before, true);
            bits
        });
        bits.append(false);
    }

    fn truncate(&mut self, rows: usize) {
        if let Some(bits) = &mut self.0 {
            bits.truncate(rows);
        }
    }

    fn finish(self) -> Option<NullBuffer> {
        let nulls = NullBuffer::new(self.0?.finish());
        (nulls.null_count() > 0).then_some(nulls)
    }
}

impl Cells {
    fn new(role: Role, rows: usize) -> Self {
        let validity = Validity::default();
        match role {
            Role::Time => Self::Times { values: Vec::with_capacity(rows), validity, is_zoned: None },
            Role::Key => {
                let mut ends = Vec::with_capacity(rows + 1);
                ends.push(0);
                Self::Keys { text: Vec::with_capacity(8 * rows), ends, validity }
            }
            Role::Number => Self::Numbers { values: Vec::with_capacity(rows), validity },
            Role::Boolean => Self::Booleans { values: BooleanBufferBuilder::new(rows), validity },
            Role::Date => Self::Dates { values: Vec::with_capacity(rows), validity },
            Role::Other => Self::Others { rows: 0, validity },
        }
    }

    pub fn null(&mut self) {
        match self {
            Self::Times { values, validity, .. } => {
                validity.null(values.len());
                values.push(0);
            }
            Self::Keys { text, ends, validity } => {
                validity.null(ends.len() - 1);
                ends.push(text.len() as i32);
            }
            Self::Numbers { values, validity } => {
                validity.null(values.len());
                values.push(0.0);
            }
            Self::Booleans { values, validity } => {
                validity.null(values.len());
                values.append(false);
            }
            Self::Dates { values, validity } => {
                validity.null(values.len());
                values.push(0);
            }
            Self::Others { rows, validity } => {
                validity.null(*rows);
                *rows += 1;
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

    #[inline]
    pub fn time(&mut self, (time, zoned): (i64, bool)) {
        if let Self::Times { values, validity, is_zoned } = self {
            values.push(time);
            validity.valid();
            is_zoned.get_or_insert(zoned);
        }
    }

    /// A piece of text has fewer bytes than an offset counts.
    #[inline]
    pub fn key(&mut self, key: &str) {
        if let Self::Keys { text, ends, validity } = self {
            text.extend_from_slice(key.as_bytes());
            ends.push(text.len() as i32);
            validity.valid();
        }
    }

    #[inline]
    pub fn number(&mut self, value: f64) {
        if let Self::Numbers { values, validity } = self {
            values.push(value);
            validity.valid();
        }
    }

    pub fn boolean(&mut self, value: bool) {
        if let Self::Booleans { values, validity } = self {
            values.append(value);
            validity.valid();
        }
    }

    pub fn date(&mut self, days: i32) {
        if let Self::Dates { values, validity } = self {
            values.push(days);
            validity.valid();
        }
    }

    /// A value of which nothing is kept.
    pub fn other(&mut self) {
        if let Self::Others { rows, validity } = self {
            *rows += 1;
            validity.valid();
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
            Self::Keys { text, ends, validity } => {
                ends.truncate(rows + 1);
                text.truncate(ends.last().map_or(0, |end| *end as usize));
                validity.truncate(rows);
            }
            Self::Booleans { values, validity } => {
                values.truncate(rows);
                validity.truncate(rows);
            }
            Self::Dates { values, validity } => {
                values.truncate(rows);
                validity.truncate(rows);
            }
            Self::Others { rows: all, validity } => {
                *all = rows.min(*all);
                validity.truncate(rows);
            }
        }
    }

    fn finish(self, zoned: bool) -> Result<ArrayRef> {
        Ok(match self {
            Self::Times { values, validity, .. } => {
                let times = TimestampNanosecondArray::new(values.into(), validity.finish());
                Arc::new(times.with_timezone_opt(zoned.then_some("+00:00")))
            }
            Self::Keys { text, ends, validity } => {
                let ends = OffsetBuffer::new(ends.into());
                let keys = StringArray::try_new(ends, text.into(), validity.finish());
                Arc::new(keys.map_err(|error| Error::Data(error.to_string()))?)
            }
            Self::Numbers { values, validity } => Arc::new(Float64Array::new(values.into(), validity.finish())),
            Self::Booleans { mut values, validity } => Arc::new(BooleanArray::new(values.finish(), validity.finish())),
            Self::Dates { values, validity } => Arc::new(Date32Array::new(values.into(), validity.finish())),
            Self::Others { rows, validity } => Arc::new(StructArray::new_empty_fields(rows, validity.finish())),
        })
    }
}
