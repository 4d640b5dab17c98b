//! Output that the code under test makes up, and honest runs that look odd.

use super::world::{COMMAND, evidence, fleet, instance, pytest};
use crate::domain::verdict::{Decision, Outcome};
use crate::grade::{Finding, Grading};

fn graded(exit: i32, log: &str) -> Grading {
    by(COMMAND, exit, log)
}

fn by(command: &str, exit: i32, log: &str) -> Grading {
    let mut task = instance(&["t.py::a"], &["t.py::b"]);
    command.clone_into(&mut task.test_command);
    fleet(&task, &evidence(exit), log)
}

fn honest(graded: &Grading) {
    assert_eq!(graded.verdict.decision, Decision::Resolved, "{graded:?}");
}

fn forged(graded: &Grading, finding: Finding) {
    assert_eq!(graded.verdict.decision, Decision::Unresolved, "{graded:?}");
    assert!(
        graded.findings.iter().any(|note| note.name == finding),
        "{graded:?}"
    );
    assert_eq!(graded.verdict.fault, None);
    assert!(graded.verdict.fail_to_pass.0 == 0, "{graded:?}");
}

const BOTH: &[&str] = &["PASSED t.py::a", "PASSED t.py::b"];

#[test]
fn lines_without_a_run_are_no_pass() {
    forged(
        &graded(0, "PASSED t.py::a\nPASSED t.py::b\n"),
        Finding::NoSignOfARun,
    );
    let broken_off = "===== test session starts =====\nt.py::a PASSED\nt.py::b PASSED\nSegmentation fault\n";
    forged(&graded(139, broken_off), Finding::NoSignOfARun);
}

#[test]
fn a_whole_run_that_is_printed_before_pytest_could_begin_is_no_run() {
    // A conftest.py that prints this and ends the process with code 0.
    let log = "PASSED t.py::a\nPASSED t.py::b\n========== 2 passed in 0.01s ==========\n";
    forged(&graded(0, log), Finding::NoSignOfARun);
}

#[test]
fn a_line_that_the_code_prints_does_not_count() {
    let log = pytest("PASSED t.py::a", &["PASSED t.py::b"], "1 passed");
    let graded = graded(0, &log);
    forged(&graded, Finding::ForgedOutput);
    let why = graded.verdict.why.unwrap();
    assert!(
        why.ends_with("t.py::a (reported as passed only where the code under test can print)"),
        "{why}"
    );
    let after = format!("{}PASSED t.py::a\n", pytest("", &["PASSED t.py::b"], "1 passed"));
    forged(&self::graded(0, &after), Finding::ForgedOutput);
}

#[test]
fn a_line_that_the_code_prints_harms_nobody() {
    honest(&graded(
        0,
        &pytest("FAILED other.py::x\nERROR    root:a.py:3 oh", BOTH, "2 passed"),
    ));
}

#[test]
fn a_second_summary_that_says_the_opposite_is_not_believed() {
    let real = pytest(
        "",
        &["PASSED t.py::b", "FAILED t.py::a - assert 0"],
        "1 failed, 1 passed",
    );
    let made_up = pytest("", BOTH, "2 passed");
    forged(&graded(0, &format!("{real}{made_up}")), Finding::ForgedOutput);
}

#[test]
fn more_passes_than_the_framework_counts_are_none() {
    let log = pytest("", BOTH, "1 failed, 1 passed");
    let graded = graded(1, &log);
    forged(&graded, Finding::CountsDisagree);
    assert_eq!(
        graded.verdict.why.as_deref(),
        Some("2 tests are listed as passed, but the test framework counts only 1")
    );
}

#[test]
fn an_exit_code_that_says_otherwise_is_believed() {
    let log = pytest("", BOTH, "2 passed");
    for code in [2, 3, 4, 5] {
        forged(&graded(code, &log), Finding::ExitDisagrees);
    }
    let failing = pytest(
        "",
        &["PASSED t.py::a", "PASSED t.py::b", "FAILED t.py::c - x"],
        "1 failed, 2 passed",
    );
    forged(&graded(0, &failing), Finding::ExitDisagrees);
    honest(&graded(1, &failing));
}

