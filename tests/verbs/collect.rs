//! `fleet collect`: every result home, verified, in one tidy tree, however often and however interrupted.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::support::{GO, World, files, wait};

const FILE: &str = "assignments/phase8.json";

/// What a job may leave: files of every kind, and names that careless code gets wrong.
const ODD: &str = r#"
cd "$FLEET_OUT"
head -c 100000 /dev/urandom > random.bin
: > empty
mkdir -p deep/er/est
echo nested > deep/er/est/file
echo a > 'with space'
echo b > "quote'\"s"
echo c > '$(touch pwned)'
echo d > ./-rf
echo e > 'new
line'
echo f > 'Überraschung 文件'
echo g > .hidden
echo h > '*'
printf 'no newline at the end' > torn
ln -s /etc/passwd link
ln -s nowhere dangling
mkfifo pipe
"#;

/// The attempt's `out/` on the only host, if it has one attempt.
fn out_on_host(world: &World) -> PathBuf {
    let capsules = world.capsules("eval1");
    let [capsule] = &capsules[..] else {
        panic!("one attempt, not {capsules:?}")
    };
    capsule.join("out")
}

fn results(world: &World) -> PathBuf {
    world.path("results")
}

#[test]
fn results_are_byte_for_byte_what_the_host_wrote_whatever_the_files_are_called() {
    let world = World::local(1).script(ODD);
    world.jobs("phase8", 1, 0);
    world.fleet(&["dispatch", FILE]).ok();
    world.fleet(&["collect"]).ok().says("1 result new, 1 at home");
    let home = results(&world).join("phase8/eval1-0/gpt/run1");
    let (there, here) = (
        files::regular(&out_on_host(&world)),
        files::regular(&home.join("out")),
    );
    assert_eq!(there.len(), 12);
    assert_eq!(there, here);
    let result: serde_json::Value =
        serde_json::from_slice(&fs::read(home.join("result.json")).unwrap()).unwrap();
    assert_eq!(result["verified"], true);
    let left: Vec<&str> = result["left_out"]
        .as_array()
        .unwrap()
        .iter()
        .map(|left| left["path"].as_str().unwrap())
        .collect();
    assert_eq!(left, ["out/dangling", "out/link", "out/pipe"]);
    for name in [
        "result.json",
        "spec.json",
        "journal.jsonl",
        "manifest.json",
        "log/only.log",
    ] {
        assert!(home.join(name).is_file(), "{name}");
    }
}

#[test]
fn the_reports_tell_of_every_job_and_their_sums_agree() {
    let world = World::local(2).fleet_key("pinned = true").script(&format!(
        "echo x > \"$FLEET_OUT/answer\"; case $FLEET_INSTANCE in bad) echo 'error: =1+1' ; exit 3;; long) echo at work >> \"$LEDGER\"; {GO};; esac"
    ));
    world.assign(
        "phase8",
        &[
            ("eval1", "good", "gpt"),
            ("eval1", "bad", "gpt"),
            ("eval2", "long", "kimi"),
            ("eval2", "later", "kimi"),
        ],
    );
    let mut dispatch = world.start(&["dispatch", FILE]);
    wait::until("two jobs are closed and one runs", || {
        let status = world.fleet(&["status", "--json"]);
        let there = status.status.success().then(|| status.json()["total"].clone())?;
        (there["succeeded"] == 1 && there["failed"] == 1 && there["running"] == 1).then_some(())
    });
    world
        .fleet(&["collect"])
        .ok()
        .says("2 results new, 2 at home")
        .says("2 jobs are not finished yet")
        .prints("kimi");
    assert_eq!(
        accounts(&world),
        ["bad failed", "good succeeded", "later waiting", "long running"]
    );
    world.go();
    assert_eq!(dispatch.wait().unwrap().code(), Some(4));
    world.fleet(&["collect"]).ok().says("2 results new, 4 at home");
    assert_eq!(
        accounts(&world),
        [
            "bad failed",
            "good succeeded",
            "later succeeded",
            "long succeeded"
        ]
    );
    let csv = fs::read_to_string(results(&world).join("results.csv")).unwrap();
    assert_eq!(csv.lines().count(), 5);
    assert!(csv.contains("error: =1+1"), "{csv}");
    assert!(csv.lines().next().unwrap().contains("only_ms"));
}

