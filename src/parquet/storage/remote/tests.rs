//! Buckets and web servers: finding, reading, and what goes wrong with it.

mod ahead;

use std::time::{Duration, Instant};

use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::reader::ChunkReader;
use proptest::prelude::*;

use super::super::tests::reading::{LIMIT, parquet};
use super::super::{FileEntry, find, open_all};
use super::server::{Fault, Lists, Server};
use super::*;
use crate::error::Error;
use crate::interrupt::Interrupt;

fn all(inputs: &[impl AsRef<str>]) -> Result<Vec<FileEntry>> {
    let inputs = inputs.iter().map(AsRef::as_ref);
    find(inputs, &Interrupt::default())
}

fn one(server: &Server, key: &str) -> FileEntry {
    all(&[format!("{}/{key}", server.bucket())]).unwrap().remove(0)
}

fn names(server: &Server, key: &str) -> Vec<String> {
    let root = format!("{}/", server.bucket());
    let found = all(&[format!("{root}{key}")]).unwrap();
    found.iter().map(|found| found.location.to_string().strip_prefix(&root).unwrap().to_owned()).collect()
}

fn message(outcome: Result<impl std::fmt::Debug>) -> String {
    let message = outcome.unwrap_err().to_string();
    assert!(!message.contains('\n'), "{message}");
    message
}

fn is_missing(error: &Error) -> bool {
    matches!(error, Error::File { source: Some(source), .. } if source.kind() == std::io::ErrorKind::NotFound)
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index * 31 % 251) as u8).collect()
}

fn with(keys: &[&str]) -> Server {
    let server = Server::start();
    keys.iter().for_each(|key| server.put(key, key.as_bytes(), "\"1\""));
    server
}

#[test]
fn a_prefix_is_a_folder() {
    let server = with(&[
        "data/b.parquet",
        "data/a/z.parquet",
        "data/a-b/x.parquet",
        "data/_log/y.parquet",
        "data/.w.parquet",
        "data/readme.txt",
        "database/no.parquet",
    ]);
    // An object that marks a folder.
    server.put("data/a/z.parquet/part.parquet", b"x", "\"2\"");
    server.put("data/a/z.parquet", b"", "\"3\"");
    let expected = ["data/a/z.parquet/part.parquet", "data/a-b/x.parquet", "data/b.parquet"];
    assert_eq!(names(&server, "data/"), expected);
    assert_eq!(names(&server, "data"), expected);
    assert_eq!(names(&server, ""), [&expected[..], &["database/no.parquet"]].concat());
    assert_eq!(names(&server, "data/a/z.parquet"), &expected[..1]);
    let bucket = all(&[server.bucket()]).unwrap();
    assert_eq!(bucket.len(), 4);
    assert_eq!(bucket[3].location.to_string(), format!("{}/database/no.parquet", server.bucket()));
}

/// One key with an empty name or `..` in it failed a whole prefix, unnamed.
#[test]
fn keys_that_cannot_be_read_are_found_and_named_when_they_are_opened() {
    for bad in [
        &["data//b.parquet"][..],
        &["data/../c.parquet"],
        &["data/./d.parquet", "data/a//x.parquet", "data/b/../y.parquet", "data/z//"],
        &["data//a.parquet", "data//b.parquet", "data//c.parquet", "data//d.parquet", "data//e.parquet"],
    ] {
        let good = ["data/a.parquet", "data/b.parquet", "data/c/d.parquet", "data/x.parquet", "data/z.parquet"];
        let server = with(&[&good[..], bad].concat());
        for input in ["data/", "data", "data/**/*.parquet"] {
            let found = all(&[format!("{}/{input}", server.bucket())]).unwrap();
            let (read, refused): (Vec<_>, Vec<_>) = found.iter().partition(|found| found.open().is_ok());
            assert_eq!(read.len(), good.len(), "{bad:?} {input}");
            let files: Vec<_> = bad.iter().filter(|key| key.ends_with(".parquet")).collect();
            assert_eq!(refused.len(), files.len(), "{bad:?} {input}");
            for found in refused {
                let error = message(found.open());
                assert!(
                    files.iter().any(|key| error.contains(&format!("/{key}: not a key that can be read"))),
                    "{error}"
                );
            }
        }
        // What else is in the bucket does not matter to who asks for something else.
        assert_eq!(names(&server, "data/c/"), ["data/c/d.parquet"]);
    }
}

