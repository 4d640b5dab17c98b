//! `fleet assign`: what is missing of a product, shared out, as a file that `fleet dispatch` takes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{World, files};

const ARGS: [&str; 9] = [
    "assign",
    "--datasets",
    "data",
    "--models",
    "gpt,kimi",
    "--runs",
    "3",
    "--set",
    "phase9",
];
const FILE: &str = "assignments/phase9.json";

/// Twenty instances of eight repositories, each repository's with one image, in one file a repository.
fn datasets(world: &World) {
    for repo in 0..8 {
        let lines: Vec<String> = (0..20)
            .filter(|n| n % 8 == repo)
            .map(|n| {
                json!({
                    "instance_id": instance(n), "repo": format!("acme/r{repo}"),
                    "base_commit": format!("{repo:040x}"), "FAIL_TO_PASS": ["t.py::a"], "PASS_TO_PASS": [],
                    "language": "python", "test_command": "pytest",
                })
                .to_string()
            })
            .collect();
        world.write(&format!("data/acme__r{repo}.jsonl"), &(lines.join("\n") + "\n"));
    }
}

fn instance(n: usize) -> String {
    format!("13196034495766{n:02}")
}

fn world(script: &str) -> World {
    let world = World::local(5).script(script);
    datasets(&world);
    world
}

/// An assignment of these questions: instance, model, run.
fn ask(world: &World, set: &str, questions: &[(usize, &str, u32)]) -> String {
    let entries: Vec<Value> = questions
        .iter()
        .map(|(n, model, run)| {
            json!({ "instance_id": instance(*n), "model": model, "run": run, "dataset_file": format!("../data/acme__r{}.jsonl", n % 8) })
        })
        .collect();
    world.assignment(set, &json!({ "*": entries }).to_string());
    format!("assignments/{set}.json")
}

type Question = (String, String, u64);

fn file(world: &World, name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(world.path(name)).unwrap()).unwrap()
}

/// What an assignment asks for: the questions of each host, and each host's repositories.
fn asked(file: &Value) -> (Vec<Question>, BTreeMap<String, BTreeSet<String>>) {
    let (mut questions, mut repos) = (Vec::new(), BTreeMap::new());
    for (host, entries) in file.as_object().unwrap() {
        for entry in entries.as_array().unwrap() {
            let text = |key: &str| entry[key].as_str().unwrap().to_owned();
            questions.push((
                text("instance_id"),
                text("model"),
                entry["run"].as_u64().unwrap_or(1),
            ));
            let repo = text("dataset_file");
            repos
                .entry(host.clone())
                .or_insert_with(BTreeSet::new)
                .insert(repo);
        }
    }
    (questions, repos)
}

