//! The report of our plug-in beside the log: what pytest told it of each test. Text and report must agree.
//!
//! Invariant: no honest run loses its verdict. Where the report may lack something, what is missing in it means nothing; where it is
//! not there at all, that is told, and the log alone counts.

use std::collections::HashMap;

use serde::Deserialize;

use super::command::Command;
use super::grading::{Finding, Note};
use super::guard::{Believed, Doubt};
use super::material::Material;
use super::parse::{self, Parser, Status};
use crate::domain::evidence::{Telling, Told};

/// A line of the plug-in's.
#[derive(Debug, Deserialize)]
#[serde(tag = "is_", rename_all = "kebab-case")]
enum Line {
    /// A run begins.
    Begin {
        run: u32,
        #[serde(default)]
        at: String,
        #[serde(default)]
        files: String,
    },
    /// A step of a test.
    Test {
        run: u32,
        outcome: String,
        node: String,
        #[serde(default)]
        name: Option<String>,
    },
    /// A run ends.
    End {
        run: u32,
        #[serde(default)]
        files: String,
        told: usize,
    },
}

/// One run of pytest.
#[derive(Debug, Default)]
struct Run {
    /// Where its code lies, and the digest of that.
    at: String,
    files: String,
    changed: bool,
    lines: usize,
    ended: bool,
    /// By its own count, lines are missing.
    lacks: bool,
    tests: HashMap<String, Seen>,
}

/// What was told of a test.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    passed: bool,
    failed: bool,
}

/// Doubts what reads passed and was not reported so; what else stands out.
pub(super) fn compare(
    parser: Parser,
    material: &Material<'_>,
    command: Command,
    believed: &mut Believed,
) -> Vec<Note> {
    let Some(told) = material.evidence.report else {
        return Vec::new();
    };
    let runs = read(parser, material.report);
    let mut notes: Vec<Note> = changed(&runs, told, &material.instance.repo_path)
        .into_iter()
        .collect();
    let claims = believed.tests.iter().any(|(_, status)| *status == Status::Passed);
    if !claims || !believed.ended {
        return notes;
    }
    let missing = |why: &str| {
        Note::new(
            Finding::ReportMissing,
            &format!("the log alone was believed: {why}"),
        )
    };
    if runs.is_empty() {
        notes.push(missing(match told.state {
            Telling::Unplaced => "no plug-in could be placed in the container",
            Telling::Broken | Telling::Heard => {
                "pytest did not load the plug-in (an environment of its own, as with tox; a PYTHONPATH of its own; plug-ins switched off)"
            }
        }));
        return notes;
    }
    // A run that came to its end and knows of no test has other ways to run them than pytest's.
    let foreign = runs.iter().all(|run| run.ended && run.tests.is_empty());
    // Of several runs, some may have had no plug-in.
    let all = command.once || believed.runs.is_some_and(|shown| runs.len() >= shown);
    if foreign || !all {
        notes.push(missing("what pytest reported is not of all tests"));
        return notes;
    }
    let whole = told.state == Telling::Heard && !runs.iter().any(|run| run.lacks);
    if !whole {
        notes.push(missing("what pytest reported did not come through whole"));
    }
    let seen = together(runs, command.once);
    for (name, status) in believed.tests.iter().chain(&believed.short) {
        // Where the test was found stands behind its name where it is not the place that one would look at.
        let plain = name.split(" <- ").next().unwrap_or(name);
        let doubt = match (seen.get(plain), status) {
            (Some(seen), status) if seen.failed && !status.is_bad() => Doubt::Reported,
            (Some(seen), Status::Passed) if whole && !seen.passed => Doubt::Unreported,
            (None, Status::Passed) if whole => Doubt::Unreported,
            _ => continue,
        };
        believed.doubts.entry(name.clone()).or_insert(doubt);
    }
    notes
}

/// What was told of each test: of one run the worst, of several what the last one says that knows it.
fn together(runs: Vec<Run>, once: bool) -> HashMap<String, Seen> {
    let mut all: HashMap<String, Seen> = HashMap::new();
    for (name, seen) in runs.into_iter().flat_map(|run| run.tests) {
        let before = all.entry(name).or_default();
        *before = Seen {
            passed: seen.passed || before.passed && once,
            failed: seen.failed || before.failed && once,
        };
    }
    all
}

/// The runs of a report, in the order in which they began. Lines that cannot be read are none.
fn read(parser: Parser, report: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut at: HashMap<u32, usize> = HashMap::new();
    for line in report.lines() {
        let Ok(line) = serde_json::from_str::<Line>(line) else {
            continue;
        };
        let (Line::Begin { run, .. } | Line::Test { run, .. } | Line::End { run, .. }) = line;
        if matches!(line, Line::Begin { .. }) || !at.contains_key(&run) {
            at.insert(run, runs.len());
            runs.push(Run::default());
        }
        let Some(run) = at.get(&run).and_then(|place| runs.get_mut(*place)) else {
            continue;
        };
        run.lines += 1;
        match line {
            Line::Begin { at, files, .. } => (run.at, run.files) = (at, files),
            Line::Test {
                outcome, node, name, ..
            } => {
                for name in names(parser, name.as_ref().unwrap_or(&node)) {
                    let seen = run.tests.entry(name).or_default();
                    match outcome.as_str() {
                        "passed" => seen.passed = true,
                        "failed" => seen.failed = true,
                        // Skipped, or tried again: neither good nor bad.
                        _ => {}
                    }
                }
            }
            Line::End { files, told, .. } => {
                run.ended = true;
                run.lacks = run.lines < told;
                run.changed = !files.is_empty() && !run.files.is_empty() && files != run.files;
            }
        }
    }
    runs
}

/// The names that the parser gives to a test which pytest calls so.
fn names(parser: Parser, name: &str) -> Vec<String> {
    let lines = [format!("PASSED {name}\n"), format!("{name} PASSED\n")];
    let read = lines.iter().map(|line| parse::parse(parser, line));
    let Some(results) = read.into_iter().find(|results| !results.is_empty()) else {
        return Vec::new();
    };
    let whole = results.whole.into_iter().map(|test| test.name);
    let mut names: Vec<String> = results
        .tests
        .into_iter()
        .map(|(name, _)| name)
        .chain(whole)
        .collect();
    names.dedup();
    names
}

/// What became of the runner itself.
fn changed(runs: &[Run], told: Told, repo: &str) -> Option<Note> {
    let what = if let Some(run) = runs.iter().find(|run| run.changed) {
        format!("pytest's own files ({}) were changed while the tests ran", run.at)
    } else if let Some(run) = runs.iter().find(|run| is_within(&run.at, repo)) {
        format!("pytest was loaded from the repository ({})", run.at)
    } else if told.strange > 0 {
        format!(
            "{} lines that are not the plug-in's were written to its pipe",
            told.strange
        )
    } else {
        return None;
    };
    Some(Note::new(Finding::RunnerChanged, &what))
}

/// In the repository, and in no environment that lies there.
fn is_within(at: &str, repo: &str) -> bool {
    let repo = repo.trim_end_matches('/');
    let below = at.strip_prefix(repo).is_some_and(|rest| rest.starts_with('/'));
    below
        && !["site-packages", "dist-packages"]
            .iter()
            .any(|dir| at.contains(dir))
}
