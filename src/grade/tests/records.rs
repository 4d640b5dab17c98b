//! The records of real runs, and each outcome.

use super::world::{evidence, fleet, instance, pytest};
use crate::domain::evidence::Applied;
use crate::domain::fault::{Again, Class, Fault, FaultName};
use crate::domain::verdict::{Decision, Outcome};
use crate::grade::{Counts, Finding, Grading, MatchKind};

fn is(graded: &Grading) -> (Decision, Outcome) {
    (graded.verdict.decision, graded.verdict.outcome)
}

const UNRESOLVED: (Decision, Outcome) = (Decision::Unresolved, Outcome::Completed);
const RESOLVED: (Decision, Outcome) = (Decision::Resolved, Outcome::Completed);
const INFRA: (Decision, Outcome) = (Decision::Undecided, Outcome::InfraFailed);

fn good() -> String {
    pytest("t.py ...", &["PASSED t.py::a", "PASSED t.py::b"], "2 passed")
}

#[test]
fn record_a_resolves_though_other_tests_fail() {
    let fail_to_pass: Vec<String> = (0..72).map(|i| format!("t/new.py::test_{i}")).collect();
    let pass_to_pass: Vec<String> = (0..649).map(|i| format!("t/old.py::test_{i}")).collect();
    let line = |status: &str, name: &str| format!("{status} {name}");
    let mut lines: Vec<String> = fail_to_pass
        .iter()
        .chain(&pass_to_pass)
        .map(|name| line("PASSED", name))
        .collect();
    lines.extend((0..2757).map(|i| line("PASSED", &format!("t/more.py::test_{i}"))));
    lines.extend((0..191).map(|i| line("ERROR", &format!("t/net.py::test_{i} - OSError"))));
    lines.extend((0..66).map(|i| line("FAILED", &format!("t/bad.py::test_{i} - assert 0"))));
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let log = pytest("t ....", &lines, "66 failed, 3478 passed, 191 errors");
    let strs = |names: &'_ [String]| names.to_vec();
    let mut task = instance(&[], &[]);
    (task.fail_to_pass, task.pass_to_pass) = (strs(&fail_to_pass), strs(&pass_to_pass));
    let graded = fleet(&task, &evidence(1), &log);
    assert_eq!(is(&graded), RESOLVED);
    assert_eq!(
        (graded.verdict.fail_to_pass, graded.verdict.pass_to_pass),
        ((72, 72), (649, 649))
    );
    let counts = Counts {
        tests_passed: 3478,
        tests_failed: 66,
        tests_error: 191,
    };
    assert_eq!(graded.counts, counts);
    assert_eq!(graded.findings, []);
    assert_eq!(graded.verdict.why, None);
}

#[test]
fn records_b_and_c_are_the_images_fault_and_are_never_graded() {
    for (said, exit) in [
        ("bash: line 1: pytest: command not found\n", 127),
        ("bash: line 1: cd: /app/repo: No such file or directory\n", 1),
    ] {
        let graded = fleet(&instance(&["t.py::a"], &["t.py::b"]), &evidence(exit), said);
        assert_eq!(is(&graded), INFRA, "{said}");
        let fault = graded.verdict.fault.unwrap();
        assert_eq!((fault.class, fault.again), (Class::Image, Again::Elsewhere));
        assert!(fault.what.ends_with(said.trim()), "{}", fault.what);
        assert_eq!(graded.verdict.fail_to_pass, (0, 1));
        assert!(
            graded
                .findings
                .iter()
                .any(|note| note.name == Finding::EnvironmentFailed)
        );
    }
}

#[test]
fn a_patch_that_breaks_imports_is_the_models_doing() {
    let log = "============ test session starts ============\nERROR: found no collectors for t.py::a\n\
               ============ no tests ran in 0.01s ============\n";
    let graded = fleet(&instance(&["t.py::a"], &[]), &evidence(4), log);
    assert_eq!(is(&graded), UNRESOLVED);
    let why = graded.verdict.why.unwrap();
    assert_eq!(why, "no test ran: ERROR: found no collectors for t.py::a");
    assert_eq!(graded.verdict.fault, None);
    assert_eq!(graded.findings[0].name, Finding::NoTests);
    assert_eq!(
        is(&fleet(&instance(&["t.py::a"], &[]), &evidence(2), "")),
        UNRESOLVED
    );
}

