//! The answer as CSV (RFC 4180): the table of [`Report::to_one_table`], numbers in full.
//!
//! What is not defined is an empty value; NaN and the infinities are `NaN`, `inf` and `-inf`, as pandas and Polars read them; durations are
//! ISO 8601, histograms JSON.

use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};

use super::Report;
use super::document::HISTOGRAM;
use super::json::write_histogram;
use crate::keys::{Key, Keys};
use crate::num::text::write_number;
use crate::summary::histogram_at;

impl Report {
    /// Writes one kind of columns as CSV: numbers, unless another one is the only one.
    ///
    /// # Errors
    ///
    /// What writing to `out` fails with.
    pub fn write_csv(&self, out: impl Write) -> io::Result<()> {
        let table = with_histograms_as_json(&self.to_one_table().map_err(io::Error::other)?)?;
        write_table(&table, out)
    }
}

/// Writes a table.
pub(super) fn write_table(table: &RecordBatch, out: impl Write) -> io::Result<()> {
    let rows = Keys::of(table).map_err(io::Error::other)?;
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(rows.names()).map_err(from_csv)?;
    for row in 0..table.num_rows() {
        writer.write_record(rows.row(row).map(|(_, value)| text(&value))).map_err(from_csv)?;
    }
    writer.flush()
}

/// The same with histograms as JSON has them: CSV has no lists.
fn with_histograms_as_json(table: &RecordBatch) -> io::Result<RecordBatch> {
    let Ok(index) = table.schema_ref().index_of(HISTOGRAM) else { return Ok(table.clone()) };
    let Some(histograms) = table.column(index).as_struct_opt() else { return Ok(table.clone()) };
    let texts = (0..table.num_rows()).map(|row| {
        let Some(histogram) = histogram_at(histograms, row) else { return Ok(None) };
        let mut json = Vec::new();
        write_histogram(&mut json, Some(&histogram))?;
        Ok(String::from_utf8(json).ok())
    });
    let texts = texts.collect::<io::Result<StringArray>>()?;
    let mut fields = table.schema_ref().fields().to_vec();
    fields[index] = Arc::new(Field::new(HISTOGRAM, DataType::Utf8, true));
    let mut columns = table.columns().to_vec();
    columns[index] = Arc::new(texts);
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(io::Error::other)
}

fn text(value: &Key<'_>) -> String {
    match value {
        Key::Float(value) if value.is_nan() => "NaN".to_owned(),
        Key::Float(value) if value.is_infinite() => if *value > 0.0 { "inf" } else { "-inf" }.to_owned(),
        Key::Float(value) => {
            let mut number = Vec::new();
            write_number(&mut number, *value);
            String::from_utf8(number).unwrap_or_default()
        }
        value => value.iso().unwrap_or_default(),
    }
}

fn from_csv(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        kind => io::Error::other(format!("{kind:?}")),
    }
}
