//! Row groups and pages of real files, and statistics that are not to be trusted.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Date64Array, Int32Array, RecordBatch, StringArray, TimestampNanosecondArray};
use arrow_schema::{DataType, Field, Schema};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::basic::{ColumnOrder, SortOrder, Type};
use parquet::data_type::{ByteArray, Int96};
use parquet::file::metadata::{
    ColumnChunkMetaData, ColumnIndexBuilder, FileMetaData, PageIndexPolicy, ParquetMetaData, ParquetMetaDataBuilder,
    RowGroupMetaData,
};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::statistics::{Statistics, ValueStatistics};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::SchemaDescriptor;
use proptest::prelude::*;

use super::super::{Bounds, Predicate, Pruning, row_group_bounds, select_rows};
use super::random::Dice;
use super::{Question, kept};

struct File {
    bytes: Bytes,
    metadata: ArrowReaderMetadata,
}

impl File {
    fn write(batch: &RecordBatch, properties: WriterProperties) -> Self {
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
        writer.write(batch).unwrap();
        writer.close().unwrap();
        let bytes = Bytes::from(bytes);
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let metadata = ArrowReaderMetadata::load(&bytes, options).unwrap();
        Self { bytes, metadata }
    }

    fn read(&self, row_group: usize, selection: Option<RowSelection>) -> Vec<RecordBatch> {
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(self.bytes.clone(), self.metadata.clone());
        let builder = builder.with_row_groups(vec![row_group]).with_batch_size(1024);
        let builder = match selection {
            Some(selection) => builder.with_row_selection(selection),
            None => builder,
        };
        builder.build().unwrap().map(Result::unwrap).collect()
    }
}

fn properties(dice: &mut Dice, batch: &RecordBatch) -> WriterProperties {
    let statistics =
        [EnabledStatistics::Page, EnabledStatistics::Page, EnabledStatistics::Chunk, EnabledStatistics::None];
    // A Date64 that is coerced to days loses its time of day.
    let cuts = batch.schema().fields().iter().any(|field| *field.data_type() == DataType::Date64);
    WriterProperties::builder()
        .set_max_row_group_row_count(Some(1 + dice.below(120)))
        .set_data_page_row_count_limit(1 + dice.below(12))
        .set_write_batch_size(1 + dice.below(4))
        .set_dictionary_enabled(dice.one_in(2))
        .set_statistics_enabled(statistics[dice.below(statistics.len())])
        .set_statistics_truncate_length([Some(1), Some(3), None][dice.below(3)])
        .set_column_index_truncate_length([Some(1), Some(2), None][dice.below(3)])
        .set_coerce_types(!cuts && dice.one_in(4))
        .build()
}

#[derive(Default)]
struct Decided {
    none: usize,
    all: usize,
    left_out: usize,
}

/// Every row group and every page of a random file is pruned rightly. Tells how much was decided.
fn prune_a_file(seed: u64) -> Decided {
    let mut dice = Dice(seed);
    let rows = 1 + dice.below(200);
    let table = dice.table(rows);
    let question = Question::new(&mut dice, table);
    let batch = question.table.batch();
    let properties = properties(&mut dice, &batch);
    let file = File::write(&batch, properties);
    let types = |name: &str| Some(file.metadata.schema().field_with_name(name).ok()?.data_type().clone());
    let bound = Predicate::parse(&question.text).unwrap().bind(&types).unwrap();
    let expected = question.expected();
    let mut decided = Decided::default();
    let mut first = 0;
    for group in 0..file.metadata.metadata().num_row_groups() {
        let count = file.metadata.metadata().row_group(group).num_rows() as usize;
        let wanted = &expected[first..first + count];
        first += count;
        let keep = |batches: &[RecordBatch]| -> Vec<bool> {
            batches.iter().flat_map(|batch| kept(&bound.evaluate(batch).unwrap())).collect()
        };
        // What was decoded is what was written.
        assert_eq!(keep(&file.read(group, None)), wanted, "{}", question.text);
        let bounds = |name: &str| Some(row_group_bounds(&file.metadata, group, batch.schema().index_of(name).ok()?));
        let context = || format!("{}\nrow group {group} of {batch:?}", question.text);
        match bound.prune(&bounds) {
            Pruning::Skip => {
                decided.none += 1;
                assert!(wanted.iter().all(|kept| !kept), "{}", context());
            }
            Pruning::KeepAll => {
                decided.all += 1;
                assert!(wanted.iter().all(|kept| *kept), "{}", context());
            }
            Pruning::Filter => {}
        }
        let Some(selection) = select_rows(&bound, &file.metadata, group, &|_| None) else {
            continue;
        };
        let mut row = 0;
        let mut selected = Vec::new();
        for selector in selection.iter() {
            let range = row..row + selector.row_count;
            row = range.end;
            if selector.skip {
                decided.left_out += range.len();
                assert!(wanted[range].iter().all(|kept| !kept), "{selection:?} of {}", context());
            } else {
                selected.extend_from_slice(&wanted[range]);
            }
        }
        assert_eq!(row, count);
        assert_eq!(keep(&file.read(group, Some(selection))), selected, "{}", context());
    }
    decided
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn row_groups_and_pages_are_pruned_rightly(seed in any::<u64>()) {
        prune_a_file(seed);
    }
}

