//! Our grading and HEAD's, side by side.

use super::world::{evidence, fleet, grade, instance, pytest};
use crate::domain::evidence::Applied;
use crate::domain::verdict::{Decision, Outcome};
use crate::grade::{Compat, Finding, Judged, MatchKind};

/// Logs, and what HEAD's own parsers and its `grade_test_results` make of them.
const LOGS: &str = include_str!("../../../tests/data/velora-head-logs.jsonl");

#[test]
fn a_longer_name_is_the_test_for_head_and_not_for_us() {
    let log = pytest(
        "",
        &["PASSED t/a.py::test_x_extra", "FAILED t/a.py::test_x - x"],
        "1 failed, 1 passed",
    );
    let task = instance(&["t/a.py::test_x"], &[]);
    let head = grade(&task, &evidence(1), &log, Compat::VeloraHead);
    assert_eq!(head.verdict.decision, Decision::Resolved);
    assert_eq!(head.fail_to_pass[0].by.as_deref(), Some("t/a.py::test_x_extra"));
    let ours = fleet(&task, &evidence(1), &log);
    assert_eq!(ours.verdict.decision, Decision::Unresolved);
    assert_eq!(ours.fail_to_pass[0].matched, MatchKind::Exact);
    // Nor where the test itself is missing.
    let log = pytest("", &["PASSED t/a.py::test_x_extra"], "1 passed");
    assert_eq!(
        fleet(&task, &evidence(0), &log).fail_to_pass[0].matched,
        MatchKind::Missing
    );
}

#[test]
fn a_skipped_place_is_a_test_for_head_and_not_for_us() {
    let log = pytest(
        "",
        &["SKIPPED [1] f.py:3: r", "PASSED t.py::test_x[1]"],
        "1 passed, 1 skipped",
    );
    let task = instance(&["t.py::test_x[1]"], &[]);
    let head = grade(&task, &evidence(0), &log, Compat::VeloraHead);
    assert_eq!(
        (head.verdict.decision, head.fail_to_pass[0].by.as_deref()),
        (Decision::Unresolved, Some("[1]"))
    );
    assert_eq!(
        fleet(&task, &evidence(0), &log).verdict.decision,
        Decision::Resolved
    );
}

#[test]
fn words_of_a_shell_spoil_a_run_for_head_and_not_for_us() {
    let task = instance(&["t.py::a"], &[]);
    for words in [
        "open(x): No such file or directory",
        "sh: nosuch: command not found",
    ] {
        let log = pytest(words, &["PASSED t.py::a"], "1 passed");
        assert_eq!(
            grade(&task, &evidence(0), &log, Compat::VeloraHead)
                .verdict
                .decision,
            Decision::Unresolved
        );
        assert_eq!(
            fleet(&task, &evidence(0), &log).verdict.decision,
            Decision::Resolved
        );
    }
}

#[test]
fn a_printed_line_is_a_pass_for_head_and_not_for_us() {
    let task = instance(&["t.py::a"], &[]);
    let log = "PASSED t.py::a\n";
    assert_eq!(
        grade(&task, &evidence(0), log, Compat::VeloraHead)
            .verdict
            .decision,
        Decision::Resolved
    );
    assert_eq!(
        fleet(&task, &evidence(0), log).findings[0].name,
        Finding::NoSignOfARun
    );
}

#[test]
fn a_patch_that_does_not_apply_is_nothing_to_head() {
    let task = instance(&["t.py::a"], &[]);
    let mut seen = evidence(0);
    seen.patch.state = Applied::Failed;
    let log = pytest("", &["PASSED t.py::a"], "1 passed");
    let head = grade(&task, &seen, &log, Compat::VeloraHead).verdict;
    assert_eq!(
        (head.decision, head.outcome),
        (Decision::Resolved, Outcome::Completed)
    );
    assert_eq!(fleet(&task, &seen, &log).verdict.outcome, Outcome::PatchFailed);
    seen.patch.bytes = 99;
    let head = grade(&task, &seen, &log, Compat::VeloraHead).verdict;
    assert_eq!(
        (head.decision, head.outcome),
        (Decision::Unresolved, Outcome::NoPatch)
    );
}

#[test]
fn head_throws_away_what_a_stopped_run_printed() {
    let task = instance(&["t.py::a"], &[]);
    let mut seen = evidence(0);
    seen.tests.as_mut().unwrap().timed_out = true;
    let log = pytest("", &["PASSED t.py::a"], "1 passed");
    let head = grade(&task, &seen, &log, Compat::VeloraHead);
    assert_eq!(
        (head.verdict.outcome, head.verdict.fail_to_pass),
        (Outcome::TestTimeout, (0, 1))
    );
}

#[test]
fn head_takes_pytest_for_a_parser_that_it_does_not_know() {
    let mut task = instance(&["t.py::a"], &[]);
    task.parser = "cobol/parse".to_owned();
    let log = pytest("", &["PASSED t.py::a"], "1 passed");
    let head = grade(&task, &evidence(0), &log, Compat::VeloraHead);
    assert_eq!(
        (head.parser.as_str(), head.verdict.decision),
        ("python/parse_log_pytest_v3", Decision::Resolved)
    );
}

#[test]
fn logs_are_graded_as_heads_own_code_grades_them() {
    for line in LOGS.lines() {
        let told: serde_json::Value = serde_json::from_str(line).unwrap();
        let list = |name: &str| {
            let names = told[name].as_array().unwrap().iter();
            names
                .map(|name| name.as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let mut task = instance(&[], &[]);
        task.parser = told["parser"].as_str().unwrap().to_owned();
        (task.fail_to_pass, task.pass_to_pass) = (list("FAIL_TO_PASS"), list("PASS_TO_PASS"));
        let graded = grade(
            &task,
            &evidence(0),
            told["log"].as_str().unwrap(),
            Compat::VeloraHead,
        );
        let passed = |judged: &[Judged]| {
            let passed = judged.iter().filter(|test| test.passed);
            passed.map(|test| test.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(passed(&graded.fail_to_pass), list("won"), "{line}");
        assert_eq!(passed(&graded.pass_to_pass), list("held"), "{line}");
        let resolved = graded.verdict.decision == Decision::Resolved;
        assert_eq!(told["resolved"], resolved, "{line}");
        let counts = graded.counts;
        let counts = serde_json::json!([counts.tests_passed, counts.tests_failed, counts.tests_error]);
        assert_eq!(told["counts"], counts, "{line}");
    }
}
