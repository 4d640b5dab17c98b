//! Real runs that were forged, kept in `tests/data/forged`, and the table of them in the manual: what a naive reader makes of each, and
//! what becomes of it here.

use std::path::Path;

use serde::Deserialize;

use super::names::steers;
use crate::domain::evidence::{Applied, Evidence, Patch, Telling, Tests, Told, VERSION};
use crate::domain::time::Span;
use crate::domain::verdict::Decision;
use crate::domain::{Instance, Sha256};
use crate::grade::parse::{Parser, Status, parse};
use crate::grade::{Compat, Log, Material, Printed, grade};

const HEAD: &str = "| framework | the code under test makes up | a naive reader | `fleet` | caught |";

/// One run. In each the test of `add` fails.
#[derive(Debug, Deserialize)]
struct Run {
    name: String,
    framework: String,
    how: String,
    parser: String,
    command: String,
    f2p: Vec<String>,
    p2p: Vec<String>,
    /// Can it be told at all, looked at from outside of the process?
    decidable: bool,
    /// What the code under test brings.
    files: Vec<String>,
    exit: i32,
    stdout: String,
    stderr: String,
    report: Option<String>,
}

fn file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

fn runs() -> Vec<Run> {
    file("tests/data/forged/runs.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

impl Run {
    /// Both streams in one, the last status of a test wins, and nothing else is asked.
    fn passes_naively(&self) -> bool {
        let log = format!("{}{}", self.stdout, self.stderr);
        let read = parse(Parser::named(&self.parser).unwrap(), &log);
        let passed = |name: &String| read.get(name) == Some(Status::Passed);
        self.f2p.iter().chain(&self.p2p).all(passed)
    }

    /// As we read it, with what pytest reported or without.
    fn resolves(&self, with_report: bool) -> bool {
        let instance: Instance = serde_json::from_value(serde_json::json!({
            "instance_id": "calc-1", "repo": "lab/calc", "base_commit": "0123456", "FAIL_TO_PASS": self.f2p,
            "PASS_TO_PASS": self.p2p, "test_command": self.command, "test_output_parser": self.parser,
        }))
        .unwrap();
        let log = format!("{}{}", self.stdout, self.stderr);
        let report = self.report.as_deref().filter(|_| with_report);
        let evidence = Evidence {
            version: VERSION,
            image: None,
            loaded: None,
            repo_path: None,
            dataset: Sha256::of(b"dataset"),
            patch: Patch {
                bytes: 500,
                applied_bytes: 500,
                state: Applied::Git,
                said: String::new(),
            },
            golden: Vec::new(),
            tests: Some(Tests {
                exit: Some(self.exit),
                timed_out: false,
                took: Span::seconds(1),
                output: log.len() as u64,
                cut: false,
                stdout: Some(self.stdout.len() as u64),
                network: None,
                memory: None,
                out_of_memory: false,
            }),
            put_back: Vec::new(),
            report: report.map(|_| Told {
                state: Telling::Heard,
                strange: 0,
            }),
            sound: false,
            fault: None,
        };
        let printed = Printed::read(log.into_bytes(), Some(self.stdout.len() as u64));
        let material = Material {
            report: report.unwrap_or_default(),
            ..Material::new(&instance, &evidence, Log::from(&printed))
        };
        grade(&material, Compat::Fleet).verdict.decision == Decision::Resolved
    }

    /// What keeps it from being resolved.
    fn caught(&self) -> Option<&'static str> {
        if self.files.iter().any(|path| steers(path).is_some()) {
            return Some("put back before the tests");
        }
        if !self.resolves(false) {
            return Some("by the log");
        }
        (!self.resolves(true)).then_some("by what pytest reports")
    }

    fn row(&self) -> String {
        let naive = if self.passes_naively() { "passes" } else { "fails" };
        let caught = self.caught();
        let ours = if caught.is_some() {
            "unresolved"
        } else {
            "**resolved**"
        };
        format!(
            "| {} | {} | {naive} | {ours} | {} |",
            self.framework,
            self.how,
            caught.unwrap_or("no")
        )
    }
}

#[test]
fn the_manuals_table_of_forged_runs_is_what_becomes_of_them() {
    let rows: Vec<String> = runs().iter().map(Run::row).collect();
    let expected = format!("{HEAD}\n|---|---|---|---|---|\n{}\n", rows.join("\n"));
    let page = file("src/docs/forged-runs.md");
    assert!(
        page.contains(&expected),
        "src/docs/forged-runs.md should hold:\n{expected}"
    );
}

#[test]
fn what_can_be_told_from_outside_is_told_and_what_cannot_is_not_claimed() {
    for run in runs() {
        assert_eq!(run.caught().is_some(), run.decidable, "{}", run.name);
    }
}
