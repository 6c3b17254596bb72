//! A report as bytes, for pickles and caches: written and read by the same version of rstats.

use std::io::Cursor;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::ArrowError;
use serde::{Deserialize, Serialize};

use super::{Report, Source};
use crate::error::{Error, Result};
use crate::num::figure::NumberType;
use crate::spec::Spec;
use crate::summary::Summaries;

/// What the bytes begin with: the format, and its version.
const MAGIC: &[u8; 16] = b"rstats.report/1\n";

/// All but the rows.
#[derive(Serialize, Deserialize)]
struct Head {
    version: String,
    spec: Spec,
    columns: Vec<Option<String>>,
    types: Vec<NumberType>,
    source: Source,
    are_windows: bool,
    /// The lengths of the parts that follow: the answers, and the keys if there are any.
    lengths: Vec<usize>,
}

impl Report {
    /// The report as bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for keys of a type that Arrow's IPC format has not.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let (spec, series) = (&self.spec, &self.series);
        let parts = [Some(series.to_batch().map_err(failed)?), series.keys().cloned()];
        let parts = parts.iter().flatten().map(written).collect::<Result<Vec<_>>>()?;
        let head = Head {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            spec: spec.clone(),
            columns: series.columns().to_vec(),
            types: series.types().to_vec(),
            source: self.source.clone(),
            are_windows: series.are_windows(),
            lengths: parts.iter().map(Vec::len).collect(),
        };
        let head = serde_json::to_vec(&head).map_err(|error| Error::Data(error.to_string()))?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&(head.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&head);
        parts.iter().for_each(|part| bytes.extend_from_slice(part));
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
        let mut parts = Vec::new();
        for length in head.lengths {
            let (part, others) = rest.split_at_checked(length).ok_or_else(damaged)?;
            rest = others;
            parts.push(read(part)?);
        }
        let spec = head.spec;
        let mut parts = parts.into_iter();
        let answers = parts.next().ok_or_else(damaged)?;
        let columns = head.columns.into_iter().zip(head.types).collect();
        let series = Summaries::from_batch(columns, parts.next(), &spec, &answers).ok_or_else(damaged)?;
        let series = match series.keys().cloned() {
            Some(keys) if head.are_windows && keys.num_columns() >= 2 => series.of_windows(keys),
            _ => series,
        };
        Ok(Self { spec, source: head.source, series })
    }
}

fn failed(error: ArrowError) -> Error {
    Error::Data(error.to_string())
}

fn written(batch: &RecordBatch) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut writer = StreamWriter::try_new(&mut bytes, &batch.schema()).map_err(failed)?;
    writer.write(batch).and_then(|()| writer.finish()).map_err(failed)?;
    drop(writer);
    Ok(bytes)
}

fn read(bytes: &[u8]) -> Result<RecordBatch> {
    // A panic of the reader is damage as well.
    let batch = crate::catch_panic::catch_panic(|| {
        let mut reader = StreamReader::try_new(Cursor::new(bytes), None)?;
        let schema = reader.schema();
        reader.next().unwrap_or_else(|| Ok(RecordBatch::new_empty(Arc::clone(&schema))))
    });
    batch.map_err(Error::Data)?.map_err(failed)
}

#[cfg(test)]
mod tests {
    use arrow_array::{ArrayRef, Int64Array, StringArray};
    use arrow_schema::Field;

    use super::*;
    use crate::series::Series;
    use crate::{Interrupt, describe_groups};

    #[test]
    fn a_report_comes_back_from_its_bytes() {
        let keys: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None, Some("a")]));
        let values: ArrayRef = Arc::new(Int64Array::from(vec![9_007_199_254_740_993, 2, 3]));
        let by = vec![(Arc::new(Field::new("k", keys.data_type().clone(), true)), keys)];
        let series = Series::from_arrays(Some("x".to_owned()), vec![values]).unwrap();
        let spec = Spec::default().with_quantiles(&[0.5, 0.99]).unwrap().with_ddof(0);
        let series = describe_groups(by, &[series], &spec, &Interrupt::default()).unwrap();
        let report = Report { spec, source: Source { rows: 3, ..Source::default() }, series };
        let bytes = report.to_bytes().unwrap();
        let again = Report::from_bytes(&bytes).unwrap();
        assert_eq!(again.to_bytes().unwrap(), bytes);
        assert_eq!(again.to_record_batch().unwrap(), report.to_record_batch().unwrap());
        assert!(again.series.same(&report.series));
        for length in 0..bytes.len() {
            assert!(Report::from_bytes(&bytes[..length]).is_err(), "{length}");
        }
    }
}