#[test]
fn files_often_decide() {
    let decided = (0..300).map(prune_a_file).fold(Decided::default(), |sum, decided| Decided {
        none: sum.none + decided.none,
        all: sum.all + decided.all,
        left_out: sum.left_out + decided.left_out,
    });
    assert!(
        decided.none > 100 && decided.all > 50 && decided.left_out > 3000,
        "{} {} {}",
        decided.none,
        decided.all,
        decided.left_out
    );
}

#[test]
fn pages_of_two_columns_are_cut_where_either_is() {
    let schema = Schema::new(vec![Field::new("a", DataType::Int32, false), Field::new("b", DataType::Int32, true)]);
    let a: ArrayRef = Arc::new(Int32Array::from_iter_values(0..100));
    let b: ArrayRef = Arc::new(Int32Array::from_iter((0..100).map(|row| (row >= 30).then_some(row / 10))));
    let batch = RecordBatch::try_new(Arc::new(schema), vec![a, b]).unwrap();
    let properties = WriterProperties::builder().set_data_page_row_count_limit(10).set_write_batch_size(10).build();
    let file = File::write(&batch, properties);
    let selected = |text: &str, others: &dyn Fn(&str) -> Option<Bounds>| {
        let types = |name: &str| batch.column_by_name(name).map(|column| column.data_type().clone());
        let types = |name: &str| types(name).or_else(|| others(name).map(|_| DataType::Int32));
        let bound = Predicate::parse(text).unwrap().bind(&types).unwrap();
        let selection = select_rows(&bound, &file.metadata, 0, others)?;
        Some(selection.iter().map(|part| (part.skip, part.row_count)).collect::<Vec<_>>())
    };
    let nothing = |_: &str| None;
    assert_eq!(selected("a between 20 and 29", &nothing), Some(vec![(true, 20), (false, 10), (true, 70)]));
    assert_eq!(selected("a < 50 and b >= 4", &nothing), Some(vec![(true, 40), (false, 10), (true, 50)]));
    assert_eq!(selected("b is null", &nothing), Some(vec![(false, 30), (true, 70)]));
    assert_eq!(selected("not b > 3", &nothing), Some(vec![(true, 30), (false, 10), (true, 60)]));
    assert_eq!(selected("a < 0", &nothing), Some(vec![(true, 100)]));
    assert_eq!(selected("a >= 0", &nothing), None);
    let one: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    let others = |name: &str| (name == "part").then(|| Bounds::from_value(&one, 100));
    assert_eq!(selected("part = 1 and a < 10", &others), Some(vec![(false, 10), (true, 90)]));
    assert_eq!(selected("part = 2 or a < 10", &others), Some(vec![(false, 10), (true, 90)]));
    assert_eq!(selected("part = 2", &others), Some(vec![(true, 100)]));
}

/// Metadata of a file of one row group of ten rows and one column `x`.
fn metadata(
    message: &str,
    order: Option<ColumnOrder>,
    statistics: Statistics,
    arrow: Option<DataType>,
) -> ArrowReaderMetadata {
    metadata_by(None, message, order, statistics, arrow)
}

