//! Which columns of a batch are times, keys and values.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, FieldRef, SchemaRef, TimeUnit};

use super::question::Windowing;
use crate::error::{Error, Result};
use crate::escape::{NAME, shown};
use crate::keys::plain;
use crate::series::Kind;
use crate::series::column_names::expanded;
use crate::series::table::Columns;
use crate::series::times::{Times, factor, nanoseconds};
use crate::series::type_names::type_text;

/// The columns of every batch of a stream.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// As the batches are given.
    pub schema: SchemaRef,
    on: usize,
    by: Vec<usize>,
    columns: Vec<usize>,
    /// The keys and the values as they are kept: dictionaries and runs are kept as what they stand for.
    pub keys: Vec<FieldRef>,
    pub values: Vec<FieldRef>,
    /// The type of the bounds of windows.
    pub bounds: DataType,
}

/// The rows of a batch.
pub(super) struct BatchRows {
    pub times: Times,
    /// The keys, then the values.
    pub columns: Vec<ArrayRef>,
}

fn plain_field(field: &Field) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::Dictionary(_, values) => values.as_ref().clone(),
        DataType::RunEndEncoded(_, values) => values.data_type().clone(),
        data_type => data_type.clone(),
    };
    Arc::new(Field::new(field.name(), data_type, true).with_metadata(field.metadata().clone()))
}

impl Layout {
    /// # Errors
    ///
    /// [`Error::NoSuchColumn`] and [`Error::NotNumeric`] for columns that are not there or not of numbers; [`Error::Invalid`] for times of
    /// another type.
    pub fn new(question: &Windowing, schema: &SchemaRef) -> Result<Self> {
        let index = |name: &str| {
            schema.index_of(name).map_err(|_| Error::NoSuchColumn {
                name: name.to_owned(),
                available: schema.fields().iter().map(|field| field.name().clone()).collect(),
            })
        };
        let on = index(&question.on)?;
        let bounds = bounds(plain_field(schema.field(on)).data_type(), &question.spans())?;
        let by = question.by.iter().map(|name| index(name)).collect::<Result<Vec<_>>>()?;
        let columns = match &question.columns {
            Some(names) => {
                let others = schema.fields().iter().enumerate();
                let others = others
                    .filter(|(index, field)| Kind::from_field(field).is_some() && *index != on && !by.contains(index));
                let others = others.map(|(_, field)| field.name().as_str());
                Columns::Named(expanded(names, |name| schema.index_of(name).is_ok(), others)).choose(schema)?
            }
            None => {
                let all = Columns::Numeric.choose(schema)?;
                all.into_iter().filter(|index| *index != on && !by.contains(index)).collect()
            }
        };
        if columns.is_empty() {
            return Err(Error::Invalid(
                "there is no column of numbers beside the times and the keys; name one that is to be described"
                    .to_owned(),
            ));
        }
        let fields = |indices: &[usize]| indices.iter().map(|&index| plain_field(schema.field(index))).collect();
        let (keys, values) = (fields(&by), fields(&columns));
        Ok(Self { schema: schema.clone(), on, by, columns, keys, values, bounds })
    }

    /// The columns that are kept: the keys, then the values.
    #[cfg(feature = "stream")]
    pub fn kept(&self) -> Vec<FieldRef> {
        self.keys.iter().chain(&self.values).cloned().collect()
    }

