use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Float64Array, Int64Array, ListArray, StringArray,
    TimestampNanosecondArray,
};
use arrow_schema::Field;

use super::Page;
use crate::report::{Report, Source};
use crate::spec::{BinCount, Spec};
use crate::{
    Interrupt, NanPolicy, PairSpec, Series, SeriesKind, Summaries, TypedColumn, correlate, describe_all,
    describe_groups, describe_kinds,
};

/// An answer for columns of any kinds, by groups if there are keys.
fn report(columns: &[(&str, ArrayRef)], by: Option<(&str, ArrayRef)>, spec: &Spec) -> Report {
    let interrupt = Interrupt::default();
    let by = by.map(|(name, keys)| vec![(Arc::new(Field::new(name, keys.data_type().clone(), true)), keys)]);
    let typed = |(name, array): &(&str, ArrayRef)| TypedColumn {
        name: Some((*name).to_owned()),
        field: Arc::new(Field::new(*name, array.data_type().clone(), true)),
        chunks: vec![array.clone()],
    };
    let typed: Vec<TypedColumn> = columns.iter().map(typed).collect();
    let numbers = typed.iter().filter(|column| column.kind() == SeriesKind::Number);
    let series: Vec<Series> =
        numbers.map(|column| Series::from_arrays(column.name.clone(), column.chunks.clone()).unwrap()).collect();
    let answers = match &by {
        None => Summaries::new(spec, describe_all(&series, spec, &interrupt).unwrap()),
        Some(by) => describe_groups(by.clone(), &series, spec, &interrupt).unwrap(),
    };
    let parts = describe_kinds(&typed, by.as_deref(), spec, &interrupt).unwrap();
    Report::new(spec.clone(), Source::default(), answers).with_parts(parts)
}

fn asked() -> Spec {
    Spec::default().for_page(BinCount::Fixed(5), 3).unwrap()
}

fn floats(values: impl IntoIterator<Item = f64>) -> ArrayRef {
    Arc::new(Float64Array::from_iter_values(values))
}

/// What a browser would choke on: tags that do not close each other, names of places that are there twice or not at all, and anything that is
/// loaded.
fn check(page: &str) {
    const VOID: [&str; 4] = ["!doctype", "meta", "input", "br"];
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').expect("a tag ends");
        let tag = &rest[start + 1..end];
        let name = tag.trim_start_matches('/').split([' ', '/', '\n']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{}", &rest[..end.min(300)]);
        } else if !VOID.contains(&name.to_ascii_lowercase().as_str()) && !tag.ends_with('/') {
            open.push(name);
        }
        rest = &rest[end + 1..];
        if matches!(name, "style" | "script") && !tag.starts_with('/') {
            rest = &rest[rest.find(&format!("</{name}")).expect("it ends")..];
        }
    }
    assert!(open.is_empty(), "{open:?}");
    let values = |attribute: &'static str| {
        page.split(attribute).skip(1).map(|rest| rest.split('"').next().unwrap()).collect::<Vec<_>>()
    };
    let ids = values(" id=\"");
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
    for link in values(" href=\"") {
        assert!(link.strip_prefix('#').is_some_and(|id| ids.contains(&id)), "{link}");
    }
    for loads in [" src=", "url(", "@import", "http://", "https://"] {
        assert!(!page.contains(loads), "{loads}");
    }
}

#[test]
fn a_page_shows_each_kind() {
    let many = || (0..1000).map(f64::from);
    let texts: StringArray = (0..1000).map(|row| Some(if row % 3 == 0 { "often" } else { "seldom" })).collect();
    let report = report(
        &[
            ("x", floats(many())),
            ("y", floats(many().map(|x| 2.0 * x))),
            ("flag", Arc::new(BooleanArray::from_iter((0..1000).map(|row| (row % 4 != 0).then_some(row % 4 == 1))))),
            ("day", Arc::new(Date32Array::from_iter_values(20_000..21_000))),
            ("text", Arc::new(texts)),
            (
                "list",
                Arc::new(ListArray::from_iter_primitive::<arrow_array::types::Int32Type, _, _>(vec![
                    Some(vec![Some(
                        1
                    )]);
                    1000
                ])),
            ),
        ],
        None,
        &asked(),
    );
    let series = [floats(many()), floats(many().map(|x| 2.0 * x))];
    let series: Vec<Series> = series
        .into_iter()
        .zip(["x", "y"])
        .map(|(array, name)| Series::from_arrays(Some(name.to_owned()), vec![array]).unwrap())
        .collect();
    let pairs = correlate(&series, &PairSpec::default(), &Interrupt::default()).unwrap();
    let page = report.to_page(&Page::new("All kinds").with_pairs(pairs).with_note("one note"));
    check(&page);
    for shown in [
        "<h2>numbers</h2>",
        "<h2>booleans</h2>",
        "<h2>times</h2>",
        "<h2>texts</h2>",
        "<h2>others</h2>",
        "seldom",
        "66.6\u{a0}%",
        "x and y go together: r = 1.000",
        "one note",
        "25\u{a0}% missing",
        "Pearson’s r",
        "histogram of 5 bins",
        "2024-10-04",
    ] {
        assert!(page.contains(shown), "{shown}");
    }
    assert_eq!(page.matches("<svg").count(), 3); // numbers and times
}

