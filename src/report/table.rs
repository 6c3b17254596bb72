//! The answer as a table for people.

use comfy_table::{Attribute, Cell, CellAlignment, Color, Table, TableStyle, presets};

use super::bars;
use super::document::shown_rows;
use super::part_rows::PartRows;
use super::readable::{asked, readable};
use super::{COUNTS, Report};
use crate::describe::Part;
use crate::escape::{MESSAGE, NAME, shown};
use crate::keys::Key;
use crate::num::figure::Figure;
use crate::series::series_kind::SeriesKind;

/// Up to this many series, the statistics stand below each other, a column of the table a series, as in pandas'
/// `describe`.
const UPRIGHT: usize = 6;

/// The most series that are shown: of more, the first and the last ones.
const SHOWN: usize = 40;

/// The most errors that are named below it.
const ERRORS: usize = 20;

/// The most columns that were left out, named below it.
const LEFT_OUT: usize = 20;

impl Report {
    /// A table of at most `width` characters, if need be in blocks: statistics down and series across if these are few,
    /// else a line a series. The footer names what was asked, and the files that were left out.
    pub fn to_table(&self, width: usize) -> String {
        self.table(width, SHOWN, Look::Plain)
    }

    /// The same for a terminal that has colours: what a value is of stands out, NaNs and infinities catch the eye, and what is not there
    /// does not.
    pub fn to_coloured_table(&self, width: usize) -> String {
        self.table(width, SHOWN, Look::Coloured)
    }

    /// The same with all rows, whatever their number.
    pub fn to_whole_table(&self, width: usize) -> String {
        self.table(width, usize::MAX, Look::Plain)
    }

    /// All rows as tables of Markdown, one for each kind of columns, numbers as in [`to_table`](Self::to_table); the footer follows as text.
    pub fn to_markdown(&self) -> String {
        let mut text = String::new();
        for section in self.sections(usize::MAX) {
            if let Some(kind) = section.kind {
                text.push_str(&format!("**{}**\n\n", kind.plural()));
            }
            let is_upright = section.by == 0 && section.rows <= UPRIGHT;
            let lines = if is_upright { transpose(&section.lines) } else { section.lines };
            text.push_str(&format!("{}\n\n", markdown(&lines)));
        }
        text.push_str(&format!("{}\n", self.footer(usize::MAX).replace('\n', "  \n")));
        text
    }

    fn table(&self, width: usize, most: usize, look: Look) -> String {
        let mut text = String::new();
        for section in self.sections(most) {
            if let Some(kind) = section.kind {
                text.push_str(&format!("{}\n", look.bold(kind.plural())));
            }
            text.push_str(&laid_out(&section.lines, section.rows, section.by, width, look));
        }
        for (index, line) in self.footer(most).lines().enumerate() {
            let line = if index == 0 { look.dim(line) } else { look.warning(line) };
            text.push_str(&format!("{line}\n"));
        }
        text
    }

    /// The columns of each kind.
    fn sections(&self, most: usize) -> Vec<Section> {
        let mut sections = Vec::new();
        if !self.series.is_empty() || self.parts.is_empty() {
            let by = self.series.keys().map_or(0, |keys| keys.num_columns());
            let kind = (!self.parts.is_empty()).then_some(SeriesKind::Number);
            sections.push(Section { kind, lines: self.lines(most), rows: self.series.len(), by });
        }
        for part in &self.parts {
            let by = part.keys().map_or(0, |keys| keys.num_columns());
            sections.push(Section { kind: Some(part.kind()), lines: part_lines(part, most), rows: part.len(), by });
        }
        sections
    }

