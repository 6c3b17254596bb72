//! JSON text as Python spells it.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::Formatter;

use crate::num::text::number;

/// Anything that serialises, as JSON text as `json.dumps` spells it.
pub(super) fn text<T: Serialize + ?Sized>(value: &T) -> io::Result<String> {
    let mut text = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut text, PythonSpelling))?;
    String::from_utf8(text).map_err(io::Error::other)
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