/// The same of a file that names its writer.
fn metadata_by(
    writer: Option<&str>,
    message: &str,
    order: Option<ColumnOrder>,
    statistics: Statistics,
    arrow: Option<DataType>,
) -> ArrowReaderMetadata {
    let schema = parse_message_type(&format!("message m {{ {message} }}")).unwrap();
    let schema = Arc::new(SchemaDescriptor::new(Arc::new(schema)));
    let chunk = ColumnChunkMetaData::builder(schema.column(0)).set_statistics(statistics).build().unwrap();
    let group = RowGroupMetaData::builder(schema.clone()).set_num_rows(10).add_column_metadata(chunk).build().unwrap();
    let file = FileMetaData::new(2, 10, writer.map(str::to_owned), None, schema, order.map(|order| vec![order]));
    let parquet: ParquetMetaData = ParquetMetaDataBuilder::new(file).add_row_group(group).build();
    let options = match arrow {
        Some(data_type) => {
            let field = Field::new("x", data_type, message.starts_with("optional"));
            ArrowReaderOptions::new().with_schema(Arc::new(Schema::new(vec![field])))
        }
        None => ArrowReaderOptions::new(),
    };
    ArrowReaderMetadata::try_new(Arc::new(parquet), options).unwrap()
}

const SIGNED: Option<ColumnOrder> = Some(ColumnOrder::TYPE_DEFINED_ORDER(SortOrder::SIGNED));
const UNSIGNED: Option<ColumnOrder> = Some(ColumnOrder::TYPE_DEFINED_ORDER(SortOrder::UNSIGNED));

#[test]
fn statistics_that_count_and_that_do_not() {
    let ints = |deprecated| Statistics::int32(Some(1), Some(5), None, Some(2), deprecated);
    let bytes = |min: &[u8], max: &[u8], deprecated| {
        Statistics::byte_array(Some(ByteArray::from(min)), Some(ByteArray::from(max)), None, Some(0), deprecated)
    };
    const DECIMALS: &str = "optional fixed_len_byte_array(2) x (DECIMAL(4, 2))";
    let fixed = |min: &[u8], max: &[u8]| {
        let [min, max] = [min, max].map(|bytes| Some(ByteArray::from(bytes).into()));
        Statistics::fixed_len_byte_array(min, max, None, Some(0), false)
    };
    let longs = || Statistics::int64(Some(1), Some(5), None, Some(2), false);
    let doubles = |min: f64, max: f64, deprecated| Statistics::double(Some(min), Some(max), None, Some(2), deprecated);
    let int96 =
        || Statistics::int96(Some(Int96::from(vec![1, 2, 3])), Some(Int96::from(vec![1, 2, 3])), None, Some(2), false);
    let has_bounds = |message: &str, order, statistics| {
        let bounds = row_group_bounds(&metadata(message, order, statistics, None), 0, 0);
        assert_eq!(bounds.min.is_some(), bounds.max.is_some());
        bounds.min.is_some()
    };
    for (case, (message, order, statistics), counts) in [
        ("in the type's order", ("optional int32 x", SIGNED, ints(false)), true),
        ("no order declared", ("optional int32 x", None, ints(false)), false),
        ("an order that is not known", ("optional int32 x", Some(ColumnOrder::UNKNOWN), ints(false)), false),
        ("older fields, signed", ("optional int32 x", None, ints(true)), true),
        (
            "older fields, an order that is not known",
            ("optional int32 x", Some(ColumnOrder::UNKNOWN), ints(true)),
            false,
        ),
        ("older fields, unsigned", ("optional int32 x (UINT_32)", None, ints(true)), false),
        ("older fields, unsigned, order declared", ("optional int32 x (UINT_32)", UNSIGNED, ints(true)), false),
        ("unsigned", ("optional int32 x (UINT_32)", UNSIGNED, ints(false)), true),
        ("older fields, text", ("optional binary x (UTF8)", UNSIGNED, bytes(b"a", b"b", true)), false),
        ("text", ("optional binary x (UTF8)", UNSIGNED, bytes(b"a", b"b", false)), true),
        ("text that is none", ("optional binary x (UTF8)", UNSIGNED, bytes(b"a", b"\xff", false)), false),
        ("bytes", ("optional binary x", UNSIGNED, bytes(b"a", b"b", false)), false),
        ("floats", ("optional double x", SIGNED, doubles(1.0, 5.0, false)), true),
        ("floats with a NaN", ("optional double x", SIGNED, doubles(1.0, f64::NAN, false)), false),
        ("older fields, floats", ("optional double x", None, doubles(1.0, 5.0, true)), false),
        ("INT96", ("optional int96 x", Some(ColumnOrder::TYPE_DEFINED_ORDER(SortOrder::UNDEFINED)), int96()), false),
        (
            "an int8 out of its range",
            ("optional int32 x (INT_8)", SIGNED, Statistics::int32(Some(1), Some(300), None, None, false)),
            false,
        ),
        ("only a minimum", ("optional int32 x", SIGNED, Statistics::int32(Some(1), None, None, None, false)), false),
        ("milliseconds", ("optional int64 x (TIMESTAMP_MILLIS)", SIGNED, longs()), true),
        ("decimals", (DECIMALS, SIGNED, fixed(&[0xff, 0xff], &[1, 0])), true),
        ("decimals without bytes", (DECIMALS, SIGNED, fixed(&[], &[1, 0])), false),
        ("decimals that are too wide", (DECIMALS, SIGNED, fixed(&[0; 33], &[1, 0])), false),
        (
            "decimals in bytes of any number",
            ("optional binary x (DECIMAL(9, 2))", SIGNED, bytes(&[0xff], &[1, 0], false)),
            false,
        ),
        ("repeated", ("repeated int32 x", SIGNED, ints(false)), false),
        ("nested", ("optional group x { optional int32 y; }", SIGNED, ints(false)), false),
    ] {
        let message = if message.ends_with('}') { message.to_owned() } else { format!("{message};") };
        assert_eq!(has_bounds(&message, order, statistics), counts, "{case}");
    }
}

