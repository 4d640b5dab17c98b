//! `fleet failures`: what failed, whose doing it was, and the way out; and that there is one for every fault.

use std::path::Path;

use fleet::blame::advice;
use fleet::domain::fault::{Class, FaultName};
use serde_json::{Value, json};

use crate::support::{World, files};

const FILE: &str = "assignments/phase8.json";

fn group<'j>(found: &'j Value, fault: &str) -> &'j Value {
    let groups = found["failures"].as_array().unwrap();
    let group = groups.iter().find(|group| group["fault"] == fault);
    group.unwrap_or_else(|| panic!("no group {fault} in {found:#}"))
}

#[test]
fn before_anything_failed_it_says_so() {
    let world = World::local(1).script("true");
    world
        .fleet(&["failures"])
        .code(2)
        .says("nothing has been dispatched from here");
    world.jobs("phase8", 1, 0);
    world.fleet(&["dispatch", FILE]).ok();
    assert_eq!(world.fleet(&["failures"]).ok().says("nothing failed").stdout, "");
    let found = world.fleet(&["failures", "--json"]).ok().json();
    assert_eq!(found, json!({ "version": 1, "failures": [], "results": [] }));
    world
        .fleet(&["failures", "phase9"])
        .code(2)
        .says("no job is of set `phase9`")
        .says("did you mean `phase8`?");
    world.fleet(&["failures", "--class", "weather"]).code(2);
}

#[test]
fn failures_of_one_kind_are_one_group_with_hosts_models_first_line_examples_and_commands() {
    let world = World::local(2).fleet_key("pinned = true").script(
        "case $FLEET_INSTANCE in good) ;; odd) echo 'error: something else'; exit 1;; *) printf 'error: \\033]0;owned\\007 no licence\\n'; exit 1;; esac",
    );
    world.assign(
        "phase8",
        &[
            ("eval1", "good", "gpt"),
            ("eval1", "a", "gpt"),
            ("eval1", "odd", "gpt"),
            ("eval2", "b", "gpt"),
            ("eval2", "b", "kimi"),
        ],
    );
    world.fleet(&["dispatch", FILE]).code(4);
    let found = world.fleet(&["failures", "--json"]).ok().json();
    assert_eq!(found["failures"].as_array().unwrap().len(), 1);
    let failed = group(&found, "program-failed");
    assert_eq!(failed["class"], "unknown");
    assert_eq!(
        (&failed["jobs"], &failed["failed"], &failed["attempts"]),
        (&json!(4), &json!(4), &json!(4))
    );
    assert_eq!(failed["hosts"], json!({ "eval1": 2, "eval2": 2 }));
    assert_eq!(failed["models"], json!({ "gpt": 3, "kimi": 1 }));
    assert!(
        failed["line"].as_str().unwrap().contains("no licence"),
        "{failed:#}"
    );
    assert_eq!(failed["examples"].as_array().unwrap().len(), 3);
    assert_eq!(failed["examples"][0]["name"], "phase8/a/gpt/run1");
    let job = failed["examples"][0]["job"].as_str().unwrap();
    assert_eq!(
        failed["run"],
        json!([format!("fleet logs {job}"), "fleet retry --fault program-failed"])
    );

    let text = world.fleet(&["failures"]).ok();
    assert_eq!(text.stdout, world.fleet(&["failures", "phase8"]).ok().stdout);
    assert!(!text.stdout.contains('\u{1b}'), "{:?}", text.stdout);
    text.prints("unknown program-failed: 4 jobs (4 without result), 4 attempts")
        .prints("on      eval1 ×2, eval2 ×2")
        .prints("models  gpt ×3, kimi")
        .prints("no licence")
        .prints("fleet retry --fault program-failed");
    world
        .fleet(&["failures", "--class", "host"])
        .ok()
        .says("nothing failed");
}

#[test]
fn no_line_is_wider_than_eighty_columns_or_a_narrower_terminal() {
    let script = "echo \"error: $(head -c 500 /dev/zero | tr '\\0' x)\"; exit 1";
    for columns in ["200", "60"] {
        let world = World::local(1).script(script).env("COLUMNS", columns);
        world.jobs("phase8", 1, 0);
        world.fleet(&["dispatch", FILE]).code(4);
        let most = columns.parse::<usize>().unwrap().min(80);
        for line in world.fleet(&["failures"]).ok().stdout.lines() {
            assert!(line.chars().count() <= most, "{line}");
        }
    }
}

#[test]
fn an_attempt_that_was_lost_and_ran_elsewhere_is_told_as_recovered() {
    let world = World::local(2).script("echo x >> \"$LEDGER\"; [ $FLEET_HOST != eval1 ] || exec sleep 1000");
    world.assign("phase8", &[("eval1", "a", "gpt")]);
    let mut dispatch = world.start(&["dispatch", FILE]);
    world.until_ledger_has(1);
    world
        .fleet(&["host", "gone", "eval1", "--because", "on fire"])
        .ok();
    assert!(dispatch.wait().unwrap().success(), "{}", world.talk());
    let found = world
        .fleet(&["failures", "--json", "--class", "host"])
        .ok()
        .json();
    let lost = group(&found, "host-lost");
    assert_eq!(
        (&lost["class"], &lost["failed"], &lost["recovered"]),
        (&json!("host"), &json!(0), &json!(1))
    );
    assert_eq!(lost["hosts"], json!({ "eval1": 1 }));
    assert_eq!(lost["line"], "eval1 was declared gone: on fire");
    world
        .fleet(&["failures"])
        .ok()
        .prints("host host-lost: 1 job (1 recovered), 1 attempt");
}

