//! Trajectories: whatever the agent is, one line is left, and only what it left in its own directory counts.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use fleet::domain::fault::{Again, Class, FaultName, RecordedName};
use fleet::domain::{Fault, swe::Agent};
use fleet::runner::native::trajectory;
use serde_json::Value;

use super::fixture::{Case, GOOD};

const BASE: &str = "0123456789012345678901234567890123456789";

fn case(agent: Agent) -> Case {
    let mut case = Case::bare("lab/calc:1", BASE);
    case.swe.agent = agent;
    case.instance.gold_patches = vec![GOOD.to_owned(), "no newline".to_owned()];
    case
}

fn command(script: &str) -> Case {
    case(Agent::Command {
        argv: ["sh", "-euc", script].map(str::to_owned).to_vec(),
        env: [("MINE".to_owned(), "yes".to_owned())].into(),
        cwd: None,
    })
}

/// The one line, and its patch.
fn line(case: &Case) -> (Value, String) {
    let text = case.read("out/output.jsonl");
    assert_eq!(text.matches('\n').count(), 1, "{text}");
    let line: Value = serde_json::from_str(&text).unwrap();
    let patch = line["test_result"]["git_patch"].as_str().unwrap().to_owned();
    (line, patch)
}

fn fault(case: &Case) -> (Class, RecordedName, String) {
    let fault = case.in_context(trajectory).unwrap_err();
    assert!(!case.path("out/output.jsonl").exists());
    (fault.class, fault.name, fault.what)
}

#[test]
fn gold_and_noop_leave_a_line_in_the_form_that_people_know() {
    let gold = case(Agent::Gold);
    gold.in_context(trajectory).unwrap();
    let (line_, patch) = line(&gold);
    assert_eq!(patch, format!("{GOOD}no newline\n"));
    let keys = "instance_id test_result instruction metadata history metrics error instance";
    for key in keys.split(' ') {
        assert!(line_.get(key).is_some(), "{key}");
    }
    assert_eq!(line_["instance"]["repo"], "lab/calc");
    assert!(
        gold.read("out/metadata.json")
            .contains("\"agent_class\": \"gold\"")
    );
    let noop = case(Agent::Noop);
    assert!(noop.in_context(trajectory).unwrap().note.contains("no patch"));
    assert_eq!(line(&noop).1, "");
}

#[test]
fn a_dataset_without_a_solution_has_no_gold() {
    let mut gold = case(Agent::Gold);
    gold.instance.gold_patches.clear();
    assert_eq!(fault(&gold).1, FaultName::NoGoldPatch);
}

#[test]
fn a_given_trajectory_is_taken_if_it_is_of_this_instance() {
    let given = case(Agent::Given);
    assert_eq!(
        (fault(&given).0, fault(&given).1.as_str()),
        (Class::Dataset, "bad-trajectory")
    );
    given.write(
        "in/trajectory.jsonl",
        "{\"instance_id\":\"other-1\",\"test_result\":{}}\n",
    );
    assert!(fault(&given).2.contains("`other-1`"));
    let good =
        r#"{"instance_id":"calc-1","test_result":{"git_patch":"p"},"metrics":{"accumulated_cost":0.44}}"#;
    given.write(
        "in/trajectory.jsonl",
        &format!("{good}\n{{\"instance_id\":\"calc"),
    );
    given.in_context(trajectory).unwrap();
    assert_eq!(given.read("out/output.jsonl"), format!("{good}\n"));
}

#[test]
fn a_command_works_in_a_directory_of_its_own_and_is_told_all() {
    let told = command(
        r#"[ "$PWD" = "$FLEET_OUT" ]; ls -A; echo "$MINE $FLEET_IMAGE" > told; cat "$FLEET_DATASET" >> told; echo p > patch.diff"#,
    );
    told.in_context(trajectory).unwrap();
    let said = told.read("out/agent/told");
    let (first, row) = said.split_once('\n').unwrap();
    assert_eq!(first, "yes lab/calc:1");
    assert_eq!(
        serde_json::from_str::<Value>(row).unwrap()["instance_id"],
        "calc-1"
    );
    assert_eq!(line(&told).1, "p\n");
    // What an earlier try left is gone.
    told.write("out/agent/patch.diff", "old");
    told.write("out/evaluation.json", "old");
    told.in_context(trajectory).unwrap();
    assert!(!told.path("out/evaluation.json").exists());
}

