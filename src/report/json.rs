//! JSON (one document) and NDJSON (one series a line).
//!
//! Numbers are spelled as Python's `json.dumps` spells them: the shortest digits that read back to the same f64. NaN
//! and the infinities are strings, a statistic that is not defined is `null`: nothing is lost in silence. The schema
//! is in `schemas/describe-1.json`.

use std::io::{self, Write};

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::ser::Formatter;

use super::key::{Key, Keys};
use super::{COUNTS, Report, SCHEMA, Source};
use crate::spec::{Probability, Spec, is_count};
use crate::summary::Summaries;

impl Report {
    /// Writes the report as one JSON document, a series a line.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn write_json(&self, mut out: impl Write) -> io::Result<()> {
        let json = |value: &dyn erased::Json| value.to_json();
        write!(out, "{{\"schema\": {},\n \"spec\": {},\n ", json(&SCHEMA)?, json(&SpecJson(&self.spec))?)?;
        write!(out, "\"source\": {},\n \"series\": [", json(&SourceJson(&self.source))?)?;
        let keys = keys(&self.series)?;
        for row in 0..self.series.len() {
            let separator = if row == 0 { "\n  " } else { ",\n  " };
            write!(out, "{separator}{}", json(&SeriesJson { series: &self.series, keys: keys.as_ref(), row })?)?;
        }
        out.write_all(if self.series.is_empty() { b"]}\n" } else { b"\n ]}\n" })
    }

    /// Writes one JSON object a series, each on its own line, with the schema and what was asked in it.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn write_ndjson(&self, mut out: impl Write) -> io::Result<()> {
        let keys = keys(&self.series)?;
        for row in 0..self.series.len() {
            let line = Line { spec: &self.spec, series: SeriesJson { series: &self.series, keys: keys.as_ref(), row } };
            out.write_all(erased::Json::to_json(&line)?.as_bytes())?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}

mod erased {
    /// Anything that serialises, as JSON text in this module's spelling.
    pub(super) trait Json {
        fn to_json(&self) -> std::io::Result<String>;
    }

    impl<T: serde::Serialize> Json for T {
        fn to_json(&self) -> std::io::Result<String> {
            let mut text = Vec::new();
            let mut serializer = serde_json::Serializer::with_formatter(&mut text, super::PythonSpelling);
            self.serialize(&mut serializer)?;
            String::from_utf8(text).map_err(std::io::Error::other)
        }
    }
}

/// `, ` and `: ` between things, and numbers as Python's `repr` has them.
struct PythonSpelling;

impl Formatter for PythonSpelling {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(number(value).as_bytes())
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }
}

/// Any f64, as outputs name it.
pub fn any_number(value: f64) -> String {
    match value {
        value if value.is_nan() => "NaN".to_owned(),
        f64::INFINITY => "Infinity".to_owned(),
        f64::NEG_INFINITY => "-Infinity".to_owned(),
        value => number(value),
    }
}

/// A finite f64 as Python's `repr` has it: the shortest digits (of two that are as short and as near, the even one),
/// with an exponent below 1e-4 and from 1e16 on.
pub fn number(value: f64) -> String {
    let mut buffer = zmij::Buffer::new();
    let shortest = buffer.format_finite(value);
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((shortest, "0"));
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(mantissa) => ("-", mantissa),
        None => ("", mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0').trim_end_matches('0');
    if digits.is_empty() {
        return format!("{sign}0.0");
    }
    // Where the point stands, counted from the first digit that is not 0.
    let leading = (all.len() - all.trim_start_matches('0').len()) as i32;
    let point = whole.len() as i32 - leading + exponent.parse::<i32>().unwrap_or(0);
    let text = match point {
        -3..=0 => format!("0.{}{digits}", "0".repeat(point.unsigned_abs() as usize)),
        1..=16 if digits.len() > point as usize => {
            let (whole, fraction) = digits.split_at(point as usize);
            format!("{whole}.{fraction}")
        }
        1..=16 => format!("{digits}{}.0", "0".repeat(point as usize - digits.len())),
        _ => {
            let (first, rest) = digits.split_at(1);
            let separator = if rest.is_empty() { "" } else { "." };
            let direction = if point > 0 { '+' } else { '-' };
            format!("{first}{separator}{rest}e{direction}{:02}", (point - 1).unsigned_abs())
        }
    };
    format!("{sign}{text}")
}

/// A statistic: a number, `null`, or the name of what JSON has no number for.
struct Value(Option<f64>);

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            None => serializer.serialize_none(),
            Some(value) if value.is_finite() => serializer.serialize_f64(value),
            Some(value) => serializer.serialize_str(&any_number(value)),
        }
    }
}

