//! Tests of reading assignments: every fault at once, each with its place.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const TOML: &str = r#"
[fleet]
pipeline = "swe"
[[host]]
name = "eval1"
harness = "/opt/harness"
[[host]]
name = "eval2"
[[model]]
name = "gpt"
[[model]]
name = "kimi"
[[pipeline]]
name = "swe"
[[pipeline.phase]]
name = "all"
cwd = "{harness}"
run = ["true"]
deadline = "1h"
[[pipeline]]
name = "demo"
[[pipeline.phase]]
name = "all"
run = ["true"]
deadline = "1h"
"#;

fn config() -> Config {
    Config::parse(TOML, "fleet.toml").unwrap()
}

fn draft(text: &str) -> Draft {
    assignment(text, "a.json", &"phase8".parse().unwrap(), &config())
}

/// What is said of a text, a line a finding.
fn said(text: &str) -> String {
    let lines: Vec<String> = draft(text).findings.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// One entry for `eval1`, with more keys.
fn entry(more: &str) -> String {
    format!(r#"{{"eval1": [{{"instance_id": "i", "model": "gpt", "dataset_file": "d.jsonl"{more}}}]}}"#)
}

#[test]
fn the_seeds_format_becomes_jobs_in_the_order_of_the_file() {
    let text = "\u{feff}{
  \"eval1\": [
    {\"instance_id\": \"1319603449576684\", \"model\": \"gpt\", \"dataset_file\": \"/data/x.jsonl\",
     \"task_name\": \"12rambau__sepal_ui-1319603449576684\"}
  ],
  \"*\": [
    {\"instance_id\": \"b\", \"model\": \"kimi\", \"dataset_file\": \"b.jsonl\", \"runs\": 2, \"pipeline\": \"demo\",
     \"env\": [\"EXTRA\"]},
    {\"instance_id\": \"b\", \"model\": \"kimi\", \"dataset_file\": \"b.jsonl\", \"run\": 7, \"pipeline\": \"demo\"}
  ]
}";
    let draft = draft(text);
    assert_eq!(draft.findings, []);
    let rows: Vec<_> = draft
        .jobs
        .iter()
        .map(|one| {
            (
                one.job.instance.as_str(),
                one.job.run,
                one.job.order,
                one.job.pipeline.as_str(),
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("1319603449576684", 1, 0, "swe"),
            ("b", 1, 1, "demo"),
            ("b", 2, 2, "demo"),
            ("b", 7, 3, "demo")
        ]
    );
    let first = &draft.jobs[0];
    assert_eq!(first.job.id.to_string(), "npb2wdccpkcv");
    assert_eq!(first.job.place, Place::Host("eval1".parse().unwrap()));
    assert_eq!(first.dataset_file, "/data/x.jsonl");
    assert_eq!(first.dataset_at, (3, 73));
    assert_eq!(draft.jobs[1].job.place, Place::Any);
    assert_eq!(draft.jobs[1].job.env, ["EXTRA"]);
    let fault = first.fault("a.json", "`/data/x.jsonl` is not there", None);
    assert_eq!(fault.to_string(), "a.json:3:73: `/data/x.jsonl` is not there");
}

#[test]
fn every_fault_is_told_at_once_with_its_place_and_a_way_out() {
    let text = r#"{
  "eval3": [],
  "eval1": [
    {"instance_id": 1319603449576684, "model": "gtp", "dataset_file": ""},
    {"instance_id": "../x", "model": "gpt", "dataset": "d.jsonl", "task_name": "a b"},
    {"instance_id": "i\n", "model": "claude", "dataset_file": "d\u0000", "run": 1, "runs": 2},
    {"instance_id": "ok", "model": "gpt", "dataset_file": "d", "run": 0, "pipeline": "dem", "env": ["A=b", 1]},
    {"instance_id": "ok", "model": "gpt", "dataset_file": "d", "runs": 1.5, "env": "KEY"},
    {"instance_id": "one", "model": "gpt", "dataset_file": "d"},
    {"instance_id": "one", "model": "gpt", "dataset_file": "d", "runs": 3},
    {"instance_id": "two", "instance_id": "three", "model": null, "dataset_file": ["d"]},
    {"instance_id": "\ud800", "model": "gpt", "dataset_file": "d"},
    "job", {}
  ],
  "eval2": [{"instance_id": "bare", "model": "gpt", "dataset_file": "d"}],
  "*": [{"instance_id": "pool", "model": "gpt", "dataset_file": "d"}],
  "eval2": {"a": 1}
}"#;
    insta::assert_snapshot!(said(text), @r#"
    a.json:2:3: unknown host `eval3`; did you mean `eval1`?
    a.json:2:12: this list is empty; give the host a job or remove it
    a.json:4:21: `instance_id` must be a string, not a number; put it in quotes: "1319603449576684"
    a.json:4:48: unknown model `gtp`; did you mean `gpt`?
    a.json:4:71: `dataset_file` `` is empty; write a path
    a.json:5:5: missing key `dataset_file`
    a.json:5:21: `instance_id` `../x` contains '/'; names consist of letters, digits and . _ - + @ =
    a.json:5:45: unknown key `dataset`; did you mean `dataset_file`?
    a.json:5:80: `task_name` `a b` contains ' '; names consist of letters, digits and . _ - + @ =
    a.json:6:21: `instance_id` `i\n` contains '\n'; names consist of letters, digits and . _ - + @ =
    a.json:6:37: unknown model `claude`; known: gpt, kimi
    a.json:6:63: `dataset_file` `d\0` contains a control character, which no path needs
    a.json:6:92: `run` and `runs` are both here; `runs`: 3 stands for runs 1, 2 and 3; `run`: 3 for run 3 alone
    a.json:7:71: `run` must be a whole number from 1 to 1000
    a.json:7:86: unknown pipeline `dem`; did you mean `demo`?
    a.json:7:101: `A=b` is not a name; write the name only, never its value
    a.json:7:108: `env` must be a string, not a number; put it in quotes: "1"
    a.json:8:72: `runs` must be a whole number from 1 to 1000
    a.json:8:84: `env` must be a list of names of variables; write ["OPENAI_API_KEY"]; names only, never values
    a.json:10:5: this is the job of line 9 again: one, gpt, run 1; remove one, or number them with `run`
    a.json:11:28: `instance_id` is here twice; remove one
    a.json:11:61: `model` must be a string, not null
    a.json:11:83: `dataset_file` must be a string, not a list
    a.json:12:21: `instance_id` must be a string, not text with half a character (a lone surrogate)
    a.json:13:5: a job is an object, not a string; write { "instance_id": …, … }
    a.json:13:12: missing key `dataset_file`
    a.json:13:12: missing key `instance_id`
    a.json:13:12: missing key `model`
    a.json:15:13: pipeline `swe` needs a harness, and host `eval2` has none; give the host a `harness` in fleet.toml
    a.json:16:9: pipeline `swe` needs a harness, and host `eval2` has none; give the host a `harness` in fleet.toml
    a.json:17:3: host `eval2` is here twice; first on line 15; put all its jobs into one list
    a.json:17:12: a host's jobs are a list, not an object; write [ { … } ]
    "#);
}

#[test]
fn what_is_not_an_assignment_is_told_in_a_line() {
    insta::assert_snapshot!(said("{}"), @"a.json:1:1: there is no job here");
    insta::assert_snapshot!(said("[]"), @r#"a.json:1:1: an assignment is an object, not a list; write { "host": [ { "instance_id": …, "model": …, "dataset_file": … } ] }"#);
    insta::assert_snapshot!(said(""), @"a.json:1:1: this is not JSON: EOF while parsing a value");
    insta::assert_snapshot!(said("{\n  \"é\": 1,,\n}"), @"a.json:2:10: this is not JSON: key must be a string");
    insta::assert_snapshot!(said("{\"eval1\": [ {\"instance_id\": \"a\" "), @"a.json:1:32: this is not JSON: EOF while parsing an object");
    insta::assert_snapshot!(said("{} {}"), @"a.json:1:4: this is not JSON: trailing characters");
}

#[test]
fn without_a_default_every_job_names_its_pipeline() {
    let mut config = config();
    config.fleet.pipeline = None;
    let draft = assignment(&entry(""), "a.json", &"s".parse().unwrap(), &config);
    let hint = "no pipeline is named; add \"pipeline\" here, or a default to [fleet] in fleet.toml";
    assert_eq!(draft.findings[0].to_string(), format!("a.json:1:12: {hint}"));
}

#[test]
fn schema_and_reader_refuse_alike() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    assert!(jsonschema::draft202012::meta::is_valid(&schema()));
    let valid = |text: &str| validator.is_valid(&serde_json::from_str(text).unwrap());
    for good in [
        "",
        r#", "runs": 3"#,
        r#", "run": 1000, "task_name": "t""#,
        r#", "env": ["KEY"], "pipeline": "demo""#,
    ] {
        assert!(valid(&entry(good)), "{good}");
        assert_eq!(draft(&entry(good)).findings, [], "{good}");
    }
    for bad in [
        r#", "extra": 1"#,
        r#", "run": 0"#,
        r#", "runs": 1001"#,
        r#", "run": 1, "runs": 1"#,
        r#", "run": "1""#,
        r#", "env": ["A B"]"#,
        r#", "env": ["FLEET_RUN"]"#,
        r#", "env": "A""#,
        r#", "task_name": "a/b""#,
        r#", "pipeline": 1"#,
    ] {
        assert!(!valid(&entry(bad)), "{bad}");
        assert_ne!(draft(&entry(bad)).findings, [], "{bad}");
    }
    for bad in [
        "{}",
        "[]",
        r#"{"eval1": []}"#,
        r#"{"eval1": {}}"#,
        r#"{"../x": [{}]}"#,
        r#"{"eval1": [{}]}"#,
    ] {
        assert!(!valid(bad), "{bad}");
        assert_ne!(draft(bad).findings, [], "{bad}");
    }
}

#[test]
fn a_hundred_thousand_jobs_on_one_line_keep_their_places() {
    let jobs: Vec<String> = (0..100_000)
        .map(|n| format!(r#"{{"instance_id":"é{n}","model":"gpt","dataset_file":"d"}}"#))
        .collect();
    let text = format!(r#"{{"eval1":[{}]}}"#, jobs.join(","));
    let draft = draft(&text);
    assert_eq!(draft.findings.len(), 100_000);
    assert_eq!((draft.findings[1].line, draft.findings[1].column), (1, 80));
    let good = draft_of_good(&text.replace('é', "e"));
    assert_eq!(good.len(), 100_000);
}

fn draft_of_good(text: &str) -> Vec<DraftJob> {
    let draft = draft(text);
    assert_eq!(draft.findings, []);
    draft.jobs
}

#[test]
fn many_runs_of_many_jobs_end_in_a_finding_and_not_in_a_full_memory() {
    let jobs: Vec<_> = (0..=250)
        .map(|n| json!({"instance_id": format!("i{n}"), "model": "gpt", "dataset_file": "d", "runs": 1000}))
        .collect();
    let draft = draft(&json!({ "eval1": jobs }).to_string());
    assert_eq!(draft.jobs.len(), MOST_JOBS);
    assert!(draft.findings[0].what.contains("more than 250000 jobs"));
}

#[test]
fn depth_does_no_harm() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    for text in [
        deep.clone(),
        format!(r#"{{"eval1": {deep}}}"#),
        format!(r#"{{"eval1": [{{"model": {deep}}}]}}"#),
        "{\"a\":".repeat(100_000),
    ] {
        assert_ne!(draft(&text).findings, []);
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        draft(&text);
    }

    #[test]
    fn no_json_makes_it_panic(text in r#"(\{|\}|\[|\]|,|:|"eval1"|"\*"|"model"|"gpt"|"runs"|1|1e9|null|"\\ud800"|é| |\n){0,40}"#) {
        draft(&text);
    }

    #[test]
    fn a_damaged_entry_is_jobs_or_findings_and_never_nothing(
        at in any::<prop::sample::Index>(),
        with in "[\\[\\]{}\",:a-z0-9\u{e9}\n -]{0,4}",
    ) {
        let mut chars: Vec<char> = entry(r#", "runs": 2"#).chars().collect();
        let start = at.index(chars.len());
        chars.splice(start..=start, with.chars());
        let draft = draft(&chars.into_iter().collect::<String>());
        prop_assert!(!draft.jobs.is_empty() || !draft.findings.is_empty());
    }
}