/// What stands in an instance, and tells how it is solved or judged.
fn answers(case: &mut Case) {
    case.instance.gold_patches = vec!["the answer\n".to_owned()];
    case.instance.test_patches = vec!["the answer\n".to_owned()];
    case.instance.fail_to_pass = vec!["the answer".to_owned()];
    case.instance.pass_to_pass = vec!["the answer".to_owned()];
    "pytest 'the answer'".clone_into(&mut case.instance.test_command);
    for key in ["hints_text", "test_patches", "functional_patch", "f2p", "p2p"] {
        case.instance.rest.insert(key.to_owned(), "the answer".into());
    }
    "mend it".clone_into(&mut case.instance.problem_statement);
    case.instance.rest.insert("version".to_owned(), "1.5".into());
}

#[test]
fn agents_are_told_the_task_and_not_the_answer() {
    let look = r#"cat "$FLEET_DATASET" > seen; cat ../* >> seen 2> /dev/null || true; env >> seen; cp "$FLEET_DATASET" row; echo p > patch.diff"#;
    let world = tempfile::tempdir().unwrap();
    let mut by_harness = openhands(&world, &format!("{POETRY}\ncd \"$out\"; {look}"));
    answers(&mut by_harness);
    let mut by_command = command(look);
    answers(&mut by_command);
    for case in [by_harness, by_command] {
        case.in_context(trajectory).unwrap();
        let seen = case.read("out/agent/seen");
        assert!(!seen.contains("the answer"), "{seen}");
        let row: Value = serde_json::from_str(&case.read("out/agent/row")).unwrap();
        assert_eq!(
            [&row["instance_id"], &row["problem_statement"], &row["version"]],
            ["calc-1", "mend it", "1.5"]
        );
        for key in ["patch", "test_patch", "test_command"] {
            assert_eq!(row.get(key), None, "{row}");
        }
    }
}

#[test]
fn what_an_agent_leaves_decides_and_not_its_exit_code() {
    let failed = command("echo p > patch.diff; exit 3");
    assert!(
        failed
            .in_context(trajectory)
            .unwrap()
            .note
            .contains("exit code 3")
    );
    let (class, name, what) = fault(&command("echo all is well"));
    assert_eq!((class, name.as_str()), (Class::Harness, "no-output"), "{what}");
    let (class, name, what) = fault(&command("exit 3"));
    assert_eq!((class, name.as_str()), (Class::Unknown, "agent-failed"), "{what}");
    assert_eq!(fault(&command("kill -9 $$")).0, Class::Host);
    let mut missing = command("");
    missing.swe.agent = Agent::Command {
        argv: vec!["no-such-agent-here".to_owned()],
        env: [].into(),
        cwd: None,
    };
    assert_eq!(fault(&missing).0, Class::Config);
}

fn known(text: &str) -> Option<Fault> {
    let class = match text {
        text if text.contains("RateLimitError") => Class::Provider,
        text if text.contains("maximum iteration") => Class::Model,
        _ => return None,
    };
    Some(Fault {
        class,
        ..Fault::new(FaultName::RateLimit, Again::Anywhere, "known")
    })
}

