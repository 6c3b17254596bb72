//! The answer as a Parquet file, and as an Arrow IPC file: the rows and the metadata of
//! [`to_one_table`](Report::to_one_table).
//!
//! The bytes are those of the answer and of this version of rstats, the same on every run. So keys that were dictionaries or
//! runs are written as what they stand for: which code a value has depends on the order in which the data was read.
//!
//! Parquet is compressed with zstd. The IPC file is not: it is there to be mapped into memory and read without decoding,
//! and readers that were built without codecs take it too.

use std::io::{self, Write};

use arrow_array::RecordBatch;
use arrow_ipc::writer::FileWriter;
use arrow_schema::{ArrowError, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use super::Report;
use super::arrow::{ArrowRows, metadata};
use crate::error::{Error, Result};
use crate::keys::plain;

/// Rows of a batch: those are in memory twice while they are written.
const BATCH: usize = 1 << 16;

/// Rows of a row group, which is encoded in memory: enough for a reader to skip by, few enough to read on several threads.
const ROW_GROUP: usize = 1 << 17;

impl Report {
    /// Writes the report as a Parquet file. The metadata is in the file's key-value metadata, by its names.
    ///
    /// # Errors
    ///
    /// What writing to `out` fails with; [`io::ErrorKind::Other`] for keys of a type that Parquet has not.
    pub fn write_parquet(&self, out: impl Write + Send) -> io::Result<()> {
        let rows = self.batches().map_err(io::Error::other)?;
        // Not only in the Arrow schema, which readers without Arrow do not decode.
        let metadata = metadata(self).map_err(io::Error::other)?;
        let metadata = metadata.into_iter().map(|(key, value)| KeyValue::new(key, value)).collect();
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(ROW_GROUP))
            .set_key_value_metadata(Some(metadata))
            .set_created_by(concat!("rstats version ", env!("CARGO_PKG_VERSION")).to_owned());
        let mut writer =
            ArrowWriter::try_new(out, rows.schema.clone(), Some(properties.build())).map_err(from_parquet)?;
        for batch in rows.batches {
            writer.write(&batch.map_err(io::Error::other)?).map_err(from_parquet)?;
        }
        writer.close().map_err(from_parquet)?;
        Ok(())
    }

    /// Writes the report as an Arrow IPC file, which is also called Feather, version 2.
    ///
    /// # Errors
    ///
    /// What writing to `out` fails with.
    pub fn write_arrow(&self, out: impl Write) -> io::Result<()> {
        let rows = self.batches().map_err(io::Error::other)?;
        let mut writer = FileWriter::try_new(out, &rows.schema).map_err(from_arrow)?;
        for batch in rows.batches {
            writer.write(&batch.map_err(io::Error::other)?).map_err(from_arrow)?;
        }
        writer.finish().map_err(from_arrow)
    }

    /// The table of [`to_one_table`](Self::to_one_table) in batches.
    fn batches(&self) -> Result<Batches<'_>, Error> {
        if self.only_part().is_some() {
            let table = self.to_one_table()?;
            let (schema, rows) = (table.schema(), table.num_rows());
            let starts = (0..rows).step_by(BATCH);
            let batches = starts.map(move |start| Ok(table.slice(start, BATCH.min(rows - start))));
            return Ok(Batches { schema, batches: Box::new(batches) });
        }
        let rows = self.plain_rows()?;
        Ok(Batches { schema: rows.schema().clone(), batches: Box::new(rows.into_batches(BATCH)) })
    }

    fn plain_rows(&self) -> Result<ArrowRows<'_>, Error> {
        let keys = self.series.keys().map(|keys| {
            let schema = keys.schema();
            let columns = schema.fields().iter().zip(keys.columns());
            columns.map(|(field, column)| plain(field.name(), column)).collect()
        });
        ArrowRows::new(self, keys.transpose()?.unwrap_or_default())
    }
}

/// A table, some rows at a time.
struct Batches<'a> {
    schema: SchemaRef,
    batches: Box<dyn Iterator<Item = Result<RecordBatch, Error>> + 'a>,
}

/// What the writer said, with its kind: a closed pipe is none of our failures.
fn from_parquet(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(cause) => match cause.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(cause) => io::Error::other(cause),
        },
        error => io::Error::other(error),
    }
}

