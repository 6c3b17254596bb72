use std::time::{Duration, SystemTime};

use super::*;
use crate::describe::AnyOutcome;
use crate::num::decimal::Decimal;
use crate::num::number::Number;
use crate::scan::{Keep, Scan};
use crate::series::Repr;
use crate::spec::{Spec, Statistic};
use crate::stats::select::Brackets;

fn everything() -> Spec {
    Spec::default().with_statistics(Statistic::ALL.map(|(statistic, _)| statistic))
}

fn key() -> FileKey {
    FileKey { name: "day=1/part-0.parquet".to_owned(), size: 4711, version: "2026-11-01T00:00:00Z".to_owned() }
}

/// One scan of every repr, thinned and whole, and a column that is not there; and as many empty ones.
fn scans(spec: &Spec) -> (Vec<Option<AnyScan>>, Vec<Option<AnyScan>>) {
    let keep = Keep::AtMost(128);
    let mut floats = Scan::<f64>::new(spec, keep);
    floats.update(&[0.25, -3.0, 0.0, f64::INFINITY, 0.1]);
    floats.update_nulls(3);
    let sample: Vec<i64> = (-80..80).map(|i| i / 10).collect();
    let mut signed = Scan::<i64>::with_brackets(spec, keep, Brackets::from_sample(&sample, &[0.5], 0.1));
    signed.update(&(0..300).map(|i| i * i % 17 - 8).collect::<Vec<i64>>());
    let mut unsigned = Scan::<u64>::new(spec, Keep::All);
    unsigned.update(&[u64::MAX, 3]);
    let mut exact = Scan::<Number>::new(spec, keep);
    exact.update(&[Decimal { negative: true, magnitude: [5, 1, 0, 0], scale: 3 }.into(), 2.5.into()]);
    let scans =
        [AnyScan::Float(floats), AnyScan::Signed(signed), AnyScan::Unsigned(unsigned), AnyScan::Exact(Box::new(exact))];
    let reprs = [Repr::Float, Repr::Signed, Repr::Unsigned, Repr::Exact, Repr::Float];
    let empty = reprs.map(|repr| Some(AnyScan::new(repr, spec, keep)));
    (scans.into_iter().map(Some).chain([None]).collect(), empty.to_vec())
}

fn bytes(scans: &[Option<AnyScan>]) -> Vec<u8> {
    postcard::to_stdvec(scans).unwrap()
}

/// Everything that is done with scans of a checkpoint: merged, read on, finished.
fn use_up(kept: Kept, empty: &[Option<AnyScan>], spec: &Spec) {
    for (scan, empty) in kept.scans.into_iter().zip(empty) {
        let (Some(scan), Some(mut whole)) = (scan, empty.clone()) else { continue };
        whole.merge(scan.clone()).unwrap();
        whole.merge(scan).unwrap();
        if let Ok(AnyOutcome::Again(mut pass)) = whole.finish(spec, Keep::AtMost(1 << 12)) {
            let same = pass.finish(spec, Keep::AtMost(1 << 12));
            drop(same);
            let _ = whole.settle(pass);
            drop(whole.finish(spec, Keep::AtMost(1 << 12)));
        }
    }
}

/// The bytes of an entry with the checksum that they should have.
fn sealed(body: &[u8]) -> Vec<u8> {
    [body, &crc32fast::hash(body).to_le_bytes()].concat()
}

#[test]
fn what_is_saved_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let (scans, empty) = scans(&everything());
    let checkpoint = Checkpoint::open(&folder.path().join("new/one"), "everything").unwrap();
    assert!(checkpoint.load(&key(), &empty).is_none());
    checkpoint.save(&key(), 300, &scans).unwrap();
    let reopened = Checkpoint::open(&folder.path().join("new/one"), "everything").unwrap();
    let kept = reopened.load(&key(), &empty).unwrap();
    assert_eq!((kept.rows, bytes(&kept.scans)), (300, bytes(&scans)));
    use_up(kept, &empty, &everything());
    let none = vec![None; empty.len()];
    checkpoint.save(&key(), 0, &none).unwrap();
    assert_eq!(bytes(&checkpoint.load(&key(), &empty).unwrap().scans), bytes(&none));
    checkpoint.save(&key(), 7, &[]).unwrap();
    assert_eq!(checkpoint.load(&key(), &[]).unwrap().rows, 7);
}

#[test]
fn long_scans_are_read_in_pieces() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = Checkpoint::open(folder.path(), &"a long question ".repeat(10_000)).unwrap();
    let spec = everything();
    let mut scan = Scan::<f64>::new(&spec, Keep::All);
    let values: Vec<f64> = (0..50_001).map(|i| f64::from(i * 7919 % 50_001) / 8.0).collect();
    scan.update(&values);
    let scans = [Some(AnyScan::Float(scan))];
    checkpoint.save(&key(), 50_001, &scans).unwrap();
    let kept = checkpoint.load(&key(), &[Some(AnyScan::new(Repr::Float, &spec, Keep::All))]).unwrap();
    assert_eq!(bytes(&kept.scans), bytes(&scans));
}

