//! The page, put together.

use askama::Template;

use super::charts;
use super::columns::{Answer, Column, Row, columns_of};
use super::warnings;
use crate::escape::{NAME, shown};
use crate::num::figure::Figure;
use crate::pairs::{Coefficient, PairMatrix};
use crate::report::Report;
use crate::report::readable::{asked, grouped, percent, readable};
use crate::series::series_kind::SeriesKind;

/// The most groups whose pictures stand beside each other: those of the most rows.
const GROUPS: usize = 12;

/// The most columns, or files, that are named as left out.
const LEFT_OUT: usize = 50;

/// What a page has beside the answer for whole columns.
#[derive(Clone, Debug, Default)]
pub struct Page {
    title: String,
    groups: Option<Report>,
    pairs: Option<PairMatrix>,
    notes: Vec<String>,
}

impl Page {
    /// A page of this title.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// The same with the answer for groups of the same columns, which are compared.
    pub fn with_groups(self, groups: Report) -> Self {
        Self { groups: Some(groups), ..self }
    }

    /// The same with the coefficients of pairs of columns.
    pub fn with_pairs(self, pairs: PairMatrix) -> Self {
        Self { pairs: Some(pairs), ..self }
    }

    /// The same with a line about what is not on it.
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}

impl Report {
    /// The answer as a page to look at: one file of HTML that loads nothing. It has a card for each column, with its statistics, its histogram and box
    /// plot, its most frequent values, and what is worth a warning; then the correlations, if `page` has them. The statistics are those
    /// of the answer, whichever they are; [`Spec::for_page`](crate::Spec::for_page) asks for all that a page shows. An answer for groups alone
    /// is compared without the columns as a whole.
    ///
    /// ```
    /// use rstats::report::{Page, Report, Source};
    /// use rstats::{BinCount, Interrupt, Series, Spec, Summaries, describe_all};
    ///
    /// let spec = Spec::default().for_page(BinCount::Auto, 10)?;
    /// let series = Series::from_arrays(Some("price".to_owned()), vec![arrow_array::create_array!(Float64, [3.0, 1.5, 2.0])])?;
    /// let answers = Summaries::new(&spec, describe_all(&[series], &spec, &Interrupt::default())?);
    /// let page = Report::new(spec, Source::default(), answers).to_page(&Page::new("Prices"));
    /// assert!(page.starts_with("<!DOCTYPE html>") && page.contains("price"));
    /// # Ok::<(), rstats::Error>(())
    /// ```
    pub fn to_page(&self, page: &Page) -> String {
        let has_groups = self.series.keys().is_some() || self.parts.iter().any(|part| part.keys().is_some());
        let mut whole = columns_of(self);
        let groups = match &page.groups {
            Some(groups) => columns_of(groups),
            None if has_groups => {
                // Of its columns the groups alone are known.
                let groups = whole.clone();
                whole.iter_mut().for_each(|column| column.rows.clear());
                groups
            }
            None => Vec::new(),
        };
        let keys = page.groups.as_ref().unwrap_or(self);
        let cards: Vec<Card> =
            whole.iter().enumerate().map(|(index, column)| Card::new(index, column, &groups)).collect();
        let view = View {
            title: if page.title.is_empty() { "Report" } else { &page.title },
            facts: self.facts(&whole, &groups, keys),
            warnings: cards.iter().flat_map(Card::named_warnings).collect(),
            pair_warnings: page.pairs.as_ref().map(warnings::of_pairs).unwrap_or_default(),
            sections: sections(cards),
            pairs: page.pairs.as_ref().filter(|pairs| pairs.names().len() > 1).map(Pairs::new),
            left_out: self.left_out(),
            notes: &page.notes,
            footer: self.page_footer(),
        };
        // A String takes everything.
        view.render().unwrap_or_default()
    }

