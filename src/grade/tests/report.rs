//! The log beside what pytest reported to our plug-in.

use std::fmt::Write as _;

use super::world::{COMMAND, evidence, instance, pytest};
use crate::domain::evidence::{Telling, Told};
use crate::domain::verdict::Decision;
use crate::grade::{Compat, Finding, Grading, Material, grade};

const BOTH: &[&str] = &["PASSED t.py::a", "PASSED t.py::b"];

fn by(command: &str, state: Telling, report: &str, log: &str) -> Grading {
    let mut task = instance(&["t.py::a"], &["t.py::b"]);
    command.clone_into(&mut task.test_command);
    let mut seen = evidence(0);
    seen.report = Some(Told { state, strange: 0 });
    let material = Material {
        report,
        ..Material::new(&task, &seen, log)
    };
    grade(&material, Compat::Fleet)
}

fn graded(report: &str) -> Grading {
    by(COMMAND, Telling::Heard, report, &pytest("", BOTH, "2 passed"))
}

/// A run that tells these results, and comes to its end.
fn run(id: u32, tests: &[(&str, &str)]) -> String {
    format!(
        "{}{{\"is_\":\"end\",\"run\":{id},\"exit\":0,\"files\":\"x\",\"told\":{}}}\n",
        begun(id, tests),
        tests.len() + 2
    )
}

/// One that never comes to its end.
fn begun(id: u32, tests: &[(&str, &str)]) -> String {
    let at = "/usr/lib/python3/dist-packages/_pytest";
    let mut text =
        format!("{{\"is_\":\"begin\",\"run\":{id},\"pytest\":\"9\",\"at\":\"{at}\",\"files\":\"x\"}}\n");
    for (name, outcome) in tests {
        let _ = writeln!(
            text,
            "{{\"is_\":\"test\",\"run\":{id},\"when\":\"call\",\"outcome\":\"{outcome}\",\"node\":\"{name}\"}}"
        );
    }
    text
}

fn finds(graded: &Grading, finding: Finding) -> bool {
    graded.findings.iter().any(|note| note.name == finding)
}

fn honest(graded: &Grading) {
    assert_eq!(graded.verdict.decision, Decision::Resolved, "{graded:#?}");
    assert!(!finds(graded, Finding::Contradicted), "{graded:#?}");
}

fn contradicted(graded: &Grading, why: &str) {
    assert_eq!(graded.verdict.decision, Decision::Unresolved, "{graded:#?}");
    assert!(finds(graded, Finding::Contradicted), "{graded:#?}");
    let told = graded.verdict.why.as_deref().unwrap();
    assert!(told.ends_with(why), "{told}");
}

const PASS: [(&str, &str); 2] = [("t.py::a", "passed"), ("t.py::b", "passed")];

#[test]
fn a_log_and_a_report_that_agree_are_believed() {
    let agreed = graded(&run(7, &PASS));
    honest(&agreed);
    assert!(agreed.findings.is_empty(), "{agreed:#?}");
}

#[test]
fn what_pytest_reports_otherwise_has_not_passed() {
    contradicted(
        &graded(&run(7, &[("t.py::a", "failed"), ("t.py::b", "passed")])),
        "t.py::a (passed by the log, and failed by what pytest reports)",
    );
    contradicted(
        &graded(&run(7, &[PASS[1]])),
        "t.py::a (passed by the log, and pytest reports no such test)",
    );
    contradicted(
        &graded(&run(7, &[("t.py::a", "skipped"), PASS[1]])),
        "t.py::a (passed by the log, and pytest reports no such test)",
    );
    // A process that ended before pytest did, with code 0 and a whole list on its output.
    contradicted(
        &graded(&begun(7, &[])),
        "t.py::a (passed by the log, and pytest reports no such test)",
    );
    // Two items of one name, of which one failed.
    contradicted(
        &graded(&run(7, &[("t.py::a", "failed"), PASS[0], PASS[1]])),
        "t.py::a (passed by the log, and failed by what pytest reports)",
    );
}

