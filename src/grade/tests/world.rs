//! Instances, evidence and logs to grade.

use crate::domain::evidence::{Applied, Evidence, Golden, Patch, Tests, VERSION};
use crate::domain::time::Span;
use crate::domain::{Instance, Sha256};
use crate::grade::{Compat, Grading, Log, Material};

/// The command of most datasets.
pub(super) const COMMAND: &str =
    "source /saved/ENV || source /saved/*/ENV && pytest --no-header -rA --tb=no -p no:cacheprovider";

pub(super) fn instance(fail_to_pass: &[&str], pass_to_pass: &[&str]) -> Instance {
    let owned = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<String>>()
    };
    serde_json::from_value(serde_json::json!({
        "instance_id": "1319603449576684",
        "repo": "12rambau/sepal_ui",
        "base_commit": "97371fbaed444727126a2969cd68f856db77221f",
        "FAIL_TO_PASS": owned(fail_to_pass),
        "PASS_TO_PASS": owned(pass_to_pass),
        "test_command": COMMAND,
        "test_output_parser": "python/parse_log_pytest_v3",
    }))
    .unwrap()
}

pub(super) fn evidence(exit: i32) -> Evidence {
    Evidence {
        version: VERSION,
        image: Some("sha256:1".to_owned()),
        loaded: None,
        repo_path: None,
        dataset: Sha256::of(b"dataset"),
        patch: Patch {
            bytes: 500,
            applied_bytes: 500,
            state: Applied::Git,
            said: String::new(),
        },
        golden: vec![Golden {
            paths: vec!["tests/t.py".to_owned()],
            state: Applied::Git,
            said: String::new(),
        }],
        tests: Some(Tests {
            exit: Some(exit),
            timed_out: false,
            took: Span::seconds(3),
            output: 1_000,
            cut: false,
            stdout: None,
            network: None,
            memory: None,
            out_of_memory: false,
        }),
        put_back: Vec::new(),
        report: None,
        sound: false,
        fault: None,
    }
}

/// A run of pytest: what is printed before its summary, the summary, and the numbers below it.
pub(super) fn pytest(before: &str, summary: &[&str], numbers: &str) -> String {
    format!(
        "============ test session starts ============\ncollected 3 items\n\n{before}\n\
         ============ short test summary info ============\n{}\n============ {numbers} in 0.10s ============\n",
        summary.join("\n")
    )
}

pub(super) fn fleet(instance: &Instance, evidence: &Evidence, log: &str) -> Grading {
    grade(instance, evidence, log, Compat::Fleet)
}

/// Grades an attempt of which nothing more is known.
pub(super) fn grade<'a>(
    instance: &'a Instance,
    evidence: &'a Evidence,
    log: impl Into<Log<'a>>,
    how: Compat,
) -> Grading {
    crate::grade::grade(&Material::new(instance, evidence, log), how)
}
