//! A report as bytes, for pickles and caches: written and read by the same version of rstats.

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use serde::{Deserialize, Serialize};

use super::{Report, Source};
use crate::describe::Part;
use crate::error::{Error, Result};
use crate::num::figure::NumberType;
use crate::series::series_kind::SeriesKind;
use crate::spec::Spec;
use crate::summary::Summaries;
use crate::table_bytes;

/// What the bytes begin with: the format, and its version.
const MAGIC: &[u8; 16] = b"rstats.report/2\n";

/// All but the rows.
#[derive(Serialize, Deserialize)]
struct Head {
    version: String,
    spec: Spec,
    columns: Vec<Option<String>>,
    types: Vec<NumberType>,
    source: Source,
    are_windows: bool,
    /// Whether the answers for numbers are followed by keys.
    has_keys: bool,
    parts: Vec<PartHead>,
    /// The lengths of the tables that follow: the answers for numbers and their keys; of each part the keys, if it has any, and the
    /// answers for each column.
    lengths: Vec<usize>,
}

/// All of a part but its tables.
#[derive(Serialize, Deserialize)]
struct PartHead {
    kind: String,
    has_keys: bool,
    columns: Vec<Option<String>>,
}

impl Report {
    /// The report as bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for keys of a type that Arrow's IPC format has not.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let (spec, series) = (&self.spec, &self.series);
        let answers = series.to_batch().map_err(failed)?;
        let of_part = |part: &'_ Part| {
            part.keys()
                .into_iter()
                .chain(part.columns().iter().map(|(_, answers)| answers))
                .cloned()
                .collect::<Vec<_>>()
        };
        let tables = std::iter::once(answers).chain(series.keys().cloned()).chain(self.parts.iter().flat_map(of_part));
        let tables =
            tables.map(|table| table_bytes::to_bytes(&table)).collect::<Result<Vec<_>, _>>().map_err(failed)?;
        let part_head = |part: &Part| PartHead {
            kind: part.kind().name().to_owned(),
            has_keys: part.keys().is_some(),
            columns: part.columns().iter().map(|(name, _)| name.clone()).collect(),
        };
        let head = Head {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            spec: spec.clone(),
            columns: series.columns().to_vec(),
            types: series.types().to_vec(),
            source: self.source.clone(),
            are_windows: series.are_windows(),
            has_keys: series.keys().is_some(),
            parts: self.parts.iter().map(part_head).collect(),
            lengths: tables.iter().map(Vec::len).collect(),
        };
        let head = serde_json::to_vec(&head).map_err(|error| Error::Data(error.to_string()))?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&(head.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&head);
        tables.iter().for_each(|table| bytes.extend_from_slice(table));
        Ok(bytes)
    }

    /// The report that [`Report::to_bytes`] has written.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for bytes that are damaged, or of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let damaged = || Error::Data("these bytes are no report of this version of rstats, or damaged".to_owned());
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(damaged)?;
        let (length, rest) = rest.split_first_chunk::<8>().ok_or_else(damaged)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| damaged())?;
        let (head, mut rest) = rest.split_at_checked(length).ok_or_else(damaged)?;
        let head: Head = serde_json::from_slice(head).map_err(|_| damaged())?;
        if head.version != env!("CARGO_PKG_VERSION") {
            return Err(damaged());
        }
        let mut tables = Vec::new();
        for length in head.lengths {
            let (table, others) = rest.split_at_checked(length).ok_or_else(damaged)?;
            rest = others;
            tables.push(table_bytes::from_bytes(table).map_err(failed)?);
        }
        let spec = head.spec;
        let mut tables = tables.into_iter();
        let mut next = || tables.next().ok_or_else(damaged);
        let answers = next()?;
        let columns = head.columns.into_iter().zip(head.types).collect();
        let keys = if head.has_keys { Some(next()?) } else { None };
        let series = Summaries::from_batch(columns, keys, &spec, &answers).ok_or_else(damaged)?;
        let series = match series.keys().cloned() {
            Some(keys) if head.are_windows && keys.num_columns() >= 2 => series.of_windows(keys),
            _ => series,
        };
        let mut parts = Vec::new();
        for PartHead { kind, has_keys, columns } in head.parts {
            let kind = SeriesKind::ALL.into_iter().find(|(_, name)| *name == kind).ok_or_else(damaged)?.0;
            let keys = if has_keys { Some(next()?) } else { None };
            let rows = keys.as_ref().map_or(1, RecordBatch::num_rows);
            let answers = columns.into_iter().map(|name| Ok((name, next()?))).collect::<Result<Vec<_>>>()?;
            let is_so =
                answers.iter().all(|(_, of)| of.num_rows() == rows && of.num_columns() == answers[0].1.num_columns());
            if !is_so {
                return Err(damaged());
            }
            parts.push(Part::new(kind, keys, answers));
        }
        Ok(Self { spec, source: head.source, series, parts })
    }
}

fn failed(error: ArrowError) -> Error {
    Error::Data(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{Array, ArrayRef, Date32Array, Int64Array, StringArray};
    use arrow_schema::Field;

    use super::*;
    use crate::series::Series;
    use crate::{Interrupt, TypedColumn, describe_groups, describe_kinds};

    #[test]
    fn a_report_comes_back_from_its_bytes() {
        let keys: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None, Some("a")]));
        let values: ArrayRef = Arc::new(Int64Array::from(vec![9_007_199_254_740_993, 2, 3]));
        let by = vec![(Arc::new(Field::new("k", keys.data_type().clone(), true)), keys)];
        let series = Series::from_arrays(Some("x".to_owned()), vec![values]).unwrap();
        let spec = Spec::default().with_quantiles(&[0.5, 0.99]).unwrap().with_ddof(0);
        let series = describe_groups(by.clone(), &[series], &spec, &Interrupt::default()).unwrap();
        let days: ArrayRef = Arc::new(Date32Array::from(vec![Some(3), None, Some(8)]));
        let field = Arc::new(Field::new("day", days.data_type().clone(), true));
        let column = TypedColumn { name: Some("day".to_owned()), field, chunks: vec![days] };
        let parts = describe_kinds(&[column], Some(&by), &spec, &Interrupt::default()).unwrap();
        let report = Report::new(spec, Source { rows: 3, ..Source::default() }, series).with_parts(parts);
        let bytes = report.to_bytes().unwrap();
        let again = Report::from_bytes(&bytes).unwrap();
        assert_eq!(again.to_bytes().unwrap(), bytes);
        assert_eq!(again.to_record_batch().unwrap(), report.to_record_batch().unwrap());
        assert!(again.series.same(&report.series));
        assert_eq!(again.parts, report.parts);
        for length in 0..bytes.len() {
            assert!(Report::from_bytes(&bytes[..length]).is_err(), "{length}");
        }
    }
}
