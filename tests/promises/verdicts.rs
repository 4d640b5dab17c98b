//! Verdicts that can be asked for again: of trajectories that exist already, of results that were copied away,
//! of instances that turn out to be no good.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::instances::{dataset, first, result};
use crate::support::{Lab, Ran, World, files};

/// Run 1 of `scripted` is half of the fix, run 2 is right.
const TWO_ANSWERS: &str = "2000000000000001";
/// Its second answer is right; the first is none.
const SECOND_ANSWER: &str = "2000000000000002";
const GOOD: &str = "2000000000000003";
/// The answer prints what graders look for, and runs no test.
const FORGED: &str = "2000000000007920";

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every `verdict.json` below a directory.
fn verdicts(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = files::regular(dir);
    found.retain(|path, _| path.ends_with("verdict.json"));
    found
}

/// What a row of `results.jsonl` says of a job.
fn row(world: &World, set: &str, instance: &str, model: &str, run: u32) -> Value {
    let rows = read(&world.path("results/results.jsonl"));
    let mut rows = rows
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.find(|row| {
        row["set"] == set && row["instance"] == instance && row["model"] == model && row["run"] == run
    })
    .unwrap_or_else(|| panic!("no row for {set}/{instance}/{model}/run{run}"))
}

/// `regrade` where there is no `fleet.toml`, as on another machine.
fn elsewhere(world: &World, copy: &Path, args: &[&str]) -> Ran {
    let away = copy.parent().unwrap();
    assert!(!away.join("fleet.toml").exists());
    let mut command = Command::new(world.command(&[]).get_program());
    command.current_dir(away).env_clear();
    command.arg("regrade").args(args).arg(copy);
    command.output().unwrap().into()
}

#[test]
fn a_trajectory_gets_one_verdict_whoever_asks_and_however_often() {
    let lab = Lab::engines(1);
    let world = World::native(&lab);
    let host = lab.names()[0];
    // Other graders read nothing but errors into a command that looks for its environment in two places.
    let forged = world.variant(FORGED, FORGED, |instance| {
        let command = instance["test_command"].as_str().unwrap();
        instance["test_command"] = command.replace("source /saved/ENV || ", "").into();
    });
    let file = |instance: &str| {
        if instance == FORGED {
            forged.clone()
        } else {
            dataset(instance)
        }
    };
    let job = |instance: &str, model: &str, run: u32| json!({ "instance_id": instance, "model": model, "run": run, "dataset_file": file(instance) });
    let runs = [(TWO_ANSWERS, 1), (TWO_ANSWERS, 2), (FORGED, 1)];
    let mut entries = runs
        .map(|(instance, run)| job(instance, "scripted", run))
        .to_vec();
    entries.push(job(GOOD, "gold", 1));
    world.asked("made", host, &entries);
    world.fleet(&["dispatch", "assignments/made.json"]).ok();
    world.fleet(&["collect"]).ok();
    let decision = |run| row(&world, "made", TWO_ANSWERS, "scripted", run)["verdict"].clone();
    assert_eq!(
        (decision(1), decision(2)),
        (json!("unresolved"), json!("resolved"))
    );

    // The same trajectories, given.
    let entries = runs.map(|(instance, run)| {
        let trajectory = format!("results/made/{instance}/scripted/run{run}/out/output.jsonl");
        let mut job = job(instance, "scripted", run);
        job["trajectory_file"] = json!(world.path(&trajectory));
        job
    });
    world.asked("given", host, &entries);
    world.fleet(&["dispatch", "assignments/given.json"]).ok();
    world.fleet(&["collect"]).ok();
    for (instance, run) in runs {
        let job = format!("{instance}/scripted/run{run}");
        let said = result(&world, "given", &job, "log/trajectory.log");
        assert!(
            said.contains("a trajectory that was given") && !said.contains("scripted:"),
            "{said}"
        );
        let verdict = |set: &str| -> Value {
            serde_json::from_str(&result(&world, set, &job, "verdict.json")).unwrap()
        };
        let (made, given) = (verdict("made"), verdict("given"));
        for part in ["verdict", "grading", "metrics", "patch_bytes", "image"] {
            assert_eq!(given[part], made[part], "{part} of {job}");
        }
    }

    // Collecting again changes no byte.
    let before = files::regular(&world.path("results"));
    world.fleet(&["collect"]).ok();
    let after = files::regular(&world.path("results"));
    for (path, bytes) in &before {
        assert!(
            after.get(path) == Some(bytes),
            "{} is another now",
            path.display()
        );
    }
    assert_eq!(before.len(), after.len());

    regrading_is_the_same_anywhere(&world);
}