/// A list that goes on from the last key that was read lost the rest where a page was empty, and began again where the key was a
/// folder's.
#[test]
fn around_keys_that_cannot_be_read_no_file_is_lost_and_none_found_twice() {
    let good = ["data/a.parquet", "data/b.parquet", "data/c/d.parquet", "data/x.parquet", "data/z.parquet"];
    for bad in ["data//x.parquet", "data/b/../y.parquet", "data/c//x.parquet"] {
        for lists in [Lists::AsS3, Lists::WithOffset, Lists::WithoutOffset, Lists::Whole] {
            let server = with(&[&good[..], &[bad]].concat());
            for folder in ["data/", "data/c/"] {
                server.put(folder, b"", "\"2\"");
            }
            server.state().lists = lists;
            let found = all(&[format!("{}/data/", server.bucket())]);
            if matches!(lists, Lists::AsS3 | Lists::WithOffset) {
                let found = found.unwrap();
                let read = found.iter().filter(|found| found.open().is_ok());
                let read: Vec<_> = read.map(|found| found.location.to_string()).collect();
                let expected: Vec<_> = good.iter().map(|key| format!("{}/{key}", server.bucket())).collect();
                assert_eq!((read, found.len()), (expected, good.len() + 1), "{bad} {lists:?}");
            } else {
                let error = message(found);
                assert!(error.contains("the store cannot list the others without it"), "{bad} {lists:?}: {error}");
            }
        }
    }
}

#[test]
fn an_object_is_taken_whatever_its_name() {
    let server = with(&["_a.data", "day=2026-11-01/x y=%3A&é/b.parquet"]);
    assert_eq!(names(&server, "_a.data"), ["_a.data"]);
    let found = one(&server, "day=2026-11-01/x y=%3A&é/b.parquet");
    assert_eq!((found.size, found.version.as_str()), (35, "\"1\""));
    let day = ("day".to_owned(), Some("2026-11-01".to_owned()));
    assert_eq!(found.partition, [day, ("x y".to_owned(), Some(":&é".to_owned()))]);
    assert!(found.location.is_remote());
    assert_eq!(one(&server, "day=2026-11-01/"), found);
    assert_eq!(one(&server, "day=*/*/?.parquet"), found);
    let reader = found.open().unwrap().fetch(&[0..35], &Interrupt::default()).unwrap();
    assert_eq!(reader.get_bytes(0, 35).unwrap(), "day=2026-11-01/x y=%3A&é/b.parquet".as_bytes());
}

#[test]
fn globs_of_buckets() {
    let server = with(&["day=1/a.parquet", "day=2/a.parquet", "day=2/_x/b.parquet", "day=[3]/c.parquet", "e.parquet"]);
    assert_eq!(names(&server, "day=*/*.parquet"), ["day=1/a.parquet", "day=2/a.parquet", "day=[3]/c.parquet"]);
    assert_eq!(names(&server, "day=[12]/"), ["day=1/a.parquet", "day=2/a.parquet"]);
    assert_eq!(names(&server, "**/a.parquet"), ["day=1/a.parquet", "day=2/a.parquet"]);
    assert_eq!(names(&server, "*.parquet"), ["e.parquet"]);
    // A key of just this name comes first.
    assert_eq!(names(&server, "day=[3]/c.parquet"), ["day=[3]/c.parquet"]);
    let url = format!("{}/day=9*/x", server.bucket());
    let error = all(&[&url]).unwrap_err();
    assert_eq!(error.to_string(), format!("{url}: no object matches"));
    assert!(is_missing(&error));
}

