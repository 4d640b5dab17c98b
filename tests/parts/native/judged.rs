//! Evidence of a real run, judged from its files as at home.

use fleet::case::{Case as Collected, Judgement};
use fleet::domain::fault::{Again, Class};
use fleet::domain::verdict::Decision;

use super::fixture::{Case, GOOD};

/// Judges what a run has left, from its bytes.
fn judged(case: &Case) -> Judgement {
    let instance = serde_json::to_string(&case.instance).unwrap();
    case.write("out/instance.jsonl", &instance);
    case.write("out/setup.json", &serde_json::to_string(&case.swe).unwrap());
    let collected = Collected::read(&case.path(".")).unwrap().unwrap();
    collected.judge().unwrap().unwrap()
}

/// A run of googletest's, as far as a log shows it.
fn gtest(patch: &str, command: &str) -> Case {
    let mut case = Case::new(patch);
    case.instance.fail_to_pass = vec!["Suite.a".to_owned()];
    case.instance.pass_to_pass = Vec::new();
    "cpp/parse_log_google_test".clone_into(&mut case.instance.parser);
    command.clone_into(&mut case.instance.test_command);
    case.run().0.unwrap();
    case
}

const FAILS: &str = "echo '[==========] Running 1 test from 1 test suite.'; echo '[ RUN      ] Suite.a'; \
     echo '[  FAILED  ] Suite.a (0 ms)'; echo '[==========] 1 test from 1 test suite ran. (0 ms total)'; \
     echo '[  PASSED  ] 0 tests.'; echo '[  FAILED  ] 1 test, listed below:'; echo '[  FAILED  ] Suite.a';";

const PASSES: &str = "echo '[==========] Running 1 test from 1 test suite.'; echo '[ RUN      ] Suite.a'; \
     echo '[       OK ] Suite.a (0 ms)'; echo '[==========] 1 test from 1 test suite ran. (0 ms total)'; \
     echo '[  PASSED  ] 1 test.';";

#[test]
fn a_line_of_the_code_under_test_on_stderr_makes_no_failing_run_resolved() {
    let case = gtest(
        GOOD,
        &format!("{FAILS} echo '[       OK ] Suite.a (0 ms)' >&2; exit 1"),
    );
    let judgement = judged(&case);
    assert_eq!(judgement.verdict.decision, Decision::Unresolved, "{judgement:?}");
    // Evidence of before, which does not say where stderr begins, still reads.
    let evidence = case.read("out/evaluation.json");
    let mut old: serde_json::Value = serde_json::from_str(&evidence).unwrap();
    old["version"] = 1.into();
    for added in ["stdout", "network"] {
        old["tests"].as_object_mut().unwrap().remove(added).unwrap();
    }
    case.write("out/evaluation.json", &old.to_string());
    assert_eq!(judged(&case).verdict.fail_to_pass.1, 1);
}

/// What tox says where it cannot install anything.
const NO_SET_UP: &str =
    "echo 'py39: exit 1 (1.00 seconds) /app/repo> python -I -m pip install pytest pid=7'; exit 1";

#[test]
fn a_set_up_that_fails_without_the_patch_too_is_the_environments_fault() {
    let mut case = Case::new(GOOD);
    NO_SET_UP.clone_into(&mut case.instance.test_command);
    let fault = case.step().fault.unwrap();
    assert_eq!(
        (fault.class, fault.name.as_str(), fault.again),
        (Class::Image, "environment-broken", Again::Never),
        "{fault}"
    );
    assert!(fault.what.contains("and its `network` is none: py39"), "{fault}");
}

#[test]
fn a_set_up_that_only_the_patch_breaks_is_the_models_doing() {
    let mut case = Case::new(GOOD);
    case.instance.test_command = format!("grep -q + calc.sh && {{ {NO_SET_UP}; }}; bash run.sh");
    let conclusion = case.step();
    assert_eq!(conclusion.fault, None);
    let judgement = judged(&case);
    assert_eq!(judgement.verdict.decision, Decision::Unresolved, "{judgement:?}");
    assert_eq!(judgement.verdict.fault, None);
}

#[test]
fn a_verdict_says_that_tests_were_run_in_one_process_with_the_code_and_what_steered_them() {
    let evil = "diff --git a/sitecustomize.py b/sitecustomize.py\nnew file mode 100644\n--- /dev/null\n+++ b/sitecustomize.py\n@@ -0,0 +1 @@\n+evil\n";
    let judgement = judged(&gtest(&format!("{GOOD}{evil}"), PASSES));
    assert_eq!(judgement.verdict.decision, Decision::Resolved, "{judgement:?}");
    assert!(!judgement.sealed);
    assert!(judgement.text().unwrap().contains("\"sealed\": false"));
    let steered = judgement.findings.iter().find(|one| one.name == "runner-steered");
    assert!(
        steered.unwrap().what.ends_with("sitecustomize.py (removed)"),
        "{steered:?}"
    );
    // Where no test was run, no code under test can have said anything.
    let nothing = Case::new("no patch at all");
    nothing.run().0.unwrap();
    assert!(judged(&nothing).sealed);
}
