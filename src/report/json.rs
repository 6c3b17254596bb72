//! JSON (one document) and NDJSON (one series a line).
//!
//! Numbers are spelled as Python's `json.dumps` spells them: the shortest digits that read back to the same f64. The extrema, the
//! range, the sum and the mode of integers are integers with all their digits, those of decimals have the digits of their column, and
//! are strings if there are more than fifteen. NaN and the infinities are strings, a statistic that is not defined is `null`: nothing
//! is lost in silence. The schema is in `schemas/describe-2.json`: each series has its `kind`, and what follows its counts depends on that.
//!
//! A line of NDJSON has to be complete without the others. It names the schema and what was asked; and where files
//! were left out, it says how many in `files_left_out`, which is not there otherwise. Their names are in the other formats:
//! a list of them in each of a million lines would be the larger part of the output.

use std::io::{self, Write};

use arrow_array::RecordBatch;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::document::HISTOGRAM;
use super::part_rows::PartRows;
use super::python_json::text;
use super::{COUNTS, Report, SCHEMA};
use crate::describe::Part;
use crate::keys::{Key, Keys, iso_duration};
use crate::num::figure::Figure;
use crate::num::text::{name, write_number};
use crate::spec::{BinCount, Histogram, NullPolicy, Probability, Spec, is_count};
use crate::summary::Summaries;

/// Rows are handed to the writer in pieces of about this many bytes.
const PIECE: usize = 1 << 16;

impl Report {
    /// Writes the report as one JSON document, a series a line.
    ///
    /// # Errors
    ///
    /// What writing to `out` fails with.
    pub fn write_json(&self, mut out: impl Write) -> io::Result<()> {
        let members = self.source.members()?;
        let source: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
        let (schema, spec) = (text(SCHEMA)?, text(&SpecJson(&self.spec))?);
        write!(out, "{{\"schema\": {schema},\n \"spec\": {spec},\n ")?;
        write!(out, "\"source\": {{{}}},\n \"series\": [", source.join(", "))?;
        let start = |row| -> &[u8] { if row == 0 { b"\n  {" } else { b",\n  {" } };
        JsonRows::new(&self.series)?.write(&mut out, start, b"}")?;
        let mut before = self.series.len();
        for part in &self.parts {
            write_part(part, &mut out, |row| start(before + row), b"}")?;
            before += part.len();
        }
        out.write_all(if before == 0 { b"]}\n" } else { b"\n ]}\n" })
    }

    /// Writes one JSON object a series, each on its own line, with the schema and what was asked in it.
    ///
    /// # Errors
    ///
    /// What writing to `out` fails with.
    pub fn write_ndjson(&self, mut out: impl Write) -> io::Result<()> {
        let spec = &self.spec;
        let (schema, method, nan) = (text(SCHEMA)?, text(&spec.method().to_string())?, text(spec.nan().name())?);
        let mut start =
            format!("{{\"schema\": {schema}, \"method\": {method}, \"ddof\": {}, \"nan\": {nan}, ", spec.ddof());
        match self.source.files_left_out() {
            0 => {}
            files => start.push_str(&format!("\"files_left_out\": {files}, ")),
        }
        JsonRows::new(&self.series)?.write(&mut out, |_| start.as_bytes(), b"}\n")?;
        self.parts.iter().try_for_each(|part| write_part(part, &mut out, |_| start.as_bytes(), b"}\n"))
    }
}

/// Writes the rows of a part, each between the `start` of its place and an `end`.
fn write_part<'a>(part: &Part, out: &mut impl Write, start: impl Fn(usize) -> &'a [u8], end: &[u8]) -> io::Result<()> {
    let rows = PartRows::new(part).map_err(io::Error::other)?;
    let mut piece = Vec::with_capacity(PIECE + PIECE / 8);
    for row in 0..rows.len() {
        piece.extend_from_slice(start(row));
        write!(piece, "\"column\": {}, \"kind\": \"{}\"", text(&rows.column(row))?, part.kind())?;
        if let Some(keys) = rows.keys(row) {
            piece.extend_from_slice(b", \"by\": {");
            for (index, (name, key)) in keys.enumerate() {
                piece.extend_from_slice(if index == 0 { b"" } else { b", " });
                write!(piece, "{}: ", text(name)?)?;
                write_key(&mut piece, &key)?;
            }
            piece.push(b'}');
        }
        for (name, value) in rows.answers(row) {
            write!(piece, ", {}: ", text(name)?)?;
            write_key(&mut piece, &value)?;
        }
        piece.extend_from_slice(end);
        if piece.len() >= PIECE {
            out.write_all(&piece)?;
            piece.clear();
        }
    }
    out.write_all(&piece)
}

