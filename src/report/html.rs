//! The answer as an HTML table, for notebooks.

use std::fmt::Write;

use super::bars;
use super::document::shown_rows;
use super::part_rows::PartRows;
use super::{COUNTS, Report};
use crate::describe::Part;
use crate::escape::{MESSAGE, shown};
use crate::keys::Key;
use crate::num::figure::Figure;
use crate::num::text::number;
use crate::series::series_kind::SeriesKind;
use crate::spec::is_count;

/// Rows of a table in a notebook.
const SHOWN: usize = 60;

/// Errors below it, and columns that were left out.
const ERRORS: usize = 20;

impl Report {
    /// A `<table>` with a row a series, numbers in full; of very many series the first and the last ones.
    /// Files that were left out are named below it.
    pub fn to_html(&self) -> String {
        let mut html = String::new();
        if !self.series.is_empty() || self.parts.is_empty() {
            let caption = Some(SeriesKind::Number).filter(|_| !self.parts.is_empty());
            self.write_numbers(caption, &mut html);
        }
        self.parts.iter().for_each(|part| write_part(part, &mut html));
        if let Some(columns) = self.source.columns_left_out(ERRORS) {
            let _ = write!(html, "\n<p>{}</p>", escape(&columns));
        }
        if let Some((title, lines)) = self.source.skipped(ERRORS) {
            let _ = write!(html, "\n<p>{title}:</p>\n<ul>\n");
            lines.iter().for_each(|line| html.push_str(&format!("<li>{}</li>\n", escape(line))));
            html.push_str("</ul>");
        }
        html
    }

    /// The table of numbers; with a caption where others follow.
    fn write_numbers(&self, caption: Option<SeriesKind>, html: &mut String) {
        html.push_str("<table>\n");
        if let Some(kind) = caption {
            let _ = writeln!(html, "<caption>{}</caption>", kind.plural()); // a String takes everything
        }
        html.push_str("<thead><tr>");
        for name in self.columns() {
            let _ = write!(html, "<th>{}</th>", escape(&name));
        }
        html.push_str("</tr></thead>\n<tbody>\n");
        let series = &self.series;
        let keys = series.read_keys().ok().flatten();
        for row in self.shown(SHOWN) {
            let Some(row) = row else {
                let _ = writeln!(html, "<tr><td colspan=\"{}\">…</td></tr>", self.columns().len());
                continue;
            };
            html.push_str("<tr>");
            let of_row = keys.iter().flat_map(|keys| keys.row(series.key_row(row))).map(|(_, key)| key.to_string());
            for label in self.labels(series.column(row).unwrap_or("").to_owned(), of_row) {
                let _ = write!(html, "<th>{}</th>", escape(&label));
            }
            for index in 0..COUNTS.len() {
                let count = series.counts(row).map_or(String::new(), |counts| counts[index].to_string());
                let _ = write!(html, "<td>{count}</td>");
            }
            for (name, figure) in series.figures(row) {
                let text = match figure {
                    None => String::new(),
                    Some(Figure::Integer(value)) => value.to_string(),
                    Some(Figure::Decimal(value)) => value.to_string(),
                    Some(Figure::Float(value)) => match value {
                        value if value.is_nan() => "NaN".to_owned(),
                        f64::INFINITY => "∞".to_owned(),
                        f64::NEG_INFINITY => "−∞".to_owned(),
                        value if is_count(name) => format!("{value}"),
                        value => number(value),
                    },
                };
                let _ = write!(html, "<td>{text}</td>");
            }
            if series.histograms().is_some() {
                let bars = series.histogram(row).map_or(String::new(), |histogram| bars::svg(&histogram));
                let _ = write!(html, "<td>{bars}</td>");
            }
            html.push_str("</tr>\n");
        }
        html.push_str("</tbody>\n</table>");
    }
}

/// A part as a table with a caption; of very many rows the first and the last ones.
fn write_part(part: &Part, html: &mut String) {
    let Ok(rows) = PartRows::new(part) else { return };
    let _ = write!(html, "\n<table>\n<caption>{}</caption>\n<thead><tr><th>column</th>", part.kind().plural());
    let names: Vec<String> = rows.key_names().map(str::to_owned).chain(part.names()).collect();
    names.iter().for_each(|name| html.push_str(&format!("<th>{}</th>", escape(name))));
    html.push_str("</tr></thead>\n<tbody>\n");
    for row in shown_rows(rows.len(), SHOWN) {
        let Some(row) = row else {
            let _ = writeln!(html, "<tr><td colspan=\"{}\">…</td></tr>", names.len() + 1);
            continue;
        };
        let _ = write!(html, "<tr><th>{}</th>", escape(rows.column(row).unwrap_or("")));
        for (_, key) in rows.keys(row).into_iter().flatten() {
            let _ = write!(html, "<th>{}</th>", escape(&key.to_string()));
        }
        for (_, value) in rows.answers(row) {
            let text = if value == Key::Null { String::new() } else { value.to_string() };
            let _ = write!(html, "<td>{}</td>", escape(&text));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody>\n</table>");
}

pub(super) fn escape(text: &str) -> String {
    shown(text, MESSAGE).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