#[test]
fn what_is_not_there() {
    let server = with(&["data/readme.txt"]);
    let error = all(&[format!("{}/nothing", server.bucket())]).unwrap_err();
    assert_eq!(error.to_string(), format!("{}/nothing: no such file or folder", server.bucket()));
    assert!(is_missing(&error));
    assert!(
        message(all(&[format!("{}/data/", server.bucket())])).contains("holds no file whose name ends in .parquet")
    );
    server.fault("", &[Fault::NoBucket]);
    let error = all(&[format!("{}/", server.bucket())]).unwrap_err();
    assert!(
        error.to_string().ends_with("the server answered 404 Not Found (NoSuchBucket: NoSuchBucket it is)"),
        "{error}"
    );
    assert!(is_missing(&error));
    assert!(message(all(&["s3://".to_owned()])).contains("names no bucket"));
    assert!(message(all(&[format!("{}/a//b", server.bucket())])).contains("not a key that can be read"));
}

#[test]
fn refusals_are_told_in_one_line() {
    let server = with(&["a.parquet"]);
    server.fault("a.parquet", &[Fault::Status(403)]);
    let error = all(&[format!("{}/a.parquet", server.bucket())]).unwrap_err();
    assert!(matches!(&error, Error::File { source: Some(source), .. }
        if source.kind() == std::io::ErrorKind::PermissionDenied));
    let error = error.to_string();
    assert!(error.starts_with(&format!("{}/a.parquet: cannot be read: ", server.bucket())), "{error}");
    assert!(error.contains("403"), "{error}");
    // A listing, whose answer has a body that says more.
    server.fault("", &[Fault::Status(403)]);
    let error = message(all(&[format!("{}/", server.bucket())]));
    assert!(
        error.ends_with("cannot be listed: the server answered 403 Forbidden (Injected: Injected it is)"),
        "{error}"
    );
    // No request is repeated that is refused.
    assert_eq!((server.count("HEAD"), server.count("GET")), (1, 1));
    // A server that is not there.
    let gone = Object::parse(&server.bucket()).unwrap().at("x");
    let gone = Object { root: "s3://nobody".to_owned(), ..gone };
    let options =
        [("AWS_ENDPOINT_URL", "http://127.0.0.1:9"), ("AWS_ALLOW_HTTP", "true"), ("AWS_SKIP_SIGNATURE", "true")];
    store::Stores::configure(&gone, &options).unwrap();
    let error = message(all(&[gone.to_string()]));
    assert!(error.starts_with("s3://nobody/x: cannot be read: ") && error.contains("refused"), "{error}");
}

#[test]
fn metadata_takes_one_request_where_it_is_short() {
    let server = Server::start();
    let file = parquet(1000);
    server.put("a.parquet", &file, "\"1\"");
    let reader = one(&server, "a.parquet").open().unwrap();
    for policy in [PageIndexPolicy::Skip, PageIndexPolicy::Required] {
        let options = ArrowReaderOptions::new().with_page_index_policy(policy);
        let expected = ArrowReaderMetadata::load(&bytes::Bytes::from(file.clone()), options.clone()).unwrap();
        let metadata = reader.footer(options, LIMIT, &Interrupt::default()).unwrap().metadata;
        assert_eq!(metadata.metadata(), expected.metadata());
    }
    let size = file.len() as u64;
    assert_eq!(server.ranges(), vec![size.saturating_sub(1 << 16)..size; 2]);
}

#[test]
fn metadata_takes_what_it_lacks() {
    let server = Server::start();
    let file = parquet(60_000); // many pages: an index that is longer than the tail
    server.put("a.parquet", &file, "\"1\"");
    let reader = one(&server, "a.parquet").open().unwrap();
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
    let expected = ArrowReaderMetadata::load(&bytes::Bytes::from(file.clone()), options.clone()).unwrap();
    let metadata = reader.footer(options, LIMIT, &Interrupt::default()).unwrap().metadata;
    assert_eq!(metadata.metadata(), expected.metadata());
    let asked: u64 = server.ranges().iter().map(|range| range.end - range.start).sum();
    assert!(asked < file.len() as u64, "{asked} of {}", file.len());
}

