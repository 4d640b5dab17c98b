//! What the checks of quality find, and what they leave in peace.

use super::*;

const ALL: [&str; 12] = [
    "output.jsonl",
    "metadata.json",
    "llm_completions/1319/gpt-1.json",
    "evaluation.json",
    "test_output.log.gz",
    "eval_pilot2_output.jsonl",
    "eval_summary.json",
    "eval_outputs/report.json",
    "eval_outputs/1319/report.json",
    "eval_outputs/1319/patch.diff",
    "eval_outputs/1319/test_output.txt",
    "eval_outputs/1319/run_instance.log",
];

fn openhands() -> Agent {
    Agent::OpenHands {
        harness: "~/OpenHands".to_owned(),
        llm: "llm.gpt".to_owned(),
        class: "CodeActAgent".to_owned(),
        iterations: 200,
        env: std::collections::BTreeMap::new(),
    }
}

fn line(patch: usize, history: usize, error: &str) -> String {
    let entries = vec![r#"{"source":"agent","action":"run"}"#; history].join(",");
    let patch = "x".repeat(patch);
    format!(
        r#"{{"instance_id":"1319","test_result":{{"git_patch":"{patch}"}},"history":[{entries}],"error":{error}}}"#
    )
}

/// The names of what is found; all files are there.
fn found(agent: &Agent, line: &str, evidence: &Evidence, log: &str, grading: &Grading) -> Vec<&'static str> {
    let mut paths: BTreeSet<&str> = ALL.into_iter().collect();
    paths.insert("eval_outputs/1319/eval.sh");
    let (mut instance, trajectory) = (instance(), read(line).unwrap());
    instance.gold_patches = vec!["diff --git a/x b/x\n".to_owned()];
    let results = Results {
        instance: &instance,
        agent,
        trajectory: Some(&trajectory),
        evaluation: Some((evidence, log, grading)),
        files: &paths,
    };
    check(&results)
        .into_iter()
        .map(|finding| finding.name.as_str())
        .collect()
}

fn of_line(agent: &Agent, line: &str) -> Vec<&'static str> {
    found(agent, line, &evidence(), LOG, &grading())
}

#[test]
fn good_results_are_not_complained_of() {
    for (patch, history) in [(1000, 20), (100_000, 200)] {
        assert_eq!(of_line(&openhands(), &line(patch, history, "null")), [""; 0]);
    }
}

#[test]
fn each_bound_has_a_name_on_either_side() {
    for (patch, history, name) in [
        (0, 80, "patch-missing"),
        (100, 80, "patch-tiny"),
        (101, 80, "patch-small"),
        (999, 80, "patch-small"),
        (100_001, 80, "patch-large"),
        (5000, 19, "history-short"),
        (5000, 201, "history-long"),
    ] {
        assert_eq!(
            of_line(&openhands(), &line(patch, history, "null")),
            [name],
            "{patch} {history}"
        );
    }
    assert_eq!(
        of_line(&openhands(), &line(5000, 0, "null")),
        ["history-short", "agent-silent"]
    );
    assert_eq!(
        of_line(&openhands(), &line(5000, 80, "\"LLM 404\"")),
        ["agent-error"]
    );
    let other = line(5000, 80, "null").replace("\"1319\"", "\"1320\"");
    assert_eq!(of_line(&openhands(), &other), ["other-instance"]);
}

#[test]
fn an_agent_is_not_asked_for_what_it_does_not_leave() {
    let command = Agent::Command {
        argv: Vec::new(),
        env: std::collections::BTreeMap::new(),
        cwd: None,
    };
    assert_eq!(of_line(&command, &line(5000, 0, "null")), [""; 0]);
    assert_eq!(of_line(&Agent::Given, &line(5000, 0, "null")), [""; 0]);
    assert_eq!(of_line(&Agent::Given, &line(5000, 3, "null")), ["history-short"]);
    assert_eq!(of_line(&Agent::Noop, &line(0, 0, "null")), [""; 0]);
    assert_eq!(of_line(&Agent::Gold, &line(90, 0, "null")), [""; 0]);
    assert_eq!(of_line(&Agent::Gold, &line(0, 0, "null")), ["patch-missing"]);
}

#[test]
fn an_evaluation_that_saw_nothing_is_named() {
    let mut evidence = evidence();
    let mut grading = grading();
    grading.counts = Counts::default();
    let good = line(5000, 80, "null");
    let found_now =
        |evidence: &Evidence, log, grading: &Grading| found(&openhands(), &good, evidence, log, grading);
    assert_eq!(
        found_now(&evidence, " \n", &grading),
        ["no-tests", "test-output-empty"]
    );
    evidence.tests = evidence.tests.map(|tests| Tests {
        timed_out: true,
        cut: true,
        ..tests
    });
    assert_eq!(
        found_now(&evidence, LOG, &grading),
        ["no-tests", "test-timeout", "log-cut"]
    );
}

#[test]
fn files_and_lists_that_are_missing_are_named_one_by_one() {
    let mut instance = instance();
    instance.fail_to_pass.clear();
    instance.pass_to_pass.clear();
    let (evidence, grading) = (evidence(), grading());
    // A directory alone is not its contents.
    let files: BTreeSet<&str> = ALL.into_iter().filter(|path| !path.contains("gpt-1")).collect();
    let results = Results {
        instance: &instance,
        agent: &openhands(),
        trajectory: None,
        evaluation: Some((&evidence, LOG, &grading)),
        files: &files,
    };
    let found: Vec<String> = check(&results)
        .into_iter()
        .map(|finding| format!("{:?} {}: {}", finding.level, finding.name, finding.what))
        .collect();
    assert_eq!(
        found,
        [
            "Warning fail-to-pass-empty: FAIL_TO_PASS is empty; such an instance cannot be resolved",
            "Note pass-to-pass-empty: PASS_TO_PASS is empty",
            "Note not-calibrated: the dataset has no gold patch: whether these tests can be passed was never tried",
            "Warning file-missing: llm_completions/1319/ is not there",
            "Warning file-missing: eval_outputs/1319/eval.sh is not there",
        ]
    );
}
