//! That frameworks came to their end, and where they report.

use crate::grade::parse::{Parser, Sign, report_range, sign};

fn told(id: &str, log: &str) -> Sign {
    sign(Parser::named(id).expect("known"), log)
}

fn ended(passed: Option<u32>, failed: Option<u32>, errors: Option<u32>, total: Option<u32>) -> Sign {
    Sign::Ended {
        passed,
        failed,
        errors,
        total,
    }
}

fn range<'a>(id: &str, log: &'a str) -> &'a str {
    &log[report_range(Parser::named(id).expect("known"), log)]
}

const V3: &str = "python/parse_log_pytest_v3";

#[test]
fn pytest_ends_with_its_counts() {
    let line = "=== 1 failed, 3 passed, 2 skipped, 4 warnings in 0.12s ===";
    let counts = ended(Some(3), Some(1), Some(0), Some(6));
    assert_eq!(told(V3, line), counts);
    assert_eq!(told(V3, &format!("{line}\nbye\n")), counts);
    assert_eq!(
        told(V3, "3 passed in 61.00s (0:01:01)"),
        ended(Some(3), Some(0), Some(0), Some(3))
    );
    assert_eq!(
        told(V3, "== 3 passed in 0.12 seconds =="),
        ended(Some(3), Some(0), Some(0), Some(3))
    );
    assert_eq!(
        told(V3, "\x1b[31m== \x1b[1m2 errors\x1b[0m in 1.0s ==\x1b[0m"),
        ended(Some(0), Some(0), Some(2), Some(2))
    );
    assert_eq!(
        told(V3, "== no tests ran in 0.01s =="),
        ended(Some(0), Some(0), Some(0), Some(0))
    );
    for log in [
        "PASSED t.py::a",
        "3 passed in a row",
        "we passed in 3s",
        "2 apples in 3s",
        "",
    ] {
        assert_eq!(told(V3, log), Sign::Missing, "{log}");
    }
}

#[test]
fn unittest_ends_with_how_many_ran() {
    let id = "python/parse_log_unittest";
    assert_eq!(
        told(
            id,
            "Ran 4 tests in 0.001s\n\nFAILED (failures=1, errors=2, skipped=1)"
        ),
        ended(None, Some(1), Some(2), Some(4))
    );
    assert_eq!(
        told(
            id,
            "Ran 1 test in 0.001s\n\nOK\nRan 2 tests in 0.1s\n\nOK (skipped=1)\n"
        ),
        ended(None, Some(0), Some(0), Some(3))
    );
    assert_eq!(told(id, "test_a (m.C) ... ok"), Sign::Missing);
}

#[test]
fn the_other_frameworks_end_each_in_its_way() {
    let cases = [
        (
            "rust/parse_log_cargo_test",
            "test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured\ntest result: FAILED. 1 passed; 1 failed; 0 ignored\n",
            ended(Some(3), Some(1), None, Some(5)),
        ),
        (
            "go/parse_log_gotest_json",
            "{\"Action\":\"fail\",\"Package\":\"p\"}\n",
            Sign::ENDED,
        ),
        ("go/parse_log_gotest", "ok  \tp/q\t0.01s\n", Sign::ENDED),
        (
            "javascript/parse_log_jest",
            "Tests:       1 failed, 2 passed, 3 total\n",
            ended(Some(2), Some(1), None, Some(3)),
        ),
        (
            "javascript/parse_log_mocha_json",
            "[\"end\",{\"tests\":3,\"passes\":2,\"failures\":1}]\n",
            ended(Some(2), Some(1), None, Some(3)),
        ),
        (
            "php/parse_log_phpunit",
            "OK (3 tests, 5 assertions)\n",
            ended(None, Some(0), Some(0), Some(3)),
        ),
        (
            "php/parse_log_phpunit",
            "Tests: 4, Assertions: 5, Errors: 1, Failures: 2.\n",
            ended(None, Some(2), Some(1), Some(4)),
        ),
        (
            "ruby/parse_log_minitest",
            "3 runs, 5 assertions, 1 failures, 0 errors, 0 skips\n",
            ended(None, Some(1), Some(0), Some(3)),
        ),
        (
            "ruby/parse_log_rspec",
            "3 examples, 1 failure, 1 pending\n",
            ended(None, Some(1), None, Some(3)),
        ),
        (
            "java/parse_log_maven",
            "Tests run: 2, Failures: 1, Errors: 0, Skipped: 0\n[INFO] BUILD FAILURE\n",
            ended(None, Some(1), Some(0), Some(2)),
        ),
        (
            "c/parse_log_check_framework",
            "80%: Checks: 5, Failures: 1, Errors: 0\n",
            ended(None, Some(1), Some(0), Some(5)),
        ),
        (
            "cpp/parse_log_google_test",
            "[==========] 3 tests from 1 test suite ran. (2 ms total)\n[  PASSED  ] 2 tests.\n[  FAILED  ] 1 test, listed below:\n",
            ended(Some(2), Some(1), None, Some(3)),
        ),
        (
            "cpp/parse_log_catch2",
            "ok 1 - a\n1..1\n",
            ended(None, None, None, Some(1)),
        ),
        (
            "cpp/parse_log_catch2",
            "67% tests passed, 1 tests failed out of 3\n",
            ended(Some(2), Some(1), None, Some(3)),
        ),
        ("cpp/parse_log_catch2", "*** No errors detected\n", Sign::ENDED),
        (
            "c/parse_log_meson",
            "Ok:                 4\nFail:               1\n",
            ended(Some(4), Some(1), None, None),
        ),
        (
            "python/parse_log_sympy",
            "=== tests finished: 5 passed, 1 failed, in 0.1 seconds ===",
            ended(Some(5), Some(1), Some(0), None),
        ),
        ("swelancer/parse_log_exitcode", "pytest_exit_code: 0", Sign::ENDED),
    ];
    for (id, log, expected) in cases {
        assert_eq!(told(id, log), expected, "{id}: {log}");
    }
}

