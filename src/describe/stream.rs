//! Record batches that come once, one after the other.

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, Schema};

use super::any_scan::{AnyOutcome, AnyScan};
use super::passes::changed;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::num::figure::NumberType;
use crate::scan::Keep;
use crate::series::table::{Columns, number_type};
use crate::series::{Chunk, Kind, Repr};
use crate::spec::{NanPolicy, Spec};
use crate::summary::Summary;
use crate::threads::Threads;

/// Describes the wanted columns of a stream of record batches. The stream is read once; of it, nothing but the values of these
/// columns is kept, and only if the spec asks for quantiles, or for statistics that need all values (`iqr`, `mad`, `mode`, …).
///
/// ```
/// use std::sync::Arc;
/// use arrow_array::{Float64Array, RecordBatch};
/// use rstats::{Columns, Interrupt, Spec, StreamDescriber};
///
/// let batch = RecordBatch::try_from_iter([("x", Arc::new(Float64Array::from(vec![1.0, 3.0])) as _)])?;
/// let mut stream = StreamDescriber::new(&batch.schema(), &Columns::Numeric, &Spec::default())?;
/// stream.update(&batch, &Interrupt::default())?;
/// stream.update(&batch, &Interrupt::default())?;
/// assert_eq!(stream.finish()?[0].get("mean"), Some(2.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct StreamDescriber {
    spec: Spec,
    columns: Vec<Column>,
    rows: u64,
}

#[derive(Debug)]
struct Column {
    name: String,
    /// Its place in every batch.
    index: usize,
    number_type: NumberType,
    scan: AnyScan,
}

impl StreamDescriber {
    /// Nothing read yet of a stream with this schema.
    ///
    /// # Errors
    ///
    /// What [`Columns::choose`] says of the schema.
    pub fn new(schema: &Schema, columns: &Columns, spec: &Spec) -> Result<Self> {
        let columns = columns.choose(schema)?.into_iter().map(|index| {
            let field = schema.field(index);
            let repr = Repr::of(Kind::of(field.data_type()).as_slice());
            let (name, number_type) = (field.name().clone(), number_type(field.data_type()));
            Column { name, index, number_type, scan: AnyScan::new(repr, spec, Keep::All) }
        });
        Ok(Self { spec: spec.clone(), columns: columns.collect(), rows: 0 })
    }

    /// The places of the columns that are described, in every batch.
    pub fn indices(&self) -> impl Iterator<Item = usize> {
        self.columns.iter().map(|column| column.index)
    }

    /// The next batch of the stream. Its columns are scanned side by side, but in a small batch, which is scanned on the caller's
    /// thread.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for a batch that is damaged or of another schema, [`Error::Nan`] as the spec has it, and
    /// [`Error::Interrupted`].
    pub fn update(&mut self, batch: &RecordBatch, interrupt: &Interrupt) -> Result<()> {
        interrupt.check()?;
        let (before, raises) = (self.rows, self.spec.nan() == NanPolicy::Raise);
        let read = |Column { name, index, scan, .. }: &mut Column| {
            let array = batch.columns().get(*index);
            let array = array
                .ok_or_else(|| Error::Data("a batch of the stream has fewer columns than its schema".to_owned()))?;
            let chunk = Chunk::Array(array.clone());
            scan.read(&chunk)?;
            if raises && scan.nan_count() > 0 {
                let row = before + chunk.first_nan()?.unwrap_or_default();
                return Err(Error::Nan { name: Some(name.clone()), file: None, row });
            }
            Ok(())
        };
        let threads = Threads::for_values(batch.num_rows().saturating_mul(self.columns.len()));
        threads.try_map_items(&mut self.columns, read)?;
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    /// The summaries of the wanted columns, in column order.
    ///
    /// # Errors
    ///
    /// None that depends on the data: what may be wrong with it was said by [`StreamDescriber::update`].
    pub fn finish(self) -> Result<Vec<Summary>> {
        let spec = self.spec;
        let finish = |column: &mut Column| {
            column.scan.finish(&spec, Keep::All).map_err(|error| error.of_series(Some(&column.name)))
        };
        let summaries = self.columns.into_iter().map(|mut column| match finish(&mut column)? {
            AnyOutcome::Done(summary) => Ok(summary.named(Some(&column.name)).of_type(column.number_type)),
            AnyOutcome::Again(_) => Err(changed()), // all values were kept
        });
        summaries.collect()
    }
}

/// The summaries of the wanted columns of a stream of record batches, in column order: [`StreamDescriber`] with all batches at once.
///
/// # Errors
///
/// Those of [`StreamDescriber`], and the stream's own as [`Error::Data`].
pub fn describe_stream(
    schema: &Schema,
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
    columns: &Columns,
    spec: &Spec,
    interrupt: &Interrupt,
) -> Result<Vec<Summary>> {
    let mut stream = StreamDescriber::new(schema, columns, spec)?;
    for batch in batches {
        stream.update(&batch.map_err(|error| Error::Data(error.to_string()))?, interrupt)?;
    }
    stream.finish()
}