#[test]
fn a_file_is_read_by_the_ranges_of_its_columns() {
    let server = Server::start();
    let file = parquet(1000);
    server.put("a.parquet", &file, "\"1\"");
    let reader = one(&server, "a.parquet").open().unwrap();
    let metadata = reader.footer(ArrowReaderOptions::new(), LIMIT, &Interrupt::default()).unwrap().metadata;
    let column = metadata.metadata().row_group(1).column(1).byte_range();
    let fetched = reader.fetch(&[column.0..column.0 + column.1], &Interrupt::default()).unwrap();
    let mask = parquet::arrow::ProjectionMask::roots(metadata.metadata().file_metadata().schema_descr(), [1]);
    let read = |builder: ParquetRecordBatchReaderBuilder<_>| {
        let batches = builder.with_projection(mask.clone()).with_row_groups(vec![1]).build().unwrap();
        batches.collect::<Result<Vec<_>, _>>()
    };
    let expected = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(file)).unwrap();
    let expected = expected.with_projection(mask.clone()).with_row_groups(vec![1]).build().unwrap();
    let expected: Vec<_> = expected.collect::<Result<_, _>>().unwrap();
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(fetched, metadata.clone());
    assert_eq!(read(builder).unwrap(), expected);
    // What was not fetched is no reason to fetch in secret.
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(reader.clone(), metadata);
    assert!(read(builder).unwrap_err().to_string().contains("not asked for"));
}

#[test]
fn near_ranges_are_one_request_and_long_ones_several() {
    let server = Server::start();
    let object = bytes(20 << 20);
    server.put("a", &object, "\"1\"");
    let reader = one(&server, "a").open().unwrap();
    let wanted = [19 << 20..20 << 20, 0..10, 1000..2000, 1 << 20..18 << 20];
    let fetched = reader.fetch(&wanted, &Interrupt::default()).unwrap();
    for range in &wanted {
        let (start, end) = (range.start as usize, range.end as usize);
        assert!(fetched.get_bytes(range.start, end - start).unwrap() == object[start..end]);
    }
    let mut asked = server.ranges();
    asked.sort_by_key(|range| range.start);
    let piece = 8 << 20;
    let start = 1 << 20;
    assert_eq!(
        asked,
        [
            0..2000,
            start..start + piece,
            start + piece..start + 2 * piece,
            start + 2 * piece..18 << 20,
            19 << 20..20 << 20
        ]
    );
    assert!(fetched.get_bytes(2000, 1).is_err());
    assert!(fetched.get_bytes(1990, 20).unwrap_err().to_string().contains("of which 10 were asked for"));
}

#[test]
fn faults_that_pass_are_not_seen() {
    let server = Server::start();
    let object = bytes(300_000);
    let fetch = |key: &str, tag: Option<&str>, faults: &[Fault]| {
        server.put_with(key, &object, tag);
        let reader = one(&server, key).open().unwrap();
        server.fault(key, faults);
        let fetched = reader.fetch(&[100..250_000], &Interrupt::default()).unwrap();
        assert!(fetched.get_bytes(100, 249_900).unwrap() == object[100..250_000], "{key}");
    };
    let cut = || Fault::Cut(70_000);
    fetch("500", Some("\"1\""), &[Fault::Status(500), Fault::Status(503)]);
    fetch("429", Some("\"1\""), &[Fault::Status(429)]);
    fetch("cut", Some("\"1\""), &[cut(), cut(), Fault::Cut(0)]);
    fetch("weak", Some("W/\"1\""), &[cut(), Fault::Status(500), cut()]);
    fetch("short", Some("\"1\""), &[Fault::Short(1000)]);
    fetch("page", Some("\"1\""), &[Fault::Status(502)]);
    fetch("untagged", None, &[cut(), Fault::Short(5), cut(), Fault::Cut(0)]);
}

#[test]
fn listings_that_break_off_are_asked_for_again() {
    let server = with(&["a/1.parquet", "a/2.parquet", "a/3.parquet"]);
    server.fault("", &[Fault::Status(503), Fault::Status(500)]);
    assert_eq!(names(&server, "a/"), ["a/1.parquet", "a/2.parquet", "a/3.parquet"]);
}

#[test]
fn slow_answers_are_asked_for_again() {
    let server = Server::start();
    server.configure(&[("AWS_TIMEOUT", "300ms")]);
    server.put("a", &bytes(1000), "\"1\"");
    let reader = one(&server, "a").open().unwrap();
    server.fault("a", &[Fault::Slow(Duration::from_secs(3))]);
    let from = Instant::now();
    reader.fetch(&[0..1000], &Interrupt::default()).unwrap();
    assert!(from.elapsed() < Duration::from_millis(2900), "{:?}", from.elapsed());
}