fn regrading_is_the_same_anywhere(world: &World) {
    let results = world.path("results");
    let stand = files::regular(&results);
    let first = world.fleet(&["regrade", "--json"]).ok();
    assert_eq!(first.json()["graded"], 7);
    assert_eq!(first.json()["changed"], 0);
    assert_eq!(world.fleet(&["regrade", "--json"]).ok().stdout, first.stdout);
    assert!(
        files::regular(&results) == stand,
        "regrading changed what it graded"
    );

    // A copy without its verdicts gets the very same ones.
    let away = tempfile::tempdir().unwrap();
    let copy = away.path().join("copied");
    let done = Command::new("cp")
        .arg("-r")
        .args([&results, &copy])
        .status()
        .unwrap();
    assert!(done.success());
    for path in verdicts(&copy).keys() {
        fs::remove_file(copy.join(path)).unwrap();
    }
    let fresh = elsewhere(world, &copy, &["--dry-run", "--json"]).ok();
    assert_eq!(fresh.json()["changed"], 7);
    assert!(verdicts(&copy).is_empty(), "--dry-run wrote");
    elsewhere(world, &copy, &[]).ok();
    assert_eq!(verdicts(&copy), verdicts(&results));
    assert_eq!(elsewhere(world, &copy, &["--json"]).ok().stdout, first.stdout);

    // Other rules, for comparison only. What would have deceived them is not there: the patch's conftest.py went back before
    // the tests.
    let stand = files::regular(&copy);
    let theirs = elsewhere(world, &copy, &["--compat", "velora-head", "--json"])
        .ok()
        .json();
    let results = theirs["results"].as_array().unwrap();
    let forged: Vec<&Value> = results
        .iter()
        .filter(|one| one["path"].as_str().unwrap().contains(FORGED))
        .collect();
    assert_eq!(forged.len(), 2);
    assert!(forged.iter().all(|one| one["now"]["decision"] == "unresolved"));
    assert!(results.iter().all(|one| one["changed"] == false), "{theirs:#}");
    assert!(files::regular(&copy) == stand, "--compat wrote");

    // What the rules look at decides, and what has changed is shown.
    let dir = format!("made/{GOOD}/gold/run1");
    let log = copy.join(&dir).join("out/test_output.log.gz");
    spoil(&log);
    let stand = files::regular(&copy);
    let shown = elsewhere(world, &copy, &["--dry-run"])
        .ok()
        .says("1 would change");
    assert!(files::regular(&copy) == stand, "--dry-run wrote");
    let line = shown.stdout.lines().find(|line| line.contains(GOOD)).unwrap();
    assert!(line.contains("resolved") && line.contains("unresolved"), "{line}");
    elsewhere(world, &copy, &[]).ok().says("1 changed");
    elsewhere(world, &copy, &[]).ok().says("0 changed");
    let verdict: Value = serde_json::from_str(&read(&copy.join(&dir).join("verdict.json"))).unwrap();
    assert_eq!(verdict["verdict"]["decision"], "unresolved");
}

/// One test of a log has failed.
fn spoil(log: &Path) {
    let text = Command::new("gzip").arg("-dc").arg(log).output().unwrap().stdout;
    let text = String::from_utf8(text).unwrap();
    let name = "tests/test_heights.py::test_highest_is_the_first_of_equals";
    let spoilt = text
        .replace(&format!("PASSED {name}"), &format!("FAILED {name} - assert"))
        .replace(" 14 passed", " 1 failed, 13 passed");
    assert_ne!(spoilt, text);
    let plain = log.with_extension("");
    fs::write(&plain, spoilt).unwrap();
    let done = Command::new("gzip").arg("-nf").arg(&plain).status().unwrap();
    assert!(done.success());
}