    /// What stands at the head of the page.
    fn facts(&self, whole: &[Column], groups: &[Column], keys: &Report) -> Vec<Fact> {
        let mut facts = Vec::new();
        let rows_of =
            |columns: &[Column]| columns.iter().map(|column| column.rows.iter().map(|row| row.rows).sum::<u64>()).max();
        let seen = rows_of(whole).max(rows_of(groups)).unwrap_or_default();
        facts.push(Fact::new("rows", grouped(self.source.rows.max(seen))));
        if let Some(kept) = &self.source.kept {
            facts.push(Fact::new(format!("rows where {}", shown(&kept.predicate, NAME)), grouped(kept.rows)));
        }
        facts.push(Fact::new("columns", grouped(whole.len() as u64)));
        let cells: u64 = whole.iter().flat_map(|column| &column.rows).map(|row| row.rows).sum();
        let missing: u64 = whole.iter().flat_map(|column| &column.rows).map(|row| row.null_count).sum();
        if cells > 0 {
            facts.push(Fact::new("missing values", percent(missing as f64 / cells as f64)));
        }
        if let Some(column) = groups.first() {
            let names = keys.series.keys().or_else(|| keys.parts.first()?.keys()).map(|keys| keys.schema());
            let names: Vec<String> =
                names.iter().flat_map(|schema| schema.fields()).map(|field| field.name().clone()).collect();
            facts.push(Fact::new(format!("groups by {}", names.join(", ")), grouped(column.rows.len() as u64)));
        }
        if self.source.is_files() {
            facts.push(Fact::new("files", grouped(self.source.files as u64)));
        }
        if let Some(bytes) = self.source.bytes {
            facts.push(Fact::new("size", crate::error::size(bytes)));
        }
        facts
    }

    fn left_out(&self) -> Vec<String> {
        let columns = self.source.columns_left_out(LEFT_OUT).into_iter();
        let files = self
            .source
            .skipped(LEFT_OUT)
            .into_iter()
            .flat_map(|(title, lines)| std::iter::once(format!("{title}:")).chain(lines));
        columns.chain(files).collect()
    }

    fn page_footer(&self) -> String {
        let mut parts = vec![format!("rstats {}", env!("CARGO_PKG_VERSION"))];
        parts.extend(asked(&self.spec));
        parts.join(" · ")
    }
}

/// The whole page.
#[derive(Template)]
#[template(path = "page.html")]
struct View<'a> {
    title: &'a str,
    facts: Vec<Fact>,
    warnings: Vec<NamedWarning>,
    pair_warnings: Vec<String>,
    sections: Vec<Section>,
    pairs: Option<Pairs>,
    left_out: Vec<String>,
    notes: &'a [String],
    footer: String,
}

/// A name and a value.
struct Fact {
    name: String,
    value: String,
    /// What outputs for programs call it.
    formal: String,
}

impl Fact {
    fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into(), formal: String::new() }
    }
}

/// A warning with the card that it leads to.
struct NamedWarning {
    id: String,
    name: String,
    text: String,
}

/// The columns of a kind.
struct Section {
    kind: &'static str,
    cards: Vec<Card>,
}

fn sections(cards: Vec<Card>) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for card in cards {
        match sections.last_mut().filter(|section| section.kind == card.kind.plural()) {
            Some(section) => section.cards.push(card),
            None => sections.push(Section { kind: card.kind.plural(), cards: vec![card] }),
        }
    }
    sections
}

/// A column.
struct Card {
    id: String,
    name: String,
    kind: SeriesKind,
    warnings: Vec<String>,
    facts: Vec<Fact>,
    /// Whether the values of the facts are long texts.
    is_long: bool,
    picture: Option<String>,
    /// The bins as a table, for those who want to read them.
    bins: Vec<[String; 2]>,
    frequent: Vec<Frequent>,
    rest: Option<String>,
    groups: Option<GroupTable>,
}

impl Card {
    fn new(index: usize, column: &Column, groups: &[Column]) -> Self {
        let row = column.rows.first();
        let of_groups = groups.iter().find(|groups| groups.name == column.name && groups.kind == column.kind);
        Self {
            id: format!("column-{}", index + 1),
            name: column.name.clone(),
            kind: column.kind,
            warnings: row.map(|row| warnings::of_column(column, row)).unwrap_or_default(),
            facts: row.map(facts_of).unwrap_or_default(),
            is_long: matches!(column.kind, SeriesKind::Time | SeriesKind::Text),
            picture: row.and_then(|row| charts::large(row, column.axis, &column.name)),
            bins: row.map(bins_of).unwrap_or_default(),
            frequent: row.map(|row| frequent(column, row)).unwrap_or_default(),
            rest: row.and_then(rest),
            groups: of_groups.map(GroupTable::new),
        }
    }

    /// Its warnings in one line, if it has any.
    fn named_warnings(&self) -> Option<NamedWarning> {
        let all = || NamedWarning { id: self.id.clone(), name: self.name.clone(), text: self.warnings.join(", ") };
        (!self.warnings.is_empty()).then(all)
    }
}