/// Writes the rows of any table as NDJSON: an object a row, with the values of the columns as keys of groups are written.
///
/// # Errors
///
/// What writing to `out` fails with.
pub fn write_rows(table: &RecordBatch, mut out: impl Write) -> io::Result<()> {
    let rows = Keys::of(table).map_err(io::Error::other)?;
    let mut piece = Vec::new();
    for row in 0..table.num_rows() {
        for (index, (name, key)) in rows.row(row).enumerate() {
            piece.extend_from_slice(if index == 0 { b"{" } else { b", " });
            write!(piece, "{}: ", text(name)?)?;
            write_key(&mut piece, &key)?;
        }
        piece.extend_from_slice(b"}\n");
    }
    out.write_all(&piece)
}

struct SpecJson<'a>(&'a Spec);

impl Serialize for SpecJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let spec = self.0;
        let of_kinds = spec.of_kinds().iter().map(|statistic| statistic.name());
        let statistics: Vec<_> = spec.statistics().iter().map(|statistic| statistic.name()).chain(of_kinds).collect();
        let quantiles: Vec<_> = spec.quantiles().iter().map(Probability::value).collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("stats", &statistics)?;
        map.serialize_entry("quantiles", &quantiles)?;
        map.serialize_entry("method", &spec.method().to_string())?;
        map.serialize_entry("ddof", &spec.ddof())?;
        map.serialize_entry("nan", spec.nan().name())?;
        if spec.null() != NullPolicy::Skip {
            map.serialize_entry("null", spec.null().name())?;
        }
        if spec.min_count() > 0 {
            map.serialize_entry("min_count", &spec.min_count())?;
        }
        if spec.wants(crate::Statistic::MeanCi) {
            map.serialize_entry("level", &spec.level())?;
        }
        if spec.wants(crate::Statistic::Histogram) {
            match spec.bins() {
                BinCount::Fixed(bins) => map.serialize_entry("bins", &bins)?,
                BinCount::Auto => map.serialize_entry("bins", "auto")?,
            }
        }
        if let Some(top) = spec.top() {
            map.serialize_entry("top", &top)?;
        }
        if spec.wants(crate::Statistic::TrimmedMean) {
            map.serialize_entry("trim", &spec.trim())?;
        }
        map.end()
    }
}

/// The series as members of JSON objects. A report may have millions: what is the same in each row is spelled once, and
/// a row is spelled where it is written from.
struct JsonRows<'a> {
    series: &'a Summaries,
    keys: Option<Keys>,
    /// How many of the keys stand before the column: the bounds of windows.
    apart: usize,
    /// Before each key its name; before each count and statistic also a separator.
    by: Vec<String>,
    counts: Vec<String>,
    statistics: Vec<String>,
    /// Which statistics are whole numbers.
    whole: Vec<bool>,
}

impl<'a> JsonRows<'a> {
    fn new(series: &'a Summaries) -> io::Result<Self> {
        let keys = series.read_keys().map_err(io::Error::other)?;
        let by = keys.iter().flat_map(Keys::names).map(|name| Ok(format!("{}: ", text(name)?)));
        let member = |name: &str| Ok(format!(", {}: ", text(name)?));
        Ok(Self {
            series,
            by: by.collect::<io::Result<_>>()?,
            apart: if series.are_windows() { 2 } else { 0 },
            keys,
            counts: COUNTS.into_iter().map(member).collect::<io::Result<_>>()?,
            statistics: series.names().iter().map(|name| member(name)).collect::<io::Result<_>>()?,
            whole: series.names().iter().map(|name| is_count(name)).collect(),
        })
    }