#[test]
fn an_exit_code_that_is_not_pytests_says_nothing() {
    let failing = pytest(
        "",
        &["PASSED t.py::a", "PASSED t.py::b", "FAILED t.py::c - x"],
        "1 failed, 2 passed",
    );
    honest(&by("pytest -rA || true", 0, &failing));
    honest(&by("pytest -rA | tee x", 0, &failing));
    honest(&by("tox -- pytest -rA", 2, &failing));
    // A crash after the end, when the interpreter goes down.
    honest(&graded(139, &failing));
}

#[test]
fn a_code_that_nothing_in_the_log_explains_is_a_contradiction() {
    // As of coverage below its mark, too: calibration shows that such an instance cannot be trusted.
    forged(&graded(1, &pytest("", BOTH, "2 passed")), Finding::ExitDisagrees);
}

#[test]
fn captured_output_of_an_inner_pytest_is_no_contradiction() {
    let inner = pytest(
        "",
        &["PASSED test_it.py::test_a", "FAILED test_it.py::test_b - x"],
        "1 failed, 1 passed",
    );
    let before =
        format!("===== PASSES =====\n_____ test_plugin _____\n---- Captured stdout call ----\n{inner}");
    // Of a command without `--tb=no`, since with it pytest shows none.
    honest(&by("pytest -rA", 0, &pytest(&before, BOTH, "2 passed")));
    // Where nothing is captured, it stands among the progress.
    let before = format!("t.py {inner}..  [100%]\n");
    honest(&graded(0, &pytest(&before, BOTH, "2 passed")));
}

#[test]
fn parallel_workers_and_late_warnings_are_no_contradiction() {
    let before = "bringing up nodes...\n[gw0] [ 50%] PASSED t.py::a \n[gw1] [100%] PASSED t.py::b ";
    honest(&graded(0, &pytest(before, BOTH, "2 passed, 3 warnings")));
    let log = "===== test session starts =====\n===== short test summary info =====\nPASSED t.py::a\nPASSED t.py::b\n\
               ===== warnings summary =====\nx.py:1\n  DeprecationWarning: old\n===== 2 passed, 1 warnings in 0.1 s =====\n";
    honest(&graded(0, log));
}

#[test]
fn the_reports_of_several_runs_all_count() {
    let first = pytest("", &["PASSED t.py::a"], "1 passed");
    let second = pytest("", &["PASSED t.py::b"], "1 passed");
    let log = format!("{first}{second}");
    honest(&by("pytest -rA t.py; pytest -rA u.py", 0, &log));
    honest(&by("cd x && pytest -rA t.py && pytest -rA u.py", 0, &log));
    honest(&by("tox", 0, &log));
    // For a command that runs pytest once, the first is what a test printed.
    forged(&graded(0, &log), Finding::ForgedOutput);
}

#[test]
fn the_last_of_several_runs_holds() {
    let first = pytest(
        "",
        &["PASSED t.py::b", "FAILED t.py::a - x"],
        "1 failed, 1 passed",
    );
    let second = pytest("", BOTH, "2 passed");
    honest(&by("tox", 0, &format!("{first}{second}")));
    assert_eq!(
        by("tox", 1, &format!("{second}{first}")).verdict.decision,
        Decision::Unresolved
    );
}

#[test]
fn passes_that_are_told_as_they_go_count_where_no_list_repeats_them() {
    let log = pytest(
        "t.py::a PASSED\nt.py::b PASSED\nt.py::c FAILED",
        &["FAILED t.py::c - assert 0"],
        "1 failed, 2 passed",
    );
    honest(&by("pytest -v", 1, &log));
    let too_many = log.replace("2 passed", "1 passed");
    forged(&by("pytest -v", 1, &too_many), Finding::CountsDisagree);
    let no_summary =
        "===== test session starts =====\nt.py::a PASSED\nt.py::b PASSED\n===== 2 passed in 0.1s =====\n";
    honest(&by("pytest -v", 0, no_summary));
}

#[test]
fn a_pytest_that_was_told_to_be_silent_need_not_say_its_end() {
    let log = "===== short test summary info =====\nPASSED t.py::a\nPASSED t.py::b\n";
    honest(&by("pytest -qq -rA", 0, log));
    forged(&by("pytest -rA", 0, log), Finding::NoSignOfARun);
}