#[test]
fn a_host_without_an_engine_is_to_blame_and_each_command_names_what_it_is_for() {
    // The hosts are this machine with another PATH: there is a shell, and no engine.
    let bin = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/bin/sh", bin.path().join("sh")).unwrap();
    let world = World::local(2)
        .pipeline("swe")
        .fleet_key("lost_retries = 1")
        .fleet_key("retry_pause = \"10ms\"")
        .toml(
            "[[pipeline]]\nname = \"swe\"\ncontainers = true\n[[pipeline.phase]]\nname = \"image\"\ndoes = \"image\"\ndeadline = \"60s\"\n[[pipeline.phase]]\nname = \"trajectory\"\ndoes = \"trajectory\"\nagent = \"noop\"\ndeadline = \"60s\"",
        )
        .env("PATH", bin.path().to_str().unwrap());
    let line = json!({
        "instance_id": "a", "repo": "acme/tides", "base_commit": "97371fbaed444727126a2969cd68f856db77221f",
        "image_storage_uri": "docker://fleet.invalid/none:1", "FAIL_TO_PASS": ["t.py::a"], "PASS_TO_PASS": [],
        "language": "python", "test_command": "pytest",
    });
    world.write("assignments/a.jsonl", &format!("{line}\n"));
    world.asked(
        "phase8",
        "eval1",
        &[json!({ "instance_id": "a", "model": "gpt", "dataset_file": "a.jsonl" })],
    );
    // A host that says soon enough that its engine is gone is left alone, and then the job has nowhere else to go: it
    // waits, which is another exit code.
    let ended = world.fleet(&["dispatch", FILE]);
    assert!(matches!(ended.status.code(), Some(3 | 4)), "{}", ended.stderr);
    let found = world.fleet(&["failures", "--json"]).ok().json();
    let failed = group(&found, "no-docker");
    assert_eq!(
        (&failed["class"], &failed["jobs"]),
        (&json!("host"), &json!(1)),
        "{failed:#}"
    );
    // What is held is named in the command that ends it, and what was given up in the one that tries it again.
    let status = world.status();
    let held = status["held"].as_array().unwrap().iter();
    let held: Vec<&str> = held.map(|hold| hold["subject"].as_str().unwrap()).collect();
    let met = failed["hosts"].as_object().unwrap().keys();
    let resume = met
        .map(|host| format!("host {host}"))
        .filter(|subject| held.contains(&subject.as_str()))
        .map(|subject| format!("fleet resume {subject}"));
    let expected: Vec<String> = std::iter::once("fleet doctor".to_owned())
        .chain(resume)
        .chain((failed["failed"] == 1).then(|| "fleet retry --fault no-docker".to_owned()))
        .collect();
    assert_eq!(failed["run"], json!(expected), "{status:#}");
    // Its history says of each attempt whose doing it was.
    world.fleet(&["history", "a/gpt"]).ok().prints(
        "fault no-docker (host): there is no `docker` on this host; a try on another host may go better",
    );
}

/// Is this fault raised somewhere in the code, or looked for in the text of a failure?
fn is_raised(fault: FaultName, code: &[String]) -> bool {
    let raised = format!("FaultName::{fault:?}");
    code.iter().any(|text| {
        text.match_indices(&raised)
            .any(|(at, _)| !text[at + raised.len()..].starts_with(|c: char| c.is_alphanumeric()))
    })
}

#[test]
fn every_fault_of_the_catalogue_is_raised_somewhere() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut code = Vec::new();
    for (path, bytes) in files::regular(&src) {
        let is_test = path.components().any(|part| {
            let name = part.as_os_str().to_str().unwrap();
            name == "tests" || name == "tests.rs" || name == "fixture.rs"
        });
        let only_names = path.ends_with("domain/fault_name.rs") || path.ends_with("advice/table.rs");
        if is_test || only_names || path.extension().is_none_or(|ending| ending != "rs") {
            continue;
        }
        let text = String::from_utf8(bytes).unwrap();
        code.push(text.split("#[cfg(test)]").next().unwrap().to_owned());
    }
    let stale: Vec<&FaultName> = FaultName::ALL
        .iter()
        .filter(|fault| !is_raised(**fault, &code))
        .collect();
    assert!(stale.is_empty(), "faults that nobody raises: {stale:?}");
    assert!(!is_raised(
        FaultName::NoTests,
        &["FaultName::NoTestsAtAll".to_owned()]
    ));
}

#[test]
fn nothing_is_advised_against_what_a_model_did() {
    let retried = |command: &str| command.starts_with("fleet retry") || command.starts_with("fleet regrade");
    for fault in FaultName::ALL {
        let advice = advice::on(*fault);
        if fault.class() == Class::Model {
            assert!(advice.run.is_empty(), "{fault}");
            continue;
        }
        let last = advice.run.last();
        let looks = advice
            .run
            .iter()
            .any(|command| command.starts_with("fleet logs") || command.starts_with("fleet images"));
        assert!(
            last.is_some_and(|last| retried(last)) || looks,
            "{fault} ends in no way out"
        );
    }
}
