use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{ChunkReader, Length};
use proptest::prelude::*;

use super::super::{Prefetch, Reader, Task, open_all};
use super::*;

/// More memory than the footers of these files take.
pub(in super::super) const LIMIT: u64 = 1 << 26;

/// A small Parquet file, with pages, dictionaries and statistics.
pub(in super::super) fn parquet(rows: usize) -> Vec<u8> {
    let x: ArrayRef = Arc::new(Float64Array::from_iter((0..rows).map(|row| (row % 7 != 0).then_some(row as f64))));
    let k: ArrayRef = Arc::new(Int64Array::from_iter_values((0..rows as i64).map(|row| row % 5)));
    let s: ArrayRef = Arc::new(StringArray::from_iter_values((0..rows).map(|row| format!("text {}", row % 50))));
    let batch = RecordBatch::try_from_iter([("x", x), ("k", k), ("s", s)]).unwrap();
    let properties =
        WriterProperties::builder().set_max_row_group_row_count(Some(rows / 2 + 1)).set_data_page_row_count_limit(100);
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties.build())).unwrap();
    for start in (0..rows).step_by(100) {
        writer.write(&batch.slice(start, 100.min(rows - start))).unwrap();
    }
    writer.close().unwrap();
    bytes
}

fn open(bytes: &[u8]) -> (TempDir, FileEntry) {
    let folder = folder(&[]);
    let path = folder.path().join("a.parquet");
    fs::write(&path, bytes).unwrap();
    let found = find([path], &Interrupt::default()).unwrap();
    (folder, found.into_iter().next().unwrap())
}

/// All rows, through the parquet crate.
fn rows(reader: Reader) -> Result<Vec<RecordBatch>, String> {
    let metadata = reader
        .footer(ArrowReaderOptions::new(), LIMIT, &Interrupt::default())
        .map_err(|error| error.to_string())?
        .metadata;
    let name = reader.found().location.to_path();
    crate::parquet::guard::damage::guarded(&name, || {
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(reader, metadata);
        let batches = builder.build().and_then(|batches| Ok(batches.collect::<Result<Vec<_>, _>>()?));
        batches.map_err(|error| Error::Data(error.to_string()))
    })
    .map_err(|error| error.to_string())
}

#[test]
fn a_file_is_read_whole() {
    let bytes = parquet(1000);
    let (_folder, found) = open(&bytes);
    let read = rows(found.open().unwrap()).unwrap();
    let expected = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap().build().unwrap();
    assert_eq!(read, expected.collect::<Result<Vec<_>, _>>().unwrap());
    assert!(!found.open().unwrap().is_remote());
}

#[test]
fn metadata_is_that_of_the_parquet_crate() {
    let bytes = parquet(3000);
    let (_folder, found) = open(&bytes);
    for policy in [PageIndexPolicy::Skip, PageIndexPolicy::Optional, PageIndexPolicy::Required] {
        let options = ArrowReaderOptions::new().with_page_index_policy(policy);
        let read = found.open().unwrap().footer(options.clone(), LIMIT, &Interrupt::default()).unwrap().metadata;
        let expected = ArrowReaderMetadata::load(&bytes::Bytes::from(bytes.clone()), options).unwrap();
        assert_eq!(read.metadata(), expected.metadata());
        assert_eq!(read.schema(), expected.schema());
    }
    let opened = open_all(&vec![found; 9], &ArrowReaderOptions::new(), LIMIT, &Interrupt::default());
    assert!(opened.iter().all(|opened| opened.as_ref().unwrap().metadata.metadata().num_row_groups() == 2));
}

#[test]
fn what_is_no_parquet_file_is_told() {
    let refuse = |bytes: &[u8], expected: &str| {
        let (_folder, found) = open(bytes);
        let error =
            message(found.open().unwrap().footer(ArrowReaderOptions::new(), LIMIT, &Interrupt::default()).map(drop));
        assert!(error.contains("a.parquet: ") && error.contains(expected), "{error}");
    };
    refuse(b"", "the file is empty, so it is not a Parquet file");
    refuse(b"PAR1", "it has 4 bytes, fewer than any");
    refuse(&[b'x'; 100], "it does not end in PAR1");
    refuse(b"PAR1xxxxxxxx\x05\0\0\0PARE", "the file is encrypted, its footer included");
    refuse(b"PAR1xxxxxxxx\xff\xff\xff\xffPAR1", "its footer of 4294967295 bytes is longer than the file of 20");
    refuse(b"PAR1xxxxxxxx\x08\0\0\0PAR1", "not a Parquet file, or a damaged one");
}

#[test]
fn only_regular_files_are_opened() {
    #[cfg(unix)]
    {
        let found = find(["/dev/null"], &Interrupt::default()).unwrap();
        let error = message(found[0].open());
        assert!(error.starts_with("/dev/null: not a regular file"), "{error}");
    }
    let (folder, found) = open(b"x");
    fs::remove_file(folder.path().join("a.parquet")).unwrap();
    assert!(is_missing(&found.open().unwrap_err()));
}

