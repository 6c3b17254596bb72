use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_array::types::Float64Type;
use arrow_array::{
    ArrayRef, BooleanArray, FixedSizeBinaryArray, Float64Array, Int32Array, ListArray, RecordBatch, StringArray,
};
use parquet::arrow::ArrowWriter;
use parquet::basic::Encoding;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion};
use proptest::prelude::*;

const LIMIT: u64 = 1 << 28;

fn written(columns: Vec<(&str, ArrayRef)>, properties: WriterPropertiesBuilder) -> (Bytes, ParquetMetaData) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties.build())).unwrap();
    writer.write(&batch).unwrap();
    let bytes = Bytes::from(writer.into_inner().unwrap());
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&bytes).unwrap();
    (bytes, metadata)
}

fn strings(values: impl IntoIterator<Item = String>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

fn surveyed(bytes: &Bytes, metadata: &ParquetMetaData, leaf: usize) -> Result<Pages, Refusal> {
    check_column(bytes, metadata.row_group(0), leaf, 1024, LIMIT)
}

/// What the crate finds: pages, values, the most bytes of a page.
fn decoded(bytes: &Bytes, metadata: &ParquetMetaData, leaf: usize) -> (usize, u64, u64) {
    let group = metadata.row_group(0);
    let rows = group.num_rows() as usize;
    let reader = SerializedPageReader::new(Arc::new(bytes.clone()), group.column(leaf), rows, None).unwrap();
    reader.map(Result::unwrap).fold((0, 0, 0), |(pages, values, largest), page| {
        let held = if page.is_data_page() { u64::from(page.num_values()) } else { 0 };
        (pages + 1, values + held, largest.max(page.buffer().len() as u64))
    })
}

fn codecs() -> impl Strategy<Value = Compression> {
    prop::sample::select(vec![
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(Default::default()),
        Compression::ZSTD(Default::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
        Compression::BROTLI(Default::default()),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn what_the_crate_writes_is_found_sound(
        rows in prop::collection::vec(prop::option::of((0i32..100, "[a-c]{0,30}")), 0..800),
        codec in codecs(), v2: bool, dictionary: bool, delta: bool, per_page in 1usize..400,
    ) {
        let numbers = Float64Array::from_iter(rows.iter().map(|row| row.as_ref().map(|row| f64::from(row.0) / 8.0)));
        let whole = Int32Array::from_iter_values(rows.iter().map(|row| row.as_ref().map_or(0, |row| row.0)));
        let flags = BooleanArray::from_iter(rows.iter().map(|row| row.as_ref().map(|row| row.0 > 50)));
        let texts = StringArray::from_iter(rows.iter().map(|row| row.as_ref().map(|row| row.1.clone())));
        let lists = ListArray::from_iter_primitive::<Float64Type, _, _>(
            rows.iter().map(|row| row.as_ref().map(|row| vec![Some(1.5); row.0 as usize % 4])),
        );
        let version = if v2 { WriterVersion::PARQUET_2_0 } else { WriterVersion::PARQUET_1_0 };
        let text_encoding = if delta { Encoding::DELTA_BYTE_ARRAY } else { Encoding::DELTA_LENGTH_BYTE_ARRAY };
        let properties = WriterProperties::builder()
            .set_writer_version(version)
            .set_compression(codec)
            .set_dictionary_enabled(dictionary)
            .set_column_encoding("t".into(), if dictionary { Encoding::PLAIN } else { text_encoding })
            .set_write_batch_size(per_page)
            .set_data_page_row_count_limit(per_page);
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("x", Arc::new(numbers)), ("i", Arc::new(whole)), ("b", Arc::new(flags)), ("t", Arc::new(texts)),
            ("l", Arc::new(lists)),
        ];
        let (bytes, metadata) = written(columns, properties);
        if metadata.num_row_groups() == 0 {
            return Ok(());
        }
        for leaf in 0..metadata.row_group(0).num_columns() {
            let found = surveyed(&bytes, &metadata, leaf).unwrap();
            let (pages, values, largest) = decoded(&bytes, &metadata, leaf);
            prop_assert_eq!((found.pages, found.values), (pages, values));
            prop_assert!(found.largest >= largest && found.largest <= 64 * largest + 64 * values, "{:?} {}", found, largest);
        }
    }
}

#[test]
fn strings_that_a_page_repeats() {
    let (long, rows) = ("x".repeat(10_000), 2000u64);
    let repeated = || strings((0..rows).map(|row| format!("{long}{}", row % 2)));
    let zstd = || WriterProperties::builder().set_compression(Compression::ZSTD(Default::default()));
    // An entry of the dictionary, or a prefix, 2,000 times.
    let dictionary = zstd();
    let prefixes = zstd().set_dictionary_enabled(false).set_encoding(Encoding::DELTA_BYTE_ARRAY);
    for properties in [dictionary, prefixes] {
        let (bytes, metadata) = written(vec![("t", repeated())], properties);
        let check = |batch, limit| check_column(&bytes, metadata.row_group(0), 0, batch, limit);
        assert_eq!(check(100, 1 << 24).unwrap().widest, 10_001);
        assert!(check(2000, 1 << 24).unwrap_err().to_string().contains("10001 a row"));
        assert!(check(2000, 1 << 27).is_ok());
    }
}

#[test]
fn widths_of_fixed_length_binaries() {
    let values = FixedSizeBinaryArray::try_from_iter((0..100u8).map(|value| [value; 1000])).unwrap();
    let properties = WriterProperties::builder().set_dictionary_enabled(false);
    let (bytes, metadata) = written(vec![("k", Arc::new(values))], properties);
    assert_eq!(surveyed(&bytes, &metadata, 0).unwrap().widest, 1000);
    assert!(
        check_column(&bytes, metadata.row_group(0), 0, 1024, 150_000)
            .unwrap_err()
            .to_string()
            .contains("100 rows at a time")
    );
}

/// Counts the reads.
struct Counted(Bytes, AtomicUsize);

impl Length for Counted {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }
}

impl ChunkReader for Counted {
    type T = <Bytes as ChunkReader>::T;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        self.0.get_read(start)
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.get_bytes(start, length)
    }
}

#[test]
fn headers_cost_few_reads() {
    let column: ArrayRef = Arc::new(Float64Array::from_iter_values((0..500_000).map(f64::from)));
    for (rows, most) in [(100_000, 6), (1000, 501), (20, 150)] {
        let properties = WriterProperties::builder().set_dictionary_enabled(false);
        let properties = properties.set_write_batch_size(rows).set_data_page_row_count_limit(rows);
        let (bytes, metadata) = written(vec![("x", Arc::clone(&column))], properties);
        let reader = Counted(bytes, AtomicUsize::new(0));
        let found = check_column(&reader, metadata.row_group(0), 0, 1024, LIMIT).unwrap();
        assert!(found.pages >= 500_000 / rows, "{found:?}");
        let reads = reader.1.into_inner();
        assert!(reads <= most, "{reads} reads of {} pages", found.pages);
    }
}

#[test]
fn chunks_outside_the_file() {
    let (bytes, metadata) =
        written(vec![("x", Arc::new(Float64Array::from(vec![1.0; 100])))], WriterProperties::builder());
    let cut = bytes.slice(..20);
    assert!(surveyed(&cut, &metadata, 0).unwrap_err().to_string().contains("outside the file of 20 bytes"));
    assert!(surveyed(&bytes, &metadata, 1).unwrap_err().to_string().contains("none at place 1"));
}

#[test]
fn what_codecs_can_expand_to_is_let_through() {
    // A megabyte of zeros is as small as a codec can make it.
    let zeros: ArrayRef = Arc::new(Float64Array::from(vec![0.0; 1 << 17]));
    for codec in ["UNCOMPRESSED", "SNAPPY", "GZIP(6)", "ZSTD(22)", "LZ4", "LZ4_RAW", "BROTLI(11)"] {
        let properties =
            WriterProperties::builder().set_dictionary_enabled(false).set_compression(codec.parse().unwrap());
        let properties = properties.set_data_page_size_limit(1 << 22).set_write_batch_size(1 << 20);
        let (bytes, metadata) = written(vec![("x", Arc::clone(&zeros))], properties);
        let found = surveyed(&bytes, &metadata, 0).unwrap();
        assert!(found.largest >= 1 << 20, "{codec}: {found:?}");
        let copies = if codec.starts_with("BROTLI") { 2 } else { 1 };
        assert!(
            found.largest
                < copies * (1 << 20) + (1 << 20) / 15 + 100 + if codec == "UNCOMPRESSED" { 1 << 17 } else { 0 },
            "{found:?}"
        );
    }
}
