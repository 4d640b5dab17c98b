//! Tests of what is read and written: exact bytes, and what is found in them.

use std::collections::BTreeSet;

use super::excerpt::{ends_of_bytes, ends_of_chars, first_chars};
use super::quality::{Results, check};
use super::trajectory::read;
use super::*;
use crate::domain::evidence::{Applied, Evidence, Golden, Patch, Tests, VERSION};
use crate::domain::fault::Fault;
use crate::domain::swe::Agent;
use crate::domain::verdict::{Decision, Outcome, Verdict};
use crate::domain::{Instance, Sha256, Span};
use crate::grade::{Compat, Counts, Grading, Judged, MatchKind};

const LINE: &str = concat!(
    r#"{"instance_id":"1319","test_result":{"git_patch":"diff --git a/x b/x\n+caf\u00e9\n"},"#,
    r#""metadata":{"llm_config":{"model":"gpt-5"}},"history":["#,
    r#"{"id":0,"source":"agent","action":"system"},{"id":1,"source":"user","action":"message"},"#,
    r#"{"id":2,"source":"agent","action":"run","args":{}},{"id":3,"source":"agent","observation":"run"},"#,
    r#"{"id":4,"source":"agent","action":"finish"}],"metrics":{"accumulated_cost":0.4400000000000001,"#,
    r#""accumulated_token_usage":{"model":"","prompt_tokens":1200,"completion_tokens":34}},"error":null}"#
);

fn instance() -> Instance {
    serde_json::from_str(
        r#"{"instance_id":"1319","repo":"o/r","base_commit":"97371fba","FAIL_TO_PASS":["t.py::a","t.py::b"],
        "PASS_TO_PASS":["t.py::c"],"test_command":"source /saved/ENV && pytest -rA",
        "test_output_parser":"python/parse_log_pytest_v3","repo_path":"/app/it's"}"#,
    )
    .unwrap()
}

fn evidence() -> Evidence {
    Evidence {
        version: VERSION,
        image: Some("sha256:ab".to_owned()),
        loaded: None,
        repo_path: None,
        dataset: Sha256::of(b""),
        patch: Patch {
            bytes: 26,
            applied_bytes: 26,
            state: Applied::Git,
            said: String::new(),
        },
        golden: vec![Golden {
            paths: vec!["t.py".to_owned()],
            state: Applied::Fuzzy,
            said: String::new(),
        }],
        tests: Some(Tests {
            exit: Some(1),
            timed_out: false,
            took: Span(125_000),
            output: 17,
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

fn judged(name: &str, passed: bool) -> Judged {
    Judged {
        name: name.to_owned(),
        status: None,
        passed,
        matched: MatchKind::Exact,
        by: None,
    }
}

fn grading() -> Grading {
    Grading {
        verdict: Verdict {
            decision: Decision::Unresolved,
            outcome: Outcome::Completed,
            why: Some("t.py::b failed".to_owned()),
            fault: None,
            fail_to_pass: (1, 2),
            pass_to_pass: (1, 1),
            key: None,
            shown: None,
        },
        parser: "python/parse_log_pytest_v3".to_owned(),
        fail_to_pass: vec![judged("t.py::a", true), judged("t.py::b", false)],
        pass_to_pass: vec![judged("t.py::c", true)],
        counts: Counts {
            tests_passed: 2,
            tests_failed: 1,
            tests_error: 0,
        },
        findings: Vec::new(),
    }
}

const LOG: &str = "PASSED t.py::a\n1\n";

fn text(files: &[FileOut], path: &str) -> String {
    let file = files.iter().find(|file| file.path == path).unwrap();
    String::from_utf8(file.bytes.clone()).unwrap()
}

fn files(evidence: &Evidence, grading: &Grading, how: Compat, log: &str) -> Vec<FileOut> {
    tree(&instance(), &read(LINE).unwrap(), evidence, log, grading, how).unwrap()
}

mod lines;
mod quality;
mod shapes;