#[test]
fn another_question_or_file_has_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (scans, empty) = scans(&everything());
    let checkpoint = Checkpoint::open(folder.path(), "one").unwrap();
    checkpoint.save(&key(), 1, &scans).unwrap();
    let other = Checkpoint::open(folder.path(), "two").unwrap();
    assert!(other.load(&key(), &empty).is_none());
    other.save(&key(), 2, &scans).unwrap();
    assert_eq!(checkpoint.load(&key(), &empty).map(|kept| kept.rows), Some(1));
    assert_eq!(other.load(&key(), &empty).map(|kept| kept.rows), Some(2));
    let others = [
        FileKey { name: "day=2/part-0.parquet".to_owned(), ..key() },
        FileKey { size: 4712, ..key() },
        FileKey { version: String::new(), ..key() },
    ];
    for changed in others {
        assert!(checkpoint.load(&changed, &empty).is_none(), "{changed:?}");
        checkpoint.save(&changed, 3, &scans).unwrap();
        assert_eq!(checkpoint.load(&changed, &empty).map(|kept| kept.rows), Some(3));
        let still_there = changed.name != key().name;
        assert_eq!(checkpoint.load(&key(), &empty).is_some(), still_there, "{changed:?}");
        checkpoint.save(&key(), 1, &scans).unwrap();
    }
}

#[test]
fn a_scan_that_is_asked_for_something_else_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let (scans, empty) = scans(&everything());
    let checkpoint = Checkpoint::open(folder.path(), "").unwrap();
    checkpoint.save(&key(), 1, &scans).unwrap();
    assert!(checkpoint.load(&key(), &empty[1..]).is_none());
    let mut fewer = empty.clone();
    fewer[0] = None;
    assert!(checkpoint.load(&key(), &fewer).is_none());
    for (repr, spec) in [
        (Repr::Exact, everything()),
        (Repr::Float, Spec::default()),
        (Repr::Float, everything().with_nan(crate::NanPolicy::Omit)),
    ] {
        let mut other = empty.clone();
        other[0] = Some(AnyScan::new(repr, &spec, Keep::All));
        assert!(checkpoint.load(&key(), &other).is_none(), "{repr:?}");
    }
}

/// Few enough bytes to damage each of them.
fn small() -> (Spec, Vec<Option<AnyScan>>, Vec<Option<AnyScan>>) {
    let spec = Spec::default();
    let (scans, empty) = scans(&spec);
    (spec, scans, empty)
}

#[test]
fn damage_to_any_byte_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (_, scans, empty) = small();
    let checkpoint = Checkpoint::open(folder.path(), "question").unwrap();
    checkpoint.save(&key(), 300, &scans).unwrap();
    let path = checkpoint.entry(&key());
    let whole = fs::read(&path).unwrap();
    for index in 0..whole.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut damaged = whole.clone();
            damaged[index] ^= flip;
            fs::write(&path, damaged).unwrap();
            assert!(checkpoint.load(&key(), &empty).is_none(), "byte {index} ^ {flip}");
        }
        fs::write(&path, &whole[..index]).unwrap();
        assert!(checkpoint.load(&key(), &empty).is_none(), "cut off at {index}");
    }
    for more in [&[0][..], &whole] {
        fs::write(&path, [&whole, more].concat()).unwrap();
        assert!(checkpoint.load(&key(), &empty).is_none(), "{} more bytes", more.len());
    }
    fs::write(&path, &whole).unwrap();
    assert!(checkpoint.load(&key(), &empty).is_some());
}

/// As somebody would have it who has made the checksum right.
#[test]
fn forged_entries_are_refused_or_harmless() {
    let folder = tempfile::tempdir().unwrap();
    let (spec, scans, empty) = small();
    let checkpoint = Checkpoint::open(folder.path(), "question").unwrap();
    checkpoint.save(&key(), 300, &scans).unwrap();
    let path = checkpoint.entry(&key());
    let whole = fs::read(&path).unwrap();
    let body = &whole[..whole.len() - CHECKSUM];
    let head = checkpoint.head(&key()).unwrap().len();
    let huge = [1u64 << 40, u64::MAX].map(|length| postcard::to_stdvec(&length).unwrap());
    let forge = |bytes: Vec<u8>| {
        fs::write(&path, sealed(&bytes)).unwrap();
        if let Some(kept) = checkpoint.load(&key(), &empty) {
            use_up(kept, &empty, &spec);
        }
    };
    for index in 0..body.len() {
        for byte in [body[index] ^ 1, body[index] ^ 0x80, 0, 0x7f] {
            let mut forged = body.to_vec();
            forged[index] = byte;
            forge(forged);
        }
        if index >= head {
            huge.iter().for_each(|length| forge([&body[..index], length, &body[index + 1..]].concat()));
            forge(body[..index].to_vec());
        }
    }
    forge([body, &[0]].concat());
    assert!(checkpoint.load(&key(), &empty).is_none(), "more than its scans");
}

