//! HEAD's comparison of names.

use super::*;

#[test]
fn names_match_as_head_matches_them() {
    for (expected, actual, same) in [
        ("t.py::a", "t.py::a", true),
        ("t/a.py::test_x", "t/a.py::test_x_extra", true),
        ("t.py::test_x[1]", "[1]", true),
        ("a/MetaTest.php::testX", "App\\MetaTest::testX", true),
        ("a/Meta::testX", "b/MetaTest::testX", true),
        ("a/Meta::testX", "b/MetaTest::testY", false),
        (
            "test_dialects.TestDialects.test_bigquery",
            "test_bigquery (test_dialects.TestDialects)",
            false,
        ),
    ] {
        let is_same = matches(&Name::of(expected), &Finder::new(expected), &Name::of(actual));
        assert_eq!(is_same, same, "{expected} and {actual}");
    }
}

#[test]
fn a_run_is_one_only_with_tests_and_without_a_shells_words() {
    let some = Counts {
        tests_error: 1,
        ..Counts::default()
    };
    assert_eq!(why_not_ran("ten chars.", some), None);
    assert!(why_not_ran("nine char", some).is_some());
    assert!(why_not_ran("ten chars.", Counts::default()).is_some());
    assert!(why_not_ran("x: No such file or directory", some).is_some());
}

/// Pairs of names, and what HEAD's own `test_names_match` says of them.
const NAMES: &str = include_str!("../../../tests/data/velora-head-names.jsonl");

#[test]
fn names_match_as_heads_own_code_says() {
    let mut wrong = Vec::new();
    for line in NAMES.lines() {
        let pair: serde_json::Value = serde_json::from_str(line).unwrap();
        let (expected, actual) = (
            pair["expected"].as_str().unwrap(),
            pair["actual"].as_str().unwrap(),
        );
        let same = matches(&Name::of(expected), &Finder::new(expected), &Name::of(actual));
        if pair["same"] != same {
            wrong.push(line);
        }
    }
    assert_eq!(NAMES.lines().count(), 240);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
