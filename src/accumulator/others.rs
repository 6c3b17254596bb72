//! Columns that hold no numbers: times in ticks, how many booleans are true, the ends and lengths of texts, and counts.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, new_null_array};
use arrow_cast::{CastOptions, cast, cast_with_options};
use arrow_schema::{DataType, Field, FieldRef};
use serde::{Deserialize, Serialize};

use super::{Accumulator, Passes};
#[cfg(feature = "parquet")]
use super::{Column, ScannedColumn};
use crate::describe::{
    Counts, Distinct, Part, TypedColumn, answers_of, boolean_answers, in_ticks, is_text, parts, scans_of, text_answers,
    true_count, wants_distinct,
};
use crate::error::{Error, Result, column};
use crate::interrupt::Interrupt;
use crate::series::key::values_type;
use crate::series::series_kind::{SeriesKind, joined_times};
use crate::series::type_names::type_text;
use crate::series::{Repr, Series};
use crate::spec::Spec;
use crate::stats::texts::TextScan;
use crate::summary::{Summaries, Summary};

/// The columns of an accumulator that hold no numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Others {
    pub columns: Vec<OtherColumn>,
    /// Those of times, in ticks.
    pub ticks: Accumulator,
}

/// A column that holds no numbers, and what is learned of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct OtherColumn {
    name: Option<String>,
    count: u64,
    null_count: u64,
    learned: Learned,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Learned {
    /// A column of no type, which every column may be in a part.
    Nulls,
    /// Of this type: what is learned is in the accumulator of ticks.
    Times(DataType),
    Booleans {
        n_true: u64,
    },
    Texts(LearnedTexts),
    Counted,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct LearnedTexts {
    /// Text rather than bytes.
    is_text: bool,
    /// The values in their order, of an enum.
    order: Option<Vec<Text>>,
    scan: TextScan<'static>,
    /// How many rows have each, where distinct ones are asked for.
    counts: BTreeMap<Text, u64>,
}

type Text = Box<[u8]>;

/// Bytes of the entry of a text, beside the text.
const ENTRY: usize = 48;

/// Rows of nulls that are made at a time.
const NULLS: u64 = 1 << 16;

/// What some rows tell.
#[derive(Default)]
pub(super) struct LearnedRows {
    columns: Vec<OtherColumn>,
    ticks: Vec<Series>,
}

impl LearnedRows {
    /// What columns of equal length tell.
    ///
    /// # Errors
    ///
    /// [`Error::Nulls`] as the spec has it, [`Error::Data`] for damaged data, [`Error::Interrupted`].
    pub fn of(columns: &[TypedColumn], spec: &Spec, interrupt: &Interrupt) -> Result<Self> {
        let mut rows = Self::default();
        for column in columns {
            interrupt.check()?;
            let Counts { count, null_count } = Counts::of(column, None, spec)?;
            let learned = match column.kind() {
                _ if *column.field.data_type() == DataType::Null => Learned::Nulls,
                SeriesKind::Time => {
                    rows.ticks.push(in_ticks(column)?);
                    Learned::Times(values_type(column.field.data_type()).clone())
                }
                SeriesKind::Boolean => {
                    let n_true = column.chunks.iter().map(|chunk| true_count(column, chunk)).sum::<Result<_>>()?;
                    Learned::Booleans { n_true }
                }
                SeriesKind::Text => Learned::Texts(LearnedTexts::of(column, spec, interrupt)?),
                SeriesKind::Number | SeriesKind::Other => Learned::Counted,
            };
            let (count, null_count) = (count.iter().sum(), null_count.iter().sum());
            rows.columns.push(OtherColumn { name: column.name.clone(), count, null_count, learned });
        }
        Ok(rows)
    }

    /// The columns that are not of nulls alone, and what each is called.
    pub fn types(&self) -> impl Iterator<Item = (Option<&str>, String)> {
        typed(&self.columns)
    }

    /// Whether these rows may come to columns.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for a column of another type than before.
    pub fn check(&self, before: Option<&Others>) -> Result<()> {
        check(before, &self.columns)
    }

    /// The bytes that it adds to an accumulator of this question.
    pub fn bytes(&self, keeps_values: bool) -> u64 {
        let ticks: usize =
            self.ticks.iter().filter(|_| keeps_values).map(|ticks| size_of::<i64>() * ticks.rows()).sum();
        (self.columns.iter().map(OtherColumn::bytes).sum::<usize>() + ticks) as u64
    }
}

impl LearnedTexts {
    fn of(column: &TypedColumn, spec: &Spec, interrupt: &Interrupt) -> Result<Self> {
        let scan = scans_of(column, None, spec, interrupt)?.pop().unwrap_or_default();
        let mut counts = BTreeMap::new();
        if wants_distinct(&column.field, spec) {
            let distinct = Distinct::new(column, None)?;
            counts.extend(distinct.counts().map(|(text, count)| (Text::from(text), count)));
        }
        Ok(Self { is_text: is_text(column.field.data_type()), order: order_of(column)?, scan, counts })
    }

    /// The type that its answers are described by.
    fn data_type(&self) -> DataType {
        let values = if self.is_text { DataType::Utf8 } else { DataType::Binary };
        match self.order {
            Some(_) => DataType::Dictionary(Box::new(DataType::Int32), Box::new(values)),
            None => values,
        }
    }

    /// The distinct ones, in their order.
    fn distinct(&self) -> Distinct {
        let counted = |text: &Text| self.counts.get_key_value(text).map(|(text, count)| (&**text, *count));
        match &self.order {
            Some(order) => Distinct::of_counts(order.iter().filter_map(counted)),
            None => Distinct::of_counts(self.counts.iter().map(|(text, count)| (&**text, *count))),
        }
    }
}

/// The values of an enum, in their order.
fn order_of(column: &TypedColumn) -> Result<Option<Vec<Text>>> {
    if column.field.dict_is_ordered() != Some(true) {
        return Ok(None);
    }
    let mut order: Option<Vec<Text>> = None;
    for chunk in &column.chunks {
        let values = chunk.as_any_dictionary_opt().map(|dictionary| cast(dictionary.values(), &DataType::LargeBinary));
        let values = values.transpose().map_err(|error| column.failed(error))?;
        let values = values.iter().flat_map(|values| values.as_binary::<i64>().iter().flatten()).map(Text::from);
        let values: Vec<Text> = values.collect();
        if order.as_ref().is_some_and(|before| *before != values) {
            return Err(column.failed("its enums are of several lists of values; give it one"));
        }
        order = Some(values);
    }
    Ok(Some(order.unwrap_or_default()))
}

impl OtherColumn {
    fn bytes(&self) -> usize {
        let texts = match &self.learned {
            Learned::Texts(texts) => {
                let counted = texts.counts.keys().chain(texts.order.iter().flatten());
                counted.map(|text| text.len() + ENTRY).sum::<usize>() + texts.scan.heap_bytes()
            }
            _ => 0,
        };
        size_of::<Self>() + self.name.as_ref().map_or(0, String::len) + texts
    }

    fn data_type(&self) -> DataType {
        match &self.learned {
            Learned::Nulls | Learned::Counted => DataType::Null,
            Learned::Times(data_type) => data_type.clone(),
            Learned::Booleans { .. } => DataType::Boolean,
            Learned::Texts(texts) => texts.data_type(),
        }
    }

    /// What it is called in messages.
    fn type_text(&self) -> String {
        match &self.learned {
            Learned::Counted => "of a type that is only counted".to_owned(),
            Learned::Texts(LearnedTexts { order: Some(_), .. }) => "an enum".to_owned(),
            _ => format!("of type {}", type_text(&self.data_type())),
        }
    }

    /// Whether more of it may come like this.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] if not.
    fn check(&self, more: &Self) -> Result<()> {
        let fits = match (&self.learned, &more.learned) {
            (Learned::Nulls, _) | (_, Learned::Nulls) | (Learned::Counted, Learned::Counted) => true,
            (Learned::Texts(ours), Learned::Texts(theirs)) if ours.order != theirs.order => {
                return Err(Error::Data(format!(
                    "{} is an enum of other values now than before; give it one list of values",
                    column(self.name.as_deref())
                )));
            }
            _ => self.data_type() == more.data_type() && !matches!(more.learned, Learned::Counted),
        };
        match fits {
            true => Ok(()),
            false => Err(Error::Data(format!(
                "{} is {} now, and was {} before",
                column(self.name.as_deref()),
                more.type_text(),
                self.type_text()
            ))),
        }
    }

    fn merge(&mut self, more: Self) {
        self.count += more.count;
        self.null_count += more.null_count;
        match (&mut self.learned, more.learned) {
            (ours @ Learned::Nulls, theirs) => *ours = theirs,
            (Learned::Booleans { n_true }, Learned::Booleans { n_true: more }) => *n_true += more,
            (Learned::Texts(ours), Learned::Texts(theirs)) => {
                ours.scan.merge(theirs.scan);
                let mut fewer = theirs.counts;
                if ours.counts.len() < fewer.len() {
                    std::mem::swap(&mut ours.counts, &mut fewer);
                }
                for (text, count) in fewer {
                    *ours.counts.entry(text).or_default() += count;
                }
            }
            _ => {}
        }
    }
}

impl Others {
    /// None yet, for this question.
    pub fn new(spec: &Spec, passes: Option<Passes>) -> Self {
        let ticks = Accumulator { passes, ..Accumulator::new(&spec.clone().in_whole_ticks()) };
        Self { columns: Vec::new(), ticks }
    }

    pub fn names(&self) -> impl Iterator<Item = Option<&str>> {
        self.columns.iter().map(|column| column.name.as_deref())
    }

    /// The bytes that they take.
    pub fn bytes(&self) -> u64 {
        self.columns.iter().map(OtherColumn::bytes).sum::<usize>() as u64 + self.ticks.bytes()
    }

    /// Forgets all rows; with passes it is still known where quantiles are looked for.
    pub fn clear(&mut self) {
        self.columns.retain_mut(|column| {
            (column.count, column.null_count) = (0, 0);
            matches!(column.learned, Learned::Times(_))
        });
        self.ticks.clear();
    }

    /// The columns that are not of nulls alone, and what each is called.
    pub fn types(&self) -> impl Iterator<Item = (Option<&str>, String)> {
        typed(&self.columns)
    }

    /// The type of a column of times.
    pub fn type_of_times(&self, name: Option<&str>) -> Option<&DataType> {
        self.columns.iter().find(|column| column.name.as_deref() == name).and_then(|column| match &column.learned {
            Learned::Times(data_type) => Some(data_type),
            _ => None,
        })
    }

    /// Of a column that is known: how it is called, unless it has only nulls.
    pub fn type_text(&self, name: Option<&str>) -> Option<String> {
        self.types().find_map(|(of, text)| (of == name).then_some(text))
    }

    /// The same with columns of times that were scanned apart.
    #[cfg(feature = "parquet")]
    pub fn with_times(mut self, times: Vec<ScannedColumn<'_>>) -> Self {
        for (name, number_type, data_type, scan) in times {
            let learned = Learned::Times(data_type.clone());
            self.columns.push(OtherColumn { name: Some(name.to_owned()), count: 0, null_count: 0, learned });
            self.ticks.columns.push(Column::new((name, number_type, scan)));
        }
        self
    }

    /// More rows, which were checked.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for damaged data.
    pub fn add(&mut self, rows: LearnedRows) -> Result<()> {
        self.add_columns(rows.columns)?;
        self.ticks.update(&rows.ticks, &Interrupt::default())
    }

    fn add_columns(&mut self, more: Vec<OtherColumn>) -> Result<()> {
        for column in more {
            let Some(ours) = self.columns.iter_mut().find(|ours| ours.name == column.name) else {
                self.columns.push(column);
                continue;
            };
            // Nulls of no type are nulls of the type that the column has.
            let nulls = match (&ours.learned, &column.learned) {
                (Learned::Nulls, Learned::Times(_)) => ours.null_count,
                (Learned::Times(_), Learned::Nulls) => column.null_count,
                _ => 0,
            };
            ours.merge(column);
            let name = ours.name.clone();
            for array in nulls_of(&DataType::Int64, nulls) {
                self.ticks.update(&[Series::from_arrays(name.clone(), vec![array])?], &Interrupt::default())?;
            }
        }
        Ok(())
    }

    /// Whether they merge with columns.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for a column of another type.
    pub fn check(&self, before: Option<&Others>) -> Result<()> {
        check(before, &self.columns)
    }

    /// What another one has learned, which was checked. Of times up to `values` values are kept.
    ///
    /// # Errors
    ///
    /// As [`Accumulator::merge`].
    pub fn merge(&mut self, other: &Self, values: usize) -> Result<()> {
        self.ticks.merge_keeping(&other.ticks, values)?;
        self.add_columns(other.columns.clone())
    }

    /// Takes out the columns of nulls that are of numbers elsewhere, with the number of their rows.
    pub fn take_nulls(&mut self, is_number: impl Fn(Option<&str>) -> bool) -> Vec<(Option<String>, u64)> {
        let is_of_numbers =
            |column: &mut OtherColumn| matches!(column.learned, Learned::Nulls) && is_number(column.name.as_deref());
        let taken = self.columns.extract_if(.., is_of_numbers);
        taken.map(|column| (column.name, column.null_count)).collect()
    }

    /// The same for another pass: of the columns only what is looked for.
    pub fn another_pass(&mut self) -> Result<Option<Self>> {
        let ticks = self.ticks.another_pass()?;
        let is_needed = |column: &&OtherColumn, ticks: &Accumulator| {
            ticks.names().any(|name| name == column.name.as_deref()) && matches!(column.learned, Learned::Times(_))
        };
        Ok(ticks.map(|ticks| {
            let columns = self.columns.iter().filter(|column| is_needed(column, &ticks)).cloned();
            let columns = columns.map(|column| OtherColumn { count: 0, null_count: 0, ..column });
            Self { columns: columns.collect(), ticks }
        }))
    }

    /// Whether another pass looks at a column.
    pub fn needs(&self, name: Option<&str>) -> bool {
        self.ticks.needs(name)
    }

    /// The answers, a part a kind.
    ///
    /// # Errors
    ///
    /// As [`Accumulator::summaries`].
    pub fn parts(&mut self, spec: &Spec) -> Result<Vec<Part>> {
        let times = self.ticks.summaries()?;
        let answer = |of: &OtherColumn| {
            let data_type = of.data_type();
            let is_enum = matches!(data_type, DataType::Dictionary(..));
            let field = Field::new(of.name.clone().unwrap_or_default(), data_type, true).with_dict_is_ordered(is_enum);
            let column = TypedColumn { name: of.name.clone(), field: FieldRef::new(field), chunks: Vec::new() };
            let counts = Counts { count: vec![of.count], null_count: vec![of.null_count] };
            let (kind, answers) = match &of.learned {
                Learned::Times(_) => {
                    let found = times.iter().find(|summary| summary.column == of.name).cloned();
                    let found: Vec<Summary> = found.into_iter().collect();
                    let summaries = Summaries::new(self.ticks.spec(), found);
                    (SeriesKind::Time, answers_of(std::slice::from_ref(&column), &summaries, spec)?.pop())
                }
                Learned::Booleans { n_true } => {
                    (SeriesKind::Boolean, Some(boolean_answers(&column, counts, &[*n_true], spec)?))
                }
                Learned::Texts(texts) => {
                    let distinct = wants_distinct(&column.field, spec).then(|| texts.distinct());
                    let scans = std::slice::from_ref(&texts.scan);
                    (SeriesKind::Text, Some(text_answers(&column, counts, scans, distinct.as_ref(), spec)?))
                }
                Learned::Nulls | Learned::Counted => {
                    (SeriesKind::Other, Some(counts.with(Vec::new()).map_err(|error| column.failed(error))?))
                }
            };
            Ok(answers.map(|answers| (kind, of.name.clone(), answers)))
        };
        let answers = self.columns.iter().map(answer).collect::<Result<Vec<_>>>()?;
        parts(answers.into_iter().flatten().collect(), None)
    }

    /// The same as it was read, of an accumulator of this question; `None` if it cannot be.
    pub fn checked(mut self, spec: &Spec, passes: Option<Passes>) -> Option<Self> {
        let asked = spec.clone().in_whole_ticks();
        // That it is of ticks is not written.
        self.ticks.spec = self.ticks.spec.in_whole_ticks();
        self.ticks.passes = passes;
        let is_possible = |column: &OtherColumn| match &column.learned {
            Learned::Times(data_type) => {
                let has_ticks = self.ticks.names().any(|name| name == column.name.as_deref());
                has_ticks && SeriesKind::of(data_type) == SeriesKind::Time && values_type(data_type) == data_type
            }
            Learned::Booleans { n_true } => *n_true <= column.count,
            Learned::Texts(texts) => {
                let sum = texts.counts.values().try_fold(0u64, |sum, count| sum.checked_add(*count));
                texts.counts.is_empty() || sum == Some(column.count)
            }
            Learned::Nulls | Learned::Counted => true,
        };
        let are_of_times = |name: Option<&str>| passes.is_some() || self.type_of_times(name).is_some();
        let fits = self.ticks.spec == asked
            && self.columns.iter().all(is_possible)
            && self.ticks.names().all(are_of_times)
            && self.ticks.columns.iter().all(|column| column.scan.repr() == Repr::Signed);
        let ticks = self.ticks.checked().ok().filter(|_| fits)?;
        Some(Self { columns: self.columns, ticks })
    }
}

fn check(before: Option<&Others>, more: &[OtherColumn]) -> Result<()> {
    let known = before.map_or(&[][..], |before| &before.columns);
    more.iter().enumerate().try_for_each(|(index, column)| {
        let before = known.iter().chain(&more[..index]).find(|before| before.name == column.name);
        before.map_or(Ok(()), |before| before.check(column))
    })
}

/// The columns that are not of nulls alone, and what each is called.
fn typed(columns: &[OtherColumn]) -> impl Iterator<Item = (Option<&str>, String)> {
    let typed = columns.iter().filter(|column| !matches!(column.learned, Learned::Nulls));
    typed.map(|column| (column.name.as_deref(), column.type_text()))
}

/// A column of times in another type, where each of its times has the same value in that.
///
/// # Errors
///
/// [`Error::Data`] for times that are beyond it.
pub(super) fn in_type(column: &TypedColumn, known: &DataType) -> Result<TypedColumn> {
    let (is_time, now) = (column.kind() == SeriesKind::Time, values_type(column.field.data_type()));
    if !is_time || now == known || joined_times(known, now).as_ref() != Some(known) {
        return Ok(column.clone());
    }
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let chunks = column.chunks.iter().map(|chunk| cast_with_options(chunk, known, &strict)).collect::<Result<_, _>>();
    let field = column.field.as_ref().clone().with_data_type(known.clone());
    Ok(TypedColumn {
        chunks: chunks.map_err(|error| column.failed(error))?,
        field: FieldRef::new(field),
        ..column.clone()
    })
}

/// Arrays of nulls, so many together.
pub(super) fn nulls_of(data_type: &DataType, nulls: u64) -> impl Iterator<Item = ArrayRef> {
    let starts = (0..nulls).step_by(NULLS as usize);
    starts.map(move |start| new_null_array(data_type, (nulls - start).min(NULLS) as usize))
}
