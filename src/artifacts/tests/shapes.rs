//! Each file, byte for byte.

use super::*;
use crate::domain::fault::{Again, FaultName};

#[test]
fn the_tree_has_the_names_that_people_know() {
    let files = files(&evidence(), &grading(), Compat::Fleet, LOG);
    let names: Vec<(&str, bool)> = files
        .iter()
        .map(|file| (file.path.as_str(), file.executable))
        .collect();
    assert_eq!(
        names,
        [
            ("eval_outputs/1319/eval.sh", true),
            ("eval_outputs/1319/patch.diff", false),
            ("eval_outputs/1319/report.json", false),
            ("eval_outputs/1319/run_instance.log", false),
            ("eval_outputs/1319/test_output.txt", false),
            ("eval_outputs/report.json", false),
            ("eval_pilot2_output.jsonl", false),
            ("eval_summary.json", false),
        ]
    );
    assert_eq!(
        text(&files, "eval_outputs/1319/patch.diff"),
        "diff --git a/x b/x\n+café\n"
    );
    assert_eq!(text(&files, "eval_outputs/1319/test_output.txt"), LOG);
    let report = text(&files, "eval_outputs/report.json");
    assert_eq!(report, text(&files, "eval_outputs/1319/report.json"));
    assert_eq!(report, REPORT);
    assert_eq!(text(&files, "eval_summary.json"), SUMMARY);
    assert_eq!(text(&files, "eval_outputs/1319/eval.sh"), SCRIPT);
    assert_eq!(text(&files, "eval_outputs/1319/run_instance.log"), ACCOUNT);
}

#[test]
fn the_result_line_is_the_trajectory_and_what_became_of_it() {
    let ours = files(&evidence(), &grading(), Compat::Fleet, LOG);
    let line = text(&ours, "eval_pilot2_output.jsonl");
    let details = concat!(
        r#","pilot2_eval_details":{"instance_id":"1319","resolved":false,"failed_apply_patch":false,"#,
        r#""failed_apply_test_patch":false,"error_eval":false,"test_timeout":false,"tests_passed":2,"#,
        r#""tests_failed":1,"tests_error":0,"fail_to_pass_success":["t.py::a"],"#,
        r#""fail_to_pass_failed":["t.py::b"],"pass_to_pass_success":["t.py::c"],"pass_to_pass_failed":[],"#,
        r#""test_output":"PASSED t.py::a\n1\n","error_message":""},"resolved":false}"#
    );
    let expected = format!("{}{details}\n", LINE.trim_end_matches('}'));
    assert_eq!(line, expected.replace("error\":null}", "error\":null"));
    // Evaluated once more, it is the same line.
    let again = read(&line).unwrap();
    let again = tree(&instance(), &again, &evidence(), LOG, &grading(), Compat::Fleet).unwrap();
    assert_eq!(text(&again, "eval_pilot2_output.jsonl"), line);
}

#[test]
fn the_flags_say_what_happened() {
    let mut evidence = evidence();
    evidence.patch.state = Applied::Failed;
    evidence.golden[0].state = Applied::Failed;
    evidence.tests = None;
    let mut grading = grading();
    grading.verdict.outcome = Outcome::InfraFailed;
    grading.verdict.decision = Decision::Undecided;
    grading.verdict.fault = Some(Fault::new(
        FaultName::NoSpace,
        Again::Elsewhere,
        "the disk is full",
    ));
    let files = files(&evidence, &grading, Compat::Fleet, "");
    let line: serde_json::Value = serde_json::from_str(&text(&files, "eval_pilot2_output.jsonl")).unwrap();
    let details = &line["pilot2_eval_details"];
    for flag in ["failed_apply_patch", "failed_apply_test_patch", "error_eval"] {
        assert_eq!(details[flag], true, "{flag}");
    }
    assert_eq!(details["error_message"], "no-space (host): the disk is full");
    let report: serde_json::Value = serde_json::from_str(&text(&files, "eval_outputs/report.json")).unwrap();
    assert_eq!(report["1319"]["patch_exists"], true);
    assert_eq!(report["1319"]["patch_successfully_applied"], false);
    let summary: serde_json::Value = serde_json::from_str(&text(&files, "eval_summary.json")).unwrap();
    let counts = ["resolved_instances", "unresolved_instances", "error_instances"];
    assert_eq!(
        counts.map(|count| summary[count].as_u64()),
        [Some(0), Some(0), Some(1)]
    );
}