#[test]
fn words_of_a_shell_in_a_running_suite_spoil_nothing() {
    let before = "bash: line 1: nosuch: command not found\ncd: /app/repo: No such file or directory";
    let log = pytest(before, &["PASSED t.py::a", "PASSED t.py::b"], "2 passed");
    assert_eq!(
        is(&fleet(&instance(&["t.py::a"], &["t.py::b"]), &evidence(0), &log)),
        RESOLVED
    );
    let log = format!("bash: line 1: /saved/ENV: No such file or directory\n{}", good());
    assert_eq!(
        is(&fleet(&instance(&["t.py::a"], &["t.py::b"]), &evidence(0), &log)),
        RESOLVED
    );
}

#[test]
fn a_test_that_is_not_in_the_log_failed() {
    let graded = fleet(&instance(&["t.py::a"], &["t.py::gone"]), &evidence(0), &good());
    assert_eq!(is(&graded), UNRESOLVED);
    assert_eq!(graded.pass_to_pass[0].matched, MatchKind::Missing);
    let why = graded.verdict.why.unwrap();
    assert!(why.ends_with("first: t.py::gone (not in the log)"), "{why}");
}

#[test]
fn which_statuses_count_depends_on_the_list() {
    for (status, tail, solves, holds) in [
        ("PASSED t.py::a", "1 passed", true, true),
        ("XFAIL t.py::a - known", "1 xfailed", false, true),
        ("XPASS t.py::a - known", "1 xpassed", false, true),
        ("SKIPPED t.py::a - not now", "1 skipped", false, true),
        ("FAILED t.py::a - assert 0", "1 failed", false, false),
        ("ERROR t.py::a - OSError", "1 error", false, false),
    ] {
        let log = pytest("", &[status, "PASSED t.py::x"], &format!("{tail}, 1 passed"))
            .replace("1 passed, 1 passed", "2 passed");
        let code = i32::from(!holds);
        let solved = fleet(&instance(&["t.py::a"], &[]), &evidence(code), &log);
        let held = fleet(&instance(&["t.py::x"], &["t.py::a"]), &evidence(code), &log);
        assert_eq!(solved.fail_to_pass[0].passed, solves, "{status}");
        assert_eq!(held.pass_to_pass[0].passed, holds, "{status}");
        assert_eq!(held.verdict.decision == Decision::Resolved, holds, "{status}");
    }
}

#[test]
fn what_stopped_the_evaluation_decides_first() {
    let fault = |class| Fault {
        class,
        name: FaultName::NoSpace.into(),
        what: "the disk is full".to_owned(),
        again: Again::Elsewhere,
    };
    let task = instance(&["t.py::a"], &[]);
    let mut stopped = evidence(0);
    for (class, told) in [
        (Class::Host, INFRA),
        (Class::Harness, INFRA),
        (Class::Dataset, (Decision::Undecided, Outcome::DatasetInvalid)),
        (Class::Model, UNRESOLVED),
    ] {
        stopped.fault = Some(fault(class));
        let graded = fleet(&task, &stopped, &good());
        assert_eq!(is(&graded), told);
        assert_eq!(graded.verdict.why.as_deref(), Some("the disk is full"));
        assert_eq!(graded.verdict.fault.is_some(), class != Class::Model);
    }
}

#[test]
fn every_state_of_the_patches_has_its_outcome() {
    let task = instance(&["t.py::a"], &["t.py::b"]);
    let with = |patch, golden| {
        let mut seen = evidence(0);
        seen.patch.state = patch;
        seen.golden[0].state = golden;
        is(&fleet(&task, &seen, &good()))
    };
    assert_eq!(with(Applied::Git, Applied::Fuzzy), RESOLVED);
    assert_eq!(with(Applied::Fuzzy, Applied::Git), RESOLVED);
    assert_eq!(
        with(Applied::Failed, Applied::NotTried),
        (Decision::Unresolved, Outcome::PatchFailed)
    );
    assert_eq!(
        with(Applied::Nothing, Applied::Git),
        (Decision::Unresolved, Outcome::NoPatch)
    );
    assert_eq!(
        with(Applied::Git, Applied::Failed),
        (Decision::Undecided, Outcome::DatasetInvalid)
    );
    assert_eq!(
        with(Applied::Nothing, Applied::Failed),
        (Decision::Undecided, Outcome::DatasetInvalid)
    );
    assert_eq!(with(Applied::NotTried, Applied::Git), INFRA);
    assert_eq!(with(Applied::Git, Applied::NotTried), INFRA);
}