#[test]
fn bounds_are_of_the_columns_type() {
    // 0xff is −1 in two's complement, and the greatest of unsigned integers.
    let minus_one = Statistics::fixed_len_byte_array(
        Some(ByteArray::from(&[0xffu8, 0xff][..]).into()),
        Some(ByteArray::from(&[1u8, 0][..]).into()),
        None,
        Some(0),
        false,
    );
    let decimals = metadata("optional fixed_len_byte_array(2) x (DECIMAL(4, 2));", SIGNED, minus_one, None);
    assert_eq!(verdict(&decimals, "x between -0.01 and 2.56"), Pruning::KeepAll);
    assert_eq!(verdict(&decimals, "x > 2.56"), Pruning::Skip);
    let unsigned = Statistics::int32(Some(1), Some(-1), None, Some(0), false);
    let unsigned = metadata("optional int32 x (UINT_32);", UNSIGNED, unsigned, None);
    assert_eq!(verdict(&unsigned, "x between 1 and 4294967295"), Pruning::KeepAll);
    assert_eq!(verdict(&unsigned, "x = 0"), Pruning::Skip);
}

fn verdict(metadata: &ArrowReaderMetadata, text: &str) -> Pruning {
    let data_type = metadata.schema().field(0).data_type().clone();
    let bound = Predicate::parse(text).unwrap().bind(&|_| Some(data_type.clone())).unwrap();
    bound.prune(&|_| Some(row_group_bounds(metadata, 0, 0)))
}

