//! Logs of real runs, kept in `tests/data/test-logs`, and what they say.

use super::world::{evidence, fleet, grade, instance};
use crate::domain::verdict::Decision;
use crate::grade::{Compat, Finding, Grading, MatchKind};

/// A log of `tests/data/test-logs`.
macro_rules! log {
    ($name:literal) => {
        include_str!(concat!("../../../tests/data/test-logs/", $name, ".txt"))
    };
}
pub(super) use log;

pub(super) const PYTEST: &str = "pytest --no-header -rA --tb=no -p no:cacheprovider";

/// Grades a log: whether these two lists hold.
pub(super) fn graded(parser: &str, command: &str, exit: i32, log: &str, [f2p, p2p]: [&[&str]; 2]) -> Grading {
    let mut task = instance(f2p, p2p);
    parser.clone_into(&mut task.parser);
    command.clone_into(&mut task.test_command);
    fleet(&task, &evidence(exit), log)
}

pub(super) fn resolved(graded: &Grading) -> bool {
    graded.verdict.decision == Decision::Resolved
}

fn finds(graded: &Grading, finding: Finding) -> bool {
    graded.findings.iter().any(|note| note.name == finding)
}

#[test]
fn what_a_test_prints_on_the_line_of_its_verdict_is_no_verdict() {
    let gtest = log!("gtest").replace(
        "[  FAILED  ] S.B (0 ms)",
        "[       OK ] S.B ([  FAILED  ] S.B (0 ms)",
    );
    assert!(!resolved(&graded(
        "cpp/parse_log_google_test",
        "./g",
        1,
        &gtest,
        [&["S.B"], &[]]
    )));
    let meson = graded(
        "c/parse_log_meson",
        "meson test",
        1,
        log!("meson"),
        [&["x:OK name"], &["x:plain"]],
    );
    assert_eq!(meson.fail_to_pass[0].matched, MatchKind::Exact, "{meson:#?}");
    assert!(!meson.fail_to_pass[0].passed && meson.pass_to_pass[0].passed);
}

#[test]
fn a_django_test_that_prints_ok_and_then_fails_has_failed() {
    let names: [&[&str]; 2] = [
        &["test_prints (app.tests.T.test_prints)", "Doc of it."],
        &["test_ok (app.tests.T.test_ok)"],
    ];
    let graded = graded(
        "python/parse_log_django",
        "./runtests.py",
        1,
        log!("django"),
        names,
    );
    assert_eq!(graded.verdict.fail_to_pass, (0, 2), "{graded:#?}");
    assert_eq!(graded.verdict.pass_to_pass, (1, 1));
}

#[test]
fn a_part_that_failed_fails_its_test_and_nobody_has_lied() {
    let test = "test_sub.py::T::test_x";
    for log in [log!("pytest-9-subtests"), log!("pytest-8-subtests")] {
        let graded = graded(
            "python/parse_log_pytest_v3",
            PYTEST,
            1,
            log,
            [&[test], &["test_sub.py::T::test_ok"]],
        );
        assert!(!resolved(&graded) && graded.pass_to_pass[0].passed, "{graded:#?}");
        assert!(finds(&graded, Finding::SubtestFailed), "{graded:#?}");
        assert!(!finds(&graded, Finding::ForgedOutput), "{graded:#?}");
        let why = graded.verdict.why.unwrap();
        assert!(
            why.ends_with("test_sub.py::T::test_x (a part of it failed)"),
            "{why}"
        );
    }
    // The same of unittest, whose reference parser reads such a test as passed.
    let rule = "=".repeat(70);
    let log = format!(
        "test_a (m.C) ... ok\ntest_b (m.C) ... ok\n\n{rule}\nFAIL: test_a (m.C) [part] (i=1)\n{}\n\
         AssertionError\n\nRan 2 tests in 0.01s\n\nFAILED (failures=1)\n",
        "-".repeat(70)
    );
    let graded = graded(
        "python/parse_log_unittest",
        "python -m unittest -v",
        1,
        &log,
        [&["m.C.test_a"], &["m.C.test_b"]],
    );
    assert!(!resolved(&graded) && graded.pass_to_pass[0].passed, "{graded:#?}");
    assert!(
        finds(&graded, Finding::SubtestFailed) && !finds(&graded, Finding::ForgedOutput),
        "{graded:#?}"
    );
}