/// What stands first in a card: a value's place among the others.
const ORDER: [&str; 13] =
    ["n_unique", "n_empty", "min", "p1", "p5", "q1", "median", "q3", "p95", "p99", "max", "mean", "stddev"];

/// The counts and the statistics, by the names that people know.
fn facts_of(row: &Row) -> Vec<Fact> {
    let with_share = |count: u64| match row.rows {
        0 => grouped(count),
        rows => format!("{} ({})", grouped(count), percent(count as f64 / rows as f64)),
    };
    let mut facts = vec![Fact::new("values", grouped(row.count)), Fact::new("missing", with_share(row.null_count))];
    if row.nan_count > 0 {
        facts.push(Fact::new("NaN", with_share(row.nan_count)));
    }
    let rank = |answer: &&Answer| ORDER.iter().position(|name| *name == answer.name).unwrap_or(ORDER.len());
    let mut answers: Vec<&Answer> = row.answers.iter().collect();
    answers.sort_by_key(rank); // those of one rank keep their order
    for Answer { name, .. } in answers {
        facts.push(Fact { name: known_name(name).to_owned(), value: value_of(row, name), formal: name.clone() });
    }
    facts
}

/// A statistic as it stands on the page.
fn value_of(row: &Row, name: &str) -> String {
    let whole = row.place(name).filter(|_| is_count(name)).map(|count| grouped(count as u64));
    whole.or_else(|| row.text(name).map(str::to_owned)).unwrap_or_else(|| "–".to_owned())
}

fn is_count(name: &str) -> bool {
    name.starts_with("n_") || ["mode_count", "min_length", "max_length"].contains(&name)
}

/// What people call a statistic.
fn known_name(name: &str) -> &str {
    const NAMES: [(&str, &str); 20] = [
        ("stddev", "std. dev."),
        ("p5", "5 %"),
        ("q1", "25 % (q1)"),
        ("q3", "75 % (q3)"),
        ("p95", "95 %"),
        ("n_zero", "zeros"),
        ("n_negative", "negative"),
        ("lower_fence", "lower fence"),
        ("upper_fence", "upper fence"),
        ("n_low_outliers", "outliers below"),
        ("n_high_outliers", "outliers above"),
        ("n_true", "true"),
        ("n_empty", "empty"),
        ("n_unique", "distinct"),
        ("min_length", "shortest"),
        ("max_length", "longest"),
        ("mean_length", "mean length"),
        ("mode_count", "times the mode"),
        ("mean_ci_low", "mean, at least"),
        ("mean_ci_high", "mean, at most"),
    ];
    NAMES.iter().find(|(formal, _)| *formal == name).map_or(name, |(_, known)| known)
}

fn bins_of(row: &Row) -> Vec<[String; 2]> {
    const MOST: usize = 200;
    let Some(bins) = row.histogram.as_ref().filter(|bins| bins.counts.len() <= MOST) else { return Vec::new() };
    let edge = |edge: f64| readable(Some(Figure::Float(edge)));
    let bin = |(edges, count): (&[f64], &u64)| [format!("{} – {}", edge(edges[0]), edge(edges[1])), grouped(*count)];
    bins.edges.windows(2).zip(&bins.counts).map(bin).collect()
}

/// A frequent value.
struct Frequent {
    value: String,
    count: String,
    share: String,
    /// The length of its bar, in percent.
    width: String,
}

impl Frequent {
    fn new(value: &str, count: u64, row: &Row) -> Self {
        let share = count as f64 / row.count.max(1) as f64;
        Self {
            value: value.to_owned(),
            count: grouped(count),
            share: percent(share),
            width: format!("{:.1}", share * 100.0),
        }
    }
}

/// The most frequent values; of booleans both.
fn frequent(column: &Column, row: &Row) -> Vec<Frequent> {
    if let (SeriesKind::Boolean, Some(n_true)) = (column.kind, row.place("n_true")) {
        let n_true = n_true as u64;
        return vec![Frequent::new("true", n_true, row), Frequent::new("false", row.count.saturating_sub(n_true), row)];
    }
    // Where each is there once, none is frequent.
    let top = row.top.iter().flatten().filter(|_| row.top.iter().flatten().any(|(_, count)| *count > 1));
    top.map(|(value, count)| Frequent::new(value, *count, row)).collect()
}