#[test]
fn the_seventy_nine_missing_of_a_product_are_shared_out_once_each() {
    // The first answer to kimi's third tries of four instances is a failure of the program.
    let world = world("case $FLEET_MODEL-$FLEET_RUN in kimi-3) exit 1;; esac");
    // 120 are wanted: 45 have been asked for in two sets, and 4 of these failed.
    let mut earlier: Vec<(usize, &str, u32)> = (0..20).map(|n| (n, "gpt", 1)).collect();
    earlier.extend((0..4).map(|n| (n, "kimi", 3)));
    let phase7 = ask(&world, "phase7", &earlier);
    let later: Vec<_> = (0..20).map(|n| (n, "gpt", 2)).chain([(0, "gpt", 3)]).collect();
    let phase8 = ask(&world, "phase8", &later);
    world.fleet(&["dispatch", &phase7, &phase8]).code(4);
    // The first set is known by its collected results alone: neither database nor hosts remember it.
    world.fleet(&["collect"]).ok();
    fs::rename(world.path("results/phase7"), world.path("old")).unwrap();
    fs::remove_dir_all(world.path("state")).unwrap();
    fs::remove_dir_all(world.path("results")).unwrap();
    fs::remove_dir_all(world.path("hosts")).unwrap();
    world.fleet(&["dispatch", &phase8]).ok();

    let mut args = ARGS.to_vec();
    args.extend(["--done", "old"]);
    let ran = world.fleet(&args).ok();
    let ran = ran
        .says("120 jobs wanted, 79 missing")
        .says("taken away: 21 with a result that counts, 20 with one among collected results")
        .says("missing again: 4 failed");
    let (questions, repos) = asked(&file(&world, FILE));
    assert_eq!(questions.len(), 79);
    let mut wanted = BTreeSet::new();
    for n in 0..20 {
        wanted.extend((1..=3).map(|run| (instance(n), "kimi".to_owned(), run)));
        if n > 0 {
            wanted.insert((instance(n), "gpt".to_owned(), 3));
        }
    }
    assert_eq!(questions.iter().cloned().collect::<BTreeSet<_>>(), wanted);
    assert_eq!(repos.len(), 5, "every host has something to do");
    assert_eq!(ran.stdout.lines().count(), 6, "{}", ran.stdout);
    assert!(
        !ran.stdout.contains("unknown"),
        "earlier jobs say how long: {}",
        ran.stdout
    );

    // What was written is what others take.
    world.fleet(&["check", FILE]).ok();
    let first = fs::read_to_string(world.path(FILE)).unwrap();
    assert!(
        first.contains("\"dataset_file\": \"../data/acme__r0.jsonl\""),
        "{first}"
    );
    assert!(
        first.contains("\"task_name\": \"acme__r0-1319603449576600\""),
        "{first}"
    );
    // Twice is once.
    world.fleet(&args).ok().says("nothing changed");
    assert_eq!(fs::read_to_string(world.path(FILE)).unwrap(), first);
    // And once it has run, nothing is missing but what failed again.
    world.fleet(&["dispatch", FILE]).code(4);
    world
        .fleet(&args)
        .code(5)
        .says("set `phase9` has 20 jobs of the missing ones already")
        .says("`fleet retry`");
    args[8] = "phase10";
    world.fleet(&args).ok().says("120 jobs wanted, 20 missing");
}

#[test]
fn what_is_under_way_is_not_asked_for_again_and_what_was_cancelled_is() {
    let world = world("echo x >> \"$LEDGER\"; exec sleep 1000");
    let phase8 = ask(&world, "phase8", &[(0, "gpt", 1), (1, "gpt", 1)]);
    let mut dispatch = world.start(&["dispatch", &phase8]);
    world.until_ledger_has(2);
    world
        .fleet(&ARGS)
        .ok()
        .says("120 jobs wanted, 118 missing; taken away: 2 under way");
    world.fleet(&["cancel", "--set", "phase8"]).ok();
    assert_eq!(dispatch.wait().unwrap().code(), Some(4), "{}", world.talk());
    world
        .fleet(&ARGS)
        .code(5)
        .says("assignments/phase9.json is there and says something else")
        .says("--force");
    let mut args = ARGS.to_vec();
    args.push("--force");
    world
        .fleet(&args)
        .ok()
        .says("120 missing; missing again: 2 cancelled");
}

