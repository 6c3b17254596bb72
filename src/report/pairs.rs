//! The coefficients of pairs of columns for people and for programs.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::html::escape;
use super::python_json::text;
#[cfg(feature = "table")]
use super::readable::readable;
#[cfg(feature = "table")]
use super::table::{laid_out_pairs, markdown};
#[cfg(feature = "table")]
use crate::num::figure::Figure;
use crate::num::text::{name, number, write_number};
use crate::pairs::PairMatrix;

/// The name and version of the JSON schema.
const SCHEMA: &str = "rstats.pairs/1";

/// A number; null where it is not defined, and a string where JSON has no number for it.
fn write_value(out: &mut Vec<u8>, value: Option<f64>) -> io::Result<()> {
    match value.map(|value| (value, name(value))) {
        None => out.extend_from_slice(b"null"),
        Some((_, Some(name))) => write!(out, "\"{name}\"")?,
        Some((value, None)) => write_number(out, value),
    }
    Ok(())
}

impl PairMatrix {
    /// Writes one JSON document: the names of the columns, and of each column its coefficients with all columns and the numbers of rows that
    /// they are of. What is not defined is `null`, NaN a string.
    ///
    /// # Errors
    ///
    /// What writing to `out` fails with.
    pub fn write_json(&self, mut out: impl Write) -> io::Result<()> {
        let mut names = Vec::new();
        for name in self.names() {
            names.push(text(name)?);
        }
        let (coefficient, nulls) = (self.coefficient.name(), self.nulls.name());
        write!(out, "{{\"schema\": \"{SCHEMA}\",\n \"coefficient\": \"{coefficient}\",\n \"nulls\": \"{nulls}\",\n ")?;
        write!(out, "\"columns\": [{}],\n \"values\": [", names.join(", "))?;
        let all = self.names().len();
        for row in 0..all {
            let mut line = Vec::new();
            for column in 0..all {
                line.extend_from_slice(if column == 0 { b"" } else { b", " });
                write_value(&mut line, self.get(row, column))?;
            }
            out.write_all(if row == 0 { b"\n  [" } else { b",\n  [" })?;
            out.write_all(&line)?;
            out.write_all(b"]")?;
        }
        out.write_all(b"],\n \"counts\": [")?;
        for row in 0..all {
            let counts: Vec<String> = (0..all).map(|column| self.count(row, column).to_string()).collect();
            write!(out, "{}\n  [{}]", if row == 0 { "" } else { "," }, counts.join(", "))?;
        }
        out.write_all(b"]}\n")
    }

    /// Writes one JSON object a pair of different columns, each on its own line: both names, the coefficient and the number of rows.
    ///
    /// # Errors
    ///
    /// What writing to `out` fails with.
    pub fn write_ndjson(&self, mut out: impl Write) -> io::Result<()> {
        for a in 0..self.names().len() {
            for b in a + 1..self.names().len() {
                let names = (text(&self.names()[a])?, text(&self.names()[b])?);
                let mut line = Vec::new();
                write!(line, "{{\"a\": {}, \"b\": {}, \"{}\": ", names.0, names.1, self.coefficient)?;
                write_value(&mut line, self.get(a, b))?;
                out.write_all(&line)?;
                writeln!(out, ", \"count\": {}}}", self.count(a, b))?;
            }
        }
        Ok(())
    }

    /// Writes the matrix as CSV, a row a column.
    ///
    /// # Errors
    ///
    /// What writing to `out` fails with.
    #[cfg(feature = "stream")]
    pub fn write_csv(&self, out: impl Write) -> io::Result<()> {
        super::csv::write_table(&self.to_record_batch().map_err(io::Error::other)?, out)
    }

    /// The matrix as a table of Markdown.
    #[cfg(feature = "table")]
    pub fn to_markdown(&self) -> String {
        format!("{}\n\n{} · nulls: {}\n", markdown(&self.lines()), self.coefficient, self.nulls.name())
    }

    /// The names across, and a line a column.
    #[cfg(feature = "table")]
    fn lines(&self) -> Vec<Vec<String>> {
        let mut lines = vec![std::iter::once(String::new()).chain(self.names().iter().cloned()).collect::<Vec<_>>()];
        for (row, name) in self.names().iter().enumerate() {
            let cells = (0..self.names().len()).map(|column| readable(self.get(row, column).map(Figure::Float)));
            lines.push(std::iter::once(name.clone()).chain(cells).collect());
        }
        lines
    }

    /// A table of at most `width` characters, in blocks if need be.
    #[cfg(feature = "table")]
    pub fn to_table(&self, width: usize) -> String {
        format!("{}{} · nulls: {}", laid_out_pairs(&self.lines(), width), self.coefficient, self.nulls.name())
    }

    /// A `<table>`, whose cells are the darker the stronger a correlation is.
    pub fn to_html(&self) -> String {
        let mut html = format!("<table>\n<caption>{}</caption>\n<thead><tr><th></th>", self.coefficient);
        self.names().iter().for_each(|name| html.push_str(&format!("<th scope=\"col\">{}</th>", escape(name))));
        html.push_str("</tr></thead>\n<tbody>\n");
        for (row, name) in self.names().iter().enumerate() {
            let _ = write!(html, "<tr><th scope=\"row\">{}</th>", escape(name)); // a String takes everything
            for column in 0..self.names().len() {
                let value = self.get(row, column);
                let strength = value.filter(|value| value.abs() <= 1.0).map_or(0.0, f64::abs);
                let hue = if value.is_some_and(|value| value < 0.0) { "214, 96, 77" } else { "67, 147, 195" };
                let shown = value.map_or(String::new(), number);
                let _ = write!(html, "<td style=\"background: rgba({hue}, {:.2})\">{shown}</td>", strength * 0.6);
            }
            html.push_str("</tr>\n");
        }
        html.push_str("</tbody>\n</table>");
        html
    }
}