fn from_arrow(error: ArrowError) -> io::Error {
    match error {
        ArrowError::IoError(_, error) => error,
        error => io::Error::other(error),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::sync::Arc;

    use arrow_array::cast::AsArray;
    use arrow_array::types::*;
    use arrow_array::{
        Array, ArrayRef, DictionaryArray, Float64Array, Int32Array, Int64Array, NullArray, RecordBatch, RunArray,
        StringArray,
    };
    use arrow_ipc::reader::FileReader;
    use arrow_schema::{DataType, TimeUnit};
    use arrow_select::concat::concat_batches;
    use bytes::Bytes;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use proptest::prelude::*;

    use super::*;
    use crate::report::Source;
    use crate::report::tests::{errors, keys, report};
    use crate::spec::{Spec, Statistic};
    use crate::summary::UNDEFINED;

    fn parquet(report: &Report) -> Vec<u8> {
        let mut file = Vec::new();
        report.write_parquet(&mut file).unwrap();
        file
    }

    fn arrow(report: &Report) -> Vec<u8> {
        let mut file = Vec::new();
        report.write_arrow(&mut file).unwrap();
        file
    }

    fn read_parquet(file: Vec<u8>) -> RecordBatch {
        let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(file)).unwrap();
        let schema = reader.schema().clone();
        let batches: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
        let batch = concat_batches(batches.first().map_or(&schema, |batch| batch.schema_ref()), &batches).unwrap();
        batch.with_schema(schema).unwrap()
    }

    fn read_arrow(file: Vec<u8>) -> RecordBatch {
        let reader = FileReader::try_new(Cursor::new(file), None).unwrap();
        let schema = reader.schema();
        concat_batches(&schema, &reader.map(Result::unwrap).collect::<Vec<_>>()).unwrap()
    }

    /// Floats by their bits: a NaN is equal to itself.
    fn assert_same(left: &RecordBatch, right: &RecordBatch) {
        assert_eq!(left.schema(), right.schema());
        for (field, (left, right)) in left.schema().fields().iter().zip(left.columns().iter().zip(right.columns())) {
            assert_eq!(left.to_data(), right.to_data(), "{}", field.name());
            if let Some(values) = left.as_primitive_opt::<Float64Type>() {
                let bits = |array: &Float64Array| array.iter().map(|v| v.map(f64::to_bits)).collect::<Vec<_>>();
                assert_eq!(bits(values), bits(right.as_primitive()), "{}", field.name());
            }
        }
    }

    fn texts(count: usize) -> ArrayRef {
        Arc::new(StringArray::from_iter_values((0..count).map(|i| format!("sensor {i:07}"))))
    }

    proptest! {
        /// Both files hold the table, whatever is in it.
        #[test]
        fn files_hold_the_whole_report(
            values in prop::collection::vec(prop_oneof![any::<f64>(), Just(UNDEFINED), Just(-0.0), -1e3..1e3], 1..200),
            names in prop::collection::vec(prop::option::of(any::<String>()), 0..4),
            texts in prop::collection::vec(prop::option::of(any::<String>()), 1..40),
            files in 0usize..2,
        ) {
            let spec = Spec::default().with_statistics(Statistic::ALL.map(|(statistic, _)| statistic));
            let names: Vec<_> = names.iter().map(Option::as_deref).collect();
            let by = keys(vec![("key", Arc::new(StringArray::from(texts)))]);
            let mut report = report(&names, by, spec, |row, index| values[(row * 31 + index) % values.len()]);
            report.source = Source { files, errors: if files > 0 { errors() } else { vec![] }, ..Source::default() };
            let expected = report.to_record_batch().unwrap();
            assert_same(&read_parquet(parquet(&report)), &expected);
            assert_same(&read_arrow(arrow(&report)), &expected);
        }
    }

    /// More than a row group, and keys that start again within a batch. A map has another order each time that it is made.
    #[test]
    fn many_rows_are_the_same_file_each_time() {
        let report = || {
            let mut report = report(
                &[Some("x"), None],
                keys(vec![("sensor", texts(70_001)), ("id", Arc::new(Int64Array::from_iter(0..70_001)))]),
                Spec::default(),
                |row, index| if row % 7 == index { UNDEFINED } else { row as f64 / (index + 3) as f64 },
            );
            report.source = Source { files: 2, errors: errors(), ..Source::default() };
            report
        };
        let (first, mut second) = (report(), report());
        second.source.errors.reverse();
        assert_eq!(parquet(&first), parquet(&second));
        assert_eq!(arrow(&first), arrow(&second));
        let expected = first.to_record_batch().unwrap();
        assert_same(&read_parquet(parquet(&first)), &expected);
        assert_same(&read_arrow(arrow(&first)), &expected);

        let file = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(parquet(&first))).unwrap();
        let rows: Vec<_> = file.metadata().row_groups().iter().map(|group| group.num_rows()).collect();
        assert_eq!(rows, [1 << 17, 140_002 - (1 << 17)]);
        let file = FileReader::try_new(Cursor::new(arrow(&first)), None).unwrap();
        let rows: Vec<_> = file.map(|batch| batch.unwrap().num_rows()).collect();
        assert_eq!(rows, [1 << 16, 1 << 16, 140_002 - (1 << 17)]);
    }

    /// A report as large as memory can still be written.
    #[test]
    fn statistics_and_counts_are_not_copied() {
        let report = report(&[Some("x")], keys(vec![("sensor", texts(100_000))]), Spec::default(), |row, _| row as f64);
        let rows = report.plain_rows().unwrap();
        let last = rows.into_batches(BATCH).last().unwrap().unwrap();
        let index = |values: &[f64], row: usize| &raw const values[row];
        for (name, values) in report.series.names().iter().zip(report.series.statistics_of_all()) {
            let written = last[name.as_str()].as_primitive::<Float64Type>();
            assert_eq!(index(written.values(), 0), index(values.values(), BATCH), "{name}");
        }
        let written = last["count"].as_primitive::<UInt64Type>();
        assert_eq!(&raw const written.values()[0], &raw const report.series.counts_of_all()[0].values()[BATCH]);
        let written = last["sensor"].as_string::<i32>();
        let keys = report.series.keys().unwrap()["sensor"].as_string::<i32>();
        assert_eq!(written.value_data().as_ptr(), keys.value_data().as_ptr());
    }

    #[test]
    fn a_report_without_rows_is_a_file_with_columns() {
        for by in [None, keys(vec![("k", texts(0))])] {
            let report = report(&[], by, Spec::default(), |_, _| 0.0);
            let expected = report.to_record_batch().unwrap();
            assert_same(&read_parquet(parquet(&report)), &expected);
            assert_same(&read_arrow(arrow(&report)), &expected);
        }
        let report = report(&[Some("x")], keys(vec![("k", texts(0))]), Spec::default(), |_, _| 0.0);
        assert_eq!(read_parquet(parquet(&report)).num_rows(), 0);
        assert_eq!(read_arrow(arrow(&report)).num_rows(), 0);
    }

    /// Which code a value has, and in which runs equal values come, is nothing that the data says.
    #[test]
    fn dictionaries_and_runs_are_written_as_what_they_stand_for() {
        let of = |codes: Vec<Option<i32>>, values: Vec<&str>| -> ArrayRef {
            let values = Arc::new(StringArray::from(values));
            Arc::new(DictionaryArray::new(Int32Array::from(codes), values))
        };
        let runs = |ends: Vec<i32>, values: Vec<i32>| -> ArrayRef {
            let (ends, values) = (Int32Array::from(ends), Int32Array::from(values));
            Arc::new(RunArray::<Int32Type>::try_new(&ends, &values).unwrap())
        };
        let first = (of(vec![Some(0), Some(1), None], vec!["a", "b", "unused"]), runs(vec![2, 3], vec![7, 8]));
        let second = (of(vec![Some(2), Some(1), None], vec!["c", "b", "a"]), runs(vec![1, 2, 3], vec![7, 7, 8]));
        let written = |(codes, runs): &(ArrayRef, ArrayRef)| {
            let by = keys(vec![("k", codes.clone()), ("runs", runs.clone())]);
            let report = report(&[Some("x"), Some("y")], by, Spec::default(), |row, _| row as f64);
            (parquet(&report), arrow(&report))
        };
        assert_eq!(written(&first), written(&second));
        let batch = read_arrow(written(&first).1);
        assert_same(&batch, &read_parquet(written(&second).0));
        let expected = StringArray::from(vec![Some("a"), Some("b"), None, Some("a"), Some("b"), None]);
        assert_eq!(batch["k"].as_string::<i32>(), &expected);
        assert_eq!(batch["runs"].as_primitive::<Int32Type>().values().as_ref(), [7, 7, 8, 7, 7, 8]);
    }

    /// What rows can be grouped by can be written.
    #[test]
    fn keys_of_every_type_come_back() {
        use DataType::*;
        let numbers = |data_type: &DataType| {
            let narrow = matches!(data_type, Date32 | Time32(_));
            let numbers: ArrayRef = match narrow {
                true => Arc::new(Int32Array::from(vec![Some(1), None])),
                false => Arc::new(Int64Array::from(vec![Some(1), None])),
            };
            arrow_cast::cast(&numbers, data_type).unwrap()
        };
        let texts = |data_type: &DataType| arrow_cast::cast(&StringArray::from(vec!["ä", ""]), data_type).unwrap();
        let zone = Some("+02:00".into());
        let of_numbers =
            [Int8, UInt64, Float16, Float32, Float64, Boolean, Date32, Date64, Duration(TimeUnit::Millisecond)]
                .into_iter()
                .chain([Decimal32(9, 2), Decimal64(18, 2), Decimal128(30, 2), Decimal256(60, 2)])
                .chain([Time32(TimeUnit::Millisecond), Time64(TimeUnit::Nanosecond)])
                .chain([Timestamp(TimeUnit::Second, None), Timestamp(TimeUnit::Nanosecond, zone)]);
        let of_texts = [Utf8View, LargeUtf8, Binary, LargeBinary, BinaryView];
        let mut by: Vec<_> = of_numbers.map(|data_type| (data_type.to_string(), numbers(&data_type))).collect();
        by.extend(of_texts.map(|data_type| (data_type.to_string(), texts(&data_type))));
        by.push((Null.to_string(), Arc::new(NullArray::new(2))));
        let by = by.iter().map(|(name, array)| (name.as_str(), array.clone())).collect();
        let report = report(&[Some("x"), None], keys(by), Spec::default(), |row, _| row as f64);
        let expected = report.to_record_batch().unwrap();
        assert_same(&read_arrow(arrow(&report)), &expected);
        assert_same(&read_parquet(parquet(&report)), &expected);
    }

    /// A file whose writer fails with a closed pipe once it has this many bytes.
    struct Closing(usize);

    impl Write for Closing {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self.0.min(bytes.len()) {
                0 if !bytes.is_empty() => Err(io::ErrorKind::BrokenPipe.into()),
                taken => {
                    self.0 -= taken;
                    Ok(taken)
                }
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_stays_one_wherever_it_closes() {
        let report = report(&[Some("x")], keys(vec![("k", texts(100))]), Spec::default(), |row, _| row as f64);
        let kind = |result: io::Result<()>| result.unwrap_err().kind();
        for length in (0..parquet(&report).len()).step_by(17) {
            assert_eq!(kind(report.write_parquet(Closing(length))), io::ErrorKind::BrokenPipe, "{length}");
        }
        for length in (0..arrow(&report).len()).step_by(17) {
            assert_eq!(kind(report.write_arrow(Closing(length))), io::ErrorKind::BrokenPipe, "{length}");
        }
        assert_eq!(kind(report.write_json(Closing(1000))), io::ErrorKind::BrokenPipe);
        assert_eq!(kind(report.write_ndjson(Closing(1000))), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn the_metadata_is_there_for_readers_without_arrow() {
        let mut report = report(&[Some("x")], None, Spec::default(), |row, _| row as f64);
        report.source = Source { files: 1, errors: errors(), ..Source::default() };
        let file = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(parquet(&report))).unwrap();
        let file = file.metadata().file_metadata();
        let names: Vec<_> = file.key_value_metadata().unwrap().iter().map(|pair| pair.key.as_str()).collect();
        assert!(names.is_sorted() || names.ends_with(&["ARROW:schema"]), "{names:?}");
        let names: Vec<_> = names.into_iter().filter(|name| name.starts_with("rstats.")).collect();
        let expected =
            ["ddof", "errors", "files", "method", "nan", "rows", "schema"].map(|name| format!("rstats.{name}"));
        assert_eq!(names, expected);
        assert_eq!(file.created_by(), Some(concat!("rstats version ", env!("CARGO_PKG_VERSION"))));
    }
}