#[test]
fn what_names_and_values_hold_is_text() {
    let evil = "<script>alert(\"1\")</script>{{ title }}\u{1b}[31m";
    let texts: ArrayRef = Arc::new(StringArray::from(vec![Some(evil), Some(evil), Some("'\"&<")]));
    let report =
        report(&[(evil, texts.clone()), ("\" onclick=\"", floats([1.0, 2.0, 2.0]))], Some((evil, texts)), &asked());
    let page = report.to_page(&Page::new(evil).with_note(evil));
    check(&page);
    assert_eq!(page.matches("<script").count(), 1);
    assert!(
        !page.contains("\" onclick=\"\"") && page.contains("&#34; onclick=&#34;"),
        "an attribute ends where it should"
    );
}

#[test]
fn groups_stand_beside_each_other() {
    let keys: ArrayRef =
        Arc::new(StringArray::from_iter_values((0..200).map(|row| format!("k{:02}", f64::from(row).sqrt() as u32))));
    let columns =
        [("x", floats((0..200).map(f64::from))), ("t", Arc::new(StringArray::from(vec!["a"; 200])) as ArrayRef)];
    let (whole, groups) = (report(&columns, None, &asked()), report(&columns, Some(("k", keys)), &asked()));
    let page = whole.to_page(&Page::new("Groups").with_groups(groups.clone()));
    check(&page);
    assert!(page.contains("groups by k") && page.contains("The 12 groups of the most rows;"), "{page}");
    assert_eq!(page.matches("<svg").count(), 13);
    // An answer of groups alone.
    let page = groups.to_page(&Page::new("Groups"));
    check(&page);
    assert_eq!(page.matches("<svg").count(), 12);
}

#[test]
fn nothing_is_too_odd_for_a_page() {
    let odd: Vec<Vec<f64>> = vec![
        vec![],
        vec![f64::NAN; 3],
        vec![1.0],
        vec![5e-324, 1e-323],
        vec![-f64::MAX, f64::MAX],
        vec![f64::INFINITY, 1.0],
        vec![1e16, 1e16 + 2.0, 1e16 + 4.0],
        vec![0.0, -0.0],
        vec![-1e300; 4],
    ];
    for bins in [BinCount::Auto, BinCount::Fixed(1), BinCount::Fixed(1000)] {
        for nan in [NanPolicy::Omit, NanPolicy::Propagate] {
            let spec = Spec::default().for_page(bins, 1).unwrap().with_nan(nan);
            for values in &odd {
                let page = report(&[("x", floats(values.iter().copied()))], None, &spec).to_page(&Page::default());
                check(&page);
                assert!(page.contains("<title>Report</title>"));
            }
        }
        let spec = Spec::default().for_page(bins, 1).unwrap();
        for ticks in [vec![i64::MIN, i64::MAX], vec![0, 1], vec![i64::MAX; 2], vec![]] {
            let times: ArrayRef = Arc::new(TimestampNanosecondArray::from(ticks.clone()));
            let integers: ArrayRef = Arc::new(Int64Array::from(ticks));
            check(&report(&[("t", times), ("i", integers)], None, &spec).to_page(&Page::default()));
        }
        check(
            &report(&[("d", Arc::new(Date32Array::from(vec![i32::MIN, i32::MAX])))], None, &spec)
                .to_page(&Page::default()),
        );
    }
    // A question that asks for next to nothing, and an answer without columns.
    let spec = Spec::default().with_statistics([]).with_quantiles(&[]).unwrap();
    check(&report(&[("x", floats([1.0, 2.0]))], None, &spec).to_page(&Page::default()));
    check(&report(&[], None, &spec).to_page(&Page::default()));
}

#[test]
fn warnings_are_of_what_is_there() {
    let page = |values: Vec<Option<f64>>| {
        let array: ArrayRef = Arc::new(Float64Array::from(values));
        report(&[("x", array)], None, &asked()).to_page(&Page::default())
    };
    let numbers = |count: usize| (0..count).map(|value| Some(value as f64));
    assert!(!page(numbers(100).collect()).contains("Worth a look"));
    for (values, warning) in [
        (numbers(100).chain(vec![None; 50]).collect(), "33.3\u{a0}% missing"),
        (vec![Some(7.0); 9], "constant: every value is 7"),
        (numbers(100).chain(vec![Some(1e9); 10]).collect(), "9.1\u{a0}% outliers"),
        (numbers(10).chain(vec![Some(0.0); 10]).collect(), "55.0\u{a0}% zeros"),
        (vec![None, None], "has no values"),
        (vec![Some(f64::NAN), Some(1.0), Some(2.0)], "33.3\u{a0}% NaN"),
        (vec![Some(f64::INFINITY), Some(1.0)], "has infinite values"),
        (numbers(1000).chain([Some(1e12)]).collect(), "skewed to the right"),
    ] {
        let page = page(values);
        assert!(page.contains("Worth a look") && page.contains(warning), "{warning}");
    }
    let texts = |values: Vec<&str>| {
        let array: ArrayRef = Arc::new(StringArray::from(values));
        report(&[("x", array)], None, &asked()).to_page(&Page::default())
    };
    for (values, warning) in [
        (vec!["a", "b", "c"], "unique: no value comes twice"),
        (vec!["1", "2", "2"], "text that looks like numbers"),
        (vec!["1", "two", "1"], "mixed: some values look like numbers"),
        (vec!["", "a", "a", "a"], "25\u{a0}% empty"),
    ] {
        assert!(texts(values).contains(warning), "{warning}");
    }
    // The digits of bytes are no numbers.
    let bytes: ArrayRef = Arc::new(BinaryArray::from_vec(vec![b"1", b"2", b"2"]));
    assert!(!report(&[("x", bytes)], None, &asked()).to_page(&Page::default()).contains("look"));
}