#[test]
fn faults_that_stay_are_errors() {
    let server = Server::start();
    let fetch = |key: &str, fault: Fault| {
        server.put(key, &bytes(100_000), "\"1\"");
        let reader = one(&server, key).open().unwrap();
        server.fault(key, &vec![fault; 50]);
        let from = Instant::now();
        let error = message(reader.fetch(&[0..100_000], &Interrupt::default()));
        assert!(from.elapsed() < Duration::from_secs(60));
        let url = format!("{}/{key}: ", server.bucket());
        error.strip_prefix(&url).unwrap_or_else(|| panic!("{error} does not start with {url}")).to_owned()
    };
    let error = fetch("503", Fault::Status(503));
    assert_eq!(error, "cannot be read: the server answered 503 Service Unavailable (Injected: Injected it is)");
    assert_eq!(server.ranges().len(), 5);
    let error = fetch("short", Fault::Short(10));
    assert_eq!(error, "cannot be read: only 99990 of 100000 bytes came");
    let error = fetch("cut", Fault::Cut(10));
    assert!(error.starts_with("cannot be read: "), "{error}");
    let error = fetch("404", Fault::Status(404));
    assert_eq!(error, "no such file or folder");
    let error = fetch("page", Fault::Page);
    assert_eq!(error, "cannot be read: the server answered 502 Bad Gateway");
}

#[test]
fn an_object_that_changes_is_an_error() {
    let server = Server::start();
    let changed = |key: &str, before: Option<&str>, after: Option<&str>, length: usize| {
        server.put_with(key, &bytes(1000), before);
        let reader = one(&server, key).open().unwrap();
        server.put_with(key, &bytes(length), after);
        let error = message(reader.fetch(&[0..10], &Interrupt::default()));
        assert!(error.ends_with("the file changed while it was read; describe a copy of it"), "{error}");
    };
    changed("strong", Some("\"1\""), Some("\"2\""), 1000);
    changed("weak", Some("W/\"1\""), Some("W/\"2\""), 1000);
    changed("grown", None, None, 1001);
    changed("tagged", None, Some("\"1\""), 1000);
    // While its bytes are on their way.
    server.put("on the way", &bytes(100_000), "\"1\"");
    let reader = one(&server, "on the way").open().unwrap();
    server.fault("on the way", &[Fault::Cut(10)]);
    server.state().delay = Duration::from_millis(100);
    let error = std::thread::scope(|scope| {
        let fetching = scope.spawn(|| reader.fetch(&[0..100_000], &Interrupt::default()));
        while server.state().requests.last().is_none_or(|request| request.2.is_none()) {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(110));
        server.put("on the way", &bytes(100_000), "\"2\"");
        message(fetching.join().unwrap())
    });
    assert!(error.contains("the file changed"), "{error}");
}

#[test]
fn web_servers_have_files() {
    let server = Server::start();
    let file = parquet(100);
    server.put("day=1/a b.parquet", &file, "\"1\"");
    let url = server.web("day=1/a%20b.parquet");
    let found = all(&[format!("{url}?signature=secret&more=1")]).unwrap().remove(0);
    assert_eq!(found.location.to_string(), url);
    assert_eq!((found.size, found.partition.len()), (file.len() as u64, 1));
    found.open().unwrap().footer(ArrowReaderOptions::new(), LIMIT, &Interrupt::default()).unwrap();
    // One that answers no HEAD.
    server.fault("a b.parquet", &[Fault::Status(403)]);
    assert_eq!(all(&[&url]).unwrap()[0].size, file.len() as u64);
    // One that sends no ranges.
    server.fault("a b.parquet", &vec![Fault::Whole; 9]);
    let found = all(&[&url]).unwrap().remove(0);
    let error =
        message(found.open().unwrap().footer(ArrowReaderOptions::new(), LIMIT, &Interrupt::default()).map(drop));
    assert!(error.contains("does not send parts of files"), "{error}");
    // Nothing but files, and none that are not there.
    for folder in [server.web("day=1/"), server.web("*.parquet"), server.web("").replace("/web/", "")] {
        assert!(message(all(&[folder])).contains("over HTTP only files are read"));
    }
    assert!(is_missing(&all(&[server.web("no?signature=secret")]).unwrap_err()));
    let error = message(all(&["https://user:secret@host/a".to_owned()]));
    assert!(error.contains("are not read") && !error.contains("secret"), "{error}");
    let error = message(all(&["https://[/a?secret".to_owned()]));
    assert!(error.contains("not a URL") && !error.contains("secret"), "{error}");
}

