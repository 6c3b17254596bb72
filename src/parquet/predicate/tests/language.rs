//! What parses, to what, and what messages say of the rest.

use proptest::prelude::*;

use super::super::Predicate;
use crate::error::Error;

/// The text has this normal form, which is its own.
fn normal(text: &str, form: &str) {
    let predicate = Predicate::parse(text).unwrap();
    assert_eq!(predicate.to_string(), form, "{text}");
    assert_eq!(Predicate::parse(form).unwrap(), predicate, "{text}");
}

fn failure(text: &str) -> String {
    match Predicate::parse(text) {
        Err(Error::Invalid(message)) => message,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn normal_forms() {
    normal("temp>0", "temp > 0");
    normal("temp == +1.50", "temp = 1.5");
    normal("temp <> - 2", "temp != -2");
    normal("NOT (a = 1 OR b = 2) AND c", "not (a = 1 or b = 2) and c");
    normal("((a and (b and c)))", "a and b and c");
    normal("a and (b or (c or d))", "a and (b or c or d)");
    normal("a and b or c", "a and b or c");
    normal("not not not a = 1", "not a = 1");
    normal("not a is not null", "a is null");
    normal("not a is null", "a is not null");
    normal("not a in (1,2 , NULL)", "a not in (1, 2, null)");
    normal("a Not Between 1 And 2 and b", "a not between 1 and 2 and b");
    normal("city = 'O''Hare'", "city = 'O''Hare'");
    normal("\"plain\" < 'x'", "plain < 'x'");
    normal("\"a \"\"b\"\"\" is null", "\"a \"\"b\"\"\" is null");
    normal("\"And\" = true", "\"And\" = true");
    normal("5 < x", "5 < x");
    normal("a.b.c_1 > .5 and \"a.b c\" = 1", "a.b.c_1 > 0.5 and \"a.b c\" = 1");
    normal("\"a\".\"b\".c = 1 and a.\"b c\" = 1", "a.b.c = 1 and \"a.b c\" = 1");
    normal("not.in = 1", "not.in = 1");
    normal("true or null", "true or null");
    normal("größe >= 1e3", "größe >= 1000");
    normal("x = .5e-1", "x = 0.05");
    normal("temp+hum>3", "temp + hum > 3");
    normal("((a + b)) * 2 > - 3", "(a + b) * 2 > -3");
    normal("a-b-c < a-(b-c)", "a - b - c < a - (b - c)");
    normal("a/(b*c) = a/b*c", "a / (b * c) = a / b * c");
    normal("(a) = 1 and ((b + 1) > 2 or c)", "a = 1 and (b + 1 > 2 or c)");
    normal("-x > 1 and x - -5 = +y", "0 - x > 1 and x - -5 = y");
    normal("- - 5 < x", "5 < x");
    normal("a + 1 not between b * 2 and 7", "a + 1 not between b * 2 and 7");
    normal("(a + b) in (1, -2)", "a + b in (1, -2)");
    normal("a -5 > b", "a - 5 > b");
    normal("\"1\" = 1 and \"\" = 1", "\"1\" = 1 and \"\" = 1");
}

#[test]
fn columns_come_once_in_order() {
    let predicate = Predicate::parse("b > 1 and (a in (1) or \"B\" is null or b between a and c) and not d").unwrap();
    assert_eq!(predicate.columns(), ["b", "a", "B", "c", "d"]);
}

#[test]
fn messages_say_where_and_what() {
    for (text, message) in [
        ("", "character 1: expected a column, a number, 'text', true, false or null, found the end"),
        ("temp >", "character 7: expected a column, a number, 'text', true, false or null, found the end"),
        ("temp > > 5", "character 8: expected a column, a number, 'text', true, false or null, found '>'"),
        ("größe = 'x", "character 9: expected a closing ' for the ' that opens here, found the end"),
        ("\"a = 1", "character 1: expected a closing \" for the \" that opens here, found the end"),
        ("a = 1 b", "character 7: expected 'and', 'or' or the end, found the column b"),
        ("(a = 1", "character 7: expected 'and', 'or' or ')', found the end"),
        ("a = 1)", "character 6: expected 'and', 'or' or the end, found ')'"),
        ("a is 5", "character 6: expected 'null' or 'not null', found 5"),
        ("a is not 5", "character 10: expected 'null', found 5"),
        ("a not 5", "character 7: expected 'between', 'in' or 'like' behind 'not', found 5"),
        ("a between 1 or 2", "character 13: expected 'and' and the upper bound of 'between', found 'or'"),
        ("a in 5", "character 6: expected '(' and a list of literals behind 'in', found 5"),
        ("a in ()", "character 7: expected a column, a number, 'text', true, false or null, found ')'"),
        ("a in (1 2)", "character 9: expected ',' or ')', found 2"),
        ("5", "character 2: expected a comparison behind 5, found the end"),
        (
            "a = 5x",
            "character 5: expected a number such as 5, -0.25 or 1e-3 (text stands in single quotes), found '5x'",
        ),
        ("a = 1.2.3", "found '1.2.3'"),
        ("a = 1e", "found '1e'"),
        ("a = -", "character 6: expected a column, a number, 'text', true, false or null, found the end"),
        ("a + b", "character 6: expected a comparison behind a + b, found the end"),
        ("(a + b) is null", "'is null' is asked of a column, not of a + b"),
        ("(a = 1) + 2 > 3", "character 4: expected an operator or ')', found '='"),
        ("a in (1 + 2)", "the list of 'in' holds literals, not 1 + 2"),
        ("a * = 1", "character 5: expected a column, a number, 'text', true, false or null, found '='"),
        ("a = 1e9999999999", "expected a number with an exponent of at most nine digits, found '1e9999999999'"),
        ("a ! 5", "character 3: expected '!=' or 'not', found '!'"),
        ("a = b.1", "character 6: expected 'and', 'or' or the end, found 0.1"),
        (
            "a = b..c",
            "character 6: expected a number such as 5, -0.25 or 1e-3 (text stands in single quotes), found '..c'",
        ),
        ("a; b", "in double quotes), found ';'"),
        ("a = b = c", "character 7: expected 'and', 'or' or the end, found '='"),
        ("a in (b)", "the list of 'in' holds literals, not the column b"),
        ("5 is null", "'is null' is asked of a column, not of 5"),
    ] {
        let found = failure(text);
        assert!(found.ends_with(message) || found.contains(message), "{text}\n{found}\n{message}");
    }
}

#[test]
fn depth_and_length_are_limited() {
    let nested = |depth: usize| format!("{}a = 1{}", "(".repeat(depth), ")".repeat(depth));
    normal(&nested(100), "a = 1");
    assert!(failure(&nested(101)).contains("character 101: expected parentheses that are nested at most 100 deep"));
    assert!(failure(&"(".repeat(1 << 20)).contains("nested"));
    assert!(failure(&"not (".repeat(200_000)).contains("nested"));
    normal(&format!("{}a", "not ".repeat(200_000)), "a");
    assert!(failure(&" ".repeat((1 << 20) + 1)).contains("1048577 bytes long"));
    // The deepest tree is written with no more parentheses than it was read with.
    let mut text = "a not between 1 and 2".to_owned();
    for depth in 0..100 {
        let word = if depth % 2 == 0 { "or" } else { "and" };
        text = format!("not ({text} {word} b)");
    }
    let predicate = Predicate::parse(&text).unwrap();
    assert_eq!(Predicate::parse(&predicate.to_string()).unwrap(), predicate);
    let sum = |terms: usize| format!("{} > 1", vec!["a"; terms].join(" + "));
    normal(&sum(1_001), &sum(1_001));
    assert!(failure(&sum(1_002)).contains("at most 1000 operators"));
    assert!(failure(&format!("{}a + 1 > 1", "(".repeat(101))).contains("nested"));
    normal(&format!("{}a > 1", "-".repeat(200_000)), "a > 1");
    let flat = vec!["a = 1"; 50_000].join(" or ");
    normal(&flat, &flat);
}

/// Pieces of the language, and of what is none.
fn piece() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] = &[
        "a", "\"b c\"", "and", "OR", "not", "in", "is", "null", "between", "true", "False", "(", ")", ",", "=", "==",
        "!=", "<>", "<", "<=", ">", ">=", "1", "-2.5", "1e3", "'text'", "*", "-", "/", "''", "'", "\"", "!", ".", "+",
        "é", "\u{301}",
    ];
    prop_oneof![8 => proptest::sample::select(KNOWN).prop_map(str::to_owned), 1 => "\\PC{0,3}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn any_text_is_a_predicate_or_an_error(text in "\\PC{0,40}") {
        check(&text);
    }

    #[test]
    fn any_pieces_are_a_predicate_or_an_error(pieces in prop::collection::vec(piece(), 0..20)) {
        check(&pieces.join(" "));
        check(&pieces.concat());
    }
}

fn check(text: &str) {
    match Predicate::parse(text) {
        Ok(predicate) => {
            let form = predicate.to_string();
            assert_eq!(Predicate::parse(&form).unwrap(), predicate, "{text}\n{form}");
            assert_eq!(Predicate::parse(&form).unwrap().to_string(), form);
            // Whatever the columns are, it binds or says why not.
            for data_type in
                [arrow_schema::DataType::Int8, arrow_schema::DataType::Utf8, arrow_schema::DataType::Boolean]
            {
                if let Err(error) = predicate.bind(&|_| Some(data_type.clone())) {
                    assert!(matches!(error, Error::Invalid(_)), "{error}");
                }
            }
        }
        Err(error) => assert!(matches!(error, Error::Invalid(_)), "{error}"),
    }
}
