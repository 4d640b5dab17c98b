//! Checks of quality: named findings on one job's results. They never change a verdict.

use std::collections::BTreeSet;

use super::Trajectory;
use super::quality_name::QualityName;
use crate::domain::Instance;
use crate::domain::evidence::Evidence;
use crate::domain::swe::Agent;
use crate::grade::Grading;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Unusual.
    Note,
    /// These results may be of no use.
    Warning,
}

/// Something that people look for in results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The same for all findings of its kind: `patch-tiny`.
    pub name: QualityName,
    /// What was seen, in one line. May quote a job: untrusted.
    pub what: String,
    /// How much it matters.
    pub level: Level,
}

/// What is looked at. What is not there is not complained of, but for `files`.
#[derive(Debug, Clone, Copy)]
pub struct Results<'a> {
    /// The task.
    pub instance: &'a Instance,
    /// Who solved it: some leave no history, some leave no patch on purpose.
    pub agent: &'a Agent,
    /// What the agent left.
    pub trajectory: Option<&'a Trajectory<'a>>,
    /// What the evaluation saw, what the tests printed, and what that was taken for.
    pub evaluation: Option<(&'a Evidence, &'a str, &'a Grading)>,
    /// Every file of the results, by its path below their directory.
    pub files: &'a BTreeSet<&'a str>,
}

/// A patch of so many bytes or fewer is none.
const PATCH_MIN: u64 = 100;
/// Bytes of a usual patch.
const PATCH_USUAL: std::ops::RangeInclusive<u64> = 1_000..=100_000;
/// Entries of a usual history.
const HISTORY_USUAL: std::ops::RangeInclusive<u64> = 20..=200;
/// Most characters that are quoted of a job's own words.
const QUOTE: usize = 200;

/// All findings, in a fixed order.
pub fn check(results: &Results<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(trajectory) = results.trajectory {
        patch(&mut found, results.agent, trajectory);
        history(&mut found, results.agent, trajectory);
        origin(&mut found, results.instance, trajectory);
    }
    if let Some((evidence, log, grading)) = results.evaluation {
        tests(&mut found, evidence, log, grading);
    }
    lists(&mut found, results.instance);
    for path in expected(results) {
        if !results.files.iter().any(|file| is_at(file, &path)) {
            warn(
                &mut found,
                QualityName::FileMissing,
                format!("{path} is not there"),
            );
        }
    }
    found
}

fn patch(found: &mut Vec<Finding>, agent: &Agent, trajectory: &Trajectory<'_>) {
    if *agent == Agent::Noop {
        return;
    }
    let bytes = trajectory.patch.len() as u64;
    if bytes == 0 {
        warn(
            found,
            QualityName::PatchMissing,
            "the agent left no patch".to_owned(),
        );
    } else if bytes <= PATCH_MIN && *agent != Agent::Gold {
        let what = format!("the patch has {bytes} bytes; more than {PATCH_MIN} are expected");
        warn(found, QualityName::PatchTiny, what);
    } else if !PATCH_USUAL.contains(&bytes) && *agent != Agent::Gold {
        let name = if bytes < *PATCH_USUAL.start() {
            QualityName::PatchSmall
        } else {
            QualityName::PatchLarge
        };
        note(
            found,
            name,
            format!("the patch has {bytes} bytes; 1 to 100 kB are usual"),
        );
    }
}

fn history(found: &mut Vec<Finding>, agent: &Agent, trajectory: &Trajectory<'_>) {
    let entries = trajectory.history;
    let keeps_one = match agent {
        Agent::OpenHands { .. } => true,
        Agent::Given => entries > 0,
        Agent::Gold | Agent::Noop | Agent::Command { .. } => false,
    };
    if keeps_one && !HISTORY_USUAL.contains(&entries) {
        let name = if entries < *HISTORY_USUAL.start() {
            QualityName::HistoryShort
        } else {
            QualityName::HistoryLong
        };
        note(
            found,
            name,
            format!("the history has {entries} entries; 20 to 200 are usual"),
        );
    }
    if keeps_one && trajectory.metrics.iterations.unwrap_or(0) == 0 {
        warn(
            found,
            QualityName::AgentSilent,
            "the history has no action of the agent".to_owned(),
        );
    }
}