#[test]
fn signatures_are_not_shown() {
    let server = Server::start();
    server.fault("a", &vec![Fault::Status(403); 2]);
    let error = message(all(&[server.web("a?signature=secret")]));
    assert!(error.contains("403") && !error.contains("secret"), "{error}");
}

#[test]
fn a_client_for_https_can_be_built() {
    let object = Object::parse("https://localhost/a").unwrap();
    store::Stores::current().unwrap().store(&object).unwrap();
}

#[test]
fn providers_take_their_options_from_variables() {
    let key =
        [("AZURE_STORAGE_ACCOUNT_NAME", "name"), ("AZURE_SKIP_SIGNATURE", "true"), ("GOOGLE_SKIP_SIGNATURE", "true")];
    for url in ["az://container/a", "abfs://container/a", "gs://bucket/a"] {
        store::Stores::configure(&Object::parse(url).unwrap(), &key).unwrap();
    }
    // Azure cannot do without the account's name.
    let error = message(store::Stores::configure(&Object::parse("az://container/a").unwrap(), &[]));
    assert!(error.starts_with("az://container/a: cannot be reached: "), "{error}");
    let full = Object::parse("abfss://container@account.dfs.core.windows.net/a/b").unwrap();
    store::Stores::configure(&full, &[("AZURE_SKIP_SIGNATURE", "true")]).unwrap();
    assert_eq!(full.to_string(), "abfss://container@account.dfs.core.windows.net/a/b");
}

#[test]
fn many_footers_are_asked_for_at_a_time() {
    let server = Server::start();
    let file = parquet(10);
    (0..64).for_each(|index| server.put(&format!("{index:02}.parquet"), &file, "\"1\""));
    server.put("bad.parquet", b"no Parquet at all, by far", "\"1\"");
    let found = all(&[server.bucket()]).unwrap();
    server.state().delay = Duration::from_millis(100);
    let from = Instant::now();
    let opened = open_all(&found, &ArrowReaderOptions::new(), LIMIT, &Interrupt::default());
    assert!(from.elapsed() < Duration::from_secs(3), "{:?}", from.elapsed());
    let (last, first) = opened.split_last().unwrap();
    assert!(
        first.iter().all(|opened| opened.as_ref().is_ok_and(|footer| footer.metadata.metadata().num_row_groups() == 2))
    );
    assert!(last.as_ref().map(drop).unwrap_err().to_string().contains("bad.parquet: not a Parquet file"));
    assert!(server.state().most > 8);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]
    /// Whatever is cut or fails a few times on the way: the bytes are those of the object.
    #[test]
    fn bytes_are_those_of_the_object(
        asked in prop::collection::vec((0u64..3_000_000, 1u64..300_000), 1..6),
        cuts in prop::collection::vec(0usize..200_000, 0..3),
        tagged: bool,
    ) {
        let server = Server::start();
        let object = bytes(3_300_000);
        server.put_with("a", &object, tagged.then_some("\"1\""));
        let reader = one(&server, "a").open().unwrap();
        server.fault("a", &cuts.into_iter().map(Fault::Cut).collect::<Vec<_>>());
        let ranges: Vec<_> = asked.iter().map(|(start, length)| *start..start + length).collect();
        let fetched = reader.fetch(&ranges, &Interrupt::default()).unwrap();
        for range in ranges {
            let (start, end) = (range.start as usize, range.end as usize);
            prop_assert!(fetched.get_bytes(range.start, end - start).unwrap() == object[start..end]);
        }
    }
}