/// A greatest text that was cut off, and not raised, once lost all rows of `name = '…'`.
#[test]
fn text_that_begins_with_its_upper_bound_is_never_excluded() {
    let of = |max: &str, is_exact| {
        let (min, max) = (ByteArray::from("a"), ByteArray::from(max));
        let statistics = ValueStatistics::new(Some(min), Some(max), None, Some(0), false).with_max_is_exact(is_exact);
        metadata("optional binary x (UTF8);", UNSIGNED, Statistics::ByteArray(statistics), None)
    };
    let cut = of("abcdefgh", false);
    for text in ["abcdefgh", "abcdefghi", "abcdefgh and more", "abcdefgh\u{10ffff}"] {
        assert_eq!(verdict(&cut, &format!("x = '{text}'")), Pruning::Filter, "{text}");
        assert_eq!(verdict(&cut, &format!("x >= '{text}'")), Pruning::Filter, "{text}");
    }
    assert_eq!(verdict(&cut, "x = 'abcdefgi'"), Pruning::Filter, "the bound itself, which need not be there");
    assert_eq!(verdict(&cut, "x = 'abcdefgia'"), Pruning::Skip);
    assert_eq!(verdict(&cut, "x > 'b'"), Pruning::Skip);
    assert_eq!(verdict(&of("abcdefgh", true), "x = 'abcdefghi'"), Pruning::Skip);
    // The next character after the last one before those that are none, and none above the last of all.
    assert_eq!(verdict(&of("b\u{d7ff}", false), "x = 'b\u{d7ff}z'"), Pruning::Filter);
    assert_eq!(verdict(&of("b\u{d7ff}", false), "x = 'b\u{e000}z'"), Pruning::Skip);
    assert_eq!(verdict(&of("b\u{10ffff}", false), "x = 'b\u{10ffff}z'"), Pruning::Filter);
    assert_eq!(verdict(&of("b\u{10ffff}", false), "x = 'd'"), Pruning::Skip);
    assert_eq!(verdict(&of("\u{10ffff}", false), "x = '\u{10ffff}z'"), Pruning::Filter);
    assert_eq!(verdict(&of("", false), "x = 'z'"), Pruning::Filter, "of a text that was cut off as a whole");
}

/// The same of pages, whose index has no word on whether a bound was cut off; and pages of which it says what cannot be.
#[test]
fn pages_whose_greatest_text_was_cut_off_are_read() {
    let texts: Vec<String> = (0..100).map(|row| format!("a long name {row:02}")).collect();
    let array: ArrayRef = Arc::new(StringArray::from(texts));
    let batch = RecordBatch::try_from_iter_with_nullable([("x", array, true)]).unwrap();
    let properties = WriterProperties::builder().set_data_page_row_count_limit(10).set_write_batch_size(10).build();
    let file = File::write(&batch, properties);
    let selected = |null_pages: bool, nulls: i64, cut: usize, text: &str| {
        let mut index = ColumnIndexBuilder::new(Type::BYTE_ARRAY);
        for page in 0..10 {
            let [min, max] = [10 * page, 10 * page + 9].map(|row| format!("a long name {row:02}").into_bytes());
            index.append(null_pages, min, max[..cut].to_vec(), nulls);
        }
        let parquet = file.metadata.metadata().as_ref().clone().into_builder();
        let parquet = parquet.set_column_index(Some(vec![vec![index.build().unwrap()]])).build();
        let metadata = ArrowReaderMetadata::try_new(Arc::new(parquet), ArrowReaderOptions::new()).unwrap();
        let bound = Predicate::parse(text).unwrap().bind(&|_| Some(DataType::Utf8)).unwrap();
        let selection = select_rows(&bound, &metadata, 0, &|_| None);
        selection.map_or(100, |selection| selection.row_count())
    };
    assert_eq!(selected(false, 0, 14, "x = 'a long name 37'"), 10);
    // Cut to "a long name 3": pages end there, and the one of 30 to 39 begins below it.
    assert_eq!(selected(false, 0, 13, "x = 'a long name 37'"), 10);
    assert!(selected(false, 0, 12, "x = 'a long name 37'") >= 40, "any page from the first to that one");
    assert_eq!(selected(false, 0, 12, "x = 'b'"), 0);
    assert_eq!(selected(false, 0, 0, "x = 'zz'"), 100, "a bound that is empty says nothing");
    assert_eq!(selected(true, 10, 0, "x is null"), 100);
    assert_eq!(selected(true, 10, 0, "x is not null"), 0);
    // apache/parquet-java issue 3457: pages of nothing but nulls, of which there are none.
    assert_eq!(selected(true, 0, 0, "x is null"), 100);
    assert_eq!(selected(true, 0, 0, "x = 'a long name 37'"), 100);
}