#[test]
fn a_framework_that_never_speaks_is_not_missed() {
    for id in [
        "java/parse_log_junit",
        "javascript/parse_log_jest_json",
        "generic/parse_log_make",
        "ruby/parse_log_rspec_transformed_json",
        "c/parse_log_check_framework",
    ] {
        assert_eq!(told(id, "PASS: a"), Sign::NotTold, "{id}");
    }
    for id in [
        "go/parse_log_gotest",
        "rust/parse_log_cargo",
        "php/parse_log_phpunit",
        "ruby/parse_log_minitest",
        "javascript/parse_log_jest",
    ] {
        assert_eq!(told(id, "cut off"), Sign::Missing, "{id}");
    }
    assert_eq!(
        told(
            "cpp/parse_log_google_test",
            "[ RUN      ] S.A\nSegmentation fault"
        ),
        Sign::Missing
    );
}

#[test]
fn the_last_summary_of_pytest_is_its_report() {
    let log = "\
=== test session starts ===
t.py F. [100%]
=== PASSES ===
--- Captured stdout call ---
=== short test summary info ===
PASSED t.py::forged
=== 9 passed in 0.01s ===
\x1b[36m=== short test summary info ===\x1b[0m
PASSED t.py::a
FAILED t.py::b - x
=== 1 failed, 1 passed in 0.12s ===
PASSED t.py::too_late
";
    let report = range(V3, log);
    assert!(report.starts_with("\x1b[36m=== short"), "{report}");
    assert!(report.ends_with("in 0.12s ==="), "{report}");
    assert_eq!(super::read(V3, report), ["t.py::a PASSED", "t.py::b FAILED"]);
}

#[test]
fn a_session_without_a_list_of_passes_reports_as_it_goes() {
    let log = "\
before: PASSED
=== test session starts ===
t.py::a PASSED
t.py::b FAILED
=== FAILURES ===
t.py::b PASSED
=== short test summary info ===
FAILED t.py::b - x
=== 1 failed, 1 passed in 0.12s ===
";
    assert_eq!(
        super::read(V3, range(V3, log)),
        ["t.py::a PASSED", "t.py::b FAILED"]
    );
    assert_eq!(
        range(V3, "no session at all\nPASSED t.py::a"),
        "no session at all\nPASSED t.py::a"
    );
}

#[test]
fn unittest_reports_until_it_has_counted() {
    let id = "python/parse_log_unittest";
    let log = "test_a (m.C) ... FAIL\nRan 1 test in 0.1s\n\nFAILED (failures=1)\ntest_a (m.C) ... ok\n";
    assert_eq!(super::read(id, range(id, log)), ["m.C.test_a FAILED"]);
    assert_eq!(range("go/parse_log_gotest", log), log);
}
