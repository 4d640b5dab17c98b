//! Ids that SWE-bench 5 publishes, and forms that only it has.

use super::read;
use crate::grade::parse::{Parser, Sign, sign};

macro_rules! log {
    ($name:literal) => {
        include_str!(concat!("../../../../tests/data/test-logs/", $name, ".txt"))
    };
}

fn ends(id: &str, log: &str) -> (Option<u32>, Option<u32>) {
    match sign(Parser::named(id).unwrap(), log) {
        Sign::Ended { passed, failed, .. } => (passed, failed),
        other => panic!("{id}: {other:?}"),
    }
}

#[test]
fn thirteen_of_its_ids_are_pytest_under_the_names_of_projects() {
    let log = "PASSED t.py::a[/x/y]\nt.py::b PASSED\n";
    for (kind, ids) in [
        (
            "parse_log_pytest",
            "astroid flask marshmallow pvlib pyvista sqlfluff xarray",
        ),
        ("parse_log_pytest_options", "pydicom requests pylint"),
        ("parse_log_pytest_v2", "astropy scikit sphinx"),
    ] {
        for id in ids.split(' ') {
            let id = format!("parse_log_{id}");
            assert_eq!(read(&id, log), read(kind, log), "{id}");
            assert!(Parser::named(&id).unwrap().is_pytest(), "{id}");
        }
    }
}

#[test]
fn vitest_is_read_with_files_and_suites() {
    let log = log!("vitest");
    assert_eq!(
        read("parse_log_vitest", log),
        [
            "v.test.mjs > A > adds PASSED",
            "v.test.mjs > A > fails FAILED",
            "v.test.mjs > A > later SKIPPED",
        ]
    );
    assert_eq!(ends("parse_log_vitest", log), (Some(1), Some(1)));
    assert_eq!(
        read(
            "parse_log_vitest",
            " ✓ a > b 12 ms\n ↓ a > c [skipped]\n × a > d 3\n ✓ 7ms\n"
        ),
        ["a > b PASSED", "a > c SKIPPED", "a > d FAILED", "7ms PASSED"]
    );
}

#[test]
fn karma_is_read_with_its_suites() {
    let log = "\
✔ too early
Starting browser Chrome
  Suite
    inner
      ✔ adds
      ✖ fails
    ✔ after
SUMMARY:
✔ 2 tests completed
✖ 1 test failed
  ✔ too late
";
    assert_eq!(
        read("parse_log_karma", log),
        [
            "Suite > inner > adds PASSED",
            "Suite > inner > fails FAILED",
            "Suite > inner > after PASSED"
        ]
    );
    assert_eq!(ends("parse_log_karma", log), (Some(2), Some(1)));
    let mut made_up = "Starting browser\n".to_owned();
    for depth in 2..4000 {
        made_up.push_str(&" ".repeat(depth));
        made_up.push_str("s\n");
    }
    assert!(read("parse_log_karma", &format!("{made_up} ✔ a\n")).is_empty());
}

#[test]
fn tap_is_read_with_all_that_follows_the_number() {
    let log = log!("mocha-tap");
    assert_eq!(
        read("javascript/parse_log_tap", log),
        ["A adds PASSED", "A fails FAILED", "A later # SKIP - SKIPPED"]
    );
    assert_eq!(ends("javascript/parse_log_tap", log), (Some(1), Some(1)));
    assert_eq!(
        read("javascript/parse_log_tap", "  ok 1 - a\nok 2\nok b\n"),
        ["- a PASSED"]
    );
}

#[test]
fn gradle_may_tell_its_verdict_some_lines_below() {
    let log = "\
> Task :core:test FAILED
org.x.ATest > adds PASSED
org.x.ATest > fails FAILED
org.x.BTest > late
WARNING: something between
PASSED
org.x.BTest > later SKIPPED
BUILD FAILED
";
    let tests = [
        "org.x.ATest > adds PASSED",
        "org.x.ATest > fails FAILED",
        "org.x.BTest > late PASSED",
        "org.x.BTest > later SKIPPED",
    ];
    assert_eq!(read("java/parse_log_gradle_custom", log), tests);
    assert_eq!(read("java/parse_log_gradle", log), tests);
    assert_eq!(ends("java/parse_log_gradle", log), (None, None));
}

#[test]
fn ant_and_googletest_are_read() {
    let log = "    [junit] [PASS] a.B.c\n    [junit] [FAIL] a.B.d\n    [junit] [ERR] a.B.e\n[javac] [PASS] x\nBUILD FAILED\n";
    assert_eq!(
        read("java/parse_log_ant", log),
        ["a.B.c PASSED", "a.B.d FAILED", "a.B.e FAILED"]
    );
    assert_eq!(ends("java/parse_log_ant", log), (None, None));
    assert_eq!(
        read("parse_log_googletest", log!("gtest")),
        [
            "S.A PASSED",
            "S.B FAILED",
            "S.C SKIPPED",
            "I/P.D/0 PASSED",
            "I/P.D/1 FAILED"
        ]
    );
    assert_eq!(ends("parse_log_googletest", log!("gtest")), (Some(2), Some(2)));
}