struct SpecJson<'a>(&'a Spec);

impl Serialize for SpecJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let spec = self.0;
        let statistics: Vec<_> = spec.statistics().iter().map(|statistic| statistic.name()).collect();
        let quantiles: Vec<_> = spec.quantiles().iter().map(Probability::value).collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("stats", &statistics)?;
        map.serialize_entry("quantiles", &quantiles)?;
        map.serialize_entry("method", spec.method().name())?;
        map.serialize_entry("ddof", &spec.ddof())?;
        map.serialize_entry("nan", spec.nan().name())?;
        if spec.wants(crate::Statistic::MeanCi) {
            map.serialize_entry("level", &spec.level())?;
        }
        map.end()
    }
}

struct SourceJson<'a>(&'a Source);

impl Serialize for SourceJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let errors: [&str; 0] = [];
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("files", &self.0.files)?;
        map.serialize_entry("rows", &self.0.rows)?;
        map.serialize_entry("errors", &errors)?;
        map.end()
    }
}

fn keys(series: &Summaries) -> io::Result<Option<Keys>> {
    series.keys().map(Keys::new).transpose().map_err(io::Error::other)
}

struct SeriesJson<'a> {
    series: &'a Summaries,
    keys: Option<&'a Keys>,
    row: usize,
}

impl Serialize for SeriesJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.entries(&mut map)?;
        map.end()
    }
}

impl SeriesJson<'_> {
    fn entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let &Self { series, keys, row } = self;
        map.serialize_entry("column", &series.column(row))?;
        if let Some(keys) = keys {
            map.serialize_entry("by", &By { keys, row: series.key_row(row) })?;
        }
        let counts = series.counts(row);
        for (place, name) in COUNTS.into_iter().enumerate() {
            map.serialize_entry(name, &counts.map(|counts| counts[place]))?;
        }
        for (name, value) in series.statistics(row) {
            match value.filter(|_| is_count(name)) {
                Some(count) => map.serialize_entry(name, &(count as u64))?,
                None => map.serialize_entry(name, &Value(value))?,
            }
        }
        Ok(())
    }
}

struct By<'a> {
    keys: &'a Keys,
    row: usize,
}

impl Serialize for By<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, key) in self.keys.row(self.row) {
            match key {
                Key::Null => map.serialize_entry(name, &())?,
                Key::Bool(value) => map.serialize_entry(name, &value)?,
                Key::Integer(value) if value.unsigned_abs() <= 1 << 53 => map.serialize_entry(name, &(value as i64))?,
                Key::Float(value) => map.serialize_entry(name, &Value(Some(value)))?,
                key => map.serialize_entry(name, &key.to_string())?,
            }
        }
        map.end()
    }
}

struct Line<'a> {
    spec: &'a Spec,
    series: SeriesJson<'a>,
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schema", SCHEMA)?;
        map.serialize_entry("method", self.spec.method().name())?;
        map.serialize_entry("ddof", &self.spec.ddof())?;
        map.serialize_entry("nan", self.spec.nan().name())?;
        self.series.entries(&mut map)?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spelled_as_python_spells_them() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (-2.5, "-2.5"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (123456789012345.6, "123456789012345.6"),
            (1e15, "1000000000000000.0"),
            (9007199254740993.0, "9007199254740992.0"),
            (1e16, "1e+16"),
            (1.5e-7, "1.5e-07"),
            (1.7976931348623157e308, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
            (5669483463058373.0 / 4.0, "1417370865764593.2"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