#[test]
fn an_agent_without_a_patch_is_judged_by_its_own_words() {
    let left = |error: &str| {
        let text = format!(r#"{{"instance_id":"calc-1","test_result":{{}},"error":{error}}}"#);
        let mut case = command(&format!("cat > output.jsonl <<'END'\n{text}\nEND"));
        case.explain = known;
        case.in_context(trajectory)
            .map_err(|fault| (fault.class, fault.name))
    };
    assert!(left("null").is_ok());
    assert!(left(r#""Agent reached maximum iteration""#).is_ok());
    assert_eq!(
        left(r#""litellm.RateLimitError: 429""#),
        Err((Class::Provider, FaultName::RateLimit.into()))
    );
    assert_eq!(
        left(r#""what is this""#),
        Err((Class::Unknown, FaultName::AgentError.into()))
    );
    let mut loud = command("echo litellm.RateLimitError >&2; exit 1");
    loud.explain = known;
    assert_eq!(fault(&loud).0, Class::Provider);
}

#[test]
fn links_that_an_agent_leaves_are_not_followed() {
    let secret = tempfile::NamedTempFile::new().unwrap();
    fs::write(secret.path(), "secret").unwrap();
    let path = secret.path().display();
    assert_eq!(
        fault(&command(&format!("ln -s {path} patch.diff"))).1,
        FaultName::NoOutput
    );
    let case = command(&format!(
        "ln -s {path} ../output.jsonl; ln -s {path} ../output.jsonl.new; echo p > patch.diff"
    ));
    case.in_context(trajectory).unwrap();
    assert_eq!(line(&case).1, "p\n");
    assert_eq!(fs::read_to_string(secret.path()).unwrap(), "secret");
    let gone = command("cd ..; rm -r agent; ln -s /etc agent");
    assert_eq!(fault(&gone).1, FaultName::NoOutput);
    let mut linked = command("true");
    fs::remove_dir(linked.path("out")).unwrap();
    symlink("/etc", linked.path("out")).unwrap();
    linked.swe.agent = Agent::Noop;
    assert_eq!(linked.in_context(trajectory).unwrap_err().class, Class::Host);
}

/// A harness that does what the real one does: it nests its output by what it was told.
const POETRY: &str = r#"#!/bin/sh -eu
printf '%s\n' "$@" > "$FLEET_OUT/argv"
env > "$FLEET_OUT/env"
while [ $# -gt 0 ]; do
    case $1 in --eval-output-dir) out=$2;; --dataset) dataset=$2;; --eval-note) note=$2;; esac
    shift
done
run="$out/$(echo "$dataset" | sed 's,/,__,g')-train/CodeActAgent/gpt_maxiter_30_N_$note"
mkdir -p "$run/llm_completions/calc-1" "$run/logs"
echo '{}' > "$run/metadata.json"; echo '{}' > "$run/llm_completions/calc-1/gpt-1.json"; echo log > "$run/logs/l"
echo '{"instance_id":"calc-1","test_result":{"git_patch":"first"},"error":null}' > "$run/output.jsonl"
echo '{"instance_id":"calc-1","test_result":{"git_patch":"second"},"error":null}' >> "$run/output.jsonl"
"#;

fn openhands(world: &tempfile::TempDir, poetry: &str) -> Case {
    let entry = world
        .path()
        .join("evaluation/benchmarks/multi_swe_bench/run_infer.py");
    fs::create_dir_all(entry.parent().unwrap()).unwrap();
    fs::write(entry, "").unwrap();
    let program = world.path().join("poetry");
    fs::write(&program, poetry).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", world.path().display());
    let own = [
        ("PATH", path.as_str()),
        ("RUNTIME_CONTAINER_IMAGE", "skip"),
        ("EXP_NAME", "try"),
    ];
    let mut case = case(Agent::OpenHands {
        harness: "~/nowhere".to_owned(),
        llm: "llm.gpt".to_owned(),
        class: "CodeActAgent".to_owned(),
        iterations: 30,
        env: own
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
    });
    case.harness = Some(world.path().display().to_string());
    "Python".clone_into(&mut case.instance.language);
    case
}

#[test]
fn the_harness_gets_its_command_line_and_what_it_leaves_is_lifted() {
    let world = tempfile::tempdir().unwrap();
    let case = openhands(&world, POETRY);
    case.in_context(trajectory).unwrap();
    assert_eq!(line(&case).1, "second");
    for file in [
        "out/metadata.json",
        "out/llm_completions/calc-1/gpt-1.json",
        "out/logs/l",
    ] {
        assert!(case.path(file).is_file(), "{file}");
    }
    let agent = case.path("out/agent").display().to_string();
    let expected = format!(
        "run python evaluation/benchmarks/multi_swe_bench/run_infer.py --agent-cls CodeActAgent --llm-config llm.gpt \
         --max-iterations 30 --eval-num-workers 1 --eval-note v1.1.0-no-hint-try-run_1 --eval-output-dir {agent} \
         --dataset {agent}/dataset.jsonl --split train --eval-n-limit 1"
    );
    assert_eq!(case.read("out/agent/argv").trim().replace('\n', " "), expected);
    let env = case.read("out/agent/env");
    for pair in [
        "DOCKER_BUILDKIT=0",
        "EVAL_DOCKER_IMAGE_PREFIX=mswebench",
        "USE_INSTANCE_IMAGE=true",
        "LANGUAGE=python",
    ] {
        assert!(env.lines().any(|line| line == pair), "{pair}");
    }
    assert!(env.contains(&format!("PYTHONPATH={}", world.path().display())));
    assert!(!env.contains("RUNTIME_CONTAINER_IMAGE"));
    let row: Value = serde_json::from_str(&case.read("out/agent/dataset.jsonl")).unwrap();
    assert_eq!(row["image_storage_uri"], "lab/calc:1");
    // It looks for these columns, and fails without them.
    for tests in ["FAIL_TO_PASS", "PASS_TO_PASS"] {
        assert_eq!(row[tests], serde_json::json!([]), "{row}");
    }
}

#[test]
fn two_outputs_are_none_and_a_host_without_a_harness_says_so() {
    let world = tempfile::tempdir().unwrap();
    let twice = format!("{POETRY}\ncp \"$run/output.jsonl\" \"$out/output.jsonl\"\n");
    let (class, name, what) = fault(&openhands(&world, &twice));
    assert_eq!((class, name.as_str()), (Class::Harness, "bad-output"), "{what}");
    let mut missing = openhands(&world, POETRY);
    missing.harness = None;
    assert_eq!(fault(&missing).1, FaultName::NoHarness);
}
