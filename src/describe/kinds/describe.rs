//! Columns that hold no numbers, as a whole and by groups.

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::FieldRef;

use super::columns::{Grouping, TypedColumn};
use super::counts::{describe_booleans, describe_other};
use super::part::Part;
use super::texts::describe_texts;
use super::times::describe_times;
use crate::describe::group_rows::Groups;
use crate::error::{self, Error, Result};
use crate::interrupt::Interrupt;
use crate::series::series_kind::SeriesKind;
use crate::spec::Spec;

/// The answers for columns that hold no numbers, a [`Part`] for each of their kinds, in the order of [`SeriesKind::ALL`] and within
/// one in that of the columns. `by` are the columns of keys, if rows are grouped, each with as many rows as every column.
///
/// - Times: of the statistics of `spec` min, max, range, mean, stddev, sem, iqr, mode, n_unique and the quantiles, each one rounding of
///   the exact rational to the column's tick (days of dates, units of the others), ties to even; and the sum of durations. `range`,
///   `stddev`, `sem` and `iqr` are durations. One that is beyond what its type holds is null.
/// - Booleans: `n_true` with the default statistics or by name, and `mean`, the share of those that are true.
/// - Texts: `min` and `max` by their bytes, those of ordered dictionaries by that order; with the default statistics, or each by its name,
///   `n_empty`, `min_length`, `max_length` and `mean_length` in characters (of bytes in bytes); by name `mode` with `mode_count`, and
///   `n_unique`; with [`Spec::with_top`] the most frequent ones.
/// - Others: the counts alone.
///
/// Statistics of the spec that a kind has not are not in its part. Columns of numbers are left out: see
/// [`describe_all`](crate::describe_all).
///
/// # Errors
///
/// Those of [`describe_groups`](crate::describe_groups) for the keys, [`Error::Nulls`] as `spec` has it, [`Error::Data`] for damaged
/// data and columns of another length than the keys, [`Error::Interrupted`].
///
/// ```
/// use std::sync::Arc;
/// use arrow_array::{Array, Date32Array};
/// use arrow_schema::{DataType, Field};
/// use rstats::{Interrupt, Spec, TypedColumn, describe_kinds};
///
/// let days = Arc::new(Date32Array::from(vec![Some(20_000), Some(20_003), None]));
/// let field = Arc::new(Field::new("day", DataType::Date32, true));
/// let column = TypedColumn { name: Some("day".to_owned()), field, chunks: vec![days] };
/// let parts = describe_kinds(&[column], None, &Spec::default(), &Interrupt::default())?;
/// let (_, answers) = &parts[0].columns()[0];
/// let mean = answers.column_by_name("mean").unwrap();
/// assert_eq!(mean.as_ref(), &Date32Array::from(vec![20_002]) as &dyn Array); // 20,001.5 is a tie
/// # Ok::<(), rstats::Error>(())
/// ```
pub fn describe_kinds(
    columns: &[TypedColumn],
    by: Option<&[(FieldRef, ArrayRef)]>,
    spec: &Spec,
    interrupt: &Interrupt,
) -> Result<Vec<Part>> {
    if columns.iter().all(|column| column.kind() == SeriesKind::Number) {
        return Ok(Vec::new());
    }
    let groups = match by {
        None => None,
        Some(by) => {
            let rows = by.first().map_or(0, |(_, keys)| keys.len());
            if let Some(column) = columns.iter().find(|column| column.rows() != rows) {
                let (name, found) = (error::column(column.name.as_deref()), column.rows());
                return Err(Error::Data(format!("{name} has {found} rows, and the keys have {rows}")));
            }
            Some(Groups::new(by.to_vec(), rows)?)
        }
    };
    let grouping: Grouping<'_> = by.zip(groups.as_ref());
    let of_times: Vec<TypedColumn> =
        columns.iter().filter(|column| column.kind() == SeriesKind::Time).cloned().collect();
    let mut of_times = describe_times(&of_times, by, spec, interrupt)?.into_iter();
    let mut answers = Vec::with_capacity(columns.len());
    for column in columns {
        interrupt.check()?;
        let batch = match column.kind() {
            SeriesKind::Number => None,
            SeriesKind::Time => of_times.next(),
            SeriesKind::Boolean => Some(describe_booleans(column, groups.as_ref(), spec, interrupt)?),
            SeriesKind::Text => Some(describe_texts(column, grouping, spec, interrupt)?),
            SeriesKind::Other => Some(describe_other(column, groups.as_ref(), spec)?),
        };
        answers.extend(batch.map(|batch| (column.kind(), column.name.clone(), batch)));
    }
    parts(answers, groups.map(|groups| groups.keys))
}

/// The answers for columns, in their order, as a part for each kind.
pub(crate) fn parts(
    answers: Vec<(SeriesKind, Option<String>, RecordBatch)>,
    keys: Option<RecordBatch>,
) -> Result<Vec<Part>> {
    let mut found = Vec::new();
    for (kind, _) in SeriesKind::ALL {
        let of_kind = answers.iter().filter(|(of, ..)| *of == kind);
        let columns: Vec<_> = of_kind.map(|(_, name, answers)| (name.clone(), answers.clone())).collect();
        if !columns.is_empty() {
            let part = Part::new(kind, keys.clone(), columns);
            check_names(&part)?;
            found.push(part);
        }
    }
    Ok(found)
}

/// Keys must not be named like the answers beside them.
pub(crate) fn check_names(part: &Part) -> Result<()> {
    let names = part.names();
    let keys = part.keys().into_iter().flat_map(|keys| keys.schema_ref().fields());
    match keys.map(|field| field.name()).find(|key| names.contains(key)) {
        Some(key) => Err(Error::Invalid(format!(
            "a key is named '{key}', like an answer for columns of the kind {}; rename it, or name the columns to describe",
            part.kind()
        ))),
        None => Ok(()),
    }
}