#[test]
fn runs_with_parts_are_read_whole() {
    for log in [log!("pytest-9-subtests"), log!("pytest-8-subtests")] {
        let good: &[&str] = &["test_sub.py::test_f2", "test_sub.py::test_p[p]"];
        let graded = graded("python/parse_log_pytest_v3", PYTEST, 1, log, [good, &[]]);
        assert!(resolved(&graded), "{graded:#?}");
    }
}

#[test]
fn a_name_with_blanks_is_that_test_and_no_other() {
    let v3 = "python/parse_log_pytest_v3";
    let (good, bad) = ("test_sub.py::test_p[a b]", "test_sub.py::test_p[a c]");
    for (command, log) in [
        (PYTEST, log!("pytest-9-subtests")),
        ("pytest -rap --tb=no", log!("pytest-9-rap")),
        ("pytest -rp --tb=no", log!("pytest-9-rp")),
    ] {
        let read = |name: &'static str| graded(v3, command, 1, log, [&[name], &[]]);
        assert!(resolved(&read(good)), "{command}: {:#?}", read(good));
        assert_eq!(read(good).fail_to_pass[0].matched, MatchKind::Exact);
        assert!(!resolved(&read(bad)), "{command}: {:#?}", read(bad));
        assert!(resolved(&read("test_sub.py::test_p[x - y]")), "{command}");
    }
    // What the reference parsers make of both is as bad as the worse of the two.
    for (command, log) in [
        (PYTEST, log!("pytest-9-subtests")),
        ("pytest -rap", log!("pytest-9-rap")),
    ] {
        let cut_off = graded(v3, command, 1, log, [&["test_sub.py::test_p[a"], &[]]);
        assert!(!resolved(&cut_off), "{command}: {cut_off:#?}");
        let other = graded(v3, command, 1, log, [&["test_sub.py::test_p[x"], &[]]);
        assert!(resolved(&other), "{command}: {other:#?}");
    }
}

#[test]
fn older_pytest_is_read_as_it_writes() {
    let names: [&[&str]; 2] = [
        &["test_old.py::test_p[a b]"],
        &["test_old.py::test_xfail", "test_old.py::test_xpass"],
    ];
    let four = graded("python/parse_log_pytest_v3", PYTEST, 1, log!("pytest-4"), names);
    assert!(resolved(&four), "{four:#?}");
    // Three does not know -rA, and names nothing: no verdict on the model can be read off it, and it says so.
    let three = graded("python/parse_log_pytest_v3", PYTEST, 1, log!("pytest-3"), names);
    assert!(
        finds(&three, Finding::PassesUnnamed) && !finds(&three, Finding::NoTests),
        "{three:#?}"
    );
    assert!(!finds(&three, Finding::NoSignOfARun), "{three:#?}");
}

#[test]
fn a_framework_that_only_counts_what_passed_is_told_as_such() {
    for (parser, command, log, exit) in [
        (
            "php/parse_log_phpunit",
            "vendor/bin/phpunit",
            log!("phpunit-dots"),
            2,
        ),
        ("javascript/parse_log_jest", "npx jest", log!("jest"), 1),
    ] {
        let graded = graded(parser, command, exit, log, [&["App\\ATest::testTwo"], &[]]);
        assert!(finds(&graded, Finding::PassesUnnamed), "{graded:#?}");
        let why = graded.verdict.why.unwrap();
        assert!(
            why.starts_with("the test framework counts ") && why.contains("--testdox"),
            "{why}"
        );
    }
}

