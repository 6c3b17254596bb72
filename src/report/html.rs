//! The answer as an HTML table, for notebooks.

use std::fmt::Write;

use super::Report;
use super::json::number;

impl Report {
    /// A `<table>` with a row a series, numbers in full.
    pub fn to_html(&self) -> String {
        let mut html =
            String::from("<table>\n<thead><tr><th>column</th><th>count</th><th>null_count</th><th>nan_count</th>");
        for name in self.spec.field_names().iter() {
            let _ = write!(html, "<th>{}</th>", escape(name)); // a String takes everything
        }
        html.push_str("</tr></thead>\n<tbody>\n");
        for summary in &self.series {
            let column = escape(summary.column.as_deref().unwrap_or(""));
            let (count, null_count, nan_count) = (summary.count, summary.null_count, summary.nan_count);
            let _ = write!(html, "<tr><th>{column}</th><td>{count}</td><td>{null_count}</td><td>{nan_count}</td>");
            for (_, value) in summary.statistics() {
                let text = match value {
                    None => String::new(),
                    Some(value) if value.is_nan() => "NaN".to_owned(),
                    Some(value) if value.is_infinite() => if value > 0.0 { "∞" } else { "−∞" }.to_owned(),
                    Some(value) => number(value),
                };
                let _ = write!(html, "<td>{text}</td>");
            }
            html.push_str("</tr>\n");
        }
        html.push_str("</tbody>\n</table>");
        html
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
