//! Columns of text whose rows come in batches, by groups or as a whole.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, FieldRef, SchemaRef};
use arrow_select::concat::concat_batches;

use super::columns::TypedColumn;
use super::counts::Counts;
use super::distinct::Distinct;
use super::texts::{self, scans_of};
use crate::describe::group_rows::Groups;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::spec::{NullPolicy, Spec};
use crate::stats::texts::TextScan;

/// What is learned of columns of text, for each group of rows. Two of them merge.
pub(crate) struct LearnedTexts {
    /// The keys of the groups; no columns where all rows are one group.
    keys: RecordBatch,
    groups: usize,
    /// For each column what is known of each group.
    columns: Vec<Vec<LearnedText>>,
}

/// What is known of the texts of a group.
#[derive(Clone, Default)]
struct LearnedText {
    count: u64,
    null_count: u64,
    scan: TextScan<'static>,
}

impl LearnedText {
    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.null_count += other.null_count;
        self.scan.merge(other.scan);
    }
}

impl LearnedTexts {
    /// What `rows` rows tell. A column without chunks has none of them.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for text that is no UTF-8 and [`Error::Interrupted`]; none for nulls.
    pub fn new(
        columns: &[TypedColumn],
        keys: Vec<(FieldRef, ArrayRef)>,
        rows: usize,
        spec: &Spec,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        let spec = spec.clone().with_null(NullPolicy::Skip);
        let groups = Groups::new(keys, rows)?;
        let learn = |column: &TypedColumn| {
            if column.chunks.is_empty() {
                return Ok(vec![LearnedText::default(); groups.len()]);
            }
            let by = (groups.keys.num_columns() > 0).then_some(&groups);
            let Counts { count, null_count } = Counts::of(column, by, &spec)?;
            let scans = scans_of(column, by, &spec, interrupt)?.into_iter();
            let all = count.into_iter().zip(null_count).zip(scans);
            Ok(all.map(|((count, null_count), scan)| LearnedText { count, null_count, scan }).collect())
        };
        let columns = columns.iter().map(learn).collect::<Result<_>>()?;
        Ok(Self { groups: groups.len(), keys: groups.keys, columns })
    }

    /// What all of these tell together; `keys` are the columns of keys.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for 2³² groups and more.
    pub fn merged(parts: Vec<Self>, keys: &SchemaRef, columns: usize) -> Result<Self> {
        let failed = |error: ArrowError| Error::Data(error.to_string());
        let all = concat_batches(keys, parts.iter().map(|part| &part.keys)).map_err(failed)?;
        let by = keys.fields().iter().cloned().zip(all.columns().iter().cloned()).collect();
        let groups = Groups::new(by, parts.iter().map(|part| part.groups).sum())?;
        let mut place = vec![0; groups.rows.len()];
        for group in 0..groups.len() {
            groups.rows(group..group + 1).iter().for_each(|&row| place[row as usize] = group);
        }
        let mut merged = vec![vec![LearnedText::default(); groups.len()]; columns];
        let mut first = 0;
        for part in parts {
            for (merged, learned) in merged.iter_mut().zip(part.columns) {
                for (learned, &place) in learned.into_iter().zip(&place[first..]) {
                    merged[place].merge(learned);
                }
            }
            first += part.groups;
        }
        Ok(Self { groups: groups.len(), keys: groups.keys, columns: merged })
    }

    /// The keys of the groups, ascending, null last.
    pub fn keys(&self) -> &RecordBatch {
        &self.keys
    }

    /// The bytes that it takes, about.
    pub fn bytes(&self) -> u64 {
        let texts = self.columns.iter().flatten().map(|learned| size_of::<LearnedText>() + learned.scan.heap_bytes());
        (texts.sum::<usize>() + self.keys.get_array_memory_size()) as u64
    }

    /// The answers for each column, a row a group; the distinct texts of the columns where they are asked for.
    ///
    /// # Errors
    ///
    /// [`Error::Nulls`] as the spec has it; [`Error::Data`] for more text than a column holds.
    pub fn answers(
        self,
        columns: &[TypedColumn],
        distinct: &[Option<Distinct>],
        spec: &Spec,
    ) -> Result<Vec<RecordBatch>> {
        let answer = |((learned, column), distinct): ((Vec<LearnedText>, &TypedColumn), &Option<Distinct>)| {
            let null_count: Vec<u64> = learned.iter().map(|learned| learned.null_count).collect();
            let nulls = null_count.iter().sum();
            if spec.null() == NullPolicy::Raise && nulls > 0 {
                return Err(Error::Nulls { name: column.name.clone(), nulls });
            }
            let counts = Counts { count: learned.iter().map(|learned| learned.count).collect(), null_count };
            let scans: Vec<TextScan<'_>> = learned.into_iter().map(|learned| learned.scan).collect();
            texts::answers(column, counts, &scans, distinct.as_ref(), spec)
        };
        self.columns.into_iter().zip(columns).zip(distinct).map(answer).collect()
    }
}

/// Whether all values of an array of bytes are text.
pub(crate) fn are_texts(bytes: &ArrayRef) -> bool {
    let column = TypedColumn {
        name: None,
        field: Arc::new(arrow_schema::Field::new("", arrow_schema::DataType::Utf8, true)),
        chunks: vec![Arc::clone(bytes)],
    };
    texts::check(&column, &Interrupt::default()).is_ok()
}