#[test]
fn an_empty_patch_still_has_its_tests_graded_for_calibration() {
    let mut seen = evidence(1);
    seen.patch.state = Applied::Nothing;
    let log = pytest(
        "",
        &["PASSED t.py::b", "FAILED t.py::a - assert 0"],
        "1 failed, 1 passed",
    );
    let graded = fleet(&instance(&["t.py::a"], &["t.py::b"]), &seen, &log);
    assert_eq!(is(&graded), (Decision::Unresolved, Outcome::NoPatch));
    assert_eq!(
        (graded.verdict.fail_to_pass, graded.verdict.pass_to_pass),
        ((0, 1), (1, 1))
    );
}

#[test]
fn time_that_ran_out_is_not_resolved_whatever_the_log_claims() {
    let mut seen = evidence(0);
    if let Some(tests) = &mut seen.tests {
        (tests.timed_out, tests.exit) = (true, None);
    }
    let graded = fleet(&instance(&["t.py::a"], &[]), &seen, &good());
    assert_eq!(is(&graded), (Decision::Unresolved, Outcome::TestTimeout));
}

#[test]
fn what_may_stand_in_the_gap_of_a_cut_log_is_undecided() {
    let mut seen = evidence(0);
    seen.tests.as_mut().unwrap().cut = true;
    let task = instance(&["t.py::a"], &["t.py::gone"]);
    let undecided = (Decision::Undecided, Outcome::Completed);
    let log = pytest("", &["PASSED t.py::a", "PASSED t.py::b"], "3 passed");
    assert_eq!(is(&fleet(&task, &seen, &log)), undecided);
    // A list that is whole holds all that there is.
    assert_eq!(is(&fleet(&task, &seen, &good())), UNRESOLVED);
    // One certain failure is enough.
    let log = pytest("", &["FAILED t.py::a - assert 0"], "1 failed, 9 passed");
    assert_eq!(is(&fleet(&task, &seen, &log)), UNRESOLVED);
    // The end itself is in the gap.
    assert_eq!(
        is(&fleet(&task, &seen, "PASSED t.py::a\nPASSED t.py::gone\n")),
        undecided
    );
    // Nothing is missing.
    let whole = instance(&["t.py::a"], &["t.py::b"]);
    assert_eq!(
        is(&fleet(
            &whole,
            &seen,
            &log.replace("FAILED t.py::a - assert 0", "PASSED t.py::a\nPASSED t.py::b")
        )),
        RESOLVED
    );
}

#[test]
fn nothing_to_solve_and_no_way_to_read_are_no_verdict_on_the_model() {
    let graded = fleet(&instance(&[], &["t.py::a"]), &evidence(0), &good());
    assert_eq!(is(&graded), (Decision::Undecided, Outcome::DatasetInvalid));
    let mut task = instance(&["t.py::a"], &[]);
    task.parser = "cobol/parse\u{1b}[31m".to_owned();
    let graded = fleet(&task, &evidence(0), &good());
    assert_eq!(is(&graded), (Decision::Undecided, Outcome::DatasetInvalid));
    assert_eq!(graded.verdict.fault.unwrap().class, Class::Config);
    assert_eq!(graded.parser, "cobol/parse");
    let mut unstarted = evidence(0);
    unstarted.tests = None;
    assert_eq!(is(&fleet(&instance(&["t.py::a"], &[]), &unstarted, "")), INFRA);
}

#[test]
fn the_key_is_of_dataset_and_image() {
    let task = instance(&["t.py::a"], &[]);
    let key = |image: Option<&str>| {
        let mut seen = evidence(0);
        seen.image = image.map(str::to_owned);
        fleet(&task, &seen, &good()).verdict.key.unwrap()
    };
    assert_eq!(key(Some("sha256:1")), key(Some("sha256:1")));
    assert_ne!(key(Some("sha256:1")), key(Some("sha256:2")));
    assert_ne!(key(Some("sha256:1")), key(None));
}
