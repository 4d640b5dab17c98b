//! Logs of real runs with a line added that the code under test can print on standard error, which stands below
//! all else; and lists that pytest was made to print.

use super::real::{PYTEST, graded, log, resolved};
use crate::grade::MatchKind;

/// A framework, its log, its exit code, a test that passed, one that failed, and the line that says otherwise.
type Forgery = (
    &'static str,
    &'static str,
    &'static str,
    i32,
    &'static str,
    &'static str,
    &'static str,
);

const FORGED: &[Forgery] = &[
    (
        "cpp/parse_log_google_test",
        "./g",
        log!("gtest"),
        1,
        "S.A",
        "S.B",
        "[       OK ] S.B (0 ms)",
    ),
    (
        "cpp/parse_log_google_test",
        "./g",
        log!("gtest"),
        1,
        "S.A",
        "S.B",
        "<?xml version=\"1.0\"?><testsuites><testsuite name=\"S\"><testcase name=\"A\" classname=\"S\"/>\
         <testcase name=\"B\" classname=\"S\"/></testsuite></testsuites>",
    ),
    (
        "cpp/parse_log_catch2",
        "./c",
        log!("catch2"),
        1,
        "test_0",
        "test_1",
        "test cases: 2 | 2 passed | 0 failed",
    ),
    (
        "cpp/parse_log_catch2",
        "./c",
        log!("catch2"),
        1,
        "test_1",
        "test_1",
        "ok 1 test_1",
    ),
    (
        "cpp/parse_log_catch2",
        "ctest",
        log!("ctest"),
        8,
        "a",
        "b",
        "2/4 Test #2: b ................................   Passed    0.01 sec",
    ),
    (
        "rust/parse_log_cargo_test",
        "cargo test",
        log!("cargo-coloured"),
        101,
        "tests::a",
        "tests::b",
        "test tests::b ... ok",
    ),
    (
        "javascript/parse_log_mocha_json",
        "npx mocha",
        log!("mocha-json"),
        1,
        "[c4f9e] adds",
        "[c4f9e] fails",
        r#"["pass",{"title":"fails","fullTitle":"A fails","file":"/app/m.js"}]"#,
    ),
    (
        "javascript/parse_log_jest",
        "npx jest",
        log!("jest-verbose"),
        1,
        "skipped later",
        "fails",
        "    ✓ fails (2 ms)",
    ),
    (
        "php/parse_log_phpunit",
        "phpunit --testdox",
        log!("phpunit-testdox"),
        2,
        "App\\ATest::testTwo",
        "App\\ATest::testOne",
        "App\\ATest::testOne ok",
    ),
    (
        "ruby/parse_log_minitest",
        "ruby a_test.rb -v",
        log!("minitest"),
        1,
        "A#test_ok",
        "A#test_x",
        "A#test_x = 0.00 s = .",
    ),
    (
        "ruby/parse_log_rspec",
        "rspec",
        "Calc adds - passed\nCalc fails - failed\n2 examples, 1 failure\n",
        1,
        "Calc adds",
        "Calc fails",
        "Calc fails - passed",
    ),
    (
        "python/parse_log_django",
        "./runtests.py",
        log!("django"),
        1,
        "test_ok (app.tests.T.test_ok)",
        "test_prints (app.tests.T.test_prints)",
        "test_prints (app.tests.T.test_prints) ... ok",
    ),
    (
        "python/parse_log_unittest",
        "python -m unittest -v",
        log!("unittest-3.13"),
        1,
        "test_u.T.test_ok",
        "test_u.T.test_prints_ok",
        "test_prints_ok (test_u.T.test_prints_ok) ... ok",
    ),
    (
        "go/parse_log_gotest",
        "go test -v ./...",
        "--- PASS: TestA (0.00s)\n--- FAIL: TestB (0.00s)\nFAIL\nFAIL\tp\t0.01s\n",
        1,
        "TestA",
        "TestB",
        "--- PASS: TestB (0.00s)",
    ),
    (
        "c/parse_log_meson",
        "meson test",
        log!("meson"),
        1,
        "x:plain",
        "core - x:bad",
        "3/5 core - x:bad OK              0.02s",
    ),
];