/// What is not among the frequent values.
fn rest(row: &Row) -> Option<String> {
    let top = row.top.as_ref()?;
    let distinct = (row.place("n_unique")? as u64).checked_sub(top.len() as u64).filter(|distinct| *distinct > 0)?;
    let rows = row.count - top.iter().map(|(_, count)| count).sum::<u64>();
    let share = percent(rows as f64 / row.count.max(1) as f64);
    let values = if distinct == 1 { "other value" } else { "other values" };
    Some(format!("{} {values} in {} rows ({share})", grouped(distinct), grouped(rows)))
}

/// The groups of a column beside each other.
struct GroupTable {
    names: Vec<&'static str>,
    rows: Vec<GroupRow>,
    note: Option<String>,
    has_pictures: bool,
}

struct GroupRow {
    group: String,
    cells: Vec<String>,
    picture: Option<String>,
}

impl GroupTable {
    fn new(column: &Column) -> Self {
        let mut shown: Vec<&Row> = column.rows.iter().collect();
        if shown.len() > GROUPS {
            let mut sizes: Vec<u64> = shown.iter().map(|row| row.rows).collect();
            sizes.sort_unstable_by(|a, b| b.cmp(a));
            let least = sizes[GROUPS - 1];
            shown.retain(|row| row.rows >= least);
            shown.truncate(GROUPS);
        }
        let names: &[&'static str] = match column.kind {
            SeriesKind::Number | SeriesKind::Time => &["min", "mean", "median", "max"],
            SeriesKind::Boolean => &["mean"],
            SeriesKind::Text => &["n_unique", "min", "max"],
            SeriesKind::Other => &[],
        };
        let is_there = |name: &&&str| shown.iter().any(|row| row.text(name).is_some());
        let names: Vec<&'static str> = names.iter().filter(is_there).copied().collect();
        let extent = charts::common_extent(shown.iter().copied());
        let of_row = |row: &&Row| {
            let title = format!("{}, {}", column.name, row.group);
            let cells = names.iter().map(|name| value_of(row, name));
            let counts = [grouped(row.count), grouped(row.null_count)];
            GroupRow {
                group: row.group.clone(),
                cells: counts.into_iter().chain(cells).collect(),
                picture: extent.and_then(|extent| charts::small(row, column.axis, extent, &title)),
            }
        };
        let rows: Vec<GroupRow> = shown.iter().map(of_row).collect();
        let note = column.rows.len().checked_sub(rows.len()).filter(|more| *more > 0);
        Self {
            has_pictures: rows.iter().any(|row| row.picture.is_some()),
            names: ["values", "missing"].into_iter().chain(names.into_iter().map(known_name)).collect(),
            note: note.map(|more| {
                format!("The {GROUPS} groups of the most rows; {} more are not shown.", grouped(more as u64))
            }),
            rows,
        }
    }
}

/// The matrix of coefficients.
struct Pairs {
    coefficient: &'static str,
    names: Vec<String>,
    rows: Vec<(String, Vec<PairCell>)>,
}

struct PairCell {
    text: String,
    /// How strong the colour is, from 0 to 1, and whether the coefficient is below 0.
    strength: String,
    is_negative: bool,
    title: String,
}

impl Pairs {
    fn new(pairs: &PairMatrix) -> Self {
        let names = pairs.names();
        let cell = |a: usize, b: usize| {
            let value = pairs.get(a, b);
            let strength = value.filter(|value| value.abs() <= 1.0).map_or(0.0, f64::abs);
            PairCell {
                text: value.map_or("–".to_owned(), |value| format!("{value:.2}")),
                strength: format!("{strength:.2}"),
                is_negative: value.is_some_and(|value| value < 0.0),
                title: format!("{} and {}: {} rows", names[a], names[b], grouped(pairs.count(a, b))),
            }
        };
        let row = |a: usize| (names[a].clone(), (0..names.len()).map(|b| cell(a, b)).collect());
        let coefficient = match pairs.coefficient {
            Coefficient::Covariance => "Covariance",
            Coefficient::Pearson => "Pearson’s r",
            Coefficient::Spearman => "Spearman’s ρ",
            Coefficient::Kendall => "Kendall’s τ-b",
        };
        Self { coefficient, names: names.to_vec(), rows: (0..names.len()).map(row).collect() }
    }
}