#[test]
fn a_dry_run_writes_nothing_and_as_json_it_has_the_whole_assignment_with_images_kept_together() {
    let world = world("true");
    let before = files::regular(world.as_ref());
    let mut args = ARGS.to_vec();
    args.extend(["--dry-run", "--json"]);
    let ran = world.fleet(&args).ok();
    let report = ran.says("nothing was").json();
    let mut after = files::regular(world.as_ref());
    after.retain(|path, _| path != Path::new("fleet.toml"));
    assert_eq!(
        before.keys().collect::<Vec<_>>(),
        after.keys().collect::<Vec<_>>()
    );
    assert_eq!(report["version"], 1);
    assert_eq!(report["written"], "dry-run");
    assert_eq!(
        (&report["wanted"], &report["missing"]),
        (&json!(120), &json!(120))
    );
    assert_eq!(
        report["hosts"][0]["expected_ms"],
        Value::Null,
        "nothing has ever run"
    );
    // Where nothing has ever run, all jobs are equal, and no image is more than a fair share.
    let (questions, repos) = asked(&report["assignment"]);
    assert_eq!(questions.iter().collect::<BTreeSet<_>>().len(), 120);
    let homes: Vec<&String> = repos.values().flatten().collect();
    assert_eq!(homes.len(), 8, "each image is on one host: {repos:?}");
    let mut shares: Vec<u64> = report["hosts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|host| host["jobs"].as_u64().unwrap())
        .collect();
    shares.sort_unstable();
    assert_eq!(shares, [18, 18, 24, 30, 30]);
}

#[test]
fn the_file_may_bind_nobody_or_only_some_and_lie_anywhere() {
    let world = world("true");
    world
        .fleet(&[
            "assign",
            "--datasets",
            "data/acme__r0.jsonl",
            "data/acme__r1.jsonl",
            "--models",
            "gpt",
            "--out",
            "far/away/pool.json",
            "--star",
        ])
        .ok();
    let (questions, places) = asked(&file(&world, "far/away/pool.json"));
    assert_eq!(questions.len(), 6);
    assert_eq!(places.keys().collect::<Vec<_>>(), ["*"]);
    assert_eq!(
        places["*"].iter().collect::<Vec<_>>(),
        ["../../data/acme__r0.jsonl", "../../data/acme__r1.jsonl"]
    );
    world.fleet(&["check", "far/away/pool.json"]).ok();
    world
        .fleet(&[
            "assign",
            "--datasets",
            "data",
            "--models",
            "kimi",
            "--set",
            "few",
            "--hosts",
            "eval2,eval4",
        ])
        .ok();
    let (questions, places) = asked(&file(&world, "assignments/few.json"));
    assert_eq!(questions.len(), 20);
    assert_eq!(places.keys().collect::<Vec<_>>(), ["eval2", "eval4"]);
    // A host that is gone or held gets nothing, unless it is named.
    world.fleet(&["dispatch", "assignments/few.json"]).ok();
    world
        .fleet(&["host", "gone", "eval1", "--because", "on fire"])
        .ok();
    world.fleet(&["drain", "eval3", "--because", "new disk"]).ok();
    world
        .fleet(&["assign", "--datasets", "data", "--models", "gpt", "--set", "rest"])
        .ok()
        .says("eval1 gets nothing: it was declared gone (on fire)")
        .says("eval3 gets nothing: it is draining (new disk)");
    let (_, places) = asked(&file(&world, "assignments/rest.json"));
    assert_eq!(places.keys().collect::<Vec<_>>(), ["eval2", "eval4", "eval5"]);
}

#[test]
fn everything_that_is_wrong_is_told_at_once_and_nothing_is_written() {
    let world = world("true");
    world.write("data/torn.jsonl", "{\"instance_id\": \"x\", \n");
    world.write("data/twice.jsonl", &{
        let text = fs::read_to_string(world.path("data/acme__r3.jsonl")).unwrap();
        text.replace("t.py::a", "t.py::b")
    });
    let ran = world
        .fleet(&[
            "assign",
            "--datasets",
            "data",
            "none.jsonl",
            "--models",
            "gtp,opus",
            "--set",
            "x",
            "--hosts",
            "eval9",
            "--pipeline",
            "jib",
        ])
        .code(2);
    ran.says("fleet.toml has no model `gtp`")
        .says("fleet.toml has no model `opus`")
        .says("fleet.toml has no host `eval9`")
        .says("fleet.toml has no pipeline `jib`")
        .says("torn.jsonl")
        .says("is in data/acme__r3.jsonl and, with other data, in data/twice.jsonl")
        .says("cannot read none.jsonl");
    assert!(!world.path("assignments/x.json").exists());
    let few = ["--datasets", "data/acme__r0.jsonl", "--models", "gpt"];
    let with = |more: &[&'static str]| {
        let mut args = vec!["assign"];
        args.extend(few);
        args.extend(more);
        world.fleet(&args)
    };
    with(&[]).code(2).says("--set");
    with(&["--set", "../x"]).code(2);
    with(&["--out", "a b.json"])
        .code(2)
        .says("the file's name names the set");
    with(&["--set", "one", "--out", "two.json"])
        .code(2)
        .says("two.json is set `two`, not `one`");
    with(&["--set", "x", "--runs", "0"]).code(2);
    with(&["--set", "x", "--done", "nowhere"])
        .code(2)
        .says("cannot look into nowhere");
    assert!(!world.path("assignments/x.json").exists());
}