#[test]
fn another_format_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let (_, scans, empty) = small();
    let checkpoint = Checkpoint::open(folder.path(), "question").unwrap();
    checkpoint.save(&key(), 300, &scans).unwrap();
    let path = checkpoint.entry(&key());
    let whole = fs::read(&path).unwrap();
    for format in [FORMAT - 1, FORMAT + 1] {
        let mut body = whole[..whole.len() - CHECKSUM].to_vec();
        body[MAGIC.len()..FIXED].copy_from_slice(&format.to_le_bytes());
        fs::write(&path, sealed(&body)).unwrap();
        assert!(matches!(checkpoint.read(&path, &key(), &empty), Err(Unusable::Format)));
        assert!(checkpoint.load(&key(), &empty).is_none());
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(checkpoint.load(&key(), &empty).is_none());
    assert!(checkpoint.save(&key(), 300, &scans).is_err());
}

#[test]
fn what_was_left_unfinished_is_removed_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let (_, scans, empty) = small();
    let one = Checkpoint::open(folder.path(), "one").unwrap();
    one.save(&key(), 300, &scans).unwrap();
    let put = |folder: &Path, name: &str, age: Duration| {
        let path = folder.join(name);
        let file = File::create(&path).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
        path
    };
    let old = Duration::from_secs(3600);
    let abandoned = put(&one.folder, ".unfinished-abc.tmp", old);
    let kept = [
        put(&one.folder, ".unfinished-def.tmp", Duration::ZERO),
        put(&one.folder, "notes.tmp", old),
        put(&one.folder, ".unfinished-", old),
        put(folder.path(), ".unfinished-abc.tmp", old), // not where they are written
    ];
    File::options().write(true).open(one.entry(&key())).unwrap().set_modified(SystemTime::now() - old).unwrap();
    Checkpoint::open(folder.path(), "two").unwrap();
    assert!(!abandoned.exists());
    assert!(kept.iter().all(|path| path.exists()));
    assert!(one.load(&key(), &empty).is_some());
    let names = fs::read_dir(&one.folder).unwrap().count();
    one.save(&key(), 300, &scans).unwrap();
    assert_eq!(fs::read_dir(&one.folder).unwrap().count(), names, "nothing is left of a save but the entry");
}

#[test]
fn folders_that_cannot_be_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"text").unwrap();
    let error = Checkpoint::open(&file, "question").unwrap_err();
    assert!(matches!(&error, Error::File { path, .. } if *path == file), "{error}");
    let checkpoint = Checkpoint::open(&folder.path().join("gone"), "question").unwrap();
    fs::remove_dir_all(folder.path().join("gone")).unwrap();
    let error = checkpoint.save(&key(), 0, &[]).unwrap_err().to_string();
    assert!(error.contains("the checkpoint of day=1/part-0.parquet cannot be written"), "{error}");
    assert!(checkpoint.load(&key(), &[]).is_none());
}

#[test]
fn many_at_once_see_one_entry_or_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let (_, scans, empty) = small();
    let expected = bytes(&scans);
    Checkpoint::open(folder.path(), "question").unwrap().save(&key(), 0, &scans).unwrap();
    std::thread::scope(|scope| {
        for rows in 1..5 {
            let (folder, scans, empty, expected) = (folder.path(), &scans, &empty, &expected);
            scope.spawn(move || {
                for _ in 0..25 {
                    let checkpoint = Checkpoint::open(folder, "question").unwrap();
                    checkpoint.save(&key(), rows, scans).unwrap();
                    let kept = checkpoint.load(&key(), empty).unwrap();
                    assert!((1..5).contains(&kept.rows));
                    assert_eq!(bytes(&kept.scans), *expected);
                }
            });
        }
    });
}

/// The vectors of the FNV reference code.
#[test]
fn names_are_fnv_1a() {
    assert_eq!(hash(""), "6c62272e07bb014262b821756295c58d");
    assert_eq!(hash("a"), "d228cb696f1a8caf78912b704e4a8964");
    assert_eq!(hash("foobar"), "343e1662793c64bf6f0d3597ba446f18");
}

#[test]
fn further_files_have_the_same_brackets() {
    let spec = everything();
    let (scans, _) = scans(&spec);
    for scan in scans.iter().flatten() {
        let like = AnyScan::with_brackets_of(scan, &spec, Keep::All);
        assert!(like.fits(scan) && like.nan_count() == 0);
        if let (AnyScan::Signed(scan), AnyScan::Signed(like)) = (scan, &like) {
            assert_eq!(format!("{:?}", scan.brackets()), format!("{:?}", like.brackets()));
            assert_ne!(format!("{:?}", scan.brackets()), format!("{:?}", Some(Brackets::<i64>::unknown())));
        }
    }
}
