//! Expected names, and the log's.

use super::*;

fn log(names: &[&str]) -> Vec<(String, Status)> {
    names
        .iter()
        .map(|name| ((*name).to_owned(), Status::Passed))
        .collect()
}

fn found(tests: &[&str], expected: &[&'static str]) -> Vec<(MatchKind, Option<String>)> {
    let tests = log(tests);
    let all = find(&tests, &[], expected.iter().copied());
    expected
        .iter()
        .map(|name| all[name])
        .map(|(kind, i)| (kind, i.map(|i| tests[i].0.clone())))
        .collect()
}

fn one(tests: &[&str], expected: &'static str) -> (MatchKind, Option<String>) {
    found(tests, &[expected]).remove(0)
}

fn by(kind: MatchKind, name: &str) -> (MatchKind, Option<String>) {
    (kind, Some(name.to_owned()))
}

const MISSING: (MatchKind, Option<String>) = (MatchKind::Missing, None);
const AMBIGUOUS: (MatchKind, Option<String>) = (MatchKind::Ambiguous, None);

#[test]
fn the_exact_name_wins_wherever_it_stands() {
    assert_eq!(one(&["x_extra", "a::x", "x"], "x"), by(MatchKind::Exact, "x"));
}

#[test]
fn a_prefix_of_another_name_is_not_that_test() {
    assert_eq!(one(&["t/a.py::test_x_extra"], "t/a.py::test_x"), MISSING);
    assert_eq!(one(&["t/a.py::test_x"], "t/a.py::test_x_extra"), MISSING);
    assert_eq!(one(&["[1]", "1"], "t.py::test_x[1]"), MISSING);
}

#[test]
fn other_spellings_are_found() {
    let normal = |name: &str| by(MatchKind::Normalised, name);
    let actual = "test_bigquery (test_dialects.TestDialects)";
    assert_eq!(
        one(&[actual], "test_dialects.TestDialects.test_bigquery"),
        normal(actual)
    );
    assert_eq!(
        one(&["mod.C.test_c"], "mod.C.test_c.test_c"),
        normal("mod.C.test_c")
    );
    assert_eq!(
        one(&["\"com.x.A.testB\""], "com.x.A.testB"),
        normal("\"com.x.A.testB\"")
    );
    assert_eq!(
        one(&["test_c (m.C)", "m.C.test_c.test_c"], "m.C.test_c"),
        AMBIGUOUS
    );
}

#[test]
fn the_one_name_that_contains_or_is_contained_is_found() {
    let part = |name: &str| by(MatchKind::Contained, name);
    assert_eq!(
        one(&["repo/tests/t.py::a", "z"], "tests/t.py::a"),
        part("repo/tests/t.py::a")
    );
    assert_eq!(one(&["t.py::p[a"], "t.py::p[a b]"), part("t.py::p[a"));
    assert_eq!(one(&["test_e"], "mod.C.test_e"), part("test_e"));
    assert_eq!(one(&["tests/b.py"], "tests/b.py::test_x"), part("tests/b.py"));
    assert_eq!(one(&["test_e"], "mod.test_e.C"), MISSING);
}

#[test]
fn of_several_that_could_be_it_none_is() {
    assert_eq!(one(&["a/t.py::x", "b/t.py::x"], "t.py::x"), AMBIGUOUS);
    assert_eq!(one(&["t.py::x[1]", "t.py::x[2]"], "t.py::x"), AMBIGUOUS);
    assert_eq!(
        one(&["tests/t.py", "app/tests/t.py::x"], "tests/t.py::x"),
        AMBIGUOUS
    );
}

#[test]
fn one_line_never_passes_two_tests() {
    let both = found(&["t.py::p[a"], &["t.py::p[a b]", "t.py::p[a c]"]);
    assert_eq!(both, [AMBIGUOUS, AMBIGUOUS]);
    // What is a test's own name is not lent to another.
    let both = found(&["t.py::x"], &["t.py::x", "repo/t.py::x"]);
    assert_eq!(both, [by(MatchKind::Exact, "t.py::x"), MISSING]);
}

#[test]
fn a_name_that_is_expected_twice_is_found_twice() {
    let both = found(&["t.py::x"], &["t.py::x", "t.py::x"]);
    assert_eq!(
        both,
        [by(MatchKind::Exact, "t.py::x"), by(MatchKind::Exact, "t.py::x")]
    );
}

#[test]
fn hundreds_of_missing_names_in_a_huge_log_take_no_time() {
    let tests: Vec<(String, Status)> = (0..200_000)
        .map(|i| {
            (
                format!("tests/test_{}.py::test_case[{i}]", i % 100),
                Status::Passed,
            )
        })
        .collect();
    let expected: Vec<String> = (0..700)
        .map(|i| format!("tests/test_{i}.py::test_case"))
        .collect();
    let found = find(&tests, &[], expected.iter().map(String::as_str));
    assert!(
        found
            .values()
            .all(|(kind, _)| matches!(kind, MatchKind::Ambiguous | MatchKind::Missing))
    );
}
