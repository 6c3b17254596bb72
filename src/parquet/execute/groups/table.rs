//! How rows of groups are kept, and what they take.

use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions, new_null_array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use crate::error::{Error, Result};
use crate::num::figure::NumberType;
use crate::parquet::columns::DataColumn;
use crate::parquet::decode::{DecodedRows, plain_type};
use crate::parquet::plan::{Plan, ScanTask};
use crate::series::exact_cast::{common_decimals, exactly};
use crate::series::series_kind::SeriesKind;
use crate::series::{Chunk, Kind, Repr};
use crate::spec::NanPolicy;

/// How rows are kept: the keys, then the values, each in one type for all files.
pub(in crate::parquet::execute) struct Table {
    pub schema: SchemaRef,
    /// How many of the columns are keys.
    pub keys: usize,
}

impl Table {
    pub fn new(plan: &Plan<'_>) -> Result<Self> {
        let keys = plan.keys.iter().map(|key| Ok(Field::new(&key.name, key.data_type.clone(), true)));
        let values = plan.series.iter().map(|series| Ok(Field::new(&series.name, common_type(plan, series)?, true)));
        let fields = keys.chain(values).collect::<Result<Vec<_>>>()?;
        Ok(Self { schema: Arc::new(Schema::new(fields)), keys: plan.keys.len() })
    }

    /// Rows as they are kept.
    pub fn batch(&self, plan: &Plan<'_>, part: &ScanTask, rows: DecodedRows) -> Result<RecordBatch> {
        let values = rows.values.iter().zip(&part.series).enumerate().map(|(index, (values, &series))| {
            let data_type = self.schema.field(self.keys + series).data_type();
            let Some(values) = values else { return Ok(new_null_array(data_type, rows.count)) };
            if plan.spec.nan() == NanPolicy::Raise
                && plan.series[series].kind == SeriesKind::Number
                && let Some(row) = Chunk::Array(values.clone()).first_nan()?
            {
                return Err(Error::Nan {
                    name: Some(plan.series[series].name.clone()),
                    file: Some(plan.dataset.files[part.file].name().into()),
                    row: rows.row(index, row),
                });
            }
            exactly(values, data_type).map_err(|message| plan.unfit(part, Some(series), &message))
        });
        let values = values.collect::<Result<Vec<_>>>()?;
        let columns = rows.keys.iter().cloned().chain(values).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows.count));
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
            .map_err(|error| plan.damaged(part, None, &error))
    }

    /// Bytes of a row, about.
    pub fn row(&self) -> u64 {
        self.schema.fields().iter().map(|field| width(field.data_type())).sum()
    }

    /// The bytes of the answers for `keys` keys.
    pub fn answers(&self, plan: &Plan<'_>, keys: usize) -> u64 {
        let fields = self.schema.fields();
        let key: u64 = fields.iter().take(self.keys).map(|field| width(field.data_type())).sum();
        keys as u64 * (key + plan.answer_bytes())
    }

    /// How each series is scanned, and what its extrema are.
    pub fn kinds(&self, plan: &Plan<'_>) -> Vec<(Repr, NumberType)> {
        let fields = self.schema.fields().iter().skip(self.keys).zip(&plan.series);
        fields.map(|(field, series)| (Repr::of(Kind::of(field.data_type()).as_slice()), series.number_type)).collect()
    }
}

/// Bytes of a value, about.
fn width(data_type: &DataType) -> u64 {
    data_type.primitive_width().unwrap_or(24) as u64
}

/// A type that holds the values of a column in every file exactly.
fn common_type(plan: &Plan<'_>, series: &DataColumn) -> Result<DataType> {
    match series.kind {
        SeriesKind::Other | SeriesKind::Boolean => return Ok(DataType::Boolean),
        SeriesKind::Text => return Ok(series.data_type.clone()),
        SeriesKind::Number | SeriesKind::Time => {}
    }
    if let Some(plain) = plain_type(series.repr) {
        return Ok(plain);
    }
    let fields = series.places().map(|(file, index)| plan.dataset.files[file].field(index));
    let numeric: Vec<&DataType> =
        fields.filter(|field| Kind::from_field(field).is_some()).map(Field::data_type).collect();
    let kinds: Vec<Kind> = numeric.iter().filter_map(|data_type| Kind::of(data_type)).collect();
    if let [first, rest @ ..] = &numeric[..]
        && rest.iter().all(|data_type| data_type == first)
    {
        return Ok((*first).clone());
    }
    if !kinds.contains(&Kind::Float) {
        // Whole numbers of either sign have 20 digits at most; decimals have their own.
        return Ok(common_decimals(numeric));
    }
    if kinds.contains(&Kind::Decimal) {
        let column = &series.name;
        return Err(Error::Invalid(format!(
            "column '{column}' holds decimals in one file and floats in another, which no type holds together; group them apart"
        )));
    }
    Ok(DataType::Float64)
}