    /// The header of the numbers, and their rows: all, or the first and the last ones if there are more than `most`.
    fn lines(&self, most: usize) -> Vec<Vec<String>> {
        let series = &self.series;
        let keys = series.read_keys().ok().flatten();
        let mut header = self.columns();
        if !series.are_windows() {
            header[0].clear();
        }
        let mut lines = vec![header];
        for row in self.shown(most) {
            let Some(row) = row else {
                lines.push(vec!["…".to_owned(); self.columns().len()]);
                continue;
            };
            let of_row = keys.iter().flat_map(|keys| keys.row(series.key_row(row))).map(|(_, key)| key.to_string());
            let mut line = self.labels(series.column(row).unwrap_or("(unnamed)").to_owned(), of_row);
            let counts = series.counts(row);
            line.extend(
                (0..COUNTS.len()).map(|index| counts.map_or("–".to_owned(), |counts| counts[index].to_string())),
            );
            line.extend(series.figures(row).map(|(_, figure)| readable(figure)));
            if series.histograms().is_some() {
                line.push(series.histogram(row).map_or("–".to_owned(), |histogram| bars::line(&histogram)));
            }
            lines.push(line);
        }
        lines
    }

    fn footer(&self, most: usize) -> String {
        let mut parts = Vec::new();
        let longest = self.parts.iter().map(Part::len).chain([self.series.len()]).max().unwrap_or(0);
        if longest > most {
            parts.push(format!("{most} of {longest} rows are shown"));
        }
        let source = &self.source;
        if source.is_files() {
            let files = if source.files == 1 { "file" } else { "files" };
            parts.push(format!("{} {files}, {} rows", source.files, source.rows));
        }
        if let Some(kept) = &source.kept {
            parts.push(format!("where {}: {} rows", shown(&kept.predicate, NAME), kept.rows));
        }
        parts.extend(asked(&self.spec));
        let mut footer = parts.join(" · ");
        if let Some(columns) = source.columns_left_out(LEFT_OUT) {
            footer.push_str(&format!("\n{columns}"));
        }
        if let Some((title, lines)) = source.skipped(ERRORS) {
            footer.push_str(&format!("\n{title}:"));
            lines.iter().for_each(|line| footer.push_str(&format!("\n  {}", shown(line, MESSAGE))));
        }
        footer
    }
}

/// Whether a table has colours.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Plain,
    Coloured,
}

impl Look {
    fn with(self, code: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Coloured => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }

    fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    fn warning(self, text: &str) -> String {
        self.with("33", text)
    }

    /// A cell of a header, of a label or of a value.
    fn cell(self, text: &str, is_label: bool) -> Cell {
        let cell = Cell::new(text);
        match text {
            _ if self == Self::Plain => cell,
            _ if is_label => cell.add_attribute(Attribute::Bold),
            "–" => cell.add_attribute(Attribute::Dim),
            "NaN" | "∞" | "−∞" => cell.fg(Color::Yellow),
            text if bars::are_bars(text) => cell.fg(Color::Blue),
            _ => cell,
        }
    }
}

/// The columns of a kind, as text.
struct Section {
    /// The kind, where there are others.
    kind: Option<SeriesKind>,
    /// The header, and the rows that are shown.
    lines: Vec<Vec<String>>,
    /// All rows.
    rows: usize,
    /// How many columns of keys there are.
    by: usize,
}

/// Lines as a table that fits the width, if need be in blocks below each other: with the series side by side if they are few and have no
/// keys, else a line a series, whose column and keys stand before each block.
fn laid_out(lines: &[Vec<String>], rows: usize, by: usize, width: usize, look: Look) -> String {
    let is_upright = by == 0 && rows <= UPRIGHT;
    let upright = || transpose(lines);
    if is_upright && fits(&upright(), width) {
        return render(&upright(), presets::UTF8_FULL_CONDENSED, 1, look) + "\n";
    }
    if fits(lines, width) {
        return render(lines, presets::UTF8_FULL_CONDENSED, 1 + by, look) + "\n";
    }
    let (lines, labels) = if is_upright { (upright(), 1) } else { (lines.to_vec(), 1 + by) };
    let blocks = blocks(&lines, labels, width);
    blocks.iter().map(|block| render(block, presets::UTF8_FULL_CONDENSED, labels, look) + "\n").collect()
}

/// Lines as a table of Markdown.
pub(super) fn markdown(lines: &[Vec<String>]) -> String {
    let escaped = |cell: &String| cell.replace('\\', "\\\\").replace('|', "\\|");
    let lines: Vec<Vec<String>> = lines.iter().map(|line| line.iter().map(escaped).collect()).collect();
    render(&lines, presets::ASCII_MARKDOWN, 1, Look::Plain)
}

