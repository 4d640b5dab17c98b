//! Bad input: each a clear error with its place, exit code 2, and nothing half done.

use std::fs;

use crate::support::{Ran, World};

const FILE: &str = "assignments/phase8.json";

fn world() -> World {
    let world = World::local(2).script("echo x >> \"$LEDGER\"");
    world.write("assignments/data.jsonl", "{}\n");
    world
}

/// Refused as input, with all of these words, and without a trace.
#[track_caller]
fn refused(world: &World, args: &[&str], words: &[&str]) -> Ran {
    let mut ran = world.fleet(args).code(2);
    for word in words {
        ran = ran.says(word);
    }
    assert!(!ran.stderr.contains('\u{1b}'));
    assert!(!world.path("state/fleet.sqlite").exists(), "something was stored");
    assert!(world.ledger().is_empty(), "something ran");
    ran
}

#[test]
fn each_broken_assignment_is_refused_with_line_and_column() {
    let world = world();
    let entry = |key: &str, value: &str| {
        let mut entry =
            serde_json::json!({ "instance_id": "a", "model": "gpt", "dataset_file": "data.jsonl" });
        entry[key] = serde_json::from_str(value).unwrap();
        format!("{{\n\"eval1\": [\n{entry}\n]}}")
    };
    let long = format!("\"{}\"", "x".repeat(129));
    let cases: Vec<(String, Vec<&str>)> = vec![
        (String::new(), vec![":1:1: this is not JSON"]),
        ("{\"eval1\": [\n{]}".to_owned(), vec![":2:2: this is not JSON"]),
        (
            "[1]".to_owned(),
            vec![":1:1: an assignment is an object, not a list"],
        ),
        ("{}".to_owned(), vec![":1:1: there is no job here"]),
        ("{\"eval1\": []}".to_owned(), vec![":1:11: this list is empty"]),
        (
            "{\"eval1\": {}}".to_owned(),
            vec![":1:11: a host's jobs are a list"],
        ),
        (
            "{\"evla1\": [{}]}".to_owned(),
            vec![":1:2: unknown host `evla1`", "did you mean `eval1`?"],
        ),
        (
            entry("model", "\"gtp\""),
            vec![":3:", "unknown model `gtp`", "did you mean `gpt`?"],
        ),
        (
            entry("pipeline", "\"jobs\""),
            vec![":3:", "unknown pipeline `jobs`", "did you mean `job`?"],
        ),
        (entry("colour", "1"), vec![":3:", "unknown key `colour`"]),
        (
            entry("instance_id", "17"),
            vec![":3:", "must be a string, not a number"],
        ),
        (entry("instance_id", "\"../../etc\""), vec![":3:", "contains '/'"]),
        (
            entry("instance_id", "\"/etc/passwd\""),
            vec![":3:", "contains '/'"],
        ),
        (entry("instance_id", "\"..\""), vec![":3:", "starts with '.'"]),
        (entry("instance_id", "\"a\\nb\""), vec![":3:", "contains '\\n'"]),
        (entry("instance_id", "\"a;id\""), vec![":3:", "contains ';'"]),
        (entry("instance_id", "\"$(id)\""), vec![":3:", "contains '$'"]),
        (entry("instance_id", "\"a b\""), vec![":3:", "contains ' '"]),
        (entry("instance_id", "\"-rf\""), vec![":3:", "starts with '-'"]),
        (
            entry("instance_id", "\"a\\u0000\""),
            vec![":3:", "contains '\\0'"],
        ),
        (entry("instance_id", "\"\\u001b[31m\""), vec![":3:", "contains"]),
        (entry("instance_id", "\"\""), vec![":3:", "is empty"]),
        (
            entry("instance_id", &long),
            vec![":3:", "129 bytes long; 128 at most"],
        ),
        (
            entry("task_name", "\"../x\""),
            vec![":3:", "`task_name`", "contains '/'"],
        ),
        (entry("model", "\"a/b\""), vec![":3:", "unknown model `a/b`"]),
        (entry("runs", "0"), vec![":3:", "whole number from 1 to 1000"]),
        (entry("run", "-1"), vec![":3:", "whole number from 1 to 1000"]),
        (
            entry("env", "[\"KEY=value\"]"),
            vec![":3:", "write the name only"],
        ),
        (entry("dataset_file", "\"\""), vec![":3:", "is empty"]),
        (
            entry("dataset_file", "\"gone.jsonl\""),
            vec![
                ":3:",
                "cannot read the dataset assignments/gone.jsonl",
                "No such file",
            ],
        ),
        (
            entry("dataset_file", "\"../assignments\""),
            vec![":3:", "is a directory"],
        ),
        (entry("dataset_file", "\"empty.jsonl\""), vec![":3:", "is empty"]),
        (
            entry("dataset_file", "\"binary.jsonl\""),
            vec![":3:", "is not text (byte 2 is not UTF-8)"],
        ),
        (entry("dataset_file", "\"a\\u0000\""), vec![":3:"]),
    ];
    world.write("assignments/empty.jsonl", " \n");
    fs::write(world.path("assignments/binary.jsonl"), b"{}\xff").unwrap();
    for (text, words) in cases {
        world.assignment("phase8", &text);
        let mut all = vec!["assignments/phase8.json", "nothing was done"];
        all.extend(words);
        refused(&world, &["dispatch", FILE], &all);
        refused(&world, &["dispatch", "--check", FILE], &all);
    }
}

