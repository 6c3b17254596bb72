use std::ffi::OsStr;
use std::fs;
use std::io::Read;

use proptest::prelude::*;

use super::super::find::find_with;
use super::super::glob::Pattern;
use super::*;

#[test]
fn a_folder_is_every_parquet_file_below_it_in_the_order_of_names() {
    let folder = folder(&[
        "b.parquet",
        "a/z.parquet",
        "a/b/y.parquet",
        "a-b/x.parquet",
        "c.parquet",
        "readme.txt",
        "parquet",
        "_hidden.parquet",
        ".hidden.parquet",
        "_temporary/d.parquet",
        ".git/e.parquet",
    ]);
    let expected = ["a/b/y.parquet", "a/z.parquet", "a-b/x.parquet", "b.parquet", "c.parquet"];
    assert_eq!(names(folder.path(), &[""]).unwrap(), expected);
}

#[test]
fn a_file_is_taken_whatever_its_name() {
    let folder = folder(&["_part.data", "b.parquet"]);
    assert_eq!(names(folder.path(), &["b.parquet", "_part.data"]).unwrap(), ["b.parquet", "_part.data"]);
}

#[test]
fn a_hidden_folder_that_is_named_is_searched() {
    let folder = folder(&["_new/a.parquet"]);
    assert_eq!(names(folder.path(), &["_new"]).unwrap(), ["_new/a.parquet"]);
}

#[test]
fn a_file_that_is_named_twice_counts_twice_and_within_an_input_once() {
    let folder = folder(&["a.parquet", "b.parquet"]);
    assert_eq!(names(folder.path(), &["", "a.parquet"]).unwrap(), ["a.parquet", "b.parquet", "a.parquet"]);
    assert_eq!(names(folder.path(), &["{a,*}.parquet"]).unwrap(), ["a.parquet", "b.parquet"]);
    assert_eq!(names(folder.path(), &["**/**/*"]).unwrap(), ["a.parquet", "b.parquet"]);
}

#[cfg(unix)]
#[test]
fn links_may_lead_in_circles() {
    let folder = folder(&["a/x.parquet"]);
    std::os::unix::fs::symlink(folder.path(), folder.path().join("a/circle")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("a"), folder.path().join("again")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("nowhere")).unwrap();
    assert_eq!(names(folder.path(), &[""]).unwrap(), ["a/x.parquet"]);
    assert_eq!(names(folder.path(), &["**/*.parquet"]).unwrap(), ["a/x.parquet"]);
    std::os::unix::fs::symlink("gone", folder.path().join("b.parquet")).unwrap();
    // What leads nowhere is found, and an error when it is opened: a run may leave it out.
    for input in ["", "*.parquet"] {
        assert!(names(folder.path(), &[input]).unwrap().contains(&"b.parquet".to_owned()));
    }
}

#[test]
fn globs() {
    let folder = folder(&[
        "day=1/a.parquet",
        "day=1/b.txt",
        "day=2/a.parquet",
        "day=2/deep/c.parquet",
        "day=2/_log/d.parquet",
        "_x/e.parquet",
        "f.parquet",
    ]);
    let found = |glob: &str| names(folder.path(), &[glob]).unwrap();
    assert_eq!(found("day=*/*.parquet"), ["day=1/a.parquet", "day=2/a.parquet"]);
    assert_eq!(found("day=*"), ["day=1/a.parquet", "day=2/a.parquet", "day=2/deep/c.parquet"]);
    assert_eq!(found("day=*/"), ["day=1/a.parquet", "day=2/a.parquet", "day=2/deep/c.parquet"]);
    assert_eq!(found("day=[1]/*"), ["day=1/a.parquet", "day=1/b.txt"]);
    assert_eq!(found("day=?/{a,b}.{parquet,txt}"), ["day=1/a.parquet", "day=1/b.txt", "day=2/a.parquet"]);
    assert_eq!(found("**/*.parquet"), ["day=1/a.parquet", "day=2/a.parquet", "day=2/deep/c.parquet", "f.parquet"]);
    assert_eq!(found("**"), ["day=1/a.parquet", "day=2/a.parquet", "day=2/deep/c.parquet", "f.parquet"]);
    assert_eq!(found("day=2/**"), ["day=2/a.parquet", "day=2/deep/c.parquet"]);
    assert_eq!(found("**/deep"), ["day=2/deep/c.parquet"]);
    // Hidden names, where they are asked for.
    assert_eq!(found("_*/*.parquet"), ["_x/e.parquet"]);
    assert_eq!(found("*/_log/*"), ["day=2/_log/d.parquet"]);
    // Within one name.
    assert!(names(folder.path(), &["day=*.parquet"]).is_err());
}