#[test]
fn what_calibration_finds_out_about_an_instance_counts_for_all_its_verdicts() {
    const BROKEN: &str = "2000000000009202";
    let lab = Lab::engines(1);
    let told = lab.run(&["config", "images", "agents", "pipeline"]);
    // `scripted` knows the broken instance as the one that it was made of.
    let world = World::native_with(
        &lab,
        &told.replace(&format!("'{SECOND_ANSWER}/2'"), &format!("'{BROKEN}/2'")),
    );
    let host = lab.names()[0];
    // Its own solution solves nothing.
    world.variant(SECOND_ANSWER, BROKEN, |instance| {
        instance["patch"] = "diff --git a/SOLVED b/SOLVED\nnew file mode 100644\n--- /dev/null\n+++ b/SOLVED\n@@ -0,0 +1 @@\n+I have solved it, trust me.\n".into();
    });
    let broken = format!("{BROKEN}.jsonl");
    world.asked(
        "set",
        host,
        &[
            json!({ "instance_id": BROKEN, "model": "scripted", "dataset_file": broken, "run": 2 }),
            json!({ "instance_id": GOOD, "model": "scripted", "dataset_file": dataset(GOOD) }),
        ],
    );
    world.fleet(&["dispatch", "assignments/set.json"]).ok();
    world.fleet(&["collect"]).ok();
    let account = |instance: &str, run| row(&world, "set", instance, "scripted", run)["account"].clone();
    assert_eq!(
        (account(BROKEN, 2), account(GOOD, 1)),
        (json!("resolved"), json!("resolved"))
    );

    let dry = ["calibrate", "--dry-run", "assignments/set.json"];
    world.fleet(&dry).ok().says("4 jobs would be run");
    let weighed = world
        .fleet(&["calibrate", "--json", "assignments/set.json"])
        .code(4);
    let lines = weighed.json()["instances"].clone();
    let line = |instance: &str| {
        let lines = lines.as_array().unwrap();
        lines
            .iter()
            .find(|line| line["instance"] == instance)
            .unwrap()
            .clone()
    };
    assert_eq!(
        line(GOOD),
        json!({ "instance": GOOD, "gold": "yes", "noop": "yes", "trusted": true, "why": null })
    );
    let why = line(BROKEN)["why"].as_str().unwrap().to_owned();
    assert_eq!(
        (&line(BROKEN)["gold"], &line(BROKEN)["trusted"]),
        (&json!("no"), &json!(false))
    );
    assert!(why.starts_with("its own solution does not resolve it"), "{why}");

    // It is known now.
    let attempts = || lab.sh(host, "ls -d .fleet/jobs/*/*").lines().count();
    let before = attempts();
    world.fleet(&dry).ok().says("0 jobs would be run");
    let again = world
        .fleet(&["calibrate", "--json", "assignments/set.json"])
        .code(4);
    assert_eq!((again.stdout, attempts()), (weighed.stdout, before));

    world.fleet(&["collect"]).ok();
    let distrusted = row(&world, "set", BROKEN, "scripted", 2);
    assert_eq!(distrusted["account"], "undecided", "{distrusted:#}");
    assert_eq!(
        distrusted["why"],
        format!("the instance cannot be trusted: {why}")
    );
    assert_eq!(account(GOOD, 1), "resolved");
}

#[test]
fn an_environment_that_fails_is_never_graded() {
    const NO_DIRECTORY: &str = "2000000000009203";
    const NO_REPOSITORY: &str = "2000000000009204";
    const NO_RUNNER: &str = "2000000000009205";
    let lab = Lab::engines(1);
    let world = World::native(&lab);
    world.variant(GOOD, NO_DIRECTORY, |instance| {
        first(instance, "cd /app/repo-of-old || exit");
    });
    world.variant(GOOD, NO_REPOSITORY, |instance| {
        instance["repo_path"] = "/app/elsewhere".into();
    });
    world.variant(GOOD, NO_RUNNER, |instance| {
        instance["test_command"] = "/opt/no/such/pytest -rA".into();
    });
    let broken = [NO_DIRECTORY, NO_REPOSITORY, NO_RUNNER];
    let entries =
        broken.map(|id| json!({ "instance_id": id, "model": "gold", "dataset_file": format!("{id}.jsonl") }));
    world.asked("set", lab.names()[0], &entries);
    world.fleet(&["dispatch", "assignments/set.json"]).code(4);
    assert_eq!(world.count("excluded"), 3, "{:#}", world.status());
    world.fleet(&["collect"]).ok();
    for (id, name, words) in [
        (
            NO_DIRECTORY,
            "environment-broken",
            "cd: /app/repo-of-old: No such file or directory",
        ),
        (
            NO_REPOSITORY,
            "base-commit-missing",
            "there is no directory /app/elsewhere",
        ),
        (
            NO_RUNNER,
            "environment-broken",
            "/opt/no/such/pytest: No such file or directory",
        ),
    ] {
        let row = row(&world, "set", id, "gold", 1);
        assert_eq!(row["account"], "excluded", "{row:#}");
        assert_eq!(
            (&row["class"], &row["fault"]),
            (&json!("image"), &json!(name)),
            "{row:#}"
        );
        assert_ne!(row["verdict"], "unresolved", "{row:#}");
        let told = format!("{} {}", row["why"], row["how"]);
        assert!(told.contains(words), "{row:#}");
    }
}