#[test]
fn a_test_that_was_tried_again_and_then_passed_has_passed() {
    honest(&graded(&run(7, &[("t.py::a", "rerun"), PASS[0], PASS[1]])));
}

#[test]
fn without_a_report_the_log_alone_counts_and_that_is_told() {
    let log = pytest("", BOTH, "2 passed");
    for (state, why) in [
        (Telling::Unplaced, "no plug-in could be placed in the container"),
        (Telling::Heard, "pytest did not load the plug-in"),
    ] {
        let graded = by(COMMAND, state, "", &log);
        honest(&graded);
        let note = graded
            .findings
            .iter()
            .find(|note| note.name == Finding::ReportMissing);
        assert!(note.unwrap().what.contains(why), "{graded:#?}");
    }
}

#[test]
fn what_did_not_come_through_says_nothing_of_what_is_missing_in_it() {
    let log = pytest("", BOTH, "2 passed");
    let part = by(COMMAND, Telling::Broken, &begun(7, &[PASS[1]]), &log);
    honest(&part);
    assert!(finds(&part, Finding::ReportMissing), "{part:#?}");
    // By its own count something is missing.
    let lacking = run(7, &[PASS[1]]).replace("\"told\":3", "\"told\":4");
    honest(&by(COMMAND, Telling::Heard, &lacking, &log));
    // What it does say holds.
    let failed = begun(7, &[("t.py::a", "failed"), PASS[1]]);
    contradicted(
        &by(COMMAND, Telling::Broken, &failed, &log),
        "t.py::a (passed by the log, and failed by what pytest reports)",
    );
}

#[test]
fn of_several_runs_the_last_that_knows_a_test_holds_and_none_may_be_missing() {
    let one = pytest("", &["PASSED t.py::a"], "1 passed");
    let two = pytest("", &["PASSED t.py::b"], "1 passed");
    let (log, command) = (format!("{one}{two}"), "pytest -rA t.py; pytest -rA u.py");
    let all = format!("{}{}", run(7, &[PASS[0]]), run(8, &[PASS[1]]));
    honest(&by(command, Telling::Heard, &all, &log));
    // The second run had no plug-in.
    let some = by(command, Telling::Heard, &run(7, &[("t.py::b", "failed")]), &log);
    honest(&some);
    assert!(finds(&some, Finding::ReportMissing), "{some:#?}");
    let again = format!("{}{}", run(7, &[("t.py::a", "failed")]), run(8, &PASS));
    honest(&by(command, Telling::Heard, &again, &log));
}

#[test]
fn names_are_compared_as_the_parser_reads_them() {
    let log = pytest("", &["PASSED t.py::a[x y]", "PASSED t.py::b"], "2 passed");
    let mut task = instance(&["t.py::a[x y]"], &["t.py::a[x"]);
    COMMAND.clone_into(&mut task.test_command);
    let mut seen = evidence(0);
    seen.report = Some(Told {
        state: Telling::Heard,
        strange: 0,
    });
    let report = run(7, &[("t.py::a[x y]", "passed"), ("t.py::b", "passed")]);
    let material = Material {
        report: &report,
        ..Material::new(&task, &seen, log.as_str())
    };
    honest(&grade(&material, Compat::Fleet));
}

#[test]
fn a_run_that_ended_and_knows_no_test_runs_them_in_ways_of_its_own() {
    let foreign = graded(&run(7, &[]));
    honest(&foreign);
    assert!(finds(&foreign, Finding::ReportMissing), "{foreign:#?}");
}

#[test]
fn a_runner_that_changes_or_lies_in_the_repository_is_told_and_decides_nothing() {
    let changed = run(7, &PASS).replacen("\"files\":\"x\"", "\"files\":\"y\"", 1);
    let within = run(7, &PASS).replace("/usr/lib/python3/dist-packages", "/app/repo/src");
    let venv = run(7, &PASS).replace("/usr/lib/python3", "/app/repo/.venv/lib");
    for (report, told) in [(changed, true), (within, true), (venv, false)] {
        let graded = graded(&report);
        honest(&graded);
        assert_eq!(finds(&graded, Finding::RunnerChanged), told, "{graded:#?}");
    }
}