/// Lines whose first cell says what they are of, in blocks below each other if they do not fit the width.
pub(super) fn laid_out_pairs(lines: &[Vec<String>], width: usize) -> String {
    let blocks = if fits(lines, width) { vec![lines.to_vec()] } else { blocks(lines, 1, width) };
    blocks.iter().map(|block| render(block, presets::UTF8_FULL_CONDENSED, 1, Look::Plain) + "\n").collect()
}

/// The characters that each column of a table takes, its line included.
fn widths(lines: &[Vec<String>]) -> Vec<usize> {
    let columns = lines.first().map_or(0, Vec::len);
    let width = |column: usize| lines.iter().map(|line| shown(&line[column], NAME).chars().count()).max().unwrap_or(0);
    (0..columns).map(|column| width(column) + 3).collect()
}

fn fits(lines: &[Vec<String>], width: usize) -> bool {
    widths(lines).iter().sum::<usize>() < width
}

/// The columns of a table in blocks that fit the width, each after the first `labels` columns.
fn blocks(lines: &[Vec<String>], labels: usize, width: usize) -> Vec<Vec<Vec<String>>> {
    let widths = widths(lines);
    let of_labels: usize = widths[..labels].iter().sum();
    let (mut blocks, mut taken): (Vec<Vec<usize>>, usize) = (Vec::new(), usize::MAX);
    for (column, of_column) in widths.iter().enumerate().skip(labels) {
        if taken.saturating_add(*of_column) >= width {
            blocks.push((0..labels).collect());
            taken = of_labels;
        }
        taken += of_column;
        if let Some(block) = blocks.last_mut() {
            block.push(column);
        }
    }
    let cells = |block: &Vec<usize>, line: &Vec<String>| block.iter().map(|&column| line[column].clone()).collect();
    blocks.iter().map(|block| lines.iter().map(|line| cells(block, line)).collect()).collect()
}

/// The rows of a part below their header: all, or the first and the last ones if there are more than `most`.
fn part_lines(part: &Part, most: usize) -> Vec<Vec<String>> {
    let Ok(rows) = PartRows::new(part) else { return Vec::new() };
    let key_names = rows.key_names().map(str::to_owned);
    let header: Vec<String> = std::iter::once(String::new()).chain(key_names).chain(part.names()).collect();
    let width = header.len();
    let line = |row: Option<usize>| {
        let Some(row) = row else { return vec!["…".to_owned(); width] };
        let keys = rows.keys(row).into_iter().flatten().map(|(_, key)| key.to_string());
        let answers = rows.answers(row).map(|(_, value)| match value {
            Key::Null => "–".to_owned(),
            Key::Float(value) => readable(Some(Figure::Float(value))),
            value => value.to_string(),
        });
        let name = rows.column(row).unwrap_or("(unnamed)").to_owned();
        std::iter::once(name).chain(keys).chain(answers).collect()
    };
    std::iter::once(header).chain(shown_rows(rows.len(), most).into_iter().map(line)).collect()
}

fn transpose(lines: &[Vec<String>]) -> Vec<Vec<String>> {
    let rows = lines.first().map_or(0, Vec::len);
    (0..rows).map(|row| lines.iter().map(|line| line[row].clone()).collect()).collect()
}

/// A header and lines, of which the first `labels` cells say what they are of.
fn render(lines: &[Vec<String>], style: TableStyle, labels: usize, look: Look) -> String {
    let mut table = Table::new();
    table.load_style(style);
    match look {
        Look::Plain => table.force_no_tty(),
        Look::Coloured => table.enforce_styling(),
    };
    let aligned = |is_header: bool| {
        move |(index, text): (usize, &String)| {
            let alignment = if index == 0 { CellAlignment::Left } else { CellAlignment::Right };
            look.cell(&shown(text, NAME), is_header || index < labels).set_alignment(alignment)
        }
    };
    let mut lines = lines.iter().enumerate().map(|(index, line)| line.iter().enumerate().map(aligned(index == 0)));
    if let Some(header) = lines.next() {
        table.set_header(header);
    }
    lines.for_each(|line| {
        table.add_row(line);
    });
    table.to_string()
}