    /// The rows of a batch of this layout.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for a batch of another schema, [`Error::Invalid`] for times beyond what nanoseconds reach.
    pub fn read(&self, batch: &RecordBatch) -> Result<BatchRows> {
        let schema = batch.schema();
        for &index in [self.on].iter().chain(&self.by).chain(&self.columns) {
            let expected = self.schema.field(index);
            let found = schema.fields().get(index).filter(|found| found.name() == expected.name());
            let data_type = found.map(|field| field.data_type());
            let fits = data_type.is_some_and(|data_type| {
                data_type == expected.data_type()
                    || *data_type == DataType::Null
                    || is_widened(data_type, expected.data_type())
            });
            if !fits {
                let name = shown(expected.name(), NAME);
                let now = match data_type {
                    Some(data_type) => format!("is of type {} now", shown(&type_text(data_type), NAME)),
                    None => "is not where it was".to_owned(),
                };
                return Err(Error::Data(format!(
                    "column '{name}' {now}, and was of type {} in the batches before; a stream has one schema",
                    shown(&type_text(expected.data_type()), NAME)
                )));
            }
        }
        let column = |index: usize| {
            let (expected, array) = (self.schema.field(index), batch.column(index));
            let is_same = array.data_type() == expected.data_type();
            if is_same { Ok(array.clone()) } else { widened(expected, array) }
        };
        let times = nanoseconds(&column(self.on)?)?;
        let kept = self.by.iter().chain(&self.columns);
        let columns = kept.map(|&index| plain(schema.field(index).name(), &column(index)?));
        Ok(BatchRows { times, columns: columns.collect::<Result<_>>()? })
    }
}

/// Whether a stream may go on with this type of numbers: Python's lists are of integers where all of their numbers are whole.
fn is_widened(data_type: &DataType, expected: &DataType) -> bool {
    data_type.is_integer() && *expected == DataType::Float64
}

/// The same values as what the stream has.
fn widened(expected: &Field, array: &ArrayRef) -> Result<ArrayRef> {
    let cast_to = |array: &ArrayRef, data_type| cast(array, data_type).map_err(|error| Error::Data(error.to_string()));
    let found = cast_to(array, expected.data_type())?;
    if array.data_type().is_integer() {
        let again = cast_to(&found, array.data_type())?;
        let is_exact = |row: &usize| again.slice(*row, 1).to_data() == array.slice(*row, 1).to_data();
        if again.to_data() != array.to_data()
            && let Some(row) = (0..array.len()).find(|row| !is_exact(row))
        {
            let name = shown(expected.name(), NAME);
            return Err(Error::Data(format!(
                "column '{name}' was of floats in the batches before, and row {row} of this one (counted from 0) is an integer that no float holds"
            )));
        }
    }
    Ok(found)
}

/// The type of the bounds of windows: timestamps of the zone of the times, and of the coarsest unit that is no coarser than theirs and in
/// which all spans are whole.
fn bounds(times: &DataType, spans: &[i64]) -> Result<DataType> {
    use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
    let (own, zone) = match times {
        DataType::Timestamp(unit, zone) => (*unit, zone.clone()),
        DataType::Date32 => (Second, None),
        DataType::Date64 => (Millisecond, None),
        other => {
            return Err(Error::Invalid(format!(
                "times are of type {}; windows of time need timestamps or dates",
                shown(&type_text(other), NAME)
            )));
        }
    };
    let is_whole = |unit: TimeUnit| factor(unit) <= factor(own) && spans.iter().all(|span| span % factor(unit) == 0);
    let unit = [Second, Millisecond, Microsecond].into_iter().find(|&unit| is_whole(unit)).unwrap_or(Nanosecond);
    Ok(DataType::Timestamp(unit, zone))
}

/// These bounds, in nanoseconds, as what bounds are.
pub(super) fn to_bounds(times: Vec<i64>, data_type: &DataType) -> ArrayRef {
    use arrow_array::{
        TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray,
    };
    let DataType::Timestamp(unit, zone) = data_type else { return arrow_array::new_null_array(data_type, times.len()) };
    let times: Vec<i64> = times.into_iter().map(|time| time.div_euclid(factor(*unit))).collect();
    match unit {
        TimeUnit::Second => Arc::new(TimestampSecondArray::from(times).with_timezone_opt(zone.clone())),
        TimeUnit::Millisecond => Arc::new(TimestampMillisecondArray::from(times).with_timezone_opt(zone.clone())),
        TimeUnit::Microsecond => Arc::new(TimestampMicrosecondArray::from(times).with_timezone_opt(zone.clone())),
        TimeUnit::Nanosecond => Arc::new(TimestampNanosecondArray::from(times).with_timezone_opt(zone.clone())),
    }
}