/// `id is null` believed a count of 0 that old Arrow wrote for dictionaries.
#[test]
fn what_a_writer_is_known_to_have_wrong_does_not_count() {
    let of =
        |writer: &str, message: &str, order, statistics| metadata_by(Some(writer), message, order, statistics, None);
    let ints = || Statistics::int32(Some(1), Some(5), None, Some(0), false);
    for (writer, trusted) in [
        ("parquet-cpp version 1.5.1-SNAPSHOT", false),
        ("parquet-cpp-arrow version 5.0.0", false),
        ("parquet-cpp-arrow version 6.0.0", true),
        ("parquet-cpp-arrow version 26.0.1", true),
        ("Polars", false),
    ] {
        let file = of(writer, "optional int32 x;", SIGNED, ints());
        let expected = if trusted { Pruning::Skip } else { Pruning::Filter };
        assert_eq!(verdict(&file, "x is null"), expected, "{writer}");
        // A column that is required has no nulls, whoever wrote it.
        assert_eq!(verdict(&of(writer, "required int32 x;", SIGNED, ints()), "x is null"), Pruning::Skip);
    }
    // Bounds of the first chunk of a dictionary: without Arrow's own schema any column may have been one.
    for (writer, trusted) in [("parquet-cpp-arrow version 9.0.0", false), ("parquet-cpp-arrow version 11.0.0", true)] {
        let file = of(writer, "optional int32 x;", SIGNED, ints());
        assert_eq!(verdict(&file, "x = 9"), if trusted { Pruning::Skip } else { Pruning::Filter }, "{writer}");
    }
    let text = |writer: &str| {
        let statistics = Statistics::byte_array(Some("a".into()), Some("b".into()), None, Some(0), false);
        of(writer, "optional binary x (UTF8);", UNSIGNED, statistics)
    };
    assert_eq!(
        verdict(&text("github.com/segmentio/parquet-go version 0.0.0(build f785677b9a75)"), "x = 'z'"),
        Pruning::Filter
    );
    assert_eq!(verdict(&text("github.com/parquet-go/parquet-go version 0.25.0(build )"), "x = 'z'"), Pruning::Skip);
    let decimals = |writer: &str| {
        let [min, max] = [[0u8, 1], [0, 9]].map(|bytes| Some(ByteArray::from(&bytes[..]).into()));
        let statistics = Statistics::fixed_len_byte_array(min, max, None, Some(0), false);
        of(writer, "optional fixed_len_byte_array(2) x (DECIMAL(4, 2));", SIGNED, statistics)
    };
    for (writer, expected) in [
        ("parquet-cpp-arrow version 3.0.0", Pruning::Filter),
        ("ClickHouse v25.7.1.1-stable", Pruning::Filter),
        ("parquet-mr version 1.13.1 (build x)", Pruning::Skip),
    ] {
        assert_eq!(verdict(&decimals(writer), "x = -1"), expected, "{writer}");
    }
}

#[test]
fn null_counts_that_are_missing_or_wrong() {
    let of = |message: &str, null_count| {
        let statistics = Statistics::int32(Some(1), Some(5), None, null_count, false);
        row_group_bounds(&metadata(message, SIGNED, statistics, None), 0, 0)
    };
    assert_eq!(of("optional int32 x;", None).null_count, None);
    assert_eq!(of("optional int32 x;", Some(3)).null_count, Some(3));
    assert_eq!(of("required int32 x;", None).null_count, Some(0));
    let wrong = of("optional int32 x;", Some(11));
    assert!(wrong.null_count.is_none() && wrong.min.is_none() && wrong.rows == 10);
    let statistics = Statistics::int32(Some(1), Some(5), None, Some(0), false);
    let missing = row_group_bounds(&metadata("optional int32 x;", SIGNED, statistics.clone(), None), 0, 7);
    assert!(missing.null_count.is_none() && missing.min.is_none() && missing.rows == 10);
    let missing = row_group_bounds(&metadata("optional int32 x;", SIGNED, statistics, None), 3, 0);
    assert!(missing.null_count.is_none() && missing.min.is_none() && missing.rows > 0);
}

#[test]
fn a_schema_from_outside_may_read_the_same_bytes_in_another_way() {
    let longs = || Statistics::int64(Some(1), Some(5), None, Some(0), false);
    let of =
        |message: &str, data_type| row_group_bounds(&metadata(message, SIGNED, longs(), Some(data_type)), 0, 0).min;
    let nanos: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![1]));
    assert_eq!(of("optional int64 x;", nanos.data_type().clone()).as_ref(), Some(&nanos));
    let days: ArrayRef = Arc::new(Date64Array::from(vec![1]));
    assert_eq!(of("optional int64 x;", DataType::Date64).as_ref(), Some(&days));
}
