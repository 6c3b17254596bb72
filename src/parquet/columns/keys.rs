//! How the keys of several files fit together.

use arrow_schema::DataType;

use super::Unfit;
use crate::error::{Error, Position, Result};
use crate::escape::{NAME, shown};
use crate::parquet::dataset::Dataset;
use crate::parquet::guard::footer::has_arrow_schema;
use crate::series::key::values_type;

impl Dataset {
    /// The place of a column of this name in each file, and the type that all of them are cast to.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchColumn`] where no file has it, [`Error::Clash`] for types that do not fit.
    pub(in crate::parquet) fn key(&self, name: &str) -> Result<(DataType, Vec<Option<usize>>)> {
        self.fitting_key(name, &mut |_, error| Err(error))
    }

    /// As [`Dataset::key`]; what does not fit goes to `unfit`.
    pub(super) fn fitting_key(&self, name: &str, unfit: Unfit<'_>) -> Result<(DataType, Vec<Option<usize>>)> {
        let all = self.all_columns();
        let Some(column) = all.iter().find(|column| column.name == name) else {
            let mut available: Vec<String> = all.into_iter().map(|column| column.name).collect();
            available.extend(self.partitions.iter().map(|partition| partition.name.clone()));
            return Err(Error::NoSuchColumn { name: name.to_owned(), available });
        };
        if self.is_repeated(column) {
            return Err(Error::Invalid(format!(
                "key '{}' is the values of lists, any number a row: a key has one value a row",
                shown(name, NAME)
            )));
        }
        for (file, _) in column.places() {
            self.check_only(file, name).or_else(|error| unfit(file, error))?;
        }
        let mut whole: Option<(DataType, (usize, usize))> = None;
        for at in column.places() {
            let data_type = key_type(self.field(at.0, at.1).data_type());
            self.check_interval(name, at, &data_type).or_else(|error| unfit(at.0, error))?;
            whole = Some(match whole {
                None | Some((DataType::Null, _)) => (data_type, at),
                Some(first) if data_type == DataType::Null || data_type == first.0 => first,
                Some((first, index)) => match common_key(&first, &data_type) {
                    Some(common) => (common, index),
                    None => {
                        unfit(at.0, self.clash(name, index, at))?;
                        (first, index)
                    }
                },
            });
        }
        let data_type = whole.map_or(DataType::Null, |(data_type, _)| data_type);
        Ok((data_type, column.indices.clone()))
    }

    /// An INTERVAL of Parquet has months, days and milliseconds, and is read as one of Arrow's that has either the months or the rest:
    /// which of them it holds, only Arrow's own schema in the file tells.
    fn check_interval(&self, name: &str, (file, _): (usize, usize), data_type: &DataType) -> Result<()> {
        let file = &self.files[file];
        if !matches!(data_type, DataType::Interval(_)) || has_arrow_schema(file.parquet().file_metadata()) {
            return Ok(());
        }
        Err(file.broken(Position::default(), &format!(
            "key '{}' is an INTERVAL of months, days and milliseconds, which cannot be kept as a whole; group by a column that is \
             made of it",
            shown(name, NAME)
        )))
    }
}

/// The type that a key is told apart by: dictionaries and runs are what they stand for.
fn key_type(data_type: &DataType) -> DataType {
    match values_type(data_type) {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        data_type => data_type.clone(),
    }
}

/// A type that holds the keys of both exactly.
fn common_key(a: &DataType, b: &DataType) -> Option<DataType> {
    use DataType::{Float16, Float32, Float64, Int64, Timestamp, UInt64};
    let small = |data_type: &DataType| data_type.is_integer() && !matches!(data_type, Int64 | UInt64);
    let float = |data_type: &DataType| matches!(data_type, Float16 | Float32 | Float64);
    let signed = |data_type: &DataType| data_type.is_integer() && *data_type != UInt64;
    match (a, b) {
        (a, b) if signed(a) && signed(b) => Some(Int64),
        (a, b) if a.is_unsigned_integer() && b.is_unsigned_integer() => Some(UInt64),
        (a, b) if (float(a) || small(a)) && (float(b) || small(b)) => Some(Float64),
        (Timestamp(first, zone), Timestamp(second, other)) if zone == other => {
            Some(Timestamp(*first.max(second), zone.clone()))
        }
        _ => None,
    }
}