#[test]
fn no_patch_is_told_as_none() {
    let none = read(r#"{"instance_id":"1319","test_result":{}}"#).unwrap();
    let mut evidence = evidence();
    evidence.patch.state = Applied::Nothing;
    let files = tree(&instance(), &none, &evidence, LOG, &grading(), Compat::Fleet).unwrap();
    let report: serde_json::Value = serde_json::from_str(&text(&files, "eval_outputs/report.json")).unwrap();
    let flags = ["patch_is_None", "patch_exists", "patch_successfully_applied"];
    let flags = flags.map(|flag| report["1319"][flag].as_bool());
    assert_eq!(flags, [Some(true), Some(false), Some(false)]);
}

#[test]
fn a_long_output_keeps_both_ends_or_in_compat_its_beginning() {
    let log = "é".repeat(30_000) + &"z".repeat(30_000);
    let field = |how| {
        let files = files(&evidence(), &grading(), how, &log);
        let line: serde_json::Value =
            serde_json::from_str(&text(&files, "eval_pilot2_output.jsonl")).unwrap();
        line["pilot2_eval_details"]["test_output"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (ours, old) = (field(Compat::Fleet), field(Compat::VeloraHead));
    assert_eq!(ours.chars().count(), 50_000);
    assert!(ours.contains("\n[... 10037 characters left out ...]\n"));
    assert!(ours.starts_with("éé") && ours.ends_with("zz"));
    assert_eq!(old, "é".repeat(30_000) + &"z".repeat(20_000));
}

#[test]
fn cuts_never_split_a_character_nor_say_what_is_not_so() {
    assert_eq!(ends_of_chars("abc", 3), "abc");
    assert_eq!(ends_of_bytes("abc", 3), "abc");
    assert_eq!(first_chars("éab", 2), "éa");
    let short = ends_of_bytes("éééééé", 7);
    assert_eq!(
        short,
        "é\n[... 8 bytes left out; test_output.log.gz has them ...]\né"
    );
    let none = ends_of_chars(&"x".repeat(100), 10);
    assert!(none.contains("100 characters left out"), "{none}");
}

#[test]
fn predictions_are_a_list_per_model_and_a_file_per_run() {
    let (a, b) = ("a".parse().unwrap(), "b".parse().unwrap());
    let (gpt, kimi) = ("gpt".parse().unwrap(), "kimi".parse().unwrap());
    let of = |instance, model, run, patch| Prediction {
        instance,
        model,
        run,
        patch,
    };
    let jobs = [
        of(&b, &gpt, 1, Some("diff\n")),
        of(&a, &gpt, 1, Some("")),
        of(&a, &kimi, 1, Some("one")),
        // Not at home yet, and yet it decides on the names.
        of(&a, &kimi, 2, None),
    ];
    let files = preds::files(&jobs).unwrap();
    let names: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(names, ["preds/gpt/preds.json", "preds/kimi/run_1/preds.json"]);
    assert_eq!(
        text(&files, names[0]),
        "[\n{\"instance_id\":\"a\",\"model_name_or_path\":\"gpt\",\"model_patch\":\"\"},\n\
         {\"instance_id\":\"b\",\"model_name_or_path\":\"gpt\",\"model_patch\":\"diff\\n\"}\n]\n"
    );
    let back = jobs.iter().rev().cloned().collect::<Vec<_>>();
    assert_eq!(preds::files(&back).unwrap(), files);
}

const REPORT: &str = r#"{
    "1319": {
        "patch_is_None": false,
        "patch_exists": true,
        "patch_successfully_applied": true,
        "resolved": false,
        "tests_status": {
            "FAIL_TO_PASS": {
                "success": [
                    "t.py::a"
                ],
                "failure": [
                    "t.py::b"
                ]
            },
            "PASS_TO_PASS": {
                "success": [
                    "t.py::c"
                ],
                "failure": []
            },
            "FAIL_TO_FAIL": {
                "success": [],
                "failure": []
            },
            "PASS_TO_FAIL": {
                "success": [],
                "failure": []
            }
        }
    }
}
"#;

const SUMMARY: &str = r#"{
  "total_instances": 1,
  "resolved_instances": 0,
  "unresolved_instances": 1,
  "error_instances": 0,
  "results": {
    "1319": {
      "resolved": false,
      "tests_passed": 2,
      "tests_failed": 1,
      "f2p_success": 1,
      "f2p_total": 2,
      "p2p_success": 1,
      "p2p_total": 1
    }
  }
}
"#;

const SCRIPT: &str = r"#!/bin/bash
# The tests of 1319, as its dataset has them.
cd '/app/it'\''s' || exit 1
source /saved/ENV && pytest -rA
";

const ACCOUNT: &str = "\
instance                  1319
image                     sha256:ab
outcome                   completed
verdict                   unresolved
resolved                  false
why                       t.py::b failed
patch                     applied by git, 26 of 26 bytes
failed_apply_patch        false
failed_apply_test_patch   false
test patch                applied with fuzz, t.py
error_eval                false
test_timeout              false
test command              exit code 1, after 2m05s
parser                    python/parse_log_pytest_v3
tests_passed              2
tests_failed              1
tests_error               0
fail_to_pass_success      1
                          t.py::a
fail_to_pass_failed       1
                          t.py::b
pass_to_pass_success      1
                          t.py::c
pass_to_pass_failed       0

test output
PASSED t.py::a
1
";