#[test]
fn an_exit_code_that_nothing_in_the_log_explains_is_believed() {
    let log = "PASS: a\nPASS: b\n";
    let lists: [&[&str]; 2] = [&["a"], &["b"]];
    let make = |exit| graded("generic/parse_log_make", "make check", exit, log, lists);
    assert!(resolved(&make(0)));
    assert!(
        !resolved(&make(2)) && finds(&make(2), Finding::ExitDisagrees),
        "{:#?}",
        make(2)
    );
    let explained = graded(
        "generic/parse_log_make",
        "make check",
        2,
        &format!("{log}FAIL: c\n"),
        lists,
    );
    assert!(resolved(&explained), "{explained:#?}");
    // Tox and nox fail for reasons of their own: an interpreter that is not there.
    let tox = graded("generic/parse_log_make", "tox -e py", 1, log, lists);
    assert!(resolved(&tox), "{tox:#?}");
}

#[test]
fn two_tests_of_one_name_of_which_one_fails_have_not_passed() {
    let log = "  ✕ adds (1 ms)\n  ✓ adds (1 ms)\n  ✓ later\nTests:       1 failed, 2 passed, 3 total\n";
    let mut task = instance(&["adds"], &["later"]);
    "javascript/parse_log_jest".clone_into(&mut task.parser);
    "npx jest".clone_into(&mut task.test_command);
    let graded = grade(&task, &evidence(1), log, Compat::Fleet);
    assert!(
        !resolved(&graded) && finds(&graded, Finding::Contradicted),
        "{graded:#?}"
    );
}

#[test]
fn a_loop_over_many_files_is_read_from_its_first_run_on() {
    let run = |n: usize| {
        format!(
            "===== test session starts =====\nt{n}.py .  [100%]\n\n===== short test summary info =====\n\
             PASSED t{n}.py::a\n===== 1 passed in 0.01s =====\n"
        )
    };
    let log: String = (0..70).map(run).collect();
    let command = "for f in t*.py; do pytest -rA $f; done";
    let graded = graded(
        "python/parse_log_pytest_v3",
        command,
        0,
        &log,
        [&["t0.py::a"], &["t69.py::a"]],
    );
    assert!(resolved(&graded), "{graded:#?}");
}

#[test]
fn a_session_may_end_with_its_time_in_two_forms_and_no_blank_between() {
    let log = "===== test session starts =====\n===== short test summary info =====\nPASSED t.py::a\n\
               ===== 1 passed in 402.22s(0:06:42) =====\n";
    let graded = graded("python/parse_log_pytest_v3", PYTEST, 0, log, [&["t.py::a"], &[]]);
    assert!(resolved(&graded), "{graded:#?}");
}

#[test]
fn colours_that_a_terminal_takes_back_in_its_own_way_are_taken_off() {
    let graded = graded(
        "rust/parse_log_cargo_test",
        "cargo test",
        101,
        log!("cargo-coloured"),
        [&["tests::a"], &[]],
    );
    assert!(resolved(&graded), "{graded:#?}");
}

#[test]
fn lists_of_skipped_and_risky_tests_are_no_lists_of_failures() {
    let log = log!("phpunit-dots");
    let read = crate::grade::parse::parse(
        crate::grade::parse::Parser::named("php/parse_log_phpunit").unwrap(),
        log,
    );
    assert_eq!(read.get("App\\ATest::testRisky"), None, "{read:?}");
    assert!(read.get("App\\ATest::testOne").is_some());
}

#[test]
fn a_test_that_ctest_was_told_to_leave_out_is_skipped() {
    let graded = graded(
        "cpp/parse_log_catch2",
        "ctest",
        8,
        log!("ctest"),
        [&["a"], &["c"]],
    );
    assert!(resolved(&graded), "{graded:#?}");
    let missing = graded_ctest("d");
    assert!(!missing.pass_to_pass[0].passed, "{missing:#?}");
}

fn graded_ctest(name: &str) -> Grading {
    graded(
        "cpp/parse_log_catch2",
        "ctest",
        8,
        log!("ctest"),
        [&["a"], &[name]],
    )
}