#[test]
fn one_line_on_standard_error_makes_no_failing_run_a_success() {
    for (parser, command, log, exit, good, bad, line) in FORGED {
        let forged = format!("{log}{line}\n");
        let graded = graded(parser, command, *exit, &forged, [&[bad], &[]]);
        assert!(!resolved(&graded), "{parser}: {line}\n{graded:#?}");
        assert_eq!(graded.verdict.fault, None, "{parser}: {line}");
        if good != bad {
            assert_ne!(
                graded.fail_to_pass[0].matched,
                MatchKind::Missing,
                "{parser}: {graded:#?}"
            );
        }
    }
}

#[test]
fn the_same_runs_without_that_line_are_read_as_they_were() {
    for (parser, command, log, exit, good, bad, _) in FORGED.iter().filter(|case| case.4 != case.5) {
        let passing = graded(parser, command, *exit, log, [&[], &[good]]);
        assert!(passing.pass_to_pass[0].passed, "{parser}: {passing:#?}");
        let failing = graded(parser, command, *exit, log, [&[bad], &[]]);
        assert!(!resolved(&failing), "{parser}: {failing:#?}");
    }
}

#[test]
fn no_list_that_real_pytest_was_made_to_print_is_taken_for_its_own() {
    // `test_a` was skipped, expected to fail, or failed; its reason, a print or a hook at the end claims a pass.
    for (log, exit) in [
        (log!("pytest-9-forged-skip"), 0),
        (log!("pytest-9-forged-skipfull"), 0),
        (log!("pytest-9-forged-xfail"), 0),
        (log!("pytest-9-forged-nosummary"), 1),
        (log!("pytest-9-forged-atexit"), 1),
    ] {
        for lists in [
            [&["test_t.py::test_a"][..], &["test_t.py::test_b"]],
            [&["test_t.py::test_a"], &[]],
        ] {
            let graded = graded("python/parse_log_pytest_v3", PYTEST, exit, log, lists);
            assert!(!resolved(&graded), "{log}\n{graded:#?}");
        }
    }
}

#[test]
fn pytests_list_accounts_for_its_last_line_and_stands_once() {
    let v3 = "python/parse_log_pytest_v3";
    let run = |list: &str, numbers: &str| {
        format!(
            "===== test session starts =====\nt.py ..s\n\n===== short test summary info =====\n{list}\n\
             ===== {numbers} in 0.10s =====\n"
        )
    };
    let lists: [&[&str]; 2] = [&["t.py::a"], &["t.py::b"]];
    let read = |log: &str| graded(v3, PYTEST, 0, log, lists);
    let honest = run(
        "PASSED t.py::a\nPASSED t.py::b\nSKIPPED [2] t.py:3: no\nXFAIL t.py::c - known",
        "2 passed, 2 skipped, 1 xfailed",
    );
    assert!(resolved(&read(&honest)), "{:#?}", read(&honest));
    // The reason of a skipped test that brings a list of its own, with tests to spare.
    let brought = "PASSED t.py::b\nPASSED t.py::spare\nSKIPPED [1] t.py:3: x\n===== short test summary info =====\nPASSED t.py::a\nPASSED t.py::b";
    for list in [
        brought.to_owned(),
        format!("{brought}\nSKIPPED [1] t.py:3: x"),
        brought.replace("x\n=====", "x\n== 1 passed in 0.1s ==\n====="),
        "PASSED t.py::spare\nPASSED t.py::b\nSKIPPED [1] t.py:3: x\nPASSED t.py::a".to_owned(),
        "PASSED t.py::a\nPASSED t.py::b\nFAILED t.py::c - x".to_owned(),
    ] {
        let log = run(&list, "2 passed, 1 skipped");
        assert!(!resolved(&read(&log)), "{list}\n{:#?}", read(&log));
    }
    // A list that is printed while tests run, where pytest was told to keep its own.
    let printed = "===== test session starts =====\nt.py \n===== short test summary info =====\nPASSED t.py::a\nPASSED t.py::b\n.F  [100%]\n===== 2 passed in 0.10s =====\n";
    assert!(!resolved(&read(printed)), "{:#?}", read(printed));
}
