//! Columns that hold no numbers: times in ticks, how many booleans are true, the ends and lengths of texts, and counts.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, new_null_array};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, FieldRef};
use serde::{Deserialize, Serialize, Serializer};

use crate::describe::{
    Counts, Distinct, Part, TypedColumn, answers_of, boolean_answers, in_ticks, is_text, parts, scans_of, text_answers,
    true_count, wants_distinct,
};
use crate::error::{Error, Result, column};
use crate::interrupt::Interrupt;
use crate::series::Series;
use crate::series::exact_cast::strict_cast;
use crate::series::key::values_type;
use crate::series::series_kind::{SeriesKind, joined_times};
use crate::series::type_names::type_text;
use crate::spec::Spec;
use crate::stats::texts::TextScan;
use crate::summary::{Summaries, Summary};

/// The columns of an accumulator that hold no numbers; what is learned of times is in an accumulator of their ticks.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct OtherColumns(Vec<OtherColumn>);

/// The rows of columns of no type, by their names: nulls of the type that the column has.
pub(super) type Nulls = Vec<(Option<String>, u64)>;

/// A column that holds no numbers, and what is learned of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct OtherColumn {
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
    counts: TextCounts,
}

type Text = Box<[u8]>;

/// Distinct texts, and how many rows have each.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "BTreeMap<Text, u64>")]
struct TextCounts {
    of: BTreeMap<Text, u64>,
    /// The bytes that they take.
    bytes: usize,
}

impl From<BTreeMap<Text, u64>> for TextCounts {
    fn from(of: BTreeMap<Text, u64>) -> Self {
        let bytes = of.keys().map(|text| text.len() + ENTRY).sum();
        Self { of, bytes }
    }
}

impl Serialize for TextCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.of.serialize(serializer)
    }
}

impl TextCounts {
    /// The same with those of other rows. Fewer are put to more.
    fn merged(self, other: Self) -> Self {
        let (mut more, fewer) = if self.of.len() < other.of.len() { (other, self) } else { (self, other) };
        for (text, count) in fewer.of {
            let length = text.len();
            match more.of.entry(text) {
                Entry::Occupied(mut entry) => *entry.get_mut() += count,
                Entry::Vacant(entry) => {
                    entry.insert(count);
                    more.bytes += length + ENTRY;
                }
            }
        }
        more
    }
}

/// Bytes of the entry of a text, beside the text.
const ENTRY: usize = 48;

/// Rows of nulls that are made at a time.
const NULLS: u64 = 1 << 16;

/// What some rows tell.
#[derive(Default)]
pub(super) struct LearnedRows {
    pub columns: OtherColumns,
    pub ticks: Vec<Series>,
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
            rows.columns.0.push(OtherColumn { name: column.name.clone(), count, null_count, learned });
        }
        Ok(rows)
    }
}

impl LearnedTexts {
    fn of(column: &TypedColumn, spec: &Spec, interrupt: &Interrupt) -> Result<Self> {
        let scan = scans_of(column, None, spec, interrupt)?.pop().unwrap_or_default();
        let mut counts = TextCounts::default();
        if wants_distinct(&column.field, spec) {
            let distinct = Distinct::new(column, None)?;
            let counted = distinct.counts().map(|(text, count)| (Text::from(text), count));
            counts = counted.collect::<BTreeMap<_, _>>().into();
        }
        Ok(Self { is_text: is_text(column.field.data_type()), order: order_of(column)?, scan, counts })
    }

    /// Whether an enum has rows that tell its values; other texts have no order of their own.
    fn knows_order(&self) -> bool {
        self.order.as_ref().is_none_or(|order| !order.is_empty())
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
        let counted = |text: &Text| self.counts.of.get_key_value(text).map(|(text, count)| (&**text, *count));
        match &self.order {
            Some(order) => Distinct::of_counts(order.iter().filter_map(counted)),
            None => Distinct::of_counts(self.counts.of.iter().map(|(text, count)| (&**text, *count))),
        }
    }
}

/// The values of an enum, in their order.
pub(super) fn order_of(column: &TypedColumn) -> Result<Option<Vec<Text>>> {
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
                let order = texts.order.iter().flatten().map(|text| text.len() + ENTRY).sum::<usize>();
                texts.counts.bytes + order + texts.scan.heap_bytes()
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
            (Learned::Texts(ours), Learned::Texts(theirs))
                if ours.order != theirs.order && ours.knows_order() && theirs.knows_order() =>
            {
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
                if !ours.knows_order() {
                    ours.order = theirs.order;
                }
                ours.counts = std::mem::take(&mut ours.counts).merged(theirs.counts);
            }
            _ => {}
        }
    }
}

impl OtherColumns {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn names(&self) -> impl Iterator<Item = Option<&str>> {
        self.0.iter().map(|column| column.name.as_deref())
    }

    /// The bytes that they take.
    pub fn bytes(&self) -> u64 {
        self.0.iter().map(OtherColumn::bytes).sum::<usize>() as u64
    }