#[test]
fn what_matches_nothing_is_an_error() {
    let folder = folder(&["a/readme.txt"]);
    for glob in ["*.parquet", "b*/x", "a/*.parquet", "?", "*"] {
        let error = names(folder.path(), &[glob]).unwrap_err();
        assert!(error.to_string().ends_with(&format!("{glob}: no file matches")), "{error}");
        assert!(is_missing(&error));
    }
    let error = message(names(folder.path(), &["a/[z-a]"]));
    assert!(error.contains("not a glob"), "{error}");
    let error = message(names(folder.path(), &["{a/b,c}/*"]));
    assert!(error.contains("within one folder's name"), "{error}");
    let error = message(names(folder.path(), &["a"]));
    assert!(error.contains("/a: the folder holds no file whose name ends in .parquet, .parq or .pq"), "{error}");
    let error = names(folder.path(), &["b"]).unwrap_err();
    assert!(error.to_string().ends_with("/b: no such file or folder"), "{error}");
    assert!(is_missing(&error));
}

#[test]
fn a_literal_name_comes_before_a_glob() {
    let folder = folder(&["a[1].parquet", "a1.parquet", "[x]/b.parquet", "x/c.parquet"]);
    assert_eq!(names(folder.path(), &["a[1].parquet"]).unwrap(), ["a[1].parquet"]);
    assert_eq!(names(folder.path(), &["[x]"]).unwrap(), ["[x]/b.parquet"]);
}

#[test]
fn lists_name_paths_globs_and_urls() {
    let folder = folder(&["a.parquet", "b/c.parquet", "d e.parquet", "#f.parquet"]);
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let lines = format!(
        "\u{feff}# the data\r\n\n  {}\r\n{}\nfile://{}\n   # no\n{}",
        path("d e.parquet"),
        path("b"),
        path("d%20e.parquet"),
        path("*.parquet")
    );
    let expected = ["d e.parquet", "b/c.parquet", "d e.parquet", "#f.parquet", "a.parquet", "d e.parquet"];
    let list = write(folder.path(), "paths.txt");
    fs::write(&list, &lines).unwrap();
    let at = format!("@{}", list.display());
    let found = find([&at], &Interrupt::default()).unwrap();
    assert_eq!(below(folder.path(), &found), expected);
    // On standard input.
    let read = |inputs: &[&str], stdin: &mut dyn Read| find_with(inputs, &Interrupt::default(), stdin);
    let found = read(&["-", &path("a.parquet")], &mut lines.as_bytes()).unwrap();
    assert_eq!(below(folder.path(), &found), [&expected[..], &["a.parquet"]].concat());
    let error = message(read(&["-", "-"], &mut lines.as_bytes()));
    assert!(error.contains("only once"), "{error}");
    // What is wrong with a list.
    fs::write(&list, "# nothing\n\n").unwrap();
    assert!(message(find([&at], &Interrupt::default())).contains("the list names no path"));
    fs::write(&list, b"a\n\xff\n").unwrap();
    let error = message(read(&["-"], &mut &b"# a\n\xff\n"[..]));
    assert_eq!(error, "-: line 2 of the list of paths is not UTF-8");
    assert!(is_missing(&find(["@nowhere.txt"], &Interrupt::default()).unwrap_err()));
    // A list in a list is a file of that name.
    assert!(message(read(&["-"], &mut &b"@a\n"[..])).starts_with("@a: no such file"));
}