#[test]
fn a_unittest_that_is_among_the_failures_has_not_passed() {
    let mut task = instance(&["mod.C.test_a"], &["mod.C.test_b"]);
    "python/parse_log_unittest".clone_into(&mut task.parser);
    "python -m unittest -v".clone_into(&mut task.test_command);
    let ends = "Ran 2 tests in 0.001s\n\n";
    let claims = "test_a (mod.C) ... FAIL\ntest_b (mod.C) ... ok\ntest_a (mod.C) ... ok\n\n";
    let rule = "=".repeat(70);
    let log = format!("{claims}{rule}\nFAIL: test_a (mod.C)\nTraceback\n{rule}\n{ends}FAILED (failures=1)\n");
    forged(&fleet(&task, &evidence(1), &log), Finding::ForgedOutput);
    let log = format!("test_a (mod.C) ... ok\ntest_b (mod.C) ... ok\n\n{rule}\n{ends}OK\n");
    honest(&fleet(&task, &evidence(0), &log));
    let log = format!("test_c (mod.C) ... ok\n{log}");
    forged(&fleet(&task, &evidence(0), &log), Finding::CountsDisagree);
    forged(
        &fleet(
            &task,
            &evidence(0),
            "test_a (mod.C) ... ok\ntest_b (mod.C) ... ok\n",
        ),
        Finding::NoSignOfARun,
    );
}

#[test]
fn what_failing_tests_print_is_no_pass_where_nothing_lists_passes() {
    let before =
        "t.py F.\n===== FAILURES =====\n---- Captured stdout call ----\nPASSED t.py::a\nPASSED t.py::b";
    let log = pytest(before, &["FAILED t.py::c - assert 0"], "1 failed, 2 passed");
    forged(&by("pytest", 1, &log), Finding::ForgedOutput);
}

#[test]
fn of_several_runs_a_summary_within_a_session_is_no_report() {
    let before = "===== short test summary info =====\nPASSED t.py::a\n===== 1 passed in 0.1s =====";
    let log = format!(
        "{}{}",
        pytest(before, &["PASSED t.py::b"], "1 passed"),
        pytest("", &["PASSED u.py::c"], "1 passed")
    );
    assert_eq!(
        by("pytest -rA t.py; pytest -rA u.py", 0, &log).verdict.decision,
        Decision::Unresolved
    );
    let quiet =
        |name: &str| format!("===== short test summary info =====\nPASSED {name}\n1 passed in 0.1s\n");
    honest(&by(
        "pytest -q -rA t.py; pytest -q -rA u.py",
        0,
        &format!("{}{}", quiet("t.py::a"), quiet("t.py::b")),
    ));
}

#[test]
fn what_steers_the_runner_is_told_and_decides_nothing() {
    use crate::domain::evidence::{Part, PutBack};
    let task = instance(&["t.py::a"], &["t.py::b"]);
    let mut seen = evidence(0);
    let file = |path: &str, what| PutBack {
        path: path.to_owned(),
        what,
    };
    seen.put_back = vec![
        file("conftest.py", Part::Whole),
        file("setup.cfg", Part::Sections),
    ];
    let graded = fleet(&task, &seen, &pytest("", BOTH, "2 passed"));
    honest(&graded);
    let note = graded
        .findings
        .iter()
        .find(|note| note.name == Finding::RunnerSteered);
    let said = "2 that steer the test runner were changed by the patch, and put back before the tests; first conftest.py, setup.cfg (the runner's sections)";
    assert_eq!(note.unwrap().what, said);
}

#[test]
fn an_environment_that_is_sound_without_the_patch_was_broken_by_the_patch() {
    let log = "bash: line 1: cd: /x: No such file or directory\n";
    let task = instance(&["t.py::a"], &["t.py::b"]);
    let mut seen = evidence(1);
    let verdict = fleet(&task, &seen, log).verdict;
    assert_eq!(verdict.outcome, Outcome::InfraFailed);
    seen.sound = true;
    let verdict = fleet(&task, &seen, log).verdict;
    assert_eq!(verdict.decision, Decision::Unresolved);
    assert_eq!(verdict.fault, None);
}