    /// Forgets all rows, but not the types of columns of times that `is_kept` is true for.
    pub fn clear(&mut self, is_kept: impl Fn(Option<&str>) -> bool) {
        self.0.retain_mut(|column| {
            (column.count, column.null_count) = (0, 0);
            matches!(column.learned, Learned::Times(_)) && is_kept(column.name.as_deref())
        });
    }

    /// The type of a column of times.
    pub fn type_of_times(&self, name: Option<&str>) -> Option<&DataType> {
        self.0.iter().find(|column| column.name.as_deref() == name).and_then(|column| match &column.learned {
            Learned::Times(data_type) => Some(data_type),
            _ => None,
        })
    }

    /// What a column that is known is called in messages, unless it has only nulls.
    pub fn type_text(&self, name: Option<&str>) -> Option<String> {
        let column = self.0.iter().find(|column| column.name.as_deref() == name)?;
        (!matches!(column.learned, Learned::Nulls)).then(|| column.type_text())
    }

    /// One more column, of times of this type, whose ticks are known.
    #[cfg(feature = "parquet")]
    pub fn push_times(&mut self, name: &str, data_type: &DataType) {
        let learned = Learned::Times(data_type.clone());
        self.0.push(OtherColumn { name: Some(name.to_owned()), count: 0, null_count: 0, learned });
    }

    /// Whether they go together with the columns that were there before.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for a column of another type.
    pub fn check(&self, before: &Self) -> Result<()> {
        self.0.iter().enumerate().try_for_each(|(index, column)| {
            let before = before.0.iter().chain(&self.0[..index]).find(|before| before.name == column.name);
            before.map_or(Ok(()), |before| before.check(column))
        })
    }

    /// What more rows tell, which was checked. Returns the nulls that are times.
    pub fn merge(&mut self, more: Self) -> Nulls {
        let mut nulls = Nulls::new();
        for column in more.0 {
            let Some(ours) = self.0.iter_mut().find(|ours| ours.name == column.name) else {
                self.0.push(column);
                continue;
            };
            match (&ours.learned, &column.learned) {
                (Learned::Nulls, Learned::Times(_)) => nulls.push((ours.name.clone(), ours.null_count)),
                (Learned::Times(_), Learned::Nulls) => nulls.push((ours.name.clone(), column.null_count)),
                _ => {}
            }
            ours.merge(column);
        }
        nulls
    }

    /// Takes out the columns of nulls that are of numbers elsewhere, with the number of their rows.
    pub fn take_nulls(&mut self, is_number: impl Fn(Option<&str>) -> bool) -> Nulls {
        let is_of_numbers =
            |column: &mut OtherColumn| matches!(column.learned, Learned::Nulls) && is_number(column.name.as_deref());
        let taken = self.0.extract_if(.., is_of_numbers);
        taken.map(|column| (column.name, column.null_count)).collect()
    }

    /// The answers, a part a kind. `times`: those for the columns of times, in ticks, as asked by `in_ticks`.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for more text than a column holds.
    pub fn parts(&self, times: &[Summary], in_ticks: &Spec, spec: &Spec) -> Result<Vec<Part>> {
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
                    let summaries = Summaries::new(in_ticks, found);
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
        let answers = self.0.iter().map(answer).collect::<Result<Vec<_>>>()?;
        parts(answers.into_iter().flatten().collect(), None)
    }

    /// Whether columns can be as they were read. `has_ticks`: whether a column of this name is among those of times.
    pub fn are_possible(&self, has_ticks: impl Fn(Option<&str>) -> bool) -> bool {
        self.0.iter().all(|column| match &column.learned {
            Learned::Times(data_type) => {
                let is_time = SeriesKind::of(data_type) == SeriesKind::Time && values_type(data_type) == data_type;
                is_time && has_ticks(column.name.as_deref())
            }
            Learned::Booleans { n_true } => *n_true <= column.count,
            Learned::Texts(texts) => {
                let sum = texts.counts.of.values().try_fold(0u64, |sum, count| sum.checked_add(*count));
                texts.counts.of.is_empty() || sum == Some(column.count)
            }
            Learned::Nulls | Learned::Counted => true,
        })
    }
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
    let chunks = column.chunks.iter().map(|chunk| strict_cast(chunk, known)).collect::<Result<_, _>>();
    let field = column.field.as_ref().clone().with_data_type(known.clone());
    Ok(TypedColumn {
        chunks: chunks.map_err(|error| column.failed(error))?,
        field: FieldRef::new(field),
        ..column.clone()
    })
}

/// `nulls` nulls of a type, in arrays of at most [`NULLS`].
pub(super) fn nulls_of(data_type: &DataType, nulls: u64) -> impl Iterator<Item = ArrayRef> {
    let starts = (0..nulls).step_by(NULLS as usize);
    starts.map(move |start| new_null_array(data_type, (nulls - start).min(NULLS) as usize))
}