fn origin(found: &mut Vec<Finding>, instance: &Instance, trajectory: &Trajectory<'_>) {
    if let Some(error) = &trajectory.error {
        let error: String = error.chars().take(QUOTE).collect();
        warn(
            found,
            QualityName::AgentError,
            format!("output.jsonl has an error: {error}"),
        );
    }
    match &trajectory.instance_id {
        Some(id) if id != instance.id.as_str() => {
            let id: String = id.chars().take(QUOTE).collect();
            warn(
                found,
                QualityName::OtherInstance,
                format!("output.jsonl is of instance {id}"),
            );
        }
        _ => {}
    }
}

fn tests(found: &mut Vec<Finding>, evidence: &Evidence, log: &str, grading: &Grading) {
    if let Some(fault) = grading.verdict.fault.as_ref().or(evidence.fault.as_ref()) {
        warn(found, QualityName::EvaluationFault, fault.to_string());
    }
    let counts = &grading.counts;
    if [counts.tests_passed, counts.tests_failed, counts.tests_error] == [0; 3] {
        warn(
            found,
            QualityName::NoTests,
            "not one test was seen to run".to_owned(),
        );
    }
    if log.trim().is_empty() {
        warn(
            found,
            QualityName::TestOutputEmpty,
            "the test command printed nothing".to_owned(),
        );
    }
    let Some(tests) = &evidence.tests else { return };
    if tests.timed_out {
        let what = format!("the test command was stopped after {}", tests.took);
        warn(found, QualityName::TestTimeout, what);
    }
    if tests.cut {
        let what = format!("the middle of {} bytes of test output was not kept", tests.output);
        note(found, QualityName::LogCut, what);
    }
}

fn lists(found: &mut Vec<Finding>, instance: &Instance) {
    if instance.fail_to_pass.is_empty() {
        let what = "FAIL_TO_PASS is empty; such an instance cannot be resolved".to_owned();
        warn(found, QualityName::FailToPassEmpty, what);
    }
    if instance.pass_to_pass.is_empty() {
        note(
            found,
            QualityName::PassToPassEmpty,
            "PASS_TO_PASS is empty".to_owned(),
        );
    }
    if instance.gold_patches.is_empty() {
        let what =
            "the dataset has no gold patch: whether these tests can be passed was never tried".to_owned();
        note(found, QualityName::NotCalibrated, what);
    }
}

/// The files that results of this kind have. One that ends with `/` is a directory with something in it.
fn expected(results: &Results<'_>) -> Vec<String> {
    let id = &results.instance.id;
    let mut paths = vec!["output.jsonl".to_owned()];
    if matches!(results.agent, Agent::OpenHands { .. }) {
        paths.push("metadata.json".to_owned());
        paths.push(format!("llm_completions/{id}/"));
    }
    if results.evaluation.is_some() {
        let all = [
            "evaluation.json",
            "test_output.log.gz",
            "eval_pilot2_output.jsonl",
            "eval_summary.json",
        ];
        paths.extend(all.map(str::to_owned));
        paths.push("eval_outputs/report.json".to_owned());
        let own = [
            "report.json",
            "patch.diff",
            "test_output.txt",
            "run_instance.log",
            "eval.sh",
        ];
        paths.extend(own.map(|name| format!("eval_outputs/{id}/{name}")));
    }
    paths
}

fn is_at(file: &str, path: &str) -> bool {
    file == path || (path.ends_with('/') && file.starts_with(path) && file.len() > path.len())
}

fn warn(found: &mut Vec<Finding>, name: QualityName, what: String) {
    let level = Level::Warning;
    found.push(Finding { name, what, level });
}

fn note(found: &mut Vec<Finding>, name: QualityName, what: String) {
    let level = Level::Note;
    found.push(Finding { name, what, level });
}
