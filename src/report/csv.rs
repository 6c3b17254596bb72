//! The answer as CSV (RFC 4180): the table of [`Report::to_one_table`], numbers in full.
//!
//! What is not defined is an empty value; NaN and the infinities are `NaN`, `inf` and `-inf`, as pandas and Polars read them; durations are
//! ISO 8601.

use std::io::{self, Write};

use super::Report;
use crate::keys::{Key, Keys};
use crate::num::text::write_number;

impl Report {
    /// Writes one kind of columns as CSV: numbers, unless another one is the only one.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn write_csv(&self, out: impl Write) -> io::Result<()> {
        let table = self.to_one_table().map_err(io::Error::other)?;
        let rows = Keys::of(&table).map_err(io::Error::other)?;
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(rows.names()).map_err(from_csv)?;
        for row in 0..table.num_rows() {
            writer.write_record(rows.row(row).map(|(_, value)| text(&value))).map_err(from_csv)?;
        }
        writer.flush()
    }
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