#[test]
fn a_job_that_is_there_twice_is_refused_and_both_lines_are_named() {
    let world = world();
    let entry = r#"{"instance_id": "a", "model": "gpt", "dataset_file": "data.jsonl"}"#;
    world.assignment(
        "phase8",
        &format!("{{\"eval1\": [\n{entry}\n],\n\"eval2\": [\n{entry}\n]}}"),
    );
    refused(
        &world,
        &["dispatch", FILE],
        &[
            "phase8.json:5:1:",
            "this is the job of line 2 again",
            "number them with `run`",
        ],
    );
    world.assignment(
        "phase8",
        &format!("{{\"eval1\": [{entry}],\n\"eval1\": [{entry}]}}"),
    );
    refused(
        &world,
        &["dispatch", FILE],
        &["host `eval1` is here twice; first on line 1"],
    );
}

#[test]
fn a_file_that_is_not_there_or_no_file_or_no_text_is_refused() {
    let world = world();
    refused(
        &world,
        &["dispatch", "assignments/none.json"],
        &["cannot read assignments/none.json", "No such file"],
    );
    refused(
        &world,
        &["dispatch", "assignments"],
        &["cannot read assignments", "directory"],
    );
    fs::write(world.path("assignments/binary.json"), b"{\xff}").unwrap();
    refused(
        &world,
        &["dispatch", "assignments/binary.json"],
        &["is not text (byte 1 is not UTF-8)"],
    );
    refused(&world, &["dispatch"], &["FILE"]);
}

#[test]
fn a_file_whose_name_cannot_name_a_set_is_refused() {
    let world = world();
    let jobs = r#"{"eval1": [{"instance_id": "a", "model": "gpt", "dataset_file": "data.jsonl"}]}"#;
    for name in [
        "two words",
        "$(id)",
        "-x",
        "semi;colon",
        ".hidden",
        "new\nline",
        "\u{1b}[31m",
    ] {
        let path = world.assignment(name, jobs);
        let path = path.strip_prefix(&world).unwrap();
        refused(
            &world,
            &["dispatch", "--", path.to_str().unwrap()],
            &["the file's name names the set of jobs", "rename the file"],
        );
    }
}

#[test]
fn faults_of_two_files_are_told_together() {
    let world = world();
    world.assignment("one", "{\"eval1\": [\n{}]}");
    world.assignment("two", "{\"eval9\": [");
    refused(
        &world,
        &[
            "dispatch",
            "assignments/one.json",
            "assignments/two.json",
            "assignments/three.json",
        ],
        &[
            "one.json:2:1: missing key `instance_id`",
            "one.json:2:1: missing key `model`",
            "two.json:1:11: this is not JSON",
            "cannot read assignments/three.json",
        ],
    );
}

#[test]
fn one_good_file_beside_a_bad_one_is_not_begun() {
    let world = world();
    world.assign("good", &[("eval1", "a", "gpt")]);
    world.assignment("bad", "{}");
    refused(
        &world,
        &["dispatch", "assignments/good.json", "assignments/bad.json"],
        &["there is no job here"],
    );
}

#[test]
fn every_fault_of_a_broken_configuration_is_told_at_once() {
    let world = world().toml(
        "[[host]]\nname = \"eval1\"\nslots = 0\nslto = 2\n[[host]]\nname = \"../x\"\nslots = \"two\"\n[[model]]\nname = 7\n[[pipeline]]\nname = \"q\"\n[[pipeline.phase]]\nname = \"p\"\nrun = []\ndeadline = \"soon\"",
    );
    world.assign("phase8", &[("eval1", "a", "gpt")]);
    let verbs: [&[&str]; 5] = [
        &["dispatch", FILE],
        &["dispatch", "--detach", FILE],
        &["status"],
        &["collect"],
        &["hosts"],
    ];
    for args in verbs {
        refused(
            &world,
            args,
            &[
                "fleet.toml:",
                "there is a host `eval1` already",
                "slots: 0 is not a whole number from 1 to 64",
                "unknown key `slto`; known: name, ssh, local, slots",
                "`../x` contains '/'",
                "not a string",
                "not a number",
                "`run` names no program",
                "`soon` is not a length of time",
                "8 faults in fleet.toml; nothing was done",
            ],
        );
    }
}

#[test]
fn a_configuration_that_is_not_there_is_told_with_the_way_to_one() {
    let world = world();
    refused(
        &world,
        &["--config", "other.toml", "status"],
        &["cannot read other.toml", "`fleet init` writes one"],
    );
    refused(
        &world,
        &["--config", "assignments", "status"],
        &["cannot read assignments"],
    );
}

#[test]
fn words_that_are_no_verbs_or_flags_are_refused_with_a_suggestion() {
    let world = world();
    refused(&world, &["dipsatch", FILE], &["dispatch"]);
    refused(&world, &["dispatch", "--detahc", FILE], &["--detach"]);
    refused(&world, &[], &["Usage"]);
}