#[test]
fn a_file_that_changes_is_an_error() {
    let changed = "the file changed while it was read";
    let (folder, found) = open(&parquet(10));
    let path = folder.path().join("a.parquet");
    let reader = found.open().unwrap();
    reader.check_unchanged().unwrap();
    // A backup that links to it changes nothing of it.
    fs::hard_link(&path, folder.path().join("backup")).unwrap();
    reader.check_unchanged().unwrap();
    // Rewritten in place, to the same length.
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(SystemTime::now() + Duration::from_secs(5)).unwrap();
    assert!(message(reader.check_unchanged()).contains(changed));
    assert!(message(found.open()).contains(changed));
    assert!(
        message(reader.footer(ArrowReaderOptions::new(), LIMIT, &Interrupt::default()).map(drop)).contains(changed)
    );
    // Another file in its place.
    let found = find([&path], &Interrupt::default()).unwrap().remove(0);
    let reader = found.open().unwrap();
    fs::write(folder.path().join("new"), b"another").unwrap();
    fs::rename(folder.path().join("new"), &path).unwrap();
    assert!(message(reader.check_unchanged()).contains(changed));
    // Cut short, while a pass is on its way.
    let found = find([&path], &Interrupt::default()).unwrap().remove(0);
    let reader = found.open().unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_len(2).unwrap();
    assert!(reader.get_bytes(0, 7).unwrap_err().to_string().contains("became shorter"));
}

#[test]
fn no_range_reaches_beyond_the_file() {
    let (_folder, found) = open(&[0; 100]);
    let reader = found.open().unwrap();
    for (start, length) in [(0, 101), (100, 1), (u64::MAX, 2), (1, usize::MAX), (u64::MAX, usize::MAX)] {
        let error = reader.get_bytes(start, length).unwrap_err().to_string();
        assert!(error.contains("lie outside the file of 100 bytes"), "{error}");
    }
    #[expect(clippy::reversed_empty_ranges, reason = "what a damaged footer says")]
    for range in [0..101, u64::MAX - 1..u64::MAX, 7..5] {
        assert!(message(reader.fetch(&[range], &Interrupt::default())).contains("and it has 100"));
    }
    let mut read = Vec::new();
    assert!(reader.get_read(100).unwrap().read_to_end(&mut read).is_err());
}

#[test]
fn large_pages_are_refused_before_they_are_read() {
    let (_folder, found) = open(&parquet(1000));
    assert!(rows(found.open().unwrap().with_page_limit(1 << 20)).is_ok());
    let error = rows(found.open().unwrap().with_page_limit(100)).unwrap_err();
    assert!(error.contains("more than the 100 that it may be"), "{error}");
}

/// Each byte of a file, replaced by others: what it says of lengths must never be believed to the end of the process.
#[test]
fn no_byte_of_a_file_ends_the_process() {
    let bytes = parquet(300);
    let expected = rows(open(&bytes).1.open().unwrap()).unwrap();
    let (mut right, mut refused) = (0, 0);
    let folder = folder(&[]);
    let path = folder.path().join("a.parquet");
    for index in 4..bytes.len() {
        let mut mutant = bytes.clone();
        mutant[index] ^= [0xff, 0x80, 0x01, 0x0f][index % 4];
        if index % 3 == 0 {
            mutant[index] = 0xff;
        }
        fs::write(&path, mutant).unwrap();
        let found = find([&path], &Interrupt::default()).unwrap().remove(0);
        match rows(found.open().unwrap()) {
            Ok(read) if read == expected => right += 1,
            Ok(_) => {} // values, or names of columns
            Err(error) => {
                assert!(!error.is_empty());
                refused += 1;
            }
        }
    }
    assert!(right > 0 && refused > 0, "{right} {refused}");
}

#[test]
fn local_tasks_need_no_fetching() {
    let (_folder, found) = open(&parquet(100));
    let task = Task { reader: found.open().unwrap(), ranges: vec![4..20] };
    let prefetch = Prefetch::new(vec![task; 3], 1, 1, &Interrupt::default());
    assert_eq!(prefetch.take(2).unwrap().get_bytes(4, 16).unwrap().len(), 16);
    prefetch.skip(1);
    assert!(prefetch.take(1).is_ok());
    assert!(matches!(prefetch.take(3), Err(Error::Invalid(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]
    #[test]
    fn bytes_are_those_at_their_places(
        length in 1usize..3000, asked in prop::collection::vec((0usize..3000, 0usize..1000), 1..20),
    ) {
        let bytes: Vec<u8> = (0..length).map(|index| (index * 7 % 251) as u8).collect();
        let (_folder, found) = open(&bytes);
        let reader = found.open().unwrap();
        prop_assert_eq!(reader.len(), length as u64);
        let clones: Vec<_> = asked.iter().map(|_| reader.clone()).collect();
        let shown = |clone: &Reader, (start, wanted): (usize, usize)| {
            let expected = bytes.get(start..start + wanted);
            let read = clone.get_bytes(start as u64, wanted).ok();
            wanted == 0 || read.as_deref() == expected
        };
        let all = std::thread::scope(|scope| {
            let (asked, shown) = (&asked, &shown);
            let threads: Vec<_> =
                clones.iter().map(|clone| scope.spawn(move || asked.iter().all(|asked| shown(clone, *asked)))).collect();
            threads.into_iter().all(|thread| thread.join().unwrap())
        });
        prop_assert!(all);
    }
}