    /// Writes all rows, each between the `start` of its place and an `end`.
    fn write<'b>(&self, out: &mut impl Write, start: impl Fn(usize) -> &'b [u8], end: &[u8]) -> io::Result<()> {
        let mut piece = Vec::with_capacity(PIECE + PIECE / 8);
        for place in 0..self.series.len() {
            piece.extend_from_slice(start(place));
            self.members(self.series.row_at(place), &mut piece)?;
            piece.extend_from_slice(end);
            if piece.len() >= PIECE {
                out.write_all(&piece)?;
                piece.clear();
            }
        }
        out.write_all(&piece)
    }

    fn members(&self, row: usize, out: &mut Vec<u8>) -> io::Result<()> {
        let mut keys = self.keys.iter().flat_map(|keys| keys.row(self.series.key_row(row))).zip(&self.by);
        for ((_, key), name) in keys.by_ref().take(self.apart) {
            out.extend_from_slice(name.as_bytes());
            write_key(out, &key)?;
            out.extend_from_slice(b", ");
        }
        out.extend_from_slice(b"\"column\": ");
        serde_json::to_writer(&mut *out, &self.series.column(row))?;
        out.extend_from_slice(b", \"kind\": \"number\"");
        if self.by.len() > self.apart || self.keys.is_some() && self.apart == 0 {
            out.extend_from_slice(b", \"by\": {");
            for (index, ((_, key), name)) in keys.enumerate() {
                out.extend_from_slice(if index == 0 { b"" } else { b", " });
                out.extend_from_slice(name.as_bytes());
                write_key(out, &key)?;
            }
            out.push(b'}');
        }
        let counts = self.series.counts(row);
        for (index, name) in self.counts.iter().enumerate() {
            out.extend_from_slice(name.as_bytes());
            match counts {
                Some(counts) => write!(out, "{}", counts[index])?,
                None => out.extend_from_slice(b"null"),
            }
        }
        for (index, (name, whole)) in self.statistics.iter().zip(&self.whole).enumerate() {
            out.extend_from_slice(name.as_bytes());
            match self.series.figure(row, index) {
                None => out.extend_from_slice(b"null"),
                Some(count) if *whole => write!(out, "{}", count.nearest() as u64)?,
                Some(Figure::Float(value)) => write_value(out, value)?,
                Some(Figure::Integer(value)) => write!(out, "{value}")?,
                // What most readers take for a number is an f64, which tells fifteen digits.
                Some(Figure::Decimal(value)) if value.digits().len() > 15 => write!(out, "\"{value}\"")?,
                Some(Figure::Decimal(value)) => write!(out, "{value}")?,
            }
        }
        if self.series.histograms().is_some() {
            write!(out, ", \"{HISTOGRAM}\": ")?;
            write_histogram(out, self.series.histogram(row).as_ref())?;
        }
        Ok(())
    }
}

/// A histogram as an object of two arrays.
pub(super) fn write_histogram(out: &mut Vec<u8>, histogram: Option<&Histogram>) -> io::Result<()> {
    let Some(Histogram { edges, counts }) = histogram else {
        out.extend_from_slice(b"null");
        return Ok(());
    };
    for (index, edge) in edges.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"{\"edges\": [" } else { b", " });
        write_value(out, *edge)?;
    }
    for (index, count) in counts.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"], \"counts\": [" } else { b", " });
        write!(out, "{count}")?;
    }
    out.extend_from_slice(b"]}");
    Ok(())
}

/// A number, or the name of what JSON has no number for.
fn write_value(out: &mut Vec<u8>, value: f64) -> io::Result<()> {
    match name(value) {
        Some(name) => write!(out, "\"{name}\""),
        None => {
            write_number(out, value);
            Ok(())
        }
    }
}

/// Integers beyond 2^53 are strings: what most readers of JSON take for a number is an f64.
fn write_key(out: &mut Vec<u8>, key: &Key<'_>) -> io::Result<()> {
    match key {
        Key::Null => out.extend_from_slice(b"null"),
        Key::Bool(value) => write!(out, "{value}")?,
        Key::Integer(value) if value.unsigned_abs() <= 1 << 53 => write!(out, "{value}")?,
        Key::Integer(value) => write!(out, "\"{value}\"")?,
        Key::Float(value) => write_value(out, *value)?,
        Key::Duration(ticks, unit) => write!(out, "\"{}\"", iso_duration(*ticks, *unit))?,
        Key::Text(text)
        | Key::Date(text)
        | Key::Time(text)
        | Key::Timestamp(text)
        | Key::Decimal(text)
        | Key::Other(text) => serde_json::to_writer(out, text)?,
        Key::Counted(_) | Key::Histogram { .. } => out.extend_from_slice(key.iso().unwrap_or_default().as_bytes()),
    }
    Ok(())
}