/// Each job and its account, as `results.jsonl` has it; the sums of `summary.json` are checked on the way.
fn accounts(world: &World) -> Vec<String> {
    let lines = fs::read_to_string(results(world).join("results.jsonl")).unwrap();
    let rows: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let summary = fs::read(results(world).join("summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&summary).unwrap();
    let total = &summary["total"];
    let count = |account: &str| rows.iter().filter(|row| row["account"] == account).count() as u64;
    let names = ["waiting", "running", "succeeded", "failed", "cancelled"];
    let mut sum = 0;
    for name in names {
        assert_eq!(total[name], count(name), "{name}");
        sum += count(name);
    }
    assert_eq!(total["jobs"], sum);
    assert_eq!(total["jobs"], rows.len() as u64);
    for row in &rows {
        if let Some(path) = row["path"].as_str() {
            assert!(results(world).join(path).join("result.json").is_file());
            assert_eq!(row["verified"], true);
        }
    }
    let text = |row: &serde_json::Value, key: &str| row[key].as_str().unwrap().to_owned();
    rows.iter()
        .map(|row| format!("{} {}", text(row, "instance"), text(row, "account")))
        .collect()
}

#[test]
fn a_second_time_touches_nothing_that_is_at_home() {
    let world = World::local(2).script("echo x > \"$FLEET_OUT/answer\"");
    world.jobs("phase8", 2, 0);
    world.fleet(&["dispatch", FILE]).ok();
    world.fleet(&["collect"]).ok().says("4 results new, 4 at home");
    let before = stamps(&results(&world).join("phase8"));
    // The hosts are not even needed.
    fs::remove_dir_all(world.path("hosts")).unwrap();
    for args in [&["collect"][..], &["collect", "phase8"], &["collect", "--verify"]] {
        world.fleet(args).ok().says("0 results new, 4 at home");
    }
    assert_eq!(stamps(&results(&world).join("phase8")), before);
}

/// What would be another number, had the file been written again.
fn stamps(dir: &Path) -> BTreeMap<PathBuf, (u64, i64)> {
    let known = |below: PathBuf| {
        let found = fs::metadata(dir.join(&below)).unwrap();
        (below, (found.ino(), found.mtime_nsec()))
    };
    files::regular(dir).into_keys().map(known).collect()
}

#[test]
fn what_was_damaged_at_home_is_found_and_brought_again() {
    let world = World::local(1).script("echo right > \"$FLEET_OUT/answer\"; echo x > \"$FLEET_OUT/other\"");
    world.jobs("phase8", 1, 0);
    world.fleet(&["dispatch", FILE]).ok();
    world.fleet(&["collect"]).ok();
    let answer = results(&world).join("phase8/eval1-0/gpt/run1/out/answer");
    fs::write(&answer, "wrong\n").unwrap();
    world
        .fleet(&["collect", "--verify"])
        .ok()
        .says("1 result new, 1 at home");
    assert_eq!(fs::read_to_string(&answer).unwrap(), "right\n");
    fs::remove_file(&answer).unwrap();
    world.fleet(&["collect"]).ok().says("1 result new, 1 at home");
    assert_eq!(fs::read_to_string(&answer).unwrap(), "right\n");
}

#[test]
fn what_was_changed_on_the_host_after_the_job_does_not_come_home() {
    let world = World::local(1).script("echo right > \"$FLEET_OUT/answer\"");
    world.jobs("phase8", 1, 0);
    world.fleet(&["dispatch", FILE]).ok();
    fs::write(out_on_host(&world).join("answer"), "wrong\n").unwrap();
    world
        .fleet(&["collect"])
        .code(3)
        .says("answer is not what its manifest says")
        .says("changed on the host after the job ended");
    assert!(!results(&world).join("phase8/eval1-0/gpt/run1").exists());
}

#[test]
fn killed_in_the_middle_it_leaves_nothing_half_and_goes_on() {
    let world = World::local(2).script("head -c 10000000 /dev/urandom > \"$FLEET_OUT/big\"");
    world.jobs("phase8", 3, 0);
    world.fleet(&["dispatch", FILE]).ok();
    for round in 1..=3 {
        let mut collect = world.start(&["collect"]);
        wait::until("it is under way", || {
            let bytes = files::bytes(&results(&world).join(".incoming"));
            (bytes > round * 6_000_000 || collect.try_wait().unwrap().is_some()).then_some(())
        });
        collect.kill().unwrap();
        collect.wait().unwrap();
        assert_whole(&world);
    }
    world.fleet(&["collect"]).ok().says("6 at home");
    assert_eq!(assert_whole(&world), 6);
}

/// Every result that is to be seen has exactly the files of its host; how many there are.
fn assert_whole(world: &World) -> usize {
    let mut there = BTreeMap::new();
    for host in ["eval1", "eval2"] {
        for capsule in world.capsules(host) {
            let id = capsule.parent().unwrap().file_name().unwrap().to_owned();
            there.insert(id, files::regular(&capsule.join("out")));
        }
    }
    let mut count = 0;
    for (path, bytes) in files::regular(&results(world)) {
        if path.file_name().unwrap() != "result.json" || path.starts_with(".incoming") {
            continue;
        }
        let result: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let id: &std::ffi::OsStr = result["job"]["id"].as_str().unwrap().as_ref();
        let home = results(world).join(path.parent().unwrap()).join("out");
        assert!(
            there[id] == files::regular(&home),
            "{} is not whole",
            home.display()
        );
        count += 1;
    }
    count
}

#[test]
fn a_file_in_the_place_of_the_results_directory_is_a_clear_error() {
    let world = World::local(1).script("echo x > \"$FLEET_OUT/answer\"");
    world.jobs("phase8", 1, 0);
    world.fleet(&["dispatch", FILE]).ok();
    world.write("results", "I am a file");
    world
        .fleet(&["collect"])
        .code(6)
        .says(&results(&world).display().to_string());
    assert_eq!(
        fs::read_to_string(results(&world)).unwrap(),
        "I am a file",
        "it is left as it is"
    );
    fs::remove_file(results(&world)).unwrap();
    world.fleet(&["collect"]).ok().says("1 result new");
}

#[test]
fn something_else_in_the_place_of_a_result_is_left_as_it_is() {
    let world = World::local(1).script("echo x > \"$FLEET_OUT/answer\"");
    world.jobs("phase8", 2, 0);
    world.fleet(&["dispatch", FILE]).ok();
    let notes = world.write("results/phase8/eval1-0/gpt/run1/notes", "mine");
    world
        .fleet(&["collect"])
        .code(3)
        .says("is not a result of this job")
        .says("1 result new, 1 at home");
    assert_eq!(fs::read_to_string(notes).unwrap(), "mine");
}

#[test]
fn a_set_that_nobody_knows_is_an_error() {
    let world = World::local(1).script("true");
    world.jobs("phase8", 1, 0);
    world.fleet(&["dispatch", FILE]).ok();
    world
        .fleet(&["collect", "phase9"])
        .code(2)
        .says("no set is called phase9");
    world.fleet(&["collect", "../x"]).code(2);
}

/// An `rsync` that waits until the test lets it go, once the test wants that.
fn slow_rsync(world: World) -> World {
    let real = std::env::split_paths(&std::env::var_os("PATH").unwrap())
        .map(|dir| dir.join("rsync"))
        .find(|path| path.is_file())
        .expect("rsync is there");
    let (held, begun) = (world.path("hold-rsync"), world.path("rsync-begun"));
    let script = format!(
        "#!/bin/sh\nif [ -e '{held}' ]; then : > '{begun}'; while [ -e '{held}' ]; do sleep 0.02; done; fi\nexec '{real}' \"$@\"\n",
        held = held.display(),
        begun = begun.display(),
        real = real.display(),
    );
    let path = world.write("bin/rsync", &script);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let all = format!(
        "{}:{}",
        path.parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    world.env("PATH", &all)
}

/// Puts a verdict beside the only result of a set, as if it had been graded there.
fn grade(world: &World, set: &str, why: &str) {
    let verdict = serde_json::json!({
        "version": 1, "grader": fleet::case::GRADER, "patch_bytes": 1, "metrics": {}, "findings": [],
        "verdict": {
            "decision": "unresolved", "outcome": "completed", "why": why,
            "fail_to_pass": [0, 1], "pass_to_pass": [0, 0],
        },
    });
    let home = results(world).join(set).join("eval1-0/gpt/run1");
    assert!(home.join("result.json").is_file());
    fs::write(home.join("verdict.json"), verdict.to_string()).unwrap();
}

#[test]
fn what_happens_while_results_come_home_is_not_forgotten() {
    let world = slow_rsync(World::local(1).script("echo done"));
    let (one, two) = (world.jobs("one", 1, 0), world.jobs("two", 1, 0));
    world.fleet(&["dispatch", one.to_str().unwrap()]).ok();
    world.fleet(&["collect"]).ok();
    grade(&world, "one", "a test fails");
    world.fleet(&["collect"]).ok();
    world.fleet(&["dispatch", two.to_str().unwrap()]).ok();

    // A verdict that is news, and a result that takes its time to come.
    grade(&world, "one", "another test fails");
    world.write("hold-rsync", "");
    let mut collect = world.start(&["collect"]);
    wait::until("the results are being fetched", || {
        world.path("rsync-begun").exists().then_some(())
    });
    world
        .fleet(&["host", "recall", "eval1", "--because", "its disk lied"])
        .ok();
    let suspects = || world.status()["suspect"].as_array().unwrap().len();
    assert_eq!(suspects(), 1);
    fs::remove_file(world.path("hold-rsync")).unwrap();
    assert!(collect.wait().unwrap().success(), "{}", world.talk());

    assert_eq!(suspects(), 1, "the suspicion is lost");
    let rows = fs::read_to_string(results(&world).join("results.jsonl")).unwrap();
    assert!(
        rows.contains("its disk lied"),
        "the books do not know of it:\n{rows}"
    );
}

#[test]
fn verdicts_given_at_home_reach_the_coordinator_that_is_at_work() {
    let world = World::local(1).script(&format!(
        "[ $FLEET_SET = one ] || {{ echo x >> \"$LEDGER\"; {GO}; }}"
    ));
    let (one, two) = (world.jobs("one", 1, 0), world.jobs("two", 1, 0));
    world.fleet(&["dispatch", one.to_str().unwrap()]).ok();
    world.fleet(&["collect"]).ok();
    let mut dispatch = world.start(&["dispatch", two.to_str().unwrap()]);
    world.until_ledger_has(1);
    grade(&world, "one", "a test fails");
    world.fleet(&["collect"]).ok();
    assert_eq!((world.count("unresolved"), world.count("running")), (1, 1));
    world.go();
    assert!(dispatch.wait().unwrap().success(), "{}", world.talk());
    assert_eq!((world.count("unresolved"), world.count("succeeded")), (1, 1));
}