#[test]
fn urls_of_files_are_paths() {
    let folder = folder(&["a b.parquet", "c/d.parquet"]);
    let root = folder.path().to_str().unwrap();
    let found = |url: String| find([url], &Interrupt::default());
    assert_eq!(below(folder.path(), &found(format!("file://{root}/a%20b.parquet")).unwrap()), ["a b.parquet"]);
    assert_eq!(below(folder.path(), &found(format!("file://localhost{root}/c/")).unwrap()), ["c/d.parquet"]);
    assert_eq!(below(folder.path(), &found(format!("file://{root}/*/*.parquet")).unwrap()), ["c/d.parquet"]);
    assert!(message(found("file://other/a".to_owned())).contains("names a path on this machine"));
    assert!(
        message(found("ftp://host/a".to_owned())).starts_with("ftp://host/a: URLs of the scheme 'ftp' are not read")
    );
    #[cfg(not(feature = "remote"))]
    assert!(message(found("s3://bucket/a".to_owned())).contains("with the feature 'remote'"));
}

#[test]
fn files_have_keys_sizes_and_versions() {
    let folder = folder(&["year=2026/city=A%20b/x=__HIVE_DEFAULT_PARTITION__/k=v.parquet"]);
    let found = find([folder.path().join("year=2026/city=A%20b")], &Interrupt::default()).unwrap();
    let key = |key: &str, value: Option<&str>| (key.to_owned(), value.map(str::to_owned));
    assert_eq!(found[0].partition, [key("year", Some("2026")), key("city", Some("A b")), key("x", None)]);
    let metadata = fs::metadata(found[0].location.to_path()).unwrap();
    let modified = metadata.modified().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(found[0].size, metadata.len());
    assert!(found[0].version.starts_with(&modified.as_nanos().to_string()), "{}", found[0].version);
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_utf_8_are_found() {
    use std::os::unix::ffi::OsStrExt;
    let folder = folder(&["a.parquet"]);
    let name = OsStr::from_bytes(b"\xff.parquet");
    fs::write(folder.path().join(name), "x").unwrap();
    for input in [folder.path().to_owned(), folder.path().join("*"), folder.path().join("**")] {
        let found = find([input], &Interrupt::default()).unwrap();
        let paths: Vec<_> = found.iter().map(|found| found.location.to_path()).collect();
        assert_eq!(paths, [folder.path().join("a.parquet"), folder.path().join(name)]);
    }
    let found = find([folder.path().join(name)], &Interrupt::default()).unwrap();
    assert_eq!(found[0].size, 1);
}

#[test]
fn an_interrupt_ends_the_search() {
    let interrupt = Interrupt::default();
    interrupt.stop();
    assert!(matches!(find(["nowhere"], &interrupt), Err(Error::Interrupted)));
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "ab", "_a", ".b", "x.parquet", "a.parquet", "_.parquet"])
        .prop_map(str::to_owned)
}

fn pattern() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "*", "**", "?", "a*", "[ab]", "{a,_a}", "_*", "*.parquet", "x.parquet"])
        .prop_map(str::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    /// Folders are walked, keys of buckets are matched: the same files come of it, in the same order.
    #[test]
    fn a_glob_is_the_same_for_folders_and_for_buckets(
        files in prop::collection::vec(prop::collection::vec(name(), 1..4), 1..12),
        names in prop::collection::vec(pattern(), 1..4),
    ) {
        let tree = tempfile::tempdir().unwrap();
        let mut keys = Vec::new();
        for file in files {
            let path = tree.path().join(file.join("/"));
            // What is a folder already, or lies in what is a file, cannot be.
            if fs::create_dir_all(path.parent().unwrap()).is_ok() && !path.exists() && fs::write(&path, "").is_ok() {
                keys.push(file);
            }
        }
        keys.sort();
        let glob = names.join("/");
        let walked = Pattern::new(&glob, &glob).unwrap().files(tree.path()).unwrap();
        let walked: Vec<_> =
            walked.iter().map(|path| path.strip_prefix(tree.path()).unwrap().to_str().unwrap().to_owned()).collect();
        #[cfg(feature = "remote")]
        {
            let pattern = Pattern::new(&glob, &glob).unwrap();
            let matched: Vec<_> = keys
                .iter()
                .filter(|key| pattern.matches(&key.iter().map(String::as_str).collect::<Vec<_>>()).is_some())
                .map(|key| key.join("/"))
                .collect();
            prop_assert_eq!(&matched, &walked, "{}", glob);
            let literals = pattern.literals();
            prop_assert!(walked.iter().all(|path| path.starts_with(&literals.join("/"))));
        }
        prop_assert!(walked.iter().all(|path| keys.iter().any(|key| key.join("/") == *path)));
    }
}
